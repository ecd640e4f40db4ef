/*
 * parse_type.c
 *	  Types as written, parameters, guards.
 */
#include <stdio.h>
#include <string.h>

#include "lang/parse_internal.h"

static const struct
{
	const char *word;
	int			n_args;			/* -1: two or more */
}			type_words[] = {
	{"bool", 0}, {"principal", 0}, {"asset", 0}, {"dynamic", 0}, {"double", 0}, {"complex", 0}, {"date", 0}, {"datetime", 0},
	{"time", 0}, {"timespan", 0}, {"int", 0}, {"long", 0}, {"string", 0}, {"label", 0}, {"text", 0}, {"json", 0}, {"vec2", 0},
	{"vec3", 0}, {"vec4", 0}, {"matrix2", 0}, {"matrix3", 0}, {"matrix4", 0}, {"matrixh4", 0}, {"secure", 1}, {"holder", 1},
	{"table", 1}, {"list", 1}, {"maybe", 1}, {"future", 1}, {"channel", 1}, {"result", 1}, {"map", 2}, {"grid", 2}, {"pair", 2},
	{"tuple", -1}
};

static int
find_type_word(const char *word)
{
	for (size_t i = 0; i < sizeof(type_words) / sizeof(type_words[0]); i++)
	{
		if (strcmp(type_words[i].word, word) == 0)
			return (int) i;
	}
	return -1;
}

bool
lang_is_type_word(const KitSym *sym)
{
	return find_type_word(sym->text) >= 0 || strcmp(sym->text, "readonly") == 0;
}

bool
lang_at_declaration(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	const LangToken *after = lang_peek(p, 1);
	int			i;

	/* "iterate t where ..." is an expression */
	if (token->kind != LANG_TOKEN_ID || lang_token_is(token, "iterate"))
		return false;
	if (lang_token_is(token, "readonly"))
		return true;
	i = find_type_word(token->sym->text);
	if (after->kind == LANG_TOKEN_ID || (lang_ahead_is(p, 1, '[') && lang_ahead_is(p, 2, ']')))
		return true;
	/* "int (…) x"; but a procedure may be called "text" */
	if (i >= 0 && lang_ahead_is(p, 1, '('))
		return type_words[i].n_args == 0 && lang_is_refused_name(token->sym);
	if (!lang_ahead_is(p, 1, '<'))
		return false;
	/* no comparison has the form a < b > c */
	return (i >= 0 && type_words[i].n_args != 0) ||
		(lang_peek(p, 2)->kind == LANG_TOKEN_ID && lang_ahead_is(p, 3, '>') && lang_peek(p, 4)->kind == LANG_TOKEN_ID);
}

void
lang_parse_annotations(LangParser *p, LangAnnotation **items, int *n)
{
	LangVector	all = {0};

	if (!lang_accept(p, '('))
		return;
	while (!p->is_lost && !lang_at_symbol(p, ')'))
	{
		LangAnnotation *annotation = KIT_NEW(p->arena, LangAnnotation);

		annotation->name = lang_expect_name(p, "an annotation");
		if (lang_accept(p, '='))
		{
			const LangToken *value = lang_next(p);

			if (value->kind == LANG_TOKEN_STRING)
				annotation->value = kit_sym(p->syms, value->text, value->len);
			else if (value->kind == LANG_TOKEN_SYMBOL || value->kind == LANG_TOKEN_END)
				lang_report(p, value->pos, NULL, "expected the value of an annotation: a word, a number or a string");
			else
				annotation->value = kit_sym(p->syms, p->source + value->offset, value->end - value->offset);
		}
		lang_vector_add(p, &all, annotation);
		while (lang_accept(p, ','))
			;
	}
	lang_expect(p, ')', "after the annotations");
	*n = all.n;
	*items = KIT_NEW_N(p->arena, LangAnnotation, all.n);
	for (int i = 0; i < all.n; i++)
		(*items)[i] = *(LangAnnotation *) all.items[i];
}

/* The types in angle brackets, for a type that is declared with n of them. */
static void
parse_type_args(LangParser *p, LangTypeRef *type, int n)
{
	const char *word = type->word->text;
	LangVector	args = {0};
	char		expected[100];

	snprintf(expected, sizeof(expected), "%s, as in %s<%s>", n == 1 ? "\"<\" and a type" : "\"<\" and types", word,
			 strcmp(word, "table") == 0 ? "Row" : strcmp(word, "secure") == 0 ? "principal" :
			 strcmp(word, "channel") == 0 ? "Message" : n == 1 ? "int" : "int, string");
	if (!lang_accept(p, '<'))
	{
		lang_expected(p, expected, strcmp(word, "table") == 0 ?
					  "Rows are declared as a record: record Row { ... } table<Row> rows;" : NULL);
		return;
	}
	do
		lang_vector_add(p, &args, lang_parse_type(p));
	while (!p->is_lost && lang_accept(p, ','));
	if (!p->is_lost && n != 0 && (n > 0 ? args.n != n : args.n < 2))
		lang_report(p, type->pos, NULL, "\"%s\" takes %s, as in %s<%s>", word,
					n == 1 ? "one type" : n == 2 ? "two types" : "two types or more", word, n == 1 ? "int" : "int, string");
	lang_expect(p, '>', n == 1 ? "after the type" : "after the types");
	type->args = (LangTypeRef **) args.items;
	type->n_args = args.n;
}

