/*
 * work_internal.h
 *	  Operations, documents and batches, as the three files of work see them.
 */
#ifndef ADAMA_GATEWAY_WORK_INTERNAL_H
#define ADAMA_GATEWAY_WORK_INTERNAL_H

#include "gateway/database.h"
#include "gateway/work.h"

typedef enum OpKind
{
	OP_SEND,
	OP_JOIN,
	OP_UPDATE,
	OP_LEAVE,
	OP_CREATE,
	OP_DELETE,
	OP_LIST
} OpKind;

typedef struct Op
{
	struct Op  *prev;
	struct Op  *next;
	OpKind		kind;
	Socket	   *socket;			/* NULL: nobody waits */
	int64_t		request;		/* or NOBODY_WAITS */
	Stream	   *stream;			/* of JOIN, UPDATE, LEAVE, and of a SEND by a stream; else NULL */
	int64_t		number;			/* of the stream, of LEAVE: it may have another by now; of LIST: how many */
	Principal  *who;
	size_t		size;
	uint32_t	channel_len;
	uint32_t	dedupe_len;		/* UINT32_MAX: none */
	uint32_t	text_len;
	char		texts[];		/* channel, dedupe, and the message, argument or viewer state; each with a zero behind */
} Op;

typedef struct Document
{
	UT_hash_handle hh;			/* by name */
	Op		   *ops;
	int			n_ops;
	bool		is_under_way;
	bool		is_alone;		/* what failed with others is run by itself */
	int			n_single;		/* operations that failed together, and go one by one */
	int			attempts;
	const char *space;			/* in name */
	const char *key;
	struct Document *ready_prev;
	struct Document *ready_next;
	char		name[];			/* space, zero, key, zero */
} Document;

/* What a call carries of one document. */
typedef struct Part
{
	Document   *document;
	Op		   *ops;
	int			n;
} Part;

typedef struct Batch
{
	OpKind		kind;
	int64_t		hearing;		/* of which listener it was */
	int			n_parts;
	int			n;				/* operations */
	size_t		bytes;
	Part	   *parts;
} Batch;

/* ---- work.c: queues ---- */

extern const char *op_channel(const Op *op);
extern const char *op_dedupe(const Op *op);	/* NULL: none */
extern const char *op_text(const Op *op);
extern void op_free(Op *op);
extern void work_put_back(Document *document, Op *ops);	/* to the head, in their order */
extern void work_join_again(Stream *stream);	/* before all that waits, unless it is asked for already */
extern int64_t work_hearing(void);	/* which listener it is by now */

/* ---- work_call.c: operations as the parameters of a call ---- */

extern void work_fill_call(DatabaseCall *call, const Batch *batch, const char *listener);

/* ---- work_answer.c: what comes back ---- */

extern void work_answer_failure(const Op *op, const char *sqlstate, const char *message);
/* Answers all operations of a batch, or puts them back; they are freed or queued again.  result as in database.h. */
extern void work_answer_batch(Batch *batch, const PGresult *result);

#endif
