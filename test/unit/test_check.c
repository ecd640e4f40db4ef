/*
 * test_check.c
 *	  The checker: what is accepted, what is refused and where, and what it found out about programs.
 *
 * A case is a program and what the checker must say about it: nothing (OK), or one diagnostic of a kind at a line and column, whose message, detail or hint
 * contains a text.  BODY wraps statements into a channel handler of a program with a bit of everything.
 */
#include "unit.h"

#include "lang/parse.h"
#include "lang/program.h"

typedef struct Case
{
	const char *name;
	const char *source;
	KitError	code;			/* KIT_OK, KIT_WARNING or an error */
	int			line;
	int			column;
	const char *text;
} Case;

/* Line 1 to 12; what follows begins at line 13. */
#define WORLD \
	"enum Color { Red, Green:5, @default Blue }\n" \
	"message M { int a; string s; maybe<int> m; }\n" \
	"message Pair { int x; int y; }\n" \
	"record Inner { public int v; }\n" \
	"record Row { public string name; public int n; public long when; public bool on; public Color color; principal owner;\n" \
	"  maybe<int> mi; double d; Inner inner; table<Inner> inners; public formula twice = n * 2; method reset() { n = 0; } method get() -> int readonly { return n; } }\n" \
	"public int i = 1; public long l; public double d; public string s; public bool b; principal p; maybe<int> mi; maybe<double> md; maybe<string> ms;\n" \
	"public Color color; table<Row> rows; Row row; readonly int fixed = 3;\n" \
	"public formula total = i + 1;\n" \
	"view int limit;\n" \
	"procedure touch() { i = 2; } procedure peek() -> int readonly { return i; } procedure stop() aborts { abort; }\n" \
	"function add(int x, int y) -> int { return x + y; } function twice(double x) -> double { return x * 2; } function twice(string x) -> string { return x + x; }\n"

#define BODY(statements) WORLD "channel go(M msg) {\n" statements "\n}\n"

#define ERR KIT_TYPE_ERROR
#define NOT_YET KIT_NOT_SUPPORTED
#define WARN KIT_WARNING

