/*
 * task.c
 *	  What a worker does for a whole space, document by document: how far it is, and which documents it had to leave.
 *
 * A row of the table task for each kind of task.  What a worker did to documents and what the row says of it are committed together, so that whoever goes on after a
 * crash goes on exactly there.
 *
 *		asked for						version null
 *		begun							version, total
 *		led through the documents		reached, done, failed; those that are left lie in task_document
 *		through							is_through: those that are put off are tried again
 *		finished						finished
 *
 * A new version of the program lets a task begin anew, unless it is finished.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "store/internal.h"

static const char *const ask_sql =
	"INSERT INTO %1$s.task AS t (task, started) VALUES ($1, clock_timestamp()) ON CONFLICT (task) DO UPDATE SET version = NULL, total = NULL, done = 0, failed = 0, "
	"reached = NULL, is_through = false, started = excluded.started, finished = NULL, error = NULL";
static const char *const read_sql =
	"SELECT version, total, done, failed, reached, is_through, started FROM %1$s.task WHERE task = $1 AND finished IS NULL FOR NO KEY UPDATE";
static const char *const save_sql =
	"INSERT INTO %1$s.task AS t (task, version, total, done, failed, reached, is_through, started, finished, error) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (task) DO UPDATE SET version = $2, total = $3, done = $4, failed = $5, reached = $6, "
	"is_through = $7, started = $8, finished = $9, error = coalesce($10, t.error)";
static const char *const forget_sql = "DELETE FROM %1$s.task_document WHERE task = $1 AND ($2 IS NULL OR key = $2)";
static const char *const count_sql = "SELECT count(*) FROM %1$s.document WHERE program < $1";
static const char *const behind_sql =
	"SELECT FROM %1$s.document d WHERE d.program < $2 AND NOT EXISTS (SELECT FROM %1$s.task_document t WHERE t.task = $1 AND t.key = d.key) LIMIT 1";
static const char *const put_off_sql =
	"INSERT INTO %1$s.task_document AS t (task, key, sqlstate, error, retry_at) VALUES ($1, $2, $3, $4, $5) "
	"ON CONFLICT (task, key) DO UPDATE SET sqlstate = excluded.sqlstate, error = excluded.error, retry_at = excluded.retry_at, at = excluded.at, attempts = t.attempts + 1";
static const char *const waiting_sql = "SELECT key, attempts FROM %1$s.task_document WHERE task = $1 AND retry_at <= clock_timestamp() ORDER BY key LIMIT $2";
static const char *const next_sql = "SELECT min(retry_at) FROM %1$s.task_document WHERE task = $1";
static const char *const list_sql =
	"SELECT t.task, t.version, t.total, t.done, t.failed, (SELECT count(*) FROM %1$s.task_document d WHERE d.task = t.task AND d.retry_at IS NOT NULL), t.started, t.finished, "
	"t.error FROM %1$s.task t ORDER BY t.task";
static const char *const list_documents_sql = "SELECT task, key, sqlstate, error, attempts, at, retry_at FROM %1$s.task_document ORDER BY task, key";

/* An argument of a statement; text and times may be null. */
typedef struct Arguments
{
	int			n;
	Oid			types[10];
	Datum		values[10];
	char		nulls[11];
} Arguments;

static void
add(Arguments *arguments, Oid type, Datum value, bool isnull)
{
	arguments->types[arguments->n] = type;
	arguments->values[arguments->n] = value;
	arguments->nulls[arguments->n++] = isnull ? 'n' : ' ';
}

static void
add_text(Arguments *arguments, const char *str)
{
	add(arguments, TEXTOID, str == NULL ? (Datum) 0 : CStringGetTextDatum(str), str == NULL);
}

static void
add_time(Arguments *arguments, TimestampTz time)
{
	add(arguments, TIMESTAMPTZOID, TimestampTzGetDatum(time), time == 0);
}

