/*
 * monitor.c
 *	  What the views adama.connections and adama.emitter_stats show, to those who may monitor the server.
 *
 * Connections are rows of the spaces' tables; how far each is stands on the emitter's board.  Their ids are secrets, since whoever knows one can listen: shown is
 * a hash, which tells them apart.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_list_connections);
PG_FUNCTION_INFO_V1(adama_sql_list_emitter_stats);
PG_FUNCTION_INFO_V1(adama_sql_emitter_stats_reset);

/* ---- connections ---- */

typedef struct Listing
{
	ReturnSetInfo *result;
	WorkerBoard *board;
	Oid			schema;
} Listing;

static Datum
known(int64 n, bool *isnull)
{
	*isnull = n == 0;
	return Int64GetDatum(n);
}

static void
list_connection(const StoreConnection *connection, void *arg)
{
	Listing    *listing = arg;
	StoreSpace *space = store_space_by_schema(listing->schema);
	WorkerStanding standing = {0};
	Datum		values[13];
	bool		nulls[13] = {0};

	if (space == NULL)
		return;
	values[0] = CStringGetTextDatum(NameStr(space->name));
	values[1] = CStringGetTextDatum(connection->key);
	values[2] = CStringGetTextDatum(psprintf("%016llx", (unsigned long long) kit_hash(connection->id, strlen(connection->id), 1)));
	values[3] = CStringGetTextDatum(connection->agent);
	values[4] = CStringGetTextDatum(connection->authority);
	values[6] = TimestampTzGetDatum(connection->joined);
	values[9] = Int32GetDatum(connection->send_window);
	nulls[9] = connection->send_window == 0;
	values[12] = Int32GetDatum(connection->pid);
	if (worker_board_find(listing->board, connection->id, &standing))
	{
		int64		lag = 0;

		if (standing.lags && standing.sent > 0)
			lag = Max(store_document_seq(space, connection->key, GetActiveSnapshot()) - standing.sent, 0);
		values[11] = Int64GetDatum(lag);
	}
	else
		nulls[11] = true;
	values[5] = known(standing.class, &nulls[5]);
	values[7] = known(standing.sent, &nulls[7]);
	values[8] = known(standing.acked, &nulls[8]);
	values[10] = Int32GetDatum(standing.unacked);
	nulls[10] = nulls[9];
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
}

Datum
adama_sql_list_connections(PG_FUNCTION_ARGS)
{
	Listing		listing = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	listing.board = worker_board_read();
	foreach(lc, store_space_all())
	{
		StoreSpace *space = store_space_by_schema(lfirst_oid(lc));

		listing.schema = lfirst_oid(lc);
		if (space != NULL)
			store_connection_scan(space, GetActiveSnapshot(), list_connection, &listing);
	}
	return (Datum) 0;
}

/* ---- emitters ---- */

static Datum
milliseconds(double us)
{
	return Float8GetDatum(us / 1000);
}

static void
list_stats(ReturnSetInfo *result, const WorkerStats *stats)
{
	Datum		values[40];
	bool		nulls[40] = {0};
	int			n = 0;
	bool		has_lag = stats->changes > 0;

	values[n++] = ObjectIdGetDatum(stats->database);
	nulls[n] = stats->pid == 0;
	values[n++] = Int32GetDatum(stats->pid);
	values[n++] = TimestampTzGetDatum(stats->since);
	values[n++] = Int32GetDatum(stats->connections);
	values[n++] = Int32GetDatum(stats->documents);
	values[n++] = Float8GetDatum(stats->queue_usage);
	for (int i = n; i < n + 6; i++)
		nulls[i] = !has_lag;
	values[n++] = Float8GetDatum(has_lag ? (double) stats->entries / stats->changes : 0);
	values[n++] = Int64GetDatum(stats->lag_seq_max);
	values[n++] = milliseconds(has_lag ? (double) stats->lag_total / stats->changes : 0);
	values[n++] = milliseconds(worker_stats_lag(stats, 0.5));
	values[n++] = milliseconds(worker_stats_lag(stats, 0.99));
	values[n++] = milliseconds(stats->lag_max);
#define WORKER_COUNTER(name, what) values[n++] = Int64GetDatum(stats->name);
#include "worker/counters.def"
#undef WORKER_COUNTER
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
adama_sql_list_emitter_stats(PG_FUNCTION_ARGS)
{
	WorkerStats *stats = palloc(WORKER_STATS_MAX * sizeof(WorkerStats));
	int			n = worker_stats_read(stats, WORKER_STATS_MAX);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < n; i++)
		list_stats((ReturnSetInfo *) fcinfo->resultinfo, &stats[i]);
	pfree(stats);
	return (Datum) 0;
}

Datum
adama_sql_emitter_stats_reset(PG_FUNCTION_ARGS)
{
	worker_stats_reset(MyDatabaseId);
	PG_RETURN_VOID();
}
