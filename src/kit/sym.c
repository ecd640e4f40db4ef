/*
 * sym.c
 *	  The table of interned names: open addressing, at most half full, all in one arena.
 *
 * The hash of a name is seeded with the table's address, since users choose names: it serves tables and differs from run to run.
 */
#include "kit/sym.h"

#include <string.h>

#include "kit/hash.h"

#define FIRST_SIZE 64

struct KitSymTable
{
	KitArena   *arena;
	const KitSym **slots;
	uint32_t	size;			/* a power of two */
	uint32_t	n;
};

KitSymTable *
kit_sym_table_new(KitArena *arena)
{
	KitSymTable *table = KIT_NEW(arena, KitSymTable);

	table->arena = arena;
	table->size = FIRST_SIZE;
	table->slots = KIT_NEW_N(arena, const KitSym *, FIRST_SIZE);
	return table;
}

static void
grow(KitSymTable *table)
{
	uint32_t	size = table->size * 2;
	const KitSym **slots = KIT_NEW_N(table->arena, const KitSym *, size);

	for (uint32_t i = 0; i < table->size; i++)
	{
		const KitSym *sym = table->slots[i];
		uint32_t	at;

		if (sym == NULL)
			continue;
		for (at = sym->hash & (size - 1); slots[at] != NULL; at = (at + 1) & (size - 1))
			;
		slots[at] = sym;
	}
	table->slots = slots;
	table->size = size;
}

const KitSym *
kit_sym(KitSymTable *table, const char *text, size_t len)
{
	uint32_t	hash = (uint32_t) kit_hash(text, len, (uintptr_t) table);
	uint32_t	at = hash & (table->size - 1);
	KitSym	   *sym;

	for (; table->slots[at] != NULL; at = (at + 1) & (table->size - 1))
	{
		const KitSym *found = table->slots[at];

		if (found->hash == hash && found->len == len && memcmp(found->text, text, len) == 0)
			return found;
	}
	sym = kit_arena_alloc(table->arena, offsetof(KitSym, text) + len + 1);
	sym->len = (uint32_t) len;
	sym->hash = hash;
	memcpy(sym->text, text, len);
	sym->text[len] = '\0';
	table->slots[at] = sym;
	if (++table->n > table->size / 2)
		grow(table);
	return sym;
}

const KitSym *
kit_sym_z(KitSymTable *table, const char *text)
{
	return kit_sym(table, text, strlen(text));
}
