/*
 * row.c
 *	  Single rows of a space's tables: find, lock, read and fill in, without SQL in between.
 *
 * Direct table access costs about a third of SPI for the same work, and this is the path of every message.  Writing is in row_write.c.
 *
 * Snapshots.  READ COMMITTED: a message works on the newest committed version, so rows are looked up with a snapshot of now and the lock follows the
 * update chain.  From REPEATABLE READ on, the transaction's snapshot decides, and a newer version is a serialization failure.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/internal.h"

StoreTable
store_table_open(Oid relation, LOCKMODE lock)
{
	StoreTable	table = {NULL};

	table.rel = table_open(relation, lock);
	table.found = table_slot_create(table.rel, NULL);
	table.fresh = lock == AccessShareLock ? NULL : MakeSingleTupleTableSlot(RelationGetDescr(table.rel), &TTSOpsVirtual);
	return table;
}

void
store_table_close(StoreTable *table)
{
	ExecDropSingleTupleTableSlot(table->found);
	if (table->fresh != NULL)
		ExecDropSingleTupleTableSlot(table->fresh);
	table_close(table->rel, table->fresh != NULL ? NoLock : AccessShareLock);
}

Snapshot
store_snapshot_now(void)
{
	/* While a query runs in parallel the latest snapshot can't be taken; that for catalogs is as new. */
	if (IsInParallelMode())
		return RegisterSnapshot(GetCatalogSnapshot(InvalidOid));
	if (!FirstSnapshotSet)
		(void) GetTransactionSnapshot();
	return RegisterSnapshot(GetLatestSnapshot());
}

bool
store_datum_is_text(Datum datum, const char *str)
{
	text	   *value = DatumGetTextPP(datum);

	return VARSIZE_ANY_EXHDR(value) == strlen(str) && memcmp(VARDATA_ANY(value), str, strlen(str)) == 0;
}

/* Whether the row is where it was. */
static bool
is_at_place(StoreTable *table, const char *key, const StorePlace *place, Snapshot snapshot)
{
	bool		isnull;
	Datum		there;

	if (place == NULL || !store_row_at_place(table, place, snapshot))
		return false;
	there = slot_getattr(table->found, 1, &isnull);
	return !isnull && store_datum_is_text(there, key);
}

static bool
find_row(StoreTable *table, const char *key, Snapshot snapshot)
{
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table->rel), AccessShareLock);
	IndexScanDesc scan = port_index_beginscan(table->rel, index, snapshot, 1, 0);
	text	   *key_text = cstring_to_text(key);
	ScanKeyData scankey;
	StoreRoom	room = {0};
	bool		found;

	ScanKeyEntryInitialize(&scankey, 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, PointerGetDatum(key_text));
	index_rescan(scan, &scankey, 1, NULL, 0);
	found = store_row_next(table, scan, ForwardScanDirection, &room);
	index_endscan(scan);
	store_room_end(table, &room);
	index_close(index, AccessShareLock);
	pfree(key_text);
	return found;
}

bool
store_row_find(StoreTable *table, const char *key, Snapshot snapshot)
{
	return find_row(table, key, snapshot);
}

