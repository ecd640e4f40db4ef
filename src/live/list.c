/*
 * list.c
 *	  Lists of rows: which rows, in which order, and what of them is different.
 *
 * A list that is kept (LangKept) follows the rows that were touched in its table: each is tested again; those that do not pass any more are taken out, those whose
 * keys may have changed are put in anew.  The order before, without what was taken out, and what was put in are then told as slices and ids.  When
 * a condition has changed that is not about the row, or too many rows were touched, all rows are looked at.
 *
 * Where offset or limit cut a part out, the kept rows are not shown themselves: the part is taken out of them, and compared with the part that was shown.
 * So it is with the rows that a formula yields which is computed anew.
 *
 * Rows that are hidden by require are left out of the order.  In a list that is kept and shown as a whole, require is one condition more.
 */
#include <string.h>

#include "live/internal.h"

/* What happens to a list in one update. */
typedef struct Change
{
	LiveLook   *look;
	const LiveCellPlan *cell;
	const LivePlan *rows;
	LiveList   *list;
	bool		all;			/* rows that were shown may be different in whatever way */
	bool		is_new;
	bool		is_computed;	/* the rows were found anew: other objects may be where those were that are shown */
	int32_t    *gone;			/* in scratch */
	uint32_t	n_gone;
	uint32_t	gone_cap;
	LiveEntry **leaving;		/* in scratch: entries that were shown, or hidden among those that were, each once */
	uint32_t	n_leaving;
} Change;

static void
add_gone(Change *c, int32_t id)
{
	if (c->n_gone == c->gone_cap)
	{
		uint32_t	cap = c->gone_cap == 0 ? 8 : c->gone_cap * 2;
		int32_t    *gone = kit_arena_alloc(c->look->scratch, cap * sizeof(int32_t));

		if (c->n_gone > 0)
			memcpy(gone, c->gone, c->n_gone * sizeof(int32_t));
		c->gone = gone;
		c->gone_cap = cap;
	}
	c->gone[c->n_gone++] = id;
}

static void
forget_record(Change *c, LiveEntry *entry)
{
	if (entry->record != NULL)
		live_record_free(c->look->heap, c->rows, entry->record);
	entry->record = NULL;
}

static bool
is_shown(const LiveEntry *entry)
{
	return entry->record != NULL && !entry->record->is_hidden;
}

