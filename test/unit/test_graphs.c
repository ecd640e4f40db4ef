/*
 * test_graphs.c
 *	  Graphs of a document under random events, each traversed in two ways: by traverse, and by loops over all rows that could be edges.
 *
 * Events insert, change and delete rows at all depths, and abort; several lie in one journal, which is committed or rolled back; copies of the document follow by
 * deltas, and are loaded anew.  Whatever happened, both ways lead to the same rows, on each copy, and cost the same; and a view that follows a copy shows
 * the rows that are reached now.
 */
#include "live/live.h"
#include "run_program.h"
#include "vm/state_internal.h"
#include "vm/watch.h"

static uint64_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % n;
}

/* Edges at the top and in rows, of several forms, and targets at the top, in rows, in a map and in a maybe. */
static const char program_text[] =
	"record Link { int a; maybe<int> b; bool off; string s; formula end = off ? @maybe<int> : b; }\n"
	"record Node { public int n; table<Link> links; join inner via links[x] from id to x.a; join both via links[y] from y.a to y.b; }\n"
	"record Leaf { public int n; }\n"
	"record Group { table<Node> nodes; table<Leaf> leaves; table<Link> links; Spot spot; join down via links[x] from x.a to x.end; }\n"
	"record Spot { table<Leaf> leaves; }\n"
	"table<Node> nodes; table<Link> links; table<Link> others; table<Group> groups; map<int,Group> by_key; maybe<Group> one; table<Leaf> leaves; Spot spot;\n"
	"assoc<Node, Node> inner; assoc<Node, Node, Link> both; assoc<Node, Leaf> down; assoc<Leaf, Node> up; assoc<Node, Node> unused;\n"
	"join both via links[x] from x.a to x.b;\n"
	"join both via others[x] from x.s.length() * 1 to x.off ? 1 : x.a;\n"
	"join down via links[x] from x.a to x.end;\n"
	"join up via links[x] from x.end to x.a + 0;\n"
	"join up via others[x] from x.a to x.b;\n"
	"join unused via links[x] from x.a to x.b;\n"
	"string left; string right;\n"
	"public formula v0 = iterate nodes where n < 3 traverse inner; public formula v1 = iterate nodes traverse both traverse inner order by n desc;\n"
	"public formula v2 = (iterate nodes traverse down).size(); public formula v3 = iterate leaves where n < 4 traverse up; bubble v4 = iterate nodes where n == @viewer.at traverse down;\n"
	"view int at;\n"
	"message M { int k; int j; int n; bool off; string s; maybe<int> m; bool fails; }\n"
	/* what there is, by brute force */
	"procedure all_nodes() -> list<Node> readonly { table<Found> found; collect(found); return iterate nodes; }\n"
	"message Found { int id; int kind; }\n"
	"procedure add_group(mutable table<Found> f, Group g) readonly {\n"
	"  foreach (x in iterate g.nodes) { f <- {id: x.id, kind: 0}; }\n"
	"  foreach (x in iterate g.leaves) { f <- {id: x.id, kind: 1}; }\n"
	"  foreach (x in iterate g.spot.leaves) { f <- {id: x.id, kind: 1}; }\n"
	"}\n"
	"procedure collect(mutable table<Found> f) readonly {\n"
	"  foreach (x in iterate nodes) { f <- {id: x.id, kind: 0}; }\n"
	"  foreach (x in iterate leaves) { f <- {id: x.id, kind: 1}; }\n"
	"  foreach (x in iterate spot.leaves) { f <- {id: x.id, kind: 1}; }\n"
	"  foreach (g in iterate groups) { add_group(f, g); }\n"
	"  foreach (p in by_key) { add_group(f, p.value); }\n"
	"  if (one as g) { add_group(f, g); }\n"
	"}\n"
	"procedure hit(mutable table<Found> e, int from, int a, maybe<int> b) readonly { if (b as to) { if (a == from && a > 0) { e <- {id: to}; } } }\n"
	"procedure ends(table<Found> found, table<Found> e, int kind) -> string readonly {\n"
	"  string out = \"\";\n"
	"  foreach (f in iterate found where_as x: x.kind == kind order by id unique first id) { if ((iterate e where_as y: y.id == f.id).size() > 0) { out += f.id + \" \"; } }\n"
	"  return out;\n"
	"}\n"
	"procedure node_links(mutable table<Found> e, Node x, int from, int which) readonly {\n"
	"  foreach (l in iterate x.links) { if (which == 0) { hit(e, from, x.id, l.a); } else { hit(e, from, l.a, l.b); } }\n"
	"}\n"
	"procedure group_links(mutable table<Found> e, Group g, int from, int which) readonly {\n"
	"  if (which < 2) { foreach (x in iterate g.nodes) { node_links(e, x, from, which); } }\n"
	"  if (which == 2) { foreach (l in iterate g.links) { hit(e, from, l.a, l.end); } }\n"
	"}\n"
	"procedure links_of(mutable table<Found> e, int from, int which) readonly {\n"
	"  if (which < 2) { foreach (x in iterate nodes) { node_links(e, x, from, which); } }\n"
	"  foreach (g in iterate groups) { group_links(e, g, from, which); }\n"
	"  foreach (p in by_key) { group_links(e, p.value, from, which); }\n"
	"  if (one as g) { group_links(e, g, from, which); }\n"
	"  if (which == 1) { foreach (l in iterate links) { hit(e, from, l.a, l.b); }\n"
	"    foreach (l in iterate others) { hit(e, from, l.s.length(), l.off ? 1 : l.a); } }\n"
	"  if (which == 2) { foreach (l in iterate links) { hit(e, from, l.a, l.end); } }\n"
	"  if (which == 3) { foreach (l in iterate links) { if (l.end as a) { hit(e, from, a, l.a); } } foreach (l in iterate others) { hit(e, from, l.a, l.b); } }\n"
	"}\n"
	"procedure brute(list<int> from, int which) -> string readonly {\n"
	"  table<Found> found; table<Found> e;\n"
	"  collect(found);\n"
	"  foreach (f in from) { links_of(e, f, which); }\n"
	"  (iterate e where id <= 0).delete();\n"
	"  return ends(found, e, which == 2 ? 1 : 0);\n"
	"}\n"
	"function ids(list<Node> l) -> string { string out = \"\"; foreach (x in l) { out += x.id + \" \"; } return out; }\n"
	"function leaf_ids(list<Leaf> l) -> string { string out = \"\"; foreach (x in l) { out += x.id + \" \"; } return out; }\n"
	"channel q0(M m) { left = ids(iterate nodes where n < m.k traverse inner); right = brute((iterate nodes where n < m.k).id, 0); }\n"
	"channel q1(M m) { left = ids(iterate nodes where n < m.k traverse both); right = brute((iterate nodes where n < m.k).id, 1); }\n"
	"channel q2(M m) { left = leaf_ids(iterate nodes where n < m.k traverse down); right = brute((iterate nodes where n < m.k).id, 2); }\n"
	"channel q3(M m) { left = ids(iterate leaves where n < m.k traverse up); right = brute((iterate leaves where n < m.k).id, 3); }\n"
	"channel q4(M m) { left = ids(iterate nodes where n == m.k traverse both traverse inner where n < m.j); right = left;\n"
	"  if (left != \"\") { left = ids(iterate nodes where n == m.k traverse both traverse inner); right = brute((iterate nodes where n == m.k traverse both).id, 0); } }\n"
	/* what happens */
	"procedure fill(Group g, M m) { g.nodes <- {n: m.n} as i; if (g.nodes[i] as x) { x.links <- {a: m.k, b: m.m}; } g.leaves <- {n: m.n}; g.spot.leaves <- {n: m.n};\n"
	"  g.links <- {a: m.j, b: m.m, off: m.off}; }\n"
	"channel node(M m) { nodes <- {n: m.n} as i; if (nodes[i] as x) { x.links <- {a: m.k, b: m.m}; x.links <- {a: m.j}; } if (m.fails) { abort; } }\n"
	"channel leaf(M m) { leaves <- {n: m.n}; spot.leaves <- {n: m.n}; if (m.fails) { abort; } }\n"
	"channel link(M m) { links <- {a: m.k, b: m.m, off: m.off, s: m.s}; others <- {a: m.j, b: m.m, off: m.off, s: m.s}; if (m.fails) { abort; } }\n"
	"channel group(M m) { groups <- {} as i; if (groups[i] as g) { fill(g, m); } if (m.fails) { abort; } }\n"
	"channel key(M m) { by_key[m.n] <- {}; if (by_key[m.n] as g) { fill(g, m); } if (m.fails) { abort; } }\n"
	"channel hold(M m) { one <- {}; if (one as g) { fill(g, m); } if (m.fails) { abort; } }\n"
	"channel change(M m) {\n"
	"  (iterate links where id == m.k).a = m.j; (iterate links where a == m.k).b = m.m; (iterate links where id == m.j).off = m.off;\n"
	"  (iterate others where id >= m.k).s = m.s; (iterate others where a == m.j).a = m.k; (iterate links where id >= m.j).s = m.s;\n"
	"  if (nodes[m.k] as x) { (iterate x.links).a = m.j; (iterate x.links where a == m.j).b = m.m; }\n"
	"  foreach (g in iterate groups where id == m.k) { (iterate g.links).off = m.off; }\n"
	"  if (m.n > 2) { left = ids(iterate nodes traverse both); }\n"
	"  if (m.fails) { abort; }\n"
	"}\n"
	"channel remove(M m) {\n"
	"  (iterate links where id == m.k).delete(); (iterate nodes where id == m.j).delete(); (iterate groups where id == m.k || id == m.j).delete();\n"
	"  (iterate leaves where id == m.k).delete(); (iterate others where a == m.k).delete(); by_key.remove(m.n); if (m.n == 3) { one.delete(); }\n"
	"  if (m.n > 2) { left = ids(iterate nodes traverse inner); }\n"
	"  if (m.fails) { abort; }\n"
	"}\n"
	"channel clear(M m) { if (m.n == 1) { nodes.delete(); } if (m.n == 2) { links.delete(); } if (m.n == 3) { groups.delete(); by_key.clear(); } if (m.fails) { abort; } }\n";

