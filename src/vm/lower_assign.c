/*
 * lower_assign.c
 *	  What changes something: assignment, to one place or to a field of each row of a list; ingestion; and objects, which are filled alike.
 *
 * Ingestion of a literal goes straight from the evaluated members into the row's fields.  Any other source is filled in by code that is made once
 * for the pair of structures, and called: so nested and even recursive types need no case of their own.
 */
#include <string.h>

#include "vm/lower.h"

/* ---- setting a field ---- */

void
lower_set(Lower *l, const LangStruct *structure, uint16_t obj, int slot, uint16_t value)
{
	if (structure->kind != LANG_STRUCT_ROOT && structure->kind != LANG_STRUCT_RECORD)
		lower_emit(l, VM_SET_MESSAGE, obj, (uint32_t) slot, value);
	else
		lower_emit(l, l->program->has_stamped ? VM_SET_DOC_STAMPED : VM_SET_DOC, obj, (uint32_t) slot, value);
}

/* A map of the document stays the same one, and gets other entries. */
static void
set_field(Lower *l, const LangField *field, uint16_t obj, uint16_t value)
{
	uint32_t	mark = l->next;

	if (field->type->kind == LANG_MAP && (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD))
		lower_emit(l, VM_MAP_ASSIGN, lower_get(l, field, obj, lower_temp(l)), value, 0);
	else
		lower_set(l, field->owner, obj, field->slot, value);
	l->next = mark;
}

/* A place that is assigned to, its object evaluated. */
typedef struct Place
{
	const LangField *field;		/* NULL: a local */
	uint16_t	reg;			/* of the local, or of the object that has the field */
	bool		is_each;		/* a field of each element of a list: reg holds the list */
	const LangExpr *map;		/* an entry of this map, which is looked for last: evaluating a value may make it a shared one */
	uint16_t	key;
} Place;

static Place
lower_place(Lower *l, const LangExpr *place, const LangExpr *value)
{
	const LangExpr *e = lower_bare(place);
	Place		p = {0};

	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.kind == LANG_REF_LOCAL)
		p.reg = lower_local(e->u.name.ref.local);
	else if (e->kind == LANG_EXPR_NAME)
	{
		const LangRef *ref = &e->u.name.ref;

		p.field = ref->field;
		p.reg = ref->base == LANG_BASE_ROOT ? VM_REG_ROOT : ref->base == LANG_BASE_SELF ? VM_REG_SELF : lower_local(ref->local);
	}
	else if (e->kind == LANG_EXPR_INDEX)
	{
		p.map = e->u.call.callee;
		p.key = value == NULL ? lower_expr(l, e->u.call.args[0], -1) : lower_expr_kept(l, e->u.call.args[0], value);
	}
	else
	{
		p.field = e->u.field.field;
		p.is_each = e->u.field.is_projection;
		if (p.is_each)
			p.reg = lower_query(l, e->u.field.operand, QUERY_LIST, -1);
		else
			p.reg = lower_expr_kept(l, e->u.field.operand, value);
	}
	return p;
}

static uint16_t
begin_each(Lower *l, uint16_t list, uint16_t *each, Label *again, Label *end)
{
	uint16_t	item;

	*each = lower_temps(l, 2);
	item = lower_temp(l);
	lower_emit(l, VM_EACH, *each, list, 0);
	lower_here(l, again);
	lower_branch(l, VM_NEXT, item, *each, 0, end);
	return item;
}

void
lower_assign(Lower *l, const LangExpr *place, const LangExpr *value)
{
	uint32_t	mark = l->next;
	Place		p;

	if (lower_bare(place)->kind == LANG_EXPR_FIELD && lower_makes(place))
	{
		uint16_t	made = lower_expr(l, value, lower_temp(l));

		p = lower_place(l, place, NULL);
		set_field(l, p.field, p.reg, made);
		l->next = mark;
		return;
	}
	p = lower_place(l, place, value);
	if (p.map != NULL)
	{
		uint16_t	now = lower_expr(l, value, -1);

		lower_emit(l, VM_MAP_PUT, lower_map_place(l, p.map), p.key, now);
	}
	else if (p.field == NULL)
		lower_rows_value(l, value, p.reg);
	else if (!p.is_each)
		set_field(l, p.field, p.reg, lower_expr(l, value, -1));
	else
	{
		Label		again = LABEL_NEW;
		Label		end = LABEL_NEW;
		uint16_t	each;
		uint16_t	item = begin_each(l, p.reg, &each, &again, &end);

		set_field(l, p.field, item, lower_expr(l, value, -1));
		lower_loop(l, &again);
		lower_here(l, &end);
	}
	l->next = mark;
}

