/*
 * shape.c
 *	  Which SQL type a type of the language has, and values from one to the other.
 *
 *		bool boolean · int integer · long bigint · double float8 · string, label text · enum text, the value's name · principal adama.principal
 *		date date · time time · datetime timestamptz · timespan interval (calendar.c)
 *		asset jsonb, as viewers are sent it
 *		maybe<T>: T, and null when empty · lists and arrays of these: SQL arrays · messages and lists of messages: jsonb
 *
 * Records have no SQL counterpart: what may be seen of one depends on who looks, and jsonb could not hold that back.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "sqlapi/internal.h"
#include "vm/cotext.h"

/* Messages that were met, since a message may have arrays of itself. */
#define MAX_MET 64

typedef struct Met
{
	const LangStruct *messages[MAX_MET];
	int			n;
} Met;

/* Whether values of the type can be shown whole: no record is in it. */
static bool
is_plain(const LangType *type, Met *met)
{
	switch (type->kind)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_ENUM:
		case LANG_COMPLEX:
		case LANG_ASSET:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
		case LANG_DYNAMIC:
		case LANG_JSON:
			return true;
		case LANG_MAYBE:
		case LANG_LIST:
		case LANG_ARRAY:
			return is_plain(type->a, met);
		case LANG_MAP:
		case LANG_PAIR:
			return is_plain(type->a, met) && is_plain(type->b, met);
		case LANG_MESSAGE:
			for (int i = 0; i < met->n; i++)
			{
				if (met->messages[i] == type->structure)
					return true;
			}
			if (met->n == MAX_MET || stack_is_too_deep())
				return false;
			met->messages[met->n++] = type->structure;
			for (int i = 0; i < type->structure->n_fields; i++)
			{
				if (!is_plain(type->structure->fields[i]->type, met))
					return false;
			}
			return true;
		default:
			return false;
	}
}

static SqlKind
scalar_kind(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_BOOL:
			return SQLAPI_BOOL;
		case LANG_INT:
			return SQLAPI_INT;
		case LANG_LONG:
			return SQLAPI_LONG;
		case LANG_DOUBLE:
			return SQLAPI_DOUBLE;
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_TEXT:
			return SQLAPI_TEXT;
		case LANG_ENUM:
			return SQLAPI_ENUM;
		case LANG_PRINCIPAL:
			return SQLAPI_PRINCIPAL;
		case LANG_DATE:
			return SQLAPI_DATE;
		case LANG_TIME:
			return SQLAPI_TIME;
		case LANG_DATETIME:
			return SQLAPI_DATETIME;
		case LANG_TIMESPAN:
			return SQLAPI_TIMESPAN;
		default:
			return SQLAPI_NONE;
	}
}

SqlShape
sqlapi_shape(const LangType *type)
{
	SqlShape	shape = {SQLAPI_NONE};
	Met			met = {.n = 0};

	if (type->kind == LANG_MAYBE)
	{
		shape.is_nullable = true;
		type = type->a;
	}
	shape.whole = type;
	if (type->kind == LANG_LIST || type->kind == LANG_ARRAY)
	{
		shape.kind = scalar_kind(type->a);
		shape.is_array = shape.kind != SQLAPI_NONE;
		shape.type = type->a;
	}
	else
	{
		shape.kind = scalar_kind(type);
		shape.type = type;
	}
	if (shape.kind == SQLAPI_NONE && is_plain(type, &met))
	{
		shape.kind = SQLAPI_JSON;
		shape.type = type;
	}
	return shape;
}

SqlShape
sqlapi_argument_shape(const LangType *type)
{
	SqlShape	shape = sqlapi_shape(type);

	if (shape.kind == SQLAPI_NONE)
	{
		shape.kind = SQLAPI_JSON;
		shape.type = shape.whole;
	}
	return shape;
}

static Oid
principal_oid(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("principal"), ObjectIdGetDatum(get_namespace_oid("adama", false)));
}

