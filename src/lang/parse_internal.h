/*
 * parse_internal.h
 *	  What the files of the parser share: the cursor over tokens, errors, and who parses what.
 *
 * An error is reported once; from then on (is_lost) the parser sees nothing but the end, so that all rules come to their end without more
 * reports.  Whoever knows a place to go on from (statements, declarations) skips to it and finds its way again.
 */
#ifndef ADAMA_LANG_PARSE_INTERNAL_H
#define ADAMA_LANG_PARSE_INTERNAL_H

#include "lang/lex.h"

#define LANG_MAX_DEPTH 200

typedef struct LangParser
{
	KitArena   *arena;
	KitSymTable *syms;
	LangDiags  *diags;
	const char *source;
	LangToken  *tokens;
	int			n;
	int			at;
	int			depth;
	bool		is_lost;
} LangParser;

/* A list in the making. */
typedef struct LangVector
{
	void	  **items;
	int			n;
	int			cap;
} LangVector;

extern void lang_vector_add(LangParser *p, LangVector *vector, void *item);

extern const LangToken *lang_peek(LangParser *p, int ahead);
extern const LangToken *lang_next(LangParser *p);		/* the current token; moves on */
extern bool lang_at_symbol(LangParser *p, char symbol);
extern bool lang_at_pair(LangParser *p, const char *two);	/* two symbols without anything between */
extern bool lang_at_word(LangParser *p, const char *word);	/* identifier or keyword */
extern bool lang_ahead_is(LangParser *p, int ahead, char symbol);
extern bool lang_accept(LangParser *p, char symbol);
extern bool lang_accept_pair(LangParser *p, const char *two);
extern bool lang_accept_word(LangParser *p, const char *word);
extern void lang_expect(LangParser *p, char symbol, const char *where);
extern void lang_expect_pair(LangParser *p, const char *two, const char *where);
extern void lang_expect_word(LangParser *p, const char *word, const char *where);
extern LangName lang_expect_new_name(LangParser *p, const char *what);	/* a name that is introduced */
extern LangName lang_expect_name(LangParser *p, const char *what);	/* a name that is used */
extern int	lang_expect_int(LangParser *p, const char *what);

/* Reports that something else was expected at the current token, and gets lost. */
extern void lang_expected(LangParser *p, const char *what, const char *hint);
extern void lang_parse_fail(LangParser *p, LangPos pos, KitError code, const char *hint, const char *format,...) __attribute__((format(printf, 5, 6)));
/* Goes one level deeper; false, and lost, beyond the limit.  Each true one is paired with p->depth--. */
extern bool lang_descend(LangParser *p);

extern LangTypeRef *lang_parse_type(LangParser *p);
extern bool lang_is_type_word(const KitSym *sym);
/* Whether a declaration of a variable begins here: a type word, two names in a row, or name[]. */
extern bool lang_at_declaration(LangParser *p);

extern LangExpr *lang_parse_expr(LangParser *p);
extern LangStmt *lang_parse_block(LangParser *p);		/* { … }, or one statement made a block */
extern LangDecl *lang_parse_declaration(LangParser *p, LangDeclKind inside);	/* inside: RECORD, MESSAGE, or FIELD at the top */
extern LangDecl *lang_parse_field(LangParser *p, LangDeclKind inside);
extern LangDecl *lang_parse_bubble(LangParser *p);
extern LangGuard lang_parse_guard(LangParser *p);
extern void lang_parse_annotations(LangParser *p, LangAnnotation **items, int *n);
extern LangDecl *lang_decl_new(LangParser *p, LangDeclKind kind, LangPos pos);

extern int64_t lang_unit_seconds(const KitSym *unit);	/* 0: no such unit */

#endif
