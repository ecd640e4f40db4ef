/*
 * check_kept.c
 *	  Which formulas and bubbles are lists that can be kept up to date row by row (LangKept).
 *
 * The forms are few and the conditions made of what is known here: anything else is left to be computed anew, which is always right.  A condition is
 * looked through for what it reads besides its row: for the row's own fields it is asked again when the row has changed, for all others it is asked
 * again of all rows.
 */
#include <string.h>

#include "lang/check_internal.h"

typedef struct Look
{
	Check	   *c;
	int			n_words;
	const LangLocal *row;		/* of the clause at hand; NULL: there is none */
	uint64_t   *row_fields;
	uint64_t   *own_fields;
	uint64_t   *fields;
	int			reads;
	const LangExpr *unknown;	/* the first part that was refused */
	const char *reason;			/* and why, where more can be said than what it is */
} Look;

static bool look_at(Look *look, const LangExpr *e);

static bool
refuse(Look *look, const char *reason)
{
	if (look->reason == NULL)
		look->reason = reason;
	return false;
}

static void
add_bits(uint64_t *to, const uint64_t *from, int n_words)
{
	for (int i = 0; i < n_words; i++)
		to[i] |= from[i];
}

/* Of what: the row, self, or anything. */
typedef enum Whose
{
	OF_ROW,
	OF_SELF,
	OF_ANY
} Whose;

