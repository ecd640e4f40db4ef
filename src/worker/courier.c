/*
 * courier.c
 *	  Bringing replicas to the targets that are not written at once: local tables and queues by the keeper, each foreign server's tables by a courier of its own.
 *
 * The life of a change
 *
 *		appended to replica_change by the message (store/target.c); its commit wakes the worker (lanes.c)
 *			|
 *		READ	with others of its target, one of each replica, at most 1,000, with the values as of one snapshot (store/delivery.c)
 *			|
 *		BRING	in the order of key and row, in one transaction, which also deletes the changes
 *			|-- all is well ------------------------------------------------------> DONE
 *			|-- the target refuses a row: in halves, until it is alone -----------> PARKED in the outbox; the rest goes on
 *			|-- the target as a whole is not there, or does not answer -----------> WAITS: everything is rolled back
 *
 *		PARKED	-- its time has come (1 s, 2 s, … 5 min), or the replica has changed ----> READ, with others like it, with the value of then
 *		WAITS	-- 0.1 s, 0.2 s, … 30 s; changes pile up and are compacted: one of each replica ----> READ
 *
 * How an error is judged.  A lost connection, a server that is full, shut down or too slow, a deadlock, or a table that does not fit say nothing of the row: WAITS.  What is wrong with data (classes 22, 23,
 * what triggers raise) is the row's: PARKED.  With anything else a row is taken to be at fault as long as another one of the same delivery is not refused; else it is the target.
 *
 * One operation is outstanding for a key: a target has one worker, which brings one part after the other.  A delivery that was committed there and not here is made again: it is
 * idempotent, since a row is found by its identity and written only when it is another.
 *
 * While changes keep coming, deliveries pause for several times as long as they took: more of a burst becomes one, and documents keep the processor.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "worker/internal.h"

#define TOGETHER_MAX 1000		/* replicas in one delivery */
#define RETRIED_MAX 200			/* of those that were refused */
#define WAIT_FIRST_MS 100
#define WAIT_MAX_MS 30000
#define PARK_FIRST_MS 1000
#define PARK_MAX_MS 300000
#define HELD_MS 100				/* until rows of a queue are looked at again that consumers hold */
#define COMPACT_AFTER 3			/* attempts in vain */
#define COMPACT_MAX 100000		/* that are taken out at a time */
#define COMPACT_EVERY_MS 5000
#define TELL_AGAIN_MS 10000		/* couriers that could not be started */
#define LOOK_EVERY_MS 500		/* at a target that waits, when there is news: somebody may have asked for another try */
#define PAUSE_FACTOR 4
#define BACKLOG_PAUSE_FACTOR 2	/* while more has been waiting than is brought at once */
#define PAUSE_MIN_MS 50
#define PAUSE_MAX_MS 500

/* What is brought takes turns. */
typedef enum RouteTurn
{
	TURN_CHANGES,
	TURN_FILL,					/* what was published before */
	TURN_RETRY					/* what was refused */
} RouteTurn;

/* A target, as it was last looked at. */
typedef struct WorkerRoute
{
	int			id;
	bool		is_there;
	RouteTurn	turn;			/* the last one */
	bool		was_down;		/* the last attempt; it was logged */
	int			failures;		/* attempts in vain, one after the other */
	int			n_left;			/* replicas whose changes stay, being held by consumers of a queue: others come after them */
	int			together;		/* replicas in one delivery: fewer when they took too long */
	int			retried;		/* the same of those that were refused */
	TimestampTz parked_until;	/* then one of these is due; 0: there is none */
	TimestampTz looked_at;
	TimestampTz compacted_at;
	TimestampTz due;			/* 0: when there is news */
} WorkerRoute;

static Oid	my_server = InvalidOid;
static MemoryContext errors;

void
worker_courier_init(Oid server)
{
	my_server = server;
	errors = AllocSetContextCreate(TopMemoryContext, "adama courier errors", ALLOCSET_SMALL_SIZES);
	if (!OidIsValid(server))
		return;
	worker_line_init();
	/* mysql_fdw writes and reads instants as they are in this zone. */
	SetConfigOption("timezone", "UTC", PGC_SUSET, PGC_S_OVERRIDE);
}

/* From here on the transaction may take so long; 0: it has ended. */
static void
watch(int ms)
{
	if (OidIsValid(my_server))
		worker_line_watch(ms);
	else
		worker_deadline(ms);
}

