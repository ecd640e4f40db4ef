/*
 * builtin_convert.c
 *	  Strings to and from what they stand for: numbers, base 64, parts of a URL, the names of an enumeration.
 *
 * Reading is by our own code, so that no locale changes what a number is.  What cannot be read yields nothing.  A string never has a NUL and is always
 * valid UTF-8; bytes that are not yield nothing, too.
 */
#include <string.h>

#include "kit/decimal.h"
#include "vm/builtin.h"
#include "vm/string.h"

static bool
nothing(VmVal *out)
{
	out->maybe = NULL;
	return true;
}

/* ---- numbers ---- */

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* [+-]digits within the bounds. */
static bool
read_whole(const VmStr *s, int base, int64_t min, int64_t max, int64_t *value)
{
	bool		is_negative = s->len > 0 && s->text[0] == '-';
	uint32_t	i = is_negative || (s->len > 0 && s->text[0] == '+');
	uint64_t	limit = is_negative ? 0 - (uint64_t) min : (uint64_t) max;
	uint64_t	sum = 0;

	if (i == s->len)
		return false;
	for (; i < s->len; i++)
	{
		int			digit = digit_of(s->text[i]);

		if (digit >= base || sum > (limit - (uint64_t) digit) / (uint64_t) base)
			return false;
		sum = sum * (uint64_t) base + (uint64_t) digit;
	}
	*value = (int64_t) (is_negative ? 0 - sum : sum);
	return true;
}

static bool
whole_of(Vm *vm, const VmStr *s, int base, int64_t min, int64_t max, VmVal *out)
{
	int64_t		value;

	if (!vm_charge_steps(vm, s->len / 16))
		return false;
	return read_whole(s, base, min, max, &value) ? vm_maybe_int(vm, value, out) : nothing(out);
}

bool
vm_string_int_of(Vm *vm, const VmVal *args, VmVal *out)
{
	return whole_of(vm, args[0].str, 10, INT32_MIN, INT32_MAX, out);
}

bool
vm_string_long_of(Vm *vm, const VmVal *args, VmVal *out)
{
	return whole_of(vm, args[0].str, 10, INT64_MIN, INT64_MAX, out);
}

bool
vm_string_int_from_hex(Vm *vm, const VmVal *args, VmVal *out)
{
	return whole_of(vm, args[0].str, 16, INT32_MIN, INT32_MAX, out);
}

bool
vm_string_long_from_hex(Vm *vm, const VmVal *args, VmVal *out)
{
	return whole_of(vm, args[0].str, 16, INT64_MIN, INT64_MAX, out);
}

static bool
is_word(const uint8_t *p, const uint8_t *end, const char *word)
{
	return (size_t) (end - p) == strlen(word) && memcmp(p, word, strlen(word)) == 0;
}

bool
vm_read_double(const VmStr *s, double *value)
{
	const uint8_t *p = vm_skip_space(vm_str_begin(s), vm_str_end(s));
	const uint8_t *end = vm_skip_space_back(p, vm_str_end(s));
	const uint8_t *number = p + (p < end && (*p == '+' || *p == '-'));

	if (is_word(number, end, "NaN"))
		*value = __builtin_nan("");
	else if (is_word(number, end, "Infinity"))
		*value = *p == '-' ? -__builtin_inf() : __builtin_inf();
	else
		return (number == p || (number < end && *number != '-')) &&
			kit_double_parse((const char *) (p < end && *p == '+' ? number : p), (size_t) (end - (p < end && *p == '+' ? number : p)), value);
	return true;
}

bool
vm_string_double_of(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d;

	/* reading many digits takes time by their square */
	if (!vm_charge_steps(vm, (uint64_t) args[0].str->len * (args[0].str->len / 64 + 1) / 16))
		return false;
	return vm_read_double(args[0].str, &d) ? vm_make_maybe(vm, (VmVal) {.d = d}, out) : nothing(out);
}

bool
vm_string_hex_of(Vm *vm, const VmVal *args, VmVal *out)
{
	char		text[24];
	char	   *p = text + sizeof(text);
	uint64_t	rest = args[0].i < 0 ? 0 - (uint64_t) args[0].i : (uint64_t) args[0].i;

	do
		*--p = "0123456789abcdef"[rest % 16];
	while ((rest /= 16) > 0);
	if (args[0].i < 0)
		*--p = '-';
	return vm_make_string(vm, p, (size_t) (text + sizeof(text) - p), out);
}

