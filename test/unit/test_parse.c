/*
 * test_parse.c
 *	  Text to tree: each rule of the grammar, what binds tighter, whole programs, positions, limits; and that no text does harm.
 *
 * What is refused, and how, is in test_syntax.c.
 */
#include "unit.h"

#include "kit/utf8.h"
#include "lang/parse.h"
#include "tree_text.h"

typedef struct Tree
{
	const char *source;
	const char *tree;
} Tree;

static const Tree expressions[] = {
	{"1", "1"},
	{"0x1F", "31"},
	{"7L", "7L"},
	{"0xffL", "255L"},
	{"1.5", "1.5d"},
	{".5", "0.5d"},
	{"5.", "5d"},
	{"1.e5", "100000d"},
	{"1.5E-3", "0.0015d"},
	{"\"a\\n\\u00e9\\ud83d\\ude00\\\\\"", "\"a\n\303\251\360\237\230\200\\\""},
	{"true", "true"},
	{"false", "false"},
	{"x", "x"},
	{"#start", "#start"},
	{"a + b * c - d / e % f", "(- (+ a (* b c)) (% (/ d e) f))"},
	{"(a + b) * c", "(* (paren (+ a b)) c)"},
	{"a - 1", "(- a 1)"},
	{"a -1", "(- a 1)"},
	{"-a.b", "(pre- (. a b))"},
	{"-a * -b", "(* (pre- a) (pre- b))"},
	{"!a.b(c)", "(pre! (call (. a b) c))"},
	{"!(!a)", "(pre! (paren (pre! a)))"},
	{"- (-a)", "(pre- (paren (pre- a)))"},
	{"++a", "(pre++ a)"},
	{"--a.b", "(pre-- (. a b))"},
	{"a++", "(post++ a)"},
	{"a.b[c]--", "(post-- (index (. a b) c))"},
	{"a < b", "(< a b)"},
	{"a <= b", "(<= a b)"},
	{"a > b", "(> a b)"},
	{"a >= b", "(>= a b)"},
	{"a + 1 < b * 2", "(< (+ a 1) (* b 2))"},
	{"a < b < c", "(range a < b < c)"},
	{"a <= b <= c", "(range a <= b <= c)"},
	{"a < b == c >= d", "(== (< a b) (>= c d))"},
	{"a == b", "(== a b)"},
	{"a != b", "(!= a b)"},
	{"a =? b", "(=? a b)"},
	{"a == b && c != d || e", "(|| (&& (== a b) (!= c d)) e)"},
	{"a || b && c", "(|| a (&& b c))"},
	{"a ^^ b || c && d", "(^^ a (|| b (&& c d)))"},
	{"a && b && c", "(&& (&& a b) c)"},
	{"a ? b : c", "(? a b c)"},
	{"a || b ? c + 1 : d ^^ e", "(? (|| a b) (+ c 1) (^^ d e))"},
	{"a ? (b ? c : d) : e", "(? a (paren (? b c d)) e)"},
	{"a inside m", "(inside a m)"},
	{"a ? b : c outside m", "(outside (? a b c) m)"},
	{"a += b", "(+= a b)"},
	{"a -= b *= c + 1", "(-= a (*= b (+ c 1)))"},
	{"a.b += c ? 1 : 2", "(+= (. a b) (? c 1 2))"},
	{"f()", "(call f)"},
	{"f(a, b + 1)(c)[d].e", "(. (index (call (call f a (+ b 1)) c) d) e)"},
	{"a[1]", "(index a 1)"},
	{"a[1, 2]", "(index a 1 2)"},
	{"a.log().delete().default", "(. (call (. (call (. a log)) delete)) default)"},
	{"(a)", "(paren a)"},
	{"(a, b)", "(tuple a b)"},
	{"(a, b + 1, c)", "(tuple a (+ b 1) c)"},
	{"{}", "(object)"},
	{"{a: 1, b, c: {d: 2}}", "(object a: 1 b: b c: (object d: 2))"},
	{"{a: iterate t order by x, b: 3}", "(object a: (order (iterate t) x) b: 3)"},
	{"[]", "(array)"},
	{"[1]", "(array 1)"},
	{"[1, b, [2]]", "(array 1 b (array 2))"},
	{"E::A", "E::A"},
	{"E::*", "E::*"},
	{"E::P*", "E::P*"},
	{"E::A == E::B", "(== E::A E::B)"},
	{"a ? E::A : E::B", "(? a E::A E::B)"},
	{"@no_one", "(@no_one)"},
	{"@who.agent()", "(call (. (@who) agent))"},
	{"@self", "(@self)"},
	{"@context.key", "(. (@context) key)"},
	{"@viewer.limit", "(. (@viewer) limit)"},
	{"@headers", "(@headers)"},
	{"@parameters", "(@parameters)"},
	{"@stable", "(@stable)"},
	{"@blocked", "(@blocked)"},
	{"1 + 2 * @i", "(+ 1 (* 2 (@i)))"},
	{"@pi * @e", "(* (@pi) (@e))"},
	{"@null", "(@null)"},
	{"@nothing", "(@nothing)"},
	{"@empty<list<int>>", "(@empty list< int>)"},
	{"@maybe(a + 1)", "(@maybe (+ a 1))"},
	{"@maybe<int>", "(@maybe int)"},
	{"@pair a + 1 -> b", "(@pair (+ a 1) b)"},
	{"@lambda x: x + 1", "(@lambda x (+ x 1))"},
	{"@convert<M>(a)", "(@convert M a)"},
	{"@date 2023/10/31", "(@date 2023 10 31)"},
	{"@date 2024/2/29", "(@date 2024 2 29)"},
	{"@time 04:30", "(@time 4 30)"},
	{"@datetime \"2023-04-24T17:57:19Z\"", "(@datetime \"2023-04-24T17:57:19Z\")"},
	{"@timespan 5 min", "(@timespan 300)"},
	{"@timespan 1.5 hr", "(@timespan 5400)"},
	{"@timespan 2 weeks", "(@timespan 1.2096e+06)"},
	{"@vec[1, 2]", "(@vec 1 2)"},
	{"@vec[1, 2, 3, x]", "(@vec 1 2 3 x)"},
	{"@matrix[1, 0, 0, 1]", "(@matrix 1 0 0 1)"},
	{"@matrix[@vec[1, 2], @vec[3, 4]]", "(@matrix (@vec 1 2) (@vec 3 4))"},
	{"iterate t", "(iterate t)"},
	{"iterate t.rows where a == b && c", "(where (iterate (. t rows)) (&& (== a b) c))"},
	{"iterate t where_as x: x.a == a", "(where_as (iterate t) x (== (. x a) a))"},
	{"iterate t order a", "(order (iterate t) a)"},
	{"iterate t order by a desc, b asc insensitive, c desc insensitive limit 3 offset 1 + 2",
		"(offset (limit (order (iterate t) a:desc b:i c:desc:i) 3) (+ 1 2))"},
	{"iterate t order_dyn \"-a\"", "(order_dyn (iterate t) \"-a\")"},
	{"iterate t shuffle", "(shuffle (iterate t))"},
	{"iterate t reduce a", "(reduce (iterate t) a)"},
	{"iterate t reduce on a via f", "(reduce (iterate t) a f)"},
	{"iterate t reduce on a via @lambda l: l.size()", "(reduce (iterate t) a (@lambda l (call (. l size))))"},
	{"iterate t map f", "(map (iterate t) f)"},
	{"iterate t map @lambda r: r.a + 1", "(map (iterate t) (@lambda r (+ (. r a) 1)))"},
	{"iterate t unique", "(unique (iterate t))"},
	{"iterate t unique first a", "(unique (iterate t) a)"},
	{"iterate t unique last a", "(unique (iterate t) a last)"},
	{"iterate t rank x: x.a * 2", "(rank (iterate t) x (* (. x a) 2))"},
	{"iterate t rank x: x.a threshold 5 limit 1", "(limit (rank (iterate t) x (. x a) 5) 1)"},
	{"iterate t where a materialize", "(materialize (where (iterate t) a))"},
	{"iterate a traverse g", "(traverse (iterate a) g)"},
	{"q where a limit 2", "(limit (where q a) 2)"},
	{"(iterate t where a).b", "(. (paren (where (iterate t) a)) b)"},
	{"(iterate t)[0].c", "(. (index (paren (iterate t)) 0) c)"},
	{"f(iterate t order by a, 3)", "(call f (order (iterate t) a) 3)"},
	{"iterate", "iterate"},
	{"where + limit", "(+ where limit)"},
	{"order == by", "(== order by)"},
};