static int	n_failed_queries;

#define N(array) ((uint32_t) (sizeof(array) / sizeof((array)[0])))

static void
make_message(char *json, size_t size, int last_id)
{
	int			ids = 3 + (int) draw(16);	/* the last ones that were given out, and some that were not */
	int			first = last_id + 2 < ids ? -1 : last_id + 2 - ids;
	static const char *const texts[] = {"", "a", "bb", "ccc", "dddd", "long enough to lie in the heap"};
	char		maybe[32] = "null";

	if (draw(4) > 0)
		snprintf(maybe, sizeof(maybe), "%d", first + (int) draw((uint32_t) ids));
	snprintf(json, size, "{\"k\":%d,\"j\":%d,\"n\":%u,\"off\":%s,\"s\":\"%s\",\"m\":%s,\"fails\":%s}", first + (int) draw((uint32_t) ids), first + (int) draw((uint32_t) ids), draw(6),
			 draw(3) == 0 ? "true" : "false", texts[draw(N(texts))], maybe, draw(4) == 0 ? "true" : "false");
}

static const VmStr *
string_of(const VmDoc *doc, const char *field)
{
	return vm_doc_root(doc)->slots[lang_struct_field(vm_program_lang(vm_doc_program(doc))->root, field, strlen(field))->slot].str;
}

