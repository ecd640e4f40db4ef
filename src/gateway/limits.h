/*
 * limits.h
 *	  How much one socket and one address may do.
 */
#ifndef ADAMA_GATEWAY_LIMITS_H
#define ADAMA_GATEWAY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

/* A token bucket: holds what comes in one second. */
typedef struct Bucket
{
	double		tokens;
	int64_t		filled;			/* ms; 0: never yet */
} Bucket;

typedef struct Address
{
	UT_hash_handle hh;
	int			n_sockets;
	Bucket		rate;
	char		net[48];		/* an address of IPv4, or the network of one of IPv6: a client has as many of those as it likes */
} Address;

extern bool limits_take(Bucket *bucket, int rate, int64_t now);	/* false: there is none left */
/* NULL: that address has as many sockets as it may. */
extern Address *limits_enter(const char *ip);
extern void limits_leave(Address *address);

#endif
