/*
 * builtin_map.c
 *	  What programs do with maps: instructions and methods, for maps of their own and for those of the document alike.
 *
 * A map of its own is changed only by who holds it alone.  Where it is put into a second place it becomes shared (vm_map_value), which costs nothing,
 * and whoever wants to change it then copies it first (vm_map_own).  The values in a map are immutable, but for maps within it: those become shared
 * with it.
 */
#include <string.h>

#include "vm/builtin.h"
#include "vm/map.h"
#include "vm/state_internal.h"

#define ENTRY_SIZE (3 * sizeof(VmPair))	/* about what an entry needs while the map grows */
#define FIND_STEPS 8

static VmMapMemory
memory_of(Vm *vm)
{
	return (VmMapMemory) {.arena = vm->arena};
}

static bool
charge_find(Vm *vm, const VmMap *map, VmVal key)
{
	uint64_t	steps = FIND_STEPS;

	if (map->key_kind == LANG_STRING)
		steps += key.str->len / 4;
	return vm_charge_steps(vm, steps);
}

/* ---- maps of their own ---- */

bool
vm_map_new(Vm *vm, const LangStruct *pair, VmVal *out)
{
	if (!vm_charge(vm, sizeof(VmMap)))
		return false;
	out->map = kit_arena_alloc(vm->arena, sizeof(VmMap));
	vm_map_init(out->map, pair);
	return true;
}

/* A value as it is put into a second place. */
static bool
keep_value(Vm *vm, const LangType *type, VmVal *value)
{
	return type->kind != LANG_MAP || vm_map_value(vm, value->map, value);
}

static bool
copy(Vm *vm, const VmMap *map, VmVal *out)
{
	const LangType *type = vm_map_value_type(map);
	VmMapAt		at = {0, 0};
	const VmPair *entry;
	VmVal		made;

	if (!vm_charge(vm, (size_t) map->n * sizeof(VmPair)) || !vm_map_new(vm, map->pair, &made))
		return false;
	while ((entry = vm_map_step(map, &at)) != NULL)
	{
		VmVal		value = vm_map_entry_value(map, entry);
		VmMapAt		end = {0, 0};

		if (!keep_value(vm, type, &value))
			return false;
		if (made.map->n_parts > 0)
			end = (VmMapAt) {made.map->n_parts - 1, made.map->parts[made.map->n_parts - 1].n};
		vm_map_add(made.map, memory_of(vm), end, entry->key, value);
	}
	*out = made;
	return true;
}

bool
vm_map_value(Vm *vm, VmMap *map, VmVal *out)
{
	if (map->table != NULL)
		return copy(vm, map, out);
	if (!map->is_shared)
		map->is_shared = true;
	out->map = map;
	return true;
}

bool
vm_map_own(Vm *vm, VmVal *map)
{
	if (map->map->table != NULL || !map->map->is_shared)
		return true;
	return copy(vm, map->map, map);
}

/* ---- maps of the document ---- */

/* The object of the entry, made when there is none. */
static bool
enter(Vm *vm, VmMap *map, VmVal key, VmObj **entry)
{
	bool		is_new;

	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!vm_charge(vm, VM_CHANGE_SIZE) || !vm_charge_steps(vm, vm_doc_enter_cost(map, key)))
		return false;
	is_new = vm_map_get(map, key) == NULL;
	if (is_new && !vm_charge(vm, sizeof(VmObj) + (size_t) map->table->row->n_slots * sizeof(VmVal)))
		return false;
	*entry = vm_doc_enter(vm->doc, map, key);
	if (*entry == NULL)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "no entry can be put into the map: maps and tables are nested too deeply");
	return !is_new || !vm->program->has_stamped || vm_note_change(vm, *entry);
}

static bool
remove_live(Vm *vm, VmMap *map, VmVal key)
{
	const VmPair *entry = vm_map_get(map, key);

	if (!vm->may_write)
		return vm_writes_refused(vm);
	return entry == NULL || vm_delete_row(vm, entry->value.obj);
}

