/*
 * outbox.c
 *	  The table outbox: what a queue holds, and what a table has refused.
 *
 * Of a queue: one row for each replica that has changed since a consumer took it, with its value as of now.  Whoever dequeues deletes rows in a transaction of its own; as long as
 * that goes on, a row can be neither changed nor made anew, and its changes are left where they are.
 *
 *		worker						consumer
 *		k: {"n":1} lies in the queue
 *									takes k, processes {"n":1}
 *		k has become {"n":2}:
 *		k is held, left alone
 *									COMMIT: k is gone			or ROLLBACK: k lies there
 *		tries again: makes k			makes it {"n":2}
 *
 * Of a table: what it has refused, how often, why, and when it is tried again.  The value is for people to look at; what is brought is what the replica is by then.  What was not refused, but was
 * too slow each time, is there as well, and marked: it is brought alone, and no more often when it changes, since everything else waits while it is tried.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "store/delivery.h"

static const char *const any_sql = "SELECT FROM %1$s.outbox WHERE replication = $1 LIMIT 1";
static const char *const join_sql =
	"SELECT o.key, o.\"row\", o.attempts, o.since, o.alone FROM %1$s.outbox o WHERE o.replication = $1 AND (o.key, o.\"row\") IN "
	"(SELECT u.key, u.\"row\" FROM unnest($2, $3) u(key, \"row\") UNION ALL "
	"(SELECT d.key, d.\"row\" FROM %1$s.outbox d WHERE d.replication = $1 AND d.alone = $5 AND d.retry_at <= clock_timestamp() ORDER BY d.retry_at LIMIT $4)) ORDER BY o.key, o.\"row\"";
static const char *const settle_sql =
	"DELETE FROM %1$s.outbox o USING unnest($2, $3) u(key, \"row\") WHERE o.replication = $1 AND o.key = u.key AND o.\"row\" = u.\"row\"";
static const char *const park_sql =
	"INSERT INTO %1$s.outbox AS o (replication, key, \"row\", value, hash, seq, since, attempts, retry_at, error, alone) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10) "
	"ON CONFLICT (replication, key, \"row\") DO UPDATE SET value = excluded.value, hash = excluded.hash, seq = excluded.seq, attempts = o.attempts + 1, "
	"retry_at = excluded.retry_at, error = excluded.error, alone = excluded.alone";
static const char *const absorb_sql =
	"UPDATE %1$s.outbox o SET value = u.value, hash = u.hash, seq = u.seq, retry_at = least(o.retry_at, $8) FROM unnest($2, $3, $4, $5, $6, $7) u(key, \"row\", value, hash, seq, since) "
	"WHERE o.replication = $1 AND o.key = u.key AND o.\"row\" = u.\"row\"";
static const char *const postpone_sql =
	"UPDATE %1$s.outbox SET attempts = attempts + 1, retry_at = $4, error = $5, alone = true WHERE replication = $1 AND key = $2 AND \"row\" = $3";
static const char *const next_sql = "SELECT min(retry_at) FILTER (WHERE NOT alone), min(retry_at) FILTER (WHERE alone) FROM %1$s.outbox WHERE replication = $1";

static const char *const there_sql = "SELECT u.i FROM unnest($2, $3) WITH ORDINALITY u(key, \"row\", i) WHERE EXISTS "
	"(SELECT FROM %1$s.outbox o WHERE o.replication = $1 AND o.key = u.key AND o.\"row\" = u.\"row\")";
static const char *const hold_sql = "SELECT u.i FROM unnest($2, $3) WITH ORDINALITY u(key, \"row\", i), %1$s.outbox o "
	"WHERE o.replication = $1 AND o.key = u.key AND o.\"row\" = u.\"row\" FOR NO KEY UPDATE OF o SKIP LOCKED";
static const char *const change_sql =
	"UPDATE %1$s.outbox o SET value = u.value, hash = u.hash, seq = u.seq FROM unnest($2, $3, $4, $5, $6, $7) u(key, \"row\", value, hash, seq, since) "
	"WHERE o.replication = $1 AND o.key = u.key AND o.\"row\" = u.\"row\"";
static const char *const add_sql =
	"INSERT INTO %1$s.outbox (replication, key, \"row\", value, hash, seq, since) SELECT $1, u.key, u.\"row\", u.value, u.hash, u.seq, u.since "
	"FROM unnest($2, $3, $4, $5, $6, $7) u(key, \"row\", value, hash, seq, since)";

/* ---- arguments ---- */

static Datum
array_of(Datum *values, bool *nulls, int n, Oid type, int16 len, bool by_value, char align)
{
	int			lower = 1;

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type, len, by_value, align));
}

typedef bool (*Wanted) (const StoreDeliveryRow *row);

