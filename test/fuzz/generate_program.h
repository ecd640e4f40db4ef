/*
 * generate_program.h
 *	  Declarations: a whole program of all that the other files can write.
 */
#ifndef ADAMA_FUZZ_GENERATE_PROGRAM_H
#define ADAMA_FUZZ_GENERATE_PROGRAM_H

#include "generate_statement.h"

/* Functions come before all fields: they see none. */
static void
gen_function(Gen *g, bool is_procedure)
{
	GenFunction *f = &g->functions[g->n_functions];
	int			n = g->n;

	snprintf(f->name, sizeof(f->name), "h%d", g->n_functions);
	f->n = (int) choose(g->c, 4);
	f->result = is_procedure ? -1 : gen_any_type(g, false, false);
	kit_buf_printf(g->out, "%s %s(", is_procedure ? "procedure" : "function", f->name);
	for (int i = 0; i < f->n; i++)
	{
		char		name[40];

		f->params[i] = gen_any_type(g, false, false);
		snprintf(name, sizeof(name), "p%d_%d", g->n_functions, i);
		kit_buf_printf(g->out, "%s%s %s", i == 0 ? "" : ", ", gen_types[f->params[i]].name, name);
		gen_add(g, name, f->params[i], true);
	}
	g->sees_document = g->writes = is_procedure;
	if (is_procedure)
		kit_buf_add_str(g->out, ") {\n");
	else
		kit_buf_printf(g->out, ") -> %s {\n", gen_types[f->result].name);
	for (uint32_t i = choose(g->c, 3); i > 0; i--)
		gen_statement(g, 2);
	if (!is_procedure)
	{
		kit_buf_add_str(g->out, "return ");
		gen_expr(g, f->result, 3);
		kit_buf_add_str(g->out, ";\n");
	}
	kit_buf_add_str(g->out, "}\n");
	g->n_functions++;
	g->n = n;
}

/* A graph of the rows, whose edges are the rows themselves. */
static void
gen_graph(Gen *g)
{
	kit_buf_add_str(g->out, "assoc<Row, Row> near;\njoin near via rows[x] from x.id to x.id - 1;\n");
	for (int i = 0; i < g->n_row; i++)
		if (g->row_types[i] == GEN_INT)
			kit_buf_printf(g->out, choose(g->c, 2) ? "join near via rows[x] from x.f%d to x.id;\n" : "join near via rows[x] from x.f%d %% 5 to x.id %% 3;\n", i);
		else if (g->row_types[i] == GEN_MAYBE + GEN_INT)
			kit_buf_printf(g->out, "join near via rows[x] from x.id * 2 to x.f%d;\n", i);
		else if (g->row_types[i] == GEN_STRING)
			kit_buf_printf(g->out, "join near via rows[x] from (x.f%d * 3).length() to x.f%d == \"\" ? x.id : 2;\n", i, i);
}

/* What rows publish: what lies in them, and how many there are. */
static void
gen_published_rows(Gen *g)
{
	KitBuf	   *out = g->out;

	kit_buf_add_str(out, "replication<rows:upsert> of_row = {id: id, fo: fo");
	for (int i = 0; i < g->n_row; i++)
		if (choose(g->c, 2) == 0)
			kit_buf_printf(out, ", f%d: f%d", i, i);
	if (g->has_store)
		kit_buf_add_str(out, ", kids: kids.size(), n_kids: n_kids, a: sub.a, note: note.get(), marks: marks");
	kit_buf_add_str(out, ", e: ");
	gen_expr(g, gen_any_type(g, true, false), 3);
	kit_buf_add_str(out, choose(g->c, 4) == 0 ? ", n: rows.size()};\n" : "};\n");
}

