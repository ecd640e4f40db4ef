/*
 * test_views.c
 *	  Views that follow the document: random programs with policies, random messages, viewers that look now and then.
 *
 * Three ways to a view must agree, for every viewer, whenever he looks: the changes that he was sent, added up; the view computed from scratch; and an oracle, which
 * keeps the document in arrays of its own and builds the view from what the program says, row by row and field by field, without any of the code under test.
 *
 * No change tells that something is gone which the viewer did not have: so no id of a row that he may not see is in any of them.  (Who has missed turns
 * is sent all of their changes in one: what came and went meanwhile was there for him to see.)
 *
 * Now and then a turn has too small a budget, or is interrupted where memory is asked for or interrupts are looked for, as the server does it, by a jump.
 * A view that was not brought up to date starts over with a whole one.
 */
#include "view_oracle.h"

#include <setjmp.h>

#include <sanitizer/lsan_interface.h>

#include "live/live.h"
#include "vm/vm.h"
#include "vm/watch.h"

/* ---- the views under test ---- */

typedef struct Watcher
{
	Eye			eye;
	LiveView   *view;
	DocNode    *sum;			/* of what it was sent; in an arena of its own */
	long		turn;			/* in which it looked last */
	bool		starts_over;	/* an update of it has failed, or of what all views share */
	KitArena   *arenas[2];
	int			current;
} Watcher;

static VmText
text(const char *z)
{
	return (VmText) {z, (uint32_t) strlen(z)};
}

static DocItem
json_item(KitArena *into, const char *json, DocClass class)
{
	KitBuf	   *buf = KIT_NEW(into, KitBuf);
	DocItem		item = {0};
	KitDiag		diag = {0};

	kit_buf_init(buf, into);
	if (!doc_from_json(json, strlen(json), class, buf, &diag) || !doc_open((DocBytes) {buf->data, buf->len}, class, &item, &diag))
	{
		printf("# %s: %s\n", json, diag.message);
		exit(1);
	}
	return item;
}

static LiveViewer
viewer_of(const Eye *eye)
{
	DocItem		item = json_item(arena, kit_arena_printf(arena, "{\"v\":%d,\"b\":%s}", eye->v, eye->b ? "true" : "false"), DOC_DOCUMENT);

	return (LiveViewer) {text(agents[eye->who]), text("test"), {(const char *) item.raw - DOC_HEADER_SIZE, item.raw_len + DOC_HEADER_SIZE}};
}

static const char *
shown_text(const DocNode *node)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	if (node != NULL)
		doc_node_to_json(node, DOC_JSON_WIRE, buf);
	return buf->data;
}

/*
 * One of the oracle's secrets is only known as "1000 and the number that the row was made with"; of a text it knows what it says, not how often that was
 * replaced.
 */
static void
drop_secrets(DocNode *node)
{
	if (node->kind != DOC_OBJECT)
		return;
	for (uint32_t i = 0; i < node->u.object.n; i++)
	{
		DocMember  *member = &node->u.object.members[i];

		if (member->key_len == 6 && memcmp(member->key, "secret", 6) == 0)
			member->value = bool_node(true);
		else if (member->key_len == 2 && memcmp(member->key, "tx", 2) == 0 && member->value->kind == DOC_OBJECT)
			member->value = (DocNode *) doc_node_get(member->value, "$i", 2);
		else
			drop_secrets(member->value);
	}
}

static DocNode *
copy_tree(KitArena *into, const DocNode *node)
{
	KitBuf		buf;
	DocItem		item;
	DocNode    *copy = NULL;
	DocWriter	w;

	kit_buf_init(&buf, into);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_node_write(node, &w);
	doc_write_end(&w);
	if (!doc_open((DocBytes) {buf.data, buf.len}, DOC_DOCUMENT, &item, NULL) || !doc_node_from_item(into, item, &copy, NULL))
		exit(1);
	return copy;
}

static bool
same_view(const DocNode *a, const DocNode *b)
{
	DocNode    *x = copy_tree(arena, a);
	DocNode    *y = copy_tree(arena, b);

	drop_secrets(x);
	drop_secrets(y);
	return doc_node_equal(x, y);
}

