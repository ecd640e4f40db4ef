/*
 * test.c
 *	  Test blocks: run on a fresh document, which is thrown away.
 *
 * A test is code that runs inside of one journal.  What it sends are events of their own, reduced in that journal as any event is; one that fails leaves no
 * trace and ends the test, unless it happens within @aborts.  There the machine remembers where the block ends (a try): an abort undoes what the document went
 * through since, and goes on behind the block.
 *
 * Time stands still but for @forward; it begins at 0.
 */
#include <string.h>

#include "vm/machine.h"

#define MAX_TRIES 16			/* nested @aborts */
#define SEND_STEPS 1000			/* what an event costs the test, beside its own budget */

typedef struct Try
{
	const VmCode *code;
	const VmIns *caught;		/* where to go on */
	uint32_t	base;			/* of the registers */
	uint32_t	n_frames;
	VmMark		mark;
} Try;

typedef struct VmTest
{
	const VmLimits *limits;
	Try			tries[MAX_TRIES];
	int			n_tries;
	KitBuf		shown;			/* values of the assertion at hand */
	int			n_shown;
} VmTest;

/* What the test itself changed is an event, too: before another one its @bump and @updated fields are set. */
static bool
settle(Vm *vm)
{
	bool		ok = vm->n_stamped == 0 || vm_stamp_changed(vm);

	vm->n_stamped = 0;
	return ok;
}

static bool
reduce(Vm *vm, VmEvent *event)
{
	KitArena   *scratch = kit_arena_new("event of a test");
	KitDiag		diag = {0};
	bool		ok;

	event->at = vm->now;
	event->seq = vm->seq + 1;
	event->log = vm->log;
	event->space = vm->context[LANG_CONTEXT_SPACE];
	event->key = vm->context[LANG_CONTEXT_KEY];
	ok = settle(vm) && vm_charge_steps(vm, SEND_STEPS);
	if (ok && !vm_reduce(vm->doc, event, vm->test->limits, scratch, &diag))
	{
		ok = vm_fail(vm, diag.code, "%s", diag.message);
		if (diag.line > 0)
			kit_diag_detail(vm->diag, "It happened at line %d, column %d.", diag.line, diag.column);
	}
	else if (ok)
	{
		vm->seq++;
		vm_memo_forget(vm);
	}
	kit_arena_delete(scratch);
	return ok;
}

static bool
send(Vm *vm, const VmPrincipal *who, VmVal message, const LangChannel *channel)
{
	VmEvent		event = {
		.kind = VM_EVENT_SEND, .agent = {who->text, who->agent_len}, .authority = {who->text + who->agent_len, who->authority_len},
		.channel = {channel->name->text, channel->name->len}, .origin = {"", 0}, .ip = {"", 0}
	};
	KitBuf		bytes;
	DocWriter	w;

	kit_buf_init(&bytes, vm->arena);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	if (channel->is_array)
	{
		doc_write_array_begin(&w);
		for (uint32_t i = 0; i < message.list->n; i++)
			vm_value_encode(&w, channel->message->type, message.list->items[i]);
		doc_write_array_end(&w);
	}
	else
		vm_value_encode(&w, channel->message->type, message);
	return doc_open(doc_write_end(&w), DOC_DOCUMENT, &event.message, vm->diag) && reduce(vm, &event);
}

static bool
step(Vm *vm)
{
	return settle(vm);
}

static bool
forward(Vm *vm, double seconds)
{
	if (!(seconds >= 0 && seconds <= 1e12))
		return vm_fail(vm, KIT_RUNTIME_ERROR, "time goes forward, by at most 1.0E12 seconds");
	vm->now += (int64_t) (seconds * 1000);
	vm_memo_forget(vm);
	return settle(vm);
}

static bool
is_blocked(const Vm *vm)
{
	return false;
}

/* ---- @aborts ---- */

bool
vm_test_try(Vm *vm, const VmCode *code, const VmIns *caught, uint32_t base)
{
	VmTest	   *test = vm->test;

	if (test->n_tries == MAX_TRIES)
		return vm_fail(vm, KIT_BUDGET_EXCEEDED, "@aborts nests at most %d deep", MAX_TRIES);
	if (!settle(vm))
		return false;
	test->tries[test->n_tries++] = (Try) {code, caught, base, vm->n_frames, vm_doc_mark(vm->doc)};
	return true;
}

static bool
not_aborted(Vm *vm)
{
	vm->test->n_tries--;
	return vm_fail(vm, KIT_TEST_FAILED, "nothing aborts here");
}