/* What the document publishes, also under the name that the rows have. */
static void
gen_published(Gen *g)
{
	KitBuf	   *out = g->out;

	for (int k = 1 + (int) choose(g->c, 3); k > 0; k--)
	{
		kit_buf_printf(out, "replication<%s:upsert> of_document%d = {a: ", k == 1 ? "documents" : k == 2 ? "rows" : "more", k);
		gen_expr(g, gen_any_type(g, true, false), 4);
		if (g->has_fill && choose(g->c, 2))
		{
			kit_buf_add_str(out, ", fills: @convert<Fill>(");
			gen_query(g, 2);
			kit_buf_add_str(out, ").toArray()");
		}
		kit_buf_add_str(out, ", n: (");
		gen_query(g, 2);
		kit_buf_add_str(out, ").size()};\n");
	}
	kit_buf_add_str(out, "procedure perhaps() -> maybe<Fill> readonly { if (");
	gen_expr(g, GEN_BOOL, 3);
	kit_buf_add_str(out, ") { Fill made; return made; } return @maybe<Fill>; }\nreplication<perhaps:upsert> of_perhaps = perhaps();\n");
}

static void
gen_row(Gen *g)
{
	KitBuf	   *out = g->out;
	char		name[40];

	kit_buf_add_str(out, "record Row {\npublic int id;\n");
	g->n_row = 2 + (int) choose(g->c, 5);
	for (int i = 0; i < g->n_row; i++)
	{
		g->row_types[i] = gen_any_type(g, true, false);
		kit_buf_printf(out, "public %s f%d;\n", gen_types[g->row_types[i]].name, i);
		if (gen_types[g->row_types[i]].is_indexed && choose(g->c, 3) == 0)
			kit_buf_printf(out, "index f%d;\n", i);
		snprintf(name, sizeof(name), "f%d", i);
		gen_add(g, name, g->row_types[i], false);
	}
	g->formula_type = gen_any_type(g, true, false);
	kit_buf_add_str(out, "public formula fo = ");
	gen_expr(g, g->formula_type, 3);
	kit_buf_add_str(out, ";\nint changes @bump;\n");
	if (g->publishes)
		gen_published_rows(g);
	kit_buf_add_str(out, choose(g->c, 3) == 0 ? "public datetime changed @updated;\nmethod poke() {\n" : "method poke() {\n");
	for (int i = 0; i < g->n; i++)
		g->variables[i].is_place = true;
	g->writes = true;
	gen_statement(g, 0);
	g->writes = false;
	g->n = g->n_row;
	for (int i = 0; i < g->n; i++)
		g->variables[i].is_place = false;
	kit_buf_add_str(out, "}\n");
	if (choose(g->c, 2))
	{
		kit_buf_add_str(out, "policy seen { return ");
		g->sees_who = true;
		gen_expr(g, GEN_BOOL, 2);
		g->sees_who = false;
		kit_buf_add_str(out, "; }\nrequire seen;\n");
	}
	kit_buf_add_str(out, g->has_store ? GEN_STORE_OF_ROW "}\ntable<Row> rows;\n" : "}\ntable<Row> rows;\n");
	gen_graph(g);
	g->n = 0;
}

/* A message with those fields of Row that messages can have. */
static void
gen_fill_message(Gen *g)
{
	kit_buf_add_str(g->out, "message Fill {\n");
	for (int i = 0; i < g->n_row; i++)
		if (gen_types[g->row_types[i]].is_sent)
		{
			kit_buf_printf(g->out, "%s f%d;\n", gen_types[g->row_types[i]].name, i);
			g->has_fill = true;
		}
	kit_buf_add_str(g->out, "}\n");
}

static void
gen_root(Gen *g)
{
	char		name[40];

	for (int i = 0, n = 2 + (int) choose(g->c, 6); i < n; i++)
	{
		int			type = gen_any_type(g, true, false);

		kit_buf_printf(g->out, "%s%s x%d;\n", choose(g->c, 4) ? "public " : "", gen_types[type].name, i);
		snprintf(name, sizeof(name), "x%d", i);
		gen_add(g, name, type, true);
	}
	if (g->has_store)
		kit_buf_add_str(g->out, GEN_STORE "dispatch E::A act(int a) -> int { return a + 1; }\ndispatch E::* act(int a) -> int { return self.to_int() - a; }\n");
	g->sees_document = true;
	for (int i = (int) choose(g->c, 4); i > 0; i--)
	{
		int			type = gen_any_type(g, true, false);

		kit_buf_printf(g->out, "public formula y%d = ", i);
		gen_expr(g, type, 4);
		kit_buf_add_str(g->out, ";\n");
		snprintf(name, sizeof(name), "y%d", i);
		gen_add(g, name, type, false);
	}
	kit_buf_add_str(g->out, "public formula all = ");
	gen_query(g, 3);
	kit_buf_add_str(g->out, ";\n");
}

