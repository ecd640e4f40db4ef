/*
 * program.c
 *	  Programs: compiled, their structures' initial values computed, compared for an upgrade.
 *
 * Initial values are run once, here, and copied to where the program lives.  They are constant expressions of the program's own author, so their budget is
 * small, and a program that exceeds it is refused.
 */
#include <stdio.h>
#include <string.h>

#include "kit/hash.h"
#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/machine.h"
#include "vm/map.h"

#define INITIAL_STEPS 100000
#define INITIAL_MEMORY ((size_t) 1024 * 1024)

const char *
vm_event_name(VmEventKind kind)
{
	switch (kind)
	{
		case VM_EVENT_CREATE:
			return "create";
		case VM_EVENT_SEND:
			return "send";
		case VM_EVENT_CONNECT:
			return "connect";
		case VM_EVENT_DISCONNECT:
			return "disconnect";
		case VM_EVENT_DELETE:
			return "delete";
		case VM_EVENT_LOAD:
			return "load";
		case VM_EVENT_ATTACH:
			return "attach";
	}
	return "";
}

/* ---- initial values ---- */

static const VmList no_elements = {0};
static VmVal copy_static(KitArena *arena, const LangType *type, VmVal value);
static VmVal copy_static_map(KitArena *arena, const VmMap *map);

static VmVal
copy_static_list(KitArena *arena, const LangType *type, const VmList *list)
{
	VmList	   *copy = KIT_NEW(arena, VmList);

	copy->n = copy->cap = list->n;
	copy->items = KIT_NEW_N(arena, VmVal, list->n + 1);
	for (uint32_t i = 0; i < list->n; i++)
		copy->items[i] = copy_static(arena, type->a, list->items[i]);
	return (VmVal) {.list = copy};
}

/* Copies a value into the arena of the program, where nobody frees it. */
static VmVal
copy_static(KitArena *arena, const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
		case LANG_JSON:
			if (!value.str->is_static)
			{
				VmStr	   *s = kit_arena_alloc(arena, sizeof(VmStr) + value.str->len + 1);

				memcpy(s, value.str, sizeof(VmStr) + value.str->len + 1);
				s->is_static = 1;
				value.str = s;
			}
			return value;
		case LANG_PRINCIPAL:
			if (!value.who->is_static)
			{
				size_t		size = sizeof(VmPrincipal) + value.who->agent_len + value.who->authority_len;
				VmPrincipal *who = kit_arena_alloc(arena, size);

				memcpy(who, value.who, size);
				who->is_static = 1;
				value.who = who;
			}
			return value;
		case LANG_COMPLEX:
			value.complex = memcpy(kit_arena_alloc(arena, sizeof(VmComplex)), value.complex, sizeof(VmComplex));
			return value;
		case LANG_ASSET:
			if (!value.asset->is_static)
			{
				size_t		size = vm_asset_memory(value.asset);
				VmAsset    *asset = memcpy(kit_arena_alloc(arena, size), value.asset, size);

				asset->is_static = 1;
				value.asset = asset;
			}
			return value;
		case LANG_MAYBE:
			if (value.maybe != NULL)
				value.maybe = vm_maybe_new(arena, copy_static(arena, type->a, value.maybe->value));
			return value;
		case LANG_LIST:
		case LANG_ARRAY:
			return copy_static_list(arena, type, value.list);
		case LANG_MAP:
			return copy_static_map(arena, value.map);
		case LANG_MESSAGE:
			{
				const LangStruct *structure = type->structure;
				VmObj	   *obj = kit_arena_alloc(arena, sizeof(VmObj) + (size_t) structure->n_slots * sizeof(VmVal));

				memcpy(obj, value.obj, sizeof(VmObj) + (size_t) structure->n_slots * sizeof(VmVal));
				for (int i = 0; i < structure->n_fields; i++)
					if (structure->fields[i]->slot >= 0)
						obj->slots[structure->fields[i]->slot] = copy_static(arena, structure->fields[i]->type, obj->slots[structure->fields[i]->slot]);
				return (VmVal) {.obj = obj};
			}
		default:
			return value;
	}
}

