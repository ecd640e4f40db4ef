/*
 * lower_rows.c
 *	  Tables of messages: lists of rows that a variable owns.
 *
 * As an operand, and as an argument, such a table is the very one.  As a value that a variable gets or that is returned it is a copy, unless nobody else has
 * it: what a call yields.  A query begins with VM_ROWS, a list of the rows of that moment (query.c says why that costs nothing).
 */
#include "vm/lower.h"

bool
lower_is_rows(const LangType *type)
{
	return type->kind == LANG_TABLE && type->a->kind == LANG_MESSAGE;
}

uint16_t
lower_rows_value(Lower *l, const LangExpr *e, int want)
{
	uint32_t	mark;
	uint16_t	dst;

	if (!lower_is_rows(e->type) || lower_bare(e)->kind != LANG_EXPR_NAME)
		return lower_expr(l, e, want);
	dst = lower_result(l, want);
	mark = l->next;
	lower_emit(l, VM_LIST_COPY, dst, lower_expr(l, e, -1), 0);
	l->next = mark;
	return dst;
}

/* The variable whose rows a query yields. */
static const LangExpr *
table_of(const LangExpr *e)
{
	for (e = lower_bare(e); e->kind == LANG_EXPR_LINQ;)
		e = lower_bare(e->u.linq.source);
	return e->u.unary.operand;
}

uint16_t
lower_rows_delete(Lower *l, const LangExpr *call, int want)
{
	const LangExpr *receiver = call->u.call.receiver;
	uint32_t	mark = l->next;

	if (receiver->type->kind == LANG_TABLE)
		lower_emit(l, VM_ROWS_CLEAR, lower_expr(l, receiver, -1), 0, 0);
	else
	{
		uint16_t	rows = lower_query(l, receiver, QUERY_EACH, lower_temp(l));

		lower_emit(l, VM_ROWS_REMOVE, lower_expr(l, table_of(receiver), -1), rows, 0);
	}
	l->next = mark;
	return lower_result(l, want);
}
