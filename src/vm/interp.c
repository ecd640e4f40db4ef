/*
 * interp.c
 *	  The interpreter: one loop over the instructions of a run.
 *
 * Registers, program counter and the steps that are left live in local variables; whatever happens outside of the loop's function gets the steps through
 * vm->steps (OUTSIDE) and may have moved the stack only where it says so.  Budget and interrupts are checked at backward jumps and calls: there is
 * no way to run for long without passing one.
 *
 * When something fails, the diag gets the position of the instruction that was running.
 */
#include <string.h>

#include "vm/arith.h"
#include "vm/asset.h"
#include "vm/machine.h"
#include "vm/state_internal.h"
#include "vm/tally.h"

#ifdef VM_TALLY
VmTally		vm_tally;
#endif

#define POLL_STEPS 8192			/* steps between two looks for interrupts */

/* Where, in which unit, and in whose name. */
static bool
failed(Vm *vm, const VmCode *code, const VmIns *pc)
{
	KitDiag    *diag = vm->diag;

	if (diag != NULL && diag->line == 0)
	{
		LangPos		pos = vm_code_position(code, (uint32_t) (pc - code->ins));

		kit_diag_at(diag, pos.line, pos.column, pos.length);
		kit_diag_in(diag, vm->program->lang->labels[pos.file]);
		if (diag->detail[0] == '\0' && (vm->test == NULL || vm->n_frames > 1))
		{
			if (vm->n_frames > 1 && vm->frames[1].code != code)
				kit_diag_detail(diag, "It happened in %s, called from %s.", code->name, vm->frames[1].code->name);
			else
				kit_diag_detail(diag, "It happened in %s.", code->name);
		}
	}
	vm->n_frames = 0;
	return false;
}

