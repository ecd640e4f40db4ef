/*
 * test_aggregates.c
 *	  What is kept told of the rows of a table, against the same told by going through them.
 *
 * Programs of random expressions, each in two forms: one that is kept, and one whose query is materialized first, which is not.  Events insert, change and delete
 * rows, and abort; several lie in one journal, which is committed or rolled back; copies follow by deltas, and are loaded anew.  Whatever happened, both forms
 * tell the same, to the bit, and asking costs as many steps on a document that was asked a thousand times as on one that was just loaded.
 */
#include "run_program.h"

static uint64_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % n;
}

#define N(array) ((uint32_t) (sizeof(array) / sizeof((array)[0])))

static const char head[] =
	"enum E { A, B, C }\n"
	"record R {\n"
	"  public int n; long l; bool b; E e; string s; principal p; double d; maybe<int> m; date day;\n"
	"  formula twice = n * 2; formula half = d * 0.5; formula is_odd = (b && n > 3) || l < n;\n"
	"}\n"
	"record Box { table<R> rows; }\n"
	"table<R> t; Box box; public int x; public double y; public string told; public string counted;\n"
	"message Row { int n; long l; bool b; int e; string s; int p; double d; maybe<int> m; bool fails; int k; }\n"
	"function odd(double d) -> double { if (d == 9.5) { return 1.e300 * 1.e300 - 1.e300 * 1.e300; } if (d == 8.5) { return -0.0; } return d * 0.1; }\n"
	"procedure put(int id, Row w, principal me) {\n"
	"  if (t[id] as r) { r.n = w.n; r.l = w.l; r.b = w.b; r.s = w.s; r.d = odd(w.d); r.m = w.m;\n"
	"    if (w.e == 0) { r.e = E::A; } else if (w.e == 1) { r.e = E::B; } else { r.e = E::C; }\n"
	"    if (w.p == 1) { r.p = me; } else { r.p = @no_one; } }\n"
	"}\n"
	"channel add(Row w) { for (int i = 0; i < w.k; i++) { t <- {n: w.n} as made; put(made, w, @who); box.rows <- {n: w.n, d: w.d}; } if (w.fails) { abort; } }\n"
	"channel bare(Row w) { for (int i = 0; i < w.k; i++) { t <- {}; } if (w.fails) { abort; } }\n"
	"channel change(Row w) { put(w.k, w, @who); if (w.fails) { abort; } }\n"
	"channel remove(Row w) { (iterate t where n == w.n && b).delete(); if (t[w.k] as r) { r.delete(); r.n = 7; } (iterate box.rows limit 1).delete(); if (w.fails) { abort; } }\n"
	"channel shift(Row w) { (iterate t where l < w.l).n += 1; (iterate box.rows where n < w.n).d += 0.1; if (w.fails) { abort; } }\n"
	"channel turn(Row w) { x = w.n; if (w.b) { y = w.d; } if (w.fails) { abort; } }\n"
	"channel clear(Row w) { if (w.k == 1) { t.delete(); } if (w.fails) { abort; } }\n";

static const char *const conditions[] = {
	"n < 5", "b", "!b && n > 2", "l >= n", "e == E::B", "s == \"b\"", "s < \"c\"", "p == @no_one", "d > 1.0", "d < y", "n < x", "m.has()", "m.getOrDefaultTo(3) > 2",
	"twice > 6", "half > 0.3", "is_odd", "1 < n <= 6", "(n > 4 ? l : n) > 3", "n + l * 2 > 9", "day < @date 2000/1/1", "(b ^^ n > 2)"
};

static const char *const values[] = {"n", "l", "d", "twice", "half"};
static const char *const told[] = {"sum", "minimum", "maximum", "range", "average"};

#define N_ASKED 12				/* as many as the rows of one structure may have, or fewer */