/* A policy that refuses is as good as an abort; so is what ends the document, or leads it back, which a test cannot do. */
bool
vm_test_catch(Vm *vm, const VmCode **code, const VmIns **pc, uint32_t *base)
{
	VmTest	   *test = vm->test;
	Try		   *innermost;

	if (test->n_tries == 0 || (vm->diag->code != KIT_ABORTED && vm->diag->code != KIT_DENIED && vm->diag->code != KIT_DESTROYED && vm->diag->code != KIT_REWOUND))
		return false;
	innermost = &test->tries[--test->n_tries];
	vm_doc_undo_to(vm->doc, innermost->mark);
	vm->n_stamped = 0;
	vm->n_frames = innermost->n_frames;
	memset(vm->diag, 0, sizeof(KitDiag));
	*code = innermost->code;
	*pc = innermost->caught;
	*base = innermost->base;
	return true;
}

/* ---- assertions ---- */

static bool
show(Vm *vm, const LangType *type, VmVal value)
{
	VmTest	   *test = vm->test;
	KitBuf		bytes;
	DocWriter	w;

	kit_buf_add_str(&test->shown, test->n_shown == 0 ? "Left is " : ", right is ");
	test->n_shown++;
	if (type->kind == LANG_ENUM)
	{
		for (int i = 0; i < type->enumeration->n; i++)
			if (type->enumeration->numbers[i] == value.i)
			{
				kit_buf_printf(&test->shown, "%s::%s", type->text, type->enumeration->names[i]->text);
				return true;
			}
	}
	if (type->kind == LANG_MAYBE && value.maybe == NULL)
	{
		kit_buf_add_str(&test->shown, "empty");
		return true;
	}
	kit_buf_init(&bytes, vm->arena);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	vm_value_encode(&w, type, value);
	return doc_to_json(doc_write_end(&w), DOC_DOCUMENT, DOC_JSON_TEXT, &test->shown, vm->diag);
}

static bool
fail_assertion(Vm *vm)
{
	VmTest	   *test = vm->test;

	vm_fail(vm, KIT_TEST_FAILED, "the assertion does not hold");
	if (test->n_shown > 0)
		kit_diag_detail(vm->diag, "%s.", test->shown.data);
	return false;
}

bool
vm_test_do(Vm *vm, VmIns ins, VmVal *r)
{
	switch (ins.op)
	{
		case VM_TEST_SEND:
			return send(vm, r[ins.a].who, r[ins.b], vm->program->lang->channels[ins.c]);
		case VM_TEST_STEP:
			return step(vm);
		case VM_TEST_FORWARD:
			return forward(vm, r[ins.a].d);
		case VM_TEST_BLOCKED:
			r[ins.a].i = is_blocked(vm);
			return true;
		case VM_TEST_CAUGHT:
			return not_aborted(vm);
		case VM_TEST_SHOW:
			return show(vm, vm->program->types[ins.imm], r[ins.a]);
		default:
			return fail_assertion(vm);
	}
}

/* ---- a whole test ---- */

static bool
run(Vm *vm, const LangUnit *unit)
{
	VmEvent		create = {
		.kind = VM_EVENT_CREATE, .agent = {"?", 1}, .authority = {"?", 1}, .message = {.kind = DOC_NULL}, .origin = {"", 0}, .ip = {"", 0}
	};
	VmVal		result;

	if (!reduce(vm, &create))
	{
		KitDiag		diag = *vm->diag;

		kit_fail(vm->diag, diag.code, "the document of the test cannot be created: %s", diag.message);
		kit_diag_detail(vm->diag, "%s", diag.detail);
		kit_diag_hint(vm->diag, "It is created by nobody, without an argument.");
		kit_diag_at(vm->diag, unit->pos.line, unit->pos.column, unit->pos.length);
		return false;
	}
	return vm_run(vm, vm->program->codes[unit->index], vm->root, NULL, &result);
}

bool
vm_test_run(const VmProgram *program, const LangUnit *unit, const VmLimits *limits, VmLog log, KitDiag *diag)
{
	KitArena   *arena = kit_arena_new("test");
	VmTest		test = {.limits = limits};
	Vm			vm;
	bool		ok;

	vm_machine_init(&vm, program, arena, limits, diag);
	kit_buf_init(&test.shown, arena);
	vm.test = &test;
	vm.log = log;
	vm.doc = vm_doc_new(program, 0, false);
	vm.root = vm_doc_root(vm.doc);
	vm.may_write = true;
	vm.who = vm_principal_new(arena, "?", 1, "?", 1);
	vm.context[LANG_CONTEXT_SPACE] = (VmText) {"test", 4};
	vm.context[LANG_CONTEXT_KEY] = (VmText) {unit->name->text, unit->name->len};
	vm_doc_begin(vm.doc);
	ok = run(&vm, unit);
	vm_doc_rollback(vm.doc);
	vm_doc_free(vm.doc);
	kit_arena_delete(arena);
	return ok;
}
