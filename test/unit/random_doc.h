/*
 * random_doc.h
 *	  Random documents and deltas, as trees.  Few keys and few values, so that two of them have much in common.
 */
#ifndef ADAMA_RANDOM_DOC_H
#define ADAMA_RANDOM_DOC_H

#include "unit.h"

#include "doc/doc.h"

static const char *const random_keys[] = {"a", "b", "c", "longer key", "\xc3\xa4", "d", "1", "2"};
static const char *const random_texts[] = {"", "x", "hello", "line\nbreak \"quoted\" \\ \x01\x7f", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x8e\x89",
"a text that is somewhat longer than the others, so that its length"};
static const double random_doubles[] = {0.0, -0.0, 1.0, 0.1, 1e7, 1e23, -2.5e-8, 5e-324, 1.7976931348623157e308};
static const int64_t random_ints[] = {0, 1, -1, 63, 64, -65, 1000000, INT64_MAX, INT64_MIN};

#define RANDOM_OF(random, list) ((list)[unit_below((random), (uint32_t) (sizeof(list) / sizeof((list)[0])))])

static DocNode *random_value(KitArena *arena, UnitRandom *random, int depth);

static DocNode *
random_scalar(KitArena *arena, UnitRandom *random)
{
	DocNode    *node;
	const char *text;

	switch (unit_below(random, 6))
	{
		case 0:
			node = doc_node_new(arena, DOC_BOOL);
			node->u.b = unit_below(random, 2) == 1;
			return node;
		case 1:
			node = doc_node_new(arena, DOC_DOUBLE);
			node->u.d = RANDOM_OF(random, random_doubles);
			return node;
		case 2:
			text = RANDOM_OF(random, random_texts);
			return doc_node_string(arena, text, strlen(text));
		case 3:
			return doc_node_int(arena, RANDOM_OF(random, random_ints));
		default:
			return doc_node_int(arena, unit_below(random, 3));
	}
}

/* The ids 1 … n that chance chooses, in an order that chance makes; as member names too. */
static DocNode *
random_ordered_list(KitArena *arena, UnitRandom *random, int depth)
{
	DocNode    *list = doc_node_new(arena, DOC_OBJECT);
	DocNode    *order = doc_node_new(arena, DOC_ARRAY);
	uint32_t	n = unit_below(random, 12);
	uint32_t	step = 1 + unit_below(random, 3);

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	id = unit_below(random, 4) == 0 ? unit_below(random, 30) : 1 + i * step;
		char	   *key = kit_arena_printf(arena, "%u", id);

		if (doc_node_get(list, key, strlen(key)) != NULL)
			continue;
		doc_node_set(arena, list, key, strlen(key), unit_below(random, 3) == 0 ? random_value(arena, random, depth + 1) :
					 random_scalar(arena, random));
		doc_node_append(arena, order, unit_below(random, 8) == 0 ? doc_node_string(arena, key, strlen(key)) : doc_node_int(arena, id));
	}
	doc_node_set(arena, list, "@o", 2, order);
	return list;
}

static DocNode *
random_sized_list(KitArena *arena, UnitRandom *random, int depth)
{
	DocNode    *list = doc_node_new(arena, DOC_OBJECT);
	uint32_t	n = unit_below(random, 6);

	for (uint32_t i = 0; i < n; i++)
	{
		char	   *key = kit_arena_printf(arena, "%u", i);

		if (unit_below(random, 6) != 0)
			doc_node_set(arena, list, key, strlen(key), unit_below(random, 3) == 0 ? random_value(arena, random, depth + 1) :
						 random_scalar(arena, random));
	}
	doc_node_set(arena, list, "@s", 2, doc_node_int(arena, n));
	return list;
}