static VmProgram *
make_program(KitArena *arena, KitBuf *source)
{
	kit_buf_init(source, arena);
	kit_buf_add_str(source, head);
	for (int i = 0; i < N_ASKED; i++)
	{
		KitBuf		query;
		bool		is_box = draw(5) == 0;

		kit_buf_init(&query, arena);
		kit_buf_add_str(&query, is_box ? "iterate box.rows" : "iterate t");
		for (uint32_t n = draw(3), k = 0; k < n; k++)
			kit_buf_printf(&query, "%s%s", k == 0 || draw(2) == 0 ? " where " : " && ", conditions[draw(N(conditions))]);
		if (draw(4) == 0)
			kit_buf_printf(source, "formula kept%d = (%s).size(); formula plain%d = (%s materialize).size();\n", i, query.data, i, query.data);
		else
		{
			const char *value = values[draw(N(values))];
			const char *what = told[draw(N(told))];

			kit_buf_printf(source, "formula kept%d = (%s).%s.%s(); formula plain%d = (%s materialize).%s.%s();\n", i, query.data, value, what, i, query.data, value,
						   what);
		}
	}
	kit_buf_add_str(source, "channel ask(Row w) { told = \"\"; counted = \"\";\n");
	for (int i = 0; i < N_ASKED; i++)
	{
		bool		is_count = strstr(source->data, kit_arena_printf(arena, "formula kept%d = ", i)) != NULL;
		const char *at = strstr(source->data, kit_arena_printf(arena, "formula kept%d = ", i));
		const char *end = strchr(at, ';');

		is_count = strncmp(end - 7, ".size()", 7) == 0;
		if (is_count)
			kit_buf_printf(source, "  told += kept%d + \" \"; counted += plain%d + \" \";\n", i, i);
		else
			kit_buf_printf(source, "  if (kept%d as v%d) { told += v%d + \" \"; } else { told += \"- \"; } if (plain%d as w%d) { counted += w%d + \" \"; } else { counted += \"- \"; }\n",
						   i, i, i, i, i, i);
	}
	kit_buf_add_str(source, "}\nchannel once(Row w) { told = \"\"");
	for (int i = 0; i < N_ASKED; i++)
		kit_buf_printf(source, "; let a%d = kept%d", i, i);
	kit_buf_add_str(source, "; }\n");
	return compile(source->data, arena);
}

static int	n_failed;

static bool
run(VmDoc *doc, const char *channel, int64_t steps, KitDiag *diag)
{
	KitArena   *scratch = kit_arena_new("asking");
	VmEvent		event = event_of(VM_EVENT_SEND, channel);
	VmLimits	limits = vm_default_limits;
	bool		ok;

	limits.steps = steps;
	event.message = json_item("{}", scratch);
	memset(diag, 0, sizeof(*diag));
	ok = vm_reduce(doc, &event, &limits, scratch, diag);
	kit_arena_delete(scratch);
	return ok;
}

static const char *
field_text(VmDoc *doc, const char *name)
{
	const LangStruct *s = vm_program_lang(vm_doc_program(doc))->root;

	return vm_doc_root(doc)->slots[lang_struct_field(s, name, strlen(name))->slot].str->text;
}

/* Asks on the document, and undoes what that wrote. */
static void
ask(VmDoc *doc, const char *source, const char *what)
{
	VmMark		mark = vm_doc_mark(doc);
	KitDiag		diag;

	if (!run(doc, "ask", vm_default_limits.steps, &diag))
	{
		if (n_failed++ < 5)
			printf("# %s: %s\n", what, diag.message);
		return;
	}
	if (strcmp(field_text(doc, "told"), field_text(doc, "counted")) != 0 && n_failed++ < 5)
		printf("# %s: this differs:\n# kept  %s\n# plain %s\n%s\n", what, field_text(doc, "told"), field_text(doc, "counted"), strstr(source, "formula kept0"));
	vm_doc_undo_to(doc, mark);
}

/* Whether so many steps are enough. */
static bool
is_enough(VmDoc *doc, int64_t steps)
{
	VmMark		mark;
	KitDiag		diag;
	bool		ok;

	vm_doc_begin(doc);
	mark = vm_doc_mark(doc);
	ok = run(doc, "once", steps, &diag);
	if (ok)
		vm_doc_undo_to(doc, mark);
	vm_doc_rollback(doc);
	return ok;
}

