/*
 * unit.h
 *	  What a unit test is written with.  A test program checks, and ends with "return unit_done();": it prints TAP and its exit status
 *	  tells whether all went well.
 *
 * UNIT_OK(what, condition) is one test.  A property that is tried thousands of times is one test too: UNIT_TRY(condition, format, …) inside a
 * loop says only what failed (the first few times), and UNIT_PROPERTY(what) after the loop reports it.
 */
#ifndef ADAMA_UNIT_H
#define ADAMA_UNIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/arena.h"
#include "kit/buf.h"
#include "kit/diag.h"

static int	unit_n;
static int	unit_n_failed;
static int	unit_tries_failed;
static long unit_tries;

__attribute__((unused, format(printf, 4, 5)))
static bool
unit_report(bool is_ok, const char *file, int line, const char *format,...)
{
	va_list		args;

	unit_n++;
	unit_n_failed += !is_ok;
	printf("%s %d - ", is_ok ? "ok" : "not ok", unit_n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!is_ok)
		printf("#   at %s:%d\n", file, line);
	fflush(stdout);
	return is_ok;
}

__attribute__((unused, format(printf, 4, 5)))
static bool
unit_try(bool is_ok, const char *file, int line, const char *format,...)
{
	va_list		args;

	unit_tries++;
	if (is_ok || ++unit_tries_failed > 5)
		return is_ok;
	printf("#   at %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return false;
}

__attribute__((unused))
static bool
unit_text_is(const char *file, int line, const char *what, const char *got, const char *expected)
{
	bool		is_ok = strcmp(got, expected) == 0;

	unit_report(is_ok, file, line, "%s", what);
	if (!is_ok)
		printf("#   got:      %s\n#   expected: %s\n", got, expected);
	return is_ok;
}

__attribute__((unused))
static int
unit_done(void)
{
	printf("1..%d\n", unit_n);
	return unit_n_failed > 0 ? 1 : 0;
}

#define UNIT_OK(what, condition) unit_report((condition), __FILE__, __LINE__, "%s", (what))
#define UNIT_TEXT(what, got, expected) unit_text_is(__FILE__, __LINE__, (what), (got), (expected))
#define UNIT_TRY(condition, ...) unit_try((condition), __FILE__, __LINE__, __VA_ARGS__)
#define UNIT_PROPERTY(what) \
	do { \
		unit_report(unit_tries_failed == 0 && unit_tries > 0, __FILE__, __LINE__, "%s (%ld tries)", (what), unit_tries); \
		unit_tries = unit_tries_failed = 0; \
	} while (0)

/* ---- random numbers: the same for the same seed, on every machine ---- */

typedef struct UnitRandom
{
	uint64_t	state;
} UnitRandom;

static inline uint64_t
unit_random(UnitRandom *random)
{
	uint64_t	z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A number from 0 to n - 1. */
static inline uint32_t
unit_below(UnitRandom *random, uint32_t n)
{
	return (uint32_t) (unit_random(random) % n);
}

/* How often a property is tried: UNIT_ROUNDS multiplies it. */
__attribute__((unused))
static int
unit_rounds(int n)
{
	const char *factor = getenv("UNIT_ROUNDS");

	return factor != NULL ? n * atoi(factor) : n;
}

/* The first seed: UNIT_SEED repeats what failed. */
__attribute__((unused))
static uint64_t
unit_seed(void)
{
	const char *seed = getenv("UNIT_SEED");

	return seed != NULL ? strtoull(seed, NULL, 10) : 1;
}

#endif
