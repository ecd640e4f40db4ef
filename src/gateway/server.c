/*
 * server.c
 *	  libwebsockets: HTTP, WebSocket, TLS and compression, on the loop of libuv.
 *
 * Each listener of the configuration is a vhost.  Whatever is not a file comes to one callback: a path that begins with /~s is upgraded to a WebSocket, which socket.c
 * then knows; /health and /metrics are answered; Adama's clients report to /~bm/… and /~lg/…, which is taken and dropped.
 *
 * Origin: a browser says which page connects.  Pages of the host that was asked for may; others when the configuration lists them.  What is no browser says nothing and
 * may, too: the identity is what counts.
 */
#include "gateway/server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <libwebsockets.h>

#include "gateway/config.h"
#include "gateway/database.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/socket.h"

#define HANDSHAKE_TIMEOUT_S 3
#define CHUNK_SIZE 4096			/* of a frame, as it is handed over */
#define COOKIE_PREFIX "id_"
#define KEPT_FILES 100
#define SAYS_MAX 20				/* lines of libwebsockets' own in a second */

typedef struct Session
{
	Socket	   *socket;			/* of a WebSocket */
	char	   *body;			/* of an answer that is being written: LWS_PRE bytes, then the text */
	size_t		len;
} Session;

static struct lws_context *context;
static int	max_fd;				/* of a connection; those above are for the database and for files */

/* ---- headers ---- */

/* NULL: the request has none.  The caller frees it. */
static char *
header(struct lws *wsi, enum lws_token_indexes which)
{
	int			len = lws_hdr_total_length(wsi, which);
	char	   *text;

	if (len <= 0)
		return NULL;
	text = gateway_alloc((size_t) len + 1);
	if (lws_hdr_copy(wsi, text, len + 1, which) >= 0)
		return text;
	free(text);
	return NULL;
}

/* id_NAME=VALUE; … of the cookies, without the prefix: NAME=VALUE;NAME=VALUE. */
static char *
identity_cookies(struct lws *wsi)
{
	char	   *all = header(wsi, WSI_TOKEN_HTTP_COOKIE);
	char	   *kept;
	char	   *rest;
	size_t		len = 0;

	if (all == NULL)
		return NULL;
	kept = gateway_alloc(strlen(all) + 1);
	for (char *one = strtok_r(all, ";", &rest); one != NULL; one = strtok_r(NULL, ";", &rest))
	{
		while (*one == ' ')
			one++;
		if (strncmp(one, COOKIE_PREFIX, strlen(COOKIE_PREFIX)) != 0 || strchr(one, '"') != NULL || strchr(one, '\\') != NULL || strchr(one, '=') == NULL)
			continue;
		one += strlen(COOKIE_PREFIX);
		if (len > 0)
			kept[len++] = ';';
		memcpy(kept + len, one, strlen(one));
		len += strlen(one);
	}
	free(all);
	if (len > 0)
		return kept;
	free(kept);
	return NULL;
}

/* An address, and nothing else.  One of IPv4 that comes by way of IPv6 is the same as by itself. */
static bool
take_address(const char *text, char *out, size_t size)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (strncasecmp(text, "::ffff:", 7) == 0 && strchr(text, '.') != NULL)
		text += 7;
	if (uv_ip4_addr(text, 0, &in) != 0 && uv_ip6_addr(text, 0, &in6) != 0)
		return false;
	return (size_t) snprintf(out, size, "%s", text) < size;
}

/* A proxy appends the address that it saw: the last one is what it vouches for. */
static bool
forwarded_address(struct lws *wsi, char *out, size_t size)
{
	char	   *list = header(wsi, WSI_TOKEN_X_FORWARDED_FOR);
	char	   *last = list == NULL ? NULL : strrchr(list, ',');
	bool		is_good = false;

	if (list != NULL)
	{
		size_t		len;

		last = last == NULL ? list : last + 1;
		last += strspn(last, " \t");
		len = strcspn(last, " \t");
		last[len] = '\0';
		is_good = take_address(last, out, size);
	}
	free(list);
	return is_good;
}

static void
client_address(struct lws *wsi, char *out, size_t size)
{
	char		peer[64] = "";

	if (config.forwarded && forwarded_address(wsi, out, size))
		return;
	lws_get_peer_simple(wsi, peer, sizeof(peer));
	if (!take_address(peer, out, size))
		snprintf(out, size, "unknown");
}

