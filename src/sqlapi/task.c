/*
 * task.c
 *	  adama.upgrade_background, adama.tasks and adama.task_documents: what is done in the background for a whole space, and how far it is.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_upgrade_background);
PG_FUNCTION_INFO_V1(adama_sql_list_tasks);
PG_FUNCTION_INFO_V1(adama_sql_list_task_documents);

Datum
adama_sql_upgrade_background(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	Oid			schema = space->schema;

	sqlapi_require_owner(space);
	sqlapi_begin_write("adama.upgrade_background()");
	store_task_ask(space, "upgrade");
	worker_space_has_work(schema);
	PG_RETURN_VOID();
}

typedef struct Listing
{
	ReturnSetInfo *result;
	char		space[NAMEDATALEN];
} Listing;

static Datum
text_or_null(const char *str, bool *isnull)
{
	*isnull = str == NULL;
	return *isnull ? (Datum) 0 : CStringGetTextDatum(str);
}

static Datum
time_or_null(TimestampTz time, bool *isnull)
{
	*isnull = time == 0;
	return TimestampTzGetDatum(time);
}

static void
list_task(const StoreTask *task, void *arg)
{
	Listing    *listing = arg;
	Datum		values[10];
	bool		nulls[10] = {0};

	values[0] = CStringGetTextDatum(listing->space);
	values[1] = CStringGetTextDatum(task->name);
	nulls[2] = task->version == 0;
	values[2] = Int32GetDatum(task->version);
	nulls[3] = task->total < 0;
	values[3] = Int64GetDatum(task->total);
	values[4] = Int64GetDatum(task->done);
	values[5] = Int64GetDatum(task->failed);
	values[6] = Int64GetDatum(task->waiting);
	values[7] = text_or_null(task->error, &nulls[7]);
	values[8] = TimestampTzGetDatum(task->started);
	values[9] = time_or_null(task->finished, &nulls[9]);
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
}

static void
list_document(const StoreTaskDocument *document, void *arg)
{
	Listing    *listing = arg;
	Datum		values[8];
	bool		nulls[8] = {0};

	values[0] = CStringGetTextDatum(listing->space);
	values[1] = CStringGetTextDatum(document->task);
	values[2] = CStringGetTextDatum(document->key);
	values[3] = CStringGetTextDatum(document->sqlstate);
	values[4] = CStringGetTextDatum(document->error);
	values[5] = Int32GetDatum(document->attempts);
	values[6] = TimestampTzGetDatum(document->at);
	values[7] = time_or_null(document->retry_at, &nulls[7]);
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
}

/* Calls it for the caller's own spaces, and for all when the caller may monitor the server. */
static void
for_spaces(Listing *listing, void (*list) (StoreSpace *space, Listing *listing))
{
	bool		may_all = has_privs_of_role(GetUserId(), ROLE_PG_MONITOR);
	ListCell   *cell;

	foreach(cell, store_space_all())
	{
		StoreSpace *space = store_space_by_schema(lfirst_oid(cell));

		if (space == NULL || !(may_all || sqlapi_is_owner(space)))
			continue;
		strlcpy(listing->space, NameStr(space->name), NAMEDATALEN);
		list(space, listing);
	}
}

static void
list_tasks(StoreSpace *space, Listing *listing)
{
	store_tasks(space, list_task, listing);
}

static void
list_documents(StoreSpace *space, Listing *listing)
{
	store_task_documents(space, list_document, listing);
}

Datum
adama_sql_list_tasks(PG_FUNCTION_ARGS)
{
	Listing		listing = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	for_spaces(&listing, list_tasks);
	return (Datum) 0;
}

Datum
adama_sql_list_task_documents(PG_FUNCTION_ARGS)
{
	Listing		listing = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	for_spaces(&listing, list_documents);
	return (Datum) 0;
}
