/*
 * lower_query.c
 *	  Queries: iterate and its clauses, as loops within the unit.
 *
 * The clauses of a query are lowered in order, each taking what the one before left: first the table itself, later a list in a register.  Conditions
 * that follow each other share one loop, into which they are put inline; what of them does not depend on the row is evaluated once, before.
 *
 *		a condition id == e		the row is looked up, the whole condition is tested on it
 *		conditions on a field with an order that is kept (lower_scan.c)	only rows within their bounds are visited
 *		order of a table's rows	they are taken from an order that is kept, conditions too are tested in that order
 *		where, then limit		the loop ends with the last element that is wanted
 *		order, then offset or limit	only the part that is wanted is sorted, when it is small
 *		.size()					counts, without a list and without an order
 *		.delete()				needs no order when all rows go
 */
#include <string.h>

#include "lang/walk.h"
#include "vm/lower.h"

#define MAX_CLAUSES 1000

typedef struct Query
{
	const LangExpr **clauses;	/* first to last */
	int			n;
	int			at;				/* the next to be lowered */
	QueryUse	use;
	const LangExpr *base;		/* what is iterated: a table, or a list */
	/* what there is so far */
	uint16_t	reg;
	bool		is_table;
	bool		is_fresh;		/* a list that nobody else has seen */
	bool		is_count;		/* the number of elements, not a list */
} Query;

static bool
is_where(const LangExpr *e)
{
	return e->u.linq.kind == LANG_LINQ_WHERE || e->u.linq.kind == LANG_LINQ_WHERE_AS;
}

/* ---- what does not depend on the row ---- */

typedef struct Invariance
{
	Lower	   *l;
	const LangLocal **rows;
	int			n_rows;
} Invariance;

/* A value that is there for the asking, and the same whenever it is asked for. */
static bool
is_invariant(const Invariance *v, const LangExpr *e)
{
	switch (e->kind)
	{
		case LANG_EXPR_INT:
		case LANG_EXPR_LONG:
		case LANG_EXPR_DOUBLE:
		case LANG_EXPR_BOOL:
		case LANG_EXPR_STRING:
		case LANG_EXPR_LABEL:
		case LANG_EXPR_DATE:
		case LANG_EXPR_TIME:
		case LANG_EXPR_DATETIME:
		case LANG_EXPR_TIMESPAN:
		case LANG_EXPR_WHO:
		case LANG_EXPR_NO_ONE:
		case LANG_EXPR_NULL:
		case LANG_EXPR_VIEWER:
			return true;
		case LANG_EXPR_ENUM:
			return !e->u.enumeration.is_star;
		case LANG_EXPR_NAME:
			for (int i = 0; i < v->n_rows; i++)
				if (e->u.name.ref.local == v->rows[i])
					return false;
			if (e->u.name.ref.kind == LANG_REF_LOCAL)
				return true;
			return (e->u.name.ref.kind == LANG_REF_FIELD || e->u.name.ref.kind == LANG_REF_VIEWER_FIELD) && e->u.name.ref.field->kind == LANG_STORED_FIELD;
		case LANG_EXPR_FIELD:
			return !e->u.field.is_lifted && !e->u.field.is_projection && e->u.field.field != NULL && e->u.field.field->kind == LANG_STORED_FIELD &&
				is_invariant(v, e->u.field.operand);
		case LANG_EXPR_PAREN:
			return is_invariant(v, e->u.unary.operand);
		case LANG_EXPR_PREFIX:
			return (e->u.unary.op == LANG_OP_NEGATE || e->u.unary.op == LANG_OP_NOT) && is_invariant(v, e->u.unary.operand);
		case LANG_EXPR_BINARY:
			switch (lang_op_code(e->u.binary.row->code)->result[0])
			{
				case 'i':		/* int */
				case 'l':		/* long */
				case 'd':		/* double */
				case 'b':		/* bool */
					return is_invariant(v, e->u.binary.left) && is_invariant(v, e->u.binary.right);
				default:
					return false;
			}
		case LANG_EXPR_CONVERT:
			return (e->u.convert.how == LANG_CONVERT_WIDEN || e->u.convert.how == LANG_CONVERT_INT_TO_DOUBLE ||
					e->u.convert.how == LANG_CONVERT_TO_INSTANT || e->u.convert.how == LANG_CONVERT_TO_MAYBE) &&
				is_invariant(v, e->u.convert.operand);
		case LANG_EXPR_CALL:
			return e->u.call.call_kind == LANG_CALL_BUILTIN && e->u.call.builtin->id == LANG_BUILTIN_TIME_NOW;
		default:
			return false;
	}
}

