/*
 * listener.c
 *	  Gateways' channels, which many connections share, and what is said there to some of them.
 *
 * What goes to a gateway names those it is for before anything else, in this order and without spaces, so that it can be routed without being read:
 *
 *		{"class":17,"ids":[1,2],"reset":true,"data":{…},"seq":12,"life":8173…}
 *		 ----------------------------------
 *
 * The rest is what a connection of its own is sent, "reset" aside.  life, with the whole view, tells documents of one key apart: who comes back names it.  A class number alone means all connections of the class, ids alone these, both: these, which belong to the class from now on and to no
 * other.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

/* ---- names ---- */

void
worker_listener_format(const char *id, char name[NAMEDATALEN])
{
	snprintf(name, NAMEDATALEN, "%s_%d_%llx", id, MyProcPid, (unsigned long long) worker_backend_start());
}

bool
worker_listener_parse(const char *name, int *pid, TimestampTz *start)
{
	char		id[STORE_CONNECTION_ID_LEN + 1];
	char		again[NAMEDATALEN];
	uint8		bytes[16];
	unsigned long long since;

	if (strlen(name) >= NAMEDATALEN || strlen(name) <= STORE_CONNECTION_ID_LEN)
		return false;
	strlcpy(id, name, sizeof(id));
	if (!worker_id_parse(id, bytes) || sscanf(name + STORE_CONNECTION_ID_LEN, "_%d_%llx", pid, &since) != 2)
		return false;
	*start = (TimestampTz) since;
	/* written in one way only */
	snprintf(again, sizeof(again), "%s_%d_%llx", id, *pid, since);
	return strcmp(again, name) == 0;
}

/* ---- those that have connections ---- */

static HTAB *listeners = NULL;

WorkerListener *
worker_listener_hold(const char *channel)
{
	WorkerListener *listener;
	bool		found;

	if (listeners == NULL)
	{
		HASHCTL		ctl = {.keysize = NAMEDATALEN,.entrysize = sizeof(WorkerListener),.hcxt = TopMemoryContext};

		listeners = hash_create("adama listeners", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	listener = hash_search(listeners, channel, HASH_ENTER, &found);
	if (!found)
	{
		listener->n_connections = 0;
		listener->ids = NULL;
		listener->ids_cap = listener->ids_len = 0;
	}
	listener->n_connections++;
	return listener;
}

void
worker_listener_release(WorkerListener *listener)
{
	if (--listener->n_connections > 0)
		return;
	if (listener->ids != NULL)
		pfree(listener->ids);
	hash_search(listeners, listener->channel, HASH_REMOVE, NULL);
}

/* ---- one thing said to several ---- */

/* Those who are to be told, and have not been; their numbers are in ids. */
static dlist_head told = DLIST_STATIC_INIT(told);

static void
add_id(WorkerListener *listener, int64 number)
{
	if (listener->ids_len + 32 > listener->ids_cap)
	{
		listener->ids_cap = Max(listener->ids_cap * 2, 256);
		listener->ids = listener->ids == NULL ? MemoryContextAlloc(TopMemoryContext, listener->ids_cap) : repalloc(listener->ids, listener->ids_cap);
	}
	if (listener->ids_len == 0)
		dlist_push_tail(&told, &listener->in_told);
	listener->ids_len += sprintf(listener->ids + listener->ids_len, "%s" INT64_FORMAT, listener->ids_len > 0 ? "," : "", number);
}

void
worker_tell(const WorkerConnection *connection, const char *json)
{
	if (connection->listener != NULL)
		add_id(connection->listener, connection->row.number);
	else
		worker_send(connection->row.id, json);
}

void
worker_tell_all(const char *json, int64 seq)
{
	while (!dlist_is_empty(&told))
	{
		WorkerListener *listener = dlist_container(WorkerListener, in_told, dlist_pop_head_node(&told));
		size_t		size = listener->ids_len + strlen(json) + 16;
		char	   *routed = MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_HUGE);
		WorkerPayload payload;

		snprintf(routed, size, "{\"ids\":[%.*s],%s", (int) listener->ids_len, listener->ids, json + 1);
		listener->ids_len = 0;
		payload = worker_payload_make_routed(routed, strlen(routed), seq);
		worker_payload_send(&payload, listener->channel);
		pfree(routed);
	}
}

/* An error came between: what was gathered is void. */
void
worker_tell_nobody(void)
{
	while (!dlist_is_empty(&told))
		dlist_container(WorkerListener, in_told, dlist_pop_head_node(&told))->ids_len = 0;
}

/* ---- payloads of classes ---- */

void
worker_route(KitBuf *out, int64 class, const dlist_head *connections, bool is_reset, const KitBuf *envelope)
{
	dlist_iter	iter;
	char		before = '[';

	kit_buf_add_str(out, "{\"class\":");
	kit_buf_add_int(out, class);
	if (connections != NULL)
	{
		kit_buf_add_str(out, ",\"ids\":");
		dlist_foreach(iter, (dlist_head *) connections)
		{
			kit_buf_add_char(out, before);
			kit_buf_add_int(out, dlist_container(WorkerConnection, in_class, iter.cur)->row.number);
			before = ',';
		}
		kit_buf_add_char(out, ']');
	}
	kit_buf_add_str(out, is_reset ? ",\"reset\":true," : ",");
	kit_buf_add(out, envelope->data + 1, envelope->len - 1);
}
