/*
 * compose.c
 *	  Two deltas as one: a + compose(d, e) = (a + d) + e.
 *
 * What the second says about a member counts, unless it merges an object into it.  Then it depends on what the first had done there:
 *
 *		first					second: an object that merges
 *		nothing					second, as it is
 *		merges an object		the two merged, member by member
 *		replaces by an object	an object that replaces: the first's content with the second applied to it
 *		removes, or sets what	an object that replaces: the second applied to nothing
 *		is no object
 *
 * The last two are why an object can replace: after them nothing of what was there before the first is left, and a merge can't say that.
 */
#include "doc/format.h"

static DocNode *merge_deltas(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag);

/* Both may be NULL, for no change. */
DocNode *
doc_node_compose(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag)
{
	DocNode    *result;

	if (first == NULL || second == NULL)
		return (DocNode *) (first == NULL ? second : first);
	if (second->kind != DOC_OBJECT || second->replaces)
		return (DocNode *) second;
	if (first->kind == DOC_OBJECT && !first->replaces)
		return merge_deltas(arena, first, second, diag);

	/* Whatever the first left there is known: the second is carried out on it. */
	if (first->kind == DOC_OBJECT)
	{
		first = doc_node_apply(arena, NULL, first, diag);
		if (first == NULL)
			return NULL;
	}
	result = doc_node_apply(arena, first, second, diag);
	if (result != NULL)
		result->replaces = true;	/* apply made this node anew: second is an object */
	return result;
}

static DocNode *
compose_orders(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag)
{
	if (second->kind != DOC_ARRAY)
		return (DocNode *) second;
	if (first->kind != DOC_ARRAY)
		return doc_order_apply(arena, NULL, second, diag);
	return doc_order_compose(arena, first, second, diag);
}

static DocNode *
merge_deltas(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag)
{
	DocNode    *result = doc_node_copy_object(arena, first, second->u.object.n);

	for (uint32_t i = 0; i < second->u.object.n; i++)
	{
		const DocMember *change = &second->u.object.members[i];
		int64_t		found = doc_node_find(result, change->key, change->key_len, i);
		DocNode    *value;

		if (found < 0)
		{
			doc_node_set(arena, result, change->key, change->key_len, change->value);
			continue;
		}
		if (doc_role_of(change->key, change->key_len) == DOC_ROLE_ORDER)
			value = compose_orders(arena, result->u.object.members[found].value, change->value, diag);
		else
			value = doc_node_compose(arena, result->u.object.members[found].value, change->value, diag);
		if (value == NULL)
			return NULL;
		result->u.object.members[found].value = value;
	}
	return result;
}

bool
doc_compose(KitArena *arena, DocBytes first, DocBytes second, KitBuf *out, KitDiag *diag)
{
	DocNode    *first_tree;
	DocNode    *second_tree;
	DocNode    *result;

	if (!doc_read_tree(arena, first, DOC_DELTA, &first_tree, diag) || !doc_read_tree(arena, second, DOC_DELTA, &second_tree, diag))
		return false;
	if (doc_delta_is_empty(first) || doc_delta_is_empty(second))
	{
		DocBytes	other = doc_delta_is_empty(first) ? second : first;

		kit_buf_add(out, other.data, other.len);
		return true;
	}
	result = doc_node_compose(arena, first_tree, second_tree, diag);
	if (result == NULL)
		return false;
	doc_write_tree(result, DOC_DELTA, out);
	return true;
}

bool
doc_node_has_replacement(const DocNode *delta)
{
	if (delta->kind != DOC_OBJECT)
		return false;
	if (delta->replaces)
		return true;
	for (uint32_t i = 0; i < delta->u.object.n; i++)
		if (doc_node_has_replacement(delta->u.object.members[i].value))
			return true;
	return false;
}
