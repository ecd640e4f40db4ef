/*
 * sources.h
 *	  Sources that are given as an object: names and texts.  That is how a space keeps what a version of its program includes.
 */
#ifndef ADAMA_LANG_SOURCES_H
#define ADAMA_LANG_SOURCES_H

#include "doc/doc.h"
#include "lang/parse.h"

typedef struct LangGiven
{
	LangSources sources;		/* to be handed to lang_parse_program */
	DocItem		object;
} LangGiven;

/* The object must live as long as the sources are used, and given stay where it is. */
extern void lang_sources_of(LangGiven *given, DocItem object);
/* What a program did include, as an object; nothing is written when it included nothing. */
extern DocBytes lang_sources_used(const LangDiags *diags, KitBuf *out);

#endif