static TimestampTz
after_ms(int64 first, int64 most, int attempts)
{
	int64		ms = attempts > 20 ? most : Min(first << Max(attempts - 1, 0), most);

	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

/* ---- how an error is judged ---- */

typedef enum Blame
{
	BLAME_ROW,
	BLAME_TARGET,
	BLAME_EITHER
} Blame;

static bool
says(const ErrorData *error, const char *what)
{
	return error->message != NULL && strstr(error->message, what) != NULL;
}

/* Errors of foreign data wrappers have few codes; what mysql_fdw means is in the text. */
static Blame
blame_of_wrapper(const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION || says(error, "Lost connection") || says(error, "server has gone away") ||
		says(error, "Server shutdown in progress") || says(error, "Connection was killed") || says(error, "Too many connections") || says(error, "Lock wait timeout") ||
		says(error, "Deadlock found"))
		return BLAME_TARGET;
	return BLAME_EITHER;
}

/* fits: nothing was known to be wrong with the target when it was begun. */
static Blame
blame(const ErrorData *error, bool fits)
{
	/* What comes of a line that was cut says nothing of the row. */
	if (OidIsValid(my_server) && worker_line_was_cut())
		return BLAME_TARGET;
	/* Somebody holds the row, or the table. */
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		return BLAME_EITHER;
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case MAKE_SQLSTATE('2', '2', '0', '0', '0'):	/* data */
		case MAKE_SQLSTATE('2', '3', '0', '0', '0'):	/* constraints */
		case MAKE_SQLSTATE('P', '0', '0', '0', '0'):	/* raised by a trigger */
			return BLAME_ROW;
		case MAKE_SQLSTATE('0', '8', '0', '0', '0'):	/* the connection */
		case MAKE_SQLSTATE('2', '8', '0', '0', '0'):	/* who we are there */
		case MAKE_SQLSTATE('3', 'D', '0', '0', '0'):	/* its database */
		case MAKE_SQLSTATE('4', '0', '0', '0', '0'):	/* rolled back for others' sake */
		case MAKE_SQLSTATE('5', '3', '0', '0', '0'):	/* lack of resources */
		case MAKE_SQLSTATE('5', '7', '0', '0', '0'):	/* shut down, cancelled, too slow */
			return BLAME_TARGET;
		case MAKE_SQLSTATE('5', '5', '0', '0', '0'):	/* it is gone, or not as it was (store_target_apply); or a trigger says so of something */
			return fits ? BLAME_EITHER : BLAME_TARGET;
		case MAKE_SQLSTATE('H', 'V', '0', '0', '0'):
			return blame_of_wrapper(error);
		default:
			return BLAME_EITHER;
	}
}

/* ---- bringing ---- */

typedef struct Load
{
	StoreDelivery *delivery;
	StoreTargetRow *rows;
	int			from;
	int			n;
	int			n_refused;
	bool		fits;			/* the target did when the last ones were begun */
	ErrorData  *doubtful;		/* of one that was refused, for what may be the target's fault */
} Load;

static void
apply(void *arg)
{
	Load	   *load = arg;
	StoreSpace *space = store_space_by_schema(load->delivery->schema);
	StoreTarget *target = space != NULL ? store_target_find(space, load->delivery->id) : NULL;

	if (target == NULL)
		return;
	load->fits = store_target_problem(space, target) == NULL;
	store_target_apply(space, target, &load->rows[load->from], load->n);
}

static void
park(Load *load, int i, const ErrorData *error)
{
	StoreDelivery *delivery = load->delivery;
	StoreSpace *space = store_space_by_schema(delivery->schema);
	char	   *reason = psprintf("%s%s%s", error->message, error->detail != NULL ? ": " : "", error->detail != NULL ? error->detail : "");

	if (space != NULL)
		store_delivery_park(space, delivery, i, reason, after_ms(PARK_FIRST_MS, PARK_MAX_MS, delivery->rows[i].attempts + 1));
	space = store_space_by_schema(delivery->schema);
	if (space != NULL)
		store_delivery_note(space, delivery->id, psprintf("document \"%s\": %s", delivery->rows[i].it.key, reason));
}

