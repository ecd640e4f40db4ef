/*
 * live.c
 *	  What a change costs those who watch, by the live room alone: no server, no storage; a document in memory, its copy brought forward by deltas.
 *
 *		live FORM ROWS VIEWERS [SECONDS]
 *
 * FORM is what the program shows of a table of ROWS rows, of which each message changes one (live_forms below).  Prints µs of CPU time per change for the
 * turn and the updates of VIEWERS views, each of a class of its own when the form is private; the message itself is reduced and applied outside of that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live/live.h"
#include "vm/watch.h"

typedef struct Form
{
	const char *name;
	const char *declarations;
} Form;

static const Form live_forms[] = {
	{"ordered", "public formula shown = iterate items order by n;"},
	{"whole", "public formula shown = iterate items;"},
	{"window", "public formula shown = iterate items order by n desc limit 20;"},
	{"page", "public formula shown = iterate items order by n offset 50 limit 20;"},
	{"filter", "public formula shown = iterate items where n < 100000 order by n;"},
	{"lookup", "public formula shown = iterate items where id == 7;"},
	{"size", "public formula shown = (iterate items where n % 2 == 0).size();"},
	{"sum", "public formula shown = (iterate items).n.sum();"},
	{"average", "public formula shown = (iterate items).n.average();"},
	{"maximum", "public formula shown = (iterate items).n.maximum();"},
	{"double", "public formula shown = (iterate items).d.sum();"},
	{"values", "public formula shown = (iterate items).n;"},
	{"computed", "public formula shown = (iterate items order by n).reverse();"},
	{"mine", "bubble shown = iterate items where owner == @who;"},
	{"private", "public formula shown = iterate items where n < 0; bubble mine = iterate items where owner == @who order by n;"},
	{NULL, NULL}
};

static const char program_head[] =
	"record Item { public int id; public int n; public double d; public principal owner; index owner; }\n"
	"table<Item> items;\n"
	"message Add { int n; double d; principal owner; }\n"
	"message Change { int item; int n; double d; }\n"
	"channel add(Add m) { items <- m; }\n"
	"channel change(Change m) { (iterate items where id == m.item).n = m.n; (iterate items where id == m.item).d = m.d; }\n";

static KitArena *arena;

static void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static DocItem
message_of(KitArena *into, const char *json)
{
	KitBuf	   *bytes = KIT_NEW(into, KitBuf);
	DocItem		item;
	KitDiag		diag = {0};

	kit_buf_init(bytes, into);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &item, &diag))
		fail(diag.message);
	return item;
}

static uint32_t
draw(uint32_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (state >> 33) % n;
}

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

/* Reduces a message in the document and brings the copy forward. */
static void
send(VmDoc *doc, VmDoc *copy, const char *channel, const char *json)
{
	static KitArena *scratch;
	VmEvent		event = {.kind = VM_EVENT_SEND, .agent = {"alice", 5}, .authority = {"test", 4}, .at = 1700000000000,
		.channel = {channel, (uint32_t) strlen(channel)}};
	VmLimits	limits = vm_default_limits;
	KitBuf		delta;
	KitDiag		diag = {0};

	if (scratch == NULL)
		scratch = kit_arena_new("event");
	limits.document = 1000 * 1000 * 1000;
	event.message = message_of(scratch, json);
	kit_buf_init(&delta, scratch);
	vm_doc_begin(doc);
	if (!vm_reduce(doc, &event, &limits, scratch, &diag) || !vm_doc_apply(copy, vm_doc_delta(doc, &delta), &diag))
		fail(diag.message);
	vm_doc_commit(doc);
	kit_arena_reset(scratch);
}

typedef struct Watched
{
	LiveDocument *document;
	VmDoc	   *copy;
	LiveView  **views;
	int			n_views;
	size_t		n_bytes;
	int64_t		seq;
} Watched;

