/*
 * suspect.c
 *	  Is it the row that is too slow, or the server?
 *
 * A delivery to a foreign server that takes longer than adama.replication_timeout is cut off, and the next one is smaller, until there is one replica in it.  When that is cut off, too, it may be the fault of the
 * row (a trigger over there that sleeps, a lock that somebody holds) or of the server, which stands still.  The row becomes a suspect: its change stays where it is, and another row of the same target, any
 * one, is tried in its place.
 *
 *			 +-----------------------------------------------------------------+
 *			 |							cut off, alone						   v
 *		  UNKNOWN													 SUSPECT, open		nothing has got through since
 *			 ^													  |	^		  |
 *			 | it gets through									  | | cut off | another one gets through
 *			 +------------------------- SUSPECT, tried again <----+-+---------+			n_slow + 1: it was the row
 *											   (alone)			  |
 *																  +-- the second time -> PARKED, in the transaction that brings the other one
 *
 * As long as fewer than four rows are open, others are tried at once; with four, one after the other and no two of them the same, it is taken to be the server: the target waits like one that is down, and
 * nothing is parked.  At each attempt it is another row, chosen by chance among the first thousand, so that rows that are too slow, be there ever so many, can't be all that is tried.  When one gets
 * through, all that were open are tried again, each alone: what was innocent gets through as well.
 *
 * When there are no others (any more), the target waits: nobody else does.  As soon as there is news, the others are tried.
 *
 * All of this is in the memory of a worker.  Should that be lost, it begins again; the number of failures, which is kept with the registration, tells how small deliveries are to be (courier.c).
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "kit/hash.h"
#include "worker/suspect.h"

#define CONVICTED 2
#define WITNESSES 8				/* others that are kept until suspects have been tried again */
#define OPEN_MAX 4

uint64
worker_suspect_hash(const StoreDeliveryRow *row)
{
	return kit_hash(row->it.key, strlen(row->it.key), (uint64) (uint32) row->it.row);
}

static WorkerSuspect *
find(WorkerDoubt *doubt, uint64 hash)
{
	for (int i = 0; i < doubt->n; i++)
		if (doubt->suspects[i].hash == hash)
			return &doubt->suspects[i];
	return NULL;
}

static int
count_open(const WorkerDoubt *doubt)
{
	int			n = 0;

	for (int i = 0; i < doubt->n; i++)
		n += doubt->suspects[i].is_open;
	return n;
}

/* ---- what to bring ---- */

typedef enum Kind
{
	KIND_OTHER,
	KIND_SUSPECT,
	KIND_OPEN,
	KIND_KEPT,					/* in the outbox: not to be brought with others */
	N_KINDS
} Kind;

static Kind
kind_of(WorkerDoubt *doubt, const StoreDeliveryRow *row)
{
	const WorkerSuspect *suspect;

	if (row->is_alone)
		return KIND_KEPT;
	suspect = doubt->n > 0 ? find(doubt, worker_suspect_hash(row)) : NULL;
	return suspect == NULL ? KIND_OTHER : suspect->is_open ? KIND_OPEN : KIND_SUSPECT;
}

/* After a success others go first, as long as a suspect has held them up, but for a few.  What a target is filled with does not pass suspects, and gains nothing by that. */
static bool
may_try_suspects(const WorkerDoubt *doubt, const StoreDelivery *delivery, int n_others)
{
	return n_others <= WITNESSES || delivery->is_fill || TimestampDifferenceExceeds(doubt->slow_at, GetCurrentTimestamp(), adama_replication_timeout);
}

int
worker_suspect_choose(WorkerDoubt *doubt, StoreDelivery *delivery, int most, bool is_due)
{
	int			n[N_KINDS] = {0};
	Kind		wanted = KIND_OTHER;
	bool		is_one = false;
	int			which = -1;
	int			n_seen = 0;
	int			n_chosen = 0;

	for (int i = 0; i < delivery->n; i++)
		n[kind_of(doubt, &delivery->rows[i])]++;
	if (count_open(doubt) > 0)
	{
		is_one = true;
		wanted = n[KIND_OTHER] > 0 ? KIND_OTHER : n[KIND_SUSPECT] > 0 ? KIND_SUSPECT : KIND_OPEN;
		if (wanted == KIND_OPEN && !is_due)
			n[KIND_OPEN] = 0;
	}
	else if (n[KIND_SUSPECT] > 0 && may_try_suspects(doubt, delivery, n[KIND_OTHER]))
	{
		is_one = true;
		wanted = KIND_SUSPECT;
	}
	else if (n[KIND_SUSPECT] > 0)
		most = Min(most, n[KIND_OTHER] - WITNESSES);
	if (is_one && n[wanted] > 0)
		which = (int) pg_prng_uint64_range(&pg_global_prng_state, 0, (uint64) n[wanted] - 1);
	for (int i = 0; i < delivery->n; i++)
	{
		Kind		kind = kind_of(doubt, &delivery->rows[i]);

		if (kind == KIND_KEPT)
			continue;
		if (kind == wanted && (is_one ? n_seen++ == which : n_chosen < most))
		{
			n_chosen++;
			continue;
		}
		delivery->rows[i].is_left = true;
		delivery->has_more |= kind == KIND_OTHER;
	}
	return n_chosen;
}

bool
worker_suspect_is_convicted(WorkerDoubt *doubt, const StoreDeliveryRow *row)
{
	WorkerSuspect *suspect = doubt->n > 0 ? find(doubt, worker_suspect_hash(row)) : NULL;

	if (suspect == NULL || suspect->n_slow + suspect->is_open < CONVICTED)
		return false;
	suspect->is_parked = true;
	return true;
}

bool
worker_suspect_is_open(const WorkerDoubt *doubt)
{
	return count_open(doubt) > 0;
}

bool
worker_suspect_asks(const WorkerDoubt *doubt)
{
	int			n = count_open(doubt);

	return n > 0 && n < OPEN_MAX;
}

/* ---- what became of it ---- */

void
worker_suspect_went(WorkerDoubt *doubt, uint64 hash)
{
	int			n = 0;

	for (int i = 0; i < doubt->n; i++)
	{
		WorkerSuspect suspect = doubt->suspects[i];

		if (suspect.is_parked || suspect.hash == hash)
			continue;
		suspect.n_slow += suspect.is_open;
		suspect.is_open = false;
		doubt->suspects[n++] = suspect;
	}
	doubt->n = n;
}

void
worker_suspect_was_slow(WorkerDoubt *doubt, uint64 hash)
{
	WorkerSuspect *suspect = find(doubt, hash);

	if (suspect == NULL)
	{
		suspect = doubt->n < WORKER_SUSPECTS_MAX ? &doubt->suspects[doubt->n++] : &doubt->suspects[doubt->next++ % WORKER_SUSPECTS_MAX];
		*suspect = (WorkerSuspect) {.hash = hash};
	}
	suspect->is_open = true;
	doubt->slow_at = GetCurrentTimestamp();
}

/* A server that is not there has told nothing of rows. */
void
worker_suspect_failed(WorkerDoubt *doubt, bool was_slow)
{
	for (int i = 0; i < doubt->n; i++)
	{
		doubt->suspects[i].is_parked = false;
		doubt->suspects[i].is_open &= was_slow;
	}
}
