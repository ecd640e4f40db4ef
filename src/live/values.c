/*
 * values.c
 *	  Lists of one field's values, as rows of the table are touched: {"0":…,"1":…,"@s":n}.
 *
 * Each row that passes has an entry, whose record has the value as its only cell.  A value that changed is told by its place.  Where rows came, went or moved,
 * the places between the first and the last of them are gone through, and up to the end when there are more or fewer than before: what was at each place is
 * what stayed, in its order, and what was taken out, at the place where it was.
 *
 * A value that is not shown (a double that is no number) leaves its place empty.
 */
#include <string.h>

#include "live/follow.h"

static LiveCell *
cell_of(const LiveEntry *entry)
{
	return &entry->record->cells[0];
}

/* The value of now; *before is what it was, when it is another. */
static bool
renew(LiveFollow *c, LiveEntry *entry, bool *is_changed, VmText *before)
{
	if (entry->record == NULL)
		entry->record = live_record_new(c->look->heap, c->rows);
	return live_renew_text(c->look, &c->rows->cells[0], entry->row, cell_of(entry), is_changed, before);
}

static void
forget(LiveFollow *c, LiveEntry *entry)
{
	if (entry->record != NULL)
		live_record_free(c->look->heap, c->rows, entry->record);
	entry->record = NULL;
	live_rows_remove(c->look->heap, c->list, entry);
}

static void
write_value(KitBuf *out, uint32_t at, VmText text)
{
	kit_buf_add_char(out, '"');
	kit_buf_add_int(out, at);
	kit_buf_add_str(out, "\":");
	kit_buf_add(out, text.str, text.len);
	kit_buf_add_char(out, ',');
}

static void
write_change(KitBuf *out, uint32_t at, VmText before, VmText now)
{
	static const VmText null = {"null", 4};

	if (before.len == now.len && (now.len == 0 || memcmp(before.str, now.str, now.len) == 0))
		return;
	write_value(out, at, now.len == 0 ? null : now);
}

static void
write_size(LiveFollow *c, uint32_t n_old)
{
	if (c->list->n_ordered != n_old || c->is_new)
		kit_buf_printf(c->look->out, "\"@s\":%u,", c->list->n_ordered);
}

/* ---- all of them ---- */

static bool
update_all(LiveFollow *c, VmObj *obj)
{
	LiveList   *list = c->list;
	uint32_t	n_old = list->n_ordered;
	VmText	   *before = kit_arena_alloc(c->look->scratch, (n_old + (size_t) 1) * sizeof(VmText));
	LiveEntry **were = kit_arena_alloc(c->look->scratch, (n_old + (size_t) 1) * sizeof(LiveEntry *));
	LiveEntry **entries;
	uint32_t	n = 0;
	uint32_t	n_most;

	for (uint32_t i = 0; i < list->n_chunks; i++)
		for (uint32_t k = 0; k < list->chunks[i]->n; k++, n++)
		{
			VmText		text = live_cell_text(cell_of(list->chunks[i]->entries[k]));

			were[n] = list->chunks[i]->entries[k];
			before[n] = (VmText) {kit_arena_strdup(c->look->scratch, text.str, text.len), text.len};
		}
	if (!live_follow_collect(c, obj, false, &entries, &n))
		return false;
	list->table = vm_kept_table(c->look->reader, c->cell->unit, obj);
	live_follow_order(c, entries, n);
	n_most = n > n_old ? n : n_old;
	for (uint32_t i = 0; i < n_most; i++)
	{
		VmText		now = {0};
		VmText		ignored;
		bool		is_changed;

		if (i % 256 == 0 && !live_has_room(c->look))
			return false;
		if (i < n)
		{
			if (!renew(c, entries[i], &is_changed, &ignored))
				return false;
			now = live_cell_text(cell_of(entries[i]));
		}
		write_change(c->look->out, i, i < n_old ? before[i] : (VmText) {0}, now);
	}
	write_size(c, n_old);
	for (uint32_t i = 0; i < n_old; i++)
		if (were[i]->chunk == NULL)
			forget(c, were[i]);
	return true;
}

/* ---- those that were touched ---- */

/* The places from which on, and up to which, others may be there than before: where rows were taken out and put in. */
static void
find_window(LiveFollow *c, const LiveTouched *touched, uint32_t n, uint32_t n_old, uint32_t *from, uint32_t *to)
{
	*from = UINT32_MAX;
	*to = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		const LiveTouched *t = &touched[i];

		if (t->old_at >= 0 && t->old_at < *from)
			*from = (uint32_t) t->old_at;
		if (t->old_at >= *to)
			*to = (uint32_t) t->old_at + 1;
		if (t->is_put && t->rank < *from)
			*from = t->rank;
		if (t->is_put && t->rank >= *to)
			*to = t->rank + 1;
	}
	if (c->list->n_ordered != n_old)
		*to = c->list->n_ordered > n_old ? c->list->n_ordered : n_old;
}

/* The entries of a list, one after the other. */
typedef struct Cursor
{
	const LiveList *list;
	uint32_t	chunk;
	uint32_t	at;
} Cursor;

