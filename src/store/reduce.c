/*
 * reduce.c
 *	  The path of a message through the store, from the row's lock to the row's new seq.
 *
 *		lock the row				from here to the end of the transaction the document is this transaction's
 *		bring the copy to the row	nothing is read when this backend sent the message before
 *		upgrade						when the space has a newer program than the document
 *		@load						when the document was read from its row, or upgraded, for this message; an event of its own
 *		reduce						each event alone; a failed one leaves no trace
 *		append to the log			one entry, the net delta
 *		move the row forward		seq, time, and the state when the log's tail outweighs it
 *
 * When the state is written.  It costs about twice its size (out of line, with its index), the deltas since the last time cost theirs: writing the
 * state when the tail weighs SNAPSHOT_FACTOR times as much keeps what is written per message proportional to the change.  A
 * small state lies in the row itself, which is written anyway.  For the states of the past, the log keeps one whenever its deltas have grown by
 * four to eight times the state's size: at most a quarter more is written, and no state is further away than that.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "kit/hash.h"
#include "store/internal.h"

#define SNAPSHOT_FACTOR 2
#define SNAPSHOT_ALWAYS 512		/* bytes of state that are written with every message */
#define STORE_KEEP_FACTOR 8		/* the log keeps the state when its deltas have grown by so many times its size at most, */
#define STORE_KEEP_MINIMUM 16384	/* and by so many bytes at least */
#define MAXIMUM_SEQ (INT64CONST(1) << 53)	/* clients know seq as a JSON number */

VmLimits
store_limits(void)
{
	VmLimits	limits = vm_default_limits;

	limits.steps = (int64) adama_max_steps * 1000;
	limits.memory = (size_t) adama_max_event_memory * 1024;
	limits.document = (size_t) adama_max_document_size * 1024;
	return limits;
}

/* PostgreSQL's epoch is 2000, the programs' 1970. */
#define EPOCH_MS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400000)

static int64
milliseconds(TimestampTz t)
{
	return t / 1000 + EPOCH_MS;
}

static TimestampTz
timestamp(int64 ms)
{
	return (ms - EPOCH_MS) * 1000;
}

/* The clock, in whole milliseconds. */
static TimestampTz
clock_time(void)
{
	TimestampTz now = GetCurrentTimestamp();

	return now - now % 1000;
}

/* The time of an event: the clock, but never before the document's last event, and not moved by less than the program asks for. */
static TimestampTz
event_time(const StoreProgram *program, TimestampTz last)
{
	return timestamp(vm_program_time(program->vm, milliseconds(last), milliseconds(clock_time())));
}

/* Locks the document's row, or finds it locked by this transaction's own last message. */
static bool
lock_document(StoreSpace *space, const char *key, StoreTable *table)
{
	StoreCacheEntry *entry = store_cache_find(space, key);

	if (entry != NULL && entry->touched != 0 && store_row_own(table, &entry->tid))
		return true;
	return store_row_lock(table, key);
}

/* An entry for the locked row, at the row's seq. */
static StoreCacheEntry *
bring_to_row(StoreSpace *space, const char *key, const StoreRow *row)
{
	StoreCacheEntry *entry = store_cache_entry(space, key);
	Snapshot	snapshot;

	if (entry->is_in_use)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("document \"%s\" is reducing a message", key),
				 errdetail("A trigger on a table of the space cannot send to the document whose message fired it.")));
	if (row->is_ours)
		store_cache_touch(entry);
	if (store_copy_is_at(&entry->copy, row))
		return entry;
	snapshot = store_snapshot_now();
	store_copy_bring(space, key, &entry->copy, row, snapshot);
	UnregisterSnapshot(snapshot);
	return entry;
}

/* Puts the state into the row that is being made. */
static void
set_state(StoreTable *table, StoreCopy *copy, DocBytes state, int64 seq)
{
	store_row_set_bytes(table, DOCUMENT_STATE, state);
	store_row_set(table, DOCUMENT_STATE_SEQ, Int64GetDatum(seq));
	copy->state_seq = seq;
	copy->state_size = state.len;
	copy->tail_size = 0;
}

/* Whether the entry after which the log's deltas have this size is one that keeps the state. */
static bool
keeps_state(int64 before, int64 after, size_t state_size)
{
	uint64		distance = pg_prevpower2_64(Max((uint64) state_size * STORE_KEEP_FACTOR, STORE_KEEP_MINIMUM));

	return before / (int64) distance != after / (int64) distance;
}

