/*
 * shared.c
 *	  The few kilobytes of shared memory through which writers wake emitters.
 *
 * The memory is made when it is first used: no shared_preload_libraries.  It can't grow and is never freed, so it is small, its name carries the
 * version of its layout, and it holds nothing that could not be found out from the tables: after a crash it starts empty.
 *
 * A database has a slot while it has an emitter, that is while somebody watches its documents.  databases[i] says whose slot i is; it is
 * read without a lock, by every writer that commits.  Whether its emitter is there says its seat (seat.c).
 *
 * Two things are told.  Which documents changed: a bit for each document's hash.  Nothing is lost when two documents share a bit, when a
 * transaction marks more than it changed, or when a bit of a slot is set that has just changed hands: the emitter looks at the row and finds nothing
 * new.  So bits are set without a lock, at commit, and setting them can't fail.  Which connections changed: news, under the mutex; when there
 * are too many at once the emitter is told to look at all connections.
 *
 * Why no change is missed.  Writer and emitter each do two things, in opposite order:
 *
 *		writer: becomes visible to snapshots; then sets its bit		emitter: takes the bits; then takes a snapshot
 *
 * If the emitter takes the bits before the writer set its own, the bit stays for the next turn, and the latch that is set after it starts that.
 * The same holds for a slot that is being claimed: a writer that finds none was visible before the claim, hence to the
 * emitter's first snapshot.
 *
 * Why nobody waits for an emitter that leaves.  Reporting a connection and leaving both happen under the mutex:
 *
 *		connect commits first: the emitter finds news and stays
 *		emitter leaves first: the committing backend finds no slot, and launches another
 *
 * The mutex is a spinlock: nothing but a few assignments happens while it is held.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "port/shared_memory.h"
#include "worker/internal.h"

#define SHARED_NAME "adama 4"
#define ID_PREFIX "adama_"
#define N_SLOTS WORKER_STATS_MAX			/* databases with connections at the same time */
#define N_KNOWN 128
#define RUN_MAX 65536			/* numbers of connections from the first to the last that one of the news is about */
#define RUNS_MAX 16				/* of one batch, unless they lie far apart */

typedef struct Slot
{
	WorkerSeat	seat;			/* of the emitter */
	bool		has_overflown;
	int			n_news;
	WorkerNews	news[WORKER_NEWS_SIZE];
	pg_atomic_uint32 board;		/* handle of a segment (board.c), or 0; while the emitter runs */
	pg_atomic_uint64 dirty[WORKER_DIRTY_WORDS];
	slock_t		stats_mutex;
	WorkerStats stats;			/* of stats.database: it may have had the slot before */
} Slot;

typedef struct Shared
{
	slock_t		mutex;			/* all but databases and dirty, which are atomic; databases change only under it */
	pg_atomic_uint32 databases[N_SLOTS];
	int			next_known;
	Oid			known[N_KNOWN]; /* databases that had an emitter since the server's start: the most recent ones */
	Slot		slots[N_SLOTS];
} Shared;

static Shared *shared = NULL;
static int	my_slot = -1;		/* of the emitter that this process is */

/* What this transaction changed. */
static struct
{
	bool		is_registered;
	bool		has_dirty;
	uint64		dirty[WORKER_DIRTY_WORDS];
	WorkerNews *news;			/* in TopTransactionContext */
	int			n_news;
	int			news_cap;
}			mine;

static void
make_shared(void *ptr)
{
	Shared	   *s = ptr;

	memset(s, 0, sizeof(*s));
	SpinLockInit(&s->mutex);
	for (int i = 0; i < N_SLOTS; i++)
	{
		pg_atomic_init_u32(&s->databases[i], InvalidOid);
		pg_atomic_init_u32(&s->slots[i].board, 0);
		SpinLockInit(&s->slots[i].stats_mutex);
		for (int w = 0; w < WORKER_DIRTY_WORDS; w++)
			pg_atomic_init_u64(&s->slots[i].dirty[w], 0);
	}
}

