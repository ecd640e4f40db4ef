/*
 * parse_decl.c
 *	  Declarations: of the program, of records and of messages.  Fields, guards and formulas are in parse_field.c.
 */
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

static LangDecl *
named(LangParser *p, LangDeclKind kind, const char *what)
{
	LangDecl   *decl = lang_decl_new(p, kind, lang_next(p)->pos);

	decl->name = lang_expect_new_name(p, what);
	return decl;
}

static LangDecl *
with_body(LangParser *p, LangDecl *decl)
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

static void
set_params(LangParser *p, LangVector *vector, LangParam **params, int *n)
{
	*n = vector->n;
	*params = KIT_NEW_N(p->arena, LangParam, vector->n);
	for (int i = 0; i < vector->n; i++)
		(*params)[i] = *(LangParam *) vector->items[i];
}

static void
parse_params(LangParser *p, LangParam **params, int *n)
{
	LangVector	all = {0};

	lang_expect(p, '(', "before the parameters");
	if (!lang_at_symbol(p, ')'))
	{
		do
		{
			LangParam  *param = KIT_NEW(p->arena, LangParam);

			if (lang_accept_word(p, "readonly"))
				param->is_readonly = true;
			else if (lang_at_word(p, "mutable") && !lang_ahead_is(p, 1, ','))
			{
				lang_next(p);
				param->is_mutable = true;
			}
			param->type = lang_parse_type(p);
			param->name = lang_expect_new_name(p, "a parameter");
			lang_vector_add(p, &all, param);
		}
		while (!p->is_lost && lang_accept(p, ','));
	}
	lang_expect(p, ')', "after the parameters");
	set_params(p, &all, params, n);
}

static LangDecl *
parse_function(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = named(p, kind, "a function");

	parse_params(p, &decl->u.function.params, &decl->u.function.n_params);
	if (lang_accept_pair(p, "->"))
		decl->u.function.returns = lang_parse_type(p);
	else if (kind == LANG_DECL_FUNCTION)
		lang_expected(p, "\"->\" and the type of the result", "A function returns a value; what only does something is a procedure.");
	for (;;)
	{
		if (kind != LANG_DECL_FUNCTION && lang_accept_word(p, "readonly"))
			decl->u.function.paint |= LANG_PAINT_READONLY;
		else if (kind != LANG_DECL_FUNCTION && lang_accept_word(p, "aborts"))
			decl->u.function.paint |= LANG_PAINT_ABORTS;
		else if (kind != LANG_DECL_FUNCTION && lang_accept_word(p, "viewer"))
			decl->u.function.paint |= LANG_PAINT_VIEWER;
		else
			break;
	}
	return with_body(p, decl);
}

static LangDecl *
parse_rpc(LangParser *p)
{
	LangDecl   *decl = named(p, LANG_DECL_RPC, "an rpc");
	LangVector	all = {0};

	lang_expect(p, '(', "before the parameters");
	lang_expect_new_name(p, "the sender");
	while (lang_accept(p, ','))
	{
		LangParam  *param = KIT_NEW(p->arena, LangParam);

		param->type = lang_parse_type(p);
		param->name = lang_expect_new_name(p, "a parameter");
		lang_vector_add(p, &all, param);
	}
	lang_expect(p, ')', "after the parameters");
	set_params(p, &all, &decl->u.function.params, &decl->u.function.n_params);
	return with_body(p, decl);
}

static LangDecl *
parse_dispatch(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_DISPATCH, lang_next(p)->pos);

	decl->u.function.dispatch_enum = lang_expect_name(p, "an enum");
	lang_expect_pair(p, "::", "after the enum");
	if (lang_accept(p, '*'))
		decl->u.function.dispatch_is_star = true;
	else
	{
		decl->u.function.dispatch_value = lang_expect_name(p, "a value of the enum, or *");
		decl->u.function.dispatch_is_star = lang_accept(p, '*');
	}
	decl->name = lang_expect_new_name(p, "a dispatched function");
	parse_params(p, &decl->u.function.params, &decl->u.function.n_params);
	if (lang_accept_pair(p, "->"))
		decl->u.function.returns = lang_parse_type(p);
	return with_body(p, decl);
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
	decl = named(p, LANG_DECL_CHANNEL, "a channel");
	lang_expect(p, '(', "after the name of the channel");
	if (lang_at_word(p, "principal"))
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_SYNTAX_ERROR, "The sender is @who.", "a channel has one parameter, its message");
	decl->u.channel.message = lang_parse_type(p);
	decl->u.channel.parameter = lang_expect_new_name(p, "the message");
	lang_expect(p, ')', "after the message");
	for (;;)
	{
		if (lang_accept_word(p, "open"))
			decl->u.channel.is_open = true;
		else if (lang_accept_word(p, "requires"))
			decl->u.channel.requires = lang_parse_guard(p);
		else
			break;
	}
	return with_body(p, decl);
}

