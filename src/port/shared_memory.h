/*
 * shared_memory.h
 *	  Small named structures in the main shared memory, made when they are first asked for: no shared_preload_libraries.
 *
 * For the server's rooms.  Such a structure can't grow and lives until the server stops, whatever becomes of the extension: it is kept to a few kilobytes,
 * and its name carries the version of its layout.
 */
#ifndef ADAMA_SHARED_MEMORY_H
#define ADAMA_SHARED_MEMORY_H

#include <stddef.h>

/*
 * Finds the structure of this name, or makes it: size bytes that init fills, once, while nobody else sees them.  init must not throw.
 * NULL when the server has no shared memory left; nothing is thrown for that.
 */
extern void *port_shared_struct(const char *name, size_t size, void (*init) (void *ptr));

#endif
