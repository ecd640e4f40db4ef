/*
 * lower_map.c
 *	  Maps: as operands, as values, as places; and the records of maybes, whose places are alike.
 *
 * A map has three uses.  As an operand (m[k], m.size(), foreach) it is the very map, of the document or of a variable, and nothing is copied.  As a value
 * that goes elsewhere it passes VM_MAP_VALUE.  As a place it passes VM_MAP_OWN, and goes back to where it came from.  lower_expr yields values; who
 * needs one of the other two asks here.
 */
#include "vm/lower.h"

static bool
is_of_document(const LangField *field)
{
	return field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD;
}

bool
lower_is_held(const LangField *field)
{
	return field->kind == LANG_STORED_FIELD && field->type->kind == LANG_MAYBE && field->type->a->kind == LANG_RECORD && is_of_document(field);
}

/* ---- operands and values ---- */

/* Whether the expression yields a map that is somewhere else, too. */
static bool
is_elsewhere(const LangExpr *e)
{
	return e->type->kind == LANG_MAP && (e->kind == LANG_EXPR_NAME || e->kind == LANG_EXPR_FIELD);
}

uint16_t
lower_map(Lower *l, const LangExpr *e, int want)
{
	e = lower_bare(e);
	return is_elsewhere(e) ? lower_plain(l, e, want) : lower_expr(l, e, want);
}

bool
lower_map_needs_value(const LangExpr *e)
{
	return is_elsewhere(e);
}

uint16_t
lower_map_value(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;

	lower_emit(l, VM_MAP_VALUE, dst, lower_plain(l, e, -1), 0);
	l->next = mark;
	return dst;
}

/* What has been read from elsewhere, in reg, as a value. */
void
lower_keep(Lower *l, const LangType *type, uint16_t reg)
{
	if (type->kind == LANG_MAP)
		lower_emit(l, VM_MAP_VALUE, reg, reg, 0);
}

/* ---- places ---- */

/* The object whose field the expression is. */
static uint16_t
object_of(Lower *l, const LangExpr *e, const LangField **field)
{
	if (e->kind == LANG_EXPR_FIELD)
	{
		*field = e->u.field.field;
		return lower_expr(l, e->u.field.operand, -1);
	}
	*field = e->u.name.ref.field;
	return lower_base(&e->u.name.ref);
}

uint16_t
lower_map_place(Lower *l, const LangExpr *e)
{
	const LangField *field;
	uint16_t	obj;
	uint16_t	map;

	e = lower_bare(e);
	if (e->kind == LANG_EXPR_INDEX)
		return lower_map_entered(l, e, -1);
	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_LOCAL)
	{
		map = lower_local(e->u.name.ref.local);
		lower_emit(l, VM_MAP_OWN, map, 0, 0);
		return map;
	}
	obj = object_of(l, e, &field);
	map = lower_get(l, field, obj, lower_temp(l));
	if (!is_of_document(field))
	{
		lower_emit(l, VM_MAP_OWN, map, 0, 0);
		lower_emit(l, VM_SET_MESSAGE, obj, (uint32_t) field->slot, map);
	}
	return map;
}

/* Whether evaluating the place may make something: then the value is evaluated before, which might ask for what is there. */
bool
lower_makes(const LangExpr *e)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_FIELD:
				e = e->u.field.operand;
				break;
			case LANG_EXPR_INDEX:
				return e->is_place;
			default:
				return false;
		}
}

/* m[k], made when it is not there: a record or message, or a map within the map. */
uint16_t
lower_map_entered(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	map = lower_map_place(l, e->u.call.callee);
	uint16_t	key = lower_expr(l, e->u.call.args[0], -1);
	uint16_t	value = lower_temp(l);
	const LangType *type = e->type->kind == LANG_MAYBE ? e->type->a : e->type;

	lower_default(l, type, value);
	lower_emit(l, VM_MAP_ENTER, value, map, key);
	lower_move(l, dst, value);
	l->next = mark;
	return dst;
}

static bool
is_live(const LangExpr *e)
{
	for (e = lower_bare(e); e->kind == LANG_EXPR_INDEX; e = lower_bare(e->u.call.callee))
		;
	return (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_FIELD && is_of_document(e->u.name.ref.field)) ||
		(e->kind == LANG_EXPR_FIELD && is_of_document(e->u.field.field));
}

/*
 * The map that an entry is taken out of.  One within another map is not made for that: the code goes to *none when it is not there.  (Only a map that
 * is a value is looked up twice, since it may have to be copied.)
 */
uint16_t
lower_map_receiver(Lower *l, const LangExpr *e, Label *none)
{
	uint16_t	map;

	e = lower_bare(e);
	if (e->kind != LANG_EXPR_INDEX || e->type->kind != LANG_MAYBE)
		return lower_map_place(l, e);
	map = lower_maybe(l, e, none, lower_temp(l));
	if (!is_live(e))
		map = lower_map_place(l, e);
	return map;
}

/* ---- the record of a maybe ---- */

/* The record, or nothing, in a register. */
uint16_t
lower_held(Lower *l, const LangField *field, uint16_t obj, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	holder = lower_apply(l, VM_GET, obj, (uint16_t) field->slot, -1);

	lower_emit(l, VM_HELD, dst, holder, 0);
	l->next = mark;
	return dst;
}

/* The record, made when there is none. */
uint16_t
lower_hold(Lower *l, const LangField *field, uint16_t obj, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	holder = lower_apply(l, VM_GET, obj, (uint16_t) field->slot, -1);

	lower_emit(l, VM_HOLD, dst, holder, 0);
	l->next = mark;
	return dst;
}

/* The field of the document that the expression names and that holds a maybe of a record; NULL when it is something else. */
const LangField *
lower_held_field(const LangExpr *e)
{
	e = lower_bare(e);
	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_FIELD && lower_is_held(e->u.name.ref.field))
		return e->u.name.ref.field;
	if (e->kind == LANG_EXPR_FIELD && e->u.field.field != NULL && !e->u.field.is_projection && lower_is_held(e->u.field.field))
		return e->u.field.field;
	return NULL;
}

uint16_t
lower_hold_place(Lower *l, const LangExpr *e, int want)
{
	const LangField *field;
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	obj = object_of(l, lower_bare(e), &field);

	lower_hold(l, field, obj, dst);
	l->next = mark;
	return dst;
}
