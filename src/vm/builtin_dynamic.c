/*
 * builtin_dynamic.c
 *	  JSON as a value: made of values and of text, asked for what is in it, merged; messages to and from it.
 *
 * What is asked for and is not there, or is of another kind, yields an empty maybe, or the default that was given.  Finding a member walks over those
 * before it, so it is charged for the whole value.
 */
#include <string.h>

#include "kit/calendar.h"
#include "vm/builtin.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"
#include "vm/string.h"

/* What making a value of so many encoded bytes takes at most, scratch included. */
#define MAKING 8

static bool
nothing(VmVal *out)
{
	out->maybe = NULL;
	return true;
}

/* ---- making ---- */

/* *fits is false when the value cannot be a dynamic. */
static bool
make(Vm *vm, const DocItem *base, DocItem change, bool *fits, VmVal *out)
{
	DocKey		refused;

	if (!vm_charge(vm, ((base == NULL ? 0 : (size_t) base->raw_len) + change.raw_len) * MAKING + sizeof(VmStr)))
		return false;
	*fits = vm_dynamic_new(vm->arena, base, change, &out->str, &refused) == DOC_FIT_OK;
	return true;
}

/* A value that is written here, as a dynamic. */
static DocItem
written(KitBuf *bytes)
{
	DocItem		item = {.kind = DOC_NULL};

	doc_item_from_raw(bytes->data + DOC_HEADER_SIZE, bytes->len - DOC_HEADER_SIZE, &item);
	return item;
}

static bool
make_value(Vm *vm, const LangType *type, VmVal value, size_t size, VmVal *out)
{
	KitBuf		bytes;
	DocWriter	w;
	bool		fits;

	if (!vm_charge(vm, size + 64))
		return false;
	kit_buf_init(&bytes, vm->arena);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	vm_value_encode(&w, type, value);
	doc_write_end(&w);
	if (!make(vm, NULL, written(&bytes), &fits, out))
		return false;
	if (!fits)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "the value nests deeper than %d levels, or has a member with a reserved name", VM_MAX_DYNAMIC_DEPTH);
	return true;
}

static bool
make_simple(Vm *vm, LangTypeKind kind, VmVal value, size_t size, VmVal *out)
{
	return make_value(vm, vm->program->lang->simple[kind], value, size, out);
}

bool
vm_dynamic_of_bool(Vm *vm, const VmVal *args, VmVal *out)
{
	return make_simple(vm, LANG_BOOL, args[0], 8, out);
}

bool
vm_dynamic_of_int(Vm *vm, const VmVal *args, VmVal *out)
{
	return make_simple(vm, LANG_INT, args[0], 16, out);	/* a long, too: a number, not text */
}

bool
vm_dynamic_of_double(Vm *vm, const VmVal *args, VmVal *out)
{
	if (args[0].d - args[0].d != 0)
	{
		out->str = &vm_null_json;	/* JSON has no such number */
		return true;
	}
	return make_simple(vm, LANG_DOUBLE, args[0], 16, out);
}

bool
vm_dynamic_of_string(Vm *vm, const VmVal *args, VmVal *out)
{
	return make_simple(vm, LANG_STRING, args[0], args[0].str->len, out);
}

/* ---- text ---- */

/* *fits is false when the text is no JSON that a dynamic can hold. */
static bool
parse(Vm *vm, const VmStr *text, bool *fits, VmVal *out)
{
	KitBuf		bytes;

	if (!vm_charge(vm, (size_t) text->len * MAKING + 64))
		return false;
	kit_buf_init(&bytes, vm->arena);
	*fits = doc_from_json(text->text, text->len, DOC_DOCUMENT, &bytes, NULL);
	return !*fits || make(vm, NULL, written(&bytes), fits, out);
}

static bool
parse_maybe(Vm *vm, const VmStr *text, bool may_be_null, VmVal *out)
{
	VmVal		value = {.str = NULL};
	bool		fits;

	if (!parse(vm, text, &fits, &value))
		return false;
	if (!fits || (!may_be_null && vm_dynamic_is_null(value.str)))
		return nothing(out);
	return vm_make_maybe(vm, value, out);
}

