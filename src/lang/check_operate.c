/*
 * check_operate.c
 *	  Operators: the row of the table that applies, and the operands brought into the form that its operation takes.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* Whether a value of the type lies in an integer slot that operations on long take as it is. */
static bool
is_integer_slot(const LangType *type)
{
	return lang_type_storage(type) == 'I';
}

/* Brings *slot, of a type that the row allows, into the storage of the canonical type. */
static void
to_canonical(Check *c, LangExpr **slot, const char *canonical)
{
	const LangType *type = (*slot)->type;
	bool		to_maybe = strncmp(canonical, "maybe<", 6) == 0;
	const char *inner = to_maybe ? canonical + 6 : canonical;
	bool		to_double = strncmp(inner, "double", 6) == 0;
	bool		to_complex = strncmp(inner, "complex", 7) == 0;
	const LangType *plain = type->kind == LANG_MAYBE ? type->a : type;

	if (type->kind == LANG_MAYBE && to_maybe)
	{
		if (to_complex && plain->kind != LANG_COMPLEX)
			check_wrap(c, slot, LANG_CONVERT_MAYBE_INNER, LANG_CONVERT_TO_COMPLEX,
					   lang_type_maybe(c->program, CHECK_SIMPLE(c, LANG_COMPLEX)));
		else if (to_double && is_integer_slot(plain))
			check_wrap(c, slot, LANG_CONVERT_MAYBE_INNER, LANG_CONVERT_INT_TO_DOUBLE,
					   lang_type_maybe(c->program, CHECK_SIMPLE(c, LANG_DOUBLE)));
		return;
	}
	if (type->kind == LANG_MAYBE)
	{
		if (plain->kind == LANG_BOOL)
			check_wrap(c, slot, LANG_CONVERT_MAYBE_BOOL, 0, plain);
		return;
	}
	if (type->kind == LANG_DATETIME)
		check_wrap(c, slot, LANG_CONVERT_TO_INSTANT, 0, CHECK_SIMPLE(c, LANG_LONG));
	else if (to_complex && type->kind != LANG_COMPLEX)
		check_wrap(c, slot, LANG_CONVERT_TO_COMPLEX, 0, CHECK_SIMPLE(c, LANG_COMPLEX));
	else if (to_double && is_integer_slot(type))
		check_wrap(c, slot, LANG_CONVERT_INT_TO_DOUBLE, 0, CHECK_SIMPLE(c, LANG_DOUBLE));
	if (to_maybe)
		check_wrap(c, slot, LANG_CONVERT_TO_MAYBE, 0, lang_type_maybe(c->program, (*slot)->type));
}

static void
operand_to_code(Check *c, LangExpr **slot, const LangOpCode *code, const char *canonical)
{
	if (strcmp(code->name, "concat") == 0)
	{
		if ((*slot)->type->kind != LANG_STRING)
			check_wrap(c, slot, LANG_CONVERT_TO_STRING, 0, CHECK_SIMPLE(c, LANG_STRING));
	}
	else
		to_canonical(c, slot, canonical);
}

/* The type that a row's result names; enum and lists do not occur. */
static const LangType *
result_type(Check *c, const char *text)
{
	size_t		len = strlen(text);

	if (len > 7 && strncmp(text, "maybe<", 6) == 0)
	{
		char		inner[32];

		len -= 7;
		if (len >= sizeof(inner))
			return error_type(c);
		memcpy(inner, text + 6, len);
		inner[len] = '\0';
		return lang_type_maybe(c->program, result_type(c, inner));
	}
	for (int kind = LANG_BOOL; kind < LANG_N_TYPES; kind++)
		if (c->program->simple[kind] != NULL && strcmp(lang_type_word(kind), text) == 0)
			return c->program->simple[kind];
	return error_type(c);
}

/* ---- no row ---- */

