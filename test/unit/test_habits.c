/*
 * test_habits.c
 *	  What somebody who comes from another language writes in a first program, and what is said: the message is the manual.
 *
 * Each case is one statement (or declaration) with one error, its column, a part of its message and of its hint.
 */
#include "unit.h"

#include "lang/check_internal.h"

typedef struct Case
{
	const char *source;
	int			column;
	const char *message;		/* parts */
	const char *hint;			/* "": none; NULL: any */
} Case;

/* Line 1; the statement is line 3. */
#define WORLD "enum Color { Red, Green } message M { int a; string s; maybe<int> m; } record Row { public string name; public int n; public Color color; principal owner; } " \
	"table<Row> rows; Row row; public int count; public double d; public long l; public string title; public bool on; maybe<int> mi; principal owner; policy is_owner { return @who == owner; }"

static const Case statements[] = {
	/* sizes, and methods without parentheses */
	{"count = title.length;", 15, "string has no field \"length\"", "Call it: .length()."},
	{"count = rows.length;", 14, "table<Row> has no field \"length\"", "Did you mean .size()?"},
	{"count = rows.size;", 14, "table<Row> has no field \"size\"", "Call it: .size()."},
	{"count = (iterate rows).length;", 24, "list<Row> has no field \"length\"", "Did you mean .size()?"},
	{"count = rows.count();", 14, "table<Row> has no method \"count\"", "Did you mean .size()?"},
	{"count = len(rows);", 9, "no function or procedure \"len\"", "x.size()"},
	{"count = [1, 2].length;", 16, "int[] has no field \"length\"", ".size()"},
	{"title = @who.agent;", 14, "principal has no field \"agent\"", "Call it: .agent()."},
	{"title = @who.name();", 14, "principal has no method \"name\"", ".agent()"},

	/* maybes */
	{"count = mi + 1;", 12, "operator \"+\" does not take maybe<int> and int", "give a default with .getOrDefaultTo(...)"},
	{"count = mi;", 9, "must be int, not maybe<int>", ".getOrDefaultTo(...)"},
	{"count = count / 2;", 15, "must be int, not maybe<double>", "Division yields a maybe"},
	{"d = 1 / 2 + 1;", 11, "must be double, not maybe<double>", "Division yields a maybe"},
	{"d = 1 + (1 / 2);", 7, "must be double, not maybe<double>", "Division yields a maybe"},
	{"count = count % 2;", 15, "must be int, not maybe<int>", "The remainder is a maybe"},
	{"if (mi) { }", 5, "condition must be bool, not maybe<int>", ".has()"},
	{"if (msg.m.has) { }", 11, "maybe<int> has no field \"has\"", "Call it: .has()."},
	{"if (msg.m.isPresent()) { }", 11, "has no method \"isPresent\"", ".has()"},
	{"count = msg.m.value;", 15, "maybe<int> has no field \"value\"", "if (... as x)"},
	{"count = msg.m.orElse(0);", 15, "has no method \"orElse\"", "Did you mean .getOrDefaultTo(...)?"},
	{"count = msg.m.getOrDefault(0);", 15, "has no method \"getOrDefault\"", "Did you mean .getOrDefaultTo(...)?"},
	{"rows[1].n = 3;", 8, "cannot assign to \"n\" through a maybe", "if (... as row)"},

	/* conditions, strings, numbers, principals */
	{"if (title) { }", 5, "condition must be bool, not string", "Compare it: ... != \"\"."},
	{"if (count) { }", 5, "condition must be bool, not int", "Compare it: ... != 0."},
	{"if (owner) { }", 5, "condition must be bool, not principal", "Compare it: ... != @no_one."},
	{"if (iterate rows) { }", 5, "condition must be bool, not list<Row>", ".size() > 0"},
	{"on = title && on;", 12, "operator \"&&\" does not take string and bool", "Compare strings first"},
	{"on = count && on;", 12, "operator \"&&\" does not take int and bool", "Compare numbers first"},
	{"on = 1;", 6, "must be bool, not int", "Compare it"},
	{"count = on;", 9, "must be int, not bool", "... ? 1 : 0"},
	{"count = \"5\";", 9, "must be int, not string", ".intOf()"},
	{"count = parseInt(\"5\");", 9, "\"parseInt\"", "String.intOf(...)"},
	{"title = count.toString();", 15, "int has no method \"toString\"", "Did you mean .strOf()?"},
	{"title = String(count);", 9, "no function or procedure \"String\"", "String.strOf(...)"},
	{"title = count;", 9, "must be string, not int", "String.strOf(...)"},
	{"title = title.toUpperCase();", 15, "string has no method \"toUpperCase\"", "Did you mean .upper()?"},
	{"on = title.includes(\"x\");", 12, "string has no method \"includes\"", "Did you mean .contains(...)?"},
	{"title = title.replace(\"a\", \"b\");", 15, "string has no method \"replace\"", "Did you mean .replaceAll(...)?"},
	{"if (@who == \"bob\") { }", 10, "operator \"==\" does not take principal and string", ".agent()"},
	{"title = owner;", 9, "must be string, not principal", ".agent()"},
	{"owner = who;", 9, "no variable or field \"who\"", "Who acts is @who."},
	{"l = Date.now();", 10, "\"Date.now\"", "Time.now()"},
	{"d = Math.random();", 10, "\"Math.random\"", "Random.genDouble()"},

	/* names */
	{"count = msg.b;", 13, "message \"M\" has no field \"b\"", "It has a, s, m."},
	{"count = a;", 9, "no variable or field \"a\"", "Did you mean msg.a?"},
	{"row.nmae = \"x\";", 5, "record \"Row\" has no field \"nmae\"", "Did you mean \"name\"?"},
	{"row.color = Red;", 13, "no variable or field \"Red\"", "Did you mean Color::Red?"},
	{"row.color = Color.Red;", 13, "\"Color\" is a type, not a value", "Color::Red"},
	{"row.color = \"Red\";", 13, "must be Color, not string", "Color::Red"},
	{"row.color = Color::red;", 20, "has no value \"red\"", "Did you mean \"Red\"?"},
	{"title = \"n\" + row.color;", 13, "operator \"+\" does not take string and Color", ".to_string()"},
	{"total = 3;", 1, "no variable or field \"total\"", "A variable is declared by: let total = ...;"},
	{"for (i = 0; i < 3; i++) { }", 6, "no variable or field \"i\"", "let i = ...;"},
	{"self.count = 3;", 1, "no variable or field \"self\"", "bare names"},
	{"console.log(title);", 1, "no variable or field \"console\"", "There is no output"},
	{"print(title);", 1, "\"print\"", "There is no output"},
	{"unknown(3);", 1, "no function or procedure \"unknown\"", ""},
	{"string x = undefined; title = x;", 12, "\"undefined\"", "@maybe<type>"},
	{"integer x = 3; count = x;", 1, "there is no type \"integer\"", "Did you mean \"int\"?"},

	/* tables, lists, arrays */
	{"rows.push({n: 1});", 6, "table<Row> has no method \"push\"", "table <- {name: value, ...}"},
	{"rows = [];", 1, "cannot assign to table \"rows\"", "Insert rows with rows <- {...}"},
	{"rows.where(n == 1);", 6, "table<Row> has no method \"where\"", "iterate t where"},
	{"rows.remove(3);", 6, "table<Row> has no method \"remove\"", "(iterate t where id == x).delete()"},
	{"rows.delete(3);", 6, "\"delete\" takes 0 arguments, not 1", ""},
	{"(rows where n == 1).delete();", 7, "\"where\" takes a list, not table<Row>", "Write \"iterate\" before the table."},
	{"foreach (r in rows) { count += r.n; }", 15, "takes a list, an array or a map", "\"iterate\""},
	{"count = iterate rows where n == 1;", 22, "must be int, not list<Row>", "(...).size()"},
	{"int[] xs = [1]; xs.push(2);", 20, "int[] has no method \"push\"", "a table"},
	{"row = {n: 1};", 1, "cannot assign to record \"row\"", "row <- {...}"},
	{"row = row;", 1, "cannot assign to record \"row\"", "row <- {...}"},
	{"Row r = {n: 1}; count = r.n;", 9, "must be Row", "filled by <-"},

	/* channels */
	{"return 5;", 8, "channel \"go\" returns nothing", "\"abort;\""},
	{"msg.a = 3;", 5, "of a message that is read-only", "copy what is needed"},
	{"error(\"no\");", 1, "\"error\"", "\"abort;\""},
};

