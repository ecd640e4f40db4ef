/*
 * target_value.c
 *	  A published value as the values of a target's columns.
 *
 * The value is jsonb as chat.replica has it: an object of members in their stored form (docs/language.md tells it).  What a column is given has the base type of the column,
 * without its bounds: those are applied by the statement that writes it, as for anybody's INSERT.
 *
 * Nothing here depends on settings of the session (DateStyle, TimeZone, search_path): the caller is whoever sent a message.
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "kit/calendar.h"
#include "store/target.h"

#define EPOCH_DAYS (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)	/* from 1970 to 2000 */

static void
misshapen(const TargetColumn *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("member \"%s\" is not what the program says", column->member),
			 errdetail("A program before this one wrote it."),
			 errhint("adama.upgrade brings documents to the newest program.")));
}

/* The text of a scalar, a C string. */
static char *
scalar_text(const TargetColumn *column, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			misshapen(column);
			return NULL;
	}
}

static Datum
of_text(TargetColumn *column, char *input)
{
	return InputFunctionCall(&column->input, input, column->io_param, -1);
}

static Datum
of_json(TargetColumn *column, Jsonb *value)
{
	if (column->class == TARGET_JSONB)
		return JsonbPGetDatum(value);
	return of_text(column, JsonbToCString(NULL, &value->root, VARSIZE(value)));
}

static char *
enum_name(TargetColumn *column, const char *number)
{
	for (int i = 0; i < column->n_enum; i++)
	{
		if (strtol(number, NULL, 10) == column->enum_numbers[i])
			return column->enum_names[i];
	}
	misshapen(column);
	return NULL;
}

/* {"agent": …, "authority": …} */
static Datum
of_principal(TargetColumn *column, JsonbValue *value)
{
	JsonbValue	agent;
	JsonbValue	authority;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data) ||
		getKeyJsonValueFromContainer(value->val.binary.data, "agent", 5, &agent) == NULL || agent.type != jbvString ||
		getKeyJsonValueFromContainer(value->val.binary.data, "authority", 9, &authority) == NULL || authority.type != jbvString)
		misshapen(column);
	return FunctionCall2(&column->principal, PointerGetDatum(cstring_to_text_with_len(agent.val.string.val, agent.val.string.len)),
						 PointerGetDatum(cstring_to_text_with_len(authority.val.string.val, authority.val.string.len)));
}

static Datum
of_seconds(TargetColumn *column, const char *number)
{
	Interval   *interval = palloc0(sizeof(Interval));
	double		microseconds = rint(strtod(number, NULL) * USECS_PER_SEC);

	if (!(fabs(microseconds) < 9.2e18))
		ereport(ERROR,
				(errcode(ERRCODE_INTERVAL_FIELD_OVERFLOW),
				 errmsg("timespan \"%s\" is too long for an interval", number)));
	interval->time = (TimeOffset) microseconds;
	return IntervalPGetDatum(interval);
}

static Datum
of_calendar(TargetColumn *column, const char *shown)
{
	size_t		len = strlen(shown);
	int64		number;
	const char *problem;

	switch (column->how)
	{
		case TARGET_AS_DATE:
			if (!kit_date_parse(shown, len, &number))
				misshapen(column);
			return DateADTGetDatum((DateADT) (number - EPOCH_DAYS));
		case TARGET_AS_TIME:
			if (!kit_time_parse(shown, len, &number))
				misshapen(column);
			return TimeADTGetDatum(number * USECS_PER_MINUTE);
		default:
			/* A timestamp without zone gets UTC, which is how both types lie in memory. */
			if (!kit_datetime_parse(shown, len, &number, &problem))
				misshapen(column);
			return TimestampTzGetDatum((kit_datetime_ms(number) - (int64) EPOCH_DAYS * KIT_DAY_MS) * 1000);
	}
}

static Datum
of_member(TargetColumn *column, JsonbValue *value)
{
	switch (column->how)
	{
		case TARGET_AS_JSON:
			return of_json(column, JsonbValueToJsonb(value));
		case TARGET_AS_ENUM_NAME:
			return of_text(column, enum_name(column, scalar_text(column, value)));
		case TARGET_AS_PRINCIPAL:
			return of_principal(column, value);
		case TARGET_AS_PRINCIPAL_TEXT:
			return of_text(column, OutputFunctionCall(&column->principal_out, of_principal(column, value)));
		case TARGET_AS_INTERVAL:
			return of_seconds(column, scalar_text(column, value));
		case TARGET_AS_DATE:
		case TARGET_AS_TIME:
		case TARGET_AS_INSTANT:
			return of_calendar(column, scalar_text(column, value));
		case TARGET_AS_TEXT:
			break;
	}
	return of_text(column, scalar_text(column, value));
}

/* A part of $id: what divides the parts is written otherwise in them. */
static void
append_part(StringInfo id, const char *part)
{
	if (id->len > 0)
		appendStringInfoChar(id, '/');
	for (; *part != '\0'; part++)
	{
		if (*part == '/')
			appendStringInfoString(id, "%2F");
		else if (*part == '%')
			appendStringInfoString(id, "%25");
		else
			appendStringInfoChar(id, *part);
	}
}

static char *
id_of(const TargetMap *map, const StoreTargetRow *row)
{
	StringInfoData id;

	initStringInfo(&id);
	append_part(&id, map->space);
	append_part(&id, row->key);
	append_part(&id, map->name);
	append_part(&id, psprintf("%d", row->row));
	return id.data;
}

/* What a row is found by.  Of what is too long for a varchar SQL cuts off spaces without a word; then it would be another row's.  One that goes is not there. */
static Datum
of_identity(TargetColumn *column, char *input, bool is_gone)
{
	if (!is_gone && column->is_identity && column->max_chars > 0 && pg_mbstrlen(input) > column->max_chars)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("%s \"%s\" is too long for column \"%s\" of type character varying(%d)", target_sources[column->source].name, input, column->name, column->max_chars)));
	return of_text(column, input);
}

Datum
store_target_value(const TargetMap *map, TargetColumn *column, const StoreTargetRow *row, bool *isnull)
{
	Jsonb	   *value;
	JsonbValue	member;

	*isnull = false;
	switch (column->source)
	{
		case TARGET_KEY:
			return of_identity(column, pstrdup(row->key), row->is_gone);
		case TARGET_ROW:
			return of_text(column, psprintf("%d", row->row));
		case TARGET_SPACE:
			return of_identity(column, pstrdup(map->space), row->is_gone);
		case TARGET_NAME:
			return of_identity(column, pstrdup(map->name), row->is_gone);
		case TARGET_ID:
			return of_identity(column, id_of(map, row), row->is_gone);
		case TARGET_SEQ:
			return of_text(column, psprintf(INT64_FORMAT, row->seq));
		case TARGET_HASH:
			return of_text(column, psprintf(INT64_FORMAT, row->hash));
		case TARGET_AT:
			return TimestampTzGetDatum(row->at);
		default:
			break;
	}
	value = DatumGetJsonbP(row->value);
	if (column->source == TARGET_VALUE)
		return of_json(column, value);
	/* Empty maybes are null or not there at all. */
	if (!JB_ROOT_IS_OBJECT(value) ||
		getKeyJsonValueFromContainer(&value->root, column->member, (int) strlen(column->member), &member) == NULL ||
		(member.type == jbvNull && !column->keeps_json_null))
	{
		*isnull = true;
		return (Datum) 0;
	}
	return of_member(column, &member);
}