/*
 * Moves the document to the newest program: its state is read as the new program reads it, and the difference is an event of its own.
 */
static void
upgrade(StoreSpace *space, const char *key, StoreTable *table, StoreRow *row, StoreCacheEntry *entry)
{
	StoreCopy  *copy = &entry->copy;
	StoreProgram *program = store_program_current(space);
	KitArena   *arena = kit_arena_new("adama upgrade");
	KitBuf		buf,
				delta;
	StoreLogEntry entry_after = {copy->seq + 1, event_time(program, copy->updated), program->version};
	VmDoc	   *doc;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	kit_buf_init(&delta, arena);
	doc = store_doc_upgrade(copy->doc, program->vm, true, arena, &delta, &diag);
	if (doc == NULL)
		store_raise(&diag);
	vm_doc_free(copy->doc);
	copy->doc = doc;
	copy->is_loaded = true;
	store_program_release(copy->program);
	copy->program = program;
	program->use_count++;

	entry_after.delta = (DocBytes) {delta.data, delta.len};
	entry_after.state = vm_doc_save(doc, &buf);
	store_log_append_upgrade(space, key, &entry_after);
	store_row_copy(table);
	store_row_set(table, DOCUMENT_SEQ, Int64GetDatum(entry_after.seq));
	store_row_set(table, DOCUMENT_UPDATED, TimestampTzGetDatum(entry_after.at));
	store_row_set(table, DOCUMENT_PROGRAM, Int32GetDatum(program->version));
	store_row_set(table, DOCUMENT_LOG_SIZE, Int64GetDatum(row->log_size + (int64) delta.len));
	set_state(table, copy, entry_after.state, entry_after.seq);
	store_row_update(table);
	copy->seq = entry_after.seq;
	copy->updated = entry_after.at;
	kit_arena_delete(arena);
	CommandCounterIncrement();
	/* The row that was locked is an old version now. */
	if (!store_row_lock(table, key))
		store_raise_unknown_document(space, key);
	store_row_of_document(table, row);
}

/* Runs the events against the copy, whose journal is open.  Returns how many succeeded. */
static int
run_events(StoreCopy *copy, StoreEvent *events, int n_events, int64 at)
{
	VmLimits	limits = store_limits();
	KitArena   *scratch = kit_arena_new("adama event");
	int			n_ok = 0;

	for (int i = 0; i < n_events; i++)
	{
		StoreEvent *e = &events[i];

		memset(&e->diag, 0, offsetof(KitDiag, message) + 1);
		e->diag.detail[0] = e->diag.hint[0] = '\0';
		e->event.at = at;
		e->is_ok = vm_reduce(copy->doc, &e->event, &limits, scratch, &e->diag);
		if (e->is_ok)
			e->seq = copy->seq + ++n_ok;
		kit_arena_reset(scratch);
	}
	kit_arena_delete(scratch);
	return n_ok;
}

static void
advance(StoreSpace *space, const char *key, StoreTable *table, const StoreRow *row, StoreCopy *copy, const StoreEvent *events, int n_ok, TimestampTz at)
{
	KitArena   *arena = kit_arena_new("adama delta");
	KitBuf		buf;
	KitBuf		state_buf;
	StoreLogEntry entry = {copy->seq + n_ok, at, copy->program->version};
	DocBytes	state = {NULL, 0};
	size_t		state_size = vm_doc_state_size(copy->doc);
	int64		log_size;
	int64		seq = entry.seq;
	bool		writes;
	bool		keeps;

	if (seq >= MAXIMUM_SEQ)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("document \"%s\" has used up its sequence numbers", key)));
	kit_buf_init(&buf, arena);
	kit_buf_init(&state_buf, arena);
	entry.delta = vm_doc_delta(copy->doc, &buf);
	log_size = row->log_size + (int64) entry.delta.len;
	copy->tail_size += entry.delta.len + STORE_LOG_ENTRY_OVERHEAD;
	writes = state_size <= SNAPSHOT_ALWAYS || copy->tail_size > SNAPSHOT_FACTOR * state_size;
	keeps = keeps_state(row->log_size, log_size, state_size);
	if (writes || keeps)
		state = vm_doc_save(copy->doc, &state_buf);
	if (keeps)
		entry.state = state;
	store_log_append(space, key, &entry, events, n_ok);

	store_row_copy(table);
	store_row_set(table, DOCUMENT_SEQ, Int64GetDatum(seq));
	store_row_set(table, DOCUMENT_UPDATED, TimestampTzGetDatum(at));
	store_row_set(table, DOCUMENT_LOG_SIZE, Int64GetDatum(log_size));
	if (writes)
		set_state(table, copy, state, seq);
	store_row_update(table);
	store_recent_add(space, key, copy->created, copy->seq, seq, entry.delta);
	kit_arena_delete(arena);

	vm_doc_commit(copy->doc);
	copy->seq = seq;
	copy->updated = at;
	CommandCounterIncrement();
}