static bool
origin_is_allowed(struct lws *wsi, const char *origin)
{
	char	   *host;
	const char *name;
	bool		is_same;

	if (*origin == '\0' || config_list_has(&config.origins, "*") || config_list_has(&config.origins, origin))
		return true;
	if (config.origins.n > 0)
		return false;
	host = header(wsi, WSI_TOKEN_HOST);
	name = strstr(origin, "://");
	is_same = host != NULL && name != NULL && strcasecmp(name + 3, host) == 0;
	free(host);
	return is_same;
}

/* ---- WebSockets ---- */

static bool
path_begins_with(struct lws *wsi, enum lws_token_indexes token, const char *prefix)
{
	char	   *path = header(wsi, token);
	bool		result = path != NULL && strncmp(path, prefix, strlen(prefix)) == 0;

	free(path);
	return result;
}

/* Whether the handshake may become a WebSocket. */
static bool
may_upgrade(struct lws *wsi)
{
	char	   *origin = header(wsi, WSI_TOKEN_ORIGIN);
	bool		is_allowed = origin_is_allowed(wsi, origin != NULL ? origin : "");

	if (!is_allowed)
	{
		char		ip[48];

		client_address(wsi, ip, sizeof(ip));
		metrics.sockets_refused++;
		gateway_log(GATEWAY_INFO, "socket_refused", "ip=%s origin=\"%s\" problem=\"origin is not allowed\"", ip, origin);
	}
	free(origin);
	return is_allowed && path_begins_with(wsi, WSI_TOKEN_GET_URI, "/~s");
}

static bool
established(struct lws *wsi, Session *session)
{
	char	   *origin = header(wsi, WSI_TOKEN_ORIGIN);
	char	   *cookies = identity_cookies(wsi);
	char		ip[48];

	client_address(wsi, ip, sizeof(ip));
	session->socket = socket_opened(wsi, ip, origin != NULL ? origin : "", cookies);
	free(origin);
	free(cookies);
	if (session->socket == NULL)
		lws_close_reason(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, (unsigned char *) "too many sockets", 16);
	return session->socket != NULL;
}

/* ---- plain HTTP ---- */

/* Sends the headers; the body follows when it can be written. */
static int
answer(struct lws *wsi, Session *session, unsigned status, const char *type, const char *body, size_t len)
{
	unsigned char buffer[LWS_PRE + 1024];
	unsigned char *start = buffer + LWS_PRE;
	unsigned char *p = start;
	unsigned char *end = buffer + sizeof(buffer) - 1;

	if (lws_add_http_common_headers(wsi, status, type, len, &p, end) ||
		lws_add_http_header_by_name(wsi, (const unsigned char *) "access-control-allow-origin:", (const unsigned char *) "*", 1, &p, end) ||
		lws_add_http_header_by_name(wsi, (const unsigned char *) "access-control-allow-methods:", (const unsigned char *) "*", 1, &p, end) ||
		lws_add_http_header_by_name(wsi, (const unsigned char *) "access-control-allow-headers:", (const unsigned char *) "content-type", 12, &p, end) ||
		lws_add_http_header_by_name(wsi, (const unsigned char *) "cache-control:", (const unsigned char *) "no-store", 8, &p, end) ||
		lws_finalize_write_http_header(wsi, start, &p, end))
		return 1;
	session->body = gateway_alloc(LWS_PRE + len + 1);
	if (len > 0)
		memcpy(session->body + LWS_PRE, body, len);
	session->len = len;
	lws_callback_on_writable(wsi);
	return 0;
}

static int
write_body(struct lws *wsi, Session *session)
{
	int			written = lws_write(wsi, (unsigned char *) session->body + LWS_PRE, session->len, LWS_WRITE_HTTP_FINAL);

	free(session->body);
	session->body = NULL;
	if (written < (int) session->len)
		return 1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int
answer_metrics(struct lws *wsi, Session *session)
{
	KitArena   *arena = kit_arena_new("adama gateway metrics");
	KitBuf		text;
	int			result;

	kit_buf_init(&text, arena);
	metrics_write(&text);
	result = answer(wsi, session, HTTP_STATUS_OK, "text/plain; version=0.0.4", text.data, text.len);
	kit_arena_delete(arena);
	return result;
}

/* Up means: messages can be sent and changes are heard. */
static int
answer_health(struct lws *wsi, Session *session)
{
	bool		is_up = database_is_listening() && database_n_ready() > 0;
	const char *text = is_up ? "{\"status\":\"up\"}\n" : "{\"status\":\"no database\"}\n";

	return answer(wsi, session, is_up ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE, "application/json", text, strlen(text));
}

static bool
is_report(struct lws *wsi)
{
	static const enum lws_token_indexes tokens[] = {WSI_TOKEN_PUT_URI, WSI_TOKEN_OPTIONS_URI};

	for (int i = 0; i < 2; i++)
		if (path_begins_with(wsi, tokens[i], "/~bm/") || path_begins_with(wsi, tokens[i], "/~lg/"))
			return true;
	return false;
}

static int
answer_http(struct lws *wsi, Session *session)
{
	if (path_begins_with(wsi, WSI_TOKEN_GET_URI, "/health"))
		return answer_health(wsi, session);
	if (path_begins_with(wsi, WSI_TOKEN_GET_URI, "/metrics"))
		return answer_metrics(wsi, session);
	if (is_report(wsi))
		return answer(wsi, session, HTTP_STATUS_OK, "text/plain", "", 0);
	return answer(wsi, session, HTTP_STATUS_NOT_FOUND, "text/plain", "not found\n", 10);
}

/* Where no more files can be opened libwebsockets tries to accept again and again. */
static void
limit_connections(void)
{
	struct rlimit limit;

	max_fd = INT_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT_MAX)
		max_fd = (int) (limit.rlim_cur - (limit.rlim_cur / 4 < KEPT_FILES ? limit.rlim_cur / 4 : KEPT_FILES));
}

