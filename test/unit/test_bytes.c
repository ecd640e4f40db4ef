/* Stored bytes: each change of a single byte is noticed, and one that comes with a right checksum does no harm. */
#include "random_doc.h"

#include "kit/hash.h"

static KitArena *arena;

/* A copy in memory of exactly its size. */
static DocBytes
copy_of(DocBytes bytes)
{
	char	   *copy = kit_arena_alloc(arena, bytes.len);

	memcpy(copy, bytes.data, bytes.len);
	return (DocBytes) {copy, bytes.len};
}

static void
seal(DocBytes bytes)
{
	uint32_t	crc = kit_crc32c(bytes.data + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE);
	uint8_t    *p = (uint8_t *) bytes.data + 4;

	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (crc >> 8 * i);
}

/* Does with the bytes whatever can be done; returns whether they were valid. */
static bool
use(DocBytes bytes, DocClass class, DocBytes document, DocBytes delta)
{
	KitDiag		diag = {0};
	KitBuf		out;
	KitBuf		back;
	DocItem		root;
	DocItem		found;
	DocWriter	w;
	DocNode    *tree;
	bool		is_valid = doc_validate(bytes, class, &diag);

	UNIT_TRY(is_valid || diag.code == KIT_DAMAGED, "refused without saying why");
	doc_hash(bytes);
	doc_equal(arena, bytes, class == DOC_DOCUMENT ? document : delta);
	doc_delta_is_empty(bytes);
	kit_buf_init(&out, arena);
	kit_buf_init(&back, arena);
	if (doc_to_json(bytes, class, DOC_JSON_WIRE, &out, &diag) && is_valid)
	{
		UNIT_TRY(doc_from_json(out.data, out.len, class, &back, &diag) && doc_equal(arena, bytes, (DocBytes) {back.data, back.len}),
				 "valid bytes are no JSON: %s", diag.message);
	}
	if (doc_open(bytes, class, &root, &diag))
	{
		doc_find_member(root, "a", 1, &found);
		doc_item_to_json(root, DOC_JSON_TEXT, &out);
		doc_node_from_item(arena, root, &tree, &diag);
		kit_buf_init(&back, arena);
		doc_write_begin(&w, &back, class);
		doc_write_item(&w, root);
		doc_write_end(&w);
	}
	kit_buf_init(&out, arena);
	if (class == DOC_DOCUMENT)
	{
		doc_to_plain_json(bytes, &out, &diag);
		out.len = 0;
		if (doc_apply(arena, bytes, delta, &out, &diag) && is_valid)
			UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DOCUMENT, &diag), "what was applied is no document: %s", diag.message);
		out.len = 0;
		if (doc_diff(arena, bytes, document, &out, &diag) && is_valid)
			UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DELTA, &diag), "what was diffed is no delta: %s", diag.message);
		out.len = 0;
		doc_diff(arena, document, bytes, &out, &diag);
	}
	else
	{
		if (doc_apply(arena, document, bytes, &out, &diag) && is_valid)
			UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DOCUMENT, &diag), "what was applied is no document: %s", diag.message);
		out.len = 0;
		if (doc_compose(arena, bytes, delta, &out, &diag) && is_valid)
			UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DELTA, &diag), "what was composed is no delta: %s", diag.message);
		out.len = 0;
		if (doc_compose(arena, delta, bytes, &out, &diag) && is_valid)
			UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DELTA, &diag), "what was composed is no delta: %s", diag.message);
	}
	return is_valid;
}

/* A value of at most so many bytes. */
static DocBytes
some_value(UnitRandom *random, DocClass class, size_t max_len)
{
	DocBytes	bytes;

	do
		bytes = encode(arena, class == DOC_DOCUMENT ? random_document(arena, random) : random_delta(arena, random, 0), class);
	while (bytes.len > max_len || bytes.len < 20);
	return bytes;
}

