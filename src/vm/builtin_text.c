/*
 * builtin_text.c
 *	  Texts that several people write at once, as a program sees them.  What changes one is given the object and the slot where it is.
 */
#include "vm/builtin.h"
#include "vm/cotext.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

/* What looking at the text of now takes. */
static bool
charge_current(Vm *vm, const VmCoText *text)
{
	return vm_charge(vm, vm_cotext_len(vm->doc->heap, text) + sizeof(VmStr) + 1);
}

bool
vm_text_get(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmCoText *text = args[0].text;

	if (!charge_current(vm, text))
		return false;
	out->str = vm_cotext_current(vm->arena, text);
	return true;
}

static bool
store(Vm *vm, VmObj *obj, int slot, const VmCoText *text)
{
	vm_doc_set(vm->doc, obj, slot, (VmVal) {.text = text});
	vm_cotext_drop(vm->doc->heap, text);
	return !vm->program->has_stamped || vm_note_change(vm, obj);
}

/* One change more; *fits is false when it does not fit the text. */
static bool
append_one(Vm *vm, const VmCoText **text, const VmStr **current, DocItem change, bool *fits)
{
	const VmCoText *before = *text;

	if (!vm_charge(vm, (size_t) (*current)->len * 2 + (size_t) change.raw_len * 2 + sizeof(VmCoText) + sizeof(VmCoChange)))
		return false;
	*current = vm_cotext_apply(vm->arena, *current, change);
	*fits = *current != NULL && (int64_t) before->seq + before->n_changes < INT32_MAX;
	if (!*fits)
		return true;
	*text = vm_cotext_append(vm->doc->heap, before, (const char *) change.raw, change.raw_len, *current);
	vm_cotext_drop(vm->doc->heap, before);
	return true;
}

/* (object, slot, number of the change, a change or an array of them) */
bool
vm_text_append(Vm *vm, const VmVal *args, VmVal *out)
{
	VmObj	   *obj = args[0].obj;
	int			slot = (int) args[1].i;
	const VmCoText *was = obj->slots[slot].text;
	const VmCoText *text = was;
	DocItem		change = vm_dynamic_item(args[3].str);
	DocItem		one;
	bool		fits = true;
	bool		ok = true;
	const VmStr *current;

	if (!vm_may_store(vm, obj, vm->program->structs[obj->structure->index].slot_types[slot], args[0]) || !charge_current(vm, was) ||
		!vm_charge(vm, VM_CHANGE_SIZE))
		return false;
	if (args[2].i != (int64_t) was->seq + was->n_changes)
	{
		out->i = 0;
		return true;
	}
	current = vm_cotext_current(vm->arena, was);
	vm_cotext_share(text);
	if (change.kind == DOC_ARRAY)
		while (ok && fits && doc_next_element(&change.body, &one))
			ok = append_one(vm, &text, &current, one, &fits);
	else
		ok = append_one(vm, &text, &current, change, &fits);
	if (!ok || !fits || text == was)
	{
		vm_cotext_drop(vm->doc->heap, text);
		out->i = ok && fits;
		return ok;
	}
	out->i = 1;
	return store(vm, obj, slot, text);
}

/* (object, slot, which part of the changes) */
bool
vm_text_compact(Vm *vm, const VmVal *args, VmVal *out)
{
	VmObj	   *obj = args[0].obj;
	int			slot = (int) args[1].i;
	double		ratio = args[2].d;
	const VmCoText *text = obj->slots[slot].text;
	uint32_t	n = ratio >= 1 ? text->n_changes : ratio > 0 ? (uint32_t) (ratio * text->n_changes) : 0;

	out->i = 0;
	if (!vm_may_store(vm, obj, vm->program->structs[obj->structure->index].slot_types[slot], args[0]) || !charge_current(vm, text))
		return false;
	if (n == 0)
		return true;
	if (!vm_charge(vm, VM_CHANGE_SIZE + ((size_t) text->base->text_len + text->changes_size) * (n + 8) * 2))
		return false;
	return store(vm, obj, slot, vm_cotext_compact(vm->doc->heap, vm->arena, text, n));
}
