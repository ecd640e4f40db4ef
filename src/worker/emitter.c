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
 * It leaves when nobody has been watching for adama.emitter_idle_timeout, so that the database can be dropped; when the extension is gone; and, to be started anew
 * with the new library, when the extension's version has changed.  Each transaction holds a lock on the extension, so that it is not dropped meanwhile.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
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

static bool is_connected = false;	/* to the database */
static char started_version[NAMEDATALEN] = "";
static uint32 wait_event;

/* What has been taken but not been followed yet. */
static bool has_to_scan = true; /* all connections are to be read, */
static TimestampTz scan_at = 0; /* not before this time, after attempts in vain */
static int	scan_attempts = 0;
static WorkerNews pending[PENDING_MAX];
static int	n_pending = 0;

static int	failures = 0;		/* of turns, one after the other */
static TimestampTz not_before = 0;	/* after a failure */

/* ---- transactions ---- */

bool
worker_transaction_begin(void)
{
	char		version[NAMEDATALEN];

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (!store_extension_lock(version))
	{
		CommitTransactionCommand();
		return false;
	}
	if (started_version[0] == '\0')
		strlcpy(started_version, version, sizeof(started_version));
	else if (strcmp(version, started_version) != 0)
	{
		CommitTransactionCommand();
		ereport(LOG, (errmsg("starting anew since extension \"adama\" has become version %s", version)));
		proc_exit(1);
	}
	return true;
}

void
worker_transaction_end(void)
{
	CommitTransactionCommand();
	pgstat_report_stat(false);
}

/* In a PG_CATCH, after the error was copied or reported. */
void
worker_transaction_abort(void)
{
	HOLD_INTERRUPTS();
	AbortOutOfAnyTransaction();
	MemoryContextSwitchTo(TopMemoryContext);
	FlushErrorState();
	RESUME_INTERRUPTS();
}

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

static void
interrupts(void)
{
	/* A cancel that came when nothing was being done has nothing to cancel. */
	QueryCancelPending = false;
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

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
		interrupts();
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
		interrupts();
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

/* Before the shared memory is left. */
static void
at_exit(int code, Datum arg)
{
	worker_slot_release(code != 0 && is_connected);
}

/*
 * A database that can't be connected to has most likely been dropped: DROP DATABASE … WITH (FORCE) ends this process with a code that makes the
 * postmaster start it again.  Exiting with 0 makes it forget.
 */
static void
stay_away(int code, Datum arg)
{
	if (code != 0 && !is_connected)
		proc_exit(0);
}

static void
set(const char *name, const char *value)
{
	SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

void
adama_main_emitter(Datum database)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	on_proc_exit(stay_away, (Datum) 0);
	before_shmem_exit(at_exit, (Datum) 0);
	(void) worker_shared_attach(FATAL);
	if (!worker_slot_claim(DatumGetObjectId(database)))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	is_connected = true;

	/* Whatever the database's defaults are.  What is notified was durable before. */
	set("synchronous_commit", "off");
	set("default_transaction_isolation", "read committed");
	set("default_transaction_read_only", "off");
	set("default_transaction_deferrable", "off");
	set("lock_timeout", LOCK_TIMEOUT_MS);
	set("search_path", "pg_catalog, pg_temp");
	set("application_name", "adama emitter");

	wait_event = WaitEventExtensionNew("AdamaEmitter");
	worker_watch_init();
	run();
}
