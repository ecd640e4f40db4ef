/*
 * aggregate.c
 *	  Which expressions can be kept told while a table changes (aggregate.h).
 *
 * What is allowed is listed; anything else is gone through each time, which is always right, and the reason is noted for who asks.
 */
#include <string.h>

#include "lang/check_internal.h"
#include "lang/aggregate.h"

typedef struct Look
{
	LangAggregate  *aggregate;
	const LangLocal *row;		/* of the condition at hand; NULL: in a formula of the row, which is self there */
} Look;

static bool look_at(Look *look, const LangExpr *e);

static bool
refuse(LangAggregate *aggregate, const LangExpr *why, const char *reason)
{
	if (aggregate->reason == NULL)
	{
		aggregate->why = why;
		aggregate->reason = reason;
	}
	return false;
}

static LangExpr *
bare(LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
}

/* Values that lie in a slot and are compared without making anything. */
static bool
is_simple(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_BOOL:
		case LANG_ENUM:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
			return true;
		default:
			return false;
	}
}

static bool
is_number(const LangType *type)
{
	return is_simple(type) && (lang_type_storage(type) == 'I' || lang_type_storage(type) == 'D');
}

static bool
look_at_row_field(Look *look, const LangExpr *e, LangField *field)
{
	LangAggregate  *aggregate = look->aggregate;
	Look		inside = {aggregate, NULL};

	if (field->is_id)
		return true;
	if (field->kind != LANG_STORED_FIELD)
	{
		if (look->row == NULL)
			return refuse(aggregate, e, "a formula of the row uses another formula");
		aggregate->has_formulas = true;
		return field->unit->expr == NULL ? refuse(aggregate, e, "this is not stored in the row") : look_at(&inside, field->unit->expr);
	}
	if (aggregate->n_row_fields == LANG_AGGREGATE_FIELDS)
		return refuse(aggregate, e, "it reads too many fields");
	aggregate->row_fields[aggregate->n_row_fields++] = field;
	return true;
}

static bool
look_at_name(Look *look, const LangExpr *e)
{
	const LangRef *ref = &e->u.name.ref;
	LangAggregate  *aggregate = look->aggregate;

	if (ref->kind == LANG_REF_VIEWER_FIELD)
		return refuse(aggregate, e, "it depends on the viewer's state");
	if (ref->kind != LANG_REF_FIELD)
		return refuse(aggregate, e, "it depends on a variable");
	if (look->row != NULL ? ref->base == LANG_BASE_LOCAL && ref->local == look->row : ref->base == LANG_BASE_SELF)
		return look_at_row_field(look, e, ref->field);
	if (ref->base != LANG_BASE_ROOT || ref->field->owner->kind != LANG_STRUCT_ROOT || ref->field->kind != LANG_STORED_FIELD)
		return refuse(aggregate, e, ref->field->kind != LANG_STORED_FIELD ? "it depends on a formula that is not the row's" :
					  "it depends on an object other than the row");
	if (!is_number(ref->field->type))
		return refuse(aggregate, e, "it depends on a field of the document that is no number");
	if (aggregate->n_root_fields == LANG_AGGREGATE_FIELDS)
		return refuse(aggregate, e, "it reads too many fields");
	aggregate->root_fields[aggregate->n_root_fields++] = ref->field;
	return true;
}

/* e.f, where e is the row by name. */
static bool
look_at_field(Look *look, const LangExpr *e)
{
	const LangExpr *operand = bare(e->u.field.operand);

	if (operand->kind == LANG_EXPR_VIEWER)
		return refuse(look->aggregate, e, "it depends on the viewer's state");
	if (e->u.field.field == NULL || e->u.field.is_lifted || e->u.field.is_projection || operand->kind != LANG_EXPR_NAME ||
		operand->u.name.ref.kind != LANG_REF_LOCAL || look->row == NULL || operand->u.name.ref.local != look->row)
		return refuse(look->aggregate, e, "it reads something within a value");
	return look_at_row_field(look, e, e->u.field.field);
}

