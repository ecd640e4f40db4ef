/*
 * check_ask.c
 *	  Asking people: channels that are asked, the futures that asking yields, results; and what is queued for a channel's own handler.
 *
 * It does not run yet, and is checked nevertheless (check_state.c): a channel that is asked, a type of these where it is written, and each question are
 * refused at their place; what is wrong besides is told, too.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

bool
check_hint_await(KitDiag *diag, const LangType *type)
{
	if (type->kind == LANG_FUTURE)
		kit_diag_hint(diag, "It is an answer to come: wait for it with .await().");
	else if (type->kind == LANG_RESULT)
		kit_diag_hint(diag, "What is in a result is a maybe: .as_maybe(), or .await() to wait for it.");
	return type->kind == LANG_FUTURE || type->kind == LANG_RESULT;
}

/* ---- types ---- */

/* future<T>, result<T>, channel<M> */
const LangType *
check_asking_type(Check *c, LangTypeRef *ref, LangTypeKind kind, CheckTypeUse use)
{
	const char *word = ref->word->text;
	const LangType *inner;
	const LangType *message;

	if (ref->n_args != 1)
	{
		check_error(c, ref->pos, "\"%s\" takes one type, as in %s<Answer>", word, word);
		return error_type(c);
	}
	inner = check_type_ref(c, ref->args[0], CHECK_TYPE_LOCAL);
	if (CHECK_IS_ERROR(inner))
		return inner;
	message = inner->kind == LANG_ARRAY ? inner->a : inner;
	if (kind == LANG_CHANNEL && message->kind != LANG_MESSAGE)
	{
		check_error(c, ref->args[0]->pos, "a channel takes a message, not %s", inner->text);
		return error_type(c);
	}
	if (inner->kind == LANG_TABLE || inner->kind == LANG_FUTURE || inner->kind == LANG_CHANNEL || inner->kind == LANG_RESULT)
	{
		check_error(c, ref->pos, "%s<%s> is not a type", word, inner->text);
		return error_type(c);
	}
	/* elsewhere it can never be */
	if (use != CHECK_TYPE_STORED && use != CHECK_TYPE_MESSAGE)
		check_unsupported(c, ref->pos, "type \"%s\"", word);
	return lang_type_make(c->program, kind, inner, NULL, NULL, NULL);
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

/* M or M[], as the channel takes it. */
static const LangType *
taken_type(Check *c, const LangChannel *channel)
{
	if (channel->message == NULL)
		return error_type(c);
	return channel->is_array ? lang_type_array(c->program, channel->message->type) : channel->message->type;
}

const LangType *
check_channel_value(Check *c, const LangExpr *e)
{
	LangChannel *channel = check_name_find(c, CHECK_NAMES_CHANNELS, NULL, e->u.name.sym);
	const char *name = e->u.name.sym->text;
	const LangType *type;

	if (channel == NULL)
		return NULL;
	if (channel->unit != NULL)
	{
		kit_diag_hint(check_error(c, e->pos, "channel \"%s\" has a handler: it is not a value", name),
					  "Only channels that people are asked by are: channel<%s> %s;", channel->message == NULL ? "Answer" : channel->message->type->text, name);
		return error_type(c);
	}
	if (!check_rules(c->cur->unit).document)
	{
		kit_diag_hint(check_error(c, e->pos, "%s cannot see channel \"%s\"", check_unit_text(c, c->cur->unit), name),
					  "Only what may change the document asks people.");
		return error_type(c);
	}
	type = taken_type(c, channel);
	return CHECK_IS_ERROR(type) ? type : lang_type_make(c->program, LANG_CHANNEL, type, NULL, NULL, NULL);
}

/* ---- what may be done with a channel ---- */

typedef struct Asked
{
	const char *text;			/* channel "ask" */
	const LangType *taken;		/* M or M[] */
	bool		is_array;
	bool		is_asked;		/* a channel<...> */
} Asked;

/* Arguments: w who, s seconds, m the message, o options, n a number.  What comes of it: T a future of what the channel takes, ? of a maybe of it, - nothing. */
static const struct
{
	const char *name;
	const char *args;
	bool		is_asked;
	int			array;			/* of M[] only (1), of M only (0), of both (-1) */
	char		result;
}			channel_methods[] = {
	{"fetch", "w", true, -1, 'T'}, {"fetchTimed", "ws", true, -1, '?'}, {"decide", "wo", true, 0, '?'}, {"choose", "won", true, 1, '?'},
	{"enqueue", "wm", false, -1, '-'}
};

#define N_CHANNEL_METHODS ((int) (sizeof(channel_methods) / sizeof(channel_methods[0])))

bool
check_is_channel_method(const char *name)
{
	for (int i = 0; i < N_CHANNEL_METHODS; i++)
		if (strcmp(channel_methods[i].name, name) == 0)
			return true;
	return false;
}

void
check_unknown_channel(Check *c, LangName name)
{
	CheckSuggestion s;
	KitDiag    *diag = check_error(c, name.pos, "there is no channel \"%s\"", name.sym->text);

	check_suggest_start(c, &s, name.sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_CHANNELS, NULL);
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, "One by which people are asked is declared as: channel<Answer> %s; one that takes messages as: channel %s(Message m) { ... }",
					  name.sym->text, name.sym->text);
}