bool
vm_dynamic_parse(Vm *vm, const VmVal *args, VmVal *out)
{
	return parse_maybe(vm, args[0].str, false, out);
}

bool
vm_dynamic_to_dyn(Vm *vm, const VmVal *args, VmVal *out)
{
	return parse_maybe(vm, args[0].str, true, out);
}

bool
vm_json_parsen(Vm *vm, const VmVal *args, VmVal *out)
{
	bool		fits;

	if (!parse(vm, args[0].str, &fits, out))
		return false;
	if (!fits)
		out->str = &vm_null_json;
	return true;
}

bool
vm_dynamic_to_str(Vm *vm, const VmVal *args, VmVal *out)
{
	KitBuf		json;

	if (!vm_charge(vm, (size_t) args[0].str->len * 16 + 64))
		return false;
	kit_buf_init(&json, vm->arena);
	doc_item_to_json(vm_dynamic_item(args[0].str), DOC_JSON_TEXT, &json);
	return vm_make_string(vm, json.data, json.len, out);
}

/* ---- what is in it ---- */

/* The value itself, or (name) its member; false when there is none. */
static bool
part_of(const VmStr *dynamic, const VmStr *name, DocItem *item)
{
	*item = vm_dynamic_item(dynamic);
	return name == NULL || (item->kind == DOC_OBJECT && doc_find_member(*item, name->text, name->len, item));
}

static bool
charge_part(Vm *vm, const VmStr *dynamic)
{
	return vm_charge_steps(vm, 1 + dynamic->len / 16);
}

static bool
item_number(const DocItem *item, int64_t *value)
{
	*value = item->i;
	return item->kind == DOC_INT;
}

/* A number, or (in a member) the text of one. */
static bool
read_whole(const DocItem *item, bool is_member, int64_t min, int64_t max, int64_t *value)
{
	if (!item_number(item, value) && !(is_member && item->kind == DOC_STRING && doc_parse_int(item->str, item->len, value)))
		return false;
	return *value >= min && *value <= max;
}

typedef enum Wanted
{
	WANTED_STRING,
	WANTED_DOUBLE,
	WANTED_LONG,
	WANTED_INT,
	WANTED_BOOL,
	WANTED_DATE,
	WANTED_DATETIME
} Wanted;

static bool
text_of_item(Vm *vm, const DocItem *item, bool is_member, bool *found, VmVal *out)
{
	*found = true;
	switch (item->kind)
	{
		case DOC_STRING:
			return vm_make_string(vm, item->str, item->len, out);
		case DOC_INT:
			return vm_int_string(vm, item->i, out);
		case DOC_DOUBLE:
			return vm_double_string(vm, item->d, out);
		case DOC_BOOL:
			out->str = vm_bool_string(item->b);
			*found = !is_member;
			return true;
		default:
			*found = false;
			return true;
	}
}

static bool
read_moment(const char *text, size_t len, Wanted wanted, int64_t *value)
{
	const char *problem;

	return wanted == WANTED_DATE ? kit_date_parse(text, len, value) : kit_datetime_parse(text, len, value, &problem);
}

static bool
value_of_item(Vm *vm, const DocItem *item, Wanted wanted, bool is_member, bool *found, VmVal *out)
{
	VmVal		text;

	*found = true;
	switch (wanted)
	{
		case WANTED_STRING:
			return text_of_item(vm, item, is_member, found, out);
		case WANTED_DOUBLE:
			if (item->kind == DOC_DOUBLE)
				out->d = item->d;
			else if (item->kind == DOC_INT)
				out->d = (double) item->i;
			else if (!is_member || item->kind != DOC_STRING)
				*found = false;
			else if (!vm_make_string(vm, item->str, item->len, &text) || !vm_charge_steps(vm, (uint64_t) item->len * (item->len / 64 + 1) / 16))
				return false;
			else
				*found = vm_read_double(text.str, &out->d);
			return true;
		case WANTED_LONG:
			*found = read_whole(item, is_member, INT64_MIN, INT64_MAX, &out->i);
			return true;
		case WANTED_INT:
			*found = read_whole(item, is_member, INT32_MIN, INT32_MAX, &out->i);
			return true;
		case WANTED_BOOL:
			if (item->kind == DOC_BOOL)
				out->i = item->b;
			else if (item->kind == DOC_STRING && item->len == 4 && memcmp(item->str, "true", 4) == 0)
				out->i = 1;
			else if (item->kind == DOC_STRING && item->len == 5 && memcmp(item->str, "false", 5) == 0)
				out->i = 0;
			else
				*found = false;
			return true;
		case WANTED_DATE:
		case WANTED_DATETIME:
			*found = item->kind == DOC_STRING && read_moment(item->str, item->len, wanted, &out->i);
			return true;
	}
	return true;
}

