/*
 * machine.c
 *	  What the interpreter does seldom enough not to do it itself: growing its arrays, failing, remembering formulas, changing the document.
 *
 * Remembered formulas.  The value of a formula holds as long as the document's stamp does: any change forgets them all, which costs nothing.  The table
 * is a hash by formula and object; entries of older stamps are overwritten by the next value for the same pair.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kit/hash.h"
#include "vm/asset.h"
#include "vm/cotext.h"
#include "vm/dynamic.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

#define FIRST_STACK 256
#define FIRST_FRAMES 16
#define FIRST_MEMO 32

const VmLimits vm_default_limits = {
	.steps = 20 * 1000 * 1000,
	.memory = (size_t) 64 * 1024 * 1024,
	.document = (size_t) 16 * 1024 * 1024,
	.depth = 1000,
};

void
vm_machine_init(Vm *vm, const VmProgram *program, KitArena *arena, const VmLimits *limits, KitDiag *diag)
{
	memset(vm, 0, sizeof(Vm));
	vm->program = program;
	vm->arena = arena;
	vm->diag = diag;
	vm->who = vm_no_one;
	vm->limits = *limits;
	vm->steps = limits->steps;
	vm->memory = limits->memory;
}

bool
vm_fail(Vm *vm, KitError code, const char *format,...)
{
	char		message[sizeof(vm->diag->message)];
	va_list		args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return kit_fail(vm->diag, code, "%s", message);
}

bool
vm_out_of_steps(Vm *vm)
{
	vm_fail(vm, KIT_BUDGET_EXCEEDED, "the program used up its budget of %lld steps", (long long) vm->limits.steps);
	kit_diag_hint(vm->diag, "Perhaps a loop does not end here, or a query visits too many rows.");
	return false;
}

bool
vm_out_of_memory(Vm *vm)
{
	vm_fail(vm, KIT_BUDGET_EXCEEDED, "the program used up its budget of %lld bytes of memory", (long long) vm->limits.memory);
	kit_diag_hint(vm->diag, "Perhaps a string or a list grows in a loop that does not end.");
	return false;
}

/* Makes the stack hold size registers.  Registers move: pointers into the stack are to be made anew. */
bool
vm_stack_reserve(Vm *vm, uint32_t size)
{
	uint32_t	wanted = vm->stack_size == 0 ? FIRST_STACK : vm->stack_size;
	VmVal	   *stack;

	while (wanted < size)
		wanted *= 2;
	if (wanted == vm->stack_size)
		return true;
	if (!vm_charge(vm, wanted * sizeof(VmVal)))
		return false;
	stack = kit_arena_alloc(vm->arena, wanted * sizeof(VmVal));
	if (vm->stack_size > 0)
		memcpy(stack, vm->stack, vm->stack_size * sizeof(VmVal));
	vm->stack = stack;
	vm->stack_size = wanted;
	return true;
}

/* Room for one more frame; the depth is limited. */
bool
vm_frames_reserve(Vm *vm)
{
	uint32_t	wanted = vm->frames_size == 0 ? FIRST_FRAMES : vm->frames_size * 2;
	VmFrame    *frames;

	if (vm->n_frames >= (uint32_t) vm->limits.depth)
	{
		vm_fail(vm, KIT_BUDGET_EXCEEDED, "the program used up its budget of %d nested calls", vm->limits.depth);
		kit_diag_hint(vm->diag, "Perhaps a function calls itself without end.");
		return false;
	}
	if (vm->n_frames < vm->frames_size)
		return true;
	if (!vm_charge(vm, wanted * sizeof(VmFrame)))
		return false;
	frames = kit_arena_alloc(vm->arena, wanted * sizeof(VmFrame));
	if (vm->frames_size > 0)
		memcpy(frames, vm->frames, vm->n_frames * sizeof(VmFrame));
	vm->frames = frames;
	vm->frames_size = wanted;
	return true;
}

static VmMemo *
memo_entry(VmMemo *memo, uint32_t size, const VmCode *code, const VmObj *obj)
{
	uint64_t	h = kit_hash_mix((uint64_t) (uintptr_t) code, (uint64_t) (uintptr_t) obj);

	for (;; h++)
	{
		VmMemo	   *m = &memo[h & (size - 1)];

		if (m->code == NULL || (m->code == code && m->obj == obj))
			return m;
	}
}

