/*
 * state_load.c
 *	  A document made from a state, and brought forward by deltas.
 *
 * A state is applied as a delta to an empty document; both walk the bytes once, along the types of the program.  What does not
 * fit the program is damage: the bytes come from where only this extension writes.  (Not so null for what is not there: removing
 * it again changes nothing.)
 *
 * While an object is new its size need not be followed member by member: it is weighed when it is complete.
 */
#include <math.h>

#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

typedef struct Load
{
	VmDoc	   *doc;
	bool		is_upgrade;
	int			depth;
	int64_t		last_row_id;	/* the largest id of a row that was made */
	KitArena   *scratch;		/* NULL until one is needed */
	KitDiag    *diag;
} Load;

/* Where we are, for messages. */
typedef struct Place
{
	const struct Place *around;
	DocKey		key;
} Place;

static bool load_members(Load *load, VmObj *obj, DocItem item, bool is_new, const Place *place);
static bool load_slot(Load *load, VmObj *obj, int slot, DocItem item, bool is_new, const Place *place);

static size_t
place_text(const Place *place, char *text, size_t size)
{
	size_t		len = 0;

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

static bool
misfit(Load *load, const Place *place, const char *expected)
{
	char		text[200] = "";

	place_text(place, text, sizeof(text));
	return kit_fail(load->diag, KIT_DAMAGED, "stored member \"%s\" is not %s", text, expected);
}

static bool
check_cursor(Load *load, const DocCursor *cursor, const Place *place)
{
	return !cursor->is_damaged || misfit(load, place, "readable");
}

static bool
unknown_member(Load *load, DocItem item, const Place *place)
{
	return item.kind == DOC_NULL || load->is_upgrade || misfit(load, place, "known to the program");
}

/* ---- values ---- */

static bool
load_double(Load *load, DocItem item, const Place *place, VmVal *out)
{
	if (item.kind == DOC_DOUBLE)
		out->d = item.d;
	else if (item.kind == DOC_INT && load->is_upgrade)
		out->d = (double) item.i;	/* it was an int */
	else if (item.kind == DOC_STRING && item.len == 3 && memcmp(item.str, "NaN", 3) == 0)
		out->d = __builtin_nan("");
	else if (item.kind == DOC_STRING && item.len == 8 && memcmp(item.str, "Infinity", 8) == 0)
		out->d = __builtin_inf();
	else if (item.kind == DOC_STRING && item.len == 9 && memcmp(item.str, "-Infinity", 9) == 0)
		out->d = -__builtin_inf();
	else
		return misfit(load, place, "a double");
	return true;
}

/* Merges into what was there: a delta may name one of the parts only. */
static bool
load_complex(Load *load, DocItem item, const VmComplex *was, const Place *place, VmVal *out)
{
	DocKey		key;
	DocItem		part;
	VmVal		parts[2] = {{.d = NAN}, {.d = NAN}};
	bool		is_there[2] = {false, false};
	VmComplex  *number;

	if (item.kind != DOC_OBJECT)
		return misfit(load, place, "a complex number");
	if (was != NULL && !item.replaces)
	{
		parts[0].d = was->re;
		parts[1].d = was->im;
		is_there[0] = is_there[1] = true;
	}
	while (doc_next_member(&item.body, &key, &part))
	{
		int			which = doc_key_is(key, "i");

		if (which == 0 && !doc_key_is(key, "r"))
			return misfit(load, place, "a complex number");
		if (!load_double(load, part, place, &parts[which]))
			return false;
		is_there[which] = true;
	}
	if (item.body.is_damaged || !is_there[0] || !is_there[1])
		return misfit(load, place, "a complex number");
	number = kit_heap_alloc(load->doc->heap, sizeof(VmComplex));
	*number = (VmComplex) {parts[0].d, parts[1].d};
	out->complex = number;
	return true;
}

/* Only the text that is written: what it takes is known without reading it. */
static bool
load_calendar(Load *load, const LangType *type, DocItem item, const Place *place, VmVal *out)
{
	char		text[KIT_CALENDAR_TEXT];
	const char *problem;
	bool		is_valid = item.kind == DOC_STRING;

	if (is_valid && type->kind == LANG_DATE)
		is_valid = kit_date_parse(item.str, item.len, &out->i);
	else if (is_valid && type->kind == LANG_TIME)
		is_valid = kit_time_parse(item.str, item.len, &out->i);
	else if (is_valid)
		is_valid = kit_datetime_parse(item.str, item.len, &out->i, &problem);
	if (is_valid && (size_t) vm_calendar_text(type, *out, text) == item.len && memcmp(text, item.str, item.len) == 0)
		return true;
	return misfit(load, place, type->kind == LANG_DATE ? "a date" : type->kind == LANG_TIME ? "a time" : "a datetime");
}

/* Merges into what was there: a delta may name one of the parts only. */
static bool
load_principal(Load *load, DocItem item, const VmPrincipal *was, const Place *place, VmVal *out)
{
	DocKey		key;
	DocItem		part;
	DocItem		agent = {.kind = DOC_NULL};
	DocItem		authority = {.kind = DOC_NULL};

	if (item.kind != DOC_OBJECT)
		return misfit(load, place, "a principal");
	if (was != NULL && !item.replaces)
	{
		agent = (DocItem) {.kind = DOC_STRING, .str = was->text, .len = was->agent_len};
		authority = (DocItem) {.kind = DOC_STRING, .str = was->text + was->agent_len, .len = was->authority_len};
	}
	while (doc_next_member(&item.body, &key, &part))
	{
		if (doc_key_is(key, "agent"))
			agent = part;
		else if (doc_key_is(key, "authority"))
			authority = part;
		else
			return misfit(load, place, "a principal");
	}
	if (item.body.is_damaged || agent.kind != DOC_STRING || authority.kind != DOC_STRING ||
		agent.len > UINT16_MAX || authority.len > UINT16_MAX)
		return misfit(load, place, "a principal");
	if (agent.len == 1 && authority.len == 1 && agent.str[0] == '?' && authority.str[0] == '?')
		out->who = vm_no_one;
	else
		out->who = vm_heap_principal(load->doc, agent.str, agent.len, authority.str, authority.len);
	return true;
}

/* Merges into what was there: a delta may name some of the parts only. */
static bool
load_asset(Load *load, DocItem item, const VmAsset *was, const Place *place, VmVal *out)
{
	VmAssetParts parts;

	if (!vm_asset_load(item, was, &parts))
		return misfit(load, place, "an asset");
	out->asset = vm_asset_new(load->doc->heap, NULL, &parts);
	return true;
}

static bool
load_enum(Load *load, const LangEnum *enumeration, DocItem item, VmVal initial, const Place *place, VmVal *out)
{
	if (item.kind != DOC_INT)
		return misfit(load, place, "an enum's number");
	for (int i = 0; i < enumeration->n; i++)
		if (enumeration->numbers[i] == item.i)
		{
			out->i = item.i;
			return true;
		}
	if (!load->is_upgrade)
		return misfit(load, place, "a number of its enum");
	*out = initial;
	return true;
}

/* Merges into what was there, if anything. */
static bool
load_dynamic(Load *load, DocItem item, const VmStr *was, const Place *place, VmVal *out)
{
	DocItem		base;
	const VmStr *made;
	DocKey		refused;

	if (load->scratch == NULL)
		load->scratch = kit_arena_new("adama load");
	else
		kit_arena_reset(load->scratch);
	if (was != NULL)
		base = vm_dynamic_item(was);
	if (vm_dynamic_new(load->scratch, was == NULL ? NULL : &base, item, &made, &refused) != DOC_FIT_OK)
		return misfit(load, place, "a dynamic");
	out->str = made->is_static ? made : vm_heap_string(load->doc, made->text, made->len);
	return true;
}

static bool
load_text(Load *load, DocItem item, const VmCoText *was, const Place *place, VmVal *out)
{
	if (load->scratch == NULL)
		load->scratch = kit_arena_new("adama load");
	else
		kit_arena_reset(load->scratch);
	out->text = vm_cotext_load(load->doc->heap, load->scratch, item, was);
	return out->text != NULL || misfit(load, place, "a text");
}

/* was: the value so far, or all zeros.  initial: for enums. */
static bool
load_value(Load *load, const LangType *type, DocItem item, VmVal was, VmVal initial, const Place *place, VmVal *out)
{
	switch (type->kind)
	{
		case LANG_BOOL:
			if (item.kind != DOC_BOOL)
				return misfit(load, place, "a bool");
			out->i = item.b;
			return true;
		case LANG_INT:
			if (item.kind != DOC_INT || item.i < INT32_MIN || item.i > INT32_MAX)
				return misfit(load, place, "an int");
			out->i = item.i;
			return true;
		case LANG_LONG:
			if (item.kind == DOC_INT && load->is_upgrade)
				out->i = item.i;	/* it was an int */
			else if (item.kind != DOC_STRING || !doc_parse_int(item.str, item.len, &out->i))
				return misfit(load, place, "a long");
			return true;
		case LANG_ENUM:
			return load_enum(load, type->enumeration, item, initial, place, out);
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			return load_calendar(load, type, item, place, out);
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return load_double(load, item, place, out);
		case LANG_STRING:
		case LANG_LABEL:
			if (item.kind != DOC_STRING)
				return misfit(load, place, "a string");
			out->str = vm_heap_string(load->doc, item.str, item.len);
			return true;
		case LANG_COMPLEX:
			return load_complex(load, item, was.complex, place, out);
		case LANG_PRINCIPAL:
			return load_principal(load, item, was.who, place, out);
		case LANG_ASSET:
			return load_asset(load, item, was.asset, place, out);
		case LANG_TEXT:
			return load_text(load, item, was.text, place, out);
		case LANG_DYNAMIC:
			return load_dynamic(load, item, was.str, place, out);
		case LANG_MAYBE:
			{
				VmMaybe    *maybe;
				VmVal		inside = was.maybe == NULL ? (VmVal) {0} : was.maybe->value;
				const LangEnum *e = type->a->enumeration;
				VmVal		none = {.i = e != NULL ? e->numbers[e->default_index] : 0};

				if (item.kind == DOC_NULL)
				{
					out->maybe = NULL;
					return true;
				}
				if (!load_value(load, type->a, item, inside, none, place, &inside))
					return false;
				maybe = kit_heap_alloc(load->doc->heap, sizeof(VmMaybe));
				maybe->value = inside;
				out->maybe = maybe;
				return true;
			}
		case LANG_LIST:
		case LANG_ARRAY:
			{
				VmList	   *list;
				DocCursor	cursor = item.body;
				DocItem		element;
				uint32_t	n = 0;

				if (item.kind != DOC_ARRAY)
					return misfit(load, place, "an array");
				while (doc_next_element(&cursor, &element))
					n++;
				if (!check_cursor(load, &cursor, place))
					return false;
				list = kit_heap_alloc(load->doc->heap, sizeof(VmList));
				list->n = list->cap = n;
				list->items = n == 0 ? NULL : kit_heap_alloc(load->doc->heap, n * sizeof(VmVal));
				for (uint32_t i = 0; i < n && doc_next_element(&item.body, &element); i++)
					if (!load_value(load, type->a, element, (VmVal) {0}, (VmVal) {0}, place, &list->items[i]))
						return false;
				out->list = list;
				return true;
			}
		default:
			ADAMA_ASSERT(false);
			return misfit(load, place, "of a type that can be stored");
	}
}

/* ---- objects ---- */

/* A new object of the program has its initial values; in one that is read, what is not there is an empty maybe or a null. */
static void
empty_maybes(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_slots; i++)
		if (shape->slots[i].type->kind == LANG_MAYBE && !shape->slots[i].is_child)
			obj->slots[i].maybe = NULL;
		else if (shape->slots[i].type->kind == LANG_DYNAMIC)
			obj->slots[i].str = &vm_null_json;
		else if (shape->slots[i].type->kind == LANG_RECORD)
			empty_maybes(doc, obj->slots[i].obj);
}

