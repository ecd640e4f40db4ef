/*
 * write.c
 *	  Writing a value as a stream.
 *
 * The writer appends to a buffer; a container's length is filled in when it is closed.  It trusts its caller with what a document is (no null
 * members, no key twice, valid UTF-8), but not with the depth, which the data decides: in place of a container beyond DOC_MAX_DEPTH false is
 * written, what would be in it is ignored, and is_too_deep tells.  So the bytes can be read whatever was written.
 */
#include "doc/format.h"

#include <math.h>

#include "kit/hash.h"

static inline bool
is_ignored(const DocWriter *w)
{
	return w->n_beyond > 0;
}

static inline uint8_t *
reserve(DocWriter *w, size_t size)
{
	kit_buf_reserve(w->buf, size);
	return (uint8_t *) w->buf->data + w->buf->len;
}

static inline void
advance(DocWriter *w, const uint8_t *end)
{
	w->buf->len = (size_t) (end - (const uint8_t *) w->buf->data);
	w->buf->data[w->buf->len] = '\0';
}

void
doc_seal(uint8_t *header, DocClass class, size_t len)
{
	header[0] = (uint8_t) (DOC_VERSION << 4 | class);
	header[1] = header[2] = header[3] = 0;
	doc_put_u32(header + 4, kit_crc32c(header + DOC_HEADER_SIZE, len - DOC_HEADER_SIZE));
}

void
doc_write_begin(DocWriter *w, KitBuf *buf, DocClass class)
{
	uint8_t    *p;

	w->buf = buf;
	w->start = buf->len;
	w->depth = 0;
	w->n_beyond = 0;
	w->has_plain_longs = false;
	w->is_too_deep = false;
	p = reserve(w, DOC_HEADER_SIZE);
	memset(p, 0, DOC_HEADER_SIZE);
	p[0] = (uint8_t) class;
	advance(w, p + DOC_HEADER_SIZE);
}

DocBytes
doc_write_end(DocWriter *w)
{
	uint8_t    *header = (uint8_t *) w->buf->data + w->start;
	size_t		len = w->buf->len - w->start;

	ADAMA_ASSERT(w->depth == 0 && w->n_beyond == 0);
	ADAMA_ASSERT(len > DOC_HEADER_SIZE);
	doc_seal(header, (DocClass) (header[0] & 0x0f), len);
	return (DocBytes) {(const char *) header, len};
}

static void
write_tag(DocWriter *w, uint8_t tag)
{
	uint8_t    *p;

	if (is_ignored(w))
		return;
	p = reserve(w, 1);
	*p++ = tag;
	advance(w, p);
}

void
doc_write_null(DocWriter *w)
{
	write_tag(w, DOC_TAG_NULL);
}

void
doc_write_bool(DocWriter *w, bool value)
{
	write_tag(w, value ? DOC_TAG_TRUE : DOC_TAG_FALSE);
}

void
doc_write_int(DocWriter *w, int64_t value)
{
	uint8_t    *p;

	if (is_ignored(w))
		return;
	p = reserve(w, 1 + DOC_MAX_VARINT);
	*p++ = DOC_TAG_INT;
	p = doc_put_varint(p, doc_zigzag(value));
	advance(w, p);
}

