/*
 * lower_scan.c
 *	  Which rows a query has to visit: orders that documents keep, and the bounds that conditions set to their first key.
 *
 * Conditions are taken apart at &&.  A part that compares a field of the row with something that does not depend on the row, either way round, bounds that
 * field.  The whole condition is tested all the same, so that a bound may be too wide, but never too narrow; this is why doubles have no equal bounds: they are
 * equal when they are near.
 *
 * Fields that have an order worth keeping are those declared index, and those by which the program orders rows somewhere.
 */
#include <string.h>

#include "vm/lower.h"

/* ---- orders ---- */

static bool
same_keys(const VmSort *a, const VmSort *b)
{
	if (a->n_keys != b->n_keys)
		return false;
	for (int i = 0; i < a->n_keys; i++)
		if (a->keys[i].kind != b->keys[i].kind || a->keys[i].slot != b->keys[i].slot || a->keys[i].is_desc != b->keys[i].is_desc)
			return false;
	return true;
}

/* The number of the order of that structure's rows by these keys, or backwards; -1: it has too many already. */
static int
find_order(Lower *l, const LangStruct *row, VmSort sort, bool *is_backwards)
{
	VmProgram  *program = l->program;
	VmStructInfo *info = &program->structs[row->index];
	VmSort		turned = {.n_keys = sort.n_keys, .keys = KIT_NEW_N(l->arena, VmSortKey, sort.n_keys)};
	VmOrderDef *def;

	for (int i = 0; i < sort.n_keys; i++)
	{
		turned.keys[i] = sort.keys[i];
		turned.keys[i].is_desc = !sort.keys[i].is_desc;
	}
	*is_backwards = sort.keys[0].is_desc;
	if (*is_backwards)
	{
		VmSort		swapped = sort;

		sort = turned;
		turned = swapped;
	}
	for (uint32_t i = 0; i < program->n_orders; i++)
		if (program->orders[i]->row == row && same_keys(&program->orders[i]->sort, &sort))
			return (int) i;
	if (info->n_orders == VM_MAX_ORDERS || program->n_orders == VM_BY_ID)
		return -1;
	def = KIT_NEW(l->arena, VmOrderDef);
	def->row = row;
	def->sort = sort;
	def->backwards = turned;
	for (int i = 0; i < sort.n_keys; i++)
		if (sort.keys[i].slot != VM_KEY_ID)
			def->slots |= VM_SLOT_BIT(sort.keys[i].slot);
	info->n_orders++;
	return (int) lower_order_def(l, def);
}

int
lower_order_of(Lower *l, const LangStruct *row, const LangOrderKey *keys, int n, bool *is_backwards)
{
	VmSort		sort = {.keys = KIT_NEW_N(l->arena, VmSortKey, n)};

	if (row->kind != LANG_STRUCT_RECORD)
		return -1;
	for (int i = 0; i < n; i++)
	{
		VmSortKey  *key = &sort.keys[sort.n_keys++];

		*key = lower_sort_key(&keys[i]);
		if (key->is_computed)
			return -1;
		/* rows differ in their ids: nothing behind them counts */
		if (key->slot == VM_KEY_ID)
			break;
	}
	if (sort.keys[0].slot == VM_KEY_ID)
	{
		*is_backwards = sort.keys[0].is_desc;
		return VM_BY_ID;
	}
	return find_order(l, row, sort, is_backwards);
}

/* The order by this field alone, or, when that will do, one that begins with it. */
static int
order_by_field(Lower *l, const LangField *field, VmKeyKind kind, bool is_alone)
{
	VmProgram  *program = l->program;
	VmSort		sort = {.keys = KIT_NEW(l->arena, VmSortKey), .n_keys = 1};
	bool		is_backwards;

	if (field->is_id)
		return VM_BY_ID;
	for (uint32_t i = 0; i < program->n_orders; i++)
	{
		const VmOrderDef *def = program->orders[i];

		if ((!is_alone || def->sort.n_keys == 1) && def->row == field->owner && def->sort.keys[0].slot == field->slot && def->sort.keys[0].kind == kind && !def->sort.keys[0].is_maybe)
			return (int) i;
	}
	sort.keys[0] = (VmSortKey) {.kind = kind, .slot = field->slot};
	return find_order(l, field->owner, sort, &is_backwards);
}

