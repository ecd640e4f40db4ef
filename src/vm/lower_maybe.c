/*
 * lower_maybe.c
 *	  Fields, and what may be absent: fields and methods of maybes, elements, entries of maps.
 *
 * A maybe is made only where somebody keeps it: lower_maybe yields what is inside, and jumps when nothing is.
 */
#include "vm/lower.h"

/* ---- fields ---- */

/* The record of a maybe, made a maybe. */
static uint16_t
get_held(Lower *l, const LangField *field, uint16_t obj, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	record = lower_held(l, field, obj, lower_temp(l));
	Label		none = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_jump(l, VM_JUMP_EMPTY, record, &none);
	lower_emit(l, VM_TO_MAYBE, dst, record, 0);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &none);
	lower_emit(l, VM_LOAD_EMPTY, dst, 0, 0);
	lower_here(l, &end);
	l->next = mark;
	return dst;
}

/* What the maybe in the field of obj holds; jumps when it is empty. */
static uint16_t
get_maybe(Lower *l, const LangField *field, uint16_t obj, Label *empty, uint16_t dst)
{
	uint32_t	mark = l->next;
	uint16_t	value = lower_is_held(field) ? lower_held(l, field, obj, -1) : lower_get(l, field, obj, -1);

	lower_jump(l, VM_JUMP_EMPTY, value, empty);
	lower_emit(l, lower_is_held(field) ? VM_MOVE : VM_FROM_MAYBE, dst, value, 0);
	l->next = mark;
	return dst;
}

uint16_t
lower_get(Lower *l, const LangField *field, uint16_t obj, int want)
{
	if (lower_is_held(field))
		return get_held(l, field, obj, want);
	if (field->kind != LANG_STORED_FIELD)
		return lower_formula(l, field, obj, want);
	if (field->is_id && field->owner->kind == LANG_STRUCT_RECORD)
		return lower_apply(l, VM_GET_ID, obj, 0, want);
	return lower_apply(l, VM_GET, obj, (uint16_t) field->slot, want);
}

/* ---- maybes ---- */

uint16_t
lower_maybe(Lower *l, const LangExpr *e, Label *empty, int want)
{
	uint32_t	mark;
	uint16_t	value;
	uint16_t	dst;

	for (Hoisted *h = l->hoisted; h != NULL; h = h->up)
		if (h->expr == e)
		{
			lower_jump(l, VM_JUMP_EMPTY, h->reg, empty);
			return lower_apply(l, VM_FROM_MAYBE, h->reg, 0, want);
		}
	switch (e->kind)
	{
		case LANG_EXPR_PAREN:
			return lower_maybe(l, e->u.unary.operand, empty, want);
		case LANG_EXPR_MAYBE:
			if (e->u.typed.operand != NULL)
				return lower_expr(l, e->u.typed.operand, want);
			break;
		case LANG_EXPR_FIELD:
			if (!e->u.field.is_lifted && lower_held_field(e) == NULL)
				break;
			dst = lower_result(l, want);
			mark = l->next;
			value = e->u.field.is_lifted ? lower_maybe(l, e->u.field.operand, empty, -1) : lower_expr(l, e->u.field.operand, -1);
			if (e->u.field.field->type->kind == LANG_MAYBE)
				get_maybe(l, e->u.field.field, value, empty, dst);
			else
				lower_get(l, e->u.field.field, value, dst);
			l->next = mark;
			return dst;
		case LANG_EXPR_NAME:
			if (lower_held_field(e) == NULL)
				break;
			return get_maybe(l, e->u.name.ref.field, lower_base(&e->u.name.ref), empty, lower_result(l, want));
		case LANG_EXPR_CONVERT:
			if (e->u.convert.how == LANG_CONVERT_TO_MAYBE)
				return lower_expr(l, e->u.convert.operand, want);
			if (e->u.convert.how == LANG_CONVERT_MAYBE_INNER)
			{
				dst = lower_result(l, want);
				mark = l->next;
				value = lower_maybe(l, e->u.convert.operand, empty, -1);
				lower_convert(l, value, e->u.convert.operand->type->a, e->type->a, dst);
				l->next = mark;
				return dst;
			}
			break;
		case LANG_EXPR_INDEX:
		case LANG_EXPR_CALL:
			if (lower_call_maybe(l, e, empty, want, &value))
				return value;
			break;
		default:
			break;
	}
	dst = lower_result(l, want);
	mark = l->next;
	value = lower_expr(l, e, -1);
	lower_jump(l, VM_JUMP_EMPTY, value, empty);
	lower_emit(l, VM_FROM_MAYBE, dst, value, 0);
	l->next = mark;
	return dst;
}

uint16_t
lower_wrapped(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	Label		empty = LABEL_NEW;
	Label		end = LABEL_NEW;
	uint16_t	value = lower_maybe(l, e, &empty, -1);

	if (e->type->kind == LANG_VOID)
	{
		lower_here(l, &empty);
		l->next = mark;
		return dst;
	}
	if (e->type->a->kind == LANG_MAP)
	{
		uint16_t	kept = lower_temp(l);

		lower_emit(l, VM_MAP_VALUE, kept, value, 0);
		value = kept;
	}
	lower_emit(l, VM_TO_MAYBE, dst, value, 0);
	if (empty.waiting >= 0)
	{
		lower_jump(l, VM_JUMP, 0, &end);
		lower_here(l, &empty);
		lower_emit(l, VM_LOAD_EMPTY, dst, 0, 0);
		lower_here(l, &end);
	}
	l->next = mark;
	return dst;
}