bool
vm_string_to_roman(Vm *vm, const VmVal *args, VmVal *out)
{
	static const struct
	{
		int			value;
		char		text[3];
	}			parts[] = {
		{900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
	};
	static const VmStr thousand = {1, 1, "M"};
	int64_t		n = args[0].i;
	char		text[16];
	size_t		len = 0;
	VmVal		thousands;
	VmVal		rest;

	if (!vm_repeat(vm, &thousand, n / 1000, &thousands))
		return false;
	n = n > 0 ? n % 1000 : 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (; n >= parts[i].value; n -= parts[i].value)
			for (const char *p = parts[i].text; *p != '\0'; p++)
				text[len++] = *p;
	return vm_make_string(vm, text, len, &rest) && vm_concat(vm, thousands.str, rest.str, out);
}

/* ---- bytes as text ---- */

/* A string of bytes that may be none. */
static bool
maybe_text(Vm *vm, const char *bytes, size_t len, VmVal *out)
{
	const uint8_t *p = (const uint8_t *) bytes;
	const uint8_t *end = p + len;

	while (p < end)
	{
		uint32_t	code;
		int			n = kit_utf8_read(p, end, &code);

		if (n == 0 || code == 0)
			return nothing(out);
		p += n;
	}
	return vm_maybe_string(vm, bytes, len, out);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
vm_base64_write(const uint8_t *from, size_t len, char *to)
{
	for (size_t i = 0; i < len; i += 3)
	{
		size_t		n = len - i < 3 ? len - i : 3;
		uint32_t	bits = (uint32_t) from[i] << 16 | (n > 1 ? (uint32_t) from[i + 1] << 8 : 0) | (n > 2 ? from[i + 2] : 0);

		*to++ = base64_digits[bits >> 18];
		*to++ = base64_digits[bits >> 12 & 63];
		*to++ = n > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*to++ = n > 2 ? base64_digits[bits & 63] : '=';
	}
}

int64_t
vm_base64_read(const char *text, size_t len, uint8_t *to)
{
	const uint8_t *start = to;
	size_t		n_digits = len;
	uint32_t	bits = 0;

	/* the padding may be left out, but not in part */
	if (len % 4 == 0 && len > 0 && text[len - 1] == '=')
		n_digits -= text[len - 2] == '=' ? 2 : 1;
	if (n_digits % 4 == 1 || (n_digits < len && n_digits % 4 == 0))
		return -1;
	for (size_t i = 0; i < n_digits; i++)
	{
		const char *digit = text[i] == '\0' ? NULL : strchr(base64_digits, text[i]);

		if (digit == NULL)
			return -1;
		bits = bits << 6 | (uint32_t) (digit - base64_digits);
		if (i % 4 > 0)
			*to++ = (uint8_t) (bits >> (6 - i % 4 * 2));
	}
	return to - start;
}

bool
vm_string_base64_encode(Vm *vm, const VmVal *args, VmVal *out)
{
	VmStr	   *made;

	if (!vm_new_string(vm, ((size_t) args[0].str->len + 2) / 3 * 4, &made))
		return false;
	vm_base64_write(vm_str_begin(args[0].str), args[0].str->len, made->text);
	out->str = made;
	return true;
}

bool
vm_string_base64_decode(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	char	   *bytes;
	int64_t		len;

	if (!vm_charge(vm, s->len))
		return false;
	bytes = kit_arena_alloc(vm->arena, (size_t) s->len + 1);
	len = vm_base64_read(s->text, s->len, (uint8_t *) bytes);
	return len < 0 ? nothing(out) : maybe_text(vm, bytes, (size_t) len, out);
}

static bool
is_plain_in_url(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '*' || c == '_';
}

bool
vm_string_url_encode(Vm *vm, const VmVal *args, VmVal *out)
{
	const uint8_t *end = vm_str_end(args[0].str);
	VmPieces	pieces;

	vm_pieces_init(&pieces, vm);
	for (const uint8_t *p = vm_str_begin(args[0].str); p < end; p++)
	{
		char		special[3] = {'%', "0123456789ABCDEF"[*p >> 4], "0123456789ABCDEF"[*p & 15]};

		if (is_plain_in_url(*p) ? !vm_pieces_add(&pieces, p, 1) : *p == ' ' ? !vm_pieces_add(&pieces, "+", 1) : !vm_pieces_add(&pieces, special, 3))
			return false;
	}
	return vm_pieces_string(&pieces, out);
}

bool
vm_string_url_decode(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *s = args[0].str;
	char	   *bytes;
	size_t		len = 0;

	if (!vm_charge(vm, s->len))
		return false;
	bytes = kit_arena_alloc(vm->arena, (size_t) s->len + 1);
	for (uint32_t i = 0; i < s->len; i++)
		if (s->text[i] == '+')
			bytes[len++] = ' ';
		else if (s->text[i] != '%')
			bytes[len++] = s->text[i];
		else
		{
			int			high = i + 2 < s->len ? digit_of(s->text[i + 1]) : 16;
			int			low = i + 2 < s->len ? digit_of(s->text[i + 2]) : 16;

			if (high > 15 || low > 15)
				return nothing(out);
			bytes[len++] = (char) (high << 4 | low);
			i += 2;
		}
	return maybe_text(vm, bytes, len, out);
}

/* ---- enumerations: the value, the list of numbers as they are declared, the list of names ---- */

static uint32_t
place_in_enum(const VmVal *args)
{
	for (uint32_t i = 0; i < args[1].list->n; i++)
		if (args[1].list->items[i].i == args[0].i)
			return i;
	return 0;
}

bool
vm_enum_to_string(Vm *vm, const VmVal *args, VmVal *out)
{
	*out = args[2].list->items[place_in_enum(args)];
	return vm_charge_steps(vm, args[1].list->n / 8);
}

bool
vm_enum_next(Vm *vm, const VmVal *args, VmVal *out)
{
	*out = args[1].list->items[(place_in_enum(args) + 1) % args[1].list->n];
	return vm_charge_steps(vm, args[1].list->n / 8);
}

bool
vm_enum_prev(Vm *vm, const VmVal *args, VmVal *out)
{
	uint32_t	n = args[1].list->n;

	*out = args[1].list->items[(place_in_enum(args) + n - 1) % n];
	return vm_charge_steps(vm, n / 8);
}
