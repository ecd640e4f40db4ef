/*
 * code.h
 *	  Bytecode: what lowering makes of a checked program, and what the interpreter runs.
 *
 * Code runs on registers of 8 bytes (VmVal), numbered from the frame's base.  Register 0 is the root of the document (NULL where a unit has none),
 * register 1 is self: the record or message whose method, policy, formula this is.  Parameters follow from register 2, then the other
 * locals, then temporaries.  A call puts its arguments into the topmost registers and gives the callee a frame that begins there, so that
 * arguments are never copied.
 *
 * An instruction has 8 bytes: an operation and either three operands of 16 bits, or one of 16 and one of 32.  Some are followed by a second word that
 * carries a jump (opcodes.def says which).  Jumps are relative to the instruction after the word that carries them.
 *
 * All of it lies in the program's arena, never changes after vm_program_new, and knows no names: fields are slots, units are numbers.
 */
#ifndef ADAMA_VM_CODE_H
#define ADAMA_VM_CODE_H

#include "vm/vm.h"

typedef enum VmOp
{
#define VM_OP(name, code, form, doc) name,
#include "vm/opcodes.def"
#undef VM_OP
	VM_N_OPS
} VmOp;

typedef struct VmIns
{
	uint16_t	op;
	uint16_t	a;
	union
	{
		struct
		{
			uint16_t	b;
			uint16_t	c;
		};
		int32_t		imm;
	};
} VmIns;

/* Where instructions come from: an entry holds from its pc up to the next entry's. */
typedef struct VmPosition
{
	uint32_t	pc;
	uint32_t	line;
	uint32_t	column;
	uint16_t	length;
	uint16_t	file;			/* LangPos.file */
} VmPosition;

typedef struct VmCode
{
	const char *name;			/* "channel publish", for the disassembler and for messages */
	const LangUnit *unit;		/* NULL for what the compiler made up: ingestion and conversion of structures */
	VmIns	   *ins;
	uint32_t	n_ins;
	uint32_t	n_regs;			/* registers of a frame */
	uint32_t	n_params;
	VmPosition *positions;
	uint32_t	n_positions;
	bool		is_cheap;		/* neither loops nor calls: not worth remembering its value */
} VmCode;

/* How a list is ordered. */
typedef enum VmKeyKind
{
	VM_KEY_INT,					/* int, long, bool, enum, date, time */
	VM_KEY_DATETIME,			/* by instant */
	VM_KEY_DOUBLE,
	VM_KEY_STRING,
	VM_KEY_STRING_INSENSITIVE,
	VM_KEY_PRINCIPAL,			/* authority, then agent */
	VM_KEY_STRING_HASH,			/* of a kept order only: the key's hash, as an integer, for looking up what is equal */
	VM_KEY_PRINCIPAL_HASH
} VmKeyKind;

#define VM_KEY_ID (-1)			/* slot of a key that is the row's id */

typedef struct VmSortKey
{
	VmKeyKind	kind;
	bool		is_desc;
	bool		is_maybe;		/* empties come last when ascending, first when descending */
	bool		is_computed;	/* slot counts the lists of computed keys from 0, parallel to the list that is sorted */
	int			slot;
} VmSortKey;

typedef struct VmSort
{
	VmSortKey  *keys;
	int			n_keys;
	int			n_computed;
} VmSort;

/* Empties come last; the order of the key's own type.  What is not a number comes behind all numbers. */
extern int	vm_sort_key_compare(const VmSortKey *key, VmVal a, VmVal b);

/* An element while it is sorted. */
typedef struct VmSortEntry
{
	VmVal		key;			/* the first key */
	VmVal		item;
	uint32_t	at;				/* where it was */
} VmSortEntry;

/* Sorts rows, whose first keys are drawn out; returns where they are then: in entries or elsewhere in the arena. */
extern VmSortEntry *vm_sort_entries(const VmSort *sort, VmSortEntry *entries, uint32_t n, KitArena *scratch);

/*
 * An order in which documents may keep the rows of a table (state_order.c): by the keys, then by id.  The first key ascends; a query that wants the opposite
 * goes backwards.
 */
typedef struct VmOrderDef
{
	const LangStruct *row;
	VmSort		sort;			/* all keys in slots of the row, or its id */
	VmSort		backwards;		/* the same with each key turned round */
	uint64_t	slots;			/* VM_SLOT_BIT of each key */
} VmOrderDef;

#define VM_MAX_ORDERS 16		/* of the rows of one structure */
#define VM_BY_ID 0xffff			/* instead of an order's number: by id */
#define VM_SLOT_BIT(slot) (UINT64_C(1) << ((slot) < 63 ? (slot) : 63))

/* The word behind VM_SCAN and VM_ORDERED: operand a. */
typedef enum VmScanFlags
{
	VM_SCAN_BACKWARDS = 1,
	VM_SCAN_LOW_OPEN = 2,		/* the lower bound itself is not wanted */
	VM_SCAN_HIGH_OPEN = 4,
	VM_SCAN_ANY_ORDER = 8		/* the bounds are all that the order is for */
} VmScanFlags;

/* What is told of rows that meet conditions (aggregate.c). */
typedef enum VmAggregateKind
{
	VM_AGGREGATE_COUNT,
	VM_AGGREGATE_SUM,
	VM_AGGREGATE_MINIMUM,
	VM_AGGREGATE_MAXIMUM,
	VM_AGGREGATE_RANGE,
	VM_AGGREGATE_AVERAGE
} VmAggregateKind;

