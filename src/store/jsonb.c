/*
 * jsonb.c
 *	  Values of documents as jsonb.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "doc/doc.h"
#include "store/store.h"

typedef struct Build
{
	JsonbParseState *state;
	KitArena   *arena;
} Build;

/* As its text reads: 1.0 keeps its point. */
static Numeric
numeric_of_double(double value, KitArena *arena)
{
	KitBuf		digits;

	kit_buf_init(&digits, arena);
	doc_double_text(value, &digits);
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits.data), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static JsonbValue
scalar(const DocItem *item, KitArena *arena)
{
	JsonbValue	value = {.type = jbvNull};

	switch (item->kind)
	{
		case DOC_BOOL:
			value.type = jbvBool;
			value.val.boolean = item->b;
			break;
		case DOC_INT:
			value.type = jbvNumeric;
			value.val.numeric = int64_to_numeric(item->i);
			break;
		case DOC_DOUBLE:
			value.type = jbvNumeric;
			value.val.numeric = numeric_of_double(item->d, arena);
			break;
		case DOC_STRING:
			value.type = jbvString;
			value.val.string.val = (char *) item->str;
			value.val.string.len = (int) item->len;
			break;
		default:
			break;
	}
	return value;
}

static JsonbValue *push(Build *build, DocItem *item, JsonbIteratorToken place);

static void
require_whole(const DocCursor *body)
{
	if (body->is_damaged)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("stored value is damaged")));
}

static JsonbValue *
push_array(Build *build, DocItem *array)
{
	DocItem		element;

	pushJsonbValue(&build->state, WJB_BEGIN_ARRAY, NULL);
	while (doc_next_element(&array->body, &element))
		push(build, &element, WJB_ELEM);
	require_whole(&array->body);
	return pushJsonbValue(&build->state, WJB_END_ARRAY, NULL);
}

static void
push_key(Build *build, const char *str, uint32 len)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = (char *) str;
	key.val.string.len = (int) len;
	pushJsonbValue(&build->state, WJB_KEY, &key);
}

static JsonbValue *
push_object(Build *build, DocItem *object)
{
	JsonbValue	yes = {.type = jbvBool};
	DocKey		key;
	DocItem		value;

	pushJsonbValue(&build->state, WJB_BEGIN_OBJECT, NULL);
	if (object->replaces)
	{
		yes.val.boolean = true;
		push_key(build, "@r", 2);
		pushJsonbValue(&build->state, WJB_VALUE, &yes);
	}
	while (doc_next_member(&object->body, &key, &value))
	{
		push_key(build, key.str, key.len);
		push(build, &value, WJB_VALUE);
	}
	require_whole(&object->body);
	return pushJsonbValue(&build->state, WJB_END_OBJECT, NULL);
}

/* An element or a value of a member: all that is in it, or itself. */
static JsonbValue *
push(Build *build, DocItem *item, JsonbIteratorToken place)
{
	JsonbValue	value;

	check_stack_depth();
	if (item->kind == DOC_ARRAY)
		return push_array(build, item);
	if (item->kind == DOC_OBJECT)
		return push_object(build, item);
	value = scalar(item, build->arena);
	return pushJsonbValue(&build->state, place, &value);
}

Datum
store_jsonb_of_item(DocItem item, KitArena *arena)
{
	Build		build = {NULL, arena};
	JsonbValue *all;
	JsonbValue	alone;

	if (item.kind == DOC_ARRAY || item.kind == DOC_OBJECT)
		all = push(&build, &item, WJB_ELEM);
	else
	{
		alone = scalar(&item, arena);
		all = &alone;
	}
	return JsonbPGetDatum(JsonbValueToJsonb(all));
}
