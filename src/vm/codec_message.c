/*
 * codec_message.c
 *	  Messages and viewer states from outside, made into values.
 *
 * Strict, because a sender's mistake is best met where it is made: what is not of the type is refused, with the path to it and
 * both types in the message.  Only viewer states may have members that the program does not declare: clients send all they have.
 * Strings are known to be valid UTF-8; the depth of the bytes is limited; so the recursion is.
 */
#include <stdio.h>

#include "vm/asset.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

typedef struct Decode
{
	const VmProgram *program;
	KitArena   *arena;
	const LangStruct *top;		/* what is decoded; NULL for a single value */
	KitDiag    *diag;
	bool		skips_unknown;	/* members */
} Decode;

/* The way to a value: a member's name, or an element's index. */
typedef struct Step
{
	const struct Step *before;
	const char *name;			/* NULL: index */
	uint32_t	len;
	uint32_t	index;
} Step;

static bool decode_value(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out);

static size_t
step_text(const Step *step, char *text, size_t size)
{
	char		index[16];
	const char *part = step->name;
	size_t		part_len = step->len;
	size_t		len = step->before == NULL ? 0 : step_text(step->before, text, size);

	if (part == NULL)
	{
		part_len = (size_t) snprintf(index, sizeof(index), "[%u]", step->index);
		part = index;
	}
	else if (len > 0 && len + 1 < size)
		text[len++] = '.';
	if (part_len >= size - len)
		part_len = size - len - 1;
	memcpy(text + len, part, part_len);
	len += part_len;
	text[len] = '\0';
	return len;
}

static KitError
error_code(const Decode *d)
{
	return d->top != NULL && d->top->kind == LANG_STRUCT_VIEW ? KIT_INVALID_VIEWER : KIT_INVALID_MESSAGE;
}

static const char *
found_word(DocItem item)
{
	switch (item.kind)
	{
		case DOC_NULL:
			return "null";
		case DOC_BOOL:
			return "bool";
		case DOC_INT:
			return item.i < INT32_MIN || item.i > INT32_MAX ? "long" : "int";
		case DOC_DOUBLE:
			return "double";
		case DOC_STRING:
			return "string";
		case DOC_ARRAY:
			return "array";
		case DOC_OBJECT:
			return "object";
	}
	return "something else";
}

/* found: what is there instead. */
static bool
refuse(Decode *d, const Step *step, const char *expected, const char *found)
{
	char		path[160] = "";

	if (step != NULL)
		step_text(step, path, sizeof(path));
	if (d->top == NULL)
		return kit_fail(d->diag, error_code(d), "\"%s\" expects %s, found %s", path, expected, found);
	if (d->top->kind == LANG_STRUCT_VIEW)
	{
		if (step == NULL)
			return kit_fail(d->diag, error_code(d), "the viewer state must be an object, found %s", found);
		return kit_fail(d->diag, error_code(d), "field \"%s\" of the viewer state expects %s, found %s", path, expected, found);
	}
	if (step == NULL)
		return kit_fail(d->diag, error_code(d), "message \"%s\" must be an object, found %s", d->top->type->text, found);
	return kit_fail(d->diag, error_code(d), "field \"%s\" of message \"%s\" expects %s, found %s", path, d->top->type->text,
					expected, found);
}

static bool
unknown_field(Decode *d, const LangStruct *structure, DocKey key, const Step *around)
{
	char		names[400];
	size_t		len = 0;
	char		path[160];

	kit_fail(d->diag, KIT_UNKNOWN_FIELD, "message \"%s\" has no field \"%.*s\"", structure->type->text,
			 key.len > 100 ? 100 : (int) key.len, key.str);
	if (around != NULL)
	{
		step_text(around, path, sizeof(path));
		kit_diag_detail(d->diag, "It is at \"%s\".", path);
	}
	names[0] = '\0';
	for (int i = 0; i < structure->n_fields && len + structure->fields[i]->name->len + 3 < sizeof(names); i++)
		len += (size_t) snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "", structure->fields[i]->name->text);
	if (structure->n_fields > 0)
		kit_diag_hint(d->diag, "Its fields are: %s.", names);
	return false;
}

