/*
 * socket.h
 *	  WebSockets: frames in, frames out.
 *
 * A socket lives until nobody refers to it: operations under way hold a reference, and find it closed when they come back.
 */
#ifndef ADAMA_GATEWAY_SOCKET_H
#define ADAMA_GATEWAY_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "gateway/limits.h"

struct lws;
struct Stream;

typedef struct Frame
{
	struct Frame *prev;
	struct Frame *next;
	uint32_t	len;
	char		text[];
} Frame;

typedef struct Socket
{
	int			n_refs;
	int64_t		id;
	struct lws *wsi;			/* NULL: closed */
	bool		is_closing;		/* after what is queued; nothing more is accepted */
	int			close_status;	/* of the close frame, 0: all is not written yet */
	bool		was_refused;	/* an identity of its was, and it was logged */
	bool		is_throttled;	/* nothing is read from it, since it does not read its answers */
	char		ip[48];
	char	   *origin;			/* "" when it gave none */
	char	   *cookies;		/* id_NAME=VALUE; … of the handshake, or NULL */
	char	   *in;				/* the frame that is arriving */
	size_t		in_len;
	Frame	   *out;			/* answers, in order */
	size_t		out_bytes;
	struct Stream *ready;		/* streams with something to send, in turn */
	struct Stream *streams;
	int			n_streams;
	int			n_requests;		/* that wait for their answers */
	int64_t		opened;			/* ms of the loop */
	int64_t		heard;			/* when it last said something */
	int64_t		progress;		/* when it last took something, or had all */
	int64_t		due;			/* when it is looked at, and pinged, next */
	bool		has_ping;		/* one waits to be written */
	int			latency;		/* of the last ping, ms */
	Bucket		rate;
	Address    *address;
	struct Socket *prev;		/* of all, in the order in which they are due */
	struct Socket *next;
} Socket;

extern void socket_start(uv_loop_t *with_loop);
extern int	socket_count(void);

/* ---- what http.c and the callback of libwebsockets tell ---- */

/* NULL: it is refused.  Strings are copied. */
extern Socket *socket_opened(struct lws *wsi, const char *ip, const char *origin, const char *cookies);
extern void socket_closed(Socket *socket);
/* One piece of a frame. */
extern void socket_received(Socket *socket, const char *data, size_t len, bool is_last, bool is_binary);
extern bool socket_writable(Socket *socket);	/* false: it could not be written to */

/* ---- sending ---- */

extern void socket_send(Socket *socket, const char *text, size_t len);	/* an answer; nothing happens when the socket is closed */
extern void socket_sendf(Socket *socket, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void socket_failure(Socket *socket, int64_t request, int code, const char *message);	/* {"failure":…}; message: NULL, or for people */
extern void socket_disconnect(Socket *socket, int code);	/* {"status":"disconnected",…}, then it is closed */
extern void socket_stop(void);	/* no new sockets, and nothing more is taken from those that are there */
extern void socket_disconnect_all(const char *reason);
/* The stream has something for its socket. */
extern void socket_has_news(Socket *socket);

extern Socket *socket_hold(Socket *socket);
extern void socket_drop(Socket *socket);

#endif
