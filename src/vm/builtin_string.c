/*
 * builtin_string.c
 *	  Strings: made, joined, searched, cut.
 *
 * Strings are UTF-8; the program counts in units of UTF-16.  A position inside a surrogate pair belongs to neither side: what begins there begins after
 * the character, what ends there ends before it, so that no half of a character is ever made.
 *
 * Searching is charged for the bytes that it may look at in the worst case, which a long pattern makes dear.
 */
#include <string.h>

#include "vm/builtin.h"
#include "vm/letters.h"
#include "vm/string.h"

/* ---- making ---- */

bool
vm_new_string(Vm *vm, size_t len, VmStr **out)
{
	VmStr	   *s;

	if (len > VM_MAX_STRING)
		return vm_out_of_memory(vm);
	if (!vm_charge(vm, sizeof(VmStr) + len + 1))
		return false;
	s = kit_arena_alloc(vm->arena, sizeof(VmStr) + len + 1);
	s->len = (uint32_t) len;
	s->is_static = 0;
	s->text[len] = '\0';
	*out = s;
	return true;
}

bool
vm_make_string(Vm *vm, const char *text, size_t len, VmVal *out)
{
	VmStr	   *s;

	if (len == 0)
	{
		out->str = &vm_empty_string;
		return true;
	}
	if (!vm_new_string(vm, len, &s))
		return false;
	memcpy(s->text, text, len);
	out->str = s;
	return true;
}

bool
vm_make_maybe(Vm *vm, VmVal value, VmVal *out)
{
	if (!vm_charge(vm, sizeof(VmMaybe)))
		return false;
	out->maybe = vm_maybe_new(vm->arena, value);
	return true;
}

bool
vm_maybe_string(Vm *vm, const char *text, size_t len, VmVal *out)
{
	VmVal		s;

	return vm_make_string(vm, text, len, &s) && vm_make_maybe(vm, s, out);
}

bool
vm_maybe_int(Vm *vm, int64_t value, VmVal *out)
{
	return vm_make_maybe(vm, (VmVal) {.i = value}, out);
}

static bool
nothing(VmVal *out)
{
	out->maybe = NULL;
	return true;
}

bool
vm_concat(Vm *vm, const VmStr *a, const VmStr *b, VmVal *out)
{
	VmStr	   *s;

	if (a->len == 0 || b->len == 0)
	{
		out->str = a->len == 0 ? b : a;
		return true;
	}
	if (!vm_new_string(vm, (size_t) a->len + b->len, &s))
		return false;
	memcpy(s->text, a->text, a->len);
	memcpy(s->text + a->len, b->text, b->len);
	out->str = s;
	return true;
}

bool
vm_repeat(Vm *vm, const VmStr *a, int64_t times, VmVal *out)
{
	VmStr	   *s;

	if (times <= 0 || a->len == 0)
	{
		out->str = &vm_empty_string;
		return true;
	}
	if ((uint64_t) times > VM_MAX_STRING / a->len)
		return vm_out_of_memory(vm);
	if (!vm_new_string(vm, (size_t) a->len * (size_t) times, &s))
		return false;
	for (size_t at = 0; at < s->len; at += a->len)
		memcpy(s->text + at, a->text, a->len);
	out->str = s;
	return true;
}

