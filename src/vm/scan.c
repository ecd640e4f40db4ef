/*
 * scan.c
 *	  Rows of a table visited by their ids or in an order that the document keeps: between bounds of the first key, forwards or backwards.
 *
 * Backwards, rows that differ in nothing but the id still come by ascending id, as sorting would leave them: the scan goes back from one group of such rows to
 * the one before, and forwards within a group.
 *
 * A scan holds as long as the table is not changed, and lies in the arena of the run.  Small tables are sorted or visited whole, and need no order kept.  What
 * is charged depends on the table alone, never on what the document happens to keep.
 */
#include <string.h>

#include "vm/machine.h"
#include "vm/state_internal.h"

#define SMALL_TABLE 16			/* rows; smaller ones are visited whole */
#define SEEK_STEPS 8

struct VmScan
{
	bool		is_backwards;
	/* rows by id: between at and end, both ways */
	const VmTable *table;
	uint32_t	at;
	uint32_t	end;
	/* or by an order: place up to stop; backwards, that is one group, and the others lie between low and place */
	const VmOrder *order;
	VmOrderPlace low;
	VmOrderPlace group;
	VmOrderPlace place;
	VmOrderPlace stop;
	/* or what was sorted */
	const VmList *list;
};

static inline bool
same_place(VmOrderPlace a, VmOrderPlace b)
{
	return a.block == b.block && a.at == b.at;
}

static inline bool
is_before(VmOrderPlace a, VmOrderPlace b)
{
	return a.block < b.block || (a.block == b.block && a.at < b.at);
}

static uint32_t
place_of_id(const VmTable *table, int64_t id)
{
	return id <= 0 ? 0 : id > INT32_MAX ? table->n_rows : vm_table_place(table, (int32_t) id);
}

static void
begin_by_id(VmScan *scan, const VmScanBounds *bounds)
{
	const VmTable *table = scan->table;

	scan->at = 0;
	scan->end = table->n_rows;
	/* a bound at the end of the numbers is beyond all ids */
	if (bounds->low != NULL)
		scan->at = place_of_id(table, bounds->low->i + ((bounds->flags & VM_SCAN_LOW_OPEN) != 0 && bounds->low->i < INT64_MAX));
	if (bounds->high != NULL)
		scan->end = place_of_id(table, bounds->high->i + ((bounds->flags & VM_SCAN_HIGH_OPEN) == 0 && bounds->high->i < INT64_MAX));
	if (scan->end < scan->at)
		scan->end = scan->at;
}

static uint32_t
log2_of(uint32_t n)
{
	return n < 2 ? 0 : 31 - (uint32_t) __builtin_clz(n);
}

static bool
sort_rows(Vm *vm, const VmTable *table, const VmOrderDef *def, int flags, int64_t offset, int64_t limit, VmList **list)
{
	return vm_table_list(vm, table, list) && vm_sort(vm, *list, flags & VM_SCAN_BACKWARDS ? &def->backwards : &def->sort, NULL, offset, limit);
}

static bool
begin_by_order(Vm *vm, VmScan *scan, VmTable *table, const VmOrderDef *def, const VmScanBounds *bounds)
{
	const VmSortKey *first = &def->sort.keys[0];
	uint32_t	few = table->n_live / 8;
	VmOrder    *order;

	if (!vm_charge_steps(vm, log2_of(table->n_live)))
		return false;
	order = vm_order_of(vm->doc, table, def, vm->arena);
	scan->place = bounds->low == NULL ? (VmOrderPlace) {0} : vm_order_seek(order, vm_order_key(first, *bounds->low), (bounds->flags & VM_SCAN_LOW_OPEN) != 0);
	scan->stop = bounds->high == NULL ? (VmOrderPlace) {order->n_blocks, 0} :
		vm_order_seek(order, vm_order_key(first, *bounds->high), (bounds->flags & VM_SCAN_HIGH_OPEN) == 0);
	if (!is_before(scan->place, scan->stop))
		scan->stop = scan->place;
	if ((bounds->flags & VM_SCAN_ANY_ORDER) != 0 && vm_order_between(order, scan->place, scan->stop, few) > few)
	{
		/* rows as they lie are faster than as many in another order, and need not be sorted by id */
		scan->end = table->n_rows;
		return true;
	}
	scan->order = order;
	if (scan->is_backwards)
	{
		scan->low = scan->place;
		scan->group = scan->place = scan->stop;
	}
	return true;
}

bool
vm_scan_begin(Vm *vm, VmTable *table, uint32_t number, const VmScanBounds *bounds, VmScan **out)
{
	VmScan	   *scan;
	const VmOrderDef *def;
	VmList	   *list;

	if (!vm_charge(vm, sizeof(VmScan)) || !vm_charge_steps(vm, SEEK_STEPS))
		return false;
	*out = scan = kit_arena_zalloc(vm->arena, sizeof(VmScan));
	scan->table = table;
	scan->is_backwards = (bounds->flags & VM_SCAN_BACKWARDS) != 0;
	if (number == VM_BY_ID)
	{
		begin_by_id(scan, bounds);
		return true;
	}
	def = vm->program->orders[number];
	if (table->n_live >= SMALL_TABLE)
		return begin_by_order(vm, scan, table, def, bounds);
	if (bounds->flags & VM_SCAN_ANY_ORDER)
	{
		scan->end = table->n_rows;
		return true;
	}
	if (!sort_rows(vm, table, def, bounds->flags, 0, INT64_MAX, &list))
		return false;
	scan->list = list;
	return true;
}

