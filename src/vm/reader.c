/*
 * reader.c
 *	  What a viewer gets to see: fields, formulas and bubbles computed, policies asked.
 *
 * A reader is a machine that may not write.  It remembers the values of formulas, bubbles and policies by unit and object for as long as the document does
 * not change; its budget is for all that it computes together.
 */
#include <string.h>

#include "vm/machine.h"
#include "vm/state_internal.h"

struct VmReader
{
	Vm			vm;
	KitDiag		diag;
};

VmReader *
vm_reader_new(VmDoc *doc, KitArena *arena, const VmPrincipal *who, VmObj *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits)
{
	VmReader   *reader = KIT_NEW(arena, VmReader);

	vm_machine_init(&reader->vm, vm_doc_program(doc), arena, limits, &reader->diag);
	reader->vm.doc = doc;
	reader->vm.root = vm_doc_root(doc);
	reader->vm.who = who;
	reader->vm.viewer = viewer;
	reader->vm.now = now;
	reader->vm.context[LANG_CONTEXT_SPACE] = space;
	reader->vm.context[LANG_CONTEXT_KEY] = key;
	return reader;
}

bool
vm_viewer_decode(const VmProgram *program, DocItem viewer, KitArena *arena, VmObj **out, KitDiag *diag)
{
	if (viewer.kind == DOC_NULL)
	{
		*out = vm_message_new(program, program->lang->view, arena);
		return true;
	}
	if (viewer.kind != DOC_OBJECT)
		return kit_fail(diag, KIT_INVALID_VIEWER, "the viewer state must be an object");
	if (vm_message_decode(program, program->lang->view, viewer, arena, out, diag))
		return true;
	if (diag != NULL && (diag->code == KIT_INVALID_MESSAGE || diag->code == KIT_UNKNOWN_FIELD))
		diag->code = KIT_INVALID_VIEWER;
	return false;
}

static bool
compute(VmReader *reader, const LangUnit *unit, VmObj *obj, VmVal *out, KitDiag *diag)
{
	Vm		   *vm = &reader->vm;
	const VmCode *code = vm->program->codes[unit->index];

	if (!code->is_cheap && vm_memo_find(vm, code, obj, out))
		return true;
	out->i = 0;
	if (vm_run(vm, code, obj, NULL, out) && (code->is_cheap || vm_memo_store(vm, code, obj, *out)))
		return true;
	if (diag != NULL)
		*diag = reader->diag;
	memset(&reader->diag, 0, sizeof(reader->diag));
	return false;
}

bool
vm_reader_field(VmReader *reader, VmObj *obj, const LangField *field, VmVal *out, KitDiag *diag)
{
	if (field->kind != LANG_STORED_FIELD)
		return compute(reader, field->unit, obj, out, diag);
	if (field->slot < 0)
		out->i = obj->id;
	else if (field->type->kind == LANG_MAYBE && field->type->a->kind == LANG_RECORD)
	{
		VmObj	   *record = vm_holder_find(obj->slots[field->slot].table);

		out->maybe = record == NULL ? NULL : vm_maybe_new(reader->vm.arena, (VmVal) {.obj = record});
	}
	else
		*out = obj->slots[field->slot];
	return true;
}

/* Whether all of them say yes.  self: what policies of the field's structure are asked about. */
static bool
all_agree(VmReader *reader, VmObj *obj, LangUnit *const *units, int n, bool *may, KitDiag *diag)
{
	for (int i = 0; i < n && *may; i++)
	{
		VmObj	   *self = units[i]->self != NULL && units[i]->self->kind == LANG_STRUCT_ROOT ? reader->vm.root : obj;
		VmVal		result;

		if (!compute(reader, units[i], self, &result, diag))
			return false;
		*may = result.i != 0;
	}
	return true;
}

bool
vm_reader_may_see(VmReader *reader, VmObj *obj, const LangField *field, bool *may, KitDiag *diag)
{
	*may = true;
	switch (field->privacy)
	{
		case LANG_PRIVACY_NONE:
		case LANG_PRIVACY_PRIVATE:
			*may = false;
			return true;
		case LANG_PRIVACY_VIEWER_IS:
			*may = vm_principal_equal(obj->slots[field->viewer_is->slot].who, reader->vm.who);
			break;
		case LANG_PRIVACY_PUBLIC:
		case LANG_PRIVACY_POLICY:
			break;
	}
	return all_agree(reader, obj, field->policies, field->n_policies, may, diag) && all_agree(reader, obj, field->filters, field->n_filters, may, diag);
}

bool
vm_reader_may_see_record(VmReader *reader, VmObj *obj, bool *may, KitDiag *diag)
{
	*may = true;
	return all_agree(reader, obj, obj->structure->requires, obj->structure->n_requires, may, diag);
}
