/*
 * document.c
 *	  The types adama.document and adama.delta, and their algebra.
 *
 *		document - document = delta		document + delta = document		delta + delta = delta
 *
 * Binary form: a byte with the number of this form (1), then the bytes of doc.h.  What comes in that way is walked from end to end before it is
 * believed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "sqlapi/internal.h"

#define BINARY_FORM 1

PG_FUNCTION_INFO_V1(adama_sql_document_in);
PG_FUNCTION_INFO_V1(adama_sql_document_out);
PG_FUNCTION_INFO_V1(adama_sql_document_recv);
PG_FUNCTION_INFO_V1(adama_sql_document_send);
PG_FUNCTION_INFO_V1(adama_sql_document_of_jsonb);
PG_FUNCTION_INFO_V1(adama_sql_document_to_jsonb);
PG_FUNCTION_INFO_V1(adama_sql_document_eq);
PG_FUNCTION_INFO_V1(adama_sql_document_ne);
PG_FUNCTION_INFO_V1(adama_sql_document_hash);
PG_FUNCTION_INFO_V1(adama_sql_document_hash_extended);
PG_FUNCTION_INFO_V1(adama_sql_document_plain);
PG_FUNCTION_INFO_V1(adama_sql_document_minus);
PG_FUNCTION_INFO_V1(adama_sql_document_plus);
PG_FUNCTION_INFO_V1(adama_sql_document_fold);
PG_FUNCTION_INFO_V1(adama_sql_delta_in);
PG_FUNCTION_INFO_V1(adama_sql_delta_out);
PG_FUNCTION_INFO_V1(adama_sql_delta_recv);
PG_FUNCTION_INFO_V1(adama_sql_delta_send);
PG_FUNCTION_INFO_V1(adama_sql_delta_of_jsonb);
PG_FUNCTION_INFO_V1(adama_sql_delta_to_jsonb);
PG_FUNCTION_INFO_V1(adama_sql_delta_plus);

/* ---- in and out ---- */

static Datum
from_json(FunctionCallInfo fcinfo, const char *json, size_t len, DocClass class)
{
	KitArena   *arena = kit_arena_new("adama json");
	KitBuf		buf;
	KitDiag		diag = {0};
	Datum		result;

	kit_buf_init(&buf, arena);
	if (!doc_from_json(json, len, class, &buf, &diag))
	{
		const char *state = kit_error_sqlstate(diag.code);

		kit_arena_delete(arena);
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
				 errmsg("%s", diag.message),
				 diag.detail[0] != '\0' ? errdetail("%s", diag.detail) : 0,
				 diag.hint[0] != '\0' ? errhint("%s", diag.hint) : 0));
	}
	result = sqlapi_datum(buf.data, buf.len);
	kit_arena_delete(arena);
	return result;
}

static char *
as_json(Datum value, DocClass class)
{
	KitArena   *arena = kit_arena_new("adama json");
	KitBuf		buf;
	KitDiag		diag = {0};
	char	   *result;

	kit_buf_init(&buf, arena);
	if (!doc_to_json(sqlapi_bytes(value), class, DOC_JSON_TEXT, &buf, &diag))
		store_raise(&diag);
	result = pnstrdup(buf.data, buf.len);
	kit_arena_delete(arena);
	return result;
}

static Datum
receive(FunctionCallInfo fcinfo, DocClass class, const char *type)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			form = pq_getmsgbyte(buf);
	int			len = buf->len - buf->cursor;
	const char *data;
	KitDiag		diag = {0};

	if (form != BINARY_FORM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported form %d of an external \"%s\" value", form, type)));
	data = pq_getmsgbytes(buf, len);
	if (!doc_validate((DocBytes) {data, len}, class, &diag))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid external \"%s\" value", type),
				 errdetail("%s.", diag.message)));
	return sqlapi_datum(data, len);
}

static Datum
send_binary(FunctionCallInfo fcinfo)
{
	DocBytes	bytes = SQLAPI_GETARG_BYTES(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, BINARY_FORM);
	pq_sendbytes(&buf, bytes.data, (int) bytes.len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static Datum
of_jsonb(FunctionCallInfo fcinfo, DocClass class)
{
	size_t		len;
	char	   *json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(0), &len);

	return from_json(fcinfo, json, len, class);
}

Datum
adama_sql_document_in(PG_FUNCTION_ARGS)
{
	const char *json = PG_GETARG_CSTRING(0);

	return from_json(fcinfo, json, strlen(json), DOC_DOCUMENT);
}

Datum
adama_sql_document_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(as_json(PG_GETARG_DATUM(0), DOC_DOCUMENT));
}

Datum
adama_sql_document_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, DOC_DOCUMENT, "document");
}

Datum
adama_sql_document_send(PG_FUNCTION_ARGS)
{
	return send_binary(fcinfo);
}

Datum
adama_sql_document_of_jsonb(PG_FUNCTION_ARGS)
{
	return of_jsonb(fcinfo, DOC_DOCUMENT);
}

Datum
adama_sql_document_to_jsonb(PG_FUNCTION_ARGS)
{
	return sqlapi_jsonb_of_json(as_json(PG_GETARG_DATUM(0), DOC_DOCUMENT));
}

