/*
 * check_effects.c
 *	  What each unit reads and writes, calls and formulas included; what is forbidden where; cycles of formulas; what fields and
 *	  structures depend on.
 *
 * The effects of a unit are bits (LangReads).  They flow from a unit to all that use it: a work list over the reversed edges,
 * each unit being queued once per bit at most.  What a unit must not have is told with the way it got it: "it calls "f", which
 * changes "x"".
 */
#include <string.h>

#include "lang/check_internal.h"


/* ---- the fixpoint ---- */

static void
spread_effects(Check *c)
{
	int			n = c->n_check_units;
	int		   *n_users = KIT_NEW_N(c->arena, int, n + 1);
	int		   *first_user = KIT_NEW_N(c->arena, int, n + 1);
	CheckUnit **users;
	CheckUnit **queue = KIT_NEW_N(c->arena, CheckUnit *, n + 1);
	int			n_edges = 0;
	int			head = 0;
	int			n_queued = 0;

	for (int i = 0; i < n; i++)
		for (CheckEdge *e = c->units[i]->edges; e != NULL; e = e->next)
		{
			n_users[e->to->unit->index]++;
			n_edges++;
		}
	users = KIT_NEW_N(c->arena, CheckUnit *, n_edges + 1);
	for (int i = 0, next = 0; i < n; i++)
	{
		first_user[i] = next;
		next += n_users[i];
		n_users[i] = 0;
	}
	for (int i = 0; i < n; i++)
		for (CheckEdge *e = c->units[i]->edges; e != NULL; e = e->next)
		{
			int			to = e->to->unit->index;

			users[first_user[to] + n_users[to]++] = c->units[i];
		}
	for (int i = 0; i < n; i++)
	{
		queue[n_queued++] = c->units[i];
		c->units[i]->is_queued = true;
	}
	/* the queue is a ring of n entries: a unit is in it once */
	while (n_queued > 0)
	{
		CheckUnit  *u = queue[head];

		head = (head + 1) % n;
		n_queued--;
		u->is_queued = false;
		for (int k = 0; k < n_users[u->unit->index]; k++)
		{
			CheckUnit  *user = users[first_user[u->unit->index] + k];

			if ((u->unit->reads & ~user->unit->reads) == 0)
				continue;
			user->unit->reads |= u->unit->reads;
			if (!user->is_queued)
			{
				queue[(head + n_queued) % n] = user;
				n_queued++;
				user->is_queued = true;
			}
		}
	}
}

/* ---- what is forbidden ---- */

static int
effect_index(int bit)
{
	int			i = 0;

	while ((1 << i) != bit)
		i++;
	return i;
}

/* "it calls "f", which calls "g", which changes "x""; sets *pos to where unit itself begins that. */
static const char *
explain(Check *c, CheckUnit *start, int bit, LangPos *pos)
{
	int			index = effect_index(bit);
	CheckUnit **queue = KIT_NEW_N(c->arena, CheckUnit *, c->n_check_units + 1);
	int			head = 0;
	int			tail = 0;
	CheckUnit  *found = NULL;
	KitBuf		text;
	CheckUnit  *way[20];
	int			n = 0;

	/* breadth first, so the way is a shortest one */
	for (int i = 0; i < c->n_check_units; i++)
		c->units[i]->via = NULL;
	queue[tail++] = start;
	start->via = start;
	while (head < tail && found == NULL)
	{
		CheckUnit  *u = queue[head++];

		if (u->causes[index].what != NULL)
			found = u;
		for (CheckEdge *e = u->edges; e != NULL && found == NULL; e = e->next)
			if ((e->to->unit->reads & bit) != 0 && e->to->via == NULL)
			{
				e->to->via = u;
				queue[tail++] = e->to;
			}
	}
	if (found == NULL)
		return "";
	kit_buf_init(&text, c->arena);
	kit_buf_add_str(&text, "it ");
	if (found == start)
		*pos = start->causes[index].pos;
	for (CheckUnit *u = found; u != start; u = u->via)
		if (n < 20)
			way[n++] = u;
	for (int i = n - 1; i >= 0; i--)
	{
		bool		is_formula = way[i]->unit->kind == LANG_UNIT_FORMULA;

		if (way[i]->via == start)
			for (CheckEdge *e = start->edges; e != NULL; e = e->next)
				if (e->to == way[i])
					*pos = e->pos;
		if (way[i]->is_made_up)
			continue;
		kit_buf_printf(&text, "%s \"%s\", which ", is_formula ? "reads" : "calls",
					   way[i]->unit->name == NULL ? "?" : way[i]->unit->name->text);
		if (text.len > 200)
		{
			kit_buf_add_str(&text, "... ");
			break;
		}
	}
	kit_buf_printf(&text, "%s (%s)", found->causes[index].what, check_line_text(c, found->causes[index].pos));
	return text.data;
}

