/*
 * graph.c
 *	  Graphs: of which rows a program's graphs are made, their edges computed, and traversed.
 *
 * What is charged for the edges of a row is charged when the row changes, whether the document keeps graphs already or not; a traversal is charged for the
 * rows that it begins with, the edges that it follows, and its result.  So nothing that a program can notice depends on when graphs are made and brought up
 * to date.
 *
 * Most ends are a field of the row.  For others there is code, which runs on a machine of its own: it can neither call nor loop, nor see anything but the row
 * (lang/check_assoc.c), so it ends soon, and what it yields is the same whenever it runs.  One that is too large for its machine is no end.
 */
#include <string.h>

#include "vm/lower.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

/* ---- once per program ---- */

static VmEnd
end_of(const VmProgram *program, const LangJoin *join, const LangUnit *unit)
{
	const LangExpr *e = lower_bare(unit->expr);
	const LangField *field = NULL;

	if (e->kind == LANG_EXPR_CONVERT && e->u.convert.how == LANG_CONVERT_TO_MAYBE)
		e = lower_bare(e->u.convert.operand);
	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.field == join->owner->id && join->owner->id != NULL)
		return (VmEnd) {.kind = VM_END_OWNER};
	if (e->kind == LANG_EXPR_FIELD && !e->u.field.is_lifted && !e->u.field.is_projection)
	{
		const LangExpr *operand = lower_bare(e->u.field.operand);

		if (operand->kind == LANG_EXPR_NAME && operand->u.name.ref.kind == LANG_REF_LOCAL)
			field = e->u.field.field;
	}
	if (field != NULL && field->is_id)
		return (VmEnd) {.kind = VM_END_ID};
	if (field != NULL && field->kind == LANG_STORED_FIELD)
		return (VmEnd) {.kind = field->type->kind == LANG_MAYBE ? VM_END_MAYBE : VM_END_INT, .slot = field->slot};
	return (VmEnd) {.kind = VM_END_CODE, .code = program->codes[unit->index]};
}

#define EDGE_COST 64			/* bytes: about what an edge takes */

static size_t
cost_of(const VmEnd *end)
{
	return end->kind == VM_END_CODE ? (size_t) end->code->n_ins * 16 : 0;
}

static void
add_join(VmProgram *program, const LangJoin *join)
{
	VmStructInfo *info = &program->structs[join->owner->index];
	VmJoins    *joins;
	VmJoin	   *items;

	if (info->joins == NULL)
		info->joins = KIT_NEW_N(program->arena, const VmJoins *, info->structure->n_slots + 1);
	if (info->joins[join->table->slot] == NULL)
		info->joins[join->table->slot] = KIT_NEW(program->arena, VmJoins);
	joins = (VmJoins *) info->joins[join->table->slot];
	items = KIT_NEW_N(program->arena, VmJoin, joins->n + 1);
	if (joins->n > 0)
		memcpy(items, joins->items, sizeof(VmJoin) * (size_t) joins->n);
	items[joins->n] = (VmJoin) {(uint32_t) join->assoc->index, end_of(program, join, join->from), end_of(program, join, join->to)};
	joins->cost += EDGE_COST + cost_of(&items[joins->n].from) + cost_of(&items[joins->n].to);
	joins->items = items;
	joins->n++;
	for (int i = 0; i < join->n_row_fields; i++)
		joins->slots |= VM_SLOT_BIT(join->row_fields[i]->slot);
}

void
vm_program_join(VmProgram *program)
{
	const LangProgram *lang = program->lang;
	bool		changed = true;

	for (int i = 0; i < lang->n_assocs; i++)
	{
		const LangAssoc *assoc = lang->assocs[i];

		if (!assoc->is_traversed)
			continue;
		program->structs[assoc->to->index].is_reached = true;
		for (int k = 0; k < assoc->n_joins; k++)
			add_join(program, assoc->joins[k]);
		for (int k = 0; k < assoc->n_containers; k++)
			program->structs[assoc->containers[k]->owner->index].holds_graph = true;
	}
	/* records in records; they do not nest without end */
	while (changed)
	{
		changed = false;
		for (uint32_t i = 0; i < program->n_structs; i++)
		{
			VmStructInfo *info = &program->structs[i];

			for (int k = 0; k < info->structure->n_slots && !info->holds_graph; k++)
				if (info->slot_types[k]->kind == LANG_RECORD && program->structs[info->slot_types[k]->structure->index].holds_graph)
					changed = info->holds_graph = true;
		}
	}
}

