/*
 * check_internal.h
 *	  What the files of the checker share.
 *
 * The checker makes a LangProgram of a tree in passes:
 *		check_declare.c	names and types of all declarations; a unit for each piece of code
 *		check_unit.c	each unit's body: check_stmt.c, check_expr.c, check_lookup.c, check_place.c, check_call.c, check_builtin.c,
 *						check_query.c, check_ingest.c, check_rows.c, check_operate.c, check_convert.c; formulas when their type is first asked for
 *		check_guard.c	privacy, guards, require, indexes
 *		check_effects.c	what units and fields read and write, to a fixpoint over calls and formulas; what is forbidden where
 *		check_reads.c	which stored fields each unit reads
 *		check_kept.c	which lists can be kept up to date row by row
 *		check_replication.c	what is published: where, by which names, of which types
 *		check_assoc.c	that edges of graphs depend on their rows alone
 * An expression that was refused has LANG_ERROR_TYPE, and whoever meets that type keeps silent.
 */
#ifndef ADAMA_LANG_CHECK_INTERNAL_H
#define ADAMA_LANG_CHECK_INTERNAL_H

#include "kit/buf.h"
#include "lang/program.h"

/* Slots and indexes fit 16 bits. */
#define CHECK_MAX_FIELDS 60000
#define CHECK_MAX_STRUCTS 60000
#define CHECK_MAX_UNITS 60000
#define CHECK_MAX_LOCALS 60000
/* Records in records, messages in messages. */
#define CHECK_MAX_NESTING 100
/* Nested expressions, statements and formulas; the tree of a + b + c + ... is as deep as it is long. */
#define CHECK_MAX_DEPTH 1000

/* Appends to an arena's array whose capacity follows from its count: 4, 8, 16, ... */
#define CHECK_PUSH(arena, items, n, value) \
	do { \
		if ((n) == 0 || ((n) >= 4 && ((n) & ((n) - 1)) == 0)) \
			(items) = check_grow((arena), (items), (n), sizeof(*(items))); \
		(items)[(n)++] = (value); \
	} while (0)

extern void *check_grow(KitArena *arena, void *items, int n, size_t size);

/* ---- units while they are checked ---- */

typedef struct CheckUnit CheckUnit;

/* One unit calls another, or reads a formula. */
typedef struct CheckEdge
{
	CheckUnit  *to;
	LangPos		pos;
	struct CheckEdge *next;
	bool		is_own;			/* always of the very object whose unit this is */
} CheckEdge;

/* Where a unit itself does what a LangReads bit says. */
typedef struct CheckCause
{
	LangPos		pos;
	const char *what;			/* "assigns \"x\"" */
} CheckCause;

#define CHECK_N_EFFECTS 10		/* bits of LangReads */

typedef enum CheckState
{
	CHECK_WAITING,
	CHECK_RUNNING,
	CHECK_DONE
} CheckState;

struct CheckUnit
{
	LangUnit   *unit;
	CheckState	state;
	LangField  *field;			/* whose value it is, if any */
	LangReplication *replication;	/* the same */
	CheckEdge  *edges;			/* latest first */
	LangField **fields;			/* stored fields that its own code reads, of whatever object; may repeat */
	int			n_fields;
	LangField **own_fields;		/* and those that it reads of its self */
	int			n_own_fields;
	CheckCause	causes[CHECK_N_EFFECTS];
	CheckUnit  *next_overload;	/* functions, procedures, methods of one name */
	CheckUnit  *caller;			/* while running: the unit whose check asked for this one */
	bool		is_reported;	/* is in a cycle that has been reported */
	bool		is_made_up;		/* by the checker: messages pass over it */
	int			mark;			/* check_effects.c */
	int			low;
	bool		is_on_stack;
	bool		is_queued;
	CheckUnit  *via;			/* check_effects.c: the way a search came */
};

/* A name in scope: a local, or (is_row) the fields of the row that it holds. */
typedef struct CheckScope
{
	LangLocal  *local;
	bool		is_row;
	struct CheckScope *up;
} CheckScope;

