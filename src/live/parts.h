/*
 * parts.h
 *	  The memory of a document and of a view, between document.c and view.c.
 */
#ifndef ADAMA_LIVE_PARTS_H
#define ADAMA_LIVE_PARTS_H

#include "live/internal.h"

/* What led to a version. */
typedef struct LiveChange
{
	uint64_t	version;
	size_t		len;
	char	   *text;
} LiveChange;

struct LiveTrail
{
	KitHeap    *heap;
	LiveChange *changes;		/* one for each of the last versions, oldest first */
	uint32_t	n_changes;
	uint32_t	changes_cap;
	size_t		n_bytes;
};

struct LiveDocument
{
	const VmProgram *program;
	const LivePlans *plans;
	KitHeap    *heap;			/* of this and of the changes */
	bool		keep;
	bool		remembers;
	LiveMemory	shared;
	uint64_t	version;
	LiveTrail	trail;			/* of the shared part; in heap, too */
	size_t		whole_len;		/* of the shared part, when it was last sent whole */
};

/* Appends what leads from the version to the present one, as an object; nothing when it is that.  False: it is not known any more. */
extern bool live_document_since(LiveDocument *document, uint64_t version, KitArena *scratch, KitBuf *out);
/* A delta in JSON as a tree. */
extern bool live_text_tree(KitArena *arena, const char *text, size_t len, DocNode **tree, KitDiag *diag);
/* A change of the shared and one of the private part, as one. */
extern DocNode *live_parts_join(KitArena *arena, const DocNode *shared, const DocNode *private);

#endif
