/*
 * explain.c
 *	  What a program's views cost: for each part that viewers may see, whether it is shared, how it is kept up to date, and what it reads.
 *
 * It says what plan.c and check_kept.c have found out, and looks through formulas for what goes through rows each time: that is what makes the cost of a change
 * follow the size of the document.
 */
#include <string.h>

#include "lang/aggregate.h"
#include "lang/walk.h"
#include "live/live.h"
#include "live/plan.h"

typedef struct Explain
{
	const LangProgram *lang;
	KitArena   *arena;
	LiveExplained *parts;
	int			n;
	int			cap;
} Explain;

/* ---- formulas that are computed ---- */

/* What is found in a formula, and in what it uses. */
typedef struct Search
{
	const Explain *x;
	KitBuf	   *kept;			/* what is kept, or looked up */
	bool	   *seen;			/* by LangUnit.index */
	LangPos		at;				/* reason not NULL: of what goes through rows */
	const char *reason;
} Search;

static void search(const LangExpr *e, void *arg);

static void
add_item(KitBuf *list, const char *format, const char *a, const char *b)
{
	kit_buf_add_str(list, list->len > 0 ? ", " : "");
	kit_buf_printf(list, format, a, b);
}

static void
found(Search *s, LangPos at, const char *reason)
{
	if (s->reason == NULL)
	{
		s->at = at;
		s->reason = reason;
	}
}

static const LangExpr *
bare(const LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
}

static const char *
table_name(const LangExpr *table)
{
	table = bare(table);
	return table->kind == LANG_EXPR_NAME ? table->u.name.sym->text : table->kind == LANG_EXPR_FIELD ? table->u.field.name.sym->text : "a table";
}

static const LangField *
field_of(const LangExpr *e)
{
	e = bare(e);
	while (e->kind == LANG_EXPR_CONVERT)
		e = bare(e->u.convert.operand);
	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.base == LANG_BASE_LOCAL)
		return e->u.name.ref.field;
	return e->kind == LANG_EXPR_FIELD ? e->u.field.field : NULL;
}

/* Whether the condition, or a part of it that is joined by &&, finds rows by an index. */
static bool
has_index(const LangExpr *e)
{
	const LangField *left;
	const LangField *right;

	e = bare(e);
	if (e->kind != LANG_EXPR_BINARY)
		return false;
	if (e->u.binary.op == LANG_OP_AND)
		return has_index(e->u.binary.left) || has_index(e->u.binary.right);
	left = field_of(e->u.binary.left);
	right = field_of(e->u.binary.right);
	switch (e->u.binary.op)
	{
		case LANG_OP_EQ:
		case LANG_OP_LT:
		case LANG_OP_LE:
		case LANG_OP_GT:
		case LANG_OP_GE:
			return (left != NULL && (left->is_indexed || left->is_id)) || (right != NULL && (right->is_indexed || right->is_id));
		default:
			return false;
	}
}

/* A query: does it visit all rows? */
static void
search_query(Search *s, const LangExpr *query)
{
	const LangExpr *e;
	bool		is_found = false;
	bool		has_limit = false;

	for (e = query; e->kind == LANG_EXPR_LINQ; e = bare(e->u.linq.source))
	{
		bool		is_where = e->u.linq.kind == LANG_LINQ_WHERE || e->u.linq.kind == LANG_LINQ_WHERE_AS;

		is_found |= is_where && (e->u.linq.id_equals != NULL || has_index(e->u.linq.expr));
		has_limit |= e->u.linq.kind == LANG_LINQ_LIMIT;
		if (e->u.linq.kind == LANG_LINQ_ORDER)
			for (int i = 0; i < e->u.linq.n_keys; i++)
				has_limit &= e->u.linq.keys[i].field == NULL || e->u.linq.keys[i].field->kind == LANG_STORED_FIELD;
		else if (!is_where && e->u.linq.kind != LANG_LINQ_LIMIT && e->u.linq.kind != LANG_LINQ_OFFSET)
			has_limit = false;
		if (e->u.linq.expr != NULL)
			search(e->u.linq.expr, s);
	}
	if (e->kind != LANG_EXPR_ITERATE)
	{
		search(e, s);
		return;
	}
	if (is_found)
		add_item(s->kept, "rows of %s by index%s", table_name(e->u.unary.operand), "");
	else if (has_limit)
		add_item(s->kept, "the first rows of %s%s", table_name(e->u.unary.operand), "");
	else
		found(s, query->pos, "it goes through rows of a table each time");
}

