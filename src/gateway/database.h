/*
 * database.h
 *	  Connections to the database: one that listens, some that run calls.
 *
 * A call is one or two statements and is a transaction of its own.  Its answer comes by a callback, out of the loop.
 */
#ifndef ADAMA_GATEWAY_DATABASE_H
#define ADAMA_GATEWAY_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>
#include <uv.h>

#include "kit/arena.h"

typedef enum DatabaseStatement
{
#define GATEWAY_STATEMENT(name, n_params, sql) DATABASE_##name,
#include "gateway/statements.def"
#undef GATEWAY_STATEMENT
	DATABASE_N_STATEMENTS
} DatabaseStatement;

#define DATABASE_MAX_PARAMS 11

typedef struct DatabaseParams
{
	int			n;
	const char *values[DATABASE_MAX_PARAMS];	/* NULL: null */
	int			lens[DATABASE_MAX_PARAMS];
	int			formats[DATABASE_MAX_PARAMS];	/* 1: binary */
} DatabaseParams;

typedef struct DatabaseCall DatabaseCall;
struct DatabaseCall
{
	int			n;				/* statements */
	DatabaseStatement statements[2];
	DatabaseParams params[2];
	KitArena   *arena;			/* of the call itself, and its parameters; deleted when it is done */
	/*
	 * The last statement's result; or of the first that failed (its status is then not PGRES_TUPLES_OK).  NULL: the connection was lost, and nobody
	 * knows whether the call was committed.
	 */
	void		(*done) (DatabaseCall *call, const PGresult *result);
	void	   *arg;
	uint64_t	started;		/* loop's time in ms */
};

/* What the listening connection tells. */
typedef struct DatabaseEvents
{
	void		(*listening) (const char *listener);
	void		(*notified) (const char *channel, const char *payload);
	void		(*deaf) (void);	/* it is lost; all that was connected by the listener is */
	void		(*idle) (void);	/* a connection can take a call */
} DatabaseEvents;

extern bool database_start(uv_loop_t *loop, const DatabaseEvents *events);	/* false, and logged: the connection string is not understood */
extern void database_stop(void);	/* closes all */

extern DatabaseCall *database_call_new(void (*done) (DatabaseCall *call, const PGresult *result), void *arg);
/* The parameters are filled in after it. */
extern DatabaseParams *database_call_add(DatabaseCall *call, DatabaseStatement statement);
extern bool database_can_run(void);
/* Only when one can.  done may be called at once, when the connection turns out to be lost. */
extern void database_run(DatabaseCall *call);
extern int	database_n_busy(void);
extern int	database_n_ready(void);	/* connections that are up, of those for commands */
extern bool database_is_listening(void);
/*
 * Reads what has come for the listening connection by now: when it is lost, deaf is told before this returns.  Its end may be known to the database, and to the
 * answers of calls, before the loop comes to it.
 */
extern void database_look(void);
extern int64_t database_n_lost(void);	/* connections lost since the start */

/* ---- parameters, in the arena of the call ---- */

extern void database_text(DatabaseParams *params, const char *str);	/* NULL: null */
extern void database_int(DatabaseCall *call, DatabaseParams *params, int64_t value);

typedef enum DatabaseType		/* of the elements of an array */
{
	DATABASE_TEXT = 25,
	DATABASE_INT8 = 20,
	DATABASE_JSON = 114
} DatabaseType;

typedef struct DatabaseElement
{
	const char *str;			/* NULL: null; of an INT8: not used */
	uint32_t	len;
	int64_t		number;			/* of an INT8 */
} DatabaseElement;

extern void database_array(DatabaseCall *call, DatabaseParams *params, DatabaseType type, const DatabaseElement *elements, int n);

#endif
