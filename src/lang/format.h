/*
 * format.h
 *	  The canonical layout of a program: what is between its tokens, and nothing else.
 *
 *		indent			two blanks for each block; a line that goes on with a statement is indented once more, and so is what stands in brackets that an
 *						earlier line opened
 *		lines			a statement and a declaration begin a line.  A block that was written in one line stays in one, if it fits; where else a line
 *						was broken within a statement it stays broken
 *		blank lines		one at most, none at the inner edges of a block
 *		comments		as they were; those at the ends of neighbouring lines stand below one another
 *
 * Formatting twice is formatting once.
 */
#ifndef ADAMA_LANG_FORMAT_H
#define ADAMA_LANG_FORMAT_H

#include "lang/parse.h"

#define LANG_FORMAT_WIDTH 120	/* of a line with a block in it, in characters */

/* Appends the program in its layout.  False when it has syntax errors (they are in diags); nothing is appended then. */
extern bool lang_format(const char *source, size_t len, KitArena *arena, KitBuf *out, LangDiags *diags);

#endif
