/*
 * jsonb.c
 *	  Values of documents as jsonb.
 *
 * Written as they are stored (utils/jsonb.h says how), without the tree of JsonbValues that the server's own functions go through: of small values, as messages publish them, that takes a third of the time.
 *
 *		container	header: number of elements or pairs, and which	|	entries: of elements; of keys, then of values	|	what they are of, in the same order
 *
 * An entry has the kind and the length, each 32nd the end instead.  Keys are sorted by length, then by bytes.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "doc/doc.h"
#include "store/store.h"

typedef struct Build
{
	StringInfoData out;
	KitArena   *arena;
} Build;

/* ---- scalars ---- */

/* As its text reads: 1.0 keeps its point. */
static Numeric
numeric_of_double(double value, KitArena *arena)
{
	KitBuf		digits;

	kit_buf_init(&digits, arena);
	doc_double_text(value, &digits);
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits.data), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static void
align(StringInfo out)
{
	while (out->len % ALIGNOF_INT != 0)
		appendStringInfoCharMacro(out, 0);
}

static JEntry
write_numeric(Build *build, Numeric value)
{
	int			start = build->out.len;

	align(&build->out);
	appendBinaryStringInfo(&build->out, (const char *) value, VARSIZE_ANY(value));
	return JENTRY_ISNUMERIC | (JEntry) (build->out.len - start);
}

static JEntry
write_string(Build *build, const char *str, uint32 len)
{
	if (len > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a string of %u bytes is too long for jsonb", len)));
	appendBinaryStringInfo(&build->out, str, (int) len);
	return JENTRY_ISSTRING | len;
}

static JEntry
write_scalar(Build *build, const DocItem *item)
{
	switch (item->kind)
	{
		case DOC_BOOL:
			return item->b ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
		case DOC_INT:
			return write_numeric(build, int64_to_numeric(item->i));
		case DOC_DOUBLE:
			return write_numeric(build, numeric_of_double(item->d, build->arena));
		case DOC_STRING:
			return write_string(build, item->str, item->len);
		default:
			return JENTRY_ISNULL;
	}
}

/* ---- containers ---- */

/* One that is being written. */
typedef struct Container
{
	int			start;			/* in out, before it is aligned */
	int			entries;
	int			n;				/* entries so far */
	uint32		size;			/* of what they are of */
} Container;

static JEntry write_item(Build *build, DocItem *item);

static void
require_whole(const DocCursor *body)
{
	if (body->is_damaged)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("stored value is damaged")));
}

static void
require_size(uint64 size)
{
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a value is too large for jsonb: an array or object has at most %u bytes", JENTRY_OFFLENMASK)));
}

static Container
begin(Build *build, uint32 header, int n_entries)
{
	Container	container = {build->out.len};

	require_size((uint64) n_entries * sizeof(JEntry));
	align(&build->out);
	appendBinaryStringInfo(&build->out, (const char *) &header, sizeof(header));
	container.entries = build->out.len;
	enlargeStringInfo(&build->out, n_entries * (int) sizeof(JEntry));
	build->out.len += n_entries * (int) sizeof(JEntry);
	return container;
}

static void
add(Build *build, Container *container, JEntry entry)
{
	require_size((uint64) container->size + JBE_OFFLENFLD(entry));
	container->size += JBE_OFFLENFLD(entry);
	if (container->n % JB_OFFSET_STRIDE == 0)
		entry = (entry & JENTRY_TYPEMASK) | container->size | JENTRY_HAS_OFF;
	memcpy(build->out.data + container->entries + container->n * (int) sizeof(JEntry), &entry, sizeof(JEntry));
	container->n++;
}

static JEntry
end(const Build *build, const Container *container)
{
	int			size = build->out.len - container->start;

	require_size((uint64) size);
	return JENTRY_ISCONTAINER | (JEntry) size;
}

static JEntry
write_array(Build *build, DocItem *array)
{
	DocCursor	body = array->body;
	DocItem		element;
	Container	container;
	uint32		n = 0;

	while (doc_next_element(&body, &element))
		n++;
	require_whole(&body);
	require_size(n);
	container = begin(build, JB_FARRAY | n, (int) n);
	while (doc_next_element(&array->body, &element))
		add(build, &container, write_item(build, &element));
	return end(build, &container);
}

