/*
 * request.c
 *	  One frame of a client: {"method":"connection/send","id":7,"connection":3,"channel":"say","message":{…}}
 *
 * A frame is parsed once, which proves that it is JSON; what the database is to read of it (message, argument, viewer state) is passed on as the client wrote it.
 * Numbers may be given as strings and the reverse, null is as if it were not there, and parameters are missed in the order of Adama's API, each with its own code.
 */
#include "gateway/request.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doc/doc.h"
#include "gateway/config.h"
#include "gateway/identity.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/work.h"

#define NO_MEANING 295116		/* closes the socket */
#define NO_ID 233120			/* closes the socket */
#define NO_METHOD 213708
#define UNKNOWN_METHOD 945213
#define NOT_ACCEPTED 403403
#define MISSING_IDENTITY 458759
#define MISSING_SPACE 461828
#define MISSING_KEY 466947
#define MISSING_ARG 461826
#define MISSING_CHANNEL 454659
#define MISSING_MESSAGE 425987
#define MISSING_CONNECTION 405505

typedef struct Request
{
	Socket	   *socket;
	int64_t		id;
	const char *text;
	size_t		len;
	DocItem		root;
	KitArena   *arena;
	Principal  *who;			/* of the identity, verified */
} Request;

/* ---- the text of members ---- */

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Behind the string that begins at p. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

static const char *
skip_value(const char *p, const char *end)
{
	int			depth = 0;

	while (p < end)
	{
		if (*p == '"')
			p = skip_string(p, end);
		else if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
			return p;
		else
		{
			depth += *p == '{' || *p == '[';
			depth -= *p == '}' || *p == ']';
			p++;
		}
		if (depth == 0 && p > end - 1)
			break;
	}
	return p;
}

const char *
request_member_text(const char *json, size_t len, const char *name, size_t *member_len)
{
	const char *end = json + len;
	const char *p = skip_blanks(json, end);
	size_t		name_len = strlen(name);
	const char *found = NULL;

	if (p == end || *p++ != '{')
		return NULL;
	for (;;)
	{
		const char *key = skip_blanks(p, end);
		const char *value;
		const char *value_end;

		if (key >= end || *key != '"')
			return found;
		p = skip_string(key, end);
		value = skip_blanks(p, end);
		if (value >= end || *value != ':')
			return found;
		value = skip_blanks(value + 1, end);
		value_end = skip_value(value, end);
		if ((size_t) (p - key) == name_len + 2 && memcmp(key + 1, name, name_len) == 0)
		{
			found = value;
			*member_len = (size_t) (value_end - value);
			while (*member_len > 0 && isspace((unsigned char) value[*member_len - 1]))
				(*member_len)--;
		}
		p = value_end;
		if (p >= end || *p != ',')
			return found;
		p++;
	}
}

/* ---- parameters ---- */

static bool
fail(Request *request, int code)
{
	socket_failure(request->socket, request->id, code, NULL);
	return false;
}

static bool
find(const Request *request, const char *name, DocItem *out)
{
	return doc_find_member(request->root, name, strlen(name), out);
}

/* A string, or a number as one.  NULL: missing. */
static char *
optional_text(Request *request, const char *name, size_t *len)
{
	DocItem		item;
	char	   *text = NULL;

	if (find(request, name, &item))
	{
		if (item.kind == DOC_STRING)
			text = kit_arena_strdup(request->arena, item.str, item.len);
		else if (item.kind == DOC_INT || item.kind == DOC_DOUBLE)
		{
			KitBuf		buf;

			kit_buf_init(&buf, request->arena);
			doc_item_to_json(item, DOC_JSON_WIRE, &buf);
			text = buf.data;
		}
	}
	*len = text == NULL ? 0 : strlen(text);
	return text;
}

static char *
required_text(Request *request, const char *name, int code)
{
	size_t		len;
	char	   *text = optional_text(request, name, &len);

	if (text == NULL)
		(void) fail(request, code);
	return text;
}

static bool
optional_int(Request *request, const char *name, int64_t *out)
{
	DocItem		item;

	if (!find(request, name, &item))
		return false;
	if (item.kind == DOC_STRING)
		return doc_parse_int(item.str, item.len, out);
	if (item.kind == DOC_INT)
		*out = item.i;
	return item.kind == DOC_INT;
}