/* Nobody may change it: it is shared. */
static VmVal
copy_static_map(KitArena *arena, const VmMap *map)
{
	VmMap	   *made = KIT_NEW(arena, VmMap);
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	vm_map_init(made, map->pair);
	while ((entry = vm_map_step(map, &at)) != NULL)
	{
		VmVal		key = copy_static(arena, map->pair->fields[0]->type, entry->key);
		VmMapAt		end;

		vm_map_find(made, key, &end);
		vm_map_add(made, (VmMapMemory) {.arena = arena}, end, key, copy_static(arena, vm_map_value_type(map), entry->value));
	}
	made->is_shared = true;
	return (VmVal) {.map = made};
}

static VmVal
default_of_type(KitArena *arena, const LangType *type)
{
	VmMap		none;

	switch (type->kind)
	{
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return (VmVal) {.d = 0};
		case LANG_DATE:
			return (VmVal) {.i = KIT_DATE_DEFAULT};
		case LANG_DATETIME:
			return (VmVal) {.i = KIT_DATETIME_DEFAULT};
		case LANG_STRING:
		case LANG_LABEL:
			return (VmVal) {.str = &vm_empty_string};
		case LANG_DYNAMIC:
		case LANG_JSON:
			return (VmVal) {.str = &vm_null_json};
		case LANG_TEXT:
			return (VmVal) {.text = &vm_empty_text};
		case LANG_COMPLEX:
			return (VmVal) {.complex = &vm_complex_zero};
		case LANG_PRINCIPAL:
			return (VmVal) {.who = vm_no_one};
		case LANG_ASSET:
			return (VmVal) {.asset = &vm_nothing};
		case LANG_ENUM:
			return (VmVal) {.i = type->enumeration->numbers[type->enumeration->default_index < 0 ? 0 : type->enumeration->default_index]};
		case LANG_LIST:
		case LANG_ARRAY:
			return (VmVal) {.list = (VmList *) &no_elements};
		case LANG_MAP:
			vm_map_init(&none, type->items[0]->structure);
			return copy_static_map(arena, &none);
		case LANG_MAYBE:
		case LANG_MESSAGE:
		case LANG_RECORD:
		case LANG_TABLE:
			return (VmVal) {.p = NULL};
		default:
			return (VmVal) {.i = 0};
	}
}

static bool
compute_initial(VmProgram *program, const LangField *field, KitArena *scratch, VmVal *out, LangDiags *diags)
{
	VmLimits	limits = {.steps = INITIAL_STEPS, .memory = INITIAL_MEMORY, .depth = 100};
	KitDiag		diag = {0};
	KitDiag    *entry;
	VmVal		value;
	Vm			vm;

	vm_machine_init(&vm, program, scratch, &limits, &diag);
	if (vm_run(&vm, program->codes[field->unit->index], NULL, NULL, &value))
	{
		if (field->type->kind == LANG_TEXT)
			out->text = vm_cotext_new(NULL, program->arena, value.str->text, value.str->len, 0, NULL);
		else
			*out = copy_static(program->arena, field->type, value);
		kit_arena_reset(scratch);
		return true;
	}
	entry = lang_diags_add(diags, diag.code, field->pos, "the initial value of \"%s\" cannot be computed: %s", field->name->text, diag.message);
	kit_diag_hint(entry, "%s", diag.hint);
	return false;
}

const VmVal *
vm_program_defaults(const VmProgram *program, const LangStruct *structure)
{
	return program->structs[structure->index].defaults;
}

VmObj *
vm_message_new(const VmProgram *program, const LangStruct *structure, KitArena *arena)
{
	const VmStructInfo *info = &program->structs[structure->index];
	VmObj	   *obj = kit_arena_alloc(arena, sizeof(VmObj) + (size_t) structure->n_slots * sizeof(VmVal));

	memset(obj, 0, sizeof(VmObj));
	obj->structure = structure;
	if (structure->n_slots > 0)
		memcpy(obj->slots, info->defaults, (size_t) structure->n_slots * sizeof(VmVal));
	for (int i = 0; i < info->n_nested; i++)
		obj->slots[info->nested[i]].obj = vm_message_new(program, info->slot_types[info->nested[i]]->structure, arena);
	return obj;
}