static const Case declarations[] = {
	{"public bigint n;", 8, "there is no type \"bigint\"", "Did you mean \"long\"?"},
	{"public boolean b;", 8, "there is no type \"boolean\"", "Did you mean \"bool\"?"},
	{"public varchar v;", 8, "there is no type \"varchar\"", "Did you mean \"string\"?"},
	{"public timestamp t;", 8, "there is no type \"timestamp\"", "Did you mean \"datetime\"?"},
	{"public optional<int> m;", 8, "there is no type \"optional\"", "maybe<int>"},
	{"public formla x = 3;", 8, "there is no type \"formla\"", "Did you mean \"formula\"?"},
	{"channel say(Chat m) { }", 13, "there is no type \"Chat\"", "a record, message or enumeration that the program declares"},
	{"use_policy<isowner> int x;", 12, "there is no policy \"isowner\"", "Did you mean \"is_owner\"?"},
	{"viewer_is<ownr> int x;", 11, "the document has no field \"ownr\"", "Did you mean \"owner\"?"},
	{"record T { int x; index y; }", 25, "record \"T\" has no field \"y\"", "It has x."},
	{"policy p { owner == @who; }", 8, "must return bool on every path", NULL},
};

static LangDiags diags;

static void
test_cases(const char *what, const Case *cases, int n, const char *before, const char *after, int line)
{
	for (int i = 0; i < n; i++)
	{
		const Case *t = &cases[i];
		KitArena   *arena = kit_arena_new("test");
		const char *source = kit_arena_printf(arena, "%s%s%s", before, t->source, after);
		const KitDiag *error = NULL;

		lang_diags_init(&diags, arena);
		lang_compile(source, strlen(source), arena, &diags);
		for (int k = 0; k < diags.n && error == NULL; k++)
			if (diags.items[k]->code != KIT_WARNING)
				error = diags.items[k];
		if (UNIT_TRY(diags.n_errors == 1, "%s: %d errors", t->source, diags.n_errors))
			UNIT_TRY(error->line == line && error->column == t->column && strstr(error->message, t->message) != NULL &&
					 (t->hint == NULL || (t->hint[0] == '\0' ? error->hint[0] == '\0' : strstr(error->hint, t->hint) != NULL)),
					 "%s: expected %d: %s (%s), got %d: %s (%s)", t->source, t->column, t->message, t->hint == NULL ? "any" : t->hint, error->column, error->message,
					 error->hint);
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY(what);
}

static bool
is_builtin(const char *name, size_t len)
{
	static const char *const others[] = {"contains", "substr", "has", "remove", "delete", "getOrDefaultTo"};
	char		text[60];

	snprintf(text, sizeof(text), "%.*s", (int) len, name);
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].name, text) == 0)
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i], text) == 0)
			return true;
	return check_builtin_is_missing("String", text) || check_builtin_is_missing("enum", text) || check_builtin_is_missing("Dynamic", text);
}

