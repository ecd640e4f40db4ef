/*
 * test_replica.c
 *	  What documents publish: which replicas are told after events, in which order, and that those that were told add up to all that there are.
 */
#include "published.h"
#include "run_program.h"

#define REPLICA_CONTEXT ((VmReplicaContext) {{"space", 5}, {"key", 3}})

/* ---- what was told, as text ---- */

static bool
tell(const VmReplica *replica, void *arg)
{
	KitBuf	   *out = arg;
	KitDiag		diag = {0};

	kit_buf_printf(out, "%s%s/%d", out->len > 0 ? " " : "", replica->of->name->text, replica->row);
	if (replica->value.len == 0)
		kit_buf_add_str(out, replica->hash == 0 ? " gone" : " gone, with a hash");
	else
	{
		kit_buf_add_char(out, ' ');
		doc_to_json(replica->value, DOC_DOCUMENT, DOC_JSON_TEXT, out, &diag);
		if (replica->hash != (int64_t) doc_hash(replica->value))
			kit_buf_add_str(out, " wrong hash");
	}
	return true;
}

static const char *
changed(VmDoc *doc, KitArena *arena)
{
	KitBuf		out;
	KitDiag		diag = {0};

	kit_buf_init(&out, arena);
	if (!vm_replicas_changed(doc, &REPLICA_CONTEXT, &vm_default_limits, arena, tell, &out, &diag))
		kit_buf_printf(&out, "failed: %s", diag.message);
	return out.data == NULL ? "" : out.data;
}

static const char *
all(VmDoc *doc, KitArena *arena)
{
	KitBuf		out;
	KitDiag		diag = {0};

	kit_buf_init(&out, arena);
	if (!vm_replicas_all(doc, &REPLICA_CONTEXT, &vm_default_limits, arena, tell, &out, &diag))
		kit_buf_printf(&out, "failed: %s", diag.message);
	return out.data == NULL ? "" : out.data;
}

/* An event within the journal that is open. */
static bool
send(VmDoc *doc, const char *channel, const char *json, KitArena *arena)
{
	VmEvent		event = event_of(VM_EVENT_SEND, channel);
	KitDiag		diag = {0};

	event.message = json_item(json, arena);
	return vm_reduce(doc, &event, &vm_default_limits, arena, &diag);
}

static const char *
after(VmDoc *doc, const char *channel, const char *json, KitArena *arena)
{
	const char *told;

	vm_doc_begin(doc);
	told = send(doc, channel, json, arena) ? changed(doc, arena) : "the event failed";
	vm_doc_commit(doc);
	return told;
}

/* ---- one thing after the other ---- */

static const char scores[] =
	"record Player { public int id; public string name; int score; int hits; replication<player:upsert> pub = {name: name, score: score}; }\n"
	"table<Player> players; string title; long best; int quiet; public formula twice = best * 2L;\n"
	"message Card { string title; long best; long twice; maybe<int> none; }\n"
	"procedure card() -> maybe<Card> readonly { if (best > 5L) { Card c = {title: title, best: best, twice: twice}; return c; } return @maybe<Card>; }\n"
	"replication<board:upsert> status = {name: title, score: best};\n"
	"replication<a:upsert> card_of = card();\n"
	"message M { string s; int n; }\n"
	"channel rename(M m) { title = m.s; } channel win(M m) { best = 0L + m.n; } channel hush(M m) { quiet++; }\n"
	"channel join(M m) { players <- {name: m.s}; } channel hit(M m) { (iterate players where id == m.n).hits += 1; }\n"
	"channel score(M m) { (iterate players where id == m.n).score += 1; } channel leave(M m) { (iterate players where id == m.n).delete(); }\n"
	"channel blink(M m) { players <- {name: m.s}; (iterate players where name == m.s).delete(); }\n"
	"channel back(M m) { let was = title; title = m.s; title = was; }\n"
	"channel none(M m) { title = m.s; abort; }\n";

