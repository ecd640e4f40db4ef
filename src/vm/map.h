/*
 * map.h
 *	  Maps: entries in the order of their keys.
 *
 * The entries lie in parts of at most VM_MAP_PART, each an array in order, and the parts in an array in order: finding is two binary searches, and what
 * an insertion or removal moves is at most a part and, seldom, the array of parts.  Enough for a million entries, and small maps are one short array.
 *
 * A map of its own keeps its values in the entries.  A map of a document keeps objects there (value.h), deleted ones among them until the journal ends;
 * how many are left its table says.
 */
#ifndef ADAMA_VM_MAP_H
#define ADAMA_VM_MAP_H

#include "vm/value.h"

#define VM_MAP_PART 64

typedef struct VmPair
{
	VmVal		key;
	VmVal		value;
} VmPair;

typedef struct VmMapPart
{
	VmPair	   *entries;
	uint32_t	n;
	uint32_t	cap;
} VmMapPart;

struct VmMap
{
	const LangStruct *pair;		/* pair<K,V>: says what keys and values are */
	VmTable    *table;			/* of a map of a document; NULL: a value */
	VmMapPart  *parts;			/* none of them empty */
	uint32_t	n_parts;
	uint32_t	parts_cap;
	uint32_t	n;				/* entries */
	uint8_t		key_kind;		/* LangTypeKind of keys */
	bool		is_shared;		/* may be seen from several places: never changed any more */
};

/* Where an entry is, or would be. */
typedef struct VmMapAt
{
	uint32_t	part;
	uint32_t	at;
} VmMapAt;

/* Where parts lie: one of the two. */
typedef struct VmMapMemory
{
	KitArena   *arena;
	KitHeap    *heap;
} VmMapMemory;

extern int	vm_key_compare(uint8_t kind, VmVal a, VmVal b);	/* numbers by size, strings by UTF-16 units, principals by authority, then agent */

extern bool vm_key_is_reserved(const char *text, uint32_t len);	/* gets an '@' in front where it names a member (codec_key.c) */

extern void vm_map_init(VmMap *map, const LangStruct *pair);
extern VmPair *vm_map_find(const VmMap *map, VmVal key, VmMapAt *at);	/* NULL when there is none; *at is set in any case */
extern void vm_map_add(VmMap *map, VmMapMemory memory, VmMapAt at, VmVal key, VmVal value);	/* at: from vm_map_find, which found none */
extern void vm_map_take(VmMap *map, VmMapMemory memory, VmMapAt at);
extern VmPair *vm_map_next(const VmMap *map, VmMapAt *at);	/* in order of keys, *at beginning as {0, 0}; NULL at the end */
extern VmPair *vm_map_before(const VmMap *map, VmMapAt *at);	/* backwards, *at beginning as {n_parts, 0} */
extern void vm_map_release(VmMap *map, VmMapMemory memory);

static inline const LangType *
vm_map_value_type(const VmMap *map)
{
	return map->pair->fields[1]->type;
}

/* What an entry stands for. */
static inline VmVal
vm_map_entry_value(const VmMap *map, const VmPair *entry)
{
	if (map->table == NULL || map->table->row->kind == LANG_STRUCT_RECORD)
		return entry->value;
	return entry->value.obj->slots[0];
}

static inline bool
vm_map_entry_is_there(const VmMap *map, const VmPair *entry)
{
	return map->table == NULL || (entry->value.obj->flags & VM_OBJ_DELETED) == 0;
}

static inline uint32_t
vm_map_size(const VmMap *map)
{
	return map->table == NULL ? map->n : map->table->n_live;
}

/* The entry that is there for the key, or NULL. */
static inline const VmPair *
vm_map_get(const VmMap *map, VmVal key)
{
	VmMapAt		at;
	const VmPair *entry = vm_map_find(map, key, &at);

	return entry != NULL && vm_map_entry_is_there(map, entry) ? entry : NULL;
}

/* The next entry that is there. */
static inline const VmPair *
vm_map_step(const VmMap *map, VmMapAt *at)
{
	const VmPair *entry;

	do
		entry = vm_map_next(map, at);
	while (entry != NULL && !vm_map_entry_is_there(map, entry));
	return entry;
}

#endif