bool
worker_shared_attach(int level)
{
	if (shared == NULL)
		shared = port_shared_struct(SHARED_NAME, sizeof(Shared), make_shared);
	if (shared == NULL && level != 0)
		ereport(level,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of shared memory for notifications of document changes"),
				 errdetail("%zu bytes are needed.", sizeof(Shared)),
				 errhint("Restart the server, if necessary with a higher max_locks_per_transaction.")));
	return shared != NULL;
}

/* ---- databases and slots ---- */

/* The slot of a database, or -1.  Without the mutex the answer may be out of date at once. */
static int
find_slot(Oid database)
{
	static int	last = 0;

	if (pg_atomic_read_u32(&shared->databases[last]) == database)
		return last;
	for (int i = 0; i < N_SLOTS; i++)
	{
		if (pg_atomic_read_u32(&shared->databases[i]) == database)
			return last = i;
	}
	return -1;
}

bool
worker_shared_is_new_database(void)
{
	bool		is_new = true;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < N_KNOWN && is_new; i++)
		is_new = shared->known[i] != MyDatabaseId;
	if (is_new)
	{
		shared->known[shared->next_known] = MyDatabaseId;
		shared->next_known = (shared->next_known + 1) % N_KNOWN;
	}
	SpinLockRelease(&shared->mutex);
	return is_new;
}

void
worker_shared_forget_database(void)
{
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < N_KNOWN; i++)
	{
		if (shared->known[i] == MyDatabaseId)
			shared->known[i] = InvalidOid;
	}
	SpinLockRelease(&shared->mutex);
}

/* Rather the one that it had before, where its statistics are, or one that nobody had. */
static int
find_free_slot(Oid database)
{
	int			best = -1;
	int			best_worth = 0;

	for (int i = 0; i < N_SLOTS; i++)
	{
		Oid			had_by = shared->slots[i].stats.database;
		int			worth = had_by == database ? 3 : had_by == InvalidOid ? 2 : 1;

		if (pg_atomic_read_u32(&shared->databases[i]) == InvalidOid && worth > best_worth)
		{
			best = i;
			best_worth = worth;
		}
	}
	return best;
}

/* Under the mutex: the slot of the database, or a free one that becomes its own, or -1. */
static int
find_or_make_slot(Oid database)
{
	int			i = find_slot(database);

	if (i < 0)
	{
		i = find_free_slot(database);
		if (i >= 0)
		{
			Slot	   *slot = &shared->slots[i];

			worker_seat_free(&slot->seat);
			slot->n_news = 0;
			slot->has_overflown = false;
			pg_atomic_write_u32(&shared->databases[i], database);
		}
	}
	return i;
}

static void
free_slot(int i)
{
	worker_seat_free(&shared->slots[i].seat);
	pg_atomic_write_u32(&shared->slots[i].board, 0);
	pg_atomic_write_u32(&shared->databases[i], InvalidOid);
}

WorkerPlace
worker_slot_reserve(void)
{
	TimestampTz now = GetCurrentTimestamp();
	WorkerPlace result;
	int			i;

	SpinLockAcquire(&shared->mutex);
	i = find_or_make_slot(MyDatabaseId);
	if (i < 0)
		result = WORKER_PLACE_NONE;
	else
		result = worker_seat_reserve(&shared->slots[i].seat, now) ? WORKER_PLACE_RESERVED : WORKER_PLACE_TAKEN;
	SpinLockRelease(&shared->mutex);
	return result;
}

void
worker_slot_unreserve(void)
{
	int			i;

	SpinLockAcquire(&shared->mutex);
	i = find_slot(MyDatabaseId);
	if (i >= 0 && shared->slots[i].seat.state == WORKER_SEAT_STARTING)
		free_slot(i);
	SpinLockRelease(&shared->mutex);
}