static const Case cases[] = {
	{"pub/sub", "record Publish {\n  public principal who;\n  public long when;\n  public string payload;\n}\ntable<Publish> _publishes;\n"
		"public formula publishes =\n  iterate _publishes order by when asc;\nmessage PublishMessage {\n  string payload;\n}\n"
		"channel publish(PublishMessage message) {\n  _publishes <- {\n    who: @who,\n    when: Time.now(),\n    payload: message.payload\n  };\n"
		"  // Age out old publishes\n  (iterate _publishes\n    where when < Time.now() - 60000).delete();\n  // Hard cap at 100 most recent\n"
	"  (iterate _publishes\n    order by when desc\n    offset 100).delete();\n}\n"},
	{"notify", "public int max_db_seq = 0;\nmessage NotifyWrite {\n  int db_seq;\n}\nchannel notify(NotifyWrite message) {\n  if (message.db_seq > max_db_seq) {\n"
	"    max_db_seq = message.db_seq;\n  }\n}\n"},
	{"empty program", ""},
	{"the world of these tests", WORLD},

	/* statements and values */
	{"assign", BODY("i = 2; l = i; d = i; s = \"x\" + i; b = i < l; mi = 3; mi = msg.m; color = Color::Red; p = @who;")},
	{"message as reference", BODY("M q = {a: 1, s: \"x\"}; q.a = 2; M r = q; r.m = 4; i = r.a;")},
	{"anonymous object", BODY("let o = {b: 1, a: \"x\"}; s = o.a; i = o.b; o.b = 4;")},
	{"insert", BODY("rows <- {name: \"x\", n: 1, when: 3, color: Color::Red, inner: {v: 1}, inners: [{v: 1}, {v: 2}]} as id; i = id;")},
	{"insert a message that fits", "record R { int a; string s; maybe<int> m; } table<R> t; message M { int a; string s; maybe<int> m; } channel c(M m) { t <- m; }"},
	{"insert several", "record R { int a; } table<R> t; message M { int a; } channel c(M[] ms) { t <- ms as ids; foreach (i in ids) { t[i]; } }", WARN, 1, 112, "no effect"},
	{"fill a record", BODY("row <- {n: 4}; row.inner <- {v: 3};")},
	{"fill from a maybe", BODY("row <- {n: msg.m, name: ms};")},
	{"lookup lifts", BODY("maybe<string> n = rows[1].name; if (n as x) { s = x; } maybe<int> k = rows[1].mi; mi = k;")},
	{"if as", BODY("if (rows[1] as r) { r.n = 3; r.reset(); r <- {n: 2}; r.delete(); } else { i = 0; }")},
	{"if on a maybe<bool>", BODY("maybe<bool> q; if (q) { i = 1; }")},
	{"loops", BODY("for (int k = 0; k < 3; k++) { if (k == 1) { continue; } i += k; } while (i < 3) { i++; break; } do { i--; } while (i > 0);")},
	{"foreach", BODY("foreach (r in iterate rows) { r.n = r.n + 1; } foreach (x in [1, 2]) { i = x; }")},
	{"switch", BODY("switch (i) { case 1: case -2: i = 3; break; default: i = 4; } switch (color) { case Color::Red: break; case Color::G*: i = 1; } switch (s) { case \"a\": i = 1; }")},
	{"ternary unifies", BODY("d = b ? 1 : 2.5; maybe<int> q = b ? mi : 3; q = 1; i = q.getOrDefaultTo(0);")},
	{"arrays", BODY("int[] xs = [1, 2]; double[] ds = [1, 2.5]; M[] none = []; i = xs.size() + ds.size() + none.size(); maybe<int> x = xs[0]; mi = x;")},
	{"literals become what is wanted", BODY("M[] ms2 = [{a: 1}, {s: \"x\"}, msg]; maybe<int>[] k = [1, mi]; M q = b ? {a: 1} : {s: \"x\"}; i = ms2.size() + k.size() + q.a;")},
	{"array element that does not fit", BODY("int[] xs = [1, 2.5]; i = xs.size();"), ERR, 14, 16, "element 2 must be int, not double"},
	{"lists", BODY("list<string> names = (iterate rows).name; list<Row> q; q = iterate rows where on; foreach (x in names) { s = x; } i = q.size() + names.reverse().skip(1).drop(1).size(); Row[] a = q.toArray(); i = a.size();")},
	{"lists, records and tables as parameters", WORLD "procedure f(list<Row> q, Row r, table<Row> t) -> list<Row> { r.n = q.size() + t.size(); return iterate t; }\n"
	"procedure ins(mutable table<Row> t) { t <- {n: 3}; }\npublic formula names = (iterate rows).name;\nchannel go(M m) { ins(rows); i = f(iterate rows, row, rows).size(); }"},
	{"table parameter is read-only", WORLD "procedure ins(table<Row> t) { t <- {n: 3}; }", ERR, 13, 31, "mutable"},
	{"queries on messages", "message M { int a; M[] as; } int n; channel c(M[] ms) { foreach (m in ms) { n += m.a; } }"},
	{"mutable message parameter", BODY("M q; change(q); i = q.a;") "procedure change(mutable M m) { m.a = 3; }"},
	{"read-only message for a mutable parameter", BODY("change(msg);") "procedure change(mutable M m) { m.a = 3; }", ERR, 14, 8, "may change argument 1"},
	{"methods of messages", "message M { int a; method sum(int b) -> int { return a + b; } method twice() -> int { return sum(a); } } int n; channel c(M m) { n = m.twice(); }"},
	{"constructor that fills", "message A { string s; maybe<int> n; } record R { string s; int n; ingested { n = n + 1; } } R r; table<R> t; @construct (A a) { r <- a; t <- a; t <- r; }"},
	{"calls", BODY("i = add(1, 2); d = twice(1); s = twice(\"x\"); touch(); i = peek(); stop();")},
	{"library", BODY("l = Time.now(); s = s.trim(); s = String.trim(s); i = s.length(); b = s.contains(\"x\"); i = Math.max(1, i); d = d.floor(); b = p.isAnonymous(); i = Random.genBoundInt(6); s = Document.key();")},
	{"library lifted over maybe", BODY("maybe<int> k = ms.length(); maybe<string> t = String.trim(ms); mi = k; ms = t; if (ms.contains(\"x\")) { i = 1; }")},
	{"queries", BODY("i = (iterate rows where n > 3 && on).size(); let q = iterate rows where_as x: x.n == i order by n desc, name asc insensitive limit 3 offset 1; i = q.size();")},
	{"query without iterate", BODY("let q = iterate rows; i = (q where n == 3 limit 2).size();")},
	{"projection", BODY("foreach (n in (iterate rows).name) { s = n; }")},
	{"bulk", BODY("(iterate rows where on).n = 3; (iterate rows).n = i++; (iterate rows).reset(); i = (iterate rows).n += 2; (iterate rows).delete(); rows.delete();")},
	{"delete", BODY("if (mi) { } mi.delete(); rows[3].delete();"), ERR, 14, 5, "must be bool, not maybe<int>"},
	{"maybe delete", BODY("mi.delete(); rows[3].delete();")},
	{"range", BODY("b = 1 < i <= 3; b = 1 < d < 2.5;")},
	{"enumerations", BODY("color = Color::Green; b = color == Color::Red; i = color.to_int(); foreach (c in Color::*) { color = c; }")},
	{"shadowing by a local is a warning", BODY("int i = 3; s = s + i;"), WARN, 14, 5, "hides the field"},
	{"methods in where", BODY("i = (iterate rows where_as r: r.get() == 3).size();")},
	{"switch returns", "function f(int a) -> int { switch (a) { case 1: return 1; case 2: case 3: return 4; default: return 0; } }"},
	{"endless loop returns", "function f(int a) -> int { while (true) { a++; if (a > 10) return a; } }"},
	{"loop with break does not return", "function f(int a) -> int { while (true) { a++; break; } }", ERR, 1, 10, "must return int on every path"},
	{"records nest", "record A { int x; } record B { A a; table<A> as; formula n = a.x; } B b; formula m = b.a.x + b.n;"},
	{"record rows of its own kind", "record A { int x; table<A> kids; } table<A> t;"},

	/* privacy */
	{"privacy", "principal owner; policy mine { return @who == owner; } viewer_is<owner> int a; use_policy<mine> int c; view int k; filter f { return k > 0; } use_policy<mine | f> int d; bubble<mine> e = a;"},
	{"policies of records", "policy open { return true; } record R { principal who; require vis; policy vis { return @who == who; } use_policy<vis, open> int a; viewer_is<who> int b; public int id; } table<R> t; public formula l = iterate t;"},
	{"bubble with viewer", WORLD "bubble mine = iterate rows where owner == @who limit @viewer.limit;"},
	{"unknown policy", "policy mine { return true; } use_policy<mien> int a;", ERR, 1, 41, "Did you mean \"mine\"?"},
	{"viewer_is on an int", "int x; viewer_is<x> int a;", ERR, 1, 18, "principal"},
	{"policy that returns int", "policy p { return 1; }", ERR, 1, 19, "must be bool, not int"},
	{"policy without return", "policy p { }", ERR, 1, 8, "must return bool on every path"},
	{"privacy of a table", "record R { int a; } public table<R> t;", ERR, 1, 37, "cannot have a privacy modifier"},
	{"bubble read by code", "bubble x = @who; formula y = x;", ERR, 1, 30, "different for each viewer"},

	/* events */
	{"events", "message A { int x; } public int x; @construct (A a) { x = a.x; } @construct { x++; } @connected { return @who != @no_one; } @disconnected { x = 0; } @delete { return true; }\n"
	"@static { create { return @who.agent() == \"alice\"; } invent { return false; } send { return true; } }"},
	{"connected without return", "@connected { }", ERR, 1, 1, "must return bool on every path"},
	{"static sees no document", "int x; @static { create { return x == 1; } }", ERR, 1, 34, "cannot see the document's field \"x\""},
	{"channel takes a record", "record R { int a; } channel c(R r) { }", ERR, 1, 31, "takes a message"},
	{"channel twice", "message M { int a; } channel c(M m) { } channel c(M m) { }", ERR, 1, 49, "declared twice"},
	{"channel with policies", "policy p { return true; } message M { int a; } channel c(M m) open requires<p> { }"},

	/* conversions that are refused */
	{"long to int", BODY("i = l;"), ERR, 14, 5, "must be int, not long"},
	{"division", BODY("d = i / 2;"), ERR, 14, 7, "Division yields a maybe"},
	{"remainder", BODY("i = i % 2;"), ERR, 14, 7, "The remainder is a maybe"},
	{"indexing", BODY("int[] x = [1]; i = x[0];"), ERR, 14, 21, "Indexing yields a maybe"},
	{"field of a maybe", BODY("s = rows[1].name;"), ERR, 14, 12, "A field of a maybe is a maybe"},
	{"string to int", BODY("i = \"x\";"), ERR, 14, 5, "must be int, not string"},
	{"int to string", BODY("s = 3;"), ERR, 14, 5, "String.strOf"},
	{"long to double", BODY("d = l;"), ERR, 14, 5, "multiply it by 1.0"},
	{"int as condition", BODY("if (i) { }"), ERR, 14, 5, "condition must be bool, not int"},
	{"argument", BODY("i = add(1, \"x\");"), ERR, 14, 12, "argument 2 of \"add\" must be int, not string"},
	{"number of arguments", BODY("i = add(1);"), ERR, 14, 5, "takes 2 arguments, not 1"},
	{"no overload", BODY("d = twice(@who);"), ERR, 14, 5, "no \"twice\" takes (principal)"},
	{"void value", BODY("i = touch();"), ERR, 14, 5, "nothing is returned"},
	{"object with an unknown field", BODY("M q = {a: 1, payload: 2}; q.a = 1;"), ERR, 14, 14, "message \"M\" has no field \"payload\""},
	{"object with a wrong field", BODY("M q = {a: \"x\"}; q.a = 1;"), ERR, 14, 11, "field \"a\" must be int, not string"},
	{"message that does not fit", BODY("Pair q = msg; q.x = 1;"), ERR, 14, 10, "Pair has no field \"a\""},
	{"array elements", BODY("let x = [1, \"a\"]; i = x.size();"), ERR, 14, 13, "one type"},
	{"ternary sides", BODY("let x = b ? 1 : \"a\"; b = x;"), ERR, 14, 11, "both sides"},
	{"empty array", BODY("let x = []; b = x;"), ERR, 14, 9, "not known"},
	{"enum of another kind", "enum A { X } enum B { Y } A a; B b; message M { int i; } channel c(M m) { a = B::Y; }", ERR, 1, 79, "must be A, not B"},

	/* places */
	{"formula", BODY("total = 3;"), ERR, 14, 1, "cannot assign to formula \"total\""},
	{"readonly field", BODY("fixed = 3;"), ERR, 14, 1, "declared readonly"},
	{"id", BODY("if (rows[1] as r) { r.id = 3; }"), ERR, 14, 23, "cannot assign to \"id\""},
	{"record by =", BODY("row = row;"), ERR, 14, 1, "row <- {...}"},
	{"table by =", BODY("rows = iterate rows;"), ERR, 14, 1, "cannot assign to table"},
	{"through a maybe", BODY("rows[1].n = 3;"), ERR, 14, 8, "Unwrap it first"},
	{"message parameter", BODY("msg.a = 3;"), ERR, 14, 5, "read-only"},
	{"element of an array", "message M { int a; } int i; channel c(M[] ms) { foreach (m in ms) { m.a = 3; } }", ERR, 1, 71, "read-only"},
	{"element by index", BODY("int[] x = [1]; x[0] = 2;"), ERR, 14, 17, "read-only"},
	{"value", BODY("1 = 2;"), ERR, 14, 1, "it is a value"},
	{"scalar parameter", "function f(int a) -> int { a = a + 1; return a; }"},
	{"readonly parameter", "function f(readonly int a) -> int { a = a + 1; return a; }", ERR, 1, 37, "read-only"},
	{"step of a string", BODY("s++;"), ERR, 14, 2, "works on int, long and double"},
	{"ingest into a message", BODY("M q; q <- {a: 1};"), ERR, 14, 6, "\"<-\" fills tables, maps and records"},
	{"ingest of an unknown field", BODY("rows <- {nmae: \"x\"};"), ERR, 14, 10, "Did you mean \"name\"?"},
	{"ingest of a wrong field", BODY("rows <- {n: l};"), ERR, 14, 13, "field \"n\" must be int, not long"},
	{"ingest of a formula", BODY("rows <- {twice: 3};"), ERR, 14, 10, "cannot fill formula"},
	{"ingest of a message with more", BODY("rows <- msg;"), ERR, 14, 9, "record \"Row\" has no field \"a\""},
	{"lossy fields may be missing", "record R { int a; } table<R> t; message M { int a; int z lossy; } channel c(M m) { t <- m; }"},
	{"required fields", "record R { int a required; int c; } table<R> t; message M { int c; } channel c(M m) { t <- m; }", ERR, 1, 92, "\"a\" of record \"R\" is required"},
	{"as without insertion", BODY("row <- {n: 1} as id; i = id;"), ERR, 14, 18, "inserts none"},

	/* names */
	{"near miss: variable", BODY("let payload = 3; i = paylaod;"), ERR, 14, 22, "Did you mean \"payload\"?"},
	{"near miss: field of a message", BODY("i = msg.aa;"), ERR, 14, 9, "message \"M\" has no field \"aa\""},
	{"near miss: field", BODY("totl = 3;"), ERR, 14, 1, "Did you mean \"total\"?"},
	{"near miss: function", BODY("i = ad(1, 2);"), ERR, 14, 5, "Did you mean \"add\"?"},
	{"near miss: type", "record Publish { int a; } table<Publsh> t;", ERR, 1, 33, "Did you mean \"Publish\"?"},
	{"near miss: library", BODY("s = s.trimm();"), ERR, 14, 7, "Did you mean \"trim\"?"},
	{"near miss: namespace", BODY("s = Strng.trim(s);"), ERR, 14, 5, "Did you mean \"String\"?"},
	{"near miss: enumeration", BODY("color = Color::Rad;"), ERR, 14, 16, "Did you mean \"Red\"?"},
	{"near miss: order", BODY("i = (iterate rows order by nme).size();"), ERR, 14, 28, "Did you mean \"name\"?"},
	{"near miss: method", BODY("row.rest();"), ERR, 14, 5, "Did you mean \"reset\"?"},
	{"bare time", BODY("l = now();"), ERR, 14, 5, "Did you mean Time.now(...)?"},
	{"who", BODY("p = who;"), ERR, 14, 5, "@who"},
	{"function as a value", BODY("i = add;"), ERR, 14, 5, "Call it"},
	{"type as a value", BODY("color = Color;"), ERR, 14, 9, "Color::Red"},
	{"method as a field", BODY("i = row.reset;"), ERR, 14, 9, "is a method"},
	{"field as a method", BODY("i = row.n();"), ERR, 14, 9, "leave out the parentheses"},
	{"declared twice", "int a; string a;", ERR, 1, 15, "declared twice"},
	{"redeclared in an inner block", BODY("int q = 1; if (q > 0) { int q = 2; i = q; }"), ERR, 14, 29, "declared already"},
	{"name free again after its block", BODY("if (b) { int q = 1; i = q; } { int q = 2; i = q; }")},
	{"reserved names", "int __seq;", ERR, 1, 5, "must not begin with \"__\""},
	{"unused", BODY("int q = 1;"), WARN, 14, 5, "never read"},
	{"unused, with underscore", BODY("int _q = 1;")},
	{"unreachable", BODY("return; i = 1;"), WARN, 14, 9, "never reached"},
	{"no effect", BODY("i == 3;"), WARN, 14, 3, "no effect"},
	{"the trap of where", BODY("int n = 1; i = (iterate rows where n == n).size(); i = n;"), WARN, 14, 36, "where_as"},

	/* what may be where */
	{"function sees no document", "int x; function f() -> int { return x; }", ERR, 1, 37, "Pass it as a parameter"},
	{"function calls no procedure", "int x; procedure g() { x = 1; } function f() -> int { g(); return 1; }", ERR, 1, 55, "cannot call procedure \"g\""},
	{"formula calls what writes", "int x; procedure g() -> int { x = 1; return 1; } procedure f() -> int { return g(); } formula y = f();", ERR, 1, 99,
	"formula \"y\" may not change the document: it calls \"f\", which calls \"g\", which changes \"x\" (line 1)"},
	{"formula calls what only reads", "int x; procedure g() -> int { return x; } formula y = g();"},
	{"readonly procedure writes", "int x; procedure g() readonly { x = 1; }", ERR, 1, 33, "may not change the document"},
	{"policy writes", "int x; policy g { x = 1; return true; }", ERR, 1, 19, "policy \"g\" may not change the document"},
	{"formula cycle by inference", "formula a = b; formula b = a;", ERR, 1, 28, "depends on itself"},
	{"formula cycle by a procedure", "formula a = f(); procedure f() -> int readonly { return a; }", ERR, 1, 13, "\"a\" -> \"f\" -> \"a\""},
	{"recursion of procedures", "int x; procedure f(int n) { if (n > 0) { x++; g(n - 1); } } procedure g(int n) { f(n); }"},
	{"abort in a procedure", "procedure f() { abort; }", ERR, 1, 17, "Declare it"},
	{"abort by a call", "procedure f() aborts { abort; } procedure g() { f(); }", ERR, 1, 49, "which aborts"},
	{"abort in a policy", "policy f { abort; }", ERR, 1, 12, "may not abort"},
	{"@who in a procedure", "principal x; procedure f() { x = @who; }", ERR, 1, 34, "Pass it as a parameter"},
	{"@who in a formula", "formula x = @who;", ERR, 1, 13, "is a bubble"},
	{"@viewer in a formula", "view int k; formula x = @viewer.k;", ERR, 1, 25, "@viewer is not known"},
	{"viewer procedure in a bubble", "view int k; procedure f() -> int viewer { return @viewer.k; } bubble x = f();"},
	{"viewer procedure in a channel", "view int k; message M { int a; } int i; procedure f() -> int viewer { return @viewer.k; } channel c(M m) { i = f(); }", ERR, 1, 112, "does not know the viewer"},
	{"initial value is constant", "int x; int y = x;", ERR, 1, 16, "An initial value is constant"},
	{"initial value without clock", "long x = Time.now();", ERR, 1, 15, "must be constant"},
	{"initial value with arithmetic", "enum E { A, B } long x = 1 + 2; double y = 3; maybe<int> z = 4; E e = E::B; string s = \"a\" + 1; principal p = @no_one; function f() -> int { return 3; } int w = f();"},
	{"return in a channel", BODY("return 3;"), ERR, 14, 8, "returns nothing"},
	{"return without a value", "function f() -> int { return; }", ERR, 1, 23, "must return int"},
	{"break outside", BODY("break;"), ERR, 14, 1, "outside of a loop"},
	{"continue in a switch only", BODY("switch (i) { case 1: continue; }"), ERR, 14, 22, "outside of a loop"},
	{"case twice", BODY("switch (i) { case 1: break; case 1: break; }"), ERR, 14, 34, "was there already"},
	{"case of another type", BODY("switch (i) { case \"a\": break; }"), ERR, 14, 19, "must be int, not string"},
	{"case without its enumeration", BODY("switch (color) { case Red: break; }"), ERR, 14, 23, "Did you mean Color::Red?"},
	{"switch on a double", BODY("switch (d) { default: i = 1; }"), ERR, 14, 9, "takes int, string"},

	/* types */
	{"array in the document", "int[] x;", ERR, 1, 1, "cannot store an array"},
	{"message in the document", "message M { int a; } M m;", ERR, 1, 22, "Declare it as a record"},
	{"record in a message", "record R { int a; } message M { R r; }", ERR, 1, 33, "cannot hold"},
	{"record contains itself", "record A { int x; B b; } record B { A a; }", ERR, 1, 39, "contains itself"},
	{"message contains itself", "message A { A a; }", ERR, 1, 15, "maybe<A> or A[]"},
	{"recursive message", "message A { maybe<A> a; A[] as; int x; } int i; channel c(A a) { i = a.x; }"},
	{"datetime", "datetime d = @datetime \"2023-04-24T17:57\";", ERR, 1, 14, "@datetime takes a datetime with its zone at the end"},
	{"datetime of a region", "formula d = @datetime \"2023-04-24T17:57+02:00[Europe/Berlin]\";", ERR, 1, 13, "time zones of regions are not supported"},
	{"updated", "record R { int d @updated; }", ERR, 1, 16, "an @updated field must be datetime, not int"},
	{"updated root", "datetime d @updated;", ERR, 1, 10, "only a record's own fields can be @updated"},
	{"id of a record", "record A { string id; }", ERR, 1, 19, "is its number"},
	{"enumeration twice", "enum E { A, A }", ERR, 1, 13, "declared twice"},
	{"table of a message", "message M { int a; } table<M> t;", ERR, 1, 22, "a document cannot store a table of messages"},
	{"== on records", BODY("b = row == row;"), ERR, 14, 9, "Compare fields"},
	{"! on int", BODY("b = !i;"), ERR, 14, 5, "... == 0"},
	{"two enumerations", "enum A { X } enum B { Y } A a; B b; formula f = a == b;", ERR, 1, 51, "different enumerations"},
	{"arithmetic on maybe<int>", BODY("mi = mi + 1;"), ERR, 14, 9, "must be unwrapped first"},
	{"iterate a list", BODY("let q = iterate rows; let z = iterate q; i = z.size();"), ERR, 14, 39, "leave out \"iterate\""},
	{"where on a table", BODY("i = (rows where n == 1).size();"), ERR, 14, 11, "Write \"iterate\""},
	{"foreach over a table", BODY("foreach (r in rows) { i = r.n; }"), ERR, 14, 15, "\"iterate\" and its name"},
	{"formula that is a table", WORLD "formula q = rows;", ERR, 13, 13, "Write \"iterate\""},
	{"limit by a string", BODY("i = (iterate rows limit \"x\").size();"), ERR, 14, 25, "limit must be int"},
	{"order by a principal", BODY("i = (iterate rows order by owner).size();"), ERR, 14, 28, "cannot be ordered"},

	/* declared and never used */
	{"function that nobody calls", "function f() -> int { return g(); } function g() -> int { return 1; }", WARN, 1, 10, "function \"f\" is never called"},
	{"procedure that calls only itself", "procedure f() { f(); }", WARN, 1, 11, "procedure \"f\" is never called"},
	{"method that nobody calls", "record R { int a; method m() { a = 1; } } R r;", WARN, 1, 26, "method \"m\" of record \"R\" is never called"},
	{"method that a list calls", "record R { int a; method m() { a = 1; } } table<R> t; @construct { (iterate t).m(); }"},
	{"policy that guards nothing", "policy p { return true; }", WARN, 1, 8, "use_policy<p>"},
	{"policies that guard", "policy p { return true; } policy q { return true; } message M { int a; } use_policy<p> int x; channel c(M m) requires<q> { x = m.a; } "
	"record R { int a; policy s { return a == 1; } require s; } R r;"},
	{"filter that guards nothing", "view int k; filter f { return k > 0; }", WARN, 1, 20, "filter \"f\" guards nothing"},
	{"formula without public", "int x; formula y = x;", WARN, 1, 16, "To show it, write: public formula y"},
	{"formula for a formula", "int x; formula y = x; public formula z = y;"},
	{"message that nobody sends", "message M { int a; }", WARN, 1, 9, "message \"M\" is never used"},
	{"record without a table", "record R { int a; }", WARN, 1, 8, "record \"R\" is never used"},
	{"enumeration that nothing has", "enum E { A }", WARN, 1, 6, "enumeration \"E\" is never used"},
	{"one overload is enough", "function f(int a) -> int { return a; } function f(string a) -> string { return a; } public formula x = f(1);"},
	{"meant to be unused", "enum _E { A } function _f() -> int { return 1; }"},

	/* not supported yet */
	{"traverse nothing", BODY("i = (iterate rows traverse g).size();"), ERR, 14, 28, "assoc<A, B> g;"},
	{"traverse", BODY("i = (iterate rows traverse g).size();") " assoc<Row, Row> g; join g via rows[r] from r.id to r.n;"},
	{"state", "#start { }", NOT_YET, 1, 1, "a state is not supported yet"},
	{"block outside of a state", BODY("block;"), ERR, 14, 1, "\"block\" stands in a state"},
	{"future channel", "message M { int a; } channel<M> ask;", NOT_YET, 1, 22, "not supported yet"},
	{"library that is known", BODY("d = Vector.length(1.0);"), NOT_YET, 14, 12, "\"Vector.length\" is not supported yet"},
	{"library that is not", BODY("d = Math.powww(1.0, 2.0);"), ERR, 14, 10, "there is no \"Math.powww\""},
	{"text in a map", "map<int,text> m;", ERR, 1, 9, "Put it into a record, as in record Page { text body; }"},
	{"json in a list", "list<json> l;", ERR, 1, 1, "Write dynamic in place of json"},
	{"json as a field", "json j;", ERR, 1, 1, "Declare it dynamic, and assign .to_dynamic()."},
	{"index on what has none", "record R { double d; index d; } table<R> t;", ERR, 1, 28, "Fields of type int, long, bool, string, label,"},
	{"string for a label", "message M { label l; } channel c(M m) { switch (m.l) { case \"a\": } }", ERR, 1, 61, "A label is written with its sign, as in #play."},
	{"complex", BODY("let x = @i; b = x;"), ERR, 14, 17, "value of \"b\" must be bool, not complex"},
};

