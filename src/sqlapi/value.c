/*
 * value.c
 *	  Documents, deltas and principals as SQL values: how they lie in a datum, and how they get there.
 *
 * document and delta: the bytes that doc.h describes, after the varlena header.
 * principal: 2 bytes length of the agent (little endian), agent, authority.  As text agent@authority: the last '@' that has no backslash
 * before it divides them; a backslash makes the character after it an ordinary one.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/hashfn.h"
#include "kit/hash.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_principal_in);
PG_FUNCTION_INFO_V1(adama_sql_principal_out);
PG_FUNCTION_INFO_V1(adama_sql_principal_recv);
PG_FUNCTION_INFO_V1(adama_sql_principal_send);
PG_FUNCTION_INFO_V1(adama_sql_principal_make);
PG_FUNCTION_INFO_V1(adama_sql_principal_agent);
PG_FUNCTION_INFO_V1(adama_sql_principal_authority);
PG_FUNCTION_INFO_V1(adama_sql_principal_eq);
PG_FUNCTION_INFO_V1(adama_sql_principal_ne);
PG_FUNCTION_INFO_V1(adama_sql_principal_lt);
PG_FUNCTION_INFO_V1(adama_sql_principal_le);
PG_FUNCTION_INFO_V1(adama_sql_principal_gt);
PG_FUNCTION_INFO_V1(adama_sql_principal_ge);
PG_FUNCTION_INFO_V1(adama_sql_principal_cmp);
PG_FUNCTION_INFO_V1(adama_sql_principal_hash);
PG_FUNCTION_INFO_V1(adama_sql_principal_hash_extended);

/* ---- bytes, text, jsonb ---- */

DocBytes
sqlapi_bytes(Datum value)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

	return (DocBytes) {VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)};
}

Datum
sqlapi_datum(const char *data, size_t len)
{
	struct varlena *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), data, len);
	return PointerGetDatum(result);
}

Datum
sqlapi_text_datum(const char *str, size_t len)
{
	return PointerGetDatum(cstring_to_text_with_len(str, (int) len));
}

Datum
sqlapi_text_or_null(VmText value, bool *isnull)
{
	*isnull = value.str == NULL;
	return *isnull ? (Datum) 0 : sqlapi_text_datum(value.str, value.len);
}

VmText
sqlapi_text(Datum value)
{
	text	   *t = DatumGetTextPP(value);

	return (VmText) {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
}

/* The end of the number that begins here; *is_long: it has no more than digits, and does not fit into 64 bits. */
static const char *
skip_number(const char *p, bool *is_long)
{
	const char *digits = p + (*p == '-');
	size_t		n = strspn(digits, "0123456789");
	size_t		len = strspn(p, "-+.eE0123456789");
	int64		value;

	*is_long = n >= 19 && len == (size_t) (digits - p) + n && !doc_parse_int(p, (uint32) len, &value);
	return p + len;
}

static const char *
skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

char *
sqlapi_json_of_jsonb(Datum value, size_t *len)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	char	   *json = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	StringInfoData fitting;
	const char *done = json;
	const char *p = json;

	/* jsonb has written out a large double, like 1e300: what is no integer that there can be is one. */
	fitting.data = NULL;
	while (*p != '\0')
	{
		bool		is_long = false;

		if (*p == '"')
			p = skip_string(p);
		else if (*p == '-' || isdigit((unsigned char) *p))
			p = skip_number(p, &is_long);
		else
			p++;
		if (!is_long)
			continue;
		if (fitting.data == NULL)
			initStringInfo(&fitting);
		appendBinaryStringInfo(&fitting, done, (int) (p - done));
		appendStringInfoString(&fitting, ".0");
		done = p;
	}
	if (fitting.data != NULL)
	{
		appendStringInfoString(&fitting, done);
		json = fitting.data;
		p = json + fitting.len;
	}
	*len = (size_t) (p - json);
	return json;
}

Datum
sqlapi_jsonb_of_json(const char *json)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

int64
sqlapi_milliseconds(int64 timestamptz)
{
	return timestamptz / 1000 + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400000;
}

/* ---- principals ---- */

Datum
sqlapi_principal(const char *agent, size_t agent_len, const char *authority, size_t authority_len)
{
	size_t		len = 2 + agent_len + authority_len;
	struct varlena *result;
	uint8	   *p;

	if (agent_len > PG_UINT16_MAX || authority_len > PG_UINT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("agent and authority of a principal must not exceed %d bytes each", PG_UINT16_MAX)));
	result = palloc(VARHDRSZ + len);
	SET_VARSIZE(result, VARHDRSZ + len);
	p = (uint8 *) VARDATA(result);
	p[0] = (uint8) (agent_len & 0xff);
	p[1] = (uint8) (agent_len >> 8);
	memcpy(p + 2, agent, agent_len);
	memcpy(p + 2 + agent_len, authority, authority_len);
	return PointerGetDatum(result);
}

void
sqlapi_principal_parts(Datum principal, VmText *agent, VmText *authority)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(principal);
	const uint8 *p = (const uint8 *) VARDATA_ANY(v);
	size_t		len = VARSIZE_ANY_EXHDR(v);
	size_t		agent_len = len >= 2 ? (size_t) p[0] | (size_t) p[1] << 8 : 0;

	if (len < 2 || agent_len > len - 2)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a stored principal is damaged")));
	*agent = (VmText) {(const char *) p + 2, (uint32) agent_len};
	*authority = (VmText) {(const char *) p + 2 + agent_len, (uint32) (len - 2 - agent_len)};
}

/* The '@' that divides agent and authority, or NULL. */
static const char *
find_divider(const char *str)
{
	const char *divider = NULL;

	for (const char *p = str; *p != '\0'; p++)
	{
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '@')
			divider = p;
	}
	return divider;
}

