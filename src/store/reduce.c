/*
 * reduce.c
 *	  The path of a message through the store, from the row's lock to the row's new seq.
 *
 *		lock the row				from here to the end of the transaction the document is this transaction's
 *		bring the copy to the row	nothing is read when this backend sent the message before
 *		upgrade						when the space has a newer program than the document
 *		@load						when the document was read from its row, or upgraded, for this message; an event of its own
 *		reduce						each event alone; a failed one leaves no trace
 *		look what is published		what the events changed of it (replica.c)
 *		append to the log			one entry, the net delta
 *		move the row forward		seq, time, and the state when the log's tail outweighs it
 *		write what is published		where it is another than before
 *
 * Events that came together are reduced into one entry, unless one of them asks for an earlier state (an entry of its own, behind that of the events before it) or for
 * the end of the document (which takes them all along), or they had much to say to viewers.  When what the document would publish after them can't be computed, they are
 * undone and tried in smaller portions, until the one that is to blame fails alone.
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
#ifdef ADAMA_NO_LOG
#define SNAPSHOT_ALWAYS SIZE_MAX	/* for bench/log.sh only: what a server without a log would do */
#else
#define SNAPSHOT_ALWAYS 512		/* bytes of state that are written with every message */
#endif
#define STORE_KEEP_FACTOR 8		/* the log keeps the state when its deltas have grown by so many times its size at most, */
#define STORE_KEEP_MINIMUM 16384	/* and by so many bytes at least */
#define EFFECTS_MAX_BYTES (4 * 1024 * 1024)	/* of the effects of an entry, about */
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

/* ---- a document at work ---- */

/* A document whose row is locked and whose copy is at the row's seq. */
typedef struct Work
{
	StoreSpace *space;
	const char *key;
	StoreRole	role;
	StoreTable	table;
	StoreRow	row;
	StoreCacheEntry *entry;		/* NULL: the document is gone */
	StoreCopy  *copy;			/* the entry's */
	bool		is_changed;
	bool		has_moved;		/* the row that was locked is an old version by now */
} Work;

/* Locks the document's row, or finds it locked by this transaction's own last message. */
static bool
lock_document(StoreSpace *space, const char *key, StoreTable *table)
{
	StoreCacheEntry *entry = store_cache_find(space, key);

	if (entry != NULL && entry->touched != 0 && store_row_own(table, &entry->tid))
	{
		table->place = entry->place;
		return true;
	}
	return store_row_lock(table, key, entry != NULL ? &entry->place : NULL);
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
	store_copy_bring(space, key, &entry->copy, row, snapshot, NULL);
	UnregisterSnapshot(snapshot);
	return entry;
}

/* Before a step, or the end: the row may have been moved by the step before. */
static void
freshen(Work *work)
{
	if (!work->has_moved)
		return;
	if (!store_row_lock(&work->table, work->key, &work->entry->place))
		store_raise_unknown_document(work->space, work->key);
	store_row_of_document(&work->table, &work->row);
	work->has_moved = false;
}

/* ---- one entry of the log ---- */

/* What is about to be appended, and what the row will say then. */
typedef struct Step
{
	StoreLogEntry log;
	DocBytes	state;			/* goes into the row; len 0: not this time */
	int64		log_size;
	int64		log_from;
	int64		log_gone;
} Step;

/* Whether the entry after which the log's deltas have this size is one that keeps the state. */
static bool
keeps_state(int64 before, int64 after, size_t state_size)
{
	uint64		distance = pg_prevpower2_64(Max((uint64) state_size * STORE_KEEP_FACTOR, STORE_KEEP_MINIMUM));

	return before / (int64) distance != after / (int64) distance;
}

/* The step that n_events with this delta are.  The copy has it already; the arena must live until step_end. */
static void
step_begin(Step *step, Work *work, int n_events, TimestampTz at, DocBytes delta, KitArena *arena)
{
	StoreCopy  *copy = work->copy;
	size_t		state_size = vm_doc_state_size(copy->doc);
	bool		writes;
	bool		keeps;

	freshen(work);
	*step = (Step) {{copy->seq + n_events, at, copy->program->version, delta}, {NULL, 0}, work->row.log_size + (int64) delta.len, work->row.log_from, work->row.log_gone};
	if (step->log.seq >= MAXIMUM_SEQ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("document \"%s\" has used up its sequence numbers", work->key)));
	copy->tail_size += delta.len + STORE_LOG_ENTRY_OVERHEAD;
	/* States of one program are not followed by another's deltas. */
	writes = state_size <= SNAPSHOT_ALWAYS || copy->tail_size > SNAPSHOT_FACTOR * state_size || copy->program->version != work->row.program;
	keeps = keeps_state(work->row.log_size, step->log_size, state_size) || copy->program->version != work->row.program;
	if (writes || keeps)
	{
		KitBuf		buf;
		DocBytes	state;

		kit_buf_init(&buf, arena);
		state = vm_doc_save(copy->doc, &buf);
		if (writes)
			step->state = state;
		if (keeps)
			step->log.state = state;
	}
}

