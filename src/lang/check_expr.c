/*
 * check_expr.c
 *	  Expressions: literals, names, fields, objects, arrays; what may be assigned to.
 *
 * A bare name is looked up from the inside out: rows of queries and locals, in the order of their nesting (so in "where" the fields of the row come
 * before the variables around it), then the fields of the record or message whose code this is, then the document's.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

LangExpr *
check_strip(LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
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

void
check_unknown_name(Check *c, LangExpr *e)
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
			kit_diag_hint(diag, "A value of it is written %s::%s.", sym->text, type->enumeration->n > 0 ? type->enumeration->names[0]->text : "...");
		return;
	}
	if (check_name_find(c, CHECK_NAMES_CHANNELS, NULL, sym) != NULL)
	{
		check_unsupported(c, e->pos, "channel \"%s\" as a value", sym->text);
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
	if (!check_suggest_hint(&s, diag))
	{
		if (strcmp(sym->text, "who") == 0)
			kit_diag_hint(diag, "Who acts is @who.");
		else if (strcmp(sym->text, "viewer") == 0)
			kit_diag_hint(diag, "Who looks is @viewer.");
		else if (strcmp(sym->text, "self") == 0 || strcmp(sym->text, "this") == 0)
			kit_diag_hint(diag, "The fields of a record or of the document are written by their bare names.");
	}
}

static const LangType *
check_name(Check *c, LangExpr *e)
{
	bool		is_target = c->is_target;
	Found		found;

	c->is_target = false;
	if (!find_name(c, e->u.name.sym, &found))
	{
		check_unknown_name(c, e);
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
			return found.ref.field->type;
		default:
			if (found.hides_local)
			{
				KitDiag    *diag = check_warn(c, e->pos, "\"%s\" is the field of the row here, not the variable", e->u.name.sym->text);

				kit_diag_hint(diag, "Write where_as row: row.%s to tell them apart, or rename the variable.", e->u.name.sym->text);
			}
			if (found.ref.base == LANG_BASE_LOCAL)
				found.ref.local->is_used = true;
			return check_field_read(c, found.ref.field, e->pos);
	}
}

/* ---- fields ---- */

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
	diag = check_error(c, name.pos, "%s has no field \"%s\"", check_struct_text(c, structure), name.sym->text);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_FIELDS, structure);
	check_suggest_hint(&s, diag);
	return NULL;
}

static const LangType *
refuse_field(Check *c, LangExpr *e, const LangType *type)
{
	const char *name = e->u.field.name.sym->text;
	KitDiag    *diag = check_error(c, e->u.field.name.pos, "%s has no field \"%s\"", type->text, name);

	if (type->kind == LANG_TABLE)
		kit_diag_hint(diag, "Take a row first, as in t[id].%s, or the field of every row: (iterate t).%s.", name, name);
	else if (type->kind == LANG_ARRAY && check_type_is_structured(type->a))
		kit_diag_hint(diag, "Take an element first, or loop with foreach.");
	else if (strcmp(name, "length") == 0 || strcmp(name, "size") == 0)
		kit_diag_hint(diag, "Call it: .%s().", type->kind == LANG_STRING ? "length" : "size");
	return error_type(c);
}

static const LangType *
check_field(Check *c, LangExpr *e)
{
	LangExpr   *operand = e->u.field.operand;
	const LangType *type;
	const LangType *result;
	LangField  *field;

	if (operand->kind == LANG_EXPR_NAME && check_is_namespace(operand->u.name.sym->text) && !check_resolve_name(c, operand))
	{
		KitDiag    *diag = check_error(c, e->u.field.name.pos, "\"%s.%s\" is not a value", operand->u.name.sym->text, e->u.field.name.sym->text);

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
			if (!check_type_is_structured(type->a))
				return refuse_field(c, e, type);
			type = type->a;
			e->u.field.is_lifted = true;
			break;
		case LANG_LIST:
			if (!check_type_is_structured(type->a))
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

/* ---- places ---- */

bool
check_is_read_only(const LangExpr *e)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_NAME:
				if (e->u.name.ref.kind == LANG_REF_LOCAL)
					return e->u.name.ref.local->is_readonly;
				if (e->u.name.ref.kind == LANG_REF_FIELD && e->u.name.ref.base == LANG_BASE_LOCAL)
					return e->u.name.ref.local->type->kind == LANG_MESSAGE;
				return false;
			case LANG_EXPR_FIELD:
				if (e->u.field.field == NULL || e->u.field.field->owner->kind == LANG_STRUCT_RECORD || e->u.field.field->owner->kind == LANG_STRUCT_ROOT)
					return false;
				e = e->u.field.operand;
				break;
			case LANG_EXPR_VIEWER:
				return true;
			default:
				return false;
		}
}

