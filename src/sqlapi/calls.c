/*
 * calls.c
 *	  adama.create, adama.send, adama.delete: the generic forms, which take the message as JSON.
 *
 * They ask for the privileges that the generated functions of the space carry.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_create);
PG_FUNCTION_INFO_V1(adama_sql_send);
PG_FUNCTION_INFO_V1(adama_sql_delete);

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
		if (copy == NULL || !vm_program_handles(copy->program->vm, VM_EVENT_DELETE))
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
