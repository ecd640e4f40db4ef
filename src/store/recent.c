/*
 * recent.c
 *	  What other sessions have just done to documents, in shared memory.
 *
 * A session that keeps a document in memory finds it some entries behind when others send to it as well: with 32 sessions and any document, 31 on
 * average.  Reading these from the log costs an index probe and a page each, which is more than all the rest of a message; so the small deltas
 * of late are kept here.  This is a cache of the log and nothing more: what is not found here is read there.
 *
 * Shape.  Parts, each with a ring of bytes that its documents share: the newest entry overwrites the oldest.  A document's hash says which part is its, and
 * which HEADS_OF_DOCUMENT of the part's heads may be.  The head knows where the document's newest entry lies, each entry where the one before it does:
 *
 *		head ----> entry (from 8 to 9) ----> entry (from 6 to 8) ----> overwritten since
 *
 * Places are counted from the beginning of time, not of the ring, so it can be told whether what lay there still does.  An entry is (document,
 * from, to, delta, effects): the delta leads from `from` to `to`.  A chain has no gaps: a change that is too large for an entry ends it, the next one begins anew.
 *
 * What is in here is committed: entries wait in the transaction that made them until XACT_EVENT_COMMIT, those of a savepoint that is rolled
 * back go.  The document's row is still locked then, so whoever locks it next finds the entry.  An entry that does not begin where the chain
 * ends is of another past (a restored table), and begins a chain of its own.
 *
 * Locks.  Each part has an LWLock, held alone and shortly.  Nothing that happens at commit allocates or can fail.
 *
 * The memory is made when it is first used, adama.recent_changes_size as it is then; when it cannot be had, sessions do without.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "storage/lwlock.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "adama.h"
#include "kit/hash.h"
#include "port/shared_memory.h"
#include "store/internal.h"

#define ROOT_NAME "adama recent 4"
#define RING_SIZE 61440			/* bytes of a part's ring */
#define HEADS 64				/* of a part */
#define HEADS_OF_DOCUMENT 4
#define ENTRY_MAX 1024			/* bytes of delta and effects that are kept */
#define PENDING_MAX 128			/* entries of one transaction; of more, the last */
#define NOWHERE UINT64_MAX

/* In the ring, aligned; the bytes of the delta and of the effects follow.  None wraps around. */
typedef struct Entry
{
	uint64		document;
	int64		from;
	int64		to;
	uint64		before;			/* place of the entry that ends at `from`, or NOWHERE */
	uint32		len;			/* of both */
	uint32		delta_len;
} Entry;

typedef struct Head
{
	uint64		document;		/* 0: free */
	TimestampTz created;
	int64		to;
	uint64		newest;			/* place of the entry that ends at `to`, or NOWHERE */
} Head;

typedef struct Part
{
	LWLock		lock;
	uint64		end;			/* place behind the newest entry */
	Head		heads[HEADS];
	char		ring[RING_SIZE] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} Part;

/* In the main shared memory: where the parts are. */
typedef struct Root
{
	LWLock		lock;			/* all but the tranche */
	int			tranche;
	bool		has_failed;		/* the memory could not be had: nobody tries again until the server's next start */
	dsm_handle	handle;			/* DSM_HANDLE_INVALID: not made yet */
	uint32		n_parts;
	uint64		seed;			/* keys are the users' to choose: they must not be able to make them collide */
} Root;

typedef struct Pending
{
	uint64		document;
	TimestampTz created;
	int64		from;
	int64		to;
	int			level;			/* of the transaction that made it */
	uint32		len;
	uint32		delta_len;
	char	   *data;			/* in TopTransactionContext; NULL: too large to be kept */
} Pending;

static Root *root = NULL;
static Part *parts = NULL;
static bool is_off = false;		/* this session does without */

/* For the session's life. */
static Pending *pending = NULL;	/* PENDING_MAX of them: a ring, n_pending from here */
static int	first_pending = 0;
static int	n_pending = 0;
static char *copied = NULL;		/* RING_SIZE bytes: what was found last */

/* ---- the memory ---- */