bool
vm_int_string(Vm *vm, int64_t i, VmVal *out)
{
	char		text[24];
	char	   *p = text + sizeof(text);
	uint64_t	rest = i < 0 ? 0 - (uint64_t) i : (uint64_t) i;

	do
		*--p = (char) ('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (i < 0)
		*--p = '-';
	return vm_make_string(vm, p, (size_t) (text + sizeof(text) - p), out);
}

bool
vm_double_string(Vm *vm, double d, VmVal *out)
{
	KitBuf		text;

	if (d != d)
		return vm_make_string(vm, "NaN", 3, out);
	if (d - d != 0)
		return vm_make_string(vm, d < 0 ? "-Infinity" : "Infinity", d < 0 ? 9 : 8, out);
	kit_buf_init(&text, vm->arena);
	doc_double_text(d, &text);
	return vm_charge(vm, 64) && vm_make_string(vm, text.data, text.len, out);
}

static const VmStr true_string = {4, 1, "true"};
static const VmStr false_string = {5, 1, "false"};

const VmStr *
vm_bool_string(bool b)
{
	return b ? &true_string : &false_string;
}

bool
vm_string_of_bool(Vm *vm, const VmVal *args, VmVal *out)
{
	out->str = vm_bool_string(args[0].i != 0);
	return true;
}

bool
vm_string_of_int(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_int_string(vm, args[0].i, out);
}

bool
vm_string_of_double(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_double_string(vm, args[0].d, out);
}

/* ---- measuring ---- */

/* Where the n-th unit of UTF-16 begins.  In the middle of a character: where that ends, or (back) where it begins. */
const uint8_t *
vm_str_unit(const VmStr *s, int64_t n, bool back)
{
	const uint8_t *p = vm_str_begin(s);
	const uint8_t *end = vm_str_end(s);

	while (n > 0 && p < end)
	{
		const uint8_t *start = p;
		uint32_t	code;

		p = vm_str_next(p, end, &code);
		n -= code > 0xffff ? 2 : 1;
		if (n < 0 && back)
			return start;
	}
	return p;
}

int64_t
vm_str_units(const uint8_t *p, const uint8_t *end)
{
	int64_t		n = 0;

	for (; p < end; p++)
		n += ((*p & 0xc0) != 0x80) + (*p >= 0xf0);
	return n;
}

bool
vm_string_length(Vm *vm, const VmVal *args, VmVal *out)
{
	uint32_t	len = args[0].str->len;

	out->i = vm_str_utf16_len(args[0].str);
	return vm_charge_steps(vm, len / 16);
}

bool
vm_string_is_empty(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].str->len == 0;
	return true;
}

const uint8_t *
vm_skip_space(const uint8_t *p, const uint8_t *end)
{
	while (p < end)
	{
		uint32_t	code;
		const uint8_t *next = vm_str_next(p, end, &code);

		if (!vm_letter_is_space(code))
			break;
		p = next;
	}
	return p;
}

const uint8_t *
vm_skip_space_back(const uint8_t *start, const uint8_t *p)
{
	while (p > start)
	{
		const uint8_t *before = p - 1;
		uint32_t	code;

		while (before > start && (*before & 0xc0) == 0x80)
			before--;
		vm_str_next(before, p, &code);
		if (!vm_letter_is_space(code))
			break;
		p = before;
	}
	return p;
}

bool
vm_string_is_blank(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;

	if (!vm_charge_steps(vm, s->len / 16))
		return false;
	out->i = vm_skip_space(vm_str_begin(s), vm_str_end(s)) == vm_str_end(s);
	return true;
}

static bool
trim(Vm *vm, const VmStr *s, bool at_start, bool at_end, VmVal *out)
{
	const uint8_t *start = vm_str_begin(s);
	const uint8_t *end = vm_str_end(s);

	if (!vm_charge_steps(vm, s->len / 16))
		return false;
	if (at_start)
		start = vm_skip_space(start, end);
	if (at_end)
		end = vm_skip_space_back(start, end);
	if ((size_t) (end - start) == s->len)
	{
		out->str = s;
		return true;
	}
	return vm_make_string(vm, (const char *) start, (size_t) (end - start), out);
}

bool
vm_string_trim(Vm *vm, const VmVal *args, VmVal *out)
{
	return trim(vm, args[0].str, true, true, out);
}

bool
vm_string_trim_left(Vm *vm, const VmVal *args, VmVal *out)
{
	return trim(vm, args[0].str, true, false, out);
}

bool
vm_string_trim_right(Vm *vm, const VmVal *args, VmVal *out)
{
	return trim(vm, args[0].str, false, true, out);
}

/* ---- case ---- */

#define SHARP_S 0xdf			/* whose upper case is two letters */

bool
vm_change_case(Vm *vm, const VmStr *s, bool to_upper, VmVal *out)
{
	const uint8_t *end = vm_str_end(s);
	size_t		len = 0;
	uint32_t	code;
	uint8_t		bytes[4];
	uint8_t    *to;
	VmStr	   *made;

	if (!vm_charge_steps(vm, s->len / 8))
		return false;
	for (const uint8_t *p = vm_str_begin(s); p < end;)
	{
		p = vm_str_next(p, end, &code);
		len += to_upper && code == SHARP_S ? 2 : (size_t) kit_utf8_write(bytes, to_upper ? vm_letter_upper(code) : vm_letter_lower(code));
	}
	if (!vm_new_string(vm, len, &made))
		return false;
	to = (uint8_t *) made->text;
	for (const uint8_t *p = vm_str_begin(s); p < end;)
	{
		p = vm_str_next(p, end, &code);
		if (to_upper && code == SHARP_S)
		{
			*to++ = 'S';
			*to++ = 'S';
		}
		else
			to += kit_utf8_write(to, to_upper ? vm_letter_upper(code) : vm_letter_lower(code));
	}
	out->str = made;
	return true;
}

