/*
 * emitter.c
 *	  The worker that tells the viewers of a database's documents what has changed.
 *
 *		wait		for the latch that committing writers set, or for the next second
 *		take		the dirty bits and the news out of the shared memory (shared.c)
 *		turn		in one transaction: follow the connections (watch.c); look at the documents that are due, and notify (deliver.c)
 *		reap		remove connections whose backend or document is gone (reap.c)
 *		pause		as long as the work took, when there is more of it already; longer when that goes on
 *
 * An idle emitter acts at once.  A busy one uses a part of one processor: while it pauses, writers go on, and the next turn finds what they all did; so the
 * busier the documents, the coarser the deltas.  During the pause its latch stays set, so that writers need not wake it.
 *
 * A turn that fails as a whole is tried again after a while; nothing that was taken is lost, since it has become part of the picture (documents
 * that are due, news to be read).  Should this process fail, the postmaster starts it again, and everybody gets a whole view.
 *
 * It leaves when nobody has been watching for adama.emitter_idle_timeout, so that the database can be dropped; when the extension is gone, or is
 * another version (process.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "adama.h"
#include "port/pgcompat.h"
#include "worker/internal.h"

#define TICK_MS 1000			/* between looks at backends and spaces */
#define LOCK_TIMEOUT_MS "100"	/* nobody's lock shall hold up all the others' notifications */
#define REAP_BUDGET_US 20000
#define QUEUE_POLL_MS 100		/* while nothing may be sent */
#define RUSH_MAX 3				/* pauses become at most 2^3 times as long as the work */
#define NAP_MS 100				/* at most without a look at interrupts */
#define SCAN_ATTEMPTS_MAX 8		/* then connections that can't be read do not keep the emitter here */
#define PENDING_MAX 1024		/* news; more are worth a scan */

static uint32 wait_event;

/* What has been taken but not been followed yet. */
static bool has_to_scan = true; /* all connections are to be read, */
static TimestampTz scan_at = 0; /* not before this time, after attempts in vain */
static int	scan_attempts = 0;
static WorkerNews pending[PENDING_MAX];
static int	n_pending = 0;

static int	failures = 0;		/* of turns, one after the other */
static TimestampTz not_before = 0;	/* after a failure */

/* ---- a turn ---- */

static void
take_changes(void)
{
	WorkerChanges changes;

	worker_slot_take(&changes);
	worker_watch_dirty(changes.dirty);
	if (changes.has_overflown || n_pending + changes.n_news > PENDING_MAX)
	{
		/* Backends that ended will be found missing. */
		has_to_scan = true;
		scan_attempts = 0;
		scan_at = 0;
		n_pending = 0;
	}
	else
	{
		memcpy(&pending[n_pending], changes.news, changes.n_news * sizeof(WorkerNews));
		n_pending += changes.n_news;
	}
}

static bool
scan_is_due(TimestampTz now)
{
	return has_to_scan && now >= scan_at;
}

/* Ends the process: the extension, and with it all spaces, are gone. */
static void
extension_gone(void)
{
	StartTransactionCommand();
	worker_watch_close_all();
	CommitTransactionCommand();
	proc_exit(0);
}

static void
follow_connections(TimestampTz now, bool is_tick)
{
	bool		scans = scan_is_due(now);

	if (scans)
		has_to_scan = !worker_watch_scan();
	else if (n_pending > 0 && !worker_watch_news(pending, n_pending))
		has_to_scan = true;
	n_pending = 0;
	if (has_to_scan && (scans || scan_at < now))
		scan_at = worker_retry_time(++scan_attempts);
	if (!has_to_scan)
		scan_attempts = 0;
	if (is_tick || scans)
		worker_watch_backends();
	if (is_tick)
		worker_watch_spaces();
}

/* Transactions until nothing is due, or nothing may be sent. */
static void
run_turn(TimestampTz now, bool is_tick)
{
	bool		is_first = true;
	instr_time	start;

	do
	{
		INSTR_TIME_SET_CURRENT(start);
		if (!worker_transaction_begin())
			extension_gone();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (is_first)
			follow_connections(now, is_tick);
		is_first = false;
		worker_stats_stage(&worker_stats.follow_us, &start);
		worker_stats.turns += worker_deliver_is_due();
		if (!worker_flow_is_stopped())
			worker_deliver();
		INSTR_TIME_SET_CURRENT(start);
		PopActiveSnapshot();
		worker_transaction_end();
		worker_stats_stage(&worker_stats.commit_us, &start);
		worker_deliver_committed();
	} while (worker_deliver_is_due() && !worker_flow_is_stopped());
}

/* False when it failed: then what was due still is. */
static void
turn(TimestampTz now, bool is_tick)
{
	PG_TRY();
	{
		run_turn(now, is_tick);
		failures = 0;
	}
	PG_CATCH();
	{
		failures++;
		if (failures == 1)
			EmitErrorReport();
		worker_transaction_abort();
		worker_deliver_aborted();
		not_before = worker_retry_time(failures);
	}
	PG_END_TRY();
}

