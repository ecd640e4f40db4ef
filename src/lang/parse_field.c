/*
 * parse_field.c
 *	  Fields of the document, of records and of messages; formulas, bubbles, guards.
 */
#include <string.h>

#include "lang/parse_internal.h"

static void
parse_names(LangParser *p, LangName **names, int *n, const char *what)
{
	LangVector	all = {0};

	do
	{
		LangName   *name = KIT_NEW(p->arena, LangName);

		*name = lang_expect_name(p, what);
		lang_vector_add(p, &all, name);
	}
	while (!p->is_lost && lang_accept(p, ','));
	*n = all.n;
	*names = KIT_NEW_N(p->arena, LangName, all.n);
	for (int i = 0; i < all.n; i++)
		(*names)[i] = *(LangName *) all.items[i];
}

LangGuard
lang_parse_guard(LangParser *p)
{
	LangGuard	guard = {0};

	lang_expect(p, '<', "and the names of policies");
	if (!lang_at_symbol(p, '|'))
		parse_names(p, &guard.policies, &guard.n_policies, "a policy");
	if (lang_accept(p, '|'))
		parse_names(p, &guard.filters, &guard.n_filters, "a filter");
	lang_expect(p, '>', "after the names");
	return guard;
}

LangDecl *
lang_parse_bubble(LangParser *p)
{
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_BUBBLE, lang_next(p)->pos);

	if (lang_at_symbol(p, '<'))
		decl->u.field.guard = lang_parse_guard(p);
	decl->name = lang_expect_new_name(p, "a bubble");
	lang_expect(p, '=', "and the value of the bubble");
	decl->u.field.value = lang_parse_expr(p);
	lang_expect(p, ';', "at the end of the bubble");
	return decl;
}

static void
parse_privacy(LangParser *p, LangDecl *decl)
{
	if (lang_accept_word(p, "public"))
		decl->u.field.privacy = LANG_PRIVACY_PUBLIC;
	else if (lang_accept_word(p, "private"))
		decl->u.field.privacy = LANG_PRIVACY_PRIVATE;
	else if (lang_at_word(p, "viewer_is") && lang_ahead_is(p, 1, '<'))
	{
		lang_next(p);
		decl->u.field.privacy = LANG_PRIVACY_VIEWER_IS;
		decl->u.field.guard = lang_parse_guard(p);
		if (!p->is_lost && (decl->u.field.guard.n_policies != 1 || decl->u.field.guard.n_filters != 0))
			lang_parse_fail(p, decl->pos, KIT_SYNTAX_ERROR, NULL, "viewer_is names one field");
	}
	else if ((lang_at_word(p, "use_policy") || lang_at_word(p, "use")) && lang_ahead_is(p, 1, '<'))
	{
		lang_next(p);
		decl->u.field.privacy = LANG_PRIVACY_POLICY;
		decl->u.field.guard = lang_parse_guard(p);
	}
}

/* cached<once> or cached<every 5 min> */
static void
parse_cached(LangParser *p, LangDecl *decl)
{
	lang_expect(p, '<', "after \"cached\"");
	if (lang_accept_word(p, "once"))
		decl->u.field.is_cached_once = true;
	else
	{
		int			n;
		LangName	unit;

		lang_expect_word(p, "every", "or \"once\"");
		n = lang_expect_int(p, "a number");
		unit = lang_expect_name(p, "a unit of time");
		decl->u.field.cached_seconds = (int) ((int64_t) n * lang_unit_seconds(unit.sym) > INT32_MAX ? INT32_MAX : n * lang_unit_seconds(unit.sym));
		if (!p->is_lost && lang_unit_seconds(unit.sym) == 0)
			lang_parse_fail(p, unit.pos, KIT_SYNTAX_ERROR, "Units are s, sec, min, hr, day, week and their plurals.", "\"%s\" is not a unit of time", unit.sym->text);
	}
	lang_expect(p, '>', "after the time");
}

LangDecl *
lang_parse_field(LangParser *p, LangDeclKind inside)
{
	const LangToken *token = lang_peek(p, 0);
	LangDecl   *decl = lang_decl_new(p, LANG_DECL_FIELD, token->pos);
	bool		is_message = inside == LANG_DECL_MESSAGE;

	if (token->kind != LANG_TOKEN_ID)
	{
		lang_expected(p, "a declaration", NULL);
		return decl;
	}
	if (!is_message)
		parse_privacy(p, decl);
	else if (lang_at_word(p, "public") || lang_at_word(p, "private"))
		lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, "Leave it out.", "the fields of a message have no privacy");
	if (!is_message && (lang_at_word(p, "formula") || lang_at_word(p, "auto") || lang_at_word(p, "cached")) &&
		(lang_peek(p, 1)->kind == LANG_TOKEN_ID || lang_ahead_is(p, 1, '<')))
	{
		decl->u.field.form = lang_at_word(p, "cached") ? LANG_FIELD_CACHED : LANG_FIELD_FORMULA;
		lang_next(p);
		if (decl->u.field.form == LANG_FIELD_CACHED)
			parse_cached(p, decl);
		decl->name = lang_expect_new_name(p, "a formula");
		lang_expect(p, '=', "and the formula");
		decl->u.field.value = lang_parse_expr(p);
		lang_expect(p, ';', "at the end of the formula");
		return decl;
	}
	if (lang_accept_word(p, "readonly"))
		decl->u.field.is_readonly = true;
	decl->u.field.type = lang_parse_type(p);
	decl->name = lang_expect_new_name(p, "a field");
	if (!is_message && lang_accept_word(p, "@updated"))
		decl->u.field.is_updated = true;
	else if (!is_message && lang_accept_word(p, "@bump"))
		decl->u.field.is_bump = true;
	else if (lang_accept(p, '='))
		decl->u.field.value = lang_parse_expr(p);
	for (;;)
	{
		if (!is_message && lang_accept_word(p, "required"))
			decl->u.field.is_required = true;
		else if (is_message && lang_accept_word(p, "lossy"))
			decl->u.field.is_lossy = true;
		else if (is_message && lang_accept_word(p, "unique"))
			decl->u.field.is_unique = true;
		else if (is_message && lang_accept_word(p, "@silent"))
			decl->u.field.is_silent = true;
		else
			break;
	}
	lang_expect(p, ';', "at the end of the field");
	return decl;
}
