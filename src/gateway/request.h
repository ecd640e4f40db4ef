/*
 * request.h
 *	  Frames of clients: what is asked for, and by whom.
 */
#ifndef ADAMA_GATEWAY_REQUEST_H
#define ADAMA_GATEWAY_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/socket.h"

/* Answers by frames, now or later.  now: ms of the loop. */
extern void request_received(Socket *socket, const char *text, size_t len, int64_t now);

/* The text of a member of a JSON object that is valid; the last one of that name.  NULL: there is none.  For fuzzing, too. */
extern const char *request_member_text(const char *json, size_t len, const char *name, size_t *member_len);

#endif
