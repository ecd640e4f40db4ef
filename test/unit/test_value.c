/*
 * test_value.c
 *	  Strings: their order, length and equality.
 */
#include "unit.h"

#include "kit/utf8.h"
#include "vm/value.h"

static KitArena *arena;

static const VmStr *
string(const char *text)
{
	return vm_str_new(arena, text, strlen(text));
}

static int
utf16_units(uint32_t code, uint32_t units[2])
{
	if (code <= 0xffff)
	{
		units[0] = code;
		return 1;
	}
	units[0] = 0xd800 + ((code - 0x10000) >> 10);
	units[1] = 0xdc00 + ((code - 0x10000) & 0x3ff);
	return 2;
}

static void
test_strings(void)
{
	static const uint32_t codes[] = {'a', 'B', 0x7f, 0xe4, 0xc4, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x1f389, 0x10ffff};
	UnitRandom	r = {unit_seed()};

	for (int round = 0; round < unit_rounds(5000); round++)
	{
		uint8_t		bytes[2][16];
		uint32_t	units[2][8];
		int			n_bytes[2] = {0};
		int			n_units[2] = {0};
		const VmStr *strings[2];
		int			order = 0;

		for (int k = 0; k < 2; k++)
		{
			for (uint32_t n = unit_below(&r, 4); n > 0; n--)
			{
				uint32_t	code = codes[unit_below(&r, 13)];

				n_bytes[k] += kit_utf8_write(bytes[k] + n_bytes[k], code);
				n_units[k] += utf16_units(code, units[k] + n_units[k]);
			}
			strings[k] = vm_str_new(arena, (char *) bytes[k], (size_t) n_bytes[k]);
			UNIT_TRY(vm_str_utf16_len(strings[k]) == (uint32_t) n_units[k], "length");
		}
		for (int i = 0; order == 0 && i < n_units[0] && i < n_units[1]; i++)
			order = units[0][i] == units[1][i] ? 0 : units[0][i] < units[1][i] ? -1 : 1;
		if (order == 0)
			order = n_units[0] - n_units[1];
		UNIT_TRY((order > 0) - (order < 0) == vm_str_compare(strings[0], strings[1]), "order of \"%s\" and \"%s\"", strings[0]->text, strings[1]->text);
		UNIT_TRY(vm_str_equal(strings[0], strings[1]) == (order == 0), "equality");
		if (round % 256 == 0)
			kit_arena_reset(arena);
	}
	UNIT_PROPERTY("strings are ordered and measured as UTF-16");
	UNIT_OK("without regard to case", vm_str_compare_insensitive(string("\xc3\x84pfel"), string("\xc3\xa4PFEL")) == 0 &&
			vm_str_compare_insensitive(string("a"), string("B")) < 0 && vm_str_compare_insensitive(string("ab"), string("A")) > 0);
	UNIT_OK("joined", vm_str_equal(vm_str_concat(arena, string("ab"), string("")), string("ab")));
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_strings();
	kit_arena_delete(arena);
	return unit_done();
}
