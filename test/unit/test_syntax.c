/*
 * test_syntax.c
 *	  What is refused as text, where, and what is said about it: a user's first program is wrong, and the message is the manual.
 */
#include "unit.h"

#include "lang/parse.h"

typedef struct Case
{
	const char *source;
	int			column;			/* in line 1 */
	const char *message;		/* the whole of it */
	const char *hint;			/* a part of it; NULL: none */
} Case;

/* One error each. */
static const Case lexical[] = {
	{"formula f = 7-1;", 13, "\"7-1\" is not a number", "Write blanks around it: 7 - 1."},
	{"formula f = 7-x;", 13, "\"7-x\" is not a number", "Write blanks around it: 7 - x."},
	{"formula f = a + 1.5-b.c;", 17, "\"1.5-b.c\" is not a number", "1.5 - b.c."},
	{"formula f = a[7-(1)];", 15, "\"7-\" is not a number", "7 - ..."},
	{"formula f = 1e5;", 13, "\"1e5\" is not a number", "An exponent needs a decimal point: 1.0e5."},
	{"formula f = 1.0e+5;", 13, "\"1.0e+5\" is not a number", "Leave out the plus"},
	{"formula f = 12ab;", 13, "\"12ab\" is not a number", "blank between a number and a word"},
	{"formula f = 0x;", 13, "\"0x\" is not a number", "0x and digits"},
	{"formula f = 0x1x;", 13, "\"0x1x\" is not a number", "0x and digits"},
	{"formula f = 1.2.3;", 13, "\"1.2.3\" is not a number", "A double is written as"},
	{"formula f = 1.5L;", 13, "\"1.5L\" is not a number", "Only whole numbers can be long"},
	{"formula f = 1.0e999;", 13, "the number is too large for a double", "1.7976931348623157e308"},
	{"formula f = 2147483648;", 13, "2147483648 does not fit into an int", "a number is a long: 2147483648L."},
	{"formula f = 0xFFFFFFFF;", 13, "0xFFFFFFFF does not fit into an int", "0xFFFFFFFFL"},
	{"formula f = 9223372036854775808L;", 13, "9223372036854775808 does not fit into a long", "9223372036854775807"},
	{"formula f = 99999999999999999999999999;", 13, "99999999999999999999999999 does not fit into a long", NULL},
	{"formula f = \"abc", 13, "this string is not closed: expected '\"', found the end of the program",
	"A quote within a string"},
	{"formula f = \"a\\qb\";", 15, "\"\\q\" is not an escape", "The escapes are"},
	{"formula f = \"\\u12g4\";", 14, "expected four hexadecimal digits after \"\\u\"", "\\u00e9"},
	{"formula f = \"\\u0000\";", 14, "a string cannot hold the character U+0000", NULL},
	{"formula f = \"\\ud83dx\";", 14, "\"\\ud83d\" is half of a character", "\\ud83d\\ude00"},
	{"formula f = \"\\ude00\";", 14, "\"\\ude00\" is half of a character", NULL},
	{"formula f = 'abc';", 13, "a string begins and ends with '\"'", "Strings are written in double quotes"},
	{"formula f = \xe2\x80\x9c" "abc\xe2\x80\x9d;", 13, "a string begins and ends with '\"'",
	"Strings are written in double quotes"},
	{"formula f = `abc`;", 13, "a string begins and ends with '\"'", "A template is written as"},
	{"template t : `a` x", 14, "a string begins and ends with '\"'", "A template is written as"},
	{"formula f = a \xc2\xa0+ b;", 15, "\"\xc2\xa0\" (U+00A0) has no meaning outside of strings and comments",
	"It looks like a blank"},
	{"formula f = a \xe2\x88\x92 b;", 15, "\"\xe2\x88\x92\" (U+2212) has no meaning outside of strings and comments",
	"It looks like a minus"},
	{"int gr\xc3\xb6\xc3\x9f" "e;", 7, "\"\xc3\xb6\" (U+00F6) has no meaning outside of strings and comments",
	"Names are made of"},
	{"formula f = a \\ b;", 15, "\"\\\" has no meaning outside of strings and comments", NULL},
	{"formula f = a \x01+ b;", 15, "the character U+0001 has no meaning outside of strings and comments", NULL},
	{"formula f = \"a\xff\";", 15, "the program is not valid UTF-8: byte 0xff", "Save it in UTF-8."},
	{"int a; /* b", 8, "this comment is not closed: expected \"*/\", found the end of the program", "Comments do not nest"},
	{"formula f = @;", 13, "expected a word right after \"@\"", "@who"},
	{"# { }", 1, "expected a word right after \"#\"", "comments begin with \"//\""},
};

