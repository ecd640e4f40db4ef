/*
 * calendar.c
 *	  Dates, times and datetimes between numbers and text.  No clock, no locale, no database of time zones.
 */
#include "kit/calendar.h"

#include <stdio.h>
#include <string.h>

/*
 * Zones by name, from KIT_ZONE_UTC on.  A datetime of a document is stored with its name, so this list only ever grows, and an offset never changes.
 */
static const char *const named_zones[] = {"UTC", "GMT", "UT", "Etc/UTC", "Etc/GMT", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu", "Greenwich"};

#define N_NAMED ((int) (sizeof(named_zones) / sizeof(named_zones[0])))

/* ---- the calendar ---- */

/* The calendar repeats every 400 years. */
#define ERA_DAYS 146097
#define ERA_YEARS 400

bool
kit_is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
kit_month_days(int year, int month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && kit_is_leap_year(year) ? 29 : days[month - 1];
}

bool
kit_date_is_valid(int year, int month, int day)
{
	return year >= KIT_YEAR_MIN && year <= KIT_YEAR_MAX && month >= 1 && month <= 12 && day >= 1 && day <= kit_month_days(year, month);
}

/* Years are counted from March, so that the day that is sometimes missing is the last. */
int64_t
kit_date_days(int year, int month, int day)
{
	int			from_march = month > 2 ? month - 3 : month + 9;
	int			y = month > 2 ? year : year - 1;
	int			era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
	int			of_era = y - era * ERA_YEARS;
	int			day_of_year = (153 * from_march + 2) / 5 + day - 1;

	return (int64_t) era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

KitDate
kit_date_of(int64_t days)
{
	int64_t		z = days + 719468;
	int64_t		era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int			day_of_era = (int) (z - era * ERA_DAYS);
	int			of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
	int			day_of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
	int			from_march = (5 * day_of_year + 2) / 153;
	KitDate		date;

	date.day = day_of_year - (153 * from_march + 2) / 5 + 1;
	date.month = from_march < 10 ? from_march + 3 : from_march - 9;
	date.year = (int) (era * ERA_YEARS) + of_era + (date.month <= 2);
	return date;
}

int
kit_week_day(int64_t days)
{
	int			of_week = (int) ((days + 3) % 7);	/* 1970-01-01 was a Thursday */

	return (of_week < 0 ? of_week + 7 : of_week) + 1;
}

/* ---- zones ---- */

static bool
two_digits(const char *text, int *value)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*value = (text[0] - '0') * 10 + text[1] - '0';
	return true;
}

/* +hh:mm or -hh:mm. */
static int
find_offset(const char *text, size_t len)
{
	int			hours;
	int			minutes;
	int			offset;

	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !two_digits(text + 1, &hours) || !two_digits(text + 4, &minutes) || minutes > 59)
		return -1;
	offset = hours * 60 + minutes;
	if (offset > KIT_ZONE_MAX_OFFSET)
		return -1;
	return KIT_ZONE_Z + (text[0] == '-' ? -offset : offset);
}

int
kit_zone_find(const char *text, size_t len)
{
	if (len == 1 && text[0] == 'Z')
		return KIT_ZONE_Z;
	for (int i = 0; i < N_NAMED; i++)
		if (strlen(named_zones[i]) == len && memcmp(named_zones[i], text, len) == 0)
			return KIT_ZONE_UTC + i;
	return find_offset(text, len);
}

int
kit_zone_offset(int zone)
{
	return zone < KIT_ZONE_UTC ? zone - KIT_ZONE_Z : 0;
}

int64_t
kit_datetime_local(int64_t datetime)
{
	return kit_datetime_ms(datetime) + (int64_t) kit_zone_offset(kit_datetime_zone(datetime)) * 60000;
}

static bool
local_is_valid(int64_t local)
{
	return local >= KIT_DATE_MIN * KIT_DAY_MS && local < (KIT_DATE_MAX + 1) * KIT_DAY_MS;
}

bool
kit_datetime_is_valid(int64_t ms, int zone)
{
	/* the same instant in UTC, too: so that it can always be told there */
	return local_is_valid(ms) && local_is_valid(ms + (int64_t) kit_zone_offset(zone) * 60000);
}

bool
kit_datetime_of_local(int64_t local_ms, int zone, int64_t *datetime)
{
	int64_t		ms;

	if (!local_is_valid(local_ms))
		return false;
	ms = local_ms - (int64_t) kit_zone_offset(zone) * 60000;
	*datetime = kit_datetime(ms, zone);
	return kit_datetime_is_valid(ms, zone);
}

/* ---- to text ---- */

int
kit_date_text(int64_t days, char *text)
{
	KitDate		date = kit_date_of(days);

	return snprintf(text, KIT_CALENDAR_TEXT, "%d-%02d-%02d", date.year, date.month, date.day);
}

int
kit_time_text(int64_t minutes, char *text)
{
	return snprintf(text, KIT_CALENDAR_TEXT, "%02d:%02d", (int) (minutes / 60), (int) (minutes % 60));
}

int
kit_zone_text(int zone, char *text)
{
	int			offset = kit_zone_offset(zone);
	int			size = offset < 0 ? -offset : offset;

	if (zone >= KIT_ZONE_UTC)
		return snprintf(text, KIT_CALENDAR_TEXT, "%s", named_zones[zone - KIT_ZONE_UTC]);
	if (offset == 0)
		return snprintf(text, KIT_CALENDAR_TEXT, "Z");
	return snprintf(text, KIT_CALENDAR_TEXT, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 60, size % 60);
}

