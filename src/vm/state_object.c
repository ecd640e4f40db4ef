/*
 * state_object.c
 *	  The objects of a document: root, rows, nested records, tables, and the values in their slots, in the document's heap.
 *
 * Tables hold their rows by ascending id.  Ids are given out ascending too, so new rows go to the end.  A deleted row keeps its
 * place, by its header alone, until the deleted ones are many compared with the others: so deleting costs O(1) on average
 * wherever the row was, and a table that is used as a queue does not move its rows with each message.
 */
#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/state_internal.h"

/* A table is compacted when more than this many, and more than a quarter as many as live, are deleted. */
#define FEW_DELETED 8

#define FIRST_ROWS 4

/* ---- values ---- */

const VmStr *
vm_heap_string(VmDoc *doc, const char *text, size_t len)
{
	VmStr	   *str;

	if (len == 0)
		return &vm_empty_string;
	str = kit_heap_alloc(doc->heap, sizeof(VmStr) + len + 1);
	str->len = (uint32_t) len;
	str->is_static = 0;
	memcpy(str->text, text, len);
	str->text[len] = '\0';
	return str;
}

const VmPrincipal *
vm_heap_principal(VmDoc *doc, const char *agent, size_t agent_len, const char *authority, size_t authority_len)
{
	VmPrincipal *who = kit_heap_alloc(doc->heap, sizeof(VmPrincipal) + agent_len + authority_len);

	who->agent_len = (uint16_t) agent_len;
	who->authority_len = (uint16_t) authority_len;
	who->is_static = 0;
	memcpy(who->text, agent, agent_len);
	memcpy(who->text + agent_len, authority, authority_len);
	return who;
}

VmVal
vm_value_copy(VmDoc *doc, const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
		case LANG_JSON:
			if (!value.str->is_static)
				value.str = vm_heap_string(doc, value.str->text, value.str->len);
			return value;
		case LANG_TEXT:
			vm_cotext_share(value.text);
			return value;
		case LANG_PRINCIPAL:
			if (!value.who->is_static)
				value.who = vm_heap_principal(doc, value.who->text, value.who->agent_len,
											  value.who->text + value.who->agent_len, value.who->authority_len);
			return value;
		case LANG_COMPLEX:
			{
				VmComplex  *number = kit_heap_alloc(doc->heap, sizeof(VmComplex));

				*number = *value.complex;
				value.complex = number;
			}
			return value;
		case LANG_ASSET:
			if (!value.asset->is_static)
			{
				size_t		size = vm_asset_memory(value.asset);

				value.p = memcpy(kit_heap_alloc(doc->heap, size), value.p, size);
			}
			return value;
		case LANG_MAYBE:
			if (value.maybe != NULL)
			{
				VmMaybe    *maybe = kit_heap_alloc(doc->heap, sizeof(VmMaybe));

				maybe->value = vm_value_copy(doc, type->a, value.maybe->value);
				value.maybe = maybe;
			}
			return value;
		case LANG_LIST:
		case LANG_ARRAY:
			{
				VmList	   *list = kit_heap_alloc(doc->heap, sizeof(VmList));

				list->n = list->cap = value.list->n;
				list->items = list->n == 0 ? NULL : kit_heap_alloc(doc->heap, list->n * sizeof(VmVal));
				for (uint32_t i = 0; i < list->n; i++)
					list->items[i] = vm_value_copy(doc, type->a, value.list->items[i]);
				value.list = list;
				return value;
			}
		default:
			return value;
	}
}

