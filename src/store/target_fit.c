/*
 * target_fit.c
 *	  Which members are published under a name, and whether a member, or what stands for one, fits into a column.
 *
 * Records may publish under one name what differs: a member that not all of them have may be null, one whose values would have to be written in different ways fits only as json.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "lang/near.h"
#include "store/target.h"

const TargetSourceInfo target_sources[TARGET_N_SOURCES] = {
	[TARGET_MEMBER] = {NULL, LANG_ERROR_TYPE, false},
	[TARGET_KEY] = {"$key", LANG_STRING, true},
	[TARGET_ROW] = {"$row", LANG_INT, true},
	[TARGET_SPACE] = {"$space", LANG_STRING, true},
	[TARGET_NAME] = {"$name", LANG_STRING, true},
	[TARGET_ID] = {"$id", LANG_STRING, true},
	[TARGET_SEQ] = {"$seq", LANG_LONG, false},
	[TARGET_HASH] = {"$hash", LANG_LONG, false},
	[TARGET_AT] = {"$at", LANG_DATETIME, false},
	[TARGET_VALUE] = {"$value", LANG_DYNAMIC, false},
};

typedef struct TypeRow
{
	LangTypeKind kind;
	TargetClass class;
	TargetHow	how;
} TypeRow;

static const TypeRow type_rows[] = {
#define TARGET_TYPE(kind, class, how) {kind, class, how},
#include "store/target_types.def"
#undef TARGET_TYPE
};

void
store_target_problem_is(TargetWork *work, const char *format,...)
{
	char		sentence[512];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	appendStringInfo(work->problems, "%s%s.", work->problems->len > 0 ? "\n" : "", sentence);
}

/* ---- the program ---- */

bool
store_target_is_of_name(const TargetWork *work, const LangReplication *replication)
{
	return strcmp(replication->name->text, work->map->name) == 0;
}

bool
store_target_is_published(const LangProgram *program, const char *name, StringInfo problems)
{
	const char *nearest = NULL;
	int			limit = lang_near_limit(name);

	for (int i = 0; i < program->n_replications; i++)
	{
		const KitSym *other = program->replications[i]->name;
		int			distance;

		if (strcmp(other->text, name) == 0)
			return true;
		if (strlen(name) > LANG_NEAR_MAX || other->len > LANG_NEAR_MAX)
			continue;
		distance = lang_near(name, other->text, limit);
		if (distance < limit)
		{
			limit = distance;
			nearest = other->text;
		}
	}
	appendStringInfo(problems, "The program has no replication \"%s\"", name);
	appendStringInfo(problems, nearest != NULL ? "; there is \"%s\"." : ".", nearest);
	return false;
}

static const LangField *
member_of(const LangReplication *replication, const char *member)
{
	const LangField *field = lang_struct_field(replication->message, member, strlen(member));

	/* What is computed is not part of a value. */
	return field != NULL && field->slot >= 0 ? field : NULL;
}

/* Calls visit for each member that is published under the name, once. */
void
store_target_each_member(TargetWork *work, void (*visit) (TargetWork *work, const char *member, void *arg), void *arg)
{
	for (int i = 0; i < work->program->n_replications; i++)
	{
		const LangReplication *replication = work->program->replications[i];

		if (!store_target_is_of_name(work, replication))
			continue;
		for (int j = 0; j < replication->message->n_fields; j++)
		{
			const char *member = replication->message->fields[j]->name->text;
			bool		is_new = member_of(replication, member) != NULL;

			for (int k = 0; k < i && is_new; k++)
				is_new = !store_target_is_of_name(work, work->program->replications[k]) || member_of(work->program->replications[k], member) == NULL;
			if (is_new)
				visit(work, member, arg);
		}
	}
}

bool
store_target_has_member(const TargetWork *work, const char *member)
{
	for (int i = 0; i < work->program->n_replications; i++)
	{
		if (store_target_is_of_name(work, work->program->replications[i]) && member_of(work->program->replications[i], member) != NULL)
			return true;
	}
	return false;
}

/* ---- types ---- */

static Oid
principal_oid(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("principal"), ObjectIdGetDatum(get_namespace_oid("adama", false)));
}