/* ---- all rows there are ---- */

static void find_rows(VmDoc *doc, VmObj *obj);

static void
find_rows_in(VmDoc *doc, VmTable *table)
{
	bool		is_deep = doc->program->structs[table->row->index].holds_graph;
	VmMapAt		at = {0, 0};
	VmPair	   *entry;

	if (table->map != NULL && is_deep)
		while ((entry = vm_map_next(table->map, &at)) != NULL)
			find_rows(doc, entry->value.obj);
	if (table->joins == NULL && !table->is_reached && !is_deep)
		return;
	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		if (table->rows[i]->flags & VM_OBJ_EMPTIED)
			continue;
		vm_graphs_made(doc, table->rows[i]);
		if (is_deep)
			find_rows(doc, table->rows[i]);
	}
}

static void
find_rows(VmDoc *doc, VmObj *obj)
{
	const VmShape *shape = vm_shape_of(doc, obj->structure);

	for (int i = 0; i < shape->n_children; i++)
	{
		const VmSlot *slot = &shape->slots[shape->children[i]];
		VmVal		value = obj->slots[shape->children[i]];

		if (slot->type->kind == LANG_RECORD)
		{
			if (doc->program->structs[slot->type->structure->index].holds_graph)
				find_rows(doc, value.obj);
		}
		else
			find_rows_in(doc, vm_slot_table(slot->type, value));
	}
}

static void
make_graphs(VmDoc *doc)
{
	doc->graphs = kit_heap_zalloc(doc->heap, sizeof(VmGraphs));
	doc->graphs->items = kit_heap_zalloc(doc->heap, (size_t) doc->program->lang->n_assocs * sizeof(VmGraph));
	find_rows(doc, doc->root);
	/* rows that are deleted and not in their tables any more may come back */
	for (uint32_t i = 0; i < doc->n_changes; i++)
	{
		VmObj	   *row = doc->changes[i].obj;

		if (doc->changes[i].kind != VM_CHANGE_DELETE || (row->flags & VM_OBJ_AWAY) == 0)
			continue;
		vm_graphs_made(doc, row);
		if (doc->program->structs[row->structure->index].holds_graph)
			find_rows(doc, row);
	}
}

/* ---- ends ---- */

/* A machine of its own, for ends that code computes. */
typedef struct Ends
{
	VmDoc	   *doc;
	KitArena   *arena;			/* NULL until one is needed */
	KitDiag		diag;
	uint32_t	n_runs;
} Ends;

#define RUNS 256				/* before the arena is emptied */

static const VmLimits end_limits = {.steps = 1000 * 1000, .memory = 1024 * 1024, .depth = 100};

/* No id is 0 or below. */
static int32_t
run_end(Ends *ends, const VmCode *code, VmObj *row)
{
	Vm			vm;
	VmVal		arg = {.obj = row};
	VmVal		result = {.maybe = NULL};
	int64_t		id = 0;

	if (ends->arena == NULL)
		ends->arena = kit_arena_new("ends of edges");
	vm_machine_init(&vm, ends->doc->program, ends->arena, &end_limits, &ends->diag);
	vm.doc = ends->doc;
	vm.root = vm_doc_root(ends->doc);
	if (vm_run(&vm, code, row->table->owner, &arg, &result) && result.maybe != NULL)
		id = result.maybe->value.i;
	if (++ends->n_runs % RUNS == 0)
		kit_arena_reset(ends->arena);
	return (int32_t) id;
}

