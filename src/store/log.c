/*
 * log.c
 *	  The log of a space: one row per reduced event, or per batch of events that were reduced together.
 *
 * A row says what happened (event, who, channel, message) and what it did (delta).  seq is the document's after the row; a batch of n events stands for
 * seq - n + 1 … seq, and its message is an array of objects {"channel", "message", "dedupe", "agent", "authority", "origin", "ip"}, the last four only where
 * they differ from the row's.  All events of a batch happened at the row's time.  Messages that failed are not in the log.  origin and ip are there only when
 * the program asks for one of them.
 *
 *		event		message						delta
 *		create		{"arg":…, "entropy":"…"}	the whole first state
 *		send		what was sent				the change
 *		connect		-							the change that @connected made
 *		disconnect	-							likewise
 *		attach		the asset					the change that @attached made
 *		load		-							likewise, @load; by nobody
 *		batch		array						the net change of all
 *		upgrade		{"program": version}		from the old program's form to the new one's
 *		rewind		{"seq": seq}				what leads back to the state after that seq; when a program asked for that, also "event" and "message" of the
 *												event that it did so in, whose channel and dedupe key are the entry's
 *
 * effects is what the events did beside changing the document (vm/state.h); mostly nothing.
 *
 * Now and then an entry also keeps the whole state after it (STORE_KEEP_FACTOR), so that any state of the past is a few deltas away from one that
 * is there.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/internal.h"

static IndexScanDesc
scan_begin(StoreTable *table, Relation index, const char *key, int64 after, Snapshot snapshot)
{
	IndexScanDesc scan = port_index_beginscan(table->rel, index, snapshot, 2, 0);
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	ScanKeyEntryInitialize(&keys[1], 0, 2, BTGreaterStrategyNumber, InvalidOid, InvalidOid, F_INT8GT, Int64GetDatum(after));
	index_rescan(scan, keys, 2, NULL, 0);
	return scan;
}

void
store_log_scan(StoreSpace *space, const char *key, int64 after, int64 upto, Snapshot snapshot, bool with_effects, StoreLogVisit visit, void *arg)
{
	StoreTable	table = store_table_open(space->log, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	IndexScanDesc scan = scan_begin(&table, index, key, after, snapshot);
	bool		has_gap = false;

	while (!has_gap && index_getnext_slot(scan, ForwardScanDirection, table.found))
	{
		bool		seq_is_null;
		bool		events_is_null;
		bool		delta_is_null;
		bool		has_none;
		int64		seq = DatumGetInt64(slot_getattr(table.found, LOG_SEQ, &seq_is_null));
		int			events = DatumGetInt32(slot_getattr(table.found, LOG_EVENTS, &events_is_null));
		Datum		delta = slot_getattr(table.found, LOG_DELTA, &delta_is_null);
		Datum		effects = slot_getattr(table.found, LOG_EFFECTS, &has_none);
		DocBytes	bytes;
		DocBytes	beside;

		if (seq_is_null || events_is_null || delta_is_null)
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a log entry of document \"%s\" has nulls", key)));
		if (seq > upto)
			break;
		has_gap = seq - events != after;
		if (has_gap)
			break;
		after = seq;
		bytes = store_datum_bytes(delta);
		beside = with_effects && !has_none ? store_datum_bytes(effects) : (DocBytes) {NULL, 0};
		visit(seq, bytes, beside, arg);
		if (beside.len > 0 && beside.data != VARDATA_ANY(DatumGetPointer(effects)))
			pfree((char *) beside.data - VARHDRSZ);
		if (bytes.data != VARDATA_ANY(DatumGetPointer(delta)))
			pfree((char *) bytes.data - VARHDRSZ);
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
	store_table_close(&table);
}

/* What an entry says of what happened. */
typedef struct LogEvent
{
	int			n_events;
	const char *name;
	const VmEvent *by;			/* who, and from where; NULL: nobody */
	VmText		channel;
	VmText		dedupe;
	DocBytes	message;
} LogEvent;

/* A text that the table may lack; empty ones are null, too. */
static void
set_origin(StoreTable *table, int column, VmText value)
{
	store_row_set_text(table, column, value.len > 0 ? value.str : NULL, value.len);
}

static void
append(StoreSpace *space, const char *key, const StoreLogEntry *entry, const LogEvent *event)
{
	StoreTable	table = store_table_open(space->log, RowExclusiveLock);
	static const VmEvent nobody = {0};
	const VmEvent *by = event->by != NULL ? event->by : &nobody;

#ifdef ADAMA_NO_LOG
	/* bench/log.sh shows what the log costs */
	store_table_close(&table);
	return;
#endif
	store_row_clear(&table);
	store_row_set_text(&table, LOG_KEY, key, strlen(key));
	store_row_set(&table, LOG_SEQ, Int64GetDatum(entry->seq));
	store_row_set(&table, LOG_EVENTS, Int32GetDatum(event->n_events));
	store_row_set(&table, LOG_AT, TimestampTzGetDatum(entry->at));
	store_row_set_text(&table, LOG_EVENT, event->name, strlen(event->name));
	store_row_set_text(&table, LOG_AGENT, by->agent.str, by->agent.len);
	store_row_set_text(&table, LOG_AUTHORITY, by->authority.str, by->authority.len);
	store_row_set_text(&table, LOG_CHANNEL, event->channel.str, event->channel.len);
	store_row_set_bytes(&table, LOG_MESSAGE, event->message);
	store_row_set_text(&table, LOG_DEDUPE, event->dedupe.str, event->dedupe.len);
	store_row_set_bytes(&table, LOG_DELTA, entry->delta);
	set_origin(&table, LOG_ORIGIN, by->origin);
	set_origin(&table, LOG_IP, by->ip);
	store_row_set(&table, LOG_PROGRAM, Int32GetDatum(entry->program));
	store_row_set_bytes(&table, LOG_STATE, entry->state);
	store_row_set_bytes(&table, LOG_EFFECTS, entry->effects);
	store_row_insert(&table);
	store_table_close(&table);
}

