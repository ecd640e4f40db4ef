/*
 * process.c
 *	  What the background workers of a database have in common: coming, going, and their transactions.
 *
 * A worker takes its seat in the shared memory (seat.c), connects to its database, works, and leaves when there is nothing to do, so that the database can be dropped.
 * It goes as well when the extension is gone; and, to be started anew with the new library, when the extension's version has changed.  Each transaction holds a lock
 * on the extension, so that it is not dropped meanwhile.
 *
 * Should it fail, the postmaster starts it again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"

#include "worker/internal.h"

static void (*release_seat) (bool will_return);
static bool may_return = false; /* the database is there, as far as is known */
static char started_version[NAMEDATALEN] = "";

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
	worker_deadline(0);
	AbortOutOfAnyTransaction();
	MemoryContextSwitchTo(TopMemoryContext);
	FlushErrorState();
	RESUME_INTERRUPTS();
}

void
worker_deadline(int ms)
{
	if (ms > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, ms);
	else if (get_timeout_active(STATEMENT_TIMEOUT))
		disable_timeout(STATEMENT_TIMEOUT, false);
}

/* ---- coming and going ---- */

void
worker_interrupts(void)
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

/* Before the shared memory is left. */
static void
at_exit(int code, Datum arg)
{
	release_seat(code != 0 && may_return);
}

/*
 * A database that can't be connected to has most likely been dropped: DROP DATABASE … WITH (FORCE) ends this process with a code that makes the
 * postmaster start it again.  Exiting with 0 makes it forget.
 */
static void
stay_away(int code, Datum arg)
{
	if (code != 0 && !may_return)
		proc_exit(0);
}

void
worker_process_begin(void (*release) (bool will_return))
{
	release_seat = release;
	store_targets_appended = worker_replicas_changed;
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	on_proc_exit(stay_away, (Datum) 0);
	before_shmem_exit(at_exit, (Datum) 0);
}

void
worker_process_may_return(bool may)
{
	may_return = may;
}

static void
set(const char *name, const char *value)
{
	SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

void
worker_process_connect(Oid database, const char *name, const char *lock_timeout)
{
	may_return = false;
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	may_return = true;

	/* Whatever the database's defaults are. */
	set("default_transaction_isolation", "read committed");
	set("default_transaction_read_only", "off");
	set("default_transaction_deferrable", "off");
	set("lock_timeout", lock_timeout);
	set("search_path", "pg_catalog, pg_temp");
	set("application_name", name);
}
