/*
 * store.h
 *	  The rows of a space: where documents, logs, programs and connections lie, and the path of a message through them.
 *
 * A space is a schema that has the tables document, log, program, connection, and those of replication, in the shape that deploy gives them (space.c checks it; there
 * is no registry that could disagree with the catalogs).  Rows are read and written directly, as the space's owner in a
 * security-restricted context; whether the caller may is asked before, by sqlapi.
 *
 * Lock order: schema objects, then documents in the order of their keys when one call touches several, then the log (which is only appended to under its
 * document's row lock).
 */
#ifndef ADAMA_STORE_H
#define ADAMA_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

#include "vm/vm.h"

/* ---- spaces ---- */

typedef struct StoreSpace
{
	Oid			schema;
	Oid			owner;			/* of the table document */
	Oid			document;		/* relations */
	Oid			log;
	Oid			connection;
	Oid			program;
	Oid			replica;
	Oid			replication;
	Oid			replica_change;
	Oid			outbox;
	int			version;		/* newest program version that this backend knows of; 0: none yet */
	struct StoreProgram *current;	/* that version compiled, once somebody asked for it */
	struct TargetSet *targets;	/* what it is brought to, once somebody asked for it (target.c) */
	Interval	keep_age;		/* of entries of the log, all zeros: any */
	int64		keep_size;		/* of their deltas, in bytes; 0: any */
	bool		is_valid;
	NameData	name;
} StoreSpace;

/* Raises KIT_UNKNOWN_SPACE when the schema is not there or is no space.  The result is valid until the next call into store. */
extern StoreSpace *store_space_by_name(const char *name);
/* NULL when there is no such space (any more). */
extern StoreSpace *store_space_by_schema(Oid schema);
/* Schemas of all spaces of this database; a list of Oids in the current memory context. */
extern struct List *store_space_all(void);
/* Tells all backends, at commit, to look at the space anew. */
extern void store_space_changed(const StoreSpace *space);

/* ---- programs ---- */

typedef struct StoreProgram
{
	Oid			relation;		/* of the table program */
	int			version;
	VmProgram  *vm;
	int			use_count;		/* documents in caches that run it */
} StoreProgram;

/* The compiled program; cached in this backend.  Raises KIT_DAMAGED when the version is not there or does not compile any more. */
extern StoreProgram *store_program(StoreSpace *space, int version);
extern bool store_program_exists(StoreSpace *space, int version);
/* What was deployed: copies in the current memory context.  False when there is no such version. */
extern bool store_program_source(StoreSpace *space, int version, char **source, DocBytes *sources);
extern StoreProgram *store_program_current(StoreSpace *space);
/* sources: what it includes, as lang_sources_used tells; len 0: nothing.  Returns the new version. */
extern int	store_program_insert(StoreSpace *space, VmText source, DocBytes sources);

/* ---- documents ---- */

/* A document in memory as of one seq. */
typedef struct StoreCopy
{
	VmDoc	   *doc;			/* NULL: nothing loaded */
	StoreProgram *program;
	int64		seq;
	int64		state_seq;
	size_t		tail_size;		/* bytes of the deltas after state_seq */
	size_t		state_size;		/* bytes of the stored state */
	TimestampTz created;		/* tells documents of one key apart */
	TimestampTz updated;		/* the document's time: of its last event */
	bool		is_loaded;		/* read from its row, and @load has not run since */
} StoreCopy;

/* Who wants to know what events did beside changing the document (vm/state.h). */
typedef struct StoreFollower
{
	void		(*visit) (DocCursor effects, void *arg);	/* the body of the array; valid during the call */
	int64		(*since) (void *arg);	/* for a copy that knows nothing of the document: of entries after this seq */
	void	   *arg;
} StoreFollower;

/*
 * Brings copy to what the snapshot sees: applies what the log has after copy->seq, or loads anew.  False (and the copy freed) when there is no such
 * document.  *copy is all zeros at first.  Copies live until store_copy_free.  follower (may be NULL) is told the effects of the entries that are new to the copy, in
 * their order, as far as the log still has them.
 */
extern bool store_copy_refresh(StoreSpace *space, const char *key, StoreCopy *copy, Snapshot snapshot, const StoreFollower *follower);
extern void store_copy_free(StoreCopy *copy);

