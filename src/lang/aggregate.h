/*
 * aggregate.h
 *	  Expressions that tell something of the rows of a table that meet conditions, in a form that can be kept told while the table changes:
 *
 *		(iterate t [where …]*).size()
 *		(iterate t [where …]*).f.sum()		minimum, maximum, range and average likewise; f a number of the row
 *
 * Conditions and f depend on fields of the row itself and on numbers of the document, and can neither fail nor make anything.
 */
#ifndef ADAMA_LANG_AGGREGATE_H
#define ADAMA_LANG_AGGREGATE_H

#include "lang/program.h"

typedef enum LangAggregateKind
{
	LANG_AGGREGATE_NONE,
	LANG_AGGREGATE_COUNT,
	LANG_AGGREGATE_SUM,
	LANG_AGGREGATE_MINIMUM,
	LANG_AGGREGATE_MAXIMUM,
	LANG_AGGREGATE_RANGE,
	LANG_AGGREGATE_AVERAGE
} LangAggregateKind;

#define LANG_AGGREGATE_CLAUSES 16
#define LANG_AGGREGATE_FIELDS 32

typedef struct LangAggregate
{
	LangAggregateKind kind;			/* what the expression asks for, also when it cannot be kept told */
	bool		is_kept;
	LangExpr   *table;
	LangExpr   *wheres[LANG_AGGREGATE_CLAUSES];	/* LINQ clauses, the first first */
	int			n_wheres;
	LangField  *value;			/* NULL: rows are counted */
	LangField  *row_fields[LANG_AGGREGATE_FIELDS];	/* stored ones that all of it reads; may repeat */
	int			n_row_fields;
	LangField  *root_fields[LANG_AGGREGATE_FIELDS];
	int			n_root_fields;
	bool		has_formulas;	/* of the row */
	const LangExpr *why;		/* not kept: what is in the way, and why, as the end of "it cannot be kept: …" */
	const char *reason;
} LangAggregate;

/* Looks at a call of a built-in; false: it asks for nothing of the kind. */
extern bool lang_aggregate_read(LangExpr *call, LangAggregate *aggregate);

#endif
