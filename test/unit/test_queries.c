/*
 * test_queries.c
 *	  Queries of random programs over random tables, each in two forms: one that may use indexes and orders that are kept, and one that says the same in a way
 *	  that has to visit and sort all rows.
 *
 * Events insert, change and delete rows, and abort; several lie in one journal, which is committed or rolled back; copies of the document follow by deltas, and
 * are loaded anew.  Whatever happened, both forms of each query give the same rows in the same order, on each copy.
 */
#include "run_program.h"

static uint64_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % n;
}

static const char head[] =
	"enum E { A, B, C, D }\n"
	"record R {\n"
	"  public int n; long l; bool b; E e; string s; principal p; double d; maybe<int> m;\n"
	"  index n; index e; index s; index p; index b;\n"
	"  formula fn = n; formula fl = l; formula fs = s; formula fd = d; formula fb = b; formula fid = id; formula fm = m;\n"
	"}\n"
	"table<R> t; public int count; public long left; public long right;\n"
	"message Row { int n; long l; bool b; int e; string s; int p; double d; maybe<int> m; bool fails; int k; }\n"
	"message Q { int k; int j; string s; int off; int lim; }\n"
	"procedure put(int id, Row w, principal me) {\n"
	"  (iterate t where_as x: x.id == id).n = w.n;\n"
	"  if (t[id] as r) { r.l = w.l; r.b = w.b; r.s = w.s; r.d = w.d; r.m = w.m;\n"
	"    if (w.e == 0) { r.e = E::A; } else if (w.e == 1) { r.e = E::B; } else if (w.e == 2) { r.e = E::C; } else { r.e = E::D; }\n"
	"    if (w.p == 1) { r.p = me; } else if (w.p == 2) { r.p = @no_one; } }\n"
	"}\n"
	"channel add(Row w) { for (int i = 0; i < w.k; i++) { t <- {n: w.n} as made; put(made, w, @who); } if (w.fails) { abort; } }\n"
	"channel change(Row w) { put(w.k, w, @who); if (w.fails) { abort; } }\n"
	"channel remove(Row w) { (iterate t where n == w.n).delete(); if (t[w.k] as r) { r.delete(); r.n = 7; r.s = \"gone\"; } if (w.fails) { abort; } }\n"
	"channel shift(Row w) { (iterate t where l < w.l).n += 1; if (w.fails) { abort; } }\n"
	"channel clear(Row w) { (iterate t where n > 100).delete(); if (w.k == 0) { t.delete(); } if (w.fails) { abort; } }\n";

/* Conditions: as they are indexed, and as they are not. */
static const char *const conditions[][2] = {
	{"n == q.k", "n + 0 == q.k"},
	{"q.k == n", "q.k == n + 0"},
	{"n < q.k", "n + 0 < q.k"},
	{"q.k < n", "q.k < n + 0"},
	{"n >= q.k", "n + 0 >= q.k"},
	{"q.k <= n && n < q.j", "q.k <= n + 0 && n + 0 < q.j"},
	{"q.k < n <= q.j", "q.k < n + 0 <= q.j"},
	{"l < q.k", "l + 0 < q.k"},
	{"q.j >= l", "q.j >= l + 0"},
	{"l == q.k", "l + 0 == q.k"},
	{"d > 1.5", "d + 0.0 > 1.5"},
	{"d <= 2.0 && d > -1.0", "d + 0.0 <= 2.0 && d + 0.0 > -1.0"},
	{"s == q.s", "s + \"\" == q.s"},
	{"p == @who", "(p == @who ? 1 : 0) == 1"},
	{"@no_one == p", "(p == @no_one ? 1 : 0) == 1"},
	{"b == true", "(b ? 1 : 0) == 1"},
	{"e == E::B", "e.to_int() + 0 == 1"},
	{"id > q.k", "id + 0 > q.k"},
	{"id <= q.j", "id + 0 <= q.j"},
	{"id == q.k", "id + 0 == q.k"},
	{"n != q.k", "n + 0 != q.k"},
	{"(n == q.k || s == q.s)", "(n + 0 == q.k || s + \"\" == q.s)"},
	{"m == q.k", "m == q.k"},
};

static const char *const keys[][2] = {
	{"n", "fn"}, {"l", "fl"}, {"s", "fs"}, {"d", "fd"}, {"b", "fb"}, {"id", "fid"}, {"m", "fm"}
};

static const char *const parts[] = {"", "", "", " limit q.lim", " offset q.off", " offset q.off limit q.lim", " limit q.lim offset q.off"};

