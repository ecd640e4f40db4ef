/*
 * parse.c
 *	  The parser's cursor, its errors and how it goes on after them, and the program as a whole.
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

	if (!p->is_lost && p->at < p->n - 1)
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
lang_token_is(const LangToken *token, const char *word)
{
	return (token->kind == LANG_TOKEN_ID || token->kind == LANG_TOKEN_KEYWORD) && strcmp(token->sym->text, word) == 0;
}

bool
lang_at_word(LangParser *p, const char *word)
{
	return lang_token_is(lang_peek(p, 0), word);
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

/* ---- errors ---- */

/* Reports, unless it is about a place that was reported already. */
static void __attribute__((format(printf, 5, 0)))
report(LangParser *p, LangPos pos, KitError code, const char *hint, const char *format, va_list args)
{
	char		message[400];
	KitDiag    *diag;

	if (p->is_stopped)
		return;
	for (int i = p->n_diags; i < p->diags->n; i++)
		if (p->diags->items[i]->line == pos.line && p->diags->items[i]->column == pos.column)
			return;
	if (pos.line >= p->cut_line && pos.line < p->cut_end)
		return;
	vsnprintf(message, sizeof(message), format, args);
	diag = lang_diags_add(p->diags, code, pos, "%s", message);
	if (hint != NULL)
		kit_diag_hint(diag, "%s", hint);
}

void
lang_parse_fail(LangParser *p, LangPos pos, KitError code, const char *hint, const char *format,...)
{
	va_list		args;

	if (p->is_lost)
		return;
	va_start(args, format);
	report(p, pos, code, hint, format, args);
	va_end(args);
	p->is_lost = true;
	p->is_stopped = code == KIT_PROGRAM_LIMIT;
}

void
lang_report(LangParser *p, LangPos pos, const char *hint, const char *format,...)
{
	va_list		args;

	if (p->is_lost)
		return;
	va_start(args, format);
	report(p, pos, KIT_SYNTAX_ERROR, hint, format, args);
	va_end(args);
}

/* The length of the operator at the current token, of one character or two. */
static int
operator_length(LangParser *p)
{
	static const char *const pairs[] = {"++", "--", "==", "!=", "=?", "<=", ">=", "<-", "->", "::", "&&", "||", "^^", "+=", "-=",
										"*=", "[]"};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (lang_at_pair(p, pairs[i]))
			return 2;
	return 1;
}

/* The current token, for "found ...". */
static const char *
found_text(LangParser *p, char *text, size_t size)
{
	const LangToken *token = lang_peek(p, 0);
	int			len = (int) (token->end - token->offset);

	switch (token->kind)
	{
		case LANG_TOKEN_END:
			return "the end of the program";
		case LANG_TOKEN_STRING:
			return "a string";
		case LANG_TOKEN_TEMPLATE:
			return "a template";
		case LANG_TOKEN_SYMBOL:
			len = operator_length(p);
			break;
		default:
			break;
	}
	snprintf(text, size, "\"%.*s%s\"", len > 40 ? 40 : len, p->source + token->offset, len > 40 ? "..." : "");
	return text;
}

void
lang_expected(LangParser *p, const char *what, const char *hint)
{
	const LangToken *token = lang_peek(p, 0);
	LangPos		pos = token->pos;
	char		found[60];

	if (p->is_lost)
		return;
	if (token->is_damaged && p->diags->n_errors > 0)
	{
		/* the lexer has reported it */
		p->is_lost = true;
		return;
	}
	if (token->kind == LANG_TOKEN_SYMBOL)
		pos.length = operator_length(p);
	if (hint == NULL)
		hint = lang_usual_hint(p, what);
	lang_parse_fail(p, pos, KIT_SYNTAX_ERROR, hint, "expected %s, found %s", what, found_text(p, found, sizeof(found)));
}

/* Where the token before the current one ends. */
static LangPos
end_of_previous(LangParser *p)
{
	const LangToken *token = &p->tokens[p->at - 1];
	LangPos		pos = {token->pos.line, token->pos.column, 1, token->pos.file};

	for (uint32_t i = token->offset; i < token->end; i++)
	{
		if (p->source[i] == '\n')
		{
			pos.line++;
			pos.column = 1;
		}
		else if (((unsigned char) p->source[i] & 0xc0) != 0x80)
			pos.column++;
	}
	return pos;
}

