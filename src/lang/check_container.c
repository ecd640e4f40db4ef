/*
 * check_container.c
 *	  Maps and pairs: their types, m[k] as a value and as a place, membership.
 *
 * A pair is a message with the fields key and value, of a structure that is made for its two types.  The type of a map carries two structures: its
 * pairs', and that of its entries in a document, which are objects there: the record itself, or one that has the value in its only field.
 *
 * m[k] is a maybe where it is read.  Where it is assigned to, changed or filled, it is the value itself, which is made when there is none: so the
 * expression is checked as a value first, and what is to be a place has its type corrected from the inside out (check_place_type).
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* ---- types ---- */

/* A structure that no source declares. */
static LangStruct *
make_struct(Check *c, LangStructKind kind)
{
	LangStruct *s = KIT_NEW(c->arena, LangStruct);

	s->kind = kind;
	if (c->program->n_structs == CHECK_MAX_STRUCTS)
		check_limit(c, s->pos, "a program has at most %d records, messages and kinds of objects", CHECK_MAX_STRUCTS);
	s->index = c->program->n_structs + 2;
	CHECK_PUSH(c->arena, c->program->structs, c->program->n_structs, s);
	return s;
}

static void
make_field(Check *c, LangStruct *s, const char *name, const LangType *type)
{
	LangField  *field = KIT_NEW(c->arena, LangField);
	void	   *old;

	field->name = kit_sym_z(c->program->syms, name);
	field->owner = s;
	field->kind = LANG_STORED_FIELD;
	field->type = type;
	field->slot = s->n_slots++;
	field->index = s->n_fields;
	field->privacy = LANG_PRIVACY_PUBLIC;
	CHECK_PUSH(c->arena, s->fields, s->n_fields, field);
	s->by_name = s->fields;
	check_name_add(c, CHECK_NAMES_FIELDS, s, field->name, field, &old);
}

const LangType *
check_type_pair(Check *c, const LangType *a, const LangType *b)
{
	LangType   *known = (LangType *) lang_type_make(c->program, LANG_PAIR, a, b, NULL, NULL);

	if (known->structure == NULL)
	{
		known->structure = make_struct(c, LANG_STRUCT_PAIR);
		make_field(c, known->structure, "key", a);
		make_field(c, known->structure, "value", b);
		known->structure->type = lang_type_make(c->program, LANG_MESSAGE, NULL, NULL, known->structure, NULL);
	}
	return known->structure->type;
}

const LangType *
check_type_map(Check *c, const LangType *key, const LangType *value)
{
	LangType   *type = (LangType *) lang_type_make(c->program, LANG_MAP, key, value, NULL, NULL);

	if (type->items == NULL)
	{
		type->items = KIT_NEW_N(c->arena, const LangType *, 1);
		type->items[0] = check_type_pair(c, key, value);
	}
	return type;
}

void
check_store_map(Check *c, const LangType *map)
{
	LangType   *type = (LangType *) map;

	if (type->structure != NULL)
		return;
	if (type->b->kind == LANG_RECORD)
	{
		type->structure = type->b->structure;
		return;
	}
	type->structure = make_struct(c, LANG_STRUCT_ENTRY);
	make_field(c, type->structure, "value", type->b);
	type->structure->type = lang_type_make(c->program, LANG_RECORD, NULL, NULL, type->structure, NULL);
	if (type->b->kind == LANG_MAP)
		check_store_map(c, type->b);
}

bool
check_type_is_key(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
		case LANG_STRING:
		case LANG_PRINCIPAL:
		case LANG_ENUM:
			return true;
		default:
			return false;
	}
}

bool
check_type_has_default(const LangType *type)
{
	if (type->kind == LANG_FUTURE || type->kind == LANG_CHANNEL || type->kind == LANG_RECORD || (type->kind == LANG_TABLE && !check_is_rows(type)))
		return false;
	if (type->kind != LANG_MESSAGE || type->structure->kind != LANG_STRUCT_PAIR)
		return true;
	return check_type_has_default(type->structure->fields[0]->type) && check_type_has_default(type->structure->fields[1]->type);
}

/* ---- m[k] ---- */

const LangType *
check_map_get(Check *c, LangExpr *e, const LangType *map)
{
	if (!check_convert(c, &e->u.call.args[0], map->a, "key of the map"))
		return error_type(c);
	e->u.call.call_kind = LANG_CALL_MAP_GET;
	e->u.call.receiver = e->u.call.callee;
	return map->b->kind == LANG_MAYBE ? map->b : lang_type_maybe(c->program, map->b);
}

static bool
is_of_document(const LangField *field)
{
	return field != NULL && field->kind == LANG_STORED_FIELD && (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD);
}

