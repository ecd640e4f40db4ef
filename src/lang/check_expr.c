/*
 * check_expr.c
 *	  Expressions: literals, arrays, choices, who acts and who looks; and the way to all other kinds.
 */
#include <string.h>

#include "kit/calendar.h"
#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

LangExpr *
check_strip(LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
}

/* ---- composed values ---- */

LangEnum *
check_find_enum(Check *c, LangName name)
{
	CheckType  *type = check_name_find(c, CHECK_NAMES_TYPES, NULL, name.sym);
	CheckSuggestion s;

	if (type != NULL && type->enumeration != NULL)
	{
		type->is_used = true;
		return type->enumeration;
	}
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; i < c->program->n_enums; i++)
		check_suggest(&s, c->program->enums[i]->name->text);
	check_suggest_hint(&s, check_error(c, name.pos, "there is no enumeration \"%s\"", name.sym->text));
	return NULL;
}

static const LangType *
check_enum_value(Check *c, LangExpr *e)
{
	LangEnum   *enumeration = check_find_enum(c, e->u.enumeration.type);
	const KitSym *wanted = e->u.enumeration.value.sym;
	CheckSuggestion s;
	KitDiag    *diag;
	bool		any = false;

	if (enumeration == NULL)
		return error_type(c);
	e->u.enumeration.enumeration = enumeration;
	for (int i = 0; i < enumeration->n; i++)
	{
		const KitSym *name = enumeration->names[i];

		if (e->u.enumeration.is_star)
			any |= wanted == NULL || (name->len >= wanted->len && memcmp(name->text, wanted->text, wanted->len) == 0);
		else if (name == wanted)
		{
			e->u.enumeration.number = enumeration->numbers[i];
			return enumeration->type;
		}
	}
	if (any)
		return lang_type_array(c->program, enumeration->type);
	if (e->u.enumeration.is_star)
		diag = check_error(c, e->u.enumeration.value.pos, "no value of enumeration \"%s\" begins with \"%s\"",
						   enumeration->name->text, wanted == NULL ? "" : wanted->text);
	else
		diag = check_error(c, e->u.enumeration.value.pos, "enumeration \"%s\" has no value \"%s\"", enumeration->name->text,
						   wanted->text);
	check_suggest_start(c, &s, wanted == NULL ? "" : wanted->text);
	for (int i = 0; i < enumeration->n; i++)
		check_suggest(&s, enumeration->names[i]->text);
	check_suggest_hint(&s, diag);
	return error_type(c);
}

/* [a, b]: what is wanted, else the type that all elements have in common. */
static const LangType *
check_array(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *element = want != NULL && (want->kind == LANG_ARRAY || want->kind == LANG_LIST) ? want->a : NULL;
	const LangType *common = NULL;
	bool		is_refused = false;
	bool		is_known = element != NULL && element->kind != LANG_RECORD;	/* rows are filled from objects of any one type */

	for (int i = 0; i < e->u.list.n; i++)
	{
		const LangType *type = check_expr(c, e->u.list.items[i], element);

		if (CHECK_IS_ERROR(type))
			is_refused = true;
		else if (type->kind == LANG_VOID || type->kind == LANG_TABLE)
		{
			check_error(c, e->u.list.items[i]->pos, "%s cannot be an element of an array",
						type->kind == LANG_VOID ? "a call that returns nothing" : "a table");
			is_refused = true;
		}
		else if (is_known)
			is_refused |= !check_convert(c, &e->u.list.items[i], element, "element %d", i + 1);
		else
			common = common == NULL ? type : check_unify(c, common, type);
		if (!is_known && common == NULL && !is_refused)
		{
			KitDiag    *diag = check_error(c, e->u.list.items[i]->pos,
										   "an array's elements must have one type: this one is %s, the one before %s",
										   type->text, e->u.list.items[i - 1]->type->text);

			if (type->kind == LANG_MESSAGE)
				kit_diag_hint(diag, "Give all objects the same fields.");
			is_refused = true;
		}
	}
	if (is_refused)
		return error_type(c);
	if ((is_known || (element != NULL && e->u.list.n == 0)) && want->kind == LANG_LIST)
		return want;
	if (is_known || (element != NULL && e->u.list.n == 0))
		return lang_type_array(c->program, element);
	if (common == NULL)
	{
		KitDiag    *diag = check_error(c, e->pos, "the type of an empty array is not known here");

		kit_diag_hint(diag, "Declare the variable with its type, as in int[] x = [];");
		return error_type(c);
	}
	for (int i = 0; i < e->u.list.n; i++)
		check_unify_to(c, &e->u.list.items[i], common);
	return lang_type_array(c->program, common);
}

