/*
 * stream.h
 *	  One document that one socket is connected to, and the view classes that streams belong to.
 */
#ifndef ADAMA_GATEWAY_STREAM_H
#define ADAMA_GATEWAY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "gateway/body.h"
#include "gateway/principal.h"
#include "gateway/socket.h"

typedef enum StreamState
{
	STREAM_JOINING,				/* the database was asked, or will be when somebody listens */
	STREAM_LIVE,
	STREAM_ENDED				/* its socket has no part in it any more */
} StreamState;

typedef struct StreamClass StreamClass;

typedef struct Stream
{
	int			n_refs;
	StreamState state;
	Socket	   *socket;			/* NULL when ended */
	int64_t		request;		/* by which the client knows it */
	int64_t		number;			/* by which the database knows it, at this listener */
	UT_hash_handle hh;			/* by number, while it is JOINING or LIVE */
	char	   *space;
	char	   *key;
	Principal  *who;
	char	   *viewer;			/* JSON */
	bool		is_asked;		/* joining it is queued or under way */
	bool		has_new_viewer; /* or will have: what it has may be of the view before, so it starts over when it is joined again */
	bool		is_skipping;	/* so much was pending that it is asked for anew */
	int64_t		has;			/* the seq that the client has with what was written; 0: none */
	int64_t		life;			/* of the document that has it, 0: not known */
	StreamClass *class;
	struct Stream *class_prev;
	struct Stream *class_next;
	Body	   *pending;		/* the change that is to be written */
	Body	   *rest;			/* and the second half of one that is written in two */
	struct Words *words;		/* what the document says beside its changes, before the pending one */
	int			n_words;
	size_t		words_bytes;
	bool		is_ready;		/* in the socket's list of those with something to send */
	struct Stream *ready_prev;
	struct Stream *ready_next;
	struct Stream *prev;		/* of the socket */
	struct Stream *next;
} Stream;

/* A new stream of the socket; since, life: what the client has, or 0. */
extern Stream *stream_new(Socket *socket, int64_t request, const char *space, const char *key, Principal *who, const char *viewer, int64_t since, int64_t life);
extern Stream *stream_find(const Socket *socket, int64_t request);	/* NULL: the socket has no such stream */
extern void stream_renumber(Stream *stream);	/* to be asked for under a new number */
/* From where it goes on when it is joined again: the seq that its client has, or will have with what is to be written, and the life of the document; 0: none. */
extern int64_t stream_since(const Stream *stream);
extern int64_t stream_life(const Stream *stream);
extern void stream_looks_with(Stream *stream, const char *viewer, size_t len);	/* the database knows of it */
extern Stream *stream_hold(Stream *stream);
extern void stream_drop(Stream *stream);

/* The database has let it in; filter: names of viewer fields that it reads, as JSON, or NULL. */
extern void stream_joined(Stream *stream, const char *filter);
/* It ends; the client is told by the frame that the caller sends. */
extern void stream_end(Stream *stream);

/* Appends the next frame to out and says how long it is; 0: there is none. */
extern size_t stream_next_frame(Stream *stream, char **buffer, size_t *cap, size_t offset);

/* What the listening connection hears: a payload, or a part of one. */
extern void stream_payload(const char *text, size_t len);
/* Nobody listens any more: no class is valid.  All streams are to be joined again when somebody does. */
extern void stream_deaf(void);
extern void stream_each(void (*visit) (Stream *stream));

extern int	stream_count(void);

#endif
