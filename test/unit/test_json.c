/* JSON in and out: what is accepted and how it is written, what is refused and why, and that no bytes do harm. */
#include "random_doc.h"

static KitArena *arena;

/* The JSON text as the document or delta is written again. */
static void
reads(DocClass class, const char *json, const char *expected)
{
	KitBuf		out;
	KitDiag		diag;
	char	   *what = kit_arena_printf(arena, "%s %s", class == DOC_DELTA ? "delta" : "document", json);

	for (char *p = what; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	kit_buf_init(&out, arena);
	if (!doc_from_json(json, strlen(json), class, &out, &diag))
		UNIT_TEXT(what, diag.message, expected);
	else if (!doc_validate((DocBytes) {out.data, out.len}, class, &diag))
		UNIT_TEXT(what, diag.message, expected);
	else
		UNIT_TEXT(what, json_of(arena, (DocBytes) {out.data, out.len}, class), expected);
}

static void
refuses(DocClass class, const char *json, size_t len, const char *message, int offset)
{
	KitBuf		out;
	KitDiag		diag = {0};
	char	   *copy = kit_arena_alloc(arena, len);
	char	   *detail = kit_arena_printf(arena, "The error is at byte offset %d.", offset);
	bool		is_ok;

	memcpy(copy, json, len);
	kit_buf_init(&out, arena);
	kit_buf_add_str(&out, "before");
	is_ok = !doc_from_json(copy, len, class, &out, &diag) && diag.code == KIT_INVALID_JSON && strncmp(diag.message, "invalid JSON: ", 14) == 0 &&
		strcmp(diag.message + 14, message) == 0 && strcmp(diag.detail, detail) == 0 && strcmp(out.data, "before") == 0;
	if (!UNIT_OK(kit_arena_printf(arena, "refused: %s", message), is_ok))
		printf("#   %s: %s %s\n", json, diag.message, diag.detail);
}

static void
refused(const char *json, const char *message, int offset)
{
	refuses(DOC_DOCUMENT, json, strlen(json), message, offset);
}

static void
refused_delta(const char *json, const char *message, int offset)
{
	refuses(DOC_DELTA, json, strlen(json), message, offset);
}

static void
test_reading(void)
{
	reads(DOC_DOCUMENT, "null", "null");
	reads(DOC_DOCUMENT, " true ", "true");
	reads(DOC_DOCUMENT, "\t\r\n[ 1 , -2,false,null , \"x\" ] ", "[1,-2,false,null,\"x\"]");
	reads(DOC_DOCUMENT, "{ \"a\" : { } , \"b\" : [ ] , \"\" : 0 }", "{\"a\":{},\"b\":[],\"\":0}");
	reads(DOC_DOCUMENT, "9223372036854775807", "9223372036854775807");
	reads(DOC_DOCUMENT, "-9223372036854775808", "-9223372036854775808");
	reads(DOC_DOCUMENT, "-0", "0");
	reads(DOC_DOCUMENT, "[1.0,1e0,-0.0,1e7,12345678.9,0.001,0.0001,1e23,5e-324,1E+2,1e-400,100.5]",
		  "[1.0,1.0,-0.0,1.0E7,1.23456789E7,0.001,1.0E-4,1.0E23,4.9E-324,100.0,0.0,100.5]");
	reads(DOC_DOCUMENT, "\"\\u00e4\\u6f22\\ud83c\\udf89\\/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\"",
		  "\"\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x8e\x89/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\"");
	reads(DOC_DOCUMENT, "{\"\\u0061\":1}", "{\"a\":1}");
	reads(DOC_DOCUMENT, "{\"a\":null,\"b\":[null],\"c\":{\"d\":null}}", "{\"b\":[null],\"c\":{}}");
	reads(DOC_DELTA, "{\"a\":null,\"b\":[null,{\"x\":null}],\"c\":{\"d\":null}}", "{\"a\":null,\"b\":[null,{}],\"c\":{\"d\":null}}");
	reads(DOC_DELTA, "null", "null");
	/* the last of equal keys wins, in the place of the first */
	reads(DOC_DOCUMENT, "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
	reads(DOC_DOCUMENT, "{\"a\":1,\"a\":null}", "{}");
	reads(DOC_DOCUMENT, "{\"a\":null,\"a\":1}", "{\"a\":1}");
	reads(DOC_DOCUMENT, "{\"a\":1,\"\\u0061\":2}", "{\"a\":2}");
	reads(DOC_DOCUMENT, "{\"o\":{\"a\":1,\"a\":{\"z\":null}},\"p\":[{\"q\":null}]}", "{\"o\":{\"a\":{}},\"p\":[{}]}");
	reads(DOC_DELTA, "{\"a\":1,\"a\":null,\"p\":[{\"q\":null}]}", "{\"a\":null,\"p\":[{}]}");
	reads(DOC_DELTA, "{\"@r\":true,\"a\":1,\"a\":2,\"@r\":true}", "{\"@r\":true,\"a\":2}");
	/* reserved names */
	reads(DOC_DOCUMENT, "{\"1\":1,\"x\":2,\"@o\":[1,\"x\",-5]}", "{\"1\":1,\"x\":2,\"@o\":[1,\"x\",-5]}");
	reads(DOC_DOCUMENT, "{\"@s\":0,\"@o\":null}", "{\"@s\":0}");
	reads(DOC_DOCUMENT, "{\"@x\":[[]],\"@\":1,\"@oo\":2}", "{\"@x\":[[]],\"@\":1,\"@oo\":2}");
	reads(DOC_DELTA, "{\"@o\":[[0,2],7,\"x\",[3,3]],\"@s\":null}", "{\"@o\":[[0,2],7,\"x\",[3,3]],\"@s\":null}");
	reads(DOC_DELTA, "{\"a\":{\"x\":1,\"@r\":true,\"y\":null}}", "{\"a\":{\"@r\":true,\"x\":1,\"y\":null}}");
}

static void
test_refusing(void)
{
	static const char nul[] = "\"a\0b\"";

	refused("", "value expected, but the text ends", 0);
	refused("  ", "value expected, but the text ends", 2);
	refused("{", "string (a member's name) expected, but the text ends", 1);
	refused("[1", "\",\" or \"]\" expected, but the text ends", 2);
	refused("[1,]", "value expected, found \"]\"", 3);
	refused("{\"a\":1,}", "string (a member's name) expected, found \"}\"", 7);
	refused("{\"a\" 1}", "\":\" expected, found \"1\"", 5);
	refused("{\"a\":1]", "\",\" or \"}\" expected, found \"]\"", 6);
	refused("{a:1}", "string (a member's name) expected, found \"a\"", 1);
	refused("1 2", "end of the text expected, found \"2\"", 2);
	refused("tru", "value expected, found \"t\"", 0);
	refused("nul", "value expected, found \"n\"", 0);
	refused("'a'", "value expected, found \"'\"", 0);
	refused("\x01", "value expected, found byte 0x01", 0);
	refused("01", "a number begins with a superfluous zero", 0);
	refused("-", "digit expected, but the text ends", 1);
	refused("1.", "digit expected, but the text ends", 2);
	refused("1e", "digit expected, but the text ends", 2);
	refused(".5", "value expected, found \".\"", 0);
	refused("+1", "value expected, found \"+\"", 0);
	refused("9223372036854775808", "an integer is out of the range of 64 bits", 0);
	refused("[-9223372036854775809]", "an integer is out of the range of 64 bits", 1);
	refused("123456789012345678901234567890", "an integer is out of the range of 64 bits", 0);
	refused("1e400", "a number is out of the range of a double", 0);
	refused("NaN", "value expected, found \"N\"", 0);
	refused("\"abc", "a string is not closed", 4);
	refused("\"abc\\", "a string is not closed", 5);
	refused("\"a\nb\"", "a control character in a string must be written as \\u000a", 2);
	refused("\"\\x\"", "a backslash begins no known escape", 1);
	refused("\"\\u12g4\"", "hexadecimal digit expected, found \"g\"", 5);
	refused("\"\\u0000\"", "the character \\u0000 cannot be stored", 1);
	refused("\"\\ud800\"", "a high surrogate is not followed by a low one", 1);
	refused("\"\\ud800\\u0041\"", "a high surrogate is not followed by a low one", 1);
	refused("\"\\udc00\"", "a low surrogate does not follow a high one", 1);
	refused("\"a\xff\"", "a string is not valid UTF-8", 2);
	refused("\"a\xc0\x80\"", "a string is not valid UTF-8", 2);
	refused("\"a\xed\xa0\x80\"", "a string is not valid UTF-8", 2);
	refused("\"a\xf4\x90\x80\x80\"", "a string is not valid UTF-8", 2);
	refused("\"a\xc3", "a string is not valid UTF-8", 2);
	refused("{\"a\xff\":1}", "a string is not valid UTF-8", 3);
	refuses(DOC_DOCUMENT, nul, sizeof(nul) - 1, "a control character in a string must be written as \\u0000", 2);
	refused("{\"@o\":1}", "\"@o\" must be an array of integers and strings", 6);
	refused("{\"@o\":{}}", "\"@o\" must be an array of integers and strings", 6);
	refused("{\"@o\":[1.5]}", "the ids in \"@o\" must be integers or strings", 7);
	refused("{\"@o\":[true]}", "\"@o\" must be an array of integers and strings", 7);
	refused("{\"@o\":[[0,1]]}", "\"@o\" must be an array of integers and strings", 7);
	refused("{\"\\u0040o\":1}", "\"@o\" must be an array of integers and strings", 11);
	refused("{\"@s\":-1}", "\"@s\" must be an integer, zero or more", 6);
	refused("{\"@s\":\"1\"}", "\"@s\" must be an integer, zero or more", 6);
	refused("{\"@s\":1.5}", "\"@s\" must be an integer, zero or more", 6);
	refused("{\"@r\":true}", "the member name \"@r\" is reserved", 1);
	refused_delta("{\"@r\":false}", "\"@r\" must be true", 6);
	refused_delta("{\"@r\":null}", "\"@r\" must be true", 6);
	refused_delta("{\"a\":[{\"@r\":true}]}", "the member name \"@r\" is reserved", 7);
	refused_delta("{\"a\":[{\"@o\":[[0,1]]}]}", "\"@o\" must be an array of integers and strings", 13);
	refused_delta("{\"@o\":[null]}", "\"@o\" must be an array of integers, strings and slices [from, to]", 7);
	refused_delta("{\"@o\":[[1,0]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 11);
	refused_delta("{\"@o\":[[1]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 9);
	refused_delta("{\"@o\":[[]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 8);
	refused_delta("{\"@o\":[[0,1,2]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 12);
	refused_delta("{\"@o\":[[-1,2]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 8);
	refused_delta("{\"@o\":[[0,2.5]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 10);
	refused_delta("{\"@o\":[[[]]]}", "a slice in \"@o\" must be two integers, the first not larger than the second", 8);
}

static void
test_depth(void)
{
	char		text[1000];
	char		refusal[100];
	KitBuf		out;
	KitDiag		diag;
	DocWriter	w;
	DocBytes	bytes;
	DocItem		root;

	memset(text, '[', DOC_MAX_DEPTH);
	memset(text + DOC_MAX_DEPTH, ']', DOC_MAX_DEPTH);
	text[2 * DOC_MAX_DEPTH] = '\0';
	reads(DOC_DOCUMENT, text, text);
	memset(text, '[', 500);
	snprintf(refusal, sizeof(refusal), "it is nested more than %d levels deep", DOC_MAX_DEPTH);
	refuses(DOC_DOCUMENT, text, 500, refusal, DOC_MAX_DEPTH);

	/* the writer cuts what is deeper, so that what it wrote can be read */
	kit_buf_init(&out, arena);
	doc_write_begin(&w, &out, DOC_DOCUMENT);
	for (int i = 0; i < 300; i++)
	{
		doc_write_object_begin(&w);
		doc_write_key_z(&w, "a");
	}
	doc_write_int(&w, 1);
	for (int i = 0; i < 300; i++)
		doc_write_object_end(&w);
	bytes = doc_write_end(&w);
	UNIT_OK("the writer notes that something was too deep", w.is_too_deep);
	UNIT_OK("what it wrote is valid", doc_validate(bytes, DOC_DOCUMENT, &diag));

	/* also when it copies */
	doc_open(bytes, DOC_DOCUMENT, &root, &diag);
	kit_buf_init(&out, arena);
	doc_write_begin(&w, &out, DOC_DOCUMENT);
	doc_write_array_begin(&w);
	doc_write_item(&w, root);
	doc_write_array_end(&w);
	bytes = doc_write_end(&w);
	UNIT_OK("a copy that would be too deep is cut", w.is_too_deep && doc_validate(bytes, DOC_DOCUMENT, &diag));
	kit_buf_init(&out, arena);
	doc_write_begin(&w, &out, DOC_DOCUMENT);
	doc_write_item(&w, root);
	bytes = doc_write_end(&w);
	UNIT_OK("a copy that fits is whole", !w.is_too_deep && doc_validate(bytes, DOC_DOCUMENT, &diag));
}

static void
test_writing(void)
{
	KitBuf		out;
	KitDiag		diag;
	DocWriter	w;
	DocBytes	bytes = bytes_of(arena, "{\"\xc3\xa4\":\"\x7f\xe6\xbc\xa2\xf0\x9f\x8e\x89 plain\"}", DOC_DOCUMENT);
	size_t		mark;
	int64_t		number;

	kit_buf_init(&out, arena);
	doc_to_json(bytes, DOC_DOCUMENT, DOC_JSON_WIRE, &out, &diag);
	UNIT_TEXT("on the wire it is ASCII", out.data, "{\"\\u00e4\":\"\\u007f\\u6f22\\ud83c\\udf89 plain\"}");

	kit_buf_init(&out, arena);
	doc_write_begin(&w, &out, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	doc_write_key_z(&w, "long");
	doc_write_long(&w, INT64_MIN);
	mark = doc_write_mark(&w);
	doc_write_key_int(&w, -17);
	doc_write_object_begin(&w);
	doc_write_object_end(&w);
	doc_write_cut(&w, mark);
	doc_write_key_int(&w, -18);
	doc_write_double(&w, 1.0 / 0.0);
	doc_write_key_z(&w, "b");
	doc_write_bool(&w, true);
	doc_write_object_end(&w);
	UNIT_TEXT("the writer writes", json_of(arena, doc_write_end(&w), DOC_DOCUMENT), "{\"long\":\"-9223372036854775808\",\"-18\":null,\"b\":true}");

	UNIT_OK("a number as a key", doc_parse_int("-9223372036854775808", 20, &number) && number == INT64_MIN && doc_parse_int("0", 1, &number) &&
			number == 0 && doc_parse_int("120", 3, &number) && number == 120);
	UNIT_OK("no number as a key", !doc_parse_int("", 0, &number) && !doc_parse_int("-", 1, &number) && !doc_parse_int("-0", 2, &number) &&
			!doc_parse_int("01", 2, &number) && !doc_parse_int("+1", 2, &number) && !doc_parse_int("9223372036854775808", 19, &number) &&
			!doc_parse_int("1x", 2, &number) && !doc_parse_int("99999999999999999999", 20, &number));
}

/* Keys and strings around the lengths where the length takes another byte. */
static void
test_lengths(void)
{
	static const int lengths[] = {0, 1, 7, 8, 9, 127, 128, 129, 16383, 16384, 16385};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		int			len = lengths[i];
		char	   *key = kit_arena_zalloc(arena, (size_t) len + 1);
		char	   *json;
		char	   *escaped;
		KitBuf		out;
		KitDiag		diag;

		memset(key, 'k', (size_t) len);
		json = kit_arena_printf(arena, "{\"%s\":\"%s\"}", key, key);
		escaped = kit_arena_printf(arena, "{\"%s\":1,\"%s%s\":\"%s%s\"}", key, len > 0 ? "\\u006b" : "", key + (len > 0), len > 0 ? "\\u006b" : "", key + (len > 0));
		kit_buf_init(&out, arena);
		UNIT_TRY(doc_from_json(json, strlen(json), DOC_DOCUMENT, &out, &diag), "%s", diag.message);
		UNIT_TRY(strcmp(json_of(arena, (DocBytes) {out.data, out.len}, DOC_DOCUMENT), json) == 0, "length %d", len);
		kit_buf_init(&out, arena);
		UNIT_TRY(doc_from_json(escaped, strlen(escaped), DOC_DOCUMENT, &out, &diag), "%s", diag.message);
		UNIT_TRY(strcmp(json_of(arena, (DocBytes) {out.data, out.len}, DOC_DOCUMENT), json) == 0, "length %d, with an escape", len);
	}
	UNIT_PROPERTY("keys and strings of all lengths");
}

static void
plain_is(const char *json, const char *expected)
{
	KitBuf		out;
	KitDiag		diag;

	kit_buf_init(&out, arena);
	if (!doc_to_plain_json(bytes_of(arena, json, DOC_DOCUMENT), &out, &diag))
		UNIT_TEXT(json, diag.message, expected);
	else
		UNIT_TEXT(json, out.data, expected);
}

static void
test_plain(void)
{
	plain_is("{\"l\":{\"1\":{\"a\":1},\"x\":{\"b\":2},\"5\":3,\"@o\":[\"x\",1]}}", "{\"l\":[{\"b\":2},{\"a\":1}]}");
	plain_is("{\"0\":1,\"2\":\"x\",\"@s\":4}", "[1,null,\"x\",null]");
	plain_is("{\"@o\":[]}", "[]");
	plain_is("{\"@s\":0}", "[]");
	plain_is("[{\"@o\":[7,8],\"8\":1.5}]", "[[1.5]]");
	/* what a stranger may have written does not blow up */
	plain_is("{\"1\":2,\"@o\":[1,1,1,\"1\"]}", "[2]");
	plain_is("{\"0\":1,\"@s\":9000000000000000000}", "{\"0\":1,\"@s\":9000000000000000000}");
}

/* Objects with many members, some of them twice. */
static void
test_many_keys(void)
{
	for (int round = 0; round < unit_rounds(400); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		KitBuf		text;
		KitBuf		out;
		KitDiag		diag;
		DocNode    *expected = doc_node_new(arena, DOC_OBJECT);
		DocNode    *got;
		DocItem		root;
		uint32_t	n = unit_below(&random, 150);
		uint32_t	range = 1 + unit_below(&random, 2000);

		kit_arena_reset(arena);
		expected = doc_node_new(arena, DOC_OBJECT);
		kit_buf_init(&text, arena);
		kit_buf_add_str(&text, "{\"before\":{\"k1\":1},\"o\":{");
		for (uint32_t i = 0; i < n; i++)
		{
			char	   *key = kit_arena_printf(arena, unit_below(&random, 3) == 0 ? "k%u" : "key number %u of them", unit_below(&random, range));
			bool		is_null = unit_below(&random, 10) == 0;

			kit_buf_printf(&text, is_null ? "%s\"%s\":null" : "%s\"%s\":%u", i > 0 ? "," : "", key, i);
			doc_node_set(arena, expected, key, strlen(key), is_null ? doc_node_new(arena, DOC_NULL) : doc_node_int(arena, i));
		}
		kit_buf_add_str(&text, "},\"after\":[{\"k1\":1},{\"k1\":2}]}");
		{
			DocNode    *kept = doc_node_new(arena, DOC_OBJECT);

			for (uint32_t i = 0; i < expected->u.object.n; i++)
				if (expected->u.object.members[i].value->kind != DOC_NULL)
					doc_node_set(arena, kept, expected->u.object.members[i].key, expected->u.object.members[i].key_len,
								 expected->u.object.members[i].value);
			expected = kept;
		}
		kit_buf_init(&out, arena);
		if (!UNIT_TRY(doc_from_json(text.data, text.len, DOC_DOCUMENT, &out, &diag), "UNIT_SEED=%llu: %s", (unsigned long long) seed, diag.message))
			continue;
		UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DOCUMENT, &diag), "UNIT_SEED=%llu: %s", (unsigned long long) seed, diag.message);
		doc_open((DocBytes) {out.data, out.len}, DOC_DOCUMENT, &root, &diag);
		doc_node_from_item(arena, root, &got, &diag);
		UNIT_TRY(doc_node_equal(doc_node_get(got, "o", 1), expected), "UNIT_SEED=%llu: %s", (unsigned long long) seed, text.data);
	}
	UNIT_PROPERTY("of equal keys the last wins, among few and among many");
}

static void
test_round_trip(void)
{
	for (int round = 0; round < unit_rounds(4000); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocClass	class = round % 2 == 0 ? DOC_DOCUMENT : DOC_DELTA;
		DocNode    *tree;
		DocBytes	bytes;
		KitDiag		diag;

		kit_arena_reset(arena);
		tree = class == DOC_DOCUMENT ? random_document(arena, &random) : random_delta(arena, &random, 0);
		bytes = encode(arena, tree, class);
		UNIT_TRY(doc_validate(bytes, class, &diag), "UNIT_SEED=%llu: %s", (unsigned long long) seed, diag.message);
		for (int style = DOC_JSON_TEXT; style <= DOC_JSON_WIRE; style++)
		{
			KitBuf		text;
			KitBuf		node_text;
			KitBuf		back;

			kit_buf_init(&text, arena);
			kit_buf_init(&node_text, arena);
			kit_buf_init(&back, arena);
			UNIT_TRY(doc_to_json(bytes, class, (DocJsonStyle) style, &text, &diag), "UNIT_SEED=%llu", (unsigned long long) seed);
			doc_node_to_json(tree, (DocJsonStyle) style, &node_text);
			UNIT_TRY(strcmp(text.data, node_text.data) == 0, "UNIT_SEED=%llu: %s\n#   %s", (unsigned long long) seed, text.data, node_text.data);
			UNIT_TRY(doc_from_json(text.data, text.len, class, &back, &diag) && back.len == bytes.len && memcmp(back.data, bytes.data, back.len) == 0,
					 "UNIT_SEED=%llu: %s", (unsigned long long) seed, text.data);
		}
	}
	UNIT_PROPERTY("bytes to JSON and back are the same bytes");
}

/* Texts that are nearly right: either refused, or read to something that can be written and read again. */
static void
test_damaged_text(void)
{
	static const char parts[] = "{}[]\",:\\u0tfnrue@os-.eE1 \n\xc3\xa4\xff\x01";

	for (int round = 0; round < unit_rounds(20000); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocClass	class = round % 2 == 0 ? DOC_DOCUMENT : DOC_DELTA;
		DocNode    *tree;
		KitBuf		text;
		KitBuf		out;
		KitBuf		again;
		KitDiag		diag;
		char	   *copy;
		size_t		len;

		kit_arena_reset(arena);
		tree = class == DOC_DOCUMENT ? random_document(arena, &random) : random_delta(arena, &random, 0);
		kit_buf_init(&text, arena);
		doc_node_to_json(tree, round % 3 == 0 ? DOC_JSON_WIRE : DOC_JSON_TEXT, &text);
		for (uint32_t n = 1 + unit_below(&random, 3); n > 0 && text.len > 0; n--)
		{
			uint32_t	at = unit_below(&random, (uint32_t) text.len);

			switch (unit_below(&random, 4))
			{
				case 0:
					text.data[at] = (char) unit_random(&random);
					break;
				case 1:
					text.data[at] = parts[unit_below(&random, sizeof(parts) - 1)];
					break;
				case 2:
					memmove(text.data + at, text.data + at + 1, text.len - at);
					text.len--;
					break;
				default:
					text.len = at;
			}
		}
		len = text.len;
		copy = kit_arena_alloc(arena, len);
		memcpy(copy, text.data, len);
		kit_buf_init(&out, arena);
		if (!doc_from_json(copy, len, class, &out, &diag))
		{
			UNIT_TRY(diag.code == KIT_INVALID_JSON && diag.message[0] != '\0', "UNIT_SEED=%llu", (unsigned long long) seed);
			continue;
		}
		UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, class, &diag), "UNIT_SEED=%llu: %s: %.*s", (unsigned long long) seed, diag.message,
				 (int) len, copy);
		kit_buf_init(&text, arena);
		kit_buf_init(&again, arena);
		UNIT_TRY(doc_to_json((DocBytes) {out.data, out.len}, class, DOC_JSON_TEXT, &text, &diag) &&
				 doc_from_json(text.data, text.len, class, &again, &diag) && again.len == out.len && memcmp(again.data, out.data, out.len) == 0,
				 "UNIT_SEED=%llu: %.*s", (unsigned long long) seed, (int) len, copy);
	}
	UNIT_PROPERTY("a damaged text is refused, or read as what it says now");
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_reading();
	test_refusing();
	test_depth();
	test_writing();
	test_lengths();
	test_plain();
	test_many_keys();
	test_round_trip();
	test_damaged_text();
	kit_arena_delete(arena);
	return unit_done();
}
