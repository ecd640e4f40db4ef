/*
 * build.c
 *	  From a document and a viewer to the tree of what the viewer may see.
 *
 * Walks the program's structures: root, records, messages.  A field is in the tree when its privacy allows it and it has
 * something to show: an empty maybe and a double that JSON has no number for are left out, and come as null when they were there
 * before.  A record that is hidden leaves no trace, neither a member nor its id.
 *
 * Lists of rows are objects by id with "@o", also when empty; so are lists of messages that have a unique id.  Rows without a
 * table (records nested in others) have no id and go by their place.  All other lists are objects by index with "@s".
 *
 * Formulas can show rows that show rows: the depth is limited, and so are the bytes of the tree.
 */
#include <math.h>
#include <string.h>

#include "kit/hash.h"
#include "live/internal.h"
#include "vm/asset.h"
#include "vm/dynamic.h"
#include "vm/map.h"

/* Principals come again and again: their nodes are shared. */
typedef struct Known
{
	const VmPrincipal *who;
	DocNode    *node;
} Known;

#define N_KNOWN 16

typedef struct Build
{
	VmReader   *reader;
	const VmLimits *limits;
	KitArena   *arena;
	size_t		room;			/* the arena may hold that much */
	int			depth;
	Known		known[N_KNOWN];
	KitDiag    *diag;
} Build;

static bool build_value(Build *b, const LangType *type, VmVal value, DocNode **out);

static bool
check_room(Build *b)
{
	if (kit_arena_size(b->arena) <= b->room)
		return true;
	kit_fail(b->diag, KIT_BUDGET_EXCEEDED, "the view used up its budget of %lld bytes of memory", (long long) b->limits->memory);
	kit_diag_hint(b->diag, "Perhaps a formula of a record shows rows that show it again.");
	return false;
}

/* Opens a container. */
static bool
enter(Build *b)
{
	if (b->depth >= DOC_MAX_DEPTH || port_stack_is_low())
	{
		kit_fail(b->diag, KIT_RUNTIME_ERROR, "the view nests deeper than %d levels", DOC_MAX_DEPTH);
		kit_diag_hint(b->diag, "Perhaps a formula of a record shows rows that show it again.");
		return false;
	}
	port_poll();
	b->depth++;
	return check_room(b);
}

static void
leave(Build *b)
{
	b->depth--;
}

static DocNode *
copy_text(Build *b, const char *text, size_t len)
{
	return doc_node_string(b->arena, kit_arena_strdup(b->arena, text, len), len);
}

