/*
 * order.c
 *	  The algebra of orders, the values of "@o".
 *
 * In a document an order is a list of ids.  In a delta it is a list of pieces: ids, and slices [from, to] of the order before.  A slice stands for
 * its positions one by one, so two deltas' orders compose by putting, for each position that the second names, what the first has there.  The
 * result is written in one form only: neighbouring positions that follow each other are one slice.  That makes composition associative
 * to the letter.
 */
#include "doc/format.h"

#include "kit/hash.h"

/* A run of three and more old positions is sent as a slice, a shorter one as ids (which is what Adama's clients know). */
#define MIN_RUN 3

static inline bool
is_slice(const DocNode *piece)
{
	return piece->kind == DOC_ARRAY;
}

static inline int64_t
slice_from(const DocNode *slice)
{
	return slice->u.array.items[0]->u.i;
}

static inline int64_t
slice_to(const DocNode *slice)
{
	return slice->u.array.items[1]->u.i;
}

/* Trees can be made by hand: an order in a delta is looked at before it is used. */
static bool
pieces_are_valid(const DocNode *order)
{
	if (order->kind != DOC_ARRAY)
		return false;
	for (uint32_t i = 0; i < order->u.array.n; i++)
	{
		const DocNode *piece = order->u.array.items[i];

		if (piece->kind == DOC_INT || piece->kind == DOC_STRING)
			continue;
		if (!is_slice(piece) || piece->u.array.n != 2 || piece->u.array.items[0]->kind != DOC_INT ||
			piece->u.array.items[1]->kind != DOC_INT || slice_from(piece) < 0 || slice_from(piece) > slice_to(piece))
			return false;
	}
	return true;
}

static DocNode *
make_slice(KitArena *arena, int64_t from, int64_t to)
{
	DocNode    *slice = doc_node_new(arena, DOC_ARRAY);

	doc_node_append(arena, slice, doc_node_int(arena, from));
	doc_node_append(arena, slice, doc_node_int(arena, to));
	return slice;
}

static DocNode *
misfit(KitDiag *diag, const char *why)
{
	kit_fail(diag, KIT_DELTA_MISFIT, "delta does not fit: %s", why);
	return NULL;
}

/* ---- diff ---- */

static uint64_t
id_hash(const DocNode *id, uint64_t seed)
{
	if (id->kind == DOC_INT)
		return kit_hash_mix((uint64_t) id->u.i, seed);
	return id->kind == DOC_STRING ? kit_hash(id->u.s.str, id->u.s.len, seed) : seed;
}

/*
 * For each id of to its position in from, or -1.  What both have at the beginning and at the end is not looked up: in
 * between an id of from is entered into a table by its position plus one.
 */
static int64_t *
old_positions(KitArena *arena, const DocNode *from, const DocNode *to)
{
	uint32_t	n_from = from->u.array.n;
	uint32_t	n_to = to->u.array.n;
	int64_t    *positions = kit_arena_alloc(arena, n_to * sizeof(int64_t));
	uint32_t	head = 0;
	uint32_t	tail = 0;
	uint32_t	size = 16;
	uint32_t   *table;

	while (head < n_from && head < n_to && doc_node_equal(from->u.array.items[head], to->u.array.items[head]))
	{
		positions[head] = head;
		head++;
	}
	while (tail < n_from - head && tail < n_to - head &&
		   doc_node_equal(from->u.array.items[n_from - 1 - tail], to->u.array.items[n_to - 1 - tail]))
	{
		positions[n_to - 1 - tail] = n_from - 1 - tail;
		tail++;
	}
	if (head + tail == n_to)
		return positions;
	while (size < 2 * (uint64_t) (n_from - head - tail))
		size *= 2;
	table = KIT_NEW_N(arena, uint32_t, size);
	for (uint32_t i = head; i < n_from - tail; i++)
	{
		const DocNode *id = from->u.array.items[i];
		uint64_t	at = id_hash(id, (uintptr_t) table) & (size - 1);

		while (table[at] != 0 && !doc_node_equal(from->u.array.items[table[at] - 1], id))
			at = (at + 1) & (size - 1);
		table[at] = i + 1;
	}
	for (uint32_t i = head; i < n_to - tail; i++)
	{
		const DocNode *id = to->u.array.items[i];
		uint64_t	at = id_hash(id, (uintptr_t) table) & (size - 1);

		while (table[at] != 0 && !doc_node_equal(from->u.array.items[table[at] - 1], id))
			at = (at + 1) & (size - 1);
		positions[i] = (int64_t) table[at] - 1;
	}
	return positions;
}

