/*
 * lower.c
 *	  From the checked tree to code: the units of a program, and their statements.
 *
 * Each unit becomes one VmCode, at the unit's own index; what the compiler makes up for pairs of structures follows behind.  Nothing can fail here but the
 * limits of the code (registers, pieces of code): the checker has refused everything that has no meaning.
 */
#include <string.h>

#include "vm/lower.h"

static void lower_stmt(Lower *l, const LangStmt *stmt);

/* ---- loops and branches ---- */

static void
lower_if(Lower *l, const LangStmt *stmt)
{
	Label		no = LABEL_NEW;
	Label		end = LABEL_NEW;

	if (stmt->u.branch.as_local != NULL)
	{
		uint16_t	local = lower_local(stmt->u.branch.as_local);

		lower_maybe(l, stmt->u.branch.condition, &no, local);
		lower_keep(l, stmt->u.branch.as_local->type, local);
	}
	else
		lower_condition(l, stmt->u.branch.condition, false, &no);
	lower_stmt(l, stmt->u.branch.yes);
	if (stmt->u.branch.no != NULL)
	{
		lower_jump(l, VM_JUMP, 0, &end);
		lower_here(l, &no);
		lower_stmt(l, stmt->u.branch.no);
		lower_here(l, &end);
	}
	else
		lower_here(l, &no);
}

static void
lower_body(Lower *l, const LangStmt *body, Label *leave, Label *again)
{
	Loop		loop = {leave, again, l->loop};

	l->loop = &loop;
	lower_stmt(l, body);
	l->loop = loop.up;
}

static void
lower_while(Lower *l, const LangStmt *stmt)
{
	Label		top = LABEL_NEW;
	Label		again = LABEL_NEW;
	Label		leave = LABEL_NEW;

	if (stmt->kind == LANG_STMT_FOR && stmt->u.loop.first != NULL)
		lower_stmt(l, stmt->u.loop.first);
	lower_here(l, &top);
	if (stmt->kind != LANG_STMT_DO_WHILE && stmt->u.loop.condition != NULL)
		lower_condition(l, stmt->u.loop.condition, false, &leave);
	lower_body(l, stmt->u.loop.body, &leave, &again);
	lower_here(l, &again);
	l->pos = stmt->pos;
	if (stmt->kind == LANG_STMT_FOR && stmt->u.loop.step != NULL)
		lower_stmt(l, stmt->u.loop.step);
	if (stmt->kind == LANG_STMT_DO_WHILE && stmt->u.loop.condition != NULL)
		lower_condition(l, stmt->u.loop.condition, false, &leave);
	l->pos = stmt->pos;
	lower_loop(l, &top);
	lower_here(l, &leave);
}

static void
lower_foreach(Lower *l, const LangStmt *stmt)
{
	uint32_t	mark = l->next;
	uint16_t	each = lower_temps(l, 2);
	uint32_t	inner = l->next;
	Label		again = LABEL_NEW;
	Label		leave = LABEL_NEW;

	if (stmt->u.foreach.list->type->kind == LANG_MAP)
	{
		uint16_t	pairs = lower_temp(l);

		lower_emit(l, VM_MAP_PAIRS, pairs, lower_map(l, stmt->u.foreach.list, -1), 0);
		lower_emit(l, VM_EACH, each, pairs, 0);
	}
	else
		lower_emit(l, VM_EACH, each, lower_query(l, stmt->u.foreach.list, QUERY_LIST, -1), 0);
	l->next = inner;			/* the iterator holds the list */
	lower_here(l, &again);
	lower_branch(l, VM_NEXT, lower_local(stmt->u.foreach.local), each, 0, &leave);
	lower_body(l, stmt->u.foreach.body, &leave, &again);
	l->pos = stmt->pos;
	lower_loop(l, &again);
	lower_here(l, &leave);
	l->next = mark;
}

/* ---- switch ---- */

