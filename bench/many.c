/*
 * many.c
 *	  The benchmark's clients for many who speak and many who listen.
 *
 *		many adama N SECONDS			N viewers of document "topic" of space "topic", in 4 sessions; N messages a second, as a gateway's hands send them
 *		many redis PORT N SECONDS		N subscribers of one channel of Redis, and N messages a second to it
 *			"begin" when all are there; goes on when a line comes; then, still connected: sent, deliveries and bytes of them, all per second
 *		many lag DOCUMENTS RATE SECONDS	a viewer each of doc1 … docN of space "lag", connections of a gateway on one channel; RATE messages a second, each a
 *										transaction, spread over them: µs from sending the statement to the notification, p50 p99; messages per second
 *		many watch KEY ROWS N			a viewer of a document of space "watched"; N changes of single rows, one by one: median µs from sending to the notification
 *
 * Connects as libpq's environment says.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#define LINE "{\"line\":\"a line of ordinary length, as people type them in a chat\"}"
#define SESSIONS 4

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static PGconn *
open_connection(void)
{
	PGconn	   *conn = PQconnectdb("");

	if (PQstatus(conn) != CONNECTION_OK)
		fail(PQerrorMessage(conn));
	return conn;
}

static void
check(PGconn *conn, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail(PQerrorMessage(conn));
}

static void
run(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexec(conn, sql);

	check(conn, result);
	PQclear(result);
}

/* Reads what has arrived within timeout ms; false: nothing did. */
static bool
consume(PGconn *conn, int timeout)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

	if (poll(&fd, 1, timeout) <= 0)
		return false;
	if (!PQconsumeInput(conn))
		fail(PQerrorMessage(conn));
	return true;
}

static long
count_notifications(PGconn *conn, long *bytes)
{
	PGnotify   *notify;
	long		n = 0;

	while ((notify = PQnotifies(conn)) != NULL)
	{
		n++;
		*bytes += strlen(notify->extra);
		PQfreemem(notify);
	}
	return n;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
wait_to_begin(void)
{
	puts("begin");
	fflush(stdout);
	if (getchar() == EOF)
		exit(1);
}

static void
report(double seconds, long sent, long deliveries, long bytes)
{
	printf("%.0f %.0f %.0f\n", sent / seconds, deliveries / seconds, bytes / seconds);
	fflush(stdout);
	(void) getchar();
}

/* ---- N and N ---- */

static void
adama(int n, double seconds)
{
	PGconn	   *ears[SESSIONS];
	PGconn	   *hand = open_connection();
	struct pollfd fds[SESSIONS + 1];
	double		start;
	long		sent = 0;
	long		deliveries = 0;
	long		bytes = 0;
	bool		is_busy = false;

	for (int i = 0; i < SESSIONS; i++)
	{
		char		sql[200];

		ears[i] = open_connection();
		snprintf(sql, sizeof(sql), "SELECT count(adama.connect('topic', 'topic')) FROM generate_series(%d, %d)", i * n / SESSIONS + 1, (i + 1) * n / SESSIONS);
		run(ears[i], sql);
		fds[i] = (struct pollfd) {.fd = PQsocket(ears[i]), .events = POLLIN};
	}
	fds[SESSIONS] = (struct pollfd) {.fd = PQsocket(hand), .events = POLLIN};
	for (int i = 0; i < SESSIONS; i++)
	{
		while (consume(ears[i], 1000))
			(void) count_notifications(ears[i], &bytes);
	}
	bytes = 0;
	wait_to_begin();
	start = now_us();
	while (now_us() - start < seconds * 1e6)
	{
		long		due = (long) ((now_us() - start) / 1e6 * n) - sent;

		/* While a batch is on its way, the next messages gather. */
		if (!is_busy && due > 0)
		{
			char		sql[400];

			snprintf(sql, sizeof(sql), "SELECT count(seq) FROM adama.ingest('topic', array_fill('topic'::text, '{%ld}'), array_fill('say'::text, '{%ld}'), "
					 "array_fill('" LINE "'::json, '{%ld}'))", due, due, due);
			PQsendQuery(hand, sql);
			PQflush(hand);
			sent += due;
			is_busy = true;
		}
		poll(fds, SESSIONS + 1, 5);
		if (fds[SESSIONS].revents != 0)
		{
			PGresult   *result;

			PQconsumeInput(hand);
			while (!PQisBusy(hand) && (result = PQgetResult(hand)) != NULL)
			{
				check(hand, result);
				PQclear(result);
			}
			is_busy = PQisBusy(hand);
		}
		for (int i = 0; i < SESSIONS; i++)
		{
			if (fds[i].revents == 0)
				continue;
			if (!PQconsumeInput(ears[i]))
				fail(PQerrorMessage(ears[i]));
			deliveries += count_notifications(ears[i], &bytes);
		}
	}
	report(seconds, sent, deliveries, bytes);
}

static int
connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		fail("could not connect to Redis");
	return fd;
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t) strlen(text))
		fail("could not write to Redis");
}

