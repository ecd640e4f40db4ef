/*
 * dynamic.h
 *	  Values of the types dynamic and json: JSON as a value.
 *
 * In memory such a value is the canonical encoding (doc.h) in a VmStr: equal values have equal bytes, which a document takes as they are.  Null members
 * of objects are not there, and so they are not in a dynamic either; a dynamic that is null itself is not there in a document, like an empty maybe.
 *
 * A dynamic nests less deeply than a document may, so that no message can make a view too deep to be shown.
 */
#ifndef ADAMA_VM_DYNAMIC_H
#define ADAMA_VM_DYNAMIC_H

#include "doc/doc.h"
#include "vm/value.h"

#define VM_MAX_DYNAMIC_DEPTH 64

static inline bool
vm_dynamic_is_null(const VmStr *dynamic)
{
	return dynamic->len == 1 && dynamic->text[0] == '\0';
}

extern DocItem vm_dynamic_item(const VmStr *dynamic);	/* points into it */
/* What change makes of base (NULL: nothing), in the arena, which also serves for scratch.  Not OK: *refused is the name that is reserved. */
extern DocFit vm_dynamic_new(KitArena *arena, const DocItem *base, DocItem change, const VmStr **out, DocKey *refused);

#endif
