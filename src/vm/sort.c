/*
 * sort.c
 *	  Lists sorted, and rows sorted for the orders that documents keep (state_order.c).
 *
 * Sorting is stable.  First one pass looks whether the list is in order already, or in the opposite order, which is the common case for rows that are inserted
 * in the order of a time or a counter: n comparisons, no memory.  Otherwise the first key is drawn out of the rows, and the list is sorted by merging
 * its natural runs; or, when only a few of the first elements are wanted, by a heap of these.  All comparisons are charged before they are made.
 */
#include <string.h>

#include "vm/machine.h"

#define MIN_RUN 8				/* shorter runs are made longer by insertion */

typedef struct Sorting
{
	const VmSort *sort;
	const VmVal *computed;
} Sorting;

static int
compare_plain(VmKeyKind kind, VmVal a, VmVal b)
{
	switch (kind)
	{
		case VM_KEY_INT:
		case VM_KEY_STRING_HASH:
		case VM_KEY_PRINCIPAL_HASH:
			return (a.i > b.i) - (a.i < b.i);
		case VM_KEY_DATETIME:
			return (kit_datetime_ms(a.i) > kit_datetime_ms(b.i)) - (kit_datetime_ms(a.i) < kit_datetime_ms(b.i));
		case VM_KEY_DOUBLE:
			if (a.d < b.d)
				return -1;
			if (a.d > b.d)
				return 1;
			return (a.d != a.d) - (b.d != b.d);	/* what is not a number comes last */
		case VM_KEY_STRING:
			return vm_str_compare(a.str, b.str);
		case VM_KEY_STRING_INSENSITIVE:
			return vm_str_compare_insensitive(a.str, b.str);
		case VM_KEY_PRINCIPAL:
			{
				const VmPrincipal *x = a.who;
				const VmPrincipal *y = b.who;
				size_t		n = x->authority_len < y->authority_len ? x->authority_len : y->authority_len;
				int			c = memcmp(x->text + x->agent_len, y->text + y->agent_len, n);

				if (c == 0)
					c = (int) x->authority_len - (int) y->authority_len;
				if (c == 0)
				{
					n = x->agent_len < y->agent_len ? x->agent_len : y->agent_len;
					c = memcmp(x->text, y->text, n);
				}
				return c != 0 ? c : (int) x->agent_len - (int) y->agent_len;
			}
	}
	return 0;
}

int
vm_sort_key_compare(const VmSortKey *key, VmVal a, VmVal b)
{
	int			c;

	if (!key->is_maybe)
		c = compare_plain(key->kind, a, b);
	else if (a.maybe == NULL || b.maybe == NULL)
		c = (a.maybe == NULL) - (b.maybe == NULL);
	else
		c = compare_plain(key->kind, a.maybe->value, b.maybe->value);
	return key->is_desc ? -c : c;
}

static VmVal
key_of(const Sorting *s, const VmSortKey *key, VmVal item, uint32_t at)
{
	if (key->is_computed)
		return s->computed[key->slot].list->items[at];
	if (key->slot == VM_KEY_ID)
		return (VmVal) {.i = item.obj->id};
	return item.obj->slots[key->slot];
}

static int
compare_items(const Sorting *s, VmVal a, uint32_t at_a, VmVal b, uint32_t at_b)
{
	for (int k = 0; k < s->sort->n_keys; k++)
	{
		const VmSortKey *key = &s->sort->keys[k];
		int			c = vm_sort_key_compare(key, key_of(s, key, a, at_a), key_of(s, key, b, at_b));

		if (c != 0)
			return c;
	}
	return 0;
}

static inline int
compare_entries(const Sorting *s, const VmSortEntry *a, const VmSortEntry *b)
{
	const VmSortKey *first = &s->sort->keys[0];
	int			c;

	if (first->kind == VM_KEY_INT && !first->is_maybe)
	{
		c = (a->key.i > b->key.i) - (a->key.i < b->key.i);
		if (first->is_desc)
			c = -c;
	}
	else
		c = vm_sort_key_compare(first, a->key, b->key);
	if (c != 0 || s->sort->n_keys == 1)
		return c;
	for (int k = 1; k < s->sort->n_keys; k++)
	{
		const VmSortKey *key = &s->sort->keys[k];

		c = vm_sort_key_compare(key, key_of(s, key, a->item, a->at), key_of(s, key, b->item, b->at));
		if (c != 0)
			return c;
	}
	return 0;
}

static void
reverse(VmVal *items, uint32_t from, uint32_t to)
{
	while (from + 1 < to)
	{
		VmVal		item = items[from];

		items[from++] = items[--to];
		items[to] = item;
	}
}

