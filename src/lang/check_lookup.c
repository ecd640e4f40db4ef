/*
 * check_lookup.c
 *	  What a bare name and what e.name mean.
 *
 * A bare name is looked up from the inside out: rows of queries and locals, in the order of their nesting (so in "where" the
 * fields of the row come before the variables around it), then the fields of the record or message whose code this is, then the
 * document's.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

const char *
check_struct_text(Check *c, const LangStruct *structure)
{
	switch (structure->kind)
	{
		case LANG_STRUCT_ROOT:
			return "the document";
		case LANG_STRUCT_VIEW:
			return "@viewer";
		case LANG_STRUCT_RECORD:
			return check_printf(c, "record \"%s\"", structure->name->text);
		case LANG_STRUCT_MESSAGE:
			return check_printf(c, "message \"%s\"", structure->name->text);
		case LANG_STRUCT_ANONYMOUS:
		case LANG_STRUCT_PAIR:
		case LANG_STRUCT_ENTRY:
			return structure->type->text;
	}
	return "";
}

/* ---- names ---- */

/* What a bare name means here, without a word about it. */
typedef struct Found
{
	LangRef		ref;
	bool		hides_local;	/* a field of a row, where a variable of that name is in scope, too */
} Found;

static bool
find_name(Check *c, const KitSym *sym, Found *found)
{
	const LangUnit *unit = c->cur->unit;
	CheckRules	rules = check_rules(unit);
	LangField  *field;

	*found = (Found) {0};
	for (CheckScope *s = c->scope; s != NULL; s = s->up)
	{
		if (!s->is_row)
		{
			if (s->local->name != sym)
				continue;
			if (found->ref.kind != LANG_REF_NONE)
			{
				found->hides_local = true;
				return true;
			}
			found->ref = (LangRef) {.kind = LANG_REF_LOCAL, .local = s->local};
			return true;
		}
		if (found->ref.kind != LANG_REF_NONE || !check_type_is_structured(s->local->type))
			continue;
		field = check_name_find(c, CHECK_NAMES_FIELDS, s->local->type->structure, sym);
		if (field != NULL)
			found->ref = (LangRef) {.kind = LANG_REF_FIELD, .base = LANG_BASE_LOCAL, .local = s->local, .field = field};
	}
	if (found->ref.kind != LANG_REF_NONE)
		return true;
	if (unit->self != NULL && unit->self->kind != LANG_STRUCT_ROOT)
	{
		field = check_name_find(c, CHECK_NAMES_FIELDS, unit->self, sym);
		if (field != NULL)
		{
			found->ref = (LangRef) {.kind = LANG_REF_FIELD, .base = LANG_BASE_SELF, .field = field};
			return true;
		}
	}
	if (unit->kind == LANG_UNIT_FILTER)
	{
		field = check_name_find(c, CHECK_NAMES_FIELDS, c->program->view, sym);
		if (field != NULL)
		{
			found->ref = (LangRef) {.kind = LANG_REF_VIEWER_FIELD, .field = field};
			return true;
		}
	}
	if (!rules.document)
		return false;
	field = check_name_find(c, CHECK_NAMES_FIELDS, c->program->root, sym);
	if (field == NULL)
		return false;
	found->ref = (LangRef) {.kind = LANG_REF_FIELD, .base = LANG_BASE_ROOT, .field = field};
	return true;
}

bool
check_resolve_name(Check *c, LangExpr *e)
{
	Found		found;

	return e->kind == LANG_EXPR_NAME && find_name(c, e->u.name.sym, &found);
}

/* A field of something that is in scope: the message, the row. */
static bool
hint_member(Check *c, KitDiag *diag, const KitSym *sym)
{
	for (CheckScope *s = c->scope; s != NULL; s = s->up)
		if (!s->is_row && check_type_is_structured(s->local->type) &&
			check_name_find(c, CHECK_NAMES_FIELDS, s->local->type->structure, sym) != NULL)
		{
			kit_diag_hint(diag, "Did you mean %s.%s?", s->local->name->text, sym->text);
			return true;
		}
	return false;
}

bool
check_enum_value_hint(Check *c, KitDiag *diag, const char *name)
{
	for (int i = 0; i < c->program->n_enums; i++)
		for (int k = 0; k < c->program->enums[i]->n; k++)
			if (strcmp(c->program->enums[i]->names[k]->text, name) == 0)
			{
				kit_diag_hint(diag, "Did you mean %s::%s?", c->program->enums[i]->name->text, name);
				return true;
			}
	return false;
}

