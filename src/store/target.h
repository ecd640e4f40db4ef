/*
 * target.h
 *	  Targets of replications, as the files that work on them share them.
 *
 *		target.c			which targets a space has, kept per backend; the way of a change to them
 *		target_map.c		what goes to which column: when a target is registered, when it is used, when a program is deployed
 *		target_fit.c		whether it fits there
 *		target_identity.c	by which columns a row is found
 *		target_foreign.c	what foreign data wrappers ask for
 *		target_value.c		a value in jsonb as one of a column's type
 *		target_sql.c		the text of statements
 *		target_write.c		the same at work, for local and for foreign tables
 *		target_direct.c		without them, where a local table is plain
 *		register.c			registering and what goes with it
 */
#ifndef ADAMA_STORE_TARGET_H
#define ADAMA_STORE_TARGET_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "store/internal.h"

/* What is written to a column. */
typedef enum TargetSource
{
	TARGET_MEMBER,
	TARGET_KEY,					/* $key and so on */
	TARGET_ROW,
	TARGET_SPACE,
	TARGET_NAME,
	TARGET_ID,
	TARGET_SEQ,
	TARGET_HASH,
	TARGET_AT,
	TARGET_VALUE,
	TARGET_N_SOURCES
} TargetSource;

/* Classes of SQL types. */
typedef enum TargetClass
{
	TARGET_NO_CLASS,
	TARGET_BOOL,
	TARGET_INT4,
	TARGET_INT8,
	TARGET_NUMERIC,
	TARGET_FLOAT8,
	TARGET_TEXT,				/* text, varchar, char, citext, …: category S */
	TARGET_ENUM,
	TARGET_PRINCIPAL,
	TARGET_DATE,
	TARGET_TIME,
	TARGET_TIMESTAMP,
	TARGET_TIMESTAMPTZ,
	TARGET_INTERVAL,
	TARGET_JSON,
	TARGET_JSONB
} TargetClass;

/* How a value gets there. */
typedef enum TargetHow
{
	TARGET_AS_TEXT,				/* its text is what the type's input function takes */
	TARGET_AS_JSON,
	TARGET_AS_ENUM_NAME,
	TARGET_AS_PRINCIPAL,
	TARGET_AS_PRINCIPAL_TEXT,
	TARGET_AS_DATE,
	TARGET_AS_TIME,
	TARGET_AS_INSTANT,
	TARGET_AS_INTERVAL
} TargetHow;

typedef struct TargetColumn
{
	char	   *name;
	int			number;			/* of the attribute */
	TargetSource source;
	char	   *member;			/* TARGET_MEMBER */
	TargetHow	how;
	TargetClass class;
	bool		keeps_json_null;	/* a dynamic: JSON's null is a value, not none */
	bool		is_domain;
	char	   *type_name;		/* of type, qualified and quoted */
	bool		is_identity;
	int			max_chars;		/* of varchar(n); 0: no bound */
	char	  **enum_names;		/* TARGET_AS_ENUM_NAME; copies: programs come and go */
	int		   *enum_numbers;
	int			n_enum;
	Oid			type;			/* a domain's base */
	Oid			array_type;
	int16		len;
	bool		by_value;
	char		align;
	FmgrInfo	input;
	Oid			io_param;
	FmgrInfo	principal;		/* adama.principal(text, text), and the type's output function */
	FmgrInfo	principal_out;
} TargetColumn;

/* Where rows of a table are: hints, by replica (target_direct.c). */
typedef struct TargetPlaces TargetPlaces;

/* What goes where in a table.  Lives in the memory context that was current when it was made. */
typedef struct TargetMap
{
	const char *space;			/* name of the space */
	const char *name;			/* of the replication */
	char	   *table;			/* qualified and quoted */
	char	   *search_path;	/* while it is written: its schema, and what can't be in the way */
	Oid			relation;
	Oid			writer;			/* as whom it is written */
	bool		is_foreign;
	bool		is_partitioned;
	bool		takes_arrays;	/* is_foreign: conditions with arrays are sent to the remote */
	bool		is_direct;		/* rows that are there can be updated without a statement */
	Oid			index;			/* of a local table: the identity's */
	TargetPlaces *places;		/* is_direct; NULL: nobody remembers any */
	TargetColumn *columns;
	int			n_columns;
	int			n_identity;
} TargetMap;

/* ---- target_fit.c, target_identity.c ---- */

typedef struct TargetSourceInfo
{
	const char *name;
	LangTypeKind kind;			/* its values are like those of this type */
	bool		identifies;		/* it belongs to what tells a replica from all others */
} TargetSourceInfo;

extern const TargetSourceInfo target_sources[TARGET_N_SOURCES];

/* A map that is being worked out. */
typedef struct TargetWork
{
	StoreSpace *space;
	const LangProgram *program;
	TargetMap  *map;
	Relation	rel;
	TupleDesc	desc;
	StringInfo	problems;
	bool		of_records;		/* a record publishes the name, so the row belongs to the identity */
} TargetWork;

/* Adds a sentence, without its full stop. */
extern void store_target_problem_is(TargetWork *work, const char *format,...) pg_attribute_printf(2, 3);
extern bool store_target_is_of_name(const TargetWork *work, const LangReplication *replication);
/* Calls visit for each member that is published under the name, once. */
extern void store_target_each_member(TargetWork *work, void (*visit) (TargetWork *work, const char *member, void *arg), void *arg);
extern bool store_target_has_member(const TargetWork *work, const char *member);
extern TargetClass store_target_class_of(Oid type);
extern char *store_target_shown_type(const TargetWork *work, const TargetColumn *column);
/* Whether null is refused: by the column or by its domain. */
extern bool store_target_is_not_null(Form_pg_attribute att);
/* Fill in how values get into the column, or say why they don't. */
extern void store_target_fit_members(TargetWork *work, TargetColumn *column);
extern void store_target_fit_source(TargetWork *work, TargetColumn *column);
/* Mark the columns of the identity, or say why there is none.  wanted: which (C strings); NIL: any that will do. */
extern void store_target_find_identity_local(TargetWork *work, List *wanted);
extern void store_target_find_identity_foreign(TargetWork *work, List *wanted);

