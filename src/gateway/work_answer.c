/*
 * work_answer.c
 *	  What the database says of a batch, as answers to clients.
 *
 * A call that fails as a whole (a document is locked for long, or damaged) is run again document by document, so that one of them does not spoil the others; and
 * operation by operation, when something that was given cannot be read.
 *
 * When a connection is lost, what was under way may have been committed.  A message with a dedupe key is sent again; so is whatever concerns streams.  For any other
 * message the client is told that nobody knows.
 */
#include <stdio.h>
#include <string.h>

#include <utlist.h>

#include "doc/doc.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/work_internal.h"

#define ALONE_ATTEMPTS_MAX 5

/* What Adama's clients are told when the program or the privileges forbid it. */
static const int denied_codes[] = {143373, 184333, 184333, 184333, 134259, 147186, 147186};

/* ---- answers ---- */

void
work_answer_failure(const Op *op, const char *sqlstate, const char *message)
{
	int			code = CODE_LOST;
	bool		is_known = false;

	gateway_log(GATEWAY_DEBUG, "refused", "kind=%d sqlstate=%s problem=\"%s\"", op->kind, sqlstate, message);
	if (strcmp(sqlstate, "42501") == 0)
	{
		code = denied_codes[op->kind];
		is_known = true;
	}
#define GATEWAY_CODE(state, its_code, retry) if (strcmp(sqlstate, state) == 0) code = its_code, is_known = true;
#include "gateway/codes.def"
#undef GATEWAY_CODE
	if (!is_known)
		gateway_log(GATEWAY_WARNING, "operation_failed", "sqlstate=%s problem=\"%s\"", sqlstate, message);
	if (op->kind == OP_JOIN)
	{
		Socket	   *socket = op->stream->socket;
		int64_t		request = op->stream->request;

		if (op->stream->state == STREAM_ENDED)
			return;
		stream_end(op->stream);
		socket_failure(socket, request, code, is_known ? message : NULL);
	}
	else if (op->socket != NULL && op->request != NOBODY_WAITS)
		socket_failure(op->socket, op->request, code, is_known ? message : NULL);
}

static void
answer_done(const Op *op, const char *response)
{
	if (op->socket != NULL && op->request != NOBODY_WAITS)
		socket_sendf(op->socket, "{\"deliver\":%lld,\"done\":true,\"response\":%s}", (long long) op->request, response);
}

static void
answer_left(const Op *op)
{
	Stream	   *stream = op->stream;
	int64_t		request = stream->request;

	if (op->request == NOBODY_WAITS)
		return;
	answer_done(op, "{}");
	if (stream->state == STREAM_ENDED)
		return;
	stream_end(stream);
	socket_sendf(op->socket, "{\"deliver\":%lld,\"done\":true}", (long long) request);
}

/* value: the second column of the answer, or NULL. */
static void
answer_success(const Op *op, const char *value)
{
	char		response[64];

	switch (op->kind)
	{
		case OP_SEND:
			snprintf(response, sizeof(response), "{\"seq\":%s}", value != NULL ? value : "0");
			answer_done(op, response);
			break;
		case OP_JOIN:
			if (op->stream->state != STREAM_ENDED)
				stream_joined(op->stream, value);
			break;
		case OP_UPDATE:
			stream_looks_with(op->stream, op_text(op), op->text_len);
			answer_done(op, "{}");
			break;
		case OP_LEAVE:
			answer_left(op);
			break;
		default:
			answer_done(op, "{}");
			break;
	}
}

static void
answer_row(const Op *op, const PGresult *result, int row)
{
	const char *sqlstate = PQgetvalue(result, row, 2);

	if (PQgetisnull(result, row, 3))
		answer_success(op, PQgetisnull(result, row, 1) ? NULL : PQgetvalue(result, row, 1));
	/* A stream that is gone, or will be joined with its new state, has what it asked for. */
	else if (op->kind == OP_LEAVE || (op->kind == OP_UPDATE && strcmp(sqlstate, "YA016") == 0))
		answer_success(op, NULL);
	else
		work_answer_failure(op, sqlstate, PQgetvalue(result, row, 3));
}

static void
answer_list(const Op *op, const PGresult *result)
{
	KitArena   *arena = kit_arena_new("adama gateway list");

	for (int i = 0; i < PQntuples(result) && op->socket != NULL; i++)
	{
		KitBuf		frame;

		kit_buf_init(&frame, arena);
		kit_buf_printf(&frame, "{\"deliver\":%lld,\"done\":false,\"response\":{\"key\":", (long long) op->request);
		doc_json_string(PQgetvalue(result, i, 0), strlen(PQgetvalue(result, i, 0)), DOC_JSON_WIRE, &frame);
		kit_buf_printf(&frame, ",\"created\":\"%s\",\"updated\":\"%s\",\"seq\":%s,\"lastBackup\":null}}", PQgetvalue(result, i, 1), PQgetvalue(result, i, 2),
					   PQgetvalue(result, i, 3));
		socket_send(op->socket, frame.data, frame.len);
	}
	kit_arena_delete(arena);
	if (op->socket != NULL)
		socket_sendf(op->socket, "{\"deliver\":%lld,\"done\":true}", (long long) op->request);
}

