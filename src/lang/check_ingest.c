/*
 * check_ingest.c
 *	  Objects, and what they are made for: messages, and filling records and tables by <-.
 *
 * The members of an object are checked against the fields of what it becomes, when that is known, so that { amount: 1 } for a
 * message with double amount converts the member at once.  Ingestion allows what assignment does not: a maybe for a plain field
 * (nothing happens when it is empty), a message for a nested record, a list or array of messages for a nested table.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* A pair of structures that is being compared: messages may be recursive. */
typedef struct Ingesting
{
	const LangStruct *from;
	const LangStruct *to;
	const struct Ingesting *up;
} Ingesting;

static bool ingest_struct(Check *c, const LangType *from, const LangStruct *to, LangPos pos, bool is_new, const Ingesting *up);

/* The field as a target of ingestion: false after an error.  A readonly field gets its value when the row is new. */
static bool
can_be_filled(Check *c, const LangField *target, LangPos pos, bool is_new)
{
	KitDiag    *diag;

	if (target->kind == LANG_STORED_FIELD)
	{
		if (!target->is_readonly || is_new)
			return true;
		check_error(c, pos, "cannot fill \"%s\": it is declared readonly", target->name->text);
		return false;
	}
	diag = check_error(c, pos, "cannot fill %s \"%s\"", target->kind == LANG_FORMULA_FIELD ? "formula" : "bubble", target->name->text);
	kit_diag_hint(diag, "It is computed: leave it out.");
	return false;
}

/* Whether a map can fill another one; otherwise an error. */
static bool
ingest_map(Check *c, const LangType *from, const LangType *to, LangPos pos, const Ingesting *up)
{
	LangFitting fitting;
	KitDiag    *diag;

	if (from->kind == LANG_MAP && lang_type_fit(from->a, to->a, &fitting) != LANG_FITS_NOT)
	{
		if (to->b->kind == LANG_RECORD && check_type_is_structured(from->b))
			return ingest_struct(c, from->b, to->b->structure, pos, false, up);
		if (to->b->kind == LANG_MAP && from->b->kind == LANG_MAP)
			return ingest_map(c, from->b, to->b, pos, up);
		if (lang_type_fit(from->b, to->b, &fitting) != LANG_FITS_NOT)
			return true;
	}
	diag = check_error(c, pos, "%s is filled from a map of such keys and values, not from %s", to->text, from->text);
	if (from->kind != LANG_MAP)
		kit_diag_hint(diag, "One entry is filled by m[key] <- {...}, or assigned by m[key] = ...");
	return false;
}

/* Whether a value of type from can fill the field; otherwise an error. */
static bool
ingest_field(Check *c, const LangType *from, const LangField *target, LangPos pos, bool is_new, const Ingesting *up)
{
	const LangType *to = target->type;
	bool		is_stored = target->owner->kind == LANG_STRUCT_ROOT || target->owner->kind == LANG_STRUCT_RECORD;
	LangFitting fitting;
	KitDiag    *diag;

	if (CHECK_IS_ERROR(to) || CHECK_IS_ERROR(from))
		return false;
	if (to->kind == LANG_MESSAGE && check_type_is_structured(from->kind == LANG_MAYBE ? from->a : from))
		return ingest_struct(c, from->kind == LANG_MAYBE ? from->a : from, to->structure, pos, true, up);
	if (to->kind == LANG_MAP && is_stored)
		return ingest_map(c, from->kind == LANG_MAYBE ? from->a : from, to, pos, up);
	if (to->kind == LANG_MAYBE && to->a->kind == LANG_RECORD && is_stored)
		to = to->a;
	if (to->kind == LANG_RECORD || to->kind == LANG_TABLE)
	{
		const LangStruct *row = to->kind == LANG_RECORD ? to->structure : to->a->structure;

		if (to->kind == LANG_TABLE && (from->kind == LANG_ARRAY || from->kind == LANG_LIST || from->kind == LANG_TABLE))
			from = from->a;
		else if (to->kind == LANG_RECORD && from->kind == LANG_MAYBE)
			from = from->a;
		if (check_type_is_structured(from))
			return ingest_struct(c, from, row, pos, is_new || to->kind == LANG_TABLE, up);
		check_error(c, pos, "field \"%s\" is filled from a message, not from %s", target->name->text, from->text);
		return false;
	}
	if (lang_type_fit(from, to, &fitting) != LANG_FITS_NOT)
		return true;
	if (from->kind == LANG_MAYBE && lang_type_fit(from->a, to, &fitting) != LANG_FITS_NOT)
		return true;
	diag = check_error(c, pos, "field \"%s\" must be %s, not %s", target->name->text, to->kind == LANG_TEXT ? "string" : to->text, from->text);
	if (from->kind == LANG_TEXT)
		kit_diag_hint(diag, "The string that a text holds is .get().");
	if (to->kind == LANG_INT && from->kind == LANG_LONG)
		kit_diag_hint(diag, "A long may be too large for an int: declare the field as long.");
	return false;
}