static const Tree statements[] = {
	{";", "(empty)"},
	{"{ }", "({)"},
	{"{ ; x(); }", "({ (empty) (expr (call x)))"},
	{"if (a) b();", "(if a ({ (expr (call b))))"},
	{"if (a) { b(); } else c();", "(if a ({ (expr (call b))) ({ (expr (call c))))"},
	{"if (a as x) { } else if (b) { } else if (c) d(); else { e(); }",
		"(if a as x ({) (if b ({) (if c ({ (expr (call d))) ({ (expr (call e))))))"},
	{"if (a) if (b) c(); else d();", "(if a ({ (if b ({ (expr (call c))) ({ (expr (call d))))))"},
	{"let x = 1;", "(declare - x 1)"},
	{"var x = iterate t;", "(declare - x (iterate t))"},
	{"auto x = [1];", "(declare - x (array 1))"},
	{"int x;", "(declare int x)"},
	{"int x = 3;", "(declare int x 3)"},
	{"readonly int x = 3;", "(declare readonly:int x 3)"},
	{"maybe<int> x;", "(declare maybe< int> x)"},
	{"map<int, maybe<string>> m;", "(declare map< int, maybe< string>> m)"},
	{"int(a) x;", "(declare int(a) x)"},
	{"M[] ms = [];", "(declare M[] ms (array))"},
	{"M m = {a: 1};", "(declare M m (object a: 1))"},
	{"pair<int, string> q;", "(declare pair< int, string> q)"},
	{"tuple<int, long, string> q;", "(declare tuple< int, long, string> q)"},
	{"channel<M> c;", "(declare channel< M> c)"},
	{"future<M> f = ask.fetch(w);", "(declare future< M> f (call (. ask fetch) w))"},
	{"json j;", "(declare json j)"},
	{"asset a = @nothing;", "(declare asset a (@nothing))"},
	{"text(x);", "(expr (call text x))"},
	{"while (a < 3) a++;", "(while (< a 3) ({ (expr (post++ a))))"},
	{"do { a++; } while (a < 3);", "(do (< a 3) ({ (expr (post++ a))))"},
	{"do a++; while (a < 3);", "(do (< a 3) ({ (expr (post++ a))))"},
	{"for (int k = 0; k < 3; k++) { }", "(for (declare int k 0) (< k 3) (expr (post++ k)) ({))"},
	{"for (let k = 0; k < 3; k += 2) x();", "(for (declare - k 0) (< k 3) (expr (+= k 2)) ({ (expr (call x))))"},
	{"for (;;) break;", "(for - - - ({ (break)))"},
	{"for (k = 0; ; t <- {a: 1}) { continue; }", "(for (= k 0) - (<- t (object a: 1)) ({ (continue)))"},
	{"foreach (x in iterate t where a) x.a = 1;", "(foreach x (where (iterate t) a) ({ (= (. x a) 1)))"},
	{"switch (a) { case 1: case E::A: b(); break; case E::P*: case \"x\": default: c(); }",
		"(switch a ({ (case 1) (case E::A) (expr (call b)) (break) (case E::P*) (case \"x\") (default) (expr (call c))))"},
	{"break;", "(break)"},
	{"continue;", "(continue)"},
	{"abort;", "(abort)"},
	{"block;", "(block)"},
	{"return;", "(return)"},
	{"return a + 1;", "(return (+ a 1))"},
	{"transition #x;", "(transition #x)"},
	{"transition #x in 2.5;", "(transition #x 2.5d)"},
	{"transition next in @timespan 5 min;", "(transition next (@timespan 300))"},
	{"invoke #x;", "(invoke #x)"},
	{"preempt #x;", "(preempt #x)"},
	{"assert a == 1;", "(assert (== a 1))"},
	{"assert (a) == 1;", "(assert (== (paren a) 1))"},
	{"log \"x\" + a;", "(log (+ \"x\" a))"},
	{"@step;", "(@step)"},
	{"@forward 5;", "(@forward 5)"},
	{"@pump {a: 1} into chan;", "(@pump chan (object a: 1))"},
	{"@send chan(who, {a: 1})", "(@send chan who (object a: 1))"},
	{"@send chan(who, {a: 1});", "(@send chan who (object a: 1))"},
	{"@aborts { a(); }", "(@aborts (expr (call a)))"},
	{"@aborts a();", "(@aborts (expr (call a)))"},
	{"a = b;", "(= a b)"},
	{"a.b[c] = d ? e : f;", "(= (index (. a b) c) (? d e f))"},
	{"(iterate t where a).b = c++;", "(= (. (paren (where (iterate t) a)) b) (post++ c))"},
	{"a <- b;", "(<- a b)"},
	{"t <- {a: 1} as id;", "(<- t (object a: 1) as id)"},
	{"t<-m;", "(<- t m)"},
	{"a += 1;", "(expr (+= a 1))"},
	{"a++;", "(expr (post++ a))"},
	{"iterate t where a;", "(expr (where (iterate t) a))"},
	{"transition = 3;", "(= transition 3)"},
	{"a.b(c);", "(expr (call (. a b) c))"},
	{"let iterate = 1;", "(declare - iterate 1)"},
};