/* name (…): annotations, and not what follows a type in a declaration. */
static bool
at_annotations(LangParser *p)
{
	return lang_at_symbol(p, '(') &&
		(lang_ahead_is(p, 1, ')') ||
		 (lang_peek(p, 1)->kind == LANG_TOKEN_ID && (lang_ahead_is(p, 2, '=') || lang_ahead_is(p, 2, ')') ||
													 lang_ahead_is(p, 2, ','))));
}

LangTypeRef *
lang_parse_type(LangParser *p)
{
	LangTypeRef *type = KIT_NEW(p->arena, LangTypeRef);
	const LangToken *token;
	int			i;

	if (!lang_descend(p))
		return type;
	if (lang_at_word(p, "readonly"))
	{
		lang_next(p);
		type->is_readonly = true;
	}
	token = lang_peek(p, 0);
	type->pos = token->pos;
	if (token->kind != LANG_TOKEN_ID)
		lang_expected(p, "a type", NULL);
	else
	{
		lang_next(p);
		type->word = token->sym;
		i = find_type_word(token->sym->text);
		if (i >= 0 ? type_words[i].n_args != 0 : lang_at_symbol(p, '<'))
			parse_type_args(p, type, i >= 0 ? type_words[i].n_args : 0);
		if (lang_at_symbol(p, '[') && lang_ahead_is(p, 1, ']'))
		{
			lang_next(p);
			lang_next(p);
			type->is_array = true;
		}
		if (lang_at_symbol(p, '['))
			lang_report(p, lang_peek(p, 0)->pos, "An array has one dimension and no size: T[].",
						"expected the name of what has type \"%s\", found \"[\"", type->word->text);
		if (lang_at_symbol(p, '?'))
		{
			lang_report(p, lang_peek(p, 0)->pos, "What may be absent has a type such as maybe<int>.",
						"a type does not end in \"?\"");
			lang_next(p);
		}
		if (at_annotations(p))
			lang_parse_annotations(p, &type->annotations, &type->n_annotations);
	}
	p->depth--;
	return type;
}

/* ---- parameters ---- */

void
lang_set_params(LangParser *p, LangVector *vector, LangParam **params, int *n)
{
	*n = vector->n;
	*params = KIT_NEW_N(p->arena, LangParam, vector->n);
	for (int i = 0; i < vector->n; i++)
		(*params)[i] = *(LangParam *) vector->items[i];
}

/* T name, where a parameter begins. */
static void
parse_param(LangParser *p, LangParam *param)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind == LANG_TOKEN_ID && !lang_is_refused_name(token->sym) &&
		(lang_ahead_is(p, 1, ',') || lang_ahead_is(p, 1, ')') || lang_ahead_is(p, 1, ':')))
	{
		char		hint[120];

		snprintf(hint, sizeof(hint), "The type comes first, as in: int %.60s.", token->sym->text);
		lang_report(p, token->pos, hint, "parameter \"%s\" has no type", token->sym->text);
		lang_next(p);
		if (lang_accept(p, ':'))
			param->type = lang_parse_type(p);
		return;
	}
	param->type = lang_parse_type(p);
	param->name = lang_expect_new_name(p, "a parameter");
}

void
lang_parse_params(LangParser *p, LangParam **params, int *n)
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
			else if (lang_at_word(p, "mutable") && lang_peek(p, 1)->kind == LANG_TOKEN_ID)
			{
				lang_next(p);
				param->is_mutable = true;
			}
			parse_param(p, param);
			lang_vector_add(p, &all, param);
		}
		while (!p->is_lost && lang_accept(p, ','));
	}
	lang_expect(p, ')', "after the parameters");
	lang_set_params(p, &all, params, n);
}

void
lang_refuse_params(LangParser *p, const char *of)
{
	int			depth = 0;
	int			i = 0;

	if (!lang_at_symbol(p, '('))
		return;
	/* to the parenthesis that closes it; a statement may begin with one, too */
	do
	{
		const LangToken *token = lang_peek(p, i);

		if (token->kind == LANG_TOKEN_END || lang_ahead_is(p, i, '{') || lang_ahead_is(p, i, ';') || i > 100)
			return;
		depth += lang_ahead_is(p, i, '(') - lang_ahead_is(p, i, ')');
		i++;
	} while (depth > 0);
	/* nor is a type of what is returned given */
	if (lang_ahead_is(p, i, '-') && lang_ahead_is(p, i + 1, '>') && lang_peek(p, i + 2)->kind == LANG_TOKEN_ID)
		i += 3;
	if (!lang_ahead_is(p, i, '{'))
		return;
	lang_report(p, lang_peek(p, 0)->pos, "Leave out the parentheses. Who acts is @who.", "\"%s\" takes no parameters", of);
	while (i-- > 0)
		lang_next(p);
}

/* ---- guards ---- */

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
