/*
 * check_reads.c
 *	  Which stored fields each unit reads: what must change before its value can.
 *
 * While a unit is checked, every read of a field is noted here, whatever form it has: so nothing that the language learns to do with fields can be
 * forgotten.  Afterwards the notes become bits, and flow from each unit to those that use it.
 *
 * A field of the unit's own self is told apart from the same field of any other object: a formula of a row that reads its row depends on that row
 * alone.  What a method or formula reads of its self is read of the caller's self when the caller uses it on that, and of any object otherwise.
 * The document is there once, so its fields need no such difference: they are fields of any object.
 *
 * Units are taken component by component, those that are used before those that use them (check_effects.c numbers the components in that order), so
 * that each is looked at once; only units that call each other in circles are looked at until nothing is added.
 */
#include <string.h>

#include "lang/check_internal.h"

#define MAX_BITS (64 * 1024 * 1024) /* units times fields: beyond it nobody is told */

void
check_note_field(Check *c, LangField *field, bool is_own)
{
	CheckUnit  *u = c->cur;
	LangStructKind kind = field->owner->kind;

	if (u == NULL || (kind != LANG_STRUCT_ROOT && kind != LANG_STRUCT_RECORD && kind != LANG_STRUCT_VIEW))
		return;
	if (is_own && kind == LANG_STRUCT_RECORD)
	{
		if (u->n_own_fields == 0 || u->own_fields[u->n_own_fields - 1] != field)
			CHECK_PUSH(c->arena, u->own_fields, u->n_own_fields, field);
	}
	else if (u->n_fields == 0 || u->fields[u->n_fields - 1] != field)
		CHECK_PUSH(c->arena, u->fields, u->n_fields, field);
}

void
check_note_fields(Check *c, const LangStruct *structure)
{
	for (int i = 0; i < structure->n_fields; i++)
		if (structure->fields[i]->kind == LANG_STORED_FIELD)
			check_note_field(c, structure->fields[i], false);
}

/* ---- numbers ---- */

static int
number_slots(LangStruct *s, int next)
{
	bool		counts = s->kind == LANG_STRUCT_ROOT || s->kind == LANG_STRUCT_RECORD || s->kind == LANG_STRUCT_VIEW;

	s->first_slot = counts ? next : -1;
	return counts ? next + s->n_slots : next;
}

static void
set_bits(uint64_t *bits, LangField *const *fields, int n)
{
	for (int i = 0; i < n; i++)
		/* an id never changes */
		if (fields[i]->slot >= 0)
		{
			int			bit = fields[i]->owner->first_slot + fields[i]->slot;

			bits[bit / 64] |= UINT64_C(1) << bit % 64;
		}
}

/* ---- from unit to unit ---- */

/* True when anything was added. */
static bool
add_bits(uint64_t *to, const uint64_t *from, int n_words)
{
	uint64_t	added = 0;

	for (int i = 0; i < n_words; i++)
	{
		added |= from[i] & ~to[i];
		to[i] |= from[i];
	}
	return added != 0;
}

static bool
add_used(CheckUnit *u, int n_words)
{
	bool		changed = false;

	for (CheckEdge *e = u->edges; e != NULL; e = e->next)
	{
		const LangUnit *to = e->to->unit;

		changed |= add_bits(u->unit->fields, to->fields, n_words);
		changed |= add_bits(e->is_own ? u->unit->own_fields : u->unit->fields, to->own_fields, n_words);
	}
	return changed;
}

/* The units by component: low is -1 for the first to be finished, -2 for the next, … */
static CheckUnit **
sort_units(Check *c)
{
	int			n = c->n_check_units;
	int		   *starts = KIT_NEW_N(c->arena, int, n + 2);
	CheckUnit **sorted = KIT_NEW_N(c->arena, CheckUnit *, n + 1);

	for (int i = 0; i < n; i++)
		starts[-c->units[i]->low + 1]++;
	for (int i = 1; i <= n + 1; i++)
		starts[i] += starts[i - 1];
	for (int i = 0; i < n; i++)
		sorted[starts[-c->units[i]->low]++] = c->units[i];
	return sorted;
}

void
check_reads(Check *c)
{
	LangProgram *program = c->program;
	int			n = number_slots(program->view, number_slots(program->root, 0));
	int			n_words;
	CheckUnit **sorted;

	for (int i = 0; i < program->n_structs; i++)
		n = number_slots(program->structs[i], n);
	program->n_slots = n;
	n_words = (n + 63) / 64;
	if (c->n_check_units == 0 || (int64_t) c->n_check_units * n_words * 128 > MAX_BITS)
		return;
	sorted = sort_units(c);
	for (int i = 0; i < c->n_check_units; i++)
	{
		LangUnit   *unit = c->units[i]->unit;

		unit->own_fields = KIT_NEW_N(c->arena, uint64_t, 2 * n_words + 1);
		unit->fields = unit->own_fields + n_words;
		set_bits(unit->own_fields, c->units[i]->own_fields, c->units[i]->n_own_fields);
		set_bits(unit->fields, c->units[i]->fields, c->units[i]->n_fields);
	}
	for (int start = 0, end; start < c->n_check_units; start = end)
	{
		bool		changed = true;

		for (end = start + 1; end < c->n_check_units && sorted[end]->low == sorted[start]->low; end++)
			;
		while (changed)
		{
			changed = false;
			for (int i = start; i < end; i++)
				changed |= add_used(sorted[i], n_words);
			changed = changed && end - start > 1;
		}
	}
}
