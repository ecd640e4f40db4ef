/*
 * walk.c
 *	  Expressions, part by part.
 */
#include "lang/walk.h"

void
lang_each_part(const LangExpr *e, LangVisit visit, void *arg)
{
	switch (e->kind)
	{
		case LANG_EXPR_FIELD:
			visit(e->u.field.operand, arg);
			break;
		case LANG_EXPR_INDEX:
			visit(e->u.call.callee, arg);
			for (int i = 0; i < e->u.call.n_args; i++)
				visit(e->u.call.args[i], arg);
			break;
		case LANG_EXPR_CALL:
			if (e->u.call.receiver != NULL)
				visit(e->u.call.receiver, arg);
			for (int i = 0; i < e->u.call.n_args; i++)
				visit(e->u.call.args[i], arg);
			break;
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
		case LANG_EXPR_PAREN:
		case LANG_EXPR_ITERATE:
			visit(e->u.unary.operand, arg);
			break;
		case LANG_EXPR_BINARY:
		case LANG_EXPR_ASSIGN_OP:
			visit(e->u.binary.left, arg);
			visit(e->u.binary.right, arg);
			break;
		case LANG_EXPR_RANGE:
			visit(e->u.range.low, arg);
			visit(e->u.range.value, arg);
			visit(e->u.range.high, arg);
			break;
		case LANG_EXPR_TERNARY:
			visit(e->u.ternary.condition, arg);
			visit(e->u.ternary.yes, arg);
			visit(e->u.ternary.no, arg);
			break;
		case LANG_EXPR_ARRAY:
			for (int i = 0; i < e->u.list.n; i++)
				visit(e->u.list.items[i], arg);
			break;
		case LANG_EXPR_OBJECT:
			for (int i = 0; i < e->u.object.n; i++)
				visit(e->u.object.members[i].value, arg);
			break;
		case LANG_EXPR_LINQ:
			visit(e->u.linq.source, arg);
			if (e->u.linq.expr != NULL)
				visit(e->u.linq.expr, arg);
			if (e->u.linq.threshold != NULL)
				visit(e->u.linq.threshold, arg);
			break;
		case LANG_EXPR_CONVERT_MESSAGE:
		case LANG_EXPR_MAYBE:
			if (e->u.typed.operand != NULL)
				visit(e->u.typed.operand, arg);
			break;
		case LANG_EXPR_CONVERT:
			visit(e->u.convert.operand, arg);
			break;
		default:
			break;
	}
}
