/*
 * json_write.c
 *	  A value as JSON text: from the bytes, from a tree, and the plain form that a person reads.
 *
 * Text is as short as it can be: no spaces.  Doubles look as Java prints them, so that 1 and 1.0 stay apart.
 */
#include "doc/format.h"

#include <math.h>
#include <stdio.h>

#include "kit/decimal.h"
#include "kit/utf8.h"

/* So many elements that are not there may lists have, all together, and still be shown as arrays: "@s" is but a number. */
#define MAX_MISSING_ELEMENTS 1000000

/* Whether one of eight bytes is a quote, a backslash, a control character, DEL or not ASCII. */
static inline bool
has_special(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	uint64_t	quote = bytes ^ ones * '"';
	uint64_t	backslash = bytes ^ ones * '\\';

	return (((bytes - ones * 0x20) | (quote - ones) | (backslash - ones) | (bytes + ones) | bytes) & tops) != 0;
}

static uint8_t *
put_hex(uint8_t *p, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	*p++ = '\\';
	*p++ = 'u';
	*p++ = (uint8_t) hex[unit >> 12 & 0xf];
	*p++ = (uint8_t) hex[unit >> 8 & 0xf];
	*p++ = (uint8_t) hex[unit >> 4 & 0xf];
	*p++ = (uint8_t) hex[unit & 0xf];
	return p;
}

static uint8_t *
put_escape(uint8_t *p, uint8_t c)
{
	uint8_t		letter;

	switch (c)
	{
		case '"':
		case '\\':
			letter = c;
			break;
		case '\b':
			letter = 'b';
			break;
		case '\f':
			letter = 'f';
			break;
		case '\n':
			letter = 'n';
			break;
		case '\r':
			letter = 'r';
			break;
		case '\t':
			letter = 't';
			break;
		default:
			return put_hex(p, c);
	}
	*p++ = '\\';
	*p++ = letter;
	return p;
}

void
doc_json_string(const char *str, size_t len, DocJsonStyle style, KitBuf *out)
{
	const uint8_t *s = (const uint8_t *) str;
	const uint8_t *end = s + len;
	uint8_t    *p;
	uint64_t	bytes;

	kit_buf_reserve(out, len + 2);
	p = (uint8_t *) out->data + out->len;
	*p++ = '"';
	while (end - s >= 8 && (memcpy(&bytes, s, 8), !has_special(bytes)))
	{
		memcpy(p, s, 8);
		s += 8;
		p += 8;
	}
	while (s < end)
	{
		uint8_t		c = *s;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
		{
			*p++ = c;
			s++;
			continue;
		}

		/* A byte becomes at most six, four become twelve; for the rest there is room as it is, and it asks again. */
		out->len = (size_t) (p - (uint8_t *) out->data);
		kit_buf_reserve(out, (size_t) (end - s) + 16);
		p = (uint8_t *) out->data + out->len;
		if (c < 0x7f)
		{
			p = put_escape(p, c);
			s++;
		}
		else if (style == DOC_JSON_TEXT)
		{
			*p++ = c;
			s++;
		}
		else
		{
			uint32_t	code;
			int			n = kit_utf8_read(s, end, &code);

			if (n == 0)
			{
				code = 0xfffd;	/* damaged text: shown as what it is */
				n = 1;
			}
			if (code >= 0x10000)
			{
				p = put_hex(p, 0xd800 + ((code - 0x10000) >> 10));
				p = put_hex(p, 0xdc00 + (code & 0x3ff));
			}
			else
				p = put_hex(p, code);
			s += n;
		}
	}
	*p++ = '"';
	out->len = (size_t) (p - (uint8_t *) out->data);
	out->data[out->len] = '\0';
}

/*
 * With a point and at least one digit on each side of it when 10^-3 <= |value| < 10^7, else with one digit before the point and an exponent.
 */