/* ---- types ---- */

static LangDecl *
parse_enum(LangParser *p)
{
	LangDecl   *decl = named(p, LANG_DECL_ENUM, "an enum");
	LangVector	values = {0};
	LangVector	numbers = {0};

	decl->u.enumeration.default_index = -1;
	lang_expect(p, '{', "and the values of the enum");
	for (;;)
	{
		LangName   *name;
		LangExpr   *number = NULL;

		while (lang_accept(p, ','))
			;
		if (p->is_lost || lang_at_symbol(p, '}'))
			break;
		if (lang_at_word(p, "@default"))
		{
			if (decl->u.enumeration.default_index >= 0)
				lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_SYNTAX_ERROR, NULL, "an enum has one @default");
			lang_next(p);
			decl->u.enumeration.default_index = values.n;
		}
		name = KIT_NEW(p->arena, LangName);
		*name = lang_expect_new_name(p, "a value of the enum");
		if (lang_accept(p, ':'))
		{
			number = KIT_NEW(p->arena, LangExpr);
			number->kind = LANG_EXPR_INT;
			number->pos = lang_peek(p, 0)->pos;
			number->u.integer = lang_expect_int(p, "a number");
		}
		lang_vector_add(p, &values, name);
		lang_vector_add(p, &numbers, number);
	}
	lang_expect(p, '}', "at the end of the enum");
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
	LangDecl   *decl = named(p, kind, kind == LANG_DECL_RECORD ? "a record" : "a message");
	LangVector	items = {0};

	lang_expect(p, '{', "and the fields");
	while (!p->is_lost && !lang_at_symbol(p, '}'))
	{
		if (lang_peek(p, 0)->kind == LANG_TOKEN_END)
			lang_parse_fail(p, decl->pos, KIT_SYNTAX_ERROR, NULL, "this %s is never closed", kind == LANG_DECL_RECORD ? "record" : "message");
		else if (!lang_accept(p, ';'))
			lang_vector_add(p, &items, lang_parse_declaration(p, kind));
	}
	lang_expect(p, '}', "at the end of the fields");
	lang_parse_annotations(p, &decl->u.structure.annotations, &decl->u.structure.n_annotations);
	decl->u.structure.items = (LangDecl **) items.items;
	decl->u.structure.n = items.n;
	return decl;
}

/* ---- events, policies, settings ---- */

static LangDecl *
parse_construct(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_CONSTRUCT, lang_next(p)->pos);

	if (lang_accept(p, '('))
	{
		LangParam  *param = KIT_NEW(p->arena, LangParam);

		param->type = lang_parse_type(p);
		param->name = lang_expect_new_name(p, "the argument");
		lang_expect(p, ')', "after the argument");
		decl->u.function.params = param;
		decl->u.function.n_params = 1;
	}
	return with_body(p, decl);
}