Datum
adama_sql_delta_in(PG_FUNCTION_ARGS)
{
	const char *json = PG_GETARG_CSTRING(0);

	return from_json(fcinfo, json, strlen(json), DOC_DELTA);
}

Datum
adama_sql_delta_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(as_json(PG_GETARG_DATUM(0), DOC_DELTA));
}

Datum
adama_sql_delta_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, DOC_DELTA, "delta");
}

Datum
adama_sql_delta_send(PG_FUNCTION_ARGS)
{
	return send_binary(fcinfo);
}

Datum
adama_sql_delta_of_jsonb(PG_FUNCTION_ARGS)
{
	return of_jsonb(fcinfo, DOC_DELTA);
}

Datum
adama_sql_delta_to_jsonb(PG_FUNCTION_ARGS)
{
	return sqlapi_jsonb_of_json(as_json(PG_GETARG_DATUM(0), DOC_DELTA));
}

/* Lists as arrays. */
Datum
adama_sql_document_plain(PG_FUNCTION_ARGS)
{
	KitArena   *arena = kit_arena_new("adama plain");
	KitBuf		buf;
	KitDiag		diag = {0};
	Datum		result;

	kit_buf_init(&buf, arena);
	if (!doc_to_plain_json(SQLAPI_GETARG_BYTES(0), &buf, &diag))
		store_raise(&diag);
	result = sqlapi_jsonb_of_json(buf.data);
	kit_arena_delete(arena);
	return result;
}

/* ---- equality ---- */

static bool
is_equal(FunctionCallInfo fcinfo)
{
	DocBytes	a = SQLAPI_GETARG_BYTES(0);
	DocBytes	b = SQLAPI_GETARG_BYTES(1);
	KitArena   *arena;
	bool		result;

	if (a.len == b.len && memcmp(a.data, b.data, a.len) == 0)
		return true;
	arena = kit_arena_new("adama equal");
	result = doc_equal(arena, a, b);
	kit_arena_delete(arena);
	return result;
}

Datum
adama_sql_document_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_equal(fcinfo));
}

Datum
adama_sql_document_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!is_equal(fcinfo));
}

Datum
adama_sql_document_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32((uint32) doc_hash(SQLAPI_GETARG_BYTES(0)));
}

/* With seed 0 the low half must be the plain hash. */
Datum
adama_sql_document_hash_extended(PG_FUNCTION_ARGS)
{
	uint64		hash = doc_hash(SQLAPI_GETARG_BYTES(0));
	uint64		seed = (uint64) PG_GETARG_INT64(1);

	PG_RETURN_UINT64(seed == 0 ? hash : kit_hash_mix(hash, seed));
}

/* ---- the algebra ---- */

typedef bool (*Operation) (KitArena *arena, DocBytes a, DocBytes b, KitBuf *out, KitDiag *diag);

static Datum
operate(FunctionCallInfo fcinfo, Operation operation)
{
	KitArena   *arena = kit_arena_new("adama algebra");
	KitBuf		buf;
	KitDiag		diag = {0};
	Datum		result;

	kit_buf_init(&buf, arena);
	if (!operation(arena, SQLAPI_GETARG_BYTES(0), SQLAPI_GETARG_BYTES(1), &buf, &diag))
		store_raise(&diag);
	result = sqlapi_datum(buf.data, buf.len);
	kit_arena_delete(arena);
	return result;
}

/* doc_diff takes what was before first; subtraction names it second. */
static bool
subtract(KitArena *arena, DocBytes to, DocBytes from, KitBuf *out, KitDiag *diag)
{
	return doc_diff(arena, from, to, out, diag);
}

Datum
adama_sql_document_minus(PG_FUNCTION_ARGS)
{
	return operate(fcinfo, subtract);
}

Datum
adama_sql_document_plus(PG_FUNCTION_ARGS)
{
	return operate(fcinfo, doc_apply);
}

Datum
adama_sql_delta_plus(PG_FUNCTION_ARGS)
{
	return operate(fcinfo, doc_compose);
}

static DocNode *
open_node(KitArena *arena, DocBytes bytes, DocClass class)
{
	KitDiag		diag = {0};
	DocItem		item;
	DocNode    *node;

	if (!doc_open(bytes, class, &item, &diag) || !doc_node_from_item(arena, item, &node, &diag))
		store_raise(&diag);
	return node;
}

/* document + delta + delta + …, over the tree, which is written once. */
Datum
adama_sql_document_fold(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	KitArena   *arena;
	DocNode    *node;
	Datum	   *deltas;
	bool	   *nulls;
	int			n;
	DocWriter	w;
	KitBuf		buf;
	Datum		result;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &deltas, &nulls, &n);
	if (n == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	arena = kit_arena_new("adama fold");
	node = open_node(arena, SQLAPI_GETARG_BYTES(0), DOC_DOCUMENT);
	for (int i = 0; i < n; i++)
	{
		KitDiag		diag = {0};

		if (nulls[i])
			continue;
		node = doc_node_apply(arena, node, open_node(arena, sqlapi_bytes(deltas[i]), DOC_DELTA), &diag);
		if (node == NULL)
			store_raise(&diag);
	}
	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_node_write(node, &w);
	doc_write_end(&w);
	result = sqlapi_datum(buf.data, buf.len);
	kit_arena_delete(arena);
	PG_RETURN_DATUM(result);
}
