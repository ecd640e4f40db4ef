/*
 * operators.c
 *	  The operator table as data, and how the checker finds a row: by operator and a short key of each operand's type.
 *
 * A key is the kind of the type, marked when it stands inside maybe, list, or in a field of the document.  The keys of the rows
 * are made once per check from their texts, so that looking one up compares integers.
 */
#include <string.h>

#include "lang/check_internal.h"

const LangOpRow lang_op_rows[] = {
#define LANG_OP_ROW(op, left, right, result, code) {op, left, right, result, code},
#include "lang/operators.def"
};

const int	lang_n_op_rows = sizeof(lang_op_rows) / sizeof(lang_op_rows[0]);

static const LangOpCode codes[] = {
#define LANG_OP_CODE(code, left, right, result, doc) {#code, left, right, result, doc},
#include "lang/operators.def"
};

#define N_CODES ((int) (sizeof(codes) / sizeof(codes[0])))

const LangOpCode *
lang_op_code(const char *name)
{
	for (int i = 0; i < N_CODES; i++)
		if (strcmp(codes[i].name, name) == 0)
			return &codes[i];
	return NULL;
}

#define KEY_NONE 0				/* no type of the table */
#define KEY_NO_OPERAND 1
#define KEY_BASE 2				/* + kind */
#define KEY_MAYBE 0x100
#define KEY_LIST 0x200
#define KEY_FIELD 0x400			/* r<T> */

/* The key of a type's text, of which len bytes count. */
static uint16_t
text_key(const char *text, size_t len)
{
	if (len == 0)
		return KEY_NO_OPERAND;
	if (len > 7 && memcmp(text, "maybe<", 6) == 0)
		return KEY_MAYBE | text_key(text + 6, len - 7);
	if (len > 6 && memcmp(text, "list<", 5) == 0)
		return KEY_LIST | text_key(text + 5, len - 6);
	if (len > 3 && memcmp(text, "r<", 2) == 0)
		return KEY_FIELD | text_key(text + 2, len - 3);
	if (len == 4 && memcmp(text, "enum", 4) == 0)
		return KEY_BASE + LANG_ENUM;
	for (int kind = 0; kind < LANG_N_TYPES; kind++)
		if (strlen(lang_type_word(kind)) == len && memcmp(lang_type_word(kind), text, len) == 0)
			return KEY_BASE + (uint16_t) kind;
	return KEY_NONE;			/* secure<principal>: the checker has principal for it */
}

static uint16_t
type_key(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_MAYBE:
			return type->a->kind < LANG_RECORD ? KEY_MAYBE | (KEY_BASE + (uint16_t) type->a->kind) : KEY_NONE;
		case LANG_LIST:
			return type->a->kind < LANG_RECORD ? KEY_LIST | (KEY_BASE + (uint16_t) type->a->kind) : KEY_NONE;
		case LANG_RECORD:
		case LANG_MESSAGE:
		case LANG_ARRAY:
		case LANG_TABLE:
			return KEY_NONE;
		default:
			return KEY_BASE + (uint16_t) type->kind;
	}
}

void
check_ops_init(Check *c)
{
	c->op_keys = KIT_NEW_N(c->arena, CheckOpKey, lang_n_op_rows);
	for (int i = 0; i < lang_n_op_rows; i++)
	{
		c->op_keys[i].left = text_key(lang_op_rows[i].left, strlen(lang_op_rows[i].left));
		c->op_keys[i].right = text_key(lang_op_rows[i].right, strlen(lang_op_rows[i].right));
	}
}

const LangOpRow *
check_find_op(Check *c, LangOp op, const LangType *left, bool left_is_field, const LangType *right)
{
	uint16_t	left_key = type_key(left);
	uint16_t	right_key = right == NULL ? KEY_NO_OPERAND : type_key(right);

	if (left_key == KEY_NONE || right_key == KEY_NONE)
		return NULL;
	if (left_is_field)
		left_key |= KEY_FIELD;
	for (int i = 0; i < lang_n_op_rows; i++)
		if (lang_op_rows[i].op == op && c->op_keys[i].left == left_key && c->op_keys[i].right == right_key)
			return &lang_op_rows[i];
	return NULL;
}
