/*
 * check_assoc.c
 *	  Graphs: assoc, join, traverse.
 *
 * A join makes edges of the rows of a table.  The ends of an edge are computed from its row alone: they may read stored values of the row, its formulas of such
 * values, ids, and the id of the record whose table it is; nothing that can change while the row stays as it is.  So whoever keeps a graph has to look at the
 * rows that were changed, and at no others.
 *
 * A traversal reads the graph and the rows that it leads to.  To whoever asks what depends on what (check_reads.c) it is like a unit that reads the ends of the
 * edges, and all fields of the document where edges or such rows may come and go, also with what is around them.
 */
#include "lang/check_internal.h"

#define MAX_ASSOCS 100

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

static LangStruct *
find_record(Check *c, LangName name)
{
	CheckType  *type = check_name_find(c, CHECK_NAMES_TYPES, NULL, name.sym);
	CheckSuggestion s;
	KitDiag    *diag;

	if (type != NULL)
		type->is_used = true;
	if (type != NULL && type->structure != NULL && type->structure->kind == LANG_STRUCT_RECORD)
		return type->structure;
	if (type != NULL)
	{
		check_error(c, name.pos, "an assoc is between records, \"%s\" is none", name.sym->text);
		return NULL;
	}
	diag = check_error(c, name.pos, "there is no record \"%s\"", name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_TYPES, NULL);
	check_suggest_hint(&s, diag);
	return NULL;
}

static void
declare_assoc(Check *c, LangDecl *d)
{
	LangAssoc  *assoc = KIT_NEW(c->arena, LangAssoc);
	void	   *old;

	check_refuse_reserved(c, d->name, "assoc");
	assoc->name = d->name.sym;
	assoc->pos = d->name.pos;
	assoc->from = find_record(c, d->u.assoc.from);
	assoc->to = find_record(c, d->u.assoc.to);
	if (d->u.assoc.edge.sym != NULL)
		assoc->edge = find_record(c, d->u.assoc.edge);
	assoc->index = c->program->n_assocs;
	if (!check_name_add(c, CHECK_NAMES_ASSOCS, NULL, d->name.sym, assoc, &old))
		check_report_twice(c, d->name, "assoc", ((LangAssoc *) old)->pos);
	else if (c->program->n_assocs == MAX_ASSOCS)
		check_limit(c, assoc->pos, "a program has at most %d assocs", MAX_ASSOCS);
	else
		CHECK_PUSH(c->arena, c->program->assocs, c->program->n_assocs, assoc);
}

static LangAssoc *
find_assoc(Check *c, LangName name)
{
	LangAssoc  *assoc = check_name_find(c, CHECK_NAMES_ASSOCS, NULL, name.sym);
	CheckSuggestion s;
	KitDiag    *diag;

	if (assoc != NULL)
		return assoc;
	diag = check_error(c, name.pos, "there is no assoc \"%s\"", name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_ASSOCS, NULL);
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, "An assoc is declared as: assoc<A, B> %s;", name.sym->text);
	return NULL;
}

static LangField *
find_table(Check *c, const LangStruct *owner, LangName name)
{
	LangField  *field;

	if (check_name_find(c, CHECK_NAMES_FIELDS, owner, name.sym) == NULL && check_name_find(c, CHECK_NAMES_FIELDS, c->program->root, name.sym) != NULL)
	{
		kit_diag_hint(check_error(c, name.pos, "%s has no field \"%s\"", check_struct_text(c, owner), name.sym->text),
					  "A join via a table of the document stands outside of the record.");
		return NULL;
	}
	field = check_find_field(c, owner, name);
	if (field == NULL || (field->kind == LANG_STORED_FIELD && field->type->kind == LANG_TABLE))
		return field;
	if (field->kind != LANG_STORED_FIELD || !CHECK_IS_ERROR(field->type))
		check_error(c, name.pos, "a join is via a table, \"%s\" is none", name.sym->text);
	return NULL;
}

static LangUnit *
add_end(Check *c, const LangJoin *join, LangName row, LangExpr *e)
{
	LangUnit   *unit = check_add_unit(c, LANG_UNIT_JOIN, (LangName) {NULL}, e->pos, join->owner, lang_type_maybe(c->program, CHECK_SIMPLE(c, LANG_INT)), NULL, e);
	LangLocal  *local = check_add_local(c, unit, row, join->table->type->a);

	local->is_parameter = true;
	local->is_readonly = true;
	unit->n_params = 1;
	c->units[unit->index]->is_made_up = true;
	return unit;
}

