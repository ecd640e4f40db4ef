/*
 * check_context.c
 *	  What code may ask about the event that it serves and about itself: @context, @self, and the atoms that are known in few places.
 *
 * @context is no value: its fields are asked for one by one.  .who is @who; .key is what Document.key() yields; .origin and .ip
 * say where a request came from, and whoever asks for one of them makes the log keep both, or a replay would not be exact.  The name that
 * @static (name) gives is another word for it.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* ---- @context ---- */

static const struct
{
	const char *name;
	LangContextField field;
}			context_fields[] = {
	{"key", LANG_CONTEXT_KEY}, {"space", LANG_CONTEXT_SPACE}, {"origin", LANG_CONTEXT_ORIGIN}, {"ip", LANG_CONTEXT_IP}
};

#define N_CONTEXT_FIELDS ((int) (sizeof(context_fields) / sizeof(context_fields[0])))

bool
check_is_context(Check *c, const LangExpr *e)
{
	e = check_strip((LangExpr *) e);
	if (e->kind == LANG_EXPR_CONTEXT)
		return true;
	return e->kind == LANG_EXPR_NAME && c->cur->unit->context_name != NULL && e->u.name.sym == c->cur->unit->context_name &&
		!check_resolve_name(c, (LangExpr *) e);
}

static bool
context_is_known(Check *c, LangPos pos)
{
	const LangUnit *unit = c->cur->unit;
	KitDiag    *diag;

	if (check_rules(unit).context)
		return true;
	diag = check_error(c, pos, "@context is not known in %s", check_unit_text(c, unit));
	switch (unit->kind)
	{
		case LANG_UNIT_FUNCTION:
		case LANG_UNIT_PROCEDURE:
		case LANG_UNIT_METHOD:
		case LANG_UNIT_DISPATCH:
			kit_diag_hint(diag, "Pass what is needed of it as a parameter.");
			break;
		case LANG_UNIT_REPLICATION:
			kit_diag_hint(diag, "What is published does not depend on who did what; the document's own names are Document.key() and Document.space().");
			break;
		default:
			kit_diag_hint(diag, "It is known in channels, @construct, @connected, @disconnected, @delete and @static.");
			break;
	}
	return false;
}

const LangType *
check_context(Check *c, LangExpr *e)
{
	if (context_is_known(c, e->pos))
		kit_diag_hint(check_error(c, e->pos, "the context is not a value of its own"),
					  "Take what is needed: its fields are .key, .space, .origin, .ip and .who.");
	return error_type(c);
}

const LangType *
check_context_field(Check *c, LangExpr *e)
{
	LangName	name = e->u.field.name;
	CheckSuggestion s;
	KitDiag    *diag;

	if (!context_is_known(c, e->u.field.operand->pos))
		return error_type(c);
	if (strcmp(name.sym->text, "who") == 0)
	{
		e->kind = LANG_EXPR_WHO;
		check_effect(c, LANG_READS_WHO, e->pos, "reads @who");
		return CHECK_SIMPLE(c, LANG_PRINCIPAL);
	}
	for (int i = 0; i < N_CONTEXT_FIELDS; i++)
		if (strcmp(name.sym->text, context_fields[i].name) == 0)
		{
			e->kind = LANG_EXPR_CONTEXT;
			e->u.integer = context_fields[i].field;
			if (context_fields[i].field == LANG_CONTEXT_ORIGIN || context_fields[i].field == LANG_CONTEXT_IP)
				c->program->reads_origin = true;
			return CHECK_SIMPLE(c, LANG_STRING);
		}
	diag = check_error(c, name.pos, "@context has no field \"%s\"", name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; i < N_CONTEXT_FIELDS; i++)
		check_suggest(&s, context_fields[i].name);
	check_suggest(&s, "who");
	if (!check_suggest_hint(&s, diag))
		kit_diag_hint(diag, "Its fields are .key, .space, .origin, .ip and .who.");
	return error_type(c);
}

/* ---- @self and others ---- */

const LangType *
check_self(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;
	KitDiag    *diag;

	if (unit->self != NULL && unit->self->kind != LANG_STRUCT_ROOT && unit->self->kind != LANG_STRUCT_VIEW)
		return unit->self->type;
	diag = check_error(c, e->pos, "@self is not known in %s", check_unit_text(c, unit));
	if (unit->kind == LANG_UNIT_DISPATCH)
		kit_diag_hint(diag, "The value itself is \"self\".");
	else
		kit_diag_hint(diag, "It is the record or message whose method, policy or formula this is.");
	return error_type(c);
}

/* Atoms that have a meaning in one kind of code only. */
const LangType *
check_rare_atom(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;
	const char *atom = e->kind == LANG_EXPR_HEADERS ? "@headers" : e->kind == LANG_EXPR_PARAMETERS ? "@parameters" : "@stable";
	bool		is_of_web = e->kind == LANG_EXPR_HEADERS || e->kind == LANG_EXPR_PARAMETERS;

	if (is_of_web || unit->kind != LANG_UNIT_TEST)
		kit_diag_hint(check_error(c, e->pos, "%s is not known in %s", atom, check_unit_text(c, unit)), "It is known in %s.",
					  is_of_web ? "@web, which is not supported yet" : "tests");
	else
		check_unsupported(c, e->pos, "%s", atom);
	return error_type(c);
}
