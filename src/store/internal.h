/*
 * internal.h
 *	  What the files of this room share with each other.
 */
#ifndef ADAMA_STORE_INTERNAL_H
#define ADAMA_STORE_INTERNAL_H

#include "store/store.h"

#include "access/htup.h"
#include "access/sdir.h"
#include "executor/tuptable.h"
#include "lib/ilist.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

/* Columns of the tables of a space, as deploy makes them: see deploy.c, and space.c, which checks them. */
enum
{
	DOCUMENT_KEY = 1, DOCUMENT_SEQ, DOCUMENT_UPDATED, DOCUMENT_STATE_SEQ, DOCUMENT_PROGRAM, DOCUMENT_DUE, DOCUMENT_CREATED,
	DOCUMENT_LOG_SIZE, DOCUMENT_LOG_FROM, DOCUMENT_LOG_GONE, DOCUMENT_STATE,
	DOCUMENT_N_COLUMNS = DOCUMENT_STATE
};
enum
{
	LOG_KEY = 1, LOG_SEQ, LOG_EVENTS, LOG_AT, LOG_EVENT, LOG_AGENT, LOG_AUTHORITY, LOG_CHANNEL, LOG_MESSAGE, LOG_DEDUPE, LOG_DELTA,
	LOG_ORIGIN, LOG_IP, LOG_PROGRAM, LOG_STATE, LOG_EFFECTS,
	LOG_N_COLUMNS = LOG_EFFECTS
};
enum
{
	PROGRAM_VERSION = 1, PROGRAM_SOURCE, PROGRAM_DEPLOYED, PROGRAM_DEPLOYER, PROGRAM_SOURCES, PROGRAM_KEEP_AGE, PROGRAM_KEEP_SIZE,
	PROGRAM_N_COLUMNS = PROGRAM_KEEP_SIZE
};
enum
{
	CONNECTION_ID = 1, CONNECTION_KEY, CONNECTION_AGENT, CONNECTION_AUTHORITY, CONNECTION_VIEWER, CONNECTION_CREATED, CONNECTION_PID,
	CONNECTION_BACKEND_START, CONNECTION_JOINED, CONNECTION_SEND_WINDOW, CONNECTION_LISTENER, CONNECTION_NUMBER, CONNECTION_SINCE, CONNECTION_SEQ,
	CONNECTION_N_COLUMNS = CONNECTION_SEQ
};
enum
{
	REPLICA_NAME = 1, REPLICA_KEY, REPLICA_ROW, REPLICA_VALUE, REPLICA_HASH, REPLICA_SEQ, REPLICA_AT,
	REPLICA_N_COLUMNS = REPLICA_AT
};
enum
{
	REPLICATION_ID = 1, REPLICATION_NAME, REPLICATION_TARGET, REPLICATION_MODE, REPLICATION_COLUMNS, REPLICATION_IDENTITY, REPLICATION_CREATED,
	REPLICATION_FILLED, REPLICATION_FILL_NAME, REPLICATION_FILL_KEY, REPLICATION_FILL_ROW, REPLICATION_FILL_TOTAL, REPLICATION_FILL_DONE,
	REPLICATION_DELIVERED, REPLICATION_DELIVERED_AT, REPLICATION_FAILURES, REPLICATION_RETRY_AT, REPLICATION_LAST_ERROR, REPLICATION_LAST_ERROR_AT,
	REPLICATION_BROUGHT, REPLICATION_BROUGHT_IN,
	REPLICATION_N_COLUMNS = REPLICATION_BROUGHT_IN
};
enum
{
	REPLICA_CHANGE_REPLICATION = 1, REPLICA_CHANGE_KEY, REPLICA_CHANGE_ROW, REPLICA_CHANGE_AT, REPLICA_CHANGE_PLACE,
	REPLICA_CHANGE_N_COLUMNS = REPLICA_CHANGE_PLACE
};
enum
{
	OUTBOX_REPLICATION = 1, OUTBOX_KEY, OUTBOX_ROW, OUTBOX_VALUE, OUTBOX_HASH, OUTBOX_SEQ, OUTBOX_SINCE, OUTBOX_ATTEMPTS, OUTBOX_RETRY_AT, OUTBOX_ERROR,
	OUTBOX_N_COLUMNS = OUTBOX_ERROR
};

