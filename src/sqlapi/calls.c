/*
 * calls.c
 *	  adama.create, adama.send, adama.delete: the generic forms, which take the message as JSON; adama.attach, adama.can_attach.
 *
 * They ask for the privileges that the generated functions of the space carry.  Attaching has no such function: there the program decides, for everybody
 * who may address the space.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_create);
PG_FUNCTION_INFO_V1(adama_sql_send);
PG_FUNCTION_INFO_V1(adama_sql_delete);
PG_FUNCTION_INFO_V1(adama_sql_attach);
PG_FUNCTION_INFO_V1(adama_sql_can_attach);

static DocBytes
encode_argument(Datum jsonb, KitArena *arena)
{
	size_t		len;
	char	   *json = sqlapi_json_of_jsonb(jsonb, &len);
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocBytes	bytes;
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	if (!sqlapi_encode_json(json, len, buf, &bytes, &diag))
		store_raise(&diag);
	return bytes;
}

Datum
adama_sql_create(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	char	   *key;
	KitArena   *arena;
	DocBytes	argument = SQLAPI_NO_BYTES;
	int64		seq;

	sqlapi_require_arguments(fcinfo, 2);
	space = sqlapi_space(PG_GETARG_DATUM(0));
	key = sqlapi_key(PG_GETARG_DATUM(1));
	sqlapi_require_execute(space, SQLAPI_CREATE_FUNCTION);
	arena = kit_arena_new("adama message");
	if (!PG_ARGISNULL(2))
		argument = encode_argument(PG_GETARG_DATUM(2), arena);
	seq = sqlapi_create(space, key, argument);
	kit_arena_delete(arena);
	PG_RETURN_INT64(seq);
}

Datum
adama_sql_send(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	char	   *key;
	VmText		name;
	const LangChannel *channel;
	KitArena   *arena;
	int64		seq;

	sqlapi_require_arguments(fcinfo, 4);
	space = sqlapi_space(PG_GETARG_DATUM(0));
	key = sqlapi_key(PG_GETARG_DATUM(1));
	name = sqlapi_text(PG_GETARG_DATUM(2));
	channel = sqlapi_channel(space, name.str, name.len);
	sqlapi_require_execute(space, channel->name->text);
	arena = kit_arena_new("adama message");
	seq = sqlapi_send(space, key, channel, encode_argument(PG_GETARG_DATUM(3), arena),
					  PG_ARGISNULL(4) ? SQLAPI_NO_TEXT : sqlapi_text(PG_GETARG_DATUM(4)));
	kit_arena_delete(arena);
	PG_RETURN_INT64(seq);
}

/* Where the program that the document runs has @delete, that decides; else only the owner of the space may, and not on behalf of others. */
Datum
adama_sql_delete(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	Oid			schema = space->schema;
	char	   *key = sqlapi_key(PG_GETARG_DATUM(1));
	SqlCaller	caller = sqlapi_caller();
	const StoreCopy *copy;
	StoreEvent *event = palloc(sizeof(StoreEvent));

	sqlapi_begin_write("adama.delete()");
	if (!caller.is_role || !sqlapi_is_owner(space))
	{
		copy = store_document_read(space, key);
		if (copy == NULL && !caller.is_role)
			store_raise_unknown_document(space, key);
		if (copy == NULL || !vm_program_handles(store_program_current(space)->vm, VM_EVENT_DELETE))
		{
			if (!caller.is_role)
				sqlapi_denied("deleting document \"%s\" is denied by the program", key);
			sqlapi_require_owner(space);
		}
	}
	sqlapi_event(event, VM_EVENT_DELETE, space, key, &caller);
	store_delete(space, key, event);
	worker_document_changed(schema, key);
	pfree(event);
	PG_RETURN_VOID();
}

/* ---- assets ---- */

Datum
adama_sql_attach(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	char	   *key;
	SqlCaller	caller = sqlapi_caller();
	StoreEvent *event = palloc(sizeof(StoreEvent));
	KitArena   *arena;
	KitDiag		diag = {0};
	int64		seq;

	sqlapi_require_arguments(fcinfo, 2);
	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("asset must not be null")));
	space = sqlapi_space(PG_GETARG_DATUM(0));
	key = sqlapi_key(PG_GETARG_DATUM(1));
	sqlapi_begin_write("adama.attach()");
	arena = kit_arena_new("adama asset");
	sqlapi_event(event, VM_EVENT_ATTACH, space, key, &caller);
	if (!sqlapi_event_message(event, encode_argument(PG_GETARG_DATUM(2), arena), &diag) || !sqlapi_may_send(space, NULL, event, &caller, &diag))
		store_raise(&diag);
	seq = sqlapi_reduce(space, key, event);
	kit_arena_delete(arena);
	pfree(event);
	PG_RETURN_INT64(seq);
}

/* Asks the program that the document runs now, which may be an older one than adama.attach would bring it to. */
Datum
adama_sql_can_attach(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	char	   *key = sqlapi_key(PG_GETARG_DATUM(1));
	SqlCaller	caller = sqlapi_caller();
	StoreEvent *event = palloc(sizeof(StoreEvent));
	VmLimits	limits = store_limits();
	const StoreCopy *copy;
	KitArena   *scratch;
	KitDiag		diag = {0};
	bool		may;

	sqlapi_event(event, VM_EVENT_ATTACH, space, key, &caller);
	may = sqlapi_may_send(space, NULL, event, &caller, &diag);
	if (!may && diag.code != KIT_DENIED)
		store_raise(&diag);
	copy = store_document_read(space, key);
	if (copy == NULL)
		store_raise_unknown_document(space, key);
	if (may)
	{
		scratch = kit_arena_new("adama can_attach");
		event->event.at = vm_program_time(copy->program->vm, sqlapi_milliseconds(copy->updated), sqlapi_milliseconds(GetCurrentStatementStartTimestamp()));
		event->event.seq = copy->seq + 1;
		if (!vm_may_attach(copy->doc, &event->event, &limits, scratch, &may, &diag))
			store_raise(&diag);
		kit_arena_delete(scratch);
	}
	pfree(event);
	PG_RETURN_BOOL(may);
}