static void
test_each_byte(void)
{
	for (int round = 0; round < unit_rounds(60); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocClass	class = round % 2 == 0 ? DOC_DOCUMENT : DOC_DELTA;
		DocBytes	original;

		kit_arena_reset(arena);
		original = some_value(&random, class, 300);
		for (size_t i = 0; i < original.len; i++)
			for (int change = 1; change < 256; change++)
			{
				DocBytes	bytes;
				DocItem		root;

				if (class == DOC_DOCUMENT && i > 40 && change % 16 != 1)
					continue;
				bytes = copy_of(original);
				((char *) bytes.data)[i] ^= (char) change;
				UNIT_TRY(!doc_open(bytes, class, &root, NULL), "UNIT_SEED=%llu: byte %zu changed by %02x", (unsigned long long) seed, i, (unsigned) change);
			}
		for (size_t len = 0; len < original.len; len++)
		{
			DocItem		root;

			UNIT_TRY(!doc_open(copy_of((DocBytes) {original.data, len}), class, &root, NULL), "UNIT_SEED=%llu: cut to %zu bytes",
					 (unsigned long long) seed, len);
		}
	}
	UNIT_PROPERTY("each change of one byte, and each cut, is noticed");
}

static void
test_sealed(void)
{
	static const uint8_t tags[] = {0x00, 0x01, 0x02, 0x10, 0x20, 0x30, 0x40, 0x50, 0x51, 0x7f, 0x80, 0xff};
	int			n_valid = 0;
	int			n_refused = 0;

	for (int round = 0; round < unit_rounds(150); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		KitArena   *outer = arena;
		DocClass	class = round % 2 == 0 ? DOC_DOCUMENT : DOC_DELTA;
		DocBytes	original;
		DocBytes	document;
		DocBytes	delta;

		kit_arena_reset(arena);
		original = some_value(&random, class, 200);
		document = some_value(&random, DOC_DOCUMENT, 200);
		delta = some_value(&random, DOC_DELTA, 200);
		arena = kit_arena_new("one change");
		for (size_t i = DOC_HEADER_SIZE; i < original.len; i++)
			for (int k = 0; k < 4; k++)
			{
				DocBytes	bytes;
				char	   *byte;

				kit_arena_reset(arena);
				bytes = copy_of(original);
				byte = (char *) bytes.data + i;
				if (k == 0)
					(*byte)++;
				else if (k == 1)
					(*byte)--;
				else if (k == 2)
					*byte = (char) tags[unit_below(&random, sizeof(tags))];
				else
					*byte = (char) unit_random(&random);
				seal(bytes);
				if (use(bytes, class, document, delta))
					n_valid++;
				else
					n_refused++;
				use(bytes, class == DOC_DOCUMENT ? DOC_DELTA : DOC_DOCUMENT, document, delta);
			}
		kit_arena_delete(arena);
		arena = outer;
	}
	UNIT_PROPERTY("a change of one byte under a right checksum is refused or harmless");
	UNIT_OK("many are refused, many are another value", n_valid > 1000 && n_refused > 1000);
}

static void
refused(const char *what, const char *hex, DocClass class)
{
	char		bytes[512];
	size_t		len = DOC_HEADER_SIZE;
	KitDiag		diag = {0};
	DocBytes	value;

	memset(bytes, 0, sizeof(bytes));
	bytes[0] = (char) (0x10 | class);
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2)
	{
		char		pair[3] = {hex[0], hex[1], '\0'};

		bytes[len++] = (char) strtol(pair, NULL, 16);
	}
	value = (DocBytes) {bytes, len};
	value = copy_of(value);
	seal(value);
	UNIT_OK(what, !doc_validate(value, class, &diag) && diag.code == KIT_DAMAGED);
}

