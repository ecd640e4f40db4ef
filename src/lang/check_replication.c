/*
 * check_replication.c
 *	  Replications: what a document publishes, and what of it each row does.
 *
 * What is published is known by its name, the document's key and the id of the row, so a record with replications can only be in tables: the entries of
 * maps and the record in a maybe have no ids.  Whoever keeps what is published up to date evaluates a replication when something that its unit reads has
 * changed (check_reads.c); so the value cannot hold records, of which later anything could be read, nor depend on what changes without the document.
 */
#include <string.h>

#include "lang/check_internal.h"

#define MAX_REPLICATIONS 1000
#define METHOD "upsert"

/* ---- declarations ---- */

static void
check_method(Check *c, const LangDecl *d)
{
	LangName	method = d->u.replication.method;
	CheckSuggestion s;
	KitDiag    *diag;

	if (strcmp(method.sym->text, METHOD) == 0)
		return;
	diag = check_error(c, method.pos, "a replication has no method \"%s\"", method.sym->text);
	check_suggest_start(c, &s, method.sym->text);
	check_suggest(&s, METHOD);
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, "What is published is made, changed and removed with what it stands for: replication<%s:" METHOD ">.",
					  d->u.replication.service.sym->text);
}

/* The owner's replication of the same name, or NULL. */
static const LangReplication *
find_published(const LangProgram *program, const LangStruct *owner, const KitSym *name)
{
	for (int i = 0; i < program->n_replications; i++)
		if (program->replications[i]->owner == owner && program->replications[i]->name == name)
			return program->replications[i];
	return NULL;
}

static bool
is_taken(Check *c, const LangStruct *owner, LangName status)
{
	const LangField *field = check_name_find(c, CHECK_NAMES_FIELDS, owner, status.sym);
	KitDiag    *diag;

	if (field == NULL)
		return false;
	diag = check_error(c, status.pos, "%s has a field \"%s\" already", check_struct_text(c, owner), status.sym->text);
	if (field->pos.line > 0)
		kit_diag_detail(diag, "It is declared at %s.", check_line_text(c, field->pos));
	kit_diag_hint(diag, "Call the replication something else: nothing depends on its name.");
	return true;
}

static void
declare(Check *c, LangStruct *owner, LangDecl *d)
{
	LangProgram *program = c->program;
	LangName	name = d->u.replication.service;
	const LangReplication *same = find_published(program, owner, name.sym);
	LangReplication *replication;
	KitDiag    *diag;
	void	   *old;

	check_method(c, d);
	if (same != NULL)
	{
		diag = check_error(c, name.pos, "%s publishes \"%s\" twice", check_struct_text(c, owner), name.sym->text);
		kit_diag_detail(diag, "It is published at %s, too.", check_line_text(c, same->pos));
		kit_diag_hint(diag, "Publish one value that has the members of both, or under another name.");
		return;
	}
	if (is_taken(c, owner, d->name))
		return;
	if (program->n_replications == MAX_REPLICATIONS)
	{
		check_limit(c, d->name.pos, "a program has at most %d replications", MAX_REPLICATIONS);
		return;
	}
	replication = KIT_NEW(c->arena, LangReplication);
	replication->name = name.sym;
	replication->status = d->name.sym;
	replication->pos = d->name.pos;
	replication->owner = owner;
	replication->index = program->n_replications;
	replication->unit = check_add_unit(c, LANG_UNIT_REPLICATION, d->name, d->pos, owner, CHECK_SIMPLE(c, LANG_ERROR_TYPE), NULL,
									   d->u.replication.value);
	c->units[replication->unit->index]->replication = replication;
	if (!check_name_add(c, CHECK_NAMES_REPLICATIONS, owner, d->name.sym, replication, &old))
		check_report_twice(c, d->name, "replication", ((LangReplication *) old)->pos);
	else
		CHECK_PUSH(c->arena, program->replications, program->n_replications, replication);
}

/* The record that a field holds outside of tables, or NULL. */
static const LangStruct *
held_without_id(const LangField *field)
{
	const LangType *type = field->type;

	if (field->kind != LANG_STORED_FIELD)
		return NULL;
	while (type->kind == LANG_MAP)
		type = type->b;
	if (type->kind == LANG_MAYBE)
		type = type->a;
	return type->kind == LANG_RECORD ? type->structure : NULL;
}

static void
check_places(Check *c, const LangStruct *s, const bool *publishes)
{
	for (int i = 0; i < s->n_fields; i++)
	{
		const LangField *field = s->fields[i];
		const LangStruct *held = held_without_id(field);
		KitDiag    *diag;

		if (held == NULL || !publishes[held->index])
			continue;
		diag = check_error(c, field->pos, "\"%s\" cannot hold record \"%s\", which has replications: there it has no id", field->name->text, held->name->text);
		kit_diag_hint(diag, "What a row publishes is known by its id: keep it in a table<%s>, or let the document publish it.", held->name->text);
	}
}