static void
hoist(const LangExpr *e, void *arg)
{
	Invariance *v = arg;
	const LangExpr *bare = lower_bare(e);
	Hoisted    *h;

	/* a local is in a register already; small numbers belong to the instruction; a map would be copied */
	if ((bare->kind == LANG_EXPR_NAME && bare->u.name.ref.kind == LANG_REF_LOCAL) || bare->type->kind == LANG_MAP)
		return;
	if (is_invariant(v, bare))
	{
		h = KIT_NEW(v->l->arena, Hoisted);
		h->expr = bare;
		h->reg = lower_expr(v->l, bare, lower_temp(v->l));
		h->up = v->l->hoisted;
		v->l->hoisted = h;
		return;
	}
	/* into the parts that are evaluated for this row, not into queries of their own */
	switch (bare->kind)
	{
		case LANG_EXPR_BINARY:
			{
				VmOp		op = vm_op_of_code(bare->u.binary.row->code);
				const LangExpr *right = lower_bare(bare->u.binary.right);

				if ((op == VM_ADD_INT || op == VM_SUB_INT || op == VM_ADD_LONG || op == VM_SUB_LONG) && right->kind == LANG_EXPR_INT)
				{
					hoist(bare->u.binary.left, arg);
					break;
				}
			}
			/* fall through */
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_RANGE:
		case LANG_EXPR_CONVERT:
			lang_each_part(bare, hoist, arg);
			break;
		default:
			break;
	}
}

/* ---- where ---- */

/* The rows that pass all conditions from q->at to end go where the query wants them. */
typedef struct Filter
{
	int			end;			/* the first clause behind the conditions */
	int			next;			/* the first clause that is not done with them */
	bool		counts;
	uint16_t	into;			/* list, or count */
	int			left;			/* register: how many more are wanted; -1: all */
	const LangExpr *id;			/* the row has this id */
	int			order;			/* the rows are visited in this order; -1: as they are */
	bool		by_id_after;	/* the order is only for the bounds, the result has to be sorted by id */
	int			flags;			/* VmScanFlags */
	LowerBounds bounds;
} Filter;

static void
emit_test(Lower *l, const Query *q, const Filter *f, uint16_t row, Label *next, Label *end)
{
	for (int i = q->at; i < f->end; i++)
	{
		lower_move(l, lower_local(q->clauses[i]->u.linq.row), row);
		lower_condition(l, q->clauses[i]->u.linq.expr, false, next);
	}
	if (f->counts)
		lower_emit(l, VM_ADD_SMALL_LONG, f->into, f->into, 1);
	else
		lower_emit(l, VM_LIST_ADD, f->into, row, 0);
	if (f->left >= 0)
	{
		uint32_t	mark = l->next;
		uint16_t	none = lower_int(l, 0, -1);

		lower_emit(l, VM_ADD_SMALL_LONG, (uint32_t) f->left, (uint32_t) f->left, (uint16_t) -1);
		lower_branch(l, VM_JUMP_LE, 0, (uint32_t) f->left, none, end);
		l->next = mark;
	}
}

static bool
is_kind(const Query *q, int clause, LangLinqKind kind)
{
	return clause < q->n && q->clauses[clause]->u.linq.kind == kind;
}

/* Whether any use of the elements from this clause on depends on their order. */
static bool
needs_order(const Query *q, int clause)
{
	if (q->use == QUERY_LIST)
		return true;
	for (; clause < q->n; clause++)
		switch (q->clauses[clause]->u.linq.kind)
		{
			case LANG_LINQ_WHERE:
			case LANG_LINQ_WHERE_AS:
			case LANG_LINQ_ORDER:
				break;
			default:
				return true;
		}
	return false;
}

