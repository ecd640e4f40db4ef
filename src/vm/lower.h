/*
 * lower.h
 *	  What the files of the lowering share.
 *
 * Lowering turns one unit after the other into code: lower.c the units and their statements, lower_emit.c instructions, registers, jumps and constants,
 * lower_expr.c expressions, lower_maybe.c and lower_map.c what may be absent, lower_call.c calls, lower_test.c tests, lower_query.c queries, lower_scan.c which
 * rows they visit, lower_aggregate.c what is told of rows, lower_assign.c assignments and ingestion, lower_rows.c tables of messages.  It decides nothing about the
 * language: types, conversions and overloads are in the tree already.
 *
 * Registers.  Locals have fixed registers; temporaries are a stack above them: a function that needs some remembers l->next, and sets it back when they
 * are dead.  lower_expr returns the register that holds the value, which may be a local's own; whoever evaluates something else before using it
 * asks lower_may_change first.  With want >= 0 the value ends in that register; it is written only after all operands have been read.
 */
#ifndef ADAMA_VM_LOWER_H
#define ADAMA_VM_LOWER_H

#include "vm/code.h"

/* A place to jump to.  Before it is known, the jumps to it are chained through their operands. */
typedef struct Label
{
	int32_t		at;				/* -1: not known yet */
	int32_t		waiting;		/* last jump that waits for it; -1: none */
} Label;

#define LABEL_NEW ((Label) {-1, -1})

typedef struct Loop
{
	Label	   *leave;
	Label	   *again;			/* NULL in a switch */
	struct Loop *up;
} Loop;

/* An expression of a query whose value does not depend on the row: evaluated once, before the loop. */
typedef struct Hoisted
{
	const LangExpr *expr;
	uint16_t	reg;
	struct Hoisted *up;
} Hoisted;

/* Code that the compiler makes up for a pair of structures. */
typedef enum PairKind
{
	PAIR_CONVERT,				/* (message) -> message of another type */
	PAIR_INGEST					/* (object, message or record) */
} PairKind;

typedef struct Pair
{
	PairKind	kind;
	const LangStruct *from;
	const LangStruct *to;
	uint32_t	code;
	struct Pair *next;
} Pair;

typedef struct Lower
{
	VmProgram  *program;
	KitArena   *arena;			/* the program's */
	KitArena   *scratch;		/* until lowering is done */
	LangDiags  *diags;
	bool		has_failed;
	uint32_t	codes_cap;
	uint32_t	constants_cap;
	uint32_t	sorts_cap;
	uint32_t	types_cap;
	uint32_t	orders_cap;
	uint32_t	aggregates_cap;
	Pair	   *pairs;			/* latest first */

	/* the unit at hand */
	const LangUnit *unit;
	VmIns	   *ins;
	uint32_t	n_ins;
	uint32_t	ins_cap;
	VmPosition *positions;
	uint32_t	n_positions;
	uint32_t	positions_cap;
	LangPos		pos;
	uint32_t	next;			/* first free temporary */
	uint32_t	n_regs;
	Loop	   *loop;
	Hoisted    *hoisted;
	bool		in_plain;		/* lower_aggregate.c: rows are gone through */
	int			depth;
} Lower;

/* ---- lower_emit.c ---- */

