/*
 * generated.c
 *	  The functions of a space that send and create: chat.publish(key, …), chat.create_document(key, …).
 *
 * All of them are the same two C functions.  Which space and channel is meant, a call learns from the function it was called as: its row in pg_proc says
 * schema, name and the names of the arguments.  That, and how the arguments become fields of the message, is kept per backend; a change of any
 * function (deploy, ALTER FUNCTION … RENAME, DROP) makes it look again, a change of the program makes it match fields again.
 *
 * EXECUTE was checked by the executor before it called.  That proves nothing when the function was moved here by somebody who may create in this schema: so
 * only functions count whose owner owns the schema.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "port/pgcompat.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_channel);
PG_FUNCTION_INFO_V1(adama_sql_create_document);

static HTAB *generated = NULL;

static void
forget_all(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	SqlGenerated *g;

	hash_seq_init(&scan, generated);
	while ((g = hash_seq_search(&scan)) != NULL)
		g->is_valid = false;
}

static void
forget_program(SqlGenerated *g)
{
	if (g->program != NULL)
		g->program->use_count--;
	g->program = NULL;
}

/* Reads the function's row.  The arguments' modes tell what goes in from the columns that come out. */
static void
look_up(SqlGenerated *g)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(g->function));
	Form_pg_proc proc;
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			n;
	MemoryContext old;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", g->function);
	forget_program(g);
	if (g->context == NULL)
		g->context = AllocSetContextCreate(TopMemoryContext, "adama function", ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(g->context);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	g->schema = proc->pronamespace;
	g->is_genuine = object_ownercheck(NamespaceRelationId, g->schema, proc->proowner);
	namestrcpy(&g->name, NameStr(proc->proname));
	old = MemoryContextSwitchTo(g->context);
	n = get_func_arg_info(tuple, &types, &names, &modes);
	g->arguments = palloc0(sizeof(char *) * (n + 1));
	g->columns = palloc0(sizeof(char *) * (n + 1));
	g->column_types = palloc0(sizeof(Oid) * (n + 1));
	g->n_arguments = g->n_columns = 0;
	for (int i = 0; i < n; i++)
	{
		const char *name = names != NULL ? names[i] : "";

		if (modes != NULL && modes[i] == PROARGMODE_TABLE)
		{
			g->columns[g->n_columns] = pstrdup(name);
			g->column_types[g->n_columns++] = types[i];
		}
		else
			g->arguments[g->n_arguments++] = pstrdup(name);
	}
	g->fields = palloc0(sizeof(LangField *) * (n + 1));
	g->shapes = palloc0(sizeof(SqlShape) * (n + 1));
	MemoryContextSwitchTo(old);
	ReleaseSysCache(tuple);
	g->is_valid = true;
}

SqlGenerated *
sqlapi_generated(Oid function)
{
	SqlGenerated *g;
	bool		found;

	if (generated == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SqlGenerated), .hcxt = TopMemoryContext};

		generated = hash_create("adama functions", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		CacheRegisterSyscacheCallback(PROCOID, forget_all, (Datum) 0);
	}
	g = hash_search(generated, &function, HASH_ENTER, &found);
	if (!found)
	{
		memset(g, 0, sizeof(*g));
		g->function = function;
	}
	if (!g->is_valid)
		look_up(g);
	if (!g->is_genuine)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function \"%s\" is not its schema's owner's", NameStr(g->name)),
				 errhint("Deploy the program again after the schema's owner was changed.")));
	return g;
}

/* Finds the field of each argument after the first in the message of this program. */
static void
match_fields(SqlGenerated *g, StoreProgram *program, const LangChannel *channel, const LangStruct *message)
{
	forget_program(g);
	g->channel = channel;
	g->message = message;
	for (int i = 1; i < g->n_arguments; i++)
	{
		const char *name = g->arguments[i];

		g->fields[i] = message != NULL ? lang_struct_field(message, name, strlen(name)) : NULL;
		if (g->fields[i] != NULL)
			g->shapes[i] = sqlapi_argument_shape(g->fields[i]->type);
	}
	g->program = program;
	program->use_count++;
}

static StoreSpace *
space_of(SqlGenerated *g)
{
	StoreSpace *space = store_space_by_schema(g->schema);

	if (space == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("function \"%s\" lies in a schema that is no space", NameStr(g->name)),
				 errhint("Use adama.deploy to make the schema a space again.")));
	return space;
}

