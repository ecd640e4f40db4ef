/*
 * check_clause.c
 *	  The clauses of a query that make another list, or a map, of its elements: map, reduce, unique, rank, order_dyn, shuffle.
 *
 * What a function's name or @lambda is applied to becomes a variable of the unit; the function is then an expression over it, which the runner puts into its
 * loop: there are no functions as values.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* Checks body with a variable of this type in scope. */
static const LangType *
check_with(Check *c, LangExpr *e, LangName name, const LangType *type, LangExpr *body)
{
	CheckScope *scope = c->scope;
	LangLocal  *row = check_add_local(c, c->cur->unit, name, type);
	const LangType *result;

	row->is_readonly = type->kind == LANG_MESSAGE;
	check_push_local(c, row);
	result = check_expr(c, body, NULL);
	c->scope = scope;
	row->is_used = true;
	e->u.linq.row = row;
	e->u.linq.expr = body;
	return result;
}

/* The function or @lambda of the clause, applied to a value of this type. */
static const LangType *
check_applied(Check *c, LangExpr *e, const LangType *type, const char *clause)
{
	LangExpr   *function = check_strip(e->u.linq.expr);
	const LangType *result;

	if (function->kind == LANG_EXPR_LAMBDA)
		result = check_with(c, e, function->u.lambda.parameter, type, function->u.lambda.body);
	else if (function->kind == LANG_EXPR_NAME)
	{
		/* a name that nobody can write */
		LangName	name = {kit_sym_z(c->tree->syms, "(element)"), function->pos};
		LangExpr   *argument = KIT_NEW(c->arena, LangExpr);
		LangExpr   *call = KIT_NEW(c->arena, LangExpr);

		argument->kind = LANG_EXPR_NAME;
		argument->pos = function->pos;
		argument->u.name.sym = name.sym;
		call->kind = LANG_EXPR_CALL;
		call->pos = function->pos;
		call->u.call.callee = function;
		call->u.call.args = KIT_NEW(c->arena, LangExpr *);
		call->u.call.args[0] = argument;
		call->u.call.n_args = 1;
		result = check_with(c, e, name, type, call);
	}
	else
	{
		KitDiag    *diag = check_error(c, function->pos, "\"%s\" takes the name of a function or a @lambda", clause);

		kit_diag_hint(diag, "Write @lambda x: and then what becomes of x.");
		return error_type(c);
	}
	if (result->kind == LANG_VOID)
	{
		check_error(c, function->pos, "the function of \"%s\" must return something", clause);
		return error_type(c);
	}
	return result;
}

static const LangType *
check_map(Check *c, LangExpr *e, const LangType *element)
{
	const LangType *result = check_applied(c, e, element, "map");

	return CHECK_IS_ERROR(result) ? result : lang_type_list(c->program, result);
}

static LangField *
check_clause_field(Check *c, LangExpr *e, const LangType *element)
{
	LangField  *field = check_find_field(c, element->structure, e->u.linq.name);

	if (field == NULL || CHECK_IS_ERROR(check_field_read(c, field, e->u.linq.name.pos)))
		return NULL;
	e->u.linq.field = field;
	return field;
}

static const LangType *
check_reduce(Check *c, LangExpr *e, const LangType *element)
{
	LangField  *field = check_clause_field(c, e, element);
	const LangType *group = lang_type_list(c->program, element);
	const LangType *result = group;
	KitDiag    *diag;

	if (field != NULL && !check_type_is_key(field->type))
	{
		diag = check_error(c, e->u.linq.name.pos, "a map cannot have \"%s\", which is %s, as its key", field->name->text, field->type->text);
		kit_diag_hint(diag, "Reduce on an int, a long, a string, a principal or an enum.");
		return error_type(c);
	}
	if (e->u.linq.expr != NULL)
		result = check_applied(c, e, group, "reduce");
	if (field == NULL || CHECK_IS_ERROR(result))
		return error_type(c);
	e->u.linq.group = check_type_map(c, field->type, group);
	return check_type_map(c, field->type, result);
}

/* Whether values of the type can be told apart by one comparison. */
static bool
can_be_unique(const LangType *type)
{
	if (type->kind == LANG_MAYBE)
		type = type->a;
	switch (type->kind)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_ENUM:
		case LANG_PRINCIPAL:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
			return true;
		default:
			return false;
	}
}

static bool
check_unique(Check *c, LangExpr *e, const LangType *element)
{
	KitDiag    *diag;
	LangField  *field;

	if (e->u.linq.name.sym == NULL)
	{
		if (element->kind == LANG_RECORD || can_be_unique(element))
			return true;
		diag = check_error(c, e->pos, "\"unique\" cannot tell values of %s apart", element->text);
		if (check_type_is_structured(element))
			kit_diag_hint(diag, "Say by which field: unique first f, or unique last f.");
		return false;
	}
	field = check_clause_field(c, e, element);
	if (field == NULL)
		return false;
	if (can_be_unique(field->type))
		return true;
	check_error(c, e->u.linq.name.pos, "\"unique\" cannot tell values of \"%s\" apart, which is %s", field->name->text, field->type->text);
	return false;
}

static bool
check_rank(Check *c, LangExpr *e, const LangType *element)
{
	const LangType *real = CHECK_SIMPLE(c, LANG_DOUBLE);
	bool		ok = !CHECK_IS_ERROR(check_with(c, e, e->u.linq.name, element, e->u.linq.expr)) &&
		check_convert(c, &e->u.linq.expr, real, "the score of \"rank\"");

	if (e->u.linq.threshold == NULL)
		return ok;
	return !CHECK_IS_ERROR(check_expr(c, e->u.linq.threshold, real)) && check_convert(c, &e->u.linq.threshold, real, "\"threshold\"") && ok;
}

/* list: the type of what the clause is applied to. */
const LangType *
check_clause(Check *c, LangExpr *e, const LangType *list)
{
	const LangType *string = CHECK_SIMPLE(c, LANG_STRING);
	bool		ok = true;

	switch (e->u.linq.kind)
	{
		case LANG_LINQ_MAP:
			return check_map(c, e, list->a);
		case LANG_LINQ_REDUCE:
			return check_reduce(c, e, list->a);
		case LANG_LINQ_UNIQUE:
			ok = check_unique(c, e, list->a);
			break;
		case LANG_LINQ_RANK:
			ok = check_rank(c, e, list->a);
			break;
		case LANG_LINQ_ORDER_DYN:
			ok = !CHECK_IS_ERROR(check_expr(c, e->u.linq.expr, string)) && check_convert(c, &e->u.linq.expr, string, "\"order_dyn\"");
			break;
		case LANG_LINQ_SHUFFLE:
			check_effect(c, LANG_READS_RANDOM, e->pos, "shuffles");
			break;
		default:
			break;
	}
	return ok ? list : error_type(c);
}
