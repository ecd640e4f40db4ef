/*
 * state_delta.c
 *	  The net change of a document since its journal began, as a delta.
 *
 * Walks from the root along what is touched.  Of each object it looks for the oldest change of each slot: that holds the value
 * of the beginning, and only what differs from it now is written, in the order of declaration.  Rows made since then are written
 * whole, rows deleted become null, rows both made and deleted are not there.  The work follows the number of changes.
 */
#include "vm/dynamic.h"
#include "vm/state_internal.h"

/* What changed in one object. */
typedef struct Changed
{
	uint64_t   *slots;			/* a bit each */
	int			n_words;
	const VmChange **oldest;	/* by slot; NULL: a table or nested record */
} Changed;

#define FEW_SLOTS 64

static bool write_changes(DocWriter *w, const VmDoc *doc, const VmObj *obj);
static bool write_rows(DocWriter *w, const VmDoc *doc, const VmTable *table);

static void
find_changed(const VmDoc *doc, const VmObj *obj, Changed *changed)
{
	for (uint32_t i = obj->changes; i != 0; i = doc->changes[i - 1].previous)
	{
		const VmChange *change = &doc->changes[i - 1];

		changed->slots[change->slot / 64] |= UINT64_C(1) << change->slot % 64;
		changed->oldest[change->slot] = change->kind == VM_CHANGE_SET ? change : NULL;
	}
}

/* By id, or by key. */
static bool
comes_before(const VmObj *a, const VmObj *b)
{
	if (a->table->map != NULL)
		return vm_key_compare(a->table->map->key_kind, a->key, b->key) < 0;
	return a->id < b->id;
}

/* The rows are nearly always in descending order: that of the newest change. */
static void
sort_rows(VmObj **rows, uint32_t n, VmObj **spare)
{
	VmObj	  **from = rows;
	VmObj	  **to = spare;
	bool		is_sorted = true;

	for (uint32_t i = 0; i < n / 2; i++)
	{
		VmObj	   *row = rows[i];

		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = row;
	}
	for (uint32_t i = 1; i < n && is_sorted; i++)
		is_sorted = comes_before(rows[i - 1], rows[i]);
	if (is_sorted)
		return;
	for (uint32_t width = 1; width < n; width *= 2)
	{
		VmObj	  **merged = to;

		for (uint32_t start = 0; start < n; start += 2 * width)
		{
			uint32_t	i = start;
			uint32_t	i_end = n - start < width ? n : start + width;
			uint32_t	j = i_end;
			uint32_t	j_end = n - i_end < width ? n : i_end + width;

			for (uint32_t k = start; k < j_end; k++)
				to[k] = j >= j_end || (i < i_end && comes_before(from[i], from[j])) ? from[i++] : from[j++];
		}
		to = from;
		from = merged;
	}
	if (from != rows)
		memcpy(rows, from, n * sizeof(VmObj *));
}

/* The new value, or of JSON what is new in it. */
static void
write_value(DocWriter *w, const LangType *type, VmVal old, VmVal value)
{
	if (vm_value_is_absent(type, value))
	{
		doc_write_null(w);
		return;
	}
	while (type->kind == LANG_MAYBE && old.maybe != NULL)
	{
		old = old.maybe->value;
		value = value.maybe->value;
		type = type->a;
	}
	if (type->kind == LANG_DYNAMIC)
		doc_write_canonical_change(w, vm_dynamic_item(old.str), vm_dynamic_item(value.str));
	else
		vm_value_encode(w, type, value);
}

/* What became of the value of an entry, which was there before; the key is written. */
static bool
write_entry(DocWriter *w, const VmDoc *doc, const VmObj *entry)
{
	const VmSlot *slot = &vm_shape_of(doc, entry->structure)->slots[0];
	const VmChange *oldest = NULL;
	bool		any;

	if (slot->is_child)
	{
		doc_write_object_begin(w);
		any = write_rows(w, doc, vm_slot_table(slot->type, entry->slots[0]));
		doc_write_object_end(w);
		return any;
	}
	for (uint32_t i = entry->changes; i != 0; i = doc->changes[i - 1].previous)
		oldest = &doc->changes[i - 1];
	if (oldest == NULL || vm_value_same(slot->type, oldest->old, entry->slots[0]))
		return false;
	write_value(w, slot->type, oldest->old, entry->slots[0]);
	return true;
}

