/*
 * trial.c
 *	  What another program would have made of a document's log.
 *
 * The document begins with the creation and is of that program all the time.  What fails there changes nothing, and the next event is run.
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

	store_entry_events(&events, entry);
	if (replay->doc != NULL)
		vm_doc_begin(replay->doc);
	while (goes_on && store_entry_next_event(&events, &history, &damage))
	{
		KitDiag		diag = {0};
		KitBuf		delta;
		bool		ok = store_replay_event(replay, &history, &diag);

		kit_buf_init(&delta, arena);
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
		goes_on = visit(&history, &diag, (DocBytes) {delta.data, delta.len}, arg);
	}
	if (replay->doc != NULL)
		vm_doc_commit(replay->doc);
	kit_arena_delete(arena);
	if (damage.code != KIT_OK)
		store_raise(&damage);
	return goes_on;
}

void
store_try(StoreSpace *space, const char *key, const VmProgram *program, Snapshot snapshot, StoreTrialVisit visit, void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreReplay replay = {space, key, program, NULL, kit_arena_new("adama replay")};
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};
	bool		goes_on = true;

	store_log_walk_begin(&walk, space, key, 0, true, snapshot);
	while (goes_on && store_log_walk_next(&walk, &entry, &diag))
	{
		/* The document is of one program all the time. */
		if (!store_is_word(entry.event, "upgrade"))
			goes_on = try_entry(&replay, &entry, visit, arg);
	}
	store_log_walk_end(&walk);
	if (diag.code != KIT_OK)
		store_raise(&diag);
	if (replay.doc != NULL)
		vm_doc_free(replay.doc);
	kit_arena_delete(replay.scratch);
	store_role_leave(role);
}
