/*
 * parse.c
 *	  The parser's cursor, its errors, types as written, and the program as a whole.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/parse_internal.h"

static const LangToken the_end = {.kind = LANG_TOKEN_END};

void
lang_vector_add(LangParser *p, LangVector *vector, void *item)
{
	if (vector->n == vector->cap)
	{
		int			cap = vector->cap == 0 ? 4 : vector->cap * 2;
		void	  **items = kit_arena_alloc(p->arena, sizeof(void *) * (size_t) cap);

		if (vector->n > 0)
			memcpy(items, vector->items, sizeof(void *) * (size_t) vector->n);
		vector->items = items;
		vector->cap = cap;
	}
	vector->items[vector->n++] = item;
}

const LangToken *
lang_peek(LangParser *p, int ahead)
{
	int			i = p->at + ahead;

	if (p->is_lost)
		return &the_end;
	return &p->tokens[i < p->n ? i : p->n - 1];
}

const LangToken *
lang_next(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind == LANG_TOKEN_BAD)
		p->is_lost = true;		/* the lexer has reported it */
	else if (!p->is_lost && p->at < p->n - 1)
		p->at++;
	return token;
}

bool
lang_ahead_is(LangParser *p, int ahead, char symbol)
{
	const LangToken *token = lang_peek(p, ahead);

	return token->kind == LANG_TOKEN_SYMBOL && token->symbol == symbol;
}

bool
lang_at_symbol(LangParser *p, char symbol)
{
	return lang_ahead_is(p, 0, symbol);
}

bool
lang_at_pair(LangParser *p, const char *two)
{
	return lang_ahead_is(p, 0, two[0]) && lang_ahead_is(p, 1, two[1]) && lang_peek(p, 0)->end == lang_peek(p, 1)->offset;
}

bool
lang_at_word(LangParser *p, const char *word)
{
	const LangToken *token = lang_peek(p, 0);

	return (token->kind == LANG_TOKEN_ID || token->kind == LANG_TOKEN_KEYWORD) && strcmp(token->sym->text, word) == 0;
}

bool
lang_accept(LangParser *p, char symbol)
{
	if (!lang_at_symbol(p, symbol))
		return false;
	lang_next(p);
	return true;
}

bool
lang_accept_pair(LangParser *p, const char *two)
{
	if (!lang_at_pair(p, two))
		return false;
	lang_next(p);
	lang_next(p);
	return true;
}

bool
lang_accept_word(LangParser *p, const char *word)
{
	if (!lang_at_word(p, word))
		return false;
	lang_next(p);
	return true;
}

void
lang_parse_fail(LangParser *p, LangPos pos, KitError code, const char *hint, const char *format,...)
{
	va_list		args;
	char		message[400];
	KitDiag    *diag;

	if (p->is_lost)
		return;
	p->is_lost = true;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diag = lang_diags_add(p->diags, code, pos, "%s", message);
	if (hint != NULL)
		kit_diag_hint(diag, "%s", hint);
}

void
lang_expected(LangParser *p, const char *what, const char *hint)
{
	const LangToken *token = lang_peek(p, 0);

	if (p->is_lost)
		return;
	if (token->kind == LANG_TOKEN_BAD)
	{
		p->is_lost = true;
		return;
	}
	if (token->kind == LANG_TOKEN_END)
		lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, hint, "expected %s, found the end of the program", what);
	else
	{
		/* What is missing belongs behind the token before, when that ends a line. */
		int			len = (int) (token->end - token->offset);

		lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, hint, "expected %s, found \"%.*s%s\"", what, len > 40 ? 40 : len, p->source + token->offset,
						len > 40 ? "…" : "");
	}
}

static const char *
forgotten(LangParser *p, char symbol)
{
	if (symbol == ';' && p->at > 0 && !p->is_lost && p->tokens[p->at - 1].pos.line < lang_peek(p, 0)->pos.line)
		return "A \";\" is missing at the end of the line before.";
	return NULL;
}

void
lang_expect(LangParser *p, char symbol, const char *where)
{
	char		what[120];

	if (lang_accept(p, symbol))
		return;
	snprintf(what, sizeof(what), "\"%c\" %s", symbol, where);
	lang_expected(p, what, forgotten(p, symbol));
}

