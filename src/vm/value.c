/*
 * value.c
 *	  Strings, principals, maybes and lists: made in an arena, compared.
 *
 * Strings are UTF-8, but the language orders and measures them as UTF-16.  The bytes of UTF-8 are in the order of code points,
 * and so are the units of UTF-16, but for one thing: what lies beyond U+FFFF is written with surrogates there, which come before
 * U+E000 to U+FFFF.  The bytes 0xee, 0xef and from 0xf0 on only ever begin a character, so the first pair of bytes that differ
 * tells.
 */
#include "vm/value.h"

#include <string.h>

#include "kit/utf8.h"
#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/letters.h"
#include "vm/map.h"

const VmStr vm_empty_string = {0, 1, ""};
const VmStr vm_null_json = {1, 1, "\0"};	/* the tag of null */

const VmComplex vm_complex_zero = {0, 0};
const VmComplex vm_complex_i = {0, 1};

static const VmPrincipal no_one = {1, 1, 1, "??"};
const VmPrincipal *const vm_no_one = &no_one;

const VmStr *
vm_str_new(KitArena *arena, const char *text, size_t len)
{
	VmStr	   *str = kit_arena_alloc(arena, sizeof(VmStr) + len + 1);

	str->len = (uint32_t) len;
	str->is_static = 0;
	if (len > 0)
		memcpy(str->text, text, len);
	str->text[len] = '\0';
	return str;
}

const VmStr *
vm_str_concat(KitArena *arena, const VmStr *a, const VmStr *b)
{
	size_t		len = (size_t) a->len + b->len;
	VmStr	   *str = kit_arena_alloc(arena, sizeof(VmStr) + len + 1);

	str->len = (uint32_t) len;
	str->is_static = 0;
	memcpy(str->text, a->text, a->len);
	memcpy(str->text + a->len, b->text, b->len);
	str->text[len] = '\0';
	return str;
}

bool
vm_str_equal(const VmStr *a, const VmStr *b)
{
	return a == b || (a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

static inline int
compare_bytes(uint8_t x, uint8_t y)
{
	if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0))
		return x >= 0xf0 ? -1 : 1;
	return x < y ? -1 : 1;
}

int
vm_str_compare(const VmStr *a, const VmStr *b)
{
	uint32_t	shorter = a->len < b->len ? a->len : b->len;

	if (a == b)
		return 0;
	for (uint32_t i = 0; i < shorter; i++)
		if (a->text[i] != b->text[i])
			return compare_bytes((uint8_t) a->text[i], (uint8_t) b->text[i]);
	return a->len == b->len ? 0 : a->len < b->len ? -1 : 1;
}

/* The code point at *p, which moves on.  Strings are valid, so this never stands still. */
static uint32_t
next_code(const uint8_t **p, const uint8_t *end)
{
	uint32_t	code;
	int			len;

	if (**p < 0x80)
		return *(*p)++;
	len = kit_utf8_read(*p, end, &code);
	ADAMA_ASSERT(len > 0);
	if (len == 0)
	{
		code = **p;
		len = 1;
	}
	*p += len;
	return code;
}

/* In the order of UTF-16: the first unit of a surrogate pair stands for what lies beyond U+FFFF. */
static uint32_t
utf16_rank(uint32_t code)
{
	return code > 0xffff ? 0xd800 + ((code - 0x10000) >> 10) : code;
}

int
vm_str_compare_insensitive(const VmStr *a, const VmStr *b)
{
	const uint8_t *p = (const uint8_t *) a->text;
	const uint8_t *q = (const uint8_t *) b->text;
	const uint8_t *p_end = p + a->len;
	const uint8_t *q_end = q + b->len;

	while (p < p_end && q < q_end)
	{
		uint32_t	x = vm_letter_lower(next_code(&p, p_end));
		uint32_t	y = vm_letter_lower(next_code(&q, q_end));

		if (x != y)
		{
			uint32_t	x_rank = utf16_rank(x);
			uint32_t	y_rank = utf16_rank(y);

			return x_rank != y_rank ? (x_rank < y_rank ? -1 : 1) : x < y ? -1 : 1;
		}
	}
	return p < p_end ? 1 : q < q_end ? -1 : 0;
}

uint32_t
vm_str_utf16_len(const VmStr *s)
{
	uint32_t	len = 0;

	for (uint32_t i = 0; i < s->len; i++)
	{
		uint8_t		byte = (uint8_t) s->text[i];

		len += ((byte & 0xc0) != 0x80) + (byte >= 0xf0);
	}
	return len;
}