/*
 * A ';' that is missing at the end of a line, or before a '}', is reported there, and taken as written.  Within a line it is not
 * clear what was meant.
 */
static void
expect_semicolon(LangParser *p, const char *where)
{
	const LangToken *token = lang_peek(p, 0);
	LangPos		before;
	char		what[120];
	char		found[60];

	snprintf(what, sizeof(what), "\";\" %s", where);
	if (p->is_lost || p->at == 0)
	{
		lang_expected(p, what, NULL);
		return;
	}
	before = end_of_previous(p);
	if (token->kind != LANG_TOKEN_END && token->pos.line == before.line && !lang_at_symbol(p, '}'))
		lang_expected(p, what, NULL);
	else if (!token->is_damaged || p->diags->n_errors == 0)
		lang_report(p, before, lang_usual_hint(p, what), "expected %s, found %s", what, found_text(p, found, sizeof(found)));
}

void
lang_expect(LangParser *p, char symbol, const char *where)
{
	char		what[120];

	if (lang_accept(p, symbol))
		return;
	if (symbol == ';')
	{
		expect_semicolon(p, where);
		return;
	}
	snprintf(what, sizeof(what), "\"%c\" %s", symbol, where);
	lang_expected(p, what, NULL);
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

/* ---- names and numbers ---- */

static const char *const refused_names[] = {
	"abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default", "do",
	"double", "else", "enum", "extends", "final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof",
	"int", "interface", "long", "native", "new", "package", "private", "protected", "public", "return", "short", "static",
	"strictfp", "super", "switch", "synchronized", "this", "throw", "throws", "transient", "try", "void", "volatile", "while",
	"true", "false", "null", "log", "bool", "secure", "principal", "dynamic", "complex", "date", "datetime", "time", "timespan",
	"string", "label", "list", "maybe", "future", "map", "grid", "pair", "tuple", "table", "readonly", "vec2", "vec3", "vec4",
	"matrix2", "matrix3", "matrix4", "matrixh4"
};

bool
lang_is_refused_name(const KitSym *sym)
{
	for (size_t i = 0; i < sizeof(refused_names) / sizeof(refused_names[0]); i++)
		if (strcmp(sym->text, refused_names[i]) == 0)
			return true;
	return false;
}

static LangName
missing_name(LangParser *p, const char *what)
{
	char		expected[120];

	snprintf(expected, sizeof(expected), "the name of %s", what);
	lang_expected(p, expected, NULL);
	return (LangName) {NULL, lang_peek(p, 0)->pos};
}

LangName
lang_expect_new_name(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);
	const LangToken *after = lang_peek(p, 1);

	if ((token->kind == LANG_TOKEN_ID || token->kind == LANG_TOKEN_KEYWORD) && token->sym->text[0] != '@' &&
		(token->kind == LANG_TOKEN_KEYWORD || lang_is_refused_name(token->sym)))
	{
		const char *hint = "Choose another name.";

		/* at the beginning of a line it begins something else */
		if (p->at > 0 && p->tokens[p->at - 1].pos.line < token->pos.line)
			return missing_name(p, what);
		if (after->kind == LANG_TOKEN_ID && lang_is_type_word(token->sym))
			hint = strcmp(what, "a function") == 0 ? "The type comes last: function f(int a) -> int { ... }." :
				"A type is given once, before the name.";
		if (lang_hint_modifier(p) != NULL)
			hint = lang_hint_modifier(p);
		lang_report(p, token->pos, hint, "\"%s\" is a word of the language and cannot name %s", token->sym->text, what);
		/* taken as the name it was meant to be, if it was */
		if (after->kind != LANG_TOKEN_SYMBOL)
			p->is_lost = true;
		lang_next(p);
		return (LangName) {token->sym, token->pos};
	}
	return lang_expect_name(p, what);
}

LangName
lang_expect_name(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind != LANG_TOKEN_ID)
		return missing_name(p, what);
	lang_next(p);
	return (LangName) {token->sym, token->pos};
}