static const char *
decimal(Build *b, int64_t value, size_t *len)
{
	char		digits[24];
	char	   *end = digits + sizeof(digits);
	char	   *at = end;
	uint64_t	rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
		*--at = (char) ('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--at = '-';
	*len = (size_t) (end - at);
	return kit_arena_strdup(b->arena, at, *len);
}

/* A name that a browser's objects would take for their prototype is never shown. */
static bool
is_harmful(const char *key, size_t len)
{
	return len == 9 && memcmp(key, "__proto__", 9) == 0;
}

static void
set_member(Build *b, DocNode *object, const KitSym *name, DocNode *value)
{
	if (value != NULL && !is_harmful(name->text, name->len))
		doc_node_add(b->arena, object, name->text, name->len, value);
}

static DocNode *
principal_node(Build *b, const VmPrincipal *who)
{
	Known	   *known = &b->known[kit_hash(who->text, (size_t) who->agent_len + who->authority_len, who->agent_len) % N_KNOWN];
	DocNode    *node;

	if (known->who != NULL && vm_principal_equal(known->who, who))
		return known->node;
	node = doc_node_new(b->arena, DOC_OBJECT);
	known->who = who;
	known->node = node;
	doc_node_add(b->arena, node, "@t", 2, doc_node_int(b->arena, 1));
	doc_node_add(b->arena, node, "agent", 5, copy_text(b, who->text, who->agent_len));
	doc_node_add(b->arena, node, "authority", 9, copy_text(b, who->text + who->agent_len, who->authority_len));
	return node;
}

/* ---- texts ---- */

const char	live_text_key[] = "$g";

static DocNode *
text_node(Build *b, const VmCoText *text)
{
	LiveText   *made = KIT_NEW(b->arena, LiveText);
	const VmStr *current = vm_cotext_current(b->arena, text);

	made->node.kind = DOC_OBJECT;
	made->text = text;
	doc_node_add(b->arena, &made->node, live_text_key, 2, doc_node_int(b->arena, text->gen));
	doc_node_add(b->arena, &made->node, "$i", 2, doc_node_string(b->arena, current->text, current->len));
	doc_node_add(b->arena, &made->node, "$s", 2, doc_node_int(b->arena, (int64_t) text->seq + text->n_changes));
	return &made->node;
}

uint64_t
live_text_where(const VmObj *obj, const LangField *field)
{
	uint64_t	where = kit_hash_mix(1, (uint64_t) field->slot);

	for (; obj != NULL; obj = obj->table != NULL ? obj->table->owner : obj->parent)
	{
		if (obj->table != NULL && obj->table->type->kind == LANG_MAP)
			return 0;
		where = kit_hash_mix(where, (uint64_t) (uint32_t) obj->id << 32 | (uint32_t) obj->structure->index);
		if (obj->table != NULL)
			where = kit_hash_mix(where, (uint64_t) obj->table->slot);
		else if (obj->parent != NULL)
			for (int i = 0; i < obj->parent->structure->n_slots; i++)
				if (obj->parent->slots[i].obj == obj)
					where = kit_hash_mix(where, (uint64_t) i);
	}
	return where;
}

/* ---- structures ---- */

static bool
may_see(Build *b, VmObj *obj, const LangField *field, bool *may)
{
	*may = field->privacy != LANG_PRIVACY_PRIVATE && field->privacy != LANG_PRIVACY_NONE;
	if (!*may || (field->privacy == LANG_PRIVACY_PUBLIC && field->n_policies == 0 && field->n_filters == 0))
		return true;
	return vm_reader_may_see(b->reader, obj, field, may, b->diag);
}

static bool
build_fields(Build *b, VmObj *obj, bool bubbles, DocNode *node)
{
	const LangStruct *structure = obj->structure;

	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];
		VmVal		value;
		DocNode    *shown = NULL;
		bool		may;

		if ((field->kind == LANG_BUBBLE_FIELD) != bubbles)
			continue;
		if (!may_see(b, obj, field, &may))
			return false;
		if (!may)
			continue;
		if (field->is_id)
			shown = doc_node_int(b->arena, obj->id);
		else if (!vm_reader_field(b->reader, obj, field, &value, b->diag) || !build_value(b, field->type, value, &shown))
			return false;
		if (field->type->kind == LANG_TEXT && field->kind == LANG_STORED_FIELD)
			((LiveText *) shown)->where = live_text_where(obj, field);
		set_member(b, node, field->name, shown);
	}
	return true;
}

/* NULL when the record is hidden. */
static bool
build_record(Build *b, VmObj *obj, DocNode **out)
{
	bool		may = true;

	*out = NULL;
	if (obj->structure->n_requires > 0 && !vm_reader_may_see_record(b->reader, obj, &may, b->diag))
		return false;
	if (!may)
		return true;
	if (!enter(b))
		return false;
	*out = doc_node_new(b->arena, DOC_OBJECT);
	if (!build_fields(b, obj, false, *out) || !build_fields(b, obj, true, *out))
		return false;
	leave(b);
	return true;
}

static bool
build_message(Build *b, VmObj *obj, DocNode **out)
{
	const LangStruct *structure = obj->structure;

	if (!enter(b))
		return false;
	*out = doc_node_new(b->arena, DOC_OBJECT);
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];
		DocNode    *shown;

		if (field->slot < 0)
			continue;
		if (!build_value(b, field->type, obj->slots[field->slot], &shown))
			return false;
		set_member(b, *out, field->name, shown);
	}
	leave(b);
	return true;
}

/* ---- lists ---- */

/* An object by id with its order. */
typedef struct Ordered
{
	DocNode    *object;
	DocNode    *order;
} Ordered;

