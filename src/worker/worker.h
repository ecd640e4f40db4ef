/*
 * worker.h
 *	  Waking the emitter, and listening.
 *
 * Each database that has connections has one emitter, a dynamic background worker (emitter.c).  Writers tell it which documents changed by setting
 * bits of a shared bitmap when their transaction commits (shared.c); the emitter reads the log.
 */
#ifndef ADAMA_WORKER_H
#define ADAMA_WORKER_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * At commit of the current transaction: mark the document as changed and wake the emitter of this database, if there is one.  Cheap; may be
 * called many times.  A transaction that does not commit marks nothing.
 */
extern void worker_document_changed(Oid schema, const char *key);

/* At commit: tell the emitter that this connection was added, changed or removed; starts the emitter if there is none. */
extern void worker_connection_changed(Oid schema, const char *connection_id);

/* The same for connections of one gateway's listener, by their numbers (which this may reorder). */
extern void worker_connections_changed(Oid schema, const char *listener, int64 *numbers, int n);

/* This backend holds connections: when it ends, the emitter is told to look for connections without a backend. */
extern void worker_watch_backend(void);

/* After a server start, the first use of adama in a database starts its workers once, to clear away connections of the past and to go on with what was left undone.  Called by every SQL entry point that writes. */
extern void worker_ensure(void);

/* At commit: the keeper looks what is to be done in the space in the background; starts it if there is none. */
extern void worker_space_has_work(Oid schema);

/*
 * At commit: something is to be brought to a target of the space that is on this foreign server; InvalidOid: to a local one.  is_new: the target is, or there is more to look at than
 * changes.  For store_targets_appended.
 */
extern void worker_replicas_changed(Oid schema, Oid server, bool is_new);

/* At commit: gateways that LISTEN to adama_authorities are told to read them anew. */
extern void worker_authorities_changed(void);

extern void worker_listen(const char *channel);
extern void worker_unlisten(const char *channel);

typedef enum WorkerAck
{
	WORKER_ACK_TAKEN,
	WORKER_ACK_UNKNOWN,			/* no emitter knows the connection, or it is another session's */
	WORKER_ACK_NEVER_SENT
} WorkerAck;

/* The client has received everything up to seq.  At once, whatever becomes of the transaction.  as_owner: of any session's connection. */
extern WorkerAck worker_acknowledge(const char *connection_id, int64 seq, bool as_owner);

/* What the emitter of this database knows of a connection. */
typedef struct WorkerStanding
{
	int64		class;			/* number of its view class; 0: it has none yet */
	int64		sent;			/* seq of the last change that it was sent; 0: none */
	int64		acked;			/* 0: none */
	int			unacked;		/* changes that were sent and not acknowledged */
	bool		lags;			/* it has not been sent all there is */
} WorkerStanding;

/* A place to look connections up in, as of now; NULL when there is no emitter.  In the current memory context. */
typedef struct WorkerBoard WorkerBoard;
extern WorkerBoard *worker_board_read(void);
extern bool worker_board_find(const WorkerBoard *board, const char *connection_id, WorkerStanding *standing);

/* What emitters have done: a row for each database that had one since the server's start (stats.c). */
typedef struct WorkerStats WorkerStats;
#define WORKER_STATS_BUCKETS 64
#define WORKER_STATS_MAX 24		/* databases */
struct WorkerStats
{
	Oid			database;		/* InvalidOid: nothing */
	int			pid;			/* of the emitter; 0: there is none at the moment */
	TimestampTz since;
	double		queue_usage;	/* when the emitter last looked */
	int32		connections;
	int32		documents;
	int64		lag_max;		/* µs */
	int64		lag_seq_max;
#define WORKER_COUNTER(name, what) int64 name;
#include "worker/counters.def"
#undef WORKER_COUNTER
	uint32		lags[WORKER_STATS_BUCKETS];	/* how many changes took how long */
};

/* At most max; returns how many. */
extern int	worker_stats_read(WorkerStats *stats, int max);
extern void worker_stats_reset(Oid database);
/* µs that this part of the changes took at most, rounded up to a bucket's end; -1: there were none. */
extern int64 worker_stats_lag(const WorkerStats *stats, double part);

/* Start time of this backend, as the emitter sees it too. */
extern int64 worker_backend_start(void);

/*
 * A listener is a channel of this backend that many connections share.  Its name is a random id (adama_ and 32 hexadecimal digits), the pid and the start
 * of the backend: adama_<32 hex>_<pid>_<start in hex>.
 */
extern void worker_listener_format(const char *id, char name[NAMEDATALEN]);
extern bool worker_listener_parse(const char *name, int *pid, TimestampTz *start);

/* Runs work in a subtransaction.  NULL, or the error that undid it, in the current memory context. */
extern ErrorData *worker_guard(void (*work) (void *arg), void *arg);
/* Whether the same may succeed later although nothing has changed. */
extern bool worker_error_may_pass(const ErrorData *error);

#endif