bool
vm_run(Vm *vm, const VmCode *code, VmObj *self, const VmVal *args, VmVal *out)
{
	static const void *const labels[] = {
#define VM_OP(name, op_code, form, doc) &&L_##name,
#include "vm/opcodes.def"
#undef VM_OP
	};
	const VmIns *pc;
	VmVal	   *r;
	uint32_t	caught_base;
	int64_t		steps;
	int64_t		poll_at;
	VmIns		i;

#define OP(name) L_##name:
#define NEXT do { i = *pc++; steps--; VM_COUNT(ops, i.op); goto *labels[i.op]; } while (0)
/* The second word of an instruction: taken or passed. */
#define BRANCH(taken) do { if (taken) pc += 1 + pc->imm; else pc++; } while (0)
/* Calls what may fail and may charge. */
#define OUTSIDE(call) do { bool ok_; vm->steps = steps; ok_ = (call); steps = vm->steps; if (!ok_) goto fail; } while (0)
#define CHECK_BUDGET() do { if (steps < poll_at) { vm->steps = steps; if (steps < 0 && !vm_out_of_steps(vm)) goto fail; \
	port_poll(); poll_at = steps > POLL_STEPS ? steps - POLL_STEPS : 0; } } while (0)

	ADAMA_ASSERT(vm->n_frames == 0);
	if ((vm->steps < 0 && !vm_out_of_steps(vm)) || !vm_stack_reserve(vm, code->n_regs) || !vm_frames_reserve(vm))
		return failed(vm, code, code->ins);
	vm->frames[0] = (VmFrame) {NULL, code, 0, 0, NULL};
	vm->n_frames = 1;
	r = vm->stack;
	r[VM_REG_ROOT].obj = vm->root;
	r[VM_REG_SELF].obj = self;
	if (code->n_params > 0)
		memcpy(r + VM_REG_PARAMS, args, code->n_params * sizeof(VmVal));
	steps = vm->steps;
	poll_at = steps > POLL_STEPS ? steps - POLL_STEPS : 0;
	pc = code->ins;
	NEXT;

	/* ---- control ---- */

	OP(VM_RETURN)
	{
		VmVal		value = r[i.a];
		VmFrame    *frame = &vm->frames[--vm->n_frames];

		if (vm->n_frames == 0)
		{
			vm->steps = steps;
			*out = value;
			return true;
		}
		if (frame->memo != NULL)
		{
			VmObj	   *obj = r[VM_REG_SELF].obj;

			OUTSIDE(vm_memo_store(vm, frame->memo, obj, value));
		}
		code = frame->code;
		pc = frame->pc;
		r = vm->stack + frame->base;
		r[frame->dst] = value;
		NEXT;
	}
	OP(VM_RETURN_VOID)
	{
		VmFrame    *frame = &vm->frames[--vm->n_frames];

		if (vm->n_frames == 0)
		{
			vm->steps = steps;
			return true;
		}
		code = frame->code;
		pc = frame->pc;
		r = vm->stack + frame->base;
		NEXT;
	}
	OP(VM_JUMP)
	{
		pc += i.imm;
		NEXT;
	}
	OP(VM_LOOP)
	{
		CHECK_BUDGET();
		pc += i.imm;
		NEXT;
	}
	OP(VM_JUMP_TRUE)
	{
		if (r[i.a].i != 0)
			pc += i.imm;
		NEXT;
	}
	OP(VM_JUMP_FALSE)
	{
		if (r[i.a].i == 0)
			pc += i.imm;
		NEXT;
	}
	OP(VM_JUMP_EMPTY)
	{
		if (r[i.a].p == NULL)
			pc += i.imm;
		NEXT;
	}
	OP(VM_JUMP_LT)
	{
		BRANCH(r[i.b].i < r[i.c].i);
		NEXT;
	}
	OP(VM_JUMP_LE)
	{
		BRANCH(r[i.b].i <= r[i.c].i);
		NEXT;
	}
	OP(VM_JUMP_EQ)
	{
		BRANCH(r[i.b].i == r[i.c].i);
		NEXT;
	}
	OP(VM_JUMP_NE)
	{
		BRANCH(r[i.b].i != r[i.c].i);
		NEXT;
	}
	OP(VM_CALL)
	{
		const VmCode *callee = vm->program->codes[i.c];
		uint32_t	base = (uint32_t) (r - vm->stack);

		CHECK_BUDGET();
		OUTSIDE(vm_stack_reserve(vm, base + i.b + callee->n_regs) && vm_frames_reserve(vm));
		vm->frames[vm->n_frames++] = (VmFrame) {pc, code, base, i.a, NULL};
		r = vm->stack + base + i.b;
		r[VM_REG_ROOT].obj = vm->root;
		code = callee;
		pc = code->ins;
		NEXT;
	}
	OP(VM_FORMULA)
	{
		const VmCode *callee = vm->program->codes[i.c];
		uint32_t	base = (uint32_t) (r - vm->stack);
		VmObj	   *obj = r[i.b].obj;

		CHECK_BUDGET();
		if (!callee->is_cheap && vm_memo_find(vm, callee, obj, &r[i.a]))
			NEXT;
		OUTSIDE(vm_stack_reserve(vm, base + code->n_regs + callee->n_regs) && vm_frames_reserve(vm));
		vm->frames[vm->n_frames++] = (VmFrame) {pc, code, base, i.a, callee->is_cheap ? NULL : callee};
		r = vm->stack + base + code->n_regs;
		r[VM_REG_ROOT].obj = vm->root;
		r[VM_REG_SELF].obj = obj;
		code = callee;
		pc = code->ins;
		NEXT;
	}
	OP(VM_BUILTIN)
	{
		VM_COUNT(builtins, i.c);
		OUTSIDE(vm_builtins[i.c] (vm, r + i.b, &r[i.a]));
		NEXT;
	}
	OP(VM_LOG)
	{
		OUTSIDE(vm_log(vm, vm->program->types[i.imm], r[i.a]));
		NEXT;
	}
	OP(VM_TEST_SEND)
	OP(VM_TEST_STEP)
	OP(VM_TEST_FORWARD)
	OP(VM_TEST_BLOCKED)
	OP(VM_TEST_CAUGHT)
	OP(VM_TEST_SHOW)
	OP(VM_TEST_FAIL)
	{
		OUTSIDE(vm_test_do(vm, i, r));
		NEXT;
	}
	OP(VM_TEST_TRY)
	{
		OUTSIDE(vm_test_try(vm, code, pc + i.imm, (uint32_t) (r - vm->stack)));
		NEXT;
	}
	OP(VM_ABORT)
	{
		vm_fail(vm, KIT_ABORTED, "the program aborted the message");
		goto fail;
	}

	/* ---- loading ---- */

	OP(VM_MOVE)
	{
		r[i.a] = r[i.b];
		NEXT;
	}
	OP(VM_LOAD_INT)
	{
		r[i.a].i = i.imm;
		NEXT;
	}
	OP(VM_LOAD_CONST)
	{
		r[i.a] = vm->program->constants[i.imm];
		NEXT;
	}
	OP(VM_LOAD_EMPTY)
	{
		r[i.a].p = NULL;
		NEXT;
	}
	OP(VM_WHO)
	{
		r[i.a].who = vm->who;
		NEXT;
	}
	OP(VM_VIEWER)
	{
		r[i.a].obj = vm_viewer(vm);
		NEXT;
	}
	OP(VM_NOW)
	{
		r[i.a].i = vm->now;
		NEXT;
	}
	OP(VM_CONTEXT)
	{
		r[i.a].str = vm_context_string(vm, i.imm);
		NEXT;
	}

	/* ---- objects ---- */

	OP(VM_GET)
	{
		r[i.a] = r[i.b].obj->slots[i.c];
		NEXT;
	}
	OP(VM_GET_ID)
	{
		r[i.a].i = r[i.b].obj->id;
		NEXT;
	}
	OP(VM_SET_DOC)
	{
		OUTSIDE(vm_set_document(vm, r[i.a].obj, i.b, r[i.c]));
		NEXT;
	}
	OP(VM_SET_DOC_STAMPED)
	{
		OUTSIDE(vm_set_document_stamped(vm, r[i.a].obj, i.b, r[i.c]));
		NEXT;
	}
	OP(VM_SET_MESSAGE)
	{
		r[i.a].obj->slots[i.b] = r[i.c];
		NEXT;
	}
	OP(VM_NEW_MESSAGE)
	{
		const VmStructInfo *info = &vm->program->structs[i.imm];

		OUTSIDE(vm_charge(vm, info->message_size));
		r[i.a].obj = vm_message_new(vm->program, info->structure, vm->arena);
		NEXT;
	}

	/* ---- tables ---- */

	OP(VM_INSERT)
	{
		OUTSIDE(vm_insert_row(vm, r[i.b].table, &r[i.a].obj));
		NEXT;
	}
	OP(VM_DELETE_ROW)
	{
		OUTSIDE(vm_delete_row(vm, r[i.a].obj));
		NEXT;
	}
	OP(VM_DELETE_ALL)
	{
		OUTSIDE(vm_delete_all(vm, r[i.a].table));
		NEXT;
	}
	OP(VM_DELETE_LIST)
	{
		OUTSIDE(vm_delete_list(vm, r[i.a].list));
		NEXT;
	}
	OP(VM_TABLE_SIZE)
	{
		r[i.a].i = r[i.b].table->n_live;
		NEXT;
	}
	OP(VM_TABLE_FIND)
	{
		int64_t		id = r[i.c].i;

		steps -= 8;
		r[i.a].obj = id > 0 && id <= INT32_MAX ? vm_table_find(r[i.b].table, (int32_t) id) : NULL;
		NEXT;
	}
	OP(VM_TABLE_LIST)
	{
		OUTSIDE(vm_table_list(vm, r[i.b].table, &r[i.a].list));
		NEXT;
	}

	OP(VM_ROWS)
	{
		OUTSIDE(vm_list_part(vm, r[i.b].list, 0, INT64_MAX, &r[i.a]));
		NEXT;
	}
	OP(VM_ROWS_CLEAR)
	{
		vm_rows_clear(r[i.a].list);
		NEXT;
	}
	OP(VM_ROWS_REMOVE)
	{
		OUTSIDE(vm_rows_remove(vm, r[i.a].list, r[i.b].list));
		NEXT;
	}

	OP(VM_HELD)
	{
		r[i.a].obj = vm_holder_find(r[i.b].table);
		NEXT;
	}
	OP(VM_HOLD)
	{
		OUTSIDE(vm_hold(vm, r[i.b].table, &r[i.a].obj));
		NEXT;
	}

	/* ---- maps ---- */

