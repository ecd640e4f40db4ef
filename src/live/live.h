/*
 * live.h
 *	  What a viewer may see of a document, and how it changed since the viewer was last told.
 *
 * The view of a document is a tree in the form of deltas: lists of records are objects by id with "@o", other lists objects by index with "@s", longs are
 * strings, principals carry "@t".  Only what privacy, policies and require allow is in it.
 *
 * A LiveDocument is the memory of what all viewers of a document see alike, a LiveView that of one view class: the connections of the document that must see
 * the same.  The shared part is brought up to date and written once for all, the private part of a view once for its class; what a class is sent is both.
 *
 *		live_turn_begin		the document is as it is now; what its viewers share is brought up to date
 *		live_view_update	for each class: what is different since its own last update
 *
 * A document that is watched (vm/watch.h) tells what has changed in it, and only that is looked at; of any other, everything is.
 */
#ifndef ADAMA_LIVE_H
#define ADAMA_LIVE_H

#include "doc/doc.h"
#include "vm/vm.h"

typedef struct LiveDocument LiveDocument;
typedef struct LiveTurn LiveTurn;
typedef struct LiveView LiveView;
typedef struct LiveTrail LiveTrail;

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
/* Appends the names of the fields of the viewer state that the program reads, as a JSON array.  False when it reads none. */
extern bool live_viewer_filter(const VmProgram *program, KitBuf *out);

/* ---- documents ---- */

/* Belongs to one program: documents of another version need another.  keep: it outlives the transaction. */
extern LiveDocument *live_document_new(const VmProgram *program, bool keep);
extern void live_document_free(LiveDocument *document);	/* after its views */
extern size_t live_document_memory(const LiveDocument *document);
/* From now on remembers the last changes of the shared part, for views that are not updated in every turn. */
extern void live_document_remember(LiveDocument *document);

/*
 * A turn: the document as it is now, at the time now (ms since 1970, the document's time) and at seq.  Brings the shared part up to date.  The turn, and all that
 * its updates need, lies in scratch, and ends when that does; doc must not change before.  NULL, and all views forget, when the shared part cannot be computed.
 */
extern LiveTurn *live_turn_begin(LiveDocument *document, VmDoc *doc, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits,
								 KitArena *scratch, KitDiag *diag);

/* ---- views ---- */

extern LiveView *live_view_new(LiveDocument *document, const LiveViewer *viewer, KitDiag *diag);	/* copies what it needs; NULL: the viewer state is not of the declared type */
extern void live_view_free(LiveView *view);
extern size_t live_view_memory(const LiveView *view);
extern void live_view_forget(LiveView *view);	/* the next update is a first one */
/* The viewer looks with another state: the next update computes what depends on what is different in it.  False: it is not of the declared type, nothing happens. */
extern bool live_view_look_with(LiveView *view, DocBytes viewer, KitDiag *diag);

typedef enum LiveOutcome
{
	LIVE_FAILED,				/* it cannot be computed; the view is as if it had never been updated */
	LIVE_UNCHANGED,				/* nothing that the viewer sees is different; nothing was appended */
	LIVE_DELTA,					/* what is different since the last update */
	LIVE_WHOLE					/* all of it: what the viewer knew is void */
} LiveOutcome;

/* Appends to out the value of "data", in JSON (wire style).  A first update is whole.  What the update needs lies in out's arena, too. */
extern LiveOutcome live_view_update(LiveView *view, LiveTurn *turn, KitBuf *out, KitDiag *diag);

/*
 * What goes before the change of the last update, as "data" of an envelope of its own with the same seq: nearly always nothing (len 0).  Needed where JSON
 * that was an array has become an object, which Adama's clients do not understand in one change.  Lies in the arena of that update's out.
 */
extern VmText live_view_before(const LiveView *view);

/* Appends the whole view as of the last update, for somebody who joins the class; nothing when there was none. */
extern void live_view_whole(const LiveView *view, KitBuf *out);

/* Whether the change of the last update makes no sense but right after the one before: it can't be composed with others. */
extern bool live_view_is_alone(const LiveView *view);

/* ---- changes as text, for who was not told of each ---- */

/*
 * The last changes of a view, as data.  Each is added with its version, one more than that of the change before, and the length of the whole view, which bounds
 * what is kept: then the oldest go.
 */
extern LiveTrail *live_trail_new(bool keep);
extern void live_trail_free(LiveTrail *trail);
extern void live_trail_add(LiveTrail *trail, uint64_t version, const char *text, size_t len, size_t whole_len);
extern void live_trail_clear(LiveTrail *trail);
/* Whether all changes after the version up to now are there. */
extern bool live_trail_reaches(const LiveTrail *trail, uint64_t version, uint64_t now);
/* Appends these as one; nothing when there are none.  False: they can't be told as one, or not all are there. */
extern bool live_trail_since(const LiveTrail *trail, uint64_t version, uint64_t now, KitArena *scratch, KitBuf *out);

/* Appends the change from one whole view to another of the same program; nothing when they are equal.  False: clients can't be told that as one change. */
extern bool live_whole_change(const char *from, size_t from_len, const char *to, size_t to_len, KitArena *scratch, KitBuf *out);

/* ---- once ---- */

/* The whole view once, without memory: a tree in the arena, which must not outlive the program. */
extern bool live_view_tree(VmDoc *doc, const LiveViewer *viewer, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits, KitArena *arena,
						   DocNode **tree, KitDiag *diag);
/* The same as JSON for people: lists are arrays. */
extern bool live_view_plain(VmDoc *doc, const LiveViewer *viewer, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits, KitArena *arena,
							KitBuf *out, KitDiag *diag);

/* Envelope of a change: {"data":…,"reset":true,"seq":n}; data and reset are left out when not there. */
extern void live_envelope(KitBuf *out, const char *data, size_t data_len, bool is_reset, int64_t seq);

/* ---- what it costs ---- */

/* A field, formula or bubble that viewers may see, and how it is kept up to date.  Texts may be empty, never NULL. */
typedef struct LiveExplained
{
	const char *part;			/* "list", "Item.price" */
	const char *kind;			/* "field", "formula", "bubble" */
	bool		is_shared;		/* computed once for all viewers */
	const char *private_because;
	const char *upkeep;			/* "stored"; "simple": of single values; "maintained": by what changed; "recomputed": rows are gone through each time */
	const char *how;			/* what is maintained; or what forces it to be recomputed */
	const char *reads;
	int			line;			/* of what forces it, or of the declaration */
} LiveExplained;

/* All parts, in the order of the program; texts in the arena, or as long as the program. */
extern int	live_explain(const VmProgram *program, KitArena *arena, LiveExplained **parts);

#endif
