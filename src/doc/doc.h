/*
 * doc.h
 *	  The document value and the delta: format, writing, reading, JSON, and the algebra.
 *
 * A document is a JSON value: null, true, false, 64-bit integers, doubles, strings (UTF-8, no NUL), arrays, objects with unique keys in the order
 * in which they were written.  An object never has a null member: null means "not there", so it is dropped when JSON is read, and a delta
 * can say "remove" with it.  (Arrays may hold nulls.)  1 and 1.0 are different values.  Two objects are equal when they have equal members,
 * whatever their order.
 *
 * Three member names are reserved.  "@o" makes an object an ordered list: an array of the ids (integers or strings) of its members, in
 * order.  "@s" makes it a plain list: the number of elements, whose keys are "0", "1", ….  "@r" exists in deltas only.
 *
 * A delta is a JSON merge patch (RFC 7396), with these additions:
 *	- in the "@o" of a delta, [from, to] stands for that slice, both ends included, of the order before the delta (indexes from 0);
 *	- an object with "@r": true replaces what was there instead of being merged into it (only composition makes it: a merge patch
 *	  alone is not closed under composition, since "remove, then add members" needs it).
 * Laws, for all documents a, b and all deltas d, e, f that fit:	a + (b - a) = b		(a + d) + e = a + (d + e)		(d + e) + f = d + (e + f)
 * A delta whose slice reaches beyond the order does not fit: KIT_DELTA_MISFIT.
 *	The delta {} changes nothing, whatever the document is; further in, {} makes an object of what is none.  What is in an array is always taken
 *	as it is, never merged.
 *
 * FORMAT, version 1.  Little endian.  The same bytes lie in a table (after the varlena header), on the wire of binary send/recv, and in the log.
 *
 *	header	8 bytes		byte 0: version (high nibble, 1), class (low nibble: 1 document, 2 delta)
 *						bytes 1-3: reserved, zero
 *						bytes 4-7: CRC-32C of all that follows
 *	value	tag byte	0x00 null, 0x01 false, 0x02 true
 *						0x10 integer: zigzag varint (LEB128)
 *						0x20 double: 8 bytes; NaN and infinities do not occur
 *						0x30 string: varint byte length, bytes
 *						0x40 array: 4 bytes length of the body in bytes, body = values
 *						0x50 object: 4 bytes length of the body in bytes, body = members: varint key length, key bytes, value
 *						0x51 object that replaces (deltas only; "@r": true in JSON)
 *	Exactly one value.  All other tags are reserved.  Nesting is at most DOC_MAX_DEPTH.
 *
 * A reader refuses an unknown version.  Every single-byte change of stored bytes is detected by the CRC; the readers check bounds all
 * the same, and never read outside what they were given.
 */
#ifndef ADAMA_DOC_H
#define ADAMA_DOC_H

#include "kit/arena.h"
#include "kit/buf.h"
#include "kit/diag.h"

#define DOC_MAX_DEPTH 128
#define DOC_HEADER_SIZE 8

typedef enum DocClass
{
	DOC_DOCUMENT = 1,
	DOC_DELTA = 2
} DocClass;

typedef enum DocKind
{
	DOC_NULL,
	DOC_BOOL,
	DOC_INT,
	DOC_DOUBLE,
	DOC_STRING,
	DOC_ARRAY,
	DOC_OBJECT
} DocKind;

/* Encoded bytes, header included. */
typedef struct DocBytes
{
	const char *data;
	size_t		len;
} DocBytes;

/* ---- writing: a stream into a buffer; containers are closed in the order they were opened ---- */

typedef struct DocWriter
{
	KitBuf	   *buf;
	size_t		start;			/* of the header in buf */
	int			depth;
	int			n_beyond;		/* containers open beyond DOC_MAX_DEPTH, of which nothing is written */
	bool		has_plain_longs;	/* set by who writes for SQL: doc_write_long writes integers; false at first */
	bool		is_too_deep;	/* something was nested deeper than DOC_MAX_DEPTH; false stands in its place */
	uint32_t	open[DOC_MAX_DEPTH + 1];	/* where each open container's length goes, relative to start */
} DocWriter;

