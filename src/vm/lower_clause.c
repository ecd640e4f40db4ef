/*
 * lower_clause.c
 *	  The clauses of a query that make another list, or a map, of a list: map, reduce, unique, rank, order_dyn, shuffle; and operators on each element.
 *
 * Functions and lambdas are expressions over a variable (lang/check_clause.c), put into the loop.
 */
#include "vm/lower.h"

typedef struct Each
{
	uint16_t	each;
	Label		again;
	Label		end;
} Each;

/* A loop over the list, each element in the register. */
static void
begin_each(Lower *l, Each *loop, uint16_t list, uint16_t element)
{
	loop->again = loop->end = LABEL_NEW;
	loop->each = lower_temps(l, 2);
	lower_emit(l, VM_EACH, loop->each, list, 0);
	lower_here(l, &loop->again);
	lower_branch(l, VM_NEXT, element, loop->each, 0, &loop->end);
}

static void
end_each(Lower *l, Each *loop)
{
	lower_loop(l, &loop->again);
	lower_here(l, &loop->end);
}

uint16_t
lower_apply_each(Lower *l, VmOp op, const LangExpr *list, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	from = lower_expr(l, list, -1);
	uint16_t	made = lower_temp(l);
	uint16_t	element = lower_temp(l);
	Each		loop;

	lower_emit_imm(l, VM_NEW_LIST, made, 0);
	begin_each(l, &loop, from, element);
	lower_emit(l, VM_LIST_ADD, made, lower_apply(l, op, element, 0, element), 0);
	end_each(l, &loop);
	lower_move(l, dst, made);
	l->next = mark;
	return dst;
}

/* out becomes the list of what the expression makes of each element. */
static void
lower_each_value(Lower *l, const LangExpr *e, uint16_t list, uint16_t out)
{
	Each		loop;
	uint32_t	mark = l->next;

	lower_emit_imm(l, VM_NEW_LIST, out, 0);
	begin_each(l, &loop, list, lower_local(e->u.linq.row));
	lower_emit(l, VM_LIST_ADD, out, lower_expr(l, e->u.linq.expr, -1), 0);
	end_each(l, &loop);
	l->next = mark;
}

static void
lower_reduce(Lower *l, const LangExpr *e, uint16_t list, uint16_t out)
{
	uint32_t	mark = l->next;
	uint16_t	keys = lower_temp(l);
	uint16_t	groups = e->u.linq.expr == NULL ? out : lower_temp(l);
	uint16_t	pair;
	uint16_t	key;
	uint16_t	pairs;
	Each		loop;

	lower_field_list(l, list, e->u.linq.field, keys);
	lower_default(l, e->u.linq.group, groups);
	lower_emit(l, VM_GROUP, groups, list, keys);
	if (e->u.linq.expr != NULL)
	{
		pairs = lower_temp(l);
		pair = lower_temp(l);
		key = lower_temp(l);
		lower_default(l, e->type, out);
		lower_emit(l, VM_MAP_PAIRS, pairs, groups, 0);
		begin_each(l, &loop, pairs, pair);
		lower_emit(l, VM_GET, key, pair, 0);
		lower_emit(l, VM_GET, lower_local(e->u.linq.row), pair, 1);
		lower_emit(l, VM_MAP_PUT, out, key, lower_expr(l, e->u.linq.expr, -1));
		end_each(l, &loop);
	}
	l->next = mark;
}

static void
lower_unique(Lower *l, const LangExpr *e, uint16_t list, uint16_t out)
{
	VmSort		sort = {.keys = KIT_NEW(l->arena, VmSortKey), .n_keys = 1};
	LangOrderKey key = {.field = e->u.linq.field};
	const LangType *element = e->type->a;

	if (key.field != NULL)
	{
		sort.keys[0] = lower_sort_key(&key);
		lower_field_list(l, list, key.field, out);
	}
	else
	{
		/* rows are the same when they are the same object */
		if (element->kind != LANG_RECORD)
			sort.keys[0] = lower_sort_key_of(element);
		lower_move(l, out, list);
	}
	sort.keys[0].is_desc = e->u.linq.is_last;
	lower_emit(l, VM_UNIQUE, out, list, lower_sort(l, sort));
}

static void
lower_rank(Lower *l, const LangExpr *e, uint16_t list)
{
	uint32_t	mark = l->next;
	uint16_t	scores = lower_temp(l);
	uint16_t	threshold = VM_NO_REG;

	lower_each_value(l, e, list, scores);
	if (e->u.linq.threshold != NULL)
		threshold = lower_expr(l, e->u.linq.threshold, -1);
	lower_emit(l, VM_RANK, list, scores, threshold);
	l->next = mark;
}

bool
lower_clause_changes(LangLinqKind kind)
{
	return kind == LANG_LINQ_RANK || kind == LANG_LINQ_ORDER_DYN || kind == LANG_LINQ_SHUFFLE;
}

uint16_t
lower_clause(Lower *l, const LangExpr *e, uint16_t list)
{
	uint16_t	out = list;
	uint32_t	mark;

	switch (e->u.linq.kind)
	{
		case LANG_LINQ_MAP:
			out = lower_temp(l);
			lower_each_value(l, e, list, out);
			break;
		case LANG_LINQ_REDUCE:
			out = lower_temp(l);
			lower_reduce(l, e, list, out);
			break;
		case LANG_LINQ_UNIQUE:
			out = lower_temp(l);
			lower_unique(l, e, list, out);
			break;
		case LANG_LINQ_RANK:
			lower_rank(l, e, list);
			break;
		case LANG_LINQ_ORDER_DYN:
			mark = l->next;
			lower_emit(l, VM_SORT_BY_TEXT, list, lower_expr(l, e->u.linq.expr, -1), (uint32_t) e->type->a->structure->index);
			l->next = mark;
			break;
		case LANG_LINQ_SHUFFLE:
			lower_emit(l, VM_SHUFFLE, list, 0, 0);
			break;
		case LANG_LINQ_TRAVERSE:
			out = lower_temp(l);
			lower_emit(l, VM_TRAVERSE, out, list, (uint32_t) e->u.linq.assoc->index);
			break;
		default:
			lower_fail(l, "this clause is not supported by the machine");
			break;
	}
	return out;
}
