/*
 * calendar.c
 *	  Dates, times, datetimes and timespans of the language as date, time, timestamptz and interval, and back.
 *
 * To the program they go as messages have them: text, and seconds for a timespan.  A timestamptz has no zone of its own: it comes in as UTC, and of a
 * datetime that goes out only the instant remains.
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "kit/calendar.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "sqlapi/internal.h"

#define EPOCH_DAYS (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)	/* from 1970 to 2000 */

static void
write_text(DocWriter *w, const char *str, int len)
{
	doc_write_string(w, str, (size_t) len);
}

static bool
write_date(DocWriter *w, DateADT date, const char *field, KitDiag *diag)
{
	int64		days = (int64) date + EPOCH_DAYS;
	char		buffer[KIT_CALENDAR_TEXT];

	if (DATE_NOT_FINITE(date) || days < KIT_DATE_MIN || days > KIT_DATE_MAX)
		return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must be a date of the years %d to %d", field, KIT_YEAR_MIN, KIT_YEAR_MAX);
	write_text(w, buffer, kit_date_text(days, buffer));
	return true;
}

static bool
write_time(DocWriter *w, TimeADT value, const char *field, KitDiag *diag)
{
	char		buffer[KIT_CALENDAR_TEXT];

	if (value % USECS_PER_MINUTE != 0 || value >= USECS_PER_DAY)
	{
		kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must be a time of whole minutes, up to 23:59", field);
		kit_diag_hint(diag, "Cut it off with date_trunc('minute', ...)::time.");
		return false;
	}
	write_text(w, buffer, kit_time_text(value / USECS_PER_MINUTE, buffer));
	return true;
}

static bool
write_datetime(DocWriter *w, TimestampTz value, const char *field, KitDiag *diag)
{
	int64		ms = 0;
	char		buffer[KIT_CALENDAR_TEXT];

	if (!TIMESTAMP_NOT_FINITE(value))
	{
		ms = value / 1000 - (value % 1000 < 0);
		ms += (int64) EPOCH_DAYS * KIT_DAY_MS;
	}
	if (TIMESTAMP_NOT_FINITE(value) || !kit_datetime_is_valid(ms, KIT_ZONE_UTC))
		return kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must be a time of the years %d to %d", field, KIT_YEAR_MIN, KIT_YEAR_MAX);
	write_text(w, buffer, kit_datetime_text(kit_datetime(ms, KIT_ZONE_UTC), buffer));
	return true;
}

static bool
write_timespan(DocWriter *w, const Interval *value, const char *field, KitDiag *diag)
{
	if (value->month != 0)
	{
		kit_fail(diag, KIT_INVALID_MESSAGE, "field \"%s\" must not have months or years", field);
		kit_diag_detail(diag, "A timespan is a number of seconds, and months differ in length.");
		return false;
	}
	doc_write_double(w, (double) value->day * SECS_PER_DAY + (double) value->time / USECS_PER_SEC);
	return true;
}

bool
sqlapi_write_calendar(DocWriter *w, SqlKind kind, Datum value, const char *field, KitDiag *diag)
{
	switch (kind)
	{
		case SQLAPI_DATE:
			return write_date(w, DatumGetDateADT(value), field, diag);
		case SQLAPI_TIME:
			return write_time(w, DatumGetTimeADT(value), field, diag);
		case SQLAPI_DATETIME:
			return write_datetime(w, DatumGetTimestampTz(value), field, diag);
		default:
			return write_timespan(w, DatumGetIntervalP(value), field, diag);
	}
}

/* Null for a timespan that an interval cannot hold. */
static Datum
read_timespan(double seconds, bool *isnull)
{
	Interval   *interval = palloc0(sizeof(Interval));
	double		microseconds = rint(seconds * USECS_PER_SEC);

	if (!(fabs(microseconds) < 9.2e18))
	{
		*isnull = true;
		return (Datum) 0;
	}
	interval->time = (TimeOffset) microseconds;
	return IntervalPGetDatum(interval);
}

Datum
sqlapi_read_calendar(SqlKind kind, VmVal value, bool *isnull)
{
	switch (kind)
	{
		case SQLAPI_DATE:
			return DateADTGetDatum((DateADT) (value.i - EPOCH_DAYS));
		case SQLAPI_TIME:
			return TimeADTGetDatum(value.i * USECS_PER_MINUTE);
		case SQLAPI_DATETIME:
			return TimestampTzGetDatum((kit_datetime_ms(value.i) - (int64) EPOCH_DAYS * KIT_DAY_MS) * 1000);
		default:
			return read_timespan(value.d, isnull);
	}
}
