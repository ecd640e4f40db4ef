/*
 * target_map.c
 *	  What of a replica goes to which column of a table, and whether it fits there.
 *
 * The same is asked three times: when a target is registered, where everything must fit; when this backend first uses it, for the table may have changed since; and when a program
 * is deployed, whose types may be others.  Whatever does not fit is told at once, a sentence each.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/string.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "lang/near.h"
#include "port/pgcompat.h"
#include "store/target.h"

/* ---- columns ---- */

static void
add_column(TargetWork *work, Form_pg_attribute att, TargetSource source, const char *member)
{
	TargetColumn *column = &work->map->columns[work->map->n_columns++];
	Oid			schema;
	Oid			input;
	HeapTuple	tuple;
	int			before = work->problems->len;
	int32		typmod = att->atttypmod;

	memset(column, 0, sizeof(*column));
	column->name = pstrdup(NameStr(att->attname));
	column->number = att->attnum;
	column->source = source;
	column->member = member != NULL ? pstrdup(member) : NULL;
	column->type = getBaseTypeAndTypmod(att->atttypid, &typmod);
	column->max_chars = column->type == VARCHAROID && typmod > VARHDRSZ ? typmod - VARHDRSZ : 0;
	column->is_domain = column->type != att->atttypid;
	column->class = store_target_class_of(column->type);
	column->array_type = get_array_type(column->type);
	get_typlenbyvalalign(column->type, &column->len, &column->by_value, &column->align);
	getTypeInputInfo(column->type, &input, &column->io_param);
	fmgr_info_cxt(input, &column->input, CurrentMemoryContext);
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(column->type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", column->type);
	schema = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
	/* format_type would call a char without length "character", which has length 1. */
	column->type_name = quote_qualified_identifier(get_namespace_name(schema), NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);

	if (att->attgenerated != '\0')
		store_target_problem_is(work, "Column \"%s\" is generated, nothing can be written there", column->name);
	else if (att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
		store_target_problem_is(work, "Column \"%s\" is GENERATED ALWAYS AS IDENTITY, nothing can be written there", column->name);
	else if (source == TARGET_MEMBER)
		store_target_fit_members(work, column);
	else
		store_target_fit_source(work, column);
	/* Only base types that somebody made without one. */
	if (!OidIsValid(column->array_type) && work->problems->len == before)
		store_target_problem_is(work, "Column \"%s\" is of type %s, which has no arrays", column->name, store_target_shown_type(work, column));
}

/* The nearest member, for who mistyped one. */
typedef struct Nearest
{
	const char *wanted;
	const char *found;
	int			distance;
} Nearest;

static void
come_near(TargetWork *work, const char *member, void *arg)
{
	Nearest    *nearest = arg;
	int			distance;

	if (strlen(member) > LANG_NEAR_MAX || strlen(nearest->wanted) > LANG_NEAR_MAX)
		return;
	distance = lang_near(nearest->wanted, member, nearest->distance);
	if (distance < nearest->distance)
	{
		nearest->distance = distance;
		nearest->found = member;
	}
}

static void
add_explicit(TargetWork *work, Form_pg_attribute att, const JsonbValue *value)
{
	char	   *source;

	if (value->type != jbvString)
	{
		store_target_problem_is(work, "What goes into column \"%s\" must be a string: the name of a member, or $key, $row, …", NameStr(att->attname));
		return;
	}
	source = pnstrdup(value->val.string.val, value->val.string.len);
	for (TargetSource i = TARGET_MEMBER + 1; i < TARGET_N_SOURCES; i++)
	{
		if (strcmp(source, target_sources[i].name) == 0)
		{
			add_column(work, att, i, NULL);
			return;
		}
	}
	if (store_target_has_member(work, source))
		add_column(work, att, TARGET_MEMBER, source);
	else if (source[0] == '$')
		store_target_problem_is(work, "There is no \"%s\" for column \"%s\"; there are $key, $row, $space, $name, $id, $seq, $hash, $at and $value", source, NameStr(att->attname));
	else
	{
		Nearest		nearest = {source, NULL, lang_near_limit(source)};

		store_target_each_member(work, come_near, &nearest);
		store_target_problem_is(work, nearest.found != NULL ? "Column \"%s\" wants member \"%s\", which is not published; there is \"%s\"" :
				"Column \"%s\" wants member \"%s\", which is not published", NameStr(att->attname), source, nearest.found);
	}
}

static bool
is_column(const TargetWork *work, const char *name)
{
	for (int i = 0; i < work->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(work->desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return true;
	}
	return false;
}

/* Which column a member goes to by its name; the same in lower case will do, which is what CREATE TABLE makes of a name without quotes. */
static char *
column_of_member(const TargetWork *work, const char *member)
{
	char	   *lower;

	if (is_column(work, member))
		return pstrdup(member);
	lower = asc_tolower(member, strlen(member));
	return is_column(work, lower) && !store_target_has_member(work, lower) ? lower : NULL;
}

typedef struct ByName
{
	const char *column;
	const char *member;			/* that goes there */
} ByName;

static void
match_name(TargetWork *work, const char *member, void *arg)
{
	ByName	   *by_name = arg;
	char	   *column = column_of_member(work, member);

	if (column != NULL && strcmp(column, by_name->column) == 0)
		by_name->member = member;
}

static void
require_column(TargetWork *work, const char *member, void *arg)
{
	if (column_of_member(work, member) == NULL)
		store_target_problem_is(work, "There is no column for member \"%s\"", member);
}

static void
add_by_name(TargetWork *work, Form_pg_attribute att)
{
	ByName		by_name = {NameStr(att->attname), NULL};
	TargetSource source = TARGET_MEMBER;

	if (strcmp(by_name.column, "key") == 0 || strcmp(by_name.column, "document") == 0)
		source = TARGET_KEY;
	else if (strcmp(by_name.column, "row") == 0)
		source = TARGET_ROW;
	store_target_each_member(work, match_name, &by_name);
	if (by_name.member != NULL && source != TARGET_MEMBER)
		store_target_problem_is(work, "Column \"%s\" could get %s or member \"%s\"; say it in columns", by_name.column, target_sources[source].name, by_name.member);
	else if (by_name.member != NULL || source != TARGET_MEMBER)
		add_column(work, att, source, by_name.member);
}

static void
require_column_of_key(TargetWork *work, Jsonb *columns)
{
	JsonbIterator *it = JsonbIteratorInit(&columns->root);
	JsonbValue	value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		if (!is_column(work, name))
			store_target_problem_is(work, "The table has no column \"%s\"", name);
	}
}

static void
map_columns(TargetWork *work, Jsonb *columns)
{
	TargetMap  *map = work->map;

	map->columns = palloc(sizeof(TargetColumn) * (work->desc->natts + 1));
	for (int i = 0; i < work->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(work->desc, i);
		JsonbValue	value;
		int			before = map->n_columns;
		int			n_problems = work->problems->len;

		if (att->attisdropped)
			continue;
		if (columns == NULL)
			add_by_name(work, att);
		else if (getKeyJsonValueFromContainer(&columns->root, NameStr(att->attname), (int) strlen(NameStr(att->attname)), &value) != NULL)
			add_explicit(work, att, &value);
		if (map->n_columns == before && work->problems->len == n_problems && store_target_is_not_null(att) && !att->atthasdef && att->attidentity == '\0')
			store_target_problem_is(work, "Nothing goes into column \"%s\", which is NOT NULL without a default", NameStr(att->attname));
	}
	if (columns == NULL)
		store_target_each_member(work, require_column, NULL);
	else
		require_column_of_key(work, columns);
}

/* ---- the table ---- */

static bool
is_of_space(Relation rel)
{
	StoreSpace *space = store_space_by_schema(RelationGetNamespace(rel));
	Oid			oid = RelationGetRelid(rel);

	return space != NULL && (oid == space->document || oid == space->log || oid == space->program || oid == space->connection || oid == space->replica ||
							 oid == space->replication || oid == space->replica_change || oid == space->outbox);
}

/* The first trigger, or constraint by which it is there, that is put off to the end of transactions; NULL. */
static const char *
find_deferred(Relation rel)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tginitdeferred && trigger->tgenabled != TRIGGER_DISABLED)
			return trigger->tgisinternal && OidIsValid(trigger->tgconstraint) ? get_constraint_name(trigger->tgconstraint) : trigger->tgname;
	}
	return NULL;
}