static void
happen(VmDoc *doc, uint32_t many)
{
	static const char *const channels[] = {"add", "add", "add", "bare", "change", "change", "change", "change", "change", "remove", "shift", "turn", "clear"};
	static const char *const texts[] = {"", "a", "b", "c", "long enough to lie in the heap"};
	KitArena   *scratch = kit_arena_new("event");
	char		json[300];
	char		maybe[32] = "null";
	VmEvent		event;
	KitDiag		diag = {0};

	if (draw(3) > 0)
		snprintf(maybe, sizeof(maybe), "%d", (int) draw(5));
	snprintf(json, sizeof(json), "{\"n\":%d,\"l\":%s%d,\"b\":%s,\"e\":%u,\"s\":\"%s\",\"p\":%u,\"d\":%u.5,\"m\":%s,\"fails\":%s,\"k\":%u}", (int) draw(12) - 1,
			 draw(9) == 0 ? "900719925474099" : "", (int) draw(12), draw(2) ? "true" : "false", draw(3), texts[draw(N(texts))], draw(2), draw(10), maybe,
			 draw(4) == 0 ? "true" : "false", 1 + draw(many));
	event = event_of(VM_EVENT_SEND, channels[draw(N(channels))]);
	if (strcmp(event.channel.str, "change") == 0 || strcmp(event.channel.str, "remove") == 0)
		snprintf(strstr(json, "\"k\":"), 32, "\"k\":%u}", 1 + draw(12 * many));
	if (strcmp(event.channel.str, "clear") == 0 && draw(12) != 0)
		event.channel = (VmText) {"shift", 5};
	event.message = json_item(json, scratch);
	if (!vm_reduce(doc, &event, &vm_default_limits, scratch, &diag) && diag.code != KIT_ABORTED && n_failed++ < 5)
		printf("# %s %s: %s\n", event.channel.str, json, diag.message);
	kit_arena_delete(scratch);
}

static VmDoc *
loaded(VmProgram *program, VmDoc *doc, KitArena *arena)
{
	KitBuf		buf;
	KitDiag		diag = {0};
	VmDoc	   *copy;

	kit_buf_init(&buf, arena);
	copy = vm_doc_load(program, vm_doc_save(doc, &buf), false, false, &diag);
	UNIT_TRY(copy != NULL, "%s", diag.message);
	return copy;
}

/* The fewest steps that do on a document that was asked often are the fewest on one that was just loaded. */
static void
compare_costs(VmProgram *program, VmDoc *doc, KitArena *arena)
{
	int64_t		low = 0;
	int64_t		high = 1000000;

	while (low < high)
	{
		int64_t		middle = low + (high - low) / 2;

		if (is_enough(doc, middle))
			high = middle;
		else
			low = middle + 1;
	}
	for (int64_t steps = low - 1; steps <= low; steps++)
	{
		VmDoc	   *fresh = loaded(program, doc, arena);

		UNIT_TRY(is_enough(fresh, steps) == (steps == low), "it costs %lld steps on a document that was asked before, another number on one that was not",
				 (long long) low);
		vm_doc_free(fresh);
	}
}

