/*
 * test_calendar.c
 *	  Dates, times and datetimes: every day of the calendar, text and back, zones, what is refused.
 */
#include "kit/calendar.h"
#include "unit.h"

static void
test_days(void)
{
	KitDate		before = {KIT_YEAR_MIN - 1, 12, 31};

	for (int64_t day = KIT_DATE_MIN; day <= KIT_DATE_MAX; day++)
	{
		KitDate		date = kit_date_of(day);
		bool		follows = date.year == before.year && date.month == before.month ? date.day == before.day + 1 :
			date.day == 1 && before.day == kit_month_days(before.year, before.month) &&
			(date.year == before.year ? date.month == before.month + 1 : date.month == 1 && before.month == 12 && date.year == before.year + 1);

		UNIT_TRY(follows && kit_date_is_valid(date.year, date.month, date.day) && kit_date_days(date.year, date.month, date.day) == day,
				 "day %lld is %d-%d-%d", (long long) day, date.year, date.month, date.day);
		before = date;
	}
	UNIT_PROPERTY("each day follows the one before it, through all years");
	UNIT_OK("the calendar ends where it says", before.year == KIT_YEAR_MAX && before.month == 12 && before.day == 31);
	UNIT_OK("the epoch", kit_date_days(1970, 1, 1) == 0 && kit_week_day(0) == 4 && kit_week_day(-1) == 3 && kit_week_day(KIT_DATE_MIN) >= 1);
	UNIT_OK("the default", kit_date_days(1, 1, 1) == KIT_DATE_DEFAULT && kit_week_day(KIT_DATE_DEFAULT) == 1);
	UNIT_OK("known days of the week", kit_week_day(kit_date_days(2000, 1, 1)) == 6 && kit_week_day(kit_date_days(1600, 2, 29)) == 2);
	UNIT_OK("leap years", kit_is_leap_year(2000) && !kit_is_leap_year(1900) && kit_is_leap_year(0) && kit_is_leap_year(-4) && !kit_is_leap_year(-1) && !kit_is_leap_year(-100));
}

static void
check_date(const char *text, bool is_valid, const char *canonical)
{
	int64_t		day = 0;
	char		buffer[KIT_CALENDAR_TEXT] = "";
	bool		parsed = kit_date_parse(text, strlen(text), &day);

	if (parsed)
		kit_date_text(day, buffer);
	UNIT_OK(text, parsed == is_valid && strcmp(buffer, canonical) == 0);
}

static void
check_datetime(const char *text, const char *canonical)
{
	int64_t		value;
	char		buffer[KIT_CALENDAR_TEXT];
	const char *problem;

	if (kit_datetime_parse(text, strlen(text), &value, &problem))
		kit_datetime_text(value, buffer);
	else
		snprintf(buffer, sizeof(buffer), "%.60s", problem);
	if (!UNIT_OK(text, strncmp(buffer, canonical, strlen(canonical)) == 0))
		printf("# it is %s\n", buffer);
}

