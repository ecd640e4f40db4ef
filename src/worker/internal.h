/*
 * internal.h
 *	  What the files of this room share with each other: the shared memory, and the emitter's picture of who watches what.
 */
#ifndef ADAMA_WORKER_INTERNAL_H
#define ADAMA_WORKER_INTERNAL_H

#include "worker/worker.h"

#include "datatype/timestamp.h"
#include "lib/ilist.h"
#include "live/live.h"
#include "store/store.h"

/* ---- shared memory (shared.c) ---- */

#define WORKER_DIRTY_BITS 4096
#define WORKER_DIRTY_WORDS (WORKER_DIRTY_BITS / 64)
#define WORKER_NEWS_SIZE 64

/* What the emitter is told by name: a connection that was added, changed or removed, or a backend with connections that has ended. */
typedef struct WorkerNews
{
	Oid			schema;			/* InvalidOid: a backend */
	union
	{
		uint8		id[16];		/* the random part of the connection's id */
		struct
		{
			int64		start;
			int			pid;
		}			backend;
	}			u;
} WorkerNews;

/* What the emitter takes out of the shared memory at once. */
typedef struct WorkerChanges
{
	uint64		dirty[WORKER_DIRTY_WORDS];
	bool		has_overflown;	/* some news did not fit: look at everything */
	int			n_news;
	WorkerNews	news[WORKER_NEWS_SIZE];
} WorkerChanges;

/* Makes or finds the shared memory.  False when there is none to be had, after an ereport at this level unless it is 0. */
extern bool worker_shared_attach(int level);
/* True once for each database after a server start (or when it has been forgotten among many others). */
extern bool worker_shared_is_new_database(void);
extern void worker_shared_forget_database(void);

typedef enum WorkerPlace
{
	WORKER_PLACE_TAKEN,			/* by an emitter, or one that is starting */
	WORKER_PLACE_RESERVED,		/* the caller shall launch one */
	WORKER_PLACE_NONE			/* too many databases have one */
} WorkerPlace;

/* Reserves the place of this database's emitter. */
extern WorkerPlace worker_slot_reserve(void);
extern void worker_slot_unreserve(void);	/* it could not be launched */

/* The emitter takes its place; false when another one lives, or there is none. */
extern bool worker_slot_claim(Oid database);
/* The emitter leaves because nobody watches: false when there are news. */
extern bool worker_slot_leave(void);
/* The emitter ends; will_return: the postmaster starts it again. */
extern void worker_slot_release(bool will_return);
extern void worker_slot_take(WorkerChanges *changes);

extern int	worker_dirty_bit(Oid schema, const char *key);

/* The random part of a connection's id, which is "adama_" and 32 hexadecimal digits. */
extern bool worker_id_parse(const char *str, uint8 id[16]);
extern void worker_id_format(const uint8 id[16], char str[STORE_CONNECTION_ID_LEN + 1]);

/* ---- launching (launch.c) ---- */

/* False, and nothing raised, when the postmaster has no place for another worker. */
extern bool worker_launch(void);
/* The emitter of this database shall run: reports at the given level when that can't be. */
extern bool worker_launch_if_missing(int level);

/* ---- notifications (notify.c) ---- */

/* A payload as it is sent: one text, or several that are parts of it. */
typedef struct WorkerPayload
{
	int			n;
	char	  **texts;
} WorkerPayload;

/* In the current memory context. */
extern WorkerPayload worker_payload_make(const char *json, size_t len, int64 seq);
extern void worker_payload_send(const WorkerPayload *payload, const char *channel);
extern size_t worker_payload_size(const WorkerPayload *payload);
extern void worker_send_closed(const char *channel);
extern void worker_send_failed(const char *channel, const char *sqlstate, const char *message);
extern double worker_notify_queue_usage(void);

/* ---- the emitter's picture (watch.c) ---- */

typedef enum WorkerTurn
{
	WORKER_TURN_NONE,			/* nothing is to be done about the document */
	WORKER_TURN_DUE,			/* it is to be looked at */
	WORKER_TURN_SENT,			/* notified in the transaction that is going on */
	WORKER_TURN_WAITING			/* until retry_at: it was sent just now, or could not be looked at for a reason that may pass */
} WorkerTurn;

typedef struct WorkerDocument
{
	Oid			schema;
	char	   *key;
	int			bit;
	dlist_node	in_bucket;
	WorkerTurn	turn;			/* and in_turn is in deliver.c's list for it */
	dlist_node	in_turn;
	int			attempts;		/* in vain, one after the other */
	TimestampTz retry_at;
	bool		has_failed;		/* the last attempt; it was logged */
	bool		has_moved;		/* in this turn */
	int			pace;			/* how many times in a row it was sent soon after the time before; see deliver.c */
	TimestampTz rests_until;	/* then it may be sent again */
	StoreCopy	copy;
	StoreProgram *program;		/* that the classes were made with */
	LiveDocument *live;			/* what its viewers share; NULL: to be made */
	dlist_head	classes;
	dlist_head	connections;
	int			n_connections;
	bool		has_looks;		/* some connection has another viewer state, not taken up yet (look.c) */
} WorkerDocument;

typedef struct WorkerClass
{
	dlist_node	in_document;
	char	   *name;
	uint32		name_len;
	LiveView   *view;			/* NULL: to be made */
	int64		seq;			/* of the document, as the view shows it; 0: it shows nothing yet */
	bool		looks_anew;		/* with another viewer state than the view was computed with */
	dlist_head	connections;
} WorkerClass;

