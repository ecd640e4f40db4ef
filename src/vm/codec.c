/*
 * codec.c
 *	  Values in storage form: written, and weighed.
 *
 * What a value weighs is exactly what writing it takes: the size of a state is known without writing it.
 */
#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

/* Doubles that the format cannot hold as numbers. */
static const char *
odd_double_text(double d)
{
	if (d != d)
		return "NaN";
	if (d - d != 0)
		return d > 0 ? "Infinity" : "-Infinity";
	return NULL;
}

/* ---- sizes ---- */

static inline size_t
text_size(size_t len)
{
	return vm_varint_size(len) + len;
}

size_t
vm_int_text_size(int64_t value)
{
	static const uint64_t powers[] = {
		10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000, UINT64_C(10000000000000000000)
	};
	uint64_t	rest = value < 0 ? -(uint64_t) value : (uint64_t) value;
	size_t		size = value < 0 ? 2 : 1;
	size_t		least = (size_t) (63 - __builtin_clzll(rest | 1)) * 77 / 256;	/* digits but one, or one less: log10(2) of the bits */

	return size + least + (rest >= powers[least]);
}

static size_t
double_size(double d)
{
	const char *odd = odd_double_text(d);

	return odd == NULL ? 9 : 2 + strlen(odd);
}

#define PART_SIZE ((size_t) 2)	/* of the name of a part of a complex number */
#define AGENT_SIZE (1 + sizeof("agent") - 1)
#define AUTHORITY_SIZE (1 + sizeof("authority") - 1)
#define ID_SIZE (1 + sizeof("id") - 1)

static const LangField *
field_of_slot(const LangStruct *structure, int slot)
{
	int			i = slot;		/* a field's slot is at most its index */

	while (structure->fields[i]->slot != slot)
		i++;
	return structure->fields[i];
}

static size_t
map_size(const VmMap *map)
{
	const LangType *type = vm_map_value_type(map);
	size_t		size = VM_CONTAINER_SIZE;
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	while ((entry = vm_map_step(map, &at)) != NULL)
		size += vm_key_size(map->key_kind, entry->key) + vm_value_size(type, vm_map_entry_value(map, entry));
	return size;
}

size_t
vm_value_size(const LangType *type, VmVal value)
{
	char		text[KIT_CALENDAR_TEXT];

	switch (type->kind)
	{
		case LANG_BOOL:
			return 1;
		case LANG_INT:
		case LANG_ENUM:
			return vm_int_size(value.i);
		case LANG_LONG:
			return 2 + vm_int_text_size(value.i);
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			return 1 + text_size((size_t) vm_calendar_text(type, value, text));
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return double_size(value.d);
		case LANG_COMPLEX:
			return VM_CONTAINER_SIZE + PART_SIZE + double_size(value.complex->re) + PART_SIZE + double_size(value.complex->im);
		case LANG_STRING:
		case LANG_LABEL:
			return 1 + text_size(value.str->len);
		case LANG_DYNAMIC:
		case LANG_JSON:
			return value.str->len;
		case LANG_TEXT:
			return vm_cotext_size(value.text);
		case LANG_PRINCIPAL:
			return VM_CONTAINER_SIZE + AGENT_SIZE + 1 + text_size(value.who->agent_len) +
				AUTHORITY_SIZE + 1 + text_size(value.who->authority_len);
		case LANG_ASSET:
			return vm_asset_encoded_size(value.asset);
		case LANG_MAYBE:
			if (type->a->kind == LANG_RECORD)
				return VM_CONTAINER_SIZE + vm_members_size(vm_holder_find(value.table));
			return value.maybe == NULL ? 1 : vm_value_size(type->a, value.maybe->value);
		case LANG_LIST:
		case LANG_ARRAY:
			{
				size_t		size = VM_CONTAINER_SIZE;

				for (uint32_t i = 0; i < value.list->n; i++)
					size += vm_value_size(type->a, value.list->items[i]);
				return size;
			}
		case LANG_RECORD:
		case LANG_MESSAGE:
			return VM_CONTAINER_SIZE + vm_members_size(value.obj);
		case LANG_TABLE:
			{
				size_t		size = VM_CONTAINER_SIZE;

				for (uint32_t i = 0; i < value.table->n_rows; i++)
					if ((value.table->rows[i]->flags & VM_OBJ_DELETED) == 0)
						size += vm_row_size(value.table->rows[i]);
				return size;
			}
		case LANG_MAP:
			return map_size(value.map);
		default:
			ADAMA_ASSERT(false);
			return 1;
	}
}

