/*
 * json_read.c
 *	  JSON text to an encoded value, in one pass, without recursion and without a tree.
 *
 * The reader alternates between "a value is due" and "a value has ended"; what it must remember of each open container is a Frame:
 *
 *		value due --scalar----------------------------> value ended
 *		value due --'{' '['--> push a frame: a key or a value is due, or the container ends
 *		value ended --','--> a key (object) or a value (array) is due
 *		value ended --'}' ']'--> pop the frame, fill in the length: value ended
 *		value ended, no frame left --> done
 *
 * The encoding is written while reading.  Null members of documents and "@r" are cut off again when their value is known.
 *
 * When a key comes twice (json_keys.h sees it), which is rare, the text is read again with all members kept, and goes through the tree, where the
 * last wins.
 *
 * What fails leaves the output as it was.
 */
#include "doc/format.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "doc/json_keys.h"
#include "kit/decimal.h"
#include "kit/utf8.h"

/* What a value stands for, where not anything may stand. */
typedef enum Place
{
	PLACE_ANY,
	PLACE_ORDER,				/* the value of "@o" */
	PLACE_SIZE,					/* the value of "@s" */
	PLACE_REPLACES,				/* the value of "@r" */
	PLACE_ID,					/* an element of "@o" */
	PLACE_BOUND					/* an element of a slice in "@o" */
} Place;

typedef struct Frame
{
	uint32_t	length_at;		/* where the length goes, from the start of the output */
	uint32_t	member_at;		/* where the current member's key begins */
	uint32_t	first_key;		/* its keys are the ones from here to the top */
	uint32_t	n_bounds;		/* of a slice */
	int64_t		bounds[2];
	bool		is_object;
	bool		is_literal;		/* its members follow the rules of documents */
	Place		place;			/* of the value that is due next */
} Frame;

typedef struct Reader
{
	const uint8_t *text;
	const uint8_t *p;
	const uint8_t *end;
	KitDiag    *diag;

	KitBuf	   *out;
	size_t		start;			/* of the header in out */
	uint8_t    *base;			/* out->data + start */
	uint8_t    *at;				/* the end of what is written */
	uint8_t    *limit;

	bool		keeps_all;		/* second pass: null members and double keys are kept */
	bool		has_double_key;
	int			depth;
	DocKeys		keys;
	Frame		frames[DOC_MAX_DEPTH + 1];	/* frames[depth] is the innermost */
} Reader;

static bool __attribute__((noinline, cold, format(printf, 3, 4)))
fail(Reader *r, const uint8_t *where, const char *format,...)
{
	va_list		args;
	char		what[256];

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	kit_fail(r->diag, KIT_INVALID_JSON, "invalid JSON: %s", what);
	kit_diag_detail(r->diag, "The error is at byte offset %zu.", (size_t) (where - r->text));
	return false;
}

static bool __attribute__((noinline, cold))
fail_at_char(Reader *r, const char *expected)
{
	if (r->p >= r->end)
		return fail(r, r->p, "%s expected, but the text ends", expected);
	if (*r->p >= 0x20 && *r->p < 0x7f)
		return fail(r, r->p, "%s expected, found \"%c\"", expected, *r->p);
	return fail(r, r->p, "%s expected, found byte 0x%02x", expected, *r->p);
}

/* ---- output ---- */

static void __attribute__((noinline))
grow(Reader *r, size_t size)
{
	size_t		len = (size_t) (r->at - r->base);

	r->out->len = r->start + len;
	kit_buf_reserve(r->out, size);
	r->base = (uint8_t *) r->out->data + r->start;
	r->at = r->base + len;
	r->limit = (uint8_t *) r->out->data + r->out->cap - 1;
}

static inline void
ensure(Reader *r, size_t size)
{
	if (size > (size_t) (r->limit - r->at))
		grow(r, size);
}