/* Who looks matters to what reads who looks. */
static uint32_t
look_of(const Vm *vm, const VmCode *code)
{
	return code->unit != NULL && (code->unit->reads & (LANG_READS_WHO | LANG_READS_VIEWER | LANG_READS_RANDOM)) == 0 ? 0 : vm->look;
}

bool
vm_memo_find(const Vm *vm, const VmCode *code, const VmObj *obj, VmVal *value)
{
	const VmMemo *m;

	if (vm->memo_size == 0 || vm->doc == NULL)
		return false;
	m = memo_entry(vm->memo, vm->memo_size, code, obj);
	if (m->code == NULL || m->stamp != vm_doc_stamp(vm->doc) || m->look != look_of(vm, code))
		return false;
	*value = m->value;
	return true;
}

void
vm_memo_forget(Vm *vm)
{
	if (vm->memo_size > 0)
		memset(vm->memo, 0, vm->memo_size * sizeof(VmMemo));
	vm->n_memo = 0;
}

bool
vm_memo_store(Vm *vm, const VmCode *code, const VmObj *obj, VmVal value)
{
	VmMemo	   *m;

	if (vm->doc == NULL)
		return true;
	if (vm->n_memo * 2 >= vm->memo_size)
	{
		uint32_t	wanted = vm->memo_size == 0 ? FIRST_MEMO : vm->memo_size * 2;
		VmMemo	   *old = vm->memo;
		uint32_t	n_old = vm->memo_size;

		if (!vm_charge(vm, wanted * sizeof(VmMemo)))
			return false;
		vm->memo = kit_arena_zalloc(vm->arena, wanted * sizeof(VmMemo));
		vm->memo_size = wanted;
		for (uint32_t i = 0; i < n_old; i++)
			if (old[i].code != NULL)
				*memo_entry(vm->memo, wanted, old[i].code, old[i].obj) = old[i];
	}
	m = memo_entry(vm->memo, vm->memo_size, code, obj);
	if (m->code == NULL)
		vm->n_memo++;
	*m = (VmMemo) {code, obj, vm_doc_stamp(vm->doc), look_of(vm, code), value};
	return true;
}

bool
vm_writes_refused(Vm *vm)
{
	return vm_fail(vm, KIT_RUNTIME_ERROR, "a formula, a policy or a view may not change the document");
}

/* Bytes that storing the value takes beyond the journal's entry. */
static size_t
stored_size(const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DYNAMIC:
		case LANG_JSON:
			return value.str->len + sizeof(VmStr);
		case LANG_PRINCIPAL:
			return (size_t) value.who->agent_len + value.who->authority_len + sizeof(VmPrincipal);
		case LANG_COMPLEX:
			return sizeof(VmComplex);
		case LANG_ASSET:
			return vm_asset_memory(value.asset);
		case LANG_MAYBE:
			return value.maybe == NULL ? 0 : sizeof(VmMaybe) + stored_size(type->a, value.maybe->value);
		case LANG_LIST:
		case LANG_ARRAY:
			{
				size_t		size = sizeof(VmList);

				for (uint32_t i = 0; i < value.list->n; i++)
					size += sizeof(VmVal) + stored_size(type->a, value.list->items[i]);
				return size;
			}
		default:
			return 0;
	}
}

#define ORDER_SIZE 16			/* of an entry of an order: each change is charged for all orders of such rows, whether they are there or not */

static inline size_t
change_size(const Vm *vm, const VmObj *obj)
{
	const VmTable *table = obj->table;

	return VM_CHANGE_SIZE + (table != NULL ? (size_t) vm->program->structs[obj->structure->index].n_orders * ORDER_SIZE : 0) +
		(table != NULL && table->joins != NULL ? table->joins->cost : 0);
}

/* Only JSON can be as deep as it likes, also in the changes of a text. */
static bool
fits_in_depth(const VmObj *obj, const LangType *type, VmVal value)
{
	while (type->kind == LANG_MAYBE && value.maybe != NULL)
	{
		value = value.maybe->value;
		type = type->a;
	}
	if (type->kind == LANG_TEXT)
		return vm_object_level(obj) + 2 + VM_MAX_DYNAMIC_DEPTH <= DOC_MAX_DEPTH;
	return type->kind != LANG_DYNAMIC || value.str->len == 1 || vm_object_level(obj) + VM_MAX_DYNAMIC_DEPTH <= DOC_MAX_DEPTH;
}

