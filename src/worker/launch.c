/*
 * launch.c
 *	  Starting the workers of a database.
 *
 * Nobody but those who use adama can start them: a dynamic worker does not outlive the server.  The emitter is started
 *
 *		by a connect		before it commits, so that a lack of workers is an error of the connect; and once more
 *							at commit (shared.c) if the emitter that was started has left meanwhile, having found nobody
 *		by the first use	of adama in a database after a server start: connections of the past are to be cleared away
 *
 * and those who work in the background by whoever gives them work, at commit (lanes.c), and by the first use, for what was left undone.
 *
 * The postmaster starts it again a second after it failed, and right after a crash of the server.  It is forgotten when it exits with 0.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define RESTART_SECONDS 1
#define ENSURE_INTERVAL_MS 10000	/* between attempts of one backend to start what could not be started */

/* With neither a handle nor an invalid setting, this raises nothing: it may be called at commit. */
static bool
launch(const char *type, const char *function, const WorkerLaneStart *start)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	worker.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId);
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "adama");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "%s", function);
	snprintf(worker.bgw_type, BGW_MAXLEN, "%s", type);
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for database %u", type, MyDatabaseId);
	if (start != NULL)
		memcpy(worker.bgw_extra, start, sizeof(*start));
	StaticAssertStmt(sizeof(*start) <= BGW_EXTRALEN, "what a lane is told must fit");
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

bool
worker_launch(void)
{
	return launch("adama emitter", "adama_main_emitter", NULL);
}

bool
worker_launch_lane(const WorkerLaneStart *start)
{
	return launch(OidIsValid(start->server) ? "adama courier" : "adama keeper", "adama_main_keeper", start);
}

bool
worker_launch_if_missing(int level)
{
	if (!worker_shared_attach(level))
		return false;
	switch (worker_slot_reserve())
	{
		case WORKER_PLACE_TAKEN:
			return true;
		case WORKER_PLACE_NONE:
			ereport(level,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("too many databases have connections to documents")));
			return false;
		case WORKER_PLACE_RESERVED:
			break;
	}
	if (worker_launch())
		return true;
	worker_slot_unreserve();
	/* Somebody else may have relied on it: whoever comes next shall try again. */
	worker_shared_forget_database();
	ereport(level,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("could not start the worker that notifies of document changes"),
			 errhint("You might need to increase max_worker_processes.")));
	return false;
}

bool
worker_launch_lane_if_missing(Oid server, int level)
{
	if (!worker_lanes_attach(level))
		return false;
	switch (worker_lane_reserve(server))
	{
		case WORKER_PLACE_TAKEN:
			return true;
		case WORKER_PLACE_NONE:
			ereport(level,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("too many databases and servers have work for background workers")));
			return false;
		case WORKER_PLACE_RESERVED:
			break;
	}
	if (worker_launch_lane(&(WorkerLaneStart) {server, 0}))
		return true;
	worker_lane_unreserve(server);
	/* Whoever comes next shall try again. */
	worker_shared_forget_database();
	ereport(level,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("could not start the worker that works in the background"),
			 errdetail("What it is to do waits until it can be started."),
			 errhint("You might need to increase max_worker_processes.")));
	return false;
}

/* Says at most once per backend that it does not work, and tries again from time to time. */
void
worker_ensure(void)
{
	static bool is_done = false;
	static bool has_warned = false;
	static TimestampTz tried_at = 0;
	int			level = has_warned ? DEBUG1 : WARNING;

	store_targets_appended = worker_replicas_changed;
	if (is_done || !IsUnderPostmaster || RecoveryInProgress())
		return;
	if (tried_at != 0 && !TimestampDifferenceExceeds(tried_at, GetCurrentTimestamp(), ENSURE_INTERVAL_MS))
		return;
	is_done = worker_shared_attach(level);
	if (is_done && worker_shared_is_new_database())
		is_done = worker_launch_if_missing(level) && worker_launch_lane_if_missing(InvalidOid, level);
	if (!is_done)
	{
		has_warned = true;
		tried_at = GetCurrentTimestamp();
	}
}