/* The field is stored, and code may change it: otherwise an error. */
static bool
field_is_writable(Check *c, const LangField *field, LangPos pos, const char *verb)
{
	KitDiag    *diag;

	if (field->is_id)
	{
		diag = check_error(c, pos, "cannot %s \"id\"", verb);
		kit_diag_hint(diag, "The id of a row is given once, when it is inserted.");
	}
	else if (field->kind != LANG_STORED_FIELD)
	{
		diag = check_error(c, pos, "cannot %s %s \"%s\"", verb, field->kind == LANG_FORMULA_FIELD ? "formula" : "bubble", field->name->text);
		kit_diag_hint(diag, "It is computed: change what it is computed from.");
	}
	else if (field->is_readonly)
	{
		diag = check_error(c, pos, "cannot %s \"%s\": it is declared readonly", verb, field->name->text);
		kit_diag_detail(diag, "It is declared at line %d.", field->pos.line);
	}
	else if (field->type->kind == LANG_TABLE)
	{
		diag = check_error(c, pos, "cannot %s table \"%s\"", verb, field->name->text);
		kit_diag_hint(diag, "Insert rows with %s <- {...}; delete all with %s.delete().", field->name->text, field->name->text);
	}
	else if (field->type->kind == LANG_RECORD)
	{
		diag = check_error(c, pos, "cannot %s record \"%s\"", verb, field->name->text);
		kit_diag_hint(diag, "A record is filled, not replaced: %s <- {...}; or assign its fields one by one.", field->name->text);
	}
	else
		return true;
	return false;
}

static void
note_write(Check *c, const LangField *field, LangPos pos)
{
	if (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD)
		check_effect(c, LANG_WRITES, pos, check_printf(c, "changes \"%s\"", field->name->text));
}

static bool
name_is_place(Check *c, LangExpr *e, const char *verb)
{
	LangRef    *ref = &e->u.name.ref;
	KitDiag    *diag;

	switch (ref->kind)
	{
		case LANG_REF_LOCAL:
			if (ref->local->is_readonly)
			{
				diag = check_error(c, e->pos, "cannot %s \"%s\": it is read-only", verb, ref->local->name->text);
				if (ref->local->is_parameter)
					kit_diag_hint(diag, "Parameters of type %s are read-only; a parameter of a procedure can be declared mutable.", ref->local->type->text);
				return false;
			}
			if (ref->local->type->kind == LANG_RECORD || ref->local->type->kind == LANG_TABLE)
			{
				diag = check_error(c, e->pos, "cannot %s \"%s\", which stands for a %s of the document", verb, ref->local->name->text,
								   ref->local->type->kind == LANG_RECORD ? "record" : "table");
				if (ref->local->type->kind == LANG_RECORD)
					kit_diag_hint(diag, "A record is filled, not replaced: %s <- {...}; or assign its fields one by one.", ref->local->name->text);
				return false;
			}
			return true;
		case LANG_REF_FIELD:
			if (!field_is_writable(c, ref->field, e->pos, verb))
				return false;
			if (ref->base == LANG_BASE_LOCAL && ref->field->owner->kind != LANG_STRUCT_RECORD)
			{
				check_error(c, e->pos, "cannot %s \"%s\": elements of lists and arrays are read-only", verb, ref->field->name->text);
				return false;
			}
			note_write(c, ref->field, e->pos);
			return true;
		default:
			check_error(c, e->pos, "cannot %s \"%s\": what the viewer sends is read-only", verb, e->u.name.sym->text);
			return false;
	}
}

static bool
field_is_place(Check *c, LangExpr *e, const char *verb)
{
	LangField  *field = e->u.field.field;
	KitDiag    *diag;

	if (e->u.field.is_lifted)
	{
		diag = check_error(c, e->pos, "cannot %s \"%s\" through a maybe", verb, field->name->text);
		kit_diag_hint(diag, "Unwrap it first: if (... as row) { row.%s = ...; }.", field->name->text);
		return false;
	}
	if (!field_is_writable(c, field, e->u.field.name.pos, verb))
		return false;
	if (check_is_read_only(e->u.field.operand) && field->owner->kind != LANG_STRUCT_RECORD)
	{
		diag = check_error(c, e->u.field.name.pos, "cannot %s \"%s\" of a message that is read-only", verb, field->name->text);
		kit_diag_hint(diag, "Parameters and elements of lists and arrays are read-only; copy what is needed into a variable.");
		return false;
	}
	if (e->u.field.is_projection && field->owner->kind != LANG_STRUCT_RECORD)
	{
		check_error(c, e->u.field.name.pos, "cannot %s \"%s\": elements of lists and arrays are read-only", verb, field->name->text);
		return false;
	}
	note_write(c, field, e->u.field.name.pos);
	return true;
}