/* Returns whether there was anything to write. */
static bool
write_row(DocWriter *w, const VmDoc *doc, const VmObj *row)
{
	const VmMap *map = row->table->map;
	size_t		mark;
	bool		any;

	if ((row->flags & VM_OBJ_NEW) != 0 && (row->flags & VM_OBJ_DELETED) != 0)
		return false;
	mark = doc_write_mark(w);
	if (map != NULL)
		vm_key_write(w, map->key_kind, row->key);
	else
		doc_write_key_int(w, row->id);
	if (row->flags & VM_OBJ_DELETED)
	{
		doc_write_null(w);
		return true;
	}
	if (row->structure->kind == LANG_STRUCT_ENTRY)
	{
		any = true;
		if (row->flags & VM_OBJ_NEW)
			vm_value_encode(w, row->structure->fields[0]->type, row->slots[0]);
		else
			any = write_entry(w, doc, row);
		if (!any)
			doc_write_cut(w, mark);
		return any;
	}
	doc_write_object_begin(w);
	any = true;
	if (row->flags & VM_OBJ_NEW)
		vm_members_encode(w, row);
	else
		any = write_changes(w, doc, row);
	doc_write_object_end(w);
	if (!any)
		doc_write_cut(w, mark);
	return any;
}

static bool
write_rows(DocWriter *w, const VmDoc *doc, const VmTable *table)
{
	VmObj	   *few[2];
	VmObj	  **rows = few;
	uint32_t	n = 0;
	bool		any = false;

	for (VmObj *row = table->touched; row != NULL; row = row->next_touched)
		n++;
	if (n > 1)
		rows = kit_arena_alloc(w->buf->arena, 2 * (size_t) n * sizeof(VmObj *));
	n = 0;
	for (VmObj *row = table->touched; row != NULL; row = row->next_touched)
		rows[n++] = row;
	sort_rows(rows, n, rows + n);
	for (uint32_t i = 0; i < n; i++)
		any |= write_row(w, doc, rows[i]);
	return any;
}

/* The record of a maybe: made, gone, or changed. */
static bool
write_held(DocWriter *w, const VmDoc *doc, const VmTable *holder, const VmSlot *slot)
{
	const VmObj *row = holder->touched;
	size_t		mark = doc_write_mark(w);
	bool		any = true;

	if (row == NULL || ((row->flags & VM_OBJ_NEW) != 0 && (row->flags & VM_OBJ_DELETED) != 0))
		return false;
	doc_write_key(w, slot->field->name->text, slot->field->name->len);
	if (row->flags & VM_OBJ_DELETED)
	{
		doc_write_null(w);
		return true;
	}
	doc_write_object_begin(w);
	if (row->flags & VM_OBJ_NEW)
		vm_members_encode(w, row);
	else
		any = write_changes(w, doc, row);
	doc_write_object_end(w);
	if (!any)
		doc_write_cut(w, mark);
	return any;
}

static bool
write_slot(DocWriter *w, const VmDoc *doc, const VmObj *obj, const VmSlot *slot, const VmChange *oldest)
{
	VmVal		value = obj->slots[slot->field->slot];
	size_t		mark = doc_write_mark(w);
	bool		any;

	if (!slot->is_child)
	{
		if (vm_value_same(slot->type, oldest->old, value))
			return false;
		doc_write_key(w, slot->field->name->text, slot->field->name->len);
		write_value(w, slot->type, oldest->old, value);
		return true;
	}
	if (slot->type->kind == LANG_MAYBE)
		return write_held(w, doc, value.table, slot);
	doc_write_key(w, slot->field->name->text, slot->field->name->len);
	doc_write_object_begin(w);
	if (slot->type->kind == LANG_RECORD)
		any = write_changes(w, doc, value.obj);
	else
		any = write_rows(w, doc, vm_slot_table(slot->type, value));
	doc_write_object_end(w);
	if (!any)
		doc_write_cut(w, mark);
	return any;
}

