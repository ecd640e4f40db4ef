/*
 * audience.c
 *	  Which connections of a document see the same, and on which channels they are told.
 *
 *		WorkerDocument
 *		  ungrouped			connections that belong to no class yet
 *		  WorkerClass			a name that says what is seen, and a number by which gateways know it
 *		    WorkerAudience		a channel (or all connections that have one of their own)
 *		      newcomers				have no view
 *		      viewers				have the view as of the class's seq
 *		      behind				have an earlier one: they may not be sent anything (flow.c)
 *
 * Thousands of connections can belong to a document, in one class or in as many as there are: classes are found by the hash of their names, and connections
 * move from list to list one at a time, when something happens to them.  A change of the document looks at classes and audiences only.
 *
 * Numbers of classes never come twice, not even in another emitter: they count up from a random one.  Clients know them as JSON numbers.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "kit/hash.h"
#include "worker/internal.h"

/* The classes of a document whose names have one hash: nearly always one. */
typedef struct Chain
{
	struct
	{
		WorkerDocument *document;
		uint64		hash;
	}			id;				/* hash key */
	WorkerClass *first;
} Chain;

static MemoryContext memory;
static HTAB *chains;
static uint64 seed;
static int64 last_number;

void
worker_audience_init(MemoryContext context)
{
	HASHCTL		ctl = {.keysize = sizeof(((Chain *) NULL)->id),.entrysize = sizeof(Chain),.hcxt = context};
	uint64		random[2];

	memory = context;
	chains = hash_create("adama classes", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	if (!pg_strong_random(random, sizeof(random)))
		ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	seed = random[0];
	last_number = (int64) (random[1] >> 12);
}

/* ---- classes ---- */

static Chain *
chain_of(WorkerDocument *document, uint64 hash, HASHACTION action)
{
	Chain		wanted = {.id = {document, hash}};
	Chain	   *chain;
	bool		found;

	chain = hash_search(chains, &wanted.id, action, &found);
	if (action == HASH_ENTER && !found)
		chain->first = NULL;
	return chain;
}

static void
set_name(WorkerClass *class, VmText name)
{
	Chain	   *chain;

	class->hash = kit_hash(name.str, name.len, seed);
	class->name = MemoryContextAlloc(memory, name.len + 1);
	memcpy(class->name, name.str, name.len);
	class->name_len = name.len;
	chain = chain_of(class->document, class->hash, HASH_ENTER);
	class->next = chain->first;
	chain->first = class;
}

static void
clear_name(WorkerClass *class)
{
	Chain	   *chain = chain_of(class->document, class->hash, HASH_FIND);
	WorkerClass **link = &chain->first;

	while (*link != class)
		link = &(*link)->next;
	*link = class->next;
	if (chain->first == NULL)
		(void) chain_of(class->document, class->hash, HASH_REMOVE);
	pfree(class->name);
}

WorkerClass *
worker_document_find_class(WorkerDocument *document, VmText name)
{
	Chain	   *chain = chain_of(document, kit_hash(name.str, name.len, seed), HASH_FIND);

	for (WorkerClass *class = chain != NULL ? chain->first : NULL; class != NULL; class = class->next)
	{
		if (class->name_len == name.len && memcmp(class->name, name.str, name.len) == 0)
			return class;
	}
	return NULL;
}

WorkerClass *
worker_document_class(WorkerDocument *document, VmText name)
{
	WorkerClass *class = worker_document_find_class(document, name);

	if (class != NULL)
		return class;
	class = MemoryContextAllocZero(memory, sizeof(WorkerClass));
	class->document = document;
	class->number = ++last_number;
	dlist_init(&class->audiences);
	set_name(class, name);
	dlist_push_tail(&document->classes, &class->in_document);
	return class;
}

void
worker_class_rename(WorkerClass *class, VmText name)
{
	clear_name(class);
	set_name(class, name);
}

/* It has no connections. */
static void
drop_class(WorkerClass *class)
{
	clear_name(class);
	dlist_delete(&class->in_document);
	if (class->view != NULL)
		live_view_free(class->view);
	if (class->trail != NULL)
		live_trail_free(class->trail);
	pfree(class);
}

WorkerConnection *
worker_class_any(WorkerClass *class)
{
	WorkerAudience *audience = dlist_head_element(WorkerAudience, in_class, &class->audiences);

	dlist_head *those = &audience->viewers;

	if (dlist_is_empty(those))
		those = dlist_is_empty(&audience->behind) ? &audience->newcomers : &audience->behind;
	return dlist_head_element(WorkerConnection, in_class, those);
}

void
worker_document_ungroup(WorkerDocument *document)
{
	dlist_iter	iter;

	dlist_foreach(iter, &document->connections)
		worker_connection_ungroup(dlist_container(WorkerConnection, in_document, iter.cur));
	if (document->live != NULL)
		live_document_free(document->live);
	document->live = NULL;
}

/* ---- their connections ---- */

static WorkerAudience *
audience_of(WorkerClass *class, WorkerListener *listener)
{
	WorkerAudience *audience;
	dlist_iter	iter;

	dlist_foreach(iter, &class->audiences)
	{
		audience = dlist_container(WorkerAudience, in_class, iter.cur);
		if (audience->listener == listener)
			return audience;
	}
	audience = MemoryContextAllocZero(memory, sizeof(WorkerAudience));
	audience->class = class;
	audience->listener = listener;
	dlist_init(&audience->viewers);
	dlist_init(&audience->behind);
	dlist_init(&audience->newcomers);
	dlist_push_tail(&class->audiences, &audience->in_class);
	return audience;
}

void
worker_connection_group(WorkerConnection *connection, WorkerClass *class)
{
	dlist_delete(&connection->in_class);
	connection->class = class;
	connection->audience = audience_of(class, connection->listener);
	dlist_push_tail(&connection->audience->newcomers, &connection->in_class);
	class->n_connections++;
	class->n_newcomers++;
	class->knows_failure = false;
	worker_board_class(connection);
}

static void
set_behind(WorkerConnection *connection, bool is_behind)
{
	if (connection->is_behind == is_behind)
		return;
	connection->class->n_behind += is_behind ? 1 : -1;
	connection->is_behind = is_behind;
	worker_board_behind(connection, is_behind);
}

void
worker_connection_ungroup(WorkerConnection *connection)
{
	WorkerClass *class = connection->class;
	WorkerAudience *audience = connection->audience;

	if (class == NULL)
		return;
	dlist_delete(&connection->in_class);
	dlist_push_tail(&class->document->ungrouped, &connection->in_class);
	class->n_connections--;
	class->n_newcomers -= !connection->has_view;
	set_behind(connection, false);
	connection->class = NULL;
	connection->audience = NULL;
	connection->has_view = false;
	connection->had = NULL;
	if (dlist_is_empty(&audience->viewers) && dlist_is_empty(&audience->behind) && dlist_is_empty(&audience->newcomers))
	{
		dlist_delete(&audience->in_class);
		pfree(audience);
	}
	if (class->n_connections == 0)
		drop_class(class);
}

void
worker_connection_shown(WorkerConnection *connection)
{
	dlist_delete(&connection->in_class);
	dlist_push_tail(&connection->audience->viewers, &connection->in_class);
	connection->class->n_newcomers--;
	connection->has_view = true;
	connection->had = NULL;
	connection->may_resume = false;
	connection->knows_failure = false;
}

void
worker_connection_fell_behind(WorkerConnection *connection)
{
	dlist_delete(&connection->in_class);
	dlist_push_tail(&connection->audience->behind, &connection->in_class);
	set_behind(connection, true);
	connection->version = connection->class->version - 1;
}

void
worker_connection_caught_up(WorkerConnection *connection)
{
	dlist_delete(&connection->in_class);
	dlist_push_tail(&connection->audience->viewers, &connection->in_class);
	set_behind(connection, false);
}

void
worker_connection_start_over(WorkerConnection *connection)
{
	dlist_delete(&connection->in_class);
	dlist_push_tail(&connection->audience->newcomers, &connection->in_class);
	set_behind(connection, false);
	connection->has_view = false;
	connection->class->n_newcomers++;
}

void
worker_class_start_over(WorkerClass *class)
{
	dlist_iter	iter;
	dlist_mutable_iter each;

	dlist_foreach(iter, &class->audiences)
	{
		WorkerAudience *audience = dlist_container(WorkerAudience, in_class, iter.cur);

		dlist_foreach_modify(each, &audience->viewers)
			worker_connection_start_over(dlist_container(WorkerConnection, in_class, each.cur));
		dlist_foreach_modify(each, &audience->behind)
			worker_connection_start_over(dlist_container(WorkerConnection, in_class, each.cur));
	}
	worker_class_drop_trail(class);
}

void
worker_class_drop_trail(WorkerClass *class)
{
	if (class->n_behind > 0 || class->trail == NULL)
		return;
	live_trail_free(class->trail);
	class->trail = NULL;
}
