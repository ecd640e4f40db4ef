/*
 * compare.c
 *	  Equality and content hash of encoded values.  Neither depends on the order of an object's members.
 *
 * The hash of a value is made of its kind and its content; an object's is the sum of its members' hashes, so that their order does not matter, mixed
 * again with their number.  It is stored (replication), so it must never change.
 */
#include "doc/format.h"

#include "kit/hash.h"

/* The seeds tell the kinds apart.  They are part of the hash's definition. */
enum
{
	SEED_NULL = 1,
	SEED_BOOL,
	SEED_INT,
	SEED_DOUBLE,
	SEED_STRING,
	SEED_ARRAY,
	SEED_OBJECT,
	SEED_REPLACEMENT,
	SEED_KEY
};

static uint64_t
hash_item(DocItem item, int depth)
{
	DocItem		value;
	DocKey		key;
	uint64_t	hash = 0;
	uint64_t	n = 0;

	switch (item.kind)
	{
		case DOC_NULL:
			return kit_hash_mix(SEED_NULL, 0);
		case DOC_BOOL:
			return kit_hash_mix(SEED_BOOL, item.b);
		case DOC_INT:
			return kit_hash_mix(SEED_INT, (uint64_t) item.i);
		case DOC_DOUBLE:
			return kit_hash_mix(SEED_DOUBLE, doc_double_bits(item.d));
		case DOC_STRING:
			return kit_hash(item.str, item.len, SEED_STRING);
		case DOC_ARRAY:
			for (; depth < DOC_MAX_DEPTH && doc_next_element(&item.body, &value); n++)
				hash = kit_hash_mix(hash, hash_item(value, depth + 1));
			return kit_hash_mix(kit_hash_mix(SEED_ARRAY, n), hash);
		case DOC_OBJECT:
			for (; depth < DOC_MAX_DEPTH && doc_next_member(&item.body, &key, &value); n++)
				hash += kit_hash_mix(kit_hash(key.str, key.len, SEED_KEY), hash_item(value, depth + 1));
			return kit_hash_mix(kit_hash_mix(item.replaces ? SEED_REPLACEMENT : SEED_OBJECT, n), hash);
	}
	return 0;
}

/* A value that can't be opened hashes as its bytes: whoever reads it will say what is wrong. */
uint64_t
doc_hash(DocBytes document)
{
	DocItem		root;
	DocClass	class;

	if (!doc_open_any(document, &class, &root, NULL))
		return kit_hash(document.data, document.len, 0);
	return hash_item(root, 0);
}

bool
doc_equal(KitArena *arena, DocBytes a, DocBytes b)
{
	DocItem		a_root;
	DocItem		b_root;
	DocClass	a_class;
	DocClass	b_class;
	DocNode    *a_tree;
	DocNode    *b_tree;

	if (a.len == b.len && memcmp(a.data, b.data, a.len) == 0)
		return true;
	/* Equal values take the same number of bytes, whatever the order of their members. */
	if (a.len != b.len || !doc_open_any(a, &a_class, &a_root, NULL) || !doc_open_any(b, &b_class, &b_root, NULL) || a_class != b_class)
		return false;
	return doc_node_from_item(arena, a_root, &a_tree, NULL) && doc_node_from_item(arena, b_root, &b_tree, NULL) &&
		doc_node_equal(a_tree, b_tree);
}

bool
doc_delta_is_empty(DocBytes delta)
{
	return delta.len == DOC_HEADER_SIZE + DOC_CONTAINER_HEAD && (uint8_t) delta.data[DOC_HEADER_SIZE] == DOC_TAG_OBJECT;
}
