/*
 * parse_event.c
 *	  Declarations that begin with @: what happens to a document, who may, when, and what the web sees.
 */
#include <string.h>

#include "lang/parse_internal.h"

static LangDecl *
parse_construct(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_CONSTRUCT, lang_next(p)->pos);

	if (lang_at_symbol(p, '(') && lang_token_is(lang_peek(p, 1), "principal"))
		lang_refuse_params(p, "@construct");
	else if (lang_accept(p, '('))
	{
		LangParam  *param = KIT_NEW(p->arena, LangParam);

		param->type = lang_parse_type(p);
		param->name = lang_expect_new_name(p, "the argument");
		lang_expect(p, ')', "after the argument");
		decl->u.function.params = param;
		decl->u.function.n_params = 1;
	}
	return lang_decl_body(p, decl);
}

/* name = value; */
static LangDecl *
parse_setting(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_CONFIG, lang_peek(p, 0)->pos);

	decl->name = lang_expect_name(p, "a setting");
	lang_expect(p, '=', "and a value");
	decl->u.value = lang_parse_expr(p);
	lang_expect(p, ';', "at the end of the setting");
	return decl;
}

/* create, invent, send, or a setting. */
static LangDecl *
parse_static_item(LangParser *p)
{
	static const struct
	{
		const char *word;
		LangDeclKind kind;
	}			policies[] = {{"create", LANG_DECL_STATIC_CREATE}, {"invent", LANG_DECL_STATIC_INVENT},
							  {"send", LANG_DECL_STATIC_SEND}};
	static const char *const settings[] = {
		"maximum_history", "delete_on_close", "frequency", "temporal_resolution_ms", "sweep_export_delay", "readonly"
	};
	const LangToken *token = lang_peek(p, 0);

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (lang_at_word(p, policies[i].word))
		{
			lang_next(p);
			lang_refuse_params(p, policies[i].word);
			return lang_decl_body(p, lang_decl_new(p, policies[i].kind, token->pos));
		}
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (lang_at_word(p, settings[i]))
			return parse_setting(p);
	lang_expected(p, "a rule or a setting of @static",
				  "Rules are create, invent and send; settings are maximum_history, delete_on_close, frequency, temporal_resolution_ms, "
				  "sweep_export_delay and readonly.");
	return NULL;
}

/* Items in braces, each read by parse. */
static void
parse_group(LangParser *p, LangDecl *decl, LangDecl *(*parse) (LangParser *p), const char *where, const char *end)
{
	const LangToken *open = lang_peek(p, 0);
	LangVector	items = {0};

	lang_expect(p, '{', where);
	while (!lang_at_end(p, open, end))
	{
		int			from = p->at;
		int			depth = p->depth;

		if (lang_accept(p, ';'))
			continue;
		lang_vector_add(p, &items, parse(p));
		if (p->is_lost)
			lang_recover(p, from, depth, false);
	}
	decl->u.group.items = (LangDecl **) items.items;
	decl->u.group.n = items.n;
}

static LangDecl *
parse_static(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_STATIC, lang_next(p)->pos);

	if (lang_accept(p, '('))
	{
		decl->name = lang_expect_new_name(p, "a parameter");
		lang_expect(p, ')', "after the parameter");
	}
	parse_group(p, decl, parse_static_item, "after @static", "\"}\" at the end of @static");
	return decl;
}

static LangDecl *
parse_cron(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_CRON, "a schedule");

	decl->u.cron.schedule = lang_expect_name(p, "an interval: hourly, daily or monthly");
	if (p->is_lost)
		return decl;
	if (lang_peek(p, 0)->kind == LANG_TOKEN_ID)
		decl->u.cron.field = lang_expect_name(p, "a field");
	else if (strcmp(decl->u.cron.schedule.sym->text, "hourly") == 0)
		decl->u.cron.minute = lang_expect_int(p, "a minute", 0, 59);
	else if (strcmp(decl->u.cron.schedule.sym->text, "daily") == 0)
	{
		decl->u.cron.hour = lang_expect_int(p, "an hour", 0, 23);
		lang_expect(p, ':', "after the hour");
		decl->u.cron.minute = lang_expect_int(p, "a minute", 0, 59);
	}
	else if (strcmp(decl->u.cron.schedule.sym->text, "monthly") == 0)
		decl->u.cron.day = lang_expect_int(p, "a day", 1, 31);
	else
		lang_parse_fail(p, decl->u.cron.schedule.pos, KIT_SYNTAX_ERROR, "Choose hourly, daily or monthly.",
						"\"%s\" is not an interval",
						decl->u.cron.schedule.sym->text);
	return lang_decl_body(p, decl);
}

/* lib/name, as one symbol. */
static LangDecl *
parse_path(LangParser *p, LangDeclKind kind)
{
	LangDecl   *decl = lang_decl_new(p, kind, lang_next(p)->pos);
	const LangToken *first = lang_peek(p, 0);
	uint32_t	end = first->end;

	decl->name = lang_expect_name(p, "a source, as in lib/name");
	while (lang_accept(p, '/'))
	{
		end = lang_peek(p, 0)->end;
		lang_expect_name(p, "a source");
	}
	decl->name.pos.length = (int) (end - first->offset);
	if (!p->is_lost)
		decl->u.path.path = kit_sym(p->syms, p->source + first->offset, end - first->offset);
	lang_expect(p, ';', "at the end of the declaration");
	return decl;
}

