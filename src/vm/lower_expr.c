/*
 * lower_expr.c
 *	  Expressions: values, conditions, maybes, conversions.
 *
 * Three ways to lower one expression.  lower_expr puts its value into a register.  lower_condition jumps by it, without making a bool first.  lower_maybe
 * yields what a maybe holds and jumps when it is empty, without making a maybe first: so t[id].name.length() allocates nothing on the way.
 */
#include <string.h>

#include "vm/lower.h"

#define MAX_DEPTH 4000			/* the checker's limit, with room for the conversions it adds */

static uint16_t lower_any(Lower *l, const LangExpr *e, int want);

/* ---- evaluation order ---- */

static bool
is_local(const LangExpr *e)
{
	e = lower_bare(e);
	while (e->kind == LANG_EXPR_CONVERT && e->u.convert.how == LANG_CONVERT_WIDEN)
		e = lower_bare(e->u.convert.operand);
	return e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_LOCAL;
}

uint16_t
lower_expr_kept(Lower *l, const LangExpr *e, const LangExpr *next)
{
	/* only a local's register can change behind our back */
	if (next != NULL && is_local(e) && (lower_effects(next) & LOWER_ASSIGNS) != 0)
		return lower_expr(l, e, lower_temp(l));
	return lower_expr(l, e, -1);
}

/* Ends with one instruction that reads all operands before it writes its result. */
static bool
writes_last(const LangExpr *e)
{
	e = lower_bare(e);
	switch (e->kind)
	{
		case LANG_EXPR_BINARY:
			return e->u.binary.op != LANG_OP_AND && e->u.binary.op != LANG_OP_OR;
		case LANG_EXPR_PREFIX:
			return e->u.unary.op == LANG_OP_NEGATE || e->u.unary.op == LANG_OP_NOT;
		case LANG_EXPR_NAME:
			return true;
		case LANG_EXPR_FIELD:
			return !e->u.field.is_lifted && !e->u.field.is_projection;
		case LANG_EXPR_CONVERT:
			return e->u.convert.how == LANG_CONVERT_INT_TO_DOUBLE || (e->u.convert.how == LANG_CONVERT_WIDEN && writes_last(e->u.convert.operand));
		default:
			return false;
	}
}

/* The locals' registers come first, so it is enough to look at the number. */
static bool
reads_register(Lower *l, const LangExpr *e, int reg)
{
	int			index = reg - VM_REG_PARAMS;

	return index >= 0 && index < l->unit->n_locals && lower_reads_local(e, l->unit->locals[index]);
}

uint16_t
lower_expr(Lower *l, const LangExpr *e, int want)
{
	LangPos		pos = l->pos;
	uint16_t	reg;

	for (Hoisted *h = l->hoisted; h != NULL; h = h->up)
		if (h->expr == e)
		{
			if (want < 0)
				return h->reg;
			lower_move(l, (uint16_t) want, h->reg);
			return (uint16_t) want;
		}
	if (++l->depth > MAX_DEPTH || port_stack_is_low())
	{
		lower_fail(l, "the expression is nested too deeply");
		l->depth--;
		return lower_result(l, want);
	}
	if (e->pos.line > 0)
		l->pos = e->pos;
	if (lower_map_needs_value(e))
		reg = lower_map_value(l, e, want);
	else if (want >= 0 && l->unit != NULL && want < VM_REG_PARAMS + l->unit->n_locals && !writes_last(e) && reads_register(l, e, want))
	{
		/* x = c ? 1 : x + 1 and the like: not before all of it is evaluated */
		uint32_t	mark = l->next;

		reg = lower_any(l, e, -1);
		lower_move(l, (uint16_t) want, reg);
		reg = (uint16_t) want;
		l->next = mark;
	}
	else
		reg = lower_any(l, e, want);
	l->pos = pos;
	l->depth--;
	return reg;
}