/* The decimal digits of value, written before end; returns where they begin. */
static char *
int_text(int64_t value, char *end)
{
	uint64_t	rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
		*--end = (char) ('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--end = '-';
	return end;
}

void
doc_write_long(DocWriter *w, int64_t value)
{
	char		text[24];
	char	   *end = text + sizeof(text);
	char	   *at;

	if (w->has_plain_longs)
	{
		doc_write_int(w, value);
		return;
	}
	at = int_text(value, end);
	doc_write_string(w, at, (size_t) (end - at));
}

void
doc_write_double(DocWriter *w, double value)
{
	uint8_t    *p;

	if (is_ignored(w))
		return;
	if (!isfinite(value))
	{
		doc_write_null(w);
		return;
	}
	p = reserve(w, 9);
	*p++ = DOC_TAG_DOUBLE;
	doc_put_double(p, value);
	advance(w, p + 8);
}

static uint8_t *
put_bytes(uint8_t *p, const char *bytes, size_t len)
{
	p = doc_put_varint(p, len);
	if (len > 0)
		memcpy(p, bytes, len);
	return p + len;
}

void
doc_write_string(DocWriter *w, const char *str, size_t len)
{
	uint8_t    *p;

	if (is_ignored(w))
		return;
	p = reserve(w, 1 + DOC_MAX_VARINT + len);
	*p++ = DOC_TAG_STRING;
	advance(w, put_bytes(p, str, len));
}

void
doc_write_key(DocWriter *w, const char *key, size_t len)
{
	if (is_ignored(w))
		return;
	advance(w, put_bytes(reserve(w, DOC_MAX_VARINT + len), key, len));
}

void
doc_write_key_z(DocWriter *w, const char *key)
{
	doc_write_key(w, key, strlen(key));
}

void
doc_write_key_int(DocWriter *w, int64_t key)
{
	char		text[24];
	char	   *end = text + sizeof(text);
	char	   *at = int_text(key, end);

	doc_write_key(w, at, (size_t) (end - at));
}

static void
begin_container(DocWriter *w, uint8_t tag)
{
	uint8_t    *p;

	if (is_ignored(w))
	{
		w->n_beyond++;
		return;
	}
	if (w->depth == DOC_MAX_DEPTH)
	{
		doc_write_bool(w, false);
		w->n_beyond = 1;
		w->is_too_deep = true;
		return;
	}
	w->open[w->depth++] = (uint32_t) (w->buf->len + 1 - w->start);
	p = reserve(w, DOC_CONTAINER_HEAD);
	p[0] = tag;
	doc_put_u32(p + 1, 0);
	advance(w, p + DOC_CONTAINER_HEAD);
}

static void
end_container(DocWriter *w)
{
	uint8_t    *length;

	if (is_ignored(w))
	{
		w->n_beyond--;
		return;
	}
	ADAMA_ASSERT(w->depth > 0);
	length = (uint8_t *) w->buf->data + w->start + w->open[--w->depth];
	doc_put_u32(length, (uint32_t) ((uint8_t *) w->buf->data + w->buf->len - (length + 4)));
}

void
doc_write_array_begin(DocWriter *w)
{
	begin_container(w, DOC_TAG_ARRAY);
}

void
doc_write_array_end(DocWriter *w)
{
	end_container(w);
}

void
doc_write_object_begin(DocWriter *w)
{
	begin_container(w, DOC_TAG_OBJECT);
}

void
doc_write_replacement_begin(DocWriter *w)
{
	begin_container(w, DOC_TAG_REPLACEMENT);
}

void
doc_write_object_end(DocWriter *w)
{
	end_container(w);
}

size_t
doc_write_mark(const DocWriter *w)
{
	return w->buf->len;
}

void
doc_write_cut(DocWriter *w, size_t mark)
{
	ADAMA_ASSERT(mark >= w->start + DOC_HEADER_SIZE && mark <= w->buf->len);
	w->buf->len = mark;
	w->buf->data[mark] = '\0';
}

/* Copies piece by piece what is nested too deep to be copied as it is. */
static void
write_container(DocWriter *w, DocItem item)
{
	DocKey		key;
	DocItem		value;

	if (item.kind == DOC_ARRAY)
	{
		doc_write_array_begin(w);
		while (!is_ignored(w) && doc_next_element(&item.body, &value))
			doc_write_item(w, value);
		doc_write_array_end(w);
		return;
	}
	begin_container(w, item.replaces ? DOC_TAG_REPLACEMENT : DOC_TAG_OBJECT);
	while (!is_ignored(w) && doc_next_member(&item.body, &key, &value))
	{
		doc_write_key(w, key.str, key.len);
		doc_write_item(w, value);
	}
	doc_write_object_end(w);
}

void
doc_write_item(DocWriter *w, DocItem item)
{
	uint8_t    *p;

	if (is_ignored(w))
		return;
	if ((item.kind == DOC_ARRAY || item.kind == DOC_OBJECT) && !doc_item_fits(item, DOC_MAX_DEPTH - w->depth))
	{
		write_container(w, item);
		return;
	}
	p = reserve(w, item.raw_len);
	memcpy(p, item.raw, item.raw_len);
	advance(w, p + item.raw_len);
}
