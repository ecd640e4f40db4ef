/*
 * watch.c
 *	  The emitter's picture of who watches what.
 *
 *		WorkerDocument	a document that has connections: a copy of it, and
 *		  WorkerClass		the connections that see the same of it, with the view that they were last sent
 *		    WorkerConnection	a row of the table connection
 *		WorkerBackend	the connections of one backend, which end with it
 *
 * The picture follows the tables: connections come and go with the news that committing transactions leave in shared memory, and all rows are read when
 * the emitter starts or news were lost.  Documents lie in buckets by their bit of the dirty bitmap, so that a bit leads to the documents it may
 * mean.
 *
 * A connection ends in one of three ways.  Its row is gone: it is forgotten.  Its backend is gone, or its document: it is taken off the document
 * at once and handed to reap.c, which removes the row; until then it stays known here, so that nobody takes the row for a new one.
 *
 * Memory: everything hangs in one context, freed piece by piece.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pgstat.h"
#include "utils/backend_status.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "worker/internal.h"

#define RETRY_MAX_S 60

typedef struct KnownConnection
{
	uint8		id[16];			/* hash key */
	WorkerConnection *connection;
} KnownConnection;

static MemoryContext memory = NULL;
static HTAB *connections;
static HTAB *backends;
static dlist_head buckets[WORKER_DIRTY_BITS];
static int	n_documents = 0;
static int	n_watching = 0;		/* connections that have not left */
static TimestampTz started_at;

void
worker_watch_init(void)
{
	HASHCTL		by_id = {.keysize = 16, .entrysize = sizeof(KnownConnection)};
	HASHCTL		by_backend = {.keysize = offsetof(WorkerBackend, connections), .entrysize = sizeof(WorkerBackend)};

	memory = AllocSetContextCreate(TopMemoryContext, "adama emitter", ALLOCSET_DEFAULT_SIZES);
	by_id.hcxt = by_backend.hcxt = memory;
	connections = hash_create("adama connections", 256, &by_id, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	backends = hash_create("adama backends", 64, &by_backend, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	worker_audience_init(memory);
	started_at = GetCurrentTimestamp();
	for (int i = 0; i < WORKER_DIRTY_BITS; i++)
		dlist_init(&buckets[i]);
}

int
worker_watch_n_connections(void)
{
	return n_watching;
}

int
worker_watch_n_documents(void)
{
	return n_documents;
}

/* ---- work that may fail ---- */

ErrorData *
worker_guard(void (*work) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

bool
worker_error_may_pass(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case MAKE_SQLSTATE('4', '0', '0', '0', '0'):	/* rolled back for others' sake */
		case MAKE_SQLSTATE('5', '3', '0', '0', '0'):	/* lack of resources */
		case MAKE_SQLSTATE('5', '5', '0', '0', '0'):	/* in use, locked */
		case MAKE_SQLSTATE('5', '7', '0', '0', '0'):	/* cancelled */
			return true;
		default:
			return false;
	}
}

/* 1, 2, 4, … seconds from now. */
TimestampTz
worker_retry_time(int attempts)
{
	int			seconds = attempts > 6 ? RETRY_MAX_S : Min(1 << Max(attempts - 1, 0), RETRY_MAX_S);

	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), seconds * 1000);
}

/* ---- documents ---- */

static WorkerDocument *
find_document(Oid schema, const char *key, int bit)
{
	dlist_iter	iter;

	dlist_foreach(iter, &buckets[bit])
	{
		WorkerDocument *document = dlist_container(WorkerDocument, in_bucket, iter.cur);

		if (document->schema == schema && strcmp(document->key, key) == 0)
			return document;
	}
	return NULL;
}

static WorkerDocument *
find_or_make_document(Oid schema, const char *key)
{
	int			bit = worker_dirty_bit(schema, key);
	WorkerDocument *document = find_document(schema, key, bit);

	if (document == NULL)
	{
		document = MemoryContextAllocZero(memory, sizeof(WorkerDocument));
		document->schema = schema;
		document->key = MemoryContextStrdup(memory, key);
		document->bit = bit;
		dlist_init(&document->classes);
		dlist_init(&document->connections);
		dlist_init(&document->ungrouped);
		dlist_init(&document->looking);
		dlist_push_head(&buckets[bit], &document->in_bucket);
		n_documents++;
	}
	return document;
}

