/*
 * map.c
 *	  Maps as a structure: find, add, take out, in order.
 *
 * A full part is cut in halves, but at the end of the map a new part begins, so that keys which come in order fill their parts.  A part that lost
 * entries joins the one behind it when both together fill half a part.
 */
#include <string.h>

#include "vm/map.h"

#define FIRST_ENTRIES 4
#define FIRST_PARTS 1

/* ---- memory ---- */

static void *
grow(VmMapMemory memory, void *old, size_t old_size, size_t new_size)
{
	void	   *new;

	if (memory.heap != NULL)
		return kit_heap_grow(memory.heap, old, old_size, new_size);
	new = kit_arena_alloc(memory.arena, new_size);
	if (old_size > 0)
		memcpy(new, old, old_size);
	return new;
}

static void
give_back(VmMapMemory memory, void *old, size_t size)
{
	if (memory.heap != NULL && size > 0)
		kit_heap_free(memory.heap, old, size);
}

/* ---- keys ---- */

static int
compare_texts(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
	int			c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

int
vm_key_compare(uint8_t kind, VmVal a, VmVal b)
{
	int			c;

	switch (kind)
	{
		case LANG_STRING:
			return vm_str_compare(a.str, b.str);
		case LANG_PRINCIPAL:
			c = compare_texts(a.who->text + a.who->agent_len, a.who->authority_len, b.who->text + b.who->agent_len, b.who->authority_len);
			return c != 0 ? c : compare_texts(a.who->text, a.who->agent_len, b.who->text, b.who->agent_len);
		default:
			return (a.i > b.i) - (a.i < b.i);
	}
}

/* ---- finding ---- */

void
vm_map_init(VmMap *map, const LangStruct *pair)
{
	*map = (VmMap) {.pair = pair, .key_kind = (uint8_t) pair->fields[0]->type->kind};
}

VmPair *
vm_map_find(const VmMap *map, VmVal key, VmMapAt *at)
{
	uint32_t	low = 0;
	uint32_t	high = map->n_parts;
	VmMapPart  *part;

	/* the last part that begins with the key or before it; the first one for what comes before all */
	while (high - low > 1)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (vm_key_compare(map->key_kind, map->parts[middle].entries[0].key, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	*at = (VmMapAt) {low, 0};
	if (map->n_parts == 0)
		return NULL;
	part = &map->parts[low];
	low = 0;
	high = part->n;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			c = vm_key_compare(map->key_kind, part->entries[middle].key, key);

		if (c == 0)
		{
			at->at = middle;
			return &part->entries[middle];
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	at->at = low;
	return NULL;
}

VmPair *
vm_map_next(const VmMap *map, VmMapAt *at)
{
	if (at->part < map->n_parts && at->at == map->parts[at->part].n)
		*at = (VmMapAt) {at->part + 1, 0};
	if (at->part >= map->n_parts)
		return NULL;
	return &map->parts[at->part].entries[at->at++];
}

VmPair *
vm_map_before(const VmMap *map, VmMapAt *at)
{
	if (at->at == 0)
	{
		if (at->part == 0)
			return NULL;
		at->part--;
		at->at = map->parts[at->part].n;
	}
	return &map->parts[at->part].entries[--at->at];
}

/* ---- changing ---- */

/* An empty part at that place. */
static VmMapPart *
open_part(VmMap *map, VmMapMemory memory, uint32_t place, uint32_t cap)
{
	if (map->n_parts == map->parts_cap)
	{
		uint32_t	wanted = map->parts_cap == 0 ? FIRST_PARTS : map->parts_cap * 2;

		map->parts = grow(memory, map->parts, map->parts_cap * sizeof(VmMapPart), wanted * sizeof(VmMapPart));
		map->parts_cap = wanted;
	}
	memmove(&map->parts[place + 1], &map->parts[place], (map->n_parts - place) * sizeof(VmMapPart));
	map->n_parts++;
	map->parts[place] = (VmMapPart) {grow(memory, NULL, 0, cap * sizeof(VmPair)), 0, cap};
	return &map->parts[place];
}

static void
close_part(VmMap *map, VmMapMemory memory, uint32_t place)
{
	give_back(memory, map->parts[place].entries, map->parts[place].cap * sizeof(VmPair));
	map->n_parts--;
	memmove(&map->parts[place], &map->parts[place + 1], (map->n_parts - place) * sizeof(VmMapPart));
}

void
vm_map_add(VmMap *map, VmMapMemory memory, VmMapAt at, VmVal key, VmVal value)
{
	VmMapPart  *part;

	if (map->n_parts == 0)
		open_part(map, memory, 0, FIRST_ENTRIES);
	part = &map->parts[at.part];
	if (part->n == VM_MAP_PART && at.at == part->n && at.part + 1 == map->n_parts)
	{
		part = open_part(map, memory, at.part + 1, VM_MAP_PART);
		at.at = 0;
	}
	else if (part->n == VM_MAP_PART)
	{
		VmMapPart  *behind = open_part(map, memory, at.part + 1, VM_MAP_PART);
		uint32_t	half = VM_MAP_PART / 2;

		part = &map->parts[at.part];
		behind->n = VM_MAP_PART - half;
		memcpy(behind->entries, &part->entries[half], behind->n * sizeof(VmPair));
		part->n = half;
		if (at.at > half)
		{
			part = behind;
			at.at -= half;
		}
	}
	else if (part->n == part->cap)
	{
		part->entries = grow(memory, part->entries, part->cap * sizeof(VmPair), 2 * part->cap * sizeof(VmPair));
		part->cap *= 2;
	}
	memmove(&part->entries[at.at + 1], &part->entries[at.at], (part->n - at.at) * sizeof(VmPair));
	part->entries[at.at] = (VmPair) {key, value};
	part->n++;
	map->n++;
}

void
vm_map_take(VmMap *map, VmMapMemory memory, VmMapAt at)
{
	VmMapPart  *part = &map->parts[at.part];
	VmMapPart  *behind;

	part->n--;
	map->n--;
	memmove(&part->entries[at.at], &part->entries[at.at + 1], (part->n - at.at) * sizeof(VmPair));
	if (part->n == 0)
	{
		close_part(map, memory, at.part);
		return;
	}
	if (at.part + 1 >= map->n_parts)
		return;
	behind = part + 1;
	if (part->n + behind->n > VM_MAP_PART / 2)
		return;
	while (part->cap < part->n + behind->n)
	{
		part->entries = grow(memory, part->entries, part->cap * sizeof(VmPair), 2 * part->cap * sizeof(VmPair));
		part->cap *= 2;
	}
	memcpy(&part->entries[part->n], behind->entries, behind->n * sizeof(VmPair));
	part->n += behind->n;
	close_part(map, memory, at.part + 1);
}

void
vm_map_release(VmMap *map, VmMapMemory memory)
{
	for (uint32_t i = 0; i < map->n_parts; i++)
		give_back(memory, map->parts[i].entries, map->parts[i].cap * sizeof(VmPair));
	give_back(memory, map->parts, map->parts_cap * sizeof(VmMapPart));
	map->parts = NULL;
	map->n_parts = map->parts_cap = 0;
	map->n = 0;
}
