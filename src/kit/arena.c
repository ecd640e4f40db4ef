/*
 * arena.c
 *	  A bump arena over the blocks of a pool.
 *
 * Blocks grow from 8 kB to 1 MB.  What is larger than a quarter of the largest block gets a block of its own, which goes at the next
 * reset, while of the others the newest (the largest) is kept.
 * Under AddressSanitizer what is not handed out is poisoned, and allocations are kept apart, so that a read one byte too far is seen.
 */
#include "kit/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_BLOCK ((size_t) 8 * 1024)
#define LAST_BLOCK ((size_t) 1024 * 1024)
#define OWN_BLOCK (LAST_BLOCK / 4)

#ifdef __SANITIZE_ADDRESS__
extern void __asan_poison_memory_region(void const volatile *addr, size_t size);
extern void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

#define POISON(addr, size) __asan_poison_memory_region((addr), (size))
#define UNPOISON(addr, size) __asan_unpoison_memory_region((addr), (size))
#define GAP 8
#else
#define POISON(addr, size) ((void) 0)
#define UNPOISON(addr, size) ((void) 0)
#define GAP 0
#endif

typedef struct Block
{
	struct Block *next;
	size_t		size;			/* with this header */
} Block;

struct KitArena
{
	PortMem    *mem;
	char	   *at;				/* the free rest of the newest block */
	char	   *end;
	Block	   *blocks;			/* newest first */
	Block	   *own;			/* blocks of one allocation each */
	size_t		next_size;
	size_t		held;
};

KitArena *
kit_arena_new(const char *name)
{
	PortMem    *mem = port_mem_new(name);
	KitArena   *arena = port_mem_alloc(mem, sizeof(KitArena));

	memset(arena, 0, sizeof(KitArena));
	arena->mem = mem;
	arena->next_size = FIRST_BLOCK;
	arena->held = sizeof(KitArena);
	return arena;
}

void
kit_arena_keep(KitArena *arena)
{
	port_mem_keep(arena->mem);
}

static Block *
free_blocks(KitArena *arena, Block *block)
{
	while (block != NULL)
	{
		Block	   *next = block->next;

		UNPOISON(block + 1, block->size - sizeof(Block));
		arena->held -= block->size;
		port_mem_free(arena->mem, block);
		block = next;
	}
	return NULL;
}

void
kit_arena_reset(KitArena *arena)
{
	arena->own = free_blocks(arena, arena->own);
	if (arena->blocks != NULL)
	{
		arena->blocks->next = free_blocks(arena, arena->blocks->next);
		arena->at = (char *) (arena->blocks + 1);
		POISON(arena->at, (size_t) (arena->end - arena->at));
	}
}

void
kit_arena_delete(KitArena *arena)
{
	PortMem    *mem = arena->mem;

	arena->own = free_blocks(arena, arena->own);
	arena->blocks = free_blocks(arena, arena->blocks);
	port_mem_free(mem, arena);
	port_mem_delete(mem);
}

/* Makes room for need bytes at arena->at, or hands out a block of its own. */
static void *
alloc_slow(KitArena *arena, size_t size, size_t need)
{
	Block	   *block;

	if (need > OWN_BLOCK)
	{
		/* A size that wraps around is passed on as it is, for the port to refuse. */
		block = port_mem_alloc(arena->mem, size > SIZE_MAX / 2 ? size : sizeof(Block) + size);
		block->size = sizeof(Block) + size;
		block->next = arena->own;
		arena->own = block;
		arena->held += block->size;
		return block + 1;
	}
	while (arena->next_size - sizeof(Block) < need)
		arena->next_size *= 2;
	block = port_mem_alloc(arena->mem, arena->next_size);
	block->size = arena->next_size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->held += block->size;
	arena->at = (char *) (block + 1);
	arena->end = (char *) block + block->size;
	POISON(arena->at, (size_t) (arena->end - arena->at));
	if (arena->next_size < LAST_BLOCK)
		arena->next_size *= 2;
	return NULL;
}

void *
kit_arena_alloc(KitArena *arena, size_t size)
{
	size_t		need = ((size + (size == 0) + 7) & ~(size_t) 7) + GAP;
	char	   *ptr;

	if (need > (size_t) (arena->end - arena->at) || need < size)
	{
		ptr = alloc_slow(arena, size, need < size ? SIZE_MAX : need);
		if (ptr != NULL)
			return ptr;
	}
	ptr = arena->at;
	arena->at += need;
	UNPOISON(ptr, size);
	return ptr;
}

void *
kit_arena_zalloc(KitArena *arena, size_t size)
{
	return memset(kit_arena_alloc(arena, size), 0, size);
}

char *
kit_arena_strdup(KitArena *arena, const char *str, size_t len)
{
	char	   *copy = kit_arena_alloc(arena, len + 1);

	if (len > 0)
		memcpy(copy, str, len);
	copy[len] = '\0';
	return copy;
}

char *
kit_arena_printf(KitArena *arena, const char *format,...)
{
	va_list		args;
	int			len;
	char	   *text;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	text = kit_arena_alloc(arena, (size_t) len + 1);
	va_start(args, format);
	vsnprintf(text, (size_t) len + 1, format, args);
	va_end(args);
	text[len] = '\0';
	return text;
}

size_t
kit_arena_size(const KitArena *arena)
{
	return arena->held;
}
