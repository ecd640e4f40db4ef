/*
 * heap.c
 *	  Memory of one long-lived owner, freed piece by piece.
 *
 * Sizes are rounded up to a class: steps of 16 bytes up to 512, then powers of two up to 32 kB.  A class keeps what was freed in a list and
 * else carves from the current block; the rest of a block that is too small for the next piece goes to the lists.  What is larger comes from the
 * pool itself and goes back to it.  Blocks are given back with the heap only, so kit_heap_size is the high-water mark of the small sizes plus
 * the large ones as they are: what the owner really costs.
 * No piece has a header: who frees says how large it is.
 */
#include "kit/arena.h"

#include <string.h>

#define STEP ((size_t) 16)
#define LINE ((size_t) 64)		/* of the processor's cache: a piece of as many bytes had better lie in one */
#define N_STEPS 32
#define LAST_STEP (STEP * N_STEPS)
#define N_POWERS 6
#define LAST_CLASS_SIZE (LAST_STEP << N_POWERS)
#define N_CLASSES (N_STEPS + N_POWERS)
#define FIRST_BLOCK ((size_t) 2 * 1024)
#define LAST_BLOCK ((size_t) 1024 * 1024)

typedef struct FreePiece
{
	struct FreePiece *next;
} FreePiece;

struct KitHeap
{
	PortMem    *mem;
	char	   *at;				/* the free rest of the current block */
	char	   *end;
	size_t		next_size;
	size_t		held;
	FreePiece  *free[N_CLASSES];
};

static inline int
class_of(size_t size)
{
	if (size <= LAST_STEP)
		return size == 0 ? 0 : (int) ((size - 1) / STEP);
	return N_STEPS + (63 - __builtin_clzll((unsigned long long) (size - 1) / LAST_STEP));
}

static inline size_t
class_size(int class)
{
	return class < N_STEPS ? STEP * (size_t) (class + 1) : LAST_STEP << (class - N_STEPS + 1);
}

KitHeap *
kit_heap_new(const char *name)
{
	PortMem    *mem = port_mem_new(name);
	KitHeap    *heap = port_mem_alloc(mem, sizeof(KitHeap));

	memset(heap, 0, sizeof(KitHeap));
	heap->mem = mem;
	heap->next_size = FIRST_BLOCK;
	heap->held = sizeof(KitHeap);
	return heap;
}

void
kit_heap_keep(KitHeap *heap)
{
	port_mem_keep(heap->mem);
}

void
kit_heap_delete(KitHeap *heap)
{
	port_mem_delete(heap->mem);
}

static void
put_free(KitHeap *heap, void *ptr, int class)
{
	FreePiece  *piece = ptr;

	piece->next = heap->free[class];
	heap->free[class] = piece;
}

/* Cuts the rest of the current block into pieces of the largest classes that it holds. */
static void
retire_rest(KitHeap *heap)
{
	while ((size_t) (heap->end - heap->at) >= STEP)
	{
		size_t		rest = (size_t) (heap->end - heap->at);
		int			class = rest >= LAST_CLASS_SIZE ? N_CLASSES - 1 : class_of(rest);

		if (class_size(class) > rest)
			class--;
		put_free(heap, heap->at, class);
		heap->at += class_size(class);
	}
}

/* Puts what lies before the next cache line to the free pieces. */
static void
align_to_line(KitHeap *heap)
{
	size_t		gap = (size_t) (-(uintptr_t) heap->at & (LINE - 1));

	if (gap == 0 || (size_t) (heap->end - heap->at) < gap)
		return;
	if (gap >= STEP)
		put_free(heap, heap->at, class_of(gap & ~(STEP - 1)));
	heap->at += gap;
}

static void *
carve(KitHeap *heap, size_t size)
{
	char	   *ptr;

	if (size % LINE == 0)
		align_to_line(heap);
	if ((size_t) (heap->end - heap->at) < size)
	{
		size_t		block_size = heap->next_size > size ? heap->next_size : size;

		retire_rest(heap);
		heap->at = port_mem_alloc(heap->mem, block_size);
		heap->end = heap->at + block_size;
		heap->held += block_size;
		if (heap->next_size < LAST_BLOCK)
			heap->next_size *= 2;
		if (size % LINE == 0 && block_size >= size + LINE)
			align_to_line(heap);
	}
	ptr = heap->at;
	heap->at += size;
	return ptr;
}

void *
kit_heap_alloc(KitHeap *heap, size_t size)
{
	int			class;
	FreePiece  *piece;

	if (size > LAST_CLASS_SIZE)
	{
		void	   *ptr = port_mem_alloc(heap->mem, size);

		heap->held += size;
		return ptr;
	}
	class = class_of(size);
	piece = heap->free[class];
	if (piece == NULL)
		return carve(heap, class_size(class));
	heap->free[class] = piece->next;
	return piece;
}

void *
kit_heap_zalloc(KitHeap *heap, size_t size)
{
	return memset(kit_heap_alloc(heap, size), 0, size);
}

void
kit_heap_free(KitHeap *heap, void *ptr, size_t size)
{
	if (ptr == NULL)
		return;
	if (size > LAST_CLASS_SIZE)
	{
		heap->held -= size;
		port_mem_free(heap->mem, ptr);
	}
	else
		put_free(heap, ptr, class_of(size));
}

void *
kit_heap_grow(KitHeap *heap, void *ptr, size_t old_size, size_t new_size)
{
	void	   *copy;

	if (ptr != NULL && old_size <= LAST_CLASS_SIZE && new_size <= LAST_CLASS_SIZE && class_of(old_size) == class_of(new_size))
		return ptr;
	copy = kit_heap_alloc(heap, new_size);
	if (ptr != NULL)
	{
		memcpy(copy, ptr, old_size < new_size ? old_size : new_size);
		kit_heap_free(heap, ptr, old_size);
	}
	return copy;
}

size_t
kit_heap_size(const KitHeap *heap)
{
	return heap->held;
}