TargetClass
store_target_class_of(Oid type)
{
	char		category;
	bool		is_preferred;

	switch (type)
	{
		case BOOLOID:
			return TARGET_BOOL;
		case INT4OID:
			return TARGET_INT4;
		case INT8OID:
			return TARGET_INT8;
		case NUMERICOID:
			return TARGET_NUMERIC;
		case FLOAT8OID:
			return TARGET_FLOAT8;
		case DATEOID:
			return TARGET_DATE;
		case TIMEOID:
			return TARGET_TIME;
		case TIMESTAMPOID:
			return TARGET_TIMESTAMP;
		case TIMESTAMPTZOID:
			return TARGET_TIMESTAMPTZ;
		case INTERVALOID:
			return TARGET_INTERVAL;
		case JSONOID:
			return TARGET_JSON;
		case JSONBOID:
			return TARGET_JSONB;
		case NAMEOID:
			/* Its input cuts off what is too long, without a word. */
			return TARGET_NO_CLASS;
		default:
			break;
	}
	if (type == principal_oid())
		return TARGET_PRINCIPAL;
	if (get_typtype(type) == TYPTYPE_ENUM)
		return TARGET_ENUM;
	get_type_category_preferred(type, &category, &is_preferred);
	return category == TYPCATEGORY_STRING ? TARGET_TEXT : TARGET_NO_CLASS;
}

/* Whether the enum of SQL has all names of the program's; the first that is missing in *missing. */
static bool
has_labels(Oid type, const LangEnum *e, const char **missing)
{
	for (int i = 0; i < e->n; i++)
	{
		if (!SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(e->names[i]->text)))
		{
			*missing = e->names[i]->text;
			return false;
		}
	}
	return true;
}

static bool
find_how(LangTypeKind kind, TargetClass class, TargetHow *how)
{
	if (class == TARGET_JSON || class == TARGET_JSONB)
	{
		*how = TARGET_AS_JSON;
		return true;
	}
	for (size_t i = 0; i < lengthof(type_rows); i++)
	{
		if (type_rows[i].kind == kind && type_rows[i].class == class)
		{
			*how = type_rows[i].how;
			return true;
		}
	}
	return false;
}

char *
store_target_shown_type(const TargetWork *work, const TargetColumn *column)
{
	Form_pg_attribute att = TupleDescAttr(work->desc, column->number - 1);

	return format_type_with_typemod(att->atttypid, att->atttypmod);
}

/* The types that a class stands for, for people. */
static const char *
fitting_types(LangTypeKind kind)
{
	static const char *const names[] = {
		[TARGET_BOOL] = "boolean", [TARGET_INT4] = "integer", [TARGET_INT8] = "bigint", [TARGET_NUMERIC] = "numeric",
		[TARGET_FLOAT8] = "double precision", [TARGET_TEXT] = "text", [TARGET_ENUM] = "an enum with these names", [TARGET_PRINCIPAL] = "adama.principal",
		[TARGET_DATE] = "date", [TARGET_TIME] = "time", [TARGET_TIMESTAMP] = "timestamp", [TARGET_TIMESTAMPTZ] = "timestamptz", [TARGET_INTERVAL] = "interval",
	};
	StringInfoData list;

	initStringInfo(&list);
	for (size_t i = 0; i < lengthof(type_rows); i++)
	{
		if (type_rows[i].kind == kind)
			appendStringInfo(&list, "%s, ", names[type_rows[i].class]);
	}
	appendStringInfoString(&list, "json or jsonb");
	return list.data;
}

static void
copy_enum(TargetColumn *column, const LangEnum *e)
{
	column->n_enum = e->n;
	column->enum_names = palloc(sizeof(char *) * e->n);
	column->enum_numbers = palloc(sizeof(int) * e->n);
	for (int i = 0; i < e->n; i++)
	{
		column->enum_names[i] = pstrdup(e->names[i]->text);
		column->enum_numbers[i] = e->numbers[i];
	}
}

static bool
same_enum(const TargetColumn *column, const LangEnum *e)
{
	bool		same = column->n_enum == e->n;

	for (int i = 0; same && i < e->n; i++)
		same = column->enum_numbers[i] == e->numbers[i] && strcmp(column->enum_names[i], e->names[i]->text) == 0;
	return same;
}

