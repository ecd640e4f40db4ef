/*
 * builtin_words.c
 *	  Strings taken apart into characters, words and parts, and put together again.
 *
 * Where a program asks for one unit of UTF-16 it gets a whole character, at the position where that begins; at the position of its second unit there is
 * nothing.  So the units of a string, one behind the other, are the string.
 */
#include <string.h>

#include "vm/builtin.h"
#include "vm/letters.h"
#include "vm/map.h"
#include "vm/string.h"

/* ---- strings made piece by piece ---- */

void
vm_pieces_init(VmPieces *pieces, Vm *vm)
{
	*pieces = (VmPieces) {.vm = vm};
}

static bool
pieces_reserve(VmPieces *pieces, size_t len)
{
	size_t		cap = pieces->cap < 64 ? 64 : pieces->cap * 2;
	char	   *data;

	if (len <= pieces->cap - pieces->len)
		return true;
	if (len > VM_MAX_STRING - pieces->len)
		return vm_out_of_memory(pieces->vm);
	if (cap < pieces->len + len)
		cap = pieces->len + len;
	if (!vm_charge(pieces->vm, cap))
		return false;
	data = kit_arena_alloc(pieces->vm->arena, cap);
	if (pieces->len > 0)
		memcpy(data, pieces->data, pieces->len);
	pieces->data = data;
	pieces->cap = cap;
	return true;
}

bool
vm_pieces_add(VmPieces *pieces, const void *data, size_t len)
{
	if (len == 0)
		return true;
	if (!pieces_reserve(pieces, len))
		return false;
	memcpy(pieces->data + pieces->len, data, len);
	pieces->len += len;
	return true;
}

bool
vm_pieces_add_code(VmPieces *pieces, uint32_t code)
{
	if (!pieces_reserve(pieces, 4))
		return false;
	pieces->len += (size_t) kit_utf8_write((uint8_t *) pieces->data + pieces->len, code);
	return true;
}

bool
vm_pieces_string(VmPieces *pieces, VmVal *out)
{
	return vm_make_string(pieces->vm, pieces->data, pieces->len, out);
}

/* ---- characters ---- */

static bool
charge_walk(Vm *vm, const VmStr *s)
{
	return vm_charge_steps(vm, s->len / 16);
}

static bool
nothing(VmVal *out)
{
	out->maybe = NULL;
	return true;
}

/* The character whose first (*second: second) unit is at the position, or NULL; *next is where it ends. */
static const uint8_t *
char_at(const VmStr *s, int64_t at, const uint8_t **next, uint32_t *code, bool *second)
{
	const uint8_t *end = vm_str_end(s);

	if (at < 0)
		return NULL;
	for (const uint8_t *p = vm_str_begin(s); p < end; p = *next)
	{
		*next = vm_str_next(p, end, code);
		*second = at == 1 && *code > 0xffff;
		if (at == 0 || *second)
			return p;
		at -= *code > 0xffff ? 2 : 1;
	}
	return NULL;
}

bool
vm_string_char_at(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *next;
	const uint8_t *p;
	uint32_t	code;
	bool		second;

	if (!charge_walk(vm, args[0].str))
		return false;
	p = char_at(args[0].str, args[1].i, &next, &code, &second);
	return p == NULL ? nothing(out) : vm_maybe_string(vm, (const char *) p, second ? 0 : (size_t) (next - p), out);
}

bool
vm_string_codepoint_at(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *next;
	uint32_t	code;
	bool		second;

	if (!charge_walk(vm, args[0].str))
		return false;
	if (char_at(args[0].str, args[1].i, &next, &code, &second) == NULL)
		return nothing(out);
	return vm_maybe_int(vm, second ? 0xdc00 + (code & 0x3ff) : code, out);
}

bool
vm_string_codepoints(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *end = vm_str_end(args[0].str);
	VmList	   *list;

	if (!charge_walk(vm, args[0].str) || !vm_new_list(vm, 0, &list))
		return false;
	for (const uint8_t *p = vm_str_begin(args[0].str); p < end;)
	{
		uint32_t	code;

		p = vm_str_next(p, end, &code);
		if (!vm_list_append(vm, list, (VmVal) {.i = code}))
			return false;
	}
	out->list = list;
	return true;
}

