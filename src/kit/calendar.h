/*
 * calendar.h
 *	  Dates, times of day and instants with their zone: as numbers, and as text.
 *
 * A date is a number of days since 1970-01-01, in the Gregorian calendar reckoned backwards too (as java.time does, and ISO 8601): the year before 1
 * is 0.  Years go from KIT_YEAR_MIN to KIT_YEAR_MAX, so every date is one of PostgreSQL's.  Text: 2023-11-14; the year is not padded: 1-01-01.
 *
 * A time is a number of minutes since midnight, 0 to 1439.  Text: 22:13.
 *
 * A datetime is an instant in milliseconds since 1970 and the zone in which it is told, in one integer:
 *		bits 63..14	milliseconds, signed		bits 13..0	the zone
 * so integers are in the order of instants; of one instant the zones are ordered by their numbers.  These numbers are stored nowhere: text is.
 * Text as java.time writes it: 2023-11-14T22:13:20.123Z[UTC]; a year has at least four digits, seconds and fraction are left out when they are zero.
 *
 * Zones have the same offset all year: Z and +hh:mm by number of minutes, and the names of the list in calendar.c.  Rules of regions (Europe/Berlin) are not
 * known: they are laws, and change; a replay must find the same offset for ever.
 */
#ifndef ADAMA_KIT_CALENDAR_H
#define ADAMA_KIT_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIT_YEAR_MIN (-4712)
#define KIT_YEAR_MAX 9999
#define KIT_DATE_MIN INT64_C(-2440550)			/* -4712-01-01 */
#define KIT_DATE_MAX INT64_C(2932896)			/* 9999-12-31 */
#define KIT_DATE_DEFAULT INT64_C(-719162)		/* 1-01-01 */
#define KIT_DAY_MS INT64_C(86400000)
#define KIT_DAY_MINUTES 1440

typedef struct KitDate
{
	int			year;
	int			month;			/* 1 to 12 */
	int			day;			/* 1 to 31 */
} KitDate;

extern bool kit_is_leap_year(int year);
extern int	kit_month_days(int year, int month);
extern bool kit_date_is_valid(int year, int month, int day);
extern int64_t kit_date_days(int year, int month, int day);	/* of a valid date */
extern KitDate kit_date_of(int64_t days);
extern int	kit_week_day(int64_t days);		/* 1 Monday to 7 Sunday */

/* ---- datetimes ---- */

#define KIT_ZONE_BITS 14
#define KIT_ZONE_Z 1080			/* offset 0: "Z" */
#define KIT_ZONE_UTC 2161		/* "Z[UTC]" */
#define KIT_ZONE_MAX_OFFSET 1080	/* minutes: 18 hours */
#define KIT_DATETIME_DEFAULT ((int64_t) ((uint64_t) INT64_C(-2208988800000) << KIT_ZONE_BITS) | KIT_ZONE_Z)	/* 1900-01-01T00:00Z */

/* Of an instant whose local date is within the years: kit_datetime_is_valid. */
static inline int64_t
kit_datetime(int64_t ms, int zone)
{
	return (int64_t) ((uint64_t) ms << KIT_ZONE_BITS) | zone;
}

static inline int64_t
kit_datetime_ms(int64_t datetime)
{
	return datetime >> KIT_ZONE_BITS;
}

static inline int
kit_datetime_zone(int64_t datetime)
{
	return (int) (datetime & ((1 << KIT_ZONE_BITS) - 1));
}

/* A zone by its text: Z, +05:30, UTC, GMT, …; -1 when it is none. */
extern int	kit_zone_find(const char *text, size_t len);
extern int	kit_zone_offset(int zone);		/* minutes */
extern bool kit_datetime_is_valid(int64_t ms, int zone);
/* Milliseconds since 1970 of what the clocks in the zone show, as if that were UTC; and back. */
extern int64_t kit_datetime_local(int64_t datetime);
extern bool kit_datetime_of_local(int64_t local_ms, int zone, int64_t *datetime);

/* ---- text ---- */

#define KIT_CALENDAR_TEXT 64	/* bytes that any of these texts fits in, with its zero */

/* They return the length. */
extern int	kit_date_text(int64_t days, char *text);
extern int	kit_time_text(int64_t minutes, char *text);
extern int	kit_zone_text(int zone, char *text);	/* "Z", "+05:30", "UTC" */
extern int	kit_datetime_text(int64_t datetime, char *text);

/* A month, day or hour of one digit is taken, too. */
extern bool kit_date_parse(const char *text, size_t len, int64_t *days);
extern bool kit_time_parse(const char *text, size_t len, int64_t *minutes);
/* As ISO 8601 writes it, with zone; what is finer than a millisecond is cut off.  False: *problem says what it should be ("a datetime with its zone, …"). */
extern bool kit_datetime_parse(const char *text, size_t len, int64_t *datetime, const char **problem);

#endif
