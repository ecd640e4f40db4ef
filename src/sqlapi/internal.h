/*
 * internal.h
 *	  What the files of this room share with each other.
 */
#ifndef ADAMA_SQLAPI_INTERNAL_H
#define ADAMA_SQLAPI_INTERNAL_H

#include "store/store.h"

#include "fmgr.h"

/* ---- values (value.c): documents, deltas and principals as datums ---- */

#define SQLAPI_GETARG_BYTES(n) sqlapi_bytes(PG_GETARG_DATUM(n))

extern DocBytes sqlapi_bytes(Datum value);					/* detoasted when needed; points into the datum otherwise */
extern Datum sqlapi_datum(const char *data, size_t len);	/* a varlena of a copy of these bytes */
extern Datum sqlapi_text_datum(const char *str, size_t len);
extern Datum sqlapi_text_or_null(VmText value, bool *isnull);	/* str NULL: null */
extern VmText sqlapi_text(Datum text);						/* points into the datum */
extern char *sqlapi_json_of_jsonb(Datum jsonb, size_t *len);
extern Datum sqlapi_jsonb_of_json(const char *json);
extern Datum sqlapi_jsonb_of_buf(KitBuf *json, bool *isnull);	/* null when it is empty */
/* Appends what the event of this number did beside the document, as JSON for people; nothing when it did nothing (history.c).  effects: from there on, of its log entry. */
extern void sqlapi_effects(DocCursor effects, int64 seq, KitBuf *out);
/* Null when there is nothing, or nothing that can be shown (past.c). */
extern Datum sqlapi_jsonb_or_null(DocBytes bytes, DocClass class, KitArena *arena, bool *isnull);
extern Datum sqlapi_principal(const char *agent, size_t agent_len, const char *authority, size_t authority_len);
extern char *sqlapi_principal_text(VmText agent, VmText authority);	/* agent@authority */
extern void sqlapi_principal_parts(Datum principal, VmText *agent, VmText *authority);

/* ---- the caller (caller.c): who acts, and what the privileges say ---- */

typedef struct SqlCaller
{
	VmText		agent;
	VmText		authority;
	bool		is_role;		/* a role of this database cluster: where the program is silent, privileges decide */
	VmText		origin;			/* of the request, for @context; may be empty */
	VmText		ip;				/* str NULL: that of the session's client */
} SqlCaller;

extern SqlCaller sqlapi_caller(void);
extern VmText sqlapi_client_ip(void);	/* of the session's client; empty for a local socket and for workers */
/* The name of a space; raises KIT_UNKNOWN_SPACE, or 42501 when the caller has no USAGE. */
extern StoreSpace *sqlapi_space(Datum name);
extern bool sqlapi_is_owner(const StoreSpace *space);
extern void sqlapi_require_owner(const StoreSpace *space);
/* Whether the caller may execute the generated function of this name; a space without it is its owner's. */
extern bool sqlapi_may_execute(const StoreSpace *space, const char *function);
extern void sqlapi_require_execute(const StoreSpace *space, const char *function);
extern void sqlapi_require_arguments(FunctionCallInfo fcinfo, int n);	/* of space, key, channel, message */
extern char *sqlapi_key(Datum key);							/* checked, as a C string */
extern bool sqlapi_key_is_valid(const char *key, size_t len, KitDiag *diag);
/* Where a program leaves it to privileges, and the caller is none that has any. */
extern void sqlapi_denied(const char *format,...) pg_attribute_printf(1, 2) pg_attribute_noreturn();

/* ---- acting as others (assume.c) ---- */

/* Whom this transaction acts as; false: as its role. */
extern bool sqlapi_assumed(SqlCaller *caller);
/* Raises 42501 unless the caller has EXECUTE on adama.assume: the right to act as others, which gateways have. */
extern void sqlapi_require_assume(void);
/* Whether somebody may be acted as who is called so; str NULL: SQL's null. */
extern bool sqlapi_principal_is_valid(VmText agent, VmText authority, KitDiag *diag);

/* ---- events (event.c) ---- */