/* How the elements follow each other. */
typedef struct Trend
{
	bool		ascends;
	bool		descends;
	bool		has_ties;
} Trend;

/* By one integer in the rows, which is what most orders are. */
static Trend
trend_of_integers(const VmList *list, int slot, bool is_desc)
{
	Trend		t = {true, true, false};
	int64_t		last = list->items[0].obj->slots[slot].i;

	for (uint32_t i = 1; i < list->n; i++)
	{
		int64_t		key = list->items[i].obj->slots[slot].i;

		t.ascends &= last <= key;
		t.descends &= last >= key;
		t.has_ties |= last == key;
		if (!t.ascends && !t.descends)
			break;
		last = key;
	}
	return is_desc ? (Trend) {t.descends, t.ascends, t.has_ties} : t;
}

static Trend
trend_of(const Sorting *s, const VmList *list)
{
	const VmSortKey *first = &s->sort->keys[0];
	Trend		t = {true, true, false};

	if (s->sort->n_keys == 1 && first->kind == VM_KEY_INT && !first->is_maybe && !first->is_computed && first->slot >= 0)
		return trend_of_integers(list, first->slot, first->is_desc);
	for (uint32_t i = 1; i < list->n && (t.ascends || t.descends); i++)
	{
		int			c = compare_items(s, list->items[i - 1], i - 1, list->items[i], i);

		t.ascends &= c <= 0;
		t.descends &= c >= 0;
		t.has_ties |= c == 0;
	}
	return t;
}

/* Whether one pass did it: the list was in order, or in the opposite order, which is turned round; equal elements stay in their order. */
static bool
sorted_by_a_pass(const Sorting *s, VmList *list)
{
	uint32_t	n = list->n;
	Trend		t = trend_of(s, list);

	if (t.ascends || !t.descends)
		return t.ascends;
	/* runs of ties first, so that turning the whole restores their order; positions of computed keys hold only before */
	if (t.has_ties)
		for (uint32_t from = 0, i = 1; i <= n; i++)
			if (i == n || compare_items(s, list->items[i - 1], i - 1, list->items[i], i) != 0)
			{
				/* the element at i is not touched by this, nor by any later turn before it is compared */
				reverse(list->items, from, i);
				from = i;
			}
	reverse(list->items, 0, n);
	return true;
}

/* The heap's top is the worst of the best. */
static bool
is_worse(const Sorting *s, const VmSortEntry *a, const VmSortEntry *b)
{
	int			c = compare_entries(s, a, b);

	return c != 0 ? c > 0 : a->at > b->at;
}

static void
sift_down(const Sorting *s, VmSortEntry *heap, uint32_t n, uint32_t i)
{
	VmSortEntry		moved = heap[i];

	for (uint32_t child; (child = 2 * i + 1) < n; i = child)
	{
		if (child + 1 < n && is_worse(s, &heap[child + 1], &heap[child]))
			child++;
		if (!is_worse(s, &heap[child], &moved))
			break;
		heap[i] = heap[child];
	}
	heap[i] = moved;
}

/* Brings the best k of n entries to the front, in order. */
static void
select_best(const Sorting *s, VmSortEntry *entries, uint32_t n, uint32_t k)
{
	for (uint32_t i = k / 2; i-- > 0;)
		sift_down(s, entries, k, i);
	for (uint32_t i = k; i < n; i++)
		if (is_worse(s, &entries[0], &entries[i]))
		{
			entries[0] = entries[i];
			sift_down(s, entries, k, 0);
		}
	for (uint32_t left = k; left > 1;)
	{
		VmSortEntry		worst = entries[0];

		entries[0] = entries[--left];
		entries[left] = worst;
		sift_down(s, entries, left, 0);
	}
}

