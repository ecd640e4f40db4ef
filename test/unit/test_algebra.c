/* The algebra of documents and deltas: examples that can be read, then the laws on random values. */
#include "random_doc.h"

static KitArena *arena;

static DocBytes
doc(const char *json)
{
	return bytes_of(arena, json, DOC_DOCUMENT);
}

static DocBytes
delta(const char *json)
{
	return bytes_of(arena, json, DOC_DELTA);
}

static void
diff_is(const char *from, const char *to, const char *expected)
{
	KitBuf		out;
	KitDiag		diag;
	char	   *what = kit_arena_printf(arena, "%s  -  %s", to, from);

	kit_buf_init(&out, arena);
	if (!doc_diff(arena, doc(from), doc(to), &out, &diag))
		UNIT_TEXT(what, diag.message, expected);
	else
		UNIT_TEXT(what, json_of(arena, (DocBytes) {out.data, out.len}, DOC_DELTA), expected);
}

static void
apply_is(const char *document, const char *change, const char *expected)
{
	KitBuf		out;
	KitDiag		diag;
	char	   *what = kit_arena_printf(arena, "%s  +  %s", document, change);

	kit_buf_init(&out, arena);
	if (!doc_apply(arena, doc(document), delta(change), &out, &diag))
		UNIT_TEXT(what, diag.message, expected);
	else
		UNIT_TEXT(what, json_of(arena, (DocBytes) {out.data, out.len}, DOC_DOCUMENT), expected);
}

static void
compose_is(const char *first, const char *second, const char *expected)
{
	KitBuf		out;
	KitDiag		diag;
	char	   *what = kit_arena_printf(arena, "%s  then  %s", first, second);

	kit_buf_init(&out, arena);
	if (!doc_compose(arena, delta(first), delta(second), &out, &diag))
		UNIT_TEXT(what, diag.message, expected);
	else
		UNIT_TEXT(what, json_of(arena, (DocBytes) {out.data, out.len}, DOC_DELTA), expected);
}

