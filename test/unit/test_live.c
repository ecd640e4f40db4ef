/*
 * test_live.c
 *	  What viewers see: forms of values, privacy, order, changes from view to view, classes.
 *
 * The property that matters: for each viewer, the changes in order add up to the view that a newcomer gets; and what a viewer may not see is in none of
 * them.
 */
#include "unit.h"

#include "doc/doc.h"
#include "live/live.h"
#include "vm/vm.h"

static KitArena *arena;
static VmProgram *program;
static VmDoc *doc;
static LiveDocument *shown;

#define NOW 1700000000000

/* ---- words for tests ---- */

static VmText
text(const char *z)
{
	return (VmText) {z, (uint32_t) strlen(z)};
}

static DocBytes
from_json(const char *json)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, buf, &diag))
	{
		printf("# %s: %s\n", json, diag.message);
		exit(1);
	}
	return (DocBytes) {buf->data, buf->len};
}

static const char *
reduce(VmEventKind kind, const char *agent, const char *channel, const char *json)
{
	VmEvent		event = {.kind = kind, .agent = text(agent), .authority = text("test"), .at = NOW, .channel = text(channel)};
	KitArena   *scratch = kit_arena_new("event");
	KitDiag		diag = {0};
	bool		ok;

	if (!doc_open(from_json(json), DOC_DOCUMENT, &event.message, &diag))
		exit(1);
	vm_doc_begin(doc);
	ok = vm_reduce(doc, &event, &vm_default_limits, scratch, &diag);
	if (ok)
		vm_doc_commit(doc);
	else
		vm_doc_rollback(doc);
	kit_arena_delete(scratch);
	return ok ? "" : kit_arena_printf(arena, "%s", diag.message);
}

static void
open_program(const char *source)
{
	LangDiags	diags;
	const char *error;

	lang_diags_init(&diags, arena);
	program = vm_program_new(source, strlen(source), &diags);
	if (program == NULL)
	{
		for (int i = 0; i < diags.n; i++)
			printf("# line %d, column %d: %s\n", diags.items[i]->line, diags.items[i]->column, diags.items[i]->message);
		exit(1);
	}
	doc = vm_doc_new(program, 0, false);
	shown = live_document_new(program, false);
	live_document_remember(shown);
	error = reduce(VM_EVENT_CREATE, "alice", "", "{}");
	if (error[0] != '\0')
		printf("# create: %s\n", error);
}

static void
close_program(void)
{
	live_document_free(shown);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_reset(arena);
}

static void
send(const char *agent, const char *channel, const char *json)
{
	const char *error = reduce(VM_EVENT_SEND, agent, channel, json);

	if (error[0] != '\0')
		printf("# send %s %s: %s\n", channel, json, error);
}

static LiveViewer
viewer_of(const char *agent, const char *state)
{
	return (LiveViewer) {text(agent), text("test"), state == NULL ? (DocBytes) {0} : from_json(state)};
}

static LiveView *
open_view(const char *agent, const char *state)
{
	LiveViewer	viewer = viewer_of(agent, state);
	KitDiag		diag = {0};
	LiveView   *view = live_view_new(shown, &viewer, &diag);

	if (view == NULL)
		printf("# view: %s\n", diag.message);
	return view;
}

/* What the viewer is sent; "-" for nothing. */
static const char *
update(LiveView *view)
{
	KitBuf	   *out = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};
	LiveTurn   *turn = live_turn_begin(shown, doc, NOW, 1, text("space"), text("key"), &vm_default_limits, arena, &diag);

	kit_buf_init(out, arena);
	switch (turn == NULL ? LIVE_FAILED : live_view_update(view, turn, out, &diag))
	{
		case LIVE_FAILED:
			return kit_arena_printf(arena, "%s: %s", kit_error_name(diag.code), diag.message);
		case LIVE_UNCHANGED:
			return out->len == 0 ? "-" : "unchanged, but something was written";
		case LIVE_DELTA:
		case LIVE_WHOLE:
			return out->data;
	}
	return "";
}

static const char *
whole(const LiveView *view)
{
	KitBuf	   *out = KIT_NEW(arena, KitBuf);

	kit_buf_init(out, arena);
	live_view_whole(view, out);
	return out->data;
}

static const char *
first_view(const char *agent, const char *state)
{
	LiveView   *view = open_view(agent, state);
	const char *json = update(view);

	live_view_free(view);
	return json;
}

static const char *
plain(const char *agent, const char *state)
{
	LiveViewer	viewer = viewer_of(agent, state);
	KitBuf	   *out = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(out, arena);
	if (!live_view_plain(doc, &viewer, NOW, 1, text("space"), text("key"), &vm_default_limits, arena, out, &diag))
		return kit_arena_printf(arena, "%s: %s", kit_error_name(diag.code), diag.message);
	return out->data;
}

static const char *
class_of(const char *agent, const char *state)
{
	LiveViewer	viewer = viewer_of(agent, state);
	VmText		name = live_class_name(program, &viewer, arena);

	return kit_arena_strdup(arena, name.str, name.len);
}

/* ---- forms ---- */

