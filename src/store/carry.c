/*
 * carry.c
 *	  A document as one JSON value, and a document made of one: adama.export, adama.import.
 *
 *		{"adama": 1, "space": …, "key": …,
 *		 "document": {"seq", "updated", "state", "state_seq", "program", "created", …},		its row
 *		 "log": [{"seq", "events", "at", "event", …}, …],									its rows of the log, in order
 *		 "programs": [{"version", "source", "sources"}, …]}									those that the rows name
 *
 * Rows are objects of their columns without nulls; documents and deltas are strings, since jsonb keeps neither the order of members nor what tells 1 from 1.0, and
 * a log is compared to the byte.
 *
 * A document that is imported must be what its log makes of it (verify.c), or nothing is made.  Versions of the program have other numbers here, and are found by
 * their texts.  It begins a life of its own (created): what sessions know of an earlier document with its key is not of this one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#include "store/internal.h"

#define FORMAT 1

/* The statements name the space's schema by %s; what is not qualified is of pg_catalog, the only one in the search_path. */
static const char *const export_sql =
	"SELECT jsonb_build_object('adama', 1, 'space', $2, 'key', d.key, 'document', jsonb_strip_nulls(to_jsonb(d) - 'key' - 'due'), "
	"'log', (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(l) - 'key') ORDER BY l.seq) FROM %1$s.log l WHERE l.key = d.key), "
	"'programs', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('version', p.version, 'source', p.source, 'sources', p.sources::text)) ORDER BY p.version) "
	"FROM %1$s.program p WHERE p.version = d.program OR p.version IN (SELECT l.program FROM %1$s.log l WHERE l.key = d.key))) "
	"FROM %1$s.document d WHERE d.key = $1";

/* The version here of each that came along, null when there is none; its own number is preferred. */
static const char *const programs_sql =
	"SELECT x.version, (SELECT p.version FROM %1$s.program p WHERE p.source = x.source "
	"AND (p.sources IS NULL AND x.sources IS NULL OR p.sources OPERATOR(adama.=) x.sources) ORDER BY p.version = x.version DESC, p.version DESC LIMIT 1) "
	"FROM jsonb_to_recordset($1->'programs') x (version int, source text, sources adama.document) ORDER BY x.version";

/* $2: the key; $3: an object from versions there to versions here.  An upgrade's message names the version, too. */
static const char *const log_sql =
	"INSERT INTO %1$s.log SELECT r.* FROM jsonb_array_elements($1->'log') e, LATERAL jsonb_populate_record(NULL::%1$s.log, e "
	"|| jsonb_build_object('key', $2, 'program', $3->(e->>'program')) "
	"|| CASE WHEN e->>'event' = 'upgrade' THEN jsonb_build_object('message', format('{\"program\":%%s}', $3->>(e->>'program'))) ELSE '{}' END) r";

static const char *const document_sql =
	"INSERT INTO %1$s.document SELECT r.* FROM jsonb_populate_record(NULL::%1$s.document, $1->'document' "
	"|| jsonb_build_object('key', $2, 'program', $3->($1->'document'->>'program'), 'created', clock_timestamp(), 'due', NULL)) r";

/* ---- export ---- */

Datum
store_export(StoreSpace *space, const char *key)
{
	MemoryContext caller = CurrentMemoryContext;
	NameData	name = space->name;
	StoreSession session;
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2] = {CStringGetTextDatum(key), CStringGetTextDatum(NameStr(name))};
	Datum		result;
	bool		isnull;

	store_session_begin(&session, space);
	store_session_run(&session, export_sql, 2, types, values, NULL, true);
	if (SPI_processed == 0)
		store_raise_unknown_document(space, key);
	result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	MemoryContextSwitchTo(caller);
	result = datumCopy(result, false, -1);
	store_session_end(&session);
	return result;
}

/* ---- import ---- */

static void
refuse(const char *format,...) pg_attribute_printf(1, 2) pg_attribute_noreturn();

static void
refuse(const char *format,...)
{
	char		detail[200];
	va_list		args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the value is no exported document"),
			 errdetail_internal("%s", detail)));
}

/* The member of an object; null when it is not there or of another type. */
static JsonbValue *
find_member(Jsonb *object, const char *name, JsonbValue *value)
{
	return JB_ROOT_IS_OBJECT(object) ? getKeyJsonValueFromContainer(&object->root, name, strlen(name), value) : NULL;
}

static void
require_container(Jsonb *exported, const char *name, bool is_array)
{
	JsonbValue	value;

	if (find_member(exported, name, &value) == NULL || value.type != jbvBinary ||
		(is_array ? !JsonContainerIsArray(value.val.binary.data) : !JsonContainerIsObject(value.val.binary.data)))
		refuse("\"%s\" is no %s.", name, is_array ? "array" : "object");
}