typedef enum CheckNameSpace
{
	CHECK_NAMES_TYPES,			/* CheckType; owner NULL */
	CHECK_NAMES_FIELDS,			/* LangField; owner: structure */
	CHECK_NAMES_FORMER,			/* LangField that had the name; owner: structure */
	CHECK_NAMES_CALLABLES,		/* CheckUnit; owner: structure (methods) or NULL */
	CHECK_NAMES_POLICIES,		/* LangUnit; owner: structure */
	CHECK_NAMES_FILTERS,		/* LangUnit; owner NULL */
	CHECK_NAMES_CHANNELS,		/* LangChannel; owner NULL */
	CHECK_NAMES_ASSOCS,			/* LangAssoc; owner NULL */
	CHECK_NAMES_REPLICATIONS,	/* LangReplication; owner: structure */
	CHECK_NAMES_STATES			/* check_state.c; owner NULL */
} CheckNameSpace;

typedef struct CheckName
{
	CheckNameSpace space;
	const void *owner;
	const KitSym *name;
	void	   *value;
	struct CheckName *next;		/* in its bucket */
	struct CheckName *next_of_space;	/* latest first */
} CheckName;

typedef struct CheckType
{
	LangStruct *structure;		/* one of the two */
	LangEnum   *enumeration;
	LangDecl   *decl;
	bool		is_used;
} CheckType;

typedef struct CheckOpKey
{
	uint16_t	left;
	uint16_t	right;
} CheckOpKey;

#define CHECK_N_ANONYMOUS 256

typedef struct CheckAnonymous
{
	LangStruct *structure;
	uint64_t	hash;
	struct CheckAnonymous *next;
} CheckAnonymous;

/* A field and its declaration, for what can be resolved only when all names are known. */
typedef struct CheckField
{
	LangField  *field;
	LangDecl   *decl;
} CheckField;

typedef struct Check
{
	LangTree   *tree;
	LangProgram *program;
	KitArena   *arena;
	LangDiags  *diags;
	CheckName **buckets;
	uint32_t	n_buckets;
	uint32_t	n_names;
	CheckName  *spaces[CHECK_NAMES_STATES + 1];
	CheckOpKey *op_keys;
	CheckUnit **units;			/* parallel to program->units */
	int			n_check_units;
	CheckField *fields;
	int			n_fields;
	const KitSym *id;			/* "id" */
	CheckAnonymous *anonymous[CHECK_N_ANONYMOUS];

	/* the unit that is being checked */
	CheckUnit  *cur;
	CheckScope *scope;
	int			depth;			/* not per unit: nested units add up */
	int			n_loops;
	int			n_switches;
	bool		has_break;		/* of the innermost loop or switch */
	bool		is_too_deep;	/* has been reported */
	bool		is_target;		/* the next name is only assigned to, not read */
	const KitSym *unknown[16];	/* names of the unit that have been reported as unknown */
	int			n_unknown;
	bool		is_in_aborts;	/* within @aborts, where the unit's first n_fixed variables stay as they are */
	int			n_fixed;
	bool		is_filled;		/* what is being checked is the place of "<-" */
	bool		is_row;			/* the next object is inserted into a table of messages */
} Check;

/* ---- check_names.c: names, diagnostics, suggestions ---- */

extern void check_names_init(Check *c);
/* False when the name is taken already; *old is what has it. */
extern bool check_name_add(Check *c, CheckNameSpace space, const void *owner, const KitSym *name, void *value, void **old);
extern void *check_name_find(Check *c, CheckNameSpace space, const void *owner, const KitSym *name);

/* The entry's hint can be set by the caller. */
extern KitDiag *check_error(Check *c, LangPos pos, const char *format,...) __attribute__((format(printf, 3, 4)));
extern KitDiag *check_warn(Check *c, LangPos pos, const char *format,...) __attribute__((format(printf, 3, 4)));
extern KitDiag *check_limit(Check *c, LangPos pos, const char *format,...) __attribute__((format(printf, 3, 4)));
/* "<what> is not supported yet"; what is formatted. */
extern KitDiag *check_unsupported(Check *c, LangPos pos, const char *format,...) __attribute__((format(printf, 3, 4)));
extern const char *check_printf(Check *c, const char *format,...) __attribute__((format(printf, 2, 3)));

extern const char *check_line_text(Check *c, LangPos pos);	/* "line 3", with the source when it is an included one */

