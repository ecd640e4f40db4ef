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

#include "live/follow.h"

static void
add_gone(LiveFollow *c, int32_t id)
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
forget_record(LiveFollow *c, LiveEntry *entry)
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
show_entry(LiveFollow *c, LiveEntry *entry, bool is_allowed)
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
says_order(const LiveFollow *c)
{
	return c->rows->part != LIVE_PRIVATE;
}

static void
write_gone(LiveFollow *c)
{
	KitBuf	   *out = c->look->out;

	if (says_order(c))
		for (uint32_t i = 0; i < c->n_gone; i++)
			kit_buf_printf(out, "\"%d\":null,", c->gone[i]);
}

/* ---- flat: all rows are gone through ---- */

/* Notes where each row is shown now; how many places there are. */
static uint32_t
note_places(LiveFollow *c)
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
show_flat(LiveFollow *c, LiveEntry **entries, uint32_t n, uint32_t n_old, LiveEntry **were, uint32_t n_were, bool is_allowed)
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
set_flat(LiveFollow *c, LiveEntry **entries, uint32_t n)
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
copy_entries(LiveFollow *c, uint32_t *n)
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
drop_leaving(LiveFollow *c)
{
	for (uint32_t i = 0; i < c->n_leaving; i++)
	{
		forget_record(c, c->leaving[i]);
		live_rows_remove(c->look->heap, c->list, c->leaving[i]);
	}
}

/* ---- computed anew ---- */

static bool
update_computed(LiveFollow *c, VmObj *obj, bool is_stale)
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
	entries = live_follow_enter(c, value.list, &n);
	if (!show_flat(c, entries, n, n_old, were, n_were, false))
		return false;
	set_flat(c, entries, n);
	drop_leaving(c);
	return true;
}

/* ---- kept ---- */

/* Whether the rows' presence in the list depends on require, and on something beyond them that has changed. */
static bool
guard_is_newer(LiveFollow *c)
{
	const LiveDeps *guard = &c->rows->guard;
	LiveDeps	beyond = *guard;

	beyond.is_own = false;
	return c->rows->structure->n_requires > 0 && live_is_newer(c->look, &beyond, NULL);
}

/* Of the elements that stayed, len from the new place on, which follow each other from *old on but for what was taken out. */
static void
add_stayed(LiveFollow *c, LiveOrder *order, uint32_t len, int64_t *old, const LiveTouched *taken, uint32_t n_taken, uint32_t *at_taken)
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
write_order(LiveFollow *c, const LiveTouched *touched, uint32_t n, uint32_t n_old)
{
	LiveTouched *taken = kit_arena_alloc(c->look->scratch, (n + (size_t) 1) * sizeof(LiveTouched));
	uint32_t	n_taken = 0;
	uint32_t	at_taken = 0;
	int64_t		old = 0;
	LiveOrder	order;

	for (uint32_t i = 0; i < n; i++)
		if (touched[i].old_at >= 0)
			taken[n_taken++] = touched[i];
	live_follow_sort(taken, n_taken, live_touched_old_place);
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
show_followed(LiveFollow *c, VmObj *obj, LiveTouched *touched, uint32_t n, uint32_t n_old, bool moved)
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
	live_follow_sort(touched, n, live_touched_rank);
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
take_part(LiveFollow *c, VmObj *obj, LiveEntry ***entries, uint32_t *n)
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
update_part(LiveFollow *c, VmObj *obj)
{
	LiveList   *list = c->list;
	uint32_t	n_old;
	LiveEntry **were;
	uint32_t	n_were;
	LiveEntry **gone = NULL;	/* entries that do not pass any more */
	uint32_t	n_gone = 0;
	LiveEntry **entries;
	uint32_t	n;
	LiveTouched *touched = NULL;
	bool		moved;

	list->is_flat = true;
	n_old = note_places(c);
	were = copy_entries(c, &n_were);
	if (!live_follow_must_look_at_all(c, obj) && (touched = live_follow_find(c, &n)) != NULL)
	{
		if (!live_follow_touched(c, obj, touched, n, false, &moved))
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
		if (!live_follow_collect(c, obj, false, &all, &n_all))
			return false;
		list->table = vm_kept_table(c->look->reader, c->cell->unit, obj);
		live_follow_order(c, all, n_all);
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
update_kept(LiveFollow *c, VmObj *obj)
{
	LiveList   *list = c->list;
	uint32_t	n_old = list->n_ordered;
	LiveTouched *touched = NULL;
	LiveEntry **were;
	uint32_t	n_were;
	LiveEntry **entries;
	uint32_t	n;
	bool		moved;

	if (!live_follow_must_look_at_all(c, obj) && !guard_is_newer(c) && (touched = live_follow_find(c, &n)) != NULL)
		return live_follow_touched(c, obj, touched, n, true, &moved) && show_followed(c, obj, touched, n, n_old, moved);
	note_places(c);
	were = copy_entries(c, &n_were);
	if (!live_follow_collect(c, obj, true, &entries, &n) || !show_flat(c, entries, n, n_old, were, n_were, true))
		return false;
	list->table = vm_kept_table(c->look->reader, c->cell->unit, obj);
	live_follow_order(c, entries, n);
	drop_leaving(c);
	return true;
}

/* ---- doors ---- */

bool
live_update_list(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all, bool is_new)
{
	LiveFollow	c = {.look = look, .cell = cell, .rows = cell->rows, .list = list, .all = all, .is_new = is_new};

	if (cell->form == LIVE_FORM_VALUES)
		return live_update_values(&c, obj);
	if (cell->form == LIVE_FORM_LIST)
		return update_computed(&c, obj, all || live_is_newer(look, &cell->value, obj));
	return cell->has_part ? update_part(&c, obj) : update_kept(&c, obj);
}

bool
live_update_count(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all)
{
	LiveFollow	c = {.look = look, .cell = cell, .list = list, .all = all};
	LiveTouched *touched = NULL;
	uint32_t	n;

	if (live_follow_must_look_at_all(&c, obj) || (touched = live_follow_find(&c, &n)) == NULL)
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

	if (plan->is_value)
	{
		live_values_write(list, out);
		return;
	}
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