/* Decides which rows the conditions are tested on.  They are pure. */
static void
plan_scan(Lower *l, const Query *q, Filter *f)
{
	const LangStruct *row = q->clauses[q->at]->u.linq.row->type->structure;
	const LangExpr *order = is_kind(q, f->end, LANG_LINQ_ORDER) && needs_order(q, f->end + 1) ? q->clauses[f->end] : NULL;
	bool		has_bounds;
	bool		is_backwards = false;
	int			number;

	has_bounds = lower_find_bounds(l, q->clauses + q->at, f->end - q->at, NULL, &f->bounds);
	if (has_bounds && f->bounds.is_equal)
	{
		f->order = f->bounds.order;
		f->flags = VM_SCAN_ANY_ORDER;	/* equal ones come by id */
		return;
	}
	if (order != NULL && (number = lower_order_of(l, row, order->u.linq.keys, order->u.linq.n_keys, &is_backwards)) >= 0)
	{
		LowerBounds of_order;
		const LangField *first = order->u.linq.keys[0].field;

		f->order = number;
		f->flags = is_backwards ? VM_SCAN_BACKWARDS : 0;
		if (lower_find_bounds(l, q->clauses + q->at, f->end - q->at, first, &of_order) &&
			(number == VM_BY_ID || of_order.kind == l->program->orders[number]->sort.keys[0].kind))
			f->bounds = of_order;
		else
			f->bounds = (LowerBounds) {0};
		f->next = f->end + 1;
		return;
	}
	if (has_bounds)
	{
		f->order = f->bounds.order;
		f->flags = VM_SCAN_ANY_ORDER;
		f->by_id_after = f->order != VM_BY_ID && order == NULL && needs_order(q, f->end);
	}
}

/* A limit ends the loop when enough rows have passed; so does one behind an offset, which is applied later. */
static void
lower_left(Lower *l, const Query *q, Filter *f, Label *end)
{
	bool		has_offset = is_kind(q, f->next, LANG_LINQ_OFFSET) && is_kind(q, f->next + 1, LANG_LINQ_LIMIT);
	const LangExpr *limit = has_offset ? q->clauses[f->next + 1]->u.linq.expr : is_kind(q, f->next, LANG_LINQ_LIMIT) ? q->clauses[f->next]->u.linq.expr : NULL;
	uint16_t	none;

	if (f->by_id_after || limit == NULL || !lower_is_pure(limit) || (has_offset && !lower_is_pure(q->clauses[f->next]->u.linq.expr)))
		return;
	f->left = lower_expr(l, limit, lower_temp(l));
	none = lower_int(l, 0, -1);
	lower_branch(l, VM_JUMP_LE, 0, (uint32_t) f->left, none, end);
	if (has_offset)
	{
		uint16_t	offset = lower_expr(l, q->clauses[f->next]->u.linq.expr, -1);
		Label		no_offset = LABEL_NEW;

		lower_branch(l, VM_JUMP_LE, 0, offset, none, &no_offset);
		lower_emit(l, VM_ADD_LONG, (uint32_t) f->left, (uint32_t) f->left, offset);
		lower_here(l, &no_offset);
	}
	else
		f->next++;
}

/* The registers of the bounds and the scan, then each row. */
static void
lower_scan_loop(Lower *l, const Query *q, Filter *f, uint16_t row, Label *end)
{
	uint16_t	scan = lower_temp(l);
	uint32_t	inner = l->next;
	const LowerBounds *b = &f->bounds;
	uint16_t	low = VM_NO_REG;
	uint16_t	high = VM_NO_REG;
	Label		again = LABEL_NEW;

	if (b->low != NULL)
		low = lower_expr(l, b->low, -1);
	if (b->high != NULL)
		high = b->is_equal ? low : lower_expr(l, b->high, -1);
	if (b->is_low_open)
		f->flags |= VM_SCAN_LOW_OPEN;
	if (b->is_high_open)
		f->flags |= VM_SCAN_HIGH_OPEN;
	lower_emit(l, VM_SCAN, scan, q->reg, (uint32_t) f->order);
	lower_emit(l, VM_SCAN, (uint32_t) f->flags, low, high);
	l->next = inner;
	lower_here(l, &again);
	lower_branch(l, VM_NEXT_SCANNED, row, scan, 0, end);
	emit_test(l, q, f, row, &again, end);
	lower_jump(l, VM_JUMP, 0, &again);	/* the iterator checks the budget */
}

static void
sort_by_id(Lower *l, uint16_t list)
{
	VmSort		sort = {.keys = KIT_NEW(l->arena, VmSortKey), .n_keys = 1};

	sort.keys[0] = (VmSortKey) {.kind = VM_KEY_INT, .slot = VM_KEY_ID};
	lower_emit(l, VM_SORT, list, lower_sort(l, sort), 0);
}

