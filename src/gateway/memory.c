/*
 * memory.c
 *	  malloc that does not fail.
 */
#include "gateway/memory.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"

static void *
checked(void *p, size_t size)
{
	if (p == NULL)
	{
		gateway_log(GATEWAY_ERROR, "out_of_memory", "size=%zu", size);
		abort();
	}
	return p;
}

void *
gateway_alloc(size_t size)
{
	return checked(calloc(1, size), size);
}

void *
gateway_realloc(void *old, size_t size)
{
	return checked(realloc(old, size), size);
}

char *
gateway_copy(const char *str, size_t len)
{
	char	   *copy = checked(malloc(len + 1), len + 1);

	memcpy(copy, str, len);
	copy[len] = '\0';
	return copy;
}