/* Brings some; what is refused is divided until it is alone.  Raises what is not a row's fault. */
static void
bring(Load *load, int from, int n)
{
	ErrorData  *error;
	Blame		whose;

	load->from = from;
	load->n = n;
	load->fits = true;
	error = worker_guard(apply, load);
	if (error == NULL)
		return;
	whose = blame(error, load->fits);
	/* Alone, and too slow all the same: others shall not wait behind it.  (Of a line that was cut nothing is known.) */
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && load->delivery->n == 1 && !OidIsValid(my_server))
		whose = BLAME_ROW;
	if (whose == BLAME_TARGET)
		ReThrowError(error);
	if (n > 1)
	{
		FreeErrorData(error);
		bring(load, from, n / 2);
		bring(load, from + n / 2, n - n / 2);
		return;
	}
	load->n_refused++;
	if (whose == BLAME_EITHER && load->doubtful == NULL)
		load->doubtful = error;
	park(load, from, error);
}

static void
bring_all(StoreDelivery *delivery)
{
	Load		load = {delivery, palloc_extended(sizeof(StoreTargetRow) * Max(delivery->n, 1), MCXT_ALLOC_HUGE)};

	for (int i = 0; i < delivery->n; i++)
		load.rows[i] = delivery->rows[i].it;
	bring(&load, 0, delivery->n);
	if (load.doubtful != NULL && load.n_refused == delivery->n && delivery->n > 1)
		ReThrowError(load.doubtful);
}

/* What is done is committed without waiting for the disk: should that be lost, it is done again. */
static void
deliver(StoreDelivery *delivery)
{
	StoreSpace *space;

	(void) set_config_option("synchronous_commit", "off", PGC_SUSET, PGC_S_OVERRIDE, GUC_ACTION_LOCAL, true, 0, false);
	if (delivery->mode == STORE_TARGET_QUEUE)
		store_delivery_enqueue(store_space_by_schema(delivery->schema), delivery);
	else
		bring_all(delivery);
	/* Triggers may have run. */
	space = store_space_by_schema(delivery->schema);
	if (space != NULL)
		store_delivery_end(space, delivery);
}

static int
count_left(const StoreDelivery *delivery)
{
	int			n = 0;

	for (int i = 0; i < delivery->n; i++)
		n += delivery->rows[i].is_left;
	return n;
}

/*
 * Everything that has been seen is on disk then.  Just behind the head of a page nothing has been inserted, and waiting for that would be in vain: what there is ends before the head.
 */
static void
flush_what_was_seen(void)
{
	XLogRecPtr	end = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(end, wal_segment_size) == SizeOfXLogLongPHD)
		end -= SizeOfXLogLongPHD;
	else if (end % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		end -= SizeOfXLogShortPHD;
	XLogFlush(end);
}

static RouteTurn
next_turn(const WorkerRoute *route, const StoreDelivery *delivery, TimestampTz now)
{
	if (route->turn == TURN_CHANGES && route->parked_until != 0 && route->parked_until <= now)
		return TURN_RETRY;
	if (route->turn != TURN_FILL && !delivery->is_filled)
		return TURN_FILL;
	return TURN_CHANGES;
}

/* It waits, and that has lasted. */
static bool
wants_compaction(const WorkerRoute *route, TimestampTz now)
{
	return route->failures >= COMPACT_AFTER && TimestampDifferenceExceeds(route->compacted_at, now, COMPACT_EVERY_MS);
}