/* ---- bounds ---- */

typedef struct Search
{
	Lower	   *l;
	const LangLocal **rows;		/* the same row under the names of the conditions */
	int			n_rows;
	const LangField *wanted;	/* only bounds of this field; NULL: of any */
	LowerBounds *bounds;		/* one for each field that has some */
	int			n;
	int			cap;
} Search;

/* The stored field of the row that e reads; NULL: it is something else. */
static const LangField *
field_of_row(const Search *s, const LangExpr *e)
{
	const LangField *field = NULL;
	const LangLocal *local = NULL;

	e = lower_bare(e);
	while (e->kind == LANG_EXPR_CONVERT && (e->u.convert.how == LANG_CONVERT_WIDEN || e->u.convert.how == LANG_CONVERT_TO_INSTANT))
		e = lower_bare(e->u.convert.operand);
	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.base == LANG_BASE_LOCAL)
	{
		field = e->u.name.ref.field;
		local = e->u.name.ref.local;
	}
	else if (e->kind == LANG_EXPR_FIELD && e->u.field.field != NULL && !e->u.field.is_lifted && !e->u.field.is_projection)
	{
		const LangExpr *operand = lower_bare(e->u.field.operand);

		if (operand->kind == LANG_EXPR_NAME && operand->u.name.ref.kind == LANG_REF_LOCAL)
		{
			field = e->u.field.field;
			local = operand->u.name.ref.local;
		}
	}
	if (field == NULL || field->kind != LANG_STORED_FIELD || field->owner->kind != LANG_STRUCT_RECORD)
		return NULL;
	for (int i = 0; i < s->n_rows; i++)
		if (local == s->rows[i])
			return field;
	return NULL;
}

static bool
is_apart(const Search *s, const LangExpr *e)
{
	if (!lower_is_pure(e))
		return false;
	for (int i = 0; i < s->n_rows; i++)
		if (lower_reads_local(e, s->rows[i]))
			return false;
	return true;
}

static LowerBounds *
bounds_of(Search *s, const LangField *field)
{
	if (s->wanted != NULL && s->wanted != field)
		return NULL;
	if (s->wanted == NULL && !field->is_id && !field->is_indexed && !field->is_ordered)
		return NULL;
	for (int i = 0; i < s->n; i++)
		if (s->bounds[i].field == field)
			return &s->bounds[i];
	if (s->n == s->cap)
		return NULL;
	s->bounds[s->n] = (LowerBounds) {.field = field, .kind = VM_KEY_INT};
	return &s->bounds[s->n++];
}

static void
bound_equal(Search *s, const LangField *field, const LangExpr *value, VmKeyKind kind)
{
	LowerBounds *b;

	if ((kind != VM_KEY_INT && !field->is_indexed) || !is_apart(s, value))
		return;
	b = bounds_of(s, field);
	if (b == NULL || b->is_equal)
		return;
	*b = (LowerBounds) {.field = field, .kind = kind, .is_equal = true, .low = value, .high = value};
}

static void
bound_below(Search *s, const LangField *field, const LangExpr *value, VmKeyKind kind, bool is_open)
{
	LowerBounds *b = is_apart(s, value) ? bounds_of(s, field) : NULL;

	if (b == NULL || b->high != NULL)
		return;
	b->kind = kind;
	b->high = value;
	b->is_high_open = is_open;
}

static void
bound_above(Search *s, const LangField *field, const LangExpr *value, VmKeyKind kind, bool is_open)
{
	LowerBounds *b = is_apart(s, value) ? bounds_of(s, field) : NULL;

	if (b == NULL || b->low != NULL)
		return;
	b->kind = kind;
	b->low = value;
	b->is_low_open = is_open;
}

/* Datetimes are compared as instants, but kept as what they are, in the order of their instants. */
static const LangExpr *
key_of_value(const LangExpr *value)
{
	value = lower_bare(value);
	return value->kind == LANG_EXPR_CONVERT && value->u.convert.how == LANG_CONVERT_TO_INSTANT ? value->u.convert.operand : value;
}

