/*
 * builtin_format.c
 *	  Dates and datetimes as people write them: Date.format, by a part of the patterns of java.time.
 *
 *		y u year	M L month	d day	D day of the year	E day of the week	a AM or PM	H h hour	m minute	s second	S fraction	X x offset
 *		'quoted', '' for a quote; what is no letter stands for itself, but for # [ ] { }
 *
 * A letter repeated pads to as many digits; yy is two digits; MMM, E are short names, MMMM, EEEE whole ones, MMMMM, EEEEE their first letters.  A
 * pattern with anything else yields nothing, and so do names in another language than English.
 */
#include <stdio.h>
#include <string.h>

#include "vm/builtin.h"

const char *const vm_day_names[7] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
const char *const vm_month_names[12] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};

typedef struct Format
{
	KitBuf		out;
	KitDate		date;
	int64_t		day;
	int			of_day;			/* milliseconds */
	int			offset;			/* of the zone, in minutes */
	bool		is_english;
} Format;

static bool
put_number(Format *f, int value, int width, int max_width)
{
	if (width > max_width)
		return false;
	kit_buf_printf(&f->out, "%0*d", width, value);
	return true;
}

static bool
put_year(Format *f, int year, int width)
{
	if (width == 2)
		kit_buf_printf(&f->out, "%02d", (year % 100 + 100) % 100);
	else if (width > 15)
		return false;
	else
	{
		/* four digits and more have a sign when the year is longer than they say */
		if (year < 0)
			kit_buf_add_char(&f->out, '-');
		else if (width >= 4 && width < 5 && year > 9999)
			kit_buf_add_char(&f->out, '+');
		kit_buf_printf(&f->out, "%0*d", width, year < 0 ? -year : year);
	}
	return true;
}

static bool
put_name(Format *f, const char *name, int width)
{
	if (!f->is_english || width > 5)
		return false;
	kit_buf_printf(&f->out, "%.*s", width <= 3 ? 3 : width == 5 ? 1 : (int) strlen(name), name);
	return true;
}

static bool
put_fraction(Format *f, int width)
{
	if (width > 9)
		return false;
	for (int i = 0, rest = f->of_day % 1000; i < width; i++, rest = rest % 100 * 10)
		kit_buf_add_char(&f->out, (char) ('0' + rest / 100));
	return true;
}

/* +hh, +hhmm, +hh:mm; with X also Z. */
static bool
put_offset(Format *f, char letter, int width)
{
	int			size = f->offset < 0 ? -f->offset : f->offset;

	if (width > 3)
		return false;
	if (letter == 'X' && size == 0)
		kit_buf_add_char(&f->out, 'Z');
	else
	{
		kit_buf_printf(&f->out, "%c%02d", f->offset < 0 ? '-' : '+', size / 60);
		if (width == 3)
			kit_buf_printf(&f->out, ":%02d", size % 60);
		else if (width == 2 || size % 60 != 0)
			kit_buf_printf(&f->out, "%02d", size % 60);
	}
	return true;
}

/* One letter, width times. */
static bool
put_field(Format *f, char letter, int width)
{
	int			hour = f->of_day / 3600000;

	switch (letter)
	{
		case 'u':
			return put_year(f, f->date.year, width);
		case 'y':
			return put_year(f, f->date.year > 0 ? f->date.year : 1 - f->date.year, width);	/* of its era */
		case 'M':
		case 'L':
			return width <= 2 ? put_number(f, f->date.month, width, 2) : put_name(f, vm_month_names[f->date.month - 1], width);
		case 'd':
			return put_number(f, f->date.day, width, 2);
		case 'D':
			return put_number(f, (int) (f->day - kit_date_days(f->date.year, 1, 1)) + 1, width, 3);
		case 'E':
			return put_name(f, vm_day_names[kit_week_day(f->day) - 1], width);
		case 'a':
			if (width > 1 || !f->is_english)
				return false;
			kit_buf_add_str(&f->out, hour < 12 ? "AM" : "PM");
			return true;
		case 'H':
			return put_number(f, hour, width, 2);
		case 'h':
			return put_number(f, hour % 12 == 0 ? 12 : hour % 12, width, 2);
		case 'm':
			return put_number(f, f->of_day / 60000 % 60, width, 2);
		case 's':
			return put_number(f, f->of_day / 1000 % 60, width, 2);
		case 'S':
			return put_fraction(f, width);
		case 'X':
		case 'x':
			return put_offset(f, letter, width);
		default:
			return false;
	}
}

/* 'text' with '' for a quote; *at is behind the first quote. */
static bool
put_quoted(Format *f, const char **at, const char *end)
{
	if (*at < end && **at == '\'')
	{
		kit_buf_add_char(&f->out, '\'');
		(*at)++;
		return true;
	}
	for (; *at < end; (*at)++)
	{
		if (**at == '\'')
		{
			(*at)++;
			if (*at == end || **at != '\'')
				return true;
		}
		kit_buf_add_char(&f->out, **at);
	}
	return false;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
put_pattern(Format *f, const VmStr *pattern)
{
	const char *at = pattern->text;
	const char *end = at + pattern->len;

	while (at < end)
	{
		const char *start = at++;

		if (is_letter(*start))
		{
			while (at < end && *at == *start)
				at++;
			if (at - start > 100 || !put_field(f, *start, (int) (at - start)))
				return false;
		}
		else if (*start == '\'')
		{
			if (!put_quoted(f, &at, end))
				return false;
		}
		else if (strchr("#[]{}", *start) != NULL)
			return false;
		else
			kit_buf_add_char(&f->out, *start);
	}
	return true;
}

static bool
is_english(const VmStr *language)
{
	return language == NULL || (language->len >= 2 && memcmp(language->text, "en", 2) == 0 && (language->len == 2 || language->text[2] == '-'));
}

static bool
format(Vm *vm, int64_t local_ms, int offset, const VmStr *pattern, const VmStr *language, VmVal *out)
{
	Format		f = {.day = (local_ms >= 0 ? local_ms : local_ms - (KIT_DAY_MS - 1)) / KIT_DAY_MS, .offset = offset, .is_english = is_english(language)};

	/* a letter yields at most nine characters, "September" */
	if (!vm_charge(vm, (size_t) pattern->len * 9 + 16))
		return false;
	kit_buf_init(&f.out, vm->arena);
	f.of_day = (int) (local_ms - f.day * KIT_DAY_MS);
	f.date = kit_date_of(f.day);
	if (put_pattern(&f, pattern))
		return vm_make_string(vm, f.out.data, f.out.len, out) && vm_make_maybe(vm, *out, out);
	out->maybe = NULL;
	return true;
}

bool
vm_date_format(Vm *vm, const VmVal *args, VmVal *out)
{
	return format(vm, args[0].i * KIT_DAY_MS, 0, args[1].str, NULL, out);
}

bool
vm_date_format_in(Vm *vm, const VmVal *args, VmVal *out)
{
	return format(vm, args[0].i * KIT_DAY_MS, 0, args[1].str, args[2].str, out);
}

bool
vm_datetime_format(Vm *vm, const VmVal *args, VmVal *out)
{
	return format(vm, kit_datetime_local(args[0].i), kit_zone_offset(kit_datetime_zone(args[0].i)), args[1].str, NULL, out);
}

bool
vm_datetime_format_in(Vm *vm, const VmVal *args, VmVal *out)
{
	return format(vm, kit_datetime_local(args[0].i), kit_zone_offset(kit_datetime_zone(args[0].i)), args[1].str, args[2].str, out);
}
