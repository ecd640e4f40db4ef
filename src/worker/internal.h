/*
 * internal.h
 *	  What the files of this room share with each other: the shared memory, and the emitter's picture of who watches what.
 */
#ifndef ADAMA_WORKER_INTERNAL_H
#define ADAMA_WORKER_INTERNAL_H

#include "worker/worker.h"

#include "datatype/timestamp.h"
#include "portability/instr_time.h"
#include "lib/ilist.h"
#include "storage/latch.h"
#include "live/live.h"
#include "store/store.h"

/* ---- whether a worker is there (seat.c) ---- */

typedef enum WorkerSeatState
{
	WORKER_SEAT_FREE,
	WORKER_SEAT_STARTING,
	WORKER_SEAT_RUNNING
} WorkerSeatState;

/* Lies in shared memory, under a mutex of its owner's. */
typedef struct WorkerSeat
{
	WorkerSeatState state;
	TimestampTz since;			/* STARTING */
	int			pid;			/* RUNNING */
	Latch	   *latch;			/* RUNNING; lies in the main shared memory for ever, whoever owns it later */
} WorkerSeat;

/* Whether the caller shall launch the worker. */
extern bool worker_seat_reserve(WorkerSeat *seat, TimestampTz now);
/* This process takes it; false when another one has it. */
extern bool worker_seat_claim(WorkerSeat *seat);
/* The worker is about to be started again. */
extern void worker_seat_return(WorkerSeat *seat, TimestampTz now);
extern void worker_seat_free(WorkerSeat *seat);
/* Without the mutex: nothing that can fail. */
extern void worker_seat_wake(const WorkerSeat *seat);

/* ---- shared memory (shared.c) ---- */

#define WORKER_DIRTY_BITS 4096
#define WORKER_DIRTY_WORDS (WORKER_DIRTY_BITS / 64)
#define WORKER_NEWS_SIZE 64

/*
 * What the emitter is told by name: connections that were added, changed or removed, or a backend with connections that has ended.  Several connections are
 * those whose ids follow each other from the first on: a gateway's ids are numbers in their last eight bytes (store_connection_number_id).
 */
