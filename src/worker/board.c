/*
 * board.c
 *	  The board: what others may see of the emitter's connections, and what their sessions acknowledge.
 *
 * A segment of dynamic shared memory with a row for each connection.  The emitter makes it with its first connection, and a larger one when it is full; its
 * handle stands in the emitter's slot (shared.c).  It goes with the emitter, and whoever has it attached finds no use for it any more.
 *
 *		emitter: writes rows, reads what was acknowledged		a session: finds its row by the id, writes what it acknowledges
 *
 * An acknowledgement is a store to memory: no row of a table, no commit.  When the emitter waits for it, since the connection's window is full, the session
 * also sets the document's bit and the emitter's latch.  Both look at the row under the mutex, so either the session sees that it is waited for, or the emitter
 * sees what was acknowledged.
 *
 * Rows are found by hashing: from the id's place on, the first free one is taken.  A row never moves within a segment, so a search goes on behind free
 * ones; it ends after as many as any row was ever away from its place.  The mutex is a spinlock, held for a few assignments, or for copying some rows.
 *
 * Where there is no memory for the board the emitter does without: windows have no effect then.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/dsm.h"
#include "storage/spin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "kit/hash.h"
#include "worker/internal.h"

#define CAPACITY_AT_FIRST 256	/* a power of two */
#define COPY_AT_ONCE 32			/* rows, while the mutex is held */

typedef struct Row
{
	uint8		id[16];
	bool		is_used;
	bool		is_waited_for;	/* its window is full: an acknowledgement wakes the emitter */
	bool		is_behind;
	int			dirty_bit;		/* of its document */
	int			pid;			/* of the session that may acknowledge */
	int			unacked;
	int64		backend_start;
	int64		class;			/* its number; 0: none yet */
	int64		sent;
	int64		acked;
} Row;

typedef struct Board
{
	slock_t		mutex;			/* all rows */
	bool		is_left;		/* there is a larger one */
	uint32		capacity;
	uint32		reach;			/* how far any row was ever from its place */
	Row			rows[FLEXIBLE_ARRAY_MEMBER];
} Board;

static dsm_segment *segment = NULL;
static Board *board = NULL;
static uint32 n_rows = 0;		/* the emitter's own count */
static bool has_failed = false;

/* Ids of a gateway's connections differ in their last bytes only. */
static uint32
home_of(const uint8 *id)
{
	return (uint32) kit_hash(id, 16, 0);
}

static uint32
place_of(const Board *b, const uint8 *id)
{
	return home_of(id) & (b->capacity - 1);
}

/* ---- the emitter's side ---- */

/* Puts the row into a board that has a free one; its place. */
static int
put(Board *b, const Row *row)
{
	uint32		home = place_of(b, row->id);

	for (uint32 i = 0;; i++)
	{
		uint32		place = (home + i) & (b->capacity - 1);

		if (b->rows[place].is_used)
			continue;
		b->rows[place] = *row;
		b->reach = Max(b->reach, i);
		return (int) place;
	}
}

typedef struct Making
{
	uint32		capacity;
	dsm_segment *segment;
} Making;

static void
make_segment(void *arg)
{
	Making	   *making = arg;

	making->segment = dsm_create(offsetof(Board, rows) + making->capacity * sizeof(Row), 0);
	dsm_pin_mapping(making->segment);
}

static void
move_row(WorkerConnection *connection, void *arg)
{
	Board	   *larger = arg;

	if (connection->place >= 0)
		connection->place = put(larger, &board->rows[connection->place]);
}

/* Room for one more row. */
static bool
make_room(void)
{
	Making		making = {.capacity = board == NULL ? CAPACITY_AT_FIRST : board->capacity * 2};
	ErrorData  *error;
	Board	   *larger;

	if (board != NULL && n_rows < board->capacity / 2)
		return true;
	if (has_failed)
		return board != NULL && n_rows < board->capacity - 1;
	error = worker_guard(make_segment, &making);
	if (error != NULL)
	{
		has_failed = true;
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("no shared memory for acknowledgements of %u connections: %s", making.capacity, error->message)));
		return make_room();
	}
	larger = dsm_segment_address(making.segment);
	memset(larger, 0, offsetof(Board, rows) + making.capacity * sizeof(Row));
	SpinLockInit(&larger->mutex);
	larger->capacity = making.capacity;
	if (board != NULL)
	{
		/* Whoever acknowledges now waits, then sees that it has to look for the new one. */
		SpinLockAcquire(&board->mutex);
		worker_watch_each(move_row, larger);
		board->is_left = true;
		SpinLockRelease(&board->mutex);
	}
	worker_slot_set_board(dsm_segment_handle(making.segment));
	if (segment != NULL)
		dsm_detach(segment);
	segment = making.segment;
	board = larger;
	return true;
}

void
worker_board_add(WorkerConnection *connection, int dirty_bit)
{
	Row			row = {.is_used = true,.dirty_bit = dirty_bit,.pid = connection->row.pid,.backend_start = connection->row.backend_start};

	connection->place = -1;
	if (!make_room())
		return;
	memcpy(row.id, connection->id, sizeof(row.id));
	SpinLockAcquire(&board->mutex);
	connection->place = put(board, &row);
	SpinLockRelease(&board->mutex);
	n_rows++;
}

void
worker_board_remove(WorkerConnection *connection)
{
	if (connection->place < 0)
		return;
	SpinLockAcquire(&board->mutex);
	memset(&board->rows[connection->place], 0, sizeof(Row));
	SpinLockRelease(&board->mutex);
	connection->place = -1;
	n_rows--;
}

