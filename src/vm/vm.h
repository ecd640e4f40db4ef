/*
 * vm.h
 *	  Programs ready to run, events reduced into a document, and values computed from it.
 *
 * A VmProgram is a checked program with its bytecode; it is immutable and shared.  vm_reduce runs one event against a document whose journal is
 * open; it either succeeds and adds to the journal, or fails and leaves no trace: no change, no row id, no randomness, no dedupe key.
 * The result depends on nothing but the program, the document and the event: replaying gives the same.
 *
 * A VmReader computes formulas, bubbles, policies for a viewer; it never changes the document, and remembers each formula's value while the document
 * is unchanged.
 */
#ifndef ADAMA_VM_H
#define ADAMA_VM_H

#include "doc/doc.h"
#include "lang/program.h"
#include "vm/state.h"
#include "vm/value.h"

typedef struct VmLimits
{
	int64_t		steps;			/* instructions, rows visited, bytes/16 copied: all work counts */
	size_t		memory;			/* bytes of the arena that the event uses */
	size_t		document;		/* bytes of the state after the event */
	int			depth;			/* nested calls */
} VmLimits;

extern const VmLimits vm_default_limits;

/*
 * Compiles a program.  It lives in an arena of its own, until vm_program_free.  NULL when there are errors (they are in diags; so are warnings, also on
 * success).
 */
extern VmProgram *vm_program_new(const char *source, size_t len, LangDiags *diags);
/* The same for a program that includes others. */
extern VmProgram *vm_program_build(const char *source, size_t len, const LangSources *sources, LangDiags *diags);
extern void vm_program_keep(VmProgram *program);	/* outlives the transaction */
extern void vm_program_free(VmProgram *program);
extern const LangProgram *vm_program_lang(const VmProgram *program);
extern size_t vm_program_memory(const VmProgram *program);
/* What live has found out about the program, in the program's arena; NULL at first. */
extern void **vm_program_attached(const VmProgram *program);
extern KitArena *vm_program_arena(const VmProgram *program);
extern void vm_program_disassemble(const VmProgram *program, KitBuf *out);
/* Whether documents of the old program can be loaded by the new one: fields of one name have one type, or a wider one (int to long or double, an enum to int, a value to its maybe).  False: the diag lists those that have not. */
extern bool vm_program_upgrades(const VmProgram *from, const VmProgram *to, KitDiag *diag);

typedef enum VmEventKind
{
	VM_EVENT_CREATE,			/* message: the argument of @construct */
	VM_EVENT_SEND,				/* channel, message, dedupe */
	VM_EVENT_CONNECT,			/* @connected: fails with KIT_DENIED when it does not yield true */
	VM_EVENT_DISCONNECT,
	VM_EVENT_DELETE,			/* @delete: fails with KIT_DENIED when it does not yield true */
	VM_EVENT_ATTACH,			/* message: an asset; fails with KIT_DENIED when @can_attach does not yield true, or there is none */
	VM_EVENT_LOAD
} VmEventKind;

extern const char *vm_event_name(VmEventKind kind);	/* "create", "send", … */

typedef struct VmText
{
	const char *str;
	uint32_t	len;
} VmText;

struct VmEvent;

/* Who is given the lines that "log" writes while an event runs, whether it succeeds or not; write NULL: nobody.  event is NULL in a test block itself. */
typedef struct VmLog
{
	void		(*write) (void *arg, const struct VmEvent *event, const char *text, size_t len);
	void	   *arg;
} VmLog;

typedef struct VmEvent
{
	VmEventKind kind;
	VmText		agent;			/* str NULL: nobody, as for LOAD */
	VmText		authority;
	int64_t		at;				/* ms since 1970: Time.now() */
	int64_t		seq;			/* that it makes the document's if it succeeds: Document.seq() */
	VmText		space;
	VmText		key;
	VmText		channel;
	DocItem		message;		/* an object, or an array for channels that take M[]; kind DOC_NULL: none */
	VmText		dedupe;			/* str NULL: none */
	VmText		origin;			/* @context.origin, @context.ip; may be empty */
	VmText		ip;
	VmLog		log;			/* has no part in what the event does */
} VmEvent;

/* The time of an event that comes now, in a document whose last one was at `last`: never before it, and not moved by less than the program asks for. */
extern int64_t vm_program_time(const VmProgram *program, int64_t last, int64_t now);

/* Whether the event does anything under this program: an event without a handler need not be reduced (CONNECT, DISCONNECT, LOAD). */
extern bool vm_program_handles(const VmProgram *program, VmEventKind kind);

/*
 * Reduces one event; the journal must be open.  scratch holds what the event needs while it runs; the caller resets it.  Errors: KIT_UNKNOWN_CHANNEL, KIT_UNKNOWN_FIELD,
 * KIT_INVALID_MESSAGE, KIT_DUPLICATE_MESSAGE, KIT_ABORTED, KIT_DENIED, KIT_BUDGET_EXCEEDED, KIT_DOCUMENT_TOO_LARGE, KIT_RUNTIME_ERROR (with the program's line).
 *
 * An event that asks for the end of the document, KIT_DESTROYED, or for an earlier state of it, KIT_REWOUND, fails as well: it has left nothing, and it is for the
 * caller to do what was asked for.
 */
