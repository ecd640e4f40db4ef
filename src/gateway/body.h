/*
 * body.h
 *	  What is sent of a document: rendered once by the database, shared by all streams that are sent it.
 *
 * The text is a payload without what routed it, from its first member to its last brace: `"data":{…},"seq":12}`.
 */
#ifndef ADAMA_GATEWAY_BODY_H
#define ADAMA_GATEWAY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Body
{
	int			n_refs;
	bool		is_reset;		/* the whole view */
	bool		is_change;		/* of the view, or the whole; else a word beside it, or a change of its privileges */
	bool		has_replacement;	/* made by composition: its "data" has "@r", which clients do not know (body_split) */
	int64_t		seq;			/* 0: none */
	int64_t		life;			/* of the document, with a whole view; 0: none */
	uint32_t	len;
	char		text[];
} Body;

extern Body *body_new(const char *text, size_t len);	/* with one reference; reads what kind it is */
extern Body *body_hold(Body *body);
extern void body_drop(Body *body);

/*
 * One change that does what first, then second do; NULL, and nothing is left to be sent of them, when it would have more than max bytes or cannot be made: the
 * view is to be asked for anew.  The last composition is remembered: streams of one class come here with the same pair.
 */
extern Body *body_compose(Body *first, Body *second, size_t max);
/* What is to be sent of a body with replacements: a change with nulls, then one without "@r".  Both are new. */
extern void body_split(const Body *body, Body **before, Body **rest);

#endif