static void
reset_object(Load *load, VmObj *obj)
{
	vm_object_reset(load->doc, obj);
	empty_maybes(load->doc, obj);
}

static size_t
rows_size(const VmTable *table)
{
	size_t		size = 0;
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (table->map != NULL)
		while ((entry = vm_map_step(table->map, &at)) != NULL)
			size += vm_row_size(entry->value.obj);
	for (uint32_t i = 0; i < table->n_rows; i++)
		if ((table->rows[i]->flags & VM_OBJ_DELETED) == 0)
			size += vm_row_size(table->rows[i]);
	return size;
}

/* The row of this id, made when it is not there. */
static VmObj *
row_for(Load *load, VmTable *table, uint32_t place, int32_t id, bool *is_made)
{
	VmObj	   *row;
	bool		is_taken = place < table->n_rows && table->rows[place]->id == id;

	*is_made = false;
	if (is_taken && (table->rows[place]->flags & VM_OBJ_DELETED) == 0)
		return table->rows[place];
	*is_made = true;
	row = vm_object_make(load->doc, table->row, NULL);
	row->table = table;
	row->id = id;
	vm_orders_add(load->doc, row);
	vm_aggregates_note(row);
	vm_graphs_made(load->doc, row);
	empty_maybes(load->doc, row);
	if (is_taken)
	{
		vm_orders_bury(load->doc, table);
		vm_object_free(load->doc, table->rows[place]);
		table->rows[place] = row;
		table->n_live++;
	}
	else
		vm_table_put(load->doc, table, place, row);
	if (id > load->last_row_id)
		load->last_row_id = id;
	return row;
}

