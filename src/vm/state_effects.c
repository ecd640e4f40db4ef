/*
 * state_effects.c
 *	  What events do beside changing the document: kept with the journal, and read back.
 *
 * state.h has the form.  An effect is encoded when it comes about; the document keeps it until the journal ends or is undone to a mark before it.
 */
#include "vm/state_internal.h"

typedef struct VmKeptEffect
{
	size_t		len;
	char		data[];
} VmKeptEffect;

#define FIRST_EFFECTS 8

void
vm_doc_add_effect(VmDoc *doc, const char *data, size_t len)
{
	VmKeptEffect *effect = kit_heap_alloc(doc->heap, sizeof(VmKeptEffect) + len);

	ADAMA_ASSERT(doc->is_open);
	effect->len = len;
	memcpy(effect->data, data, len);
	if (doc->n_effects == doc->effects_cap)
	{
		uint32_t	cap = doc->effects_cap == 0 ? FIRST_EFFECTS : doc->effects_cap * 2;

		doc->effects = kit_heap_grow(doc->heap, doc->effects, doc->effects_cap * sizeof(VmKeptEffect *), cap * sizeof(VmKeptEffect *));
		doc->effects_cap = cap;
	}
	doc->effects[doc->n_effects++] = effect;
	doc->effects_size += len;
}

void
vm_effects_drop(VmDoc *doc, uint32_t keep)
{
	while (doc->n_effects > keep)
	{
		VmKeptEffect *effect = doc->effects[--doc->n_effects];

		doc->effects_size -= effect->len;
		kit_heap_free(doc->heap, effect, sizeof(VmKeptEffect) + effect->len);
	}
}

size_t
vm_doc_effects_size(const VmDoc *doc)
{
	return doc->effects_size;
}

uint32_t
vm_doc_n_effects(const VmDoc *doc)
{
	return doc->n_effects;
}

DocBytes
vm_doc_effects(const VmDoc *doc, KitBuf *out)
{
	return vm_doc_effects_since(doc, 0, out);
}

DocBytes
vm_doc_effects_since(const VmDoc *doc, uint32_t n, KitBuf *out)
{
	DocWriter	w;

	if (doc->n_effects <= n)
		return (DocBytes) {NULL, 0};
	doc_write_begin(&w, out, DOC_DOCUMENT);
	doc_write_array_begin(&w);
	for (uint32_t i = n; i < doc->n_effects; i++)
	{
		DocItem		item;

		if (doc_item_from_raw(doc->effects[i]->data, doc->effects[i]->len, &item))
			doc_write_item(&w, item);
	}
	doc_write_array_end(&w);
	return doc_write_end(&w);
}

/* ---- read back ---- */

static bool
read_principal(DocItem object, const char *name, VmText *agent, VmText *authority)
{
	DocItem		who;
	DocItem		part;

	if (!doc_find_member(object, name, strlen(name), &who) || who.kind != DOC_OBJECT)
		return false;
	if (!doc_find_member(who, "agent", strlen("agent"), &part) || part.kind != DOC_STRING)
		return false;
	*agent = (VmText) {part.str, part.len};
	if (!doc_find_member(who, "authority", strlen("authority"), &part) || part.kind != DOC_STRING)
		return false;
	*authority = (VmText) {part.str, part.len};
	return true;
}

bool
vm_effect_next(DocCursor *effects, VmEffect *effect)
{
	DocItem		item;
	DocItem		member;

	while (doc_next_element(effects, &item))
	{
		*effect = (VmEffect) {0};
		if (item.kind != DOC_OBJECT || !doc_find_member(item, "seq", strlen("seq"), &member) || member.kind != DOC_INT)
			continue;
		effect->seq = member.i;
		effect->disconnects = read_principal(item, "disconnect", &effect->agent, &effect->authority);
		if (effect->disconnects)
			return true;
		effect->is_for_all = !read_principal(item, "to", &effect->agent, &effect->authority);
		if (doc_find_member(item, "send", strlen("send"), &member) && member.kind == DOC_ARRAY)
		{
			effect->words = member.body;
			return true;
		}
	}
	return false;
}

bool
vm_effect_concerns(const VmEffect *effect, VmText agent, VmText authority)
{
	return effect->is_for_all ||
		(effect->agent.len == agent.len && memcmp(effect->agent.str, agent.str, agent.len) == 0 &&
		 effect->authority.len == authority.len && memcmp(effect->authority.str, authority.str, authority.len) == 0);
}

void
vm_effect_payload(const VmEffect *effect, KitBuf *out)
{
	DocCursor	words = effect->words;
	DocItem		name;
	DocItem		value;

	kit_buf_add_char(out, '{');
	while (doc_next_element(&words, &name) && name.kind == DOC_STRING && doc_next_element(&words, &value))
	{
		doc_json_string(name.str, name.len, DOC_JSON_WIRE, out);
		kit_buf_add_char(out, ':');
		doc_item_to_json(value, DOC_JSON_WIRE, out);
		kit_buf_add_char(out, ',');
	}
	kit_buf_add_str(out, "\"seq\":");
	kit_buf_add_int(out, effect->seq);
	kit_buf_add_char(out, '}');
}
