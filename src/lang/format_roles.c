/*
 * format_roles.c
 *	  What each token is for: an opening brace may begin a block, an object or the values of an enumeration; a minus may stand between or before; an angle may
 *	  compare or hold the parameters of a type.
 *
 * The tokens decide, not the tree: a wrong guess costs a blank, never a meaning.
 */
#include <string.h>

#include "lang/format_internal.h"

#define MAX_DEPTH 256			/* what is nested deeper is laid out as if it were not */

typedef struct Open
{
	int			at;				/* index of the bracket; -1: the program */
	FormatRole	role;
	int			n_questions;	/* of ternaries whose ':' is to come */
	bool		is_case;		/* within case …: */
	bool		is_for;			/* the parentheses of for: their ';' end no statement */
} Open;

typedef struct Roles
{
	Format	   *f;
	Open		open[MAX_DEPTH];
	int			depth;
} Roles;

bool
format_is(const Format *f, int i, const char *text)
{
	return i >= 0 && i < f->n && f->tokens[i].len == strlen(text) && memcmp(f->tokens[i].text, text, f->tokens[i].len) == 0;
}

static bool
is_any(const Format *f, int i, const char *const *words)
{
	for (; *words != NULL; words++)
		if (format_is(f, i, *words))
			return true;
	return false;
}

static bool
is_symbol(const Format *f, int i)
{
	return i >= 0 && i < f->n && f->tokens[i].token->kind == LANG_TOKEN_SYMBOL;
}

/* Two symbols that touch and are one operator. */
static bool
is_pair(const Format *f, int i)
{
	static const char *const pairs[] = {"++", "--", "==", "!=", "=?", "<=", ">=", "<-", "->", "::", "&&", "||", "^^", "+=", "-=", "*=", NULL};

	if (!is_symbol(f, i) || !is_symbol(f, i + 1) || !f->tokens[i + 1].touches)
		return false;
	for (int k = 0; pairs[k] != NULL; k++)
		if (f->tokens[i].text[0] == pairs[k][0] && f->tokens[i + 1].text[0] == pairs[k][1])
			return true;
	return false;
}

/* Words that an operand follows, unless they are the name of a field. */
static bool
is_operator_word(const Format *f, int i)
{
	static const char *const words[] = {
		"return", "case", "else", "do", "iterate", "assert", "log", "transition", "invoke", "preempt", "@pump", "@forward", "@pair", NULL
	};

	return is_any(f, i, words) && !format_is(f, i - 1, ".");
}

/* Words that are clauses of a query, or names. */
static bool
is_clause_word(const Format *f, int i)
{
	static const char *const words[] = {"where", "limit", "offset", "in", "via", "threshold", "inside", "outside", "order_dyn", NULL};

	return is_any(f, i, words);
}

/* Whether a value can end with this token: an operator behind it stands between two. */
static bool
ends_operand(const Format *f, int i)
{
	if (i < 0)
		return false;
	switch (f->tokens[i].role)
	{
		case FORMAT_WORD:
			return !is_operator_word(f, i);
		case FORMAT_POSTFIX:
		case FORMAT_PAREN_END:
		case FORMAT_BRACKET_END:
		case FORMAT_ANGLE_END:
		case FORMAT_OBJECT_END:
			return true;
		case FORMAT_SECOND:
			return f->tokens[i - 1].role == FORMAT_POSTFIX;
		default:
			return false;
	}
}

/* ---- angles ---- */

static bool
takes_angles(const Format *f, int i)
{
	static const char *const words[] = {
		"maybe", "list", "table", "map", "pair", "channel", "future", "tuple", "holder", "grid", "result", "secure", "assoc", "replication", "cached",
		"viewer_is", "use_policy", "use", "requires", "bubble", "@empty", "@maybe", "@convert", NULL
	};

	return is_any(f, i, words);
}

