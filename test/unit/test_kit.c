/* kit: memory, buffers, hashes, names, numbers as text, diagnostics. */
#include "unit.h"

#include <math.h>

#include "kit/decimal.h"
#include "kit/hash.h"
#include "kit/sym.h"
#include "kit/utf8.h"

static void
test_arena(void)
{
	KitArena   *arena = kit_arena_new("test");
	UnitRandom	random = {unit_seed()};
	size_t		empty;

	for (int round = 0; round < 3; round++)
	{
		unsigned char *pieces[2000];
		size_t		sizes[2000];

		for (int i = 0; i < 2000; i++)
		{
			sizes[i] = unit_below(&random, i % 100 == 0 ? 600000 : 200);
			pieces[i] = kit_arena_alloc(arena, sizes[i]);
			UNIT_TRY(pieces[i] != NULL && (uintptr_t) pieces[i] % 8 == 0, "piece %d of %zu bytes is at %p", i, sizes[i], (void *) pieces[i]);
			memset(pieces[i], i & 0xff, sizes[i]);
		}
		for (int i = 0; i < 2000; i++)
			for (size_t k = 0; k < sizes[i]; k += sizes[i] / 7 + 1)
				UNIT_TRY(pieces[i][k] == (i & 0xff), "piece %d was overwritten", i);
		UNIT_TRY(kit_arena_size(arena) > 1000000, "size");
		kit_arena_reset(arena);
		UNIT_TRY(kit_arena_size(arena) <= 1100000, "after a reset it holds %zu bytes", kit_arena_size(arena));
	}
	UNIT_PROPERTY("pieces of an arena are aligned and apart, and a reset keeps one block");

	empty = kit_arena_size(arena);
	for (int i = 0; i < 1000; i++)
	{
		kit_arena_alloc(arena, 5000);
		kit_arena_reset(arena);
	}
	UNIT_OK("an arena that is reset each time does not grow", kit_arena_size(arena) == empty);
	UNIT_TEXT("strdup cuts and ends", kit_arena_strdup(arena, "hello", 4), "hell");
	UNIT_TEXT("printf", kit_arena_printf(arena, "%d-%s", 42, "x"), "42-x");
	UNIT_OK("zalloc is zeroed", KIT_NEW_N(arena, int, 100)[99] == 0);
	UNIT_OK("an empty piece is not NULL", kit_arena_alloc(arena, 0) != NULL);
	kit_arena_delete(arena);
}

static void
test_heap(void)
{
	KitHeap    *heap = kit_heap_new("test");
	UnitRandom	random = {unit_seed()};
	unsigned char *pieces[500] = {0};
	size_t		sizes[500] = {0};
	size_t		held;

	for (int round = 0; round < unit_rounds(20000); round++)
	{
		int			i = (int) unit_below(&random, 500);
		size_t		size = unit_below(&random, 10) == 0 ? unit_below(&random, 50000) : unit_below(&random, 700);
		size_t		kept = 0;

		if (pieces[i] != NULL)
			for (size_t k = 0; k < sizes[i]; k += sizes[i] / 5 + 1)
				UNIT_TRY(pieces[i][k] == (i & 0xff), "seed %llu: a piece was overwritten", (unsigned long long) unit_seed());
		switch (unit_below(&random, 3))
		{
			case 0:
				kit_heap_free(heap, pieces[i], sizes[i]);
				pieces[i] = NULL;
				sizes[i] = 0;
				continue;
			case 1:
				pieces[i] = kit_heap_grow(heap, pieces[i], sizes[i], size);
				kept = size < sizes[i] ? size : sizes[i];
				for (size_t k = 0; k < kept; k++)
					UNIT_TRY(pieces[i][k] == (i & 0xff), "growing lost content");
				break;
			default:
				kit_heap_free(heap, pieces[i], sizes[i]);
				pieces[i] = kit_heap_alloc(heap, size);
		}
		sizes[i] = size;
		UNIT_TRY((uintptr_t) pieces[i] % 8 == 0, "not aligned");
		memset(pieces[i], i & 0xff, size);
	}
	UNIT_PROPERTY("pieces of a heap are aligned and apart while they come and go");

	held = kit_heap_size(heap);
	for (int i = 0; i < 10000; i++)
		kit_heap_free(heap, kit_heap_alloc(heap, 100), 100);
	UNIT_OK("what is freed is used again", kit_heap_size(heap) == held);
	{
		void	   *large = kit_heap_alloc(heap, 1000000);

		UNIT_OK("a large piece counts", kit_heap_size(heap) == held + 1000000);
		kit_heap_free(heap, large, 1000000);
		UNIT_OK("and goes back at once", kit_heap_size(heap) == held);
	}
	kit_heap_delete(heap);

	heap = kit_heap_new("small");
	kit_heap_alloc(heap, 100);
	UNIT_OK("a small heap is small", kit_heap_size(heap) < 4096);
	kit_heap_delete(heap);
}