/* Sorts by merging natural runs.  ends has room for n / MIN_RUN + 1 positions, spare for n entries. */
static VmSortEntry *
merge_runs(const Sorting *s, VmSortEntry *entries, VmSortEntry *spare, uint32_t *ends, uint32_t n)
{
	uint32_t	n_runs = 0;

	for (uint32_t from = 0, i; from < n; from = i)
	{
		i = from + 1;
		if (i < n && compare_entries(s, &entries[from], &entries[i]) > 0)
		{
			while (i < n && compare_entries(s, &entries[i - 1], &entries[i]) > 0)
				i++;
			for (uint32_t a = from, b = i - 1; a < b; a++, b--)
			{
				VmSortEntry		e = entries[a];

				entries[a] = entries[b];
				entries[b] = e;
			}
		}
		while (i < n && compare_entries(s, &entries[i - 1], &entries[i]) <= 0)
			i++;
		for (; i < n && i - from < MIN_RUN; i++)
		{
			VmSortEntry		e = entries[i];
			uint32_t	j = i;

			for (; j > from && compare_entries(s, &entries[j - 1], &e) > 0; j--)
				entries[j] = entries[j - 1];
			entries[j] = e;
		}
		ends[n_runs++] = i;
	}
	while (n_runs > 1)
	{
		uint32_t	n_merged = 0;
		uint32_t	from = 0;
		VmSortEntry *merged = spare;

		for (uint32_t run = 0; run < n_runs; run += 2)
		{
			uint32_t	middle = ends[run];
			uint32_t	to = run + 1 < n_runs ? ends[run + 1] : middle;
			uint32_t	a = from;
			uint32_t	b = middle;

			for (uint32_t k = from; k < to; k++)
				merged[k] = a < middle && (b >= to || compare_entries(s, &entries[a], &entries[b]) <= 0) ? entries[a++] : entries[b++];
			ends[n_merged++] = to;
			from = to;
		}
		n_runs = n_merged;
		spare = entries;
		entries = merged;
	}
	return entries;
}

VmSortEntry *
vm_sort_entries(const VmSort *sort, VmSortEntry *entries, uint32_t n, KitArena *scratch)
{
	Sorting		s = {sort, NULL};

	if (n < 2)
		return entries;
	return merge_runs(&s, entries, kit_arena_alloc(scratch, n * sizeof(VmSortEntry)), kit_arena_alloc(scratch, (n / MIN_RUN + 1) * sizeof(uint32_t)), n);
}

/* Steps of comparing each element once with another: long strings take long. */
static uint64_t
pass_steps(const Sorting *s, const VmList *list)
{
	uint64_t	steps = (uint64_t) list->n * (uint64_t) s->sort->n_keys;

	for (int k = 0; k < s->sort->n_keys; k++)
	{
		const VmSortKey *key = &s->sort->keys[k];

		if (key->kind != VM_KEY_STRING && key->kind != VM_KEY_STRING_INSENSITIVE)
			continue;
		for (uint32_t i = 0; i < list->n; i++)
		{
			VmVal		value = key_of(s, key, list->items[i], i);

			if (!key->is_maybe)
				steps += value.str->len / 16;
			else if (value.maybe != NULL)
				steps += value.maybe->value.str->len / 16;
		}
	}
	return steps;
}

static uint32_t
log2_of(uint32_t n)
{
	uint32_t	log = 0;

	while (n > 1)
	{
		n >>= 1;
		log++;
	}
	return log;
}

bool
vm_sort(Vm *vm, VmList *list, const VmSort *sort, const VmVal *computed, int64_t offset, int64_t limit)
{
	Sorting		s = {sort, computed};
	uint32_t	n = list->n;
	int64_t		wanted;			/* elements at the front that have to be in order */

	if (offset < 0)
		offset = 0;
	if (offset > n)
		offset = n;
	if (limit < 0)
		limit = 0;
	if (limit > (int64_t) n - offset)
		limit = (int64_t) n - offset;
	wanted = offset + limit;
	if (limit > 0 && n > 1)
	{
		uint64_t	pass = pass_steps(&s, list);

		if (!vm_charge_steps(vm, pass))
			return false;
		if (!sorted_by_a_pass(&s, list))
		{
			bool		is_few = wanted < n / 8;
			size_t		size = n * sizeof(VmSortEntry);
			VmSortEntry *entries;

			if (!vm_charge_steps(vm, pass * log2_of(is_few ? (uint32_t) wanted : n)) ||
				!vm_charge(vm, is_few ? size : 2 * size + (n / MIN_RUN + 1) * sizeof(uint32_t)))
				return false;
			entries = kit_arena_alloc(vm->arena, size);
			for (uint32_t i = 0; i < n; i++)
				entries[i] = (VmSortEntry) {key_of(&s, &sort->keys[0], list->items[i], i), list->items[i], i};
			if (is_few)
				select_best(&s, entries, n, (uint32_t) wanted);
			else
				entries = merge_runs(&s, entries, kit_arena_alloc(vm->arena, size),
									 kit_arena_alloc(vm->arena, (n / MIN_RUN + 1) * sizeof(uint32_t)), n);
			for (uint32_t i = 0; i < wanted; i++)
				list->items[i] = entries[i].item;
		}
	}
	if (offset > 0)
		list->items += offset;	/* an empty list may have none */
	list->n = list->cap = (uint32_t) limit;
	return true;
}
