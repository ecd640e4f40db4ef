/*
 * lower_call.c
 *	  Calls: of units, of methods, of built-ins; and indexing, which yields a maybe like some of these.
 *
 * Arguments are evaluated from left to right into the registers where the callee's frame will begin.
 */
#include <string.h>

#include "vm/lower.h"
#include "vm/tally.h"
#include "vm/machine.h"

/* The index of its code. */
static uint32_t
code_of(const LangUnit *unit)
{
	return (uint32_t) unit->index;
}

static void
emit_call(Lower *l, const LangExpr *e, uint16_t window, uint16_t dst)
{
	uint32_t	mark = l->next;

	/* maps that are to be changed go as they are, and last: the other arguments might make them shared ones */
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < e->u.call.n_args; i++)
		{
			const LangLocal *param = e->u.call.unit->locals[i];
			bool		is_changed = param->type->kind == LANG_MAP && !param->is_readonly;

			if (is_changed != (pass == 1))
				continue;
			if (is_changed)
				lower_move(l, window + VM_REG_PARAMS + i, lower_map_place(l, e->u.call.args[i]));
			else
				lower_expr(l, e->u.call.args[i], window + VM_REG_PARAMS + i);
			l->next = mark;
		}
	lower_emit(l, VM_CALL, dst, window, code_of(e->u.call.unit));
}

static uint16_t
call_unit(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, VM_REG_PARAMS + (uint32_t) e->u.call.n_args);
	uint32_t	inner = l->next;

	if (e->u.call.call_kind == LANG_CALL_METHOD)
	{
		lower_expr(l, e->u.call.receiver, window + VM_REG_SELF);
		l->next = inner;
	}
	emit_call(l, e, window, want >= 0 ? (uint16_t) want : window);
	l->next = mark;
	return lower_result(l, want);	/* the first temporary: the window's */
}

/* A method called on what is in a maybe; *result is what it returns.  Jumps when there is nothing. */
static uint16_t
call_inside(Lower *l, const LangExpr *e, Label *empty, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, VM_REG_PARAMS + (uint32_t) e->u.call.n_args);
	uint32_t	inner = l->next;
	const LangType *returns = e->u.call.unit->returns;

	lower_maybe(l, e->u.call.receiver, empty, window + VM_REG_SELF);
	l->next = inner;
	emit_call(l, e, window, dst);
	if (returns->kind == LANG_MAYBE)
	{
		lower_jump(l, VM_JUMP_EMPTY, dst, empty);
		lower_emit(l, VM_FROM_MAYBE, dst, dst, 0);
	}
	l->next = mark;
	return dst;
}

/* A method called on each element of a list. */
static uint16_t
call_each(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	each = lower_temps(l, 2);
	uint16_t	made = lower_temp(l);
	uint16_t	window;
	bool		yields = e->type->kind != LANG_VOID;
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_emit(l, VM_EACH, each, lower_query(l, e->u.call.receiver, QUERY_LIST, -1), 0);
	if (yields)
		lower_emit_imm(l, VM_NEW_LIST, made, 0);
	window = lower_temps(l, VM_REG_PARAMS + (uint32_t) e->u.call.n_args);
	lower_here(l, &again);
	lower_branch(l, VM_NEXT, window + VM_REG_SELF, each, 0, &end);
	emit_call(l, e, window, window);
	if (yields)
		lower_emit(l, VM_LIST_ADD, made, window, 0);
	lower_loop(l, &again);
	lower_here(l, &end);
	if (yields)
		lower_move(l, dst, made);
	l->next = mark;
	return dst;
}

/* The i-th value that a built-in is given: its receiver counts. */
static const LangExpr *
argument(const LangExpr *e, int i)
{
	if (e->u.call.receiver == NULL)
		return e->u.call.args[i];
	return i == 0 ? e->u.call.receiver : e->u.call.args[i - 1];
}

