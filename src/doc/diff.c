/*
 * diff.c
 *	  The delta that leads from one value to another.
 *
 * Members of a delta come in a fixed order, which Adama's clients have always seen: what changed, in the order of the new object; then, for an
 * ordered list, "@o"; then what is gone, as null.  In a plain list "@s" comes last.
 *
 * "@s" is repeated when an element that is no object changed, though the size did not: clients tell by it that the object is a list.
 */
#include "doc/format.h"

static DocNode *diff_objects(KitArena *arena, const DocNode *from, const DocNode *to);

static inline bool
is_object(const DocNode *node)
{
	return node->kind == DOC_OBJECT;
}

/* A value that is set as it is.  A document's value means itself in a delta: it has no nulls, no slices, nothing that replaces. */
static DocNode *
as_delta(const DocNode *value)
{
	return (DocNode *) value;
}

/* A principal as views show it, {"@t":1,"agent":…,"authority":…}: a single value to those who look, sent whole. */
static bool
is_principal(const DocNode *node)
{
	return is_object(node) && node->u.object.n == 3 && doc_node_get(node, "@t", 2) != NULL && doc_node_get(node, "agent", 5) != NULL &&
		doc_node_get(node, "authority", 9) != NULL;
}

/* An asset as views show it, likewise. */
static bool
is_asset(const DocNode *node)
{
	return is_object(node) && node->u.object.n == 5 && doc_node_get(node, "sha384", 6) != NULL && doc_node_get(node, "md5", 3) != NULL &&
		doc_node_get(node, "id", 2) != NULL && doc_node_get(node, "size", 4) != NULL && doc_node_get(node, "type", 4) != NULL;
}

DocNode *
doc_node_diff(KitArena *arena, const DocNode *from, const DocNode *to)
{
	if (from == to)
		return NULL;
	if (from != NULL && is_object(from) && is_object(to) && !(is_principal(from) && is_principal(to)) && !(is_asset(from) && is_asset(to)))
		return diff_objects(arena, from, to);
	if (from != NULL && doc_node_equal(from, to))
		return NULL;
	return as_delta(to);
}

static DocNode *
diff_orders(KitArena *arena, const DocNode *from, const DocNode *to)
{
	if (from != NULL && from->kind == DOC_ARRAY && to->kind == DOC_ARRAY)
		return doc_order_diff(arena, from, to);
	return doc_node_diff(arena, from, to);
}

static DocNode *
diff_objects(KitArena *arena, const DocNode *from, const DocNode *to)
{
	DocNode    *delta = NULL;
	const DocNode *from_order = NULL;
	const DocNode *to_order = NULL;
	const DocNode *to_size = NULL;
	const DocNode *from_size = NULL;
	DocNode    *change;
	bool		must_repeat_size = false;
	uint32_t	n_kept = 0;

#define SET(key, len, value) \
	do { \
		if (delta == NULL) \
			delta = doc_node_new(arena, DOC_OBJECT); \
		doc_node_set(arena, delta, (key), (len), (value)); \
	} while (0)

	for (uint32_t i = 0; i < to->u.object.n; i++)
	{
		const DocMember *member = &to->u.object.members[i];
		int64_t		found = doc_node_find(from, member->key, member->key_len, i);
		const DocNode *old = found < 0 ? NULL : from->u.object.members[found].value;

		n_kept += old != NULL;
		switch (doc_role_of(member->key, member->key_len))
		{
			case DOC_ROLE_ORDER:
				from_order = old;
				to_order = member->value;
				continue;
			case DOC_ROLE_SIZE:
				from_size = old;
				to_size = member->value;
				continue;
			default:
				break;
		}
		change = doc_node_diff(arena, old, member->value);
		if (change == NULL)
			continue;
		if (!is_object(member->value) || (old != NULL && !is_object(old)))
			must_repeat_size = true;
		SET(member->key, member->key_len, change);
	}

	if (to_order != NULL)
	{
		change = diff_orders(arena, from_order, to_order);
		if (change != NULL)
			SET("@o", 2, change);
	}

	for (uint32_t i = 0; n_kept < from->u.object.n && i < from->u.object.n; i++)
	{
		const DocMember *member = &from->u.object.members[i];

		if (doc_node_find(to, member->key, member->key_len, i) < 0)
		{
			SET(member->key, member->key_len, doc_node_new(arena, DOC_NULL));
			must_repeat_size = true;
		}
	}

	if (to_size != NULL && (must_repeat_size || from_size == NULL || !doc_node_equal(from_size, to_size)))
		SET("@s", 2, as_delta(to_size));
#undef SET
	return delta;
}

bool
doc_diff(KitArena *arena, DocBytes from, DocBytes to, KitBuf *delta, KitDiag *diag)
{
	DocNode    *from_tree;
	DocNode    *to_tree;
	DocNode    *change;

	if (!doc_read_tree(arena, from, DOC_DOCUMENT, &from_tree, diag) || !doc_read_tree(arena, to, DOC_DOCUMENT, &to_tree, diag))
		return false;
	change = doc_node_diff(arena, from_tree, to_tree);
	if (change == NULL)
		change = doc_node_new(arena, DOC_OBJECT);
	else if (is_object(change) && change->u.object.n == 0)
	{
		/* An empty object in place of what is none: {} alone would change nothing. */
		change = doc_node_new(arena, DOC_OBJECT);
		change->replaces = true;
	}
	doc_write_tree(change, DOC_DELTA, delta);
	return true;
}
