/*
 * filter.c
 *	  Which parts of the viewer state matter: clients need not send the others.
 */
#include "live/live.h"

static bool
reads(const LangProgram *program, int bit)
{
	for (int i = 0; i < program->n_units; i++)
	{
		const uint64_t *fields = program->units[i]->fields;

		if (fields == NULL || (fields[bit / 64] >> bit % 64 & 1) != 0)
			return true;
	}
	return false;
}

bool
live_viewer_filter(const VmProgram *program, KitBuf *out)
{
	const LangProgram *lang = vm_program_lang(program);
	int			n = 0;

	kit_buf_add_char(out, '[');
	for (int i = 0; i < lang->view->n_fields; i++)
	{
		const LangField *field = lang->view->fields[i];

		if (field->slot < 0 || !reads(lang, lang->view->first_slot + field->slot))
			continue;
		if (n++ > 0)
			kit_buf_add_char(out, ',');
		doc_json_string(field->name->text, field->name->len, DOC_JSON_WIRE, out);
	}
	kit_buf_add_char(out, ']');
	return n > 0;
}