static bool
begin_ordered(Build *b, Ordered *list)
{
	list->object = doc_node_new(b->arena, DOC_OBJECT);
	list->order = doc_node_new(b->arena, DOC_ARRAY);
	return enter(b);
}

static DocNode *
end_ordered(Build *b, Ordered *list)
{
	doc_node_add(b->arena, list->object, "@o", 2, list->order);
	leave(b);
	return list->object;
}

/* A row that comes twice is shown once, at both places. */
static bool
add_row(Build *b, Ordered *list, VmObj *row, uint32_t index)
{
	int64_t		id = row->table != NULL && row->table->type->kind == LANG_TABLE ? row->id : (int64_t) index;
	size_t		key_len;
	const char *key;
	DocNode    *shown;

	if (row->flags & VM_OBJ_DELETED)
		return true;
	key = decimal(b, id, &key_len);
	if (doc_node_get(list->object, key, key_len) == NULL)
	{
		if (!build_record(b, row, &shown))
			return false;
		if (shown == NULL)
			return true;
		doc_node_add(b->arena, list->object, key, key_len, shown);
	}
	doc_node_append(b->arena, list->order, doc_node_int(b->arena, id));
	return true;
}

static bool
build_rows(Build *b, const VmList *rows, DocNode **out)
{
	Ordered		list;

	if (!begin_ordered(b, &list))
		return false;
	for (uint32_t i = 0; i < rows->n; i++)
		if (!add_row(b, &list, rows->items[i].obj, i))
			return false;
	*out = end_ordered(b, &list);
	return true;
}

static bool
build_table(Build *b, const VmTable *table, DocNode **out)
{
	Ordered		list;

	if (!begin_ordered(b, &list))
		return false;
	for (uint32_t i = 0; i < table->n_rows; i++)
		if (!add_row(b, &list, table->rows[i], i))
			return false;
	*out = end_ordered(b, &list);
	return true;
}

/* The id of a message as key and as element of an order.  False when it cannot be one. */
static bool
message_id(Build *b, const VmObj *message, const char **key, size_t *key_len, DocNode **id)
{
	const LangField *field = message->structure->id;
	VmVal		value = message->slots[field->slot];

	switch (field->type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
		case LANG_ENUM:
			*key = decimal(b, value.i, key_len);
			*id = doc_node_int(b->arena, value.i);
			return true;
		case LANG_STRING:
			*key = kit_arena_strdup(b->arena, value.str->text, value.str->len);
			*key_len = value.str->len;
			*id = doc_node_string(b->arena, *key, *key_len);
			return !is_harmful(*key, *key_len) && (*key_len == 0 || ((*key)[0] != '@' && (*key)[0] != '#'));
		default:
			return false;
	}
}

static bool
build_unique_messages(Build *b, const VmList *messages, DocNode **out)
{
	Ordered		list;

	if (!begin_ordered(b, &list))
		return false;
	for (uint32_t i = 0; i < messages->n; i++)
	{
		VmObj	   *message = messages->items[i].obj;
		DocNode    *shown;
		DocNode    *id;
		const char *key;
		size_t		key_len;

		if (!message_id(b, message, &key, &key_len, &id) || doc_node_get(list.object, key, key_len) != NULL)
			continue;
		if (!build_message(b, message, &shown))
			return false;
		doc_node_add(b->arena, list.object, key, key_len, shown);
		doc_node_append(b->arena, list.order, id);
	}
	*out = end_ordered(b, &list);
	return true;
}

static bool
build_elements(Build *b, const LangType *type, const VmList *list, DocNode **out)
{
	if (!enter(b))
		return false;
	*out = doc_node_new(b->arena, DOC_OBJECT);
	for (uint32_t i = 0; i < list->n; i++)
	{
		DocNode    *shown;
		const char *key;
		size_t		key_len;

		if (!build_value(b, type, list->items[i], &shown))
			return false;
		if (shown == NULL)
			continue;
		key = decimal(b, i, &key_len);
		doc_node_add(b->arena, *out, key, key_len, shown);
		if (i % 256 == 0 && !check_room(b))
			return false;
	}
	doc_node_add(b->arena, *out, "@s", 2, doc_node_int(b->arena, list->n));
	leave(b);
	return true;
}