/* ---- values ---- */

static bool
decode_principal(Decode *d, DocItem item, const Step *step, VmVal *out)
{
	static const char expected[] = "principal";
	DocKey		key;
	DocItem		part;
	DocItem		agent = {.kind = DOC_NULL};
	DocItem		authority = {.kind = DOC_NULL};

	if (item.kind != DOC_OBJECT)
		return refuse(d, step, expected, found_word(item));
	while (doc_next_member(&item.body, &key, &part))
	{
		if (doc_key_is(key, "agent"))
			agent = part;
		else if (doc_key_is(key, "authority"))
			authority = part;
		else if (!doc_key_is(key, "@t"))
			return refuse(d, step, expected, "an object with other members than \"agent\" and \"authority\"");
	}
	if (agent.kind != DOC_STRING || authority.kind != DOC_STRING)
		return refuse(d, step, expected, "an object without the strings \"agent\" and \"authority\"");
	if (agent.len > UINT16_MAX || authority.len > UINT16_MAX)
		return refuse(d, step, expected, "one of more than 65535 bytes");
	out->who = vm_principal_new(d->arena, agent.str, agent.len, authority.str, authority.len);
	return true;
}

/* Dates, times and datetimes are strings. */
static bool
decode_calendar(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	const char *expected;
	char		found[48];
	bool		is_valid;

	if (item.kind != DOC_STRING)
		return refuse(d, step, type->text, found_word(item));
	if (type->kind == LANG_DATE)
	{
		expected = "a date as in 2023-10-31, of the years -4712 to 9999";
		is_valid = kit_date_parse(item.str, item.len, &out->i);
	}
	else if (type->kind == LANG_TIME)
	{
		expected = "a time as in 23:59";
		is_valid = kit_time_parse(item.str, item.len, &out->i);
	}
	else
		is_valid = kit_datetime_parse(item.str, item.len, &out->i, &expected);
	if (is_valid)
		return true;
	snprintf(found, sizeof(found), "\"%.*s\"", item.len > 40 ? 40 : (int) item.len, item.str);
	return refuse(d, step, expected, found);
}

static bool
decode_complex(Decode *d, DocItem item, const Step *step, VmVal *out)
{
	static const char expected[] = "complex";
	VmComplex  *number;
	DocKey		key;
	DocItem		part;
	bool		has_re = false;
	bool		has_im = false;

	if (item.kind != DOC_OBJECT)
		return refuse(d, step, expected, found_word(item));
	number = KIT_NEW(d->arena, VmComplex);
	while (doc_next_member(&item.body, &key, &part))
	{
		bool		is_re = doc_key_is(key, "r");

		if ((!is_re && !doc_key_is(key, "i")) || (part.kind != DOC_DOUBLE && part.kind != DOC_INT))
			return refuse(d, step, expected, "an object with other members than the numbers \"r\" and \"i\"");
		*(is_re ? &number->re : &number->im) = part.kind == DOC_DOUBLE ? part.d : (double) part.i;
		has_re |= is_re;
		has_im |= !is_re;
	}
	if (!has_re || !has_im)
		return refuse(d, step, expected, "an object without the numbers \"r\" and \"i\"");
	out->complex = number;
	return true;
}

static bool
decode_asset(Decode *d, DocItem item, const Step *step, VmVal *out)
{
	VmAssetParts parts;
	const char *problem = item.kind == DOC_OBJECT ? vm_asset_decode(item, &parts) : found_word(item);

	if (problem != NULL)
		return refuse(d, step, "asset", problem);
	out->asset = parts.lens[VM_ASSET_ID] == 0 ? &vm_nothing : vm_asset_new(NULL, d->arena, &parts);
	return true;
}