/*
 * Runs @load, when the copy has not had it since it was read.  What it changes is an entry of the log of its own, so a replay need not know when
 * documents were read; a document that it does not change stays as it is.  False, with the reason in diag, when it fails: then no message may
 * be reduced, since its handler expects what @load does.
 */
static bool
run_load(StoreSpace *space, const char *key, StoreTable *table, StoreRow *row, StoreCacheEntry *entry, bool *is_changed, KitDiag *diag)
{
	StoreCopy  *copy = &entry->copy;
	StoreEvent *load;
	TimestampTz at;
	KitArena   *arena;
	KitBuf		buf;
	bool		is_ok;

	if (!copy->is_loaded || !vm_program_handles(copy->program->vm, VM_EVENT_LOAD))
		return true;
	load = palloc0(sizeof(StoreEvent));
	load->event.kind = VM_EVENT_LOAD;
	load->event.space = (VmText) {NameStr(space->name), (uint32) strlen(NameStr(space->name))};
	load->event.key = (VmText) {key, (uint32) strlen(key)};
	load->event.message.kind = DOC_NULL;
	at = event_time(copy->program, copy->updated);
	arena = kit_arena_new("adama load");
	kit_buf_init(&buf, arena);
	vm_doc_begin(copy->doc);
	is_ok = run_events(copy, load, 1, milliseconds(at)) > 0;
	if (is_ok && !doc_delta_is_empty(vm_doc_delta(copy->doc, &buf)))
	{
		advance(space, key, table, row, copy, load, 1, at);
		*is_changed = true;
		/* The row that was locked is an old version now. */
		if (!store_row_lock(table, key))
			store_raise_unknown_document(space, key);
		store_row_of_document(table, row);
	}
	else
		vm_doc_rollback(copy->doc);
	kit_arena_delete(arena);
	copy->is_loaded = !is_ok;
	*diag = load->diag;
	pfree(load);
	return is_ok;
}

bool
store_reduce(StoreSpace *space, const char *key, StoreEvent *events, int n_events)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, RowExclusiveLock);
	StoreRow	row;
	StoreCacheEntry *entry;
	KitDiag		diag;
	bool		is_changed = false;
	int			n_ok;

	if (!lock_document(space, key, &table))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, &row);
	entry = bring_to_row(space, key, &row);
	store_cache_touch(entry);
	entry->is_in_use = true;
	if (row.program < space->version)
	{
		upgrade(space, key, &table, &row, entry);
		is_changed = true;
	}
	if (run_load(space, key, &table, &row, entry, &is_changed, &diag))
	{
		TimestampTz at = event_time(entry->copy.program, entry->copy.updated);

		vm_doc_begin(entry->copy.doc);
		n_ok = run_events(&entry->copy, events, n_events, milliseconds(at));
		if (n_ok > 0)
		{
			advance(space, key, &table, &row, &entry->copy, events, n_ok, at);
			entry->tid = table.fresh->tts_tid;
			is_changed = true;
		}
		else
			vm_doc_rollback(entry->copy.doc);
	}
	else
		for (int i = 0; i < n_events; i++)
		{
			events[i].is_ok = false;
			events[i].diag = diag;
		}
	entry->is_in_use = false;
	store_table_close(&table);
	store_role_leave(role);
	return is_changed;
}

/* Creators of one key take turns, so that the second finds the first's document instead of violating the primary key. */
static void
lock_key(StoreSpace *space, const char *key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, space->document, (uint32) kit_hash(key, strlen(key), 0), 3);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

