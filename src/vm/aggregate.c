/*
 * aggregate.c
 *	  Aggregates: how many rows of a table meet conditions, and the sum, the extremes or the average of one field of theirs, kept while the table changes.
 *
 * An aggregate (VmAggregateDef) is one such expression of the program.  Its table has it from the first time that it is asked for, until more rows have
 * changed than asking again is worth.  It has the rows that meet the conditions, by id, each with its value; rows that are made, changed or deleted are
 * noted, and looked at when somebody asks the next time.  Nothing of it is stored, and nothing that a program can notice depends on whether it is
 * there: what asking is charged follows the document alone.
 *
 *		NONE ---- asked ----> OPEN ---- its value is taken ----> SOUND ---- asked ----> OPEN
 *		 ^                     |                                   |
 *		 |                     +- interrupted: begins anew         | a field of the root that conditions read is another: begins anew
 *		 +---------------------------- too many rows are noted ----+
 *
 * It is the code of the expression itself that goes through the rows while it is open (VM_AGGREGATE_NEXT, VM_AGGREGATE_PUT): conditions that can
 * neither fail nor allocate (lang/aggregate.c).  Meanwhile the machine counts no steps: how many rows there are to look at is nobody's business.
 *
 * Exactness.  What is kept is what going through all rows would yield, to the bit.  Integers wrap, so that their order does not matter.  Doubles are
 * added from the first row to the last: each block of rows knows the sum before and behind it, and is added up again when one of the two is not what it was.
 */
#include <math.h>

#include "vm/arith.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

#define BLOCK 64				/* entries */
#define FILLED 48				/* of a block when an aggregate is made */
#define FEW_NOTED 64
#define OPEN_STEPS 8
#define POLL_ROWS 1024

typedef struct Entry
{
	VmVal		value;
	int32_t		id;
} Entry;

typedef struct Block
{
	Entry	   *entries;
	uint32_t	n;				/* never 0, but while an entry is put in */
	bool		is_stale;		/* what follows is of other entries */
	bool		has_numbers;	/* low and high: some entry is a number */
	VmVal		low;
	VmVal		high;
	double		before;			/* the sum of all entries before it, in their order */
	double		behind;			/* and with its own */
} Block;

struct VmAggregate
{
	const VmAggregateDef *def;
	VmDoc	   *doc;
	VmTable    *table;
	VmAggregate    *next;
	Block	   *blocks;
	uint32_t	n_blocks;
	uint32_t	cap;
	uint32_t	n;				/* entries */
	uint64_t	sum;			/* of integers */
	bool		is_sound;
	VmVal	   *params;			/* as the fields of the root were when it began */
	int32_t    *noted;			/* ids of rows to look at; may repeat */
	uint32_t	n_noted;
	uint32_t	noted_cap;

	/* while it is open */
	bool		is_new;			/* all rows are gone through */
	uint32_t	at;				/* in the table's rows, or among those noted */
	int32_t		id;				/* of the row at hand; 0: none */
	bool		is_put;
	int64_t		steps;			/* what the machine had left, and how large its arrays were */
	size_t		memory;
	uint32_t	stack_size;
	uint32_t	frames_size;
};

struct VmAggregates
{
	VmAggregate    *first;
	uint64_t	slots;			/* VM_SLOT_BIT of all that they read of their rows */
};

/* ---- entries ---- */

static void
remove_block(VmAggregate *aggregate, uint32_t at)
{
	kit_heap_free(aggregate->doc->heap, aggregate->blocks[at].entries, BLOCK * sizeof(Entry));
	aggregate->n_blocks--;
	if (at < aggregate->n_blocks)
		memmove(&aggregate->blocks[at], &aggregate->blocks[at + 1], (aggregate->n_blocks - at) * sizeof(Block));
}