/* The '>' that closes the '<' at i; -1 when it compares. */
static int
closing_angle(const Format *f, int i)
{
	int			depth = 0;

	if (!takes_angles(f, i - 1))
		return -1;
	for (int k = i; k < f->n; k++)
	{
		const LangToken *token = f->tokens[k].token;

		if (token->kind != LANG_TOKEN_SYMBOL)
		{
			if (token->kind != LANG_TOKEN_ID && token->kind != LANG_TOKEN_KEYWORD && token->kind != LANG_TOKEN_INT)
				return -1;
			continue;
		}
		if (token->symbol == '<')
			depth++;
		else if (token->symbol == '>' && --depth == 0)
			return k;
		else if (strchr(">,|[]:", token->symbol) == NULL)
			return -1;
	}
	return -1;
}

/* ---- braces ---- */

static FormatRole
role_of_brace(const Roles *r, int i)
{
	const Format *f = r->f;
	FormatRole	before = i > 0 ? f->tokens[i - 1].role : FORMAT_SEMICOLON;

	if (r->open[r->depth].role != FORMAT_BLOCK)
		return FORMAT_OBJECT;
	if (format_is(f, i - 2, "enum"))
		return FORMAT_VALUES;
	switch (before)
	{
		case FORMAT_BINARY:
		case FORMAT_PREFIX:
		case FORMAT_COMMA:
		case FORMAT_COLON:
			return FORMAT_OBJECT;
		case FORMAT_SECOND:
			return f->tokens[i - 2].role == FORMAT_BINARY ? FORMAT_OBJECT : FORMAT_BLOCK;
		case FORMAT_WORD:
			return is_operator_word(f, i - 1) && !format_is(f, i - 1, "else") && !format_is(f, i - 1, "do") ? FORMAT_OBJECT : FORMAT_BLOCK;
		default:
			return FORMAT_BLOCK;
	}
}

static void
push(Roles *r, int at, FormatRole role)
{
	if (r->depth + 1 == MAX_DEPTH)
		return;
	r->open[++r->depth] = (Open) {.at = at, .role = role, .is_for = role == FORMAT_PAREN && format_is(r->f, at - 1, "for")};
}

/* A closing bracket, whose role follows from what it closes. */
static void
pop(Roles *r, int i, FormatRole otherwise)
{
	Open	   *open = &r->open[r->depth];
	FormatToken *token = &r->f->tokens[i];

	token->role = otherwise;
	if (r->depth == 0)
		return;
	token->role = open->role + 1;
	token->match = open->at;
	r->f->tokens[open->at].match = i;
	r->depth--;
}

/* ---- one symbol ---- */

static FormatRole
role_of_colon(Roles *r, int i)
{
	Open	   *open = &r->open[r->depth];

	if (open->n_questions > 0)
	{
		open->n_questions--;
		return FORMAT_BINARY;
	}
	if (open->role == FORMAT_VALUES || open->role == FORMAT_ANGLE)
		return FORMAT_TIGHT;
	if (open->is_case)
	{
		open->is_case = false;
		return FORMAT_CASE_COLON;
	}
	return FORMAT_COLON;
}

static FormatRole
role_of_operator(const Format *f, int i, bool is_pair_here)
{
	char		c = f->tokens[i].text[0];
	bool		is_behind = ends_operand(f, i - 1);

	if (is_pair_here)
	{
		if (c == ':')
			return FORMAT_TIGHT;
		if ((c == '+' || c == '-') && f->tokens[i + 1].text[0] == c)
			return is_behind ? FORMAT_POSTFIX : FORMAT_PREFIX;
		return FORMAT_BINARY;
	}
	if (c == '!')
		return FORMAT_PREFIX;
	if (c == '-' && (!is_behind || (is_clause_word(f, i - 1) && !f->tokens[i].touches && f->tokens[i + 1].touches)))
		return FORMAT_PREFIX;
	/* E::A* and E::* */
	if (c == '*' && (format_is(f, i - 1, ":") || (f->tokens[i].touches && format_is(f, i - 2, ":") && format_is(f, i - 3, ":"))))
		return FORMAT_POSTFIX;
	return FORMAT_BINARY;
}