static void
check_form(Jsonb *exported)
{
	JsonbValue	value;

	if (find_member(exported, "adama", &value) == NULL || value.type != jbvNumeric)
		refuse("It has no number \"adama\".");
	if (DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value.val.numeric))) != FORMAT)
		refuse("It is of another version than %d, which this one reads.", FORMAT);
	require_container(exported, "document", false);
	require_container(exported, "log", true);
	require_container(exported, "programs", true);
}

static char *
text_member(Jsonb *exported, const char *name)
{
	JsonbValue	value;

	if (find_member(exported, name, &value) == NULL || value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

/* The object of versions, as JSON text. */
static char *
map_programs(const StoreSession *session, StoreSpace *space, Datum exported)
{
	StringInfoData map;
	Oid			types[1] = {JSONBOID};

	store_session_run(session, programs_sql, 1, types, &exported, NULL, false);
	initStringInfo(&map);
	appendStringInfoChar(&map, '{');
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *there = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		char	   *here = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);

		if (there == NULL)
			refuse("A program has no version.");
		if (here == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("space \"%s\" never had the program that is version %s of the exported document", NameStr(space->name), there),
					 errhint("Deploy it to the space before: its text is in \"programs\", with what it includes. What the document runs at last is to be deployed last.")));
		appendStringInfo(&map, "%s\"%s\":%s", i > 0 ? "," : "", there, here);
	}
	appendStringInfoChar(&map, '}');
	return map.data;
}

/* Documents move to the newest program whatever they run, so that must be able to take this one. */
static void
check_upgrades(StoreSpace *space, int version)
{
	KitDiag		diag = {0};

	if (version != space->version && !vm_program_upgrades(store_program(space, version)->vm, store_program_current(space)->vm, &diag))
		store_raise(&diag);
}

/* past: the document as its log makes it. */
static void
check_log(StoreSpace *space, const char *key, const char *from_space, const char *from_key, StorePast *past)
{
	Snapshot	snapshot = store_snapshot_now();
	KitArena   *arena = kit_arena_new("adama import");
	StoreDivergence divergence;

	if (!store_verify(space, key, snapshot, arena, false, &divergence, past))
	{
		bool		is_other = from_space == NULL || from_key == NULL || strcmp(from_space, NameStr(space->name)) != 0 || strcmp(from_key, key) != 0;

		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the log of the exported document disagrees with itself at %lld", (long long) divergence.seq),
				 errdetail_internal("%s", divergence.problem),
				 is_other ? errhint("When its program asks for the names of document and space, it can only be imported under those that it had.") : 0));
	}
	kit_arena_delete(arena);
	UnregisterSnapshot(snapshot);
}

static void
publish(StoreSpace *space, const char *key, const StorePast *past)
{
	KitArena   *arena = kit_arena_new("adama import");
	KitDiag		diag = {0};
	StoreReplicas *replicas = store_replicas_all(space, key, past->doc, &store_no_limits, arena, &diag);

	if (replicas == NULL)
		store_raise(&diag);
	store_replicas_write(space, key, NULL, replicas, past->seq, past->at);
	kit_arena_delete(arena);
}

static void
add_context(void *key)
{
	errcontext("import of document \"%s\"", (char *) key);
}

int64
store_import(StoreSpace *space, const char *key, Datum exported)
{
	Oid			schema = space->schema;
	Jsonb	   *json = DatumGetJsonbP(exported);
	ErrorContextCallback context = {error_context_stack, add_context, (void *) key};
	StoreSession session;
	Oid			types[3] = {JSONBOID, TEXTOID, JSONBOID};
	Datum		values[3] = {exported, CStringGetTextDatum(key)};
	StoreTable	table;
	StoreRow	row;
	Snapshot	snapshot;
	StorePast	past;

	check_form(json);
	store_session_begin(&session, space);
	store_create_lock(space, key);
	if (store_document_exists(space, key))
		store_raise_duplicate_document(space, key);
	error_context_stack = &context;
	values[2] = DirectFunctionCall1(jsonb_in, CStringGetDatum(map_programs(&session, space, exported)));
	/* The log first, as always: a trigger on the document finds all of it. */
	store_session_run(&session, log_sql, 3, types, values, NULL, false);
	store_session_run(&session, document_sql, 3, types, values, NULL, false);
	CommandCounterIncrement();

	/* Triggers may have run. */
	space = store_space_by_schema(schema);
	if (space == NULL)
		elog(ERROR, "the space is gone");
	snapshot = store_snapshot_now();
	table = store_table_open(space->document, AccessShareLock);
	if (!store_row_find(&table, key, snapshot))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, &row);
	store_table_close(&table);
	UnregisterSnapshot(snapshot);
	check_upgrades(space, row.program);
	check_log(space, key, text_member(json, "space"), text_member(json, "key"), &past);
	publish(space, key, &past);
	store_past_end(&past);
	error_context_stack = context.previous;
	store_session_end(&session);
	return row.seq;
}