static void
hint_operands(KitDiag *diag, LangOp op, const LangType *left, const LangType *right)
{
	const LangType *maybe = left->kind == LANG_MAYBE ? left : right;

	if (check_hint_await(diag, left) || check_hint_await(diag, right))
		;
	else if (check_type_is_structured(left) && check_type_is_structured(right))
		kit_diag_hint(diag, "Compare fields of them, for example their ids.");
	else if (left->kind == LANG_MAYBE || right->kind == LANG_MAYBE)
	{
		if (op == LANG_OP_EQ || op == LANG_OP_NE)
			kit_diag_hint(diag, "Ask .has(), or unwrap it with if (... as x) { ... }.");
		else if (check_type_is_structured(maybe->a))
			kit_diag_hint(diag, "Unwrap it with if (... as x) { ... }.");
		else
			kit_diag_hint(diag, "%s must be unwrapped first: if (... as x) { ... }, or give a default with .getOrDefaultTo(...).",
						  maybe->text);
	}
	else if (left->kind == LANG_ENUM && right->kind == LANG_ENUM)
		kit_diag_hint(diag, "Values of different enumerations are not compared.");
	else if ((left->kind == LANG_ENUM || right->kind == LANG_ENUM) && (left->kind == LANG_STRING || right->kind == LANG_STRING))
		kit_diag_hint(diag, op == LANG_OP_ADD ? "The name of an enumeration's value is .to_string()." :
					  "A value of an enumeration is written Name::Value.");
	else if (left->kind == LANG_ENUM || right->kind == LANG_ENUM)
		kit_diag_hint(diag, "The number of an enumeration's value is .to_int().");
	else if (op == LANG_OP_ADD && (left->kind == LANG_STRING || right->kind == LANG_STRING) &&
			 (left->kind == LANG_DATE || right->kind == LANG_DATE || left->kind == LANG_DATETIME || right->kind == LANG_DATETIME))
		kit_diag_hint(diag, "The text of a date is .format(\"yyyy-MM-dd\"), a maybe.");
	else if (left->kind == LANG_DATETIME)
		kit_diag_hint(diag, "A datetime is moved by .future(...) and .past(...); what is between two is .between(...).");
	else if (left->kind == LANG_DATE && right->kind != LANG_DATETIME)
		kit_diag_hint(diag, "A date is moved by .offsetDay(...) and .offsetMonth(...).");
	else if (left->kind == LANG_TIME)
		kit_diag_hint(diag, "A time is moved by .cyclicAdd(...) and .extendWithinDay(...).");
	else if (left->kind == LANG_LIST || right->kind == LANG_LIST)
		kit_diag_hint(diag, "One element of a list is (...)[0], the number of elements (...).size().");
	else if (left->kind == LANG_PRINCIPAL || right->kind == LANG_PRINCIPAL)
		kit_diag_hint(diag, "The name of a principal is .agent().");
	else if (left->kind == LANG_ASSET || right->kind == LANG_ASSET)
		kit_diag_hint(diag, "What is known of an asset is .id(), .name(), .type(), .size(), .md5() and .sha384().");
	else if (left->kind == LANG_STRING && lang_type_is_numeric(right))
		kit_diag_hint(diag, "String.strOf(...) makes a string of a number.");
	else if (right->kind == LANG_STRING && lang_type_is_numeric(left))
		kit_diag_hint(diag, "String.strOf(...) makes a string of a number.");
	else if ((op == LANG_OP_AND || op == LANG_OP_OR) && (lang_type_is_numeric(left) || lang_type_is_numeric(right)))
		kit_diag_hint(diag, "Compare numbers first: ... != 0.");
	else if ((op == LANG_OP_AND || op == LANG_OP_OR) && (left->kind == LANG_STRING || right->kind == LANG_STRING))
		kit_diag_hint(diag, "Compare strings first: ... != \"\".");
}

static const LangType *
refuse_binary(Check *c, LangExpr *e, const LangType *left, const LangType *right)
{
	LangOp		op = e->u.binary.op;

	hint_operands(check_error(c, e->pos, "operator \"%s\" does not take %s and %s", lang_op_text(op), left->text, right->text), op,
				  left, right);
	return error_type(c);
}

static const LangType *
refuse_combination(Check *c, LangExpr *e, LangOp op, const LangType *left, const LangType *right)
{
	if (right == NULL)
		check_unsupported(c, e->pos, "operator \"%s\" on %s", lang_op_text(op), left->text);
	else
		check_unsupported(c, e->pos, "operator \"%s\" on %s and %s", lang_op_text(op), left->text, right->text);
	return error_type(c);
}

/* ---- unary ---- */

