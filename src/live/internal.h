/*
 * internal.h
 *	  Between the files of this room: what is remembered of a view, and the look that brings it up to date.
 *
 * What is remembered is a tree of cells, like the view itself.  A cell holds a value as the JSON that was sent (LIVE_TEXT), a value with parts as encoded
 * bytes, to be compared part by part (LIVE_TREE), a record, or a list of records.  All of it lies in the heap of its part of the view.
 *
 * An update walks along what may have changed, compares, and writes what is different at once as JSON.  A member is written as "key":value, with the comma
 * behind it; whoever ends the object takes the last one away; what turned out to be nothing is cut off again.
 */
#ifndef ADAMA_LIVE_INTERNAL_H
#define ADAMA_LIVE_INTERNAL_H

#include "live/live.h"
#include "live/plan.h"
#include "vm/cotext.h"
#include "vm/watch.h"

typedef struct LiveRecord LiveRecord;
typedef struct LiveList LiveList;

typedef enum LiveCellKind
{
	LIVE_NOTHING,
	LIVE_TEXT,
	LIVE_TREE,
	LIVE_COTEXT,				/* a text that several people write: which one it is (8 bytes), and as TREE */
	LIVE_RECORD,
	LIVE_LIST,
	LIVE_COUNT
} LiveCellKind;

#define LIVE_SHORT 8

typedef struct LiveCell
{
	uint32_t	len;			/* TEXT, TREE, COTEXT; COUNT: the number that was sent */
	uint8_t		kind;
	bool		is_gone;		/* it was shown before this update, and is not any more */
	union
	{
		char		text[LIVE_SHORT];	/* up to that many bytes */
		char	   *data;		/* more, or a tree */
		LiveRecord *record;
		LiveList   *list;
	}			u;
} LiveCell;

struct LiveRecord
{
	VmObj	   *obj;
	int32_t		id;
	bool		is_hidden;		/* by require: its cells are empty */
	LiveCell	cells[];		/* of its plan */
};

/* A row of a list. */
typedef struct LiveEntry
{
	VmObj	   *row;
	int32_t		id;
	int32_t		old_at;			/* during an update: where it was shown before; -1: nowhere */
	LiveRecord *record;			/* NULL: not shown so far */
	struct LiveChunk *chunk;	/* of a list that is kept */
	uint32_t	seen;			/* in which update */
	bool		is_leaving;
} LiveEntry;

#define LIVE_CHUNK 64

typedef struct LiveChunk
{
	uint32_t	at;				/* among the chunks */
	uint32_t	n;
	LiveEntry  *entries[LIVE_CHUNK];
} LiveChunk;

/*
 * A list of rows.  Entries are found by id.  A list that is kept has all rows that pass its conditions in order, in chunks, so that a row's place is
 * found, and a row put in or taken out, at a cost that hardly grows with their number.  What of it is shown, when that is not all, and what any
 * other list shows, is the flat array.
 */
struct LiveList
{
	LiveEntry **by_id;			/* open addressing */
	uint32_t	size;			/* of by_id: a power of two, or 0 */
	uint32_t	n;
	uint32_t	seen;
	VmTable    *table;			/* kept */
	LiveChunk **chunks;
	uint32_t   *sizes;			/* of the chunks */
	uint32_t   *spans;			/* and of so many of them together (rows.c) */
	uint32_t	n_chunks;
	uint32_t	chunks_cap;
	uint32_t	n_ordered;		/* entries in chunks */
	LiveEntry **flat;			/* in order; may repeat, and has hidden ones */
	uint32_t	n_flat;
	bool		is_flat;
};

/* Where in the view something is: the keys that lead there, the last one first. */
typedef struct LivePath
{
	const struct LivePath *up;
	const char *key;
	size_t		len;
} LivePath;