/* is_made: the row has initial values, and is weighed here when that is to be done. */
static bool
load_into_row(Load *load, VmObj *row, DocItem item, bool is_new, bool is_made, const Place *place)
{
	VmDoc	   *doc = load->doc;

	if (is_made || !item.replaces)
	{
		if (!load_members(load, row, item, is_new || is_made, place))
			return false;
		if (is_made && !is_new)
			doc->members_size += vm_row_size(row);
		return true;
	}
	vm_watch_all(doc);
	if (!is_new)
		doc->members_size -= vm_row_size(row);
	if (row->table->orders != NULL)
		vm_orders_take_out(doc, row);
	vm_aggregates_note(row);
	vm_graphs_changed(doc, row);
	reset_object(load, row);
	if (!load_members(load, row, item, true, place))
		return false;
	if (!is_new)
		doc->members_size += vm_row_size(row);
	return true;
}

static bool
load_row(Load *load, VmTable *table, DocKey key, DocItem item, bool is_new, const Place *around)
{
	VmDoc	   *doc = load->doc;
	Place		place = {around, key};
	int64_t		id;
	uint32_t	at;
	VmObj	   *row;
	bool		is_made;

	if (!doc_parse_int(key.str, key.len, &id) || id < 1 || id > INT32_MAX)
		return misfit(load, &place, "at the id of a row");
	at = vm_table_place(table, (int32_t) id);
	if (item.kind == DOC_NULL)
	{
		row = vm_table_find(table, (int32_t) id);
		if (row == NULL)
			return true;
		if (!is_new)
			doc->members_size -= vm_row_size(row);
		vm_orders_delete(doc, row);
		vm_aggregates_note(row);
		vm_object_empty(doc, row);
		table->n_live--;
		vm_watch_rows(doc, table, (int32_t) id);
		return true;
	}
	if (item.kind != DOC_OBJECT)
		return misfit(load, &place, "a row");
	row = row_for(load, table, at, (int32_t) id, &is_made);
	if (!load_into_row(load, row, item, is_new, is_made, &place))
		return false;
	if (is_made)
		vm_watch_rows(doc, table, row->id);
	return true;
}