extern void lower_fail(Lower *l, const char *what);		/* the unit exceeds a limit */
extern uint16_t lower_temp(Lower *l);
extern uint16_t lower_temps(Lower *l, uint32_t n);		/* consecutive; the first */
extern uint16_t lower_result(Lower *l, int want);		/* want, or a new temporary */
extern uint16_t lower_local(const LangLocal *local);
extern void lower_emit(Lower *l, VmOp op, uint32_t a, uint32_t b, uint32_t c);
extern void lower_emit_imm(Lower *l, VmOp op, uint32_t a, int32_t imm);
extern void lower_jump(Lower *l, VmOp op, uint32_t a, Label *label);	/* also the second word of an instruction */
extern void lower_branch(Lower *l, VmOp op, uint32_t a, uint32_t b, uint32_t c, Label *label);	/* an instruction with its second word */
extern void lower_loop(Lower *l, Label *label);			/* back to a known label */
extern void lower_here(Lower *l, Label *label);
extern void lower_move(Lower *l, uint16_t to, uint16_t from);
extern int32_t lower_constant(Lower *l, char kind, VmVal value);
extern uint16_t lower_int(Lower *l, int64_t value, int want);
extern uint16_t lower_string(Lower *l, const char *text, size_t len, int want);
extern uint16_t lower_default(Lower *l, const LangType *type, int want);
extern uint32_t lower_sort(Lower *l, VmSort sort);
extern uint32_t lower_type(Lower *l, const LangType *type);
extern uint32_t lower_order_def(Lower *l, VmOrderDef *def);
extern uint32_t lower_aggregate_def(Lower *l, VmAggregateDef *def);
extern uint32_t lower_add_code(Lower *l, VmCode *code);
extern const LangExpr *lower_bare(const LangExpr *e);	/* without parentheses */

/* ---- lower_effects.c ---- */

#define LOWER_ASSIGNS (1 << 16)		/* assigns a local */
#define LOWER_CALLS (1 << 17)		/* runs other code */

extern int	lower_effects(const LangExpr *e);			/* LangReads, and these */
extern bool lower_is_pure(const LangExpr *e);			/* evaluating it never, once or twice makes no difference but for time */
extern bool lower_reads_local(const LangExpr *e, const LangLocal *local);

/* ---- lower_expr.c ---- */

extern uint16_t lower_expr(Lower *l, const LangExpr *e, int want);
/* The same, safe from what is evaluated next. */
extern uint16_t lower_expr_kept(Lower *l, const LangExpr *e, const LangExpr *next);
/* Jumps when the condition is (not) true, else goes on. */
extern void lower_condition(Lower *l, const LangExpr *e, bool jump_when, Label *label);
/* What a maybe holds; jumps when it is empty. */
extern uint16_t lower_maybe(Lower *l, const LangExpr *e, Label *empty, int want);
extern uint16_t lower_wrapped(Lower *l, const LangExpr *e, int want);	/* a maybe made from what lower_maybe yields */
extern uint16_t lower_convert(Lower *l, uint16_t value, const LangType *from, const LangType *to, int want);
extern uint16_t lower_project(Lower *l, uint16_t value, const LangType *from, const LangType *to, int want);	/* as @convert does */
extern uint16_t lower_apply(Lower *l, VmOp op, uint16_t left, uint16_t right, int want);

extern uint16_t lower_plain(Lower *l, const LangExpr *e, int want);	/* a name or field as it is: maps are not copied */
extern uint16_t lower_base(const LangRef *ref);		/* the register of the object whose field a name stands for */

/* ---- lower_map.c ---- */

extern uint16_t lower_map(Lower *l, const LangExpr *e, int want);	/* a map as an operand: not kept, not changed */
extern bool lower_map_needs_value(const LangExpr *e);
extern uint16_t lower_map_value(Lower *l, const LangExpr *e, int want);
extern void lower_keep(Lower *l, const LangType *type, uint16_t reg);	/* a value in reg, read from elsewhere, is to be kept */
extern uint16_t lower_map_place(Lower *l, const LangExpr *e);	/* a map to be changed */
extern uint16_t lower_map_entered(Lower *l, const LangExpr *e, int want);	/* m[k], made when it is not there */
extern bool lower_makes(const LangExpr *place);
extern uint16_t lower_map_receiver(Lower *l, const LangExpr *e, Label *none);	/* a map that entries are taken out of */
extern bool lower_is_held(const LangField *field);	/* a maybe<record> of the document */
extern uint16_t lower_held(Lower *l, const LangField *field, uint16_t obj, int want);	/* its record, or nothing */
extern uint16_t lower_hold(Lower *l, const LangField *field, uint16_t obj, int want);	/* its record, made when there is none */
extern const LangField *lower_held_field(const LangExpr *e);
extern uint16_t lower_hold_place(Lower *l, const LangExpr *e, int want);

/* ---- lower_rows.c ---- */

