/*
 * lex.h
 *	  Text to tokens: the whole program at once, in an array that ends with LANG_TOKEN_END.
 *
 * Symbols are single characters; an operator of two is two tokens that touch, and whoever looks for an operator puts them
 * together.  What is wrong in the text is reported here, and the lexer goes on with the likeliest token.  That token, or the one
 * after what was skipped, is marked is_damaged, so that the parser does not complain about what follows from it.
 */
#ifndef ADAMA_LANG_LEX_H
#define ADAMA_LANG_LEX_H

#include "lang/ast.h"
#include "lang/parse.h"

typedef enum LangTokenKind
{
	LANG_TOKEN_END,
	LANG_TOKEN_ID,				/* sym */
	LANG_TOKEN_KEYWORD,			/* sym: one of the reserved words, or @word with the @ */
	LANG_TOKEN_LABEL,			/* sym: without the # */
	LANG_TOKEN_INT,				/* integer */
	LANG_TOKEN_LONG,			/* integer */
	LANG_TOKEN_DOUBLE,			/* real */
	LANG_TOKEN_STRING,			/* text, len: unescaped */
	LANG_TOKEN_TEMPLATE,		/* text, len: what is between the tags */
	LANG_TOKEN_SYMBOL			/* symbol: one character */
} LangTokenKind;

typedef struct LangToken
{
	LangTokenKind kind;
	LangPos		pos;
	uint32_t	offset;			/* bytes from the beginning of the source */
	uint32_t	end;
	uint32_t	len;			/* of text */
	char		symbol;
	bool		is_damaged;
	union
	{
		const KitSym *sym;
		int64_t		integer;
		double		real;
		const char *text;		/* zero-terminated */
	};
} LangToken;

/* Errors are added to diags; the array is complete in any case. */
extern LangToken *lang_lex(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangDiags *diags, int *n);

#endif