extern void doc_write_begin(DocWriter *w, KitBuf *buf, DocClass class);
extern DocBytes doc_write_end(DocWriter *w);	/* seals the checksum; valid until buf changes */
extern void doc_write_null(DocWriter *w);
extern void doc_write_bool(DocWriter *w, bool value);
extern void doc_write_int(DocWriter *w, int64_t value);
extern void doc_write_long(DocWriter *w, int64_t value);	/* a 64-bit integer as Adama writes it: a decimal string, but see has_plain_longs */
extern void doc_write_double(DocWriter *w, double value);	/* NaN and infinities become null */
extern void doc_write_string(DocWriter *w, const char *str, size_t len);
extern void doc_write_array_begin(DocWriter *w);
extern void doc_write_array_end(DocWriter *w);
extern void doc_write_object_begin(DocWriter *w);
extern void doc_write_replacement_begin(DocWriter *w);	/* an object that replaces, in a delta; ended as an object */
extern void doc_write_object_end(DocWriter *w);
extern void doc_write_key(DocWriter *w, const char *key, size_t len);
extern void doc_write_key_z(DocWriter *w, const char *key);
extern void doc_write_key_int(DocWriter *w, int64_t key);	/* decimal */
/* A writer can take back an object that turned out to be empty: mark before its key, and cut. */
extern size_t doc_write_mark(const DocWriter *w);
extern void doc_write_cut(DocWriter *w, size_t mark);

/* ---- reading: cursors over encoded bytes, no allocation ---- */

typedef struct DocCursor
{
	const uint8_t *p;
	const uint8_t *end;
	bool		is_damaged;		/* a bound or a tag was wrong; the cursor yields nothing more */
} DocCursor;

typedef struct DocItem
{
	DocKind		kind;
	bool		replaces;		/* DOC_OBJECT in a delta */
	bool		b;				/* DOC_BOOL */
	int64_t		i;				/* DOC_INT */
	double		d;				/* DOC_DOUBLE */
	const char *str;			/* DOC_STRING: not zero-terminated */
	uint32_t	len;
	DocCursor	body;			/* DOC_ARRAY, DOC_OBJECT: what is in it */
	const uint8_t *raw;			/* the value's own encoding, from its tag */
	uint32_t	raw_len;
} DocItem;

typedef struct DocKey
{
	const char *str;			/* not zero-terminated */
	uint32_t	len;
} DocKey;

/* Checks version, class and checksum and reads the root value.  False with KIT_DAMAGED otherwise. */
extern bool doc_open(DocBytes bytes, DocClass class, DocItem *root, KitDiag *diag);
/* As doc_open, and walks the whole value: for bytes from outside (binary recv).  */
extern bool doc_validate(DocBytes bytes, DocClass class, KitDiag *diag);
extern bool doc_next_member(DocCursor *object, DocKey *key, DocItem *value);	/* false at the end or on damage */
extern bool doc_next_element(DocCursor *array, DocItem *value);
extern bool doc_find_member(DocItem object, const char *key, size_t len, DocItem *value);	/* linear */
extern bool doc_key_is(DocKey key, const char *z);
/* A decimal key or string as a 64-bit integer: no sign but '-', no leading zeros, no overflow. */
extern bool doc_parse_int(const char *str, size_t len, int64_t *value);
extern void doc_write_item(DocWriter *w, DocItem item);		/* copies an encoded value */

/* ---- values in canonical form (canonical.c): members by the bytes of their names, no header; equal values have equal bytes ---- */

typedef enum DocFit
{
	DOC_FIT_OK,
	DOC_FIT_TOO_DEEP,
	DOC_FIT_RESERVED,			/* a member has a name that such a value cannot have */
	DOC_FIT_DAMAGED
} DocFit;

/*
 * Appends what change makes of base (canonical, or NULL: nothing) to out: objects are merged, null removes a member.  A value that has no nulls in its
 * objects is itself, in canonical form.  max_depth: how many containers may be nested.  When the result is not OK, what is in out is of no use.
 */
extern DocFit doc_canonical(KitArena *scratch, const DocItem *base, DocItem change, int max_depth, KitBuf *out, DocKey *refused);
extern bool doc_item_from_raw(const char *data, size_t len, DocItem *item);	/* a value without a header; false: damaged */
extern void doc_write_canonical_change(DocWriter *w, DocItem from, DocItem to);	/* in a delta: what leads from one to another, which is not equal */

/* ---- JSON text ---- */

/*
 * Reads one JSON value and appends the encoding to out.  Limits: nesting DOC_MAX_DEPTH, no NUL, integers without fraction or exponent must
 * fit 64 bits.  Duplicate keys: the last wins.  Null members are dropped in a document and kept in a delta.  Errors: KIT_INVALID_JSON with the
 * byte offset in the detail.
 */