static void
test_forms(void)
{
	LiveView   *view;

	open_program("enum E { A, B:5, @default C }\n"
				 "record R { public int n; int hidden; public maybe<string> note; }\n"
				 "public int i; public long l; public double d; public string s; public bool b; public E e; public principal p; public asset ass;\n"
				 "public maybe<int> mi; public R r; int secret; table<R> t;\n"
				 "public formula lst = iterate t;\n"
				 "public formula ns = (iterate t).n;\n"
				 "public formula size = t.size();\n"
				 "public formula first = t[1];\n"
				 "message M { int i; long l; double d; string s; bool b; E e; principal p; asset ass; }\n"
				 "channel all(M m) { ass = m.ass; i = m.i; l = m.l; d = m.d; s = m.s; b = m.b; e = m.e; p = m.p; mi = m.i; r.n = 7; r.note = m.s; }\n"
				 "message F { asset ass; }\n"
				 "channel file(F m) { ass = m.ass; }\n"
				 "message N { int n; }\n"
				 "channel add(N m) { t <- {n: m.n}; }\n"
				 "channel big(N m) { d = 1.0; for (int k = 0; k < 400; k++) { d = d * 10.0; } }\n"
				 "channel clear(N m) { t.delete(); mi.delete(); }\n");
	view = open_view("bob", NULL);
	UNIT_TEXT("a first view is whole, lists also when empty", update(view),
			  "{\"i\":0,\"l\":\"0\",\"d\":0.0,\"s\":\"\",\"b\":false,\"e\":6,\"p\":{\"@t\":1,\"agent\":\"?\",\"authority\":\"?\"},"
			  "\"ass\":{\"id\":\"\",\"size\":\"0\",\"type\":\"\",\"md5\":\"\",\"sha384\":\"\"},\"r\":{\"n\":0},"
			  "\"lst\":{\"@o\":[]},\"ns\":{\"@s\":0},\"size\":0}");
	UNIT_TEXT("nothing changed, nothing sent", update(view), "-");
	send("bob", "all", "{\"i\":-5,\"l\":\"5000000000000\",\"d\":1.0E7,\"s\":\"\\u00e9\\n\\\"q\\\"\",\"b\":true,\"e\":5,\"p\":{\"agent\":\"alice\",\"authority\":\"test\"},"
		 "\"ass\":{\"id\":\"f\",\"name\":\"n\",\"size\":3,\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"}}");
	UNIT_TEXT("values have the form that Adama's clients know", update(view),
			  "{\"i\":-5,\"l\":\"5000000000000\",\"d\":1.0E7,\"s\":\"\\u00e9\\n\\\"q\\\"\",\"b\":true,\"e\":5,\"p\":{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"},"
			  "\"ass\":{\"id\":\"f\",\"size\":\"3\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"},"
			  "\"mi\":-5,\"r\":{\"n\":7,\"note\":\"\\u00e9\\n\\\"q\\\"\"}}");
	send("bob", "add", "{\"n\":4}");
	UNIT_TEXT("rows come by id, other lists by index", update(view),
			  "{\"lst\":{\"1\":{\"n\":4},\"@o\":[1]},\"ns\":{\"0\":4,\"@s\":1},\"size\":1,\"first\":{\"n\":4}}");
	send("bob", "add", "{\"n\":9}");
	UNIT_TEXT("people get arrays", plain("bob", NULL),
			  "{\"i\":-5,\"l\":\"5000000000000\",\"d\":1.0E7,\"s\":\"\xc3\xa9\\n\\\"q\\\"\",\"b\":true,\"e\":5,\"p\":{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"},"
			  "\"ass\":{\"id\":\"f\",\"size\":\"3\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"},\"mi\":-5,\"r\":{\"n\":7,\"note\":\"\xc3\xa9\\n\\\"q\\\"\"},\"lst\":[{\"n\":4},{\"n\":9}],\"ns\":[4,9],\"size\":2,\"first\":{\"n\":4}}");
	update(view);
	send("bob", "file", "{\"ass\":{\"id\":\"f\",\"name\":\"other\",\"size\":\"4\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"}}");
	UNIT_TEXT("an asset that is another is sent whole", update(view), "{\"ass\":{\"id\":\"f\",\"size\":\"4\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"}}");
	send("bob", "file", "{\"ass\":{\"id\":\"f\",\"name\":\"third\",\"size\":\"4\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"}}");
	UNIT_TEXT("its name is not", update(view), "-");
	send("bob", "big", "{}");
	UNIT_TEXT("a double that is not finite is not there", update(view), "{\"d\":null}");
	send("bob", "clear", "{}");
	UNIT_TEXT("what is gone is null, lists are empty", update(view),
			  "{\"lst\":{\"@o\":[],\"1\":null,\"2\":null},\"ns\":{\"0\":null,\"1\":null,\"@s\":0},\"size\":0,\"mi\":null,\"first\":null}");
	UNIT_TEXT("the whole of what was sent", whole(view),
			  "{\"i\":-5,\"l\":\"5000000000000\",\"s\":\"\\u00e9\\n\\\"q\\\"\",\"b\":true,\"e\":5,\"p\":{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"},"
			  "\"ass\":{\"id\":\"f\",\"size\":\"4\",\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"},\"r\":{\"n\":7,\"note\":\"\\u00e9\\n\\\"q\\\"\"},\"lst\":{\"@o\":[]},\"ns\":{\"@s\":0},\"size\":0}");
	live_view_forget(view);
	UNIT_TEXT("nothing of it after forgetting", whole(view), "");
	UNIT_OK("then the next is a first one", strncmp(update(view), "{\"i\":-5,\"l\"", 11) == 0);
	live_view_free(view);
	close_program();
}

