/*
 * ast.h
 *	  The syntax tree of a program: what the parser makes of the whole grammar, and where the checker writes what it found out.
 *
 * All nodes live in the program's arena.  The parser fills everything that is not marked "checker"; the checker fills the rest, and makes implicit
 * conversions explicit by wrapping an expression in LANG_EXPR_CONVERT, so that whoever lowers the tree never has to decide what a type
 * means.  Lists are arrays with a count (items, n).
 */
#ifndef ADAMA_LANG_AST_H
#define ADAMA_LANG_AST_H

#include "kit/arena.h"
#include "kit/diag.h"
#include "kit/sym.h"

typedef enum LangOp
{
#define LANG_OP(name, text) name,
#include "lang/ops.def"
#undef LANG_OP
	LANG_N_OPS
} LangOp;

extern const char *lang_op_text(LangOp op);

typedef struct LangType LangType;			/* semantic types: lang/type.h */
typedef struct LangStruct LangStruct;
typedef struct LangField LangField;
typedef struct LangEnum LangEnum;
typedef struct LangUnit LangUnit;
typedef struct LangKept LangKept;
typedef struct LangLocal LangLocal;
typedef struct LangChannel LangChannel;
typedef struct LangAssoc LangAssoc;
typedef struct LangReplication LangReplication;
typedef struct LangBuiltin LangBuiltin;
typedef struct LangOpRow LangOpRow;

typedef struct LangPos
{
	int			line;			/* from 1; 0 for what has no place in the source */
	int			column;			/* from 1, in code points */
	int			length;			/* code points, of the token or up to the end of its line */
	int			file;			/* which source of the tree; 0: the program itself */
} LangPos;

typedef struct LangExpr LangExpr;
typedef struct LangStmt LangStmt;
typedef struct LangDecl LangDecl;
typedef struct LangTypeRef LangTypeRef;

/* A name where one is introduced or used. */
typedef struct LangName
{
	const KitSym *sym;			/* NULL when left out */
	LangPos		pos;
} LangName;

/* ---- types as written ---- */

typedef struct LangAnnotation
{
	LangName	name;
	const KitSym *value;		/* the token's text, or NULL */
} LangAnnotation;

struct LangTypeRef
{
	LangPos		pos;
	const KitSym *word;			/* "int", "maybe", "secure", a record's name, … */
	LangTypeRef **args;			/* maybe<T>: T; map<K,V>: K, V; table<R>: R; tuple<…> */
	int			n_args;
	bool		is_array;		/* T[] */
	bool		is_readonly;
	LangAnnotation *annotations;
	int			n_annotations;
};

/* ---- expressions ---- */

