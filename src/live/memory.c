/*
 * memory.c
 *	  A part of a view between two updates: what was shown, and with which state of the document that agrees.
 *
 *		NEW ---- update ----> SOUND ---- update ----> SOUND
 *		 ^                                  |
 *		 +-- forget, the update has failed -+-- it was interrupted: not sound; the next update forgets
 *
 * The part is changed in place while it is compared, so an update that does not come to its end leaves nothing that could be continued.
 */
#include "live/internal.h"

void
live_memory_forget(LiveMemory *memory)
{
	if (memory->heap != NULL)
		kit_heap_delete(memory->heap);
	memory->heap = NULL;
	memory->root = NULL;
	memory->is_sound = false;
}

size_t
live_memory_size(const LiveMemory *memory)
{
	return memory->heap == NULL ? 0 : kit_heap_size(memory->heap);
}

void
live_memory_whole(const LiveMemory *memory, KitBuf *out)
{
	kit_buf_add_char(out, '{');
	if (memory->root != NULL && memory->is_sound)
		live_record_write(memory->plan, memory->root, out);
	live_end_object(out);
}

/* Whether the document can tell what has changed since. */
static bool
can_continue(const LiveMemory *memory, const LiveTurn *turn)
{
	return turn->serial != 0 && memory->serial == turn->serial && vm_watch_all_stamp(turn->doc) <= memory->stamp;
}

bool
live_memory_update(LiveMemory *memory, LiveTurn *turn, const bool *viewer_changed, KitArena *scratch, KitBuf *out, KitDiag *diag)
{
	LiveLook	look = {.turn = turn, .reader = turn->reader, .scratch = scratch, .limits = &turn->limits, .out = out, .diag = diag};
	bool		all;

	if (!memory->is_sound)
		live_memory_forget(memory);
	if (memory->heap == NULL)
	{
		memory->heap = kit_heap_new("adama view part");
		if (memory->keep)
			kit_heap_keep(memory->heap);
		memory->root = live_record_new(memory->heap, memory->plan);
		memory->stamp = 0;
		all = true;
	}
	else
		all = !can_continue(memory, turn);
	memory->is_sound = false;
	memory->root->obj = vm_doc_root(turn->doc);
	look.heap = memory->heap;
	look.since = memory->stamp;
	live_look_at_clocks(&look, memory);
	look.viewer_changed = viewer_changed;
	look.heap_most = kit_heap_size(memory->heap) + turn->limits.memory;
	look.scratch_most = kit_arena_size(scratch) + turn->limits.memory;
	kit_buf_add_char(out, '{');
	if (!live_enter(&look) || !live_update_cells(&look, memory->plan, memory->root, all))
	{
		live_memory_forget(memory);
		return false;
	}
	live_end_object(out);
	memory->serial = turn->serial;
	memory->stamp = turn->stamp;
	memory->now = turn->now;
	memory->seq = turn->seq;
	memory->is_sound = true;
	memory->before = look.before;
	memory->is_alone = look.before != NULL || look.tells_text;
	return true;
}
