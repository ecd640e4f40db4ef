/*
 * builtin_time.c
 *	  The libraries Time, Date and TimeSpan, but for formatting.
 *
 * What would leave the years of the calendar is held at their ends where a plain value is due, and empty where a maybe is.
 */
#include <math.h>
#include <string.h>

#include "vm/builtin.h"
#include "vm/state.h"

static int64_t
held(int64_t value, int64_t min, int64_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* Days since 1970, and milliseconds of that day, of what the clocks of its zone show. */
static int64_t
local_day(int64_t datetime, int64_t *of_day)
{
	int64_t		local = kit_datetime_local(datetime);
	int64_t		day = (local >= 0 ? local : local - (KIT_DAY_MS - 1)) / KIT_DAY_MS;

	*of_day = local - day * KIT_DAY_MS;
	return day;
}

/* ---- Time ---- */

bool
vm_time_datetime(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm_now(vm);
	return true;
}

bool
vm_time_today(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		of_day;

	out->i = local_day(vm_now(vm), &of_day);
	return true;
}

bool
vm_time_time(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		of_day;

	local_day(vm_now(vm), &of_day);
	out->i = of_day / 60000;
	return true;
}

bool
vm_time_zone(Vm *vm, const VmVal *args, VmVal *out)
{
	char		text[KIT_CALENDAR_TEXT];
	int			len = kit_zone_text(vm_zone(vm), text);

	return vm_make_string(vm, text, (size_t) len, out);
}

bool
vm_time_set_zone(Vm *vm, const VmVal *args, VmVal *out)
{
	int			zone = kit_zone_find(args[0].str->text, args[0].str->len);

	if (!vm->may_write || vm->doc == NULL)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "a formula, a policy or a view may not change the document");
	out->i = zone >= 0;
	if (zone >= 0)
		vm_doc_set_zone(vm->doc, zone);
	return true;
}

bool
vm_time_make(Vm *vm, const VmVal *args, VmVal *out)
{
	if (args[0].i >= 0 && args[0].i <= 23 && args[1].i >= 0 && args[1].i <= 59)
		return vm_make_maybe(vm, (VmVal) {.i = args[0].i * 60 + args[1].i}, out);
	out->maybe = NULL;
	return true;
}

bool
vm_time_to_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i;
	return true;
}

bool
vm_time_hour(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i / 60;
	return true;
}

bool
vm_time_minute(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i % 60;
	return true;
}

/* Whole minutes, rounded down: a second before 10:00 is in 9:59.  NaN counts as nothing. */
static double
whole_minutes(double seconds)
{
	return seconds != seconds ? 0 : floor(seconds / 60);
}

bool
vm_time_extend(Vm *vm, const VmVal *args, VmVal *out)
{
	double		end = (double) args[0].i + whole_minutes(args[1].d);

	out->i = end < 0 ? 0 : end > KIT_DAY_MINUTES - 1 ? KIT_DAY_MINUTES - 1 : (int64_t) end;
	return true;
}

bool
vm_time_cyclic_add(Vm *vm, const VmVal *args, VmVal *out)
{
	double		minutes = fmod((double) args[0].i + whole_minutes(args[1].d), KIT_DAY_MINUTES);

	if (minutes != minutes)
		out->i = args[0].i;		/* of an infinite span */
	else
		out->i = (int64_t) (minutes < 0 ? minutes + KIT_DAY_MINUTES : minutes) % KIT_DAY_MINUTES;
	return true;
}

/* ---- Date: days ---- */

bool
vm_date_year(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_date_of(args[0].i).year;
	return true;
}

bool
vm_date_month(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_date_of(args[0].i).month;
	return true;
}

bool
vm_date_day(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_date_of(args[0].i).day;
	return true;
}

bool
vm_date_make(Vm *vm, const VmVal *args, VmVal *out)
{
	if (kit_date_is_valid((int) args[0].i, (int) args[1].i, (int) args[2].i))
		return vm_make_maybe(vm, (VmVal) {.i = kit_date_days((int) args[0].i, (int) args[1].i, (int) args[2].i)}, out);
	out->maybe = NULL;
	return true;
}