uint16_t
lower_plain(Lower *l, const LangExpr *e, int want)
{
	LangPos		pos = l->pos;
	uint16_t	reg;

	if (e->pos.line > 0)
		l->pos = e->pos;
	reg = lower_any(l, e, want);
	l->pos = pos;
	return reg;
}

/* ---- operators ---- */

uint16_t
lower_apply(Lower *l, VmOp op, uint16_t left, uint16_t right, int want)
{
	uint16_t	dst = lower_result(l, want);

	lower_emit(l, op, dst, left, right);
	return dst;
}

static VmOp
op_of(const LangOpRow *row)
{
	return vm_op_of_code(row->code);
}

/* A number small enough to be part of an instruction. */
static bool
small_number(const LangExpr *e, int *value)
{
	e = lower_bare(e);
	while (e->kind == LANG_EXPR_CONVERT && e->u.convert.how == LANG_CONVERT_WIDEN)
		e = lower_bare(e->u.convert.operand);
	if ((e->kind != LANG_EXPR_INT && e->kind != LANG_EXPR_LONG) || e->u.integer < -30000 || e->u.integer > 30000)
		return false;
	*value = (int) e->u.integer;
	return true;
}

/* A bool from jumps. */
static uint16_t
lower_bool(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	Label		yes = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_condition(l, e, true, &yes);
	lower_int(l, 0, dst);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &yes);
	lower_int(l, 1, dst);
	lower_here(l, &end);
	l->next = mark;
	return dst;
}

static uint16_t
lower_binary(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark = l->next;
	uint16_t	left;
	uint16_t	right;
	VmOp		op;
	int			number;

	if (e->u.binary.op == LANG_OP_AND || e->u.binary.op == LANG_OP_OR)
		return lower_bool(l, e, want);
	op = op_of(e->u.binary.row);
	if ((op == VM_ADD_INT || op == VM_SUB_INT || op == VM_ADD_LONG || op == VM_SUB_LONG) && small_number(e->u.binary.right, &number))
	{
		uint16_t	dst;

		left = lower_expr(l, e->u.binary.left, -1);
		l->next = mark;
		dst = lower_result(l, want);
		if (op == VM_SUB_INT || op == VM_SUB_LONG)
			number = -number;
		lower_emit(l, op == VM_ADD_INT || op == VM_SUB_INT ? VM_ADD_SMALL_INT : VM_ADD_SMALL_LONG, dst, left, (uint16_t) number);
		return dst;
	}
	left = lower_expr_kept(l, e->u.binary.left, e->u.binary.right);
	right = lower_expr(l, e->u.binary.right, -1);
	l->next = mark;
	return lower_apply(l, op, left, right, want);
}

static uint16_t
lower_unary(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark = l->next;
	const LangExpr *operand = lower_bare(e->u.unary.operand);
	uint16_t	value;

	if (e->u.unary.op == LANG_OP_INCREMENT || e->u.unary.op == LANG_OP_DECREMENT)
		return lower_assign_op(l, e, want, true);
	if (e->u.unary.op == LANG_OP_NEGATE && (operand->kind == LANG_EXPR_INT || operand->kind == LANG_EXPR_LONG))
		return lower_int(l, -operand->u.integer, want);
	if (operand->type->kind == LANG_LIST)
		return lower_apply_each(l, op_of(e->u.unary.row), operand, want);
	value = lower_expr(l, e->u.unary.operand, -1);
	l->next = mark;
	return lower_apply(l, op_of(e->u.unary.row), value, 0, want);
}

static uint16_t
lower_ternary(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	Label		no = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_condition(l, e->u.ternary.condition, false, &no);
	l->next = mark;
	lower_expr(l, e->u.ternary.yes, dst);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &no);
	l->next = mark;
	lower_expr(l, e->u.ternary.no, dst);
	lower_here(l, &end);
	l->next = mark;
	return dst;
}

/* ---- names and fields ---- */