/* ---- rows (row.c) ---- */

/* What a row of the table document says.  state points into the tuple and may be toasted. */
typedef struct StoreRow
{
	int64		seq;
	TimestampTz updated;
	Datum		state;
	int64		state_seq;
	int			program;
	TimestampTz created;
	int64		log_size;
	int64		log_from;
	int64		log_gone;
	bool		is_ours;		/* this transaction wrote this version of the row */
} StoreRow;

/* Where a row was found: what the index names, and the buffer that had it; {0}: nowhere yet (place.c). */
typedef struct StorePlace
{
	ItemPointerData root;
	uint16		size;			/* of the version that was found, in bytes */
	Buffer		buffer;
} StorePlace;

/* A table opened for one operation, with room for a tuple. */
typedef struct StoreTable
{
	Relation	rel;
	TupleTableSlot *found;		/* the row found or locked */
	TupleTableSlot *fresh;		/* the row to be written: values and nulls are filled in by the caller */
	StorePlace	place;			/* of the row found */
} StoreTable;

extern StoreTable store_table_open(Oid relation, LOCKMODE lock);
extern void store_table_close(StoreTable *table);	/* keeps the lock to the end of the transaction, unless it only read */

/* A snapshot of now that sees this transaction's own changes; registered: to be unregistered by the caller. */
extern Snapshot store_snapshot_now(void);

/* Finds by the first column of the primary key, a text; the row lands in table->found. */
extern bool store_row_find(StoreTable *table, const char *key, Snapshot snapshot);
/*
 * Finds and locks FOR NO KEY UPDATE the newest version of the row, waiting as long as needed.  False when there is none.  In REPEATABLE READ and
 * above, a row that changed since the transaction's snapshot is error 40001.  place: where to look first; NULL: nobody knows.
 */
extern bool store_row_lock(StoreTable *table, const char *key, const StorePlace *place);
/* The same without waiting: false, and *is_busy, when somebody else holds it. */
extern bool store_row_lock_idle(StoreTable *table, const char *key, bool *is_busy);
/*
 * The version at tid, when this transaction wrote it and it is the newest: nobody else can have changed it since, so it need not be looked up nor locked.
 * False otherwise.
 */
extern bool store_row_own(StoreTable *table, ItemPointer tid);
/* What the snapshot sees of the row that was at the place, in table->found; perhaps another row: the caller compares the key.  False: ask the index. */
extern bool store_row_at_place(StoreTable *table, const StorePlace *place, Snapshot snapshot);
/* It will be looked for there soon: what that reads is on its way into the processor's caches meanwhile. */
extern void store_place_expect(const StorePlace *place);
/* The index has named this place for the row in table->found. */
extern void store_place_note(StoreTable *table, ItemPointer root);
extern bool store_datum_is_text(Datum datum, const char *str);
extern void store_row_of_document(StoreTable *table, StoreRow *row);
/* fresh as a copy of found, to change some columns of it. */
extern void store_row_copy(StoreTable *table);
extern void store_row_clear(StoreTable *table);		/* fresh: all columns null */
extern void store_row_set(StoreTable *table, int column, Datum value);
extern void store_row_set_text(StoreTable *table, int column, const char *str, size_t len);	/* null when str is NULL */
extern void store_row_set_bytes(StoreTable *table, int column, DocBytes bytes);	/* null when len is 0 */
extern void store_row_insert(StoreTable *table);
extern void store_row_update(StoreTable *table);
/* The same, of a table that asks indexes only.  False: found is not the row's newest version any more, and nothing has been written. */
extern bool store_row_update_newest(StoreTable *table);
extern void store_row_delete(StoreTable *table);
extern void store_row_at(StoreTable *table, ItemPointer tid);	/* for update or delete of a row of which only the place is known; fresh must be whole then */
/* The table is as deploy makes it: one index, the primary key, and nothing else that wants to know of a row. */
extern bool store_table_is_plain(Relation rel);
/* The same with any indexes. */
extern bool store_table_asks_indexes_only(Relation rel);
/* Encoded bytes of a datum of type document or delta, detoasted in the current memory context. */
extern DocBytes store_datum_bytes(Datum datum);