/* ---- time ---- */

static long
milliseconds_until(TimestampTz when)
{
	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), when);
}

/* Sleeps although the latch may be set.  False when the time has come already. */
static bool
nap(TimestampTz until)
{
	TimestampTz left;
	bool		has_slept = false;

	while ((left = until - GetCurrentTimestamp()) > 0)
	{
		has_slept = true;
		if (left < 1000)
			pg_usleep(left);
		else
			(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(left / 1000, NAP_MS), wait_event);
		worker_interrupts();
	}
	return has_slept;
}

/*
 * How long to gather changes after work of this many µs.  As long as changes are there already whenever a pause ends, pauses become longer in relation
 * to the work: a turn costs all listeners something, however little it tells.
 */
static int64
pause_after(int64 work, int rush)
{
	int64		pause = Min(work << Min(rush, RUSH_MAX), (int64) adama_emitter_max_delay * 1000);

	return Max(pause, worker_flow_pause() * 1000);
}

static void
earliest(TimestampTz *when, TimestampTz other)
{
	if (other != 0 && other < *when)
		*when = other;
}

static void
report_state(void)
{
	char		activity[150];

	snprintf(activity, sizeof(activity), "%s: %d connections to %d documents", worker_deliver_is_due() ? "waiting for the notification queue to empty" : "watching",
			 worker_watch_n_connections(), worker_watch_n_documents());
	pgstat_report_activity(STATE_IDLE, activity);
}

/* ---- the process ---- */

static void
leave_if_idle(TimestampTz now)
{
	static TimestampTz idle_since = 0;

	if (worker_watch_n_connections() > 0 || !worker_reap_is_done() || worker_deliver_is_due() ||
		(has_to_scan && scan_attempts < SCAN_ATTEMPTS_MAX))
	{
		idle_since = 0;
		return;
	}
	if (idle_since == 0)
		idle_since = now;
	if (TimestampDifferenceExceeds(idle_since, now, adama_emitter_idle_timeout * 1000) && worker_slot_leave())
		proc_exit(0);
}

static void
run(void)
{
	TimestampTz tick = 0;
	TimestampTz reap = 0;
	int			rush = 0;		/* turns, one after the other, after which there was more to do already */

	for (;;)
	{
		TimestampTz now;
		TimestampTz wake;
		TimestampTz resume;
		TimestampTz retry;
		instr_time	start;
		bool		is_tick;

		ResetLatch(MyLatch);
		worker_interrupts();
		take_changes();
		now = GetCurrentTimestamp();
		resume = now;
		retry = worker_deliver_retry(now);
		is_tick = now >= tick;
		if (now >= not_before && (is_tick || scan_is_due(now) || n_pending > 0 || (worker_deliver_is_due() && !worker_flow_is_stopped())))
		{
			pgstat_report_activity(STATE_RUNNING, "notifying of changes");
			turn(now, is_tick);
			if (is_tick)
				tick = TimestampTzPlusMilliseconds(now, TICK_MS);
			reap = now;
		}
		if (!worker_reap_is_done() && reap <= now)
		{
			pgstat_report_activity(STATE_RUNNING, "removing connections");
			INSTR_TIME_SET_CURRENT(start);
			reap = worker_reap(REAP_BUDGET_US);
			worker_stats_stage(&worker_stats.reap_us, &start);
		}
		report_state();
		worker_stats_publish();
		leave_if_idle(now);

		resume = GetCurrentTimestamp();
		resume += pause_after(resume - now, rush);
		wake = tick;
		earliest(&wake, retry);
		earliest(&wake, has_to_scan ? scan_at : 0);
		earliest(&wake, worker_reap_is_done() ? 0 : reap);
		if (worker_deliver_is_due())
			earliest(&wake, TimestampTzPlusMilliseconds(now, QUEUE_POLL_MS));
		if (not_before > now)
			wake = resume = not_before;
		rush++;
		if ((WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds_until(wake), wait_event) & WL_LATCH_SET) == 0 ||
			!nap(resume))
			rush = 0;
	}
}

void
adama_main_emitter(Datum database)
{
	worker_process_begin(worker_slot_release);
	(void) worker_shared_attach(FATAL);
	if (!worker_slot_claim(DatumGetObjectId(database)))
		proc_exit(0);
	worker_process_connect(DatumGetObjectId(database), "adama emitter", LOCK_TIMEOUT_MS);
	/* What is notified was durable before. */
	SetConfigOption("synchronous_commit", "off", PGC_SUSET, PGC_S_OVERRIDE);
	wait_event = WaitEventExtensionNew("AdamaEmitter");
	worker_watch_init();
	run();
}
