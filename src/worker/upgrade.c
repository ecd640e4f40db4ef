/*
 * upgrade.c
 *	  Moving the documents of a space to the newest version of its program, in the background.
 *
 *		asked for ---> led through the documents in the order of their keys, some in each transaction ---> those that were put off ---> finished
 *		    ^                                                                                                      |
 *		    +--------------------- a new version of the program, or documents that came with an old one -----------+
 *
 * Documents that somebody has locked are put off and tried again after a while, so that a long transaction holds up nothing but the documents that it has touched.  One
 * that can't be moved is counted and named, and not tried again until the task is asked for anew.
 *
 * What was done to the documents and how far the task is are committed together.  A pause as long as the work leaves half of a processor to others.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define TOGETHER_MAX 50			/* documents that are moved in one transaction, */
#define LOOKED_MAX 5000			/* of so many that are looked at, */
#define TOGETHER_US 50000		/* about as long as this: they are locked until its end */
#define DOCUMENT_TIMEOUT_MS 30000	/* triggers of the space may take their time, but not for ever */
#define ATTEMPTS_MAX 10			/* after errors that may pass */

typedef struct Moving
{
	Oid			schema;
	const char *key;
	StoreHold	hold;
} Moving;

static void
move(void *arg)
{
	Moving	   *moving = arg;
	StoreSpace *space = store_space_by_schema(moving->schema);

	if (space == NULL)
		return;
	worker_deadline(DOCUMENT_TIMEOUT_MS);
	moving->hold = store_document_hold(space, moving->key);
	if (moving->hold == STORE_HELD && store_reduce(space, moving->key, NULL, 0))
		worker_document_changed(moving->schema, moving->key);
	worker_deadline(0);
}

/* What becomes of one document; attempts: before, in vain. */
static void
move_one(Oid schema, StoreTask *task, const char *key, int attempts)
{
	Moving		moving = {schema, key, STORE_GONE};
	ErrorData  *error = worker_guard(move, &moving);
	StoreSpace *space;

	worker_deadline(0);
	space = store_space_by_schema(schema);
	if (space == NULL)
		return;
	if (error != NULL)
	{
		bool		may_pass = worker_error_may_pass(error) && attempts + 1 < ATTEMPTS_MAX;
		const char *what = error->detail != NULL ? psprintf("%s (%s)", error->message, error->detail) : error->message;

		store_task_put_off(space, task, key, error->sqlerrcode, what, may_pass ? worker_retry_time(attempts + 1) : 0);
		if (!may_pass)
		{
			task->failed++;
			task->error = psprintf("document \"%s\": %s", key, what);
			ereport(LOG,
					(errcode(error->sqlerrcode),
					 errmsg("could not move document \"%s\" of space \"%s\" to version %d of the program: %s", key, NameStr(space->name), task->version, error->message),
					 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
		}
	}
	else if (moving.hold == STORE_BUSY)
		store_task_put_off(space, task, key, ERRCODE_LOCK_NOT_AVAILABLE, "a transaction that has not ended holds the document", worker_retry_time(attempts + 1));
	else
	{
		task->done += moving.hold == STORE_HELD;
		if (attempts > 0)
			store_task_settle(space, task, key);
	}
}

static bool
takes_long(TimestampTz start)
{
	return GetCurrentTimestamp() - start >= TOGETHER_US;
}

/* The next ones in the order of their keys. */
static void
lead_through(Oid schema, StoreTask *task, TimestampTz start)
{
	StoreSpace *space = store_space_by_schema(schema);
	char	   *last;
	List	   *keys = store_documents_behind_from(space, task->reached != NULL ? task->reached : "", TOGETHER_MAX, LOOKED_MAX, &last);
	ListCell   *cell;

	foreach(cell, keys)
	{
		if (takes_long(start))
		{
			last = cell == list_head(keys) ? (char *) task->reached : lfirst(list_nth_cell(keys, foreach_current_index(cell) - 1));
			break;
		}
		move_one(schema, task, lfirst(cell), 0);
	}
	if (last != NULL)
		task->reached = last;
	else
		task->is_through = true;
}

static void
try_again(Oid schema, StoreTask *task, TimestampTz start)
{
	ListCell   *cell;

	foreach(cell, store_task_waiting(store_space_by_schema(schema), task, TOGETHER_MAX))
	{
		const StoreTaskDocument *document = lfirst(cell);

		move_one(schema, task, document->key, document->attempts);
		if (takes_long(start))
			break;
	}
}

TimestampTz
worker_upgrade(WorkerSpace *known, StoreSpace *space)
{
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz next = 0;
	StoreTask	task;

	if (!store_task_begin(space, "upgrade", &task))
		return 0;
	if (task.is_new)
		;
	else if (!task.is_through)
		lead_through(known->schema, &task, start);
	else
		try_again(known->schema, &task, start);

	/* Triggers may have run. */
	space = store_space_by_schema(known->schema);
	if (space == NULL)
		return 0;
	if (task.is_through)
	{
		next = store_task_next(space, &task);
		if (next == 0 && store_task_is_behind(space, &task))
		{
			task.is_through = false;
			task.reached = NULL;
		}
		else if (next == 0)
			task.finished = GetCurrentTimestamp();
	}
	store_task_save(space, &task);
	if (task.finished != 0)
		return 0;
	/* As long a pause as the work was. */
	start = 2 * GetCurrentTimestamp() - start;
	return Max(next, start);
}
