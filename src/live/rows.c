/*
 * rows.c
 *	  The rows of a list: found by id, and kept in order in chunks.
 *
 * A chunk holds up to LIVE_CHUNK rows; a full one is cut in two, an empty one goes.  A row's rank is the sizes of the chunks before its own.  They lie
 * beside each other, and those of each SPAN chunks are added up already: a million rows are some four hundred numbers to add.
 */
#include <string.h>

#include "kit/hash.h"
#include "live/internal.h"

/* ---- by id ---- */

static inline uint32_t
home(uint32_t size, int32_t id)
{
	return (uint32_t) kit_hash_mix((uint64_t) (uint32_t) id, 0) & (size - 1);
}

LiveEntry *
live_rows_find(const LiveList *list, int32_t id)
{
	if (list->size == 0)
		return NULL;
	for (uint32_t i = home(list->size, id);; i = (i + 1) & (list->size - 1))
		if (list->by_id[i] == NULL || list->by_id[i]->id == id)
			return list->by_id[i];
}

static void
enter(LiveList *list, LiveEntry *entry)
{
	uint32_t	i = home(list->size, entry->id);

	while (list->by_id[i] != NULL)
		i = (i + 1) & (list->size - 1);
	list->by_id[i] = entry;
}

static void
resize(KitHeap *heap, LiveList *list, uint32_t size)
{
	LiveEntry **old = list->by_id;
	uint32_t	old_size = list->size;

	list->by_id = kit_heap_zalloc(heap, size * sizeof(LiveEntry *));
	list->size = size;
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i] != NULL)
			enter(list, old[i]);
	if (old_size > 0)
		kit_heap_free(heap, old, old_size * sizeof(LiveEntry *));
}

LiveEntry *
live_rows_add(KitHeap *heap, LiveList *list, int32_t id, VmObj *row)
{
	LiveEntry  *entry = kit_heap_zalloc(heap, sizeof(LiveEntry));

	entry->id = id;
	entry->row = row;
	entry->old_at = -1;
	if (2 * (list->n + 1) > list->size)
		resize(heap, list, list->size == 0 ? 8 : list->size * 2);
	enter(list, entry);
	list->n++;
	return entry;
}

void
live_rows_remove(KitHeap *heap, LiveList *list, LiveEntry *entry)
{
	uint32_t	mask = list->size - 1;
	uint32_t	hole = home(list->size, entry->id);

	ADAMA_ASSERT(entry->chunk == NULL && entry->record == NULL);
	while (list->by_id[hole] != entry)
		hole = (hole + 1) & mask;
	/* what follows moves up, unless it would come before its home */
	for (uint32_t i = (hole + 1) & mask; list->by_id[i] != NULL; i = (i + 1) & mask)
		if (((i - home(list->size, list->by_id[i]->id)) & mask) >= ((i - hole) & mask))
		{
			list->by_id[hole] = list->by_id[i];
			hole = i;
		}
	list->by_id[hole] = NULL;
	list->n--;
	kit_heap_free(heap, entry, sizeof(LiveEntry));
}

/* ---- in order ---- */

#define SPAN 64					/* chunks whose sizes are added up */

uint32_t
live_rows_rank(const LiveList *list, const LiveEntry *entry)
{
	const LiveChunk *chunk = entry->chunk;
	uint32_t	rank = 0;

	for (uint32_t i = 0; i < chunk->at / SPAN; i++)
		rank += list->spans[i];
	for (uint32_t i = chunk->at / SPAN * SPAN; i < chunk->at; i++)
		rank += list->sizes[i];
	for (uint32_t i = 0; chunk->entries[i] != entry; i++)
		rank++;
	return rank;
}

bool
live_rows_seek(const LiveList *list, uint32_t rank, uint32_t *chunk, uint32_t *at)
{
	uint32_t	i = 0;

	if (rank >= list->n_ordered)
		return false;
	for (; rank >= list->spans[i]; i++)
		rank -= list->spans[i];
	for (i *= SPAN; rank >= list->sizes[i]; i++)
		rank -= list->sizes[i];
	*chunk = i;
	*at = rank;
	return true;
}

LiveEntry *
live_rows_at(const LiveList *list, uint32_t rank)
{
	uint32_t	chunk;
	uint32_t	at;

	return live_rows_seek(list, rank, &chunk, &at) ? list->chunks[chunk]->entries[at] : NULL;
}

/* The chunk has as many entries now. */
static void
set_size(LiveList *list, LiveChunk *chunk, uint32_t n)
{
	chunk->n = n;
	list->spans[chunk->at / SPAN] += n - list->sizes[chunk->at];
	list->sizes[chunk->at] = n;
}

/* From this chunk on, all are at other places. */
static void
renumber(LiveList *list, uint32_t from)
{
	for (uint32_t i = from / SPAN * SPAN; i < list->n_chunks; i++)
	{
		if (i % SPAN == 0)
			list->spans[i / SPAN] = 0;
		list->spans[i / SPAN] += list->sizes[i];
		if (i >= from)
			list->chunks[i]->at = i;
	}
}

