/*
 * check_stmt.c
 *	  Statements: scopes, flow of control, assignment.
 *
 * check_stmt tells whether control can come out at the end of a statement; from that follow "returns on every path" and "is
 * never reached". A loop without condition (or with the condition true) that has no break never ends.
 */
#include <string.h>

#include "lang/check_internal.h"

static bool
is_true(const LangExpr *e)
{
	while (e != NULL && e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e == NULL || (e->kind == LANG_EXPR_BOOL && e->u.integer != 0);
}

/* ---- blocks ---- */

static void
warn_unused(Check *c, CheckScope *from, CheckScope *to)
{
	for (CheckScope *s = from; s != to; s = s->up)
		if (!s->is_row && !s->local->is_used && !s->local->is_parameter && s->local->name->text[0] != '_' &&
			!CHECK_IS_ERROR(s->local->type) && !s->local->hides_field)
			check_warn(c, s->local->pos, "variable \"%s\" is never read", s->local->name->text);
}

static void
leave_scope(Check *c, CheckScope *scope)
{
	warn_unused(c, c->scope, scope);
	c->scope = scope;
}

/* Where a statement begins, for messages: assignments have the place of their operator. */
static LangPos
begin_of(const LangStmt *stmt)
{
	return stmt->kind == LANG_STMT_ASSIGN || stmt->kind == LANG_STMT_INGEST ? stmt->u.assign.place->pos : stmt->pos;
}

static bool
check_items(Check *c, LangStmt **items, int n)
{
	bool		ends = false;
	bool		is_warned = false;

	for (int i = 0; i < n; i++)
	{
		if (ends && !is_warned && items[i]->kind != LANG_STMT_EMPTY && items[i]->kind != LANG_STMT_CASE &&
			items[i]->kind != LANG_STMT_DEFAULT)
		{
			check_warn(c, begin_of(items[i]), "this statement is never reached");
			is_warned = true;
		}
		ends |= check_stmt(c, items[i]);
	}
	return ends;
}

bool
check_block(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	bool		ends = check_items(c, stmt->u.block.items, stmt->u.block.n);

	leave_scope(c, scope);
	return ends;
}

/* A statement that is a branch or body of another: its names end with it, block or not. */
static bool
check_inner(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	bool		ends = check_stmt(c, stmt);

	leave_scope(c, scope);
	return ends;
}

/* ---- branches ---- */

static bool
check_if(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	bool		yes_ends;
	bool		no_ends;

	if (stmt->u.branch.as.sym != NULL)
	{
		const LangType *type = check_expr(c, stmt->u.branch.condition, NULL);
		LangLocal  *local;

		if (!CHECK_IS_ERROR(type) && type->kind != LANG_MAYBE)
		{
			KitDiag    *diag = check_error(c, stmt->u.branch.condition->pos, "\"as\" unwraps a maybe, this is %s", type->text);

			kit_diag_hint(diag, "It is there already: use it as it is.");
			type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		local = check_add_local(c, c->cur->unit, stmt->u.branch.as, CHECK_IS_ERROR(type) ? type : type->a);
		local->is_readonly = local->type->kind == LANG_MAP ||
			(local->type->kind == LANG_MESSAGE && check_is_read_only(stmt->u.branch.condition));
		check_push_local(c, local);
		stmt->u.branch.as_local = local;
	}
	else
		check_condition(c, &stmt->u.branch.condition, "condition");
	yes_ends = check_inner(c, stmt->u.branch.yes);
	leave_scope(c, scope);
	if (stmt->u.branch.no == NULL)
		return false;
	no_ends = check_inner(c, stmt->u.branch.no);
	return yes_ends && no_ends;
}

/* A constant of a switch: negative numbers become literals. */
static bool
check_case(Check *c, LangExpr **slot, const LangType *type)
{
	LangExpr   *e = check_strip(*slot);
	const LangType *given;

	*slot = e;
	if (e->kind == LANG_EXPR_NAME && type->kind == LANG_ENUM &&
		check_name_find(c, CHECK_NAMES_FIELDS, type->enumeration, e->u.name.sym) != NULL)
	{
		kit_diag_hint(check_error(c, e->pos, "there is no constant \"%s\"", e->u.name.sym->text), "Did you mean %s::%s?",
					  type->text, e->u.name.sym->text);
		e->type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		return false;
	}
	given = check_expr(c, e, NULL);
	if (CHECK_IS_ERROR(given) || CHECK_IS_ERROR(type))
		return false;
	if (e->kind == LANG_EXPR_PREFIX && e->u.unary.op == LANG_OP_NEGATE && check_strip(e->u.unary.operand)->kind == LANG_EXPR_INT)
	{
		e->u.integer = -check_strip(e->u.unary.operand)->u.integer;
		e->kind = LANG_EXPR_INT;
	}
	if (e->kind != LANG_EXPR_INT && e->kind != LANG_EXPR_STRING && e->kind != LANG_EXPR_LABEL && e->kind != LANG_EXPR_ENUM)
	{
		check_error(c, e->pos, "\"case\" takes a constant");
		return false;
	}
	if (e->kind == LANG_EXPR_ENUM && e->u.enumeration.is_star)
		given = given->a;
	if (given != type)
	{
		KitDiag    *diag = check_error(c, e->pos, "\"case\" must be %s, not %s", type->text, given->text);

		if (type->kind == LANG_LABEL && given->kind == LANG_STRING)
			kit_diag_hint(diag, "A label is written with its sign, as in #play.");
		return false;
	}
	return true;
}

static bool
covers(const LangExpr *e, const LangExpr *f)
{
	if (e->kind != f->kind)
		return false;
	switch (e->kind)
	{
		case LANG_EXPR_INT:
			return e->u.integer == f->u.integer;
		case LANG_EXPR_STRING:
		case LANG_EXPR_LABEL:
			return e->u.string.len == f->u.string.len && memcmp(e->u.string.text, f->u.string.text, e->u.string.len) == 0;
		case LANG_EXPR_ENUM:
			return !e->u.enumeration.is_star && !f->u.enumeration.is_star && e->u.enumeration.number == f->u.enumeration.number;
		default:
			return false;
	}
}

static bool
check_switch(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	const LangType *type = check_expr(c, stmt->u.branch.condition, NULL);
	LangStmt   *body = stmt->u.branch.yes;
	bool		outer_break = c->has_break;
	bool		has_default = false;
	bool		ends = false;
	bool		is_warned = false;
	int			n_cases = 0;
	LangExpr  **cases;

	if (!CHECK_IS_ERROR(type) && type->kind != LANG_INT && type->kind != LANG_STRING && type->kind != LANG_LABEL && type->kind != LANG_ENUM)
	{
		check_error(c, stmt->u.branch.condition->pos, "\"switch\" takes int, string, label or an enumeration, not %s", type->text);
		type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	cases = KIT_NEW_N(c->arena, LangExpr *, body->u.block.n + 1);
	c->has_break = false;
	c->n_switches++;
	for (int i = 0; i < body->u.block.n; i++)
	{
		LangStmt   *s = body->u.block.items[i];

		if (s->kind == LANG_STMT_CASE)
		{
			ends = false;
			if (check_case(c, &s->u.expr, type))
			{
				/* quadratic, but bounded: beyond, duplicates just never match */
				for (int k = 0; k < n_cases && n_cases < 2000; k++)
					if (covers(cases[k], s->u.expr))
					{
						check_error(c, s->u.expr->pos, "this case was there already, at line %d", cases[k]->pos.line);
						break;
					}
				cases[n_cases++] = s->u.expr;
			}
		}
		else if (s->kind == LANG_STMT_DEFAULT)
		{
			if (has_default)
				check_error(c, s->pos, "a switch has one default");
			has_default = true;
			ends = false;
		}
		else
		{
			if (i == 0)
				check_error(c, s->pos, "a switch begins with \"case\" or \"default\"");
			else if (ends && !is_warned && s->kind != LANG_STMT_EMPTY)
			{
				check_warn(c, begin_of(s), "this statement is never reached");
				is_warned = true;
			}
			ends |= check_stmt(c, s);
		}
	}
	c->n_switches--;
	leave_scope(c, scope);
	ends = ends && has_default && !c->has_break;
	c->has_break = outer_break;
	return ends;
}

/* ---- loops ---- */

static bool
check_loop(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	bool		outer_break = c->has_break;
	int			outer_switches = c->n_switches;
	bool		has_break;

	c->has_break = false;
	c->n_switches = 0;
	if (stmt->kind == LANG_STMT_FOR && stmt->u.loop.first != NULL)
		check_stmt(c, stmt->u.loop.first);
	if (stmt->kind != LANG_STMT_DO_WHILE && stmt->u.loop.condition != NULL)
		check_condition(c, &stmt->u.loop.condition, "condition");
	c->n_loops++;
	check_inner(c, stmt->u.loop.body);
	c->n_loops--;
	if (stmt->kind == LANG_STMT_FOR && stmt->u.loop.step != NULL)
		check_stmt(c, stmt->u.loop.step);
	if (stmt->kind == LANG_STMT_DO_WHILE && stmt->u.loop.condition != NULL)
		check_condition(c, &stmt->u.loop.condition, "condition");
	leave_scope(c, scope);
	has_break = c->has_break;
	c->has_break = outer_break;
	c->n_switches = outer_switches;
	return is_true(stmt->u.loop.condition) && !has_break;
}

static void
check_foreach(Check *c, LangStmt *stmt)
{
	CheckScope *scope = c->scope;
	const LangType *type = check_expr(c, stmt->u.foreach.list, NULL);
	bool		outer_break = c->has_break;
	int			outer_switches = c->n_switches;
	const LangType *element = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	LangLocal  *local;

	if (type->kind == LANG_LIST || type->kind == LANG_ARRAY)
		element = type->a;
	else if (type->kind == LANG_MAP)
		element = type->items[0];
	else if (!CHECK_IS_ERROR(type))
	{
		KitDiag    *diag = check_error(c, stmt->u.foreach.list->pos, "\"foreach\" takes a list, an array or a map, not %s", type->text);

		if (check_hint_await(diag, type))
			;
		else if (type->kind == LANG_TABLE)
			kit_diag_hint(diag, "The rows of a table are \"iterate\" and its name.");
		else if (type->kind == LANG_MAYBE)
			kit_diag_hint(diag, "Unwrap it first: if (... as x) { foreach (y in x) ... }.");
	}
	local = check_add_local(c, c->cur->unit, stmt->u.foreach.name, element);
	local->is_readonly = element->kind == LANG_MESSAGE || element->kind == LANG_MAP;
	local->is_used = true;
	check_push_local(c, local);
	stmt->u.foreach.local = local;
	c->has_break = false;
	c->n_switches = 0;
	c->n_loops++;
	check_inner(c, stmt->u.foreach.body);
	c->n_loops--;
	c->has_break = outer_break;
	c->n_switches = outer_switches;
	leave_scope(c, scope);
}

/* ---- simple statements ---- */

static void
check_declaration(Check *c, LangStmt *stmt)
{
	const LangType *type = NULL;
	LangExpr   *value = stmt->u.declare.value;
	const char *name = stmt->u.declare.name.sym->text;
	KitDiag    *diag;

	if (stmt->u.declare.type != NULL)
	{
		type = check_type_ref(c, stmt->u.declare.type, CHECK_TYPE_LOCAL);
		if (type->kind == LANG_TABLE && !check_is_rows(type))
		{
			diag = check_error(c, stmt->u.declare.type->pos, "a variable cannot be a table of records, which is in the document");
			kit_diag_hint(diag, "A list of its rows can be one: list<%s>, made by \"iterate\"; and so can a table of messages.", type->a->text);
			type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		if (value != NULL)
		{
			check_expr(c, value, type);
			check_convert(c, &stmt->u.declare.value, type, "value of \"%s\"", name);
		}
		else if (!check_type_has_default(type))
		{
			diag = check_error(c, stmt->u.declare.name.pos, "%s variable \"%s\" needs a value", type->kind == LANG_RECORD ? "record" : type->text, name);
			kit_diag_hint(diag, type->kind == LANG_FUTURE ? "An answer to come is what asking yields: channel.fetch(who)." :
						  type->kind == LANG_CHANNEL ? "It can only stand for a channel that is declared." :
						  "A record lives in the document; a variable can only stand for one that is there.");
		}
	}
	else if (value != NULL)
	{
		type = check_expr(c, value, NULL);
		if (type->kind == LANG_VOID)
		{
			check_error(c, value->pos, "\"%s\" has no value: nothing is returned here", name);
			type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		else if (type->kind == LANG_TEXT)
		{
			diag = check_error(c, value->pos, "a text cannot be put into a variable");
			kit_diag_hint(diag, "The string that it holds can: .get().");
			type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		else if (type->kind == LANG_TABLE && !check_is_rows(type))
		{
			diag = check_error(c, value->pos, "a table cannot be put into a variable");
			kit_diag_hint(diag, "Its rows can: \"iterate\" makes a list of them.");
			type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
	}
	else
		type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	stmt->u.declare.local = check_add_local(c, c->cur->unit, stmt->u.declare.name, type);
	stmt->u.declare.local->is_readonly = (stmt->u.declare.type != NULL && stmt->u.declare.type->is_readonly) ||
		(value != NULL && check_strip(value)->kind == LANG_EXPR_VIEWER);
	check_push_local(c, stmt->u.declare.local);
}

/* A map of records in the document is filled like the records themselves. */
static bool
can_be_replaced(Check *c, LangExpr *place, const LangType *type)
{
	KitDiag    *diag;

	if (type->kind == LANG_RECORD && check_map_is_live(place))
	{
		diag = check_error(c, place->pos, "cannot assign to a record of a map");
		kit_diag_hint(diag, "A record is filled, not replaced: m[key] <- {...}; or assign its fields one by one.");
		return false;
	}
	if (type->kind == LANG_MAYBE && type->a->kind == LANG_RECORD && check_is_stored(place))
	{
		diag = check_error(c, place->pos, "cannot assign to a maybe of a record, which the document holds");
		kit_diag_hint(diag, "Fill it with <- {...}, which makes the record; empty it with .delete().");
		return false;
	}
	while (type->kind == LANG_MAP)
		type = type->b;
	if (type->kind != LANG_RECORD || !check_map_is_live(place))
		return true;
	diag = check_error(c, place->pos, "cannot assign to a map of records");
	kit_diag_hint(diag, "Fill its entries, as in m[key] <- {...}; or all of them from another map by <-.");
	return false;
}

static void
check_assign(Check *c, LangStmt *stmt)
{
	LangExpr   *place = stmt->u.assign.place;
	LangExpr   *inner = check_strip(place);
	const LangType *type;
	const char *name = inner->kind == LANG_EXPR_NAME ? inner->u.name.sym->text : inner->kind == LANG_EXPR_FIELD
		? inner->u.field.name.sym->text : inner->kind == LANG_EXPR_INDEX ? "[...]" : "";
	bool		is_bulk;
	bool		ok;

	c->is_target = inner->kind == LANG_EXPR_NAME;
	type = check_expr(c, place, NULL);
	c->is_target = false;
	is_bulk = inner->kind == LANG_EXPR_FIELD && inner->u.field.is_projection;
	if (!CHECK_IS_ERROR(type))
		type = check_place_type(place);
	ok = !CHECK_IS_ERROR(type) && check_place(c, place, "assign to") && can_be_replaced(c, place, type);
	if (is_bulk && ok)
		type = type->a;
	if (!ok && type->kind == LANG_TABLE)
		type = lang_type_list(c->program, type->a);
	check_expr(c, stmt->u.assign.value, CHECK_IS_ERROR(type) ? NULL : type);
	if (ok)
		check_convert(c, &stmt->u.assign.value, type, "value of \"%s\"", name);
}

static void
check_return(Check *c, LangStmt *stmt)
{
	const LangUnit *unit = c->cur->unit;
	KitDiag    *diag;

	if (c->is_in_aborts)
		check_error(c, stmt->pos, "\"return\" cannot leave @aborts");
	if (stmt->u.expr == NULL)
	{
		if (unit->returns->kind != LANG_VOID && !CHECK_IS_ERROR(unit->returns))
			check_error(c, stmt->pos, "%s must return %s", check_unit_text(c, unit), unit->returns->text);
		return;
	}
	check_expr(c, stmt->u.expr, unit->returns);
	if (unit->returns->kind != LANG_VOID)
		check_convert(c, &stmt->u.expr, unit->returns, "what %s returns", check_unit_text(c, unit));
	else if (!CHECK_IS_ERROR(stmt->u.expr->type))
	{
		diag = check_error(c, stmt->u.expr->pos, "%s returns nothing", check_unit_text(c, unit));
		if (unit->kind == LANG_UNIT_PROCEDURE || unit->kind == LANG_UNIT_METHOD)
			kit_diag_hint(diag, "Declare what it returns: -> %s.", stmt->u.expr->type->text);
		else if (unit->kind == LANG_UNIT_CHANNEL)
			kit_diag_hint(diag, "Who sends a message sees what it changes: write it into a field; \"abort;\" refuses the message.");
	}
}

static void
check_abort(Check *c, LangStmt *stmt)
{
	const LangUnit *unit = c->cur->unit;
	KitDiag    *diag;

	if (check_rules(unit).aborts)
	{
		check_effect(c, LANG_ABORTS, stmt->pos, "aborts");
		return;
	}
	diag = check_error(c, stmt->pos, "%s may not abort", check_unit_text(c, unit));
	if (unit->kind == LANG_UNIT_PROCEDURE || unit->kind == LANG_UNIT_METHOD)
		kit_diag_hint(diag, "Declare it: procedure %s(...) aborts { ... }.", unit->name->text);
	else
		kit_diag_hint(diag, "Channel handlers, @construct, @attached and procedures that are declared aborts can.");
}

static void
check_expr_stmt(Check *c, LangStmt *stmt)
{
	LangExpr   *e = stmt->u.expr;
	LangExpr   *inner = check_strip(e);
	bool		does_something;
	KitDiag    *diag;

	if (CHECK_IS_ERROR(check_expr(c, e, NULL)))
		return;
	if (e->type->kind == LANG_FUTURE)
	{
		kit_diag_hint(check_warn(c, inner->pos, "nobody waits for this answer"), "Wait for it with .await().");
		return;
	}
	switch (inner->kind)
	{
		case LANG_EXPR_CALL:
		case LANG_EXPR_ASSIGN_OP:
			does_something = true;
			break;
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			does_something = inner->u.unary.op == LANG_OP_INCREMENT || inner->u.unary.op == LANG_OP_DECREMENT;
			break;
		default:
			does_something = false;
			break;
	}
	if (does_something)
		return;
	diag = check_warn(c, inner->pos, "this statement has no effect");
	if (c->cur->unit->returns->kind == inner->type->kind)
		kit_diag_hint(diag, "To return it, write: return ...;");
	else if (inner->kind == LANG_EXPR_BINARY && inner->u.binary.op == LANG_OP_EQ)
		kit_diag_hint(diag, "Assignment is written with one \"=\".");
}

/*
 * Whether "log" can write it.  A maybe of a record that is in something else is no field of the document, and nothing but such fields has a form in which
 * it is stored.
 */
static bool
can_log(const LangType *type, bool is_inside)
{
	switch (type->kind)
	{
		case LANG_VOID:
		case LANG_TEXT:
		case LANG_FUTURE:
		case LANG_RESULT:
		case LANG_CHANNEL:
			return false;
		case LANG_MAYBE:
			return type->a->kind == LANG_RECORD ? !is_inside : can_log(type->a, true);
		case LANG_LIST:
		case LANG_ARRAY:
			return can_log(type->a, true);
		case LANG_MAP:
			return can_log(type->b, true);
		case LANG_MESSAGE:
			for (int i = 0; i < type->structure->n_fields; i++)
				if (type->structure->kind != LANG_STRUCT_MESSAGE && !can_log(type->structure->fields[i]->type, true))
					return false;
			return true;
		default:
			return true;
	}
}

static void
check_log(Check *c, LangStmt *stmt)
{
	const LangType *type = check_expr(c, stmt->u.expr, NULL);
	KitDiag    *diag;

	check_effect(c, LANG_LOGS, stmt->pos, "logs");
	if (CHECK_IS_ERROR(type) || can_log(type, false))
		return;
	diag = check_error(c, stmt->u.expr->pos, "\"log\" cannot write %s", type->text);
	if (type->kind == LANG_TEXT)
		kit_diag_hint(diag, "The string that a text holds is .get().");
	else if (type->kind != LANG_VOID && !check_hint_await(diag, type))
		kit_diag_hint(diag, "Write what is in it, one by one.");
}

static bool
check_kind(Check *c, LangStmt *stmt)
{
	switch (stmt->kind)
	{
		case LANG_STMT_EMPTY:
			return false;
		case LANG_STMT_BLOCK:
			return check_block(c, stmt);
		case LANG_STMT_IF:
			return check_if(c, stmt);
		case LANG_STMT_DECLARE:
			check_declaration(c, stmt);
			return false;
		case LANG_STMT_WHILE:
		case LANG_STMT_DO_WHILE:
		case LANG_STMT_FOR:
			return check_loop(c, stmt);
		case LANG_STMT_FOREACH:
			check_foreach(c, stmt);
			return false;
		case LANG_STMT_SWITCH:
			return check_switch(c, stmt);
		case LANG_STMT_CASE:
		case LANG_STMT_DEFAULT:
			check_error(c, stmt->pos, "\"%s\" stands directly in a switch", stmt->kind == LANG_STMT_CASE ? "case" : "default");
			return false;
		case LANG_STMT_BREAK:
			if (c->n_loops == 0 && c->n_switches == 0)
				check_error(c, stmt->pos, "\"break\" outside of a loop or switch");
			c->has_break = true;
			return true;
		case LANG_STMT_CONTINUE:
			if (c->n_loops == 0)
				check_error(c, stmt->pos, "\"continue\" outside of a loop");
			return true;
		case LANG_STMT_ABORT:
			check_abort(c, stmt);
			return true;
		case LANG_STMT_RETURN:
			check_return(c, stmt);
			return true;
		case LANG_STMT_ASSIGN:
			check_assign(c, stmt);
			return false;
		case LANG_STMT_INGEST:
			check_ingest(c, stmt);
			return false;
		case LANG_STMT_EXPR:
			check_expr_stmt(c, stmt);
			return false;
		case LANG_STMT_ASSERT:
		case LANG_STMT_STEP:
		case LANG_STMT_FORWARD:
		case LANG_STMT_PUMP:
		case LANG_STMT_SEND:
		case LANG_STMT_ABORTS:
			check_test_stmt(c, stmt);
			return false;
		case LANG_STMT_BLOCK_STATE:
		case LANG_STMT_TRANSITION:
		case LANG_STMT_INVOKE:
		case LANG_STMT_PREEMPT:
			check_state_stmt(c, stmt);
			return false;
		case LANG_STMT_LOG:
			check_log(c, stmt);
			return false;
		default:
			check_unsupported(c, stmt->pos, "this statement");
			return false;
	}
}

bool
check_stmt(Check *c, LangStmt *stmt)
{
	bool		ends;

	if (!check_enter(c, stmt->pos))
		return true;
	port_poll();
	ends = check_kind(c, stmt);
	check_leave(c);
	return ends;
}