static const char *
aggregate_word(LangAggregateKind kind)
{
	switch (kind)
	{
		case LANG_AGGREGATE_SUM:
			return "the sum";
		case LANG_AGGREGATE_MINIMUM:
			return "the minimum";
		case LANG_AGGREGATE_MAXIMUM:
			return "the maximum";
		case LANG_AGGREGATE_RANGE:
			return "the range";
		case LANG_AGGREGATE_AVERAGE:
			return "the average";
		default:
			return "the number";
	}
}

static void
search_unit(Search *s, const LangUnit *unit, LangPos at)
{
	if (s->seen[unit->index])
		return;
	s->seen[unit->index] = true;
	if (unit->expr != NULL)
	{
		search(unit->expr, s);
		return;
	}
	/* statements: whether they go through rows is told by whether they read tables */
	for (int i = -1; i < s->x->lang->n_structs; i++)
	{
		const LangStruct *structure = i < 0 ? s->x->lang->root : s->x->lang->structs[i];

		for (int k = 0; k < structure->n_fields; k++)
		{
			const LangField *f = structure->fields[k];
			int			bit = structure->first_slot + f->slot;

			if (f->slot < 0 || structure->first_slot < 0 || f->type->kind != LANG_TABLE)
				continue;
			if (unit->fields == NULL || (((unit->fields[bit / 64] | unit->own_fields[bit / 64]) >> bit % 64) & 1) != 0)
				found(s, at, kit_arena_printf(s->x->arena, "it calls %s, which reads the table %s", unit->name == NULL ? "code" : unit->name->text,
											  f->name->text));
		}
	}
}

static void
search(const LangExpr *e, void *arg)
{
	Search	   *s = arg;
	LangAggregate aggregate;
	const LangField *field = NULL;

	e = bare(e);
	if (e->kind == LANG_EXPR_CALL && lang_aggregate_read((LangExpr *) e, &aggregate) && aggregate.is_kept)
	{
		add_item(s->kept, "%s of rows of %s", aggregate.value == NULL ? aggregate_word(aggregate.kind) :
				 kit_arena_printf(s->x->arena, "%s of %s", aggregate_word(aggregate.kind), aggregate.value->name->text), table_name(aggregate.table));
		return;
	}
	if (e->kind == LANG_EXPR_LINQ || e->kind == LANG_EXPR_ITERATE)
	{
		search_query(s, e);
		return;
	}
	if (e->kind == LANG_EXPR_CALL && lang_aggregate_read((LangExpr *) e, &aggregate) && aggregate.table != NULL)
	{
		int			n = s->reason == NULL;

		lang_each_part(e, search, s);
		/* what was in the way of keeping it says more than that rows are gone through */
		if (n && s->reason != NULL && aggregate.reason != NULL)
		{
			s->at = aggregate.why->pos;
			s->reason = aggregate.reason;
		}
		return;
	}
	if (e->kind == LANG_EXPR_NAME && (e->u.name.ref.kind == LANG_REF_FIELD || e->u.name.ref.kind == LANG_REF_VIEWER_FIELD))
		field = e->u.name.ref.field;
	else if (e->kind == LANG_EXPR_FIELD)
		field = e->u.field.field;
	if (field != NULL && field->kind != LANG_STORED_FIELD)
		search_unit(s, field->unit, e->pos);
	if (e->kind == LANG_EXPR_CALL && e->u.call.unit != NULL)
		search_unit(s, e->u.call.unit, e->pos);
	if (e->kind == LANG_EXPR_INDEX && e->u.call.call_kind == LANG_CALL_TABLE_GET)
		add_item(s->kept, "a row of %s by its id%s", table_name(e->u.call.callee), "");
	lang_each_part(e, search, s);
}

static const char *
what_is_kept(const Explain *x, const LangKept *kept)
{
	if (kept->is_count)
		return "the number of rows";
	if (kept->value != NULL)
		return kit_arena_printf(x->arena, "%s of the rows", kept->value->name->text);
	return kept->offset != NULL || kept->limit != NULL ? "a part of the rows" : "the rows";
}

