/*
 * deploy.c
 *	  adama.deploy, rollback, check and explain: a program's text comes in, and its author is told what is wrong with it.
 *
 * check lists everything, warnings too.  deploy raises the first error, with the line and a caret in its detail, and says how many more there are.
 */
#include "postgres.h"

#include "common/string.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "lang/sources.h"
#include "live/live.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_deploy);
PG_FUNCTION_INFO_V1(adama_sql_rollback);
PG_FUNCTION_INFO_V1(adama_sql_check);
PG_FUNCTION_INFO_V1(adama_sql_explain);

static void
require_utf8(void)
{
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("adama needs a database whose encoding is UTF8"),
				 errdetail("This one's is %s.", GetDatabaseEncodingName())));
}

static void
check_space_name(const char *name)
{
	KitDiag		diag = {0};

	if (name[0] == '\0')
		kit_fail(&diag, KIT_INVALID_NAME, "the name of a space must not be empty");
	else if (strlen(name) >= NAMEDATALEN)
		kit_fail(&diag, KIT_INVALID_NAME, "the name of a space must not exceed %d bytes", NAMEDATALEN - 1);
	else if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0 || strcmp(name, "public") == 0 || strcmp(name, "adama") == 0)
	{
		kit_fail(&diag, KIT_INVALID_NAME, "\"%s\" can't be the name of a space", name);
		kit_diag_hint(&diag, "A space is a schema of its own; choose a name that no schema has yet.");
	}
	for (const char *p = name; *p != '\0' && diag.code == KIT_OK; p++)
	{
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			kit_fail(&diag, KIT_INVALID_NAME, "the name of a space must not contain control characters");
	}
	if (diag.code != KIT_OK)
		store_raise(&diag);
}

/* Longer excerpts would push the rest of the detail out. */
#define EXCERPT_MAX_LEN 400

/*
 * The line of the program and the caret under it, as the renderer shows them after the message; nothing when the line is very long.  What is about an
 * included source begins with its name and the place.
 */
static char *
excerpt(const LangDiags *diags, const KitDiag *diag, VmText source, KitArena *arena)
{
	KitDiag		bare = *diag;
	KitBuf		buf;
	char	   *line;

	bare.detail[0] = bare.hint[0] = '\0';
	kit_buf_init(&buf, arena);
	lang_diags_render(diags, &bare, NULL, source.str, source.len, &buf);
	line = strchr(buf.data, '\n');
	if (line == NULL || strlen(line) > EXCERPT_MAX_LEN)
		return "";
	pg_strip_crlf(++line);
	return diag->file[0] == '\0' ? line : psprintf("%s:%d:%d\n%s", diag->file, diag->line, diag->column, line);
}

/* Raises the first error of the program. */
static void
raise_first(const LangDiags *diags, VmText source, KitArena *arena)
{
	const KitDiag *first = NULL;
	KitDiag		diag;
	char	   *shown;
	char	   *own_detail;

	for (int i = 0; i < diags->n && first == NULL; i++)
	{
		if (diags->items[i]->severity == KIT_SEVERITY_ERROR)
			first = diags->items[i];
	}
	if (first == NULL)
		elog(ERROR, "the program was refused without a reason");
	diag = *first;
	own_detail = pstrdup(diag.detail);
	shown = first->line > 0 ? excerpt(diags, first, source, arena) : "";
	/* A line of its own, so that the caret stays under what it points at. */
	kit_diag_detail(&diag, "%s%s%s%s%s", shown[0] != '\0' ? "\n" : "", shown, shown[0] != '\0' && own_detail[0] != '\0' ? "\n" : "", own_detail,
					diags->n_errors > 1 ? psprintf("%s(and %d more %s; adama.check lists them)", shown[0] != '\0' || own_detail[0] != '\0' ? "\n" : "",
												   diags->n_errors - 1, diags->n_errors > 2 ? "errors" : "error") : "");
	store_raise(&diag);
}

/* The argument that tells what there is to include: an object of texts. */
static void
read_sources(Datum jsonb, KitArena *arena, LangGiven *given)
{
	size_t		len;
	char	   *json = sqlapi_json_of_jsonb(jsonb, &len);
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocBytes	bytes;
	DocItem		object;
	DocCursor	members;
	DocKey		key;
	DocItem		item;
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	if (!sqlapi_encode_json(json, len, buf, &bytes, &diag))
		store_raise(&diag);
	object = sqlapi_fresh_item(bytes);
	if (object.kind != DOC_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sources must be an object: names and the texts of the sources")));
	members = object.body;
	while (doc_next_member(&members, &key, &item))
	{
		if (item.kind != DOC_STRING)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("source \"%.*s\" must be a string, its text", (int) Min(key.len, 100), key.str)));
	}
	lang_sources_of(given, object);
}

