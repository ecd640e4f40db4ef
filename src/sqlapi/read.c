/*
 * read.c
 *	  Functions of a space that read: chat.publishes(key) yields the rows of a formula, a bubble or a field, as far as the caller may see them.
 *
 * Privacy is the program's: a field of the root that the caller may not see has no rows, a record that its require hides is left out, a column
 * that privacy or a policy hides is null.  A document that still runs an older program is read as that one says: what it lacks is null.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_read);

typedef struct Reading
{
	VmReader   *reader;
	KitArena   *arena;
	int			n_columns;
	const LangField **fields;	/* by column; NULL: not there, or of another type */
	SqlShape   *shapes;
} Reading;

static void
check(bool ok, const KitDiag *diag)
{
	if (!ok)
		store_raise(diag);
}

static void
match_columns(Reading *r, const SqlGenerated *g, const LangStruct *rows)
{
	r->n_columns = g->n_columns;
	r->fields = palloc0(sizeof(LangField *) * (g->n_columns + 1));
	r->shapes = palloc0(sizeof(SqlShape) * (g->n_columns + 1));
	for (int i = 0; i < g->n_columns; i++)
	{
		const LangField *field = lang_struct_field(rows, g->columns[i], strlen(g->columns[i]));

		if (field != NULL && sqlapi_is_column(field, &r->shapes[i]) && sqlapi_shape_oid(&r->shapes[i]) == g->column_types[i])
			r->fields[i] = field;
	}
}

/* False when the row is not for the caller. */
static bool
read_row(Reading *r, VmObj *row, Datum *values, bool *nulls)
{
	KitDiag		diag = {0};
	bool		is_record = row->structure->kind == LANG_STRUCT_RECORD;
	bool		may = true;

	if ((row->flags & VM_OBJ_DELETED) != 0)
		return false;
	if (is_record)
		check(vm_reader_may_see_record(r->reader, row, &may, &diag), &diag);
	if (!may)
		return false;
	for (int i = 0; i < r->n_columns; i++)
	{
		VmVal		value;

		values[i] = (Datum) 0;
		nulls[i] = true;
		if (r->fields[i] == NULL)
			continue;
		if (is_record)
			check(vm_reader_may_see(r->reader, row, r->fields[i], &may, &diag), &diag);
		if (!may)
			continue;
		if (r->fields[i]->is_id)
			value.i = row->id;
		else
			check(vm_reader_field(r->reader, row, r->fields[i], &value, &diag), &diag);
		values[i] = sqlapi_read_value(&r->shapes[i], value, r->arena, &nulls[i]);
	}
	return true;
}

static void
read_rows(ReturnSetInfo *result, Reading *r, VmObj *root, const LangField *field)
{
	KitDiag		diag = {0};
	Datum	   *values = palloc(sizeof(Datum) * (r->n_columns + 1));
	bool	   *nulls = palloc(sizeof(bool) * (r->n_columns + 1));
	bool		may;
	VmVal		list;

	check(vm_reader_may_see(r->reader, root, field, &may, &diag), &diag);
	if (!may)
		return;
	check(vm_reader_field(r->reader, root, field, &list, &diag), &diag);
	for (uint32 i = 0; i < list.list->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (read_row(r, list.list->items[i].obj, values, nulls))
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* The viewer state that was given, or the program's. */
static VmObj *
viewer_of(FunctionCallInfo fcinfo, const VmProgram *program, KitArena *arena)
{
	size_t		len;
	char	   *json;
	KitBuf		buf;
	DocBytes	bytes;
	KitDiag		diag = {0};
	VmObj	   *viewer;

	if (PG_NARGS() < 2 || PG_ARGISNULL(1))
		return NULL;
	json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(1), &len);
	kit_buf_init(&buf, arena);
	check(sqlapi_encode_json(json, len, &buf, &bytes, &diag), &diag);
	check(vm_viewer_decode(program, sqlapi_fresh_item(bytes), arena, &viewer, &diag), &diag);
	return viewer;
}

Datum
adama_sql_read(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SqlGenerated *g = sqlapi_generated(fcinfo->flinfo->fn_oid);
	StoreSpace *space = store_space_by_schema(g->schema);
	SqlCaller	caller = sqlapi_caller();
	const StoreCopy *copy;
	const LangProgram *program;
	const LangField *field;
	const LangStruct *rows;
	VmLimits	limits = store_limits();
	char	   *key;
	Reading		r = {0};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	key = sqlapi_key(PG_GETARG_DATUM(0));
	copy = space != NULL ? store_document_read(space, key) : NULL;
	if (copy == NULL)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_UNKNOWN_DOCUMENT, "document \"%s\" of space \"%s\" does not exist", key, space != NULL ? NameStr(space->name) : "?");
		store_raise(&diag);
	}
	sqlapi_require_look(copy->program->vm, &caller, key);
	program = vm_program_lang(copy->program->vm);
	field = lang_struct_field(program->root, NameStr(g->name), strlen(NameStr(g->name)));
	rows = field != NULL ? sqlapi_rows_of(field) : NULL;
	if (rows == NULL)
		return (Datum) 0;

	r.arena = kit_arena_new("adama read");
	match_columns(&r, g, rows);
	r.reader = vm_reader_new(copy->doc, r.arena, vm_principal_new(r.arena, caller.agent.str, caller.agent.len, caller.authority.str, caller.authority.len),
							 viewer_of(fcinfo, copy->program->vm, r.arena), sqlapi_milliseconds(copy->updated), copy->seq,
							 (VmText) {NameStr(space->name), (uint32) strlen(NameStr(space->name))}, (VmText) {key, (uint32) strlen(key)}, &limits);
	read_rows(result, &r, vm_doc_root(copy->doc), field);
	kit_arena_delete(r.arena);
	return (Datum) 0;
}
