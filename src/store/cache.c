/*
 * cache.c
 *	  The documents that this backend keeps in memory between messages.
 *
 * An entry is found by table and key.  It says nothing about what is committed: whoever uses it has locked or read the row first, and
 * brings the copy to that row's seq (copy.c).  So nobody has to be told when another backend moves a document on.
 *
 * Transactions.  What a message changed is in the copy at once, but becomes true only at commit.  An entry is touched with the nesting level of the
 * transaction that changes it; when that level aborts the entry is dropped, when it commits into its parent the level goes down with it:
 *
 *		level 2		SAVEPOINT a			touched = 2
 *		level 2		RELEASE a			touched = 1		what was done is now level 1's
 *		level 1		ROLLBACK			dropped
 *
 * A copy that is loaded, or brought forward, from a row that this very transaction wrote is touched as well: it may have been evicted, or dropped with a
 * savepoint, after the transaction changed the document.
 *
 * Where the transaction wrote the row last (tid), and rows of what it publishes, is kept until it ends: a transaction that sends many messages to one document would
 * otherwise walk through all the versions that it made, more with each message.  Where the row was found (place.c) is kept as long as the entry.
 *
 * An error in the middle of a message aborts a level at or above the entry's, so a copy that was left half-way is dropped too.  A transaction that touched
 * documents cannot be prepared: the copies would outlive it without anybody knowing how it ended.
 *
 * Memory: least recently used entries go when adama.document_cache_size is exceeded, at the next use of the cache; the most recent one always stays.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "adama.h"
#include "kit/hash.h"
#include "store/internal.h"

static HTAB *cache = NULL;
static uint64 seed = 0;			/* keys are the users' to choose: they must not be able to make them collide */
static dlist_head lru = DLIST_STATIC_INIT(lru);	/* most recently used first */
static size_t total_memory = 0;	/* of all entries */
static dlist_head touched = DLIST_STATIC_INIT(touched);

static void
untouch(StoreCacheEntry *entry)
{
	if (entry->touched != 0)
		dlist_delete(&entry->touched_link);
	entry->touched = 0;
	ItemPointerSetInvalid(&entry->tid);
	for (int i = 0; i < entry->n_replicas; i++)
		ItemPointerSetInvalid(&entry->replicas[i].own);
}

void
store_cache_drop(StoreCacheEntry *entry)
{
	untouch(entry);
	dlist_delete(&entry->lru);
	total_memory -= entry->memory;
	store_copy_free(&entry->copy);
	pfree(entry->key);
	if (entry->replicas != NULL)
		pfree(entry->replicas);
	hash_search(cache, &entry->id, HASH_REMOVE, NULL);
}

/* Drops what was touched at this nesting level or deeper. */
static void
drop_touched(int level)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &touched)
	{
		StoreCacheEntry *entry = dlist_container(StoreCacheEntry, touched_link, iter.cur);

		if (entry->touched >= level)
			store_cache_drop(entry);
	}
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	dlist_mutable_iter iter;

	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			dlist_foreach_modify(iter, &touched)
				untouch(dlist_container(StoreCacheEntry, touched_link, iter.cur));
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			drop_touched(1);
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (!dlist_is_empty(&touched))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has sent messages to documents")));
			break;
		default:
			break;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId my, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_iter	iter;

	switch (event)
	{
		case SUBXACT_EVENT_COMMIT_SUB:
			dlist_foreach(iter, &touched)
			{
				StoreCacheEntry *entry = dlist_container(StoreCacheEntry, touched_link, iter.cur);

				if (entry->touched == level)
					entry->touched = level - 1;
			}
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			drop_touched(level);
			break;
		default:
			break;
	}
}

void
store_cache_touch(StoreCacheEntry *entry)
{
	if (entry->touched == 0)
		dlist_push_head(&touched, &entry->touched_link);
	entry->touched = GetCurrentTransactionNestLevel();
}

/* Counts what the entry holds now; whoever uses an entry changes it, so the one used last is counted again at the next use of the cache. */
static void
count_memory(StoreCacheEntry *entry)
{
	size_t		memory = (entry->copy.doc != NULL ? vm_doc_memory(entry->copy.doc) : 0) + sizeof(StoreReplicaPlace) * (size_t) entry->n_replicas;

	total_memory += memory - entry->memory;
	entry->memory = memory;
}

static void
trim(void)
{
	size_t		budget = (size_t) adama_document_cache_size * 1024;
	dlist_node *node;

	if (dlist_is_empty(&lru))
		return;
	count_memory(dlist_container(StoreCacheEntry, lru, dlist_head_node(&lru)));
	node = dlist_tail_node(&lru);
	while (total_memory > budget && node != dlist_head_node(&lru))
	{
		StoreCacheEntry *entry = dlist_container(StoreCacheEntry, lru, node);

		node = dlist_prev_node(&lru, node);
		if (!entry->is_in_use)
			store_cache_drop(entry);
	}
}

static void
make_cache(void)
{
	HASHCTL		ctl = {.keysize = sizeof(StoreCacheKey), .entrysize = sizeof(StoreCacheEntry), .hcxt = TopMemoryContext};

	cache = hash_create("adama documents", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
}

static StoreCacheKey
cache_key(StoreSpace *space, const char *key)
{
	StoreCacheKey id;

	if (cache == NULL)
		make_cache();
	id.relation = space->document;
	id.hash = kit_hash(key, strlen(key), seed);
	return id;
}

StoreCacheEntry *
store_cache_find(StoreSpace *space, const char *key)
{
	StoreCacheKey id = cache_key(space, key);
	StoreCacheEntry *entry = hash_search(cache, &id, HASH_FIND, NULL);

	return entry != NULL && strcmp(entry->key, key) == 0 ? entry : NULL;
}

StoreCacheEntry *
store_cache_entry(StoreSpace *space, const char *key)
{
	StoreCacheKey id = cache_key(space, key);
	StoreCacheEntry *entry;
	bool		found;

	trim();
	entry = hash_search(cache, &id, HASH_FIND, NULL);
	if (entry != NULL && strcmp(entry->key, key) != 0)
	{
		store_cache_drop(entry);
		entry = NULL;
	}
	if (entry != NULL)
	{
		dlist_move_head(&lru, &entry->lru);
		return entry;
	}

	{
		char	   *copy = MemoryContextStrdup(TopMemoryContext, key);

		entry = hash_search(cache, &id, HASH_ENTER, &found);
		Assert(!found);
		entry->key = copy;
		memset(&entry->copy, 0, sizeof(entry->copy));
		entry->memory = 0;
		entry->touched = 0;
		entry->is_in_use = false;
		ItemPointerSetInvalid(&entry->tid);
		memset(&entry->place, 0, sizeof(entry->place));
		entry->replicas = NULL;
		entry->n_replicas = 0;
		dlist_push_head(&lru, &entry->lru);
	}
	return entry;
}
