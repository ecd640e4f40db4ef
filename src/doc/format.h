/*
 * format.h
 *	  The format's primitives, for this room only.  doc.h specifies the format.
 */
#ifndef ADAMA_DOC_FORMAT_H
#define ADAMA_DOC_FORMAT_H

#include <string.h>

#include "doc/doc.h"

#define DOC_VERSION 1

#define DOC_TAG_NULL 0x00
#define DOC_TAG_FALSE 0x01
#define DOC_TAG_TRUE 0x02
#define DOC_TAG_INT 0x10
#define DOC_TAG_DOUBLE 0x20
#define DOC_TAG_STRING 0x30
#define DOC_TAG_ARRAY 0x40
#define DOC_TAG_OBJECT 0x50
#define DOC_TAG_REPLACEMENT 0x51

#define DOC_MAX_VARINT 10

/* A container's tag and length. */
#define DOC_CONTAINER_HEAD 5

/* Key lists up to this length are searched from end to end, longer ones by an index. */
#define DOC_SHORT_OBJECT 16

/* The names that mean something: "@o", "@s", "@r". */
typedef enum DocRole
{
	DOC_ROLE_NONE,
	DOC_ROLE_ORDER,
	DOC_ROLE_SIZE,
	DOC_ROLE_REPLACES
} DocRole;

static inline DocRole
doc_role_of(const char *key, size_t len)
{
	if (len != 2 || key[0] != '@')
		return DOC_ROLE_NONE;
	switch (key[1])
	{
		case 'o':
			return DOC_ROLE_ORDER;
		case 's':
			return DOC_ROLE_SIZE;
		case 'r':
			return DOC_ROLE_REPLACES;
		default:
			return DOC_ROLE_NONE;
	}
}

static inline uint8_t *
doc_put_varint(uint8_t *p, uint64_t value)
{
	while (value >= 0x80)
	{
		*p++ = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	*p++ = (uint8_t) value;
	return p;
}

static inline uint64_t
doc_zigzag(int64_t value)
{
	return (uint64_t) value << 1 ^ (uint64_t) (value >> 63);
}

static inline int64_t
doc_unzigzag(uint64_t value)
{
	return (int64_t) (value >> 1 ^ -(value & 1));
}

static inline void
doc_put_u32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t) value;
	p[1] = (uint8_t) (value >> 8);
	p[2] = (uint8_t) (value >> 16);
	p[3] = (uint8_t) (value >> 24);
}

static inline uint32_t
doc_get_u32(const uint8_t *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline void
doc_put_double(uint8_t *p, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, 8);
	doc_put_u32(p, (uint32_t) bits);
	doc_put_u32(p + 4, (uint32_t) (bits >> 32));
}

static inline double
doc_get_double(const uint8_t *p)
{
	uint64_t	bits = (uint64_t) doc_get_u32(p) | (uint64_t) doc_get_u32(p + 4) << 32;
	double		value;

	memcpy(&value, &bits, 8);
	return value;
}

/* Two doubles are the same value when they have the same bits: 0.0 and -0.0 differ. */
static inline uint64_t
doc_double_bits(double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, 8);
	return bits;
}

/* Seals the header of a value that was written right behind it. */
extern void doc_seal(uint8_t *header, DocClass class, size_t len);

/* doc_open that takes the class from the bytes. */
extern bool doc_open_any(DocBytes bytes, DocClass *class, DocItem *root, KitDiag *diag);

/* Whether the item, its own container included, nests at most this many containers. */
extern bool doc_item_fits(DocItem item, int depth);

/* Takes the null members out of the objects of a tree, where documents have none: everywhere in a document, in a delta only within arrays. */
extern void doc_node_drop_nulls(KitArena *arena, DocNode *node, DocClass class);

/* The member's place among the object's members, or -1; at is tried first. */
extern int64_t doc_node_find(const DocNode *object, const char *key, size_t len, uint32_t at);

/* A copy of the object that has its members, and room for more. */
extern DocNode *doc_node_copy_object(KitArena *arena, const DocNode *object, uint32_t n_more);

/* Takes out the members whose value is NULL, and makes the index anew. */
extern void doc_node_close_gaps(KitArena *arena, DocNode *object);

/* Between bytes and trees, for the algebra. */
extern bool doc_read_tree(KitArena *arena, DocBytes bytes, DocClass class, DocNode **tree, KitDiag *diag);
extern void doc_write_tree(const DocNode *tree, DocClass class, KitBuf *out);

/* ---- orders, the values of "@o" (order.c) ---- */

extern DocNode *doc_order_diff(KitArena *arena, const DocNode *from, const DocNode *to);
extern DocNode *doc_order_apply(KitArena *arena, const DocNode *order, const DocNode *delta, KitDiag *diag);
extern DocNode *doc_order_compose(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag);

#endif