void
lower_clear(Lower *l, const LangExpr *place)
{
	uint32_t	mark = l->next;
	const LangExpr *e = lower_bare(place);
	Label		none = LABEL_NEW;
	Place		p;

	if (e->kind == LANG_EXPR_INDEX)
	{
		uint16_t	key = lower_expr(l, e->u.call.args[0], -1);

		lower_emit(l, VM_MAP_REMOVE, lower_map_receiver(l, e->u.call.callee, &none), key, 0);
		lower_here(l, &none);
		l->next = mark;
		return;
	}
	p = lower_place(l, place, NULL);
	if (p.field == NULL)
		lower_emit(l, VM_LOAD_EMPTY, p.reg, 0, 0);
	else
	{
		uint16_t	empty = lower_temp(l);

		lower_emit(l, VM_LOAD_EMPTY, empty, 0, 0);
		lower_set(l, p.field->owner, p.reg, p.field->slot, empty);
	}
	l->next = mark;
}

uint16_t
lower_text_change(Lower *l, const LangExpr *call, int want)
{
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, 2 + (uint32_t) call->u.call.n_args);
	uint32_t	inner = l->next;
	Place		p = lower_place(l, call->u.call.receiver, NULL);

	lower_move(l, window, p.reg);
	lower_int(l, p.field->slot, window + 1);
	l->next = inner;
	for (int i = 0; i < call->u.call.n_args; i++)
	{
		lower_expr(l, call->u.call.args[i], window + 2 + i);
		l->next = inner;
	}
	lower_emit(l, VM_BUILTIN, want >= 0 ? (uint32_t) want : window, window, call->u.call.builtin->id);
	l->next = mark;
	return lower_result(l, want);
}

/* ---- += -= *= ++ -- ---- */

/* place op= value, or one more or less. */
typedef struct Step
{
	VmOp		op;
	const LangExpr *value;		/* NULL: number */
	int			number;
} Step;

static uint16_t
step_value(Lower *l, const Step *s)
{
	uint16_t	one;

	if (s->value != NULL)
		return lower_expr(l, s->value, -1);
	if (s->op != VM_ADD_DOUBLE)
		return 0;
	one = lower_temp(l);
	lower_emit_imm(l, VM_LOAD_CONST, one, lower_constant(l, 'D', (VmVal) {.d = s->number}));
	return one;
}

static void
emit_step(Lower *l, const Step *s, uint16_t to, uint16_t from, uint16_t value)
{
	if (s->value != NULL || s->op == VM_ADD_DOUBLE)
		lower_emit(l, s->op, to, from, value);
	else
		lower_emit(l, s->op, to, from, (uint16_t) s->number);
}