static bool
clear_live(Vm *vm, VmMap *map)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!vm_charge_steps(vm, map->n))
		return false;
	while ((entry = vm_map_step(map, &at)) != NULL)
		if (!vm_delete_row(vm, entry->value.obj))
			return false;
	return true;
}

/* ---- both ---- */

/* An entry of nothing, which no state could tell from none, is no entry. */
static bool
is_nothing(const LangType *type, VmVal value)
{
	if (type->kind == LANG_MAYBE && type->a->kind == LANG_RECORD)
		return value.maybe == NULL;
	return vm_value_is_absent(type, value);
}

bool
vm_map_put(Vm *vm, VmMap *map, VmVal key, VmVal value)
{
	const LangType *type = vm_map_value_type(map);
	VmMapAt		at;
	VmPair	   *known;
	VmObj	   *entry;

	if (!charge_find(vm, map, key))
		return false;
	if (is_nothing(type, value))
		return vm_map_remove(vm, map, key);
	if (map->table != NULL)
	{
		if (!enter(vm, map, key, &entry))
			return false;
		if (type->kind == LANG_MAP)
			return vm_map_assign(vm, entry->slots[0].map, value.map);
		return (vm->program->has_stamped ? vm_set_document_stamped : vm_set_document) (vm, entry, 0, value);
	}
	known = vm_map_find(map, key, &at);
	if (known != NULL)
	{
		known->value = value;
		return true;
	}
	if (!vm_charge(vm, ENTRY_SIZE))
		return false;
	vm_map_add(map, memory_of(vm), at, key, value);
	return true;
}

bool
vm_map_enter(Vm *vm, VmMap *map, VmVal key, VmVal *value)
{
	VmMapAt		at;
	VmPair	   *known;
	VmObj	   *entry;

	if (!charge_find(vm, map, key))
		return false;
	if (map->table != NULL)
	{
		if (!enter(vm, map, key, &entry))
			return false;
		if (map->table->row->kind == LANG_STRUCT_RECORD)
			value->obj = entry;
		else
			*value = entry->slots[0];
		return true;
	}
	known = vm_map_find(map, key, &at);
	if (known == NULL)
	{
		if (!vm_charge(vm, ENTRY_SIZE))
			return false;
		vm_map_add(map, memory_of(vm), at, key, *value);
		return true;
	}
	if (vm_map_value_type(map)->kind == LANG_MAP && !vm_map_own(vm, &known->value))
		return false;
	*value = known->value;
	return true;
}

bool
vm_map_remove(Vm *vm, VmMap *map, VmVal key)
{
	VmMapAt		at;

	if (!charge_find(vm, map, key))
		return false;
	if (map->table != NULL)
		return remove_live(vm, map, key);
	if (vm_map_find(map, key, &at) != NULL)
		vm_map_take(map, memory_of(vm), at);
	return true;
}

/* Gives a map of the document the entries of another one, and no others. */
bool
vm_map_assign(Vm *vm, VmMap *map, const VmMap *from)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (!vm_charge_steps(vm, (uint64_t) map->n * FIND_STEPS))
		return false;
	while ((entry = vm_map_step(map, &at)) != NULL)
		if (vm_map_get(from, entry->key) == NULL && !vm_delete_row(vm, entry->value.obj))
			return false;
	return vm_map_insert_all(vm, map, from);
}

bool
vm_map_insert_all(Vm *vm, VmMap *map, const VmMap *from)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (!vm->may_write && map->table != NULL)
		return vm_writes_refused(vm);
	while ((entry = vm_map_step(from, &at)) != NULL)
	{
		VmVal		value = vm_map_entry_value(from, entry);

		if (!keep_value(vm, vm_map_value_type(from), &value) || !vm_map_put(vm, map, entry->key, value))
			return false;
	}
	return true;
}

