/*
 * state.c
 *	  A document's life, and what it says about itself.
 */
#include "vm/state_internal.h"

VmDoc *
vm_doc_new(const VmProgram *program, uint64_t entropy, bool keep)
{
	KitHeap    *heap = kit_heap_new("adama document");
	VmDoc	   *doc;
	const LangStruct *root = vm_program_lang(program)->root;

	if (keep)
		kit_heap_keep(heap);
	doc = kit_heap_zalloc(heap, sizeof(VmDoc));
	doc->program = program;
	doc->shapes = vm_shapes(program);
	doc->heap = heap;
	doc->entropy = entropy;
	doc->zone = KIT_ZONE_UTC;
	doc->root = vm_object_make(doc, root, NULL);
	doc->members_size = vm_shape_of(doc, root)->members_size;
	return doc;
}

void
vm_doc_free(VmDoc *doc)
{
	kit_heap_delete(doc->heap);
}

const VmProgram *
vm_doc_program(const VmDoc *doc)
{
	return doc->program;
}

int
vm_doc_zone(const VmDoc *doc)
{
	return doc->zone;
}

VmObj *
vm_doc_root(const VmDoc *doc)
{
	return doc->root;
}

size_t
vm_doc_memory(const VmDoc *doc)
{
	return kit_heap_size(doc->heap);
}

uint64_t
vm_doc_stamp(const VmDoc *doc)
{
	return doc->stamp;
}