void
check_declare_replications(Check *c)
{
	bool	   *publishes = NULL;	/* by LangStruct.index */

	for (int i = 0; i < c->tree->n; i++)
	{
		LangDecl   *d = c->tree->items[i];
		CheckType  *type;

		if (d->kind == LANG_DECL_REPLICATION)
			declare(c, c->program->root, d);
		if (d->kind != LANG_DECL_RECORD)
			continue;
		type = check_name_find(c, CHECK_NAMES_TYPES, NULL, d->name.sym);
		for (int k = 0; k < d->u.structure.n && type != NULL && type->decl == d; k++)
			if (d->u.structure.items[k]->kind == LANG_DECL_REPLICATION)
				declare(c, type->structure, d->u.structure.items[k]);
	}
	if (c->program->n_replications == 0)
		return;
	publishes = KIT_NEW_N(c->arena, bool, c->program->n_structs + 2);
	for (int i = 0; i < c->program->n_replications; i++)
		publishes[c->program->replications[i]->owner->index] = c->program->replications[i]->owner->kind == LANG_STRUCT_RECORD;
	check_places(c, c->program->root, publishes);
	for (int i = 0; i < c->program->n_structs; i++)
		if (c->program->structs[i]->kind == LANG_STRUCT_RECORD)
			check_places(c, c->program->structs[i], publishes);
}

bool
check_refuse_replication(Check *c, const LangStruct *owner, LangName name)
{
	const LangReplication *replication = check_name_find(c, CHECK_NAMES_REPLICATIONS, owner, name.sym);
	KitDiag    *diag;

	if (replication == NULL)
		return false;
	diag = check_error(c, name.pos, "\"%s\" is a replication: it is published, and cannot be read or assigned", name.sym->text);
	kit_diag_hint(diag, "Make what it publishes a formula, and use that in both places.");
	return true;
}

/* ---- what is published ---- */

/* The first type within that cannot be published, or NULL.  Messages that are declared hold nothing of that kind. */
static const LangType *
find_unpublished(const LangType *type)
{
	const LangType *found;

	switch (type->kind)
	{
		case LANG_RECORD:
		case LANG_TABLE:
		case LANG_TEXT:
		case LANG_FUTURE:
		case LANG_CHANNEL:
		case LANG_RESULT:
		case LANG_VOID:
			return type;
		case LANG_MESSAGE:
			for (int i = 0; type->structure->kind != LANG_STRUCT_MESSAGE && i < type->structure->n_fields; i++)
				if ((found = find_unpublished(type->structure->fields[i]->type)) != NULL)
					return found;
			return NULL;
		default:
			found = type->a != NULL ? find_unpublished(type->a) : NULL;
			return found == NULL && type->b != NULL ? find_unpublished(type->b) : found;
	}
}

static void
refuse_member(Check *c, LangPos pos, const LangField *field, const LangType *found)
{
	const char *name = field->name->text;
	KitDiag    *diag = check_error(c, pos, "member \"%s\" cannot be published: it is %s", name, field->type->text);

	if (found->kind == LANG_RECORD && field->type->kind == LANG_LIST)
		kit_diag_hint(diag, "Say what of the rows is published, as in (iterate t).f; or declare a replication in record \"%s\", by which each row is published.",
					  found->text);
	else if (found->kind == LANG_RECORD)
		kit_diag_hint(diag, "Say what of record \"%s\" is published: %s: { ... }.", found->text, name);
	else if (found->kind == LANG_TEXT)
		kit_diag_hint(diag, "The string that a text holds is .get().");
}

/* False after an error: something of the structure's cannot be published. */
static bool
check_members(Check *c, const LangExpr *e, const LangStruct *structure)
{
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];
		const LangType *found = find_unpublished(field->type);
		LangPos		pos = e->pos;

		if (found == NULL)
			continue;
		for (int k = 0; e->kind == LANG_EXPR_OBJECT && k < e->u.object.n; k++)
			if (e->u.object.members[k].name.sym == field->name)
				pos = e->u.object.members[k].value->pos;
		refuse_member(c, pos, field, found);
		return false;
	}
	return true;
}

static void
refuse_value(Check *c, const LangExpr *e, const LangType *type)
{
	const LangType *inner = type->kind == LANG_MAYBE ? type->a : type;
	KitDiag    *diag = check_error(c, e->pos, "a replication publishes a message, not %s", type->text);

	switch (inner->kind)
	{
		case LANG_VOID:
			break;
		case LANG_RECORD:
			kit_diag_hint(diag, "Say what of it is published: { ... }.");
			break;
		case LANG_TABLE:
		case LANG_LIST:
		case LANG_ARRAY:
			if (inner->a->kind == LANG_RECORD)
			{
				kit_diag_hint(diag, "A replication in record \"%s\" publishes each row by itself.", inner->a->text);
				break;
			}
			/* fall through */
		default:
			kit_diag_hint(diag, "Wrap it: {value: %s}.", e->kind == LANG_EXPR_NAME && type->kind != LANG_TABLE ? e->u.name.sym->text : "...");
			break;
	}
}

void
check_published(Check *c, CheckUnit *u)
{
	LangUnit   *unit = u->unit;
	LangReplication *replication = u->replication;
	const LangType *type = check_expr(c, unit->expr, NULL);
	const LangType *inner = type->kind == LANG_MAYBE ? type->a : type;
	const LangExpr *e = check_strip(unit->expr);

	if (CHECK_IS_ERROR(type))
		return;
	if (inner->kind != LANG_MESSAGE)
	{
		refuse_value(c, e, type);
		return;
	}
	if (!check_members(c, e, inner->structure))
		return;
	unit->returns = type;
	replication->message = inner->structure;
	replication->is_maybe = type->kind == LANG_MAYBE;
}
