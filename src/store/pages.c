/*
 * pages.c
 *	  Which rows of the table replica have changed since they were brought to a table of this database: the table itself is the queue.
 *
 * Nothing is written for a change but the row that changed.  Whoever writes one counts it in shared memory, in the bucket of the page where it is now; a worker compares the counts with those that it
 * has seen, and reads the pages of the buckets in which they differ:
 *
 *		message									worker
 *		writes the row on page 17				takes a snapshot
 *		counts[17]++							counts[17] is another than before: reads page 17
 *		commits									a row is new when its transaction is one that the snapshot before did not see
 *												one that this one does not see either: it comes later, the page stays to be read
 *
 * Counting comes before the commit, and taking the snapshot before reading the counts; so whatever a snapshot sees has been counted.
 *
 * Passes.  What is read at once has a limit, so a pass through the pages may take several deliveries, each with a snapshot of its own.  When it is through, all that the snapshot of its beginning
 * saw has been brought, and that snapshot becomes "the one before".  What is brought twice then does no harm: a row that is as it should be is left alone.
 *
 * What a worker remembers goes with it.  The next one takes the snapshot that the registration keeps (replication.brought) for the one before, and the counts that a worker left in shared memory when
 * it went because there was nothing to do (settled): those may be older than the snapshot, but never newer, so that too many pages are read rather than too few.  After a start of the server, or when the
 * table has been rewritten, as by CLUSTER, all pages are read.  Of a row the number of the transaction is read as it was written, whether it has been frozen or not.
 *
 * Rows that go leave nothing on a page for long; those are appended to replica_change (target.c), as are all changes when there is no shared memory.
 *
 * Buckets are as many as shared memory is spent on: in a table of more pages several share one, and are read together.  Counts only grow; several workers may compare them.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "port/shared_memory.h"
#include "store/pages.h"

#define N_BUCKETS 16384			/* 64 kB; of 8 kB pages, 128 MB */

/* ---- shared by all sessions of a database ---- */

#define N_FILES 256

typedef struct TableFile
{
	Oid			table;
	RelFileNumber file;
} TableFile;

typedef struct Counts
{
	pg_atomic_uint32 of[N_BUCKETS];
	/* Of the one worker that there is, for the next one: */
	bool		is_settled;
	uint32		settled[N_BUCKETS];	/* all that was counted up to this has been brought to all targets that there were */
	TableFile	files[N_FILES]; /* in which it was, by the table; of two that meet the last */
} Counts;

static Counts *counts = NULL;
static bool has_asked = false;	/* for the memory; in vain when there are no counts */

static void
make_counts(void *ptr)
{
	Counts	   *c = ptr;

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < N_BUCKETS; i++)
		pg_atomic_init_u32(&c->of[i], 0);
}

static bool
has_counts(void)
{
	char		name[NAMEDATALEN];

	if (has_asked)
		return counts != NULL;
	has_asked = true;
	snprintf(name, sizeof(name), "adama pages 2 of %u", MyDatabaseId);
	counts = port_shared_segment(name, sizeof(Counts), make_counts);
	return counts != NULL;
}

static uint32
bucket_of(Oid table, BlockNumber block)
{
	return (murmurhash32(table) + block) % N_BUCKETS;
}

bool
store_page_changed(Relation replica, ItemPointer tid)
{
	if (!ItemPointerIsValid(tid) || replica->rd_rel->relam != HEAP_TABLE_AM_OID || !has_counts())
		return false;
	(void) pg_atomic_fetch_add_u32(&counts->of[bucket_of(RelationGetRelid(replica), ItemPointerGetBlockNumber(tid))], 1);
	return true;
}

/* ---- which transactions a snapshot saw ---- */

/* As much of a snapshot as is needed to say so when it has long been given up. */
typedef struct Seen
{
	TransactionId xmin;			/* all before it; InvalidTransactionId: none at all */
	TransactionId xmax;			/* none from it on */
	bool		is_vague;		/* of those in between nobody knows */
	TransactionId *running;		/* those in between that it did not see */
	uint32		n;
} Seen;

static int
compare_numbers(const void *a, const void *b)
{
	return TransactionIdPrecedes(*(const TransactionId *) a, *(const TransactionId *) b) ? -1 : *(const TransactionId *) a != *(const TransactionId *) b;
}

static Seen
seen_by(Snapshot snapshot, MemoryContext context)
{
	Seen		seen = {snapshot->xmin, snapshot->xmax, snapshot->suboverflowed};

	seen.running = MemoryContextAlloc(context, sizeof(TransactionId) * (snapshot->xcnt + (Size) Max(snapshot->subxcnt, 0) + 1));
	for (uint32 i = 0; i < snapshot->xcnt; i++)
		seen.running[seen.n++] = snapshot->xip[i];
	for (int32 i = 0; i < snapshot->subxcnt; i++)
		seen.running[seen.n++] = snapshot->subxip[i];
	qsort(seen.running, seen.n, sizeof(TransactionId), compare_numbers);
	return seen;
}