/* ---- structures ---- */

static void
add_struct(VmProgram *program, LangStruct *structure)
{
	VmStructInfo *info = &program->structs[program->n_structs];
	int			n = structure->n_slots + 1;

	structure->index = (int) program->n_structs++;
	info->structure = structure;
	info->defaults = KIT_NEW_N(program->arena, VmVal, n);
	info->slot_types = KIT_NEW_N(program->arena, const LangType *, n);
	info->nested = KIT_NEW_N(program->arena, int, n);
	info->stamped = KIT_NEW_N(program->arena, int, n);
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot < 0)
			continue;
		info->slot_types[field->slot] = field->type;
		info->defaults[field->slot] = default_of_type(program->arena, field->type);
		if (field->type->kind == LANG_MESSAGE)
			info->nested[info->n_nested++] = field->slot;
		if (field->is_bump || field->is_updated)
			info->stamped[info->n_stamped++] = field->slot;
	}
	program->has_stamped |= info->n_stamped > 0;
}

#define VISITING SIZE_MAX
#define MAX_NESTING 100			/* messages within messages */

/* Bytes of a message with all that is nested in it.  False: it would contain itself, or too much. */
static bool
measure_message(VmProgram *program, VmStructInfo *info, int depth, LangDiags *diags)
{
	size_t		size = sizeof(VmObj) + (size_t) info->structure->n_slots * sizeof(VmVal);

	if (info->message_size == VISITING)
	{
		lang_diags_add(diags, KIT_TYPE_ERROR, info->structure->pos, "%s would contain itself without end", info->structure->type->text);
		return false;
	}
	if (info->message_size != 0)
		return true;
	if (depth > MAX_NESTING)
	{
		lang_diags_add(diags, KIT_PROGRAM_LIMIT, info->structure->pos, "messages are nested more than %d deep", MAX_NESTING);
		return false;
	}
	info->message_size = VISITING;
	for (int i = 0; i < info->n_nested; i++)
	{
		VmStructInfo *inner = &program->structs[info->slot_types[info->nested[i]]->structure->index];

		if (!measure_message(program, inner, depth + 1, diags))
			return false;
		size += inner->message_size;
		if (size > INITIAL_MEMORY)
		{
			lang_diags_add(diags, KIT_PROGRAM_LIMIT, info->structure->pos, "an empty %s would have more than %zu bytes", info->structure->type->text, INITIAL_MEMORY);
			return false;
		}
	}
	info->message_size = size;
	return true;
}

static bool
make_structs(VmProgram *program, LangDiags *diags)
{
	LangProgram *lang = program->lang;

	program->structs = KIT_NEW_N(program->arena, VmStructInfo, lang->n_structs + 2);
	add_struct(program, lang->root);
	add_struct(program, lang->view);
	for (int i = 0; i < lang->n_structs; i++)
		add_struct(program, lang->structs[i]);
	for (uint32_t i = 0; i < program->n_structs; i++)
		if (!measure_message(program, &program->structs[i], 0, diags))
			return false;
	return true;
}

static bool
make_defaults(VmProgram *program, LangDiags *diags)
{
	KitArena   *scratch = kit_arena_new("initial values");
	bool		ok = true;

	for (uint32_t i = 0; i < program->n_structs; i++)
	{
		VmStructInfo *info = &program->structs[i];

		for (int k = 0; k < info->structure->n_fields; k++)
		{
			const LangField *field = info->structure->fields[k];

			if (field->slot >= 0 && field->unit != NULL)
				ok = compute_initial(program, field, scratch, &info->defaults[field->slot], diags) && ok;
		}
	}
	kit_arena_delete(scratch);
	return ok;
}

/* ---- programs ---- */

