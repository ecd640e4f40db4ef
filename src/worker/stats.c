/*
 * stats.c
 *	  What the emitter counts of itself.
 *
 * It counts in memory of its own and adds that to its slot of the shared memory after each turn (shared.c): neither it nor those who read wait for
 * longer than a copy takes, and writers know nothing of it.  What a database's emitters have counted stays when they go, until its slot is needed by another database.
 *
 * Lags are counted in buckets, four to an octave, the first for all up to 64 µs.
 */
#include "postgres.h"

#include <math.h>

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define FIRST_US 64.0
#define PER_OCTAVE 4

WorkerStats worker_stats;

static int
bucket_of(int64 us)
{
	if (us <= FIRST_US)
		return 0;
	return Min((int) ceil(log2(us / FIRST_US) * PER_OCTAVE), WORKER_STATS_BUCKETS - 1);
}

static int64
end_of(int bucket)
{
	return (int64) ceil(FIRST_US * exp2((double) bucket / PER_OCTAVE));
}

/* n events of a document, the last of them at that time, have been told. */
void
worker_stats_told(int64 n, TimestampTz last, TimestampTz now)
{
	int64		lag = Max(now - last, 0);

	worker_stats.changes++;
	worker_stats.entries += n;
	worker_stats.lag_total += lag;
	worker_stats.lag_max = Max(worker_stats.lag_max, lag);
	worker_stats.lag_seq_max = Max(worker_stats.lag_seq_max, n);
	worker_stats.lags[bucket_of(lag)]++;
}

/* Adds the time since *start to what a stage took, and starts anew. */
void
worker_stats_stage(int64 *stage, instr_time *start)
{
	instr_time	now;
	instr_time	took;

	INSTR_TIME_SET_CURRENT(now);
	took = now;
	INSTR_TIME_SUBTRACT(took, *start);
	*stage += INSTR_TIME_GET_MICROSEC(took);
	*start = now;
}

void
worker_stats_publish(void)
{
	worker_stats.connections = worker_watch_n_connections();
	worker_stats.documents = worker_watch_n_documents();
	worker_stats.queue_usage = worker_flow_usage();
	worker_slot_add_stats(&worker_stats);
	memset(&worker_stats, 0, sizeof(worker_stats));
}

/* Under the slot's mutex. */
void
worker_stats_add(WorkerStats *sum, const WorkerStats *more)
{
	sum->queue_usage = more->queue_usage;
	sum->connections = more->connections;
	sum->documents = more->documents;
	sum->lag_max = Max(sum->lag_max, more->lag_max);
	sum->lag_seq_max = Max(sum->lag_seq_max, more->lag_seq_max);
#define WORKER_COUNTER(name, what) sum->name += more->name;
#include "worker/counters.def"
#undef WORKER_COUNTER
	for (int i = 0; i < WORKER_STATS_BUCKETS; i++)
		sum->lags[i] += more->lags[i];
}

int64
worker_stats_lag(const WorkerStats *stats, double part)
{
	uint64		all = 0;
	uint64		seen = 0;

	for (int i = 0; i < WORKER_STATS_BUCKETS; i++)
		all += stats->lags[i];
	if (all == 0)
		return -1;
	for (int i = 0; i < WORKER_STATS_BUCKETS; i++)
	{
		seen += stats->lags[i];
		if (seen >= part * all)
			return Min(end_of(i), Max(stats->lag_max, 1));
	}
	return stats->lag_max;
}