extern void sqlapi_event(StoreEvent *event, VmEventKind kind, StoreSpace *space, const char *key, const SqlCaller *caller);
/* Checks the size and makes it the event's message. */
extern bool sqlapi_event_message(StoreEvent *event, DocBytes bytes, KitDiag *diag);
extern bool sqlapi_encode_json(const char *json, size_t len, KitBuf *buf, DocBytes *bytes, KitDiag *diag);
/* The viewer state, checked against the program; no bytes when it is empty.  The bytes lie in the arena. */
extern bool sqlapi_encode_viewer(const char *json, size_t len, const VmProgram *program, KitArena *arena, DocBytes *viewer, KitDiag *diag);
/* An encoded value whose bytes were just written: no checksum to be checked. */
extern DocItem sqlapi_fresh_item(DocBytes bytes);
/* Whether the caller may send to the document at all; what the privileges say is not asked here.  channel NULL: attach something, as far as @static says. */
extern bool sqlapi_may_send(StoreSpace *space, const LangChannel *channel, const StoreEvent *event, const SqlCaller *caller, KitDiag *diag);
/* The same, asked for several: *members are those of the document, or NULL, and then begun when they are needed; the caller ends them. */
extern bool sqlapi_may_send_among(StoreSpace *space, const LangChannel *channel, const StoreEvent *event, const SqlCaller *caller, StoreMembers **members,
								  KitDiag *diag);
/* Makes a document that is not there, when the program invents it for the caller (@static invent).  Raises what the creation fails with. */
extern void sqlapi_invent(StoreSpace *space, const char *key, const SqlCaller *caller);
/* When the document was made that is there now; 0: there is none. */
extern TimestampTz sqlapi_created(StoreSpace *space, const char *key);
extern void sqlapi_random_id(char id[STORE_CONNECTION_ID_LEN + 1]);
extern void sqlapi_visit_from(StorePresence *visit, const VmProgram *program, const SqlCaller *caller);
/* Who may not connect may not look either: raises where the program is silent and the caller is no role. */
extern void sqlapi_require_look(const VmProgram *program, const SqlCaller *caller, const char *key);
extern const LangChannel *sqlapi_channel(StoreSpace *space, const char *name, size_t len);	/* raises KIT_UNKNOWN_CHANNEL */
/* What every function that writes begins with; named in the error of a read-only transaction. */
extern void sqlapi_begin_write(const char *function);
/* Leads one event through and tells the emitter; raises what it failed with. */
extern int64 sqlapi_reduce(StoreSpace *space, const char *key, StoreEvent *event);
extern int64 sqlapi_send(StoreSpace *space, const char *key, const LangChannel *channel, DocBytes message, VmText dedupe);
extern int64 sqlapi_create(StoreSpace *space, const char *key, DocBytes argument);

#define SQLAPI_NO_BYTES ((DocBytes) {NULL, 0})
#define SQLAPI_NO_TEXT ((VmText) {NULL, 0})

/* ---- arrays of one call, and the rows that answer them (items.c) ---- */

/* A one-dimensional array, or none. */
typedef struct SqlArray
{
	const char *name;
	Datum	   *elements;		/* NULL: the argument is null */
	bool	   *nulls;
	int			n;
} SqlArray;

/* The argument as an array of elements of this type; must: it may not be null. */
extern SqlArray sqlapi_array(FunctionCallInfo fcinfo, int argument, const char *name, Oid type, bool must);
/* Raises unless all that are there have as many elements as the first. */
extern void sqlapi_require_same_length(const SqlArray *arrays, int n);
extern VmText sqlapi_array_text(const SqlArray *array, int i);	/* str NULL: null, or no array */
extern int64 sqlapi_array_long(const SqlArray *array, int i, int64 otherwise);
/* An error in one text: message, and detail in brackets. */
extern char *sqlapi_error_text(const KitDiag *diag);

/* ---- the shape of SQL values (shape.c) ---- */