/* store_role_enter, as somebody else than the owner of a space (space.c). */
extern StoreRole store_role_enter_as(Oid user);

/* ---- statements in a space (statement.c) ---- */

/* Of whatever runs as the owner of a space on somebody else's behalf: neither the sender's path nor the owner's says what names mean. */
#define STORE_SEARCH_PATH "pg_catalog, pg_temp"

/* While statements run: as the space's owner, in whose schema alone the statement's text names anything but what pg_catalog has. */
typedef struct StoreSession
{
	StoreRole	role;
	int			guc_level;
	Oid			space;			/* the schema, */
	NameData	name;			/* what it is called, */
	const char *schema;			/* and that as a quoted identifier */
} StoreSession;

extern void store_session_begin(StoreSession *session, const StoreSpace *space);
extern void store_session_end(StoreSession *session);
/* sql names the schema by %1$s.  nulls as SPI has them; may be NULL. */
extern void store_session_run(const StoreSession *session, const char *sql, int n, Oid *types, Datum *values, const char *nulls, bool is_read_only);
/* The same for a static text with always the same types, whose plan is kept for the next time. */
extern void store_session_repeat(const StoreSession *session, const char *sql, int n, Oid *types, Datum *values, const char *nulls, bool is_read_only);

/* ---- room that rows leave (room.c) ---- */

struct IndexScanDescData;

/* Pages of a table that rows which are gone have left room on, as a scan comes by them; {0}: none yet. */
typedef struct StoreRoom
{
	uint32	   *pages;
	int			n;
	int			max;
} StoreRoom;

/* The next row of an index scan, in table->found; false at the end. */
extern bool store_row_next(StoreTable *table, struct IndexScanDescData *scan, ScanDirection direction, StoreRoom *room);
/* When the scan has ended: lets inserts find the room. */
extern void store_room_end(StoreTable *table, StoreRoom *room);
/* The row in table->found is about to be deleted, or this column of it to be updated. */
extern void store_room_leave(StoreTable *table, int column);
/* Lets inserts find what values of the table's rows have left so far. */
extern void store_room_collect(StoreTable *table);

/* ---- connections (connection.c) ---- */

extern void store_connection_insert(StoreTable *table, StoreConnection *connection);
extern bool store_connection_delete(StoreTable *table, const char *id);	/* false when it was gone already */
extern bool store_connection_any(StoreSpace *space, const char *key, TimestampTz created);	/* to the document that was made then; as of now */

/* ---- the log (log.c) ---- */

/* Calls visit for the entries of key after seq `after` up to `upto`, in order, without effects if nobody wants them.  Stops at a gap. */
typedef void (*StoreLogVisit) (int64 seq, DocBytes delta, DocBytes effects, void *arg);
extern void store_log_scan(StoreSpace *space, const char *key, int64 after, int64 upto, Snapshot snapshot, bool with_effects, StoreLogVisit visit, void *arg);
/*
 * What every entry says: after which seq, when, under which program, what changed; now and then the state after it (len 0: not this time); and what its events did
 * beside (len 0: nothing).
 */
typedef struct StoreLogEntry
{
	int64		seq;
	TimestampTz at;
	int			program;
	DocBytes	delta;
	DocBytes	state;
	DocBytes	effects;
} StoreLogEntry;

extern void store_log_append(StoreSpace *space, const char *key, const StoreLogEntry *entry, const StoreEvent *events, int n_events);
extern void store_log_append_upgrade(StoreSpace *space, const char *key, const StoreLogEntry *entry);
extern void store_log_append_create(StoreSpace *space, const char *key, const StoreLogEntry *entry, const StoreEvent *event, uint64 entropy);
extern void store_log_delete(StoreSpace *space, const char *key);

/* is_asked: by is an event whose handler asked for it; otherwise only somebody. */
extern void store_log_append_rewind(StoreSpace *space, const char *key, const StoreLogEntry *entry, const VmEvent *by, bool is_asked, int64 seq);

#define STORE_LOG_ENTRY_OVERHEAD 100	/* bytes of a log entry beside its delta, for the decision when to write the state */

/* ---- what the log need not keep (trim.c) ---- */