/* A value that a document can hold: no null, but in arrays. */
static DocNode *
random_value(KitArena *arena, UnitRandom *random, int depth)
{
	DocNode    *node;
	uint32_t	n;

	if (depth >= 4)
		return random_scalar(arena, random);
	switch (unit_below(random, 8))
	{
		case 0:
			node = doc_node_new(arena, DOC_ARRAY);
			n = unit_below(random, 4);
			for (uint32_t i = 0; i < n; i++)
				doc_node_append(arena, node, unit_below(random, 5) == 0 ? doc_node_new(arena, DOC_NULL) :
								random_value(arena, random, depth + 1));
			return node;
		case 1:
		case 2:
		case 3:
			node = doc_node_new(arena, DOC_OBJECT);
			n = unit_below(random, depth == 0 ? 7 : 4);
			if (unit_below(random, 30) == 0)
				n += 30;
			for (uint32_t i = 0; i < n; i++)
			{
				const char *key = n < 20 ? RANDOM_OF(random, random_keys) : kit_arena_printf(arena, "key %u", unit_below(random, 60));

				doc_node_set(arena, node, key, strlen(key), n < 20 ? random_value(arena, random, depth + 1) : random_scalar(arena, random));
			}
			return node;
		case 4:
			return random_ordered_list(arena, random, depth);
		case 5:
			return random_sized_list(arena, random, depth);
		default:
			return random_scalar(arena, random);
	}
}

/* Mostly an object. */
static DocNode *
random_document(KitArena *arena, UnitRandom *random)
{
	DocNode    *node;

	if (unit_below(random, 30) == 0)
		return doc_node_new(arena, DOC_NULL);
	for (int i = 0; i < 3; i++)
	{
		node = random_value(arena, random, 0);
		if (node->kind == DOC_OBJECT)
			break;
	}
	return node;
}

/* A document that differs from another in some places. */
__attribute__((unused))
static DocNode *
random_change(KitArena *arena, UnitRandom *random, const DocNode *from, int depth)
{
	DocNode    *to;
	const DocNode *order;

	if (unit_below(random, 12) == 0)
		return depth == 0 ? random_document(arena, random) : random_value(arena, random, depth);
	if (from->kind != DOC_OBJECT || unit_below(random, 4) == 0)
		return (DocNode *) from;
	order = doc_node_get(from, "@o", 2);
	to = doc_node_new(arena, DOC_OBJECT);
	if (order != NULL && order->kind == DOC_ARRAY)
	{
		/* Rows move, go, come and change. */
		DocNode    *to_order = doc_node_new(arena, DOC_ARRAY);
		uint32_t	n = order->u.array.n;
		uint32_t	turn = n > 0 && unit_below(random, 3) == 0 ? unit_below(random, n) : 0;

		for (uint32_t i = 0; i < n; i++)
		{
			DocNode    *id = order->u.array.items[(i + turn) % n];
			char	   *key = id->kind == DOC_INT ? kit_arena_printf(arena, "%lld", (long long) id->u.i) :
				kit_arena_strdup(arena, id->u.s.str, id->u.s.len);

			if (unit_below(random, 6) == 0)
				continue;
			doc_node_append(arena, to_order, id);
			doc_node_set(arena, to, key, strlen(key), random_change(arena, random, doc_node_get(from, key, strlen(key)), depth + 1));
			if (unit_below(random, 8) == 0)
			{
				uint32_t	number = 30 + unit_below(random, 10);
				char	   *new_key = kit_arena_printf(arena, "%u", number);

				if (doc_node_get(to, new_key, strlen(new_key)) == NULL && doc_node_get(from, new_key, strlen(new_key)) == NULL)
				{
					doc_node_set(arena, to, new_key, strlen(new_key), random_value(arena, random, depth + 1));
					doc_node_append(arena, to_order, doc_node_int(arena, number));
				}
			}
		}
		if (unit_below(random, 12) != 0)
			doc_node_set(arena, to, "@o", 2, to_order);
		return to;
	}
	for (uint32_t i = 0; i < from->u.object.n; i++)
	{
		const DocMember *member = &from->u.object.members[i];

		if (member->key[0] == '@' || unit_below(random, 8) != 0)
			doc_node_set(arena, to, member->key, member->key_len, member->key[0] == '@' ? member->value :
						 random_change(arena, random, member->value, depth + 1));
	}
	if (doc_node_get(from, "@s", 2) == NULL && unit_below(random, 3) == 0)
	{
		const char *key = RANDOM_OF(random, random_keys);

		doc_node_set(arena, to, key, strlen(key), random_value(arena, random, depth + 1));
	}
	return to;
}

