/*
 * entry.c
 *	  The log of a document read back, entry by entry, and the events that an entry stands for.
 *
 * Nothing that an entry says is trusted: what can't be read ends in the diag, so that those who look for damage can tell of it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/internal.h"

/* ---- entries ---- */

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

static bool
read_entry(TupleTableSlot *slot, StoreEntry *entry, KitDiag *diag)
{
	slot_getallattrs(slot);
	memset(entry, 0, sizeof(*entry));
	for (int i = 0; i < LOG_N_COLUMNS; i++)
	{
		if (slot->tts_isnull[i] && (i + 1 <= LOG_EVENT || i + 1 == LOG_DELTA || i + 1 == LOG_PROGRAM))
			return kit_fail(diag, KIT_DAMAGED, "a log entry has nulls");
	}
	entry->seq = DatumGetInt64(slot->tts_values[LOG_SEQ - 1]);
	entry->n_events = DatumGetInt32(slot->tts_values[LOG_EVENTS - 1]);
	entry->at = DatumGetTimestampTz(slot->tts_values[LOG_AT - 1]);
	entry->program = DatumGetInt32(slot->tts_values[LOG_PROGRAM - 1]);
	entry->event = column_text(slot, LOG_EVENT);
	entry->agent = column_text(slot, LOG_AGENT);
	entry->authority = column_text(slot, LOG_AUTHORITY);
	entry->channel = column_text(slot, LOG_CHANNEL);
	entry->dedupe = column_text(slot, LOG_DEDUPE);
	entry->origin = column_text(slot, LOG_ORIGIN);
	entry->ip = column_text(slot, LOG_IP);
	entry->delta = store_datum_bytes(slot->tts_values[LOG_DELTA - 1]);
	if (!slot->tts_isnull[LOG_STATE - 1])
		entry->state = store_datum_bytes(slot->tts_values[LOG_STATE - 1]);
	if (!slot->tts_isnull[LOG_EFFECTS - 1])
		entry->effects = store_datum_bytes(slot->tts_values[LOG_EFFECTS - 1]);
	if (!slot->tts_isnull[LOG_MESSAGE - 1])
	{
		entry->has_message = true;
		if (!doc_open(store_datum_bytes(slot->tts_values[LOG_MESSAGE - 1]), DOC_DOCUMENT, &entry->message, diag))
		{
			kit_diag_detail(diag, "Message of log entry %lld.", (long long) entry->seq);
			return false;
		}
	}
	return true;
}

void
store_log_walk_begin(StoreLogWalk *walk, StoreSpace *space, const char *key, int64 from, bool is_forward, Snapshot snapshot)
{
	ScanKeyData keys[2];

	walk->table = store_table_open(space->log, AccessShareLock);
	walk->index = index_open(RelationGetPrimaryKeyIndex(walk->table.rel), AccessShareLock);
	walk->scan = port_index_beginscan(walk->table.rel, walk->index, snapshot, 2, 0);
	walk->each = AllocSetContextCreate(CurrentMemoryContext, "adama log entry", ALLOCSET_DEFAULT_SIZES);
	walk->is_forward = is_forward;
	ScanKeyEntryInitialize(&keys[0], 0, LOG_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	if (is_forward)
		ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, F_INT8GE, Int64GetDatum(from));
	else
		ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTLessEqualStrategyNumber, InvalidOid, InvalidOid, F_INT8LE, Int64GetDatum(from));
	index_rescan(walk->scan, keys, 2, NULL, 0);
}

bool
store_log_walk_next(StoreLogWalk *walk, StoreEntry *entry, KitDiag *diag)
{
	MemoryContext old;
	bool		ok;

	CHECK_FOR_INTERRUPTS();
	if (!index_getnext_slot(walk->scan, walk->is_forward ? ForwardScanDirection : BackwardScanDirection, walk->table.found))
		return false;
	MemoryContextReset(walk->each);
	old = MemoryContextSwitchTo(walk->each);
	ok = read_entry(walk->table.found, entry, diag);
	MemoryContextSwitchTo(old);
	return ok;
}

