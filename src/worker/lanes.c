/*
 * lanes.c
 *	  The shared memory through which those who work in the background are told that there is something to do.
 *
 * A database has one keeper (keeper.c), and a courier for each foreign server that something is delivered to: each has a lane of its own, so that who is slow holds up
 * nobody else.  A lane is there while its worker is, or is on its way.
 *
 * What is to be done lies in the tables of the spaces.  Here are only bits that say of which spaces there is news; what else a worker knows is lost with it, and a lane
 * that is new, or whose worker failed, has all of them set: look at everything.
 *
 * Why nothing is missed.  Whoever gives work is visible to snapshots, and has told others to look at the catalogs anew, then sets the bit; a worker takes the bits, then takes a snapshot.  Setting a bit and leaving happen
 * under the mutex, and nobody leaves whose bits are set:
 *
 *		the bit is set first: the worker stays
 *		the worker leaves first: whoever sets it finds no lane, and launches another
 *
 * A bit that is set already need not be set again, and is looked at without the mutex: its worker has yet to take it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/spin.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "port/shared_memory.h"
#include "worker/internal.h"

#define SHARED_NAME "adama lanes 1"
#define N_LANES 64
#define MINE_MAX 16				/* servers that one transaction gives work for */
#define LAUNCH_INTERVAL_MS 10000	/* between attempts of one backend to start what could not be started */

typedef struct Lane
{
	pg_atomic_uint64 id;		/* database and server; 0: nobody's */
	pg_atomic_uint64 news;
	WorkerSeat	seat;
} Lane;

typedef struct Shared
{
	slock_t		mutex;			/* id changes only under it */
	Lane		lanes[N_LANES];
} Shared;

static Shared *shared = NULL;
static Lane *my_lane = NULL;	/* of the worker that this process is */

/* What this transaction has given work for. */
static struct
{
	bool		is_registered;
	bool		is_committed;
	int			n;
	struct
	{
		Oid			server;
		uint64		bits;
	}			lanes[MINE_MAX];
}			mine;

static void
make_shared(void *ptr)
{
	Shared	   *s = ptr;

	memset(s, 0, sizeof(*s));
	SpinLockInit(&s->mutex);
	for (int i = 0; i < N_LANES; i++)
	{
		pg_atomic_init_u64(&s->lanes[i].id, 0);
		pg_atomic_init_u64(&s->lanes[i].news, 0);
	}
}

bool
worker_lanes_attach(int level)
{
	if (shared == NULL)
		shared = port_shared_struct(SHARED_NAME, sizeof(Shared), make_shared);
	if (shared == NULL && level != 0)
		ereport(level,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of shared memory for work in the background"),
				 errdetail("%zu bytes are needed.", sizeof(Shared)),
				 errhint("Restart the server, if necessary with a higher max_locks_per_transaction.")));
	return shared != NULL;
}

uint64
worker_lane_bit(Oid schema)
{
	return UINT64CONST(1) << (murmurhash32(schema) % 63);
}

static uint64
id_of(Oid database, Oid server)
{
	return (uint64) database << 32 | server;
}

/* Without the mutex the answer may be out of date at once. */
static Lane *
find(uint64 id)
{
	static int	last = 0;

	if (pg_atomic_read_u64(&shared->lanes[last].id) == id)
		return &shared->lanes[last];
	for (int i = 0; i < N_LANES; i++)
	{
		if (pg_atomic_read_u64(&shared->lanes[i].id) == id)
			return &shared->lanes[last = i];
	}
	return NULL;
}

/* Under the mutex: the lane, or one that becomes it, or NULL. */
static Lane *
find_or_make(uint64 id)
{
	Lane	   *lane = find(id);

	for (int i = 0; lane == NULL && i < N_LANES; i++)
	{
		if (pg_atomic_read_u64(&shared->lanes[i].id) == 0)
		{
			lane = &shared->lanes[i];
			worker_seat_free(&lane->seat);
			pg_atomic_write_u64(&lane->news, WORKER_LANE_ALL);
			pg_atomic_write_u64(&lane->id, id);
		}
	}
	return lane;
}

static void
free_lane(Lane *lane)
{
	worker_seat_free(&lane->seat);
	pg_atomic_write_u64(&lane->id, 0);
}

WorkerPlace
worker_lane_reserve(Oid server)
{
	TimestampTz now = GetCurrentTimestamp();
	WorkerPlace result = WORKER_PLACE_NONE;
	Lane	   *lane;

	SpinLockAcquire(&shared->mutex);
	lane = find_or_make(id_of(MyDatabaseId, server));
	if (lane != NULL)
		result = worker_seat_reserve(&lane->seat, now) ? WORKER_PLACE_RESERVED : WORKER_PLACE_TAKEN;
	SpinLockRelease(&shared->mutex);
	return result;
}

void
worker_lane_unreserve(Oid server)
{
	Lane	   *lane;

	SpinLockAcquire(&shared->mutex);
	lane = find(id_of(MyDatabaseId, server));
	if (lane != NULL && lane->seat.state == WORKER_SEAT_STARTING)
		free_lane(lane);
	SpinLockRelease(&shared->mutex);
}

/* ---- the worker's side ---- */

bool
worker_lane_claim(Oid database, Oid server)
{
	Lane	   *lane;

	SpinLockAcquire(&shared->mutex);
	lane = find_or_make(id_of(database, server));
	if (lane != NULL && worker_seat_claim(&lane->seat))
		my_lane = lane;
	SpinLockRelease(&shared->mutex);
	return my_lane != NULL;
}