/* A variable that a case declares is in scope in the cases below, which may be entered without it. */
static void
lower_skipped(Lower *l, const LangStmt *body)
{
	for (int i = 0; i < body->u.block.n; i++)
	{
		const LangStmt *s = body->u.block.items[i];
		const LangLocal *local = s->kind == LANG_STMT_DECLARE ? s->u.declare.local : s->kind == LANG_STMT_INGEST ? s->u.assign.as_local : NULL;
		bool		is_last = true;

		if (local == NULL)
			continue;
		for (int k = i + 1; k < body->u.block.n; k++)
			if (body->u.block.items[k]->kind == LANG_STMT_CASE || body->u.block.items[k]->kind == LANG_STMT_DEFAULT)
				is_last = false;
		if (is_last)
			continue;
		if (local->type->kind == LANG_RECORD)
		{
			KitDiag    *diag = lang_diags_add(l->diags, KIT_TYPE_ERROR, local->pos, "variable \"%s\" would have no row in the cases below", local->name->text);

			kit_diag_hint(diag, "Put the statements of this case into a block of their own: { ... }.");
			l->has_failed = true;
			continue;
		}
		lower_default(l, local->type, lower_local(local));
	}
}

static void
lower_case(Lower *l, const LangExpr *constant, uint16_t value, Label *label)
{
	const LangExpr *e = lower_bare(constant);
	uint32_t	mark = l->next;

	if (e->type->kind == LANG_STRING || e->type->kind == LANG_LABEL)
	{
		uint16_t	text = lower_expr(l, e, -1);

		lower_jump(l, VM_JUMP_TRUE, lower_apply(l, VM_EQ_STRING, value, text, -1), label);
	}
	else if (e->kind == LANG_EXPR_ENUM && e->u.enumeration.is_star)
	{
		const LangEnum *en = e->u.enumeration.enumeration;
		const KitSym *prefix = e->u.enumeration.value.sym;

		for (int i = 0; i < en->n; i++)
			if (prefix == NULL || (en->names[i]->len >= prefix->len && memcmp(en->names[i]->text, prefix->text, prefix->len) == 0))
			{
				lower_branch(l, VM_JUMP_EQ, 0, value, lower_int(l, en->numbers[i], -1), label);
				l->next = mark;
			}
	}
	else
		lower_branch(l, VM_JUMP_EQ, 0, value, lower_expr(l, e, -1), label);
	l->next = mark;
}

static void
lower_switch(Lower *l, const LangStmt *stmt)
{
	const LangStmt *body = stmt->u.branch.yes;
	int			n = body->u.block.n;
	Label	   *labels = kit_arena_alloc(l->scratch, sizeof(Label) * (size_t) (n + 1));
	uint32_t	mark = l->next;
	uint16_t	value = lower_expr(l, stmt->u.branch.condition, lower_temp(l));
	int			otherwise = -1;
	Label		leave = LABEL_NEW;
	Loop		loop = {&leave, NULL, l->loop};

	lower_skipped(l, body);
	for (int i = 0; i < n; i++)
	{
		labels[i] = LABEL_NEW;
		if (body->u.block.items[i]->kind == LANG_STMT_CASE)
			lower_case(l, body->u.block.items[i]->u.expr, value, &labels[i]);
		else if (body->u.block.items[i]->kind == LANG_STMT_DEFAULT)
			otherwise = i;
	}
	lower_jump(l, VM_JUMP, 0, otherwise >= 0 ? &labels[otherwise] : &leave);
	l->next = mark;
	l->loop = &loop;
	for (int i = 0; i < n; i++)
	{
		const LangStmt *s = body->u.block.items[i];

		if (s->kind == LANG_STMT_CASE || s->kind == LANG_STMT_DEFAULT)
			lower_here(l, &labels[i]);
		else
			lower_stmt(l, s);
	}
	l->loop = loop.up;
	lower_here(l, &leave);
}

/* ---- statements ---- */

static void
lower_expr_stmt(Lower *l, const LangExpr *e)
{
	e = lower_bare(e);
	if (e->kind == LANG_EXPR_ASSIGN_OP ||
		((e->kind == LANG_EXPR_PREFIX || e->kind == LANG_EXPR_POSTFIX) && (e->u.unary.op == LANG_OP_INCREMENT || e->u.unary.op == LANG_OP_DECREMENT)))
	{
		if (e->pos.line > 0)
			l->pos = e->pos;
		lower_assign_op(l, e, -1, false);
	}
	else
		lower_expr(l, e, -1);
}

