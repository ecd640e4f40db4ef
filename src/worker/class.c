/*
 * class.c
 *	  What the connections of one view class are sent.
 *
 * The class's view is brought up to date once; the change goes to the connections that have the view before it, the whole view to those that have none.
 *
 *		newcomer ---- whole ----> viewer ---- change ----> viewer
 *		   ^                       |    ^
 *		   |          may not be sent  all that it lacks, as one change
 *		   |                       v    |
 *		   +-- too far behind --- behind
 *
 * A connection may not be sent anything while its window is full, or the queue of notifications has no room (flow.c).  What those that are behind lack is kept
 * in the class's trail, as text, within bounds: a connection that stays away for too long starts over.  When none of a class may be sent anything, its
 * view is not brought up to date: it waits as it is, and is later updated from there.
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
	TO_BEHIND,					/* those that are behind: all that they lack */
	TO_NEWCOMERS				/* those that have none: the whole */
} To;

/* A change as connections with channels of their own are sent it: mostly one payload. */
typedef struct Message
{
	int			n;
	WorkerPayload payloads[2];
	size_t		size;
} Message;

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

	worker_stats.messages++;
	send_payload(listener->channel, &payload, worker_payload_size(&payload));
}

/* A gateway is told once, however many connections it has. */
static void
send_to_gateway(const WorkerAudience *audience, VmText data, To to, int64 seq, KitArena *arena)
{
	KitBuf		envelope = make_envelope(data, false, seq, arena);
	KitBuf		routed;
	const dlist_head *those = to == TO_NEWCOMERS ? &audience->newcomers : to == TO_BEHIND ? &audience->behind : &audience->viewers;

	/* All of the class need not be named. */
	if (to == TO_VIEWERS && dlist_is_empty((dlist_head *) &audience->behind))
		those = NULL;
	kit_buf_init(&routed, arena);
	if (to == TO_NEWCOMERS)
	{
		envelope.len--;
		kit_buf_printf(&envelope, ",\"life\":" INT64_FORMAT "}", audience->class->document->copy.created);
	}
	worker_route(&routed, audience->class->number, those, to == TO_NEWCOMERS, &envelope);
	send_routed(audience->listener, &routed, seq);
}

static void
add_payload(Message *message, VmText data, bool is_reset, int64 seq, KitArena *arena)
{
	KitBuf		envelope = make_envelope(data, is_reset, seq, arena);
	WorkerPayload *payload = &message->payloads[message->n++];

	*payload = worker_payload_make(envelope.data, envelope.len, seq);
	message->size += worker_payload_size(payload);
}

static void
send_message(WorkerConnection *connection, const Message *message, int64 seq)
{
	for (int i = 0; i < message->n; i++)
		worker_payload_send(&message->payloads[i], connection->row.id);
	worker_stats.messages++;
	worker_deliver_count(message->size);
	worker_flow_sent(connection, seq);
}

/* The change of the last update, to those that have the view before it; what goes before it, if anything does, is no change of its own. */
static void
send_change_to(WorkerAudience *audience, VmText data, KitArena *arena)
{
	WorkerClass *class = audience->class;
	VmText		before = live_view_before(class->view);
	Message		message = {0};
	dlist_mutable_iter each;

	if (audience->listener != NULL && !dlist_is_empty(&audience->viewers) && worker_flow_has_room(class->document))
	{
		if (before.len > 0)
			send_to_gateway(audience, before, TO_VIEWERS, class->seq, arena);
		send_to_gateway(audience, data, TO_VIEWERS, class->seq, arena);
		return;
	}
	dlist_foreach_modify(each, &audience->viewers)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

		if (audience->listener != NULL || !worker_flow_may_send(connection))
		{
			worker_connection_fell_behind(connection);
			continue;
		}
		if (message.n == 0)
		{
			if (before.len > 0)
				add_payload(&message, before, false, class->seq, arena);
			add_payload(&message, data, false, class->seq, arena);
		}
		send_message(connection, &message, class->seq);
	}
}

static void
send_change(WorkerClass *class, VmText data, KitArena *arena)
{
	dlist_iter	iter;

	dlist_foreach(iter, &class->audiences)
		send_change_to(dlist_container(WorkerAudience, in_class, iter.cur), data, arena);
	if (class->n_behind == 0)
		return;
	if (class->trail == NULL)
		class->trail = live_trail_new(true);
	if (live_view_is_alone(class->view))
		live_trail_clear(class->trail);
	else
		live_trail_add(class->trail, class->version, data.str, data.len, 2 * class->whole_len);
}

