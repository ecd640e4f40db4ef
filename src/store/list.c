/*
 * list.c
 *	  The documents of a space, in the order of their keys, a page at a time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "store/internal.h"

void
store_documents_list(StoreSpace *space, const char *after, int max, Snapshot snapshot, void (*visit) (const StoreListed *document, void *arg), void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;

	ScanKeyEntryInitialize(&key, 0, DOCUMENT_KEY, BTGreaterStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GT, CStringGetTextDatum(after));
	scan = systable_beginscan_ordered(table.rel, index, snapshot, 1, &key);
	for (int n = 0; n < max && HeapTupleIsValid(systable_getnext_ordered(scan, ForwardScanDirection)); n++)
	{
		Datum	   *values = scan->slot->tts_values;
		char	   *name;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(scan->slot);
		name = TextDatumGetCString(values[DOCUMENT_KEY - 1]);
		visit(&(StoreListed) {
			name, DatumGetTimestampTz(values[DOCUMENT_CREATED - 1]), DatumGetTimestampTz(values[DOCUMENT_UPDATED - 1]),
			DatumGetInt64(values[DOCUMENT_SEQ - 1])
		}, arg);
		pfree(name);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
}
