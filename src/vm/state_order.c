/*
 * state_order.c
 *	  Orders in which a document keeps the rows of its tables, so that a query need not visit or sort them all.
 *
 * An order (VmOrderDef) is by some keys, then by id.  It serves "order by", forwards and backwards, and looking up rows by the first key: the index that a
 * program declares is one, by the key itself or by its hash.  A table gets an order when a query first asks for it, by sorting once, and loses it when it
 * costs more than it is used.  Nothing of it is stored, and nothing that a program can notice depends on whether it is there: what a query is charged
 * follows the document alone.
 *
 * Entries lie in blocks: sorted arrays of at most BLOCK entries, in a sorted array of blocks.  A row is found by two binary searches, the nth one by adding
 * up the sizes of the blocks, from the nearer end.
 *
 *		a row of the table is	in all of its orders	with the keys that it has now
 *							or	pending					in none, until a query asks for one
 *							or	deleted					in none; when it was pending, still in that list
 *
 * A row becomes pending when it is made and before one of its keys changes: so the fields of a new row can be set one by one, and a row that changes often
 * between two queries is moved once.
 */
#include "kit/hash.h"
#include "vm/state_internal.h"

#define BLOCK 64				/* entries */
#define FILLED 48				/* of a block when an order is made */
#define FEW 16					/* a block with less is joined with its neighbour if both fit */
#define FIRST_PENDING 8
#define FEW_PENDING 64

/* ---- keys ---- */

VmVal
vm_order_key(const VmSortKey *key, VmVal value)
{
	const VmPrincipal *who = value.who;

	switch (key->kind)
	{
		case VM_KEY_STRING_HASH:
			return (VmVal) {.i = (int64_t) kit_hash(value.str->text, value.str->len, 0)};
		case VM_KEY_PRINCIPAL_HASH:
			return (VmVal) {.i = (int64_t) kit_hash(who->text, (size_t) who->agent_len + who->authority_len, who->agent_len)};
		default:
			return value;
	}
}

static VmVal
key_of(const VmSortKey *key, const VmObj *row)
{
	return key->slot == VM_KEY_ID ? (VmVal) {.i = row->id} : vm_order_key(key, row->slots[key->slot]);
}

static inline int
compare_first(const VmOrderDef *def, VmVal a, VmVal b)
{
	const VmSortKey *key = &def->sort.keys[0];

	if (key->kind == VM_KEY_INT && !key->is_maybe)
		return (a.i > b.i) - (a.i < b.i);
	return vm_sort_key_compare(key, a, b);
}

/* All keys but the id. */
static int
compare_keys(const VmOrderDef *def, const VmOrderEntry *a, const VmOrderEntry *b)
{
	int			c = compare_first(def, a->key, b->key);

	for (int k = 1; c == 0 && k < def->sort.n_keys; k++)
		c = vm_sort_key_compare(&def->sort.keys[k], key_of(&def->sort.keys[k], a->row), key_of(&def->sort.keys[k], b->row));
	return c;
}

static int
compare(const VmOrderDef *def, const VmOrderEntry *a, const VmOrderEntry *b)
{
	int			c = compare_keys(def, a, b);

	return c != 0 ? c : (a->row->id > b->row->id) - (a->row->id < b->row->id);
}

/* ---- places ---- */

/* How an entry stands to what is looked for: negative when it is before it. */
typedef int (*Probe) (const VmOrder *order, const VmOrderEntry *entry, const void *sought);