/* The document's seq as the snapshot sees it, without reading it; 0 when there is none. */
extern int64 store_document_seq(StoreSpace *space, const char *key, Snapshot snapshot);

/*
 * The document as the active snapshot sees it, from this backend's cache where possible.  Valid until the next call into store; read only.
 * NULL when there is none.
 */
extern const StoreCopy *store_document_read(StoreSpace *space, const char *key);

/* One event of a batch, and what became of it. */
typedef struct StoreEvent
{
	VmEvent		event;			/* at, seq and log are filled in by store_reduce */
	DocBytes	message;		/* the encoded message, also what the log keeps; len 0: none.  event.message is its root */
	bool		is_ok;
	bool		has_destroyed;	/* is_ok, and the document is gone; seq is what it would have had */
	int64		seq;			/* after the event, when is_ok */
	KitDiag		diag;			/* when not */
} StoreEvent;

/*
 * The path of a message: locks the document's row, brings it into memory, reduces the events in order, appends one log entry with the net delta,
 * and moves the row forward.  Each event succeeds or fails alone.  Raises KIT_UNKNOWN_DOCUMENT, KIT_DAMAGED, 40001, …: then nothing happened.
 * Events that would reduce to nothing by lack of a handler are the caller's to leave out.  What had to be read from its row has @load run first, as an
 * event of its own; when that fails, all events fail for the same reason.  No events at all: only that, whatever becomes of it.  Returns whether the
 * document was changed.
 *
 * An event that asks for it leads the document back, in an entry of its own, or removes it, row and log; the events after that one fail with KIT_UNKNOWN_DOCUMENT.
 */
extern bool store_reduce(StoreSpace *space, const char *key, StoreEvent *events, int n_events);
/*
 * Brings the document back to its state after seq, by an event of its own; the log keeps what was between.  by: who does it.  Returns the new seq.  Raises what
 * store_past_at_seq does.
 */
extern int64 store_rewind(StoreSpace *space, const char *key, int64 seq, const VmEvent *by);
/* Keys of documents that run an older program than the newest, at most max, as of now; a list of C strings in the current memory context. */
extern struct List *store_documents_behind(StoreSpace *space, int max);
/*
 * The same of those whose keys come after `after`, in their order, when at most max_looked are looked at: *last becomes the key of the last one that was, NULL when there is none
 * after it.
 */
extern struct List *store_documents_behind_from(StoreSpace *space, const char *after, int max, int max_looked, char **last);

typedef enum StoreHold
{
	STORE_HELD,					/* by this transaction */
	STORE_BUSY,					/* by another one */
	STORE_GONE					/* there is no such document */
} StoreHold;

/* Locks the document's row as a message does, without waiting. */
extern StoreHold store_document_hold(StoreSpace *space, const char *key);

/* A document as a list shows it. */
typedef struct StoreListed
{
	const char *key;
	TimestampTz created;
	TimestampTz updated;
	int64		seq;
} StoreListed;

/* Calls visit for at most max documents whose keys come after `after`, in the order of their keys. */
extern void store_documents_list(StoreSpace *space, const char *after, int max, Snapshot snapshot,
								 void (*visit) (const StoreListed *document, void *arg), void *arg);
/* Until the end of the transaction nobody else creates a document of this key. */
extern void store_create_lock(StoreSpace *space, const char *key);
/* Creates the document and reduces the CREATE event: raises KIT_DUPLICATE_DOCUMENT, and what the event failed with.  Returns seq 1. */
extern int64 store_create(StoreSpace *space, const char *key, StoreEvent *event);
/* Removes the document's row, log and nothing else, after @delete agreed (raises KIT_DENIED); event NULL: it is not asked. */
extern void store_delete(StoreSpace *space, const char *key, StoreEvent *event);
/* Whether there is a document, as of now (not of the snapshot). */
extern bool store_document_exists(StoreSpace *space, const char *key);

/* ---- connections ---- */

#define STORE_SEND_WINDOW_MAX 1024
#define STORE_CONNECTION_ID_LEN 38		/* "adama_" and 32 hexadecimal digits */

