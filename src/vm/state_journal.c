/*
 * state_journal.c
 *	  Changes of a document while events run: made, undone, committed.
 *
 *		begin ──> mark ──> changes ──┬──> mark ──> …		the event is done
 *									 └──> undo_to			the event failed
 *		… ──> delta, commit		or		rollback
 *
 * What was replaced or deleted lives on until commit: the program may still hold it.  What is undone is freed at once: the event
 * that made it is over.
 *
 * Not every change is recorded.  A row that was made after the newest mark vanishes as a whole when undone, so its slots may
 * change without a record; and of several changes of one number since the newest mark the first is enough.
 *
 * Tables with many deleted rows are rid of them at the next mark, when no query runs: the journal may live through many events.
 * Such rows are away: back in the table when their deletion is undone, freed at commit.
 */
#include "vm/state_internal.h"

#define FIRST_CHANGES 16
#define KEPT_CHANGES 1024		/* room for more than this is given back at commit */

static uint32_t
push(VmDoc *doc, VmChange change)
{
	if (doc->n_changes == doc->changes_cap)
	{
		uint32_t	cap = doc->changes_cap == 0 ? FIRST_CHANGES : doc->changes_cap * 2;

		doc->changes = kit_heap_grow(doc->heap, doc->changes, doc->changes_cap * sizeof(VmChange), cap * sizeof(VmChange));
		doc->changes_cap = cap;
	}
	doc->changes[doc->n_changes++] = change;
	return doc->n_changes;
}

/* ---- the way from the root to what changed ---- */

static void touch(VmDoc *doc, VmObj *obj);

static void
touch_table(VmDoc *doc, VmTable *table)
{
	VmObj	   *owner = table->owner;

	if (table->is_touched)
		return;
	table->is_touched = true;
	owner->changes = push(doc, (VmChange) {
		.obj = owner, .previous = owner->changes, .slot = (uint16_t) table->slot, .kind = VM_CHANGE_CHILD
	});
	touch(doc, owner);
}

static void
link_row(VmObj *row)
{
	row->flags |= VM_OBJ_TOUCHED;
	row->next_touched = row->table->touched;
	row->table->touched = row;
	row->table->n_touched++;
}

static void
unlink_row(VmObj *row)
{
	ADAMA_ASSERT(row->table->touched == row);
	row->flags &= ~(uint32_t) VM_OBJ_TOUCHED;
	row->table->touched = row->next_touched;
	row->table->n_touched--;
	row->next_touched = NULL;
}

/* The container in the slot knows again of nothing that changed in it; so does the nested record. */
static void
untouch_child(const VmDoc *doc, VmObj *obj, int slot)
{
	const LangType *type = vm_shape_of(doc, obj->structure)->slots[slot].type;

	if (type->kind == LANG_RECORD)
		obj->slots[slot].obj->flags &= ~(uint32_t) VM_OBJ_TOUCHED;
	else
		vm_slot_table(type, obj->slots[slot])->is_touched = false;
}

static int
slot_of_child(const VmDoc *doc, const VmObj *parent, const VmObj *child)
{
	const VmShape *shape = vm_shape_of(doc, parent->structure);
	int			i = 0;

	while (parent->slots[shape->children[i]].obj != child)
		i++;
	return shape->children[i];
}

/* Lets everything around the object know that something in it has changed. */
static void
touch(VmDoc *doc, VmObj *obj)
{
	VmObj	   *parent = obj->parent;

	if (obj->flags & VM_OBJ_TOUCHED)
		return;
	if (obj->table != NULL)
	{
		touch_table(doc, obj->table);
		push(doc, (VmChange) {.obj = obj, .kind = VM_CHANGE_ROW});
		link_row(obj);
	}
	else if (parent != NULL)
	{
		obj->flags |= VM_OBJ_TOUCHED;
		parent->changes = push(doc, (VmChange) {
			.obj = parent, .previous = parent->changes, .slot = (uint16_t) slot_of_child(doc, parent, obj), .kind = VM_CHANGE_CHILD
		});
		touch(doc, parent);
	}
}

