/*
 * effects.c
 *	  What events say beside the view, and connections that they end.
 *
 *		a handler calls Messaging.broadcast		vm/builtin_effects.c	an effect in the journal
 *		the event is appended to the log		store/reduce.c			column effects, and the recent changes in shared memory
 *		the emitter follows the document		store/copy.c			each entry's effects, in order, when its delta has been applied
 *		they come here							deliver.c				before what the turn changes of the views
 *
 * What is said is no state: it goes to the connections that have a view by then, each event's as a payload of its own, and to nobody later.  When the turn is rolled
 * back, or the emitter dies before it commits, or the queue of notifications has no room, it is lost: at most once.  It is no change, so no window counts it.
 *
 * That connections end is not lost: it is remembered until that is committed, and an emitter that sees a document for the first time reads its log from where the
 * oldest connection was made.  It ends those that were made until then.
 */
#include "postgres.h"

#include "worker/internal.h"

static void
send_payload(const char *channel, const WorkerPayload *payload)
{
	worker_payload_send(payload, channel);
	worker_deliver_count(worker_payload_size(payload));
}

static void
say_to_each(dlist_head *connections, const WorkerPayload *payload)
{
	dlist_iter	iter;

	dlist_foreach(iter, connections)
		send_payload(dlist_container(WorkerConnection, in_class, iter.cur)->row.id, payload);
}

/* To those of a class who have a view, on one channel or on their own; also when they are behind. */
static void
say_to_audience(WorkerAudience *audience, const KitBuf *json, int64 seq, KitArena *arena)
{
	WorkerPayload payload;
	KitBuf		routed;

	if (dlist_is_empty(&audience->viewers) && dlist_is_empty(&audience->behind))
		return;
	if (audience->listener != NULL)
	{
		kit_buf_init(&routed, arena);
		worker_route(&routed, audience->class->number, NULL, false, json);
		payload = worker_payload_make_routed(routed.data, routed.len, seq);
		send_payload(audience->listener->channel, &payload);
		return;
	}
	payload = worker_payload_make(json->data, json->len, seq);
	say_to_each(&audience->viewers, &payload);
	say_to_each(&audience->behind, &payload);
}

static void
say_to_all(WorkerDocument *document, const KitBuf *json, int64 seq, KitArena *arena)
{
	dlist_iter	iter;
	dlist_iter	each;

	dlist_foreach(iter, &document->classes)
	{
		dlist_foreach(each, &dlist_container(WorkerClass, in_document, iter.cur)->audiences)
			say_to_audience(dlist_container(WorkerAudience, in_class, each.cur), json, seq, arena);
	}
}

static bool
is_of(const WorkerConnection *connection, const VmEffect *effect)
{
	const StoreConnection *row = &connection->row;

	return strncmp(row->agent, effect->agent.str, effect->agent.len) == 0 && row->agent[effect->agent.len] == '\0' &&
		strncmp(row->authority, effect->authority.str, effect->authority.len) == 0 && row->authority[effect->authority.len] == '\0';
}

static void
say_to_some(WorkerDocument *document, const VmEffect *effect, const KitBuf *json)
{
	WorkerPayload payload = worker_payload_make(json->data, json->len, effect->seq);
	dlist_iter	iter;

	dlist_foreach(iter, &document->connections)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

		if (!connection->has_view || !is_of(connection, effect))
			continue;
		if (connection->listener != NULL)
			worker_tell(connection, json->data);
		else
			send_payload(connection->row.id, &payload);
	}
	worker_tell_all(json->data, effect->seq);
}

static void
disconnect(WorkerDocument *document, const VmEffect *effect)
{
	dlist_iter	iter;

	dlist_foreach(iter, &document->connections)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_document, iter.cur);

		if (connection->row.seq > effect->seq || !is_of(connection, effect))
			continue;
		connection->is_disconnected = true;
		worker_connection_close(connection, WORKER_DISCONNECTED_TEXT);
	}
	worker_tell_all(WORKER_DISCONNECTED_TEXT, 0);
}

static void
follow(DocCursor effects, void *arg)
{
	WorkerDocument *document = arg;
	KitArena   *arena = kit_arena_new("adama effects");
	VmEffect	effect;

	while (vm_effect_next(&effects, &effect))
	{
		KitBuf		json;

		kit_buf_init(&json, arena);
		if (effect.disconnects)
			disconnect(document, &effect);
		else if (worker_flow_room() > 0)
		{
			vm_effect_payload(&effect, &json);
			if (effect.is_for_all)
				say_to_all(document, &json, effect.seq, arena);
			else
				say_to_some(document, &effect, &json);
		}
		kit_arena_reset(arena);
	}
	kit_arena_delete(arena);
}

static int64
oldest(void *arg)
{
	WorkerDocument *document = arg;
	int64		seq = PG_INT64_MAX;
	dlist_iter	iter;

	dlist_foreach(iter, &document->connections)
		seq = Min(seq, dlist_container(WorkerConnection, in_document, iter.cur)->row.seq - 1);
	return seq;
}

StoreFollower
worker_effects_follower(WorkerDocument *document)
{
	return (StoreFollower) {follow, oldest, document};
}