static bool
show_entry(Change *c, LiveEntry *entry, bool is_allowed)
{
	char		key[16];
	char	   *at = key + sizeof(key);
	uint32_t	rest = entry->id < 0 ? -(uint32_t) entry->id : (uint32_t) entry->id;
	LiveShowing showing;

	do
		*--at = (char) ('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (entry->id < 0)
		*--at = '-';
	return live_show_record(c->look, c->rows, &entry->record, entry->row, at, (size_t) (key + sizeof(key) - at),
							c->all || (c->is_computed && !live_is_row(entry->row)), is_allowed, &showing);
}

/* In a part that lies over another, that one says in which order rows are, and which are gone. */
static bool
says_order(const Change *c)
{
	return c->rows->part != LIVE_PRIVATE;
}

static void
write_gone(Change *c)
{
	KitBuf	   *out = c->look->out;

	if (says_order(c))
		for (uint32_t i = 0; i < c->n_gone; i++)
			kit_buf_printf(out, "\"%d\":null,", c->gone[i]);
}

/* ---- flat: all rows are gone through ---- */

/* Notes where each row is shown now; how many places there are. */
static uint32_t
note_places(Change *c)
{
	LiveList   *list = c->list;
	uint32_t	n = 0;

	if (list->is_flat)
	{
		for (uint32_t i = 0; i < list->n_flat; i++)
			list->flat[i]->old_at = is_shown(list->flat[i]) ? (int32_t) n++ : -1;
		return n;
	}
	for (uint32_t i = 0; i < list->n_chunks; i++)
		for (uint32_t k = 0; k < list->chunks[i]->n; k++)
			list->chunks[i]->entries[k]->old_at = (int32_t) n++;
	return n;
}

/*
 * Shows these rows in this order in place of those so far, whose places have been noted.  were: the entries that were there, NULL when they are the
 * same ones.  What is there no more ends up in c->leaving.
 */
static bool
show_flat(Change *c, LiveEntry **entries, uint32_t n, uint32_t n_old, LiveEntry **were, uint32_t n_were, bool is_allowed)
{
	LiveList   *list = c->list;
	LiveOrder	order;

	list->seen++;
	c->leaving = kit_arena_alloc(c->look->scratch, (n_were + (size_t) 1) * sizeof(LiveEntry *));
	for (uint32_t i = 0; i < n; i++)
	{
		LiveEntry  *entry = entries[i];

		/* a row that comes twice is shown once, at both places */
		if (entry->seen == list->seen)
			continue;
		entry->seen = list->seen;
		if (!show_entry(c, entry, is_allowed))
			return false;
		if (entry->old_at >= 0 && !is_shown(entry))
			add_gone(c, entry->id);
	}
	for (uint32_t i = 0; i < n_were; i++)
	{
		LiveEntry  *entry = were[i];

		if (entry->seen == list->seen)
			continue;
		entry->seen = list->seen;
		if (entry->old_at >= 0)
			add_gone(c, entry->id);
		entry->old_at = -1;
		c->leaving[c->n_leaving++] = entry;
	}
	if (says_order(c))
	{
		live_order_begin(&order, c->look->out, n_old);
		for (uint32_t i = 0; i < n; i++)
			if (is_shown(entries[i]))
				live_order_add(&order, entries[i]->old_at, entries[i]->id);
		live_order_end(&order, c->is_new);
	}
	write_gone(c);
	return true;
}

static void
set_flat(Change *c, LiveEntry **entries, uint32_t n)
{
	LiveList   *list = c->list;
	KitHeap    *heap = c->look->heap;

	if (list->n_flat != n)
	{
		kit_heap_free(heap, list->flat, list->n_flat * sizeof(LiveEntry *));
		list->flat = n == 0 ? NULL : kit_heap_alloc(heap, n * sizeof(LiveEntry *));
		list->n_flat = n;
	}
	if (n > 0)
		memcpy(list->flat, entries, n * sizeof(LiveEntry *));
}

/* An array of the entries that are there now, in scratch. */
static LiveEntry **
copy_entries(Change *c, uint32_t *n)
{
	LiveList   *list = c->list;
	LiveEntry **copy;
	uint32_t	at = 0;

	*n = list->is_flat ? list->n_flat : list->n_ordered;
	copy = kit_arena_alloc(c->look->scratch, (*n + (size_t) 1) * sizeof(LiveEntry *));
	if (list->is_flat && *n > 0)
		memcpy(copy, list->flat, *n * sizeof(LiveEntry *));
	for (uint32_t i = 0; !list->is_flat && i < list->n_chunks; i++)
	{
		memcpy(copy + at, list->chunks[i]->entries, list->chunks[i]->n * sizeof(LiveEntry *));
		at += list->chunks[i]->n;
	}
	return copy;
}

/* Removes the entries that show_flat has found to be gone. */
static void
drop_leaving(Change *c)
{
	for (uint32_t i = 0; i < c->n_leaving; i++)
	{
		forget_record(c, c->leaving[i]);
		live_rows_remove(c->look->heap, c->list, c->leaving[i]);
	}
}

/* Entries for these rows, those that are deleted left out; in scratch. */
static LiveEntry **
enter_rows(Change *c, const VmList *rows, uint32_t *n)
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

/* ---- computed anew ---- */

static bool
update_computed(Change *c, VmObj *obj, bool is_stale)
{
	LiveList   *list = c->list;
	uint32_t	n_old;
	LiveEntry **were;
	uint32_t	n_were;
	LiveEntry **entries;
	uint32_t	n;
	VmVal		value;

	list->is_flat = true;
	c->is_computed = is_stale;
	n_old = note_places(c);
	if (!is_stale)
		return show_flat(c, list->flat, list->n_flat, n_old, NULL, 0, false);
	if (!vm_reader_field(c->look->reader, obj, c->cell->field, &value, c->look->diag))
		return false;
	were = copy_entries(c, &n_were);
	entries = enter_rows(c, value.list, &n);
	if (!show_flat(c, entries, n, n_old, were, n_were, false))
		return false;
	set_flat(c, entries, n);
	drop_leaving(c);
	return true;
}

/* ---- kept ---- */

static bool
must_look_at_all(Change *c, VmObj *obj)
{
	const VmTouches *touches;
	VmTable    *table = vm_kept_table(c->look->reader, c->cell->unit, obj);

	if (c->all || c->list->table != table || live_is_newer(c->look, &c->cell->tests, obj))
		return true;
	touches = table->touches;
	return touches != NULL && c->look->since < touches->from;
}

/* Whether the rows' presence in the list depends on require, and on something beyond them that has changed. */
static bool
guard_is_newer(Change *c)
{
	const LiveDeps *guard = &c->rows->guard;
	LiveDeps	beyond = *guard;

	beyond.is_own = false;
	return c->rows->structure->n_requires > 0 && live_is_newer(c->look, &beyond, NULL);
}

/* All rows of a kept list, in order, as entries. */
static bool
collect_rows(Change *c, VmObj *obj, bool asks_guard, LiveEntry ***entries, uint32_t *n)
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
	*entries = enter_rows(c, rows, n);
	return true;
}

