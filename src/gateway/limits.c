/*
 * limits.c
 *	  Token buckets, and how many sockets each address has.
 */
#include "gateway/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "gateway/config.h"
#include "gateway/memory.h"

static Address *addresses;

bool
limits_take(Bucket *bucket, int rate, int64_t now)
{
	if (bucket->filled == 0)
		bucket->tokens = rate;
	else
		bucket->tokens += (double) (now - bucket->filled) * rate / 1000;
	if (bucket->tokens > rate)
		bucket->tokens = rate;
	bucket->filled = now > 0 ? now : 1;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

/* Of IPv6 the first 64 bits. */
static void
network_of(const char *ip, char *net, size_t size)
{
	struct sockaddr_in6 in6;

	if (uv_ip6_addr(ip, 0, &in6) != 0)
	{
		snprintf(net, size, "%s", ip);
		return;
	}
	memset(in6.sin6_addr.s6_addr + 8, 0, 8);
	uv_ip6_name(&in6, net, size);
}

Address *
limits_enter(const char *ip)
{
	char		net[48];
	Address    *address;

	network_of(ip, net, sizeof(net));
	HASH_FIND_STR(addresses, net, address);
	if (address == NULL)
	{
		address = GATEWAY_NEW(Address);
		snprintf(address->net, sizeof(address->net), "%s", net);
		HASH_ADD_STR(addresses, net, address);
	}
	if (address->n_sockets >= config.max_sockets_per_address)
		return NULL;
	address->n_sockets++;
	return address;
}

/* An address that comes back finds its bucket full: a socket a second is less than what a bucket bounds. */
void
limits_leave(Address *address)
{
	if (--address->n_sockets > 0)
		return;
	HASH_DEL(addresses, address);
	free(address);
}
