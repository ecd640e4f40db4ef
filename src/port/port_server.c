/*
 * port_server.c
 *	  The world of the pure rooms inside a PostgreSQL backend or worker.
 *
 * A PortMem is a memory context, so that a pool that nobody deletes goes with its parent: at the end of the statement or the transaction it
 * was made in, also when an error is thrown.  Pools are asked for large blocks (kit carves them), hence the small context parameters:
 * whatever exceeds a kilobyte is a block of its own and is given back at once.
 * Running out of memory and being cancelled are ereport(ERROR): these functions may not come back.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "port/pgcompat.h"
#include "port/port.h"

PortMem *
port_mem_new(const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "adama", ALLOCSET_SMALL_SIZES);

	MemoryContextSetIdentifier(context, MemoryContextStrdup(context, name));
	return (PortMem *) context;
}

void
port_mem_keep(PortMem *mem)
{
	MemoryContextSetParent((MemoryContext) mem, TopMemoryContext);
}

void
port_mem_delete(PortMem *mem)
{
	MemoryContextDelete((MemoryContext) mem);
}

void *
port_mem_alloc(PortMem *mem, size_t size)
{
	return MemoryContextAlloc((MemoryContext) mem, size);
}

void
port_mem_free(PortMem *mem, void *ptr)
{
	pfree(ptr);
}

void
port_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

bool
port_stack_is_low(void)
{
	return stack_is_too_deep();
}

void
port_assert_failed(const char *condition, const char *file, int line)
{
	port_assertion_failed(condition, file, line);
}