static bool
may_connect(int fd)
{
	static time_t last;
	time_t		now = time(NULL);

	if (fd < max_fd)
		return true;
	metrics.sockets_refused++;
	if (now != last)
		gateway_log(GATEWAY_WARNING, "connection_refused", "files=%d problem=\"too many are open\"", max_fd);
	last = now;
	return false;
}

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	Session    *session = user;

	switch (reason)
	{
		case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
			return may_connect((int) (intptr_t) in) ? 0 : 1;
		case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
			return may_upgrade(wsi) ? 0 : 1;
		case LWS_CALLBACK_ESTABLISHED:
			return established(wsi, session) ? 0 : -1;
		case LWS_CALLBACK_RECEIVE:
			socket_received(session->socket, in, len, lws_remaining_packet_payload(wsi) == 0 && lws_is_final_fragment(wsi), lws_frame_is_binary(wsi));
			return 0;
		case LWS_CALLBACK_SERVER_WRITEABLE:
			return session->socket == NULL || socket_writable(session->socket) ? 0 : -1;
		case LWS_CALLBACK_CLOSED:
			if (session->socket != NULL)
				socket_closed(session->socket);
			session->socket = NULL;
			return 0;
		case LWS_CALLBACK_HTTP:
			return answer_http(wsi, session);
		case LWS_CALLBACK_HTTP_WRITEABLE:
			return session == NULL || session->body == NULL ? 0 : write_body(wsi, session);
		case LWS_CALLBACK_CLOSED_HTTP:
			if (session != NULL)
			{
				free(session->body);
				session->body = NULL;
			}
			return 0;
		default:
			return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols protocols[] = {
	{"adama", callback, sizeof(Session), CHUNK_SIZE, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0}
};

static const struct lws_extension extensions[] = {
	{"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_no_context_takeover; client_max_window_bits"},
	{NULL, NULL, NULL}
};

/* ---- mounts ---- */

static struct lws_http_mount mounts[6];

static struct lws_http_mount *
mount(int i, const char *where, enum lws_mount_protocols how, const char *what)
{
	mounts[i] = (struct lws_http_mount) {
		.mountpoint = where,.mountpoint_len = (unsigned char) strlen(where),.origin = what,.origin_protocol = (unsigned char) how,.def = "index.html",
		.protocol = how == LWSMPRO_CALLBACK ? "adama" : NULL,.cache_max_age = 0,.cache_reusable = 1,.cache_revalidate = 1
	};
	if (i > 0)
		mounts[i - 1].mount_next = &mounts[i];
	return &mounts[i];
}

static const struct lws_http_mount *
make_mounts(void)
{
	static const struct lws_protocol_vhost_options module = {NULL, NULL, ".mjs", "text/javascript"};
	int			n = 0;

	(void) mount(n++, "/~", LWSMPRO_CALLBACK, "adama");
	(void) mount(n++, "/health", LWSMPRO_CALLBACK, "adama");
	(void) mount(n++, "/metrics", LWSMPRO_CALLBACK, "adama");
	if (*config.client != '\0')
		mount(n++, "/adama", LWSMPRO_FILE, config.client)->extra_mimetypes = &module;
	if (*config.root != '\0')
		mount(n++, "/", LWSMPRO_FILE, config.root)->extra_mimetypes = &module;
	return mounts;
}

/* ---- listeners ---- */

/* "[::]:8443 tls", "8080", "127.0.0.1:8080".  False: not understood. */
static bool
parse_listener(const char *text, char *address, size_t size, int *port, bool *is_tls)
{
	const char *blank = strchr(text, ' ');
	size_t		len = blank == NULL ? strlen(text) : (size_t) (blank - text);
	const char *colon = NULL;
	size_t		address_len;

	*is_tls = blank != NULL && strcmp(blank + 1, "tls") == 0;
	if (blank != NULL && !*is_tls)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == ':')
			colon = text + i;
	*port = 0;
	for (const char *p = colon == NULL ? text : colon + 1; p < text + len; p++)
	{
		if (*p < '0' || *p > '9' || *port > 65535)
			return false;
		*port = *port * 10 + (*p - '0');
	}
	address_len = colon == NULL ? 0 : (size_t) (colon - text);
	if (address_len >= 2 && text[0] == '[' && text[address_len - 1] == ']')
	{
		text++;
		address_len -= 2;
	}
	if (*port < 1 || *port > 65535 || address_len >= size)
		return false;
	memcpy(address, text, address_len);
	address[address_len] = '\0';
	return true;
}