/* One part for the target, in a transaction that has begun; when to go on. */
static TimestampTz
step(WorkerSpace *known, WorkerRoute *route)
{
	Oid			schema = known->schema;
	TimestampTz now = GetCurrentTimestamp();
	StoreSpace *space = store_space_by_schema(schema);
	StoreTarget *target = space != NULL ? store_target_find(space, route->id) : NULL;
	StoreDelivery delivery;
	TimestampTz next;

	if (target == NULL || !store_delivery_begin(space, target, &delivery))
		return 0;
	route->failures = delivery.failures;
	if (delivery.retry_at > now)
	{
		route->was_down = true;
		if (wants_compaction(route, now))
		{
			route->compacted_at = now;
			known->changes.n_gone += store_delivery_compact(space, &delivery, COMPACT_MAX);
		}
		return delivery.retry_at;
	}
	space = store_space_by_schema(schema);
	target = space != NULL ? store_target_find(space, route->id) : NULL;
	if (target == NULL)
		return now;
	store_delivery_lock(target);
	route->turn = next_turn(route, &delivery, now);
	if (route->turn == TURN_FILL)
		store_delivery_fill(space, &delivery, route->together);
	else if (route->turn == TURN_RETRY)
		store_delivery_retry(space, &delivery, route->retried);
	else
		store_delivery_read(space, &delivery, route->together + route->n_left);
	/* What another system is told must have happened here: messages may be committed without waiting for the disk. */
	if (delivery.n > 0 && OidIsValid(my_server))
		flush_what_was_seen();
	if (delivery.n > 0)
		deliver(&delivery);
	else if (route->turn == TURN_FILL || delivery.failures > 0)
		store_delivery_end(space, &delivery);
	route->was_down = false;
	if (route->turn == TURN_RETRY)
		route->retried = Min(route->retried * 2, RETRIED_MAX);
	else
		route->together = Min(route->together * 2, TOGETHER_MAX);
	if (route->turn == TURN_CHANGES)
	{
		route->n_left = count_left(&delivery);
		known->changes.n_gone += delivery.n_changes;
		known->changes.n_read = (uint32) delivery.n_changes;
		known->changes.n_pages = delivery.n_pages;
	}
	space = store_space_by_schema(schema);
	if (space == NULL)
		return 0;
	next = route->parked_until = store_delivery_next(space, &delivery);
	/* After the others, changes have their turn. */
	if (delivery.has_more || route->turn != TURN_CHANGES || !delivery.is_filled)
		return now;
	if (route->n_left > 0 && (next == 0 || next > TimestampTzPlusMilliseconds(now, HELD_MS)))
		next = TimestampTzPlusMilliseconds(now, HELD_MS);
	return next;
}

/* ---- when it fails as a whole ---- */

typedef struct Failure
{
	Oid			schema;
	int			id;
	const char *error;
	TimestampTz retry_at;
} Failure;

static void
write_failure(void *arg)
{
	Failure    *failure = arg;
	StoreSpace *space = store_space_by_schema(failure->schema);

	if (space != NULL)
		store_delivery_failed(space, failure->id, failure->error, failure->retry_at);
}

/* Notes it, in a transaction of its own; when it is to be tried again. */
static TimestampTz
failed(WorkerRoute *route, Oid schema, const ErrorData *error)
{
	Failure		failure = {schema, route->id, error->message, after_ms(WAIT_FIRST_MS, WAIT_MAX_MS, ++route->failures)};

	if (error->detail != NULL)
		failure.error = psprintf("%s: %s", error->message, error->detail);
	if (!route->was_down)
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("could not bring replicas to a target, and will try again: %s", error->message),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0,
				 error->context != NULL ? errcontext("%s", error->context) : 0));
	route->was_down = true;
	PG_TRY();
	{
		if (worker_transaction_begin())
		{
			ErrorData  *another;

			/* The table may have triggers. */
			worker_deadline(adama_replication_timeout);
			PushActiveSnapshot(GetTransactionSnapshot());
			another = worker_guard(write_failure, &failure);
			if (another != NULL)
				FreeErrorData(another);
			PopActiveSnapshot();
			worker_transaction_end();
			worker_deadline(0);
		}
	}
	PG_CATCH();
	{
		worker_transaction_abort();
	}
	PG_END_TRY();
	return failure.retry_at;
}

/* ---- all targets ---- */