typedef struct StoreConnection
{
	char		id[STORE_CONNECTION_ID_LEN + 1];
	char	   *key;
	char	   *agent;
	char	   *authority;
	DocBytes	viewer;			/* encoded viewer state; len 0: none */
	TimestampTz created;		/* of the document it was made for */
	int			pid;			/* of the backend that listens */
	TimestampTz backend_start;
	TimestampTz joined;			/* filled in when it is inserted */
	int64		seq;			/* of the document when it was made; the same */
	int			send_window;	/* changes that may be sent without being acknowledged; 0: any number */
	char	   *listener;		/* the channel, of a gateway's connection; NULL: id is the channel */
	int64		number;			/* the gateway's own, unique for its listener */
	int64		since;			/* what the client has already is the view after this seq; 0: nothing */
} StoreConnection;

/* The id of a gateway's connection: those of one listener follow each other in the order of their numbers. */
extern void store_connection_number_id(const char *listener, int64 number, char id[STORE_CONNECTION_ID_LEN + 1]);
/* Copies into the current memory context; false when there is none that the snapshot sees. */
extern bool store_connection_find(StoreSpace *space, const char *id, Snapshot snapshot, StoreConnection *out);
/* Another viewer state.  False when the connection was gone already; *is_other: the row was changed, it had a different one. */
extern bool store_connection_set_viewer(StoreSpace *space, const char *id, DocBytes viewer, bool *is_other);
/* Calls visit for each connection that the snapshot sees; the strings are valid during the call. */
extern void store_connection_scan(StoreSpace *space, Snapshot snapshot, void (*visit) (const StoreConnection *connection, void *arg), void *arg);
/* The same for ids from one to another. */
extern void store_connection_range(StoreSpace *space, const char *from, const char *to, Snapshot snapshot,
								   void (*visit) (const StoreConnection *connection, void *arg), void *arg);
/*
 * Locks the number of the document's connections to the end of the transaction.  Who locks several of its connections does it first; those of several documents
 * are taken in the order of the keys.
 */
extern void store_connection_lock(StoreSpace *space, const char *key);
/*
 * Which principals have connections to one document, as of the beginning.  Whoever comes or goes asks: is it the principal's first connection, was it its
 * last?  Without store_connection_lock two that come, or go, at the same time could both answer yes, or both no.
 */
typedef struct StoreMembers StoreMembers;

extern StoreMembers *store_members_begin(StoreSpace *space, const char *key);
/* created: only those made for this life of the document; 0: any. */
extern bool store_members_has(StoreMembers *members, VmText agent, VmText authority, TimestampTz created);
extern struct List *store_members_list(StoreMembers *members, VmText agent, VmText authority);	/* of StoreConnection, in the current memory context */
extern void store_members_end(StoreMembers *members);

/* ---- presence (presence.c): who comes and who goes ---- */

/* One connection that comes or goes, with others of its document. */
typedef struct StorePresence
{
	StoreConnection *row;
	VmText		origin;			/* of the event, where the program asks for it; str NULL: none */
	VmText		ip;
	bool		takes_others;	/* going: the principal's other connections go with it */
	struct List *others;		/* which these were; of StoreConnection, in the current memory context */
	bool		is_done;		/* it is there, or it was and is not any more */
	const KitDiag *diag;		/* why it may not come; going, why @disconnected failed; NULL: nothing is wrong */
} StorePresence;

/*
 * Inserts the connections' rows.  Those with which a principal comes that has no other connection to the document make an event @connected each, in
 * order, all of them one entry of the log; who is refused stays outside.  Returns whether the document was changed.
 */
extern bool store_presence_join(StoreSpace *space, const char *key, StorePresence *visits, int n);
/*
 * Removes the rows.  Those with which a principal goes that has no other connection make an event @disconnected each, when the document that the connections
 * were made for is still there; is_quiet: none.  An event that fails does not keep anybody.  With the last connection goes the document when its
 * program says so (delete_on_close), unless is_quiet.  Returns whether the document was changed.
 */
extern bool store_presence_leave(StoreSpace *space, const char *key, StorePresence *visits, int n, bool is_quiet);

/* ---- authorities (authority.c) ---- */

/* Keys (a jsonb) of an authority, in place of those it had; null: it goes.  Whether there was one of the name. */
extern bool store_authority_set(const char *name, Datum jwks, bool isnull);
extern void store_authorities(Snapshot snapshot, void (*visit) (Datum name, Datum jwks, void *arg), void *arg);