static void
lower_filter(Lower *l, Query *q)
{
	Filter		f = {.end = q->at, .left = -1, .order = -1};
	Hoisted    *outer = l->hoisted;
	Invariance	v = {.l = l};
	uint16_t	row;
	uint32_t	mark;
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;
	bool		is_pure = true;

	while (f.end < q->n && is_where(q->clauses[f.end]))
	{
		const LangExpr *clause = q->clauses[f.end++];

		is_pure = is_pure && lower_is_pure(clause->u.linq.expr);
		if (q->is_table && f.id == NULL)
			f.id = clause->u.linq.id_equals;
	}
	f.next = f.end;
	f.counts = q->use == QUERY_COUNT;
	for (int i = f.end; i < q->n; i++)
		f.counts = f.counts && q->clauses[i]->u.linq.kind == LANG_LINQ_ORDER;
	if (is_pure && q->is_table && f.id == NULL)
		plan_scan(l, q, &f);
	/* the result is one register, whatever the loop needs is above it */
	f.into = lower_temp(l);
	mark = l->next;
	if (f.counts)
		lower_int(l, 0, f.into);
	else
		lower_emit_imm(l, VM_NEW_LIST, f.into, 0);
	if (is_pure)
		lower_left(l, q, &f, &end);
	v.n_rows = f.end - q->at;
	v.rows = KIT_NEW_N(l->arena, const LangLocal *, v.n_rows);
	for (int i = 0; i < v.n_rows; i++)
		v.rows[i] = q->clauses[q->at + i]->u.linq.row;
	row = lower_local(v.rows[0]);
	if (f.id != NULL)
	{
		uint32_t	inner = l->next;

		lower_emit(l, VM_TABLE_FIND, row, q->reg, lower_expr(l, f.id, -1));
		l->next = inner;
		lower_jump(l, VM_JUMP_EMPTY, row, &end);
		emit_test(l, q, &f, row, &end, &end);
	}
	else
	{
		if (is_pure)
			for (int i = q->at; i < f.end; i++)
				hoist(q->clauses[i]->u.linq.expr, &v);
		if (f.order >= 0)
			lower_scan_loop(l, q, &f, row, &end);
		else
		{
			uint16_t	each = lower_temps(l, 2);

			lower_emit(l, q->is_table ? VM_EACH_ROW : VM_EACH, each, q->reg, 0);
			lower_here(l, &again);
			lower_branch(l, q->is_table ? VM_NEXT_ROW : VM_NEXT, row, each, 0, &end);
			emit_test(l, q, &f, row, &again, &end);
			lower_jump(l, VM_JUMP, 0, &again);	/* the iterator checks the budget */
		}
	}
	lower_here(l, &end);
	if (f.by_id_after && !f.counts)
		sort_by_id(l, f.into);
	l->hoisted = outer;
	l->next = mark;
	q->at = f.next;
	q->is_count = f.counts;
	if (f.counts)
		q->at = q->n;
	q->reg = f.into;
	q->is_table = false;
	q->is_fresh = true;
}

/* ---- order ---- */

static VmKeyKind
key_kind(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_DATETIME:
			return VM_KEY_DATETIME;
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return VM_KEY_DOUBLE;
		case LANG_STRING:
		case LANG_LABEL:
			return VM_KEY_STRING;
		case LANG_PRINCIPAL:
			return VM_KEY_PRINCIPAL;
		default:
			return VM_KEY_INT;
	}
}

VmSortKey
lower_sort_key_of(const LangType *type)
{
	bool		is_maybe = type->kind == LANG_MAYBE;

	return (VmSortKey) {.kind = key_kind(is_maybe ? type->a : type), .is_maybe = is_maybe};
}

VmSortKey
lower_sort_key(const LangOrderKey *key)
{
	VmSortKey	sort = lower_sort_key_of(key->field->type);

	sort.is_desc = key->is_desc;
	if (key->is_insensitive)
		sort.kind = VM_KEY_STRING_INSENSITIVE;
	sort.is_computed = key->field->kind != LANG_STORED_FIELD;
	if (!sort.is_computed)
		sort.slot = key->field->is_id && key->field->owner->kind == LANG_STRUCT_RECORD ? VM_KEY_ID : key->field->slot;
	return sort;
}

/* A list of its own, in q->reg. */
static void
make_fresh(Lower *l, Query *q)
{
	uint16_t	list;

	if (q->is_fresh)
		return;
	list = lower_temp(l);
	lower_emit(l, q->is_table ? VM_TABLE_LIST : VM_LIST_COPY, list, q->reg, 0);
	q->reg = list;
	q->is_table = false;
	q->is_fresh = true;
}

