/*
 * past.c
 *	  Documents as they were, and the log run again: adama.at, view_at, replay, verify; and back to what was: rewind, upgrade.
 *
 * All of it shows or uses what was said and done whoever may see it now, so it is for the owner of the space alone.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "live/live.h"
#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_at_seq);
PG_FUNCTION_INFO_V1(adama_sql_at_time);
PG_FUNCTION_INFO_V1(adama_sql_view_at);
PG_FUNCTION_INFO_V1(adama_sql_replay);
PG_FUNCTION_INFO_V1(adama_sql_verify);
PG_FUNCTION_INFO_V1(adama_sql_rewind);
PG_FUNCTION_INFO_V1(adama_sql_upgrade);
PG_FUNCTION_INFO_V1(adama_sql_retain);
PG_FUNCTION_INFO_V1(adama_sql_trim);
PG_FUNCTION_INFO_V1(adama_sql_export);
PG_FUNCTION_INFO_V1(adama_sql_import);

/* The first two arguments of all of them. */
static StoreSpace *
begin(FunctionCallInfo fcinfo, char **key)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));

	*key = sqlapi_key(PG_GETARG_DATUM(1));
	sqlapi_require_owner(space);
	return space;
}

static Datum
state_of(const StorePast *past)
{
	KitArena   *arena = kit_arena_new("adama past");
	KitBuf		buf;
	DocBytes	state;
	Datum		result;

	kit_buf_init(&buf, arena);
	state = vm_doc_save(past->doc, &buf);
	result = sqlapi_datum(state.data, state.len);
	kit_arena_delete(arena);
	return result;
}

Datum
adama_sql_at_seq(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	StorePast	past;
	Datum		result;

	store_past_at_seq(space, key, PG_GETARG_INT64(2), GetActiveSnapshot(), &past);
	result = state_of(&past);
	store_past_end(&past);
	PG_RETURN_DATUM(result);
}

Datum
adama_sql_at_time(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	StorePast	past;
	Datum		result;

	store_past_at_time(space, key, PG_GETARG_TIMESTAMPTZ(2), GetActiveSnapshot(), &past);
	result = state_of(&past);
	store_past_end(&past);
	PG_RETURN_DATUM(result);
}

Datum
adama_sql_view_at(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	size_t		json_len;
	char	   *json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(4), &json_len);
	VmLimits	limits = store_limits();
	LiveViewer	viewer = {0};
	StorePast	past;
	KitArena   *arena = kit_arena_new("adama view");
	KitBuf		buf;
	KitBuf		out;
	KitDiag		diag = {0};
	Datum		result;

	sqlapi_principal_parts(PG_GETARG_DATUM(3), &viewer.agent, &viewer.authority);
	store_past_at_seq(space, key, PG_GETARG_INT64(2), GetActiveSnapshot(), &past);
	kit_buf_init(&buf, arena);
	kit_buf_init(&out, arena);
	if (!sqlapi_encode_json(json, json_len, &buf, &viewer.viewer, &diag) ||
		!live_view_plain(past.doc, &viewer, sqlapi_milliseconds(past.at), past.seq, (VmText) {NameStr(space->name), (uint32) strlen(NameStr(space->name))},
						 (VmText) {key, (uint32) strlen(key)}, &limits, arena, &out, &diag))
		store_raise(&diag);
	result = sqlapi_jsonb_of_json(out.data);
	kit_arena_delete(arena);
	store_past_end(&past);
	PG_RETURN_DATUM(result);
}

/* ---- the log run again ---- */

Datum
adama_sql_replay(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	KitArena   *arena = kit_arena_new("adama replay");
	StoreDivergence divergence;
	StorePast	past;
	Datum		result;

	if (!store_verify(space, key, GetActiveSnapshot(), arena, false, &divergence, &past))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the log of document \"%s\" disagrees with itself at %lld", key, (long long) divergence.seq),
				 errdetail_internal("%s", divergence.problem),
				 errhint("adama.verify shows both values.")));
	result = state_of(&past);
	store_past_end(&past);
	kit_arena_delete(arena);
	PG_RETURN_DATUM(result);
}

Datum
sqlapi_jsonb_or_null(DocBytes bytes, DocClass class, KitArena *arena, bool *isnull)
{
	DocItem		item;
	KitDiag		diag = {0};

	*isnull = bytes.len == 0 || !doc_validate(bytes, class, &diag) || !doc_open(bytes, class, &item, &diag);
	return *isnull ? (Datum) 0 : store_jsonb_of_item(item, arena);
}