static void
test_forged(void)
{
	char		deep[8 * 256 + 1];
	size_t		at = 0;

	refused("an overlong varint", "108000", DOC_DOCUMENT);
	refused("a varint of more than 64 bits", "10ffffffffffffffffff02", DOC_DOCUMENT);
	refused("a string beyond the end", "300561", DOC_DOCUMENT);
	refused("a string of nearly 2^64 bytes", "30ffffffffffffffffff01", DOC_DOCUMENT);
	refused("a string that is not UTF-8", "3001ff", DOC_DOCUMENT);
	refused("a NUL in a string", "300100", DOC_DOCUMENT);
	refused("infinity", "20000000000000f07f", DOC_DOCUMENT);
	refused("an array beyond the end", "400200000000", DOC_DOCUMENT);
	refused("an array beyond 2^31", "40ffffffff", DOC_DOCUMENT);
	refused("an array with an unknown tag in it", "400100000003", DOC_DOCUMENT);
	refused("two values", "0000", DOC_DOCUMENT);
	refused("an object with a key and no value", "5002000000" "0161", DOC_DOCUMENT);
	refused("an object with a null member", "5003000000" "016100", DOC_DOCUMENT);
	refused("an object with a key twice", "5006000000" "016101" "016102", DOC_DOCUMENT);
	refused("an object that replaces in a document", "5100000000", DOC_DOCUMENT);
	refused("an object that replaces in an array of a delta", "4005000000" "5100000000", DOC_DELTA);
	refused("a null member in an array of a delta", "4008000000" "5003000000" "016100", DOC_DELTA);
	refused("\"@r\" as a member", "5004000000" "02407202", DOC_DELTA);
	refused("\"@s\" that is negative", "5005000000" "0240731001", DOC_DOCUMENT);
	refused("\"@o\" that is no array", "5005000000" "02406f1000", DOC_DOCUMENT);
	refused("\"@o\" with a boolean", "5009000000" "02406f4001000000" "01", DOC_DOCUMENT);
	refused("\"@o\" with a slice in a document", "5011000000" "02406f4009000000" "4004000000" "10001002", DOC_DOCUMENT);
	refused("\"@o\" with a slice that goes back", "5011000000" "02406f4009000000" "4004000000" "10021000", DOC_DELTA);
	for (int i = 0; i < 129; i++)
		at += (size_t) snprintf(deep + at, sizeof(deep) - at, "40%02x%02x0000", (128 - i) * 5 % 256, (128 - i) * 5 / 256);
	{
		char		bytes[DOC_HEADER_SIZE + 129 * 5] = {0x11};
		DocBytes	value = {bytes, sizeof(bytes)};
		KitDiag		diag;

		for (size_t i = 0; i < 129 * 5; i++)
		{
			char		pair[3] = {deep[2 * i], deep[2 * i + 1], '\0'};

			bytes[DOC_HEADER_SIZE + i] = (char) strtol(pair, NULL, 16);
		}
		seal(value);
		UNIT_OK("nesting beyond the limit", !doc_validate(value, DOC_DOCUMENT, &diag) && strstr(diag.message, "nested too deep") != NULL);
	}
	{
		char		bytes[DOC_HEADER_SIZE + 1] = {0x21};
		DocBytes	value = {bytes, sizeof(bytes)};
		KitDiag		diag;
		DocItem		root;

		seal(value);
		UNIT_OK("another version", !doc_open(value, DOC_DOCUMENT, &root, &diag) && strstr(diag.message, "format version 2") != NULL);
		bytes[0] = 0x12;
		UNIT_OK("a delta in place of a document", !doc_open(value, DOC_DOCUMENT, &root, &diag) && strstr(diag.message, "is a delta") != NULL);
		bytes[2] = 1;
		UNIT_OK("a reserved byte that is not zero", !doc_open(value, DOC_DELTA, &root, &diag) && diag.code == KIT_DAMAGED);
	}
}

/* The check of an object with many members finds a key that comes twice. */
static void
test_large_object(void)
{
	for (int twice = 0; twice < 2; twice++)
	{
		KitBuf		out;
		DocWriter	w;
		DocBytes	bytes;
		KitDiag		diag;

		kit_buf_init(&out, arena);
		doc_write_begin(&w, &out, DOC_DOCUMENT);
		doc_write_object_begin(&w);
		for (int i = 0; i < 10000; i++)
		{
			doc_write_key_int(&w, twice == 1 && i == 9999 ? 4711 : i);
			doc_write_int(&w, i);
		}
		doc_write_object_end(&w);
		bytes = doc_write_end(&w);
		UNIT_OK(twice ? "a key twice among 10,000 is found" : "10,000 different keys are fine", doc_validate(bytes, DOC_DOCUMENT, &diag) == (twice == 0));
	}
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_forged();
	test_large_object();
	test_each_byte();
	test_sealed();
	kit_arena_delete(arena);
	return unit_done();
}