static LangDecl *
parse_link(LangParser *p)
{
	LangDecl   *decl = lang_decl_named(p, LANG_DECL_LINK, "a link");

	parse_group(p, decl, parse_setting, "and the link's settings", "\"}\" at the end of the link");
	return decl;
}

/* A part of a path that stands for itself: words and numbers with "." and "-" in between. */
static void
parse_literal_part(LangParser *p, uint32_t *end)
{
	for (;;)
	{
		const LangToken *token = lang_peek(p, 0);

		if (token->offset != *end || token->kind == LANG_TOKEN_END)
			return;
		if (token->kind != LANG_TOKEN_ID && token->kind != LANG_TOKEN_KEYWORD && token->kind != LANG_TOKEN_INT &&
			!lang_at_symbol(p, '.') && !lang_at_symbol(p, '-'))
			return;
		*end = lang_next(p)->end;
	}
}

/* $name, $name:type or $name* */
static bool
parse_path_param(LangParser *p, LangVector *params, uint32_t *end)
{
	LangParam  *param = KIT_NEW(p->arena, LangParam);
	bool		is_rest = false;

	lang_next(p);
	*end = lang_peek(p, 0)->end;
	param->name = lang_expect_new_name(p, "a parameter of the path");
	if (lang_accept(p, ':'))
	{
		*end = lang_peek(p, 0)->end;
		param->type = lang_parse_type(p);
	}
	else if (lang_at_symbol(p, '*') && lang_peek(p, 0)->offset == *end)
	{
		*end = lang_next(p)->end;
		is_rest = true;
	}
	lang_vector_add(p, params, param);
	return is_rest;
}

/* /a/$id:int/$rest* : the text as a symbol, its parameters as a list. */
static void
parse_uri(LangParser *p, LangDecl *decl)
{
	uint32_t	start = lang_peek(p, 0)->offset;
	uint32_t	end;
	LangVector	params = {0};
	bool		is_rest = false;

	do
	{
		if (is_rest)
			lang_report(p, lang_peek(p, 0)->pos, "It takes all of the path that is left.",
						"a parameter with \"*\" is the last one");
		end = lang_peek(p, 0)->end;
		lang_expect(p, '/', "at the beginning of a path");
		if (lang_at_symbol(p, '$') && lang_peek(p, 0)->offset == end)
			is_rest = parse_path_param(p, &params, &end);
		else
			parse_literal_part(p, &end);
	}
	while (lang_at_symbol(p, '/') && lang_peek(p, 0)->offset == end);
	if (!p->is_lost)
		decl->u.web.uri = kit_sym(p->syms, p->source + start, end - start);
	lang_set_params(p, &params, &decl->u.web.params, &decl->u.web.n_params);
}

static LangDecl *
parse_web(LangParser *p)
{
	static const char hint[] = "Write @web get /path { ... }; methods are get, put, options and delete.";
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_WEB, lang_next(p)->pos);
	const LangToken *method = lang_peek(p, 0);

	if (!lang_token_is(method, "get") && !lang_token_is(method, "put") && !lang_token_is(method, "options") &&
		!lang_token_is(method, "delete"))
	{
		lang_expected(p, "a method of @web", hint);
		return decl;
	}
	decl->u.web.method = lang_expect_name(p, "a method");
	parse_uri(p, decl);
	if (lang_token_is(method, "put"))
	{
		lang_expect(p, '(', "and the message that is put");
		decl->u.web.message = lang_parse_type(p);
		decl->u.web.parameter = lang_expect_new_name(p, "the message");
		lang_expect(p, ')', "after the message");
	}
	if (lang_accept_word(p, "requires"))
		decl->u.web.requires = lang_parse_guard(p);
	return lang_decl_body(p, decl);
}

/* An event that takes nothing, not even who it is about. */
static LangDecl *
parse_plain_event(LangParser *p, LangDeclKind kind)
{
	const LangToken *word = lang_next(p);

	lang_refuse_params(p, word->sym->text);
	return lang_decl_body(p, lang_decl_new(p, kind, word->pos));
}

LangDecl *
lang_parse_event(LangParser *p)
{
	const char *word = lang_peek(p, 0)->sym->text;
	static const struct
	{
		const char *word;
		LangDeclKind kind;
	}			events[] = {
		{"@connected", LANG_DECL_CONNECTED}, {"@disconnected", LANG_DECL_DISCONNECTED}, {"@delete", LANG_DECL_DELETE},
		{"@load", LANG_DECL_LOAD},
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
	{
		decl = lang_decl_named(p, LANG_DECL_EXPORT, "an export");
		lang_expect(p, '=', "and a value");
		decl->u.value = lang_parse_expr(p);
		lang_expect(p, ';', "at the end of the declaration");
		return decl;
	}
	if (strcmp(word, "@traffic") == 0)
	{
		decl = lang_decl_new(p, LANG_DECL_TRAFFIC, lang_next(p)->pos);
		decl->u.value = lang_parse_expr(p);
		lang_expect(p, ';', "at the end of the declaration");
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
		return lang_decl_body(p, decl);
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
		return lang_decl_body(p, decl);
	}
	lang_expected(p, "a declaration", NULL);
	return NULL;
}
