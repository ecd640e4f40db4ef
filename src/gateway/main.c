/*
 * main.c
 *	  adama-gateway: the loop, and its beginning and end.
 *
 * One thread, one loop of libuv; libwebsockets (server.c) and libpq (database.c) both live in it.
 *
 *		in		server.c -> socket.c -> request.c -> work.c -> database.c			a frame becomes an operation, which goes to the database with others
 *		answers	database.c -> work.c -> socket.c
 *		changes	database.c -> stream.c -> socket.c -> server.c						a payload becomes frames of all streams that it is for
 *
 * SIGTERM and SIGINT: nothing more is taken, what is under way is waited for, then all sockets are told to come back, and the process ends.  SIGHUP: the configuration and keys are read again.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <uv.h>

#include "gateway/config.h"
#include "gateway/database.h"
#include "gateway/identity.h"
#include "gateway/log.h"
#include "gateway/server.h"
#include "gateway/socket.h"
#include "gateway/stream.h"
#include "gateway/work.h"

#define STOP_LOOK_MS 20
#define STOP_LINGER_MS 300		/* for the last frames to be written */
#define KEYS_EVERY_MS 60000

static uv_loop_t loop;
static uv_signal_t on_term;
static uv_signal_t on_int;
static uv_signal_t on_hup;
static uv_timer_t stop_timer;
static uv_timer_t keys_timer;
static bool is_stopping = false;
static uint64_t stop_at;		/* at the latest */
static bool reads_keys = false; /* a call for them is under way */
static bool wants_keys = false; /* another is due */

/* ---- keys ---- */

static void read_keys(void);

static void
keys_are_read(DatabaseCall *call, const PGresult *result)
{
	reads_keys = false;
	if (result != NULL && PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		identity_keys_begin();
		for (int i = 0; i < PQntuples(result); i++)
			identity_keys(PQgetvalue(result, i, 0), PQgetvalue(result, i, 1), (size_t) PQgetlength(result, i, 1));
		identity_keys_end();
	}
	else if (result != NULL)
		gateway_log(GATEWAY_ERROR, "keys", "problem=\"%s\"", PQresultErrorMessage(result));
	else
		wants_keys = true;
}

static void
read_keys(void)
{
	wants_keys = true;
	if (reads_keys || !database_can_run())
		return;
	wants_keys = false;
	reads_keys = true;
	{
		DatabaseCall *call = database_call_new(keys_are_read, NULL);

		(void) database_call_add(call, DATABASE_AUTHORITIES);
		database_run(call);
	}
}

static void
on_keys_timer(uv_timer_t *timer)
{
	read_keys();
}

/* ---- what the database tells ---- */

static void
notified(const char *channel, const char *payload)
{
	if (strcmp(channel, "adama_authorities") == 0)
		read_keys();
	else
		stream_payload(payload, strlen(payload));
}

static void
idle(void)
{
	if (wants_keys)
		read_keys();
	work_go();
}

static const DatabaseEvents events = {work_listening, notified, work_deaf, idle};

/* ---- stopping ---- */

static void
finish(uv_timer_t *timer)
{
	uv_stop(&loop);
}

static void
look_whether_done(uv_timer_t *timer)
{
	if (!work_is_done() && database_n_ready() > 0 && uv_now(&loop) < stop_at)
		return;
	work_give_up();
	socket_disconnect_all("shutdown");
	uv_timer_start(&stop_timer, finish, STOP_LINGER_MS, 0);
}

static void
stop(uv_signal_t *handle, int signal_number)
{
	if (is_stopping)
		return;
	is_stopping = true;
	gateway_log(GATEWAY_INFO, "stopping", "signal=%d sockets=%d queued=%d", signal_number, socket_count(), work_n_queued());
	socket_stop();
	stop_at = uv_now(&loop) + (uint64_t) config.stop_timeout * 1000;
	uv_timer_start(&stop_timer, look_whether_done, 0, STOP_LOOK_MS);
}

static void
reload(uv_signal_t *handle, int signal_number)
{
	config_reload();
	read_keys();
}

/* ---- starting ---- */

static void
allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t) config.max_sockets + 100)
		gateway_log(GATEWAY_WARNING, "limits", "max_sockets=%d files=%lu problem=\"fewer files may be open than sockets are allowed\"", config.max_sockets,
					(unsigned long) limit.rlim_cur);
}

static void
watch_signal(uv_signal_t *handle, uv_signal_cb callback, int signal_number)
{
	uv_signal_init(&loop, handle);
	uv_signal_start(handle, callback, signal_number);
}

int
main(int argc, char **argv)
{
	bool		help;

	if (!config_start(argc, argv, &help))
		return 2;
	if (help)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	allow_many_files();
	uv_loop_init(&loop);
	watch_signal(&on_term, stop, SIGTERM);
	watch_signal(&on_int, stop, SIGINT);
	watch_signal(&on_hup, reload, SIGHUP);
	uv_timer_init(&loop, &stop_timer);
	uv_timer_init(&loop, &keys_timer);
	uv_timer_start(&keys_timer, on_keys_timer, KEYS_EVERY_MS, KEYS_EVERY_MS);
	wants_keys = true;
	if (!database_start(&loop, &events) || !server_start(&loop))
		return 1;
	socket_start(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	gateway_log(GATEWAY_INFO, "stopped", "sockets=%d", socket_count());
	/* The database notices that nobody listens, and @disconnected runs for those who were here. */
	database_stop();
	return 0;
}
