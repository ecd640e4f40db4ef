/*
 * check_place.c
 *	  What may be assigned to: variables, fields of the document, of records and of messages that are not read-only.
 *
 * Parameters that are messages, and elements of lists and arrays, are read-only; a record is always the live one, so its fields
 * may be changed through any path to it, except through a maybe.
 */
#include <string.h>

#include "lang/check_internal.h"

bool
check_is_read_only(const LangExpr *e)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_NAME:
				if (e->u.name.ref.kind == LANG_REF_LOCAL)
					return e->u.name.ref.local->is_readonly;
				if (e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.base == LANG_BASE_LOCAL)
					return e->u.name.ref.local->type->kind == LANG_MESSAGE;
				return false;
			case LANG_EXPR_FIELD:
				if (e->u.field.field == NULL || e->u.field.field->owner->kind == LANG_STRUCT_RECORD ||
					e->u.field.field->owner->kind == LANG_STRUCT_ROOT)
					return false;
				e = e->u.field.operand;
				break;
			case LANG_EXPR_INDEX:
				if (e->u.call.call_kind != LANG_CALL_MAP_GET)
					return true;
				e = e->u.call.callee;
				break;
			case LANG_EXPR_VIEWER:
				return true;
			default:
				return false;
		}
}

/* The field is stored, and code may change it: otherwise an error. */
static bool
field_is_writable(Check *c, const LangField *field, LangPos pos, const char *verb)
{
	KitDiag    *diag;

	if (field->is_id)
	{
		diag = check_error(c, pos, "cannot %s \"id\"", verb);
		kit_diag_hint(diag, "The id of a row is given once, when it is inserted.");
	}
	else if (field->kind != LANG_STORED_FIELD)
	{
		diag = check_error(c, pos, "cannot %s %s \"%s\"", verb, field->kind == LANG_FORMULA_FIELD ? "formula" : "bubble",
						   field->name->text);
		kit_diag_hint(diag, "It is computed: change what it is computed from.");
	}
	else if (field->is_readonly)
	{
		diag = check_error(c, pos, "cannot %s \"%s\": it is declared readonly", verb, field->name->text);
		kit_diag_detail(diag, "It is declared at %s.", check_line_text(c, field->pos));
	}
	else if (field->type->kind == LANG_TABLE)
	{
		diag = check_error(c, pos, "cannot %s table \"%s\"", verb, field->name->text);
		kit_diag_hint(diag, "Insert rows with %s <- {...}; delete all with %s.delete().", field->name->text, field->name->text);
	}
	else if (field->type->kind == LANG_RECORD)
	{
		diag = check_error(c, pos, "cannot %s record \"%s\"", verb, field->name->text);
		kit_diag_hint(diag, "A record is filled, not replaced: %s <- {...}; or assign its fields one by one.", field->name->text);
	}
	else
		return true;
	return false;
}

static void
note_write(Check *c, const LangField *field, LangPos pos)
{
	if (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD)
		check_effect(c, LANG_WRITES, pos, check_printf(c, "changes \"%s\"", field->name->text));
}

static bool
name_is_place(Check *c, LangExpr *e, const char *verb)
{
	LangRef    *ref = &e->u.name.ref;
	KitDiag    *diag;

	switch (ref->kind)
	{
		case LANG_REF_LOCAL:
			if (ref->local->is_readonly)
			{
				diag = check_error(c, e->pos, "cannot %s \"%s\": it is read-only", verb, ref->local->name->text);
				if (ref->local->is_parameter && (c->cur->unit->kind == LANG_UNIT_PROCEDURE || c->cur->unit->kind == LANG_UNIT_METHOD))
					kit_diag_hint(diag, "Declare the parameter mutable: mutable %s %s.", ref->local->type->text,
								  ref->local->name->text);
				else
					kit_diag_hint(diag, "Copy what is needed into a variable.");
				return false;
			}
			if (ref->local->type->kind == LANG_RECORD || (ref->local->type->kind == LANG_TABLE && !check_is_rows(ref->local->type)))
			{
				diag = check_error(c, e->pos, "cannot %s \"%s\", which stands for a %s of the document", verb, ref->local->name->text,
								   ref->local->type->kind == LANG_RECORD ? "record" : "table");
				if (ref->local->type->kind == LANG_RECORD)
					kit_diag_hint(diag, "A record is filled, not replaced: %s <- {...}; or assign its fields one by one.",
								  ref->local->name->text);
				return false;
			}
			return true;
		case LANG_REF_FIELD:
			if (!field_is_writable(c, ref->field, e->pos, verb))
				return false;
			if (ref->base == LANG_BASE_LOCAL && ref->field->owner->kind != LANG_STRUCT_RECORD)
			{
				check_error(c, e->pos, "cannot %s \"%s\": elements of lists and arrays are read-only", verb, ref->field->name->text);
				return false;
			}
			note_write(c, ref->field, e->pos);
			return true;
		default:
			check_error(c, e->pos, "cannot %s \"%s\": what the viewer sends is read-only", verb, e->u.name.sym->text);
			return false;
	}
}

