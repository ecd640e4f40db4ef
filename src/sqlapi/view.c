/*
 * view.c
 *	  Looking without joining: adama.view, adama.whoami, adama.history.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "live/live.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_view);
PG_FUNCTION_INFO_V1(adama_sql_whoami);
PG_FUNCTION_INFO_V1(adama_sql_history);

Datum
adama_sql_view(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	char	   *key = sqlapi_key(PG_GETARG_DATUM(1));
	SqlCaller	caller = sqlapi_caller();
	const StoreCopy *copy = store_document_read(space, key);
	size_t		json_len;
	char	   *json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(2), &json_len);
	VmLimits	limits = store_limits();
	LiveViewer	viewer = {caller.agent, caller.authority};
	KitArena   *arena;
	KitBuf		buf;
	KitBuf		out;
	KitDiag		diag = {0};
	Datum		result;

	if (copy == NULL)
		store_raise_unknown_document(space, key);
	sqlapi_require_look(copy->program->vm, &caller, key);
	arena = kit_arena_new("adama view");
	kit_buf_init(&buf, arena);
	kit_buf_init(&out, arena);
	if (!sqlapi_encode_json(json, json_len, &buf, &viewer.viewer, &diag) ||
		!live_view_plain(copy->doc, &viewer, sqlapi_milliseconds(copy->updated), copy->seq, (VmText) {NameStr(space->name), (uint32) strlen(NameStr(space->name))},
						 (VmText) {key, (uint32) strlen(key)}, &limits, arena, &out, &diag))
		store_raise(&diag);
	result = sqlapi_jsonb_of_json(out.data);
	kit_arena_delete(arena);
	PG_RETURN_DATUM(result);
}

Datum
adama_sql_whoami(PG_FUNCTION_ARGS)
{
	SqlCaller	caller = sqlapi_caller();

	return sqlapi_principal(caller.agent.str, caller.agent.len, caller.authority.str, caller.authority.len);
}

/* ---- history ---- */

typedef struct Listing
{
	ReturnSetInfo *result;
	int64		left;			/* rows that are still wanted */
	KitArena   *arena;
} Listing;

static bool
list_event(const StoreHistory *event, void *arg)
{
	Listing    *listing = arg;
	Datum		values[9] = {0};
	bool		nulls[9] = {0};

	values[0] = Int64GetDatum(event->seq);
	values[1] = TimestampTzGetDatum(event->at);
	values[2] = sqlapi_text_or_null(event->agent, &nulls[2]);
	values[3] = sqlapi_text_or_null(event->authority, &nulls[3]);
	values[4] = sqlapi_text_or_null(event->event, &nulls[4]);
	values[5] = sqlapi_text_or_null(event->channel, &nulls[5]);
	nulls[6] = !event->has_message;
	if (event->has_message)
		values[6] = sqlapi_jsonb_of_item(event->message, listing->arena);
	nulls[7] = nulls[8] = event->delta.len == 0;
	if (event->delta.len > 0)
	{
		DocItem		delta;
		KitDiag		diag = {0};

		if (!doc_open(event->delta, DOC_DELTA, &delta, &diag))
		{
			kit_diag_detail(&diag, "Log entry %lld.", (long long) event->seq);
			store_raise(&diag);
		}
		values[7] = sqlapi_jsonb_of_item(delta, listing->arena);
		values[8] = Int32GetDatum((int32) event->delta.len);
	}
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
	kit_arena_reset(listing->arena);
	return --listing->left > 0;
}

/* The log holds everything that was ever said, whoever may see it now: it is for the owner of the space alone. */
Datum
adama_sql_history(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	char	   *key = sqlapi_key(PG_GETARG_DATUM(1));
	Listing		listing = {(ReturnSetInfo *) fcinfo->resultinfo, PG_GETARG_INT32(3)};

	sqlapi_require_owner(space);
	InitMaterializedSRF(fcinfo, 0);
	if (store_document_read(space, key) == NULL)
		store_raise_unknown_document(space, key);
	if (listing.left <= 0)
		return (Datum) 0;
	listing.arena = kit_arena_new("adama history");
	store_history(space, key, PG_GETARG_INT64(2), GetActiveSnapshot(), list_event, &listing);
	kit_arena_delete(listing.arena);
	return (Datum) 0;
}
