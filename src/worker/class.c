/*
 * class.c
 *	  What the connections of one view class are sent.
 *
 * The class's view is brought up to date once; the change goes to the connections that have the view before it, the whole view to those that have none.
 *
 * What a class was sent and what its view remembers must agree, or a delta would be lost.  Whenever what was notified is rolled back, the
 * view is thrown away and its connections count as having none: they start over with a whole view.
 */
#include "postgres.h"

#include "worker/internal.h"

void
worker_class_drop_view(WorkerClass *class)
{
	if (class->view != NULL)
		live_view_free(class->view);
	class->view = NULL;
	class->seq = 0;
	worker_class_start_over(class);
}

static VmText
data_text(const KitBuf *data)
{
	return (VmText) {data->data, (uint32) data->len};
}

/* ---- sending ---- */

/* Whom of a class something is for. */
typedef enum To
{
	TO_VIEWERS,					/* those that have the view before it */
	TO_NEWCOMERS				/* those that have none: the whole */
} To;

static void
send_payload(const char *channel, const WorkerPayload *payload, size_t size)
{
	worker_payload_send(payload, channel);
	worker_deliver_count(size);
}

static KitBuf
make_envelope(VmText data, bool is_reset, int64 seq, KitArena *arena)
{
	KitBuf		envelope;

	kit_buf_init(&envelope, arena);
	live_envelope(&envelope, data.str, data.len, is_reset, seq);
	return envelope;
}

static void
send_routed(const WorkerListener *listener, const KitBuf *routed, int64 seq)
{
	WorkerPayload payload = worker_payload_make_routed(routed->data, routed->len, seq);

	send_payload(listener->channel, &payload, worker_payload_size(&payload));
}

/* A gateway is told once, however many connections it has. */
static void
send_to_gateway(const WorkerAudience *audience, VmText data, To to, int64 seq, KitArena *arena)
{
	KitBuf		envelope = make_envelope(data, false, seq, arena);
	KitBuf		routed;

	kit_buf_init(&routed, arena);
	if (to == TO_NEWCOMERS)
	{
		envelope.len--;
		kit_buf_printf(&envelope, ",\"life\":" INT64_FORMAT "}", audience->class->document->copy.created);
	}
	worker_route(&routed, audience->class->number, to == TO_NEWCOMERS ? &audience->newcomers : NULL, to == TO_NEWCOMERS, &envelope);
	send_routed(audience->listener, &routed, seq);
}

static void
send_to_each(const dlist_head *connections, VmText data, To to, int64 seq, KitArena *arena)
{
	KitBuf		envelope = make_envelope(data, to == TO_NEWCOMERS, seq, arena);
	WorkerPayload payload = worker_payload_make(envelope.data, envelope.len, seq);
	size_t		size = worker_payload_size(&payload);
	dlist_iter	iter;

	dlist_foreach(iter, (dlist_head *) connections)
		send_payload(dlist_container(WorkerConnection, in_class, iter.cur)->row.id, &payload, size);
}

static void
send_to(WorkerClass *class, VmText data, To to, int64 seq, KitArena *arena)
{
	dlist_iter	iter;

	dlist_foreach(iter, &class->audiences)
	{
		WorkerAudience *audience = dlist_container(WorkerAudience, in_class, iter.cur);
		dlist_head *those = to == TO_NEWCOMERS ? &audience->newcomers : &audience->viewers;

		if (dlist_is_empty(those))
			continue;
		if (audience->listener != NULL)
			send_to_gateway(audience, data, to, seq, arena);
		else
			send_to_each(those, data, to, seq, arena);
	}
}

/* The change from the view that the connection has.  A gateway is told also when there is none, for it must know the class. */
static void
send_one(WorkerConnection *connection, VmText data, int64 seq, KitArena *arena)
{
	KitBuf		envelope = make_envelope(data, false, seq, arena);
	KitBuf		routed;
	WorkerPayload payload;

	if (connection->listener != NULL)
	{
		kit_buf_init(&routed, arena);
		worker_route_one(&routed, connection, &envelope);
		send_routed(connection->listener, &routed, seq);
	}
	else if (data.len > 0)
	{
		payload = worker_payload_make(envelope.data, envelope.len, seq);
		send_payload(connection->row.id, &payload, worker_payload_size(&payload));
	}
}

