/*
 * query.c
 *	  Lists: made from tables, cut, deleted.
 *
 * A list is written while the code that makes it runs, and never again once another can see it; so parts of a list share its elements.
 *
 * A table of messages is a list, too, which may grow and shrink as long as it is there.  Lists that queries made of it share its elements like all parts do: so
 * rows are only added behind those that were there, and what is left after rows were taken out is an array of its own.
 */
#include <string.h>

#include "vm/machine.h"

#define LIST_STEP 8				/* elements of a list that are copied or looked at in one step */

bool
vm_new_list(Vm *vm, size_t cap, VmList **list)
{
	if (!vm_charge(vm, sizeof(VmList) + cap * sizeof(VmVal)))
		return false;
	*list = kit_arena_alloc(vm->arena, sizeof(VmList));
	(*list)->n = 0;
	(*list)->cap = (uint32_t) cap;
	(*list)->items = cap == 0 ? NULL : kit_arena_alloc(vm->arena, cap * sizeof(VmVal));
	return true;
}

bool
vm_list_append(Vm *vm, VmList *list, VmVal value)
{
	if (list->n == list->cap)
	{
		size_t		cap = list->cap < 8 ? 8 : (size_t) list->cap * 2;
		VmVal	   *items;

		if (cap > INT32_MAX)
			return vm_out_of_memory(vm);
		if (!vm_charge(vm, cap * sizeof(VmVal)))
			return false;
		items = kit_arena_alloc(vm->arena, cap * sizeof(VmVal));
		if (list->n > 0)
			memcpy(items, list->items, list->n * sizeof(VmVal));
		list->items = items;
		list->cap = (uint32_t) cap;
	}
	list->items[list->n++] = value;
	return true;
}

bool
vm_table_list(Vm *vm, const VmTable *table, VmList **list)
{
	VmList	   *made;

	if (!vm_charge_steps(vm, (table->n_live + vm_table_deleted(vm, table)) / LIST_STEP) || !vm_new_list(vm, table->n_live, &made))
		return false;
	if (table->n_live == table->n_rows)
		for (uint32_t i = 0; i < table->n_rows; i++)
			made->items[i].obj = table->rows[i];
	else
		for (uint32_t i = 0, n = 0; i < table->n_rows && n < table->n_live; i++)
			if ((table->rows[i]->flags & VM_OBJ_DELETED) == 0)
				made->items[n++].obj = table->rows[i];
	made->n = table->n_live;
	*list = made;
	return true;
}

bool
vm_delete_all(Vm *vm, VmTable *table)
{
	uint32_t	n = table->n_rows;

	for (uint32_t i = 0; i < n; i++)
		if ((table->rows[i]->flags & VM_OBJ_DELETED) == 0 && !vm_delete_row(vm, table->rows[i]))
			return false;
	return true;
}

bool
vm_delete_list(Vm *vm, const VmList *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (!vm_delete_row(vm, list->items[i].obj))
			return false;
	return true;
}

/* The limit elements from offset on, or fewer.  Negative numbers count as 0. */
bool
vm_list_part(Vm *vm, const VmList *list, int64_t offset, int64_t limit, VmVal *out)
{
	VmList	   *part;

	if (!vm_charge(vm, sizeof(VmList)))
		return false;
	if (offset < 0)
		offset = 0;
	if (offset > list->n)
		offset = list->n;
	if (limit < 0)
		limit = 0;
	if (limit > (int64_t) list->n - offset)
		limit = (int64_t) list->n - offset;
	part = kit_arena_alloc(vm->arena, sizeof(VmList));
	part->items = offset > 0 ? list->items + offset : list->items;	/* an empty list may have none */
	part->n = part->cap = (uint32_t) limit;
	out->list = part;
	return true;
}

bool
vm_list_copy(Vm *vm, const VmList *list, VmVal *out)
{
	VmList	   *copy;

	if (!vm_new_list(vm, list->n, &copy))
		return false;
	if (list->n > 0)
		memcpy(copy->items, list->items, list->n * sizeof(VmVal));
	copy->n = list->n;
	out->list = copy;
	return true;
}

/* ---- tables of messages ---- */

void
vm_rows_clear(VmList *table)
{
	*table = (VmList) {0};
}

#define ROW_MARKED 0x40000000	/* flag of a message while it is looked for */

bool
vm_rows_remove(Vm *vm, VmList *table, const VmList *rows)
{
	VmList	   *left;

	if (rows->n == 0)
		return true;
	if (!vm_charge_steps(vm, ((uint64_t) table->n + rows->n) / LIST_STEP) || !vm_new_list(vm, table->n, &left))
		return false;
	for (uint32_t i = 0; i < rows->n; i++)
		rows->items[i].obj->flags |= ROW_MARKED;
	for (uint32_t i = 0; i < table->n; i++)
		if ((table->items[i].obj->flags & ROW_MARKED) == 0)
			left->items[left->n++] = table->items[i];
	for (uint32_t i = 0; i < rows->n; i++)
		rows->items[i].obj->flags &= ~(uint32_t) ROW_MARKED;
	*table = *left;
	return true;
}
