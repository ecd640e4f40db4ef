/*
 * list.c
 *	  The documents of a space: in the order of their keys, a page at a time; or those that something happened to last.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
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

List *
store_documents_behind_from(StoreSpace *space, const char *after, int max, int max_looked, char **last)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	List	   *keys = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	StringInfoData looked;
	bool		is_end = false;

	initStringInfo(&looked);
	ScanKeyEntryInitialize(&key, 0, DOCUMENT_KEY, BTGreaterStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GT, CStringGetTextDatum(after));
	scan = systable_beginscan_ordered(table.rel, index, snapshot, 1, &key);
	for (int n = 0; n < max_looked && list_length(keys) < max && !is_end; n++)
	{
		CHECK_FOR_INTERRUPTS();
		is_end = !HeapTupleIsValid(systable_getnext_ordered(scan, ForwardScanDirection));
		if (!is_end)
		{
			char	   *found;

			slot_getallattrs(scan->slot);
			found = TextDatumGetCString(scan->slot->tts_values[DOCUMENT_KEY - 1]);
			resetStringInfo(&looked);
			appendStringInfoString(&looked, found);
			if (DatumGetInt32(scan->slot->tts_values[DOCUMENT_PROGRAM - 1]) < space->version)
				keys = lappend(keys, found);
			else
				pfree(found);
		}
	}
	*last = is_end ? NULL : looked.data;
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
	return keys;
}

typedef struct Candidate
{
	TimestampTz updated;
	char	   *key;
} Candidate;

/* The one that is to go first is on top: the oldest. */
static int
compare_candidates(Datum a, Datum b, void *arg)
{
	const Candidate *first = (const Candidate *) DatumGetPointer(a);
	const Candidate *second = (const Candidate *) DatumGetPointer(b);

	if (first->updated != second->updated)
		return first->updated < second->updated ? 1 : -1;
	return -strcmp(first->key, second->key);
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

List *
store_documents_recent(StoreSpace *space, int max, Snapshot snapshot)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);
	binaryheap *heap = binaryheap_allocate(max, compare_candidates, NULL);
	List	   *keys = NIL;
	int			n = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		StoreRow	row;
		Candidate  *candidate;

		CHECK_FOR_INTERRUPTS();
		store_row_of_document(&table, &row);
		if (n == max && row.updated <= ((Candidate *) DatumGetPointer(binaryheap_first(heap)))->updated)
			continue;
		candidate = palloc(sizeof(Candidate));
		candidate->updated = row.updated;
		candidate->key = TextDatumGetCString(table.found->tts_values[DOCUMENT_KEY - 1]);
		if (n == max)
			(void) binaryheap_remove_first(heap);
		else
			n++;
		binaryheap_add(heap, PointerGetDatum(candidate));
	}
	table_endscan(scan);
	for (; n > 0; n--)
		keys = lappend(keys, ((Candidate *) DatumGetPointer(binaryheap_remove_first(heap)))->key);
	list_sort(keys, compare_keys);
	binaryheap_free(heap);
	store_table_close(&table);
	store_role_leave(role);
	return keys;
}