static bool
is_new(const Seen *seen, TransactionId xid)
{
	if (!TransactionIdIsValid(seen->xmin) || TransactionIdFollowsOrEquals(xid, seen->xmax))
		return true;
	if (TransactionIdPrecedes(xid, seen->xmin))
		return false;
	if (seen->is_vague)
		return true;
	for (uint32 i = 0; i < seen->n; i++)
		if (seen->running[i] == xid)
			return true;
	return false;
}

/* ---- as the registration keeps it: in the form of a pg_snapshot, subtransactions included ---- */

#define KEPT_MAX 256			/* of those in between; of more, nobody knows */
#define KEPT_DIGITS 20			/* of each, at most */

static uint64
widened(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, xid));
}

static char *
text_of(const Seen *seen)
{
	FullTransactionId next = ReadNextFullTransactionId();
	bool		is_vague = seen->is_vague || seen->n > KEPT_MAX;
	StringInfoData str;
	int			n = 0;

	initStringInfo(&str);
	appendStringInfo(&str, UINT64_FORMAT ":" UINT64_FORMAT ":", widened(seen->xmin, next), widened(is_vague ? seen->xmin : seen->xmax, next));
	for (uint32 i = 0; !is_vague && i < seen->n; i++)
		/* Not those of before and after; nor one twice. */
		if (!TransactionIdPrecedes(seen->running[i], seen->xmin) && TransactionIdPrecedes(seen->running[i], seen->xmax) &&
			(i == 0 || seen->running[i] != seen->running[i - 1]))
			appendStringInfo(&str, "%s" UINT64_FORMAT, n++ > 0 ? "," : "", widened(seen->running[i], next));
	return str.data;
}

char *
store_pages_horizon(Snapshot snapshot)
{
	Seen		seen = seen_by(snapshot, CurrentMemoryContext);

	return text_of(&seen);
}

int64
store_pages_server(void)
{
	return (int64) kit_hash_mix(GetSystemIdentifier(), MyDatabaseId);
}

/* Numbers of transactions are compared on a circle; beyond half of it, or of a future that this server does not know, nothing is believed. */
static Seen
seen_before(const char *brought, MemoryContext context)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	Seen		seen = {InvalidTransactionId};
	char	   *rest;
	uint64		xmin;
	uint64		xmax;

	if (brought == NULL)
		return seen;
	xmin = strtoull(brought, &rest, 10);
	if (*rest != ':')
		return seen;
	xmax = strtoull(rest + 1, &rest, 10);
	/* Who owns the space may have written more than is ever kept. */
	if (*rest != ':' || strlen(rest) > KEPT_MAX * (KEPT_DIGITS + 1) + 1 || xmin > xmax || xmax > next || next - xmin >= (UINT64CONST(1) << 30) || !TransactionIdIsNormal((TransactionId) xmin))
		return seen;
	seen.xmin = (TransactionId) xmin;
	seen.xmax = (TransactionId) xmax;
	seen.running = MemoryContextAlloc(context, sizeof(TransactionId) * (strlen(rest) + 1));
	while (*rest != '\0')
	{
		const char *number = rest + 1;

		seen.running[seen.n] = (TransactionId) strtoull(number, &rest, 10);
		if (rest == number)
			break;
		seen.n++;
	}
	return seen;
}

/* ---- what a worker remembers ---- */

typedef struct Place
{
	BlockNumber block;
	OffsetNumber line;			/* and those after it */
} Place;

struct StorePages
{
	dlist_node	link;
	MemoryContext context;
	Oid			table;
	uint32		counts[N_BUCKETS];	/* as they were at the last look */
	bool		now[N_BUCKETS];	/* to be read in this pass, */
	bool		next[N_BUCKETS];	/* and in the one after it: what was not committed yet */
	bool		is_settled;		/* counts were so when all had been brought */
	bool		is_all;			/* this pass reads all pages */
	bool		has_before;
	Seen		before;			/* brought */
	bool		is_begun;		/* a pass is on its way: */
	Seen		start;			/* by the snapshot of its beginning, */
	RelFileNumber file;
	Place		at;				/* up to here */
	/* of the last reading, for when it has been committed */
	Place		reached;
	bool		is_through;
};

static dlist_head all = DLIST_STATIC_INIT(all);	/* of this process */

static StorePages *
make(MemoryContext context)
{
	StorePages *pages = MemoryContextAllocZero(context, sizeof(StorePages));

	pages->context = context;
	return pages;
}