void
worker_document_drop(WorkerDocument *document)
{
	Assert(document->n_connections == 0);
	worker_deliver_unmark(document);
	dlist_delete(&document->in_bucket);
	worker_document_ungroup(document);
	store_copy_free(&document->copy);
	pfree(document->key);
	pfree(document);
	n_documents--;
}

/* ---- connections ---- */

static WorkerConnection *
find_connection(const uint8 *id)
{
	KnownConnection *known = hash_search(connections, id, HASH_FIND, NULL);

	return known != NULL ? known->connection : NULL;
}

/* A copy of the row with its strings and viewer state, in one piece. */
static WorkerConnection *
copy_row(const StoreConnection *row)
{
	size_t		key_size = strlen(row->key) + 1;
	size_t		agent_size = strlen(row->agent) + 1;
	size_t		authority_size = strlen(row->authority) + 1;
	WorkerConnection *connection = MemoryContextAllocZero(memory, sizeof(WorkerConnection) + key_size + agent_size + authority_size + row->viewer.len);
	char	   *rest = (char *) (connection + 1);

	connection->row = *row;
	connection->row.key = memcpy(rest, row->key, key_size);
	connection->row.agent = memcpy(rest += key_size, row->agent, agent_size);
	connection->row.authority = memcpy(rest += agent_size, row->authority, authority_size);
	if (row->viewer.len > 0)
		connection->row.viewer.data = memcpy(rest + authority_size, row->viewer.data, row->viewer.len);
	return connection;
}