/* Finds the candidate that looks most like what was written. */
typedef struct CheckSuggestion
{
	const char *wanted;
	const char *best;			/* NULL: none is close */
	const char *related;		/* one that begins alike, where none is close */
	int			distance;
	bool		is_off;			/* enough errors already */
} CheckSuggestion;

extern void check_suggest_start(Check *c, CheckSuggestion *s, const char *wanted);
extern void check_suggest(CheckSuggestion *s, const char *candidate);
extern void check_suggest_names(Check *c, CheckSuggestion *s, CheckNameSpace space, const void *owner);
extern bool check_suggest_hint(CheckSuggestion *s, KitDiag *diag);	/* "Did you mean …?"; false: no idea */

/* ---- check_foreign.c: what other languages call it ---- */

typedef struct CheckForeign
{
	const char *where;
	const char *names;			/* words */
	const char *hint;
} CheckForeign;

extern const CheckForeign check_foreign[];
extern const int check_n_foreign;
extern const char *check_foreign_hint(const char *where, const char *name);	/* NULL: nothing is known of that name */
extern const char *check_foreign_type_hint(const LangType *type, const char *name);	/* methods and fields of a type */
/* As check_suggest_hint; foreign (may be NULL) is said instead when nothing is very near. */
extern bool check_suggest_or_foreign(CheckSuggestion *s, KitDiag *diag, const char *foreign);

/* ---- type.c, operators.c, builtins.c ---- */

extern void lang_types_init(LangProgram *program);
extern const LangType *lang_type_make(LangProgram *program, LangTypeKind kind, const LangType *a, const LangType *b,
									  LangStruct *structure, LangEnum *enumeration);
extern const LangType *lang_type_table(LangProgram *program, const LangType *of);
extern const char *lang_type_word(LangTypeKind kind);
extern void check_ops_init(Check *c);
extern const LangOpRow *check_find_op(Check *c, LangOp op, const LangType *left, bool left_is_field, const LangType *right);
extern bool check_is_namespace(const char *name);
extern bool check_builtin_is_missing(const char *space, const char *name);
extern void check_suggest_builtins(CheckSuggestion *s, const char *space);
extern void check_suggest_namespaces(CheckSuggestion *s);

/* ---- check_type.c ---- */

typedef enum CheckTypeUse
{
	CHECK_TYPE_STORED,			/* field of the document or of a record */
	CHECK_TYPE_INSIDE,			/* in the maybe, list or map that is such a field */
	CHECK_TYPE_MESSAGE,			/* field of a message or of @viewer */
	CHECK_TYPE_PARAM,
	CHECK_TYPE_LOCAL,
	CHECK_TYPE_RETURN
} CheckTypeUse;

extern const LangType *check_type_ref(Check *c, LangTypeRef *ref, CheckTypeUse use);
/* The type of an anonymous object: fields in alphabetical order of names. */
extern const LangType *check_anonymous_type(Check *c, const LangObjectMember *members, const LangType **types, int n);
extern bool check_type_is_structured(const LangType *type);	/* record or message */

/* ---- check_container.c: maps and pairs ---- */

extern const LangType *check_type_map(Check *c, const LangType *key, const LangType *value);
extern void check_store_map(Check *c, const LangType *map);	/* documents have maps of this type: makes the structure of their entries */
extern const LangType *check_type_pair(Check *c, const LangType *a, const LangType *b);
extern bool check_type_is_key(const LangType *type);
extern bool check_type_has_default(const LangType *type);	/* whether there is a value of it to begin with: not where a record would be in it */
extern const LangType *check_map_get(Check *c, LangExpr *e, const LangType *map);	/* e: map[k] */
extern bool check_map_is_live(const LangExpr *e);	/* whether the expression is a map of the document, not a copy of one */
/*
 * The type of e, which has been checked, as a place that is assigned to or filled: m[k] and a field of m[k] are there then, made where they were not,
 * instead of maybes.
 */