/* What not every viewer sees, and what viewers ask for. */
static void
gen_private(Gen *g)
{
	KitBuf	   *out = g->out;
	int			n = g->n;

	g->sees_who = true;
	kit_buf_add_str(out, "bubble mine = ");
	gen_query(g, 3);
	kit_buf_add_str(out, ";\nview int vi;\nview string vs;\npolicy may { return ");
	gen_expr(g, GEN_BOOL, 3);
	kit_buf_add_str(out, "; }\nfilter asked { return vi > 1 || vs == \"a b\"; }\nuse_policy<may> int guarded = 7;\nuse_policy<may> E guarded_enum;\n"
					"public principal owner;\nviewer_is<owner> int hidden = 5;\nbubble<may | asked> asked_for = ");
	gen_add(g, "@viewer.vi", GEN_INT, false);
	gen_add(g, "@viewer.vs", GEN_STRING, false);
	gen_expr(g, gen_any_type(g, true, false), 3);
	kit_buf_add_str(out, ";\nbubble few = ");
	gen_query(g, 2);
	kit_buf_add_str(out, " limit @viewer.vi;\n");
	g->n = n;
	g->sees_who = false;
	gen_add(g, "guarded", GEN_INT, true);
	gen_add(g, "owner", GEN_PRINCIPAL, true);
	gen_add(g, "hidden", GEN_INT, true);
}

static void
gen_statements(Gen *g, uint32_t n)
{
	for (; n > 0; n--)
		gen_statement(g, 2);
}

static void
gen_events(Gen *g)
{
	KitBuf	   *out = g->out;
	int			n = g->n;

	g->writes = g->sees_who = true;
	g->budget = 200;
	kit_buf_add_str(out, "@connected {\n");
	gen_statements(g, choose(g->c, 3));
	kit_buf_add_str(out, "return ");
	gen_expr(g, GEN_BOOL, 2);
	g->n = n;
	kit_buf_add_str(out, ";\n}\n@disconnected {\n");
	gen_statements(g, choose(g->c, 3));
	g->n = n;
	kit_buf_add_str(out, "}\n@delete {\n");
	gen_statements(g, choose(g->c, 2));
	kit_buf_add_str(out, "return ");
	gen_expr(g, GEN_BOOL, 2);
	g->n = n;
	g->sees_who = false;
	kit_buf_add_str(out, ";\n}\n@load {\n");
	gen_statements(g, choose(g->c, 3));
	g->n = n;
	kit_buf_add_str(out, "}\n@can_attach {\nreturn ");
	g->writes = false;
	g->sees_who = true;
	gen_expr(g, GEN_BOOL, 2);
	g->n = n;
	kit_buf_add_str(out, ";\n}\n@attached (att) {\n");
	g->writes = true;
	gen_add(g, "att", GEN_ASSET, true);
	gen_statements(g, choose(g->c, 4));
	kit_buf_add_str(out, "}\n");
	g->n = n;
	g->sees_who = false;
}

/* A variable gets a value. */
static void
gen_simple(Gen *g)
{
	int			v = gen_variable(g, -1, true);

	kit_buf_printf(g->out, "%s = ", g->variables[v].name);
	gen_expr(g, g->variables[v].type, 2);
	kit_buf_add_str(g->out, ";\n");
}