static void
declare_join(Check *c, LangStruct *owner, LangDecl *d)
{
	LangAssoc  *assoc = find_assoc(c, d->name);
	LangField  *table = find_table(c, owner, d->u.join.table);
	LangJoin   *join;

	if (assoc == NULL || table == NULL)
		return;
	if (assoc->edge != NULL && table->type->a->structure != assoc->edge)
	{
		check_error(c, d->u.join.table.pos, "the edges of \"%s\" are rows of %s, those of \"%s\" are %s", assoc->name->text, assoc->edge->name->text,
					table->name->text, table->type->a->text);
		return;
	}
	join = KIT_NEW(c->arena, LangJoin);
	join->assoc = assoc;
	join->pos = d->pos;
	join->owner = owner;
	join->table = table;
	join->from = add_end(c, join, d->u.join.row, d->u.join.from);
	join->to = add_end(c, join, d->u.join.row, d->u.join.to);
	CHECK_PUSH(c->arena, assoc->joins, assoc->n_joins, join);
}

/* ---- where edges and rows come and go ---- */

/* What objects a field of the document holds. */
static const LangStruct *
held_by(const LangField *field)
{
	const LangType *type = field->type;

	if (field->kind != LANG_STORED_FIELD)
		return NULL;
	while (type->kind == LANG_MAP)
		type = type->b;
	if (type->kind == LANG_TABLE || type->kind == LANG_MAYBE)
		type = type->a;
	return type->kind == LANG_RECORD ? type->structure : NULL;
}

static bool
is_joined(const LangAssoc *assoc, const LangField *field)
{
	if (field->type->kind != LANG_TABLE)
		return false;
	if (field->type->a->structure == assoc->to)
		return true;
	for (int i = 0; i < assoc->n_joins; i++)
		if (assoc->joins[i]->table == field)
			return true;
	return false;
}

static LangStruct *
struct_at(Check *c, int i)
{
	return i == 0 ? c->program->root : c->program->structs[i - 1];
}

static void
find_containers(Check *c, LangAssoc *assoc)
{
	int			n = c->program->n_structs + 1;
	bool	   *holds = KIT_NEW_N(c->arena, bool, n + 1);	/* by LangStruct.index: edges or rows, however deep */
	bool		changed = true;

	while (changed)
	{
		changed = false;
		port_poll();
		for (int i = n - 1; i >= 0; i--)
		{
			const LangStruct *s = struct_at(c, i);

			if ((s->kind != LANG_STRUCT_ROOT && s->kind != LANG_STRUCT_RECORD) || holds[s->index])
				continue;
			for (int k = 0; k < s->n_fields && !holds[s->index]; k++)
			{
				const LangStruct *held = held_by(s->fields[k]);

				holds[s->index] = held != NULL && (holds[held->index] || is_joined(assoc, s->fields[k]));
			}
			changed |= holds[s->index];
		}
	}
	for (int i = 0; i < n; i++)
	{
		LangStruct *s = struct_at(c, i);

		for (int k = 0; k < s->n_fields && holds[s->index]; k++)
		{
			const LangStruct *held = held_by(s->fields[k]);

			if (held != NULL && s->fields[k]->type->kind != LANG_RECORD && (holds[held->index] || is_joined(assoc, s->fields[k])))
				CHECK_PUSH(c->arena, assoc->containers, assoc->n_containers, s->fields[k]);
		}
	}
}

void
check_declare_assocs(Check *c)
{
	for (int i = 0; i < c->tree->n; i++)
		if (c->tree->items[i]->kind == LANG_DECL_ASSOC)
			declare_assoc(c, c->tree->items[i]);
	for (int i = 0; i < c->tree->n; i++)
	{
		LangDecl   *d = c->tree->items[i];
		CheckType  *type;

		if (d->kind == LANG_DECL_JOIN)
			declare_join(c, c->program->root, d);
		if (d->kind != LANG_DECL_RECORD)
			continue;
		type = check_name_find(c, CHECK_NAMES_TYPES, NULL, d->name.sym);
		for (int k = 0; k < d->u.structure.n && type != NULL && type->decl == d; k++)
			if (d->u.structure.items[k]->kind == LANG_DECL_JOIN)
				declare_join(c, type->structure, d->u.structure.items[k]);
	}
	for (int i = 0; i < c->program->n_assocs; i++)
		find_containers(c, c->program->assocs[i]);
}

/* ---- traverse ---- */

const LangType *
check_traverse(Check *c, LangExpr *e, const LangType *list)
{
	LangAssoc  *assoc = find_assoc(c, e->u.linq.name);

	if (assoc == NULL || assoc->from == NULL || assoc->to == NULL)
		return error_type(c);
	if (list->a != assoc->from->type)
	{
		KitDiag    *diag = check_error(c, e->pos, "\"traverse %s\" takes a list of %s, not %s", assoc->name->text, assoc->from->name->text, list->text);

		if (list->a == assoc->to->type)
			kit_diag_hint(diag, "\"%s\" leads from %s to %s. The other way needs an assoc of its own, joined via the same table.", assoc->name->text,
						  assoc->from->name->text, assoc->to->name->text);
		return error_type(c);
	}
	e->u.linq.assoc = assoc;
	assoc->is_traversed = true;
	check_effect(c, LANG_READS_DOCUMENT, e->pos, "traverses a graph");
	for (int i = 0; i < assoc->n_joins; i++)
	{
		check_add_edge(c, c->cur, assoc->joins[i]->from, e->pos);
		check_add_edge(c, c->cur, assoc->joins[i]->to, e->pos);
	}
	for (int i = 0; i < assoc->n_containers; i++)
		check_note_field(c, assoc->containers[i], false);
	return lang_type_list(c->program, assoc->to->type);
}