static uint16_t
call_builtin(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark = l->next;
	int			n = e->u.call.n_args + (e->u.call.receiver != NULL);
	uint16_t	window = lower_temps(l, n == 0 ? 1 : (uint32_t) n);
	uint32_t	inner = l->next;

	for (int i = 0; i < n; i++)
	{
		const LangExpr *arg = argument(e, i);

		if (arg->type->kind == LANG_MAP)
			lower_map(l, arg, window + i);
		else
			lower_expr(l, arg, window + i);
		l->next = inner;
	}
	lower_emit(l, VM_BUILTIN, want >= 0 ? (uint32_t) want : window, window, e->u.call.builtin->id);
	l->next = mark;
	return lower_result(l, want);
}

/* Whether lower_maybe has a way around making this maybe. */
static bool
is_made_of_jumps(const LangExpr *e)
{
	e = lower_bare(e);
	return e->kind == LANG_EXPR_INDEX || (e->kind == LANG_EXPR_FIELD && e->u.field.is_lifted) ||
		(e->kind == LANG_EXPR_CALL && (e->u.call.call_kind == LANG_CALL_BUILTIN_MAYBE || e->u.call.call_kind == LANG_CALL_MAYBE_METHOD));
}

static uint16_t
maybe_has(Lower *l, const LangExpr *maybe, int want)
{
	uint32_t	mark = l->next;
	uint16_t	dst;
	Label		empty = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (!is_made_of_jumps(maybe))
	{
		dst = lower_expr(l, maybe, -1);
		l->next = mark;
		return lower_apply(l, VM_IS_FULL, dst, 0, want);
	}
	dst = lower_result(l, want);
	mark = l->next;
	lower_maybe(l, maybe, &empty, -1);
	lower_int(l, 1, dst);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &empty);
	lower_int(l, 0, dst);
	lower_here(l, &end);
	l->next = mark;
	return dst;
}

static uint16_t
maybe_or_default(Lower *l, const LangExpr *e, int want)
{
	const LangExpr *maybe = e->u.call.receiver;
	const LangExpr *other = e->u.call.args[0];
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	Label		empty = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (lower_is_pure(other))
	{
		lower_maybe(l, maybe, &empty, dst);
		lower_keep(l, e->type, dst);
		lower_jump(l, VM_JUMP, 0, &end);
		lower_here(l, &empty);
		l->next = mark;
		lower_expr(l, other, dst);
		lower_here(l, &end);
	}
	else
	{
		/* the argument is evaluated in any case */
		uint16_t	full = lower_expr(l, maybe, lower_temp(l));
		uint16_t	value = lower_expr(l, other, lower_temp(l));

		lower_jump(l, VM_JUMP_EMPTY, full, &empty);
		lower_emit(l, VM_FROM_MAYBE, value, full, 0);
		lower_here(l, &empty);
		lower_move(l, dst, value);
	}
	l->next = mark;
	return dst;
}

static uint16_t
apply_to(Lower *l, VmOp op, const LangExpr *operand, int want)
{
	uint32_t	mark = l->next;
	uint16_t	value = lower_expr(l, operand, -1);

	l->next = mark;
	return lower_apply(l, op, value, 0, want);
}

/* For its effect; the result is never asked for. */
static uint16_t
do_to(Lower *l, VmOp op, uint16_t value, uint32_t mark, int want)
{
	lower_emit(l, op, value, 0, 0);
	l->next = mark;
	return lower_result(l, want);
}

/* A constant list; the strings are the names of the enumeration, or its numbers. */
static void
load_enum(Lower *l, const LangEnum *en, bool names, uint16_t dst)
{
	VmList	   *list = vm_list_new(l->arena, (uint32_t) en->n);

	for (int i = 0; i < en->n; i++)
		if (names)
		{
			VmStr	   *name = kit_arena_alloc(l->arena, sizeof(VmStr) + en->names[i]->len + 1);

			name->len = en->names[i]->len;
			name->is_static = true;
			memcpy(name->text, en->names[i]->text, name->len + 1);
			vm_list_add(l->arena, list, (VmVal) {.str = name});
		}
		else
			vm_list_add(l->arena, list, (VmVal) {.i = en->numbers[i]});
	lower_emit_imm(l, VM_LOAD_CONST, dst, lower_constant(l, 'L', (VmVal) {.list = list}));
}