/* An object (or, when arrays are allowed, an array) as the client wrote it. */
static bool
json_text(Request *request, const char *name, bool allows_array, Text *out)
{
	DocItem		item;

	*out = (Text) {NULL, 0};
	if (!find(request, name, &item) || (item.kind != DOC_OBJECT && !(allows_array && item.kind == DOC_ARRAY)))
		return false;
	out->str = request_member_text(request->text, request->len, name, &out->len);
	/* A name with escapes is found, but not as text: then it may be another member of that name. */
	if (out->str != NULL && *out->str == '{')
		return true;
	return out->str != NULL && *out->str == '[' && allows_array;
}

/* ---- who, and where ---- */

/* The value of the cookie id_NAME; NULL: there was none. */
static const char *
cookie_value(const Request *request, const char *name, size_t *len)
{
	size_t		name_len = strlen(name);

	for (const char *p = request->socket->cookies; p != NULL && *p != '\0';)
	{
		const char *end = strchr(p, ';');
		const char *stop = end == NULL ? p + strlen(p) : end;

		if ((size_t) (stop - p) > name_len && p[name_len] == '=' && memcmp(p, name, name_len) == 0)
		{
			*len = (size_t) (stop - p) - name_len - 1;
			return p + name_len + 1;
		}
		p = end == NULL ? NULL : end + 1;
	}
	return NULL;
}

/* Only the first of a socket is news: a client must not be able to fill the log. */
static GatewayLevel
refusal_level(Socket *socket)
{
	GatewayLevel level = socket->was_refused ? GATEWAY_DEBUG : GATEWAY_INFO;

	socket->was_refused = true;
	return level;
}

static bool
identify(Request *request)
{
	const char *identity = required_text(request, "identity", MISSING_IDENTITY);
	const char *why = "no such cookie";
	size_t		len;

	if (identity == NULL)
		return false;
	len = strlen(identity);
	if (strncmp(identity, "cookie:", 7) == 0)
		identity = cookie_value(request, identity + 7, &len);
	if (identity != NULL)
		request->who = identity_verify(identity, len, (int64_t) time(NULL), &why);
	if (request->who != NULL)
		return true;
	gateway_log(refusal_level(request->socket), "identity_refused", "socket=%" PRId64 " ip=%s problem=\"%s\"", request->socket->id, request->socket->ip, why);
	return fail(request, NOT_ACCEPTED);
}

/* Lower case, without blanks around it. */
static char *
required_space(Request *request)
{
	char	   *space = required_text(request, "space", MISSING_SPACE);
	size_t		len;

	if (space == NULL)
		return NULL;
	while (isspace((unsigned char) *space))
		space++;
	len = strlen(space);
	while (len > 0 && isspace((unsigned char) space[len - 1]))
		space[--len] = '\0';
	for (char *p = space; *p != '\0'; p++)
		*p = (char) tolower((unsigned char) *p);
	return space;
}

/* Identity, space and key; false: it was answered. */
static bool
locate(Request *request, char **space, char **key)
{
	if (!identify(request) || (*space = required_space(request)) == NULL)
		return false;
	if (key != NULL && (*key = required_text(request, "key", MISSING_KEY)) == NULL)
		return false;
	if (identity_is_allowed(request->who, *space))
		return true;
	gateway_log(refusal_level(request->socket), "identity_refused", "socket=%" PRId64 " ip=%s space=\"%s\" authority=\"%s\" problem=\"not allowed there\"", request->socket->id,
				request->socket->ip, *space, request->who->authority);
	return fail(request, NOT_ACCEPTED);
}

static void
busy_unless(Request *request, bool is_queued)
{
	if (!is_queued)
		(void) fail(request, CODE_BUSY);
}

/* ---- methods ---- */

static void
method_probe(Request *request)
{
	if (identify(request))
		socket_sendf(request->socket, "{\"deliver\":%" PRId64 ",\"done\":true,\"response\":{}}", request->id);
}