static void
test_diff(void)
{
	diff_is("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "{}");
	diff_is("{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"c\":3}", "{\"b\":{\"y\":3},\"d\":4,\"a\":1}", "{\"b\":{\"y\":3,\"x\":null},\"d\":4,\"c\":null}");
	diff_is("{}", "{\"a\":{}}", "{\"a\":{}}");
	diff_is("{\"a\":{\"x\":1}}", "{\"a\":{}}", "{\"a\":{\"x\":null}}");
	diff_is("{\"a\":1}", "{\"a\":1.0}", "{\"a\":1.0}");
	diff_is("{\"a\":1}", "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1}}");
	diff_is("{\"a\":{\"x\":1}}", "{\"a\":[1,null]}", "{\"a\":[1,null]}");
	diff_is("{\"a\":[1,2]}", "{\"a\":[1,3]}", "{\"a\":[1,3]}");
	diff_is("5", "5", "{}");
	diff_is("5", "{}", "{\"@r\":true}");
	diff_is("5", "null", "null");
	diff_is("{\"a\":1}", "7", "7");
	diff_is("[1]", "{\"a\":1}", "{\"a\":1}");

	/* a table that is inserted into and deleted from, sorted by n descending */
	diff_is("{}", "{\"lst\":{\"1\":{\"id\":1,\"n\":3},\"@o\":[1]}}", "{\"lst\":{\"1\":{\"id\":1,\"n\":3},\"@o\":[1]}}");
	diff_is("{\"lst\":{\"1\":{\"id\":1,\"n\":3},\"@o\":[1]}}",
			"{\"lst\":{\"3\":{\"id\":3,\"n\":7},\"1\":{\"id\":1,\"n\":3},\"@o\":[3,1]}}",
			"{\"lst\":{\"3\":{\"id\":3,\"n\":7},\"@o\":[3,1]}}");
	diff_is("{\"lst\":{\"3\":{\"id\":3,\"n\":7},\"1\":{\"id\":1,\"n\":3},\"@o\":[3,1]}}",
			"{\"lst\":{\"3\":{\"id\":3,\"n\":7},\"4\":{\"id\":4,\"n\":5},\"1\":{\"id\":1,\"n\":3},\"@o\":[3,4,1]}}",
			"{\"lst\":{\"4\":{\"id\":4,\"n\":5},\"@o\":[3,4,1]}}");
	diff_is("{\"lst\":{\"3\":{\"n\":7},\"4\":{\"n\":5},\"1\":{\"n\":3},\"@o\":[3,4,1]}}",
			"{\"lst\":{\"3\":{\"n\":7},\"5\":{\"id\":5,\"n\":6},\"4\":{\"n\":5},\"1\":{\"n\":3},\"@o\":[3,5,4,1]}}",
			"{\"lst\":{\"5\":{\"id\":5,\"n\":6},\"@o\":[3,5,4,1]}}");
	diff_is("{\"lst\":{\"3\":{\"n\":7},\"5\":{\"n\":6},\"4\":{\"n\":5},\"1\":{\"n\":3},\"@o\":[3,5,4,1]}}",
			"{\"lst\":{\"3\":{\"n\":7},\"5\":{\"n\":6},\"4\":{\"n\":5},\"1\":{\"n\":3},\"6\":{\"id\":6,\"n\":1},\"@o\":[3,5,4,1,6]}}",
			"{\"lst\":{\"6\":{\"id\":6,\"n\":1},\"@o\":[[0,3],6]}}");
	diff_is("{\"lst\":{\"3\":{\"n\":7},\"5\":{\"n\":6},\"4\":{\"n\":5},\"1\":{\"n\":3},\"6\":{\"n\":1},\"@o\":[3,5,4,1,6]}}",
			"{\"lst\":{\"3\":{\"n\":7},\"5\":{\"n\":6},\"1\":{\"n\":3},\"6\":{\"n\":1},\"@o\":[3,5,1,6]}}",
			"{\"lst\":{\"@o\":[3,5,1,6],\"4\":null}}");

	/* orders */
	diff_is("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"@o\":[1,2,3,4]}", "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"@o\":[4,1,2,3]}", "{\"@o\":[4,[0,2]]}");
	diff_is("{\"1\":1,\"@o\":[1]}", "{\"@o\":[]}", "{\"@o\":[],\"1\":null}");
	diff_is("{\"1\":1,\"@o\":[1]}", "{\"1\":1,\"@o\":[\"1\"]}", "{\"@o\":[\"1\"]}");
	diff_is("{\"1\":1,\"@o\":[1]}", "{\"1\":1}", "{\"@o\":null}");
	diff_is("{\"1\":1}", "{\"1\":1,\"@o\":[1]}", "{\"@o\":[1]}");

	/* plain lists: "@s" comes last, and comes again with each element that is no object */
	diff_is("{\"0\":1,\"1\":2,\"2\":4,\"3\":9,\"4\":8,\"@s\":5}", "{\"0\":1,\"1\":3,\"2\":4,\"3\":101,\"@s\":4}",
			"{\"1\":3,\"3\":101,\"4\":null,\"@s\":4}");
	diff_is("{\"0\":1,\"1\":2,\"@s\":2}", "{\"0\":1,\"1\":5,\"@s\":2}", "{\"1\":5,\"@s\":2}");
	diff_is("{\"0\":{\"x\":1},\"@s\":1}", "{\"0\":{\"x\":2},\"@s\":1}", "{\"0\":{\"x\":2}}");
	diff_is("{\"0\":{\"x\":1},\"@s\":1}", "{\"0\":{\"x\":1},\"1\":{\"x\":1},\"@s\":2}", "{\"1\":{\"x\":1},\"@s\":2}");
}

static void
test_apply(void)
{
	apply_is("{\"a\":1,\"b\":2}", "{\"a\":null,\"c\":{\"x\":null,\"y\":1}}", "{\"b\":2,\"c\":{\"y\":1}}");
	apply_is("{\"a\":{\"x\":1}}", "{\"a\":{}}", "{\"a\":{\"x\":1}}");
	apply_is("{\"a\":5}", "{\"a\":{}}", "{\"a\":{}}");
	apply_is("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"@r\":true,\"z\":3}}", "{\"a\":{\"z\":3}}");
	apply_is("{\"a\":[{\"x\":1}]}", "{\"a\":[{\"y\":1}]}", "{\"a\":[{\"y\":1}]}");
	apply_is("5", "{}", "5");
	apply_is("5", "{\"@r\":true}", "{}");
	apply_is("5", "{\"a\":1}", "{\"a\":1}");
	apply_is("{\"a\":1}", "null", "null");
	apply_is("{\"a\":1}", "[1]", "[1]");
	apply_is("{\"1\":1,\"2\":1,\"3\":1,\"@o\":[1,2,3]}", "{\"@o\":[[1,2],7,[0,0]],\"7\":2}", "{\"1\":1,\"2\":1,\"3\":1,\"@o\":[2,3,7,1],\"7\":2}");
	apply_is("{\"1\":1,\"@o\":[1]}", "{\"@o\":[[0,1]]}", "delta does not fit: a slice reaches beyond the order of the list");
	apply_is("{}", "{\"@o\":[[0,0]]}", "delta does not fit: a slice reaches beyond the order of the list");
	apply_is("{\"1\":1,\"@o\":[1]}", "{\"@o\":null,\"@s\":0,\"1\":null}", "{\"@s\":0}");
}

static void
test_compose(void)
{
	compose_is("{\"a\":1,\"b\":{\"x\":1}}", "{\"b\":{\"y\":2},\"c\":3}", "{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"c\":3}");
	compose_is("{\"a\":1}", "{\"a\":null}", "{\"a\":null}");
	compose_is("{\"a\":null}", "{\"a\":{\"x\":1,\"y\":null}}", "{\"a\":{\"@r\":true,\"x\":1}}");
	compose_is("{\"a\":5}", "{\"a\":{}}", "{\"a\":{\"@r\":true}}");
	compose_is("{\"a\":[1]}", "{\"a\":{\"x\":{\"y\":null}}}", "{\"a\":{\"@r\":true,\"x\":{}}}");
	compose_is("{\"a\":{\"@r\":true,\"x\":1}}", "{\"a\":{\"x\":null,\"y\":2}}", "{\"a\":{\"@r\":true,\"y\":2}}");
	compose_is("{\"a\":{\"x\":1}}", "{\"a\":{\"@r\":true,\"y\":2}}", "{\"a\":{\"@r\":true,\"y\":2}}");
	compose_is("{}", "{\"a\":1}", "{\"a\":1}");
	compose_is("5", "{}", "5");
	compose_is("5", "{\"a\":1}", "{\"@r\":true,\"a\":1}");
	compose_is("{\"a\":1}", "5", "5");
	compose_is("{\"@o\":[[0,4],9]}", "{\"@o\":[[2,5],7,[0,1]]}", "{\"@o\":[[2,4],9,7,[0,1]]}");
	compose_is("{\"@o\":[[3,5],[0,2]]}", "{\"@o\":[[3,5],[0,2]]}", "{\"@o\":[[0,5]]}");
	compose_is("{\"@o\":[1,2,3]}", "{\"@o\":[[1,2],4]}", "{\"@o\":[2,3,4]}");
	compose_is("{\"x\":1}", "{\"@o\":[[0,2],4]}", "{\"x\":1,\"@o\":[[0,2],4]}");
	compose_is("{\"@o\":[1]}", "{\"@o\":[[0,1]]}", "delta does not fit: a slice reaches beyond the order of the list");
	compose_is("{\"@o\":[[0,9007199254740991]]}", "{\"@o\":[[0,0]]}", "delta does not fit: a slice reaches beyond the order of the list");
	/* a list that is deleted and made again */
	compose_is("{\"l\":null}", "{\"l\":{\"1\":1,\"@o\":[1]}}", "{\"l\":{\"@r\":true,\"1\":1,\"@o\":[1]}}");
	compose_is("{\"l\":{\"@r\":true,\"1\":1,\"2\":2,\"@o\":[1,2]}}", "{\"l\":{\"@o\":[[1,1]],\"1\":null}}",
			   "{\"l\":{\"@r\":true,\"2\":2,\"@o\":[2]}}");
	compose_is("{\"l\":null}", "{\"l\":{\"@o\":[[0,0]]}}", "delta does not fit: a slice reaches beyond the order of the list");
	compose_is("{\"l\":{\"@o\":null}}", "{\"l\":{\"@o\":[3]}}", "{\"l\":{\"@o\":[3]}}");
}

static void
test_equality(void)
{
	UNIT_OK("members may stand in any order", doc_equal(arena, doc("{\"a\":1,\"b\":{\"x\":1,\"y\":[1,2]}}"), doc("{\"b\":{\"y\":[1,2],\"x\":1},\"a\":1}")));
	UNIT_OK("elements may not", !doc_equal(arena, doc("[1,2]"), doc("[2,1]")));
	UNIT_OK("1 is not 1.0", !doc_equal(arena, doc("1"), doc("1.0")));
	UNIT_OK("a delta is no document", !doc_equal(arena, doc("{}"), delta("{}")));
	UNIT_OK("the hash does not depend on the order of members", doc_hash(doc("{\"a\":1,\"b\":2}")) == doc_hash(doc("{\"b\":2,\"a\":1}")));
	UNIT_OK("but on which value belongs to which key", doc_hash(doc("{\"a\":1,\"b\":2}")) != doc_hash(doc("{\"a\":2,\"b\":1}")));
	UNIT_OK("and on the order of elements", doc_hash(doc("[1,2]")) != doc_hash(doc("[2,1]")));
	UNIT_OK("the hash is stored: it is what it was", doc_hash(doc("{\"a\":[1,2.5,\"x\",null,true],\"b\":{}}")) == UINT64_C(0x8df0463a57d0f972));
	UNIT_OK("{} is the empty delta", doc_delta_is_empty(delta("{}")));
	UNIT_OK("an empty object within is not", !doc_delta_is_empty(delta("{\"a\":{}}")));
	UNIT_OK("nor is one that replaces", !doc_delta_is_empty(delta("{\"@r\":true}")));
	UNIT_OK("nor null", !doc_delta_is_empty(delta("null")));
}

#define SEED ((unsigned long long) seed)

static bool
same(DocBytes a, DocBytes b)
{
	return doc_equal(arena, a, b) && doc_hash(a) == doc_hash(b);
}

static bool
apply(DocBytes document, DocBytes change, DocBytes *result)
{
	KitBuf		out;
	KitDiag		diag;

	kit_buf_init(&out, arena);
	if (!doc_apply(arena, document, change, &out, &diag))
		return false;
	*result = (DocBytes) {out.data, out.len};
	UNIT_TRY(doc_validate(*result, DOC_DOCUMENT, &diag), "what was applied is no document: %s", diag.message);
	return true;
}

static bool
compose(DocBytes first, DocBytes second, DocBytes *result)
{
	KitBuf		out;
	KitDiag		diag;

	kit_buf_init(&out, arena);
	if (!doc_compose(arena, first, second, &out, &diag))
		return false;
	*result = (DocBytes) {out.data, out.len};
	UNIT_TRY(doc_validate(*result, DOC_DELTA, &diag), "what was composed is no delta: %s", diag.message);
	return true;
}

static DocBytes
diff(DocBytes from, DocBytes to)
{
	KitBuf		out;
	KitDiag		diag;

	kit_buf_init(&out, arena);
	UNIT_TRY(doc_diff(arena, from, to, &out, &diag), "diff failed: %s", diag.message);
	UNIT_TRY(doc_validate((DocBytes) {out.data, out.len}, DOC_DELTA, &diag), "what was diffed is no delta: %s", diag.message);
	return (DocBytes) {out.data, out.len};
}

/* The deltas of a document that changes step by step. */
static void
test_laws_of_changes(void)
{
	for (int round = 0; round < unit_rounds(3000); round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocNode    *trees[4];
		DocBytes	docs[4];
		DocBytes	deltas[3];
		DocBytes	de = {0},
					ef = {0},
					left = {0},
					right = {0},
					result = {0};
		bool		fits = true;

		kit_arena_reset(arena);
		for (int i = 0; i < 4; i++)
		{
			trees[i] = i == 0 ? random_document(arena, &random) : random_change(arena, &random, trees[i - 1], 0);
			docs[i] = encode(arena, trees[i], DOC_DOCUMENT);
			if (i > 0)
			{
				deltas[i - 1] = diff(docs[i - 1], docs[i]);
				UNIT_TRY(apply(docs[i - 1], deltas[i - 1], &result) && same(result, docs[i]), "UNIT_SEED=%llu: a + (b - a) = b\n#   %s\n#   %s\n#   %s",
						 SEED, json_of(arena, docs[i - 1], DOC_DOCUMENT), json_of(arena, docs[i], DOC_DOCUMENT),
						 json_of(arena, deltas[i - 1], DOC_DELTA));
				UNIT_TRY(same(docs[i - 1], docs[i]) == doc_delta_is_empty(deltas[i - 1]), "UNIT_SEED=%llu: empty means equal", SEED);
			}
		}
		fits = compose(deltas[0], deltas[1], &de) && compose(deltas[1], deltas[2], &ef) && compose(de, deltas[2], &left) &&
			compose(deltas[0], ef, &right);
		UNIT_TRY(fits, "UNIT_SEED=%llu: consecutive deltas compose", SEED);
		if (!fits)
			continue;
		UNIT_TRY(apply(docs[0], de, &result) && same(result, docs[2]), "UNIT_SEED=%llu: (a + d) + e = a + (d + e)\n#   %s\n#   %s\n#   %s\n#   %s", SEED,
				 json_of(arena, docs[0], DOC_DOCUMENT), json_of(arena, deltas[0], DOC_DELTA), json_of(arena, deltas[1], DOC_DELTA), json_of(arena, de, DOC_DELTA));
		UNIT_TRY(apply(docs[0], left, &result) && same(result, docs[3]), "UNIT_SEED=%llu: a + ((d + e) + f)", SEED);
		UNIT_TRY(same(left, right), "UNIT_SEED=%llu: (d + e) + f = d + (e + f)\n#   %s\n#   %s", SEED, json_of(arena, left, DOC_DELTA),
				 json_of(arena, right, DOC_DELTA));
	}
	UNIT_PROPERTY("the laws hold for the deltas of a changing document");
}

/* Deltas from anywhere: where they fit, the laws hold. */
static void
test_laws_of_deltas(void)
{
	int			n_fitting = 0;
	int			rounds = unit_rounds(8000);

	for (int round = 0; round < rounds; round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocBytes	a,
					d,
					e,
					f,
					de,
					ef,
					left,
					right,
					result,
					step;
		bool		fits;

		kit_arena_reset(arena);
		a = encode(arena, random_document(arena, &random), DOC_DOCUMENT);
		d = encode(arena, random_delta(arena, &random, 0), DOC_DELTA);
		e = encode(arena, random_delta(arena, &random, 0), DOC_DELTA);
		f = encode(arena, random_delta(arena, &random, 0), DOC_DELTA);
		fits = apply(a, d, &step) && apply(step, e, &step);
		n_fitting += fits;
		if (fits)
		{
			UNIT_TRY(compose(d, e, &de) && apply(a, de, &result) && same(result, step),
					 "UNIT_SEED=%llu: (a + d) + e = a + (d + e)\n#   %s\n#   %s\n#   %s", SEED,
					 json_of(arena, a, DOC_DOCUMENT), json_of(arena, d, DOC_DELTA), json_of(arena, e, DOC_DELTA));
			fits = apply(step, f, &step);
			if (fits)
				UNIT_TRY(compose(de, f, &left) && compose(e, f, &ef) && compose(d, ef, &right) && same(left, right) && apply(a, left, &result) &&
						 same(result, step), "UNIT_SEED=%llu: (d + e) + f = d + (e + f)\n#   %s\n#   %s\n#   %s", SEED,
						 json_of(arena, d, DOC_DELTA), json_of(arena, e, DOC_DELTA), json_of(arena, f, DOC_DELTA));
		}
		{
			DocBytes	empty = encode(arena, doc_node_new(arena, DOC_OBJECT), DOC_DELTA);

			UNIT_TRY(compose(empty, d, &de) && same(de, d) && compose(d, empty, &de) && same(de, d) && apply(a, empty, &result) &&
					 same(result, a), "UNIT_SEED=%llu: the empty delta is neutral", SEED);
		}
	}
	UNIT_PROPERTY("the laws hold for deltas from anywhere, where they fit");
	UNIT_OK("and they often fit", n_fitting > rounds / 4);
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_diff();
	test_apply();
	test_compose();
	test_equality();
	test_laws_of_changes();
	test_laws_of_deltas();
	kit_arena_delete(arena);
	return unit_done();
}