static Cursor
cursor_at(const LiveList *list, uint32_t rank)
{
	Cursor		cursor = {.list = list, .chunk = list->n_chunks};

	(void) live_rows_seek(list, rank, &cursor.chunk, &cursor.at);
	return cursor;
}

static LiveEntry *
step(Cursor *cursor)
{
	const LiveChunk *chunk = cursor->list->chunks[cursor->chunk];
	LiveEntry  *entry = chunk->entries[cursor->at++];

	if (cursor->at == chunk->n)
	{
		cursor->chunk++;
		cursor->at = 0;
	}
	return entry;
}

/* What was touched, when the entry was; its place in touched was noted. */
static const LiveTouched *
touched_of(const LiveFollow *c, const LiveTouched *touched, const LiveEntry *entry)
{
	return entry->seen == c->list->seen ? &touched[entry->old_at] : NULL;
}

static VmText
text_before(const LiveTouched *t, const LiveEntry *entry)
{
	return t != NULL && t->is_changed ? t->before : live_cell_text(cell_of(entry));
}

static bool
write_window(LiveFollow *c, const LiveTouched *touched, uint32_t n, uint32_t n_old, uint32_t from, uint32_t to)
{
	LiveTouched *taken = kit_arena_alloc(c->look->scratch, (n + (size_t) 1) * sizeof(LiveTouched));
	uint32_t	n_taken = 0;
	uint32_t	at_taken = 0;
	Cursor		now = cursor_at(c->list, from);
	Cursor		stayed = now;

	for (uint32_t i = 0; i < n; i++)
		if (touched[i].old_at >= 0)
			taken[n_taken++] = touched[i];
	live_follow_sort(taken, n_taken, live_touched_old_place);
	for (uint32_t i = from; i < to; i++)
	{
		VmText		after = {0};
		VmText		before = {0};

		if (i % 1024 == 0)
			port_poll();
		if (i < n_old && at_taken < n_taken && taken[at_taken].old_at == i)
		{
			before = text_before(&taken[at_taken], taken[at_taken].entry);
			at_taken++;
		}
		else if (i < n_old)
		{
			const LiveTouched *t;
			LiveEntry  *entry;

			do
			{
				entry = step(&stayed);
				t = touched_of(c, touched, entry);
			} while (t != NULL && t->is_put);
			before = text_before(t, entry);
		}
		if (i < c->list->n_ordered)
			after = live_cell_text(cell_of(step(&now)));
		write_change(c->look->out, i, before, after);
	}
	return true;
}

static bool
show_touched(LiveFollow *c, LiveTouched *touched, uint32_t n, uint32_t n_old)
{
	LiveList   *list = c->list;
	uint32_t	from;
	uint32_t	to;

	list->seen++;
	for (uint32_t i = 0; i < n; i++)
	{
		LiveTouched *t = &touched[i];

		t->rank = t->row == NULL ? UINT32_MAX : live_rows_rank(list, t->entry);
		if (t->row != NULL && !renew(c, t->entry, &t->is_changed, &t->before))
			return false;
	}
	live_follow_sort(touched, n, live_touched_rank);
	for (uint32_t i = 0; i < n; i++)
		if (touched[i].entry != NULL)
		{
			touched[i].entry->seen = list->seen;
			touched[i].entry->old_at = (int32_t) i;
		}
	find_window(c, touched, n, n_old, &from, &to);
	for (uint32_t i = 0; i < n && touched[i].row != NULL; i++)
		if (touched[i].is_changed && (touched[i].rank < from || touched[i].rank >= to))
			write_change(c->look->out, touched[i].rank, touched[i].before, live_cell_text(cell_of(touched[i].entry)));
	if (from < to && !write_window(c, touched, n, n_old, from, to))
		return false;
	write_size(c, n_old);
	for (uint32_t i = 0; i < n; i++)
		if (touched[i].entry != NULL && touched[i].entry->is_leaving)
			forget(c, touched[i].entry);
	return true;
}

/* ---- doors ---- */

bool
live_update_values(LiveFollow *c, VmObj *obj)
{
	uint32_t	n_old = c->list->n_ordered;
	LiveTouched *touched;
	uint32_t	n;
	bool		moved;

	if (live_follow_must_look_at_all(c, obj) || (touched = live_follow_find(c, &n)) == NULL)
		return update_all(c, obj);
	return live_follow_touched(c, obj, touched, n, false, &moved) && show_touched(c, touched, n, n_old);
}

void
live_values_write(const LiveList *list, KitBuf *out)
{
	uint32_t	at = 0;

	for (uint32_t i = 0; i < list->n_chunks; i++)
		for (uint32_t k = 0; k < list->chunks[i]->n; k++, at++)
		{
			VmText		text = live_cell_text(cell_of(list->chunks[i]->entries[k]));

			if (text.len > 0)
				write_value(out, at, text);
		}
	kit_buf_printf(out, "\"@s\":%u,", list->n_ordered);
}