static const Tree types[] = {
	{"int", "int"},
	{"bool", "bool"},
	{"principal", "principal"},
	{"secure<principal>", "secure< principal>"},
	{"asset", "asset"},
	{"dynamic", "dynamic"},
	{"double", "double"},
	{"complex", "complex"},
	{"date", "date"},
	{"datetime", "datetime"},
	{"time", "time"},
	{"timespan", "timespan"},
	{"long", "long"},
	{"string", "string"},
	{"label", "label"},
	{"json", "json"},
	{"vec2", "vec2"},
	{"matrixh4", "matrixh4"},
	{"pair<int,string>", "pair< int, string>"},
	{"map<int, list<maybe<M>>>", "map< int, list< maybe< M>>>"},
	{"grid<int,int>", "grid< int, int>"},
	{"table<R>", "table< R>"},
	{"channel<M>", "channel< M>"},
	{"channel<M[]>", "channel< M[]>"},
	{"list<maybe<int>>", "list< maybe< int>>"},
	{"maybe<list<int>>", "maybe< list< int>>"},
	{"future<maybe<M[]>>", "future< maybe< M[]>>"},
	{"tuple<int,long,M>", "tuple< int, long, M>"},
	{"result<M>", "result< M>"},
	{"M", "M"},
	{"M[]", "M[]"},
	{"int []", "int[]"},
	{"readonly int", "readonly int"},
	{"mutable M", "mutable M"},
	{"readonly table<R>", "readonly table< R>"},
	{"int(a)", "int(a)"},
	{"int (a, b=3, c=\"x\" d=word)", "int(a,b=3,c=x,d=word)"},
	{"string[] (a=1)", "string[](a=1)"},
};

static const Tree fields[] = {
	{"int x;", "(field int x)"},
	{";;int x;;", "(field int x)"},
	{"public int x = 3;", "(field public int x 3)"},
	{"private string s = \"a\";", "(field private string s \"a\")"},
	{"viewer_is<who> int secret;", "(field viewer_is <who> int secret)"},
	{"use_policy<p> int x;", "(field use_policy <p> int x)"},
	{"use_policy<p, q | f, g> int x;", "(field use_policy <p,q|f,g> int x)"},
	{"use_policy<|f> int x;", "(field use_policy <|f> int x)"},
	{"use<p> int x;", "(field use_policy <p> int x)"},
	{"readonly int x = 3;", "(field readonly int x 3)"},
	{"public readonly maybe<int> x;", "(field public readonly maybe< int> x)"},
	{"int x required;", "(field int x required)"},
	{"int x = 3 required;", "(field int x 3 required)"},
	{"text t;", "(field text t)"},
	{"holder<M> h;", "(field holder< M> h)"},
	{"table<R> t;", "(field table< R> t)"},
	{"list<int> l;", "(field list< int> l)"},
	{"map<string, R> m;", "(field map< string, R> m)"},
	{"grid<int, int> g;", "(field grid< int, int> g)"},
	{"R r;", "(field R r)"},
	{"asset a;", "(field asset a)"},
	{"public formula y = x * 2;", "(field public formula y (* x 2))"},
	{"auto y = x;", "(field formula y x)"},
	{"public auto y = x;", "(field public formula y x)"},
	{"cached<once> y = x;", "(field cached once y x)"},
	{"public cached<every 5 min> y = x;", "(field public cached 300s y x)"},
	{"formula formula = 1;", "(field formula formula 1)"},
	{"int formula;", "(field int formula)"},
	{"view int limit;", "(view int limit)"},
	{"view M[] ms;", "(view M[] ms)"},
	{"bubble mine = iterate t where who == @who limit @viewer.limit;",
		"(bubble mine (limit (where (iterate t) (== who (@who))) (. (@viewer) limit)))"},
	{"bubble<p> mine = x;", "(bubble <p> mine x)"},
	{"bubble<p, q | f> mine = x;", "(bubble <p,q|f> mine x)"},
};