static void
unknown_member(Check *c, const LangStruct *to, const KitSym *name, LangPos pos, bool is_lossy_possible)
{
	KitDiag    *diag;
	CheckSuggestion s;

	if (check_refuse_replication(c, to, (LangName) {name, pos}))
		return;
	diag = check_error(c, pos, "%s has no field \"%s\"", check_struct_text(c, to), name->text);
	check_suggest_start(c, &s, name->text);
	check_suggest_names(c, &s, CHECK_NAMES_FIELDS, to);
	if (check_suggest_hint(&s, diag))
		return;
	if (is_lossy_possible)
		kit_diag_hint(diag, "A message's field that is declared lossy may be missing there.");
	else
		check_hint_fields(c, diag, to);
}

/* required fields must be among the members of from. */
static bool
required_are_there(Check *c, const LangStruct *from, const LangStruct *to, LangPos pos)
{
	bool		ok = true;

	for (int i = 0; i < to->n_fields; i++)
		if (to->fields[i]->is_required && check_name_find(c, CHECK_NAMES_FIELDS, from, to->fields[i]->name) == NULL)
		{
			check_error(c, pos, "field \"%s\" of %s is required here", to->fields[i]->name->text, check_struct_text(c, to));
			ok = false;
		}
	return ok;
}

/* Whether a message or record can fill a record; otherwise an error. */
static bool
ingest_struct(Check *c, const LangType *from, const LangStruct *to, LangPos pos, bool is_new, const Ingesting *up)
{
	const LangStruct *source = from->structure;
	Ingesting	here = {source, to, up};

	for (const Ingesting *i = up; i != NULL; i = i->up)
		if (i->from == source && i->to == to)
			return true;
	for (int i = 0; i < source->n_fields; i++)
	{
		const LangField *f = source->fields[i];
		LangField  *target;

		if (f->kind != LANG_STORED_FIELD || (f->name == c->id && to->kind == LANG_STRUCT_RECORD))
			continue;
		target = check_name_find(c, CHECK_NAMES_FIELDS, to, f->name);
		if (target == NULL)
		{
			if (f->is_lossy || (f->is_id && source->kind == LANG_STRUCT_RECORD))
				continue;
			unknown_member(c, to, f->name, pos, source->kind == LANG_STRUCT_MESSAGE);
			return false;
		}
		if (!can_be_filled(c, target, pos, is_new))
			return false;
		if (!ingest_field(c, f->type, target, pos, is_new, &here))
			return false;
	}
	return required_are_there(c, source, to, pos);
}

/* ---- { a: 1 } ---- */

/* What a member is wanted to be, when it fills the field. */
static const LangType *
wanted_of(Check *c, const LangField *target)
{
	if (target->type == NULL)
		return NULL;
	if (target->type->kind == LANG_TABLE)
		return lang_type_array(c->program, target->type->a);
	return target->type;
}

/* Converts a member to the field's type, as far as there is a conversion; a maybe may stay one for what is filled.  False after an error. */
static bool
member_to_field(Check *c, LangExpr **slot, const LangField *target, bool is_filled)
{
	const LangType *to = target->type;

	if (to == NULL || CHECK_IS_ERROR((*slot)->type) || CHECK_IS_ERROR(to))
		return true;
	if (is_filled && (to->kind == LANG_RECORD || to->kind == LANG_TABLE))
		return true;			/* ingest_field looks at it */
	if (is_filled && (*slot)->type->kind == LANG_MAYBE && to->kind != LANG_MAYBE)
	{
		check_try_convert(c, slot, lang_type_maybe(c->program, to));
		return true;
	}
	if (!is_filled)
		return check_convert(c, slot, to, "field \"%s\"", target->name->text);
	if (to->kind != LANG_TEXT)		/* the string goes on being one until it is stored */
		check_try_convert(c, slot, to);	/* the error, if any, comes from ingest_field */
	return true;
}

