/*
 * read.c
 *	  Reading encoded bytes: cursors, and the check of bytes that come from outside.
 *
 * A cursor trusts nothing: every length is compared with what is left before it is used.  When something is wrong it marks itself as damaged and
 * yields nothing more; an outer cursor does not learn of that, since a container is skipped by its length.
 */
#include "doc/format.h"

#include <math.h>

#include "kit/hash.h"
#include "kit/utf8.h"

/* A varint in its shortest form, of at most 64 bits; NULL when it is none. */
static inline const uint8_t *
get_varint(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
	uint64_t	result;
	int			shift = 7;

	if (p == end)
		return NULL;
	result = *p++;
	if (result < 0x80)
	{
		*value = result;
		return p;
	}
	result &= 0x7f;
	for (; p < end && shift < 64; shift += 7)
	{
		uint8_t		byte = *p++;

		if (shift == 63 && byte > 1)
			return NULL;
		result |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*value = result;
			return byte != 0 ? p : NULL;
		}
	}
	return NULL;
}

static inline bool
damage(DocCursor *cursor)
{
	cursor->is_damaged = true;
	cursor->p = cursor->end;
	return false;
}

static bool
read_value(DocCursor *cursor, DocItem *item)
{
	const uint8_t *p = cursor->p;
	const uint8_t *end = cursor->end;
	uint64_t	number;
	uint8_t		tag;

	if (p >= end)
		return damage(cursor);
	memset(item, 0, sizeof(DocItem));
	item->raw = p;
	tag = *p++;
	switch (tag)
	{
		case DOC_TAG_NULL:
			item->kind = DOC_NULL;
			break;
		case DOC_TAG_FALSE:
		case DOC_TAG_TRUE:
			item->kind = DOC_BOOL;
			item->b = tag == DOC_TAG_TRUE;
			break;
		case DOC_TAG_INT:
			item->kind = DOC_INT;
			p = get_varint(p, end, &number);
			if (p == NULL)
				return damage(cursor);
			item->i = doc_unzigzag(number);
			break;
		case DOC_TAG_DOUBLE:
			item->kind = DOC_DOUBLE;
			if (end - p < 8)
				return damage(cursor);
			item->d = doc_get_double(p);
			if (!isfinite(item->d))
				return damage(cursor);
			p += 8;
			break;
		case DOC_TAG_STRING:
			item->kind = DOC_STRING;
			p = get_varint(p, end, &number);
			if (p == NULL || number > (uint64_t) (end - p))
				return damage(cursor);
			item->str = (const char *) p;
			item->len = (uint32_t) number;
			p += number;
			break;
		case DOC_TAG_ARRAY:
		case DOC_TAG_OBJECT:
		case DOC_TAG_REPLACEMENT:
			item->kind = tag == DOC_TAG_ARRAY ? DOC_ARRAY : DOC_OBJECT;
			item->replaces = tag == DOC_TAG_REPLACEMENT;
			if (end - p < 4)
				return damage(cursor);
			number = doc_get_u32(p);
			p += 4;
			if (number > (uint64_t) (end - p))
				return damage(cursor);
			item->body.p = p;
			p += number;
			item->body.end = p;
			break;
		default:
			return damage(cursor);
	}
	item->raw_len = (uint32_t) (p - item->raw);
	cursor->p = p;
	return true;
}

bool
doc_next_member(DocCursor *object, DocKey *key, DocItem *value)
{
	const uint8_t *p = object->p;
	uint64_t	len;

	if (p == object->end)
		return false;
	p = get_varint(p, object->end, &len);
	if (p == NULL || len > (uint64_t) (object->end - p))
		return damage(object);
	key->str = (const char *) p;
	key->len = (uint32_t) len;
	object->p = p + len;
	return read_value(object, value);
}

bool
doc_next_element(DocCursor *array, DocItem *value)
{
	if (array->p == array->end)
		return false;
	return read_value(array, value);
}

bool
doc_find_member(DocItem object, const char *key, size_t len, DocItem *value)
{
	DocKey		found;

	if (object.kind != DOC_OBJECT)
		return false;
	while (doc_next_member(&object.body, &found, value))
		if (found.len == len && memcmp(found.str, key, len) == 0)
			return true;
	return false;
}

bool
doc_key_is(DocKey key, const char *z)
{
	return strlen(z) == key.len && memcmp(key.str, z, key.len) == 0;
}