/* What a built-in does with a value of an enumeration it does by what is declared, in order. */
static uint16_t
enum_builtin(Lower *l, const LangExpr *e, int want)
{
	const LangExpr *receiver = e->u.call.receiver;
	const LangEnum *en = receiver->type->enumeration;
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, 3);
	uint32_t	inner = l->next;

	lower_expr(l, receiver, window);
	l->next = inner;
	load_enum(l, en, false, window + 1);
	if (e->u.call.builtin->id == LANG_BUILTIN_ENUM_TO_STRING)
		load_enum(l, en, true, window + 2);
	lower_emit(l, VM_BUILTIN, want >= 0 ? (uint32_t) want : window, window, e->u.call.builtin->id);
	l->next = mark;
	return lower_result(l, want);
}

/* A method that changes the map; none: where to go when there is no map. */
static uint16_t
change_map(Lower *l, const LangExpr *e, Label *none, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, 2);
	const LangExpr *arg = e->u.call.n_args == 0 ? NULL : e->u.call.args[0];

	/* the map last: evaluating the argument may make it a shared one */
	if (arg != NULL && arg->type->kind == LANG_MAP)
		lower_map(l, arg, window + 1);
	else if (arg != NULL)
		lower_expr(l, arg, window + 1);
	lower_move(l, window, none != NULL ? lower_map_receiver(l, e->u.call.receiver, none) : lower_map_place(l, e->u.call.receiver));
	lower_emit(l, VM_BUILTIN, dst, window, e->u.call.builtin->id);
	if (e->u.call.builtin->id == LANG_BUILTIN_MAP_INSERT)
		lower_keep(l, e->type, dst);
	l->next = mark;
	return dst;
}