typedef struct WorkerNews
{
	Oid			schema;			/* InvalidOid: a backend */
	uint32		n_more;			/* ids after the first, whether there are such connections or not */
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
/* The segment with the board (board.c): 0 when there is none. */
extern void worker_slot_set_board(uint32 handle);
extern uint32 worker_slot_board(Oid database);
/* The documents with this bit are to be looked at; any process may say so, at once. */
extern void worker_slot_wake(int dirty_bit);

extern int	worker_dirty_bit(Oid schema, const char *key);

/* The random part of a connection's id, which is "adama_" and 32 hexadecimal digits. */
extern bool worker_id_parse(const char *str, uint8 id[16]);
extern void worker_id_format(const uint8 id[16], char str[STORE_CONNECTION_ID_LEN + 1]);
/* The id that many places further on. */
extern void worker_id_move(uint8 id[16], uint32 by);

/* ---- lanes (lanes.c): those who do what need not be done at once ---- */

/* What a lane works for, and whether it is to sleep first, not connected to the database; in bgw_extra. */
typedef struct WorkerLaneStart
{
	Oid			server;			/* InvalidOid: the keeper itself */
	TimestampTz until;			/* 0: at once */
} WorkerLaneStart;

/* Which spaces are to be looked at: bits, of which several may share one. */
#define WORKER_LANE_ALL PG_UINT64_MAX
/* Besides: there may be new spaces, tasks, bounds or targets; without it, only replicas have changed. */
#define WORKER_LANE_TASKS (UINT64CONST(1) << 63)
extern uint64 worker_lane_bit(Oid schema);
/* Not at commit but at once.  False: there is no worker, and none can be started at the moment. */
extern bool worker_lane_tell(Oid server, uint64 bits);

extern bool worker_lanes_attach(int level);
extern WorkerPlace worker_lane_reserve(Oid server);
extern void worker_lane_unreserve(Oid server);
extern bool worker_lane_claim(Oid database, Oid server);
/* What was reported since the last time. */
extern uint64 worker_lane_take(void);
extern bool worker_lane_has_news(void);
/* Leaves; false when there are news. */
extern bool worker_lane_leave(void);
/* Leaves its seat to a successor that sleeps until then; false when there are news, or there can't be one. */
extern bool worker_lane_hand_over(TimestampTz until);
extern void worker_lane_release(bool will_return);

/* ---- launching (launch.c) ---- */

/* False, and nothing raised, when the postmaster has no place for another worker. */
extern bool worker_launch(void);
extern bool worker_launch_lane(const WorkerLaneStart *start);
extern bool worker_launch_lane_if_missing(Oid server, int level);
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
/* The same for a gateway's channel. */
extern WorkerPayload worker_payload_make_routed(const char *json, size_t len, int64 seq);
extern void worker_payload_send(const WorkerPayload *payload, const char *channel);
extern size_t worker_payload_size(const WorkerPayload *payload);
extern void worker_send(const char *channel, const char *json);
/* {"failed":…}, in the arena. */
extern char *worker_failure_text(KitArena *arena, const char *sqlstate, const char *message);
#define WORKER_CLOSED_TEXT "{\"closed\":\"deleted\"}"
#define WORKER_DISCONNECTED_TEXT "{\"closed\":\"disconnected\"}"
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
	bool		has_moved;		/* in this turn, */
	int64		moved_by;		/* by so many events; 0 when it was not watched before */
	int			pace;			/* how many times in a row it was sent soon after the time before, from 0; -1: it was quiet; see deliver.c */
	TimestampTz sent_at;		/* last */
	TimestampTz rests_until;	/* then it may be sent again */
	StoreCopy	copy;
	TimestampTz created;		/* of the copy, when its connections were last checked against it; 0: they were not */
	StoreProgram *program;		/* that the classes were made with */
	LiveDocument *live;			/* what its viewers share; NULL: to be made */
	dlist_head	classes;
	dlist_head	connections;
	int			n_connections;
	bool		has_windows;	/* some connection has one, or had */
	bool		is_short;		/* in this turn there was no room for all that is to be sent */
	dlist_head	ungrouped;		/* those that belong to no class, newcomers and closed ones */
	int			n_closed;		/* of them: told that the document is gone */
	bool		has_comebacks;	/* somebody who came says what he has already (resume.c) */
	dlist_head	looking;		/* those that have another viewer state, not taken up yet (look.c) */
} WorkerDocument;

/*
 * The connections of a document that see the same.  What is done for a class in a turn must not depend on how many they are: so it knows those that have
 * its view apart from those that have none, and those that share a channel apart from others (WorkerAudience).
 */
typedef struct WorkerClass
{
	WorkerDocument *document;
	dlist_node	in_document;
	uint64		hash;			/* of the name; those of one document with the same are in one chain */
	struct WorkerClass *next;
	int64		number;			/* that gateways know it by */
	char	   *name;
	uint32		name_len;
	LiveView   *view;			/* NULL: to be made */
	int64		seq;			/* of the document, as the view shows it; 0: it shows nothing yet */
	bool		looks_anew;		/* with another viewer state than the view was computed with */
	dlist_head	audiences;
	int			n_connections;
	int			n_newcomers;	/* of them: without a view */
	int			n_behind;		/* of them: behind */
	bool		knows_failure;	/* everybody was told that there is no view at the moment */
	uint64		version;		/* of the view: each change moves it by one */
	LiveTrail  *trail;			/* the last changes, while some connection is behind; NULL: none is */
	size_t		whole_len;		/* of the view when it was last sent as a whole */
} WorkerClass;

/* Connections of a class that are told together: those of one listener, or (listener NULL) all that have channels of their own. */
typedef struct WorkerAudience
{
	WorkerClass *class;
	dlist_node	in_class;
	struct WorkerListener *listener;
	dlist_head	viewers;		/* have been sent the whole view: deltas continue it */
	dlist_head	behind;			/* have it, but lack the last changes */
	dlist_head	newcomers;		/* have not */
} WorkerAudience;