/* ---- changes ---- */

/* Whether the value before this change can be found again without a record of it. */
static bool
is_known(const VmDoc *doc, const VmShape *shape, const VmObj *obj, int slot)
{
	const VmChange *newest;

	if (obj->made > doc->last_mark)
		return !vm_slot_owns(shape, slot, obj->slots[slot]);
	if (shape->slots[slot].is_owned || obj->changes <= doc->last_mark)
		return false;
	newest = &doc->changes[obj->changes - 1];
	return newest->kind == VM_CHANGE_SET && newest->slot == slot;
}

void
vm_doc_set(VmDoc *doc, VmObj *obj, int slot, VmVal value)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);
	const VmSlot *s = &shape->slots[slot];
	VmVal		old = obj->slots[slot];

	ADAMA_ASSERT(doc->is_open && !s->is_child && (obj->flags & VM_OBJ_EMPTIED) == 0);
	if (s->type->kind == LANG_MAYBE && vm_value_is_absent(s->type, value))
		value.maybe = NULL;		/* also one that holds a null */
	if (vm_value_same(s->type, old, value))
		return;
	if (s->is_owned)
		value = vm_value_copy(doc, s->type, value);
	vm_before_set(doc, obj, slot);
	if (!vm_object_is_gone(obj))
		doc->members_size += vm_slot_size(s, value) - vm_slot_size(s, old);
	if (!is_known(doc, shape, obj, slot))
	{
		touch(doc, obj);
		obj->changes = push(doc, (VmChange) {
			.old = old, .obj = obj, .previous = obj->changes, .slot = (uint16_t) slot, .kind = VM_CHANGE_SET
		});
	}
	obj->slots[slot] = value;
	doc->stamp++;
}

/* A new row, not yet in its table; NULL when it would lie too deep. */
static VmObj *
make_row(VmDoc *doc, VmTable *table)
{
	VmObj	   *row;

	ADAMA_ASSERT(doc->is_open);
	if (vm_object_level(table->owner) + 1 + vm_shape_of(doc, table->row)->depth > DOC_MAX_DEPTH)
		return NULL;
	row = vm_object_make(doc, table->row, NULL);
	row->table = table;
	row->flags |= VM_OBJ_NEW;
	return row;
}

/* The row is in its table now. */
static void
note_made(VmDoc *doc, VmObj *row)
{
	if (!vm_object_is_gone(row->table->owner))
		doc->members_size += vm_row_head_size(row) + vm_shape_of(doc, row->structure)->members_size;
	touch_table(doc, row->table);
	row->made = push(doc, (VmChange) {.obj = row, .kind = VM_CHANGE_INSERT});
	link_row(row);
	if (row->table->orders != NULL)
		vm_orders_add(doc, row);
	vm_aggregates_note(row);
	vm_graphs_made(doc, row);
	doc->stamp++;
}

VmObj *
vm_doc_insert(VmDoc *doc, VmTable *table)
{
	VmObj	   *row = doc->last_row_id >= INT32_MAX ? NULL : make_row(doc, table);

	if (row == NULL)
		return NULL;
	row->id = (int32_t) ++doc->last_row_id;
	vm_table_put(doc, table, table->n_rows, row);
	note_made(doc, row);
	return row;
}

/* ---- maps and maybes of records ---- */

static void
delete_all(VmDoc *doc, VmTable *table)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (table->map != NULL)
		while ((entry = vm_map_next(table->map, &at)) != NULL)
			vm_doc_delete(doc, entry->value.obj);
	for (uint32_t i = 0; i < table->n_rows; i++)
		vm_doc_delete(doc, table->rows[i]);
}

/* Initial values, and nothing in containers. */
static void
empty(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_slots; i++)
	{
		if (!shape->slots[i].is_child)
			vm_doc_set(doc, obj, i, shape->defaults[i]);
		else if (shape->slots[i].type->kind == LANG_RECORD)
			empty(doc, obj->slots[i].obj);
		else
			delete_all(doc, vm_slot_table(shape->slots[i].type, obj->slots[i]));
	}
}

