/*
 * lex_literal.c
 *	  Numbers, strings and templates.
 *
 * A number begins with a digit and takes all of 0-9, a-f, A-F and x that follow.  If then comes a "." or a "-", it is a double
 * and takes all of 0-9, ".", "e", "E" and "-".  So "7-1" is one token, and not a number; 1e5 is none either, 1.e5 is.  That is how
 * the language has it: here such a token is reported with what was probably meant, and cut where it would have ended, so that
 * nothing else is reported because of it.
 */
#include <math.h>
#include <string.h>

#include "kit/decimal.h"
#include "kit/utf8.h"
#include "lang/lex_internal.h"

/* What is quoted of a source in a message. */
#define QUOTE_LEN 40

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int
hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* ---- numbers ---- */

/* Ends the token behind n bytes of ASCII. */
static void
take(Lex *lex, size_t n)
{
	lex->at += n;
	lex->column += (int) n;
}

static KitDiag *
not_a_number(Lex *lex, const LangToken *token, const uint8_t *end)
{
	int			n = (int) (end - lex->at);
	LangPos		pos = {token->pos.line, token->pos.column, n};

	return lex_error(lex, pos, "\"%.*s%s\" is not a number", n > QUOTE_LEN ? QUOTE_LEN : n, (const char *) lex->at,
					 n > QUOTE_LEN ? "..." : "");
}

