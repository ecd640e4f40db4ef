/*
 * fuzz_compose.c
 *	  Changes of a view, composed for who is slow: a client that merges as Adama's do ends with what it has who was sent each of them, and that is the view.
 *
 * The input are choices: a view, and some that it becomes.  Lists are as views have them: of records, with "@o", or of values, with "@s".
 */
#include "gateway.h"

#include "gateway/body.h"

#define MAX_VIEWS 6

/* ---- views ---- */

static DocNode *make_object(Choices *c, KitArena *arena, int depth, bool is_record);

static DocNode *
make_value(Choices *c, KitArena *arena)
{
	static const char *const texts[] = {"", "a", "b\"\\", "\xc3\xa9"};
	const char *text;
	DocNode    *node;

	switch (choose(c, 4))
	{
		case 0:
			return doc_node_int(arena, (int64_t) choose(c, 5) - 2);
		case 1:
			text = texts[choose(c, 4)];
			return doc_node_string(arena, text, strlen(text));
		case 2:
			node = doc_node_new(arena, DOC_BOOL);
			node->u.b = choose(c, 2) == 1;
			return node;
		default:
			node = doc_node_new(arena, DOC_DOUBLE);
			node->u.d = choose(c, 8) / 4.0;
			return node;
	}
}

static DocNode *
make_records(Choices *c, KitArena *arena, int depth)
{
	DocNode    *list = doc_node_new(arena, DOC_OBJECT);
	DocNode    *order = doc_node_new(arena, DOC_ARRAY);
	bool		is_there[8] = {false};

	for (uint32_t n = choose(c, 9); n > 0; n--)
	{
		uint32_t	id = choose(c, 8);

		if (is_there[id])
			continue;
		is_there[id] = true;
		doc_node_set(arena, list, kit_arena_printf(arena, "%u", id + 1), 1, make_object(c, arena, depth + 1, true));
		doc_node_append(arena, order, doc_node_int(arena, id + 1));
	}
	doc_node_set(arena, list, "@o", 2, order);
	return list;
}

static DocNode *
make_values(Choices *c, KitArena *arena)
{
	DocNode    *list = doc_node_new(arena, DOC_OBJECT);
	uint32_t	n = choose(c, 5);

	for (uint32_t i = 0; i < n; i++)
		doc_node_set(arena, list, kit_arena_printf(arena, "%u", i), 1, make_value(c, arena));
	doc_node_set(arena, list, "@s", 2, doc_node_int(arena, n));
	return list;
}

static DocNode *
make_array(Choices *c, KitArena *arena)
{
	DocNode    *array = doc_node_new(arena, DOC_ARRAY);

	for (uint32_t n = choose(c, 3); n > 0; n--)
		doc_node_append(arena, array, make_value(c, arena));
	return array;
}

/* A name says what kind it is of: l, records; v, values; j, an array or a value; o, an object or a value. */
static DocNode *
make_object(Choices *c, KitArena *arena, int depth, bool is_record)
{
	static const char *const names[] = {"o", "p", "l", "v", "j", "m", "x", "y"};
	DocNode    *object = doc_node_new(arena, DOC_OBJECT);

	for (uint32_t n = choose(c, 5); n > 0; n--)
	{
		const char *name = names[choose(c, 8)];
		DocNode    *value = NULL;

		if (doc_node_get(object, name, 1) != NULL)
			continue;
		if (*name == 'l' && depth < 3)
			value = make_records(c, arena, depth);
		else if (*name == 'v')
			value = make_values(c, arena);
		else if (*name == 'j' && choose(c, 2) == 0)
			value = make_array(c, arena);
		else if ((*name == 'o' || *name == 'p') && depth < 4 && choose(c, 4) != 0)
			value = make_object(c, arena, depth + 1, false);
		else if (*name != 'l')
			value = make_value(c, arena);
		if (value != NULL)
			doc_node_set(arena, object, name, 1, value);
	}
	if (is_record)
		doc_node_set(arena, object, "z", 1, make_value(c, arena));
	return object;
}

/* ---- a client: adama-wire.md, 4 ---- */

typedef struct Tree Tree;
typedef struct Entry
{
	const char *key;
	size_t		key_len;
	Tree	   *value;
} Entry;