static void
forbid(Check *c, CheckUnit *u, int bit, const char *what)
{
	LangPos		pos = u->unit->pos;
	const char *way = explain(c, u, bit, &pos);
	KitDiag    *diag = check_error(c, pos, "%s %s: %s", check_unit_text(c, u->unit), what, way);

	if (bit == LANG_ABORTS && (u->unit->kind == LANG_UNIT_PROCEDURE || u->unit->kind == LANG_UNIT_METHOD))
		kit_diag_hint(diag, "Declare it aborts: procedure %s(...) aborts { ... }.", u->unit->name->text);
	if (bit == LANG_READS_VIEWER && (u->unit->kind == LANG_UNIT_PROCEDURE || u->unit->kind == LANG_UNIT_METHOD))
		kit_diag_hint(diag, "Declare it viewer; then only bubbles can call it.");
	if (u->unit->kind == LANG_UNIT_REPLICATION && (bit & (LANG_READS_TIME | LANG_READS_RANDOM | LANG_READS_SEQ)) != 0)
		kit_diag_hint(diag, "Keep what is to be published in a field, and set it in the handler of the message.");
	if (bit == LANG_WRITES && (u->unit->kind == LANG_UNIT_PROCEDURE || u->unit->kind == LANG_UNIT_METHOD))
		kit_diag_hint(diag, "It is declared readonly: leave that out if it is to change the document.");
}

/* The rules of @static are asked before there is a document. */
static bool
is_static(const LangUnit *unit)
{
	return unit->kind == LANG_UNIT_STATIC_CREATE || unit->kind == LANG_UNIT_STATIC_INVENT || unit->kind == LANG_UNIT_STATIC_SEND;
}

/* What is published changes when the document does, and whoever computes it a second time gets the same. */
static void
forbid_changes_of_its_own(Check *c, CheckUnit *u)
{
	static const struct
	{
		LangReads	bit;
		const char *what;
	}			forbidden[] = {
		{LANG_READS_TIME, "may not depend on the time"},
		{LANG_READS_RANDOM, "may not depend on chance"},
		{LANG_READS_SEQ, "may not depend on the number of the event"},
		{LANG_LOGS, "may not log"},
	};

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (u->unit->reads & forbidden[i].bit)
			forbid(c, u, forbidden[i].bit, forbidden[i].what);
}

