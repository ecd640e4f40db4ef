/*
 * class.c
 *	  What the connections of one view class are sent.
 *
 * The class's view is brought up to date once; the change goes to the connections that have the view before it, the whole view to those that have none.
 *
 * What a class was sent and what its view remembers must agree, or a delta would be lost.  Whenever what was notified is rolled back, the
 * view is thrown away and its connections count as having none: they start over with a whole view.
 */
#include "postgres.h"

#include "worker/internal.h"

/* A connection by its place in a class's list. */
static WorkerConnection *
in_class(dlist_node *node)
{
	return dlist_container(WorkerConnection, in_class, node);
}

void
worker_class_drop_view(WorkerClass *class)
{
	dlist_iter	iter;

	if (class->view != NULL)
		live_view_free(class->view);
	class->view = NULL;
	class->seq = 0;
	dlist_foreach(iter, &class->connections)
		in_class(iter.cur)->has_view = false;
}

static VmText
data_text(const KitBuf *data)
{
	return (VmText) {data->data, (uint32) data->len};
}

static WorkerPayload
make_payload(VmText data, bool is_whole, int64 seq, KitArena *arena)
{
	KitBuf		envelope;

	kit_buf_init(&envelope, arena);
	live_envelope(&envelope, data.str, data.len, is_whole, seq);
	return worker_payload_make(envelope.data, envelope.len, seq);
}

static void
send_payload(WorkerConnection *connection, const WorkerPayload *payload)
{
	worker_payload_send(payload, connection->row.id);
	worker_deliver_count(worker_payload_size(payload));
}

/* Sends data to the connections of the class that have the view before (or, whole: that have none). */
static void
send_to(WorkerClass *class, VmText data, bool is_whole, int64 seq, KitArena *arena)
{
	WorkerPayload payload = {0};
	dlist_iter	iter;

	dlist_foreach(iter, &class->connections)
	{
		WorkerConnection *connection = in_class(iter.cur);

		if (connection->has_view == is_whole)
			continue;
		if (payload.n == 0)
			payload = make_payload(data, is_whole, seq, arena);
		send_payload(connection, &payload);
	}
}

static void
send_one(WorkerConnection *connection, VmText data, bool is_whole, int64 seq, KitArena *arena)
{
	WorkerPayload payload = make_payload(data, is_whole, seq, arena);

	send_payload(connection, &payload);
}

/* To the connection that has come from another class: what is different here. */
static void
send_difference(WorkerClass *class, VmText whole, int64 seq, KitArena *arena)
{
	dlist_iter	iter;

	dlist_foreach(iter, &class->connections)
	{
		WorkerConnection *connection = in_class(iter.cur);
		KitBuf		change;

		if (connection->had == NULL)
			continue;
		kit_buf_init(&change, arena);
		if (live_whole_change(connection->had->data, connection->had->len, whole.str, whole.len, arena, &change))
		{
			if (change.len > 0)
				send_one(connection, data_text(&change), false, seq, arena);
			connection->has_view = true;
		}
	}
}

static bool
has_newcomers(WorkerClass *class)
{
	dlist_iter	iter;

	dlist_foreach(iter, &class->connections)
	{
		if (!in_class(iter.cur)->has_view)
			return true;
	}
	return false;
}

/* The view of now, or what is different. */
static LiveOutcome
compute(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitBuf *data, KitDiag *diag)
{
	if (class->view == NULL)
	{
		WorkerConnection *any = in_class(dlist_head_node(&class->connections));
		LiveViewer	viewer = worker_connection_viewer(any);

		class->view = live_view_new(document->live, &viewer, diag);
		if (class->view == NULL)
			return LIVE_FAILED;
	}
	if (class->seq == document->copy.seq && !class->looks_anew)
		return LIVE_UNCHANGED;
	class->looks_anew = false;
	return live_view_update(class->view, turn, data, diag);
}

void
worker_connection_failed(WorkerConnection *connection, const char *sqlstate, const char *message)
{
	if (!connection->knows_failure)
		worker_send_failed(connection->row.id, sqlstate, message);
	connection->knows_failure = true;
}

void
worker_class_failed(WorkerClass *class, const KitDiag *diag)
{
	dlist_iter	iter;

	worker_class_drop_view(class);
	dlist_foreach(iter, &class->connections)
		worker_connection_failed(in_class(iter.cur), kit_error_sqlstate(diag->code), diag->message);
}

/* What its connections have is void: they have none. */
static void
start_class_over(WorkerClass *class)
{
	dlist_iter	iter;

	dlist_foreach(iter, &class->connections)
		in_class(iter.cur)->has_view = false;
}

void
worker_class_deliver(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitArena *arena)
{
	int64		seq = document->copy.seq;
	KitDiag		diag = {0};
	KitBuf		data;
	LiveOutcome outcome;
	dlist_iter	iter;

	kit_buf_init(&data, arena);
	outcome = compute(document, class, turn, &data, &diag);
	if (outcome == LIVE_FAILED)
	{
		worker_class_failed(class, &diag);
		return;
	}
	class->seq = seq;
	if (outcome == LIVE_DELTA)
	{
		VmText		before = live_view_before(class->view);

		if (before.len > 0)
			send_to(class, before, false, seq, arena);
		send_to(class, data_text(&data), false, seq, arena);
	}
	if (outcome == LIVE_WHOLE)
		start_class_over(class);
	if (has_newcomers(class))
	{
		if (outcome != LIVE_WHOLE)
		{
			kit_buf_clear(&data);
			live_view_whole(class->view, &data);
		}
		send_difference(class, data_text(&data), seq, arena);
		send_to(class, data_text(&data), true, seq, arena);
		dlist_foreach(iter, &class->connections)
		{
			in_class(iter.cur)->has_view = true;
			in_class(iter.cur)->knows_failure = false;
		}
	}
}