static uint16_t
lower_builtin(Lower *l, const LangExpr *e, int want)
{
	const LangExpr *receiver = e->u.call.receiver;
	uint32_t	mark = l->next;
	uint16_t	value;
	uint16_t	dst;
	Label		empty = LABEL_NEW;

	if (vm_builtins[e->u.call.builtin->id] == NULL)
		VM_COUNT(builtins, e->u.call.builtin->id);
	if (lower_aggregate(l, e, want, &dst))
		return dst;
	switch (e->u.call.builtin->id)
	{
		case LANG_BUILTIN_TIME_NOW:
			return lower_apply(l, VM_NOW, 0, 0, want);
		case LANG_BUILTIN_TABLE_SIZE:
			return apply_to(l, lower_is_rows(receiver->type) ? VM_LIST_SIZE : VM_TABLE_SIZE, receiver, want);
		case LANG_BUILTIN_LIST_SIZE:
			return lower_query(l, receiver, QUERY_COUNT, want);
		case LANG_BUILTIN_ARRAY_SIZE:
			return apply_to(l, VM_LIST_SIZE, receiver, want);
		case LANG_BUILTIN_LIST_TO_ARRAY:
		case LANG_BUILTIN_ENUM_TO_INT:
			return lower_expr(l, receiver, want);	/* the same in memory */
		case LANG_BUILTIN_LIST_SKIP:
			value = lower_query(l, receiver, QUERY_LIST, lower_temp(l));
			dst = lower_expr(l, e->u.call.args[0], -1);
			l->next = mark;
			return lower_apply(l, VM_LIST_OFFSET, value, dst, want);
		case LANG_BUILTIN_TABLE_DELETE:
			if (lower_is_rows(receiver->type))
				return lower_rows_delete(l, e, want);
			return do_to(l, VM_DELETE_ALL, lower_expr(l, receiver, -1), mark, want);
		case LANG_BUILTIN_LIST_DELETE:
			if (receiver->type->a->kind == LANG_MESSAGE)
				return lower_rows_delete(l, e, want);
			return do_to(l, VM_DELETE_LIST, lower_query(l, receiver, QUERY_EACH, -1), mark, want);
		case LANG_BUILTIN_RECORD_DELETE:
			return do_to(l, VM_DELETE_ROW, lower_expr(l, receiver, -1), mark, want);
		case LANG_BUILTIN_MAYBE_RECORD_DELETE:
			value = lower_maybe(l, receiver, &empty, -1);
			dst = do_to(l, VM_DELETE_ROW, value, mark, want);
			lower_here(l, &empty);
			return dst;
		case LANG_BUILTIN_MAYBE_DELETE:
			lower_clear(l, receiver);
			return lower_result(l, want);
		case LANG_BUILTIN_MAYBE_HAS:
			return maybe_has(l, receiver, want);
		case LANG_BUILTIN_MAYBE_GET_OR_DEFAULT_TO:
			return maybe_or_default(l, e, want);
		case LANG_BUILTIN_TEXT_APPEND:
		case LANG_BUILTIN_TEXT_COMPACT:
			return lower_text_change(l, e, want);
		case LANG_BUILTIN_ENUM_TO_STRING:
		case LANG_BUILTIN_ENUM_NEXT:
		case LANG_BUILTIN_ENUM_PREV:
			return enum_builtin(l, e, want);
		case LANG_BUILTIN_MAP_REMOVE:
		case LANG_BUILTIN_MAP_CLEAR:
		case LANG_BUILTIN_MAP_INSERT:
			return change_map(l, e, NULL, want);
		case LANG_BUILTIN_DOCUMENT_KEY:
		case LANG_BUILTIN_DOCUMENT_SPACE:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_CONTEXT, dst, e->u.call.builtin->id == LANG_BUILTIN_DOCUMENT_KEY ? LANG_CONTEXT_KEY : LANG_CONTEXT_SPACE);
			return dst;
		default:
			if (vm_builtins[e->u.call.builtin->id] == NULL)
				lower_fail(l, "this built-in is not supported by the machine");
			return call_builtin(l, e, want);
	}
}

uint16_t
lower_call(Lower *l, const LangExpr *e, int want)
{
	switch (e->u.call.call_kind)
	{
		case LANG_CALL_UNIT:
		case LANG_CALL_METHOD:
			return call_unit(l, e, want);
		case LANG_CALL_LIST_METHOD:
			return call_each(l, e, want);
		case LANG_CALL_BUILTIN:
			return lower_builtin(l, e, want);
		default:
			lower_fail(l, "this call is not supported by the machine");
			return lower_result(l, want);
	}
}

uint16_t
lower_formula(Lower *l, const LangField *field, uint16_t obj, int want)
{
	return lower_apply(l, VM_FORMULA, obj, (uint16_t) code_of(field->unit), want);
}

/* ---- what yields a maybe ---- */

static const LangType *
value_of_map(const LangType *type)
{
	return type->kind == LANG_MAYBE ? type->a->b : type->b;
}

static uint16_t
unwrap_index(Lower *l, const LangExpr *e, Label *empty, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	of;
	uint16_t	index;

	if (e->u.call.call_kind == LANG_CALL_MAP_GET)
	{
		const LangExpr *map = e->u.call.callee;
		uint16_t	value = lower_temp(l);

		of = map->type->kind == LANG_MAYBE ? lower_maybe(l, map, empty, -1) : lower_map(l, map, -1);
		index = lower_expr(l, e->u.call.args[0], -1);
		lower_branch(l, VM_MAP_AT, value, of, index, empty);
		if (value_of_map(map->type)->kind == LANG_MAYBE)
		{
			lower_jump(l, VM_JUMP_EMPTY, value, empty);
			lower_emit(l, VM_FROM_MAYBE, value, value, 0);
		}
		lower_move(l, dst, value);
		l->next = mark;
		return dst;
	}
	of = lower_expr_kept(l, e->u.call.callee, e->u.call.args[0]);
	index = lower_expr(l, e->u.call.args[0], -1);
	if (e->u.call.call_kind == LANG_CALL_TABLE_GET)
	{
		lower_emit(l, VM_TABLE_FIND, dst, of, index);
		lower_jump(l, VM_JUMP_EMPTY, dst, empty);
	}
	else
	{
		lower_branch(l, VM_LIST_AT, dst, of, index, empty);
		if (e->u.call.callee->type->a->kind == LANG_MAYBE)
		{
			lower_jump(l, VM_JUMP_EMPTY, dst, empty);
			lower_emit(l, VM_FROM_MAYBE, dst, dst, 0);
		}
	}
	l->next = mark;
	return dst;
}

