/*
 * target_write.c
 *	  How rows are brought into targets.
 *
 * A local table gets all rows of a batch in one statement: arrays of the columns, and INSERT … ON CONFLICT, which leaves alone what is the same already.  A foreign table knows no
 * ON CONFLICT, and perhaps no transactions: rows are looked up by their identity, then updated, inserted, or left alone; one by one, but through postgres_fdw, which can be asked for many.
 * Doing it twice gives the same as doing it once.  What is deleted goes first, so that what takes its place in another unique index can come.
 *
 * Statements (target_sql.c) are parsed and run as the space's owner, with the target's schema behind pg_catalog as search_path, for the sake of the target's triggers.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store/target.h"

/* Types of the parameters: of all columns or of the identity alone, as arrays or not. */
static SPIPlanPtr
prepare(const TargetMap *map, char *sql, bool identity_only, bool arrays)
{
	Oid		   *types = palloc(sizeof(Oid) * map->n_columns);
	int			n = 0;
	SPIPlanPtr	plan;

	for (int i = 0; i < map->n_columns; i++)
	{
		if (!identity_only || map->columns[i].is_identity)
			types[n++] = arrays ? map->columns[i].array_type : map->columns[i].type;
	}
	/* What the arrays hold makes no difference to how it is best done. */
	plan = SPI_prepare_cursor(sql, n, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	pfree(types);
	pfree(sql);
	return plan;
}

static void
execute(SPIPlanPtr plan, Datum *values, const char *nulls)
{
	int			result = SPI_execute_plan(plan, values, nulls, false, 0);

	if (result < 0)
		elog(ERROR, "could not write to the target of a replication: %s", SPI_result_code_string(result));
}

/* Values of the columns for one row, or only of its identity; returns how many. */
static int
row_values(const TargetMap *map, const StoreTargetRow *row, bool identity_only, Datum *values, char *nulls)
{
	int			n = 0;

	for (int i = 0; i < map->n_columns; i++)
	{
		bool		isnull;

		if (identity_only && !map->columns[i].is_identity)
			continue;
		values[n] = store_target_value(map, &map->columns[i], row, &isnull);
		nulls[n++] = isnull ? 'n' : ' ';
	}
	return n;
}

/* Under a snapshot of before, a row that was brought since could not be seen and would stay; what is written over one is an error then. */
static void
remove_row(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *row, Datum *values, char *nulls)
{
	if (plans->remove == NULL)
		plans->remove = prepare(map, store_target_remove_text(map), true, false);
	row_values(map, row, true, values, nulls);
	if (!IsolationUsesXactSnapshot())
		execute(plans->remove, values, nulls);
	else if (SPI_execute_snapshot(plans->remove, values, nulls, GetLatestSnapshot(), InvalidSnapshot, false, true, 0) < 0)
		elog(ERROR, "could not delete from the target of a replication");
}

/* The columns of n rows, each an array. */
static void
column_arrays(const TargetMap *map, const StoreTargetRow **rows, int n, Datum *arrays, char *nulls)
{
	Datum	   *values = palloc(sizeof(Datum) * n);
	bool	   *isnull = palloc(sizeof(bool) * n);

	for (int i = 0; i < map->n_columns; i++)
	{
		TargetColumn *column = &map->columns[i];
		int			lower = 1;

		for (int j = 0; j < n; j++)
			values[j] = store_target_value(map, column, rows[j], &isnull[j]);
		arrays[i] = PointerGetDatum(construct_md_array(values, isnull, 1, &n, &lower, column->type, column->len, column->by_value, column->align));
		nulls[i] = ' ';
	}
}

static void
upsert_local(const TargetMap *map, TargetPlans *plans, const StoreTargetRow **rows, int n, Datum *arrays, char *nulls)
{
	if (plans->upsert == NULL)
		plans->upsert = prepare(map, store_target_upsert_text(map), false, true);
	column_arrays(map, rows, n, arrays, nulls);
	execute(plans->upsert, arrays, nulls);
}

static void
update_row(const TargetMap *map, TargetPlans *plans, Datum *values, const char *nulls)
{
	if (plans->update == NULL)
		plans->update = prepare(map, store_target_update_text(map), false, false);
	execute(plans->update, values, nulls);
}

/* Where a condition with an array is sent to the remote: one question for all, one INSERT of what is new, and an UPDATE for each that is another. */
static void
upsert_far(const TargetMap *map, TargetPlans *plans, const StoreTargetRow **rows, int n, Datum *values, char *nulls)
{
	bool	   *is_there = palloc0(sizeof(bool) * n);
	bool	   *is_other = palloc0(sizeof(bool) * n);
	int			n_new = 0;
	const StoreTargetRow **fresh = palloc(sizeof(StoreTargetRow *) * n);

	if (plans->find == NULL)
		plans->find = prepare(map, store_target_find_many_text(map), false, true);
	column_arrays(map, rows, n, values, nulls);
	execute(plans->find, values, nulls);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int64		number = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)) - 1;

		is_there[number] = true;
		is_other[number] |= DatumGetBool(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < n; i++)
	{
		if (!is_there[i])
			fresh[n_new++] = rows[i];
		if (!is_other[i])
			continue;
		row_values(map, rows[i], false, values, nulls);
		update_row(map, plans, values, nulls);
	}
	if (n_new == 0)
		return;
	if (plans->insert == NULL)
		plans->insert = prepare(map, store_target_insert_many_text(map), false, true);
	column_arrays(map, fresh, n_new, values, nulls);
	execute(plans->insert, values, nulls);
}

static void
upsert_foreign(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *row, Datum *values, char *nulls)
{
	bool		is_there;
	bool		is_other = false;
	bool		isnull;

	if (plans->find == NULL)
		plans->find = prepare(map, store_target_find_text(map), false, false);
	row_values(map, row, false, values, nulls);
	execute(plans->find, values, nulls);
	is_there = SPI_processed > 0;
	if (is_there)
		is_other = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (!is_there)
	{
		if (plans->insert == NULL)
			plans->insert = prepare(map, store_target_insert_text(map), false, false);
		execute(plans->insert, values, nulls);
	}
	else if (is_other)
		update_row(map, plans, values, nulls);
}

void
store_target_write(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "adama target", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Datum	   *values = palloc(sizeof(Datum) * map->n_columns);
	char	   *nulls = palloc(map->n_columns);
	const StoreTargetRow **upserts = palloc(sizeof(StoreTargetRow *) * n);
	int			n_upserts = 0;

	for (int i = 0; i < n; i++)
	{
		if (rows[i].is_gone)
			remove_row(map, plans, &rows[i], values, nulls);
		else
			upserts[n_upserts++] = &rows[i];
	}
	if (n_upserts > 0 && !map->is_foreign)
		upsert_local(map, plans, upserts, n_upserts, values, nulls);
	else if (n_upserts > 0 && map->takes_arrays)
		upsert_far(map, plans, upserts, n_upserts, values, nulls);
	else
		for (int i = 0; i < n_upserts; i++)
			upsert_foreign(map, plans, upserts[i], values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static void
free_plan(SPIPlanPtr plan)
{
	if (plan != NULL)
		SPI_freeplan(plan);
}

void
store_target_plans_free(TargetPlans *plans)
{
	free_plan(plans->upsert);
	free_plan(plans->remove);
	free_plan(plans->find);
	free_plan(plans->insert);
	free_plan(plans->update);
	memset(plans, 0, sizeof(*plans));
}
