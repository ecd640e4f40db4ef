/*
 * tree.c
 *	  The value as a tree of nodes in an arena.
 *
 * Nodes are shared freely: diff, apply and compose make new nodes for what changes and point to the old ones for the rest, so a node that was
 * handed to them must not be changed afterwards.
 * Objects keep their members in the order they were set.  With more than DOC_SHORT_OBJECT of them an object has an index: open addressing, at
 * most half full, each slot 0 or the member's number plus one.
 */
#include "doc/format.h"

#include "kit/hash.h"

DocNode *
doc_node_new(KitArena *arena, DocKind kind)
{
	DocNode    *node = KIT_NEW(arena, DocNode);

	node->kind = kind;
	return node;
}

DocNode *
doc_node_string(KitArena *arena, const char *str, size_t len)
{
	DocNode    *node = doc_node_new(arena, DOC_STRING);

	node->u.s.str = str;
	node->u.s.len = (uint32_t) len;
	return node;
}

DocNode *
doc_node_int(KitArena *arena, int64_t value)
{
	DocNode    *node = doc_node_new(arena, DOC_INT);

	node->u.i = value;
	return node;
}

void
doc_node_append(KitArena *arena, DocNode *array, DocNode *value)
{
	if (array->u.array.n == array->u.array.cap)
	{
		uint32_t	cap = array->u.array.cap < 4 ? 4 : 2 * array->u.array.cap;
		DocNode   **items = kit_arena_alloc(arena, cap * sizeof(DocNode *));

		if (array->u.array.n > 0)
			memcpy(items, array->u.array.items, array->u.array.n * sizeof(DocNode *));
		array->u.array.items = items;
		array->u.array.cap = cap;
	}
	array->u.array.items[array->u.array.n++] = value;
}

static inline bool
key_equals(const DocMember *member, const char *key, size_t len)
{
	return member->key_len == len && (member->key == key || memcmp(member->key, key, len) == 0);
}

/* The index is private to its object: its address keeps others from choosing keys that collide. */
static inline uint32_t
first_slot(const uint32_t *index, uint32_t size, const char *key, size_t len)
{
	return (uint32_t) kit_hash(key, len, (uintptr_t) index) & (size - 1);
}

static void
enter_member(DocNode *object, uint32_t number)
{
	const DocMember *member = &object->u.object.members[number];
	uint32_t   *index = object->u.object.index;
	uint32_t	mask = object->u.object.index_size - 1;
	uint32_t	at = first_slot(index, mask + 1, member->key, member->key_len);

	while (index[at] != 0)
		at = (at + 1) & mask;
	index[at] = number + 1;
}

static void
make_index(KitArena *arena, DocNode *object)
{
	uint32_t	size = 4 * DOC_SHORT_OBJECT;

	object->u.object.index = NULL;
	object->u.object.index_size = 0;
	if (object->u.object.n <= DOC_SHORT_OBJECT)
		return;
	while (size < 3 * (uint64_t) object->u.object.n)
		size *= 2;
	object->u.object.index = KIT_NEW_N(arena, uint32_t, size);
	object->u.object.index_size = size;
	for (uint32_t i = 0; i < object->u.object.n; i++)
		enter_member(object, i);
}

int64_t
doc_node_find(const DocNode *object, const char *key, size_t len, uint32_t at)
{
	const DocMember *members = object->u.object.members;
	uint32_t	n = object->u.object.n;
	const uint32_t *index = object->u.object.index;

	if (at < n && key_equals(&members[at], key, len))
		return at;
	if (index == NULL)
	{
		for (uint32_t i = 0; i < n; i++)
			if (key_equals(&members[i], key, len))
				return i;
		return -1;
	}
	for (at = first_slot(index, object->u.object.index_size, key, len); index[at] != 0; at = (at + 1) & (object->u.object.index_size - 1))
		if (key_equals(&members[index[at] - 1], key, len))
			return index[at] - 1;
	return -1;
}