static const LangType *
check_ternary(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *yes;
	const LangType *no;
	const LangType *common;

	check_condition(c, &e->u.ternary.condition, "condition");
	yes = check_expr(c, e->u.ternary.yes, want);
	no = check_expr(c, e->u.ternary.no, want);
	if (CHECK_IS_ERROR(yes) || CHECK_IS_ERROR(no))
		return error_type(c);
	common = check_unify(c, yes, no);
	if (common == NULL && want != NULL && check_try_convert(c, &e->u.ternary.yes, want) &&
		check_try_convert(c, &e->u.ternary.no, want))
		return want;
	if (common == NULL || common->kind == LANG_VOID || common->kind == LANG_TABLE)
	{
		if (common != NULL && common->kind == LANG_TABLE)
			check_error(c, e->pos, "a table cannot be chosen by '?'");
		else
			check_error(c, e->pos, "both sides of ':' must have one type: %s and %s", yes->text, no->text);
		return error_type(c);
	}
	check_unify_to(c, &e->u.ternary.yes, common);
	check_unify_to(c, &e->u.ternary.no, common);
	return common;
}

static const LangType *
check_maybe(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *type;

	if (e->u.typed.operand != NULL)
		type = check_expr(c, e->u.typed.operand, want != NULL && want->kind == LANG_MAYBE ? want->a : NULL);
	else
		type = check_type_ref(c, e->u.typed.written, CHECK_TYPE_LOCAL);
	if (CHECK_IS_ERROR(type))
		return type;
	if (type->kind == LANG_MAYBE || type->kind == LANG_VOID || type->kind == LANG_TABLE)
	{
		check_error(c, e->pos, "there is no maybe of %s", type->text);
		return error_type(c);
	}
	return lang_type_maybe(c->program, type);
}

static const LangType *
check_who(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;

	if (!check_rules(unit).who)
	{
		KitDiag    *diag = check_error(c, e->pos, "@who is not known in %s", check_unit_text(c, unit));

		switch (unit->kind)
		{
			case LANG_UNIT_FUNCTION:
			case LANG_UNIT_PROCEDURE:
			case LANG_UNIT_METHOD:
				kit_diag_hint(diag, "Pass it as a parameter: principal who.");
				break;
			case LANG_UNIT_FORMULA:
				kit_diag_hint(diag, "A formula is the same for all viewers; what depends on who looks is a bubble.");
				break;
			case LANG_UNIT_REPLICATION:
				kit_diag_hint(diag, "What is published is the same for all: keep the principal that matters in a field.");
				break;
			default:
				break;
		}
		return error_type(c);
	}
	check_effect(c, LANG_READS_WHO, e->pos, "reads @who");
	return CHECK_SIMPLE(c, LANG_PRINCIPAL);
}

static const LangType *
check_viewer(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;

	if (!check_rules(unit).viewer)
	{
		KitDiag    *diag = check_error(c, e->pos, "@viewer is not known in %s", check_unit_text(c, unit));

		if (unit->kind == LANG_UNIT_PROCEDURE || unit->kind == LANG_UNIT_METHOD)
			kit_diag_hint(diag, "Declare it viewer; then only bubbles can call it.");
		else
			kit_diag_hint(diag, "It is known in bubbles, filters and procedures that are declared viewer.");
		return error_type(c);
	}
	check_effect(c, LANG_READS_VIEWER, e->pos, "reads @viewer");
	return c->program->view->type;
}

static const LangType *
check_datetime(Check *c, LangExpr *e)
{
	const char *problem;
	int64_t		value;

	if (!kit_datetime_parse(e->u.string.text, e->u.string.len, &value, &problem))
	{
		check_error(c, e->pos, "@datetime takes %s", problem);
		return error_type(c);
	}
	return CHECK_SIMPLE(c, LANG_DATETIME);
}

static const char *
unsupported_text(LangExprKind kind)
{
	switch (kind)
	{
		case LANG_EXPR_TUPLE:
			return "a tuple";
		case LANG_EXPR_VEC:
			return "@vec";
		case LANG_EXPR_MATRIX:
			return "@matrix";
		default:
			return "this expression";
	}
}

