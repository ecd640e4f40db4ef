/*
 * past.c
 *	  A document as it was after any event of its log.
 *
 *		...  18  19  [20]  21  22  23  24  ...		wanted: 23; entry 20 keeps the state after it
 *		              |     |   |   |
 *		            load  apply its deltas
 *
 * The log keeps states often enough that the deltas from there weigh a few times as much as the state (reduce.c); the creation's delta is a whole state,
 * and an upgrade always keeps one, so all that is applied is of one program.  An entry that holds a batch may lie across the wanted seq: then its first events are
 * run again.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/internal.h"

void
store_unknown_seq(KitDiag *diag, StoreSpace *space, const char *key, int64 seq, const StoreRow *row)
{
	kit_fail(diag, KIT_UNKNOWN_SEQ, "document \"%s\" of space \"%s\" has no sequence number %lld in its log", key, NameStr(space->name), (long long) seq);
	kit_diag_detail(diag, "The document is at %lld, and its log reaches back to %lld.", (long long) row->seq, (long long) row->log_from);
}

static void
unknown_seq(StoreSpace *space, const char *key, int64 seq, const StoreRow *row)
{
	KitDiag		diag = {0};

	store_unknown_seq(&diag, space, key, seq, row);
	store_raise(&diag);
}

static void
find_row(StoreSpace *space, const char *key, Snapshot snapshot, StoreRow *row)
{
	StoreTable	table = store_table_open(space->document, AccessShareLock);

	if (!store_row_find(&table, key, snapshot))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, row);
	row->state = (Datum) 0;		/* goes with the table */
	store_table_close(&table);
}

/* The state of an entry that keeps one or is the creation; false when it does neither. */
static bool
load_base(StorePast *past, StoreSpace *space, const StoreEntry *entry, KitDiag *diag)
{
	bool		is_creation = store_is_word(entry->event, vm_event_name(VM_EVENT_CREATE));

	if (entry->state.len == 0 && !is_creation)
		return false;
	past->program = store_program(space, entry->program);
	past->program->use_count++;
	if (entry->state.len > 0)
		past->doc = vm_doc_load(past->program->vm, entry->state, false, false, diag);
	else
	{
		past->doc = vm_doc_new(past->program->vm, 0, false);
		if (!vm_doc_apply(past->doc, entry->delta, diag))
			past->doc = NULL;
	}
	past->seq = entry->seq;
	past->at = entry->at;
	return past->doc != NULL;
}

static void
find_base(StorePast *past, StoreSpace *space, const char *key, int64 seq, Snapshot snapshot)
{
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};

	store_log_walk_begin(&walk, space, key, seq, false, snapshot);
	while (past->doc == NULL && diag.code == KIT_OK && store_log_walk_next(&walk, &entry, &diag))
		(void) load_base(past, space, &entry, &diag);
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
}

/* From the base to seq. */
static void
follow(StorePast *past, StoreSpace *space, const char *key, int64 seq, Snapshot snapshot)
{
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};

	store_log_walk_begin(&walk, space, key, past->seq + 1, true, snapshot);
	while (past->seq < seq && store_log_walk_next(&walk, &entry, &diag))
	{
		if (entry.seq - entry.n_events != past->seq)
			kit_fail(&diag, KIT_DAMAGED, "the log of a document has a gap after %lld", (long long) past->seq);
		else if (entry.seq <= seq)
			(void) vm_doc_apply(past->doc, entry.delta, &diag);
		else
		{
			StoreReplay replay = {space, key, past->program->vm, past->doc, kit_arena_new("adama replay")};
			KitArena   *arena = kit_arena_new("adama delta");
			KitBuf		delta;
			KitBuf		effects;

			kit_buf_init(&delta, arena);
			kit_buf_init(&effects, arena);
			(void) store_replay_entry(&replay, &entry, seq, &delta, &effects, &diag);
			kit_arena_delete(arena);
			kit_arena_delete(replay.scratch);
		}
		if (diag.code != KIT_OK)
			store_raise(&diag);
		past->seq = Min(entry.seq, seq);
		past->at = entry.at;
	}
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
}

void
store_past_at_seq(StoreSpace *space, const char *key, int64 seq, Snapshot snapshot, StorePast *past)
{
	StoreRole	role = store_role_enter(space);
	StoreRow	row;

	memset(past, 0, sizeof(*past));
	find_row(space, key, snapshot, &row);
	if (seq < row.log_from || seq > row.seq)
		unknown_seq(space, key, seq, &row);
	find_base(past, space, key, seq, snapshot);
	if (past->doc == NULL)
		unknown_seq(space, key, seq, &row);
	follow(past, space, key, seq, snapshot);
	if (past->seq != seq)
		unknown_seq(space, key, seq, &row);
	store_role_leave(role);
}

/* The first entry that ends at seq or later. */
static bool
entry_time(StoreSpace *space, const char *key, int64 seq, Snapshot snapshot, int64 *ends, TimestampTz *at)
{
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};
	bool		found;

	store_log_walk_begin(&walk, space, key, seq, true, snapshot);
	found = store_log_walk_next(&walk, &entry, &diag);
	if (found)
	{
		*ends = entry.seq;
		*at = entry.at;
	}
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	return found;
}