/* What a hint names as a method is one. */
static void
test_hints(void)
{
	for (int i = 0; i < check_n_foreign; i++)
		for (const char *p = strchr(check_foreign[i].hint, '.'); p != NULL; p = strchr(p + 1, '.'))
		{
			size_t		len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

			UNIT_TRY(len == 0 || p[len + 1] != '(' || is_builtin(p + 1, len), "%s", check_foreign[i].hint);
		}
	UNIT_PROPERTY("hints name methods that there are");
}

/* Each name once, whatever uses it; each error of its own. */
static void
test_all_errors(void)
{
	static const char source[] =
	"public int x; record R { int a; } table<R> t; message M { int a; }\n"
	"formula f = nope + x + nope;\n"
	"formula g = nope;\n"
	"channel c(M m) {\n"
	"  x = m.b; y = 1; y = 2; x = \"s\"; f2(nope); t <- {b: 1, a: \"s\"};\n"
	"  if (x) { x = z; } else { x = 1 + true; }\n"
	"  foreach (r in t) { r.q = 3; }\n"
	"  int y2 = \"\"; y2 = y2.foo(m.c) + 1;\n"
	"}\n"
	"policy p { return 3; }\n"
	"use_policy<q> int w;\n";
	static const struct
	{
		int			line;
		int			column;
	}			places[] = {{2, 13}, {5, 9}, {5, 12}, {5, 30}, {5, 35}, {5, 51}, {5, 60}, {6, 7}, {6, 16}, {6, 34}, {7, 17}, {8, 12},
		{8, 24}, {8, 30}, {10, 19}, {11, 12}};
	KitArena   *arena = kit_arena_new("test");

	lang_diags_init(&diags, arena);
	lang_compile(source, strlen(source), arena, &diags);
	for (int i = 0; i < diags.n; i++)
	{
		bool		is_known = diags.items[i]->code == KIT_WARNING;

		for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
			is_known = is_known || (diags.items[i]->line == places[k].line && diags.items[i]->column == places[k].column);
		UNIT_TRY(is_known, "%d:%d %s", diags.items[i]->line, diags.items[i]->column, diags.items[i]->message);
	}
	UNIT_TRY(diags.n_errors == (int) (sizeof(places) / sizeof(places[0])), "%d errors", diags.n_errors);
	UNIT_PROPERTY("every error of a program is reported once");
	kit_arena_delete(arena);
}

int
main(void)
{
	test_cases("statements", statements, sizeof(statements) / sizeof(statements[0]), WORLD "\nchannel go(M msg) {\n", "\n}\n", 3);
	test_cases("declarations", declarations, sizeof(declarations) / sizeof(declarations[0]), WORLD "\n", "\n", 2);
	test_hints();
	test_all_errors();
	return unit_done();
}
