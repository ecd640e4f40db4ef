/*
 * driver.c
 *	  The benchmark's clients that pgbench cannot be: listeners, latency, batches.
 *
 *		driver latency adama|raw N				N messages one by one, µs: p50 p99 from sending the statement to the notification (a round trip, commit included),
 *												p50 p99 from the return of the commit to the notification
 *		driver burst N							N messages from 16 sessions at once: notifications, and ms until the last change is there
 *		driver listen SESSIONS DOCUMENTS		connects to documents doc1 … docN from so many sessions and reads until SIGTERM: notifications, bytes
 *		driver ingest SIZE CONNECTIONS SECONDS	batches of SIZE messages, one document per connection: messages per second
 *		driver transfers HOW SIZE BANKS CONNECTIONS SECONDS
 *												batches of SIZE transfers at random between 100,000 accounts, each connection in one of bank1 … bankBANKS, by
 *												ingest, jsonb or table (bench/bank.sql): transfers per second
 *		driver crowd SPACE VIEWERS CHANGES PAYLOADS
 *												VIEWERS connections of a gateway to document "crowd" of the space (bench/crowd.adama), and as many changes, one by one, of
 *												which each is PAYLOADS notifications: µs of the emitter's CPU time per change
 *		driver clients CONNECTIONS SECONDS SQL	the same statement from each connection, $1 = its number: statements per second
 *
 * Connects as libpq's environment says (PGHOST, PGPORT, …).  The space is "chat", of examples/pubsub.adama.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

static volatile sig_atomic_t stop = 0;

static void
on_signal(int signal_number)
{
	stop = 1;
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static PGconn *
open_connection(void)
{
	PGconn	   *conn = PQconnectdb("");

	if (PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(conn));
		exit(1);
	}
	return conn;
}

static void
check(PGconn *conn, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(conn));
		exit(1);
	}
}

static void
run(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexec(conn, sql);

	check(conn, result);
	PQclear(result);
}

/* Waits up to timeout ms for the next notification; NULL when none came. */
static PGnotify *
next_notification(PGconn *conn, int timeout)
{
	for (;;)
	{
		PGnotify   *notify = PQnotifies(conn);
		struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

		if (notify != NULL)
			return notify;
		if (poll(&fd, 1, timeout) <= 0)
			return NULL;
		if (!PQconsumeInput(conn))
		{
			fprintf(stderr, "%s", PQerrorMessage(conn));
			exit(1);
		}
	}
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
latency(bool is_adama, int n)
{
	PGconn	   *sender = open_connection();
	PGconn	   *listener = open_connection();
	double	   *trips = malloc(sizeof(double) * n);
	double	   *waits = malloc(sizeof(double) * n);
	PGnotify   *notify;

	if (is_adama)
	{
		run(listener, "SELECT adama.connect('chat', 'latency')");
		if ((notify = next_notification(listener, 10000)) == NULL)
		{
			fprintf(stderr, "no first view within 10 s\n");
			exit(1);
		}
		PQfreemem(notify);
	}
	else
		run(listener, "LISTEN latency");
	for (int i = 0; i < n; i++)
	{
		struct timespec pause = {0, 15000000};	/* the document is quiet again */
		double		sent = now_us();
		double		committed;

		/* The raw round trip writes as much as a message does: a row and its log entry. */
		run(sender, is_adama ? "SELECT chat.publish('latency', payload => 'hello world')"
			: "WITH u AS (UPDATE bare.document SET seq = seq + 1 WHERE key = 'latency' RETURNING key, seq), "
			"l AS (INSERT INTO bare.log (key, seq, at, event, agent, authority, channel, message, delta) "
			"SELECT key, seq, clock_timestamp(), 'send', 'postgres', 'postgres', 'publish', '{}', '{}' FROM u RETURNING seq) "
			"SELECT pg_notify('latency', seq::text) FROM l");
		committed = now_us();
		if ((notify = next_notification(listener, 10000)) == NULL)
		{
			fprintf(stderr, "no notification within 10 s\n");
			exit(1);
		}
		waits[i] = now_us() - committed;
		trips[i] = now_us() - sent;
		PQfreemem(notify);
		nanosleep(&pause, NULL);
	}
	qsort(trips, n, sizeof(double), compare_doubles);
	qsort(waits, n, sizeof(double), compare_doubles);
	printf("%.0f %.0f %.0f %.0f\n", trips[n / 2], trips[n * 99 / 100], waits[n / 2], waits[n * 99 / 100]);
	PQfinish(sender);
	PQfinish(listener);
}

/* seq of an envelope, part or whole; 0 when it has none. */
static long
seq_of(const char *payload)
{
	const char *p = strstr(payload, "\"seq\":");
	const char *next;

	while (p != NULL && (next = strstr(p + 1, "\"seq\":")) != NULL)
		p = next;
	return p == NULL ? 0 : atol(p + 6);
}

#define BURST_SENDERS 16

static void
burst(int n)
{
	PGconn	   *senders[BURST_SENDERS];
	PGconn	   *listener = open_connection();
	struct pollfd fds[BURST_SENDERS + 1];
	long		last = 0;
	long		seen = 0;
	int			n_sent = 0;
	int			notifications = 0;
	double		start;

	run(listener, "SELECT adama.connect('chat', 'latency')");
	PQfreemem(next_notification(listener, 10000));
	for (int i = 0; i < BURST_SENDERS; i++)
	{
		PGresult   *result;

		senders[i] = open_connection();
		result = PQprepare(senders[i], "s", "SELECT chat.publish('latency', payload => 'hello world')", 0, NULL);
		check(senders[i], result);
		PQclear(result);
		fds[i] = (struct pollfd) {.fd = PQsocket(senders[i]), .events = POLLIN};
	}
	fds[BURST_SENDERS] = (struct pollfd) {.fd = PQsocket(listener), .events = POLLIN};
	start = now_us();
	for (int i = 0; i < BURST_SENDERS; i++, n_sent++)
	{
		PQsendQueryPrepared(senders[i], "s", 0, NULL, NULL, NULL, 0);
		PQflush(senders[i]);
	}
	for (int n_answered = 0; n_answered < n || seen < last;)
	{
		PGnotify   *notify;

		if (poll(fds, BURST_SENDERS + 1, 10000) <= 0)
		{
			fprintf(stderr, "the change to %ld did not arrive\n", last);
			exit(1);
		}
		for (int i = 0; i < BURST_SENDERS; i++)
		{
			PGresult   *result;

			if (fds[i].revents == 0)
				continue;
			PQconsumeInput(senders[i]);
			if (PQisBusy(senders[i]))
				continue;
			while ((result = PQgetResult(senders[i])) != NULL)
			{
				long		seq;

				check(senders[i], result);
				seq = atol(PQgetvalue(result, 0, 0));
				last = seq > last ? seq : last;
				PQclear(result);
				n_answered++;
			}
			if (n_sent < n)
			{
				n_sent++;
				PQsendQueryPrepared(senders[i], "s", 0, NULL, NULL, NULL, 0);
				PQflush(senders[i]);
			}
			else
				fds[i].fd = -1;
		}
		PQconsumeInput(listener);
		while ((notify = PQnotifies(listener)) != NULL)
		{
			notifications++;
			seen = seq_of(notify->extra);
			PQfreemem(notify);
		}
	}
	printf("%d %.0f\n", notifications, (now_us() - start) / 1000);
	for (int i = 0; i < BURST_SENDERS; i++)
		PQfinish(senders[i]);
	PQfinish(listener);
}

static void
listen_many(int n_sessions, int n_documents)
{
	PGconn	  **conns = malloc(sizeof(PGconn *) * n_sessions);
	struct pollfd *fds = calloc(n_sessions, sizeof(struct pollfd));
	long		notifications = 0;
	long		bytes = 0;

	for (int i = 0; i < n_sessions; i++)
	{
		char		sql[200];

		conns[i] = open_connection();
		snprintf(sql, sizeof(sql), "SELECT count(adama.connect('chat', 'doc' || g)) FROM generate_series(%d, %d) g",
				 i * n_documents / n_sessions + 1, (i + 1) * n_documents / n_sessions);
		run(conns[i], sql);
		fds[i].fd = PQsocket(conns[i]);
		fds[i].events = POLLIN;
	}
	puts("ready");
	fflush(stdout);
	while (!stop)
	{
		if (poll(fds, n_sessions, 100) <= 0)
			continue;
		for (int i = 0; i < n_sessions; i++)
		{
			PGnotify   *notify;

			if (fds[i].revents == 0)
				continue;
			if (!PQconsumeInput(conns[i]))
			{
				fprintf(stderr, "%s", PQerrorMessage(conns[i]));
				exit(1);
			}
			while ((notify = PQnotifies(conns[i])) != NULL)
			{
				notifications++;
				bytes += strlen(notify->extra);
				PQfreemem(notify);
			}
		}
	}
	printf("%ld %ld\n", notifications, bytes);
	for (int i = 0; i < n_sessions; i++)
		PQfinish(conns[i]);
}

/*
 * Sends a statement from all connections, each again as soon as it was answered, with the next of its n_variants rows of values.  Returns how many were
 * answered.
 */
static long
hammer(PGconn **conns, int n, const char *const **values, int n_variants, int n_values, int per_statement, double seconds)
{
	int		   *turns = calloc(n, sizeof(int));
	struct pollfd *fds = calloc(n, sizeof(struct pollfd));
	double		end = now_us() + seconds * 1e6;
	long		answered = 0;
	int			busy = n;

	for (int i = 0; i < n; i++)
	{
		fds[i].fd = PQsocket(conns[i]);
		fds[i].events = POLLIN;
		PQsendQueryPrepared(conns[i], "s", n_values, values[i * n_variants], NULL, NULL, 0);
		PQflush(conns[i]);
	}
	while (busy > 0)
	{
		poll(fds, n, 1000);
		for (int i = 0; i < n; i++)
		{
			PGresult   *result;

			if (fds[i].revents == 0)
				continue;
			PQconsumeInput(conns[i]);
			if (PQisBusy(conns[i]))
				continue;
			while ((result = PQgetResult(conns[i])) != NULL)
			{
				check(conns[i], result);
				if (per_statement > 1 && atoi(PQgetvalue(result, 0, 0)) != per_statement)
				{
					fprintf(stderr, "of a batch of %d only %s succeeded\n", per_statement, PQgetvalue(result, 0, 0));
					exit(1);
				}
				PQclear(result);
			}
			answered++;
			if (now_us() < end)
			{
				turns[i] = (turns[i] + 1) % n_variants;
				PQsendQueryPrepared(conns[i], "s", n_values, values[i * n_variants + turns[i]], NULL, NULL, 0);
				PQflush(conns[i]);
			}
			else
			{
				fds[i].fd = -1;
				busy--;
			}
		}
	}
	return answered;
}

static void
hammer_all(int n, double seconds, const char *sql, const char *const **values, int n_variants, int n_values, int per_statement)
{
	PGconn	  **conns = malloc(sizeof(PGconn *) * n);
	double		start;
	long		answered;

	for (int i = 0; i < n; i++)
	{
		PGresult   *result;

		conns[i] = open_connection();
		result = PQprepare(conns[i], "s", sql, 0, NULL);
		check(conns[i], result);
		PQclear(result);
	}
	start = now_us();
	answered = hammer(conns, n, values, n_variants, n_values, per_statement, seconds);
	printf("%.0f\n", answered * (double) per_statement / ((now_us() - start) / 1e6));
	for (int i = 0; i < n; i++)
		PQfinish(conns[i]);
}

static char *
array_of(const char *element, int n)
{
	size_t		len = strlen(element);
	char	   *array = malloc((len + 1) * n + 3);
	char	   *p = array;

	*p++ = '{';
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			*p++ = ',';
		memcpy(p, element, len);
		p += len;
	}
	*p++ = '}';
	*p = '\0';
	return array;
}