bool
vm_may_store(Vm *vm, const VmObj *obj, const LangType *type, VmVal value)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!fits_in_depth(obj, type, value))
		return vm_fail(vm, KIT_PROGRAM_LIMIT, "the value would be nested deeper than %d levels in the document", DOC_MAX_DEPTH);
	return true;
}

/* What is assigned to a text is a string: the text begins anew. */
static bool
set_text(Vm *vm, VmObj *obj, int slot, const VmStr *string)
{
	const VmCoText *old = obj->slots[slot].text;
	size_t		n_lines = 1;
	VmVal		made;

	for (uint32_t i = 0; i < string->len; i++)
		n_lines += string->text[i] == '\n';
	if (!vm_charge(vm, VM_CHANGE_SIZE + (size_t) string->len * 4 + n_lines * 128))
		return false;
	if (old->n_changes == 0 && old->base->text_len == string->len && memcmp(old->base->data + old->base->members_len, string->text, string->len) == 0)
		return true;
	if (string->len > VM_MAX_TEXT || old->gen == INT32_MAX)
		return vm_fail(vm, KIT_PROGRAM_LIMIT, "the text is too long, or was assigned too often");
	made.text = vm_cotext_new(vm->doc->heap, vm->arena, string->text, string->len, old->gen + 1, old);
	vm_doc_set(vm->doc, obj, slot, made);
	vm_cotext_drop(vm->doc->heap, made.text);
	return true;
}

bool
vm_set_document(Vm *vm, VmObj *obj, int slot, VmVal value)
{
	const LangType *type = vm->program->structs[obj->structure->index].slot_types[slot];

	if (!vm_may_store(vm, obj, type, value))
		return false;
	if (type->kind == LANG_TEXT)
		return set_text(vm, obj, slot, value.str);
	if (!vm_charge(vm, change_size(vm, obj) + (lang_type_storage(type) == 'P' ? stored_size(type, value) : 0)))
		return false;
	vm_doc_set(vm->doc, obj, slot, value);
	return true;
}

/* Remembers that obj has changed, and with it every row and record that it lies in. */
bool
vm_note_change(Vm *vm, VmObj *obj)
{
	for (; obj != NULL; obj = obj->table != NULL ? obj->table->owner : obj->parent)
	{
		if (vm->program->structs[obj->structure->index].n_stamped == 0)
			continue;
		if (vm->n_stamped > 0 && vm->stamped[vm->n_stamped - 1] == obj)
			continue;
		if (vm->n_stamped == vm->stamped_size)
		{
			uint32_t	wanted = vm->stamped_size == 0 ? 16 : vm->stamped_size * 2;
			VmObj	  **stamped;

			if (!vm_charge(vm, wanted * sizeof(VmObj *)))
				return false;
			stamped = kit_arena_alloc(vm->arena, wanted * sizeof(VmObj *));
			if (vm->n_stamped > 0)
				memcpy(stamped, vm->stamped, vm->n_stamped * sizeof(VmObj *));
			vm->stamped = stamped;
			vm->stamped_size = wanted;
		}
		vm->stamped[vm->n_stamped++] = obj;
	}
	return true;
}

bool
vm_set_document_stamped(Vm *vm, VmObj *obj, int slot, VmVal value)
{
	uint64_t	stamp = vm_doc_stamp(vm->doc);

	return vm_set_document(vm, obj, slot, value) && (vm_doc_stamp(vm->doc) == stamp || vm_note_change(vm, obj));
}

bool
vm_insert_row(Vm *vm, VmTable *table, VmObj **row)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!vm_charge(vm, sizeof(VmObj) + VM_CHANGE_SIZE + (size_t) vm->program->structs[table->row->index].n_orders * ORDER_SIZE +
				   (table->joins != NULL ? table->joins->cost : 0) + (size_t) table->row->n_slots * sizeof(VmVal)))
		return false;
	*row = vm_doc_insert(vm->doc, table);
	if (*row == NULL)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "no row can be inserted: the ids are used up, or tables are nested too deeply");
	return !vm->program->has_stamped || vm_note_change(vm, *row);
}

