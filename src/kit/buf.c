/*
 * buf.c
 *	  A byte string that grows by doubling; what it outgrows stays with the arena.
 */
#include "kit/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

/* What an empty buffer points to, so that data is a string from the start.  Never written: cap is 0. */
static char no_bytes[1];

void
kit_buf_init(KitBuf *buf, KitArena *arena)
{
	buf->arena = arena;
	buf->data = no_bytes;
	buf->len = 0;
	buf->cap = 0;
}

void
kit_buf_grow(KitBuf *buf, size_t extra)
{
	size_t		need = buf->len + extra + 1;
	size_t		cap = buf->cap * 2;
	char	   *data;

	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	if (cap < need)
		cap = need;
	data = kit_arena_alloc(buf->arena, cap);
	memcpy(data, buf->data, buf->len);
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
}

void
kit_buf_add(KitBuf *buf, const void *data, size_t len)
{
	if (len == 0)
		return;
	kit_buf_reserve(buf, len);
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
kit_buf_add_char(KitBuf *buf, char c)
{
	kit_buf_reserve(buf, 1);
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

void
kit_buf_add_str(KitBuf *buf, const char *str)
{
	kit_buf_add(buf, str, strlen(str));
}

void
kit_buf_add_int(KitBuf *buf, int64_t value)
{
	char		digits[24];
	char	   *at = digits + sizeof(digits);
	uint64_t	rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
		*--at = (char) ('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--at = '-';
	kit_buf_add(buf, at, (size_t) (digits + sizeof(digits) - at));
}

void
kit_buf_printf(KitBuf *buf, const char *format,...)
{
	va_list		args;
	int			len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len <= 0)
		return;
	kit_buf_reserve(buf, (size_t) len);
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t) len + 1, format, args);
	va_end(args);
	buf->len += (size_t) len;
}

void
kit_buf_clear(KitBuf *buf)
{
	buf->len = 0;
	if (buf->cap > 0)
		buf->data[0] = '\0';
}
