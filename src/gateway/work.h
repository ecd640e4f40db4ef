/*
 * work.h
 *	  What clients ask of the database: gathered by document, run in batches, answered one by one.
 */
#ifndef ADAMA_GATEWAY_WORK_H
#define ADAMA_GATEWAY_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/stream.h"

#define CODE_BUSY 123004
#define CODE_LOST 144416		/* the document is not reachable: try again */
#define NOBODY_WAITS INT64_MIN	/* instead of a request: no answer is due */

/* A piece of a client's frame: valid during the call that gets it. */
typedef struct Text
{
	const char *str;			/* NULL: not given */
	size_t		len;
} Text;

/* All of these answer the request by a frame; false: a queue is full, and nothing was answered. */
extern bool work_create(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Text arg);
extern bool work_delete(Socket *socket, int64_t request, const char *space, const char *key, Principal *who);
extern bool work_list(Socket *socket, int64_t request, const char *space, Text marker, int limit);
/* by: the stream that it was sent on, or NULL. */
extern bool work_send(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, Stream *by, Text channel, Text dedupe, Text message);
extern bool work_join(Stream *stream);
extern bool work_update(Stream *stream, int64_t request, Text viewer);
/* Never refused.  The stream ends when the answer comes; or at once, when nobody waits. */
extern void work_leave(Stream *stream, int64_t request);
extern void work_rejoin(Stream *stream);

extern void work_listening(const char *listener);	/* streams that are there are joined */
extern void work_deaf(void);
extern void work_go(void);		/* a connection to the database is idle */
extern bool work_is_done(void);	/* nothing is queued or under way */
extern void work_give_up(void);	/* all that is queued fails */
extern int	work_n_queued(void);
extern int64_t work_bytes_queued(void);

#endif
