/*
 * lower_emit.c
 *	  Instructions, registers, jumps and constants of the unit that is being lowered.
 */
#include <string.h>

#include "vm/asset.h"
#include "vm/lower.h"

#define NEAR_CONSTANTS 64		/* how far back an equal constant is looked for */

void
lower_fail(Lower *l, const char *what)
{
	if (!l->has_failed)
		lang_diags_add(l->diags, KIT_PROGRAM_LIMIT, l->pos, "%s", what);
	l->has_failed = true;
}

static void *
grow(KitArena *arena, void *items, uint32_t n, uint32_t *cap, size_t size)
{
	void	   *grown;

	if (n < *cap)
		return items;
	*cap = *cap == 0 ? 16 : *cap * 2;
	grown = kit_arena_alloc(arena, *cap * size);
	if (n > 0)
		memcpy(grown, items, n * size);
	return grown;
}

uint16_t
lower_temps(Lower *l, uint32_t n)
{
	uint32_t	first = l->next;

	if (first + n > VM_MAX_REGS)
	{
		lower_fail(l, "the code is too large: it needs too many variables at a time");
		return (uint16_t) (VM_REG_PARAMS);
	}
	l->next = first + n;
	if (l->next > l->n_regs)
		l->n_regs = l->next;
	return (uint16_t) first;
}

uint16_t
lower_temp(Lower *l)
{
	return lower_temps(l, 1);
}

uint16_t
lower_result(Lower *l, int want)
{
	return want >= 0 ? (uint16_t) want : lower_temp(l);
}

uint16_t
lower_local(const LangLocal *local)
{
	return (uint16_t) (VM_REG_PARAMS + local->index);
}

static VmIns *
add_ins(Lower *l)
{
	l->ins = grow(l->scratch, l->ins, l->n_ins, &l->ins_cap, sizeof(VmIns));
	if (l->pos.line > 0)
	{
		const VmPosition *last = l->n_positions > 0 ? &l->positions[l->n_positions - 1] : NULL;

		if (last == NULL || last->line != (uint32_t) l->pos.line || last->column != (uint32_t) l->pos.column || last->file != l->pos.file)
		{
			if (last == NULL || last->pc != l->n_ins)
			{
				l->positions = grow(l->scratch, l->positions, l->n_positions, &l->positions_cap, sizeof(VmPosition));
				l->n_positions++;
			}
			l->positions[l->n_positions - 1] = (VmPosition) {
				l->n_ins, (uint32_t) l->pos.line, (uint32_t) l->pos.column, (uint16_t) (l->pos.length < UINT16_MAX ? l->pos.length : UINT16_MAX),
				(uint16_t) l->pos.file
			};
		}
	}
	return &l->ins[l->n_ins++];
}

void
lower_emit(Lower *l, VmOp op, uint32_t a, uint32_t b, uint32_t c)
{
	VmIns	   *ins = add_ins(l);

	ins->op = (uint16_t) op;
	ins->a = (uint16_t) a;
	ins->b = (uint16_t) b;
	ins->c = (uint16_t) c;
}

void
lower_emit_imm(Lower *l, VmOp op, uint32_t a, int32_t imm)
{
	VmIns	   *ins = add_ins(l);

	ins->op = (uint16_t) op;
	ins->a = (uint16_t) a;
	ins->imm = imm;
}

void
lower_jump(Lower *l, VmOp op, uint32_t a, Label *label)
{
	if (label->at >= 0)
		lower_emit_imm(l, op, a, label->at - (int32_t) l->n_ins - 1);
	else
	{
		int32_t		here = (int32_t) l->n_ins;

		lower_emit_imm(l, op, a, label->waiting);
		label->waiting = here;
	}
}

void
lower_branch(Lower *l, VmOp op, uint32_t a, uint32_t b, uint32_t c, Label *label)
{
	lower_emit(l, op, a, b, c);
	lower_jump(l, VM_JUMP, 0, label);
}

void
lower_loop(Lower *l, Label *label)
{
	lower_jump(l, VM_LOOP, 0, label);
}

void
lower_here(Lower *l, Label *label)
{
	int32_t		at = label->waiting;

	label->at = (int32_t) l->n_ins;
	while (at >= 0)
	{
		int32_t		before = l->ins[at].imm;

		l->ins[at].imm = label->at - at - 1;
		at = before;
	}
	label->waiting = -1;
}

void
lower_move(Lower *l, uint16_t to, uint16_t from)
{
	if (to != from)
		lower_emit(l, VM_MOVE, to, from, 0);
}

static bool
same_constant(char kind, VmVal a, VmVal b)
{
	switch (kind)
	{
		case 'S':
			return vm_str_equal(a.str, b.str);
		case 'D':
			return memcmp(&a.d, &b.d, sizeof(double)) == 0;
		case 'I':
			return a.i == b.i;
		default:
			return a.p == b.p;
	}
}

int32_t
lower_constant(Lower *l, char kind, VmVal value)
{
	VmProgram  *program = l->program;
	uint32_t	first = program->n_constants > NEAR_CONSTANTS ? program->n_constants - NEAR_CONSTANTS : 0;
	uint32_t	cap = l->constants_cap;

	for (uint32_t i = first; i < program->n_constants; i++)
		if (program->constant_kinds[i] == kind && same_constant(kind, program->constants[i], value))
			return (int32_t) i;
	program->constants = grow(l->arena, program->constants, program->n_constants, &cap, sizeof(VmVal));
	program->constant_kinds = grow(l->arena, program->constant_kinds, program->n_constants, &l->constants_cap, 1);
	program->constants[program->n_constants] = value;
	program->constant_kinds[program->n_constants] = kind;
	return (int32_t) program->n_constants++;
}