static bool
look_at_table(TargetWork *work)
{
	Relation	rel = work->rel;
	const char *deferred = find_deferred(rel);

	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE && rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		store_target_problem_is(work, "It is neither a table nor a foreign table");
	else if (IsSystemRelation(rel))
		store_target_problem_is(work, "It is a system catalog");
	else if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		store_target_problem_is(work, "It is a temporary table, which other sessions can't write to");
	else if (is_of_space(rel))
		store_target_problem_is(work, "It is a table of a space, which only adama writes");
	else if (rel->rd_rel->relhasrules)
		store_target_problem_is(work, "It has rules, with which ON CONFLICT can't be used");
	else if (deferred != NULL)
		store_target_problem_is(work, "Its \"%s\" is INITIALLY DEFERRED; such triggers and constraints can't be run on others' behalf: make it INITIALLY IMMEDIATE", deferred);
	else if (check_enable_rls(RelationGetRelid(rel), work->map->writer, true) == RLS_ENABLED)
		store_target_problem_is(work, "Row-level security applies to role \"%s\", the owner of the %s: rows that it can't see could not be kept in step",
								GetUserNameFromId(work->map->writer, false), work->map->writer == work->space->owner ? "space" : "table");
	else
		return rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE || store_target_foreign_is_writable(work);
	return false;
}

