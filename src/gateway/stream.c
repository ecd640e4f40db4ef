/*
 * stream.c
 *	  From what the database says to the streams that it is for, and from there to their sockets.
 *
 *		JOINING ---- the database let it in ----> LIVE ---- end, by client, database or socket ----> ENDED
 *
 * When nobody listened for a while, all streams are joined again, from the seqs that they have; those that are LIVE stay so, and their clients notice a pause.
 *
 * A payload names connections, which then belong to its class, or just the class: all that belong to it.  It is one Body for all of them.  A stream whose
 * socket has not taken the last one has both composed: there is always at most one change to be sent.  When that grows beyond config.max_pending it is thrown away,
 * and everything that comes; once the socket takes something, the stream is joined again from the seq that its client has, and gets one change.
 */
#include "gateway/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "doc/doc.h"
#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/work.h"

#define WORDS_MAX 64			/* of one stream, that wait, in config.max_pending bytes; older ones are dropped */

struct StreamClass
{
	UT_hash_handle hh;
	int64_t		number;
	Stream	   *members;
};

typedef struct Words
{
	struct Words *prev;
	struct Words *next;
	Body	   *body;
} Words;

static Stream *streams;			/* by number */
static StreamClass *classes;
static int64_t last_number;

/* A payload of several parts, so far. */
static char *parts;
static size_t parts_len;
static int64_t n_parts_heard;

int
stream_count(void)
{
	return (int) HASH_COUNT(streams);
}

/* ---- classes ---- */

static void
leave_class(Stream *stream)
{
	StreamClass *class = stream->class;

	if (class == NULL)
		return;
	stream->class = NULL;
	DL_DELETE2(class->members, stream, class_prev, class_next);
	if (class->members != NULL)
		return;
	HASH_DEL(classes, class);
	free(class);
}

static void
enter_class(Stream *stream, int64_t number)
{
	StreamClass *class;

	if (stream->class != NULL && stream->class->number == number)
		return;
	leave_class(stream);
	HASH_FIND(hh, classes, &number, sizeof(number), class);
	if (class == NULL)
	{
		class = GATEWAY_NEW(StreamClass);
		class->number = number;
		HASH_ADD(hh, classes, number, sizeof(class->number), class);
	}
	DL_APPEND2(class->members, stream, class_prev, class_next);
	stream->class = class;
}

/* ---- life ---- */

static void
add_number(Stream *stream)
{
	stream->number = ++last_number;
	HASH_ADD(hh, streams, number, sizeof(stream->number), stream);
}

Stream *
stream_new(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, const char *viewer, int64_t since, int64_t life)
{
	Stream	   *stream = GATEWAY_NEW(Stream);

	stream->n_refs = 1;			/* the socket's */
	stream->socket = socket;
	stream->request = request;
	stream->space = gateway_copy(space, strlen(space));
	stream->key = gateway_copy(key, strlen(key));
	stream->who = principal_hold(who);
	stream->viewer = gateway_copy(viewer, strlen(viewer));
	stream->has = since;
	stream->life = life;
	add_number(stream);
	DL_APPEND(socket->streams, stream);
	socket->n_streams++;
	return stream;
}

Stream *
stream_find(const Socket *socket, int64_t request)
{
	Stream	   *stream;

	DL_FOREACH(socket->streams, stream)
	{
		if (stream->request == request)
			return stream;
	}
	return NULL;
}

Stream *
stream_hold(Stream *stream)
{
	stream->n_refs++;
	return stream;
}

void
stream_drop(Stream *stream)
{
	if (--stream->n_refs > 0)
		return;
	free(stream->space);
	free(stream->key);
	free(stream->viewer);
	principal_drop(stream->who);
	free(stream);
}

static void
drop_words(Stream *stream, Words *words)
{
	DL_DELETE(stream->words, words);
	stream->n_words--;
	stream->words_bytes -= words->body->len;
	body_drop(words->body);
	free(words);
}

static void
drop_changes(Stream *stream)
{
	body_drop(stream->pending);
	body_drop(stream->rest);
	stream->pending = stream->rest = NULL;
}