static LiveChunk *
add_chunk(KitHeap *heap, LiveList *list, uint32_t at)
{
	LiveChunk  *chunk;

	if (list->n_chunks == list->chunks_cap)
	{
		uint32_t	cap = list->chunks_cap == 0 ? 1 : list->chunks_cap * 2;
		uint32_t	n_spans = (list->chunks_cap + SPAN - 1) / SPAN;

		list->chunks = kit_heap_grow(heap, list->chunks, list->chunks_cap * sizeof(LiveChunk *), cap * sizeof(LiveChunk *));
		list->sizes = kit_heap_grow(heap, list->sizes, list->chunks_cap * sizeof(uint32_t), cap * sizeof(uint32_t));
		list->spans = kit_heap_grow(heap, list->spans, n_spans * sizeof(uint32_t), (cap + SPAN - 1) / SPAN * sizeof(uint32_t));
		list->chunks_cap = cap;
	}
	chunk = kit_heap_alloc(heap, sizeof(LiveChunk));
	memmove(&list->chunks[at + 1], &list->chunks[at], (list->n_chunks - at) * sizeof(LiveChunk *));
	memmove(&list->sizes[at + 1], &list->sizes[at], (list->n_chunks - at) * sizeof(uint32_t));
	list->chunks[at] = chunk;
	list->sizes[at] = 0;
	list->n_chunks++;
	chunk->n = 0;
	renumber(list, at);
	return chunk;
}

void
live_rows_append(KitHeap *heap, LiveList *list, LiveEntry *entry)
{
	LiveChunk  *last = list->n_chunks == 0 ? NULL : list->chunks[list->n_chunks - 1];

	/* some room is left, so that the first rows to come in between do not cut every chunk */
	if (last == NULL || last->n >= LIVE_CHUNK * 3 / 4)
		last = add_chunk(heap, list, list->n_chunks);
	last->entries[last->n] = entry;
	set_size(list, last, last->n + 1);
	entry->chunk = last;
	list->n_ordered++;
}

void
live_rows_insert(KitHeap *heap, LiveList *list, uint32_t at_chunk, uint32_t at, LiveEntry *entry)
{
	LiveChunk  *chunk = list->n_chunks == 0 ? add_chunk(heap, list, 0) : list->chunks[at_chunk];

	if (chunk->n == LIVE_CHUNK)
	{
		LiveChunk  *next = add_chunk(heap, list, at_chunk + 1);
		/* rows mostly come at the end: then the full one stays full */
		uint32_t	kept = at == LIVE_CHUNK && at_chunk + 2 == list->n_chunks ? LIVE_CHUNK : LIVE_CHUNK / 2;

		memcpy(next->entries, chunk->entries + kept, (LIVE_CHUNK - kept) * sizeof(LiveEntry *));
		set_size(list, next, LIVE_CHUNK - kept);
		set_size(list, chunk, kept);
		for (uint32_t i = 0; i < next->n; i++)
			next->entries[i]->chunk = next;
		if (at > kept || kept == LIVE_CHUNK)
		{
			chunk = next;
			at -= kept;
		}
	}
	memmove(&chunk->entries[at + 1], &chunk->entries[at], (chunk->n - at) * sizeof(LiveEntry *));
	chunk->entries[at] = entry;
	set_size(list, chunk, chunk->n + 1);
	entry->chunk = chunk;
	list->n_ordered++;
}

static void
remove_chunk(KitHeap *heap, LiveList *list, LiveChunk *chunk)
{
	uint32_t	at = chunk->at;

	list->n_chunks--;
	memmove(&list->chunks[at], &list->chunks[at + 1], (list->n_chunks - at) * sizeof(LiveChunk *));
	memmove(&list->sizes[at], &list->sizes[at + 1], (list->n_chunks - at) * sizeof(uint32_t));
	renumber(list, at);
	kit_heap_free(heap, chunk, sizeof(LiveChunk));
}

void
live_rows_take(KitHeap *heap, LiveList *list, LiveEntry *entry)
{
	LiveChunk  *chunk = entry->chunk;
	uint32_t	at = 0;

	while (chunk->entries[at] != entry)
		at++;
	set_size(list, chunk, chunk->n - 1);
	memmove(&chunk->entries[at], &chunk->entries[at + 1], (chunk->n - at) * sizeof(LiveEntry *));
	entry->chunk = NULL;
	list->n_ordered--;
	if (chunk->n == 0)
		remove_chunk(heap, list, chunk);
}

void
live_rows_clear(KitHeap *heap, LiveList *list)
{
	for (uint32_t i = 0; i < list->n_chunks; i++)
	{
		for (uint32_t k = 0; k < list->chunks[i]->n; k++)
			list->chunks[i]->entries[k]->chunk = NULL;
		kit_heap_free(heap, list->chunks[i], sizeof(LiveChunk));
	}
	list->n_chunks = 0;
	list->n_ordered = 0;
}

void
live_rows_free(KitHeap *heap, LiveList *list)
{
	live_rows_clear(heap, list);
	for (uint32_t i = 0; i < list->size; i++)
		if (list->by_id[i] != NULL)
			kit_heap_free(heap, list->by_id[i], sizeof(LiveEntry));
	kit_heap_free(heap, list->by_id, list->size * sizeof(LiveEntry *));
	kit_heap_free(heap, list->chunks, list->chunks_cap * sizeof(LiveChunk *));
	kit_heap_free(heap, list->sizes, list->chunks_cap * sizeof(uint32_t));
	kit_heap_free(heap, list->spans, (list->chunks_cap + SPAN - 1) / SPAN * sizeof(uint32_t));
	kit_heap_free(heap, list->flat, list->n_flat * sizeof(LiveEntry *));
	*list = (LiveList) {0};
}
