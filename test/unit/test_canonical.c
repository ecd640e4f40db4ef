/* JSON in the one form that equal values share, and changes of it. */
#include "random_doc.h"

#define NESTING 20

static KitArena *arena;

static const char *
fit_text(DocFit fit)
{
	return fit == DOC_FIT_OK ? "ok" : fit == DOC_FIT_TOO_DEEP ? "too deep" : fit == DOC_FIT_RESERVED ? "reserved" : "damaged";
}

static DocItem
item_of(DocBytes bytes)
{
	DocItem		item = {.kind = DOC_NULL};

	doc_item_from_raw(bytes.data + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE, &item);
	return item;
}

/* The canonical value as JSON, or why there is none. */
static const char *
canonical(const char *json, const char *change, int depth)
{
	KitBuf		bytes;
	KitBuf		text;
	DocItem		item = item_of(bytes_of(arena, json, DOC_DOCUMENT));
	DocKey		refused;
	DocFit		fit;

	kit_buf_init(&bytes, arena);
	fit = doc_canonical(arena, NULL, item, depth, &bytes, &refused);
	if (fit == DOC_FIT_OK && change != NULL)
	{
		DocItem		base;

		doc_item_from_raw(kit_arena_strdup(arena, bytes.data, bytes.len), bytes.len, &base);
		kit_buf_clear(&bytes);
		fit = doc_canonical(arena, &base, item_of(bytes_of(arena, change, DOC_DELTA)), depth, &bytes, &refused);
	}
	if (fit != DOC_FIT_OK)
		return fit_text(fit);
	doc_item_from_raw(bytes.data, bytes.len, &item);
	kit_buf_init(&text, arena);
	doc_item_to_json(item, DOC_JSON_TEXT, &text);
	return text.data;
}

static void
test_forms(void)
{
	UNIT_TEXT("members are sorted by bytes", canonical("{\"b\":1,\"\":2,\"ab\":3,\"a\":{\"z\":1,\"y\":2},\"B\":4}", NULL, NESTING),
			  "{\"\":2,\"B\":4,\"a\":{\"y\":2,\"z\":1},\"ab\":3,\"b\":1}");
	UNIT_TEXT("nulls go from objects, stay in arrays", canonical("[{\"a\":null},null,[null]]", NULL, NESTING), "[{},null,[null]]");
	UNIT_TEXT("scalars are themselves", canonical("\"x\"", NULL, 0), "\"x\"");
	UNIT_TEXT("as deep as may be", canonical("[[{}]]", NULL, 3), "[[{}]]");
	UNIT_TEXT("deeper", canonical("[[{}]]", NULL, 2), "too deep");
	UNIT_TEXT("@o", canonical("[{\"@o\":[]}]", NULL, NESTING), "reserved");
	UNIT_TEXT("@s", canonical("{\"@s\":1}", NULL, NESTING), "reserved");
	UNIT_TEXT("a prototype", canonical("{\"__proto__\":1}", NULL, NESTING), "reserved");
	UNIT_TEXT("merging", canonical("{\"a\":1,\"c\":{\"x\":1}}", "{\"d\":0,\"b\":2,\"c\":{\"x\":null,\"y\":2}}", NESTING),
			  "{\"a\":1,\"b\":2,\"c\":{\"y\":2},\"d\":0}");
	UNIT_TEXT("an object into an array", canonical("[1]", "{\"a\":null,\"b\":1}", NESTING), "{\"b\":1}");
	UNIT_TEXT("an array into an object", canonical("{\"a\":1}", "[2]", NESTING), "[2]");
	UNIT_TEXT("what replaces", canonical("{\"a\":{\"b\":1}}", "{\"a\":{\"@r\":true,\"c\":2}}", NESTING), "{\"a\":{\"c\":2}}");
}

static bool
has_reserved(const DocNode *node)
{
	if (node->kind == DOC_ARRAY)
		for (uint32_t i = 0; i < node->u.array.n; i++)
			if (has_reserved(node->u.array.items[i]))
				return true;
	if (node->kind == DOC_OBJECT)
		for (uint32_t i = 0; i < node->u.object.n; i++)
			if (node->u.object.members[i].key[0] == '@' || has_reserved(node->u.object.members[i].value))
				return true;
	return false;
}

