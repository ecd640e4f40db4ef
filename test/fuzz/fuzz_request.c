/*
 * fuzz_request.c
 *	  Frames of clients, whatever they are: each request is answered, or asks the database for something, once; what is passed on as JSON is JSON.
 */
#include "gateway.h"

#include "gateway/identity.h"
#include "gateway/request.h"

static int	n_asked;			/* operations */
static Stream *one;				/* what the socket is connected to */

static bool
asked(void)
{
	n_asked++;
	return n_asked % 7 != 0;	/* sometimes a queue is full */
}

static void
check_json(Text text, bool allows_array)
{
	KitArena   *arena = kit_arena_new("text");
	KitBuf		buf;
	DocItem		root;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	FUZZ_CHECK(doc_from_json(text.str, text.len, DOC_DOCUMENT, &buf, &diag) && doc_open((DocBytes) {buf.data, buf.len}, DOC_DOCUMENT, &root, &diag), "%s: %.*s", diag.message,
			   (int) text.len, text.str);
	FUZZ_CHECK(root.kind == DOC_OBJECT || (allows_array && root.kind == DOC_ARRAY), "neither object nor array: %.*s", (int) text.len, text.str);
	kit_arena_delete(arena);
}

bool
work_create(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Text arg)
{
	check_json(arg, false);
	return asked();
}

bool
work_delete(Socket *socket, int64_t request, const char *space, const char *key, Principal *who)
{
	return asked();
}

bool
work_list(Socket *socket, int64_t request, const char *space, Text marker, int limit)
{
	FUZZ_CHECK(limit >= 1 && limit <= 1000, "%d", limit);
	return asked();
}

bool
work_send(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Stream *by, Text channel, Text dedupe, Text message)
{
	FUZZ_CHECK(strlen(channel.str) == channel.len && (dedupe.str == NULL || strlen(dedupe.str) == dedupe.len), "texts end where they end");
	check_json(message, true);
	return asked();
}

bool
work_join(Stream *stream)
{
	return asked();
}

bool
work_update(Stream *stream, int64_t request, Text viewer)
{
	check_json(viewer, false);
	return asked();
}

/* Nobody is told when a stream is replaced. */
void
work_leave(Stream *stream, int64_t request)
{
	if (request != NOBODY_WAITS)
		n_asked++;
	else
		stream_end(stream);
}

void
work_rejoin(Stream *stream)
{
}

Stream *
stream_new(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, const char *viewer, int64_t since, int64_t life)
{
	check_json((Text) {viewer, strlen(viewer)}, false);
	if (one != NULL)
		stream_end(one);
	one = GATEWAY_NEW(Stream);
	one->request = request;
	one->space = (char *) "s";
	one->key = (char *) "k";
	socket->n_streams = 1;
	return one;
}

Stream *
stream_find(const Socket *socket, int64_t request)
{
	return one != NULL && (one->request == request || request == 1) ? one : NULL;
}

void
stream_end(Stream *stream)
{
	FUZZ_CHECK(stream == one, "another stream");
	free(one);
	one = NULL;
}

static bool
has(const char *text, size_t len, const char *piece)
{
	size_t		piece_len = strlen(piece);

	for (size_t i = 0; i + piece_len <= len; i++)
		if (memcmp(text + i, piece, piece_len) == 0)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Socket		socket;
	const char *end = (const char *) data + size;
	int64_t		now = 1000;

	configure();
	open_socket(&socket);
	socket.cookies = (char *) "ann=anonymous:cookie;b=";
	/* Frames are lines. */
	for (const char *p = (const char *) data; p < end; now += 100)
	{
		const char *line_end = memchr(p, '\n', (size_t) (end - p));
		size_t		len = (size_t) ((line_end != NULL ? line_end : end) - p);
		char	   *frame = malloc(len + 1);	/* nothing may be read behind it */
		bool		is_pong;
		size_t		member_len;

		memcpy(frame, p, len);
		frame = realloc(frame, len > 0 ? len : 1);
		n_answers = n_disconnects = n_asked = 0;
		(void) request_member_text(frame, len, "pong", &member_len);
		is_pong = has(frame, len, "pong") || has(frame, len, "\\u");
		request_received(&socket, frame, len, now);
		/* What a full queue refused is answered, too. */
		FUZZ_CHECK(is_pong || n_answers + n_disconnects + n_asked >= 1, "no answer: %.*s", (int) len, p);
		FUZZ_CHECK(n_answers + n_disconnects <= 1 && n_asked <= 1, "%d answers, %d operations: %.*s", n_answers + n_disconnects, n_asked, (int) len, p);
		free(frame);
		p += len + 1;
	}
	if (one != NULL)
		stream_end(one);
	return 0;
}