bool
vm_string_char_of(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		code = args[0].i;
	uint8_t		bytes[4];
	int			len = 0;

	if (code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
		len = kit_utf8_write(bytes, (uint32_t) code);
	return vm_make_string(vm, (const char *) bytes, (size_t) len, out);
}

bool
vm_string_reverse(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const uint8_t *end = vm_str_end(s);
	VmStr	   *made;
	char	   *to;

	if (!charge_walk(vm, s) || !vm_new_string(vm, s->len, &made))
		return false;
	to = made->text + s->len;
	for (const uint8_t *p = vm_str_begin(s); p < end;)
	{
		uint32_t	code;
		const uint8_t *next = vm_str_next(p, end, &code);

		to -= next - p;
		memcpy(to, p, (size_t) (next - p));
		p = next;
	}
	out->str = made;
	return true;
}

/* ---- words ---- */

bool
vm_string_proper(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const uint8_t *second;
	uint32_t	code;
	VmVal		head;
	VmVal		rest;

	if (s->len == 0)
	{
		out->str = s;
		return true;
	}
	second = vm_str_next(vm_str_begin(s), vm_str_end(s), &code);
	return vm_make_string(vm, s->text, (size_t) (second - vm_str_begin(s)), &head) && vm_change_case(vm, head.str, true, &head) &&
		vm_make_string(vm, (const char *) second, (size_t) (vm_str_end(s) - second), &rest) && vm_change_case(vm, rest.str, false, &rest) &&
		vm_concat(vm, head.str, rest.str, out);
}

bool
vm_string_normalize_whitespace(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *end = vm_str_end(args[0].str);
	const uint8_t *p = vm_skip_space(vm_str_begin(args[0].str), end);
	VmPieces	pieces;

	if (!charge_walk(vm, args[0].str))
		return false;
	vm_pieces_init(&pieces, vm);
	while (p < end)
	{
		const uint8_t *word = p;
		const uint8_t *next = p;
		uint32_t	code;

		while (p < end)
		{
			next = vm_str_next(p, end, &code);
			if (vm_letter_is_space(code))
				break;
			p = next;
		}
		if ((pieces.len > 0 && !vm_pieces_add(&pieces, " ", 1)) || !vm_pieces_add(&pieces, word, (size_t) (p - word)))
			return false;
		p = vm_skip_space(p, end);
	}
	return vm_pieces_string(&pieces, out);
}

/* "fooBarHTML" and "_" make "foo_Bar_HTML": what is no letter neither counts nor interrupts. */
bool
vm_string_camelject(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *end = vm_str_end(args[0].str);
	bool		after_upper = true;
	VmPieces	pieces;

	if (!charge_walk(vm, args[0].str))
		return false;
	vm_pieces_init(&pieces, vm);
	for (const uint8_t *p = vm_str_begin(args[0].str); p < end;)
	{
		uint32_t	code;
		const uint8_t *next = vm_str_next(p, end, &code);

		if (vm_letter_is_letter(code))
		{
			bool		is_upper = vm_letter_lower(code) != code;

			if (is_upper && !after_upper && !vm_pieces_add(&pieces, args[1].str->text, args[1].str->len))
				return false;
			after_upper = is_upper;
		}
		if (!vm_pieces_add(&pieces, p, (size_t) (next - p)))
			return false;
		p = next;
	}
	return vm_pieces_string(&pieces, out);
}

bool
vm_string_initials_of(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *end = vm_str_end(args[0].str);
	bool		at_start = true;
	VmPieces	pieces;

	if (!charge_walk(vm, args[0].str))
		return false;
	vm_pieces_init(&pieces, vm);
	for (const uint8_t *p = vm_str_begin(args[0].str); p < end;)
	{
		uint32_t	code;
		const uint8_t *next = vm_str_next(p, end, &code);

		if (code != ' ' && at_start)
		{
			if (pieces.len > 0 && args[1].i != 0 && !vm_pieces_add(&pieces, ".", 1))
				return false;
			if (!vm_pieces_add(&pieces, p, (size_t) (next - p)))
				return false;
		}
		at_start = code == ' ';
		p = next;
	}
	return vm_pieces_string(&pieces, out);
}

/* ---- parts ---- */

static bool
add_part(Vm *vm, VmList *list, const uint8_t *start, const uint8_t *end)
{
	VmVal		part;

	return vm_make_string(vm, (const char *) start, (size_t) (end - start), &part) && vm_list_append(vm, list, part);
}

bool
vm_string_split(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *separator = args[1].str;
	const uint8_t *p = vm_str_begin(s);
	const uint8_t *end = vm_str_end(s);
	const uint8_t *found;
	VmList	   *list;

	if (!vm_charge_search(vm, s, separator) || !vm_new_list(vm, 0, &list))
		return false;
	if (separator->len == 0)
	{
		for (uint32_t code; p < end;)
		{
			const uint8_t *next = vm_str_next(p, end, &code);

			if (!add_part(vm, list, p, next))
				return false;
			p = next;
		}
	}
	else
	{
		for (; (found = vm_str_find(p, end, separator)) != NULL; p = found + separator->len)
			if (!add_part(vm, list, p, found))
				return false;
		if (p < end && !add_part(vm, list, p, end))
			return false;
		while (list->n > 0 && list->items[list->n - 1].str->len == 0)
			list->n--;
	}
	out->list = list;
	return s->len > 0 || vm_list_append(vm, list, (VmVal) {.str = &vm_empty_string});
}

static bool
join(Vm *vm, const VmList *list, const VmStr *between, VmVal *out)
{
	VmPieces	pieces;

	if (!vm_charge_steps(vm, list->n))
		return false;
	vm_pieces_init(&pieces, vm);
	for (uint32_t i = 0; i < list->n; i++)
		if ((i > 0 && !vm_pieces_add(&pieces, between->text, between->len)) ||
			!vm_pieces_add(&pieces, list->items[i].str->text, list->items[i].str->len))
			return false;
	return vm_pieces_string(&pieces, out);
}

bool
vm_string_join(Vm *vm, const VmVal *args, VmVal *out)
{
	return join(vm, args[0].list, args[1].str, out);
}

bool
vm_string_concat(Vm *vm, const VmVal *args, VmVal *out)
{
	return join(vm, args[0].list, &vm_empty_string, out);
}

static bool
join_maybes(Vm *vm, const VmList *list, const VmStr *between, VmVal *out)
{
	VmList	   *there;
	VmVal		joined;

	if (!vm_charge_steps(vm, list->n) || !vm_new_list(vm, 0, &there))
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->items[i].maybe != NULL && !vm_list_append(vm, there, list->items[i].maybe->value))
			return false;
	if (there->n == 0)
		return nothing(out);
	return join(vm, there, between, &joined) && vm_make_maybe(vm, joined, out);
}