static bool
same_bytes(DocBytes a, DocBytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* What the row says now may be another viewer state than the one it is known with. */
static void
follow_viewer(WorkerConnection *connection, DocBytes viewer)
{
	if (connection->document == NULL || same_bytes(viewer, connection->has_next_viewer ? connection->next_viewer : connection->row.viewer))
		return;
	if (connection->next_viewer.len > 0)
		pfree((char *) connection->next_viewer.data);
	connection->next_viewer = (DocBytes) {0};
	if (viewer.len > 0)
		connection->next_viewer = (DocBytes) {memcpy(MemoryContextAlloc(memory, viewer.len), viewer.data, viewer.len), viewer.len};
	if (!connection->has_next_viewer)
		dlist_push_tail(&connection->document->looking, &connection->in_looking);
	connection->has_next_viewer = true;
	worker_deliver_mark(connection->document);
}

void
worker_connection_take_viewer(WorkerConnection *connection)
{
	if (!connection->has_next_viewer)
		return;
	if (connection->viewer_memory != NULL)
		pfree(connection->viewer_memory);
	connection->row.viewer = connection->next_viewer;
	connection->viewer_memory = (char *) connection->next_viewer.data;
	connection->next_viewer = (DocBytes) {0};
	connection->has_next_viewer = false;
	dlist_delete(&connection->in_looking);
}

/* The row is there: a new connection, unless it is known.  A row that nobody can have got by connecting is passed over. */
static void
adopt(Oid schema, const StoreConnection *row, bool is_news)
{
	uint8		id[16];
	WorkerConnection *connection;
	WorkerDocument *document;
	WorkerBackend by = {.start = row->backend_start,.pid = row->pid};
	bool		found;

	if (!worker_id_parse(row->id, id) || (row->listener != NULL && strlen(row->listener) >= NAMEDATALEN))
		return;
	connection = find_connection(id);
	if (connection != NULL)
	{
		connection->was_seen = true;
		follow_viewer(connection, row->viewer);
		return;
	}

	connection = copy_row(row);
	memcpy(connection->id, id, sizeof(id));
	connection->schema = schema;
	connection->was_seen = true;
	/* What an emitter before this one sent is not known: since says what the client had when it came. */
	connection->may_resume = row->since > 0 && (is_news || row->joined > started_at);
	connection->listener = row->listener != NULL ? worker_listener_hold(row->listener) : NULL;
	connection->row.listener = connection->listener != NULL ? connection->listener->channel : NULL;
	connection->backend = hash_search(backends, &by, HASH_ENTER, &found);
	if (!found)
		dlist_init(&connection->backend->connections);
	dlist_push_tail(&connection->backend->connections, &connection->in_backend);
	document = find_or_make_document(schema, row->key);
	connection->document = document;
	dlist_push_tail(&document->connections, &connection->in_document);
	dlist_push_tail(&document->ungrouped, &connection->in_class);
	document->n_connections++;
	if (row->send_window > 0)
	{
		int			size = Min(row->send_window, STORE_SEND_WINDOW_MAX);

		connection->window = MemoryContextAllocZero(memory, offsetof(WorkerWindow, seqs) + size * sizeof(int64));
		connection->window->size = size;
		document->has_windows = true;
	}
	worker_board_add(connection, document->bit);
	((KnownConnection *) hash_search(connections, id, HASH_ENTER, &found))->connection = connection;
	n_watching++;
	worker_deliver_mark(document);
}

void
worker_watch_each(void (*visit) (WorkerConnection *connection, void *arg), void *arg)
{
	HASH_SEQ_STATUS scan;
	KnownConnection *known;

	hash_seq_init(&scan, connections);
	while ((known = hash_seq_search(&scan)) != NULL)
		visit(known->connection, arg);
}

static void
detach(WorkerConnection *connection)
{
	WorkerDocument *document = connection->document;

	worker_connection_ungroup(connection);
	dlist_delete(&connection->in_class);
	dlist_delete(&connection->in_document);
	worker_connection_take_viewer(connection);
	document->n_closed -= connection->is_closed;
	connection->document = NULL;
	if (connection->listener != NULL)
		worker_listener_release(connection->listener);
	connection->listener = NULL;
	connection->row.listener = NULL;
	n_watching--;
	/* A document that nobody watches goes with its next turn. */
	if (--document->n_connections == 0)
		worker_deliver_mark(document);

	dlist_delete(&connection->in_backend);
	if (dlist_is_empty(&connection->backend->connections))
		hash_search(backends, connection->backend, HASH_REMOVE, NULL);
	connection->backend = NULL;
}

void
worker_connection_leave(WorkerConnection *connection, bool by_itself)
{
	if (connection->document == NULL)
		return;
	detach(connection);
	connection->has_left_by_itself = by_itself;
	worker_reap_add(connection);
}

bool
worker_connection_is_leaving(const char *str)
{
	uint8		id[16];
	WorkerConnection *connection;

	if (!worker_id_parse(str, id))
		return false;
	connection = find_connection(id);
	return connection != NULL && connection->document == NULL;
}

void
worker_connection_forget(WorkerConnection *connection)
{
	if (connection->document != NULL)
		detach(connection);
	else
		worker_reap_remove(connection);
	hash_search(connections, connection->id, HASH_REMOVE, NULL);
	worker_board_remove(connection);
	if (connection->window != NULL)
		pfree(connection->window);
	if (connection->viewer_memory != NULL)
		pfree(connection->viewer_memory);
	pfree(connection);
}

/* ---- following the tables ---- */

typedef struct Reading
{
	Oid			schema;
	StoreSpace *space;
	const WorkerNews *news;
} Reading;

static void
read_one(void *arg)
{
	Reading    *reading = arg;
	WorkerConnection *known = find_connection(reading->news->u.id);
	StoreConnection row;
	char		id[STORE_CONNECTION_ID_LEN + 1];

	worker_id_format(reading->news->u.id, id);
	reading->space = store_space_by_schema(reading->schema);
	if (reading->space != NULL && store_connection_find(reading->space, id, GetActiveSnapshot(), &row))
		adopt(reading->schema, &row, true);
	else if (known != NULL)
		worker_connection_forget(known);
}

static void
visit(const StoreConnection *row, void *arg)
{
	Reading    *reading = arg;

	adopt(reading->schema, row, reading->news != NULL);
}

/* Calls do_it for the known connections of the news. */
static void
for_known(const WorkerNews *news, void (*do_it) (WorkerConnection *connection))
{
	uint8		id[16];

	memcpy(id, news->u.id, sizeof(id));
	for (uint32 i = 0; i <= news->n_more; i++)
	{
		WorkerConnection *known = find_connection(id);

		if (known != NULL)
			do_it(known);
		worker_id_move(id, 1);
	}
}

static void
unsee(WorkerConnection *connection)
{
	connection->was_seen = false;
}

static void
forget_if_unseen(WorkerConnection *connection)
{
	if (!connection->was_seen)
		worker_connection_forget(connection);
}

static void
read_several(void *arg)
{
	Reading    *reading = arg;
	char		from[STORE_CONNECTION_ID_LEN + 1];
	char		to[STORE_CONNECTION_ID_LEN + 1];
	uint8		last[16];

	memcpy(last, reading->news->u.id, sizeof(last));
	worker_id_move(last, reading->news->n_more);
	worker_id_format(reading->news->u.id, from);
	worker_id_format(last, to);
	reading->space = store_space_by_schema(reading->schema);
	for_known(reading->news, unsee);
	if (reading->space != NULL)
		store_connection_range(reading->space, from, to, GetActiveSnapshot(), visit, reading);
	for_known(reading->news, forget_if_unseen);
}

static void
read_all(void *arg)
{
	Reading    *reading = arg;

	reading->space = store_space_by_schema(reading->schema);
	if (reading->space != NULL)
		store_connection_scan(reading->space, GetActiveSnapshot(), visit, reading);
}

static void
log_error(const ErrorData *error, const char *what)
{
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("could not %s: %s", what, error->message),
			 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
}

bool
worker_watch_news(const WorkerNews *news, int n)
{
	bool		is_complete = true;

	for (int i = 0; i < n; i++)
	{
		Reading		reading = {.schema = news[i].schema,.news = &news[i]};
		ErrorData  *error;

		if (!OidIsValid(news[i].schema))
		{
			worker_watch_backend_gone(news[i].u.backend.pid, news[i].u.backend.start);
			continue;
		}
		error = worker_guard(news[i].n_more > 0 ? read_several : read_one, &reading);
		if (error != NULL)
		{
			log_error(error, "read a connection");
			is_complete = false;
		}
	}
	return is_complete;
}

static void
forget_unseen(List *unread)
{
	HASH_SEQ_STATUS scan;
	KnownConnection *known;

	hash_seq_init(&scan, connections);
	while ((known = hash_seq_search(&scan)) != NULL)
	{
		/* Removing the entry that the scan is at is allowed. */
		if (!known->connection->was_seen && !list_member_oid(unread, known->connection->schema))
			worker_connection_forget(known->connection);
	}
}

static void
list_spaces(void *arg)
{
	*(List **) arg = store_space_all();
}

bool
worker_watch_scan(void)
{
	HASH_SEQ_STATUS scan;
	KnownConnection *known;
	List	   *spaces = NIL;
	List	   *unread = NIL;
	ListCell   *lc;
	ErrorData  *error = worker_guard(list_spaces, &spaces);

	if (error != NULL)
	{
		log_error(error, "find the spaces");
		return false;
	}
	hash_seq_init(&scan, connections);
	while ((known = hash_seq_search(&scan)) != NULL)
		known->connection->was_seen = false;
	foreach(lc, spaces)
	{
		Reading		reading = {.schema = lfirst_oid(lc)};

		error = worker_guard(read_all, &reading);
		if (error != NULL)
		{
			log_error(error, "read the connections of a space");
			unread = lappend_oid(unread, lfirst_oid(lc));
		}
	}
	forget_unseen(unread);
	return unread == NIL;
}

void
worker_watch_dirty(const uint64 *dirty)
{
	for (int w = 0; w < WORKER_DIRTY_WORDS; w++)
	{
		for (int b = 0; dirty[w] != 0 && b < 64; b++)
		{
			dlist_iter	iter;

			if ((dirty[w] >> b & 1) == 0)
				continue;
			dlist_foreach(iter, &buckets[w * 64 + b])
				worker_deliver_changed(dlist_container(WorkerDocument, in_bucket, iter.cur));
		}
	}
}

/* ---- ends ---- */

static void
backend_gone(WorkerBackend *backend)
{
	dlist_mutable_iter iter;

	/* The last one takes the backend's entry with it. */
	dlist_foreach_modify(iter, &backend->connections)
	{
		bool		is_last = !dlist_has_next(&backend->connections, iter.cur);

		worker_connection_leave(dlist_container(WorkerConnection, in_backend, iter.cur), true);
		if (is_last)
			break;
	}
}

void
worker_watch_backend_gone(int pid, int64 start)
{
	WorkerBackend by = {.start = start,.pid = pid};
	WorkerBackend *backend = hash_search(backends, &by, HASH_FIND, NULL);

	if (backend != NULL)
		backend_gone(backend);
}

static int
compare_backends(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(WorkerBackend, connections));
}

