/*
 * follow.c
 *	  Lists whose rows are kept (LangKept), as rows of their table are touched: which pass, and where they belong.
 *
 * Each row that was touched is tested again; those that do not pass any more are taken out, those whose keys may have changed are put in anew.  When a
 * condition has changed that is not about the row, or too many rows were touched, all rows are found anew.
 */
#include <string.h>

#include "live/follow.h"

/* ---- all rows ---- */

LiveEntry **
live_follow_enter(LiveFollow *c, const VmList *rows, uint32_t *n)
{
	LiveEntry **entries = kit_arena_alloc(c->look->scratch, (rows->n + (size_t) 1) * sizeof(LiveEntry *));

	*n = 0;
	for (uint32_t i = 0; i < rows->n; i++)
	{
		VmObj	   *row = rows->items[i].obj;
		int32_t		id = live_is_row(row) ? row->id : (int32_t) i;
		LiveEntry  *entry;

		if (row->flags & VM_OBJ_DELETED)
			continue;
		entry = live_rows_find(c->list, id);
		if (entry == NULL)
			entry = live_rows_add(c->look->heap, c->list, id, row);
		entry->row = row;
		entries[(*n)++] = entry;
	}
	return entries;
}

bool
live_follow_must_look_at_all(LiveFollow *c, VmObj *obj)
{
	const VmTouches *touches;
	VmTable    *table = vm_kept_table(c->look->reader, c->cell->unit, obj);

	if (c->all || c->list->table != table || live_is_newer(c->look, &c->cell->tests, obj))
		return true;
	touches = table->touches;
	return touches != NULL && c->look->since < touches->from;
}

bool
live_follow_collect(LiveFollow *c, VmObj *obj, bool asks_guard, LiveEntry ***entries, uint32_t *n)
{
	VmList	   *rows;

	if (!vm_kept_list(c->look->reader, c->cell->unit, obj, &rows, c->look->diag))
		return false;
	if (asks_guard && c->rows->structure->n_requires > 0)
	{
		uint32_t	n_kept = 0;

		for (uint32_t i = 0; i < rows->n; i++)
		{
			bool		may;

			if (!vm_reader_may_see_record(c->look->reader, rows->items[i].obj, &may, c->look->diag))
				return false;
			if (may)
				rows->items[n_kept++] = rows->items[i];
		}
		rows->n = n_kept;
	}
	*entries = live_follow_enter(c, rows, n);
	return true;
}

void
live_follow_order(LiveFollow *c, LiveEntry **entries, uint32_t n)
{
	live_rows_clear(c->look->heap, c->list);
	for (uint32_t i = 0; i < n; i++)
		live_rows_append(c->look->heap, c->list, entries[i]);
}

/* ---- rows that were touched ---- */

static int64_t
by_id(const LiveTouched *t)
{
	return t->id;
}

int64_t
live_touched_rank(const LiveTouched *t)
{
	return t->rank;
}

int64_t
live_touched_old_place(const LiveTouched *t)
{
	return t->old_at;
}

static void
sift(LiveTouched *items, uint32_t n, uint32_t i, LiveTouchedKey key)
{
	LiveTouched moved = items[i];

	for (uint32_t child; (child = 2 * i + 1) < n; i = child)
	{
		if (child + 1 < n && key(&items[child + 1]) > key(&items[child]))
			child++;
		if (key(&items[child]) <= key(&moved))
			break;
		items[i] = items[child];
	}
	items[i] = moved;
}

void
live_follow_sort(LiveTouched *items, uint32_t n, LiveTouchedKey key)
{
	bool		is_sorted = true;

	for (uint32_t i = 1; i < n && is_sorted; i++)
		is_sorted = key(&items[i - 1]) <= key(&items[i]);
	if (is_sorted)
		return;
	for (uint32_t i = n / 2; i-- > 0;)
		sift(items, n, i, key);
	for (uint32_t left = n; left > 1;)
	{
		LiveTouched largest = items[0];

		items[0] = items[--left];
		items[left] = largest;
		sift(items, left, 0, key);
	}
}

