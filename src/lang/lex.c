/*
 * lex.c
 *	  The lexer: blanks, comments, words and symbols.  Literals are in lex_literal.c.
 *
 * The source is UTF-8 and is checked as it is read.  Columns count code points, lines end in LF (a CR is a blank).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kit/utf8.h"
#include "lang/lex_internal.h"

/* ---- characters ---- */

bool
lex_is_word_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_word_start(int c)
{
	return (lex_is_word_char(c) && !(c >= '0' && c <= '9')) || c == '@' || c == '#';
}

KitDiag *
lex_error(Lex *lex, LangPos pos, const char *format,...)
{
	char		text[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lex->is_damaged = true;
	return lang_diags_add(lex->diags, KIT_SYNTAX_ERROR, pos, "%s", text);
}

uint32_t
lex_step(Lex *lex)
{
	uint32_t	code = 0;
	int			n = kit_utf8_read(lex->at, lex->end, &code);

	if (n == 0)
	{
		if (!lex->is_bad_utf8)
		{
			KitDiag    *diag = lex_error(lex, (LangPos) {lex->line, lex->column, 1},
										 "the program is not valid UTF-8: byte 0x%02x", lex->at[0]);

			kit_diag_hint(diag, "Save it in UTF-8.");
			lex->is_bad_utf8 = true;
		}
		lex->is_damaged = true;
		n = 1;
		code = 0;
	}
	lex->at += n;
	if (code == '\n')
	{
		lex->line++;
		lex->column = 1;
	}
	else
		lex->column++;
	return code;
}

static void
skip_block_comment(Lex *lex)
{
	LangPos		pos = {lex->line, lex->column, 2};
	KitDiag    *diag;

	lex_step(lex);
	lex_step(lex);
	while (lex->at < lex->end)
	{
		if (lex->at[0] == '*' && lex->end - lex->at >= 2 && lex->at[1] == '/')
		{
			lex_step(lex);
			lex_step(lex);
			return;
		}
		lex_step(lex);
	}
	diag = lex_error(lex, pos, "this comment is not closed: expected \"*/\", found the end of the program");
	kit_diag_hint(diag, "Comments do not nest: the first \"*/\" ends one.");
}

static void
skip_blanks(Lex *lex)
{
	while (lex->at < lex->end)
	{
		uint8_t		c = lex->at[0];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			lex_step(lex);
		else if (c == '/' && lex->end - lex->at >= 2 && lex->at[1] == '/')
		{
			while (lex->at < lex->end && lex->at[0] != '\n')
				lex_step(lex);
		}
		else if (c == '/' && lex->end - lex->at >= 2 && lex->at[1] == '*')
			skip_block_comment(lex);
		else
			return;
	}
}

/* ---- tokens ---- */

static bool
is_reserved(const char *word, size_t len)
{
	static const char *const reserved[] = {
		"for", "foreach", "while", "do", "if", "else", "return", "break", "continue", "abort", "block", "enum", "switch", "case",
		"default"
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strncmp(reserved[i], word, len) == 0 && reserved[i][len] == '\0')
			return true;
	return false;
}

static void
read_word(Lex *lex, LangToken *token)
{
	const uint8_t *from = lex->at;
	const char *text;
	size_t		len;

	lex_step(lex);
	while (lex->at < lex->end && lex_is_word_char(lex->at[0]))
		lex_step(lex);
	text = (const char *) from;
	len = (size_t) (lex->at - from);
	if (len == 1 && (from[0] == '@' || from[0] == '#'))
	{
		KitDiag    *diag = lex_error(lex, token->pos, "expected a word right after \"%c\"", from[0]);

		lex->is_cut = true;
		if (from[0] == '#')
			kit_diag_hint(diag, "\"#\" begins the name of a state, as in #start; comments begin with \"//\".");
		else
			kit_diag_hint(diag, "\"@\" begins words such as @who and @connected.");
	}
	if (from[0] == '#')
	{
		token->kind = LANG_TOKEN_LABEL;
		token->sym = kit_sym(lex->syms, text + 1, len - 1);
		return;
	}
	token->sym = kit_sym(lex->syms, text, len);
	token->kind = from[0] == '@' || is_reserved(text, len) ? LANG_TOKEN_KEYWORD : LANG_TOKEN_ID;
}

/* A character that has no place outside of strings and comments.  True when it began a string of a foreign kind. */
static bool
read_foreign(Lex *lex, LangToken *token)
{
	static const char *const straight[] = {"'", NULL};
	static const char *const curly[] = {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x98", "\xe2\x80\x99", NULL};
	static const char quotes_hint[] = "Strings are written in double quotes: \"text\".";
	const uint8_t *from = lex->at;
	const uint8_t *end;
	uint32_t	code;
	bool		is_curly;
	KitDiag    *diag;

	if (from[0] == '\'' && lex_foreign_string(lex, token, straight, quotes_hint))
		return true;
	code = lex_step(lex);
	if (code == 0 && from[0] != '\0')
		return false;			/* not UTF-8: has been said */
	end = lex->at;
	is_curly = code == 0x2018 || code == 0x2019 || code == 0x201c || code == 0x201d;
	if (is_curly)
	{
		lex->at = from;
		lex->column--;
		if (lex_foreign_string(lex, token, curly, quotes_hint))
			return true;
		lex_step(lex);
	}
	if (code < 0x20 || code == 0x7f)
		diag = lex_error(lex, token->pos, "the character U+%04X has no meaning outside of strings and comments", (unsigned) code);
	else if (code < 0x80)
		diag = lex_error(lex, token->pos, "\"%c\" has no meaning outside of strings and comments", (int) code);
	else
		diag = lex_error(lex, token->pos, "\"%.*s\" (U+%04X) has no meaning outside of strings and comments", (int) (end - from),
						 (const char *) from,
						 (unsigned) code);
	if (code == '\'' || is_curly)
		kit_diag_hint(diag, "%s", quotes_hint);
	else if (code == 0xa0 || code == 0xfeff || (code >= 0x2000 && code <= 0x200f) || code == 0x202f || code == 0x3000)
		kit_diag_hint(diag, "It looks like a blank, or like nothing at all: replace it by a blank.");
	else if (code == 0x2212 || code == 0x2013 || code == 0x2014)
		kit_diag_hint(diag, "It looks like a minus: write \"-\".");
	else if (code >= 0x80)
	{
		/* a name in another script is one mistake, not many */
		kit_diag_hint(diag, "Names are made of the letters a to z and A to Z, digits and \"_\".");
		while (lex->at < lex->end && (lex_is_word_char(lex->at[0]) || lex->at[0] >= 0xc3))
			lex_step(lex);
	}
	return false;
}

static bool
is_symbol(int c)
{
	return c != '\0' && strchr("~!$%^&*()-=+[]{}|;:.,?/<>", c) != NULL;
}

/* One token, unless what is there is skipped. */
static bool
read_token(Lex *lex, LangToken *token)
{
	int			c = lex->at[0];

	if (is_word_start(c))
		read_word(lex, token);
	else if ((c >= '0' && c <= '9') || (c == '.' && lex->end - lex->at >= 2 && lex->at[1] >= '0' && lex->at[1] <= '9'))
		lex_number(lex, token);
	else if (c == '"')
		lex_string(lex, token);
	else if (c == '`')
		lex_template(lex, token);
	else if (is_symbol(c))
	{
		token->kind = LANG_TOKEN_SYMBOL;
		token->symbol = (char) c;
		lex_step(lex);
	}
	else
		return read_foreign(lex, token);
	return true;
}

/* How much of the token stands in its first line. */
static int
first_line_length(const Lex *lex, const uint8_t *at)
{
	int			length = 0;
	uint32_t	code;
	int			n;

	for (; at < lex->at && *at != '\n'; at += n == 0 ? 1 : n)
	{
		n = kit_utf8_read(at, lex->end, &code);
		length++;
	}
	return length;
}

static void
next_token(Lex *lex, LangToken *token)
{
	bool		is_read;

	memset(token, 0, sizeof(LangToken));
	do
	{
		skip_blanks(lex);
		token->pos = (LangPos) {lex->line, lex->column, 1};
		token->offset = (uint32_t) (lex->at - lex->start);
		is_read = lex->at == lex->end || read_token(lex, token);
	} while (!is_read);
	token->end = (uint32_t) (lex->at - lex->start);
	if (lex->line > token->pos.line)
		token->pos.length = first_line_length(lex, lex->start + token->offset);
	else if (lex->column > token->pos.column)
		token->pos.length = lex->column - token->pos.column;
	token->is_damaged = lex->is_damaged;
	lex->is_damaged = lex->is_cut;
	lex->is_cut = false;
}

/* The array holds 256, 512, … tokens: its size follows from their number. */
static LangToken *
add_token(KitArena *arena, LangToken *tokens, int *n, const LangToken *token)
{
	LangToken  *grown = tokens;

	if (*n == 0 || (*n >= 256 && (*n & (*n - 1)) == 0))
	{
		grown = kit_arena_alloc(arena, sizeof(LangToken) * (*n == 0 ? 256 : (size_t) *n * 2));
		if (*n > 0)
			memcpy(grown, tokens, sizeof(LangToken) * (size_t) *n);
	}
	grown[(*n)++] = *token;
	return grown;
}

LangToken *
lang_lex(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangDiags *diags, int *n)
{
	Lex			lex = {.line = 1, .column = 1, .arena = arena, .syms = syms, .diags = diags};
	LangToken  *tokens = NULL;
	LangToken	token;

	*n = 0;
	if (len > LANG_MAX_SOURCE)
	{
		KitDiag    *diag = lang_diags_add(diags, KIT_PROGRAM_LIMIT, (LangPos) {0},
										  "the program has %zu bytes, at most %d are allowed", len, LANG_MAX_SOURCE);

		kit_diag_hint(diag, "Make it smaller, or deploy it as several spaces.");
		len = 0;
	}
	lex.start = lex.at = (const uint8_t *) source;
	lex.end = lex.start + len;
	/* editors may begin a file with a byte order mark */
	if (len >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0)
		lex.at += 3;
	lex.suspect = lex_find_suspect(&lex);
	do
	{
		next_token(&lex, &token);
		tokens = add_token(arena, tokens, n, &token);
	} while (token.kind != LANG_TOKEN_END);
	return tokens;
}