bool
vm_string_join_maybes(Vm *vm, const VmVal *args, VmVal *out)
{
	return join_maybes(vm, args[0].list, args[1].str, out);
}

bool
vm_string_concat_maybes(Vm *vm, const VmVal *args, VmVal *out)
{
	return join_maybes(vm, args[0].list, &vm_empty_string, out);
}

/* ---- occurrences ---- */

bool
vm_string_replace_first(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *old = args[1].str;
	const VmStr *new = args[2].str;
	const uint8_t *found;
	size_t		before;
	VmStr	   *made;

	if (!vm_charge_search(vm, s, old))
		return false;
	found = vm_str_find(vm_str_begin(s), vm_str_end(s), old);
	if (found == NULL)
	{
		out->str = s;
		return true;
	}
	before = (size_t) (found - vm_str_begin(s));
	if (!vm_new_string(vm, (size_t) s->len - old->len + new->len, &made))
		return false;
	memcpy(made->text, s->text, before);
	memcpy(made->text + before, new->text, new->len);
	memcpy(made->text + before + new->len, s->text + before + old->len, s->len - before - old->len);
	out->str = made;
	return true;
}

bool
vm_string_remove_all(Vm *vm, const VmVal *args, VmVal *out)
{
	VmVal		replacing[3] = {args[0], args[1], {.str = &vm_empty_string}};

	return vm_string_replace_all(vm, replacing, out);
}

