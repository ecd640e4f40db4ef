/*
 * shared_memory.c
 *	  Named shared memory: by the registry of PostgreSQL 17 and newer, before that from the reserve of the main shared memory, where there is a registry of segments of our own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

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

static void *
find_segment(const char *name, size_t size, void (*init) (void *ptr))
{
	return port_shared_struct(name, size, init);
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

#define REGISTRY_NAME "adama segments 2"
#define N_SEGMENTS 256
#define NAME_SIZE 32

typedef struct Segment
{
	char		name[NAME_SIZE];	/* empty: none */
	dsm_handle	handle;
} Segment;

typedef struct Registry
{
	LWLock		lock;
	int			tranche;
	Segment		segments[N_SEGMENTS];
} Registry;

static void
make_registry(void *ptr)
{
	Registry   *registry = ptr;

	memset(registry, 0, sizeof(*registry));
	registry->tranche = LWLockNewTrancheId();
	LWLockInitialize(&registry->lock, registry->tranche);
}

/* Under the registry's lock. */
static void *
find_or_make(Registry *registry, const char *name, size_t size, void (*init) (void *ptr))
{
	dsm_segment *mapped;
	Segment    *segment = registry->segments;

	while (segment < registry->segments + N_SEGMENTS && segment->name[0] != '\0' && strcmp(segment->name, name) != 0)
		segment++;
	if (segment == registry->segments + N_SEGMENTS)
		elog(ERROR, "there are %d of them already", N_SEGMENTS);
	if (segment->name[0] != '\0')
	{
		mapped = dsm_attach(segment->handle);
		if (mapped == NULL)
			elog(ERROR, "could not attach it");
	}
	else
	{
		mapped = dsm_create(size, 0);
		init(dsm_segment_address(mapped));
		dsm_pin_segment(mapped);
		segment->handle = dsm_segment_handle(mapped);
		strlcpy(segment->name, name, sizeof(segment->name));
	}
	dsm_pin_mapping(mapped);
	return dsm_segment_address(mapped);
}

static void *
find_segment(const char *name, size_t size, void (*init) (void *ptr))
{
	Registry   *registry = port_shared_struct(REGISTRY_NAME, sizeof(Registry), make_registry);
	void	   *result;

	if (registry == NULL)
		elog(ERROR, "out of shared memory");
	LWLockRegisterTranche(registry->tranche, "AdamaSegments");
	LWLockAcquire(&registry->lock, LW_EXCLUSIVE);
	result = find_or_make(registry, name, size, init);
	LWLockRelease(&registry->lock);
	return result;
}

#endif

/* A failure is undone in a subtransaction, and forgotten. */
void *
port_shared_segment(const char *name, size_t size, void (*init) (void *ptr))
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	void	   *volatile result = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		result = find_segment(name, size, init);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		ereport(LOG, (errmsg("shared memory \"%s\" can't be had: %s", name, error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return result;
}