void
lang_expect_pair(LangParser *p, const char *two, const char *where)
{
	char		what[120];

	if (lang_accept_pair(p, two))
		return;
	snprintf(what, sizeof(what), "\"%s\" %s", two, where);
	lang_expected(p, what, NULL);
}

void
lang_expect_word(LangParser *p, const char *word, const char *where)
{
	char		what[120];

	if (lang_accept_word(p, word))
		return;
	snprintf(what, sizeof(what), "\"%s\" %s", word, where);
	lang_expected(p, what, NULL);
}

static const char *const refused_names[] = {
	"abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default", "do", "double", "else", "enum", "extends",
	"final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long", "native", "new", "package", "private",
	"protected", "public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this", "throw", "throws", "transient", "try", "void",
	"volatile", "while", "true", "false", "null", "log", "bool", "secure", "principal", "dynamic", "complex", "date", "datetime", "time", "timespan", "string",
	"label", "list", "maybe", "future", "map", "grid", "pair", "tuple", "table", "readonly", "vec2", "vec3", "vec4", "matrix2", "matrix3", "matrix4", "matrixh4"
};

LangName
lang_expect_new_name(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind == LANG_TOKEN_ID || token->kind == LANG_TOKEN_KEYWORD)
	{
		for (size_t i = 0; i < sizeof(refused_names) / sizeof(refused_names[0]); i++)
		{
			if (strcmp(token->sym->text, refused_names[i]) == 0)
			{
				lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, "Choose another name.", "\"%s\" is a word of the language and cannot be %s", token->sym->text, what);
				return (LangName) {NULL, token->pos};
			}
		}
	}
	return lang_expect_name(p, what);
}

LangName
lang_expect_name(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind != LANG_TOKEN_ID)
	{
		lang_expected(p, what, NULL);
		return (LangName) {NULL, token->pos};
	}
	lang_next(p);
	return (LangName) {token->sym, token->pos};
}

int
lang_expect_int(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind != LANG_TOKEN_INT)
	{
		lang_expected(p, what, NULL);
		return 0;
	}
	lang_next(p);
	return (int) token->integer;
}

bool
lang_descend(LangParser *p)
{
	if (p->depth >= LANG_MAX_DEPTH || port_stack_is_low())
	{
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_PROGRAM_LIMIT, "Split it into smaller parts.", "the program nests deeper than %d levels here", LANG_MAX_DEPTH);
		return false;
	}
	p->depth++;
	return !p->is_lost || (p->depth--, false);
}

/* ---- types ---- */

static const struct
{
	const char *word;
	int			n_args;			/* -1: two or more; -2: a name in brackets, not a type */
}			type_words[] = {
	{"bool", 0}, {"principal", 0}, {"asset", 0}, {"dynamic", 0}, {"double", 0}, {"complex", 0}, {"date", 0}, {"datetime", 0}, {"time", 0}, {"timespan", 0},
	{"int", 0}, {"long", 0}, {"string", 0}, {"label", 0}, {"text", 0}, {"json", 0}, {"vec2", 0}, {"vec3", 0}, {"vec4", 0}, {"matrix2", 0}, {"matrix3", 0},
	{"matrix4", 0}, {"matrixh4", 0}, {"secure", 1}, {"holder", 1}, {"table", 1}, {"list", 1}, {"maybe", 1}, {"future", 1}, {"channel", 1}, {"result", 1},
	{"map", 2}, {"grid", 2}, {"pair", 2}, {"tuple", -1}
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

	if (token->kind != LANG_TOKEN_ID)
		return false;
	i = find_type_word(token->sym->text);
	if (strcmp(token->sym->text, "readonly") == 0)
		return true;
	if (i >= 0)
		return type_words[i].n_args == 0 ? after->kind == LANG_TOKEN_ID || lang_ahead_is(p, 1, '[') || lang_ahead_is(p, 1, '(') : lang_ahead_is(p, 1, '<');
	return after->kind == LANG_TOKEN_ID || (lang_ahead_is(p, 1, '[') && lang_ahead_is(p, 2, ']'));
}

