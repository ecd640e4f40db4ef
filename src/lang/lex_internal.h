/*
 * lex_internal.h
 *	  What lex.c and lex_literal.c share: the place in the text.
 */
#ifndef ADAMA_LANG_LEX_INTERNAL_H
#define ADAMA_LANG_LEX_INTERNAL_H

#include "lang/lex.h"

typedef struct Lex
{
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
	int			line;
	int			column;
	bool		is_damaged;		/* something was reported since the last token */
	bool		is_cut;			/* the token that comes after this one belongs to what was reported, too */
	bool		is_bad_utf8;	/* has been reported */
	const uint8_t *suspect;		/* the quote of a string that most likely lacks the other one, or NULL */
	bool		is_unclosed;	/* a string or template was not closed: those that follow are looked for in their line only */
	KitArena   *arena;
	KitSymTable *syms;
	LangDiags  *diags;
} Lex;

extern KitDiag *lex_error(Lex *lex, LangPos pos, const char *format,...) __attribute__((format(printf, 3, 4)));
extern uint32_t lex_step(Lex *lex);		/* over one character, which it returns; 0 for what is not UTF-8 */
extern bool lex_is_word_char(int c);

/* Each begins at the first character of the literal and ends behind it. */
extern void lex_number(Lex *lex, LangToken *token);
extern void lex_string(Lex *lex, LangToken *token);
extern const uint8_t *lex_find_suspect(const Lex *lex);	/* of what follows */
extern void lex_template(Lex *lex, LangToken *token);
/* Text in quotes that are not ours: a string all the same, after an error that says so.  False: not closed in this line. */
extern bool lex_foreign_string(Lex *lex, LangToken *token, const char *const *closing, const char *hint);

#endif