static const Tree declarations[] = {
	{"#start { x(); }", "(state start ({ (expr (call x))))"},
	{"#start x();", "(state start ({ (expr (call x))))"},
	{"enum E { A, B:5, @default C }", "(enum E A B:5 @default:C)"},
	{"enum E { A B , , C:0x10 D }", "(enum E A B C:16 D)"},
	{"enum E { }", "(enum E)"},
	{"record R { }", "(record R)"},
	{"record R { int a; public string b = \"x\"; formula c = a; require p; policy p { return true; } bubble d = a; bubble<p> e "
		"= a; index a; method m() { a = 1; } method n(int x) -> int readonly { return a; } ingested { a++; } join g via t[x] from "
		"x.a to x.b; replication<s:m> st = a; datetime u @updated; int v @bump; int w required; readonly int z; table<S> t; S s; }",
		"(record R (field int a) (field public string b \"x\") (field formula c a) (require p) (policy p ({ (return true))) "
		"(bubble d a) (bubble <p> e a) (index a) (method m [ ] ({ (= a 1))) (method n [ int x ] -> int readonly ({ (return a))) "
		"(ingested ({ (expr (post++ a)))) (join g t x (. x a) (. x b)) (replication st s m a) (field datetime u @updated) (field "
		"int v @bump) (field int w required) (field readonly int z) (field table< S> t) (field S s))"},
	{"record R { int a; } (key=1)", "(record R(key=1) (field int a))"},
	{"message M { int a = 3; string s; index a; @csv; @parsed { a++; } method m() { } int id = 4 lossy unique @silent; int id2 "
		"unique; maybe<M[]> m; readonly int r; } (a, b=\"c\")",
		"(message M(a,b=c) (field int a 3) (field string s) (index a) (@csv) (@parsed ({ (expr (post++ a)))) (method m [ ] ({)) "
		"(field int id 4 lossy unique @silent) (field int id2 unique) (field maybe< M[]> m) (field readonly int r))"},
	{"channel<M> ask;", "(channel<> ask M)"},
	{"channel<M[]> ask;", "(channel<> ask M[])"},
	{"channel say(M m) { x(); }", "(channel say M m ({ (expr (call x))))"},
	{"channel say(M[] ms) open { }", "(channel say M[] ms open ({))"},
	{"channel say(M m) requires<p, q> { }", "(channel say M m <p,q> ({))"},
	{"channel say(M m) open requires<p | f> return;", "(channel say M m open <p|f> ({ (return)))"},
	{"rpc f(who) { }", "(rpc f [ - who ] ({))"},
	{"rpc f(who, int a, M m) { }", "(rpc f [ - who int a M m ] ({))"},
	{"function f() -> int { return 1; }", "(function f [ ] -> int ({ (return 1)))"},
	{"function f(int a, readonly M m, mutable M n) -> maybe<int> return a;",
		"(function f [ int a readonly M m mutable M n ] -> maybe< int> ({ (return a)))"},
	{"procedure f() { }", "(procedure f [ ] ({))"},
	{"procedure f(table<R> t) -> int readonly aborts viewer { }",
		"(procedure f [ table< R> t ] -> int readonly aborts viewer ({))"},
	{"procedure f() aborts { abort; }", "(procedure f [ ] aborts ({ (abort)))"},
	{"dispatch E::V f(int a) -> int { return a; }", "(dispatch f E::V [ int a ] -> int ({ (return a)))"},
	{"dispatch E::V* f() { }", "(dispatch f E::V* [ ] ({))"},
	{"dispatch E::* f() { }", "(dispatch f E::* [ ] ({))"},
	{"policy p { return @who == owner; }", "(policy p ({ (return (== (@who) owner))))"},
	{"filter f { return limit > 0; }", "(filter f ({ (return (> limit 0))))"},
	{"test t { assert x == 1; @pump {a: 1} into chan; @step; @forward 5; @send chan(who, {a: 1}) @aborts { } }",
		"(test t ({ (assert (== x 1)) (@pump chan (object a: 1)) (@step) (@forward 5) (@send chan who (object a: 1)) (@aborts)))"},
	{"@construct { x(); }", "(@construct ({ (expr (call x))))"},
	{"@construct (M m) { }", "(@construct [ M m ] ({))"},
	{"@connected { return true; }", "(@connected ({ (return true)))"},
	{"@disconnected { }", "(@disconnected ({))"},
	{"@delete { return false; }", "(@delete ({ (return false)))"},
	{"@load { }", "(@load ({))"},
	{"@can_attach { return true; }", "(@can_attach ({ (return true)))"},
	{"@attached (a) { x = a; }", "(@attached [ - a ] ({ (= x a)))"},
	{"@authorization (M m) { return {hash: \"x\"}; }", "(@authorization [ M m ] ({ (return (object hash: \"x\"))))"},
	{"@static { create { return true; } invent { return false; } send return true; maximum_history = 10; delete_on_close = "
		"true; frequency = 100; temporal_resolution_ms = 5; sweep_export_delay = 1; readonly = false; }",
		"(@static (create ({ (return true))) (invent ({ (return false))) (send ({ (return true))) (config maximum_history 10) "
		"(config delete_on_close true) (config frequency 100) (config temporal_resolution_ms 5) (config sweep_export_delay 1) "
		"(config readonly false))"},
	{"@static (who) { }", "(@static who)"},
	{"@cron a hourly 30 { }", "(@cron a hourly 0/0:30 ({))"},
	{"@cron a hourly minute { }", "(@cron a hourly minute ({))"},
	{"@cron a daily 4:30 { x(); }", "(@cron a daily 0/4:30 ({ (expr (call x))))"},
	{"@cron a daily when { }", "(@cron a daily when ({))"},
	{"@cron a monthly 31 { }", "(@cron a monthly 31/0:0 ({))"},
	{"@include name;", "(@include name)"},
	{"@include lib/sub/name;", "(@include lib/sub/name)"},
	{"@import lib/name;", "(@import lib/name)"},
	{"@link a { b = 1; c = \"x\"; }", "(@link a (config b 1) (config c \"x\"))"},
	{"@web get / { return {html: \"x\"}; }", "(@web get / [ ] ({ (return (object html: \"x\"))))"},
	{"@web get /a/$id:int/$rest* { }", "(@web get /a/$id:int/$rest* [ int id - rest ] ({))"},
	{"@web get /a/$id/b { }", "(@web get /a/$id/b [ - id ] ({))"},
	{"@web options /a.b/c-d/2 requires<p> { }", "(@web options /a.b/c-d/2 [ ] <p> ({))"},
	{"@web delete /x { }", "(@web delete /x [ ] ({))"},
	{"@web put /a/$b:string (M m) requires<p> { }", "(@web put /a/$b:string [ string b ] M m <p> ({))"},
	{"@export a = x + 1;", "(@export a (+ x 1))"},
	{"@traffic \"hint\";", "(@traffic \"hint\")"},
	{"metric m = x * 2;", "(metric m (* x 2))"},
	{"template t : `html` <a>\"x\" `b` </a> `html`", "(template t \" <a>\"x\" `b` </a> \")"},
	{"template t: `` x ``;", "(template t \" x \")"},
	{"assoc<A, B> g;", "(assoc g A B -)"},
	{"assoc<A, B, C> g;", "(assoc g A B C)"},
	{"join g via t[x] from x.a to x.b;", "(join g t x (. x a) (. x b))"},
	{"replication<svc:m> st = {a: x};", "(replication st svc m (object a: x))"},
	{"service s { class=\"x\"; method<In, Out> m; a { b } }", "(service s \"{ class=\"x\"; method<In, Out> m; a { b } }\")"},
	{"client c { \"}\" }", "(client c \"{ \"}\" }\")"},
	{"/* a */ int x; // b", "(field int x)"},
	{"int a /* x */ = /**/ 1; /* // */", "(field int a 1)"},
};