size_t
vm_members_size(const VmObj *obj)
{
	const LangStruct *structure = obj->structure;
	size_t		size = 0;

	if (structure->kind == LANG_STRUCT_ENTRY)
		return vm_value_is_absent(structure->fields[0]->type, obj->slots[0]) ? 0 : vm_value_size(structure->fields[0]->type, obj->slots[0]);
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot >= 0 && !vm_value_is_absent(field->type, obj->slots[field->slot]))
			size += text_size(field->name->len) + vm_value_size(field->type, obj->slots[field->slot]);
	}
	return size;
}

size_t
vm_row_head_size(const VmObj *row)
{
	const VmTable *table = row->table;

	switch (table->type->kind)
	{
		case LANG_MAP:
			return vm_key_size(table->map->key_kind, row->key) + (row->structure->kind == LANG_STRUCT_ENTRY ? 0 : VM_CONTAINER_SIZE);
		case LANG_MAYBE:
			return text_size(field_of_slot(table->owner->structure, table->slot)->name->len) + VM_CONTAINER_SIZE;
		default:
			return 1 + vm_int_text_size(row->id) + VM_CONTAINER_SIZE + ID_SIZE + vm_int_size(row->id);
	}
}

size_t
vm_row_size(const VmObj *row)
{
	return vm_row_head_size(row) + vm_members_size(row);
}

size_t
vm_dedupe_key_size(const VmDedupeKey *key)
{
	return text_size(key->len) + 2 + vm_int_text_size(key->ms);
}

size_t
vm_doc_state_size(const VmDoc *doc)
{
	size_t		size = DOC_HEADER_SIZE + VM_CONTAINER_SIZE + doc->members_size;

	if (doc->last_row_id != 0)
		size += text_size(sizeof(VM_MEMBER_ROW_ID) - 1) + vm_int_size(doc->last_row_id);
	if (doc->entropy != 0)
		size += text_size(sizeof(VM_MEMBER_ENTROPY) - 1) + 2 + vm_int_text_size((int64_t) doc->entropy);
	if (doc->zone != KIT_ZONE_UTC)
	{
		char		text[KIT_CALENDAR_TEXT];

		size += text_size(sizeof(VM_MEMBER_ZONE) - 1) + 1 + text_size((size_t) kit_zone_text(doc->zone, text));
	}
	if (doc->dedupe.n > 0)
		size += text_size(sizeof(VM_MEMBER_DEDUPE) - 1) + VM_CONTAINER_SIZE + doc->dedupe.size;
	return size;
}

/* ---- writing ---- */

static void
write_principal(DocWriter *w, const VmPrincipal *who)
{
	doc_write_object_begin(w);
	doc_write_key(w, "agent", 5);
	doc_write_string(w, who->text, who->agent_len);
	doc_write_key(w, "authority", 9);
	doc_write_string(w, who->text + who->agent_len, who->authority_len);
	doc_write_object_end(w);
}

static void
write_double(DocWriter *w, double d)
{
	const char *odd = odd_double_text(d);

	if (odd == NULL)
		doc_write_double(w, d);
	else
		doc_write_string(w, odd, strlen(odd));
}

static void
write_table(DocWriter *w, const VmTable *table)
{
	doc_write_object_begin(w);
	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		const VmObj *row = table->rows[i];

		if (row->flags & VM_OBJ_DELETED)
			continue;
		doc_write_key_int(w, row->id);
		doc_write_object_begin(w);
		vm_members_encode(w, row);
		doc_write_object_end(w);
	}
	doc_write_object_end(w);
}

static void
write_map(DocWriter *w, const VmMap *map)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	doc_write_object_begin(w);
	while ((entry = vm_map_step(map, &at)) != NULL)
	{
		vm_key_write(w, map->key_kind, entry->key);
		vm_value_encode(w, vm_map_value_type(map), vm_map_entry_value(map, entry));
	}
	doc_write_object_end(w);
}

