/*
 * watch.h
 *	  What has changed in a document since somebody looked last: for those who show it.
 *
 * A document that is watched is brought forward by deltas alone (vm_doc_apply); it has no journal.  Every change gets the stamp that the document
 * has then (vm_doc_stamp, which only grows).  Whoever remembers the stamp S of his last look has missed
 *
 *		a field		when its stamp is greater than S: the field of that name of any object; of a table: that rows came or went; of a map or
 *					a maybe of a record: that anything did
 *		an object	when its stamp is: something in it, or in a row or record within it
 *		rows		of a table: those in its list of touches that are later than S, whether they are there or not; a row may be in it twice.
 *					The list holds the last touches only; who looked before touches->from has to look at all rows.
 *		everything	when vm_watch_all_stamp is
 *
 * Objects stay where they are in memory while they are part of the document; a row that went away leaves a touch.  Rows of tables have ids that never come
 * again; of any other object only its address is known, and another may be there later.
 */
#ifndef ADAMA_VM_WATCH_H
#define ADAMA_VM_WATCH_H

#include "vm/value.h"

typedef struct VmTouch
{
	uint64_t	stamp;
	int32_t		id;
} VmTouch;

typedef struct VmTouches
{
	VmTouch    *items;			/* oldest first */
	uint32_t	n;
	uint32_t	cap;
	uint64_t	from;
} VmTouches;

extern void vm_doc_watch(VmDoc *doc);	/* from now on; no effect when it is already */
extern uint64_t vm_watch_serial(const VmDoc *doc);	/* a number that no other document has; 0: it is not watched */
extern uint64_t vm_watch_all_stamp(const VmDoc *doc);
extern uint64_t vm_watch_field_stamp(const VmDoc *doc, int bit);	/* LangStruct.first_slot + slot */

#endif
