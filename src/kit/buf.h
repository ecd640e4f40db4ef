/*
 * buf.h
 *	  A byte string that grows in an arena.
 *
 * data is always followed by a zero byte that len does not count.
 */
#ifndef ADAMA_KIT_BUF_H
#define ADAMA_KIT_BUF_H

#include "kit/arena.h"

typedef struct KitBuf
{
	KitArena   *arena;
	char	   *data;
	size_t		len;
	size_t		cap;
} KitBuf;

extern void kit_buf_init(KitBuf *buf, KitArena *arena);
extern void kit_buf_grow(KitBuf *buf, size_t extra);
extern void kit_buf_add(KitBuf *buf, const void *data, size_t len);
extern void kit_buf_add_char(KitBuf *buf, char c);
extern void kit_buf_add_str(KitBuf *buf, const char *str);
extern void kit_buf_add_int(KitBuf *buf, int64_t value);	/* decimal */
extern void kit_buf_printf(KitBuf *buf, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void kit_buf_clear(KitBuf *buf);

/* Room for extra more bytes without growing. */
static inline void
kit_buf_reserve(KitBuf *buf, size_t extra)
{
	if (buf->len + extra + 1 > buf->cap)
		kit_buf_grow(buf, extra);
}

#endif