int
lang_expect_int(LangParser *p, const char *what, int low, int high)
{
	const LangToken *token = lang_peek(p, 0);

	if (token->kind != LANG_TOKEN_INT)
	{
		lang_expected(p, what, NULL);
		return 0;
	}
	if ((token->integer < low || token->integer > high) && !token->is_damaged)
		lang_report(p, token->pos, NULL, "expected %s from %d to %d, found %d", what, low, high, (int) token->integer);
	lang_next(p);
	return (int) token->integer;
}

bool
lang_descend(LangParser *p)
{
	if (p->depth >= LANG_MAX_DEPTH || port_stack_is_low())
	{
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_PROGRAM_LIMIT, "Put parts of it into functions or procedures.",
						"the program nests deeper than %d levels here", LANG_MAX_DEPTH);
		return false;
	}
	p->depth++;
	return !p->is_lost || (p->depth--, false);
}

/* ---- going on after an error ---- */

/* A word that begins a declaration and hardly anything else; is_sure: whatever follows it. */
static bool
is_declaration_word(const LangToken *token, bool *is_sure)
{
	static const char *const sure[] = {
		"enum", "@construct", "@connected", "@disconnected", "@delete", "@load", "@can_attach", "@attached", "@authorization",
		"@static", "@cron", "@include", "@import", "@link", "@web", "@export", "@traffic"
	};
	static const char *const others[] = {
		"record", "message", "channel", "rpc", "function", "procedure", "dispatch", "policy", "filter", "test", "view",
		"bubble", "metric", "template", "assoc", "join", "replication", "service", "client", "public", "private", "viewer_is",
		"use_policy", "formula", "table"
	};

	*is_sure = true;
	for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
		if (lang_token_is(token, sure[i]))
			return true;
	*is_sure = false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (lang_token_is(token, others[i]))
			return true;
	return false;
}

bool
lang_begins_declaration(LangParser *p, int ahead)
{
	int			i = p->at + ahead;
	const LangToken *token = &p->tokens[i < p->n ? i : p->n - 1];
	const LangToken *after = &p->tokens[i + 1 < p->n ? i + 1 : p->n - 1];
	bool		is_sure;

	if (token->pos.column != 1 || !is_declaration_word(token, &is_sure))
		return false;
	return is_sure || after->kind == LANG_TOKEN_ID || (after->kind == LANG_TOKEN_SYMBOL && after->symbol == '<');
}

static bool
begins_statement(const LangToken *token, const LangToken *before)
{
	static const char *const words[] = {
		"if", "for", "foreach", "while", "do", "switch", "case", "default", "break", "continue", "return", "abort", "let"
	};

	if (token->pos.line == before->pos.line)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (lang_token_is(token, words[i]))
			return true;
	return false;
}

static int
brace(const LangToken *token)
{
	return token->kind != LANG_TOKEN_SYMBOL ? 0 : token->symbol == '{' ? 1 : token->symbol == '}' ? -1 : 0;
}

bool
lang_recover(LangParser *p, int from, int depth, bool in_block)
{
	int			start = p->at;
	int			braces = 0;

	if (p->is_stopped)
		return false;
	for (int i = from; i < p->at; i++)
		braces += brace(&p->tokens[i]);
	if (in_block && braces == 0 && p->at > from && p->tokens[p->at].is_damaged && p->tokens[p->at].pos.line > p->tokens[p->at - 1].pos.line)
	{
		/* the rest of the line before was lost with a string that is not closed */
		p->is_lost = false;
		p->depth = depth;
		return true;
	}
	for (; p->at < p->n - 1; p->at++)
	{
		const LangToken *token = &p->tokens[p->at];

		if (p->at > from && lang_begins_declaration(p, 0))
			break;
		if (braces > 0)
		{
			braces += brace(token);
			/* a member or declaration ends with its body */
			if (braces == 0 && !in_block)
			{
				p->at++;
				break;
			}
			continue;
		}
		if (brace(token) < 0)
			break;
		if (token->kind == LANG_TOKEN_SYMBOL && token->symbol == ';')
		{
			p->at++;
			break;
		}
		if (in_block && p->at > from && (brace(token) > 0 || (p->at > start && begins_statement(token, token - 1))))
			break;
		braces += brace(token);
	}
	if (p->at == from)
		p->at += p->at < p->n - 1 && brace(&p->tokens[p->at]) >= 0;
	p->is_lost = false;
	p->depth = depth;
	return true;
}

