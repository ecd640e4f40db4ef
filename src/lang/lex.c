/*
 * lex.c
 *	  The lexer: see lex.h.
 *
 * Numbers follow the language's own rules: a token that begins with a digit swallows letters a-f, A-F and x as well; with a '.' or a '-' it becomes a
 * double and swallows digits, '.', 'e', 'E' and '-'.  So 7-1 is one malformed number, and 1.e5 is one double; the message says to put spaces.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/utf8.h"
#include "lang/lex.h"

typedef struct Lexer
{
	const char *source;
	uint32_t	len;
	uint32_t	at;
	int			line;
	int			column;
	KitArena   *arena;
	KitSymTable *syms;
	LangDiags  *diags;
	LangToken  *tokens;
	int			n;
	int			cap;
} Lexer;

static int
peek(const Lexer *lexer, uint32_t ahead)
{
	return lexer->at + ahead < lexer->len ? (unsigned char) lexer->source[lexer->at + ahead] : -1;
}

/* Moves on by one byte, keeping line and column (of code points). */
static void
advance(Lexer *lexer)
{
	unsigned char c = (unsigned char) lexer->source[lexer->at++];

	if (c == '\n')
	{
		lexer->line++;
		lexer->column = 1;
	}
	else if ((c & 0xc0) != 0x80)
		lexer->column++;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static LangPos
here(const Lexer *lexer)
{
	return (LangPos) {lexer->line, lexer->column, 1};
}

static LangToken *
add_token(Lexer *lexer, LangTokenKind kind, LangPos pos, uint32_t offset)
{
	LangToken  *token;

	if (lexer->n == lexer->cap)
	{
		int			cap = lexer->cap == 0 ? 256 : lexer->cap * 2;
		LangToken  *tokens = kit_arena_alloc(lexer->arena, sizeof(LangToken) * (size_t) cap);

		if (lexer->n > 0)
			memcpy(tokens, lexer->tokens, sizeof(LangToken) * (size_t) lexer->n);
		lexer->tokens = tokens;
		lexer->cap = cap;
	}
	token = &lexer->tokens[lexer->n++];
	memset(token, 0, sizeof(*token));
	token->kind = kind;
	token->pos = pos;
	token->offset = offset;
	token->end = lexer->at;
	if (pos.line == lexer->line && lexer->column > pos.column)
		token->pos.length = lexer->column - pos.column;
	return token;
}

static const char *const reserved[] = {
	"for", "foreach", "while", "do", "if", "else", "return", "break", "continue", "abort", "block", "enum", "switch", "case", "default"
};

static void
lex_word(Lexer *lexer)
{
	LangPos		pos = here(lexer);
	uint32_t	start = lexer->at;
	int			first = peek(lexer, 0);
	LangTokenKind kind = first == '@' ? LANG_TOKEN_KEYWORD : first == '#' ? LANG_TOKEN_LABEL : LANG_TOKEN_ID;
	LangToken  *token;

	advance(lexer);
	while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
		advance(lexer);
	if (kind == LANG_TOKEN_ID)
	{
		for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		{
			if (strlen(reserved[i]) == lexer->at - start && memcmp(reserved[i], lexer->source + start, lexer->at - start) == 0)
				kind = LANG_TOKEN_KEYWORD;
		}
	}
	else if (lexer->at - start == 1)
	{
		lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "a name must follow \"%c\"", first);
		kind = LANG_TOKEN_BAD;
	}
	token = add_token(lexer, kind, pos, start);
	if (kind == LANG_TOKEN_LABEL)
		start++;
	token->sym = kit_sym(lexer->syms, lexer->source + start, lexer->at - start);
}

