/*
 * check_state.c
 *	  The state machine, schedules, and channels that are asked: what does not run yet is checked nevertheless, so that its author learns of all
 *	  errors at once; then it is refused, once for each construct, at its line.
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

/* ---- channels that are asked ---- */

void
check_declare_asked(Check *c, LangDecl *d)
{
	LangTypeRef *ref = d->u.channel.message;
	LangChannel *channel = KIT_NEW(c->arena, LangChannel);
	const LangType *type = check_type_ref(c, ref, CHECK_TYPE_PARAM);
	const LangType *message = ref->is_array && type->kind == LANG_ARRAY ? type->a : type;
	void	   *old;

	check_refuse_reserved(c, d->name, "channel");
	if (!CHECK_IS_ERROR(type) && message->kind != LANG_MESSAGE)
		check_error(c, ref->pos, "a channel takes a message, not %s", type->text);
	channel->name = d->name.sym;
	channel->pos = d->name.pos;
	channel->message = message->kind == LANG_MESSAGE ? message->structure : NULL;
	channel->is_array = ref->is_array;
	if (!check_name_add(c, CHECK_NAMES_CHANNELS, NULL, d->name.sym, channel, &old))
		check_report_twice(c, d->name, "channel", ((LangChannel *) old)->pos);
	check_unsupported(c, d->pos, "a channel that is asked (channel<...>)");
}

/* What may be done with a channel: w who, s seconds, m the message, o options, n a number. */
static const struct
{
	const char *name;
	const char *args;
	bool		is_asked;		/* of a channel<...> */
	int			array;			/* of M[] only (1), of M only (0), of both (-1) */
}			channel_methods[] = {
	{"fetch", "w", true, -1}, {"fetchTimed", "ws", true, -1}, {"decide", "wo", true, 0}, {"choose", "won", true, 1}, {"enqueue", "wm", false, -1}
};

#define N_CHANNEL_METHODS ((int) (sizeof(channel_methods) / sizeof(channel_methods[0])))

static const LangType *
argument_type(Check *c, const LangChannel *channel, char what)
{
	const LangType *message = channel->message == NULL ? error_type(c) : channel->message->type;

	switch (what)
	{
		case 'w':
			return CHECK_SIMPLE(c, LANG_PRINCIPAL);
		case 's':
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case 'n':
			return CHECK_SIMPLE(c, LANG_INT);
		case 'o':
			return CHECK_IS_ERROR(message) ? message : lang_type_array(c->program, message);
		default:
			return channel->is_array && !CHECK_IS_ERROR(message) ? lang_type_array(c->program, message) : message;
	}
}

static const LangType *
unknown_channel_method(Check *c, LangExpr *e, LangName name, const LangChannel *channel)
{
	CheckSuggestion s;
	KitDiag    *diag;

	check_args(c, e);
	diag = check_error(c, name.pos, "channel \"%s\" has no method \"%s\"", channel->name->text, name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; i < N_CHANNEL_METHODS; i++)
		if (channel_methods[i].is_asked == (channel->unit == NULL) && channel_methods[i].array != !channel->is_array)
			check_suggest(&s, channel_methods[i].name);
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, channel->unit != NULL ? "What is sent to it can be queued: .enqueue(who, message)." :
					  channel->is_array ? "People are asked by .fetch(who), .fetchTimed(who, seconds) and .choose(who, options, n)." :
					  "People are asked by .fetch(who), .fetchTimed(who, seconds) and .decide(who, options).");
	return error_type(c);
}

const LangType *
check_channel_call(Check *c, LangExpr *e, LangName name, LangChannel *channel)
{
	for (int i = 0; i < N_CHANNEL_METHODS; i++)
	{
		const char *args = channel_methods[i].args;
		int			n = (int) strlen(args);

		if (strcmp(channel_methods[i].name, name.sym->text) != 0 || channel_methods[i].is_asked != (channel->unit == NULL) ||
			channel_methods[i].array == !channel->is_array)
			continue;
		if (e->u.call.n_args != n)
		{
			check_args(c, e);
			check_error(c, name.pos, "\"%s\" takes %d argument%s, not %d", name.sym->text, n, n == 1 ? "" : "s", e->u.call.n_args);
			return error_type(c);
		}
		for (int k = 0; k < n; k++)
		{
			const LangType *type = argument_type(c, channel, args[k]);

			if (CHECK_IS_ERROR(check_expr(c, e->u.call.args[k], CHECK_IS_ERROR(type) ? NULL : type)) || CHECK_IS_ERROR(type))
				continue;
			/* options may be the list that a query yields */
			if (args[k] == 'o' && e->u.call.args[k]->type->kind == LANG_LIST)
				continue;
			check_convert(c, &e->u.call.args[k], type, "argument %d of \"%s\"", k + 1, name.sym->text);
		}
		check_unsupported(c, name.pos, "\"%s\" of a channel", name.sym->text);
		return error_type(c);
	}
	return unknown_channel_method(c, e, name, channel);
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