static bool
look_at_call(Look *look, const LangExpr *e)
{
	LangExpr   *maybe = e->u.call.receiver == NULL ? NULL : bare(e->u.call.receiver);

	if (e->u.call.builtin == NULL || maybe == NULL ||
		(e->u.call.builtin->id != LANG_BUILTIN_MAYBE_HAS && e->u.call.builtin->id != LANG_BUILTIN_MAYBE_GET_OR_DEFAULT_TO) ||
		maybe->type->kind != LANG_MAYBE || !is_simple(maybe->type->a))
		return refuse(look->aggregate, e, "it calls something");
	if (maybe->kind == LANG_EXPR_NAME ? !look_at_name(look, maybe) : maybe->kind == LANG_EXPR_FIELD ? !look_at_field(look, maybe) : true)
		return refuse(look->aggregate, maybe, "it makes a value for each row");
	for (int i = 0; i < e->u.call.n_args; i++)
		if (!look_at(look, e->u.call.args[i]))
			return false;
	return true;
}

static bool
look_at_binary(Look *look, const LangExpr *e)
{
	if (e->u.binary.op == LANG_OP_MATCH || e->type->kind == LANG_STRING)
		return refuse(look->aggregate, e, "it makes a text for each row");
	return look_at(look, e->u.binary.left) && look_at(look, e->u.binary.right);
}

static bool
look_at(Look *look, const LangExpr *e)
{
	if (!is_simple(e->type))
		return refuse(look->aggregate, e, "it uses values that are made for each row");
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
		case LANG_EXPR_ENUM:
		case LANG_EXPR_NO_ONE:
			return true;
		case LANG_EXPR_WHO:
			return refuse(look->aggregate, e, "it depends on who looks");
		case LANG_EXPR_NAME:
			return look_at_name(look, e);
		case LANG_EXPR_FIELD:
			return look_at_field(look, e);
		case LANG_EXPR_CALL:
			return look_at_call(look, e);
		case LANG_EXPR_PREFIX:
			return e->u.unary.op == LANG_OP_NEGATE || e->u.unary.op == LANG_OP_NOT ? look_at(look, e->u.unary.operand) :
				refuse(look->aggregate, e, "it changes something");
		case LANG_EXPR_PAREN:
			return look_at(look, e->u.unary.operand);
		case LANG_EXPR_BINARY:
			return look_at_binary(look, e);
		case LANG_EXPR_RANGE:
			return look_at(look, e->u.range.low) && look_at(look, e->u.range.value) && look_at(look, e->u.range.high);
		case LANG_EXPR_TERNARY:
			return look_at(look, e->u.ternary.condition) && look_at(look, e->u.ternary.yes) && look_at(look, e->u.ternary.no);
		case LANG_EXPR_CONVERT:
			return e->u.convert.how == LANG_CONVERT_WIDEN || e->u.convert.how == LANG_CONVERT_INT_TO_DOUBLE || e->u.convert.how == LANG_CONVERT_TO_INSTANT ?
				look_at(look, e->u.convert.operand) : refuse(look->aggregate, e, "it makes a value for each row");
		default:
			return refuse(look->aggregate, e, "it uses values that are made for each row");
	}
}

/* ---- queries ---- */

static bool
read_query(LangAggregate *aggregate, LangExpr *e)
{
	LangExpr   *clauses[LANG_AGGREGATE_CLAUSES];
	int			n = 0;
	LangExpr   *table;
	LangField  *field = NULL;

	for (e = bare(e); e->kind == LANG_EXPR_LINQ; e = bare(e->u.linq.source))
	{
		bool		is_order = e->u.linq.kind == LANG_LINQ_ORDER && aggregate->kind == LANG_AGGREGATE_COUNT;

		if (is_order)
			continue;
		if ((e->u.linq.kind != LANG_LINQ_WHERE && e->u.linq.kind != LANG_LINQ_WHERE_AS) || n == LANG_AGGREGATE_CLAUSES)
			return refuse(aggregate, e, "only conditions (where) may stand between the table and what is told of its rows");
		clauses[n++] = e;
	}
	if (e->kind != LANG_EXPR_ITERATE)
		return refuse(aggregate, e, "it is told of a list, not of a table");
	table = bare(e->u.unary.operand);
	if (table->kind == LANG_EXPR_NAME && table->u.name.ref.kind == LANG_REF_FIELD)
		field = table->u.name.ref.field;
	else if (table->kind == LANG_EXPR_FIELD && !table->u.field.is_lifted && !table->u.field.is_projection)
		field = table->u.field.field;
	if (field == NULL || field->kind != LANG_STORED_FIELD || (field->owner->kind != LANG_STRUCT_ROOT && field->owner->kind != LANG_STRUCT_RECORD) ||
		table->type->kind != LANG_TABLE || table->type->a->kind != LANG_RECORD)
		return refuse(aggregate, table, "the table is not one of the document's");
	aggregate->table = table;
	while (n > 0)
		aggregate->wheres[aggregate->n_wheres++] = clauses[--n];
	return true;
}