static void
method_create(Request *request)
{
	char	   *space;
	char	   *key;
	Text		arg;

	if (!locate(request, &space, &key))
		return;
	if (!json_text(request, "arg", false, &arg))
		(void) fail(request, MISSING_ARG);
	else
		busy_unless(request, work_create(request->socket, request->id, space, key, request->who, arg));
}

static void
method_delete(Request *request)
{
	char	   *space;
	char	   *key;

	if (locate(request, &space, &key))
		busy_unless(request, work_delete(request->socket, request->id, space, key, request->who));
}

/* Keys are the business of those whom the configuration names. */
static void
method_list(Request *request)
{
	char	   *space;
	const ConfigSpace *said;
	int64_t		limit = 100;
	Text		marker;
	bool		may_list = false;

	if (!locate(request, &space, NULL))
		return;
	said = config_space(space);
	for (int i = 0; said != NULL && i < said->listers.n; i++)
		may_list |= principal_is(request->who, said->listers.items[i]);
	if (!may_list)
	{
		socket_failure(request->socket, request->id, NOT_ACCEPTED, "listing documents is for those whom the gateway's configuration names");
		return;
	}
	marker.str = optional_text(request, "marker", &marker.len);
	(void) optional_int(request, "limit", &limit);
	busy_unless(request, work_list(request->socket, request->id, space, marker, limit < 1 || limit > 1000 ? 1000 : (int) limit));
}

/* Channel, message and dedupe of a message; false: it was answered. */
static bool
read_message(Request *request, Text *channel, Text *message, Text *dedupe)
{
	channel->str = required_text(request, "channel", MISSING_CHANNEL);
	if (channel->str == NULL)
		return false;
	channel->len = strlen(channel->str);
	dedupe->str = optional_text(request, "dedupe", &dedupe->len);
	if (!json_text(request, "message", true, message))
		return fail(request, MISSING_MESSAGE);
	return true;
}

static void
method_direct_send(Request *request)
{
	char	   *space;
	char	   *key;
	Text		channel;
	Text		message;
	Text		dedupe;

	if (locate(request, &space, &key) && read_message(request, &channel, &message, &dedupe))
		busy_unless(request, work_send(request->socket, request->id, space, key, request->who, NULL, channel, dedupe, message));
}

static void
method_connect(Request *request)
{
	Socket	   *socket = request->socket;
	char	   *space;
	char	   *key;
	Text		viewer;
	int64_t		since = 0;
	int64_t		life = 0;
	Stream	   *stream;

	if (!locate(request, &space, &key))
		return;
	if (!json_text(request, "viewer-state", false, &viewer))
		viewer = (Text) {"{}", 2};
	(void) optional_int(request, "seq", &since);
	(void) optional_int(request, "life", &life);
	/* Whoever says it twice means it once. */
	if ((stream = stream_find(socket, request->id)) != NULL)
		work_leave(stream, NOBODY_WAITS);
	if (socket->n_streams >= config.max_streams)
	{
		socket_failure(socket, request->id, CODE_BUSY, "this socket has as many connections as it may");
		return;
	}
	stream = stream_new(socket, request->id, space, key, request->who, kit_arena_strdup(request->arena, viewer.str, viewer.len), since, life);
	if (!work_join(stream))
	{
		stream_end(stream);
		(void) fail(request, CODE_BUSY);
	}
}

/* NULL: it was answered. */
static Stream *
find_stream(Request *request, int code)
{
	int64_t		connection;
	Stream	   *stream;

	if (!optional_int(request, "connection", &connection))
	{
		(void) fail(request, MISSING_CONNECTION);
		return NULL;
	}
	stream = stream_find(request->socket, connection);
	if (stream == NULL)
		(void) fail(request, code);
	return stream;
}

static void
send_by(Request *request, int code, bool takes_dedupe)
{
	Stream	   *stream = find_stream(request, code);
	Text		channel;
	Text		message;
	Text		dedupe;

	if (stream == NULL || !read_message(request, &channel, &message, &dedupe))
		return;
	if (!takes_dedupe)
		dedupe = (Text) {NULL, 0};
	busy_unless(request, work_send(request->socket, request->id, stream->space, stream->key, stream->who, stream, channel, dedupe, message));
}

static void
method_send(Request *request)
{
	send_by(request, 457745, false);
}