void
lower_block(Lower *l, const LangStmt *stmt)
{
	for (int i = 0; i < stmt->u.block.n; i++)
		lower_stmt(l, stmt->u.block.items[i]);
}

static void
lower_stmt(Lower *l, const LangStmt *stmt)
{
	uint32_t	mark = l->next;
	Loop	   *loop;

	if (port_stack_is_low())
	{
		lower_fail(l, "the statement is nested too deeply");
		return;
	}
	if (stmt->pos.line > 0)
		l->pos = stmt->pos;
	switch (stmt->kind)
	{
		case LANG_STMT_EMPTY:
			break;
		case LANG_STMT_BLOCK:
			lower_block(l, stmt);
			break;
		case LANG_STMT_IF:
			lower_if(l, stmt);
			break;
		case LANG_STMT_DECLARE:
			if (stmt->u.declare.value != NULL)
				lower_rows_value(l, stmt->u.declare.value, lower_local(stmt->u.declare.local));
			else
				lower_default(l, stmt->u.declare.local->type, lower_local(stmt->u.declare.local));
			break;
		case LANG_STMT_WHILE:
		case LANG_STMT_DO_WHILE:
		case LANG_STMT_FOR:
			lower_while(l, stmt);
			break;
		case LANG_STMT_FOREACH:
			lower_foreach(l, stmt);
			break;
		case LANG_STMT_SWITCH:
			lower_switch(l, stmt);
			break;
		case LANG_STMT_BREAK:
			lower_jump(l, VM_JUMP, 0, l->loop->leave);
			break;
		case LANG_STMT_CONTINUE:
			for (loop = l->loop; loop->again == NULL; loop = loop->up)
				;
			if (loop->again->at >= 0)
				lower_loop(l, loop->again);
			else
				lower_jump(l, VM_JUMP, 0, loop->again);
			break;
		case LANG_STMT_ABORT:
			lower_emit(l, VM_ABORT, 0, 0, 0);
			break;
		case LANG_STMT_RETURN:
			if (stmt->u.expr == NULL)
				lower_emit(l, VM_RETURN_VOID, 0, 0, 0);
			else
				lower_emit(l, VM_RETURN, lower_rows_value(l, stmt->u.expr, -1), 0, 0);
			break;
		case LANG_STMT_ASSIGN:
			lower_assign(l, stmt->u.assign.place, stmt->u.assign.value);
			break;
		case LANG_STMT_INGEST:
			lower_ingest(l, stmt);
			break;
		case LANG_STMT_EXPR:
			lower_expr_stmt(l, stmt->u.expr);
			break;
		case LANG_STMT_LOG:
			lower_emit_imm(l, VM_LOG, lower_expr(l, stmt->u.expr, -1), (int32_t) lower_type(l, stmt->u.expr->type));
			break;
		case LANG_STMT_ASSERT:
		case LANG_STMT_STEP:
		case LANG_STMT_FORWARD:
		case LANG_STMT_PUMP:
		case LANG_STMT_SEND:
		case LANG_STMT_ABORTS:
			lower_test_stmt(l, stmt);
			break;
		default:
			lower_fail(l, "this statement is not supported by the machine");
			break;
	}
	l->next = mark;
}

/* ---- units ---- */

static void
begin_code(Lower *l, const LangUnit *unit)
{
	l->unit = unit;
	l->ins = NULL;
	l->n_ins = l->ins_cap = 0;
	l->positions = NULL;
	l->n_positions = l->positions_cap = 0;
	l->pos = unit != NULL ? unit->pos : (LangPos) {0};
	l->next = l->n_regs = VM_REG_PARAMS + (unit != NULL ? (uint32_t) unit->n_locals : 0);
	l->loop = NULL;
	l->hoisted = NULL;
	l->depth = 0;
}

