/*
 * cotext.c
 *	  Texts that several people write at once: made, changed, encoded.
 *
 * Positions are units of UTF-16.  A change must cover the text to its end, and may not cut a character of two units: otherwise it is none.
 */
#include "vm/cotext.h"

#include <string.h>

#include "kit/utf8.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

static VmCoBase empty_base = {0, 0, 0};
const VmCoText vm_empty_text = {.base = &empty_base};

#define FRAGMENTS_SIZE (1 + sizeof("fragments") - 1)
#define ORDER_SIZE (1 + sizeof("order") - 1)
#define CHANGES_SIZE (1 + sizeof("changes") - 1)
#define NUMBER_SIZE (1 + sizeof("seq") - 1)
#define EMPTY_MEMBERS_SIZE (FRAGMENTS_SIZE + ORDER_SIZE + 2 * VM_CONTAINER_SIZE)

/* ---- memory ---- */

static void *
get(KitHeap *heap, KitArena *arena, size_t size)
{
	return heap != NULL ? kit_heap_alloc(heap, size) : kit_arena_alloc(arena, size);
}

void
vm_cotext_share(const VmCoText *text)
{
	if (text->refs > 0)
		((VmCoText *) text)->refs++;
}

static void
drop_base(KitHeap *heap, VmCoBase *base)
{
	if (base->refs > 0 && --base->refs == 0)
		kit_heap_free(heap, base, sizeof(VmCoBase) + base->members_len + base->text_len + 1);
}

static void
drop_changes(KitHeap *heap, VmCoChange *change)
{
	while (change != NULL && --change->refs == 0)
	{
		VmCoChange *before = change->before;

		kit_heap_free(heap, change, sizeof(VmCoChange) + change->len);
		change = before;
	}
}

void
vm_cotext_drop(KitHeap *heap, const VmCoText *shared)
{
	VmCoText   *text = (VmCoText *) shared;

	if (text->refs == 0 || --text->refs > 0)
		return;
	drop_base(heap, text->base);
	drop_changes(heap, text->newest);
	if (text->current != NULL)
		kit_heap_free(heap, text->current, (size_t) text->current_len + 1);
	kit_heap_free(heap, text, sizeof(VmCoText));
}

/* ---- the base: lines by key ---- */

typedef struct Line
{
	const char *text;
	uint32_t	len;
	const char *key;
	uint32_t	key_len;
	uint32_t	first;			/* the first line that is equal, by index */
} Line;

typedef struct Lines
{
	KitArena   *arena;
	Line	   *lines;
	uint32_t	n;
	uint32_t   *by_text;		/* open addressing, line + 1 */
	uint32_t   *by_key;
	uint32_t	mask;
} Lines;

static uint32_t
hash_bytes(const char *p, size_t len)
{
	uint32_t	h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t) p[i]) * 16777619u;
	return h ^ h >> 15;
}

static void
lines_init(Lines *lines, KitArena *arena, uint32_t n)
{
	uint32_t	size = 8;

	while (size < n * 2)
		size *= 2;
	*lines = (Lines) {.arena = arena, .mask = size - 1};
	lines->lines = KIT_NEW_N(arena, Line, n + 1);
	lines->by_text = KIT_NEW_N(arena, uint32_t, size);
	lines->by_key = KIT_NEW_N(arena, uint32_t, size);
}

static uint32_t *
text_place(Lines *lines, const char *text, uint32_t len)
{
	for (uint32_t i = hash_bytes(text, len) & lines->mask;; i = (i + 1) & lines->mask)
	{
		const Line *line = &lines->lines[lines->by_text[i] - 1];

		if (lines->by_text[i] == 0 || (line->len == len && memcmp(line->text, text, len) == 0))
			return &lines->by_text[i];
	}
}

static uint32_t *
key_place(Lines *lines, const char *key, uint32_t len)
{
	for (uint32_t i = hash_bytes(key, len) & lines->mask;; i = (i + 1) & lines->mask)
	{
		const Line *line = &lines->lines[lines->by_key[i] - 1];

		if (lines->by_key[i] == 0 || (line->key_len == len && memcmp(line->key, key, len) == 0))
			return &lines->by_key[i];
	}
}