static Oid
element_oid(SqlKind kind)
{
	switch (kind)
	{
		case SQLAPI_BOOL:
			return BOOLOID;
		case SQLAPI_INT:
			return INT4OID;
		case SQLAPI_LONG:
			return INT8OID;
		case SQLAPI_DOUBLE:
			return FLOAT8OID;
		case SQLAPI_TEXT:
		case SQLAPI_ENUM:
			return TEXTOID;
		case SQLAPI_PRINCIPAL:
			return principal_oid();
		case SQLAPI_DATE:
			return DATEOID;
		case SQLAPI_TIME:
			return TIMEOID;
		case SQLAPI_DATETIME:
			return TIMESTAMPTZOID;
		case SQLAPI_TIMESPAN:
			return INTERVALOID;
		case SQLAPI_JSON:
			return JSONBOID;
		case SQLAPI_NONE:
			break;
	}
	return InvalidOid;
}

Oid
sqlapi_shape_oid(const SqlShape *shape)
{
	Oid			element = element_oid(shape->kind);

	return shape->is_array ? get_array_type(element) : element;
}

const char *
sqlapi_shape_name(const SqlShape *shape)
{
	static const char *const names[][2] = {
		[SQLAPI_NONE] = {"", ""},
		[SQLAPI_BOOL] = {"pg_catalog.bool", "pg_catalog.bool[]"},
		[SQLAPI_INT] = {"pg_catalog.int4", "pg_catalog.int4[]"},
		[SQLAPI_LONG] = {"pg_catalog.int8", "pg_catalog.int8[]"},
		[SQLAPI_DOUBLE] = {"pg_catalog.float8", "pg_catalog.float8[]"},
		[SQLAPI_TEXT] = {"pg_catalog.text", "pg_catalog.text[]"},
		[SQLAPI_ENUM] = {"pg_catalog.text", "pg_catalog.text[]"},
		[SQLAPI_PRINCIPAL] = {"adama.principal", "adama.principal[]"},
		[SQLAPI_DATE] = {"pg_catalog.date", "pg_catalog.date[]"},
		[SQLAPI_TIME] = {"pg_catalog.time", "pg_catalog.time[]"},
		[SQLAPI_DATETIME] = {"pg_catalog.timestamptz", "pg_catalog.timestamptz[]"},
		[SQLAPI_TIMESPAN] = {"pg_catalog.interval", "pg_catalog.interval[]"},
		[SQLAPI_JSON] = {"pg_catalog.jsonb", "pg_catalog.jsonb[]"},
	};

	return names[shape->kind][shape->is_array];
}

static void
element_storage(SqlKind kind, int16 *len, bool *by_value, char *align)
{
	*len = -1;
	*by_value = false;
	*align = TYPALIGN_INT;
	switch (kind)
	{
		case SQLAPI_BOOL:
			*len = 1;
			*by_value = true;
			*align = TYPALIGN_CHAR;
			break;
		case SQLAPI_INT:
		case SQLAPI_DATE:
			*len = 4;
			*by_value = true;
			break;
		case SQLAPI_TIMESPAN:
			*len = 16;
			*align = TYPALIGN_DOUBLE;
			break;
		case SQLAPI_LONG:
		case SQLAPI_DOUBLE:
		case SQLAPI_TIME:
		case SQLAPI_DATETIME:
			*len = 8;
			*by_value = FLOAT8PASSBYVAL;
			*align = TYPALIGN_DOUBLE;
			break;
		default:
			break;
	}
}

/* ---- from SQL ---- */

