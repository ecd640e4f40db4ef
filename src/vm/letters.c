/*
 * letters.c
 *	  Case and white space of code points, from a table of runs.
 */
#include "vm/letters.h"

#include <stddef.h>

/* A run of letters whose lower case is at a distance, or whose upper and lower case alternate. */
typedef struct CaseRange
{
	uint16_t	first;
	uint16_t	last;
	int16_t		distance;		/* 0: alternating, upper case first */
} CaseRange;

static const CaseRange case_ranges[] = {
	{0x00c0, 0x00d6, 32}, {0x00d8, 0x00de, 32},	/* Latin-1 */
	{0x0100, 0x012f, 0}, {0x0132, 0x0137, 0}, {0x0139, 0x0148, 0}, {0x014a, 0x0177, 0}, {0x0178, 0x0178, -121}, {0x0179, 0x017e, 0},
	{0x01cd, 0x01dc, 0}, {0x01de, 0x01ef, 0}, {0x01f8, 0x021f, 0}, {0x0222, 0x0233, 0},
	{0x0386, 0x0386, 38}, {0x0388, 0x038a, 37}, {0x038c, 0x038c, 64}, {0x038e, 0x038f, 63}, {0x0391, 0x03a1, 32}, {0x03a3, 0x03ab, 32},	/* Greek */
	{0x0400, 0x040f, 80}, {0x0410, 0x042f, 32}, {0x0460, 0x0481, 0}, {0x048a, 0x04bf, 0}, {0x04c1, 0x04ce, 0}, {0x04d0, 0x052f, 0},	/* Cyrillic */
	{0x0531, 0x0556, 48},		/* Armenian */
	{0x1e00, 0x1e95, 0}, {0x1ea0, 0x1eff, 0},	/* Vietnamese and other Latin */
	{0xff21, 0xff3a, 32},		/* full width */
};

#define N_RANGES (sizeof(case_ranges) / sizeof(case_ranges[0]))

uint32_t
vm_letter_lower(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + 32 : code;
	for (size_t i = 0; i < N_RANGES; i++)
	{
		const CaseRange *range = &case_ranges[i];

		if (code < range->first)
			break;
		if (code <= range->last)
			return range->distance != 0 ? (uint32_t) ((int32_t) code + range->distance) : code + (((code - range->first) & 1) == 0);
	}
	return code;
}

uint32_t
vm_letter_upper(uint32_t code)
{
	if (code < 0x80)
		return code >= 'a' && code <= 'z' ? code - 32 : code;
	if (code == 0x03c2)
		return 0x03a3;			/* the sigma at the end of a word */
	for (size_t i = 0; i < N_RANGES; i++)
	{
		const CaseRange *range = &case_ranges[i];
		uint32_t	upper = (uint32_t) ((int32_t) code - range->distance);

		if (range->distance == 0 && code > range->first && code <= range->last)
			return code - ((code - range->first) & 1);
		if (range->distance != 0 && upper >= range->first && upper <= range->last)
			return upper;
	}
	return code;
}

bool
vm_letter_is_letter(uint32_t code)
{
	static const struct
	{
		uint32_t	first;
		uint32_t	last;
	}			others[] = {
		{0x80, 0xa9}, {0xab, 0xb4}, {0xb6, 0xb9}, {0xbb, 0xbf}, {0xd7, 0xd7}, {0xf7, 0xf7}, {0x2c2, 0x2c5}, {0x2d2, 0x2df}, {0x300, 0x344},
		{0x1680, 0x1680}, {0x2000, 0x2bff}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0xd800, 0xf8ff}, {0xfe00, 0xfe6f}, {0xff00, 0xff20}, {0xff3b, 0xff40},
		{0x1f000, 0x1fbff},
	};

	if (code < 0x80)
		return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (code >= others[i].first && code <= others[i].last)
			return false;
	return true;
}

bool
vm_letter_is_space(uint32_t code)
{
	if (code < 0x80)
		return code == ' ' || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
	return code == 0x1680 || (code >= 0x2000 && code <= 0x200a && code != 0x2007) || code == 0x2028 || code == 0x2029 || code == 0x205f || code == 0x3000;
}