static void
explain_unit(const Explain *x, LiveExplained *part, const LangUnit *unit)
{
	KitBuf		how;
	Search		s = {.x = x, .kept = &how, .seen = KIT_NEW_N(x->arena, bool, x->lang->n_units + 1)};
	const LangKept *kept = unit->kept;

	kit_buf_init(&how, x->arena);
	kit_buf_reserve(&how, 1);
	if (kept != NULL)
	{
		part->upkeep = "maintained";
		part->how = kit_arena_printf(x->arena, "%s of %s%s, row by row", what_is_kept(x, kept), kept->table->name->text,
									 kept->order != NULL && !kept->is_count ? " in their order" : "");
		return;
	}
	search_unit(&s, unit, unit->pos);
	if (s.reason == NULL && unit->returns->kind == LANG_LIST && how.len == 0)
		found(&s, unit->pos, "the list is made anew");
	if (s.reason != NULL)
	{
		/* of a query that is not followed, what is in the way; of anything else, where rows are gone through */
		bool		says_more = unit->unkept.reason != NULL && unit->unkept.is_of_query;

		part->upkeep = "recomputed";
		part->line = says_more ? unit->unkept.pos.line : s.at.line;
		part->how = says_more ? unit->unkept.reason : s.reason;
		return;
	}
	part->upkeep = how.len > 0 ? "maintained" : "simple";
	part->how = how.data;
}

/* ---- why it is private ---- */

static const char *
who_or_viewer(int reads)
{
	return (reads & LIVE_PERSONAL) == LIVE_PERSONAL ? "@who and @viewer" : reads & LANG_READS_WHO ? "@who" : "@viewer";
}

static void
add_units_reasons(KitBuf *out, LangUnit *const *units, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (units[i]->reads & LIVE_PERSONAL)
		{
			add_item(out, "%s %s reads ", word, units[i]->name == NULL ? "" : units[i]->name->text);
			kit_buf_add_str(out, who_or_viewer(units[i]->reads));
		}
}

static const char *
why_private(const Explain *x, const LangField *field)
{
	const LangStruct *rows = live_shown_struct(field->type);
	KitBuf		out;

	kit_buf_init(&out, x->arena);
	kit_buf_reserve(&out, 1);
	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
		add_item(&out, "it is shown to %s%s only", field->viewer_is->name->text, "");
	add_units_reasons(&out, field->policies, field->n_policies, "policy");
	add_units_reasons(&out, field->filters, field->n_filters, "filter");
	if (field->kind != LANG_STORED_FIELD && (field->unit->reads & LIVE_PERSONAL) != 0)
		add_item(&out, "it reads %s%s", who_or_viewer(field->unit->reads), "");
	if (rows != NULL)
		add_units_reasons(&out, rows->requires, rows->n_requires, kit_arena_printf(x->arena, "require of %s:", rows->name->text));
	if (out.len == 0)
		add_item(&out, "what it shows is private%s%s", "", "");
	return out.data;
}

/* ---- what it reads ---- */

static void
add_bits(const Explain *x, uint64_t *bits, const uint64_t *from)
{
	for (int i = 0; from != NULL && i < (x->lang->n_slots + 63) / 64; i++)
		bits[i] |= from[i];
}

static void
add_unit(const Explain *x, uint64_t *bits, int *reads, const LangUnit *unit)
{
	add_bits(x, bits, unit->own_fields);
	add_bits(x, bits, unit->fields);
	*reads |= unit->reads;
}

static void
add_names(KitBuf *out, const LangStruct *s, const char *prefix, const uint64_t *bits)
{
	for (int i = 0; i < s->n_fields; i++)
	{
		int			bit = s->first_slot + s->fields[i]->slot;

		if (s->first_slot >= 0 && s->fields[i]->slot >= 0 && (bits[bit / 64] >> bit % 64 & 1) != 0)
			add_item(out, "%s%s", prefix, s->fields[i]->name->text);
	}
}

