/*
 * fuzz_state.c
 *	  Stored documents and deltas that are damaged, or of another program: refused with a reason, or safe.
 *
 * An input is a line of JSON, the state; a line of JSON, a delta; and bytes that change the encoded form of both, whose checksums are made right
 * again: position (two bytes) and value, each.
 */
#include "fuzz.h"

#include "kit/hash.h"
#include "live/live.h"
#include "world.h"
#include "holds.h"

/* Changes the encoded bytes as the rest of the input says. */
static DocBytes
damage(DocBytes bytes, const uint8_t *data, size_t size, KitArena *arena)
{
	char	   *copy;
	uint32_t	crc;

	if (bytes.len <= DOC_HEADER_SIZE || size < 3)
		return bytes;
	copy = kit_arena_alloc(arena, bytes.len);
	memcpy(copy, bytes.data, bytes.len);
	for (size_t i = 0; i + 2 < size && i < 30; i += 3)
		copy[DOC_HEADER_SIZE + (data[i] << 8 | data[i + 1]) % (bytes.len - DOC_HEADER_SIZE)] = (char) data[i + 2];
	crc = kit_crc32c(copy + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE);
	for (int i = 0; i < 4; i++)
		copy[4 + i] = (char) (crc >> (8 * i));
	return (DocBytes) {copy, bytes.len};
}

static void
check_view(VmDoc *doc, KitArena *arena)
{
	LiveViewer	viewer = {.agent = {"a", 1}, .authority = {"t", 1}};
	KitBuf		out;
	KitDiag		diag = {0};

	kit_buf_init(&out, arena);
	if (!live_view_plain(doc, &viewer, 5, 1, (VmText) {"s", 1}, (VmText) {"k", 1}, &world_limits, arena, &out, &diag))
		FUZZ_CHECK(diag.code != KIT_OK, "no view without a word");
}

/* What was loaded can be saved, is what it says it is, and takes events. */
static void
check_loaded(VmDoc *doc, KitArena *arena)
{
	static const char fill[] = "{\"n\":2,\"s\":\"x\",\"ms\":\"y\"}";
	DocBytes	message = world_json(fill, sizeof(fill) - 1, DOC_DOCUMENT, arena);
	VmEvent		event = {.kind = VM_EVENT_SEND, .agent = {"a", 1}, .authority = {"t", 1}, .at = 1000, .space = {"s", 1}, .key = {"k", 1}, .channel = {"fill", 4}};
	const char *wrong;
	KitDiag		diag = {0};
	bool		ok;

	FUZZ_CHECK(doc_open(message, DOC_DOCUMENT, &event.message, &diag), "%s", diag.message);
	FUZZ_CHECK(holds_save(doc, arena).len == vm_doc_state_size(doc), "%zu bytes, not %zu", holds_save(doc, arena).len, vm_doc_state_size(doc));
	wrong = holds_event(doc, &event, &world_limits, arena, &ok, NULL);
	FUZZ_CHECK(wrong == NULL, "%s", wrong);
	check_view(doc, arena);
}

static void
check_algebra(DocBytes state, DocBytes delta, KitArena *arena)
{
	KitBuf		sum;
	KitBuf		back;
	KitDiag		diag = {0};

	kit_buf_init(&sum, arena);
	kit_buf_init(&back, arena);
	if (!doc_apply(arena, state, delta, &sum, &diag))
	{
		FUZZ_CHECK(diag.code != KIT_OK, "does not fit, without a word");
		return;
	}
	FUZZ_CHECK(doc_validate((DocBytes) {sum.data, sum.len}, DOC_DOCUMENT, &diag), "%s", diag.message);
	FUZZ_CHECK(doc_diff(arena, state, (DocBytes) {sum.data, sum.len}, &back, &diag), "%s", diag.message);
	kit_buf_clear(&sum);
	FUZZ_CHECK(doc_apply(arena, state, (DocBytes) {back.data, back.len}, &sum, &diag), "%s", diag.message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KitArena   *arena = kit_arena_new("fuzz");
	const char *text = (const char *) data;
	const char *first = memchr(text, '\n', size);
	size_t		len = first == NULL ? size : (size_t) (first - text);
	const char *second = first == NULL ? text + size : first + 1;
	size_t		left = size - (size_t) (second - text);
	const char *end = memchr(second, '\n', left);
	size_t		second_len = end == NULL ? left : (size_t) (end - second);
	const uint8_t *bytes = end == NULL ? NULL : (const uint8_t *) end + 1;
	size_t		n_bytes = end == NULL ? 0 : left - second_len - 1;
	DocBytes	state = world_json(text, len, DOC_DOCUMENT, arena);
	DocBytes	delta = world_json(second, second_len, DOC_DELTA, arena);

	if (state.data != NULL)
	{
		KitDiag		diag = {0};
		VmDoc	   *doc;

		state = damage(state, bytes, n_bytes, arena);
		if (delta.data != NULL)
			delta = damage(delta, bytes, n_bytes, arena);
		for (int is_upgrade = 0; is_upgrade < 2; is_upgrade++)
		{
			memset(&diag, 0, sizeof(diag));
			doc = vm_doc_load(world(), state, is_upgrade, false, &diag);
			if (doc == NULL)
				FUZZ_CHECK(diag.code != KIT_OK && diag.message[0] != '\0', "refused without a word");
			else
			{
				check_loaded(doc, arena);
				if (delta.data != NULL && vm_doc_apply(doc, delta, &diag))
					check_loaded(doc, arena);
				vm_doc_free(doc);
			}
		}
		if (delta.data != NULL && doc_validate(state, DOC_DOCUMENT, &diag) && doc_validate(delta, DOC_DELTA, &diag))
			check_algebra(state, delta, arena);
	}
	kit_arena_delete(arena);
	return 0;
}