StorePages *
store_pages_new(void)
{
	StorePages *pages = make(AllocSetContextCreate(TopMemoryContext, "adama pages", ALLOCSET_SMALL_SIZES));

	dlist_push_tail(&all, &pages->link);
	pages->is_settled = has_counts() && counts->is_settled;
	if (pages->is_settled)
		memcpy(pages->counts, counts->settled, sizeof(pages->counts));
	return pages;
}

void
store_pages_free(StorePages *pages)
{
	dlist_delete(&pages->link);
	MemoryContextDelete(pages->context);
}

static TableFile *
file_of(Oid table)
{
	return &counts->files[murmurhash32(table) % N_FILES];
}

/* Whether nothing counted in the bucket is still to be brought. */
static bool
is_through(const StorePages *pages, int bucket, uint32 count)
{
	return pages->counts[bucket] == count && !pages->next[bucket] && !(pages->is_begun && (pages->is_all || pages->now[bucket]));
}

void
store_pages_settle(void)
{
	const StorePages *first;
	dlist_iter	iter;

	if (counts == NULL || dlist_is_empty(&all))
		return;
	dlist_foreach(iter, &all)
		if (!dlist_container(StorePages, link, iter.cur)->has_before)
			return;
	first = dlist_container(StorePages, link, dlist_head_node(&all));
	for (int i = 0; i < N_BUCKETS; i++)
	{
		uint32		count = first->counts[i];
		bool		is_settled = true;

		dlist_foreach(iter, &all)
			is_settled &= is_through(dlist_container(StorePages, link, iter.cur), i, count);
		/* One that it can't be any more. */
		counts->settled[i] = is_settled ? count : pg_atomic_read_u32(&counts->of[i]) - 1;
	}
	dlist_foreach(iter, &all)
	{
		const StorePages *pages = dlist_container(StorePages, link, iter.cur);

		*file_of(pages->table) = (TableFile) {pages->table, pages->file};
	}
	counts->is_settled = true;
}

static void
forget(Seen *seen)
{
	if (seen->running != NULL)
		pfree(seen->running);
	*seen = (Seen) {InvalidTransactionId};
}

void
store_pages_done(StorePages *pages)
{
	pages->at = pages->reached;
	if (!pages->is_through)
		return;
	forget(&pages->before);
	pages->before = pages->start;
	pages->start = (Seen) {InvalidTransactionId};
	pages->has_before = true;
	pages->is_begun = false;
	pages->is_all = false;
	pages->is_through = false;
	memset(pages->now, 0, sizeof(pages->now));
}

static void
begin(StorePages *pages, Snapshot snapshot, const char *brought)
{
	if (!pages->has_before)
	{
		forget(&pages->before);
		pages->before = seen_before(brought, pages->context);
		pages->is_all |= !pages->is_settled || !TransactionIdIsValid(pages->before.xmin);
	}
	forget(&pages->start);
	pages->start = seen_by(snapshot, pages->context);
	/* Nobody counts. */
	pages->is_all |= counts == NULL;
	for (int i = 0; i < N_BUCKETS; i++)
	{
		uint32		count = counts != NULL ? pg_atomic_read_u32(&counts->of[i]) : 0;

		pages->now[i] |= pages->next[i] || count != pages->counts[i];
		pages->counts[i] = count;
	}
	memset(pages->next, 0, sizeof(pages->next));
	pages->at = (Place) {0, FirstOffsetNumber};
	pages->is_begun = true;
}

/* ---- a page ---- */

/* Of the row's version: new, and seen; otherwise perhaps to come. */
static bool
is_wanted(const StorePages *pages, HeapTuple tuple, Buffer buffer, Snapshot snapshot, bool *comes)
{
	HeapTupleHeader header = tuple->t_data;
	TransactionId xmin = HeapTupleHeaderGetRawXmin(header);

	if (HeapTupleHeaderXminFrozen(header))
	{
		/* Of one that was frozen long ago the number may come after all others by now. */
		if (TransactionIdIsValid(pages->before.xmin) && (!is_new(&pages->before, xmin) || TransactionIdFollowsOrEquals(xmin, snapshot->xmax)))
			return false;
	}
	else if (HeapTupleHeaderXminInvalid(header) || !is_new(&pages->before, xmin))
		return false;
	else if (!TransactionIdIsCurrentTransactionId(xmin) && XidInMVCCSnapshot(xmin, snapshot))
	{
		*comes = true;
		return false;
	}
	return HeapTupleSatisfiesVisibility(tuple, snapshot, buffer);
}