extern bool vm_reduce(VmDoc *doc, const VmEvent *event, const VmLimits *limits, KitArena *scratch, KitDiag *diag);
/* After KIT_REWOUND: the sequence number that the document shall be led back to. */
extern int64_t vm_rewind_seq(const VmDoc *doc);
/*
 * What leads doc back to an earlier state of itself, which is there as a document of the same program; that one is changed: the dedupe key of the event that asks for
 * it is known there, too, so that the same message does not come twice.
 */
extern bool vm_rewind_delta(const VmDoc *doc, VmDoc *earlier, const VmEvent *event, KitArena *arena, KitBuf *delta, KitDiag *diag);

/* An effect (state.h) read back. */
typedef struct VmEffect
{
	int64_t		seq;			/* of the event */
	bool		disconnects;	/* connections of the principal end; otherwise something is sent */
	bool		is_for_all;
	VmText		agent;
	VmText		authority;
	DocCursor	words;			/* what is sent */
} VmEffect;

/* effects: the body of the array.  False at its end. */
extern bool vm_effect_next(DocCursor *effects, VmEffect *effect);
extern bool vm_effect_concerns(const VmEffect *effect, VmText agent, VmText authority);
extern void vm_effect_payload(const VmEffect *effect, KitBuf *out);	/* what is sent, as JSON */

/* Whether @can_attach lets whoever the event says attach something to the document as it is; nothing changes. */
extern bool vm_may_attach(VmDoc *doc, const VmEvent *event, const VmLimits *limits, KitArena *scratch, bool *may, KitDiag *diag);

/* @static policies, which have no document. */
typedef enum VmVerdict
{
	VM_UNDECLARED,				/* the program has no such policy */
	VM_ALLOWED,
	VM_REFUSED
} VmVerdict;

typedef enum VmStatic
{
	VM_STATIC_CREATE,
	VM_STATIC_INVENT,
	VM_STATIC_SEND
} VmStatic;

extern bool vm_static_policy(const VmProgram *program, VmStatic which, const VmEvent *event, const VmLimits *limits, KitArena *scratch,
							 VmVerdict *verdict, KitDiag *diag);

/*
 * Runs one of the program's test blocks (vm_program_lang(program)->tests) on a fresh document of its own.  False: diag says what is not as it should be, and
 * where.  limits hold for the test itself and for each event in it.
 */
extern bool vm_test_run(const VmProgram *program, const LangUnit *test, const VmLimits *limits, VmLog log, KitDiag *diag);

/* ---- reading ---- */

typedef struct VmReader VmReader;

/*
 * A reader of doc for one viewer.  Lives in arena, with all the values that it yields.  who and viewer must live as long; viewer is an object of
 * program->view (vm_viewer_decode), or NULL for its defaults.
 */
extern VmReader *vm_reader_new(VmDoc *doc, KitArena *arena, const VmPrincipal *who, VmObj *viewer, int64_t now, int64_t seq, VmText space, VmText key,
							   const VmLimits *limits);
/* Somebody else looks: budgets begin anew, and what does not depend on who looks stays known. */
extern void vm_reader_look(VmReader *reader, const VmPrincipal *who, VmObj *viewer);
extern bool vm_viewer_decode(const VmProgram *program, DocItem viewer, KitArena *arena, VmObj **out, KitDiag *diag);
/* The value of a field of obj: a slot, or a formula or bubble computed now. */
extern bool vm_reader_field(VmReader *reader, VmObj *obj, const LangField *field, VmVal *out, KitDiag *diag);
/* Whether the viewer may see the field (privacy and guards), or the record at all (require). */
extern bool vm_reader_may_see(VmReader *reader, VmObj *obj, const LangField *field, bool *may, KitDiag *diag);
extern bool vm_reader_may_see_record(VmReader *reader, VmObj *obj, bool *may, KitDiag *diag);
/* All that a viewer must pass to see the field or record, but viewer_is: whether the units say yes. */
extern bool vm_reader_agree(VmReader *reader, VmObj *obj, LangUnit *const *units, int n, bool *may, KitDiag *diag);

/*
 * A list that is kept up to date row by row (unit->kept), looked at by rows: its table; whether a row of it passes the conditions; the order of two rows,
 * never 0 for two; which part of the list is wanted, from offset on (limit INT64_MAX: all).
 */
extern bool vm_kept_list(VmReader *reader, const LangUnit *unit, VmObj *self, VmList **list, KitDiag *diag);	/* all rows that pass, in order */
extern VmTable *vm_kept_table(const VmReader *reader, const LangUnit *unit, VmObj *self);
extern bool vm_kept_test(VmReader *reader, const LangUnit *unit, VmObj *self, VmObj *row, bool *passes, KitDiag *diag);
extern bool vm_kept_compare(VmReader *reader, const LangUnit *unit, VmObj *a, VmObj *b, int *order, KitDiag *diag);
extern bool vm_kept_part(VmReader *reader, const LangUnit *unit, VmObj *self, int64_t *offset, int64_t *limit, KitDiag *diag);

#endif