static void
test_buf(void)
{
	KitArena   *arena = kit_arena_new("test");
	KitBuf		buf;

	kit_buf_init(&buf, arena);
	UNIT_TEXT("an empty buffer is an empty string", buf.data, "");
	kit_buf_clear(&buf);
	kit_buf_add(&buf, "ab", 2);
	kit_buf_add_char(&buf, 'c');
	kit_buf_add_int(&buf, INT64_MIN);
	kit_buf_add_str(&buf, "|");
	kit_buf_add_int(&buf, 0);
	kit_buf_printf(&buf, "[%s %d]", "x", 7);
	UNIT_TEXT("a buffer takes text and numbers", buf.data, "abc-9223372036854775808|0[x 7]");
	for (int i = 0; i < 10000; i++)
		kit_buf_printf(&buf, "%d,", i);
	UNIT_OK("and grows", buf.len == strlen(buf.data) && buf.len > 40000);
	kit_buf_clear(&buf);
	UNIT_TEXT("and is cleared", buf.data, "");
	kit_arena_delete(arena);
}

static void
test_hash(void)
{
	UnitRandom	random = {unit_seed()};
	char		text[64];

	UNIT_OK("CRC-32C of nothing", kit_crc32c("", 0) == 0);
	UNIT_OK("CRC-32C of the check string", kit_crc32c("123456789", 9) == UINT32_C(0xe3069283));
	memset(text, 0, 32);
	UNIT_OK("CRC-32C of 32 zeros", kit_crc32c(text, 32) == UINT32_C(0x8a9136aa));
	memset(text, 0xff, 32);
	UNIT_OK("CRC-32C of 32 ones", kit_crc32c(text, 32) == UINT32_C(0x62a8ab43));

	/* These are stored: a change breaks what lies in tables. */
	UNIT_OK("the hash of nothing is what it was", kit_hash("", 0, 0) == UINT64_C(0x4af2fed86faf3ebf));
	UNIT_OK("the hash of a name is what it was", kit_hash("adama", 5, 0) == UINT64_C(0x0f93087a4c58eeeb));
	UNIT_OK("the hash of a sentence is what it was",
			kit_hash("a document is reduced, message by message", 41, 7) == UINT64_C(0xbc057f912746de76));
	UNIT_OK("the mix of two is what it was", kit_hash_mix(1, 2) == UINT64_C(0x1d4052eb590ec765));

	for (int round = 0; round < unit_rounds(2000); round++)
	{
		size_t		len = unit_below(&random, 40) + 1;
		uint64_t	before;
		int			changed;

		for (size_t i = 0; i < len; i++)
			text[i] = (char) unit_random(&random);
		before = kit_hash(text, len, 0);
		text[unit_below(&random, (uint32_t) len)] ^= (char) (1 << unit_below(&random, 8));
		changed = __builtin_popcountll(before ^ kit_hash(text, len, 0));
		UNIT_TRY(changed >= 8, "seed %llu: one bit of %zu bytes changes %d bits", (unsigned long long) unit_seed(), len, changed);
	}
	UNIT_PROPERTY("one bit of the input changes many of the hash");
}