static bool
decode_enum(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	const LangEnum *enumeration = type->enumeration;
	char		found[48];

	if (item.kind != DOC_INT)
		return refuse(d, step, type->text, found_word(item));
	for (int i = 0; i < enumeration->n; i++)
		if (enumeration->numbers[i] == item.i)
		{
			out->i = item.i;
			return true;
		}
	snprintf(found, sizeof(found), "%lld, which is none of its numbers", (long long) item.i);
	return refuse(d, step, type->text, found);
}

static bool
decode_json(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	char		found[80];
	DocKey		refused;

	switch (vm_dynamic_new(d->arena, NULL, item, &out->str, &refused))
	{
		case DOC_FIT_OK:
			return true;
		case DOC_FIT_TOO_DEEP:
			snprintf(found, sizeof(found), "a value that nests deeper than %d levels", VM_MAX_DYNAMIC_DEPTH);
			return refuse(d, step, type->text, found);
		case DOC_FIT_RESERVED:
			snprintf(found, sizeof(found), "a member with the reserved name \"%.*s\"", (int) refused.len, refused.str);
			return refuse(d, step, type->text, found);
		case DOC_FIT_DAMAGED:
			break;
	}
	return kit_fail(d->diag, KIT_DAMAGED, "the encoded message is damaged");
}

static bool
decode_list(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	DocItem		element;
	uint32_t	n = 0;
	VmList	   *list;

	if (item.kind != DOC_ARRAY)
		return refuse(d, step, type->text, found_word(item));
	for (DocCursor cursor = item.body; doc_next_element(&cursor, &element);)
		n++;
	list = vm_list_new(d->arena, n);
	for (; list->n < n && doc_next_element(&item.body, &element); list->n++)
	{
		Step		here = {step, NULL, 0, list->n};

		if (!decode_value(d, type->a, element, &here, &list->items[list->n]))
			return false;
	}
	out->list = list;
	return true;
}

/* obj has its initial values. */
static bool
decode_members(Decode *d, VmObj *obj, DocItem item, const Step *step)
{
	const VmShape *shape = &vm_shapes(d->program)[obj->structure->index];
	DocKey		key;
	DocItem		value;
	int			next = 0;

	if (item.kind != DOC_OBJECT)
		return refuse(d, step, obj->structure->type->text, found_word(item));
	while (doc_next_member(&item.body, &key, &value))
	{
		Step		here = {step, key.str, key.len};
		int			slot = vm_shape_slot(shape, key.str, key.len, &next);

		if (slot < 0)
		{
			if (obj->structure->kind == LANG_STRUCT_VIEW || d->skips_unknown)
				continue;
			return unknown_field(d, obj->structure, key, step);
		}
		if (!decode_value(d, shape->slots[slot].type, value, &here, &obj->slots[slot]))
			return false;
	}
	return !item.body.is_damaged || kit_fail(d->diag, KIT_DAMAGED, "the encoded message is damaged");
}

static bool
decode_map(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	VmMapMemory memory = {.arena = d->arena};
	DocKey		text;
	DocItem		value;
	char		expected[80];

	if (item.kind != DOC_OBJECT)
		return refuse(d, step, type->text, found_word(item));
	out->map = kit_arena_alloc(d->arena, sizeof(VmMap));
	vm_map_init(out->map, type->items[0]->structure);
	while (doc_next_member(&item.body, &text, &value))
	{
		Step		here = {step, text.str, text.len};
		VmMapAt		at;
		VmVal		key;
		VmVal		inside;

		if (!vm_key_read(type->a, text, d->arena, NULL, &key))
		{
			snprintf(expected, sizeof(expected), "a key of type %.40s%s", type->a->text,
					 type->a->kind == LANG_PRINCIPAL ? " (agent/authority)" : type->a->kind == LANG_ENUM ? " (its number)" : "");
			return refuse(d, &here, expected, "another text");
		}
		if (!decode_value(d, type->b, value, &here, &inside))
			return false;
		if (vm_value_is_absent(type->b, inside))
			continue;
		vm_map_find(out->map, key, &at);
		vm_map_add(out->map, memory, at, key, inside);
	}
	return !item.body.is_damaged || kit_fail(d->diag, KIT_DAMAGED, "the encoded message is damaged");
}