const LangType *
check_object(Check *c, LangExpr *e, const LangType *want)
{
	const LangStruct *to = NULL;
	const LangType **types;
	const LangType *type;
	bool		is_record;
	bool		is_row = c->is_row;	/* of a table of messages */
	bool		is_filled;
	bool		is_refused = false;

	c->is_row = false;
	if (want != NULL && want->kind == LANG_MAYBE)
		want = want->a;
	if (want != NULL && (check_type_is_structured(want)))
		to = want->structure;
	is_record = to != NULL && to->kind == LANG_STRUCT_RECORD;
	is_filled = is_record || (to != NULL && is_row);
	types = KIT_NEW_N(c->arena, const LangType *, e->u.object.n + 1);
	for (int i = 0; i < e->u.object.n; i++)
	{
		LangObjectMember *m = &e->u.object.members[i];
		LangField  *target = to == NULL ? NULL : check_name_find(c, CHECK_NAMES_FIELDS, to, m->name.sym);
		int			n_errors = c->diags->n_errors;

		if (to != NULL && target == NULL && !(is_record && m->name.sym == c->id))
		{
			unknown_member(c, to, m->name.sym, m->name.pos, false);
			is_refused = true;
		}
		check_expr(c, m->value, target == NULL ? NULL : wanted_of(c, target));
		if (target != NULL && is_filled && !target->is_id && !can_be_filled(c, target, m->name.pos, true))
			is_refused = true;
		else if (target != NULL && !(is_record && target->is_id))
		{
			if (!member_to_field(c, &m->value, target, is_filled))
				is_refused = true;
			if (is_filled && !CHECK_IS_ERROR(m->value->type) && !ingest_field(c, m->value->type, target, m->value->pos, true, NULL))
				is_refused = true;
		}
		types[i] = m->value->type;
		if (types[i]->kind == LANG_VOID || types[i]->kind == LANG_TABLE)
		{
			if (c->diags->n_errors == n_errors)
				check_error(c, m->value->pos, "field \"%s\" cannot hold %s", m->name.sym->text,
							types[i]->kind == LANG_VOID ? "what returns nothing" : "a table");
			types[i] = error_type(c);
		}
		is_refused |= CHECK_IS_ERROR(types[i]);
	}
	for (int i = 1; i < e->u.object.n && e->u.object.n <= 1000; i++)
		for (int k = 0; k < i; k++)
			if (e->u.object.members[i].name.sym == e->u.object.members[k].name.sym)
			{
				check_error(c, e->u.object.members[i].name.pos, "field \"%s\" is given twice", e->u.object.members[i].name.sym->text);
				is_refused = true;
			}
	if (e->u.object.n > 1000)
	{
		check_limit(c, e->pos, "an object has more than 1000 fields");
		is_refused = true;
	}
	if (is_refused)
		return error_type(c);
	type = check_anonymous_type(c, e->u.object.members, types, e->u.object.n);
	e->u.object.fields = KIT_NEW_N(c->arena, LangField *, e->u.object.n + 1);
	for (int i = 0; i < e->u.object.n; i++)
		e->u.object.fields[i] = check_name_find(c, CHECK_NAMES_FIELDS, type->structure, e->u.object.members[i].name.sym);
	return type;
}

/* ---- place <- value ---- */

/* The position of a member in a literal, so that an error points to it. */
static LangPos
value_pos(LangExpr *value)
{
	value = check_strip(value);
	return value->pos;
}

/* The structure that the place's rows have, and whether several values can go there; NULL after an error. */
static const LangStruct *
ingest_target(Check *c, LangExpr *place, bool *takes_many)
{
	const LangType *type = place->type;
	LangExpr   *inner = check_strip(place);
	KitDiag    *diag;

	*takes_many = false;
	switch (type->kind)
	{
		case LANG_TABLE:
			*takes_many = true;
			if (check_is_rows(type))
				return check_rows_place(c, inner, "insert into") ? type->a->structure : NULL;
			if (inner->kind == LANG_EXPR_NAME && inner->u.name.ref.kind == LANG_REF_LOCAL && inner->u.name.ref.local->is_readonly)
			{
				diag = check_error(c, inner->pos, "cannot insert into \"%s\": it is read-only", inner->u.name.ref.local->name->text);
				kit_diag_hint(diag, "A parameter of a procedure can be declared mutable.");
				return NULL;
			}
			return type->a->structure;
		case LANG_RECORD:
			if (type->structure->kind == LANG_STRUCT_ROOT)
				break;
			return type->structure;
		case LANG_LIST:
			if (type->a->kind == LANG_RECORD)
				return type->a->structure;
			break;
		case LANG_MAYBE:
			if (check_is_held(place))
				return check_place(c, place, "fill") ? type->a->structure : NULL;
			if (type->a->kind == LANG_RECORD)
			{
				diag = check_error(c, place->pos, "this maybe cannot be filled: it is a value, not a field of the document");
				kit_diag_hint(diag, "Unwrap it first: if (... as row) { row <- {...}; }.");
				return NULL;
			}
			break;
		default:
			break;
	}
	diag = check_error(c, place->pos, "\"<-\" fills tables, maps and records, not %s", type->text);
	if (type->kind != LANG_MESSAGE)
		kit_diag_hint(diag, "A value is assigned by \"=\".");
	else
		kit_diag_hint(diag, "Assign the message, or its fields, by \"=\".");
	return NULL;
}

