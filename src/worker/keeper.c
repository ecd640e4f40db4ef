/*
 * keeper.c
 *	  The worker that does what need not be done at once: document by document, for all spaces of a database.
 *
 *		sleep		without a connection to the database, until something is due or somebody wakes it; so the database can be dropped
 *		take		the bits out of its lane (lanes.c): which spaces there is news of
 *		look		mark all that may be to be done for these spaces
 *		step		of each task that is due a part, in a transaction of its own, of one space after the other: none holds up the others for long
 *		leave		when nothing is due; when something will be, its successor sleeps until then
 *
 * What is to be done lies in the spaces' tables, and how far it has been done, too: should this process fail, the next one goes on.  What one space's or document's trouble is
 * stays its own: a task that fails is tried again after a while, others go on.
 *
 * A courier is the same process, which does one thing only: it brings replicas to one foreign server (courier.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "adama.h"
#include "port/pgcompat.h"
#include "worker/internal.h"

#define LOCK_TIMEOUT_MS "100"
#define SLEEP_MIN_MS 10000		/* a shorter wait is not worth another process */
#define LOOK_RETRY_MS 1000
#define NAP_MS 100				/* at most without a look at interrupts */

typedef struct Task
{
	const char *what;
	TimestampTz (*step) (WorkerSpace *known, StoreSpace *space);
} Task;

/* A courier has only the first. */
static const Task tasks[] = {
	{"bring replicas to their targets", worker_courier},
	{"upgrade documents", worker_upgrade},
	{"trim logs", worker_trim},
};
#define N_TASKS lengthof(tasks)
#define TASK_COURIER 0
#define TASK_TRIM 2

typedef struct Known
{
	dlist_node	in_spaces;
	WorkerSpace space;
	TimestampTz due[N_TASKS];	/* 0: when there is news */
	int			attempts[N_TASKS];	/* in vain, one after the other */
	bool		is_there;
} Known;

static dlist_head spaces = DLIST_STATIC_INIT(spaces);
static MemoryContext scratch;
static uint32 wait_event;
static size_t n_tasks = N_TASKS;
static uint64 news = 0;			/* taken, and not looked at yet */
static TimestampTz trims_at = 0;	/* not before: its sleep was interrupted by news of something else */
static TimestampTz look_at = 0; /* not before, after an attempt in vain */
static bool has_looked = false; /* at all spaces */
static bool has_worked = false; /* since it came */
static bool has_stepped;		/* in this round */

/* ---- which spaces there are ---- */

static void
forget(Known *known)
{
	if (known->space.trimmed != NULL)
		pfree(known->space.trimmed);
	if (known->space.trim_error != NULL)
		pfree(known->space.trim_error);
	worker_courier_forget(&known->space);
	dlist_delete(&known->in_spaces);
	pfree(known);
}

static Known *
find_or_make(Oid schema, bool *is_new)
{
	dlist_iter	iter;
	Known	   *known;

	*is_new = false;
	dlist_foreach(iter, &spaces)
	{
		known = dlist_container(Known, in_spaces, iter.cur);
		if (known->space.schema == schema)
			return known;
	}
	*is_new = true;
	known = MemoryContextAllocZero(TopMemoryContext, sizeof(Known));
	known->space.schema = schema;
	dlist_push_tail(&spaces, &known->in_spaces);
	return known;
}

static void
mark_one(Known *known, bool is_new, TimestampTz now)
{
	bool		is_all = is_new || (news & WORKER_LANE_TASKS) != 0;

	known->space.has_changed = true;
	known->space.is_news |= is_all;
	for (size_t i = 0; i < n_tasks && (i == TASK_COURIER || is_all); i++)
	{
		known->due[i] = i == TASK_TRIM ? Max(now, trims_at) : now;
		known->attempts[i] = 0;
	}
}

/* Replicas have changed of spaces that are known; nothing else has happened. */
static void
mark_changed(TimestampTz now)
{
	dlist_iter	iter;

	dlist_foreach(iter, &spaces)
	{
		Known	   *known = dlist_container(Known, in_spaces, iter.cur);

		if ((news & worker_lane_bit(known->space.schema)) != 0)
			mark_one(known, false, now);
	}
	news = 0;
}

