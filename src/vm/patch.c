/*
 * patch.c
 *	  Document.patch: JSON in the form in which a document is stored (state.h), merged into the document by a program that runs.
 *
 * Objects are merged along the types of the program: records, rows by their id, entries of maps by their key, records in maybes.  Any other value is replaced, but
 * for JSON, principals and complex numbers, of which parts may be given.  What does not fit the types fails the event and names the place.
 *
 * A row that is not there is made under the id it has in the patch, as long as that id was never given out before; ids are the document's, not the table's.
 */
#include <math.h>
#include <stdio.h>

#include "vm/cotext.h"
#include "vm/dynamic.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

#define MEMBER_STEPS 8
#define MAKING 4				/* bytes that decoding takes for each byte, about */

typedef struct Patch
{
	Vm		   *vm;
	int64_t		last_row_id;	/* when it began */
	struct Row *made;			/* the rows that were made; only their ids count */
	uint32_t	n_made;
	uint32_t	made_cap;
} Patch;

/* Where we are, for messages. */
typedef struct Place
{
	const struct Place *around;
	DocKey		key;
} Place;

static bool patch_members(Patch *p, VmObj *obj, DocItem item, const Place *place);
static bool patch_slot(Patch *p, VmObj *obj, int slot, DocItem item, const Place *place);

static size_t
place_text(const Place *place, char *text, size_t size)
{
	size_t		len = 0;

	text[0] = '\0';
	if (place == NULL)
		return 0;
	if (place->around != NULL)
	{
		len = place_text(place->around, text, size);
		if (len + 1 < size)
			text[len++] = '.';
	}
	for (uint32_t i = 0; i < place->key.len && len + 1 < size; i++)
		text[len++] = place->key.str[i];
	text[len] = '\0';
	return len;
}

static const char *
found_word(DocItem item)
{
	static const char *const words[] = {"null", "a boolean", "an integer", "a number", "a string", "an array", "an object"};

	return words[item.kind];
}

/* '"t.5" what'; the document itself has no name. */
static bool
refuse(Patch *p, const Place *place, const char *what)
{
	char		text[200];

	if (place_text(place, text, sizeof(text)) == 0)
		return vm_fail(p->vm, KIT_DELTA_MISFIT, "the patch %s", what);
	return vm_fail(p->vm, KIT_DELTA_MISFIT, "the patch does not fit: \"%s\" %s", text, what);
}

static bool
misfit(Patch *p, const Place *place, const char *expected, DocItem item)
{
	char		what[100];

	snprintf(what, sizeof(what), "expects %s, found %s", expected, found_word(item));
	return refuse(p, place, what);
}

static bool
set(Patch *p, VmObj *obj, int slot, VmVal value)
{
	return (p->vm->program->has_stamped ? vm_set_document_stamped : vm_set_document) (p->vm, obj, slot, value);
}

/* ---- values ---- */

/* The three doubles that are stored as strings. */
static bool
odd_double(DocItem item, VmVal *out)
{
	static const struct
	{
		const char *text;
		double		d;
	}			odd[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};

	for (int i = 0; i < 3 && item.kind == DOC_STRING; i++)
		if (item.len == strlen(odd[i].text) && memcmp(item.str, odd[i].text, item.len) == 0)
		{
			out->d = odd[i].d;
			return true;
		}
	return false;
}

/* What the parts that are given make of the value that is there, as an item in the arena. */
static bool
merge_parts(Patch *p, const LangType *type, VmVal was, DocItem item, const Place *place, DocItem *merged)
{
	KitArena   *arena = p->vm->arena;
	KitBuf		stored;
	KitBuf		base;
	KitBuf	   *out = KIT_NEW(arena, KitBuf);
	DocWriter	w;
	DocItem		root;
	DocKey		refused;
	DocBytes	bytes;

	if (!vm_charge(p->vm, (vm_value_size(type, was) + item.raw_len) * MAKING + 64))
		return false;
	kit_buf_init(&stored, arena);
	kit_buf_init(&base, arena);
	kit_buf_init(out, arena);
	doc_write_begin(&w, &stored, DOC_DOCUMENT);
	vm_value_encode(&w, type, was);
	bytes = doc_write_end(&w);
	if (!doc_item_from_raw(bytes.data + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE, &root) ||
		doc_canonical(arena, NULL, root, VM_MAX_DYNAMIC_DEPTH, &base, &refused) != DOC_FIT_OK || !doc_item_from_raw(base.data, base.len, &root) ||
		doc_canonical(arena, &root, item, VM_MAX_DYNAMIC_DEPTH, out, &refused) != DOC_FIT_OK || !doc_item_from_raw(out->data, out->len, merged))
		return misfit(p, place, type->text, item);
	return true;
}