static bool
decode_value(Decode *d, const LangType *type, DocItem item, const Step *step, VmVal *out)
{
	VmVal		inside;
	VmObj	   *obj;
	char		found[48];

	switch (type->kind)
	{
		case LANG_BOOL:
			if (item.kind != DOC_BOOL)
				return refuse(d, step, type->text, found_word(item));
			out->i = item.b;
			return true;
		case LANG_INT:
			if (item.kind != DOC_INT)
				return refuse(d, step, type->text, found_word(item));
			if (item.i < INT32_MIN || item.i > INT32_MAX)
			{
				snprintf(found, sizeof(found), "%lld, which only a long can hold", (long long) item.i);
				return refuse(d, step, type->text, found);
			}
			out->i = item.i;
			return true;
		case LANG_LONG:
			if (item.kind == DOC_STRING)
				return doc_parse_int(item.str, item.len, &out->i) ||
					refuse(d, step, type->text, "a string that is no decimal number of 64 bits");
			if (item.kind != DOC_INT)
				return refuse(d, step, type->text, found_word(item));
			out->i = item.i;
			return true;
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			return decode_calendar(d, type, item, step, out);
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			if (item.kind != DOC_DOUBLE && item.kind != DOC_INT)
				return refuse(d, step, type->text, found_word(item));
			out->d = item.kind == DOC_DOUBLE ? item.d : (double) item.i;
			return true;
		case LANG_STRING:
		case LANG_LABEL:
			if (item.kind != DOC_STRING)
				return refuse(d, step, type->text, found_word(item));
			out->str = item.len == 0 ? &vm_empty_string : vm_str_new(d->arena, item.str, item.len);
			return true;
		case LANG_DYNAMIC:
		case LANG_JSON:
			return decode_json(d, type, item, step, out);
		case LANG_COMPLEX:
			return decode_complex(d, item, step, out);
		case LANG_PRINCIPAL:
			return decode_principal(d, item, step, out);
		case LANG_ASSET:
			return decode_asset(d, item, step, out);
		case LANG_ENUM:
			return decode_enum(d, type, item, step, out);
		case LANG_MAYBE:
			out->maybe = NULL;
			if (item.kind == DOC_NULL)
				return true;
			if (!decode_value(d, type->a, item, step, &inside))
				return false;
			out->maybe = vm_maybe_new(d->arena, inside);
			return true;
		case LANG_LIST:
		case LANG_ARRAY:
			return decode_list(d, type, item, step, out);
		case LANG_MAP:
			return decode_map(d, type, item, step, out);
		case LANG_MESSAGE:
			obj = vm_message_new(d->program, type->structure, d->arena);
			out->obj = obj;
			return decode_members(d, obj, item, step);
		default:
			ADAMA_ASSERT(false);
			return refuse(d, step, type->text, "a type that messages cannot hold");
	}
}

bool
vm_message_decode(const VmProgram *program, const LangStruct *type, DocItem item, KitArena *arena, VmObj **out, KitDiag *diag)
{
	Decode		d = {program, arena, type, diag, false};

	*out = vm_message_new(program, type, arena);
	return decode_members(&d, *out, item, NULL);
}

bool
vm_message_ingest(const VmProgram *program, VmObj *message, DocItem item, KitArena *arena, KitDiag *diag)
{
	Decode		d = {program, arena, message->structure, diag, .skips_unknown = true};

	return decode_members(&d, message, item, NULL);
}

bool
vm_value_decode(const VmProgram *program, const LangType *type, DocItem item, KitArena *arena, VmVal *out, KitDiag *diag, const char *path)
{
	Decode		d = {program, arena, NULL, diag, false};
	Step		step = {NULL, path, (uint32_t) strlen(path)};

	return decode_value(&d, type, item, &step, out);
}
