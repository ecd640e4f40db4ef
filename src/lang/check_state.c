/*
 * check_state.c
 *	  The state machine and schedules: what does not run yet is checked nevertheless, so that its author learns of all errors at once; then it is refused, once
 *	  for each construct, at its line.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* ---- states ---- */

/* A state's name, and whether anything leads to it. */
typedef struct State
{
	LangName	name;
	bool		is_entered;
} State;

void
check_declare_state(Check *c, LangDecl *d)
{
	State	   *state = KIT_NEW(c->arena, State);
	void	   *old;

	state->name = d->name;
	if (!check_name_add(c, CHECK_NAMES_STATES, NULL, d->name.sym, state, &old))
		check_report_twice(c, d->name, "state", ((State *) old)->name.pos);
	check_add_unit(c, LANG_UNIT_STATE, d->name, d->pos, c->program->root, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
	check_unsupported(c, d->pos, "a state");
}

/* #x: whether there is such a state. */
static bool
check_label(Check *c, const LangExpr *e)
{
	State	   *state = check_name_find(c, CHECK_NAMES_STATES, NULL, kit_sym(c->program->syms, e->u.string.text, e->u.string.len));
	CheckSuggestion s;
	KitDiag    *diag;

	if (state != NULL)
	{
		state->is_entered = true;
		return true;
	}
	diag = check_error(c, e->pos, "there is no state \"#%.*s\"", (int) e->u.string.len, e->u.string.text);
	check_suggest_start(c, &s, e->u.string.text);
	check_suggest_names(c, &s, CHECK_NAMES_STATES, NULL);
	if (s.best != NULL)
		kit_diag_hint(diag, "Did you mean \"#%s\"?", s.best);
	else
		kit_diag_hint(diag, "A state is declared as: #%.*s { ... }", (int) e->u.string.len, e->u.string.text);
	return false;
}

/* #x as a value.  While states are refused, a program without any may use labels as mere names. */
const LangType *
check_label_value(Check *c, LangExpr *e)
{
	bool		has_states = false;

	for (int i = 0; i < c->tree->n && !has_states; i++)
		has_states = c->tree->items[i]->kind == LANG_DECL_STATE;
	return !has_states || check_label(c, e) ? CHECK_SIMPLE(c, LANG_LABEL) : error_type(c);
}

/* The state that a statement leads to. */
static void
check_target(Check *c, LangExpr *e, const char *word)
{
	const LangExpr *inner = check_strip(e);
	const LangType *type;
	KitDiag    *diag;

	if (inner->kind == LANG_EXPR_LABEL)
	{
		check_label(c, inner);
		return;
	}
	if (inner->kind == LANG_EXPR_NAME && !check_resolve_name(c, (LangExpr *) inner) &&
		check_name_find(c, CHECK_NAMES_STATES, NULL, inner->u.name.sym) != NULL)
	{
		diag = check_error(c, inner->pos, "\"%s\" takes a label", word);
		kit_diag_hint(diag, "Write it with its sign: #%s.", inner->u.name.sym->text);
		return;
	}
	type = check_expr(c, e, NULL);
	if (!CHECK_IS_ERROR(type) && type->kind != LANG_LABEL)
		check_error(c, e->pos, "\"%s\" takes a label, not %s", word, type->text);
}

/* transition, invoke, preempt, block. */
void
check_state_stmt(Check *c, LangStmt *stmt)
{
	LangUnitKind kind = c->cur->unit->kind;
	const char *word = stmt->kind == LANG_STMT_TRANSITION ? "transition" : stmt->kind == LANG_STMT_INVOKE ? "invoke" :
		stmt->kind == LANG_STMT_PREEMPT ? "preempt" : "block";
	const LangType *type;

	if (stmt->kind == LANG_STMT_TRANSITION)
	{
		check_target(c, stmt->u.transition.label, word);
		if (stmt->u.transition.in != NULL)
		{
			type = check_expr(c, stmt->u.transition.in, NULL);
			if (!CHECK_IS_ERROR(type) && type->kind != LANG_INT && type->kind != LANG_DOUBLE)
				check_error(c, stmt->u.transition.in->pos, "\"in\" takes seconds, int or double, not %s", type->text);
		}
	}
	else if (stmt->kind != LANG_STMT_BLOCK_STATE)
		check_target(c, stmt->u.expr, word);
	if (!check_rules(c->cur->unit).writes)
		check_error(c, stmt->pos, "%s may not change the document's state", check_unit_text(c, c->cur->unit));
	else if (kind != LANG_UNIT_STATE && (stmt->kind == LANG_STMT_BLOCK_STATE || stmt->kind == LANG_STMT_PREEMPT))
		check_error(c, stmt->pos, "\"%s\" stands in a state", word);
	else
		check_unsupported(c, stmt->pos, "\"%s\"", word);
}

void
check_warn_unentered(Check *c)
{
	for (int i = 0; i < c->tree->n; i++)
	{
		LangDecl   *d = c->tree->items[i];
		State	   *state = d->kind == LANG_DECL_STATE ? check_name_find(c, CHECK_NAMES_STATES, NULL, d->name.sym) : NULL;

		if (state != NULL && !state->is_entered)
		{
			kit_diag_hint(check_warn(c, d->pos, "nothing leads to state \"#%s\"", d->name.sym->text),
						  "Write transition #%s; where the document shall come to it.", d->name.sym->text);
			state->is_entered = true;
		}
	}
}

/* ---- schedules ---- */

void
check_declare_cron(Check *c, LangDecl *d)
{
	const char *word = d->u.cron.schedule.sym->text;
	LangTypeKind wanted = strcmp(word, "daily") == 0 ? LANG_TIME : LANG_INT;
	LangField  *field;

	check_add_unit(c, LANG_UNIT_CRON, d->name, d->pos, c->program->root, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
	if (strcmp(word, "hourly") != 0 && strcmp(word, "daily") != 0 && strcmp(word, "monthly") != 0)
		kit_diag_hint(check_error(c, d->u.cron.schedule.pos, "\"%s\" is not an interval", word), "Choose hourly, daily or monthly.");
	else if (d->u.cron.field.sym != NULL)
	{
		field = check_find_field(c, c->program->root, d->u.cron.field);
		if (field != NULL && (field->kind != LANG_STORED_FIELD || (field->type->kind != wanted && !CHECK_IS_ERROR(field->type))))
			check_error(c, d->u.cron.field.pos, "\"%s\" takes a field that is %s", word, lang_type_word(wanted));
	}
	check_unsupported(c, d->pos, "@cron");
}

/* ---- rpc ---- */

void
check_declare_rpc(Check *c, LangDecl *d)
{
	LangUnit   *unit = check_add_unit(c, LANG_UNIT_RPC, d->name, d->pos, c->program->root, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
	LangLocal  *who = check_add_local(c, unit, d->u.function.params[0].name, CHECK_SIMPLE(c, LANG_PRINCIPAL));

	who->is_parameter = who->is_readonly = true;
	unit->n_params = 1;
	check_add_params(c, unit, d->u.function.params + 1, d->u.function.n_params - 1);
	check_unsupported(c, d->pos, "\"rpc\"");
}
