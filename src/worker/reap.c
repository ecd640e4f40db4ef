/*
 * reap.c
 *	  Connections that end without a disconnect: their rows are removed, and @disconnected runs.
 *
 * A connection comes here when its backend has ended (then @disconnected is due, if it was the principal's last to the document), when the document has ended it (the
 * same; and the principal's other connections go with it), or when its document is gone (then there is nothing to run).  After a server crash every connection comes here, so nobody stays online for ever.
 *
 *		WorkerLeaving		a document that somebody leaves
 *		  WorkerConnection		in the order in which they came here
 *
 * Those who leave a document leave it together, as one entry of its log (store/presence.c), in a transaction that runs as the space's owner; a great many in
 * several.  Removing rows and running @disconnected happen together or not at all; whoever removes a row runs it, so a disconnect at the same time does
 * no harm.  What fails is tried again after a while: a document may be locked by a long transaction, and nobody else's notifications shall wait for that.
 * A handler that fails is not tried again; the connection leaves without.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define ATTEMPTS_MAX 12			/* about ten minutes; the rows then wait for the next emitter */
#define TOGETHER_MAX 1000		/* connections that leave in one transaction */

typedef struct WorkerLeaving
{
	struct
	{
		Oid			schema;
		char		key[512];	/* padded with zeros */
	}			id;				/* hash key */
	dlist_node	in_leaving;
	dlist_head	connections;
	int			attempts;		/* in vain, one after the other */
	TimestampTz retry_at;
	bool		is_quiet;		/* @disconnected is not tried again */
} WorkerLeaving;

static HTAB *documents = NULL;
static dlist_head leaving = DLIST_STATIC_INIT(leaving);

static WorkerLeaving *
find_or_make(Oid schema, const char *key)
{
	WorkerLeaving wanted;
	WorkerLeaving *document;
	bool		found;

	if (documents == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(wanted.id),.entrysize = sizeof(WorkerLeaving),.hcxt = TopMemoryContext};

		documents = hash_create("adama leaving", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	memset(&wanted.id, 0, sizeof(wanted.id));
	wanted.id.schema = schema;
	strlcpy(wanted.id.key, key, sizeof(wanted.id.key));
	document = hash_search(documents, &wanted.id, HASH_ENTER, &found);
	if (!found)
	{
		dlist_init(&document->connections);
		document->attempts = 0;
		document->retry_at = 0;
		document->is_quiet = false;
		dlist_push_tail(&leaving, &document->in_leaving);
	}
	return document;
}

void
worker_reap_add(WorkerConnection *connection)
{
	connection->leaving = find_or_make(connection->schema, connection->row.key);
	dlist_push_tail(&connection->leaving->connections, &connection->in_document);
}

void
worker_reap_remove(WorkerConnection *connection)
{
	WorkerLeaving *document = connection->leaving;

	dlist_delete(&connection->in_document);
	if (!dlist_is_empty(&document->connections))
		return;
	dlist_delete(&document->in_leaving);
	hash_search(documents, &document->id, HASH_REMOVE, NULL);
}

bool
worker_reap_is_done(void)
{
	return dlist_is_empty(&leaving);
}

/* ---- a document ---- */

/* Those who leave now: the first ones, all with an event due, or all without. */
typedef struct Party
{
	WorkerLeaving *document;
	bool		by_itself;
	WorkerConnection *connections[TOGETHER_MAX];
	StorePresence visits[TOGETHER_MAX];
	int			n;
} Party;

static void
gather(Party *party, WorkerLeaving *document)
{
	dlist_iter	iter;

	party->document = document;
	party->n = 0;
	dlist_foreach(iter, &document->connections)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

		if (party->n == 0)
			party->by_itself = connection->has_left_by_itself;
		if (party->n == TOGETHER_MAX || connection->has_left_by_itself != party->by_itself)
			break;
		party->connections[party->n] = connection;
		party->visits[party->n++] = (StorePresence) {.row = &connection->row, .takes_others = connection->is_disconnected};
	}
}