static void
run(const StoreSession *session, const char *sql, Arguments *arguments)
{
	store_session_run(session, sql, arguments->n, arguments->types, arguments->values, arguments->nulls, false);
}

/* Columns of a row of the result; what is null is 0, or NULL. */
static Datum
column(uint64 row, int n)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n, &isnull);

	return isnull ? (Datum) 0 : value;
}

static bool
column_is_null(uint64 row, int n)
{
	bool		isnull;

	(void) SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n, &isnull);
	return isnull;
}

static char *
column_text(uint64 row, int n, MemoryContext context)
{
	char	   *str = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n);

	return str == NULL ? NULL : MemoryContextStrdup(context, str);
}

/* ---- the row ---- */

void
store_task_ask(StoreSpace *space, const char *name)
{
	StoreSession session;
	Arguments	a = {0};

	store_session_begin(&session, space);
	add_text(&a, name);
	run(&session, ask_sql, &a);
	add_text(&a, NULL);
	run(&session, forget_sql, &a);
	store_session_end(&session);
}

/* It has been asked for, or the program is another than it began with. */
static void
begin(const StoreSession *session, StoreTask *task, int version)
{
	Arguments	a = {0};

	task->version = version;
	task->done = task->failed = 0;
	task->reached = NULL;
	task->is_through = false;
	task->is_new = true;
	add(&a, INT4OID, Int32GetDatum(version), false);
	run(session, count_sql, &a);
	task->total = DatumGetInt64(column(0, 1));
	a.n = 0;
	add_text(&a, task->name);
	add_text(&a, NULL);
	run(session, forget_sql, &a);
}

bool
store_task_begin(StoreSpace *space, const char *name, StoreTask *task)
{
	MemoryContext context = CurrentMemoryContext;
	int			version = space->version;
	StoreSession session;
	Arguments	a = {0};
	bool		found;

	*task = (StoreTask) {.name = name};
	store_session_begin(&session, space);
	add_text(&a, name);
	run(&session, read_sql, &a);
	found = SPI_processed > 0;
	if (found)
	{
		task->version = DatumGetInt32(column(0, 1));
		task->total = DatumGetInt64(column(0, 2));
		task->done = DatumGetInt64(column(0, 3));
		task->failed = DatumGetInt64(column(0, 4));
		task->reached = column_text(0, 5, context);
		task->is_through = DatumGetBool(column(0, 6));
		task->started = DatumGetTimestampTz(column(0, 7));
		if (task->version != version)
			begin(&session, task, version);
	}
	store_session_end(&session);
	return found;
}

void
store_task_save(StoreSpace *space, const StoreTask *task)
{
	StoreSession session;
	Arguments	a = {0};

	store_session_begin(&session, space);
	add_text(&a, task->name);
	add(&a, INT4OID, Int32GetDatum(task->version), task->version == 0);
	add(&a, INT8OID, Int64GetDatum(task->total), task->version == 0);
	add(&a, INT8OID, Int64GetDatum(task->done), false);
	add(&a, INT8OID, Int64GetDatum(task->failed), false);
	add_text(&a, task->reached);
	add(&a, BOOLOID, BoolGetDatum(task->is_through), false);
	add_time(&a, task->started);
	add_time(&a, task->finished);
	add_text(&a, task->error);
	run(&session, save_sql, &a);
	store_session_end(&session);
}

bool
store_task_is_behind(StoreSpace *space, const StoreTask *task)
{
	StoreSession session;
	Arguments	a = {0};
	bool		found;

	store_session_begin(&session, space);
	add_text(&a, task->name);
	add(&a, INT4OID, Int32GetDatum(task->version), false);
	run(&session, behind_sql, &a);
	found = SPI_processed > 0;
	store_session_end(&session);
	return found;
}

/* ---- documents that it had to leave ---- */

