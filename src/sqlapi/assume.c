/*
 * assume.c
 *	  Acting as a principal that is no role: adama.assume, for gateways, which have found out by other means who their clients are.
 *
 * The right to it is EXECUTE on adama.assume; all functions for gateways ask for the same.  It is a right over every space that the role may use at all: whoever
 * has it can act as anybody there.  What a role may be is not to be had in this way: authority postgres can't be assumed.
 *
 * What was assumed lasts to the end of the transaction.  A savepoint that is rolled back takes with it what was assumed after it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "port/pgcompat.h"
#include "sqlapi/internal.h"

#define AGENT_MAX_LEN 1000		/* bytes; both are in an index, with the key of a document */
#define AUTHORITY_MAX_LEN 500

PG_FUNCTION_INFO_V1(adama_sql_assume);

/* What was assumed at one level of the transaction; in TopTransactionContext. */
typedef struct Assumed
{
	struct Assumed *before;
	SubTransactionId id;
	bool		is_role;		/* back to the role */
	VmText		agent;
	VmText		authority;
} Assumed;

static Assumed *assumed = NULL;

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		assumed = NULL;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (assumed != NULL && assumed->id == id)
			assumed = assumed->before;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Assumed *a = assumed; a != NULL && a->id == id; a = a->before)
			a->id = parent;
	}
}

bool
sqlapi_assumed(SqlCaller *caller)
{
	if (assumed == NULL || assumed->is_role)
		return false;
	*caller = (SqlCaller) {assumed->agent, assumed->authority, false, {"", 0}, {"", 0}};
	return true;
}

void
sqlapi_require_assume(void)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("assume"), PointerGetDatum(buildoidvector(types, 2)),
										   ObjectIdGetDatum(get_namespace_oid("adama", false)));

	if (!OidIsValid(function) || object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to act as others"),
				 errhint("This takes the privilege EXECUTE on adama.assume(text, text), which gateways have.")));
}

bool
sqlapi_principal_is_valid(VmText agent, VmText authority, KitDiag *diag)
{
	if (agent.str == NULL || authority.str == NULL)
		return kit_fail(diag, KIT_INVALID_NAME, "agent and authority of a principal must not be null");
	if (authority.len == 0)
		return kit_fail(diag, KIT_INVALID_NAME, "the authority of a principal must not be empty");
	if (agent.len > AGENT_MAX_LEN)
		return kit_fail(diag, KIT_INVALID_NAME, "the agent of a principal must not exceed %d bytes", AGENT_MAX_LEN);
	if (authority.len > AUTHORITY_MAX_LEN)
		return kit_fail(diag, KIT_INVALID_NAME, "the authority of a principal must not exceed %d bytes", AUTHORITY_MAX_LEN);
	if (authority.len == 8 && memcmp(authority.str, "postgres", 8) == 0)
		return kit_fail(diag, KIT_DENIED, "authority \"postgres\" stands for roles and cannot be assumed");
	return true;
}

static VmText
keep_text(VmText value)
{
	return (VmText) {MemoryContextStrdup(TopTransactionContext, pnstrdup(value.str, value.len)), value.len};
}

Datum
adama_sql_assume(PG_FUNCTION_ARGS)
{
	static bool is_registered = false;
	VmText		agent = PG_ARGISNULL(0) ? SQLAPI_NO_TEXT : sqlapi_text(PG_GETARG_DATUM(0));
	VmText		authority = PG_ARGISNULL(1) ? SQLAPI_NO_TEXT : sqlapi_text(PG_GETARG_DATUM(1));
	bool		is_role = agent.str == NULL && authority.str == NULL;
	Assumed    *next;
	KitDiag		diag = {0};

	/* EXECUTE is asked for by the call; a definer function lends its right to it, as it does with any other. */
	if (!is_role && !sqlapi_principal_is_valid(agent, authority, &diag))
		store_raise(&diag);
	if (!is_registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		is_registered = true;
	}
	next = MemoryContextAllocZero(TopTransactionContext, sizeof(Assumed));
	next->before = assumed;
	next->id = GetCurrentSubTransactionId();
	next->is_role = is_role;
	if (!is_role)
	{
		next->agent = keep_text(agent);
		next->authority = keep_text(authority);
	}
	assumed = next;
	PG_RETURN_VOID();
}
