/*
 * trial.c
 *	  What another program would have made of a document's log.
 *
 * The document begins with the creation, or the state that a trimmed log begins with, and is of that program all the time.  What fails there changes nothing, and the next event is run.
 * At last the document as it is now is moved to the program, as its next event would if that were deployed.
 */
#include "postgres.h"

#include "store/internal.h"

static bool
try_entry(StoreReplay *replay, const StoreEntry *entry, StoreTrialVisit visit, void *arg)
{
	KitArena   *arena = kit_arena_new("adama trial");
	StoreEntryEvents events;
	StoreHistory history;
	KitDiag		damage = {0};
	bool		goes_on = true;

	store_entry_events(&events, entry, true);
	if (replay->doc != NULL)
		vm_doc_begin(replay->doc);
	while (goes_on && store_entry_next_event(&events, &history, &damage))
	{
		KitDiag		diag = {0};
		KitBuf		delta;
		KitBuf		effects;
		uint32		n_before = replay->doc != NULL ? vm_doc_n_effects(replay->doc) : 0;
		bool		ok = store_replay_event(replay, &history, &diag);

		kit_buf_init(&delta, arena);
		kit_buf_init(&effects, arena);
		if (replay->doc == NULL)
			store_raise(&diag);
		if (ok && history.delta.len > 0)
		{
			if (store_is_word(entry->event, vm_event_name(VM_EVENT_CREATE)))
			{
				KitBuf		state;

				kit_buf_init(&state, arena);
				(void) store_state_as_delta(&delta, vm_doc_save(replay->doc, &state));
			}
			else
				(void) vm_doc_delta(replay->doc, &delta);
		}
		goes_on = visit(&history, &diag, (DocBytes) {delta.data, delta.len}, vm_doc_effects_since(replay->doc, n_before, &effects), arg);
	}
	if (replay->doc != NULL)
		vm_doc_commit(replay->doc);
	kit_arena_delete(arena);
	if (damage.code != KIT_OK)
		store_raise(&damage);
	return goes_on;
}

/* The state that a trimmed log begins with. */
static bool
begin_in_the_middle(StoreReplay *replay, const StoreEntry *entry, StoreTrialVisit visit, void *arg)
{
	StoreProgram *program = store_program(replay->space, entry->program);
	KitArena   *arena = kit_arena_new("adama trial");
	KitBuf		unused;
	KitDiag		diag = {0};
	VmDoc	   *doc = vm_doc_load(program->vm, entry->state, false, false, &diag);
	StoreHistory event = {.seq = entry->seq, .at = entry->at, .event = entry->event};

	if (doc == NULL)
		store_raise(&diag);
	kit_buf_init(&unused, arena);
	if (vm_program_upgrades(program->vm, replay->program, &diag))
		replay->doc = store_doc_upgrade(doc, replay->program, false, arena, &unused, &diag);
	vm_doc_free(doc);
	if (replay->doc == NULL)
		(void) visit(&event, &diag, (DocBytes) {NULL, 0}, (DocBytes) {NULL, 0}, arg);
	kit_arena_delete(arena);
	return replay->doc != NULL;
}

/* Whether the document, as it is now, could be moved to the program, as its next event would (reduce.c). */
static void
try_to_move(StoreSpace *space, const char *key, const StoreRow *row, const VmProgram *program, Snapshot snapshot, KitDiag *diag)
{
	KitArena   *arena = kit_arena_new("adama trial");
	StoreCopy	copy = {0};
	KitBuf		unused;
	KitDiag		other = {0};
	VmLimits	limits = store_limits();
	VmDoc	   *doc;

	store_copy_bring(space, key, &copy, row, snapshot, NULL);
	/* That the program does not fit at all, deploying it would say. */
	if (vm_program_upgrades(copy.program->vm, program, &other))
	{
		kit_buf_init(&unused, arena);
		doc = store_doc_upgrade(copy.doc, program, false, arena, &unused, diag);
		if (doc != NULL && store_replicas_all(space, key, doc, &limits, arena, diag) != NULL)
			diag->code = KIT_OK;
		if (doc != NULL)
			vm_doc_free(doc);
	}
	store_copy_free(&copy);
	kit_arena_delete(arena);
}

void
store_try(StoreSpace *space, const char *key, const VmProgram *program, Snapshot snapshot, StoreTrialVisit visit, void *arg, StoreTrialEnd *end)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	StoreReplay replay = {space, key, program, NULL, kit_arena_new("adama replay"), true};
	StoreRow	row;
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};
	bool		goes_on = true;

	memset(end, 0, sizeof(*end));
	if (!store_row_find(&table, key, snapshot))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, &row);
	store_log_walk_begin(&walk, space, key, row.log_from, true, snapshot);
	while (goes_on && store_log_walk_next(&walk, &entry, &diag))
	{
		if (replay.doc == NULL && entry.seq > 1 && entry.state.len > 0)
			goes_on = begin_in_the_middle(&replay, &entry, visit, arg);
		/* The document is of one program all the time. */
		else if (!store_is_word(entry.event, "upgrade"))
			goes_on = try_entry(&replay, &entry, visit, arg);
		end->seq = entry.seq;
		end->at = entry.at;
	}
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	try_to_move(space, key, &row, program, snapshot, &end->diag);
	end->doc = replay.doc;
	end->n_events = replay.n_events;
	end->us = replay.us;
	kit_arena_delete(replay.scratch);
	store_table_close(&table);
	store_role_leave(role);
}