static void
add_line(Lines *lines, const char *text, uint32_t len)
{
	uint32_t   *place = text_place(lines, text, len);
	uint32_t	i = lines->n++;

	lines->lines[i] = (Line) {.text = text, .len = len, .first = *place == 0 ? i : *place - 1};
	if (*place == 0)
		*place = i + 1;
}

/* Java's hash of the line, in base 36, without a sign. */
static uint32_t
hash_digits(const Line *line, char digits[16])
{
	const uint8_t *p = (const uint8_t *) line->text;
	const uint8_t *end = p + line->len;
	uint32_t	hash = 0;
	uint32_t	n = 0;
	char		reversed[16];

	while (p < end)
	{
		uint32_t	code = 0;
		int			len = kit_utf8_read(p, end, &code);

		p += len > 0 ? len : 1;
		if (code > 0xffff)
		{
			hash = hash * 31 + 0xd800 + ((code - 0x10000) >> 10);
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		hash = hash * 31 + code;
	}
	if (hash > INT32_MAX)
		hash = 0 - hash;
	do
		reversed[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[hash % 36];
	while ((hash /= 36) > 0);
	for (uint32_t i = 0; i < n; i++)
		digits[i] = reversed[n - 1 - i];
	return n;
}

static void
give_key(Lines *lines, uint32_t line, const char *key, uint32_t len)
{
	lines->lines[line].key = key;
	lines->lines[line].key_len = len;
	*key_place(lines, key, len) = line + 1;
}

/* The shortest beginning of the hash that is no key yet; beyond that, numbers behind it. */
static void
make_key(Lines *lines, uint32_t line)
{
	char		digits[16];
	uint32_t	n = hash_digits(&lines->lines[line], digits);

	for (uint32_t len = 1; len <= n; len++)
		if (*key_place(lines, digits, len) == 0)
		{
			give_key(lines, line, kit_arena_strdup(lines->arena, digits, len), len);
			return;
		}
	for (uint32_t i = 1;; i++)
	{
		const char *key = kit_arena_printf(lines->arena, "%.*s-%u", (int) n, digits, i);

		if (*key_place(lines, key, (uint32_t) strlen(key)) == 0)
		{
			give_key(lines, line, key, (uint32_t) strlen(key));
			return;
		}
	}
}

static DocItem
member_of(const VmCoBase *base, const char *name)
{
	DocCursor	cursor = {.p = (const uint8_t *) base->data, .end = (const uint8_t *) base->data + base->members_len};
	DocKey		key;
	DocItem		item;

	while (doc_next_member(&cursor, &key, &item))
		if (doc_key_is(key, name))
			return item;
	return (DocItem) {.kind = DOC_OBJECT};
}

static void
give_keys(Lines *lines, const VmCoText *before)
{
	DocKey		key;
	DocItem		line;

	if (before != NULL)
		for (DocItem fragments = member_of(before->base, "fragments"); doc_next_member(&fragments.body, &key, &line);)
		{
			uint32_t   *place = text_place(lines, line.str, line.len);

			if (*place != 0)
				give_key(lines, *place - 1, key.str, key.len);
		}
	for (uint32_t i = 0; i < lines->n; i++)
		if (lines->lines[i].first == i && lines->lines[i].key == NULL)
			make_key(lines, i);
}

static VmCoBase *
make_base(KitHeap *heap, KitArena *arena, const Lines *lines, const char *text, size_t len)
{
	KitBuf		bytes;
	DocWriter	w;
	size_t		start;
	VmCoBase   *base;

	kit_buf_init(&bytes, lines->arena);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	start = bytes.len;
	doc_write_key_z(&w, "fragments");
	doc_write_object_begin(&w);
	for (uint32_t i = 0; i < lines->n; i++)
		if (lines->lines[i].first == i)
		{
			doc_write_key(&w, lines->lines[i].key, lines->lines[i].key_len);
			doc_write_string(&w, lines->lines[i].text, lines->lines[i].len);
		}
	doc_write_object_end(&w);
	doc_write_key_z(&w, "order");
	doc_write_object_begin(&w);
	for (uint32_t i = 0; i < lines->n; i++)
	{
		const Line *first = &lines->lines[lines->lines[i].first];

		doc_write_key_int(&w, i);
		doc_write_string(&w, first->key, first->key_len);
	}
	doc_write_object_end(&w);
	base = get(heap, arena, sizeof(VmCoBase) + bytes.len - start + len + 1);
	*base = (VmCoBase) {.refs = heap != NULL, .members_len = (uint32_t) (bytes.len - start), .text_len = (uint32_t) len};
	memcpy(base->data, bytes.data + start, base->members_len);
	if (len > 0)
		memcpy(base->data + base->members_len, text, len);
	base->data[base->members_len + len] = '\0';
	return base;
}

static VmCoText *
make_text(KitHeap *heap, KitArena *arena, VmCoBase *base, int32_t gen, int32_t seq)
{
	VmCoText   *text = get(heap, arena, sizeof(VmCoText));

	*text = (VmCoText) {.refs = heap != NULL, .gen = gen, .seq = seq, .base = base};
	return text;
}

/* The base of a text; of an empty one without lines. */
static VmCoBase *
base_of_text(KitHeap *heap, KitArena *arena, KitArena *scratch, const char *text, size_t len, const VmCoText *before)
{
	uint32_t	n = len > 0;
	const char *start = text;
	Lines		lines;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	lines_init(&lines, scratch, n);
	if (len > 0)
		for (size_t i = 0; i <= len; i++)
			if (i == len || text[i] == '\n')
			{
				add_line(&lines, start, (uint32_t) (text + i - start));
				start = text + i + 1;
			}
	give_keys(&lines, before);
	return make_base(heap, arena, &lines, text, len);
}

const VmCoText *
vm_cotext_new(KitHeap *heap, KitArena *arena, const char *text, size_t len, int32_t gen, const VmCoText *before)
{
	return make_text(heap, arena, base_of_text(heap, arena, arena, text, len, before), gen, 0);
}

/* ---- changes ---- */

static size_t
change_size(int64_t number, uint32_t len)
{
	return 1 + vm_int_text_size(number) + len;
}

static VmCoChange *
make_change(KitHeap *heap, VmCoChange *before, const char *data, uint32_t len)
{
	VmCoChange *change = kit_heap_alloc(heap, sizeof(VmCoChange) + len);

	*change = (VmCoChange) {.refs = 1, .len = len, .before = before};
	memcpy(change->data, data, len);
	return change;
}

static void
keep_current(KitHeap *heap, VmCoText *text, const char *current, uint32_t len)
{
	text->current = kit_heap_alloc(heap, (size_t) len + 1);
	text->current_len = len;
	if (len > 0)
		memcpy(text->current, current, len);
	text->current[len] = '\0';
}

const VmCoText *
vm_cotext_append(KitHeap *heap, const VmCoText *text, const char *change, size_t len, const VmStr *current)
{
	VmCoText   *made = make_text(heap, NULL, text->base, text->gen, text->seq);

	if (text->base->refs > 0)
		text->base->refs++;
	if (text->newest != NULL)
		text->newest->refs++;
	made->newest = make_change(heap, text->newest, change, (uint32_t) len);
	made->n_changes = text->n_changes + 1;
	made->changes_size = text->changes_size + change_size((int64_t) text->seq + text->n_changes, (uint32_t) len);
	if (current != NULL)
		keep_current(heap, made, current->text, current->len);
	return made;
}

/* All changes, the first of them first. */
static const VmCoChange **
changes_of(KitArena *arena, const VmCoText *text)
{
	const VmCoChange **changes = kit_arena_alloc(arena, ((size_t) text->n_changes + 1) * sizeof(VmCoChange *));
	uint32_t	i = text->n_changes;

	for (const VmCoChange *change = text->newest; i > 0; change = change->before)
		changes[--i] = change;
	return changes;
}

static DocItem
item_of(const VmCoChange *change)
{
	DocItem		item = {.kind = DOC_NULL};

	doc_item_from_raw(change->data, change->len, &item);
	return item;
}

DocItem
vm_cotext_change(const VmCoText *text, int64_t number)
{
	const VmCoChange *change = text->newest;

	for (int64_t i = (int64_t) text->seq + text->n_changes - 1; i > number; i--)
		change = change->before;
	return item_of(change);
}

const VmCoText *
vm_cotext_compact(KitHeap *heap, KitArena *scratch, const VmCoText *text, uint32_t n_folded)
{
	const VmCoChange **changes = changes_of(scratch, text);
	const VmStr *base = vm_str_new(scratch, text->base->data + text->base->members_len, text->base->text_len);
	const VmStr *current = vm_cotext_current(scratch, text);
	VmCoText   *made;

	for (uint32_t i = 0; i < n_folded; i++)
	{
		const VmStr *after = vm_cotext_apply(scratch, base, item_of(changes[i]));

		base = after == NULL ? base : after;
	}
	made = make_text(heap, NULL, base_of_text(heap, NULL, scratch, base->text, base->len, text), text->gen, text->seq + (int32_t) n_folded);
	for (uint32_t i = n_folded; i < text->n_changes; i++)
	{
		made->newest = make_change(heap, made->newest, changes[i]->data, changes[i]->len);
		made->changes_size += change_size((int64_t) text->seq + i, changes[i]->len);
		made->n_changes++;
	}
	keep_current(heap, made, current->text, current->len);
	return made;
}

/* ---- a change at work ---- */

/* Moves *p by n units of UTF-16; false when there are not so many, or when it would stop within a character. */
static bool
skip_units(const uint8_t **p, const uint8_t *end, int64_t n)
{
	while (n > 0 && *p < end)
	{
		n -= **p >= 0xf0 ? 2 : 1;
		(*p)++;
		while (*p < end && (**p & 0xc0) == 0x80)
			(*p)++;
	}
	return n == 0;
}

static bool
insert_lines(DocCursor *lines, KitBuf *out)
{
	DocItem		line;

	for (bool is_first = true; doc_next_element(lines, &line); is_first = false)
	{
		if (line.kind != DOC_STRING)
			return false;
		if (!is_first)
			kit_buf_add_char(out, '\n');
		kit_buf_add(out, line.str, line.len);
	}
	return true;
}

const VmStr *
vm_cotext_apply(KitArena *arena, const VmStr *text, DocItem change)
{
	const uint8_t *p = (const uint8_t *) text->text;
	const uint8_t *end = p + text->len;
	DocItem		steps;
	DocItem		step;
	DocItem		n;
	KitBuf		out;

	if (change.kind != DOC_OBJECT || !doc_find_member(change, "changes", 7, &steps) || steps.kind != DOC_ARRAY)
		return NULL;
	kit_buf_init(&out, arena);
	while (doc_next_element(&steps.body, &step))
	{
		const uint8_t *start = p;
		bool		is_edit = step.kind == DOC_ARRAY;

		if (!is_edit)
			n = step;
		else if (!doc_next_element(&step.body, &n))
			return NULL;
		if (n.kind != DOC_INT || n.i < 0 || !skip_units(&p, end, n.i))
			return NULL;
		if (!is_edit)
			kit_buf_add(&out, start, (size_t) (p - start));
		else if (!insert_lines(&step.body, &out))
			return NULL;
		if (out.len > VM_MAX_TEXT)
			return NULL;
	}
	return p == end ? vm_str_new(arena, out.data, out.len) : NULL;
}

const VmStr *
vm_cotext_current(KitArena *arena, const VmCoText *text)
{
	const VmStr *current;
	const VmCoChange **changes;

	if (text->current != NULL)
		return vm_str_new(arena, text->current, text->current_len);
	current = vm_str_new(arena, text->base->data + text->base->members_len, text->base->text_len);
	changes = changes_of(arena, text);
	for (uint32_t i = 0; i < text->n_changes; i++)
	{
		/* what does not fit, in a document that was damaged, is passed over */
		const VmStr *after = vm_cotext_apply(arena, current, item_of(changes[i]));

		current = after == NULL ? current : after;
	}
	return current;
}

/* The text of now, kept by a text that was loaded.  However many changes there are, two texts are in memory at a time. */
static void
make_current(KitHeap *heap, VmCoText *text)
{
	KitArena   *list = kit_arena_new("changes of a text");
	KitArena   *arena = kit_arena_new("text of now");
	const VmCoChange **changes = changes_of(list, text);
	const VmStr *current = vm_str_new(arena, text->base->data + text->base->members_len, text->base->text_len);

	for (uint32_t i = 0; i < text->n_changes; i++)
	{
		KitArena   *into = kit_arena_new("text of now");
		const VmStr *after = vm_cotext_apply(into, current, item_of(changes[i]));

		port_poll();
		if (after != NULL)
		{
			KitArena   *before = arena;

			arena = into;
			into = before;
			current = after;
		}
		kit_arena_delete(into);
	}
	keep_current(heap, text, current->text, current->len);
	kit_arena_delete(arena);
	kit_arena_delete(list);
}

uint32_t
vm_cotext_len(KitHeap *heap, const VmCoText *text)
{
	if (text->n_changes == 0)
		return text->base->text_len;
	if (text->current == NULL)
		make_current(heap, (VmCoText *) text);
	return text->current_len;
}

bool
vm_cotext_same(const VmCoText *a, const VmCoText *b)
{
	const VmCoChange *x = a->newest;
	const VmCoChange *y = b->newest;

	if (a == b)
		return true;
	if (a->gen != b->gen || a->seq != b->seq || a->n_changes != b->n_changes || a->changes_size != b->changes_size)
		return false;
	if (a->base != b->base && (a->base->members_len != b->base->members_len || a->base->text_len != b->base->text_len ||
							   memcmp(a->base->data, b->base->data, a->base->members_len) != 0))
		return false;
	for (; x != y; x = x->before, y = y->before)
		if (x->len != y->len || memcmp(x->data, y->data, x->len) != 0)
			return false;
	return true;
}

/* ---- encoding ---- */

static size_t
base_size(const VmCoBase *base)
{
	return base->members_len == 0 ? EMPTY_MEMBERS_SIZE : base->members_len;
}

size_t
vm_cotext_size(const VmCoText *text)
{
	return VM_CONTAINER_SIZE + base_size(text->base) + CHANGES_SIZE + VM_CONTAINER_SIZE + text->changes_size +
		2 * NUMBER_SIZE + vm_int_size(text->seq) + vm_int_size(text->gen);
}

static void
write_changes(DocWriter *w, const VmCoChange **changes, int64_t first, uint32_t n)
{
	doc_write_key_z(w, "changes");
	doc_write_object_begin(w);
	for (uint32_t i = 0; i < n; i++)
	{
		doc_write_key_int(w, first + i);
		doc_write_item(w, item_of(changes[i]));
	}
	doc_write_object_end(w);
}

void
vm_cotext_encode(DocWriter *w, const VmCoText *text)
{
	KitArena   *arena = w->buf->arena;

	doc_write_object_begin(w);
	doc_write_key_z(w, "fragments");
	if (text->base->members_len == 0)
	{
		doc_write_object_begin(w);
		doc_write_object_end(w);
	}
	else
		doc_write_item(w, member_of(text->base, "fragments"));
	doc_write_key_z(w, "order");
	if (text->base->members_len == 0)
	{
		doc_write_object_begin(w);
		doc_write_object_end(w);
	}
	else
		doc_write_item(w, member_of(text->base, "order"));
	write_changes(w, changes_of(arena, text), text->seq, text->n_changes);
	doc_write_key_z(w, "seq");
	doc_write_int(w, text->seq);
	doc_write_key_z(w, "gen");
	doc_write_int(w, text->gen);
	doc_write_object_end(w);
}

/* The text as JSON in canonical form, for merging. */
static DocItem
canonical(KitArena *scratch, const VmCoText *text)
{
	KitBuf		bytes;
	KitBuf	   *out = KIT_NEW(scratch, KitBuf);
	DocWriter	w;
	DocItem		item = {.kind = DOC_NULL};
	DocKey		refused;

	kit_buf_init(&bytes, scratch);
	kit_buf_init(out, scratch);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	vm_cotext_encode(&w, text);
	doc_write_end(&w);
	doc_item_from_raw(bytes.data + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE, &item);
	if (doc_canonical(scratch, NULL, item, DOC_MAX_DEPTH, out, &refused) == DOC_FIT_OK)
		doc_item_from_raw(out->data, out->len, &item);
	return item;
}

void
vm_cotext_encode_change(DocWriter *w, KitArena *scratch, const VmCoText *from, const VmCoText *to)
{
	if (from->base == to->base && from->gen == to->gen && from->seq == to->seq && to->n_changes >= from->n_changes)
	{
		uint32_t	n = to->n_changes - from->n_changes;
		const VmCoChange **changes = kit_arena_alloc(scratch, ((size_t) n + 1) * sizeof(VmCoChange *));
		const VmCoChange *change = to->newest;

		for (uint32_t i = n; i > 0; change = change->before)
			changes[--i] = change;
		if (change == from->newest)
		{
			doc_write_object_begin(w);
			write_changes(w, changes, (int64_t) from->seq + from->n_changes, n);
			doc_write_object_end(w);
			return;
		}
	}
	doc_write_canonical_change(w, canonical(scratch, from), canonical(scratch, to));
}

/* ---- loading ---- */

static bool
add_stored_change(KitHeap *heap, KitArena *scratch, const VmCoText **text, DocItem change)
{
	const VmStr *stored;
	const VmCoText *before = *text;
	DocKey		refused;

	if (change.kind != DOC_OBJECT || vm_dynamic_new(scratch, NULL, change, &stored, &refused) != DOC_FIT_OK)
		return false;
	*text = vm_cotext_append(heap, before, stored->text, stored->len, NULL);
	vm_cotext_drop(heap, before);
	return true;
}

/* A delta that appends to what was: NULL when it is another. */
static const VmCoText *
load_appended(KitHeap *heap, KitArena *scratch, DocItem item, const VmCoText *was)
{
	DocKey		key;
	DocItem		changes;
	DocItem		change;
	const VmCoText *text = was;
	const VmStr *current = NULL;

	if (was == NULL || item.replaces || !doc_next_member(&item.body, &key, &changes) || !doc_key_is(key, "changes") || changes.kind != DOC_OBJECT ||
		changes.replaces || doc_next_member(&item.body, &key, &change))
		return NULL;
	vm_cotext_share(text);
	while (doc_next_member(&changes.body, &key, &change))
	{
		int64_t		number;

		if (!doc_parse_int(key.str, key.len, &number) || number != (int64_t) text->seq + text->n_changes ||
			!add_stored_change(heap, scratch, &text, change))
		{
			vm_cotext_drop(heap, text);
			return NULL;
		}
	}
	if (text == was)
	{
		vm_cotext_drop(heap, text);
		return NULL;
	}
	/* what was known goes on being known */
	if (was->current != NULL || was->n_changes == 0)
	{
		current = vm_cotext_current(scratch, was);
		for (int64_t i = (int64_t) was->seq + was->n_changes; i < (int64_t) text->seq + text->n_changes; i++)
		{
			const VmStr *after = vm_cotext_apply(scratch, current, vm_cotext_change(text, i));

			current = after == NULL ? current : after;
		}
		keep_current(heap, (VmCoText *) text, current->text, current->len);
	}
	return text;
}

static bool
read_lines(Lines *lines, DocItem fragments, DocItem order, KitBuf *text)
{
	uint32_t	n = 0;
	DocKey		key;
	DocItem		item;
	DocItem	   *keys;
	DocNode    *by_key = doc_node_new(lines->arena, DOC_OBJECT);

	for (DocCursor cursor = order.body; doc_next_member(&cursor, &key, &item);)
		n++;
	keys = KIT_NEW_N(lines->arena, DocItem, n + 1);
	while (doc_next_member(&order.body, &key, &item))
	{
		int64_t		at;

		if (item.kind != DOC_STRING || !doc_parse_int(key.str, key.len, &at) || at < 0 || at >= n || keys[at].kind != DOC_NULL)
			return false;
		keys[at] = item;
	}
	while (doc_next_member(&fragments.body, &key, &item))
	{
		if (item.kind != DOC_STRING || memchr(item.str, '\n', item.len) != NULL)
			return false;
		doc_node_set(lines->arena, by_key, key.str, key.len, doc_node_string(lines->arena, item.str, item.len));
	}
	lines_init(lines, lines->arena, n);
	for (uint32_t i = 0; i < n; i++)
	{
		const DocNode *line = doc_node_get(by_key, keys[i].str, keys[i].len);
		Line	   *added = &lines->lines[i];

		if (line == NULL)
			return false;
		add_line(lines, line->u.s.str, line->u.s.len);
		if (added->first == i)
			give_key(lines, i, keys[i].str, keys[i].len);
		else if (lines->lines[added->first].key_len != keys[i].len || memcmp(lines->lines[added->first].key, keys[i].str, keys[i].len) != 0)
			return false;
		if (i > 0)
			kit_buf_add_char(text, '\n');
		kit_buf_add(text, line->u.s.str, line->u.s.len);
	}
	return text->len <= VM_MAX_TEXT;
}

const VmCoText *
vm_cotext_load(KitHeap *heap, KitArena *scratch, DocItem item, const VmCoText *was)
{
	static const char *const names[] = {"fragments", "order", "changes", "seq", "gen"};
	DocItem		members[5];
	DocItem		base;
	KitBuf		merged;
	KitBuf		joined;
	Lines		lines = {.arena = scratch};
	DocKey		key;
	DocItem		change;
	uint32_t	n = 0;
	DocItem	   *changes;
	const VmCoText *text;
	bool		is_sound = true;

	if (item.kind != DOC_OBJECT)
		return NULL;
	text = load_appended(heap, scratch, item, was);
	if (text != NULL)
		return text;
	if (was != NULL)
		base = canonical(scratch, was);
	kit_buf_init(&merged, scratch);
	if (doc_canonical(scratch, was == NULL ? NULL : &base, item, DOC_MAX_DEPTH, &merged, &key) != DOC_FIT_OK ||
		!doc_item_from_raw(merged.data, merged.len, &item))
		return NULL;
	for (int i = 0; i < 5; i++)
		if (!doc_find_member(item, names[i], strlen(names[i]), &members[i]))
			members[i] = (DocItem) {.kind = i < 3 ? DOC_OBJECT : DOC_INT};
	for (int i = 0; i < 5; i++)
		if (members[i].kind != (i < 3 ? DOC_OBJECT : DOC_INT) || (i >= 3 && (members[i].i < 0 || members[i].i > INT32_MAX)))
			return NULL;
	kit_buf_init(&joined, scratch);
	if (!read_lines(&lines, members[0], members[1], &joined))
		return NULL;
	for (DocCursor cursor = members[2].body; doc_next_member(&cursor, &key, &change);)
		n++;
	changes = KIT_NEW_N(scratch, DocItem, n + 1);
	while (doc_next_member(&members[2].body, &key, &change))
	{
		int64_t		number;

		if (!doc_parse_int(key.str, key.len, &number) || number < members[3].i || number >= members[3].i + n)
			return NULL;
		changes[number - members[3].i] = change;
	}
	text = make_text(heap, NULL, make_base(heap, NULL, &lines, joined.data, joined.len), (int32_t) members[4].i, (int32_t) members[3].i);
	for (uint32_t i = 0; i < n && is_sound; i++)
		is_sound = add_stored_change(heap, scratch, &text, changes[i]);
	if (is_sound)
		return text;
	vm_cotext_drop(heap, text);
	return NULL;
}
