/*
 * check_test.c
 *	  test blocks: what stands only in them.  They are checked like all code, and run by the command line (vm/test.c).
 *
 * What happens within @aborts is undone, the document's part of it.  So nothing that lives on behind the block may be assigned there, and control does not
 * leave it but at its end.
 */
#include "lang/check_internal.h"

void
check_declare_test(Check *c, LangDecl *d)
{
	LangUnit   *unit;

	for (int i = 0; i < c->program->n_tests; i++)
		if (c->program->tests[i]->name == d->name.sym)
		{
			check_report_twice(c, d->name, "test", c->program->tests[i]->pos);
			return;
		}
	unit = check_add_unit(c, LANG_UNIT_TEST, d->name, d->pos, c->program->root, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
	CHECK_PUSH(c->arena, c->program->tests, c->program->n_tests, unit);
}

/* True in a test; else it has been said that what stands only there. */
static bool
require_test(Check *c, LangPos pos, const char *what)
{
	if (c->cur->unit->kind == LANG_UNIT_TEST)
		return true;
	kit_diag_hint(check_error(c, pos, "%s stands in tests only", what), "A test is declared as: test name { ... }.");
	return false;
}

const LangType *
check_blocked(Check *c, LangExpr *e)
{
	return require_test(c, e->pos, "@blocked") ? CHECK_SIMPLE(c, LANG_BOOL) : CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

static void
check_forward(Check *c, LangStmt *stmt)
{
	const LangType *type = check_expr(c, stmt->u.expr, NULL);

	if (type->kind != LANG_TIMESPAN)
		check_convert(c, &stmt->u.expr, CHECK_SIMPLE(c, LANG_DOUBLE), "number of seconds");
}

/* @pump message into channel, @send channel(who, message) */
static void
check_pump(Check *c, LangStmt *stmt)
{
	LangName	name = stmt->u.pump.channel;
	LangChannel *channel = check_name_find(c, CHECK_NAMES_CHANNELS, NULL, name.sym);
	const LangType *type = NULL;

	stmt->u.pump.target = channel;
	if (channel == NULL)
		check_unknown_channel(c, name);
	else if (channel->message != NULL)
		type = channel->is_array ? lang_type_array(c->program, channel->message->type) : channel->message->type;
	check_expr(c, stmt->u.pump.message, type);
	if (type != NULL)
		check_convert(c, &stmt->u.pump.message, type, "message of channel \"%s\"", name.sym->text);
	if (stmt->u.pump.who == NULL)
		return;
	check_expr(c, stmt->u.pump.who, CHECK_SIMPLE(c, LANG_PRINCIPAL));
	check_convert(c, &stmt->u.pump.who, CHECK_SIMPLE(c, LANG_PRINCIPAL), "sender");
}

static void
check_aborts(Check *c, LangStmt *stmt)
{
	int			n_fixed = c->n_fixed;
	bool		is_in_aborts = c->is_in_aborts;
	int			n_loops = c->n_loops;
	int			n_switches = c->n_switches;
	bool		has_break = c->has_break;

	c->n_fixed = c->cur->unit->n_locals;
	c->is_in_aborts = true;
	c->n_loops = c->n_switches = 0;
	check_block(c, stmt);
	c->n_fixed = n_fixed;
	c->is_in_aborts = is_in_aborts;
	c->n_loops = n_loops;
	c->n_switches = n_switches;
	c->has_break = has_break;
}

/* False: the place belongs to a variable that is there behind the @aborts, which this has said. */
bool
check_place_is_undone(Check *c, const LangExpr *place, const char *verb)
{
	const LangExpr *e = place;
	const LangLocal *local;

	if (!c->is_in_aborts)
		return true;
	if (e->kind == LANG_EXPR_FIELD && e->u.field.is_projection && check_rows_of(e->u.field.operand) != NULL)
		e = check_rows_of(e->u.field.operand);
	while (e->kind == LANG_EXPR_PAREN || (e->kind == LANG_EXPR_FIELD && e->u.field.field != NULL && e->u.field.field->owner->kind != LANG_STRUCT_RECORD))
		e = e->kind == LANG_EXPR_PAREN ? e->u.unary.operand : e->u.field.operand;
	if (e->kind != LANG_EXPR_NAME || e->u.name.ref.kind != LANG_REF_LOCAL)
		return true;
	local = e->u.name.ref.local;
	if (local->index >= c->n_fixed || local->type->kind == LANG_RECORD)
		return true;
	kit_diag_hint(check_error(c, place->pos, "cannot %s \"%s\" within @aborts", verb, local->name->text),
				  "What happens there is undone, but for variables. Declare it inside.");
	return false;
}

void
check_test_stmt(Check *c, LangStmt *stmt)
{
	switch (stmt->kind)
	{
		case LANG_STMT_ASSERT:
			require_test(c, stmt->pos, "\"assert\"");
			check_condition(c, &stmt->u.expr, "assertion");
			break;
		case LANG_STMT_STEP:
			require_test(c, stmt->pos, "@step");
			break;
		case LANG_STMT_FORWARD:
			require_test(c, stmt->pos, "@forward");
			check_forward(c, stmt);
			break;
		case LANG_STMT_PUMP:
		case LANG_STMT_SEND:
			require_test(c, stmt->pos, stmt->kind == LANG_STMT_PUMP ? "@pump" : "@send");
			check_pump(c, stmt);
			break;
		case LANG_STMT_ABORTS:
			require_test(c, stmt->pos, "@aborts");
			check_aborts(c, stmt);
			break;
		default:
			break;
	}
}