void
stream_end(Stream *stream)
{
	Socket	   *socket = stream->socket;

	if (stream->state == STREAM_ENDED)
		return;
	stream->state = STREAM_ENDED;
	leave_class(stream);
	HASH_DEL(streams, stream);
	drop_changes(stream);
	while (stream->words != NULL)
		drop_words(stream, stream->words);
	if (stream->is_ready)
		DL_DELETE2(socket->ready, stream, ready_prev, ready_next);
	stream->is_ready = false;
	DL_DELETE(socket->streams, stream);
	socket->n_streams--;
	stream->socket = NULL;
	stream_drop(stream);
}

void
stream_renumber(Stream *stream)
{
	leave_class(stream);
	HASH_DEL(streams, stream);
	add_number(stream);
}

void
stream_each(void (*visit) (Stream *stream))
{
	Stream	   *stream;
	Stream	   *next;

	HASH_ITER(hh, streams, stream, next)
		visit(stream);
}

/* ---- what is to be sent ---- */

static bool
has_something(const Stream *stream)
{
	return stream->state == STREAM_LIVE && (stream->pending != NULL || stream->rest != NULL || stream->words != NULL || (stream->is_skipping && !stream->is_asked));
}

static void
tell_socket(Stream *stream)
{
	if (stream->is_ready || !has_something(stream))
		return;
	stream->is_ready = true;
	DL_APPEND2(stream->socket->ready, stream, ready_prev, ready_next);
	socket_has_news(stream->socket);
}

static void
take_word(Stream *stream, Body *body)
{
	Words	   *words = GATEWAY_NEW(Words);

	words->body = body_hold(body);
	DL_APPEND(stream->words, words);
	stream->n_words++;
	stream->words_bytes += body->len;
	while (stream->n_words > WORDS_MAX || (stream->n_words > 1 && stream->words_bytes > (size_t) config.max_pending))
		drop_words(stream, stream->words);
}

static void
take_change(Stream *stream, Body *body)
{
	Body	   *both;

	if (stream->is_skipping && !body->is_reset)
		return;
	stream->is_skipping = false;
	if (stream->pending == NULL)
	{
		stream->pending = body_hold(body);
		return;
	}
	both = body_compose(stream->pending, body, (size_t) config.max_pending);
	metrics.composed++;
	body_drop(stream->pending);
	stream->pending = both;
	stream->is_skipping = both == NULL;
	metrics.skipped += both == NULL;
}

static void
take(Stream *stream, Body *body)
{
	if (body->is_change)
		take_change(stream, body);
	else
		take_word(stream, body);
	tell_socket(stream);
}

/* ---- joining ---- */

static void
send_filter(Stream *stream, const char *filter)
{
	KitArena   *arena = kit_arena_new("adama gateway filter");
	KitBuf		frame;

	kit_buf_init(&frame, arena);
	kit_buf_printf(&frame, "{\"deliver\":%lld,\"done\":false,\"response\":{\"delta\":{\"view-state-filter\":", (long long) stream->request);
	kit_buf_add_str(&frame, filter);
	kit_buf_add_str(&frame, "}}}");
	socket_send(stream->socket, frame.data, frame.len);
	kit_arena_delete(arena);
}

void
stream_joined(Stream *stream, const char *filter)
{
	if (stream->state == STREAM_JOINING && filter != NULL)
		send_filter(stream, filter);
	stream->state = STREAM_LIVE;
	tell_socket(stream);
}

void
stream_deaf(void)
{
	free(parts);
	parts = NULL;
	parts_len = 0;
	n_parts_heard = 0;
	stream_each(leave_class);
}

/* What was heard is still to be written: what is asked for comes after it. */
int64_t
stream_since(const Stream *stream)
{
	if (stream->has_new_viewer)
		return 0;
	if (stream->pending != NULL && stream->pending->seq > 0)
		return stream->pending->seq;
	return stream->rest != NULL && stream->rest->seq > 0 ? stream->rest->seq : stream->has;
}

int64_t
stream_life(const Stream *stream)
{
	return stream->pending != NULL && stream->pending->life != 0 ? stream->pending->life : stream->life;
}

void
stream_looks_with(Stream *stream, const char *viewer, size_t len)
{
	free(stream->viewer);
	stream->viewer = gateway_copy(viewer, len);
}

/* ---- frames ---- */