static LangDecl *
parse_setting(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_CONFIG, lang_peek(p, 0)->pos);

	decl->name = lang_expect_name(p, "the name of a setting");
	lang_expect(p, '=', "and a value");
	decl->u.value = lang_parse_expr(p);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_static(LangParser *p)
{
	static const struct
	{
		const char *word;
		LangDeclKind kind;
	}			policies[] = {{"create", LANG_DECL_STATIC_CREATE}, {"invent", LANG_DECL_STATIC_INVENT}, {"send", LANG_DECL_STATIC_SEND}};
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_STATIC, lang_next(p)->pos);
	LangVector	items = {0};

	if (lang_accept(p, '('))
	{
		decl->name = lang_expect_new_name(p, "a parameter");
		lang_expect(p, ')', "after the parameter");
	}
	lang_expect(p, '{', "after @static");
	while (!p->is_lost && !lang_at_symbol(p, '}'))
	{
		LangDecl   *item = NULL;

		if (lang_accept(p, ';'))
			continue;
		for (int i = 0; i < 3 && item == NULL; i++)
		{
			if (lang_at_word(p, policies[i].word) && !lang_ahead_is(p, 1, '='))
				item = with_body(p, lang_decl_new(p, policies[i].kind, lang_next(p)->pos));
		}
		lang_vector_add(p, &items, item != NULL ? item : parse_setting(p));
	}
	lang_expect(p, '}', "at the end of @static");
	decl->u.group.items = (LangDecl **) items.items;
	decl->u.group.n = items.n;
	return decl;
}

static LangDecl *
parse_cron(LangParser *p)
{
	LangDecl   *decl = named(p, LANG_DECL_CRON, "a cron job");

	decl->u.cron.schedule = lang_expect_name(p, "hourly, daily or monthly");
	if (p->is_lost)
		return decl;
	if (lang_peek(p, 0)->kind == LANG_TOKEN_ID)
		decl->u.cron.field = lang_expect_name(p, "a field");
	else if (strcmp(decl->u.cron.schedule.sym->text, "hourly") == 0)
		decl->u.cron.minute = lang_expect_int(p, "a minute");
	else if (strcmp(decl->u.cron.schedule.sym->text, "daily") == 0)
	{
		decl->u.cron.hour = lang_expect_int(p, "an hour");
		lang_expect(p, ':', "after the hour");
		decl->u.cron.minute = lang_expect_int(p, "a minute");
	}
	else if (strcmp(decl->u.cron.schedule.sym->text, "monthly") == 0)
		decl->u.cron.day = lang_expect_int(p, "a day");
	else
		lang_parse_fail(p, decl->u.cron.schedule.pos, KIT_SYNTAX_ERROR, "Choose hourly, daily or monthly.", "\"%s\" is not a schedule", decl->u.cron.schedule.sym->text);
	return with_body(p, decl);
}

/* lib/name, as one symbol. */
static LangDecl *
parse_path(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = lang_decl_new(p, kind, lang_next(p)->pos);
	const LangToken *first = lang_peek(p, 0);
	uint32_t	end = first->end;

	lang_expect_name(p, "a path like lib/name");
	while (lang_accept(p, '/'))
	{
		end = lang_peek(p, 0)->end;
		lang_expect_name(p, "a name after \"/\"");
	}
	if (!p->is_lost)
		decl->u.path.path = kit_sym(p->syms, p->source + first->offset, end - first->offset);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_link(LangParser *p)
{
	LangDecl   *decl = named(p, LANG_DECL_LINK, "a link");
	LangVector	items = {0};

	lang_expect(p, '{', "and the link's settings");
	while (!p->is_lost && !lang_at_symbol(p, '}'))
		lang_vector_add(p, &items, parse_setting(p));
	lang_expect(p, '}', "at the end of the link");
	decl->u.group.items = (LangDecl **) items.items;
	decl->u.group.n = items.n;
	return decl;
}

/* /a/$id:int/$rest* : the text as a symbol, its parameters as a list. */
static void
parse_uri(LangParser *p, LangDecl *decl)
{
	uint32_t	start = lang_peek(p, 0)->offset;
	uint32_t	end = start;
	LangVector	params = {0};

	do
	{
		end = lang_peek(p, 0)->end;
		lang_expect(p, '/', "at the beginning of a path");
		if (lang_accept(p, '$'))
		{
			LangParam  *param = KIT_NEW(p->arena, LangParam);

			end = lang_peek(p, 0)->end;
			param->name = lang_expect_new_name(p, "a parameter of the path");
			if (lang_accept(p, ':'))
			{
				end = lang_peek(p, 0)->end;
				param->type = lang_parse_type(p);
			}
			else if (lang_at_symbol(p, '*'))
				end = lang_next(p)->end;
			lang_vector_add(p, &params, param);
		}
		else if (lang_peek(p, 0)->kind == LANG_TOKEN_ID)
		{
			do
				end = lang_next(p)->end;
			while (lang_at_symbol(p, '.') || lang_at_symbol(p, '-') || (lang_peek(p, 0)->kind == LANG_TOKEN_ID && lang_peek(p, 0)->offset == end));
		}
	}
	while (!p->is_lost && lang_at_symbol(p, '/'));
	if (!p->is_lost)
		decl->u.web.uri = kit_sym(p->syms, p->source + start, end - start);
	set_params(p, &params, &decl->u.web.params, &decl->u.web.n_params);
}

static LangDecl *
parse_web(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_WEB, lang_next(p)->pos);

	decl->u.web.method = lang_expect_name(p, "get, put, options or delete");
	parse_uri(p, decl);
	if (!p->is_lost && strcmp(decl->u.web.method.sym->text, "put") == 0)
	{
		lang_expect(p, '(', "and the message that is put");
		lang_expect_name(p, "a message type");
		lang_expect_new_name(p, "the message");
		lang_expect(p, ')', "after the message");
	}
	if (lang_accept_word(p, "requires"))
		decl->u.web.requires = lang_parse_guard(p);
	return with_body(p, decl);
}