bool
check_place(Check *c, LangExpr *e, const char *verb)
{
	LangExpr   *inner = check_strip(e);
	KitDiag    *diag;
	bool		ok;

	if (CHECK_IS_ERROR(inner->type))
		return false;
	switch (inner->kind)
	{
		case LANG_EXPR_NAME:
			ok = name_is_place(c, inner, verb);
			break;
		case LANG_EXPR_FIELD:
			ok = field_is_place(c, inner, verb);
			break;
		case LANG_EXPR_INDEX:
			diag = check_error(c, inner->pos, "cannot %s an element by its index", verb);
			if (inner->type->kind == LANG_MAYBE && inner->type->a->kind == LANG_RECORD)
				kit_diag_hint(diag, "Unwrap it first: if (...[...] as row) { row.field = ...; }.");
			else
				kit_diag_hint(diag, "Elements of lists and arrays are read-only.");
			return false;
		default:
			check_error(c, inner->pos, "cannot %s this: it is a value, not a variable or field", verb);
			return false;
	}
	if (ok)
		for (LangExpr *p = e;; p = p->u.unary.operand)
		{
			p->is_place = true;
			if (p == inner)
				break;
		}
	return ok;
}

/* ---- composed values ---- */

static const LangType *
check_enum_value(Check *c, LangExpr *e)
{
	CheckType  *type = check_name_find(c, CHECK_NAMES_TYPES, NULL, e->u.enumeration.type.sym);
	LangEnum   *enumeration;
	const KitSym *wanted = e->u.enumeration.value.sym;
	CheckSuggestion s;
	KitDiag    *diag;
	bool		any = false;

	if (type == NULL || type->enumeration == NULL)
	{
		diag = check_error(c, e->u.enumeration.type.pos, "there is no enumeration \"%s\"", e->u.enumeration.type.sym->text);
		check_suggest_start(c, &s, e->u.enumeration.type.sym->text);
		for (int i = 0; i < c->program->n_enums; i++)
			check_suggest(&s, c->program->enums[i]->name->text);
		check_suggest_hint(&s, diag);
		return error_type(c);
	}
	e->u.enumeration.enumeration = enumeration = type->enumeration;
	for (int i = 0; i < enumeration->n; i++)
	{
		const KitSym *name = enumeration->names[i];

		if (e->u.enumeration.is_star)
			any |= wanted == NULL || (name->len >= wanted->len && memcmp(name->text, wanted->text, wanted->len) == 0);
		else if (name == wanted)
		{
			e->u.enumeration.number = enumeration->numbers[i];
			return enumeration->type;
		}
	}
	if (any)
		return lang_type_array(c->program, enumeration->type);
	if (e->u.enumeration.is_star)
		diag = check_error(c, e->u.enumeration.value.pos, "no value of enumeration \"%s\" begins with \"%s\"", enumeration->name->text, wanted == NULL ? "" : wanted->text);
	else
		diag = check_error(c, e->u.enumeration.value.pos, "enumeration \"%s\" has no value \"%s\"", enumeration->name->text, wanted->text);
	check_suggest_start(c, &s, wanted == NULL ? "" : wanted->text);
	for (int i = 0; i < enumeration->n; i++)
		check_suggest(&s, enumeration->names[i]->text);
	check_suggest_hint(&s, diag);
	return error_type(c);
}