static void
make_root(void *ptr)
{
	Root	   *r = ptr;

	memset(r, 0, sizeof(*r));
	r->handle = DSM_HANDLE_INVALID;
	r->tranche = LWLockNewTrancheId();
	LWLockInitialize(&r->lock, r->tranche);
}

/* Under the root's lock: finds the parts, or makes them when nobody has.  Without them it leaves parts alone. */
static void
attach(void)
{
	dsm_segment *segment;

	if (root->handle != DSM_HANDLE_INVALID)
	{
		segment = dsm_attach(root->handle);
		if (segment == NULL)
			elog(ERROR, "could not attach the memory of recent changes");
	}
	else
	{
		uint32		n_parts = (uint32) ((Size) adama_recent_changes_size * 1024 / sizeof(Part));

		if (n_parts == 0 || root->has_failed || !pg_strong_random(&root->seed, sizeof(root->seed)))
			return;
		root->has_failed = true;
		segment = dsm_create(n_parts * sizeof(Part), 0);
		for (uint32 i = 0; i < n_parts; i++)
		{
			Part	   *part = (Part *) dsm_segment_address(segment) + i;

			LWLockInitialize(&part->lock, root->tranche);
			part->end = 0;
			memset(part->heads, 0, sizeof(part->heads));
		}
		dsm_pin_segment(segment);
		root->n_parts = n_parts;
		root->handle = dsm_segment_handle(segment);
		root->has_failed = false;
	}
	dsm_pin_mapping(segment);
	parts = dsm_segment_address(segment);
}

static void at_transaction_end(XactEvent event, void *arg);
static void at_subtransaction_end(SubXactEvent event, SubTransactionId my, SubTransactionId parent, void *arg);

