/*
 * database.c
 *	  libpq in the loop.
 *
 *		DOWN ---- its time ----> CONNECTING ----> SETTING_UP ----> IDLE <----> BUSY
 *		 ^                           |                |             |           |
 *		 +---------------------------+------ lost ----+-------------+-----------+
 *
 * Connections for commands run one call at a time, in pipeline mode: a call's statements go together, a sync ends it, and they are one transaction.  That a
 * connection is busy is what makes messages gather (work.c).  The listening connection is set up by asking for a channel, then only listens.
 *
 * When the listening connection is lost, all others are closed too as soon as they are idle: after a failover they could be those of another server, where
 * nobody would hear what is asked of them.  Whoever is down tries again after a while, a little longer each time.
 */
#include "gateway/database.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "kit/buf.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 5000
#define CONNECT_TIMEOUT_MS 10000
#define CONNECT_TIMEOUT_MAX_S 600
#define MAX_VALUES 100
#define MAX_LINKS 65

typedef enum LinkState
{
	LINK_DOWN,
	LINK_CONNECTING,
	LINK_SETTING_UP,
	LINK_IDLE,
	LINK_BUSY
} LinkState;

static const char *const turned_keywords[] = {"host", "hostaddr", "port"};

#define N_TURNED 3

typedef struct Link
{
	int			number;			/* 0: the one that listens */
	LinkState	state;
	PGconn	   *conn;
	uv_poll_t  *poll;			/* NULL: not watched */
	int			fd;				/* that is watched */
	uv_timer_t	timer;			/* of the retry, of connecting */
	int			retry_ms;
	bool		is_dying;		/* its server has said that it ends it */
	bool		is_stale;		/* to be closed when idle, or when it comes up: it may be of another server than the one that listens */
	DatabaseCall *call;
	PGresult   *result;			/* of the call so far */
	char	   *turned[N_TURNED];	/* the hosts, another one first; NULL: as they were given */
} Link;

static uv_loop_t *loop;
static const DatabaseEvents *events;
static Link links[MAX_LINKS];
static int	n_links;
static int64_t n_lost;
static const char **keywords;	/* of the connection, for libpq */
static const char **values;
static int	n_values;			/* that were given */

static const char *const statement_names[] = {
#define GATEWAY_STATEMENT(name, n_params, sql) #name,
#include "gateway/statements.def"
#undef GATEWAY_STATEMENT
};

static const char *const statement_texts[] = {
#define GATEWAY_STATEMENT(name, n_params, sql) sql,
#include "gateway/statements.def"
#undef GATEWAY_STATEMENT
};

static const char not_heard[] = "the listening connection is lost";

static void start_connecting(Link *link);
static Link *idle_link(void);
static void go_on(Link *link);
static void on_poll(uv_poll_t *handle, int status, int poll_events);

/* ---- watching the socket ---- */

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
unwatch(Link *link)
{
	if (link->poll == NULL)
		return;
	uv_poll_stop(link->poll);
	uv_close((uv_handle_t *) link->poll, free_handle);
	link->poll = NULL;
}

static void
watch(Link *link, int poll_events)
{
	int			fd = PQsocket(link->conn);

	if (link->poll != NULL && link->fd != fd)
		unwatch(link);
	if (link->poll == NULL)
	{
		link->poll = GATEWAY_NEW(uv_poll_t);
		link->poll->data = link;
		link->fd = fd;
		uv_poll_init(loop, link->poll, fd);
	}
	uv_poll_start(link->poll, poll_events, on_poll);
}

/* ---- losing it ---- */

static void
on_retry(uv_timer_t *timer)
{
	start_connecting(timer->data);
}

static void
end_call(Link *link, const PGresult *result)
{
	DatabaseCall *call = link->call;

	link->call = NULL;
	if (call == NULL)
		return;
	call->done(call, result);
	kit_arena_delete(call->arena);
}

