/*
 * machine.h
 *	  The state of a run, shared by the interpreter, its queries and built-ins, and by those who start runs (reduce.c, reader.c, program.c).
 *
 * A machine serves one event, or one reader.  All that it makes lies in the arena, which belongs to the caller.  Frames and registers are
 * arrays of the machine, so a program's calls never deepen the C stack.
 *
 * Budgets.  steps and memory count down.  Every instruction is a step; work that is done inside one instruction is charged by vm_charge (16 bytes
 * are a step) or vm_charge_steps.  Counts are of the program's work, not of the machine's: the same on every machine, so that a replay meets
 * the same end.  A run that is out of budget fails; the caller undoes what it did.
 *
 * A function that returns false has filled vm->diag; the interpreter adds where in the program it happened.
 */
#ifndef ADAMA_VM_MACHINE_H
#define ADAMA_VM_MACHINE_H

#include "vm/code.h"
#include "vm/defaults.h"

typedef struct VmFrame
{
	const VmIns *pc;			/* where the caller goes on */
	const VmCode *code;			/* the caller's */
	uint32_t	base;			/* of the caller's registers in the stack */
	uint32_t	dst;			/* the caller's register for the result */
	const VmCode *memo;			/* remember the result as the value of this formula */
} VmFrame;

typedef struct VmMemo
{
	const VmCode *code;			/* NULL: free */
	const VmObj *obj;
	uint64_t	stamp;
	uint32_t	look;			/* what depends on who looks holds for that look only; 0: it does not */
	VmVal		value;
} VmMemo;

typedef struct Vm
{
	const VmProgram *program;
	VmDoc	   *doc;			/* NULL for policies and initial values, which have none */
	VmObj	   *root;
	bool		may_write;
	uint64_t	event;			/* the document's stamp when the event began */
	KitArena   *arena;
	KitDiag    *diag;

	/* what the program may ask about the event */
	const VmPrincipal *who;
	VmObj	   *viewer;			/* made when first asked for */
	int64_t		now;
	int64_t		seq;
	VmText		context[LANG_CONTEXT_IP + 1];	/* by LangContextField */

	VmLimits	limits;
	int64_t		steps;			/* left */
	size_t		memory;			/* left */

	VmVal	   *stack;
	uint32_t	stack_size;
	VmFrame    *frames;
	uint32_t	n_frames;
	uint32_t	frames_size;

	VmMemo	   *memo;
	uint32_t	memo_size;		/* a power of two, or 0 */
	uint32_t	n_memo;
	uint32_t	look;			/* of a reader: counts who looks */
	uint64_t	random;			/* of a reader: draws do not advance the document's generator */

	VmLog		log;
	const VmEvent *log_event;
	struct VmTest *test;		/* of a test block that runs; else NULL */

	uint32_t	n_effects;		/* of this event (state.h) */
	size_t		effects_size;

	VmObj	  **stamped;		/* objects with @bump or @updated fields that changed; may repeat */
	uint32_t	n_stamped;
	uint32_t	stamped_size;
} Vm;

extern void vm_machine_init(Vm *vm, const VmProgram *program, KitArena *arena, const VmLimits *limits, KitDiag *diag);

/* Runs a unit to its end.  args: code->n_params values.  *out is left alone by units that return nothing. */
extern bool vm_run(Vm *vm, const VmCode *code, VmObj *self, const VmVal *args, VmVal *out);

/*
 * How many deleted rows whoever walks over the table's rows is charged for: those that this event has deleted.  Others may still keep their
 * place, or not, which depends on what this process did before; they are few compared with the live ones.
 */
static inline uint32_t
vm_table_deleted(const Vm *vm, const VmTable *table)
{
	return vm->may_write && table->event == vm->event ? table->n_deleted : 0;
}

extern bool vm_fail(Vm *vm, KitError code, const char *format,...) __attribute__((format(printf, 3, 4)));
extern bool vm_out_of_steps(Vm *vm);
extern bool vm_out_of_memory(Vm *vm);

static inline bool
vm_charge_steps(Vm *vm, uint64_t n)
{
	vm->steps -= n < INT32_MAX ? (int64_t) n : INT32_MAX;
	return vm->steps >= 0 || vm_out_of_steps(vm);
}

