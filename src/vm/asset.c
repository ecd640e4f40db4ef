/*
 * asset.c
 *	  Assets: made, compared, written, read.
 */
#include "vm/asset.h"

#include <string.h>

#include "vm/builtin.h"
#include "vm/state_internal.h"

#define GC_KEY "@gc"			/* tells those who collect garbage that this is an asset in use */
#define GC_VALUE "@yes"
#define SIZE_KEY "size"

const VmAsset vm_nothing = {.is_static = 1};

static const char *const keys[VM_ASSET_N_TEXTS] = {
	[VM_ASSET_ID] = "id", [VM_ASSET_NAME] = "name", [VM_ASSET_TYPE] = "type", [VM_ASSET_MD5] = "md5", [VM_ASSET_SHA384] = "sha384"
};

/* ---- in memory ---- */

static size_t
texts_len(const uint32_t *lens)
{
	size_t		len = 0;

	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
		len += lens[i];
	return len;
}

size_t
vm_asset_memory(const VmAsset *asset)
{
	return sizeof(VmAsset) + texts_len(asset->lens);
}

const char *
vm_asset_text(const VmAsset *asset, VmAssetText which)
{
	const char *text = asset->text;

	for (int i = 0; i < (int) which; i++)
		text += asset->lens[i];
	return text;
}

bool
vm_asset_equal(const VmAsset *a, const VmAsset *b)
{
	return a == b || (a->size == b->size && memcmp(a->lens, b->lens, sizeof(a->lens)) == 0 && memcmp(a->text, b->text, texts_len(a->lens)) == 0);
}

const VmAsset *
vm_asset_new(KitHeap *heap, KitArena *arena, const VmAssetParts *parts)
{
	size_t		size = sizeof(VmAsset) + texts_len(parts->lens);
	VmAsset    *asset = heap != NULL ? kit_heap_alloc(heap, size) : kit_arena_alloc(arena, size);
	char	   *text = asset->text;

	asset->size = parts->size;
	asset->is_static = 0;
	memcpy(asset->lens, parts->lens, sizeof(asset->lens));
	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
	{
		if (parts->lens[i] > 0)
			memcpy(text, parts->texts[i], parts->lens[i]);
		text += parts->lens[i];
	}
	return asset;
}

/* ---- written ---- */

static size_t
string_size(size_t len)
{
	return vm_varint_size(len) + len;
}

#define MEMBER_SIZE(key_len, len) (string_size(key_len) + 1 + string_size(len))

size_t
vm_asset_encoded_size(const VmAsset *asset)
{
	size_t		size = VM_CONTAINER_SIZE + MEMBER_SIZE(sizeof(SIZE_KEY) - 1, vm_int_text_size(asset->size)) +
		MEMBER_SIZE(sizeof(GC_KEY) - 1, sizeof(GC_VALUE) - 1);

	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
		size += MEMBER_SIZE(strlen(keys[i]), asset->lens[i]);
	return size;
}

static void
write_text(DocWriter *w, const VmAsset *asset, VmAssetText which)
{
	doc_write_key_z(w, keys[which]);
	doc_write_string(w, vm_asset_text(asset, which), asset->lens[which]);
}

void
vm_asset_encode(DocWriter *w, const VmAsset *asset)
{
	doc_write_object_begin(w);
	write_text(w, asset, VM_ASSET_ID);
	doc_write_key_z(w, SIZE_KEY);
	doc_write_long(w, asset->size);
	for (int i = VM_ASSET_NAME; i < VM_ASSET_N_TEXTS; i++)
		write_text(w, asset, (VmAssetText) i);
	doc_write_key_z(w, GC_KEY);
	doc_write_string(w, GC_VALUE, sizeof(GC_VALUE) - 1);
	doc_write_object_end(w);
}

/* ---- read ---- */

/* Which text a member is; VM_ASSET_N_TEXTS: none. */
static int
find_text(DocKey key)
{
	int			which = 0;

	while (which < VM_ASSET_N_TEXTS && !doc_key_is(key, keys[which]))
		which++;
	return which;
}

static bool
is_gc(DocItem item)
{
	return item.kind == DOC_STRING && item.len == sizeof(GC_VALUE) - 1 && memcmp(item.str, GC_VALUE, item.len) == 0;
}