void
worker_board_sent(WorkerConnection *connection, int64 seq)
{
	Row		   *row;

	if (connection->place < 0)
		return;
	row = &board->rows[connection->place];
	SpinLockAcquire(&board->mutex);
	row->sent = seq;
	row->unacked = connection->window == NULL ? 0 : connection->window->n + 1;
	SpinLockRelease(&board->mutex);
}

void
worker_board_behind(WorkerConnection *connection, bool is_behind)
{
	if (connection->place < 0)
		return;
	SpinLockAcquire(&board->mutex);
	board->rows[connection->place].is_behind = is_behind;
	SpinLockRelease(&board->mutex);
}

void
worker_board_class(WorkerConnection *connection)
{
	if (connection->place < 0)
		return;
	SpinLockAcquire(&board->mutex);
	board->rows[connection->place].class = connection->class->number;
	SpinLockRelease(&board->mutex);
}

int64
worker_board_acked(WorkerConnection *connection, bool waits)
{
	Row		   *row;
	int64		acked;

	/* Nobody can acknowledge. */
	if (connection->place < 0)
		return PG_INT64_MAX;
	row = &board->rows[connection->place];
	SpinLockAcquire(&board->mutex);
	acked = row->acked;
	row->is_waited_for = waits;
	SpinLockRelease(&board->mutex);
	return acked;
}

/* ---- the others' side ---- */

/* Attaches the present board of this database; false when there is none. */
static bool
attach(void)
{
	uint32		handle = worker_slot_board(MyDatabaseId);
	ResourceOwner owner = CurrentResourceOwner;

	if (segment != NULL && dsm_segment_handle(segment) == handle)
		return true;
	if (segment != NULL)
		dsm_detach(segment);
	segment = NULL;
	board = NULL;
	if (handle == 0)
		return false;
	/* For the session's life. */
	CurrentResourceOwner = NULL;
	segment = dsm_attach(handle);
	CurrentResourceOwner = owner;
	if (segment == NULL)
		return false;
	board = dsm_segment_address(segment);
	return true;
}

/* Ids are read without the mutex: one that is being written cannot equal another by chance. */
static Row *
find(const uint8 *id)
{
	uint32		home = place_of(board, id);

	for (uint32 i = 0; i <= board->reach; i++)
	{
		Row		   *row = &board->rows[(home + i) & (board->capacity - 1)];

		if (memcmp(row->id, id, sizeof(row->id)) == 0)
			return row;
	}
	return NULL;
}

/* What an emitter that is no more has sent may be acknowledged when the next one has not sent anything yet: that is taken, and of no interest. */
WorkerAck
worker_acknowledge(const char *connection_id, int64 seq, bool as_owner)
{
	uint8		id[16];

	if (!worker_id_parse(connection_id, id))
		return WORKER_ACK_UNKNOWN;
	while (attach())
	{
		Row		   *row = find(id);
		WorkerAck	result = WORKER_ACK_TAKEN;
		bool		wakes = false;
		bool		is_left;
		int			dirty_bit = 0;

		if (row == NULL)
			return WORKER_ACK_UNKNOWN;
		SpinLockAcquire(&board->mutex);
		is_left = board->is_left;
		if (memcmp(row->id, id, sizeof(id)) != 0 ||
			(!as_owner && (row->pid != MyProcPid || row->backend_start != worker_backend_start())))
			result = WORKER_ACK_UNKNOWN;
		else if (seq > row->sent && row->sent > 0)
			result = WORKER_ACK_NEVER_SENT;
		else if (seq > row->acked && row->sent > 0 && !is_left)
		{
			row->acked = seq;
			wakes = row->is_waited_for;
			row->is_waited_for = false;
			dirty_bit = row->dirty_bit;
		}
		SpinLockRelease(&board->mutex);
		if (wakes)
			worker_slot_wake(dirty_bit);
		if (!is_left)
			return result;
		/* The new one's handle follows at once. */
		CHECK_FOR_INTERRUPTS();
	}
	return WORKER_ACK_UNKNOWN;
}

struct WorkerBoard
{
	uint32		capacity;
	uint32		reach;
	Row			rows[FLEXIBLE_ARRAY_MEMBER];
};

WorkerBoard *
worker_board_read(void)
{
	WorkerBoard *copy;

	if (!attach())
		return NULL;
	copy = palloc_extended(offsetof(WorkerBoard, rows) + board->capacity * sizeof(Row), MCXT_ALLOC_HUGE);
	copy->capacity = board->capacity;
	for (uint32 from = 0; from < board->capacity; from += COPY_AT_ONCE)
	{
		SpinLockAcquire(&board->mutex);
		memcpy(&copy->rows[from], &board->rows[from], COPY_AT_ONCE * sizeof(Row));
		copy->reach = board->reach;
		SpinLockRelease(&board->mutex);
	}
	return copy;
}

bool
worker_board_find(const WorkerBoard *copy, const char *connection_id, WorkerStanding *standing)
{
	uint8		id[16];
	uint32		home;

	if (copy == NULL || !worker_id_parse(connection_id, id))
		return false;
	home = home_of(id);
	for (uint32 i = 0; i <= copy->reach; i++)
	{
		const Row  *row = &copy->rows[(home + i) & (copy->capacity - 1)];

		if (memcmp(row->id, id, sizeof(id)) != 0)
			continue;
		*standing = (WorkerStanding) {row->class, row->sent, row->acked, row->acked >= row->sent ? 0 : row->unacked, row->is_behind || row->is_waited_for};
		return true;
	}
	return false;
}
