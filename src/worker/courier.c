/*
 * courier.c
 *	  Bringing replicas to the targets that are not written at once: local tables and queues by the keeper, each foreign server's tables by a courier of its own.
 *
 * The life of a change
 *
 *		written to chat.replica by the message, and, unless it is for a local table and can be found there (store/pages.c), appended to replica_change (store/target.c); its commit wakes the worker (lanes.c)
 *			|
 *		READ	with others of its target, one of each replica, at most 1,000, with the values as of one snapshot (store/delivery.c)
 *			|
 *		BRING	in the order of key and row, in one transaction, which also deletes what was appended
 *			|-- all is well ------------------------------------------------------> DONE
 *			|-- the target refuses a row: in halves, until it is alone -----------> PARKED in the outbox; the rest goes on
 *			|-- the target as a whole is not there, or does not answer -----------> WAITS: everything is rolled back
 *			|-- it takes too long (adama.replication_timeout): rolled back -------> READ, an eighth as many
 *			|		and it is a single replica, of a foreign server --------------> SUSPECT (suspect.c): others are tried; PARKED as slow, or the target WAITS
 *			|		and it is a single replica, of a local table -----------------> PARKED as slow
 *
 *		PARKED	-- its time has come (1 s, 2 s, … 5 min), or the replica has changed ----> READ, with others like it, with the value of then
 *		PARKED as slow	-- its time has come, at least ten times as long as one may take ----> READ, alone; too slow again: PARKED as slow, and nothing else waits
 *						-- the replica has changed: noted, it is tried at most so much later
 *		WAITS	-- 0.1 s, 0.2 s, … 30 s; changes that were appended pile up and are compacted: one of each replica ----> READ
 *
 * How an error is judged.  A lost connection, a server that is full, shut down or too slow, a deadlock, or a table that does not fit say nothing of the row: WAITS.  What is wrong with data (classes 22, 23,
 * what triggers raise) is the row's: PARKED.  With anything else a row is taken to be at fault as long as another one of the same delivery is not refused; else it is the target.
 *
 * One operation is outstanding for a key: a target has one worker, which brings one part after the other.  A delivery that was committed there and not here is made again: it is
 * idempotent, since a row is found by its identity and written only when it is another.
 *
 * Targets take turns: those of one server with its courier, local ones of all spaces with the keeper.  So deliveries are made smaller when they take longer than a second, and a local target that had to be cut off
 * rests as long as it took.
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
#include "worker/suspect.h"

#define TOGETHER_MAX 1000		/* replicas in one delivery */
#define RETRIED_MAX 200			/* of those that were refused */
#define LESS 8					/* times fewer, when they took too long */
#define LONG_MS 1000			/* for one delivery, when others have to wait for it; or a quarter of what it may take */
#define SLOW_REST_FACTOR 10		/* what is parked as slow is tried for a tenth of the time at most */
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
	TURN_RETRY,					/* what was refused */
	TURN_SLOW					/* one that was too slow */
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
	int			n_brought;		/* in the last delivery */
	WorkerDoubt doubt;			/* whether it is rows or the server that is too slow */
	bool		was_slow;		/* something in the last delivery was cut off */
	bool		is_begun;		/* it has been looked at */
	TimestampTz parked_until;	/* then one of these is due; 0: there is none */
	TimestampTz slow_until;		/* then one of those that were too slow is due; 0: there is none */
	TimestampTz slow_rests;		/* but not before this */
	TimestampTz rests_until;	/* nothing before this: others have their turn */
	TimestampTz looked_at;
	TimestampTz compacted_at;
	TimestampTz due;			/* 0: when there is news */
	StorePages *pages;			/* of a target whose changes are found that way; NULL */
	bool		was_found;		/* by the last reading, and brought: when it is committed, */
	bool		was_all;		/* and there was no more */
	bool		owes;			/* something was brought that the registration does not tell yet */
} WorkerRoute;

/* What is being brought, when it is one replica alone; in the memory of errors, for it is asked for when the transaction is gone. */
typedef struct Tried
{
	bool		is_one;
	uint64		hash;
	const char *key;
	int32		row;
	int			attempts;
} Tried;

