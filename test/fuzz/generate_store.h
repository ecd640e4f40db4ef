/*
 * generate_store.h
 *	  Maps, lists, texts, records, maybes of records, and variables of messages: what they are asked for, and how they are changed.
 *
 * A program that has them declares all of GEN_STORE, by these names.
 */
#ifndef ADAMA_FUZZ_GENERATE_STORE_H
#define ADAMA_FUZZ_GENERATE_STORE_H

#include "generate_query.h"

#define GEN_STORE_TYPES \
	"record Sub { public int a; public string b; public maybe<double> c; readonly int born = 1; method up(int n) -> int { a += n; return a; } ingested { a = a * 2; } }\n" \
	"record Kid { public int id; public int k; public principal who; index k; %s}\n"
#define GEN_STORE_OF_ROW "table<Kid> kids;\npublic formula n_kids = (iterate kids where k > 1).size();\npublic Sub sub;\npublic text note;\npublic map<string,int> marks;\n"
#define GEN_STORE \
	"public map<int,int> by_int;\npublic map<string,string> by_text;\npublic map<principal,long> by_who;\npublic map<E,maybe<int>> by_enum;\n" \
	"public map<string,Sub> subs;\npublic map<int,map<string,int>> nested;\npublic map<string,list<int>> lists;\npublic text body;\npublic maybe<Sub> one;\npublic Sub only;\n" \
	"public list<int> ints;\npublic list<string> words;\npublic dynamic json;\npublic formula groups = iterate rows reduce on id;\n" \
	"public formula kids = (iterate rows).n_kids;\n"

/* A piece of a program, in which %i, %s, %p, %l, %d, %e, %b, %y stand for expressions of the types int, string, principal, long, double, E, bool, dynamic. */
static void
gen_filled(Gen *g, const char *pattern, int depth)
{
	static const char letters[] = "isplde" "by";
	static const int types[] = {GEN_INT, GEN_STRING, GEN_PRINCIPAL, GEN_LONG, GEN_DOUBLE, GEN_ENUM, GEN_BOOL, 12};

	for (; *pattern != '\0'; pattern++)
		if (*pattern == '%')
			gen_expr(g, types[strchr(letters, *++pattern) - letters], depth);
		else
			kit_buf_add_char(g->out, *pattern);
}

/* Expressions by type: those of maybes have GEN_MAYBE added. */
static const struct
{
	int			type;
	const char *pattern;
	bool		writes;			/* only where the document may be changed */
}			gen_asked[] = {
	{GEN_INT, "by_int.size()"}, {GEN_INT, "only.a"}, {GEN_INT, "(ints.size() + words.size())"}, {GEN_INT, "subs.size()"}, {GEN_INT, "body.get().length()"},
	{GEN_INT, "(%e).act(%i)"}, {GEN_INT, "(iterate rows).n_kids.size()"}, {GEN_INT, "only.up(%i)", true}, {GEN_INT, "nested.size()"},
	{GEN_INT + GEN_MAYBE, "by_int[%i]"}, {GEN_INT + GEN_MAYBE, "nested[%i][%s]"}, {GEN_INT + GEN_MAYBE, "subs[%s].a"}, {GEN_INT + GEN_MAYBE, "ints[%i]"},
	{GEN_INT + GEN_MAYBE, "one.a"}, {GEN_INT + GEN_MAYBE, "by_int.max().value"}, {GEN_INT + GEN_MAYBE, "by_enum[%e]"}, {GEN_INT + GEN_MAYBE, "by_int.remove(%i)", true},
	{GEN_INT + GEN_MAYBE, "ints.sum()"}, {GEN_INT + GEN_MAYBE, "rows[%i].marks[%s]"}, {GEN_INT + GEN_MAYBE, "one.up(%i)", true},
	{GEN_STRING, "body.get()"}, {GEN_STRING, "only.b"}, {GEN_STRING, "(%e).to_string()"}, {GEN_STRING, "words.join(%s)"}, {GEN_STRING, "json.to_str()"},
	{GEN_STRING + GEN_MAYBE, "by_text[%s]"}, {GEN_STRING + GEN_MAYBE, "subs[%s].b"}, {GEN_STRING + GEN_MAYBE, "words[%i]"}, {GEN_STRING + GEN_MAYBE, "one.b"},
	{GEN_STRING + GEN_MAYBE, "by_text.min().key"}, {GEN_STRING + GEN_MAYBE, "json.str(%s)"}, {GEN_STRING + GEN_MAYBE, "rows[%i].note.get()"},
	{GEN_LONG + GEN_MAYBE, "by_who[%p]"}, {GEN_DOUBLE + GEN_MAYBE, "only.c"}, {GEN_DOUBLE + GEN_MAYBE, "one.c"}, {GEN_DOUBLE + GEN_MAYBE, "ints.average()"},
	{GEN_BOOL, "((%i) inside by_int)"}, {GEN_BOOL, "((%s) outside subs)"}, {GEN_BOOL, "by_text.has(%s)"}, {GEN_BOOL, "one.has()"}, {GEN_BOOL, "((%i) < (%i) <= (%i))"},
	{GEN_ENUM, "(%e).next()"}, {GEN_ENUM, "(%e).prev()"}, {GEN_PRINCIPAL + GEN_MAYBE, "by_who.max().key"},
	{12, "json.merge(%y)"}, {12, "(%i).dyn()"}, {12, "(%s).dyn()"}, {12 + GEN_MAYBE, "json.at(%s)"}, {12 + GEN_MAYBE, "(%s).parse()"},
};