static bool
build_list(Build *b, const LangType *element, const VmList *list, DocNode **out)
{
	if (element->kind == LANG_RECORD)
		return build_rows(b, list, out);
	if (element->kind == LANG_MESSAGE && element->structure->id != NULL && element->structure->id->is_unique)
		return build_unique_messages(b, list, out);
	return build_elements(b, element, list, out);
}

/* ---- values ---- */

/* JSON that is a value of its own. */
static bool
build_json(Build *b, DocItem item, DocNode **out)
{
	DocKey		key;
	DocItem		inside;
	DocNode    *shown;

	if (item.kind != DOC_ARRAY && item.kind != DOC_OBJECT)
	{
		*out = doc_node_new(b->arena, item.kind);
		if (item.kind == DOC_BOOL)
			(*out)->u.b = item.b;
		else if (item.kind == DOC_INT)
			(*out)->u.i = item.i;
		else if (item.kind == DOC_DOUBLE)
			(*out)->u.d = item.d;
		else if (item.kind == DOC_STRING)
			*out = copy_text(b, item.str, item.len);
		return true;
	}
	if (!enter(b))
		return false;
	*out = doc_node_new(b->arena, item.kind);
	while (item.kind == DOC_ARRAY ? doc_next_element(&item.body, &inside) : doc_next_member(&item.body, &key, &inside))
	{
		if (!build_json(b, inside, &shown))
			return false;
		if (item.kind == DOC_ARRAY)
			doc_node_append(b->arena, *out, shown);
		else
			doc_node_add(b->arena, *out, kit_arena_strdup(b->arena, key.str, key.len), key.len, shown);
	}
	leave(b);
	return true;
}

static DocNode *
double_node(Build *b, double value)
{
	DocNode    *node;

	if (!isfinite(value))
		return NULL;
	node = doc_node_new(b->arena, DOC_DOUBLE);
	node->u.d = value;
	return node;
}

/* Whole, or not at all. */
static DocNode *
complex_node(Build *b, const VmComplex *value)
{
	DocNode    *node;

	if (!isfinite(value->re) || !isfinite(value->im))
		return NULL;
	node = doc_node_new(b->arena, DOC_OBJECT);
	doc_node_add(b->arena, node, "r", 1, double_node(b, value->re));
	doc_node_add(b->arena, node, "i", 1, double_node(b, value->im));
	return node;
}

/* The name is the program's business. */
static DocNode *
asset_node(Build *b, const VmAsset *value)
{
	DocNode    *node = doc_node_new(b->arena, DOC_OBJECT);
	size_t		len;
	const char *size = decimal(b, value->size, &len);

	doc_node_add(b->arena, node, "id", 2, copy_text(b, vm_asset_text(value, VM_ASSET_ID), value->lens[VM_ASSET_ID]));
	doc_node_add(b->arena, node, "size", 4, doc_node_string(b->arena, size, len));
	doc_node_add(b->arena, node, "type", 4, copy_text(b, vm_asset_text(value, VM_ASSET_TYPE), value->lens[VM_ASSET_TYPE]));
	doc_node_add(b->arena, node, "md5", 3, copy_text(b, vm_asset_text(value, VM_ASSET_MD5), value->lens[VM_ASSET_MD5]));
	doc_node_add(b->arena, node, "sha384", 6, copy_text(b, vm_asset_text(value, VM_ASSET_SHA384), value->lens[VM_ASSET_SHA384]));
	return node;
}

/* A key as the name of a member; NULL when it cannot be one. */
static const char *
key_text(Build *b, const VmMap *map, VmVal key, size_t *len)
{
	KitBuf		text;

	switch (map->key_kind)
	{
		case LANG_STRING:
			*len = key.str->len;
			if (is_harmful(key.str->text, *len))
				return NULL;
			if (!vm_key_is_reserved(key.str->text, key.str->len))
				return kit_arena_strdup(b->arena, key.str->text, *len);
			*len += 1;			/* as in the state */
			return kit_arena_printf(b->arena, "@%s", key.str->text);
		case LANG_PRINCIPAL:
			kit_buf_init(&text, b->arena);
			kit_buf_add_str(&text, "NtPrincipal<");
			kit_buf_add(&text, key.who->text, key.who->agent_len);
			kit_buf_add_char(&text, '@');
			kit_buf_add(&text, key.who->text + key.who->agent_len, key.who->authority_len);
			kit_buf_add_char(&text, '>');
			*len = text.len;
			return text.data;
		default:
			return decimal(b, key.i, len);
	}
}

