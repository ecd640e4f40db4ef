/*
 * check_unused.c
 *	  What a program declares and never uses: warnings, when it is otherwise right.
 *
 * Only what cannot be reached from outside is told: channels, events and what is public have their uses elsewhere.  Fields that are written
 * only are not told either, for the owner of a document reads them.  A name that begins with "_" says that it is meant so, and what is included
 * is a library, of which no program uses all.
 */
#include <string.h>

#include "lang/check_internal.h"

static bool
is_silent(const KitSym *name)
{
	return name == NULL || name->text[0] == '_';
}

/* Sets uses[i]: something else than unit i itself calls or reads it, or guards by it. */
static void
count_uses(Check *c, bool *uses)
{
	for (int i = 0; i < c->n_check_units; i++)
		for (CheckEdge *e = c->units[i]->edges; e != NULL; e = e->next)
			if (e->to != c->units[i])
				uses[e->to->unit->index] = true;
	for (int i = 0; i < c->n_fields; i++)
	{
		const LangField *field = c->fields[i].field;

		for (int k = 0; k < field->n_policies; k++)
			uses[field->policies[k]->index] = true;
		for (int k = 0; k < field->n_filters; k++)
			uses[field->filters[k]->index] = true;
	}
	for (int i = 0; i < c->program->n_structs; i++)
		for (int k = 0; k < c->program->structs[i]->n_requires; k++)
			uses[c->program->structs[i]->requires[k]->index] = true;
	for (int i = 0; i < c->program->n_channels; i++)
		for (int k = 0; k < c->program->channels[i]->n_policies; k++)
			uses[c->program->channels[i]->policies[k]->index] = true;
}

/* One overload that is called is enough: the others complete it. */
static bool
any_overload(const CheckUnit *u, const CheckUnit *first, const bool *uses)
{
	bool		is_of = false;
	bool		any = false;

	for (; first != NULL; first = first->next_overload)
	{
		is_of |= first == u;
		any |= uses[first->unit->index];
	}
	return is_of && any;
}

static void
warn_unit(Check *c, const CheckUnit *u, const bool *uses)
{
	const LangUnit *unit = u->unit;

	switch (unit->kind)
	{
		case LANG_UNIT_FUNCTION:
		case LANG_UNIT_PROCEDURE:
			if (!any_overload(u, check_name_find(c, CHECK_NAMES_CALLABLES, NULL, unit->name), uses))
				check_warn(c, unit->pos, "%s is never called", check_unit_text(c, unit));
			break;
		case LANG_UNIT_METHOD:
			if (!any_overload(u, check_name_find(c, CHECK_NAMES_CALLABLES, unit->self, unit->name), uses))
				check_warn(c, unit->pos, "method \"%s\" of %s is never called", unit->name->text, check_struct_text(c, unit->self));
			break;
		case LANG_UNIT_POLICY:
			kit_diag_hint(check_warn(c, unit->pos, "policy \"%s\" guards nothing", unit->name->text),
						  "Name it where it is to be asked: use_policy<%s> before a field, \"require %s;\" in a record, requires<%s> of a channel.",
						  unit->name->text, unit->name->text, unit->name->text);
			break;
		case LANG_UNIT_FILTER:
			kit_diag_hint(check_warn(c, unit->pos, "filter \"%s\" guards nothing", unit->name->text),
						  "Name it where it is to be asked: use_policy< | %s> before a field, or bubble< | %s>.", unit->name->text, unit->name->text);
			break;
		case LANG_UNIT_FORMULA:
			if (u->field != NULL && u->field->privacy == LANG_PRIVACY_PRIVATE)
				kit_diag_hint(check_warn(c, unit->pos, "formula \"%s\" is private and never read", unit->name->text),
							  "To show it, write: public formula %s = ...;", unit->name->text);
			break;
		default:
			break;
	}
}

void
check_unused(Check *c)
{
	bool	   *uses = KIT_NEW_N(c->arena, bool, c->n_check_units + 1);

	count_uses(c, uses);
	if (c->program->n_attached > 0 && c->program->n_can_attach == 0)
		kit_diag_hint(check_warn(c, c->program->attached[0]->pos, "@attached never runs, because nobody can attach anything"),
					  "Say who may: @can_attach { return ...; }");
	for (int i = 0; i < c->n_check_units; i++)
		if (!uses[i] && !is_silent(c->units[i]->unit->name) && c->units[i]->unit->pos.file == 0)
			warn_unit(c, c->units[i], uses);
	for (int i = 0; i < c->tree->n; i++)
	{
		const LangDecl *d = c->tree->items[i];
		const CheckType *type;

		if (d->kind != LANG_DECL_RECORD && d->kind != LANG_DECL_MESSAGE && d->kind != LANG_DECL_ENUM)
			continue;
		type = check_name_find(c, CHECK_NAMES_TYPES, NULL, d->name.sym);
		if (!type->is_used && !is_silent(d->name.sym) && d->name.pos.file == 0)
			check_warn(c, d->name.pos, "%s \"%s\" is never used", d->kind == LANG_DECL_RECORD ? "record" : d->kind == LANG_DECL_MESSAGE ? "message" : "enumeration",
					   d->name.sym->text);
	}
}
