/*
 * fuzz_run.c
 *	  Programs that are right, with messages that are right, under budgets that may not be: what must hold for every event holds, also after the document was led
 *	  back to what it was; viewers who are told each change know the same as one who asks now, and looking costs no more memory than it may.
 *
 * The input are choices: generate_program.h makes a program of them, generate_message.h what is sent to it.
 */
#include "generate_message.h"
#include "generate_program.h"

#include "holds.h"
#include "live/live.h"

#define SPACE ((VmText) {"s", 1})
#define KEY ((VmText) {"k", 1})

typedef struct Viewer
{
	LiveDocument *shown;
	LiveView   *view;
	LiveViewer	who;
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

static const char *
json_of(DocBytes bytes, KitArena *arena)
{
	KitBuf		out;

	kit_buf_init(&out, arena);
	doc_to_json(bytes, DOC_DOCUMENT, DOC_JSON_TEXT, &out, NULL);
	return out.data;
}

/* A text comes whole, or as what it was and the changes since: of its text only the generation and the number of changes are compared. */
static void
drop_texts(DocNode *node)
{
	if (node->kind != DOC_OBJECT)
		return;
	if (node->u.object.n > 0 && node->u.object.members[0].key_len == 2 && memcmp(node->u.object.members[0].key, "$g", 2) == 0)
	{
		uint32_t	n = 0;

		for (uint32_t i = 0; i < node->u.object.n; i++)
			if (node->u.object.members[i].key_len == 2 && node->u.object.members[i].key[1] != 'i' && node->u.object.members[i].key[0] == '$')
				node->u.object.members[n++] = node->u.object.members[i];
		node->u.object.n = n;
	}
	for (uint32_t i = 0; i < node->u.object.n; i++)
		drop_texts(node->u.object.members[i].value);
}

static bool
same_view(DocBytes a, DocBytes b, KitArena *arena)
{
	DocItem		item;
	DocNode    *x;
	DocNode    *y;

	FUZZ_CHECK(doc_open(a, DOC_DOCUMENT, &item, NULL) && doc_node_from_item(arena, item, &x, NULL), "no document");
	FUZZ_CHECK(doc_open(b, DOC_DOCUMENT, &item, NULL) && doc_node_from_item(arena, item, &y, NULL), "no document");
	drop_texts(x);
	drop_texts(y);
	return doc_node_equal(x, y);
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

/* The view computed anew must be the one that the changes made. */
static void
compare(Viewer *v, VmDoc *doc, const VmEvent *event, const char *source)
{
	static const VmLimits enough = {.steps = 10000000, .memory = 50000000, .document = 1000000, .depth = 200};
	KitBuf		json;
	DocNode    *tree;
	KitDiag		diag = {0};

	kit_buf_init(&json, v->arena);
	FUZZ_CHECK(live_view_tree(doc, &v->who, event->at, event->seq, SPACE, KEY, &enough, v->arena, &tree, &diag), "who asks is told that it cannot be computed: %s\n%s",
			   diag.message, source);
	doc_node_to_json(tree, DOC_JSON_WIRE, &json);
	FUZZ_CHECK(same_view(v->known, from_json(json.data, json.len, DOC_DOCUMENT, v->arena), v->arena), "who asks is told something else: %s\nbut knows %s\n%s", json.data,
			   json_of(v->known, v->arena), source);
}

static void
tell(Viewer *v, VmDoc *doc, const VmEvent *event, const VmLimits *limits, const char *source)
{
	KitArena   *scratch = kit_arena_new("turn");
	KitBuf		out;
	KitBuf		whole;
	KitDiag		diag = {0};
	LiveTurn   *turn = live_turn_begin(v->shown, doc, event->at, event->seq, SPACE, KEY, limits, scratch, &diag);
	LiveOutcome outcome;

	kit_buf_init(&out, scratch);
	kit_buf_init(&whole, v->arena);
	outcome = turn == NULL ? LIVE_FAILED : live_view_update(v->view, turn, &out, &diag);
	FUZZ_CHECK(kit_arena_size(scratch) <= HOLDS_MEMORY(limits->memory) + 16 * vm_doc_state_size(doc), "looking takes %zu bytes, where %zu are the budget: %s",
			   kit_arena_size(scratch), limits->memory, source);
	if (outcome == LIVE_FAILED)
	{
		FUZZ_CHECK(diag.code != KIT_OK && diag.message[0] != '\0', "no view without a word: %s", source);
		/* it starts over */
		live_view_forget(v->view);
		v->known = from_json("{}", 2, DOC_DOCUMENT, v->arena);
		kit_arena_delete(scratch);
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
	kit_arena_delete(scratch);
	live_view_whole(v->view, &whole);
	FUZZ_CHECK(same_view(v->known, from_json(whole.data, whole.len, DOC_DOCUMENT, v->arena), v->arena), "the changes do not make the view: %s\nbut %s\n%s", whole.data,
			   json_of(v->known, v->arena), source);
	compare(v, doc, event, source);
}

/* Something happens: mostly a message. */
static void
choose_event(const LangProgram *lang, Choices *c, KitBuf *json, VmEvent *event)
{
	const LangChannel *channel = lang->channels[choose(c, (uint32_t) lang->n_channels)];
	static const VmEventKind others[] = {VM_EVENT_CONNECT, VM_EVENT_DISCONNECT, VM_EVENT_DELETE, VM_EVENT_LOAD, VM_EVENT_ATTACH};

	event->kind = lang->n_connected > 0 && choose(c, 4) == 0 ? others[choose(c, 5)] : VM_EVENT_SEND;
	event->agent = event->kind == VM_EVENT_LOAD ? (VmText) {NULL, 0} : (VmText) {choose(c, 3) == 0 ? "b" : "a", 1};
	event->authority = event->kind == VM_EVENT_LOAD ? (VmText) {NULL, 0} : (VmText) {"t", 1};
	event->channel = event->kind == VM_EVENT_SEND ? (VmText) {channel->name->text, channel->name->len} : (VmText) {NULL, 0};
	if (event->kind == VM_EVENT_SEND)
		gen_sent(channel->message, channel->is_array, c, json);
	else if (event->kind == VM_EVENT_ATTACH)
		gen_value(lang->simple[LANG_ASSET], c, json, 0);
	else
		kit_buf_add_str(json, "{}");
}

/* Leads the document back to an earlier state of it. */
static void
lead_back(VmDoc *doc, DocBytes state, const char *source, KitArena *arena)
{
	VmEvent		nobody = {.kind = VM_EVENT_SEND};
	KitDiag		diag = {0};
	VmDoc	   *earlier = vm_doc_load(vm_doc_program(doc), state, false, false, &diag);
	KitBuf		delta;

	FUZZ_CHECK(earlier != NULL, "%s: %s", diag.message, source);
	kit_buf_init(&delta, arena);
	FUZZ_CHECK(vm_rewind_delta(doc, earlier, &nobody, arena, &delta, &diag) && vm_doc_apply(doc, (DocBytes) {delta.data, delta.len}, &diag), "%s: %s", diag.message, source);
	FUZZ_CHECK(holds_same(holds_save(doc, arena), state), "it was led back to another state: %s", source);
	vm_doc_free(earlier);
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
	static const char *const looks[] = {"{}", "{\"vi\":2,\"vs\":\"a b\"}", "{\"vi\":1}", "{\"vs\":\"\\u00e9x\",\"vi\":5}"};
	const LangProgram *lang = vm_program_lang(program);
	VmDoc	   *doc = vm_doc_new(program, 7, false);
	VmEvent		event = {.kind = VM_EVENT_CREATE, .agent = {"a", 1}, .authority = {"t", 1}, .at = 1000, .seq = 1, .space = SPACE, .key = KEY, .log = {listen, NULL}};
	KitDiag		diag = {0};
	LiveDocument *shown = live_document_new(program, false);
	Viewer		viewers[2];
	uint32_t	n = 3 + choose(c, 10);
	DocBytes	states[13];		/* after each event that succeeded, and each way back */
	uint32_t	n_states = 0;
	const char *wrong;
	bool		ok;
	KitBuf		json;

	for (int i = 0; i < 2; i++)
	{
		Viewer	   *v = &viewers[i];

		*v = (Viewer) {.shown = shown, .who = {.agent = {i == 0 ? "a" : "b", 1}, .authority = {"t", 1}}, .known = from_json("{}", 2, DOC_DOCUMENT, arena), .arena = arena};
		v->view = live_view_new(shown, &v->who, &diag);
		FUZZ_CHECK(v->view != NULL, "%s", diag.message);
	}
	kit_buf_init(&json, arena);
	if (lang->construct_message != NULL)
	{
		gen_sent(lang->construct_message, false, c, &json);
		FUZZ_CHECK(doc_open(from_json(json.data, json.len, DOC_DOCUMENT, arena), DOC_DOCUMENT, &event.message, &diag), "%s", diag.message);
	}
	wrong = holds_event(doc, &event, &plenty, arena, &ok, NULL);
	FUZZ_CHECK(wrong == NULL, "%s: %s", wrong, source);
	for (uint32_t i = 0; i < n; i++)
	{
		VmLimits	limits = plenty;

		kit_buf_clear(&json);
		if (ok)
			states[n_states++] = holds_save(doc, arena);
		event.seq += ok;
		event.at += choose(c, 1000);
		if (n_states > 1 && choose(c, 6) == 0)
		{
			lead_back(doc, states[choose(c, n_states)], source, arena);
			ok = true;
		}
		else
		{
			choose_event(lang, c, &json, &event);
			FUZZ_CHECK(doc_open(from_json(json.data, json.len, DOC_DOCUMENT, arena), DOC_DOCUMENT, &event.message, &diag), "%s", diag.message);
			if (choose(c, 3) == 0)
				limits.steps = 1 + choose(c, 2000);
			if (choose(c, 8) == 0)
				limits.memory = 1000 + choose(c, 60000);
			if (choose(c, 8) == 0)
				limits.document = 100 + choose(c, 5000);
			wrong = holds_event(doc, &event, &limits, arena, &ok, NULL);
			FUZZ_CHECK(wrong == NULL, "%s: %s: %s", wrong, json.data, source);
		}
		for (int k = 0; k < 2; k++)
		{
			Viewer	   *v = &viewers[k];
			VmEvent		now = event;

			now.seq -= !ok;
			if (lang->view->n_fields > 0 && choose(c, 4) == 0)
			{
				const char *look = looks[choose(c, 4)];

				v->who.viewer = from_json(look, strlen(look), DOC_DOCUMENT, arena);
				FUZZ_CHECK(live_view_look_with(v->view, v->who.viewer, &diag), "%s", diag.message);
			}
			/* who looks seldom is told several changes as one */
			if (k == 0 || choose(c, 2) == 0)
				tell(v, doc, &now, &limits, source);
		}
	}
	for (int i = 0; i < 2; i++)
		live_view_free(viewers[i].view);
	live_document_free(shown);
	vm_doc_free(doc);
}

/* The program that the choices make; without replications, when it must not publish what it would. */
static VmProgram *
choose_program(Choices *c, KitBuf *source, LangDiags *diags, KitArena *arena)
{
	static Gen	gen;
	Choices		start = *c;
	bool		publishes = choose(&start, 3) != 0;

	for (;; publishes = false)
	{
		VmProgram  *program;

		*c = start;
		kit_buf_clear(source);
		gen_program(&gen, c, publishes, source);
		lang_diags_init(diags, arena);
		program = vm_program_new(source->data, source->len, diags);
		if (program != NULL || !publishes || !gen_must_not_publish(diags))
			return program;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KitArena   *arena = kit_arena_new("fuzz");
	Choices		c = {data, size, 0};
	KitBuf		source;
	LangDiags	diags;
	VmProgram  *program;

	kit_buf_init(&source, arena);
	program = choose_program(&c, &source, &diags, arena);
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