void
store_task_put_off(StoreSpace *space, const StoreTask *task, const char *key, int sqlstate, const char *error, TimestampTz retry_at)
{
	StoreSession session;
	Arguments	a = {0};

	store_session_begin(&session, space);
	add_text(&a, task->name);
	add_text(&a, key);
	add_text(&a, unpack_sql_state(sqlstate));
	add_text(&a, error);
	add_time(&a, retry_at);
	run(&session, put_off_sql, &a);
	store_session_end(&session);
}

void
store_task_settle(StoreSpace *space, const StoreTask *task, const char *key)
{
	StoreSession session;
	Arguments	a = {0};

	store_session_begin(&session, space);
	add_text(&a, task->name);
	add_text(&a, key);
	run(&session, forget_sql, &a);
	store_session_end(&session);
}

List *
store_task_waiting(StoreSpace *space, const StoreTask *task, int max)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext inside;
	StoreSession session;
	Arguments	a = {0};
	List	   *result = NIL;

	store_session_begin(&session, space);
	add_text(&a, task->name);
	add(&a, INT4OID, Int32GetDatum(max), false);
	run(&session, waiting_sql, &a);
	inside = MemoryContextSwitchTo(context);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StoreTaskDocument *document = palloc0(sizeof(StoreTaskDocument));

		document->key = column_text(i, 1, context);
		document->attempts = DatumGetInt32(column(i, 2));
		result = lappend(result, document);
	}
	MemoryContextSwitchTo(inside);
	store_session_end(&session);
	return result;
}

TimestampTz
store_task_next(StoreSpace *space, const StoreTask *task)
{
	StoreSession session;
	Arguments	a = {0};
	TimestampTz next;

	store_session_begin(&session, space);
	add_text(&a, task->name);
	run(&session, next_sql, &a);
	next = DatumGetTimestampTz(column(0, 1));
	store_session_end(&session);
	return next;
}

/* ---- for people ---- */

void
store_tasks(StoreSpace *space, StoreTaskVisit visit, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	StoreSession session;
	uint64		n;
	StoreTask  *tasks;

	store_session_begin(&session, space);
	store_session_run(&session, list_sql, 0, NULL, NULL, NULL, true);
	n = SPI_processed;
	tasks = MemoryContextAllocZero(context, Max(n, 1) * sizeof(StoreTask));
	for (uint64 i = 0; i < n; i++)
	{
		tasks[i].name = column_text(i, 1, context);
		tasks[i].version = DatumGetInt32(column(i, 2));
		tasks[i].total = column_is_null(i, 3) ? -1 : DatumGetInt64(column(i, 3));
		tasks[i].done = DatumGetInt64(column(i, 4));
		tasks[i].failed = DatumGetInt64(column(i, 5));
		tasks[i].waiting = DatumGetInt64(column(i, 6));
		tasks[i].started = DatumGetTimestampTz(column(i, 7));
		tasks[i].finished = DatumGetTimestampTz(column(i, 8));
		tasks[i].error = column_text(i, 9, context);
	}
	store_session_end(&session);
	for (uint64 i = 0; i < n; i++)
		visit(&tasks[i], arg);
}

void
store_task_documents(StoreSpace *space, StoreTaskDocumentVisit visit, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	StoreSession session;
	uint64		n;
	StoreTaskDocument *documents;

	store_session_begin(&session, space);
	store_session_run(&session, list_documents_sql, 0, NULL, NULL, NULL, true);
	n = SPI_processed;
	documents = MemoryContextAllocZero(context, Max(n, 1) * sizeof(StoreTaskDocument));
	for (uint64 i = 0; i < n; i++)
	{
		documents[i].task = column_text(i, 1, context);
		documents[i].key = column_text(i, 2, context);
		documents[i].sqlstate = column_text(i, 3, context);
		documents[i].error = column_text(i, 4, context);
		documents[i].attempts = DatumGetInt32(column(i, 5));
		documents[i].at = DatumGetTimestampTz(column(i, 6));
		documents[i].retry_at = DatumGetTimestampTz(column(i, 7));
	}
	store_session_end(&session);
	for (uint64 i = 0; i < n; i++)
		visit(&documents[i], arg);
}