/* The entry has been appended: moves the row, and what is known of it, forward. */
static void
step_end(const Step *step, Work *work)
{
	StoreCopy  *copy = work->copy;
	StoreTable *table = &work->table;

	store_row_copy(table);
	store_row_set(table, DOCUMENT_SEQ, Int64GetDatum(step->log.seq));
	store_row_set(table, DOCUMENT_UPDATED, TimestampTzGetDatum(step->log.at));
	store_row_set(table, DOCUMENT_PROGRAM, Int32GetDatum(step->log.program));
	store_row_set(table, DOCUMENT_LOG_SIZE, Int64GetDatum(step->log_size));
	store_row_set(table, DOCUMENT_LOG_FROM, Int64GetDatum(step->log_from));
	store_row_set(table, DOCUMENT_LOG_GONE, Int64GetDatum(step->log_gone));
	if (step->state.len > 0)
	{
		store_room_collect(table);
		store_room_leave(table, DOCUMENT_STATE);
		store_row_set_bytes(table, DOCUMENT_STATE, step->state);
		store_row_set(table, DOCUMENT_STATE_SEQ, Int64GetDatum(step->log.seq));
		copy->state_seq = step->log.seq;
		copy->state_size = step->state.len;
		copy->tail_size = 0;
	}
	store_row_update(table);
	if (step->log.program == work->row.program)
		store_recent_add(work->space, work->key, copy->created, copy->seq, step->log.seq, step->log.delta, step->log.effects);
	copy->seq = step->log.seq;
	copy->updated = step->log.at;
	work->entry->tid = table->fresh->tts_tid;
	work->is_changed = true;
	work->has_moved = true;
	CommandCounterIncrement();
}

/* ---- what makes an entry ---- */

/* All that a document publishes, within the budgets. */
static StoreReplicas *
publish_all(StoreSpace *space, const char *key, VmDoc *doc, KitArena *arena, KitDiag *diag)
{
	VmLimits	limits = store_limits();

	return store_replicas_all(space, key, doc, &limits, arena, diag);
}

/* diag says why something failed; now also that it was the move to the program, and what there is to be done. */
static void
explain_upgrade(const Work *work, const StoreProgram *program, KitDiag *diag)
{
	const char *space = NameStr(work->space->name);
	KitDiag		why = *diag;

	kit_fail(diag, why.code, "version %d of the program can't take over the document: %s", program->version, why.message);
	kit_diag_detail(diag, "%s%sDocument \"%s\" of space \"%s\" stays as version %d has it, and takes no message.", why.detail, why.detail[0] != '\0' ? " " : "",
					work->key, space, work->copy->program->version);
	kit_diag_hint(diag, "%s%sDeploy a program that can, or call adama.rollback(%s, %d). adama.try tells of such documents beforehand.", why.hint,
				  why.hint[0] != '\0' ? " " : "", quote_literal_cstr(space), work->copy->program->version);
	kit_diag_at(diag, why.line, why.column, why.length);
	kit_diag_in(diag, why.file);
}

/*
 * Moves the document to the newest program: its state is read as the new program reads it, and the difference is an event of its own.  False, with the reason in diag, when
 * that can't be, or what the document would publish can't be computed; then it is of its program still.
 */