/* All that somebody who has this version lacks; false: that can't be told as one change. */
static bool
compose(WorkerClass *class, uint64 version, KitBuf *all, KitArena *arena)
{
	worker_stats.catch_ups++;
	kit_buf_init(all, arena);
	return class->trail != NULL && live_trail_since(class->trail, version, class->version, arena, all);
}

/* Those of a gateway are mostly behind by the same. */
static void
gateway_catches_up(WorkerAudience *audience, KitArena *arena)
{
	WorkerClass *class = audience->class;
	uint64		version = 0;
	bool		is_one = true;
	KitBuf		all;
	dlist_mutable_iter each;

	if (dlist_is_empty(&audience->behind) || !worker_flow_has_room(class->document))
		return;
	version = dlist_head_element(WorkerConnection, in_class, &audience->behind)->version;
	dlist_foreach_modify(each, &audience->behind)
		is_one &= dlist_container(WorkerConnection, in_class, each.cur)->version == version;
	is_one = is_one && compose(class, version, &all, arena);
	if (is_one)
		send_to_gateway(audience, data_text(&all), TO_BEHIND, class->seq, arena);
	dlist_foreach_modify(each, &audience->behind)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

		if (is_one)
			worker_connection_caught_up(connection);
		else
			worker_connection_start_over(connection);
	}
}

static void
each_catches_up(WorkerAudience *audience, KitArena *arena)
{
	WorkerClass *class = audience->class;
	Message		message = {0};
	uint64		version = 0;	/* from which message leads on */
	dlist_mutable_iter each;

	dlist_foreach_modify(each, &audience->behind)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

		if (class->trail == NULL || !live_trail_reaches(class->trail, connection->version, class->version))
		{
			worker_connection_start_over(connection);
			continue;
		}
		if (!worker_flow_may_send(connection))
			continue;
		if (message.n == 0 || version != connection->version)
		{
			KitBuf		all;

			if (!compose(class, connection->version, &all, arena))
			{
				worker_connection_start_over(connection);
				continue;
			}
			message = (Message) {0};
			version = connection->version;
			add_payload(&message, data_text(&all), false, class->seq, arena);
		}
		worker_connection_caught_up(connection);
		send_message(connection, &message, class->seq);
	}
}

static void
catch_up(WorkerClass *class, KitArena *arena)
{
	dlist_iter	iter;

	if (class->n_behind == 0)
		return;
	dlist_foreach(iter, &class->audiences)
	{
		WorkerAudience *audience = dlist_container(WorkerAudience, in_class, iter.cur);

		if (audience->listener != NULL)
			gateway_catches_up(audience, arena);
		else
			each_catches_up(audience, arena);
	}
}

/* Takes out of the newcomers those that have this view. */
static void
take_those_with(WorkerAudience *audience, const KitBuf *had, dlist_head *those)
{
	dlist_mutable_iter each;

	dlist_init(those);
	dlist_foreach_modify(each, &audience->newcomers)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

		if (connection->had != had)
			continue;
		/* It is not there any more in the next turn. */
		connection->had = NULL;
		dlist_delete(&connection->in_class);
		dlist_push_tail(those, &connection->in_class);
	}
}

/*
 * Newcomers that have another view are sent what is different here.  A gateway is told also when nothing is, for it must know the class; those of its connections
 * that have the same at once.  False: they can't be told, or may not be.
 */
static bool
send_difference(WorkerAudience *audience, const KitBuf *had, VmText whole, dlist_head *those, KitArena *arena)
{
	WorkerClass *class = audience->class;
	WorkerConnection *first = dlist_head_element(WorkerConnection, in_class, those);
	Message		message = {0};
	KitBuf		change;
	KitBuf		envelope;
	KitBuf		routed;

	if (!worker_flow_may_send(first))
		return false;
	kit_buf_init(&change, arena);
	if (had->len > 0 && !live_whole_change(had->data, had->len, whole.str, whole.len, arena, &change))
		return false;
	if (audience->listener != NULL)
	{
		envelope = make_envelope(data_text(&change), false, class->seq, arena);
		kit_buf_init(&routed, arena);
		worker_route(&routed, class->number, those, false, &envelope);
		send_routed(audience->listener, &routed, class->seq);
	}
	/* Those with channels of their own come one by one (look.c). */
	else if (change.len > 0)
	{
		add_payload(&message, data_text(&change), false, class->seq, arena);
		send_message(first, &message, class->seq);
	}
	return true;
}