/* $2 and $3: keys and rows of those that are wanted; how many. */
static int
keys_of(const StoreDelivery *delivery, Wanted wanted, Datum arrays[2])
{
	Datum	   *keys = palloc(sizeof(Datum) * Max(delivery->n, 1));
	Datum	   *rows = palloc(sizeof(Datum) * Max(delivery->n, 1));
	int			n = 0;

	for (int i = 0; i < delivery->n; i++)
	{
		if (wanted != NULL && !wanted(&delivery->rows[i]))
			continue;
		keys[n] = CStringGetTextDatum(delivery->rows[i].it.key);
		rows[n++] = Int32GetDatum(delivery->rows[i].it.row);
	}
	arrays[0] = array_of(keys, NULL, n, TEXTOID, -1, false, TYPALIGN_INT);
	arrays[1] = array_of(rows, NULL, n, INT4OID, 4, true, TYPALIGN_INT);
	return n;
}

/* $4 to $7: value, hash, seq, since. */
static void
values_of(const StoreDelivery *delivery, Wanted wanted, Datum arrays[4])
{
	Datum	   *values[4];
	bool	   *nulls = palloc(sizeof(bool) * Max(delivery->n, 1));
	bool	   *none = palloc0(sizeof(bool) * Max(delivery->n, 1));
	int			n = 0;

	for (int k = 0; k < 4; k++)
		values[k] = palloc(sizeof(Datum) * Max(delivery->n, 1));
	for (int i = 0; i < delivery->n; i++)
	{
		const StoreDeliveryRow *row = &delivery->rows[i];

		if (!wanted(row))
			continue;
		values[0][n] = row->it.value;
		values[1][n] = Int64GetDatum(row->it.hash);
		values[2][n] = Int64GetDatum(row->it.seq);
		values[3][n] = TimestampTzGetDatum(row->since);
		nulls[n++] = row->it.is_gone;
	}
	arrays[0] = array_of(values[0], nulls, n, JSONBOID, -1, false, TYPALIGN_INT);
	arrays[1] = array_of(values[1], nulls, n, INT8OID, 8, true, TYPALIGN_DOUBLE);
	arrays[2] = array_of(values[2], nulls, n, INT8OID, 8, true, TYPALIGN_DOUBLE);
	arrays[3] = array_of(values[3], none, n, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE);
}

static int64
result_number(uint64 row, int n)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* ---- what a table has refused ---- */

static int
compare_rows(const StoreDeliveryRow *row, const char *key, int32 number)
{
	int			order = strcmp(row->it.key, key);

	return order != 0 ? order : (row->it.row > number) - (row->it.row < number);
}

/* Merges what the query found, in the order of key and row, into the rows, which are in that order; changes that point to rows keep pointing to them. */
static void
merge(StoreDelivery *delivery, bool brings)
{
	int			n_found = (int) SPI_processed;
	int		   *places = palloc(sizeof(int) * Max(delivery->n, 1));
	StoreDeliveryRow *rows = palloc_extended(sizeof(StoreDeliveryRow) * (delivery->n + n_found), MCXT_ALLOC_HUGE);
	int			i = 0;
	int			n = 0;

	for (int k = 0; k < n_found; k++)
	{
		char	   *key = SPI_getvalue(SPI_tuptable->vals[k], SPI_tuptable->tupdesc, 1);
		int32		number = (int32) result_number(k, 2);

		while (i < delivery->n && compare_rows(&delivery->rows[i], key, number) < 0)
		{
			places[i] = n;
			rows[n++] = delivery->rows[i++];
		}
		if (i < delivery->n && compare_rows(&delivery->rows[i], key, number) == 0)
		{
			places[i] = n;
			rows[n] = delivery->rows[i++];
		}
		else if (brings)
			rows[n] = (StoreDeliveryRow) {.it = {.key = key,.row = number},.since = result_number(k, 4)};
		else
			continue;
		rows[n].attempts = (int) result_number(k, 3);
		rows[n++].is_alone = result_number(k, 5) != 0;
	}
	for (; i < delivery->n; i++)
	{
		places[i] = n;
		rows[n++] = delivery->rows[i];
	}
	for (int k = 0; k < delivery->n_changes; k++)
		delivery->of[k] = places[delivery->of[k]];
	delivery->rows = rows;
	delivery->n = delivery->capacity = n;
}

void
store_outbox_join(StoreSpace *space, StoreDelivery *delivery, int brings, bool alone)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext inside;
	StoreSession session;
	Oid			types[5] = {INT4OID, TEXTARRAYOID, INT4ARRAYOID, INT4OID, BOOLOID};
	Datum		values[5] = {Int32GetDatum(delivery->id)};

	if (delivery->mode == STORE_TARGET_QUEUE)
		return;
	store_session_begin(&session, space);
	store_session_repeat(&session, any_sql, 1, types, values, NULL, false);
	if (SPI_processed > 0)
	{
		(void) keys_of(delivery, NULL, &values[1]);
		values[3] = Int32GetDatum(brings);
		values[4] = BoolGetDatum(alone);
		store_session_run(&session, join_sql, 5, types, values, NULL, false);
		inside = MemoryContextSwitchTo(context);
		merge(delivery, brings > 0);
		MemoryContextSwitchTo(inside);
	}
	store_session_end(&session);
}

static bool
is_settled(const StoreDeliveryRow *row)
{
	return row->attempts > 0 && !row->is_parked && !row->is_left;
}