#define DO(name, call) OP(name) { OUTSIDE(call); NEXT; }

	DO(VM_NEW_MAP, vm_map_new(vm, vm->program->structs[i.imm].structure, &r[i.a]))
	DO(VM_MAP_VALUE, vm_map_value(vm, r[i.b].map, &r[i.a]))
	DO(VM_MAP_OWN, vm_map_own(vm, &r[i.a]))
	OP(VM_MAP_AT)
	{
		const VmPair *entry = vm_map_get(r[i.b].map, r[i.c]);

		steps -= 8;
		if (entry != NULL)
			r[i.a] = vm_map_entry_value(r[i.b].map, entry);
		BRANCH(entry == NULL);
		NEXT;
	}
	DO(VM_MAP_PUT, vm_map_put(vm, r[i.a].map, r[i.b], r[i.c]))
	DO(VM_MAP_ENTER, vm_map_enter(vm, r[i.b].map, r[i.c], &r[i.a]))
	DO(VM_MAP_REMOVE, vm_map_remove(vm, r[i.a].map, r[i.b]))
	DO(VM_MAP_ASSIGN, vm_map_assign(vm, r[i.a].map, r[i.b].map))
	DO(VM_MAP_INSERT, vm_map_insert_all(vm, r[i.a].map, r[i.b].map))
	DO(VM_MAP_PAIRS, vm_map_pairs(vm, r[i.b].map, &r[i.a]))

	/* ---- lists ---- */

	OP(VM_NEW_LIST)
	{
		OUTSIDE(vm_new_list(vm, (size_t) i.imm, &r[i.a].list));
		NEXT;
	}
	OP(VM_LIST_ADD)
	{
		VmList	   *list = r[i.a].list;

		if (list->n < list->cap)
			list->items[list->n++] = r[i.b];
		else
			OUTSIDE(vm_list_append(vm, list, r[i.b]));
		NEXT;
	}
	OP(VM_LIST_SIZE)
	{
		r[i.a].i = r[i.b].list->n;
		NEXT;
	}
	OP(VM_LIST_AT)
	{
		const VmList *list = r[i.b].list;
		int64_t		at = r[i.c].i;

		if (at >= 0 && at < (int64_t) list->n)
		{
			r[i.a] = list->items[at];
			pc++;
		}
		else
			pc += 1 + pc->imm;
		NEXT;
	}
	OP(VM_LIST_OFFSET)
	{
		OUTSIDE(vm_list_part(vm, r[i.b].list, r[i.c].i, INT64_MAX, &r[i.a]));
		NEXT;
	}
	OP(VM_LIST_LIMIT)
	{
		OUTSIDE(vm_list_part(vm, r[i.b].list, 0, r[i.c].i, &r[i.a]));
		NEXT;
	}
	OP(VM_LIST_COPY)
	{
		OUTSIDE(vm_list_copy(vm, r[i.b].list, &r[i.a]));
		NEXT;
	}
	OP(VM_SORT)
	{
		OUTSIDE(vm_sort(vm, r[i.a].list, &vm->program->sorts[i.b], &r[i.c], 0, INT64_MAX));
		NEXT;
	}
	OP(VM_SORT_PART)
	{
		VmIns		part = *pc++;

		OUTSIDE(vm_sort(vm, r[i.a].list, &vm->program->sorts[i.b], &r[i.c], part.b == VM_NO_REG ? 0 : r[part.b].i,
						part.c == VM_NO_REG ? INT64_MAX : r[part.c].i));
		NEXT;
	}
	OP(VM_EACH)
	{
		VmList	   *list = r[i.b].list;

		r[i.a].list = list;
		r[i.a + 1].i = (int64_t) list->n << 32;
		NEXT;
	}
	OP(VM_EACH_ROW)
	{
		VmTable    *table = r[i.b].table;

		r[i.a].table = table;
		r[i.a + 1].i = (int64_t) table->n_rows << 32;
		steps -= vm_table_deleted(vm, table);
		NEXT;
	}
	OP(VM_NEXT)
	{
		/* upper half: where it ends; lower half: where it is */
		uint64_t	at = (uint64_t) r[i.b + 1].i;

		CHECK_BUDGET();
		if ((uint32_t) at < (uint32_t) (at >> 32))
		{
			r[i.a] = r[i.b].list->items[(uint32_t) at];
			r[i.b + 1].i = (int64_t) (at + 1);
			pc++;
		}
		else
			pc += 1 + pc->imm;
		NEXT;
	}
	OP(VM_NEXT_ROW)
	{
		uint64_t	at = (uint64_t) r[i.b + 1].i;
		uint32_t	end = (uint32_t) (at >> 32);
		const VmTable *table = r[i.b].table;

		/* the table may have got more rows since, behind the end; none goes before the journal ends */
		CHECK_BUDGET();
		while ((uint32_t) at < end && (table->rows[(uint32_t) at]->flags & VM_OBJ_DELETED) != 0)
			at++;
		if ((uint32_t) at < end)
		{
			r[i.a].obj = table->rows[(uint32_t) at];
			r[i.b + 1].i = (int64_t) (at + 1);
			pc++;
		}
		else
			pc += 1 + pc->imm;
		NEXT;
	}

	OP(VM_SCAN)
	{
		VmIns		word = *pc++;
		VmScanBounds bounds = {word.a, word.b == VM_NO_REG ? NULL : &r[word.b], word.c == VM_NO_REG ? NULL : &r[word.c]};
		VmScan	   *scan;

		OUTSIDE(vm_scan_begin(vm, r[i.b].table, i.c, &bounds, &scan));
		r[i.a].p = scan;
		NEXT;
	}
	OP(VM_NEXT_SCANNED)
	{
		VmObj	   *row;

		CHECK_BUDGET();
		row = vm_scan_next((VmScan *) r[i.b].p);
		if (row != NULL)
		{
			r[i.a].obj = row;
			pc++;
		}
		else
			pc += 1 + pc->imm;
		NEXT;
	}
	OP(VM_AGGREGATE)
	{
		const VmAggregateDef *def = vm->program->aggregates[i.c];
		VmAggregate    *aggregate;

		if (!vm_aggregate_is_worth_it(vm, r[i.b].table, def))
		{
			pc += 1 + pc->imm;
			NEXT;
		}
		OUTSIDE(vm_aggregate_open(vm, r[i.b].table, def, &aggregate));
		r[i.a].p = aggregate;
		pc++;
		NEXT;
	}
	OP(VM_AGGREGATE_NEXT)
	{
		VmObj	   *row = vm_aggregate_next((VmAggregate *) r[i.b].p);

		r[i.a].obj = row;
		BRANCH(row == NULL);
		NEXT;
	}
	OP(VM_AGGREGATE_PUT)
	{
		vm_aggregate_put((VmAggregate *) r[i.a].p, r[i.b]);
		NEXT;
	}
	OP(VM_AGGREGATE_CLOSE)
	{
		OUTSIDE(vm_aggregate_close(vm, (VmAggregate *) r[i.b].p, &r[i.a]));
		NEXT;
	}
	OP(VM_ORDERED)
	{
		VmIns		word = *pc++;

		OUTSIDE(vm_ordered(vm, r[i.b].table, i.c, word.a, word.b == VM_NO_REG ? 0 : r[word.b].i, word.c == VM_NO_REG ? INT64_MAX : r[word.c].i,
						   &r[i.a].list));
		NEXT;
	}

	DO(VM_GROUP, vm_group(vm, r[i.a].map, r[i.b].list, r[i.c].list))
	DO(VM_UNIQUE, vm_unique(vm, r[i.b].list, r[i.a].list, &vm->program->sorts[i.c], &r[i.a]))
	DO(VM_RANK, vm_rank(vm, r[i.a].list, r[i.b].list, i.c == VM_NO_REG ? NULL : &r[i.c]))
	DO(VM_TRAVERSE, vm_traverse(vm, r[i.b].list, i.c, &r[i.a]))
	DO(VM_SHUFFLE, vm_shuffle(vm, r[i.a].list))
	DO(VM_SORT_BY_TEXT, vm_sort_by_text(vm, r[i.a].list, r[i.b].str, vm->program->structs[i.c].structure))

	/* ---- conversions ---- */

	OP(VM_INT_TO_DOUBLE)
	{
		r[i.a].d = (double) r[i.b].i;
		NEXT;
	}
	OP(VM_TO_INSTANT)
	{
		r[i.a].i = kit_datetime_ms(r[i.b].i);
		NEXT;
	}
	OP(VM_TO_COMPLEX)
	{
		OUTSIDE(vm_make_complex(vm, r[i.b].d, 0, &r[i.a]));
		NEXT;
	}
	OP(VM_COMPLEX_TO_STRING)
	{
		OUTSIDE(vm_complex_string(vm, r[i.b].complex, &r[i.a]));
		NEXT;
	}
	OP(VM_TO_MAYBE)
	{
		OUTSIDE(vm_make_maybe(vm, r[i.b], &r[i.a]));
		NEXT;
	}
	OP(VM_FROM_MAYBE)
	{
		r[i.a] = r[i.b].maybe->value;
		NEXT;
	}
	OP(VM_IS_FULL)
	{
		r[i.a].i = r[i.b].p != NULL;
		NEXT;
	}
	OP(VM_INT_TO_STRING)
	{
		OUTSIDE(vm_int_string(vm, r[i.b].i, &r[i.a]));
		NEXT;
	}
	OP(VM_BOOL_TO_STRING)
	{
		r[i.a].str = vm_bool_string(r[i.b].i != 0);
		NEXT;
	}
	OP(VM_DOUBLE_TO_STRING)
	{
		OUTSIDE(vm_double_string(vm, r[i.b].d, &r[i.a]));
		NEXT;
	}

	/* ---- arithmetic ---- */