int
kit_datetime_text(int64_t datetime, char *text)
{
	int			zone = kit_datetime_zone(datetime);
	int64_t		local = kit_datetime_local(datetime);
	int64_t		days = (local >= 0 ? local : local - (KIT_DAY_MS - 1)) / KIT_DAY_MS;
	int			of_day = (int) (local - days * KIT_DAY_MS);
	KitDate		date = kit_date_of(days);
	int			len;

	len = snprintf(text, KIT_CALENDAR_TEXT, "%s%04d-%02d-%02dT%02d:%02d", date.year < 0 ? "-" : "", date.year < 0 ? -date.year : date.year, date.month,
				   date.day, of_day / 3600000, of_day / 60000 % 60);
	if (of_day % 60000 != 0)
		len += snprintf(text + len, KIT_CALENDAR_TEXT - (size_t) len, ":%02d", of_day / 1000 % 60);
	if (of_day % 1000 != 0)
		len += snprintf(text + len, KIT_CALENDAR_TEXT - (size_t) len, ".%03d", of_day % 1000);
	if (zone < KIT_ZONE_UTC)
		return len + kit_zone_text(zone, text + len);
	len += snprintf(text + len, KIT_CALENDAR_TEXT - (size_t) len, "Z[");
	len += kit_zone_text(zone, text + len);
	text[len++] = ']';
	text[len] = '\0';
	return len;
}

/* ---- from text ---- */

typedef struct Scan
{
	const char *at;
	const char *end;
} Scan;

static bool
scan_char(Scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool
scan_number(Scan *s, int min_digits, int max_digits, int *value)
{
	int			n = 0;

	*value = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && n < max_digits)
	{
		*value = *value * 10 + *s->at++ - '0';
		n++;
	}
	return n >= min_digits;
}

static bool
scan_date(Scan *s, int min_digits, int64_t *days)
{
	bool		is_negative = scan_char(s, '-');
	int			year;
	int			month;
	int			day;

	if (!scan_number(s, 1, 4, &year) || !scan_char(s, '-') || !scan_number(s, min_digits, 2, &month) || !scan_char(s, '-') ||
		!scan_number(s, min_digits, 2, &day))
		return false;
	if (is_negative)
		year = -year;
	if (!kit_date_is_valid(year, month, day) || (is_negative && year == 0))
		return false;
	*days = kit_date_days(year, month, day);
	return true;
}

bool
kit_date_parse(const char *text, size_t len, int64_t *days)
{
	Scan		s = {text, text + len};

	return scan_date(&s, 1, days) && s.at == s.end;
}

bool
kit_time_parse(const char *text, size_t len, int64_t *minutes)
{
	Scan		s = {text, text + len};
	int			hour;
	int			minute;

	if (!scan_number(&s, 1, 2, &hour) || !scan_char(&s, ':') || !scan_number(&s, 2, 2, &minute) || s.at != s.end || hour > 23 || minute > 59)
		return false;
	*minutes = hour * 60 + minute;
	return true;
}

/* hh:mm[:ss[.fraction]] in milliseconds; digits beyond are cut off. */
static bool
scan_time(Scan *s, int64_t *ms)
{
	int			hour;
	int			minute;
	int			second = 0;
	int			fraction = 0;

	if (!scan_number(s, 2, 2, &hour) || !scan_char(s, ':') || !scan_number(s, 2, 2, &minute))
		return false;
	if (scan_char(s, ':') && !scan_number(s, 2, 2, &second))
		return false;
	if (scan_char(s, '.'))
	{
		const char *start = s->at;
		int			ignored;

		if (!scan_number(s, 1, 3, &fraction))
			return false;
		for (int digits = (int) (s->at - start); digits < 3; digits++)
			fraction *= 10;
		scan_number(s, 0, 6, &ignored);
	}
	*ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction;
	return hour <= 23 && minute <= 59 && second <= 59;
}

bool
kit_datetime_parse(const char *text, size_t len, int64_t *datetime, const char **problem)
{
	Scan		s = {text, text + len};
	const char *start;
	int64_t		days;
	int64_t		ms;
	int			zone;

	*problem = "a datetime as in 2023-04-24T17:57:19.802Z or 2023-04-24T17:57:19+02:00";
	if (!scan_date(&s, 2, &days) || !scan_char(&s, 'T') || !scan_time(&s, &ms))
		return false;
	if (s.at == s.end)
	{
		*problem = "a datetime with its zone at the end: Z, or an offset as in +02:00";
		return false;
	}
	start = s.at;
	while (s.at < s.end && *s.at != '[')
		s.at++;
	zone = s.at - start == 1 && *start == 'Z' ? KIT_ZONE_Z : find_offset(start, (size_t) (s.at - start));
	if (zone < 0)
		return false;
	if (s.at < s.end)
	{
		int			offset = kit_zone_offset(zone);

		/* [name] */
		if (s.end[-1] != ']')
			return false;
		zone = kit_zone_find(s.at + 1, (size_t) (s.end - s.at) - 2);
		*problem = "a datetime in UTC or with a fixed offset: time zones of regions are not supported";
		if (zone < KIT_ZONE_UTC || kit_zone_offset(zone) != offset)
			return false;
	}
	*problem = "a datetime of the years -4712 to 9999";
	return kit_datetime_of_local(days * KIT_DAY_MS + ms, zone, datetime);
}
