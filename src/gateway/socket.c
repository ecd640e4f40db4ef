/*
 * socket.c
 *	  What a socket holds, and when it writes.
 *
 *		OPEN ---- something it may not do, the gateway stops ----> CLOSING ---- all written ----> CLOSED ---- last reference ----> freed
 *		  |                                                                                      ^
 *		  +---- the other end is gone, it is idle, it takes nothing ------------------------------+
 *
 * Answers are queued in order; changes are not: each stream holds at most one that waits (stream.c).  Answers come first, so a client knows that its message was
 * taken before it sees what became of it.  A client that does not read its answers is not read from.
 *
 * Each socket is pinged once a second.  Sockets stand in a list in the order of their pings; each tick takes those whose second is over.
 */
#include "gateway/socket.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>
#include <utlist.h>

#include "doc/doc.h"
#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/request.h"
#include "gateway/stream.h"
#include "gateway/work.h"

#define TICK_MS 50
#define PING_MS 1000
#define OUT_MAX_BYTES (1024 * 1024)	/* of answers that are not read: then nothing more is read from the socket */
#define NO_MEANING 295116
#define BINARY_FRAME 213711
#define VERSION "1"

static uv_loop_t *loop;
static uv_timer_t timer;
static Socket *sockets;			/* the one that is pinged next comes first */
static int	n_sockets;
static int	n_closing;			/* sockets whose close frame is due */
static size_t in_bytes;			/* of all frames that are arriving */
static bool is_stopping;
static int64_t last_id;
static char *scratch;			/* LWS_PRE bytes, then the frame that is written */
static size_t scratch_size;

int
socket_count(void)
{
	return n_sockets;
}

static int64_t
now_ms(void)
{
	return (int64_t) uv_now(loop) + 1;
}

/* ---- life ---- */

Socket *
socket_hold(Socket *socket)
{
	socket->n_refs++;
	return socket;
}

void
socket_drop(Socket *socket)
{
	if (--socket->n_refs > 0)
		return;
	free(socket->origin);
	free(socket->cookies);
	free(socket);
}

static bool
is_plain(const char *p, const char *end)
{
	while (p < end && *p >= ' ' && *p <= '~')
		p++;
	return p == end;
}

/* {"q":true,…}: names of the cookies that are identities. */
static void
add_identities(const char *cookies, char *out, size_t size)
{
	size_t		len = 0;

	out[0] = '\0';
	for (const char *p = cookies; p != NULL && *p != '\0';)
	{
		const char *equals = strchr(p, '=');
		const char *end = strchr(p, ';');

		if (equals == NULL)
			return;
		len += (size_t) snprintf(out + len, size - len, "%s\"%.*s\":true", len > 0 ? "," : "", (int) (equals - p), p);
		if (len >= size || !is_plain(p, equals))
		{
			out[0] = '\0';
			return;
		}
		p = end == NULL ? NULL : end + 1;
	}
}

Socket *
socket_opened(struct lws *wsi, const char *ip, const char *origin, const char *cookies)
{
	Address    *address = n_sockets < config.max_sockets && !is_stopping ? limits_enter(ip) : NULL;
	Socket	   *socket;
	char		identities[512];

	if (address == NULL)
	{
		metrics.sockets_refused++;
		gateway_log(GATEWAY_INFO, "socket_refused", "ip=%s problem=\"%s\"", ip, is_stopping ? "the gateway is stopping" : "too many sockets");
		return NULL;
	}
	socket = GATEWAY_NEW(Socket);
	socket->n_refs = 1;
	socket->id = ++last_id;
	socket->wsi = wsi;
	socket->address = address;
	snprintf(socket->ip, sizeof(socket->ip), "%s", ip);
	socket->origin = gateway_copy(origin, strlen(origin));
	socket->cookies = cookies == NULL ? NULL : gateway_copy(cookies, strlen(cookies));
	socket->opened = socket->heard = socket->progress = now_ms();
	socket->due = socket->opened + PING_MS;
	DL_APPEND(sockets, socket);
	n_sockets++;
	metrics.sockets_opened++;
	add_identities(cookies, identities, sizeof(identities));
	socket_sendf(socket, "{\"status\":\"connected\",\"version\":\"adama-gateway/" VERSION "\",\"identities\":{%s}}", identities);
	gateway_log(GATEWAY_DEBUG, "socket_opened", "socket=%lld ip=%s origin=\"%s\"", (long long) socket->id, ip, origin);
	return socket;
}

static void
drop_input(Socket *socket)
{
	free(socket->in);
	in_bytes -= socket->in_len;
	socket->in = NULL;
	socket->in_len = 0;
}