typedef enum SqlKind
{
	SQLAPI_NONE,				/* has no SQL counterpart: records and what contains them */
	SQLAPI_BOOL,
	SQLAPI_INT,
	SQLAPI_LONG,
	SQLAPI_DOUBLE,
	SQLAPI_TEXT,
	SQLAPI_ENUM,				/* text: the value's name */
	SQLAPI_PRINCIPAL,
	SQLAPI_DATE,
	SQLAPI_TIME,
	SQLAPI_DATETIME,			/* timestamptz */
	SQLAPI_TIMESPAN,			/* interval */
	SQLAPI_JSON					/* jsonb: messages, and lists of them */
} SqlKind;

typedef struct SqlShape
{
	SqlKind		kind;
	bool		is_array;
	bool		is_nullable;	/* maybe */
	const LangType *type;		/* without maybe; with is_array, of an element */
	const LangType *whole;		/* without maybe */
} SqlShape;

extern SqlShape sqlapi_shape(const LangType *type);
extern SqlShape sqlapi_argument_shape(const LangType *type);	/* of a message's field: jsonb when there is nothing better */
extern Oid	sqlapi_shape_oid(const SqlShape *shape);
extern const char *sqlapi_shape_name(const SqlShape *shape);	/* qualified, for DDL */
/* Writes a SQL value, whose type is the shape's, as a message has it.  The value is not null. */
extern bool sqlapi_write_value(DocWriter *w, const SqlShape *shape, Datum value, KitArena *arena, const char *field, KitDiag *diag);
extern Datum sqlapi_read_value(const SqlShape *shape, VmVal value, KitArena *arena, bool *isnull);
/* The same of one date, time, datetime or timespan (calendar.c). */
extern bool sqlapi_write_calendar(DocWriter *w, SqlKind kind, Datum value, const char *field, KitDiag *diag);
extern Datum sqlapi_read_calendar(SqlKind kind, VmVal value, bool *isnull);
/* The value as a SQL literal with its type. */
extern char *sqlapi_value_literal(const SqlShape *shape, VmVal value, KitArena *arena);

/* ---- generated functions (describe.c, generated.c) ---- */

#define SQLAPI_CREATE_FUNCTION "create_document"

/* How a channel's message becomes arguments. */
extern bool sqlapi_takes_fields(const LangStruct *message, bool is_array);
extern bool sqlapi_is_argument(const LangField *field);
/* What read functions show of a field of the root: the structure of its rows; NULL: it has none. */
extern const LangStruct *sqlapi_rows_of(const LangField *field);
extern bool sqlapi_is_column(const LangField *field, SqlShape *shape);
/* All functions of a program; raises when names do not fit into SQL. */
extern void sqlapi_describe(const VmProgram *program, KitArena *arena, StoreFunction **functions, int *n);

/* A generated function as its row in pg_proc says, and what this backend worked out about it. */
typedef struct SqlGenerated
{
	Oid			function;		/* hash key */
	bool		is_valid;
	bool		is_genuine;		/* its owner owns the schema; else somebody moved it there */
	Oid			schema;
	NameData	name;
	MemoryContext context;		/* of what follows */
	int			n_arguments;
	char	  **arguments;
	int			n_columns;
	char	  **columns;
	Oid		   *column_types;
	StoreProgram *program;		/* for which the rest was worked out; held */
	const LangChannel *channel;
	const LangStruct *message;	/* of the channel or the constructor; may be NULL */
	LangField **fields;			/* by argument; NULL: not a field */
	SqlShape   *shapes;			/* of these */
} SqlGenerated;

/* Raises when the function is not the space's own.  Valid until the next call into anything that runs SQL. */
extern SqlGenerated *sqlapi_generated(Oid function);

/* ---- programs (deploy.c) ---- */

/* Compiles with these sources (jsonb), or raises the first error.  diags knows what was included. */
extern VmProgram *sqlapi_compile(VmText source, Datum sources, KitArena *arena, LangDiags *diags);

/* ---- time ---- */

/* PostgreSQL counts from 2000, programs from 1970. */
extern int64 sqlapi_milliseconds(int64 timestamptz);

#endif
