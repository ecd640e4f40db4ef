/*
 * parse.h
 *	  Text to tree.
 */
#ifndef ADAMA_LANG_PARSE_H
#define ADAMA_LANG_PARSE_H

#include "kit/buf.h"
#include "lang/ast.h"

/*
 * Diagnostics: the parser's in the order of the source, then the checker's in the order in which they were found.  At most LANG_MAX_DIAGS are
 * kept, errors rather than warnings; n_errors counts all errors.
 */
#define LANG_MAX_DIAGS 100
#define LANG_MAX_SOURCE (1024 * 1024)	/* bytes, with all that is included */
#define LANG_MAX_SOURCES 1000

typedef struct LangDiags
{
	KitArena   *arena;
	KitDiag   **items;
	int			n;
	int			n_errors;
	const LangSource *sources;	/* of the tree, once there is one; their texts are as long-lived as the diags */
	int			n_sources;
	int			file;			/* the source that is being parsed */
} LangDiags;

extern void lang_diags_init(LangDiags *diags, KitArena *arena);
/* Adds a copy-to-be-filled: returns the entry, so that the caller can add detail and hint with kit_diag_…; never NULL. */
extern KitDiag *lang_diags_add(LangDiags *diags, KitError code, LangPos pos, const char *format,...) __attribute__((format(printf, 4, 5)));

/*
 * "file:line:col: error: message", the line of the source, the caret, detail and hint; ends with a newline.  file may be NULL.  What is about an included
 * source shows that one's name and line.
 */
extern void lang_diags_render(const LangDiags *diags, const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out);
extern void lang_diag_render(const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out);

/*
 * Parses a whole program.  Source is UTF-8.  After a syntax error it goes on at the next declaration, so several errors can be reported; the
 * tree then lacks what could not be parsed.  True when there was no error.
 */
/*
 * Where @include finds sources.  find tells the source of exactly this name, or false when there is none: name is set already, label is as when NULL,
 * the text lives as long as arena.  each calls visit for the names that there are, as far as that is known; NULL: nobody knows.
 */
typedef struct LangSources
{
	bool		(*find) (void *arg, const char *name, KitArena *arena, LangSource *source);
	void		(*each) (void *arg, void (*visit) (const char *name, void *visit_arg), void *visit_arg);
	void	   *arg;
} LangSources;

/*
 * Parses a program with all that it includes, in the place where it is included: @include a/b; means the source a/b, in the folder of the source that
 * says so, or else from the top.  A source that was included before is not included again.  sources may be NULL: then nothing is found.
 */
extern bool lang_parse_program(const char *source, size_t len, const LangSources *sources, KitArena *arena, KitSymTable *syms, LangTree *tree,
							   LangDiags *diags);
extern bool lang_parse(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangTree *tree, LangDiags *diags);

#endif
