/*
 * flow.c
 *	  How much may be sent: to a connection that acknowledges what it gets, and to all through the queue of notifications.
 *
 * Windows.  A connection with a window is sent so many changes without acknowledging one.  What it acknowledged stands on the board (board.c); it is
 * read when its document has its turn.  Where a window is full, the board is told to wake the emitter for the next acknowledgement.
 *
 * The queue.  PostgreSQL keeps notifications in one queue for the whole cluster, until every session that listens has passed them; a session that listens
 * and sits in a transaction, or does not read, holds them all.  When it is full no transaction that notifies can commit, whoever's.  So we gather changes the longer the fuller
 * the queue is, and stop at adama.emitter_queue_limit of it.  What was not sent is sent when there is room again, as coarser changes.
 *
 *		0 ---- 1/4 of the limit ---- 1/2 ---- 3/4 ---- the limit
 *		  as always         100 ms      400 ms   1 s       nothing, until it is back at 3/4
 *
 * How full it is is asked for when enough was sent to make a difference, or after a while; in between it is reckoned.
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "worker/internal.h"

#define LOOK_BYTES (256 * 1024)	/* after having sent so much, */
#define LOOK_MS 100				/* or after so long, the queue is looked at again */
#define PAGES_BY_DEFAULT 1048576	/* of the queue, before PostgreSQL 17 made it a setting: 8 GB */
#define PAGES_OF_OTHERS 4		/* at least, that are left free */

/* ---- windows ---- */

bool
worker_flow_is_full(const WorkerConnection *connection)
{
	return connection->window != NULL && connection->window->n >= connection->window->size;
}

static void
pop(WorkerWindow *window, int64 acked)
{
	while (window->n > 0 && window->seqs[window->first] <= acked)
	{
		window->first = (window->first + 1) % window->size;
		window->n--;
	}
}

void
worker_flow_follow(WorkerDocument *document)
{
	dlist_iter	iter;

	if (!document->has_windows)
		return;
	dlist_foreach(iter, &document->connections)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

		if (connection->window == NULL)
			continue;
		pop(connection->window, worker_board_acked(connection, false));
		/* It may acknowledge just now: then either it sees that it has to wake us, or we see it. */
		if (worker_flow_is_full(connection))
			pop(connection->window, worker_board_acked(connection, true));
	}
}

bool
worker_flow_has_room(WorkerDocument *document)
{
	if (worker_flow_room() > 0)
		return true;
	document->is_short = true;
	return false;
}

bool
worker_flow_may_send(WorkerConnection *connection)
{
	return !worker_flow_is_full(connection) && worker_flow_has_room(connection->document);
}

void
worker_flow_sent(WorkerConnection *connection, int64 seq)
{
	WorkerWindow *window = connection->window;

	worker_board_sent(connection, seq);
	if (window == NULL)
		return;
	Assert(window->n < window->size);
	window->seqs[(window->first + window->n++) % window->size] = seq;
	if (worker_flow_is_full(connection))
		pop(window, worker_board_acked(connection, true));
}

/* ---- the queue ---- */

static double usage = 0;		/* as of the last look, a part of the queue */
static size_t used = 0;			/* bytes sent since */
static TimestampTz looked_at = 0;
static bool is_stopped = false;

static double
queue_size(void)
{
	const char *pages = GetConfigOption("max_notify_queue_pages", true, false);

	return (pages != NULL ? atof(pages) : PAGES_BY_DEFAULT) * BLCKSZ;
}

/* A part of the queue. */
static double
limit(void)
{
	return Min(adama_emitter_queue_limit, 1 - PAGES_OF_OTHERS * BLCKSZ / queue_size());
}

static double
reckoned(void)
{
	return usage + used / queue_size();
}

static void
look(TimestampTz now)
{
	usage = worker_notify_queue_usage();
	used = 0;
	looked_at = now;
	if (!is_stopped && usage >= limit() * 15 / 16)
	{
		is_stopped = true;
		ereport(LOG,
				(errmsg("holding back notifications of document changes, since the notification queue is %.3g%% full", usage * 100),
				 errdetail("A session that listens and is in a transaction, or does not read what it is sent, keeps the queue from being emptied."),
				 errhint("Find it in pg_stat_activity by its xact_start, or waiting for ClientWrite.")));
	}
	else if (is_stopped && usage <= limit() * 0.75)
	{
		is_stopped = false;
		ereport(LOG, (errmsg("sending notifications of document changes again")));
	}
}

/* Not when the clock was set back meanwhile. */
static bool
is_look_due(TimestampTz now)
{
	return used >= LOOK_BYTES || reckoned() >= limit() * 15 / 16 || now < looked_at || now - looked_at >= LOOK_MS * 1000;
}

bool
worker_flow_is_stopped(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (is_look_due(now))
		look(now);
	return is_stopped;
}

size_t
worker_flow_room(void)
{
	double		room = (limit() - reckoned()) * queue_size();

	return is_stopped || room < 1 ? 0 : (size_t) room;
}

void
worker_flow_used(size_t bytes)
{
	used += bytes;
}

int
worker_flow_pause(void)
{
	double		part = reckoned() / limit();

	return part < 0.25 ? 0 : part < 0.5 ? 100 : part < 0.75 ? 400 : 1000;
}

double
worker_flow_usage(void)
{
	return usage;
}