typedef enum LangExprKind
{
	LANG_EXPR_INT,				/* u.integer */
	LANG_EXPR_LONG,				/* u.integer */
	LANG_EXPR_DOUBLE,			/* u.real */
	LANG_EXPR_BOOL,				/* u.integer: 0 or 1 */
	LANG_EXPR_STRING,			/* u.string: unescaped */
	LANG_EXPR_LABEL,			/* u.string: #name without the # */
	LANG_EXPR_NAME,				/* u.name */
	LANG_EXPR_ENUM,				/* u.enumeration: E::V, E::P*, E::* */
	LANG_EXPR_FIELD,			/* u.field: operand.name */
	LANG_EXPR_INDEX,			/* u.call: callee[args] */
	LANG_EXPR_CALL,				/* u.call: callee(args) */
	LANG_EXPR_PREFIX,			/* u.unary: ++ -- ! - */
	LANG_EXPR_POSTFIX,			/* u.unary: ++ -- */
	LANG_EXPR_BINARY,			/* u.binary, inside and outside included */
	LANG_EXPR_RANGE,			/* u.range: a < x <= b */
	LANG_EXPR_ASSIGN_OP,		/* u.binary: += -= *= */
	LANG_EXPR_TERNARY,			/* u.ternary */
	LANG_EXPR_PAREN,			/* u.unary: kept for messages and the formatter; the checker looks through it */
	LANG_EXPR_TUPLE,			/* u.list */
	LANG_EXPR_OBJECT,			/* u.object: { a: 1, b } */
	LANG_EXPR_ARRAY,			/* u.list */
	LANG_EXPR_ITERATE,			/* u.unary: iterate table */
	LANG_EXPR_LINQ,				/* u.linq: one clause applied to source */
	LANG_EXPR_NO_ONE,			/* @no_one */
	LANG_EXPR_WHO,				/* @who */
	LANG_EXPR_SELF,				/* @self */
	LANG_EXPR_CONTEXT,			/* @context; checker: a field of it, u.integer: LangContextField */
	LANG_EXPR_VIEWER,			/* @viewer */
	LANG_EXPR_HEADERS,			/* @headers */
	LANG_EXPR_PARAMETERS,		/* @parameters */
	LANG_EXPR_STABLE,			/* @stable */
	LANG_EXPR_BLOCKED,			/* @blocked */
	LANG_EXPR_I,				/* @i */
	LANG_EXPR_PI,				/* @pi */
	LANG_EXPR_E,				/* @e */
	LANG_EXPR_NULL,				/* @null */
	LANG_EXPR_NOTHING,			/* @nothing */
	LANG_EXPR_EMPTY,			/* @empty<T>: u.typed, operand NULL */
	LANG_EXPR_MAYBE,			/* @maybe(e) or @maybe<T>: u.typed, one of the two is NULL */
	LANG_EXPR_PAIR,				/* @pair a -> b: u.binary */
	LANG_EXPR_LAMBDA,			/* @lambda x: e: u.lambda */
	LANG_EXPR_CONVERT_MESSAGE,	/* @convert<M>(e): u.typed */
	LANG_EXPR_DATE,				/* u.calendar */
	LANG_EXPR_TIME,				/* u.calendar */
	LANG_EXPR_DATETIME,			/* u.string: the ISO text */
	LANG_EXPR_TIMESPAN,			/* u.real: seconds */
	LANG_EXPR_VEC,				/* u.list */
	LANG_EXPR_MATRIX,			/* u.list */
	LANG_EXPR_CONVERT			/* checker: u.convert, an implicit conversion */
} LangExprKind;

typedef enum LangLinqKind
{
	LANG_LINQ_WHERE,			/* expr */
	LANG_LINQ_WHERE_AS,			/* name: expr */
	LANG_LINQ_ORDER,			/* keys */
	LANG_LINQ_ORDER_DYN,		/* expr */
	LANG_LINQ_SHUFFLE,
	LANG_LINQ_REDUCE,			/* [on] name [via expr] */
	LANG_LINQ_MAP,				/* expr: a function's name or a lambda */
	LANG_LINQ_LIMIT,			/* expr */
	LANG_LINQ_OFFSET,			/* expr */
	LANG_LINQ_UNIQUE,			/* [first|last name] */
	LANG_LINQ_RANK,				/* name: expr [threshold threshold] */
	LANG_LINQ_MATERIALIZE,
	LANG_LINQ_TRAVERSE			/* name */
} LangLinqKind;

typedef struct LangOrderKey
{
	LangName	name;
	bool		is_desc;
	bool		is_insensitive;
	LangField  *field;			/* checker */
} LangOrderKey;

/* checker: what a name means */
typedef enum LangRefKind
{
	LANG_REF_NONE,
	LANG_REF_LOCAL,				/* local */
	LANG_REF_FIELD,				/* field of base: stored field, table, formula or bubble */
	LANG_REF_UNIT,				/* function, procedure, method: unit */
	LANG_REF_CHANNEL,			/* channel */
	LANG_REF_NAMESPACE,			/* Time, Math, …: only before '.' */
	LANG_REF_VIEWER_FIELD		/* field of @viewer */
} LangRefKind;

typedef enum LangBase
{
	LANG_BASE_ROOT,				/* the document */
	LANG_BASE_SELF,				/* the record or message whose method, policy or formula this is */
	LANG_BASE_LOCAL				/* the row held by local: inside where, or a foreach variable's field by bare name */
} LangBase;

typedef struct LangRef
{
	LangRefKind kind;
	LangBase	base;
	LangLocal  *local;
	LangField  *field;
	LangUnit   *unit;
	LangChannel *channel;
} LangRef;