static bool
upgrade(Work *work, KitDiag *diag)
{
	StoreCopy  *copy = work->copy;
	StoreProgram *program = store_program_current(work->space);
	KitArena   *arena = kit_arena_new("adama upgrade");
	KitBuf		delta;
	Step		step;
	VmDoc	   *doc;
	StoreReplicas *replicas = NULL;

	kit_buf_init(&delta, arena);
	memset(diag, 0, sizeof(*diag));
	doc = store_doc_upgrade(copy->doc, program->vm, true, arena, &delta, diag);
	if (doc != NULL)
		replicas = publish_all(work->space, work->key, doc, arena, diag);
	if (replicas == NULL)
	{
		if (doc != NULL)
			vm_doc_free(doc);
		kit_arena_delete(arena);
		explain_upgrade(work, program, diag);
		return false;
	}
	store_replicas_add_names(replicas, copy->program->vm);
	vm_doc_free(copy->doc);
	copy->doc = doc;
	copy->is_loaded = true;
	store_program_release(copy->program);
	copy->program = program;
	program->use_count++;

	step_begin(&step, work, 1, event_time(program, copy->updated), (DocBytes) {delta.data, delta.len}, arena);
	store_log_append_upgrade(work->space, work->key, &step.log);
	step_end(&step, work);
	store_replicas_write(work->space, work->key, work->entry, replicas, step.log.seq, step.log.at);
	kit_arena_delete(arena);
	return true;
}

/* Whether the event has asked for something that it cannot do itself. */
static bool
is_end(const StoreEvent *event)
{
	return !event->is_ok && (event->diag.code == KIT_DESTROYED || event->diag.code == KIT_REWOUND);
}

/*
 * Runs events against the copy, whose journal is open, until one ends more than itself, or they have said enough for an entry: *n_run of them.  Returns how many
 * succeeded.
 */
static int
run_events(StoreCopy *copy, StoreEvent *events, int n_events, int64 at, int *n_run)
{
	VmLimits	limits = store_limits();
	KitArena   *scratch = kit_arena_new("adama event");
	int			n_ok = 0;
	int			i = 0;
	bool		goes_on = true;

	while (goes_on && i < n_events)
	{
		StoreEvent *e = &events[i++];

		memset(&e->diag, 0, offsetof(KitDiag, message) + 1);
		e->diag.detail[0] = e->diag.hint[0] = '\0';
		e->event.at = at;
		e->event.seq = copy->seq + n_ok + 1;
		e->event.log = store_event_log();
		e->has_destroyed = false;
		e->is_ok = vm_reduce(copy->doc, &e->event, &limits, scratch, &e->diag);
		if (e->is_ok)
			e->seq = copy->seq + ++n_ok;
		goes_on = !is_end(e) && vm_doc_effects_size(copy->doc) < EFFECTS_MAX_BYTES;
		kit_arena_reset(scratch);
	}
	kit_arena_delete(scratch);
	*n_run = i;
	return n_ok;
}

static bool
run_one(StoreCopy *copy, StoreEvent *event, TimestampTz at)
{
	int			n_run;

	return run_events(copy, event, 1, milliseconds(at), &n_run) > 0;
}

/* What the program or the space lets go of the log, whenever a state has been kept that can take its place. */
static void
trim(Step *step, Work *work)
{
	StoreTrim	bounds;

	if (step->log.state.len == 0 || !store_trim_bounds(&bounds, work->space, work->copy->program, step->log.seq))
		return;
	bounds.log_size = step->log_size;
	bounds.log_from = step->log_from;
	bounds.log_gone = step->log_gone;
	bounds.state_seq = step->state.len > 0 ? step->log.seq : work->row.state_seq;
	(void) store_log_trim(work->space, work->key, &bounds);
	step->log_from = bounds.log_from;
	step->log_gone = bounds.log_gone;
}

/* Appends what the journal has, and ends it.  False, with nothing done and the journal rolled back, when what the document would publish can't be computed. */
static bool
advance(Work *work, const StoreEvent *events, int n_ok, TimestampTz at, KitDiag *diag)
{
	VmDoc	   *doc = work->copy->doc;
	KitArena   *arena = kit_arena_new("adama delta");
	StoreReplicas *replicas = store_replicas_changed(work->space, work->key, doc, arena, diag);
	KitBuf		buf;
	KitBuf		effects;
	Step		step;

	if (replicas == NULL)
	{
		vm_doc_rollback(doc);
		kit_arena_delete(arena);
		return false;
	}
	kit_buf_init(&buf, arena);
	kit_buf_init(&effects, arena);
	step_begin(&step, work, n_ok, at, vm_doc_delta(doc, &buf), arena);
	step.log.effects = vm_doc_effects(doc, &effects);
	store_log_append(work->space, work->key, &step.log, events, n_ok);
	trim(&step, work);
	step_end(&step, work);
	store_replicas_write(work->space, work->key, work->entry, replicas, step.log.seq, at);
	vm_doc_commit(doc);
	kit_arena_delete(arena);
	return true;
}