static bool
same_text(VmText a, VmText b)
{
	return a.len == b.len && memcmp(a.str, b.str, a.len) == 0;
}

static void
write_text(DocWriter *w, const char *name, VmText value)
{
	doc_write_key_z(w, name);
	doc_write_string(w, value.str, value.len);
}

/* Appends the events that succeeded as one entry; n_events counts them. */
void
store_log_append(StoreSpace *space, const char *key, const StoreLogEntry *entry, const StoreEvent *events, int n_events)
{
	const StoreEvent *first = events;
	const StoreEvent *e;
	KitArena   *arena;
	KitBuf		buf;
	DocWriter	w;

	while (!first->is_ok)
		first++;
	e = first;
	if (n_events == 1)
	{
		append(space, key, entry, &(LogEvent) {
			1, vm_event_name(first->event.kind), &first->event, first->event.channel, first->event.dedupe, first->message
		});
		return;
	}

	arena = kit_arena_new("adama batch");
	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_write_array_begin(&w);
	for (int left = n_events; left > 0; e++)
	{
		if (!e->is_ok)
			continue;
		left--;
		doc_write_object_begin(&w);
		if (e->event.kind != VM_EVENT_SEND)
		{
			doc_write_key_z(&w, "event");
			doc_write_string(&w, vm_event_name(e->event.kind), strlen(vm_event_name(e->event.kind)));
		}
		if (!same_text(e->event.agent, first->event.agent))
			write_text(&w, "agent", e->event.agent);
		if (!same_text(e->event.authority, first->event.authority))
			write_text(&w, "authority", e->event.authority);
		if (!same_text(e->event.origin, first->event.origin))
			write_text(&w, "origin", e->event.origin);
		if (!same_text(e->event.ip, first->event.ip))
			write_text(&w, "ip", e->event.ip);
		if (e->event.channel.str != NULL)
			write_text(&w, "channel", e->event.channel);
		if (e->event.dedupe.str != NULL)
			write_text(&w, "dedupe", e->event.dedupe);
		if (e->message.len > 0)
		{
			doc_write_key_z(&w, "message");
			doc_write_item(&w, e->event.message);
		}
		doc_write_object_end(&w);
	}
	doc_write_array_end(&w);
	append(space, key, entry, &(LogEvent) {.n_events = n_events, .name = "batch", .by = &first->event, .message = doc_write_end(&w)});
	kit_arena_delete(arena);
}

void
store_log_append_create(StoreSpace *space, const char *key, const StoreLogEntry *entry, const StoreEvent *event, uint64 entropy)
{
	KitArena   *arena = kit_arena_new("adama create");
	KitBuf		buf;
	DocWriter	w;

	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	if (event->message.len > 0)
	{
		doc_write_key_z(&w, "arg");
		doc_write_item(&w, event->event.message);
	}
	doc_write_key_z(&w, "entropy");
	doc_write_long(&w, (int64) entropy);
	doc_write_object_end(&w);
	append(space, key, entry, &(LogEvent) {.n_events = 1, .name = vm_event_name(VM_EVENT_CREATE), .by = &event->event, .message = doc_write_end(&w)});
	kit_arena_delete(arena);
}

void
store_log_append_upgrade(StoreSpace *space, const char *key, const StoreLogEntry *entry)
{
	KitArena   *arena = kit_arena_new("adama upgrade");
	KitBuf		buf;
	DocWriter	w;

	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	doc_write_key_z(&w, "program");
	doc_write_int(&w, entry->program);
	doc_write_object_end(&w);
	append(space, key, entry, &(LogEvent) {.n_events = 1, .name = "upgrade", .message = doc_write_end(&w)});
	kit_arena_delete(arena);
}

void
store_log_append_rewind(StoreSpace *space, const char *key, const StoreLogEntry *entry, const VmEvent *by, bool is_asked, int64 seq)
{
	KitArena   *arena = kit_arena_new("adama rewind");
	KitBuf		buf;
	DocWriter	w;

	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	doc_write_key_z(&w, "seq");
	doc_write_int(&w, seq);
	if (is_asked)
	{
		doc_write_key_z(&w, "event");
		doc_write_string(&w, vm_event_name(by->kind), strlen(vm_event_name(by->kind)));
	}
	if (is_asked && by->message.kind != DOC_NULL)
	{
		doc_write_key_z(&w, "message");
		doc_write_item(&w, by->message);
	}
	doc_write_object_end(&w);
	append(space, key, entry, &(LogEvent) {
		.n_events = 1, .name = "rewind", .by = by, .channel = by->channel, .dedupe = by->dedupe, .message = doc_write_end(&w)
	});
	kit_arena_delete(arena);
}

void
store_log_delete(StoreSpace *space, const char *key)
{
	StoreTable	table = store_table_open(space->log, RowExclusiveLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	IndexScanDesc scan = scan_begin(&table, index, key, 0, snapshot);

	while (index_getnext_slot(scan, ForwardScanDirection, table.found))
		store_row_delete(&table);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	store_table_close(&table);
}
