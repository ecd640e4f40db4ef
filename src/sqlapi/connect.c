/*
 * connect.c
 *	  adama.connect, update, ack and disconnect: joining a document as a plain SQL session, which then LISTENs.
 *
 * connect, in the caller's transaction:
 *		make the document			when it is not there and the program invents it (@static invent)
 *		reduce @connected			when this is the principal's first connection to it (store/presence.c); it may say no
 *		insert the row, LISTEN		under a name of 128 random bits: whoever knows it can listen
 *		tell the emitter			which sees the row only when it is committed, and LISTEN is active by then: nothing falls into a gap
 *
 * disconnect is the reverse; @disconnected runs with the last one.  A session that ends without it is found by the emitter, which does the same.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_connect);
PG_FUNCTION_INFO_V1(adama_sql_disconnect);
PG_FUNCTION_INFO_V1(adama_sql_update);
PG_FUNCTION_INFO_V1(adama_sql_ack);

/* ---- making what is not there ---- */

static bool
may_invent(const VmProgram *program, const StoreEvent *event)
{
	VmLimits	limits = store_limits();
	KitArena   *scratch;
	VmEvent		asked = event->event;
	VmVerdict	verdict = VM_REFUSED;
	KitDiag		diag = {0};

	if (vm_program_lang(program)->n_static_invents == 0 || vm_program_lang(program)->construct_message != NULL)
		return false;
	asked.at = sqlapi_milliseconds(GetCurrentTimestamp());
	asked.log = store_event_log();
	scratch = kit_arena_new("adama policy");
	if (!vm_static_policy(program, VM_STATIC_INVENT, &asked, &limits, scratch, &verdict, &diag))
		store_raise(&diag);
	kit_arena_delete(scratch);
	return verdict == VM_ALLOWED;
}

void
sqlapi_invent(StoreSpace *space, const char *key, const SqlCaller *caller)
{
	StoreEvent *event = palloc(sizeof(StoreEvent));
	Oid			schema = space->schema;

	sqlapi_event(event, VM_EVENT_CREATE, space, key, caller);
	if (may_invent(store_program_current(space)->vm, event))
	{
		/* Of two that come at once, one makes it, and the other finds it. */
		store_create_lock(space, key);
		if (!store_document_exists(space, key))
		{
			(void) store_create(space, key, event);
			worker_document_changed(schema, key);
		}
	}
	pfree(event);
}

TimestampTz
sqlapi_created(StoreSpace *space, const char *key)
{
	const StoreCopy *copy;
	TimestampTz result;

	/* The statement's own snapshot may be older than what this call did, or than what it waited for. */
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	copy = store_document_read(space, key);
	result = copy != NULL ? copy->created : 0;
	PopActiveSnapshot();
	return result;
}

/* ---- connect ---- */

