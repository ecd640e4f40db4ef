/*
 * program.h
 *	  The checked program: types, structures, units of code.  What the front end hands to whoever lowers, runs or shows a program.
 *
 * Everything lives in one arena and never changes after lang_check has returned: a program is shared by all documents of its space.
 *
 * Types are interned: equal types are equal pointers.  A structure is the document itself (the root), a record, a message, or the
 * type of an anonymous object.  A field has a slot: its index among the stored fields of its structure (formulas and bubbles have none).  A unit is
 * anything that becomes code of its own: a function, a handler, a policy, a formula, a field's initial value.
 */
#ifndef ADAMA_LANG_PROGRAM_H
#define ADAMA_LANG_PROGRAM_H

#include "kit/buf.h"
#include "lang/ast.h"
#include "lang/parse.h"

/* ---- types ---- */

typedef enum LangTypeKind
{
#define LANG_TYPE(kind, word, storage) kind,
#include "lang/types.def"
#undef LANG_TYPE
	LANG_N_TYPES
} LangTypeKind;

struct LangType
{
	LangTypeKind kind;
	const LangType *a;			/* maybe, list, array, table, map key, pair first, future, channel, … */
	const LangType *b;			/* map value, pair second */
	LangStruct *structure;		/* record, message; table and list carry it in a.  map: what its entries are in a document (LANG_STRUCT_ENTRY, or
								 * the record); NULL when no document has one */
	LangEnum   *enumeration;
	const LangType **items;		/* tuple; map: items[0] is the type of its pairs */
	int			n_items;
	const char *text;			/* as a person writes it: "maybe<int>" */
};

extern bool lang_type_is_numeric(const LangType *type);		/* int, long, double */
extern char lang_type_storage(const LangType *type);		/* 'I', 'D', 'P', 'N' */

struct LangEnum
{
	const KitSym *name;
	LangPos		pos;
	const KitSym **names;
	int32_t    *numbers;
	int			n;
	int			default_index;
	const LangType *type;
};

/* ---- structures ---- */

typedef enum LangStructKind
{
	LANG_STRUCT_ROOT,
	LANG_STRUCT_RECORD,
	LANG_STRUCT_MESSAGE,
	LANG_STRUCT_ANONYMOUS,		/* of { a: 1 }: like a message, without a name */
	LANG_STRUCT_VIEW,			/* the fields of @viewer */
	LANG_STRUCT_PAIR,			/* pair<A,B>: a message with the fields key and value */
	LANG_STRUCT_ENTRY			/* an entry of a map in a document that is no record: its only field is the value */
} LangStructKind;

typedef enum LangFieldKind
{
	LANG_STORED_FIELD,			/* has a slot; tables and nested records too */
	LANG_FORMULA_FIELD,			/* unit computes it */
	LANG_BUBBLE_FIELD			/* unit computes it per viewer */
} LangFieldKind;

/* What the value of a field, bubble, policy or unit depends on beyond the document; transitive. */
typedef enum LangReads
{
	LANG_READS_WHO = 1,			/* @who */
	LANG_READS_VIEWER = 2,		/* @viewer, filters */
	LANG_READS_TIME = 4,		/* Time.*, so it changes without a message */
	LANG_READS_RANDOM = 8,
	LANG_WRITES = 16,			/* changes the document */
	LANG_ABORTS = 32,			/* may abort */
	LANG_READS_DOCUMENT = 64,	/* reads any field of the document */
	LANG_READS_SEQ = 128,		/* Document.seq(), so it changes with every event */
	LANG_LOGS = 256,				/* writes a line for the developer */
	LANG_ENDS = 512				/* destroys the document, or leads it back: the handler ends there */
} LangReads;