/* The order's part of a delta, or NULL when the orders are equal. */
DocNode *
doc_order_diff(KitArena *arena, const DocNode *from, const DocNode *to)
{
	DocNode    *delta;
	int64_t    *positions;
	uint32_t	n = to->u.array.n;

	if (doc_node_equal(from, to))
		return NULL;
	positions = old_positions(arena, from, to);
	delta = doc_node_new(arena, DOC_ARRAY);
	for (uint32_t i = 0; i < n;)
	{
		uint32_t	run = 1;

		while (positions[i] >= 0 && i + run < n && positions[i + run] == positions[i] + run)
			run++;
		if (run >= MIN_RUN)
			doc_node_append(arena, delta, make_slice(arena, positions[i], positions[i] + run - 1));
		else
			for (uint32_t k = i; k < i + run; k++)
				doc_node_append(arena, delta, to->u.array.items[k]);
		i += run;
	}
	return delta;
}

/* ---- apply ---- */

/* The order after the delta, all ids.  order may be NULL: there was none. */
DocNode *
doc_order_apply(KitArena *arena, const DocNode *order, const DocNode *delta, KitDiag *diag)
{
	DocNode    *result = doc_node_new(arena, DOC_ARRAY);
	int64_t		n = order != NULL && order->kind == DOC_ARRAY ? order->u.array.n : 0;

	if (!pieces_are_valid(delta))
		return misfit(diag, "its \"@o\" is not a list of ids and slices");
	for (uint32_t i = 0; i < delta->u.array.n; i++)
	{
		DocNode    *piece = delta->u.array.items[i];

		if (!is_slice(piece))
		{
			doc_node_append(arena, result, piece);
			continue;
		}
		if (slice_to(piece) >= n)
			return misfit(diag, "a slice reaches beyond the order of the list");
		for (int64_t k = slice_from(piece); k <= slice_to(piece); k++)
			doc_node_append(arena, result, order->u.array.items[k]);
	}
	return result;
}

/* ---- compose ---- */

/* Pieces that are being put together: a slice waits for the one that may continue it. */
typedef struct Pieces
{
	KitArena   *arena;
	DocNode    *list;
	bool		has_slice;
	int64_t		from;
	int64_t		to;
} Pieces;

static void
end_slice(Pieces *pieces)
{
	if (pieces->has_slice)
		doc_node_append(pieces->arena, pieces->list, make_slice(pieces->arena, pieces->from, pieces->to));
	pieces->has_slice = false;
}

static void
add_id(Pieces *pieces, DocNode *id)
{
	end_slice(pieces);
	doc_node_append(pieces->arena, pieces->list, id);
}

static void
add_slice(Pieces *pieces, int64_t from, int64_t to)
{
	if (!pieces->has_slice || pieces->to + 1 != from)
	{
		end_slice(pieces);
		pieces->from = from;
		pieces->has_slice = true;
	}
	pieces->to = to;
}

/* Adds positions from to to of the order that the pieces of first make; begins[i] is the position of its piece i. */
static void
add_through(Pieces *pieces, const DocNode *first, const int64_t *begins, int64_t from, int64_t to)
{
	uint32_t	low = 0;
	uint32_t	high = first->u.array.n;

	while (high - low > 1)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (begins[middle] <= from)
			low = middle;
		else
			high = middle;
	}
	for (; from <= to; low++)
	{
		DocNode    *piece = first->u.array.items[low];
		int64_t		last = begins[low + 1] - 1 < to ? begins[low + 1] - 1 : to;

		if (is_slice(piece))
			add_slice(pieces, slice_from(piece) + from - begins[low], slice_from(piece) + last - begins[low]);
		else
			add_id(pieces, piece);
		from = last + 1;
	}
}

/* The order of a delta that does what first and then second do, in terms of the order before both. */
DocNode *
doc_order_compose(KitArena *arena, const DocNode *first, const DocNode *second, KitDiag *diag)
{
	Pieces		pieces = {.arena = arena};
	int64_t    *begins;
	int64_t		n = 0;

	if (!pieces_are_valid(first) || !pieces_are_valid(second))
		return misfit(diag, "an \"@o\" is not a list of ids and slices");
	pieces.list = doc_node_new(arena, DOC_ARRAY);
	begins = kit_arena_alloc(arena, (first->u.array.n + (size_t) 1) * sizeof(int64_t));
	for (uint32_t i = 0; i < first->u.array.n; i++)
	{
		const DocNode *piece = first->u.array.items[i];

		begins[i] = n;
		/* No order has 2^32 elements: beyond it the sum is no longer exact, nor does it matter. */
		n += is_slice(piece) ? slice_to(piece) - slice_from(piece) + 1 : 1;
		if (n > UINT32_MAX || n < 0)
			return misfit(diag, "a slice reaches beyond the order of the list");
	}
	begins[first->u.array.n] = n;
	for (uint32_t i = 0; i < second->u.array.n; i++)
	{
		DocNode    *piece = second->u.array.items[i];

		if (!is_slice(piece))
			add_id(&pieces, piece);
		else if (slice_to(piece) >= n)
			return misfit(diag, "a slice reaches beyond the order of the list");
		else
			add_through(&pieces, first, begins, slice_from(piece), slice_to(piece));
	}
	end_slice(&pieces);
	return pieces.list;
}