static const LangType *
argument_type(Check *c, const Asked *asked, char what)
{
	switch (what)
	{
		case 'w':
			return CHECK_SIMPLE(c, LANG_PRINCIPAL);
		case 's':
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case 'n':
			return CHECK_SIMPLE(c, LANG_INT);
		case 'o':
			return CHECK_IS_ERROR(asked->taken) || asked->is_array ? asked->taken : lang_type_array(c->program, asked->taken);
		default:
			return asked->taken;
	}
}

/* Options may also be a list of messages, as a query over a table of messages yields it. */
static bool
is_list_of_options(const LangType *given, const LangType *wanted)
{
	LangFitting fitting;

	return given->kind == LANG_LIST && lang_type_fit(given->a, wanted->a, &fitting) != LANG_FITS_NOT;
}

static void
check_arguments(Check *c, LangExpr *e, LangName name, const Asked *asked, const char *args)
{
	for (int k = 0; args[k] != '\0'; k++)
	{
		const LangType *type = argument_type(c, asked, args[k]);
		LangExpr  **slot = &e->u.call.args[k];

		if (CHECK_IS_ERROR(check_expr(c, *slot, CHECK_IS_ERROR(type) ? NULL : type)) || CHECK_IS_ERROR(type))
			continue;
		if (args[k] == 'o' && is_list_of_options((*slot)->type, type))
			continue;
		if (args[k] == 'o' && (*slot)->type->kind == LANG_LIST)
			kit_diag_hint(check_error(c, (*slot)->pos, "argument %d of \"%s\" must be %s, not %s", k + 1, name.sym->text, type->text, (*slot)->type->text),
						  "@convert<%s>(...) makes such messages of the elements.", type->a->text);
		else
			check_convert(c, slot, type, "argument %d of \"%s\"", k + 1, name.sym->text);
	}
}

/* The arguments are checked all the same: as those of the method, when it is one of the other kind of channels. */
static const LangType *
unknown_channel_method(Check *c, LangExpr *e, LangName name, const Asked *asked)
{
	CheckSuggestion s;
	KitDiag    *diag;
	int			other = 0;

	while (other < N_CHANNEL_METHODS && (strcmp(channel_methods[other].name, name.sym->text) != 0 || (int) strlen(channel_methods[other].args) != e->u.call.n_args))
		other++;
	if (other < N_CHANNEL_METHODS)
		check_arguments(c, e, name, asked, channel_methods[other].args);
	else
		check_args(c, e);
	diag = check_error(c, name.pos, "%s has no method \"%s\"", asked->text, name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; i < N_CHANNEL_METHODS; i++)
		if (channel_methods[i].is_asked == asked->is_asked && channel_methods[i].array != !asked->is_array)
			check_suggest(&s, channel_methods[i].name);
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, !asked->is_asked ? "What is sent to it can be queued: .enqueue(who, message)." :
					  asked->is_array ? "People are asked by .fetch(who), .fetchTimed(who, seconds) and .choose(who, options, n)." :
					  "People are asked by .fetch(who), .fetchTimed(who, seconds) and .decide(who, options).");
	return error_type(c);
}

static const LangType *
call_channel(Check *c, LangExpr *e, LangName name, const Asked *asked)
{
	int			i = 0;
	int			n;

	while (i < N_CHANNEL_METHODS && (strcmp(channel_methods[i].name, name.sym->text) != 0 || channel_methods[i].is_asked != asked->is_asked ||
									 channel_methods[i].array == !asked->is_array))
		i++;
	if (i == N_CHANNEL_METHODS)
		return unknown_channel_method(c, e, name, asked);
	n = (int) strlen(channel_methods[i].args);
	if (e->u.call.n_args != n)
	{
		check_args(c, e);
		check_error(c, name.pos, "\"%s\" takes %d argument%s, not %d", name.sym->text, n, n == 1 ? "" : "s", e->u.call.n_args);
		return error_type(c);
	}
	check_arguments(c, e, name, asked, channel_methods[i].args);
	if (c->cur->unit->kind == LANG_UNIT_TEST && asked->is_asked)
		kit_diag_hint(check_error(c, name.pos, "a test asks nobody"), "What a program asks in a test is answered by: @send channel(who, answer).");
	else
	{
		check_effect(c, LANG_WRITES, name.pos, check_printf(c, asked->is_asked ? "asks by %s" : "queues for %s", asked->text));
		check_unsupported(c, name.pos, "\"%s\" of a channel", name.sym->text);
	}
	if (channel_methods[i].result == '-')
		return CHECK_SIMPLE(c, LANG_VOID);
	if (CHECK_IS_ERROR(asked->taken))
		return asked->taken;
	return lang_type_make(c->program, LANG_FUTURE, channel_methods[i].result == 'T' ? asked->taken : lang_type_maybe(c->program, asked->taken), NULL, NULL,
						  NULL);
}