uint16_t
lower_base(const LangRef *ref)
{
	switch (ref->base)
	{
		case LANG_BASE_ROOT:
			return VM_REG_ROOT;
		case LANG_BASE_SELF:
			return VM_REG_SELF;
		default:
			return lower_local(ref->local);
	}
}

static uint16_t
lower_viewer_field(Lower *l, const LangField *field, int want)
{
	uint32_t	mark = l->next;
	uint16_t	viewer = lower_temp(l);

	lower_emit(l, VM_VIEWER, viewer, 0, 0);
	l->next = mark;
	return lower_get(l, field, viewer, want);
}

static uint16_t
lower_name(Lower *l, const LangExpr *e, int want)
{
	const LangRef *ref = &e->u.name.ref;

	switch (ref->kind)
	{
		case LANG_REF_LOCAL:
			if (want < 0)
				return lower_local(ref->local);
			lower_move(l, (uint16_t) want, lower_local(ref->local));
			return (uint16_t) want;
		case LANG_REF_FIELD:
			return lower_get(l, ref->field, lower_base(ref), want);
		case LANG_REF_VIEWER_FIELD:
			return lower_viewer_field(l, ref->field, want);
		default:
			lower_fail(l, "this name has no value");
			return lower_result(l, want);
	}
}

/* ---- conversions ---- */

static uint16_t
to_string(Lower *l, uint16_t value, const LangType *type, int want)
{
	switch (type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
			return lower_apply(l, VM_INT_TO_STRING, value, 0, want);
		case LANG_BOOL:
			return lower_apply(l, VM_BOOL_TO_STRING, value, 0, want);
		case LANG_COMPLEX:
			return lower_apply(l, VM_COMPLEX_TO_STRING, value, 0, want);
		case LANG_DOUBLE:
			return lower_apply(l, VM_DOUBLE_TO_STRING, value, 0, want);
		case LANG_STRING:
			if (want >= 0)
				lower_move(l, (uint16_t) want, value);
			return want >= 0 ? (uint16_t) want : value;
		default:
			lower_fail(l, "this has no form as a string");
			return lower_result(l, want);
	}
}

static uint16_t
lower_to_string(Lower *l, const LangExpr *operand, int want)
{
	const LangType *type = operand->type;
	uint32_t	mark;
	uint16_t	dst;
	Label		empty = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (type->kind != LANG_MAYBE)
	{
		mark = l->next;
		dst = lower_expr(l, operand, -1);
		l->next = mark;
		return to_string(l, dst, type, want >= 0 ? want : lower_temp(l));
	}
	dst = lower_result(l, want);
	mark = l->next;
	to_string(l, lower_maybe(l, operand, &empty, -1), type->a, dst);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &empty);
	lower_string(l, "", 0, dst);
	lower_here(l, &end);
	l->next = mark;
	return dst;
}

static uint16_t
lower_elements(Lower *l, uint16_t list, const LangType *from, const LangType *to, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	made = lower_temp(l);
	uint16_t	each = lower_temps(l, 2);
	uint16_t	item = lower_temp(l);
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_emit_imm(l, VM_NEW_LIST, made, 0);
	lower_emit(l, VM_EACH, each, list, 0);
	lower_here(l, &again);
	lower_branch(l, VM_NEXT, item, each, 0, &end);
	lower_emit(l, VM_LIST_ADD, made, lower_project(l, item, from, to, -1), 0);
	lower_loop(l, &again);
	lower_here(l, &end);
	lower_move(l, dst, made);
	l->next = mark;
	return dst;
}