/* ---- running them ---- */

static bool
contains(const KitDiag *d, const char *text)
{
	return text == NULL || strstr(d->message, text) != NULL || strstr(d->detail, text) != NULL || strstr(d->hint, text) != NULL;
}

static void
print_diags(const LangDiags *diags, const char *source)
{
	KitBuf		out;

	kit_buf_init(&out, diags->arena);
	for (int i = 0; i < diags->n; i++)
		lang_diag_render(diags->items[i], NULL, source, strlen(source), &out);
	for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
}

/* A case is about one thing, and most of what it declares serves nothing else. */
static bool
is_of_unused(const KitDiag *d)
{
	return d->code == KIT_WARNING && (strstr(d->message, "is never called") != NULL || strstr(d->message, "guards nothing") != NULL ||
									  strstr(d->message, "is never used") != NULL || strstr(d->message, "is private and never read") != NULL);
}

static bool
case_holds(const Case *t, const LangProgram *program, const LangDiags *diags)
{
	if ((program != NULL) != (diags->n_errors == 0))
		return false;
	if (t->code == KIT_OK)
	{
		for (int i = 0; i < diags->n; i++)
			if (!is_of_unused(diags->items[i]))
				return false;
		return true;
	}
	if (t->code == KIT_WARNING ? diags->n_errors > 0 : diags->n_errors != 1)
		return false;
	for (int i = 0; i < diags->n; i++)
	{
		const KitDiag *d = diags->items[i];

		if (d->code == t->code && d->line == t->line && d->column == t->column && contains(d, t->text))
			return true;
	}
	return false;
}

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		KitArena   *arena = kit_arena_new("test");
		LangDiags	diags;
		LangProgram *program;
		bool		holds;

		lang_diags_init(&diags, arena);
		program = lang_compile(cases[i].source, strlen(cases[i].source), arena, &diags);
		holds = case_holds(&cases[i], program, &diags);
		UNIT_OK(cases[i].name, holds);
		if (!holds)
			print_diags(&diags, cases[i].source);
		kit_arena_delete(arena);
	}
}