/* map <- map */
static void
fill_map(Check *c, LangStmt *stmt)
{
	LangExpr   *place = stmt->u.assign.place;
	LangExpr   *value = stmt->u.assign.value;
	const LangType *from = check_expr(c, value, place->type);

	if (!CHECK_IS_ERROR(from) && check_place(c, place, "fill"))
		ingest_map(c, from, place->type, value_pos(value), NULL);
	if (stmt->u.assign.as.sym != NULL)
		check_error(c, stmt->u.assign.as.pos, "\"as\" names the id of an inserted row, but this inserts none");
}

void
check_ingest(Check *c, LangStmt *stmt)
{
	LangExpr   *place = stmt->u.assign.place;
	LangExpr   *value = stmt->u.assign.value;
	bool		was_filled = c->is_filled;
	const LangType *type;
	const LangType *row;
	const LangType *from;
	const LangStruct *to;
	const char *what;
	bool		takes_many;
	bool		is_many = false;
	bool		ok = false;

	c->is_filled = true;
	type = check_expr(c, place, NULL);
	c->is_filled = was_filled;
	if (!CHECK_IS_ERROR(type))
		type = check_place_type(place);
	if (type->kind == LANG_MAP)
	{
		fill_map(c, stmt);
		return;
	}
	to = CHECK_IS_ERROR(type) ? NULL : ingest_target(c, place, &takes_many);
	if (to != NULL && !check_path(c, place, "fill"))
		to = NULL;
	if (to == NULL)
		check_expr(c, value, NULL);
	else
	{
		row = to->type;
		c->is_row = check_is_rows(type) && check_strip(value)->kind == LANG_EXPR_OBJECT;
		check_expr(c, value, check_strip(value)->kind == LANG_EXPR_ARRAY ? lang_type_array(c->program, row) : row);
		from = value->type;
		if (!CHECK_IS_ERROR(from) && (from->kind == LANG_ARRAY || from->kind == LANG_LIST) && check_type_is_structured(from->a))
		{
			is_many = true;
			from = from->a;
			if (!takes_many)
			{
				check_error(c, value_pos(value), "a record is filled from one value, not from %s",
							value->type->text);
				from = error_type(c);
			}
		}
		if (!CHECK_IS_ERROR(from))
		{
			if (check_type_is_structured(from))
				ok = ingest_struct(c, from, to, value_pos(value), takes_many, NULL);
			else
			{
				KitDiag    *diag = check_error(c, value_pos(value),
											   "%s is filled from a message or an object, not from %s",
											   check_struct_text(c, to), from->text);

				if (from->kind == LANG_MAYBE && check_type_is_structured(from->a))
					kit_diag_hint(diag, "Unwrap it first: if (... as x) { ... <- x; }.");
				else if (from->kind == LANG_TABLE)
					kit_diag_hint(diag, "The rows of a table are \"iterate\" and its name.");
			}
		}
		what = check_printf(c, type->kind == LANG_TABLE ? "inserts into a table of %s" : "fills %s", check_struct_text(c, to));
		if (!check_is_rows(type))
			check_effect(c, LANG_WRITES, stmt->pos, what);
	}
	if (stmt->u.assign.as.sym != NULL)
	{
		const LangType *id = CHECK_SIMPLE(c, LANG_INT);

		if (to != NULL && type->kind != LANG_TABLE)
			check_error(c, stmt->u.assign.as.pos, "\"as\" names the id of an inserted row, but this inserts none");
		else if (to != NULL && check_is_rows(type))
		{
			kit_diag_hint(check_error(c, stmt->u.assign.as.pos, "\"as\" names the id of an inserted row, but rows of a table of messages have none"),
						  "Give the message a field by which its rows are found.");
			ok = false;
		}
		if (!ok)
			id = error_type(c);
		else if (is_many)
			id = lang_type_array(c->program, id);
		stmt->u.assign.as_local = check_add_local(c, c->cur->unit, stmt->u.assign.as, id);
		check_push_local(c, stmt->u.assign.as_local);
	}
}