static void
lost(Link *link, const char *why)
{
	bool		was_up = link->state >= LINK_IDLE;

	/* Only the first attempt in vain is news. */
	gateway_log(was_up ? GATEWAY_WARNING : link->retry_ms == RETRY_FIRST_MS ? GATEWAY_ERROR : GATEWAY_DEBUG, "database_lost", "connection=%d retry_ms=%d problem=\"%s\"", link->number, link->retry_ms, why);
	unwatch(link);
	PQfinish(link->conn);
	PQclear(link->result);
	link->conn = NULL;
	link->result = NULL;
	link->state = LINK_DOWN;
	link->is_stale = link->is_dying = false;
	n_lost++;
	uv_timer_start(&link->timer, on_retry, (uint64_t) link->retry_ms, 0);
	link->retry_ms = link->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : link->retry_ms * 2;
	if (link->number == 0 && was_up)
	{
		events->deaf();
		for (int i = 1; i < n_links; i++)
			links[i].is_stale = links[i].state != LINK_DOWN;
		for (int i = 1; i < n_links; i++)
			if (links[i].state == LINK_IDLE)
				lost(&links[i], not_heard);
	}
	end_call(link, NULL);
	/* What it had to do can be done by another one. */
	if (idle_link() != NULL)
		events->idle();
}

/* ---- results ---- */

/* A connection that has come up: the listening one is told its channel, all others wait for calls. */
static void
is_up(Link *link)
{
	link->state = LINK_IDLE;
	link->retry_ms = RETRY_FIRST_MS;
	uv_timer_stop(&link->timer);
	gateway_log(GATEWAY_INFO, "database_up", "connection=%d pid=%d server_version=%d", link->number, PQbackendPID(link->conn), PQserverVersion(link->conn));
	if (link->number == 0)
		events->listening(PQgetvalue(link->result, 0, 0));
	PQclear(link->result);
	link->result = NULL;
	if (link->is_stale)
		lost(link, not_heard);
	else if (link->number != 0)
		events->idle();
}

static void
call_is_done(Link *link)
{
	PGresult   *result = link->result;

	link->result = NULL;
	link->state = LINK_IDLE;
	end_call(link, result);
	PQclear(result);
	if (link->is_stale)
		lost(link, not_heard);
	else if (link->state == LINK_IDLE)
		events->idle();
}

static bool
has_failed(const PGresult *result)
{
	return PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK;
}

/* Takes what has arrived of the statements under way.  False: the connection is lost. */
static bool
take_results(Link *link)
{
	while ((link->state == LINK_BUSY || link->state == LINK_SETTING_UP) && !PQisBusy(link->conn))
	{
		PGresult   *result = PQgetResult(link->conn);

		if (result == NULL && PQstatus(link->conn) == CONNECTION_OK)
			continue;			/* between two statements */
		if (result == NULL)
		{
			lost(link, PQerrorMessage(link->conn));
			return false;
		}
		if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
		{
			if (link->result != NULL && has_failed(link->result))
				PQclear(result);	/* what came after the failure was not run */
			else
			{
				PQclear(link->result);
				link->result = result;
			}
			continue;
		}
		PQclear(result);
		if (link->state == LINK_BUSY)
			call_is_done(link);
		else if (link->result == NULL || has_failed(link->result))
		{
			lost(link, link->result == NULL ? PQerrorMessage(link->conn) : PQresultErrorMessage(link->result));
			return false;
		}
		else
			is_up(link);
	}
	return link->state != LINK_DOWN;
}

static void
take_notifications(Link *link)
{
	PGnotify   *notify;

	while (link->state == LINK_IDLE && (notify = PQnotifies(link->conn)) != NULL)
	{
		events->notified(notify->relname, notify->extra);
		PQfreemem(notify);
	}
}

