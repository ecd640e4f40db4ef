/*
 * history.c
 *	  The log of one document, read event by event for people: an entry that holds a batch yields its events one after the other.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/internal.h"

static VmText
column_text(TupleTableSlot *slot, int column)
{
	VmText		result = {NULL, 0};

	if (!slot->tts_isnull[column - 1])
	{
		text	   *value = DatumGetTextPP(slot->tts_values[column - 1]);

		result = (VmText) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
	}
	return result;
}

static void
member_text(DocItem object, const char *name, VmText *value)
{
	DocItem		item;

	if (doc_find_member(object, name, strlen(name), &item) && item.kind == DOC_STRING)
		*value = (VmText) {item.str, item.len};
}

/* The events of a batch; false when visit wants no more. */
static bool
visit_batch(const StoreHistory *entry, int n_events, int64 from, StoreHistoryVisit visit, void *arg)
{
	DocCursor	elements = entry->message.body;
	DocItem		element;
	int64		seq = entry->seq - n_events;

	while (doc_next_element(&elements, &element))
	{
		StoreHistory event = *entry;

		event.seq = ++seq;
		if (seq < from)
			continue;
		event.event = (VmText) {"send", 4};
		event.delta = seq == entry->seq ? entry->delta : (DocBytes) {NULL, 0};
		member_text(element, "event", &event.event);
		member_text(element, "agent", &event.agent);
		member_text(element, "authority", &event.authority);
		event.channel = (VmText) {NULL, 0};
		member_text(element, "channel", &event.channel);
		event.has_message = doc_find_member(element, "message", strlen("message"), &event.message);
		if (!visit(&event, arg))
			return false;
	}
	if (elements.is_damaged || seq != entry->seq)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a log entry holds %lld events instead of %d", (long long) (seq - entry->seq + n_events), n_events)));
	return true;
}

static bool
visit_entry(TupleTableSlot *slot, int64 from, StoreHistoryVisit visit, void *arg)
{
	StoreHistory entry = {0};
	KitDiag		diag = {0};
	int			n_events;

	slot_getallattrs(slot);
	for (int i = 0; i < LOG_N_COLUMNS; i++)
	{
		if (slot->tts_isnull[i] && (i + 1 <= LOG_EVENT || i + 1 == LOG_DELTA))
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a log entry has nulls")));
	}
	entry.seq = DatumGetInt64(slot->tts_values[LOG_SEQ - 1]);
	n_events = DatumGetInt32(slot->tts_values[LOG_EVENTS - 1]);
	entry.at = DatumGetTimestampTz(slot->tts_values[LOG_AT - 1]);
	entry.event = column_text(slot, LOG_EVENT);
	entry.agent = column_text(slot, LOG_AGENT);
	entry.authority = column_text(slot, LOG_AUTHORITY);
	entry.channel = column_text(slot, LOG_CHANNEL);
	entry.delta = store_datum_bytes(slot->tts_values[LOG_DELTA - 1]);
	if (!slot->tts_isnull[LOG_MESSAGE - 1])
	{
		entry.has_message = true;
		if (!doc_open(store_datum_bytes(slot->tts_values[LOG_MESSAGE - 1]), DOC_DOCUMENT, &entry.message, &diag))
		{
			kit_diag_detail(&diag, "Log entry %lld.", (long long) entry.seq);
			store_raise(&diag);
		}
	}
	if (entry.event.len == 5 && memcmp(entry.event.str, "batch", 5) == 0 && entry.has_message && entry.message.kind == DOC_ARRAY)
		return visit_batch(&entry, n_events, from, visit, arg);
	return visit(&entry, arg);
}

void
store_history(StoreSpace *space, const char *key, int64 from, Snapshot snapshot, StoreHistoryVisit visit, void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->log, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	IndexScanDesc scan = port_index_beginscan(table.rel, index, snapshot, 2, 0);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "adama history", ALLOCSET_DEFAULT_SIZES);
	bool		goes_on = true;
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], 0, LOG_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, F_INT8GE, Int64GetDatum(from));
	index_rescan(scan, keys, 2, NULL, 0);
	while (goes_on && index_getnext_slot(scan, ForwardScanDirection, table.found))
	{
		MemoryContext old = MemoryContextSwitchTo(each);

		CHECK_FOR_INTERRUPTS();
		goes_on = visit_entry(table.found, from, visit, arg);
		MemoryContextSwitchTo(old);
		MemoryContextReset(each);
	}
	MemoryContextDelete(each);
	index_endscan(scan);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
}