/* A view that some newcomer has; NULL when nobody has any. */
static const KitBuf *
had_by_some(WorkerAudience *audience)
{
	dlist_iter	iter;

	dlist_foreach(iter, &audience->newcomers)
	{
		const KitBuf *had = dlist_container(WorkerConnection, in_class, iter.cur)->had;

		if (had != NULL)
			return had;
	}
	return NULL;
}

static void
send_differences(WorkerAudience *audience, VmText whole, KitArena *arena)
{
	const KitBuf *had;

	while ((had = had_by_some(audience)) != NULL)
	{
		dlist_head	those;
		bool		is_sent;

		take_those_with(audience, had, &those);
		is_sent = send_difference(audience, had, whole, &those, arena);
		while (!dlist_is_empty(&those))
		{
			WorkerConnection *connection = dlist_head_element(WorkerConnection, in_class, &those);

			if (is_sent)
				worker_connection_shown(connection);
			else
			{
				dlist_delete(&connection->in_class);
				dlist_push_tail(&audience->newcomers, &connection->in_class);
			}
		}
	}
}

/* The whole view to those that have none.  whole: empty, or what it is. */
static void
send_whole(WorkerClass *class, KitBuf *whole, KitArena *arena)
{
	Message		message = {0};
	dlist_iter	iter;
	dlist_mutable_iter each;

	if (class->n_newcomers == 0)
		return;
	if (whole->len == 0)
		live_view_whole(class->view, whole);
	class->whole_len = whole->len;
	dlist_foreach(iter, &class->audiences)
	{
		WorkerAudience *audience = dlist_container(WorkerAudience, in_class, iter.cur);
		bool		is_gateway = audience->listener != NULL;

		send_differences(audience, data_text(whole), arena);
		if (dlist_is_empty(&audience->newcomers) || (is_gateway && !worker_flow_has_room(class->document)))
			continue;
		if (is_gateway)
			send_to_gateway(audience, data_text(whole), TO_NEWCOMERS, class->seq, arena);
		dlist_foreach_modify(each, &audience->newcomers)
		{
			WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

			if (!is_gateway)
			{
				if (!worker_flow_may_send(connection))
					continue;
				if (message.n == 0)
					add_payload(&message, data_text(whole), true, class->seq, arena);
				send_message(connection, &message, class->seq);
			}
			worker_connection_shown(connection);
		}
	}
}

/* ---- a turn ---- */

static bool
is_waiting(dlist_head *connections)
{
	dlist_iter	iter;

	dlist_foreach(iter, connections)
	{
		if (!worker_flow_is_full(dlist_container(WorkerConnection, in_class, iter.cur)))
			return false;
	}
	return true;
}

/* None of its connections may be sent anything before it acknowledges something. */
static bool
waits(WorkerClass *class)
{
	dlist_iter	iter;

	if (!class->document->has_windows)
		return false;
	dlist_foreach(iter, &class->audiences)
	{
		WorkerAudience *audience = dlist_container(WorkerAudience, in_class, iter.cur);

		if (audience->listener != NULL || !is_waiting(&audience->viewers) || !is_waiting(&audience->behind) || !is_waiting(&audience->newcomers))
			return false;
	}
	return true;
}

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
	KitDiag		diag = {0};
	KitBuf		data;
	LiveOutcome outcome;
	instr_time	start;

	if (waits(class))
		return;
	kit_buf_init(&data, arena);
	INSTR_TIME_SET_CURRENT(start);
	outcome = compute(document, class, turn, &data, &diag);
	worker_stats_stage(&worker_stats.view_us, &start);
	worker_stats.deltas += outcome == LIVE_DELTA;
	worker_stats.wholes += outcome == LIVE_WHOLE;
	if (outcome == LIVE_FAILED)
	{
		worker_class_failed(class, &diag, arena);
		return;
	}
	class->seq = document->copy.seq;
	class->knows_failure = false;
	if (outcome != LIVE_UNCHANGED)
		class->version++;
	if (outcome == LIVE_WHOLE)
		worker_class_start_over(class);
	if (outcome == LIVE_DELTA)
	{
		send_change(class, data_text(&data), arena);
		kit_buf_clear(&data);
	}
	catch_up(class, arena);
	worker_class_drop_trail(class);
	send_whole(class, &data, arena);
	worker_stats_stage(&worker_stats.send_us, &start);
}
