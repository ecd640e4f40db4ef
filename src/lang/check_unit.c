/*
 * check_unit.c
 *	  Units of code: what may stand in which, their variables, and the order in which they are checked.
 *
 * Units are checked one after the other, except that a formula is checked as soon as something asks for its type.
 *
 *		CHECK_WAITING --check_unit--> CHECK_RUNNING --body done--> CHECK_DONE
 *
 * Who asks for the type of a formula that is CHECK_RUNNING has found a cycle.  Such formulas get LANG_ERROR_TYPE, so the cycle
 * is reported once.
 */
#include <string.h>

#include "lang/check_internal.h"

CheckRules
check_rules(const LangUnit *unit)
{
	CheckRules	r = {.document = true, .time = true};

	switch (unit->kind)
	{
		case LANG_UNIT_FUNCTION:
			r.document = false;
			break;
		case LANG_UNIT_PROCEDURE:
		case LANG_UNIT_METHOD:
		case LANG_UNIT_DISPATCH:
			r.viewer = (unit->paint & LANG_PAINT_VIEWER) != 0;
			r.aborts = (unit->paint & LANG_PAINT_ABORTS) != 0;
			r.writes = (unit->paint & LANG_PAINT_READONLY) == 0;
			r.ends = r.writes;
			break;
		case LANG_UNIT_POLICY:
			r.who = true;
			break;
		case LANG_UNIT_FILTER:
			r.viewer = true;
			break;
		case LANG_UNIT_INITIAL:
			r.document = false;
			r.time = false;
			break;
		case LANG_UNIT_FORMULA:
		case LANG_UNIT_LAMBDA:
			break;
		case LANG_UNIT_BUBBLE:
			r.who = true;
			r.viewer = true;
			break;
		case LANG_UNIT_CHANNEL:
		case LANG_UNIT_CONSTRUCT:
		case LANG_UNIT_ATTACHED:
			r.who = true;
			r.context = true;
			r.aborts = true;
			r.writes = true;
			r.ends = unit->kind == LANG_UNIT_CHANNEL;
			break;
		case LANG_UNIT_CONNECTED:
		case LANG_UNIT_DISCONNECTED:
		case LANG_UNIT_DELETE:
			r.who = true;
			r.context = true;
			r.writes = true;
			r.ends = unit->kind == LANG_UNIT_DISCONNECTED;
			break;
		case LANG_UNIT_CAN_ATTACH:
			r.who = true;
			r.context = true;
			break;
		case LANG_UNIT_LOAD:
		case LANG_UNIT_STATE:
		case LANG_UNIT_CRON:
		case LANG_UNIT_RPC:
			r.writes = true;
			r.ends = unit->kind != LANG_UNIT_LOAD;
			break;
		case LANG_UNIT_STATIC_CREATE:
		case LANG_UNIT_STATIC_INVENT:
		case LANG_UNIT_STATIC_SEND:
			r.document = false;
			r.who = true;
			r.context = true;
			break;
		case LANG_UNIT_INGESTED:
			r.writes = true;
			r.ends = true;
			break;
		case LANG_UNIT_TEST:
			r.writes = true;
			r.aborts = true;
			break;
		case LANG_UNIT_PARSED:
		case LANG_UNIT_JOIN:
			break;
		case LANG_UNIT_REPLICATION:
			r.time = false;
			break;
	}
	return r;
}

const char *
lang_unit_word(LangUnitKind kind)
{
	switch (kind)
	{
		case LANG_UNIT_FUNCTION:
			return "function";
		case LANG_UNIT_PROCEDURE:
			return "procedure";
		case LANG_UNIT_METHOD:
			return "method";
		case LANG_UNIT_DISPATCH:
			return "dispatch";
		case LANG_UNIT_POLICY:
			return "policy";
		case LANG_UNIT_FILTER:
			return "filter";
		case LANG_UNIT_INITIAL:
			return "initial value";
		case LANG_UNIT_FORMULA:
			return "formula";
		case LANG_UNIT_BUBBLE:
			return "bubble";
		case LANG_UNIT_CHANNEL:
			return "channel";
		case LANG_UNIT_CONSTRUCT:
			return "@construct";
		case LANG_UNIT_CONNECTED:
			return "@connected";
		case LANG_UNIT_DISCONNECTED:
			return "@disconnected";
		case LANG_UNIT_DELETE:
			return "@delete";
		case LANG_UNIT_LOAD:
			return "@load";
		case LANG_UNIT_CAN_ATTACH:
			return "@can_attach";
		case LANG_UNIT_ATTACHED:
			return "@attached";
		case LANG_UNIT_STATIC_CREATE:
			return "@static create";
		case LANG_UNIT_STATIC_INVENT:
			return "@static invent";
		case LANG_UNIT_STATIC_SEND:
			return "@static send";
		case LANG_UNIT_INGESTED:
			return "ingested";
		case LANG_UNIT_PARSED:
			return "@parsed";
		case LANG_UNIT_LAMBDA:
			return "@lambda";
		case LANG_UNIT_STATE:
			return "state";
		case LANG_UNIT_CRON:
			return "@cron";
		case LANG_UNIT_RPC:
			return "rpc";
		case LANG_UNIT_JOIN:
			return "join";
		case LANG_UNIT_TEST:
			return "test";
		case LANG_UNIT_REPLICATION:
			return "replication";
	}
	return "code";
}