void
sqlapi_random_id(char id[STORE_CONNECTION_ID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8		random[16];

	if (!pg_strong_random(random, sizeof(random)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	strcpy(id, "adama_");
	for (int i = 0; i < 16; i++)
	{
		id[6 + 2 * i] = digits[random[i] >> 4];
		id[7 + 2 * i] = digits[random[i] & 15];
	}
	id[STORE_CONNECTION_ID_LEN] = '\0';
}

/* Where the caller comes from, for a program that asks. */
void
sqlapi_visit_from(StorePresence *visit, const VmProgram *program, const SqlCaller *caller)
{
	if (!vm_program_lang(program)->reads_origin)
		return;
	visit->origin = caller->origin;
	visit->ip = caller->ip.str != NULL ? caller->ip : sqlapi_client_ip();
}

bool
sqlapi_encode_viewer(const char *json, size_t len, const VmProgram *program, KitArena *arena, DocBytes *viewer, KitDiag *diag)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocItem		item;
	VmObj	   *object;

	kit_buf_init(buf, arena);
	if (!sqlapi_encode_json(json, len, buf, viewer, diag))
		return false;
	item = sqlapi_fresh_item(*viewer);
	if (!vm_viewer_decode(program, item, arena, &object, diag))
		return false;
	if (item.body.p == item.body.end)
		*viewer = SQLAPI_NO_BYTES;
	return true;
}

/* The same of an argument. */
static DocBytes
encode_viewer(Datum jsonb, const VmProgram *program, KitArena *arena)
{
	size_t		len;
	char	   *json = sqlapi_json_of_jsonb(jsonb, &len);
	DocBytes	bytes;
	KitDiag		diag = {0};

	if (!sqlapi_encode_viewer(json, len, program, arena, &bytes, &diag))
		store_raise(&diag);
	return bytes;
}

static int
send_window(Datum value)
{
	int			n = DatumGetInt32(value);

	if (n < 1 || n > STORE_SEND_WINDOW_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("send_window must be between 1 and %d", STORE_SEND_WINDOW_MAX),
				 errhint("Leave it out to be sent every change without acknowledging any.")));
	return n;
}

Datum
adama_sql_connect(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	Oid			schema;
	SqlCaller	caller;
	StoreConnection connection = {0};
	StorePresence visit = {.row = &connection};
	KitArena   *arena;

	sqlapi_require_arguments(fcinfo, 2);
	space = sqlapi_space(PG_GETARG_DATUM(0));
	schema = space->schema;
	caller = sqlapi_caller();
	sqlapi_begin_write("adama.connect()");
	connection.key = sqlapi_key(PG_GETARG_DATUM(1));
	connection.agent = pnstrdup(caller.agent.str, caller.agent.len);
	connection.authority = pnstrdup(caller.authority.str, caller.authority.len);
	arena = kit_arena_new("adama connect");
	if (!PG_ARGISNULL(2))
		connection.viewer = encode_viewer(PG_GETARG_DATUM(2), store_program_current(space)->vm, arena);
	if (!PG_ARGISNULL(3))
		connection.send_window = send_window(PG_GETARG_DATUM(3));
	/* Now: the last one who leaves may be about to take the document along. */
	store_connection_lock(space, connection.key);
	if (!store_document_exists(space, connection.key))
		sqlapi_invent(space, connection.key, &caller);
	connection.created = sqlapi_created(space, connection.key);
	if (connection.created == 0)
		store_raise_unknown_document(space, connection.key);
	sqlapi_require_look(store_program_current(space)->vm, &caller, connection.key);

	sqlapi_random_id(connection.id);
	connection.pid = MyProcPid;
	connection.backend_start = worker_backend_start();
	sqlapi_visit_from(&visit, store_program_current(space)->vm, &caller);
	if (store_presence_join(space, connection.key, &visit, 1))
		worker_document_changed(schema, connection.key);
	if (!visit.is_done)
		store_raise(visit.diag);
	worker_listen(connection.id);
	worker_connection_changed(schema, connection.id);
	worker_watch_backend();
	kit_arena_delete(arena);
	PG_RETURN_TEXT_P(cstring_to_text(connection.id));
}

/* ---- disconnect ---- */

static bool
is_mine(const StoreConnection *connection)
{
	return connection->pid == MyProcPid && connection->backend_start == worker_backend_start();
}

/* The space of a connection: ids do not say, but they are unique.  NULL when there is none that the caller may end. */
static StoreSpace *
find_connection(const char *id, StoreConnection *connection)
{
	List	   *schemas = store_space_all();
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	StoreSpace *found = NULL;
	ListCell   *lc;

	foreach(lc, schemas)
	{
		StoreSpace *space = store_space_by_schema(lfirst_oid(lc));

		if (space != NULL && store_connection_find(space, id, snapshot, connection))
		{
			if (is_mine(connection) || sqlapi_is_owner(space))
				found = space;
			break;
		}
	}
	UnregisterSnapshot(snapshot);
	return found;
}

static void
unknown_connection(const char *id)
{
	KitDiag		diag = {0};

	kit_fail(&diag, KIT_UNKNOWN_CONNECTION, "there is no connection \"%.*s\" of this session", STORE_CONNECTION_ID_LEN, id);
	store_raise(&diag);
}

Datum
adama_sql_disconnect(PG_FUNCTION_ARGS)
{
	char	   *id = TextDatumGetCString(PG_GETARG_DATUM(0));
	StoreConnection connection = {0};
	StorePresence visit = {.row = &connection};
	StoreSpace *space;
	Oid			schema = InvalidOid;

	sqlapi_begin_write("adama.disconnect()");
	space = find_connection(id, &connection);
	if (space != NULL)
	{
		schema = space->schema;
		if (store_presence_leave(space, connection.key, &visit, 1, false))
			worker_document_changed(schema, connection.key);
	}
	if (!visit.is_done)
		unknown_connection(id);
	if (visit.diag != NULL)
		ereport(WARNING,
				(errmsg("@disconnected of document \"%s\" failed: %s", connection.key, visit.diag->message),
				 errdetail("The connection is ended all the same.")));
	if (is_mine(&connection) && connection.listener == NULL)
		worker_unlisten(id);
	worker_connection_changed(schema, id);
	PG_RETURN_VOID();
}

/* ---- another viewer state ---- */

/* No event: the document is what it was, only the view of it is another. */
Datum
adama_sql_update(PG_FUNCTION_ARGS)
{
	char	   *id = TextDatumGetCString(PG_GETARG_DATUM(0));
	StoreConnection connection = {0};
	StoreSpace *space;
	KitArena   *arena;
	DocBytes	viewer;
	bool		is_other;

	sqlapi_begin_write("adama.update()");
	space = find_connection(id, &connection);
	if (space == NULL)
		unknown_connection(id);
	arena = kit_arena_new("adama update");
	viewer = encode_viewer(PG_GETARG_DATUM(1), store_program_current(space)->vm, arena);
	if (!store_connection_set_viewer(space, id, viewer, &is_other))
		unknown_connection(id);
	if (is_other)
		worker_connection_changed(space->schema, id);
	kit_arena_delete(arena);
	PG_RETURN_VOID();
}

/* ---- acknowledging ---- */

/* The client has what it was sent up to seq.  It goes by shared memory: no row is written, and it holds whatever becomes of the transaction. */
Datum
adama_sql_ack(PG_FUNCTION_ARGS)
{
	char	   *id = TextDatumGetCString(PG_GETARG_DATUM(0));
	int64		seq = PG_GETARG_INT64(1);
	WorkerAck	ack = worker_acknowledge(id, seq, false);

	if (ack == WORKER_ACK_UNKNOWN)
	{
		StoreConnection connection = {0};

		/* Another session's, or new, or the emitter is about to start. */
		if (find_connection(id, &connection) == NULL)
			unknown_connection(id);
		ack = worker_acknowledge(id, seq, true);
	}
	if (ack == WORKER_ACK_NEVER_SENT)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_UNKNOWN_SEQ, "the connection was not sent anything of sequence number %lld yet", (long long) seq);
		store_raise(&diag);
	}
	PG_RETURN_VOID();
}