/* The first entry that is not before what is sought. */
static inline VmOrderPlace
search(const VmOrder *order, Probe probe, const void *sought)
{
	uint32_t	low = 0;
	uint32_t	high = order->n_blocks;
	const VmOrderBlock *block;
	uint32_t	at;

	/* the first block whose last entry is not before it; many searches are for the end */
	if (high > 0 && probe(order, &order->blocks[high - 1].entries[order->blocks[high - 1].n - 1], sought) < 0)
		return (VmOrderPlace) {high, 0};
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		block = &order->blocks[middle];
		if (probe(order, &block->entries[block->n - 1], sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == order->n_blocks)
		return (VmOrderPlace) {low, 0};
	block = &order->blocks[low];
	at = 0;
	high = block->n - 1;
	while (at < high)
	{
		uint32_t	middle = at + (high - at) / 2;

		if (probe(order, &block->entries[middle], sought) < 0)
			at = middle + 1;
		else
			high = middle;
	}
	return (VmOrderPlace) {low, at};
}

static int
probe_entry(const VmOrder *order, const VmOrderEntry *entry, const void *sought)
{
	return compare(order->def, entry, sought);
}

static int
probe_first(const VmOrder *order, const VmOrderEntry *entry, const void *sought)
{
	return compare_first(order->def, entry->key, *(const VmVal *) sought);
}

static int
probe_above_first(const VmOrder *order, const VmOrderEntry *entry, const void *sought)
{
	return compare_first(order->def, entry->key, *(const VmVal *) sought) <= 0 ? -1 : 1;
}

static int
probe_tie(const VmOrder *order, const VmOrderEntry *entry, const void *sought)
{
	return compare_keys(order->def, entry, sought);
}

static int
probe_above_tie(const VmOrder *order, const VmOrderEntry *entry, const void *sought)
{
	return compare_keys(order->def, entry, sought) <= 0 ? -1 : 1;
}

VmOrderPlace
vm_order_seek(const VmOrder *order, VmVal key, bool is_above)
{
	return is_above ? search(order, probe_above_first, &key) : search(order, probe_first, &key);
}

VmOrderPlace
vm_order_first_tie(const VmOrder *order, VmOrderPlace place)
{
	const VmOrderEntry *entry = vm_order_entry(order, place);

	/* mostly there is none */
	if ((place.block == 0 && place.at == 0) || compare_keys(order->def, vm_order_entry(order, vm_order_previous(order, place)), entry) != 0)
		return place;
	return search(order, probe_tie, entry);
}

VmOrderPlace
vm_order_last_tie(const VmOrder *order, VmOrderPlace place)
{
	const VmOrderEntry *entry = vm_order_entry(order, place);
	VmOrderPlace next = vm_order_next(order, place);

	if (next.block == order->n_blocks || compare_keys(order->def, vm_order_entry(order, next), entry) != 0)
		return next;
	return search(order, probe_above_tie, entry);
}

VmOrderPlace
vm_order_at(const VmOrder *order, uint32_t rank)
{
	uint32_t	block = 0;

	if (rank >= order->n)
		return (VmOrderPlace) {order->n_blocks, 0};
	if (rank > order->n / 2)
	{
		uint32_t	before = order->n;

		for (block = order->n_blocks; before > rank;)
			before -= order->blocks[--block].n;
		return (VmOrderPlace) {block, rank - before};
	}
	while (rank >= order->blocks[block].n)
		rank -= order->blocks[block++].n;
	return (VmOrderPlace) {block, rank};
}

uint32_t
vm_order_rank(const VmOrder *order, VmOrderPlace place)
{
	uint32_t	rank = 0;

	if (place.block > order->n_blocks / 2)
	{
		rank = order->n;
		for (uint32_t i = place.block; i < order->n_blocks; i++)
			rank -= order->blocks[i].n;
	}
	else
		for (uint32_t i = 0; i < place.block; i++)
			rank += order->blocks[i].n;
	return rank + place.at;
}

uint32_t
vm_order_between(const VmOrder *order, VmOrderPlace a, VmOrderPlace b, uint32_t enough)
{
	uint32_t	n = 0;

	if (a.block > b.block || (a.block == b.block && a.at >= b.at))
		return 0;
	for (uint32_t i = a.block; i < b.block && n <= enough + a.at; i++)
		n += order->blocks[i].n;
	return n + b.at - a.at;
}

/* ---- entries put in and taken out ---- */

static VmOrderBlock *
new_block(VmDoc *doc, VmOrder *order, uint32_t at)
{
	VmOrderEntry *entries = kit_heap_alloc(doc->heap, BLOCK * sizeof(VmOrderEntry));

	if (order->n_blocks == order->cap)
	{
		uint32_t	cap = order->cap == 0 ? 4 : order->cap * 2;

		order->blocks = kit_heap_grow(doc->heap, order->blocks, order->cap * sizeof(VmOrderBlock), cap * sizeof(VmOrderBlock));
		order->cap = cap;
	}
	if (at < order->n_blocks)
		memmove(&order->blocks[at + 1], &order->blocks[at], (order->n_blocks - at) * sizeof(VmOrderBlock));
	order->n_blocks++;
	order->blocks[at] = (VmOrderBlock) {entries, 0};
	return &order->blocks[at];
}

static void
remove_block(VmDoc *doc, VmOrder *order, uint32_t at)
{
	kit_heap_free(doc->heap, order->blocks[at].entries, BLOCK * sizeof(VmOrderEntry));
	order->n_blocks--;
	if (at < order->n_blocks)
		memmove(&order->blocks[at], &order->blocks[at + 1], (order->n_blocks - at) * sizeof(VmOrderBlock));
}

static void
put_in(VmDoc *doc, VmOrder *order, VmObj *row)
{
	VmOrderEntry entry = {key_of(&order->def->sort.keys[0], row), row};
	VmOrderPlace place = search(order, probe_entry, &entry);
	VmOrderBlock *block;

	order->n++;
	order->upkeep++;
	if (place.block == order->n_blocks)
	{
		if (order->n_blocks == 0 || order->blocks[order->n_blocks - 1].n == BLOCK)
			new_block(doc, order, order->n_blocks);
		block = &order->blocks[order->n_blocks - 1];
		block->entries[block->n++] = entry;
		return;
	}
	block = &order->blocks[place.block];
	if (block->n == BLOCK)
	{
		VmOrderBlock *upper = new_block(doc, order, place.block + 1);

		block = upper - 1;
		block->n = upper->n = BLOCK / 2;
		memcpy(upper->entries, block->entries + BLOCK / 2, BLOCK / 2 * sizeof(VmOrderEntry));
		if (place.at > BLOCK / 2)
		{
			block = upper;
			place.at -= BLOCK / 2;
		}
	}
	memmove(&block->entries[place.at + 1], &block->entries[place.at], (block->n - place.at) * sizeof(VmOrderEntry));
	block->entries[place.at] = entry;
	block->n++;
}

/* Puts the block behind this one into it when both are small. */
static void
join(VmDoc *doc, VmOrder *order, uint32_t at)
{
	VmOrderBlock *block;
	VmOrderBlock *next;

	if (at + 1 >= order->n_blocks)
		return;
	block = &order->blocks[at];
	next = block + 1;
	if (block->n + next->n > BLOCK / 2)
		return;
	memcpy(block->entries + block->n, next->entries, next->n * sizeof(VmOrderEntry));
	block->n += next->n;
	remove_block(doc, order, at + 1);
}

static void
take_out(VmDoc *doc, VmOrder *order, const VmObj *row)
{
	VmOrderEntry entry = {key_of(&order->def->sort.keys[0], row), (VmObj *) row};
	VmOrderPlace place = search(order, probe_entry, &entry);
	VmOrderBlock *block = &order->blocks[place.block];

	ADAMA_ASSERT(place.block < order->n_blocks && block->entries[place.at].row == row);
	order->n--;
	order->upkeep++;
	block->n--;
	memmove(&block->entries[place.at], &block->entries[place.at + 1], (block->n - place.at) * sizeof(VmOrderEntry));
	if (block->n == 0)
		remove_block(doc, order, place.block);
	else if (block->n < FEW)
	{
		join(doc, order, place.block);
		if (place.block > 0)
			join(doc, order, place.block - 1);
	}
}

/* ---- orders made and dropped ---- */

static void
free_order(VmDoc *doc, VmOrder *order)
{
	for (uint32_t i = 0; i < order->n_blocks; i++)
		kit_heap_free(doc->heap, order->blocks[i].entries, BLOCK * sizeof(VmOrderEntry));
	kit_heap_free(doc->heap, order->blocks, order->cap * sizeof(VmOrderBlock));
	kit_heap_free(doc->heap, order, sizeof(VmOrder));
}

static void
fill(VmDoc *doc, VmOrder *order, const VmTable *table, KitArena *scratch)
{
	uint32_t	n = 0;
	VmSortEntry *entries = kit_arena_alloc(scratch, table->n_live * sizeof(VmSortEntry));
	VmOrderBlock *block = NULL;

	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		VmObj	   *row = table->rows[i];

		if ((row->flags & VM_OBJ_DELETED) == 0)
		{
			entries[n] = (VmSortEntry) {key_of(&order->def->sort.keys[0], row), {.obj = row}, n};
			n++;
		}
	}
	ADAMA_ASSERT(n == table->n_live);
	port_poll();
	entries = vm_sort_entries(&order->def->sort, entries, n, scratch);
	for (uint32_t i = 0; i < n; i++)
	{
		if (block == NULL || block->n == FILLED)
			block = new_block(doc, order, order->n_blocks);
		block->entries[block->n++] = (VmOrderEntry) {entries[i].key, entries[i].item.obj};
	}
	order->n = n;
}

