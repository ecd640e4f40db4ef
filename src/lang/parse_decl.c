/*
 * parse_decl.c
 *	  Declarations: of the program, of records and of messages.  Fields and formulas are in parse_field.c, what begins with @ in
 *	  parse_event.c.
 */
#include <stdio.h>
#include <string.h>

#include "lang/parse_internal.h"

LangDecl *
lang_decl_new(LangParser *p, LangDeclKind kind, LangPos pos)
{
	LangDecl   *decl = KIT_NEW(p->arena, LangDecl);

	decl->kind = kind;
	decl->pos = pos;
	return decl;
}

LangDecl *
lang_decl_named(LangParser *p, LangDeclKind kind, const char *what)
{
	LangDecl   *decl = lang_decl_new(p, kind, lang_next(p)->pos);

	decl->name = lang_expect_new_name(p, what);
	return decl;
}

LangDecl *
lang_decl_body(LangParser *p, LangDecl *decl)
{
	decl->body = lang_parse_block(p);
	return decl;
}

static void
end_declaration(LangParser *p)
{
	lang_expect(p, ';', "at the end of the declaration");
}

/* ---- functions ---- */

static bool
accept_paint(LangParser *p, LangPaint *paint)
{
	static const struct
	{
		const char *word;
		LangPaint	bit;
	}			paints[] = {{"readonly", LANG_PAINT_READONLY}, {"aborts", LANG_PAINT_ABORTS}, {"viewer", LANG_PAINT_VIEWER}};

	for (size_t i = 0; i < sizeof(paints) / sizeof(paints[0]); i++)
		if (lang_accept_word(p, paints[i].word))
		{
			*paint = paints[i].bit;
			return true;
		}
	return false;
}

static void
parse_paint(LangParser *p, LangDecl *decl)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangPaint	paint;

	for (; accept_paint(p, &paint); pos = lang_peek(p, 0)->pos)
	{
		if (decl->kind == LANG_DECL_FUNCTION)
			lang_report(p, pos, "Leave it out, or make it a procedure.",
						"a function sees its parameters only: it needs no such word");
		decl->u.function.paint |= (int) paint;
	}
}

/* ['->' type], which a function must have. */
static void
parse_returns(LangParser *p, LangDecl *decl)
{
	if (lang_accept_pair(p, "->"))
		decl->u.function.returns = lang_parse_type(p);
	else if (lang_at_symbol(p, ':') || lang_at_pair(p, "=>"))
		lang_expected(p, "\"->\" and the type that is returned", "Write f(int a) -> int { ... }.");
	else if (decl->kind == LANG_DECL_FUNCTION)
	{
		/* with its body in braces it can be read nevertheless */
		if (lang_at_symbol(p, '{'))
			lang_report(p, lang_peek(p, 0)->pos, "Write function f(int a) -> int { ... }; what returns nothing is a procedure.",
						"expected \"->\" and the type that is returned, found \"{\"");
		else
			lang_expected(p, "\"->\" and the type that is returned",
						  "Write function f(int a) -> int { ... }; what returns nothing is a procedure.");
	}
}

static LangDecl *
parse_function(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = lang_decl_named(p, kind, kind == LANG_DECL_FUNCTION ? "a function" :
									   kind == LANG_DECL_METHOD ? "a method" : "a procedure");

	lang_parse_params(p, &decl->u.function.params, &decl->u.function.n_params);
	if (kind != LANG_DECL_FUNCTION && (lang_at_word(p, "readonly") || lang_at_word(p, "aborts") || lang_at_word(p, "viewer")))
	{
		const LangToken *paint = lang_peek(p, 0);

		parse_paint(p, decl);
		if (lang_at_pair(p, "->"))
			lang_report(p, paint->pos, "Write procedure f() -> int readonly { ... }.",
						"\"%s\" stands behind the type that is returned", paint->sym->text);
	}
	parse_returns(p, decl);
	parse_paint(p, decl);
	return lang_decl_body(p, decl);
}

