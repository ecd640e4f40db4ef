/*
 * state_delta.c
 *	  The net change of a document since its journal began, as a delta.
 *
 * Walks from the root along what is touched.  Of each object it looks for the oldest change of each slot: that holds the value
 * of the beginning, and only what differs from it now is written, in the order of declaration.  Rows made since then are written
 * whole, rows deleted become null, rows both made and deleted are not there.  The work follows the number of changes.
 */
#include "vm/cotext.h"
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

/* Rows lie anywhere in memory: what is sorted holds the ids itself, or the keys of a map's entries. */
typedef struct Touched
{
	VmVal		key;
	const VmObj *row;
} Touched;

static Touched
touched(const VmTable *table, const VmObj *row)
{
	return (Touched) {table->map != NULL ? row->key : (VmVal) {.i = row->id}, row};
}

static inline bool
comes_before(const VmMap *map, const Touched *a, const Touched *b)
{
	return map != NULL ? vm_key_compare(map->key_kind, a->key, b->key) < 0 : a->key.i < b->key.i;
}

/*
 * Sorts by id, or by the key of the map; the rows are nearly always in descending order: that of the newest change.  Returns where they are then: in rows or
 * in spare.
 */
static Touched *
sort_rows(const VmMap *map, Touched *rows, uint32_t n, Touched *spare)
{
	Touched    *from = rows;
	Touched    *to = spare;
	bool		is_sorted = true;

	for (uint32_t i = 0; i < n / 2; i++)
	{
		Touched		row = rows[i];

		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = row;
	}
	for (uint32_t i = 1; i < n && is_sorted; i++)
		is_sorted = comes_before(map, &rows[i - 1], &rows[i]);
	for (uint32_t width = 1; width < n && !is_sorted; width *= 2)
	{
		Touched    *merged = to;

		for (uint32_t start = 0; start < n; start += 2 * width)
		{
			uint32_t	i = start;
			uint32_t	i_end = n - start < width ? n : start + width;
			uint32_t	j = i_end;
			uint32_t	j_end = n - i_end < width ? n : i_end + width;
			uint32_t	k = start;

			while (i < i_end && j < j_end)
			{
				bool		is_second = comes_before(map, &from[j], &from[i]);

				to[k++] = from[is_second ? j : i];
				i += !is_second;
				j += is_second;
			}
			memcpy(to + k, from + i, (i_end - i) * sizeof(Touched));
			memcpy(to + k + (i_end - i), from + j, (j_end - j) * sizeof(Touched));
		}
		to = from;
		from = merged;
	}
	return from;
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
	if (type->kind == LANG_TEXT)
		vm_cotext_encode_change(w, w->buf->arena, old.text, value.text);
	else if (type->kind == LANG_DYNAMIC)
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

#define AHEAD 8					/* rows that are fetched before they are needed */

static bool
write_rows(DocWriter *w, const VmDoc *doc, const VmTable *table)
{
	Touched		few[2];
	Touched    *rows = few;
	uint32_t	n = 0;
	bool		any = false;

	if (table->n_touched > 1)
		rows = kit_arena_alloc(w->buf->arena, 2 * (size_t) table->n_touched * sizeof(Touched));
	if (table->n_touched > doc->n_changes / 8)
	{
		/* along the journal, oldest first, rather than from row to row: memory need not be waited for */
		for (uint32_t i = 0; i < doc->n_changes; i++)
		{
			const VmChange *change = &doc->changes[i];

			if (i + AHEAD < doc->n_changes)
				__builtin_prefetch(change[AHEAD].obj);
			if ((change->kind == VM_CHANGE_ROW || change->kind == VM_CHANGE_INSERT) && change->obj->table == table)
				rows[table->n_touched - ++n] = touched(table, change->obj);
		}
		ADAMA_ASSERT(n == table->n_touched);
	}
	else
		for (const VmObj *row = table->touched; row != NULL; row = row->next_touched)
			rows[n++] = touched(table, row);
	rows = sort_rows(table->map, rows, n, rows + n);
	for (uint32_t i = 0; i < n; i++)
	{
		if (i + AHEAD < n)
			__builtin_prefetch(rows[i + AHEAD].row);
		any |= write_row(w, doc, rows[i].row);
	}
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