typedef struct Pair
{
	const char *key;
	uint32		len;
	uint32		place;			/* among all */
	DocItem		value;
} Pair;

static int
compare_keys(const Pair *a, const Pair *b)
{
	return a->len != b->len ? (a->len < b->len ? -1 : 1) : memcmp(a->key, b->key, a->len);
}

static int
compare_pairs(const void *a, const void *b)
{
	const Pair *x = a;
	const Pair *y = b;
	int			order = compare_keys(x, y);

	return order != 0 ? order : x->place < y->place ? -1 : 1;
}

#define FEW_PAIRS 16

static void
sort_pairs(Pair *pairs, uint32 n)
{
	if (n > FEW_PAIRS)
	{
		qsort(pairs, n, sizeof(Pair), compare_pairs);
		return;
	}
	for (uint32 i = 1; i < n; i++)
	{
		Pair		pair = pairs[i];
		uint32		k = i;

		for (; k > 0 && compare_pairs(&pairs[k - 1], &pair) > 0; k--)
			pairs[k] = pairs[k - 1];
		pairs[k] = pair;
	}
}

/* Sorted.  Keys are unique but in what is damaged; there the last counts. */
static Pair *
read_pairs(Build *build, DocItem *object, uint32 *n)
{
	DocCursor	body = object->body;
	DocItem		value;
	DocKey		key;
	uint32		n_all = object->replaces;
	Pair	   *pairs;
	uint32		kept = 0;

	while (doc_next_member(&body, &key, &value))
		n_all++;
	require_whole(&body);
	require_size(n_all);
	pairs = kit_arena_alloc(build->arena, sizeof(Pair) * (size_t) (n_all + 1));
	*n = 0;
	if (object->replaces)
		pairs[(*n)++] = (Pair) {"@r", 2, 0, {.kind = DOC_BOOL, .b = true}};
	while (doc_next_member(&object->body, &key, &value))
	{
		pairs[*n] = (Pair) {key.str, key.len, *n, value};
		(*n)++;
	}
	sort_pairs(pairs, *n);
	for (uint32 i = 0; i < *n; i++)
	{
		if (i + 1 < *n && compare_keys(&pairs[i], &pairs[i + 1]) == 0)
			continue;
		if (kept != i)
			pairs[kept] = pairs[i];
		kept++;
	}
	*n = kept;
	return pairs;
}

static JEntry
write_object(Build *build, DocItem *object)
{
	uint32		n;
	Pair	   *pairs = read_pairs(build, object, &n);
	Container	container;

	require_size((uint64) n * 2 * sizeof(JEntry));
	container = begin(build, JB_FOBJECT | n, (int) n * 2);
	for (uint32 i = 0; i < n; i++)
		add(build, &container, write_string(build, pairs[i].key, pairs[i].len));
	for (uint32 i = 0; i < n; i++)
		add(build, &container, write_item(build, &pairs[i].value));
	return end(build, &container);
}

static JEntry
write_item(Build *build, DocItem *item)
{
	check_stack_depth();
	if (item->kind == DOC_ARRAY)
		return write_array(build, item);
	if (item->kind == DOC_OBJECT)
		return write_object(build, item);
	return write_scalar(build, item);
}

#define SIZE_AT_FIRST 256

Datum
store_jsonb_of_item(DocItem item, KitArena *arena)
{
	Build		build = {.arena = arena};

	build.out = (StringInfoData) {palloc(SIZE_AT_FIRST), VARHDRSZ, SIZE_AT_FIRST, 0};
	if (item.kind == DOC_ARRAY || item.kind == DOC_OBJECT)
		(void) write_item(&build, &item);
	else
	{
		/* Alone, it is the only element of an array that says so. */
		Container	container = begin(&build, JB_FARRAY | JB_FSCALAR | 1, 1);

		add(&build, &container, write_scalar(&build, &item));
	}
	SET_VARSIZE(build.out.data, build.out.len);
	return PointerGetDatum(build.out.data);
}
