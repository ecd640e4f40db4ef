/*
 * check_query.c
 *	  iterate and the clauses that follow it.
 *
 * A clause takes a list and gives one.  In "where" the fields of the row are in scope by their bare names; "where_as x" gives
 * the row a name instead.  A "where" whose condition says id == e (alone, or as one side of a && at the top) is told to the
 * runner as id_equals, so that it can look the row up instead of visiting all; e must not depend on the row, and must be so
 * simple that evaluating it once instead of for each row cannot be noticed.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

const LangType *
check_iterate(Check *c, LangExpr *e)
{
	const LangType *type = check_expr(c, e->u.unary.operand, NULL);
	KitDiag    *diag;

	if (CHECK_IS_ERROR(type))
		return type;
	if (type->kind != LANG_TABLE)
	{
		diag = check_error(c, e->u.unary.operand->pos, "\"iterate\" takes a table, not %s", type->text);
		if (type->kind == LANG_LIST)
			kit_diag_hint(diag, "It is a list already: leave out \"iterate\".");
		else if (type->kind == LANG_ARRAY)
			kit_diag_hint(diag, "Loop over an array with foreach.");
		return error_type(c);
	}
	return lang_type_list(c->program, type->a);
}

/* ---- where ---- */

/* The value does not depend on the row, and evaluating it cannot fail, write or cost much. */
static bool
is_simple_and_apart(const LangExpr *e, const LangLocal *row)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_INT:
				return true;
			case LANG_EXPR_NAME:
				if (e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.field->kind != LANG_STORED_FIELD)
					return false;
				return e->u.name.ref.local != row;
			case LANG_EXPR_FIELD:
				if (e->u.field.field == NULL || e->u.field.field->kind != LANG_STORED_FIELD || e->u.field.is_lifted ||
					e->u.field.is_projection)
					return false;
				e = e->u.field.operand;
				break;
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_VIEWER:
				return true;
			default:
				return false;
		}
}

static bool
is_id_of_row(LangExpr *e, const LangLocal *row)
{
	e = check_strip(e);
	if (e->kind == LANG_EXPR_NAME)
		return e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.local == row && e->u.name.ref.field->is_id;
	if (e->kind == LANG_EXPR_FIELD && e->u.field.field != NULL && e->u.field.field->is_id && !e->u.field.is_lifted &&
		!e->u.field.is_projection)
	{
		LangExpr   *operand = check_strip(e->u.field.operand);

		return operand->kind == LANG_EXPR_NAME && operand->u.name.ref.kind == LANG_REF_LOCAL && operand->u.name.ref.local == row;
	}
	return false;
}

static LangExpr *
find_id_equals(LangExpr *e, const LangLocal *row)
{
	for (;;)
	{
		LangExpr   *found;

		e = check_strip(e);
		if (e->kind != LANG_EXPR_BINARY)
			return NULL;
		if (e->u.binary.op == LANG_OP_EQ)
		{
			if (is_id_of_row(e->u.binary.left, row) && e->u.binary.right->type->kind == LANG_INT &&
				is_simple_and_apart(e->u.binary.right, row))
				return e->u.binary.right;
			if (is_id_of_row(e->u.binary.right, row) && e->u.binary.left->type->kind == LANG_INT &&
				is_simple_and_apart(e->u.binary.left, row))
				return e->u.binary.left;
			return NULL;
		}
		if (e->u.binary.op != LANG_OP_AND)
			return NULL;
		found = find_id_equals(e->u.binary.right, row);
		if (found != NULL)
			return found;
		e = e->u.binary.left;
	}
}

static void
check_where(Check *c, LangExpr *e, const LangType *element)
{
	CheckScope *scope = c->scope;
	bool		is_named = e->u.linq.kind == LANG_LINQ_WHERE_AS;
	LangLocal  *row = check_add_local(c, c->cur->unit, is_named ? e->u.linq.name : (LangName) {NULL, e->pos}, element);

	row->is_readonly = element->kind == LANG_MESSAGE;
	if (is_named)
		check_push_local(c, row);
	else
		check_push_row(c, row);
	check_condition(c, &e->u.linq.expr, is_named ? "condition of where_as" : "condition of where");
	c->scope = scope;
	row->is_used = true;
	e->u.linq.row = row;
	if (element->kind == LANG_RECORD && !CHECK_IS_ERROR(e->u.linq.expr->type))
		e->u.linq.id_equals = find_id_equals(e->u.linq.expr, row);
}

/* ---- order ---- */

