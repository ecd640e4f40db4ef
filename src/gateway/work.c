/*
 * work.c
 *	  Operations, gathered by document.
 *
 *		queued ---- a connection to the database is idle ----> under way ----> answered
 *		  ^                                                        |
 *		  +---- the connection was lost, and it may be repeated ---+
 *
 * Each document has a queue, and only one batch of it is under way: meanwhile its next operations gather.  So operations of one document are run in the order in
 * which they came, whoever sent them, and the batches grow with the load.  A call takes the operations of one kind from the heads of the queues of one space, of as
 * many documents as are ready: each commit carries as much as there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/work_internal.h"

#define BATCH_MAX_BYTES (4 * 1024 * 1024)

static Document *documents;
static Document *ready;
static int	n_queued;
static int64_t bytes_queued;
static int	n_under_way;
static char *listener;			/* NULL: nobody listens */
static int64_t hearing;			/* changes with the listener */
static bool is_going = false;	/* calls are being made, or shall not be made yet */

int
work_n_queued(void)
{
	return n_queued;
}

int64_t
work_bytes_queued(void)
{
	return bytes_queued;
}

int64_t
work_hearing(void)
{
	return hearing;
}

bool
work_is_done(void)
{
	return n_queued == 0 && n_under_way == 0;
}

/* ---- operations ---- */

const char *
op_channel(const Op *op)
{
	return op->texts;
}

const char *
op_dedupe(const Op *op)
{
	return op->dedupe_len == UINT32_MAX ? NULL : op->texts + op->channel_len + 1;
}

const char *
op_text(const Op *op)
{
	return op->texts + op->channel_len + 1 + (op->dedupe_len == UINT32_MAX ? 0 : op->dedupe_len) + 1;
}

static Op *
op_new(OpKind kind, Socket *socket, int64_t request, Principal *who, Text channel, Text dedupe, Text text)
{
	size_t		size = sizeof(Op) + channel.len + dedupe.len + text.len + 3;
	Op		   *op = gateway_alloc(size);
	char	   *p = op->texts;

	op->kind = kind;
	op->socket = socket == NULL ? NULL : socket_hold(socket);
	op->request = request;
	op->who = who == NULL ? NULL : principal_hold(who);
	op->size = size;
	op->channel_len = (uint32_t) channel.len;
	op->dedupe_len = dedupe.str == NULL ? UINT32_MAX : (uint32_t) dedupe.len;
	op->text_len = (uint32_t) text.len;
	if (channel.len > 0)
		memcpy(p, channel.str, channel.len);
	p += channel.len + 1;
	if (dedupe.len > 0)
		memcpy(p, dedupe.str, dedupe.len);
	p += dedupe.len + 1;
	if (text.len > 0)
		memcpy(p, text.str, text.len);
	if (socket != NULL && request != NOBODY_WAITS)
		socket->n_requests++;
	return op;
}

void
op_free(Op *op)
{
	if (op->socket != NULL)
	{
		if (op->request != NOBODY_WAITS)
			op->socket->n_requests--;
		socket_drop(op->socket);
	}
	if (op->stream != NULL)
		stream_drop(op->stream);
	principal_drop(op->who);
	free(op);
}

/* ---- queues ---- */

static Document *
find_document(const char *space, const char *key)
{
	char		name[1200];
	size_t		space_len = strlen(space);
	size_t		key_len = strlen(key);
	size_t		len = space_len + key_len + 2;
	Document   *document;

	/* Names longer than this are refused by the database; they share a queue. */
	if (len > sizeof(name))
		return find_document(space_len > 500 ? "" : space, "");
	memcpy(name, space, space_len + 1);
	memcpy(name + space_len + 1, key, key_len + 1);
	HASH_FIND(hh, documents, name, len, document);
	if (document != NULL)
		return document;
	document = gateway_alloc(sizeof(Document) + len);
	memcpy(document->name, name, len);
	document->space = document->name;
	document->key = document->name + space_len + 1;
	HASH_ADD_KEYPTR(hh, documents, document->name, len, document);
	return document;
}

static bool
is_ready(const Document *document)
{
	return document->ready_prev != NULL;
}

static void
make_ready(Document *document)
{
	if (!is_ready(document) && !document->is_under_way && document->ops != NULL)
		DL_APPEND2(ready, document, ready_prev, ready_next);
}

static void
not_ready(Document *document)
{
	if (!is_ready(document))
		return;
	DL_DELETE2(ready, document, ready_prev, ready_next);
	document->ready_prev = document->ready_next = NULL;
}

static void
let_go(Document *document)
{
	if (document->is_under_way || document->ops != NULL)
		return;
	not_ready(document);
	HASH_DEL(documents, document);
	free(document);
}

