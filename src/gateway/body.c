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

/*
 * Takes `"NAME":DIGITS` off the end of text, before its last brace or comma, and moves *len to what is before it; 0 when it is not there.
 */
static int64_t
take_number(const char *text, size_t *len, const char *name)
{
	size_t		end = *len > 0 ? *len - 1 : 0;
	size_t		p = end;
	size_t		name_len = strlen(name);
	int64_t		value = 0;
	int64_t		unit = 1;

	for (; p > 0 && text[p - 1] >= '0' && text[p - 1] <= '9' && end - p < 18; unit *= 10)
		value += (text[--p] - '0') * unit;
	if (p == end || p < name_len || memcmp(text + p - name_len, name, name_len) != 0)
		return 0;
	*len = p - name_len;
	return value;
}

static bool
begins_with(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

Body *
body_new(const char *text, size_t len)
{
	static const char reset[] = "\"reset\":true,";
	Body	   *body = gateway_alloc(sizeof(Body) + len + 1);

	memcpy(body->text, text, len);
	body->len = (uint32_t) len;
	body->n_refs = 1;
	body->life = take_number(text, &len, "\"life\":");
	body->seq = len > 0 ? take_number(text, &len, "\"seq\":") : 0;
	body->is_reset = begins_with(body->text, body->len, reset) || (len >= strlen(reset) && memcmp(text + len - strlen(reset), reset, strlen(reset)) == 0);
	body->is_change = body->is_reset || begins_with(body->text, body->len, "\"data\":") || begins_with(body->text, body->len, "\"outstanding\":") ||
		begins_with(body->text, body->len, "\"seq\":");
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

/* data: the value of "data", a delta; rest: the members that are neither data nor read by body_new.  NULL when there is none. */
static bool
read_data(KitArena *arena, const Body *body, DocNode **data, DocNode **rest)
{
	static const char *const known[] = {"reset", "data", "seq", "life"};
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
	*rest = NULL;
	for (uint32_t i = 0; i < tree->u.object.n; i++)
	{
		const DocMember *m = &tree->u.object.members[i];
		bool		is_known = false;

		for (int k = 0; k < 4; k++)
			is_known |= m->key_len == strlen(known[k]) && memcmp(m->key, known[k], m->key_len) == 0;
		if (is_known)
			continue;
		if (*rest == NULL)
			*rest = doc_node_new(arena, DOC_OBJECT);
		doc_node_set(arena, *rest, m->key, m->key_len, m->value);
	}
	return true;
}

/* The members of an envelope are in the order in which the database writes them. */
static Body *
write_body(KitArena *arena, const DocNode *data, const DocNode *rest, bool is_reset, int64_t seq, int64_t life)
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
	for (uint32_t i = 0; rest != NULL && i < rest->u.object.n; i++)
	{
		const DocMember *m = &rest->u.object.members[i];

		doc_json_string(m->key, m->key_len, DOC_JSON_WIRE, &out);
		kit_buf_add_char(&out, ':');
		doc_node_to_json(m->value, DOC_JSON_WIRE, &out);
		kit_buf_add_char(&out, ',');
	}
	kit_buf_printf(&out, "\"seq\":%lld", (long long) seq);
	if (life != 0)
		kit_buf_printf(&out, ",\"life\":%lld", (long long) life);
	kit_buf_add_char(&out, '}');
	body = body_new(out.data, out.len);
	return body;
}

static Body *
compose(KitArena *arena, const Body *first, const Body *second)
{
	DocNode    *a;
	DocNode    *b;
	DocNode    *both;
	DocNode    *rest;
	DocNode    *later;
	KitDiag		diag = {0};
	Body	   *body;

	if (!read_data(arena, first, &a, &rest) || !read_data(arena, second, &b, &later))
		return NULL;
	/* Each of them comes whole: the later one counts. */
	for (uint32_t i = 0; later != NULL && i < later->u.object.n; i++)
	{
		if (rest == NULL)
			rest = doc_node_new(arena, DOC_OBJECT);
		doc_node_set(arena, rest, later->u.object.members[i].key, later->u.object.members[i].key_len, later->u.object.members[i].value);
	}
	if (a == NULL || b == NULL)
		both = a == NULL ? b : a;
	else if (first->is_reset)
		both = doc_node_apply(arena, a, b, &diag);
	else
		both = doc_node_compose(arena, a, b, &diag);
	if (both == NULL && (a != NULL || b != NULL))
		return NULL;
	body = write_body(arena, both, rest, first->is_reset, second->seq, first->life);
	body->has_replacement = !first->is_reset && both != NULL && doc_node_has_replacement(both);
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
	DocNode    *others = NULL;

	(void) read_data(arena, body, &data, &others);
	*before = write_body(arena, nulls_of(arena, data), NULL, false, body->seq, 0);
	*rest = write_body(arena, without_marks(arena, data, false), others, false, body->seq, 0);
	kit_arena_delete(arena);
}