static inline void
skip_space(Reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

/* ---- strings ---- */

/* Whether one of eight bytes is a quote, a backslash, a control character or not ASCII. */
static inline bool
has_special(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	uint64_t	quote = bytes ^ ones * '"';
	uint64_t	backslash = bytes ^ ones * '\\';

	return (((bytes - ones * 0x20) | (quote - ones) | (backslash - ones) | bytes) & tops) != 0;
}

/*
 * Moves over the characters of a string that stand for themselves, checking them, to the quote or a backslash.
 */
static inline bool
skip_plain(Reader *r)
{
	const uint8_t *p = r->p;
	const uint8_t *end = r->end;
	uint32_t	code;

	for (;;)
	{
		uint64_t	bytes;

		while (end - p >= 8 && (memcpy(&bytes, p, 8), !has_special(bytes)))
			p += 8;
		while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
			p++;
		if (p < end && *p >= 0x80)
		{
			int			n = kit_utf8_read(p, end, &code);

			if (n == 0)
				return fail(r, p, "a string is not valid UTF-8");
			p += n;
			continue;
		}
		r->p = p;
		if (p == end)
			return fail(r, p, "a string is not closed");
		if (*p < 0x20)
			return fail(r, p, "a control character in a string must be written as \\u%04x", *p);
		return true;
	}
}

static bool
read_hex(Reader *r, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 4; i++, r->p++)
	{
		uint8_t		c = r->p < r->end ? *r->p : 0;

		*value <<= 4;
		if (c >= '0' && c <= '9')
			*value |= (uint32_t) (c - '0');
		else if (c >= 'a' && c <= 'f')
			*value |= (uint32_t) (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*value |= (uint32_t) (c - 'A' + 10);
		else
			return fail_at_char(r, "hexadecimal digit");
	}
	return true;
}

/* An escape, from behind its backslash; appends what it stands for. */
static bool
read_escape(Reader *r)
{
	const uint8_t *where = r->p - 1;
	uint32_t	code;
	uint32_t	low;

	if (r->p == r->end)
		return fail(r, r->p, "a string is not closed");
	switch (*r->p++)
	{
		case '"':
			*r->at++ = '"';
			return true;
		case '\\':
			*r->at++ = '\\';
			return true;
		case '/':
			*r->at++ = '/';
			return true;
		case 'b':
			*r->at++ = '\b';
			return true;
		case 'f':
			*r->at++ = '\f';
			return true;
		case 'n':
			*r->at++ = '\n';
			return true;
		case 'r':
			*r->at++ = '\r';
			return true;
		case 't':
			*r->at++ = '\t';
			return true;
		case 'u':
			break;
		default:
			return fail(r, where, "a backslash begins no known escape");
	}
	if (!read_hex(r, &code))
		return false;
	if (code == 0)
		return fail(r, where, "the character \\u0000 cannot be stored");
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(r, where, "a low surrogate does not follow a high one");
	if (code >= 0xd800 && code <= 0xdbff)
	{
		if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
			return fail(r, where, "a high surrogate is not followed by a low one");
		r->p += 2;
		if (!read_hex(r, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, where, "a high surrogate is not followed by a low one");
		code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
	}
	r->at += kit_utf8_write(r->at, code);
	return true;
}

/* The rest of a string with escapes: begin is behind its opening quote, p on the first backslash.  Appends length and text. */
static bool
read_escaped(Reader *r, const uint8_t *begin)
{
	const uint8_t *from = begin;
	size_t		head_at;
	uint8_t    *head;
	uint8_t    *text;
	size_t		len;

	/* The text is decoded behind the room for the longest length, and moved down when the length is known. */
	ensure(r, DOC_MAX_VARINT);
	head_at = (size_t) (r->at - r->base);
	r->at += DOC_MAX_VARINT;
	for (;;)
	{
		len = (size_t) (r->p - from);
		ensure(r, len + 4);
		memcpy(r->at, from, len);
		r->at += len;
		if (*r->p++ == '"')
			break;
		if (!read_escape(r))
			return false;
		from = r->p;
		if (!skip_plain(r))
			return false;
	}
	head = r->base + head_at;
	text = head + DOC_MAX_VARINT;
	len = (size_t) (r->at - text);
	head = doc_put_varint(head, len);
	memmove(head, text, len);
	r->at = head + len;
	return true;
}

/* A string from behind its opening quote: appends length and text. */
static inline bool
read_string(Reader *r)
{
	const uint8_t *begin = r->p;
	size_t		len;

	if (!skip_plain(r))
		return false;
	if (*r->p != '"')
		return read_escaped(r, begin);
	len = (size_t) (r->p - begin);
	r->p++;
	ensure(r, len + DOC_MAX_VARINT);
	r->at = doc_put_varint(r->at, len);
	memcpy(r->at, begin, len);
	r->at += len;
	return true;
}

/* ---- numbers ---- */

static bool __attribute__((noinline))
read_double(Reader *r, const uint8_t *begin)
{
	double		value;

	if (!kit_double_parse((const char *) begin, (size_t) (r->p - begin), &value) || !isfinite(value))
		return fail(r, begin, "a number is out of the range of a double");
	ensure(r, 9);
	*r->at++ = DOC_TAG_DOUBLE;
	doc_put_double(r->at, value);
	r->at += 8;
	return true;
}

static inline bool
is_digit(const Reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

/* Appends a number; *integer gets its value and *is_integer whether it is one. */
static inline bool
read_number(Reader *r, bool *is_integer, int64_t *integer)
{
	const uint8_t *begin = r->p;
	const uint8_t *digits;
	bool		is_negative = *r->p == '-';
	uint64_t	value = 0;
	size_t		n;

	if (is_negative)
		r->p++;
	digits = r->p;
	if (!is_digit(r))
		return fail_at_char(r, "digit");
	if (*r->p == '0')
	{
		r->p++;
		if (is_digit(r))
			return fail(r, begin, "a number begins with a superfluous zero");
	}
	else
		while (is_digit(r))
			value = value * 10 + (uint64_t) (*r->p++ - '0');	/* more than 19 digits are refused below */
	n = (size_t) (r->p - digits);
	*is_integer = r->p == r->end || (*r->p != '.' && *r->p != 'e' && *r->p != 'E');
	if (!*is_integer)
	{
		if (*r->p == '.')
		{
			r->p++;
			if (!is_digit(r))
				return fail_at_char(r, "digit");
			while (is_digit(r))
				r->p++;
		}
		if (r->p < r->end && (*r->p == 'e' || *r->p == 'E'))
		{
			r->p++;
			if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
				r->p++;
			if (!is_digit(r))
				return fail_at_char(r, "digit");
			while (is_digit(r))
				r->p++;
		}
		return read_double(r, begin);
	}
	if (n > 19 || value > (uint64_t) INT64_MAX + (is_negative ? 1 : 0))
		return fail(r, begin, "an integer is out of the range of 64 bits");
	*integer = is_negative ? (int64_t) -value : (int64_t) value;
	ensure(r, 1 + DOC_MAX_VARINT);
	*r->at++ = DOC_TAG_INT;
	r->at = doc_put_varint(r->at, doc_zigzag(*integer));
	return true;
}

/* ---- values ---- */

/* Refuses what must not stand at a place where not anything may stand, by its first character. */
static bool __attribute__((noinline))
check_place(Reader *r, const Frame *frame, uint8_t c)
{
	bool		is_number = c >= '0' && c <= '9';

	switch (frame->place)
	{
		case PLACE_ORDER:
			return c == '[' || c == 'n' ? true : fail(r, r->p, "\"@o\" must be an array of integers and strings");
		case PLACE_SIZE:
			return is_number || c == 'n' ? true : fail(r, r->p, "\"@s\" must be an integer, zero or more");
		case PLACE_REPLACES:
			return c == 't' ? true : fail(r, r->p, "\"@r\" must be true");
		case PLACE_ID:
			if (is_number || c == '-' || c == '"' || (c == '[' && !frame->is_literal))
				return true;
			return fail(r, r->p, frame->is_literal ? "\"@o\" must be an array of integers and strings" :
						"\"@o\" must be an array of integers, strings and slices [from, to]");
		case PLACE_BOUND:
			return is_number ? true : fail(r, r->p, "a slice in \"@o\" must be two integers, the first not larger than the second");
		default:
			return true;
	}
}

/* The same for a number that was read. */
static bool __attribute__((noinline))
check_number(Reader *r, Frame *frame, const uint8_t *where, bool is_integer, int64_t integer)
{
	switch (frame->place)
	{
		case PLACE_SIZE:
			return is_integer ? true : fail(r, where, "\"@s\" must be an integer, zero or more");
		case PLACE_ID:
			return is_integer ? true : fail(r, where, "the ids in \"@o\" must be integers or strings");
		case PLACE_BOUND:
			if (!is_integer || frame->n_bounds == 2)
				return fail(r, where, "a slice in \"@o\" must be two integers, the first not larger than the second");
			frame->bounds[frame->n_bounds++] = integer;
			return true;
		default:
			return true;
	}
}

static inline bool
read_word(Reader *r, const char *word, size_t len)
{
	if ((size_t) (r->end - r->p) < len || memcmp(r->p, word, len) != 0)
		return fail_at_char(r, "value");
	r->p += len;
	return true;
}

static inline bool
push(Reader *r, Frame *outer, bool is_object)
{
	Frame	   *frame;

	if (r->depth == DOC_MAX_DEPTH)
		return fail(r, r->p, "it is nested more than %d levels deep", DOC_MAX_DEPTH);
	ensure(r, DOC_CONTAINER_HEAD);
	frame = &r->frames[++r->depth];
	frame->length_at = (uint32_t) (r->at - r->base) + 1;
	frame->first_key = doc_keys_begin(&r->keys, r->depth);
	frame->is_object = is_object;
	frame->n_bounds = 0;
	frame->place = PLACE_ANY;
	frame->is_literal = outer->is_literal;
	if (!is_object)
	{
		if (outer->place == PLACE_ORDER)
			frame->place = PLACE_ID;
		else if (outer->place == PLACE_ID)
			frame->place = PLACE_BOUND;
		else
			frame->is_literal = true;
	}
	r->at[0] = is_object ? DOC_TAG_OBJECT : DOC_TAG_ARRAY;
	r->at += DOC_CONTAINER_HEAD;
	r->p++;
	return true;
}

static inline bool
pop(Reader *r)
{
	Frame	   *frame = &r->frames[r->depth];

	if (frame->place == PLACE_BOUND && !frame->is_object && (frame->n_bounds != 2 || frame->bounds[0] > frame->bounds[1]))
		return fail(r, r->p, "a slice in \"@o\" must be two integers, the first not larger than the second");
	doc_put_u32(r->base + frame->length_at, (uint32_t) (r->at - r->base) - frame->length_at - 4);
	doc_keys_end(&r->keys, frame->first_key);
	r->depth--;
	r->p++;
	return true;
}

/* A key and its colon, from the quote on. */
static inline bool
read_key(Reader *r, Frame *frame)
{
	const uint8_t *where = r->p;
	uint32_t	len;
	const uint8_t *key;

	if (r->p >= r->end || *r->p != '"')
		return fail_at_char(r, "string (a member's name)");
	r->p++;
	frame->member_at = (uint32_t) (r->at - r->base);
	if (!read_string(r))
		return false;
	key = r->base + frame->member_at;
	len = *key++;
	if (len >= 0x80)
	{
		int			shift = 7;

		len &= 0x7f;
		for (; *key >= 0x80; shift += 7)
			len |= (uint32_t) (*key++ & 0x7f) << shift;
		len |= (uint32_t) *key++ << shift;
	}
	frame->place = PLACE_ANY;
	switch (doc_role_of((const char *) key, len))
	{
		case DOC_ROLE_NONE:
			break;
		case DOC_ROLE_ORDER:
			frame->place = PLACE_ORDER;
			break;
		case DOC_ROLE_SIZE:
			frame->place = PLACE_SIZE;
			break;
		case DOC_ROLE_REPLACES:
			if (frame->is_literal)
				return fail(r, where, "the member name \"@r\" is reserved");
			frame->place = PLACE_REPLACES;
			break;
	}
	if (!r->keeps_all && !r->has_double_key)
		r->has_double_key = !doc_keys_add(&r->keys, r->depth, frame->first_key, r->base, (uint32_t) (key - r->base), len);
	skip_space(r);
	if (r->p >= r->end || *r->p != ':')
		return fail_at_char(r, "\":\"");
	r->p++;
	return true;
}

/* Takes the current member off again, with its key: a null one of a document, "@r". */
static void
drop_member(Reader *r, Frame *frame)
{
	r->at = r->base + frame->member_at;
	if (!r->keeps_all && !r->has_double_key)
		doc_keys_drop_newest(&r->keys);
}

static bool
read_value(Reader *r)
{
	Frame	   *frame = &r->frames[r->depth];
	const uint8_t *where;
	bool		is_integer = false;
	int64_t		integer = 0;

value_due:
	skip_space(r);
	if (r->p >= r->end)
		return fail_at_char(r, "value");
	if (frame->place != PLACE_ANY && !check_place(r, frame, *r->p))
		return false;
	switch (*r->p)
	{
		case '"':
			ensure(r, 1);
			*r->at++ = DOC_TAG_STRING;
			r->p++;
			if (!read_string(r))
				return false;
			break;
		case '{':
			if (!push(r, frame, true))
				return false;
			frame = &r->frames[r->depth];
			skip_space(r);
			if (r->p < r->end && *r->p == '}')
			{
				if (!pop(r))
					return false;
				break;
			}
			if (!read_key(r, frame))
				return false;
			goto value_due;
		case '[':
			if (!push(r, frame, false))
				return false;
			frame = &r->frames[r->depth];
			skip_space(r);
			if (r->p < r->end && *r->p == ']')
			{
				if (!pop(r))
					return false;
				break;
			}
			goto value_due;
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			where = r->p;
			if (!read_number(r, &is_integer, &integer))
				return false;
			if (frame->place != PLACE_ANY && !check_number(r, frame, where, is_integer, integer))
				return false;
			break;
		case 't':
			if (!read_word(r, "true", 4))
				return false;
			if (frame->place == PLACE_REPLACES)
			{
				r->base[frame->length_at - 1] = DOC_TAG_REPLACEMENT;
				drop_member(r, frame);
				break;
			}
			ensure(r, 1);
			*r->at++ = DOC_TAG_TRUE;
			break;
		case 'f':
			if (!read_word(r, "false", 5))
				return false;
			ensure(r, 1);
			*r->at++ = DOC_TAG_FALSE;
			break;
		case 'n':
			if (!read_word(r, "null", 4))
				return false;
			if (frame->is_object && frame->is_literal && !r->keeps_all)
			{
				drop_member(r, frame);
				break;
			}
			ensure(r, 1);
			*r->at++ = DOC_TAG_NULL;
			break;
		default:
			return fail_at_char(r, "value");
	}

	for (;;)
	{
		/* A value has ended. */
		if (r->depth == 0)
			return true;
		frame = &r->frames[r->depth];
		skip_space(r);
		if (r->p >= r->end)
			return fail_at_char(r, frame->is_object ? "\",\" or \"}\"" : "\",\" or \"]\"");
		if (*r->p == ',')
		{
			r->p++;
			if (frame->is_object)
			{
				skip_space(r);
				if (!read_key(r, frame))
					return false;
			}
			goto value_due;
		}
		if (*r->p != (frame->is_object ? '}' : ']'))
			return fail_at_char(r, frame->is_object ? "\",\" or \"}\"" : "\",\" or \"]\"");
		if (!pop(r))
			return false;
	}
}

static bool
read_text(Reader *r, const char *json, size_t len, DocClass class, KitBuf *out, bool keeps_all, KitDiag *diag)
{
	r->text = r->p = (const uint8_t *) json;
	r->end = r->text + len;
	r->diag = diag;
	r->out = out;
	r->start = out->len;
	r->keeps_all = keeps_all;
	r->has_double_key = false;
	r->depth = 0;
	doc_keys_init(&r->keys, out->arena);
	r->at = r->base = NULL;
	r->frames[0] = (Frame) {.is_literal = class == DOC_DOCUMENT};
	grow(r, DOC_HEADER_SIZE + len + len / 2);
	r->at += DOC_HEADER_SIZE;
	if (!read_value(r))
		return false;
	skip_space(r);
	if (r->p != r->end)
		return fail_at_char(r, "end of the text");
	return true;
}

/* The way of texts with double keys: all members are read, into a tree where the last of them wins. */
static bool
read_again(Reader *r, const char *json, size_t len, DocClass class, KitBuf *out, KitDiag *diag)
{
	KitBuf		all;
	DocItem		root;
	DocNode    *tree;

	kit_buf_init(&all, out->arena);
	if (!read_text(r, json, len, class, &all, true, diag))
		return false;
	doc_seal(r->base, class, (size_t) (r->at - r->base));
	if (!doc_open((DocBytes) {(const char *) r->base, (size_t) (r->at - r->base)}, class, &root, diag) ||
		!doc_node_from_item(out->arena, root, &tree, diag))
		return false;
	doc_node_drop_nulls(out->arena, tree, class);
	doc_write_tree(tree, class, out);
	return true;
}

bool
doc_from_json(const char *json, size_t len, DocClass class, KitBuf *out, KitDiag *diag)
{
	Reader		reader;
	size_t		start = out->len;
	bool		is_read;

	is_read = read_text(&reader, json, len, class, out, false, diag);
	if (is_read && !reader.has_double_key)
	{
		out->len = (size_t) (reader.at - (uint8_t *) out->data);
		out->data[out->len] = '\0';
		doc_seal(reader.base, class, (size_t) (reader.at - reader.base));
		return true;
	}
	out->len = start;
	if (out->cap > 0)
		out->data[start] = '\0';
	return is_read && read_again(&reader, json, len, class, out, diag);
}