/* ---- deploy ---- */

#define STORE_LIBRARY "$libdir/adama"

/* A SQL function of a space, as text: names are not quoted yet, arguments and returns are SQL. */
typedef struct StoreFunction
{
	const char *name;
	const char *arguments;
	const char *returns;
	const char *attributes;		/* VOLATILE PARALLEL UNSAFE */
	const char *symbol;			/* the C function behind it */
	const char *comment;
} StoreFunction;

/*
 * Makes the space, or brings it to this program, and gives it exactly these functions.  Returns the version.  Raises when the schema is not the
 * caller's, or is in use for something else, or when documents of the program before cannot be read by this one.
 */
extern int	store_deploy(const char *name, VmText source, DocBytes sources, const VmProgram *program, const StoreFunction *functions, int n);

/* ---- replicas and where they are brought (target.c, register.c) ---- */

typedef enum StoreTargetMode
{
	STORE_TARGET_SYNC,			/* written in the message's transaction */
	STORE_TARGET_ASYNC,			/* afterwards, by the worker */
	STORE_TARGET_QUEUE			/* handed to whoever calls adama.dequeue */
} StoreTargetMode;

/* What replicas of one name are brought to.  Valid until the next call into store: find it again by its id then. */
typedef struct StoreTarget
{
	int			id;				/* in chat.replication */
	const char *name;			/* the replication's */
	StoreTargetMode mode;
	Oid			relation;		/* InvalidOid: a queue */
	Oid			server;			/* of a foreign table; InvalidOid: local, or a queue */
} StoreTarget;

/* A replica as it is brought to a target. */
typedef struct StoreTargetRow
{
	const char *key;
	int32		row;			/* 0: the document */
	bool		is_gone;		/* it is to be deleted; what follows is not looked at */
	Datum		value;			/* jsonb */
	int64		hash;
	int64		seq;
	TimestampTz at;
} StoreTargetRow;

/* Of StoreTarget *, in the order of their ids; the list is not the caller's.  Whoever writes replicas has locked chat.replica before. */
extern struct List *store_targets_of(StoreSpace *space);
extern StoreTarget *store_target_find(StoreSpace *space, int id);	/* NULL: there is none (any more) */
/* Whether messages write to targets themselves, so that they may fail by what is outside of the space. */
extern bool store_targets_are_sync(StoreSpace *space);
/* Why nothing can be written at the moment: the table is gone, a column renamed, a privilege lost; NULL: nothing is known to be in the way.  In the current context. */
extern const char *store_target_problem(StoreSpace *space, StoreTarget *target);
/*
 * Brings upserts and deletes to a table, as the owner of the space.  Rows are in the order of key and row, each there once.  Raises 55000 when nothing can be written
 * (store_target_problem), and whatever the table makes of a row.
 */
extern void store_target_apply(StoreSpace *space, StoreTarget *target, const StoreTargetRow *rows, int n);
/* ---- bringing replicas to targets afterwards (delivery.c, outbox.c) ---- */

typedef struct StoreDeliveryRow
{
	StoreTargetRow it;
	TimestampTz since;			/* of the oldest change */
	ItemPointerData place;		/* of the replica's row after the newest; may be invalid */
	int			attempts;		/* in vain, before this one; 0: it is new */
	bool		is_read;		/* it is as it is now */
	bool		lies;			/* in the queue already */
	bool		is_left;		/* to be brought another time: its changes stay */
	bool		is_parked;		/* refused: it lies in the outbox */
	bool		is_alone;		/* it lies there, for it was too slow: brought with no others, and seldom */
} StoreDeliveryRow;

/* What a worker remembers of a target whose changes it finds in chat.replica itself; 100 kB (pages.c). */
typedef struct StorePages StorePages;

extern bool store_target_is_found(const StoreTarget *target);
extern StorePages *store_pages_new(void);
extern void store_pages_free(StorePages *pages);
/* What was read last has been brought, and that is committed. */
extern void store_pages_done(StorePages *pages);
/* This worker, which is the only one in the database, has nothing to do and is about to go: what it knows is kept for the next. */
extern void store_pages_settle(void);