/* Newcomers that have another view are sent what is different here. */
static void
send_differences(WorkerClass *class, VmText whole, int64 seq, KitArena *arena)
{
	dlist_iter	iter;
	dlist_mutable_iter each;

	dlist_foreach(iter, &class->audiences)
	{
		dlist_foreach_modify(each, &dlist_container(WorkerAudience, in_class, iter.cur)->newcomers)
		{
			WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);
			KitBuf		change;

			if (connection->had == NULL)
				continue;
			kit_buf_init(&change, arena);
			if (connection->had->len > 0 && !live_whole_change(connection->had->data, connection->had->len, whole.str, whole.len, arena, &change))
				continue;
			send_one(connection, data_text(&change), seq, arena);
			worker_connection_shown(connection);
		}
	}
}

/* ---- a turn ---- */

/* The view of now, or what is different. */
static LiveOutcome
compute(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitBuf *data, KitDiag *diag)
{
	if (class->view == NULL)
	{
		LiveViewer	viewer = worker_connection_viewer(worker_class_any(class));

		class->view = live_view_new(document->live, &viewer, diag);
		if (class->view == NULL)
			return LIVE_FAILED;
	}
	if (class->seq == document->copy.seq && !class->looks_anew)
		return LIVE_UNCHANGED;
	class->looks_anew = false;
	return live_view_update(class->view, turn, data, diag);
}

void
worker_connection_failed(WorkerConnection *connection, const char *json)
{
	if (!connection->knows_failure)
		worker_tell(connection, json);
	connection->knows_failure = true;
	/* a whole view will follow */
	connection->may_resume = false;
	connection->had = NULL;
}

void
worker_class_failed(WorkerClass *class, const KitDiag *diag, KitArena *arena)
{
	char	   *json;
	dlist_iter	iter;
	dlist_iter	each;

	worker_class_drop_view(class);
	if (class->knows_failure)
		return;
	json = worker_failure_text(arena, kit_error_sqlstate(diag->code), diag->message);
	dlist_foreach(iter, &class->audiences)
	{
		dlist_foreach(each, &dlist_container(WorkerAudience, in_class, iter.cur)->newcomers)
			worker_connection_failed(dlist_container(WorkerConnection, in_class, each.cur), json);
	}
	worker_tell_all(json, class->document->copy.seq);
	class->knows_failure = true;
}

void
worker_class_deliver(WorkerDocument *document, WorkerClass *class, LiveTurn *turn, KitArena *arena)
{
	int64		seq = document->copy.seq;
	KitDiag		diag = {0};
	KitBuf		data;
	LiveOutcome outcome;

	kit_buf_init(&data, arena);
	outcome = compute(document, class, turn, &data, &diag);
	if (outcome == LIVE_FAILED)
	{
		worker_class_failed(class, &diag, arena);
		return;
	}
	class->seq = seq;
	class->knows_failure = false;
	if (outcome == LIVE_DELTA)
	{
		VmText		before = live_view_before(class->view);

		if (before.len > 0)
			send_to(class, before, TO_VIEWERS, seq, arena);
		send_to(class, data_text(&data), TO_VIEWERS, seq, arena);
	}
	if (outcome == LIVE_WHOLE)
		worker_class_start_over(class);
	if (class->n_newcomers > 0)
	{
		if (outcome != LIVE_WHOLE)
		{
			kit_buf_clear(&data);
			live_view_whole(class->view, &data);
		}
		send_differences(class, data_text(&data), seq, arena);
		send_to(class, data_text(&data), TO_NEWCOMERS, seq, arena);
		worker_class_shown(class);
	}
}
