/*
 * live.h
 *	  What a viewer may see of a document, and how it changed since the viewer was last told.
 *
 * The view of a document is a tree (DocNode) in the form of deltas: lists of records are objects by id with "@o", other lists
 * objects by index with "@s", longs are strings, principals carry "@t".  Only what privacy, policies and require allow is in it.
 *
 * A LiveView is the memory of one view class: the connections of one document that must see the same.  It keeps the tree that
 * was last sent; an update computes the tree of now, once, and yields their difference.
 */
#ifndef ADAMA_LIVE_H
#define ADAMA_LIVE_H

#include "doc/doc.h"
#include "vm/vm.h"

typedef struct LiveView LiveView;

/* Who looks, with which viewer state.  Text as in VmEvent; viewer: the JSON object given at connect as encoded document (len 0: none). */
typedef struct LiveViewer
{
	VmText		agent;
	VmText		authority;
	DocBytes	viewer;
} LiveViewer;

/*
 * The name of the class that a viewer belongs to under this program: two viewers with equal names see the same of every
 * document.  Text in the arena. A program whose view reads neither @who nor @viewer has one class, named "".
 */
extern VmText live_class_name(const VmProgram *program, const LiveViewer *viewer, KitArena *arena);

extern LiveView *live_view_new(const VmProgram *program, const LiveViewer *viewer, bool keep, KitDiag *diag);	/* copies what it needs; NULL: the viewer state is not of the declared type */
extern void live_view_free(LiveView *view);
extern size_t live_view_memory(const LiveView *view);
extern void live_view_forget(LiveView *view);	/* the next update is a first one */

/*
 * Computes the view now and appends its change since the last update to out, as the value of "data" in JSON (wire style).  A
 * first update yields the whole view.  *changed is false (and nothing appended) when nothing that the viewer sees has changed; a
 * first update is always a change. now: ms since 1970, the document's time.  The document must be of the view's program.  On an
 * error the view is as if it had never been updated.
 */
extern bool live_view_update(LiveView *view, VmDoc *doc, int64_t now, VmText space, VmText key, const VmLimits *limits, KitBuf *out, bool *changed, KitDiag *diag);

/*
 * What goes before the change of the last update, as "data" of an envelope of its own with the same seq: nearly always nothing (len 0).  Needed where JSON
 * that was an array has become an object, which Adama's clients do not understand in one change.  Until the next update.
 */
extern VmText live_view_before(const LiveView *view);

/* Appends the whole view as of the last update that succeeded, for somebody who joins the class. */
extern void live_view_whole(const LiveView *view, KitBuf *out);

/* The whole view as of the last update, in the same form; nothing when there was none. */
extern void live_view_whole(const LiveView *view, KitBuf *out);

/* The whole view once, without memory: a tree in the arena, which must not outlive the program. */
extern bool live_view_tree(VmDoc *doc, const LiveViewer *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits, KitArena *arena, DocNode **tree, KitDiag *diag);
/* The same as JSON for people: lists are arrays. */
extern bool live_view_plain(VmDoc *doc, const LiveViewer *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits, KitArena *arena, KitBuf *out, KitDiag *diag);

/* Envelope of a change: {"data":…,"reset":true,"seq":n}; data and reset are left out when not there. */
extern void live_envelope(KitBuf *out, const char *data, size_t data_len, bool is_reset, int64_t seq);

#endif