bool
vm_string_upper(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_change_case(vm, args[0].str, true, out);
}

bool
vm_string_lower(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_change_case(vm, args[0].str, false, out);
}

/* ---- searching ---- */

/* The first occurrence of needle in what lies between p and end, or NULL. */
const uint8_t *
vm_str_find(const uint8_t *p, const uint8_t *end, const VmStr *needle)
{
	size_t		n = needle->len;
	const uint8_t *first = vm_str_begin(needle);

	if (n == 0)
		return p;
	while ((size_t) (end - p) >= n)
	{
		p = memchr(p, first[0], (size_t) (end - p) - n + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, first, n) == 0)
			return p;
		p++;
	}
	return NULL;
}

/* Steps of a search: each position may cost a comparison. */
bool
vm_charge_search(Vm *vm, const VmStr *text, const VmStr *needle)
{
	return vm_charge_steps(vm, (uint64_t) text->len / 16 + (uint64_t) text->len * (needle->len / 32) / 8);
}

bool
vm_string_contains(Vm *vm, const VmVal *args, VmVal *out)
{
	if (!vm_charge_search(vm, args[0].str, args[1].str))
		return false;
	out->i = vm_str_find(vm_str_begin(args[0].str), vm_str_end(args[0].str), args[1].str) != NULL;
	return true;
}

bool
vm_string_starts_with(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *start = args[1].str;

	out->i = s->len >= start->len && memcmp(s->text, start->text, start->len) == 0;
	return vm_charge_steps(vm, start->len / 16);
}

bool
vm_string_ends_with(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *end = args[1].str;

	out->i = s->len >= end->len && memcmp(s->text + s->len - end->len, end->text, end->len) == 0;
	return vm_charge_steps(vm, end->len / 16);
}

static bool
index_of(Vm *vm, const VmStr *s, const VmStr *needle, int64_t from, VmVal *out)
{
	const uint8_t *start;
	const uint8_t *found;

	if (!vm_charge_search(vm, s, needle))
		return false;
	start = vm_str_unit(s, from, false);
	found = vm_str_find(start, vm_str_end(s), needle);
	return found == NULL ? nothing(out) : vm_maybe_int(vm, vm_str_units(vm_str_begin(s), found), out);
}

bool
vm_string_index_of(Vm *vm, const VmVal *args, VmVal *out)
{
	return index_of(vm, args[0].str, args[1].str, 0, out);
}

bool
vm_string_index_of_from(Vm *vm, const VmVal *args, VmVal *out)
{
	return index_of(vm, args[0].str, args[1].str, args[2].i, out);
}

bool
vm_string_last_index_of(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *needle = args[1].str;

	if (!vm_charge_search(vm, s, needle))
		return false;
	for (size_t at = (size_t) s->len + 1; at-- > 0;)
		if (s->len - at >= needle->len && memcmp(s->text + at, needle->text, needle->len) == 0)
			return vm_maybe_int(vm, vm_str_units(vm_str_begin(s), vm_str_begin(s) + at), out);
	return nothing(out);
}

bool
vm_string_compare(Vm *vm, const VmVal *args, VmVal *out)
{
	uint32_t	len = args[0].str->len;

	out->i = vm_str_compare(args[0].str, args[1].str);
	return vm_charge_steps(vm, len / 16);
}

bool
vm_string_equality(Vm *vm, const VmVal *args, VmVal *out)
{
	uint32_t	len = args[0].str->len;

	out->i = vm_str_equal(args[0].str, args[1].str);
	return vm_charge_steps(vm, len / 16);
}

/*
 * text =? pattern: the pattern without the white space around it and in lower case is empty, or occurs in the text in lower case, or one of the words
 * that it consists of does.
 */
