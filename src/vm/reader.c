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
vm_reader_new(VmDoc *doc, KitArena *arena, const VmPrincipal *who, VmObj *viewer, int64_t now, int64_t seq, VmText space, VmText key,
			  const VmLimits *limits)
{
	VmReader   *reader = KIT_NEW(arena, VmReader);

	vm_machine_init(&reader->vm, vm_doc_program(doc), arena, limits, &reader->diag);
	reader->vm.doc = doc;
	reader->vm.root = vm_doc_root(doc);
	reader->vm.who = who;
	reader->vm.viewer = viewer;
	reader->vm.now = now;
	reader->vm.seq = seq;
	reader->vm.context[LANG_CONTEXT_SPACE] = space;
	reader->vm.context[LANG_CONTEXT_KEY] = key;
	return reader;
}

void
vm_reader_look(VmReader *reader, const VmPrincipal *who, VmObj *viewer)
{
	reader->vm.who = who;
	reader->vm.viewer = viewer;
	reader->vm.look++;
	reader->vm.random = 0;
	reader->vm.steps = reader->vm.limits.steps;
	reader->vm.memory = reader->vm.limits.memory;
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
failed(VmReader *reader, KitDiag *diag)
{
	if (diag != NULL)
		*diag = reader->diag;
	memset(&reader->diag, 0, sizeof(reader->diag));
	return false;
}

static bool
compute_code(VmReader *reader, const VmCode *code, VmObj *obj, VmVal *out, KitDiag *diag)
{
	Vm		   *vm = &reader->vm;

	if (!code->is_cheap && vm_memo_find(vm, code, obj, out))
		return true;
	out->i = 0;
	return (vm_run(vm, code, obj, NULL, out) && (code->is_cheap || vm_memo_store(vm, code, obj, *out))) || failed(reader, diag);
}

static bool
compute(VmReader *reader, const LangUnit *unit, VmObj *obj, VmVal *out, KitDiag *diag)
{
	return compute_code(reader, reader->vm.program->codes[unit->index], obj, out, diag);
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

/* self: what policies of the field's structure are asked about. */
bool
vm_reader_agree(VmReader *reader, VmObj *obj, LangUnit *const *units, int n, bool *may, KitDiag *diag)
{
	*may = true;
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
			if (!*may)
				return true;
			break;
		case LANG_PRIVACY_PUBLIC:
		case LANG_PRIVACY_POLICY:
			break;
	}
	return vm_reader_agree(reader, obj, field->policies, field->n_policies, may, diag) &&
		(!*may || vm_reader_agree(reader, obj, field->filters, field->n_filters, may, diag));
}

bool
vm_reader_may_see_record(VmReader *reader, VmObj *obj, bool *may, KitDiag *diag)
{
	return vm_reader_agree(reader, obj, obj->structure->requires, obj->structure->n_requires, may, diag);
}

/* ---- lists that are kept up to date ---- */

VmTable *
vm_kept_table(const VmReader *reader, const LangUnit *unit, VmObj *self)
{
	return (unit->kept->is_of_root ? reader->vm.root : self)->slots[unit->kept->table->slot].table;
}

#define FEW_LOCALS 16

/* Runs code whose parameters are all the same row, or of no importance. */
static bool
run_kept(VmReader *reader, const VmCode *code, VmObj *self, VmObj *row, VmVal *out, KitDiag *diag)
{
	VmVal		few[FEW_LOCALS];
	VmVal	   *args = code->n_params <= FEW_LOCALS ? few : kit_arena_alloc(reader->vm.arena, code->n_params * sizeof(VmVal));

	for (uint32_t i = 0; i < code->n_params; i++)
		args[i].obj = row;
	return vm_run(&reader->vm, code, self, args, out) || failed(reader, diag);
}

bool
vm_kept_test(VmReader *reader, const LangUnit *unit, VmObj *self, VmObj *row, bool *passes, KitDiag *diag)
{
	const VmCode *test = reader->vm.program->kept[unit->index]->test;
	VmVal		result = {.i = 1};

	if (test != NULL && !run_kept(reader, test, self, row, &result, diag))
		return false;
	*passes = result.i != 0;
	return true;
}

bool
vm_kept_list(VmReader *reader, const LangUnit *unit, VmObj *self, VmList **list, KitDiag *diag)
{
	VmVal		rows = {.i = 0};

	if (!run_kept(reader, reader->vm.program->kept[unit->index]->rows, self, NULL, &rows, diag))
		return false;
	*list = rows.list;
	return true;
}

static bool
key_of(VmReader *reader, const VmKept *kept, const VmSortKey *key, VmObj *row, VmVal *out, KitDiag *diag)
{
	if (key->is_computed)
		return compute_code(reader, kept->key_codes[key->slot], row, out, diag);
	if (key->slot == VM_KEY_ID)
		out->i = row->id;
	else
		*out = row->slots[key->slot];
	return true;
}

bool
vm_kept_compare(VmReader *reader, const LangUnit *unit, VmObj *a, VmObj *b, int *order, KitDiag *diag)
{
	const VmKept *kept = reader->vm.program->kept[unit->index];

	*order = 0;
	for (int i = 0; i < kept->sort.n_keys && *order == 0; i++)
	{
		VmVal		x;
		VmVal		y;

		if (!key_of(reader, kept, &kept->sort.keys[i], a, &x, diag) || !key_of(reader, kept, &kept->sort.keys[i], b, &y, diag))
			return false;
		*order = vm_sort_key_compare(&kept->sort.keys[i], x, y);
	}
	if (*order == 0)
		*order = (a->id > b->id) - (a->id < b->id);
	return true;
}

bool
vm_kept_part(VmReader *reader, const LangUnit *unit, VmObj *self, int64_t *offset, int64_t *limit, KitDiag *diag)
{
	const VmKept *kept = reader->vm.program->kept[unit->index];
	VmVal		value = {.i = 0};

	*offset = 0;
	*limit = INT64_MAX;
	if (kept->offset != NULL)
	{
		if (!run_kept(reader, kept->offset, self, NULL, &value, diag))
			return false;
		*offset = value.i < 0 ? 0 : value.i;
	}
	if (kept->limit != NULL)
	{
		if (!run_kept(reader, kept->limit, self, NULL, &value, diag))
			return false;
		*limit = value.i < 0 ? 0 : value.i;
	}
	return true;
}