static bool
is_projection(LangExpr *e)
{
	e = check_strip(e);
	return e->kind == LANG_EXPR_FIELD && e->u.field.is_projection;
}

/* A field of the document or of a record: the table has more for those than for variables. */
static bool
is_stored_field(LangExpr *e)
{
	const LangField *field;

	e = check_strip(e);
	field = e->kind == LANG_EXPR_FIELD ? e->u.field.field : e->kind == LANG_EXPR_NAME ? e->u.name.ref.field : NULL;
	return field != NULL && (field->owner->kind == LANG_STRUCT_ROOT || field->owner->kind == LANG_STRUCT_RECORD);
}

/* ++ and --, before or after a place. */
static const LangType *
check_step(Check *c, LangExpr *e)
{
	LangExpr   *operand = e->u.unary.operand;
	const LangType *type = check_expr(c, operand, NULL);
	const LangOpRow *row;

	if (CHECK_IS_ERROR(type))
		return type;
	type = check_place_type(operand);
	row = check_find_op(c, e->u.unary.op, type->kind == LANG_LIST ? type->a : type, false, NULL);
	if (row == NULL || (type->kind == LANG_LIST && !is_projection(operand)))
	{
		KitDiag    *diag = check_error(c, e->pos, "operator \"%s\" works on int, long and double, not on %s",
									   lang_op_text(e->u.unary.op), type->text);

		if (type->kind == LANG_MAYBE)
			kit_diag_hint(diag, "Unwrap it with if (... as x) { ... }, and assign the result.");
		return error_type(c);
	}
	if (!check_place(c, operand, "change"))
		return error_type(c);
	if (type->kind == LANG_LIST)
	{
		for (int i = 0; i < lang_n_op_rows; i++)
			if (lang_op_rows[i].op == e->u.unary.op && strncmp(lang_op_rows[i].left, "list<r<", 7) == 0 &&
				strncmp(lang_op_rows[i].left + 7, type->a->text, strlen(type->a->text)) == 0)
				row = &lang_op_rows[i];
		e->u.unary.row = row;
		return CHECK_SIMPLE(c, LANG_INT);
	}
	e->u.unary.row = row;
	return type;
}

const LangType *
check_unary(Check *c, LangExpr *e)
{
	const LangType *type;
	const LangOpRow *row;

	if (e->u.unary.op == LANG_OP_INCREMENT || e->u.unary.op == LANG_OP_DECREMENT)
		return check_step(c, e);
	type = check_expr(c, e->u.unary.operand, NULL);
	if (CHECK_IS_ERROR(type))
		return type;
	row = check_find_op(c, e->u.unary.op, type, false, NULL);
	if (row == NULL)
	{
		KitDiag    *diag = check_error(c, e->pos, "operator \"%s\" does not take %s", lang_op_text(e->u.unary.op), type->text);

		if (check_hint_await(diag, type))
			;
		else if (e->u.unary.op == LANG_OP_NOT && type->kind == LANG_MAYBE)
			kit_diag_hint(diag, "Write !(....has()) to ask whether it is empty, or unwrap it first.");
		else if (e->u.unary.op == LANG_OP_NOT && lang_type_is_numeric(type))
			kit_diag_hint(diag, "Compare it: ... == 0.");
		return error_type(c);
	}
	if (row->code[0] == '\0')
		return refuse_combination(c, e, e->u.unary.op, type, NULL);
	e->u.unary.row = row;
	if (type->kind == LANG_LIST)
		return type;
	operand_to_code(c, &e->u.unary.operand, lang_op_code(row->code), lang_op_code(row->code)->left);
	return result_type(c, row->result);
}

/* ---- binary ---- */

/* Operands of one enumeration, of which one may be a maybe; others are not in the table. */
static bool
enums_differ(const LangType *left, const LangType *right)
{
	const LangType *a = left->kind == LANG_MAYBE ? left->a : left;
	const LangType *b = right->kind == LANG_MAYBE ? right->a : right;

	return (a->kind == LANG_ENUM || b->kind == LANG_ENUM) && a != b;
}

