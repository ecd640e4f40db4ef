/*
 * row_write.c
 *	  Inserting, updating and deleting single rows of a space's tables.
 *
 * Constraints are checked, indexes are kept and row triggers fire as for SQL; rules, statement triggers and row security do not apply.
 *
 * There are two ways.  The tables as deploy makes them are plain: one index, the primary key, and nothing else that wants to know of a row; what is
 * written is complete by construction.  Then the row and its index entry are written directly.  A table that somebody gave an index, a trigger, a
 * constraint or a generated column goes through the executor, which costs about twice as much; but for updates where there are only indexes.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "port/pgcompat.h"
#include "store/internal.h"

/* ---- the direct way ---- */

bool
store_table_asks_indexes_only(Relation rel)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	return rel->trigdesc == NULL && !rel->rd_rel->relispartition &&
		(constraints == NULL || (constraints->num_check == 0 && !constraints->has_generated_stored));
}

static bool
has_only_primary_key(Relation rel)
{
	if (!rel->rd_indexvalid)
		list_free(RelationGetIndexList(rel));
	return list_length(rel->rd_indexlist) == 1 && linitial_oid(rel->rd_indexlist) == rel->rd_pkindex;
}

bool
store_table_is_plain(Relation rel)
{
	return store_table_asks_indexes_only(rel) && has_only_primary_key(rel);
}

/* The entry of the primary key for the row in slot, which has just been written. */
static void
insert_index_entry(Relation rel, TupleTableSlot *slot, bool key_is_unchanged)
{
	Relation	index = index_open(rel->rd_pkindex, RowExclusiveLock);
	IndexInfo  *info = makeNode(IndexInfo);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	/* included columns, too */
	for (int i = 0; i < IndexRelationGetNumberOfAttributes(index); i++)
		values[i] = slot_getattr(slot, index->rd_index->indkey.values[i], &isnull[i]);
	/* A version of a row that has the key already needs no look at all the versions before it. */
	index_insert(index, values, isnull, &slot->tts_tid, rel, key_is_unchanged ? UNIQUE_CHECK_NO : UNIQUE_CHECK_YES, key_is_unchanged, info);
	pfree(info);
	index_close(index, NoLock);
}

static void
insert_plain(StoreTable *table)
{
	table_tuple_insert(table->rel, table->fresh, GetCurrentCommandId(true), 0, NULL);
	insert_index_entry(table->rel, table->fresh, false);
}

/* The row alone, waiting for whoever is at it.  Anything but TM_Ok: what was found is not its newest version any more, and nothing has been written. */
static TM_Result
update_version(StoreTable *table, PortUpdateIndexes *indexes)
{
	TM_FailureData failure;
	LockTupleMode mode;

	CheckCmdReplicaIdentity(table->rel, CMD_UPDATE);
	return table_tuple_update(table->rel, &table->found->tts_tid, table->fresh, GetCurrentCommandId(true), GetActiveSnapshot(), InvalidSnapshot, true, &failure,
							  &mode, indexes);
}

/* ---- the executor's way ---- */

/* What the executor needs to check constraints, keep indexes and fire row triggers. */
typedef struct Execution
{
	EState	   *estate;
	ResultRelInfo *target;
	EPQState	epq;
} Execution;

static void
execution_begin(Execution *x, Relation rel)
{
	x->estate = CreateExecutorState();
	x->target = makeNode(ResultRelInfo);
	/* 0: there is no range table, which an index would be asked of when an update is not HOT. */
	InitResultRelInfo(x->target, rel, 0, NULL, 0);
	/* Where triggers that fire at the end look for it, and where what they open beside it is closed. */
	x->estate->es_opened_result_relations = lappend(x->estate->es_opened_result_relations, x->target);
	ExecOpenIndices(x->target, false);
	port_eval_plan_qual_init(&x->epq, x->estate);
	if (rel->trigdesc != NULL)
		AfterTriggerBeginQuery();
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	x->estate->es_snapshot = GetActiveSnapshot();
	x->estate->es_output_cid = GetCurrentCommandId(true);
}

