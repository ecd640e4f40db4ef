/*
 * target_write.c
 *	  The statements that bring rows into targets.
 *
 * A local table gets all rows of a batch in one statement: arrays of the columns, and INSERT … ON CONFLICT, which leaves alone what is the same already.  A foreign table knows no
 * ON CONFLICT, and perhaps no transactions: each row is looked up by its identity, then updated, inserted, or left alone.  Doing it twice gives the same as doing it once.  What
 * is deleted goes first, so that what takes its place in another unique index can come.
 *
 * The text of the statements names all operators with their schema, and compares rows byte by byte: no object that the session's search_path or a type's author could put in the
 * way has a say.  They are parsed and run as the space's owner; triggers of the target see the session's settings, as they would for any statement.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "store/target.h"

/* Rows of any types, byte by byte; the casts keep the parser from comparing column by column, by whatever equality it finds. */
#define ROW_BEGIN "CAST(ROW("
#define ROW_END ") AS pg_catalog.record)"
#define CHANGED " OPERATOR(pg_catalog.*<>) "

/* ---- the text ---- */

static void
comma(StringInfo sql, int *n)
{
	if ((*n)++ > 0)
		appendStringInfoString(sql, ", ");
}

/* Names of columns, each behind this prefix: the identity's, the others', or (both) all. */
static void
append_names(StringInfo sql, const TargetMap *map, const char *prefix, bool identity, bool others)
{
	int			n = 0;

	for (int i = 0; i < map->n_columns; i++)
	{
		const TargetColumn *column = &map->columns[i];

		if (column->is_identity ? !identity : !others)
			continue;
		comma(sql, &n);
		appendStringInfo(sql, "%s%s", prefix, quote_identifier(column->name));
	}
}

/* The row of an identity; all: the parameters are all columns, otherwise those of the identity alone. */
static void
append_where(StringInfo sql, const TargetMap *map, bool all)
{
	int			n = 0;

	for (int i = 0; i < map->n_columns; i++)
	{
		if (!map->columns[i].is_identity)
			continue;
		appendStringInfo(sql, "%st.%s OPERATOR(pg_catalog.=) $%d", n > 0 ? " AND " : " WHERE ", quote_identifier(map->columns[i].name), all ? i + 1 : n + 1);
		n++;
	}
}

static char *
upsert_text(const TargetMap *map)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s AS t (", map->table);
	append_names(&sql, map, "", true, true);
	appendStringInfoString(&sql, ") SELECT ");
	append_names(&sql, map, "r.", true, true);
	appendStringInfoString(&sql, " FROM ROWS FROM (");
	for (int i = 0; i < map->n_columns; i++)
		appendStringInfo(&sql, "%spg_catalog.unnest($%d)", i > 0 ? ", " : "", i + 1);
	appendStringInfoString(&sql, ") AS r (");
	append_names(&sql, map, "", true, true);
	appendStringInfoString(&sql, ") ON CONFLICT (");
	append_names(&sql, map, "", true, false);
	if (map->n_identity == map->n_columns)
	{
		appendStringInfoString(&sql, ") DO NOTHING");
		return sql.data;
	}
	appendStringInfoString(&sql, ") DO UPDATE SET ");
	for (int i = 0; i < map->n_columns; i++)
	{
		const char *name = quote_identifier(map->columns[i].name);

		if (map->columns[i].is_identity)
			continue;
		comma(&sql, &n);
		appendStringInfo(&sql, "%s = EXCLUDED.%s", name, name);
	}
	appendStringInfoString(&sql, " WHERE " ROW_BEGIN);
	append_names(&sql, map, "t.", false, true);
	appendStringInfoString(&sql, ROW_END CHANGED ROW_BEGIN);
	append_names(&sql, map, "EXCLUDED.", false, true);
	appendStringInfoString(&sql, ROW_END);
	return sql.data;
}

/* Of a table that has children, rows are the parent's own; those of a partitioned one are in its partitions. */
static const char *
only(const TargetMap *map)
{
	return map->is_foreign || map->is_partitioned ? "" : "ONLY ";
}

static char *
remove_text(const TargetMap *map)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM %s%s AS t", only(map), map->table);
	append_where(&sql, map, false);
	return sql.data;
}