static void
test_order(void)
{
	LiveView   *view;

	open_program("record R { public int id; public int n; }\n"
				 "table<R> tbl;\n"
				 "public formula lst = iterate tbl order by n desc;\n"
				 "message N { int n; }\n"
				 "channel add(N m) { tbl <- {n: m.n}; }\n"
				 "channel drop(N m) { (iterate tbl where n == m.n).delete(); }\n");
	view = open_view("bob", NULL);
	UNIT_TEXT("an empty list", update(view), "{\"lst\":{\"@o\":[]}}");
	send("bob", "add", "{\"n\":3}");
	UNIT_TEXT("one row", update(view), "{\"lst\":{\"1\":{\"id\":1,\"n\":3},\"@o\":[1]}}");
	send("bob", "add", "{\"n\":7}");
	UNIT_TEXT("a row before it", update(view), "{\"lst\":{\"2\":{\"id\":2,\"n\":7},\"@o\":[2,1]}}");
	send("bob", "add", "{\"n\":5}");
	UNIT_TEXT("a row between", update(view), "{\"lst\":{\"3\":{\"id\":3,\"n\":5},\"@o\":[2,3,1]}}");
	send("bob", "add", "{\"n\":6}");
	UNIT_TEXT("another", update(view), "{\"lst\":{\"4\":{\"id\":4,\"n\":6},\"@o\":[2,4,3,1]}}");
	send("bob", "add", "{\"n\":1}");
	UNIT_TEXT("a row behind a run", update(view), "{\"lst\":{\"5\":{\"id\":5,\"n\":1},\"@o\":[[0,3],5]}}");
	send("bob", "drop", "{\"n\":5}");
	UNIT_TEXT("a row less", update(view), "{\"lst\":{\"@o\":[2,4,1,5],\"3\":null}}");
	live_view_free(view);
	close_program();
}

/* ---- privacy ---- */

static void
test_privacy(void)
{
	LiveView   *alice;
	LiveView   *bob;

	open_program("public principal owner; public int pub = 1; int priv = 2;\n"
				 "viewer_is<owner> int onlyowner = 4;\n"
				 "policy is_owner { return @who == owner; }\n"
				 "policy is_small { return pub < 3; }\n"
				 "use_policy<is_owner> int pol = 5;\n"
				 "use_policy<is_owner, is_small> int pol2 = 6;\n"
				 "bubble ownerview = @who == owner ? 100 + pub : 0;\n"
				 "bubble<is_owner> guarded = pub;\n"
				 "@construct { owner = @who; }\n"
				 "message N { int n; }\n"
				 "channel up(N m) { pub = m.n; }\n"
				 "channel disown(N m) { owner = @no_one; }\n");
	alice = open_view("alice", NULL);
	bob = open_view("bob", NULL);
	UNIT_TEXT("the owner sees what is hers", update(alice),
			  "{\"owner\":{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"},\"pub\":1,\"onlyowner\":4,\"pol\":5,\"pol2\":6,\"ownerview\":101,\"guarded\":1}");
	UNIT_TEXT("another what is public", update(bob), "{\"owner\":{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"},\"pub\":1,\"ownerview\":0}");
	send("alice", "up", "{\"n\":3}");
	UNIT_TEXT("a policy that turns false hides", update(alice), "{\"pub\":3,\"ownerview\":103,\"guarded\":3,\"pol2\":null}");
	UNIT_TEXT("and says nothing to others", update(bob), "{\"pub\":3}");
	send("alice", "disown", "{}");
	UNIT_TEXT("what was hers is gone", update(alice),
			  "{\"owner\":{\"@t\":1,\"agent\":\"?\",\"authority\":\"?\"},\"ownerview\":0,\"onlyowner\":null,\"pol\":null,\"guarded\":null}");
	UNIT_TEXT("others see the owner only", update(bob), "{\"owner\":{\"@t\":1,\"agent\":\"?\",\"authority\":\"?\"}}");
	live_view_free(alice);
	live_view_free(bob);
	close_program();
}

static void
test_require(void)
{
	LiveView   *alice;
	LiveView   *bob;

	open_program("record R { public int id; public int n; principal who; bool shown; viewer_is<who> int mine;\n"
				 "  policy vis { return shown || @who == who; } require vis; }\n"
				 "table<R> t; public formula lst = iterate t; public R lone;\n"
				 "message N { int n; }\n"
				 "channel add(N m) { t <- {n: m.n, who: @who, mine: m.n * 10}; }\n"
				 "channel show(N m) { (iterate t where n == m.n).shown = true; }\n"
				 "channel hide(N m) { (iterate t where n == m.n).shown = false; }\n"
				 "channel touch(N m) { (iterate t).mine = 7; }\n");
	alice = open_view("alice", NULL);
	bob = open_view("bob", NULL);
	UNIT_TEXT("a hidden record is not there", update(bob), "{\"lst\":{\"@o\":[]}}");
	update(alice);
	send("alice", "add", "{\"n\":1}");
	send("alice", "add", "{\"n\":2}");
	UNIT_TEXT("its owner sees it", update(alice), "{\"lst\":{\"1\":{\"id\":1,\"n\":1,\"mine\":10},\"2\":{\"id\":2,\"n\":2,\"mine\":20},\"@o\":[1,2]}}");
	UNIT_TEXT("another not even its id", update(bob), "-");
	send("alice", "touch", "{}");
	UNIT_TEXT("nor that it changed", update(bob), "-");
	send("alice", "show", "{\"n\":2}");
	UNIT_TEXT("once it is shown it is all there", update(bob), "{\"lst\":{\"2\":{\"id\":2,\"n\":2},\"@o\":[2]}}");
	send("alice", "hide", "{\"n\":2}");
	UNIT_TEXT("hidden again it goes, once", update(bob), "{\"lst\":{\"@o\":[],\"2\":null}}");
	UNIT_TEXT("and is not mentioned any more", update(bob), "-");
	live_view_free(alice);
	live_view_free(bob);
	close_program();
}

/* ---- lists of messages, nesting ---- */