static bool
write_enum(DocWriter *w, const LangEnum *e, VmText name, const char *field, KitDiag *diag)
{
	StringInfoData names;

	for (int i = 0; i < e->n; i++)
	{
		if (e->names[i]->len == name.len && memcmp(e->names[i]->text, name.str, name.len) == 0)
		{
			doc_write_int(w, e->numbers[i]);
			return true;
		}
	}
	kit_fail(diag, KIT_INVALID_MESSAGE, "enum \"%s\" has no value \"%.*s\" for field \"%s\"", e->name->text, (int) Min(name.len, 100), name.str, field);
	initStringInfo(&names);
	for (int i = 0; i < e->n && names.len < 300; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", e->names[i]->text);
	kit_diag_hint(diag, "Its values are: %s.", names.data);
	return false;
}

static bool
write_json(DocWriter *w, Datum value, KitArena *arena, const char *field, KitDiag *diag)
{
	size_t		len;
	char	   *json = sqlapi_json_of_jsonb(value, &len);
	KitBuf		buf;
	DocBytes	bytes;

	kit_buf_init(&buf, arena);
	if (!sqlapi_encode_json(json, len, &buf, &bytes, diag))
	{
		kit_diag_detail(diag, "Field \"%s\".", field);
		return false;
	}
	doc_write_item(w, sqlapi_fresh_item(bytes));
	return true;
}

static bool
write_element(DocWriter *w, const SqlShape *shape, Datum value, KitArena *arena, const char *field, KitDiag *diag)
{
	VmText		text_value;
	VmText		authority;

	switch (shape->kind)
	{
		case SQLAPI_BOOL:
			doc_write_bool(w, DatumGetBool(value));
			break;
		case SQLAPI_INT:
			doc_write_int(w, DatumGetInt32(value));
			break;
		case SQLAPI_LONG:
			doc_write_int(w, DatumGetInt64(value));
			break;
		case SQLAPI_DOUBLE:
			if (!isfinite(DatumGetFloat8(value)))
				return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must be a finite number", field);
			doc_write_double(w, DatumGetFloat8(value));
			break;
		case SQLAPI_TEXT:
			text_value = sqlapi_text(value);
			doc_write_string(w, text_value.str, text_value.len);
			break;
		case SQLAPI_ENUM:
			return write_enum(w, shape->type->enumeration, sqlapi_text(value), field, diag);
		case SQLAPI_DATE:
		case SQLAPI_TIME:
		case SQLAPI_DATETIME:
		case SQLAPI_TIMESPAN:
			return sqlapi_write_calendar(w, shape->kind, value, field, diag);
		case SQLAPI_PRINCIPAL:
			sqlapi_principal_parts(value, &text_value, &authority);
			doc_write_object_begin(w);
			doc_write_key_z(w, "agent");
			doc_write_string(w, text_value.str, text_value.len);
			doc_write_key_z(w, "authority");
			doc_write_string(w, authority.str, authority.len);
			doc_write_object_end(w);
			break;
		case SQLAPI_JSON:
			return write_json(w, value, arena, field, diag);
		case SQLAPI_NONE:
			return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" can't be given as a SQL value", field);
	}
	return true;
}

bool
sqlapi_write_value(DocWriter *w, const SqlShape *shape, Datum value, KitArena *arena, const char *field, KitDiag *diag)
{
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int16		len;
	bool		by_value;
	char		align;

	if (!shape->is_array)
		return write_element(w, shape, value, arena, field, diag);
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) > 1)
		return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must be an array of one dimension", field);
	element_storage(shape->kind, &len, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, by_value, align, &elements, &nulls, &n);
	doc_write_array_begin(w);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must not have nulls among its elements", field);
		if (!write_element(w, shape, elements[i], arena, field, diag))
			return false;
	}
	doc_write_array_end(w);
	return true;
}

/* ---- to SQL ---- */

static const char *
enum_name(const LangEnum *e, int64 number)
{
	for (int i = 0; i < e->n; i++)
	{
		if (e->numbers[i] == number)
			return e->names[i]->text;
	}
	return NULL;
}

static DocNode *
shown_asset(DocNode *stored, KitArena *arena)
{
	static const char *const members[] = {"id", "size", "type", "md5", "sha384"};
	DocNode    *shown = doc_node_new(arena, DOC_OBJECT);

	for (size_t i = 0; i < lengthof(members); i++)
		doc_node_add(arena, shown, members[i], strlen(members[i]), doc_node_get(stored, members[i], strlen(members[i])));
	return shown;
}

/* What is in a value in its stored form as viewers are told it: assets without their names.  Changes the tree. */
static DocNode *
shown_value(const LangType *type, DocNode *stored, KitArena *arena)
{
	switch (type->kind)
	{
		case LANG_ASSET:
			return shown_asset(stored, arena);
		case LANG_MAYBE:
			return stored->kind == DOC_NULL ? stored : shown_value(type->a, stored, arena);
		case LANG_LIST:
		case LANG_ARRAY:
			for (uint32 i = 0; i < stored->u.array.n; i++)
				stored->u.array.items[i] = shown_value(type->a, stored->u.array.items[i], arena);
			return stored;
		case LANG_MAP:
			for (uint32 i = 0; i < stored->u.object.n; i++)
				stored->u.object.members[i].value = shown_value(type->b, stored->u.object.members[i].value, arena);
			return stored;
		case LANG_MESSAGE:
			for (uint32 i = 0; i < stored->u.object.n; i++)
			{
				DocMember  *member = &stored->u.object.members[i];
				const LangField *field = lang_struct_field(type->structure, member->key, member->key_len);

				if (field != NULL)
					member->value = shown_value(field->type, member->value, arena);
			}
			return stored;
		default:
			return stored;
	}
}

