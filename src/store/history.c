/*
 * history.c
 *	  The log of one document, event by event for people: an entry that holds a batch yields its events one after the other.
 */
#include "postgres.h"

#include "store/internal.h"

static void
raise_if(const KitDiag *diag)
{
	if (diag->code != KIT_OK)
		store_raise(diag);
}

/* False when visit wants no more. */
static bool
visit_events(const StoreEntry *entry, int64 from, StoreHistoryVisit visit, void *arg)
{
	StoreEntryEvents events;
	StoreHistory event;
	KitDiag		diag = {0};

	store_entry_events(&events, entry, true);
	while (store_entry_next_event(&events, &event, &diag))
	{
		if (event.seq >= from && !visit(&event, arg))
			return false;
	}
	raise_if(&diag);
	return true;
}

void
store_history(StoreSpace *space, const char *key, int64 from, Snapshot snapshot, StoreHistoryVisit visit, void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};

	store_log_walk_begin(&walk, space, key, from, true, snapshot);
	while (store_log_walk_next(&walk, &entry, &diag) && visit_events(&entry, from, visit, arg))
		;
	raise_if(&diag);
	store_log_walk_end(&walk);
	store_role_leave(role);
}
