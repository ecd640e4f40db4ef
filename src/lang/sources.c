/*
 * sources.c
 *	  Sources in an object {"lib/cards": "text", …}, and back.
 */
#include <string.h>

#include "lang/sources.h"

static bool
find(void *arg, const char *name, KitArena *arena, LangSource *source)
{
	const LangGiven *given = arg;
	DocItem		item;

	if (given->object.kind != DOC_OBJECT || !doc_find_member(given->object, name, strlen(name), &item) || item.kind != DOC_STRING)
		return false;
	source->text = kit_arena_strdup(arena, item.str, item.len);
	source->len = item.len;
	return true;
}

static void
each(void *arg, void (*visit) (const char *name, void *visit_arg), void *visit_arg)
{
	const LangGiven *given = arg;
	DocCursor	members = given->object.body;
	DocKey		key;
	DocItem		item;
	char		name[KIT_MAX_FILE];

	while (given->object.kind == DOC_OBJECT && doc_next_member(&members, &key, &item))
		if (key.len < sizeof(name))
		{
			memcpy(name, key.str, key.len);
			name[key.len] = '\0';
			visit(name, visit_arg);
		}
}

void
lang_sources_of(LangGiven *given, DocItem object)
{
	given->object = object;
	given->sources = (LangSources) {find, each, given};
}

DocBytes
lang_sources_used(const LangDiags *diags, KitBuf *out)
{
	DocWriter	w;

	if (diags->n_sources < 2)
		return (DocBytes) {NULL, 0};
	doc_write_begin(&w, out, DOC_DOCUMENT);
	doc_write_object_begin(&w);
	for (int i = 1; i < diags->n_sources; i++)
	{
		doc_write_key_z(&w, diags->sources[i].name);
		doc_write_string(&w, diags->sources[i].text, (uint32_t) diags->sources[i].len);
	}
	doc_write_object_end(&w);
	return doc_write_end(&w);
}