bool
lang_must_end(LangParser *p)
{
	return lang_peek(p, 0)->kind == LANG_TOKEN_END || (p->is_unclosed && lang_begins_declaration(p, 0));
}

bool
lang_at_end(LangParser *p, const LangToken *open, const char *what)
{
	char		hint[100];

	if (p->is_lost)
		return true;
	if (lang_accept(p, '}'))
		return true;
	if (!lang_must_end(p))
		return false;
	/* it may have been lost with the end of a string's line */
	if (p->cut_line >= open->pos.line)
		return true;
	snprintf(hint, sizeof(hint), "The \"{\" at line %d, column %d is not closed.", open->pos.line, open->pos.column);
	lang_expected(p, what, hint);
	return true;
}

/* ---- the program ---- */

/* By place: what the lexer finds is reported before what the parser finds. */
static void
sort_diags(LangDiags *diags, int from)
{
	for (int i = from + 1; i < diags->n; i++)
	{
		KitDiag    *moving = diags->items[i];
		int			k = i;

		for (; k > from && (diags->items[k - 1]->line > moving->line ||
							(diags->items[k - 1]->line == moving->line && diags->items[k - 1]->column > moving->column)); k--)
			diags->items[k] = diags->items[k - 1];
		diags->items[k] = moving;
	}
}

/*
 * Of the line of a string that is not closed it is not known what is in strings, and what is not.  When that may have lost a brace, all is unclear up to the next
 * declaration.
 */
static void
find_cut(LangParser *p)
{
	int			braces = 0;
	int			i = 0;

	for (int k = p->n_diags; k < p->diags->n && p->cut_line == 0; k++)
		if (strncmp(p->diags->items[k]->message, "this string is not closed", 25) == 0)
			p->cut_line = p->diags->items[k]->line;
	if (p->cut_line == 0)
		return;
	p->cut_end = p->cut_line + 1;
	for (; i < p->n && p->tokens[i].pos.line <= p->cut_line; i++)
		if (p->tokens[i].kind == LANG_TOKEN_STRING && p->tokens[i].pos.line == p->cut_line)
			for (const char *text = p->tokens[i].text; *text != '\0'; text++)
				braces += (*text == '{') - (*text == '}');
	if (braces == 0)
		return;
	while (i < p->n - 1 && !lang_begins_declaration(p, i))
		i++;
	p->cut_end = i < p->n - 1 ? p->tokens[i].pos.line : INT32_MAX;
}

bool
lang_parse(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangTree *tree, LangDiags *diags)
{
	LangParser	p = {.arena = arena, .syms = syms, .diags = diags, .source = source};
	LangVector	items = {0};
	int			n_errors = diags->n_errors;
	int			braces = 0;

	p.n_diags = diags->n;
	p.tokens = lang_lex(source, len, arena, syms, diags, &p.n);
	for (int i = 0; i < p.n; i++)
	{
		p.tokens[i].pos.file = diags->file;
		braces += brace(&p.tokens[i]);
	}
	p.is_unclosed = braces > 0;
	find_cut(&p);
	while (lang_peek(&p, 0)->kind != LANG_TOKEN_END)
	{
		int			from = p.at;
		LangDecl   *decl;

		port_poll();
		if (lang_accept(&p, ';'))
			continue;
		if (lang_at_symbol(&p, '}'))
		{
			lang_report(&p, lang_peek(&p, 0)->pos, "It closes nothing: a block was closed before, or its \"{\" is missing.",
						"expected a declaration, found \"}\"");
			lang_next(&p);
			continue;
		}
		decl = lang_parse_declaration(&p, LANG_DECL_FIELD);
		if (!p.is_lost)
			lang_vector_add(&p, &items, decl);
		else if (!lang_recover(&p, from, 0, false))
			break;
	}
	sort_diags(diags, p.n_diags);
	tree->arena = arena;
	tree->syms = syms;
	tree->sources = NULL;
	tree->n_sources = 0;
	tree->items = (LangDecl **) items.items;
	tree->n = items.n;
	return diags->n_errors == n_errors;
}