static void
free_value(VmDoc *doc, const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
		case LANG_JSON:
			if (!value.str->is_static)
				kit_heap_free(doc->heap, (void *) value.p, sizeof(VmStr) + value.str->len + 1);
			return;
		case LANG_TEXT:
			vm_cotext_drop(doc->heap, value.text);
			return;
		case LANG_PRINCIPAL:
			if (!value.who->is_static)
				kit_heap_free(doc->heap, (void *) value.p, sizeof(VmPrincipal) + value.who->agent_len + value.who->authority_len);
			return;
		case LANG_COMPLEX:
			kit_heap_free(doc->heap, (void *) value.p, sizeof(VmComplex));
			return;
		case LANG_ASSET:
			if (!value.asset->is_static)
				kit_heap_free(doc->heap, (void *) value.p, vm_asset_memory(value.asset));
			return;
		case LANG_MAYBE:
			if (value.maybe == NULL)
				return;
			free_value(doc, type->a, value.maybe->value);
			kit_heap_free(doc->heap, (void *) value.p, sizeof(VmMaybe));
			return;
		case LANG_LIST:
		case LANG_ARRAY:
			for (uint32_t i = 0; i < value.list->n; i++)
				free_value(doc, type->a, value.list->items[i]);
			kit_heap_free(doc->heap, value.list->items, value.list->cap * sizeof(VmVal));
			kit_heap_free(doc->heap, value.list, sizeof(VmList));
			return;
		default:
			return;
	}
}

bool
vm_slot_owns(const VmShape *shape, int slot, VmVal value)
{
	if (!shape->slots[slot].is_owned || value.p == NULL || value.p == shape->defaults[slot].p)
		return false;
	switch (shape->slots[slot].type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
			return !value.str->is_static;
		case LANG_TEXT:
			return value.text->refs > 0;
		case LANG_PRINCIPAL:
			return !value.who->is_static;
		case LANG_ASSET:
			return !value.asset->is_static;
		default:
			return true;
	}
}

void
vm_slot_free(VmDoc *doc, const VmShape *shape, int slot, VmVal value)
{
	if (vm_slot_owns(shape, slot, value))
		free_value(doc, shape->slots[slot].type, value);
}

/* ---- objects ---- */

static VmTable *
make_table(VmDoc *doc, const LangType *type, VmObj *owner, int slot)
{
	VmTable    *table = kit_heap_zalloc(doc->heap, sizeof(VmTable));

	table->type = type;
	table->row = type->kind == LANG_MAP ? type->structure : type->a->structure;
	table->owner = owner;
	table->slot = slot;
	table->joins = vm_shape_of(doc, owner->structure)->slots[slot].joins;
	table->is_reached = vm_shape_of(doc, owner->structure)->slots[slot].is_reached;
	return table;
}

static VmMap *
make_map(VmDoc *doc, const LangType *type, VmObj *owner, int slot)
{
	VmMap	   *map = kit_heap_alloc(doc->heap, sizeof(VmMap));

	vm_map_init(map, type->items[0]->structure);
	map->table = make_table(doc, type, owner, slot);
	map->table->map = map;
	return map;
}

VmObj *
vm_object_make(VmDoc *doc, const LangStruct *structure, VmObj *parent)
{
	const VmShape *shape = vm_shape_of(doc, structure);
	VmObj	   *obj = kit_heap_alloc(doc->heap, shape->object_size);

	*obj = (VmObj) {.structure = structure, .flags = VM_OBJ_IN_DOCUMENT, .parent = parent};
	if (shape->n_slots > 0)
		memcpy(obj->slots, shape->defaults, (size_t) shape->n_slots * sizeof(VmVal));
	for (int i = 0; i < shape->n_children; i++)
	{
		int			slot = shape->children[i];
		const LangType *type = shape->slots[slot].type;

		if (type->kind == LANG_RECORD)
			obj->slots[slot].obj = vm_object_make(doc, type->structure, obj);
		else if (type->kind == LANG_MAP)
			obj->slots[slot].map = make_map(doc, type, obj, slot);
		else
			obj->slots[slot].table = make_table(doc, type, obj, slot);
	}
	return obj;
}

static void
free_table(VmDoc *doc, VmTable *table)
{
	if (table->is_crowded)
	{
		VmTable   **link = &doc->crowded;

		while (*link != table)
			link = &(*link)->next_crowded;
		*link = table->next_crowded;
	}
	vm_table_clear(doc, table);
	if (table->map != NULL)
		kit_heap_free(doc->heap, table->map, sizeof(VmMap));
	vm_watch_free(doc, table);
	kit_heap_free(doc->heap, table->rows, table->cap * sizeof(VmObj *));
	kit_heap_free(doc->heap, table, sizeof(VmTable));
}