#define N(array) ((uint32_t) (sizeof(array) / sizeof((array)[0])))

static void
add_conditions(KitBuf *forms)
{
	uint32_t	n = 1 + draw(3);
	const char *word = " where ";

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	which = draw(N(conditions));

		for (int k = 0; k < 2; k++)
			kit_buf_printf(&forms[k], "%s%s", word, conditions[which][k]);
		word = draw(2) == 0 ? " && " : " where ";
	}
}

static void
add_order(KitBuf *forms)
{
	uint32_t	n = 1 + draw(2);

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	which = draw(N(keys));
		const char *way = draw(2) == 0 ? "asc" : "desc";
		bool		is_insensitive = strcmp(keys[which][0], "s") == 0 && draw(3) == 0;

		for (int k = 0; k < 2; k++)
			kit_buf_printf(&forms[k], "%s%s %s%s", i == 0 ? " order by " : ", ", keys[which][k], way, is_insensitive ? " insensitive" : "");
	}
}

#define N_QUERIES 40

static VmProgram *
make_program(KitArena *arena, KitBuf *source)
{
	kit_buf_init(source, arena);
	kit_buf_add_str(source, head);
	for (int i = 0; i < N_QUERIES; i++)
	{
		KitBuf		forms[2];
		const char *part = parts[draw(N(parts))];
		uint32_t	shape = draw(6);

		for (int k = 0; k < 2; k++)
		{
			kit_buf_init(&forms[k], arena);
			kit_buf_add_str(&forms[k], "iterate t");
		}
		if (shape == 0 || shape >= 2)
			add_conditions(forms);
		if (shape == 1 || shape >= 3)
			add_order(forms);
		if (shape == 5)
			add_conditions(forms);
		for (int k = 0; k < 2; k++)
			kit_buf_add_str(&forms[k], part);
		kit_buf_printf(source, "channel q%d(Q q) {\n  long l = 0; long r = 0;\n", i);
		kit_buf_printf(source, "  foreach (x in %s) { l = l * 31 + x.id; }\n  foreach (x in %s) { r = r * 31 + x.id; }\n", forms[0].data, forms[1].data);
		kit_buf_printf(source, "  count = (%s).size(); left = l * 31 + count;\n  count = (%s).size(); right = r * 31 + count;\n}\n", forms[0].data, forms[1].data);
	}
	return compile(source->data, arena);
}

static int	n_failed_queries;

/* Runs the query on the document, and undoes what it wrote. */
static void
ask(VmDoc *doc, int query, const char *json, const char *source, const char *what)
{
	KitArena   *scratch = kit_arena_new("query");
	char		channel[16];
	VmEvent		event;
	VmMark		mark = vm_doc_mark(doc);
	KitDiag		diag = {0};
	const VmObj *root = vm_doc_root(doc);
	const LangStruct *s = vm_program_lang(vm_doc_program(doc))->root;
	int64_t		left;
	int64_t		right;

	snprintf(channel, sizeof(channel), "q%d", query);
	event = event_of(VM_EVENT_SEND, channel);
	event.message = json_item(json, scratch);
	if (!vm_reduce(doc, &event, &vm_default_limits, scratch, &diag))
	{
		if (n_failed_queries++ < 5)
			printf("# query %d: %s\n", query, diag.message);
		kit_arena_delete(scratch);
		return;
	}
	left = root->slots[lang_struct_field(s, "left", 4)->slot].i;
	right = root->slots[lang_struct_field(s, "right", 5)->slot].i;
	if (left != right && n_failed_queries++ < 5)
	{
		char		name[32];
		const char *text = strstr(source, (snprintf(name, sizeof(name), "channel q%d(", query), name));

		printf("# %s, %s: both forms of this differ:\n# %.*s\n", what, json, (int) strcspn(strchr(strchr(text, '\n') + 1, '\n') + 1, "\n"),
			   strchr(strchr(text, '\n') + 1, '\n') + 1);
	}
	vm_doc_undo_to(doc, mark);
	kit_arena_delete(scratch);
}

static void
ask_some(VmDoc *doc, int n, const char *source, const char *what)
{
	static const char *const texts[] = {"", "a", "B", "b", "long enough to lie in the heap"};

	for (int i = 0; i < n; i++)
	{
		char		json[200];

		snprintf(json, sizeof(json), "{\"k\":%d,\"j\":%d,\"s\":\"%s\",\"off\":%d,\"lim\":%d}", (int) draw(12) - 1, (int) draw(30), texts[draw(N(texts))],
				 (int) draw(20) - 2, (int) draw(12) - 1);
		ask(doc, (int) draw(N_QUERIES), json, source, what);
	}
}