/* Converts a value as lang_type_fit says; the types fit. */
uint16_t
lower_convert(Lower *l, uint16_t value, const LangType *from, const LangType *to, int want)
{
	uint32_t	mark;
	uint16_t	dst;
	LangFitting fitting;
	LangFit		fit = lang_type_fit(from, to, &fitting);

	if (fit == LANG_FITS_NOT && to->kind == LANG_DOUBLE)
		fitting = (LangFitting) {.how = LANG_CONVERT_INT_TO_DOUBLE};	/* a long, which only operators convert */
	if (fit == LANG_FITS_AS_IS || (fit != LANG_FITS_NOT && fitting.how == LANG_CONVERT_WIDEN))
	{
		if (want >= 0)
			lower_move(l, (uint16_t) want, value);
		return want >= 0 ? (uint16_t) want : value;
	}
	switch (fitting.how)
	{
		case LANG_CONVERT_INT_TO_DOUBLE:
			return lower_apply(l, VM_INT_TO_DOUBLE, value, 0, want);
		case LANG_CONVERT_TO_COMPLEX:
			dst = lower_result(l, want);
			if (from->kind != LANG_DOUBLE)
			{
				lower_emit(l, VM_INT_TO_DOUBLE, dst, value, 0);
				value = dst;
			}
			lower_emit(l, VM_TO_COMPLEX, dst, value, 0);
			return dst;
		case LANG_CONVERT_TO_MAYBE:
			dst = lower_result(l, want);
			mark = l->next;
			lower_emit(l, VM_TO_MAYBE, dst, lower_convert(l, value, from, to->a, -1), 0);
			l->next = mark;
			return dst;
		case LANG_CONVERT_MAYBE_INNER:
			{
				Label		end = LABEL_NEW;
				uint16_t	inside;

				dst = lower_result(l, want);
				mark = l->next;
				inside = lower_temp(l);
				lower_emit(l, VM_MOVE, inside, value, 0);
				lower_emit(l, VM_LOAD_EMPTY, dst, 0, 0);
				lower_jump(l, VM_JUMP_EMPTY, inside, &end);
				lower_emit(l, VM_FROM_MAYBE, inside, inside, 0);
				lower_emit(l, VM_TO_MAYBE, dst, lower_convert(l, inside, from->a, to->a, -1), 0);
				lower_here(l, &end);
				l->next = mark;
				return dst;
			}
		case LANG_CONVERT_MESSAGE:
			{
				uint32_t	code = lower_pair(l, PAIR_CONVERT, from->structure, to->structure);
				uint16_t	window;

				dst = lower_result(l, want);
				mark = l->next;
				window = lower_temps(l, VM_REG_PARAMS + 1);
				lower_move(l, window + VM_REG_PARAMS, value);
				lower_emit(l, VM_CALL, dst, window, code);
				l->next = mark;
				return dst;
			}
		case LANG_CONVERT_ELEMENTS:
			return lower_elements(l, value, from->a, to->a, want);
		default:
			lower_fail(l, "this conversion is not known");
			return lower_result(l, want);
	}
}

static bool
is_structured(const LangType *type)
{
	return type->kind == LANG_RECORD || type->kind == LANG_MESSAGE;
}

/* Converts as @convert does: what fits, and structures by the fields of the message. */
uint16_t
lower_project(Lower *l, uint16_t value, const LangType *from, const LangType *to, int want)
{
	LangFitting fitting;
	uint16_t	dst;
	uint32_t	mark;
	uint16_t	inside;
	Label		empty = LABEL_NEW;

	if (lang_type_fit(from, to, &fitting) != LANG_FITS_NOT)
	{
		dst = lower_convert(l, value, from, to, want);
		if (from->kind == LANG_MAP)
			lower_keep(l, to, dst);
		return dst;
	}
	dst = lower_result(l, want);
	mark = l->next;
	if (to->kind == LANG_MAYBE)
	{
		inside = lower_temp(l);
		lower_move(l, inside, value);
		lower_emit(l, VM_LOAD_EMPTY, dst, 0, 0);
		if (from->kind == LANG_MAYBE)
		{
			lower_jump(l, VM_JUMP_EMPTY, inside, &empty);
			lower_emit(l, VM_FROM_MAYBE, inside, inside, 0);
			from = from->a;
		}
		lower_emit(l, VM_TO_MAYBE, dst, lower_project(l, inside, from, to->a, -1), 0);
		lower_here(l, &empty);
	}
	else if (is_structured(from))
	{
		uint16_t	window = lower_temps(l, VM_REG_PARAMS + 1);

		lower_move(l, window + VM_REG_PARAMS, value);
		lower_emit(l, VM_CALL, dst, window, lower_pair(l, PAIR_CONVERT, from->structure, to->structure));
	}
	else
	{
		if (from->kind == LANG_TABLE)
			value = lower_apply(l, lower_is_rows(from) ? VM_ROWS : VM_TABLE_LIST, value, 0, -1);
		lower_elements(l, value, from->a, to->a, dst);
	}
	l->next = mark;
	return dst;
}

