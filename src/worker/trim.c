/*
 * trim.c
 *	  Logs of documents that rest: what the space lets go of (adama.retain, maximum_history) is taken out of them, too.
 *
 * A round leads through all documents of a space in the order of their keys, some in each transaction.  It finds out when the next one is worth it: when an entry of a log
 * that it looked at, or one that is made from now on, is old enough.  Rounds take a tenth of the time at most, and begin no sooner than adama.trim_interval one after the other.
 * Where age lets go of nothing, messages keep logs within their bounds; a round is made when the bounds have changed, or the server was started.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "worker/internal.h"

#define TOGETHER_MAX 50			/* documents that are trimmed in one transaction, */
#define LOOKED_MAX 1000			/* of so many that are looked at, */
#define TOGETHER_US 50000		/* about as long as this: they are locked until its end */
#define DOCUMENT_TIMEOUT_MS 30000
#define ROUND_SHARE 10			/* a round begins after so many times as long as the last one took */
#define REST_MAX_MS (24 * 3600 * INT64CONST(1000))

typedef struct Trimming
{
	Oid			schema;
	const char *key;
	StoreHold	hold;
	int			n;
	bool		has_more;
} Trimming;

static void
trim(void *arg)
{
	Trimming   *trimming = arg;
	StoreSpace *space = store_space_by_schema(trimming->schema);

	if (space == NULL)
		return;
	worker_deadline(DOCUMENT_TIMEOUT_MS);
	trimming->hold = store_document_hold(space, trimming->key);
	if (trimming->hold == STORE_HELD)
		trimming->n = store_trim_document(space, trimming->key, &trimming->has_more);
	worker_deadline(0);
}

static void
remember(char **what, const char *str)
{
	char	   *copy = str != NULL ? MemoryContextStrdup(TopMemoryContext, str) : NULL;

	if (*what != NULL)
		pfree(*what);
	*what = copy;
}

/* False: it is to be looked at again, at once. */
static bool
trim_one(WorkerSpace *known, const char *key)
{
	Trimming	trimming = {known->schema, key, STORE_GONE};
	ErrorData  *error = worker_guard(trim, &trimming);

	worker_deadline(0);
	if (error != NULL)
	{
		char	   *message = psprintf("document \"%s\": %s", key, error->message);

		if (known->n_failed++ == 0)
			ereport(LOG,
					(errcode(error->sqlerrcode),
					 errmsg("could not trim the log of document \"%s\": %s", key, error->message),
					 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
		remember(&known->trim_error, message);
		return true;
	}
	/* Who has it locked sends a message, which trims, or is met in the next round. */
	if (trimming.hold == STORE_BUSY)
		known->trim_due = Min(known->trim_due, GetCurrentTimestamp());
	known->n_trimmed += trimming.n > 0 && !trimming.has_more;
	return !trimming.has_more;
}

/* Some documents of a round; *last: the last one, NULL at the end. */
static void
trim_some(WorkerSpace *known, StoreSpace *space, TimestampTz start, char **last)
{
	const char *before = known->trimmed != NULL ? known->trimmed : "";
	List	   *keys = store_logs_too_long(space, before, TOGETHER_MAX, LOOKED_MAX, last, &known->trim_due);
	ListCell   *cell;

	foreach(cell, keys)
	{
		if (!trim_one(known, lfirst(cell)) || GetCurrentTimestamp() - start >= TOGETHER_US)
		{
			/* Those after it, and it itself when it has more, are looked at again. */
			*last = pstrdup(before);
			return;
		}
		before = lfirst(cell);
	}
}

/* What a round has done, when it has done anything. */
static void
report(WorkerSpace *known, TimestampTz now)
{
	StoreSpace *space = store_space_by_schema(known->schema);
	StoreTask	task = {.name = "trim",.done = known->n_trimmed,.failed = known->n_failed,.is_through = true,.started = known->trim_started,.finished = now,
	.error = known->trim_error};

	if (space != NULL && known->n_trimmed + known->n_failed > 0)
		store_task_save(space, &task);
}

/* When the next round is to begin; 0: when there is news. */
static TimestampTz
next_round(const WorkerSpace *known, StoreSpace *space, TimestampTz now)
{
	TimestampTz earliest = Max(TimestampTzPlusMilliseconds(known->trim_started, (int64) adama_trim_interval * 1000),
							   now + ROUND_SHARE * (now - known->trim_started));

	if (space == NULL || !store_retains_by_age(space))
		return 0;
	return Max(earliest, Min(known->trim_due, TimestampTzPlusMilliseconds(now, REST_MAX_MS)));
}

TimestampTz
worker_trim(WorkerSpace *known, StoreSpace *space)
{
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz now;
	char	   *last;

	if (adama_trim_interval == 0 || !store_retains(space))
		return 0;
	if (known->trimmed == NULL)
	{
		known->trim_started = start;
		known->trim_due = store_retention_end(space, start);
		known->n_trimmed = known->n_failed = 0;
		remember(&known->trim_error, NULL);
	}
	trim_some(known, space, start, &last);
	remember(&known->trimmed, last);
	now = GetCurrentTimestamp();
	if (last != NULL)
		return 2 * now - start;
	report(known, now);
	return next_round(known, store_space_by_schema(known->schema), now);
}