static void
run(WorkerSpace *known, WorkerRoute *route)
{
	ErrorData  *volatile error = NULL;
	bool		was_cut;

	route->looked_at = GetCurrentTimestamp();
	PG_TRY();
	{
		watch(adama_replication_timeout);
		if (worker_transaction_begin())
		{
			TimestampTz due;

			PushActiveSnapshot(GetTransactionSnapshot());
			due = step(known, route);
			PopActiveSnapshot();
			worker_transaction_end();
			route->due = due;
		}
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(errors);
		error = CopyErrorData();
		worker_transaction_abort();
	}
	PG_END_TRY();
	was_cut = OidIsValid(my_server) && worker_line_was_cut();
	watch(0);
	if (error != NULL)
	{
		MemoryContextSwitchTo(errors);
		/* Broken off: less at a time may do. */
		if (was_cut || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		{
			int		   *size = route->turn == TURN_RETRY ? &route->retried : &route->together;

			*size = Max(*size / 4, 1);
		}
		route->due = failed(route, known->schema, error);
		if (wants_compaction(route, route->looked_at))
			route->due = route->looked_at;
		MemoryContextSwitchTo(TopMemoryContext);
		MemoryContextReset(errors);
	}
}

static WorkerRoute *
find_or_make(WorkerSpace *known, int id)
{
	for (int i = 0; i < known->n_routes; i++)
		if (known->routes[i].id == id)
			return &known->routes[i];
	known->routes = known->routes == NULL ? MemoryContextAlloc(TopMemoryContext, sizeof(WorkerRoute)) :
		repalloc(known->routes, sizeof(WorkerRoute) * (known->n_routes + 1));
	known->routes[known->n_routes] = (WorkerRoute) {.id = id,.together = TOGETHER_MAX,.retried = RETRIED_MAX,.parked_until = GetCurrentTimestamp(),.due = GetCurrentTimestamp()};
	return &known->routes[known->n_routes++];
}

/* Which targets there are, and which of them are ours.  Couriers of other servers are told by the keeper after a start, or when there are new ones. */
static void
find_routes(WorkerSpace *known, StoreSpace *space)
{
	ListCell   *cell;
	bool		is_told = true;
	int			n = 0;

	if (known->is_news && !OidIsValid(my_server))
	{
		store_deliveries_tidy(space);
		space = store_space_by_schema(known->schema);
		if (space == NULL)
			return;
	}

	for (int i = 0; i < known->n_routes; i++)
		known->routes[i].is_there = false;
	foreach(cell, store_targets_of(space))
	{
		const StoreTarget *target = lfirst(cell);

		if (target->mode == STORE_TARGET_SYNC)
			continue;
		if (target->server == my_server)
			find_or_make(known, target->id)->is_there = true;
		else if (!OidIsValid(my_server) && known->is_news)
			is_told &= worker_lane_tell(target->server, worker_lane_bit(known->schema) | WORKER_LANE_TASKS);
	}
	for (int i = 0; i < known->n_routes; i++)
		if (known->routes[i].is_there)
			known->routes[n++] = known->routes[i];
	known->n_routes = n;
	known->is_news = !is_told;
}

/* Of changes it is known only that there are some in this space. */
static void
follow_news(WorkerSpace *known, TimestampTz now)
{
	for (int i = 0; i < known->n_routes; i++)
	{
		WorkerRoute *route = &known->routes[i];
		TimestampTz then = route->was_down ? Max(now, TimestampTzPlusMilliseconds(route->looked_at, LOOK_EVERY_MS)) : now;

		if (route->due == 0 || route->due > then)
			route->due = then;
	}
	known->has_changed = false;
}

TimestampTz
worker_courier(WorkerSpace *known, StoreSpace *space)
{
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz next = 0;
	TimestampTz took;
	/* A courier waits for its server most of the time; the keeper works. */
	int			backlog_factor = OidIsValid(my_server) ? 0 : BACKLOG_PAUSE_FACTOR;
	bool		has_more = false;
	bool		has_run = false;

	if (start < known->rests_until)
		return known->rests_until;
	known->changes.table = space->replica_change;
	find_routes(known, space);
	PopActiveSnapshot();
	worker_transaction_end();
	if (known->has_changed)
		follow_news(known, start);
	for (int i = 0; i < known->n_routes; i++)
	{
		WorkerRoute *route = &known->routes[i];

		if (route->due != 0 && route->due <= start)
		{
			run(known, route);
			worker_interrupts();
			has_run = true;
			has_more |= route->due != 0 && route->due <= GetCurrentTimestamp();
		}
		if (route->due != 0 && (next == 0 || route->due < next))
			next = route->due;
	}
	if (known->is_news && (next == 0 || next > TimestampTzPlusMilliseconds(start, TELL_AGAIN_MS)))
		next = TimestampTzPlusMilliseconds(start, TELL_AGAIN_MS);
	worker_vacuum(&known->changes);
	took = GetCurrentTimestamp() - start;
	if (has_run)
		known->rests_until = GetCurrentTimestamp() + Min(has_more ? took * backlog_factor : Max(PAUSE_MIN_MS * 1000, took * PAUSE_FACTOR), PAUSE_MAX_MS * 1000);
	return next == 0 ? 0 : Max(next, known->rests_until);
}