static const LangType *
check_kind(Check *c, LangExpr *e, const LangType *want)
{
	switch (e->kind)
	{
		case LANG_EXPR_INT:
			return CHECK_SIMPLE(c, LANG_INT);
		case LANG_EXPR_LONG:
			return CHECK_SIMPLE(c, LANG_LONG);
		case LANG_EXPR_DOUBLE:
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_BOOL:
			return CHECK_SIMPLE(c, LANG_BOOL);
		case LANG_EXPR_STRING:
			return CHECK_SIMPLE(c, LANG_STRING);
		case LANG_EXPR_PI:
			e->kind = LANG_EXPR_DOUBLE;
			e->u.real = 3.141592653589793;
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_E:
			e->kind = LANG_EXPR_DOUBLE;
			e->u.real = 2.718281828459045;
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_NAME:
			return check_bare_name(c, e);
		case LANG_EXPR_ENUM:
			return check_enum_value(c, e);
		case LANG_EXPR_FIELD:
			return check_member(c, e);
		case LANG_EXPR_INDEX:
			return check_index(c, e);
		case LANG_EXPR_CALL:
			return check_call(c, e);
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			return check_unary(c, e);
		case LANG_EXPR_BINARY:
			return check_binary(c, e);
		case LANG_EXPR_RANGE:
			return check_range(c, e);
		case LANG_EXPR_ASSIGN_OP:
			return check_assign_op(c, e);
		case LANG_EXPR_TERNARY:
			return check_ternary(c, e, want);
		case LANG_EXPR_PAREN:
			return check_expr(c, e->u.unary.operand, want);
		case LANG_EXPR_OBJECT:
			return check_object(c, e, want);
		case LANG_EXPR_ARRAY:
			return check_array(c, e, want);
		case LANG_EXPR_ITERATE:
			return check_iterate(c, e);
		case LANG_EXPR_LINQ:
			return check_linq(c, e);
		case LANG_EXPR_LAMBDA:
			check_error(c, e->pos, "a @lambda has no value of its own: it stands behind \"map\", or \"via\" of \"reduce\"");
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		case LANG_EXPR_NULL:
			return CHECK_SIMPLE(c, LANG_DYNAMIC);
		case LANG_EXPR_NO_ONE:
			return CHECK_SIMPLE(c, LANG_PRINCIPAL);
		case LANG_EXPR_WHO:
			return check_who(c, e);
		case LANG_EXPR_VIEWER:
			return check_viewer(c, e);
		case LANG_EXPR_LABEL:
			return check_label_value(c, e);
		case LANG_EXPR_SELF:
			return check_self(c, e);
		case LANG_EXPR_CONTEXT:
			return check_context(c, e);
		case LANG_EXPR_HEADERS:
		case LANG_EXPR_PARAMETERS:
		case LANG_EXPR_STABLE:
			return check_rare_atom(c, e);
		case LANG_EXPR_BLOCKED:
			return check_blocked(c, e);
		case LANG_EXPR_MAYBE:
			return check_maybe(c, e, want);
		case LANG_EXPR_EMPTY:
			return check_empty(c, e, want);
		case LANG_EXPR_PAIR:
			return check_pair(c, e, want);
		case LANG_EXPR_CONVERT_MESSAGE:
			return check_projection(c, e);
		case LANG_EXPR_I:
			return CHECK_SIMPLE(c, LANG_COMPLEX);
		case LANG_EXPR_NOTHING:
			return CHECK_SIMPLE(c, LANG_ASSET);
		case LANG_EXPR_DATE:
			return CHECK_SIMPLE(c, LANG_DATE);
		case LANG_EXPR_TIME:
			return CHECK_SIMPLE(c, LANG_TIME);
		case LANG_EXPR_DATETIME:
			return check_datetime(c, e);
		case LANG_EXPR_TIMESPAN:
			return CHECK_SIMPLE(c, LANG_TIMESPAN);
		case LANG_EXPR_CONVERT:
			return e->type;		/* made by the checker, checked already */
		default:
			check_unsupported(c, e->pos, "%s", unsupported_text(e->kind));
			return error_type(c);
	}
}

const LangType *
check_expr(Check *c, LangExpr *e, const LangType *want)
{
	if (!check_enter(c, e->pos))
	{
		e->type = error_type(c);
		return e->type;
	}
	if (e->kind != LANG_EXPR_NAME && e->kind != LANG_EXPR_PAREN)
		c->is_target = false;
	e->type = check_kind(c, e, want);
	check_leave(c);
	return e->type;
}