static void
add_field(Look *look, const LangField *field, Whose whose)
{
	uint64_t   *own = whose == OF_ROW ? look->row_fields : whose == OF_SELF ? look->own_fields : look->fields;

	if (field->kind != LANG_STORED_FIELD)
	{
		look->reads |= field->unit->reads;
		add_bits(own, field->unit->own_fields, look->n_words);
		add_bits(look->fields, field->unit->fields, look->n_words);
	}
	else if (field->slot >= 0 && field->owner->first_slot >= 0)
	{
		int			bit = field->owner->first_slot + field->slot;

		if (field->owner->kind == LANG_STRUCT_VIEW)
			look->reads |= LANG_READS_VIEWER;
		own[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static bool
is_row(const Look *look, const LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_LOCAL && e->u.name.ref.local == look->row;
}

static bool
look_at_name(Look *look, const LangExpr *e)
{
	const LangRef *ref = &e->u.name.ref;

	switch (ref->kind)
	{
		case LANG_REF_LOCAL:
			/* the row as a value: whoever gets it may read any of it */
			return refuse(look, "the row itself is passed on here");
		case LANG_REF_VIEWER_FIELD:
			add_field(look, ref->field, OF_ANY);
			return true;
		case LANG_REF_FIELD:
			if (ref->base == LANG_BASE_LOCAL && ref->local != look->row)
				return refuse(look, "it depends on a variable");
			if (ref->field->type->kind == LANG_TABLE || check_type_is_structured(ref->field->type))
				return refuse(look, "it depends on other rows or records");
			add_field(look, ref->field, ref->base == LANG_BASE_LOCAL ? OF_ROW : ref->base == LANG_BASE_SELF ? OF_SELF : OF_ANY);
			return true;
		default:
			return refuse(look, "it depends on this name");
	}
}

/* e.f, where e is the row, the viewer, or a chain of records in each other that begins there. */
static bool
look_at_field(Look *look, const LangExpr *e)
{
	const LangExpr *operand = e->u.field.operand;

	if (e->u.field.field == NULL || e->u.field.is_lifted || e->u.field.is_projection || e->u.field.field->type->kind == LANG_TABLE ||
		check_type_is_structured(e->u.field.field->type))
		return refuse(look, "it depends on other rows or records");
	while (operand->kind == LANG_EXPR_PAREN)
		operand = operand->u.unary.operand;
	if (operand->kind == LANG_EXPR_VIEWER)
	{
		add_field(look, e->u.field.field, OF_ANY);
		return true;
	}
	if (!is_row(look, operand))
		return refuse(look, "it depends on something within a value");
	add_field(look, e->u.field.field, OF_ROW);
	return true;
}

static bool
look_at_call(Look *look, const LangExpr *e)
{
	const LangUnit *unit = e->u.call.unit;
	const LangExpr *receiver = e->u.call.receiver;

	for (int i = 0; i < e->u.call.n_args; i++)
		if (!look_at(look, e->u.call.args[i]))
			return false;
	if (unit != NULL)
	{
		Whose		whose = OF_ANY;

		if (receiver != NULL && is_row(look, receiver))
			whose = OF_ROW;
		else if (receiver != NULL && receiver->kind == LANG_EXPR_SELF)
			whose = OF_SELF;
		else if (receiver != NULL)
			return refuse(look, "it calls a method of something that is not the row");
		look->reads |= unit->reads;
		add_bits(whose == OF_ROW ? look->row_fields : whose == OF_SELF ? look->own_fields : look->fields, unit->own_fields, look->n_words);
		add_bits(look->fields, unit->fields, look->n_words);
		return true;
	}
	if (e->u.call.builtin == NULL)
		return refuse(look, "it looks something up");
	if (receiver != NULL && !look_at(look, receiver))
		return false;
	look->reads |= e->u.call.builtin->reads;
	return true;
}

static bool
look_into(Look *look, const LangExpr *e)
{
	if (check_type_is_structured(e->type) || e->type->kind == LANG_TABLE || e->type->kind == LANG_LIST || e->type->kind == LANG_ARRAY)
		return refuse(look, "it depends on other rows, records or lists");
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
			look->reads |= LANG_READS_WHO;
			return true;
		case LANG_EXPR_NAME:
			return look_at_name(look, e);
		case LANG_EXPR_FIELD:
			return look_at_field(look, e);
		case LANG_EXPR_CALL:
			return look_at_call(look, e);
		case LANG_EXPR_PREFIX:
			return e->u.unary.op == LANG_OP_NEGATE || e->u.unary.op == LANG_OP_NOT ? look_at(look, e->u.unary.operand) :
				refuse(look, "it changes something");
		case LANG_EXPR_PAREN:
			return look_at(look, e->u.unary.operand);
		case LANG_EXPR_BINARY:
			return look_at(look, e->u.binary.left) && look_at(look, e->u.binary.right);
		case LANG_EXPR_RANGE:
			return look_at(look, e->u.range.low) && look_at(look, e->u.range.value) && look_at(look, e->u.range.high);
		case LANG_EXPR_TERNARY:
			return look_at(look, e->u.ternary.condition) && look_at(look, e->u.ternary.yes) && look_at(look, e->u.ternary.no);
		case LANG_EXPR_CONVERT:
			return look_at(look, e->u.convert.operand);
		case LANG_EXPR_MAYBE:
			return e->u.typed.operand == NULL || look_at(look, e->u.typed.operand);
		default:
			return refuse(look, "conditions of this kind are not followed row by row");
	}
}

/* Whether all of e is known here; adds what it reads. */
static bool
look_at(Look *look, const LangExpr *e)
{
	if (look_into(look, e))
		return true;
	if (look->unknown == NULL)
		look->unknown = e;
	return false;
}

const LangExpr *
check_look(Check *c, const LangExpr *e, const LangLocal *row, CheckLook *found)
{
	Look		look = {c, (c->program->n_slots + 63) / 64, row, found->row_fields, found->own_fields, found->fields, 0, NULL, NULL};

	look_at(&look, e);
	found->reads |= look.reads;
	return look.unknown;
}

/* ---- queries ---- */

static LangExpr *
bare(LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
}

#define MAX_CLAUSES 100

static bool
refuse_query(LangUnkept *unkept, const LangExpr *e, const char *reason)
{
	*unkept = (LangUnkept) {e->pos, reason, true};
	return false;
}

/* iterate t [where]* [order] [offset] [limit] */
static bool
read_query(LangKept *kept, LangExpr *e, LangUnkept *unkept)
{
	LangExpr   *clauses[MAX_CLAUSES];
	int			n = 0;
	int			at;
	LangExpr   *table;

	for (e = bare(e); e->kind == LANG_EXPR_LINQ && n < MAX_CLAUSES; e = bare(e->u.linq.source))
		clauses[n++] = e;
	if (e->kind != LANG_EXPR_ITERATE)
	{
		refuse_query(unkept, e, "it is no query of one table");
		unkept->is_of_query = false;
		return false;
	}
	table = bare(e->u.unary.operand);
	if (table->kind != LANG_EXPR_NAME || table->u.name.ref.kind != LANG_REF_FIELD || table->u.name.ref.base == LANG_BASE_LOCAL ||
		table->u.name.ref.field->kind != LANG_STORED_FIELD || table->type->kind != LANG_TABLE)
		return refuse_query(unkept, table, "the table is not one of the document, or of the record");
	kept->table = table->u.name.ref.field;
	kept->is_of_root = table->u.name.ref.base == LANG_BASE_ROOT;
	at = n;
	while (at > 0 && (clauses[at - 1]->u.linq.kind == LANG_LINQ_WHERE || clauses[at - 1]->u.linq.kind == LANG_LINQ_WHERE_AS))
		kept->wheres[kept->n_wheres++] = clauses[--at];
	if (at > 0 && clauses[at - 1]->u.linq.kind == LANG_LINQ_ORDER)
		kept->order = clauses[--at];
	kept->rows = at < n ? clauses[at] : e;
	if (at > 0 && clauses[at - 1]->u.linq.kind == LANG_LINQ_OFFSET)
		kept->offset = clauses[--at]->u.linq.expr;
	if (at > 0 && clauses[at - 1]->u.linq.kind == LANG_LINQ_LIMIT)
		kept->limit = clauses[--at]->u.linq.expr;
	return at == 0 || refuse_query(unkept, clauses[at - 1], "behind the table are followed: where, then order by, then offset, then limit");
}

/* The query whose size() is called, or NULL. */
static LangExpr *
counted(LangExpr *e)
{
	if (e->kind == LANG_EXPR_CALL && e->u.call.builtin != NULL && e->u.call.builtin->id == LANG_BUILTIN_LIST_SIZE && e->u.call.receiver != NULL)
		return e->u.call.receiver;
	return NULL;
}

/* Values that are one value in JSON, or nothing. */
static bool
is_single(const LangType *type)
{
	switch (type->kind == LANG_MAYBE ? type->a->kind : type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_BOOL:
		case LANG_ENUM:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
			return true;
		default:
			return false;
	}
}

/* The query of which a field is shown, or NULL. */
static LangExpr *
projected(LangExpr *e, LangField **value)
{
	if (e->kind != LANG_EXPR_FIELD || !e->u.field.is_projection || e->u.field.is_lifted || e->u.field.field == NULL || e->type->a != e->u.field.field->type ||
		!is_single(e->u.field.field->type))
		return NULL;
	*value = e->u.field.field;
	return e->u.field.operand;
}

#define MAY_READ (LANG_READS_WHO | LANG_READS_VIEWER | LANG_READS_TIME | LANG_READS_SEQ | LANG_READS_DOCUMENT | LANG_LOGS)

static LangKept *
try_unit(Check *c, const LangUnit *unit, LangUnkept *unkept)
{
	int			n_words = (c->program->n_slots + 63) / 64;
	LangExpr   *e = bare(unit->expr);
	LangExpr   *query;
	LangKept	found = {0};
	LangExpr   *wheres[MAX_CLAUSES];
	LangKept   *kept;
	uint64_t   *bits;
	Look		look = {.c = c, .n_words = n_words};

	found.wheres = wheres;
	found.is_count = (query = counted(e)) != NULL;
	if (query == NULL && (query = projected(e, &found.value)) == NULL)
		query = e;
	if (!read_query(&found, query, unkept))
		return NULL;
	if ((found.is_count || found.value != NULL) && (found.offset != NULL || found.limit != NULL))
	{
		refuse_query(unkept, found.offset != NULL ? found.offset : found.limit, "a part of the rows is followed only where the rows themselves are shown");
		return NULL;
	}
	if (found.is_count && found.order != NULL)
		found.order = NULL;
	kept = KIT_NEW(c->arena, LangKept);
	bits = KIT_NEW_N(c->arena, uint64_t, 7 * n_words + 1);
	*kept = found;
	kept->wheres = KIT_NEW_N(c->arena, LangExpr *, found.n_wheres + 1);
	if (found.n_wheres > 0)
		memcpy(kept->wheres, wheres, sizeof(LangExpr *) * (size_t) found.n_wheres);
	kept->own_fields = bits;
	kept->fields = bits + n_words;
	kept->part_own_fields = bits + 2 * n_words;
	kept->part_fields = bits + 3 * n_words;
	kept->key_fields = bits + 4 * n_words;
	kept->order_fields = bits + 5 * n_words;
	look.own_fields = kept->own_fields;
	look.fields = kept->fields;
	look.row_fields = kept->row_fields = bits + 6 * n_words;
	for (int i = 0; i < kept->n_wheres; i++)
	{
		look.row = kept->wheres[i]->u.linq.row;
		if (!look_at(&look, kept->wheres[i]->u.linq.expr))
		{
			refuse_query(unkept, look.unknown, look.reason);
			return NULL;
		}
	}
	if (kept->value != NULL)
		add_field(&look, kept->value, OF_ROW);
	look.row_fields = kept->key_fields;
	look.fields = kept->order_fields;
	for (int i = 0; kept->order != NULL && i < kept->order->u.linq.n_keys; i++)
		add_field(&look, kept->order->u.linq.keys[i].field, OF_ROW);
	kept->reads = look.reads;
	look.reads = 0;
	look.row = NULL;
	look.own_fields = kept->part_own_fields;
	look.fields = kept->part_fields;
	if ((kept->offset != NULL && !look_at(&look, kept->offset)) || (kept->limit != NULL && !look_at(&look, kept->limit)))
	{
		refuse_query(unkept, look.unknown, look.reason);
		return NULL;
	}
	kept->part_reads = look.reads;
	if (((kept->reads | kept->part_reads) & ~MAY_READ) == 0)
		return kept;
	refuse_query(unkept, e, "it draws by chance, or changes something");
	return NULL;
}

void
check_kept(Check *c)
{
	for (int i = 0; i < c->n_check_units; i++)
	{
		LangUnit   *unit = c->units[i]->unit;

		if ((unit->kind == LANG_UNIT_FORMULA || unit->kind == LANG_UNIT_BUBBLE) && unit->fields != NULL && unit->expr != NULL)
			unit->kept = try_unit(c, unit, &unit->unkept);
	}
}