static void
gen_channel(Gen *g, int k)
{
	KitBuf	   *out = g->out;
	int			n = g->n;
	int			n_fields = 1 + (int) choose(g->c, 5);
	bool		has_more = g->has_fill && choose(g->c, 2);
	int			types[6];
	char		name[40];

	kit_buf_printf(out, "message M%d {\n", k);
	for (int i = 0; i < n_fields; i++)
	{
		types[i] = gen_any_type(g, false, true);
		kit_buf_printf(out, "%s m%d;\n", gen_types[types[i]].name, i);
	}
	if (has_more)
		kit_buf_add_str(out, "Fill[] fills;\nmaybe<Fill> perhaps;\nFill fill;\nint[] numbers = [1, 2];\nlist<string> words;\nmap<string,int> counts;\njson any;\n");
	if (choose(g->c, 3) == 0)
	{
		/* it may change its fields, and sees nothing else */
		GenVariable kept[6];

		memcpy(kept, g->variables, sizeof(kept));
		g->n = 0;
		for (int i = 0; i < n_fields; i++)
		{
			snprintf(name, sizeof(name), "m%d", i);
			gen_add(g, name, types[i], true);
		}
		g->sees_document = g->writes = false;
		kit_buf_add_str(out, "@parsed {\n");
		gen_simple(g);
		kit_buf_add_str(out, "}\n");
		memcpy(g->variables, kept, sizeof(kept));
		g->n = n;
	}
	for (int i = 0; i < n_fields; i++)
	{
		snprintf(name, sizeof(name), "m.m%d", i);
		gen_add(g, name, types[i], false);
	}
	kit_buf_printf(out, "}\nchannel c%d(M%d m) {\n", k, k);
	g->sees_document = g->sees_who = g->writes = g->may_abort = true;
	g->budget = 300;
	if (has_more)
		kit_buf_add_str(out, "foreach (q in m.fills) { rows <- q; }\nif (m.perhaps as q) { rows <- q as id; }\nrows <- m.fill;\n");
	if (has_more && g->has_store)
		kit_buf_add_str(out, "foreach (q in m.counts) { by_text[q.key] = \"\" + q.value; }\nints = m.numbers.size() > 1 ? [m.counts.size()] : [];\nwords = m.words;\n"
						"json = m.any.deref(0).to_dynamic();\n");
	gen_statements(g, 2 + choose(g->c, 6));
	kit_buf_add_str(out, "}\n");
	g->n = n;
	g->sees_who = g->may_abort = false;
}

/* A whole program.  When it publishes, the checker may find that what it publishes depends on chance, or logs: nothing else. */
static void
gen_program(Gen *g, Choices *c, bool publishes, KitBuf *out)
{
	int			n_channels = 1 + (int) choose(c, 3);
	uint32_t	has = choose(c, 16);

	memset(g, 0, sizeof(*g));
	gen_init();
	g->c = c;
	g->out = out;
	g->budget = 400;
	g->has_store = (has & 1) != 0;
	g->has_views = (has & 2) != 0;
	g->publishes = publishes;
	kit_buf_add_str(out, "enum E { A, B:5, @default C }\n");
	for (int i = (int) choose(c, 3); i > 0; i--)
		gen_function(g, false);
	if (g->has_store)
		kit_buf_printf(out, GEN_STORE_TYPES, publishes ? "replication<kids:upsert> of_kid = {k: k, who: who}; " : "");
	g->sees_document = false;
	gen_row(g);
	gen_fill_message(g);
	gen_root(g);
	if (g->publishes)
		gen_published(g);
	if (g->has_views)
		gen_private(g);
	for (int i = (int) choose(c, 3); i > 0; i--)
		gen_function(g, true);
	for (int k = 0; k < n_channels; k++)
		gen_channel(g, k);
	if (g->has_fill)
		kit_buf_add_str(out, "channel fill(Fill m) { rows <- m as id; if (rows[id] as row) { row.poke(); } }\nchannel many(Fill[] ms) { rows <- ms; (iterate rows offset 20).delete(); }\n");
	if (has & 4)
		gen_events(g);
	kit_buf_add_str(out, g->has_fill && (has & 8) ? "@construct (Fill m) { rows <- m; }\n" : "@construct { rows <- {}; }\n");
}

/* Whether a program was refused only because of what it would publish. */
static bool
gen_must_not_publish(const LangDiags *diags)
{
	bool		is_meant = true;

	for (int i = 0; i < diags->n; i++)
		is_meant = is_meant && (diags->items[i]->code == KIT_WARNING || strstr(diags->items[i]->message, "may not depend on chance") != NULL ||
								strstr(diags->items[i]->message, "may not log") != NULL);
	return is_meant;
}

#endif
