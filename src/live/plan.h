/*
 * plan.h
 *	  How a program's documents are shown: found out once per program.
 *
 * A view is split.  What every viewer sees alike is the shared part; what depends on who looks, or with which viewer state, is the private part.  Each
 * structure has a plan for each part: the cells, one for each field that may be shown there.
 *
 *		ALL			every field: of a record that is wholly in one part
 *		SHARED		fields that everybody sees alike, and of mixed ones what everybody sees alike
 *		PRIVATE		the others, and of mixed ones the rest.  It lies over the shared part: it says which members there are more, never which
 *					records and lists there are, nor in which order
 *
 * A mixed field shows records whose own presence is the same for all, but not all of their fields.
 *
 * Dependencies.  What a cell, a record or a list depends on is a set of stored fields (LangUnit.fields), which the document has stamps for.  "own" is what
 * of it lies in the object itself or in what is nested in it: for that the object's one stamp is asked.
 */
#ifndef ADAMA_LIVE_PLAN_H
#define ADAMA_LIVE_PLAN_H

#include "vm/vm.h"

typedef enum LivePart
{
	LIVE_ALL,
	LIVE_SHARED,
	LIVE_PRIVATE
} LivePart;

typedef struct LiveDeps
{
	int			index;			/* of its stamp in a turn */
	uint64_t   *own;
	uint64_t   *any;			/* of any object */
	int			reads;			/* LangReads */
	/* made of these */
	bool		is_own;
	int		   *bits;			/* of any, the viewer's left out */
	int			n_bits;
	int		   *viewer_slots;
	int			n_viewer_slots;
} LiveDeps;

typedef enum LiveForm
{
	LIVE_FORM_VALUE,
	LIVE_FORM_RECORD,			/* a record, or maybe one */
	LIVE_FORM_LIST,				/* of records */
	LIVE_FORM_KEPT,				/* the same, kept up to date row by row */
	LIVE_FORM_COUNT,			/* of rows, kept in the same way */
	LIVE_FORM_VALUES			/* of one field of rows, likewise */
} LiveForm;

typedef struct LivePlan LivePlan;

typedef struct LiveCellPlan
{
	const LangField *field;
	const LangUnit *unit;		/* formula or bubble */
	LiveForm	form;
	const LivePlan *rows;		/* of the records in it; VALUES: of rows that are shown as one value each */
	bool		is_guarded;		/* privacy is to be asked */
	LiveDeps	value;			/* whether it may be seen, and its value; KEPT, COUNT and VALUES: only the first */
	LiveDeps	shown;			/* all of what is shown in it */
	LiveDeps	tests;			/* KEPT, COUNT, VALUES: of the conditions (and the value), the rows left out */
	LiveDeps	keys;			/* KEPT: of the rows' order */
	LiveDeps	part;			/* KEPT: of offset and limit */
	bool		has_part;
} LiveCellPlan;

struct LivePlan
{
	const LangStruct *structure;
	LivePart	part;
	bool		is_value;		/* it has one cell, which is not shown by its name */
	LiveCellPlan *cells;
	int			n_cells;
	LiveDeps	guard;			/* of require */
	LiveDeps	inside;			/* all that it shows; its own: in the object */
};

typedef struct LivePlans
{
	const VmProgram *program;
	LivePlan   *root[3];		/* by LivePart */
	LivePlan  **plans;			/* all of them */
	int			n_plans;
	int			n_deps;
	bool		has_shared;
	bool		has_private;
	bool		is_mixed;		/* a member may be in both parts */
	bool		is_unknown;		/* nobody knows what anything depends on: everything is computed each time */
} LivePlans;

/* Made at first use, as long as the program. */
extern const LivePlans *live_plans(const VmProgram *program);

/* What the presence and the value of the field itself depend on (LangReads); of records in it, whether they are there. */
extern int	live_field_reads(const LangField *field);
extern bool live_field_is_shown(const LangField *field);	/* to anybody */
extern const LangStruct *live_shown_struct(const LangType *type);	/* of the records that a record, a maybe of one or a list of them shows; or NULL */

#define LIVE_PERSONAL (LANG_READS_WHO | LANG_READS_VIEWER)

#endif