bool
check_map_is_live(const LangExpr *e)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_NAME:
				return e->u.name.ref.kind == LANG_REF_FIELD && is_of_document(e->u.name.ref.field);
			case LANG_EXPR_FIELD:
				return !e->u.field.is_projection && is_of_document(e->u.field.field);
			case LANG_EXPR_INDEX:
				if (e->u.call.call_kind != LANG_CALL_MAP_GET)
					return false;
				e = e->u.call.callee;
				break;
			default:
				return false;
		}
}

const LangType *
check_place_type(LangExpr *e)
{
	switch (e->kind)
	{
		case LANG_EXPR_PAREN:
			e->type = check_place_type(e->u.unary.operand);
			break;
		case LANG_EXPR_INDEX:
			if (e->u.call.call_kind != LANG_CALL_MAP_GET)
				break;
			e->type = check_place_type(e->u.call.callee);
			if (e->type->kind == LANG_MAYBE)
				e->type = e->type->a;	/* not of a map: check_place refuses it */
			e->type = e->type->b;
			e->is_place = true;
			break;
		case LANG_EXPR_FIELD:
			if (e->u.field.is_lifted && check_place_type(e->u.field.operand)->kind != LANG_MAYBE)
			{
				e->u.field.is_lifted = false;
				e->type = e->u.field.field->type;
			}
			break;
		default:
			break;
	}
	return e->type;
}

bool
check_entry_is_made(Check *c, LangExpr *e)
{
	KitDiag    *diag;

	if (check_type_has_default(e->type) || check_map_is_live(e))
		return true;
	diag = check_error(c, e->pos, "this map cannot make an entry: it is a value that holds records of the document");
	kit_diag_hint(diag, "Unwrap the record that is there: if (m[key] as r) { ... }.");
	return false;
}

bool
check_path(Check *c, LangExpr *e, const char *verb)
{
	for (;;)
		switch (e->kind)
		{
			case LANG_EXPR_PAREN:
				e = e->u.unary.operand;
				break;
			case LANG_EXPR_FIELD:
				e = e->u.field.operand;
				break;
			case LANG_EXPR_INDEX:
				return !e->is_place || (check_entry_is_made(c, e) && check_place(c, e, verb));
			default:
				return true;
		}
}

bool
check_is_stored(LangExpr *e)
{
	e = check_strip(e);
	return e->kind == LANG_EXPR_NAME ? e->u.name.ref.kind == LANG_REF_FIELD && is_of_document(e->u.name.ref.field)
		: e->kind == LANG_EXPR_FIELD && is_of_document(e->u.field.field);
}

bool
check_is_held(LangExpr *e)
{
	e = check_strip(e);
	if (e->type->kind != LANG_MAYBE || e->type->a->kind != LANG_RECORD)
		return false;
	if (e->kind == LANG_EXPR_NAME)
		return e->u.name.ref.kind == LANG_REF_FIELD && is_of_document(e->u.name.ref.field);
	return e->kind == LANG_EXPR_FIELD && !e->u.field.is_projection && !e->u.field.is_lifted && is_of_document(e->u.field.field);
}

/* ---- membership: a call of the map's method ---- */

const LangType *
check_inside(Check *c, LangExpr *e)
{
	LangOp		op = e->u.binary.op;
	LangExpr   *key = e->u.binary.left;
	LangExpr   *map = e->u.binary.right;
	const LangType *type = map->type;
	LangExpr   *call = e;
	KitDiag    *diag;

	if (type->kind != LANG_MAP || !check_try_convert(c, &key, type->a))
	{
		diag = check_error(c, e->pos, "operator \"%s\" does not take %s and %s", lang_op_text(op), key->type->text, type->text);
		if (type->kind == LANG_MAP)
			kit_diag_hint(diag, "The keys of this map are of type %s.", type->a->text);
		else if (type->kind == LANG_MAYBE && type->a->kind == LANG_MAP)
			kit_diag_hint(diag, "Unwrap it first: if (... as x) { ... %s x ... }.", lang_op_text(op));
		else
			kit_diag_hint(diag, "It asks whether a map has a key.");
		return error_type(c);
	}
	if (op == LANG_OP_OUTSIDE)
	{
		call = KIT_NEW(c->arena, LangExpr);
		call->pos = e->pos;
		e->kind = LANG_EXPR_PREFIX;
		e->u.unary.op = LANG_OP_NOT;
		e->u.unary.operand = call;
		e->u.unary.row = check_find_op(c, LANG_OP_NOT, CHECK_SIMPLE(c, LANG_BOOL), false, NULL);
	}
	call->kind = LANG_EXPR_CALL;
	memset(&call->u.call, 0, sizeof(call->u.call));
	call->u.call.args = KIT_NEW_N(c->arena, LangExpr *, 1);
	call->u.call.args[0] = key;
	call->u.call.n_args = 1;
	call->u.call.call_kind = LANG_CALL_BUILTIN;
	call->u.call.builtin = &lang_builtins[LANG_BUILTIN_MAP_HAS];
	call->u.call.receiver = map;
	call->type = CHECK_SIMPLE(c, LANG_BOOL);
	return call->type;
}