struct Tree
{
	enum {VALUE, OBJECT, LIST} kind;
	const DocNode *value;		/* as it is */
	Entry	   *entries;		/* of an object; of a list, what it hides */
	int			n;
	Tree	  **shown;			/* of a list */
	int			n_shown;
};

static Tree *
tree_new(KitArena *arena, int kind)
{
	Tree	   *tree = kit_arena_zalloc(arena, sizeof(Tree));

	tree->kind = kind;
	tree->entries = kit_arena_zalloc(arena, sizeof(Entry) * 64);
	return tree;
}

static Entry *
find(Tree *tree, const char *key, size_t len)
{
	for (int i = 0; i < tree->n; i++)
		if (tree->entries[i].key_len == len && memcmp(tree->entries[i].key, key, len) == 0)
			return &tree->entries[i];
	return NULL;
}

static void
put(Tree *tree, const char *key, size_t len, Tree *value)
{
	Entry	   *entry = find(tree, key, len);

	FUZZ_CHECK(tree->n < 64, "too many members");
	if (entry == NULL)
		entry = &tree->entries[tree->n++];
	*entry = (Entry) {key, len, value};
}

static void
drop(Tree *tree, const char *key, size_t len)
{
	Entry	   *entry = find(tree, key, len);

	if (entry != NULL)
		*entry = tree->entries[--tree->n];
}

static Tree *
hidden(Tree *list, const DocNode *id)
{
	char		text[32];
	Entry	   *entry;

	if (id->kind == DOC_STRING)
		entry = find(list, id->u.s.str, id->u.s.len);
	else
	{
		snprintf(text, sizeof(text), "%lld", (long long) id->u.i);
		entry = find(list, text, strlen(text));
	}
	return entry == NULL ? NULL : entry->value;
}

static void merge(KitArena *arena, Tree *tree, const DocNode *delta);

static void
reorder(KitArena *arena, Tree *list, const DocNode *order)
{
	Tree	  **after = kit_arena_zalloc(arena, sizeof(Tree *) * 256);
	int			n = 0;

	for (uint32_t i = 0; i < order->u.array.n; i++)
	{
		const DocNode *item = order->u.array.items[i];

		FUZZ_CHECK(n < 200, "a long order");
		if (item->kind != DOC_ARRAY)
		{
			FUZZ_CHECK(hidden(list, item) != NULL, "an element that is not known");
			after[n++] = hidden(list, item);
			continue;
		}
		FUZZ_CHECK(item->u.array.n == 2, "not a slice");
		for (int64_t k = item->u.array.items[0]->u.i; k <= item->u.array.items[1]->u.i && k < list->n_shown; k++)
			if (list->shown[k] != NULL)
				after[n++] = list->shown[k];
	}
	list->shown = after;
	list->n_shown = n;
}

static void
merge_list(KitArena *arena, Tree *list, const DocNode *delta)
{
	const DocNode *order = doc_node_get(delta, "@o", 2);
	const DocNode *size = doc_node_get(delta, "@s", 2);

	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		const DocMember *m = &delta->u.object.members[i];

		if (m->key[0] == '@' || m->value->kind == DOC_NULL)
			continue;
		if (m->value->kind != DOC_OBJECT)
		{
			put(list, m->key, m->key_len, tree_new(arena, VALUE));
			find(list, m->key, m->key_len)->value->value = m->value;
		}
		else if (find(list, m->key, m->key_len) == NULL)
			put(list, m->key, m->key_len, tree_new(arena, OBJECT));
	}
	if (order != NULL)
		reorder(arena, list, order);
	else if (size != NULL)
	{
		list->n_shown = (int) size->u.i;
		list->shown = kit_arena_zalloc(arena, sizeof(Tree *) * (size_t) (list->n_shown + 1));
		for (int i = 0; i < list->n_shown; i++)
			list->shown[i] = hidden(list, doc_node_int(arena, i));
	}
	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		const DocMember *m = &delta->u.object.members[i];

		if (m->key[0] == '@')
			continue;
		if (m->value->kind == DOC_NULL)
			drop(list, m->key, m->key_len);
		else if (m->value->kind == DOC_OBJECT)
			merge(arena, find(list, m->key, m->key_len)->value, m->value);
	}
}

