/*
 * json_keys.h
 *	  The keys of the objects that the JSON reader has open: does one come twice?  For json_read.c only.
 *
 * The keys are a stack: an object's own keys are on top of it whenever one of its members begins.  Their text is in the reader's output.  Up to
 * DOC_SHORT_OBJECT keys of an object are compared one by one; more are entered into a table.  There is one table per depth, and the next object at
 * that depth uses it again: an entry is of the object whose generation it bears.
 */
#ifndef ADAMA_DOC_JSON_KEYS_H
#define ADAMA_DOC_JSON_KEYS_H

#include "doc/format.h"

#define DOC_FIRST_KEYS 64

typedef struct DocNotedKey
{
	uint64_t	sign;			/* differs for most different keys */
	uint32_t	at;				/* from the start of the output */
	uint32_t	len;
} DocNotedKey;

typedef struct DocKeyTable
{
	uint64_t   *slots;			/* generation and number of the key */
	uint32_t	size;
	uint32_t	generation;
	bool		is_used;		/* by the object that is open */
} DocKeyTable;

typedef struct DocKeys
{
	KitArena   *arena;
	DocNotedKey *keys;
	uint32_t	n;
	uint32_t	cap;
	DocKeyTable *tables;		/* by depth; NULL until one is needed */
	DocNotedKey first[DOC_FIRST_KEYS];
} DocKeys;

extern void doc_keys_grow(DocKeys *keys);
extern bool doc_keys_enter_newest(DocKeys *keys, int depth, uint32_t first, const uint8_t *text);

static inline void
doc_keys_init(DocKeys *keys, KitArena *arena)
{
	keys->arena = arena;
	keys->keys = keys->first;
	keys->n = 0;
	keys->cap = DOC_FIRST_KEYS;
	keys->tables = NULL;
}

/* An object begins; returns what tells its keys from those of the objects around it. */
static inline uint32_t
doc_keys_begin(DocKeys *keys, int depth)
{
	if (keys->tables != NULL)
		keys->tables[depth].is_used = false;
	return keys->n;
}

static inline void
doc_keys_end(DocKeys *keys, uint32_t first)
{
	keys->n = first;
}

/* The first eight bytes, the last eight and the length, folded. */
static inline uint64_t
doc_key_sign(const uint8_t *key, uint32_t len)
{
	uint64_t	head = 0;
	uint64_t	tail;

	if (len < 8)
	{
		memcpy(&head, key, len);
		return head ^ (uint64_t) len << 60;
	}
	memcpy(&head, key, 8);
	memcpy(&tail, key + len - 8, 8);
	return (head ^ (uint64_t) len << 56) + tail * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool
doc_keys_are_same(const DocNotedKey *a, const DocNotedKey *b, const uint8_t *text)
{
	return a->sign == b->sign && a->len == b->len && memcmp(text + a->at, text + b->at, a->len) == 0;
}

/* Notes a key of the innermost object, the one at this depth; false when the object has it already. */
static inline bool
doc_keys_add(DocKeys *keys, int depth, uint32_t first, const uint8_t *text, uint32_t at, uint32_t len)
{
	DocNotedKey *key;

	if (keys->n == keys->cap)
		doc_keys_grow(keys);
	key = &keys->keys[keys->n++];
	key->sign = doc_key_sign(text + at, len);
	key->at = at;
	key->len = len;
	if (keys->n - first > DOC_SHORT_OBJECT)
		return doc_keys_enter_newest(keys, depth, first, text);
	for (const DocNotedKey *other = &keys->keys[first]; other < key; other++)
		if (doc_keys_are_same(other, key, text))
			return false;
	return true;
}

/* The member whose key was noted last is taken out of the output. */
static inline void
doc_keys_drop_newest(DocKeys *keys)
{
	keys->n--;
}

#endif
