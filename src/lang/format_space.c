/*
 * format_space.c
 *	  Blanks within a line.
 */
#include <string.h>

#include "lang/format_internal.h"

/* After these words a parenthesis has a blank before it. */
static bool
is_apart_from_paren(const Format *f, int i)
{
	static const char *const words[] = {
		"if", "for", "foreach", "while", "switch", "return", "case", "else", "do", "in", "iterate", "where", "by", "@construct", "@static", "@attached", "@authorization",
		"@pump", "@forward", "assert", "log", "transition", "invoke", "preempt", NULL
	};

	for (int k = 0; words[k] != NULL; k++)
		if (format_is(f, i, words[k]))
			return true;
	return false;
}

/* These may be clauses of a query, or names that are called: a blank where there was one. */
static bool
may_be_clause(const Format *f, int i)
{
	static const char *const words[] = {
		"limit", "offset", "order_dyn", "map", "via", "threshold", "inside", "outside", "into", "from", "to", "as", NULL
	};

	for (int k = 0; words[k] != NULL; k++)
		if (format_is(f, i, words[k]) && !format_is(f, i - 1, "."))
			return true;
	return false;
}

static bool
has_space_before_paren(const Format *f, int i)
{
	const FormatToken *before = &f->tokens[i - 1];

	switch (before->role)
	{
		case FORMAT_WORD:
			if (may_be_clause(f, i - 1))
				return !f->tokens[i].touches;
			return !format_is(f, i - 2, ".") && is_apart_from_paren(f, i - 1);
		case FORMAT_PAREN_END:
		case FORMAT_BRACKET_END:
		case FORMAT_ANGLE_END:
			return false;
		default:
			return true;
	}
}

static bool
has_space_before_bracket(const Format *f, int i)
{
	switch (f->tokens[i - 1].role)
	{
		case FORMAT_WORD:
			return is_apart_from_paren(f, i - 1) || (may_be_clause(f, i - 1) && !f->tokens[i].touches);
		case FORMAT_PAREN_END:
		case FORMAT_BRACKET_END:
		case FORMAT_ANGLE_END:
			return false;
		default:
			return true;
	}
}

/* Whether a blank may stand behind token i. */
static bool
lets_space_follow(const Format *f, int i)
{
	switch (f->tokens[i].role)
	{
		case FORMAT_PREFIX:
		case FORMAT_TIGHT:
		case FORMAT_PAREN:
		case FORMAT_BRACKET:
		case FORMAT_ANGLE:
		case FORMAT_OBJECT:
			return false;
		case FORMAT_SECOND:
			return f->tokens[i - 1].role != FORMAT_PREFIX;
		default:
			return true;
	}
}

bool
format_has_space(const Format *f, int i)
{
	const FormatToken *token = &f->tokens[i];

	if (token->is_verbatim)
		return !token->touches;
	if (!lets_space_follow(f, i - 1))
		return false;
	switch (token->role)
	{
		case FORMAT_SECOND:
		case FORMAT_POSTFIX:
		case FORMAT_TIGHT:
		case FORMAT_COLON:
		case FORMAT_CASE_COLON:
		case FORMAT_COMMA:
		case FORMAT_SEMICOLON:
		case FORMAT_PAREN_END:
		case FORMAT_BRACKET_END:
		case FORMAT_ANGLE:
		case FORMAT_ANGLE_END:
		case FORMAT_OBJECT_END:
			return false;
		case FORMAT_PAREN:
			return has_space_before_paren(f, i);
		case FORMAT_BRACKET:
			return has_space_before_bracket(f, i);
		default:
			return true;
	}
}