bool
vm_asset_load(DocItem item, const VmAsset *was, VmAssetParts *parts)
{
	bool		is_there[VM_ASSET_N_TEXTS] = {false};
	bool		has_size = false;
	bool		has_gc = false;
	DocKey		key;
	DocItem		part;

	*parts = (VmAssetParts) {0};
	if (item.kind != DOC_OBJECT)
		return false;
	if (was != NULL && !item.replaces)
	{
		for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
		{
			parts->texts[i] = vm_asset_text(was, (VmAssetText) i);
			parts->lens[i] = was->lens[i];
			is_there[i] = true;
		}
		parts->size = was->size;
		has_size = has_gc = true;
	}
	while (doc_next_member(&item.body, &key, &part))
	{
		int			which = find_text(key);

		if (part.kind != DOC_STRING)
			return false;
		if (which < VM_ASSET_N_TEXTS)
		{
			parts->texts[which] = part.str;
			parts->lens[which] = part.len;
			is_there[which] = true;
		}
		else if (doc_key_is(key, SIZE_KEY))
		{
			if (!doc_parse_int(part.str, part.len, &parts->size) || vm_int_text_size(parts->size) != part.len)
				return false;
			has_size = true;
		}
		else if (doc_key_is(key, GC_KEY) && is_gc(part))
			has_gc = true;
		else
			return false;
	}
	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
		has_size = has_size && is_there[i];
	return has_size && has_gc && !item.body.is_damaged;
}

const char *
vm_asset_decode(DocItem item, VmAssetParts *parts)
{
	static const char *const missing[VM_ASSET_N_TEXTS] = {
		[VM_ASSET_ID] = "an object without the string \"id\"", [VM_ASSET_NAME] = "an object whose \"name\" is no string",
		[VM_ASSET_TYPE] = "an object without the string \"type\"", [VM_ASSET_MD5] = "an object without the string \"md5\"",
		[VM_ASSET_SHA384] = "an object without the string \"sha384\""
	};
	DocItem		found[VM_ASSET_N_TEXTS];
	DocItem		size = {.kind = DOC_NULL};
	DocKey		key;
	DocItem		part;
	int			which;

	*parts = (VmAssetParts) {0};
	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
		found[i] = (DocItem) {.kind = DOC_NULL};
	found[VM_ASSET_NAME] = (DocItem) {.kind = DOC_STRING, .str = ""};
	while (doc_next_member(&item.body, &key, &part))
	{
		if ((which = find_text(key)) < VM_ASSET_N_TEXTS)
			found[which] = part;
		else if (doc_key_is(key, SIZE_KEY))
			size = part;
		else if (!doc_key_is(key, GC_KEY) || !is_gc(part))
			return "an object with other members than \"id\", \"name\", \"type\", \"size\", \"md5\" and \"sha384\"";
	}
	for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
	{
		if (found[i].kind != DOC_STRING)
			return missing[i];
		parts->texts[i] = found[i].str;
		parts->lens[i] = found[i].len;
	}
	if (size.kind == DOC_INT)
		parts->size = size.i;
	else if (size.kind == DOC_NULL)
		return "an object without the number \"size\"";
	else if (size.kind != DOC_STRING || !doc_parse_int(size.str, size.len, &parts->size))
		return "an object whose \"size\" is no whole number of 64 bits";
	if (parts->size < 0)
		return "an object whose \"size\" is below 0";
	if (parts->lens[VM_ASSET_ID] == 0 && (parts->size != 0 || texts_len(parts->lens) > 0))
		return "an object whose \"id\" is empty, although something else is not";
	return NULL;
}

/* ---- methods ---- */

static bool
text_of(Vm *vm, const VmAsset *asset, VmAssetText which, VmVal *out)
{
	return vm_make_string(vm, vm_asset_text(asset, which), asset->lens[which], out);
}

bool
vm_asset_id(Vm *vm, const VmVal *args, VmVal *out)
{
	return text_of(vm, args[0].asset, VM_ASSET_ID, out);
}

bool
vm_asset_name(Vm *vm, const VmVal *args, VmVal *out)
{
	return text_of(vm, args[0].asset, VM_ASSET_NAME, out);
}

bool
vm_asset_type(Vm *vm, const VmVal *args, VmVal *out)
{
	return text_of(vm, args[0].asset, VM_ASSET_TYPE, out);
}

bool
vm_asset_md5(Vm *vm, const VmVal *args, VmVal *out)
{
	return text_of(vm, args[0].asset, VM_ASSET_MD5, out);
}

bool
vm_asset_sha384(Vm *vm, const VmVal *args, VmVal *out)
{
	return text_of(vm, args[0].asset, VM_ASSET_SHA384, out);
}

bool
vm_asset_size(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].asset->size;
	return true;
}

bool
vm_asset_valid(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].asset->lens[VM_ASSET_ID] > 0;
	return true;
}