static void
find_symbol(Roles *r, int i)
{
	Format	   *f = r->f;
	FormatToken *token = &f->tokens[i];
	bool		is_two = is_pair(f, i);

	switch (token->text[0])
	{
		case '(':
			token->role = FORMAT_PAREN;
			push(r, i, FORMAT_PAREN);
			return;
		case '[':
			token->role = FORMAT_BRACKET;
			push(r, i, FORMAT_BRACKET);
			return;
		case '{':
			token->role = role_of_brace(r, i);
			push(r, i, token->role);
			return;
		case ')':
			pop(r, i, FORMAT_PAREN_END);
			return;
		case ']':
			pop(r, i, FORMAT_BRACKET_END);
			return;
		case '}':
			pop(r, i, FORMAT_BLOCK_END);
			return;
		case ',':
			token->role = FORMAT_COMMA;
			return;
		case ';':
			token->role = FORMAT_SEMICOLON;
			r->open[r->depth].n_questions = 0;
			return;
		case '.':
			token->role = FORMAT_TIGHT;
			return;
		case '<':
			if (closing_angle(f, i) >= 0)
			{
				token->role = FORMAT_ANGLE;
				push(r, i, FORMAT_ANGLE);
				return;
			}
			break;
		case '>':
			if (r->open[r->depth].role == FORMAT_ANGLE)
			{
				pop(r, i, FORMAT_ANGLE_END);
				return;
			}
			break;
		case ':':
			if (!is_two)
			{
				token->role = role_of_colon(r, i);
				return;
			}
			break;
		case '?':
			r->open[r->depth].n_questions++;
			break;
		default:
			break;
	}
	token->role = role_of_operator(f, i, is_two);
	if (is_two)
		f->tokens[i + 1].role = token->role == FORMAT_TIGHT ? FORMAT_TIGHT : FORMAT_SECOND;
}

/* ---- what is taken as it is ---- */

/* Paths, dates, times and schedules are made of tokens, but blanks in them mean something to the reader.  Returns how many tokens follow. */
static int
verbatim_after(const Format *f, int i)
{
	int			n = 0;

	if (format_is(f, i, "@date"))
		return 5;
	if (format_is(f, i, "@time"))
		return 3;
	if (format_is(f, i, "@include") || format_is(f, i, "@import"))
	{
		while (i + n + 1 < f->n && !format_is(f, i + n + 1, ";"))
			n++;
		return n;
	}
	if (format_is(f, i, "@web") || format_is(f, i, "@cron"))
		while (i + n + 1 < f->n && !format_is(f, i + n + 1, "{") && !format_is(f, i + n + 1, "(") && !format_is(f, i + n + 1, "requires"))
			n++;
	return n;
}

static bool
begins_statement(const Roles *r, int i)
{
	const Format *f = r->f;

	if (i == 0)
		return true;
	if (r->open[r->depth].role != FORMAT_BLOCK)
		return false;
	switch (f->tokens[i - 1].role)
	{
		case FORMAT_PAREN_END:
			/* the one statement that ends without a semicolon */
			return format_is(f, f->tokens[i - 1].match - 2, "@send") && !format_is(f, i, ";");
		case FORMAT_SEMICOLON:
		case FORMAT_BLOCK:
		case FORMAT_BLOCK_END:
		case FORMAT_VALUES_END:
		case FORMAT_CASE_COLON:
			return true;
		default:
			return false;
	}
}

void
format_find_roles(Format *f)
{
	Roles		r = {.f = f};
	int			n_verbatim = 0;

	r.open[0] = (Open) {.at = -1, .role = FORMAT_BLOCK};
	for (int i = 0; i < f->n; i++)
	{
		FormatToken *token = &f->tokens[i];

		token->match = -1;
		if (token->token->kind == LANG_TOKEN_END)
		{
			token->role = FORMAT_END;
			token->begins = true;
			break;
		}
		token->begins = begins_statement(&r, i);
		token->is_verbatim = n_verbatim > 0;
		if (n_verbatim > 0)
			n_verbatim--;
		else
			n_verbatim = verbatim_after(f, i);
		if (token->is_verbatim)
			token->role = FORMAT_WORD;
		else if (token->role == FORMAT_SECOND || (token->role == FORMAT_TIGHT && i > 0 && is_pair(f, i - 1)))
			continue;
		else if (token->token->kind != LANG_TOKEN_SYMBOL)
		{
			token->role = FORMAT_WORD;
			if (token->begins && (format_is(f, i, "case") || format_is(f, i, "default")))
				r.open[r.depth].is_case = true;
		}
		else
			find_symbol(&r, i);
	}
}