static void
redis(int port, int n, double seconds)
{
	static char buffer[1 << 18];
	struct pollfd *fds = calloc(n + 1, sizeof(struct pollfd));
	char		publish[300];
	double		start;
	long		frame;
	long		sent = 0;
	long		bytes = 0;

	snprintf(publish, sizeof(publish), "*3\r\n$7\r\nPUBLISH\r\n$5\r\ntopic\r\n$%zu\r\n%s\r\n", strlen(LINE), LINE);
	frame = snprintf(NULL, 0, "*3\r\n$7\r\nmessage\r\n$5\r\ntopic\r\n$%zu\r\n%s\r\n", strlen(LINE), LINE);
	for (int i = 0; i < n; i++)
	{
		fds[i] = (struct pollfd) {.fd = connect_to(port), .events = POLLIN};
		say(fds[i].fd, "*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\ntopic\r\n");
		if (read(fds[i].fd, buffer, sizeof(buffer)) <= 0)
			fail("Redis did not answer");
	}
	fds[n] = (struct pollfd) {.fd = connect_to(port), .events = POLLIN};
	wait_to_begin();
	start = now_us();
	while (now_us() - start < seconds * 1e6)
	{
		for (long due = (long) ((now_us() - start) / 1e6 * n) - sent; due > 0; due--, sent++)
			say(fds[n].fd, publish);
		poll(fds, n + 1, 5);
		for (int i = 0; i <= n; i++)
		{
			ssize_t		got = fds[i].revents == 0 ? 0 : read(fds[i].fd, buffer, sizeof(buffer));

			if (got < 0 || (got == 0 && fds[i].revents != 0))
				fail("Redis has closed a connection");
			if (i < n)
				bytes += got;
		}
	}
	report(seconds, sent, bytes / frame, bytes);
}

/* ---- lag ---- */

#define HANDS 8

static void
take_lags(PGconn *ears, double *lags, long *n, long max)
{
	PGnotify   *notify;

	while ((notify = PQnotifies(ears)) != NULL)
	{
		const char *p = strstr(notify->extra, "\"payload\":\"t");

		/* The last of those that came together. */
		for (const char *next = p; next != NULL; next = strstr(next + 1, "\"payload\":\"t"))
		{
			if (*n < max)
				lags[(*n)++] = now_us() - atof(next + 12);
		}
		PQfreemem(notify);
	}
}

