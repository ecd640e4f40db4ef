/*
 * state.h
 *	  A document in memory: its values, the journal of what changed, and its three encodings (whole state, delta, message).
 *
 * A VmDoc is loaded from a state (doc.h bytes), or made empty, then brought forward by applying deltas of the log, or by running
 * events.
 *
 * Life of the journal.  vm_doc_begin … any number of events, each of which either adds to the journal or, when it fails, is
 * undone to the mark that was set before it … vm_doc_delta writes the net change since begin (values that ended as they began
 * are not in it) … vm_doc_commit forgets the journal, frees what was replaced and removes deleted rows; or vm_doc_rollback
 * undoes everything.  Costs follow the number of changes, never the size of the document.  Between begin and commit a replaced
 * string or deleted row stays readable.
 *
 * Storage form (what state and delta hold): members are the stored fields of the root in declaration
 * order by name; long is a decimal string; principal {"agent","authority"}; enum a number; maybe the value or absent; dynamic its JSON, absent while
 * null; text as cotext.h says; record an object of its fields, "id" first for rows; table an object of rows by id, ascending; map an object by key, ascending (codec_key.c says
 * how keys are written); then the document's own members:
 *		"__auto_table_row_id"	the last row id given out; absent while 0
 *		"__entropy"				state of the random generator, a long; absent while 0
 *		"__timezone"			the zone of Time.*, as text; absent while UTC
 *		"__dedupe"				{"agent/authority/key": "ms"}: dedupe keys seen in the last 10 minutes, by time, then by text ('-' and '/'
 *								in the parts escaped as -- and -/); absent while empty
 * Defaults are written too, so that a state can be read without its program; an empty maybe is absent.  A double that is no
 * number or is not finite is a string: "NaN", "Infinity", "-Infinity".  A document's state is written in one way only, whatever
 * its history.
 *
 * Effects are what events do beside changing the document.  They come and go with the journal like changes, and whoever ends it takes them first.  An array, in
 * the order in which they came about, of
 *		{"seq": n, "to": principal, "send": ["name", value, …]}		those who watch are sent {"name": value, …}; without "to" everybody
 *		{"seq": n, "disconnect": principal}							its connections to the document end
 * seq is the number of the event.
 *
 * A document shares the static strings of its program and must not outlive it.
 */
#ifndef ADAMA_VM_STATE_H
#define ADAMA_VM_STATE_H

#include "doc/doc.h"
#include "vm/value.h"

#define VM_DEDUPE_MS 600000

typedef struct VmMark
{
	uint32_t	n_changes;
	int64_t		last_row_id;
	uint64_t	entropy;
	int			zone;
	size_t		members_size;
	uint32_t	n_effects;
} VmMark;

/* Empty document with all fields at their initial values.  Lives until vm_doc_free, whatever becomes of the transaction, if keep. */
extern VmDoc *vm_doc_new(const VmProgram *program, uint64_t entropy, bool keep);
/*
 * Loads a whole state.  Members that the program does not know are an error (KIT_DAMAGED) unless is_upgrade, when they are
 * dropped; a member of the wrong type is always an error (but an enum's number that the program does not know is_upgrade makes
 * the initial value); missing members get their initial values, but a missing maybe is empty.  NULL on error.
 */
extern VmDoc *vm_doc_load(const VmProgram *program, DocBytes state, bool is_upgrade, bool keep, KitDiag *diag);
extern void vm_doc_free(VmDoc *doc);
extern const VmProgram *vm_doc_program(const VmDoc *doc);
extern int	vm_doc_zone(const VmDoc *doc);		/* of Time.*: kit/calendar.h */
extern void vm_doc_set_zone(VmDoc *doc, int zone);	/* journalled */
extern VmObj *vm_doc_root(const VmDoc *doc);
extern size_t vm_doc_memory(const VmDoc *doc);		/* bytes held */
extern size_t vm_doc_state_size(const VmDoc *doc);	/* bytes that vm_doc_save would write, kept up to date with each change: O(1) */

/*
 * Applies a delta of the log, outside of any journal.  The document is then as if it had been loaded from doc_apply(its state,
 * the delta): what is removed, but not a row or a maybe, has its initial value again.  On error the document is not usable any
 * more.
 */