/* {"deliver":7,"done":false,"response":{"delta":{ … }}}: the body brings its own last brace. */
static size_t
write_frame(const Stream *stream, const Body *body, char **buffer, size_t *cap, size_t offset)
{
	size_t		room = offset + body->len + 100;
	int			len;

	if (*cap < room)
	{
		*cap = room * 2;
		*buffer = gateway_realloc(*buffer, *cap);
	}
	len = sprintf(*buffer + offset, "{\"deliver\":%lld,\"done\":false,\"response\":{\"delta\":{", (long long) stream->request);
	memcpy(*buffer + offset + len, body->text, body->len);
	memcpy(*buffer + offset + len + body->len, "}}", 2);
	return (size_t) len + body->len + 2;
}

static size_t
write_change(Stream *stream, char **buffer, size_t *cap, size_t offset)
{
	Body	   *body = stream->rest != NULL ? stream->rest : stream->pending;
	size_t		len;

	if (stream->rest != NULL)
		stream->rest = NULL;
	else
	{
		stream->pending = NULL;
		if (body->has_replacement)
		{
			Body	   *before;

			body_split(body, &before, &stream->rest);
			body_drop(body);
			body = before;
		}
	}
	/* Half a change does not count: whoever goes away now comes back from the seq before. */
	if (stream->rest == NULL && body->seq > 0)
		stream->has = body->seq;
	if (body->life != 0)
		stream->life = body->life;
	len = write_frame(stream, body, buffer, cap, offset);
	body_drop(body);
	return len;
}

size_t
stream_next_frame(Stream *stream, char **buffer, size_t *cap, size_t offset)
{
	size_t		len = 0;

	stream_hold(stream);
	if (stream->words != NULL && stream->rest == NULL)
	{
		len = write_frame(stream, stream->words->body, buffer, cap, offset);
		drop_words(stream, stream->words);
	}
	else if (stream->rest != NULL || stream->pending != NULL)
		len = write_change(stream, buffer, cap, offset);
	else if (stream->is_skipping && !stream->is_asked)
	{
		stream->is_skipping = false;
		work_rejoin(stream);
	}
	/* Streams of one socket take turns. */
	if (stream->is_ready)
	{
		DL_DELETE2(stream->socket->ready, stream, ready_prev, ready_next);
		stream->is_ready = has_something(stream);
		if (stream->is_ready)
			DL_APPEND2(stream->socket->ready, stream, ready_prev, ready_next);
	}
	stream_drop(stream);
	return len;
}

/* ---- what is heard ---- */

typedef struct Reader
{
	const char *p;
	const char *end;
} Reader;

static bool
skip(Reader *reader, const char *text)
{
	size_t		len = strlen(text);

	if ((size_t) (reader->end - reader->p) < len || memcmp(reader->p, text, len) != 0)
		return false;
	reader->p += len;
	return true;
}