/* Puts the pending rows into all orders, and drops those that are not worth it: another one is being asked for now. */
static void
settle(VmDoc *doc, VmTable *table, const VmOrderDef *asked)
{
	VmOrders   *orders = table->orders;
	VmOrder   **link = &orders->first;
	uint32_t	n = orders->n_pending;

	orders->n_pending = 0;
	orders->has_dead = false;
	for (uint32_t i = 0; i < n; i++)
		orders->pending[i]->flags &= ~(uint32_t) VM_OBJ_PENDING;
	while (*link != NULL)
	{
		VmOrder    *order = *link;

		if (order->def != asked && order->upkeep / 4 > table->n_live + 256)
		{
			*link = order->next;
			free_order(doc, order);
			continue;
		}
		for (uint32_t i = 0; i < n; i++)
			if ((orders->pending[i]->flags & VM_OBJ_DELETED) == 0)
				put_in(doc, order, orders->pending[i]);
		link = &order->next;
	}
	orders->slots = 0;
	for (VmOrder *order = orders->first; order != NULL; order = order->next)
		orders->slots |= order->def->slots;
}

VmOrder *
vm_order_of(VmDoc *doc, VmTable *table, const VmOrderDef *def, KitArena *scratch)
{
	VmOrder    *order = NULL;

	if (table->orders != NULL)
	{
		if (table->orders->n_pending > 0)
			settle(doc, table, def);
		for (order = table->orders->first; order != NULL && order->def != def; order = order->next)
			;
	}
	if (order == NULL)
	{
		order = kit_heap_zalloc(doc->heap, sizeof(VmOrder));
		order->def = def;
		fill(doc, order, table, scratch);
		if (table->orders == NULL)
			table->orders = kit_heap_zalloc(doc->heap, sizeof(VmOrders));
		order->next = table->orders->first;
		table->orders->first = order;
		table->orders->slots |= def->slots;
	}
	order->upkeep = 0;
	return order;
}