void
store_past_at_time(StoreSpace *space, const char *key, TimestampTz time, Snapshot snapshot, StorePast *past)
{
	StoreRole	role = store_role_enter(space);
	StoreRow	row;
	int64		low;			/* the last end of an entry that had happened */
	int64		high;			/* seqs above have not */

	find_row(space, key, snapshot, &row);
	/* Times grow with seq, so halves can be left out.  A row of a second holds many entries: the last of them is wanted. */
	low = row.log_from - 1;
	for (high = row.seq; low < high;)
	{
		int64		middle = low + (high - low + 1) / 2;
		int64		ends;
		TimestampTz at;

		if (entry_time(space, key, middle, snapshot, &ends, &at) && at <= time)
			low = ends;
		else
			high = middle - 1;
	}
	store_role_leave(role);
	if (low < row.log_from)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_UNKNOWN_SEQ, "the log of document \"%s\" of space \"%s\" does not reach back to %s", key, NameStr(space->name), timestamptz_to_str(time));
		store_raise(&diag);
	}
	store_past_at_seq(space, key, low, snapshot, past);
}

/* ---- forward, entry by entry ---- */

/* Over an entry.  What was before an upgrade is put on the list, to be freed in the end. */
static void
step_over(StorePast *past, StoreSpace *space, const StoreEntry *entry, List **befores)
{
	KitDiag		diag = {0};

	if (past->doc != NULL && entry->seq - entry->n_events != past->seq)
		kit_fail(&diag, KIT_DAMAGED, "the log of a document has a gap after %lld", (long long) past->seq);
	else if (past->doc == NULL || entry->program != past->program->version)
	{
		if (past->doc != NULL)
		{
			StorePast  *before = palloc(sizeof(StorePast));

			*before = *past;
			*befores = lappend(*befores, before);
			past->doc = NULL;
			past->program = NULL;
		}
		if (!load_base(past, space, entry, &diag) && diag.code == KIT_OK)
			kit_fail(&diag, KIT_DAMAGED, "the log of a document does not keep the state that it goes on from at %lld", (long long) entry->seq);
	}
	else
		(void) vm_doc_apply(past->doc, entry->delta, &diag);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	past->seq = entry->seq;
	past->at = entry->at;
}

static bool
visit_entry(const StoreEntry *entry, int64 from, const StorePast *after, StoreFollowVisit visit, void *arg)
{
	StoreEntryEvents events;
	StoreHistory event;
	KitDiag		diag = {0};
	bool		goes_on = true;

	store_entry_events(&events, entry, true);
	while (goes_on && store_entry_next_event(&events, &event, &diag))
		goes_on = event.seq < from || visit(&event, event.seq == entry->seq ? after : NULL, arg);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	return goes_on;
}

void
store_history_follow(StoreSpace *space, const char *key, int64 from, Snapshot snapshot, StoreFollowVisit visit, void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreLogWalk walk;
	StoreEntry	entry;
	StoreRow	row;
	StorePast	past = {0};
	KitDiag		diag = {0};
	List	   *befores = NIL;
	ListCell   *cell;
	bool		goes_on = true;
	bool		has_begun = false;

	find_row(space, key, snapshot, &row);
	from = Max(from, row.log_from);
	store_log_walk_begin(&walk, space, key, from, true, snapshot);
	while (goes_on && store_log_walk_next(&walk, &entry, &diag))
	{
		int64		before = entry.seq - entry.n_events;

		if (!has_begun)
		{
			if (before >= row.log_from)
			{
				find_base(&past, space, key, before, snapshot);
				if (past.doc == NULL)
					unknown_seq(space, key, before, &row);
				follow(&past, space, key, before, snapshot);
			}
			has_begun = true;
			(void) visit(NULL, past.doc != NULL ? &past : NULL, arg);
		}
		step_over(&past, space, &entry, &befores);
		goes_on = visit_entry(&entry, from, &past, visit, arg);
	}
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	store_past_end(&past);
	foreach(cell, befores)
		store_past_end(lfirst(cell));
	store_role_leave(role);
}

void
store_past_end(StorePast *past)
{
	if (past->doc != NULL)
		vm_doc_free(past->doc);
	if (past->program != NULL)
		store_program_release(past->program);
	memset(past, 0, sizeof(*past));
}

bool
store_rewind_delta(StoreSpace *space, const char *key, int64 seq, Snapshot snapshot, const VmDoc *doc, const StoreProgram *program, const VmEvent *by, KitArena *arena, KitBuf *delta,
				   KitDiag *diag)
{
	StorePast	past;
	KitBuf		unused;
	bool		ok = true;

	store_past_at_seq(space, key, seq, snapshot, &past);
	kit_buf_init(&unused, arena);
	if (past.program->version != program->version)
	{
		VmDoc	   *moved = store_doc_upgrade(past.doc, program->vm, false, arena, &unused, diag);

		ok = moved != NULL;
		if (ok)
		{
			vm_doc_free(past.doc);
			past.doc = moved;
		}
	}
	ok = ok && vm_rewind_delta(doc, past.doc, by, arena, delta, diag);
	store_past_end(&past);
	return ok;
}
