/*
 * memory.h
 *	  Memory of sockets, streams, operations and what is sent: pieces that live as long as somebody needs them.
 *
 * Never NULL: when memory runs out the process ends.  Whatever clients can make grow has a bound of its own (config.def).
 */
#ifndef ADAMA_GATEWAY_MEMORY_H
#define ADAMA_GATEWAY_MEMORY_H

#include <stddef.h>

extern void *gateway_alloc(size_t size);	/* zeroed */
extern void *gateway_realloc(void *old, size_t size);
extern char *gateway_copy(const char *str, size_t len);	/* with a zero behind */

#define GATEWAY_NEW(type) ((type *) gateway_alloc(sizeof(type)))

#endif