static void
reset_stats(Slot *slot, Oid database)
{
	TimestampTz now = GetCurrentTimestamp();

	SpinLockAcquire(&slot->stats_mutex);
	memset(&slot->stats, 0, sizeof(slot->stats));
	slot->stats.database = database;
	slot->stats.since = now;
	SpinLockRelease(&slot->stats_mutex);
}

bool
worker_slot_claim(Oid database)
{
	bool		is_mine = false;
	int			i;

	SpinLockAcquire(&shared->mutex);
	i = find_or_make_slot(database);
	if (i >= 0 && worker_seat_claim(&shared->slots[i].seat))
	{
		Slot	   *slot = &shared->slots[i];

		slot->n_news = 0;
		slot->has_overflown = false;
		for (int w = 0; w < WORKER_DIRTY_WORDS; w++)
			pg_atomic_write_u64(&slot->dirty[w], 0);
		my_slot = i;
		is_mine = true;
	}
	SpinLockRelease(&shared->mutex);
	/* A writer that finds no slot of ours is visible to the snapshot that follows. */
	pg_memory_barrier();
	if (is_mine && shared->slots[my_slot].stats.database != database)
		reset_stats(&shared->slots[my_slot], database);
	return is_mine;
}

bool
worker_slot_leave(void)
{
	Slot	   *slot = &shared->slots[my_slot];
	bool		may_leave;

	SpinLockAcquire(&shared->mutex);
	may_leave = slot->n_news == 0 && !slot->has_overflown;
	if (may_leave)
		free_slot(my_slot);
	SpinLockRelease(&shared->mutex);
	if (may_leave)
		my_slot = -1;
	return may_leave;
}

void
worker_slot_release(bool will_return)
{
	TimestampTz now = GetCurrentTimestamp();

	if (my_slot < 0)
		return;
	SpinLockAcquire(&shared->mutex);
	if (shared->slots[my_slot].seat.pid == MyProcPid)
	{
		if (will_return)
		{
			worker_seat_return(&shared->slots[my_slot].seat, now);
			pg_atomic_write_u32(&shared->slots[my_slot].board, 0);
		}
		else
			free_slot(my_slot);
	}
	SpinLockRelease(&shared->mutex);
	my_slot = -1;
}

void
worker_slot_take(WorkerChanges *changes)
{
	Slot	   *slot = &shared->slots[my_slot];

	for (int w = 0; w < WORKER_DIRTY_WORDS; w++)
		changes->dirty[w] = pg_atomic_read_u64(&slot->dirty[w]) == 0 ? 0 : pg_atomic_exchange_u64(&slot->dirty[w], 0);

	SpinLockAcquire(&shared->mutex);
	changes->has_overflown = slot->has_overflown;
	changes->n_news = slot->n_news;
	memcpy(changes->news, slot->news, slot->n_news * sizeof(WorkerNews));
	slot->has_overflown = false;
	slot->n_news = 0;
	SpinLockRelease(&shared->mutex);
}

void
worker_slot_set_board(uint32 handle)
{
	pg_atomic_write_u32(&shared->slots[my_slot].board, handle);
}

uint32
worker_slot_board(Oid database)
{
	int			i = worker_shared_attach(0) ? find_slot(database) : -1;

	return i < 0 ? 0 : pg_atomic_read_u32(&shared->slots[i].board);
}

void
worker_slot_wake(int dirty_bit)
{
	int			i = find_slot(MyDatabaseId);

	if (i < 0)
		return;
	pg_atomic_fetch_or_u64(&shared->slots[i].dirty[dirty_bit / 64], UINT64CONST(1) << (dirty_bit % 64));
	worker_seat_wake(&shared->slots[i].seat);
}

/* ---- statistics ---- */

void
worker_slot_add_stats(const WorkerStats *more)
{
	Slot	   *slot = &shared->slots[my_slot];

	SpinLockAcquire(&slot->stats_mutex);
	worker_stats_add(&slot->stats, more);
	SpinLockRelease(&slot->stats_mutex);
}