static void
test_random_aggregates(void)
{
	for (uint64_t round = unit_seed(), last = round + (uint64_t) unit_rounds(12); round < last; round++)
	{
		KitArena   *arena = kit_arena_new("round");
		KitBuf		source;
		VmProgram  *program;
		VmDoc	   *doc;
		VmDoc	   *copy;
		KitDiag		diag = {0};
		int			before = n_failed;

		seed = round * 7919 + 1;
		program = make_program(arena, &source);
		UNIT_TRY(program != NULL, "UNIT_SEED=%llu: the program does not compile\n%s", (unsigned long long) round, source.data);
		if (program == NULL)
			break;
		doc = vm_doc_new(program, 0, false);
		copy = vm_doc_new(program, 0, false);
		for (int step = 0; step < 50; step++)
		{
			KitArena   *turn = kit_arena_new("turn");
			KitBuf		delta;

			vm_doc_begin(doc);
			for (uint32_t n = 1 + draw(5); n > 0; n--)
			{
				happen(doc, round % 4 == 0 ? 300 : 25);
				if (draw(2) == 0)
					ask(doc, source.data, "within a journal");
			}
			if (draw(8) == 0)
			{
				vm_doc_rollback(doc);
				vm_doc_begin(doc);
				ask(doc, source.data, "after it was rolled back");
			}
			kit_buf_init(&delta, turn);
			UNIT_TRY(vm_doc_apply(copy, vm_doc_delta(doc, &delta), &diag), "%s", diag.message);
			vm_doc_commit(doc);
			vm_doc_begin(doc);
			ask(doc, source.data, "after it was committed");
			vm_doc_rollback(doc);
			if (draw(2) == 0)
			{
				vm_doc_begin(copy);
				ask(copy, source.data, "on a copy that follows");
				vm_doc_rollback(copy);
			}
			if (draw(15) == 0)
				compare_costs(program, doc, turn);
			if (draw(20) == 0)
			{
				vm_doc_free(copy);
				copy = loaded(program, doc, turn);
			}
			kit_arena_delete(turn);
		}
		UNIT_TRY(n_failed == before, "UNIT_SEED=%llu", (unsigned long long) round);
		vm_doc_free(doc);
		vm_doc_free(copy);
		vm_program_free(program);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("what is kept told of rows is what going through them tells, at a cost that shows nothing of it");
}

/* How many of an expression's codes are aggregates. */
static int
n_aggregates(const char *declarations)
{
	KitArena   *arena = kit_arena_new("form");
	VmProgram  *program = compile(kit_arena_printf(arena, "record R { public int id; int n; double d; principal who; maybe<int> m; string s; index who; formula f = n + 1; }"
												   "table<R> t; int x; view int v; function ten() -> int { return 10; } %s", declarations), arena);
	int			n = program == NULL ? -1 : (int) program->n_aggregates;

	if (program != NULL)
		vm_program_free(program);
	kit_arena_delete(arena);
	return n;
}

int
main(void)
{
	test_random_aggregates();
	UNIT_OK("a count is kept", n_aggregates("formula a = (iterate t where n < 3).size();") == 1);
	UNIT_OK("a sum is kept", n_aggregates("formula a = (iterate t).n.sum();") == 1);
	UNIT_OK("a sum within a larger expression", n_aggregates("formula a = (iterate t where n < x).n.sum().getOrDefaultTo(0) * 2 + (iterate t).d.maximum().getOrDefaultTo(1.0);") == 2);
	UNIT_OK("a sum of a formula of the row", n_aggregates("formula a = Statistics.average((iterate t where f > 2).f);") == 1);
	UNIT_OK("a count by an index is not", n_aggregates("formula a = (iterate t where who == @no_one).size();") == 0);
	UNIT_OK("nor by the id", n_aggregates("formula a = (iterate t where id == x).size();") == 0);
	UNIT_OK("nor what depends on who looks", n_aggregates("bubble a = (iterate t where n < @viewer.v).size(); bubble b = (iterate t where who != @who).n.sum();") == 0);
	UNIT_OK("nor what calls", n_aggregates("formula a = (iterate t where n < ten()).size();") == 0);
	UNIT_OK("nor what makes texts", n_aggregates("formula a = (iterate t where s + \"x\" == \"ax\").size();") == 0);
	UNIT_OK("nor what depends on another row", n_aggregates("formula a = (iterate t where_as x: (iterate t where_as y: y.n < x.n).size() > 2).size();") == 0);
	UNIT_OK("nor on a variable", n_aggregates("message M { int k; } channel c(M q) { foreach (a in iterate t) { x += (iterate t where n < a.n).size(); x += (iterate t where n < q.k).size(); } }") == 0);
	UNIT_OK("nor a part of the rows", n_aggregates("formula a = (iterate t limit 3).n.sum(); formula b = (iterate t order by n).d.sum();") == 0);
	return unit_done();
}
