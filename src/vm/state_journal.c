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
}

static void
unlink_row(VmObj *row)
{
	ADAMA_ASSERT(row->table->touched == row);
	row->flags &= ~(uint32_t) VM_OBJ_TOUCHED;
	row->table->touched = row->next_touched;
	row->next_touched = NULL;
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

VmObj *
vm_doc_insert(VmDoc *doc, VmTable *table)
{
	const VmShape *shape = vm_shape_of(doc, table->row);
	VmObj	   *row;

	ADAMA_ASSERT(doc->is_open);
	if (doc->last_row_id >= INT32_MAX || vm_object_level(table->owner) + 1 + shape->depth > DOC_MAX_DEPTH)
		return NULL;
	row = vm_object_make(doc, table->row, NULL);
	row->table = table;
	row->id = (int32_t) ++doc->last_row_id;
	row->flags |= VM_OBJ_NEW;
	vm_table_put(doc, table, table->n_rows, row);
	if (!vm_object_is_gone(table->owner))
		doc->members_size += vm_row_head_size(row->id) + shape->members_size;
	touch_table(doc, table);
	row->made = push(doc, (VmChange) {.obj = row, .kind = VM_CHANGE_INSERT});
	link_row(row);
	doc->stamp++;
	return row;
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
	row->flags |= VM_OBJ_DELETED;
	row->table->n_live--;
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
	doc->last_mark = doc->n_changes;
	return (VmMark) {doc->n_changes, doc->last_row_id, doc->entropy, doc->zone, doc->members_size};
}

static void
undo(VmDoc *doc, const VmChange *change)
{
	VmObj	   *obj = change->obj;

	switch ((VmChangeKind) change->kind)
	{
		case VM_CHANGE_SET:
			vm_slot_free(doc, vm_shape_of(doc, obj->structure), change->slot, obj->slots[change->slot]);
			obj->slots[change->slot] = change->old;
			obj->changes = change->previous;
			break;
		case VM_CHANGE_CHILD:
			if (vm_shape_of(doc, obj->structure)->slots[change->slot].type->kind == LANG_TABLE)
				obj->slots[change->slot].table->is_touched = false;
			else
				obj->slots[change->slot].obj->flags &= ~(uint32_t) VM_OBJ_TOUCHED;
			obj->changes = change->previous;
			break;
		case VM_CHANGE_ROW:
			unlink_row(obj);
			break;
		case VM_CHANGE_INSERT:
			ADAMA_ASSERT(obj->table->rows[obj->table->n_rows - 1] == obj);
			unlink_row(obj);
			obj->table->n_rows--;
			obj->table->n_live--;
			vm_object_free(doc, obj);
			break;
		case VM_CHANGE_DELETE:
			obj->flags &= ~(uint32_t) VM_OBJ_DELETED;
			obj->table->n_live++;
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

	switch ((VmChangeKind) change->kind)
	{
		case VM_CHANGE_SET:
			vm_slot_free(doc, vm_shape_of(doc, obj->structure), change->slot, change->old);
			obj->changes = 0;
			break;
		case VM_CHANGE_CHILD:
			if (vm_shape_of(doc, obj->structure)->slots[change->slot].type->kind == LANG_TABLE)
			{
				obj->slots[change->slot].table->is_touched = false;
				obj->slots[change->slot].table->touched = NULL;
			}
			else
				obj->slots[change->slot].obj->flags &= ~(uint32_t) VM_OBJ_TOUCHED;
			obj->changes = 0;
			break;
		case VM_CHANGE_ROW:
		case VM_CHANGE_INSERT:
			obj->flags &= ~(uint32_t) (VM_OBJ_TOUCHED | VM_OBJ_NEW);
			obj->next_touched = NULL;
			obj->made = 0;
			break;
		case VM_CHANGE_DELETE:
			change->table = vm_object_is_gone(obj->table->owner) ? NULL : obj->table;
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
			if (doc->changes[i].kind == VM_CHANGE_DELETE && doc->changes[i].table != NULL)
				vm_object_empty(doc, doc->changes[i].obj);
		for (uint32_t i = 0; i < doc->n_changes; i++)
			if (doc->changes[i].kind == VM_CHANGE_DELETE && doc->changes[i].table != NULL)
				vm_table_compact(doc, doc->changes[i].table);
	}
	close_journal(doc);
}

void
vm_doc_rollback(VmDoc *doc)
{
	vm_doc_undo_to(doc, doc->begin);
	close_journal(doc);
}