/* checker: implicit conversions */
typedef enum LangConversion
{
	LANG_CONVERT_INT_TO_DOUBLE,		/* int or long to double; int to long needs none: both are 64-bit slots, it is typed only */
	LANG_CONVERT_WIDEN,				/* int to long, secure<principal> to principal, string to text: no code */
	LANG_CONVERT_TO_INSTANT,		/* datetime to the milliseconds of its instant, a long, to be compared */
	LANG_CONVERT_TO_COMPLEX,		/* int, long or double to complex */
	LANG_CONVERT_TO_MAYBE,			/* T to maybe<T> */
	LANG_CONVERT_MAYBE_INNER,		/* maybe<A> to maybe<B> where A converts to B: u.convert.inner says how */
	LANG_CONVERT_MESSAGE,			/* message or anonymous object to a structurally compatible message: members by name, missing ones default */
	LANG_CONVERT_MAYBE_BOOL,		/* maybe<bool> to bool: empty is false */
	LANG_CONVERT_ELEMENTS,			/* array or list, element by element: u.convert.inner */
	LANG_CONVERT_TO_STRING			/* for concatenation; the operand's type says how: bool, int, long, double, or a maybe of one of them or of string (empty: "") */
} LangConversion;

/* checker: fields of @context, but for who */
typedef enum LangContextField
{
	LANG_CONTEXT_KEY,
	LANG_CONTEXT_SPACE,
	LANG_CONTEXT_ORIGIN,
	LANG_CONTEXT_IP
} LangContextField;

typedef struct LangObjectMember
{
	LangName	name;
	LangExpr   *value;			/* never NULL: { a } is { a: a } */
} LangObjectMember;

/* checker: what a call or an index does */
typedef enum LangCallKind
{
	LANG_CALL_NONE,
	LANG_CALL_UNIT,				/* function or procedure of the program: unit, receiver NULL */
	LANG_CALL_METHOD,			/* method of a record or message: unit, receiver */
	LANG_CALL_LIST_METHOD,		/* method called on each element of a list of records or messages: unit, receiver; yields the list of what it returns */
	LANG_CALL_MAYBE_METHOD,		/* method called on what is in a maybe, if there is something: unit, receiver; yields a maybe of what it returns */
	LANG_CALL_BUILTIN,			/* builtin; receiver is the first argument when it is called as e.f(…) */
	LANG_CALL_BUILTIN_MAYBE,	/* builtin lifted over maybe arguments: empty in, empty out */
	LANG_CALL_TABLE_GET,		/* t[id]: maybe<R> */
	LANG_CALL_ELEMENT,			/* list or array [i]: maybe<T> */
	LANG_CALL_MAP_GET			/* m[k] */
} LangCallKind;

struct LangExpr
{
	LangExprKind kind;
	LangPos		pos;			/* of the operator or the first token */
	const LangType *type;		/* checker */
	bool		is_place;		/* checker: is assigned to, stepped by ++ or emptied here */
	union
	{
		int64_t		integer;
		double		real;
		struct
		{
			const char *text;
			uint32_t	len;
		}			string;
		struct
		{
			const KitSym *sym;
			LangRef		ref;	/* checker */
		}			name;
		struct
		{
			LangName	type;
			LangName	value;	/* the whole name or the prefix before the star; sym NULL for E::* */
			bool		is_star;
			LangEnum   *enumeration;	/* checker */
			int64_t		number; /* checker: of a single value */
		}			enumeration;
		struct
		{
			LangExpr   *operand;
			LangName	name;
			LangField  *field;	/* checker: NULL when this is the callee of a method or built-in */
			bool		is_lifted;		/* checker: the operand is a maybe, so the result is one; a field that is a maybe is not wrapped twice */
			bool		is_projection;	/* checker: the operand is a list of records: the field of each */
			LangRef		ref;	/* checker: for @viewer.f and the like */
		}			field;
		struct
		{
			LangExpr   *callee; /* NAME or FIELD for calls */
			LangExpr  **args;	/* checker: converted to the parameters' types */
			int			n_args;
			LangCallKind call_kind; /* checker, from here on */
			LangUnit   *unit;
			const LangBuiltin *builtin;
			LangExpr   *receiver;	/* what the method or built-in is called on, or what is indexed; LANG_EXPR_SELF for a bare call within methods; else NULL */
		}			call;
		struct
		{
			LangOp		op;
			LangExpr   *operand;
			const LangOpRow *row;	/* checker */
		}			unary;
		struct
		{
			LangOp		op;
			LangExpr   *left;
			LangExpr   *right;
			const LangOpRow *row;	/* checker: the row of the operator table that applies; operands are converted to it */
		}			binary;
		struct
		{
			LangExpr   *low;
			LangOp		low_op; /* < or <= */
			LangExpr   *value;
			LangOp		high_op;
			LangExpr   *high;
		}			range;
		struct
		{
			LangExpr   *condition;
			LangExpr   *yes;
			LangExpr   *no;
		}			ternary;
		struct
		{
			LangExpr  **items;
			int			n;
		}			list;
		struct
		{
			LangObjectMember *members;	/* as written */
			int			n;
			LangField **fields; /* checker: of the anonymous type, parallel to members */
		}			object;
		struct
		{
			LangLinqKind kind;
			LangExpr   *source;
			LangExpr   *expr;	/* NULL where the clause has none */
			LangExpr   *threshold;
			LangName	name;
			bool		is_last;	/* unique last */
			LangOrderKey *keys;
			int			n_keys;
			LangLocal  *row;	/* checker: the row that where, rank and lambdas see */
			LangExpr   *id_equals;	/* checker: where … id == e && …: e, which does not read the row; NULL when there is none */
			LangField  *field;	/* checker: of name */
			LangAssoc  *assoc;	/* checker: of traverse */
			const LangType *group;	/* checker: of reduce, the map of lists that come of it without a function */
		}			linq;
		struct
		{
			LangTypeRef *written;
			LangExpr   *operand;
		}			typed;
		struct
		{
			LangName	parameter;
			LangExpr   *body;
			LangUnit   *unit;	/* checker */
		}			lambda;
		struct
		{
			int			year,
						month,
						day,
						hour,
						minute;
		}			calendar;
		struct
		{
			LangConversion how;
			LangConversion inner;
			LangExpr   *operand;
		}			convert;
	}			u;
};