extern const LangType *check_place_type(LangExpr *e);
extern bool check_entry_is_made(Check *c, LangExpr *e);	/* whether m[k], as a place, can be made when it is not there; otherwise an error */
extern bool check_path(Check *c, LangExpr *e, const char *verb);	/* whether what lies on the way to a place can be made; otherwise an error */
extern bool check_is_stored(LangExpr *e);	/* whether e is a field of the document, or that of each row of a list */
extern bool check_is_held(LangExpr *e);	/* whether e is a field of the document that is a maybe of a record */
extern const LangType *check_inside(Check *c, LangExpr *e);	/* k inside m, k outside m */
#define CHECK_SIMPLE(c, kind) ((c)->program->simple[kind])
#define CHECK_IS_ERROR(type) ((type)->kind == LANG_ERROR_TYPE)

/* ---- check_declare.c, check_unit.c ---- */

extern void check_declare(Check *c);
extern void check_report_twice(Check *c, LangName name, const char *what, LangPos first);
extern void check_refuse_reserved(Check *c, LangName name, const char *what);	/* names that begin with __ */
extern LangUnit *check_add_event(Check *c, LangDecl *d, LangUnitKind kind, LangTypeKind returns);	/* check_event.c, from here on */
extern void check_declare_channel(Check *c, LangDecl *d);
extern void check_declare_construct(Check *c, LangDecl *d);
extern void check_declare_attached(Check *c, LangDecl *d);
extern void check_declare_statics(Check *c);
extern void check_resolve_guards(Check *c);	/* check_guard.c */
extern void check_declare_dispatches(Check *c);	/* check_dispatch.c */
extern LangUnit *check_add_unit(Check *c, LangUnitKind kind, LangName name, LangPos pos, LangStruct *self, const LangType *returns,
								LangStmt *body, LangExpr *expr);
extern void check_add_params(Check *c, LangUnit *unit, LangParam *params, int n);
extern const char *check_unit_text(Check *c, const LangUnit *unit);	/* formula "x" */
extern void check_units(Check *c);
extern void check_unit(Check *c, CheckUnit *unit);
/* The type of a field; checks the formula first when that was not done yet.  Notes that the unit at hand reads it. */
extern const LangType *check_field_read(Check *c, LangField *field, LangPos pos);
/* The same for a field of the unit's self. */
extern const LangType *check_own_field_read(Check *c, LangField *field, LangPos pos);
/* The unit at hand reads a stored field (check_reads.c). */
extern void check_note_field(Check *c, LangField *field, bool is_own);
extern void check_note_fields(Check *c, const LangStruct *structure);	/* all of them */
extern const LangType *check_field_type(Check *c, LangField *field, LangPos pos);
extern LangLocal *check_add_local(Check *c, LangUnit *unit, LangName name, const LangType *type);
extern void check_push_local(Check *c, LangLocal *local);	/* reports a redeclaration; warns when it hides a field */
extern void check_push_row(Check *c, LangLocal *local);
extern void check_effect(Check *c, LangReads bit, LangPos pos, const char *what);
extern void check_use_unit(Check *c, LangUnit *unit, LangPos pos);	/* the unit at hand uses unit */
extern void check_use_own_unit(Check *c, LangUnit *unit, LangPos pos);	/* on its own self */
extern void check_add_edge(Check *c, CheckUnit *from, const LangUnit *to, LangPos pos);
/* False (and an error, once) when the nesting is too deep; otherwise check_leave must follow. */
extern bool check_enter(Check *c, LangPos pos);
extern void check_leave(Check *c);

/* What units of a kind may do. */
typedef struct CheckRules
{
	bool		document;		/* bare names of the document, procedures */
	bool		who;
	bool		context;
	bool		viewer;
	bool		aborts;
	bool		writes;
	bool		ends;
	bool		time;
} CheckRules;

extern CheckRules check_rules(const LangUnit *unit);

/* ---- check_stmt.c ---- */

extern bool check_stmt(Check *c, LangStmt *stmt);	/* true: control never comes out at its end */
extern bool check_block(Check *c, LangStmt *stmt);

/* ---- check_test.c ---- */

extern void check_declare_test(Check *c, LangDecl *d);
extern void check_test_stmt(Check *c, LangStmt *stmt);
extern const LangType *check_blocked(Check *c, LangExpr *e);
extern bool check_place_is_undone(Check *c, const LangExpr *place, const char *verb);

/* ---- check_expr.c: sets the type of e and all below; want: what is expected, or NULL; it only guides literals ---- */