static void
bound_compared(Search *s, VmOp op, const LangField *field, const LangExpr *value, bool is_turned)
{
	value = key_of_value(value);
	switch (op)
	{
		case VM_EQ_INT:
			bound_equal(s, field, value, VM_KEY_INT);
			break;
		case VM_EQ_STRING:
			bound_equal(s, field, value, VM_KEY_STRING_HASH);
			break;
		case VM_EQ_PRINCIPAL:
			bound_equal(s, field, value, VM_KEY_PRINCIPAL_HASH);
			break;
		case VM_LT_INT:
		case VM_LE_INT:
			(is_turned ? bound_above : bound_below) (s, field, value, VM_KEY_INT, op == VM_LT_INT);
			break;
		case VM_GT_INT:
		case VM_GE_INT:
			(is_turned ? bound_below : bound_above) (s, field, value, VM_KEY_INT, op == VM_GT_INT);
			break;
		case VM_LT_DOUBLE:
		case VM_LE_DOUBLE:
			(is_turned ? bound_above : bound_below) (s, field, value, VM_KEY_DOUBLE, op == VM_LT_DOUBLE);
			break;
		case VM_GT_DOUBLE:
		case VM_GE_DOUBLE:
			(is_turned ? bound_below : bound_above) (s, field, value, VM_KEY_DOUBLE, op == VM_GT_DOUBLE);
			break;
		default:
			break;
	}
}

static void
search_bounds(Search *s, const LangExpr *e)
{
	const LangField *field;

	for (;;)
	{
		e = lower_bare(e);
		if (e->kind != LANG_EXPR_BINARY || e->u.binary.op != LANG_OP_AND)
			break;
		search_bounds(s, e->u.binary.right);
		e = e->u.binary.left;
	}
	if (e->kind == LANG_EXPR_BINARY && e->u.binary.row != NULL)
	{
		VmOp		op = vm_op_of_code(e->u.binary.row->code);

		field = field_of_row(s, e->u.binary.left);
		if (field != NULL)
			bound_compared(s, op, field, e->u.binary.right, false);
		field = field_of_row(s, e->u.binary.right);
		if (field != NULL)
			bound_compared(s, op, field, e->u.binary.left, true);
	}
	else if (e->kind == LANG_EXPR_RANGE && (field = field_of_row(s, e->u.range.value)) != NULL && lang_type_storage(field->type) == 'I' &&
			 lang_type_storage(e->u.range.low->type) == 'I' && lang_type_storage(e->u.range.high->type) == 'I')
	{
		bound_above(s, field, e->u.range.low, VM_KEY_INT, e->u.range.low_op == LANG_OP_LT);
		bound_below(s, field, e->u.range.high, VM_KEY_INT, e->u.range.high_op == LANG_OP_LT);
	}
}

#define MAX_BOUNDED 8			/* fields whose bounds are looked at */

/* Which of two sets of bounds lets fewer rows pass: a guess. */
static int
worth(const LowerBounds *b)
{
	if (b->field->is_id)
		return b->is_equal ? 6 : 1;
	if (!b->is_equal)
		return b->low != NULL && b->high != NULL ? 2 : 1;
	return b->field->type->kind == LANG_BOOL || b->field->type->kind == LANG_ENUM ? 3 : 4;
}

bool
lower_find_bounds(Lower *l, const LangExpr *const *clauses, int n, const LangField *wanted, LowerBounds *out)
{
	LowerBounds found[MAX_BOUNDED];
	Search		s = {l, KIT_NEW_N(l->arena, const LangLocal *, n), n, wanted, found, 0, MAX_BOUNDED};
	LowerBounds *best = NULL;

	for (int i = 0; i < n; i++)
		s.rows[i] = clauses[i]->u.linq.row;
	for (int i = 0; i < n; i++)
		search_bounds(&s, clauses[i]->u.linq.expr);
	for (int i = 0; i < s.n; i++)
		if ((found[i].low != NULL || found[i].high != NULL) && (best == NULL || worth(&found[i]) > worth(best)))
			best = &found[i];
	if (best == NULL)
		return false;
	if (best->field->type->kind == LANG_DATETIME)
		best->kind = VM_KEY_DATETIME;
	*out = *best;
	if (wanted == NULL)
	{
		/* equal ones are to come by id, with no other key between */
		out->order = order_by_field(l, best->field, best->kind, best->is_equal);
		return out->order >= 0;
	}
	return true;
}
