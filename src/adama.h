/*
 * adama.h
 *	  Settings (GUCs) of the extension, defined in adama.c.
 */
#ifndef ADAMA_H
#define ADAMA_H

#include "postgres.h"

extern int	adama_max_steps;				/* thousands of steps per event */
extern int	adama_max_event_memory;			/* kB of working memory per event */
extern int	adama_max_document_size;		/* kB of the encoded state */
extern int	adama_max_message_size;			/* kB of the encoded message */
extern int	adama_document_cache_size;		/* kB per backend of documents held in memory */
extern int	adama_recent_changes_size;		/* kB of shared memory, when it is made */
extern int	adama_emitter_max_delay;		/* ms that the emitter may gather changes while it is busy */
extern int	adama_emitter_idle_timeout;		/* s without connections after which the emitter leaves */
extern double adama_emitter_queue_limit;		/* part of the notification queue that may be full before the emitter stops sending */
extern int	adama_trim_interval;			/* s between rounds in which logs are looked at for what is too old; 0: there are none */
extern int	adama_replication_timeout;		/* ms that one delivery to a target may last */

#endif
