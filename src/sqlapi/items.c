/*
 * items.c
 *	  Arguments of functions that do many things in one call: arrays of equal lengths, one element of each for one thing.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sqlapi/internal.h"

SqlArray
sqlapi_array(FunctionCallInfo fcinfo, int argument, const char *name, Oid type, bool must)
{
	SqlArray	array = {.name = name};
	ArrayType  *value;
	bool		is_long = type == INT8OID;

	if (PG_ARGISNULL(argument))
	{
		if (must)
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
		return array;
	}
	value = DatumGetArrayTypeP(PG_GETARG_DATUM(argument));
	if (ARR_NDIM(value) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s must be an array of one dimension", name)));
	deconstruct_array(value, type, is_long ? (int) sizeof(int64) : -1, is_long && FLOAT8PASSBYVAL, is_long ? TYPALIGN_DOUBLE : TYPALIGN_INT,
					  &array.elements, &array.nulls, &array.n);
	/* an empty array is no null */
	if (array.elements == NULL)
		array.elements = palloc(sizeof(Datum));
	return array;
}

void
sqlapi_require_same_length(const SqlArray *arrays, int n)
{
	for (int i = 1; i < n; i++)
	{
		if (arrays[i].elements != NULL && arrays[i].n != arrays[0].n)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("%s and %s must have the same number of elements", arrays[0].name, arrays[i].name),
					 errdetail("They have %d and %d.", arrays[0].n, arrays[i].n)));
	}
}

VmText
sqlapi_array_text(const SqlArray *array, int i)
{
	return array->elements == NULL || array->nulls[i] ? SQLAPI_NO_TEXT : sqlapi_text(array->elements[i]);
}

int64
sqlapi_array_long(const SqlArray *array, int i, int64 otherwise)
{
	return array->elements == NULL || array->nulls[i] ? otherwise : DatumGetInt64(array->elements[i]);
}

char *
sqlapi_error_text(const KitDiag *diag)
{
	return diag->detail[0] != '\0' ? psprintf("%s (%s)", diag->message, diag->detail) : pstrdup(diag->message);
}