static LangDecl *
parse_rpc(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_RPC, "an rpc");
	LangVector	all = {0};

	LangParam  *param = KIT_NEW(p->arena, LangParam);

	lang_expect(p, '(', "before the parameters");
	param->name = lang_expect_new_name(p, "the sender");
	lang_vector_add(p, &all, param);
	while (lang_accept(p, ','))
	{
		param = KIT_NEW(p->arena, LangParam);
		param->type = lang_parse_type(p);
		param->name = lang_expect_new_name(p, "a parameter");
		lang_vector_add(p, &all, param);
	}
	lang_expect(p, ')', "after the parameters");
	lang_set_params(p, &all, &decl->u.function.params, &decl->u.function.n_params);
	return lang_decl_body(p, decl);
}

static LangDecl *
parse_dispatch(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_DISPATCH, lang_next(p)->pos);

	decl->u.function.dispatch_enum = lang_expect_name(p, "an enumeration");
	lang_expect_pair(p, "::", "after the enumeration");
	if (lang_accept(p, '*'))
		decl->u.function.dispatch_is_star = true;
	else
	{
		decl->u.function.dispatch_value = lang_expect_name(p, "a value of the enumeration");
		decl->u.function.dispatch_is_star = lang_accept(p, '*');
	}
	decl->name = lang_expect_new_name(p, "a dispatched function");
	lang_parse_params(p, &decl->u.function.params, &decl->u.function.n_params);
	parse_returns(p, decl);
	return lang_decl_body(p, decl);
}

/* ( M m ), and nothing else. */
static void
parse_message_param(LangParser *p, LangName channel, LangTypeRef **type, LangName *name)
{
	char		hint[160];

	lang_expect(p, '(', "and the message");
	snprintf(hint, sizeof(hint), "Declare what is sent: message M { ... } channel %.40s(M m) { ... }.",
			 p->is_lost ? "" : channel.sym->text);
	if (lang_at_symbol(p, ')'))
		lang_expected(p, "a message", hint);
	if (lang_at_word(p, "principal"))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Who sends it is @who.", "a channel has one parameter, its message");
		while (lang_peek(p, 0)->kind == LANG_TOKEN_ID)
			lang_next(p);
		lang_accept(p, ',');
	}
	*type = lang_parse_type(p);
	if (lang_at_symbol(p, ')'))
		lang_expected(p, "the name of the message", hint);
	*name = lang_expect_new_name(p, "the message");
	if (lang_at_symbol(p, ','))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Put all that is sent into one message; who sends it is @who.",
					"a channel has one parameter, its message");
		while (!p->is_lost && !lang_at_symbol(p, ')') && !lang_at_symbol(p, '{') && lang_peek(p, 0)->kind != LANG_TOKEN_END)
			lang_next(p);
	}
	lang_expect(p, ')', "after the message");
}

static LangDecl *
parse_channel(LangParser *p)
{
	LangDecl   *decl;

	if (lang_ahead_is(p, 1, '<'))
	{
		decl = lang_decl_new(p, LANG_DECL_FUTURE_CHANNEL, lang_next(p)->pos);
		lang_expect(p, '<', "after \"channel\"");
		decl->u.channel.message = lang_parse_type(p);
		lang_expect(p, '>', "after the message type");
		decl->name = lang_expect_new_name(p, "a channel");
		end_declaration(p);
		return decl;
	}
	decl = lang_decl_named(p, LANG_DECL_CHANNEL, "a channel");
	parse_message_param(p, decl->name, &decl->u.channel.message, &decl->u.channel.parameter);
	for (;;)
	{
		if (lang_accept_word(p, "open"))
			decl->u.channel.is_open = true;
		else if (lang_accept_word(p, "requires"))
			decl->u.channel.requires = lang_parse_guard(p);
		else
			break;
	}
	if (lang_at_pair(p, "->") || lang_at_symbol(p, ':'))
		lang_expected(p, "the body of the channel", "A channel returns nothing: what it changes is seen in the document.");
	return lang_decl_body(p, decl);
}

/* ---- types ---- */

static LangExpr *
parse_enum_number(LangParser *p)
{
	LangExpr   *number = lang_expr_new(p, LANG_EXPR_INT, lang_peek(p, 0)->pos);

	if (lang_at_symbol(p, '-'))
	{
		lang_report(p, number->pos, NULL, "the number of an enumeration's value is not negative");
		lang_next(p);
	}
	number->u.integer = lang_expect_int(p, "a number", 0, INT32_MAX);
	return number;
}