static bool
field_is_place(Check *c, LangExpr *e, const char *verb)
{
	LangField  *field = e->u.field.field;
	KitDiag    *diag;

	if (e->u.field.is_lifted)
	{
		diag = check_error(c, e->pos, "cannot %s \"%s\" through a maybe", verb, field->name->text);
		kit_diag_hint(diag, "Unwrap it first: if (... as row) { row.%s = ...; }.", field->name->text);
		return false;
	}
	if (!field_is_writable(c, field, e->u.field.name.pos, verb))
		return false;
	if (!check_path(c, e->u.field.operand, verb))
		return false;
	if (check_is_read_only(e->u.field.operand) && field->owner->kind != LANG_STRUCT_RECORD)
	{
		diag = check_error(c, e->u.field.name.pos, "cannot %s \"%s\" of a message that is read-only", verb, field->name->text);
		kit_diag_hint(diag, "Parameters that are not mutable and elements of lists and arrays are read-only: copy what is needed.");
		return false;
	}
	if (e->u.field.is_projection && field->owner->kind != LANG_STRUCT_RECORD)
	{
		LangExpr   *rows = check_rows_of(e->u.field.operand);

		if (rows != NULL)
			return check_rows_place(c, rows, verb);
		check_error(c, e->u.field.name.pos, "cannot %s \"%s\": elements of lists and arrays are read-only", verb, field->name->text);
		return false;
	}
	note_write(c, field, e->u.field.name.pos);
	return true;
}

/* m[k], where the map itself can be changed. */
static bool
entry_is_place(Check *c, LangExpr *e, const char *verb)
{
	LangExpr   *map = check_strip(e->u.call.callee);
	KitDiag    *diag;

	if (map->type->kind == LANG_MAYBE && (map->kind != LANG_EXPR_INDEX || map->u.call.call_kind != LANG_CALL_MAP_GET))
	{
		diag = check_error(c, e->pos, "cannot %s an entry of a map through a maybe", verb);
		kit_diag_hint(diag, "Unwrap the map into a variable, change that, and assign it.");
		return false;
	}
	return check_place(c, e->u.call.callee, verb);
}

bool
check_place(Check *c, LangExpr *e, const char *verb)
{
	LangExpr   *inner = check_strip(e);
	KitDiag    *diag;
	bool		ok;

	if (CHECK_IS_ERROR(inner->type))
		return false;
	switch (inner->kind)
	{
		case LANG_EXPR_NAME:
			ok = name_is_place(c, inner, verb);
			break;
		case LANG_EXPR_FIELD:
			ok = field_is_place(c, inner, verb);
			break;
		case LANG_EXPR_INDEX:
			if (inner->u.call.call_kind == LANG_CALL_MAP_GET)
			{
				ok = entry_is_place(c, inner, verb);
				break;
			}
			diag = check_error(c, inner->pos, "cannot %s an element by its index", verb);
			if (inner->type->kind == LANG_MAYBE && inner->type->a->kind == LANG_RECORD)
				kit_diag_hint(diag, "Unwrap it first: if (...[...] as row) { row.field = ...; }.");
			else
				kit_diag_hint(diag, "Elements of lists and arrays are read-only.");
			return false;
		default:
			check_error(c, inner->pos, "cannot %s this: it is a value, not a variable or field", verb);
			return false;
	}
	ok = ok && check_place_is_undone(c, inner, verb);
	if (ok)
		for (LangExpr *p = e;; p = p->u.unary.operand)
		{
			p->is_place = true;
			if (p == inner)
				break;
		}
	return ok;
}
