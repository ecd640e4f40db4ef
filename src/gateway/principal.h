/*
 * principal.h
 *	  Who is at the other end: agent and authority, shared by all that belongs to them.
 */
#ifndef ADAMA_GATEWAY_PRINCIPAL_H
#define ADAMA_GATEWAY_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Principal
{
	int			n_refs;
	char	   *agent;
	char	   *authority;
} Principal;

extern Principal *principal_new(const char *agent, size_t agent_len, const char *authority, size_t authority_len);	/* with one reference */
extern Principal *principal_hold(Principal *principal);
extern void principal_drop(Principal *principal);
extern bool principal_is(const Principal *principal, const char *name);	/* as in agent@authority */

#endif
