/*
 * server.h
 *	  What listens: WebSockets at /~s, files, /health, /metrics.
 */
#ifndef ADAMA_GATEWAY_SERVER_H
#define ADAMA_GATEWAY_SERVER_H

#include <stdbool.h>

#include <uv.h>

extern bool server_start(uv_loop_t *loop);	/* false, and it was logged */
extern void server_stop(void);

#endif