static void
mark(List *schemas, TimestampTz now)
{
	dlist_mutable_iter iter;
	ListCell   *cell;

	dlist_foreach_modify(iter, &spaces)
		dlist_container(Known, in_spaces, iter.cur)->is_there = false;
	foreach(cell, schemas)
	{
		bool		is_new;
		Known	   *known = find_or_make(lfirst_oid(cell), &is_new);

		known->is_there = true;
		if (is_new || (news & worker_lane_bit(lfirst_oid(cell))) != 0)
			mark_one(known, is_new, now);
	}
	dlist_foreach_modify(iter, &spaces)
	{
		Known	   *known = dlist_container(Known, in_spaces, iter.cur);

		if (!known->is_there)
			forget(known);
	}
}

/* Ends the process: the extension, and with it all spaces, are gone. */
static void
extension_gone(void)
{
	proc_exit(0);
}

static void
log_error(const char *what, const char *space)
{
	ErrorData  *error;

	MemoryContextSwitchTo(scratch);
	error = CopyErrorData();
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 space != NULL ? errmsg("could not %s of space \"%s\": %s", what, space, error->message) : errmsg("could not %s: %s", what, error->message),
			 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
}

static void
look(TimestampTz now)
{
	PG_TRY();
	{
		if (!worker_transaction_begin())
			extension_gone();
		PushActiveSnapshot(GetTransactionSnapshot());
		mark(store_space_all(), now);
		PopActiveSnapshot();
		worker_transaction_end();
		news = 0;
		trims_at = 0;
		look_at = 0;
		has_looked = true;
	}
	PG_CATCH();
	{
		log_error("find the spaces", NULL);
		worker_transaction_abort();
		look_at = TimestampTzPlusMilliseconds(now, LOOK_RETRY_MS);
	}
	PG_END_TRY();
}

/* ---- what is to be done for them ---- */

static void
step(Known *known, int i)
{
	char		name[NAMEDATALEN] = "?";

	has_stepped = true;
	PG_TRY();
	{
		StoreSpace *space;

		if (!worker_transaction_begin())
			extension_gone();
		PushActiveSnapshot(GetTransactionSnapshot());
		space = store_space_by_schema(known->space.schema);
		known->due[i] = 0;
		if (space != NULL)
		{
			strlcpy(name, NameStr(space->name), sizeof(name));
			known->due[i] = tasks[i].step(&known->space, space);
		}
		if (IsTransactionState())
		{
			PopActiveSnapshot();
			worker_transaction_end();
		}
		known->attempts[i] = 0;
		/* More may follow soon. */
		has_worked |= known->space.rests_until != 0;
	}
	PG_CATCH();
	{
		if (known->attempts[i]++ == 0)
			log_error(tasks[i].what, name);
		worker_transaction_abort();
		known->due[i] = worker_retry_time(known->attempts[i]);
	}
	PG_END_TRY();
	MemoryContextReset(scratch);
}

/* A step of each task that is due; the time when the next one is; 0: nothing is.  *rest: when the first space may be brought something again, of those that rest. */
static TimestampTz
work(TimestampTz *rest)
{
	TimestampTz next = 0;
	dlist_iter	iter;

	*rest = 0;
	dlist_foreach(iter, &spaces)
	{
		Known	   *known = dlist_container(Known, in_spaces, iter.cur);

		for (size_t i = 0; i < n_tasks; i++)
		{
			if (known->due[i] != 0 && known->due[i] <= GetCurrentTimestamp())
			{
				pgstat_report_activity(STATE_RUNNING, tasks[i].what);
				MemoryContextSwitchTo(scratch);
				step(known, i);
				worker_interrupts();
			}
			if (known->due[i] != 0 && (next == 0 || known->due[i] < next))
				next = known->due[i];
		}
		if (known->space.rests_until > GetCurrentTimestamp() && (*rest == 0 || known->space.rests_until < *rest))
			*rest = known->space.rests_until;
	}
	return next;
}

