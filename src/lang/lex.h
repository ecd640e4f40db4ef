/*
 * lex.h
 *	  Text to tokens: the whole program at once, in an array that ends with LANG_TOKEN_END.
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
	LANG_TOKEN_TEMPLATE,		/* text, len */
	LANG_TOKEN_SYMBOL,			/* symbol: one character */
	LANG_TOKEN_BAD				/* was reported already */
} LangTokenKind;

typedef struct LangToken
{
	LangTokenKind kind;
	LangPos		pos;
	uint32_t	offset;			/* bytes from the beginning of the source */
	uint32_t	end;
	char		symbol;
	const KitSym *sym;
	int64_t		integer;
	double		real;
	const char *text;
	uint32_t	len;
} LangToken;

/* Errors are added to diags; the array is complete in any case. */
extern LangToken *lang_lex(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangDiags *diags, int *n);

#endif