static void
free_slots(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_slots; i++)
	{
		if (shape->slots[i].is_owned)
			vm_slot_free(doc, shape, i, obj->slots[i]);
		else if (shape->slots[i].is_child)
		{
			if (shape->slots[i].type->kind == LANG_RECORD)
				vm_object_free(doc, obj->slots[i].obj);
			else
				free_table(doc, vm_slot_table(shape->slots[i].type, obj->slots[i]));
		}
	}
}

void
vm_object_free(VmDoc *doc, VmObj *obj)
{
	if ((obj->flags & VM_OBJ_EMPTIED) == 0)
	{
		vm_graphs_forget(doc, obj);
		free_slots(doc, obj);
	}
	if (obj->table != NULL && obj->table->map != NULL)
		vm_key_free(doc, obj->table->map->key_kind, obj->key);
	kit_heap_free(doc->heap, obj, vm_shape_of(doc, obj->structure)->object_size);
}

void
vm_object_empty(VmDoc *doc, VmObj *row)
{
	vm_graphs_forget(doc, row);
	free_slots(doc, row);
	row->flags |= VM_OBJ_DELETED | VM_OBJ_EMPTIED;
}

void
vm_object_reset(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_slots; i++)
	{
		if (!shape->slots[i].is_child)
		{
			vm_slot_free(doc, shape, i, obj->slots[i]);
			obj->slots[i] = shape->defaults[i];
		}
		else if (shape->slots[i].type->kind == LANG_RECORD)
			vm_object_reset(doc, obj->slots[i].obj);
		else
			vm_table_clear(doc, vm_slot_table(shape->slots[i].type, obj->slots[i]));
	}
}

static inline const VmObj *
around(const VmObj *obj)
{
	return obj->table != NULL ? obj->table->owner : obj->parent;
}

bool
vm_object_is_gone(const VmObj *obj)
{
	for (; obj != NULL; obj = around(obj))
		if (obj->flags & VM_OBJ_DELETED)
			return true;
	return false;
}

int
vm_object_level(const VmObj *obj)
{
	int			level = 0;

	for (; obj != NULL; obj = around(obj))
	{
		bool		is_alone = obj->table == NULL || obj->table->type->kind == LANG_MAYBE || obj->structure->kind == LANG_STRUCT_ENTRY;

		level += is_alone ? 1 : 2;	/* one object, or that of the table or map around it, too */
	}
	return level;
}

/* ---- tables ---- */