/* Asks, and undoes what that wrote. */
static void
ask(VmDoc *doc, const char *what)
{
	static const char *const channels[] = {"q0", "q1", "q2", "q3", "q4"};
	KitArena   *scratch = kit_arena_new("query");
	const char *channel = channels[draw(N(channels))];
	VmEvent		event = event_of(VM_EVENT_SEND, channel);
	VmMark		mark = vm_doc_mark(doc);
	KitDiag		diag = {0};
	char		json[200];

	snprintf(json, sizeof(json), "{\"k\":%u,\"j\":%u}", draw(7), draw(7));
	event.message = json_item(json, scratch);
	if (!vm_reduce(doc, &event, &vm_default_limits, scratch, &diag))
	{
		if (n_failed_queries++ < 5)
			printf("# %s: %s\n", channel, diag.message);
	}
	else if (!vm_str_equal(string_of(doc, "left"), string_of(doc, "right")) && n_failed_queries++ < 5)
		printf("# %s, %s %s: %s instead of %s\n", what, channel, json, string_of(doc, "left")->text, string_of(doc, "right")->text);
	vm_doc_undo_to(doc, mark);
	kit_arena_delete(scratch);
}

static void
happen(VmDoc *doc)
{
	static const char *const channels[] = {"node", "node", "leaf", "link", "link", "link", "group", "key", "hold", "change", "change", "change", "change", "remove",
	"remove", "clear"};
	KitArena   *scratch = kit_arena_new("event");
	char		json[300];
	VmEvent		event = event_of(VM_EVENT_SEND, channels[draw(N(channels))]);
	KitDiag		diag = {0};

	make_message(json, sizeof(json), (int) doc->last_row_id);
	event.message = json_item(json, scratch);
	if (!vm_reduce(doc, &event, &vm_default_limits, scratch, &diag) && diag.code != KIT_ABORTED)
		UNIT_TRY(false, "%s: %s", event.channel.str, diag.message);
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
ask_some(VmDoc *doc, int n, const char *what)
{
	for (int i = 0; i < n; i++)
		ask(doc, what);
}

static void
test_random_graphs(void)
{
	for (uint64_t round = unit_seed(), last = round + (uint64_t) unit_rounds(12); round < last; round++)
	{
		KitArena   *arena = kit_arena_new("round");
		VmProgram  *program = compile(program_text, arena);
		VmDoc	   *doc;
		VmDoc	   *copy;
		KitDiag		diag = {0};
		int			before = n_failed_queries;

		seed = round * 7919 + 1;
		UNIT_TRY(program != NULL, "the program does not compile");
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
				happen(doc);
				/* in some rounds graphs are there from the beginning, in others they are made late, also in the midst of a journal */
				if (draw(2) == 0 && (uint32_t) step >= round % 4 * 15)
					ask_some(doc, 2, "within a journal");
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
			vm_doc_begin(doc);
			ask_some(doc, 3, "after it");
			vm_doc_rollback(doc);
			if (draw(3) == 0)
			{
				vm_doc_begin(copy);
				ask_some(copy, 3, "on a copy that follows");
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
	UNIT_PROPERTY("traversing leads where a search of all edges leads");
}

/* ---- what chance seldom meets ---- */

static const char small_program[] =
	"record P { table<E> more; join g via more[e] from e.a to e.b; } table<P> ps; record E { int a; int b; } table<E> es; assoc<P, P> g; join g via es[e] from e.a to e.b;\n"
	"message M { int n; } public int k;\n"
	"@construct { for (int i = 0; i < 40; i++) { ps <- {}; } for (int i = 1; i <= 40; i++) { es <- {a: 1, b: i}; if (ps[i] as p) { p.more <- {a: 2, b: i}; } } }\n"
	"channel drop(M m) { (iterate es where b > m.n).delete(); (iterate ps where id > m.n).delete(); }\n"
	"channel look(M m) { k = 100 * (iterate ps where id == 1 traverse g).size() + (iterate ps where id == 2 traverse g).size(); }\n";

static int64_t
look_at(VmDoc *doc, KitArena *arena)
{
	VmEvent		event = event_of(VM_EVENT_SEND, "look");
	KitDiag		diag = {0};
	int			slot = lang_struct_field(vm_program_lang(vm_doc_program(doc))->root, "k", 1)->slot;

	event.message = json_item("{}", arena);
	return vm_reduce(doc, &event, &vm_default_limits, arena, &diag) ? vm_doc_root(doc)->slots[slot].i : -1;
}

/* Rows that were deleted are not in their tables any more when the graph is made, and then they come back. */
static void
test_away(void)
{
	KitArena   *arena = kit_arena_new("away");
	VmProgram  *program = compile(small_program, arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	KitDiag		diag = {0};
	VmEvent		event = event_of(VM_EVENT_SEND, "drop");
	VmMark		mark;

	UNIT_OK("a document with edges", reduce(doc, event_of(VM_EVENT_CREATE, ""), &vm_default_limits, &diag));
	event.message = json_item("{\"n\":4}", arena);
	vm_doc_begin(doc);
	UNIT_OK("many rows are deleted", vm_reduce(doc, &event, &vm_default_limits, arena, &diag));
	mark = vm_doc_mark(doc);
	UNIT_OK("the graph is made without them", look_at(doc, arena) == 404);
	vm_doc_undo_to(doc, mark);
	vm_doc_rollback(doc);
	vm_doc_begin(doc);
	UNIT_OK("they are back", look_at(doc, arena) == 4040);
	vm_doc_rollback(doc);
	vm_doc_begin(doc);
	UNIT_OK("and go", vm_reduce(doc, &event, &vm_default_limits, arena, &diag) && look_at(doc, arena) == 404);
	vm_doc_commit(doc);
	vm_doc_begin(doc);
	UNIT_OK("for ever", look_at(doc, arena) == 404);
	vm_doc_rollback(doc);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

static DocBytes bytes_of(const char *json, DocClass class, KitArena *arena);

static void
apply(VmDoc *doc, const char *json, KitArena *arena)
{
	KitDiag		diag = {0};

	UNIT_TRY(vm_doc_apply(doc, bytes_of(json, DOC_DELTA, arena), &diag), "%s: %s", json, diag.message);
}

/* Changes that a delta can tell and an event does not make. */
static void
test_deltas(void)
{
	KitArena   *arena = kit_arena_new("deltas");
	VmProgram  *program = compile(small_program, arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);

	apply(doc, "{\"ps\":{\"1\":{\"id\":1,\"more\":{\"5\":{\"id\":5,\"a\":1,\"b\":2}}},\"2\":{\"id\":2},\"3\":{\"id\":3}},\"es\":{\"4\":{\"id\":4,\"a\":1,\"b\":3}},"
		  "\"__auto_table_row_id\":5}", arena);
	vm_doc_begin(doc);
	UNIT_OK("two edges", look_at(doc, arena) == 200);
	vm_doc_rollback(doc);
	apply(doc, "{\"es\":{\"4\":{\"@r\":true,\"id\":4}}}", arena);
	vm_doc_begin(doc);
	UNIT_OK("a row is replaced", look_at(doc, arena) == 100);
	vm_doc_rollback(doc);
	apply(doc, "{\"es\":{\"@r\":true,\"4\":{\"id\":4,\"a\":2,\"b\":1}}}", arena);
	vm_doc_begin(doc);
	UNIT_OK("a table is replaced", look_at(doc, arena) == 101);
	vm_doc_rollback(doc);
	apply(doc, "{\"ps\":{\"1\":{\"@r\":true,\"id\":1}}}", arena);
	vm_doc_begin(doc);
	UNIT_OK("a row with edges in it is replaced", look_at(doc, arena) == 1);
	vm_doc_rollback(doc);
	apply(doc, "{\"@r\":true,\"ps\":{\"1\":{\"id\":1,\"more\":{\"5\":{\"id\":5,\"a\":1,\"b\":1}}}},\"__auto_table_row_id\":5}", arena);
	vm_doc_begin(doc);
	UNIT_OK("the document is replaced", look_at(doc, arena) == 100);
	vm_doc_rollback(doc);
	UNIT_PROPERTY("deltas apply");
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- views ---- */

static const DocNode *
tree_of(DocBytes bytes, DocClass class, KitArena *arena)
{
	DocItem		item;
	DocNode    *tree = NULL;
	KitDiag		diag = {0};

	UNIT_TRY(doc_open(bytes, class, &item, &diag) && doc_node_from_item(arena, item, &tree, &diag), "%s", diag.message);
	return tree;
}

static DocBytes
bytes_of(const char *json, DocClass class, KitArena *arena)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	UNIT_TRY(doc_from_json(json, strlen(json), class, buf, &diag), "%s: %s", json, diag.message);
	return (DocBytes) {buf->data, buf->len};
}

static void
test_views(void)
{
	static const VmText alice = {"alice", 5};
	static const VmText test = {"test", 4};
	int			n_changes = 0;

	for (uint64_t round = unit_seed(), last = round + (uint64_t) unit_rounds(12); round < last; round++)
	{
		KitArena   *arena = kit_arena_new("round");
		VmProgram  *program = compile(program_text, arena);
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		VmDoc	   *copy = vm_doc_new(program, 0, false);
		LiveDocument *document = live_document_new(program, false);
		LiveViewer	viewer = {alice, test, bytes_of("{\"at\":2}", DOC_DOCUMENT, arena)};
		KitDiag		diag = {0};
		LiveView   *view = live_view_new(document, &viewer, &diag);
		const DocNode *sum = NULL;

		seed = round * 104729 + 3;
		vm_doc_watch(copy);
		for (int step = 0; step < 80; step++)
		{
			KitArena   *turn_arena = kit_arena_new("turn");
			KitBuf		delta;
			KitBuf		out;
			LiveTurn   *turn;
			LiveOutcome outcome;
			DocNode    *now;

			vm_doc_begin(doc);
			for (uint32_t n = step < 10 ? 6 : 2 + draw(3); n > 0; n--)
				happen(doc);
			kit_buf_init(&delta, turn_arena);
			UNIT_TRY(vm_doc_apply(copy, vm_doc_delta(doc, &delta), &diag), "%s", diag.message);
			vm_doc_commit(doc);
			turn = live_turn_begin(document, copy, 1000, step, test, alice, &vm_default_limits, turn_arena, &diag);
			kit_buf_init(&out, arena);
			outcome = turn == NULL ? LIVE_FAILED : live_view_update(view, turn, &out, &diag);
			UNIT_TRY(outcome != LIVE_FAILED, "%s", diag.message);
			if (outcome == LIVE_WHOLE)
				sum = tree_of(bytes_of(out.data, DOC_DOCUMENT, arena), DOC_DOCUMENT, arena);
			else if (outcome == LIVE_DELTA)
				sum = doc_node_apply(arena, sum, tree_of(bytes_of(out.data, DOC_DELTA, arena), DOC_DELTA, arena), &diag);
			n_changes += outcome == LIVE_DELTA;
			UNIT_TRY(live_view_tree(copy, &viewer, 1000, step, test, alice, &vm_default_limits, turn_arena, &now, &diag), "%s", diag.message);
			UNIT_TRY(sum != NULL && doc_node_equal(sum, now), "UNIT_SEED=%llu, step %d: the changes do not add up", (unsigned long long) round, step);
			kit_arena_delete(turn_arena);
		}
		live_view_free(view);
		live_document_free(document);
		vm_doc_free(doc);
		vm_doc_free(copy);
		vm_program_free(program);
		kit_arena_delete(arena);
	}
	UNIT_TRY(n_changes > unit_rounds(12), "views changed %d times only", n_changes);
	UNIT_PROPERTY("views show the rows that are reached");
}

/* ---- what a traversal is charged does not depend on what the document keeps ---- */

static int64_t
cost(VmDoc *doc)
{
	int64_t		low = 0;
	int64_t		high = 10 * 1000 * 1000;

	while (low < high)
	{
		KitArena   *scratch = kit_arena_new("cost");
		VmLimits	limits = vm_default_limits;
		VmEvent		event = event_of(VM_EVENT_SEND, "look");
		KitDiag		diag = {0};
		bool		ok;

		limits.steps = low + (high - low) / 2;
		event.message = json_item("{}", scratch);
		vm_doc_begin(doc);
		ok = vm_reduce(doc, &event, &limits, scratch, &diag);
		vm_doc_rollback(doc);
		if (ok)
			high = limits.steps;
		else
			low = limits.steps + 1;
		kit_arena_delete(scratch);
	}
	return low;
}

static void
test_costs(void)
{
	KitArena   *arena = kit_arena_new("costs");
	VmProgram  *program = compile("record P { int n; } table<P> ps; record E { int a; int b; } table<E> es; assoc<P, P> g; join g via es[e] from e.a to e.b;\n"
								  "message M { int n; } public int k;\n"
								  "channel many(M m) { for (int i = 1; i <= m.n; i++) { ps <- {n: i}; }\n"
								  "  for (int i = 1; i <= m.n; i++) { es <- {a: 1, b: i}; es <- {a: i, b: i % 7 == 0 ? i : 1}; es <- {a: 2, b: i}; } }\n"
								  "channel drop(M m) { (iterate es where a == m.n).delete(); (iterate es where b == 3).b = 4; }\n"
								  "channel look(M m) { k = (iterate ps where id < 50 traverse g).size(); }\n", arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmDoc	   *fresh;
	KitDiag		diag = {0};
	VmEvent		event = event_of(VM_EVENT_SEND, "many");

	event.message = json_item("{\"n\":300}", arena);
	UNIT_OK("rows and edges", reduce(doc, event, &vm_default_limits, &diag));
	UNIT_OK("costs the same once the graph is there", cost(doc) == cost(doc));
	event = event_of(VM_EVENT_SEND, "drop");
	event.message = json_item("{\"n\":2}", arena);
	UNIT_OK("edges change", reduce(doc, event, &vm_default_limits, &diag));
	fresh = vm_doc_load(program, saved(doc, arena), false, false, &diag);
	UNIT_OK("a graph that has followed costs what a new one costs", fresh != NULL && cost(doc) == cost(fresh));
	vm_doc_free(fresh);
	fresh = vm_doc_load(program, saved(doc, arena), false, false, &diag);
	vm_doc_begin(doc);
	vm_doc_begin(fresh);
	UNIT_OK("memory of what was never traversed", vm_doc_memory(fresh) < vm_doc_memory(doc));
	vm_doc_rollback(doc);
	vm_doc_rollback(fresh);
	vm_doc_free(fresh);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

int
main(void)
{
	test_random_graphs();
	test_views();
	test_away();
	test_deltas();
	test_costs();
	return unit_done();
}
