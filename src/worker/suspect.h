/*
 * suspect.h
 *	  Which replicas a target is too slow to take, as courier.c finds it out.
 */
#ifndef ADAMA_WORKER_SUSPECT_H
#define ADAMA_WORKER_SUSPECT_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "store/store.h"

#define WORKER_SUSPECTS_MAX 8	/* that are remembered of a target */
#define WORKER_SUSPECT_AMONG 1000	/* replicas are looked at, to find others */

typedef struct WorkerSuspect
{
	uint64		hash;			/* of its key and row */
	int			n_slow;			/* times that it was cut off, and another one got through afterwards */
	bool		is_open;		/* it was cut off, and since then nothing got through */
	bool		is_parked;		/* in the transaction that has not ended */
} WorkerSuspect;

typedef struct WorkerDoubt
{
	WorkerSuspect suspects[WORKER_SUSPECTS_MAX];
	int			n;
	uint32		next;			/* whose place the next one takes when there are too many */
	TimestampTz slow_at;		/* when something was last cut off alone */
} WorkerDoubt;

extern uint64 worker_suspect_hash(const StoreDeliveryRow *row);

/*
 * Of the rows of a delivery, which are not of those that are kept in the outbox as too slow, marks as left what is not to be brought now; how many are to be, of `most` at most.  is_due: the target does not
 * wait, or no longer: if there are no others, those that were cut off are tried.
 */
extern int	worker_suspect_choose(WorkerDoubt *doubt, StoreDelivery *delivery, int most, bool is_due);
/* Whether this row is to be parked should the others that were chosen get through; it notes that, for the transaction. */
extern bool worker_suspect_is_convicted(WorkerDoubt *doubt, const StoreDeliveryRow *row);
/* Whether something was cut off, and nothing has got through since. */
extern bool worker_suspect_is_open(const WorkerDoubt *doubt);
/* While this is so, others are tried without waiting. */
extern bool worker_suspect_asks(const WorkerDoubt *doubt);

/* What became of it: committed (hash: of what was brought, when it was alone, else 0); cut off though it was alone; failed in another way. */
extern void worker_suspect_went(WorkerDoubt *doubt, uint64 hash);
extern void worker_suspect_was_slow(WorkerDoubt *doubt, uint64 hash);
extern void worker_suspect_failed(WorkerDoubt *doubt, bool was_slow);

#endif
