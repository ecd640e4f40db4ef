/*
 * seat.c
 *	  Whether a worker is there, is on its way, or is to be launched.
 *
 *		FREE --- reserve ---> STARTING --- claim ---> RUNNING --- it leaves, having nothing to do ---> FREE
 *		                         ^                       |
 *		                         +---- error, restart ---+		(the postmaster starts it again)
 *
 * A STARTING seat whose worker did not come in time may be reserved again; when both come, the second finds the seat RUNNING and goes.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define STARTING_TIMEOUT_MS 10000	/* a worker that has not come by then will not come */

bool
worker_seat_reserve(WorkerSeat *seat, TimestampTz now)
{
	if (seat->state == WORKER_SEAT_RUNNING)
		return false;
	if (seat->state == WORKER_SEAT_STARTING && !TimestampDifferenceExceeds(seat->since, now, STARTING_TIMEOUT_MS))
		return false;
	seat->state = WORKER_SEAT_STARTING;
	seat->since = now;
	return true;
}

bool
worker_seat_claim(WorkerSeat *seat)
{
	if (seat->state == WORKER_SEAT_RUNNING)
		return false;
	seat->pid = MyProcPid;
	seat->latch = &MyProc->procLatch;
	seat->state = WORKER_SEAT_RUNNING;
	return true;
}

void
worker_seat_return(WorkerSeat *seat, TimestampTz now)
{
	seat->state = WORKER_SEAT_STARTING;
	seat->since = now;
	seat->latch = NULL;
	seat->pid = 0;
}

void
worker_seat_free(WorkerSeat *seat)
{
	seat->state = WORKER_SEAT_FREE;
	seat->latch = NULL;
	seat->pid = 0;
}

void
worker_seat_wake(const WorkerSeat *seat)
{
	Latch	   *latch = *(Latch *volatile *) &seat->latch;

	if (latch != NULL)
		SetLatch(latch);
}