static void
test_lists(void)
{
	LiveView   *view;

	open_program("message P { int id unique; string s; }\n"
				 "message Q { int x; }\n"
				 "record Spot { public int x; }\n"
				 "record R { public int n; public Spot spot; table<Kid> kids; public formula young = iterate kids where age < 9; }\n"
				 "record Kid { public string name; int age; }\n"
				 "int base = 1; table<R> t;\n"
				 "public formula rows = iterate t;\n"
				 "procedure make() -> P[] readonly { return [{id: base, s: \"a\"}, {id: 2, s: \"b\"}, {id: base, s: \"again\"}]; }\n"
				 "procedure more() -> Q[] readonly { return [{x: base}, {x: 2}]; }\n"
				 "public formula ps = make();\n"
				 "public formula qs = more();\n"
				 "message N { int n; string name; }\n"
				 "channel set(N m) { base = m.n; }\n"
				 "channel add(N m) { t <- {n: m.n} as r; if (t[r] as row) { row.kids <- {name: m.name, age: m.n}; } }\n");
	view = open_view("bob", NULL);
	UNIT_TEXT("messages with a unique id come by it, others by index", update(view),
			  "{\"rows\":{\"@o\":[]},\"ps\":{\"1\":{\"id\":1,\"s\":\"a\"},\"2\":{\"id\":2,\"s\":\"b\"},\"@o\":[1,2]},\"qs\":{\"0\":{\"x\":1},\"1\":{\"x\":2},\"@s\":2}}");
	send("bob", "set", "{\"n\":5}");
	UNIT_TEXT("their changes too", update(view),
			  "{\"ps\":{\"5\":{\"id\":5,\"s\":\"a\"},\"@o\":[5,2],\"1\":null},\"qs\":{\"0\":{\"x\":5}}}");
	send("bob", "add", "{\"n\":3,\"name\":\"kim\"}");
	UNIT_TEXT("records nest", update(view),
			  "{\"rows\":{\"1\":{\"n\":3,\"spot\":{\"x\":0},\"young\":{\"2\":{\"name\":\"kim\"},\"@o\":[2]}},\"@o\":[1]}}");
	send("bob", "add", "{\"n\":30,\"name\":\"joe\"}");
	UNIT_TEXT("people get arrays in arrays", plain("bob", NULL),
			  "{\"rows\":[{\"n\":3,\"spot\":{\"x\":0},\"young\":[{\"name\":\"kim\"}]},{\"n\":30,\"spot\":{\"x\":0},\"young\":[]}],"
			  "\"ps\":[{\"id\":5,\"s\":\"a\"},{\"id\":2,\"s\":\"b\"}],\"qs\":[{\"x\":5},{\"x\":2}]}");
	live_view_free(view);
	close_program();
}

static void
test_endless(void)
{
	LiveView   *view;
	const char *json;

	open_program("record R { public int n; public formula all = iterate t; }\n"
				 "table<R> t; public formula rows = iterate t;\n"
				 "message N { int n; }\n"
				 "channel add(N m) { t <- {n: m.n}; }\n");
	view = open_view("bob", NULL);
	UNIT_TEXT("a view that would show itself is finite while it is empty", update(view), "{\"rows\":{\"@o\":[]}}");
	send("bob", "add", "{\"n\":1}");
	json = update(view);
	UNIT_OK("later it is refused", strstr(json, "nests deeper than 128 levels") != NULL);
	send("bob", "add", "{\"n\":2}");
	json = update(view);
	UNIT_OK("also when it would be wide", strstr(json, "nests deeper than") != NULL || strstr(json, "budget") != NULL);
	UNIT_TEXT("and was never updated", whole(view), "");
	live_view_free(view);
	close_program();
}

/* ---- classes ---- */

static void
test_classes(void)
{
	LiveViewer	bad;
	KitDiag		diag = {0};

	open_program("public int x;");
	UNIT_TEXT("a program that asks nobody has one class", class_of("alice", NULL), "");
	UNIT_TEXT("whatever the viewer state", class_of("bob", "{\"x\":[1]}"), "");
	UNIT_TEXT("which it does not look at", first_view("bob", "{\"limit\":\"x\"}"), "{\"x\":0}");
	close_program();

	open_program("principal owner; viewer_is<owner> int x;");
	UNIT_OK("@who splits", strcmp(class_of("alice", NULL), class_of("bob", NULL)) != 0);
	UNIT_OK("names cannot be confused", strcmp(class_of("a", NULL), class_of("a5", NULL)) != 0);
	UNIT_TEXT("viewer state does not", class_of("alice", "{\"x\":1}"), class_of("alice", NULL));
	close_program();

	open_program("view int limit; view string name; record R { public int n; } table<R> t;\n"
				 "@construct { t <- {n: 1}; t <- {n: 2}; t <- {n: 3}; }\n"
				 "bubble some = iterate t limit @viewer.limit;");
	UNIT_OK("@viewer splits", strcmp(class_of("alice", "{\"limit\":1}"), class_of("alice", "{\"limit\":2}")) != 0);
	UNIT_TEXT("@who does not", class_of("alice", "{\"limit\":1}"), class_of("bob", "{\"limit\":1}"));
	UNIT_TEXT("fields that are not declared do not", class_of("alice", "{\"limit\":1,\"other\":[1]}"), class_of("alice", "{\"other\":0,\"limit\":1}"));
	UNIT_TEXT("nor does a value that is there anyway", class_of("alice", "{\"limit\":0}"), class_of("alice", NULL));
	UNIT_TEXT("nor the order", class_of("alice", "{\"name\":\"x\",\"limit\":1}"), class_of("alice", "{\"limit\":1,\"name\":\"x\"}"));
	UNIT_TEXT("a viewer sees by its state", first_view("alice", "{\"limit\":2}"), "{\"some\":{\"1\":{\"n\":1},\"2\":{\"n\":2},\"@o\":[1,2]}}");
	UNIT_TEXT("or by the initial one", first_view("alice", NULL), "{\"some\":{\"@o\":[]}}");
	bad = viewer_of("alice", "{\"limit\":\"two\"}");
	UNIT_OK("a state of a wrong type is refused", live_view_new(shown, &bad, &diag) == NULL && diag.code == KIT_INVALID_VIEWER);
	UNIT_TEXT("with a reason", diag.message, "field \"limit\" of the viewer state expects int, found string");
	close_program();
}