LiveTouched *
live_follow_find(LiveFollow *c, uint32_t *n)
{
	const VmTouches *touches = c->list->table->touches;
	LiveTouched *touched;
	uint32_t	from;
	uint32_t	n_different = 0;

	*n = 0;
	if (touches != NULL)
		for (from = touches->n; from > 0 && touches->items[from - 1].stamp > c->look->since; from--)
			(*n)++;
	touched = kit_arena_alloc(c->look->scratch, (*n + (size_t) 1) * sizeof(LiveTouched));
	for (uint32_t i = 0; i < *n; i++)
		touched[i] = (LiveTouched) {.id = touches->items[touches->n - 1 - i].id, .old_at = -1};
	live_follow_sort(touched, *n, by_id);
	for (uint32_t i = 0; i < *n; i++)
		if (i == 0 || touched[i].id != touched[i - 1].id)
			touched[n_different++] = touched[i];
	*n = n_different;
	return n_different > 8 + c->list->table->n_live / 8 ? NULL : touched;
}

/* Where the row belongs among the rows in order, none of which is it. */
static bool
find_place(LiveFollow *c, VmObj *row, uint32_t *chunk, uint32_t *at)
{
	LiveList   *list = c->list;
	uint32_t	low = 0;
	uint32_t	high = list->n_chunks;
	int			order;

	*chunk = *at = 0;
	if (list->n_chunks == 0)
		return true;
	/* the last chunk whose first row comes before it */
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (!vm_kept_compare(c->look->reader, c->cell->unit, list->chunks[middle]->entries[0]->row, row, &order, c->look->diag))
			return false;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*chunk = low == 0 ? 0 : low - 1;
	low = 0;
	high = list->chunks[*chunk]->n;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (!vm_kept_compare(c->look->reader, c->cell->unit, list->chunks[*chunk]->entries[middle]->row, row, &order, c->look->diag))
			return false;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return true;
}

bool
live_follow_touched(LiveFollow *c, VmObj *obj, LiveTouched *touched, uint32_t n, bool asks_guard, bool *moved)
{
	bool		keys_changed = c->cell->unit->kept->order != NULL && live_is_newer(c->look, &c->cell->keys, obj);
	KitHeap    *heap = c->look->heap;

	*moved = false;
	for (uint32_t i = 0; i < n; i++)
	{
		LiveTouched *t = &touched[i];
		VmObj	   *row = vm_table_find(c->list->table, t->id);
		bool		passes = row != NULL;

		if (passes && !vm_kept_test(c->look->reader, c->cell->unit, obj, row, &passes, c->look->diag))
			return false;
		if (passes && asks_guard && c->rows->structure->n_requires > 0 &&
			!vm_reader_may_see_record(c->look->reader, row, &passes, c->look->diag))
			return false;
		t->row = passes ? row : NULL;
		t->entry = live_rows_find(c->list, t->id);
		if (t->entry != NULL && passes)
			t->entry->row = row;
		if (t->entry != NULL && (!passes || keys_changed))
			t->old_at = live_rows_rank(c->list, t->entry);
	}
	for (uint32_t i = 0; i < n; i++)
		if (touched[i].old_at >= 0)
		{
			live_rows_take(heap, c->list, touched[i].entry);
			touched[i].entry->is_leaving = touched[i].row == NULL;
			*moved = true;
		}
	for (uint32_t i = 0; i < n; i++)
	{
		LiveTouched *t = &touched[i];
		uint32_t	chunk;
		uint32_t	at;

		if (t->row == NULL)
			continue;
		if (t->entry == NULL)
			t->entry = live_rows_add(heap, c->list, t->id, t->row);
		t->entry->row = t->row;
		if (t->entry->chunk != NULL)
			continue;
		if (!find_place(c, t->row, &chunk, &at))
			return false;
		live_rows_insert(heap, c->list, chunk, at, t->entry);
		t->is_put = *moved = true;
	}
	return true;
}