/* A gateway's channel that has connections. */
typedef struct WorkerListener
{
	char		channel[NAMEDATALEN];	/* hash key */
	int			n_connections;
	dlist_node	in_told;
	char	   *ids;				/* numbers of those to be told the next thing, with commas between */
	size_t		ids_len;
	size_t		ids_cap;
} WorkerListener;

typedef struct WorkerBackend
{
	int64		start;			/* hash key: start and pid */
	int64		pid;
	dlist_head	connections;
} WorkerBackend;

/* What was sent and not acknowledged yet: a ring of sequence numbers. */
typedef struct WorkerWindow
{
	int			size;
	int			first;
	int			n;
	int64		seqs[FLEXIBLE_ARRAY_MEMBER];
} WorkerWindow;

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
	WorkerAudience *audience;	/* of its class */
	WorkerListener *listener;	/* NULL: it has a channel of its own, its id */
	WorkerBackend *backend;
	struct WorkerLeaving *leaving;	/* reap.c */
	dlist_node	in_document;	/* or in that of leaving */
	dlist_node	in_class;		/* in its audience, or among the document's ungrouped ones */
	dlist_node	in_looking;		/* when it has a next_viewer */
	dlist_node	in_backend;
	bool		has_view;		/* it was sent the whole view: deltas continue it */
	bool		is_behind;		/* has_view, but not the last changes */
	uint64		version;		/* of the class's view that it has, when it is behind */
	WorkerWindow *window;		/* NULL: it is sent everything at once */
	int			place;			/* on the board; -1: it has none */
	const KitBuf *had;			/* a newcomer that has this whole view, of another class or of the past (empty: that of now); NULL but while it joins */
	bool		knows_failure;	/* it was told that there is no view at the moment */
	bool		is_closed;		/* it was told that its document is gone, or that it is disconnected */
	bool		is_disconnected;	/* by the document */
	bool		was_seen;		/* by the look at the tables that is going on */
	bool		may_resume;		/* no emitter has sent it anything yet, so what row.since says holds */
	bool		has_left_by_itself; /* leaving because its backend ended: @disconnected is due */
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
extern void worker_watch_each(void (*visit) (WorkerConnection *connection, void *arg), void *arg);	/* which may also have left */
extern void worker_connection_take_viewer(WorkerConnection *connection);
extern void worker_document_drop(WorkerDocument *document);		/* nobody watches it */
extern void worker_connection_leave(WorkerConnection *connection, bool by_itself);
extern bool worker_connection_is_leaving(const char *id);
extern void worker_connection_forget(WorkerConnection *connection);

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
extern int64 worker_milliseconds(TimestampTz t);	/* PostgreSQL's epoch is 2000, the programs' 1970 */
/* It ends: it is told so, unless it was already, and leaves when that is committed.  worker_tell_all with the same is to follow. */
extern void worker_connection_close(WorkerConnection *connection, const char *json);

/* ---- which connections see the same, and how they are told (audience.c) ---- */

extern void worker_audience_init(MemoryContext context);
/* The class of this name, made when there is none. */
extern WorkerClass *worker_document_class(WorkerDocument *document, VmText name);
extern WorkerClass *worker_document_find_class(WorkerDocument *document, VmText name);	/* NULL when there is none */
extern void worker_class_rename(WorkerClass *class, VmText name);
extern void worker_document_ungroup(WorkerDocument *document);	/* all classes go */
/* A connection that is in no class joins one, as a newcomer. */
extern void worker_connection_group(WorkerConnection *connection, WorkerClass *class);
/* It belongs to no class, and has no view. */
extern void worker_connection_ungroup(WorkerConnection *connection);
extern WorkerConnection *worker_class_any(WorkerClass *class);
extern void worker_connection_shown(WorkerConnection *connection);	/* a newcomer has been sent the view */
extern void worker_connection_fell_behind(WorkerConnection *connection);	/* a viewer was not sent the change to the class's version */
extern void worker_connection_caught_up(WorkerConnection *connection);
extern void worker_connection_start_over(WorkerConnection *connection);	/* it counts as having no view */
extern void worker_class_drop_trail(WorkerClass *class);			/* when nobody is behind */
extern void worker_class_start_over(WorkerClass *class);			/* what its connections have is void: all are newcomers */

