/*
 * clause.c
 *	  What clauses of queries make of lists: groups, elements that differ, ranks, orders that are told at run time, another order by chance.
 */
#include <string.h>

#include "vm/machine.h"
#include "vm/map.h"

#define FIRST_GROUP 4

static uint32_t
log2_of(uint32_t n)
{
	return n < 2 ? 0 : 31 - (uint32_t) __builtin_clz(n);
}

bool
vm_group(Vm *vm, VmMap *map, const VmList *list, const VmList *keys)
{
	VmMapMemory memory = {.arena = vm->arena};

	if (!vm_charge_steps(vm, (uint64_t) list->n * (4 + log2_of(list->n))))
		return false;
	for (uint32_t i = 0; i < list->n; i++)
	{
		VmMapAt		at;
		VmPair	   *entry = vm_map_find(map, keys->items[i], &at);
		VmList	   *group;

		if (entry != NULL)
			group = entry->value.list;
		else
		{
			if (!vm_new_list(vm, FIRST_GROUP, &group) || !vm_charge(vm, 2 * sizeof(VmPair)))
				return false;
			vm_map_add(map, memory, at, keys->items[i], (VmVal) {.list = group});
		}
		if (!vm_list_append(vm, group, list->items[i]))
			return false;
	}
	return true;
}

bool
vm_unique(Vm *vm, const VmList *list, const VmList *keys, const VmSort *how, VmVal *out)
{
	bool		is_last = how->keys[0].is_desc;
	VmSortKey	key = how->keys[0];
	VmSort		sort = {.keys = &key, .n_keys = 1};
	uint32_t	n = list->n;
	VmSortEntry *entries;
	bool	   *is_kept;
	VmList	   *made;

	key.is_desc = false;
	if (!vm_charge(vm, n * (2 * sizeof(VmSortEntry) + 2)) || !vm_charge_steps(vm, (uint64_t) n * log2_of(n)) || !vm_new_list(vm, n, &made))
		return false;
	entries = kit_arena_alloc(vm->arena, n * sizeof(VmSortEntry));
	is_kept = kit_arena_zalloc(vm->arena, n);
	for (uint32_t i = 0; i < n; i++)
	{
		/* strings that are compared may be long */
		if (key.kind == VM_KEY_STRING && !key.is_maybe && !vm_charge_steps(vm, keys->items[i].str->len / 16))
			return false;
		entries[i] = (VmSortEntry) {keys->items[i], list->items[i], i};
	}
	entries = vm_sort_entries(&sort, entries, n, vm->arena);
	for (uint32_t from = 0, to; from < n; from = to)
	{
		for (to = from + 1; to < n && vm_sort_key_compare(&key, entries[from].key, entries[to].key) == 0; to++)
			;
		is_kept[entries[is_last ? to - 1 : from].at] = true;
	}
	for (uint32_t i = 0; i < n; i++)
		if (is_kept[i])
			made->items[made->n++] = list->items[i];
	out->list = made;
	return true;
}

bool
vm_rank(Vm *vm, VmList *list, VmList *scores, const VmVal *threshold)
{
	VmSortKey	key = {.kind = VM_KEY_DOUBLE, .is_desc = true, .is_computed = true};
	VmSort		sort = {.keys = &key, .n_keys = 1, .n_computed = 1};
	VmVal		computed = {.list = scores};
	uint32_t	n = 0;

	if (!vm_charge_steps(vm, list->n / 4))
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (threshold == NULL || scores->items[i].d >= threshold->d)
		{
			scores->items[n] = scores->items[i];
			list->items[n++] = list->items[i];
		}
	list->n = scores->n = n;
	return vm_sort(vm, list, &sort, &computed, 0, INT64_MAX);
}

bool
vm_shuffle(Vm *vm, VmList *list)
{
	if (!vm_charge_steps(vm, (uint64_t) list->n * 2))
		return false;
	for (uint32_t k = list->n; k-- > 0;)
	{
		uint32_t	other = (uint32_t) vm_random_below(vm, (int32_t) list->n);
		VmVal		item = list->items[k];

		list->items[k] = list->items[other];
		list->items[other] = item;
	}
	return true;
}

/* ---- an order that is told at run time ---- */

static bool
key_of_field(const LangField *field, VmSortKey *key)
{
	const LangType *type = field->type;

	*key = (VmSortKey) {.slot = field->slot, .is_maybe = type->kind == LANG_MAYBE};
	if (field->is_id && field->owner->kind == LANG_STRUCT_RECORD)
		key->slot = VM_KEY_ID;
	else if (field->kind != LANG_STORED_FIELD)
		return false;
	if (key->is_maybe)
		type = type->a;
	switch (type->kind)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_ENUM:
		case LANG_DATE:
		case LANG_TIME:
			key->kind = VM_KEY_INT;
			return true;
		case LANG_DATETIME:
			key->kind = VM_KEY_DATETIME;
			return true;
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			key->kind = VM_KEY_DOUBLE;
			return true;
		case LANG_STRING:
		case LANG_LABEL:
			key->kind = VM_KEY_STRING;
			return true;
		default:
			return false;
	}
}

/* "-a,+b,c": what is no stored field that has an order is ignored. */
bool
vm_sort_by_text(Vm *vm, VmList *list, const VmStr *text, const LangStruct *structure)
{
	VmSort		sort = {.n_keys = 0};
	const char *p = text->text;
	const char *end = p + text->len;
	uint32_t	n = 1;

	for (uint32_t i = 0; i < text->len; i++)
		n += text->text[i] == ',';
	if (!vm_charge(vm, n * sizeof(VmSortKey)) || !vm_charge_steps(vm, text->len))
		return false;
	sort.keys = kit_arena_alloc(vm->arena, n * sizeof(VmSortKey));
	while (p < end)
	{
		const char *comma = memchr(p, ',', (size_t) (end - p));
		const char *stop = comma != NULL ? comma : end;
		const LangField *field;
		bool		is_desc = false;

		while (p < stop && *p == ' ')
			p++;
		if (p < stop && (*p == '-' || *p == '+'))
			is_desc = *p++ == '-';
		for (n = (uint32_t) (stop - p); n > 0 && p[n - 1] == ' ';)
			n--;
		field = n > 0 ? lang_struct_field(structure, p, n) : NULL;
		if (field != NULL && key_of_field(field, &sort.keys[sort.n_keys]))
			sort.keys[sort.n_keys++].is_desc = is_desc;
		p = comma != NULL ? comma + 1 : end;
	}
	return sort.n_keys == 0 || vm_sort(vm, list, &sort, NULL, 0, INT64_MAX);
}