static void
method_send_once(Request *request)
{
	send_by(request, 410619, true);
}

static void
method_update(Request *request)
{
	Stream	   *stream = find_stream(request, 438302);
	Text		viewer;

	if (stream == NULL)
		return;
	if (!json_text(request, "viewer-state", false, &viewer))
		viewer = (Text) {"{}", 2};
	busy_unless(request, work_update(stream, request->id, viewer));
}

static void
method_end(Request *request)
{
	Stream	   *stream = find_stream(request, 474128);

	if (stream != NULL)
		work_leave(stream, request->id);
}

static void
method_create_dedupe(Request *request)
{
	uint8_t		random[16];
	char		digits[33];

	if (uv_random(NULL, NULL, random, sizeof(random), 0, NULL) != 0)
	{
		(void) fail(request, CODE_LOST);
		return;
	}
	for (int i = 0; i < 16; i++)
		snprintf(digits + 2 * i, 3, "%02x", random[i]);
	socket_sendf(request->socket, "{\"deliver\":%" PRId64 ",\"done\":true,\"response\":{\"dedupe\":\"%s\"}}", request->id, digits);
}

/* ---- frames ---- */

typedef struct Method
{
	const char *name;
	void		(*run) (Request *request);	/* NULL: it is not supported */
} Method;

static const Method methods[] = {
#define GATEWAY_METHOD(name, function) {name, function},
#define GATEWAY_UNSUPPORTED(name) {name, NULL},
#include "gateway/methods.def"
#undef GATEWAY_METHOD
#undef GATEWAY_UNSUPPORTED
};

static bool
is_within_limits(Request *request, int64_t now)
{
	Socket	   *socket = request->socket;
	const char *message = NULL;

	if (!limits_take(&socket->rate, config.message_rate, now) || !limits_take(&socket->address->rate, config.address_rate, now))
		message = "requests come too fast";
	else if (socket->n_requests >= config.max_requests)
		message = "too many requests wait for their answers";
	if (message == NULL)
		return true;
	metrics.limited++;
	socket_failure(socket, request->id, CODE_BUSY, message);
	return false;
}

static void
run(Request *request, int64_t now)
{
	DocItem		name;

	if (!find(request, "method", &name) || name.kind != DOC_STRING)
	{
		(void) fail(request, NO_METHOD);
		return;
	}
	if (!is_within_limits(request, now))
		return;
	metrics.requests++;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
	{
		if (strlen(methods[i].name) != name.len || memcmp(methods[i].name, name.str, name.len) != 0)
			continue;
		if (methods[i].run != NULL)
			methods[i].run(request);
		else
			socket_failure(request->socket, request->id, UNKNOWN_METHOD, "this gateway does not support the method");
		return;
	}
	(void) fail(request, UNKNOWN_METHOD);
}

/* {"ping":1004,"latency":"3","pong":1795403458.546} */
static bool
is_pong(Request *request, int64_t now)
{
	DocItem		item;
	int64_t		ping;

	if (!find(request, "pong", &item))
		return false;
	if (optional_int(request, "ping", &ping))
	{
		/* It may say anything. */
		if (ping >= 0 && ping <= now - request->socket->opened)
			request->socket->latency = (int) (now - request->socket->opened - ping);
	}
	else
		socket_disconnect(request->socket, NO_MEANING);
	return true;
}

void
request_received(Socket *socket, const char *text, size_t len, int64_t now)
{
	KitArena   *arena = kit_arena_new("adama gateway request");
	Request		request = {.socket = socket,.text = text,.len = len,.arena = arena};
	KitBuf		buf;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	if (!doc_from_json(text, len, DOC_DOCUMENT, &buf, &diag) || !doc_open((DocBytes) {buf.data, buf.len}, DOC_DOCUMENT, &request.root, &diag) ||
		request.root.kind != DOC_OBJECT)
		socket_disconnect(socket, NO_MEANING);
	else if (!is_pong(&request, now))
	{
		if (optional_int(&request, "id", &request.id) && request.id != NOBODY_WAITS)
			run(&request, now);
		else
			socket_disconnect(socket, NO_ID);
	}
	principal_drop(request.who);
	kit_arena_delete(arena);
}