/* [a, b]: what is wanted, else the type that all elements have in common. */
static const LangType *
check_array(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *element = want != NULL && (want->kind == LANG_ARRAY || want->kind == LANG_LIST) ? want->a : NULL;
	const LangType *common = NULL;
	bool		is_refused = false;

	for (int i = 0; i < e->u.list.n; i++)
	{
		const LangType *type = check_expr(c, e->u.list.items[i], element);

		if (CHECK_IS_ERROR(type))
			is_refused = true;
		else if (type->kind == LANG_VOID || type->kind == LANG_TABLE)
		{
			check_error(c, e->u.list.items[i]->pos, "%s cannot be an element of an array", type->kind == LANG_VOID ? "a call that returns nothing" : "a table");
			is_refused = true;
		}
		else
			common = common == NULL ? type : check_unify(c, common, type);
		if (common == NULL && !is_refused)
		{
			check_error(c, e->u.list.items[i]->pos, "an array's elements must have one type: this one is %s, the one before %s", type->text,
						e->u.list.items[i - 1]->type->text);
			is_refused = true;
		}
		if (is_refused && common == NULL)
			return error_type(c);
	}
	if (is_refused)
		return error_type(c);
	if (element != NULL && (common == NULL || (element->kind != LANG_RECORD && element != common)))
	{
		bool		fits = true;

		for (int i = 0; i < e->u.list.n && fits; i++)
		{
			LangFitting fitting;

			fits = lang_type_fit(e->u.list.items[i]->type, element, &fitting) != LANG_FITS_NOT;
		}
		if (fits)
			common = element;
	}
	if (common == NULL)
	{
		KitDiag    *diag = check_error(c, e->pos, "the type of an empty array is not known here");

		kit_diag_hint(diag, "Declare the variable with its type, as in int[] x = [];");
		return error_type(c);
	}
	for (int i = 0; i < e->u.list.n; i++)
		check_unify_to(c, &e->u.list.items[i], common);
	return lang_type_array(c->program, common);
}

static const LangType *
check_ternary(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *yes;
	const LangType *no;
	const LangType *common;

	check_condition(c, &e->u.ternary.condition, "condition");
	yes = check_expr(c, e->u.ternary.yes, want);
	no = check_expr(c, e->u.ternary.no, want);
	if (CHECK_IS_ERROR(yes) || CHECK_IS_ERROR(no))
		return error_type(c);
	common = check_unify(c, yes, no);
	if (common == NULL || common->kind == LANG_VOID || common->kind == LANG_TABLE)
	{
		check_error(c, e->pos, "both sides of ':' must have one type: %s and %s", yes->text, no->text);
		return error_type(c);
	}
	check_unify_to(c, &e->u.ternary.yes, common);
	check_unify_to(c, &e->u.ternary.no, common);
	return common;
}

static const LangType *
check_maybe(Check *c, LangExpr *e, const LangType *want)
{
	const LangType *type;

	if (e->u.typed.operand != NULL)
		type = check_expr(c, e->u.typed.operand, want != NULL && want->kind == LANG_MAYBE ? want->a : NULL);
	else
		type = check_type_ref(c, e->u.typed.written, CHECK_TYPE_LOCAL);
	if (CHECK_IS_ERROR(type))
		return type;
	if (type->kind == LANG_MAYBE || type->kind == LANG_VOID || type->kind == LANG_TABLE)
	{
		check_error(c, e->pos, "there is no maybe of %s", type->text);
		return error_type(c);
	}
	return lang_type_maybe(c->program, type);
}

static const LangType *
check_who(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;

	if (!check_rules(unit).who)
	{
		KitDiag    *diag = check_error(c, e->pos, "@who is not known in %s", check_unit_text(c, unit));

		switch (unit->kind)
		{
			case LANG_UNIT_FUNCTION:
			case LANG_UNIT_PROCEDURE:
			case LANG_UNIT_METHOD:
				kit_diag_hint(diag, "Pass it as a parameter: principal who.");
				break;
			case LANG_UNIT_FORMULA:
				kit_diag_hint(diag, "A formula is the same for all viewers; what depends on who looks is a bubble.");
				break;
			default:
				break;
		}
		return error_type(c);
	}
	check_effect(c, LANG_READS_WHO, e->pos, "reads @who");
	return CHECK_SIMPLE(c, LANG_PRINCIPAL);
}

static const LangType *
check_viewer(Check *c, LangExpr *e)
{
	const LangUnit *unit = c->cur->unit;

	if (!check_rules(unit).viewer)
	{
		KitDiag    *diag = check_error(c, e->pos, "@viewer is not known in %s", check_unit_text(c, unit));

		if (unit->kind == LANG_UNIT_PROCEDURE || unit->kind == LANG_UNIT_METHOD)
			kit_diag_hint(diag, "Declare it viewer; then only bubbles can call it.");
		else
			kit_diag_hint(diag, "It is known in bubbles, filters and procedures that are declared viewer.");
		return error_type(c);
	}
	check_effect(c, LANG_READS_VIEWER, e->pos, "reads @viewer");
	return c->program->view->type;
}