void
store_log_walk_end(StoreLogWalk *walk)
{
	MemoryContextDelete(walk->each);
	index_endscan(walk->scan);
	index_close(walk->index, AccessShareLock);
	store_table_close(&walk->table);
}

/* ---- events ---- */

static void
member_text(DocItem object, const char *name, VmText *value)
{
	DocItem		item;

	if (doc_find_member(object, name, strlen(name), &item) && item.kind == DOC_STRING)
		*value = (VmText) {item.str, item.len};
}

void
store_entry_events(StoreEntryEvents *events, const StoreEntry *entry, bool with_effects)
{
	memset(events, 0, sizeof(*events));
	events->entry = entry;
	events->with_effects = with_effects && entry->effects.len > 0;
	events->is_batch = entry->event.len == 5 && memcmp(entry->event.str, "batch", 5) == 0;
	events->seq = entry->seq - entry->n_events;
	if (entry->has_message && entry->message.kind == DOC_ARRAY)
		events->elements = entry->message.body;
}

/* They are in the order of their events: gives those from this event on, and goes on to the next one's. */
static bool
next_effects(StoreEntryEvents *events, StoreHistory *event, KitDiag *diag)
{
	DocCursor	next;
	VmEffect	effect;
	DocItem		root;

	if (events->effects.p == NULL)
	{
		if (!doc_open(events->entry->effects, DOC_DOCUMENT, &root, diag))
		{
			kit_diag_detail(diag, "Effects of log entry %lld.", (long long) events->entry->seq);
			return false;
		}
		if (root.kind == DOC_ARRAY)
			events->effects = root.body;
	}
	next = event->effects = events->effects;
	while (vm_effect_next(&next, &effect) && effect.seq <= event->seq)
		events->effects = next;
	return true;
}

bool
store_entry_next_event(StoreEntryEvents *events, StoreHistory *event, KitDiag *diag)
{
	const StoreEntry *entry = events->entry;
	DocItem		element;

	if (events->seq == entry->seq)
		return false;
	*event = (StoreHistory) {
		.seq = ++events->seq, .at = entry->at, .agent = entry->agent, .authority = entry->authority, .event = entry->event, .channel = entry->channel,
		.dedupe = entry->dedupe, .origin = entry->origin, .ip = entry->ip, .has_message = entry->has_message, .message = entry->message
	};
	if (events->seq == entry->seq)
		event->delta = entry->delta;
	if (events->with_effects && !next_effects(events, event, diag))
		return false;
	if (!events->is_batch)
	{
		if (events->seq == entry->seq)
			return true;
		return kit_fail(diag, KIT_DAMAGED, "log entry %lld is one event, but counts as %d", (long long) entry->seq, entry->n_events);
	}
	if (!entry->has_message || entry->message.kind != DOC_ARRAY || !doc_next_element(&events->elements, &element) || element.kind != DOC_OBJECT)
		return kit_fail(diag, KIT_DAMAGED, "log entry %lld does not hold %d events", (long long) entry->seq, entry->n_events);
	event->event = (VmText) {"send", 4};
	event->channel = event->dedupe = (VmText) {NULL, 0};
	member_text(element, "event", &event->event);
	member_text(element, "agent", &event->agent);
	member_text(element, "authority", &event->authority);
	member_text(element, "channel", &event->channel);
	member_text(element, "dedupe", &event->dedupe);
	member_text(element, "origin", &event->origin);
	member_text(element, "ip", &event->ip);
	event->has_message = doc_find_member(element, "message", strlen("message"), &event->message);
	if (events->elements.is_damaged)
		return kit_fail(diag, KIT_DAMAGED, "log entry %lld is damaged", (long long) entry->seq);
	return true;
}