/* A part of what is to be brought to a target.  Lives in the memory context that was current when it was begun, and in its transaction. */
typedef struct StoreDelivery
{
	Oid			schema;
	int			id;				/* of the registration */
	StoreTargetMode mode;
	const char *name;			/* of the replication */
	bool		is_filled;
	bool		is_fill;		/* this is a part of that */
	const char *fill_key;		/* what was published when it was registered has been brought up to here; NULL: nothing */
	int32		fill_row;
	int64		fill_total;		/* -1: not counted */
	int64		fill_done;
	int			failures;		/* of the target as a whole, one after the other */
	TimestampTz retry_at;		/* then it is to be tried again; 0: it is not waiting */
	const char *brought;		/* of what is found in chat.replica: what these transactions changed has been brought; NULL: nobody knows */
	const char *brings;			/* this will be so then; NULL: not yet another */
	bool		is_found;		/* what is found there has been read */

	StoreDeliveryRow *rows;		/* in the order of key and row, each once */
	int			n;
	int			capacity;
	size_t		size;			/* of their values */
	int			n_parked;
	bool		has_more;		/* beyond them */
	ItemPointerData *tids;		/* changes that were read, */
	int		   *of;				/* and the rows that they are of */
	int			n_changes;
	uint32		n_pages;		/* of the table that they were read from */
} StoreDelivery;

/* Locks the registration to the end of the transaction: whoever wants to end it waits.  False: it has ended. */
extern bool store_delivery_begin(StoreSpace *space, const StoreTarget *target, StoreDelivery *delivery);
/* Locks the table as writing does, without waiting: raises 55006 when somebody holds it. */
extern void store_delivery_lock(const StoreTarget *target);
/* What has changed, of at most max replicas.  pages: what is remembered of the target; NULL: its changes are not found that way. */
extern void store_delivery_read(StoreSpace *space, StoreDelivery *delivery, StorePages *pages, int max);
/* What was refused and is to be tried again now, at most so many; alone: one of those that were too slow. */
extern void store_delivery_retry(StoreSpace *space, StoreDelivery *delivery, int max, bool alone);
/* The next max of what is published, while it is not filled. */
extern void store_delivery_fill(StoreSpace *space, StoreDelivery *delivery, int max);
/* The target refuses one of the rows, or is too slow to take it: it is kept until then. */
extern void store_delivery_park(StoreSpace *space, StoreDelivery *delivery, int i, const char *error, TimestampTz retry_at, bool is_too_slow);
/* Rows that are kept already because they were too slow are not brought now: what they are is noted, and that they are tried again at that time or before. */
extern void store_delivery_absorb(StoreSpace *space, StoreDelivery *delivery, TimestampTz retry_at);
/* One that is kept was tried, alone, and was too slow (in a transaction of its own). */
extern void store_delivery_postpone(StoreSpace *space, int id, const char *key, int32 row, const char *error, TimestampTz retry_at);
/* Lays the rows into the queue, and leaves those that a consumer holds. */
extern void store_delivery_enqueue(StoreSpace *space, StoreDelivery *delivery);
/* All rows have been brought, but those that are left or parked. */
extern void store_delivery_end(StoreSpace *space, StoreDelivery *delivery);
/* When something that was refused is tried again, and *alone: that was too slow; 0: nothing is. */
extern TimestampTz store_delivery_next(StoreSpace *space, const StoreDelivery *delivery, TimestampTz *alone);
/* The target as a whole could not be written to (in a transaction of its own: that of the delivery has failed). */
extern void store_delivery_failed(StoreSpace *space, int id, const char *error, TimestampTz retry_at);
/* An error that stopped nothing but a row. */
extern void store_delivery_note(StoreSpace *space, int id, const char *error);
/* Takes out what is of targets that are not registered (any more), as after a dump was restored without them. */
extern void store_deliveries_tidy(StoreSpace *space);
/* Keeps one change of each replica of the target, of a million replicas at least; takes out at most max at a time, and tells how many went. */
extern int	store_delivery_compact(StoreSpace *space, StoreDelivery *delivery, int max);

/*
 * Set by whoever delivers: called when this transaction has appended to chat.replica_change; is_new: has registered something, or asks for another try.  server: of the
 * target.  Must not fail.
 */
extern void (*store_targets_appended) (Oid schema, Oid server, bool is_new);

/*
 * Registers a table; the id.  columns (a jsonb; has_columns false: by names) say what goes where.  Raises when it does not fit.  With STORE_TARGET_SYNC all that is published
 * now is written there.
 */
