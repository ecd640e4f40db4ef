/*
 * check_project.c
 *	  @convert<M>(e): messages made of what has at least their fields; and @pair, which is an object, and @empty.
 *
 * A conversion goes by the fields of the message: each must be in the value, stored or computed, unless it has an initial value of its own or is a maybe.
 * What the value has besides is left out.  Records become messages this way, tables and lists become lists and arrays, and what is nested is converted
 * alike.
 */
#include <string.h>

#include "lang/check_internal.h"

/* A pair of structures that is being compared: messages may be recursive. */
typedef struct Projecting
{
	const LangStruct *from;
	const LangStruct *to;
	const struct Projecting *up;
} Projecting;

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

static bool
is_many(const LangType *type)
{
	return type->kind == LANG_LIST || type->kind == LANG_ARRAY || type->kind == LANG_TABLE;
}

static bool project_struct(Check *c, const LangStruct *from, const LangStruct *to, LangPos pos, const Projecting *up);

/* Whether a value of one type becomes one of the other; *told: an error of its own was given. */
static bool
project(Check *c, const LangType *from, const LangType *to, LangPos pos, const Projecting *up, bool *told)
{
	LangFitting fitting;

	if (lang_type_fit(from, to, &fitting) != LANG_FITS_NOT)
		return true;
	if (to->kind == LANG_MAYBE)
		return project(c, from->kind == LANG_MAYBE ? from->a : from, to->a, pos, up, told);
	if ((to->kind == LANG_LIST || to->kind == LANG_ARRAY) && is_many(from))
		return project(c, from->a, to->a, pos, up, told);
	if (to->kind != LANG_MESSAGE || !check_type_is_structured(from))
		return false;
	*told = true;
	return project_struct(c, from->structure, to->structure, pos, up);
}

static bool
project_struct(Check *c, const LangStruct *from, const LangStruct *to, LangPos pos, const Projecting *up)
{
	Projecting	here = {from, to, up};

	for (const Projecting *p = up; p != NULL; p = p->up)
		if (p->from == from && p->to == to)
			return true;
	for (int i = 0; i < to->n_fields; i++)
	{
		LangField  *target = to->fields[i];
		LangField  *source = check_name_find(c, CHECK_NAMES_FIELDS, from, target->name);
		const LangType *type;
		bool		told = false;
		KitDiag    *diag;

		if (source == NULL && (target->unit != NULL || target->type->kind == LANG_MAYBE))
			continue;
		if (source == NULL || source->kind == LANG_BUBBLE_FIELD)
		{
			diag = check_error(c, pos, "%s has no field \"%s\", which %s needs", check_struct_text(c, from), target->name->text, check_struct_text(c, to));
			kit_diag_hint(diag, "A field of a message that has an initial value, or is a maybe, may be missing.");
			return false;
		}
		type = check_field_read(c, source, pos);
		if (CHECK_IS_ERROR(type))
			return false;
		if (project(c, type, target->type, pos, &here, &told))
			continue;
		if (!told)
			check_error(c, pos, "field \"%s\" of %s is %s, which does not become %s", target->name->text, check_struct_text(c, from), type->text,
						target->type->text);
		return false;
	}
	return true;
}

const LangType *
check_projection(Check *c, LangExpr *e)
{
	const LangType *to = check_type_ref(c, e->u.typed.written, CHECK_TYPE_LOCAL);
	const LangType *from = check_expr(c, e->u.typed.operand, NULL);
	bool		told = false;
	KitDiag    *diag;

	if (CHECK_IS_ERROR(to) || CHECK_IS_ERROR(from))
		return error_type(c);
	if (to->kind != LANG_MESSAGE)
	{
		diag = check_error(c, e->u.typed.written->pos, "@convert makes messages, not %s", to->text);
		kit_diag_hint(diag, "Name the type of message, also for a list, an array or a maybe of them.");
		return error_type(c);
	}
	switch (from->kind)
	{
		case LANG_MAYBE:
			to = lang_type_maybe(c->program, to);
			break;
		case LANG_LIST:
			to = lang_type_list(c->program, to);
			break;
		case LANG_ARRAY:
			to = lang_type_array(c->program, to);
			break;
		default:
			break;
	}
	if (project(c, from, to, e->pos, NULL, &told))
		return to;
	if (!told)
	{
		diag = check_error(c, e->u.typed.operand->pos, "@convert takes a record or a message, or a list, an array or a maybe of them, not %s", from->text);
		if (from->kind == LANG_TABLE)
			kit_diag_hint(diag, "The rows of a table are \"iterate\" and its name.");
	}
	return error_type(c);
}

/* @pair a -> b is the object {key: a, value: b} */
const LangType *
check_pair(Check *c, LangExpr *e, const LangType *want)
{
	const LangStruct *wanted = want != NULL && want->kind == LANG_MESSAGE && want->structure->kind == LANG_STRUCT_PAIR ? want->structure : NULL;
	LangExpr   *parts[2] = {e->u.binary.left, e->u.binary.right};
	LangObjectMember *members = KIT_NEW_N(c->arena, LangObjectMember, 2);
	const LangType *types[2];
	bool		is_refused = false;

	for (int i = 0; i < 2; i++)
	{
		types[i] = check_expr(c, parts[i], wanted == NULL ? NULL : wanted->fields[i]->type);
		if (types[i]->kind == LANG_VOID || types[i]->kind == LANG_TABLE)
		{
			check_error(c, parts[i]->pos, "a pair cannot hold %s", types[i]->kind == LANG_VOID ? "what returns nothing" : "a table");
			is_refused = true;
		}
		is_refused |= CHECK_IS_ERROR(types[i]);
		members[i].name = (LangName) {kit_sym_z(c->program->syms, i == 0 ? "key" : "value"), parts[i]->pos};
		members[i].value = parts[i];
	}
	if (is_refused)
		return error_type(c);
	if (wanted != NULL && check_try_convert(c, &members[0].value, wanted->fields[0]->type) &&
		check_try_convert(c, &members[1].value, wanted->fields[1]->type))
	{
		types[0] = wanted->fields[0]->type;
		types[1] = wanted->fields[1]->type;
	}
	else
	{
		types[0] = members[0].value->type;
		types[1] = members[1].value->type;
	}
	e->kind = LANG_EXPR_OBJECT;
	e->u.object.members = members;
	e->u.object.n = 2;
	e->u.object.fields = NULL;
	return check_type_pair(c, types[0], types[1]);
}

/* @empty<T>: a list without elements */
const LangType *
check_empty(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *type = check_type_ref(c, e->u.typed.written, CHECK_TYPE_LOCAL);

	if (CHECK_IS_ERROR(type))
		return type;
	if (type->kind == LANG_TABLE)
	{
		check_error(c, e->u.typed.written->pos, "there are no lists of tables");
		return error_type(c);
	}
	return want != NULL && want->kind == LANG_ARRAY && want->a == type ? want : lang_type_list(c->program, type);
}