/* Whether all that the change takes away was there. */
static bool
takes_what_is_there(const DocNode *delta, const DocNode *from)
{
	if (delta->kind != DOC_OBJECT)
		return true;
	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		const DocMember *member = &delta->u.object.members[i];
		const DocNode *old = from == NULL || from->kind != DOC_OBJECT ? NULL : doc_node_get(from, member->key, member->key_len);

		if (member->value->kind == DOC_NULL ? old == NULL : !takes_what_is_there(member->value, old))
			return false;
	}
	return true;
}

static long n_turns;

static void
receive(Watcher *w, const char *json, bool is_whole)
{
	KitArena   *next = w->arenas[1 - w->current];
	DocNode    *delta = NULL;
	DocNode    *sum;
	KitDiag		diag = {0};

	(void) doc_node_from_item(arena, json_item(arena, json, is_whole ? DOC_DOCUMENT : DOC_DELTA), &delta, &diag);
	UNIT_TRY(is_whole || w->turn + 1 < n_turns || takes_what_is_there(delta, w->sum), "a change takes away what was not there: %s\n# before %s", json, w->sum == NULL ? "" : shown_text(w->sum));
	sum = is_whole ? delta : doc_node_apply(arena, w->sum, delta, &diag);
	UNIT_TRY(sum != NULL, "a change does not fit: %s", json);
	if (sum == NULL)
		exit(1);
	kit_arena_reset(next);
	w->sum = copy_tree(next, sum);
	w->current = 1 - w->current;
	w->turn = n_turns;
}

static void
look(Watcher *w, LiveTurn *turn, VmDoc *doc, const Model *m, const Plan *p, unsigned long long seed, const char *program)
{
	KitBuf		out;
	KitDiag		diag = {0};
	LiveOutcome outcome;
	LiveViewer	viewer = viewer_of(&w->eye);
	DocNode    *scratch = NULL;
	DocNode    *truth = see(m, p, &w->eye);
	const char *before = w->sum == NULL ? "" : shown_text(w->sum);
	KitBuf		whole;

	kit_buf_init(&out, arena);
	outcome = live_view_update(w->view, turn, &out, &diag);
	UNIT_TRY(outcome != LIVE_FAILED, "seed %llu: %s", seed, diag.message);
	UNIT_TRY(!w->starts_over || outcome == LIVE_WHOLE, "seed %llu: a view that had failed does not start over", seed);
	w->starts_over = false;
	if (outcome == LIVE_DELTA || outcome == LIVE_WHOLE)
		receive(w, out.data, outcome == LIVE_WHOLE);
	w->turn = n_turns;
	if (!live_view_tree(doc, &viewer, m->now, m->seq, text("space"), text("key"), &vm_default_limits, arena, &scratch, &diag))
		UNIT_TRY(false, "seed %llu: from scratch: %s", seed, diag.message);
	UNIT_TRY(same_view(scratch, truth), "seed %llu: the view from scratch is not what the program says\n# %s\n# view   %s\n# oracle %s", seed, program,
			 shown_text(scratch), shown_text(truth));
	UNIT_TRY(doc_node_equal(w->sum, scratch), "seed %llu: the changes do not add up for %s\n# %s\n# before %s\n# change %s\n# sum    %s\n# view   %s", seed,
			 agents[w->eye.who], program, before, out.data, shown_text(w->sum), shown_text(scratch));
	kit_buf_init(&whole, arena);
	live_view_whole(w->view, &whole);
	(void) doc_node_from_item(arena, json_item(arena, whole.data, DOC_DOCUMENT), &scratch, &diag);
	UNIT_TRY(doc_node_equal(w->sum, scratch), "seed %llu: the whole is not what was sent: %s", seed, whole.data);
}

static void
send_message(VmDoc *doc, VmDoc *copy, Model *m, const Message *msg)
{
	VmEvent		event = {.kind = VM_EVENT_SEND, .agent = text(agents[msg->who]), .authority = text("test"), .at = m->now, .seq = m->seq + 1, .channel = text(msg->channel)};
	KitArena   *scratch = kit_arena_new("event");
	KitBuf		delta;
	KitDiag		diag = {0};

	event.message = json_item(scratch, kit_arena_printf(scratch, "{\"id\":%d,\"n\":%d,\"s\":\"%s\",\"flag\":%s,\"j\":%s}", msg->id, msg->n, strings[msg->s],
														msg->flag ? "true" : "false", jsons[msg->n % N_JSONS]), DOC_DOCUMENT);
	kit_buf_init(&delta, scratch);
	vm_doc_begin(doc);
	UNIT_TRY(vm_reduce(doc, &event, &vm_default_limits, scratch, &diag), "%s: %s", msg->channel, diag.message);
	UNIT_TRY(vm_doc_apply(copy, vm_doc_delta(doc, &delta), &diag), "apply: %s", diag.message);
	vm_doc_commit(doc);
	model_send(m, msg);
	kit_arena_delete(scratch);
}

