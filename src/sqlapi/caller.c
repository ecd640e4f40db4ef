/*
 * caller.c
 *	  Who calls, and what PostgreSQL's privileges let them do.
 *
 * The principal is the role as SET ROLE left it: SECURITY DEFINER functions change what may be done (privileges are the current user's), not who
 * does it.  A gateway may act as others (assume.c); what may be done is still decided by its own privileges, but where those decide alone,
 * others may not.
 *
 *		USAGE on the schema							address the space at all: connect, view
 *		EXECUTE on chat.<channel>					send on that channel, also by adama.send and adama.ingest
 *		EXECUTE on chat.create_document				create, also by adama.create
 *		ownership of the schema						deploy, history, delete where the program does not decide
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "kit/utf8.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgrprotos.h"
#include "utils/syscache.h"

#include "port/pgcompat.h"
#include "sqlapi/internal.h"

#define KEY_MAX_LEN 511

SqlCaller
sqlapi_caller(void)
{
	SqlCaller	caller;
	char	   *name;

	if (sqlapi_assumed(&caller))
		return caller;
	name = GetUserNameFromId(GetOuterUserId(), false);
	return (SqlCaller) {{name, (uint32) strlen(name)}, {"postgres", 8}, true, {"", 0}, SQLAPI_NO_TEXT};
}

VmText
sqlapi_client_ip(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	Datum		address;

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	address = inet_client_addr(fcinfo);
	return fcinfo->isnull ? (VmText) {"", 0} : sqlapi_text(DirectFunctionCall1(network_host, address));
}

StoreSpace *
sqlapi_space(Datum name)
{
	char	   *str = TextDatumGetCString(name);
	StoreSpace *space = store_space_by_name(str);

	if (object_aclcheck(NamespaceRelationId, space->schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, str);
	return space;
}

bool
sqlapi_is_owner(const StoreSpace *space)
{
	return object_ownercheck(NamespaceRelationId, space->schema, GetUserId());
}

void
sqlapi_require_owner(const StoreSpace *space)
{
	if (!sqlapi_is_owner(space))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, NameStr(space->name));
}

/* Functions of the user's own may have the same name, and somebody else's may have been moved here. */
static Oid
generated_function(const StoreSpace *space, const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	Oid			result = InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		HeapTuple	tuple = &list->members[i]->tuple;
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);
		bool		isnull;
		Datum		library;

		if (proc->pronamespace != space->schema || proc->prolang != ClanguageId ||
			!object_ownercheck(NamespaceRelationId, space->schema, proc->proowner))
			continue;
		library = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &isnull);
		if (!isnull && strcmp(TextDatumGetCString(library), STORE_LIBRARY) == 0)
			result = proc->oid;
	}
	ReleaseSysCacheList(list);
	return result;
}

bool
sqlapi_may_execute(const StoreSpace *space, const char *function)
{
	Oid			oid = generated_function(space, function);

	if (!OidIsValid(oid))
		return sqlapi_is_owner(space);
	return object_aclcheck(ProcedureRelationId, oid, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
}

void
sqlapi_require_execute(const StoreSpace *space, const char *function)
{
	if (!sqlapi_may_execute(space, function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, function);
}

bool
sqlapi_key_is_valid(const char *key, size_t len, KitDiag *diag)
{
	const uint8_t *p = (const uint8_t *) key;
	const uint8_t *end = p + len;

	if (len == 0)
		return kit_fail(diag, KIT_INVALID_NAME, "the key of a document must not be empty");
	if (len > KEY_MAX_LEN)
		return kit_fail(diag, KIT_INVALID_NAME, "the key of a document must not exceed %d bytes", KEY_MAX_LEN);
	while (p < end)
	{
		uint32_t	code;
		int			n = kit_utf8_read(p, end, &code);

		if (n == 0)
			return kit_fail(diag, KIT_INVALID_NAME, "the key of a document must be valid UTF-8");
		if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			return kit_fail(diag, KIT_INVALID_NAME, "the key of a document must not contain control characters");
		p += n;
	}
	return true;
}

char *
sqlapi_key(Datum key)
{
	VmText		str = sqlapi_text(key);
	KitDiag		diag = {0};

	if (!sqlapi_key_is_valid(str.str, str.len, &diag))
		store_raise(&diag);
	return pnstrdup(str.str, str.len);
}

void
sqlapi_denied(const char *format,...)
{
	KitDiag		diag = {0};
	char		message[256];
	va_list		args;

	va_start(args, format);
	pg_vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	kit_fail(&diag, KIT_DENIED, "%s", message);
	store_raise(&diag);
}

void
sqlapi_require_arguments(FunctionCallInfo fcinfo, int n)
{
	static const char *const names[] = {"space", "key", "channel", "message"};

	for (int i = 0; i < n; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", names[i])));
	}
}