/* ---- parsing ---- */

static LangDiags diags;

static const char *
tree_of(KitArena *arena, const char *source, size_t len)
{
	LangTree	tree;
	KitBuf		out;
	bool		is_ok;

	lang_diags_init(&diags, arena);
	is_ok = lang_parse(source, len, arena, kit_sym_table_new(arena), &tree, &diags);
	kit_buf_init(&out, arena);
	if (is_ok)
		tree_program(&out, &tree);
	for (int i = 0; i < diags.n; i++)
		lang_diag_render(diags.items[i], NULL, source, len, &out);
	return is_ok == (diags.n_errors == 0) ? out.data + (out.len > 0 && out.data[0] == ' ') :
		"the result contradicts the number of errors";
}

/* Each source within before and after; its tree within the tree of these. */
static void
test_trees(const char *what, const Tree *trees, size_t n, const char *before, const char *after, const char *tree_before,
		   const char *tree_after)
{
	for (size_t i = 0; i < n; i++)
	{
		KitArena   *arena = kit_arena_new("test");
		char	   *source = kit_arena_printf(arena, "%s%s%s", before, trees[i].source, after);
		char	   *expected = kit_arena_printf(arena, "%s%s%s", tree_before, trees[i].tree, tree_after);
		const char *got = tree_of(arena, source, strlen(source));

		UNIT_TRY(strcmp(got, expected) == 0, "%s\n#     gives    %s\n#     expected %s", trees[i].source, got, expected);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY(what);
}

#define TREES(what, trees, ...) test_trees(what, trees, sizeof(trees) / sizeof((trees)[0]), __VA_ARGS__)

/* ---- whole programs ---- */

static const char pubsub[] =
	"record Publish {\n  public principal who;\n  public long when;\n  public string payload;\n}\ntable<Publish> _publishes;\npublic formula publishes =\n"
	"  iterate _publishes order by when asc;\nmessage PublishMessage {\n  string payload;\n}\nchannel publish(PublishMessage message) {\n  _publishes <- {\n"
	"    who: @who,\n    when: Time.now(),\n    payload: message.payload\n  };\n  // Age out old publishes\n  (iterate _publishes\n"
	"    where when < Time.now() - 60000).delete();\n  // Hard cap at 100 most recent\n  (iterate _publishes\n    order by when desc\n    offset 100).delete();\n}\n";

static const char notify[] =
	"public int max_db_seq = 0;\nmessage NotifyWrite {\n  int db_seq;\n}\nchannel notify(NotifyWrite message) {\n  if (message.db_seq > max_db_seq) {\n"
	"    max_db_seq = message.db_seq;\n  }\n}\n";

/* A bit of everything, most of it as people write it. */
static const char chat[] =
	"@static {\n  create { return @who.isAdamaDeveloper() || @context.origin == \"https://example.com\"; }\n  invent { return true; }\n  maximum_history = 250;\n}\n"
	"enum Role { @default Guest, Member:10, Moderator:20 }\n"
	"dispatch Role::Guest may_post() -> bool { return false; }\ndispatch Role::M* may_post() -> bool { return true; }\n"
	"record Person {\n  public int id;\n  public principal who;\n  public string name;\n  public Role role;\n  viewer_is<who> int unread;\n  private datetime joined @updated;\n"
	"  index who;\n  policy is_self { return @who == who; }\n  use_policy<is_self> string email;\n  public formula short_name = name.length() > 10 ? \"long\" : name;\n"
	"  method greet(string with) -> string readonly { return with + \", \" + name; }\n}\n"
	"record Line {\n  public int id;\n  public int person_id;\n  public string text;\n  public long when;\n  table<Reaction> reactions;\n"
	"  public formula hearts = (iterate reactions where kind == \"heart\").size();\n  ingested { when = Time.now(); }\n}\n"
	"record Reaction { public int person_id; public string kind required; }\n"
	"table<Person> _people;\ntable<Line> _lines;\nprincipal owner;\npublic string topic = \"welcome\";\nmap<string, int> words;\nmaybe<int> pinned;\n"
	"view int first;\nview int count;\nfilter sane { return first >= 0 && count < 1000; }\n"
	"policy is_member { return (iterate _people where who == @who && role != Role::Guest).size() > 0; }\n"
	"public formula people = iterate _people order by name asc insensitive, id desc;\npublic formula n_lines = _lines.size();\n"
	"bubble<is_member | sane> lines = iterate _lines order by when desc limit @viewer.count offset @viewer.first;\n"
	"bubble me = (iterate _people where who == @who)[0];\ncached<every 5 min> public_words = words.size();\n"
	"message Say { string text; maybe<int> reply_to; }\nmessage React { int line; string kind; @parsed { kind = kind.trim(); } }\nmessage Kick { int person_id; string reason = \"none\" lossy; }\n"
	"function clip(string s, int n) -> string {\n  if (s.left(n) as t) { return t; } else if (n < 0) { return \"\"; }\n  return s;\n}\n"
	"procedure find(principal who) -> maybe<Person> readonly { return (iterate _people where_as p: p.who == who)[0]; }\n"
	"procedure count_words(string text) {\n  foreach (w in text.split(\" \")) {\n    if (w.isBlank()) continue;\n    words[w] += 1;\n  }\n}\n"
	"@construct (Say first_line) {\n  owner = @who;\n  topic = first_line.text;\n  transition #tidy in 3600.0;\n}\n"
	"@connected {\n  if (find(@who) as p) {\n    p.unread = 0;\n  } else {\n    _people <- {who: @who, name: @who.agent(), role: @who == owner ? Role::Moderator : Role::Guest} as id;\n    log \"joined \" + id;\n  }\n"
	"  return @who != @no_one;\n}\n@disconnected { }\n@delete { return @who == owner; }\n"
	"channel say(Say m) requires<is_member> {\n  if (find(@who) as p) { if (p.role == Role::Guest) abort; }\n  _lines <- {person_id: 1, text: clip(m.text, 500), reactions: [{person_id: 1, kind: \"sent\"}]};\n"
	"  count_words(m.text);\n  (iterate _people where who != @who).unread++;\n  (iterate _lines order by when desc offset 1000).delete();\n}\n"
	"channel react(React[] all) open {\n  foreach (r in all) {\n    switch (r.kind) {\n      case \"heart\":\n      case \"star\":\n        _lines[r.line].reactions;\n        break;\n      default:\n        abort;\n    }\n  }\n}\n"
	"channel kick(Kick k) {\n  (iterate _people where id == k.person_id && 0 < id <= 1000).delete();\n  for (int i = 0; i < 3; i++) { owner = @no_one; }\n  do { pinned.delete(); } while (pinned.has());\n}\n"
	"#tidy {\n  let cut = Time.now() - 24L * 3600L * 1000L;\n  (iterate _lines where when < cut).delete();\n  transition #tidy in @timespan 1 hr;\n}\n"
	"@cron nightly daily 4:30 { words.clear(); }\n@web get /lines/$n:int { return {html: \"<b>\" + n + \"</b>\"}; }\n"
	"test posting {\n  @pump {text: \"x\"} into say;\n  @step;\n  assert _lines.size() == 1;\n  @forward 5;\n  @aborts { @send say(owner, {text: \"\"}) }\n}\n";

static void
test_programs(void)
{
	static const char comments[] = "\xef\xbb\xbf// a\r\n/* b \xc3\xa9 */";
	KitArena   *arena = kit_arena_new("test");

	UNIT_TEXT("the pub/sub program", tree_of(arena, pubsub, strlen(pubsub)),
			  "(record Publish (field public principal who) (field public long when) (field public string payload)) (field table< Publish> _publishes) "
			  "(field public formula publishes (order (iterate _publishes) when)) (message PublishMessage (field string payload)) "
			  "(channel publish PublishMessage message ({ (<- _publishes (object who: (@who) when: (call (. Time now)) payload: (. message payload))) "
			  "(expr (call (. (paren (where (iterate _publishes) (< when (- (call (. Time now)) 60000)))) delete))) "
			  "(expr (call (. (paren (offset (order (iterate _publishes) when:desc) 100)) delete)))))");
	UNIT_TEXT("the notify program", tree_of(arena, notify, strlen(notify)),
			  "(field public int max_db_seq 0) (message NotifyWrite (field int db_seq)) "
			  "(channel notify NotifyWrite message ({ (if (> (. message db_seq) max_db_seq) ({ (= max_db_seq (. message db_seq))))))");
	UNIT_TEXT("the empty program", tree_of(arena, "", 0), "");
	UNIT_TEXT("a program of comments", tree_of(arena, comments, strlen(comments)), "");
	tree_of(arena, chat, strlen(chat));
	UNIT_OK("a program with a bit of everything", diags.n == 0);
	kit_arena_delete(arena);
}

/* ---- words ---- */

static void
test_words(void)
{
	static const char *const refused[] = {
		"abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default", "do",
		"double", "else", "enum", "extends",
		"final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long",
		"native", "new", "package", "private",
		"protected", "public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this", "throw",
		"throws", "transient", "try", "void",
		"volatile", "while", "true", "false", "null", "log", "bool", "secure", "principal", "dynamic", "complex", "date",
		"datetime", "time", "timespan", "string",
		"label", "list", "maybe", "future", "map", "grid", "pair", "tuple", "table", "readonly", "vec2", "vec3", "vec4",
		"matrix2", "matrix3", "matrix4", "matrixh4",
		"foreach", "abort", "block"
	};
	static const char *const free_words[] = {
		"record", "message", "channel", "function", "procedure", "policy", "view", "iterate", "where", "order", "by", "limit",
		"offset", "let", "var", "transition",
		"invoke", "required", "open", "formula", "auto", "bubble", "id", "in", "as", "via", "text", "json", "asset", "result",
		"holder", "index", "method", "_", "__x", "a1"
	};
	static const char *const forms[] = {
		"int %s;", "record %s { }", "message %s { }", "enum %s { A }", "enum E { %s }", "function %s() -> int { return 1; }",
		"function f(int %s) -> int { return 1; }",
		"procedure %s() { }", "policy %s { }", "channel %s(M m) { }", "channel c(M %s) { }", "formula %s = 1;", "bubble %s = 1;",
		"view int %s;", "procedure f() { int %s = 1; }",
		"procedure f() { let %s = 1; }", "procedure f() { foreach (%s in x) { } }", "procedure f() { if (x as %s) { } }",
		"procedure f() { t <- m as %s; }",
		"record R { int %s; }", "record R { method %s() { } }", "message M { int %s; }", "formula f = @lambda %s: 1;",
		"formula f = iterate t where_as %s: true;"
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
		{
			KitArena   *arena = kit_arena_new("test");
			char	   *source = kit_arena_printf(arena, forms[k], refused[i]);

			tree_of(arena, source, strlen(source));
			UNIT_TRY(diags.n_errors > 0, "%s is accepted", source);
			kit_arena_delete(arena);
		}
	UNIT_PROPERTY("words that nothing new can be called by");
	for (size_t i = 0; i < sizeof(free_words) / sizeof(free_words[0]); i++)
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
		{
			KitArena   *arena = kit_arena_new("test");
			char	   *source = kit_arena_printf(arena, forms[k], free_words[i]);
			const char *tree = tree_of(arena, source, strlen(source));

			UNIT_TRY(diags.n_errors == 0, "%s is refused: %s", source, tree);
			kit_arena_delete(arena);
		}
	UNIT_PROPERTY("all others can be names");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		KitArena   *arena = kit_arena_new("test");
		char	   *source = kit_arena_printf(arena, "formula f = a.%s + b.%s();", refused[i], refused[i]);

		tree_of(arena, source, strlen(source));
		UNIT_TRY(diags.n_errors == 0, "%s is refused", source);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("any word may stand behind a dot");
}

/* ---- positions ---- */

static void
test_positions(void)
{
	KitArena   *arena = kit_arena_new("test");
	static const char source[] = "public formula  f =\n\t\"\xc3\xa9\xf0\x9f\x98\x80\" + a.b[1] ==\n  c(d);";
	LangTree	tree;
	LangExpr   *equal;
	LangExpr   *plus;

	lang_diags_init(&diags, arena);
	if (!UNIT_OK("positions: parsed", lang_parse(source, strlen(source), arena, kit_sym_table_new(arena), &tree, &diags)))
		return;
	equal = tree.items[0]->u.field.value;
	plus = equal->u.binary.left;
	UNIT_OK("a declaration is where its first word is", tree.items[0]->pos.line == 1 && tree.items[0]->pos.column == 1 &&
			tree.items[0]->pos.length == 6);
	UNIT_OK("a name is where it stands", tree.items[0]->name.pos.column == 17 && tree.items[0]->name.pos.length == 1);
	UNIT_OK("an operator of two characters", equal->pos.line == 2 && equal->pos.column == 16 && equal->pos.length == 2);
	UNIT_OK("columns count characters, a tab is one", plus->pos.column == 7 && plus->u.binary.left->pos.column == 2 &&
			plus->u.binary.left->pos.length == 4);
	UNIT_OK("a field is where its dot is", plus->u.binary.right->u.call.callee->pos.column == 10 &&
			plus->u.binary.right->pos.column == 12);
	UNIT_OK("lines go on", equal->u.binary.right->u.call.args[0]->pos.line == 3 &&
			equal->u.binary.right->u.call.args[0]->pos.column == 5);
	kit_arena_delete(arena);
}

/* ---- limits ---- */

/* before, n times part, after; one error at most, and of which kind. */
static KitError
error_of_repeated(const char *before, const char *part, int n, const char *middle, const char *closing, const char *after)
{
	KitArena   *arena = kit_arena_new("test");
	KitBuf		source;
	LangTree	tree;
	KitError	code;

	kit_buf_init(&source, arena);
	kit_buf_add_str(&source, before);
	for (int i = 0; i < n; i++)
		kit_buf_add_str(&source, part);
	kit_buf_add_str(&source, middle);
	for (int i = 0; i < n; i++)
		kit_buf_add_str(&source, closing);
	kit_buf_add_str(&source, after);
	lang_diags_init(&diags, arena);
	lang_parse(source.data, source.len, arena, kit_sym_table_new(arena), &tree, &diags);
	code = diags.n_errors == 0 ? KIT_OK : diags.n_errors == 1 ? diags.items[0]->code : KIT_N_ERRORS;
	kit_arena_delete(arena);
	return code;
}

static void
test_limits(void)
{
	static const struct
	{
		const char *what;
		const char *before;
		const char *part;
		const char *middle;
		const char *closing;
		const char *after;
	}			nests[] = {
		{"parentheses", "formula f = ", "(", "1", ")", ";"},
		{"arrays", "formula f = ", "[", "1", "]", ";"},
		{"objects", "formula f = ", "{a: ", "1", "}", ";"},
		{"calls", "formula f = ", "f(", "1", ")", ";"},
		{"indexes", "formula f = ", "a[", "1", "]", ";"},
		{"pairs", "formula f = ", "@pair ", "1", " -> 1", ";"},
		{"lambdas", "formula f = ", "@lambda x: ", "1", "", ";"},
		{"assignments", "formula f = ", "a += ", "1", "", ";"},
		{"types", "", "maybe<", "int", ">", " x;"},
		{"blocks", "procedure f() ", "{", "", "}", ""},
		{"branches", "procedure f() { ", "if (a) ", ";", "", "}"},
		{"loops", "procedure f() { ", "do ", ";", "while (a);", "}"},
		{"nested ? :", "formula f = ", "a ? ", "1", " : 1", ";"},
	};
	KitArena   *arena = kit_arena_new("test");
	char	   *large;

	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++)
	{
		bool		is_ternary = strcmp(nests[i].what, "nested ? :") == 0;
		KitError	few = error_of_repeated(nests[i].before, nests[i].part, 150, nests[i].middle, nests[i].closing,
											nests[i].after);
		KitError	many = error_of_repeated(nests[i].before, nests[i].part, 30000, nests[i].middle, nests[i].closing,
											 nests[i].after);

		UNIT_TRY(is_ternary || few == KIT_OK, "150 %s: %s", nests[i].what, kit_error_name(few));
		UNIT_TRY(is_ternary ? diags.n_errors > 0 : many == KIT_PROGRAM_LIMIT, "30000 %s: %s", nests[i].what,
				 kit_error_name(many));
	}
	UNIT_PROPERTY("nesting is limited, by an error that says so and no other");
	UNIT_OK("a long chain of operators", error_of_repeated("formula f = 1", " + 1", 150, "", "", ";") == KIT_OK);
	UNIT_OK("too long a chain of operators", error_of_repeated("formula f = 1", " + 1", 30000, "", "", ";") == KIT_PROGRAM_LIMIT);
	UNIT_OK("too long a chain of fields", error_of_repeated("formula f = a", ".a", 30000, "", "", ";") == KIT_PROGRAM_LIMIT);
	UNIT_OK("a long chain of else if", error_of_repeated("procedure f() { if (a) ;", " else if (a) ;", 2000, "", "",
														 "}") == KIT_OK);
	UNIT_OK("many statements", error_of_repeated("procedure f() { ", "a = 1;", 30000, "", "", "}") == KIT_OK);
	UNIT_OK("many fields", error_of_repeated("record R { ", "int a;", 30000, "", "", "}") == KIT_OK);

	large = kit_arena_alloc(arena, LANG_MAX_SOURCE + 1);
	memset(large, ' ', LANG_MAX_SOURCE + 1);
	tree_of(arena, large, LANG_MAX_SOURCE);
	UNIT_OK("a program of the largest size", diags.n_errors == 0);
	tree_of(arena, large, LANG_MAX_SOURCE + 1);
	UNIT_OK("a program that is larger", diags.n_errors == 1 && diags.items[0]->code == KIT_PROGRAM_LIMIT &&
			strstr(diags.items[0]->message, "1048577") != NULL);
	kit_arena_delete(arena);
}

/* ---- any text ---- */

static bool
is_utf8(const char *text)
{
	uint32_t	code;
	const uint8_t *p = (const uint8_t *) text;
	const uint8_t *end = p + strlen(text);
	int			n;

	while (p < end && (n = kit_utf8_read(p, end, &code)) > 0)
		p += n;
	return p == end;
}

/* Whatever the text: an answer, and diagnostics that can be shown. */
static void
try_text(const char *text, size_t len, uint64_t seed)
{
	KitArena   *arena = kit_arena_new("test");
	char	   *exact = malloc(len + 1);	/* so that reading beyond its end is seen */
	LangTree	tree;
	KitBuf		out;
	bool		is_ok;

	memcpy(exact, text, len);
	exact = realloc(exact, len > 0 ? len : 1);
	lang_diags_init(&diags, arena);
	is_ok = lang_parse(exact, len, arena, kit_sym_table_new(arena), &tree, &diags);
	kit_buf_init(&out, arena);
	UNIT_TRY(is_ok == (diags.n_errors == 0), "seed %llu: %d errors, but it says %s", (unsigned long long) seed, diags.n_errors,
			 is_ok ? "yes" : "no");
	if (is_ok)
		tree_program(&out, &tree);
	for (int i = 0; i < diags.n; i++)
	{
		const KitDiag *d = diags.items[i];

		UNIT_TRY(d->line >= 1 && d->column >= 1 && d->length >= 1 && d->message[0] != '\0',
				 "seed %llu: a diagnostic without place or text", (unsigned long long) seed);
		UNIT_TRY(is_utf8(d->message) && is_utf8(d->hint) && is_utf8(d->detail), "seed %llu: a diagnostic that is not UTF-8",
				 (unsigned long long) seed);
		UNIT_TRY(i == 0 || d->line > diags.items[i - 1]->line ||
				 (d->line == diags.items[i - 1]->line && d->column >= diags.items[i - 1]->column),
				 "seed %llu: diagnostics out of order", (unsigned long long) seed);
		if (i < 3)
			lang_diag_render(d, "program", exact, len, &out);
	}
	free(exact);
	kit_arena_delete(arena);
}

static const char *const pieces[] = {
	"{", "}", "(", ")", "[", "]", "<", ">", ";", ",", ".", ":", "::", "=", "==", "<-", "->", "?", "*", "-", "!", "\"", "`", "'",
	"/*", "*/", "//", "\n", "\\", "#x", "@who",
	"@static", "@web", "iterate", "where", "order", "if", "else", "for", "foreach", "switch", "case", "record", "message",
	"channel", "function", "enum", "public", "formula",
	"int", "table<", "maybe<", "x", "1", "1.", "7-1", "0x", "1e5", "\xc3\xa9", "\xe2\x80\x9c", "\xff", "\\u12", "@date 1/2/3",
	"@maybe<", "@lambda x:", "service s {", "template t:"
};

static void
test_mutations(void)
{
	static const char *const programs[] = {pubsub, notify, chat};
	UnitRandom	random = {unit_seed()};
	char		text[20000];

	for (int round = 0; round < unit_rounds(4000); round++)
	{
		uint64_t	seed = random.state;
		const char *program = programs[unit_below(&random, 3)];
		size_t		len = strlen(program);

		memcpy(text, program, len);
		for (uint32_t n = 1 + unit_below(&random, 4); n > 0; n--)
		{
			size_t		at = unit_below(&random, (uint32_t) len + 1);
			const char *piece = pieces[unit_below(&random, sizeof(pieces) / sizeof(pieces[0]))];
			size_t		piece_len = strlen(piece);
			size_t		cut = unit_below(&random, 30);

			if (cut > len - at)
				cut = len - at;
			switch (unit_below(&random, 5))
			{
				case 0:			/* insert */
					memmove(text + at + piece_len, text + at, len - at);
					memcpy(text + at, piece, piece_len);
					len += piece_len;
					break;
				case 1:			/* delete */
					memmove(text + at, text + at + cut, len - at - cut);
					len -= cut;
					break;
				case 2:			/* double */
					memmove(text + at + cut, text + at, len - at);
					len += cut;
					break;
				case 3:			/* one byte */
					if (at < len)
						text[at] = (char) unit_below(&random, 256);
					break;
				default:		/* the end is missing */
					if (n == 1 && unit_below(&random, 4) == 0)
						len = at;
					break;
			}
		}
		try_text(text, len, seed);
	}
	UNIT_PROPERTY("programs with random changes are parsed or refused");
	for (int round = 0; round < unit_rounds(4000); round++)
	{
		uint64_t	seed = random.state;
		size_t		len = 0;

		for (uint32_t n = unit_below(&random, 40); n > 0; n--)
		{
			const char *piece = pieces[unit_below(&random, sizeof(pieces) / sizeof(pieces[0]))];

			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
			if (unit_below(&random, 3) > 0)
				text[len++] = ' ';
		}
		try_text(text, len, seed);
	}
	UNIT_PROPERTY("random tokens are parsed or refused");
}

/* Texts that could take a time that grows faster than they do. */
static void
test_large(void)
{
	static const char *const parts[] = {
		"\"", "'", "`", "`a`", "\xe2\x80\x9c", "\xe2\x80\x9a", "/*", "//", "{", "}", "(", "\\\"\n", "#", "@", "7-", "1", "a ",
		"a.", "!", "? ", "int ", "record R {", "foreach (",
		"iterate t where ", ";", "x = 'a' ", "\"\"", "a b\n", "public int x\n", "procedure p() {\n", "if (a) {", "\xff", "case ",
		"<", "f(", "policy p(\n", "for (a ", "@connected (\n",
	};
	KitArena   *arena = kit_arena_new("test");
	char	   *text = kit_arena_alloc(arena, 200000);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (int in_block = 0; in_block < 2; in_block++)
		{
			size_t		len = in_block ? (size_t) snprintf(text, 100, "procedure p() {\n") : 0;

			for (; len + 20 < 200000; len += strlen(parts[i]))
				memcpy(text + len, parts[i], strlen(parts[i]));
			try_text(text, len, i);
		}
	UNIT_PROPERTY("large texts of one piece are parsed or refused");
	kit_arena_delete(arena);
}

int
main(void)
{
	TREES("expressions", expressions, "formula f = ", ";", "(field formula f ", ")");
	TREES("statements", statements, "procedure p() { ", " }", "(procedure p [ ] ({ ", "))");
	TREES("types", types, "procedure p(", " x) { }", "(procedure p [ ", " x ] ({))");
	TREES("fields", fields, "", "", "", "");
	TREES("declarations", declarations, "", "", "", "");
	test_programs();
	test_words();
	test_positions();
	test_limits();
	test_mutations();
	test_large();
	return unit_done();
}
