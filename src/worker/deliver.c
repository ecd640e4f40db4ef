/*
 * deliver.c
 *	  From a document that may have changed to what its viewers are sent.
 *
 *		NONE ---- its bit, a new connection ----> DUE ---- looked at ----> SENT ---- commit ----> NONE
 *		  |                                        ^ ^                      | |
 *		  |                                        | +------- abort --------+ +-- can't be read --> WAITING
 *		  |                                        +------------------- its time --------------------+ ^
 *		  +---- its bit, soon after it was sent -------------------------------------------------------+
 *
 * Pace.  A change of a document that was quiet is sent at once.  One that goes on changing is sent again after 5 ms, then every 25: so a burst of up to 80 ms is at
 * most five deltas however fast the machine is, and a document that never rests reaches its viewers 40 times a second, as coarse as that makes it.  A program
 * may ask for more time between: @static { frequency = ms; }.
 *
 * The copy is brought to what the turn's snapshot sees.  When its seq has not moved, only connections that have no view yet are sent one.  What all classes
 * share is computed once, what is a class's own once for the class (class.c).
 *
 * One document's trouble is its own: it is looked at in a subtransaction.  Its viewers are told of an error once, then again sent a whole view as soon as
 * that is possible.  A view that fails (a formula runs out of its budget) is tried again when the document changes; a document that is locked, or
 * an operation that was cancelled, also by itself after a while.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "vm/watch.h"
#include "worker/internal.h"

#define TRANSACTION_MAX_BYTES (8 * 1024 * 1024) /* of payloads, then the transaction ends and another begins */

static dlist_head due = DLIST_STATIC_INIT(due);
static dlist_head sent = DLIST_STATIC_INIT(sent);
static dlist_head waiting = DLIST_STATIC_INIT(waiting);

static size_t n_bytes;			/* of payloads in this transaction */
static KitArena *arena = NULL;	/* for one class's payloads */
static KitArena *turn_arena = NULL; /* for one document's turn */

static void
move(WorkerDocument *document, WorkerTurn turn, dlist_head *list)
{
	if (document->turn != WORKER_TURN_NONE)
		dlist_delete(&document->in_turn);
	document->turn = turn;
	if (list != NULL)
		dlist_push_tail(list, &document->in_turn);
}

void
worker_deliver_mark(WorkerDocument *document)
{
	if (document->turn != WORKER_TURN_DUE)
		move(document, WORKER_TURN_DUE, &due);
}

void
worker_deliver_unmark(WorkerDocument *document)
{
	move(document, WORKER_TURN_NONE, NULL);
}

/* ms between two times that a document is sent, the more often in a row */
static const int paces[] = {5, 25};

#define QUIET_MS 10				/* without a change since it was sent: the document is quiet */

/* µs that the program wants between two times that a document is sent. */
static int64
frequency(const WorkerDocument *document)
{
	return document->program == NULL ? 0 : vm_program_lang(document->program->vm)->settings.frequency * 1000;
}

/* Not when the clock was set back meanwhile: nobody rests for as long as that. */
static bool
is_resting(const WorkerDocument *document, TimestampTz now)
{
	return document->rests_until > now && document->rests_until - now <= Max((int64) paces[lengthof(paces) - 1] * 1000, frequency(document));
}

void
worker_deliver_changed(WorkerDocument *document)
{
	TimestampTz now = GetCurrentTimestamp();

	if (document->turn == WORKER_TURN_NONE && (document->sent_at > now || now - document->sent_at >= Max(QUIET_MS * 1000, frequency(document))))
		document->pace = -1;
	else if (document->turn == WORKER_TURN_NONE && is_resting(document, now))
	{
		document->retry_at = document->rests_until;
		move(document, WORKER_TURN_WAITING, &waiting);
		return;
	}
	if (document->turn != WORKER_TURN_WAITING || document->attempts > 0)
		worker_deliver_mark(document);
}

/* It has just been sent. */
static void
rest(WorkerDocument *document, TimestampTz now)
{
	if (document->pace < (int) lengthof(paces) - 1)
		document->pace++;
	document->sent_at = now;
	document->rests_until = now + Max((int64) Min(paces[document->pace], adama_emitter_max_delay) * 1000, frequency(document));
}

void
worker_deliver_count(size_t bytes)
{
	n_bytes += bytes;
}

bool
worker_deliver_is_due(void)
{
	return !dlist_is_empty(&due);
}

int64
worker_milliseconds(TimestampTz t)
{
	return t / 1000 + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400000;
}

/* ---- one document ---- */