const char *
check_unit_text(Check *c, const LangUnit *unit)
{
	const char *word = unit->kind == LANG_UNIT_INITIAL ? "the initial value of" : unit->kind == LANG_UNIT_JOIN ? "a join" : lang_unit_word(unit->kind);

	return unit->name == NULL ? word : check_printf(c, "%s \"%s\"", word, unit->name->text);
}

LangUnit *
check_add_unit(Check *c, LangUnitKind kind, LangName name, LangPos pos, LangStruct *self, const LangType *returns, LangStmt *body,
			   LangExpr *expr)
{
	LangUnit   *unit = KIT_NEW(c->arena, LangUnit);
	CheckUnit  *check = KIT_NEW(c->arena, CheckUnit);

	unit->kind = kind;
	unit->name = name.sym;
	unit->pos = name.sym != NULL ? name.pos : pos;
	unit->self = self;
	unit->returns = returns;
	unit->body = body;
	unit->expr = expr;
	unit->index = c->program->n_units;
	if (unit->index == CHECK_MAX_UNITS)
		check_limit(c, unit->pos, "a program has at most %d functions, handlers, policies and formulas", CHECK_MAX_UNITS);
	check->unit = unit;
	CHECK_PUSH(c->arena, c->program->units, c->program->n_units, unit);
	CHECK_PUSH(c->arena, c->units, c->n_check_units, check);
	return unit;
}

/* ---- variables ---- */

LangLocal *
check_add_local(Check *c, LangUnit *unit, LangName name, const LangType *type)
{
	LangLocal  *local = KIT_NEW(c->arena, LangLocal);

	local->name = name.sym;
	local->pos = name.pos;
	local->type = type;
	local->index = unit->n_locals;
	if (local->index == CHECK_MAX_LOCALS)
		check_limit(c, name.pos, "%s has more than %d variables", check_unit_text(c, unit), CHECK_MAX_LOCALS);
	CHECK_PUSH(c->arena, unit->locals, unit->n_locals, local);
	return local;
}

void
check_add_params(Check *c, LangUnit *unit, LangParam *params, int n)
{
	for (int i = 0; i < n; i++)
	{
		const LangType *type = check_type_ref(c, params[i].type, CHECK_TYPE_PARAM);
		LangLocal  *local;

		for (int k = 0; k < i && i < 300; k++)
			if (params[k].name.sym == params[i].name.sym)
				check_error(c, params[i].name.pos, "parameter \"%s\" is declared twice", params[i].name.sym->text);
		if (type->kind == LANG_TABLE && !check_is_rows(type) && unit->kind == LANG_UNIT_FUNCTION)
			check_error(c, params[i].name.pos, "a function cannot take a table: make it a procedure");
		local = check_add_local(c, unit, params[i].name, type);
		local->is_parameter = true;
		local->is_readonly = params[i].is_readonly || params[i].type->is_readonly ||
			(!params[i].is_mutable && (type->kind == LANG_MESSAGE || type->kind == LANG_TABLE || type->kind == LANG_MAP));
		unit->n_params++;
	}
}

static void
push(Check *c, LangLocal *local, bool is_row)
{
	CheckScope *scope = KIT_NEW(c->arena, CheckScope);

	*scope = (CheckScope) {local, is_row, c->scope};
	c->scope = scope;
}

void
check_push_row(Check *c, LangLocal *local)
{
	push(c, local, true);
}

/* The field of the unit's record or of the document that a local of the name hides, or NULL. */
static LangField *
hidden_field(Check *c, const KitSym *name)
{
	const LangUnit *unit = c->cur->unit;
	LangField  *field = NULL;

	if (unit->self != NULL)
		field = check_name_find(c, CHECK_NAMES_FIELDS, unit->self, name);
	if (field == NULL && check_rules(unit).document)
		field = check_name_find(c, CHECK_NAMES_FIELDS, c->program->root, name);
	return field;
}

