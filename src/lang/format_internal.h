/*
 * format_internal.h
 *	  What the files of the formatter share: tokens with what they are for, and with the comments before them.
 */
#ifndef ADAMA_LANG_FORMAT_INTERNAL_H
#define ADAMA_LANG_FORMAT_INTERNAL_H

#include "lang/format.h"
#include "lang/lex.h"

typedef enum FormatRole
{
	FORMAT_WORD,				/* names, keywords, literals */
	FORMAT_BINARY,				/* blanks on both sides */
	FORMAT_SECOND,				/* second half of an operator of two characters: touches the first, and like it needs a blank behind, or not */
	FORMAT_PREFIX,				/* touches what follows */
	FORMAT_POSTFIX,				/* touches what is before */
	FORMAT_TIGHT,				/* touches both sides: . :: */
	FORMAT_COLON,				/* a: b */
	FORMAT_CASE_COLON,			/* ends case and default */
	FORMAT_COMMA,
	FORMAT_SEMICOLON,
	FORMAT_PAREN,				/* ( */
	FORMAT_PAREN_END,
	FORMAT_BRACKET,				/* [ */
	FORMAT_BRACKET_END,
	FORMAT_ANGLE,				/* < of a type or guard */
	FORMAT_ANGLE_END,
	FORMAT_OBJECT,				/* { of an object */
	FORMAT_OBJECT_END,
	FORMAT_VALUES,				/* { of an enumeration */
	FORMAT_VALUES_END,
	FORMAT_BLOCK,				/* { of a block or of members */
	FORMAT_BLOCK_END,
	FORMAT_END
} FormatRole;

typedef struct FormatComment
{
	const char *text;
	uint32_t	len;			/* without blanks at the end of a line comment */
	bool		is_line;
	int			n_newlines;		/* before it, since the token or comment before */
	int			column;			/* where it stood */
} FormatComment;

typedef struct FormatToken
{
	const LangToken *token;
	const char *text;
	uint32_t	len;
	FormatRole	role;
	int			match;			/* of brackets: the other one */
	bool		is_verbatim;	/* a blank before it only where there was one */
	bool		touches;		/* the token before it, in the source */
	bool		is_long;		/* goes over several lines */
	bool		begins;			/* a statement or declaration */
	int			n_newlines;		/* before it, since the last comment or token */
	int			first_comment;	/* before it, in comments */
	int			n_comments;
} FormatToken;

typedef struct Format
{
	KitArena   *arena;
	FormatToken *tokens;		/* ends with FORMAT_END */
	int			n;
	FormatComment *comments;
	int			n_comments;
} Format;

/* ---- format_roles.c: what each token is for ---- */

extern void format_find_roles(Format *f);
extern bool format_is(const Format *f, int i, const char *text);

/* ---- format_space.c ---- */

/* Whether a blank stands before token i in the line of the one before. */
extern bool format_has_space(const Format *f, int i);

#endif
