/*
 * log.c
 *	  Writing the log: time=2026-01-31T12:00:00.123Z level=info event=listening address=0.0.0.0 port=8080
 */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define LINE_MAX_LEN 2000

static GatewayLevel least_level = GATEWAY_INFO;

void
gateway_log_level(GatewayLevel least)
{
	least_level = least;
}

void
gateway_log(GatewayLevel level, const char *event, const char *values,...)
{
	static const char *const levels[] = {"debug", "info", "warning", "error"};
	char		line[LINE_MAX_LEN];
	struct timespec now;
	struct tm	utc;
	size_t		len;
	va_list		args;

	if (level < least_level)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t) snprintf(line + len, sizeof(line) - len, ".%03ldZ level=%s event=%s ", now.tv_nsec / 1000000, levels[level], event);
	va_start(args, values);
	vsnprintf(line + len, sizeof(line) - len, values, args);
	va_end(args);
	for (char *p = line; *p != '\0'; p++)
	{
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	fprintf(stderr, "%s\n", line);
}