int64
store_create(StoreSpace *space, const char *key, StoreEvent *event)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, RowExclusiveLock);
	StoreProgram *program = store_program_current(space);
	StoreCacheEntry *entry;
	KitArena   *arena;
	KitBuf		buf,
				delta;
	DocBytes	state;
	uint64		entropy;
	TimestampTz created = GetCurrentTimestamp();
	TimestampTz at = clock_time();
	StoreLogEntry first = {1, at, program->version};

	lock_key(space, key);
	if (store_document_exists(space, key))
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_DUPLICATE_DOCUMENT, "document \"%s\" of space \"%s\" exists already", key, NameStr(space->name));
		store_raise(&diag);
	}
	if (!pg_strong_random(&entropy, sizeof(entropy)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));

	entry = store_cache_entry(space, key);
	store_copy_free(&entry->copy);
	store_cache_touch(entry);
	entry->is_in_use = true;
	entry->copy.doc = vm_doc_new(program->vm, entropy, true);
	entry->copy.program = program;
	program->use_count++;
	entry->copy.created = created;
	entry->copy.updated = at;

	vm_doc_begin(entry->copy.doc);
	if (run_events(&entry->copy, event, 1, milliseconds(at)) == 0)
	{
		store_cache_drop(entry);
		store_raise(&event->diag);
	}
	vm_doc_commit(entry->copy.doc);

	arena = kit_arena_new("adama create");
	kit_buf_init(&buf, arena);
	kit_buf_init(&delta, arena);
	state = vm_doc_save(entry->copy.doc, &buf);
	first.delta = store_state_as_delta(&delta, state);
	store_row_clear(&table);
	store_row_set_text(&table, DOCUMENT_KEY, key, strlen(key));
	store_row_set(&table, DOCUMENT_SEQ, Int64GetDatum(1));
	store_row_set(&table, DOCUMENT_UPDATED, TimestampTzGetDatum(at));
	set_state(&table, &entry->copy, state, 1);
	store_row_set(&table, DOCUMENT_PROGRAM, Int32GetDatum(program->version));
	store_row_set(&table, DOCUMENT_CREATED, TimestampTzGetDatum(created));
	store_row_set(&table, DOCUMENT_LOG_SIZE, Int64GetDatum((int64) first.delta.len));
	store_row_insert(&table);
	store_log_append_create(space, key, &first, event, entropy);
	kit_arena_delete(arena);
	entry->copy.seq = 1;
	entry->is_in_use = false;
	store_table_close(&table);
	store_role_leave(role);
	CommandCounterIncrement();
	return 1;
}

void
store_delete(StoreSpace *space, const char *key, StoreEvent *event)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, RowExclusiveLock);
	StoreRow	row;
	StoreCacheEntry *entry;

	if (!store_row_lock(&table, key))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, &row);
	entry = bring_to_row(space, key, &row);
	store_cache_touch(entry);
	if (vm_program_handles(entry->copy.program->vm, VM_EVENT_DELETE))
	{
		bool		agreed;

		vm_doc_begin(entry->copy.doc);
		agreed = run_events(&entry->copy, event, 1, milliseconds(event_time(entry->copy.program, row.updated))) > 0;
		vm_doc_rollback(entry->copy.doc);
		if (!agreed)
			store_raise(&event->diag);
	}
	store_cache_drop(entry);
	store_row_delete(&table);
	store_log_delete(space, key);
	store_table_close(&table);
	store_role_leave(role);
	CommandCounterIncrement();
}

bool
store_document_exists(StoreSpace *space, const char *key)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	bool		found = store_row_find(&table, key, snapshot);

	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	store_role_leave(role);
	return found;
}

const StoreCopy *
store_document_read(StoreSpace *space, const char *key)
{
	static StoreCopy past = {0};	/* for a reader whose snapshot is older than what the cache holds */
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	const StoreCopy *result = NULL;

	store_copy_free(&past);
	if (store_row_find(&table, key, GetActiveSnapshot()))
	{
		StoreCacheEntry *entry = store_cache_entry(space, key);
		StoreRow	row;

		store_row_of_document(&table, &row);
		if (entry->is_in_use || (entry->copy.doc != NULL && entry->copy.seq > row.seq))
			result = &past;
		else
		{
			if (row.is_ours)
				store_cache_touch(entry);
			result = &entry->copy;
		}
		store_copy_bring(space, key, (StoreCopy *) result, &row, GetActiveSnapshot());
	}
	store_table_close(&table);
	store_role_leave(role);
	return result;
}