/* They were removed together with the one that the document has ended. */
static void
tell_others(Oid schema, List *others)
{
	ListCell   *lc;

	foreach(lc, others)
	{
		const StoreConnection *row = lfirst(lc);

		if (!worker_connection_is_leaving(row->id))
		{
			WorkerConnection other = {.row = *row};

			other.listener = row->listener != NULL ? worker_listener_hold(row->listener) : NULL;
			worker_tell(&other, WORKER_DISCONNECTED_TEXT);
			worker_tell_all(WORKER_DISCONNECTED_TEXT, 0);
			if (other.listener != NULL)
				worker_listener_release(other.listener);
		}
		worker_connection_changed(schema, row->id);
	}
}

static void
remove_connections(Party *party)
{
	WorkerLeaving *document = party->document;
	StoreSpace *space = store_space_by_schema(document->id.schema);
	bool		is_quiet = document->is_quiet || !party->by_itself;

	if (space == NULL)
		return;
	if (store_presence_leave(space, document->id.key, party->visits, party->n, is_quiet))
		worker_document_changed(document->id.schema, document->id.key);
	for (int i = 0; i < party->n; i++)
	{
		const KitDiag *diag = party->visits[i].diag;

		tell_others(document->id.schema, party->visits[i].others);
		if (diag != NULL)
			ereport(LOG,
					(errmsg("@disconnected of document \"%s\" failed: %s", document->id.key, diag->message),
					 diag->line > 0 ? errcontext("line %d, column %d of the program", diag->line, diag->column) : 0));
	}
}

/* NULL, or what went wrong, to be freed by the caller. */
static ErrorData *
try_remove(Party *party)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		if (worker_transaction_begin())
		{
			PushActiveSnapshot(GetTransactionSnapshot());
			remove_connections(party);
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
failed(WorkerLeaving *document, const ErrorData *error)
{
	bool		may_pass = worker_error_may_pass(error);

	document->attempts++;
	if (!may_pass || document->attempts == 1)
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("could not remove connections to document \"%s\": %s", document->id.key, error->message),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
	if (!may_pass)
		document->is_quiet = true;
	document->retry_at = worker_retry_time(document->attempts);
}

/* The last one takes the document's entry with it. */
static void
forget(const Party *party)
{
	for (int i = 0; i < party->n; i++)
		worker_connection_forget(party->connections[i]);
}

static void
forget_all(WorkerLeaving *document)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &document->connections)
	{
		bool		is_last = !dlist_has_next(&document->connections, iter.cur);

		worker_connection_forget(dlist_container(WorkerConnection, in_document, iter.cur));
		if (is_last)
			break;
	}
}

/* ---- all of them ---- */

TimestampTz
worker_reap(int64 budget)
{
	static Party *party = NULL;
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz now = start;
	TimestampTz next = 0;
	dlist_mutable_iter iter;

	if (party == NULL)
		party = MemoryContextAlloc(TopMemoryContext, sizeof(Party));
	dlist_foreach_modify(iter, &leaving)
	{
		WorkerLeaving *document = dlist_container(WorkerLeaving, in_leaving, iter.cur);
		ErrorData  *error = NULL;

		if (document->retry_at <= now && now - start < budget)
		{
			gather(party, document);
			error = try_remove(party);
			now = GetCurrentTimestamp();
			if (error == NULL)
			{
				bool		is_all = dlist_tail_node(&document->connections) == &party->connections[party->n - 1]->in_document;

				document->attempts = 0;
				forget(party);
				if (is_all)
					continue;
			}
			else
			{
				failed(document, error);
				FreeErrorData(error);
				if (document->attempts >= ATTEMPTS_MAX)
				{
					forget_all(document);
					continue;
				}
			}
		}
		if (next == 0 || document->retry_at < next)
			next = Max(document->retry_at, now);
	}
	return next;
}