bool
doc_parse_int(const char *str, size_t len, int64_t *value)
{
	bool		is_negative = len > 0 && str[0] == '-';
	size_t		i = is_negative ? 1 : 0;
	uint64_t	limit = (uint64_t) INT64_MAX + (is_negative ? 1 : 0);
	uint64_t	number = 0;

	if (i == len || len - i > 19 || (str[i] == '0' && (len - i > 1 || is_negative)))
		return false;
	for (; i < len; i++)
	{
		if (str[i] < '0' || str[i] > '9')
			return false;
		number = number * 10 + (uint64_t) (str[i] - '0');
	}
	if (number > limit)
		return false;
	*value = is_negative ? (int64_t) -number : (int64_t) number;
	return true;
}

bool
doc_item_fits(DocItem item, int depth)
{
	DocItem		value;
	DocKey		key;

	if (item.kind != DOC_ARRAY && item.kind != DOC_OBJECT)
		return true;
	if (depth <= 0)
		return false;
	/* Each level takes its head: few bytes can't be nested deep. */
	if (item.raw_len < (uint32_t) depth * DOC_CONTAINER_HEAD)
		return true;
	if (item.kind == DOC_ARRAY)
	{
		while (doc_next_element(&item.body, &value))
			if (!doc_item_fits(value, depth - 1))
				return false;
	}
	else
	{
		while (doc_next_member(&item.body, &key, &value))
			if (!doc_item_fits(value, depth - 1))
				return false;
	}
	return true;
}

bool
doc_open_any(DocBytes bytes, DocClass *class, DocItem *root, KitDiag *diag)
{
	const uint8_t *p = (const uint8_t *) bytes.data;
	DocCursor	cursor = {0};

	if (bytes.len <= DOC_HEADER_SIZE)
		return kit_fail(diag, KIT_DAMAGED, "stored value is cut off: it has %zu bytes", bytes.len);
	if (p[0] >> 4 != DOC_VERSION)
		return kit_fail(diag, KIT_DAMAGED, "stored value has format version %d, this adama reads version %d", p[0] >> 4, DOC_VERSION);
	*class = (DocClass) (p[0] & 0x0f);
	if ((*class != DOC_DOCUMENT && *class != DOC_DELTA) || p[1] != 0 || p[2] != 0 || p[3] != 0)
		return kit_fail(diag, KIT_DAMAGED, "stored value has a damaged header");
	if (doc_get_u32(p + 4) != kit_crc32c(p + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE))
		return kit_fail(diag, KIT_DAMAGED, "stored value does not match its checksum");
	cursor.p = p + DOC_HEADER_SIZE;
	cursor.end = p + bytes.len;
	if (!read_value(&cursor, root) || cursor.p != cursor.end || (root->replaces && *class != DOC_DELTA))
		return kit_fail(diag, KIT_DAMAGED, "stored value is damaged");
	return true;
}

bool
doc_open(DocBytes bytes, DocClass class, DocItem *root, KitDiag *diag)
{
	DocClass	found;

	if (!doc_open_any(bytes, &found, root, diag))
		return false;
	if (found != class)
		return kit_fail(diag, KIT_DAMAGED, class == DOC_DOCUMENT ? "stored value is a delta, not a document" :
						"stored value is a document, not a delta");
	return true;
}

/* ---- the whole walk ---- */

typedef struct Check
{
	KitArena   *arena;			/* for the keys of large objects; made when first needed */
	KitDiag    *diag;
} Check;

static bool
refuse(Check *check, const char *what)
{
	return kit_fail(check->diag, KIT_DAMAGED, "encoded value is not valid: %s", what);
}

static bool
text_is_valid(const char *str, size_t len)
{
	const uint8_t *p = (const uint8_t *) str;
	const uint8_t *end = p + len;
	uint32_t	code;

	while (p < end)
	{
		int			n = kit_utf8_read(p, end, &code);

		if (n == 0 || code == 0)
			return false;
		p += n;
	}
	return true;
}