uint64
worker_lane_take(void)
{
	return worker_lane_has_news() ? pg_atomic_exchange_u64(&my_lane->news, 0) : 0;
}

bool
worker_lane_has_news(void)
{
	return pg_atomic_read_u64(&my_lane->news) != 0;
}

bool
worker_lane_leave(void)
{
	bool		may_leave;

	SpinLockAcquire(&shared->mutex);
	may_leave = !worker_lane_has_news();
	if (may_leave)
		free_lane(my_lane);
	SpinLockRelease(&shared->mutex);
	if (may_leave)
		my_lane = NULL;
	return may_leave;
}

bool
worker_lane_hand_over(TimestampTz until)
{
	TimestampTz now = GetCurrentTimestamp();
	WorkerLaneStart start = {(Oid) pg_atomic_read_u64(&my_lane->id), until};
	bool		may_leave;

	SpinLockAcquire(&shared->mutex);
	may_leave = !worker_lane_has_news();
	if (may_leave)
		worker_seat_return(&my_lane->seat, now);
	SpinLockRelease(&shared->mutex);
	if (may_leave && !worker_launch_lane(&start))
	{
		may_leave = false;
		SpinLockAcquire(&shared->mutex);
		(void) worker_seat_claim(&my_lane->seat);
		SpinLockRelease(&shared->mutex);
	}
	if (may_leave)
		my_lane = NULL;
	return may_leave;
}

void
worker_lane_release(bool will_return)
{
	TimestampTz now = GetCurrentTimestamp();

	if (my_lane == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	if (my_lane->seat.pid == MyProcPid)
	{
		/* What it had taken is not done. */
		pg_atomic_write_u64(&my_lane->news, WORKER_LANE_ALL);
		if (will_return)
			worker_seat_return(&my_lane->seat, now);
		else
			free_lane(my_lane);
	}
	SpinLockRelease(&shared->mutex);
	my_lane = NULL;
}

/* ---- giving work ---- */

static bool
launch(Oid server)
{
	static TimestampTz tried_at = 0;
	static bool has_warned = false;

	if (tried_at != 0 && !TimestampDifferenceExceeds(tried_at, GetCurrentTimestamp(), LAUNCH_INTERVAL_MS))
		return false;
	if (worker_launch_lane_if_missing(server, has_warned ? DEBUG1 : WARNING))
	{
		tried_at = 0;
		return true;
	}
	tried_at = GetCurrentTimestamp();
	has_warned = true;
	return false;
}

/* False when there is no worker, and none can be started at the moment. */
static bool
tell(Oid server, uint64 bits)
{
	uint64		id = id_of(MyDatabaseId, server);
	Lane	   *lane = find(id);
	Latch	   *latch = NULL;
	bool		is_running = false;

	if (lane != NULL && (pg_atomic_read_u64(&lane->news) & bits) == bits && lane->seat.state == WORKER_SEAT_RUNNING && pg_atomic_read_u64(&lane->id) == id)
		return true;
	SpinLockAcquire(&shared->mutex);
	lane = find(id);
	if (lane != NULL)
	{
		pg_atomic_fetch_or_u64(&lane->news, bits);
		is_running = lane->seat.state == WORKER_SEAT_RUNNING;
		latch = lane->seat.latch;
	}
	SpinLockRelease(&shared->mutex);
	if (!is_running)
		return launch(server);
	if (latch != NULL)
		SetLatch(latch);
	return true;
}

/* Savepoints need no attention: what a rolled-back part of a transaction reported is looked at in vain. */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			mine.is_committed = true;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			mine.n = 0;
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (mine.n > 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has given background workers something to do")));
			break;
		default:
			break;
	}
}

/*
 * When the transaction has given up its locks.  Only now has it sent what invalidates others' caches: a worker that was woken before could look at a program, or at targets, of before.
 */
static void
at_release(ResourceReleasePhase phase, bool is_commit, bool is_top, void *arg)
{
	int			n = mine.n;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !is_top || !mine.is_committed)
		return;
	mine.is_committed = false;
	mine.n = 0;
	for (int i = 0; i < n && shared != NULL; i++)
		(void) tell(mine.lanes[i].server, mine.lanes[i].bits);
}

/* Everybody's when there are too many: the keeper wakes the couriers when it looks at everything. */
static void
give(Oid server, uint64 bits)
{
	int			i = 0;

	if (!mine.is_registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterResourceReleaseCallback(at_release, NULL);
		mine.is_registered = true;
		(void) worker_lanes_attach(WARNING);
	}
	while (i < mine.n && mine.lanes[i].server != server)
		i++;
	if (i == MINE_MAX)
	{
		mine.lanes[0].server = InvalidOid;
		mine.lanes[0].bits = WORKER_LANE_ALL;
		return;
	}
	if (i == mine.n)
	{
		mine.lanes[mine.n].server = server;
		mine.lanes[mine.n++].bits = 0;
	}
	mine.lanes[i].bits |= bits;
}

void
worker_space_has_work(Oid schema)
{
	give(InvalidOid, worker_lane_bit(schema) | WORKER_LANE_TASKS);
}

void
worker_replicas_changed(Oid schema, Oid server, bool is_new)
{
	give(server, worker_lane_bit(schema) | (is_new ? WORKER_LANE_TASKS : 0));
}

bool
worker_lane_tell(Oid server, uint64 bits)
{
	return tell(server, bits);
}