/* A delta that nobody computed: nulls, replacements, empty objects, slices that may not fit. */
__attribute__((unused))
static DocNode *
random_delta(KitArena *arena, UnitRandom *random, int depth)
{
	DocNode    *node;
	uint32_t	n;

	if (depth > 0 && unit_below(random, 5) == 0)
		return doc_node_new(arena, DOC_NULL);
	if (depth >= 4 || unit_below(random, 4) == 0)
		return depth == 0 ? random_document(arena, random) : random_value(arena, random, depth);
	node = doc_node_new(arena, DOC_OBJECT);
	node->replaces = unit_below(random, 8) == 0;
	n = unit_below(random, 5);
	for (uint32_t i = 0; i < n; i++)
	{
		const char *key = RANDOM_OF(random, random_keys);

		doc_node_set(arena, node, key, strlen(key), random_delta(arena, random, depth + 1));
	}
	if (unit_below(random, 3) == 0)
	{
		DocNode    *order = doc_node_new(arena, unit_below(random, 8) == 0 ? DOC_NULL : DOC_ARRAY);

		n = order->kind == DOC_ARRAY ? unit_below(random, 5) : 0;
		for (uint32_t i = 0; i < n; i++)
		{
			DocNode    *slice = doc_node_new(arena, DOC_ARRAY);
			int64_t		first = unit_below(random, 4);

			if (unit_below(random, 2) == 0)
			{
				doc_node_append(arena, order, random_scalar(arena, random));
				if (order->u.array.items[i]->kind != DOC_INT)
					order->u.array.items[i] = doc_node_int(arena, unit_below(random, 9));
				continue;
			}
			doc_node_append(arena, slice, doc_node_int(arena, first));
			doc_node_append(arena, slice, doc_node_int(arena, first + unit_below(random, 3)));
			doc_node_append(arena, order, slice);
		}
		doc_node_set(arena, node, "@o", 2, order);
	}
	return node;
}

/* The encoding, in memory of exactly its size, so that the sanitizer sees a read beyond. */
__attribute__((unused))
static DocBytes
encode(KitArena *arena, const DocNode *node, DocClass class)
{
	KitBuf		buf;
	DocWriter	w;
	DocBytes	bytes;
	char	   *copy;

	kit_buf_init(&buf, arena);
	doc_write_begin(&w, &buf, class);
	doc_node_write(node, &w);
	bytes = doc_write_end(&w);
	copy = kit_arena_alloc(arena, bytes.len);
	memcpy(copy, bytes.data, bytes.len);
	return (DocBytes) {copy, bytes.len};
}

__attribute__((unused))
static const char *
json_of(KitArena *arena, DocBytes bytes, DocClass class)
{
	KitBuf		buf;
	KitDiag		diag;

	kit_buf_init(&buf, arena);
	if (!doc_to_json(bytes, class, DOC_JSON_TEXT, &buf, &diag))
		return kit_arena_printf(arena, "(%s)", diag.message);
	return buf.data;
}

/* The bytes of a JSON text that is known to be right. */
__attribute__((unused))
static DocBytes
bytes_of(KitArena *arena, const char *json, DocClass class)
{
	KitBuf		buf;
	KitDiag		diag;

	kit_buf_init(&buf, arena);
	if (!doc_from_json(json, strlen(json), class, &buf, &diag))
	{
		printf("Bail out! %s: %s\n", json, diag.message);
		exit(1);
	}
	return (DocBytes) {buf.data, buf.len};
}

#endif
