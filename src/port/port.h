/*
 * port.h
 *	  What the pure rooms (kit, doc, lang, vm, live) ask of the world they run in.
 *
 * Two implementations: port_server.c (memory contexts, interrupts, ereport) and port_alone.c (malloc, no interrupts; for the command
 * line, the unit tests, sanitizers and fuzzers).  Pure rooms include this header and no server header.
 *
 * Memory never runs out visibly: port_mem_alloc either returns or does not come back (ereport(ERROR) in the server, exit alone), so
 * pure code holds nothing but memory of a PortMem across an allocation or a poll.
 */
#ifndef ADAMA_PORT_H
#define ADAMA_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pool of memory that is freed as a whole: a MemoryContext in the server, a list of malloc'ed blocks alone. */
typedef struct PortMem PortMem;

/* Makes an empty pool.  In the server it is a child of the context that is current now; port_mem_keep makes it outlive that. */
extern PortMem *port_mem_new(const char *name);

/* Makes the pool live until it is deleted, whatever becomes of the transaction (server: a child of TopMemoryContext). */
extern void port_mem_keep(PortMem *mem);
extern void port_mem_delete(PortMem *mem);
extern void *port_mem_alloc(PortMem *mem, size_t size);
extern void port_mem_free(PortMem *mem, void *ptr);

/* Called at backward jumps and calls of a running program.  In the server it may not come back (cancel, terminate). */
extern void port_poll(void);

/* True when the C stack is nearly used up; recursive functions ask before they recurse. */
extern bool port_stack_is_low(void);

/*
 * Passwords (password.c, the same in both worlds).  False: the library was told to allow only other algorithms.  Takes 128 * N * r bytes while it works,
 * 16 MB, and cannot be interrupted.
 */
#define PORT_SCRYPT_N 16384
#define PORT_SCRYPT_R 8
#define PORT_SCRYPT_P 1
extern bool port_scrypt(const char *password, size_t len, const unsigned char *salt, size_t salt_len, unsigned char *key, size_t key_len);
extern bool port_sha256(const void *data, size_t len, unsigned char digest[32]);
extern bool port_same_secret(const void *a, const void *b, size_t len);	/* takes as long wherever they differ */

/* In debug builds (-DADAMA_ASSERT_ON) a false condition ends the process with its text and place; else it costs nothing. */
extern void port_assert_failed(const char *condition, const char *file, int line);

#ifdef ADAMA_ASSERT_ON
#define ADAMA_ASSERT(cond) ((cond) ? (void) 0 : port_assert_failed(#cond, __FILE__, __LINE__))
#else
#define ADAMA_ASSERT(cond) ((void) 0)
#endif

#endif