bool
vm_match(Vm *vm, const VmStr *text, const VmStr *pattern, bool *out)
{
	VmVal		folded;
	VmVal		wanted;
	const uint8_t *p;
	const uint8_t *end;

	if (!trim(vm, pattern, true, true, &wanted) || !vm_change_case(vm, wanted.str, false, &wanted) || !vm_change_case(vm, text, false, &folded) ||
		!vm_charge_search(vm, folded.str, wanted.str))
		return false;
	*out = true;
	if (vm_str_find(vm_str_begin(folded.str), vm_str_end(folded.str), wanted.str) != NULL)
		return true;
	p = vm_str_begin(wanted.str);
	end = vm_str_end(wanted.str);
	while (p < end)
	{
		const uint8_t *word = p;
		VmVal		one;

		while (p < end && vm_skip_space(p, end) == p)
		{
			uint32_t	code;

			p = vm_str_next(p, end, &code);
		}
		if (!vm_make_string(vm, (const char *) word, (size_t) (p - word), &one) || !vm_charge_search(vm, folded.str, one.str))
			return false;
		if (one.str->len > 0 && vm_str_find(vm_str_begin(folded.str), vm_str_end(folded.str), one.str) != NULL)
			return true;
		p = vm_skip_space(p, end);
	}
	*out = false;
	return true;
}

/* ---- cutting ---- */

static bool
cut(Vm *vm, const VmStr *s, int64_t from, int64_t to, VmVal *out)
{
	const uint8_t *start;
	const uint8_t *end;

	if (!vm_charge_steps(vm, s->len / 8))
		return false;
	start = vm_str_unit(s, from, false);
	end = vm_str_unit(s, to, true);
	return vm_maybe_string(vm, (const char *) start, end > start ? (size_t) (end - start) : 0, out);
}

bool
vm_string_left(Vm *vm, const VmVal *args, VmVal *out)
{
	return args[1].i < 0 ? nothing(out) : cut(vm, args[0].str, 0, args[1].i, out);
}

bool
vm_string_right(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		len = vm_str_utf16_len(args[0].str);

	if (args[1].i < 0)
		return nothing(out);
	return cut(vm, args[0].str, args[1].i < len ? len - args[1].i : 0, len, out);
}

bool
vm_string_mid(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		len = vm_str_utf16_len(args[0].str);
	int64_t		start = args[1].i;

	if (start < 1 || start > len || args[2].i < 0)
		return nothing(out);
	return cut(vm, args[0].str, start - 1, start - 1 + args[2].i < len ? start - 1 + args[2].i : len, out);
}

bool
vm_string_substr(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		len = vm_str_utf16_len(args[0].str);

	if (args[1].i < 0 || args[1].i > args[2].i || args[2].i > len)
		return nothing(out);
	return cut(vm, args[0].str, args[1].i, args[2].i, out);
}

bool
vm_string_replace_all(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	const VmStr *old = args[1].str;
	const VmStr *new = args[2].str;
	const uint8_t *p = vm_str_begin(s);
	const uint8_t *end = vm_str_end(s);
	const uint8_t *found;
	size_t		n = 0;
	VmStr	   *made;
	char	   *to;

	if (!vm_charge_search(vm, s, old) || !vm_charge_search(vm, s, old))
		return false;
	if (old->len == 0)
	{
		/* between all characters, as Java does */
		n = 1;
		for (const uint8_t *q = p; q < end; q++)
			n += (*q & 0xc0) != 0x80;
		if (!vm_new_string(vm, s->len + n * new->len, &made))
			return false;
		to = made->text;
		for (; p <= end; p++)
		{
			if (p == end || (*p & 0xc0) != 0x80)
			{
				memcpy(to, new->text, new->len);
				to += new->len;
			}
			if (p < end)
				*to++ = (char) *p;
		}
		out->str = made;
		return true;
	}
	for (found = vm_str_find(p, end, old); found != NULL; found = vm_str_find(found + old->len, end, old))
		n++;
	if (n == 0)
	{
		out->str = s;
		return true;
	}
	if (!vm_new_string(vm, s->len - n * old->len + n * new->len, &made))
		return false;
	to = made->text;
	while ((found = vm_str_find(p, end, old)) != NULL)
	{
		memcpy(to, p, (size_t) (found - p));
		to += found - p;
		memcpy(to, new->text, new->len);
		to += new->len;
		p = found + old->len;
	}
	memcpy(to, p, (size_t) (end - p));
	out->str = made;
	return true;
}