/* service and client: up to the closing brace, kept as text. */
static LangDecl *
parse_opaque(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = named(p, kind, "a service");
	uint32_t	start;
	int			depth = 0;

	if (lang_at_symbol(p, '<'))
	{
		while (!p->is_lost && !lang_at_symbol(p, '>') && lang_peek(p, 0)->kind != LANG_TOKEN_END)
			lang_next(p);
		lang_expect(p, '>', "after the parameters");
	}
	start = lang_peek(p, 0)->offset;
	lang_expect(p, '{', "and the body");
	while (!p->is_lost && (depth > 0 || !lang_at_symbol(p, '}')))
	{
		if (lang_peek(p, 0)->kind == LANG_TOKEN_END)
			lang_parse_fail(p, decl->pos, KIT_SYNTAX_ERROR, NULL, "this body is never closed");
		depth += lang_at_symbol(p, '{') - lang_at_symbol(p, '}');
		lang_next(p);
	}
	if (!p->is_lost)
	{
		decl->u.text.text = p->source + start;
		decl->u.text.len = lang_peek(p, 0)->end - start;
	}
	lang_expect(p, '}', "at the end of the body");
	return decl;
}

static LangDecl *
parse_template(LangParser *p)
{
	LangDecl   *decl = named(p, LANG_DECL_TEMPLATE, "a template");
	const LangToken *token;

	lang_expect(p, ':', "and the template's text");
	token = lang_peek(p, 0);
	if (token->kind != LANG_TOKEN_TEMPLATE)
		lang_expected(p, "the template's text between `name` and `name`", NULL);
	else
	{
		lang_next(p);
		decl->u.text.text = token->text;
		decl->u.text.len = token->len;
	}
	end_declaration(p);
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

	lang_expect(p, '<', "and a target");
	decl->u.replication.service = lang_expect_name(p, "a target");
	lang_expect(p, ':', "after the target");
	decl->u.replication.method = lang_expect_name(p, "a method");
	lang_expect(p, '>', "after the method");
	decl->name = lang_expect_new_name(p, "a replication");
	lang_expect(p, '=', "and a value");
	decl->u.replication.value = lang_parse_expr(p);
	end_declaration(p);
	return decl;
}

