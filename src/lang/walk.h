/*
 * walk.h
 *	  Expressions, part by part: for those who look for something in them.
 */
#ifndef ADAMA_LANG_WALK_H
#define ADAMA_LANG_WALK_H

#include "lang/ast.h"

/* Calls visit for each direct part of e. */
typedef void (*LangVisit) (const LangExpr *part, void *arg);
extern void lang_each_part(const LangExpr *e, LangVisit visit, void *arg);

#endif