/* Bounds of a log, each of which lets go of what lies beyond it. */
typedef struct StoreTrim
{
	int64		seq;			/* up to this, entries may go; -1: that says nothing */
	TimestampTz at;				/* up to this time; DT_NOBEGIN */
	int64		size;			/* what is followed by deltas of so many bytes; -1 */
	int64		log_size;		/* the document's, as of now */
	int64		state_seq;
	int64		log_from;		/* the document's, and what they become */
	int64		log_gone;
	Datum		state;			/* the row's, for a document that rests: its entry may keep it; 0: not asked for */
} StoreTrim;

/* False when nothing bounds the logs of this program in this space. */
extern bool store_trim_bounds(StoreTrim *trim, const StoreSpace *space, const StoreProgram *program, int64 seq);
/* Takes entries out, and moves log_from and log_gone; how many.  The document's row is locked. */
extern int	store_log_trim(StoreSpace *space, const char *key, StoreTrim *trim);

/* ---- the log read back (entry.c) ---- */

/* Pointers go into the tuple, or to what was detoasted in the current memory context. */
typedef struct StoreEntry
{
	int64		seq;
	int			n_events;
	TimestampTz at;
	int			program;
	VmText		event;
	VmText		agent;			/* str NULL: nobody */
	VmText		authority;
	VmText		channel;
	VmText		dedupe;
	VmText		origin;
	VmText		ip;
	bool		has_message;
	DocItem		message;
	DocBytes	delta;
	DocBytes	state;			/* after the entry; len 0: not kept with it */
	DocBytes	effects;		/* len 0: none */
} StoreEntry;

/* A walk over a document's log, forward from seq `from` on or backward from it down.  What an entry points to is valid until the next step. */
typedef struct StoreLogWalk
{
	StoreTable	table;
	Relation	index;
	struct IndexScanDescData *scan;
	MemoryContext each;
	bool		is_forward;
} StoreLogWalk;

extern void store_log_walk_begin(StoreLogWalk *walk, StoreSpace *space, const char *key, int64 from, bool is_forward, Snapshot snapshot);
/* False at the end, with nothing in the diag, or when the entry can't be read. */
extern bool store_log_walk_next(StoreLogWalk *walk, StoreEntry *entry, KitDiag *diag);
extern void store_log_walk_end(StoreLogWalk *walk);

/* The events of an entry, one after the other. */
typedef struct StoreEntryEvents
{
	const StoreEntry *entry;
	DocCursor	elements;
	DocCursor	effects;		/* of the events to come */
	int64		seq;
	bool		is_batch;
	bool		with_effects;	/* they are wanted */
} StoreEntryEvents;

extern void store_entry_events(StoreEntryEvents *events, const StoreEntry *entry, bool with_effects);
extern bool store_entry_next_event(StoreEntryEvents *events, StoreHistory *event, KitDiag *diag);

/* ---- running the log again (replay.c) ---- */

/* A document that is led along its log. */
typedef struct StoreReplay
{
	StoreSpace *space;
	const char *key;
	const VmProgram *program;
	VmDoc	   *doc;			/* NULL before its creation */
	KitArena   *scratch;
	bool		is_timed;		/* these two are counted: */
	int64		n_events;
	double		us;				/* in handlers */
} StoreReplay;

/*
 * Runs the events of an entry up to seq `upto`; delta gets what they changed, effects what else they did.  False when one fails, or is none that can be run; then
 * the document is as it was before the entry.
 */
extern bool store_replay_entry(StoreReplay *replay, const StoreEntry *entry, int64 upto, KitBuf *delta, KitBuf *effects, KitDiag *diag);
/* The entry leads back: to which seq, and by whom.  When a program asked for that, it is run and must ask for it again. */
extern bool store_replay_rewind(StoreReplay *replay, const StoreEntry *entry, int64 *seq, VmEvent *by, KitDiag *diag);

/* One event alone, whose journal is open (but a creation's, which opens it); a failure leaves the document as it was before it. */
extern bool store_replay_event(StoreReplay *replay, const StoreHistory *event, KitDiag *diag);
/* What has been within the budgets is not asked for them again. */
extern const VmLimits store_no_limits;