/* ---- gateways' channels (listener.c) ---- */

extern WorkerListener *worker_listener_hold(const char *channel);	/* once for each connection */
extern void worker_listener_release(WorkerListener *listener);
/*
 * The same JSON, an object, for many connections: each is told by itself on its own channel, and those of one listener at once, with their numbers in front, when
 * all have been named.
 */
extern void worker_tell(const WorkerConnection *connection, const char *json);
extern void worker_tell_all(const char *json, int64 seq);
extern void worker_tell_nobody(void);
/*
 * Appends the envelope, which does not say reset, with the class in front of it, and the numbers of these connections (of one audience), or NULL: of all of the
 * class.
 */
extern void worker_route(KitBuf *out, int64 class, const dlist_head *connections, bool is_reset, const KitBuf *envelope);

/* ---- one class of a document (class.c) ---- */

/* Brings the view up to date and notifies.  What it needs meanwhile lies in the arena. */
extern void worker_class_deliver(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitArena *arena);
extern void worker_class_failed(WorkerClass *class, const KitDiag *diag, KitArena *arena);
extern void worker_class_drop_view(WorkerClass *class);
/* Tells it, once, that there is no view at the moment; worker_tell_all is to follow. */
extern void worker_connection_failed(WorkerConnection *connection, const char *json);

/* ---- how much may be sent (flow.c) ---- */

/* Reads what the document's connections have acknowledged. */
extern void worker_flow_follow(WorkerDocument *document);
extern bool worker_flow_is_full(const WorkerConnection *connection);	/* its window */
extern bool worker_flow_may_send(WorkerConnection *connection);
extern bool worker_flow_has_room(WorkerDocument *document);	/* for one more payload; when not, the document has a turn again */
extern void worker_flow_sent(WorkerConnection *connection, int64 seq);

/* The queue of notifications.  Room: how many bytes may be sent before it is to be looked at again. */
extern size_t worker_flow_room(void);
extern void worker_flow_used(size_t bytes);
extern bool worker_flow_is_stopped(void);	/* nothing may be sent; looks at the queue when it has not for a while */
extern int	worker_flow_pause(void);		/* ms for which changes are to be gathered at least */

extern double worker_flow_usage(void);	/* as of the last look */

/* ---- what the emitter counts (stats.c) ---- */

extern WorkerStats worker_stats;	/* since they were last published */
extern void worker_stats_told(int64 n, TimestampTz last, TimestampTz now);
extern void worker_stats_stage(int64 *stage, instr_time *start);
extern void worker_stats_publish(void);
extern void worker_stats_add(WorkerStats *sum, const WorkerStats *more);
extern void worker_slot_add_stats(const WorkerStats *more);	/* shared.c */

/* ---- what others see of connections, and what they say (board.c) ---- */

extern void worker_board_add(WorkerConnection *connection, int dirty_bit);
extern void worker_board_remove(WorkerConnection *connection);
extern void worker_board_class(WorkerConnection *connection);	/* it belongs to another */
extern void worker_board_sent(WorkerConnection *connection, int64 seq);
extern void worker_board_behind(WorkerConnection *connection, bool is_behind);
/* The latest that was acknowledged.  waits: the window is full, and whoever acknowledges more from now on wakes the emitter. */
extern int64 worker_board_acked(WorkerConnection *connection, bool waits);

/* ---- what events say beside the view (effects.c) ---- */

/* Sends what is to be sent, and marks connections that are to end. */
extern StoreFollower worker_effects_follower(WorkerDocument *document);

/* ---- viewers that look with another state (look.c) ---- */

/* Before a turn: those for whom that is simple. */
extern void worker_look_begin(WorkerDocument *document, KitArena *scratch);
/* After all classes were delivered: the others move to another class. */
extern void worker_look_move(WorkerDocument *document, LiveTurn *turn, KitArena *scratch);
extern LiveViewer worker_connection_viewer(const WorkerConnection *connection);