static void
parse_annotations(LangParser *p, LangAnnotation **items, int *n)
{
	LangVector	all = {0};

	while (!p->is_lost && !lang_at_symbol(p, ')'))
	{
		LangAnnotation *annotation = KIT_NEW(p->arena, LangAnnotation);

		annotation->name = lang_expect_name(p, "the name of an annotation");
		if (lang_accept(p, '='))
		{
			const LangToken *value = lang_next(p);

			annotation->value = p->is_lost ? NULL : kit_sym(p->syms, p->source + value->offset, value->end - value->offset);
		}
		lang_vector_add(p, &all, annotation);
		if (!lang_accept(p, ','))
			break;
	}
	lang_expect(p, ')', "after the annotations");
	*n = all.n;
	*items = KIT_NEW_N(p->arena, LangAnnotation, all.n);
	for (int i = 0; i < all.n; i++)
		(*items)[i] = *(LangAnnotation *) all.items[i];
}

void
lang_parse_annotations(LangParser *p, LangAnnotation **items, int *n)
{
	if (lang_accept(p, '('))
		parse_annotations(p, items, n);
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
		if (i >= 0 && type_words[i].n_args != 0)
		{
			LangVector	args = {0};
			int			n = type_words[i].n_args;

			lang_expect(p, '<', "after the type's name");
			do
				lang_vector_add(p, &args, lang_parse_type(p));
			while (!p->is_lost && lang_accept(p, ','));
			if (!p->is_lost && (n > 0 ? args.n != n : args.n < 2))
				lang_parse_fail(p, type->pos, KIT_SYNTAX_ERROR, NULL, "\"%s\" takes %s", type->word->text, n == 1 ? "one type" : n == 2 ? "two types" : "two types or more");
			lang_expect(p, '>', "after the types");
			type->args = (LangTypeRef **) args.items;
			type->n_args = args.n;
		}
		if (lang_at_symbol(p, '[') && lang_ahead_is(p, 1, ']'))
		{
			lang_next(p);
			lang_next(p);
			type->is_array = true;
		}
		/* name (…): annotations, unless it is what follows a type in a declaration. */
		if (lang_at_symbol(p, '(') && lang_peek(p, 1)->kind == LANG_TOKEN_ID && (lang_ahead_is(p, 2, '=') || lang_ahead_is(p, 2, ')') || lang_ahead_is(p, 2, ',')))
			lang_parse_annotations(p, &type->annotations, &type->n_annotations);
	}
	p->depth--;
	return type;
}

/* ---- the program ---- */

static bool
begins_declaration(const LangToken *token)
{
	static const char *const words[] = {
		"enum", "record", "message", "channel", "rpc", "function", "procedure", "dispatch", "policy", "filter", "test", "view", "bubble", "@construct", "@connected",
		"@disconnected", "@delete", "@load", "@can_attach", "@attached", "@authorization", "@static", "@cron", "@include", "@import", "@link", "@web", "@export",
		"@traffic", "metric", "template", "assoc", "join", "replication", "service", "client", "public", "private", "viewer_is", "use_policy", "table", "formula"
	};

	if (token->kind != LANG_TOKEN_ID && token->kind != LANG_TOKEN_KEYWORD)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strcmp(token->sym->text, words[i]) == 0)
			return true;
	}
	return false;
}

/* After an error that began at token `from`: to the next thing in column 1 that looks like a declaration. */
static void
recover(LangParser *p, int from)
{
	p->is_lost = false;
	p->depth = 0;
	if (p->at == from && p->at < p->n - 1)
		p->at++;
	while (p->at < p->n - 1)
	{
		const LangToken *token = &p->tokens[p->at];

		if ((token->pos.column == 1 && (begins_declaration(token) || token->kind == LANG_TOKEN_LABEL)))
			return;
		p->at++;
	}
}

bool
lang_parse(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangTree *tree, LangDiags *diags)
{
	LangParser	p = {.arena = arena, .syms = syms, .diags = diags, .source = source};
	LangVector	items = {0};

	p.tokens = lang_lex(source, len, arena, syms, diags, &p.n);
	while (lang_peek(&p, 0)->kind != LANG_TOKEN_END)
	{
		int			from = p.at;
		LangDecl   *decl;

		if (lang_accept(&p, ';'))
			continue;
		decl = lang_parse_declaration(&p, LANG_DECL_FIELD);
		if (p.is_lost)
			recover(&p, from);
		else
			lang_vector_add(&p, &items, decl);
	}
	tree->arena = arena;
	tree->syms = syms;
	tree->items = (LangDecl **) items.items;
	tree->n = items.n;
	return diags->n_errors == 0;
}