extern int	store_replicate(StoreSpace *space, const char *name, Oid relation, Datum columns, bool has_columns, StoreTargetMode mode);
extern int	store_replicate_queue(StoreSpace *space, const char *name);
/* relation InvalidOid: the queue. */
extern void store_unreplicate(StoreSpace *space, const char *name, Oid relation);
/* What waits for another try is tried now.  relation InvalidOid: of all targets of the name. */
extern void store_replication_retry(StoreSpace *space, const char *name, Oid relation);

/* What a consumer takes off a queue; valid during the call. */
typedef struct StoreDequeued
{
	const char *key;
	int32		row;
	Datum		value;			/* jsonb; of no meaning when it is gone */
	bool		is_gone;
	int64		hash;
	int64		seq;
	TimestampTz since;
	int			attempts;
} StoreDequeued;

/* Takes at most max, the oldest first, leaving out what others are taking; gone with the transaction's commit, back with its rollback. */
extern void store_dequeue(StoreSpace *space, const char *name, int max, void (*visit) (const StoreDequeued *item, void *arg), void *arg);

/* How a target is doing. */
typedef struct StoreTargetStatus
{
	const char *name;
	Oid			relation;		/* InvalidOid: a queue */
	StoreTargetMode mode;
	const char *problem;		/* as store_target_problem */
	bool		is_filled;		/* what was there before has been brought over */
	int64		pending;		/* changes that are on their way */
	int64		parked;			/* replicas that the target refused and that are tried again */
	TimestampTz oldest;			/* when the oldest that is pending was made; 0: there is none */
	int64		delivered;
	int64		fill_done;
	int64		fill_total;		/* -1: nobody has counted */
	int			failures;
	TimestampTz retry_at;		/* 0: it does not wait */
	const char *last_error;		/* NULL: none */
	TimestampTz last_error_at;	/* 0 */
} StoreTargetStatus;

extern void store_targets_status(StoreSpace *space, void (*visit) (const StoreTargetStatus *status, void *arg), void *arg);

/* ---- history ---- */

/* One event of the log: of an entry that is a batch, one of several.  delta is the entry's, with its last event; len 0 otherwise. */
typedef struct StoreHistory
{
	int64		seq;
	TimestampTz at;
	VmText		agent;			/* str NULL: nobody */
	VmText		authority;
	VmText		event;
	VmText		channel;		/* str NULL: none */
	VmText		dedupe;
	VmText		origin;			/* of a request from elsewhere */
	VmText		ip;
	bool		has_message;
	DocItem		message;
	DocBytes	delta;
	DocCursor	effects;		/* of this event, then of those that were reduced with it; each says whose it is */
} StoreHistory;

/* Calls visit for the events from seq from on, in order, until there are no more or visit returns false.  Pointers are valid during the call. */
typedef bool (*StoreHistoryVisit) (const StoreHistory *event, void *arg);
extern void store_history(StoreSpace *space, const char *key, int64 from, Snapshot snapshot, StoreHistoryVisit visit, void *arg);

/* ---- the past (past.c, verify.c, trial.c) ---- */

/* A document as it was.  Lives in the memory context that was current; store_past_end gives back what it holds beyond that. */
typedef struct StorePast
{
	VmDoc	   *doc;
	StoreProgram *program;
	int64		seq;
	TimestampTz at;				/* of the event that led to seq */
	int64		n_events;		/* by store_verify: how many were run, and the time in their handlers */
	double		us;
} StorePast;

/* After seq.  Raises KIT_UNKNOWN_DOCUMENT, KIT_UNKNOWN_SEQ when the document has not come that far or its log does not reach back, KIT_DAMAGED. */
extern void store_past_at_seq(StoreSpace *space, const char *key, int64 seq, Snapshot snapshot, StorePast *past);
/* After the last event that had happened at that time. */
extern void store_past_at_time(StoreSpace *space, const char *key, TimestampTz time, Snapshot snapshot, StorePast *past);
extern void store_past_end(StorePast *past);

/*
 * The history along with the document: calls visit first with no event and the document before (NULL when the log does not reach further back), then for each event from seq
 * `from` on, with the document after it when it is an entry's last.  Documents and their programs are there until the end of the call.
 */