static void
test_text(void)
{
	UnitRandom	random = {unit_seed()};

	for (int i = 0; i < 300000; i++)
	{
		int64_t		ms = (int64_t) (unit_random(&random) >> 15) % ((KIT_DATE_MAX - KIT_DATE_MIN) * KIT_DAY_MS) + KIT_DATE_MIN * KIT_DAY_MS;
		int			zone = (int) unit_below(&random, KIT_ZONE_UTC + 12);
		int64_t		value;
		int64_t		again = 0;
		char		buffer[KIT_CALENDAR_TEXT];
		const char *problem = "";
		int			len;

		if (unit_below(&random, 3) == 0)
			ms -= ms % 60000;
		if (!kit_datetime_is_valid(ms, zone))
			continue;
		value = kit_datetime(ms, zone);
		len = kit_datetime_text(value, buffer);
		UNIT_TRY(kit_datetime_ms(value) == ms && kit_datetime_zone(value) == zone && len < KIT_CALENDAR_TEXT && kit_datetime_parse(buffer, (size_t) len, &again, &problem) &&
				 again == value, "%s: %s", buffer, problem);
	}
	UNIT_PROPERTY("the text of a datetime is read back as the same");
	check_date("2023-10-31", true, "2023-10-31");
	check_date("2023-1-1", true, "2023-01-01");
	check_date("1-1-1", true, "1-01-01");
	check_date("0001-01-01", true, "1-01-01");
	check_date("-1-02-28", true, "-1-02-28");
	check_date("0-02-29", true, "0-02-29");
	check_date("-0-02-28", false, "");
	check_date("-1-02-29", false, "");
	check_date("2100-02-29", false, "");
	check_date("2000-02-29", true, "2000-02-29");
	check_date("2023-13-01", false, "");
	check_date("2023-00-01", false, "");
	check_date("2023-04-31", false, "");
	check_date("2023-04-0", false, "");
	check_date("10000-01-01", false, "");
	check_date("-4713-12-31", false, "");
	check_date("2023-10", false, "");
	check_date("2023-10-311", false, "");
	check_date("2023/10/31", false, "");
	check_date(" 2023-10-31", false, "");
	check_date("", false, "");
	check_datetime("1900-01-01T00:00Z", "1900-01-01T00:00Z");
	check_datetime("2023-11-14T22:13:20.123Z[UTC]", "2023-11-14T22:13:20.123Z[UTC]");
	check_datetime("2023-11-14T22:13:00.000Z[GMT]", "2023-11-14T22:13Z[GMT]");
	check_datetime("2023-11-14T22:13:20.1+00:00", "2023-11-14T22:13:20.100Z");
	check_datetime("2023-11-14T22:13:20.1239999-00:30", "2023-11-14T22:13:20.123-00:30");
	check_datetime("2023-11-14T22:13-18:00", "2023-11-14T22:13-18:00");
	check_datetime("2023-11-14T22:13+18:01", "a datetime as in");
	check_datetime("2023-11-14T22:13+0100", "a datetime as in");
	check_datetime("2023-11-14T22:13", "a datetime with its zone");
	check_datetime("2023-11-14T22:13:20.Z", "a datetime as in");
	check_datetime("2023-11-14T22:60Z", "a datetime as in");
	check_datetime("2023-11-14T22:13:60Z", "a datetime as in");
	check_datetime("2023-11-14T22:13Z[", "a datetime as in");
	check_datetime("2023-11-14T22:13Z[]", "a datetime in UTC or with a fixed offset");
	check_datetime("2023-11-14T22:13Z[Z]", "a datetime in UTC or with a fixed offset");
	check_datetime("2023-11-14T22:13+01:00[UTC]", "a datetime in UTC or with a fixed offset");
	check_datetime("2023-11-14T22:13+01:00[Europe/Berlin]", "a datetime in UTC or with a fixed offset");
	check_datetime("-4712-01-01T00:00+00:01", "a datetime of the years");
	check_datetime("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
	check_datetime("2023-1-14T22:13Z", "a datetime as in");
}

static void
test_order(void)
{
	int64_t		value[4];
	static const char *const texts[] = {"1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000+00:01", "1970-01-01T00:00Z", "1970-01-01T02:00+02:00"};
	const char *problem;

	for (int i = 0; i < 4; i++)
		kit_datetime_parse(texts[i], strlen(texts[i]), &value[i], &problem);
	UNIT_OK("integers are in the order of instants", value[1] < value[0] && value[0] < value[2] && value[2] < value[3]);
	UNIT_OK("the default is what it says", kit_datetime_ms(KIT_DATETIME_DEFAULT) / KIT_DAY_MS == kit_date_days(1900, 1, 1) && kit_datetime_zone(KIT_DATETIME_DEFAULT) == KIT_ZONE_Z);
	UNIT_OK("zones", kit_zone_find("Z", 1) == KIT_ZONE_Z && kit_zone_find("UTC", 3) == KIT_ZONE_UTC && kit_zone_find("+05:30", 6) == KIT_ZONE_Z + 330 &&
			kit_zone_find("utc", 3) == -1 && kit_zone_find("", 0) == -1 && kit_zone_find("+5:30", 5) == -1 && kit_zone_find("-18:00", 6) == 0);
}

int
main(void)
{
	test_days();
	test_text();
	test_order();
	return unit_done();
}