static void
happen(VmDoc *doc, uint32_t many)
{
	static const char *const channels[] = {"add", "add", "add", "change", "change", "change", "change", "remove", "shift", "clear"};
	static const char *const texts[] = {"", "a", "A", "b", "B", "long enough to lie in the heap"};
	KitArena   *scratch = kit_arena_new("event");
	char		json[300];
	char		maybe[32] = "null";
	VmEvent		event;
	KitDiag		diag = {0};

	if (draw(3) > 0)
		snprintf(maybe, sizeof(maybe), "%d", (int) draw(5));
	snprintf(json, sizeof(json), "{\"n\":%d,\"l\":%d,\"b\":%s,\"e\":%u,\"s\":\"%s\",\"p\":%u,\"d\":%u.5,\"m\":%s,\"fails\":%s,\"k\":%u}", (int) draw(12) - 1,
			 (int) draw(12) - 3, draw(2) ? "true" : "false", draw(4), texts[draw(N(texts))], draw(3), draw(4), maybe, draw(4) == 0 ? "true" : "false", 1 + draw(many));
	event = event_of(VM_EVENT_SEND, channels[draw(N(channels))]);
	if (strcmp(event.channel.str, "change") == 0 || strcmp(event.channel.str, "remove") == 0)
		snprintf(strstr(json, "\"k\":"), 32, "\"k\":%u}", 1 + draw(8 * many));
	event.message = json_item(json, scratch);
	vm_reduce(doc, &event, &vm_default_limits, scratch, &diag);
	kit_arena_delete(scratch);
}

static DocBytes
saved(const VmDoc *doc, KitArena *arena)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	return vm_doc_save(doc, buf);
}

static void
test_random_queries(void)
{
	for (uint64_t round = unit_seed(), last = round + (uint64_t) unit_rounds(12); round < last; round++)
	{
		KitArena   *arena = kit_arena_new("round");
		KitBuf		source;
		VmProgram  *program;
		VmDoc	   *doc;
		VmDoc	   *copy;
		KitDiag		diag = {0};
		int			before = n_failed_queries;

		seed = round * 7919 + 1;
		program = make_program(arena, &source);
		UNIT_TRY(program != NULL, "UNIT_SEED=%llu: the program does not compile", (unsigned long long) round);
		if (program == NULL)
			break;
		doc = vm_doc_new(program, 0, false);
		copy = vm_doc_new(program, 0, false);
		for (int step = 0; step < 60; step++)
		{
			KitArena   *turn = kit_arena_new("turn");
			KitBuf		delta;
			DocBytes	a;
			DocBytes	b;

			vm_doc_begin(doc);
			for (uint32_t n = 1 + draw(5); n > 0; n--)
			{
				happen(doc, round % 4 == 0 ? 300 : 25);
				if (draw(2) == 0)
					ask_some(doc, 3, source.data, "within a journal");
			}
			if (draw(8) == 0)
			{
				vm_doc_rollback(doc);
				vm_doc_begin(doc);
			}
			kit_buf_init(&delta, turn);
			UNIT_TRY(vm_doc_apply(copy, vm_doc_delta(doc, &delta), &diag), "%s", diag.message);
			vm_doc_commit(doc);
			a = saved(doc, turn);
			b = saved(copy, turn);
			UNIT_TRY(a.len == b.len && memcmp(a.data, b.data, a.len) == 0, "UNIT_SEED=%llu, step %d: the copy differs", (unsigned long long) round, step);
			UNIT_TRY(vm_doc_state_size(doc) == a.len, "the size is %zu instead of %zu", vm_doc_state_size(doc), a.len);
			vm_doc_begin(doc);
			ask_some(doc, 4, source.data, "after it");
			vm_doc_rollback(doc);
			if (draw(3) == 0)
			{
				vm_doc_begin(copy);
				ask_some(copy, 4, source.data, "on a copy that follows");
				vm_doc_rollback(copy);
			}
			if (draw(20) == 0)
			{
				vm_doc_free(copy);
				copy = vm_doc_load(program, a, false, false, &diag);
				UNIT_TRY(copy != NULL, "%s", diag.message);
			}
			kit_arena_delete(turn);
		}
		UNIT_TRY(n_failed_queries == before, "UNIT_SEED=%llu", (unsigned long long) round);
		vm_doc_free(doc);
		vm_doc_free(copy);
		vm_program_free(program);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("queries that use orders give what queries give that do not");
}

int
main(void)
{
	test_random_queries();
	return unit_done();
}