const LangType *
check_channel_call(Check *c, LangExpr *e, LangName name, LangChannel *channel)
{
	Asked		asked = {check_printf(c, "channel \"%s\"", channel->name->text), taken_type(c, channel), channel->is_array, channel->unit == NULL};

	return call_channel(c, e, name, &asked);
}

/* ---- methods of values ---- */

static const LangType *
call_future(Check *c, LangExpr *e, LangName name, const LangType *future)
{
	CheckSuggestion s;
	KitDiag    *diag;

	if (strcmp(name.sym->text, "await") != 0)
	{
		check_args(c, e);
		diag = check_error(c, name.pos, "%s has no method \"%s\"", future->text, name.sym->text);
		check_suggest_start(c, &s, name.sym->text);
		check_suggest(&s, "await");
		if (!check_suggest_hint(&s, diag))
			kit_diag_hint(diag, "It is an answer to come: wait for it first, .await().%s(...).", name.sym->text);
		return error_type(c);
	}
	if (e->u.call.n_args > 0)
	{
		check_args(c, e);
		check_error(c, name.pos, "\"await\" takes 0 arguments, not %d", e->u.call.n_args);
	}
	check_effect(c, LANG_WRITES, name.pos, "waits for an answer");
	return future->a;
}

static const struct
{
	const char *name;
	LangTypeKind type;			/* LANG_MAYBE: of what is in the result */
}			result_methods[] = {
	{"has", LANG_BOOL}, {"failed", LANG_BOOL}, {"finished", LANG_BOOL}, {"code", LANG_INT}, {"message", LANG_STRING}, {"await", LANG_MAYBE}, {"as_maybe", LANG_MAYBE}
};

#define N_RESULT_METHODS ((int) (sizeof(result_methods) / sizeof(result_methods[0])))

static const LangType *
call_result(Check *c, LangExpr *e, LangName name, const LangType *result)
{
	CheckSuggestion s;
	int			i = 0;

	check_args(c, e);
	while (i < N_RESULT_METHODS && strcmp(result_methods[i].name, name.sym->text) != 0)
		i++;
	if (i == N_RESULT_METHODS)
	{
		KitDiag    *diag = check_error(c, name.pos, "%s has no method \"%s\"", result->text, name.sym->text);

		check_suggest_start(c, &s, name.sym->text);
		for (int k = 0; k < N_RESULT_METHODS; k++)
			check_suggest(&s, result_methods[k].name);
		if (!check_suggest_hint(&s, diag))
			check_hint_await(diag, result);
		return error_type(c);
	}
	if (e->u.call.n_args > 0)
		check_error(c, name.pos, "\"%s\" takes 0 arguments, not %d", name.sym->text, e->u.call.n_args);
	if (result_methods[i].type != LANG_MAYBE)
		return CHECK_SIMPLE(c, result_methods[i].type);
	return result->a->kind == LANG_MAYBE ? result->a : lang_type_maybe(c->program, result->a);
}

bool
check_is_asking_method(const LangType *type, const char *name)
{
	if (type->kind == LANG_CHANNEL)
		return check_is_channel_method(name);
	if (type->kind == LANG_FUTURE)
		return strcmp(name, "await") == 0;
	for (int i = 0; i < N_RESULT_METHODS && type->kind == LANG_RESULT; i++)
		if (strcmp(result_methods[i].name, name) == 0)
			return true;
	return false;
}

const LangType *
check_asking_call(Check *c, LangExpr *e, LangName name, const LangType *type)
{
	Asked		asked = {type->text, type->a, type->a->kind == LANG_ARRAY, true};

	switch (type->kind)
	{
		case LANG_FUTURE:
			return call_future(c, e, name, type);
		case LANG_RESULT:
			return call_result(c, e, name, type);
		default:
			return call_channel(c, e, name, &asked);
	}
}