static char *
find_text(const TargetMap *map)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	if (map->n_identity == map->n_columns)
		appendStringInfoString(&sql, "false");
	else
	{
		appendStringInfoString(&sql, ROW_BEGIN);
		for (int i = 0; i < map->n_columns; i++)
		{
			const TargetColumn *column = &map->columns[i];

			if (column->is_identity)
				continue;
			comma(&sql, &n);
			if (column->is_domain)
				appendStringInfo(&sql, "CAST(t.%s AS %s)", quote_identifier(column->name), column->type_name);
			else
				appendStringInfo(&sql, "t.%s", quote_identifier(column->name));
		}
		appendStringInfoString(&sql, ROW_END CHANGED ROW_BEGIN);
		n = 0;
		for (int i = 0; i < map->n_columns; i++)
		{
			if (map->columns[i].is_identity)
				continue;
			comma(&sql, &n);
			appendStringInfo(&sql, "$%d", i + 1);
		}
		appendStringInfoString(&sql, ROW_END);
	}
	appendStringInfo(&sql, " FROM %s AS t", map->table);
	append_where(&sql, map, true);
	return sql.data;
}

static char *
insert_text(const TargetMap *map)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s (", map->table);
	append_names(&sql, map, "", true, true);
	appendStringInfoString(&sql, ") VALUES (");
	for (int i = 0; i < map->n_columns; i++)
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static char *
update_text(const TargetMap *map)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS t SET ", map->table);
	for (int i = 0; i < map->n_columns; i++)
	{
		if (map->columns[i].is_identity)
			continue;
		comma(&sql, &n);
		appendStringInfo(&sql, "%s = $%d", quote_identifier(map->columns[i].name), i + 1);
	}
	append_where(&sql, map, true);
	return sql.data;
}

/* ---- at work ---- */

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

static void
remove_row(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *row, Datum *values, char *nulls)
{
	if (plans->remove == NULL)
		plans->remove = prepare(map, remove_text(map), true, false);
	row_values(map, row, true, values, nulls);
	execute(plans->remove, values, nulls);
}

static void
upsert_rows(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n, int n_gone, Datum *arrays, char *nulls)
{
	int			n_rows = n - n_gone;
	Datum	   *values = palloc(sizeof(Datum) * n_rows);
	bool	   *isnull = palloc(sizeof(bool) * n_rows);

	if (plans->upsert == NULL)
		plans->upsert = prepare(map, upsert_text(map), false, true);
	for (int i = 0; i < map->n_columns; i++)
	{
		TargetColumn *column = &map->columns[i];
		int			lower = 1;
		int			k = 0;

		for (int j = 0; j < n; j++)
		{
			if (rows[j].is_gone)
				continue;
			values[k] = store_target_value(map, column, &rows[j], &isnull[k]);
			k++;
		}
		arrays[i] = PointerGetDatum(construct_md_array(values, isnull, 1, &k, &lower, column->type, column->len, column->by_value, column->align));
		nulls[i] = ' ';
	}
	execute(plans->upsert, arrays, nulls);
}

static void
upsert_foreign(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *row, Datum *values, char *nulls)
{
	bool		is_there;
	bool		is_other = false;
	bool		isnull;

	if (plans->find == NULL)
		plans->find = prepare(map, find_text(map), false, false);
	row_values(map, row, false, values, nulls);
	execute(plans->find, values, nulls);
	is_there = SPI_processed > 0;
	if (is_there)
		is_other = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (!is_there)
	{
		if (plans->insert == NULL)
			plans->insert = prepare(map, insert_text(map), false, false);
		execute(plans->insert, values, nulls);
	}
	else if (is_other)
	{
		if (plans->update == NULL)
			plans->update = prepare(map, update_text(map), false, false);
		execute(plans->update, values, nulls);
	}
}

void
store_target_write(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "adama target", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Datum	   *values = palloc(sizeof(Datum) * map->n_columns);
	char	   *nulls = palloc(map->n_columns);
	int			n_gone = 0;

	for (int i = 0; i < n; i++)
	{
		if (!rows[i].is_gone)
			continue;
		remove_row(map, plans, &rows[i], values, nulls);
		n_gone++;
	}
	if (map->is_foreign)
	{
		for (int i = 0; i < n; i++)
		{
			if (!rows[i].is_gone)
				upsert_foreign(map, plans, &rows[i], values, nulls);
		}
	}
	else if (n > n_gone)
		upsert_rows(map, plans, rows, n, n_gone, values, nulls);
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