static bool
read_number(Reader *reader, int64_t *out)
{
	const char *start = reader->p;

	*out = 0;
	while (reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9' && reader->p - start < 18)
		*out = *out * 10 + (*reader->p++ - '0');
	return reader->p > start;
}

/* What is to be written is queued at once, as answers are. */
static void
send_what_is_left(Stream *stream)
{
	char	   *frame = NULL;
	size_t		cap = 0;

	while (stream->state == STREAM_LIVE && (stream->words != NULL || stream->pending != NULL || stream->rest != NULL))
	{
		size_t		len = stream_next_frame(stream, &frame, &cap, 0);

		socket_send(stream->socket, frame, len);
	}
	free(frame);
}

/* The document has gone, or has sent its viewer away. */
static void
closed(Stream *stream, const Body *body)
{
	Socket	   *socket = stream->socket;
	int64_t		request = stream->request;

	send_what_is_left(stream);
	if (strstr(body->text, "\"closed\":\"disconnected\"") != NULL)
	{
		socket_sendf(socket, "{\"deliver\":%lld,\"done\":false,\"response\":{\"delta\":{\"force-disconnect\":true}}}", (long long) request);
		stream_end(stream);
		socket_failure(socket, request, 403500, NULL);
		return;
	}
	stream_end(stream);
	socket_sendf(socket, "{\"deliver\":%lld,\"done\":true}", (long long) request);
}

static void
deliver_one(Stream *stream, Body *body, bool is_closing)
{
	metrics.deliveries++;
	if (is_closing)
		closed(stream, body);
	else
		take(stream, body);
}

/* For the connections that it names; they belong to the class from now on. */
static void
deliver_named(Reader *reader, int64_t class_number)
{
	Reader		ahead = *reader;
	int64_t		number;
	Body	   *body;
	bool		is_closing;

	while (read_number(&ahead, &number) && skip(&ahead, ","))
		;
	if (!skip(&ahead, "],"))
		return;
	body = body_new(ahead.p, (size_t) (ahead.end - ahead.p));
	is_closing = skip(&ahead, "\"closed\":");
	while (read_number(reader, &number))
	{
		Stream	   *stream;

		skip(reader, ",");
		HASH_FIND(hh, streams, &number, sizeof(number), stream);
		if (stream == NULL)
			continue;
		if (class_number > 0 && !is_closing)
			enter_class(stream, class_number);
		deliver_one(stream, body, is_closing);
	}
	body_drop(body);
}

static void
deliver_class(Reader *reader, int64_t number)
{
	StreamClass *class;
	Stream	   *stream;
	Stream	   *next;
	Body	   *body;
	bool		is_closing;

	HASH_FIND(hh, classes, &number, sizeof(number), class);
	if (class == NULL)
		return;
	body = body_new(reader->p, (size_t) (reader->end - reader->p));
	is_closing = skip(reader, "\"closed\":");
	DL_FOREACH_SAFE2(class->members, stream, next, class_next)
		deliver_one(stream, body, is_closing);
	body_drop(body);
}

static bool
int_member(DocItem object, const char *name, int64_t *out)
{
	DocItem		item;

	if (!doc_find_member(object, name, strlen(name), &item) || item.kind != DOC_INT)
		return false;
	*out = item.i;
	return true;
}

/* {"seq":12,"part":1,"parts":3,"text":"…"}: true when it was the last one. */
static bool
gather_part(const char *text, size_t len)
{
	KitArena   *arena = kit_arena_new("adama gateway part");
	KitBuf		buf;
	DocItem		root;
	DocItem		piece;
	int64_t		part;
	int64_t		n_parts;
	KitDiag		diag = {0};
	bool		is_last = false;

	kit_buf_init(&buf, arena);
	if (doc_from_json(text, len, DOC_DOCUMENT, &buf, &diag) && doc_open((DocBytes) {buf.data, buf.len}, DOC_DOCUMENT, &root, &diag) &&
		root.kind == DOC_OBJECT && int_member(root, "part", &part) && int_member(root, "parts", &n_parts) && doc_find_member(root, "text", 4, &piece) &&
		piece.kind == DOC_STRING && (part == 1 || part == n_parts_heard + 1))
	{
		if (part == 1)
			parts_len = 0;
		parts = gateway_realloc(parts, parts_len + piece.len + 1);
		memcpy(parts + parts_len, piece.str, piece.len);
		parts_len += piece.len;
		n_parts_heard = part;
		is_last = part == n_parts;
	}
	else
		gateway_log(GATEWAY_ERROR, "payload", "problem=\"not understood\" text=\"%s\"", kit_arena_strdup(arena, text, len < 100 ? len : 100));
	kit_arena_delete(arena);
	return is_last;
}

void
stream_payload(const char *text, size_t len)
{
	Reader		reader = {text, text + len};
	int64_t		class = 0;

	metrics.payloads++;
	metrics.payload_bytes += (int64_t) len;
	if (skip(&reader, "{\"class\":"))
	{
		if (!read_number(&reader, &class) || !skip(&reader, ","))
			return;
		if (!skip(&reader, "\"ids\":["))
		{
			deliver_class(&reader, class);
			return;
		}
	}
	else if (!skip(&reader, "{\"ids\":["))
	{
		if (gather_part(text, len))
		{
			char	   *whole = parts;
			size_t		whole_len = parts_len;

			parts = NULL;
			parts_len = 0;
			n_parts_heard = 0;
			reader = (Reader) {whole, whole + whole_len};
			/* A whole that is a part would never end. */
			if (whole_len > 0 && !skip(&reader, "{\"seq\":"))
				stream_payload(whole, whole_len);
			free(whole);
		}
		return;
	}
	deliver_named(&reader, class);
}
