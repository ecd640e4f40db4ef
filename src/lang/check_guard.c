/*
 * check_guard.c
 *	  Who may see what: privacy modifiers, guards of bubbles and channels, require; and indexes.
 *
 * A record's own policies come before the document's.
 */
#include <string.h>

#include "lang/check_internal.h"

static LangUnit *
find_policy(Check *c, const LangStruct *s, LangName name)
{
	LangUnit   *unit = check_name_find(c, CHECK_NAMES_POLICIES, s, name.sym);
	CheckSuggestion suggestion;
	KitDiag    *diag;

	if (unit == NULL && s != c->program->root)
		unit = check_name_find(c, CHECK_NAMES_POLICIES, c->program->root, name.sym);
	if (unit != NULL)
		return unit;
	diag = check_error(c, name.pos, "there is no policy \"%s\"", name.sym->text);
	check_suggest_start(c, &suggestion, name.sym->text);
	check_suggest_names(c, &suggestion, CHECK_NAMES_POLICIES, s);
	check_suggest_names(c, &suggestion, CHECK_NAMES_POLICIES, c->program->root);
	if (!check_suggest_hint(&suggestion, diag))
		kit_diag_hint(diag, "A policy is declared as: policy %s { return ...; }", name.sym->text);
	return NULL;
}

static LangUnit *
find_filter(Check *c, LangName name)
{
	LangUnit   *unit = check_name_find(c, CHECK_NAMES_FILTERS, NULL, name.sym);
	CheckSuggestion suggestion;

	if (unit != NULL)
		return unit;
	check_suggest_start(c, &suggestion, name.sym->text);
	check_suggest_names(c, &suggestion, CHECK_NAMES_FILTERS, NULL);
	check_suggest_hint(&suggestion, check_error(c, name.pos, "there is no filter \"%s\"", name.sym->text));
	return NULL;
}

static LangUnit **
find_policies(Check *c, const LangStruct *s, const LangGuard *guard, int *n)
{
	LangUnit  **units = KIT_NEW_N(c->arena, LangUnit *, guard->n_policies + 1);

	*n = 0;
	for (int i = 0; i < guard->n_policies; i++)
	{
		units[*n] = find_policy(c, s, guard->policies[i]);
		*n += units[*n] != NULL;
	}
	return units;
}

static void
resolve_viewer_is(Check *c, LangField *field, LangDecl *d)
{
	LangName	name = d->u.field.guard.policies[0];
	LangField  *who = check_find_field(c, field->owner, name);

	if (who == NULL)
		return;
	if (who->kind != LANG_STORED_FIELD || who->type->kind != LANG_PRINCIPAL)
	{
		if (who->kind != LANG_STORED_FIELD || !CHECK_IS_ERROR(who->type))
			check_error(c, name.pos, "viewer_is names a field that is a principal, \"%s\" is not one", name.sym->text);
		return;
	}
	field->viewer_is = who;
}

static void
resolve_field(Check *c, LangField *field, LangDecl *d)
{
	LangGuard  *guard = &d->u.field.guard;

	if (field->privacy == LANG_PRIVACY_VIEWER_IS)
	{
		resolve_viewer_is(c, field, d);
		return;
	}
	field->policies = find_policies(c, field->owner, guard, &field->n_policies);
	field->filters = KIT_NEW_N(c->arena, LangUnit *, guard->n_filters + 1);
	for (int i = 0; i < guard->n_filters; i++)
	{
		field->filters[field->n_filters] = find_filter(c, guard->filters[i]);
		field->n_filters += field->filters[field->n_filters] != NULL;
	}
}

static void
resolve_index(Check *c, LangStruct *s, LangDecl *d)
{
	LangField  *field = check_find_field(c, s, d->name);
	KitDiag    *diag;

	if (field == NULL)
		return;
	switch (field->kind == LANG_STORED_FIELD ? field->type->kind : LANG_VOID)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_ENUM:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			field->is_indexed = true;
			break;
		case LANG_ERROR_TYPE:
			break;
		default:
			diag = check_error(c, d->name.pos, "\"%s\" cannot be indexed: it is %s", d->name.sym->text,
							   field->kind == LANG_STORED_FIELD ? field->type->text : "computed");
			kit_diag_hint(diag, "Fields of type int, long, bool, string, label, principal, date, time, datetime, and of enumerations can.");
			break;
	}
}

static void
resolve_members(Check *c, CheckType *type)
{
	LangStruct *s = type->structure;

	for (int i = 0; i < type->decl->u.structure.n; i++)
	{
		LangDecl   *d = type->decl->u.structure.items[i];
		LangUnit   *unit;

		if (d->kind == LANG_DECL_INDEX)
			resolve_index(c, s, d);
		else if (d->kind == LANG_DECL_REQUIRE)
		{
			unit = find_policy(c, s, d->name);
			if (unit != NULL)
				CHECK_PUSH(c->arena, s->requires, s->n_requires, unit);
		}
	}
}

static void
resolve_channel(Check *c, LangDecl *d)
{
	LangChannel *channel = check_name_find(c, CHECK_NAMES_CHANNELS, NULL, d->name.sym);

	if (channel == NULL || channel->pos.line != d->name.pos.line || channel->pos.column != d->name.pos.column ||
		channel->pos.file != d->name.pos.file)
		return;
	channel->policies = find_policies(c, c->program->root, &d->u.channel.requires, &channel->n_policies);
	if (d->u.channel.requires.n_filters > 0)
		check_error(c, d->u.channel.requires.filters[0].pos, "a channel is guarded by policies only: a filter is about what is seen");
}

void
check_resolve_guards(Check *c)
{
	for (int i = 0; i < c->n_fields; i++)
		resolve_field(c, c->fields[i].field, c->fields[i].decl);
	for (int i = 0; i < c->tree->n; i++)
	{
		LangDecl   *d = c->tree->items[i];
		CheckType  *type;

		if (d->kind == LANG_DECL_CHANNEL)
			resolve_channel(c, d);
		if (d->kind != LANG_DECL_RECORD && d->kind != LANG_DECL_MESSAGE)
			continue;
		type = check_name_find(c, CHECK_NAMES_TYPES, NULL, d->name.sym);
		if (type != NULL && type->decl == d)
			resolve_members(c, type);
	}
}