static void
lex_number(Lexer *lexer)
{
	LangPos		pos = here(lexer);
	uint32_t	start = lexer->at;
	bool		is_double = false;
	bool		is_long = false;
	bool		has_minus = false;
	LangTokenKind kind;
	LangToken  *token;
	char		text[400];
	char	   *end;
	size_t		len;
	uint64_t	integer = 0;
	double		real = 0;

	while (is_hex(peek(lexer, 0)) || peek(lexer, 0) == 'x')
		advance(lexer);
	if (peek(lexer, 0) == '.' || peek(lexer, 0) == '-')
	{
		is_double = true;
		while (is_digit(peek(lexer, 0)) || peek(lexer, 0) == '.' || peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E' || peek(lexer, 0) == '-')
		{
			has_minus = has_minus || peek(lexer, 0) == '-';
			advance(lexer);
		}
	}
	len = lexer->at - start;
	if (!is_double && peek(lexer, 0) == 'L')
	{
		is_long = true;
		advance(lexer);
	}
	kind = is_double ? LANG_TOKEN_DOUBLE : is_long ? LANG_TOKEN_LONG : LANG_TOKEN_INT;
	if (len >= sizeof(text))
	{
		lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "this number is too long");
		kind = LANG_TOKEN_BAD;
		len = 0;
	}
	memcpy(text, lexer->source + start, len);
	text[len] = '\0';
	errno = 0;
	if (kind == LANG_TOKEN_DOUBLE)
	{
		real = strtod(text, &end);
		if (*end != '\0' || text[0] == '-' || real > 1.7976931348623157e308)
		{
			KitDiag    *diag = lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "\"%.40s\" is not a number", text);

			if (has_minus)
				kit_diag_hint(diag, "Put a space before \"-\" when it shall subtract.");
			kind = LANG_TOKEN_BAD;
		}
	}
	else if (kind != LANG_TOKEN_BAD)
	{
		bool		is_hexadecimal = len > 2 && text[0] == '0' && text[1] == 'x';
		const char *digits = is_hexadecimal ? text + 2 : text;
		uint64_t	limit = is_long ? (uint64_t) INT64_MAX : (uint64_t) INT32_MAX;

		integer = strtoull(digits, &end, is_hexadecimal ? 16 : 10);
		if (*end != '\0' || end == digits)
		{
			KitDiag    *diag = lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "\"%.40s\" is not a number", text);

			if (strpbrk(text, "eE") != NULL)
				kit_diag_hint(diag, "A number with an exponent needs a decimal point: 1.e5.");
			kind = LANG_TOKEN_BAD;
		}
		else if (errno == ERANGE || integer > limit)
		{
			KitDiag    *diag = lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "%.40s is out of range for %s", text, is_long ? "long" : "int");

			if (!is_long && errno != ERANGE && integer <= (uint64_t) INT64_MAX)
				kit_diag_hint(diag, "Write %.40sL for a long.", text);
			kind = LANG_TOKEN_BAD;
		}
	}
	token = add_token(lexer, kind, pos, start);
	token->integer = (int64_t) integer;
	token->real = real;
	if (kind != LANG_TOKEN_BAD && is_letter(peek(lexer, 0)))
	{
		lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, here(lexer), "a number ends right before \"%c\"", peek(lexer, 0));
		token->kind = LANG_TOKEN_BAD;
	}
}