bool
vm_date_valid(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_date_of(args[0].i).year > 1;
	return true;
}

bool
vm_date_day_of_week(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_week_day(args[0].i);
	return true;
}

bool
vm_date_day_of_week_english(Vm *vm, const VmVal *args, VmVal *out)
{
	const char *name = vm_day_names[kit_week_day(args[0].i) - 1];

	return vm_make_string(vm, name, strlen(name), out);
}

bool
vm_date_month_name_english(Vm *vm, const VmVal *args, VmVal *out)
{
	const char *name = vm_month_names[kit_date_of(args[0].i).month - 1];

	return vm_make_string(vm, name, strlen(name), out);
}

bool
vm_date_offset_day(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = held(args[0].i + args[1].i, KIT_DATE_MIN, KIT_DATE_MAX);
	return true;
}

/* The day in year and month, or the last one that these have. */
static int64_t
nearest_day(int year, int month, int day)
{
	int			last = kit_month_days(year, month);

	return kit_date_days(year, month, day > last ? last : day);
}

bool
vm_date_offset_month(Vm *vm, const VmVal *args, VmVal *out)
{
	KitDate		date = kit_date_of(args[0].i);
	int64_t		months = (int64_t) date.year * 12 + date.month - 1 + args[1].i;

	if (months < (int64_t) KIT_YEAR_MIN * 12)
		out->i = KIT_DATE_MIN;
	else if (months >= (int64_t) (KIT_YEAR_MAX + 1) * 12)
		out->i = KIT_DATE_MAX;
	else
	{
		int			of_year = (int) (months % 12 < 0 ? months % 12 + 12 : months % 12);

		out->i = nearest_day((int) ((months - of_year) / 12), of_year + 1, date.day);
	}
	return true;
}

static bool
in_pattern(int64_t day, int64_t pattern)
{
	return (pattern >> (kit_week_day(day) - 1) & 1) != 0;
}

/* The days of a range, as far as the calendar goes, that are in the pattern. */
static bool
list_days(Vm *vm, int64_t from, int64_t to, int64_t pattern, VmVal *out)
{
	VmList	   *days;

	from = from < KIT_DATE_MIN ? KIT_DATE_MIN : from;
	to = to > KIT_DATE_MAX ? KIT_DATE_MAX : to;
	if (!vm_new_list(vm, from > to ? 0 : (size_t) (to - from) + 1, &days) || !vm_charge_steps(vm, from > to ? 0 : (uint64_t) (to - from)))
		return false;
	for (int64_t day = from; day <= to; day++)
		if (in_pattern(day, pattern))
			days->items[days->n++].i = day;
	out->list = days;
	return true;
}

#define EVERY_DAY 0x7f

bool
vm_date_inclusive_range(Vm *vm, const VmVal *args, VmVal *out)
{
	return list_days(vm, args[0].i, args[1].i, EVERY_DAY, out);
}

bool
vm_date_range_satisfies(Vm *vm, const VmVal *args, VmVal *out)
{
	return list_days(vm, args[0].i, args[1].i, args[2].i, out);
}

bool
vm_date_calendar_view(Vm *vm, const VmVal *args, VmVal *out)
{
	KitDate		date = kit_date_of(args[0].i);
	int64_t		first = kit_date_days(date.year, date.month, 1);
	int64_t		last = first + kit_month_days(date.year, date.month) - 1;

	/* from the Sunday before to the Saturday after */
	return list_days(vm, first - kit_week_day(first) % 7, last + 6 - kit_week_day(last) % 7, EVERY_DAY, out);
}

bool
vm_date_week_view(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		first = args[0].i - kit_week_day(args[0].i) % 7;

	return list_days(vm, first, first + 6, EVERY_DAY, out);
}

bool
vm_date_neighbor_view(Vm *vm, const VmVal *args, VmVal *out)
{
	return list_days(vm, args[0].i - args[1].i, args[0].i + args[1].i, EVERY_DAY, out);
}

bool
vm_date_pattern(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = 0;
	for (int i = 6; i >= 0; i--)
		out->i = out->i << 1 | (args[i].i != 0);
	return true;
}