static bool
lock_row(StoreTable *table, const char *key, const StorePlace *place, bool waits, bool *is_busy)
{
	bool		is_fixed = IsolationUsesXactSnapshot();

	for (;;)
	{
		Snapshot	snapshot = is_fixed ? RegisterSnapshot(GetTransactionSnapshot()) : store_snapshot_now();
		TM_FailureData failure;
		TM_Result	result;
		ItemPointerData tid;

		if (!is_at_place(table, key, place, snapshot) && !find_row(table, key, snapshot))
		{
			UnregisterSnapshot(snapshot);
			ExecClearTuple(table->found);
			return false;
		}
		tid = table->found->tts_tid;
		result = table_tuple_lock(table->rel, &tid, snapshot, table->found, GetCurrentCommandId(false), LockTupleNoKeyExclusive,
								  waits ? LockWaitBlock : LockWaitSkip, is_fixed ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
		UnregisterSnapshot(snapshot);
		switch (result)
		{
			case TM_Ok:
				return true;
			case TM_Updated:
			case TM_Deleted:
				if (is_fixed)
					ereport(ERROR,
							(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
							 errmsg("could not serialize access due to concurrent update")));
				/* Deleted, and perhaps made anew: look again with a newer snapshot. */
				CHECK_FOR_INTERRUPTS();
				continue;
			case TM_WouldBlock:
				*is_busy = true;
				return false;
			default:
				elog(ERROR, "unexpected result %d of locking a row of \"%s\"", (int) result, RelationGetRelationName(table->rel));
		}
	}
}

bool
store_row_lock(StoreTable *table, const char *key, const StorePlace *place)
{
	return lock_row(table, key, place, true, NULL);
}

bool
store_row_lock_idle(StoreTable *table, const char *key, bool *is_busy)
{
	*is_busy = false;
	return lock_row(table, key, NULL, false, is_busy);
}

bool
store_row_own(StoreTable *table, ItemPointer tid)
{
	bool		isnull;

	/* The table may have been emptied since, with all its pages. */
	return ItemPointerIsValid(tid) && ItemPointerGetBlockNumber(tid) < RelationGetNumberOfBlocks(table->rel) &&
		table_tuple_fetch_row_version(table->rel, tid, SnapshotSelf, table->found) &&
		TransactionIdIsCurrentTransactionId(DatumGetTransactionId(slot_getsysattr(table->found, MinTransactionIdAttributeNumber, &isnull)));
}

void
store_row_at(StoreTable *table, ItemPointer tid)
{
	ExecClearTuple(table->found);
	table->found->tts_tid = *tid;
}

void
store_row_of_document(StoreTable *table, StoreRow *row)
{
	TupleTableSlot *slot = table->found;

	slot_getallattrs(slot);
	for (int i = 0; i < DOCUMENT_N_COLUMNS; i++)
	{
		if (slot->tts_isnull[i] && i + 1 != DOCUMENT_DUE)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("column %d of a row of \"%s\" is null", i + 1, RelationGetRelationName(table->rel))));
	}
	row->seq = DatumGetInt64(slot->tts_values[DOCUMENT_SEQ - 1]);
	row->updated = DatumGetTimestampTz(slot->tts_values[DOCUMENT_UPDATED - 1]);
	row->state = slot->tts_values[DOCUMENT_STATE - 1];
	row->state_seq = DatumGetInt64(slot->tts_values[DOCUMENT_STATE_SEQ - 1]);
	row->program = DatumGetInt32(slot->tts_values[DOCUMENT_PROGRAM - 1]);
	row->created = DatumGetTimestampTz(slot->tts_values[DOCUMENT_CREATED - 1]);
	row->log_size = DatumGetInt64(slot->tts_values[DOCUMENT_LOG_SIZE - 1]);
	row->log_from = DatumGetInt64(slot->tts_values[DOCUMENT_LOG_FROM - 1]);
	row->log_gone = DatumGetInt64(slot->tts_values[DOCUMENT_LOG_GONE - 1]);
	{
		bool		isnull;
		TransactionId xmin = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));

		row->is_ours = TransactionIdIsCurrentTransactionId(xmin);
	}
}

void
store_row_copy(StoreTable *table)
{
	int			n = RelationGetDescr(table->rel)->natts;

	ExecClearTuple(table->fresh);
	slot_getallattrs(table->found);
	memcpy(table->fresh->tts_values, table->found->tts_values, n * sizeof(Datum));
	memcpy(table->fresh->tts_isnull, table->found->tts_isnull, n * sizeof(bool));
}

void
store_row_clear(StoreTable *table)
{
	int			n = RelationGetDescr(table->rel)->natts;

	ExecClearTuple(table->fresh);
	memset(table->fresh->tts_values, 0, n * sizeof(Datum));
	memset(table->fresh->tts_isnull, true, n * sizeof(bool));
}

void
store_row_set(StoreTable *table, int column, Datum value)
{
	table->fresh->tts_values[column - 1] = value;
	table->fresh->tts_isnull[column - 1] = false;
}

void
store_row_set_text(StoreTable *table, int column, const char *str, size_t len)
{
	if (str != NULL)
		store_row_set(table, column, PointerGetDatum(cstring_to_text_with_len(str, (int) len)));
	else
		table->fresh->tts_isnull[column - 1] = true;
}

void
store_row_set_bytes(StoreTable *table, int column, DocBytes bytes)
{
	struct varlena *datum;

	if (bytes.len == 0)
	{
		table->fresh->tts_isnull[column - 1] = true;
		return;
	}
	datum = palloc(VARHDRSZ + bytes.len);
	SET_VARSIZE(datum, VARHDRSZ + bytes.len);
	memcpy(VARDATA(datum), bytes.data, bytes.len);
	store_row_set(table, column, PointerGetDatum(datum));
}

DocBytes
store_datum_bytes(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);

	return (DocBytes) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}