/*
 * Who is alive is known from the statistics of activity: pid and start time tell a backend from a later one that got its pid.
 */
void
worker_watch_backends(void)
{
	HASH_SEQ_STATUS scan;
	WorkerBackend *backend;
	WorkerBackend *alive;
	int			n_entries;
	int			n = 0;

	if (hash_get_num_entries(backends) == 0)
		return;
	pgstat_clear_backend_activity_snapshot();
	n_entries = pgstat_fetch_stat_numbackends();
	alive = palloc0((n_entries + 1) * sizeof(WorkerBackend));
	for (int i = 1; i <= n_entries; i++)
	{
		LocalPgBackendStatus *entry = pgstat_get_local_beentry_by_index(i);

		if (entry == NULL || entry->backendStatus.st_procpid == 0)
			continue;
		alive[n].pid = entry->backendStatus.st_procpid;
		alive[n++].start = entry->backendStatus.st_proc_start_timestamp;
	}
	qsort(alive, n, sizeof(WorkerBackend), compare_backends);

	hash_seq_init(&scan, backends);
	while ((backend = hash_seq_search(&scan)) != NULL)
	{
		if (bsearch(backend, alive, n, sizeof(WorkerBackend), compare_backends) == NULL)
			backend_gone(backend);
	}
	pfree(alive);
	pgstat_clear_backend_activity_snapshot();
}