static bool
load_table(Load *load, VmTable *table, DocItem item, bool is_new, const Place *place)
{
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_NULL && item.kind != DOC_OBJECT)
		return misfit(load, place, "a table");
	if (item.kind == DOC_NULL || item.replaces)
	{
		if (!is_new)
			load->doc->members_size -= rows_size(table);
		vm_watch_all(load->doc);
		vm_table_clear(load->doc, table);
	}
	if (item.kind == DOC_NULL)
		return true;
	while (doc_next_member(&item.body, &key, &value))
		if (!load_row(load, table, key, value, is_new, place))
			return false;
	if (!check_cursor(load, &item.body, place))
		return false;
	vm_orders_bury(load->doc, table);
	vm_table_compact(load->doc, table);
	return true;
}

/* ---- maps, maybes of records ---- */

static VmObj *
make_entry(Load *load, VmMap *map, VmMapAt at, VmVal key)
{
	VmObj	   *row = vm_object_make(load->doc, map->table->row, NULL);

	row->table = map->table;
	row->key = key;
	empty_maybes(load->doc, row);
	vm_map_add(map, vm_doc_map_memory(load->doc), at, key, (VmVal) {.obj = row});
	map->table->n_live++;
	return row;
}

static void
drop(Load *load, VmObj *row, bool is_new)
{
	if (!is_new)
		load->doc->members_size -= vm_row_size(row);
	row->table->n_live--;
	vm_object_drop(load->doc, row);
}

