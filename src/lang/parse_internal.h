/*
 * parse_internal.h
 *	  What the files of the parser share: the cursor over tokens, errors, and who parses what.
 *
 * An error is reported once; from then on (is_lost) the parser sees nothing but the end, so that all rules come to their end
 * without more reports.  Whoever knows a place to go on from (statements, members, declarations) skips to it and finds its way
 * again.
 * Where it is clear what was meant, an error is only reported (lang_report), and the parser is not lost.
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
	int			statement;		/* the first token of the statement at hand */
	int			depth;
	bool		is_lost;
	bool		is_stopped;		/* a limit was exceeded: lost for good */
	int			cut_line;		/* of a string that is not closed; 0: there is none */
	int			cut_end;		/* the line behind what cannot be understood because of it */
	bool		is_unclosed;	/* there are more '{' than '}': only then does layout tell where one is missing */
	int			n_diags;		/* that were there before */
} LangParser;

/* A list in the making. */
typedef struct LangVector
{
	void	  **items;
	int			n;
	int			cap;
} LangVector;

extern void lang_vector_add(LangParser *p, LangVector *vector, void *item);

/* ---- parse.c: the cursor ---- */

extern const LangToken *lang_peek(LangParser *p, int ahead);
extern const LangToken *lang_next(LangParser *p);		/* the current token; moves on */
extern bool lang_at_symbol(LangParser *p, char symbol);
extern bool lang_at_pair(LangParser *p, const char *two);	/* two symbols without anything between */
extern bool lang_at_word(LangParser *p, const char *word);	/* identifier or keyword */
extern bool lang_ahead_is(LangParser *p, int ahead, char symbol);
extern bool lang_token_is(const LangToken *token, const char *word);	/* identifier or keyword */
extern bool lang_accept(LangParser *p, char symbol);
extern bool lang_accept_pair(LangParser *p, const char *two);
extern bool lang_accept_word(LangParser *p, const char *word);
extern void lang_expect(LangParser *p, char symbol, const char *where);
extern void lang_expect_pair(LangParser *p, const char *two, const char *where);
extern void lang_expect_word(LangParser *p, const char *word, const char *where);
extern LangName lang_expect_new_name(LangParser *p, const char *what);	/* a name that is introduced */
extern LangName lang_expect_name(LangParser *p, const char *what);	/* a name that is used */
extern int	lang_expect_int(LangParser *p, const char *what, int low, int high);
extern bool lang_is_refused_name(const KitSym *sym);	/* a word that nothing new can be called by */

/* ---- parse.c: errors ---- */

/* Reports that something else was expected at the current token, and gets lost.  hint NULL: what is usual for such a token, if any. */
extern void lang_expected(LangParser *p, const char *what, const char *hint);
extern void lang_parse_fail(LangParser *p, LangPos pos, KitError code, const char *hint,
							const char *format,...) __attribute__((format(printf, 5, 6)));
extern void lang_report(LangParser *p, LangPos pos, const char *hint,
						const char *format,...) __attribute__((format(printf, 4, 5)));
/* Goes one level deeper; false, and lost, beyond the limit.  Each true one is paired with p->depth--. */
extern bool lang_descend(LangParser *p);

/*
 * Finds the way again within braces, after an error in what began at token from: behind its ';', or at the '}' that ends the list,
 * or at what begins a line like a declaration.  in_block: also before a '{' or a line that begins with a statement's word.
 * False when the list cannot go on: then the parser is still lost.
 */
extern bool lang_recover(LangParser *p, int from, int depth, bool in_block);
/*
 * Whether a list in braces that began at token open ends here: at its '}', which is taken, or because it has to.  A '}' that is
 * missing is reported.
 */
extern bool lang_at_end(LangParser *p, const LangToken *open, const char *what);

/* ---- parse_hint.c ---- */

/* What was probably meant where what was expected, or NULL. */
extern const char *lang_usual_hint(LangParser *p, const char *what);
extern const char *lang_hint_keyword(LangParser *p, const KitSym *sym);	/* a word with @ that looks like this one, or NULL */
/* What was probably meant before a type word (the current token) that stands where a name should, or NULL. */
extern const char *lang_hint_modifier(LangParser *p);
/* Reports a word that begins a statement (a declaration) in other languages, and gets lost; false when there is none. */
extern bool lang_refuse_foreign_statement(LangParser *p);
extern bool lang_refuse_foreign_declaration(LangParser *p);

/* ---- the rules ---- */

extern LangTypeRef *lang_parse_type(LangParser *p);
extern bool lang_is_type_word(const KitSym *sym);
/* Whether a declaration of a variable begins here: a type word, two names in a row, or name[]. */
extern bool lang_at_declaration(LangParser *p);
extern LangGuard lang_parse_guard(LangParser *p);
extern void lang_parse_annotations(LangParser *p, LangAnnotation **items, int *n);
extern void lang_parse_params(LangParser *p, LangParam **params, int *n);
extern void lang_refuse_params(LangParser *p, const char *of);	/* reports "(...)" where nothing is taken, and skips it */
extern void lang_set_params(LangParser *p, LangVector *vector, LangParam **params, int *n);

extern LangExpr *lang_parse_expr(LangParser *p);
extern LangExpr *lang_parse_value(LangParser *p);		/* an expression without queries */
extern LangExpr *lang_parse_atom(LangParser *p);
/* Values and what closes them, for which where says what is missing: "after the arguments". */
extern void lang_parse_list(LangParser *p, char close, const char *where, LangExpr ***items, int *n);
extern LangExpr *lang_expr_new(LangParser *p, LangExprKind kind, LangPos pos);
extern LangExpr *lang_expr_binary(LangParser *p, LangExprKind kind, LangPos pos, LangOp op, LangExpr *left, LangExpr *right);
extern LangStmt *lang_parse_block(LangParser *p);		/* { … }, or one statement made a block */
extern LangDecl *lang_parse_declaration(LangParser *p, LangDeclKind inside);	/* inside: RECORD, MESSAGE, or FIELD at the top */
extern LangDecl *lang_parse_field(LangParser *p, LangDeclKind inside);
extern LangDecl *lang_parse_bubble(LangParser *p);
extern LangDecl *lang_parse_event(LangParser *p);		/* whatever begins with @ */
extern LangDecl *lang_decl_new(LangParser *p, LangDeclKind kind, LangPos pos);
extern LangDecl *lang_decl_named(LangParser *p, LangDeclKind kind, const char *what);	/* a word, which is taken, and a name */
extern LangDecl *lang_decl_body(LangParser *p, LangDecl *decl);
extern bool lang_begins_declaration(LangParser *p, int ahead);	/* a line, in its first column */
extern bool lang_must_end(LangParser *p);	/* a '}' is missing before the current token */

extern int64_t lang_unit_seconds(const KitSym *unit);	/* 0: no such unit */

#endif