/* The keys of an object are all different.  Short objects are compared pairwise, long ones through a table. */
static bool
keys_are_unique(Check *check, DocCursor body)
{
	DocKey		few[DOC_SHORT_OBJECT];
	DocKey		key;
	DocItem		value;
	DocCursor	again = body;
	uint32_t	n = 0;
	uint32_t	size = 4 * DOC_SHORT_OBJECT;
	DocKey	   *table;
	uint64_t	seed;

	while (doc_next_member(&body, &key, &value))
	{
		if (n < DOC_SHORT_OBJECT)
		{
			for (uint32_t i = 0; i < n; i++)
				if (few[i].len == key.len && memcmp(few[i].str, key.str, key.len) == 0)
					return false;
			few[n] = key;
		}
		n++;
	}
	if (n <= DOC_SHORT_OBJECT)
		return true;
	while (size < 2 * n)
		size *= 2;
	if (check->arena == NULL)
		check->arena = kit_arena_new("check of a document");
	table = KIT_NEW_N(check->arena, DocKey, size);
	seed = kit_hash_mix((uintptr_t) table, (uintptr_t) &few);
	while (doc_next_member(&again, &key, &value))
	{
		uint64_t	at = kit_hash(key.str, key.len, seed) & (size - 1);

		for (; table[at].str != NULL; at = (at + 1) & (size - 1))
			if (table[at].len == key.len && memcmp(table[at].str, key.str, key.len) == 0)
				return false;
		table[at] = key;
	}
	return true;
}

static bool
order_is_valid(DocItem order, bool is_literal)
{
	DocItem		piece;

	if (order.kind != DOC_ARRAY)
		return false;
	while (doc_next_element(&order.body, &piece))
	{
		DocItem		from,
					to,
					more;

		if (piece.kind == DOC_INT || (piece.kind == DOC_STRING && text_is_valid(piece.str, piece.len)))
			continue;
		if (is_literal || piece.kind != DOC_ARRAY)
			return false;
		if (!doc_next_element(&piece.body, &from) || !doc_next_element(&piece.body, &to) || doc_next_element(&piece.body, &more) ||
			piece.body.is_damaged || from.kind != DOC_INT || to.kind != DOC_INT || from.i < 0 || from.i > to.i)
			return false;
	}
	return !order.body.is_damaged;
}

/* is_literal: the rules of documents hold, because it is one or because it is within an array. */
static bool
check_value(Check *check, DocItem item, bool is_literal, int depth)
{
	DocKey		key;
	DocItem		value;

	if ((item.kind == DOC_ARRAY || item.kind == DOC_OBJECT) && ++depth > DOC_MAX_DEPTH)
		return refuse(check, "it is nested too deep");
	if (item.kind == DOC_STRING && !text_is_valid(item.str, item.len))
		return refuse(check, "a string is not UTF-8");
	if (item.kind == DOC_ARRAY)
	{
		while (doc_next_element(&item.body, &value))
			if (!check_value(check, value, true, depth))
				return false;
	}
	else if (item.kind == DOC_OBJECT)
	{
		if (item.replaces && is_literal)
			return refuse(check, "only an object in a delta can replace");
		if (!keys_are_unique(check, item.body))
			return refuse(check, "an object has the same key twice");
		while (doc_next_member(&item.body, &key, &value))
		{
			DocRole		role = doc_role_of(key.str, key.len);

			if (!text_is_valid(key.str, key.len))
				return refuse(check, "a key is not UTF-8");
			if (role == DOC_ROLE_REPLACES)
				return refuse(check, "\"@r\" is not a member's name");
			if (value.kind == DOC_NULL)
			{
				if (is_literal)
					return refuse(check, "a member is null");
				continue;
			}
			if (role == DOC_ROLE_SIZE && (value.kind != DOC_INT || value.i < 0))
				return refuse(check, "\"@s\" is not a size");
			if (role == DOC_ROLE_ORDER)
			{
				if (depth == DOC_MAX_DEPTH || !order_is_valid(value, is_literal))
					return refuse(check, "\"@o\" is not an order");
				if (!is_literal && !doc_item_fits(value, DOC_MAX_DEPTH - depth))
					return refuse(check, "it is nested too deep");
				continue;
			}
			if (!check_value(check, value, is_literal, depth))
				return false;
		}
	}
	if (item.body.is_damaged)
		return refuse(check, "a length or a tag is wrong");
	return true;
}

bool
doc_validate(DocBytes bytes, DocClass class, KitDiag *diag)
{
	Check		check = {NULL, diag};
	DocItem		root;
	bool		is_valid;

	if (!doc_open(bytes, class, &root, diag))
		return false;
	is_valid = check_value(&check, root, class == DOC_DOCUMENT, 0);
	if (check.arena != NULL)
		kit_arena_delete(check.arena);
	return is_valid;
}
