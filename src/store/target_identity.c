/*
 * target_identity.c
 *	  By which columns a replica is found in its target.
 *
 * Columns that get $key, $row, $space, $name or $id, with a unique index of a local table on them.  Nothing else will do: a member can change.  Equality must be that of bytes, or two
 * documents would be one row.  A name that records publish needs the row in it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "store/target.h"

static TargetColumn *
column_of_number(const TargetMap *map, int number)
{
	for (int i = 0; i < map->n_columns; i++)
	{
		if (map->columns[i].number == number)
			return &map->columns[i];
	}
	return NULL;
}

static bool
is_mapped(const TargetMap *map, TargetSource source)
{
	for (int i = 0; i < map->n_columns; i++)
	{
		if (map->columns[i].source == source)
			return true;
	}
	return false;
}

/* Whether different values are different in the column: two keys must not be one row. */
static bool
tells_apart(const TargetColumn *column, Oid collation)
{
	if (!target_sources[column->source].identifies)
		return false;
	if (column->class != TARGET_TEXT)
		return true;
	return (column->type == TEXTOID || column->type == VARCHAROID) && (!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

static bool
is_listed(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/* Whether these columns say which replica it is: each of them does, and all together do. */
static bool
identifies(const TargetWork *work, TargetColumn **columns, const Oid *collations, int n)
{
	bool		has_key = false;
	bool		has_row = false;

	for (int i = 0; i < n; i++)
	{
		if (columns[i] == NULL || !tells_apart(columns[i], collations[i]))
			return false;
		has_key |= columns[i]->source == TARGET_KEY || columns[i]->source == TARGET_ID;
		has_row |= columns[i]->source == TARGET_ROW || columns[i]->source == TARGET_ID;
	}
	return has_key && (has_row || !work->of_records);
}

/* Whether an index can serve; its columns then. */
static int
index_columns(const TargetWork *work, Relation index, List *wanted, TargetColumn *columns[INDEX_MAX_KEYS])
{
	Form_pg_index form = index->rd_index;
	int			n = form->indnkeyatts;

	if (!form->indisunique || !form->indimmediate || !form->indisvalid || !heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) ||
		(wanted != NIL && n != list_length(wanted)))
		return 0;
	for (int i = 0; i < n; i++)
	{
		columns[i] = form->indkey.values[i] > 0 ? column_of_number(work->map, form->indkey.values[i]) : NULL;
		if (columns[i] == NULL || (wanted != NIL && !is_listed(wanted, columns[i]->name)))
			return 0;
	}
	return identifies(work, columns, index->rd_indcollation, n) ? n : 0;
}

/* ON CONFLICT would take a deferrable constraint on the same columns as well, and fail. */
static bool
has_deferrable_twin(List *indexes, Relation index)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, indexes)
	{
		Relation	other = index_open(lfirst_oid(lc), AccessShareLock);
		int			n = other->rd_index->indnkeyatts;
		bool		is_twin = other->rd_index->indisunique && !other->rd_index->indimmediate && n == index->rd_index->indnkeyatts;

		for (int i = 0; is_twin && i < n; i++)
		{
			is_twin = false;
			for (int j = 0; j < n; j++)
				is_twin |= other->rd_index->indkey.values[i] == index->rd_index->indkey.values[j];
		}
		found |= is_twin;
		index_close(other, AccessShareLock);
	}
	return found;
}

static void
take_identity(TargetMap *map, TargetColumn **columns, int n)
{
	for (int i = 0; i < map->n_columns; i++)
		map->columns[i].is_identity = false;
	for (int i = 0; i < n; i++)
		columns[i]->is_identity = true;
	map->n_identity = n;
}

static char *
identity_wish(const TargetWork *work)
{
	StringInfoData list;
	TargetSource last = TARGET_N_SOURCES;

	initStringInfo(&list);
	if (is_mapped(work->map, TARGET_ID))
		last = TARGET_ID;
	for (int i = 0; i < work->map->n_columns; i++)
	{
		TargetColumn *column = &work->map->columns[i];

		if (target_sources[column->source].identifies && (last == TARGET_N_SOURCES || column->source == last))
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", quote_identifier(column->name));
	}
	return list.data;
}

/* Says why there is no identity. */
static void
no_identity(TargetWork *work)
{
	TargetMap  *map = work->map;
	Relation	rel = work->rel;

	for (int i = 0; i < map->n_columns; i++)
	{
		TargetColumn *column = &map->columns[i];
		Form_pg_attribute att = TupleDescAttr(work->desc, column->number - 1);

		if (target_sources[column->source].identifies && !tells_apart(column, att->attcollation))
		{
			store_target_problem_is(work, "Column \"%s\" of type %s can't tell documents apart, because different texts are equal there; make it text of a deterministic collation", column->name, store_target_shown_type(work, column));
			return;
		}
	}
	if (!is_mapped(map, TARGET_KEY) && !is_mapped(map, TARGET_ID))
		store_target_problem_is(work, "No column gets the document's key: call one key, or say $key or $id in columns");
	else if (work->of_records && !is_mapped(map, TARGET_ROW) && !is_mapped(map, TARGET_ID))
		store_target_problem_is(work, "Records publish \"%s\", but no column gets the record's id: call one row, or say $row or $id in columns", map->name);
	else
		store_target_problem_is(work, "No unique index, that is not deferrable, is on columns that say which replica it is: CREATE UNIQUE INDEX ON %s (%s)",
				quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)), RelationGetRelationName(rel)), identity_wish(work));
}

void
store_target_find_identity_local(TargetWork *work, List *wanted)
{
	List	   *indexes = RelationGetIndexList(work->rel);
	int			best = 0;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		TargetColumn *columns[INDEX_MAX_KEYS];
		int			n = index_columns(work, index, wanted, columns);

		/* The primary key, else what asks for least. */
		if (n > 0 && !has_deferrable_twin(indexes, index) && (best == 0 || index->rd_index->indisprimary || (n < best && !index->rd_index->indisprimary)))
		{
			take_identity(work->map, columns, n);
			work->map->index = lfirst_oid(lc);
			best = index->rd_index->indisprimary ? 1 : n;
		}
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (best == 0 && wanted == NIL)
		no_identity(work);
	else if (best == 0)
	{
		StringInfoData list;

		initStringInfo(&list);
		foreach(lc, wanted)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", (char *) lfirst(lc));
		if (work->problems->len == 0)
		{
			if (work->of_records && !is_mapped(work->map, TARGET_ROW) && !is_mapped(work->map, TARGET_ID))
				no_identity(work);
			else
				store_target_problem_is(work, "There is no unique index on (%s) any more, by which rows are found, or there is a deferrable one as well", list.data);
		}
	}
}

void
store_target_find_identity_foreign(TargetWork *work, List *wanted)
{
	TargetMap  *map = work->map;
	TargetColumn **columns = palloc(sizeof(TargetColumn *) * (map->n_columns + 1));
	Oid		   *collations = palloc(sizeof(Oid) * (map->n_columns + 1));
	bool		by_id = is_mapped(map, TARGET_ID);
	int			n = 0;

	for (int i = 0; i < map->n_columns; i++)
	{
		TargetColumn *column = &map->columns[i];

		if (wanted != NIL ? is_listed(wanted, column->name) : by_id ? column->source == TARGET_ID : target_sources[column->source].identifies)
		{
			collations[n] = TupleDescAttr(work->desc, column->number - 1)->attcollation;
			columns[n++] = column;
		}
	}
	if (!identifies(work, columns, collations, n))
	{
		no_identity(work);
		return;
	}
	take_identity(map, columns, n);
}