/* The same value with its members in the opposite order. */
static DocNode *
turned(const DocNode *node)
{
	DocNode    *made;

	if (node->kind != DOC_OBJECT)
		return (DocNode *) node;
	made = doc_node_new(arena, DOC_OBJECT);
	for (uint32_t i = node->u.object.n; i-- > 0;)
		doc_node_set(arena, made, node->u.object.members[i].key, node->u.object.members[i].key_len, turned(node->u.object.members[i].value));
	return made;
}

static DocFit
canonical_of(const DocNode *node, KitBuf *out)
{
	DocKey		refused;

	kit_buf_init(out, arena);
	return doc_canonical(arena, NULL, item_of(encode(arena, node, DOC_DOCUMENT)), NESTING, out, &refused);
}

static DocItem
item_in(const KitBuf *bytes)
{
	DocItem		item;

	doc_item_from_raw(bytes->data, bytes->len, &item);
	return item;
}

static bool
same(const KitBuf *a, const KitBuf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static DocBytes
field_with(DocItem value, const DocItem *from)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocWriter	w;

	kit_buf_init(buf, arena);
	doc_write_begin(&w, buf, from == NULL ? DOC_DOCUMENT : DOC_DELTA);
	doc_write_object_begin(&w);
	doc_write_key_z(&w, "d");
	if (from == NULL)
		doc_write_item(&w, value);
	else
		doc_write_canonical_change(&w, *from, value);
	doc_write_object_end(&w);
	return doc_write_end(&w);
}

static void
test_laws(void)
{
	int			rounds = unit_rounds(4000);
	int			n_used = 0;

	for (int round = 0; round < rounds; round++)
	{
		uint64_t	seed = unit_seed() + (uint64_t) round;
		UnitRandom	random = {seed};
		DocNode    *a = random_value(arena, &random, 0);
		DocNode    *b = unit_below(&random, 2) == 0 ? random_value(arena, &random, 0) : random_change(arena, &random, a, 0);
		KitBuf		a_bytes;
		KitBuf		b_bytes;
		KitBuf		other;
		KitBuf		merged;
		DocBytes	change;
		DocItem		from;
		DocItem		item;
		DocKey		refused;
		KitDiag		diag;

		if (has_reserved(a) || has_reserved(b) || a->kind == DOC_NULL || b->kind == DOC_NULL)
		{
			kit_arena_reset(arena);
			continue;
		}
		n_used++;
		UNIT_TRY(canonical_of(a, &a_bytes) == DOC_FIT_OK && canonical_of(b, &b_bytes) == DOC_FIT_OK && canonical_of(turned(a), &other) == DOC_FIT_OK,
				 "seed %lu: there is a canonical form", (unsigned long) seed);
		UNIT_TRY(same(&a_bytes, &other), "seed %lu: the order of members does not matter", (unsigned long) seed);
		UNIT_TRY(same(&a_bytes, &b_bytes) == doc_node_equal(a, b), "seed %lu: equal values have equal bytes", (unsigned long) seed);
		if (!same(&a_bytes, &b_bytes))
		{
			from = item_in(&a_bytes);
			change = field_with(item_in(&b_bytes), &from);
			kit_buf_init(&other, arena);
			UNIT_TRY(doc_validate(change, DOC_DELTA, &diag) && doc_apply(arena, field_with(from, NULL), change, &other, &diag) &&
					 doc_equal(arena, (DocBytes) {other.data, other.len}, field_with(item_in(&b_bytes), NULL)),
					 "seed %lu: the change leads from one to the other", (unsigned long) seed);
			UNIT_TRY(doc_open(change, DOC_DELTA, &item, &diag) && doc_find_member(item, "d", 1, &item), "seed %lu", (unsigned long) seed);
			kit_buf_init(&merged, arena);
			UNIT_TRY(doc_canonical(arena, &from, item, NESTING, &merged, &refused) == DOC_FIT_OK && same(&merged, &b_bytes),
					 "seed %lu: merged into the one the change makes the other", (unsigned long) seed);
		}
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("the canonical form and its changes");
	UNIT_OK("and not for few values", n_used > rounds / 4);
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_forms();
	test_laws();
	kit_arena_delete(arena);
	return unit_done();
}