static Block *
new_block(VmAggregate *aggregate, uint32_t at)
{
	KitHeap    *heap = aggregate->doc->heap;
	Entry	   *entries;

	if (aggregate->n_blocks == aggregate->cap)
	{
		uint32_t	cap = aggregate->cap == 0 ? 4 : aggregate->cap * 2;

		aggregate->blocks = kit_heap_grow(heap, aggregate->blocks, aggregate->cap * sizeof(Block), cap * sizeof(Block));
		aggregate->cap = cap;
	}
	entries = kit_heap_alloc(heap, BLOCK * sizeof(Entry));
	if (at < aggregate->n_blocks)
		memmove(&aggregate->blocks[at + 1], &aggregate->blocks[at], (aggregate->n_blocks - at) * sizeof(Block));
	aggregate->n_blocks++;
	aggregate->blocks[at] = (Block) {.entries = entries, .is_stale = true};
	return &aggregate->blocks[at];
}

/* Where the id is, or belongs; block n_blocks: behind all others. */
static bool
find(const VmAggregate *aggregate, int32_t id, uint32_t *block, uint32_t *at)
{
	uint32_t	low = 0;
	uint32_t	high = aggregate->n_blocks;
	const Block *b;

	*at = 0;
	*block = high;
	if (high == 0 || aggregate->blocks[high - 1].entries[aggregate->blocks[high - 1].n - 1].id < id)
		return false;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		b = &aggregate->blocks[middle];
		if (b->entries[b->n - 1].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	*block = low;
	b = &aggregate->blocks[low];
	low = 0;
	high = b->n - 1;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (b->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return b->entries[low].id == id;
}

static void
take_out(VmAggregate *aggregate, int32_t id)
{
	uint32_t	at_block;
	uint32_t	at;
	Block	   *block;

	if (!find(aggregate, id, &at_block, &at))
		return;
	block = &aggregate->blocks[at_block];
	if (aggregate->def->number != VM_AGGREGATE_DOUBLE)
		aggregate->sum -= (uint64_t) block->entries[at].value.i;
	aggregate->n--;
	block->n--;
	block->is_stale = true;
	memmove(&block->entries[at], &block->entries[at + 1], (block->n - at) * sizeof(Entry));
	if (block->n == 0)
		remove_block(aggregate, at_block);
}

static void
put_behind(VmAggregate *aggregate, Entry entry)
{
	Block	   *block = aggregate->n_blocks == 0 ? NULL : &aggregate->blocks[aggregate->n_blocks - 1];

	if (block == NULL || block->n == BLOCK || (aggregate->is_new && block->n == FILLED))
		block = new_block(aggregate, aggregate->n_blocks);
	block->entries[block->n++] = entry;
	block->is_stale = true;
}

static void
put_in(VmAggregate *aggregate, Entry entry)
{
	uint32_t	at_block;
	uint32_t	at;
	bool		is_there = find(aggregate, entry.id, &at_block, &at);
	Block	   *block;

	if (aggregate->def->number != VM_AGGREGATE_DOUBLE)
		aggregate->sum += (uint64_t) entry.value.i - (is_there ? (uint64_t) aggregate->blocks[at_block].entries[at].value.i : 0);
	aggregate->n += !is_there;
	if (at_block == aggregate->n_blocks)
	{
		put_behind(aggregate, entry);
		return;
	}
	block = &aggregate->blocks[at_block];
	if (!is_there && block->n == BLOCK)
	{
		Block	   *upper = new_block(aggregate, at_block + 1);

		block = upper - 1;
		block->n = upper->n = BLOCK / 2;
		memcpy(upper->entries, block->entries + BLOCK / 2, BLOCK / 2 * sizeof(Entry));
		block->is_stale = true;
		if (at > BLOCK / 2)
		{
			block = upper;
			at -= BLOCK / 2;
		}
	}
	block->is_stale = true;
	if (!is_there)
	{
		memmove(&block->entries[at + 1], &block->entries[at], (block->n - at) * sizeof(Entry));
		block->n++;
	}
	block->entries[at] = entry;
}

static void
clear(VmAggregate *aggregate)
{
	for (uint32_t i = 0; i < aggregate->n_blocks; i++)
		kit_heap_free(aggregate->doc->heap, aggregate->blocks[i].entries, BLOCK * sizeof(Entry));
	aggregate->n_blocks = aggregate->n = 0;
	aggregate->sum = 0;
}

/* ---- aggregates of a table ---- */

static void
free_aggregate(VmAggregate *aggregate)
{
	KitHeap    *heap = aggregate->doc->heap;

	clear(aggregate);
	kit_heap_free(heap, aggregate->blocks, aggregate->cap * sizeof(Block));
	kit_heap_free(heap, aggregate->noted, aggregate->noted_cap * sizeof(int32_t));
	kit_heap_free(heap, aggregate->params, (size_t) aggregate->def->n_params * sizeof(VmVal));
	kit_heap_free(heap, aggregate, sizeof(VmAggregate));
}

void
vm_aggregates_drop(VmDoc *doc, VmTable *table)
{
	struct VmAggregates *aggregates = table->aggregates;

	if (aggregates == NULL)
		return;
	table->aggregates = NULL;
	for (VmAggregate *aggregate = aggregates->first, *next; aggregate != NULL; aggregate = next)
	{
		next = aggregate->next;
		free_aggregate(aggregate);
	}
	kit_heap_free(doc->heap, aggregates, sizeof(struct VmAggregates));
}

static bool
note(VmAggregate *aggregate, int32_t id)
{
	if (!aggregate->is_sound || (aggregate->n_noted > 0 && aggregate->noted[aggregate->n_noted - 1] == id))
		return true;
	if (aggregate->n_noted > FEW_NOTED + aggregate->table->n_live / 2)
		return false;
	if (aggregate->n_noted == aggregate->noted_cap)
	{
		uint32_t	cap = aggregate->noted_cap == 0 ? 8 : aggregate->noted_cap * 2;

		aggregate->noted = kit_heap_grow(aggregate->doc->heap, aggregate->noted, aggregate->noted_cap * sizeof(int32_t), cap * sizeof(int32_t));
		aggregate->noted_cap = cap;
	}
	aggregate->noted[aggregate->n_noted++] = id;
	return true;
}

void
vm_aggregates_note(const VmObj *row)
{
	struct VmAggregates *aggregates = row->table->aggregates;
	VmAggregate   **link;

	if (aggregates == NULL)
		return;
	for (link = &aggregates->first; *link != NULL;)
	{
		VmAggregate    *aggregate = *link;

		if (note(aggregate, row->id))
			link = &aggregate->next;
		else
		{
			/* perhaps nobody asks any more */
			*link = aggregate->next;
			free_aggregate(aggregate);
		}
	}
}

void
vm_aggregates_note_slot(const VmObj *row, int slot)
{
	if (row->table->aggregates->slots & VM_SLOT_BIT(slot))
		vm_aggregates_note(row);
}

static VmAggregate *
aggregate_of(VmDoc *doc, VmTable *table, const VmAggregateDef *def)
{
	VmAggregate    *aggregate = table->aggregates == NULL ? NULL : table->aggregates->first;

	while (aggregate != NULL && aggregate->def != def)
		aggregate = aggregate->next;
	if (aggregate != NULL)
		return aggregate;
	if (table->aggregates == NULL)
		table->aggregates = kit_heap_zalloc(doc->heap, sizeof(struct VmAggregates));
	aggregate = kit_heap_zalloc(doc->heap, sizeof(VmAggregate));
	aggregate->def = def;
	aggregate->doc = doc;
	aggregate->table = table;
	aggregate->next = table->aggregates->first;
	table->aggregates->first = aggregate;
	table->aggregates->slots |= def->slots;
	if (def->n_params > 0)
		aggregate->params = kit_heap_zalloc(doc->heap, (size_t) def->n_params * sizeof(VmVal));
	return aggregate;
}

/* ---- asking ---- */

bool
vm_aggregate_is_worth_it(const Vm *vm, const VmTable *table, const VmAggregateDef *def)
{
	return vm->doc != NULL && table->n_live >= VM_AGGREGATE_LEAST && vm->n_frames + (uint32_t) def->depth < (uint32_t) vm->limits.depth;
}

bool
vm_aggregate_open(Vm *vm, VmTable *table, const VmAggregateDef *def, VmAggregate **out)
{
	VmAggregate    *aggregate;

	/* what conditions read of the root may be another each time: then all rows are gone through, or not, which must not show */
	if (!vm_charge_steps(vm, OPEN_STEPS + (def->n_params > 0 ? table->n_live : 0)))
		return false;
	*out = aggregate = aggregate_of(vm->doc, table, def);
	aggregate->is_new = !aggregate->is_sound;
	for (int i = 0; i < def->n_params; i++)
		aggregate->is_new |= aggregate->params[i].i != vm->root->slots[def->params[i]].i;
	aggregate->is_sound = false;
	if (aggregate->is_new)
	{
		clear(aggregate);
		aggregate->n_noted = 0;
		for (int i = 0; i < def->n_params; i++)
			aggregate->params[i] = vm->root->slots[def->params[i]];
	}
	aggregate->at = 0;
	aggregate->id = 0;
	aggregate->is_put = true;
	aggregate->steps = vm->steps;
	aggregate->memory = vm->memory;
	aggregate->stack_size = vm->stack_size;
	aggregate->frames_size = vm->frames_size;
	vm->steps = INT64_MAX / 2;
	vm->memory = SIZE_MAX / 2;
	return true;
}

VmObj *
vm_aggregate_next(VmAggregate *aggregate)
{
	const VmTable *table = aggregate->table;
	VmObj	   *row = NULL;

	if (!aggregate->is_put && !aggregate->is_new)
		take_out(aggregate, aggregate->id);
	aggregate->is_put = false;
	if (aggregate->at % POLL_ROWS == 0)
		port_poll();
	if (aggregate->is_new)
	{
		while (aggregate->at < table->n_rows && (table->rows[aggregate->at]->flags & VM_OBJ_DELETED) != 0)
			aggregate->at++;
		if (aggregate->at < table->n_rows)
			row = table->rows[aggregate->at++];
	}
	else
		while (row == NULL && aggregate->at < aggregate->n_noted)
		{
			int32_t		id = aggregate->noted[aggregate->at++];

			row = vm_table_find(table, id);
			if (row == NULL)
				take_out(aggregate, id);
		}
	if (row != NULL)
		aggregate->id = row->id;
	return row;
}

void
vm_aggregate_put(VmAggregate *aggregate, VmVal value)
{
	Entry		entry = {aggregate->def->number == VM_AGGREGATE_NOTHING ? (VmVal) {0} : value, aggregate->id};

	aggregate->is_put = true;
	put_in(aggregate, entry);
}

/* ---- values ---- */

static bool
is_beyond(VmAggregateNumber number, int sign, VmVal a, VmVal b)
{
	if (number == VM_AGGREGATE_DOUBLE)
		return sign > 0 ? a.d > b.d : a.d < b.d;
	return sign > 0 ? a.i > b.i : a.i < b.i;
}

static void
find_extremes(VmAggregateNumber number, Block *block)
{
	block->is_stale = block->has_numbers = false;
	for (uint32_t i = 0; i < block->n; i++)
	{
		VmVal		value = block->entries[i].value;

		if (number == VM_AGGREGATE_DOUBLE && isnan(value.d))
			continue;
		if (!block->has_numbers || is_beyond(number, -1, value, block->low))
			block->low = value;
		if (!block->has_numbers || is_beyond(number, 1, value, block->high))
			block->high = value;
		block->has_numbers = true;
	}
}

/* The first of those that no other is beyond, as Statistics has it: what is not a number is beyond nothing, and nothing is beyond it. */
static VmVal
extreme(const VmAggregate *aggregate, int sign)
{
	VmAggregateNumber number = aggregate->def->number;
	VmVal		best = aggregate->blocks[0].entries[0].value;

	if (number == VM_AGGREGATE_DOUBLE && isnan(best.d))
		return best;
	for (uint32_t i = 0; i < aggregate->n_blocks; i++)
	{
		Block	   *block = &aggregate->blocks[i];
		VmVal		value;

		if (block->is_stale)
			find_extremes(number, block);
		value = sign > 0 ? block->high : block->low;
		if (block->has_numbers && is_beyond(number, sign, value, best))
			best = value;
	}
	return best;
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(double)) == 0;
}

static double
add_up(const VmAggregate *aggregate)
{
	bool		is_double = aggregate->def->number == VM_AGGREGATE_DOUBLE;
	double		sum = 0;

	for (uint32_t i = 0; i < aggregate->n_blocks; i++)
	{
		Block	   *block = &aggregate->blocks[i];

		if (block->is_stale || !same_bits(block->before, sum))
		{
			block->before = sum;
			for (uint32_t k = 0; k < block->n; k++)
				sum += is_double ? block->entries[k].value.d : (double) block->entries[k].value.i;
			block->behind = sum;
			block->is_stale = false;
		}
		sum = block->behind;
	}
	return sum;
}

#define EXACT_INTS (1u << 21)	/* so many ints add up without rounding, in whatever order */

static double
total(const VmAggregate *aggregate)
{
	return aggregate->def->number == VM_AGGREGATE_INT && aggregate->n <= EXACT_INTS ? (double) (int64_t) aggregate->sum : add_up(aggregate);
}

static VmVal
fit(const VmAggregate *aggregate, uint64_t value)
{
	return (VmVal) {.i = aggregate->def->number == VM_AGGREGATE_INT ? (int32_t) (uint32_t) value : (int64_t) value};
}

static VmVal
value_of(const VmAggregate *aggregate)
{
	bool		is_double = aggregate->def->number == VM_AGGREGATE_DOUBLE;

	switch (aggregate->def->kind)
	{
		case VM_AGGREGATE_COUNT:
			break;
		case VM_AGGREGATE_SUM:
			return is_double ? (VmVal) {.d = total(aggregate)} : fit(aggregate, aggregate->sum);
		case VM_AGGREGATE_MINIMUM:
			return extreme(aggregate, -1);
		case VM_AGGREGATE_MAXIMUM:
			return extreme(aggregate, 1);
		case VM_AGGREGATE_RANGE:
			if (is_double)
				return (VmVal) {.d = extreme(aggregate, 1).d - extreme(aggregate, -1).d};
			return fit(aggregate, (uint64_t) extreme(aggregate, 1).i - (uint64_t) extreme(aggregate, -1).i);
		case VM_AGGREGATE_AVERAGE:
			return (VmVal) {.d = total(aggregate) / aggregate->n};
	}
	return (VmVal) {.i = aggregate->n};
}

bool
vm_aggregate_close(Vm *vm, VmAggregate *aggregate, VmVal *out)
{
	vm->steps = aggregate->steps;
	vm->memory = aggregate->memory;
	/* what formulas made them grow is charged to who needs it next */
	vm->stack_size = aggregate->stack_size;
	vm->frames_size = aggregate->frames_size;
	aggregate->n_noted = 0;
	aggregate->is_sound = true;
	if (aggregate->def->kind == VM_AGGREGATE_COUNT)
	{
		*out = value_of(aggregate);
		return true;
	}
	if (aggregate->n > 0)
		return vm_make_maybe(vm, value_of(aggregate), out);
	out->maybe = NULL;
	return true;
}