struct LangField
{
	const KitSym *name;
	LangPos		pos;
	LangStruct *owner;
	LangFieldKind kind;
	const LangType *type;
	int			slot;			/* stored fields: index into the structure's slots; -1 otherwise */
	int			index;			/* position in owner->fields */
	LangPrivacyKind privacy;	/* LANG_PRIVACY_NONE has become LANG_PRIVACY_PRIVATE; message fields are public */
	const KitSym **was;			/* what it was called in earlier versions of the program, the latest first: int (was = old) new; */
	int			n_was;
	LangField  *viewer_is;		/* LANG_PRIVACY_VIEWER_IS: a principal field of the same structure */
	LangUnit  **policies;		/* LANG_PRIVACY_POLICY, bubble guards: all must be true */
	int			n_policies;
	LangUnit  **filters;		/* and these */
	int			n_filters;
	LangUnit   *unit;			/* formula, bubble: what computes it; stored: initial value, or NULL for the type's default */
	bool		is_id;			/* the implicit or declared int id of a record: not a slot, lives in the row's header */
	bool		is_readonly;
	bool		is_required;
	bool		is_lossy;
	bool		is_unique;
	bool		is_updated;
	bool		is_bump;
	bool		is_indexed;		/* index f; */
	bool		is_ordered;		/* rows are ordered by it somewhere, first of all */
	int			reads;			/* LangReads: of the value and of its privacy together */
};

struct LangStruct
{
	LangStructKind kind;
	const KitSym *name;			/* NULL: root, anonymous, view */
	LangPos		pos;
	const LangType *type;
	LangField **fields;			/* declaration order; records: fields[0] is always id.  Anonymous: alphabetical order */
	int			n_fields;
	int			n_slots;
	int			index;			/* root 0, view 1, then program->structs from 2 on */
	int			first_slot;		/* root, view, records: number of its slot 0 among those of all of these; -1: no values of it are in the document */
	LangField  *id;				/* records: fields[0] (privacy says whether it shows); messages: field id if declared so, else NULL */
	LangUnit  **units;			/* methods and policies of this structure */
	int			n_units;
	LangUnit  **requires;		/* require p; all must be true, else the record is hidden */
	int			n_requires;
	LangUnit   *ingested;		/* all ingested {} blocks in order, as one unit; NULL when there is none */
	LangUnit   *parsed;			/* @parsed {} of messages */
	int			reads;			/* LangReads: of all that a view shows of it (nested structures included) */
	LangField **by_name;		/* all fields in order of their names' bytes: for lang_struct_field */
};

/* ---- units of code ---- */

typedef enum LangUnitKind
{
	LANG_UNIT_FUNCTION,
	LANG_UNIT_PROCEDURE,
	LANG_UNIT_METHOD,
	LANG_UNIT_DISPATCH,
	LANG_UNIT_POLICY,			/* returns bool */
	LANG_UNIT_FILTER,			/* returns bool */
	LANG_UNIT_INITIAL,			/* value of a field or of a message's field */
	LANG_UNIT_FORMULA,
	LANG_UNIT_BUBBLE,
	LANG_UNIT_CHANNEL,
	LANG_UNIT_CONSTRUCT,
	LANG_UNIT_CONNECTED,		/* returns bool */
	LANG_UNIT_DISCONNECTED,
	LANG_UNIT_DELETE,			/* returns bool */
	LANG_UNIT_LOAD,
	LANG_UNIT_CAN_ATTACH,		/* returns bool */
	LANG_UNIT_ATTACHED,			/* takes the asset */
	LANG_UNIT_STATIC_CREATE,	/* returns bool; no document */
	LANG_UNIT_STATIC_INVENT,
	LANG_UNIT_STATIC_SEND,
	LANG_UNIT_INGESTED,
	LANG_UNIT_PARSED,
	LANG_UNIT_LAMBDA,
	LANG_UNIT_TEST,
	LANG_UNIT_STATE,			/* these are checked, but do not run yet */
	LANG_UNIT_CRON,
	LANG_UNIT_RPC,
	LANG_UNIT_JOIN,				/* an end of an edge: returns maybe<int> */
	LANG_UNIT_REPLICATION		/* returns the message that is published, or a maybe of it */
} LangUnitKind;