static const char *
unsupported_text(LangExprKind kind)
{
	switch (kind)
	{
		case LANG_EXPR_LABEL:
			return "a state's label";
		case LANG_EXPR_TUPLE:
			return "a tuple";
		case LANG_EXPR_CONTEXT:
			return "@context";
		case LANG_EXPR_HEADERS:
			return "@headers";
		case LANG_EXPR_PARAMETERS:
			return "@parameters";
		case LANG_EXPR_SELF:
			return "@self";
		case LANG_EXPR_STABLE:
			return "@stable";
		case LANG_EXPR_BLOCKED:
			return "@blocked";
		case LANG_EXPR_I:
			return "@i";
		case LANG_EXPR_NULL:
			return "@null";
		case LANG_EXPR_NOTHING:
			return "@nothing";
		case LANG_EXPR_EMPTY:
			return "@empty";
		case LANG_EXPR_PAIR:
			return "@pair";
		case LANG_EXPR_LAMBDA:
			return "@lambda";
		case LANG_EXPR_CONVERT_MESSAGE:
			return "@convert";
		case LANG_EXPR_DATE:
			return "@date";
		case LANG_EXPR_TIME:
			return "@time";
		case LANG_EXPR_DATETIME:
			return "@datetime";
		case LANG_EXPR_TIMESPAN:
			return "@timespan";
		case LANG_EXPR_VEC:
			return "@vec";
		case LANG_EXPR_MATRIX:
			return "@matrix";
		default:
			return "this expression";
	}
}

static const LangType *
check_kind(Check *c, LangExpr *e, const LangType *want)
{
	switch (e->kind)
	{
		case LANG_EXPR_INT:
			return CHECK_SIMPLE(c, LANG_INT);
		case LANG_EXPR_LONG:
			return CHECK_SIMPLE(c, LANG_LONG);
		case LANG_EXPR_DOUBLE:
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_BOOL:
			return CHECK_SIMPLE(c, LANG_BOOL);
		case LANG_EXPR_STRING:
			return CHECK_SIMPLE(c, LANG_STRING);
		case LANG_EXPR_PI:
			e->kind = LANG_EXPR_DOUBLE;
			e->u.real = 3.141592653589793;
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_E:
			e->kind = LANG_EXPR_DOUBLE;
			e->u.real = 2.718281828459045;
			return CHECK_SIMPLE(c, LANG_DOUBLE);
		case LANG_EXPR_NAME:
			return check_name(c, e);
		case LANG_EXPR_ENUM:
			return check_enum_value(c, e);
		case LANG_EXPR_FIELD:
			return check_field(c, e);
		case LANG_EXPR_INDEX:
			return check_index(c, e);
		case LANG_EXPR_CALL:
			return check_call(c, e);
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			return check_unary(c, e);
		case LANG_EXPR_BINARY:
			return check_binary(c, e);
		case LANG_EXPR_RANGE:
			return check_range(c, e);
		case LANG_EXPR_ASSIGN_OP:
			return check_assign_op(c, e);
		case LANG_EXPR_TERNARY:
			return check_ternary(c, e, want);
		case LANG_EXPR_PAREN:
			return check_expr(c, e->u.unary.operand, want);
		case LANG_EXPR_OBJECT:
			return check_object(c, e, want);
		case LANG_EXPR_ARRAY:
			return check_array(c, e, want);
		case LANG_EXPR_ITERATE:
			return check_iterate(c, e);
		case LANG_EXPR_LINQ:
			return check_linq(c, e);
		case LANG_EXPR_NO_ONE:
			return CHECK_SIMPLE(c, LANG_PRINCIPAL);
		case LANG_EXPR_WHO:
			return check_who(c, e);
		case LANG_EXPR_VIEWER:
			return check_viewer(c, e);
		case LANG_EXPR_MAYBE:
			return check_maybe(c, e, want);
		case LANG_EXPR_CONVERT:
			return e->type;		/* made by the checker, checked already */
		default:
			check_unsupported(c, e->pos, "%s", unsupported_text(e->kind));
			return error_type(c);
	}
}

const LangType *
check_expr(Check *c, LangExpr *e, const LangType *want)
{
	if (!check_enter(c, e->pos))
	{
		e->type = error_type(c);
		return e->type;
	}
	if (e->kind != LANG_EXPR_NAME && e->kind != LANG_EXPR_PAREN)
		c->is_target = false;
	e->type = check_kind(c, e, want);
	check_leave(c);
	return e->type;
}