/* ---- what the checker found out ---- */

static LangDiags diags;

static LangProgram *
compile(KitArena *arena, const char *source)
{
	lang_diags_init(&diags, arena);
	return lang_compile(source, strlen(source), arena, &diags);
}

static LangField *
field_of(const LangStruct *s, const char *name)
{
	return lang_struct_field(s, name, strlen(name));
}

static LangStmt *
body_stmt(LangUnit *unit, int i)
{
	return unit->body->u.block.items[i];
}

static void
test_pubsub(void)
{
	KitArena   *arena = kit_arena_new("test");
	LangProgram *p = compile(arena, cases[0].source);
	LangStruct *row;
	LangExpr   *where;
	LangChannel *channel;

	if (!UNIT_OK("the pub/sub program is accepted", p != NULL))
		return;
	row = field_of(p->root, "_publishes")->type->a->structure;
	UNIT_TEXT("a table's type", field_of(p->root, "_publishes")->type->text, "table<Publish>");
	UNIT_TEXT("a formula's type", field_of(p->root, "publishes")->type->text, "list<Publish>");
	UNIT_OK("the implicit id", row->id == row->fields[0] && row->id->is_id && row->id->slot == -1 && row->id->privacy == LANG_PRIVACY_PRIVATE);
	UNIT_OK("slots follow the declaration", field_of(row, "who")->slot == 0 && field_of(row, "when")->slot == 1 && field_of(row, "payload")->slot == 2);
	UNIT_OK("numbers of slots and fields", row->n_slots == 3 && row->n_fields == 4 && p->root->n_slots == 1 && p->root->n_fields == 2);
	UNIT_OK("the view depends on nothing but the document", p->root->reads == LANG_READS_DOCUMENT);
	channel = lang_program_channel(p, "publish", 7);
	UNIT_OK("the channel", channel != NULL && channel->message->n_slots == 1 && !channel->is_array && !channel->is_open);
	UNIT_OK("what the channel does", channel->unit->reads == (LANG_READS_WHO | LANG_READS_TIME | LANG_WRITES | LANG_READS_DOCUMENT));
	where = body_stmt(channel->unit, 1)->u.expr;
	UNIT_OK("delete of a list", where->kind == LANG_EXPR_CALL && where->u.call.builtin->id == LANG_BUILTIN_LIST_DELETE && where->type->kind == LANG_VOID);
	where = where->u.call.receiver->u.unary.operand;
	UNIT_OK("no lookup by id", where->kind == LANG_EXPR_LINQ && where->u.linq.id_equals == NULL);
	UNIT_TEXT("comparison of longs", where->u.linq.expr->u.binary.row->code, "lt_int");
	where = body_stmt(channel->unit, 0)->u.assign.value;
	UNIT_TEXT("anonymous objects are alphabetical", where->type->text, "{payload: string, when: long, who: principal}");
	UNIT_OK("parallel to the members", where->u.object.fields[0] == where->type->structure->fields[2]);
	kit_arena_delete(arena);
}