extern const LangType *check_expr(Check *c, LangExpr *e, const LangType *want);
extern LangExpr *check_strip(LangExpr *e);	/* without parentheses */
extern LangEnum *check_find_enum(Check *c, LangName name);	/* NULL, and an error, when there is none */

/* ---- check_context.c ---- */

extern bool check_is_context(Check *c, const LangExpr *e);
extern const LangType *check_context_field(Check *c, LangExpr *e);	/* of e, a field of the context */
extern const LangType *check_context(Check *c, LangExpr *e);	/* standing alone: an error */
extern const LangType *check_self(Check *c, LangExpr *e);
extern const LangType *check_rare_atom(Check *c, LangExpr *e);

/* ---- check_state.c: what does not run yet ---- */

extern void check_declare_state(Check *c, LangDecl *d);
extern void check_declare_cron(Check *c, LangDecl *d);
extern void check_declare_rpc(Check *c, LangDecl *d);
extern const LangType *check_label_value(Check *c, LangExpr *e);
extern void check_state_stmt(Check *c, LangStmt *stmt);
extern void check_warn_unentered(Check *c);

/* ---- check_ask.c: nor does this ---- */

extern void check_declare_asked(Check *c, LangDecl *d);
extern const LangType *check_asking_type(Check *c, LangTypeRef *ref, LangTypeKind kind, CheckTypeUse use);	/* future, result, channel */
extern const LangType *check_channel_value(Check *c, const LangExpr *e);	/* of a name; NULL when there is no such channel */
extern const LangType *check_channel_call(Check *c, LangExpr *e, LangName name, LangChannel *channel);
extern const LangType *check_asking_call(Check *c, LangExpr *e, LangName name, const LangType *type);	/* a method of a future, result or channel */
extern bool check_is_channel_method(const char *name);
extern bool check_is_asking_method(const LangType *type, const char *name);	/* of a future, result or channel */
extern void check_unknown_channel(Check *c, LangName name);
extern bool check_hint_await(KitDiag *diag, const LangType *type);	/* when it is a future or result: how to get at what is in it */

/* ---- check_place.c ---- */

/* Whether e may be assigned to: otherwise an error.  Notes the write. */
extern bool check_place(Check *c, LangExpr *e, const char *verb);
extern bool check_is_read_only(const LangExpr *e);	/* a message that may not be changed through */

/* ---- check_rows.c: tables of messages ---- */

extern bool check_is_rows(const LangType *type);	/* whether it is a table of messages */
/* The table whose very rows the list has: what is iterated, when that is a table of messages in a variable and no clause makes other elements; or NULL. */
extern LangExpr *check_rows_of(LangExpr *list);
extern bool check_rows_place(Check *c, LangExpr *table, const char *verb);	/* whether the table may be changed here; otherwise an error */
extern const LangType *check_rows_delete(Check *c, LangExpr *call, LangExpr *rows, LangName name);	/* rows.delete(), of a table or a list of messages */

/* ---- check_lookup.c ---- */

extern const LangType *check_bare_name(Check *c, LangExpr *e);
extern const LangType *check_member(Check *c, LangExpr *e);
/* The structure's field called name, or NULL and an error. */
extern LangField *check_find_field(Check *c, const LangStruct *structure, LangName name);
extern const char *check_struct_text(Check *c, const LangStruct *structure);	/* record "R" */
extern void check_hint_fields(Check *c, KitDiag *diag, const LangStruct *structure);	/* all of them, where they are few */
extern bool check_resolve_name(Check *c, LangExpr *e);	/* whether a variable or field of that name is in scope; no error */
extern bool check_enum_value_hint(Check *c, KitDiag *diag, const char *name);	/* "Did you mean Color::Red?" */

/* ---- check_project.c ---- */

extern const LangType *check_projection(Check *c, LangExpr *e);	/* @convert<M>(e) */
extern const LangType *check_pair(Check *c, LangExpr *e, const LangType *want);
extern const LangType *check_empty(Check *c, LangExpr *e, const LangType *want);

/* ---- check_convert.c ---- */