/*
 * Runs @load, when the copy has not had it since it was read.  What it changes is an entry of the log of its own, so a replay need not know when
 * documents were read; a document that it does not change stays as it is.  False, with the reason in diag, when it fails: then no message may
 * be reduced, since its handler expects what @load does.
 */
static bool
run_load(Work *work, KitDiag *diag)
{
	StoreCopy  *copy = work->copy;
	StoreEvent *load;
	TimestampTz at;
	KitArena   *arena;
	KitBuf		buf;
	bool		is_ok;

	if (!copy->is_loaded || !vm_program_handles(copy->program->vm, VM_EVENT_LOAD))
		return true;
	load = palloc0(sizeof(StoreEvent));
	load->event.kind = VM_EVENT_LOAD;
	load->event.space = (VmText) {NameStr(work->space->name), (uint32) strlen(NameStr(work->space->name))};
	load->event.key = (VmText) {work->key, (uint32) strlen(work->key)};
	load->event.message.kind = DOC_NULL;
	at = event_time(copy->program, copy->updated);
	arena = kit_arena_new("adama load");
	kit_buf_init(&buf, arena);
	vm_doc_begin(copy->doc);
	is_ok = run_one(copy, load, at);
	if (is_ok && (!doc_delta_is_empty(vm_doc_delta(copy->doc, &buf)) || vm_doc_effects_size(copy->doc) > 0))
		is_ok = advance(work, load, 1, at, &load->diag);
	else
		vm_doc_rollback(copy->doc);
	kit_arena_delete(arena);
	copy->is_loaded = !is_ok;
	*diag = load->diag;
	pfree(load);
	return is_ok;
}

/* ---- from the lock to the end ---- */

static void
work_take(Work *work, StoreSpace *space, const char *key)
{
	*work = (Work) {space, key, store_role_enter(space), store_table_open(space->document, RowExclusiveLock)};
	if (!lock_document(space, key, &work->table))
		store_raise_unknown_document(space, key);
	store_row_of_document(&work->table, &work->row);
	work->entry = bring_to_row(space, key, &work->row);
	work->entry->place = work->table.place;
	work->copy = &work->entry->copy;
	store_cache_touch(work->entry);
	work->entry->is_in_use = true;
	store_replicas_expect(work->entry);
}

/* Whether the document is of the newest program, or could be moved there. */
static bool
is_upgraded(Work *work, KitDiag *diag)
{
	return work->row.program >= work->space->version || upgrade(work, diag);
}

static void
work_begin(Work *work, StoreSpace *space, const char *key)
{
	KitDiag		diag;

	work_take(work, space, key);
	if (!is_upgraded(work, &diag))
		store_raise(&diag);
}

static void
work_end(Work *work)
{
	if (work->entry != NULL)
		work->entry->is_in_use = false;
	store_table_close(&work->table);
	store_role_leave(work->role);
}

/* The copy is no more what it was, and is read again. */
static void
read_again(Work *work)
{
	bool		was_loaded = work->copy->is_loaded;
	Snapshot	snapshot;

	freshen(work);
	store_copy_free(work->copy);
	snapshot = store_snapshot_now();
	store_copy_bring(work->space, work->key, work->copy, &work->row, snapshot, NULL);
	UnregisterSnapshot(snapshot);
	work->copy->is_loaded = was_loaded;
}

/*
 * An entry that leads the document back.  False, and nothing has happened, when the program can't read what was, or what the document would publish can't be computed.
 */
static bool
lead_back(Work *work, const VmEvent *by, bool is_asked, int64 seq, TimestampTz at, KitDiag *diag)
{
	KitArena   *arena = kit_arena_new("adama rewind");
	KitBuf		delta;
	Step		step;
	StoreReplicas *replicas = NULL;
	Snapshot	snapshot = store_snapshot_now();
	bool		ok;

	kit_buf_init(&delta, arena);
	ok = store_rewind_delta(work->space, work->key, seq, snapshot, work->copy->doc, work->copy->program, by, arena, &delta, diag);
	UnregisterSnapshot(snapshot);
	if (ok)
	{
		if (!vm_doc_apply(work->copy->doc, (DocBytes) {delta.data, delta.len}, diag))
			store_raise(diag);
		replicas = publish_all(work->space, work->key, work->copy->doc, arena, diag);
		if (replicas == NULL)
			read_again(work);
	}
	if (replicas != NULL)
	{
		step_begin(&step, work, 1, at, (DocBytes) {delta.data, delta.len}, arena);
		store_log_append_rewind(work->space, work->key, &step.log, by, is_asked, seq);
		step_end(&step, work);
		store_replicas_write(work->space, work->key, work->entry, replicas, step.log.seq, at);
	}
	kit_arena_delete(arena);
	return replicas != NULL;
}