static LangDecl *
parse_valued(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = named(p, kind, "a name");

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
parse_plain_event(LangParser *p, LangDeclKind kind)
{
	return with_body(p, lang_decl_new(p, kind, lang_next(p)->pos));
}

static LangDecl *
parse_at_declaration(LangParser *p, const char *word)
{
	static const struct
	{
		const char *word;
		LangDeclKind kind;
	}			events[] = {
		{"@connected", LANG_DECL_CONNECTED}, {"@disconnected", LANG_DECL_DISCONNECTED}, {"@delete", LANG_DECL_DELETE}, {"@load", LANG_DECL_LOAD},
		{"@can_attach", LANG_DECL_CAN_ATTACH}
	};
	LangDecl   *decl;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
	{
		if (strcmp(events[i].word, word) == 0)
			return parse_plain_event(p, events[i].kind);
	}
	if (strcmp(word, "@construct") == 0)
		return parse_construct(p);
	if (strcmp(word, "@static") == 0)
		return parse_static(p);
	if (strcmp(word, "@cron") == 0)
		return parse_cron(p);
	if (strcmp(word, "@include") == 0)
		return parse_path(p, LANG_DECL_INCLUDE);
	if (strcmp(word, "@import") == 0)
		return parse_path(p, LANG_DECL_IMPORT);
	if (strcmp(word, "@link") == 0)
		return parse_link(p);
	if (strcmp(word, "@web") == 0)
		return parse_web(p);
	if (strcmp(word, "@export") == 0)
		return parse_valued(p, LANG_DECL_EXPORT);
	if (strcmp(word, "@traffic") == 0)
	{
		decl = lang_decl_new(p, LANG_DECL_TRAFFIC, lang_next(p)->pos);
		decl->u.value = lang_parse_expr(p);
		end_declaration(p);
		return decl;
	}
	if (strcmp(word, "@attached") == 0)
	{
		decl = lang_decl_new(p, LANG_DECL_ATTACHED, lang_next(p)->pos);
		lang_expect(p, '(', "and the asset");
		decl->u.function.params = KIT_NEW(p->arena, LangParam);
		decl->u.function.params->name = lang_expect_new_name(p, "the asset");
		decl->u.function.n_params = 1;
		lang_expect(p, ')', "after the asset");
		return with_body(p, decl);
	}
	if (strcmp(word, "@authorization") == 0)
	{
		decl = lang_decl_new(p, LANG_DECL_AUTHORIZATION, lang_next(p)->pos);
		lang_expect(p, '(', "and a message");
		decl->u.function.params = KIT_NEW(p->arena, LangParam);
		decl->u.function.params->type = lang_parse_type(p);
		decl->u.function.params->name = lang_expect_new_name(p, "the message");
		decl->u.function.n_params = 1;
		lang_expect(p, ')', "after the message");
		return with_body(p, decl);
	}
	lang_expected(p, "a declaration", NULL);
	return NULL;
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
		return with_body(p, named(p, LANG_DECL_POLICY, "a policy"));
	if (word_begins(p, "method"))
		return parse_function(p, LANG_DECL_METHOD);
	if (lang_at_word(p, "ingested") && lang_ahead_is(p, 1, '{'))
		return parse_plain_event(p, LANG_DECL_INGESTED);
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
	if (lang_at_word(p, "@parsed"))
		return parse_plain_event(p, LANG_DECL_PARSED);
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
		return with_body(p, decl);
	}
	if (token->kind == LANG_TOKEN_KEYWORD && token->sym->text[0] == '@')
		return parse_at_declaration(p, token->sym->text);
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
		return with_body(p, named(p, LANG_DECL_POLICY, "a policy"));
	if (word_begins(p, "filter"))
		return with_body(p, named(p, LANG_DECL_FILTER, "a filter"));
	if (word_begins(p, "test"))
		return with_body(p, named(p, LANG_DECL_TEST, "a test"));
	if (word_begins(p, "view"))
	{
		LangDecl   *decl = lang_decl_new(p, LANG_DECL_VIEW, lang_next(p)->pos);

		decl->u.field.type = lang_parse_type(p);
		decl->name = lang_expect_new_name(p, "a field of the viewer");
		end_declaration(p);
		return decl;
	}
	if (word_begins(p, "metric"))
		return parse_valued(p, LANG_DECL_METRIC);
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
	return lang_parse_field(p, LANG_DECL_FIELD);
}

LangDecl *
lang_parse_declaration(LangParser *p, LangDeclKind inside)
{
	LangDecl   *decl;

	if (!lang_descend(p))
		return NULL;
	if (lang_at_word(p, "bubble") && inside != LANG_DECL_MESSAGE && (lang_ahead_is(p, 1, '<') || lang_peek(p, 1)->kind == LANG_TOKEN_ID))
		decl = lang_parse_bubble(p);
	else
		decl = inside == LANG_DECL_RECORD ? parse_in_record(p) : inside == LANG_DECL_MESSAGE ? parse_in_message(p) : parse_at_top(p);
	p->depth--;
	return decl;
}