extern const char *lang_unit_word(LangUnitKind kind);	/* as in `procedure "add"` */

struct LangLocal
{
	const KitSym *name;			/* NULL: implicit row of a query */
	LangPos		pos;
	const LangType *type;
	int			index;			/* among the unit's locals; parameters come first */
	bool		is_parameter;
	bool		is_readonly;	/* may not be assigned, nor changed through */
	bool		is_used;
	bool		hides_field;	/* of the same name; has been reported */
};

/* Why a formula or bubble is computed anew: what is in the way, and a clause about it; reason NULL: nobody has looked. */
typedef struct LangUnkept
{
	LangPos		pos;
	const char *reason;
	bool		is_of_query;	/* it is a query of one table, but for this */
} LangUnkept;

struct LangUnit
{
	LangUnitKind kind;
	const KitSym *name;			/* NULL for what has none */
	LangPos		pos;
	LangStruct *self;			/* record or message whose bare fields are in scope; the root where the document's are; NULL for functions */
	LangLocal **locals;			/* parameters first */
	int			n_params;
	int			n_locals;
	const LangType *returns;	/* LANG_VOID when nothing */
	LangStmt   *body;			/* one of the two */
	LangExpr   *expr;
	LangEnum   *dispatch_enum;	/* LANG_UNIT_DISPATCH */
	const KitSym *context_name;	/* @static (name): what it calls @context; NULL: nothing */
	int			paint;			/* LangPaint as written */
	int			reads;			/* LangReads, transitive */
	/*
	 * Stored fields that it reads, transitive, as bits by LangStruct.first_slot + slot: those of its self, and those of any object (reading a
	 * table means which rows it has).  NULL: the program is too large, anything may be read.
	 */
	uint64_t   *own_fields;
	uint64_t   *fields;
	LangKept   *kept;			/* formulas and bubbles: the value can be kept up to date row by row; NULL: it is computed anew */
	LangUnkept	unkept;
	int			index;			/* in program->units */
};

/*
 * A formula or bubble that is a query of one table, in a form whose value can be kept up to date by looking at the rows that changed:
 *
 *		iterate t [where …]* [order by …] [offset o] [limit l]		a list of rows
 *		(iterate t [where …]*).size()									their number
 *		(iterate t [where …]* [order by …]).f						the values of a field, if each is one value in JSON
 *
 * t is a table of the document, or of the record whose formula this is.  Conditions depend on their row and, by own_fields (of self) and fields (of any
 * object), on what is told here; what they read of the row itself is not in these.
 */
struct LangKept
{
	bool		is_of_root;		/* the table is the document's; otherwise self's */
	bool		is_count;
	LangField  *table;
	LangExpr  **wheres;			/* LINQ clauses, the first first */
	int			n_wheres;
	LangField  *value;			/* f, or NULL; what it reads counts as if it were a condition */
	LangExpr   *rows;			/* the query without offset and limit */
	LangExpr   *order;			/* LINQ clause, or NULL */
	LangExpr   *offset;			/* expressions, or NULL */
	LangExpr   *limit;
	uint64_t   *row_fields;		/* that conditions read of their row */
	uint64_t   *own_fields;		/* that conditions read of self */
	uint64_t   *fields;			/* that conditions read of any object but the row */
	uint64_t   *part_own_fields;	/* that offset and limit read */
	uint64_t   *part_fields;
	uint64_t   *key_fields;		/* of the row: that its place in the order depends on */
	uint64_t   *order_fields;	/* of any other object: what formulas that are keys read */
	int			reads;			/* LangReads of the conditions and formulas that are keys */
	int			part_reads;		/* of offset and limit */
};

struct LangChannel
{
	const KitSym *name;
	LangPos		pos;
	LangStruct *message;
	bool		is_array;		/* takes M[] */
	bool		is_open;
	LangUnit  **policies;		/* requires<…> */
	int			n_policies;
	LangUnit   *unit;
};

/* ---- graphs ---- */