VmProgram *
vm_program_build(const char *source, size_t len, const LangSources *sources, LangDiags *diags)
{
	KitArena   *arena = kit_arena_new("program");
	LangProgram *lang = lang_compile_all(source, len, sources, arena, diags);
	VmProgram  *program;

	if (lang == NULL)
	{
		kit_arena_delete(arena);
		return NULL;
	}
	program = KIT_NEW(arena, VmProgram);
	program->arena = arena;
	program->lang = lang;
	if (!make_structs(program, diags) || !vm_lower_program(program, diags) || !make_defaults(program, diags))
	{
		kit_arena_delete(arena);
		return NULL;
	}
	vm_program_join(program);
	vm_program_publish(program);
	return program;
}

VmProgram *
vm_program_new(const char *source, size_t len, LangDiags *diags)
{
	return vm_program_build(source, len, NULL, diags);
}

void
vm_program_keep(VmProgram *program)
{
	kit_arena_keep(program->arena);
}

void
vm_program_free(VmProgram *program)
{
	kit_arena_delete(program->arena);
}

const LangProgram *
vm_program_lang(const VmProgram *program)
{
	return program->lang;
}

void **
vm_program_attached(const VmProgram *program)
{
	return (void **) &program->attached;
}

KitArena *
vm_program_arena(const VmProgram *program)
{
	return program->arena;
}

size_t
vm_program_memory(const VmProgram *program)
{
	return kit_arena_size(program->arena);
}

int64_t
vm_program_time(const VmProgram *program, int64_t last, int64_t now)
{
	return now - last > program->lang->settings.temporal_resolution_ms ? now : last;
}

bool
vm_program_handles(const VmProgram *program, VmEventKind kind)
{
	const LangProgram *lang = program->lang;

	switch (kind)
	{
		case VM_EVENT_CREATE:
		case VM_EVENT_SEND:
		case VM_EVENT_ATTACH:
			return true;
		case VM_EVENT_CONNECT:
			return lang->n_connected > 0;
		case VM_EVENT_DISCONNECT:
			return lang->n_disconnected > 0;
		case VM_EVENT_DELETE:
			return lang->n_deletes > 0;
		case VM_EVENT_LOAD:
			return lang->n_loads > 0;
	}
	return false;
}

/* ---- upgrades ---- */

/* Pairs of structures that were compared, or are being compared: records refer to each other in many ways. */
typedef struct Upgrade
{
	KitArena   *arena;
	struct
	{
		const LangStruct *from;
		const LangStruct *to;
	}		   *pairs;			/* open addressing */
	uint32_t	size;			/* a power of two */
	uint32_t	n;
	int			n_differences;
	KitDiag    *diag;
} Upgrade;

/* False when the pair was there. */
static bool
add_pair(Upgrade *u, const LangStruct *from, const LangStruct *to)
{
	uint64_t	h = kit_hash_mix((uint64_t) (uintptr_t) from, (uint64_t) (uintptr_t) to);

	for (;; h++)
	{
		uint32_t	at = (uint32_t) h & (u->size - 1);

		if (u->pairs[at].from == from && u->pairs[at].to == to)
			return false;
		if (u->pairs[at].from == NULL)
		{
			u->pairs[at].from = from;
			u->pairs[at].to = to;
			u->n++;
			return true;
		}
	}
}

static bool structs_agree(Upgrade *u, const LangStruct *from, const LangStruct *to);

/* A value of an enumeration is stored as its number: each that was there is needed. */
static bool
enums_agree(const LangEnum *from, const LangEnum *to)
{
	for (int i = 0; i < from->n; i++)
	{
		bool		found = false;

		for (int k = 0; k < to->n && !found; k++)
			found = to->numbers[k] == from->numbers[i];
		if (!found)
			return false;
	}
	return true;
}

/* What a stored value of one type is for another without loss (state_load.c reads it so), or the same type. */
static bool
types_agree(Upgrade *u, const LangType *from, const LangType *to)
{
	if (to->kind == LANG_MAYBE && from->kind != LANG_MAYBE)
		return types_agree(u, from, to->a);
	if (from->kind == LANG_INT && (to->kind == LANG_LONG || to->kind == LANG_DOUBLE))
		return true;
	if (from->kind == LANG_ENUM && to->kind == LANG_INT)
		return true;
	if (from->kind != to->kind)
		return false;
	switch (from->kind)
	{
		case LANG_ENUM:
			return enums_agree(from->enumeration, to->enumeration);
		case LANG_RECORD:
		case LANG_MESSAGE:
			return structs_agree(u, from->structure, to->structure);
		default:
			return (from->a == NULL || types_agree(u, from->a, to->a)) && (from->b == NULL || types_agree(u, from->b, to->b));
	}
}