static LangExpr *
where_of(KitArena *arena, const char *condition)
{
	char		source[2000];
	LangProgram *p;

	snprintf(source, sizeof(source), "record R { int n; } table<R> t; int k; message M { int id; int n; maybe<int> m; } int out; procedure f() -> int readonly { return 1; }\n"
			 "channel c(M msg) { int local = 1; out = local; (iterate t where%s).delete(); }", condition);
	p = compile(arena, source);
	if (p == NULL)
	{
		print_diags(&diags, source);
		return NULL;
	}
	return body_stmt(p->channels[0]->unit, 2)->u.expr->u.call.receiver->u.unary.operand->u.linq.id_equals;
}

static void
test_id_equals(void)
{
	KitArena   *arena = kit_arena_new("test");

	UNIT_OK("id == literal", where_of(arena, " id == 3") != NULL);
	UNIT_OK("id == field of the message", where_of(arena, " id == msg.id") != NULL);
	UNIT_OK("field of the document == id", where_of(arena, " k == id") != NULL);
	UNIT_OK("among other conditions", where_of(arena, " n == 3 && id == local && n < 5") != NULL);
	UNIT_OK("in parentheses", where_of(arena, " ((id) == (local))") != NULL);
	UNIT_OK("with a name for the row", where_of(arena, "_as r: r.id == k") != NULL);
	UNIT_OK("not when the row is read", where_of(arena, " id == n") == NULL);
	UNIT_OK("not when the named row is read", where_of(arena, "_as r: r.id == r.n") == NULL);
	UNIT_OK("not under ||", where_of(arena, " id == 3 || n == 3") == NULL);
	UNIT_OK("not for a call", where_of(arena, " id == f()") == NULL);
	UNIT_OK("not for a maybe", where_of(arena, " id == msg.m") == NULL);
	UNIT_OK("not for another relation", where_of(arena, " id < 3") == NULL);
	kit_arena_delete(arena);
}

