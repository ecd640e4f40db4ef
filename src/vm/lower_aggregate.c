/*
 * lower_aggregate.c
 *	  What is told of the rows of a table (lang/aggregate.h), as code that only looks at those that changed: vm/aggregate.c has the model.
 *
 *			a = aggregate; small table? ---> PLAIN
 *	AGAIN:	next row; none? ---> DONE
 *			conditions; false? ---> AGAIN
 *			put the row's value; ---> AGAIN
 *	DONE:	a = what it tells; ---> END
 *	PLAIN:	the same as a loop over all rows
 *	END:
 */
#include "lang/aggregate.h"
#include "vm/lower.h"

static VmAggregateKind
kind_of(LangAggregateKind kind)
{
	switch (kind)
	{
		case LANG_AGGREGATE_SUM:
			return VM_AGGREGATE_SUM;
		case LANG_AGGREGATE_MINIMUM:
			return VM_AGGREGATE_MINIMUM;
		case LANG_AGGREGATE_MAXIMUM:
			return VM_AGGREGATE_MAXIMUM;
		case LANG_AGGREGATE_RANGE:
			return VM_AGGREGATE_RANGE;
		case LANG_AGGREGATE_AVERAGE:
			return VM_AGGREGATE_AVERAGE;
		default:
			return VM_AGGREGATE_COUNT;
	}
}

static VmAggregateNumber
number_of(const LangField *value)
{
	if (value == NULL)
		return VM_AGGREGATE_NOTHING;
	return value->type->kind == LANG_DOUBLE ? VM_AGGREGATE_DOUBLE : value->type->kind == LANG_LONG ? VM_AGGREGATE_LONG : VM_AGGREGATE_INT;
}

static VmAggregateDef *
make_def(Lower *l, const LangAggregate *aggregate)
{
	VmAggregateDef *def = KIT_NEW(l->arena, VmAggregateDef);

	def->kind = kind_of(aggregate->kind);
	def->number = number_of(aggregate->value);
	def->depth = aggregate->has_formulas ? 1 : 0;
	for (int i = 0; i < aggregate->n_row_fields; i++)
		def->slots |= VM_SLOT_BIT(aggregate->row_fields[i]->slot);
	def->params = KIT_NEW_N(l->arena, int, aggregate->n_root_fields + 1);
	for (int i = 0; i < aggregate->n_root_fields; i++)
		def->params[def->n_params++] = aggregate->root_fields[i]->slot;
	return def;
}

/* Rows that an index finds are few. */
static bool
is_looked_up(Lower *l, const LangAggregate *aggregate)
{
	LowerBounds bounds;

	for (int i = 0; i < aggregate->n_wheres; i++)
		if (aggregate->wheres[i]->u.linq.id_equals != NULL)
			return true;
	return lower_find_bounds(l, (const LangExpr *const *) aggregate->wheres, aggregate->n_wheres, NULL, &bounds) && bounds.is_equal;
}

static void
lower_rows(Lower *l, const LangAggregate *aggregate, uint16_t open)
{
	Label		again = LABEL_NEW;
	Label		done = LABEL_NEW;
	uint16_t	row = lower_temp(l);
	uint32_t	mark = l->next;

	lower_here(l, &again);
	lower_branch(l, VM_AGGREGATE_NEXT, row, open, 0, &done);
	for (int i = 0; i < aggregate->n_wheres; i++)
	{
		lower_move(l, lower_local(aggregate->wheres[i]->u.linq.row), row);
		lower_condition(l, aggregate->wheres[i]->u.linq.expr, false, &again);
		l->next = mark;
	}
	lower_emit(l, VM_AGGREGATE_PUT, open, aggregate->value == NULL ? row : lower_get(l, aggregate->value, row, -1), 0);
	lower_jump(l, VM_JUMP, 0, &again);	/* opening it is charged for all */
	lower_here(l, &done);
}

bool
lower_aggregate(Lower *l, const LangExpr *e, int want, uint16_t *result)
{
	LangAggregate	aggregate;
	VmStructInfo *info;
	uint16_t	dst;
	uint16_t	open;
	uint32_t	mark;
	Label		plain = LABEL_NEW;
	Label		end = LABEL_NEW;

	/* all rows: the table knows how many it has */
	if (l->in_plain || !lang_aggregate_read((LangExpr *) e, &aggregate) || !aggregate.is_kept || (aggregate.value == NULL && aggregate.n_wheres == 0) ||
		is_looked_up(l, &aggregate))
		return false;
	info = &l->program->structs[aggregate.table->type->a->structure->index];
	if (info->n_aggregates == VM_MAX_AGGREGATES || l->program->n_aggregates > UINT16_MAX)
		return false;
	info->n_aggregates++;
	*result = dst = lower_result(l, want);
	mark = l->next;
	open = lower_temp(l);
	lower_branch(l, VM_AGGREGATE, open, lower_expr(l, aggregate.table, -1), lower_aggregate_def(l, make_def(l, &aggregate)), &plain);
	l->next = open + 1u;
	lower_rows(l, &aggregate, open);
	lower_emit(l, VM_AGGREGATE_CLOSE, dst, open, 0);
	lower_jump(l, VM_JUMP, 0, &end);
	lower_here(l, &plain);
	l->next = mark;
	l->in_plain = true;
	lower_expr(l, e, dst);
	l->in_plain = false;
	lower_here(l, &end);
	l->next = mark;
	return true;
}