static bool
decode(Patch *p, const LangType *type, VmVal was, DocItem item, const Place *place, VmVal *out)
{
	const LangType *inner = type;
	VmVal		value = was;
	char		path[200];
	KitDiag		why = {0};

	while (inner->kind == LANG_MAYBE && value.maybe != NULL)
	{
		value = value.maybe->value;
		inner = inner->a;
	}
	if (item.kind == DOC_OBJECT && (inner->kind == LANG_PRINCIPAL || inner->kind == LANG_COMPLEX || (inner->kind == LANG_DYNAMIC && !vm_dynamic_is_null(value.str))) &&
		!merge_parts(p, inner, value, item, place, &item))
		return false;
	if (!vm_charge(p->vm, (size_t) item.raw_len * MAKING + 64))
		return false;
	if ((type->kind == LANG_DOUBLE || type->kind == LANG_TIMESPAN) && odd_double(item, out))
		return true;
	place_text(place, path, sizeof(path));
	return vm_value_decode(p->vm->program, type, item, p->vm->arena, out, &why, path) ||
		vm_fail(p->vm, KIT_DELTA_MISFIT, "the patch does not fit: %s", why.message);
}

/* A string, or a text as it is stored: the text begins anew. */
static bool
patch_text(Patch *p, VmObj *obj, int slot, DocItem item, const Place *place)
{
	Vm		   *vm = p->vm;
	const VmCoText *loaded;
	VmVal		value;

	if (!vm_charge(vm, (size_t) item.raw_len * MAKING * 2 + 64))
		return false;
	if (item.kind == DOC_STRING)
		value.str = vm_str_new(vm->arena, item.str, item.len);
	else
	{
		loaded = item.kind == DOC_OBJECT ? vm_cotext_load(vm->doc->heap, vm->arena, item, NULL) : NULL;
		if (loaded == NULL)
			return misfit(p, place, "a text", item);
		if (!vm_charge_steps(vm, (uint64_t) loaded->n_changes * loaded->base->text_len / 16))
		{
			vm_cotext_drop(vm->doc->heap, loaded);
			return false;
		}
		value.str = vm_cotext_current(vm->arena, loaded);
		vm_cotext_drop(vm->doc->heap, loaded);
	}
	return set(p, obj, slot, value);
}

/* ---- containers ---- */

typedef struct Row
{
	int64_t		id;
	DocKey		key;
	DocItem		item;
} Row;

/* Of a heap whose largest id is at the top. */
static void
sift(Row *rows, uint32_t n, uint32_t i)
{
	for (uint32_t child; (child = 2 * i + 1) < n; i = child)
	{
		Row			moved = rows[i];

		if (child + 1 < n && rows[child + 1].id > rows[child].id)
			child++;
		if (rows[child].id <= moved.id)
			break;
		rows[i] = rows[child];
		rows[child] = moved;
	}
}

/* By id. */
static void
sort_rows(Row *rows, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift(rows, n, i);
	for (uint32_t left = n; left > 1;)
	{
		Row			largest = rows[0];

		rows[0] = rows[--left];
		rows[left] = largest;
		sift(rows, left, 0);
	}
}

static bool
note_made(Patch *p, int64_t id)
{
	if (p->n_made == p->made_cap)
	{
		uint32_t	cap = p->made_cap == 0 ? 16 : p->made_cap * 2;
		Row		   *made;

		if (!vm_charge(p->vm, cap * sizeof(Row)))
			return false;
		made = KIT_NEW_N(p->vm->arena, Row, cap);
		if (p->n_made > 0)
			memcpy(made, p->made, p->n_made * sizeof(Row));
		p->made = made;
		p->made_cap = cap;
	}
	p->made[p->n_made++].id = id;
	return true;
}

/* The row gets this id, and not the next one. */
static bool
make_row(Patch *p, VmTable *table, int32_t id, VmObj **row)
{
	VmDoc	   *doc = p->vm->doc;
	int64_t		last = doc->last_row_id;
	bool		ok;

	if (!p->vm->may_write)
		return vm_writes_refused(p->vm);
	doc->last_row_id = id - 1;
	ok = vm_insert_row(p->vm, table, row);
	doc->last_row_id = last > id ? last : id;
	return ok && note_made(p, id);
}

static bool
patch_row(Patch *p, VmTable *table, const Row *r, const Place *around)
{
	Place		place = {around, r->key};
	VmObj	   *row = vm_table_find(table, (int32_t) r->id);
	DocItem		id;

	if (r->item.kind != DOC_OBJECT)
		return misfit(p, &place, "a row", r->item);
	if (doc_find_member(r->item, "id", strlen("id"), &id) && (id.kind != DOC_INT || id.i != r->id))
		return refuse(p, &place, "has another \"id\" in it");
	if (row == NULL && r->id <= p->last_row_id)
		return refuse(p, &place, "is not there: a row that was deleted, or is another table's, cannot be made anew");
	return (row != NULL || make_row(p, table, (int32_t) r->id, &row)) && patch_members(p, row, r->item, &place);
}