void
socket_closed(Socket *socket)
{
	Frame	   *frame;
	Frame	   *next;

	gateway_log(GATEWAY_DEBUG, "socket_closed", "socket=%lld streams=%d", (long long) socket->id, socket->n_streams);
	socket->wsi = NULL;
	while (socket->streams != NULL)
		work_leave(socket->streams, NOBODY_WAITS);
	DL_FOREACH_SAFE(socket->out, frame, next)
		free(frame);
	socket->out = NULL;
	socket->out_bytes = 0;
	drop_input(socket);
	limits_leave(socket->address);
	DL_DELETE(sockets, socket);
	n_sockets--;
	socket_drop(socket);
}

/*
 * The close frame is sent by the next tick.  Returning an error from a callback would close at once, without one: libwebsockets 4.1 closes twice then, when it runs on
 * libuv.
 */
static void
close_soon(Socket *socket, int status)
{
	if (socket->close_status == 0)
		n_closing++;
	socket->close_status = status;
}

static void
close_now(void)
{
	Socket	   *socket;
	Socket	   *next;

	if (n_closing == 0)
		return;
	n_closing = 0;
	DL_FOREACH_SAFE(sockets, socket, next)
	{
		if (socket->close_status == 0)
			continue;
		lws_close_reason(socket->wsi, (enum lws_close_status) socket->close_status, (unsigned char *) "Bye", 3);
		socket->close_status = 0;
		lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	}
}

/* ---- in ---- */

void
socket_received(Socket *socket, const char *data, size_t len, bool is_last, bool is_binary)
{
	/* What comes while the gateway stops is not taken: the client is told to come back, and says it again. */
	if (socket->is_closing || is_stopping)
		return;
	socket->heard = now_ms();
	metrics.bytes_in += (int64_t) len;
	if (is_binary)
	{
		socket_disconnect(socket, BINARY_FRAME);
		return;
	}
	if (socket->in_len + len > (size_t) config.max_frame)
	{
		socket->is_closing = true;
		close_soon(socket, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
		return;
	}
	if (in_bytes + len > (size_t) config.max_queue_bytes)
	{
		socket->is_closing = true;
		close_soon(socket, LWS_CLOSE_STATUS_POLICY_VIOLATION);
		return;
	}
	if (socket->in == NULL && is_last)
	{
		metrics.frames_in++;
		request_received(socket, data, len, now_ms());
		return;
	}
	socket->in = gateway_realloc(socket->in, socket->in_len + len + 1);
	if (len > 0)
		memcpy(socket->in + socket->in_len, data, len);
	socket->in_len += len;
	in_bytes += len;
	if (is_last)
	{
		metrics.frames_in++;
		request_received(socket, socket->in, socket->in_len, now_ms());
		drop_input(socket);
	}
}

/* ---- out ---- */

void
socket_has_news(Socket *socket)
{
	if (socket->wsi != NULL)
		lws_callback_on_writable(socket->wsi);
}

void
socket_send(Socket *socket, const char *text, size_t len)
{
	Frame	   *frame;

	if (socket->wsi == NULL || socket->is_closing)
		return;
	frame = gateway_alloc(sizeof(Frame) + len + 1);
	frame->len = (uint32_t) len;
	memcpy(frame->text, text, len);
	DL_APPEND(socket->out, frame);
	socket->out_bytes += len;
	if (socket->out_bytes > OUT_MAX_BYTES && !socket->is_throttled)
	{
		socket->is_throttled = true;
		lws_rx_flow_control(socket->wsi, 0);
	}
	socket_has_news(socket);
}

void
socket_sendf(Socket *socket, const char *format,...)
{
	char		text[4096];
	va_list		args;
	int			len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= 0 && len < (int) sizeof(text))
		socket_send(socket, text, (size_t) len);
}

static bool
is_retried(int code)
{
	return code == CODE_LOST;
}

void
socket_failure(Socket *socket, int64_t request, int code, const char *message)
{
	KitArena   *arena;
	KitBuf		frame;

	metrics.failures++;
	metrics.busy += code == CODE_BUSY;
	if (message == NULL)
	{
		socket_sendf(socket, "{\"failure\":%lld,\"reason\":%d,\"retry\":%s}", (long long) request, code, is_retried(code) ? "true" : "false");
		return;
	}
	arena = kit_arena_new("adama gateway failure");
	kit_buf_init(&frame, arena);
	kit_buf_printf(&frame, "{\"failure\":%lld,\"reason\":%d,\"retry\":%s,\"message\":", (long long) request, code, is_retried(code) ? "true" : "false");
	doc_json_string(message, strlen(message), DOC_JSON_WIRE, &frame);
	kit_buf_add_char(&frame, '}');
	socket_send(socket, frame.data, frame.len);
	kit_arena_delete(arena);
}