static void
merge(KitArena *arena, Tree *tree, const DocNode *delta)
{
	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		const DocMember *m = &delta->u.object.members[i];
		Entry	   *entry = find(tree, m->key, m->key_len);

		FUZZ_CHECK(!m->value->replaces, "a mark that clients do not know");
		if (m->value->kind == DOC_NULL)
			drop(tree, m->key, m->key_len);
		else if (m->value->kind != DOC_OBJECT)
		{
			Tree	   *value = tree_new(arena, VALUE);

			value->value = m->value;
			put(tree, m->key, m->key_len, value);
		}
		else if ((entry != NULL && entry->value->kind == LIST) || doc_node_get(m->value, "@o", 2) != NULL || doc_node_get(m->value, "@s", 2) != NULL)
		{
			/* The first half of a change may have made an object of what is not there: a list takes its place. */
			FUZZ_CHECK(entry == NULL || entry->value->kind != VALUE, "a list where something else was: %.*s", (int) m->key_len, m->key);
			if (entry == NULL || entry->value->kind == OBJECT)
				put(tree, m->key, m->key_len, tree_new(arena, LIST));
			merge_list(arena, find(tree, m->key, m->key_len)->value, m->value);
		}
		else
		{
			FUZZ_CHECK(entry == NULL || entry->value->kind != VALUE || entry->value->value->kind != DOC_ARRAY, "an object where an array was");
			if (entry == NULL || entry->value->kind != OBJECT)
				put(tree, m->key, m->key_len, tree_new(arena, OBJECT));
			merge(arena, find(tree, m->key, m->key_len)->value, m->value);
		}
	}
}

/* What a person sees. */
static DocNode *
copy(KitArena *arena, const Tree *tree)
{
	DocNode    *out;

	if (tree->kind == VALUE)
		return (DocNode *) tree->value;
	out = doc_node_new(arena, tree->kind == LIST ? DOC_ARRAY : DOC_OBJECT);
	for (int i = 0; tree->kind == LIST && i < tree->n_shown; i++)
	{
		FUZZ_CHECK(tree->shown[i] != NULL, "an element that is not there");
		doc_node_append(arena, out, copy(arena, tree->shown[i]));
	}
	for (int i = 0; tree->kind == OBJECT && i < tree->n; i++)
		doc_node_set(arena, out, tree->entries[i].key, tree->entries[i].key_len, copy(arena, tree->entries[i].value));
	return out;
}

static const char *
json_of(KitArena *arena, const DocNode *node)
{
	KitBuf		out;

	kit_buf_init(&out, arena);
	doc_node_to_json(node, DOC_JSON_WIRE, &out);
	kit_buf_add_char(&out, '\0');
	return out.data;
}

/* ---- what is sent ---- */

static DocNode *
parse(KitArena *arena, const char *json, size_t len)
{
	KitBuf	   *bytes = KIT_NEW(arena, KitBuf);
	DocItem		root;
	DocNode    *tree;
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	FUZZ_CHECK(doc_from_json(json, len, DOC_DELTA, bytes, &diag) && doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DELTA, &root, &diag) &&
			   doc_node_from_item(arena, root, &tree, &diag), "%s: %.*s", diag.message, (int) len, json);
	return tree;
}

static void
client_gets(KitArena *arena, Tree **client, const Body *body)
{
	DocNode    *tree = parse(arena, kit_arena_printf(arena, "{%.*s", (int) body->len, body->text), body->len + 1);
	DocNode    *data = doc_node_get(tree, "data", 4);

	if (body->is_reset)
		*client = tree_new(arena, OBJECT);
	if (data != NULL)
		merge(arena, *client, data);
}

static void
client_is_sent(KitArena *arena, Tree **client, Body *body)
{
	Body	   *before;
	Body	   *rest;

	if (!body->has_replacement)
	{
		client_gets(arena, client, body);
		return;
	}
	body_split(body, &before, &rest);
	client_gets(arena, client, before);
	client_gets(arena, client, rest);
	FUZZ_CHECK(rest->seq == body->seq, "%lld", (long long) rest->seq);
	body_drop(before);
	body_drop(rest);
}