static int
hex_value(int c)
{
	return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* \uXXXX behind the cursor's backslash and u: -1 when malformed. */
static int
unicode_escape(const Lexer *lexer, uint32_t ahead)
{
	int			value = 0;

	for (uint32_t i = 0; i < 4; i++)
	{
		if (!is_hex(peek(lexer, ahead + i)))
			return -1;
		value = value * 16 + hex_value(peek(lexer, ahead + i));
	}
	return value;
}

static void
add_code_point(KitBuf *buf, uint32_t c)
{
	if (c < 0x80)
		kit_buf_add_char(buf, (char) c);
	else if (c < 0x800)
	{
		kit_buf_add_char(buf, (char) (0xc0 | c >> 6));
		kit_buf_add_char(buf, (char) (0x80 | (c & 0x3f)));
	}
	else if (c < 0x10000)
	{
		kit_buf_add_char(buf, (char) (0xe0 | c >> 12));
		kit_buf_add_char(buf, (char) (0x80 | (c >> 6 & 0x3f)));
		kit_buf_add_char(buf, (char) (0x80 | (c & 0x3f)));
	}
	else
	{
		kit_buf_add_char(buf, (char) (0xf0 | c >> 18));
		kit_buf_add_char(buf, (char) (0x80 | (c >> 12 & 0x3f)));
		kit_buf_add_char(buf, (char) (0x80 | (c >> 6 & 0x3f)));
		kit_buf_add_char(buf, (char) (0x80 | (c & 0x3f)));
	}
}

static void
lex_string(Lexer *lexer)
{
	LangPos		pos = here(lexer);
	uint32_t	start = lexer->at;
	KitBuf		buf;
	LangToken  *token;
	bool		is_bad = false;

	kit_buf_init(&buf, lexer->arena);
	advance(lexer);
	for (;;)
	{
		int			c = peek(lexer, 0);
		LangPos		at = here(lexer);

		if (c < 0)
		{
			lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "this string is never closed");
			kit_diag_hint(lexer->diags->items[lexer->diags->n - 1], "Close it with \".");
			is_bad = true;
			break;
		}
		if (c == '"')
		{
			advance(lexer);
			break;
		}
		if (c == '\\')
		{
			int			e = peek(lexer, 1);
			const char *from = "btnrf\"\\";
			const char *to = "\b\t\n\r\f\"\\";
			const char *found = e > 0 ? strchr(from, e) : NULL;

			advance(lexer);
			if (found != NULL)
			{
				kit_buf_add_char(&buf, to[found - from]);
				advance(lexer);
			}
			else if (e == 'u' && unicode_escape(lexer, 1) >= 0)
			{
				uint32_t	value = (uint32_t) unicode_escape(lexer, 1);

				for (int i = 0; i < 5; i++)
					advance(lexer);
				if (value >= 0xd800 && value <= 0xdbff && peek(lexer, 0) == '\\' && peek(lexer, 1) == 'u')
				{
					int			low = unicode_escape(lexer, 2);

					if (low >= 0xdc00 && low <= 0xdfff)
					{
						value = 0x10000 + ((value - 0xd800) << 10) + ((uint32_t) low - 0xdc00);
						for (int i = 0; i < 6; i++)
							advance(lexer);
					}
				}
				if (value == 0 || (value >= 0xd800 && value <= 0xdfff))
				{
					lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, at, value == 0 ? "a string cannot contain \\u0000" : "\\u%04x is half of a surrogate pair", value);
					is_bad = true;
				}
				else
					add_code_point(&buf, value);
			}
			else
			{
				KitDiag    *diag = lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, at, "unknown escape in a string");

				kit_diag_hint(diag, "Known are \\b \\t \\n \\r \\f \\\" \\\\ and \\uXXXX.");
				is_bad = true;
			}
			continue;
		}
		kit_buf_add_char(&buf, (char) c);
		advance(lexer);
	}
	token = add_token(lexer, is_bad ? LANG_TOKEN_BAD : LANG_TOKEN_STRING, pos, start);
	token->text = kit_arena_strdup(lexer->arena, buf.data, buf.len);
	token->len = (uint32_t) buf.len;
}

/* `tag` text `tag` */
static void
lex_template(Lexer *lexer)
{
	LangPos		pos = here(lexer);
	uint32_t	start = lexer->at;
	uint32_t	tag_len;
	uint32_t	body;
	LangToken  *token;

	advance(lexer);
	while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
		advance(lexer);
	if (peek(lexer, 0) != '`')
	{
		lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "a template begins with `name`");
		add_token(lexer, LANG_TOKEN_BAD, pos, start);
		return;
	}
	advance(lexer);
	tag_len = lexer->at - start;
	body = lexer->at;
	while (lexer->at + tag_len <= lexer->len && memcmp(lexer->source + lexer->at, lexer->source + start, tag_len) != 0)
		advance(lexer);
	if (lexer->at + tag_len > lexer->len)
	{
		lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "this template is never closed");
		while (lexer->at < lexer->len)
			advance(lexer);
		add_token(lexer, LANG_TOKEN_BAD, pos, start);
		return;
	}
	token = add_token(lexer, LANG_TOKEN_TEMPLATE, pos, start);
	token->text = lexer->source + body;
	token->len = lexer->at - body;
	for (uint32_t i = 0; i < tag_len; i++)
		advance(lexer);
	lexer->tokens[lexer->n - 1].end = lexer->at;
}