/* ---- statements ---- */

typedef enum LangStmtKind
{
	LANG_STMT_EMPTY,
	LANG_STMT_BLOCK,			/* u.block */
	LANG_STMT_IF,				/* u.branch */
	LANG_STMT_DECLARE,			/* u.declare: let/var/auto x = e; or T x [= e]; */
	LANG_STMT_WHILE,			/* u.loop */
	LANG_STMT_DO_WHILE,			/* u.loop */
	LANG_STMT_FOR,				/* u.loop */
	LANG_STMT_FOREACH,			/* u.foreach */
	LANG_STMT_SWITCH,			/* u.branch: condition, yes = block with CASE and DEFAULT in it */
	LANG_STMT_CASE,				/* u.expr */
	LANG_STMT_DEFAULT,
	LANG_STMT_BREAK,
	LANG_STMT_CONTINUE,
	LANG_STMT_ABORT,
	LANG_STMT_BLOCK_STATE,		/* block; */
	LANG_STMT_RETURN,			/* u.expr or NULL */
	LANG_STMT_TRANSITION,		/* u.transition */
	LANG_STMT_INVOKE,			/* u.expr */
	LANG_STMT_PREEMPT,			/* u.expr */
	LANG_STMT_ASSERT,			/* u.expr */
	LANG_STMT_LOG,				/* u.expr */
	LANG_STMT_STEP,				/* @step */
	LANG_STMT_FORWARD,			/* @forward e: u.expr */
	LANG_STMT_PUMP,				/* @pump e into channel: u.pump */
	LANG_STMT_SEND,				/* @send channel(who, e): u.pump */
	LANG_STMT_ABORTS,			/* @aborts block: u.block */
	LANG_STMT_ASSIGN,			/* u.assign: place = e; a list of fields on the left is bulk assignment */
	LANG_STMT_INGEST,			/* u.assign: place <- e [as name]; */
	LANG_STMT_EXPR				/* u.expr */
} LangStmtKind;

