/*
 * plan.c
 *	  Which part of the view each field is in, and what it depends on.
 *
 * Plans are made for the root, and from there for every structure that is shown, in the part in which it is.  Then what they depend on is gathered from the
 * inside out, until nothing is added, since records can show each other in circles.
 *
 * A formula's records may be anywhere in the document; so of all that they show, "any object" is what it depends on.  Records that are nested in an object,
 * and rows of its own tables, change its stamp when they change: they are its own.
 */
#include <string.h>

#include "live/plan.h"

typedef struct Make
{
	const LangProgram *lang;
	KitArena   *arena;
	LivePlans  *plans;
	int			n_words;
	LivePlan  **by_struct;		/* LangStruct.index * 3 + part */
	int			plans_cap;
} Make;

/* ---- sets ---- */

static void
init_deps(Make *m, LiveDeps *deps)
{
	deps->index = m->plans->n_deps++;
	deps->own = KIT_NEW_N(m->arena, uint64_t, 2 * m->n_words + 1);
	deps->any = deps->own + m->n_words;
}

static bool
add_bits(const Make *m, uint64_t *to, const uint64_t *from)
{
	uint64_t	added = 0;

	for (int i = 0; i < m->n_words; i++)
	{
		added |= from[i] & ~to[i];
		to[i] |= from[i];
	}
	return added != 0;
}

static bool
add_reads(LiveDeps *to, int reads)
{
	bool		changed = (reads & ~to->reads) != 0;

	to->reads |= reads;
	return changed;
}

static bool
add_deps(const Make *m, LiveDeps *to, const LiveDeps *from)
{
	bool		changed = add_bits(m, to->own, from->own);

	changed |= add_bits(m, to->any, from->any);
	return add_reads(to, from->reads) || changed;
}

/* Of an object that is somewhere else. */
static bool
add_elsewhere(const Make *m, LiveDeps *to, const LiveDeps *from)
{
	bool		changed = add_bits(m, to->any, from->own);

	changed |= add_bits(m, to->any, from->any);
	return add_reads(to, from->reads) || changed;
}

static void
add_unit(const Make *m, LiveDeps *to, const LangUnit *unit)
{
	if (unit->fields == NULL)
	{
		m->plans->is_unknown = true;
		return;
	}
	add_bits(m, to->own, unit->own_fields);
	add_bits(m, to->any, unit->fields);
	add_reads(to, unit->reads);
}

static void
add_units(const Make *m, LiveDeps *to, LangUnit *const *units, int n)
{
	for (int i = 0; i < n; i++)
		add_unit(m, to, units[i]);
}