static const char *
what_it_reads(const Explain *x, const LangField *field)
{
	const LangStruct *rows = live_shown_struct(field->type);
	uint64_t   *bits = KIT_NEW_N(x->arena, uint64_t, (x->lang->n_slots + 63) / 64 + 1);
	int			reads = 0;
	KitBuf		out;

	kit_buf_init(&out, x->arena);
	kit_buf_reserve(&out, 1);
	for (int i = 0; i < field->n_policies; i++)
		add_unit(x, bits, &reads, field->policies[i]);
	for (int i = 0; i < field->n_filters; i++)
		add_unit(x, bits, &reads, field->filters[i]);
	for (int i = 0; rows != NULL && i < rows->n_requires; i++)
		add_unit(x, bits, &reads, rows->requires[i]);
	if (field->kind != LANG_STORED_FIELD)
		add_unit(x, bits, &reads, field->unit);
	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
		bits[(field->owner->first_slot + field->viewer_is->slot) / 64] |= UINT64_C(1) << (field->owner->first_slot + field->viewer_is->slot) % 64;
	if (field->kind != LANG_STORED_FIELD && field->unit->fields == NULL)
		add_item(&out, "anything%s%s", "", "");
	add_names(&out, x->lang->root, "", bits);
	for (int i = 0; i < x->lang->n_structs; i++)
		if (x->lang->structs[i]->kind == LANG_STRUCT_RECORD)
			add_names(&out, x->lang->structs[i], kit_arena_printf(x->arena, "%s.", x->lang->structs[i]->name->text), bits);
	add_names(&out, x->lang->view, "@viewer.", bits);
	if ((reads & LANG_READS_WHO) != 0 || field->privacy == LANG_PRIVACY_VIEWER_IS)
		add_item(&out, "@who%s%s", "", "");
	if (reads & LANG_READS_TIME)
		add_item(&out, "the time%s%s", "", "");
	if (reads & LANG_READS_RANDOM)
		add_item(&out, "chance%s%s", "", "");
	if (reads & LANG_READS_SEQ)
		add_item(&out, "the number of the event%s%s", "", "");
	return out.data;
}

/* ---- parts ---- */

static void
explain_field(Explain *x, const LangStruct *structure, const LangField *field)
{
	LiveExplained *part;

	if (x->n == x->cap)
	{
		int			cap = x->cap == 0 ? 16 : x->cap * 2;
		LiveExplained *parts = KIT_NEW_N(x->arena, LiveExplained, cap);

		if (x->n > 0)
			memcpy(parts, x->parts, sizeof(LiveExplained) * (size_t) x->n);
		x->parts = parts;
		x->cap = cap;
	}
	part = &x->parts[x->n++];
	*part = (LiveExplained) {
		.part = structure->kind == LANG_STRUCT_ROOT ? field->name->text : kit_arena_printf(x->arena, "%s.%s", structure->name->text, field->name->text),
		.kind = field->kind == LANG_BUBBLE_FIELD ? "bubble" : field->kind == LANG_FORMULA_FIELD ? "formula" : "field",
		.is_shared = (live_field_reads(field) & LIVE_PERSONAL) == 0,
		.private_because = "",
		.upkeep = "stored",
		.how = "",
		.reads = what_it_reads(x, field),
		.line = field->pos.line
	};
	if (!part->is_shared)
		part->private_because = why_private(x, field);
	if (field->kind != LANG_STORED_FIELD)
		explain_unit(x, part, field->unit);
}

int
live_explain(const VmProgram *program, KitArena *arena, LiveExplained **parts)
{
	const LivePlans *plans = live_plans(program);
	Explain		x = {.lang = vm_program_lang(program), .arena = arena};

	for (int i = -1; i < x.lang->n_structs; i++)
	{
		const LangStruct *structure = i < 0 ? x.lang->root : x.lang->structs[i];
		bool		is_shown = false;

		for (int k = 0; k < plans->n_plans; k++)
			is_shown |= plans->plans[k]->structure == structure && structure->kind != LANG_STRUCT_MESSAGE;
		for (int k = 0; is_shown && k < structure->n_fields; k++)
			if (live_field_is_shown(structure->fields[k]) && !structure->fields[k]->is_id)
				explain_field(&x, structure, structure->fields[k]);
	}
	*parts = x.parts;
	return x.n;
}
