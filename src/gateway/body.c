/*
 * body.c
 *	  Payloads, and their composition for streams that could not be sent each of them.
 *
 * Composition is that of the doc room: "remove, then add" becomes an object with "@r".  Clients merge such an object into what they have, so a body with one
 * is sent as two: first null in its place, then the object.
 */
#include "gateway/body.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "gateway/memory.h"

static Body *memo[3];			/* first, second, what they are composed to; NULL: none */

/* The number behind the last `"seq":`, which stands at the end. */
static int64_t
read_seq(const char *text, size_t len)
{
	static const char name[] = "\"seq\":";
	const char *end = text + len - 1;
	const char *p = end;
	int64_t		seq = 0;
	int64_t		unit = 1;

	while (p > text && p[-1] >= '0' && p[-1] <= '9')
	{
		p--;
		seq += (*p - '0') * unit;
		unit *= 10;
	}
	if (p == end || p - text < (ptrdiff_t) sizeof(name) - 1 || memcmp(p - (sizeof(name) - 1), name, sizeof(name) - 1) != 0)
		return 0;
	return seq;
}

static bool
begins_with(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* Before the seq, when not in front. */
static bool
is_marked_reset(const char *text, size_t len)
{
	static const char mark[] = "\"reset\":true,\"seq\":";
	size_t		digits = 0;

	while (digits < len && text[len - 2 - digits] >= '0' && text[len - 2 - digits] <= '9')
		digits++;
	return len >= sizeof(mark) + digits && memcmp(text + len - 1 - digits - (sizeof(mark) - 1), mark, sizeof(mark) - 1) == 0;
}

Body *
body_new(const char *text, size_t len)
{
	Body	   *body = gateway_alloc(sizeof(Body) + len + 1);

	memcpy(body->text, text, len);
	body->len = (uint32_t) len;
	body->n_refs = 1;
	body->seq = read_seq(text, len);
	body->is_reset = begins_with(text, len, "\"reset\":true,") || is_marked_reset(text, len);
	body->is_change = body->is_reset || begins_with(text, len, "\"data\":") || begins_with(text, len, "\"seq\":");
	return body;
}

Body *
body_hold(Body *body)
{
	body->n_refs++;
	return body;
}

void
body_drop(Body *body)
{
	if (body != NULL && --body->n_refs == 0)
		free(body);
}

/* ---- composition ---- */

/* The value of "data": a delta, or NULL when there is none. */
static bool
read_data(KitArena *arena, const Body *body, DocNode **data)
{
	KitBuf	   *json = KIT_NEW(arena, KitBuf);
	KitBuf	   *bytes = KIT_NEW(arena, KitBuf);
	DocItem		root;
	DocNode    *tree;
	KitDiag		diag = {0};

	kit_buf_init(json, arena);
	kit_buf_init(bytes, arena);
	kit_buf_add_char(json, '{');
	kit_buf_add(json, body->text, body->len);
	if (!doc_from_json(json->data, json->len, DOC_DELTA, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DELTA, &root, &diag) ||
		!doc_node_from_item(arena, root, &tree, &diag) || tree->kind != DOC_OBJECT)
		return false;
	*data = doc_node_get(tree, "data", 4);
	return true;
}

/* The members of an envelope are in the order in which the database writes them. */
static Body *
write_body(KitArena *arena, const DocNode *data, bool is_reset, int64_t seq)
{
	KitBuf		out;
	Body	   *body;

	kit_buf_init(&out, arena);
	if (is_reset)
		kit_buf_add_str(&out, "\"reset\":true,");
	if (data != NULL)
	{
		kit_buf_add_str(&out, "\"data\":");
		doc_node_to_json(data, DOC_JSON_WIRE, &out);
		kit_buf_add_char(&out, ',');
	}
	kit_buf_printf(&out, "\"seq\":%lld}", (long long) seq);
	body = body_new(out.data, out.len);
	return body;
}

static bool
has_replacement(const DocNode *node)
{
	if (node->kind != DOC_OBJECT)
		return false;
	if (node->replaces)
		return true;
	for (uint32_t i = 0; i < node->u.object.n; i++)
		if (has_replacement(node->u.object.members[i].value))
			return true;
	return false;
}

static Body *
compose(KitArena *arena, const Body *first, const Body *second)
{
	DocNode    *a;
	DocNode    *b;
	DocNode    *both;
	KitDiag		diag = {0};
	Body	   *body;

	if (!read_data(arena, first, &a) || !read_data(arena, second, &b))
		return NULL;
	if (a == NULL || b == NULL)
		both = a == NULL ? b : a;
	else if (first->is_reset)
		both = doc_node_apply(arena, a, b, &diag);
	else
		both = doc_node_compose(arena, a, b, &diag);
	if (both == NULL && (a != NULL || b != NULL))
		return NULL;
	body = write_body(arena, both, first->is_reset, second->seq);
	body->has_replacement = !first->is_reset && both != NULL && has_replacement(both);
	return body;
}

Body *
body_compose(Body *first, Body *second, size_t max)
{
	KitArena   *arena;
	Body	   *result;

	if (second->is_reset)
		return body_hold(second);
	if (memo[0] == first && memo[1] == second)
		return memo[2]->len <= max ? body_hold(memo[2]) : NULL;
	if ((size_t) first->len + second->len > 4 * max)
		return NULL;
	arena = kit_arena_new("adama gateway composition");
	result = compose(arena, first, second);
	kit_arena_delete(arena);
	if (result == NULL)
		return NULL;
	for (int i = 0; i < 3; i++)
		body_drop(memo[i]);
	memo[0] = body_hold(first);
	memo[1] = body_hold(second);
	memo[2] = body_hold(result);
	if (result->len <= max)
		return result;
	body_drop(result);
	return NULL;
}

/* Null for each object that replaces; NULL when there is none in it. */
static DocNode *
nulls_of(KitArena *arena, const DocNode *node)
{
	DocNode    *out = NULL;

	for (uint32_t i = 0; i < node->u.object.n; i++)
	{
		const DocMember *m = &node->u.object.members[i];
		DocNode    *inner = m->value->kind != DOC_OBJECT ? NULL : m->value->replaces ? doc_node_new(arena, DOC_NULL) : nulls_of(arena, m->value);

		if (inner == NULL)
			continue;
		if (out == NULL)
			out = doc_node_new(arena, DOC_OBJECT);
		doc_node_set(arena, out, m->key, m->key_len, inner);
	}
	return out;
}

/* What replaces has nothing before it any more: its nulls say nothing, and objects in it are as they are. */
static DocNode *
without_marks(KitArena *arena, const DocNode *node, bool is_new)
{
	DocNode    *out;

	if (node->kind != DOC_OBJECT)
		return (DocNode *) node;
	is_new |= node->replaces;
	out = doc_node_new(arena, DOC_OBJECT);
	for (uint32_t i = 0; i < node->u.object.n; i++)
	{
		const DocMember *m = &node->u.object.members[i];

		if (!is_new || m->value->kind != DOC_NULL)
			doc_node_set(arena, out, m->key, m->key_len, without_marks(arena, m->value, is_new));
	}
	return out;
}

void
body_split(const Body *body, Body **before, Body **rest)
{
	KitArena   *arena = kit_arena_new("adama gateway split");
	DocNode    *data = NULL;

	(void) read_data(arena, body, &data);
	*before = write_body(arena, nulls_of(arena, data), false, body->seq);
	*rest = write_body(arena, without_marks(arena, data, false), false, body->seq);
	kit_arena_delete(arena);
}