static uint64_t
empty_cost(const VmObj *obj)
{
	const LangStruct *structure = obj->structure;
	uint64_t	cost = 0;

	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];
		VmTable    *table;

		if (field->slot < 0)
			continue;
		table = vm_slot_table(field->type, obj->slots[field->slot]);
		cost += field->type->kind == LANG_RECORD ? empty_cost(obj->slots[field->slot].obj) : 1;
		if (table != NULL)
			cost += table->map != NULL ? table->map->n : table->n_rows;
	}
	return cost;
}

/* A deleted row comes back as if it had just been made. */
static void
revive(VmDoc *doc, VmObj *row)
{
	ADAMA_ASSERT(doc->is_open && (row->flags & VM_OBJ_EMPTIED) == 0);
	push(doc, (VmChange) {.obj = row, .kind = VM_CHANGE_REVIVE});
	row->flags &= ~(uint32_t) VM_OBJ_DELETED;
	row->table->n_live++;
	if (!vm_object_is_gone(row))
		doc->members_size += vm_row_size(row);
	doc->stamp++;
	empty(doc, row);
}

VmObj *
vm_doc_enter(VmDoc *doc, VmMap *map, VmVal key)
{
	VmMapAt		at;
	VmPair	   *entry = vm_map_find(map, key, &at);
	VmObj	   *row;

	if (entry != NULL)
	{
		row = entry->value.obj;
		if (row->flags & VM_OBJ_DELETED)
			revive(doc, row);
		return row;
	}
	row = make_row(doc, map->table);
	if (row == NULL)
		return NULL;
	row->key = vm_key_copy(doc, map->key_kind, key);
	vm_map_add(map, vm_doc_map_memory(doc), at, row->key, (VmVal) {.obj = row});
	map->table->n_live++;
	note_made(doc, row);
	return row;
}

VmObj *
vm_doc_hold(VmDoc *doc, VmTable *holder)
{
	VmObj	   *row;

	if (holder->n_rows > 0)
	{
		row = holder->rows[0];
		if (row->flags & VM_OBJ_DELETED)
			revive(doc, row);
		return row;
	}
	row = make_row(doc, holder);
	if (row == NULL)
		return NULL;
	vm_table_put(doc, holder, 0, row);
	note_made(doc, row);
	return row;
}

uint64_t
vm_doc_enter_cost(const VmMap *map, VmVal key)
{
	VmMapAt		at;
	const VmPair *entry = vm_map_find(map, key, &at);

	return entry == NULL || (entry->value.obj->flags & VM_OBJ_DELETED) == 0 ? 0 : empty_cost(entry->value.obj);
}

uint64_t
vm_doc_hold_cost(const VmTable *holder)
{
	return holder->n_rows == 0 || holder->n_live > 0 ? 0 : empty_cost(holder->rows[0]);
}

void
vm_doc_delete(VmDoc *doc, VmObj *row)
{
	ADAMA_ASSERT(doc->is_open);
	if (row->table == NULL || (row->flags & VM_OBJ_DELETED) != 0)
		return;
	if (!vm_object_is_gone(row))
		doc->members_size -= vm_row_size(row);
	touch(doc, row);
	push(doc, (VmChange) {.obj = row, .kind = VM_CHANGE_DELETE});
	if (row->table->orders != NULL)
		vm_orders_delete(doc, row);
	vm_aggregates_note(row);
	row->flags |= VM_OBJ_DELETED;
	vm_table_row_deleted(doc, row->table);
	doc->stamp++;
}