static uint16_t
lower_conversion(Lower *l, const LangExpr *e, int want)
{
	const LangExpr *operand = e->u.convert.operand;
	const LangExpr *bare = lower_bare(operand);
	uint32_t	mark = l->next;
	uint16_t	value;

	switch (e->u.convert.how)
	{
		case LANG_CONVERT_WIDEN:
			return lower_expr(l, operand, want);
		case LANG_CONVERT_TO_MAYBE:
			value = lower_expr(l, operand, -1);
			l->next = mark;
			return lower_apply(l, VM_TO_MAYBE, value, 0, want);
		case LANG_CONVERT_INT_TO_DOUBLE:
			if (bare->kind == LANG_EXPR_INT || bare->kind == LANG_EXPR_LONG)
			{
				value = lower_result(l, want);
				lower_emit_imm(l, VM_LOAD_CONST, value, lower_constant(l, 'D', (VmVal) {.d = (double) bare->u.integer}));
				return value;
			}
			value = lower_expr(l, operand, -1);
			l->next = mark;
			return lower_apply(l, VM_INT_TO_DOUBLE, value, 0, want);
		case LANG_CONVERT_TO_INSTANT:
			value = lower_expr(l, operand, -1);
			l->next = mark;
			return lower_apply(l, VM_TO_INSTANT, value, 0, want);
		case LANG_CONVERT_MAYBE_INNER:
			return lower_wrapped(l, e, want);
		case LANG_CONVERT_MAYBE_BOOL:
			return lower_bool(l, e, want);
		case LANG_CONVERT_TO_STRING:
			return lower_to_string(l, operand, want);
		case LANG_CONVERT_MESSAGE:
			if (bare->kind == LANG_EXPR_OBJECT)
				return lower_object(l, bare, e->type->structure, want);
			break;
		default:
			break;
	}
	value = lower_result(l, want);
	mark = l->next;
	lower_convert(l, lower_expr(l, operand, -1), operand->type, e->type, value);
	l->next = mark;
	return value;
}

/* ---- conditions ---- */

/* The jump for a comparison of integers: b < c and so on, perhaps with the operands exchanged. */
static bool
integer_jump(VmOp op, bool jump_when, VmOp *jump, bool *swap)
{
	*swap = false;
	switch (op)
	{
		case VM_LT_INT:
			*jump = jump_when ? VM_JUMP_LT : VM_JUMP_LE;
			*swap = !jump_when;
			return true;
		case VM_LE_INT:
			*jump = jump_when ? VM_JUMP_LE : VM_JUMP_LT;
			*swap = !jump_when;
			return true;
		case VM_GT_INT:
			*jump = jump_when ? VM_JUMP_LT : VM_JUMP_LE;
			*swap = jump_when;
			return true;
		case VM_GE_INT:
			*jump = jump_when ? VM_JUMP_LE : VM_JUMP_LT;
			*swap = jump_when;
			return true;
		case VM_EQ_INT:
			*jump = jump_when ? VM_JUMP_EQ : VM_JUMP_NE;
			return true;
		case VM_NE_INT:
			*jump = jump_when ? VM_JUMP_NE : VM_JUMP_EQ;
			return true;
		default:
			return false;
	}
}