/* join g via table[row] from e to e: each row of the table is an edge of the graph, if both ends are there. */
typedef struct LangJoin
{
	LangAssoc  *assoc;
	LangPos		pos;
	LangStruct *owner;			/* the root, or the record that has the table */
	LangField  *table;
	LangUnit   *from;			/* self is the owner, the row is the parameter */
	LangUnit   *to;
	LangField **row_fields;		/* stored fields of the row that from or to reads; they read nothing else that changes */
	int			n_row_fields;
} LangJoin;

/* assoc<A,B> g: a graph whose edges lead from rows of A to rows of B, by their ids. */
struct LangAssoc
{
	const KitSym *name;
	LangPos		pos;
	LangStruct *from;
	LangStruct *to;
	LangStruct *edge;			/* what its edges are rows of; NULL: of any record */
	LangJoin  **joins;
	int			n_joins;
	int			index;			/* in program->assocs */
	bool		is_traversed;
	LangField **containers;		/* of the document and of records: where edges, rows of B, or what has them within, come and go */
	int			n_containers;
};

/* ---- replications ---- */

/* replication<name:upsert> status = e: the document, or each row of a record, publishes the value of e under the name. */
struct LangReplication
{
	const KitSym *name;
	const KitSym *status;		/* unique among the fields and replications of its structure; says nothing else */
	LangPos		pos;			/* of the status */
	LangStruct *owner;			/* the root, or a record, which is then in tables only */
	LangUnit   *unit;
	LangStruct *message;		/* what is published: a message, an anonymous object, a pair; no records in it */
	bool		is_maybe;		/* the unit returns maybe<message>: while it is empty nothing is published */
	int			index;			/* in program->replications */
};

/* ---- settings of @static ---- */

typedef struct LangSettings
{
	int64_t		maximum_history;	/* events of a document that the log keeps; 0: all */
	bool		delete_on_close;	/* the document goes with its last connection */
	int64_t		frequency;			/* ms between two times that viewers are sent changes, at least; 0: as soon as is sensible */
	int64_t		temporal_resolution_ms;	/* the document's time moves by more than this, or not at all */
	bool		is_readonly;		/* nothing changes a document after its creation */
	int64_t		sweep_export_delay;	/* ms */
} LangSettings;

/* ---- operators: one row per legal combination, from lang/operators.def ---- */

struct LangOpRow
{
	LangOp		op;
	const char *left;			/* type names as in the table: "maybe<double>"; "" for prefix operators */
	const char *right;
	const char *result;
	const char *code;			/* name of the VM operation: "add_int", "eq_near", …: see operators.def */
};

extern const LangOpRow lang_op_rows[];
extern const int lang_n_op_rows;

/* The operations that the rows come down to: LANG_OP_CODE of lang/operators.def.  NULL when there is none of that name. */
typedef struct LangOpCode
{
	const char *name;
	const char *left;			/* canonical types: operands have their storage */
	const char *right;			/* "" for prefix operators */
	const char *result;
	const char *doc;
} LangOpCode;

extern const LangOpCode *lang_op_code(const char *name);

/* ---- built-in functions and methods, from lang/builtins.def ---- */

typedef enum LangBuiltinId
{
#define LANG_BUILTIN(id, space, name, signature, reads, doc) id,
#include "lang/builtins.def"
#undef LANG_BUILTIN
	LANG_N_BUILTINS
} LangBuiltinId;

struct LangBuiltin
{
	LangBuiltinId id;
	const char *space;			/* "Time", "String": the namespace it is called in and the type it extends; "list", "table", "maybe", …: methods of that type */
	const char *name;
	const char *signature;		/* "(string,int)maybe<string>": T, K, V stand for the type's own parameters */
	int			reads;			/* LangReads */
	const char *doc;
};

extern const LangBuiltin lang_builtins[];	/* by LangBuiltinId */

/* ---- the program ---- */