/* A list, in q->reg. */
static void
make_list(Lower *l, Query *q)
{
	if (q->is_table)
		make_fresh(l, q);
}

/* The values of a formula for all elements of the list. */
void
lower_field_list(Lower *l, uint16_t list, const LangField *field, uint16_t values)
{
	uint32_t	mark = l->next;
	uint16_t	each = lower_temps(l, 2);
	uint16_t	item = lower_temp(l);
	uint16_t	value = lower_temp(l);
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;

	lower_emit_imm(l, VM_NEW_LIST, values, 0);
	lower_emit(l, VM_EACH, each, list, 0);
	lower_here(l, &again);
	lower_branch(l, VM_NEXT, item, each, 0, &end);
	lower_get(l, field, item, value);
	lower_keep(l, field->type, value);
	lower_emit(l, VM_LIST_ADD, values, value, 0);
	lower_loop(l, &again);
	lower_here(l, &end);
	l->next = mark;
}

/* The offset and limit that follow next, in registers; or VM_NO_REG. */
static void
take_part(Lower *l, Query *q, uint16_t *offset, uint16_t *limit)
{
	*offset = *limit = VM_NO_REG;
	if (is_kind(q, q->at, LANG_LINQ_OFFSET))
		*offset = lower_expr(l, q->clauses[q->at++]->u.linq.expr, lower_temp(l));
	if (is_kind(q, q->at, LANG_LINQ_LIMIT))
		*limit = lower_expr(l, q->clauses[q->at++]->u.linq.expr, lower_temp(l));
}

/* Rows of a table in an order that is kept. */
static bool
lower_ordered(Lower *l, Query *q, const LangExpr *e)
{
	bool		is_backwards = false;
	int			order = q->is_table ? lower_order_of(l, e->type->a->structure, e->u.linq.keys, e->u.linq.n_keys, &is_backwards) : -1;
	uint16_t	list;
	uint32_t	mark;
	uint16_t	offset;
	uint16_t	limit;

	if (order < 0)
		return false;
	list = lower_temp(l);
	mark = l->next;
	take_part(l, q, &offset, &limit);
	lower_emit(l, VM_ORDERED, list, q->reg, (uint32_t) order);
	lower_emit(l, VM_ORDERED, is_backwards ? VM_SCAN_BACKWARDS : 0, offset, limit);
	l->next = mark;
	q->reg = list;
	q->is_table = false;
	q->is_fresh = true;
	return true;
}

/* Conditions behind an order are put before it: the sort is stable, so that nobody can tell. */
static bool
put_conditions_first(Query *q)
{
	const LangExpr *order = q->clauses[q->at];
	int			end = q->at + 1;

	while (end < q->n && is_where(q->clauses[end]) && lower_is_pure(q->clauses[end]->u.linq.expr))
		end++;
	if (end == q->at + 1)
		return false;
	for (int i = q->at; i + 1 < end; i++)
		q->clauses[i] = q->clauses[i + 1];
	q->clauses[end - 1] = order;
	return true;
}

static void
lower_order(Lower *l, Query *q)
{
	const LangExpr *e = q->clauses[q->at];
	VmSort		sort = {.n_keys = e->u.linq.n_keys};
	uint16_t	computed;
	uint16_t	offset;
	uint16_t	limit;
	uint32_t	mark;
	uint32_t	index;

	if (!needs_order(q, q->at + 1))
	{
		q->at++;
		return;
	}
	if (put_conditions_first(q))
		return;
	q->at++;
	if (lower_ordered(l, q, e))
		return;
	make_fresh(l, q);
	mark = l->next;
	sort.keys = KIT_NEW_N(l->arena, VmSortKey, sort.n_keys);
	for (int i = 0; i < sort.n_keys; i++)
	{
		sort.keys[i] = lower_sort_key(&e->u.linq.keys[i]);
		if (sort.keys[i].is_computed)
			sort.keys[i].slot = sort.n_computed++;
	}
	computed = lower_temps(l, (uint32_t) sort.n_computed);
	for (int i = 0, n = 0; i < sort.n_keys; i++)
		if (sort.keys[i].is_computed)
			lower_field_list(l, q->reg, e->u.linq.keys[i].field, (uint16_t) (computed + n++));
	take_part(l, q, &offset, &limit);
	index = lower_sort(l, sort);
	if (offset == VM_NO_REG && limit == VM_NO_REG)
		lower_emit(l, VM_SORT, q->reg, index, computed);
	else
	{
		lower_emit(l, VM_SORT_PART, q->reg, index, computed);
		lower_emit(l, VM_SORT_PART, 0, offset, limit);
	}
	l->next = mark;
}

