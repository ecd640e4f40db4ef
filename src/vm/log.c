/*
 * log.c
 *	  What a program writes for its developer: a value as a line of text.
 *
 * Strings, numbers and other simple values are written as people read them, all others as JSON, in the form that a document stores: also what nobody is
 * shown.  Where the line goes is up to whoever gave the event; without anybody who listens, as in a replay, nothing is made, but the same is charged.
 */
#include <string.h>

#include "vm/cotext.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

#define LINE_STEPS 2000			/* about what a line costs a server that writes it */
#define JSON_PER_BYTE 8			/* at worst: "false," is a byte, so is a character that is escaped */
#define PER_BYTE (JSON_PER_BYTE + 2)	/* of memory: the value encoded, and its JSON */
#define MAX_LINE 8192			/* bytes; what is beyond is cut off */

static void
add_enum(KitBuf *out, const LangType *type, int64_t number)
{
	const LangEnum *enumeration = type->enumeration;

	for (int i = 0; i < enumeration->n; i++)
		if (enumeration->numbers[i] == number)
		{
			kit_buf_printf(out, "%s::%s", type->text, enumeration->names[i]->text);
			return;
		}
	kit_buf_add_int(out, number);
}

static void
add_json(Vm *vm, KitBuf *out, const LangType *type, VmVal value, size_t size)
{
	KitBuf		bytes;
	DocWriter	w;

	kit_buf_init(&bytes, vm->arena);
	kit_buf_reserve(&bytes, size + DOC_HEADER_SIZE);
	kit_buf_reserve(out, size * JSON_PER_BYTE);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	vm_value_encode(&w, type, value);
	(void) doc_to_json(doc_write_end(&w), DOC_DOCUMENT, DOC_JSON_TEXT, out, NULL);
}

static void
add_value(Vm *vm, KitBuf *out, const LangType *type, VmVal value, size_t size)
{
	char		text[KIT_CALENDAR_TEXT];

	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
			kit_buf_add(out, value.str->text, value.str->len);
			return;
		case LANG_DOUBLE:
			doc_double_text(value.d, out);
			return;
		case LANG_LONG:
			kit_buf_add_int(out, value.i);
			return;
		case LANG_ENUM:
			add_enum(out, type, value.i);
			return;
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
			kit_buf_add(out, text, (size_t) vm_calendar_text(type, value, text));
			return;
		case LANG_PRINCIPAL:
			kit_buf_add(out, value.who->text, value.who->agent_len);
			kit_buf_add_char(out, '@');
			kit_buf_add(out, value.who->text + value.who->agent_len, value.who->authority_len);
			return;
		default:
			add_json(vm, out, type, value, size);
	}
}

/* The first bytes of the text, whole characters, and a sign that there was more. */
static void
cut(KitBuf *out)
{
	size_t		len = MAX_LINE;

	if (out->len <= MAX_LINE)
		return;
	while (((unsigned char) out->data[len] & 0xC0) == 0x80)
		len--;
	out->len = len;
	kit_buf_add_str(out, " ...");
}

bool
vm_log(Vm *vm, const LangType *type, VmVal value)
{
	bool		is_empty = type->kind == LANG_MAYBE && value.maybe == NULL;
	LangType	rows = {.kind = LANG_LIST, .a = type->a};
	size_t		size;
	KitBuf		out;

	if (type->kind == LANG_MAYBE && !is_empty)
	{
		/* also of a record: only as a field it has another form */
		value = value.maybe->value;
		type = type->a;
	}
	if (type->kind == LANG_TABLE && type->a->kind == LANG_MESSAGE)
		type = &rows;			/* a variable: query.c */
	size = is_empty ? 0 : vm_value_size(type, value);
	if (!vm_charge_steps(vm, LINE_STEPS) || !vm_charge(vm, type->kind == LANG_STRING ? size + 64 : (size + 64) * PER_BYTE))
		return false;
	if (vm->log.write == NULL)
		return true;
	kit_buf_init(&out, vm->arena);
	if (is_empty)
		kit_buf_add_str(&out, "empty");
	else
		add_value(vm, &out, type, value, size);
	cut(&out);
	vm->log.write(vm->log.arg, vm->log_event, out.data, out.len);
	return true;
}