static inline bool
store_is_word(VmText name, const char *word)
{
	return name.len == strlen(word) && memcmp(name.str, word, strlen(word)) == 0;
}

/* What leads from doc, of this program, to the state after seq, as `by` asks (past.c).  False when the program can't read that state.  Raises what store_past_at_seq does. */
extern bool store_rewind_delta(StoreSpace *space, const char *key, int64 seq, Snapshot snapshot, const VmDoc *doc, const StoreProgram *program, const VmEvent *by, KitArena *arena,
							   KitBuf *delta, KitDiag *diag);
/* KIT_UNKNOWN_SEQ; row: the document's. */
extern void store_unknown_seq(KitDiag *diag, StoreSpace *space, const char *key, int64 seq, const StoreRow *row);

/* ---- recent changes, shared by all sessions (recent.c) ---- */

#define STORE_RECENT_MAX 256

typedef struct StoreRecent
{
	int64		from;			/* the delta leads from this seq */
	int64		to;				/* to this one */
	DocBytes	delta;
	DocBytes	effects;
} StoreRecent;

/* Others shall know of this change once the transaction has committed. */
extern void store_recent_add(const StoreSpace *space, const char *key, TimestampTz created, int64 from, int64 to, DocBytes delta, DocBytes effects);
/*
 * The changes that lead to seq `upto`, the last one first, each ending where the one before it in the array begins; as many as are known, none from before
 * `after`.  What they point to is there until the next call.
 */
extern int	store_recent_find(const StoreSpace *space, const char *key, TimestampTz created, int64 after, int64 upto,
							  StoreRecent found[STORE_RECENT_MAX]);

/* ---- what documents publish (replica.c) ---- */

/* What is to become of a document's replicas.  Looked at before anything is written, since that may fail; lives in the arena. */
typedef struct StoreReplicas StoreReplicas;

/* What the open journal has changed.  NULL, with the reason in diag, when an expression of the program fails. */
extern StoreReplicas *store_replicas_changed(StoreSpace *space, const char *key, VmDoc *doc, KitArena *arena, KitDiag *diag);
/* All that the document publishes, within these limits; what else it published goes.  NULL the same. */
extern StoreReplicas *store_replicas_all(StoreSpace *space, const char *key, VmDoc *doc, const VmLimits *limits, KitArena *arena, KitDiag *diag);
/* A document of the program goes. */
extern StoreReplicas *store_replicas_none(const VmProgram *program, KitArena *arena);
/* The document was one of this program until now: what it published then goes, too. */
extern void store_replicas_add_names(StoreReplicas *replicas, const VmProgram *program);
typedef struct StoreCacheEntry StoreCacheEntry;	/* below */
/* They will be looked for soon. */
extern void store_replicas_expect(const StoreCacheEntry *entry);
/* Brings the rows to that.  The document's row is locked, and has been written.  entry: which is in use, and knows where some rows are; NULL: nobody does. */
extern void store_replicas_write(StoreSpace *space, const char *key, StoreCacheEntry *entry, const StoreReplicas *replicas, int64 seq, TimestampTz at);

/* A row of the table replica that becomes another; value is a jsonb. */
typedef struct StoreReplicaChange
{
	const char *name;
	int32		row;			/* 0: the document */
	bool		is_gone;
	Datum		value;
	int64		hash;
	int64		seq;
	TimestampTz at;
	ItemPointerData tid;		/* of the row: before it is written, then after; invalid: not known */
} StoreReplicaChange;

typedef enum StoreReplicaChangeKind
{
	STORE_REPLICA_INSERT,
	STORE_REPLICA_UPDATE,
	STORE_REPLICA_DELETE,
	STORE_REPLICA_N_KINDS
} StoreReplicaChangeKind;

/* All that becomes of one document's. */
typedef struct StoreReplicaChanges
{
	const char *key;
	int64		seq;
	TimestampTz at;
	StoreReplicaChange *rows;	/* by name and row */
	StoreReplicaChangeKind *kinds;
	int			n;
	int			capacity;
	bool		doubts;			/* hashes are not believed: somebody may have written to the rows */
} StoreReplicaChanges;