/* Steps of a constant through all 64-bit numbers, each scrambled into one that shows nothing of its neighbours. */
uint64_t
vm_doc_random(VmDoc *doc)
{
	uint64_t	x;

	ADAMA_ASSERT(doc->is_open);
	doc->stamp++;
	x = doc->entropy += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void
vm_change_dedupe(VmDoc *doc, VmChangeKind kind, VmDedupeKey *key)
{
	doc->dedupe_changes = push(doc, (VmChange) {.key = key, .previous = doc->dedupe_changes, .kind = (uint16_t) kind});
	doc->stamp++;
}

void
vm_doc_set_zone(VmDoc *doc, int zone)
{
	ADAMA_ASSERT(doc->is_open);
	if (doc->zone == zone)
		return;
	doc->zone = zone;
	doc->stamp++;
}

/* ---- back ---- */

VmMark
vm_doc_mark(VmDoc *doc)
{
	while (doc->crowded != NULL)
	{
		VmTable    *table = doc->crowded;

		doc->crowded = table->next_crowded;
		table->is_crowded = false;
		vm_table_compact(doc, table);
	}
	doc->last_mark = doc->n_changes;
	return (VmMark) {doc->n_changes, doc->last_row_id, doc->entropy, doc->zone, doc->members_size, doc->n_effects};
}

static void
undo(VmDoc *doc, const VmChange *change)
{
	VmObj	   *obj = change->obj;

	switch ((VmChangeKind) change->kind)
	{
		case VM_CHANGE_SET:
			vm_before_set(doc, obj, change->slot);
			vm_slot_free(doc, vm_shape_of(doc, obj->structure), change->slot, obj->slots[change->slot]);
			obj->slots[change->slot] = change->old;
			obj->changes = change->previous;
			break;
		case VM_CHANGE_CHILD:
			untouch_child(doc, obj, change->slot);
			obj->changes = change->previous;
			break;
		case VM_CHANGE_ROW:
			unlink_row(obj);
			break;
		case VM_CHANGE_INSERT:
			vm_orders_forget(doc, obj);
			vm_aggregates_note(obj);
			unlink_row(obj);
			obj->table->n_live--;
			if (obj->table->map != NULL)
			{
				vm_object_drop(doc, obj);
				break;
			}
			ADAMA_ASSERT(obj->table->rows[obj->table->n_rows - 1] == obj);
			obj->table->n_rows--;
			vm_object_free(doc, obj);
			break;
		case VM_CHANGE_DELETE:
			if (obj->flags & VM_OBJ_AWAY)
				vm_table_put(doc, obj->table, vm_table_place(obj->table, obj->id), obj);
			else
				obj->table->n_live++;
			obj->flags &= ~(uint32_t) (VM_OBJ_DELETED | VM_OBJ_AWAY);
			vm_orders_add(doc, obj);
			vm_aggregates_note(obj);
			break;
		case VM_CHANGE_REVIVE:
			obj->flags |= VM_OBJ_DELETED;
			obj->table->n_live--;
			break;
		case VM_CHANGE_REMEMBER:
			doc->dedupe_changes = change->previous;
			vm_dedupe_take_out(doc, change->key);
			vm_dedupe_free(doc, change->key);
			break;
		case VM_CHANGE_FORGET:
			doc->dedupe_changes = change->previous;
			vm_dedupe_put_back(doc, change->key);
			break;
	}
}

void
vm_doc_undo_to(VmDoc *doc, VmMark mark)
{
	ADAMA_ASSERT(doc->is_open && mark.n_changes <= doc->n_changes);
	if (doc->n_changes > mark.n_changes || doc->entropy != mark.entropy || doc->zone != mark.zone)
		doc->stamp++;
	while (doc->n_changes > mark.n_changes)
		undo(doc, &doc->changes[--doc->n_changes]);
	doc->last_row_id = mark.last_row_id;
	doc->entropy = mark.entropy;
	doc->zone = mark.zone;
	doc->members_size = mark.members_size;
	vm_effects_drop(doc, mark.n_effects);
	doc->last_mark = doc->n_changes;
}

/* ---- begin and end ---- */

void
vm_doc_begin(VmDoc *doc)
{
	ADAMA_ASSERT(!doc->is_open && doc->n_changes == 0 && doc->dedupe_changes == 0);
	doc->is_open = true;
	doc->begin = vm_doc_mark(doc);
}

bool
vm_doc_has_changes(const VmDoc *doc)
{
	return doc->n_changes > 0 || doc->entropy != doc->begin.entropy || doc->zone != doc->begin.zone;
}

static void
close_journal(VmDoc *doc)
{
	doc->n_changes = 0;
	doc->dedupe_changes = 0;
	doc->last_mark = 0;
	vm_effects_drop(doc, 0);
	doc->is_open = false;
	if (doc->changes_cap > KEPT_CHANGES)
	{
		kit_heap_free(doc->heap, doc->changes, doc->changes_cap * sizeof(VmChange));
		doc->changes = NULL;
		doc->changes_cap = 0;
	}
}

/*
 * Forgets what the objects know of the journal, and frees replaced values and forgotten keys.  Deleted rows come later, since
 * others' records lead to them.
 */
static void
commit_change(VmDoc *doc, VmChange *change)
{
	VmObj	   *obj = change->obj;
	VmTable    *table;

	switch ((VmChangeKind) change->kind)
	{
		case VM_CHANGE_SET:
			vm_slot_free(doc, vm_shape_of(doc, obj->structure), change->slot, change->old);
			obj->changes = 0;
			break;
		case VM_CHANGE_CHILD:
			table = vm_slot_table(vm_shape_of(doc, obj->structure)->slots[change->slot].type, obj->slots[change->slot]);
			if (table != NULL)
			{
				table->touched = NULL;
				table->n_touched = 0;
			}
			untouch_child(doc, obj, change->slot);
			obj->changes = 0;
			break;
		case VM_CHANGE_ROW:
		case VM_CHANGE_INSERT:
			obj->flags &= ~(uint32_t) (VM_OBJ_TOUCHED | VM_OBJ_NEW);
			obj->next_touched = NULL;
			obj->made = 0;
			break;
		case VM_CHANGE_DELETE:
			vm_orders_bury(doc, obj->table);
			change->slot = (obj->flags & VM_OBJ_AWAY) != 0;
			change->table = vm_object_is_gone(obj->table->owner) ? NULL : obj->table;
			break;
		case VM_CHANGE_REVIVE:
			break;
		case VM_CHANGE_REMEMBER:
			change->key->is_new = false;
			break;
		case VM_CHANGE_FORGET:
			vm_dedupe_free(doc, change->key);
			break;
	}
}

void
vm_doc_commit(VmDoc *doc)
{
	bool		has_deleted = false;

	ADAMA_ASSERT(doc->is_open);
	for (uint32_t i = 0; i < doc->n_changes; i++)
	{
		commit_change(doc, &doc->changes[i]);
		has_deleted |= doc->changes[i].kind == VM_CHANGE_DELETE;
	}
	if (has_deleted)
	{
		for (uint32_t i = 0; i < doc->n_changes; i++)
		{
			VmChange   *change = &doc->changes[i];

			if (change->kind != VM_CHANGE_DELETE)
				continue;
			/* one that is away belongs to nobody else */
			if (change->slot != 0)
			{
				vm_object_free(doc, change->obj);
				change->table = NULL;
			}
			else if (change->table == NULL)
				continue;
			/* it may have come back, and may have been deleted more than once */
			else if ((change->obj->flags & VM_OBJ_DELETED) == 0 || (change->obj->flags & VM_OBJ_EMPTIED) != 0)
				change->table = NULL;
			else
				vm_object_empty(doc, change->obj);
		}
		for (uint32_t i = 0; i < doc->n_changes; i++)
		{
			VmChange   *change = &doc->changes[i];

			if (change->kind != VM_CHANGE_DELETE || change->table == NULL)
				continue;
			if (change->table->type->kind == LANG_TABLE)
				vm_table_compact(doc, change->table);
			else
				vm_object_drop(doc, change->obj);
		}
	}
	close_journal(doc);
}

void
vm_doc_rollback(VmDoc *doc)
{
	vm_doc_undo_to(doc, doc->begin);
	close_journal(doc);
}