static void
check_forbidden(Check *c)
{
	for (int i = 0; i < c->n_check_units; i++)
	{
		CheckUnit  *u = c->units[i];
		CheckRules	rules = check_rules(u->unit);
		int			reads = u->unit->reads;

		if (u->is_made_up)
			continue;
		if ((reads & LANG_WRITES) && !rules.writes)
			forbid(c, u, LANG_WRITES, "may not change the document");
		if ((reads & LANG_ABORTS) && !rules.aborts)
			forbid(c, u, LANG_ABORTS, "may not abort");
		if ((reads & LANG_ENDS) && !rules.ends && rules.writes)
			forbid(c, u, LANG_ENDS, "may not destroy the document nor lead it back");
		if ((reads & LANG_READS_VIEWER) && !rules.viewer)
			forbid(c, u, LANG_READS_VIEWER, "does not know the viewer");
		if ((reads & LANG_READS_WHO) && !rules.who)
			forbid(c, u, LANG_READS_WHO, "does not know @who");
		if (u->unit->kind == LANG_UNIT_REPLICATION)
			forbid_changes_of_its_own(c, u);
		if (u->unit->kind == LANG_UNIT_INITIAL && (reads & (LANG_READS_TIME | LANG_READS_RANDOM | LANG_READS_DOCUMENT)))
		{
			int			bit = reads & LANG_READS_TIME ? LANG_READS_TIME : reads & LANG_READS_RANDOM ? LANG_READS_RANDOM
				: LANG_READS_DOCUMENT;

			forbid(c, u, bit, "must be constant");
		}
		else if ((reads & LANG_READS_DOCUMENT) && is_static(u->unit))
			forbid(c, u, LANG_READS_DOCUMENT, "has no document to look at");
	}
}

/* ---- cycles ---- */

/* From start back to itself within one strongly connected component, all of whose members have its number in low. */
static void
report_cycle(Check *c, CheckUnit *start)
{
	CheckUnit **queue = KIT_NEW_N(c->arena, CheckUnit *, c->n_check_units + 1);
	int			head = 0;
	int			tail = 0;
	LangPos		pos = start->unit->pos;
	CheckUnit  *last = NULL;
	CheckUnit  *way[20];
	int			n = 0;
	KitBuf		text;
	KitDiag    *diag;

	for (int i = 0; i < c->n_check_units; i++)
		c->units[i]->via = NULL;
	queue[tail++] = start;
	while (head < tail && last == NULL)
	{
		CheckUnit  *u = queue[head++];

		for (CheckEdge *e = u->edges; e != NULL && last == NULL; e = e->next)
			if (e->to == start)
				last = u;
			else if (e->to->low == start->low && e->to->via == NULL)
			{
				e->to->via = u;
				queue[tail++] = e->to;
			}
	}
	if (last == NULL)
		return;
	for (CheckUnit *u = last; u != start && n < 20; u = u->via)
		way[n++] = u;
	for (CheckEdge *e = start->edges; e != NULL; e = e->next)
		if (e->to == (n > 0 ? way[n - 1] : start))
			pos = e->pos;
	kit_buf_init(&text, c->arena);
	kit_buf_printf(&text, "\"%s\"", start->unit->name->text);
	for (int i = n - 1; i >= 0 && text.len < 300; i--)
		kit_buf_printf(&text, " -> \"%s\"", way[i]->unit->name == NULL ? "?" : way[i]->unit->name->text);
	kit_buf_printf(&text, " -> \"%s\"", start->unit->name->text);
	diag = check_error(c, pos, "formula \"%s\" depends on itself", start->unit->name->text);
	kit_diag_detail(diag, "%s.", text.data);
}

/*
 * Strongly connected components of the units (Tarjan's algorithm with a stack of its own): afterwards low is the number of the
 * component.  A component with a formula in it that is more than one unit without an edge to itself is a cycle; procedures may
 * call one another in circles.
 */