struct LangStmt
{
	LangStmtKind kind;
	LangPos		pos;
	union
	{
		LangExpr   *expr;
		struct
		{
			LangStmt  **items;
			int			n;
		}			block;
		struct
		{
			LangExpr   *condition;
			LangName	as;		/* if (e as name) */
			LangLocal  *as_local;	/* checker */
			LangStmt   *yes;
			LangStmt   *no;		/* NULL, another IF, or a block */
		}			branch;
		struct
		{
			LangTypeRef *type;	/* NULL for let, var, auto */
			LangName	name;
			LangExpr   *value;	/* NULL: the type's default */
			LangLocal  *local;	/* checker */
		}			declare;
		struct
		{
			LangStmt   *first;	/* for */
			LangExpr   *condition;	/* NULL: for ever */
			LangStmt   *step;	/* for */
			LangStmt   *body;
		}			loop;
		struct
		{
			LangName	name;
			LangExpr   *list;
			LangStmt   *body;
			LangLocal  *local;	/* checker */
		}			foreach;
		struct
		{
			LangExpr   *label;
			LangExpr   *in;		/* NULL: at once */
		}			transition;
		struct
		{
			LangExpr   *message;
			LangExpr   *who;	/* @send only */
			LangName	channel;
			LangChannel *target;	/* checker */
		}			pump;
		struct
		{
			LangExpr   *place;
			LangExpr   *value;
			LangName	as;		/* <- … as name */
			LangLocal  *as_local;	/* checker */
		}			assign;
	}			u;
};

/* ---- declarations ---- */

typedef enum LangPrivacyKind
{
	LANG_PRIVACY_NONE,			/* nothing written: private */
	LANG_PRIVACY_PUBLIC,
	LANG_PRIVACY_PRIVATE,
	LANG_PRIVACY_VIEWER_IS,		/* guard.policies[0] names the principal field */
	LANG_PRIVACY_POLICY			/* guard */
} LangPrivacyKind;

typedef struct LangGuard
{
	LangName   *policies;
	int			n_policies;
	LangName   *filters;
	int			n_filters;
} LangGuard;

typedef struct LangParam
{
	LangTypeRef *type;
	LangName	name;
	bool		is_readonly;
	bool		is_mutable;
} LangParam;

typedef enum LangPaint
{
	LANG_PAINT_READONLY = 1,
	LANG_PAINT_ABORTS = 2,
	LANG_PAINT_VIEWER = 4
} LangPaint;

typedef enum LangDeclKind
{
	LANG_DECL_STATE,			/* #name block: name, body */
	LANG_DECL_ENUM,				/* u.enumeration */
	LANG_DECL_RECORD,			/* u.structure */
	LANG_DECL_MESSAGE,			/* u.structure */
	LANG_DECL_CHANNEL,			/* channel name(M m) …: u.channel; body */
	LANG_DECL_FUTURE_CHANNEL,	/* channel<M> name; u.channel */
	LANG_DECL_RPC,				/* u.function: the first parameter is the sender, without type; body */
	LANG_DECL_FUNCTION,			/* u.function; body */
	LANG_DECL_PROCEDURE,		/* u.function; body */
	LANG_DECL_METHOD,			/* u.function; body (in records and messages) */
	LANG_DECL_DISPATCH,			/* u.function; body */
	LANG_DECL_POLICY,			/* name, body */
	LANG_DECL_FILTER,			/* name, body */
	LANG_DECL_TEST,				/* name, body */
	LANG_DECL_VIEW,				/* view T name;: u.field (type only) */
	LANG_DECL_BUBBLE,			/* u.field: guard, value */
	LANG_DECL_CONSTRUCT,		/* u.function: zero or one parameter; body */
	LANG_DECL_CONNECTED,		/* body */
	LANG_DECL_DISCONNECTED,
	LANG_DECL_DELETE,
	LANG_DECL_LOAD,
	LANG_DECL_CAN_ATTACH,
	LANG_DECL_ATTACHED,			/* u.function: parameter without type; body */
	LANG_DECL_AUTHORIZATION,	/* u.function; body */
	LANG_DECL_STATIC,			/* u.group: STATIC_CREATE, STATIC_INVENT, STATIC_SEND, STATIC_CONFIG; name: of the parameter, if any */
	LANG_DECL_STATIC_CREATE,	/* body */
	LANG_DECL_STATIC_INVENT,
	LANG_DECL_STATIC_SEND,
	LANG_DECL_CONFIG,			/* name = u.value */
	LANG_DECL_CRON,				/* u.cron; body */
	LANG_DECL_INCLUDE,			/* u.path */
	LANG_DECL_IMPORT,			/* u.path */
	LANG_DECL_LINK,				/* name; u.group of CONFIG */
	LANG_DECL_WEB,				/* u.web; body */
	LANG_DECL_EXPORT,			/* name = u.value */
	LANG_DECL_TRAFFIC,			/* u.value */
	LANG_DECL_METRIC,			/* name = u.value */
	LANG_DECL_TEMPLATE,			/* name; u.text */
	LANG_DECL_ASSOC,			/* u.assoc */
	LANG_DECL_JOIN,				/* u.join */
	LANG_DECL_REPLICATION,		/* u.replication */
	LANG_DECL_SERVICE,			/* name; parsed as a balanced body, kept as text: u.text */
	LANG_DECL_CLIENT,			/* the same */
	LANG_DECL_FIELD,			/* u.field */
	LANG_DECL_REQUIRE,			/* name: of a policy (records) */
	LANG_DECL_INDEX,			/* name: of a field (records, messages) */
	LANG_DECL_INGESTED,			/* body (records) */
	LANG_DECL_PARSED,			/* body (messages) */
	LANG_DECL_CSV				/* messages */
} LangDeclKind;