static void
test_told(void)
{
	KitArena   *arena = kit_arena_new("told");
	VmProgram  *program = compile(scores, arena);
	VmDoc	   *doc;

	if (!UNIT_OK("a program that publishes is compiled", program != NULL))
		return;
	UNIT_OK("it says so", vm_program_replicates(program));
	doc = vm_doc_new(program, 0, false);
	UNIT_TEXT("a new document publishes what its values are, an empty maybe nothing", all(doc, arena), "board/0 {\"name\":\"\",\"score\":0}");
	UNIT_TEXT("what is read has changed", after(doc, "rename", "{\"s\":\"x\"}", arena), "a/0 gone board/0 {\"name\":\"x\",\"score\":0}");
	UNIT_TEXT("also by a formula; names are in order; an empty maybe is absent", after(doc, "win", "{\"n\":9}", arena),
			  "a/0 {\"title\":\"x\",\"best\":9,\"twice\":18} board/0 {\"name\":\"x\",\"score\":9}");
	UNIT_TEXT("the maybe is empty again", after(doc, "win", "{\"n\":1}", arena), "a/0 gone board/0 {\"name\":\"x\",\"score\":1}");
	UNIT_TEXT("nothing that is read has changed", after(doc, "hush", "{}", arena), "");
	UNIT_TEXT("a row came", after(doc, "join", "{\"s\":\"ann\"}", arena), "player/1 {\"name\":\"ann\",\"score\":0}");
	UNIT_TEXT("another field of it changed", after(doc, "hit", "{\"n\":1}", arena), "");
	UNIT_TEXT("a field that is read changed", after(doc, "score", "{\"n\":1}", arena), "player/1 {\"name\":\"ann\",\"score\":1}");
	UNIT_TEXT("a row came and went", after(doc, "blink", "{\"s\":\"bob\"}", arena), "");
	UNIT_TEXT("a failed event changes nothing", after(doc, "none", "{\"s\":\"no\"}", arena), "the event failed");
	UNIT_TEXT("nothing that failed is told", all(doc, arena), "board/0 {\"name\":\"x\",\"score\":1} player/1 {\"name\":\"ann\",\"score\":1}");
	vm_doc_begin(doc);
	send(doc, "join", "{\"s\":\"cid\"}", arena);
	send(doc, "join", "{\"s\":\"dan\"}", arena);
	send(doc, "none", "{\"s\":\"no\"}", arena);
	send(doc, "leave", "{\"n\":1}", arena);
	send(doc, "score", "{\"n\":4}", arena);
	UNIT_TEXT("several events: rows in order, each as it is at the end", changed(doc, arena), "player/1 gone player/3 {\"name\":\"cid\",\"score\":0} player/4 {\"name\":\"dan\",\"score\":1}");
	vm_doc_rollback(doc);
	vm_doc_begin(doc);
	UNIT_TEXT("nothing happened", changed(doc, arena), "");
	vm_doc_commit(doc);
	UNIT_TEXT("a row went", after(doc, "leave", "{\"n\":1}", arena), "player/1 gone");
	vm_doc_free(doc);
	vm_program_free(program);
	program = compile("int x;", arena);
	UNIT_OK("a program without replications says so", !vm_program_replicates(program));
	doc = vm_doc_new(program, 0, false);
	UNIT_TEXT("and publishes nothing", all(doc, arena), "");
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- limits, and who has enough ---- */

static bool
take_one(const VmReplica *replica, void *arg)
{
	++*(int *) arg;
	return false;
}

static bool
count(const VmReplica *replica, void *arg)
{
	++*(int *) arg;
	return true;
}

static void
test_limits(void)
{
	static const char source[] =
	"record R { public int id; int n; replication<r:upsert> pub = {n: work(n), of: all}; } table<R> rows; int all;\n"
	"procedure work(int n) -> int readonly { int sum = 0; for (int i = 0; i < n; i++) { sum += i; } return sum; }\n"
	"message M { int n; } channel add(M m) { rows <- {n: m.n}; } channel change(M m) { all = m.n; }\n";
	KitArena   *arena = kit_arena_new("limits");
	VmProgram  *program = compile(source, arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmLimits	limits = vm_default_limits;
	KitDiag		diag = {0};
	int			n = 0;

	vm_doc_begin(doc);
	for (int i = 0; i < 10; i++)
		send(doc, "add", "{\"n\":100}", arena);
	vm_doc_commit(doc);
	limits.steps = 2000;
	UNIT_OK("each expression has the limits for itself, of all", vm_replicas_all(doc, &REPLICA_CONTEXT, &limits, arena, count, &n, &diag) && n == 10);
	vm_doc_begin(doc);
	send(doc, "change", "{\"n\":1}", arena);
	n = 0;
	UNIT_OK("all of them together, of those that changed", !vm_replicas_changed(doc, &REPLICA_CONTEXT, &limits, arena, count, &n, &diag) && n > 0 && n < 10);
	UNIT_OK("the error is that of the budget", diag.code == KIT_BUDGET_EXCEEDED);
	UNIT_OK("it has a place", diag.line > 0);
	UNIT_TEXT("and says what it happened in", diag.detail, "It happened in procedure \"work\", called from replication \"R.pub\".");
	n = 0;
	UNIT_OK("who has enough is asked no more", vm_replicas_changed(doc, &REPLICA_CONTEXT, &vm_default_limits, arena, take_one, &n, &diag) && n == 1);
	UNIT_OK("what failed has not changed the journal", vm_doc_has_changes(doc));
	vm_doc_commit(doc);
	limits.steps = 100;
	UNIT_OK("of all, too, an expression may exceed them", !vm_replicas_all(doc, &REPLICA_CONTEXT, &limits, arena, count, &n, &diag));
	UNIT_OK("nobody has to be told why", !vm_replicas_all(doc, &REPLICA_CONTEXT, &limits, arena, count, &n, NULL));
	limits = vm_default_limits;
	limits.memory = 64;
	UNIT_OK("memory is limited", !vm_replicas_all(doc, &REPLICA_CONTEXT, &limits, arena, count, &n, &diag) && diag.code == KIT_BUDGET_EXCEEDED);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- a program so large that nobody is told which fields units read ---- */

static void
test_large(void)
{
	KitArena   *arena = kit_arena_new("large");
	KitBuf		source;
	VmProgram  *program;
	VmDoc	   *doc;

	kit_buf_init(&source, arena);
	kit_buf_add_str(&source, "record R { public int id; int v; replication<r:upsert> pub = {v: v}; } table<R> rows;\n"
					"replication<doc:upsert> status = {x: y3}; replication<other:upsert> others = {x: x5};\n"
					"message M { int n; } channel set(M m) { x3 = m.n; } channel add(M m) { rows <- {v: m.n}; } channel none(M m) { }\n");
	for (int i = 0; i < 6000; i++)
		kit_buf_printf(&source, "int x%d; public formula y%d = x%d;\n", i, i, i);
	program = compile(source.data, arena);
	if (!UNIT_OK("a very large program is compiled", program != NULL))
		return;
	UNIT_OK("nobody knows what its units read", vm_program_lang(program)->replications[0]->unit->fields == NULL);
	doc = vm_doc_new(program, 0, false);
	UNIT_TEXT("whatever changed, the document is looked at", after(doc, "set", "{\"n\":4}", arena), "doc/0 {\"x\":4} other/0 {\"x\":0}");
	UNIT_TEXT("and its rows", after(doc, "add", "{\"n\":7}", arena), "doc/0 {\"x\":4} other/0 {\"x\":0} r/1 {\"v\":7}");
	UNIT_TEXT("but not when nothing has", after(doc, "none", "{}", arena), "");
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- rows that went before the row around them ---- */

static void
test_crowd(void)
{
	static const char source[] =
	"record Leaf { public int id; int v; replication<leaf:upsert> pub = {v: v}; } record Node { public int id; table<Leaf> leaves; } table<Node> nodes;\n"
	"message M { int n; } channel grow(M m) { nodes <- {}; foreach (n in iterate nodes) { for (int i = 0; i < m.n; i++) { n.leaves <- {v: i}; } } }\n"
	"channel prune(M m) { foreach (n in iterate nodes) { (iterate n.leaves where v < m.n).delete(); } } channel fell(M m) { nodes.delete(); }\n";
	KitArena   *arena = kit_arena_new("crowd");
	VmProgram  *program = compile(source, arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	KitDiag		diag = {0};
	int			n = 0;

	vm_doc_begin(doc);
	send(doc, "grow", "{\"n\":500}", arena);
	vm_doc_commit(doc);
	vm_doc_begin(doc);
	send(doc, "prune", "{\"n\":490}", arena);
	/* a new event: deleted rows that are many leave their table */
	send(doc, "grow", "{\"n\":1}", arena);
	send(doc, "fell", "{}", arena);
	UNIT_OK("all rows within a row that went are gone, however they went", vm_replicas_changed(doc, &REPLICA_CONTEXT, &vm_default_limits, arena, count, &n, &diag) && n == 500);
	vm_doc_commit(doc);
	UNIT_TEXT("nothing is left", all(doc, arena), "");
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- whatever happens, what is told adds up ---- */

/* Rows in tables of the document, of rows, of records in records, of entries, of who is in a maybe; what is read is theirs, the document's, others'. */
static const char jungle[] =
	"enum Color { Red, Green }\n"
	"record Leaf { public int id; int v; long big; Color color; text note;\n"
	"  replication<leaf:upsert> pub = {v: v, big: big, color: color, note: note.get()}; replication<title:upsert> titled = {t: title, v: v}; }\n"
	"record Box { int w; table<Leaf> leaves; map<int,int> counts; }\n"
	"record Node { public int id; int a; maybe<string> m; table<Leaf> leaves; table<Node> kids; Box box; map<string,int> marks; maybe<Box> held; list<int> l;\n"
	"  formula sum = a + box.w; formula n_leaves = leaves.size();\n"
	"  replication<node:upsert> own = {a: a, m: m, l: l}; replication<size:upsert> sized = {n: n_leaves, k: kids.size()};\n"
	"  replication<sum:upsert> summed = {sum: sum, marks: marks.size(), held: held.w}; replication<some:upsert> some_of = some();\n"
	"  method some() -> maybe<Pair> readonly { if (a % 3 == 0) { Pair p = {a: a, s: title}; return p; } return @maybe<Pair>; }\n"
	"  method of_all() -> int readonly { int s = 0; foreach (q in iterate nodes where a > 1) { s += q.a; } return s; }\n"
	"  replication<rest:upsert> rests = {s: of_all()}; }\n"
	"message Pair { int a; string s; }\n"
	"record Entry { int e; table<Leaf> leaves; maybe<Box> box; }\n"
	"table<Node> nodes; map<int,Entry> entries; maybe<Box> held; Box box; map<int,map<int,Box>> deep; string title; int x; principal who;\n"
	"public formula names = (iterate nodes order by id).a; formula n_deep = deep.size();\n"
	"message Shown { int a; maybe<string> m; }\n"
	"procedure shown() -> Shown[] readonly { return @convert<Shown>(iterate nodes where a > 2 order by a).toArray(); }\n"
	"replication<doc:upsert> status = {x: x, who: who, zone: Time.zone(), key: Document.key()}; replication<names:upsert> named = {names: names, shown: shown()};\n"
	"assoc<Node, Node> near; join near via nodes[e] from e.id to e.a; join near via nodes[e] from e.a to e.id;\n"
	"replication<near:upsert> nearby = {ids: (iterate nodes where a > 3 traverse near).id, a: (iterate nodes where a < 2 traverse near).a};\n"
	"replication<entries:upsert> entered = {n: entries.size(), deep: n_deep, held: held.w, e: entries[1].e, boxed: deep[1][1].w};\n"
	"message Op { int k; int i; int v; string s; bool fails; }\n"
	"function hash(int id) -> int { return (id % 3).getOrDefaultTo(0); }\n"
	"channel op(Op o) {\n"
	"  int v = o.v;\n"
	"  switch (o.k) {\n"
	"    case 0: nodes <- {a: v, m: o.s}; break;\n"
	"    case 1: (iterate nodes where id % 4 == o.i).delete(); break;\n"
	"    case 2: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.leaves <- {v: v, big: 10000000000L * v}; } break;\n"
	"    case 3: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.kids <- {a: v}; } break;\n"
	"    case 4: foreach (n in iterate nodes) { foreach (k in iterate n.kids where hash(id) == o.i % 3) { k.leaves <- {v: v}; k.a = v; } } break;\n"
	"    case 5: foreach (n in iterate nodes where hash(id) == o.i % 3) { (iterate n.leaves where v < o.v).delete(); } break;\n"
	"    case 6: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.box.w = v; n.box.leaves <- {v: v}; n.box.counts[o.i] = v; } break;\n"
	"    case 7: entries[o.i].e = v; break;\n"
	"    case 8: entries[o.i].leaves <- {v: v}; break;\n"
	"    case 9: entries.remove(o.i); break;\n"
	"    case 10: entries[o.i].box <- {w: v}; if (entries[o.i].box as b) { b.leaves <- {v: v}; } break;\n"
	"    case 11: if (entries[o.i] as e) { e.box.delete(); } break;\n"
	"    case 12: held <- {w: v}; if (held as h) { h.leaves <- {v: v}; } break;\n"
	"    case 13: held.delete(); break;\n"
	"    case 14: deep[o.i][v].w = v; break;\n"
	"    case 15: deep[o.i][v].leaves <- {v: v}; break;\n"
	"    case 16: deep.remove(o.i); break;\n"
	"    case 17: title = o.s; break;\n"
	"    case 18: x = v; break;\n"
	"    case 19: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.a = v; if (v % 2 == 0) { n.m.delete(); } else { n.m = o.s; } } break;\n"
	"    case 20: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.marks[o.s] = v; n.held <- {w: v}; if (n.held as h) { h.leaves <- {v: v}; } } break;\n"
	"    case 21: foreach (n in iterate nodes where hash(id) == o.i % 3) { n.marks.remove(o.s); n.held.delete(); n.l = [v, v]; } break;\n"
	"    case 22: nodes <- {a: v}; (iterate nodes where a == v).delete(); break;\n"
	"    case 23: foreach (n in iterate nodes) { (iterate n.kids).delete(); } break;\n"
	"    case 24: foreach (n in iterate nodes) { foreach (q in iterate n.leaves) { q.v = v; q.color = Color::Green; q.note = o.s; } } break;\n"
	"    case 25: foreach (p in entries) { foreach (q in iterate p.value.leaves) { q.v += v; } } break;\n"
	"    case 26: box.w = v; box.leaves <- {v: v}; break;\n"
	"    case 27: (iterate box.leaves where v > 2).delete(); break;\n"
	"    case 28: who = @who; Time.setZone(v > 5 ? \"+02:00\" : \"UTC\"); break;\n"
	"    case 29: held.delete(); held <- {w: v}; entries.remove(o.i); entries[o.i].e = v; break;\n"
	"    case 30: foreach (n in iterate nodes where hash(id) == o.i % 3) { foreach (k in iterate n.kids) { k.kids <- {a: v}; k.box.leaves <- {v: v}; } } break;\n"
	"    case 31: nodes.delete(); break;\n"
	"    default: break;\n"
	"  }\n"
	"  if (o.fails) { abort; }\n"
	"}\n";

static uint64_t dice;

static int
roll(int n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (int) (dice % (uint64_t) n);
}

static void
test_sums(void)
{
	KitArena   *arena = kit_arena_new("sums");
	VmProgram  *program = compile(jungle, arena);
	const char *rounds = getenv("UNIT_ROUNDS");
	int			n_documents = 40 * (rounds == NULL ? 1 : atoi(rounds));
	long		n_told = 0;
	long		n_there = 0;

	if (!UNIT_OK("a program that publishes everywhere is compiled", program != NULL))
		return;
	dice = getenv("UNIT_SEED") != NULL ? (uint64_t) atoll(getenv("UNIT_SEED")) : 88172645463325252u;
	for (int d = 0; d < n_documents; d++)
	{
		KitArena   *of_document = kit_arena_new("document");
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		unsigned long long seed = dice;
		KitDiag		diag = {0};
		Replicas	known;
		const char *differs = NULL;

		find_replicas(doc, true, &vm_default_limits, of_document, &known, &diag);
		for (int i = 0; i < 25 && differs == NULL; i++)
		{
			int			n_events = roll(3) == 0 ? roll(30) : 1 + roll(3);
			Replicas	told;
			Replicas	there;

			vm_doc_begin(doc);
			for (int k = 0; k < n_events; k++)
				send(doc, "op", kit_arena_printf(of_document, "{\"k\":%d,\"i\":%d,\"v\":%d,\"s\":\"s%d\",\"fails\":%s}", roll(5) == 0 ? 0 : roll(40) == 0 ? 31 : roll(31),
												 roll(4), roll(9), roll(3), roll(6) == 0 ? "true" : "false"), of_document);
			if (roll(8) == 0)
			{
				vm_doc_rollback(doc);
				vm_doc_begin(doc);
			}
			UNIT_TRY(find_replicas(doc, false, &vm_default_limits, of_document, &told, &diag), "seed %llu: %s", seed, diag.message);
			UNIT_TRY(told.fault == NULL, "seed %llu: %s", seed, told.fault);
			vm_doc_commit(doc);
			UNIT_TRY(find_replicas(doc, true, &vm_default_limits, of_document, &there, &diag), "seed %llu: %s", seed, diag.message);
			UNIT_TRY(there.fault == NULL, "seed %llu: of all: %s", seed, there.fault);
			n_told += told.n;
			n_there += there.n;
			merge_replicas(&known, &told);
			differs = differing_replica(&known, &there);
			UNIT_TRY(differs == NULL, "seed %llu, journal %d: %s", seed, i, differs);
		}
		vm_doc_free(doc);
		kit_arena_delete(of_document);
	}
	printf("# %ld replicas told, %ld there\n", n_told, n_there);
	UNIT_PROPERTY("what is told adds up to what there is, in order");
	vm_program_free(program);
	kit_arena_delete(arena);
}

int
main(void)
{
	test_told();
	test_limits();
	test_large();
	test_crowd();
	test_sums();
	return unit_done();
}