/* The pair of an entry, in memory that is there for it. */
static bool
make_pair(Vm *vm, const VmMap *map, const VmPair *entry, VmObj *pair)
{
	memset(pair, 0, sizeof(VmObj));
	pair->structure = map->pair;
	pair->slots[0] = entry->key;
	pair->slots[1] = vm_map_entry_value(map, entry);
	return keep_value(vm, vm_map_value_type(map), &pair->slots[1]);
}

#define PAIR_SIZE (sizeof(VmObj) + 2 * sizeof(VmVal))

bool
vm_map_pairs(Vm *vm, const VmMap *map, VmVal *out)
{
	uint32_t	n = vm_map_size(map);
	VmMapAt		at = {0, 0};
	const VmPair *entry;
	VmList	   *list;
	char	   *memory;

	if (!vm_charge_steps(vm, map->n / 4) || !vm_charge(vm, (size_t) n * PAIR_SIZE) || !vm_new_list(vm, n, &list))
		return false;
	memory = n == 0 ? NULL : kit_arena_alloc(vm->arena, (size_t) n * PAIR_SIZE);
	while ((entry = vm_map_step(map, &at)) != NULL)
	{
		VmObj	   *pair = (VmObj *) (memory + (size_t) list->n * PAIR_SIZE);

		if (!make_pair(vm, map, entry, pair))
			return false;
		list->items[list->n++].obj = pair;
	}
	out->list = list;
	return true;
}

/* ---- methods ---- */

bool
vm_map_size_of(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm_map_size(args[0].map);
	return true;
}

bool
vm_map_has(Vm *vm, const VmVal *args, VmVal *out)
{
	if (!charge_find(vm, args[0].map, args[1]))
		return false;
	out->i = vm_map_get(args[0].map, args[1]) != NULL;
	return true;
}

bool
vm_map_remove_key(Vm *vm, const VmVal *args, VmVal *out)
{
	VmMap	   *map = args[0].map;
	const LangType *type = vm_map_value_type(map);
	VmVal		key = args[1];
	const VmPair *entry = vm_map_get(map, key);
	VmVal		value = {0};

	if (entry != NULL)
	{
		value = vm_map_entry_value(map, entry);
		if (!keep_value(vm, type, &value))
			return false;
		if (type->kind != LANG_MAYBE && !vm_make_maybe(vm, value, &value))
			return false;
	}
	if (!vm_map_remove(vm, map, key))
		return false;
	*out = value;
	return true;
}

bool
vm_map_clear(Vm *vm, const VmVal *args, VmVal *out)
{
	VmMap	   *map = args[0].map;

	out->i = 0;
	if (map->table != NULL)
		return clear_live(vm, map);
	vm_map_release(map, memory_of(vm));
	return true;
}

bool
vm_map_insert(Vm *vm, const VmVal *args, VmVal *out)
{
	VmVal		map = args[0];

	if (!vm_map_insert_all(vm, map.map, args[1].map))
		return false;
	*out = map;
	return true;
}

static bool
end_of(Vm *vm, const VmMap *map, const VmPair *entry, VmVal *out)
{
	VmVal		pair;

	out->maybe = NULL;
	if (entry == NULL)
		return true;
	if (!vm_charge(vm, PAIR_SIZE))
		return false;
	pair.obj = kit_arena_alloc(vm->arena, PAIR_SIZE);
	return make_pair(vm, map, entry, pair.obj) && vm_make_maybe(vm, pair, out);
}

bool
vm_map_min(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmMap *map = args[0].map;
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	while ((entry = vm_map_next(map, &at)) != NULL && !vm_map_entry_is_there(map, entry))
		if (!vm_charge_steps(vm, 1))
			return false;
	return end_of(vm, map, entry, out);
}

bool
vm_map_max(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmMap *map = args[0].map;
	VmMapAt		at = {map->n_parts, 0};
	const VmPair *entry;

	while ((entry = vm_map_before(map, &at)) != NULL && !vm_map_entry_is_there(map, entry))
		if (!vm_charge_steps(vm, 1))
			return false;
	return end_of(vm, map, entry, out);
}
