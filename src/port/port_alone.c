/*
 * port_alone.c
 *	  The world of the pure rooms outside of a server: the command line, the gateway, the unit tests, sanitizers and fuzzers.
 *
 * A PortMem is a ring of malloc'ed blocks.  Running out of memory ends the process; so does one allocation beyond what a PostgreSQL backend
 * grants (1 GB), so that the same input meets the same limit everywhere.  Nothing interrupts a program here.
 * The stack is measured on the main thread.
 */
#include "port/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MAX_ALLOC ((size_t) 0x3fffffff)
#define STACK_DEFAULT ((size_t) 8 * 1024 * 1024)
#define STACK_RESERVE ((size_t) 512 * 1024)

typedef struct Block
{
	struct Block *prev;
	struct Block *next;
} Block;

struct PortMem
{
	Block		ring;			/* its own links only; the pool's blocks hang on it */
};

static char *stack_base;
static size_t stack_budget;

static void __attribute__((constructor))
measure_stack(void)
{
	struct rlimit limit;
	size_t		size = STACK_DEFAULT;

	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		size = (size_t) limit.rlim_cur;
	stack_base = __builtin_frame_address(0);
	stack_budget = size > 2 * STACK_RESERVE ? size - STACK_RESERVE : size / 2;
}

/* For tests: called before memory is given and wherever work may be interrupted; need not come back.  The server's may do either at any of these places. */
void		(*port_alone_hook) (void) = NULL;

static void
out_of_memory(size_t size)
{
	fprintf(stderr, "adama: out of memory (asked for %zu bytes)\n", size);
	exit(1);
}

PortMem *
port_mem_new(const char *name)
{
	PortMem    *mem = malloc(sizeof(PortMem));

	if (mem == NULL)
		out_of_memory(sizeof(PortMem));
	mem->ring.prev = mem->ring.next = &mem->ring;
	return mem;
}

void
port_mem_keep(PortMem *mem)
{
	/* Pools live until they are deleted anyway. */
}

void
port_mem_delete(PortMem *mem)
{
	Block	   *block = mem->ring.next;

	while (block != &mem->ring)
	{
		Block	   *next = block->next;

		free(block);
		block = next;
	}
	free(mem);
}

void *
port_mem_alloc(PortMem *mem, size_t size)
{
	Block	   *block;

	if (port_alone_hook != NULL)
		port_alone_hook();
	if (size > MAX_ALLOC || (block = malloc(sizeof(Block) + size)) == NULL)
	{
		out_of_memory(size);
		return NULL;
	}
	block->prev = &mem->ring;
	block->next = mem->ring.next;
	block->next->prev = block;
	mem->ring.next = block;
	return block + 1;
}

void
port_mem_free(PortMem *mem, void *ptr)
{
	Block	   *block = (Block *) ptr - 1;

	block->prev->next = block->next;
	block->next->prev = block->prev;
	free(block);
}

void
port_poll(void)
{
	if (port_alone_hook != NULL)
		port_alone_hook();
}

bool
port_stack_is_low(void)
{
	char	   *here = __builtin_frame_address(0);
	ptrdiff_t	used = stack_base - here;

	return (size_t) (used < 0 ? -used : used) > stack_budget;
}

void
port_assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "adama: assertion \"%s\" failed at %s:%d\n", condition, file, line);
	abort();
}
