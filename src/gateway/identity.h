/*
 * identity.h
 *	  From the identity that a request carries to a principal.
 *
 *		anonymous:NAME		agent NAME of authority "anonymous", where that is let in
 *		cookie:NAME			the value of the cookie id_NAME that came with the handshake, as one of the others
 *		a JWT				ES256, RS256 or EdDSA: `sub` is the agent, `iss` the authority, one of whose keys must have signed it; exp and nbf count
 */
#ifndef ADAMA_GATEWAY_IDENTITY_H
#define ADAMA_GATEWAY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/principal.h"

/* The keys of one authority: a JWK set {"keys":[…]}, or Adama's key store {"0":{"algo":…,"bytes64":…}}.  Keys that are not understood are logged and passed over. */
extern void identity_keys_begin(void);	/* a new list of authorities begins */
extern void identity_keys(const char *authority, const char *jwks, size_t len);
extern void identity_keys_end(void);	/* it is complete: from now on it counts */

/*
 * NULL: it is not valid, *why says for the log.  The caller gets a reference.  now: seconds since 1970.
 */
extern Principal *identity_verify(const char *identity, size_t len, int64_t now, const char **why);

/* Whether a principal may use the space, as configured. */
extern bool identity_is_allowed(const Principal *principal, const char *space);

#endif