/* A name that is unknown is so each time: it is said once for each unit. */
static bool
was_reported(Check *c, const KitSym *sym)
{
	for (int i = 0; i < c->n_unknown; i++)
		if (c->unknown[i] == sym)
			return true;
	if (c->n_unknown < (int) (sizeof(c->unknown) / sizeof(c->unknown[0])))
		c->unknown[c->n_unknown++] = sym;
	return false;
}

/* A replication of what is in scope: then an error. */
static bool
is_replication(Check *c, LangName name)
{
	const LangUnit *unit = c->cur->unit;

	for (CheckScope *s = c->scope; s != NULL; s = s->up)
		if (s->is_row && check_type_is_structured(s->local->type) && check_refuse_replication(c, s->local->type->structure, name))
			return true;
	return (unit->self != NULL && check_refuse_replication(c, unit->self, name)) ||
		(check_rules(unit).document && check_refuse_replication(c, c->program->root, name));
}

static void
refuse_unknown_name(Check *c, LangExpr *e, bool is_target)
{
	const KitSym *sym = e->u.name.sym;
	const LangUnit *unit = c->cur->unit;
	CheckSuggestion s;
	KitDiag    *diag;
	CheckUnit  *callable;

	if (!check_rules(unit).document && check_name_find(c, CHECK_NAMES_FIELDS, c->program->root, sym) != NULL)
	{
		diag = check_error(c, e->pos, "%s cannot see the document's field \"%s\"", check_unit_text(c, unit), sym->text);
		if (unit->kind == LANG_UNIT_FUNCTION)
			kit_diag_hint(diag, "Pass it as a parameter, or make the function a procedure.");
		else if (unit->kind == LANG_UNIT_INITIAL)
			kit_diag_hint(diag, "An initial value is constant; what depends on other fields is a formula.");
		return;
	}
	if (is_replication(c, (LangName) {sym, e->pos}))
		return;
	callable = check_name_find(c, CHECK_NAMES_CALLABLES, NULL, sym);
	if (callable != NULL)
	{
		diag = check_error(c, e->pos, "%s is not a value", check_unit_text(c, callable->unit));
		kit_diag_hint(diag, "Call it: %s(...).", sym->text);
		return;
	}
	if (check_name_find(c, CHECK_NAMES_TYPES, NULL, sym) != NULL)
	{
		CheckType  *type = check_name_find(c, CHECK_NAMES_TYPES, NULL, sym);

		diag = check_error(c, e->pos, "\"%s\" is a type, not a value", sym->text);
		if (type->enumeration != NULL)
			kit_diag_hint(diag, "A value of it is written %s::%s.", sym->text,
						  type->enumeration->n > 0 ? type->enumeration->names[0]->text : "...");
		return;
	}
	if (check_name_find(c, CHECK_NAMES_CHANNELS, NULL, sym) != NULL)
	{
		check_error(c, e->pos, "\"%s\" is a channel, not a variable or field", sym->text);
		return;
	}
	if (check_is_namespace(sym->text))
	{
		diag = check_error(c, e->pos, "\"%s\" is not a value", sym->text);
		kit_diag_hint(diag, "Its functions are called with a dot: %s.name(...).", sym->text);
		return;
	}
	if (check_name_find(c, CHECK_NAMES_FIELDS, c->program->view, sym) != NULL)
	{
		diag = check_error(c, e->pos, "there is no variable or field \"%s\" here", sym->text);
		kit_diag_hint(diag, "The field of the viewer is @viewer.%s.", sym->text);
		return;
	}
	if (check_is_context(c, e))
	{
		check_context(c, e);
		return;
	}
	if (was_reported(c, sym))
		return;
	diag = check_error(c, e->pos, "there is no variable or field \"%s\"", sym->text);
	check_suggest_start(c, &s, sym->text);
	for (CheckScope *scope = c->scope; scope != NULL; scope = scope->up)
	{
		if (!scope->is_row)
			check_suggest(&s, scope->local->name->text);
		else if (check_type_is_structured(scope->local->type))
			check_suggest_names(c, &s, CHECK_NAMES_FIELDS, scope->local->type->structure);
	}
	if (unit->self != NULL && unit->self->kind != LANG_STRUCT_ROOT)
		check_suggest_names(c, &s, CHECK_NAMES_FIELDS, unit->self);
	if (check_rules(unit).document)
		check_suggest_names(c, &s, CHECK_NAMES_FIELDS, c->program->root);
	if (s.distance > 1 || s.best == NULL)
	{
		if (hint_member(c, diag, sym) || check_enum_value_hint(c, diag, sym->text))
			return;
	}
	if (check_suggest_or_foreign(&s, diag, check_foreign_hint("name", sym->text)))
		return;
	if (c->scope != NULL && c->scope->is_row)
		kit_diag_hint(diag, "The fields of the row are named directly here; \"where_as %s: ...\" gives the row a name.", sym->text);
	else if (is_target)
		kit_diag_hint(diag, "A variable is declared by: let %s = ...; a field, outside of all blocks: public int %s;", sym->text, sym->text);
}

