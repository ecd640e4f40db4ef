/*
 * adama.c
 *	  The module: what PostgreSQL needs to load it, and its settings.
 *
 * Nothing here needs shared_preload_libraries: shared memory is made when it is first used (worker/shared.c).
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/guc.h"

#include "adama.h"

PG_MODULE_MAGIC;

int			adama_max_steps;
int			adama_max_event_memory;
int			adama_max_document_size;
int			adama_max_message_size;
int			adama_document_cache_size;
int			adama_recent_changes_size;
int			adama_emitter_max_delay;
int			adama_emitter_idle_timeout;
double		adama_emitter_queue_limit;
int			adama_trim_interval;
int			adama_replication_timeout;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("adama.max_steps", "Steps that one event may take, in thousands.",
							"All work counts: instructions, rows visited, elements sorted, bytes copied.",
							&adama_max_steps, 10000, 1, INT_MAX / 1000, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.max_event_memory", "Working memory that one event may use.", NULL,
							&adama_max_event_memory, 64 * 1024, 64, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.max_document_size", "Size that the encoded state of a document may have.", NULL,
							&adama_max_document_size, 64 * 1024, 1, 512 * 1024, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.max_message_size", "Size that the encoded message of an event may have.", NULL,
							&adama_max_message_size, 1024, 1, 64 * 1024, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.document_cache_size", "Memory per session for documents kept between messages.", NULL,
							&adama_document_cache_size, 64 * 1024, 0, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.recent_changes_size", "Shared memory for recent changes of documents, so that sessions need not read each other's from the log.",
							"It is made when it is first needed after a server start; 0 does without.",
							&adama_recent_changes_size, 32 * 1024, 0, 1024 * 1024, PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.emitter_max_delay", "Longest time for which the emitter gathers changes while it is busy.",
							"A change of a quiet document is sent at once; a busy emitter pauses about as long as it worked, and a document that never rests is sent every 20 ms, at most this long.",
							&adama_emitter_max_delay, 50, 0, 10000, PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.emitter_idle_timeout", "Time without connections after which the emitter of a database leaves.", "Workers that do other things leave when they have had nothing to do for as long.",
							&adama_emitter_idle_timeout, 2, 0, 3600, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomRealVariable("adama.emitter_queue_limit", "Part of PostgreSQL's notification queue that may be full before the emitter stops sending.",
							 "The emitter gathers changes longer as the queue approaches this; what was held back is sent when there is room again.",
							 &adama_emitter_queue_limit, 0.5, 0.00001, 0.95, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.trim_interval", "Time between two rounds in which the logs of a space are looked at for what is too old.",
							"Rounds come less often when nothing becomes too old before, or when they take long; 0 leaves it to adama.trim.",
							&adama_trim_interval, 60, 0, 86400, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("adama.replication_timeout", "Longest time for which one delivery of replicas to a target may last.",
							"Then it is broken off, and tried again after a while.",
							&adama_replication_timeout, 10000, 100, 3600000, PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	MarkGUCPrefixReserved("adama");
}
