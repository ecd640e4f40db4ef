/*
 * state_graph.c
 *	  Graphs that a document keeps: which rows of joined tables lead from which id to which, and the rows that they lead to, by id.
 *
 * A graph is an order of edges, in blocks like those of state_order.c.  Nothing of it is stored.  All graphs of the program are made when one is traversed for
 * the first time; from then on they follow the rows:
 *
 *		a row of a joined table is	pending				its edges are to be computed before the next traversal (graph.c); what is in the graphs is old
 *								or	known				row->edges has the edges that are in the graphs
 *								or	freed or emptied	nothing of it is left here
 *
 * Rows that are deleted keep their edges until they are freed at the end of the journal, and so do rows within them: whoever traverses asks whether a row is
 * gone.  So deleting a row, and undoing that, changes nothing here, however much is in the row.
 */
#include "kit/hash.h"
#include "vm/state_internal.h"

#define BLOCK 64				/* edges */
#define FEW 16					/* a block with less is joined with its neighbour if both are small */
#define FIRST_PENDING 16
#define FIRST_ROWS 16

/* ---- edges ---- */

static inline int
compare(const VmEdge *a, const VmEdge *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return ((uintptr_t) a->row > (uintptr_t) b->row) - ((uintptr_t) a->row < (uintptr_t) b->row);
}

