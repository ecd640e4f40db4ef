/*
 * log.h
 *	  One line for each thing that happens: time, level, event, and values by name (logfmt), on standard error.
 */
#ifndef ADAMA_GATEWAY_LOG_H
#define ADAMA_GATEWAY_LOG_H

typedef enum GatewayLevel
{
	GATEWAY_DEBUG,
	GATEWAY_INFO,
	GATEWAY_WARNING,
	GATEWAY_ERROR
} GatewayLevel;

/*
 * Values: name=value, or name="value" where the value may hold anything: quotes and backslashes in what is put for %s get a backslash, what is no printable
 * character becomes a blank.  What is in the format of printf is only: %s %.NUMBERs %d %u %ld %lld %lu %zu %f.
 */
extern void gateway_log(GatewayLevel level, const char *event, const char *values,...) __attribute__((format(printf, 3, 4)));
extern void gateway_log_level(GatewayLevel least);

#endif
