/*
 * recent.c
 *	  What other sessions have just done to documents, in shared memory.
 *
 * A session that keeps a document in memory finds it some entries behind when others send to it as well: with 32 sessions and any document, 31 on
 * average.  Reading these from the log costs an index probe and a page each, which is more than all the rest of a message; so the small deltas
 * of late are kept here.  This is a cache of the log and nothing more: what is not found here is read there.
 *
 * Shape.  Sets of ENTRIES entries; a document's hash says which set is its.  In a set the newest entry takes the place of the oldest.  An entry is (document,
 * created, from, to, delta): the delta leads from `from` to `to`.  One that is too large has no data and marks the hole.
 *
 * What is in here is committed: entries wait in the transaction that made them until XACT_EVENT_COMMIT, those of a savepoint that is rolled
 * back go.  The document's row is still locked then, so whoever locks it next finds the entry.  An entry at or after the first seq of a new one is of a
 * past that was undone by hand (a restored table), and is taken out.
 *
 * Locks.  Each set has an LWLock, held alone and shortly.  Nothing that happens at commit allocates or can fail.
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

#define ROOT_NAME "adama recent 2"
#define ENTRIES 64				/* of a set */
#define DATA_MAX 280			/* bytes of a delta that is kept */
#define HOLE UINT16_MAX
#define PENDING_MAX 128			/* entries of one transaction; of more, the last */

typedef struct Head
{
	uint64		document;		/* 0: free */
	int64		to;
} Head;

typedef struct Body
{
	TimestampTz created;
	int64		from;
	uint16		len;			/* or HOLE */
	char		data[DATA_MAX];
} Body;

typedef struct Set
{
	LWLock		lock;
	uint32		next;			/* the entry to take next */
	Head		heads[ENTRIES];
	Body		bodies[ENTRIES];
} Set;

/* In the main shared memory: where the sets are. */
typedef struct Root
{
	LWLock		lock;			/* all but the tranche */
	int			tranche;
	bool		has_failed;		/* the memory could not be had: nobody tries again until the server's next start */
	dsm_handle	handle;			/* DSM_HANDLE_INVALID: not made yet */
	uint32		n_sets;
	uint64		seed;			/* keys are the users' to choose: they must not be able to make them collide */
} Root;

typedef struct Pending
{
	uint64		document;
	TimestampTz created;
	int64		from;
	int64		to;
	int			level;			/* of the transaction that made it */
	uint16		len;
	char		data[DATA_MAX];
} Pending;

static Root *root = NULL;
static Set *sets = NULL;
static bool is_off = false;		/* this session does without */

static Pending *pending = NULL;	/* PENDING_MAX of them, for the session's life */
static int	first_pending = 0;	/* they are a ring: from here, n_pending */
static int	n_pending = 0;

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

/* Under the root's lock: finds the sets, or makes them when nobody has.  Without them it leaves sets alone. */
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
		uint32		n_sets = (uint32) ((Size) adama_recent_changes_size * 1024 / sizeof(Set));

		if (n_sets == 0 || root->has_failed || !pg_strong_random(&root->seed, sizeof(root->seed)))
			return;
		root->has_failed = true;
		segment = dsm_create(n_sets * sizeof(Set), 0);
		memset(dsm_segment_address(segment), 0, n_sets * sizeof(Set));
		for (uint32 i = 0; i < n_sets; i++)
			LWLockInitialize(&((Set *) dsm_segment_address(segment))[i].lock, root->tranche);
		dsm_pin_segment(segment);
		root->n_sets = n_sets;
		root->handle = dsm_segment_handle(segment);
		root->has_failed = false;
	}
	dsm_pin_mapping(segment);
	sets = dsm_segment_address(segment);
}

static void at_transaction_end(XactEvent event, void *arg);
static void at_subtransaction_end(SubXactEvent event, SubTransactionId my, SubTransactionId parent, void *arg);

/* Whether there is memory.  A failure to get it is undone in a subtransaction, reported to the log and then forgotten. */
static bool
is_attached(void)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (sets != NULL)
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
		sets = NULL;
		RollbackAndReleaseCurrentSubTransaction();
		ereport(LOG, (errmsg("sessions do without each other's recent changes: %s", error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (sets == NULL)
		return false;

	pending = MemoryContextAlloc(TopMemoryContext, PENDING_MAX * sizeof(Pending));
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

static Set *
set_of(uint64 document)
{
	return &sets[(document >> 32) % root->n_sets];
}

/* ---- writing ---- */

static Pending *
nth_pending(int i)
{
	return &pending[(first_pending + i) % PENDING_MAX];
}

void
store_recent_add(const StoreSpace *space, const char *key, TimestampTz created, int64 from, int64 to, DocBytes delta)
{
	Pending    *p;

	if (!is_attached())
		return;
	if (n_pending == PENDING_MAX)
		first_pending = (first_pending + 1) % PENDING_MAX;
	else
		n_pending++;
	p = nth_pending(n_pending - 1);
	p->document = document_id(space, key);
	p->created = created;
	p->from = from;
	p->to = to;
	p->level = GetCurrentTransactionNestLevel();
	p->len = HOLE;
	if (delta.len <= DATA_MAX)
	{
		p->len = (uint16) delta.len;
		memcpy(p->data, delta.data, delta.len);
	}
}

static void
publish(const Pending *p)
{
	Set		   *set = set_of(p->document);
	Head	   *head;
	Body	   *body;

	LWLockAcquire(&set->lock, LW_EXCLUSIVE);
	for (int i = 0; i < ENTRIES; i++)
	{
		if (set->heads[i].document == p->document && set->heads[i].to > p->from)
			set->heads[i].document = 0;
	}
	head = &set->heads[set->next];
	body = &set->bodies[set->next];
	set->next = (set->next + 1) % ENTRIES;
	head->document = p->document;
	head->to = p->to;
	body->created = p->created;
	body->from = p->from;
	body->len = p->len;
	if (p->len != HOLE)
		memcpy(body->data, p->data, p->len);
	LWLockRelease(&set->lock);
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

/* The entry of the set that ends at seq `to`, or -1. */
static int
find_end(const Set *set, uint64 document, int64 to)
{
	for (int i = 0; i < ENTRIES; i++)
	{
		if (set->heads[i].document == document && set->heads[i].to == to)
			return i;
	}
	return -1;
}

int
store_recent_find(const StoreSpace *space, const char *key, TimestampTz created, int64 after, int64 upto, StoreRecent found[STORE_RECENT_MAX], char **data)
{
	uint64		document;
	Set		   *set;
	int			n = 0;
	Size		size = 0;

	if (!is_attached())
		return 0;
	document = document_id(space, key);
	set = set_of(document);
	*data = palloc(ENTRIES * DATA_MAX);
	LWLockAcquire(&set->lock, LW_SHARED);
	while (upto > after && n < STORE_RECENT_MAX)
	{
		int			i = find_end(set, document, upto);
		const Body *body = &set->bodies[i < 0 ? 0 : i];

		if (i < 0 || body->len == HOLE || body->created != created || body->from < after || body->from >= upto)
			break;
		memcpy(*data + size, body->data, body->len);
		found[n++] = (StoreRecent) {body->from, upto, {*data + size, body->len}};
		size += body->len;
		upto = body->from;
	}
	LWLockRelease(&set->lock);
	return n;
}