/* ---- limit and offset ---- */

static void
lower_part(Lower *l, Query *q)
{
	const LangExpr *e = q->clauses[q->at++];
	uint16_t	part = lower_temp(l);
	uint32_t	mark;
	uint16_t	number;

	if (q->is_table)
	{
		lower_emit(l, VM_TABLE_LIST, part, q->reg, 0);
		q->reg = part;
		q->is_table = false;
	}
	mark = l->next;
	number = lower_expr(l, e->u.linq.expr, -1);
	lower_emit(l, e->u.linq.kind == LANG_LINQ_LIMIT ? VM_LIST_LIMIT : VM_LIST_OFFSET, part, q->reg, number);
	l->next = mark;
	q->reg = part;
	q->is_fresh = false;		/* shares the elements */
}

/* ---- all of it ---- */

/* Finds the clauses of e and what they begin with; false when e is no query. */
static bool
collect(Lower *l, const LangExpr *e, Query *q)
{
	const LangExpr *from;

	e = lower_bare(e);
	for (from = e; from->kind == LANG_EXPR_LINQ; from = lower_bare(from->u.linq.source))
		q->n++;
	q->clauses = KIT_NEW_N(l->arena, const LangExpr *, q->n + 1);
	for (int i = q->n; i-- > 0; e = lower_bare(e->u.linq.source))
		q->clauses[i] = e;
	q->is_table = from->kind == LANG_EXPR_ITERATE;
	q->base = q->is_table ? from->u.unary.operand : from;
	return q->is_table || q->n > 0;
}

uint16_t
lower_query(Lower *l, const LangExpr *e, QueryUse use, int want)
{
	Query		q = {.use = use};
	LangPos		pos = l->pos;
	uint16_t	dst;
	uint32_t	mark;

	if (!collect(l, e, &q))
	{
		if (use != QUERY_COUNT)
			return lower_expr(l, e, want);
		mark = l->next;
		dst = lower_expr(l, e, -1);
		l->next = mark;
		return lower_apply(l, VM_LIST_SIZE, dst, 0, want);
	}
	dst = lower_result(l, want);
	mark = l->next;
	/* a local that is iterated may be assigned by a later clause */
	q.reg = lower_expr(l, q.base, lower_bare(q.base)->kind == LANG_EXPR_NAME && lower_bare(q.base)->u.name.ref.kind == LANG_REF_LOCAL ? lower_temp(l) : -1);
	if (q.is_table && lower_is_rows(q.base->type))
	{
		q.reg = lower_apply(l, VM_ROWS, q.reg, 0, lower_temp(l));
		q.is_table = false;
	}
	while (q.at < q.n)
	{
		const LangExpr *clause = q.clauses[q.at];

		if (clause->pos.line > 0)
			l->pos = clause->pos;
		switch (clause->u.linq.kind)
		{
			case LANG_LINQ_WHERE:
			case LANG_LINQ_WHERE_AS:
				lower_filter(l, &q);
				break;
			case LANG_LINQ_ORDER:
				lower_order(l, &q);
				break;
			case LANG_LINQ_LIMIT:
			case LANG_LINQ_OFFSET:
				lower_part(l, &q);
				break;
			case LANG_LINQ_MATERIALIZE:
				make_list(l, &q);
				q.at++;
				break;
			default:
				if (lower_clause_changes(clause->u.linq.kind))
					make_fresh(l, &q);
				else
					make_list(l, &q);
				q.reg = lower_clause(l, clause, q.reg);
				q.is_fresh = true;
				q.at++;
		}
	}
	l->pos = pos;
	if (use == QUERY_COUNT && !q.is_count)
		lower_emit(l, q.is_table ? VM_TABLE_SIZE : VM_LIST_SIZE, dst, q.reg, 0);
	else if (q.is_table)
		lower_emit(l, VM_TABLE_LIST, dst, q.reg, 0);
	else
		lower_move(l, dst, q.reg);
	l->next = mark;
	return dst;
}

uint16_t
lower_projection(Lower *l, const LangExpr *e, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	uint16_t	source = lower_query(l, e->u.field.operand, QUERY_LIST, -1);
	uint16_t	made = lower_temp(l);

	lower_field_list(l, source, e->u.field.field, made);	/* maps within are kept as values */
	lower_move(l, dst, made);
	l->next = mark;
	return dst;
}