int
worker_stats_read(WorkerStats *stats, int max)
{
	int			n = 0;

	for (int i = 0; i < N_SLOTS && n < max && worker_shared_attach(0); i++)
	{
		Slot	   *slot = &shared->slots[i];

		SpinLockAcquire(&slot->stats_mutex);
		stats[n] = slot->stats;
		SpinLockRelease(&slot->stats_mutex);
		if (!OidIsValid(stats[n].database))
			continue;
		SpinLockAcquire(&shared->mutex);
		stats[n].pid = pg_atomic_read_u32(&shared->databases[i]) == stats[n].database ? slot->seat.pid : 0;
		SpinLockRelease(&shared->mutex);
		if (stats[n].pid == 0)
			stats[n].connections = stats[n].documents = 0;
		n++;
	}
	return n;
}

void
worker_stats_reset(Oid database)
{
	for (int i = 0; i < N_SLOTS && worker_shared_attach(0); i++)
	{
		if (shared->slots[i].stats.database == database)
			reset_stats(&shared->slots[i], database);
	}
}

/* ---- what a transaction changed ---- */

int
worker_dirty_bit(Oid schema, const char *key)
{
	return (int) (kit_hash(key, strlen(key), schema) % WORKER_DIRTY_BITS);
}

static void
tell_dirty(void)
{
	int			i = find_slot(MyDatabaseId);

	if (i < 0)
		return;
	for (int w = 0; w < WORKER_DIRTY_WORDS; w++)
	{
		if (mine.dirty[w] != 0)
			pg_atomic_fetch_or_u64(&shared->slots[i].dirty[w], mine.dirty[w]);
	}
	worker_seat_wake(&shared->slots[i].seat);
}

/* Under the mutex. */
static void
add_news(Slot *slot, const WorkerNews *news, int n)
{
	for (int k = 0; k < n; k++)
	{
		if (slot->n_news < WORKER_NEWS_SIZE)
			slot->news[slot->n_news++] = news[k];
		else
			slot->has_overflown = true;
	}
}

static void
tell_news(void)
{
	Latch	   *latch = NULL;
	bool		is_running = false;
	int			i;

	SpinLockAcquire(&shared->mutex);
	i = find_slot(MyDatabaseId);
	if (i >= 0 && shared->slots[i].seat.state == WORKER_SEAT_RUNNING)
	{
		is_running = true;
		add_news(&shared->slots[i], mine.news, mine.n_news);
		latch = shared->slots[i].seat.latch;
	}
	SpinLockRelease(&shared->mutex);

	/* One that is only about to start will look at everything. */
	if (!is_running)
		(void) worker_launch_if_missing(WARNING);
	else if (latch != NULL)
		SetLatch(latch);
}

static void
forget(void)
{
	if (mine.has_dirty)
		memset(mine.dirty, 0, sizeof(mine.dirty));
	mine.has_dirty = false;
	mine.news = NULL;
	mine.n_news = mine.news_cap = 0;
}