static VmDoc *
reload(VmProgram *program, VmDoc *doc)
{
	KitBuf		buf;
	VmDoc	   *copy;
	KitDiag		diag = {0};

	kit_buf_init(&buf, arena);
	copy = vm_doc_load(program, vm_doc_save(doc, &buf), false, false, &diag);
	UNIT_TRY(copy != NULL, "load: %s", diag.message);
	vm_doc_watch(copy);
	return copy;
}

static Message
random_message(UnitRandom *r, const Model *m)
{
	Message		msg = {
		channels[unit_below(r, (uint32_t) N_CHANNELS)], (int) unit_below(r, N_AGENTS), 0, (int) unit_below(r, 9), (int) unit_below(r, 4), unit_below(r, 2) == 0
	};

	if (m->n_rows > 0)
		msg.id = m->rows[unit_below(r, (uint32_t) m->n_rows)].id;
	if (m->n_rows >= MAX_ROWS - 1 && strcmp(msg.channel, "add") == 0)
		msg.channel = "drop";
	return msg;
}

/* ---- what goes wrong ---- */

extern void (*port_alone_hook) (void);

static jmp_buf interrupted;
static long until;

static void
count_down(void)
{
	if (--until <= 0)
	{
		port_alone_hook = NULL;
		longjmp(interrupted, 1);
	}
}

static long n_failed_updates;
static long n_interrupted;

/* A turn that comes to an early end, in whatever part of it. */
static void
fail_turn(UnitRandom *r, LiveDocument *document, VmDoc *doc, Model *m, Watcher *watchers)
{
	KitArena   *scratch = kit_arena_new("turn");
	VmLimits	limits = vm_default_limits;
	bool		is_jump = unit_below(r, 2) == 0;

	if (!is_jump && unit_below(r, 2) == 0)
		limits.steps = unit_below(r, 3000);
	else if (!is_jump)
		limits.memory = unit_below(r, 60000);
	__lsan_disable();
	until = is_jump ? 1 + (long) unit_below(r, 800) : 0;
	if (setjmp(interrupted) == 0)
	{
		KitDiag		diag = {0};
		LiveTurn   *turn;

		port_alone_hook = is_jump ? count_down : NULL;
		n_turns++;
		turn = live_turn_begin(document, doc, m->now, m->seq, text("space"), text("key"), &limits, scratch, &diag);
		for (int i = 0; i < N_VIEWERS; i++)
		{
			Watcher    *w = &watchers[i];
			KitBuf		out;
			LiveOutcome outcome = LIVE_FAILED;

			kit_buf_init(&out, scratch);
			if (turn != NULL)
				outcome = live_view_update(w->view, turn, &out, &diag);
			port_alone_hook = NULL;
			if (outcome == LIVE_DELTA || outcome == LIVE_WHOLE)
				receive(w, out.data, outcome == LIVE_WHOLE);
			port_alone_hook = is_jump ? count_down : NULL;
			if (outcome == LIVE_WHOLE || outcome == LIVE_FAILED)
				w->starts_over = outcome == LIVE_FAILED;
			n_failed_updates += outcome == LIVE_FAILED;
		}
	}
	else
		n_interrupted++;
	port_alone_hook = NULL;
	__lsan_enable();
	kit_arena_delete(scratch);
}