typedef bool (*StoreFollowVisit) (const StoreHistory *event, const StorePast *after, void *arg);
extern void store_history_follow(StoreSpace *space, const char *key, int64 from, Snapshot snapshot, StoreFollowVisit visit, void *arg);

/* Where a log that is run again stops to agree with itself. */
typedef struct StoreDivergence
{
	int64		seq;
	char		problem[1024];
	DocBytes	expected;		/* what the log or the row says, and what running the events gave; len 0: nothing */
	DocBytes	found;
	bool		is_delta;		/* both are; otherwise states, or effects */
} StoreDivergence;

/*
 * Runs all events of the log again, each under the program that was in force.  False at the first disagreement: an event that fails, another delta,
 * another state, a gap, damage.  Fills the arena with what it tells.  past (may be NULL) is the document in the end, when it agrees; is_timed: its n_events and us are wanted.
 */
extern bool store_verify(StoreSpace *space, const char *key, Snapshot snapshot, KitArena *arena, bool is_timed, StoreDivergence *divergence, StorePast *past);

/*
 * Whether the rows of the table replica are what the document, as store_verify left it, publishes.  False: the divergence tells of the first that is not; expected is what the row
 * says, found what the program does.
 */
extern bool store_verify_replicas(StoreSpace *space, const char *key, Snapshot snapshot, const StorePast *past, KitArena *arena, StoreDivergence *divergence);

/* ---- retention (trim.c) ---- */

/* How much of their past the logs of the space keep; NULL, 0: all of it. */
extern void store_retain(StoreSpace *space, const Interval *age, int64 size);
/* Takes out what the logs of at most max documents need not keep, whatever they did since; the number of documents.  Rows are locked in the order of their keys. */
extern int	store_trim_documents(StoreSpace *space, int max);

/* Whether anything bounds the logs of documents that run the newest program. */
extern bool store_retains(StoreSpace *space);
/* When what happens at this time is old enough to go; DT_NOEND: never. */
extern TimestampTz store_retention_end(const StoreSpace *space, TimestampTz time);
/* Whether anything lets go of entries because they have become old: then logs of documents that rest are to be looked at from time to time. */
extern bool store_retains_by_age(const StoreSpace *space);
/*
 * Keys of documents whose logs are too long, at most max, among those after `after`, of which at most max_looked are looked at; a list of C strings in the order of the keys, in
 * the current memory context.  *last: the last one that was looked at, NULL when there is none after it.  *due becomes the time when one of the others may be too long,
 * when that is earlier.
 */
extern struct List *store_logs_too_long(StoreSpace *space, const char *after, int max, int max_looked, char **last, TimestampTz *due);
/* Trims one; returns how many entries went, and whether there may be more. */
extern int	store_trim_document(StoreSpace *space, const char *key, bool *has_more);

/* ---- tasks: what a worker does for a whole space (task.c) ---- */

typedef struct StoreTask
{
	const char *name;
	int			version;		/* of the program that it is about; 0: none yet */
	int64		total;			/* documents that it was about when it began; -1: not known */
	int64		done;
	int64		failed;
	int64		waiting;		/* documents that are put off (store_tasks) */
	const char *reached;		/* documents up to this key have had their turn; NULL: none */
	bool		is_through;		/* all have; some are put off */
	bool		is_new;			/* begun just now */
	TimestampTz started;
	TimestampTz finished;		/* 0: it goes on */
	const char *error;			/* the last one; NULL: none, or to be left as it is */
} StoreTask;

/* Asked for: it begins, or begins anew. */
extern void store_task_ask(StoreSpace *space, const char *name);
/* Locks the task to the end of the transaction; false when there is nothing to do.  What concerns an older program begins anew. */
extern bool store_task_begin(StoreSpace *space, const char *name, StoreTask *task);
extern void store_task_save(StoreSpace *space, const StoreTask *task);
/* Whether a document runs an older program than the task's, and is not put off. */
extern bool store_task_is_behind(StoreSpace *space, const StoreTask *task);

/* A document that a task had to leave. */
typedef struct StoreTaskDocument
{
	const char *task;
	const char *key;
	const char *sqlstate;
	const char *error;
	int			attempts;
	TimestampTz at;
	TimestampTz retry_at;		/* 0: it is not tried again */
} StoreTaskDocument;