static void
test_reads(void)
{
	KitArena   *arena = kit_arena_new("test");
	LangProgram *p = compile(arena,
							 "principal owner; policy mine { return @who == owner; } view int k; filter big { return k > 1; }\n"
							 "procedure now() -> long readonly { return Time.now(); } procedure indirect() -> long readonly { return now(); }\n"
							 "public formula clock = indirect(); public formula plain = 1; public int a; use_policy<mine> int c; viewer_is<owner> int d; use_policy<mine | big> int e;\n"
							 "bubble b = @viewer.k; private formula hidden = Random.genInt();\n"
							 "record R { require vis; policy vis { return @who == owner; } public int x; } table<R> t; public formula l = iterate t; private formula pl = iterate t;\n"
							 "record In { viewer_is<w> int s; principal w; } record Out { public In i; } Out o1; public Out o2;");

	if (!UNIT_OK("the program of the reads is accepted", p != NULL))
	{
		print_diags(&diags, "");
		return;
	}
#define READS(name) (field_of(p->root, name)->reads)
	UNIT_OK("time through procedures and a formula", READS("clock") == LANG_READS_TIME);
	UNIT_OK("a constant formula", READS("plain") == 0);
	UNIT_OK("a stored field", READS("a") == LANG_READS_DOCUMENT);
	UNIT_OK("a policy", READS("c") == (LANG_READS_DOCUMENT | LANG_READS_WHO));
	UNIT_OK("viewer_is", READS("d") == (LANG_READS_DOCUMENT | LANG_READS_WHO));
	UNIT_OK("a filter", READS("e") == (LANG_READS_DOCUMENT | LANG_READS_WHO | LANG_READS_VIEWER));
	UNIT_OK("a bubble", READS("b") == LANG_READS_VIEWER);
	UNIT_OK("a private formula", READS("hidden") == LANG_READS_RANDOM);
	UNIT_OK("a list of records that are hidden from some", READS("l") == (LANG_READS_DOCUMENT | LANG_READS_WHO));
	UNIT_OK("a private list of them", READS("pl") == LANG_READS_DOCUMENT);
	UNIT_OK("a private record", READS("o1") == LANG_READS_DOCUMENT);
	UNIT_OK("a nested record", READS("o2") == (LANG_READS_DOCUMENT | LANG_READS_WHO));
	UNIT_OK("the document as it is seen", p->root->reads == (LANG_READS_DOCUMENT | LANG_READS_WHO | LANG_READS_VIEWER | LANG_READS_TIME));
#undef READS
	kit_arena_delete(arena);
}