/* In a dispatch, whatever the document's fields are called. */
static bool
is_dispatched_self(Check *c, const LangExpr *e, const Found *found)
{
	return c->cur->unit->kind == LANG_UNIT_DISPATCH && strcmp(e->u.name.sym->text, "self") == 0 &&
		(found->ref.kind == LANG_REF_NONE || (found->ref.kind == LANG_REF_FIELD && found->ref.base == LANG_BASE_ROOT));
}

const LangType *
check_bare_name(Check *c, LangExpr *e)
{
	bool		is_target = c->is_target;
	Found		found;
	bool		is_known;

	c->is_target = false;
	is_known = find_name(c, e->u.name.sym, &found);
	if (is_dispatched_self(c, e, &found))
	{
		if (c->cur->unit->dispatch_enum == NULL)
			return error_type(c);
		e->kind = LANG_EXPR_SELF;
		return c->cur->unit->dispatch_enum->type;
	}
	if (!is_known)
	{
		const LangType *channel = is_target ? NULL : check_channel_value(c, e);

		if (channel != NULL)
			return channel;
		refuse_unknown_name(c, e, is_target);
		return error_type(c);
	}
	e->u.name.ref = found.ref;
	switch (found.ref.kind)
	{
		case LANG_REF_LOCAL:
			if (!is_target)
				found.ref.local->is_used = true;
			return found.ref.local->type;
		case LANG_REF_VIEWER_FIELD:
			check_effect(c, LANG_READS_VIEWER, e->pos, "reads the viewer");
			check_note_field(c, found.ref.field, false);
			return found.ref.field->type;
		default:
			if (found.hides_local)
			{
				KitDiag    *diag = check_warn(c, e->pos, "\"%s\" is the field of the row here, not the variable", e->u.name.sym->text);

				kit_diag_hint(diag, "Write where_as row: row.%s to tell them apart, or rename the variable.", e->u.name.sym->text);
			}
			if (found.ref.base == LANG_BASE_LOCAL)
				found.ref.local->is_used = true;
			return found.ref.base == LANG_BASE_SELF ? check_own_field_read(c, found.ref.field, e->pos) : check_field_read(c, found.ref.field, e->pos);
	}
}

/* ---- fields ---- */

/* All fields, where they are few. */
void
check_hint_fields(Check *c, KitDiag *diag, const LangStruct *structure)
{
	KitBuf		out;
	int			n = 0;

	kit_buf_init(&out, c->arena);
	for (int i = 0; i < structure->n_fields; i++)
	{
		if (structure->fields[i]->is_id && structure->fields[i]->pos.line == 0)
			continue;			/* nobody wrote it */
		kit_buf_printf(&out, "%s%s", n++ == 0 ? "" : ", ", structure->fields[i]->name->text);
	}
	if (n > 0 && n <= 12 && out.len < 150)
		kit_diag_hint(diag, "It has %s.", out.data);
}

LangField *
check_find_field(Check *c, const LangStruct *structure, LangName name)
{
	LangField  *field = check_name_find(c, CHECK_NAMES_FIELDS, structure, name.sym);
	CheckSuggestion s;
	KitDiag    *diag;

	if (field != NULL)
		return field;
	if (check_name_find(c, CHECK_NAMES_CALLABLES, structure, name.sym) != NULL)
	{
		diag = check_error(c, name.pos, "\"%s\" is a method of %s", name.sym->text, check_struct_text(c, structure));
		kit_diag_hint(diag, "Call it: .%s(...).", name.sym->text);
		return NULL;
	}
	if (check_refuse_replication(c, structure, name))
		return NULL;
	diag = check_error(c, name.pos, "%s has no field \"%s\"", check_struct_text(c, structure), name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_FIELDS, structure);
	if (!check_suggest_or_foreign(&s, diag, check_foreign_type_hint(structure->type, name.sym->text)))
		check_hint_fields(c, diag, structure);
	return NULL;
}

