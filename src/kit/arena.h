/*
 * arena.h
 *	  Memory that is freed all at once (KitArena), and memory of one owner that is freed piece by piece (KitHeap).
 *
 * An arena serves a message, a turn, a parse: allocate, never free, reset.  A heap serves a document that lives long: strings and rows come
 * and go, the whole is dropped at once, and its size is known (budgets, the cache).
 * Allocation never returns NULL (see port.h).  Memory is not zeroed unless the name says so.  All blocks are aligned to 8 bytes.
 */
#ifndef ADAMA_KIT_ARENA_H
#define ADAMA_KIT_ARENA_H

#include "port/port.h"

typedef struct KitArena KitArena;
typedef struct KitHeap KitHeap;

extern KitArena *kit_arena_new(const char *name);
extern void kit_arena_keep(KitArena *arena);		/* outlives the transaction, until deleted */
extern void kit_arena_reset(KitArena *arena);		/* frees all that was allocated; keeps one block for reuse */
extern void kit_arena_delete(KitArena *arena);
extern void *kit_arena_alloc(KitArena *arena, size_t size);
extern void *kit_arena_zalloc(KitArena *arena, size_t size);
extern char *kit_arena_strdup(KitArena *arena, const char *str, size_t len);	/* adds a terminating zero */
extern char *kit_arena_printf(KitArena *arena, const char *format,...) __attribute__((format(printf, 2, 3)));
extern size_t kit_arena_size(const KitArena *arena);	/* bytes held from the system */

extern KitHeap *kit_heap_new(const char *name);
extern void kit_heap_keep(KitHeap *heap);
extern void kit_heap_delete(KitHeap *heap);
extern void *kit_heap_alloc(KitHeap *heap, size_t size);
extern void *kit_heap_zalloc(KitHeap *heap, size_t size);
extern void kit_heap_free(KitHeap *heap, void *ptr, size_t size);	/* size as it was asked for */
extern void *kit_heap_grow(KitHeap *heap, void *ptr, size_t old_size, size_t new_size);
extern size_t kit_heap_size(const KitHeap *heap);	/* bytes held from the system */

#define KIT_NEW(arena, type) ((type *) kit_arena_zalloc((arena), sizeof(type)))
#define KIT_NEW_N(arena, type, n) ((type *) kit_arena_zalloc((arena), sizeof(type) * (size_t) (n)))

#endif