static void
reserve_members(KitArena *arena, DocNode *object, uint32_t n)
{
	uint32_t	cap = object->u.object.cap;
	DocMember  *members;

	if (n <= cap)
		return;
	cap = cap < 4 ? 4 : 2 * cap;
	if (cap < n)
		cap = n;
	members = kit_arena_alloc(arena, cap * sizeof(DocMember));
	if (object->u.object.n > 0)
		memcpy(members, object->u.object.members, object->u.object.n * sizeof(DocMember));
	object->u.object.members = members;
	object->u.object.cap = cap;
}

void
doc_node_set(KitArena *arena, DocNode *object, const char *key, size_t len, DocNode *value)
{
	int64_t		found = doc_node_find(object, key, len, UINT32_MAX);

	ADAMA_ASSERT(object->kind == DOC_OBJECT);
	if (found >= 0)
		object->u.object.members[found].value = value;
	else
		doc_node_add(arena, object, key, len, value);
}

void
doc_node_add(KitArena *arena, DocNode *object, const char *key, size_t len, DocNode *value)
{
	uint32_t	n = object->u.object.n;
	DocMember  *member;

	ADAMA_ASSERT(object->kind == DOC_OBJECT);
	reserve_members(arena, object, n + 1);
	member = &object->u.object.members[n];
	member->key = key;
	member->key_len = (uint32_t) len;
	member->value = value;
	object->u.object.n++;
	if (n + 1 > DOC_SHORT_OBJECT && 2 * (n + 1) > object->u.object.index_size)
		make_index(arena, object);
	else if (object->u.object.index != NULL)
		enter_member(object, n);
}

DocNode *
doc_node_get(const DocNode *object, const char *key, size_t len)
{
	int64_t		found;

	if (object->kind != DOC_OBJECT)
		return NULL;
	found = doc_node_find(object, key, len, UINT32_MAX);
	return found < 0 ? NULL : object->u.object.members[found].value;
}

DocNode *
doc_node_copy_object(KitArena *arena, const DocNode *object, uint32_t n_more)
{
	DocNode    *copy = doc_node_new(arena, DOC_OBJECT);

	reserve_members(arena, copy, object->u.object.n + n_more);
	if (object->u.object.n > 0)
		memcpy(copy->u.object.members, object->u.object.members, object->u.object.n * sizeof(DocMember));
	copy->u.object.n = object->u.object.n;
	make_index(arena, copy);
	return copy;
}

void
doc_node_close_gaps(KitArena *arena, DocNode *object)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < object->u.object.n; i++)
		if (object->u.object.members[i].value != NULL)
			object->u.object.members[n++] = object->u.object.members[i];
	if (n == object->u.object.n)
		return;
	object->u.object.n = n;
	make_index(arena, object);
}

bool
doc_node_equal(const DocNode *a, const DocNode *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind)
		return false;
	switch (a->kind)
	{
		case DOC_NULL:
			return true;
		case DOC_BOOL:
			return a->u.b == b->u.b;
		case DOC_INT:
			return a->u.i == b->u.i;
		case DOC_DOUBLE:
			return doc_double_bits(a->u.d) == doc_double_bits(b->u.d);
		case DOC_STRING:
			return a->u.s.len == b->u.s.len && memcmp(a->u.s.str, b->u.s.str, a->u.s.len) == 0;
		case DOC_ARRAY:
			if (a->u.array.n != b->u.array.n)
				return false;
			for (uint32_t i = 0; i < a->u.array.n; i++)
				if (!doc_node_equal(a->u.array.items[i], b->u.array.items[i]))
					return false;
			return true;
		case DOC_OBJECT:
			if (a->u.object.n != b->u.object.n || a->replaces != b->replaces)
				return false;
			for (uint32_t i = 0; i < a->u.object.n; i++)
			{
				const DocMember *member = &a->u.object.members[i];
				int64_t		found = doc_node_find(b, member->key, member->key_len, i);

				if (found < 0 || !doc_node_equal(member->value, b->u.object.members[found].value))
					return false;
			}
			return true;
	}
	return false;
}