typedef enum LangFieldForm
{
	LANG_FIELD_STORED,			/* T name [= e]; */
	LANG_FIELD_FORMULA,			/* formula/auto name = e; */
	LANG_FIELD_CACHED			/* cached<…> name = e; */
} LangFieldForm;

struct LangDecl
{
	LangDeclKind kind;
	LangPos		pos;
	LangName	name;
	LangStmt   *body;			/* always a BLOCK where there is one */
	union
	{
		struct
		{
			LangName   *values;
			LangExpr  **numbers;	/* NULL: one more than the one before */
			int			n;
			int			default_index;	/* -1: none marked */
		}			enumeration;
		struct
		{
			LangDecl  **items;	/* in source order */
			int			n;
			LangAnnotation *annotations;
			int			n_annotations;
		}			structure;
		struct
		{
			LangTypeRef *message;	/* is_array for M[] */
			LangName	parameter;
			bool		is_open;
			LangGuard	requires;
		}			channel;
		struct
		{
			LangParam  *params;
			int			n_params;
			LangTypeRef *returns;	/* NULL: nothing */
			int			paint;	/* LangPaint bits */
			LangName	dispatch_enum;	/* dispatch E::V name(…) */
			LangName	dispatch_value; /* sym NULL for * */
			bool		dispatch_is_star;
		}			function;
		struct
		{
			LangFieldForm form;
			LangPrivacyKind privacy;
			LangGuard	guard;	/* policies and filters of privacy or bubble */
			LangTypeRef *type;	/* NULL for formulas and bubbles */
			LangExpr   *value;	/* NULL: default */
			bool		is_readonly;
			bool		is_required;
			bool		is_lossy;	/* message fields */
			bool		is_unique;	/* message fields: only on id */
			bool		is_silent;	/* message fields */
			bool		is_updated; /* @updated */
			bool		is_bump;	/* @bump */
			bool		is_cached_once;
			int			cached_seconds;	/* cached<every n unit> */
		}			field;
		LangExpr   *value;
		struct
		{
			LangDecl  **items;
			int			n;
		}			group;
		struct
		{
			const KitSym *path; /* lib/name */
		}			path;
		struct
		{
			LangName	schedule;	/* hourly, daily, monthly */
			LangName	field;	/* sym NULL when numbers are given */
			int			hour,
						minute,
						day;
		}			cron;
		struct
		{
			LangName	method;	/* get, put, options, delete */
			const KitSym *uri;
			LangParam  *params;	/* $name in the uri; type NULL: string */
			int			n_params;
			LangTypeRef *message;	/* of put */
			LangName	parameter;
			LangGuard	requires;
		}			web;
		struct
		{
			const char *text;
			uint32_t	len;
		}			text;
		struct
		{
			LangName	from;
			LangName	to;
			LangName	edge;	/* sym NULL when left out */
		}			assoc;
		struct
		{
			LangName	table;
			LangName	row;
			LangExpr   *from;
			LangExpr   *to;
		}			join;
		struct
		{
			LangName	service;
			LangName	method;
			LangExpr   *value;
		}			replication;
	}			u;
};

/* A text that a program is made of: itself (without name), and what it includes. */
typedef struct LangSource
{
	const char *name;			/* as includes call it; NULL: the program itself */
	const char *label;			/* as diagnostics call it */
	const char *text;
	size_t		len;
} LangSource;

typedef struct LangTree
{
	KitArena   *arena;
	KitSymTable *syms;
	LangSource *sources;		/* by LangPos.file */
	int			n_sources;
	LangDecl  **items;			/* in source order */
	int			n;
} LangTree;

#endif