static const Case declarations[] = {
	{"public x = 3;", 10, "expected the name of a field, found \"=\"", "public int x = 3; a computed one is: public formula x"},
	{"public x;", 9, "expected the name of a field, found \";\"", "public int x = 3;"},
	{"x: int;", 2, "expected the name of a field, found \":\"", "The type comes first: int x;"},
	{"int x y;", 7, "expected \";\" at the end of the field, found \"y\"", NULL},
	{"int x", 6, "expected \";\" at the end of the field, found the end of the program", NULL},
	{"int x = 5 5;", 11, "expected \";\" at the end of the field, found \"5\"", NULL},
	{"int a, b;", 6, "expected \";\" at the end of the field, found \",\"", "Each field ends in \";\""},
	{"int x[];", 6, "expected \";\" at the end of the field, found \"[]\"", "behind the type: int[] x;"},
	{"int[3] x;", 4, "expected the name of what has type \"int\", found \"[\"", "no size: T[]."},
	{"int? x;", 4, "a type does not end in \"?\"", "maybe<int>"},
	{"maybe x;", 7, "expected \"<\" and a type, as in maybe<int>, found \"x\"", NULL},
	{"table t { int x; }", 7, "expected \"<\" and a type, as in table<Row>, found \"t\"", "record Row"},
	{"map<int> m;", 1, "\"map\" takes two types, as in map<int, string>", NULL},
	{"list<int, int> m;", 1, "\"list\" takes one type, as in list<int>", NULL},
	{"int class;", 5, "\"class\" is a word of the language and cannot name a field", "Choose another name."},
	{"int for;", 5, "\"for\" is a word of the language and cannot name a field", NULL},
	{"record R { int a, int b; }", 17, "expected \";\" at the end of the field, found \",\"", "int a; int b;"},
	{"record R { int a; int b }", 24, "expected \";\" at the end of the field, found \"}\"", NULL},
	{"record R : S { int a; }", 10, "expected \"{\" and the fields, found \":\"", "does not extend"},
	{"record R(int a) { }", 9, "expected \"{\" and the fields, found \"(\"", "record R { int a; string b; }"},
	{"record R { int a;", 18, "expected \"}\" at the end of the record, found the end of the program",
	"The \"{\" at line 1, column 10 is not closed."},
	{"message M { public int a; }", 13, "the fields of a message have no privacy", "Leave it out"},
	{"enum E { A = 1 }", 12, "the number of an enumeration's value follows a colon", "A:1"},
	{"enum E { A; B }", 11, "the values of an enumeration are separated by commas", NULL},
	{"enum E { A:-1 }", 12, "the number of an enumeration's value is not negative", NULL},
	{"enum E { @default A, @default B }", 22, "an enumeration has one @default", NULL},
	{"function f(int a) { return 1; }", 19, "expected \"->\" and the type that is returned, found \"{\"", "is a procedure"},
	{"function int f(int a) { }", 10, "\"int\" is a word of the language and cannot name a function", "The type comes last"},
	{"function f(a) -> int { return 1; }", 12, "parameter \"a\" has no type", "int a"},
	{"function f(a: int) -> int { return 1; }", 12, "parameter \"a\" has no type", "int a"},
	{"function f(int a): int { return 1; }", 18, "expected \"->\" and the type that is returned, found \":\"", "f(int a) -> int"},
	{"function f() -> int readonly { return 1; }", 21, "a function sees its parameters only: it needs no such word", NULL},
	{"procedure f() readonly -> int { return 1; }", 15, "\"readonly\" stands behind the type that is returned",
	"-> int readonly"},
	{"public function f() -> int { return 1; }", 8, "expected a type or \"formula\", found \"function\"",
	"Only fields and formulas"},
	{"void f() { }", 1, "expected a declaration, found \"void\"", "is a procedure"},
	{"int f() { return 1; }", 6, "expected \";\" at the end of the field, found \"(\"", "function f(int a) -> int"},
	{"def f() { }", 1, "expected a declaration, found \"def\"", "function f(int a) -> int"},
	{"class C { }", 1, "expected a declaration, found \"class\"", "a record"},
	{"const int x = 1;", 1, "expected a declaration, found \"const\"", "readonly int x"},
	{"let x = 1;", 1, "expected a declaration, found \"let\"", "public int x = 3;"},
	{"CREATE TABLE t (a int);", 1, "expected a declaration, found \"CREATE\"", "table<Row>"},
	{"SELECT * FROM t;", 1, "expected a declaration, found \"SELECT\"", "iterate t where"},
	{"import \"lib\";", 1, "expected a declaration, found \"import\"", "@include lib/name;"},
	{"-- comment", 1, "expected a declaration, found \"--\"", "Comments begin with \"//\"."},
	{"}", 1, "expected a declaration, found \"}\"", "It closes nothing"},
	{"channel f(principal who, M m) { }", 11, "a channel has one parameter, its message", "Who sends it is @who."},
	{"channel f(M m, int a) { }", 14, "a channel has one parameter, its message", "one message"},
	{"channel f() { }", 11, "expected a message, found \")\"", "message M { ... } channel f(M m)"},
	{"channel f(M m) -> int { return 1; }", 16, "expected the body of the channel, found \"->\"", "returns nothing"},
	{"policy p(c) { return true; }", 9, "\"p\" takes no parameters", "Who acts is @who."},
	{"policy p(principal c) -> bool { return true; }", 9, "\"p\" takes no parameters", "Who acts is @who."},
	{"@connected(who) { return true; }", 11, "\"@connected\" takes no parameters", "Who acts is @who."},
	{"@construct (principal who, M m) { }", 12, "\"@construct\" takes no parameters", "Who acts is @who."},
	{"@static { create(who) { return true; } }", 17, "\"create\" takes no parameters", "Who acts is @who."},
	{"@static { foo = 1; }", 11, "expected a rule or a setting of @static, found \"foo\"", "maximum_history"},
	{"@cron c daily 25:00 { }", 15, "expected an hour from 0 to 23, found 25", NULL},
	{"@cron c weekly 3 { }", 9, "\"weekly\" is not an interval", "hourly, daily or monthly"},
	{"@web post /x { }", 6, "expected a method of @web, found \"post\"", "get, put, options and delete"},
	{"@web get /$a*/b { }", 14, "a parameter with \"*\" is the last one", NULL},
	{"messge M { int a; }", 10, "expected \";\" at the end of the field, found \"{\"", "Did you mean \"message\"?"},
	{"recrod R { int a; }", 10, "expected \";\" at the end of the field, found \"{\"", "Did you mean \"record\"?"},
	{"polcy p { return true; }", 9, "expected \";\" at the end of the field, found \"{\"", "Did you mean \"policy\"?"},
	{"event E { int a; }", 9, "expected \";\" at the end of the field, found \"{\"", "what is sent to it as message"},
	{"chanel c(M m) { }", 9, "expected \";\" at the end of the field, found \"(\"", "Did you mean \"channel\"?"},
	{"proceedure f() { }", 13, "expected \";\" at the end of the field, found \"(\"", "Did you mean \"procedure\"?"},
	{"record R { int x; function m() { } }", 29, "expected \";\" at the end of the field, found \"(\"", "method f(int a)"},
	{"pubic int x;", 7, "\"int\" is a word of the language and cannot name a field", "Did you mean \"public\"?"},
	{"public public int x;", 15, "\"int\" is a word of the language and cannot name a field", "given once"},
	{"message M { a int; }", 15, "\"int\" is a word of the language and cannot name a field", "The type comes first: int a;"},
	{"static int x = 3;", 1, "expected a declaration, found \"static\"", "public int x = 3;"},
	{"private int x; protected int y;", 16, "expected a declaration, found \"protected\"", "public or private"},
	{"int my-var;", 7, "expected \";\" at the end of the field, found \"-\"", "letters, digits and \"_\""},
	{"message M { int a; } channel c(M m) requires p { }", 46, "expected \"<\" and the names of policies, found \"p\"", "Write <p>."},
	{"@constructor { }", 1, "expected a declaration, found \"@constructor\"", "Did you mean \"@construct\"?"},
	{"@connect { return true; }", 1, "expected a declaration, found \"@connect\"", "Did you mean \"@connected\"?"},
	{"@foo { }", 1, "expected a declaration, found \"@foo\"", "Events are @construct"},
	{"viewer_is<a, b> int x;", 1, "viewer_is names one field", NULL},
	{"cached<every 5 years> x = 1;", 16, "\"years\" is not a unit of time", "hr, day, week"},
	{"template t : \"x\";", 14, "expected the template's text, as in `tag` text `tag`, found a string", NULL},
};