void
check_push_local(Check *c, LangLocal *local)
{
	LangField  *field;
	KitDiag    *diag;

	/* of parameters it was said where they are declared */
	for (CheckScope *s = local->is_parameter ? NULL : c->scope; s != NULL; s = s->up)
		if (!s->is_row && s->local->name == local->name)
		{
			diag = check_error(c, local->pos, "\"%s\" is declared already", local->name->text);
			kit_diag_detail(diag, "It is declared at line %d, in a block that is still open.", s->local->pos.line);
			local->is_used = s->local->is_used = true;
			break;
		}
	field = hidden_field(c, local->name);
	if (field != NULL)
	{
		diag = check_warn(c, local->pos, "\"%s\" hides the field of the same name", local->name->text);
		kit_diag_detail(diag, "The field is declared at %s.", check_line_text(c, field->pos));
		if (!local->is_parameter)
			kit_diag_hint(diag, "Choose another name; to assign the field, write %s = ...; without \"let\" or a type.", local->name->text);
		local->hides_field = true;
	}
	push(c, local, false);
}

/* ---- effects and edges of the unit at hand ---- */

void
check_effect(Check *c, LangReads bit, LangPos pos, const char *what)
{
	int			i = 0;

	while ((1 << i) != (int) bit)
		i++;
	if (c->cur->unit->reads & bit)
		return;
	c->cur->unit->reads |= bit;
	c->cur->causes[i] = (CheckCause) {pos, what};
}

void
check_add_edge(Check *c, CheckUnit *from, const LangUnit *to, LangPos pos)
{
	CheckEdge  *edge = KIT_NEW(c->arena, CheckEdge);

	*edge = (CheckEdge) {c->units[to->index], pos, from->edges};
	from->edges = edge;
}

static void
use_unit(Check *c, LangUnit *unit, LangPos pos, bool is_own)
{
	int			n_compared = 0;	/* an edge that is there twice does no harm */

	for (CheckEdge *edge = c->cur->edges; edge != NULL && n_compared < 50; edge = edge->next, n_compared++)
		if (edge->to->unit == unit)
		{
			edge->is_own &= is_own;
			return;
		}
	check_add_edge(c, c->cur, unit, pos);
	c->cur->edges->is_own = is_own;
}

void
check_use_unit(Check *c, LangUnit *unit, LangPos pos)
{
	use_unit(c, unit, pos, false);
}

void
check_use_own_unit(Check *c, LangUnit *unit, LangPos pos)
{
	use_unit(c, unit, pos, true);
}

bool
check_enter(Check *c, LangPos pos)
{
	if (c->depth < CHECK_MAX_DEPTH && !port_stack_is_low())
	{
		c->depth++;
		return true;
	}
	if (!c->is_too_deep)
	{
		KitDiag    *diag = check_limit(c, pos, "the program is nested too deeply here");

		kit_diag_hint(diag, "Split long expressions, or put parts into functions.");
		c->is_too_deep = true;
	}
	return false;
}

void
check_leave(Check *c)
{
	c->depth--;
}

/* ---- fields ---- */

/* Reports that the units from the one that runs now back to target ask for one another. */
static void
report_running_cycle(Check *c, CheckUnit *target, LangPos pos)
{
	KitBuf		path;
	KitDiag    *diag;
	const CheckUnit *chain[12];
	int			n = 0;

	for (CheckUnit *u = c->cur; u != NULL; u = u->caller)
	{
		u->is_reported = true;
		if (n < 12)
			chain[n++] = u;
		if (u == target)
			break;
	}
	kit_buf_init(&path, c->arena);
	kit_buf_printf(&path, "\"%s\"", target->unit->name->text);
	while (n-- > 0)
		if (chain[n] != target && chain[n]->unit->name != NULL)
			kit_buf_printf(&path, " -> \"%s\"", chain[n]->unit->name->text);
	kit_buf_printf(&path, " -> \"%s\"", target->unit->name->text);
	diag = check_error(c, pos, "formula \"%s\" depends on itself", target->unit->name->text);
	kit_diag_detail(diag, "%s.", path.data);
}