static void
check_cycles(Check *c)
{
	int			n = c->n_check_units;
	CheckUnit **stack = KIT_NEW_N(c->arena, CheckUnit *, n + 1);	/* members of open components */
	CheckUnit **path = KIT_NEW_N(c->arena, CheckUnit *, n + 1);	/* the way down */
	CheckEdge **next = KIT_NEW_N(c->arena, CheckEdge *, n + 1);
	int			n_stack = 0;
	int			counter = 0;
	int			component = 0;

	for (int i = 0; i < n; i++)
		c->units[i]->mark = 0;
	for (int i = 0; i < n; i++)
	{
		int			depth = 0;

		if (c->units[i]->mark != 0)
			continue;
		path[0] = c->units[i];
		path[0]->mark = path[0]->low = ++counter;
		path[0]->is_on_stack = true;
		stack[n_stack++] = path[0];
		next[0] = path[0]->edges;
		while (depth >= 0)
		{
			CheckUnit  *u = path[depth];
			CheckEdge  *e = next[depth];

			if (e != NULL)
			{
				next[depth] = e->next;
				if (e->to->mark == 0)
				{
					depth++;
					path[depth] = e->to;
					e->to->mark = e->to->low = ++counter;
					e->to->is_on_stack = true;
					stack[n_stack++] = e->to;
					next[depth] = e->to->edges;
				}
				else if (e->to->is_on_stack && e->to->mark < u->low)
					u->low = e->to->mark;
				continue;
			}
			if (u->low == u->mark)
			{
				int			first = n_stack;
				CheckUnit  *formula = NULL;
				bool		is_cycle;
				bool		is_reported = false;

				component--;
				do
				{
					CheckUnit  *member = stack[--first];

					member->is_on_stack = false;
					member->low = component;	/* negative: never compared with marks again */
					is_reported |= member->is_reported;
					if (member->unit->kind == LANG_UNIT_FORMULA && (formula == NULL || member->unit->index < formula->unit->index))
						formula = member;
				} while (stack[first] != u);
				is_cycle = n_stack - first > 1;
				for (CheckEdge *own = u->edges; own != NULL; own = own->next)
					is_cycle |= own->to == u;
				n_stack = first;
				if (is_cycle && formula != NULL && !is_reported)
					report_cycle(c, formula);
			}
			if (--depth >= 0 && u->low > 0 && u->low < path[depth]->low)
				path[depth]->low = u->low;
		}
	}
}

/* ---- fields and structures ---- */

/* What a viewer's sight of a value of this type depends on, beyond who may see it at all. */
static int
type_reads(const LangType *type)
{
	while (type->a != NULL && type->kind != LANG_MAP)
		type = type->a;
	if (type->kind == LANG_MAP)
		type = type->items[0];
	return type->structure != NULL ? type->structure->reads : 0;
}

static int
guards_read(LangUnit *const *units, int n)
{
	int			reads = 0;

	for (int i = 0; i < n; i++)
		reads |= units[i]->reads;
	return reads;
}

static int
field_reads(const LangField *field)
{
	int			reads = 0;

	if (field->kind != LANG_STORED_FIELD)
		reads |= field->unit->reads;
	else if (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD)
		reads |= LANG_READS_DOCUMENT;
	if (field->privacy == LANG_PRIVACY_PRIVATE)
		return reads;
	reads |= guards_read(field->policies, field->n_policies) | guards_read(field->filters, field->n_filters);
	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
		reads |= LANG_READS_WHO | LANG_READS_DOCUMENT;
	if (field->type->kind != LANG_TABLE)
		reads |= type_reads(field->type);
	return reads;
}

/* True when anything was added. */
static bool
spread_in_struct(LangStruct *s)
{
	int			reads = s->reads | guards_read(s->requires, s->n_requires);
	bool		changed = false;

	for (int i = 0; i < s->n_fields; i++)
	{
		LangField  *field = s->fields[i];
		int			of_field = field->reads | field_reads(field);

		changed |= of_field != field->reads;
		field->reads = of_field;
		if (field->privacy != LANG_PRIVACY_PRIVATE && field->type->kind != LANG_TABLE)
			reads |= of_field;
	}
	changed |= reads != s->reads;
	s->reads = reads;
	return changed;
}

static void
spread_in_fields(Check *c)
{
	bool		changed = true;

	while (changed)
	{
		changed = spread_in_struct(c->program->root);
		changed |= spread_in_struct(c->program->view);
		for (int i = c->program->n_structs - 1; i >= 0; i--)
			changed |= spread_in_struct(c->program->structs[i]);
	}
}

void
check_effects(Check *c)
{
	if (c->n_check_units > 0)
	{
		spread_effects(c);
		check_cycles(c);
		check_forbidden(c);
	}
	if (c->diags->n_errors > 0)
		return;
	spread_in_fields(c);
	check_reads(c);
	check_kept(c);
	check_joins(c);
}