/* The event's handler has asked to be led back. */
static void
rewind_for(Work *work, StoreEvent *event, TimestampTz at)
{
	int64		seq = vm_rewind_seq(work->copy->doc);
	KitDiag		diag = {0};

	freshen(work);
	if (seq < work->row.log_from || seq > work->copy->seq)
		store_unknown_seq(&diag, work->space, work->key, seq, &work->row);
	else if (lead_back(work, &event->event, true, seq, at, &diag))
	{
		event->is_ok = true;
		event->seq = work->copy->seq;
		event->diag.code = KIT_OK;
		return;
	}
	kit_diag_at(&diag, event->diag.line, event->diag.column, event->diag.length);
	kit_diag_in(&diag, event->diag.file);
	event->diag = diag;
}

/* Row, log and what it published go; the connections follow when the emitter sees that. */
static void
remove_document(Work *work, TimestampTz at)
{
	KitArena   *arena = kit_arena_new("adama removal");
	StoreReplicas *replicas = store_replicas_none(work->copy->program->vm, arena);
	int64		seq = work->copy->seq + 1;

	freshen(work);
	store_cache_drop(work->entry);
	work->entry = NULL;
	work->copy = NULL;
	store_row_delete(&work->table);
	store_log_delete(work->space, work->key);
	CommandCounterIncrement();
	store_replicas_write(work->space, work->key, NULL, replicas, seq, at);
	kit_arena_delete(arena);
}

/* The event's handler has asked for the document's end; the n events after it come too late. */
static void
destroy_for(Work *work, StoreEvent *event, int n, TimestampTz at)
{
	event->is_ok = true;
	event->has_destroyed = true;
	event->diag.detail[0] = '\0';
	event->seq = work->copy->seq + 1;
	remove_document(work, at);
	work->is_changed = true;
	for (int i = 1; i <= n; i++)
	{
		event[i].is_ok = false;
		store_unknown_document(&event[i].diag, work->space, work->key);
	}
}

/*
 * Reduces some of the events, at most *take: into one entry, and what the last of them asks for.  Returns how many.  None: what they would have the document publish can't be
 * computed, and *take is smaller; it grows again with each that succeed.
 */
static int
reduce_some(Work *work, StoreEvent *events, int n_events, int *take, TimestampTz at)
{
	int			n_run;
	int			n_ok;
	StoreEvent *last;
	KitDiag		diag = {0};

	vm_doc_begin(work->copy->doc);
	n_ok = run_events(work->copy, events, Min(*take, n_events), milliseconds(at), &n_run);
	if (n_ok == 0)
		vm_doc_rollback(work->copy->doc);
	else if (!advance(work, events, n_ok, at, &diag))
	{
		*take = n_run / 2;
		if (n_run > 1)
			return 0;
		*take = 1;
		events->is_ok = false;
		events->diag = diag;
		return 1;
	}
	*take = Min(*take, INT_MAX / 2) * 2;
	last = &events[n_run - 1];
	if (is_end(last) && last->diag.code == KIT_REWOUND)
		rewind_for(work, last, at);
	else if (is_end(last))
	{
		destroy_for(work, last, n_events - n_run, at);
		return n_events;
	}
	return n_run;
}

bool
store_reduce(StoreSpace *space, const char *key, StoreEvent *events, int n_events)
{
	Work		work;
	KitDiag		diag;
	bool		is_stuck;

	work_take(&work, space, key);
	is_stuck = !is_upgraded(&work, &diag);
	/* Messages fail by themselves, so that others of an ingest don't; that somebody has come or gone is not forgotten, but tried again. */
	if (is_stuck && (n_events == 0 || events[0].event.kind != VM_EVENT_SEND))
		store_raise(&diag);
	if (!is_stuck && run_load(&work, &diag))
	{
		TimestampTz at = event_time(work.copy->program, work.copy->updated);

		for (int i = 0, take = n_events; i < n_events;)
			i += reduce_some(&work, &events[i], n_events - i, &take, at);
	}
	else
		for (int i = 0; i < n_events; i++)
		{
			events[i].is_ok = false;
			events[i].diag = diag;
		}
	work_end(&work);
	return work.is_changed;
}