static void
queue(Op *op, const char *space, const char *key, bool is_first)
{
	Document   *document = find_document(space, key);

	if (is_first)
		DL_PREPEND(document->ops, op);
	else
		DL_APPEND(document->ops, op);
	document->n_ops++;
	n_queued++;
	bytes_queued += (int64_t) op->size;
	make_ready(document);
	work_go();
}

/* Back to the head, in their order, but behind those that join: they may have come meanwhile, and their connections are those that the operations need. */
void
work_put_back(Document *document, Op *ops)
{
	Op		   *joins = NULL;
	Op		   *op;

	DL_FOREACH(ops, op)
	{
		document->n_ops++;
		n_queued++;
		bytes_queued += (int64_t) op->size;
	}
	while (document->ops != NULL && document->ops->kind == OP_JOIN)
	{
		op = document->ops;
		DL_DELETE(document->ops, op);
		DL_APPEND(joins, op);
	}
	DL_CONCAT(joins, ops);
	DL_CONCAT(joins, document->ops);
	document->ops = joins;
}

static bool
has_room(const char *space, const char *key)
{
	Document   *document = find_document(space, key);
	bool		result = document->n_ops < config.max_queue && bytes_queued < config.max_queue_bytes;

	let_go(document);
	return result;
}

/* ---- asking ---- */

static const Text none = {NULL, 0};

bool
work_create(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Text arg)
{
	if (!has_room(space, key))
		return false;
	queue(op_new(OP_CREATE, socket, request, who, none, none, arg), space, key, false);
	return true;
}

bool
work_delete(Socket *socket, int64_t request, const char *space, const char *key, Principal *who)
{
	if (!has_room(space, key))
		return false;
	queue(op_new(OP_DELETE, socket, request, who, none, none, none), space, key, false);
	return true;
}

/* No document has an empty key: that queue is the space's own. */
bool
work_list(Socket *socket, int64_t request, const char *space, Text marker, int limit)
{
	Op		   *op;

	if (!has_room(space, ""))
		return false;
	op = op_new(OP_LIST, socket, request, NULL, none, none, marker);
	op->number = limit;
	queue(op, space, "", false);
	return true;
}

bool
work_send(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Stream *by, Text channel, Text dedupe, Text message)
{
	Op		   *op;

	if (!has_room(space, key))
		return false;
	op = op_new(OP_SEND, socket, request, who, channel, dedupe, message);
	op->stream = by == NULL ? NULL : stream_hold(by);
	queue(op, space, key, false);
	return true;
}

static Op *
stream_op(OpKind kind, Stream *stream, int64_t request, Text text)
{
	Op		   *op = op_new(kind, stream->socket, request, stream->who, none, none, text);

	op->stream = stream_hold(stream);
	op->number = stream->number;
	return op;
}

/* Joins again come before all that waits: messages of who is not connected would be refused. */
static void
ask_to_join(Stream *stream, bool is_first)
{
	if (stream->is_asked)
		return;
	stream->is_asked = true;
	queue(stream_op(OP_JOIN, stream, NOBODY_WAITS, none), stream->space, stream->key, is_first);
}

void
work_join_again(Stream *stream)
{
	ask_to_join(stream, true);
}

bool
work_join(Stream *stream)
{
	if (!has_room(stream->space, stream->key))
		return false;
	ask_to_join(stream, false);
	return true;
}

/* First the new connection, then the old one goes: the viewer was there all the time. */
void
work_rejoin(Stream *stream)
{
	Op		   *leave;

	if (stream->is_asked)
		return;
	leave = stream_op(OP_LEAVE, stream, NOBODY_WAITS, none);
	stream_renumber(stream);
	metrics.rejoined++;
	work_join_again(stream);
	queue(leave, stream->space, stream->key, false);
}

bool
work_update(Stream *stream, int64_t request, Text viewer)
{
	if (!has_room(stream->space, stream->key))
		return false;
	stream->has_new_viewer = true;
	queue(stream_op(OP_UPDATE, stream, request, viewer), stream->space, stream->key, false);
	return true;
}

void
work_leave(Stream *stream, int64_t request)
{
	Op		   *op = stream_op(OP_LEAVE, stream, request, none);

	queue(op, stream->space, stream->key, false);
	if (request == NOBODY_WAITS)
		stream_end(stream);
}

/* ---- calls ---- */

static void
batch_is_done(DatabaseCall *call, const PGresult *result)
{
	Batch	   *batch = call->arg;

	n_under_way -= batch->n;
	/* Until all are answered, nothing of it may go out again. */
	work_answer_batch(batch, result);
	for (int i = 0; i < batch->n_parts; i++)
	{
		Document   *document = batch->parts[i].document;

		document->is_under_way = false;
		make_ready(document);
		let_go(document);
	}
}