static void
order_entries(Change *c, LiveEntry **entries, uint32_t n)
{
	live_rows_clear(c->look->heap, c->list);
	for (uint32_t i = 0; i < n; i++)
		live_rows_append(c->look->heap, c->list, entries[i]);
}

/* A row that was touched. */
typedef struct Touched
{
	int32_t		id;
	VmObj	   *row;			/* NULL: it is gone, or does not pass */
	LiveEntry  *entry;			/* NULL: it was not in the list */
	int64_t		old_at;			/* where it was, when it was taken out; -1 otherwise */
	bool		is_put;			/* it was put in */
	uint32_t	rank;
} Touched;

static int64_t
by_id(const Touched *t)
{
	return t->id;
}

static int64_t
by_rank(const Touched *t)
{
	return t->rank;
}

static int64_t
by_old_place(const Touched *t)
{
	return t->old_at;
}

typedef int64_t (*TouchedKey) (const Touched *t);

static void
sift(Touched *items, uint32_t n, uint32_t i, TouchedKey key)
{
	Touched		moved = items[i];

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

static void
sort_touched(Touched *items, uint32_t n, TouchedKey key)
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
		Touched		largest = items[0];

		items[0] = items[--left];
		items[left] = largest;
		sift(items, left, 0, key);
	}
}

/* The rows that were touched since the last update, each once; NULL when there are so many that it is better to look at all. */
static Touched *
find_touched(Change *c, uint32_t *n)
{
	const VmTouches *touches = c->list->table->touches;
	Touched    *touched;
	uint32_t	from;
	uint32_t	n_different = 0;

	*n = 0;
	if (touches != NULL)
		for (from = touches->n; from > 0 && touches->items[from - 1].stamp > c->look->since; from--)
			(*n)++;
	touched = kit_arena_alloc(c->look->scratch, (*n + (size_t) 1) * sizeof(Touched));
	for (uint32_t i = 0; i < *n; i++)
		touched[i] = (Touched) {.id = touches->items[touches->n - 1 - i].id, .old_at = -1};
	sort_touched(touched, *n, by_id);
	for (uint32_t i = 0; i < *n; i++)
		if (i == 0 || touched[i].id != touched[i - 1].id)
			touched[n_different++] = touched[i];
	*n = n_different;
	return n_different > 8 + c->list->table->n_live / 8 ? NULL : touched;
}

/* Where the row belongs among the rows in order, none of which is it. */
static bool
find_place(Change *c, VmObj *row, uint32_t *chunk, uint32_t *at)
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

/*
 * Takes out and puts in what was touched.  Entries that do not pass any more are left to the caller, without a chunk and leaving.  *moved: the order is not
 * what it was.
 */
