/*
 * apply.c
 *	  A document plus a delta.
 *
 * As RFC 7396 has it: what is no object is put in place of what was there; an object is merged into the object that was there, or into an empty
 * one; null removes.  Besides: an object that replaces is merged into an empty one always, and "@o" is made from the order that was there.
 */
#include "doc/format.h"

static DocNode *
merge(KitArena *arena, const DocNode *object, const DocNode *delta, KitDiag *diag)
{
	DocNode    *result = doc_node_copy_object(arena, object, delta->u.object.n);
	bool		has_gaps = false;

	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		const DocMember *change = &delta->u.object.members[i];
		int64_t		found = doc_node_find(result, change->key, change->key_len, i);
		const DocNode *old = found < 0 ? NULL : result->u.object.members[found].value;
		DocNode    *value;

		if (change->value->kind == DOC_NULL)
		{
			if (found >= 0)
			{
				/* A key comes once in a delta: nobody meets the gap before it is closed. */
				result->u.object.members[found].value = NULL;
				has_gaps = true;
			}
			continue;
		}
		if (doc_role_of(change->key, change->key_len) == DOC_ROLE_ORDER && change->value->kind == DOC_ARRAY)
			value = doc_order_apply(arena, old, change->value, diag);
		else
			value = doc_node_apply(arena, old, change->value, diag);
		if (value == NULL)
			return NULL;
		if (found >= 0)
			result->u.object.members[found].value = value;
		else
			doc_node_set(arena, result, change->key, change->key_len, value);
	}
	if (has_gaps)
		doc_node_close_gaps(arena, result);
	return result;
}

/* document may be NULL: nothing was there. */
DocNode *
doc_node_apply(KitArena *arena, const DocNode *document, const DocNode *delta, KitDiag *diag)
{
	const DocNode nothing = {.kind = DOC_OBJECT};

	if (delta->kind != DOC_OBJECT)
		return (DocNode *) delta;
	if (document == NULL || document->kind != DOC_OBJECT || delta->replaces)
		document = &nothing;
	return merge(arena, document, delta, diag);
}

bool
doc_apply(KitArena *arena, DocBytes document, DocBytes delta, KitBuf *out, KitDiag *diag)
{
	DocNode    *document_tree;
	DocNode    *delta_tree;
	DocNode    *result;

	if (!doc_read_tree(arena, document, DOC_DOCUMENT, &document_tree, diag) || !doc_read_tree(arena, delta, DOC_DELTA, &delta_tree, diag))
		return false;
	if (doc_delta_is_empty(delta))
	{
		kit_buf_add(out, document.data, document.len);
		return true;
	}
	result = doc_node_apply(arena, document_tree, delta_tree, diag);
	if (result == NULL)
		return false;
	doc_write_tree(result, DOC_DOCUMENT, out);
	return true;
}