void
worker_connection_close(WorkerConnection *connection, const char *json)
{
	if (connection->is_closed)
		return;
	worker_tell(connection, json);
	worker_connection_ungroup(connection);
	connection->is_closed = true;
	connection->document->n_closed++;
}

/* Those that events have ended, when what they were told was rolled back. */
static void
close_disconnected(WorkerDocument *document)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &document->ungrouped)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, iter.cur);

		if (connection->is_disconnected)
			worker_connection_close(connection, WORKER_DISCONNECTED_TEXT);
	}
	worker_tell_all(WORKER_DISCONNECTED_TEXT, 0);
}

/* Connections were made for one life of the document.  While that goes on, only those that are new need to be looked at. */
static void
close_stale(WorkerDocument *document, bool exists)
{
	dlist_mutable_iter iter;

	if (exists && document->created == document->copy.created)
	{
		dlist_foreach_modify(iter, &document->ungrouped)
		{
			WorkerConnection *connection = dlist_container(WorkerConnection, in_class, iter.cur);

			if (connection->row.created != document->created)
				worker_connection_close(connection, WORKER_CLOSED_TEXT);
		}
	}
	else
	{
		dlist_foreach_modify(iter, &document->connections)
		{
			WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

			if (!exists || connection->row.created != document->copy.created)
				worker_connection_close(connection, WORKER_CLOSED_TEXT);
		}
	}
	document->created = exists ? document->copy.created : 0;
	worker_tell_all(WORKER_CLOSED_TEXT, 0);
	close_disconnected(document);
}

static void
group(WorkerDocument *document)
{
	dlist_mutable_iter iter;

	worker_look_begin(document, arena);
	dlist_foreach_modify(iter, &document->ungrouped)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, iter.cur);
		LiveViewer	viewer;

		if (connection->is_closed)
			continue;
		worker_connection_take_viewer(connection);
		viewer = worker_connection_viewer(connection);
		document->has_comebacks |= connection->may_resume;
		worker_connection_group(connection, worker_document_class(document, live_class_name(document->program->vm, &viewer, arena)));
		kit_arena_reset(arena);
	}
}

/* NULL: what all of its viewers share can't be computed. */
static LiveTurn *
begin_turn(WorkerDocument *document, StoreSpace *space, KitDiag *diag)
{
	VmText		name = {NameStr(space->name), strlen(NameStr(space->name))};
	VmText		key = {document->key, strlen(document->key)};
	VmLimits	limits = store_limits();

	vm_doc_watch(document->copy.doc);
	if (document->live == NULL)
		document->live = live_document_new(document->program->vm, true);
	/* Classes that wait for acknowledgements are not brought up to date in every turn. */
	if (document->has_windows)
		live_document_remember(document->live);
	return live_turn_begin(document->live, document->copy.doc, worker_milliseconds(document->copy.updated), document->copy.seq, name, key, &limits, turn_arena, diag);
}

static void
deliver_document(void *arg)
{
	WorkerDocument *document = arg;
	StoreSpace *space = store_space_by_schema(document->schema);
	int64		seq = document->copy.seq;
	bool		exists = false;
	dlist_iter	iter;
	StoreRole	role;
	LiveTurn   *turn;
	KitDiag		diag = {0};
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	worker_stats.looks++;
	if (space != NULL)
	{
		StoreFollower follower = worker_effects_follower(document);

		exists = store_copy_refresh(space, document->key, &document->copy, GetActiveSnapshot(), &follower);
	}
	else
		store_copy_free(&document->copy);
	document->has_moved = document->copy.seq != seq;
	document->moved_by = seq > 0 ? document->copy.seq - seq : 0;
	worker_stats_stage(&worker_stats.read_us, &start);
	document->is_short = false;
	close_stale(document, exists);
	if (!exists)
	{
		document->program = NULL;
		return;
	}

	role = store_role_enter(space);
	if (document->program != document->copy.program)
	{
		worker_document_ungroup(document);
		document->program = document->copy.program;
	}
	group(document);
	worker_flow_follow(document);
	INSTR_TIME_SET_CURRENT(start);
	turn = begin_turn(document, space, &diag);
	worker_stats_stage(&worker_stats.share_us, &start);
	if (turn != NULL)
		worker_resume(document, space, turn_arena);
	dlist_foreach(iter, &document->classes)
	{
		WorkerClass *class = dlist_container(WorkerClass, in_document, iter.cur);

		if (turn != NULL)
			worker_class_deliver(document, class, turn, arena);
		else
			worker_class_failed(class, &diag, arena);
		kit_arena_reset(arena);
	}
	if (turn != NULL)
		worker_look_move(document, turn, arena);
	store_role_leave(role);
}