/* The lines that are wanted, from the first on; how many. */
static int
find_lines(const StorePages *pages, Relation rel, Buffer buffer, OffsetNumber first, Snapshot snapshot, OffsetNumber *lines, bool *comes)
{
	Page		page = BufferGetPage(buffer);
	OffsetNumber last;
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	last = PageGetMaxOffsetNumber(page);
	for (OffsetNumber line = first; line <= last; line++)
	{
		ItemId		id = PageGetItemId(page, line);
		HeapTupleData tuple;

		if (!ItemIdIsNormal(id))
			continue;
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, id);
		tuple.t_len = ItemIdGetLength(id);
		tuple.t_tableOid = RelationGetRelid(rel);
		ItemPointerSet(&tuple.t_self, BufferGetBlockNumber(buffer), line);
		if (is_wanted(pages, &tuple, buffer, snapshot, comes))
			lines[n++] = line;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return n;
}

static void
hold(StoreTable *table, Buffer buffer, OffsetNumber line)
{
	HeapTuple	tuple = &((BufferHeapTupleTableSlot *) table->found)->base.tupdata;
	Page		page = BufferGetPage(buffer);
	ItemId		id = PageGetItemId(page, line);

	/* While the page is pinned nothing on it moves. */
	ExecClearTuple(table->found);
	tuple->t_data = (HeapTupleHeader) PageGetItem(page, id);
	tuple->t_len = ItemIdGetLength(id);
	tuple->t_tableOid = RelationGetRelid(table->rel);
	ItemPointerSet(&tuple->t_self, BufferGetBlockNumber(buffer), line);
	ExecStoreBufferHeapTuple(tuple, table->found, buffer);
}

typedef struct Reading
{
	StoreTable *table;
	const char *name;
	Snapshot	snapshot;
	bool		(*visit) (StoreTable *table, void *arg);
	void	   *arg;
} Reading;

/* False: there were enough; then it has been read up to *first. */
static bool
read_page(StorePages *pages, const Reading *reading, BlockNumber block, OffsetNumber *first)
{
	StoreTable *table = reading->table;
	Buffer		buffer = ReadBuffer(table->rel, block);
	OffsetNumber lines[MaxHeapTuplesPerPage];
	bool		comes = false;
	bool		goes_on = true;
	int			n = find_lines(pages, table->rel, buffer, *first, reading->snapshot, lines, &comes);

	if (comes)
		pages->next[bucket_of(RelationGetRelid(table->rel), block)] = true;
	for (int i = 0; i < n && goes_on; i++)
	{
		hold(table, buffer, lines[i]);
		store_replica_check(table);
		if (store_datum_is_text(table->found->tts_values[REPLICA_NAME - 1], reading->name))
			goes_on = reading->visit(table, reading->arg);
		*first = OffsetNumberNext(lines[i]);
	}
	ExecClearTuple(table->found);
	ReleaseBuffer(buffer);
	return goes_on;
}

char *
store_pages_read(StorePages *pages, StoreTable *table, const char *name, Snapshot snapshot, const char *brought, bool (*visit) (StoreTable *table, void *arg), void *arg)
{
	Reading		reading = {table, name, snapshot, visit, arg};
	RelFileNumber file = port_file_number(table->rel);
	BlockNumber n_blocks;
	Place		at;

	pages->table = RelationGetRelid(table->rel);
	if (pages->file != file)
	{
		pages->is_all |= pages->file != 0 || !pages->is_settled || file_of(pages->table)->table != pages->table || file_of(pages->table)->file != file;
		pages->is_begun = false;
		pages->file = file;
	}
	if (!pages->is_begun)
		begin(pages, snapshot, brought);
	/* Of another kind of table all changes are appended. */
	n_blocks = table->rel->rd_rel->relam == HEAP_TABLE_AM_OID ? RelationGetNumberOfBlocks(table->rel) : 0;
	at = pages->at;
	while (at.block < n_blocks)
	{
		CHECK_FOR_INTERRUPTS();
		if ((pages->is_all || pages->now[bucket_of(RelationGetRelid(table->rel), at.block)]) && !read_page(pages, &reading, at.block, &at.line))
			break;
		at = (Place) {at.block + 1, FirstOffsetNumber};
	}
	pages->reached = at;
	pages->is_through = at.block >= n_blocks;
	return pages->is_through ? text_of(&pages->start) : NULL;
}

/* ---- how much that is ---- */

typedef struct Pending
{
	int64		n;
	TimestampTz oldest;
} Pending;

static bool
count(StoreTable *table, void *arg)
{
	Pending    *pending = arg;
	TimestampTz at = DatumGetTimestampTz(table->found->tts_values[REPLICA_AT - 1]);

	if (pending->n++ == 0 || at < pending->oldest)
		pending->oldest = at;
	return true;
}

int64
store_pages_pending(StoreSpace *space, const char *name, const char *brought, TimestampTz *oldest)
{
	StoreTable	table = store_table_open(space->replica, AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	Pending		pending = {0};

	(void) store_pages_read(make(CurrentMemoryContext), &table, name, snapshot, brought, count, &pending);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	*oldest = pending.oldest;
	return pending.n;
}
