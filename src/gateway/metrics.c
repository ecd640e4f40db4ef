/*
 * metrics.c
 *	  /metrics: counters of metrics.def, and how things stand.
 */
#include "gateway/metrics.h"

#include "gateway/database.h"
#include "gateway/socket.h"
#include "gateway/stream.h"
#include "gateway/work.h"

Metrics		metrics;

static void
add(KitBuf *out, const char *name, const char *suffix, const char *kind, const char *doc, int64_t value)
{
	kit_buf_printf(out, "# HELP adama_gateway_%s%s %s\n# TYPE adama_gateway_%s%s %s\nadama_gateway_%s%s %lld\n", name, suffix, doc, name, suffix, kind, name, suffix,
				   (long long) value);
}

void
metrics_write(KitBuf *out)
{
#define GATEWAY_METRIC(name, kind, doc) add(out, #name, "_total", #kind, doc, metrics.name);
#include "gateway/metrics.def"
#undef GATEWAY_METRIC
	add(out, "database_lost", "_total", "counter", "connections to the database that were lost", database_n_lost());
	add(out, "sockets", "", "gauge", "sockets that are open", socket_count());
	add(out, "streams", "", "gauge", "documents that sockets are connected to", stream_count());
	add(out, "operations_queued", "", "gauge", "operations that wait for the database", work_n_queued());
	add(out, "bytes_queued", "", "gauge", "bytes of the operations that wait", work_bytes_queued());
	add(out, "database_connections", "", "gauge", "connections for commands that are up", database_n_ready());
	add(out, "database_busy", "", "gauge", "connections for commands with a call under way", database_n_busy());
	add(out, "database_listening", "", "gauge", "whether the connection that listens is up", database_is_listening());
}