uint16_t
lower_assign_op(Lower *l, const LangExpr *e, int want, bool is_used)
{
	const LangExpr *place = e->kind == LANG_EXPR_ASSIGN_OP ? e->u.binary.left : e->u.unary.operand;
	bool		yields_old = e->kind == LANG_EXPR_POSTFIX && is_used;
	uint16_t	dst = is_used ? lower_result(l, want) : 0;
	uint32_t	mark = l->next;
	Step		s = {0};
	Place		p;
	uint16_t	value;
	uint16_t	now;

	if (e->kind == LANG_EXPR_ASSIGN_OP)
	{
		s.op = vm_op_of_code(e->u.binary.row->code);
		s.value = e->u.binary.right;
	}
	else
	{
		VmOp		op = vm_op_of_code(e->u.unary.row->code);

		s.number = e->u.unary.op == LANG_OP_INCREMENT ? 1 : -1;
		s.op = op == VM_ADD_INT || op == VM_SUB_INT ? VM_ADD_SMALL_INT : op == VM_ADD_LONG || op == VM_SUB_LONG ? VM_ADD_SMALL_LONG : VM_ADD_DOUBLE;
	}
	p = lower_place(l, place, s.value);
	if (p.is_each)
	{
		Label		again = LABEL_NEW;
		Label		end = LABEL_NEW;
		uint16_t	each;
		uint16_t	item = begin_each(l, p.reg, &each, &again, &end);

		/* evaluated for each, as in an assignment */
		value = step_value(l, &s);
		now = lower_apply(l, VM_GET, item, (uint16_t) p.field->slot, -1);
		emit_step(l, &s, now, now, value);
		lower_set(l, p.field->owner, item, p.field->slot, now);
		lower_loop(l, &again);
		lower_here(l, &end);
		if (is_used)
			lower_emit(l, VM_LIST_SIZE, dst, p.reg, 0);
		l->next = mark;
		return dst;
	}
	value = step_value(l, &s);
	if (p.map != NULL)
	{
		Label		none = LABEL_NEW;

		p.reg = lower_map_place(l, p.map);
		now = lower_default(l, p.map->type->kind == LANG_MAYBE ? p.map->type->a->b : p.map->type->b, lower_temp(l));
		lower_branch(l, VM_MAP_AT, now, p.reg, p.key, &none);
		lower_here(l, &none);
		if (yields_old)
			lower_move(l, dst, now);
		emit_step(l, &s, now, now, value);
		lower_emit(l, VM_MAP_PUT, p.reg, p.key, now);
		if (is_used && !yields_old)
			lower_move(l, dst, now);
	}
	else if (p.field == NULL)
	{
		if (yields_old)
			lower_move(l, dst, p.reg);
		emit_step(l, &s, p.reg, p.reg, value);
		if (is_used && !yields_old)
			lower_move(l, dst, p.reg);
	}
	else
	{
		now = lower_apply(l, VM_GET, p.reg, (uint16_t) p.field->slot, -1);
		if (yields_old)
			lower_move(l, dst, now);
		emit_step(l, &s, now, now, value);
		lower_set(l, p.field->owner, p.reg, p.field->slot, now);
		if (is_used && !yields_old)
			lower_move(l, dst, now);
	}
	l->next = mark;
	return dst;
}

/* ---- objects ---- */

/* Members of a literal in alphabetical order, each in a register of its own. */
typedef struct Members
{
	const LangObjectMember **items;
	int			n;
	uint16_t	first;
} Members;