static void
add_slot(LiveDeps *to, const LangField *field)
{
	int			bit = field->owner->first_slot + field->slot;

	if (field->slot < 0 || field->owner->first_slot < 0)
		return;
	(field->owner->kind == LANG_STRUCT_ROOT ? to->any : to->own)[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* ---- parts ---- */

/* What a sight of values of this type depends on. */
static int
type_reads(const LangType *type)
{
	int			reads = 0;

	if (type == NULL)
		return 0;
	if (type->kind == LANG_RECORD || type->kind == LANG_MESSAGE)
		return type->structure->reads;
	reads = type_reads(type->a) | type_reads(type->b);
	for (int i = 0; i < type->n_items; i++)
		reads |= type_reads(type->items[i]);
	return reads;
}

const LangStruct *
live_shown_struct(const LangType *type)
{
	if (type->kind == LANG_MAYBE || type->kind == LANG_LIST)
		type = type->a;
	return type->kind == LANG_RECORD ? type->structure : NULL;
}

static int
units_read(LangUnit *const *units, int n)
{
	int			reads = 0;

	for (int i = 0; i < n; i++)
		reads |= units[i]->reads;
	return reads;
}

/* What the presence and the value of the field itself depend on; of records in it, whether they are there. */
int
live_field_reads(const LangField *field)
{
	const LangStruct *inner = live_shown_struct(field->type);
	int			reads = units_read(field->policies, field->n_policies) | units_read(field->filters, field->n_filters);

	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
		reads |= LANG_READS_WHO;
	if (field->kind != LANG_STORED_FIELD)
		reads |= field->unit->reads;
	if (inner != NULL)
		return reads | units_read(inner->requires, inner->n_requires);
	return reads | type_reads(field->type);
}

bool
live_field_is_shown(const LangField *field)
{
	/* a browser's objects would take it for their prototype */
	if (field->name->len == 9 && memcmp(field->name->text, "__proto__", 9) == 0)
		return false;
	return field->privacy != LANG_PRIVACY_PRIVATE && field->privacy != LANG_PRIVACY_NONE && field->type->kind != LANG_TABLE;
}

/* Whether the field is in the part, and in which part the records in it are then. */
static bool
is_in_part(const LangField *field, LivePart part, LivePart *inner_part)
{
	const LangStruct *inner = live_shown_struct(field->type);
	bool		is_private = (live_field_reads(field) & LIVE_PERSONAL) != 0;
	bool		is_mixed = !is_private && inner != NULL && (inner->reads & LIVE_PERSONAL) != 0;

	*inner_part = part == LIVE_ALL || !is_mixed ? LIVE_ALL : part;
	switch (part)
	{
		case LIVE_ALL:
			return true;
		case LIVE_SHARED:
			return !is_private;
		case LIVE_PRIVATE:
			return is_private || is_mixed;
	}
	return false;
}

/* ---- plans ---- */

static LivePlan *plan_of(Make *m, const LangStruct *structure, LivePart part);

/* A row of which only the value of this field is shown, whatever its privacy: the formula shows it. */
static LivePlan *
value_plan(Make *m, const LangField *field)
{
	LivePlan   *plan = KIT_NEW(m->arena, LivePlan);

	plan->structure = field->owner;
	plan->part = LIVE_ALL;
	plan->is_value = true;
	plan->cells = KIT_NEW(m->arena, LiveCellPlan);
	plan->cells[0].field = field;
	plan->n_cells = 1;
	init_deps(m, &plan->guard);
	init_deps(m, &plan->inside);
	return plan;
}

static void
make_cell(Make *m, LiveCellPlan *cell, const LangField *field, LivePart inner_part)
{
	const LangStruct *inner = live_shown_struct(field->type);

	cell->field = field;
	cell->unit = field->kind == LANG_STORED_FIELD ? NULL : field->unit;
	cell->is_guarded = field->privacy != LANG_PRIVACY_PUBLIC || field->n_policies > 0 || field->n_filters > 0;
	init_deps(m, &cell->value);
	init_deps(m, &cell->shown);
	add_units(m, &cell->value, field->policies, field->n_policies);
	add_units(m, &cell->value, field->filters, field->n_filters);
	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
	{
		add_slot(&cell->value, field->viewer_is);
		cell->value.reads |= LANG_READS_WHO;
	}
	if (inner != NULL)
	{
		cell->rows = plan_of(m, inner, inner_part);
		cell->form = field->type->kind == LANG_LIST ? LIVE_FORM_LIST : LIVE_FORM_RECORD;
	}
	if (cell->unit != NULL && cell->unit->kept != NULL && !m->plans->is_unknown)
	{
		const LangKept *kept = cell->unit->kept;

		cell->form = kept->is_count ? LIVE_FORM_COUNT : kept->value != NULL ? LIVE_FORM_VALUES : LIVE_FORM_KEPT;
		if (kept->value != NULL)
			cell->rows = value_plan(m, kept->value);
		cell->has_part = kept->offset != NULL || kept->limit != NULL;
		init_deps(m, &cell->tests);
		init_deps(m, &cell->keys);
		init_deps(m, &cell->part);
		add_bits(m, cell->tests.own, kept->own_fields);
		add_bits(m, cell->tests.any, kept->fields);
		add_bits(m, cell->tests.any, kept->order_fields);
		cell->tests.reads = kept->reads;
		add_bits(m, cell->keys.any, kept->key_fields);
		add_bits(m, cell->part.own, kept->part_own_fields);
		add_bits(m, cell->part.any, kept->part_fields);
		cell->part.reads = kept->part_reads;
		add_deps(m, &cell->shown, &cell->tests);
		add_deps(m, &cell->shown, &cell->part);
		add_bits(m, kept->is_of_root ? cell->shown.any : cell->shown.own, kept->row_fields);
		add_bits(m, kept->is_of_root ? cell->shown.any : cell->shown.own, kept->key_fields);
		add_slot(&cell->shown, kept->table);
	}
	else if (cell->unit != NULL)
		add_unit(m, &cell->value, cell->unit);
	else if (field->type->kind != LANG_RECORD)
		add_slot(&cell->value, field);
}

static void
make_cells(Make *m, LivePlan *plan, bool bubbles)
{
	const LangStruct *s = plan->structure;

	for (int i = 0; i < s->n_fields; i++)
	{
		LivePart	inner_part;

		if ((s->fields[i]->kind == LANG_BUBBLE_FIELD) == bubbles && live_field_is_shown(s->fields[i]) && is_in_part(s->fields[i], plan->part, &inner_part))
		{
			if (plan->part == LIVE_PRIVATE && inner_part == LIVE_PRIVATE)
				m->plans->is_mixed = true;
			make_cell(m, &plan->cells[plan->n_cells++], s->fields[i], inner_part);
		}
	}
}

static LivePlan *
plan_of(Make *m, const LangStruct *structure, LivePart part)
{
	LivePlan  **place = &m->by_struct[structure->index * 3 + (int) part];
	LivePlan   *plan = *place;

	if (plan != NULL)
		return plan;
	plan = *place = KIT_NEW(m->arena, LivePlan);
	plan->structure = structure;
	plan->part = part;
	init_deps(m, &plan->guard);
	init_deps(m, &plan->inside);
	add_units(m, &plan->guard, structure->requires, structure->n_requires);
	m->plans->plans[m->plans->n_plans++] = plan;
	plan->cells = KIT_NEW_N(m->arena, LiveCellPlan, structure->n_fields + 1);
	make_cells(m, plan, false);
	make_cells(m, plan, true);
	return plan;
}

/* ---- what they depend on ---- */

/* All records that can be in a value of this type, and what those show. */
static bool
add_type(const Make *m, LiveDeps *to, const LangType *type, uint64_t *seen)
{
	bool		changed = false;

	if (type == NULL)
		return false;
	if (type->kind == LANG_RECORD || type->kind == LANG_MESSAGE)
	{
		const LangStruct *s = type->structure;
		int			bit = s->index;

		if (seen[bit / 64] >> bit % 64 & 1)
			return false;
		seen[bit / 64] |= UINT64_C(1) << bit % 64;
		changed |= add_reads(to, s->reads);
		for (int i = 0; i < s->n_requires; i++)
		{
			if (s->requires[i]->fields == NULL)
				return false;
			changed |= add_bits(m, to->any, s->requires[i]->own_fields) | add_bits(m, to->any, s->requires[i]->fields);
		}
		for (int i = 0; i < s->n_fields; i++)
		{
			const LangField *f = s->fields[i];
			LiveDeps	deps = {.own = KIT_NEW_N(m->arena, uint64_t, 2 * m->n_words + 1)};

			if (type->kind == LANG_RECORD && !live_field_is_shown(f))
				continue;
			deps.any = deps.own + m->n_words;
			add_units(m, &deps, f->policies, f->n_policies);
			add_units(m, &deps, f->filters, f->n_filters);
			if (f->privacy == LANG_PRIVACY_VIEWER_IS)
				add_slot(&deps, f->viewer_is);
			if (f->kind != LANG_STORED_FIELD)
				add_unit(m, &deps, f->unit);
			else
				add_slot(&deps, f);
			changed |= add_elsewhere(m, to, &deps);
			changed |= add_type(m, to, f->type, seen);
		}
		return changed;
	}
	changed |= add_type(m, to, type->a, seen);
	changed |= add_type(m, to, type->b, seen);
	for (int i = 0; i < type->n_items; i++)
		changed |= add_type(m, to, type->items[i], seen);
	return changed;
}

static bool
has_structs(const LangType *type)
{
	if (type == NULL)
		return false;
	if (type->kind == LANG_RECORD || type->kind == LANG_MESSAGE)
		return true;
	for (int i = 0; i < type->n_items; i++)
		if (has_structs(type->items[i]))
			return true;
	return has_structs(type->a) || has_structs(type->b);
}

static bool
gather_cell(Make *m, LiveCellPlan *cell)
{
	bool		is_inside = cell->unit == NULL || (cell->unit->kept != NULL && cell->form == LIVE_FORM_KEPT && !cell->unit->kept->is_of_root);
	bool		changed = add_deps(m, &cell->shown, &cell->value);

	if (cell->rows != NULL)
		changed |= is_inside && cell->field->owner->kind != LANG_STRUCT_ROOT ? add_deps(m, &cell->shown, &cell->rows->inside) :
			add_elsewhere(m, &cell->shown, &cell->rows->inside);
	return changed;
}

/* True when anything was added. */
static bool
gather_plan(Make *m, LivePlan *plan)
{
	bool		changed = add_deps(m, &plan->inside, &plan->guard);

	for (int i = 0; i < plan->n_cells; i++)
	{
		changed |= gather_cell(m, &plan->cells[i]);
		changed |= add_deps(m, &plan->inside, &plan->cells[i].shown);
	}
	return changed;
}

static void
finish_deps(Make *m, LiveDeps *deps)
{
	const LangStruct *view = m->lang->view;

	if (deps->own == NULL)
		return;
	deps->bits = KIT_NEW_N(m->arena, int, m->lang->n_slots + 1);
	deps->viewer_slots = KIT_NEW_N(m->arena, int, view->n_slots + 1);
	for (int bit = 0; bit < m->lang->n_slots; bit++)
	{
		deps->is_own |= (deps->own[bit / 64] >> bit % 64 & 1) != 0;
		if ((deps->any[bit / 64] >> bit % 64 & 1) == 0)
			continue;
		if (bit >= view->first_slot && bit < view->first_slot + view->n_slots)
			deps->viewer_slots[deps->n_viewer_slots++] = bit - view->first_slot;
		else
			deps->bits[deps->n_bits++] = bit;
	}
}

static void
gather(Make *m)
{
	bool		changed = true;

	for (int i = 0; i < m->plans->n_plans; i++)
		for (int k = 0; k < m->plans->plans[i]->n_cells; k++)
		{
			LiveCellPlan *cell = &m->plans->plans[i]->cells[k];

			if (cell->form == LIVE_FORM_VALUE && has_structs(cell->field->type))
				add_type(m, &cell->value, cell->field->type, KIT_NEW_N(m->arena, uint64_t, (m->lang->n_structs + 2) / 64 + 1));
		}
	while (changed)
	{
		port_poll();
		changed = false;
		for (int i = m->plans->n_plans - 1; i >= 0; i--)
			changed |= gather_plan(m, m->plans->plans[i]);
	}
	for (int i = 0; i < m->plans->n_plans; i++)
	{
		LivePlan   *plan = m->plans->plans[i];

		finish_deps(m, &plan->guard);
		finish_deps(m, &plan->inside);
		for (int k = 0; k < plan->n_cells; k++)
		{
			finish_deps(m, &plan->cells[k].value);
			finish_deps(m, &plan->cells[k].shown);
			finish_deps(m, &plan->cells[k].tests);
			finish_deps(m, &plan->cells[k].keys);
			finish_deps(m, &plan->cells[k].part);
		}
	}
}

const LivePlans *
live_plans(const VmProgram *program)
{
	void	  **attached = vm_program_attached(program);
	Make		m = {.lang = vm_program_lang(program), .arena = vm_program_arena(program)};
	int			reads = m.lang->root->reads;

	if (*attached != NULL)
		return *attached;
	m.plans = KIT_NEW(m.arena, LivePlans);
	m.plans->program = program;
	m.n_words = (m.lang->n_slots + 63) / 64;
	m.by_struct = KIT_NEW_N(m.arena, LivePlan *, (m.lang->n_structs + 2) * 3);
	m.plans->plans = KIT_NEW_N(m.arena, LivePlan *, (m.lang->n_structs + 2) * 3);
	/* numbers that are drawn depend on what was drawn before: the whole is computed in one order */
	m.plans->is_unknown = (reads & LANG_READS_RANDOM) != 0;
	for (int i = 0; i < m.lang->n_units; i++)
		m.plans->is_unknown |= m.lang->units[i]->fields == NULL;
	if (m.plans->is_unknown && (reads & LIVE_PERSONAL) != 0)
		m.plans->root[LIVE_PRIVATE] = plan_of(&m, m.lang->root, LIVE_ALL);
	else if ((reads & LIVE_PERSONAL) != 0)
	{
		m.plans->root[LIVE_SHARED] = plan_of(&m, m.lang->root, LIVE_SHARED);
		m.plans->root[LIVE_PRIVATE] = plan_of(&m, m.lang->root, LIVE_PRIVATE);
	}
	else
		m.plans->root[LIVE_SHARED] = plan_of(&m, m.lang->root, LIVE_ALL);
	m.plans->has_shared = m.plans->root[LIVE_SHARED] != NULL && m.plans->root[LIVE_SHARED]->n_cells > 0;
	m.plans->has_private = m.plans->root[LIVE_PRIVATE] != NULL;
	gather(&m);
	*attached = m.plans;
	return m.plans;
}