static void
test_conversions(void)
{
	KitArena   *arena = kit_arena_new("test");
	LangProgram *p = compile(arena, BODY("d = i; l = i; mi = 3; md = 3; s = s + mi.has() + d; d = d + i; md = md + i; M q = {a: 1, m: 4}; q.a = 1; ms = rows[1].name; b = mi == 3; (iterate rows).d = 4;"));
	LangUnit   *u;
	LangExpr   *e;

	if (!UNIT_OK("the program of the conversions is accepted", p != NULL))
	{
		print_diags(&diags, BODY("d = i; l = i; mi = 3; md = 3; s = s + mi.has() + d; d = d + i; md = md + i; M q = {a: 1, m: 4}; q.a = 1; ms = rows[1].name; b = mi == 3; (iterate rows).d = 4;"));
		return;
	}
	u = p->channels[0]->unit;
#define VALUE(k) (body_stmt(u, k)->u.assign.value)
#define IS(e, h) ((e)->kind == LANG_EXPR_CONVERT && (e)->u.convert.how == (h))
	UNIT_OK("int to double", IS(VALUE(0), LANG_CONVERT_INT_TO_DOUBLE) && VALUE(0)->type->kind == LANG_DOUBLE);
	UNIT_OK("int to long", IS(VALUE(1), LANG_CONVERT_WIDEN));
	UNIT_OK("int to maybe<int>", IS(VALUE(2), LANG_CONVERT_TO_MAYBE) && VALUE(2)->u.convert.operand->kind == LANG_EXPR_INT);
	UNIT_OK("int to maybe<double>", IS(VALUE(3), LANG_CONVERT_TO_MAYBE) && IS(VALUE(3)->u.convert.operand, LANG_CONVERT_INT_TO_DOUBLE));
	e = VALUE(4);
	UNIT_OK("concatenation", strcmp(e->u.binary.row->code, "concat") == 0 && IS(e->u.binary.right, LANG_CONVERT_TO_STRING));
	UNIT_OK("an operand that is a double", strcmp(VALUE(5)->u.binary.row->code, "add_double") == 0 && IS(VALUE(5)->u.binary.right, LANG_CONVERT_INT_TO_DOUBLE));
	UNIT_OK("an operand that is a maybe", strcmp(VALUE(6)->u.binary.row->code, "maybe_add_double") == 0 && IS(VALUE(6)->u.binary.right, LANG_CONVERT_TO_MAYBE));
	e = body_stmt(u, 7)->u.declare.value;
	UNIT_OK("object to message", IS(e, LANG_CONVERT_MESSAGE) && IS(e->u.convert.operand->u.object.members[1].value, LANG_CONVERT_TO_MAYBE));
	UNIT_OK("comparison of a maybe", strcmp(VALUE(10)->u.binary.row->code, "eq_maybe_int") == 0 && IS(VALUE(10)->u.binary.right, LANG_CONVERT_TO_MAYBE));
	e = body_stmt(u, 11)->u.assign.place;
	UNIT_OK("bulk assignment", e->is_place && e->type->kind == LANG_LIST && IS(VALUE(11), LANG_CONVERT_INT_TO_DOUBLE));
#undef VALUE
#undef IS
	kit_arena_delete(arena);
}