/* In the order of their ids: new rows come at the end of a table. */
static bool
patch_table(Patch *p, VmTable *table, DocItem item, const Place *place)
{
	Row		   *rows;
	uint32_t	n = 0;
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_OBJECT)
		return misfit(p, place, "a table", item);
	for (DocCursor cursor = item.body; doc_next_member(&cursor, &key, &value);)
		n++;
	if (!vm_charge(p->vm, (n + 1) * sizeof(Row)))
		return false;
	rows = KIT_NEW_N(p->vm->arena, Row, n + 1);
	n = 0;
	while (doc_next_member(&item.body, &key, &value))
	{
		Place		here = {place, key};
		int64_t		id;

		if (!doc_parse_int(key.str, key.len, &id) || id < 1 || id > INT32_MAX)
			return refuse(p, &here, "is not the id of a row");
		rows[n++] = (Row) {id, key, value};
	}
	sort_rows(rows, n);
	for (uint32_t i = 0; i < n; i++)
		if (!patch_row(p, table, &rows[i], place))
			return false;
	return true;
}

static bool
patch_entry(Patch *p, VmMap *map, DocKey text, DocItem item, const Place *around)
{
	Vm		   *vm = p->vm;
	Place		place = {around, text};
	const LangType *type = map->table->type;
	VmVal		key;
	VmVal		value;
	VmObj	   *entry;

	if (!vm_charge(vm, text.len + 32))
		return false;
	if (!vm_key_read(type->a, text, vm->arena, NULL, &key))
		return refuse(p, &place, "is not a key of the map");
	if (!vm_map_enter(vm, map, key, &value))
		return false;
	entry = vm_map_get(map, key)->value.obj;
	return map->table->row->kind == LANG_STRUCT_RECORD ? patch_members(p, entry, item, &place) : patch_slot(p, entry, 0, item, &place);
}

static bool
patch_map(Patch *p, VmMap *map, DocItem item, const Place *place)
{
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_OBJECT)
		return misfit(p, place, "a map", item);
	while (doc_next_member(&item.body, &key, &value))
		if (!patch_entry(p, map, key, value, place))
			return false;
	return true;
}

static bool
patch_slot(Patch *p, VmObj *obj, int slot, DocItem item, const Place *place)
{
	const LangType *type = p->vm->program->structs[obj->structure->index].slot_types[slot];
	VmVal		was = obj->slots[slot];
	VmVal		value;

	switch (type->kind)
	{
		case LANG_TABLE:
			return patch_table(p, was.table, item, place);
		case LANG_MAP:
			return patch_map(p, was.map, item, place);
		case LANG_RECORD:
			return patch_members(p, was.obj, item, place);
		case LANG_TEXT:
			return patch_text(p, obj, slot, item, place);
		case LANG_MAYBE:
			if (type->a->kind == LANG_RECORD)
			{
				VmObj	   *record;

				return vm_hold(p->vm, was.table, &record) && patch_members(p, record, item, place);
			}
			break;
		default:
			break;
	}
	return decode(p, type, was, item, place, &value) && set(p, obj, slot, value);
}

/* The slot that a member stands for, or -1: it has no place. */
static int
slot_of(Patch *p, const VmObj *obj, const Place *place)
{
	DocKey		key = place->key;
	const LangField *field = lang_struct_field(obj->structure, key.str, key.len);

	if (field == NULL && obj == p->vm->root && key.len > 2 && memcmp(key.str, "__", 2) == 0)
		(void) refuse(p, place, "is the document's own");
	else if (field == NULL || field->is_id)
		(void) refuse(p, place, "is not a field");
	else if (field->slot < 0)
		(void) refuse(p, place, "is computed");
	else if (field->is_readonly)
		(void) refuse(p, place, "is readonly");
	else
		return field->slot;
	return -1;
}

static bool
patch_members(Patch *p, VmObj *obj, DocItem item, const Place *place)
{
	bool		is_row = obj->table != NULL && obj->table->type->kind == LANG_TABLE;
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_OBJECT)
		return misfit(p, place, obj == p->vm->root ? "an object" : "a record", item);
	while (doc_next_member(&item.body, &key, &value))
	{
		Place		here = {place, key};
		int			slot;

		if (!vm_charge_steps(p->vm, MEMBER_STEPS))
			return false;
		if (is_row && doc_key_is(key, "id"))
			continue;
		slot = slot_of(p, obj, &here);
		if (slot < 0 || !patch_slot(p, obj, slot, value, &here))
			return false;
	}
	return true;
}

/* No two tables may have been given a row of one id. */
static bool
check_made(Patch *p)
{
	if (!vm_charge_steps(p->vm, p->n_made))
		return false;
	sort_rows(p->made, p->n_made);
	for (uint32_t i = 1; i < p->n_made; i++)
		if (p->made[i].id == p->made[i - 1].id)
			return vm_fail(p->vm, KIT_DELTA_MISFIT, "the patch has two rows with the id %lld", (long long) p->made[i].id);
	return true;
}

bool
vm_patch_document(Vm *vm, DocItem patch)
{
	Patch		p = {.vm = vm};

	if (!vm->may_write)
		return vm_writes_refused(vm);
	p.last_row_id = vm->doc->last_row_id;
	return patch_members(&p, vm->root, patch, NULL) && check_made(&p);
}