const VmPrincipal *
vm_principal_new(KitArena *arena, const char *agent, size_t agent_len, const char *authority, size_t authority_len)
{
	VmPrincipal *who = kit_arena_alloc(arena, sizeof(VmPrincipal) + agent_len + authority_len);

	ADAMA_ASSERT(agent_len <= UINT16_MAX && authority_len <= UINT16_MAX);
	who->agent_len = (uint16_t) agent_len;
	who->authority_len = (uint16_t) authority_len;
	who->is_static = 0;
	if (agent_len > 0)
		memcpy(who->text, agent, agent_len);
	if (authority_len > 0)
		memcpy(who->text + agent_len, authority, authority_len);
	return who;
}

bool
vm_principal_equal(const VmPrincipal *a, const VmPrincipal *b)
{
	return a == b || (a->agent_len == b->agent_len && a->authority_len == b->authority_len &&
					  memcmp(a->text, b->text, (size_t) a->agent_len + a->authority_len) == 0);
}

VmList *
vm_list_new(KitArena *arena, uint32_t cap)
{
	VmList	   *list = kit_arena_alloc(arena, sizeof(VmList));

	list->n = 0;
	list->cap = cap;
	list->items = cap == 0 ? NULL : kit_arena_alloc(arena, (size_t) cap * sizeof(VmVal));
	return list;
}

void
vm_list_add(KitArena *arena, VmList *list, VmVal value)
{
	if (list->n == list->cap)
	{
		uint32_t	cap = list->cap < 8 ? 8 : list->cap * 2;
		VmVal	   *items = kit_arena_alloc(arena, (size_t) cap * sizeof(VmVal));

		if (list->n > 0)
			memcpy(items, list->items, (size_t) list->n * sizeof(VmVal));
		list->items = items;
		list->cap = cap;
	}
	list->items[list->n++] = value;
}

const VmMaybe *
vm_maybe_new(KitArena *arena, VmVal value)
{
	VmMaybe    *maybe = kit_arena_alloc(arena, sizeof(VmMaybe));

	maybe->value = value;
	return maybe;
}

int
vm_calendar_text(const LangType *type, VmVal value, char text[KIT_CALENDAR_TEXT])
{
	switch (type->kind)
	{
		case LANG_DATE:
			return kit_date_text(value.i, text);
		case LANG_TIME:
			return kit_time_text(value.i, text);
		default:
			return kit_datetime_text(value.i, text);
	}
}

static bool
same_message(const VmObj *a, const VmObj *b)
{
	const LangStruct *structure = a->structure;

	if (a == b)
		return true;
	if (structure != b->structure)
		return false;
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot >= 0 && !vm_value_same(field->type, a->slots[field->slot], b->slots[field->slot]))
			return false;
	}
	return true;
}

/* Zeros of both signs differ, and what is not a number is like itself. */
static bool
same_double(double a, double b)
{
	return memcmp(&a, &b, sizeof(double)) == 0 || (a != a && b != b);
}

static bool
same_map(const VmMap *a, const VmMap *b)
{
	VmMapAt		a_at = {0, 0};
	VmMapAt		b_at = {0, 0};
	const VmPair *x;

	if (a == b)
		return true;
	if (vm_map_size(a) != vm_map_size(b))
		return false;
	while ((x = vm_map_step(a, &a_at)) != NULL)
	{
		const VmPair *y = vm_map_step(b, &b_at);

		if (vm_key_compare(a->key_kind, x->key, y->key) != 0 ||
			!vm_value_same(vm_map_value_type(a), vm_map_entry_value(a, x), vm_map_entry_value(b, y)))
			return false;
	}
	return true;
}

bool
vm_value_same(const LangType *type, VmVal a, VmVal b)
{
	switch (type->kind)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_ENUM:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			return a.i == b.i;
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return same_double(a.d, b.d);
		case LANG_COMPLEX:
			return same_double(a.complex->re, b.complex->re) && same_double(a.complex->im, b.complex->im);
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
		case LANG_JSON:
			return vm_str_equal(a.str, b.str);
		case LANG_TEXT:
			return vm_cotext_same(a.text, b.text);
		case LANG_PRINCIPAL:
			return vm_principal_equal(a.who, b.who);
		case LANG_ASSET:
			return vm_asset_equal(a.asset, b.asset);
		case LANG_MAYBE:
			if (a.maybe == NULL || b.maybe == NULL)
				return a.maybe == b.maybe;
			return vm_value_same(type->a, a.maybe->value, b.maybe->value);
		case LANG_LIST:
		case LANG_ARRAY:
			if (a.list->n != b.list->n)
				return false;
			for (uint32_t i = 0; i < a.list->n; i++)
				if (!vm_value_same(type->a, a.list->items[i], b.list->items[i]))
					return false;
			return true;
		case LANG_MESSAGE:
			return same_message(a.obj, b.obj);
		case LANG_MAP:
			return same_map(a.map, b.map);
		default:
			return a.p == b.p;
	}
}