static char *
value_json(const LangType *type, VmVal value, KitArena *arena)
{
	KitBuf		buf;
	KitBuf		json;
	DocWriter	w;
	DocItem		item;
	DocNode    *tree;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	kit_buf_init(&json, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	vm_value_encode(&w, type, value);
	item = sqlapi_fresh_item(doc_write_end(&w));
	if (memmem(buf.data, buf.len, "@gc", 3) == NULL)
		doc_item_to_json(item, DOC_JSON_TEXT, &json);
	else if (doc_node_from_item(arena, item, &tree, &diag))
		doc_node_to_json(shown_value(type, tree, arena), DOC_JSON_TEXT, &json);
	else
		store_raise(&diag);
	return json.data;
}

static Datum
read_element(const SqlShape *shape, VmVal value, KitArena *arena, bool *isnull)
{
	const char *name;

	*isnull = false;
	switch (shape->kind)
	{
		case SQLAPI_BOOL:
			return BoolGetDatum(value.i != 0);
		case SQLAPI_INT:
			return Int32GetDatum((int32) value.i);
		case SQLAPI_LONG:
			return Int64GetDatum(value.i);
		case SQLAPI_DOUBLE:
			return Float8GetDatum(value.d);
		case SQLAPI_TEXT:
			if (shape->type->kind == LANG_TEXT)
				value.str = vm_cotext_current(arena, value.text);
			return sqlapi_text_datum(value.str->text, value.str->len);
		case SQLAPI_ENUM:
			name = enum_name(shape->type->enumeration, value.i);
			if (name != NULL)
				return sqlapi_text_datum(name, strlen(name));
			break;
		case SQLAPI_DATE:
		case SQLAPI_TIME:
		case SQLAPI_DATETIME:
		case SQLAPI_TIMESPAN:
			return sqlapi_read_calendar(shape->kind, value, isnull);
		case SQLAPI_PRINCIPAL:
			return sqlapi_principal(value.who->text, value.who->agent_len, value.who->text + value.who->agent_len, value.who->authority_len);
		case SQLAPI_JSON:
			return sqlapi_jsonb_of_json(value_json(shape->type, value, arena));
		case SQLAPI_NONE:
			break;
	}
	*isnull = true;
	return (Datum) 0;
}

Datum
sqlapi_read_value(const SqlShape *shape, VmVal value, KitArena *arena, bool *isnull)
{
	Datum	   *elements;
	bool	   *nulls;
	int16		len;
	bool		by_value;
	char		align;
	int			n;
	int			lower = 1;

	if (shape->is_nullable)
	{
		if (value.maybe == NULL)
		{
			*isnull = true;
			return (Datum) 0;
		}
		value = value.maybe->value;
	}
	if (!shape->is_array)
		return read_element(shape, value, arena, isnull);
	*isnull = false;
	n = (int) value.list->n;
	if (n == 0)
		return PointerGetDatum(construct_empty_array(element_oid(shape->kind)));
	elements = palloc(sizeof(Datum) * n);
	nulls = palloc(sizeof(bool) * n);
	for (int i = 0; i < n; i++)
		elements[i] = read_element(shape, value.list->items[i], arena, &nulls[i]);
	element_storage(shape->kind, &len, &by_value, &align);
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower, element_oid(shape->kind), len, by_value, align));
}

char *
sqlapi_value_literal(const SqlShape *shape, VmVal value, KitArena *arena)
{
	bool		isnull;
	Datum		datum = sqlapi_read_value(shape, value, arena, &isnull);
	Oid			output;
	bool		is_varlena;

	if (isnull)
		return pstrdup("NULL");
	getTypeOutputInfo(sqlapi_shape_oid(shape), &output, &is_varlena);
	return psprintf("%s::%s", quote_literal_cstr(OidOutputFunctionCall(output, datum)), sqlapi_shape_name(shape));
}
