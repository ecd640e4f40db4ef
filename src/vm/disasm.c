/*
 * disasm.c
 *	  Operations by name, and code as text.
 *
 *		channel "notify": 7 registers
 *		    0  6:11   GET                r3 = r2 [0]
 */
#include <string.h>

#include "vm/code.h"

typedef struct OpText
{
	const char *name;
	const char *code;
	const char *form;
	const char *doc;
} OpText;

static const OpText ops[] = {
#define VM_OP(name, code, form, doc) {#name, code, form, doc},
#include "vm/opcodes.def"
#undef VM_OP
};

const char *
vm_op_name(VmOp op)
{
	return ops[op].name + 3;	/* without VM_ */
}

const char *
vm_op_form(VmOp op)
{
	return ops[op].form;
}

const char *
vm_op_doc(VmOp op)
{
	return ops[op].doc;
}

uint32_t
vm_op_words(VmOp op)
{
	char		last = ops[op].form[strlen(ops[op].form) - 1];

	return last == '+' || last == '=' || last == '~' ? 2 : 1;
}

VmOp
vm_op_of_code(const char *code)
{
	for (int op = 0; op < VM_N_OPS; op++)
		if (ops[op].code[0] != '\0' && strcmp(ops[op].code, code) == 0)
			return (VmOp) op;
	return VM_N_OPS;
}

LangPos
vm_code_position(const VmCode *code, uint32_t pc)
{
	uint32_t	low = 0;
	uint32_t	high = code->n_positions;

	/* the last entry that begins at pc or before */
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (code->positions[middle].pc <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return code->unit != NULL ? code->unit->pos : (LangPos) {0};
	return (LangPos) {
		(int) code->positions[low - 1].line, (int) code->positions[low - 1].column, code->positions[low - 1].length, code->positions[low - 1].file
	};
}

static void
show_constant(const VmProgram *program, int32_t index, KitBuf *out)
{
	VmVal		value = program->constants[index];

	switch (program->constant_kinds[index])
	{
		case 'I':
			kit_buf_add_int(out, value.i);
			break;
		case 'D':
			doc_double_text(value.d, out);
			break;
		case 'S':
			doc_json_string(value.str->text, value.str->len, DOC_JSON_TEXT, out);
			break;
		case 'J':
			kit_buf_add_str(out, "null");
			break;
		case 'C':
			doc_double_text(value.complex->re, out);
			kit_buf_add_char(out, ' ');
			doc_double_text(value.complex->im, out);
			kit_buf_add_char(out, 'i');
			break;
		case 'W':
			kit_buf_add_str(out, "@no_one");
			break;
		case 'A':
			kit_buf_add_str(out, "@nothing");
			break;
		default:
			kit_buf_printf(out, "list of %u", value.list->n);
	}
}

static void
show_register(uint32_t reg, KitBuf *out)
{
	if (reg == VM_REG_ROOT)
		kit_buf_add_str(out, " root");
	else if (reg == VM_REG_SELF)
		kit_buf_add_str(out, " self");
	else if (reg == VM_NO_REG)
		kit_buf_add_str(out, " -");
	else
		kit_buf_printf(out, " r%u", reg);
}

static void
show_operand(const VmProgram *program, char form, uint32_t operand, KitBuf *out)
{
	switch (form)
	{
		case 'd':
		case 'r':
			show_register(operand, out);
			break;
		case 'u':
			kit_buf_printf(out, " [%u]", operand);
			break;
		case 'n':
			kit_buf_printf(out, " %d", (int16_t) operand);
			break;
		case 'f':
			kit_buf_printf(out, " %s", program->codes[operand]->name);
			break;
		case 'y':
			kit_buf_printf(out, " %s.%s", lang_builtins[operand].space, lang_builtins[operand].name);
			break;
		case 'q':
			kit_buf_printf(out, " sort %u", operand);
			break;
		case 'o':
			if (operand == VM_BY_ID)
				kit_buf_add_str(out, " by id");
			else
				kit_buf_printf(out, " order %u", operand);
			break;
		case 't':
			kit_buf_printf(out, " aggregate %u", operand);
			break;
		case 'h':
			kit_buf_printf(out, " channel \"%s\"", program->lang->channels[operand]->name->text);
			break;
		case 'g':
			kit_buf_printf(out, " assoc \"%s\"", program->lang->assocs[operand]->name->text);
			break;
		default:
			break;
	}
}

static void
show_scan_flags(uint32_t flags, KitBuf *out)
{
	if (flags & VM_SCAN_BACKWARDS)
		kit_buf_add_str(out, " backwards");
	if (flags & VM_SCAN_LOW_OPEN)
		kit_buf_add_str(out, " above");
	if (flags & VM_SCAN_HIGH_OPEN)
		kit_buf_add_str(out, " below");
	if (flags & VM_SCAN_ANY_ORDER)
		kit_buf_add_str(out, " in any order");
}

static void
show_instruction(const VmProgram *program, const VmCode *code, uint32_t pc, KitBuf *out)
{
	const VmIns *ins = &code->ins[pc];
	const char *form = vm_op_form(ins->op);
	LangPos		pos = vm_code_position(code, pc);
	uint32_t	operands[3] = {ins->a, ins->b, ins->c};
	bool		is_wide = false;

	kit_buf_printf(out, "%5u %5d:%-4d %-18s", pc, pos.line, pos.column, vm_op_name(ins->op));
	for (int i = 0; i < 3 && form[i] != '\0' && !is_wide; i++)
	{
		switch (form[i])
		{
			case 'I':
				kit_buf_printf(out, " %d", ins->imm);
				is_wide = true;
				break;
			case 'K':
				kit_buf_add_char(out, ' ');
				show_constant(program, ins->imm, out);
				is_wide = true;
				break;
			case 'S':
				kit_buf_printf(out, " %s", program->structs[ins->imm].structure->type->text);
				is_wide = true;
				break;
			case 'T':
				kit_buf_printf(out, " %s", program->types[ins->imm]->text);
				is_wide = true;
				break;
			case 'J':
				kit_buf_printf(out, " -> %u", pc + 1 + (uint32_t) ins->imm);
				is_wide = true;
				break;
			default:
				show_operand(program, form[i], operands[i], out);
		}
		if (i == 0 && form[0] == 'd')
			kit_buf_add_str(out, " =");
	}
	if (vm_op_words(ins->op) == 2)
	{
		if (strchr(form, '+') != NULL)
			kit_buf_printf(out, " -> %u", pc + 2 + (uint32_t) ins[1].imm);
		else
		{
			show_register(ins[1].b, out);
			show_register(ins[1].c, out);
			if (strchr(form, '~') != NULL)
				show_scan_flags(ins[1].a, out);
		}
	}
	kit_buf_add_char(out, '\n');
}

void
vm_program_disassemble(const VmProgram *program, KitBuf *out)
{
	for (uint32_t i = 0; i < program->n_codes; i++)
	{
		const VmCode *code = program->codes[i];

		kit_buf_printf(out, "%s: %u registers\n", code->name, code->n_regs);
		for (uint32_t pc = 0; pc < code->n_ins; pc += vm_op_words(code->ins[pc].op))
			show_instruction(program, code, pc, out);
		kit_buf_add_char(out, '\n');
	}
}
