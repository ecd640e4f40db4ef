/*
 * fuzz_message.c
 *	  Messages as JSON: each line of the input is a channel's name, a space, and what is sent there; "attach" and an asset; or "view" and a viewer's state.
 */
#include "fuzz.h"

#include "live/live.h"
#include "world.h"
#include "holds.h"

static void
look(VmDoc *doc, DocBytes viewer_state, KitArena *arena)
{
	LiveViewer	viewer = {.agent = {"a", 1}, .authority = {"t", 1}, .viewer = viewer_state};
	KitBuf		out;
	KitDiag		diag = {0};

	kit_buf_init(&out, arena);
	if (!live_view_plain(doc, &viewer, 5, 1, (VmText) {"s", 1}, (VmText) {"k", 1}, &world_limits, arena, &out, &diag))
		FUZZ_CHECK(diag.code != KIT_OK && diag.message[0] != '\0', "no view without a word");
	else
		FUZZ_CHECK(world_json(out.data, out.len, DOC_DOCUMENT, arena).data != NULL, "the view is no JSON: %s", out.data);
}

static void
send_line(VmDoc *doc, const char *line, size_t len, int64_t at, KitArena *arena)
{
	const char *blank = memchr(line, ' ', len);
	VmEvent		event = {.kind = VM_EVENT_SEND, .agent = {"a", 1}, .authority = {"t", 1}, .at = at, .space = {"s", 1}, .key = {"k", 1}};
	DocBytes	message;
	KitDiag		diag = {0};
	bool		ok;
	const char *wrong;

	if (blank == NULL)
		return;
	message = world_json(blank + 1, len - (size_t) (blank - line) - 1, DOC_DOCUMENT, arena);
	if (message.data == NULL)
		return;
	if (blank - line == 4 && memcmp(line, "view", 4) == 0)
	{
		look(doc, message, arena);
		return;
	}
	if (blank - line == 6 && memcmp(line, "attach", 6) == 0)
		event.kind = VM_EVENT_ATTACH;
	event.channel = (VmText) {line, (uint32_t) (blank - line)};
	FUZZ_CHECK(doc_open(message, DOC_DOCUMENT, &event.message, &diag), "%s", diag.message);
	wrong = holds_event(doc, &event, &world_limits, arena, &ok, NULL);
	FUZZ_CHECK(wrong == NULL, "%s", wrong);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KitArena   *arena = kit_arena_new("fuzz");
	VmDoc	   *doc = vm_doc_new(world(), 3, false);
	const char *text = (const char *) data;
	const char *end = text + size;

	for (int n = 0; text < end && n < 20; n++)
	{
		const char *newline = memchr(text, '\n', (size_t) (end - text));
		const char *stop = newline == NULL ? end : newline;

		send_line(doc, text, (size_t) (stop - text), 1000 + n, arena);
		text = stop + 1;
	}
	look(doc, (DocBytes) {NULL, 0}, arena);
	vm_doc_free(doc);
	kit_arena_delete(arena);
	return 0;
}