void
socket_disconnect(Socket *socket, int code)
{
	socket_sendf(socket, "{\"status\":\"disconnected\",\"reason\":%d}", code);
	socket->is_closing = true;
}

void
socket_stop(void)
{
	is_stopping = true;
}

void
socket_disconnect_all(const char *reason)
{
	Socket	   *socket;
	Socket	   *next;

	DL_FOREACH_SAFE(sockets, socket, next)
	{
		socket_sendf(socket, "{\"status\":\"disconnected\",\"reason\":\"%s\"}", reason);
		socket->is_closing = true;
	}
}

static bool
write_scratch(Socket *socket, size_t len)
{
	metrics.frames_out++;
	metrics.bytes_out += (int64_t) len;
	return lws_write(socket->wsi, (unsigned char *) scratch + LWS_PRE, len, LWS_WRITE_TEXT) >= (int) len;
}

static bool
write_answer(Socket *socket)
{
	Frame	   *frame = socket->out;
	size_t		room = LWS_PRE + frame->len;
	bool		is_written;

	if (scratch_size < room)
		scratch = gateway_realloc(scratch, scratch_size = room * 2);
	memcpy(scratch + LWS_PRE, frame->text, frame->len);
	DL_DELETE(socket->out, frame);
	socket->out_bytes -= frame->len;
	if (frame->len > 8 && memcmp(frame->text, "{\"ping\":", 8) == 0)
		socket->has_ping = false;
	is_written = write_scratch(socket, frame->len);
	free(frame);
	if (socket->is_throttled && socket->out_bytes < OUT_MAX_BYTES / 2)
	{
		socket->is_throttled = false;
		lws_rx_flow_control(socket->wsi, 1);
	}
	return is_written;
}

static bool
has_something(const Socket *socket)
{
	return socket->out != NULL || (socket->ready != NULL && !socket->is_closing);
}

/* A compressed frame may be written in pieces, by callbacks of libwebsockets' own: then the next one has to wait. */
bool
socket_writable(Socket *socket)
{
	socket->progress = now_ms();
	while (has_something(socket) && !lws_send_pipe_choked(socket->wsi))
	{
		size_t		len;

		if (socket->out != NULL)
		{
			if (!write_answer(socket))
				return false;
			if (config.compress)
				break;
			continue;
		}
		len = stream_next_frame(socket->ready, &scratch, &scratch_size, LWS_PRE);
		if (len > 0 && !write_scratch(socket, len))
			return false;
		if (config.compress)
			break;
	}
	if (has_something(socket))
		lws_callback_on_writable(socket->wsi);
	else if (socket->is_closing)
		close_soon(socket, LWS_CLOSE_STATUS_NORMAL);
	return true;
}

/* ---- time ---- */

static void
drop_connection(Socket *socket, const char *why)
{
	gateway_log(GATEWAY_INFO, "socket_dropped", "socket=%lld ip=%s problem=\"%s\"", (long long) socket->id, socket->ip, why);
	lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/* Once a second for each socket. */
static void
look_at(Socket *socket, int64_t now)
{
	if (!has_something(socket))
		socket->progress = now;
	if (now - socket->progress > (int64_t) config.stall_timeout * 1000)
	{
		metrics.sockets_stalled++;
		drop_connection(socket, "takes nothing");
	}
	else if (now - socket->heard > (int64_t) config.idle_timeout * 1000)
		drop_connection(socket, "says nothing");
	/* One that has not taken its last ping is not asked again. */
	else if (!socket->has_ping)
	{
		socket->has_ping = true;
		socket_sendf(socket, "{\"ping\":%lld,\"latency\":\"%d\"}", (long long) (now - socket->opened), socket->latency);
	}
}

static void
on_tick(uv_timer_t *handle)
{
	int64_t		now = now_ms();

	close_now();
	/* All are due a second after they were last looked at, so the list is always in order. */
	while (sockets != NULL && sockets->due <= now)
	{
		Socket	   *socket = sockets;

		DL_DELETE(sockets, socket);
		DL_APPEND(sockets, socket);
		socket->due = now + PING_MS;
		look_at(socket, now);
	}
}

void
socket_start(uv_loop_t *with_loop)
{
	loop = with_loop;
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_tick, TICK_MS, TICK_MS);
	uv_unref((uv_handle_t *) &timer);
}