static bool
build_map(Build *b, const VmMap *map, DocNode **out)
{
	const LangType *type = vm_map_value_type(map);
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (!enter(b))
		return false;
	*out = doc_node_new(b->arena, DOC_OBJECT);
	for (uint32_t i = 0; (entry = vm_map_step(map, &at)) != NULL; i++)
	{
		size_t		len;
		const char *key = key_text(b, map, entry->key, &len);
		DocNode    *shown;

		if (key == NULL)
			continue;
		if (!build_value(b, type, vm_map_entry_value(map, entry), &shown))
			return false;
		if (shown != NULL)
			doc_node_add(b->arena, *out, key, len, shown);
		if (i % 256 == 0 && !check_room(b))
			return false;
	}
	leave(b);
	return true;
}

/* *out is NULL when there is nothing to show. */
static bool
build_value(Build *b, const LangType *type, VmVal value, DocNode **out)
{
	char		text[KIT_CALENDAR_TEXT];
	const char *digits;
	size_t		len;

	switch (type->kind)
	{
		case LANG_BOOL:
			*out = doc_node_new(b->arena, DOC_BOOL);
			(*out)->u.b = value.i != 0;
			return true;
		case LANG_INT:
		case LANG_ENUM:
			*out = doc_node_int(b->arena, value.i);
			return true;
		case LANG_LONG:
			digits = decimal(b, value.i, &len);
			*out = doc_node_string(b->arena, digits, len);
			return true;
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			len = (size_t) vm_calendar_text(type, value, text);
			*out = copy_text(b, text, len);
			return true;
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			*out = double_node(b, value.d);
			return true;
		case LANG_STRING:
		case LANG_LABEL:
			*out = copy_text(b, value.str->text, value.str->len);
			return true;
		case LANG_TEXT:
			*out = text_node(b, value.text);
			return check_room(b);
		case LANG_DYNAMIC:
		case LANG_JSON:
			*out = NULL;
			return vm_dynamic_is_null(value.str) || build_json(b, vm_dynamic_item(value.str), out);
		case LANG_COMPLEX:
			*out = complex_node(b, value.complex);
			return true;
		case LANG_PRINCIPAL:
			*out = principal_node(b, value.who);
			return true;
		case LANG_ASSET:
			*out = asset_node(b, value.asset);
			return true;
		case LANG_MAYBE:
			*out = NULL;
			return value.maybe == NULL || build_value(b, type->a, value.maybe->value, out);
		case LANG_LIST:
		case LANG_ARRAY:
			return build_list(b, type->a, value.list, out);
		case LANG_MAP:
			return build_map(b, value.map, out);
		case LANG_TABLE:
			return build_table(b, value.table, out);
		case LANG_RECORD:
			return build_record(b, value.obj, out);
		case LANG_MESSAGE:
			return build_message(b, value.obj, out);
		default:
			ADAMA_ASSERT(false);
			*out = NULL;
			return true;
	}
}

bool
live_build_value(VmReader *reader, const VmLimits *limits, KitArena *arena, int depth, const LangType *type, VmVal value, DocNode **tree, KitDiag *diag)
{
	Build		b = {
		.reader = reader, .limits = limits, .arena = arena, .room = kit_arena_size(arena) + limits->memory, .depth = depth, .diag = diag
	};

	return build_value(&b, type, value, tree);
}

bool
live_build(VmReader *reader, const VmDoc *doc, const VmLimits *limits, KitArena *arena, DocNode **tree, KitDiag *diag)
{
	Build		b = {
		.reader = reader, .limits = limits, .arena = arena, .room = kit_arena_size(arena) + limits->memory, .diag = diag
	};

	return build_record(&b, vm_doc_root(doc), tree);
}
