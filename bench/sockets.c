/*
 * sockets.c
 *	  Many clients of a server that pushes, in one process: WebSockets of adama-gateway, and the protocols of those that it is measured beside.
 *
 *		sockets room PEER HOST PORT CLIENTS SECONDS [STALLED STALL_SECONDS]
 *			each client sends one message a second, and is sent what all send.  PEER: adama (the program pubsub, document "room"), redis, nats, mqtt.  The first STALLED
 *			clients read nothing for the first STALL_SECONDS.  Prints: messages sent per second, deliveries (frames, or messages of a peer) per second, bytes received per
 *			second, ms from sending to seeing one's own message: p50 p99, to the others seeing it: p50 p99, clients that have seen all that they should have
 *		sockets idle HOST PORT CLIENTS
 *			connects so many, answers pings, and waits for SIGTERM.  Prints ms until all were connected, and "ready"
 *		sockets flight HOST PORT CLIENTS IN_FLIGHT SECONDS
 *			transfers in the document "bank1" of the space bank, so many without an answer from each client at any time.  Prints those that were taken per second, failures
 *
 * A message says who sent it and when, so whoever sees it knows how old it is.  Frames are masked with zeros, which is legal and costs the client nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef enum Peer
{
	ADAMA,
	REDIS,
	NATS,
	MQTT
} Peer;

typedef struct Client
{
	int			fd;
	int			number;
	bool		is_open;		/* the handshake is done */
	bool		is_joined;		/* messages may be sent */
	bool		is_stalled;
	char	   *in;
	size_t		in_len;
	size_t		in_cap;
	char	   *out;			/* what the socket did not take yet */
	size_t		out_len;
	size_t		out_cap;
	double		next;			/* when it sends, in µs */
	int			last_id;		/* of requests */
	int			n_flight;
} Client;

/* Buckets of 1/16 of an octave, from 1 µs. */
#define N_BUCKETS 512
typedef struct Histogram
{
	long		n;
	long		buckets[N_BUCKETS];
} Histogram;

static volatile sig_atomic_t stop = 0;
static Peer peer;
static Client *clients;
static int	n_clients;
static int	n_joined;
static int	loop;
static struct addrinfo *address;
static long n_sent;
static long n_deliveries;
static long n_bytes;
static long n_answers;
static long n_failures;
static Histogram own;
static Histogram others;
static bool is_measuring;
static int	in_flight;			/* of each client, when it transfers; else 0 */
static const char *space;
static const char *document;

static void
on_signal(int signal_number)
{
	stop = 1;
}

static void
fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void
count(Histogram *histogram, double us)
{
	int			bucket = 0;

	while (us >= 2 && bucket < N_BUCKETS - 16)
	{
		us /= 2;
		bucket += 16;
	}
	bucket += us <= 1 ? 0 : (int) ((us - 1) * 16);
	histogram->buckets[bucket]++;
	histogram->n++;
}

/* In ms. */
static double
percentile(const Histogram *histogram, double share)
{
	long		left = (long) (histogram->n * share);

	for (int i = 0; i < N_BUCKETS; i++)
	{
		left -= histogram->buckets[i];
		if (left < 0)
			return (double) (1L << (i / 16)) * (1 + (i % 16 + 0.5) / 16) / 1000;
	}
	return 0;
}

/* ---- out ---- */

static void
watch(Client *client)
{
	struct epoll_event event = {.events = (client->is_stalled ? 0 : EPOLLIN) | (client->out_len > 0 ? EPOLLOUT : 0), .data.ptr = client};

	if (epoll_ctl(loop, EPOLL_CTL_MOD, client->fd, &event) != 0)
		fail("epoll_ctl");
}