static LangAggregateKind
kind_of(const LangBuiltin *builtin)
{
	switch (builtin->id)
	{
		case LANG_BUILTIN_LIST_SIZE:
			return LANG_AGGREGATE_COUNT;
		case LANG_BUILTIN_STATISTICS_SUM_INT:
		case LANG_BUILTIN_STATISTICS_SUM_LONG:
		case LANG_BUILTIN_STATISTICS_SUM_DOUBLE:
			return LANG_AGGREGATE_SUM;
		case LANG_BUILTIN_STATISTICS_MINIMUM_INT:
		case LANG_BUILTIN_STATISTICS_MINIMUM_LONG:
		case LANG_BUILTIN_STATISTICS_MINIMUM_DOUBLE:
			return LANG_AGGREGATE_MINIMUM;
		case LANG_BUILTIN_STATISTICS_MAXIMUM_INT:
		case LANG_BUILTIN_STATISTICS_MAXIMUM_LONG:
		case LANG_BUILTIN_STATISTICS_MAXIMUM_DOUBLE:
			return LANG_AGGREGATE_MAXIMUM;
		case LANG_BUILTIN_STATISTICS_RANGE_INT:
		case LANG_BUILTIN_STATISTICS_RANGE_LONG:
		case LANG_BUILTIN_STATISTICS_RANGE_DOUBLE:
			return LANG_AGGREGATE_RANGE;
		case LANG_BUILTIN_STATISTICS_AVERAGE_INT:
		case LANG_BUILTIN_STATISTICS_AVERAGE_LONG:
		case LANG_BUILTIN_STATISTICS_AVERAGE_DOUBLE:
			return LANG_AGGREGATE_AVERAGE;
		default:
			return LANG_AGGREGATE_NONE;
	}
}

/* What the numbers are of: the query; *value is the field. */
static LangExpr *
projected(LangAggregate *aggregate, LangExpr *numbers)
{
	LangExpr   *e = bare(numbers);

	if (e->kind != LANG_EXPR_FIELD || !e->u.field.is_projection || e->u.field.is_lifted || e->u.field.field == NULL || e->u.field.field->type != e->type->a)
	{
		refuse(aggregate, e, "it is told of a list, not of a field of a table's rows");
		return NULL;
	}
	aggregate->value = e->u.field.field;
	return e->u.field.operand;
}

bool
lang_aggregate_read(LangExpr *call, LangAggregate *aggregate)
{
	const LangLocal none = {0};	/* the field of a row, not a formula's */
	LangExpr   *source;
	Look		look = {aggregate, NULL};

	*aggregate = (LangAggregate) {0};
	if (call->kind != LANG_EXPR_CALL || call->u.call.call_kind != LANG_CALL_BUILTIN || (aggregate->kind = kind_of(call->u.call.builtin)) == LANG_AGGREGATE_NONE)
		return false;
	source = call->u.call.receiver != NULL ? call->u.call.receiver : call->u.call.args[0];
	if (aggregate->kind != LANG_AGGREGATE_COUNT && (source = projected(aggregate, source)) == NULL)
		return true;
	if (!read_query(aggregate, source))
		return true;
	for (int i = 0; i < aggregate->n_wheres; i++)
	{
		look.row = aggregate->wheres[i]->u.linq.row;
		if (!look_at(&look, aggregate->wheres[i]->u.linq.expr))
			return true;
	}
	look.row = &none;
	if (aggregate->value != NULL && !look_at_row_field(&look, call, aggregate->value))
		return true;
	aggregate->is_kept = true;
	return true;
}
