/*
 * fuzz_run.c
 *	  Programs that are right, with messages that are right, under budgets that may not be: what must hold for every event holds, and viewers who are told
 *	  each change know the same as one who asks now.
 *
 * The input are choices: generate.h makes a program and messages of them.
 */
#include "generate.h"

#include "holds.h"
#include "live/live.h"

typedef struct Viewer
{
	LiveDocument *shown;
	LiveView   *view;
	DocBytes	known;			/* what the changes made of nothing */
	KitArena   *arena;
} Viewer;

static DocBytes
from_json(const char *json, size_t len, DocClass class, KitArena *arena)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	FUZZ_CHECK(doc_from_json(json, len, class, buf, &diag), "%s: %s", diag.message, json);
	return (DocBytes) {buf->data, buf->len};
}

static void
apply(Viewer *v, const char *json, size_t len, const char *source)
{
	KitBuf	   *next = KIT_NEW(v->arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(next, v->arena);
	FUZZ_CHECK(doc_apply(v->arena, v->known, from_json(json, len, DOC_DELTA, v->arena), next, &diag), "%s: %s", diag.message, source);
	v->known = (DocBytes) {next->data, next->len};
}

static void
tell(Viewer *v, VmDoc *doc, int64_t now, int64_t seq, const VmLimits *limits, const char *source)
{
	KitBuf		out;
	KitBuf		whole;
	KitDiag		diag = {0};
	LiveTurn   *turn = live_turn_begin(v->shown, doc, now, seq, (VmText) {"s", 1}, (VmText) {"k", 1}, limits, v->arena, &diag);
	LiveOutcome outcome;

	kit_buf_init(&out, v->arena);
	kit_buf_init(&whole, v->arena);
	outcome = turn == NULL ? LIVE_FAILED : live_view_update(v->view, turn, &out, &diag);
	if (outcome == LIVE_FAILED)
	{
		FUZZ_CHECK(diag.code != KIT_OK && diag.message[0] != '\0', "no view without a word: %s", source);
		/* it starts over */
		live_view_forget(v->view);
		v->known = from_json("{}", 2, DOC_DOCUMENT, v->arena);
		return;
	}
	if (outcome == LIVE_WHOLE)
		v->known = from_json("{}", 2, DOC_DOCUMENT, v->arena);
	if (outcome != LIVE_UNCHANGED)
	{
		VmText		before = live_view_before(v->view);

		if (before.len > 0)
			apply(v, before.str, before.len, source);
		apply(v, out.data, out.len, source);
	}
	live_view_whole(v->view, &whole);
	FUZZ_CHECK(doc_equal(v->arena, v->known, from_json(whole.data, whole.len, DOC_DOCUMENT, v->arena)), "the changes do not make the view: %s\n%s", whole.data, source);
}

static void
listen(void *arg, const VmEvent *event, const char *text, size_t len)
{
	FUZZ_CHECK(strlen(text) >= len, "a line without an end");
}

static void
run(const VmProgram *program, Choices *c, const char *source, KitArena *arena)
{
	static const VmLimits plenty = {.steps = 200000, .memory = 4000000, .document = 100000, .depth = 50};
	const LangProgram *lang = vm_program_lang(program);
	VmDoc	   *doc = vm_doc_new(program, 7, false);
	VmEvent		event = {.kind = VM_EVENT_CREATE, .agent = {"a", 1}, .authority = {"t", 1}, .at = 1000, .seq = 1, .space = {"s", 1}, .key = {"k", 1}, .log = {listen, NULL}};
	LiveViewer	who = {.agent = {"a", 1}, .authority = {"t", 1}};
	KitDiag		diag = {0};
	LiveDocument *shown = live_document_new(program, false);
	Viewer		viewer = {shown, live_view_new(shown, &who, &diag), from_json("{}", 2, DOC_DOCUMENT, arena), arena};
	uint32_t	n = 3 + choose(c, 10);
	const char *wrong;
	bool		ok;

	FUZZ_CHECK(viewer.view != NULL, "%s", diag.message);
	wrong = holds_event(doc, &event, &plenty, arena, &ok, NULL);
	FUZZ_CHECK(wrong == NULL, "%s: %s", wrong, source);
	for (uint32_t i = 0; i < n; i++)
	{
		const LangChannel *channel = lang->channels[choose(c, (uint32_t) lang->n_channels)];
		VmLimits	limits = plenty;
		KitBuf		json;

		kit_buf_init(&json, arena);
		gen_message(channel->message, c, &json, 0);
		event.kind = VM_EVENT_SEND;
		event.seq += ok;
		event.at += choose(c, 1000);
		event.channel = (VmText) {channel->name->text, channel->name->len};
		FUZZ_CHECK(doc_open(from_json(json.data, json.len, DOC_DOCUMENT, arena), DOC_DOCUMENT, &event.message, &diag), "%s", diag.message);
		if (choose(c, 3) == 0)
			limits.steps = 1 + choose(c, 2000);
		if (choose(c, 8) == 0)
			limits.memory = 1000 + choose(c, 60000);
		if (choose(c, 8) == 0)
			limits.document = 100 + choose(c, 5000);
		wrong = holds_event(doc, &event, &limits, arena, &ok, NULL);
		FUZZ_CHECK(wrong == NULL, "%s: %s: %s", wrong, json.data, source);
		tell(&viewer, doc, event.at, event.seq - !ok, &limits, source);
	}
	live_view_free(viewer.view);
	live_document_free(shown);
	vm_doc_free(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Gen	gen;
	KitArena   *arena = kit_arena_new("fuzz");
	Choices		c = {data, size, 0};
	KitBuf		source;
	LangDiags	diags;
	VmProgram  *program;

	kit_buf_init(&source, arena);
	gen_program(&gen, &c, &source);
	lang_diags_init(&diags, arena);
	program = vm_program_new(source.data, source.len, &diags);
	if (program == NULL)
		for (int i = 0; i < diags.n; i++)
			FUZZ_CHECK(diags.items[i]->code == KIT_WARNING || diags.items[i]->code == KIT_NOT_SUPPORTED || diags.items[i]->code == KIT_PROGRAM_LIMIT,
					   "a program that is right is refused: %d:%d %s\n%s", diags.items[i]->line, diags.items[i]->column, diags.items[i]->message, source.data);
	else
	{
		run(program, &c, source.data, arena);
		vm_program_free(program);
	}
	kit_arena_delete(arena);
	return 0;
}