/* ---- the process ---- */

/* Nothing is to be done before `next`; 0: at all. */
static void
leave_if_idle(TimestampTz next, TimestampTz now, TimestampTz idle_since)
{
	if (!TimestampDifferenceExceeds(idle_since, now, has_worked ? adama_emitter_idle_timeout * 1000 : 0))
		return;
	store_pages_settle();
	if (next == 0 ? worker_lane_leave() : TimestampDifferenceExceeds(now, next, SLEEP_MIN_MS) && worker_lane_hand_over(next))
		proc_exit(0);
}

static void
wait_until(TimestampTz when)
{
	long		ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), when);

	if (ms > 0)
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, wait_event);
}

/* Sleeps although the latch may be set. */
static void
nap(TimestampTz until)
{
	TimestampTz left;

	while ((left = until - GetCurrentTimestamp()) > 0)
	{
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Max(Min(left / 1000, NAP_MS), 1), wait_event);
		worker_interrupts();
	}
}

static void
run(void)
{
	TimestampTz idle_since = 0;
	TimestampTz rest = 0;

	for (;;)
	{
		TimestampTz now;
		TimestampTz next;

		/* While its bits stay set, nobody need wake it. */
		nap(rest);
		ResetLatch(MyLatch);
		worker_interrupts();
		news |= worker_lane_take();
		now = GetCurrentTimestamp();
		if (has_looked && (news & WORKER_LANE_TASKS) == 0)
			mark_changed(now);
		else if (news != 0 && now >= look_at)
			look(now);
		has_stepped = false;
		next = work(&rest);
		if (news != 0 && (next == 0 || look_at < next))
			next = look_at;
		now = GetCurrentTimestamp();
		if (next != 0 && next <= TimestampTzPlusMilliseconds(now, 1000))
		{
			has_worked = true;
			idle_since = 0;
		}
		else if (idle_since == 0 || has_stepped)
			idle_since = now;
		pgstat_report_activity(STATE_IDLE, next == 0 ? "nothing is to be done" : "waiting until something is due");
		if (idle_since != 0)
			leave_if_idle(next, now, idle_since);
		if (idle_since != 0 && (next == 0 || next > TimestampTzPlusMilliseconds(idle_since, adama_emitter_idle_timeout * 1000)))
			next = Max(TimestampTzPlusMilliseconds(idle_since, adama_emitter_idle_timeout * 1000), TimestampTzPlusMilliseconds(now, 100));
		wait_until(next);
	}
}

/* Not connected to the database; somebody who has something to do for it ends the sleep. */
static void
sleep_until(TimestampTz when)
{
	worker_process_may_return(true);
	while (!worker_lane_has_news() && GetCurrentTimestamp() < when)
	{
		wait_until(when);
		ResetLatch(MyLatch);
		worker_interrupts();
	}
}

void
adama_main_keeper(Datum database)
{
	WorkerLaneStart start;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	worker_process_begin(worker_lane_release);
	(void) worker_lanes_attach(FATAL);
	/* To tell the emitter which documents change. */
	(void) worker_shared_attach(LOG);
	if (!worker_lane_claim(DatumGetObjectId(database), start.server))
		proc_exit(0);
	wait_event = WaitEventExtensionNew("AdamaKeeper");
	if (start.until != 0)
	{
		sleep_until(start.until);
		news = worker_lane_take();
		if (news != 0 && (news & WORKER_LANE_TASKS) == 0)
			trims_at = start.until;
		news = WORKER_LANE_ALL;
	}
	worker_process_connect(DatumGetObjectId(database), OidIsValid(start.server) ? "adama courier" : "adama keeper", LOCK_TIMEOUT_MS);
	worker_courier_init(start.server);
	if (OidIsValid(start.server))
		n_tasks = TASK_COURIER + 1;
	scratch = AllocSetContextCreate(TopMemoryContext, "adama keeper step", ALLOCSET_DEFAULT_SIZES);
	run();
}