static void
lower_binary_condition(Lower *l, const LangExpr *e, bool jump_when, Label *label)
{
	uint16_t	left;
	uint16_t	right;
	VmOp		jump;
	bool		swap;

	if (e->u.binary.op == LANG_OP_AND || e->u.binary.op == LANG_OP_OR)
	{
		bool		is_and = e->u.binary.op == LANG_OP_AND;

		if (is_and != jump_when)
		{
			/* either of them decides */
			lower_condition(l, e->u.binary.left, jump_when, label);
			lower_condition(l, e->u.binary.right, jump_when, label);
		}
		else
		{
			Label		skip = LABEL_NEW;

			lower_condition(l, e->u.binary.left, !jump_when, &skip);
			lower_condition(l, e->u.binary.right, jump_when, label);
			lower_here(l, &skip);
		}
		return;
	}
	left = lower_expr_kept(l, e->u.binary.left, e->u.binary.right);
	right = lower_expr(l, e->u.binary.right, -1);
	if (integer_jump(op_of(e->u.binary.row), jump_when, &jump, &swap))
		lower_branch(l, jump, 0, swap ? right : left, swap ? left : right, label);
	else
		lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, lower_apply(l, op_of(e->u.binary.row), left, right, -1), label);
}

/* low < value <= high, with every combination of the two. */
static void
lower_range_condition(Lower *l, const LangExpr *e, bool jump_when, Label *label)
{
	const LangExpr *value_expr = e->u.range.value;
	const LangExpr *high_expr = e->u.range.high;
	bool		is_double = e->u.range.low->type->kind == LANG_DOUBLE;
	uint16_t	low = lower_expr_kept(l, e->u.range.low, value_expr);
	uint16_t	value;
	uint16_t	high;
	uint16_t	test;
	Label		skip = LABEL_NEW;

	if ((lower_effects(high_expr) & LOWER_ASSIGNS) != 0)
	{
		uint16_t	copy = lower_temp(l);

		lower_move(l, copy, low);
		low = copy;
	}
	value = lower_expr_kept(l, value_expr, high_expr);
	high = lower_expr(l, high_expr, -1);
	test = lower_temp(l);
	lower_emit(l, e->u.range.low_op == LANG_OP_LT ? (is_double ? VM_LT_DOUBLE : VM_LT_INT) : (is_double ? VM_LE_DOUBLE : VM_LE_INT), test, low, value);
	lower_jump(l, VM_JUMP_FALSE, test, jump_when ? &skip : label);
	lower_emit(l, e->u.range.high_op == LANG_OP_LT ? (is_double ? VM_LT_DOUBLE : VM_LT_INT) : (is_double ? VM_LE_DOUBLE : VM_LE_INT), test, value, high);
	lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, test, label);
	lower_here(l, &skip);
}

static bool
is_hoisted(const Lower *l, const LangExpr *e)
{
	for (const Hoisted *h = l->hoisted; h != NULL; h = h->up)
		if (h->expr == e)
			return true;
	return false;
}