static void
flush(Client *client)
{
	ssize_t		n = send(client->fd, client->out, client->out_len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		fail("send");
	if (n > 0)
	{
		memmove(client->out, client->out + n, client->out_len - (size_t) n);
		client->out_len -= (size_t) n;
	}
	watch(client);
}

static void
write_bytes(Client *client, const void *data, size_t len)
{
	if (client->out_len + len > client->out_cap)
	{
		client->out_cap = (client->out_len + len) * 2;
		client->out = realloc(client->out, client->out_cap);
	}
	memcpy(client->out + client->out_len, data, len);
	client->out_len += len;
}

static void
write_frame(Client *client, const char *text, size_t len)
{
	uint8_t		head[8] = {0x81};
	size_t		n = 2;

	if (len < 126)
		head[1] = (uint8_t) (0x80 | len);
	else
	{
		head[1] = 0x80 | 126;
		head[2] = (uint8_t) (len >> 8);
		head[3] = (uint8_t) len;
		n = 4;
	}
	write_bytes(client, head, n);
	write_bytes(client, "\0\0\0\0", 4);
	write_bytes(client, text, len);
}

static void
write_mqtt(Client *client, uint8_t type, const void *head, size_t head_len, const void *body, size_t body_len)
{
	size_t		left = head_len + body_len;

	write_bytes(client, &type, 1);
	do
	{
		uint8_t		byte = (uint8_t) (left % 128);

		left /= 128;
		if (left > 0)
			byte |= 128;
		write_bytes(client, &byte, 1);
	} while (left > 0);
	write_bytes(client, head, head_len);
	write_bytes(client, body, body_len);
}

/* Introduces itself. */
static void
greet(Client *client)
{
	char		text[400];

	switch (peer)
	{
		case ADAMA:
			write_bytes(client, text, (size_t) sprintf(text, "GET /~s HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
													   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
			break;
		case REDIS:
			write_bytes(client, text, (size_t) sprintf(text, "HELLO 3\r\nSUBSCRIBE room\r\n"));
			break;
		case NATS:
			write_bytes(client, text, (size_t) sprintf(text, "CONNECT {\"verbose\":false}\r\nSUB room 1\r\nPING\r\n"));
			break;
		case MQTT:
			{
				uint8_t		connect[12] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 0};
				char		name[24];

				connect[11] = (uint8_t) sprintf(name, "client%d", client->number);
				write_mqtt(client, 0x10, connect, sizeof(connect), name, connect[11]);
				write_mqtt(client, 0x82, "\0\1\0\4room\0", 9, "", 0);
				break;
			}
	}
	flush(client);
}

static void
join(Client *client)
{
	char		text[400];

	write_frame(client, text, (size_t) sprintf(text, "{\"method\":\"connection/create\",\"id\":1,\"identity\":\"anonymous:%s\",\"space\":\"%s\",\"key\":\"%s\"}",
											   in_flight > 0 ? "teller" : "bench", space, document));
	client->last_id = 1;
	flush(client);
}

static void
say(Client *client)
{
	char		message[80];
	char		text[400];
	size_t		len = (size_t) sprintf(message, "T%06d:%016lld;a message of ordinary length", client->number, (long long) now_us());

	switch (peer)
	{
		case ADAMA:
			write_frame(client, text, (size_t) sprintf(text, "{\"method\":\"connection/send\",\"id\":%d,\"connection\":1,\"channel\":\"publish\",\"message\":{\"payload\":\"%s\"}}",
													   ++client->last_id, message));
			break;
		case REDIS:
			write_bytes(client, text, (size_t) sprintf(text, "*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$%zu\r\n%s\r\n", len, message));
			break;
		case NATS:
			write_bytes(client, text, (size_t) sprintf(text, "PUB room %zu\r\n%s\r\n", len, message));
			break;
		case MQTT:
			write_mqtt(client, 0x30, "\0\4room", 6, message, len);
			break;
	}
	n_sent += is_measuring;
	flush(client);
}

static void
transfer(Client *client)
{
	char		text[400];

	write_frame(client, text, (size_t) sprintf(text, "{\"method\":\"connection/send\",\"id\":%d,\"connection\":1,\"channel\":\"transfer\",\"message\":{\"from\":%d,\"to\":%d,\"amount\":1}}",
											   ++client->last_id, rand() % 100000 + 1, rand() % 100000 + 1));
	client->n_flight++;
}

/* ---- in ---- */

static void
joined(Client *client)
{
	if (client->is_joined)
		return;
	client->is_joined = true;
	n_joined++;
}

/* Counts the messages in what has arrived.  Returns how many bytes need not be looked at again. */
static size_t
find_messages(const Client *client, const char *text, size_t len)
{
	const char *p = text;
	const char *end = text + len;
	double		now = now_us();

	while ((p = memchr(p, 'T', (size_t) (end - p))) != NULL)
	{
		if (end - p < 25)
			return (size_t) (p - text);
		if (p[7] == ':' && p[24] == ';' && p[1] >= '0' && p[1] <= '9')
		{
			double		age = now - (double) strtoll(p + 8, NULL, 10);

			if (is_measuring)
				count(atoi(p + 1) == client->number ? &own : &others, age);
			if (peer != ADAMA)
				n_deliveries += is_measuring;
			p += 24;
		}
		p++;
	}
	return len;
}

static void
take_frame(Client *client, char *text, size_t len)
{
	static const char ping[] = "{\"ping\":";

	if (len > sizeof(ping) && memcmp(text, ping, sizeof(ping) - 1) == 0)
	{
		char		pong[200];

		write_frame(client, pong, (size_t) snprintf(pong, sizeof(pong), "%.*s,\"pong\":1.5}", (int) len - 1, text));
		flush(client);
		return;
	}
	if (len > 10 && memcmp(text, "{\"status\":", 10) == 0)
	{
		if (memcmp(text + 10, "\"connected\"", 11) != 0)
		{
			fprintf(stderr, "%.*s\n", (int) len, text);
			exit(1);
		}
		client->is_open = true;
		if (space == NULL)
			joined(client);
		else
			join(client);
		return;
	}
	if (memcmp(text, "{\"failure\":", 11) == 0)
	{
		n_failures++;
		if (!client->is_joined)
		{
			fprintf(stderr, "%.*s\n", (int) len, text);
			exit(1);
		}
		client->n_flight--;
		return;
	}
	if (memmem(text, len, "\"delta\"", 7) != NULL)
	{
		joined(client);
		n_deliveries += is_measuring;
		if (in_flight == 0)
			(void) find_messages(client, text, len);
		return;
	}
	n_answers += is_measuring;
	client->n_flight--;
}

/* One WebSocket frame, or the answer to the handshake; 0: not whole yet. */
static size_t
take_websocket(Client *client, char *data, size_t len)
{
	uint8_t    *bytes = (uint8_t *) data;
	size_t		head = 2;
	size_t		body;

	if (!client->is_open && len > 4 && memcmp(data, "HTTP", 4) == 0)
	{
		char	   *end = memmem(data, len, "\r\n\r\n", 4);

		return end == NULL ? 0 : (size_t) (end + 4 - data);
	}
	if (len < 2)
		return 0;
	body = bytes[1] & 127;
	if (body == 126)
	{
		if (len < 4)
			return 0;
		body = (size_t) bytes[2] << 8 | bytes[3];
		head = 4;
	}
	else if (body == 127)
	{
		if (len < 10)
			return 0;
		body = (size_t) bytes[6] << 24 | (size_t) bytes[7] << 16 | (size_t) bytes[8] << 8 | bytes[9];
		head = 10;
	}
	if (len < head + body)
		return 0;
	if ((bytes[0] & 15) <= 1)
		take_frame(client, data + head, body);
	return head + body;
}

static size_t
take_stream(Client *client, char *data, size_t len)
{
	if (peer == NATS && memmem(data, len, "PING\r\n", 6) != NULL)
	{
		write_bytes(client, "PONG\r\n", 6);
		flush(client);
	}
	if (!client->is_joined)
	{
		bool		is_ready = peer == REDIS ? memmem(data, len, "subscribe", 9) != NULL : peer == NATS ? memmem(data, len, "PONG", 4) != NULL :
			memmem(data, len, "\x90\3\0\1", 4) != NULL;

		if (!is_ready)
			return 0;
		joined(client);
		return len;
	}
	return find_messages(client, data, len);
}

static void
readable(Client *client)
{
	size_t		used = 0;
	ssize_t		n;

	if (client->in_cap - client->in_len < 65536)
	{
		client->in_cap = client->in_len + 131072;
		client->in = realloc(client->in, client->in_cap);
	}
	n = recv(client->fd, client->in + client->in_len, client->in_cap - client->in_len, 0);
	if (n == 0)
	{
		fprintf(stderr, "client %d was closed\n", client->number);
		exit(1);
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		fail("recv");
	n_bytes += is_measuring ? n : 0;
	client->in_len += (size_t) n;
	for (;;)
	{
		size_t		taken = peer == ADAMA ? take_websocket(client, client->in + used, client->in_len - used) : take_stream(client, client->in + used, client->in_len - used);

		used += taken;
		if (taken == 0 || used == client->in_len || peer != ADAMA)
			break;
	}
	memmove(client->in, client->in + used, client->in_len - used);
	client->in_len -= used;
	if (client->in_len == 0)
	{
		free(client->in);
		client->in = NULL;
		client->in_cap = 0;
	}
}

/* ---- the loop ---- */

static void
step(int timeout)
{
	struct epoll_event ready[512];
	int			n = epoll_wait(loop, ready, 512, timeout);

	for (int i = 0; i < n; i++)
	{
		Client	   *client = ready[i].data.ptr;

		if (ready[i].events & EPOLLOUT)
			flush(client);
		if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !client->is_stalled)
			readable(client);
	}
}

static void
open_client(Client *client, int number)
{
	int			one = 1;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

	client->number = number;
	client->fd = socket(address->ai_family, SOCK_STREAM, 0);
	if (client->fd < 0 || connect(client->fd, address->ai_addr, address->ai_addrlen) != 0)
		fail("connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(loop, EPOLL_CTL_ADD, client->fd, &event) != 0)
		fail("epoll_ctl");
	greet(client);
}

/* ms until all have joined */
static double
open_all(const char *host, const char *port, int n)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct rlimit limit;
	double		start;

	if (getaddrinfo(host, port, &hints, &address) != 0)
		fail("getaddrinfo");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	loop = epoll_create1(0);
	n_clients = n;
	clients = calloc((size_t) n, sizeof(Client));
	start = now_us();
	for (int i = 0; i < n; i++)
	{
		open_client(&clients[i], i);
		while (i + 1 - n_joined > 200)
			step(10);
	}
	while (n_joined < n && now_us() - start < 120e6)
		step(100);
	if (n_joined < n)
	{
		fprintf(stderr, "only %d of %d have joined\n", n_joined, n);
		exit(1);
	}
	return (now_us() - start) / 1000;
}

static void
room(int seconds, int n_stalled, double stall_seconds)
{
	double		start = now_us();
	double		warm = start + 1e6;
	double		wakes = warm + stall_seconds * 1e6;
	double		end = warm + seconds * 1e6;
	double		now;

	for (int i = 0; i < n_clients; i++)
		clients[i].next = start + 1e6 * i / n_clients;
	while ((now = now_us()) < end && !stop)
	{
		static int	turn = 0;

		if (!is_measuring && now >= warm)
		{
			is_measuring = true;
			for (int i = 0; i < n_stalled; i++)
			{
				clients[i].is_stalled = true;
				watch(&clients[i]);
			}
		}
		if (n_stalled > 0 && now >= wakes)
		{
			for (int i = 0; i < n_stalled; i++)
			{
				clients[i].is_stalled = false;
				watch(&clients[i]);
			}
			n_stalled = 0;
		}
		/* They are due in the order of their numbers, again and again. */
		while (clients[turn].next <= now)
		{
			/* A stalled one reads nothing, so it says nothing. */
			if (!clients[turn].is_stalled)
				say(&clients[turn]);
			clients[turn].next += 1e6;
			turn = (turn + 1) % n_clients;
		}
		step(1);
	}
	printf("%.0f %.0f %.0f %.1f %.1f %.1f %.1f %ld\n", (double) n_sent / seconds, (double) n_deliveries / seconds, (double) n_bytes / seconds, percentile(&own, 0.5),
		   percentile(&own, 0.99), percentile(&others, 0.5), percentile(&others, 0.99), n_failures);
}

static void
flight(int seconds)
{
	double		warm = now_us() + 1e6;
	double		end = warm + seconds * 1e6;
	double		now;

	while ((now = now_us()) < end && !stop)
	{
		is_measuring = now >= warm;
		for (int i = 0; i < n_clients; i++)
		{
			bool		has_room = clients[i].n_flight < in_flight;

			while (clients[i].n_flight < in_flight)
				transfer(&clients[i]);
			if (has_room)
				flush(&clients[i]);
		}
		step(1);
	}
	printf("%.0f %ld\n", (double) n_answers / seconds, n_failures);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"adama", "redis", "nats", "mqtt"};
	const char *mode = argc > 1 ? argv[1] : "";

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (strcmp(mode, "room") == 0 && argc >= 7)
	{
		while (peer < MQTT && strcmp(argv[2], names[peer]) != 0)
			peer++;
		space = "pubsub";
		document = "room";
		(void) open_all(argv[3], argv[4], atoi(argv[5]));
		room(atoi(argv[6]), argc > 7 ? atoi(argv[7]) : 0, argc > 8 ? atof(argv[8]) : 0);
	}
	else if (strcmp(mode, "idle") == 0 && argc == 5)
	{
		printf("%.0f ready\n", open_all(argv[2], argv[3], atoi(argv[4])));
		fflush(stdout);
		while (!stop)
			step(100);
	}
	else if (strcmp(mode, "flight") == 0 && argc == 7)
	{
		space = "bank";
		document = "bank1";
		in_flight = atoi(argv[5]);
		(void) open_all(argv[2], argv[3], atoi(argv[4]));
		flight(atoi(argv[6]));
	}
	else
	{
		fprintf(stderr, "the head of bench/sockets.c says how to use it\n");
		return 2;
	}
	return 0;
}