static void
test_envelope(void)
{
	KitBuf		out;

	kit_buf_init(&out, arena);
	live_envelope(&out, "{\"x\":1}", 7, true, 12);
	UNIT_TEXT("a first envelope", out.data, "{\"data\":{\"x\":1},\"reset\":true,\"seq\":12}");
	kit_buf_clear(&out);
	live_envelope(&out, NULL, 0, false, 13);
	UNIT_TEXT("one without a change", out.data, "{\"seq\":13}");
}

static const char *
before(const LiveView *view)
{
	VmText		json = live_view_before(view);

	return json.len == 0 ? "-" : json.str;
}

/* JSON that was an array and becomes an object: clients must forget the array first. */
static void
test_json(void)
{
	LiveView   *view;

	open_program("record R { public int id; public dynamic d; } table<R> rows; public formula all = iterate rows; public dynamic d;"
				 "message M { dynamic d; } channel set(M m) { d = m.d; (iterate rows).d = m.d; } channel add(M m) { rows <- {d: m.d}; }");
	send("alice", "add", "{\"d\":[1]}");
	view = open_view("alice", NULL);
	UNIT_TEXT("first", update(view), "{\"all\":{\"1\":{\"id\":1,\"d\":[1]},\"@o\":[1]}}");
	UNIT_TEXT("nothing goes before a first view", before(view), "-");
	send("alice", "set", "{\"d\":{\"a\":1,\"b\":[1,2]}}");
	UNIT_TEXT("an object for an array", update(view), "{\"all\":{\"1\":{\"d\":{\"a\":1,\"b\":[1,2]}}},\"d\":{\"a\":1,\"b\":[1,2]}}");
	UNIT_TEXT("what goes before", before(view), "{\"all\":{\"1\":{\"d\":null}}}");
	send("alice", "set", "{\"d\":{\"c\":2,\"b\":[2]}}");
	UNIT_TEXT("member by member", update(view), "{\"all\":{\"1\":{\"d\":{\"b\":[2],\"c\":2,\"a\":null}}},\"d\":{\"b\":[2],\"c\":2,\"a\":null}}");
	UNIT_TEXT("nothing goes before", before(view), "-");
	send("alice", "set", "{\"d\":{\"c\":2,\"b\":{}}}");
	UNIT_TEXT("deeper", update(view), "{\"all\":{\"1\":{\"d\":{\"b\":{}}}},\"d\":{\"b\":{}}}");
	UNIT_TEXT("what goes before deeper", before(view), "{\"all\":{\"1\":{\"d\":{\"b\":null}}},\"d\":{\"b\":null}}");
	send("alice", "set", "{}");
	UNIT_TEXT("gone", update(view), "{\"all\":{\"1\":{\"d\":null}},\"d\":null}");
	UNIT_TEXT("nothing goes before null", before(view), "-");
	live_view_free(view);
	close_program();
}

