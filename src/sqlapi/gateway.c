/*
 * gateway.c
 *	  What gateways call: many connections of many principals over few sessions.
 *
 * A gateway has one session that listens (adama.gateway_listen) and a few that run everything else.  The listener's name tells whose backend it is, and
 * is a secret: connections are made, changed and ended by whoever knows it.  They end with that backend, like a session's own connections
 * end with theirs.
 *
 * Items are grouped by document, each document's in the order in which they were given, documents in the order of their keys; what becomes of a party is one
 * entry of the document's log (store/presence.c).  Each item succeeds or fails alone and is answered by a row.
 *
 * Where something is raised instead of told (a damaged document, a trigger that fails) all is undone and the documents are taken one by
 * one, each in a subtransaction; so one document's trouble is its own, and as long as there is none there is one subtransaction.
 * What may be different the next time (a deadlock, a cancel, a lack of memory) fails the call.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "live/live.h"
#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_gateway_listen);
PG_FUNCTION_INFO_V1(adama_sql_gateway_connect);
PG_FUNCTION_INFO_V1(adama_sql_gateway_disconnect);
PG_FUNCTION_INFO_V1(adama_sql_gateway_update);
PG_FUNCTION_INFO_V1(adama_sql_gateway_list);

/* One connection that comes, changes or goes, and the answer. */
typedef struct Viewer
{
	int			ord;			/* from 0 */
	bool		is_valid;		/* as far as its arguments go */
	bool		is_done;		/* the emitter is to be told of it */
	char	   *key;
	SqlCaller	caller;
	VmText		viewer;			/* JSON; str NULL: none */
	int64		since;
	int64		life;			/* of the document that since is of; 0: not told */
	StoreConnection row;
	const char *filter;
	const char *sqlstate;		/* NULL: nothing is wrong */
	char	   *error;
} Viewer;

typedef struct Gateway Gateway;

/* What is to be done for the items of one document. */
typedef void (*Work) (Gateway *gateway, Viewer *items, int n);

struct Gateway
{
	Oid			schema;
	StoreSpace *space;			/* valid until something runs SQL: then looked up anew */
	char	   *listener;
	int			pid;
	TimestampTz backend_start;
	Viewer	   *items;
	int			n;
	Work		work;
	KitArena   *arena;			/* viewer states */
	const VmProgram *filtered;	/* the program that filter is of */
	const char *filter;
};

static void
look_again(Gateway *gateway)
{
	gateway->space = store_space_by_schema(gateway->schema);
	if (gateway->space == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the space was dropped meanwhile")));
}

static const VmProgram *
program_of(Gateway *gateway)
{
	return store_program_current(gateway->space)->vm;
}

/* ---- answers ---- */

static void
fail(Viewer *item, const KitDiag *diag)
{
	item->sqlstate = kit_error_sqlstate(diag->code);
	item->error = sqlapi_error_text(diag);
}

static void
fail_all(Viewer *items, int n, const KitDiag *diag)
{
	for (int i = 0; i < n; i++)
		if (items[i].sqlstate == NULL)
			fail(&items[i], diag);
}

static void
fail_unknown(Viewer *item)
{
	KitDiag		diag = {0};

	kit_fail(&diag, KIT_UNKNOWN_CONNECTION, "there is no connection %lld of this listener", (long long) item->row.number);
	fail(item, &diag);
}

static void
fail_with(Viewer *item, const ErrorData *error)
{
	item->sqlstate = pstrdup(unpack_sql_state(error->sqlerrcode));
	item->error = error->detail != NULL ? psprintf("%s (%s)", error->message, error->detail) : pstrdup(error->message);
}

static int
compare_ords(const void *a, const void *b)
{
	return ((const Viewer *) a)->ord - ((const Viewer *) b)->ord;
}

static Datum
answer(FunctionCallInfo fcinfo, Gateway *gateway, bool has_filter)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	qsort(gateway->items, gateway->n, sizeof(Viewer), compare_ords);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < gateway->n; i++)
	{
		const Viewer *item = &gateway->items[i];
		bool		nulls[4] = {false};
		Datum		values[4] = {Int32GetDatum(item->ord + 1)};
		int			n = 1;

		if (has_filter)
		{
			nulls[n] = item->sqlstate != NULL || item->filter == NULL;
			values[n] = nulls[n] ? (Datum) 0 : CStringGetTextDatum(item->filter);
			n++;
		}
		nulls[n] = nulls[n + 1] = item->sqlstate == NULL;
		if (item->sqlstate != NULL)
		{
			values[n] = CStringGetTextDatum(item->sqlstate);
			values[n + 1] = CStringGetTextDatum(item->error);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	if (gateway->arena != NULL)
		kit_arena_delete(gateway->arena);
	return (Datum) 0;
}

/* ---- arguments ---- */

/* What all functions that have a listener begin with. */
static void
begin(FunctionCallInfo fcinfo, Gateway *gateway, const char *function)
{
	sqlapi_require_assume();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", PG_ARGISNULL(0) ? "listener" : "space")));
	memset(gateway, 0, sizeof(*gateway));
	gateway->listener = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!worker_listener_parse(gateway->listener, &gateway->pid, &gateway->backend_start))
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_UNKNOWN_CONNECTION, "\"%.*s\" is not the name of a listener", 100, gateway->listener);
		kit_diag_hint(&diag, "adama.gateway_listen makes one.");
		store_raise(&diag);
	}
	gateway->space = sqlapi_space(PG_GETARG_DATUM(1));
	gateway->schema = gateway->space->schema;
	gateway->arena = kit_arena_new("adama gateway");
	sqlapi_begin_write(function);
}