typedef struct WorkerBackend
{
	int64		start;			/* hash key: start and pid */
	int64		pid;
	dlist_head	connections;
} WorkerBackend;

typedef struct WorkerConnection
{
	uint8		id[16];
	StoreConnection row;		/* strings and viewer in the connection's own memory */
	DocBytes	next_viewer;	/* the state that it is to look with, in memory of its own */
	bool		has_next_viewer;
	char	   *viewer_memory;	/* row.viewer, when that is not the one it came with */
	Oid			schema;
	WorkerDocument *document;	/* NULL: it is leaving (reap.c) */
	WorkerClass *class;			/* NULL: not grouped yet */
	WorkerBackend *backend;
	dlist_node	in_document;	/* or in reap.c's list */
	dlist_node	in_class;
	dlist_node	in_backend;
	bool		has_view;		/* it was sent the whole view: deltas continue it */
	const KitBuf *had;			/* comes from another class, of which it has this whole view; NULL but while it moves */
	bool		knows_failure;	/* it was told that there is no view at the moment */
	bool		is_closed;		/* it was told that its document is gone */
	bool		was_seen;		/* by the scan that is going on */
	bool		has_left_by_itself; /* leaving because its backend ended: @disconnected is due */
	int			attempts;
	TimestampTz retry_at;
} WorkerConnection;

extern void worker_watch_init(void);
extern int	worker_watch_n_connections(void);
extern int	worker_watch_n_documents(void);
/* Brings the picture in line with the table connection: of the connections named in the news, or of all spaces.  False: not all could be read. */
extern bool worker_watch_news(const WorkerNews *news, int n);
extern bool worker_watch_scan(void);
/* Marks documents that may have changed. */
extern void worker_watch_dirty(const uint64 *dirty);
/* Connections of backends that are not there any more leave. */
extern void worker_watch_backends(void);
extern void worker_watch_backend_gone(int pid, int64 start);
/* Documents whose space is gone are due, to be closed. */
extern void worker_watch_spaces(void);
extern void worker_watch_close_all(void);	/* tells everybody; the extension is being dropped */
extern void worker_connection_ungroup(WorkerConnection *connection);
extern WorkerClass *worker_document_class(WorkerDocument *document, VmText name);
extern WorkerClass *worker_document_find_class(WorkerDocument *document, VmText name);	/* NULL when there is none */
extern void worker_class_rename(WorkerClass *class, VmText name);
extern void worker_connection_group(WorkerConnection *connection, WorkerClass *class);
extern void worker_connection_take_viewer(WorkerConnection *connection);
extern void worker_document_ungroup(WorkerDocument *document);	/* all classes go */
extern void worker_document_drop(WorkerDocument *document);		/* nobody watches it */
extern void worker_connection_leave(WorkerConnection *connection, bool by_itself);
extern void worker_connection_forget(WorkerConnection *connection);

/* Runs work in a subtransaction.  NULL, or the error that undid it, in the current memory context. */
extern ErrorData *worker_guard(void (*work) (void *arg), void *arg);
/* Whether the same may succeed later although nothing has changed. */
extern bool worker_error_may_pass(const ErrorData *error);
extern TimestampTz worker_retry_time(int attempts);

/* ---- deliveries (deliver.c) ---- */

extern void worker_deliver_mark(WorkerDocument *document);		/* it is due */
extern void worker_deliver_changed(WorkerDocument *document);	/* it is due, unless it was sent just now: then soon */
extern void worker_deliver_unmark(WorkerDocument *document);
extern bool worker_deliver_is_due(void);
/* Notifies the connections of the documents that are due, inside a transaction, until it holds enough; worker_deliver_is_due then tells. */
extern void worker_deliver(void);
extern void worker_deliver_committed(void);
extern void worker_deliver_aborted(void);		/* all that was sent since is void: those documents are due again, with whole views */
extern TimestampTz worker_deliver_retry(TimestampTz now);	/* documents whose time has come are due; the time of the next, or 0 */

extern void worker_deliver_count(size_t bytes);	/* were notified in this transaction */

/* ---- one class of a document (class.c) ---- */

/* Brings the view up to date and notifies.  What it needs meanwhile lies in the arena. */
extern void worker_class_deliver(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitArena *arena);
extern void worker_class_failed(WorkerClass *class, const KitDiag *diag);
extern void worker_class_drop_view(WorkerClass *class);
/* Tells it once that there is no view at the moment. */
extern void worker_connection_failed(WorkerConnection *connection, const char *sqlstate, const char *message);

/* ---- viewers that look with another state (look.c) ---- */

/* Before a turn: those for whom that is simple. */
extern void worker_look_begin(WorkerDocument *document, KitArena *scratch);
/* After all classes were delivered: the others move to another class. */
extern void worker_look_move(WorkerDocument *document, LiveTurn *turn, KitArena *scratch);
extern LiveViewer worker_connection_viewer(const WorkerConnection *connection);

/* ---- connections that leave (reap.c) ---- */

extern void worker_reap_add(WorkerConnection *connection);
extern void worker_reap_remove(WorkerConnection *connection);
extern bool worker_reap_is_done(void);
/* Removes rows and runs @disconnected, each in a transaction of its own, for about as long as budget (µs).  The time of the next attempt; 0: none. */
extern TimestampTz worker_reap(int64 budget);

/* ---- the emitter (emitter.c) ---- */

extern PGDLLEXPORT void adama_main_emitter(Datum database);

/* Starts a transaction of the emitter, in which the extension is there; false, and no transaction, when it is not (any more). */
extern bool worker_transaction_begin(void);
extern void worker_transaction_end(void);
extern void worker_transaction_abort(void);

#endif