/* The members of obj that changed. */
static bool
write_changes(DocWriter *w, const VmDoc *doc, const VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);
	uint64_t	few_bits = 0;
	const VmChange *few_oldest[FEW_SLOTS];
	Changed		changed = {&few_bits, 1, few_oldest};
	bool		any = false;

	if (shape->n_slots > FEW_SLOTS)
	{
		changed.n_words = (shape->n_slots + 63) / 64;
		changed.slots = kit_arena_zalloc(w->buf->arena, (size_t) changed.n_words * sizeof(uint64_t));
		changed.oldest = kit_arena_alloc(w->buf->arena, (size_t) shape->n_slots * sizeof(VmChange *));
	}
	find_changed(doc, obj, &changed);
	for (int i = 0; i < changed.n_words; i++)
		for (uint64_t bits = changed.slots[i]; bits != 0; bits &= bits - 1)
		{
			int			slot = i * 64 + __builtin_ctzll(bits);

			any |= write_slot(w, doc, obj, &shape->slots[slot], changed.oldest[slot]);
		}
	return any;
}

static void
write_dedupe(DocWriter *w, const VmDoc *doc)
{
	size_t		mark = doc_write_mark(w);
	bool		any = false;
	bool		had_any = false;
	uint32_t	n = 0;
	const VmChange **changes;

	for (uint32_t i = doc->dedupe_changes; i != 0; i = doc->changes[i - 1].previous)
	{
		n++;
		had_any |= doc->changes[i - 1].kind == VM_CHANGE_FORGET && !doc->changes[i - 1].key->is_new;
	}
	if (doc->dedupe.n == 0 && !had_any)
		return;
	doc_write_key_z(w, VM_MEMBER_DEDUPE);
	if (doc->dedupe.n == 0)
	{
		doc_write_null(w);
		return;
	}
	changes = kit_arena_alloc(w->buf->arena, n * sizeof(VmChange *));
	for (uint32_t i = doc->dedupe_changes, k = n; i != 0; i = doc->changes[i - 1].previous)
		changes[--k] = &doc->changes[i - 1];
	doc_write_object_begin(w);
	for (uint32_t i = 0; i < n; i++)
	{
		const VmDedupeKey *key = changes[i]->key;

		if (changes[i]->kind == VM_CHANGE_REMEMBER ? !key->is_in : key->is_new || vm_dedupe_find(doc, key->text, key->len) != NULL)
			continue;
		doc_write_key(w, key->text, key->len);
		if (changes[i]->kind == VM_CHANGE_REMEMBER)
			doc_write_long(w, key->ms);
		else
			doc_write_null(w);
		any = true;
	}
	doc_write_object_end(w);
	if (!any)
		doc_write_cut(w, mark);
}

DocBytes
vm_doc_delta(VmDoc *doc, KitBuf *out)
{
	DocWriter	w;

	ADAMA_ASSERT(doc->is_open);
	doc_write_begin(&w, out, DOC_DELTA);
	doc_write_object_begin(&w);
	write_changes(&w, doc, doc->root);
	if (doc->last_row_id != doc->begin.last_row_id)
	{
		doc_write_key_z(&w, VM_MEMBER_ROW_ID);
		doc_write_int(&w, doc->last_row_id);
	}
	if (doc->entropy != doc->begin.entropy)
	{
		doc_write_key_z(&w, VM_MEMBER_ENTROPY);
		if (doc->entropy == 0)
			doc_write_null(&w);
		else
			doc_write_long(&w, (int64_t) doc->entropy);
	}
	if (doc->zone != doc->begin.zone)
	{
		doc_write_key_z(&w, VM_MEMBER_ZONE);
		if (doc->zone == KIT_ZONE_UTC)
			doc_write_null(&w);
		else
			vm_zone_encode(&w, doc->zone);
	}
	if (doc->dedupe_changes != 0)
		write_dedupe(&w, doc);
	doc_write_object_end(&w);
	return doc_write_end(&w);
}
