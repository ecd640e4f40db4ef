/*
 * log.c
 *	  Writing the log: time=2026-01-31T12:00:00.123Z level=info event=listening address=0.0.0.0 port=8080
 *
 * Much of what is written comes from clients: a value must not be able to end itself and look like others.
 */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_LEN 2000

typedef struct Line
{
	char		text[LINE_MAX_LEN];
	size_t		len;
} Line;

static GatewayLevel least_level = GATEWAY_INFO;

void
gateway_log_level(GatewayLevel least)
{
	least_level = least;
}

/* There is always room for a quote and the end. */
static void
add(Line *line, char c)
{
	if (line->len < sizeof(line->text) - 4)
		line->text[line->len++] = (unsigned char) c < ' ' || c == 0x7f ? ' ' : c;
}

static void
add_value(Line *line, const char *value, size_t max)
{
	for (size_t i = 0; i < max && value[i] != '\0'; i++)
	{
		if (line->len >= sizeof(line->text) - 5)
			return;
		if (value[i] == '"' || value[i] == '\\')
			add(line, '\\');
		add(line, value[i]);
	}
}

/* What begins with the percent sign at p; behind it. */
static const char *
add_conversion(Line *line, const char *p, va_list *args)
{
	size_t		len = strcspn(p, "sdufz");
	char		number[64];
	bool		is_long = p[len - 1] == 'l';
	bool		is_long_long = is_long && len > 1 && p[len - 2] == 'l';

	number[0] = '\0';
	switch (p[len])
	{
		case 's':
			add_value(line, va_arg(*args, const char *), p[1] == '.' ? strtoul(p + 2, NULL, 10) : sizeof(line->text));
			break;
		case 'd':
			snprintf(number, sizeof(number), "%lld", is_long_long ? va_arg(*args, long long) : is_long ? va_arg(*args, long) : va_arg(*args, int));
			break;
		case 'u':
			snprintf(number, sizeof(number), "%lu", is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
			break;
		case 'z':
			snprintf(number, sizeof(number), "%zu", va_arg(*args, size_t));
			len++;
			break;
		case 'f':
			snprintf(number, sizeof(number), "%.3f", va_arg(*args, double));
			break;
		default:
			abort();
	}
	for (const char *digit = number; *digit != '\0'; digit++)
		add(line, *digit);
	return p + len + 1;
}

void
gateway_log(GatewayLevel level, const char *event, const char *values,...)
{
	static const char *const levels[] = {"debug", "info", "warning", "error"};
	Line		line;
	struct timespec now;
	struct tm	utc;
	va_list		args;

	if (level < least_level)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	line.len = strftime(line.text, sizeof(line.text), "time=%Y-%m-%dT%H:%M:%S", &utc);
	line.len += (size_t) snprintf(line.text + line.len, sizeof(line.text) - line.len, ".%03ldZ level=%s event=%s ", now.tv_nsec / 1000000, levels[level], event);
	va_start(args, values);
	for (const char *p = values; *p != '\0';)
	{
		if (*p == '%')
			p = add_conversion(&line, p, &args);
		else
			add(&line, *p++);
	}
	va_end(args);
	if (line.len >= sizeof(line.text) - 5)
		line.text[line.len++] = '"';
	line.text[line.len] = '\0';
	fprintf(stderr, "%s\n", line.text);
}
