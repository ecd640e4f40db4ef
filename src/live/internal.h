/*
 * internal.h
 *	  Between the files of this room.
 */
#ifndef ADAMA_LIVE_INTERNAL_H
#define ADAMA_LIVE_INTERNAL_H

#include "live/live.h"
#include "vm/cotext.h"

/*
 * A text that several people write: {"$g":generation,"$i":the text of now,"$s":how many changes that has}.  Viewers that have it are sent the changes
 * since, instead.  Such a node is known by the address of its first key.
 */
typedef struct LiveText
{
	DocNode		node;
	uint64_t	where;			/* which text of the document it is; 0: not known */
	const VmCoText *text;		/* valid while the document is unchanged */
} LiveText;

extern const char live_text_key[];

static inline bool
live_is_text(const DocNode *node)
{
	return node->kind == DOC_OBJECT && node->u.object.n > 0 && node->u.object.members[0].key == live_text_key;
}

/*
 * The tree of what the reader's viewer may see, in arena; nothing in it points into the document.  False: out of budget, or
 * something undefined in a formula, a policy or a bubble.
 */
extern bool live_build(VmReader *reader, const VmDoc *doc, const VmLimits *limits, KitArena *arena, DocNode **tree, KitDiag *diag);

#endif
