/*
 * notify.c
 *	  Channels: listening to them, and what is sent on them.
 *
 * A payload is the envelope of a change, JSON in ASCII.  What exceeds the limit of NOTIFY is sent in parts,
 *
 *		{"seq":12,"part":1,"parts":3,"text":"…"}
 *
 * in order and in one transaction: the texts concatenate to the payload.  Where several are sent on one channel, with one seq even, "of" counts the payloads:
 * else PostgreSQL would take equal parts of different ones for the same notification, and send it once.
 */
#include "postgres.h"

#include "commands/async.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "worker/internal.h"

#define PAYLOAD_MAX (BLCKSZ - NAMEDATALEN - 128 - 1)	/* bytes that NOTIFY takes at most: 7,999 */
#define MESSAGE_MAX 1000		/* bytes of an error message, each at most 6 in JSON */
#define PART_FRAME 110			/* bytes at most of a part without its text */

void
worker_listen(const char *channel)
{
	if (MyBackendType != B_BACKEND)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot connect to a document within a background process")));
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot connect to a document within a security-restricted operation")));
	(void) worker_launch_if_missing(ERROR);
	Async_Listen(channel);
}

void
worker_unlisten(const char *channel)
{
	Async_Unlisten(channel);
}

/* This happens so rarely that the writer may notify. */
void
worker_authorities_changed(void)
{
	Async_Notify("adama_authorities", "");
}

static bool
needs_escape(char c)
{
	return c == '"' || c == '\\';
}

/* The end of the part that begins at from. */
static const char *
part_end(const char *from, const char *end)
{
	size_t		room = PAYLOAD_MAX - PART_FRAME;

	while (from < end)
	{
		size_t		size = needs_escape(*from) ? 2 : 1;

		if (size > room)
			break;
		room -= size;
		from++;
	}
	return from;
}

static char *
make_part(const char *from, const char *end, int64 seq, int part, int parts, int64 of)
{
	char	   *result = palloc(PAYLOAD_MAX + 1);
	char	   *out = result + sprintf(result, "{\"seq\":" INT64_FORMAT ",\"part\":%d,\"parts\":%d,", seq, part, parts);

	if (of > 0)
		out += sprintf(out, "\"of\":" INT64_FORMAT ",", of);
	out += sprintf(out, "\"text\":\"");

	for (; from < end; from++)
	{
		if (needs_escape(*from))
			*out++ = '\\';
		*out++ = *from;
	}
	strcpy(out, "\"}");
	return result;
}

static WorkerPayload
make_payload(const char *json, size_t len, int64 seq, int64 of)
{
	WorkerPayload payload = {1};
	const char *end = json + len;
	const char *from;

	if (len <= PAYLOAD_MAX)
	{
		payload.texts = palloc(sizeof(char *));
		payload.texts[0] = pnstrdup(json, len);
		return payload;
	}
	payload.n = 0;
	for (from = json; from < end; from = part_end(from, end))
		payload.n++;
	payload.texts = palloc(payload.n * sizeof(char *));
	from = json;
	for (int i = 0; i < payload.n; i++)
	{
		const char *next = part_end(from, end);

		payload.texts[i] = make_part(from, next, seq, i + 1, payload.n, of);
		from = next;
	}
	return payload;
}

WorkerPayload
worker_payload_make(const char *json, size_t len, int64 seq)
{
	return make_payload(json, len, seq, 0);
}

WorkerPayload
worker_payload_make_routed(const char *json, size_t len, int64 seq)
{
	static int64 n_made = 0;

	return make_payload(json, len, seq, ++n_made);
}

/*
 * What an entry takes of the queue: a header of 16 bytes and both strings, aligned.  None crosses a page: at worst, what is left of one is wasted.
 */
static void
notify(const char *channel, const char *payload)
{
	static size_t left = 0;		/* of the page, as if nobody else notified */
	size_t		size = INTALIGN(16 + strlen(channel) + 1 + strlen(payload) + 1);

	Async_Notify(channel, payload);
	worker_stats.payloads++;
	worker_stats.bytes += strlen(payload);
	if (size > left)
	{
		worker_flow_used(left);
		left = BLCKSZ;
	}
	left -= size;
	worker_flow_used(size);
}

void
worker_payload_send(const WorkerPayload *payload, const char *channel)
{
	for (int i = 0; i < payload->n; i++)
		notify(channel, payload->texts[i]);
}

size_t
worker_payload_size(const WorkerPayload *payload)
{
	size_t		size = 0;

	for (int i = 0; i < payload->n; i++)
		size += strlen(payload->texts[i]);
	return size;
}

/* What is short enough for one. */
void
worker_send(const char *channel, const char *json)
{
	notify(channel, json);
}

/* {"failed":"YA032","message":"…"}: the view can't be computed; the next that can is a whole one. */
char *
worker_failure_text(KitArena *arena, const char *sqlstate, const char *message)
{
	KitBuf		buf;

	kit_buf_init(&buf, arena);
	kit_buf_printf(&buf, "{\"failed\":\"%s\",\"message\":", sqlstate);
	doc_json_string(message, pg_mbcliplen(message, strlen(message), MESSAGE_MAX), DOC_JSON_WIRE, &buf);
	kit_buf_add_char(&buf, '}');
	return buf.data;
}

/* How full the queue of notifications is, 0 to 1: it fills while some listener does not read. */
double
worker_notify_queue_usage(void)
{
	return DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0));
}