static uint16_t
load_constant(Lower *l, char kind, VmVal value, int want)
{
	uint16_t	dst = lower_result(l, want);

	lower_emit_imm(l, VM_LOAD_CONST, dst, lower_constant(l, kind, value));
	return dst;
}

uint16_t
lower_int(Lower *l, int64_t value, int want)
{
	uint16_t	dst;

	if (value < INT32_MIN || value > INT32_MAX)
		return load_constant(l, 'I', (VmVal) {.i = value}, want);
	dst = lower_result(l, want);
	lower_emit_imm(l, VM_LOAD_INT, dst, (int32_t) value);
	return dst;
}

uint16_t
lower_string(Lower *l, const char *text, size_t len, int want)
{
	VmStr	   *s;

	if (len == 0)
		return load_constant(l, 'S', (VmVal) {.str = &vm_empty_string}, want);
	s = kit_arena_alloc(l->arena, sizeof(VmStr) + len + 1);
	s->len = (uint32_t) len;
	s->is_static = true;
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	return load_constant(l, 'S', (VmVal) {.str = s}, want);
}

/* The value that a variable of the type has when none is given. */
uint16_t
lower_default(Lower *l, const LangType *type, int want)
{
	uint16_t	dst;

	switch (type->kind)
	{
		case LANG_DOUBLE:
		case LANG_TIMESPAN:
			return load_constant(l, 'D', (VmVal) {.d = 0}, want);
		case LANG_DATE:
			return lower_int(l, KIT_DATE_DEFAULT, want);
		case LANG_DATETIME:
			return lower_int(l, KIT_DATETIME_DEFAULT, want);
		case LANG_STRING:
		case LANG_LABEL:
			return lower_string(l, "", 0, want);
		case LANG_DYNAMIC:
		case LANG_JSON:
			return load_constant(l, 'J', (VmVal) {.str = &vm_null_json}, want);
		case LANG_COMPLEX:
			return load_constant(l, 'C', (VmVal) {.complex = &vm_complex_zero}, want);
		case LANG_PRINCIPAL:
			return load_constant(l, 'W', (VmVal) {.who = vm_no_one}, want);
		case LANG_ASSET:
			return load_constant(l, 'A', (VmVal) {.asset = &vm_nothing}, want);
		case LANG_ENUM:
			return lower_int(l, type->enumeration->numbers[type->enumeration->default_index < 0 ? 0 : type->enumeration->default_index], want);
		case LANG_MAYBE:
			dst = lower_result(l, want);
			lower_emit(l, VM_LOAD_EMPTY, dst, 0, 0);
			return dst;
		case LANG_LIST:
		case LANG_ARRAY:
		case LANG_TABLE:		/* of messages */
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_NEW_LIST, dst, 0);
			return dst;
		case LANG_MAP:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_NEW_MAP, dst, type->items[0]->structure->index);
			return dst;
		case LANG_MESSAGE:
			dst = lower_result(l, want);
			lower_emit_imm(l, VM_NEW_MESSAGE, dst, type->structure->index);
			return dst;
		default:
			return lower_int(l, 0, want);
	}
}

uint32_t
lower_sort(Lower *l, VmSort sort)
{
	VmProgram  *program = l->program;

	if (program->n_sorts > UINT16_MAX)
	{
		lower_fail(l, "the program is too large: it has too many orders");
		return 0;
	}
	program->sorts = grow(l->arena, program->sorts, program->n_sorts, &l->sorts_cap, sizeof(VmSort));
	program->sorts[program->n_sorts] = sort;
	return program->n_sorts++;
}

/* The number of a type whose values tests show. */
uint32_t
lower_type(Lower *l, const LangType *type)
{
	VmProgram  *program = l->program;

	for (uint32_t i = 0; i < program->n_types; i++)
		if (program->types[i] == type)
			return i;
	program->types = grow(l->arena, program->types, program->n_types, &l->types_cap, sizeof(LangType *));
	program->types[program->n_types] = type;
	return program->n_types++;
}

uint32_t
lower_order_def(Lower *l, VmOrderDef *def)
{
	VmProgram  *program = l->program;

	program->orders = grow(l->arena, program->orders, program->n_orders, &l->orders_cap, sizeof(VmOrderDef *));
	program->orders[program->n_orders] = def;
	return program->n_orders++;
}

uint32_t
lower_aggregate_def(Lower *l, VmAggregateDef *def)
{
	VmProgram  *program = l->program;

	program->aggregates = grow(l->arena, program->aggregates, program->n_aggregates, &l->aggregates_cap, sizeof(VmAggregateDef *));
	program->aggregates[program->n_aggregates] = def;
	return program->n_aggregates++;
}

/* Gives a piece of code its number. */
uint32_t
lower_add_code(Lower *l, VmCode *code)
{
	VmProgram  *program = l->program;

	if (program->n_codes > UINT16_MAX)
	{
		lower_fail(l, "the program is too large: it has too many pieces of code");
		return 0;
	}
	program->codes = grow(l->arena, program->codes, program->n_codes, &l->codes_cap, sizeof(VmCode *));
	program->codes[program->n_codes] = code;
	return program->n_codes++;
}

const LangExpr *
lower_bare(const LangExpr *e)
{
	while (e->kind == LANG_EXPR_PAREN)
		e = e->u.unary.operand;
	return e;
}