#define INT32(x) ((int32_t) (uint32_t) (x))
#define U(reg) ((uint64_t) r[reg].i)

	OP(VM_ADD_SMALL_INT)
	{
		r[i.a].i = INT32(U(i.b) + (uint64_t) (int64_t) (int16_t) i.c);
		NEXT;
	}
	OP(VM_ADD_SMALL_LONG)
	{
		r[i.a].i = (int64_t) (U(i.b) + (uint64_t) (int64_t) (int16_t) i.c);
		NEXT;
	}
	OP(VM_ADD_INT)
	{
		r[i.a].i = INT32(U(i.b) + U(i.c));
		NEXT;
	}
	OP(VM_SUB_INT)
	{
		r[i.a].i = INT32(U(i.b) - U(i.c));
		NEXT;
	}
	OP(VM_MUL_INT)
	{
		r[i.a].i = INT32(U(i.b) * U(i.c));
		NEXT;
	}
	OP(VM_NEG_INT)
	{
		r[i.a].i = INT32(0 - U(i.b));
		NEXT;
	}
	OP(VM_ADD_LONG)
	{
		r[i.a].i = (int64_t) (U(i.b) + U(i.c));
		NEXT;
	}
	OP(VM_SUB_LONG)
	{
		r[i.a].i = (int64_t) (U(i.b) - U(i.c));
		NEXT;
	}
	OP(VM_MUL_LONG)
	{
		r[i.a].i = (int64_t) (U(i.b) * U(i.c));
		NEXT;
	}
	OP(VM_NEG_LONG)
	{
		r[i.a].i = (int64_t) (0 - U(i.b));
		NEXT;
	}
	OP(VM_ADD_DOUBLE)
	{
		r[i.a].d = r[i.b].d + r[i.c].d;
		NEXT;
	}
	OP(VM_SUB_DOUBLE)
	{
		r[i.a].d = r[i.b].d - r[i.c].d;
		NEXT;
	}
	OP(VM_MUL_DOUBLE)
	{
		r[i.a].d = r[i.b].d * r[i.c].d;
		NEXT;
	}
	OP(VM_NEG_DOUBLE)
	{
		r[i.a].d = -r[i.b].d;
		NEXT;
	}
	OP(VM_DIV_DOUBLE)
	{
		OUTSIDE(vm_make_maybe_finite(vm, r[i.b].d / r[i.c].d, &r[i.a]));
		NEXT;
	}
	OP(VM_MOD_INT)
	OP(VM_MOD_LONG)
	{
		OUTSIDE(vm_make_remainder(vm, r[i.b].i, r[i.c].i, &r[i.a]));
		NEXT;
	}
	OP(VM_MAYBE_ADD_DOUBLE)
	OP(VM_MAYBE_SUB_DOUBLE)
	OP(VM_MAYBE_MUL_DOUBLE)
	OP(VM_MAYBE_DIV_DOUBLE)
	{
		OUTSIDE(vm_maybe_double(vm, i.op, r[i.b].maybe, r[i.c].maybe, &r[i.a]));
		NEXT;
	}
	OP(VM_MAYBE_NEG_INT)
	{
		if (r[i.b].maybe == NULL)
			r[i.a].maybe = NULL;
		else
			OUTSIDE(vm_make_maybe(vm, (VmVal) {.i = INT32(0 - (uint64_t) r[i.b].maybe->value.i)}, &r[i.a]));
		NEXT;
	}
	OP(VM_MAYBE_NEG_LONG)
	{
		if (r[i.b].maybe == NULL)
			r[i.a].maybe = NULL;
		else
			OUTSIDE(vm_make_maybe(vm, (VmVal) {.i = (int64_t) (0 - (uint64_t) r[i.b].maybe->value.i)}, &r[i.a]));
		NEXT;
	}
	OP(VM_MAYBE_NEG_DOUBLE)
	{
		if (r[i.b].maybe == NULL)
			r[i.a].maybe = NULL;
		else
			OUTSIDE(vm_make_maybe(vm, (VmVal) {.d = -r[i.b].maybe->value.d}, &r[i.a]));
		NEXT;
	}
	OP(VM_ADD_COMPLEX)
	OP(VM_SUB_COMPLEX)
	OP(VM_MUL_COMPLEX)
	OP(VM_DIV_COMPLEX)
	OP(VM_NEG_COMPLEX)
	OP(VM_MAYBE_ADD_COMPLEX)
	OP(VM_MAYBE_SUB_COMPLEX)
	OP(VM_MAYBE_MUL_COMPLEX)
	OP(VM_MAYBE_DIV_COMPLEX)
	OP(VM_MAYBE_NEG_COMPLEX)
	OP(VM_EQ_COMPLEX)
	OP(VM_NE_COMPLEX)
	OP(VM_EQ_MAYBE_COMPLEX)
	OP(VM_NE_MAYBE_COMPLEX)
	{
		OUTSIDE(vm_complex_operation(vm, i.op, r[i.b], r[i.c], &r[i.a]));
		NEXT;
	}
	OP(VM_NOT)
	{
		r[i.a].i = r[i.b].i == 0;
		NEXT;
	}
	OP(VM_XOR)
	{
		r[i.a].i = (r[i.b].i != 0) != (r[i.c].i != 0);
		NEXT;
	}

	/* ---- strings ---- */

	OP(VM_CONCAT)
	{
		OUTSIDE(vm_concat(vm, r[i.b].str, r[i.c].str, &r[i.a]));
		NEXT;
	}
	OP(VM_REPEAT)
	{
		OUTSIDE(vm_repeat(vm, r[i.b].str, r[i.c].i, &r[i.a]));
		NEXT;
	}
	OP(VM_REPEAT_BY)
	{
		OUTSIDE(vm_repeat(vm, r[i.c].str, r[i.b].i, &r[i.a]));
		NEXT;
	}
	OP(VM_MAYBE_REPEAT)
	OP(VM_MAYBE_REPEAT_BY)
	{
		const VmMaybe *text = i.op == VM_MAYBE_REPEAT ? r[i.b].maybe : r[i.c].maybe;
		int64_t		times = i.op == VM_MAYBE_REPEAT ? r[i.c].i : r[i.b].i;
		VmVal		made;

		if (text == NULL)
			r[i.a].maybe = NULL;
		else
			OUTSIDE(vm_repeat(vm, text->value.str, times, &made) && vm_make_maybe(vm, made, &r[i.a]));
		NEXT;
	}
	OP(VM_MATCH_STRING)
	{
		bool		matches;

		OUTSIDE(vm_match(vm, r[i.b].str, r[i.c].str, &matches));
		r[i.a].i = matches;
		NEXT;
	}

	/* ---- comparisons ---- */

