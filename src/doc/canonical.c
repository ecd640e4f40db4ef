/*
 * canonical.c
 *	  Values in the one form that equal values share: members in the order of the bytes of their names, none of them null.
 *
 * This is the form of JSON that lies in a field of a document as a value of its own.  It has no header: whoever keeps it has one around it.  Two values
 * are equal when their bytes are.  It may not have the member names that mean something to the algebra ("@o", "@s", "@r"), since whoever wrote the JSON
 * does not know of them; nor "__proto__", which a browser would take for an object's prototype.
 *
 * A change of such a value is written member by member, and merged again, by walking both values at once: their members are in one order.
 */
#include "doc/format.h"

/* The members of an object in order. */
typedef struct Members
{
	const uint8_t *end;
	DocCursor	cursor;			/* when they are in order as they lie there */
	const uint8_t **places;		/* otherwise: where each begins */
	uint32_t	n;
	uint32_t	next;
} Members;

typedef struct Canonical
{
	KitArena   *scratch;
	KitBuf	   *out;
	DocKey	   *refused;
} Canonical;

static DocFit merge(Canonical *c, const DocItem *base, DocItem change, int depth);

static int
compare_keys(DocKey a, DocKey b)
{
	uint32_t	shorter = a.len < b.len ? a.len : b.len;
	int			order = shorter == 0 ? 0 : memcmp(a.str, b.str, shorter);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- members in order ---- */

static void
member_at(const uint8_t *place, const uint8_t *end, DocKey *key, DocItem *value)
{
	DocCursor	cursor = {.p = place, .end = end};

	doc_next_member(&cursor, key, value);
}

static bool
comes_first(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
	DocKey		keys[2];
	DocItem		value;

	member_at(a, end, &keys[0], &value);
	member_at(b, end, &keys[1], &value);
	return compare_keys(keys[0], keys[1]) <= 0;
}

/* Returns the sorted ones of the two arrays. */
static const uint8_t **
sort_members(const uint8_t **from, const uint8_t **to, uint32_t n, const uint8_t *last)
{
	for (uint32_t width = 1; width < n; width *= 2)
	{
		const uint8_t **merged = to;

		for (uint32_t start = 0; start < n; start += 2 * width)
		{
			uint32_t	i = start;
			uint32_t	i_end = n - start < width ? n : start + width;
			uint32_t	j = i_end;
			uint32_t	j_end = n - i_end < width ? n : i_end + width;

			for (uint32_t k = start; k < j_end; k++)
				to[k] = j >= j_end || (i < i_end && comes_first(from[i], from[j], last)) ? from[i++] : from[j++];
		}
		to = from;
		from = merged;
	}
	return from;
}

static bool
is_refused(DocKey key)
{
	return doc_role_of(key.str, key.len) != DOC_ROLE_NONE || (key.len == 9 && memcmp(key.str, "__proto__", 9) == 0);
}

static DocFit
read_members(Canonical *c, DocItem object, Members *members)
{
	DocCursor	cursor = object.body;
	const uint8_t *place = cursor.p;
	DocKey		before = {0};
	DocKey		key;
	DocItem		value;
	bool		is_sorted = true;

	*members = (Members) {.end = object.body.end, .cursor = object.body};
	for (; doc_next_member(&cursor, &key, &value); members->n++)
	{
		if (is_refused(key))
		{
			*c->refused = key;
			return DOC_FIT_RESERVED;
		}
		is_sorted = is_sorted && (members->n == 0 || compare_keys(before, key) < 0);
		before = key;
	}
	if (cursor.is_damaged)
		return DOC_FIT_DAMAGED;
	if (is_sorted)
		return DOC_FIT_OK;
	members->places = kit_arena_alloc(c->scratch, 2 * (size_t) members->n * sizeof(uint8_t *));
	cursor = object.body;
	for (uint32_t i = 0; i < members->n; i++)
	{
		members->places[i] = place;
		doc_next_member(&cursor, &key, &value);
		place = cursor.p;
	}
	members->places = sort_members(members->places, members->places + members->n, members->n, members->end);
	return DOC_FIT_OK;
}

static bool
next_member(Members *members, DocKey *key, DocItem *value)
{
	if (members->next == members->n)
		return false;
	if (members->places == NULL)
		doc_next_member(&members->cursor, key, value);
	else
		member_at(members->places[members->next], members->end, key, value);
	members->next++;
	return true;
}

/* ---- writing ---- */

static size_t
begin(Canonical *c, uint8_t tag)
{
	uint8_t		head[DOC_CONTAINER_HEAD] = {tag};

	kit_buf_add(c->out, head, sizeof(head));
	return c->out->len;
}

static void
end(Canonical *c, size_t start)
{
	doc_put_u32((uint8_t *) c->out->data + start - 4, (uint32_t) (c->out->len - start));
}

static void
put_key(Canonical *c, DocKey key)
{
	uint8_t		len[DOC_MAX_VARINT];

	kit_buf_add(c->out, len, (size_t) (doc_put_varint(len, key.len) - len));
	kit_buf_add(c->out, key.str, key.len);
}

static DocFit
write_array(Canonical *c, DocItem array, int depth)
{
	size_t		start = begin(c, DOC_TAG_ARRAY);
	DocItem		element;
	DocFit		fit = DOC_FIT_OK;

	while (fit == DOC_FIT_OK && doc_next_element(&array.body, &element))
		fit = merge(c, NULL, element, depth);
	end(c, start);
	return fit == DOC_FIT_OK && array.body.is_damaged ? DOC_FIT_DAMAGED : fit;
}

static DocFit
merge_objects(Canonical *c, const DocItem *base, DocItem change, int depth)
{
	DocCursor	old = base == NULL ? (DocCursor) {0} : base->body;
	DocKey		old_key;
	DocKey		new_key;
	DocItem		old_value;
	DocItem		new_value;
	Members		members;
	DocFit		fit = read_members(c, change, &members);
	size_t		start = begin(c, DOC_TAG_OBJECT);
	bool		has_old = base != NULL && doc_next_member(&old, &old_key, &old_value);
	bool		has_new = next_member(&members, &new_key, &new_value);

	while (fit == DOC_FIT_OK && (has_old || has_new))
	{
		int			order = !has_old ? 1 : !has_new ? -1 : compare_keys(old_key, new_key);

		if (order < 0)
		{
			put_key(c, old_key);
			kit_buf_add(c->out, old_value.raw, old_value.raw_len);
		}
		else if (new_value.kind != DOC_NULL)
		{
			put_key(c, new_key);
			fit = merge(c, order == 0 ? &old_value : NULL, new_value, depth);
		}
		if (order <= 0)
			has_old = doc_next_member(&old, &old_key, &old_value);
		if (order >= 0)
			has_new = next_member(&members, &new_key, &new_value);
	}
	end(c, start);
	return fit;
}

/* depth: how many containers may still be nested. */
static DocFit
merge(Canonical *c, const DocItem *base, DocItem change, int depth)
{
	if ((change.kind == DOC_ARRAY || change.kind == DOC_OBJECT) && depth == 0)
		return DOC_FIT_TOO_DEEP;
	switch (change.kind)
	{
		case DOC_ARRAY:
			return write_array(c, change, depth - 1);
		case DOC_OBJECT:
			if (base != NULL && (base->kind != DOC_OBJECT || change.replaces))
				base = NULL;
			return merge_objects(c, base, change, depth - 1);
		default:
			kit_buf_add(c->out, change.raw, change.raw_len);
			return DOC_FIT_OK;
	}
}

DocFit
doc_canonical(KitArena *scratch, const DocItem *base, DocItem change, int max_depth, KitBuf *out, DocKey *refused)
{
	Canonical	c = {scratch, out, refused};

	return merge(&c, base, change, max_depth);
}

bool
doc_item_from_raw(const char *data, size_t len, DocItem *item)
{
	DocCursor	cursor = {.p = (const uint8_t *) data, .end = (const uint8_t *) data + len};

	return doc_next_element(&cursor, item);
}

/* ---- changes ---- */

static bool
same_bytes(DocItem a, DocItem b)
{
	return a.raw_len == b.raw_len && memcmp(a.raw, b.raw, a.raw_len) == 0;
}

void
doc_write_canonical_change(DocWriter *w, DocItem from, DocItem to)
{
	DocKey		old_key;
	DocKey		new_key;
	DocItem		old;
	DocItem		new;
	bool		has_old;
	bool		has_new;

	if (from.kind != DOC_OBJECT || to.kind != DOC_OBJECT)
	{
		doc_write_item(w, to);
		return;
	}
	doc_write_object_begin(w);
	has_old = doc_next_member(&from.body, &old_key, &old);
	has_new = doc_next_member(&to.body, &new_key, &new);
	while (has_old || has_new)
	{
		int			order = !has_old ? 1 : !has_new ? -1 : compare_keys(old_key, new_key);

		if (order < 0)
		{
			doc_write_key(w, old_key.str, old_key.len);
			doc_write_null(w);
		}
		else if (order > 0 || !same_bytes(old, new))
		{
			doc_write_key(w, new_key.str, new_key.len);
			if (order > 0)
				doc_write_item(w, new);
			else
				doc_write_canonical_change(w, old, new);
		}
		if (order <= 0)
			has_old = doc_next_member(&from.body, &old_key, &old);
		if (order >= 0)
			has_new = doc_next_member(&to.body, &new_key, &new);
	}
	doc_write_object_end(w);
}