/* Digits, or 0x and digits.  False when they are something else; *is_large when they exceed 64 bits with sign. */
static bool
read_integer(const uint8_t *p, const uint8_t *end, uint64_t *value, bool *is_large)
{
	unsigned	base = 10;

	if (end - p >= 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
	{
		base = 16;
		p += 2;
	}
	if (p == end)
		return false;
	*value = 0;
	*is_large = false;
	for (; p < end; p++)
	{
		int			digit = hex_value(*p);

		if (digit < 0 || (unsigned) digit >= base)
			return false;
		if (*value > ((uint64_t) INT64_MAX - (unsigned) digit) / base)
			*is_large = true;
		else
			*value = *value * base + (unsigned) digit;
	}
	return true;
}

static void
finish_integer(Lex *lex, LangToken *token, const uint8_t *end)
{
	bool		is_long = end < lex->end && *end == 'L';
	uint64_t	value = 0;
	bool		is_large = false;
	KitDiag    *diag;

	token->kind = is_long ? LANG_TOKEN_LONG : LANG_TOKEN_INT;
	if (!read_integer(lex->at, end, &value, &is_large))
	{
		const uint8_t *p = lex->at;

		diag = not_a_number(lex, token, end);
		while (p < end && is_digit(*p))
			p++;
		if (end - p >= 1 && (*p == 'e' || *p == 'E') && p > lex->at)
		{
			const uint8_t *digits = p + 1;

			while (digits < end && is_digit(*digits))
				digits++;
			if (digits == end && digits > p + 1)
				kit_diag_hint(diag, "An exponent needs a decimal point: %.*s.0%.*s.", (int) (p - lex->at > 20 ? 20 : p - lex->at),
							  (const char *) lex->at, (int) (end - p > 20 ? 20 : end - p), (const char *) p);
			else
				kit_diag_hint(diag, "An exponent needs a decimal point, as in 1.0e5.");
		}
		else if (end - lex->at >= 2 && (lex->at[1] == 'x' || lex->at[1] == 'X'))
			kit_diag_hint(diag, "A hexadecimal number is 0x and digits, as in 0xff.");
		else
			kit_diag_hint(diag, "Put a blank between a number and a word; a hexadecimal number begins with 0x.");
		value = 0;
	}
	else if (is_large || (!is_long && value > INT32_MAX))
	{
		int			n = (int) (end - lex->at);
		const char *dots = n > QUOTE_LEN ? "..." : "";
		LangPos		pos = {token->pos.line, token->pos.column, n + is_long};

		n = n > QUOTE_LEN ? QUOTE_LEN : n;
		if (is_large)
		{
			diag = lex_error(lex, pos, "%.*s%s does not fit into a long", n, (const char *) lex->at, dots);
			kit_diag_hint(diag, "A long is at most 9223372036854775807.");
		}
		else
		{
			diag = lex_error(lex, pos, "%.*s%s does not fit into an int", n, (const char *) lex->at, dots);
			kit_diag_hint(diag, "An int is at most 2147483647; with an L at its end a number is a long: %.*sL.", n,
						  (const char *) lex->at);
		}
		value = 0;
	}
	token->integer = (int64_t) value;
	take(lex, (size_t) (end - lex->at) + is_long);
}

/* "7-1", "1.5-x": the text before the minus is the number. */
static void
report_minus(Lex *lex, LangToken *token, const uint8_t *minus)
{
	const uint8_t *end = minus + 1;
	int			n = (int) (minus - lex->at);
	int			n_after;
	KitDiag    *diag;

	while (end < lex->end && (lex_is_word_char(*end) || *end == '.'))
		end++;
	n_after = (int) (end - minus - 1);
	diag = not_a_number(lex, token, end);
	lex->is_cut = true;
	kit_diag_hint(diag, "A minus right behind a digit belongs to the number. Write blanks around it: %.*s - %.*s%s",
				  n > QUOTE_LEN ? QUOTE_LEN : n,
				  (const char *) lex->at, n_after > QUOTE_LEN ? QUOTE_LEN : n_after, (const char *) minus + 1, n_after == 0 ?
					  "..." : ".");
}

static void
finish_double(Lex *lex, LangToken *token, const uint8_t *end)
{
	size_t		len = (size_t) (end - lex->at);
	double		value = 0;
	KitDiag    *diag;

	token->kind = LANG_TOKEN_DOUBLE;
	if (!kit_double_parse((const char *) lex->at, len, &value))
	{
		bool		is_plus = end < lex->end && *end == '+' && (end[-1] == 'e' || end[-1] == 'E');

		if (is_plus)
			for (end++; end < lex->end && is_digit(*end); end++)
				;
		diag = not_a_number(lex, token, end);
		if (is_plus)
			kit_diag_hint(diag, "Leave out the plus of the exponent, as in 1.0e5.");
		else
			kit_diag_hint(diag, "A double is written as 1.5, .5 or 1.0e5.");
		value = 0;
	}
	else if (!isfinite(value))
	{
		diag = lex_error(lex, (LangPos) {token->pos.line, token->pos.column, (int) len}, "the number is too large for a double");
		kit_diag_hint(diag, "A double is at most 1.7976931348623157e308.");
		value = 0;
	}
	else if (end < lex->end && *end == 'L')
	{
		end++;
		diag = not_a_number(lex, token, end);
		kit_diag_hint(diag, "Only whole numbers can be long: leave out the L.");
	}
	token->real = value;
	take(lex, (size_t) (end - lex->at));
}

void
lex_number(Lex *lex, LangToken *token)
{
	const uint8_t *whole = lex->at;
	const uint8_t *end;

	while (whole < lex->end && (hex_value(*whole) >= 0 || *whole == 'x'))
		whole++;
	if (whole == lex->end || (*whole != '.' && *whole != '-'))
	{
		finish_integer(lex, token, whole);
		return;
	}
	for (end = whole; end < lex->end && (is_digit(*end) || *end == '.' || *end == '-' || *end == 'e' || *end == 'E'); end++)
		if (*end == '-' && (end == whole || (end[-1] != 'e' && end[-1] != 'E')))
		{
			report_minus(lex, token, end);
			if (end == whole)
				finish_integer(lex, token, end);
			else
				finish_double(lex, token, end);
			return;
		}
	finish_double(lex, token, end);
}

/* ---- strings ---- */

/*
 * Where the text ends that begins at p: at the quote that closes it, or NULL.  Once one was not closed, others are looked for in
 * their line only: else a program of nothing but quotes would be read again and again.
 */
static const uint8_t *
find_quote(const Lex *lex, const uint8_t *p)
{
	for (; p < lex->end && *p != '"' && !(lex->is_unclosed && *p == '\n'); p++)
		if (*p == '\\')
		{
			if (++p == lex->end)
				return NULL;
		}
	return p < lex->end && *p == '"' ? p : NULL;
}

/* Four hexadecimal digits at p, or -1. */
static int
read_hex4(const uint8_t *p, const uint8_t *end)
{
	int			value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		int			digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* \uXXXX, also two of them that are one character.  The place is at the backslash. */
static uint32_t
read_unicode(Lex *lex, const uint8_t *end)
{
	LangPos		pos = {lex->line, lex->column, 6};
	int			code = read_hex4(lex->at + 2, end);
	KitDiag    *diag;

	if (code < 0)
	{
		pos.length = 2;
		diag = lex_error(lex, pos, "expected four hexadecimal digits after \"\\u\"");
		kit_diag_hint(diag, "Write \\u00e9, or the character itself.");
		take(lex, 2);
		return '?';
	}
	take(lex, 6);
	if (code == 0)
	{
		diag = lex_error(lex, pos, "a string cannot hold the character U+0000");
		return '?';
	}
	if (code >= 0xd800 && code <= 0xdbff && end - lex->at >= 6 && lex->at[0] == '\\' && lex->at[1] == 'u')
	{
		int			low = read_hex4(lex->at + 2, end);

		if (low >= 0xdc00 && low <= 0xdfff)
		{
			take(lex, 6);
			return 0x10000 + ((uint32_t) (code - 0xd800) << 10) + (uint32_t) (low - 0xdc00);
		}
	}
	if (code >= 0xd800 && code <= 0xdfff)
	{
		diag = lex_error(lex, pos, "\"\\u%04x\" is half of a character", (unsigned) code);
		kit_diag_hint(diag, "Beyond U+FFFF a character is two of them, as in \\ud83d\\ude00, or the character itself.");
		return '?';
	}
	return (uint32_t) code;
}

static uint32_t
read_escape(Lex *lex, const uint8_t *end)
{
	static const char letters[] = "btnrf\"\\";
	static const char meanings[] = "\b\t\n\r\f\"\\";
	LangPos		pos = {lex->line, lex->column, 2};
	int			c = lex->at[1];
	const char *found = c != '\0' ? strchr(letters, c) : NULL;
	uint32_t	code;
	KitDiag    *diag;

	if (c == 'u')
		return read_unicode(lex, end);
	take(lex, 1);
	code = lex_step(lex);
	if (found != NULL)
		return (uint32_t) meanings[found - letters];
	if (c > 0x20 && c < 0x7f)
		diag = lex_error(lex, pos, "\"\\%c\" is not an escape", c);
	else
		diag = lex_error(lex, pos, "a backslash must be followed by the letter of an escape");
	kit_diag_hint(diag, "The escapes are \\b \\t \\n \\r \\f \\\" \\\\ and \\uXXXX; a backslash itself is \\\\.");
	return code == 0 ? '?' : code;
}

/* The characters up to end into the token; escapes mean something if has_escapes. */
static void
read_text(Lex *lex, LangToken *token, const uint8_t *end, bool has_escapes)
{
	/* what is unescaped is never longer */
	uint8_t    *text = kit_arena_alloc(lex->arena, (size_t) (end - lex->at) + 1);
	size_t		len = 0;

	while (lex->at < end)
	{
		LangPos		pos = {lex->line, lex->column, 1};
		const uint8_t *from = lex->at;
		uint32_t	code;

		if (has_escapes && *from == '\\')
			code = read_escape(lex, end);
		else
		{
			code = lex_step(lex);
			if (code == 0 && *from == '\0')
				lex_error(lex, pos, "a string cannot hold the character U+0000");
			if (code == 0)
				code = '?';
		}
		len += (size_t) kit_utf8_write(text + len, code);
	}
	text[len] = '\0';
	token->text = (const char *) text;
	token->len = (uint32_t) len;
}

static const uint8_t *
end_of_line(const Lex *lex)
{
	const uint8_t *end = memchr(lex->at, '\n', (size_t) (lex->end - lex->at));

	if (end == NULL)
		end = lex->end;
	return end > lex->at && end[-1] == '\r' ? end - 1 : end;
}

void
lex_string(Lex *lex, LangToken *token)
{
	const uint8_t *end = find_quote(lex, lex->at + 1);
	KitDiag    *diag;

	token->kind = LANG_TOKEN_STRING;
	if (end == NULL || lex->at == lex->suspect)
	{
		/* most likely it should end in its line: go on behind that */
		lex->is_unclosed = lex->is_cut = true;
		diag = lex_error(lex, token->pos, "this string is not closed: expected '\"', found the end of the %s", end == NULL ? "program" : "line");
		take(lex, 1);
		kit_diag_hint(diag, "A quote within a string is written \\\".");
		read_text(lex, token, end_of_line(lex), false);
		return;
	}
	take(lex, 1);
	read_text(lex, token, end, true);
	take(lex, 1);
}

/* Whether what stands in the rest of the line after a quote looks like code: a quote is missing in it, then. */
static bool
ends_as_code(const uint8_t *quote, const uint8_t *end_of_line)
{
	while (end_of_line > quote + 1 && (end_of_line[-1] == ' ' || end_of_line[-1] == '\t' || end_of_line[-1] == '\r'))
		end_of_line--;
	return end_of_line > quote + 1 && strchr(";{}),", end_of_line[-1]) != NULL;
}

/*
 * A string may span lines.  So one that is not closed ends where the next one begins, and so on, until the last has no end: which tells that one is wrong, but not
 * which.  Most likely it is the first that goes on in the next line, although its own ends as a line of code does.
 */
const uint8_t *
lex_find_suspect(const Lex *lex)
{
	const uint8_t *suspect = NULL;
	const uint8_t *p = lex->at;

	while (p < lex->end)
	{
		const uint8_t *close;
		const uint8_t *newline;

		if (*p == '`' || *p == '\'')
			return NULL;
		if (*p == '/' && p + 1 < lex->end && (p[1] == '/' || p[1] == '*'))
		{
			bool		is_line = p[1] == '/';

			for (p += 2; p < lex->end && !(is_line ? *p == '\n' : p[-1] == '*' && *p == '/'); p++)
				;
			p += p < lex->end;
			continue;
		}
		if (*p != '"')
		{
			p++;
			continue;
		}
		close = find_quote(lex, p + 1);
		if (close == NULL)
			return suspect;
		newline = memchr(p, '\n', (size_t) (close - p));
		if (newline != NULL && suspect == NULL && ends_as_code(p, newline))
			suspect = p;
		p = close + 1;
	}
	return NULL;				/* all are closed */
}

/* How long the quote is that is one of closing at p, or 0. */
static size_t
quote_at(const uint8_t *p, const uint8_t *end, const char *const *closing)
{
	for (int i = 0; closing[i] != NULL; i++)
	{
		size_t		len = strlen(closing[i]);

		if ((size_t) (end - p) >= len && memcmp(p, closing[i], len) == 0)
			return len;
	}
	return 0;
}

bool
lex_foreign_string(Lex *lex, LangToken *token, const char *const *closing, const char *hint)
{
	const uint8_t *end = lex->at + 1;
	int			column = lex->column;
	KitDiag    *diag;

	while (end < lex->end && *end != '\n' && quote_at(end, lex->end, closing) == 0)
		end++;
	if (end == lex->end || *end == '\n')
		return false;
	token->kind = LANG_TOKEN_STRING;
	lex_step(lex);
	read_text(lex, token, end, false);
	lex_step(lex);
	diag = lex_error(lex, (LangPos) {token->pos.line, column, lex->column - column}, "a string begins and ends with '\"'");
	kit_diag_hint(diag, "%s", hint);
	return true;
}

/* ---- templates ---- */

void
lex_template(Lex *lex, LangToken *token)
{
	static const char *const quotes[] = {"`", NULL};
	const uint8_t *tag = lex->at;
	const uint8_t *tag_end = tag + 1;
	const uint8_t *end = NULL;
	size_t		tag_len;
	KitDiag    *diag;

	while (tag_end < lex->end && lex_is_word_char(*tag_end))
		tag_end++;
	if (tag_end < lex->end && *tag_end == '`')
	{
		tag_end++;
		tag_len = (size_t) (tag_end - tag);
		for (const uint8_t *p = tag_end; p < lex->end && !(lex->is_unclosed && *p == '\n') && end == NULL; p++)
			if (*p == '`' && (size_t) (lex->end - p) >= tag_len && memcmp(p, tag, tag_len) == 0)
				end = p;
	}
	else
		tag_len = 1;
	if (end != NULL)
	{
		token->kind = LANG_TOKEN_TEMPLATE;
		take(lex, tag_len);
		read_text(lex, token, end, false);
		take(lex, tag_len);
		return;
	}
	lex->is_unclosed = true;
	if (lex_foreign_string(lex, token, quotes,
						   "A template is written as `tag` text `tag`; strings are written in double quotes: \"text\"."))
		return;
	lex->is_cut = true;
	diag = lex_error(lex, token->pos, "this template is not closed");
	kit_diag_hint(diag, "A template is written as `tag` text `tag`; strings are written in double quotes: \"text\".");
	token->kind = LANG_TOKEN_TEMPLATE;
	take(lex, 1);
	read_text(lex, token, end_of_line(lex), false);
}
