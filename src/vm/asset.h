/*
 * asset.h
 *	  Values of the type asset: what is known of a file that was attached to a document.  The file itself is somewhere else.
 *
 * In a document: {"id","size","name","type","md5","sha384","@gc":"@yes"}, all of them strings, also the size.  Messages carry the same, where the size may
 * be a number; the name may be left out, because viewers are not told it.  An asset without an id is @nothing.
 *
 * Assets are immutable: one piece of memory, in an arena, in a document's heap, or static.
 */
#ifndef ADAMA_VM_ASSET_H
#define ADAMA_VM_ASSET_H

#include "doc/doc.h"
#include "vm/value.h"

/* An asset that is about to be made. */
typedef struct VmAssetParts
{
	int64_t		size;
	const char *texts[VM_ASSET_N_TEXTS];
	uint32_t	lens[VM_ASSET_N_TEXTS];
} VmAssetParts;

extern const VmAsset vm_nothing;

extern size_t vm_asset_memory(const VmAsset *asset);	/* bytes of the piece of memory */
extern const char *vm_asset_text(const VmAsset *asset, VmAssetText which);
extern bool vm_asset_equal(const VmAsset *a, const VmAsset *b);

/* In the heap or, when there is none, in the arena; is_static is false. */
extern const VmAsset *vm_asset_new(KitHeap *heap, KitArena *arena, const VmAssetParts *parts);

extern size_t vm_asset_encoded_size(const VmAsset *asset);
extern void vm_asset_encode(DocWriter *w, const VmAsset *asset);

/*
 * From the stored form, an object.  was: what a delta is merged into; NULL: nothing.  The parts point into item and was.  False: it is none.
 */
extern bool vm_asset_load(DocItem item, const VmAsset *was, VmAssetParts *parts);

/* From a message, an object.  NULL, or what is wrong with it, as in "found …". */
extern const char *vm_asset_decode(DocItem item, VmAssetParts *parts);

#endif