static void
null_field(const SqlGenerated *g, int i, KitDiag *diag)
{
	if (g->message->name != NULL)
		kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" of message \"%s\" must not be null", g->arguments[i], g->message->name->text);
	else
		kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must not be null", g->arguments[i]);
}

/* The message that the arguments make, encoded. */
static DocBytes
encode_fields(FunctionCallInfo fcinfo, const SqlGenerated *g, KitArena *arena, KitBuf *buf)
{
	DocWriter	w;
	KitDiag		diag = {0};

	doc_write_begin(&w, buf, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	for (int i = 1; i < PG_NARGS(); i++)
	{
		if (g->fields[i] == NULL)
		{
			kit_fail(&diag, KIT_UNKNOWN_FIELD, "argument \"%s\" of function \"%s\" is no field of the message", g->arguments[i], NameStr(g->name));
			kit_diag_hint(&diag, "Deploy the program again.");
			store_raise(&diag);
		}
		if (PG_ARGISNULL(i))
		{
			if (g->shapes[i].is_nullable)
				continue;
			null_field(g, i, &diag);
			store_raise(&diag);
		}
		doc_write_key(&w, g->fields[i]->name->text, g->fields[i]->name->len);
		if (!sqlapi_write_value(&w, &g->shapes[i], PG_GETARG_DATUM(i), arena, g->arguments[i], &diag))
			store_raise(&diag);
	}
	doc_write_object_end(&w);
	return doc_write_end(&w);
}

/* The message that is the only argument after the key. */
static DocBytes
encode_whole(FunctionCallInfo fcinfo, const SqlGenerated *g, KitBuf *buf)
{
	size_t		len;
	char	   *json;
	DocBytes	bytes;
	KitDiag		diag = {0};

	if (PG_NARGS() != 2 || PG_ARGISNULL(1))
	{
		kit_fail(&diag, KIT_INVALID_MESSAGE, "the message must not be null");
		store_raise(&diag);
	}
	json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(1), &len);
	if (!sqlapi_encode_json(json, len, buf, &bytes, &diag))
		store_raise(&diag);
	return bytes;
}

static char *
key_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the key of a document must not be null")));
	return sqlapi_key(PG_GETARG_DATUM(0));
}

Datum
adama_sql_channel(PG_FUNCTION_ARGS)
{
	SqlGenerated *g = sqlapi_generated(fcinfo->flinfo->fn_oid);
	StoreSpace *space = space_of(g);
	StoreProgram *program = store_program_current(space);
	char	   *key = key_argument(fcinfo);
	const LangChannel *channel;
	KitArena   *arena;
	KitBuf		buf;
	DocBytes	message;
	int64		seq;

	if (g->program != program)
	{
		channel = sqlapi_channel(space, NameStr(g->name), strlen(NameStr(g->name)));
		match_fields(g, program, channel, channel->message);
	}
	/* g may be gone after anything that runs SQL, as triggers do; the channel is the program's, which the document holds. */
	channel = g->channel;
	arena = kit_arena_new("adama message");
	kit_buf_init(&buf, arena);
	if (sqlapi_takes_fields(channel->message, channel->is_array))
		message = encode_fields(fcinfo, g, arena, &buf);
	else
		message = encode_whole(fcinfo, g, &buf);
	seq = sqlapi_send(space, key, channel, message, SQLAPI_NO_TEXT);
	kit_arena_delete(arena);
	PG_RETURN_INT64(seq);
}

Datum
adama_sql_create_document(PG_FUNCTION_ARGS)
{
	SqlGenerated *g = sqlapi_generated(fcinfo->flinfo->fn_oid);
	StoreSpace *space = space_of(g);
	StoreProgram *program = store_program_current(space);
	char	   *key = key_argument(fcinfo);
	KitArena   *arena;
	KitBuf		buf;
	DocBytes	argument = SQLAPI_NO_BYTES;
	int64		seq;

	if (g->program != program)
		match_fields(g, program, NULL, vm_program_lang(program->vm)->construct_message);
	arena = kit_arena_new("adama message");
	kit_buf_init(&buf, arena);
	if (g->message != NULL)
		argument = sqlapi_takes_fields(g->message, false) ? encode_fields(fcinfo, g, arena, &buf) : encode_whole(fcinfo, g, &buf);
	seq = sqlapi_create(space, key, argument);
	kit_arena_delete(arena);
	PG_RETURN_INT64(seq);
}