/* The change from one view to the next; the whole of it when there is none before. */
static Body *
change(KitArena *arena, const DocNode *from, const DocNode *to, int seq)
{
	DocNode    *delta = from == NULL ? (DocNode *) to : doc_node_diff(arena, from, to);
	const char *others = seq % 3 == 0 ? kit_arena_printf(arena, ",\"outstanding\":[%d],\"blockers\":[]", seq) : "";
	const char *text = delta == NULL ? kit_arena_printf(arena, "\"seq\":%d}", seq) :
		kit_arena_printf(arena, "%s\"data\":%s%s,\"seq\":%d%s}", from == NULL ? "\"reset\":true," : "", json_of(arena, delta), others, seq, from == NULL ? ",\"life\":7" : "");
	Body	   *body = body_new(text, strlen(text));

	FUZZ_CHECK(body->is_change && body->is_reset == (from == NULL) && body->seq == seq && body->life == (from == NULL ? 7 : 0), "%s is not understood", text);
	return body;
}

/* JSON arrays never become objects, nor objects arrays, without a null between: what a view sees to (live). */
static DocNode *
plain(KitArena *arena, const DocNode *view)
{
	KitBuf	   *bytes = KIT_NEW(arena, KitBuf);
	KitBuf	   *json = KIT_NEW(arena, KitBuf);
	DocWriter	w;
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	kit_buf_init(json, arena);
	doc_write_begin(&w, bytes, DOC_DOCUMENT);
	doc_node_write(view, &w);
	(void) doc_write_end(&w);
	FUZZ_CHECK(doc_to_plain_json((DocBytes) {bytes->data, bytes->len}, json, &diag), "%s", diag.message);
	return parse(arena, json->data, json->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Choices		c = {data, size, 0};
	KitArena   *arena = kit_arena_new("compose");
	DocNode    *views[MAX_VIEWS];
	Body	   *bodies[MAX_VIEWS];
	int			n = 2 + (int) choose(&c, MAX_VIEWS - 1);
	int			first;
	Tree	   *patient = tree_new(arena, OBJECT);
	Tree	   *slow = tree_new(arena, OBJECT);
	Body	   *pending;
	int64_t		last = -1;

	for (int i = 0; i < n; i++)
	{
		views[i] = make_object(&c, arena, 0, false);
		bodies[i] = change(arena, i == 0 ? NULL : views[i - 1], views[i], i + 1);
		client_gets(arena, &patient, bodies[i]);
		FUZZ_CHECK(doc_node_equal(copy(arena, patient), plain(arena, views[i])), "%s\nbut %s", json_of(arena, copy(arena, patient)), json_of(arena, plain(arena, views[i])));
	}
	/* Some are sent to the slow one, then all others as one. */
	first = (int) choose(&c, (uint32_t) n - 1);
	for (int i = 0; i < first; i++)
		client_gets(arena, &slow, bodies[i]);
	pending = body_hold(bodies[first]);
	for (int i = first + 1; i < n; i++)
	{
		Body	   *both = body_compose(pending, bodies[i], 1000000);

		FUZZ_CHECK(both != NULL && both->seq == i + 1 && both->is_reset == (first == 0), "not composed: %s\n%s", pending->text, bodies[i]->text);
		FUZZ_CHECK(body_compose(pending, bodies[i], 3) == NULL, "too large, but composed");
		body_drop(pending);
		pending = both;
	}
	for (int i = first; i < n; i++)
		if (strstr(bodies[i]->text, "outstanding") != NULL)
			last = i + 1;
	FUZZ_CHECK(last < 0 || strstr(pending->text, kit_arena_printf(arena, "\"outstanding\":[%lld]", (long long) last)) != NULL, "what is beside the data is lost: %s", pending->text);
	client_is_sent(arena, &slow, pending);
	FUZZ_CHECK(doc_node_equal(copy(arena, slow), copy(arena, patient)), "%s\nbut %s\nby %s", json_of(arena, copy(arena, slow)), json_of(arena, copy(arena, patient)), pending->text);
	body_drop(pending);
	for (int i = 0; i < n; i++)
		body_drop(bodies[i]);
	kit_arena_delete(arena);
	return 0;
}
