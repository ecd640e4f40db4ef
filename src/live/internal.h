/*
 * internal.h
 *	  Between the files of this room.
 */
#ifndef ADAMA_LIVE_INTERNAL_H
#define ADAMA_LIVE_INTERNAL_H

#include "live/live.h"

/*
 * The tree of what the reader's viewer may see, in arena; nothing in it points into the document.  False: out of budget, or
 * something undefined in a formula, a policy or a bubble.
 */
extern bool live_build(VmReader *reader, const VmDoc *doc, const VmLimits *limits, KitArena *arena, DocNode **tree, KitDiag *diag);

#endif
