/*
 * parse_field.c
 *	  Fields of the document, of records and of messages; formulas and bubbles.
 */
#include <string.h>

#include "lang/parse_internal.h"

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
			lang_report(p, decl->pos, NULL, "viewer_is names one field");
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
		int64_t		seconds;
		LangName	unit;

		lang_expect_word(p, "every", "or \"once\"");
		n = lang_expect_int(p, "a number", 1, INT32_MAX);
		unit = lang_expect_name(p, "a unit of time (s, min, hr, day, week)");
		seconds = n * lang_unit_seconds(unit.sym);
		decl->u.field.cached_seconds = (int) (seconds > INT32_MAX ? INT32_MAX : seconds);
		if (!p->is_lost && lang_unit_seconds(unit.sym) == 0)
			lang_report(p, unit.pos, "Units are s, sec, min, hr, day, week and their plurals.", "\"%s\" is not a unit of time",
						unit.sym->text);
	}
	lang_expect(p, '>', "after the time");
}

/* public function f() ... */
static void
refuse_private_code(LangParser *p)
{
	static const char *const words[] = {"function", "procedure", "channel", "record", "message", "policy", "bubble", "enum",
										"method", "static"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (lang_at_word(p, words[i]) && lang_peek(p, 1)->kind == LANG_TOKEN_ID)
			lang_expected(p, "a type or \"formula\"", "Only fields and formulas are public or private.");
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
	{
		lang_report(p, token->pos, "Leave it out: who gets a message sees all of it.", "the fields of a message have no privacy");
		lang_next(p);
	}
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
	else if (decl->u.field.privacy != LANG_PRIVACY_NONE)
		refuse_private_code(p);
	decl->u.field.type = lang_parse_type(p);
	if (lang_at_symbol(p, '=') || lang_at_symbol(p, ';'))
		lang_expected(p, "the name of a field",
					  "A field has a type and a name: public int x = 3; a computed one is: public formula x = y + 1;");
	if (lang_at_symbol(p, ':'))
		lang_expected(p, "the name of a field", "The type comes first: int x;");
	decl->name = lang_expect_new_name(p, "a field");
	if (lang_at_symbol(p, '('))
		lang_expected(p, "\";\" at the end of the field", lang_usual_hint(p, "\";\" at the end of the field") != NULL ? NULL :
					  inside == LANG_DECL_RECORD || is_message ? "Within a record or message code is declared as: method f(int a) -> int { ... }." :
					  "Code is declared as: function f(int a) -> int { ... }, or procedure f(int a) { ... }.");
	if (lang_at_symbol(p, '['))
		lang_expected(p, "\";\" at the end of the field", "The brackets stand behind the type: int[] x;");
	if (!is_message && lang_accept_word(p, "@updated"))
		decl->u.field.is_updated = true;
	else if (!is_message && lang_accept_word(p, "@bump"))
		decl->u.field.is_bump = true;
	else if (lang_accept(p, '='))
		/* "unique" could be a query's, too: a message's field has no query for a value */
		decl->u.field.value = is_message ? lang_parse_value(p) : lang_parse_expr(p);
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
	if (lang_at_symbol(p, ','))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Each field ends in \";\": int a; int b;",
					"expected \";\" at the end of the field, found \",\"");
		lang_next(p);
		/* int a, b: what follows is no field */
		p->is_lost = lang_ahead_is(p, 1, ';') || lang_ahead_is(p, 1, ',') || lang_ahead_is(p, 1, '=');
		return decl;
	}
	lang_expect(p, ';', "at the end of the field");
	return decl;
}