bool
vm_date_satisfies(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = in_pattern(args[0].i, args[1].i);
	return true;
}

static int
whole_months(int64_t from, int64_t to)
{
	KitDate		a = kit_date_of(from);
	KitDate		b = kit_date_of(to);
	int			months = (b.year - a.year) * 12 + b.month - a.month;

	if (months > 0 && b.day < a.day)
		months--;
	else if (months < 0 && b.day > a.day)
		months++;
	return months;
}

bool
vm_date_period_months(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = whole_months(args[0].i, args[1].i);
	return true;
}

bool
vm_date_period_years(Vm *vm, const VmVal *args, VmVal *out)
{
	int			months = whole_months(args[0].i, args[1].i);

	out->d = months / 12 + months % 12 / 12.0;
	return true;
}

/* ---- Date: datetimes ---- */

static bool
make_local(Vm *vm, int64_t day, int64_t of_day, int zone, VmVal *out)
{
	int64_t		datetime;

	if (kit_datetime_of_local(day * KIT_DAY_MS + of_day, zone, &datetime))
		return vm_make_maybe(vm, (VmVal) {.i = datetime}, out);
	out->maybe = NULL;
	return true;
}

bool
vm_date_construct(Vm *vm, const VmVal *args, VmVal *out)
{
	int			zone = kit_zone_find(args[3].str->text, args[3].str->len);
	double		seconds = args[2].d;

	if (zone < 0 || !(seconds >= 0 && seconds < 60))
	{
		out->maybe = NULL;
		return true;
	}
	return make_local(vm, args[0].i, args[1].i * 60000 + (int64_t) (seconds * 1000), zone, out);
}

/* The instant, held where the calendar ends in that zone. */
static int64_t
held_datetime(double ms, int zone)
{
	int64_t		beyond = (int64_t) (zone < KIT_ZONE_UTC ? kit_zone_offset(zone) : 0) * 60000;
	int64_t		min = KIT_DATE_MIN * KIT_DAY_MS - (beyond < 0 ? beyond : 0);
	int64_t		max = (KIT_DATE_MAX + 1) * KIT_DAY_MS - 1 - (beyond > 0 ? beyond : 0);

	return kit_datetime(ms < (double) min ? min : ms > (double) max ? max : (int64_t) ms, zone);
}

static int64_t
moved(int64_t datetime, double seconds)
{
	double		whole = seconds != seconds ? 0 : trunc(seconds);

	return held_datetime((double) kit_datetime_ms(datetime) + whole * 1000, kit_datetime_zone(datetime));
}

bool
vm_datetime_future(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = moved(args[0].i, args[1].d);
	return true;
}

bool
vm_datetime_past(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = moved(args[0].i, -args[1].d);
	return true;
}

bool
vm_datetime_between(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = (double) (kit_datetime_ms(args[1].i) - kit_datetime_ms(args[0].i)) / 1000.0;
	return true;
}

bool
vm_datetime_min(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_datetime_ms(args[1].i) < kit_datetime_ms(args[0].i) ? args[1].i : args[0].i;
	return true;
}

bool
vm_datetime_max(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = kit_datetime_ms(args[1].i) > kit_datetime_ms(args[0].i) ? args[1].i : args[0].i;
	return true;
}

bool
vm_datetime_overlaps(Vm *vm, const VmVal *args, VmVal *out)
{
	VmVal		instants[4];

	for (int i = 0; i < 4; i++)
		instants[i].i = kit_datetime_ms(args[i].i);
	return vm_math_intersects_int(vm, instants, out);
}

bool
vm_datetime_date(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		of_day;

	out->i = local_day(args[0].i, &of_day);
	return true;
}

bool
vm_datetime_time(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		of_day;

	local_day(args[0].i, &of_day);
	out->i = of_day / 60000;
	return true;
}