/* ---- clients that come back (resume.c) ---- */

/* Finds out what newcomers of the document have, who say so.  What is found lies in the arena. */
extern void worker_resume(WorkerDocument *document, StoreSpace *space, KitArena *arena);

/* ---- connections that leave (reap.c) ---- */

extern void worker_reap_add(WorkerConnection *connection);
extern void worker_reap_remove(WorkerConnection *connection);
extern bool worker_reap_is_done(void);
/* Removes rows and runs @disconnected, each in a transaction of its own, for about as long as budget (µs).  The time of the next attempt; 0: none. */
extern TimestampTz worker_reap(int64 budget);

/* ---- processes (process.c) ---- */

/* First of all; release: gives the seat back, in which it may be told that the postmaster starts the worker again. */
extern void worker_process_begin(void (*release) (bool will_return));
/* Whether it shall be started again when it fails from here on: not when the database may be gone. */
extern void worker_process_may_return(bool may);
extern void worker_process_connect(Oid database, const char *name, const char *lock_timeout);
/* What signals asked for meanwhile. */
extern void worker_interrupts(void);

/* Starts a transaction of the worker, in which the extension is there; false, and no transaction, when it is not (any more). */
extern bool worker_transaction_begin(void);
extern void worker_transaction_end(void);
extern void worker_transaction_abort(void);
/* What is done from here on is cancelled after so many ms; 0: it has been done. */
extern void worker_deadline(int ms);

/* ---- lines to other servers (line.c) ---- */

/* After the process has connected to its database. */
extern void worker_line_init(void);
/* What is asked of other servers from here on has failed after so many ms; 0: it is over, the transaction has ended. */
extern void worker_line_watch(int ms);
/* Whether that happened since the last call of worker_line_watch. */
extern bool worker_line_was_cut(void);

/* ---- the emitter (emitter.c) ---- */

extern PGDLLEXPORT void adama_main_emitter(Datum database);

/* ---- the keeper (keeper.c) and what it does ---- */

extern PGDLLEXPORT void adama_main_keeper(Datum database);

/* The table replica_change of a space. */
typedef struct WorkerEmptied
{
	Oid			table;
	int64		n_gone;			/* rows that have been taken out since its last vacuum */
	uint32		n_read;			/* rows when it was last read, */
	uint32		n_pages;		/* and pages */
} WorkerEmptied;

/* A space as the keeper knows it. */
typedef struct WorkerSpace
{
	Oid			schema;
	char	   *trimmed;		/* logs of documents up to this key have been looked at in this round; NULL: none */
	TimestampTz trim_started;	/* the round */
	TimestampTz trim_due;		/* when the next round is worth it, as far as this one knows */
	int64		n_trimmed;		/* in this round */
	int64		n_failed;
	char	   *trim_error;
	struct WorkerRoute *routes; /* to its targets (courier.c) */
	int			n_routes;
	WorkerEmptied changes;
	bool		has_changed;	/* replicas may have */
	bool		is_news;		/* other lanes are to be told, too */
	TimestampTz rests_until;	/* then something may be brought again */
} WorkerSpace;

/*
 * Each does a part of what is to be done for a space, in a transaction that the caller has begun, and says when to go on: 0: when there is news.  Raises what keeps
 * all of it from being done; what is wrong with one document is noted.
 */
extern TimestampTz worker_upgrade(WorkerSpace *known, StoreSpace *space);
extern TimestampTz worker_trim(WorkerSpace *known, StoreSpace *space);

/* A vacuum of the table, when it is worth it and nobody holds the table; in transactions of its own (vacuum.c). */
extern void worker_vacuum(WorkerEmptied *changes);

/* Brings replicas to the targets of the space that are of this lane.  It ends the transaction, and works in others of its own. */
extern TimestampTz worker_courier(WorkerSpace *known, StoreSpace *space);
/* What is known of its targets. */
extern void worker_courier_forget(WorkerSpace *known);
/* Before the first: the process is connected to its database. */
extern void worker_courier_init(Oid server);

#endif