/* Within "procedure p() { " and " }": columns begin at 17. */
static const Case statements[] = {
	{"x = 1 y = 2;", 23, "expected \";\" at the end of the statement, found \"y\"", NULL},
	{"x = 1", 22, "expected \";\" at the end of the statement, found \"}\"", NULL},
	{"x = ;", 21, "expected a value, found \";\"", NULL},
	{"x = y = z;", 23, "expected \";\" at the end of the statement, found \"=\"", "one place at a time"},
	{"x := 1;", 19, "expected \";\" at the end of the statement, found \":\"", "Assignment is written \"=\"."},
	{"x /= 2;", 19, "there is no operator \"/=\"", "x = x / y"},
	{"x %= 2;", 19, "there is no operator \"%=\"", "yield a maybe"},
	{"const x = 1;", 17, "expected a statement, found \"const\"", "Write let."},
	{"let x: int = 1;", 22, "expected \"=\" and a value, found \":\"", "int x = 3;"},
	{"let x;", 22, "expected \"=\" and a value, found \";\"", NULL},
	{"int a, b;", 22, "expected \";\" at the end of the statement, found \",\"", "declared by itself"},
	{"int a[] = x;", 22, "expected \";\" or \"=\" after the name, found \"[]\"", "behind the type"},
	{"if (x = 1) { }", 23, "a condition cannot assign", "Compare with \"==\"."},
	{"while (x = 1) { }", 26, "a condition cannot assign", "Compare with \"==\"."},
	{"if x { }", 20, "expected \"(\" after \"if\", found \"x\"", "in parentheses"},
	{"while x { }", 23, "expected \"(\" after \"while\", found \"x\"", "in parentheses"},
	{"if (x { }", 23, "expected \")\" after the condition, found \"{\"", NULL},
	{"if (x) then y();", 24, "there is no \"then\"", "follows the condition"},
	{"if (x) { } elif (y) { }", 28, "expected a statement, found \"elif\"", "else if"},
	{"else { }", 17, "expected a statement, found \"else\"", "There is no \"if\""},
	{"if (not x) { }", 25, "expected \")\" after the condition, found \"x\"", "\"!\""},
	{"if (a and b) { }", 23, "expected \")\" after the condition, found \"and\"", "\"&&\""},
	{"if (a <-1) { }", 23, "expected \")\" after the condition, found \"<-\"", "needs a blank: a < -1"},
	{"for (x of y) { }", 24, "\"for\" takes a start, a condition and a step", "foreach (x in list)"},
	{"for (let x of y) { }", 28, "\"for\" takes a start, a condition and a step", "foreach (x in list)"},
	{"for (int x : y) { }", 28, "\"for\" takes a start, a condition and a step", "foreach (x in list)"},
	{"for (x in y) { }", 24, "\"for\" takes a start, a condition and a step", "foreach (x in list)"},
	{"foreach (int x in y) { }", 26, "the variable of foreach is given without a type", "foreach (x in list)"},
	{"foreach (x of y) { }", 28, "expected \"in\" after the variable, found \"of\"", "foreach (x in list)"},
	{"try { x(); }", 17, "expected a statement, found \"try\"", "Nothing is thrown"},
	{"throw x;", 17, "expected a statement, found \"throw\"", "abort"},
	{"delete x;", 17, "expected a statement, found \"delete\"", ".delete()"},
	{"INSERT INTO t VALUES (1);", 17, "expected a statement, found \"INSERT\"", "table <- "},
	{"x = new M();", 21, "there is no \"new\"", "written as an object"},
	{"x = null;", 21, "there is no null", "@maybe<type>"},
	{"this.x = 1;", 17, "there is no \"this\"", "bare names"},
	{"abort \"no\";", 23, "expected \";\" at the end of the statement, found a string", "takes nothing"},
	{"abort(1);", 22, "expected \";\" at the end of the statement, found \"(\"", "takes nothing"},
	{"x =+ 1;", 20, "expected a value, found \"+\"", "x += 1;"},
	{"x = 1,000;", 22, "expected \";\" at the end of the statement, found \",\"", "without commas"},
	{"if (x == null) { }", 26, "there is no null", "m.has()"},
	{"if (x != null) { }", 26, "there is no null", "m.has()"},
	{"x = @Who;", 21, "\"@Who\" is not a value", "Did you mean \"@who\"?"},
	{"x = @foo;", 21, "\"@foo\" is not a value", "Values are @who"},
	{"x = int;", 21, "\"int\" is a type, not a value", NULL},
	{"function f() -> int { return 1; }", 17, "expected a statement, found \"function\"", "Is a \"}\" missing"},
	{"t <- {\"a\": 1};", 23, "expected the name of a member, found a string", "without quotes"},
	{"t <- {a = 1};", 25, "expected \":\" after the name of a member, found \"=\"", "{name: value, ...}"},
	{"t <- {a: 1 b: 2};", 28, "expected \"}\" or \",\" after a member, found \"b\"", NULL},
	{"f(a b);", 21, "expected \")\" after the arguments, found \"b\"", NULL},
	{"case;", 21, "expected a value, found \";\"", NULL},
};