/* Whether there is memory.  A failure to get it is undone in a subtransaction, reported to the log and then forgotten. */
static bool
is_attached(void)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (parts != NULL)
		return true;
	if (is_off)
		return false;
	is_off = true;
	root = port_shared_struct(ROOT_NAME, sizeof(Root), make_root);
	if (root == NULL)
		return false;
	LWLockRegisterTranche(root->tranche, "AdamaRecentChanges");
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	PG_TRY();
	{
		attach();
		LWLockRelease(&root->lock);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		parts = NULL;
		RollbackAndReleaseCurrentSubTransaction();
		ereport(LOG, (errmsg("sessions do without each other's recent changes: %s", error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (parts == NULL)
		return false;

	pending = MemoryContextAlloc(TopMemoryContext, PENDING_MAX * sizeof(Pending));
	copied = MemoryContextAlloc(TopMemoryContext, RING_SIZE);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	return true;
}

/* Never 0. */
static uint64
document_id(const StoreSpace *space, const char *key)
{
	uint64		place = kit_hash_mix(root->seed, (uint64) MyDatabaseId << 32 | space->document);

	return kit_hash(key, strlen(key), place) | 1;
}

static Part *
part_of(uint64 document)
{
	return &parts[(document >> 32) % root->n_parts];
}

/* The document's head, or NULL. */
static Head *
find_head(Part *part, uint64 document)
{
	Head	   *heads = &part->heads[(document >> 8) % (HEADS / HEADS_OF_DOCUMENT) * HEADS_OF_DOCUMENT];

	for (int i = 0; i < HEADS_OF_DOCUMENT; i++)
	{
		if (heads[i].document == document)
			return &heads[i];
	}
	return NULL;
}

/* A head for a document that has none: a free one, or that of a document that has not changed for longest. */
static Head *
take_head(Part *part, uint64 document)
{
	Head	   *heads = &part->heads[(document >> 8) % (HEADS / HEADS_OF_DOCUMENT) * HEADS_OF_DOCUMENT];
	Head	   *best = &heads[0];

	for (int i = 1; i < HEADS_OF_DOCUMENT && best->document != 0; i++)
	{
		/* NOWHERE + 1 is 0: a document that has no entry goes first */
		if (heads[i].document == 0 || heads[i].newest + 1 < best->newest + 1)
			best = &heads[i];
	}
	best->document = document;
	best->newest = NOWHERE;
	best->to = -1;
	return best;
}

/* The entry at a place, or NULL when something else lies there by now. */
static const Entry *
entry_at(const Part *part, uint64 place)
{
	if (place == NOWHERE || place + RING_SIZE < part->end)
		return NULL;
	return (const Entry *) (part->ring + place % RING_SIZE);
}

/* ---- writing ---- */

static Pending *
nth_pending(int i)
{
	return &pending[(first_pending + i) % PENDING_MAX];
}

void
store_recent_add(const StoreSpace *space, const char *key, TimestampTz created, int64 from, int64 to, DocBytes delta, DocBytes effects)
{
	size_t		len = delta.len + effects.len;
	char	   *data = NULL;
	Pending    *p;

	if (!is_attached())
		return;
	if (len <= ENTRY_MAX)
	{
		data = MemoryContextAlloc(TopTransactionContext, len);
		memcpy(data, delta.data, delta.len);
		if (effects.len > 0)
			memcpy(data + delta.len, effects.data, effects.len);
	}
	if (n_pending == PENDING_MAX)
	{
		if (nth_pending(0)->data != NULL)
			pfree(nth_pending(0)->data);
		first_pending = (first_pending + 1) % PENDING_MAX;
	}
	else
		n_pending++;
	p = nth_pending(n_pending - 1);
	*p = (Pending) {document_id(space, key), created, from, to, GetCurrentTransactionNestLevel(), (uint32) len, (uint32) delta.len, data};
}

/* Puts an entry behind the newest; its place. */
static uint64
put(Part *part, const Pending *p, uint64 before)
{
	Size		size = MAXALIGN(sizeof(Entry) + p->len);
	uint64		place = part->end;
	Entry	   *entry;

	if (place % RING_SIZE + size > RING_SIZE)
		place += RING_SIZE - place % RING_SIZE;
	part->end = place + size;
	entry = (Entry *) (part->ring + place % RING_SIZE);
	*entry = (Entry) {p->document, p->from, p->to, before, p->len, p->delta_len};
	memcpy(entry + 1, p->data, p->len);
	return place;
}

static void
publish(const Pending *p)
{
	Part	   *part = part_of(p->document);
	Head	   *head;

	LWLockAcquire(&part->lock, LW_EXCLUSIVE);
	head = find_head(part, p->document);
	if (head == NULL)
		head = take_head(part, p->document);
	if (head->to != p->from || head->created != p->created)
		head->newest = NOWHERE;
	head->newest = p->data != NULL ? put(part, p, head->newest) : NOWHERE;
	head->to = p->to;
	head->created = p->created;
	LWLockRelease(&part->lock);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
	{
		for (int i = 0; i < n_pending; i++)
			publish(nth_pending(i));
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		n_pending = 0;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId my, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		/* What it made are the last ones. */
		while (n_pending > 0 && nth_pending(n_pending - 1)->level >= level)
			n_pending--;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = n_pending - 1; i >= 0 && nth_pending(i)->level >= level; i--)
			nth_pending(i)->level = level - 1;
	}
}

/* ---- reading ---- */

int
store_recent_find(const StoreSpace *space, const char *key, TimestampTz created, int64 after, int64 upto, StoreRecent found[STORE_RECENT_MAX])
{
	uint64		document;
	Part	   *part;
	const Head *head;
	const Entry *entry;
	int			n = 0;
	Size		size = 0;

	if (!is_attached())
		return 0;
	document = document_id(space, key);
	part = part_of(document);
	LWLockAcquire(&part->lock, LW_SHARED);
	head = find_head(part, document);
	entry = head != NULL && head->created == created ? entry_at(part, head->newest) : NULL;
	for (; entry != NULL && upto > after && n < STORE_RECENT_MAX; entry = entry_at(part, entry->before))
	{
		/* A reader whose snapshot is older starts further back. */
		if (entry->to > upto)
			continue;
		if (entry->document != document || entry->to != upto || entry->from < after || entry->from >= upto || size + entry->len > RING_SIZE)
			break;
		memcpy(copied + size, entry + 1, entry->len);
		found[n++] = (StoreRecent) {
			entry->from, upto, {copied + size, entry->delta_len}, {copied + size + entry->delta_len, entry->len - entry->delta_len}
		};
		size += entry->len;
		upto = entry->from;
	}
	LWLockRelease(&part->lock);
	return n;
}
