/*
 * shared_memory.c
 *	  port_shared_struct: by the registry of PostgreSQL 17 and newer, before that from the reserve of the main shared memory.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "port/pgcompat.h"
#ifdef PORT_HAS_DSM_REGISTRY
#include "storage/dsm_registry.h"
#endif
#include "port/shared_memory.h"

#ifdef PORT_HAS_DSM_REGISTRY

void *
port_shared_struct(const char *name, size_t size, void (*init) (void *ptr))
{
	bool		found;

	return GetNamedDSMSegment(name, size, init, &found);
}

#else

void *
port_shared_struct(const char *name, size_t size, void (*init) (void *ptr))
{
	MemoryContext context = CurrentMemoryContext;
	void	   *volatile result = NULL;
	bool		found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	PG_TRY();
	{
		result = ShmemInitStruct(name, size, &found);
		if (!found)
			init(result);
	}
	PG_CATCH();
	{
		/* The error reset the count that LWLockAcquire had raised and LWLockRelease lowers. */
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		result = NULL;
	}
	PG_END_TRY();
	LWLockRelease(AddinShmemInitLock);
	return result;
}

#endif