static bool
load_entry(Load *load, VmMap *map, DocKey text, DocItem item, bool is_new, const Place *around)
{
	VmDoc	   *doc = load->doc;
	Place		place = {around, text};
	const LangType *type = map->table->type;
	VmMapAt		at;
	VmPair	   *known;
	VmObj	   *row;
	VmVal		key;

	if (!vm_key_read(type->a, text, NULL, doc, &key))
	{
		if (load->is_upgrade && type->a->kind == LANG_ENUM)
			return true;		/* a value of the enumeration that is gone */
		return misfit(load, &place, "at a key of the map");
	}
	known = vm_map_find(map, key, &at);
	if (known != NULL || item.kind == DOC_NULL)
		vm_key_free(doc, map->key_kind, key);
	if (item.kind == DOC_NULL)
	{
		if (known != NULL)
			drop(load, known->value.obj, is_new);
		return true;
	}
	row = known != NULL ? known->value.obj : make_entry(load, map, at, key);
	if (row->structure->kind != LANG_STRUCT_ENTRY)
	{
		if (item.kind != DOC_OBJECT)
			return misfit(load, &place, "a record");
		return load_into_row(load, row, item, is_new, known == NULL, &place);
	}
	if (!load_slot(load, row, 0, item, is_new || known == NULL, &place))
		return false;
	if (known == NULL && !is_new)
		doc->members_size += vm_row_size(row);
	return true;
}

static bool
load_map(Load *load, VmMap *map, DocItem item, bool is_new, const Place *place)
{
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_NULL && item.kind != DOC_OBJECT)
		return misfit(load, place, "a map");
	if (item.kind == DOC_NULL || item.replaces)
	{
		if (!is_new)
			load->doc->members_size -= rows_size(map->table);
		vm_watch_all(load->doc);
		vm_table_clear(load->doc, map->table);
	}
	if (item.kind == DOC_NULL)
		return true;
	if (++load->depth > DOC_MAX_DEPTH)
		return misfit(load, place, "of a depth that a document can have");
	while (doc_next_member(&item.body, &key, &value))
		if (!load_entry(load, map, key, value, is_new, place))
			return false;
	load->depth--;
	return check_cursor(load, &item.body, place);
}

static bool
load_held(Load *load, VmTable *holder, DocItem item, bool is_new, const Place *place)
{
	VmObj	   *row = vm_holder_find(holder);
	bool		is_made = row == NULL;

	if (item.kind != DOC_NULL && item.kind != DOC_OBJECT)
		return misfit(load, place, "a record");
	if (item.kind == DOC_NULL)
	{
		if (row != NULL)
			drop(load, row, is_new);
		return true;
	}
	if (is_made)
	{
		row = vm_object_make(load->doc, holder->row, NULL);
		row->table = holder;
		empty_maybes(load->doc, row);
		vm_table_put(load->doc, holder, 0, row);
	}
	return load_into_row(load, row, item, is_new, is_made, place);
}

static bool
load_record(Load *load, VmObj *obj, DocItem item, bool is_new, const Place *place)
{
	if (item.kind != DOC_NULL && item.kind != DOC_OBJECT)
		return misfit(load, place, "a record");
	if (item.kind == DOC_OBJECT && !item.replaces)
		return load_members(load, obj, item, is_new, place);
	if (!is_new)
		load->doc->members_size -= vm_members_size(obj);
	vm_watch_all(load->doc);
	reset_object(load, obj);
	if (item.kind == DOC_OBJECT && !load_members(load, obj, item, true, place))
		return false;
	if (!is_new)
		load->doc->members_size += vm_members_size(obj);
	return true;
}