static const Case values[] = {
	{"!!a", 14, "only one prefix operator may stand before a value", "!(!x)"},
	{"- -a", 15, "only one prefix operator may stand before a value", "parentheses"},
	{"a === b", 15, "there is no operator of three characters", "\"==\""},
	{"a !== b", 15, "there is no operator of three characters", "\"!=\""},
	{"a == b == c", 20, "a comparison has two sides", "\"&&\""},
	{"a < b > c", 19, "a range has \"<\" or \"<=\" on both sides", "a < x <= b"},
	{"a > b > c", 19, "a range has \"<\" or \"<=\" on both sides", "a < x <= b"},
	{"a < b < c < d", 23, "a range has two bounds", "\"&&\""},
	{"a ? b : c ? d : e", 21, "\"? :\" does not nest without parentheses", "(c ? d : e)"},
	{"a ? b ? c : d : e", 17, "\"? :\" does not nest without parentheses", "parentheses"},
	{"a ? b", 18, "expected \":\" of \"? :\", found \";\"", NULL},
	{"a & b", 15, "expected \";\" at the end of the formula, found \"&\"", "\"&&\""},
	{"a | b", 15, "expected \";\" at the end of the formula, found \"|\"", "\"||\""},
	{"a <> b", 16, "expected a value, found \">\"", "\"!=\""},
	{"a ?? b", 16, "expected a value, found \"?\"", "getOrDefaultTo"},
	{"a ** b", 16, "expected a value, found \"*\"", "powers"},
	{"a => b", 15, "expected \";\" at the end of the formula, found \"=\"", "@lambda"},
	{"a -> b", 15, "expected \";\" at the end of the formula, found \"->\"", "reached by \".\""},
	{"a or b", 15, "expected \";\" at the end of the formula, found \"or\"", "\"||\""},
	{"(a", 15, "expected \")\" to close the parenthesis, found \";\"", NULL},
	{"[a b]", 16, "expected \"]\" at the end of the array, found \"b\"", NULL},
	{"a[]", 14, "an index is missing between \"[\" and \"]\"", NULL},
	{"a[1, 2, 3]", 14, "an index has one value or two", NULL},
	{"a.", 15, "expected a name after \".\", found \";\"", NULL},
	{"a.5", 14, "expected \";\" at the end of the formula, found \".5\"", NULL},
	{"@date 2023/13/1", 24, "expected a month from 1 to 12, found 13", NULL},
	{"@date 2023/2/29", 26, "expected a day from 1 to 28, found 29", NULL},
	{"@time 24:00", 19, "expected an hour from 0 to 23, found 24", NULL},
	{"@timespan 5 years", 25, "\"years\" is not a unit of time", "hr, day, week"},
	{"@vec[1]", 17, "a vector has two, three or four numbers", NULL},
	{"@matrix[]", 20, "a matrix is not empty", NULL},
	{"iterate t order by a descending", 34, "expected \";\" at the end of the formula, found \"descending\"", "desc"},
	{"iterate t sort by a", 23, "expected \";\" at the end of the formula, found \"sort\"", "order by"},
	{"(select n from rows)", 21, "expected \")\" to close the parenthesis, found \"n\"", "A query begins with its table"},
	{"iterate t limit", 28, "expected a value, found \";\"", NULL},
	{"iterate t order by", 31, "expected the name of a field, found \";\"", NULL},
	{"iterate t where_as x", 33, "expected \":\" after the name of the row, found \";\"", NULL},
};