static bool
is_costly(VmOp op)
{
	switch (op)
	{
		case VM_CALL:
		case VM_FORMULA:
		case VM_BUILTIN:
		case VM_LOOP:
		case VM_NEXT:
		case VM_NEXT_ROW:
		case VM_SCAN:
		case VM_NEXT_SCANNED:
		case VM_ORDERED:
		case VM_AGGREGATE:
		case VM_GROUP:
		case VM_UNIQUE:
		case VM_RANK:
		case VM_TRAVERSE:
		case VM_SHUFFLE:
		case VM_SORT_BY_TEXT:
		case VM_TABLE_LIST:
		case VM_LIST_COPY:
		case VM_MAP_VALUE:
		case VM_MAP_OWN:
		case VM_MAP_PAIRS:
		case VM_MAP_ASSIGN:
		case VM_MAP_INSERT:
		case VM_SORT:
		case VM_SORT_PART:
		case VM_CONCAT:
		case VM_REPEAT:
		case VM_REPEAT_BY:
		case VM_MAYBE_REPEAT:
		case VM_MAYBE_REPEAT_BY:
		case VM_MATCH_STRING:
			return true;
		default:
			return false;
	}
}

static void
end_code(Lower *l, VmCode *code)
{
	code->ins = kit_arena_alloc(l->arena, l->n_ins * sizeof(VmIns));
	memcpy(code->ins, l->ins, l->n_ins * sizeof(VmIns));
	code->n_ins = l->n_ins;
	if (l->n_positions > 0)
	{
		code->positions = kit_arena_alloc(l->arena, l->n_positions * sizeof(VmPosition));
		memcpy(code->positions, l->positions, l->n_positions * sizeof(VmPosition));
	}
	code->n_positions = l->n_positions;
	code->n_regs = l->n_regs;
	code->is_cheap = true;
	for (uint32_t i = 0; i < l->n_ins; i++)
	{
		code->is_cheap = code->is_cheap && !is_costly(code->ins[i].op);
		i += vm_op_words(code->ins[i].op) - 1;
	}
	kit_arena_reset(l->scratch);
}

static void
lower_unit(Lower *l, const LangUnit *unit, VmCode *code)
{
	begin_code(l, unit);
	if (VM_REG_PARAMS + (uint32_t) unit->n_locals > VM_MAX_REGS)
		lower_fail(l, "the code is too large: it has too many variables");
	else if (unit->expr != NULL)
		lower_emit(l, VM_RETURN, lower_expr(l, unit->expr, -1), 0, 0);
	else
	{
		lower_stmt(l, unit->body);
		/* the end is never reached when something is to be returned: the checker has seen to that */
		if (unit->returns->kind == LANG_VOID)
			lower_emit(l, VM_RETURN_VOID, 0, 0, 0);
		else
			lower_emit(l, VM_RETURN, lower_default(l, unit->returns, -1), 0, 0);
	}
	end_code(l, code);
}

/* ---- lists that are kept up to date ---- */

/* Code with the unit's locals as parameters. */
static VmCode *
kept_code(Lower *l, const LangUnit *unit, const char *what)
{
	VmCode	   *code = KIT_NEW(l->arena, VmCode);

	code->name = kit_arena_printf(l->arena, "%s of %s", what, l->program->codes[unit->index]->name);
	code->n_params = (uint32_t) unit->n_locals;
	begin_code(l, unit);
	return code;
}

static VmCode *
kept_number(Lower *l, const LangUnit *unit, const LangExpr *e, const char *what)
{
	VmCode	   *code;

	if (e == NULL)
		return NULL;
	code = kept_code(l, unit, what);
	lower_emit(l, VM_RETURN, lower_expr(l, e, -1), 0, 0);
	end_code(l, code);
	return code;
}

/* As queries are lowered elsewhere: by the indexes and orders that there are. */
static VmCode *
kept_rows(Lower *l, const LangUnit *unit)
{
	VmCode	   *code = kept_code(l, unit, "rows");

	lower_emit(l, VM_RETURN, lower_query(l, unit->kept->rows, unit->kept->is_count ? QUERY_EACH : QUERY_LIST, -1), 0, 0);
	end_code(l, code);
	return code;
}

static VmCode *
kept_test(Lower *l, const LangUnit *unit)
{
	const LangKept *kept = unit->kept;
	VmCode	   *code;
	Label		no = LABEL_NEW;

	if (kept->n_wheres == 0)
		return NULL;
	code = kept_code(l, unit, "where");
	for (int i = 0; i < kept->n_wheres; i++)
	{
		uint32_t	mark = l->next;

		l->pos = kept->wheres[i]->pos;
		lower_condition(l, kept->wheres[i]->u.linq.expr, false, &no);
		l->next = mark;
	}
	lower_emit(l, VM_RETURN, lower_int(l, 1, -1), 0, 0);
	lower_here(l, &no);
	lower_emit(l, VM_RETURN, lower_int(l, 0, -1), 0, 0);
	end_code(l, code);
	return code;
}