static bool
has_order(const LangType *type)
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
check_order(Check *c, LangExpr *e, const LangType *element)
{
	bool		ok = true;

	for (int i = 0; i < e->u.linq.n_keys; i++)
	{
		LangOrderKey *key = &e->u.linq.keys[i];
		LangField  *field = check_find_field(c, element->structure, key->name);
		const LangType *type;

		if (field == NULL)
		{
			ok = false;
			continue;
		}
		type = check_field_read(c, field, key->name.pos);
		key->field = field;
		if (i == 0 && field->kind == LANG_STORED_FIELD)
			field->is_ordered = true;
		if (CHECK_IS_ERROR(type))
			ok = false;
		else if (!has_order(type))
		{
			check_error(c, key->name.pos, "rows cannot be ordered by \"%s\", which is %s", key->name.sym->text, type->text);
			ok = false;
		}
		else if (key->is_insensitive && type->kind != LANG_STRING && !(type->kind == LANG_MAYBE && type->a->kind == LANG_STRING))
		{
			check_error(c, key->name.pos, "only strings are ordered insensitive to case, \"%s\" is %s", key->name.sym->text,
						type->text);
			ok = false;
		}
	}
	return ok;
}

static const char *
clause_text(LangLinqKind kind)
{
	switch (kind)
	{
		case LANG_LINQ_WHERE:
			return "where";
		case LANG_LINQ_WHERE_AS:
			return "where_as";
		case LANG_LINQ_ORDER:
			return "order";
		case LANG_LINQ_ORDER_DYN:
			return "order_dyn";
		case LANG_LINQ_SHUFFLE:
			return "shuffle";
		case LANG_LINQ_REDUCE:
			return "reduce";
		case LANG_LINQ_MAP:
			return "map";
		case LANG_LINQ_LIMIT:
			return "limit";
		case LANG_LINQ_OFFSET:
			return "offset";
		case LANG_LINQ_UNIQUE:
			return "unique";
		case LANG_LINQ_RANK:
			return "rank";
		case LANG_LINQ_MATERIALIZE:
			return "materialize";
		case LANG_LINQ_TRAVERSE:
			return "traverse";
	}
	return "";
}

const LangType *
check_linq(Check *c, LangExpr *e)
{
	const LangType *type = check_expr(c, e->u.linq.source, NULL);
	const char *clause = clause_text(e->u.linq.kind);
	KitDiag    *diag;
	bool		needs_rows;

	if (CHECK_IS_ERROR(type))
		return type;
	switch (e->u.linq.kind)
	{
		case LANG_LINQ_WHERE:
		case LANG_LINQ_WHERE_AS:
		case LANG_LINQ_ORDER:
		case LANG_LINQ_ORDER_DYN:
		case LANG_LINQ_REDUCE:
			needs_rows = true;
			break;
		case LANG_LINQ_UNIQUE:
			needs_rows = e->u.linq.name.sym != NULL;
			break;
		case LANG_LINQ_LIMIT:
		case LANG_LINQ_OFFSET:
		case LANG_LINQ_SHUFFLE:
		case LANG_LINQ_MAP:
		case LANG_LINQ_RANK:
		case LANG_LINQ_MATERIALIZE:
		case LANG_LINQ_TRAVERSE:
		default:
			needs_rows = false;
			break;
	}
	if (type->kind != LANG_LIST)
	{
		diag = check_error(c, e->pos, "\"%s\" takes a list, not %s", clause, type->text);
		if (type->kind == LANG_TABLE)
			kit_diag_hint(diag, "Write \"iterate\" before the table.");
		return error_type(c);
	}
	if (needs_rows && !check_type_is_structured(type->a) && e->u.linq.kind != LANG_LINQ_WHERE_AS)
	{
		diag = check_error(c, e->pos, "\"%s\" takes a list of records or messages, not %s", clause, type->text);
		if (e->u.linq.kind == LANG_LINQ_WHERE)
			kit_diag_hint(diag, "Give the element a name: where_as x: x > 0.");
		return error_type(c);
	}
	switch (e->u.linq.kind)
	{
		case LANG_LINQ_WHERE:
		case LANG_LINQ_WHERE_AS:
			check_where(c, e, type->a);
			if (CHECK_IS_ERROR(e->u.linq.expr->type))
				return error_type(c);
			break;
		case LANG_LINQ_ORDER:
			if (!check_order(c, e, type->a))
				return error_type(c);
			break;
		case LANG_LINQ_ORDER_DYN:
		case LANG_LINQ_SHUFFLE:
		case LANG_LINQ_REDUCE:
		case LANG_LINQ_MAP:
		case LANG_LINQ_UNIQUE:
		case LANG_LINQ_RANK:
			return check_clause(c, e, type);
		case LANG_LINQ_TRAVERSE:
			return check_traverse(c, e, type);
		case LANG_LINQ_MATERIALIZE:
			break;
		default:
			check_expr(c, e->u.linq.expr, CHECK_SIMPLE(c, LANG_INT));
			if (!check_convert(c, &e->u.linq.expr, CHECK_SIMPLE(c, LANG_INT), "%s", clause) || CHECK_IS_ERROR(e->u.linq.expr->type))
				return error_type(c);
			break;
	}
	return type;
}
