/*
 * check_rows.c
 *	  Tables of messages: variables that rows are put into and queried from, as in a table of the document, of which nothing stays.
 *
 * Such a table is a value of its own: assigning or returning it copies it, a parameter stands for the table that was given.  Its rows are messages, which
 * have no ids, and no way back to the table: so they are deleted and changed where it can be seen whose they are, by a query of the variable itself.
 */
#include "lang/check_internal.h"

bool
check_is_rows(const LangType *type)
{
	return type->kind == LANG_TABLE && type->a->kind == LANG_MESSAGE;
}

LangExpr *
check_rows_of(LangExpr *list)
{
	for (;;)
	{
		list = check_strip(list);
		if (list->kind == LANG_EXPR_ITERATE)
		{
			LangExpr   *table = check_strip(list->u.unary.operand);

			return check_is_rows(table->type) && table->kind == LANG_EXPR_NAME ? table : NULL;
		}
		if (list->kind != LANG_EXPR_LINQ || list->u.linq.kind == LANG_LINQ_MAP || list->u.linq.kind == LANG_LINQ_REDUCE)
			return NULL;
		list = list->u.linq.source;
	}
}

bool
check_rows_place(Check *c, LangExpr *table, const char *verb)
{
	const LangLocal *local;
	KitDiag    *diag;

	if (table->kind != LANG_EXPR_NAME || table->u.name.ref.kind != LANG_REF_LOCAL)
	{
		diag = check_error(c, table->pos, "cannot %s this: it is a value, not a variable", verb);
		kit_diag_hint(diag, "Put it into a variable first: let t = ...;");
		return false;
	}
	local = table->u.name.ref.local;
	if (local->is_readonly)
	{
		diag = check_error(c, table->pos, "cannot %s \"%s\": it is read-only", verb, local->name->text);
		if (local->is_parameter)
			kit_diag_hint(diag, "Declare the parameter mutable: mutable %s %s.", local->type->text, local->name->text);
		return false;
	}
	return check_place_is_undone(c, table, verb);
}

const LangType *
check_rows_delete(Check *c, LangExpr *call, LangExpr *rows, LangName name)
{
	bool		is_table = rows->type->kind == LANG_TABLE;
	LangExpr   *table = is_table ? check_strip(rows) : check_rows_of(rows);

	if (table == NULL)
	{
		kit_diag_hint(check_error(c, name.pos, "it cannot be seen of which table these messages are rows"),
					  "Delete what a query of the table yields: (iterate t where ...).delete().");
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	if (!check_rows_place(c, table, "delete rows of"))
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	call->u.call.call_kind = LANG_CALL_BUILTIN;
	call->u.call.builtin = &lang_builtins[is_table ? LANG_BUILTIN_TABLE_DELETE : LANG_BUILTIN_LIST_DELETE];
	call->u.call.receiver = rows;
	return CHECK_SIMPLE(c, LANG_VOID);
}