static bool
follow_touched(Change *c, VmObj *obj, Touched *touched, uint32_t n, bool asks_guard, bool *moved)
{
	bool		keys_changed = c->cell->unit->kept->order != NULL && live_is_newer(c->look, &c->cell->keys, obj);
	KitHeap    *heap = c->look->heap;

	*moved = false;
	for (uint32_t i = 0; i < n; i++)
	{
		Touched    *t = &touched[i];
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
		Touched    *t = &touched[i];
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

/* Of the elements that stayed, len from the new place on, which follow each other from *old on but for what was taken out. */
static void
add_stayed(Change *c, LiveOrder *order, uint32_t len, int64_t *old, const Touched *taken, uint32_t n_taken, uint32_t *at_taken)
{
	while (len > 0)
	{
		uint32_t	run = len;
		LiveEntry  *first = live_rows_at(c->list, order->n_new);
		LiveEntry  *second = len > 1 ? live_rows_at(c->list, order->n_new + 1) : NULL;

		while (*at_taken < n_taken && taken[*at_taken].old_at == *old)
		{
			(*at_taken)++;
			(*old)++;
		}
		if (*at_taken < n_taken && taken[*at_taken].old_at < *old + run)
			run = (uint32_t) (taken[*at_taken].old_at - *old);
		live_order_add_run(order, *old, run, first->id, second == NULL ? 0 : second->id);
		*old += run;
		len -= run;
	}
}

/* The order of a list that was followed: what was put in, in the order of ranks, between runs of what stayed. */
static void
write_order(Change *c, const Touched *touched, uint32_t n, uint32_t n_old)
{
	Touched    *taken = kit_arena_alloc(c->look->scratch, (n + (size_t) 1) * sizeof(Touched));
	uint32_t	n_taken = 0;
	uint32_t	at_taken = 0;
	int64_t		old = 0;
	LiveOrder	order;

	for (uint32_t i = 0; i < n; i++)
		if (touched[i].old_at >= 0)
			taken[n_taken++] = touched[i];
	sort_touched(taken, n_taken, by_old_place);
	live_order_begin(&order, c->look->out, n_old);
	for (uint32_t i = 0; i < n; i++)
	{
		if (!touched[i].is_put)
			continue;
		add_stayed(c, &order, touched[i].rank - order.n_new, &old, taken, n_taken, &at_taken);
		live_order_add(&order, touched[i].old_at, touched[i].id);
	}
	add_stayed(c, &order, c->list->n_ordered - order.n_new, &old, taken, n_taken, &at_taken);
	live_order_end(&order, c->is_new);
}

/* Shows what was touched, and all other rows when something beyond them has changed. */
static bool
show_followed(Change *c, VmObj *obj, Touched *touched, uint32_t n, uint32_t n_old, bool moved)
{
	LiveDeps	beyond = c->rows->inside;
	LiveList   *list = c->list;

	for (uint32_t i = 0; i < n; i++)
	{
		touched[i].rank = UINT32_MAX;
		if (touched[i].row != NULL)
			touched[i].rank = live_rows_rank(list, touched[i].entry);
		else if (touched[i].entry != NULL && touched[i].entry->is_leaving)
			add_gone(c, touched[i].id);
	}
	sort_touched(touched, n, by_rank);
	beyond.is_own = false;
	if (live_is_newer(c->look, &beyond, obj))
	{
		for (uint32_t i = 0; i < list->n_chunks; i++)
			for (uint32_t k = 0; k < list->chunks[i]->n; k++)
				if (!show_entry(c, list->chunks[i]->entries[k], true))
					return false;
	}
	else
		for (uint32_t i = 0; i < n && touched[i].row != NULL; i++)
			if (!show_entry(c, touched[i].entry, true))
				return false;
	if (moved && says_order(c))
		write_order(c, touched, n, n_old);
	write_gone(c);
	for (uint32_t i = 0; i < n; i++)
		if (touched[i].entry != NULL && touched[i].entry->is_leaving)
		{
			forget_record(c, touched[i].entry);
			live_rows_remove(c->look->heap, list, touched[i].entry);
		}
	return true;
}

/* The part of the kept rows that offset and limit leave; in scratch. */
static bool
take_part(Change *c, VmObj *obj, LiveEntry ***entries, uint32_t *n)
{
	LiveList   *list = c->list;
	int64_t		offset;
	int64_t		limit;
	int64_t		at = 0;

	if (!vm_kept_part(c->look->reader, c->cell->unit, obj, &offset, &limit, c->look->diag))
		return false;
	if (offset > list->n_ordered)
		offset = list->n_ordered;
	if (limit > list->n_ordered - offset)
		limit = list->n_ordered - offset;
	*entries = kit_arena_alloc(c->look->scratch, ((size_t) limit + 1) * sizeof(LiveEntry *));
	*n = 0;
	for (uint32_t i = 0; i < list->n_chunks && *n < limit; i++)
	{
		const LiveChunk *chunk = list->chunks[i];

		for (uint32_t k = at < offset && at + chunk->n > offset ? (uint32_t) (offset - at) : at < offset ? chunk->n : 0; k < chunk->n && *n < limit; k++)
			(*entries)[(*n)++] = chunk->entries[k];
		at += chunk->n;
	}
	return true;
}

static bool
update_part(Change *c, VmObj *obj)
{
	LiveList   *list = c->list;
	uint32_t	n_old;
	LiveEntry **were;
	uint32_t	n_were;
	LiveEntry **gone = NULL;	/* entries that do not pass any more */
	uint32_t	n_gone = 0;
	LiveEntry **entries;
	uint32_t	n;
	Touched    *touched = NULL;
	bool		moved;

	list->is_flat = true;
	n_old = note_places(c);
	were = copy_entries(c, &n_were);
	if (!must_look_at_all(c, obj) && (touched = find_touched(c, &n)) != NULL)
	{
		if (!follow_touched(c, obj, touched, n, false, &moved))
			return false;
		gone = kit_arena_alloc(c->look->scratch, (n + (size_t) 1) * sizeof(LiveEntry *));
		for (uint32_t i = 0; i < n; i++)
			if (touched[i].entry != NULL && touched[i].entry->is_leaving)
				gone[n_gone++] = touched[i].entry;
	}
	else
	{
		LiveEntry **all;
		uint32_t	n_all;

		gone = kit_arena_alloc(c->look->scratch, (list->n_ordered + (size_t) 1) * sizeof(LiveEntry *));
		for (uint32_t i = 0; i < list->n_chunks; i++)
			for (uint32_t k = 0; k < list->chunks[i]->n; k++)
				gone[n_gone++] = list->chunks[i]->entries[k];
		if (!collect_rows(c, obj, false, &all, &n_all))
			return false;
		list->table = vm_kept_table(c->look->reader, c->cell->unit, obj);
		order_entries(c, all, n_all);
		n = 0;
		for (uint32_t i = 0; i < n_gone; i++)
			if (gone[i]->chunk == NULL)
				gone[n++] = gone[i];
		n_gone = n;
	}
	if (!take_part(c, obj, &entries, &n) || !show_flat(c, entries, n, n_old, were, n_were, false))
		return false;
	set_flat(c, entries, n);
	/* out of the part, but not out of the rows that pass */
	for (uint32_t i = 0; i < c->n_leaving; i++)
		forget_record(c, c->leaving[i]);
	for (uint32_t i = 0; i < n_gone; i++)
		live_rows_remove(c->look->heap, list, gone[i]);
	return true;
}

static bool
update_kept(Change *c, VmObj *obj)
{
	LiveList   *list = c->list;
	uint32_t	n_old = list->n_ordered;
	Touched    *touched = NULL;
	LiveEntry **were;
	uint32_t	n_were;
	LiveEntry **entries;
	uint32_t	n;
	bool		moved;

	if (!must_look_at_all(c, obj) && !guard_is_newer(c) && (touched = find_touched(c, &n)) != NULL)
		return follow_touched(c, obj, touched, n, true, &moved) && show_followed(c, obj, touched, n, n_old, moved);
	note_places(c);
	were = copy_entries(c, &n_were);
	if (!collect_rows(c, obj, true, &entries, &n) || !show_flat(c, entries, n, n_old, were, n_were, true))
		return false;
	list->table = vm_kept_table(c->look->reader, c->cell->unit, obj);
	order_entries(c, entries, n);
	drop_leaving(c);
	return true;
}

/* ---- doors ---- */

bool
live_update_list(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all, bool is_new)
{
	Change		c = {.look = look, .cell = cell, .rows = cell->rows, .list = list, .all = all, .is_new = is_new};

	if (cell->form == LIVE_FORM_LIST)
		return update_computed(&c, obj, all || live_is_newer(look, &cell->value, obj));
	return cell->has_part ? update_part(&c, obj) : update_kept(&c, obj);
}

bool
live_update_count(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all)
{
	Change		c = {.look = look, .cell = cell, .list = list, .all = all};
	Touched    *touched = NULL;
	uint32_t	n;

	if (must_look_at_all(&c, obj) || (touched = find_touched(&c, &n)) == NULL)
	{
		VmList	   *rows;

		if (!vm_kept_list(look->reader, cell->unit, obj, &rows, look->diag))
			return false;
		live_rows_free(look->heap, list);
		list->table = vm_kept_table(look->reader, cell->unit, obj);
		for (uint32_t i = 0; i < rows->n; i++)
			live_rows_add(look->heap, list, rows->items[i].obj->id, NULL);
		return true;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		VmObj	   *row = vm_table_find(list->table, touched[i].id);
		LiveEntry  *entry = live_rows_find(list, touched[i].id);
		bool		passes = row != NULL;

		if (passes && !vm_kept_test(look->reader, cell->unit, obj, row, &passes, look->diag))
			return false;
		if (passes && entry == NULL)
			live_rows_add(look->heap, list, touched[i].id, NULL);
		else if (!passes && entry != NULL)
			live_rows_remove(look->heap, list, entry);
	}
	return true;
}

void
live_list_free(KitHeap *heap, const LivePlan *plan, LiveList *list)
{
	for (uint32_t i = 0; i < list->size; i++)
		if (list->by_id[i] != NULL && list->by_id[i]->record != NULL)
		{
			live_record_free(heap, plan, list->by_id[i]->record);
			list->by_id[i]->record = NULL;
		}
	live_rows_free(heap, list);
}

static void
write_entry(const LivePlan *plan, const LiveEntry *entry, KitBuf *out)
{
	size_t		start = out->len;
	size_t		mark;

	kit_buf_printf(out, "\"%d\":{", entry->id);
	mark = out->len;
	live_record_write(plan, entry->record, out);
	if (out->len == mark && plan->part == LIVE_PRIVATE)
	{
		live_cut(out, start);
		return;
	}
	live_end_object(out);
	kit_buf_add_char(out, ',');
}

void
live_list_write(const LivePlan *plan, const LiveList *list, KitBuf *out)
{
	LiveList   *mutable = (LiveList *) list;	/* only marks what was written */
	LiveOrder	order;

	mutable->seen++;
	for (int round = 0; round < 2; round++)
	{
		if (round == 1)
		{
			if (plan->part == LIVE_PRIVATE)
				return;
			live_order_begin(&order, out, 0);
		}
		for (uint32_t i = 0, n = list->is_flat ? 1 : list->n_chunks; i < n; i++)
		{
			LiveEntry **entries = list->is_flat ? list->flat : list->chunks[i]->entries;
			uint32_t	n_entries = list->is_flat ? list->n_flat : list->chunks[i]->n;

			for (uint32_t k = 0; k < n_entries; k++)
			{
				if (!is_shown(entries[k]))
					continue;
				if (round == 1)
					live_order_add(&order, -1, entries[k]->id);
				else if (entries[k]->seen != list->seen)
					write_entry(plan, entries[k], out);
				entries[k]->seen = list->seen;
			}
		}
	}
	live_order_end(&order, true);
}