/* ---- calls that come back ---- */

static bool
may_repeat(const Op *op)
{
	return op->kind == OP_JOIN || op->kind == OP_UPDATE || op->kind == OP_LEAVE || (op->kind == OP_SEND && op->dedupe_len != UINT32_MAX);
}

/*
 * What was asked of the connections of a listener that is gone is asked again; and a message that was refused since its sender's connection went with it is sent
 * again.
 *
 *		database								gateway
 *		the listener's session is ended
 *		its connections leave
 *												sends a message of one of them
 *		refuses it
 *												reads the refusal; reads of the end, which came before it
 */
static bool
must_repeat(const Op *op, const Batch *batch, const PGresult *result, int row)
{
	bool		has_failed;

	if (op->kind != OP_JOIN && (op->kind != OP_SEND || op->stream == NULL))
		return false;
	has_failed = !PQgetisnull(result, row, 3);
	if (op->kind == OP_SEND && (!has_failed || strcmp(PQgetvalue(result, row, 2), "42501") != 0))
		return false;
	if (has_failed && batch->hearing == work_hearing())
		database_look();
	return op->stream->state != STREAM_ENDED && batch->hearing != work_hearing();
}

static void
repeat_join(const Op *op)
{
	op->stream->is_asked = false;
	if (op->stream->state != STREAM_ENDED)
	{
		stream_renumber(op->stream);
		work_join_again(op->stream);
	}
}

static void
part_is_lost(Part *part)
{
	Op		   *op;
	Op		   *next;
	Op		   *again = NULL;

	DL_FOREACH_SAFE(part->ops, op, next)
	{
		DL_DELETE(part->ops, op);
		if (op->kind == OP_JOIN)
			repeat_join(op);
		else if (may_repeat(op))
		{
			DL_APPEND(again, op);
			continue;
		}
		else
			work_answer_failure(op, "08006", "the connection to the database was lost; the message may or may not have been taken");
		op_free(op);
	}
	work_put_back(part->document, again);
}

/* The whole call failed.  What was with others is run by itself; what was alone has failed, unless the reason passes or is one operation's. */
static void
part_has_failed(Part *part, bool was_alone, const char *sqlstate, const char *message)
{
	Document   *document = part->document;
	bool		may_pass = strncmp(sqlstate, "40", 2) == 0 || strcmp(sqlstate, "55P03") == 0;
	Op		   *op;
	Op		   *next;

	if (!was_alone || (may_pass && document->attempts < ALONE_ATTEMPTS_MAX))
	{
		document->attempts += was_alone;
		document->is_alone = true;
		work_put_back(document, part->ops);
		return;
	}
	if (part->n > 1 && strncmp(sqlstate, "22", 2) == 0)
	{
		document->n_single = part->n;
		work_put_back(document, part->ops);
		return;
	}
	DL_FOREACH_SAFE(part->ops, op, next)
	{
		if (op->kind == OP_JOIN)
			op->stream->is_asked = false;
		if (op->kind == OP_LEAVE)
			answer_left(op);
		else
			work_answer_failure(op, sqlstate, message);
		op_free(op);
	}
	document->attempts = 0;
	document->is_alone = false;
}

static void
part_is_done(Part *part, const Batch *batch, const PGresult *result, int first_row)
{
	Op		   *op;
	Op		   *next;
	Op		   *again = NULL;
	int			row = first_row;

	part->document->attempts = 0;
	part->document->is_alone = false;
	DL_FOREACH_SAFE(part->ops, op, next)
	{
		if (must_repeat(op, batch, result, row))
		{
			if (op->kind == OP_SEND)
			{
				DL_DELETE(part->ops, op);
				DL_APPEND(again, op);
				row++;
				continue;
			}
			repeat_join(op);
		}
		else
		{
			if (op->kind == OP_JOIN)
				op->stream->is_asked = false;
			if (op->kind == OP_LIST)
				answer_list(op, result);
			else if (op->kind == OP_CREATE || op->kind == OP_DELETE)
				answer_success(op, NULL);
			else
				answer_row(op, result, row);
		}
		row++;
		op_free(op);
	}
	work_put_back(part->document, again);
}

void
work_answer_batch(Batch *batch, const PGresult *result)
{
	bool		is_good = result != NULL && PQresultStatus(result) == PGRES_TUPLES_OK;
	bool		is_whole = batch->kind >= OP_CREATE || (is_good && PQntuples(result) == batch->n);
	int			row = 0;

	for (int i = 0; i < batch->n_parts; i++)
	{
		Part	   *part = &batch->parts[i];

		if (result == NULL)
			part_is_lost(part);
		else if (!is_good || !is_whole)
		{
			const char *sqlstate = is_good ? "XX000" : PQresultErrorField(result, PG_DIAG_SQLSTATE);
			const char *message = is_good ? "" : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

			part_has_failed(part, batch->n_parts == 1, sqlstate != NULL ? sqlstate : "XX000", message != NULL ? message : "");
		}
		else
			part_is_done(part, batch, result, row);
		row += part->n;
	}
	metrics.calls_lost += result == NULL;
}
