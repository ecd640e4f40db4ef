/*
 * access.c
 *	  Into a document: -> and ->> with a member's name or an element's index, #> and #>> with a path of them.
 *
 * What is not there is null.  Indexes count elements of arrays from 0, negative ones from the end; in a path they are text.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_document_member);
PG_FUNCTION_INFO_V1(adama_sql_document_member_text);
PG_FUNCTION_INFO_V1(adama_sql_document_element);
PG_FUNCTION_INFO_V1(adama_sql_document_element_text);
PG_FUNCTION_INFO_V1(adama_sql_document_path);
PG_FUNCTION_INFO_V1(adama_sql_document_path_text);

static DocItem
open_document(Datum document)
{
	DocItem		root;
	KitDiag		diag = {0};

	if (!doc_open(sqlapi_bytes(document), DOC_DOCUMENT, &root, &diag))
		store_raise(&diag);
	return root;
}

static bool
find_element(DocItem array, int64 index, DocItem *out)
{
	DocCursor	cursor = array.body;

	if (array.kind != DOC_ARRAY)
		return false;
	if (index < 0)
	{
		DocCursor	counter = array.body;
		DocItem		ignored;

		while (doc_next_element(&counter, &ignored))
			index++;
		if (index < 0)
			return false;
		/* index was -k; adding the number of elements makes it a position */
	}
	while (doc_next_element(&cursor, out))
	{
		if (index-- == 0)
			return true;
	}
	return false;
}

static bool
find_member(DocItem object, VmText name, DocItem *out)
{
	return object.kind == DOC_OBJECT && doc_find_member(object, name.str, name.len, out);
}

static Datum
as_document(FunctionCallInfo fcinfo, bool found, DocItem item)
{
	KitArena   *arena;
	KitBuf		buf;
	DocWriter	w;
	Datum		result;

	if (!found)
		PG_RETURN_NULL();
	arena = kit_arena_new("adama access");
	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_write_item(&w, item);
	doc_write_end(&w);
	result = sqlapi_datum(buf.data, buf.len);
	kit_arena_delete(arena);
	PG_RETURN_DATUM(result);
}

/* A string as it is, all else as JSON; JSON's null is SQL's. */
static Datum
as_text(FunctionCallInfo fcinfo, bool found, DocItem item)
{
	KitArena   *arena;
	KitBuf		buf;
	Datum		result;

	if (!found || item.kind == DOC_NULL)
		PG_RETURN_NULL();
	if (item.kind == DOC_STRING)
		PG_RETURN_DATUM(sqlapi_text_datum(item.str, item.len));
	arena = kit_arena_new("adama access");
	kit_buf_init(&buf, arena);
	doc_item_to_json(item, DOC_JSON_TEXT, &buf);
	result = sqlapi_text_datum(buf.data, buf.len);
	kit_arena_delete(arena);
	PG_RETURN_DATUM(result);
}

static bool
find_path(FunctionCallInfo fcinfo, DocItem *item)
{
	ArrayType  *path = PG_GETARG_ARRAYTYPE_P(1);
	Datum	   *steps;
	bool	   *nulls;
	int			n;

	deconstruct_array(path, TEXTOID, -1, false, TYPALIGN_INT, &steps, &nulls, &n);
	*item = open_document(PG_GETARG_DATUM(0));
	for (int i = 0; i < n; i++)
	{
		VmText		step;
		int64		index;

		if (nulls[i])
			return false;
		step = sqlapi_text(steps[i]);
		if (item->kind == DOC_ARRAY)
		{
			if (!doc_parse_int(step.str, step.len, &index) || !find_element(*item, index, item))
				return false;
		}
		else if (!find_member(*item, step, item))
			return false;
	}
	return true;
}

Datum
adama_sql_document_member(PG_FUNCTION_ARGS)
{
	DocItem		item = {0};
	bool		found = find_member(open_document(PG_GETARG_DATUM(0)), sqlapi_text(PG_GETARG_DATUM(1)), &item);

	return as_document(fcinfo, found, item);
}

Datum
adama_sql_document_member_text(PG_FUNCTION_ARGS)
{
	DocItem		item = {0};
	bool		found = find_member(open_document(PG_GETARG_DATUM(0)), sqlapi_text(PG_GETARG_DATUM(1)), &item);

	return as_text(fcinfo, found, item);
}

Datum
adama_sql_document_element(PG_FUNCTION_ARGS)
{
	DocItem		item = {0};
	bool		found = find_element(open_document(PG_GETARG_DATUM(0)), PG_GETARG_INT32(1), &item);

	return as_document(fcinfo, found, item);
}

Datum
adama_sql_document_element_text(PG_FUNCTION_ARGS)
{
	DocItem		item = {0};
	bool		found = find_element(open_document(PG_GETARG_DATUM(0)), PG_GETARG_INT32(1), &item);

	return as_text(fcinfo, found, item);
}

Datum
adama_sql_document_path(PG_FUNCTION_ARGS)
{
	DocItem		item;
	bool		found = find_path(fcinfo, &item);

	return as_document(fcinfo, found, item);
}

Datum
adama_sql_document_path_text(PG_FUNCTION_ARGS)
{
	DocItem		item;
	bool		found = find_path(fcinfo, &item);

	return as_text(fcinfo, found, item);
}
