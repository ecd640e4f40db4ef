/*
 * view.c
 *	  Looking without joining: adama.view, adama.whoami.
 */
#include "postgres.h"

#include "utils/snapmgr.h"

#include "live/live.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_view);
PG_FUNCTION_INFO_V1(adama_sql_whoami);

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