/* Texts that several people write: whole first, then changes. */
static void
test_texts(void)
{
	LiveView   *view;
	LiveView   *late;

	open_program("record R { public int id; public text t; } table<R> rows; public formula all = iterate rows; public formula first = (iterate rows)[0]; public text t;"
				 "message M { int id; int seq; dynamic change; string set; double ratio; }"
				 "channel append(M m) { t.append(m.seq, m.change); if (rows[m.id] as r) { r.t.append(m.seq, m.change); } }"
				 "channel set(M m) { t = m.set; } channel compact(M m) { t.compact(m.ratio); } channel add(M m) { rows <- {t: m.set}; }"
				 "channel remove(M m) { (iterate rows where id == m.id).delete(); }");
	view = open_view("alice", NULL);
	UNIT_TEXT("first", update(view), "{\"all\":{\"@o\":[]},\"t\":{\"$g\":0,\"$i\":\"\",\"$s\":0}}");
	send("alice", "set", "{\"set\":\"hello\"}");
	UNIT_TEXT("a new generation is sent whole", update(view), "{\"t\":{\"$g\":1,\"$i\":\"hello\",\"$s\":0}}");
	send("alice", "append", "{\"seq\":0,\"change\":{\"changes\":[5,[0,\" \\u00e4\"]]}}");
	UNIT_TEXT("a change is a string of JSON", update(view), "{\"t\":{\"0\":\"{\\\"changes\\\":[5,[0,\\\" \\u00e4\\\"]]}\",\"$s\":1}}");
	UNIT_TEXT("nothing has changed", update(view), "-");
	send("alice", "append", "{\"seq\":1,\"change\":[{\"changes\":[7,[0,\"!\"]]},{\"changes\":[[8]]}]}");
	UNIT_TEXT("two changes", update(view), "{\"t\":{\"1\":\"{\\\"changes\\\":[7,[0,\\\"!\\\"]]}\",\"2\":\"{\\\"changes\\\":[[8]]}\",\"$s\":3}}");
	UNIT_TEXT("who joins is sent the text of now", whole(view), "{\"all\":{\"@o\":[]},\"t\":{\"$g\":1,\"$i\":\"\",\"$s\":3}}");
	send("alice", "compact", "{\"ratio\":1.0}");
	UNIT_TEXT("compacting is not seen", update(view), "-");
	late = open_view("bob", NULL);
	UNIT_TEXT("a late viewer", update(late), "{\"all\":{\"@o\":[]},\"t\":{\"$g\":1,\"$i\":\"\",\"$s\":3}}");
	send("alice", "append", "{\"seq\":3,\"change\":{\"changes\":[[0,\"x\"]]}}");
	send("alice", "compact", "{\"ratio\":1.0}");
	send("alice", "append", "{\"seq\":4,\"change\":{\"changes\":[1,[0,\"y\"]]}}");
	UNIT_TEXT("what was compacted meanwhile cannot be told", update(view), "{\"t\":{\"$g\":1,\"$i\":\"xy\",\"$s\":5}}");
	send("alice", "add", "{\"set\":\"a\"}");
	send("alice", "add", "{\"set\":\"b\"}");
	UNIT_TEXT("rows", update(view), "{\"all\":{\"1\":{\"id\":1,\"t\":{\"$g\":1,\"$i\":\"a\",\"$s\":0}},\"2\":{\"id\":2,\"t\":{\"$g\":1,\"$i\":\"b\",\"$s\":0}},\"@o\":[1,2]},"
			  "\"first\":{\"id\":1,\"t\":{\"$g\":1,\"$i\":\"a\",\"$s\":0}}}");
	send("alice", "append", "{\"id\":1,\"seq\":0,\"change\":{\"changes\":[1,[0,\"c\"]]}}");
	UNIT_TEXT("one row", update(view), "{\"all\":{\"1\":{\"t\":{\"0\":\"{\\\"changes\\\":[1,[0,\\\"c\\\"]]}\",\"$s\":1}}},"
			  "\"first\":{\"t\":{\"0\":\"{\\\"changes\\\":[1,[0,\\\"c\\\"]]}\",\"$s\":1}}}");
	send("alice", "remove", "{\"id\":1}");
	send("alice", "append", "{\"id\":2,\"seq\":0,\"change\":{\"changes\":[[1,\"q\"]]}}");
	send("alice", "append", "{\"id\":2,\"seq\":1,\"change\":{\"changes\":[1]}}");
	UNIT_TEXT("another text at the same place is sent whole", update(view), "{\"all\":{\"2\":{\"t\":{\"0\":\"{\\\"changes\\\":[[1,\\\"q\\\"]]}\",\"1\":\"{\\\"changes\\\":[1]}\",\"$s\":2}},\"@o\":[2],\"1\":null},"
			  "\"first\":{\"id\":2,\"t\":{\"$g\":1,\"$i\":\"q\",\"$s\":2}}}");
	live_view_free(view);
	live_view_free(late);
	close_program();
}

/* ---- many viewers, many changes ---- */

#define N_VIEWERS 4

static const char *const agents[N_VIEWERS] = {"alice", "bob", "carol", "alice"};

static DocNode *
parse_node(KitArena *into, const char *json, DocClass class)
{
	KitBuf		buf;
	DocItem		item;
	DocNode    *node;
	KitDiag		diag = {0};

	kit_buf_init(&buf, into);
	if (!doc_from_json(json, strlen(json), class, &buf, &diag) || !doc_open((DocBytes) {buf.data, buf.len}, class, &item, &diag) ||
		!doc_node_from_item(into, item, &node, &diag))
	{
		UNIT_TRY(false, "%s: %s", json, diag.message);
		return NULL;
	}
	return node;
}

/* Secrets of others, by the letter that begins them. */
static bool
is_discreet(const char *json, const char *agent)
{
	for (int i = 0; i < N_VIEWERS; i++)
		if (strcmp(agents[i], agent) != 0 && strstr(json, kit_arena_printf(arena, "secret of %s", agents[i])) != NULL)
			return false;
	return strstr(json, "private") == NULL && strstr(json, "__proto__") == NULL;
}