static LangDiags diags;

static bool
parse(KitArena *arena, const char *source)
{
	LangTree	tree;

	lang_diags_init(&diags, arena);
	return lang_parse(source, strlen(source), arena, kit_sym_table_new(arena), &tree, &diags);
}

static const char *
shown(KitArena *arena, const char *source)
{
	KitBuf		out;

	kit_buf_init(&out, arena);
	kit_buf_add_str(&out, "");
	for (int i = 0; i < diags.n; i++)
		lang_diag_render(diags.items[i], NULL, source, strlen(source), &out);
	return out.data;
}

static void
test_cases(const char *what, const Case *cases, size_t n, const char *before, const char *after)
{
	for (size_t i = 0; i < n; i++)
	{
		const Case *t = &cases[i];
		KitArena   *arena = kit_arena_new("test");
		char	   *source = kit_arena_printf(arena, "%s%s%s", before, t->source, after);
		const KitDiag *d;

		parse(arena, source);
		d = diags.n > 0 ? diags.items[0] : NULL;
		if (t->message == NULL)
			UNIT_TRY(d == NULL, "%s\n%s", source, shown(arena, source));
		else
			UNIT_TRY(diags.n_errors == 1 && d->code == KIT_SYNTAX_ERROR && d->line == 1 && d->column == t->column &&
					 strcmp(d->message, t->message) == 0 &&
					 (t->hint == NULL || strstr(d->hint, t->hint) != NULL), "expected %d: %s (%s), got:\n%s", t->column,
						 t->message, t->hint == NULL ? "" : t->hint,
					 shown(arena, source));
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY(what);
}

#define CASES(what, cases, before, after) test_cases(what, cases, sizeof(cases) / sizeof((cases)[0]), before, after)

/* ---- several at once ---- */

static void
test_several(void)
{
	KitArena   *arena = kit_arena_new("test");
	const char *source;

	source = "record R {\n  int a,\n  strin\n  public int b;\n}\npublic int x\npublic int y;\nchannel c(M m) {\n  x = 7-1\n  if (x = 1) { y = 2 }\n  foreach (x of y) { z(; }\n"
		"  y === 3;\n}\nfunction f(int a) { return 1 }\n";
	parse(arena, source);
	UNIT_TEXT("each error of a program", shown(arena, source),
			  "2:8: error: expected \";\" at the end of the field, found \",\"\n"
			  "    2 |   int a,\n"
			  "      |        ^\n"
			  "      = hint: Each field ends in \";\": int a; int b;\n"
			  "4:3: error: expected the name of a field, found \"public\"\n"
			  "    4 |   public int b;\n"
			  "      |   ^~~~~~\n"
			  "6:13: error: expected \";\" at the end of the field, found \"public\"\n"
			  "    6 | public int x\n"
			  "      |             ^\n"
			  "9:7: error: \"7-1\" is not a number\n"
			  "    9 |   x = 7-1\n"
			  "      |       ^~~\n"
			  "      = hint: A minus right behind a digit belongs to the number. Write blanks around it: 7 - 1.\n"
			  "9:10: error: expected \";\" at the end of the statement, found \"if\"\n"
			  "    9 |   x = 7-1\n"
			  "      |          ^\n"
			  "10:9: error: a condition cannot assign\n"
			  "   10 |   if (x = 1) { y = 2 }\n"
			  "      |         ^\n"
			  "      = hint: Compare with \"==\".\n"
			  "10:21: error: expected \";\" at the end of the statement, found \"}\"\n"
			  "   10 |   if (x = 1) { y = 2 }\n"
			  "      |                     ^\n"
			  "11:14: error: expected \"in\" after the variable, found \"of\"\n"
			  "   11 |   foreach (x of y) { z(; }\n"
			  "      |              ^~\n"
			  "      = hint: Write foreach (x in list) { ... }.\n"
			  "11:24: error: expected a value, found \";\"\n"
			  "   11 |   foreach (x of y) { z(; }\n"
			  "      |                        ^\n"
			  "12:5: error: there is no operator of three characters\n"
			  "   12 |   y === 3;\n"
			  "      |     ^~~\n"
			  "      = hint: Write \"==\" or \"!=\": values are always compared by what they are.\n"
			  "14:19: error: expected \"->\" and the type that is returned, found \"{\"\n"
			  "   14 | function f(int a) { return 1 }\n"
			  "      |                   ^\n"
			  "      = hint: Write function f(int a) -> int { ... }; what returns nothing is a procedure.\n"
			  "14:29: error: expected \";\" at the end of the statement, found \"}\"\n"
			  "   14 | function f(int a) { return 1 }\n"
			  "      |                             ^\n");

	source = "procedure p() {\n  if (a) {\n    b();\n}\nrecord R { int a; }\npublic int x y;\n";
	parse(arena, source);
	UNIT_TEXT("a brace that is missing", shown(arena, source),
			  "5:1: error: expected \"}\" at the end of the block, found \"record\"\n"
			  "    5 | record R { int a; }\n"
			  "      | ^~~~~~\n"
			  "      = hint: The \"{\" at line 1, column 15 is not closed.\n"
			  "6:14: error: expected \";\" at the end of the field, found \"y\"\n"
			  "    6 | public int x y;\n"
			  "      |              ^\n");

	source = "procedure p() {\n  a();\n}\n}\nint x\n;int y z;";
	parse(arena, source);
	UNIT_OK("a brace too many", diags.n_errors == 2 && diags.items[0]->line == 4 && diags.items[1]->line == 6);

	source = "formula a = \"x;\nformula b = \"y\";\n";
	parse(arena, source);
	UNIT_OK("a quote that is missing is suspected", diags.n_errors > 0 && strstr(diags.items[0]->hint, "quote") != NULL);

	source = "record R { int a; b c d; method m() { x y z; q(; } int e f; }\nmessage M { int a = ; int b c; }\nenum E { A B = }\n@static { create { x = ; } foo; invent { y y y; } }";
	parse(arena, source);
	UNIT_OK("errors of members", diags.n_errors == 11);
	if (diags.n_errors != 11)
		printf("# %d errors\n%s", diags.n_errors, shown(arena, source));
	kit_arena_delete(arena);
}

/* ---- collecting and showing ---- */

static void
test_collecting(void)
{
	KitArena   *arena = kit_arena_new("test");
	LangPos		pos = {1, 1, 1};
	KitDiag    *diag;

	lang_diags_init(&diags, arena);
	for (int i = 0; i < LANG_MAX_DIAGS; i++)
		lang_diags_add(&diags, KIT_WARNING, pos, "warning %d", i);
	UNIT_OK("warnings are no errors", diags.n == LANG_MAX_DIAGS && diags.n_errors == 0 &&
			diags.items[0]->severity == KIT_SEVERITY_WARNING);
	diag = lang_diags_add(&diags, KIT_WARNING, pos, "one too many");
	kit_diag_hint(diag, "It can be filled nevertheless.");
	UNIT_OK("what exceeds the limit is not kept", diags.n == LANG_MAX_DIAGS &&
			strcmp(diags.items[LANG_MAX_DIAGS - 1]->message, "warning 99") == 0);
	diag = lang_diags_add(&diags, KIT_TYPE_ERROR, pos, "an error");
	UNIT_OK("an error takes the place of a warning", diags.n == LANG_MAX_DIAGS && diags.n_errors == 1 &&
			diags.items[LANG_MAX_DIAGS - 1] == diag);
	UNIT_TEXT("of the last one", diags.items[LANG_MAX_DIAGS - 2]->message, "warning 98");
	for (int i = 0; i < 300; i++)
		lang_diags_add(&diags, KIT_TYPE_ERROR, pos, "error %d", i);
	UNIT_OK("all errors are counted", diags.n == LANG_MAX_DIAGS && diags.n_errors == 301);
	UNIT_OK("the first ones are kept", strcmp(diags.items[0]->message, "an error") == 0 &&
			strcmp(diags.items[99]->message, "error 98") == 0);
	kit_arena_delete(arena);
}

static const char *
rendered(KitArena *arena, int line, int column, int length, const char *file, const char *source)
{
	KitDiag		diag = {0};
	KitBuf		out;

	kit_buf_init(&out, arena);
	kit_fail(&diag, KIT_TYPE_ERROR, "message");
	kit_diag_at(&diag, line, column, length);
	lang_diag_render(&diag, file, source, strlen(source), &out);
	return out.data;
}

static void
test_showing(void)
{
	KitArena   *arena = kit_arena_new("test");
	char		wide[401];

	UNIT_TEXT("line, caret, tildes", rendered(arena, 2, 3, 3, "f.adama", "a\nb cde\nf"),
			  "f.adama:2:3: error: message\n    2 | b cde\n      |   ^~~\n");
	UNIT_TEXT("without a file", rendered(arena, 1, 1, 1, NULL, "a\r\n"), "1:1: error: message\n    1 | a\n      | ^\n");
	UNIT_TEXT("without a place", rendered(arena, 0, 0, 1, NULL, "a"), "error: message\n");
	UNIT_TEXT("file without a place", rendered(arena, 0, 0, 1, "f", "a"), "f: error: message\n");
	UNIT_TEXT("tabs stay tabs", rendered(arena, 1, 3, 2, NULL, "\t\tab c"),
			  "1:3: error: message\n    1 | \t\tab c\n      | \t\t^~\n");
	UNIT_TEXT("characters count, not bytes", rendered(arena, 1, 3, 2, NULL, "\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9x"),
			  "1:3: error: message\n    1 | \xc3\xa9\xf0\x9f\x98\x80\xc3\xa9x\n      |   ^~\n");
	UNIT_TEXT("what cannot be shown", rendered(arena, 1, 3, 1, NULL, "\x01\xff" "a"),
			  "1:3: error: message\n    1 | ??a\n      |   ^\n");
	UNIT_TEXT("the caret may stand behind the line", rendered(arena, 1, 2, 1, NULL, "a"),
			  "1:2: error: message\n    1 | a\n      |  ^\n");
	UNIT_TEXT("but not far behind", rendered(arena, 1, 90, 9, NULL, "a\nb"), "1:90: error: message\n    1 | a\n      |  ^\n");
	UNIT_TEXT("the tildes end with the line", rendered(arena, 1, 2, 100, NULL, "abc\nd"),
			  "1:2: error: message\n    1 | abc\n      |  ^~\n");
	UNIT_TEXT("a line that is not there", rendered(arena, 7, 1, 1, NULL, "a\n"), "7:1: error: message\n");
	UNIT_TEXT("the line behind the last newline", rendered(arena, 2, 1, 1, NULL, "a\n"),
			  "2:1: error: message\n    2 | \n      | ^\n");
	UNIT_TEXT("a byte order mark is not shown", rendered(arena, 1, 1, 1, NULL, "\xef\xbb\xbf" "ab"),
			  "1:1: error: message\n    1 | ab\n      | ^\n");
	memset(wide, 'x', 400);
	wide[400] = '\0';
	wide[199] = 'y';
	UNIT_TEXT("a long line is cut around the place", rendered(arena, 1, 200, 3, NULL, wide),
			  "1:200: error: message\n"
			  "    1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\n"
			  "      |                                                                                    ^~~\n");
	kit_arena_delete(arena);
}

int
main(void)
{
	CASES("what is wrong with tokens", lexical, "", "");
	CASES("what is wrong with declarations", declarations, "", "");
	CASES("what is wrong with statements", statements, "procedure p() { ", " }");
	CASES("what is wrong with values", values, "formula f = ", ";");
	test_several();
	test_collecting();
	test_showing();
	return unit_done();
}