static bool
listen_on(const char *text)
{
	struct lws_context_creation_info info = {0};
	static char addresses[16][64];
	static int	n = 0;
	bool		is_tls;

	if (n >= 16 || !parse_listener(text, addresses[n], sizeof(addresses[n]), &info.port, &is_tls))
	{
		gateway_log(GATEWAY_ERROR, "config", "option=listen value=\"%s\" problem=\"%s\"", text, n >= 16 ? "too many" : "not understood");
		return false;
	}
	info.iface = addresses[n][0] == '\0' || strcmp(addresses[n], "0.0.0.0") == 0 || strcmp(addresses[n], "::") == 0 ? NULL : addresses[n];
	/* Which family: an address says so; none, or ::, takes both. */
	if (strchr(addresses[n], ':') == NULL && addresses[n][0] != '\0')
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	info.vhost_name = text;
	info.protocols = protocols;
	info.mounts = make_mounts();
	info.extensions = config.compress ? extensions : NULL;
	info.timeout_secs = HANDSHAKE_TIMEOUT_S;
	info.keepalive_timeout = 30;
	info.alpn = "http/1.1";
	info.server_string = "adama";
	if (is_tls && (*config.certificate == '\0' || *config.key == '\0'))
	{
		gateway_log(GATEWAY_ERROR, "config", "option=%s problem=\"a listener with TLS needs it\"", *config.certificate == '\0' ? "certificate" : "key");
		return false;
	}
	if (is_tls)
	{
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = config.certificate;
		info.ssl_private_key_filepath = config.key;
	}
	if (lws_create_vhost(context, &info) == NULL)
	{
		gateway_log(GATEWAY_ERROR, "listen", "listener=\"%s\" problem=\"cannot listen there: the port is taken, or the certificate or key cannot be read\"", text);
		return false;
	}
	gateway_log(GATEWAY_INFO, "listening", "address=\"%s\" port=%d tls=%s", addresses[n], info.port, is_tls ? "yes" : "no");
	n++;
	return true;
}

static void
lws_says(int level, const char *line)
{
	static time_t second;
	static int	n_said;
	time_t		now = time(NULL);

	n_said = now == second ? n_said + 1 : 0;
	second = now;
	if (n_said > SAYS_MAX && level & (LLL_ERR | LLL_WARN))
		return;
	gateway_log(level & LLL_ERR ? GATEWAY_ERROR : level & LLL_WARN ? GATEWAY_WARNING : GATEWAY_DEBUG, "websockets", "text=\"%s\"", line);
}

bool
server_start(uv_loop_t *loop)
{
	struct lws_context_creation_info info = {0};
	void	   *loops[] = {loop};

	limit_connections();
	lws_set_log_level(LLL_ERR | LLL_WARN | (config.log == GATEWAY_DEBUG ? LLL_NOTICE | LLL_INFO : 0), lws_says);
	info.foreign_loops = loops;
	info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
		LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE;
	info.pt_serv_buf_size = 16384;
	info.max_http_header_data = 16384;
	context = lws_create_context(&info);
	if (context == NULL)
	{
		gateway_log(GATEWAY_ERROR, "websockets", "problem=\"cannot be started; is the package libwebsockets-evlib-uv installed?\"");
		return false;
	}
	for (int i = 0; i < config.listen.n; i++)
		if (!listen_on(config.listen.items[i]))
			return false;
	return true;
}

void
server_stop(void)
{
	lws_context_destroy(context);
	context = NULL;
}