/* The next group of rows that differ in nothing but the id. */
static bool
go_back(VmScan *scan)
{
	const VmOrder *order = scan->order;

	if (!is_before(scan->low, scan->group))
		return false;
	scan->stop = scan->group;
	scan->place = scan->group = vm_order_first_tie(order, vm_order_previous(order, scan->stop));
	return true;
}

VmObj *
vm_scan_next(VmScan *scan)
{
	if (scan->order != NULL)
	{
		VmObj	   *row;

		if (same_place(scan->place, scan->stop) && (!scan->is_backwards || !go_back(scan)))
			return NULL;
		row = vm_order_entry(scan->order, scan->place)->row;
		scan->place = vm_order_next(scan->order, scan->place);
		return row;
	}
	if (scan->list != NULL)
		return scan->at < scan->list->n ? scan->list->items[scan->at++].obj : NULL;
	while (scan->at < scan->end)
	{
		VmObj	   *row = scan->is_backwards ? scan->table->rows[--scan->end] : scan->table->rows[scan->at++];

		if ((row->flags & VM_OBJ_DELETED) == 0)
			return row;
	}
	return NULL;
}

/* ---- the whole of an order, or a part cut out by position ---- */

static void
copy_rows(const VmOrder *order, VmOrderPlace from, uint32_t n, VmVal *items)
{
	while (n > 0)
	{
		const VmOrderBlock *block = &order->blocks[from.block];
		uint32_t	here = block->n - from.at < n ? block->n - from.at : n;

		for (uint32_t i = 0; i < here; i++)
			items[i].obj = block->entries[from.at + i].row;
		items += here;
		n -= here;
		from = (VmOrderPlace) {from.block + 1, 0};
	}
}

static void
copy_rows_backwards(const VmOrder *order, uint32_t offset, uint32_t n, VmVal *items)
{
	VmOrderPlace from;
	VmOrderPlace to;
	uint32_t	skipped;

	if (n == 0)
		return;
	/* the group that the first wanted row is in; how many of the group are skipped */
	from = vm_order_first_tie(order, vm_order_at(order, order->n - 1 - offset));
	to = vm_order_last_tie(order, vm_order_at(order, order->n - 1 - offset));
	skipped = offset - (order->n - vm_order_rank(order, to));
	for (;;)
	{
		VmOrderPlace place = from;

		for (; !same_place(place, to); place = vm_order_next(order, place))
		{
			if (skipped > 0)
			{
				skipped--;
				continue;
			}
			(items++)->obj = vm_order_entry(order, place)->row;
			if (--n == 0)
				return;
		}
		to = from;
		from = vm_order_first_tie(order, vm_order_previous(order, to));
	}
}

bool
vm_ordered(Vm *vm, VmTable *table, uint32_t number, int flags, int64_t offset, int64_t limit, VmList **out)
{
	uint32_t	n = table->n_live;
	const VmOrderDef *def = number == VM_BY_ID ? NULL : vm->program->orders[number];
	const VmOrder *order;
	VmList	   *list;

	if (!vm_charge_steps(vm, SEEK_STEPS + log2_of(n)))
		return false;
	if (def != NULL && n < SMALL_TABLE)
		return sort_rows(vm, table, def, flags, offset, limit, out);
	offset = offset < 0 ? 0 : offset > n ? n : offset;
	limit = limit < 0 ? 0 : limit > n - offset ? n - offset : limit;
	if (def == NULL)
	{
		/* by id: as the table is, or turned round */
		VmScan		scan = {.table = table, .end = table->n_rows, .is_backwards = (flags & VM_SCAN_BACKWARDS) != 0};

		if (!vm_charge_steps(vm, (uint64_t) (offset + limit) / 8) || !vm_new_list(vm, (size_t) limit, &list))
			return false;
		for (; offset > 0; offset--)
			vm_scan_next(&scan);
		for (int64_t i = 0; i < limit; i++)
			list->items[i].obj = vm_scan_next(&scan);
	}
	else
	{
		if (!vm_new_list(vm, (size_t) limit, &list))
			return false;
		order = vm_order_of(vm->doc, table, def, vm->arena);
		if (flags & VM_SCAN_BACKWARDS)
			copy_rows_backwards(order, (uint32_t) offset, (uint32_t) limit, list->items);
		else
			copy_rows(order, vm_order_at(order, (uint32_t) offset), (uint32_t) limit, list->items);
	}
	list->n = (uint32_t) limit;
	*out = list;
	return true;
}