void
store_outbox_settle(StoreSpace *space, StoreDelivery *delivery)
{
	StoreSession session;
	Oid			types[3] = {INT4OID, TEXTARRAYOID, INT4ARRAYOID};
	Datum		values[3] = {Int32GetDatum(delivery->id)};

	if (delivery->mode == STORE_TARGET_QUEUE)
		return;
	store_session_begin(&session, space);
	if (keys_of(delivery, is_settled, &values[1]) > 0)
		store_session_run(&session, settle_sql, 3, types, values, NULL, false);
	store_session_end(&session);
}

void
store_delivery_park(StoreSpace *space, StoreDelivery *delivery, int i, const char *error, TimestampTz retry_at, bool is_too_slow)
{
	StoreDeliveryRow *row = &delivery->rows[i];
	StoreSession session;
	Oid			types[10] = {INT4OID, TEXTOID, INT4OID, JSONBOID, INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, BOOLOID};
	Datum		values[10] = {Int32GetDatum(delivery->id), CStringGetTextDatum(row->it.key), Int32GetDatum(row->it.row), row->it.value, Int64GetDatum(row->it.hash),
		Int64GetDatum(row->it.seq), TimestampTzGetDatum(row->since), TimestampTzGetDatum(retry_at), CStringGetTextDatum(error),
		BoolGetDatum(is_too_slow)};

	store_session_begin(&session, space);
	store_session_run(&session, park_sql, 10, types, values, row->it.is_gone ? "   nnn    " : NULL, false);
	store_session_end(&session);
	row->is_parked = true;
	delivery->n_parked++;
}

static bool
is_kept(const StoreDeliveryRow *row)
{
	return row->is_alone && !row->is_left;
}

void
store_delivery_absorb(StoreSpace *space, StoreDelivery *delivery, TimestampTz retry_at)
{
	StoreSession session;
	Oid			types[8] = {INT4OID, TEXTARRAYOID, INT4ARRAYOID, JSONBARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZOID};
	Datum		values[8] = {Int32GetDatum(delivery->id)};

	store_session_begin(&session, space);
	if (keys_of(delivery, is_kept, &values[1]) > 0)
	{
		values_of(delivery, is_kept, &values[3]);
		values[7] = TimestampTzGetDatum(retry_at);
		store_session_run(&session, absorb_sql, 8, types, values, NULL, false);
	}
	store_session_end(&session);
	for (int i = 0; i < delivery->n; i++)
		delivery->rows[i].is_parked |= is_kept(&delivery->rows[i]);
}

void
store_delivery_postpone(StoreSpace *space, int id, const char *key, int32 row, const char *error, TimestampTz retry_at)
{
	StoreSession session;
	Oid			types[5] = {INT4OID, TEXTOID, INT4OID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[5] = {Int32GetDatum(id), CStringGetTextDatum(key), Int32GetDatum(row), TimestampTzGetDatum(retry_at), CStringGetTextDatum(error)};

	store_session_begin(&session, space);
	store_session_run(&session, postpone_sql, 5, types, values, NULL, false);
	store_session_end(&session);
}

TimestampTz
store_delivery_next(StoreSpace *space, const StoreDelivery *delivery, TimestampTz *alone)
{
	StoreSession session;
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(delivery->id)};
	TimestampTz next;

	*alone = 0;
	if (delivery->mode == STORE_TARGET_QUEUE)
		return 0;
	store_session_begin(&session, space);
	store_session_repeat(&session, next_sql, 1, types, values, NULL, false);
	next = result_number(0, 1);
	*alone = result_number(0, 2);
	store_session_end(&session);
	return next;
}

/* ---- queues ---- */

static bool
is_to_be_changed(const StoreDeliveryRow *row)
{
	return row->lies && !row->is_left;
}

static bool
is_to_be_added(const StoreDeliveryRow *row)
{
	return !row->lies;
}

void
store_delivery_enqueue(StoreSpace *space, StoreDelivery *delivery)
{
	StoreSession session;
	Oid			types[7] = {INT4OID, TEXTARRAYOID, INT4ARRAYOID, JSONBARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID};
	Datum		values[7] = {Int32GetDatum(delivery->id)};

	store_session_begin(&session, space);
	(void) keys_of(delivery, NULL, &values[1]);
	store_session_run(&session, there_sql, 3, types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		delivery->rows[result_number(i, 1) - 1].lies = true;
		delivery->rows[result_number(i, 1) - 1].is_left = true;
	}
	if (SPI_processed > 0)
	{
		store_session_run(&session, hold_sql, 3, types, values, NULL, false);
		for (uint64 i = 0; i < SPI_processed; i++)
			delivery->rows[result_number(i, 1) - 1].is_left = false;
	}
	if (keys_of(delivery, is_to_be_changed, &values[1]) > 0)
	{
		values_of(delivery, is_to_be_changed, &values[3]);
		store_session_run(&session, change_sql, 7, types, values, NULL, false);
	}
	if (keys_of(delivery, is_to_be_added, &values[1]) > 0)
	{
		values_of(delivery, is_to_be_added, &values[3]);
		store_session_run(&session, add_sql, 7, types, values, NULL, false);
	}
	store_session_end(&session);
}