/* One update of one part of a view. */
typedef struct LiveLook
{
	LiveTurn   *turn;
	KitHeap    *heap;
	uint64_t	since;			/* the stamp that the part is up to date with */
	int			moved;			/* LangReads: those of TIME and SEQ that are others than before */
	const bool *viewer_changed; /* by slot; NULL: nothing of it has */
	VmReader   *reader;
	KitArena   *scratch;
	const VmLimits *limits;
	size_t		heap_most;
	size_t		scratch_most;
	int			depth;
	const LivePath *path;
	DocNode    *before;			/* an object with null for each array that has become an object; NULL: there is none */
	bool		tells_text;		/* what happened to a text is in it, which only who has the text before understands */
	KitBuf	   *out;
	KitDiag    *diag;
} LiveLook;

struct LiveTurn
{
	LiveDocument *document;
	VmDoc	   *doc;
	VmReader   *reader;
	int64_t		now;
	int64_t		seq;
	VmText		space;
	VmText		key;
	VmLimits	limits;
	KitArena   *scratch;
	uint64_t	serial;			/* of the document; 0: it is not watched, so everything may have changed */
	uint64_t	stamp;
	uint64_t	private_stamp;	/* of all that the private part depends on; 1 more */
	uint64_t   *stamps;			/* by LiveDeps.index: the latest stamp of any of them, and 1; 0: not asked yet */
	KitBuf		change;			/* of the shared part, as an object; empty: none */
};

/* What a part of a view remembers between updates. */
typedef struct LiveMemory
{
	const LivePlan *plan;
	KitHeap    *heap;			/* NULL: nothing was shown yet */
	bool		keep;
	bool		is_sound;		/* the last update came to its end */
	LiveRecord *root;
	uint64_t	serial;
	uint64_t	stamp;
	int64_t		now;
	int64_t		seq;
	const DocNode *before;		/* what goes before the change of the last update (live_view_before); lies in that one's scratch */
	bool		is_alone;		/* the last change cannot be composed with others */
} LiveMemory;

/* ---- build.c ---- */

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
/* Names a field of the document: the way to it, as a number; 0 when it has none. */
extern uint64_t live_text_where(const VmObj *obj, const LangField *field);

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
/* The same of one value, depth levels deep in the view; NULL when there is nothing to show. */
extern bool live_build_value(VmReader *reader, const VmLimits *limits, KitArena *arena, int depth, const LangType *type, VmVal value, DocNode **tree,
							 KitDiag *diag);

/* ---- document.c ---- */

extern uint64_t live_deps_stamp(LiveTurn *turn, const LiveDeps *deps);

/* What depends on the document's time, or its seq, is computed again when that has moved. */
static inline void
live_look_at_clocks(LiveLook *look, const LiveMemory *memory)
{
	look->moved = (look->turn->now != memory->now ? LANG_READS_TIME : 0) | (look->turn->seq != memory->seq ? LANG_READS_SEQ : 0);
}

/* Whether anything of it has changed since the part was last brought up to date; obj: whose own fields are meant. */
static inline bool
live_is_newer(const LiveLook *look, const LiveDeps *deps, const VmObj *obj)
{
	if (deps->is_own && obj->stamp > look->since)
		return true;
	if (live_deps_stamp(look->turn, deps) > look->since || (deps->reads & look->moved) != 0)
		return true;
	if (look->viewer_changed != NULL)
		for (int i = 0; i < deps->n_viewer_slots; i++)
			if (look->viewer_changed[deps->viewer_slots[i]])
				return true;
	return false;
}

/* Whether it can be told from any other object, by its address and its id (vm/watch.h). */
static inline bool
live_is_row(const VmObj *obj)
{
	return obj->table != NULL && obj->table->type->kind == LANG_TABLE;
}

/* ---- memory.c ---- */

/* Brings the part up to date; appends what is different to out, an object, whole when nothing was shown yet.  False: it was never updated. */
extern bool live_memory_update(LiveMemory *memory, LiveTurn *turn, const bool *viewer_changed, KitArena *scratch, KitBuf *out, KitDiag *diag);
extern void live_memory_forget(LiveMemory *memory);
extern void live_memory_whole(const LiveMemory *memory, KitBuf *out);
extern size_t live_memory_size(const LiveMemory *memory);

