/*
 * check_convert.c
 *	  Implicit conversions, made explicit; and what to say when there is none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/check_internal.h"

void
check_wrap(Check *c, LangExpr **slot, LangConversion how, LangConversion inner, const LangType *type)
{
	LangExpr   *e = KIT_NEW(c->arena, LangExpr);

	/* what becomes another structure is read as a whole */
	if (check_type_is_structured((*slot)->type))
		check_note_fields(c, (*slot)->type->structure);
	e->kind = LANG_EXPR_CONVERT;
	e->pos = (*slot)->pos;
	e->type = type;
	e->u.convert.how = how;
	e->u.convert.inner = inner;
	e->u.convert.operand = *slot;
	*slot = e;
}

bool
check_try_convert(Check *c, LangExpr **slot, const LangType *to)
{
	const LangType *from = (*slot)->type;
	LangFitting fitting;

	if (CHECK_IS_ERROR(from) || CHECK_IS_ERROR(to))
		return true;
	switch (lang_type_fit(from, to, &fitting))
	{
		case LANG_FITS_NOT:
			return false;
		case LANG_FITS_AS_IS:
			return true;
		case LANG_FITS_CONVERTED:
			if (fitting.how == LANG_CONVERT_TO_MAYBE && fitting.has_inner)
				check_wrap(c, slot, fitting.inner, 0, to->a);
			check_wrap(c, slot, fitting.how, fitting.has_inner ? fitting.inner : 0, to);
			return true;
	}
	return false;
}

/* Which member keeps a message from fitting: for the detail. */
static void
explain_messages(Check *c, KitDiag *diag, const LangStruct *from, const LangStruct *to)
{
	for (int i = 0; i < from->n_fields; i++)
	{
		LangField  *target = check_name_find(c, CHECK_NAMES_FIELDS, to, from->fields[i]->name);
		LangFitting fitting;

		if (target == NULL)
		{
			CheckSuggestion s;

			kit_diag_detail(diag, "%s has no field \"%s\".", to->type->text, from->fields[i]->name->text);
			check_suggest_start(c, &s, from->fields[i]->name->text);
			check_suggest_names(c, &s, CHECK_NAMES_FIELDS, to);
			check_suggest_hint(&s, diag);
			return;
		}
		if (lang_type_fit(from->fields[i]->type, target->type, &fitting) == LANG_FITS_NOT)
		{
			kit_diag_detail(diag, "Field \"%s\" is %s, not %s.", target->name->text, target->type->text, from->fields[i]->type->text);
			return;
		}
	}
}

/* Whether a division (or remainder) is what makes the value a maybe. */
static bool
divides(LangExpr *e, LangOp op)
{
	for (;;)
	{
		e = check_strip(e);
		if (e->kind == LANG_EXPR_CONVERT)
			e = e->u.convert.operand;
		else if (e->kind != LANG_EXPR_BINARY)
			return false;
		else if (e->u.binary.op == op)
			return true;
		else if (check_strip(e->u.binary.right)->kind == LANG_EXPR_BINARY && check_strip(e->u.binary.right)->u.binary.op == op)
			return true;
		else
			e = e->u.binary.left;
	}
}

/* How a value is asked a question. */
static void
hint_condition(KitDiag *diag, const LangType *from)
{
	if (lang_type_is_numeric(from))
		kit_diag_hint(diag, "Compare it: ... != 0.");
	else if (from->kind == LANG_STRING)
		kit_diag_hint(diag, "Compare it: ... != \"\".");
	else if (from->kind == LANG_PRINCIPAL)
		kit_diag_hint(diag, "Compare it: ... != @no_one.");
	else if (from->kind == LANG_ASSET)
		kit_diag_hint(diag, "Ask .valid(), or compare it: ... != @nothing.");
	else if (from->kind == LANG_LIST || from->kind == LANG_ARRAY || from->kind == LANG_TABLE || from->kind == LANG_MAP)
		kit_diag_hint(diag, "Ask for its size: ....size() > 0.");
}

