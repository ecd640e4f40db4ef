/*
 * authority.c
 *	  adama.authority and adama.gateway_authorities: whose word gateways take for who somebody is.
 *
 * An authority signs tokens that say "the bearer is this agent"; here are its public keys, as a JSON Web Key Set (RFC 7517).  Gateways verify ES256, RS256 and EdDSA.
 * A set often has keys for other uses: these are warned of and passed over.  Private keys are refused, so that none gets into dumps.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(adama_sql_authority_set);
PG_FUNCTION_INFO_V1(adama_sql_gateway_authorities);

#define EC_COORDINATE_BYTES 32
#define ED25519_BYTES 32
#define RSA_LEAST_BYTES 256		/* 2048 bits */

static void
refuse(int n, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("key %d of the set %s", n, problem),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* A member that is a string; false when there is none. */
static bool
find_text(JsonbContainer *key, const char *name, VmText *value)
{
	JsonbValue	wanted = {.type = jbvString};
	JsonbValue *found;

	wanted.val.string.val = (char *) name;
	wanted.val.string.len = (int) strlen(name);
	found = findJsonbValueFromContainer(key, JB_FOBJECT, &wanted);
	if (found == NULL || found->type != jbvString)
		return false;
	*value = (VmText) {found->val.string.val, (uint32) found->val.string.len};
	return true;
}

static bool
is_text(JsonbContainer *key, const char *name, const char *expected)
{
	VmText		value;

	return find_text(key, name, &value) && value.len == strlen(expected) && memcmp(value.str, expected, value.len) == 0;
}

/* Bytes of a member in base64url without padding; -1: it is not there, or not that. */
static int
bytes_of(JsonbContainer *key, const char *name)
{
	VmText		value;

	if (!find_text(key, name, &value) || value.len == 0 || value.len % 4 == 1)
		return -1;
	for (uint32 i = 0; i < value.len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", value.str[i]) == NULL)
			return -1;
	return (int) ((uint64) value.len * 3 / 4);
}

static bool
passes_over(int n, const char *reason)
{
	ereport(WARNING,
			(errmsg("key %d of the set is of no use to gateways", n),
			 errdetail("%s", reason)));
	return false;
}

/* Whether gateways can verify with it. */
static bool
check_key(JsonbContainer *key, int n)
{
	VmText		kind;
	VmText		algorithm;
	const char *fitting;

	if (!find_text(key, "kty", &kind))
		refuse(n, "has no member \"kty\" that is a string", NULL);
	if (find_text(key, "d", &kind) || find_text(key, "k", &kind))
		refuse(n, "is a secret", "Give the public keys only.");
	if (is_text(key, "use", "enc"))
		return passes_over(n, "It is for encryption.");
	if (is_text(key, "kty", "EC"))
	{
		if (!is_text(key, "crv", "P-256"))
			return passes_over(n, "Keys of type EC must be of curve P-256.");
		if (bytes_of(key, "x") != EC_COORDINATE_BYTES || bytes_of(key, "y") != EC_COORDINATE_BYTES)
			refuse(n, "has no x and y of 32 bytes in base64url", NULL);
		fitting = "ES256";
	}
	else if (is_text(key, "kty", "OKP"))
	{
		if (!is_text(key, "crv", "Ed25519"))
			return passes_over(n, "Keys of type OKP must be of curve Ed25519.");
		if (bytes_of(key, "x") != ED25519_BYTES)
			refuse(n, "has no x of 32 bytes in base64url", NULL);
		fitting = "EdDSA";
	}
	else if (is_text(key, "kty", "RSA"))
	{
		if (bytes_of(key, "n") < 0 || bytes_of(key, "e") < 0)
			refuse(n, "has no n and e in base64url", NULL);
		if (bytes_of(key, "n") < RSA_LEAST_BYTES)
			refuse(n, "has fewer than 2048 bits", NULL);
		fitting = "RS256";
	}
	else
		return passes_over(n, "Its type is none of EC, RSA and OKP.");
	if (find_text(key, "alg", &algorithm) && !is_text(key, "alg", fitting))
		return passes_over(n, psprintf("Of such keys, they use those for %s.", fitting));
	return true;
}

static void
check_set(Jsonb *jwks)
{
	JsonbValue	wanted = {.type = jbvString};
	JsonbValue *keys = NULL;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			n = 0;
	int			n_useful = 0;

	wanted.val.string.val = (char *) "keys";
	wanted.val.string.len = 4;
	if (JB_ROOT_IS_OBJECT(jwks))
		keys = findJsonbValueFromContainer(&jwks->root, JB_FOBJECT, &wanted);
	if (keys == NULL || keys->type != jbvBinary || !JsonContainerIsArray(keys->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON Web Key Set is an object with an array \"keys\"")));
	it = JsonbIteratorInit(keys->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		n++;
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			refuse(n, "is not an object", NULL);
		n_useful += check_key(value.val.binary.data, n);
	}
	if (n_useful == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the set has no key that gateways can verify with"),
				 errhint("They take keys for ES256, RS256 and EdDSA (Ed25519).")));
}

static void
check_name(VmText name)
{
	KitDiag		diag = {0};

	if (!sqlapi_principal_is_valid((VmText) {"", 0}, name, &diag))
		store_raise(&diag);
	/* What these vouch for is not a matter of signatures. */
	if ((name.len == 9 && memcmp(name.str, "anonymous", 9) == 0) || (name.len >= 4 && memcmp(name.str, "doc/", 4) == 0))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("an authority cannot be called \"%.*s\"", (int) name.len, name.str),
				 errdetail("\"anonymous\" and names that begin with \"doc/\" are reserved.")));
}

Datum
adama_sql_authority_set(PG_FUNCTION_ARGS)
{
	bool		is_removal = PG_ARGISNULL(1);
	VmText		name;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name must not be null")));
	name = sqlapi_text(PG_GETARG_DATUM(0));
	sqlapi_begin_write("adama.authority()");
	if (!is_removal)
	{
		check_name(name);
		check_set(PG_GETARG_JSONB_P(1));
	}
	if (!store_authority_set(pnstrdup(name.str, name.len), is_removal ? (Datum) 0 : PG_GETARG_DATUM(1), is_removal) && is_removal)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("authority \"%.*s\" does not exist", (int) Min(name.len, 200), name.str)));
	worker_authorities_changed();
	PG_RETURN_VOID();
}

static void
list_authority(Datum name, Datum jwks, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[] = {name, jwks};
	bool		nulls[] = {false, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
adama_sql_gateway_authorities(PG_FUNCTION_ARGS)
{
	sqlapi_require_assume();
	InitMaterializedSRF(fcinfo, 0);
	store_authorities(GetActiveSnapshot(), list_authority, fcinfo->resultinfo);
	return (Datum) 0;
}