static bool
get(Vm *vm, const VmStr *dynamic, const VmStr *name, Wanted wanted, bool *found, VmVal *out)
{
	DocItem		item;

	*found = false;
	if (!charge_part(vm, dynamic))
		return false;
	return !part_of(dynamic, name, &item) || value_of_item(vm, &item, wanted, name != NULL, found, out);
}

static bool
get_maybe(Vm *vm, const VmStr *dynamic, const VmStr *name, Wanted wanted, VmVal *out)
{
	VmVal		value;
	bool		found;

	if (!get(vm, dynamic, name, wanted, &found, &value))
		return false;
	return found ? vm_make_maybe(vm, value, out) : nothing(out);
}

static bool
get_or(Vm *vm, const VmVal *args, Wanted wanted, VmVal *out)
{
	VmVal		value;
	bool		found;

	if (!get(vm, args[0].str, args[1].str, wanted, &found, &value))
		return false;
	*out = found ? value : args[2];
	return true;
}

#define GETTERS(name, wanted) \
	bool vm_dynamic_##name(Vm *vm, const VmVal *args, VmVal *out) { return get_maybe(vm, args[0].str, NULL, wanted, out); } \
	bool vm_dynamic_##name##_member(Vm *vm, const VmVal *args, VmVal *out) { return get_maybe(vm, args[0].str, args[1].str, wanted, out); } \
	bool vm_dynamic_##name##_or(Vm *vm, const VmVal *args, VmVal *out) { return get_or(vm, args, wanted, out); }

GETTERS(str, WANTED_STRING)
GETTERS(d, WANTED_DOUBLE)
GETTERS(l, WANTED_LONG)
GETTERS(i, WANTED_INT)
GETTERS(b, WANTED_BOOL)

/* The default is text, too; when it cannot be read, the initial value of the type. */
static bool
moment_or(Vm *vm, const VmVal *args, Wanted wanted, VmVal *out)
{
	VmVal		value;
	bool		found;

	if (!get(vm, args[0].str, args[1].str, wanted, &found, &value) || !vm_charge_steps(vm, args[2].str->len / 16))
		return false;
	if (!found && !read_moment(args[2].str->text, args[2].str->len, wanted, &value.i))
		value.i = wanted == WANTED_DATE ? KIT_DATE_DEFAULT : KIT_DATETIME_DEFAULT;
	*out = value;
	return true;
}

#define MOMENTS(name, wanted) \
	bool vm_dynamic_##name(Vm *vm, const VmVal *args, VmVal *out) { return get_maybe(vm, args[0].str, NULL, wanted, out); } \
	bool vm_dynamic_##name##_member(Vm *vm, const VmVal *args, VmVal *out) { return get_maybe(vm, args[0].str, args[1].str, wanted, out); } \
	bool vm_dynamic_##name##_or(Vm *vm, const VmVal *args, VmVal *out) { return moment_or(vm, args, wanted, out); }

MOMENTS(date, WANTED_DATE)
MOMENTS(datetime, WANTED_DATETIME)

static bool
is_kind(Vm *vm, const VmVal *args, DocKind kind, DocKind or_kind, VmVal *out)
{
	DocKind		found = vm_dynamic_item(args[0].str).kind;

	out->i = found == kind || found == or_kind;
	return true;
}