typedef enum VmAggregateNumber
{
	VM_AGGREGATE_NOTHING,			/* rows have no value: they are counted */
	VM_AGGREGATE_INT,
	VM_AGGREGATE_LONG,
	VM_AGGREGATE_DOUBLE
} VmAggregateNumber;

typedef struct VmAggregateDef
{
	VmAggregateKind kind;
	VmAggregateNumber number;
	uint64_t	slots;			/* VM_SLOT_BIT of all that conditions and value read of the row */
	int		   *params;			/* slots of the root that they read, integers and doubles */
	int			n_params;
	int			depth;			/* frames that they need: formulas of the row */
} VmAggregateDef;

#define VM_MAX_AGGREGATES 16		/* of the rows of one structure */
#define VM_AGGREGATE_LEAST 64		/* rows; smaller tables are gone through */

/* How an end of an edge comes of its row: the id of another row, or none. */
typedef enum VmEndKind
{
	VM_END_INT,					/* an int in a slot of the row */
	VM_END_MAYBE,				/* a maybe<int> there */
	VM_END_ID,					/* the row's id */
	VM_END_OWNER,				/* the id of the record whose table it is */
	VM_END_CODE					/* a maybe<int> that code computes: self is that record, the row is its parameter */
} VmEndKind;

typedef struct VmEnd
{
	VmEndKind	kind;
	int			slot;
	const VmCode *code;
} VmEnd;

typedef struct VmJoin
{
	uint32_t	graph;			/* LangAssoc.index */
	VmEnd		from;
	VmEnd		to;
} VmJoin;

/* How the rows of a table are edges. */
typedef struct VmJoins
{
	VmJoin	   *items;
	int			n;
	uint64_t	slots;			/* VM_SLOT_BIT of what ends are computed from */
	size_t		cost;			/* bytes that a change of a row is charged for its edges */
} VmJoins;

/* Code for a list that is kept up to date row by row (LangKept), by which one row is looked at. */
typedef struct VmKept
{
	VmCode	   *rows;			/* all rows that pass, in order */
	VmCode	   *test;			/* whether the row passes all conditions: each of its parameters is the row; NULL: it always does */
	VmCode	   *offset;			/* NULL: there is none */
	VmCode	   *limit;
	VmSort		sort;			/* n_keys 0: by id.  The slot of a computed key is that of its formula in key_codes */
	VmCode	  **key_codes;
} VmKept;

/* What the machine knows of a structure beyond lang. */
typedef struct VmStructInfo
{
	const LangStruct *structure;
	VmVal	   *defaults;		/* defaults.h */
	const LangType **slot_types;
	size_t		message_size;	/* bytes of a message with what is nested in it */
	int		   *nested;			/* slots of messages within messages */
	int			n_nested;
	int		   *stamped;		/* slots of @bump and @updated fields */
	int			n_stamped;
	int			n_orders;		/* of program->orders: those of its rows */
	int			n_aggregates;		/* of program->aggregates, likewise */
	const VmJoins **joins;		/* by slot: of tables whose rows are edges; NULL: there are none */
	bool		is_reached;		/* graphs lead to its rows */
	bool		holds_graph;	/* edges or rows that graphs lead to are in it, however deep */
} VmStructInfo;

struct VmProgram
{
	KitArena   *arena;
	LangProgram *lang;
	VmCode	  **codes;			/* lang->units by index, then what the compiler made up */
	uint32_t	n_codes;
	VmKept	  **kept;			/* by LangUnit.index; NULL for most */
	VmVal	   *constants;
	char	   *constant_kinds; /* for the disassembler: I, D, S string, C complex, J null, W principal, A asset, L list */
	uint32_t	n_constants;
	VmSort	   *sorts;
	uint32_t	n_sorts;
	const LangType **types;		/* that tests show values of */
	uint32_t	n_types;
	VmOrderDef **orders;
	uint32_t	n_orders;
	VmAggregateDef **aggregates;
	uint32_t	n_aggregates;
	VmStructInfo *structs;		/* by LangStruct.index */
	uint32_t	n_structs;
	bool		has_stamped;	/* any structure has @bump or @updated fields */
	struct VmPublishing *publishing;	/* replica.c; NULL: documents publish nothing */
	void	   *attached;		/* vm_program_attached */
	struct VmShape *shapes;		/* by LangStruct.index: how documents hold them (state_internal.h); NULL until the first is made */
};

#define VM_REG_ROOT 0
#define VM_REG_SELF 1
#define VM_REG_PARAMS 2
#define VM_NO_REG 0xffff
#define VM_MAX_REGS 0xfff0

extern const char *vm_op_name(VmOp op);
extern const char *vm_op_form(VmOp op);
extern const char *vm_op_doc(VmOp op);
extern uint32_t vm_op_words(VmOp op);	/* instructions that it takes: 1 or 2 */
/* The operation that the checker calls by this name (lang/operators.def); VM_N_OPS when the machine has none. */
extern VmOp vm_op_of_code(const char *code);

/* Position of the instruction at pc. */
extern LangPos vm_code_position(const VmCode *code, uint32_t pc);

/* Finds out of which rows the graphs are made that the program traverses; all units are lowered (graph.c). */
extern void vm_program_join(VmProgram *program);

/* Finds out where rows with replications are; all structures are made (replica.c). */
extern void vm_program_publish(VmProgram *program);

/* Lowers all units of program->lang into program->codes.  False: a unit exceeds the limits of the code; diags says which. */
extern bool vm_lower_program(VmProgram *program, LangDiags *diags);

#endif