Datum
adama_sql_verify(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	KitArena   *arena = kit_arena_new("adama verify");
	StoreDivergence divergence;
	StorePast	past;
	TupleDesc	desc;
	Datum		values[5] = {0};
	bool		nulls[5] = {0};
	bool		ok = store_verify(space, key, GetActiveSnapshot(), arena, false, &divergence, &past);

	if (ok)
	{
		ok = store_verify_replicas(space, key, GetActiveSnapshot(), &past, arena, &divergence);
		divergence.seq = past.seq;
		store_past_end(&past);
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "the result must be a record");
	values[0] = BoolGetDatum(ok);
	values[1] = Int64GetDatum(divergence.seq);
	nulls[2] = nulls[3] = nulls[4] = true;
	if (!ok)
	{
		DocClass	class = divergence.is_delta ? DOC_DELTA : DOC_DOCUMENT;

		nulls[2] = false;
		values[2] = CStringGetTextDatum(divergence.problem);
		values[3] = sqlapi_jsonb_or_null(divergence.expected, class, arena, &nulls[3]);
		values[4] = sqlapi_jsonb_or_null(divergence.found, class, arena, &nulls[4]);
	}
	kit_arena_delete(arena);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- changing documents ---- */

Datum
adama_sql_rewind(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	Oid			schema = space->schema;
	SqlCaller	caller = sqlapi_caller();
	VmEvent		by = {.agent = caller.agent, .authority = caller.authority};
	int64		seq;

	sqlapi_begin_write("adama.rewind()");
	seq = store_rewind(space, key, PG_GETARG_INT64(2), &by);
	worker_document_changed(schema, key);
	PG_RETURN_INT64(seq);
}

/* Documents are locked in the order of their keys, like everywhere. */
static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

Datum
adama_sql_upgrade(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	Oid			schema = space->schema;
	int			max = PG_GETARG_INT32(1);
	List	   *keys;
	ListCell   *cell;

	sqlapi_require_owner(space);
	sqlapi_begin_write("adama.upgrade()");
	keys = store_documents_behind(space, max);
	list_sort(keys, compare_keys);
	foreach(cell, keys)
	{
		char	   *key = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		space = store_space_by_schema(schema);
		if (space != NULL && store_document_exists(space, key) && store_reduce(space, key, NULL, 0))
			worker_document_changed(schema, key);
	}
	PG_RETURN_INT32(list_length(keys));
}

/* ---- how much of the past is kept ---- */

Datum
adama_sql_retain(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	const Interval *age = PG_ARGISNULL(1) ? NULL : PG_GETARG_INTERVAL_P(1);
	int64		size = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	static const Interval none = {0};
	Oid			schema;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the space must not be null")));
	space = sqlapi_space(PG_GETARG_DATUM(0));
	sqlapi_require_owner(space);
	sqlapi_begin_write("adama.retain()");
	if (age != NULL && !DatumGetBool(DirectFunctionCall2(interval_gt, IntervalPGetDatum(age), IntervalPGetDatum(&none))))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the age must be more than nothing"), errhint("Null keeps entries of any age.")));
	if (!PG_ARGISNULL(2) && size <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the size must be more than nothing"), errhint("Null keeps entries of any size.")));
	schema = space->schema;
	store_retain(space, age, size);
	worker_space_has_work(schema);
	PG_RETURN_VOID();
}

Datum
adama_sql_trim(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));

	sqlapi_require_owner(space);
	sqlapi_begin_write("adama.trim()");
	PG_RETURN_INT32(store_trim_documents(space, PG_GETARG_INT32(1)));
}

/* ---- to elsewhere ---- */

Datum
adama_sql_export(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);

	PG_RETURN_DATUM(store_export(space, key));
}

Datum
adama_sql_import(PG_FUNCTION_ARGS)
{
	char	   *key;
	StoreSpace *space = begin(fcinfo, &key);
	Oid			schema = space->schema;
	int64		seq;

	sqlapi_begin_write("adama.import()");
	seq = store_import(space, key, PG_GETARG_DATUM(2));
	worker_document_changed(schema, key);
	PG_RETURN_INT64(seq);
}
