/*
 * json_keys.c
 *	  The keys of objects with many members.
 */
#include "doc/json_keys.h"

#include "kit/hash.h"

void
doc_keys_grow(DocKeys *keys)
{
	DocNotedKey *larger = kit_arena_alloc(keys->arena, 2 * (size_t) keys->cap * sizeof(DocNotedKey));

	memcpy(larger, keys->keys, keys->n * sizeof(DocNotedKey));
	keys->keys = larger;
	keys->cap *= 2;
}

/*
 * Enters key number i into the table, unless it is there: then false.  A slot that has number i already is left from a member that was dropped.
 * The hash is seeded with addresses, which who writes the text does not know.
 */
static bool
enter(DocKeys *keys, DocKeyTable *table, uint32_t i, const uint8_t *text)
{
	const DocNotedKey *key = &keys->keys[i];
	uint64_t	seed = kit_hash_mix((uintptr_t) table, (uintptr_t) keys);
	uint64_t	at = kit_hash(text + key->at, key->len, seed) & (table->size - 1);

	for (; table->slots[at] >> 32 == table->generation; at = (at + 1) & (table->size - 1))
	{
		uint32_t	other = (uint32_t) table->slots[at];

		if (other != i && doc_keys_are_same(&keys->keys[other], key, text))
			return false;
	}
	table->slots[at] = (uint64_t) table->generation << 32 | i;
	return true;
}

/* Enters the newest key, and all before it when the object gets a table or a larger one; false when the key is there already. */
bool
doc_keys_enter_newest(DocKeys *keys, int depth, uint32_t first, const uint8_t *text)
{
	uint32_t	n = keys->n - first;
	uint32_t	i = keys->n - 1;
	DocKeyTable *table;

	if (keys->tables == NULL)
		keys->tables = KIT_NEW_N(keys->arena, DocKeyTable, DOC_MAX_DEPTH + 1);
	table = &keys->tables[depth];
	if (!table->is_used || n > table->size / 2)
	{
		while (n > table->size / 2)
		{
			table->size = table->size == 0 ? 8 * DOC_SHORT_OBJECT : 2 * table->size;
			table->slots = NULL;
		}
		if (table->slots == NULL)
		{
			table->slots = KIT_NEW_N(keys->arena, uint64_t, table->size);
			table->generation = 0;
		}
		table->generation++;
		table->is_used = true;
		i = first;
	}
	for (; i < keys->n; i++)
		if (!enter(keys, table, i, text))
			return false;
	return true;
}