void
lower_condition(Lower *l, const LangExpr *e, bool jump_when, Label *label)
{
	uint32_t	mark = l->next;
	LangPos		pos = l->pos;
	Label		skip = LABEL_NEW;

	if (++l->depth > MAX_DEPTH || port_stack_is_low())
	{
		lower_fail(l, "the condition is nested too deeply");
		l->depth--;
		return;
	}
	if (e->pos.line > 0)
		l->pos = e->pos;
	if (is_hoisted(l, e))
		lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, lower_expr(l, e, -1), label);
	else
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				lower_condition(l, e->u.unary.operand, jump_when, label);
				break;
			case LANG_EXPR_BOOL:
				if ((e->u.integer != 0) == jump_when)
					lower_jump(l, VM_JUMP, 0, label);
				break;
			case LANG_EXPR_BINARY:
				lower_binary_condition(l, e, jump_when, label);
				break;
			case LANG_EXPR_RANGE:
				lower_range_condition(l, e, jump_when, label);
				break;
			case LANG_EXPR_PREFIX:
				if (e->u.unary.op == LANG_OP_NOT)
				{
					lower_condition(l, e->u.unary.operand, !jump_when, label);
					break;
				}
				lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, lower_expr(l, e, -1), label);
				break;
			case LANG_EXPR_CONVERT:
				if (e->u.convert.how == LANG_CONVERT_MAYBE_BOOL)
				{
					/* an empty one counts as false */
					uint16_t	value = lower_maybe(l, e->u.convert.operand, jump_when ? &skip : label, -1);

					lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, value, label);
					lower_here(l, &skip);
					break;
				}
				/* fall through */
			default:
				lower_jump(l, jump_when ? VM_JUMP_TRUE : VM_JUMP_FALSE, lower_expr(l, e, -1), label);
		}
	l->pos = pos;
	l->next = mark;
	l->depth--;
}

/* ---- all of it ---- */

/* E::* and E::P*: the values whose names begin so. */
static uint16_t
lower_enum(Lower *l, const LangExpr *e, int want)
{
	const LangEnum *en = e->u.enumeration.enumeration;
	const KitSym *prefix = e->u.enumeration.value.sym;
	uint16_t	dst;
	VmList	   *list;

	if (!e->u.enumeration.is_star)
		return lower_int(l, e->u.enumeration.number, want);
	list = KIT_NEW(l->arena, VmList);
	list->items = KIT_NEW_N(l->arena, VmVal, en->n == 0 ? 1 : en->n);
	for (int i = 0; i < en->n; i++)
		if (prefix == NULL || (en->names[i]->len >= prefix->len && memcmp(en->names[i]->text, prefix->text, prefix->len) == 0))
			list->items[list->n++].i = en->numbers[i];
	list->cap = list->n;
	dst = lower_result(l, want);
	lower_emit_imm(l, VM_LOAD_CONST, dst, lower_constant(l, 'L', (VmVal) {.list = list}));
	return dst;
}

static uint16_t
lower_array(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	list = lower_temp(l);

	lower_emit_imm(l, VM_NEW_LIST, list, e->u.list.n);
	for (int i = 0; i < e->u.list.n; i++)
	{
		uint32_t	item_mark = l->next;

		lower_emit(l, VM_LIST_ADD, list, lower_expr(l, e->u.list.items[i], -1), 0);
		l->next = item_mark;
	}
	lower_move(l, dst, list);
	l->next = mark;
	return dst;
}

static uint16_t
lower_datetime(Lower *l, const LangExpr *e, int want)
{
	const char *problem;
	int64_t		value = 0;

	if (!kit_datetime_parse(e->u.string.text, e->u.string.len, &value, &problem))
		lower_fail(l, "the datetime cannot be read");
	return lower_int(l, value, want);
}