/* Before bytes are allocated, copied or looked through. */
static inline bool
vm_charge(Vm *vm, size_t bytes)
{
	if (bytes > vm->memory)
		return vm_out_of_memory(vm);
	vm->memory -= bytes;
	return vm_charge_steps(vm, bytes / 16);
}

/* machine.c */
extern bool vm_stack_reserve(Vm *vm, uint32_t size);
extern bool vm_frames_reserve(Vm *vm);
extern bool vm_memo_find(const Vm *vm, const VmCode *code, const VmObj *obj, VmVal *value);
extern void vm_memo_forget(Vm *vm);		/* the time or the seq is another one now */
extern bool vm_memo_store(Vm *vm, const VmCode *code, const VmObj *obj, VmVal value);
extern bool vm_set_document(Vm *vm, VmObj *obj, int slot, VmVal value);
extern bool vm_may_store(Vm *vm, const VmObj *obj, const LangType *type, VmVal value);
extern bool vm_note_change(Vm *vm, VmObj *obj);	/* in a program with @bump or @updated fields */
extern bool vm_set_document_stamped(Vm *vm, VmObj *obj, int slot, VmVal value);
extern bool vm_insert_row(Vm *vm, VmTable *table, VmObj **row);
extern bool vm_delete_row(Vm *vm, VmObj *row);
extern bool vm_writes_refused(Vm *vm);	/* fails: who only reads may not change the document */
extern bool vm_note_change(Vm *vm, VmObj *obj);	/* for the @bump and @updated fields of obj and of what it lies in */
#define VM_CHANGE_SIZE 48		/* about what the journal needs for a change */
extern bool vm_hold(Vm *vm, VmTable *holder, VmObj **record);	/* the record of a maybe, made when there is none */
extern bool vm_stamp_changed(Vm *vm);	/* at the end of an event: sets the @bump and @updated fields of what changed */
extern int	vm_zone(const Vm *vm);			/* the document's: kit/calendar.h */
extern int64_t vm_now(const Vm *vm);	/* the time of the event as a datetime in the document's zone */
extern VmObj *vm_viewer(Vm *vm);
extern const VmStr *vm_context_string(Vm *vm, int which);
extern uint64_t vm_random(Vm *vm);
extern int64_t vm_random_below(Vm *vm, int64_t n);		/* from 0 up to, not including, n; 0 when n <= 0 */

/* log.c */
extern bool vm_log(Vm *vm, const LangType *type, VmVal value);

/* test.c: what a test block does */
extern bool vm_test_do(Vm *vm, VmIns ins, VmVal *r);	/* an instruction VM_TEST_…, but VM_TEST_TRY */
extern bool vm_test_try(Vm *vm, const VmCode *code, const VmIns *caught, uint32_t base);
/* After something failed: true when it was an abort within @aborts; the machine goes on at *pc, with the registers from *base on. */
extern bool vm_test_catch(Vm *vm, const VmCode **code, const VmIns **pc, uint32_t *base);

/* builtin_map.c: instructions on maps (value.h says what is live and what is shared) */
extern bool vm_map_new(Vm *vm, const LangStruct *pair, VmVal *out);
extern bool vm_map_value(Vm *vm, VmMap *map, VmVal *out);	/* the map as a value that is kept elsewhere, too */
extern bool vm_map_own(Vm *vm, VmVal *map);		/* the map as one that may be changed */
extern bool vm_map_put(Vm *vm, VmMap *map, VmVal key, VmVal value);
extern bool vm_map_enter(Vm *vm, VmMap *map, VmVal key, VmVal *value);	/* *value: what to put there when there is none; what is there then */
extern bool vm_map_remove(Vm *vm, VmMap *map, VmVal key);
extern bool vm_map_assign(Vm *vm, VmMap *map, const VmMap *from);
extern bool vm_map_insert_all(Vm *vm, VmMap *map, const VmMap *from);
extern bool vm_map_pairs(Vm *vm, const VmMap *map, VmVal *out);

/* patch.c */
extern bool vm_patch_document(Vm *vm, DocItem patch);	/* merges it into the document; what does not fit is KIT_DELTA_MISFIT */