static void
ingest(int size, int n, double seconds)
{
	const char *const **values = malloc(sizeof(*values) * n);

	for (int i = 0; i < n; i++)
	{
		const char **v = malloc(sizeof(char *) * 3);
		char		key[32];

		snprintf(key, sizeof(key), "ingest%d", i + 1);
		v[0] = array_of(key, size);
		v[1] = array_of("publish", size);
		v[2] = array_of("\"{\\\"payload\\\":\\\"hello world\\\"}\"", size);
		values[i] = v;
	}
	hammer_all(n, seconds, "SELECT count(seq) FROM adama.ingest('chat', $1::text[], $2::text[], $3::json[])", values, 1, 3, size);
}

#define VARIANTS 16
#define ACCOUNTS 100000

typedef enum How { BY_INGEST, BY_JSONB, BY_TABLE } How;

/* A transfer as an array's element; which of its numbers column means is told by how. */
static int
print_transfer(char *out, How how, int column, int from, int to)
{
	if (how == BY_INGEST)
		return sprintf(out, "\"{\\\"from\\\":%d,\\\"to\\\":%d,\\\"amount\\\":1}\"", from, to);
	return sprintf(out, "%d", column == 0 ? from : to);
}

/* An array of size transfers, the same ones for both columns of one seed. */
static char *
transfers_of(How how, int column, int size, unsigned seed)
{
	char	   *array = malloc((size_t) size * 60 + 3);
	char	   *p = array;

	*p++ = '{';
	for (int i = 0; i < size; i++)
	{
		int			from = rand_r(&seed) % ACCOUNTS + 1;
		int			to = rand_r(&seed) % ACCOUNTS + 1;

		if (i > 0)
			*p++ = ',';
		p += print_transfer(p, how, column, from, to);
	}
	strcpy(p, "}");
	return array;
}