/* False when the source ended within a comment. */
static bool
skip_space(Lexer *lexer)
{
	for (;;)
	{
		int			c = peek(lexer, 0);

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			advance(lexer);
		else if (c == '/' && peek(lexer, 1) == '/')
		{
			while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n')
				advance(lexer);
		}
		else if (c == '/' && peek(lexer, 1) == '*')
		{
			LangPos		pos = here(lexer);

			advance(lexer);
			advance(lexer);
			while (peek(lexer, 0) >= 0 && !(peek(lexer, 0) == '*' && peek(lexer, 1) == '/'))
				advance(lexer);
			if (peek(lexer, 0) < 0)
			{
				lang_diags_add(lexer->diags, KIT_SYNTAX_ERROR, pos, "this comment is never closed");
				return false;
			}
			advance(lexer);
			advance(lexer);
		}
		else
			return true;
	}
}

/* The first byte that is not UTF-8, or len. */
static size_t
invalid_utf8(const char *source, size_t len)
{
	const uint8_t *p = (const uint8_t *) source;
	const uint8_t *end = p + len;
	uint32_t	code;
	int			n;

	while (p < end && (n = kit_utf8_read(p, end, &code)) > 0 && code != 0)
		p += n;
	return (size_t) ((const char *) p - source);
}

LangToken *
lang_lex(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangDiags *diags, int *n)
{
	Lexer		lexer = {.source = source, .line = 1, .column = 1, .arena = arena, .syms = syms, .diags = diags};
	size_t		valid = len > LANG_MAX_SOURCE ? 0 : invalid_utf8(source, len);

	lexer.len = (uint32_t) valid;
	while (skip_space(&lexer))
	{
		int			c = peek(&lexer, 0);

		if (c < 0)
			break;
		if (is_letter(c) || c == '@' || c == '#')
			lex_word(&lexer);
		else if (is_digit(c))
			lex_number(&lexer);
		else if (c == '"')
			lex_string(&lexer);
		else if (c == '`')
			lex_template(&lexer);
		else if (c > 0 && c < 0x80 && strchr("~!$%^&*()-=+[]{}|;:.,?/<>", c) != NULL)
		{
			LangPos		pos = here(&lexer);
			uint32_t	start = lexer.at;

			advance(&lexer);
			add_token(&lexer, LANG_TOKEN_SYMBOL, pos, start)->symbol = (char) c;
		}
		else
		{
			KitDiag    *diag = lang_diags_add(diags, KIT_SYNTAX_ERROR, here(&lexer), "unexpected character");

			if (c == '\'')
				kit_diag_hint(diag, "Strings are written in double quotes.");
			do
				advance(&lexer);
			while (peek(&lexer, 0) >= 0 && (peek(&lexer, 0) & 0xc0) == 0x80);
		}
	}
	if (len > LANG_MAX_SOURCE)
		lang_diags_add(diags, KIT_PROGRAM_LIMIT, here(&lexer), "the program has %zu bytes, more than %d", len, LANG_MAX_SOURCE);
	else if (valid < len)
		lang_diags_add(diags, KIT_SYNTAX_ERROR, here(&lexer), source[valid] == '\0' ? "unexpected zero byte" : "this is not UTF-8");
	add_token(&lexer, LANG_TOKEN_END, here(&lexer), lexer.at);
	*n = lexer.n;
	return lexer.tokens;
}