/* With the table's schema, unless anybody may put functions there that would be taken for those which triggers mean. */
static char *
search_path_of(Relation rel)
{
	Oid			schema = RelationGetNamespace(rel);

	if (object_aclcheck(NamespaceRelationId, schema, ACL_ID_PUBLIC, ACL_CREATE) == ACLCHECK_OK)
		return pstrdup(STORE_SEARCH_PATH);
	return psprintf("pg_catalog, %s, pg_temp", quote_identifier(get_namespace_name(schema)));
}

bool
store_target_map(StoreSpace *space, const LangProgram *program, const char *name, Relation rel, Datum columns, bool has_columns, List *identity, TargetMap *map,
				 StringInfo problems)
{
	TargetWork		work = {space, program, map, rel, RelationGetDescr(rel), problems, false};

	memset(map, 0, sizeof(*map));
	map->space = pstrdup(NameStr(space->name));
	map->name = pstrdup(name);
	map->relation = RelationGetRelid(rel);
	map->writer = store_target_writer(space, rel);
	map->table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)), RelationGetRelationName(rel));
	map->search_path = search_path_of(rel);
	map->is_foreign = rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
	map->is_partitioned = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	if (!store_target_is_published(program, name, problems) || !look_at_table(&work))
		return false;
	for (int i = 0; i < program->n_replications; i++)
		work.of_records |= store_target_is_of_name(&work, program->replications[i]) && program->replications[i]->owner != program->root;
	map_columns(&work, has_columns ? DatumGetJsonbP(columns) : NULL);
	if (map->is_foreign)
		store_target_find_identity_foreign(&work, identity);
	else
		store_target_find_identity_local(&work, identity);
	map->is_direct = store_target_is_direct(map, rel);
	if (map->is_foreign && problems->len == 0)
		store_target_fit_foreign(&work);
	return problems->len == 0;
}

/* Who may put triggers on the table shall not have them run by a superuser. */
Oid
store_target_writer(const StoreSpace *space, Relation rel)
{
	Oid			owner = rel->rd_rel->relowner;

	return superuser_arg(space->owner) && !superuser_arg(owner) ? owner : space->owner;
}

const char *
store_target_denied(const StoreSpace *space, Relation rel)
{
	static const struct
	{
		AclMode		mode;
		const char *name;
	}			needed[] = {{ACL_INSERT, "INSERT"}, {ACL_UPDATE, "UPDATE"}, {ACL_DELETE, "DELETE"}, {ACL_SELECT, "SELECT"}};
	const char *owner = GetUserNameFromId(space->owner, false);

	if (object_aclcheck(NamespaceRelationId, RelationGetNamespace(rel), space->owner, ACL_USAGE) != ACLCHECK_OK)
		return psprintf("role \"%s\", the owner of the space, has no USAGE on schema \"%s\"", owner, get_namespace_name(RelationGetNamespace(rel)));
	for (size_t i = 0; i < lengthof(needed); i++)
	{
		if (pg_class_aclcheck(RelationGetRelid(rel), space->owner, needed[i].mode) != ACLCHECK_OK)
			return psprintf("role \"%s\", the owner of the space, has no %s on table \"%s\"", owner, needed[i].name, RelationGetRelationName(rel));
	}
	return NULL;
}

/* ---- what is kept of it ---- */

Datum
store_target_columns(const TargetMap *map)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < map->n_columns; i++)
	{
		const TargetColumn *column = &map->columns[i];
		const char *source = column->source == TARGET_MEMBER ? column->member : target_sources[column->source].name;
		JsonbValue	key = {.type = jbvString, .val.string = {(int) strlen(column->name), column->name}};
		JsonbValue	value = {.type = jbvString, .val.string = {(int) strlen(source), unconstify(char *, source)}};

		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(result));
}

Datum
store_target_identity(const TargetMap *map)
{
	Datum	   *names = palloc(sizeof(Datum) * (map->n_identity + 1));
	int			n = 0;

	for (int i = 0; i < map->n_columns; i++)
	{
		if (map->columns[i].is_identity)
			names[n++] = CStringGetTextDatum(map->columns[i].name);
	}
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Whether a column of the identity gets $id or this source. */
static bool
identity_has(Datum columns, Datum identity, TargetSource source)
{
	ListCell   *lc;

	foreach(lc, store_text_list(identity))
	{
		char	   *name = lfirst(lc);
		JsonbValue	value;
		char	   *source_name;

		if (getKeyJsonValueFromContainer(&DatumGetJsonbP(columns)->root, name, (int) strlen(name), &value) == NULL || value.type != jbvString)
			continue;
		source_name = pnstrdup(value.val.string.val, value.val.string.len);
		if (strcmp(source_name, target_sources[TARGET_ID].name) == 0 || strcmp(source_name, target_sources[source].name) == 0)
			return true;
	}
	return false;
}

bool
store_target_tells_space(Datum columns, Datum identity)
{
	return identity_has(columns, identity, TARGET_SPACE);
}

bool
store_target_tells_name(Datum columns, Datum identity)
{
	return identity_has(columns, identity, TARGET_NAME);
}