bool
vm_datetime_adjust(Vm *vm, const VmVal *args, VmVal *out)
{
	int			zone = kit_zone_find(args[1].str->text, args[1].str->len);
	int64_t		ms = kit_datetime_ms(args[0].i);

	if (zone >= 0 && kit_datetime_is_valid(ms, zone))
		return vm_make_maybe(vm, (VmVal) {.i = kit_datetime(ms, zone)}, out);
	out->maybe = NULL;
	return true;
}

/* Year, month or day replaced by a number; empty when there is no such one. */
static bool
with_date(Vm *vm, int64_t datetime, char part, int64_t number, VmVal *out)
{
	int64_t		of_day;
	KitDate		date = kit_date_of(local_day(datetime, &of_day));
	bool		is_valid;

	if (part == 'y')
	{
		is_valid = number >= KIT_YEAR_MIN && number <= KIT_YEAR_MAX;
		date.year = (int) held(number, KIT_YEAR_MIN, KIT_YEAR_MAX);
	}
	else if (part == 'm')
	{
		is_valid = number >= 1 && number <= 12;
		date.month = (int) held(number, 1, 12);
	}
	else
	{
		is_valid = number >= 1 && number <= kit_month_days(date.year, date.month);
		date.day = (int) held(number, 1, 31);
	}
	if (is_valid)
		return make_local(vm, nearest_day(date.year, date.month, date.day), of_day, kit_datetime_zone(datetime), out);
	out->maybe = NULL;
	return true;
}

bool
vm_datetime_with_year(Vm *vm, const VmVal *args, VmVal *out)
{
	return with_date(vm, args[0].i, 'y', args[1].i, out);
}

bool
vm_datetime_with_month(Vm *vm, const VmVal *args, VmVal *out)
{
	return with_date(vm, args[0].i, 'm', args[1].i, out);
}

bool
vm_datetime_with_day(Vm *vm, const VmVal *args, VmVal *out)
{
	return with_date(vm, args[0].i, 'd', args[1].i, out);
}

/* The part of the day that counts in unit milliseconds, n of which make the next larger one. */
static bool
with_time(Vm *vm, int64_t datetime, int64_t unit, int64_t n, int64_t number, VmVal *out)
{
	int64_t		of_day;
	int64_t		day = local_day(datetime, &of_day);

	if (number >= 0 && number < n)
		return make_local(vm, day, of_day + (number - of_day / unit % n) * unit, kit_datetime_zone(datetime), out);
	out->maybe = NULL;
	return true;
}

bool
vm_datetime_with_hour(Vm *vm, const VmVal *args, VmVal *out)
{
	return with_time(vm, args[0].i, 3600000, 24, args[1].i, out);
}

bool
vm_datetime_with_minute(Vm *vm, const VmVal *args, VmVal *out)
{
	return with_time(vm, args[0].i, 60000, 60, args[1].i, out);
}

bool
vm_datetime_with_time(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		of_day;
	int64_t		day = local_day(args[0].i, &of_day);

	return make_local(vm, day, args[1].i * 60000, kit_datetime_zone(args[0].i), out);
}

#define TRUNCATE(name, unit) \
bool \
vm_datetime_truncate_##name(Vm *vm, const VmVal *args, VmVal *out) \
{ \
	int64_t		of_day; \
	int64_t		day = local_day(args[0].i, &of_day); \
	int			zone = kit_datetime_zone(args[0].i); \
	out->i = held_datetime((double) (day * KIT_DAY_MS + of_day - of_day % (unit) - (int64_t) kit_zone_offset(zone) * 60000), zone); \
	return true; \
}

TRUNCATE(day, KIT_DAY_MS)
TRUNCATE(hour, 3600000)
TRUNCATE(minute, 60000)
TRUNCATE(seconds, 1000)
TRUNCATE(milliseconds, 1)

/* ---- TimeSpan ---- */

bool
vm_timespan_add(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d + args[1].d;
	return true;
}

bool
vm_timespan_multiply(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d * args[1].d;
	return true;
}

bool
vm_timespan_seconds(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d;
	return true;
}

bool
vm_timespan_from_minutes(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d * 60;
	return true;
}

bool
vm_timespan_minutes(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d / 60;
	return true;
}

bool
vm_timespan_hours(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d / 3600;
	return true;
}