void
vm_orders_drop(VmDoc *doc, VmTable *table)
{
	VmOrders   *orders = table->orders;

	if (orders == NULL)
		return;
	table->orders = NULL;
	for (uint32_t i = 0; i < orders->n_pending; i++)
		orders->pending[i]->flags &= ~(uint32_t) VM_OBJ_PENDING;
	for (VmOrder *order = orders->first, *next; order != NULL; order = next)
	{
		next = order->next;
		free_order(doc, order);
	}
	kit_heap_free(doc->heap, orders->pending, orders->cap * sizeof(VmObj *));
	kit_heap_free(doc->heap, orders, sizeof(VmOrders));
}

/* ---- what happens to rows ---- */

static void
take_out_of_all(VmDoc *doc, VmOrders *orders, const VmObj *row)
{
	for (VmOrder *order = orders->first; order != NULL; order = order->next)
		take_out(doc, order, row);
}

void
vm_orders_add(VmDoc *doc, VmObj *row)
{
	VmTable    *table = row->table;
	VmOrders   *orders = table->orders;

	if (orders == NULL || (row->flags & VM_OBJ_PENDING) != 0)
		return;
	if (orders->n_pending > FEW_PENDING + table->n_live / 2)
	{
		/* making them anew costs no more than bringing them up to date, and perhaps nobody asks */
		vm_orders_drop(doc, table);
		return;
	}
	if (orders->n_pending == orders->cap)
	{
		uint32_t	cap = orders->cap == 0 ? FIRST_PENDING : orders->cap * 2;

		orders->pending = kit_heap_grow(doc->heap, orders->pending, orders->cap * sizeof(VmObj *), cap * sizeof(VmObj *));
		orders->cap = cap;
	}
	orders->pending[orders->n_pending++] = row;
	row->flags |= VM_OBJ_PENDING;
}

void
vm_orders_take_out(VmDoc *doc, VmObj *row)
{
	if (row->flags & (VM_OBJ_PENDING | VM_OBJ_DELETED))
		return;
	take_out_of_all(doc, row->table->orders, row);
	vm_orders_add(doc, row);
}

void
vm_orders_delete(VmDoc *doc, VmObj *row)
{
	VmOrders   *orders = row->table->orders;

	if (orders == NULL)
		return;
	if (row->flags & VM_OBJ_PENDING)
		orders->has_dead = true;
	else
		take_out_of_all(doc, orders, row);
}

void
vm_orders_forget(VmDoc *doc, VmObj *row)
{
	VmOrders   *orders = row->table->orders;
	uint32_t	i;

	if (orders == NULL)
		return;
	if ((row->flags & VM_OBJ_PENDING) == 0)
	{
		take_out_of_all(doc, orders, row);
		return;
	}
	/* rows go in the opposite order of their coming: it is the last one, or near it */
	i = orders->n_pending;
	while (orders->pending[--i] != row)
		;
	orders->pending[i] = orders->pending[--orders->n_pending];
}

void
vm_orders_bury(VmDoc *doc, VmTable *table)
{
	VmOrders   *orders = table->orders;
	uint32_t	n = 0;

	if (orders == NULL || !orders->has_dead)
		return;
	for (uint32_t i = 0; i < orders->n_pending; i++)
	{
		VmObj	   *row = orders->pending[i];

		if (row->flags & VM_OBJ_DELETED)
			row->flags &= ~(uint32_t) VM_OBJ_PENDING;
		else
			orders->pending[n++] = row;
	}
	orders->n_pending = n;
	orders->has_dead = false;
}