static bool
load_slot(Load *load, VmObj *obj, int slot, DocItem item, bool is_new, const Place *place)
{
	VmDoc	   *doc = load->doc;
	const VmShape *shape = vm_shape_of(doc, obj->structure);
	const VmSlot *s = &shape->slots[slot];
	VmVal		old = obj->slots[slot];
	VmVal		value;

	if (s->type->kind == LANG_TABLE)
		return load_table(load, old.table, item, is_new, place);
	if (s->type->kind == LANG_RECORD)
		return load_record(load, old.obj, item, is_new, place);
	/* whatever happens within a map, or to who is in a maybe, is a change of the field */
	if (s->is_child && !is_new)
		vm_watch_slot(doc, obj, slot);
	if (s->type->kind == LANG_MAP)
		return load_map(load, old.map, item, is_new, place);
	if (s->is_child)
		return load_held(load, old.table, item, is_new, place);
	if (item.kind == DOC_NULL && s->type->kind != LANG_MAYBE && s->type->kind != LANG_DYNAMIC)
		value = shape->defaults[slot];
	else
	{
		/* the initial principal or JSON is not one that was there: nothing is merged into it */
		VmVal		was = is_new ? (VmVal) {0} : old;

		if (!load_value(load, s->type, item, was, shape->defaults[slot], place, &value))
			return false;
	}
	if (!is_new)
	{
		doc->members_size += vm_slot_size(s, value) - vm_slot_size(s, old);
		vm_watch_slot(doc, obj, slot);
	}
	vm_before_set(doc, obj, slot);
	vm_slot_free(doc, shape, slot, old);
	obj->slots[slot] = value;
	return true;
}

/* ---- the document's own members ---- */

static bool
load_dedupe(Load *load, DocItem item, const Place *place)
{
	VmDoc	   *doc = load->doc;
	DocKey		key;
	DocItem		value;

	if (item.kind != DOC_NULL && item.kind != DOC_OBJECT)
		return misfit(load, place, "an object");
	if (item.kind == DOC_NULL || item.replaces)
		vm_dedupe_clear(doc);
	if (item.kind == DOC_NULL)
		return true;
	while (doc_next_member(&item.body, &key, &value))
	{
		VmDedupeKey *known = vm_dedupe_find(doc, key.str, key.len);
		VmDedupeKey *made;
		int64_t		ms;

		if (known != NULL)
		{
			vm_dedupe_take_out(doc, known);
			vm_dedupe_free(doc, known);
		}
		if (value.kind == DOC_NULL)
			continue;
		if (value.kind != DOC_STRING || !doc_parse_int(value.str, value.len, &ms))
			return misfit(load, place, "an object of longs");
		vm_dedupe_put(doc, key.str, key.len, ms, &made);
	}
	return check_cursor(load, &item.body, place);
}

static bool
load_own_member(Load *load, DocKey key, DocItem item, const Place *place)
{
	VmDoc	   *doc = load->doc;
	int64_t		value = 0;

	if (doc_key_is(key, VM_MEMBER_ROW_ID))
	{
		if (item.kind != DOC_NULL && (item.kind != DOC_INT || item.i < 0 || item.i > INT32_MAX))
			return misfit(load, place, "a row id");
		doc->last_row_id = item.kind == DOC_NULL ? 0 : item.i;
		return true;
	}
	if (doc_key_is(key, VM_MEMBER_ENTROPY))
	{
		if (item.kind != DOC_NULL && (item.kind != DOC_STRING || !doc_parse_int(item.str, item.len, &value)))
			return misfit(load, place, "a long");
		doc->entropy = (uint64_t) value;
		return true;
	}
	if (doc_key_is(key, VM_MEMBER_ZONE))
	{
		char		text[KIT_CALENDAR_TEXT];
		int			zone = item.kind == DOC_STRING ? kit_zone_find(item.str, item.len) : item.kind == DOC_NULL ? KIT_ZONE_UTC : -1;

		/* only the text that is written */
		if (zone < 0 || (item.kind == DOC_STRING && (size_t) kit_zone_text(zone, text) != item.len))
			return misfit(load, place, "a time zone");
		/* any time of the document reads it */
		if (zone != doc->zone)
			vm_watch_all(doc);
		doc->zone = zone;
		return true;
	}
	if (doc_key_is(key, VM_MEMBER_DEDUPE))
		return load_dedupe(load, item, place);
	return unknown_member(load, item, place);
}