static void
run_round(uint64_t seed)
{
	UnitRandom	r = {seed};
	Plan		plan = random_plan(&r);
	KitArena   *of_round = kit_arena_new("round");
	KitBuf		source;
	LangDiags	diags;
	VmProgram  *program;
	VmDoc	   *doc;
	VmDoc	   *copy;
	Model	   *m = KIT_NEW(of_round, Model);
	LiveDocument *document;
	Watcher		watchers[N_VIEWERS] = {{{0}}};
	int			n_first = unit_below(&r, 2) == 0 ? 3 : unit_below(&r, 2) == 0 ? 40 : 90;

	kit_buf_init(&source, of_round);
	write_program(&source, &plan);
	lang_diags_init(&diags, of_round);
	program = vm_program_new(source.data, source.len, &diags);
	for (int i = 0; i < diags.n && program == NULL; i++)
		printf("# line %d: %s\n", diags.items[i]->line, diags.items[i]->message);
	UNIT_TRY(program != NULL, "seed %llu: %s", (unsigned long long) seed, source.data);
	if (program == NULL)
		return;
	*m = (Model) {.boss = -1, .tx = 3, .now = START};
	doc = vm_doc_new(program, 0, false);
	copy = reload(program, doc);
	document = live_document_new(program, false);
	live_document_remember(document);
	for (int i = 0; i < n_first; i++)
		send_message(doc, copy, m, &(Message) {"add", (int) unit_below(&r, N_AGENTS), 0, (int) unit_below(&r, 9), (int) unit_below(&r, 4), unit_below(&r, 2) == 0});
	for (int i = 0; i < N_VIEWERS; i++)
	{
		LiveViewer	viewer;
		KitDiag		diag = {0};

		watchers[i].eye = (Eye) {i % N_AGENTS, (int) unit_below(&r, 8), unit_below(&r, 2) == 0};
		viewer = viewer_of(&watchers[i].eye);
		watchers[i].view = live_view_new(document, &viewer, &diag);
		watchers[i].arenas[0] = kit_arena_new("sum");
		watchers[i].arenas[1] = kit_arena_new("sum");
	}
	for (int step = 0; step < 40; step++)
	{
		LiveTurn   *turn;
		KitDiag		diag = {0};

		m->now += unit_below(&r, 3);
		for (uint32_t n = unit_below(&r, 4) == 0 ? unit_below(&r, 12) : 1 + unit_below(&r, 2); n > 0; n--)
		{
			Message		msg = random_message(&r, m);

			send_message(doc, copy, m, &msg);
		}
		if (unit_below(&r, 15) == 0)
		{
			vm_doc_free(copy);
			copy = reload(program, doc);
		}
		if (unit_below(&r, 6) == 0)
			fail_turn(&r, document, copy, m, watchers);
		n_turns++;
		turn = live_turn_begin(document, copy, m->now, m->seq, text("space"), text("key"), &vm_default_limits, arena, &diag);
		UNIT_TRY(turn != NULL, "seed %llu: %s", (unsigned long long) seed, diag.message);
		for (int i = 0; i < N_VIEWERS && turn != NULL; i++)
		{
			Watcher    *w = &watchers[i];

			/* the last one seldom looks */
			if (unit_below(&r, i == N_VIEWERS - 1 ? 8 : 3) != 0 && i != 0)
				continue;
			if (unit_below(&r, 5) == 0)
			{
				w->eye.v = (int) unit_below(&r, 8);
				w->eye.b ^= unit_below(&r, 2) == 0;
				UNIT_TRY(live_view_look_with(w->view, viewer_of(&w->eye).viewer, &diag), "look with: %s", diag.message);
			}
			look(w, turn, copy, m, &plan, (unsigned long long) seed, source.data);
		}
		kit_arena_reset(arena);
	}
	for (int i = 0; i < N_VIEWERS; i++)
	{
		live_view_free(watchers[i].view);
		kit_arena_delete(watchers[i].arenas[0]);
		kit_arena_delete(watchers[i].arenas[1]);
	}
	live_document_free(document);
	vm_doc_free(copy);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(of_round);
}

int
main(void)
{
	uint64_t	seed = unit_seed();

	arena = kit_arena_new("test");
	for (int round = 0; round < unit_rounds(120) && unit_tries_failed == 0; round++)
		run_round(seed + (uint64_t) round);
	UNIT_PROPERTY("what a viewer is sent adds up to what he may see");
	UNIT_OK("updates ran out of budget on the way", n_failed_updates > 0);
	UNIT_OK("and were interrupted", n_interrupted > 0);
	kit_arena_delete(arena);
	return unit_done();
}