/* ---- limits ---- */

static void
test_limits(void)
{
	KitArena   *arena = kit_arena_new("test");
	KitBuf		source;

	kit_buf_init(&source, arena);
	kit_buf_add_str(&source, "formula x = 1");
	for (int i = 0; i < 20000; i++)
		kit_buf_add_str(&source, " + 1");
	kit_buf_add_str(&source, ";");
	UNIT_OK("a very long sum is refused", compile(arena, source.data) == NULL && diags.items[0]->code == KIT_PROGRAM_LIMIT && diags.n_errors == 1);

	kit_buf_clear(&source);
	for (int i = 0; i < 3000; i++)
		kit_buf_printf(&source, "formula f%d = f%d + 1;\n", i, i + 1);
	kit_buf_add_str(&source, "formula f3000 = 1;");
	UNIT_OK("a very long chain of formulas is refused", compile(arena, source.data) == NULL && diags.items[0]->code == KIT_PROGRAM_LIMIT);

	kit_buf_clear(&source);
	kit_buf_add_str(&source, "formula f0 = 1;");
	for (int i = 0; i < 3000; i++)
		kit_buf_printf(&source, "formula f%d = f%d + 1;\n", i + 1, i);
	UNIT_OK("as long as it is no matter of depth it is accepted", compile(arena, source.data) != NULL);

	kit_buf_clear(&source);
	for (int i = 0; i < 60001; i++)
		kit_buf_printf(&source, "int f%d;", i);
	UNIT_OK("more fields than slots are refused", compile(arena, source.data) == NULL && diags.items[0]->code == KIT_PROGRAM_LIMIT);

	kit_buf_clear(&source);
	for (int i = 0; i < 200; i++)
		kit_buf_printf(&source, "record R%d { R%d r; }", i, i + 1);
	kit_buf_add_str(&source, "record R200 { int x; }");
	UNIT_OK("records nested very deep are refused", compile(arena, source.data) == NULL && diags.items[0]->code == KIT_PROGRAM_LIMIT);

	kit_buf_clear(&source);
	for (int i = 0; i < 20000; i++)
		kit_buf_printf(&source, "int f%d = g%d;\n", i, i);
	UNIT_OK("many errors end soon", compile(arena, source.data) == NULL && diags.n_errors == 20000 && diags.n == LANG_MAX_DIAGS);
	kit_arena_delete(arena);
}

/* ---- damaged programs ---- */

/* The length of the token that p begins with; a blank is one, too. */
static size_t
token_len(const char *p)
{
	size_t		n = 0;

	while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') || (p[n] >= '0' && p[n] <= '9') || p[n] == '_' || p[n] == '@')
		n++;
	return n > 0 ? n : 1;
}

/*
 * Replaces, removes, doubles or swaps a few tokens of programs that are accepted: whatever comes out, the checker must come back, with a program or with
 * an error.
 */
static void
test_damaged(void)
{
	UnitRandom	random = {unit_seed()};
	const char *starts[5000];
	size_t		lens[5000];

	for (int round = 0; round < unit_rounds(1500); round++)
	{
		const char *source;
		KitArena   *arena = kit_arena_new("test");
		KitBuf		out;
		int			n = 0;
		LangProgram *program;

		do
			source = cases[unit_below(&random, sizeof(cases) / sizeof(cases[0]))].source;
		while (*source == '\0');
		for (const char *p = source; *p != '\0' && n < 5000; p += lens[n++])
		{
			starts[n] = p;
			lens[n] = token_len(p);
		}
		for (int k = 1 + unit_below(&random, 3); k > 0; k--)
		{
			int			a = unit_below(&random, n);
			int			b = unit_below(&random, n);
			const char *start = starts[a];
			size_t		len = lens[a];

			switch (unit_below(&random, 3))
			{
				case 0:
					lens[a] = 0;
					break;
				case 1:
					starts[a] = starts[b];
					lens[a] = lens[b];
					break;
				default:
					starts[a] = starts[b];
					lens[a] = lens[b];
					starts[b] = start;
					lens[b] = len;
					break;
			}
		}
		kit_buf_init(&out, arena);
		for (int i = 0; i < n; i++)
			kit_buf_add(&out, starts[i], lens[i]);
		program = compile(arena, out.data);
		UNIT_TRY((program != NULL) == (diags.n_errors == 0), "round %d", round);
		for (int i = 0; i < diags.n; i++)
			UNIT_TRY(diags.items[i]->code != KIT_OK && diags.items[i]->line > 0 && diags.items[i]->column > 0 && diags.items[i]->message[0] != '\0', "round %d", round);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("damaged programs");
}

int
main(void)
{
	test_cases();
	test_pubsub();
	test_id_equals();
	test_reads();
	test_conversions();
	test_limits();
	test_damaged();
	return unit_done();
}