/* is_new: the object is weighed later, and has initial values now. */
static bool
load_members(Load *load, VmObj *obj, DocItem item, bool is_new, const Place *around)
{
	const VmShape *shape = vm_shape_of(load->doc, obj->structure);
	const DocItem whole = item;
	DocKey		key;
	DocItem		value;
	int			next = 0;

	if (++load->depth > DOC_MAX_DEPTH)
		return misfit(load, around, "of a depth that a document can have");
	if (!is_new)
		vm_watch_object(load->doc, obj);
	while (doc_next_member(&item.body, &key, &value))
	{
		Place		place = {around, key};
		int			slot;

		if (obj->table != NULL && obj->table->type->kind == LANG_TABLE && doc_key_is(key, "id"))
		{
			if (value.kind != DOC_INT || value.i != obj->id)
				return misfit(load, &place, "the row's id");
			continue;
		}
		slot = vm_shape_slot(shape, key.str, key.len, &next);
		if (slot < 0 && load->is_upgrade)
			slot = vm_shape_former_slot(shape, whole, key);
		if (slot >= 0)
		{
			if (!load_slot(load, obj, slot, value, is_new, &place))
				return false;
		}
		else if (obj == load->doc->root)
		{
			if (!load_own_member(load, key, value, &place))
				return false;
		}
		else if (!unknown_member(load, value, &place))
			return false;
	}
	load->depth--;
	return check_cursor(load, &item.body, around);
}

static bool
load_root(Load *load, DocItem root, bool is_new)
{
	VmDoc	   *doc = load->doc;

	if (root.kind != DOC_OBJECT)
		return kit_fail(load->diag, KIT_DAMAGED, "the stored document or delta is not an object");
	/* what changes has a stamp of its own, later than any that somebody remembers */
	doc->stamp++;
	if (root.replaces)
	{
		vm_watch_all(doc);
		reset_object(load, doc->root);
		doc->last_row_id = 0;
		doc->entropy = 0;
		doc->zone = KIT_ZONE_UTC;
		vm_dedupe_clear(doc);
		is_new = true;
	}
	if (!load_members(load, doc->root, root, is_new, NULL))
		return false;
	if (load->last_row_id > doc->last_row_id)
		return kit_fail(load->diag, KIT_DAMAGED, "row %lld is beyond the last row id of the document, %lld",
						(long long) load->last_row_id, (long long) doc->last_row_id);
	if (is_new)
		doc->members_size = vm_members_size(doc->root);
	doc->stamp++;
	return true;
}

static bool
load_all(Load *load, DocItem root, bool is_new)
{
	bool		ok = load_root(load, root, is_new);

	if (load->scratch != NULL)
		kit_arena_delete(load->scratch);
	return ok;
}

VmDoc *
vm_doc_load(const VmProgram *program, DocBytes state, bool is_upgrade, bool keep, KitDiag *diag)
{
	DocItem		root;
	VmDoc	   *doc;

	if (!doc_open(state, DOC_DOCUMENT, &root, diag))
		return NULL;
	doc = vm_doc_new(program, 0, keep);
	empty_maybes(doc, doc->root);
	if (load_all(&(Load) {.doc = doc, .is_upgrade = is_upgrade, .diag = diag}, root, true))
		return doc;
	vm_doc_free(doc);
	return NULL;
}

/* Whether what the document is now could be loaded. */
static bool
is_loadable(VmDoc *doc, KitDiag *diag)
{
	KitArena   *arena = kit_arena_new("state");
	KitBuf		state;
	VmDoc	   *copy;

	kit_buf_init(&state, arena);
	copy = vm_doc_load(doc->program, vm_doc_save(doc, &state), false, false, diag);
	if (copy != NULL)
		vm_doc_free(copy);
	kit_arena_delete(arena);
	return copy != NULL;
}

bool
vm_doc_apply(VmDoc *doc, DocBytes delta, KitDiag *diag)
{
	DocItem		root;
	int64_t		last_row_id = doc->last_row_id;

	ADAMA_ASSERT(!doc->is_open);
	if (!doc_open(delta, DOC_DELTA, &root, diag) || !load_all(&(Load) {.doc = doc, .diag = diag}, root, false))
		return false;
	if (doc->last_row_id >= last_row_id)
		return true;
	/* going back in time takes numbers of rows back, which must not be those of rows that stay */
	if (!is_loadable(doc, diag))
		return false;
	vm_object_renumber(doc, doc->root);
	return true;
}