static int
compare_names(const KitSym *a, const KitSym *b)
{
	int			c = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static Members
lower_members(Lower *l, const LangExpr *object)
{
	Members		m = {.n = object->u.object.n};

	m.items = KIT_NEW_N(l->arena, const LangObjectMember *, m.n + 1);
	for (int i = 0; i < m.n; i++)
	{
		int			at = i;

		for (; at > 0 && compare_names(m.items[at - 1]->name.sym, object->u.object.members[i].name.sym) > 0; at--)
			m.items[at] = m.items[at - 1];
		m.items[at] = &object->u.object.members[i];
	}
	m.first = lower_temps(l, (uint32_t) m.n);
	for (int i = 0; i < m.n; i++)
	{
		uint32_t	mark = l->next;

		lower_expr(l, m.items[i]->value, m.first + i);
		l->next = mark;
	}
	return m;
}

uint16_t
lower_object(Lower *l, const LangExpr *object, const LangStruct *type, int want)
{
	uint16_t	dst = lower_result(l, want);
	uint32_t	mark = l->next;
	Members		m = lower_members(l, object);
	uint32_t	inner = l->next;

	lower_emit_imm(l, VM_NEW_MESSAGE, dst, type->index);
	for (int i = 0; i < m.n; i++)
	{
		const LangField *target = lang_struct_field(type, m.items[i]->name.sym->text, m.items[i]->name.sym->len);
		const LangExpr *value = m.items[i]->value;

		if (target != NULL)
			lower_set(l, type, dst, target->slot, lower_convert(l, (uint16_t) (m.first + i), value->type, target->type, -1));
		l->next = inner;
	}
	l->next = mark;
	return dst;
}

/* ---- ingestion ---- */

static void
call_pair(Lower *l, PairKind kind, uint16_t obj, const LangStruct *to, uint16_t source, const LangStruct *from)
{
	uint32_t	mark = l->next;
	uint16_t	window = lower_temps(l, VM_REG_PARAMS + 2);

	lower_move(l, window + VM_REG_PARAMS, obj);
	lower_move(l, window + VM_REG_PARAMS + 1, source);
	lower_emit(l, VM_CALL, window, window, lower_pair(l, kind, from, to));
	l->next = mark;
}

/* One row for a message, or one for each of a list. */
static void
insert_from(Lower *l, uint16_t table, const LangStruct *row_type, uint16_t value, const LangType *type)
{
	uint32_t	mark = l->next;
	uint16_t	row;
	uint16_t	each;
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;
	bool		is_many = type->kind == LANG_ARRAY || type->kind == LANG_LIST || type->kind == LANG_TABLE;

	if (is_many)
	{
		if (type->kind == LANG_TABLE)
			value = lower_apply(l, VM_TABLE_LIST, value, 0, -1);
		value = begin_each(l, value, &each, &again, &end);
		type = type->a;
	}
	row = lower_temp(l);
	lower_emit(l, VM_INSERT, row, table, 0);
	call_pair(l, PAIR_INGEST, row, row_type, value, type->structure);
	if (is_many)
	{
		lower_loop(l, &again);
		lower_here(l, &end);
	}
	l->next = mark;
}

/* Puts the entries of one map into another. */
static void
insert_entries(Lower *l, uint16_t map, const LangType *to, uint16_t value, const LangType *from)
{
	uint32_t	mark = l->next;
	const LangField *const *pair = (const LangField *const *) from->items[0]->structure->fields;
	uint16_t	each;
	uint16_t	item;
	uint16_t	key;
	uint16_t	inside;
	uint16_t	entry;
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (from == to && to->b->kind != LANG_RECORD)
	{
		lower_emit(l, VM_MAP_INSERT, map, value, 0);
		return;
	}
	item = begin_each(l, lower_apply(l, VM_MAP_PAIRS, value, 0, -1), &each, &again, &end);
	key = lower_get(l, pair[0], item, -1);
	inside = lower_get(l, pair[1], item, -1);
	if (to->b->kind == LANG_RECORD || to->b->kind == LANG_MAP)
	{
		entry = lower_default(l, to->b, lower_temp(l));
		lower_emit(l, VM_MAP_ENTER, entry, map, key);
		if (to->b->kind == LANG_RECORD)
			call_pair(l, PAIR_INGEST, entry, to->b->structure, inside, from->b->structure);
		else
			insert_entries(l, entry, to->b, inside, from->b);
	}
	else
		lower_emit(l, VM_MAP_PUT, map, key, lower_convert(l, inside, from->b, to->b, -1));
	lower_loop(l, &again);
	lower_here(l, &end);
	l->next = mark;
}

/* Gives a field of obj what the source has for it. */
static void
ingest_field(Lower *l, uint16_t obj, const LangField *target, uint16_t value, const LangType *type)
{
	uint32_t	mark = l->next;
	Label		empty = LABEL_NEW;
	LangFitting fitting;

	if (type->kind == LANG_MAYBE && (target->type->kind != LANG_MAYBE || lower_is_held(target) ||
									 lang_type_fit(type->a, target->type, &fitting) != LANG_FITS_NOT))
	{
		/* only when there is something */
		uint16_t	inside = lower_temp(l);

		lower_jump(l, VM_JUMP_EMPTY, value, &empty);
		lower_emit(l, VM_FROM_MAYBE, inside, value, 0);
		value = inside;
		type = type->a;
	}
	switch (target->type->kind)
	{
		case LANG_MESSAGE:
			call_pair(l, PAIR_INGEST, lower_get(l, target, obj, -1), target->type->structure, value, type->structure);
			break;
		case LANG_MAYBE:
			if (lower_is_held(target))
				call_pair(l, PAIR_INGEST, lower_hold(l, target, obj, -1), target->type->a->structure, value, type->structure);
			else
				lower_set(l, target->owner, obj, target->slot, lower_convert(l, value, type, target->type, -1));
			break;
		case LANG_MAP:
			if (target->owner->kind != LANG_STRUCT_ROOT && target->owner->kind != LANG_STRUCT_RECORD)
			{
				value = lower_convert(l, value, type, target->type, lower_temp(l));
				lower_keep(l, target->type, value);
				lower_set(l, target->owner, obj, target->slot, value);
			}
			else
				insert_entries(l, lower_get(l, target, obj, -1), target->type, value, type);
			break;
		case LANG_RECORD:
			call_pair(l, PAIR_INGEST, lower_get(l, target, obj, -1), target->type->structure, value, type->structure);
			break;
		case LANG_TABLE:
			insert_from(l, lower_get(l, target, obj, -1), target->type->a->structure, value, type);
			break;
		default:
			lower_set(l, target->owner, obj, target->slot, lower_convert(l, value, type, target->type, -1));
			break;
	}
	lower_here(l, &empty);
	l->next = mark;
}

static bool
is_id(const KitSym *name)
{
	return name->len == 2 && memcmp(name->text, "id", 2) == 0;
}

/* The id of a row is given once; that of a message is a field like the others. */
static bool
is_filled(const LangStruct *to, const LangField *target)
{
	return target != NULL && target->kind == LANG_STORED_FIELD && (to->kind != LANG_STRUCT_RECORD || !is_id(target->name));
}

static void
call_ingested(Lower *l, const LangStruct *type, uint16_t obj)
{
	uint32_t	mark = l->next;
	uint16_t	window;

	if (type->ingested == NULL)
		return;
	window = lower_temps(l, VM_REG_PARAMS);
	lower_move(l, window + VM_REG_SELF, obj);
	lower_emit(l, VM_CALL, window, window, (uint32_t) type->ingested->index);
	l->next = mark;
}

static void
ingest_members(Lower *l, uint16_t obj, const LangStruct *to, const Members *m)
{
	for (int i = 0; i < m->n; i++)
	{
		const KitSym *name = m->items[i]->name.sym;
		const LangField *target = lang_struct_field(to, name->text, name->len);

		if (is_filled(to, target))
			ingest_field(l, obj, target, (uint16_t) (m->first + i), m->items[i]->value->type);
	}
	call_ingested(l, to, obj);
}

/* The code for a pair of structures: made when it is asked for first, lowered when the unit at hand is done. */
uint32_t
lower_pair(Lower *l, PairKind kind, const LangStruct *from, const LangStruct *to)
{
	Pair	   *pair;
	VmCode	   *code;

	for (pair = l->pairs; pair != NULL; pair = pair->next)
		if (pair->kind == kind && pair->from == from && pair->to == to)
			return pair->code;
	code = KIT_NEW(l->arena, VmCode);
	code->name = kit_arena_printf(l->arena, kind == PAIR_INGEST ? "ingestion of %s into %s" : "conversion of %s to %s", from->type->text, to->type->text);
	code->n_params = kind == PAIR_INGEST ? 2 : 1;
	pair = KIT_NEW(l->arena, Pair);
	*pair = (Pair) {kind, from, to, lower_add_code(l, code), l->pairs};
	l->pairs = pair;
	return pair->code;
}

void
lower_pair_body(Lower *l, const Pair *pair)
{
	bool		ingests = pair->kind == PAIR_INGEST;
	uint16_t	first = lower_temps(l, ingests ? 2 : 1);	/* the parameters */
	uint16_t	obj = ingests ? first : lower_temp(l);
	uint16_t	source = ingests ? first + 1 : first;

	if (!ingests)
		lower_emit_imm(l, VM_NEW_MESSAGE, obj, pair->to->index);
	for (int i = 0; i < pair->from->n_fields; i++)
	{
		const LangField *field = pair->from->by_name[i];
		const LangField *target = lang_struct_field(pair->to, field->name->text, field->name->len);
		uint32_t	mark = l->next;
		uint16_t	value;

		if (target == NULL || target->kind != LANG_STORED_FIELD || field->kind == LANG_BUBBLE_FIELD ||
			(ingests && (field->kind != LANG_STORED_FIELD || !is_filled(pair->to, target))))
			continue;
		value = lower_get(l, field, source, -1);
		if (ingests)
			ingest_field(l, obj, target, value, field->type);
		else
			lower_set(l, pair->to, obj, target->slot, lower_project(l, value, field->type, target->type, -1));
		l->next = mark;
	}
	if (ingests)
	{
		call_ingested(l, pair->to, obj);
		lower_emit(l, VM_RETURN_VOID, 0, 0, 0);
	}
	else
		lower_emit(l, VM_RETURN, obj, 0, 0);
}

/* Fills obj from the value that has been evaluated: members of a literal, or a message or record. */
static void
fill(Lower *l, uint16_t obj, const LangStruct *to, const Members *m, uint16_t source, const LangType *type)
{
	if (m != NULL)
		ingest_members(l, obj, to, m);
	else
		call_pair(l, PAIR_INGEST, obj, to, source, type->structure);
}

/* A row of the table, with its initial values. */
static void
new_row(Lower *l, uint16_t row, uint16_t table, const LangType *type)
{
	if (!lower_is_rows(type))
	{
		lower_emit(l, VM_INSERT, row, table, 0);
		return;
	}
	lower_emit_imm(l, VM_NEW_MESSAGE, row, type->a->structure->index);
	lower_emit(l, VM_LIST_ADD, table, row, 0);
}

void
lower_ingest(Lower *l, const LangStmt *stmt)
{
	const LangExpr *place = stmt->u.assign.place;
	const LangExpr *value = lower_bare(stmt->u.assign.value);
	const LangType *type = value->type;
	const LangLocal *as = stmt->u.assign.as_local;
	bool		is_literal = value->kind == LANG_EXPR_OBJECT;
	uint32_t	mark = l->next;
	Members		members = {0};
	uint16_t	target = 0;
	uint16_t	source = 0;
	bool		is_late;
	uint16_t	each;
	uint16_t	row;
	Label		again = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (place->type->kind == LANG_MAP)
	{
		source = lower_map(l, value, lower_temp(l));
		insert_entries(l, lower_map_place(l, place), place->type, source, type);
		l->next = mark;
		return;
	}
	is_late = place->type->kind == LANG_MAYBE || lower_makes(place);
	if (place->type->kind == LANG_LIST)
		target = lower_query(l, place, QUERY_LIST, -1);
	else if (!is_late)
		target = lower_expr_kept(l, place, value);
	if (is_literal)
		members = lower_members(l, value);
	else
		source = lower_expr(l, value, is_late ? lower_temp(l) : -1);
	if (place->type->kind == LANG_MAYBE)
		target = lower_hold_place(l, place, -1);
	else if (is_late)
		target = lower_expr(l, place, -1);
	switch (place->type->kind)
	{
		case LANG_TABLE:
			if (type->kind == LANG_ARRAY || type->kind == LANG_LIST)
			{
				uint16_t	ids = 0;
				uint16_t	id = 0;

				if (as != NULL)
				{
					ids = lower_local(as);
					id = lower_temp(l);
					lower_emit_imm(l, VM_NEW_LIST, ids, 0);
				}
				source = begin_each(l, source, &each, &again, &end);
				row = lower_temp(l);
				new_row(l, row, target, place->type);
				if (as != NULL)
				{
					lower_emit(l, VM_GET_ID, id, row, 0);
					lower_emit(l, VM_LIST_ADD, ids, id, 0);
				}
				fill(l, row, place->type->a->structure, NULL, source, type->a);
				lower_loop(l, &again);
				lower_here(l, &end);
				break;
			}
			row = lower_temp(l);
			new_row(l, row, target, place->type);
			if (as != NULL)
				lower_emit(l, VM_GET_ID, lower_local(as), row, 0);
			fill(l, row, place->type->a->structure, is_literal ? &members : NULL, source, type);
			break;
		case LANG_LIST:
			row = begin_each(l, target, &each, &again, &end);
			fill(l, row, place->type->a->structure, is_literal ? &members : NULL, source, type);
			lower_loop(l, &again);
			lower_here(l, &end);
			break;
		case LANG_MAYBE:
			fill(l, target, place->type->a->structure, is_literal ? &members : NULL, source, type);
			break;
		default:
			fill(l, target, place->type->structure, is_literal ? &members : NULL, source, type);
			break;
	}
	l->next = mark;
}
