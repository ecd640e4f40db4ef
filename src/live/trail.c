/*
 * trail.c
 *	  Changes as text: the last ones of what is shown, composed for who stayed away; and the change between two whole views.
 *
 * Each change leads to a version, the one before it is one less.  Who knows a version is told all changes since as one.  That can't be done when the trail does not
 * reach back that far, or when something went and came back meanwhile, which a merge patch cannot say: then one starts over with the whole.
 *
 * Remembered are at most as many bytes as the whole has, and some: then sending the whole is no worse.
 */
#include <string.h>

#include "live/internal.h"
#include "live/parts.h"

#define REMEMBERED_LEAST 16384

bool
live_text_tree(KitArena *arena, const char *text, size_t len, DocNode **tree, KitDiag *diag)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocItem		item;

	kit_buf_init(buf, arena);
	return doc_from_json(text, len, DOC_DELTA, buf, diag) && doc_open((DocBytes) {buf->data, buf->len}, DOC_DELTA, &item, diag) &&
		doc_node_from_item(arena, item, tree, diag);
}

/* ---- the last changes ---- */

LiveTrail *
live_trail_new(bool keep)
{
	KitHeap    *heap = kit_heap_new("adama trail");
	LiveTrail  *trail;

	if (keep)
		kit_heap_keep(heap);
	trail = kit_heap_zalloc(heap, sizeof(LiveTrail));
	trail->heap = heap;
	return trail;
}

void
live_trail_free(LiveTrail *trail)
{
	kit_heap_delete(trail->heap);
}

static void
forget_oldest(LiveTrail *trail, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		trail->n_bytes -= trail->changes[i].len;
		kit_heap_free(trail->heap, trail->changes[i].text, trail->changes[i].len);
	}
	trail->n_changes -= n;
	if (trail->n_changes > 0)
		memmove(trail->changes, trail->changes + n, trail->n_changes * sizeof(LiveChange));
}

void
live_trail_clear(LiveTrail *trail)
{
	forget_oldest(trail, trail->n_changes);
}

void
live_trail_add(LiveTrail *trail, uint64_t version, const char *text, size_t len, size_t whole_len)
{
	LiveChange *last;
	size_t		most = whole_len + REMEMBERED_LEAST;

	while (trail->n_changes > 0 && trail->n_bytes + len > most)
		forget_oldest(trail, (trail->n_changes + 1) / 2);
	if (len > most)
		return;
	if (trail->n_changes == trail->changes_cap)
	{
		uint32_t	cap = trail->changes_cap == 0 ? 8 : trail->changes_cap * 2;

		trail->changes = kit_heap_grow(trail->heap, trail->changes, trail->changes_cap * sizeof(LiveChange), cap * sizeof(LiveChange));
		trail->changes_cap = cap;
	}
	last = &trail->changes[trail->n_changes++];
	last->version = version;
	last->len = len;
	last->text = kit_heap_alloc(trail->heap, len);
	memcpy(last->text, text, len);
	trail->n_bytes += len;
}

/* The place of the first change after the version.  False: the changes do not reach back to it without a gap. */
static bool
find_first(const LiveTrail *trail, uint64_t version, uint64_t now, uint32_t *first)
{
	uint64_t	n = now - version;

	/* the change that leads to version v is remembered as v */
	if (n > trail->n_changes || (n > 0 && trail->changes[trail->n_changes - 1].version != now))
		return false;
	*first = trail->n_changes - (uint32_t) n;
	return n == 0 || trail->changes[*first].version == version + 1;
}

bool
live_trail_reaches(const LiveTrail *trail, uint64_t version, uint64_t now)
{
	uint32_t	first;

	return find_first(trail, version, now, &first);
}

bool
live_trail_since(const LiveTrail *trail, uint64_t version, uint64_t now, KitArena *scratch, KitBuf *out)
{
	DocNode    *sum = NULL;
	uint32_t	first;

	if (version == now)
		return true;
	if (!find_first(trail, version, now, &first))
		return false;
	for (uint32_t i = first; i < trail->n_changes; i++)
	{
		DocNode    *change;
		KitDiag		diag = {0};

		if (!live_text_tree(scratch, trail->changes[i].text, trail->changes[i].len, &change, &diag))
			return false;
		sum = sum == NULL ? change : doc_node_compose(scratch, sum, change, &diag);
		if (sum == NULL)
			return false;
	}
	if (doc_node_has_replacement(sum))
		return false;
	doc_node_to_json(sum, DOC_JSON_WIRE, out);
	return true;
}

/* ---- between two views ---- */

/* Whether clients can be told by one merge patch: not when an array has become an object, nor that a text that several write is another. */
static bool
can_tell(const DocNode *from, const DocNode *to)
{
	if (to->kind != DOC_OBJECT)
		return true;
	if (from->kind == DOC_ARRAY)
		return false;
	if (from->kind != DOC_OBJECT)
		return true;
	if (doc_node_get(to, live_text_key, strlen(live_text_key)) != NULL)
		return doc_node_equal(from, to);
	for (uint32_t i = 0; i < to->u.object.n; i++)
	{
		const DocMember *member = &to->u.object.members[i];
		const DocNode *old = doc_node_get(from, member->key, member->key_len);

		if (old != NULL && !can_tell(old, member->value))
			return false;
	}
	return true;
}

bool
live_whole_change(const char *from, size_t from_len, const char *to, size_t to_len, KitArena *scratch, KitBuf *out)
{
	DocNode    *old;
	DocNode    *new;
	DocNode    *change;
	KitDiag		diag = {0};

	if (from_len == to_len && memcmp(from, to, to_len) == 0)
		return true;
	if (!live_text_tree(scratch, from, from_len, &old, &diag) || !live_text_tree(scratch, to, to_len, &new, &diag) || !can_tell(old, new))
		return false;
	change = doc_node_diff(scratch, old, new);
	if (change != NULL)
		doc_node_to_json(change, DOC_JSON_WIRE, out);
	return true;
}