void
vm_members_encode(DocWriter *w, const VmObj *obj)
{
	const LangStruct *structure = obj->structure;

	if (obj->table != NULL && obj->table->type->kind == LANG_TABLE)
	{
		doc_write_key(w, "id", 2);
		doc_write_int(w, obj->id);
	}
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot < 0 || vm_value_is_absent(field->type, obj->slots[field->slot]))
			continue;
		doc_write_key(w, field->name->text, field->name->len);
		vm_value_encode(w, field->type, obj->slots[field->slot]);
	}
}

void
vm_value_encode(DocWriter *w, const LangType *type, VmVal value)
{
	char		text[KIT_CALENDAR_TEXT];
	int			len;

	switch (type->kind)
	{
		case LANG_BOOL:
			doc_write_bool(w, value.i != 0);
			return;
		case LANG_INT:
		case LANG_ENUM:
			doc_write_int(w, value.i);
			return;
		case LANG_LONG:
			doc_write_long(w, value.i);
			return;
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			len = vm_calendar_text(type, value, text);
			doc_write_string(w, text, (size_t) len);
			return;
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			write_double(w, value.d);
			return;
		case LANG_COMPLEX:
			doc_write_object_begin(w);
			doc_write_key(w, "r", 1);
			write_double(w, value.complex->re);
			doc_write_key(w, "i", 1);
			write_double(w, value.complex->im);
			doc_write_object_end(w);
			return;
		case LANG_STRING:
		case LANG_LABEL:
			doc_write_string(w, value.str->text, value.str->len);
			return;
		case LANG_DYNAMIC:
		case LANG_JSON:
			doc_write_item(w, vm_dynamic_item(value.str));
			return;
		case LANG_TEXT:
			vm_cotext_encode(w, value.text);
			return;
		case LANG_PRINCIPAL:
			write_principal(w, value.who);
			return;
		case LANG_ASSET:
			vm_asset_encode(w, value.asset);
			return;
		case LANG_MAYBE:
			if (type->a->kind == LANG_RECORD)
				vm_value_encode(w, type->a, (VmVal) {.obj = vm_holder_find(value.table)});
			else if (value.maybe == NULL)
				doc_write_null(w);
			else
				vm_value_encode(w, type->a, value.maybe->value);
			return;
		case LANG_MAP:
			write_map(w, value.map);
			return;
		case LANG_LIST:
		case LANG_ARRAY:
			doc_write_array_begin(w);
			for (uint32_t i = 0; i < value.list->n; i++)
				vm_value_encode(w, type->a, value.list->items[i]);
			doc_write_array_end(w);
			return;
		case LANG_RECORD:
		case LANG_MESSAGE:
			doc_write_object_begin(w);
			vm_members_encode(w, value.obj);
			doc_write_object_end(w);
			return;
		case LANG_TABLE:
			write_table(w, value.table);
			return;
		default:
			ADAMA_ASSERT(false);
			doc_write_null(w);
			return;
	}
}

void
vm_zone_encode(DocWriter *w, int zone)
{
	char		text[KIT_CALENDAR_TEXT];
	int			len = kit_zone_text(zone, text);

	doc_write_string(w, text, (size_t) len);
}

static void
write_dedupe(DocWriter *w, const VmDoc *doc)
{
	doc_write_key_z(w, VM_MEMBER_DEDUPE);
	doc_write_object_begin(w);
	for (const VmDedupeKey *key = doc->dedupe.first; key != NULL; key = key->after)
	{
		doc_write_key(w, key->text, key->len);
		doc_write_long(w, key->ms);
	}
	doc_write_object_end(w);
}

DocBytes
vm_doc_save(const VmDoc *doc, KitBuf *out)
{
	DocWriter	w;

	kit_buf_reserve(out, vm_doc_state_size(doc));
	doc_write_begin(&w, out, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	vm_members_encode(&w, doc->root);
	if (doc->last_row_id != 0)
	{
		doc_write_key_z(&w, VM_MEMBER_ROW_ID);
		doc_write_int(&w, doc->last_row_id);
	}
	if (doc->entropy != 0)
	{
		doc_write_key_z(&w, VM_MEMBER_ENTROPY);
		doc_write_long(&w, (int64_t) doc->entropy);
	}
	if (doc->zone != KIT_ZONE_UTC)
	{
		doc_write_key_z(&w, VM_MEMBER_ZONE);
		vm_zone_encode(&w, doc->zone);
	}
	if (doc->dedupe.n > 0)
		write_dedupe(&w, doc);
	doc_write_object_end(&w);
	return doc_write_end(&w);
}