static LangDecl *
parse_enum(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_ENUM, "an enumeration");
	const LangToken *open = lang_peek(p, 0);
	LangVector	values = {0};
	LangVector	numbers = {0};

	decl->u.enumeration.default_index = -1;
	lang_expect(p, '{', "and the values of the enumeration");
	for (;;)
	{
		LangName   *name;
		LangExpr   *number = NULL;

		while (lang_accept(p, ','))
			;
		if (lang_at_end(p, open, "\"}\" at the end of the enumeration"))
			break;
		if (lang_at_symbol(p, ';'))
		{
			lang_report(p, lang_peek(p, 0)->pos, NULL, "the values of an enumeration are separated by commas");
			lang_next(p);
			continue;
		}
		if (lang_at_word(p, "@default"))
		{
			if (decl->u.enumeration.default_index >= 0)
				lang_report(p, lang_peek(p, 0)->pos, NULL, "an enumeration has one @default");
			lang_next(p);
			decl->u.enumeration.default_index = values.n;
		}
		name = KIT_NEW(p->arena, LangName);
		*name = lang_expect_new_name(p, "a value of the enumeration");
		if (lang_at_symbol(p, '='))
			lang_report(p, lang_peek(p, 0)->pos, "Write A:1.", "the number of an enumeration's value follows a colon");
		if (lang_accept(p, ':') || lang_accept(p, '='))
			number = parse_enum_number(p);
		lang_vector_add(p, &values, name);
		lang_vector_add(p, &numbers, number);
	}
	decl->u.enumeration.n = values.n;
	decl->u.enumeration.values = KIT_NEW_N(p->arena, LangName, values.n);
	for (int i = 0; i < values.n; i++)
		decl->u.enumeration.values[i] = *(LangName *) values.items[i];
	decl->u.enumeration.numbers = (LangExpr **) numbers.items;
	return decl;
}

static LangDecl *
parse_structure(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = lang_decl_named(p, kind, kind == LANG_DECL_RECORD ? "a record" : "a message");
	const LangToken *open;
	LangVector	items = {0};

	if (lang_at_symbol(p, ':') || lang_at_word(p, "extends"))
		lang_expected(p, "\"{\" and the fields", "A record or message does not extend another; it can hold one as a field.");
	if (lang_at_symbol(p, '('))
		lang_expected(p, "\"{\" and the fields", "Write record R { int a; string b; }.");
	open = lang_peek(p, 0);
	lang_expect(p, '{', "and the fields");
	while (!lang_at_end(p, open, kind == LANG_DECL_RECORD ? "\"}\" at the end of the record" : "\"}\" at the end of the message"))
	{
		int			from = p->at;
		int			depth = p->depth;

		if (lang_accept(p, ';'))
			continue;
		lang_vector_add(p, &items, lang_parse_declaration(p, kind));
		if (p->is_lost)
			lang_recover(p, from, depth, false);
	}
	lang_parse_annotations(p, &decl->u.structure.annotations, &decl->u.structure.n_annotations);
	decl->u.structure.items = (LangDecl **) items.items;
	decl->u.structure.n = items.n;
	return decl;
}

/* ---- others ---- */

/* service and client: up to the closing brace, kept as text with its braces. */
static LangDecl *
parse_opaque(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = lang_decl_named(p, kind, kind == LANG_DECL_SERVICE ? "a service" : "a client");
	const LangToken *open = lang_peek(p, 0);
	int			depth = 0;

	lang_expect(p, '{', "and the body");
	while (!p->is_lost && (depth > 0 || !lang_at_symbol(p, '}')))
	{
		if (lang_must_end(p))
		{
			lang_at_end(p, open, "\"}\" at the end of the body");
			return decl;
		}
		depth += lang_at_symbol(p, '{') - lang_at_symbol(p, '}');
		lang_next(p);
	}
	if (!p->is_lost)
	{
		decl->u.text.text = p->source + open->offset;
		decl->u.text.len = lang_next(p)->end - open->offset;
	}
	return decl;
}