static int32_t
end_id(Ends *ends, const VmEnd *end, VmObj *row)
{
	switch (end->kind)
	{
		case VM_END_INT:
			return (int32_t) row->slots[end->slot].i;
		case VM_END_MAYBE:
			return row->slots[end->slot].maybe == NULL ? 0 : (int32_t) row->slots[end->slot].maybe->value.i;
		case VM_END_ID:
			return row->id;
		case VM_END_OWNER:
			return row->table->owner->id;
		case VM_END_CODE:
			return run_end(ends, end->code, row);
	}
	return 0;
}

/* Computes the edges of the pending rows.  A row is pending until all of its edges are right: this may be interrupted between rows. */
static void
settle(VmDoc *doc)
{
	VmGraphs   *graphs = doc->graphs;
	Ends		ends = {.doc = doc};

	while (graphs->n_pending > 0)
	{
		VmObj	   *row = graphs->pending[graphs->n_pending - 1];
		const VmJoins *joins = row->table->joins;

		if (graphs->n_pending % 1024 == 0)
			port_poll();
		for (int i = 0; i < joins->n; i++)
		{
			int32_t		from = end_id(&ends, &joins->items[i].from, row);
			int32_t		to = from > 0 ? end_id(&ends, &joins->items[i].to, row) : 0;
			bool		is_edge = from > 0 && to > 0;

			vm_graph_set_edge(doc, row, i, is_edge ? from : 0, is_edge ? to : 0);
		}
		row->edges->pending = 0;
		graphs->n_pending--;
	}
	if (ends.arena != NULL)
		kit_arena_delete(ends.arena);
}

/* ---- traversal ---- */

#define SEEK_STEPS 8

/* Adds the rows to which edges lead from this id, in the order of their ids. */
static bool
follow(Vm *vm, const VmGraph *graph, const LangStruct *to, int32_t from, VmList *found)
{
	VmEdgePlace place = vm_graph_first(graph, from);
	const VmEdge *edge;
	int32_t		last = 0;

	while ((edge = vm_graph_next(graph, &place)) != NULL && edge->from == from)
	{
		VmObj	   *row;

		/* what is deleted is there until the journal ends, or not any more: it is charged nowhere */
		if (vm_object_is_gone(edge->row))
			continue;
		if (!vm_charge_steps(vm, 1))
			return false;
		if (edge->to == last)
			continue;
		last = edge->to;
		row = vm_graph_row(vm->doc->graphs, to, edge->to);
		if (row != NULL && !vm_object_is_gone(row) && !vm_list_append(vm, found, (VmVal) {.obj = row}))
			return false;
	}
	return true;
}

static VmSortKey id_key = {.kind = VM_KEY_INT, .slot = VM_KEY_ID};
static const VmSort by_id = {.keys = &id_key, .n_keys = 1};

bool
vm_traverse(Vm *vm, const VmList *list, uint32_t number, VmVal *out)
{
	VmList	   *found;
	const VmGraph *graph;
	uint32_t	n = 0;

	if (!vm_charge_steps(vm, (uint64_t) list->n * SEEK_STEPS) || !vm_new_list(vm, 0, &found))
		return false;
	if (vm->doc->graphs == NULL)
		make_graphs(vm->doc);
	settle(vm->doc);
	graph = &vm->doc->graphs->items[number];
	for (uint32_t i = 0; i < list->n; i++)
	{
		if (i % 1024 == 1023)
			port_poll();
		if (!follow(vm, graph, vm->program->lang->assocs[number]->to, list->items[i].obj->id, found))
			return false;
	}
	if (list->n > 1)
	{
		if (!vm_sort(vm, found, &by_id, NULL, 0, INT64_MAX))
			return false;
		for (uint32_t i = 0; i < found->n; i++)
			if (i == 0 || found->items[i].obj != found->items[i - 1].obj)
				found->items[n++] = found->items[i];
		found->n = n;
	}
	out->list = found;
	return true;
}
