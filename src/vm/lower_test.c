/*
 * lower_test.c
 *	  The statements of test blocks.
 */
#include "vm/lower.h"

static bool
is_comparison(const LangExpr *e)
{
	if (e->kind != LANG_EXPR_BINARY)
		return false;
	switch (e->u.binary.op)
	{
		case LANG_OP_EQ:
		case LANG_OP_NE:
		case LANG_OP_LT:
		case LANG_OP_GT:
		case LANG_OP_LE:
		case LANG_OP_GE:
			return true;
		default:
			return false;
	}
}

/* A comparison that does not hold shows both sides. */
static void
lower_assert(Lower *l, const LangStmt *stmt)
{
	const LangExpr *e = lower_bare(stmt->u.expr);
	Label		ok = LABEL_NEW;

	if (is_comparison(e))
	{
		const LangExpr *left = e->u.binary.left;
		const LangExpr *right = e->u.binary.right;
		uint16_t	a = lower_expr_kept(l, left, right);
		uint16_t	b = lower_expr(l, right, -1);

		lower_jump(l, VM_JUMP_TRUE, lower_apply(l, vm_op_of_code(e->u.binary.row->code), a, b, -1), &ok);
		lower_emit_imm(l, VM_TEST_SHOW, a, (int32_t) lower_type(l, left->type));
		lower_emit_imm(l, VM_TEST_SHOW, b, (int32_t) lower_type(l, right->type));
	}
	else
		lower_condition(l, e, true, &ok);
	l->pos = stmt->pos;
	lower_emit(l, VM_TEST_FAIL, 0, 0, 0);
	lower_here(l, &ok);
}

static void
lower_send(Lower *l, const LangStmt *stmt)
{
	const LangExpr *who = stmt->u.pump.who;
	uint16_t	sender = who != NULL ? lower_expr_kept(l, who, stmt->u.pump.message) : lower_default(l, l->program->lang->simple[LANG_PRINCIPAL], -1);
	uint16_t	message = lower_expr(l, stmt->u.pump.message, -1);
	uint32_t	channel = 0;

	while (l->program->lang->channels[channel] != stmt->u.pump.target)
		channel++;
	l->pos = stmt->pos;
	lower_emit(l, VM_TEST_SEND, sender, message, channel);
}

static void
lower_aborts(Lower *l, const LangStmt *stmt)
{
	Label		caught = LABEL_NEW;

	lower_jump(l, VM_TEST_TRY, 0, &caught);
	lower_block(l, stmt);
	l->pos = stmt->pos;
	lower_emit(l, VM_TEST_CAUGHT, 0, 0, 0);
	lower_here(l, &caught);
}

void
lower_test_stmt(Lower *l, const LangStmt *stmt)
{
	switch (stmt->kind)
	{
		case LANG_STMT_ASSERT:
			lower_assert(l, stmt);
			break;
		case LANG_STMT_STEP:
			lower_emit(l, VM_TEST_STEP, 0, 0, 0);
			break;
		case LANG_STMT_FORWARD:
			lower_emit(l, VM_TEST_FORWARD, lower_expr(l, stmt->u.expr, -1), 0, 0);
			break;
		case LANG_STMT_PUMP:
		case LANG_STMT_SEND:
			lower_send(l, stmt);
			break;
		case LANG_STMT_ABORTS:
			lower_aborts(l, stmt);
			break;
		default:
			break;
	}
}