/* ---- record.c ---- */

typedef enum LiveShowing
{
	LIVE_SAME,					/* nothing was written */
	LIVE_CHANGED,				/* what is different was, or all of it */
	LIVE_VANISHED				/* it was shown before, and is not any more */
} LiveShowing;

/*
 * Brings the record in *place up to date, making it when there is none: obj, as plan says.  key, when it is different, as a member of the object that is
 * being written.  is_allowed: require was asked already.
 */
extern bool live_show_record(LiveLook *look, const LivePlan *plan, LiveRecord **place, VmObj *obj, const char *key, size_t key_len, bool all,
							 bool is_allowed, LiveShowing *showing);
extern bool live_update_cells(LiveLook *look, const LivePlan *plan, LiveRecord *record, bool all);
extern LiveRecord *live_record_new(KitHeap *heap, const LivePlan *plan);
extern void live_record_free(KitHeap *heap, const LivePlan *plan, LiveRecord *record);
extern void live_record_write(const LivePlan *plan, const LiveRecord *record, KitBuf *out);	/* whole */
extern bool live_enter(LiveLook *look);
extern bool live_has_room(LiveLook *look);
extern VmText live_cell_text(const LiveCell *cell);	/* len 0: nothing is shown */
/* Brings a cell up to date whose values are all texts, without telling; *before, in scratch: what it was, when *is_changed. */
extern bool live_renew_text(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool *is_changed, VmText *before);
extern void live_end_object(KitBuf *out);
extern void live_cut(KitBuf *out, size_t mark);

/* ---- list.c, rows.c, order.c ---- */

extern bool live_update_list(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all, bool is_new);
extern bool live_update_count(LiveLook *look, const LiveCellPlan *cell, LiveList *list, VmObj *obj, bool all);
extern void live_list_free(KitHeap *heap, const LivePlan *plan, LiveList *list);
extern void live_list_write(const LivePlan *plan, const LiveList *list, KitBuf *out);	/* the members, without braces */

extern LiveEntry *live_rows_find(const LiveList *list, int32_t id);
extern LiveEntry *live_rows_add(KitHeap *heap, LiveList *list, int32_t id, VmObj *row);
extern void live_rows_remove(KitHeap *heap, LiveList *list, LiveEntry *entry);	/* which is freed; not in a chunk any more */
extern uint32_t live_rows_rank(const LiveList *list, const LiveEntry *entry);
extern LiveEntry *live_rows_at(const LiveList *list, uint32_t rank);
extern bool live_rows_seek(const LiveList *list, uint32_t rank, uint32_t *chunk, uint32_t *at);	/* false: there are not so many */
extern void live_rows_append(KitHeap *heap, LiveList *list, LiveEntry *entry);
extern void live_rows_insert(KitHeap *heap, LiveList *list, uint32_t chunk, uint32_t at, LiveEntry *entry);
extern void live_rows_take(KitHeap *heap, LiveList *list, LiveEntry *entry);
extern void live_rows_clear(KitHeap *heap, LiveList *list);	/* the chunks */
extern void live_rows_free(KitHeap *heap, LiveList *list);	/* all but the records */

/* The order of a list as the pieces of the order before: ids, and slices of it. */
typedef struct LiveOrder
{
	KitBuf	   *out;
	uint32_t	n_old;
	uint32_t	n_new;
	uint32_t	n_pieces;
	int64_t		from;			/* the run that may go on; -1: there is none */
	int64_t		len;
	int32_t		first[2];		/* its first ids */
	size_t		mark;
} LiveOrder;

extern void live_order_begin(LiveOrder *order, KitBuf *out, uint32_t n_old);
extern void live_order_add(LiveOrder *order, int64_t old_at, int32_t id);	/* -1: it is new */
/* len elements of the order before, from old_at on; second: id of the second of them. */
extern void live_order_add_run(LiveOrder *order, int64_t old_at, int64_t len, int32_t first, int32_t second);
extern void live_order_end(LiveOrder *order, bool must_write);	/* writes nothing when the order is the same */

#endif