extern bool lower_is_rows(const LangType *type);	/* a table of messages */
extern uint16_t lower_rows_value(Lower *l, const LangExpr *e, int want);	/* a value of any type, a table of messages that is a variable's copied */
extern uint16_t lower_rows_delete(Lower *l, const LangExpr *call, int want);

/* ---- lower_test.c ---- */

extern void lower_test_stmt(Lower *l, const LangStmt *stmt);
extern void lower_block(Lower *l, const LangStmt *stmt);	/* lower.c */

/* ---- lower_call.c ---- */

extern uint16_t lower_call(Lower *l, const LangExpr *e, int want);
extern uint16_t lower_formula(Lower *l, const LangField *field, uint16_t obj, int want);
/* What a call yields that is of a maybe type: unwrapped.  False: there is no shorter way than to make the maybe. */
extern bool lower_call_maybe(Lower *l, const LangExpr *e, Label *empty, int want, uint16_t *result);

/* ---- lower_query.c ---- */

typedef enum QueryUse
{
	QUERY_LIST,					/* a list in order */
	QUERY_EACH,					/* a list in any order */
	QUERY_COUNT					/* the number of elements */
} QueryUse;

extern uint16_t lower_query(Lower *l, const LangExpr *e, QueryUse use, int want);
/* A list that is not changed while it is used, in the order that use asks for. */
extern VmSortKey lower_sort_key(const LangOrderKey *key);	/* of a computed one without its slot */
extern VmSortKey lower_sort_key_of(const LangType *type);
extern void lower_field_list(Lower *l, uint16_t list, const LangField *field, uint16_t values);	/* values = the field of each element */
extern uint16_t lower_projection(Lower *l, const LangExpr *e, int want);

/* ---- lower_clause.c ---- */

extern bool lower_clause_changes(LangLinqKind kind);		/* works on the list itself, which must be nobody else's */
extern uint16_t lower_apply_each(Lower *l, VmOp op, const LangExpr *list, int want);	/* the list of what the operation makes of each element */
extern uint16_t lower_clause(Lower *l, const LangExpr *e, uint16_t list);	/* the register of what comes out */

/* ---- lower_scan.c ---- */

/* What conditions say of one field of the row. */
typedef struct LowerBounds
{
	const LangField *field;
	VmKeyKind	kind;			/* how it is compared */
	int			order;			/* that begins with the field */
	bool		is_equal;		/* to low, which is high */
	const LangExpr *low;		/* NULL: none */
	const LangExpr *high;
	bool		is_low_open;
	bool		is_high_open;
} LowerBounds;

/* The order by these keys, its number or VM_BY_ID, forwards or backwards; -1: none can be kept. */
extern int	lower_order_of(Lower *l, const LangStruct *row, const LangOrderKey *keys, int n, bool *is_backwards);
/* The best bounds in n conditions, of the wanted field or of any that has an order. */
extern bool lower_find_bounds(Lower *l, const LangExpr *const *clauses, int n, const LangField *wanted, LowerBounds *out);

/* ---- lower_aggregate.c ---- */

/* False: e is nothing that can be kept told; nothing was emitted. */
extern bool lower_aggregate(Lower *l, const LangExpr *e, int want, uint16_t *result);

/* ---- lower_assign.c ---- */

extern void lower_assign(Lower *l, const LangExpr *place, const LangExpr *value);
extern uint16_t lower_assign_op(Lower *l, const LangExpr *e, int want, bool is_used);	/* += -= *= ++ -- */
extern uint16_t lower_text_change(Lower *l, const LangExpr *call, int want);	/* a built-in that changes a text where it is */
extern void lower_clear(Lower *l, const LangExpr *place);	/* empties a maybe */
extern void lower_ingest(Lower *l, const LangStmt *stmt);
extern uint16_t lower_object(Lower *l, const LangExpr *object, const LangStruct *type, int want);
extern uint32_t lower_pair(Lower *l, PairKind kind, const LangStruct *from, const LangStruct *to);
extern void lower_pair_body(Lower *l, const Pair *pair);
extern void lower_set(Lower *l, const LangStruct *structure, uint16_t obj, int slot, uint16_t value);
extern uint16_t lower_get(Lower *l, const LangField *field, uint16_t obj, int want);

#endif