extern void check_wrap(Check *c, LangExpr **slot, LangConversion how, LangConversion inner, const LangType *type);
/* Makes *slot, which has been checked, a value of type to; otherwise an error: "<what> must be …, not …", what being formatted. */
extern bool check_convert(Check *c, LangExpr **slot, const LangType *to, const char *what,...) __attribute__((format(printf, 4, 5)));
/* The same without an error. */
extern bool check_try_convert(Check *c, LangExpr **slot, const LangType *to);
extern void check_condition(Check *c, LangExpr **slot, const char *what);	/* checks, and converts to bool */
extern const LangType *check_unify(Check *c, const LangType *a, const LangType *b);	/* NULL: they have nothing in common */
extern void check_unify_to(Check *c, LangExpr **slot, const LangType *to);	/* to a type that check_unify gave */

/* ---- check_operate.c, check_call.c, check_query.c, check_ingest.c ---- */

extern const LangType *check_unary(Check *c, LangExpr *e);
extern const LangType *check_binary(Check *c, LangExpr *e);
extern const LangType *check_range(Check *c, LangExpr *e);
extern const LangType *check_assign_op(Check *c, LangExpr *e);
extern const LangType *check_call(Check *c, LangExpr *e);
extern const LangType *check_index(Check *c, LangExpr *e);
extern const LangType *check_iterate(Check *c, LangExpr *e);
extern const LangType *check_linq(Check *c, LangExpr *e);
extern const LangType *check_clause(Check *c, LangExpr *e, const LangType *list);	/* check_clause.c */
extern const LangType *check_object(Check *c, LangExpr *e, const LangType *want);
extern void check_ingest(Check *c, LangStmt *stmt);

/* ---- check_call.c, check_builtin.c: arguments of a call ---- */

extern void check_args(Check *c, LangExpr *e);
extern bool check_any_arg_refused(LangExpr *e);
extern bool check_has_builtin(const LangType *type, const char *name);	/* whether values of the type have a method of the language of that name */
extern const char *check_args_text(Check *c, LangExpr *e);	/* "(int, string)" */

/* One call of a built-in: the name, and all values it is given. */
typedef struct CheckBuiltinCall
{
	LangExpr   *e;
	LangExpr   *receiver;		/* checked already; NULL for Space.name(…) */
	LangName	name;
	const char *space;
	const LangType *of;			/* T, R */
} CheckBuiltinCall;

/* Whether the library has a function of this name that takes such a value first. */
extern bool check_builtin_takes(Check *c, const char *space, const char *name, const LangType *type);
/* Calls the built-in of that space and name that takes the values; *known is false when there is none of that name. */
extern const LangType *check_builtin(Check *c, CheckBuiltinCall *call, bool *known);

/* ---- check_effects.c ---- */

extern void check_effects(Check *c);
/* Which stored fields each unit reads, once check_effects has found the components (check_reads.c). */
extern void check_reads(Check *c);
/* Which lists can be kept up to date row by row (check_kept.c). */
extern void check_kept(Check *c);

/* What an expression reads, by bits of stored fields as in LangUnit. */
typedef struct CheckLook
{
	uint64_t   *row_fields;		/* of the row */
	uint64_t   *own_fields;		/* of self */
	uint64_t   *fields;			/* of any object but the row */
	int			reads;			/* LangReads */
} CheckLook;

/* NULL, or a part of e that reads what is not known here.  n_words: of the bits, which are added to. */
extern const LangExpr *check_look(Check *c, const LangExpr *e, const LangLocal *row, CheckLook *look);

/* ---- check_assoc.c ---- */

extern void check_declare_assocs(Check *c);	/* and the joins, when all fields are known */
extern const LangType *check_traverse(Check *c, LangExpr *e, const LangType *list);
extern void check_joins(Check *c);	/* what ends of edges depend on; after check_reads */

/* ---- check_replication.c ---- */

extern void check_declare_replications(Check *c);	/* when all fields are known */
extern void check_published(Check *c, CheckUnit *u);	/* the value of a replication, while its unit is checked */
/* Whether the structure has a replication of that name: then an error, since it cannot be read. */
extern bool check_refuse_replication(Check *c, const LangStruct *owner, LangName name);

/* ---- check_unused.c: only for programs without errors ---- */

extern void check_unused(Check *c);

/* ---- check.c ---- */

extern void check_index_fields(Check *c, LangStruct *structure);	/* fills by_name */

#endif