/* An item for each number, with the id of its connection. */
static void
make_items(Gateway *gateway, const SqlArray *numbers)
{
	gateway->n = numbers->n;
	gateway->items = palloc_extended(sizeof(Viewer) * Max(gateway->n, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < gateway->n; i++)
	{
		Viewer	   *item = &gateway->items[i];
		KitDiag		diag;

		item->ord = i;
		item->row.number = sqlapi_array_long(numbers, i, -1);
		item->row.listener = gateway->listener;
		if (item->row.number < 0)
		{
			kit_fail(&diag, KIT_UNKNOWN_CONNECTION, "the number of a connection must be neither null nor negative");
			fail(item, &diag);
			continue;
		}
		store_connection_number_id(gateway->listener, item->row.number, item->row.id);
		item->is_valid = true;
	}
}

/* ---- documents, one after the other ---- */

static int
compare_items(const void *a, const void *b)
{
	const Viewer *x = a;
	const Viewer *y = b;
	int			result = (x->is_valid < y->is_valid) - (x->is_valid > y->is_valid);

	if (result == 0 && x->is_valid)
		result = strcmp(x->key, y->key);
	return result != 0 ? result : x->ord - y->ord;
}

/* The items of one document. */
typedef struct Party
{
	Gateway    *gateway;
	Viewer	   *items;
	int			n;
} Party;

static bool
next_party(Party *party)
{
	Viewer	   *end = party->gateway->items + party->gateway->n;

	party->items += party->n;
	party->n = 0;
	while (party->items + party->n < end && party->items[party->n].is_valid && strcmp(party->items[party->n].key, party->items->key) == 0)
		party->n++;
	return party->n > 0;
}

static void
do_one(void *arg)
{
	Party	   *party = arg;

	CHECK_FOR_INTERRUPTS();
	look_again(party->gateway);
	for (int i = 0; i < party->n; i++)
	{
		party->items[i].sqlstate = NULL;
		party->items[i].is_done = false;
	}
	party->gateway->work(party->gateway, party->items, party->n);
}

static void
do_all(void *arg)
{
	Party		party = {arg, ((Gateway *) arg)->items};

	while (next_party(&party))
		do_one(&party);
}

static void
rethrow_passing(ErrorData *error)
{
	if (worker_error_may_pass(error))
		ReThrowError(error);
}

static void
do_each(Gateway *gateway)
{
	Party		party = {gateway, gateway->items};

	while (next_party(&party))
	{
		ErrorData  *error = worker_guard(do_one, &party);

		if (error == NULL)
			continue;
		rethrow_passing(error);
		for (int i = 0; i < party.n; i++)
		{
			party.items[i].is_done = false;
			fail_with(&party.items[i], error);
		}
	}
}

static void
run(Gateway *gateway, Work work)
{
	ErrorData  *error;
	int64	   *numbers;
	int			n = 0;

	gateway->work = work;
	qsort(gateway->items, gateway->n, sizeof(Viewer), compare_items);
	error = worker_guard(do_all, gateway);
	if (error != NULL)
	{
		rethrow_passing(error);
		FreeErrorData(error);
		do_each(gateway);
	}
	numbers = palloc(sizeof(int64) * (gateway->n + 1));
	for (int i = 0; i < gateway->n; i++)
		if (gateway->items[i].is_done)
			numbers[n++] = gateway->items[i].row.number;
	worker_connections_changed(gateway->schema, gateway->listener, numbers, n);
	pfree(numbers);
}

/* The items that are still well, as visits: *of has their items. */
static StorePresence *
make_visits(Viewer *items, int n, Viewer ***of, int *n_visits)
{
	StorePresence *visits = palloc0(sizeof(StorePresence) * n);

	*of = palloc(sizeof(Viewer *) * n);
	*n_visits = 0;
	for (int i = 0; i < n; i++)
	{
		if (items[i].sqlstate != NULL)
			continue;
		visits[*n_visits].row = &items[i].row;
		(*of)[(*n_visits)++] = &items[i];
	}
	return visits;
}

/* ---- adama.gateway_listen ---- */

Datum
adama_sql_gateway_listen(PG_FUNCTION_ARGS)
{
	char		name[NAMEDATALEN];
	char		id[STORE_CONNECTION_ID_LEN + 1];

	sqlapi_require_assume();
	sqlapi_begin_write("adama.gateway_listen()");
	sqlapi_random_id(id);
	worker_listener_format(id, name);
	worker_listen(name);
	worker_watch_backend();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* ---- adama.gateway_connect ---- */

static void
read_connects(FunctionCallInfo fcinfo, Gateway *gateway)
{
	SqlArray	arrays[9];

	arrays[0] = sqlapi_array(fcinfo, 2, "ids", INT8OID, true);
	arrays[1] = sqlapi_array(fcinfo, 3, "keys", TEXTOID, true);
	arrays[2] = sqlapi_array(fcinfo, 4, "agents", TEXTOID, true);
	arrays[3] = sqlapi_array(fcinfo, 5, "authorities", TEXTOID, true);
	arrays[4] = sqlapi_array(fcinfo, 6, "viewers", JSONOID, false);
	arrays[5] = sqlapi_array(fcinfo, 7, "since", INT8OID, false);
	arrays[6] = sqlapi_array(fcinfo, 8, "ips", TEXTOID, false);
	arrays[7] = sqlapi_array(fcinfo, 9, "origins", TEXTOID, false);
	arrays[8] = sqlapi_array(fcinfo, 10, "lives", INT8OID, false);
	sqlapi_require_same_length(arrays, lengthof(arrays));
	make_items(gateway, &arrays[0]);
	for (int i = 0; i < gateway->n; i++)
	{
		Viewer	   *item = &gateway->items[i];
		VmText		key = sqlapi_array_text(&arrays[1], i);
		VmText		agent = sqlapi_array_text(&arrays[2], i);
		VmText		authority = sqlapi_array_text(&arrays[3], i);
		VmText		origin = sqlapi_array_text(&arrays[7], i);
		VmText		ip = sqlapi_array_text(&arrays[6], i);
		KitDiag		diag;

		if (!item->is_valid)
			continue;
		if (key.str == NULL)
			kit_fail(&diag, KIT_INVALID_NAME, "the key of a document must not be null");
		if (key.str == NULL || !sqlapi_key_is_valid(key.str, key.len, &diag) || !sqlapi_principal_is_valid(agent, authority, &diag))
		{
			fail(item, &diag);
			item->is_valid = false;
			continue;
		}
		item->key = item->row.key = pnstrdup(key.str, key.len);
		item->row.agent = pnstrdup(agent.str, agent.len);
		item->row.authority = pnstrdup(authority.str, authority.len);
		item->row.pid = gateway->pid;
		item->row.backend_start = gateway->backend_start;
		item->since = sqlapi_array_long(&arrays[5], i, 0);
		item->life = sqlapi_array_long(&arrays[8], i, 0);
		item->viewer = sqlapi_array_text(&arrays[4], i);
		item->caller = (SqlCaller) {{item->row.agent, agent.len}, {item->row.authority, authority.len}, false, origin, ip};
		if (ip.str == NULL)
			item->caller.ip = (VmText) {"", 0};
	}
}

static void
encode_viewers(Gateway *gateway, Viewer *items, int n)
{
	for (int i = 0; i < n; i++)
	{
		Viewer	   *item = &items[i];
		KitDiag		diag;

		item->row.viewer = SQLAPI_NO_BYTES;
		if (item->viewer.str != NULL &&
			!sqlapi_encode_viewer(item->viewer.str, item->viewer.len, program_of(gateway), gateway->arena, &item->row.viewer, &diag))
			fail(item, &diag);
	}
}

/* ---- a document that is not there ---- */

typedef struct Invention
{
	Gateway    *gateway;
	Viewer	   *item;
} Invention;

static void
invent_for(void *arg)
{
	Invention  *invention = arg;

	sqlapi_invent(invention->gateway->space, invention->item->key, &invention->item->caller);
}

/* By the first whom the program lets; what hinders one hinders only that one. */
static TimestampTz
invent(Gateway *gateway, Viewer *items, int n)
{
	TimestampTz created = 0;

	for (int i = 0; i < n && created == 0; i++)
	{
		Invention	invention = {gateway, &items[i]};
		ErrorData  *error;

		if (items[i].sqlstate != NULL)
			continue;
		error = worker_guard(invent_for, &invention);
		look_again(gateway);
		if (error != NULL)
		{
			rethrow_passing(error);
			fail_with(&items[i], error);
		}
		else
			created = sqlapi_created(gateway->space, items[i].key);
	}
	return created;
}

/* ---- those who come to one document ---- */

static const char *
filter_of(Gateway *gateway)
{
	const VmProgram *program = program_of(gateway);

	if (gateway->filtered != program)
	{
		KitBuf		buf;

		kit_buf_init(&buf, gateway->arena);
		gateway->filter = live_viewer_filter(program, &buf) ? buf.data : NULL;
		gateway->filtered = program;
	}
	return gateway->filter;
}

static void
connect_document(Gateway *gateway, Viewer *items, int n)
{
	const char *key = items[0].key;
	TimestampTz created;
	StorePresence *visits;
	Viewer	  **of;
	int			n_visits;
	KitDiag		diag = {0};

	encode_viewers(gateway, items, n);
	/* Now: the last one who leaves may be about to take the document along. */
	store_connection_lock(gateway->space, key);
	created = sqlapi_created(gateway->space, key);
	if (created == 0)
		created = invent(gateway, items, n);
	if (created == 0)
		kit_fail(&diag, KIT_UNKNOWN_DOCUMENT, "document \"%s\" of space \"%s\" does not exist", key, NameStr(gateway->space->name));
	else if (!vm_program_handles(program_of(gateway), VM_EVENT_CONNECT))
		kit_fail(&diag, KIT_DENIED, "connecting to document \"%s\" is denied by the program", key);
	if (diag.code != KIT_OK)
	{
		fail_all(items, n, &diag);
		return;
	}
	visits = make_visits(items, n, &of, &n_visits);
	for (int i = 0; i < n_visits; i++)
	{
		of[i]->row.created = created;
		/* seqs of an earlier document of this key say nothing of this one */
		of[i]->row.since = of[i]->life == 0 || of[i]->life == created ? of[i]->since : 0;
		sqlapi_visit_from(&visits[i], program_of(gateway), &of[i]->caller);
	}
	if (n_visits > 0 && store_presence_join(gateway->space, key, visits, n_visits))
		worker_document_changed(gateway->schema, key);
	look_again(gateway);
	for (int i = 0; i < n_visits; i++)
	{
		of[i]->is_done = visits[i].is_done;
		if (!visits[i].is_done)
			fail(of[i], visits[i].diag);
		of[i]->filter = filter_of(gateway);
	}
	pfree(visits);
	pfree(of);
}

Datum
adama_sql_gateway_connect(PG_FUNCTION_ARGS)
{
	Gateway		gateway;

	begin(fcinfo, &gateway, "adama.gateway_connect()");
	read_connects(fcinfo, &gateway);
	run(&gateway, connect_document);
	return answer(fcinfo, &gateway, true);
}

/* ---- connections that are there ---- */

static int
compare_numbers(const void *a, const void *b)
{
	const Viewer *x = *(Viewer *const *) a;
	const Viewer *y = *(Viewer *const *) b;

	return x->row.number != y->row.number ? (x->row.number < y->row.number ? -1 : 1) : x->ord - y->ord;
}

/* Whose number came before: the first of them is the one. */
static void
refuse_repeated(Gateway *gateway)
{
	Viewer	  **sorted = palloc(sizeof(Viewer *) * (gateway->n + 1));

	for (int i = 0; i < gateway->n; i++)
		sorted[i] = &gateway->items[i];
	qsort(sorted, gateway->n, sizeof(Viewer *), compare_numbers);
	for (int i = 1; i < gateway->n; i++)
	{
		if (!sorted[i]->is_valid || sorted[i]->row.number != sorted[i - 1]->row.number)
			continue;
		fail_unknown(sorted[i]);
		sorted[i]->is_valid = false;
	}
	pfree(sorted);
}

/* Reads the rows of the items. */
static void
find_items(Gateway *gateway)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

	for (int i = 0; i < gateway->n; i++)
	{
		Viewer	   *item = &gateway->items[i];
		StoreConnection row;

		if (!item->is_valid)
			continue;
		item->is_valid = store_connection_find(gateway->space, item->row.id, snapshot, &row);
		if (!item->is_valid)
			fail_unknown(item);
		else
		{
			item->row = row;
			item->key = row.key;
		}
	}
	UnregisterSnapshot(snapshot);
}

/* ---- adama.gateway_disconnect ---- */

static void
disconnect_document(Gateway *gateway, Viewer *items, int n)
{
	const char *key = items[0].key;
	Viewer	  **of;
	int			n_visits;
	StorePresence *visits = make_visits(items, n, &of, &n_visits);

	if (store_presence_leave(gateway->space, key, visits, n_visits, false))
		worker_document_changed(gateway->schema, key);
	for (int i = 0; i < n_visits; i++)
	{
		of[i]->is_done = visits[i].is_done;
		if (!visits[i].is_done)
			fail_unknown(of[i]);
		else if (visits[i].diag != NULL)
			ereport(LOG, (errmsg("@disconnected of document \"%s\" failed: %s", key, visits[i].diag->message)));
	}
	pfree(visits);
	pfree(of);
}

Datum
adama_sql_gateway_disconnect(PG_FUNCTION_ARGS)
{
	Gateway		gateway;
	SqlArray	numbers;

	begin(fcinfo, &gateway, "adama.gateway_disconnect()");
	numbers = sqlapi_array(fcinfo, 2, "ids", INT8OID, true);
	make_items(&gateway, &numbers);
	refuse_repeated(&gateway);
	find_items(&gateway);
	run(&gateway, disconnect_document);
	return answer(fcinfo, &gateway, false);
}

/* ---- adama.gateway_update ---- */

static void
update_document(Gateway *gateway, Viewer *items, int n)
{
	encode_viewers(gateway, items, n);
	store_connection_lock(gateway->space, items[0].key);
	for (int i = 0; i < n; i++)
	{
		if (items[i].sqlstate != NULL)
			continue;
		if (!store_connection_set_viewer(gateway->space, items[i].row.id, items[i].row.viewer, &items[i].is_done))
			fail_unknown(&items[i]);
	}
}

Datum
adama_sql_gateway_update(PG_FUNCTION_ARGS)
{
	Gateway		gateway;
	SqlArray	arrays[2];

	begin(fcinfo, &gateway, "adama.gateway_update()");
	arrays[0] = sqlapi_array(fcinfo, 2, "ids", INT8OID, true);
	arrays[1] = sqlapi_array(fcinfo, 3, "viewers", JSONOID, true);
	sqlapi_require_same_length(arrays, lengthof(arrays));
	make_items(&gateway, &arrays[0]);
	for (int i = 0; i < gateway.n; i++)
		gateway.items[i].viewer = sqlapi_array_text(&arrays[1], i);
	refuse_repeated(&gateway);
	find_items(&gateway);
	run(&gateway, update_document);
	return answer(fcinfo, &gateway, false);
}

/* ---- adama.gateway_list ---- */

static void
list_document(const StoreListed *document, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[4] = {CStringGetTextDatum(document->key), TimestampTzGetDatum(document->created), TimestampTzGetDatum(document->updated),
	Int64GetDatum(document->seq)};
	bool		nulls[4] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
adama_sql_gateway_list(PG_FUNCTION_ARGS)
{
	StoreSpace *space;

	sqlapi_require_assume();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", PG_ARGISNULL(0) ? "space" : "max")));
	space = sqlapi_space(PG_GETARG_DATUM(0));
	InitMaterializedSRF(fcinfo, 0);
	store_documents_list(space, PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1)), PG_GETARG_INT32(2), GetActiveSnapshot(), list_document,
						 fcinfo->resultinfo);
	return (Datum) 0;
}
