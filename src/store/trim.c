/*
 * trim.c
 *	  Taking out what a log need not keep: @static { maximum_history = n; }.
 *
 *		1  2  3 ... [400] 401 ... [800] 801 ... 1205		at least the last 500 are wanted: 706 to 1205
 *		\__________/
 *		    goes
 *
 * What stays begins with an entry that keeps the state after it (reduce.c), so the document can be shown and run again from there on.  That is looked at
 * whenever another state is kept, so the log is longer than wanted by what lies between two of them, and each event pays for one that goes.  A log that has just got a
 * bound is brought there step by step, oldest entries first.
 *
 * The document's row is locked: nobody else reads the log in order to bring a copy to now.  Who reads an older version of the row, by a snapshot, also sees the entries
 * that went since.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "port/pgcompat.h"
#include "store/internal.h"

#define TRIM_MAX 4096			/* entries that one event takes out */

static IndexScanDesc
scan_begin(StoreTable *table, Relation index, const char *key, bool is_forward, int64 seq, Snapshot snapshot)
{
	IndexScanDesc scan = port_index_beginscan(table->rel, index, snapshot, 2, 0);
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], 0, LOG_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	if (is_forward)
		ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTLessStrategyNumber, InvalidOid, InvalidOid, F_INT8LT, Int64GetDatum(seq));
	else
		ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTLessEqualStrategyNumber, InvalidOid, InvalidOid, F_INT8LE, Int64GetDatum(seq));
	index_rescan(scan, keys, 2, NULL, 0);
	return scan;
}

/* Seq of the last entry at or before upto that keeps a state; 0 when there is none. */
static int64
find_kept(StoreTable *table, Relation index, const char *key, int64 upto, Snapshot snapshot)
{
	IndexScanDesc scan = scan_begin(table, index, key, false, upto, snapshot);
	int64		found = 0;

	while (found == 0 && index_getnext_slot(scan, BackwardScanDirection, table->found))
	{
		bool		isnull;

		if (!slot_attisnull(table->found, LOG_STATE))
			found = DatumGetInt64(slot_getattr(table->found, LOG_SEQ, &isnull));
	}
	index_endscan(scan);
	return found;
}

int64
store_log_trim(StoreSpace *space, const char *key, int64 upto)
{
	StoreTable	table = store_table_open(space->log, RowExclusiveLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), RowExclusiveLock);
	Snapshot	snapshot = store_snapshot_now();
	int64		first = find_kept(&table, index, key, upto, snapshot);

	if (first > 0)
	{
		IndexScanDesc scan = scan_begin(&table, index, key, true, first, snapshot);

		for (int n = 0; n < TRIM_MAX && index_getnext_slot(scan, ForwardScanDirection, table.found); n++)
			store_row_delete(&table);
		index_endscan(scan);
	}
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	store_table_close(&table);
	return first;
}