static void
transfers(const char *name, int size, int n_banks, int n, double seconds)
{
	static const char *const statements[] = {
		"SELECT count(seq) FROM adama.ingest('bank', array_fill($1::text, ARRAY[$3::int]), array_fill('transfer'::text, ARRAY[$3::int]), $2::json[])",
		"SELECT count(*) FROM unnest($2::int[], $4::int[]) t(a, b) WHERE $3 <> '' AND money.transfer_json($1, a, b, 1)",
		"SELECT count(*) FROM unnest($2::int[], $4::int[]) t(a, b) WHERE $3 <> '' AND money.transfer($1, a, b, 1)",
	};
	How			how = strcmp(name, "ingest") == 0 ? BY_INGEST : strcmp(name, "jsonb") == 0 ? BY_JSONB : BY_TABLE;
	const char *const **values = malloc(sizeof(*values) * n * VARIANTS);

	for (int i = 0; i < n * VARIANTS; i++)
	{
		const char **v = malloc(sizeof(char *) * 4);
		char	   *texts = malloc(64);

		sprintf(texts, "bank%d", i / VARIANTS % n_banks + 1);
		sprintf(texts + 32, "%d", size);
		v[0] = texts;
		v[1] = transfers_of(how, 0, size, i);
		v[2] = texts + 32;
		v[3] = transfers_of(how, 1, size, i);
		values[i] = v;
	}
	hammer_all(n, seconds, statements[how], values, VARIANTS, how == BY_INGEST ? 3 : 4, size);
}

