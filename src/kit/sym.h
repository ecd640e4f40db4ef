/*
 * sym.h
 *	  Interned names: equal text means equal pointer, within one table.
 */
#ifndef ADAMA_KIT_SYM_H
#define ADAMA_KIT_SYM_H

#include "kit/arena.h"

typedef struct KitSym
{
	uint32_t	len;
	uint32_t	hash;
	char		text[];			/* zero-terminated */
} KitSym;

typedef struct KitSymTable KitSymTable;

extern KitSymTable *kit_sym_table_new(KitArena *arena);
extern const KitSym *kit_sym(KitSymTable *table, const char *text, size_t len);
extern const KitSym *kit_sym_z(KitSymTable *table, const char *text);

#endif