static Oid	my_server = InvalidOid;
static MemoryContext errors;
static Tried tried;

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

static int
less(int size)
{
	return Max(size / LESS, 1);
}

/* When one that was too slow is tried again. */
static TimestampTz
after_slow(int attempts)
{
	TimestampTz rest = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), (int64) adama_replication_timeout * SLOW_REST_FACTOR);

	return Max(rest, after_ms(PARK_FIRST_MS, PARK_MAX_MS, attempts));
}

static const char *
slow_reason(void)
{
	return psprintf("it was not done within %d ms (adama.replication_timeout), though it was brought alone", adama_replication_timeout);
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
	WorkerRoute *route;
	StoreDelivery *delivery;
	StoreTargetRow *rows;
	int		   *of;				/* which rows of the delivery they are */
	int			n_all;
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
park(StoreDelivery *delivery, int i, const char *reason, bool is_too_slow)
{
	StoreSpace *space = store_space_by_schema(delivery->schema);
	int			attempts = delivery->rows[i].attempts + 1;

	if (space != NULL)
		store_delivery_park(space, delivery, i, reason, is_too_slow ? after_slow(attempts) : after_ms(PARK_FIRST_MS, PARK_MAX_MS, attempts), is_too_slow);
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
	bool		is_too_slow;

	load->from = from;
	load->n = n;
	load->fits = true;
	error = worker_guard(apply, load);
	if (error == NULL)
		return;
	whose = blame(error, load->fits);
	/* Alone, and too slow all the same: others shall not wait behind it.  (Of another server nothing is known.) */
	is_too_slow = error->sqlerrcode == ERRCODE_QUERY_CANCELED && load->n_all == 1 && !OidIsValid(my_server);
	if (is_too_slow)
	{
		whose = BLAME_ROW;
		load->route->was_slow = true;
	}
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
	park(load->delivery, load->of[from], psprintf("%s%s%s", error->message, error->detail != NULL ? ": " : "", error->detail != NULL ? error->detail : ""), is_too_slow);
}

static void
remember_tried(const StoreDelivery *delivery, const Load *load)
{
	const StoreDeliveryRow *row = &delivery->rows[load->of[0]];

	if (load->n_all == 1)
		tried = (Tried) {.is_one = true,.hash = worker_suspect_hash(row),.key = MemoryContextStrdup(errors, row->it.key),.row = row->it.row,.attempts = row->attempts};
}

static void
bring_all(WorkerRoute *route, StoreDelivery *delivery)
{
	Load		load = {route, delivery, palloc_extended(sizeof(StoreTargetRow) * Max(delivery->n, 1), MCXT_ALLOC_HUGE)};

	load.of = palloc_extended(sizeof(int) * Max(delivery->n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < delivery->n; i++)
	{
		if (delivery->rows[i].is_left || delivery->rows[i].is_parked)
			continue;
		load.of[load.n_all] = i;
		load.rows[load.n_all++] = delivery->rows[i].it;
	}
	if (load.n_all == 0)
		return;
	remember_tried(delivery, &load);
	bring(&load, 0, load.n_all);
	if (load.doubtful != NULL && load.n_refused == load.n_all && load.n_all > 1)
		ReThrowError(load.doubtful);
	/* Something got through: for some that were not, that was enough. */
	for (int i = 0; i < delivery->n; i++)
	{
		if (!delivery->rows[i].is_left || !worker_suspect_is_convicted(&route->doubt, &delivery->rows[i]))
			continue;
		delivery->rows[i].is_left = false;
		park(delivery, i, slow_reason(), true);
	}
}

/* What is done is committed without waiting for the disk: should that be lost, it is done again. */
static void
deliver(WorkerRoute *route, StoreDelivery *delivery)
{
	StoreSpace *space = store_space_by_schema(delivery->schema);

	(void) set_config_option("synchronous_commit", "off", PGC_SUSET, PGC_S_OVERRIDE, GUC_ACTION_LOCAL, true, 0, false);
	if (delivery->mode == STORE_TARGET_QUEUE)
		store_delivery_enqueue(space, delivery);
	else
	{
		if (route->turn != TURN_SLOW)
			store_delivery_absorb(space, delivery, after_slow(0));
		bring_all(route, delivery);
	}
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
	if (route->turn == TURN_CHANGES && route->slow_until != 0 && Max(route->slow_until, route->slow_rests) <= now && !worker_suspect_is_open(&route->doubt))
		return TURN_SLOW;
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

/* Reads what it is the turn of; how many are to be brought. */
static int
read_turn(StoreSpace *space, WorkerRoute *route, StoreDelivery *delivery, bool is_due)
{
	/* To find others than those that are suspected. */
	int			n = route->doubt.n > 0 ? WORKER_SUSPECT_AMONG : route->together;

	switch (route->turn)
	{
		case TURN_RETRY:
		case TURN_SLOW:
			store_delivery_retry(space, delivery, route->turn == TURN_SLOW ? 1 : route->retried, route->turn == TURN_SLOW);
			return delivery->n;
		case TURN_FILL:
			store_delivery_fill(space, delivery, n);
			break;
		case TURN_CHANGES:
			store_delivery_read(space, delivery, route->pages, n + route->n_left);
			break;
	}
	return delivery->mode == STORE_TARGET_QUEUE ? delivery->n : worker_suspect_choose(&route->doubt, delivery, route->together, is_due);
}

/* When something is to be done if nothing changes. */
static TimestampTz
when_parked(const WorkerRoute *route)
{
	TimestampTz slow = route->slow_until == 0 ? 0 : Max(route->slow_until, route->slow_rests);

	return route->parked_until == 0 ? slow : slow == 0 ? route->parked_until : Min(slow, route->parked_until);
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
	bool		waits;
	int			n_left;

	if (target == NULL || !store_delivery_begin(space, target, &delivery))
		return 0;
	route->failures = delivery.failures;
	/* Somebody else had begun. */
	for (int i = 0; !route->is_begun && i < route->failures && route->together > 1; i++)
		route->together = less(route->together);
	route->is_begun = true;
	waits = delivery.retry_at > now;
	if (waits)
	{
		bool		asks = worker_suspect_asks(&route->doubt);

		route->was_down = true;
		if (wants_compaction(route, now))
		{
			route->compacted_at = now;
			known->changes.n_gone += store_delivery_compact(space, &delivery, COMPACT_MAX);
			return asks ? now : delivery.retry_at;
		}
		if (!asks)
			return delivery.retry_at;
	}
	space = store_space_by_schema(schema);
	target = space != NULL ? store_target_find(space, route->id) : NULL;
	if (target == NULL)
		return now;
	store_delivery_lock(target);
	if (route->pages == NULL && store_target_is_found(target))
		route->pages = store_pages_new();
	route->turn = next_turn(route, &delivery, now);
	route->n_brought = read_turn(space, route, &delivery, !waits);
	/* Only what was too slow is there, and its time has not come. */
	if (waits && route->n_brought == 0)
		return route->turn == TURN_CHANGES ? delivery.retry_at : now;
	/* What another system is told must have happened here: messages may be committed without waiting for the disk. */
	if (delivery.n > 0 && OidIsValid(my_server))
		flush_what_was_seen();
	if (delivery.n > 0)
		deliver(route, &delivery);
	else if (route->turn == TURN_FILL || (route->turn == TURN_CHANGES && (delivery.failures > 0 || (delivery.brings != NULL && route->owes))))
		store_delivery_end(space, &delivery);
	route->was_down = false;
	n_left = count_left(&delivery);
	route->was_found = delivery.is_found && n_left == 0;
	route->was_all = delivery.brings != NULL;
	if (route->turn == TURN_CHANGES)
	{
		route->n_left = delivery.mode == STORE_TARGET_QUEUE ? n_left : 0;
		known->changes.n_gone += delivery.n_changes;
		known->changes.n_read = (uint32) delivery.n_changes;
		known->changes.n_pages = delivery.n_pages;
	}
	space = store_space_by_schema(schema);
	if (space == NULL)
		return 0;
	route->parked_until = store_delivery_next(space, &delivery, &route->slow_until);
	next = when_parked(route);
	/* After the others, changes have their turn, and then what was suspected. */
	if (delivery.has_more || route->turn != TURN_CHANGES || !delivery.is_filled || n_left > route->n_left)
		return now;
	route->doubt.n = 0;
	if (route->n_left > 0 && (next == 0 || next > TimestampTzPlusMilliseconds(now, HELD_MS)))
		next = TimestampTzPlusMilliseconds(now, HELD_MS);
	return next;
}

/* ---- when it fails ---- */

typedef struct Failure
{
	Oid			schema;
	int			id;
	bool		is_kept;		/* what was tried, and was parked before: only that fails */
	const char *error;
	TimestampTz retry_at;
} Failure;

static void
write_failure(void *arg)
{
	Failure    *failure = arg;
	StoreSpace *space = store_space_by_schema(failure->schema);

	if (space == NULL)
		return;
	if (!failure->is_kept)
	{
		store_delivery_failed(space, failure->id, failure->error, failure->retry_at);
		return;
	}
	store_delivery_postpone(space, failure->id, tried.key, tried.row, failure->error, failure->retry_at);
	space = store_space_by_schema(failure->schema);
	if (space != NULL)
		store_delivery_note(space, failure->id, psprintf("document \"%s\": %s", tried.key, failure->error));
}

/* In a transaction of its own. */
static void
note(Failure *failure)
{
	PG_TRY();
	{
		if (worker_transaction_begin())
		{
			ErrorData  *another;

			/* The table may have triggers. */
			worker_deadline(adama_replication_timeout);
			PushActiveSnapshot(GetTransactionSnapshot());
			another = worker_guard(write_failure, failure);
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
	MemoryContextSwitchTo(errors);
}

/* The target as a whole; when it is to be tried again. */
static TimestampTz
failed(WorkerRoute *route, Oid schema, const ErrorData *error)
{
	Failure		failure = {.schema = schema,.id = route->id,.error = error->message,.retry_at = after_ms(WAIT_FIRST_MS, WAIT_MAX_MS, ++route->failures)};

	if (error->detail != NULL)
		failure.error = psprintf("%s: %s", error->message, error->detail);
	if (!route->was_down)
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("could not bring replicas to a target, and will try again: %s", error->message),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0,
				 error->context != NULL ? errcontext("%s", error->context) : 0));
	route->was_down = true;
	note(&failure);
	if (wants_compaction(route, route->looked_at))
		return route->looked_at;
	return worker_suspect_asks(&route->doubt) ? Min(failure.retry_at, after_ms(WAIT_FIRST_MS, WAIT_FIRST_MS, 1)) : failure.retry_at;
}

/* One that was parked was tried alone, and cut off: whether it was the server, others will show. */
static TimestampTz
postponed(WorkerRoute *route, Oid schema)
{
	Failure		failure = {.schema = schema,.id = route->id,.is_kept = true,.error = slow_reason(),.retry_at = after_slow(tried.attempts + 1)};

	note(&failure);
	route->slow_rests = after_slow(0);
	return GetCurrentTimestamp();
}

/* It was rolled back; when to go on. */
static TimestampTz
broken_off(WorkerRoute *route, Oid schema, const ErrorData *error, bool was_cut)
{
	bool		was_slow = was_cut || error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	bool		is_alone = was_slow && tried.is_one && OidIsValid(my_server);
	bool		is_kept = route->turn == TURN_RETRY || route->turn == TURN_SLOW;

	route->was_slow = was_slow;
	worker_suspect_failed(&route->doubt, was_slow);
	/* Less at a time may do. */
	if (was_slow && is_kept)
		route->retried = less(route->retried);
	else if (was_slow)
		route->together = less(route->together);
	if (is_alone && is_kept)
		return postponed(route, schema);
	if (is_alone)
		worker_suspect_was_slow(&route->doubt, tried.hash);
	return failed(route, schema, error);
}

/* It was committed, and took so long. */
static void
went(WorkerRoute *route, int64 took)
{
	bool		is_kept = route->turn == TURN_RETRY || route->turn == TURN_SLOW;
	int		   *size = is_kept ? &route->retried : &route->together;
	int64		is_long = Min((int64) LONG_MS, adama_replication_timeout / 4) * 1000;

	if (route->n_brought == 0)
		return;
	if (took > is_long)
		*size = Max(Min(*size, route->n_brought) / 2, 1);
	else if (took < is_long / 2)
		*size = Min(*size * 2, is_kept ? RETRIED_MAX : TOGETHER_MAX);
	worker_suspect_went(&route->doubt, tried.is_one ? tried.hash : 0);
	if (route->turn == TURN_SLOW)
		route->slow_rests = route->was_slow ? after_slow(0) : 0;
}

/* ---- all targets ---- */

static void
run(WorkerSpace *known, WorkerRoute *route)
{
	ErrorData  *volatile error = NULL;
	bool		was_cut;
	TimestampTz now;

	route->looked_at = GetCurrentTimestamp();
	route->n_brought = 0;
	route->was_slow = false;
	route->was_found = false;
	tried.is_one = false;
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
			if (route->was_found)
			{
				store_pages_done(route->pages);
				route->owes = !route->was_all;
			}
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
	now = GetCurrentTimestamp();
	if (error == NULL)
		went(route, now - route->looked_at);
	else
	{
		MemoryContextSwitchTo(errors);
		route->due = broken_off(route, known->schema, error, was_cut);
	}
	if (route->was_slow && !OidIsValid(my_server))
		route->rests_until = now + (now - route->looked_at);
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(errors);
}

static WorkerRoute *
find_or_make(WorkerSpace *known, int id)
{
	for (int i = 0; i < known->n_routes; i++)
		if (known->routes[i].id == id)
			return &known->routes[i];
	known->routes = known->routes == NULL ? MemoryContextAlloc(TopMemoryContext, sizeof(WorkerRoute)) :
		repalloc(known->routes, sizeof(WorkerRoute) * (known->n_routes + 1));
	known->routes[known->n_routes] = (WorkerRoute) {.id = id,.together = TOGETHER_MAX,.retried = RETRIED_MAX,.parked_until = GetCurrentTimestamp(),.slow_until = GetCurrentTimestamp(),.due = GetCurrentTimestamp()};
	return &known->routes[known->n_routes++];
}

static void
free_route(WorkerRoute *route)
{
	if (route->pages != NULL)
		store_pages_free(route->pages);
}

void
worker_courier_forget(WorkerSpace *known)
{
	for (int i = 0; i < known->n_routes; i++)
		free_route(&known->routes[i]);
	if (known->routes != NULL)
		pfree(known->routes);
	known->routes = NULL;
	known->n_routes = 0;
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
	{
		known->routes[i].is_there = false;
		/* Somebody may have asked for another try. */
		if (known->is_news)
			known->routes[i].slow_rests = 0;
	}
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
	{
		if (known->routes[i].is_there)
			known->routes[n++] = known->routes[i];
		else
			free_route(&known->routes[i]);
	}
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

		if (route->due != 0)
			route->due = Max(route->due, route->rests_until);
		if (route->due != 0 && route->due <= start)
		{
			run(known, route);
			worker_interrupts();
			has_run = true;
			has_more |= route->due != 0 && route->due <= GetCurrentTimestamp();
		}
		if (route->due != 0 && (next == 0 || Max(route->due, route->rests_until) < next))
			next = Max(route->due, route->rests_until);
	}
	if (known->is_news && (next == 0 || next > TimestampTzPlusMilliseconds(start, TELL_AGAIN_MS)))
		next = TimestampTzPlusMilliseconds(start, TELL_AGAIN_MS);
	worker_vacuum(&known->changes);
	took = GetCurrentTimestamp() - start;
	if (has_run)
		known->rests_until = GetCurrentTimestamp() + Min(has_more ? took * backlog_factor : Max(PAUSE_MIN_MS * 1000, took * PAUSE_FACTOR), PAUSE_MAX_MS * 1000);
	return next == 0 ? 0 : Max(next, known->rests_until);
}
