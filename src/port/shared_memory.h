/*
 * shared_memory.h
 *	  Named shared memory, made when it is first asked for: no shared_preload_libraries.
 *
 * For the server's rooms.  It can't grow and lives until the server stops, whatever becomes of the extension; its name carries the version of its layout.
 */
#ifndef ADAMA_SHARED_MEMORY_H
#define ADAMA_SHARED_MEMORY_H

#include <stddef.h>

/*
 * In the main shared memory, of which there is little: a few kilobytes.  Finds the structure of this name, or makes it: size bytes that init fills, once, while nobody else sees them.  init must not throw.
 * NULL when the server has no shared memory left; nothing is thrown for that.
 */
extern void *port_shared_struct(const char *name, size_t size, void (*init) (void *ptr));
/*
 * The same as a segment of its own, of any size, which stays mapped.  The name has less than 32 bytes.  Within a transaction.  NULL when it can't be had, which is written to the server's log.
 */
extern void *port_shared_segment(const char *name, size_t size, void (*init) (void *ptr));

#endif