/* What would be right. */
static void
hint_mismatch(Check *c, KitDiag *diag, LangExpr *e, const LangType *from, const LangType *to)
{
	LangFitting fitting;

	e = check_strip(e);
	if (to->kind != LANG_FUTURE && check_hint_await(diag, from))
		return;
	if (from->kind == LANG_MAYBE && to->kind != LANG_MAYBE)
	{
		const char *why = "It may be empty";

		if (divides(e, LANG_OP_DIV))
			why = "Division yields a maybe, empty when the divisor is zero";
		else if (divides(e, LANG_OP_MOD))
			why = "The remainder is a maybe, empty when the divisor is zero";
		else if (e->kind == LANG_EXPR_INDEX)
			why = "Indexing yields a maybe, empty when there is no such element";
		else if (e->kind == LANG_EXPR_FIELD && e->u.field.is_lifted)
			why = "A field of a maybe is a maybe";
		if (check_type_is_structured(from->a))
			kit_diag_hint(diag, "%s: unwrap it with if (... as x) { ... }.", why);
		else
			kit_diag_hint(diag, "%s: unwrap it with if (... as x) { ... }, or give a default with .getOrDefaultTo(...).", why);
	}
	else if (to->kind == LANG_INT && from->kind == LANG_LONG)
		kit_diag_hint(diag, "A long may be too large for an int: declare the target as long.");
	else if (to->kind == LANG_INT && from->kind == LANG_DOUBLE)
		kit_diag_hint(diag, "Math.round(...) makes an int of a double.");
	else if (to->kind == LANG_DOUBLE && from->kind == LANG_LONG)
		kit_diag_hint(diag, "A long is not converted to double by assignment: multiply it by 1.0.");
	else if (from->kind == LANG_TEXT)
		kit_diag_hint(diag, "The string that it holds is .get().");
	else if (to->kind == LANG_DYNAMIC && from->kind == LANG_MESSAGE)
		kit_diag_hint(diag, "A message becomes JSON by .to_dynamic().");
	else if (to->kind == LANG_DYNAMIC && from->kind == LANG_JSON)
		kit_diag_hint(diag, "json becomes dynamic by .to_dynamic().");
	else if (to->kind == LANG_DYNAMIC && (lang_type_is_numeric(from) || from->kind == LANG_BOOL || from->kind == LANG_STRING))
		kit_diag_hint(diag, "Dynamic.dyn(...) makes JSON of it%s.", from->kind == LANG_STRING ? "; Dynamic.parse(...) reads JSON" : "");
	else if (from->kind == LANG_DYNAMIC && to->kind != LANG_JSON)
		kit_diag_hint(diag, "What is in it is a maybe: .str(), .i(), .l(), .d(), .b(), or .at(...) for a part of it.");
	else if (to->kind == LANG_STRING && (lang_type_is_numeric(from) || from->kind == LANG_BOOL))
		kit_diag_hint(diag, "String.strOf(...) makes a string of it.");
	else if (to->kind == LANG_BOOL)
		hint_condition(diag, from);
	else if (lang_type_is_numeric(to) && from->kind == LANG_BOOL)
		kit_diag_hint(diag, "A number is chosen by it: ... ? 1 : 0.");
	else if (lang_type_is_numeric(to) && from->kind == LANG_STRING)
		kit_diag_hint(diag, "A number is read from a string by .%sOf(), which is a maybe.", to->text);
	else if (lang_type_is_numeric(to) && (from->kind == LANG_LIST || from->kind == LANG_TABLE || from->kind == LANG_ARRAY))
		kit_diag_hint(diag, "The number of its elements is (...).size().");
	else if (to->kind == LANG_STRING && from->kind == LANG_PRINCIPAL)
		kit_diag_hint(diag, "The name of a principal is .agent().");
	else if (to->kind == LANG_STRING && from->kind == LANG_ASSET)
		kit_diag_hint(diag, "What is known of an asset is .id(), .name(), .type(), .size(), .md5() and .sha384().");
	else if (to->kind == LANG_RECORD && check_type_is_structured(from))
		kit_diag_hint(diag, "Records are filled by <-, not passed by value.");
	else if (from->kind == LANG_LIST && to->kind == LANG_ARRAY && from->a == to->a)
		kit_diag_hint(diag, "A list becomes an array by .toArray().");
	else if (from->kind == LANG_TABLE && to->kind == LANG_LIST)
		kit_diag_hint(diag, "\"iterate\" makes a list of a table's rows.");
	else if (from->kind == LANG_LIST && to->kind != LANG_LIST && lang_type_fit(from->a, to, &fitting) != LANG_FITS_NOT)
		kit_diag_hint(diag, "It is a list: take one element with (...)[0], which is a maybe.");
	else if (from->kind == LANG_MESSAGE && to->kind == LANG_MESSAGE)
		explain_messages(c, diag, from->structure, to->structure);
	else if (to->kind == LANG_ENUM && from->kind != LANG_ENUM && to->enumeration->n > 0)
		kit_diag_hint(diag, "A value of it is written %s::%s.", to->text, to->enumeration->names[0]->text);
	else if (from->kind == LANG_ENUM && to->kind == LANG_INT)
		kit_diag_hint(diag, "The number of an enumeration's value is .to_int().");
}