static uint16_t
lower_any(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark = l->next;
	uint16_t	dst;

	switch (e->kind)
	{
		case LANG_EXPR_INT:
		case LANG_EXPR_LONG:
		case LANG_EXPR_BOOL:
			return lower_int(l, e->u.integer, want);
		case LANG_EXPR_DOUBLE:
		case LANG_EXPR_TIMESPAN:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_LOAD_CONST, dst, lower_constant(l, 'D', (VmVal) {.d = e->u.real}));
			return dst;
		case LANG_EXPR_I:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_LOAD_CONST, dst, lower_constant(l, 'C', (VmVal) {.complex = &vm_complex_i}));
			return dst;
		case LANG_EXPR_NOTHING:
			return lower_default(l, e->type, want);
		case LANG_EXPR_DATE:
			return lower_int(l, kit_date_days(e->u.calendar.year, e->u.calendar.month, e->u.calendar.day), want);
		case LANG_EXPR_TIME:
			return lower_int(l, e->u.calendar.hour * 60 + e->u.calendar.minute, want);
		case LANG_EXPR_DATETIME:
			return lower_datetime(l, e, want);
		case LANG_EXPR_STRING:
		case LANG_EXPR_LABEL:
			return lower_string(l, e->u.string.text, e->u.string.len, want);
		case LANG_EXPR_NAME:
			return lower_name(l, e, want);
		case LANG_EXPR_ENUM:
			return lower_enum(l, e, want);
		case LANG_EXPR_FIELD:
			if (e->u.field.is_projection)
				return lower_projection(l, e, want);
			if (e->u.field.is_lifted)
				return lower_wrapped(l, e, want);
			dst = lower_expr(l, e->u.field.operand, -1);
			l->next = mark;
			return lower_get(l, e->u.field.field, dst, want);
		case LANG_EXPR_INDEX:
			return e->is_place ? lower_map_entered(l, e, want) : lower_wrapped(l, e, want);
		case LANG_EXPR_CALL:
			if (e->u.call.call_kind == LANG_CALL_BUILTIN_MAYBE || e->u.call.call_kind == LANG_CALL_MAYBE_METHOD)
				return lower_wrapped(l, e, want);
			return lower_call(l, e, want);
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			return lower_unary(l, e, want);
		case LANG_EXPR_BINARY:
			return lower_binary(l, e, want);
		case LANG_EXPR_RANGE:
			return lower_bool(l, e, want);
		case LANG_EXPR_ASSIGN_OP:
			return lower_assign_op(l, e, want, true);
		case LANG_EXPR_TERNARY:
			return lower_ternary(l, e, want);
		case LANG_EXPR_PAREN:
			return lower_expr(l, e->u.unary.operand, want);
		case LANG_EXPR_OBJECT:
			return lower_object(l, e, e->type->structure, want);
		case LANG_EXPR_ARRAY:
			return lower_array(l, e, want);
		case LANG_EXPR_ITERATE:
		case LANG_EXPR_LINQ:
			return lower_query(l, e, QUERY_LIST, want);
		case LANG_EXPR_NULL:
		case LANG_EXPR_NO_ONE:
			return lower_default(l, e->type, want);
		case LANG_EXPR_CONTEXT:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_CONTEXT, dst, (int32_t) e->u.integer);
			return dst;
		case LANG_EXPR_SELF:
			if (want >= 0)
				lower_move(l, (uint16_t) want, VM_REG_SELF);
			return want >= 0 ? (uint16_t) want : VM_REG_SELF;
		case LANG_EXPR_BLOCKED:
			return lower_apply(l, VM_TEST_BLOCKED, 0, 0, want);
		case LANG_EXPR_WHO:
			return lower_apply(l, VM_WHO, 0, 0, want);
		case LANG_EXPR_VIEWER:
			return lower_apply(l, VM_VIEWER, 0, 0, want);
		case LANG_EXPR_MAYBE:
			if (e->u.typed.operand == NULL)
				return lower_default(l, e->type, want);
			dst = lower_expr(l, e->u.typed.operand, -1);
			l->next = mark;
			return lower_apply(l, VM_TO_MAYBE, dst, 0, want);
		case LANG_EXPR_CONVERT:
			return lower_conversion(l, e, want);
		case LANG_EXPR_EMPTY:
			return lower_default(l, e->type, want);
		case LANG_EXPR_CONVERT_MESSAGE:
			dst = lower_result(l, want);
			mark = l->next;
			lower_project(l, lower_expr(l, e->u.typed.operand, -1), e->u.typed.operand->type, e->type, dst);
			l->next = mark;
			return dst;
		default:
			lower_fail(l, "this expression is not supported by the machine");
			return lower_result(l, want);
	}
}