static void
test_sym(void)
{
	KitArena   *arena = kit_arena_new("test");
	KitSymTable *table = kit_sym_table_new(arena);
	const KitSym *syms[5000];
	char		name[32];

	for (int i = 0; i < 5000; i++)
	{
		snprintf(name, sizeof(name), "name%d", i);
		syms[i] = kit_sym_z(table, name);
	}
	for (int i = 0; i < 5000; i++)
	{
		snprintf(name, sizeof(name), "name%d and more", i);
		UNIT_TRY(kit_sym(table, name, strlen(name) - 9) == syms[i], "%s", name);
		UNIT_TRY(strlen(syms[i]->text) == syms[i]->len, "%s", name);
	}
	UNIT_PROPERTY("equal names are equal pointers");
	UNIT_OK("different names are different pointers", kit_sym_z(table, "x") != kit_sym_z(table, "y"));
	kit_arena_delete(arena);
}

static void
test_decimal(void)
{
	static const char *const exact[] = {
		"0", "-0", "0.0", "00012.50", "1e400", "-1e400", "1e-400", "1.7976931348623158e308", "1.7976931348623159e308", "4.9e-324",
		"2.4703282292062327e-324", "2.4703282292062328e-324", "123456789012345678901234567890", "1e-343", "9e999999999999999999",
		"1e-99999999999999999", "0e999999999", "9007199254740993", "9007199254740993.00000000000000000000000000000001",
		"2.2250738585072011e-308", "1e-324", "2e-324", "3e-324", "1234567890123456789e-345",
		"0.000000000000000000001234567890123456789e-310", "9999999999999999999e289", "9999999999999999999e290", "1e-343", "1e-350", "1e310", "1.00000000000000011102230246251565404236316680908203125", ".5", "5.", "1.e5"
	};
	static const char *const wrong[] = {"", "-", ".", "e5", "1e", "1e+", "1x", "--1", "1.2.3", " 1", "1 ", "+1", "0x10", "inf", "nan"};
	UnitRandom	random = {unit_seed()};
	double		value;

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
	{
		double		expected = strtod(exact[i], NULL);

		UNIT_TRY(kit_double_parse(exact[i], strlen(exact[i]), &value) && memcmp(&value, &expected, 8) == 0, "%s", exact[i]);
	}
	UNIT_PROPERTY("hard decimals are read exactly");

	/* exactly between 1 and the next double, and a little above: what decides stands behind a thousand digits */
	{
		char		text[1100] = "1.00000000000000011102230246251565404236316680908203125";

		memset(text + strlen(text), '0', 1000);
		UNIT_OK("a tie goes to the even neighbour", kit_double_parse(text, 1050, &value) && value == 1.0);
		text[1049] = '1';
		UNIT_OK("more than a tie goes up", kit_double_parse(text, 1050, &value) && value == 1.0000000000000002);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		UNIT_TRY(!kit_double_parse(wrong[i], strlen(wrong[i]), &value), "\"%s\"", wrong[i]);
	UNIT_PROPERTY("what is no decimal is refused");

	for (int round = 0; round < unit_rounds(20000); round++)
	{
		uint64_t	bits = unit_random(&random);
		double		d;
		char		digits[KIT_DECIMAL_DIGITS];
		char		text[900];
		int			exp10;
		int			n;

		if (round % 4 == 0)
			bits &= UINT64_C(0x800fffffffffffff);
		if (round % 4 == 1)
			bits &= UINT64_C(0xfff0000000000000);
		memcpy(&d, &bits, 8);
		if (round % 4 == 2)
			d = (double) (bits % 1000000) / 100;
		if (!isfinite(d))
			continue;
		n = kit_double_digits(d, digits, &exp10);
		snprintf(text, sizeof(text), "%s0.%.*se%d", signbit(d) ? "-" : "", n, digits, exp10);
		UNIT_TRY(strtod(text, NULL) == d, "seed %llu: %a became %s", (unsigned long long) unit_seed(), d, text);
		UNIT_TRY(kit_double_parse(text, strlen(text), &value) && memcmp(&value, &d, 8) == 0, "%s was read as %a", text, value);
		if (n > 2)
		{
			snprintf(text, sizeof(text), "%.*e", n - 2, d);
			UNIT_TRY(strtod(text, NULL) != d, "%s would have been shorter than %.*s", text, n, digits);
		}
		snprintf(text, sizeof(text), "%.*e", (int) unit_below(&random, 800), d);
		UNIT_TRY(kit_double_parse(text, strlen(text), &value) && value == strtod(text, NULL), "%s was read as %a", text, value);
	}
	UNIT_PROPERTY("doubles become the shortest decimal that reads back");
}

static void
test_utf8(void)
{
	static const struct
	{
		const char *bytes;
		int			len;
	}			cases[] = {
		{"a", 1}, {"\xc3\xa4", 2}, {"\xe6\xbc\xa2", 3}, {"\xf0\x9f\x8e\x89", 4}, {"\xf4\x8f\xbf\xbf", 4},
		{"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0}, {"\xf0\x8f\xbf\xbf", 0}, {"\xf4\x90\x80\x80", 0},
		{"\xf8\x88\x80\x80\x80", 0}, {"\x80", 0}, {"\xc3", 0}, {"\xe6\xbc", 0}, {"\xff", 0}
	};
	uint32_t	code;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const uint8_t *p = (const uint8_t *) cases[i].bytes;

		UNIT_TRY(kit_utf8_read(p, p + strlen(cases[i].bytes), &code) == cases[i].len, "case %zu", i);
	}
	for (code = 1; code < 0x110000; code += 17)
	{
		uint8_t		bytes[4];
		uint32_t	back = 0;
		int			n = kit_utf8_write(bytes, code);
		bool		is_surrogate = code >= 0xd800 && code <= 0xdfff;

		UNIT_TRY(kit_utf8_read(bytes, bytes + n, &back) == (is_surrogate ? 0 : n) && (is_surrogate || back == code), "U+%04X", code);
	}
	UNIT_PROPERTY("UTF-8 is read strictly");
}

static void
test_diag(void)
{
	KitDiag		diag;
	char		word[600];

	UNIT_OK("failing is false", !kit_fail(&diag, KIT_TYPE_ERROR, "there is no \"%s\"", "x"));
	UNIT_TEXT("the message", diag.message, "there is no \"x\"");
	UNIT_OK("no hint, no detail", diag.hint[0] == '\0' && diag.detail[0] == '\0' && diag.line == 0);
	kit_diag_hint(&diag, "Write \"%s\".", "y");
	UNIT_TEXT("the hint", diag.hint, "Write \"y\".");
	kit_diag_at(&diag, 3, 4, 0);
	UNIT_OK("the place", diag.line == 3 && diag.column == 4 && diag.length == 1);
	UNIT_OK("nobody need listen", !kit_fail(NULL, KIT_TYPE_ERROR, "x"));
	UNIT_TEXT("a code has a name", kit_error_name(KIT_SYNTAX_ERROR), "syntax_error");
	UNIT_TEXT("and a SQLSTATE", kit_error_sqlstate(KIT_SYNTAX_ERROR), "YA001");
	for (int i = 0; i < KIT_N_ERRORS; i++)
		UNIT_TRY(strlen(kit_error_sqlstate((KitError) i)) == 5 && kit_error_doc((KitError) i)[0] != '\0' &&
				 strlen(kit_error_name((KitError) i)) < 31, "error %d", i);
	UNIT_PROPERTY("every error has a SQLSTATE and a meaning");
	memset(word, 0, sizeof(word));
	for (int i = 0; i < 298; i++)
		memcpy(word + 2 * i, "\xc3\xa4", 2);
	kit_fail(&diag, KIT_TYPE_ERROR, "x%s", word);
	UNIT_OK("a message that is cut ends with a whole character", strlen(diag.message) % 2 == 1 && strlen(diag.message) > 500);
}

int
main(void)
{
	test_arena();
	test_heap();
	test_buf();
	test_hash();
	test_sym();
	test_decimal();
	test_utf8();
	test_diag();
	return unit_done();
}