const LangType *
check_binary(Check *c, LangExpr *e)
{
	LangOp		op = e->u.binary.op;
	const LangType *left = check_expr(c, e->u.binary.left, NULL);
	const LangType *right = check_expr(c, e->u.binary.right, NULL);
	const LangOpRow *row;
	const LangOpCode *code;

	if (CHECK_IS_ERROR(left) || CHECK_IS_ERROR(right))
		return error_type(c);
	if (op == LANG_OP_INSIDE || op == LANG_OP_OUTSIDE)
		return check_inside(c, e);
	row = check_find_op(c, op, left, false, right);
	if (row == NULL || enums_differ(left, right))
		return refuse_binary(c, e, left, right);
	if (row->code[0] == '\0')
		return refuse_combination(c, e, op, left, right);
	e->u.binary.row = row;
	code = lang_op_code(row->code);
	operand_to_code(c, &e->u.binary.left, code, code->left);
	operand_to_code(c, &e->u.binary.right, code, code->right);
	return result_type(c, row->result);
}

const LangType *
check_range(Check *c, LangExpr *e)
{
	LangExpr  **operands[] = {&e->u.range.low, &e->u.range.value, &e->u.range.high};
	bool		is_double = false;
	bool		is_refused = false;

	for (int i = 0; i < 3; i++)
	{
		const LangType *type = check_expr(c, *operands[i], NULL);

		if (CHECK_IS_ERROR(type))
			is_refused = true;
		else if (!lang_type_is_numeric(type))
		{
			if (!is_refused)
				check_error(c, (*operands[i])->pos, "a range test takes numbers, not %s", type->text);
			is_refused = true;
		}
		else if (type->kind == LANG_DOUBLE)
			is_double = true;
	}
	if (is_refused)
		return error_type(c);
	if (is_double)
		for (int i = 0; i < 3; i++)
			to_canonical(c, operands[i], "double");
	return CHECK_SIMPLE(c, LANG_BOOL);
}

/* += -= *=: place = place op value; on a projection for each element. */
const LangType *
check_assign_op(Check *c, LangExpr *e)
{
	LangOp		op = e->u.binary.op;
	LangExpr   *place = e->u.binary.left;
	const LangType *left = check_expr(c, place, NULL);
	const LangType *right = check_expr(c, e->u.binary.right, NULL);
	const LangOpRow *row;
	bool		is_bulk;

	if (CHECK_IS_ERROR(left) || CHECK_IS_ERROR(right))
		return error_type(c);
	left = check_place_type(place);
	is_bulk = left->kind == LANG_LIST && is_projection(place);
	row = is_bulk ? check_find_op(c, op, left->a, left->a->kind != LANG_LIST, right) : check_find_op(c, op, left, left->kind != LANG_LIST && is_stored_field(place), right);
	if (row == NULL && !is_bulk)
		row = check_find_op(c, op, left, false, right);
	if (row == NULL)
	{
		const LangType *target = is_bulk ? left->a : left;
		KitDiag    *diag = check_error(c, e->pos, "operator \"%s\" does not take %s and %s", lang_op_text(op), left->text,
									   right->text);

		if (target->kind == LANG_INT && right->kind == LANG_LONG)
			kit_diag_hint(diag, "A long may be too large for an int: declare the target as long.");
		else if (target->kind == LANG_INT && right->kind == LANG_DOUBLE)
			kit_diag_hint(diag, "Math.round(...) makes an int of a double.");
		else
			hint_operands(diag, op, target, right);
		return error_type(c);
	}
	if (!check_place(c, place, "change"))
		return error_type(c);
	if (is_bulk)
		for (int i = 0; i < lang_n_op_rows; i++)
			if (lang_op_rows[i].op == op && strncmp(lang_op_rows[i].left, "list<r<", 7) == 0 &&
				strncmp(lang_op_rows[i].left + 7, row->left + 2, strlen(row->left + 2)) == 0 &&
					strcmp(lang_op_rows[i].right, row->right) == 0)
			{
				row = &lang_op_rows[i];
				break;
			}
	if (row->code[0] == '\0')
		return refuse_combination(c, e, op, left, right);
	e->u.binary.row = row;
	operand_to_code(c, &e->u.binary.right, lang_op_code(row->code), lang_op_code(row->code)->right);
	return is_bulk ? CHECK_SIMPLE(c, LANG_INT) : left;
}