/* Sends what is to be sent, and watches for more. */
static void
flush(Link *link)
{
	int			left = PQflush(link->conn);

	if (left < 0 || PQstatus(link->conn) != CONNECTION_OK)
		lost(link, PQerrorMessage(link->conn));
	else
		watch(link, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* ---- coming up ---- */

static void
set_up(Link *link)
{
	bool		is_sent = PQsetnonblocking(link->conn, 1) == 0 && PQenterPipelineMode(link->conn);

	link->state = LINK_SETTING_UP;
	if (link->number == 0)
		is_sent = is_sent && PQsendQueryParams(link->conn, "LISTEN adama_authorities", 0, NULL, NULL, NULL, NULL, 0) &&
			PQsendQueryParams(link->conn, "SELECT adama.gateway_listen()", 0, NULL, NULL, NULL, NULL, 0);
	else
	{
		/* One document's lock shall not hold up the batch of all the others. */
		is_sent = is_sent && PQsendQueryParams(link->conn, "SET lock_timeout = '1s'", 0, NULL, NULL, NULL, NULL, 0);
		for (int i = 0; is_sent && i < DATABASE_N_STATEMENTS; i++)
			is_sent = PQsendPrepare(link->conn, statement_names[i], statement_texts[i], 0, NULL);
	}
	if (!is_sent || !PQpipelineSync(link->conn))
		lost(link, PQerrorMessage(link->conn));
	else
		flush(link);
}

static void
connecting(Link *link)
{
	/* libpq may go on to another socket, which may even get the same number. */
	unwatch(link);
	switch (PQconnectPoll(link->conn))
	{
		case PGRES_POLLING_READING:
			watch(link, UV_READABLE);
			break;
		case PGRES_POLLING_WRITING:
			watch(link, UV_WRITABLE);
			break;
		case PGRES_POLLING_OK:
			set_up(link);
			break;
		default:
			lost(link, PQerrorMessage(link->conn));
			break;
	}
}

/* What it was told, or NULL: also by the environment or a service file. */
static char *
told(Link *link, const char *keyword)
{
	PQconninfoOption *options = PQconninfo(link->conn);
	char	   *value = NULL;

	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
		if (strcmp(option->keyword, keyword) == 0 && option->val != NULL && *option->val != '\0')
			value = gateway_copy(option->val, strlen(option->val));
	PQconninfoFree(options);
	return value;
}

/* a,b,c becomes b,c,a. */
static void
rotate(char **list)
{
	char	   *comma = *list == NULL ? NULL : strchr(*list, ',');
	size_t		first_len;
	size_t		rest_len;
	char	   *turned;

	if (comma == NULL)
		return;
	first_len = (size_t) (comma - *list);
	rest_len = strlen(comma + 1);
	turned = gateway_alloc(first_len + rest_len + 2);
	memcpy(turned, comma + 1, rest_len);
	turned[rest_len] = ',';
	memcpy(turned + rest_len + 1, *list, first_len);
	free(*list);
	*list = turned;
}

/* libpq asks one host after the other, but leaves it to us to give up on one that says nothing: next time it is the last one. */
static void
on_timeout(uv_timer_t *timer)
{
	Link	   *link = timer->data;

	if (link->state == LINK_CONNECTING)
	{
		for (int i = 0; i < N_TURNED; i++)
		{
			free(link->turned[i]);
			link->turned[i] = told(link, turned_keywords[i]);
			rotate(&link->turned[i]);
		}
	}
	lost(link, "connecting takes too long");
}

/* ms; connect_timeout says so, in seconds, 0: for ever */
static uint64_t
connect_timeout(Link *link)
{
	char	   *given = told(link, "connect_timeout");
	long		seconds = given == NULL ? 0 : atol(given);

	free(given);
	return seconds > 0 && seconds < CONNECT_TIMEOUT_MAX_S ? (uint64_t) seconds * 1000 : CONNECT_TIMEOUT_MS;
}

static void
notice(void *arg, const PGresult *result)
{
	Link	   *link = arg;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	link->is_dying |= severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
	gateway_log(link->is_dying ? GATEWAY_WARNING : GATEWAY_INFO, "database_says", "connection=%d text=\"%s\"", link->number, PQresultErrorMessage(result));
}

static void
start_connecting(Link *link)
{
	int			n = n_values;

	for (int i = 0; i < N_TURNED; i++)
	{
		if (link->turned[i] == NULL)
			continue;
		keywords[n] = turned_keywords[i];
		values[n++] = link->turned[i];
	}
	keywords[n] = NULL;
	link->conn = PQconnectStartParams(keywords, values, 0);
	link->state = LINK_CONNECTING;
	if (link->conn == NULL || PQstatus(link->conn) == CONNECTION_BAD)
	{
		lost(link, link->conn != NULL ? PQerrorMessage(link->conn) : "out of memory");
		return;
	}
	(void) PQsetNoticeReceiver(link->conn, notice, link);
	uv_timer_start(&link->timer, on_timeout, connect_timeout(link), 0);
	watch(link, UV_WRITABLE);
}

/* ---- the loop ---- */

static void
go_on(Link *link)
{
	if (PQconsumeInput(link->conn) == 0 || PQstatus(link->conn) != CONNECTION_OK)
	{
		/* What arrived before the end still counts. */
		take_notifications(link);
		if (link->state != LINK_DOWN)
			lost(link, PQerrorMessage(link->conn));
		return;
	}
	if (!take_results(link))
		return;
	/* This reads what the server says by itself, too. */
	take_notifications(link);
	if (link->state == LINK_IDLE && link->is_dying)
		lost(link, "the server ends it");
	if (link->state != LINK_DOWN)
		flush(link);
}

void
database_look(void)
{
	if (database_is_listening())
		go_on(&links[0]);
}

static void
on_poll(uv_poll_t *handle, int status, int poll_events)
{
	Link	   *link = handle->data;

	if (link->state == LINK_CONNECTING)
		connecting(link);
	else
		go_on(link);
}

/* ---- calls ---- */

DatabaseCall *
database_call_new(void (*done) (DatabaseCall *call, const PGresult *result), void *arg)
{
	KitArena   *arena = kit_arena_new("adama gateway call");
	DatabaseCall *call = KIT_NEW(arena, DatabaseCall);

	call->arena = arena;
	call->done = done;
	call->arg = arg;
	return call;
}

DatabaseParams *
database_call_add(DatabaseCall *call, DatabaseStatement statement)
{
	call->statements[call->n] = statement;
	return &call->params[call->n++];
}

static Link *
idle_link(void)
{
	for (int i = 1; i < n_links; i++)
		if (links[i].state == LINK_IDLE && !links[i].is_stale)
			return &links[i];
	return NULL;
}

bool
database_can_run(void)
{
	return idle_link() != NULL;
}

void
database_run(DatabaseCall *call)
{
	Link	   *link = idle_link();
	bool		is_sent = true;

	link->call = call;
	link->state = LINK_BUSY;
	call->started = uv_now(loop);
	for (int i = 0; is_sent && i < call->n; i++)
		is_sent = PQsendQueryPrepared(link->conn, statement_names[call->statements[i]], call->params[i].n, call->params[i].values, call->params[i].lens,
									  call->params[i].formats, 0);
	if (!is_sent || !PQpipelineSync(link->conn))
		lost(link, PQerrorMessage(link->conn));
	else
		flush(link);
}

int
database_n_busy(void)
{
	int			n = 0;

	for (int i = 1; i < n_links; i++)
		n += links[i].state == LINK_BUSY;
	return n;
}

int
database_n_ready(void)
{
	int			n = 0;

	for (int i = 1; i < n_links; i++)
		n += links[i].state >= LINK_IDLE;
	return n;
}

bool
database_is_listening(void)
{
	return n_links > 0 && links[0].state == LINK_IDLE;
}

int64_t
database_n_lost(void)
{
	return n_lost;
}

/* ---- parameters ---- */

static void
add(DatabaseParams *params, const char *value, size_t len, int format)
{
	params->values[params->n] = value;
	params->lens[params->n] = (int) len;
	params->formats[params->n++] = format;
}

void
database_text(DatabaseParams *params, const char *str)
{
	add(params, str, 0, 0);
}

void
database_int(DatabaseCall *call, DatabaseParams *params, int64_t value)
{
	add(params, kit_arena_printf(call->arena, "%lld", (long long) value), 0, 0);
}

static void
add_big_endian(KitBuf *buf, uint64_t value, int n_bytes)
{
	while (n_bytes-- > 0)
		kit_buf_add_char(buf, (char) (value >> (8 * n_bytes) & 0xff));
}

/* The binary form of arrays: dimensions, whether there are nulls, type; length and lower bound; then each element's length and bytes. */
void
database_array(DatabaseCall *call, DatabaseParams *params, DatabaseType type, const DatabaseElement *elements, int n)
{
	KitBuf		buf;

	kit_buf_init(&buf, call->arena);
	add_big_endian(&buf, n > 0 ? 1 : 0, 4);
	add_big_endian(&buf, 1, 4);
	add_big_endian(&buf, type, 4);
	if (n > 0)
	{
		add_big_endian(&buf, (uint64_t) n, 4);
		add_big_endian(&buf, 1, 4);
	}
	for (int i = 0; i < n; i++)
	{
		if (elements[i].str == NULL)
			add_big_endian(&buf, 0xffffffff, 4);
		else if (type == DATABASE_INT8)
		{
			add_big_endian(&buf, 8, 4);
			add_big_endian(&buf, (uint64_t) elements[i].number, 8);
		}
		else
		{
			add_big_endian(&buf, elements[i].len, 4);
			kit_buf_add(&buf, elements[i].str, elements[i].len);
		}
	}
	add(params, buf.data, buf.len, 1);
}

/* ---- starting and stopping ---- */

/* What the user did not say: to notice soon that a server is gone, and to ask for one that writes. */
static const char *const defaults[][2] = {
	{"application_name", "adama-gateway"},
	{"keepalives_idle", "5"},
	{"keepalives_interval", "2"},
	{"keepalives_count", "3"},
	{"tcp_user_timeout", "10000"},
	{"target_session_attrs", "read-write"},
	{"client_encoding", "UTF8"},
};

#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static bool
read_conninfo(void)
{
	char	   *error = NULL;
	PQconninfoOption *given = PQconninfoParse(config.database, &error);
	int			n = 0;

	if (given == NULL)
	{
		gateway_log(GATEWAY_ERROR, "config", "option=database problem=\"%s\"", error != NULL ? error : "out of memory");
		PQfreemem(error);
		return false;
	}
	keywords = gateway_alloc(sizeof(char *) * (MAX_VALUES + N_TURNED + 1));
	values = gateway_alloc(sizeof(char *) * (MAX_VALUES + N_TURNED + 1));
	for (size_t i = 0; i < N_DEFAULTS; i++, n++)
	{
		keywords[n] = defaults[i][0];
		values[n] = defaults[i][1];
	}
	/* A later value of a keyword counts more. */
	for (PQconninfoOption *option = given; option->keyword != NULL && n < MAX_VALUES; option++)
	{
		if (option->val == NULL)
			continue;
		keywords[n] = gateway_copy(option->keyword, strlen(option->keyword));
		values[n++] = gateway_copy(option->val, strlen(option->val));
	}
	PQconninfoFree(given);
	n_values = n;
	return true;
}

bool
database_start(uv_loop_t *with_loop, const DatabaseEvents *with_events)
{
	loop = with_loop;
	events = with_events;
	if (!read_conninfo())
		return false;
	n_links = 1 + (config.n_commands > MAX_LINKS - 1 ? MAX_LINKS - 1 : config.n_commands);
	for (int i = 0; i < n_links; i++)
	{
		links[i].number = i;
		links[i].retry_ms = RETRY_FIRST_MS;
		uv_timer_init(loop, &links[i].timer);
		links[i].timer.data = &links[i];
		start_connecting(&links[i]);
	}
	return true;
}

void
database_stop(void)
{
	for (int i = 0; i < n_links; i++)
	{
		unwatch(&links[i]);
		uv_timer_stop(&links[i].timer);
		if (!uv_is_closing((uv_handle_t *) &links[i].timer))
			uv_close((uv_handle_t *) &links[i].timer, NULL);
		PQfinish(links[i].conn);
		links[i].conn = NULL;
		links[i].state = LINK_DOWN;
	}
}