static bool
gen_of_store(Gen *g, int type, int depth)
{
	int			n = (int) (sizeof(gen_asked) / sizeof(gen_asked[0]));
	int			first = (int) choose(g->c, (uint32_t) n);

	if (!g->sees_document || !g->has_store)
		return false;
	for (int i = 0; i < n; i++)
		if (gen_asked[(first + i) % n].type == type && (!gen_asked[(first + i) % n].writes || g->writes))
		{
			gen_filled(g, gen_asked[(first + i) % n].pattern, depth - 1);
			return true;
		}
	return false;
}

/* Statements; # stands for a number that no other has. */
static const char *const gen_changes[] = {
	"by_int[%i] = %i;", "by_int[%i]++;", "by_int[%i] += %i;", "by_text[%s] += %s;", "by_text[%s] = %s;", "by_who[%p] = %l;", "by_enum[%e] = %i;", "by_enum[%e].delete();",
	"subs[%s].a = %i;", "subs[%s] <- {a: %i, b: %s};", "subs.remove(%s);", "if (subs[%s] as v#) { v#.a += %i; v#.delete(); }", "nested[%i][%s] += %i;", "nested[%i].remove(%s);",
	"nested.remove(%i);", "lists[%s] = [%i, %i];", "by_int.clear();", "by_int.remove(%i);", "map<int,int> v# = by_int; v#[%i] = %i; by_int = v#;",
	"map<int,int> v#; v#[%i]++; v#[%i]--; by_int <- v#;", "map<int,int> v#; v#[%i] = %i; by_int.insert(v#);", "map<int,int> v# = by_int; map<int,int> u# = v#; u#.clear(); by_int = v#;",
	"foreach (v# in by_int) { by_text[v#.key + \"\"] = \"\" + v#.value; }", "foreach (v# in subs) { v#.value.a++; }", "foreach (v# in nested) { only.a += v#.value.size(); }",
	"one <- {a: %i, b: %s};", "one.delete();", "if (one as v#) { v#.a = %i; v#.b += %s; }", "only.a = %i;", "only <- {b: %s, c: %d};", "only.c.delete();",
	"body = %s;", "body.append(0, Dynamic.parse(\"{\\\"changes\\\":[[0,\\\"z\\\"]]}\").getOrDefaultTo(@null));",
	"body.append(1, Dynamic.parse(\"{\\\"changes\\\":[1,[0,\\\"z\\\",\\\"\\\"]]}\").getOrDefaultTo(@null));", "body.append(%i, %y);", "body.append(body.get().length(), %y);",
	"body.compact(0.5);", "body.compact(1.0);", "ints = [%i, %i];", "words = [%s];", "ints = (iterate rows).id;", "ints = ints.reverse();",
	"words = (%s).split(\" \");", "json = %y;", "json = Dynamic.parse(\"{\\\"a\\\":[1,2],\\\"b\\\":{\\\"c\\\":1}}\").getOrDefaultTo(@null);", "json = json.merge(%y);",
	"if (rows[%i] as v#) { v#.kids <- {k: %i, who: %p}; v#.sub.a += 1; v#.marks[%s]++; }", "if (rows[%i] as v#) { (iterate v#.kids where k > %i).delete(); v#.note = %s; }",
	"if (rows[%i] as v#) { foreach (u# in iterate v#.kids order by k desc) { u#.k++; } v#.sub <- {c: %d}; v#.marks.clear(); }",
	"if (rows[%i] as v#) { v#.kids.delete(); v#.note.append(0, %y); }", "(iterate rows).n_kids.size();", "foreach (v# in iterate rows) { foreach (u# in iterate v#.kids) { only.a += u#.k; } }",
	"if ((%e) == E::A) { only.up(%i); }", "switch (%s) { case \"\": only.a = 1; break; case \"a b\": only.a = 2; default: only.a = 3; }",
	"switch (%e) { case E::A: only.a = 1; case E::B: only.b = %s; break; }", "int v# = 0; while (v# < 3) { v#++; only.a += v#; }", "int v# = 2; do { v#--; } while (v# > 0);",
	"let v# = {x: %i, y: %s}; v#.x += 1; only <- {a: v#.x, b: v#.y};", "let v# = @pair %i -> %s; only.a = v#.key;", "foreach (v# in E::*) { only.a += v#.act(%i); }",
};

static void
gen_change(Gen *g, int name, int depth)
{
	const char *pattern = gen_changes[choose(g->c, sizeof(gen_changes) / sizeof(gen_changes[0]))];
	char		text[600];
	size_t		len = 0;

	for (; *pattern != '\0' && len < sizeof(text) - 20; pattern++)
		if (*pattern == '#')
			len += (size_t) snprintf(text + len, 20, "%d", name);
		else
			text[len++] = *pattern;
	text[len] = '\0';
	gen_filled(g, text, depth);
	kit_buf_add_char(g->out, '\n');
}

#endif