bool
vm_dynamic_is_array(Vm *vm, const VmVal *args, VmVal *out)
{
	return is_kind(vm, args, DOC_ARRAY, DOC_ARRAY, out);
}

bool
vm_dynamic_is_object(Vm *vm, const VmVal *args, VmVal *out)
{
	return is_kind(vm, args, DOC_OBJECT, DOC_OBJECT, out);
}

bool
vm_dynamic_is_string(Vm *vm, const VmVal *args, VmVal *out)
{
	return is_kind(vm, args, DOC_STRING, DOC_STRING, out);
}

bool
vm_dynamic_is_number(Vm *vm, const VmVal *args, VmVal *out)
{
	return is_kind(vm, args, DOC_INT, DOC_DOUBLE, out);
}

bool
vm_dynamic_is_bool(Vm *vm, const VmVal *args, VmVal *out)
{
	return is_kind(vm, args, DOC_BOOL, DOC_BOOL, out);
}

/* Members that are null are not there: a member that is there is not null. */
bool
vm_dynamic_is_null_member(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;

	if (!charge_part(vm, args[0].str))
		return false;
	return part_of(args[0].str, args[1].str, &item) ? vm_make_maybe(vm, (VmVal) {.i = 0}, out) : nothing(out);
}

bool
vm_dynamic_has(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;

	if (!charge_part(vm, args[0].str))
		return false;
	out->i = part_of(args[0].str, args[1].str, &item);
	return true;
}

bool
vm_dynamic_size(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item = vm_dynamic_item(args[0].str);
	DocItem		inside;
	DocKey		key;
	int64_t		n = 0;

	if (!charge_part(vm, args[0].str))
		return false;
	if (item.kind != DOC_ARRAY && item.kind != DOC_OBJECT)
		return nothing(out);
	while (item.kind == DOC_ARRAY ? doc_next_element(&item.body, &inside) : doc_next_member(&item.body, &key, &inside))
		n++;
	return vm_maybe_int(vm, n, out);
}

bool
vm_dynamic_keys(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item = vm_dynamic_item(args[0].str);
	DocItem		inside;
	DocKey		key;
	VmList	   *list;
	VmVal		name;

	if (!charge_part(vm, args[0].str) || !vm_new_list(vm, 0, &list))
		return false;
	if (item.kind == DOC_OBJECT)
		while (doc_next_member(&item.body, &key, &inside))
			if (!vm_make_string(vm, key.str, key.len, &name) || !vm_list_append(vm, list, name))
				return false;
	out->list = list;
	return true;
}

/* A part is canonical as it lies there. */
static bool
make_part(Vm *vm, const DocItem *item, VmVal *out)
{
	return vm_make_string(vm, (const char *) item->raw, item->raw_len, out);
}

static bool
element_of(const VmStr *dynamic, int64_t index, DocItem *item)
{
	*item = vm_dynamic_item(dynamic);
	if (item->kind != DOC_ARRAY || index < 0)
		return false;
	for (DocCursor cursor = item->body; doc_next_element(&cursor, item); index--)
		if (index == 0)
			return true;
	return false;
}

static bool
maybe_part(Vm *vm, bool found, const DocItem *item, VmVal *out)
{
	VmVal		part;

	if (!found)
		return nothing(out);
	return make_part(vm, item, &part) && vm_make_maybe(vm, part, out);
}

bool
vm_dynamic_at_index(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;

	return charge_part(vm, args[0].str) && maybe_part(vm, element_of(args[0].str, args[1].i, &item), &item, out);
}

bool
vm_dynamic_at_member(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;

	return charge_part(vm, args[0].str) && maybe_part(vm, part_of(args[0].str, args[1].str, &item), &item, out);
}

bool
vm_dynamic_merge(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		base = vm_dynamic_item(args[0].str);
	bool		fits;

	if (!make(vm, &base, vm_dynamic_item(args[1].str), &fits, out))
		return false;
	ADAMA_ASSERT(fits);			/* neither of them is too deep or has reserved names */
	return true;
}

/* ---- json ---- */

static bool
part_or_null(Vm *vm, bool found, const DocItem *item, VmVal *out)
{
	if (found)
		return make_part(vm, item, out);
	out->str = &vm_null_json;
	return true;
}