static void
lag(int documents, double rate, double seconds)
{
	PGconn	   *ears = open_connection();
	PGconn	   *hands[HANDS];
	bool		is_busy[HANDS] = {false};
	struct pollfd fds[HANDS + 1];
	PGresult   *listener = PQexec(ears, "SELECT adama.gateway_listen()");
	long		max = (long) (rate * seconds) + 1;
	double	   *lags = malloc(sizeof(double) * max);
	long		n = 0;
	long		sent = 0;
	long		unused = 0;
	double		start;
	unsigned	seed = 1;

	check(ears, listener);
	for (int i = 0; i < HANDS; i++)
	{
		hands[i] = open_connection();
		fds[i] = (struct pollfd) {.fd = PQsocket(hands[i]), .events = POLLIN};
	}
	fds[HANDS] = (struct pollfd) {.fd = PQsocket(ears), .events = POLLIN};
	for (int from = 1; from <= documents; from += 500)
	{
		char		sql[500];

		snprintf(sql, sizeof(sql), "SELECT adama.gateway_connect('%s', 'lag', array_agg(i), array_agg('doc' || i), array_agg('p' || i), array_agg('jwt'::text), "
				 "array_agg('{}'::json)) FROM generate_series(%d, %d) i", PQgetvalue(listener, 0, 0), from, from + 499 < documents ? from + 499 : documents);
		run(hands[0], sql);
	}
	while (consume(ears, 2000))
		(void) count_notifications(ears, &unused);
	start = now_us();
	while (now_us() - start < (seconds + 1) * 1e6)
	{
		for (int i = 0; i < HANDS; i++)
		{
			PGresult   *result;

			if (is_busy[i])
			{
				while (!PQisBusy(hands[i]) && (result = PQgetResult(hands[i])) != NULL)
				{
					check(hands[i], result);
					PQclear(result);
				}
				is_busy[i] = PQisBusy(hands[i]) != 0;
			}
			if (!is_busy[i] && sent < max - 1 && sent < (now_us() - start) / 1e6 * rate)
			{
				char		sql[120];

				snprintf(sql, sizeof(sql), "SELECT lag.publish('doc%d', payload => 't%.0f')", rand_r(&seed) % documents + 1, now_us());
				PQsendQuery(hands[i], sql);
				PQflush(hands[i]);
				is_busy[i] = true;
				sent++;
			}
		}
		poll(fds, HANDS + 1, 1);
		for (int i = 0; i < HANDS; i++)
			if (fds[i].revents != 0)
				PQconsumeInput(hands[i]);
		if (fds[HANDS].revents != 0)
			PQconsumeInput(ears);
		take_lags(ears, lags, &n, max);
	}
	if (n < sent * 9 / 10)
		fail("a tenth of the messages did not arrive");
	qsort(lags, n, sizeof(double), compare_doubles);
	printf("%.0f %.0f %.0f\n", lags[n / 2], lags[n * 99 / 100], n / seconds);
	PQclear(listener);
	PQfinish(ears);
	for (int i = 0; i < HANDS; i++)
		PQfinish(hands[i]);
}

/* ---- a long list ---- */

static void
watch(const char *key, int rows, int n)
{
	PGconn	   *ears = open_connection();
	PGconn	   *hand = open_connection();
	double	   *trips = malloc(sizeof(double) * n);
	long		bytes = 0;
	char		sql[200];

	snprintf(sql, sizeof(sql), "SELECT adama.connect('watched', '%s')", key);
	run(ears, sql);
	while (consume(ears, 2000))
		(void) count_notifications(ears, &bytes);
	for (int i = 0; i < n + 20; i++)
	{
		struct timespec pause = {0, 15000000};	/* the document is quiet again */
		double		start = now_us();

		snprintf(sql, sizeof(sql), "SELECT watched.change('%s', %d)", key, (int) (i * 7919L % rows) + 1);
		run(hand, sql);
		while (count_notifications(ears, &bytes) == 0)
			if (!consume(ears, 10000))
				fail("no notification within 10 s");
		/* The first ones meet cold caches. */
		if (i >= 20)
			trips[i - 20] = now_us() - start;
		nanosleep(&pause, NULL);
	}
	qsort(trips, n, sizeof(double), compare_doubles);
	printf("%.0f\n", trips[n / 2]);
	PQfinish(ears);
	PQfinish(hand);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "adama") == 0 && argc == 4)
		adama(atoi(argv[2]), atof(argv[3]));
	else if (strcmp(mode, "redis") == 0 && argc == 5)
		redis(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (strcmp(mode, "lag") == 0 && argc == 5)
		lag(atoi(argv[2]), atof(argv[3]), atof(argv[4]));
	else if (strcmp(mode, "watch") == 0 && argc == 5)
		watch(argv[2], atoi(argv[3]), atoi(argv[4]));
	else
	{
		fprintf(stderr, "the head of bench/many.c says how to use it\n");
		return 2;
	}
	return 0;
}