#define COMPARE(name, result) OP(name) { r[i.a].i = (result); NEXT; }
#define STRING_STEPS (steps -= (int64_t) ((r[i.b].str->len < r[i.c].str->len ? r[i.b].str->len : r[i.c].str->len) / 16))
#define ASSET_STEPS (steps -= (int64_t) (vm_asset_memory(r[i.b].asset) / 16))

	COMPARE(VM_LT_INT, r[i.b].i < r[i.c].i)
	COMPARE(VM_LE_INT, r[i.b].i <= r[i.c].i)
	COMPARE(VM_GT_INT, r[i.b].i > r[i.c].i)
	COMPARE(VM_GE_INT, r[i.b].i >= r[i.c].i)
	COMPARE(VM_EQ_INT, r[i.b].i == r[i.c].i)
	COMPARE(VM_NE_INT, r[i.b].i != r[i.c].i)
	COMPARE(VM_LT_DOUBLE, r[i.b].d < r[i.c].d)
	COMPARE(VM_LE_DOUBLE, r[i.b].d <= r[i.c].d)
	COMPARE(VM_GT_DOUBLE, r[i.b].d > r[i.c].d)
	COMPARE(VM_GE_DOUBLE, r[i.b].d >= r[i.c].d)
	COMPARE(VM_EQ_NEAR, vm_near(r[i.b].d, r[i.c].d))
	COMPARE(VM_NE_NEAR, !vm_near(r[i.b].d, r[i.c].d))
	COMPARE(VM_LT_STRING, (STRING_STEPS, vm_str_compare(r[i.b].str, r[i.c].str) < 0))
	COMPARE(VM_LE_STRING, (STRING_STEPS, vm_str_compare(r[i.b].str, r[i.c].str) <= 0))
	COMPARE(VM_GT_STRING, (STRING_STEPS, vm_str_compare(r[i.b].str, r[i.c].str) > 0))
	COMPARE(VM_GE_STRING, (STRING_STEPS, vm_str_compare(r[i.b].str, r[i.c].str) >= 0))
	COMPARE(VM_EQ_STRING, (STRING_STEPS, vm_str_equal(r[i.b].str, r[i.c].str)))
	COMPARE(VM_NE_STRING, (STRING_STEPS, !vm_str_equal(r[i.b].str, r[i.c].str)))
	COMPARE(VM_EQ_PRINCIPAL, vm_principal_equal(r[i.b].who, r[i.c].who))
	COMPARE(VM_NE_PRINCIPAL, !vm_principal_equal(r[i.b].who, r[i.c].who))
	COMPARE(VM_EQ_ASSET, (ASSET_STEPS, vm_asset_equal(r[i.b].asset, r[i.c].asset)))
	COMPARE(VM_NE_ASSET, (ASSET_STEPS, !vm_asset_equal(r[i.b].asset, r[i.c].asset)))
	COMPARE(VM_EQ_DYNAMIC, (STRING_STEPS, vm_str_equal(r[i.b].str, r[i.c].str)))
	COMPARE(VM_NE_DYNAMIC, (STRING_STEPS, !vm_str_equal(r[i.b].str, r[i.c].str)))
	COMPARE(VM_EQ_MAYBE_INT, vm_same_maybe_int(r[i.b].maybe, r[i.c].maybe))
	COMPARE(VM_NE_MAYBE_INT, !vm_same_maybe_int(r[i.b].maybe, r[i.c].maybe))
	COMPARE(VM_EQ_MAYBE_NEAR, vm_same_maybe_near(r[i.b].maybe, r[i.c].maybe))
	COMPARE(VM_NE_MAYBE_NEAR, !vm_same_maybe_near(r[i.b].maybe, r[i.c].maybe))
	COMPARE(VM_EQ_MAYBE_STRING, vm_same_maybe_string(r[i.b].maybe, r[i.c].maybe))
	COMPARE(VM_NE_MAYBE_STRING, !vm_same_maybe_string(r[i.b].maybe, r[i.c].maybe))

fail:
	vm->steps = steps;
	if (vm->test != NULL && vm_test_catch(vm, &code, &pc, &caught_base))
	{
		r = vm->stack + caught_base;
		NEXT;
	}
	return failed(vm, code, pc - 1);
}