bool
vm_json_deref_index(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;
	VmVal		name;

	if (!charge_part(vm, args[0].str))
		return false;
	if (vm_dynamic_item(args[0].str).kind == DOC_ARRAY)
		return part_or_null(vm, element_of(args[0].str, args[1].i, &item), &item, out);
	return vm_int_string(vm, args[1].i, &name) && part_or_null(vm, part_of(args[0].str, name.str, &item), &item, out);
}

bool
vm_json_deref_member(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item;
	int64_t		index;

	if (!charge_part(vm, args[0].str))
		return false;
	if (vm_dynamic_item(args[0].str).kind == DOC_ARRAY)
		return part_or_null(vm, doc_parse_int(args[1].str->text, args[1].str->len, &index) && element_of(args[0].str, index, &item), &item, out);
	return part_or_null(vm, part_of(args[0].str, args[1].str, &item), &item, out);
}

bool
vm_json_to_s(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_dynamic_str(vm, args, out);
}

bool
vm_json_to_d(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_dynamic_d(vm, args, out);
}

/* As Java's (long) of a double: towards zero, held within the bounds. */
static int64_t
whole_part(double d, int64_t min, int64_t max)
{
	return d >= (double) max ? max : d <= (double) min ? min : (int64_t) d;
}

static bool
json_whole(Vm *vm, const VmVal *args, bool is_int, VmVal *out)
{
	DocItem		item = vm_dynamic_item(args[0].str);

	if (item.kind == DOC_DOUBLE)
		return vm_maybe_int(vm, is_int ? whole_part(item.d, INT32_MIN, INT32_MAX) : whole_part(item.d, INT64_MIN, INT64_MAX), out);
	if (item.kind != DOC_INT)
		return nothing(out);
	return vm_maybe_int(vm, is_int ? (int32_t) (uint32_t) item.i : item.i, out);
}

bool
vm_json_to_i(Vm *vm, const VmVal *args, VmVal *out)
{
	return json_whole(vm, args, true, out);
}

bool
vm_json_to_l(Vm *vm, const VmVal *args, VmVal *out)
{
	return json_whole(vm, args, false, out);
}

bool
vm_json_to_b(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		item = vm_dynamic_item(args[0].str);

	if (item.kind != DOC_BOOL && item.kind != DOC_INT)
		return nothing(out);
	return vm_make_maybe(vm, (VmVal) {.i = item.kind == DOC_BOOL ? item.b : item.i != 0}, out);
}

/* A json and a dynamic are the same in memory. */
bool
vm_json_to_dynamic(Vm *vm, const VmVal *args, VmVal *out)
{
	*out = args[0];
	return true;
}

/* ---- messages ---- */

bool
vm_message_to_dynamic(Vm *vm, const VmVal *args, VmVal *out)
{
	const LangType *type = args[0].obj->structure->type;

	return make_value(vm, type, args[0], vm_value_size(type, args[0]), out);
}

/* The members that the dynamic has and the message's type, too; what is of a wrong type is an error. */
bool
vm_message_ingest_dynamic(Vm *vm, const VmVal *args, VmVal *out)
{
	KitDiag		why = {0};

	if (!vm_charge(vm, (size_t) args[1].str->len * MAKING + 64))
		return false;
	if (!vm_message_ingest(vm->program, args[0].obj, vm_dynamic_item(args[1].str), vm->arena, &why))
		return vm_fail(vm, KIT_RUNTIME_ERROR, "%s", why.message);
	out->i = 0;
	return true;
}

bool
vm_message_reset(Vm *vm, const VmVal *args, VmVal *out)
{
	const LangStruct *structure = args[0].obj->structure;
	VmObj	   *fresh;

	if (!vm_charge(vm, vm->program->structs[structure->index].message_size))
		return false;
	fresh = vm_message_new(vm->program, structure, vm->arena);
	memcpy(args[0].obj->slots, fresh->slots, (size_t) structure->n_slots * sizeof(VmVal));
	out->i = 0;
	return true;
}