static size_t
unescape(const char *from, const char *end, char *to)
{
	char	   *start = to;

	while (from < end)
	{
		if (*from == '\\' && from + 1 < end)
			from++;
		*to++ = *from++;
	}
	return (size_t) (to - start);
}

Datum
adama_sql_principal_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	const char *divider = find_divider(str);
	char	   *agent;
	char	   *authority;
	size_t		agent_len;
	size_t		authority_len;

	if (divider == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "adama.principal", str),
				 errhint("A principal is written agent@authority; a backslash goes before an \"@\" of the authority and before a backslash.")));
	agent = palloc(strlen(str) + 1);
	authority = palloc(strlen(str) + 1);
	agent_len = unescape(str, divider, agent);
	authority_len = unescape(divider + 1, str + strlen(str), authority);
	if (agent_len > PG_UINT16_MAX || authority_len > PG_UINT16_MAX)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("agent and authority of a principal must not exceed %d bytes each", PG_UINT16_MAX)));
	return sqlapi_principal(agent, agent_len, authority, authority_len);
}

static void
append_escaped(StringInfo out, VmText part, bool escape_at)
{
	for (uint32 i = 0; i < part.len; i++)
	{
		if (part.str[i] == '\\' || (escape_at && part.str[i] == '@'))
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, part.str[i]);
	}
}

char *
sqlapi_principal_text(VmText agent, VmText authority)
{
	StringInfoData out;

	initStringInfo(&out);
	append_escaped(&out, agent, false);
	appendStringInfoChar(&out, '@');
	append_escaped(&out, authority, true);
	return out.data;
}

Datum
adama_sql_principal_out(PG_FUNCTION_ARGS)
{
	VmText		agent;
	VmText		authority;

	sqlapi_principal_parts(PG_GETARG_DATUM(0), &agent, &authority);
	PG_RETURN_CSTRING(sqlapi_principal_text(agent, authority));
}

/* Binary form: agent and authority, each as 4 bytes length and text in the client's encoding. */
static char *
receive_part(StringInfo buf, int *len)
{
	int			n = pq_getmsgint(buf, 4);

	if (n < 0 || n > PG_UINT16_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid length in external \"principal\" value")));
	return pq_getmsgtext(buf, n, len);
}

Datum
adama_sql_principal_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			agent_len;
	int			authority_len;
	char	   *agent = receive_part(buf, &agent_len);
	char	   *authority = receive_part(buf, &authority_len);

	return sqlapi_principal(agent, agent_len, authority, authority_len);
}

Datum
adama_sql_principal_send(PG_FUNCTION_ARGS)
{
	VmText		agent;
	VmText		authority;
	StringInfoData buf;

	sqlapi_principal_parts(PG_GETARG_DATUM(0), &agent, &authority);
	pq_begintypsend(&buf);
	pq_sendcountedtext(&buf, agent.str, (int) agent.len, false);
	pq_sendcountedtext(&buf, authority.str, (int) authority.len, false);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
adama_sql_principal_make(PG_FUNCTION_ARGS)
{
	VmText		agent = sqlapi_text(PG_GETARG_DATUM(0));
	VmText		authority = sqlapi_text(PG_GETARG_DATUM(1));

	return sqlapi_principal(agent.str, agent.len, authority.str, authority.len);
}

Datum
adama_sql_principal_agent(PG_FUNCTION_ARGS)
{
	VmText		agent;
	VmText		authority;

	sqlapi_principal_parts(PG_GETARG_DATUM(0), &agent, &authority);
	return sqlapi_text_datum(agent.str, agent.len);
}

Datum
adama_sql_principal_authority(PG_FUNCTION_ARGS)
{
	VmText		agent;
	VmText		authority;

	sqlapi_principal_parts(PG_GETARG_DATUM(0), &agent, &authority);
	return sqlapi_text_datum(authority.str, authority.len);
}

static int
compare_text(VmText a, VmText b)
{
	int			result = memcmp(a.str, b.str, Min(a.len, b.len));

	return result != 0 ? result : (a.len > b.len) - (a.len < b.len);
}

/* By authority, then agent, as bytes. */
static int
compare_principals(FunctionCallInfo fcinfo)
{
	VmText		agent[2];
	VmText		authority[2];
	int			result;

	sqlapi_principal_parts(PG_GETARG_DATUM(0), &agent[0], &authority[0]);
	sqlapi_principal_parts(PG_GETARG_DATUM(1), &agent[1], &authority[1]);
	result = compare_text(authority[0], authority[1]);
	if (result == 0)
		result = compare_text(agent[0], agent[1]);
	return (result > 0) - (result < 0);
}

Datum
adama_sql_principal_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) == 0);
}

Datum
adama_sql_principal_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) != 0);
}

Datum
adama_sql_principal_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) < 0);
}

Datum
adama_sql_principal_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) <= 0);
}

Datum
adama_sql_principal_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) > 0);
}

Datum
adama_sql_principal_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_principals(fcinfo) >= 0);
}

Datum
adama_sql_principal_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_principals(fcinfo));
}

Datum
adama_sql_principal_hash(PG_FUNCTION_ARGS)
{
	DocBytes	bytes = SQLAPI_GETARG_BYTES(0);

	return hash_any((const unsigned char *) bytes.data, (int) bytes.len);
}

Datum
adama_sql_principal_hash_extended(PG_FUNCTION_ARGS)
{
	DocBytes	bytes = SQLAPI_GETARG_BYTES(0);

	return hash_any_extended((const unsigned char *) bytes.data, (int) bytes.len, PG_GETARG_INT64(1));
}
