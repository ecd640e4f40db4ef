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
#define LANG_MAX_SOURCE (1024 * 1024)	/* bytes */

typedef struct LangDiags
{
	KitArena   *arena;
	KitDiag   **items;
	int			n;
	int			n_errors;
} LangDiags;

extern void lang_diags_init(LangDiags *diags, KitArena *arena);
/* Adds a copy-to-be-filled: returns the entry, so that the caller can add detail and hint with kit_diag_…; never NULL. */
extern KitDiag *lang_diags_add(LangDiags *diags, KitError code, LangPos pos, const char *format,...) __attribute__((format(printf, 4, 5)));

/* "file:line:col: error: message", the line of the source, the caret, detail and hint; ends with a newline.  file may be NULL. */
extern void lang_diag_render(const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out);

/*
 * Parses a whole program.  Source is UTF-8.  After a syntax error it goes on at the next declaration, so several errors can be reported; the
 * tree then lacks what could not be parsed.  True when there was no error.
 */
extern bool lang_parse(const char *source, size_t len, KitArena *arena, KitSymTable *syms, LangTree *tree, LangDiags *diags);

#endif