typedef struct LangProgram
{
	KitArena   *arena;
	KitSymTable *syms;
	const char **labels;		/* of its sources, by LangPos.file; NULL for the program itself */
	int			n_labels;
	LangStruct *root;
	LangStruct *view;			/* fields of @viewer; never NULL */
	LangStruct **structs;		/* records, messages, anonymous types: in order of appearance */
	int			n_structs;
	LangEnum  **enums;
	int			n_enums;
	LangUnit  **units;			/* all of them */
	int			n_units;
	LangChannel **channels;		/* in source order */
	int			n_channels;
	LangAssoc **assocs;			/* in source order */
	int			n_assocs;
	LangReplication **replications;	/* in source order */
	int			n_replications;
	LangUnit  **constructs;		/* all run, in order */
	int			n_constructs;
	LangStruct *construct_message;	/* of the constructor with a parameter, or NULL */
	LangUnit  **connected;		/* all run, results OR-ed */
	int			n_connected;
	LangUnit  **disconnected;
	int			n_disconnected;
	LangUnit  **deletes;
	int			n_deletes;
	LangUnit  **loads;
	int			n_loads;
	LangUnit  **can_attach;		/* all run, results OR-ed */
	int			n_can_attach;
	LangUnit  **attached;		/* all run, in order */
	int			n_attached;
	LangUnit  **static_creates;	/* all must be true */
	int			n_static_creates;
	LangUnit  **static_invents;
	int			n_static_invents;
	LangUnit  **static_sends;
	int			n_static_sends;
	LangUnit  **tests;
	int			n_tests;
	LangSettings settings;
	bool		reads_origin;	/* @context.origin or .ip is read: the log must have them */
	bool		has_effects;	/* something is called that says something to viewers, or ends connections */
	bool		rewinds;		/* Document.rewind is called */
	int			n_slots;		/* of the root, the view and all records together */
	/* the type of each simple kind, and the makers of the others, for those who build types later */
	const LangType *simple[LANG_N_TYPES];
	struct LangTypeTable *types;	/* all types, interned */
} LangProgram;

/*
 * Checks a parsed tree.  Reports every independent error it finds (an expression that was refused has LANG_ERROR_TYPE and silences what follows from it)
 * and the warnings.  Returns the program, or NULL when there was an error (of the parser, too: diags->n_errors > 0).
 */
extern LangProgram *lang_check(LangTree *tree, LangDiags *diags);

/* Parses and checks, with what it includes. */
extern LangProgram *lang_compile_all(const char *source, size_t len, const LangSources *sources, KitArena *arena, LangDiags *diags);
/* The same for a program that includes nothing. */
extern LangProgram *lang_compile(const char *source, size_t len, KitArena *arena, LangDiags *diags);

extern LangField *lang_struct_field(const LangStruct *structure, const char *name, size_t len);	/* NULL when there is none */
extern LangChannel *lang_program_channel(const LangProgram *program, const char *name, size_t len);
extern const LangType *lang_type_maybe(LangProgram *program, const LangType *of);
extern const LangType *lang_type_list(LangProgram *program, const LangType *of);
extern const LangType *lang_type_array(LangProgram *program, const LangType *of);

/*
 * How a value of one type becomes one of another: what the checker makes explicit, and what LANG_CONVERT_MESSAGE and ingestion mean for
 * each member.  LANG_FITS_AS_IS: the types are equal, or share their storage and meaning (int to long is LANG_FITS_CONVERTED by
 * LANG_CONVERT_WIDEN).  A plain value for a maybe may need two steps: first inner (when has_inner), then LANG_CONVERT_TO_MAYBE.
 */
typedef enum LangFit
{
	LANG_FITS_NOT,
	LANG_FITS_AS_IS,
	LANG_FITS_CONVERTED
} LangFit;

typedef struct LangFitting
{
	LangConversion how;
	bool		has_inner;
	LangConversion inner;		/* TO_MAYBE: step before it; MAYBE_INNER and ELEMENTS: of what is inside */
} LangFitting;

extern LangFit lang_type_fit(const LangType *from, const LangType *to, LangFitting *fitting);

#endif
