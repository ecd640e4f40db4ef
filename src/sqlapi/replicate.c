/*
 * replicate.c
 *	  Where what documents publish is brought: adama.replicate, replicate_queue, unreplicate, replication_retry, dequeue, and what adama.replication_status shows.
 *
 * Registering is for the owner of the space.  A queue may also be emptied by whoever has SELECT and DELETE on the space's table outbox.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_replicate);
PG_FUNCTION_INFO_V1(adama_sql_replicate_queue);
PG_FUNCTION_INFO_V1(adama_sql_unreplicate);
PG_FUNCTION_INFO_V1(adama_sql_replication_retry);
PG_FUNCTION_INFO_V1(adama_sql_dequeue);
PG_FUNCTION_INFO_V1(adama_sql_list_replications);

/* The first two arguments; the space is the caller's. */
static StoreSpace *
begin(FunctionCallInfo fcinfo, const char *function, char **name)
{
	StoreSpace *space;

	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", i == 0 ? "space" : "name")));
	}
	space = sqlapi_space(PG_GETARG_DATUM(0));
	sqlapi_require_owner(space);
	sqlapi_begin_write(function);
	*name = TextDatumGetCString(PG_GETARG_DATUM(1));
	return space;
}

static StoreTargetMode
read_mode(Datum value)
{
	char	   *mode = TextDatumGetCString(value);

	if (strcmp(mode, "sync") == 0)
		return STORE_TARGET_SYNC;
	if (strcmp(mode, "async") == 0)
		return STORE_TARGET_ASYNC;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("mode must be \"sync\" or \"async\""),
			 strcmp(mode, "queue") == 0 ? errhint("adama.replicate_queue makes a queue.") : 0));
	return STORE_TARGET_ASYNC;
}

Datum
adama_sql_replicate(PG_FUNCTION_ARGS)
{
	char	   *name;
	StoreSpace *space = begin(fcinfo, "adama.replicate()", &name);
	bool		has_columns = !PG_ARGISNULL(3);

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("target must not be null"),
				 errhint("adama.replicate_queue brings changes to a queue.")));
	if (PG_ARGISNULL(4))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("mode must not be null")));
	if (has_columns && !JB_ROOT_IS_OBJECT(PG_GETARG_JSONB_P(3)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("columns must be an object: for each column of the target the name of a member, or $key, $row, …")));
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(PG_GETARG_OID(2))))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table with OID %u does not exist", PG_GETARG_OID(2))));
	PG_RETURN_INT32(store_replicate(space, name, PG_GETARG_OID(2), has_columns ? PG_GETARG_DATUM(3) : (Datum) 0, has_columns, read_mode(PG_GETARG_DATUM(4))));
}

Datum
adama_sql_replicate_queue(PG_FUNCTION_ARGS)
{
	char	   *name;
	StoreSpace *space = begin(fcinfo, "adama.replicate_queue()", &name);

	PG_RETURN_INT32(store_replicate_queue(space, name));
}

Datum
adama_sql_unreplicate(PG_FUNCTION_ARGS)
{
	char	   *name;
	StoreSpace *space = begin(fcinfo, "adama.unreplicate()", &name);

	store_unreplicate(space, name, PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2));
	PG_RETURN_VOID();
}

Datum
adama_sql_replication_retry(PG_FUNCTION_ARGS)
{
	char	   *name;
	StoreSpace *space = begin(fcinfo, "adama.replication_retry()", &name);

	store_replication_retry(space, name, PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2));
	PG_RETURN_VOID();
}

/* ---- queues ---- */