void
doc_double_text(double value, KitBuf *out)
{
	char		digits[KIT_DECIMAL_DIGITS];
	char		text[40];
	char	   *p = text;
	int			exp10;
	int			n;

	if (isnan(value) || isinf(value))
	{
		kit_buf_add_str(out, isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
		return;
	}
	n = kit_double_digits(value, digits, &exp10);
	if (signbit(value))
		*p++ = '-';
	if (exp10 > -3 && exp10 <= 7)
	{
		if (exp10 <= 0)
			*p++ = '0';
		for (int i = 0; i < exp10; i++)
			*p++ = i < n ? digits[i] : '0';
		*p++ = '.';
		for (int i = exp10; i < 0; i++)
			*p++ = '0';
		if (n <= exp10)
			*p++ = '0';
		for (int i = exp10 < 0 ? 0 : exp10; i < n; i++)
			*p++ = digits[i];
	}
	else
	{
		*p++ = digits[0];
		*p++ = '.';
		if (n == 1)
			*p++ = '0';
		for (int i = 1; i < n; i++)
			*p++ = digits[i];
		*p++ = 'E';
		p += snprintf(p, 8, "%d", exp10 - 1);
	}
	kit_buf_add(out, text, (size_t) (p - text));
}

/* ---- from the bytes ---- */

/* False when the bytes are damaged. */
static bool
write_item(DocItem item, DocJsonStyle style, KitBuf *out, int depth)
{
	DocItem		value;
	DocKey		key;
	bool		is_first = true;

	switch (item.kind)
	{
		case DOC_NULL:
			kit_buf_add(out, "null", 4);
			return true;
		case DOC_BOOL:
			kit_buf_add_str(out, item.b ? "true" : "false");
			return true;
		case DOC_INT:
			kit_buf_add_int(out, item.i);
			return true;
		case DOC_DOUBLE:
			doc_double_text(item.d, out);
			return true;
		case DOC_STRING:
			doc_json_string(item.str, item.len, style, out);
			return true;
		case DOC_ARRAY:
			if (depth == DOC_MAX_DEPTH)
				return false;
			kit_buf_add_char(out, '[');
			for (; doc_next_element(&item.body, &value); is_first = false)
			{
				if (!is_first)
					kit_buf_add_char(out, ',');
				if (!write_item(value, style, out, depth + 1))
					return false;
			}
			kit_buf_add_char(out, ']');
			return !item.body.is_damaged;
		case DOC_OBJECT:
			if (depth == DOC_MAX_DEPTH)
				return false;
			kit_buf_add_char(out, '{');
			if (item.replaces)
			{
				kit_buf_add_str(out, "\"@r\":true");
				is_first = false;
			}
			for (; doc_next_member(&item.body, &key, &value); is_first = false)
			{
				if (!is_first)
					kit_buf_add_char(out, ',');
				doc_json_string(key.str, key.len, style, out);
				kit_buf_add_char(out, ':');
				if (!write_item(value, style, out, depth + 1))
					return false;
			}
			kit_buf_add_char(out, '}');
			return !item.body.is_damaged;
	}
	return false;
}

void
doc_item_to_json(DocItem item, DocJsonStyle style, KitBuf *out)
{
	size_t		start = out->len;

	if (write_item(item, style, out, 0))
		return;
	/* Damaged bytes are no value. */
	out->len = start;
	kit_buf_add_str(out, "null");
}

bool
doc_to_json(DocBytes bytes, DocClass class, DocJsonStyle style, KitBuf *out, KitDiag *diag)
{
	DocItem		root;
	size_t		start = out->len;

	if (!doc_open(bytes, class, &root, diag))
		return false;
	kit_buf_reserve(out, bytes.len + bytes.len / 4);
	if (write_item(root, style, out, 0))
		return true;
	out->len = start;
	out->data[start] = '\0';
	return kit_fail(diag, KIT_DAMAGED, "stored value is damaged");
}

/* ---- from a tree ---- */

void
doc_node_to_json(const DocNode *node, DocJsonStyle style, KitBuf *out)
{
	bool		is_first = true;

	switch (node->kind)
	{
		case DOC_NULL:
			kit_buf_add(out, "null", 4);
			break;
		case DOC_BOOL:
			kit_buf_add_str(out, node->u.b ? "true" : "false");
			break;
		case DOC_INT:
			kit_buf_add_int(out, node->u.i);
			break;
		case DOC_DOUBLE:
			if (isfinite(node->u.d))
				doc_double_text(node->u.d, out);
			else
				kit_buf_add(out, "null", 4);
			break;
		case DOC_STRING:
			doc_json_string(node->u.s.str, node->u.s.len, style, out);
			break;
		case DOC_ARRAY:
			kit_buf_add_char(out, '[');
			for (uint32_t i = 0; i < node->u.array.n; i++)
			{
				if (i > 0)
					kit_buf_add_char(out, ',');
				doc_node_to_json(node->u.array.items[i], style, out);
			}
			kit_buf_add_char(out, ']');
			break;
		case DOC_OBJECT:
			kit_buf_add_char(out, '{');
			if (node->replaces)
			{
				kit_buf_add_str(out, "\"@r\":true");
				is_first = false;
			}
			for (uint32_t i = 0; i < node->u.object.n; i++, is_first = false)
			{
				const DocMember *member = &node->u.object.members[i];

				if (!is_first)
					kit_buf_add_char(out, ',');
				doc_json_string(member->key, member->key_len, style, out);
				kit_buf_add_char(out, ':');
				doc_node_to_json(member->value, style, out);
			}
			kit_buf_add_char(out, '}');
			break;
	}
}

/* ---- the plain form ---- */

typedef struct Plain
{
	KitArena   *arena;
	KitBuf	   *out;
	int64_t		missing;		/* elements that may still be missing from lists */
} Plain;

static void write_plain(Plain *plain, const DocNode *node);

/* The number of the member with a decimal key, or -1; at is tried first. */
static int64_t
find_by_int(const DocNode *object, int64_t id, uint32_t at)
{
	char		key[24];
	int			len = snprintf(key, sizeof(key), "%lld", (long long) id);

	return doc_node_find(object, key, (size_t) len, at);
}

/* Each element once, though its id came twice: the text is never longer than the document. */
static void
write_ordered_list(Plain *plain, const DocNode *list, const DocNode *order)
{
	bool	   *is_shown = KIT_NEW_N(plain->arena, bool, list->u.object.n);
	bool		is_first = true;

	kit_buf_add_char(plain->out, '[');
	for (uint32_t i = 0; i < order->u.array.n; i++)
	{
		const DocNode *id = order->u.array.items[i];
		int64_t		found = -1;

		if (id->kind == DOC_STRING)
			found = doc_node_find(list, id->u.s.str, id->u.s.len, i);
		else if (id->kind == DOC_INT)
			found = find_by_int(list, id->u.i, i);
		if (found < 0 || is_shown[found])
			continue;
		is_shown[found] = true;
		if (!is_first)
			kit_buf_add_char(plain->out, ',');
		is_first = false;
		write_plain(plain, list->u.object.members[found].value);
	}
	kit_buf_add_char(plain->out, ']');
}

static void
write_sized_list(Plain *plain, const DocNode *list, int64_t size)
{
	kit_buf_add_char(plain->out, '[');
	for (int64_t i = 0; i < size; i++)
	{
		int64_t		found = find_by_int(list, i, (uint32_t) i);

		if (i > 0)
			kit_buf_add_char(plain->out, ',');
		if (found >= 0)
			write_plain(plain, list->u.object.members[found].value);
		else
			kit_buf_add_str(plain->out, "null");
	}
	kit_buf_add_char(plain->out, ']');
}

static void
write_plain(Plain *plain, const DocNode *node)
{
	if (node->kind == DOC_ARRAY)
	{
		kit_buf_add_char(plain->out, '[');
		for (uint32_t i = 0; i < node->u.array.n; i++)
		{
			if (i > 0)
				kit_buf_add_char(plain->out, ',');
			write_plain(plain, node->u.array.items[i]);
		}
		kit_buf_add_char(plain->out, ']');
	}
	else if (node->kind == DOC_OBJECT)
	{
		const DocNode *order = doc_node_get(node, "@o", 2);
		const DocNode *size = doc_node_get(node, "@s", 2);

		if (order != NULL && order->kind == DOC_ARRAY)
		{
			write_ordered_list(plain, node, order);
			return;
		}
		if (size != NULL && size->kind == DOC_INT && size->u.i >= 0)
		{
			int64_t		n_missing = size->u.i - (int64_t) (node->u.object.n - 1);

			if (n_missing <= plain->missing)
			{
				plain->missing -= n_missing > 0 ? n_missing : 0;
				write_sized_list(plain, node, size->u.i);
				return;
			}
		}
		kit_buf_add_char(plain->out, '{');
		for (uint32_t i = 0; i < node->u.object.n; i++)
		{
			const DocMember *member = &node->u.object.members[i];

			if (i > 0)
				kit_buf_add_char(plain->out, ',');
			doc_json_string(member->key, member->key_len, DOC_JSON_TEXT, plain->out);
			kit_buf_add_char(plain->out, ':');
			write_plain(plain, member->value);
		}
		kit_buf_add_char(plain->out, '}');
	}
	else
		doc_node_to_json(node, DOC_JSON_TEXT, plain->out);
}

bool
doc_to_plain_json(DocBytes document, KitBuf *out, KitDiag *diag)
{
	Plain		plain = {.out = out, .missing = MAX_MISSING_ELEMENTS};
	DocItem		root;
	DocNode    *tree;
	KitArena   *arena;
	bool		is_read;

	if (!doc_open(document, DOC_DOCUMENT, &root, diag))
		return false;
	arena = plain.arena = kit_arena_new("plain form of a document");
	is_read = doc_node_from_item(arena, root, &tree, diag);
	if (is_read)
		write_plain(&plain, tree);
	kit_arena_delete(arena);
	return is_read;
}