static const LangType *
refuse_field(Check *c, LangExpr *e, const LangType *type)
{
	const char *name = e->u.field.name.sym->text;
	const char *foreign = check_foreign_type_hint(type, name);
	KitDiag    *diag = check_error(c, e->u.field.name.pos, "%s has no field \"%s\"", type->text, name);

	if (check_is_asking_method(type, name))
		kit_diag_hint(diag, "Call it: .%s(...).", name);
	else if (check_hint_await(diag, type))
		;
	else if (check_has_builtin(type, name))
		kit_diag_hint(diag, "Call it: .%s().", name);
	else if (foreign != NULL)
		kit_diag_hint(diag, "%s", foreign);
	else if (type->kind == LANG_TABLE)
		kit_diag_hint(diag, "Take a row first, as in t[id].%s, or the field of every row: (iterate t).%s.", name, name);
	else if (type->kind == LANG_ARRAY && check_type_is_structured(type->a))
		kit_diag_hint(diag, "Take an element first, or loop with foreach.");
	return error_type(c);
}

/* Whether a name that the elements do not have is the one of a method of the list or maybe itself. */
static bool
is_meant_for(Check *c, const LangType *type, LangName name)
{
	return check_name_find(c, CHECK_NAMES_FIELDS, type->a->structure, name.sym) == NULL &&
		check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym) == NULL &&
		(check_has_builtin(type, name.sym->text) || check_foreign_type_hint(type, name.sym->text) != NULL);
}

const LangType *
check_member(Check *c, LangExpr *e)
{
	LangExpr   *operand = e->u.field.operand;
	const LangType *type;
	const LangType *result;
	LangField  *field;

	if (check_is_context(c, operand))
		return check_context_field(c, e);
	if (operand->kind == LANG_EXPR_NAME && check_is_namespace(operand->u.name.sym->text) && !check_resolve_name(c, operand))
	{
		KitDiag    *diag = check_error(c, e->u.field.name.pos, "\"%s.%s\" is not a value", operand->u.name.sym->text,
									   e->u.field.name.sym->text);

		kit_diag_hint(diag, "Call it: %s.%s(...).", operand->u.name.sym->text, e->u.field.name.sym->text);
		return error_type(c);
	}
	type = check_expr(c, operand, NULL);
	switch (type->kind)
	{
		case LANG_ERROR_TYPE:
			return type;
		case LANG_RECORD:
		case LANG_MESSAGE:
			break;
		case LANG_MAYBE:
			if (!check_type_is_structured(type->a) || is_meant_for(c, type, e->u.field.name))
				return refuse_field(c, e, type);
			type = type->a;
			e->u.field.is_lifted = true;
			break;
		case LANG_LIST:
			if (!check_type_is_structured(type->a) || is_meant_for(c, type, e->u.field.name))
				return refuse_field(c, e, type);
			type = type->a;
			e->u.field.is_projection = true;
			break;
		default:
			return refuse_field(c, e, type);
	}
	field = check_find_field(c, type->structure, e->u.field.name);
	if (field == NULL)
		return error_type(c);
	e->u.field.field = field;
	if (type->structure->kind == LANG_STRUCT_VIEW)
		e->u.field.ref = (LangRef) {.kind = LANG_REF_VIEWER_FIELD, .field = field};
	result = check_field_read(c, field, e->u.field.name.pos);
	if (CHECK_IS_ERROR(result) || (!e->u.field.is_lifted && !e->u.field.is_projection))
		return result;
	if (result->kind == LANG_TABLE && c->is_filled && e->u.field.is_lifted && check_place_type(operand)->kind != LANG_MAYBE)
	{
		e->u.field.is_lifted = false;
		return result;
	}
	if (result->kind == LANG_TABLE)
	{
		KitDiag    *diag = check_error(c, e->u.field.name.pos, "table \"%s\" is not reached through a %s", field->name->text,
									   e->u.field.is_lifted ? "maybe" : "list");

		kit_diag_hint(diag, e->u.field.is_lifted ? "Unwrap the maybe first: if (... as row) { iterate row.%s ... }." :
					  "Loop over the list: foreach (row in ...) { iterate row.%s ... }.", field->name->text);
		return error_type(c);
	}
	if (e->u.field.is_projection)
		return lang_type_list(c->program, result);
	return result->kind == LANG_MAYBE ? result : lang_type_maybe(c->program, result);
}