/* ---- what ends depend on ---- */

/* A unit that the end uses and that is not a formula: it may do anything. */
static const CheckEdge *
find_call(Check *c, CheckUnit *end)
{
	CheckUnit **queue = KIT_NEW_N(c->arena, CheckUnit *, c->n_check_units + 1);
	int			n = 0;

	for (int i = 0; i < c->n_check_units; i++)
		c->units[i]->via = NULL;
	queue[n++] = end;
	end->via = end;
	for (int head = 0; head < n; head++)
		for (const CheckEdge *e = queue[head]->edges; e != NULL; e = e->next)
		{
			if (e->to->unit->kind != LANG_UNIT_FORMULA)
				return e;
			if (e->to->via == NULL)
			{
				e->to->via = end;
				queue[n++] = e->to;
			}
		}
	return NULL;
}

static bool
is_plain(const LangField *field)
{
	return field->type->kind != LANG_TABLE && field->type->kind != LANG_MAP && held_by(field) == NULL;
}

static void
check_end_reads(Check *c, LangJoin *join, LangUnit *end, uint64_t *bits, int n_words)
{
	const LangStruct *row = join->table->type->a->structure;
	CheckLook	look = {bits, bits + n_words, bits + 2 * n_words, 0};
	const CheckEdge *call = find_call(c, c->units[end->index]);
	const LangExpr *unknown;
	KitDiag    *diag;
	uint64_t	others = 0;

	if (call != NULL)
	{
		diag = check_error(c, end->pos, "the ends of a join cannot call %s", check_unit_text(c, call->to->unit));
		kit_diag_hint(diag, "Keep what it yields in a field of the row, and join by that.");
		return;
	}
	unknown = check_look(c, end->expr, end->locals[0], &look);
	for (int i = 0; i < n_words; i++)
		others |= look.own_fields[i] | look.fields[i];
	if (unknown != NULL)
		diag = check_error(c, unknown->pos, "the ends of a join are computed from simple fields of the row \"%s\" only", end->locals[0]->name->text);
	else if (others != 0 || (look.reads & ~LANG_READS_DOCUMENT) != 0)
		diag = check_error(c, end->pos, "the ends of a join depend on the row \"%s\" only: %s", end->locals[0]->name->text,
						   others != 0 ? "here other fields are read" : "here something else is read");
	else
	{
		for (int i = 0; i < row->n_fields; i++)
		{
			LangField  *field = row->fields[i];
			int			bit = row->first_slot + field->slot;

			if (field->kind != LANG_STORED_FIELD || field->slot < 0 || (bits[bit / 64] >> bit % 64 & 1) == 0)
				continue;
			if (!is_plain(field))
			{
				diag = check_error(c, end->pos, "the ends of a join cannot depend on \"%s\", which is %s", field->name->text, field->type->text);
				kit_diag_hint(diag, "Keep what is needed in a field of the row, and join by that.");
				return;
			}
			for (int k = 0; k < join->n_row_fields && field != NULL; k++)
				if (join->row_fields[k] == field)
					field = NULL;
			if (field != NULL)
				CHECK_PUSH(c->arena, join->row_fields, join->n_row_fields, field);
		}
		return;
	}
	kit_diag_hint(diag, "Keep what is needed in a field of the row, and join by that.");
}

void
check_joins(Check *c)
{
	int			n_words = (c->program->n_slots + 63) / 64;

	for (int i = 0; i < c->program->n_assocs; i++)
	{
		LangAssoc  *assoc = c->program->assocs[i];

		if (assoc->n_joins == 0)
			kit_diag_hint(check_warn(c, assoc->pos, "assoc \"%s\" has no edges", assoc->name->text), "A table gives it some: join %s via table[row] from row.a to row.b;",
						  assoc->name->text);
		else if (!assoc->is_traversed && assoc->name->text[0] != '_')
			check_warn(c, assoc->pos, "assoc \"%s\" is never traversed", assoc->name->text);
		for (int k = 0; k < assoc->n_joins; k++)
		{
			LangJoin   *join = assoc->joins[k];

			if (join->from->fields == NULL)
			{
				check_limit(c, join->pos, "the program is too large for joins");
				return;
			}
			check_end_reads(c, join, join->from, KIT_NEW_N(c->arena, uint64_t, 3 * n_words + 1), n_words);
			check_end_reads(c, join, join->to, KIT_NEW_N(c->arena, uint64_t, 3 * n_words + 1), n_words);
		}
	}
}