int64
store_rewind(StoreSpace *space, const char *key, int64 seq, const VmEvent *by)
{
	Work		work;
	KitDiag		diag = {0};
	int64		result;

	work_begin(&work, space, key);
	if (!lead_back(&work, by, false, seq, event_time(work.copy->program, work.copy->updated), &diag))
		store_raise(&diag);
	result = work.copy->seq;
	work_end(&work);
	return result;
}

/* ---- creation and deletion ---- */

/* Creators of one key take turns, so that the second finds the first's document instead of violating the primary key. */
void
store_create_lock(StoreSpace *space, const char *key)
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
				delta,
				effects;
	StoreReplicas *replicas;
	DocBytes	state;
	uint64		entropy;
	TimestampTz created = GetCurrentTimestamp();
	TimestampTz at = clock_time();
	StoreLogEntry first = {1, at, program->version};

	store_create_lock(space, key);
	if (store_document_exists(space, key))
		store_raise_duplicate_document(space, key);
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

	arena = kit_arena_new("adama create");
	vm_doc_begin(entry->copy.doc);
	replicas = run_one(&entry->copy, event, at) ? publish_all(space, key, entry->copy.doc, arena, &event->diag) : NULL;
	if (replicas == NULL)
	{
		store_cache_drop(entry);
		store_raise(&event->diag);
	}

	kit_buf_init(&buf, arena);
	kit_buf_init(&delta, arena);
	kit_buf_init(&effects, arena);
	first.effects = vm_doc_effects(entry->copy.doc, &effects);
	vm_doc_commit(entry->copy.doc);
	state = vm_doc_save(entry->copy.doc, &buf);
	first.delta = store_state_as_delta(&delta, state);
	store_row_clear(&table);
	store_row_set_text(&table, DOCUMENT_KEY, key, strlen(key));
	store_row_set(&table, DOCUMENT_SEQ, Int64GetDatum(1));
	store_row_set(&table, DOCUMENT_UPDATED, TimestampTzGetDatum(at));
	store_row_set_bytes(&table, DOCUMENT_STATE, state);
	store_row_set(&table, DOCUMENT_STATE_SEQ, Int64GetDatum(1));
	store_row_set(&table, DOCUMENT_PROGRAM, Int32GetDatum(program->version));
	store_row_set(&table, DOCUMENT_CREATED, TimestampTzGetDatum(created));
	store_row_set(&table, DOCUMENT_LOG_SIZE, Int64GetDatum((int64) first.delta.len));
	store_row_set(&table, DOCUMENT_LOG_FROM, Int64GetDatum(1));
	store_row_set(&table, DOCUMENT_LOG_GONE, Int64GetDatum(0));
	store_row_insert(&table);
	store_log_append_create(space, key, &first, event, entropy);
	entry->copy.seq = entry->copy.state_seq = 1;
	entry->copy.state_size = state.len;
	CommandCounterIncrement();
	store_replicas_write(space, key, entry, replicas, 1, at);
	entry->is_in_use = false;
	kit_arena_delete(arena);
	store_table_close(&table);
	store_role_leave(role);
	return 1;
}

void
store_delete(StoreSpace *space, const char *key, StoreEvent *event)
{
	Work		work;
	TimestampTz at;
	KitDiag		diag;
	bool		is_asked = event != NULL && vm_program_handles(store_program_current(space)->vm, VM_EVENT_DELETE);

	work_take(&work, space, key);
	/* where nobody is asked, an upgrade or a @load that fails keeps nobody from deleting */
	if (!is_upgraded(&work, &diag) && is_asked)
		store_raise(&diag);
	at = event_time(work.copy->program, work.copy->updated);
	if (is_asked)
	{
		bool		agreed;

		if (!run_load(&work, &diag))
			store_raise(&diag);
		freshen(&work);
		vm_doc_begin(work.copy->doc);
		at = event_time(work.copy->program, work.copy->updated);
		agreed = run_one(work.copy, event, at);
		vm_doc_rollback(work.copy->doc);
		if (!agreed)
			store_raise(&event->diag);
	}
	remove_document(&work, at);
	work_end(&work);
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

StoreHold
store_document_hold(StoreSpace *space, const char *key)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, RowExclusiveLock);
	bool		is_busy;
	bool		is_held = store_row_lock_idle(&table, key, &is_busy);

	store_table_close(&table);
	store_role_leave(role);
	return is_held ? STORE_HELD : is_busy ? STORE_BUSY : STORE_GONE;
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
		store_copy_bring(space, key, (StoreCopy *) result, &row, GetActiveSnapshot(), NULL);
	}
	store_table_close(&table);
	store_role_leave(role);
	return result;
}
