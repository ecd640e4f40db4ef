/*
 * gateway.h
 *	  A socket without a network: what a fuzzer of the gateway stands in for.
 */
#ifndef ADAMA_FUZZ_GATEWAY_H
#define ADAMA_FUZZ_GATEWAY_H

#include <stdarg.h>

#include "fuzz.h"

#include "doc/doc.h"
#include "gateway/config.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/socket.h"
#include "gateway/stream.h"
#include "gateway/work.h"

Metrics		metrics;

static int	n_answers;			/* frames that were sent */
static bool takes_anything;		/* what is sent may be no JSON, since it came from outside */
static int	n_disconnects;

/* Whatever a socket is sent is JSON. */
void
socket_send(Socket *socket, const char *text, size_t len)
{
	KitArena   *arena = kit_arena_new("frame");
	KitBuf		buf;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	FUZZ_CHECK(takes_anything || doc_from_json(text, len, DOC_DELTA, &buf, &diag), "%s: %.*s", diag.message, (int) len, text);
	kit_arena_delete(arena);
	n_answers += socket->wsi != NULL;
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
	FUZZ_CHECK(len >= 0 && len < (int) sizeof(text), "a frame of %d bytes", len);
	socket_send(socket, text, (size_t) len);
}

void
socket_failure(Socket *socket, int64_t request, int code, const char *message)
{
	socket_sendf(socket, "{\"failure\":%lld,\"reason\":%d}", (long long) request, code);
}

void
socket_disconnect(Socket *socket, int code)
{
	n_disconnects++;
}

void
socket_has_news(Socket *socket)
{
	FUZZ_CHECK(socket->ready != NULL, "news of nothing");
}

Socket *
socket_hold(Socket *socket)
{
	socket->n_refs++;
	return socket;
}

void
socket_drop(Socket *socket)
{
	socket->n_refs--;
}

static Address the_address = {.net = "127.0.0.1"};

static inline void
open_socket(Socket *socket)
{
	*socket = (Socket) {.n_refs = 1, .wsi = (struct lws *) &the_address, .address = &the_address, .ip = "127.0.0.1", .origin = (char *) ""};
}

static inline void
configure(void)
{
	static char *argv[] = {(char *) "gateway", (char *) "--anonymous", (char *) "yes", (char *) "--log", (char *) "error", (char *) "--max_pending", (char *) "4000"};
	bool		help;

	if (config.max_sockets == 0)
		FUZZ_CHECK(config_start(sizeof(argv) / sizeof(argv[0]), argv, &help), "not configured");
}

#endif
