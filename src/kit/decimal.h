/*
 * decimal.h
 *	  Doubles to and from decimal text: exact, the same on every machine, without a locale.
 */
#ifndef ADAMA_KIT_DECIMAL_H
#define ADAMA_KIT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#define KIT_DECIMAL_DIGITS 17

/*
 * Writes the digits of the shortest decimal that reads back as d, and of those the one closest to d; where one digit would do, the closest of
 * two digits (which is what Java prints).  d is finite; its sign is ignored.  Returns the number of digits, without trailing zeros;
 * |d| = 0.d1d2d3… * 10^exp10.  Zero is the digit 0 with exponent 1.
 */
extern int kit_double_digits(double d, char digits[KIT_DECIMAL_DIGITS], int *exp10);

/*
 * Reads [-]digits[.digits][e[+-]digits], with a digit on at least one side of the point, to the nearest double (ties to even).  False when the
 * text is anything else.  What is too large becomes infinite: the caller looks.
 */
extern bool kit_double_parse(const char *text, size_t len, double *value);

#endif