static void
look(Watched *w)
{
	static KitArena *scratch,
			   *of_view;
	VmLimits	limits = vm_default_limits;
	KitDiag		diag = {0};
	LiveTurn   *turn;

	if (scratch == NULL)
	{
		scratch = kit_arena_new("turn");
		of_view = kit_arena_new("view");
	}
	limits.steps = 1000 * 1000 * 1000;
	limits.memory = 1000 * 1000 * 1000;
	turn = live_turn_begin(w->document, w->copy, 1700000000000, ++w->seq, (VmText) {"space", 5}, (VmText) {"key", 3}, &limits, scratch, &diag);
	if (turn == NULL)
		fail(diag.message);
	for (int i = 0; i < w->n_views; i++)
	{
		KitBuf		out;

		kit_buf_init(&out, of_view);
		if (live_view_update(w->views[i], turn, &out, &diag) == LIVE_FAILED)
			fail(diag.message);
		w->n_bytes += out.len;
		kit_arena_reset(of_view);
	}
	kit_arena_reset(scratch);
}

static VmProgram *
compile(const char *form)
{
	LangDiags	diags;
	VmProgram  *program;
	const Form *f = live_forms;
	char	   *source;

	while (f->name != NULL && strcmp(f->name, form) != 0)
		f++;
	if (f->name == NULL)
		fail("there is no such form: see bench/live.c");
	source = kit_arena_printf(arena, "%s%s\n", program_head, f->declarations);
	lang_diags_init(&diags, arena);
	program = vm_program_new(source, strlen(source), &diags);
	if (program == NULL)
		fail(diags.items[0]->message);
	return program;
}

int
main(int argc, char **argv)
{
	int			n_rows = argc > 2 ? atoi(argv[2]) : 1000;
	double		seconds = argc > 4 ? atof(argv[4]) : 1;
	Watched		w = {.n_views = argc > 3 ? atoi(argv[3]) : 1};
	VmProgram  *program;
	VmDoc	   *doc;
	double		spent = 0;
	long		n = 0;
	char		json[200];

	arena = kit_arena_new("bench");
	if (argc < 2 || n_rows < 1 || w.n_views < 1)
		fail("usage: live FORM ROWS VIEWERS [SECONDS]");
	program = compile(argv[1]);
	doc = vm_doc_new(program, 0, false);
	w.copy = vm_doc_new(program, 0, false);
	vm_doc_watch(w.copy);
	for (int i = 0; i < n_rows; i++)
	{
		snprintf(json, sizeof(json), "{\"n\":%u,\"d\":0.%u,\"owner\":{\"agent\":\"v%u\",\"authority\":\"test\"}}", draw(1000000), draw(1000000), i % (n_rows < 5 * w.n_views ? (n_rows + 4) / 5 : w.n_views));
		send(doc, w.copy, "add", json);
	}
	w.document = live_document_new(program, false);
	live_document_remember(w.document);
	w.views = kit_arena_alloc(arena, (size_t) w.n_views * sizeof(LiveView *));
	for (int i = 0; i < w.n_views; i++)
	{
		char	   *agent = kit_arena_printf(arena, "v%d", i);
		LiveViewer	viewer = {{agent, (uint32_t) strlen(agent)}, {"test", 4}, {0}};
		KitDiag		diag = {0};

		w.views[i] = live_view_new(w.document, &viewer, &diag);
	}
	spent = cpu_us();
	look(&w);
	fprintf(stderr, "first view: %.0f us, ", cpu_us() - spent);
	w.n_bytes = 0;
	spent = 0;
	while (spent < seconds * 1e6 && n < 200000)
	{
		double		start;

		snprintf(json, sizeof(json), "{\"item\":%u,\"n\":%u,\"d\":0.%u}", 1 + draw((uint32_t) n_rows), draw(1000000), draw(1000000));
		send(doc, w.copy, "change", json);
		start = cpu_us();
		look(&w);
		spent += cpu_us() - start;
		n++;
	}
	fprintf(stderr, "%ld changes of %.0f bytes\n", n, (double) w.n_bytes / (double) n);
	printf("%.2f\n", spent / (double) n);
	return 0;
}
