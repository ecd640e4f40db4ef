/*
 * dynamic.c
 *	  Values of the types dynamic and json, between encodings and memory.
 */
#include "vm/dynamic.h"

DocItem
vm_dynamic_item(const VmStr *dynamic)
{
	DocItem		item = {.kind = DOC_NULL};
	bool		is_whole = doc_item_from_raw(dynamic->text, dynamic->len, &item);

	ADAMA_ASSERT(is_whole);
	(void) is_whole;
	return item;
}

DocFit
vm_dynamic_new(KitArena *arena, const DocItem *base, DocItem change, const VmStr **out, DocKey *refused)
{
	KitBuf		bytes;
	DocFit		fit;

	if (change.kind == DOC_NULL)
	{
		*out = &vm_null_json;
		return DOC_FIT_OK;
	}
	kit_buf_init(&bytes, arena);
	fit = doc_canonical(arena, base, change, VM_MAX_DYNAMIC_DEPTH, &bytes, refused);
	if (fit == DOC_FIT_OK)
		*out = vm_str_new(arena, bytes.data, bytes.len);
	return fit;
}