bool
vm_hold(Vm *vm, VmTable *holder, VmObj **record)
{
	bool		is_new = holder->n_live == 0;

	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!vm_charge(vm, VM_CHANGE_SIZE + (is_new ? sizeof(VmObj) + (size_t) holder->row->n_slots * sizeof(VmVal) : 0)) ||
		!vm_charge_steps(vm, vm_doc_hold_cost(holder)))
		return false;
	*record = vm_doc_hold(vm->doc, holder);
	if (*record == NULL)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "no record can be made: maps and tables are nested too deeply");
	return !is_new || !vm->program->has_stamped || vm_note_change(vm, *record);
}

bool
vm_delete_row(Vm *vm, VmObj *row)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	if (!vm_charge(vm, change_size(vm, row)))
		return false;
	if (row->flags & VM_OBJ_DELETED)
		return true;
	vm_doc_delete(vm->doc, row);
	if (row->table != NULL)
	{
		row->table->n_deleted = vm_table_deleted(vm, row->table) + 1;
		row->table->event = vm->event;
	}
	return !vm->program->has_stamped || row->table == NULL || vm_note_change(vm, row->table->owner);
}

int
vm_zone(const Vm *vm)
{
	return vm->doc == NULL ? KIT_ZONE_UTC : vm_doc_zone(vm->doc);
}

int64_t
vm_now(const Vm *vm)
{
	int			zone = vm_zone(vm);

	return kit_datetime_is_valid(vm->now, zone) ? kit_datetime(vm->now, zone) : KIT_DATETIME_DEFAULT;
}

static void
stamp(Vm *vm, VmObj *obj)
{
	const VmStructInfo *info = &vm->program->structs[obj->structure->index];

	for (int i = 0; i < info->n_stamped; i++)
	{
		int			slot = info->stamped[i];
		VmVal		value = {.i = vm_now(vm)};

		if (info->slot_types[slot]->kind == LANG_INT)
			value.i = (int32_t) ((uint32_t) obj->slots[slot].i + 1);
		vm_doc_set(vm->doc, obj, slot, value);
	}
}

/* Sorts by address, so that each object is stamped once: a heap sort, since the order does not matter otherwise. */
static void
sift(VmObj **items, uint32_t n, uint32_t i)
{
	for (uint32_t child; (child = 2 * i + 1) < n; i = child)
	{
		VmObj	   *moved = items[i];

		if (child + 1 < n && items[child + 1] > items[child])
			child++;
		if (items[child] <= moved)
			break;
		items[i] = items[child];
		items[child] = moved;
	}
}

bool
vm_stamp_changed(Vm *vm)
{
	VmObj	  **items = vm->stamped;
	uint32_t	n = vm->n_stamped;

	if (!vm_charge(vm, (size_t) n * VM_CHANGE_SIZE))
		return false;
	for (uint32_t i = n / 2; i-- > 0;)
		sift(items, n, i);
	for (uint32_t left = n; left > 1;)
	{
		VmObj	   *largest = items[0];

		items[0] = items[--left];
		items[left] = largest;
		sift(items, left, 0);
	}
	for (uint32_t i = 0; i < n; i++)
		if ((i == 0 || items[i] != items[i - 1]) && (items[i]->flags & VM_OBJ_DELETED) == 0)
			stamp(vm, items[i]);
	vm->n_stamped = 0;
	return true;
}

VmObj *
vm_viewer(Vm *vm)
{
	if (vm->viewer == NULL)
		vm->viewer = vm_message_new(vm->program, vm->program->lang->view, vm->arena);
	return vm->viewer;
}

const VmStr *
vm_context_string(Vm *vm, int which)
{
	VmText		text = vm->context[which];

	return vm_str_new(vm->arena, text.str == NULL ? "" : text.str, text.len);
}

/*
 * 64 random bits.  Who only reads has a sequence of its own, which begins at the document's: the same for each reader of the same state, and
 * gone when it is done.
 */
uint64_t
vm_random(Vm *vm)
{
	uint64_t	x;

	if (vm->may_write)
		return vm_doc_random(vm->doc);
	if (vm->random == 0 && vm->doc != NULL)
		vm->random = vm->doc->entropy;
	vm->random += 0x9e3779b97f4a7c15u;
	x = vm->random;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

int64_t
vm_random_below(Vm *vm, int64_t n)
{
	return n <= 0 ? 0 : (int64_t) (((unsigned __int128) vm_random(vm) * (uint64_t) n) >> 64);
}