static void
lower_kept(Lower *l, const LangUnit *unit)
{
	VmKept	   *kept = KIT_NEW(l->arena, VmKept);

	kept->rows = kept_rows(l, unit);
	kept->test = kept_test(l, unit);
	kept->offset = kept_number(l, unit, unit->kept->offset, "offset");
	kept->limit = kept_number(l, unit, unit->kept->limit, "limit");
	if (unit->kept->order != NULL)
	{
		const LangExpr *order = unit->kept->order;

		kept->sort.n_keys = order->u.linq.n_keys;
		kept->sort.keys = KIT_NEW_N(l->arena, VmSortKey, kept->sort.n_keys);
		kept->key_codes = KIT_NEW_N(l->arena, VmCode *, kept->sort.n_keys);
		for (int i = 0; i < kept->sort.n_keys; i++)
		{
			VmSortKey  *key = &kept->sort.keys[i];

			*key = lower_sort_key(&order->u.linq.keys[i]);
			if (!key->is_computed)
				continue;
			key->slot = kept->sort.n_computed;
			kept->key_codes[kept->sort.n_computed++] = l->program->codes[order->u.linq.keys[i].field->unit->index];
		}
	}
	l->program->kept[unit->index] = kept;
}

static void
list_kept(Lower *l, VmKept *kept)
{
	lower_add_code(l, kept->rows);
	if (kept->test != NULL)
		lower_add_code(l, kept->test);
	if (kept->offset != NULL)
		lower_add_code(l, kept->offset);
	if (kept->limit != NULL)
		lower_add_code(l, kept->limit);
}

static const char *
unit_name(Lower *l, const LangUnit *unit)
{
	const char *word = lang_unit_word(unit->kind);
	const LangStruct *self = unit->self;
	bool		of = self != NULL && self->name != NULL;

	if (unit->name == NULL)
		return of ? kit_arena_printf(l->arena, "%s of %s", word, self->name->text) : word;
	return kit_arena_printf(l->arena, "%s \"%s%s%s\"", word, of ? self->name->text : "", of ? "." : "", unit->name->text);
}

bool
vm_lower_program(VmProgram *program, LangDiags *diags)
{
	LangProgram *lang = program->lang;
	Lower		l = {.program = program, .arena = program->arena, .scratch = kit_arena_new("lowering"), .diags = diags};
	uint32_t	n_pairs_done = 0;

	for (int i = 0; i < lang->n_units; i++)
	{
		VmCode	   *code = KIT_NEW(l.arena, VmCode);

		ADAMA_ASSERT(lang->units[i]->index == i);
		code->unit = lang->units[i];
		code->name = unit_name(&l, lang->units[i]);
		code->n_params = (uint32_t) lang->units[i]->n_params;
		lower_add_code(&l, code);
	}
	for (int i = 0; i < lang->n_units && !l.has_failed; i++)
		lower_unit(&l, lang->units[i], program->codes[i]);
	program->kept = KIT_NEW_N(l.arena, VmKept *, lang->n_units + 1);
	for (int i = 0; i < lang->n_units && !l.has_failed; i++)
		if (lang->units[i]->kept != NULL)
			lower_kept(&l, lang->units[i]);
	/* lowering a pair may ask for more of them; they are kept latest first */
	while (!l.has_failed && lang->n_units + n_pairs_done < program->n_codes)
	{
		VmCode	   *code = program->codes[lang->n_units + n_pairs_done];
		Pair	   *pair = l.pairs;

		while (pair->code != lang->n_units + n_pairs_done)
			pair = pair->next;
		begin_code(&l, NULL);
		lower_pair_body(&l, pair);
		end_code(&l, code);
		n_pairs_done++;
	}
	for (int i = 0; i < lang->n_units && !l.has_failed; i++)
		if (program->kept[i] != NULL)
			list_kept(&l, program->kept[i]);
	kit_arena_delete(l.scratch);
	return !l.has_failed;
}