static void
test_viewers(void)
{
	uint64_t	seed = unit_seed();
	KitArena   *long_lived = kit_arena_new("trees");

	for (int round = 0; round < unit_rounds(25); round++, seed++)
	{
		UnitRandom	r = {seed};
		LiveView   *views[N_VIEWERS];
		DocNode    *trees[N_VIEWERS] = {NULL};
		const char *last[N_VIEWERS];

		open_program("record R { public int id; public int n; public string what; principal who; bool shown; viewer_is<who> string secret; string hidden;\n"
					 "  policy vis { return shown || @who == who; } require vis;\n"
					 "  policy even { return n % 2 == 0; } use_policy<even> string sometimes; bubble mine = @who == who; }\n"
					 "table<R> t;\n"
					 "public formula up = iterate t order by n;\n"
					 "public formula down = iterate t order by n desc limit 5;\n"
					 "public formula ns = (iterate t where shown order by n).n;\n"
					 "bubble own = iterate t where who == @who;\n"
					 "bubble few = iterate t where n < 10 limit 2;\n"
					 "public formula count = (iterate t where shown).size();\n"
					 "message N { int n; bool shown; string secret; }\n"
					 "channel add(N m) { t <- {n: m.n, what: \"w\", who: @who, shown: m.shown, secret: m.secret, hidden: \"private\", sometimes: \"now\"}; }\n"
					 "channel change(N m) { (iterate t where n == m.n).shown = m.shown; }\n"
					 "channel move(N m) { (iterate t where id == m.n).n = m.n * 7 - 30; }\n"
					 "channel drop(N m) { (iterate t where n == m.n).delete(); }\n"
					 "channel give(N m) { (iterate t where n == m.n).who = @who; (iterate t where n == m.n).secret = m.secret; }\n");
		for (int i = 0; i < N_VIEWERS; i++)
		{
			views[i] = open_view(agents[i], NULL);
		}
		for (int turn = 0; turn < 30; turn++)
		{
			static const char *const channels[] = {"add", "add", "add", "change", "move", "drop", "give"};

			for (uint32_t n = 1 + unit_below(&r, 3); n > 0; n--)
			{
				const char *agent = agents[unit_below(&r, 3)];

				send(agent, channels[unit_below(&r, 7)], kit_arena_printf(arena, "{\"n\":%u,\"shown\":%s,\"secret\":\"secret of %s\"}", unit_below(&r, 12),
																			unit_below(&r, 2) ? "true" : "false", agent));
			}
			for (int i = 0; i < N_VIEWERS; i++)
			{
				const char *change;
				const char *newcomer = first_view(agents[i], NULL);
				KitDiag		diag = {0};
				DocNode    *delta;

				last[i] = newcomer;
				UNIT_TRY(is_discreet(newcomer, agents[i]), "a view tells a secret at seed %llu: %s", (unsigned long long) seed, newcomer);
				if (unit_below(&r, 3) == 0)
					continue;	/* this viewer gets a coarser change the next time */
				change = update(views[i]);
				UNIT_TRY(is_discreet(change, agents[i]), "a change tells a secret at seed %llu: %s", (unsigned long long) seed, change);
				UNIT_TRY(strcmp(whole(views[i]), newcomer) == 0, "the whole view at seed %llu", (unsigned long long) seed);
				if (strcmp(change, "-") == 0)
					continue;
				if (trees[i] == NULL)
					trees[i] = parse_node(long_lived, change, DOC_DOCUMENT);
				else
				{
					delta = parse_node(long_lived, change, DOC_DELTA);
					trees[i] = doc_node_apply(long_lived, trees[i], delta, &diag);
				}
				UNIT_TRY(trees[i] != NULL && doc_node_equal(trees[i], parse_node(long_lived, newcomer, DOC_DOCUMENT)), "changes add up at seed %llu: %s",
						 (unsigned long long) seed, diag.message);
				if (trees[i] == NULL)
					break;
			}
			UNIT_TRY(strcmp(last[0], last[3]) == 0 && strcmp(class_of(agents[0], NULL), class_of(agents[3], NULL)) == 0,
					 "one class, one view at seed %llu", (unsigned long long) seed);
		}
		for (int i = 0; i < N_VIEWERS; i++)
			live_view_free(views[i]);
		close_program();
		kit_arena_reset(long_lived);
	}
	kit_arena_delete(long_lived);
	UNIT_PROPERTY("changes add up to the view, and tell no secrets");
}

/* ---- maps, maybes of records, pairs, lists ---- */

static const char containers[] =
	"record R { public int id; public string n; principal who; viewer_is<who> int secret; bool hidden; policy vis { return !hidden || @who == who; } require vis; }\n"
	"public map<int,string> mis; public map<string,R> msr; public map<principal,int> mp; public map<string,map<long,int>> deep; public maybe<R> mr;\n"
	"public list<int> xs; public formula pr = @pair mis.size() -> \"x\";\n"
	"message M { int k; string s; bool hidden; }\n"
	"channel put(M m) { mis[m.k] = m.s; }\n"
	"channel drop(M m) { mis.remove(m.k); msr.remove(m.s); deep.remove(m.s); mr.delete(); mp.clear(); }\n"
	"channel fill(M m) { msr[m.s] <- {n: m.s, who: @who, secret: m.k, hidden: m.hidden}; mp[@who]++; deep[m.s][5000000000L] = m.k; mr <- {n: m.s, secret: m.k, who: @who}; }\n"
	"channel listing(M m) { xs = [m.k, m.k + 1]; }\n";

static void
test_containers(void)
{
	LiveView   *alice;
	LiveView   *bob;

	open_program(containers);
	alice = open_view("alice", NULL);
	bob = open_view("bob", NULL);
	UNIT_TEXT("empty maps are there, an empty maybe is not", update(alice),
			  "{\"mis\":{},\"mp\":{},\"deep\":{},\"xs\":{\"@s\":0},\"pr\":{\"key\":0,\"value\":\"x\"},\"msr\":{}}");
	update(bob);
	send("alice", "put", "{\"k\":5,\"s\":\"five\"}");
	send("alice", "put", "{\"k\":1,\"s\":\"one\"}");
	UNIT_TEXT("entries are members", update(bob), "{\"mis\":{\"1\":\"one\",\"5\":\"five\"},\"pr\":{\"key\":2}}");
	update(alice);
	send("alice", "fill", "{\"k\":7,\"s\":\"kk\"}");
	UNIT_TEXT("a record in a map has the id 0, principals as keys are written so", update(alice),
			  "{\"mp\":{\"NtPrincipal<alice@test>\":1},\"deep\":{\"kk\":{\"5000000000\":7}},\"msr\":{\"kk\":{\"id\":0,\"n\":\"kk\",\"secret\":7}},"
			  "\"mr\":{\"id\":0,\"n\":\"kk\",\"secret\":7}}");
	UNIT_TEXT("privacy holds in maps and maybes", update(bob),
			  "{\"mp\":{\"NtPrincipal<alice@test>\":1},\"deep\":{\"kk\":{\"5000000000\":7}},\"msr\":{\"kk\":{\"id\":0,\"n\":\"kk\"}},"
			  "\"mr\":{\"id\":0,\"n\":\"kk\"}}");
	send("alice", "fill", "{\"k\":8,\"s\":\"kk\",\"hidden\":true}");
	UNIT_TEXT("a record that is hidden leaves the map", update(bob), "{\"mp\":{\"NtPrincipal<alice@test>\":2},\"deep\":{\"kk\":{\"5000000000\":8}},\"msr\":{\"kk\":null}}");
	UNIT_TEXT("but not for whom it is there", update(alice),
			  "{\"mp\":{\"NtPrincipal<alice@test>\":2},\"deep\":{\"kk\":{\"5000000000\":8}},\"msr\":{\"kk\":{\"secret\":8}},\"mr\":{\"secret\":8}}");
	send("alice", "listing", "{\"k\":3}");
	UNIT_TEXT("a list goes by index", update(alice), "{\"xs\":{\"0\":3,\"1\":4,\"@s\":2}}");
	send("alice", "listing", "{\"k\":4}");
	UNIT_TEXT("and changes so", update(alice), "{\"xs\":{\"0\":4,\"1\":5,\"@s\":2}}");
	send("alice", "drop", "{\"k\":5,\"s\":\"kk\"}");
	UNIT_TEXT("what is taken out is null", update(alice),
			  "{\"mis\":{\"5\":null},\"mp\":{\"NtPrincipal<alice@test>\":null},\"deep\":{\"kk\":null},\"pr\":{\"key\":1},\"msr\":{\"kk\":null},\"mr\":null}");
	live_view_free(alice);
	live_view_free(bob);
	close_program();
}