static void
clients(int n, double seconds, const char *sql)
{
	const char *const **values = malloc(sizeof(*values) * n);

	for (int i = 0; i < n; i++)
	{
		const char **v = malloc(sizeof(char *));
		char	   *number = malloc(16);

		snprintf(number, 16, "%d", i + 1);
		v[0] = number;
		values[i] = v;
	}
	hammer_all(n, seconds, sql, values, 1, 1, 1);
}

/* ---- many connections on one channel ---- */

/* ns of CPU time of a process so far. */
static double
cpu_ns(int pid)
{
	char		path[64];
	FILE	   *file;
	double		ns;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%lf", &ns) != 1)
	{
		fprintf(stderr, "can't read %s\n", path);
		exit(1);
	}
	fclose(file);
	return ns;
}

static void
await_payloads(PGconn *conn, int n)
{
	for (int i = 0; i < n; i++)
	{
		PGnotify   *notify = next_notification(conn, 10000);

		if (notify == NULL)
		{
			fprintf(stderr, "only %d of %d notifications within 10 s\n", i, n);
			exit(1);
		}
		PQfreemem(notify);
	}
}

static int
emitter_pid(PGconn *conn)
{
	PGresult   *result = PQexec(conn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()");
	int			pid;

	check(conn, result);
	pid = atoi(PQgetvalue(result, 0, 0));
	PQclear(result);
	return pid;
}

static void
crowd(const char *space, int n_viewers, int n_changes, int n_payloads)
{
	PGconn	   *ears = open_connection();
	PGconn	   *hand = open_connection();
	PGresult   *listener = PQexec(ears, "SELECT adama.gateway_listen()");
	PGnotify   *notify;
	char		sql[1024];
	double		before;
	int			pid;

	check(ears, listener);
	snprintf(sql, sizeof(sql), "SELECT adama.gateway_connect('%s', '%s', array_agg(i), array_agg('crowd'::text), array_agg('p' || i), array_agg('jwt'::text), "
			 "array_agg(json_build_object('slot', i %% 200))) FROM generate_series(1, %d) i", PQgetvalue(listener, 0, 0), space, n_viewers);
	run(hand, sql);
	while ((notify = next_notification(ears, 1000)) != NULL)
		PQfreemem(notify);
	pid = emitter_pid(hand);
	before = cpu_ns(pid);
	for (int i = 0; i < n_changes; i++)
	{
		snprintf(sql, sizeof(sql), "SELECT adama.send('%s', 'crowd', 'change', '{\"id\":%d}')", space, i % 1000 + 1);
		run(hand, sql);
		await_payloads(ears, n_payloads);
	}
	printf("%.1f\n", (cpu_ns(pid) - before) / 1000 / n_changes);
	PQclear(listener);
	PQfinish(ears);
	PQfinish(hand);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (strcmp(mode, "latency") == 0 && argc == 4)
		latency(strcmp(argv[2], "adama") == 0, atoi(argv[3]));
	else if (strcmp(mode, "burst") == 0 && argc == 3)
		burst(atoi(argv[2]));
	else if (strcmp(mode, "listen") == 0 && argc == 4)
		listen_many(atoi(argv[2]), atoi(argv[3]));
	else if (strcmp(mode, "ingest") == 0 && argc == 5)
		ingest(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (strcmp(mode, "transfers") == 0 && argc == 7)
		transfers(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atof(argv[6]));
	else if (strcmp(mode, "crowd") == 0 && argc == 6)
		crowd(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	else if (strcmp(mode, "clients") == 0 && argc == 5)
		clients(atoi(argv[2]), atof(argv[3]), argv[4]);
	else
	{
		fprintf(stderr, "the head of bench/driver.c says how to use it\n");
		return 2;
	}
	return 0;
}