/* A message by a stream waits for somebody who listens, too: it is of somebody who is connected, which nobody is as long as nobody listens. */
static bool
can_go(const Op *op)
{
	return listener != NULL || op->stream == NULL;
}

/* Operations whose client is gone before they were asked for, and that nothing else depends on. */
static bool
is_moot(const Op *op)
{
	return op->kind == OP_JOIN && op->stream->state == STREAM_ENDED;
}

/* The first operations of the document that are of this kind. */
static void
take_part(Batch *batch, Document *document)
{
	Part	   *part = &batch->parts[batch->n_parts];

	*part = (Part) {.document = document};
	while (document->ops != NULL && document->ops->kind == batch->kind && can_go(document->ops) && batch->n < config.max_batch && batch->bytes < BATCH_MAX_BYTES)
	{
		Op		   *op = document->ops;

		DL_DELETE(document->ops, op);
		document->n_ops--;
		n_queued--;
		bytes_queued -= (int64_t) op->size;
		if (is_moot(op))
		{
			op_free(op);
			continue;
		}
		DL_APPEND(part->ops, op);
		part->n++;
		batch->n++;
		batch->bytes += op->size;
		if (batch->kind >= OP_CREATE)
			break;
		if (document->n_single > 0)
		{
			document->n_single--;
			break;
		}
	}
	not_ready(document);
	if (part->n == 0)
	{
		make_ready(document);
		let_go(document);
		return;
	}
	document->is_under_way = true;
	batch->n_parts++;
}

static Document *
first_that_can_go(void)
{
	Document   *document;

	DL_FOREACH2(ready, document, ready_next)
	{
		if (can_go(document->ops))
			return document;
	}
	return NULL;
}

static Batch *
gather(KitArena *arena)
{
	Document   *first = first_that_can_go();
	Document   *document;
	Document   *next;
	Batch	   *batch;
	int			n_seen = 0;
	char		space[512];
	bool		is_alone;

	if (first == NULL)
		return NULL;
	batch = KIT_NEW(arena, Batch);
	batch->kind = first->ops->kind;
	batch->hearing = hearing;
	batch->parts = KIT_NEW_N(arena, Part, config.max_batch + 1);
	snprintf(space, sizeof(space), "%s", first->space);
	is_alone = first->is_alone || first->n_single > 0 || batch->kind >= OP_CREATE;
	take_part(batch, first);
	if (is_alone && batch->n > 0)
		return batch;
	DL_FOREACH_SAFE2(ready, document, next, ready_next)
	{
		if (batch->n >= config.max_batch || batch->bytes >= BATCH_MAX_BYTES || n_seen++ > 4 * config.max_batch)
			break;
		if (document->ops->kind == batch->kind && can_go(document->ops) && !document->is_alone && document->n_single == 0 && strcmp(document->space, space) == 0)
			take_part(batch, document);
	}
	return batch;
}

void
work_go(void)
{
	/* A call that is answered at once comes back here. */
	if (is_going)
		return;
	is_going = true;
	while (database_can_run() && ready != NULL)
	{
		DatabaseCall *call = database_call_new(batch_is_done, NULL);
		Batch	   *batch = gather(call->arena);

		if (batch == NULL)
		{
			kit_arena_delete(call->arena);
			break;
		}
		if (batch->n == 0)
		{
			kit_arena_delete(call->arena);
			continue;
		}
		call->arg = batch;
		work_fill_call(call, batch, listener);
		n_under_way += batch->n;
		gateway_log(GATEWAY_DEBUG, "call", "kind=%d documents=%d operations=%d space=\"%s\"", batch->kind, batch->n_parts, batch->n, batch->parts[0].document->space);
		metrics.calls++;
		metrics.operations += batch->n;
		database_run(call);
	}
	is_going = false;
}

/* ---- listening ---- */

void
work_listening(const char *to)
{
	free(listener);
	listener = gateway_copy(to, strlen(to));
	hearing++;
	/* Nothing is sent before all have asked to join: a message that waited is refused when its sender has not joined yet. */
	is_going = true;
	stream_each(work_join_again);
	is_going = false;
	work_go();
}

void
work_deaf(void)
{
	free(listener);
	listener = NULL;
	hearing++;
	stream_deaf();
}

void
work_give_up(void)
{
	Document   *document;
	Document   *next;

	HASH_ITER(hh, documents, document, next)
	{
		Op		   *op;
		Op		   *following;

		DL_FOREACH_SAFE(document->ops, op, following)
		{
			DL_DELETE(document->ops, op);
			document->n_ops--;
			n_queued--;
			bytes_queued -= (int64_t) op->size;
			if (op->kind != OP_JOIN && op->kind != OP_LEAVE)
				work_answer_failure(op, "08006", "the gateway is stopping");
			op_free(op);
		}
		let_go(document);
	}
}
