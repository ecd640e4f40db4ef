/*
 * follow.h
 *	  Lists that follow the rows of their table: between list.c, values.c and follow.c.
 */
#ifndef ADAMA_LIVE_FOLLOW_H
#define ADAMA_LIVE_FOLLOW_H

#include "live/internal.h"

/* What happens to a list in one update. */
typedef struct LiveFollow
{
	LiveLook   *look;
	const LiveCellPlan *cell;
	const LivePlan *rows;
	LiveList   *list;
	bool		all;			/* rows that were shown may be different in whatever way */
	bool		is_new;
	bool		is_computed;	/* the rows were found anew: other objects may be where those were that are shown */
	int32_t    *gone;			/* in scratch */
	uint32_t	n_gone;
	uint32_t	gone_cap;
	LiveEntry **leaving;		/* in scratch: entries that were shown, or hidden among those that were, each once */
	uint32_t	n_leaving;
} LiveFollow;

/* A row that was touched. */
typedef struct LiveTouched
{
	int32_t		id;
	VmObj	   *row;			/* NULL: it is gone, or does not pass */
	LiveEntry  *entry;			/* NULL: it was not in the list */
	int64_t		old_at;			/* where it was, when it was taken out; -1 otherwise */
	bool		is_put;			/* it was put in */
	uint32_t	rank;
	bool		is_changed;		/* values.c: its value is another than before */
	VmText		before;
} LiveTouched;

typedef int64_t (*LiveTouchedKey) (const LiveTouched *touched);

extern int64_t live_touched_rank(const LiveTouched *touched);
extern int64_t live_touched_old_place(const LiveTouched *touched);
extern void live_follow_sort(LiveTouched *items, uint32_t n, LiveTouchedKey key);

/* Whether looking at the rows that were touched is not enough. */
extern bool live_follow_must_look_at_all(LiveFollow *c, VmObj *obj);
/* The rows that were touched since the last update, each once; NULL when there are so many that it is better to look at all. */
extern LiveTouched *live_follow_find(LiveFollow *c, uint32_t *n);
/*
 * Takes out and puts in what was touched.  Entries that do not pass any more are left to the caller, without a chunk and leaving.  *moved: the order is not
 * what it was.
 */
extern bool live_follow_touched(LiveFollow *c, VmObj *obj, LiveTouched *touched, uint32_t n, bool asks_guard, bool *moved);

/* All rows of the list, in order, as entries; in scratch. */
extern bool live_follow_collect(LiveFollow *c, VmObj *obj, bool asks_guard, LiveEntry ***entries, uint32_t *n);
extern void live_follow_order(LiveFollow *c, LiveEntry **entries, uint32_t n);	/* makes them the rows of the list */
/* Entries for these rows, those that are deleted left out; in scratch. */
extern LiveEntry **live_follow_enter(LiveFollow *c, const VmList *rows, uint32_t *n);

/* ---- values.c ---- */

/* A list of one field's values instead of rows. */
extern bool live_update_values(LiveFollow *c, VmObj *obj);
extern void live_values_write(const LiveList *list, KitBuf *out);	/* the members, without braces */

#endif