/* A member, as one of those who publish the name have it; n: how many were looked at before. */
static void
fit_member(TargetWork *work, TargetColumn *column, const LangField *field, int n)
{
	const LangType *type = field->type->kind == LANG_MAYBE ? field->type->a : field->type;
	const char *missing;
	TargetHow	how;

	if (!find_how(type->kind, column->class, &how))
	{
		store_target_problem_is(work, "Member \"%s\" is of type %s, column \"%s\" of type %s; it could be of type %s", column->member, field->type->text, column->name,
				store_target_shown_type(work, column), fitting_types(type->kind));
		return;
	}
	if (how == TARGET_AS_ENUM_NAME && column->class == TARGET_ENUM && !has_labels(column->type, type->enumeration, &missing))
	{
		store_target_problem_is(work, "Member \"%s\" is of type %s, column \"%s\" of type %s, which has no value \"%s\"", column->member, field->type->text, column->name,
				store_target_shown_type(work, column), missing);
		return;
	}
	if (n > 0 && (column->how != how || (how == TARGET_AS_ENUM_NAME && !same_enum(column, type->enumeration))))
	{
		store_target_problem_is(work, "Member \"%s\" is of different types in the records that publish \"%s\": a column can't hold both but as json", column->member, work->map->name);
		return;
	}
	column->how = how;
	column->keeps_json_null = (type->kind == LANG_DYNAMIC || type->kind == LANG_JSON) && type == field->type;
	if (how == TARGET_AS_ENUM_NAME && n == 0)
		copy_enum(column, type->enumeration);
	if (how == TARGET_AS_PRINCIPAL || how == TARGET_AS_PRINCIPAL_TEXT)
	{
		Oid			arguments[2] = {TEXTOID, TEXTOID};
		Oid			output;
		bool		is_varlena;

		fmgr_info_cxt(LookupFuncName(list_make2(makeString("adama"), makeString("principal")), 2, arguments, false), &column->principal, CurrentMemoryContext);
		getTypeOutputInfo(principal_oid(), &output, &is_varlena);
		fmgr_info_cxt(output, &column->principal_out, CurrentMemoryContext);
	}
}

/* Whether null is refused: by the column or by its domain. */
bool
store_target_is_not_null(Form_pg_attribute att)
{
	Oid			type = att->atttypid;
	bool		result = att->attnotnull;

	while (!result && get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for type %u", type);
		result = ((Form_pg_type) GETSTRUCT(tuple))->typnotnull;
		type = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
		ReleaseSysCache(tuple);
	}
	return result;
}

void
store_target_fit_members(TargetWork *work, TargetColumn *column)
{
	bool		may_be_null = false;
	const LangType *type = NULL;
	int			n = 0;
	int			before = work->problems->len;

	for (int i = 0; i < work->program->n_replications && work->problems->len == before; i++)
	{
		const LangReplication *replication = work->program->replications[i];
		const LangField *field;

		if (!store_target_is_of_name(work, replication))
			continue;
		field = member_of(replication, column->member);
		if (field == NULL)
		{
			may_be_null = true;
			continue;
		}
		type = field->type;
		may_be_null |= type->kind == LANG_MAYBE;
		fit_member(work, column, field, n++);
	}
	if (may_be_null && type != NULL && work->problems->len == before && store_target_is_not_null(TupleDescAttr(work->desc, column->number - 1)))
		store_target_problem_is(work, "Member \"%s\" %s, but column \"%s\" is NOT NULL", column->member,
				type->kind == LANG_MAYBE ? psprintf("is of type %s and may be empty", type->text) : "is not published by all records", column->name);
}

void
store_target_fit_source(TargetWork *work, TargetColumn *column)
{
	LangTypeKind kind = target_sources[column->source].kind;

	/* How an instant reads as text depends on the session. */
	if (!find_how(kind, column->class, &column->how) || (column->source == TARGET_AT && column->how != TARGET_AS_INSTANT))
		store_target_problem_is(work, "%s can't go into column \"%s\" of type %s", target_sources[column->source].name, column->name, store_target_shown_type(work, column));
}