VmProgram *
sqlapi_compile(VmText source, Datum sources, KitArena *arena, LangDiags *diags)
{
	LangGiven  *given = KIT_NEW(arena, LangGiven);
	VmProgram  *program;

	require_utf8();
	read_sources(sources, arena, given);
	lang_diags_init(diags, arena);
	program = vm_program_build(source.str, source.len, &given->sources, diags);
	if (program == NULL)
		raise_first(diags, source, arena);
	return program;
}

static int
deploy(const char *name, VmText source, Datum sources)
{
	KitArena   *arena = kit_arena_new("adama deploy");
	LangDiags	diags;
	VmProgram  *program;
	StoreFunction *functions;
	KitBuf		used;
	int			n;
	int			version;

	kit_buf_init(&used, arena);
	program = sqlapi_compile(source, sources, arena, &diags);
	sqlapi_describe(program, arena, &functions, &n);
	version = store_deploy(name, source, lang_sources_used(&diags, &used), program, functions, n);
	vm_program_free(program);
	kit_arena_delete(arena);
	return version;
}

Datum
adama_sql_deploy(PG_FUNCTION_ARGS)
{
	char	   *name = TextDatumGetCString(PG_GETARG_DATUM(0));

	check_space_name(name);
	sqlapi_begin_write("adama.deploy()");
	PG_RETURN_INT32(deploy(name, sqlapi_text(PG_GETARG_DATUM(1)), PG_GETARG_DATUM(2)));
}

/* An old version, deployed again as a new one: documents never go back to another program, they go on to one. */
Datum
adama_sql_rollback(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	int			version = PG_GETARG_INT32(1);
	KitArena   *arena;
	char	   *source;
	DocBytes	bytes;
	Datum		sources;

	sqlapi_require_owner(space);
	sqlapi_begin_write("adama.rollback()");
	if (!store_program_source(space, version, &source, &bytes))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("space \"%s\" has no version %d of its program", NameStr(space->name), version),
				 errhint("Its table \"program\" lists the versions.")));
	arena = kit_arena_new("adama sources");
	sources = bytes.len > 0 ? store_jsonb_of_item(sqlapi_fresh_item(bytes), arena) : sqlapi_jsonb_of_json("{}");
	kit_arena_delete(arena);
	PG_RETURN_INT32(deploy(pstrdup(NameStr(space->name)), (VmText) {source, (uint32) strlen(source)}, sources));
}

static Datum
text_or_null(const char *str, bool *isnull)
{
	*isnull = str[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(str);
}

Datum
adama_sql_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	VmText		source = sqlapi_text(PG_GETARG_DATUM(0));
	KitArena   *arena;
	LangGiven	given;
	LangDiags	diags;
	VmProgram  *program;

	require_utf8();
	InitMaterializedSRF(fcinfo, 0);
	arena = kit_arena_new("adama check");
	read_sources(PG_GETARG_DATUM(1), arena, &given);
	lang_diags_init(&diags, arena);
	program = vm_program_build(source.str, source.len, &given.sources, &diags);
	for (int i = 0; i < diags.n; i++)
	{
		const KitDiag *diag = diags.items[i];
		Datum		values[7];
		bool		nulls[7] = {0};

		nulls[0] = nulls[1] = diag->line == 0;
		values[0] = Int32GetDatum(diag->line);
		values[1] = Int32GetDatum(diag->column);
		values[2] = CStringGetTextDatum(kit_error_name(diag->code));
		values[3] = CStringGetTextDatum(diag->severity == KIT_SEVERITY_ERROR ? "error" : "warning");
		values[4] = CStringGetTextDatum(diag->detail[0] != '\0' ? psprintf("%s (%s)", diag->message, diag->detail) : diag->message);
		values[5] = text_or_null(diag->hint, &nulls[5]);
		values[6] = text_or_null(diag->file, &nulls[6]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	if (program != NULL)
		vm_program_free(program);
	kit_arena_delete(arena);
	return (Datum) 0;
}

/* Whose program it is may know what its views cost. */
Datum
adama_sql_explain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	KitArena   *arena;
	LiveExplained *parts;
	int			n;

	sqlapi_require_owner(space);
	InitMaterializedSRF(fcinfo, 0);
	arena = kit_arena_new("adama explain");
	n = live_explain(store_program_current(space)->vm, arena, &parts);
	for (int i = 0; i < n; i++)
	{
		const LiveExplained *part = &parts[i];
		Datum		values[8];
		bool		nulls[8] = {0};

		values[0] = CStringGetTextDatum(part->part);
		values[1] = CStringGetTextDatum(part->kind);
		values[2] = BoolGetDatum(part->is_shared);
		values[3] = text_or_null(part->private_because, &nulls[3]);
		values[4] = CStringGetTextDatum(part->upkeep);
		values[5] = text_or_null(part->how, &nulls[5]);
		values[6] = text_or_null(part->reads, &nulls[6]);
		values[7] = Int32GetDatum(part->line);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	kit_arena_delete(arena);
	return (Datum) 0;
}