const LangType *
check_field_type(Check *c, LangField *field, LangPos pos)
{
	CheckUnit  *unit;

	if (field->type != NULL)
		return field->type;
	unit = c->units[field->unit->index];
	if (unit->state == CHECK_RUNNING)
	{
		report_running_cycle(c, unit, pos);
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	check_unit(c, unit);
	return field->type;
}

static const LangType *
field_read(Check *c, LangField *field, LangPos pos, bool is_own)
{
	const LangType *type = check_field_type(c, field, pos);

	switch (field->kind)
	{
		case LANG_FORMULA_FIELD:
			use_unit(c, field->unit, pos, is_own);
			break;
		case LANG_BUBBLE_FIELD:
			check_error(c, pos, "bubble \"%s\" cannot be read by code: it is different for each viewer", field->name->text);
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		case LANG_STORED_FIELD:
			if (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD)
				check_effect(c, LANG_READS_DOCUMENT, pos, check_printf(c, "reads \"%s\"", field->name->text));
			check_note_field(c, field, is_own);
			break;
	}
	return type;
}

const LangType *
check_field_read(Check *c, LangField *field, LangPos pos)
{
	return field_read(c, field, pos, false);
}

const LangType *
check_own_field_read(Check *c, LangField *field, LangPos pos)
{
	return field_read(c, field, pos, true);
}

/* ---- checking a unit ---- */

static void
check_formula(Check *c, CheckUnit *u)
{
	LangUnit   *unit = u->unit;
	const LangType *type = check_expr(c, unit->expr, NULL);
	KitDiag    *diag;

	if (type->kind == LANG_VOID)
	{
		check_error(c, unit->expr->pos, "%s has no value: nothing is returned here", check_unit_text(c, unit));
		type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	else if (type->kind == LANG_TABLE)
	{
		diag = check_error(c, unit->expr->pos, "%s cannot be a table", check_unit_text(c, unit));
		kit_diag_hint(diag, "Write \"iterate\" before the table.");
		type = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	unit->returns = type;
	u->field->type = type;
}

/*
 * Field values are constant: what they may be is written so.  (Anything that reads, writes or calls procedures is refused where
 * it stands, since nothing of the document is in scope.)
 */
static void
check_initial(Check *c, CheckUnit *u)
{
	LangUnit   *unit = u->unit;

	check_expr(c, unit->expr, unit->returns);
	check_convert(c, &unit->expr, unit->returns, "value of \"%s\"", unit->name->text);
}

/* An end of an edge: the id of a row, or none. */
static void
check_end(Check *c, CheckUnit *u)
{
	LangUnit   *unit = u->unit;
	const LangType *type = check_expr(c, unit->expr, NULL);
	KitDiag    *diag;

	if (CHECK_IS_ERROR(type) || check_try_convert(c, &unit->expr, unit->returns))
		return;
	diag = check_error(c, unit->expr->pos, "an end of a join must be int or maybe<int>, the id of a row, not %s", type->text);
	if (type->kind == LANG_RECORD)
		kit_diag_hint(diag, "Write .id behind it.");
}

void
check_unit(Check *c, CheckUnit *u)
{
	LangUnit   *unit = u->unit;
	CheckUnit  *cur = c->cur;
	CheckScope *scope = c->scope;
	int			n_loops = c->n_loops;
	int			n_switches = c->n_switches;
	bool		has_break = c->has_break;
	bool		is_target = c->is_target;
	KitDiag    *diag;

	if (u->state != CHECK_WAITING)
		return;
	u->state = CHECK_RUNNING;
	c->n_unknown = 0;
	u->caller = cur;
	c->cur = u;
	c->scope = NULL;
	c->n_loops = c->n_switches = 0;
	c->has_break = c->is_target = false;
	for (int i = 0; i < unit->n_params; i++)
		check_push_local(c, unit->locals[i]);
	if (unit->kind == LANG_UNIT_FORMULA || unit->kind == LANG_UNIT_BUBBLE)
		check_formula(c, u);
	else if (unit->kind == LANG_UNIT_INITIAL)
		check_initial(c, u);
	else if (unit->kind == LANG_UNIT_JOIN)
		check_end(c, u);
	else if (unit->kind == LANG_UNIT_REPLICATION)
		check_published(c, u);
	else if (!check_stmt(c, unit->body) && unit->returns->kind != LANG_VOID && !CHECK_IS_ERROR(unit->returns))
	{
		diag = check_error(c, unit->pos, "%s must return %s on every path", check_unit_text(c, unit), unit->returns->text);
		kit_diag_hint(diag, "Its end can be reached without \"return\".");
	}
	u->state = CHECK_DONE;
	c->cur = cur;
	c->scope = scope;
	c->n_loops = n_loops;
	c->n_switches = n_switches;
	c->has_break = has_break;
	c->is_target = is_target;
	c->n_unknown = 0;
}

void
check_units(Check *c)
{
	for (int i = 0; i < c->n_check_units; i++)
	{
		port_poll();
		check_unit(c, c->units[i]);
	}
}