/* The first edge that is not before the one that is sought. */
static VmEdgePlace
search(const VmGraph *graph, const VmEdge *sought)
{
	uint32_t	low = 0;
	uint32_t	high = graph->n_blocks;
	const VmEdgeBlock *block;
	uint32_t	at = 0;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		block = &graph->blocks[middle];
		if (compare(&block->edges[block->n - 1], sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == graph->n_blocks)
		return (VmEdgePlace) {low, 0};
	block = &graph->blocks[low];
	high = block->n - 1;
	while (at < high)
	{
		uint32_t	middle = at + (high - at) / 2;

		if (compare(&block->edges[middle], sought) < 0)
			at = middle + 1;
		else
			high = middle;
	}
	return (VmEdgePlace) {low, at};
}

static VmEdgeBlock *
new_block(VmDoc *doc, VmGraph *graph, uint32_t at)
{
	VmEdge	   *edges = kit_heap_alloc(doc->heap, BLOCK * sizeof(VmEdge));

	if (graph->n_blocks == graph->cap)
	{
		uint32_t	cap = graph->cap == 0 ? 4 : graph->cap * 2;

		graph->blocks = kit_heap_grow(doc->heap, graph->blocks, graph->cap * sizeof(VmEdgeBlock), cap * sizeof(VmEdgeBlock));
		graph->cap = cap;
	}
	if (at < graph->n_blocks)
		memmove(&graph->blocks[at + 1], &graph->blocks[at], (graph->n_blocks - at) * sizeof(VmEdgeBlock));
	graph->n_blocks++;
	graph->blocks[at] = (VmEdgeBlock) {edges, 0};
	return &graph->blocks[at];
}

static void
put_in(VmDoc *doc, VmGraph *graph, VmEdge edge)
{
	VmEdgePlace place = search(graph, &edge);
	VmEdgeBlock *block;

	if (place.block == graph->n_blocks)
	{
		if (graph->n_blocks == 0 || graph->blocks[graph->n_blocks - 1].n == BLOCK)
			new_block(doc, graph, graph->n_blocks);
		block = &graph->blocks[graph->n_blocks - 1];
		block->edges[block->n++] = edge;
		return;
	}
	block = &graph->blocks[place.block];
	if (block->n == BLOCK)
	{
		VmEdgeBlock *upper = new_block(doc, graph, place.block + 1);

		block = upper - 1;
		block->n = upper->n = BLOCK / 2;
		memcpy(upper->edges, block->edges + BLOCK / 2, BLOCK / 2 * sizeof(VmEdge));
		if (place.at > BLOCK / 2)
		{
			block = upper;
			place.at -= BLOCK / 2;
		}
	}
	memmove(&block->edges[place.at + 1], &block->edges[place.at], (block->n - place.at) * sizeof(VmEdge));
	block->edges[place.at] = edge;
	block->n++;
}

static void
remove_block(VmDoc *doc, VmGraph *graph, uint32_t at)
{
	kit_heap_free(doc->heap, graph->blocks[at].edges, BLOCK * sizeof(VmEdge));
	graph->n_blocks--;
	if (at < graph->n_blocks)
		memmove(&graph->blocks[at], &graph->blocks[at + 1], (graph->n_blocks - at) * sizeof(VmEdgeBlock));
}

/* Puts the block behind this one into it when both are small. */
static void
join(VmDoc *doc, VmGraph *graph, uint32_t at)
{
	VmEdgeBlock *block;
	VmEdgeBlock *next;

	if (at + 1 >= graph->n_blocks)
		return;
	block = &graph->blocks[at];
	next = block + 1;
	if (block->n + next->n > BLOCK / 2)
		return;
	memcpy(block->edges + block->n, next->edges, next->n * sizeof(VmEdge));
	block->n += next->n;
	remove_block(doc, graph, at + 1);
}

static void
take_out(VmDoc *doc, VmGraph *graph, VmEdge edge)
{
	VmEdgePlace place = search(graph, &edge);
	VmEdgeBlock *block = &graph->blocks[place.block];

	ADAMA_ASSERT(place.block < graph->n_blocks && compare(&block->edges[place.at], &edge) == 0);
	block->n--;
	memmove(&block->edges[place.at], &block->edges[place.at + 1], (block->n - place.at) * sizeof(VmEdge));
	if (block->n == 0)
		remove_block(doc, graph, place.block);
	else if (block->n < FEW)
	{
		join(doc, graph, place.block);
		if (place.block > 0)
			join(doc, graph, place.block - 1);
	}
}

VmEdgePlace
vm_graph_first(const VmGraph *graph, int32_t from)
{
	return search(graph, &(VmEdge) {.from = from, .to = INT32_MIN});
}

const VmEdge *
vm_graph_next(const VmGraph *graph, VmEdgePlace *place)
{
	const VmEdgeBlock *block;
	const VmEdge *edge;

	if (place->block >= graph->n_blocks)
		return NULL;
	block = &graph->blocks[place->block];
	edge = &block->edges[place->at];
	*place = place->at + 1 < block->n ? (VmEdgePlace) {place->block, place->at + 1} : (VmEdgePlace) {place->block + 1, 0};
	return edge;
}

void
vm_graph_set_edge(VmDoc *doc, VmObj *row, int i, int32_t from, int32_t to)
{
	VmGraph    *graph = &doc->graphs->items[row->table->joins->items[i].graph];
	VmEdge		old = {row->edges->ends[i].from, row->edges->ends[i].to, row};

	if (old.from == from && (old.to == to || from == 0))
		return;
	if (old.from != 0)
		take_out(doc, graph, old);
	row->edges->ends[i].from = from;
	row->edges->ends[i].to = to;
	if (from != 0)
		put_in(doc, graph, (VmEdge) {from, to, row});
}

/* ---- rows that graphs lead to ---- */

static inline uint32_t
first_try(const VmGraphs *graphs, int32_t id)
{
	return (uint32_t) kit_hash_mix((uint64_t) (uint32_t) id, 0) & (graphs->rows_cap - 1);
}

static void
put_row(VmGraphs *graphs, VmObj *row)
{
	uint32_t	at = first_try(graphs, row->id);

	while (graphs->rows[at] != NULL)
		at = (at + 1) & (graphs->rows_cap - 1);
	graphs->rows[at] = row;
}

static void
add_row(VmDoc *doc, VmGraphs *graphs, VmObj *row)
{
	if (graphs->n_rows * 2 >= graphs->rows_cap)
	{
		VmObj	  **old = graphs->rows;
		uint32_t	n_old = graphs->rows_cap;

		graphs->rows_cap = n_old == 0 ? FIRST_ROWS : n_old * 2;
		graphs->rows = kit_heap_zalloc(doc->heap, graphs->rows_cap * sizeof(VmObj *));
		for (uint32_t i = 0; i < n_old; i++)
			if (old[i] != NULL)
				put_row(graphs, old[i]);
		kit_heap_free(doc->heap, old, n_old * sizeof(VmObj *));
	}
	put_row(graphs, row);
	graphs->n_rows++;
}

static void
remove_row(VmGraphs *graphs, const VmObj *row)
{
	uint32_t	mask = graphs->rows_cap - 1;
	uint32_t	at = first_try(graphs, row->id);

	while (graphs->rows[at] != row)
	{
		ADAMA_ASSERT(graphs->rows[at] != NULL);
		at = (at + 1) & mask;
	}
	/* those behind it move up, unless they are where they belong or before it */
	for (uint32_t next = (at + 1) & mask; graphs->rows[next] != NULL; next = (next + 1) & mask)
	{
		uint32_t	home = first_try(graphs, graphs->rows[next]->id);

		if (((next - home) & mask) >= ((next - at) & mask))
		{
			graphs->rows[at] = graphs->rows[next];
			at = next;
		}
	}
	graphs->rows[at] = NULL;
	graphs->n_rows--;
}

VmObj *
vm_graph_row(const VmGraphs *graphs, const LangStruct *structure, int32_t id)
{
	if (graphs->rows_cap == 0)
		return NULL;
	for (uint32_t at = first_try(graphs, id); graphs->rows[at] != NULL; at = (at + 1) & (graphs->rows_cap - 1))
		if (graphs->rows[at]->id == id && graphs->rows[at]->structure == structure)
			return graphs->rows[at];
	return NULL;
}

/* ---- what happens to rows ---- */

void
vm_graph_note(VmDoc *doc, VmObj *row)
{
	VmGraphs   *graphs = doc->graphs;

	if (row->edges == NULL)
		row->edges = kit_heap_zalloc(doc->heap, sizeof(VmEdges) + (size_t) row->table->joins->n * sizeof(row->edges->ends[0]));
	if (row->edges->pending != 0)
		return;
	if (graphs->n_pending == graphs->pending_cap)
	{
		uint32_t	cap = graphs->pending_cap == 0 ? FIRST_PENDING : graphs->pending_cap * 2;

		graphs->pending = kit_heap_grow(doc->heap, graphs->pending, graphs->pending_cap * sizeof(VmObj *), cap * sizeof(VmObj *));
		graphs->pending_cap = cap;
	}
	graphs->pending[graphs->n_pending++] = row;
	row->edges->pending = graphs->n_pending;
}

void
vm_graph_add_row(VmDoc *doc, VmObj *row)
{
	if (row->table->joins != NULL)
		vm_graph_note(doc, row);
	if (row->table->is_reached)
		add_row(doc, doc->graphs, row);
}

void
vm_graph_forget(VmDoc *doc, VmObj *row)
{
	VmGraphs   *graphs = doc->graphs;
	const VmJoins *joins = row->table->joins;

	if (joins != NULL)
	{
		uint32_t	at = row->edges->pending;

		for (int i = 0; i < joins->n; i++)
			vm_graph_set_edge(doc, row, i, 0, 0);
		if (at != 0)
		{
			VmObj	   *last = graphs->pending[--graphs->n_pending];

			graphs->pending[at - 1] = last;
			last->edges->pending = at;
		}
		kit_heap_free(doc->heap, row->edges, sizeof(VmEdges) + (size_t) joins->n * sizeof(row->edges->ends[0]));
		row->edges = NULL;
	}
	if (row->table->is_reached)
		remove_row(graphs, row);
}