static bool
read_item(KitArena *arena, DocItem item, DocNode **out, int depth)
{
	DocNode    *node = doc_node_new(arena, item.kind);
	DocItem		value;
	DocKey		key;
	DocNode    *child;

	*out = node;
	switch (item.kind)
	{
		case DOC_NULL:
			return true;
		case DOC_BOOL:
			node->u.b = item.b;
			return true;
		case DOC_INT:
			node->u.i = item.i;
			return true;
		case DOC_DOUBLE:
			node->u.d = item.d;
			return true;
		case DOC_STRING:
			node->u.s.str = item.str;
			node->u.s.len = item.len;
			return true;
		case DOC_ARRAY:
			if (depth == DOC_MAX_DEPTH)
				return false;
			while (doc_next_element(&item.body, &value))
			{
				if (!read_item(arena, value, &child, depth + 1))
					return false;
				doc_node_append(arena, node, child);
			}
			return !item.body.is_damaged;
		case DOC_OBJECT:
			if (depth == DOC_MAX_DEPTH)
				return false;
			node->replaces = item.replaces;
			while (doc_next_member(&item.body, &key, &value))
			{
				if (!read_item(arena, value, &child, depth + 1))
					return false;
				doc_node_set(arena, node, key.str, key.len, child);
			}
			return !item.body.is_damaged;
	}
	return false;
}

bool
doc_node_from_item(KitArena *arena, DocItem item, DocNode **out, KitDiag *diag)
{
	if (read_item(arena, item, out, 0))
		return true;
	*out = NULL;
	return kit_fail(diag, KIT_DAMAGED, "stored value is damaged");
}

void
doc_node_write(const DocNode *node, DocWriter *w)
{
	switch (node->kind)
	{
		case DOC_NULL:
			doc_write_null(w);
			break;
		case DOC_BOOL:
			doc_write_bool(w, node->u.b);
			break;
		case DOC_INT:
			doc_write_int(w, node->u.i);
			break;
		case DOC_DOUBLE:
			doc_write_double(w, node->u.d);
			break;
		case DOC_STRING:
			doc_write_string(w, node->u.s.str, node->u.s.len);
			break;
		case DOC_ARRAY:
			doc_write_array_begin(w);
			for (uint32_t i = 0; i < node->u.array.n; i++)
				doc_node_write(node->u.array.items[i], w);
			doc_write_array_end(w);
			break;
		case DOC_OBJECT:
			if (node->replaces)
				doc_write_replacement_begin(w);
			else
				doc_write_object_begin(w);
			for (uint32_t i = 0; i < node->u.object.n; i++)
			{
				const DocMember *member = &node->u.object.members[i];

				doc_write_key(w, member->key, member->key_len);
				doc_node_write(member->value, w);
			}
			doc_write_object_end(w);
			break;
	}
}

static void
drop_nulls(KitArena *arena, DocNode *node, bool is_literal)
{
	if (node->kind == DOC_ARRAY)
	{
		for (uint32_t i = 0; i < node->u.array.n; i++)
			drop_nulls(arena, node->u.array.items[i], true);
	}
	else if (node->kind == DOC_OBJECT)
	{
		for (uint32_t i = 0; i < node->u.object.n; i++)
		{
			DocMember  *member = &node->u.object.members[i];

			if (is_literal && member->value->kind == DOC_NULL)
				member->value = NULL;
			else
				drop_nulls(arena, member->value, is_literal);
		}
		doc_node_close_gaps(arena, node);
	}
}

void
doc_node_drop_nulls(KitArena *arena, DocNode *node, DocClass class)
{
	drop_nulls(arena, node, class == DOC_DOCUMENT);
}

bool
doc_read_tree(KitArena *arena, DocBytes bytes, DocClass class, DocNode **tree, KitDiag *diag)
{
	DocItem		root;

	return doc_open(bytes, class, &root, diag) && doc_node_from_item(arena, root, tree, diag);
}

void
doc_write_tree(const DocNode *tree, DocClass class, KitBuf *out)
{
	DocWriter	w;

	doc_write_begin(&w, out, class);
	doc_node_write(tree, &w);
	doc_write_end(&w);
}