uint32_t
vm_table_place(const VmTable *table, int32_t id)
{
	uint32_t	n = table->n_rows;
	int64_t		first,
				last;
	uint32_t	low,
				high;

	if (n == 0 || id > table->rows[n - 1]->id)
		return n;
	first = table->rows[0]->id;
	if (id <= first)
		return 0;
	last = table->rows[n - 1]->id;

	/* Ids are different numbers, which bounds the place from both sides; where no row is missing, the bounds meet. */
	high = id - first < n - 1 ? (uint32_t) (id - first) : n - 1;
	low = last - id < n - 1 ? n - 1 - (uint32_t) (last - id) : 0;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (table->rows[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

VmObj *
vm_table_find(const VmTable *table, int32_t id)
{
	uint32_t	place = vm_table_place(table, id);

	if (place < table->n_rows && table->rows[place]->id == id && (table->rows[place]->flags & VM_OBJ_DELETED) == 0)
		return table->rows[place];
	return NULL;
}

void
vm_table_put(VmDoc *doc, VmTable *table, uint32_t place, VmObj *row)
{
	if (table->n_rows == table->cap)
	{
		uint32_t	cap = table->cap < FIRST_ROWS ? FIRST_ROWS : table->cap * 2;

		table->rows = kit_heap_grow(doc->heap, table->rows, table->cap * sizeof(VmObj *), cap * sizeof(VmObj *));
		table->cap = cap;
	}
	if (place < table->n_rows)
		memmove(&table->rows[place + 1], &table->rows[place], (table->n_rows - place) * sizeof(VmObj *));
	table->rows[place] = row;
	table->n_rows++;
	table->n_live++;
}

static bool
has_many_deleted(const VmTable *table)
{
	uint32_t	n_deleted = table->n_rows - table->n_live;

	return n_deleted > FEW_DELETED && n_deleted > table->n_live / 4;
}

void
vm_table_row_deleted(VmDoc *doc, VmTable *table)
{
	table->n_live--;
	if (!table->is_crowded && table->map == NULL && has_many_deleted(table))
	{
		table->is_crowded = true;
		table->next_crowded = doc->crowded;
		doc->crowded = table;
	}
}

void
vm_table_compact(VmDoc *doc, VmTable *table)
{
	uint32_t	n = 0;

	if (!has_many_deleted(table))
		return;
	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		VmObj	   *row = table->rows[i];

		if (row->flags & VM_OBJ_EMPTIED)
			vm_object_free(doc, row);
		else if (row->flags & VM_OBJ_DELETED)
			row->flags |= VM_OBJ_AWAY;
		else
			table->rows[n++] = row;
	}
	table->n_rows = n;
	if (table->cap > 64 && n < table->cap / 8)
	{
		uint32_t	cap = n < FIRST_ROWS ? FIRST_ROWS : n * 2;

		table->rows = kit_heap_grow(doc->heap, table->rows, table->cap * sizeof(VmObj *), cap * sizeof(VmObj *));
		table->cap = cap;
	}
}

static void
renumber_table(VmDoc *doc, VmTable *table)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (table->map != NULL)
		while ((entry = vm_map_next(table->map, &at)) != NULL)
			vm_object_renumber(doc, entry->value.obj);
	else if (table->type->kind == LANG_TABLE)
	{
		vm_orders_bury(doc, table);
		while (table->n_rows > 0 && table->rows[table->n_rows - 1]->id > doc->last_row_id)
			vm_object_free(doc, table->rows[--table->n_rows]);
	}
	for (uint32_t i = 0; i < table->n_rows; i++)
		if ((table->rows[i]->flags & VM_OBJ_DELETED) == 0)
			vm_object_renumber(doc, table->rows[i]);
}

void
vm_object_renumber(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_children; i++)
	{
		int			slot = shape->children[i];
		const LangType *type = shape->slots[slot].type;

		if (type->kind == LANG_RECORD)
			vm_object_renumber(doc, obj->slots[slot].obj);
		else
			renumber_table(doc, vm_slot_table(type, obj->slots[slot]));
	}
}

void
vm_table_clear(VmDoc *doc, VmTable *table)
{
	VmMapAt		at = {0, 0};
	VmPair	   *entry;

	vm_orders_drop(doc, table);
	vm_aggregates_drop(doc, table);
	if (table->map != NULL)
	{
		while ((entry = vm_map_next(table->map, &at)) != NULL)
			vm_object_free(doc, entry->value.obj);
		vm_map_release(table->map, vm_doc_map_memory(doc));
	}
	for (uint32_t i = 0; i < table->n_rows; i++)
		vm_object_free(doc, table->rows[i]);
	table->n_rows = table->n_live = 0;
}

/* ---- entries of maps, records of maybes ---- */

VmVal
vm_key_copy(VmDoc *doc, uint8_t kind, VmVal key)
{
	if (kind == LANG_STRING && !key.str->is_static)
		key.str = vm_heap_string(doc, key.str->text, key.str->len);
	else if (kind == LANG_PRINCIPAL && !key.who->is_static)
		key.who = vm_heap_principal(doc, key.who->text, key.who->agent_len, key.who->text + key.who->agent_len, key.who->authority_len);
	return key;
}

void
vm_key_free(VmDoc *doc, uint8_t kind, VmVal key)
{
	if (kind == LANG_STRING && !key.str->is_static)
		kit_heap_free(doc->heap, (void *) key.p, sizeof(VmStr) + key.str->len + 1);
	else if (kind == LANG_PRINCIPAL && !key.who->is_static)
		kit_heap_free(doc->heap, (void *) key.p, sizeof(VmPrincipal) + key.who->agent_len + key.who->authority_len);
}

void
vm_object_drop(VmDoc *doc, VmObj *row)
{
	VmTable    *table = row->table;
	VmMapAt		at;

	if (table->map == NULL)
		table->n_rows = 0;
	else if (vm_map_find(table->map, row->key, &at) != NULL)
		vm_map_take(table->map, vm_doc_map_memory(doc), at);
	vm_object_free(doc, row);
}