static LangDecl *
parse_template(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_TEMPLATE, "a template");
	const LangToken *token;

	lang_expect(p, ':', "and the template's text");
	token = lang_peek(p, 0);
	if (token->kind != LANG_TOKEN_TEMPLATE)
		lang_expected(p, "the template's text, as in `tag` text `tag`", NULL);
	else
	{
		lang_next(p);
		decl->u.text.text = token->text;
		decl->u.text.len = token->len;
	}
	return decl;
}

static LangDecl *
parse_assoc(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_ASSOC, lang_next(p)->pos);

	lang_expect(p, '<', "and two records");
	decl->u.assoc.from = lang_expect_name(p, "a record");
	lang_expect(p, ',', "between the records");
	decl->u.assoc.to = lang_expect_name(p, "a record");
	if (lang_accept(p, ','))
		decl->u.assoc.edge = lang_expect_name(p, "a record");
	lang_expect(p, '>', "after the records");
	decl->name = lang_expect_new_name(p, "an assoc");
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_join(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_JOIN, lang_next(p)->pos);

	decl->name = lang_expect_name(p, "an assoc");
	lang_expect_word(p, "via", "after the assoc");
	decl->u.join.table = lang_expect_name(p, "a table");
	lang_expect(p, '[', "and the name of the row");
	decl->u.join.row = lang_expect_new_name(p, "the row");
	lang_expect(p, ']', "after the name of the row");
	lang_expect_word(p, "from", "before the first value");
	decl->u.join.from = lang_parse_expr(p);
	lang_expect_word(p, "to", "before the second value");
	decl->u.join.to = lang_parse_expr(p);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_replication(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_REPLICATION, lang_next(p)->pos);

	lang_expect(p, '<', "and what is published");
	decl->u.replication.service = lang_expect_name(p, "the name under which it is published");
	lang_expect(p, ':', "and the method, as in replication<scores:upsert>");
	decl->u.replication.method = lang_expect_name(p, "the method, upsert");
	lang_expect(p, '>', "after the method");
	decl->name = lang_expect_new_name(p, "a replication");
	lang_expect(p, '=', "and a value");
	decl->u.replication.value = lang_parse_expr(p);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_metric(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_METRIC, "a metric");

	lang_expect(p, '=', "and a value");
	decl->u.value = lang_parse_expr(p);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_named_line(LangParser *p, LangDeclKind kind, const char *what)
{
	LangDecl   *decl = lang_decl_new(p, kind, lang_next(p)->pos);

	decl->name = lang_expect_name(p, what);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_policy(LangParser *p, LangDeclKind kind, const char *what)
{
	LangDecl   *decl = lang_decl_named(p, kind, what);

	lang_refuse_params(p, decl->name.sym == NULL ? "" : decl->name.sym->text);
	return lang_decl_body(p, decl);
}

/* ---- which one it is ---- */

/* A contextual word begins its declaration only when it is not the name of a type or field itself. */
static bool
word_begins(LangParser *p, const char *word)
{
	const LangToken *after = lang_peek(p, 1);

	return lang_at_word(p, word) && (after->kind == LANG_TOKEN_ID || after->kind == LANG_TOKEN_KEYWORD);
}

static LangDecl *
parse_in_record(LangParser *p)
{
	if (word_begins(p, "require"))
		return parse_named_line(p, LANG_DECL_REQUIRE, "a policy");
	if (word_begins(p, "index"))
		return parse_named_line(p, LANG_DECL_INDEX, "a field");
	if (word_begins(p, "policy"))
		return parse_policy(p, LANG_DECL_POLICY, "a policy");
	if (word_begins(p, "method"))
		return parse_function(p, LANG_DECL_METHOD);
	if (lang_at_word(p, "ingested") && lang_ahead_is(p, 1, '{'))
		return lang_decl_body(p, lang_decl_new(p, LANG_DECL_INGESTED, lang_next(p)->pos));
	if (word_begins(p, "join"))
		return parse_join(p);
	if (lang_at_word(p, "replication") && lang_ahead_is(p, 1, '<'))
		return parse_replication(p);
	return lang_parse_field(p, LANG_DECL_RECORD);
}

static LangDecl *
parse_in_message(LangParser *p)
{
	if (word_begins(p, "index"))
		return parse_named_line(p, LANG_DECL_INDEX, "a field");
	if (word_begins(p, "method"))
		return parse_function(p, LANG_DECL_METHOD);
	if (lang_at_word(p, "replication") && lang_ahead_is(p, 1, '<'))
		return parse_replication(p);	/* which is refused where it is checked */
	if (lang_at_word(p, "@parsed"))
		return lang_decl_body(p, lang_decl_new(p, LANG_DECL_PARSED, lang_next(p)->pos));
	if (lang_at_word(p, "@csv"))
	{
		LangDecl   *decl = lang_decl_new(p, LANG_DECL_CSV, lang_next(p)->pos);

		end_declaration(p);
		return decl;
	}
	return lang_parse_field(p, LANG_DECL_MESSAGE);
}

static LangDecl *
parse_at_top(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind == LANG_TOKEN_LABEL)
	{
		LangDecl   *decl = lang_decl_new(p, LANG_DECL_STATE, lang_next(p)->pos);

		decl->name = (LangName) {token->sym, token->pos};
		return lang_decl_body(p, decl);
	}
	if (token->kind == LANG_TOKEN_KEYWORD && token->sym->text[0] == '@')
		return lang_parse_event(p);
	if (lang_at_word(p, "enum"))
		return parse_enum(p);
	if (word_begins(p, "record"))
		return parse_structure(p, LANG_DECL_RECORD);
	if (word_begins(p, "message"))
		return parse_structure(p, LANG_DECL_MESSAGE);
	if (word_begins(p, "channel") || (lang_at_word(p, "channel") && lang_ahead_is(p, 1, '<')))
		return parse_channel(p);
	if (word_begins(p, "rpc"))
		return parse_rpc(p);
	if (word_begins(p, "function"))
		return parse_function(p, LANG_DECL_FUNCTION);
	if (word_begins(p, "procedure"))
		return parse_function(p, LANG_DECL_PROCEDURE);
	if (word_begins(p, "dispatch"))
		return parse_dispatch(p);
	if (word_begins(p, "policy"))
		return parse_policy(p, LANG_DECL_POLICY, "a policy");
	if (word_begins(p, "filter"))
		return parse_policy(p, LANG_DECL_FILTER, "a filter");
	if (word_begins(p, "test"))
		return parse_policy(p, LANG_DECL_TEST, "a test");
	if (word_begins(p, "view"))
	{
		LangDecl   *decl = lang_decl_new(p, LANG_DECL_VIEW, lang_next(p)->pos);

		decl->u.field.type = lang_parse_type(p);
		decl->name = lang_expect_new_name(p, "a field of @viewer");
		end_declaration(p);
		return decl;
	}
	if (word_begins(p, "metric"))
		return parse_metric(p);
	if (word_begins(p, "template"))
		return parse_template(p);
	if (lang_at_word(p, "assoc") && lang_ahead_is(p, 1, '<'))
		return parse_assoc(p);
	if (word_begins(p, "join"))
		return parse_join(p);
	if (lang_at_word(p, "replication") && lang_ahead_is(p, 1, '<'))
		return parse_replication(p);
	if (word_begins(p, "service"))
		return parse_opaque(p, LANG_DECL_SERVICE);
	if (word_begins(p, "client"))
		return parse_opaque(p, LANG_DECL_CLIENT);
	if (lang_refuse_foreign_declaration(p))
		return NULL;
	if (token->kind == LANG_TOKEN_SYMBOL && lang_at_pair(p, "--"))
		lang_expected(p, "a declaration", "Comments begin with \"//\".");
	return lang_parse_field(p, LANG_DECL_FIELD);
}

LangDecl *
lang_parse_declaration(LangParser *p, LangDeclKind inside)
{
	LangDecl   *decl;

	if (!lang_descend(p))
		return NULL;
	if (lang_at_word(p, "bubble") && inside != LANG_DECL_MESSAGE &&
		(lang_ahead_is(p, 1, '<') || lang_peek(p, 1)->kind == LANG_TOKEN_ID))
		decl = lang_parse_bubble(p);
	else
		decl = inside == LANG_DECL_RECORD ? parse_in_record(p) :
			inside == LANG_DECL_MESSAGE ? parse_in_message(p) : parse_at_top(p);
	p->depth--;
	return decl;
}