/* What is told to who was told nothing since a version. */
static const char *
since(const LiveTrail *trail, uint64_t version, uint64_t now)
{
	KitBuf	   *out = KIT_NEW(arena, KitBuf);

	kit_buf_init(out, arena);
	if (!live_trail_since(trail, version, now, arena, out))
		return "start over";
	return out->len == 0 ? "-" : out->data;
}

static const char *
between(const char *from, const char *to)
{
	KitBuf	   *out = KIT_NEW(arena, KitBuf);

	kit_buf_init(out, arena);
	if (!live_whole_change(from, strlen(from), to, strlen(to), arena, out))
		return "start over";
	return out->len == 0 ? "-" : out->data;
}

static void
test_trail(void)
{
	static const char *const changes[] = {"{\"a\":1}", "{\"a\":2,\"b\":{\"x\":1}}", "{\"b\":{\"x\":null,\"y\":2}}", "{\"b\":null}", "{\"b\":{\"z\":3}}"};
	LiveTrail  *trail = live_trail_new(false);
	char		large[9000];

	for (uint64_t i = 0; i < 3; i++)
		live_trail_add(trail, 11 + i, changes[i], strlen(changes[i]), 0);
	UNIT_TEXT("who knows the last", since(trail, 13, 13), "-");
	UNIT_TEXT("who lacks one", since(trail, 12, 13), changes[2]);
	UNIT_TEXT("who lacks them all", since(trail, 10, 13), "{\"a\":2,\"b\":{\"x\":null,\"y\":2}}");
	UNIT_TEXT("who lacks one more", since(trail, 9, 13), "start over");
	UNIT_OK("reach", live_trail_reaches(trail, 10, 13) && !live_trail_reaches(trail, 9, 13));
	UNIT_TEXT("a version that nothing led to", since(trail, 12, 14), "start over");
	live_trail_add(trail, 14, changes[3], strlen(changes[3]), 0);
	live_trail_add(trail, 15, changes[4], strlen(changes[4]), 0);
	UNIT_TEXT("what went and came back can't be told", since(trail, 13, 15), "start over");
	UNIT_TEXT("but the end of it", since(trail, 14, 15), changes[4]);
	snprintf(large, sizeof(large), "{\"c\":\"%08000d\"}", 0);
	for (uint64_t i = 16; i < 20; i++)
		live_trail_add(trail, i, large, strlen(large), 100);
	UNIT_OK("no more is kept than the whole has, and some", !live_trail_reaches(trail, 15, 19) && live_trail_reaches(trail, 18, 19));
	live_trail_clear(trail);
	UNIT_TEXT("nothing is kept", since(trail, 18, 19), "start over");
	live_trail_free(trail);

	UNIT_TEXT("none", between("{\"a\":1}", "{\"a\":1}"), "-");
	UNIT_TEXT("in another order", between("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), "-");
	UNIT_TEXT("members", between("{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":3}"), "{\"c\":3,\"b\":null}");
	UNIT_TEXT("rows", between("{\"r\":{\"1\":{\"n\":1},\"2\":{\"n\":2},\"@o\":[1,2]}}", "{\"r\":{\"2\":{\"n\":3},\"@o\":[2]}}"),
			  "{\"r\":{\"2\":{\"n\":3},\"@o\":[2],\"1\":null}}");
	UNIT_TEXT("an array that becomes an object", between("{\"a\":[1]}", "{\"a\":{\"b\":1}}"), "start over");
	UNIT_TEXT("the other way round", between("{\"a\":{\"b\":1}}", "{\"a\":[1]}"), "{\"a\":[1]}");
	UNIT_TEXT("another text that several write", between("{\"t\":{\"$g\":1,\"$i\":\"a\",\"$s\":0}}", "{\"t\":{\"$g\":1,\"$i\":\"b\",\"$s\":0}}"), "start over");
	UNIT_TEXT("one that comes", between("{}", "{\"t\":{\"$g\":1,\"$i\":\"b\",\"$s\":0}}"), "{\"t\":{\"$g\":1,\"$i\":\"b\",\"$s\":0}}");
}

int
main(void)
{
	arena = kit_arena_new("test");
	test_forms();
	test_order();
	test_privacy();
	test_require();
	test_lists();
	test_endless();
	test_classes();
	test_envelope();
	test_json();
	test_texts();
	test_viewers();
	test_containers();
	test_trail();
	kit_arena_delete(arena);
	return unit_done();
}