bool
check_convert(Check *c, LangExpr **slot, const LangType *to, const char *what,...)
{
	char		text[300];
	va_list		args;
	const LangType *from = (*slot)->type;
	KitDiag    *diag;

	if (check_try_convert(c, slot, to))
		return true;
	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	if (from->kind == LANG_VOID)
		diag = check_error(c, (*slot)->pos, "%s must be %s, but nothing is returned here", text, to->text);
	else
		diag = check_error(c, (*slot)->pos, "%s must be %s, not %s", text, to->kind == LANG_TEXT ? "string" : to->text, from->text);
	hint_mismatch(c, diag, *slot, from, to);
	return false;
}

void
check_condition(Check *c, LangExpr **slot, const char *what)
{
	const LangType *type = check_expr(c, *slot, CHECK_SIMPLE(c, LANG_BOOL));

	if (type->kind == LANG_MAYBE && type->a->kind == LANG_BOOL)
		check_wrap(c, slot, LANG_CONVERT_MAYBE_BOOL, 0, CHECK_SIMPLE(c, LANG_BOOL));
	else if (type->kind == LANG_MAYBE)
	{
		KitDiag    *diag = check_error(c, (*slot)->pos, "%s must be bool, not %s", what, type->text);

		kit_diag_hint(diag, "Ask .has(), or unwrap it with if (... as x) { ... }.");
	}
	else
		check_convert(c, slot, CHECK_SIMPLE(c, LANG_BOOL), "%s", what);
}

const LangType *
check_unify(Check *c, const LangType *a, const LangType *b)
{
	LangFitting fitting;
	const LangType *inner;

	if (a == b || CHECK_IS_ERROR(b))
		return a;
	if (CHECK_IS_ERROR(a))
		return b;
	if (lang_type_is_numeric(a) && lang_type_is_numeric(b))
		return a->kind > b->kind ? a : b;	/* int < long < double */
	if (a->kind == LANG_MAYBE || b->kind == LANG_MAYBE)
	{
		inner = check_unify(c, a->kind == LANG_MAYBE ? a->a : a, b->kind == LANG_MAYBE ? b->a : b);
		return inner == NULL ? NULL : lang_type_maybe(c->program, inner);
	}
	if (lang_type_fit(a, b, &fitting) != LANG_FITS_NOT)
		return b;
	if (lang_type_fit(b, a, &fitting) != LANG_FITS_NOT)
		return a;
	return NULL;
}

void
check_unify_to(Check *c, LangExpr **slot, const LangType *to)
{
	const LangType *from = (*slot)->type;

	if (check_try_convert(c, slot, to))
		return;
	/* what assignment does not do: long to double */
	if (to->kind == LANG_DOUBLE)
		check_wrap(c, slot, LANG_CONVERT_INT_TO_DOUBLE, 0, to);
	else if (from->kind == LANG_MAYBE)
		check_wrap(c, slot, LANG_CONVERT_MAYBE_INNER, LANG_CONVERT_INT_TO_DOUBLE, to);
	else
	{
		check_wrap(c, slot, LANG_CONVERT_INT_TO_DOUBLE, 0, to->a);
		check_wrap(c, slot, LANG_CONVERT_TO_MAYBE, 0, to);
	}
}
