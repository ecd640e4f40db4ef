/*
 * work_call.c
 *	  A batch as a call: the parameters are arrays with one element for each operation.
 */
#include <string.h>

#include <utlist.h>

#include "gateway/work_internal.h"

/* An array with one element for each operation of the batch, of what element makes of it. */
static void
add_array(DatabaseCall *call, DatabaseParams *params, DatabaseType type, const Batch *batch, DatabaseElement (*element) (const Op *op))
{
	DatabaseElement *elements = KIT_NEW_N(call->arena, DatabaseElement, batch->n);
	int			n = 0;

	for (int i = 0; i < batch->n_parts; i++)
	{
		const Op   *op;

		DL_FOREACH(batch->parts[i].ops, op)
			elements[n++] = element(op);
	}
	database_array(call, params, type, elements, n);
}

static DatabaseElement
text_element(const char *str)
{
	return (DatabaseElement) {.str = str,.len = str == NULL ? 0 : (uint32_t) strlen(str)};
}

static DatabaseElement
channel_element(const Op *op)
{
	return (DatabaseElement) {.str = op_channel(op),.len = op->channel_len};
}

static DatabaseElement
dedupe_element(const Op *op)
{
	return (DatabaseElement) {.str = op_dedupe(op),.len = op->dedupe_len == UINT32_MAX ? 0 : op->dedupe_len};
}

static DatabaseElement
message_element(const Op *op)
{
	return (DatabaseElement) {.str = op_text(op),.len = op->text_len};
}

static DatabaseElement
agent_element(const Op *op)
{
	return text_element(op->who->agent);
}

static DatabaseElement
authority_element(const Op *op)
{
	return text_element(op->who->authority);
}

static DatabaseElement
ip_element(const Op *op)
{
	return text_element(op->socket->ip);
}

static DatabaseElement
origin_element(const Op *op)
{
	return text_element(op->socket->origin);
}

static DatabaseElement
number_element(const Op *op)
{
	return (DatabaseElement) {.str = "",.number = op->kind == OP_LEAVE ? op->number : op->stream->number};
}

static DatabaseElement
viewer_element(const Op *op)
{
	return text_element(op->stream->viewer);
}

static DatabaseElement
since_element(const Op *op)
{
	int64_t		since = stream_since(op->stream);

	return (DatabaseElement) {.str = since > 0 ? "" : NULL,.number = since};
}

static DatabaseElement
life_element(const Op *op)
{
	int64_t		life = stream_life(op->stream);

	return (DatabaseElement) {.str = life != 0 ? "" : NULL,.number = life};
}

static void
add_keys(DatabaseCall *call, DatabaseParams *params, const Batch *batch)
{
	DatabaseElement *elements = KIT_NEW_N(call->arena, DatabaseElement, batch->n);
	int			n = 0;

	for (int i = 0; i < batch->n_parts; i++)
		for (int k = 0; k < batch->parts[i].n; k++)
			elements[n++] = text_element(batch->parts[i].document->key);
	database_array(call, params, DATABASE_TEXT, elements, n);
}

static void
add_principals(DatabaseCall *call, DatabaseParams *params, const Batch *batch)
{
	add_array(call, params, DATABASE_TEXT, batch, agent_element);
	add_array(call, params, DATABASE_TEXT, batch, authority_element);
}

static void
assume(DatabaseCall *call, const Op *op)
{
	DatabaseParams *params = database_call_add(call, DATABASE_ASSUME);

	database_text(params, op->who->agent);
	database_text(params, op->who->authority);
}

void
work_fill_call(DatabaseCall *call, const Batch *batch, const char *listener)
{
	const Document *document = batch->parts[0].document;
	const Op   *op = batch->parts[0].ops;
	DatabaseParams *params;

	switch (batch->kind)
	{
		case OP_SEND:
			params = database_call_add(call, DATABASE_INGEST);
			database_text(params, document->space);
			add_keys(call, params, batch);
			add_array(call, params, DATABASE_TEXT, batch, channel_element);
			add_array(call, params, DATABASE_JSON, batch, message_element);
			add_array(call, params, DATABASE_TEXT, batch, dedupe_element);
			add_principals(call, params, batch);
			add_array(call, params, DATABASE_TEXT, batch, ip_element);
			add_array(call, params, DATABASE_TEXT, batch, origin_element);
			break;
		case OP_JOIN:
			params = database_call_add(call, DATABASE_CONNECT);
			database_text(params, listener);
			database_text(params, document->space);
			add_array(call, params, DATABASE_INT8, batch, number_element);
			add_keys(call, params, batch);
			add_principals(call, params, batch);
			add_array(call, params, DATABASE_JSON, batch, viewer_element);
			add_array(call, params, DATABASE_INT8, batch, since_element);
			add_array(call, params, DATABASE_TEXT, batch, ip_element);
			add_array(call, params, DATABASE_TEXT, batch, origin_element);
			add_array(call, params, DATABASE_INT8, batch, life_element);
			break;
		case OP_UPDATE:
			params = database_call_add(call, DATABASE_UPDATE);
			database_text(params, listener);
			database_text(params, document->space);
			add_array(call, params, DATABASE_INT8, batch, number_element);
			add_array(call, params, DATABASE_JSON, batch, message_element);
			break;
		case OP_LEAVE:
			params = database_call_add(call, DATABASE_DISCONNECT);
			database_text(params, listener);
			database_text(params, document->space);
			add_array(call, params, DATABASE_INT8, batch, number_element);
			break;
		case OP_CREATE:
			assume(call, op);
			params = database_call_add(call, DATABASE_CREATE);
			database_text(params, document->space);
			database_text(params, document->key);
			database_text(params, op_text(op));
			break;
		case OP_DELETE:
			assume(call, op);
			params = database_call_add(call, DATABASE_DELETE);
			database_text(params, document->space);
			database_text(params, document->key);
			break;
		case OP_LIST:
			params = database_call_add(call, DATABASE_LIST);
			database_text(params, document->space);
			database_text(params, op_text(op));
			database_int(call, params, op->number);
			break;
	}
}