extern bool doc_from_json(const char *json, size_t len, DocClass class, KitBuf *out, KitDiag *diag);

typedef enum DocJsonStyle
{
	DOC_JSON_TEXT,				/* UTF-8 as it is, for SQL users */
	DOC_JSON_WIRE				/* every character from 0x7f on as \uXXXX: plain ASCII, as Adama clients get it */
} DocJsonStyle;

extern void doc_item_to_json(DocItem item, DocJsonStyle style, KitBuf *out);	/* no spaces; doubles as Java prints them: 1.0, 1.0E7 */
extern bool doc_to_json(DocBytes bytes, DocClass class, DocJsonStyle style, KitBuf *out, KitDiag *diag);
/* What a person sees: ordered and plain lists ("@o", "@s") become JSON arrays, longs stay strings. */
extern bool doc_to_plain_json(DocBytes document, KitBuf *out, KitDiag *diag);
extern void doc_json_string(const char *str, size_t len, DocJsonStyle style, KitBuf *out);	/* with the quotes */
extern void doc_double_text(double value, KitBuf *out);		/* Java's Double.toString for finite values */

/* ---- the algebra, on encoded bytes ---- */

extern bool doc_diff(KitArena *arena, DocBytes from, DocBytes to, KitBuf *delta, KitDiag *diag);	/* to - from */
extern bool doc_apply(KitArena *arena, DocBytes document, DocBytes delta, KitBuf *out, KitDiag *diag);
extern bool doc_compose(KitArena *arena, DocBytes first, DocBytes second, KitBuf *out, KitDiag *diag);	/* first, then second */
extern bool doc_delta_is_empty(DocBytes delta);
extern bool doc_equal(KitArena *arena, DocBytes a, DocBytes b);
extern uint64_t doc_hash(DocBytes document);	/* equal documents have equal hashes, also across versions */

/* ---- the tree: the algebra's own form, and the form of views (live) ---- */

typedef struct DocNode DocNode;
typedef struct DocMember
{
	const char *key;			/* points into the arena or the bytes; not zero-terminated */
	uint32_t	key_len;
	DocNode    *value;
} DocMember;

struct DocNode
{
	DocKind		kind;
	bool		replaces;		/* DOC_OBJECT in a delta */
	union
	{
		bool		b;
		int64_t		i;
		double		d;
		struct
		{
			const char *str;
			uint32_t	len;
		}			s;
		struct
		{
			DocNode   **items;
			uint32_t	n,
						cap;
		}			array;
		struct
		{
			DocMember  *members;
			uint32_t	n,
						cap;
			uint32_t   *index;	/* open addressing over members, made when n grows large; NULL before */
			uint32_t	index_size;
		}			object;
	}			u;
};

extern DocNode *doc_node_new(KitArena *arena, DocKind kind);
extern DocNode *doc_node_string(KitArena *arena, const char *str, size_t len);	/* keeps the pointer */
extern DocNode *doc_node_int(KitArena *arena, int64_t value);
extern void doc_node_append(KitArena *arena, DocNode *array, DocNode *value);
extern void doc_node_set(KitArena *arena, DocNode *object, const char *key, size_t len, DocNode *value);	/* keeps the key's pointer; replaces an equal key */
extern void doc_node_add(KitArena *arena, DocNode *object, const char *key, size_t len, DocNode *value);	/* the same for a key that is not there */
extern DocNode *doc_node_get(const DocNode *object, const char *key, size_t len);	/* NULL when absent */
extern bool doc_node_equal(const DocNode *a, const DocNode *b);
extern bool doc_node_from_item(KitArena *arena, DocItem item, DocNode **out, KitDiag *diag);	/* strings point into the bytes */
extern void doc_node_write(const DocNode *node, DocWriter *w);
extern void doc_node_to_json(const DocNode *node, DocJsonStyle style, KitBuf *out);

/*
 * The delta that leads from one tree to another, or NULL when they are equal.  from may be NULL: all of to is new.  Shares nodes with
 * to and must not outlive it.  In lists whose "@s" is there, "@s" is repeated with every changed element that is not an object.
 */
extern DocNode *doc_node_diff(KitArena *arena, const DocNode *from, const DocNode *to);
extern DocNode *doc_node_apply(KitArena *arena, const DocNode *document, const DocNode *delta, KitDiag *diag);	/* NULL on misfit; shares nodes with both */
extern bool doc_node_has_replacement(const DocNode *delta);	/* "@r" is in it: a plain merge patch cannot say that */
extern DocNode *doc_node_compose(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag);

#endif