/* ---- target_foreign.c ---- */

/* False: it can't be written to, and that is a problem. */
extern bool store_target_foreign_is_writable(TargetWork *work);
/* What the wrapper of a foreign table asks for beyond that. */
extern void store_target_fit_foreign(TargetWork *work);
/* Warns of options of the server without which values would not arrive as they are. */
extern void store_target_warn_foreign(Oid relation);

/* ---- target_map.c ---- */

/*
 * Works out the map.  columns is a jsonb container, NULL: by names.  identity names the columns by which rows are found (C strings); NIL: it is chosen.  What does not fit is
 * written to problems, a sentence each, with a line feed between them, and makes the result false.
 */
extern bool store_target_map(StoreSpace *space, const LangProgram *program, const char *name, Relation rel, Datum columns, bool has_columns, List *identity,
							 TargetMap *map, StringInfo problems);
/* Whether the program has a replication of the name; otherwise problems says so. */
extern bool store_target_is_published(const LangProgram *program, const char *name, StringInfo problems);
/* As whom the table is written: the owner of the space, or of the table. */
extern Oid	store_target_writer(const StoreSpace *space, Relation rel);
/* What the owner of the space lacks to write to the table, as a clause; NULL: nothing. */
extern const char *store_target_denied(const StoreSpace *space, Relation rel);
/* The columns as a jsonb object, and the identity as text[]: what chat.replication keeps. */
extern Datum store_target_columns(const TargetMap *map);
extern Datum store_target_identity(const TargetMap *map);
/* Whether column sources tell apart what comes from this space, or from this name, from all else. */
extern bool store_target_tells_space(Datum columns, Datum identity);
extern bool store_target_tells_name(Datum columns, Datum identity);

/* ---- target_value.c ---- */

/* What is written to the column for this row; in the current memory context.  Raises what the column's type makes of it. */
extern Datum store_target_value(const TargetMap *map, TargetColumn *column, const StoreTargetRow *row, bool *isnull);

/* ---- target_sql.c ---- */

/* Parameters are all columns (many, upsert: arrays of them), of remove the identity. */
extern char *store_target_upsert_text(const TargetMap *map);
extern char *store_target_remove_text(const TargetMap *map);
extern char *store_target_find_text(const TargetMap *map);	/* whether the row that is there is another; no row: none is there */
extern char *store_target_insert_text(const TargetMap *map);
extern char *store_target_update_text(const TargetMap *map);
extern char *store_target_find_many_text(const TargetMap *map);	/* the number of a row (from 1), and whether it is another, for those that are there */
extern char *store_target_insert_many_text(const TargetMap *map);

/* ---- target_write.c ---- */

/* Prepared statements; NULL: not needed, or not yet. */
typedef struct TargetPlans
{
	struct _SPI_plan *upsert;	/* local tables: arrays of all columns */
	struct _SPI_plan *remove;	/* the identity */
	struct _SPI_plan *find;		/* foreign tables: all columns, or arrays of them; whether the row is there, and another */
	struct _SPI_plan *insert;	/* the same */
	struct _SPI_plan *update;
} TargetPlans;

/* Writes rows, as the current user; SPI is connected. */
extern void store_target_write(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n);
/* The same, directly where that can be, else with SPI connected; with the target told in the context of errors (target.c). */
extern void store_target_write_described(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n);
extern void store_target_plans_free(TargetPlans *plans);

/* ---- target_direct.c ---- */

/* Whether rows can be updated past SQL: nothing of the user's would run. */
extern bool store_target_is_direct(const TargetMap *map, Relation rel);
/* None are known yet; they live until they are freed. */
extern TargetPlaces *store_target_places(void);
extern void store_target_places_free(TargetPlaces *places);
/* Brings what it can; the others, copied to left, are for store_target_write.  Returns how many those are. */
extern int	store_target_bring_directly(const TargetMap *map, const StoreTargetRow *rows, int n, StoreTargetRow *left);

/* ---- target.c ---- */

#define STORE_TARGET_BATCH 1000	/* rows that one statement writes, */
#define STORE_TARGET_BATCH_BYTES (16 * 1024 * 1024)	/* and, but for the last of them, of their values */

/* A row of chat.replication as far as it says what is registered; copies in the current memory context. */
typedef struct TargetRegistration
{
	int			id;
	char	   *name;
	Oid			relation;
	StoreTargetMode mode;
	Datum		columns;		/* jsonb; 0: a queue */
	Datum		identity;		/* text[] */
} TargetRegistration;

/* All of the space, as of now, in the order of their ids; a list of TargetRegistration *.  Raises what is damaged; is_others: leaves it out, which must not be this caller's trouble. */
extern List *store_registrations(StoreSpace *space, bool is_others);
extern const char *store_target_mode_name(StoreTargetMode mode);
/* Tells the worker, if there is anybody to tell. */
extern void store_target_announce(Oid schema, Oid server, bool is_new);
extern Oid	store_target_server(Oid relation);	/* of a foreign table; InvalidOid */
/* C strings; NIL for null. */
extern List *store_text_list(Datum array);

#endif