/*
 * Savepoints need no attention: what a rolled-back part of a transaction reported is looked at in vain.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (mine.has_dirty && shared != NULL)
				tell_dirty();
			if (mine.n_news > 0 && shared != NULL)
				tell_news();
			forget();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			forget();
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (mine.has_dirty || mine.n_news > 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has changed documents or connections")));
			break;
		default:
			break;
	}
}

static void
register_callback(void)
{
	if (!mine.is_registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		mine.is_registered = true;
	}
}

void
worker_document_changed(Oid schema, const char *key)
{
	int			bit = worker_dirty_bit(schema, key);

	register_callback();
	mine.dirty[bit / 64] |= UINT64CONST(1) << (bit % 64);
	mine.has_dirty = true;
}

bool
worker_id_parse(const char *str, uint8 id[16])
{
	if (strlen(str) != STORE_CONNECTION_ID_LEN || strncmp(str, ID_PREFIX, strlen(ID_PREFIX)) != 0)
		return false;
	for (int i = 0; i < 32; i++)
	{
		char		c = str[strlen(ID_PREFIX) + i];
		int			digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			return false;
		id[i / 2] = (uint8) (i % 2 == 0 ? digit << 4 : id[i / 2] | digit);
	}
	return true;
}

void
worker_id_format(const uint8 id[16], char str[STORE_CONNECTION_ID_LEN + 1])
{
	strcpy(str, ID_PREFIX);
	for (int i = 0; i < 16; i++)
		sprintf(str + strlen(ID_PREFIX) + 2 * i, "%02x", id[i]);
}

void
worker_id_move(uint8 id[16], uint32 by)
{
	uint64		carry = by;

	for (int i = 15; i >= 8 && carry > 0; i--)
	{
		carry += id[i];
		id[i] = (uint8) carry;
		carry >>= 8;
	}
}

static void
tell(Oid schema, const char *connection_id, uint32 n_more)
{
	WorkerNews	news = {.schema = schema,.n_more = n_more};

	if (!worker_id_parse(connection_id, news.u.id))
		return;
	register_callback();
	(void) worker_shared_attach(WARNING);
	if (mine.n_news == mine.news_cap)
	{
		int			cap = mine.news_cap == 0 ? 4 : mine.news_cap * 2;

		mine.news = mine.news == NULL ? MemoryContextAlloc(TopTransactionContext, cap * sizeof(WorkerNews)) : repalloc(mine.news, cap * sizeof(WorkerNews));
		mine.news_cap = cap;
	}
	mine.news[mine.n_news++] = news;
}

void
worker_connection_changed(Oid schema, const char *connection_id)
{
	tell(schema, connection_id, 0);
}

/* ---- many connections at once ---- */

static int
compare_numbers(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* The end of the run that begins at i: numbers that lie no further apart than this. */
static int
run_end(const int64 *numbers, int i, int n, int64 gap)
{
	int64		first = numbers[i];

	for (i++; i < n && numbers[i] - numbers[i - 1] <= gap && numbers[i] - first <= RUN_MAX; i++)
		;
	return i;
}

static int
count_runs(const int64 *numbers, int n, int64 gap)
{
	int			runs = 0;

	for (int i = 0; i < n; i = run_end(numbers, i, n, gap))
		runs++;
	return runs;
}

/* A gateway counts up, so a batch is one run or a few.  What lies in a gap is looked at in vain, which costs less than to look at everything. */
void
worker_connections_changed(Oid schema, const char *listener, int64 *numbers, int n)
{
	int64		gap = 1;

	qsort(numbers, n, sizeof(int64), compare_numbers);
	while (gap < RUN_MAX && count_runs(numbers, n, gap) > RUNS_MAX)
		gap *= 2;
	for (int i = 0, end; i < n; i = end)
	{
		char		id[STORE_CONNECTION_ID_LEN + 1];

		end = run_end(numbers, i, n, gap);
		store_connection_number_id(listener, numbers[i], id);
		tell(schema, id, (uint32) (numbers[end - 1] - numbers[i]));
	}
}

/* ---- the end of a backend ---- */

/* Before the backend's last transaction is rolled back, but whoever is told can't tell the difference. */
static void
at_backend_end(int code, Datum arg)
{
	WorkerNews	news = {.schema = InvalidOid};
	Latch	   *latch = NULL;
	int			i;

	news.u.backend.pid = MyProcPid;
	news.u.backend.start = worker_backend_start();
	SpinLockAcquire(&shared->mutex);
	i = find_slot(MyDatabaseId);
	if (i >= 0 && shared->slots[i].seat.state == WORKER_SEAT_RUNNING)
	{
		add_news(&shared->slots[i], &news, 1);
		latch = shared->slots[i].seat.latch;
	}
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
}

void
worker_watch_backend(void)
{
	static bool is_watched = false;

	if (!is_watched && worker_shared_attach(WARNING))
	{
		before_shmem_exit(at_backend_end, (Datum) 0);
		is_watched = true;
	}
}

int64
worker_backend_start(void)
{
	return MyStartTimestamp;
}
