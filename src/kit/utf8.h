/*
 * utf8.h
 *	  One character of UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF.
 */
#ifndef ADAMA_KIT_UTF8_H
#define ADAMA_KIT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the valid character that begins at p (before end), or 0.  *code gets its code point. */
static inline int
kit_utf8_read(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
	size_t		rest = (size_t) (end - p);

	if (rest >= 1 && p[0] < 0x80)
	{
		*code = p[0];
		return 1;
	}
	if (rest >= 2 && p[0] >= 0xc2 && p[0] <= 0xdf && (p[1] & 0xc0) == 0x80)
	{
		*code = (uint32_t) (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
		return 2;
	}
	if (rest >= 3 && (p[0] & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80)
	{
		*code = (uint32_t) (p[0] & 0x0f) << 12 | (uint32_t) (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
		return *code >= 0x800 && (*code < 0xd800 || *code > 0xdfff) ? 3 : 0;
	}
	if (rest >= 4 && (p[0] & 0xf8) == 0xf0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80)
	{
		*code = (uint32_t) (p[0] & 0x07) << 18 | (uint32_t) (p[1] & 0x3f) << 12 | (uint32_t) (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
		return *code >= 0x10000 && *code <= 0x10ffff ? 4 : 0;
	}
	return 0;
}

/* Writes a code point (at most U+10FFFF, no surrogate) and returns how many bytes that took: 1 to 4. */
static inline int
kit_utf8_write(uint8_t *p, uint32_t code)
{
	if (code < 0x80)
	{
		p[0] = (uint8_t) code;
		return 1;
	}
	if (code < 0x800)
	{
		p[0] = (uint8_t) (0xc0 | code >> 6);
		p[1] = (uint8_t) (0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000)
	{
		p[0] = (uint8_t) (0xe0 | code >> 12);
		p[1] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
		p[2] = (uint8_t) (0x80 | (code & 0x3f));
		return 3;
	}
	p[0] = (uint8_t) (0xf0 | code >> 18);
	p[1] = (uint8_t) (0x80 | (code >> 12 & 0x3f));
	p[2] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
	p[3] = (uint8_t) (0x80 | (code & 0x3f));
	return 4;
}

#endif