extern bool vm_doc_apply(VmDoc *doc, DocBytes delta, KitDiag *diag);
extern DocBytes vm_doc_save(const VmDoc *doc, KitBuf *out);	/* the whole state; pending changes included */

extern void vm_doc_begin(VmDoc *doc);
extern VmMark vm_doc_mark(VmDoc *doc);
extern void vm_doc_undo_to(VmDoc *doc, VmMark mark);
extern bool vm_doc_has_changes(const VmDoc *doc);
/* The net change since begin; an empty object when there is none.  Uses the buffer's arena for scratch. */
extern DocBytes vm_doc_delta(VmDoc *doc, KitBuf *out);
extern void vm_doc_commit(VmDoc *doc);
extern void vm_doc_rollback(VmDoc *doc);
/* The effects since begin; len 0 when there are none. */
extern DocBytes vm_doc_effects(const VmDoc *doc, KitBuf *out);
/* The same from the nth on, counted from 0: those that came about since there were n. */
extern DocBytes vm_doc_effects_since(const VmDoc *doc, uint32_t n, KitBuf *out);
extern uint32_t vm_doc_n_effects(const VmDoc *doc);
extern size_t vm_doc_effects_size(const VmDoc *doc);	/* encoded bytes, without the array */
/* Counts every change ever made to this VmDoc (also by apply and undo): equal stamps mean an equal document. */
extern uint64_t vm_doc_stamp(const VmDoc *doc);

/* ---- changes: only between begin and commit ---- */

/* Stores value, copied into the document, unless it is the same already.  Not for tables, maps and nested records. */
extern void vm_doc_set(VmDoc *doc, VmObj *obj, int slot, VmVal value);
/*
 * Makes a row with the next id; fields at their initial values; nested records and tables made.  NULL when there are no ids
 * left, or when the row would lie deeper in nested tables than a state can be.
 */
extern VmObj *vm_doc_insert(VmDoc *doc, VmTable *table);
/* The entry of the key, made when there is none (value.h).  NULL when it would lie too deep. */
extern VmObj *vm_doc_enter(VmDoc *doc, VmMap *map, VmVal key);
extern VmObj *vm_doc_hold(VmDoc *doc, VmTable *holder);		/* the record of a maybe, made when there is none; NULL the same */
/* Work that entering takes beyond finding, when what was deleted has to be emptied first. */
extern uint64_t vm_doc_enter_cost(const VmMap *map, VmVal key);
extern uint64_t vm_doc_hold_cost(const VmTable *holder);
extern void vm_doc_delete(VmDoc *doc, VmObj *row);			/* a row, an entry, the record of a maybe; no effect when deleted already */
extern uint64_t vm_doc_random(VmDoc *doc);					/* 64 random bits; advances the document's generator (journaled) */
/* False when the key was seen in the last 10 minutes before at (ms); otherwise remembers it and forgets older ones. */
extern bool vm_doc_dedupe(VmDoc *doc, const VmPrincipal *who, const char *key, size_t len, int64_t at);

/* ---- reading ---- */

extern VmObj *vm_table_find(const VmTable *table, int32_t id);	/* O(log n); NULL when absent or deleted */

/* ---- messages and views of values ---- */

/*
 * Makes a message object in the arena from a JSON object.  Strict: a member that the type has not is KIT_UNKNOWN_FIELD, a wrong
 * type KIT_INVALID_MESSAGE (the message names the path and both types); long takes an integer or a decimal string; missing
 * members get their initial values; null is only for maybe.  A viewer state may have members that the program does not declare; its
 * errors are KIT_INVALID_VIEWER.
 */
extern bool vm_message_decode(const VmProgram *program, const LangStruct *type, DocItem item, KitArena *arena, VmObj **out, KitDiag *diag);
/* Sets the message's fields to the members of those names; others are skipped. */
extern bool vm_message_ingest(const VmProgram *program, VmObj *message, DocItem item, KitArena *arena, KitDiag *diag);
/* The same for a single value of any type that messages can hold. */
extern bool vm_value_decode(const VmProgram *program, const LangType *type, DocItem item, KitArena *arena, VmVal *out, KitDiag *diag, const char *path);
/* Writes a value in storage form. */
extern void vm_value_encode(DocWriter *w, const LangType *type, VmVal value);

#endif