static void
execution_end(Execution *x, Relation rel)
{
	if (rel->trigdesc != NULL)
		AfterTriggerEndQuery(x->estate);
	PopActiveSnapshot();
	EvalPlanQualEnd(&x->epq);
	ExecCloseResultRelations(x->estate);
	ExecResetTupleTable(x->estate->es_tupleTable, false);
	FreeExecutorState(x->estate);
}

/*
 * Entries for the new version of a row whose primary key is the same.  Where indexes are all there is beside the row, that of the primary key need not be asked whether the key is there twice: it stays,
 * and the executor would look at all versions of the row, more with each update of one transaction.
 */
static void
insert_entries(StoreTable *table, PortUpdateIndexes indexes)
{
	Execution	x;
	ResultRelInfo *target;
	int			last;
	int			at = 0;

	execution_begin(&x, table->rel);
	target = x.target;
	last = target->ri_NumIndices - 1;
	while (at <= last && RelationGetRelid(target->ri_IndexRelationDescs[at]) != table->rel->rd_pkindex)
		at++;
	if (at <= last)
	{
		Relation	index = target->ri_IndexRelationDescs[at];
		IndexInfo  *info = target->ri_IndexRelationInfo[at];

		target->ri_IndexRelationDescs[at] = target->ri_IndexRelationDescs[last];
		target->ri_IndexRelationInfo[at] = target->ri_IndexRelationInfo[last];
		target->ri_IndexRelationDescs[last] = index;
		target->ri_IndexRelationInfo[last] = info;
		target->ri_NumIndices = last;
		if (port_update_wants_indexes(indexes))
			insert_index_entry(table->rel, table->fresh, true);
	}
	if (target->ri_NumIndices > 0)
		list_free(port_insert_index_tuples(target, table->fresh, x.estate, indexes));
	target->ri_NumIndices = last + 1;
	execution_end(&x, table->rel);
}

static TM_Result
update_indexed(StoreTable *table)
{
	PortUpdateIndexes indexes;
	TM_Result	result = update_version(table, &indexes);

	if (result != TM_Ok || !port_update_wants_some(indexes))
		return result;
	if (!has_only_primary_key(table->rel))
		insert_entries(table, indexes);
	else if (port_update_wants_indexes(indexes))
		insert_index_entry(table->rel, table->fresh, true);
	return result;
}

void
store_row_insert(StoreTable *table)
{
	Execution	x;

	ExecStoreVirtualTuple(table->fresh);
	if (store_table_is_plain(table->rel))
	{
		insert_plain(table);
		return;
	}
	execution_begin(&x, table->rel);
	ExecSimpleRelationInsert(x.target, x.estate, table->fresh);
	execution_end(&x, table->rel);
}

void
store_row_update(StoreTable *table)
{
	TM_Result	result;
	Execution	x;

	ExecStoreVirtualTuple(table->fresh);
	if (!ActiveSnapshotSet() || !store_table_asks_indexes_only(table->rel))
	{
		execution_begin(&x, table->rel);
		ExecSimpleRelationUpdate(x.target, x.estate, &x.epq, table->found, table->fresh);
		execution_end(&x, table->rel);
		return;
	}
	result = update_indexed(table);
	if (result == TM_Updated || result == TM_Deleted)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a row of \"%s\" was changed by somebody else at the same time", RelationGetRelationName(table->rel))));
	if (result != TM_Ok)
		elog(ERROR, "unexpected result %d of updating a row of \"%s\"", (int) result, RelationGetRelationName(table->rel));
}

bool
store_row_update_newest(StoreTable *table)
{
	Assert(store_table_asks_indexes_only(table->rel));
	if (!ActiveSnapshotSet())
		return false;
	ExecStoreVirtualTuple(table->fresh);
	return update_indexed(table) == TM_Ok;
}

void
store_row_delete(StoreTable *table)
{
	Execution	x;

	if (ActiveSnapshotSet() && store_table_is_plain(table->rel))
	{
		CheckCmdReplicaIdentity(table->rel, CMD_DELETE);
		simple_table_tuple_delete(table->rel, &table->found->tts_tid, GetActiveSnapshot());
		return;
	}
	execution_begin(&x, table->rel);
	ExecSimpleRelationDelete(x.target, x.estate, &x.epq, table->found);
	execution_end(&x, table->rel);
}
