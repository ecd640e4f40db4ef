/*
 * target_sql.c
 *	  The text of the statements that bring rows into targets.
 *
 * All operators are named with their schema, and rows are compared byte by byte: no object that the session's search_path or a type's author could put in the way has a say.
 * Parameters are the columns in the order of the map, or those of the identity alone; as arrays where many rows go at once.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "store/target.h"

/* Rows of any types, byte by byte; the casts keep the parser from comparing column by column, by whatever equality it finds. */
#define ROW_BEGIN "CAST(ROW("
#define ROW_END ") AS pg_catalog.record)"
#define CHANGED " OPERATOR(pg_catalog.*<>) "

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

/* What is there, as of the base type. */
static void
append_there(StringInfo sql, const TargetColumn *column)
{
	if (column->is_domain)
		appendStringInfo(sql, "CAST(t.%s AS %s)", quote_identifier(column->name), column->type_name);
	else
		appendStringInfo(sql, "t.%s", quote_identifier(column->name));
}

/* The arrays of all columns as rows r. */
static void
append_arrays(StringInfo sql, const TargetMap *map, const char *ordinality, const char *more)
{
	appendStringInfoString(sql, " FROM ROWS FROM (");
	for (int i = 0; i < map->n_columns; i++)
		appendStringInfo(sql, "%spg_catalog.unnest($%d)", i > 0 ? ", " : "", i + 1);
	appendStringInfo(sql, ")%s AS r (", ordinality);
	append_names(sql, map, "", true, true);
	appendStringInfo(sql, "%s)", more);
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

char *
store_target_upsert_text(const TargetMap *map)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s AS t (", map->table);
	append_names(&sql, map, "", true, true);
	appendStringInfoString(&sql, ") SELECT ");
	append_names(&sql, map, "r.", true, true);
	append_arrays(&sql, map, "", "");
	appendStringInfoString(&sql, " ON CONFLICT (");
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

char *
store_target_remove_text(const TargetMap *map)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM %s%s AS t", only(map), map->table);
	append_where(&sql, map, false);
	return sql.data;
}

char *
store_target_find_text(const TargetMap *map)
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
			append_there(&sql, column);
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

char *
store_target_insert_text(const TargetMap *map)
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

char *
store_target_update_text(const TargetMap *map)
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

char *
store_target_find_many_text(const TargetMap *map)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "WITH old AS MATERIALIZED (SELECT ");
	for (int i = 0; i < map->n_columns; i++)
	{
		comma(&sql, &n);
		append_there(&sql, &map->columns[i]);
		appendStringInfo(&sql, " AS %s", quote_identifier(map->columns[i].name));
	}
	appendStringInfo(&sql, " FROM %s AS t", map->table);
	n = 0;
	for (int i = 0; i < map->n_columns; i++)
	{
		if (map->columns[i].is_identity)
			appendStringInfo(&sql, "%st.%s OPERATOR(pg_catalog.=) ANY ($%d)", n++ > 0 ? " AND " : " WHERE ", quote_identifier(map->columns[i].name), i + 1);
	}
	appendStringInfoString(&sql, ") SELECT r.\"the number\", ");
	if (map->n_identity == map->n_columns)
		appendStringInfoString(&sql, "false");
	else
	{
		appendStringInfoString(&sql, ROW_BEGIN);
		append_names(&sql, map, "old.", false, true);
		appendStringInfoString(&sql, ROW_END CHANGED ROW_BEGIN);
		append_names(&sql, map, "r.", false, true);
		appendStringInfoString(&sql, ROW_END);
	}
	append_arrays(&sql, map, " WITH ORDINALITY", ", \"the number\"");
	appendStringInfoString(&sql, " JOIN old ON ");
	n = 0;
	for (int i = 0; i < map->n_columns; i++)
	{
		const char *name = quote_identifier(map->columns[i].name);

		if (map->columns[i].is_identity)
			appendStringInfo(&sql, "%sold.%s OPERATOR(pg_catalog.=) r.%s", n++ > 0 ? " AND " : "", name, name);
	}
	return sql.data;
}

char *
store_target_insert_many_text(const TargetMap *map)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s (", map->table);
	append_names(&sql, map, "", true, true);
	appendStringInfoString(&sql, ") SELECT ");
	append_names(&sql, map, "r.", true, true);
	append_arrays(&sql, map, "", "");
	return sql.data;
}