static void
put_dequeued(const StoreDequeued *item, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[8];
	bool		nulls[8] = {0};

	nulls[3] = nulls[4] = item->is_gone;
	nulls[5] = item->seq == 0;
	values[0] = CStringGetTextDatum(item->key);
	values[1] = Int32GetDatum(item->row);
	values[2] = CStringGetTextDatum(item->is_gone ? "delete" : "upsert");
	values[3] = item->value;
	values[4] = Int64GetDatum(item->hash);
	values[5] = Int64GetDatum(item->seq);
	values[6] = TimestampTzGetDatum(item->since);
	values[7] = Int32GetDatum(item->attempts);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
adama_sql_dequeue(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	int			max = PG_GETARG_INT32(2);

	if (pg_class_aclcheck(space->outbox, GetUserId(), ACL_SELECT) != ACLCHECK_OK || pg_class_aclcheck(space->outbox, GetUserId(), ACL_DELETE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for queues of space \"%s\"", NameStr(space->name)),
				 errhint("It takes SELECT and DELETE on table %s.", quote_qualified_identifier(NameStr(space->name), "outbox"))));
	if (max <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max must be more than 0")));
	sqlapi_begin_write("adama.dequeue()");
	InitMaterializedSRF(fcinfo, 0);
	store_dequeue(space, TextDatumGetCString(PG_GETARG_DATUM(1)), max, put_dequeued, fcinfo->resultinfo);
	return (Datum) 0;
}

/* ---- how they are doing ---- */

static const char *
state_of(const StoreTargetStatus *status)
{
	if (status->problem != NULL)
		return "broken";
	if (status->retry_at != 0)
		return "waiting";
	if (!status->is_filled)
		return "filling";
	return status->pending > 0 && status->mode != STORE_TARGET_QUEUE ? "behind" : "current";
}

static Datum
time_or_null(TimestampTz time, bool *isnull)
{
	*isnull = time == 0;
	return TimestampTzGetDatum(time);
}

typedef struct Listing
{
	ReturnSetInfo *result;
	Datum		space;			/* its name */
	TimestampTz now;
} Listing;

static void
put_status(const StoreTargetStatus *status, void *arg)
{
	static const char *const modes[] = {[STORE_TARGET_SYNC] = "sync", [STORE_TARGET_ASYNC] = "async", [STORE_TARGET_QUEUE] = "queue"};
	Listing    *listing = arg;
	const char *error = status->problem != NULL ? status->problem : status->last_error;
	Datum		values[15];
	bool		nulls[15] = {0};

	values[0] = listing->space;
	values[1] = CStringGetTextDatum(status->name);
	nulls[2] = !OidIsValid(status->relation);
	values[2] = ObjectIdGetDatum(status->relation);
	values[3] = CStringGetTextDatum(modes[status->mode]);
	values[4] = CStringGetTextDatum(state_of(status));
	values[5] = Int64GetDatum(status->pending);
	values[6] = Int64GetDatum(status->parked);
	nulls[7] = status->oldest == 0;
	if (!nulls[7])
		values[7] = DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(Max(listing->now, status->oldest)), TimestampTzGetDatum(status->oldest));
	/* What messages write themselves is not counted. */
	nulls[8] = status->mode == STORE_TARGET_SYNC;
	values[8] = Int64GetDatum(status->delivered);
	values[9] = Int64GetDatum(status->fill_done);
	nulls[10] = status->fill_total < 0;
	values[10] = Int64GetDatum(status->fill_total);
	values[11] = Int32GetDatum(status->failures);
	values[12] = time_or_null(status->retry_at, &nulls[12]);
	nulls[13] = error == NULL;
	if (error != NULL)
		values[13] = CStringGetTextDatum(error);
	values[14] = time_or_null(status->last_error_at, &nulls[14]);
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
}

/* Of all spaces that are the caller's. */
Datum
adama_sql_list_replications(PG_FUNCTION_ARGS)
{
	Listing		listing = {(ReturnSetInfo *) fcinfo->resultinfo};
	List	   *schemas;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	listing.now = GetCurrentTimestamp();
	schemas = store_space_all();
	foreach(lc, schemas)
	{
		StoreSpace *space = store_space_by_schema(lfirst_oid(lc));

		if (space == NULL || !sqlapi_is_owner(space))
			continue;
		listing.space = CStringGetTextDatum(NameStr(space->name));
		store_targets_status(space, put_status, &listing);
	}
	return (Datum) 0;
}
