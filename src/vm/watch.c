/*
 * watch.c
 *	  Stamps of what changes in a document that is watched.
 *
 * A table remembers as many touches as make up a quarter of its rows: who has missed more than that is as well off with looking at all of them.  Whenever the
 * list is full its older half goes.
 */
#include <string.h>

#include "vm/state_internal.h"
#include "vm/watch.h"

#define FEW_TOUCHES 64

void
vm_doc_watch(VmDoc *doc)
{
	static uint64_t last_serial = 0;
	int			n = vm_program_lang(doc->program)->n_slots;

	ADAMA_ASSERT(!doc->is_open);
	if (doc->field_stamps != NULL)
		return;
	doc->field_stamps = kit_heap_zalloc(doc->heap, (size_t) (n + 1) * sizeof(uint64_t));
	doc->all_stamp = doc->stamp;
	doc->serial = ++last_serial;
}

uint64_t
vm_watch_serial(const VmDoc *doc)
{
	return doc->serial;
}

uint64_t
vm_watch_all_stamp(const VmDoc *doc)
{
	return doc->all_stamp;
}

uint64_t
vm_watch_field_stamp(const VmDoc *doc, int bit)
{
	return doc->field_stamps[bit];
}

void
vm_watch_all(VmDoc *doc)
{
	doc->all_stamp = doc->stamp;
}

void
vm_watch_slot(VmDoc *doc, const VmObj *obj, int slot)
{
	/* the entry of a map is told by the field that holds the map */
	if (doc->field_stamps != NULL && obj->structure->first_slot >= 0)
		doc->field_stamps[obj->structure->first_slot + slot] = doc->stamp;
}

static void
make_room(VmDoc *doc, VmTable *table, VmTouches *touches)
{
	uint32_t	most = FEW_TOUCHES + table->n_live / 4;

	if (touches->n >= most)
	{
		uint32_t	n_gone = touches->n - touches->n / 2;

		touches->from = touches->items[n_gone - 1].stamp;
		touches->n -= n_gone;
		memmove(touches->items, touches->items + n_gone, touches->n * sizeof(VmTouch));
	}
	else if (touches->n == touches->cap)
	{
		uint32_t	cap = touches->cap == 0 ? 8 : touches->cap * 2;

		touches->items = kit_heap_grow(doc->heap, touches->items, touches->cap * sizeof(VmTouch), cap * sizeof(VmTouch));
		touches->cap = cap;
	}
}

static void
touch(VmDoc *doc, VmTable *table, int32_t id)
{
	if (table->touches == NULL)
	{
		table->touches = kit_heap_zalloc(doc->heap, sizeof(VmTouches));
		/* what happened before this delta, nobody has to be told */
		table->touches->from = doc->stamp - 1;
	}
	make_room(doc, table, table->touches);
	table->touches->items[table->touches->n++] = (VmTouch) {doc->stamp, id};
}

void
vm_watch_object(VmDoc *doc, VmObj *obj)
{
	if (doc->field_stamps == NULL || obj->stamp == doc->stamp)
		return;
	obj->stamp = doc->stamp;
	if (obj->table != NULL && obj->table->type->kind == LANG_TABLE)
		touch(doc, obj->table, obj->id);
}

void
vm_watch_rows(VmDoc *doc, VmTable *table, int32_t id)
{
	VmObj	   *row;

	if (doc->field_stamps == NULL)
		return;
	doc->field_stamps[table->owner->structure->first_slot + table->slot] = doc->stamp;
	row = vm_table_find(table, id);
	if (row != NULL)
		row->stamp = doc->stamp;
	touch(doc, table, id);
}

void
vm_watch_free(VmDoc *doc, VmTable *table)
{
	if (table->touches == NULL)
		return;
	kit_heap_free(doc->heap, table->touches->items, table->touches->cap * sizeof(VmTouch));
	kit_heap_free(doc->heap, table->touches, sizeof(VmTouches));
	table->touches = NULL;
}