/*
 * What is being written to tables at the moment.  Triggers there may send messages; those must not change the same, or what is brought next would be out of date.  Frames live on the
 * stack of who writes, from begin to end, which is called after an error, too.
 */
typedef struct StoreBringing
{
	Oid			schema;
	const char *key;			/* replicas of this document; NULL: of all */
	const char *name;			/* of this name; NULL: of all */
	struct StoreBringing *outer;
} StoreBringing;

extern void store_bringing_begin(StoreBringing *bringing);
extern void store_bringing_end(StoreBringing *bringing);

/* Reads all columns of the row of chat.replica that was found; none is null. */
extern void store_replica_check(StoreTable *table);
/* replica_write.c. */
extern void store_replica_changes_write(const StoreSpace *space, StoreTable *table, StoreReplicaChanges *changes);

/* ---- which rows have changed (pages.c) ---- */

/* This transaction has written the row of chat.replica that is there now.  False: whoever brings it elsewhere has to be told in another way. */
extern bool store_page_changed(Relation replica, ItemPointer tid);
/* What a registration keeps: which transactions the snapshot saw, and of which server and database their numbers are. */
extern char *store_pages_horizon(Snapshot snapshot);
extern int64 store_pages_server(void);
/* How many rows under the name it did not see, and the oldest of their times; NULL: all.  Reads the whole table. */
extern int64 store_pages_pending(StoreSpace *space, const char *name, const char *brought, TimestampTz *oldest);

/* ---- where it goes (target.c) ---- */

/*
 * What has been written to chat.replica, which is locked, goes on to the targets.  Changes of one document, in the order of name and row.  May run triggers: nothing that was known
 * of the space is to be used afterwards.
 */
extern void store_targets_changed(StoreSpace *space, Relation replica, const char *key, StoreReplicaChange *changes, int n);
/* Raises when what is registered would not fit another program: every misfit is told. */
extern void store_targets_check(StoreSpace *space, const LangProgram *program);

/* ---- copies and the cache (copy.c, cache.c) ---- */

/* Whether the copy is what the row says: nothing is to be read. */
extern bool store_copy_is_at(const StoreCopy *copy, const StoreRow *row);
/* As store_copy_refresh, for a row that has been read already. */
extern void store_copy_bring(StoreSpace *space, const char *key, StoreCopy *copy, const StoreRow *row, Snapshot snapshot, const StoreFollower *follower);

typedef struct StoreCacheKey
{
	uint64		relation;		/* the table document; as wide as hash, so that there is no padding in a key that is hashed as bytes */
	uint64		hash;			/* of the key */
} StoreCacheKey;

typedef struct StoreReplicaPlace
{
	StorePlace	place;
	ItemPointerData own;		/* of the version that the transaction that touched the document wrote last; may be invalid */
} StoreReplicaPlace;

struct StoreCacheEntry
{
	StoreCacheKey id;
	char	   *key;
	StoreCopy	copy;
	ItemPointerData tid;		/* of the row's version that the transaction that touched it wrote last; may be invalid */
	StorePlace	place;			/* of the row, when it was locked last */
	StoreReplicaPlace *replicas;	/* of rows of what it publishes: replica.c says which; NULL: none */
	int			n_replicas;
	int			touched;		/* nesting level of the transaction that changed it; 0: none that is still open */
	bool		is_in_use;		/* a message is on its way through */
	size_t		memory;			/* as it was last counted */
	dlist_node	lru;
	dlist_node	touched_link;
};

extern StoreCacheEntry *store_cache_find(StoreSpace *space, const char *key);	/* NULL when there is none */
extern StoreCacheEntry *store_cache_entry(StoreSpace *space, const char *key);	/* empty when it was not there */
extern void store_cache_touch(StoreCacheEntry *entry);	/* an abort from here on drops it */
extern void store_cache_drop(StoreCacheEntry *entry);

extern void store_program_release(StoreProgram *program);

extern DocBytes store_state_as_delta(KitBuf *buf, DocBytes state);
/* The document as the program reads it, and the difference; NULL and a diag when it can't.  Frees neither. */
extern VmDoc *store_doc_upgrade(const VmDoc *doc, const VmProgram *program, bool keep, KitArena *arena, KitBuf *delta, KitDiag *diag);

#endif
