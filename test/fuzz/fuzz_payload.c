/*
 * fuzz_payload.c
 *	  What the database says, also when it is nonsense: read within its bounds, nothing of streams that are gone is touched, no more waits for a socket than may.
 *
 * An input is lines.  Most are payloads; one that begins with a letter does something: e ends a stream, n makes one, w writes some frames, d and l are deaf and listen
 * again, j says that joining was answered.
 */
#include "gateway.h"

#include "gateway/identity.h"

#define N_STREAMS 6

static Socket the_socket;
static Stream *made[N_STREAMS];

void
work_rejoin(Stream *stream)
{
	FUZZ_CHECK(!stream->is_asked && stream->state == STREAM_LIVE, "joined again for no reason");
	stream->is_asked = true;
	stream_renumber(stream);
}

static void
answered(Stream *stream)
{
	stream->is_asked = false;
	stream_joined(stream, stream->state == STREAM_JOINING ? "[\"q\"]" : NULL);
}

static void
write_frames(int n)
{
	static char *frame;
	static size_t cap;

	while (n-- > 0 && the_socket.ready != NULL)
	{
		size_t		len = stream_next_frame(the_socket.ready, &frame, &cap, 3);

		FUZZ_CHECK(len == 0 || (len < cap && memcmp(frame + 3, "{\"deliver\":", 11) == 0), "%.*s", (int) len, frame + 3);
	}
}

static void
begin(int i)
{
	Principal  *who = principal_new("ann", 3, "anonymous", 9);
	Stream	   *stream = stream_new(&the_socket, 100 + i, "s", "k", who, "{}", 0, 0);

	principal_drop(who);
	made[i] = stream_hold(stream);
	stream->is_asked = true;
}

static void
end(int i)
{
	stream_end(made[i]);
	stream_drop(made[i]);
	made[i] = NULL;
}

static void
check(void)
{
	for (int i = 0; i < N_STREAMS; i++)
	{
		Stream	   *stream = made[i];

		if (stream == NULL || stream->state == STREAM_ENDED)
			continue;
		FUZZ_CHECK(stream->n_words <= 64 && (stream->n_words <= 1 || stream->words_bytes <= (size_t) config.max_pending), "%zu bytes of words", stream->words_bytes);
		FUZZ_CHECK(!stream->is_skipping || stream->pending == NULL, "it skips, and has something");
		FUZZ_CHECK(!stream->is_ready || the_socket.ready != NULL, "ready, but not for its socket");
	}
}

static void
act(const char *line, size_t len)
{
	int			i = (len > 1 ? (unsigned char) line[1] : 0) % N_STREAMS;

	switch (line[0])
	{
		case 'e':
			if (made[i] != NULL)
				end(i);
			break;
		case 'n':
			if (made[i] == NULL)
				begin(i);
			break;
		case 'j':
			if (made[i] != NULL && made[i]->state != STREAM_ENDED && made[i]->is_asked)
				answered(made[i]);
			break;
		case 'w':
			write_frames(i + 1);
			break;
		case 'd':
			stream_deaf();
			break;
		default:
			stream_payload(line, len);
			break;
	}
}

/* Numbers of streams go on from input to input: in what is heard, @1 to @6 stand for them. */
static char *
put_numbers(const char *line, size_t len, size_t *out_len)
{
	char	   *out = malloc(len * 12 + 1);
	size_t		n = 0;

	for (size_t k = 0; k < len; k++)
	{
		int			i = line[k] == '@' && k + 1 < len ? line[k + 1] - '1' : -1;

		if (i >= 0 && i < N_STREAMS && made[i] != NULL)
		{
			n += (size_t) sprintf(out + n, "%lld", (long long) made[i]->number);
			k++;
		}
		else
			out[n++] = line[k];
	}
	*out_len = n;
	return realloc(out, n > 0 ? n : 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *stop = (const char *) data + size;

	configure();
	takes_anything = true;
	gateway_log_level(GATEWAY_ERROR + 1);
	open_socket(&the_socket);
	for (int i = 0; i < 4; i++)
	{
		begin(i);
		if (i < 3)
			answered(made[i]);
	}
	for (const char *p = (const char *) data; p < stop;)
	{
		const char *line_end = memchr(p, '\n', (size_t) (stop - p));
		size_t		len = (size_t) ((line_end != NULL ? line_end : stop) - p);
		size_t		whole_len;
		char	   *line = put_numbers(p, len, &whole_len);

		if (whole_len > 0)
			act(line, whole_len);
		free(line);
		check();
		p += len + 1;
	}
	for (int i = 0; i < N_STREAMS; i++)
		if (made[i] != NULL)
			end(i);
	stream_deaf();
	FUZZ_CHECK(the_socket.ready == NULL && the_socket.streams == NULL && the_socket.n_streams == 0 && stream_count() == 0, "something is left");
	return 0;
}