static void
look_up_space(void *arg)
{
	Reading    *reading = arg;

	reading->space = store_space_by_schema(reading->schema);
}

void
worker_watch_spaces(void)
{
	List	   *there = NIL;
	List	   *gone = NIL;

	for (int i = 0; i < WORKER_DIRTY_BITS; i++)
	{
		dlist_iter	iter;

		dlist_foreach(iter, &buckets[i])
		{
			WorkerDocument *document = dlist_container(WorkerDocument, in_bucket, iter.cur);
			Reading		reading = {.schema = document->schema};

			if (list_member_oid(there, document->schema))
				continue;
			if (!list_member_oid(gone, document->schema))
			{
				/* A space that can't be looked at, being locked, is not gone. */
				if (worker_guard(look_up_space, &reading) != NULL || reading.space != NULL)
				{
					there = lappend_oid(there, document->schema);
					continue;
				}
				gone = lappend_oid(gone, document->schema);
			}
			worker_deliver_mark(document);
		}
	}
	list_free(there);
	list_free(gone);
}

void
worker_watch_close_all(void)
{
	HASH_SEQ_STATUS scan;
	KnownConnection *known;

	hash_seq_init(&scan, connections);
	while ((known = hash_seq_search(&scan)) != NULL)
	{
		if (known->connection->document != NULL)
			worker_tell(known->connection, WORKER_CLOSED_TEXT);
	}
	worker_tell_all(WORKER_CLOSED_TEXT, 0);
}