/* What its connections were sent is void. */
static void
start_over(WorkerDocument *document)
{
	dlist_iter	iter;

	worker_document_ungroup(document);
	worker_tell_nobody();
	document->program = NULL;
	document->created = 0;
	if (document->n_closed > 0)
	{
		dlist_foreach(iter, &document->connections)
			dlist_container(WorkerConnection, in_document, iter.cur)->is_closed = false;
	}
	document->n_closed = 0;
}

static void
document_failed(WorkerDocument *document, const ErrorData *error)
{
	dlist_iter	iter;
	char	   *json;

	start_over(document);
	if (worker_error_may_pass(error))
	{
		document->retry_at = worker_retry_time(++document->attempts);
		move(document, WORKER_TURN_WAITING, &waiting);
	}
	else
		move(document, WORKER_TURN_SENT, &sent);
	if (!document->has_failed)
	{
		char	   *space = get_namespace_name(document->schema);

		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("could not notify of changes of document \"%s\" of space \"%s\": %s", document->key, space != NULL ? space : "", error->message),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
	}
	document->has_failed = true;
	if (worker_error_may_pass(error))
		return;
	json = worker_failure_text(arena, unpack_sql_state(error->sqlerrcode), error->message);
	dlist_foreach(iter, &document->connections)
		worker_connection_failed(dlist_container(WorkerConnection, in_document, iter.cur), json);
	worker_tell_all(json, document->copy.seq);
	kit_arena_reset(arena);
}

/* ---- a turn ---- */

void
worker_deliver(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "adama delivery", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Oid			locked = InvalidOid;

	if (arena == NULL)
	{
		arena = kit_arena_new("adama payload");
		turn_arena = kit_arena_new("adama turn");
		kit_arena_keep(arena);
		kit_arena_keep(turn_arena);
	}
	n_bytes = 0;
	while (!dlist_is_empty(&due) && n_bytes < TRANSACTION_MAX_BYTES && worker_flow_room() > 0)
	{
		WorkerDocument *document = dlist_container(WorkerDocument, in_turn, dlist_head_node(&due));
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		if (document->n_connections == 0)
		{
			worker_document_drop(document);
			continue;
		}
		if (document->schema == locked)
		{
			/* Its neighbour waited in vain already. */
			document->retry_at = worker_retry_time(1);
			move(document, WORKER_TURN_WAITING, &waiting);
			continue;
		}
		error = worker_guard(deliver_document, document);
		kit_arena_reset(arena);
		kit_arena_reset(turn_arena);
		if (error != NULL)
		{
			document_failed(document, error);
			if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
				locked = document->schema;
		}
		else
		{
			document->has_failed = false;
			document->attempts = 0;
			move(document, WORKER_TURN_SENT, &sent);
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
worker_deliver_committed(void)
{
	TimestampTz now = GetCurrentTimestamp();

	while (!dlist_is_empty(&sent))
	{
		WorkerDocument *document = dlist_container(WorkerDocument, in_turn, dlist_head_node(&sent));
		dlist_mutable_iter iter;

		move(document, WORKER_TURN_NONE, NULL);
		if (document->has_moved)
			rest(document, now);
		if (document->has_moved && document->moved_by > 0)
			worker_stats_told(document->moved_by, document->copy.updated, now);
		if (document->is_short)
			worker_deliver_mark(document);
		if (document->n_closed == 0)
			continue;
		dlist_foreach_modify(iter, &document->ungrouped)
		{
			WorkerConnection *connection = dlist_container(WorkerConnection, in_class, iter.cur);

			if (connection->is_closed)
				worker_connection_leave(connection, connection->is_disconnected);
		}
	}
}

void
worker_deliver_aborted(void)
{
	worker_tell_nobody();
	while (!dlist_is_empty(&sent))
	{
		WorkerDocument *document = dlist_container(WorkerDocument, in_turn, dlist_head_node(&sent));

		dlist_iter	iter;

		start_over(document);
		dlist_foreach(iter, &document->connections)
			dlist_container(WorkerConnection, in_document, iter.cur)->knows_failure = false;
		move(document, WORKER_TURN_DUE, &due);
	}
}

TimestampTz
worker_deliver_retry(TimestampTz now)
{
	TimestampTz next = 0;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &waiting)
	{
		WorkerDocument *document = dlist_container(WorkerDocument, in_turn, iter.cur);

		if (document->attempts == 0 && document->retry_at == document->rests_until ? !is_resting(document, now) : document->retry_at <= now)
			move(document, WORKER_TURN_DUE, &due);
		else if (next == 0 || document->retry_at < next)
			next = document->retry_at;
	}
	return next;
}