/* The first is the message, others are the detail, as far as there is room. */
static void
field_differs(Upgrade *u, const LangField *old, const LangField *new)
{
	const LangStruct *owner = new->owner;
	bool		is_root = owner->kind == LANG_STRUCT_ROOT;
	size_t		len;

	u->n_differences++;
	if (u->diag == NULL)
		return;
	if (u->n_differences > 1)
	{
		len = strlen(u->diag->detail);
		if (len < sizeof(u->diag->detail) * 3 / 4)
			snprintf(u->diag->detail + len, sizeof(u->diag->detail) - len, "%sNor can field \"%s\"%s%s become %s: it was %s.", len > 0 ? " " : "", new->name->text,
					 is_root ? "" : " of ", is_root ? "" : owner->type->text, new->type->text, old->type->text);
		return;
	}
	kit_fail(u->diag, KIT_TYPE_ERROR, "field \"%s\"%s%s was %s in the documents that there are, and cannot become %s", new->name->text,
			 is_root ? "" : " of ", is_root ? "" : owner->type->text, old->type->text, new->type->text);
	kit_diag_at(u->diag, new->pos.line, new->pos.column, new->pos.length);
	if (old->type->kind == LANG_ENUM && new->type->kind == LANG_ENUM)
		kit_diag_hint(u->diag, "Keep the numbers of all values that the enumeration had.");
	else
		kit_diag_hint(u->diag, "Give the new field a name of its own; @load can fill it from the old one while both are declared.");
}

/* The stored field whose values the new one takes over, by its name or by what it was called (state_load.c reads it so); NULL: there is none. */
static const LangField *
old_field(const LangStruct *from, const LangField *field)
{
	const LangField *old = lang_struct_field(from, field->name->text, field->name->len);

	for (int i = 0; i < field->n_was && (old == NULL || old->kind != LANG_STORED_FIELD); i++)
		old = lang_struct_field(from, field->was[i]->text, field->was[i]->len);
	return old != NULL && old->kind == LANG_STORED_FIELD ? old : NULL;
}

static bool
structs_agree(Upgrade *u, const LangStruct *from, const LangStruct *to)
{
	bool		agree = true;

	if (!add_pair(u, from, to))
		return true;			/* whoever compares it tells */
	if (u->n * 2 > u->size || port_stack_is_low())
		return kit_fail(u->diag, KIT_PROGRAM_LIMIT, "the programs are too intricate to be compared");
	for (int i = 0; i < to->n_fields; i++)
	{
		const LangField *field = to->fields[i];
		const LangField *old;
		int			told;

		if (field->kind != LANG_STORED_FIELD)
			continue;
		old = old_field(from, field);
		told = u->n_differences;	/* of records within, those that differ are told there */
		if (old != NULL && !types_agree(u, old->type, field->type))
		{
			if (u->n_differences == told)
				field_differs(u, old, field);
			agree = false;
		}
	}
	return agree;
}

bool
vm_program_upgrades(const VmProgram *from, const VmProgram *to, KitDiag *diag)
{
	Upgrade		u = {.arena = kit_arena_new("upgrade"), .size = 64, .diag = diag};
	bool		ok;

	/* fields are compared by name, so few records meet more than one other */
	while (u.size < 16 * (from->n_structs + to->n_structs))
		u.size *= 2;
	u.pairs = kit_arena_zalloc(u.arena, u.size * sizeof(*u.pairs));
	if (diag != NULL)
		diag->code = KIT_OK;
	ok = structs_agree(&u, from->lang->root, to->lang->root);
	kit_arena_delete(u.arena);
	return ok;
}