/* Once more. */
extern void store_task_put_off(StoreSpace *space, const StoreTask *task, const char *key, int sqlstate, const char *error, TimestampTz retry_at);
extern void store_task_settle(StoreSpace *space, const StoreTask *task, const char *key);
/* Those whose time has come, at most max, in the order of their keys; of StoreTaskDocument, in the current memory context. */
extern struct List *store_task_waiting(StoreSpace *space, const StoreTask *task, int max);
extern TimestampTz store_task_next(StoreSpace *space, const StoreTask *task);	/* when the next one's time comes; 0: there is none */

typedef void (*StoreTaskVisit) (const StoreTask *task, void *arg);
typedef void (*StoreTaskDocumentVisit) (const StoreTaskDocument *document, void *arg);
extern void store_tasks(StoreSpace *space, StoreTaskVisit visit, void *arg);
extern void store_task_documents(StoreSpace *space, StoreTaskDocumentVisit visit, void *arg);

/* ---- values as jsonb (jsonb.c) ---- */

/* In the current memory context; the arena is for what it takes.  Error XX001 when the value is damaged. */
extern Datum store_jsonb_of_item(DocItem item, KitArena *arena);

/* ---- export, import (carry.c) ---- */

/* The document, its log and its programs as one jsonb, in the current memory context.  Raises KIT_UNKNOWN_DOCUMENT. */
extern Datum store_export(StoreSpace *space, const char *key);
/*
 * Makes a document of what store_export gave, log and all; returns its seq.  Raises KIT_DUPLICATE_DOCUMENT, 55000 when the space never had a program that the log
 * needs, and what is wrong with the value: then nothing is made.
 */
extern int64 store_import(StoreSpace *space, const char *key, Datum exported);

/* What another program makes of one event: diag says why it fails, delta (len 0 for all but an entry's last event) what it changes. */
typedef bool (*StoreTrialVisit) (const StoreHistory *event, const KitDiag *diag, DocBytes delta, DocBytes effects, void *arg);
/* What became of it in the end; doc is the caller's to free, NULL when there is none. */
typedef struct StoreTrialEnd
{
	VmDoc	   *doc;
	int64		seq;
	TimestampTz at;
	int64		n_events;
	double		us;				/* in handlers */
	KitDiag		diag;			/* why the document as it is now could not be moved to the program, if that were deployed; KIT_OK: it could */
} StoreTrialEnd;

/*
 * Runs all events of the log under another program.  What fails there changes nothing, and the next is run.  A log that was trimmed begins with the state that it keeps, as
 * the program reads it; when it can't, that is told as an event that fails, and nothing is run.
 */
extern void store_try(StoreSpace *space, const char *key, const VmProgram *program, Snapshot snapshot, StoreTrialVisit visit, void *arg, StoreTrialEnd *end);
/* Keys of the documents, at most max, that something happened to last; a list of C strings in the order of the keys. */
extern struct List *store_documents_recent(StoreSpace *space, int max, Snapshot snapshot);

/* ---- the extension ---- */

/* Keeps the extension from being dropped until the end of the transaction, and tells its version.  False when it is not installed (any more). */
extern bool store_extension_lock(char version[NAMEDATALEN]);

/* ---- errors, identity ---- */

/* Turns a diag into ereport(ERROR): SQLSTATE, message, detail, hint and the program's position. */
extern void store_raise(const KitDiag *diag) pg_attribute_noreturn();
extern VmLog store_event_log(void);	/* to the server's log, for events that happen, not for those that are run again */
extern void store_unknown_document(KitDiag *diag, const StoreSpace *space, const char *key);
extern void store_raise_unknown_document(const StoreSpace *space, const char *key) pg_attribute_noreturn();
extern void store_raise_duplicate_document(const StoreSpace *space, const char *key) pg_attribute_noreturn();

/* While code works on a space's rows: the space's owner, security restricted.  store_* functions do it themselves; the emitter does it for what it adds. */
typedef struct StoreRole
{
	Oid			user;
	int			context;
} StoreRole;

extern StoreRole store_role_enter(const StoreSpace *space);
extern void store_role_leave(StoreRole role);

/* Limits of events as the GUCs say now. */
extern VmLimits store_limits(void);

#endif