/* A built-in whose arguments may be maybes: empty in, empty out. */
static uint16_t
unwrap_lifted(Lower *l, const LangExpr *e, Label *empty, int want)
{
	uint16_t	dst;
	uint32_t	mark;
	int			n = e->u.call.n_args + (e->u.call.receiver != NULL);
	uint16_t	window;
	uint32_t	inner;
	bool		is_pure = true;
	const char *result = strchr(e->u.call.builtin->signature, ')') + 1;

	VM_COUNT(lifted, e->u.call.builtin->id);
	if (e->u.call.builtin->id == LANG_BUILTIN_MAP_REMOVE || e->u.call.builtin->id == LANG_BUILTIN_MAP_CLEAR)
	{
		dst = change_map(l, e, empty, want);
		if (e->u.call.builtin->id == LANG_BUILTIN_MAP_REMOVE)
		{
			lower_jump(l, VM_JUMP_EMPTY, dst, empty);
			lower_emit(l, VM_FROM_MAYBE, dst, dst, 0);
		}
		return dst;
	}
	dst = lower_result(l, want);
	mark = l->next;
	window = lower_temps(l, (uint32_t) n);
	inner = l->next;
	for (int i = 0; i < e->u.call.n_args; i++)
		is_pure = is_pure && lower_is_pure(e->u.call.args[i]);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++)
		{
			const LangExpr *arg = argument(e, i);
			uint16_t	reg = (uint16_t) (window + i);

			/* when an argument does something, all are evaluated before one is found to be empty */
			if (pass == 0 && is_pure && arg->type->kind == LANG_MAYBE)
				lower_maybe(l, arg, empty, reg);
			else if (pass == 0)
				lower_expr(l, arg, reg);
			else if (!is_pure && arg->type->kind == LANG_MAYBE)
			{
				lower_jump(l, VM_JUMP_EMPTY, reg, empty);
				lower_emit(l, VM_FROM_MAYBE, reg, reg, 0);
			}
			l->next = inner;
		}
	lower_emit(l, VM_BUILTIN, dst, window, e->u.call.builtin->id);
	if (strncmp(result, "maybe<", 6) == 0)
	{
		lower_jump(l, VM_JUMP_EMPTY, dst, empty);
		lower_emit(l, VM_FROM_MAYBE, dst, dst, 0);
	}
	l->next = mark;
	return dst;
}

bool
lower_call_maybe(Lower *l, const LangExpr *e, Label *empty, int want, uint16_t *result)
{
	LangPos		pos = l->pos;

	switch (e->u.call.call_kind)
	{
		case LANG_CALL_TABLE_GET:
		case LANG_CALL_ELEMENT:
		case LANG_CALL_MAP_GET:
		case LANG_CALL_BUILTIN_MAYBE:
		case LANG_CALL_MAYBE_METHOD:
			break;
		default:
			return false;
	}
	if (e->pos.line > 0)
		l->pos = e->pos;
	if (e->u.call.call_kind == LANG_CALL_MAYBE_METHOD)
		*result = call_inside(l, e, empty, want);
	else if (e->kind == LANG_EXPR_INDEX)
		*result = unwrap_index(l, e, empty, want);
	else
		*result = unwrap_lifted(l, e, empty, want);
	l->pos = pos;
	return true;
}
