/*
 * reap.c
 *	  Connections that end without a disconnect: their rows are removed, and @disconnected runs.
 *
 * A connection comes here when its backend has ended (then @disconnected is due, if it was the principal's last to the document), or when its document is
 * gone (then there is nothing to run).  After a server crash every connection comes here, so nobody stays online for ever.
 *
 * Each connection leaves in a transaction of its own, which runs as the space's owner.  Removing the row and running @disconnected happen together or not at
 * all; whoever removes the row runs it, so a disconnect at the same time does no harm.  What fails is tried again after a while: a document may be locked
 * by a long transaction, and nobody else's notifications shall wait for that.  A handler that fails is not tried again; the connection leaves without.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define ATTEMPTS_MAX 12			/* about ten minutes; the row then waits for the next emitter */

static dlist_head leaving = DLIST_STATIC_INIT(leaving);

void
worker_reap_add(WorkerConnection *connection)
{
	dlist_push_tail(&leaving, &connection->in_document);
}

void
worker_reap_remove(WorkerConnection *connection)
{
	dlist_delete(&connection->in_document);
}

bool
worker_reap_is_done(void)
{
	return dlist_is_empty(&leaving);
}

static void
reduce_disconnect(StoreSpace *space, const StoreConnection *row)
{
	bool		is_changed;
	StoreEvent	event = {
		.event = {
			.kind = VM_EVENT_DISCONNECT,
			.agent = {row->agent, strlen(row->agent)},
			.authority = {row->authority, strlen(row->authority)},
			.space = {NameStr(space->name), strlen(NameStr(space->name))},
			.key = {row->key, strlen(row->key)},
			.origin = {"", 0},
			.ip = {"", 0}
		}
	};

	is_changed = store_reduce(space, row->key, &event, 1);
	if (is_changed)
		worker_document_changed(space->schema, row->key);
	if (!event.is_ok)
		ereport(LOG,
				(errmsg("@disconnected of document \"%s\" of space \"%s\" failed: %s", row->key, NameStr(space->name), event.diag.message),
				 event.diag.line > 0 ? errcontext("line %d, column %d of the program", event.diag.line, event.diag.column) : 0));
}

/* The document that the connection was made for is still there. */
static bool
document_lives(StoreSpace *space, const StoreConnection *row)
{
	const StoreCopy *copy;
	bool		lives;

	PushActiveSnapshot(GetLatestSnapshot());
	copy = store_document_read(space, row->key);
	lives = copy != NULL && copy->created == row->created;
	PopActiveSnapshot();
	return lives;
}

static void
remove_connection(const WorkerConnection *connection)
{
	const StoreConnection *row = &connection->row;
	StoreSpace *space = store_space_by_schema(connection->schema);

	if (space == NULL || !store_connection_delete(space, row->id))
		return;
	if (!connection->has_left_by_itself || !vm_program_handles(store_program_current(space)->vm, VM_EVENT_DISCONNECT))
		return;
	if (store_connection_count(space, row->key, row->agent, strlen(row->agent), row->authority, strlen(row->authority)) == 0 &&
		document_lives(space, row))
		reduce_disconnect(space, row);
}

/* NULL, or what went wrong, to be freed by the caller. */
static ErrorData *
try_remove(const WorkerConnection *connection)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		if (worker_transaction_begin())
		{
			PushActiveSnapshot(GetTransactionSnapshot());
			remove_connection(connection);
			PopActiveSnapshot();
			worker_transaction_end();
		}
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		worker_transaction_abort();
	}
	PG_END_TRY();
	return error;
}

static void
failed(WorkerConnection *connection, const ErrorData *error)
{
	bool		may_pass = worker_error_may_pass(error);

	connection->attempts++;
	if (!may_pass || connection->attempts == 1)
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("could not remove a connection to document \"%s\": %s", connection->row.key, error->message),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
	if (!may_pass)
		connection->has_left_by_itself = false;
	connection->retry_at = worker_retry_time(connection->attempts);
}

static bool
is_neighbour(const WorkerConnection *a, const WorkerConnection *b)
{
	return a->schema == b->schema && strcmp(a->row.key, b->row.key) == 0;
}

TimestampTz
worker_reap(int64 budget)
{
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz now = start;
	TimestampTz next = 0;
	WorkerConnection *locked = NULL;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &leaving)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

		if (connection->retry_at <= now && now - start < budget)
		{
			ErrorData  *error;

			if (locked != NULL && is_neighbour(locked, connection))
				connection->retry_at = locked->retry_at;
			else if ((error = try_remove(connection)) == NULL)
			{
				worker_connection_forget(connection);
				now = GetCurrentTimestamp();
				continue;
			}
			else
			{
				failed(connection, error);
				if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
					locked = connection;
				FreeErrorData(error);
				now = GetCurrentTimestamp();
				if (connection->attempts >= ATTEMPTS_MAX)
				{
					if (locked == connection)
						locked = NULL;
					worker_connection_forget(connection);
					continue;
				}
			}
		}
		if (next == 0 || connection->retry_at < next)
			next = Max(connection->retry_at, now);
	}
	return next;
}