/* query.c */
extern bool vm_new_list(Vm *vm, size_t cap, VmList **list);
extern bool vm_list_append(Vm *vm, VmList *list, VmVal value);
extern bool vm_table_list(Vm *vm, const VmTable *table, VmList **list);
extern bool vm_delete_all(Vm *vm, VmTable *table);
extern bool vm_delete_list(Vm *vm, const VmList *list);
extern bool vm_list_part(Vm *vm, const VmList *list, int64_t offset, int64_t limit, VmVal *out);
extern bool vm_list_copy(Vm *vm, const VmList *list, VmVal *out);
extern void vm_rows_clear(VmList *table);
extern bool vm_rows_remove(Vm *vm, VmList *table, const VmList *rows);

/* scan.c */
typedef struct VmScan VmScan;

typedef struct VmScanBounds
{
	int			flags;			/* VmScanFlags */
	const VmVal *low;			/* of the order's first key; NULL: none */
	const VmVal *high;
} VmScanBounds;

/* number: of the order, or VM_BY_ID.  Holds while the table is not changed. */
extern bool vm_scan_begin(Vm *vm, VmTable *table, uint32_t number, const VmScanBounds *bounds, VmScan **out);
extern VmObj *vm_scan_next(VmScan *scan);		/* NULL: there are no more */
extern bool vm_ordered(Vm *vm, VmTable *table, uint32_t number, int flags, int64_t offset, int64_t limit, VmList **out);

/* aggregate.c: opened, gone through while there are rows, closed */
typedef struct VmAggregate VmAggregate;

extern bool vm_aggregate_is_worth_it(const Vm *vm, const VmTable *table, const VmAggregateDef *def);	/* depends on the document alone */
extern bool vm_aggregate_open(Vm *vm, VmTable *table, const VmAggregateDef *def, VmAggregate **out);
extern VmObj *vm_aggregate_next(VmAggregate *aggregate);		/* a row to be looked at; NULL: there are no more */
extern void vm_aggregate_put(VmAggregate *aggregate, VmVal value);	/* the row that was yielded last meets the conditions */
extern bool vm_aggregate_close(Vm *vm, VmAggregate *aggregate, VmVal *out);

/* graph.c */
extern bool vm_traverse(Vm *vm, const VmList *list, uint32_t graph, VmVal *out);

/* clause.c */
extern bool vm_group(Vm *vm, VmMap *map, const VmList *list, const VmList *keys);
extern bool vm_unique(Vm *vm, const VmList *list, const VmList *keys, const VmSort *how, VmVal *out);
extern bool vm_rank(Vm *vm, VmList *list, VmList *scores, const VmVal *threshold);
extern bool vm_shuffle(Vm *vm, VmList *list);
extern bool vm_sort_by_text(Vm *vm, VmList *list, const VmStr *text, const LangStruct *structure);

/* sort.c */
/* Sorts list and keeps the limit elements from offset on.  computed: the lists of computed keys. */
extern bool vm_sort(Vm *vm, VmList *list, const VmSort *sort, const VmVal *computed, int64_t offset, int64_t limit);

/* complex.c */
extern bool vm_make_complex(Vm *vm, double re, double im, VmVal *out);
extern bool vm_complex_operation(Vm *vm, uint16_t op, VmVal b, VmVal c, VmVal *a);	/* what the instruction op does with its operands */
extern bool vm_complex_near(const VmComplex *a, const VmComplex *b);
extern bool vm_complex_string(Vm *vm, const VmComplex *a, VmVal *out);

/* builtin*.c: args are the call's arguments, one after the other */
typedef bool (*VmBuiltin) (Vm *vm, const VmVal *args, VmVal *out);
extern const VmBuiltin vm_builtins[LANG_N_BUILTINS];

/* builtin_string.c */
extern bool vm_concat(Vm *vm, const VmStr *a, const VmStr *b, VmVal *out);
extern bool vm_repeat(Vm *vm, const VmStr *a, int64_t times, VmVal *out);
extern bool vm_match(Vm *vm, const VmStr *text, const VmStr *pattern, bool *out);
extern bool vm_double_string(Vm *vm, double d, VmVal *out);
extern bool vm_int_string(Vm *vm, int64_t i, VmVal *out);
extern const VmStr *vm_bool_string(bool b);
extern bool vm_make_string(Vm *vm, const char *text, size_t len, VmVal *out);
extern bool vm_make_maybe(Vm *vm, VmVal value, VmVal *out);

#endif