/* What stands between two delimiters is a key of the map, whose value stands for all three; nothing when there is none.  A single one is no delimiter. */
bool
vm_string_bulk_replace_all(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *delimiter = args[1].str;
	const VmMap *map = args[2].map;
	const uint8_t *p = vm_str_begin(s);
	const uint8_t *end = vm_str_end(s);
	const uint8_t *open;
	const uint8_t *close;
	VmPieces	pieces;

	if (delimiter->len == 0)
	{
		out->str = s;
		return true;
	}
	if (!vm_charge_search(vm, s, delimiter))
		return false;
	vm_pieces_init(&pieces, vm);
	while ((open = vm_str_find(p, end, delimiter)) != NULL && (close = vm_str_find(open + delimiter->len, end, delimiter)) != NULL)
	{
		const VmPair *entry;
		VmVal		key;

		if (!vm_make_string(vm, (const char *) open + delimiter->len, (size_t) (close - open) - delimiter->len, &key) ||
			!vm_charge_steps(vm, 8 + key.str->len / 4) || !vm_pieces_add(&pieces, p, (size_t) (open - p)))
			return false;
		entry = vm_map_get(map, key);
		if (entry != NULL)
		{
			const VmStr *value = vm_map_entry_value(map, entry).str;

			if (!vm_pieces_add(&pieces, value->text, value->len))
				return false;
		}
		p = close + delimiter->len;
	}
	return vm_pieces_add(&pieces, p, (size_t) (end - p)) && vm_pieces_string(&pieces, out);
}

bool
vm_string_count_occurrences(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *needle = args[1].str;
	const uint8_t *end = vm_str_end(args[0].str);
	const uint8_t *p = vm_str_begin(args[0].str);
	int64_t		n = 0;

	if (!vm_charge_search(vm, args[0].str, needle))
		return false;
	if (needle->len > 0)
		for (; (p = vm_str_find(p, end, needle)) != NULL; p += needle->len)
			n++;
	out->i = n;
	return true;
}

bool
vm_string_compare_insensitive(Vm *vm, const VmVal *args, VmVal *out)
{
	uint32_t	len = args[0].str->len;

	out->i = vm_str_compare_insensitive(args[0].str, args[1].str);
	return vm_charge_steps(vm, len / 8);
}

/* ---- length ---- */

bool
vm_string_multiply(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_repeat(vm, args[0].str, args[1].i, out);
}

/* The padding that is missing: as often as it fits, then a part of it; of a character of two units only all. */
static bool
padding(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *with = args[2].str;
	int64_t		missing;
	int64_t		unit;
	VmVal		whole;
	const uint8_t *part;

	out->str = &vm_empty_string;
	if (!charge_walk(vm, args[0].str) || !charge_walk(vm, with))
		return false;
	missing = args[1].i - vm_str_utf16_len(args[0].str);
	if (missing <= 0 || with->len == 0)
		return true;
	unit = vm_str_utf16_len(with);
	part = vm_str_unit(with, missing % unit, true);
	if (!vm_repeat(vm, with, missing / unit, &whole) ||
		!vm_make_string(vm, with->text, (size_t) (part - vm_str_begin(with)), out))
		return false;
	return vm_concat(vm, whole.str, out->str, out);
}

bool
vm_string_pad_left(Vm *vm, const VmVal *args, VmVal *out)
{
	VmVal		pad;

	return padding(vm, args, &pad) && vm_concat(vm, pad.str, args[0].str, out);
}

bool
vm_string_pad_right(Vm *vm, const VmVal *args, VmVal *out)
{
	VmVal		pad;

	return padding(vm, args, &pad) && vm_concat(vm, args[0].str, pad.str, out);
}
