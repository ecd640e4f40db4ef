/*
 * generate_statement.h
 *	  Statements.
 */
#ifndef ADAMA_FUZZ_GENERATE_STATEMENT_H
#define ADAMA_FUZZ_GENERATE_STATEMENT_H

#include "generate_store.h"

static void gen_block(Gen *g, int depth);

static void
gen_row_fields(Gen *g, const char *name)
{
	for (int i = 0; i < g->n_row; i++)
	{
		char		field[60];

		snprintf(field, sizeof(field), "%s.f%d", name, i);
		gen_add(g, field, g->row_types[i], g->writes);
	}
}

static void
gen_object(Gen *g, int depth)
{
	bool		is_first = true;

	kit_buf_add_char(g->out, '{');
	for (int i = 0; i < g->n_row; i++)
		if (choose(g->c, 3) > 0)
		{
			kit_buf_printf(g->out, "%sf%d: ", is_first ? "" : ", ", i);
			gen_expr(g, g->row_types[i], depth);
			is_first = false;
		}
	kit_buf_add_char(g->out, '}');
}

/* The same of those fields that messages can have, too. */
static void
gen_fill(Gen *g, int depth)
{
	bool		is_first = true;

	kit_buf_add_char(g->out, '{');
	for (int i = 0; i < g->n_row; i++)
		if (gen_types[g->row_types[i]].is_sent && choose(g->c, 3) > 0)
		{
			kit_buf_printf(g->out, "%sf%d: ", is_first ? "" : ", ", i);
			gen_expr(g, g->row_types[i], depth);
			is_first = false;
		}
	kit_buf_add_char(g->out, '}');
}

/* What is done beside the state; of a channel also what ends it. */
static void
gen_effect(Gen *g, int depth)
{
	static const char *const effects[] = {
		"Messaging.broadcast(%s, %y);", "Messaging.send(%s, %y);", "Messaging.broadcast(\"news\", %y);", "Messaging.send(\"mail\", (%i).dyn());", "ViewState.merge(%y);",
		"ViewState.goto(%s);", "ViewState.send(%s, %y);", "ViewState.log(%s);", "Document.disconnect(%p);",
		"if (%i == 7 && %b) { Document.rewind(%l); }", "if (%i == 7 && %b) { Document.destroy(); }",
	};
	uint32_t	n = sizeof(effects) / sizeof(effects[0]);

	gen_filled(g, effects[choose(g->c, g->may_abort ? n : n - 2)], depth);
	kit_buf_add_char(g->out, '\n');
}

static void
gen_statement(Gen *g, int depth)
{
	KitBuf	   *out = g->out;
	int			n = g->n;
	int			name = g->names++;
	int			type;
	int			v;
	char		text[40];

	if (g->has_store && g->writes && g->sees_document && choose(g->c, 4) == 0)
	{
		gen_change(g, name, 2);
		return;
	}
	switch (depth <= 0 ? choose(g->c, 5) : choose(g->c, 22))
	{
		default:
			v = gen_variable(g, -1, true);
			if (v < 0)
				break;
			kit_buf_printf(out, "%s = ", g->variables[v].name);
			gen_expr(g, g->variables[v].type, 3);
			kit_buf_add_str(out, ";\n");
			return;
		case 0:
			type = gen_any_type(g, false, false);
			kit_buf_printf(out, "%s v%d = ", gen_types[type].name, name);
			gen_expr(g, type, 3);
			kit_buf_add_str(out, ";\n");
			snprintf(text, sizeof(text), "v%d", name);
			gen_add(g, text, type, true);
			return;
		case 1:
			v = gen_variable(g, (int) choose(g->c, 3) + 1, true);
			if (v < 0)
				break;
			kit_buf_printf(out, "%s%s;\n", g->variables[v].name, choose(g->c, 2) ? "++" : "--");
			return;
		case 2:
			v = gen_variable(g, GEN_STRING, true);
			if (v < 0)
				break;
			kit_buf_printf(out, "%s += ", g->variables[v].name);
			gen_expr(g, (int) choose(g->c, 5), 3);
			kit_buf_add_str(out, ";\n");
			return;
		case 5:
			kit_buf_add_str(out, "if (");
			gen_expr(g, GEN_BOOL, 3);
			kit_buf_add_str(out, ") {\n");
			gen_block(g, depth - 1);
			kit_buf_add_str(out, "} else {\n");
			gen_block(g, depth - 1);
			kit_buf_add_str(out, "}\n");
			return;
		case 6:
			type = GEN_MAYBE + (int) choose(g->c, GEN_N_PLAIN);
			if (!gen_types[type].is_there)
				break;
			kit_buf_add_str(out, "if ((");
			gen_expr(g, type, 3);
			kit_buf_printf(out, ") as v%d) {\n", name);
			snprintf(text, sizeof(text), "v%d", name);
			gen_add(g, text, type - GEN_MAYBE, true);
			gen_block(g, depth - 1);
			g->n = n;
			kit_buf_add_str(out, "}\n");
			return;
		case 7:
			if (!g->sees_document)
				break;
			kit_buf_add_str(out, "if (rows[");
			gen_expr(g, GEN_INT, 2);
			kit_buf_printf(out, "] as r%d) {\n", name);
			snprintf(text, sizeof(text), "r%d", name);
			gen_row_fields(g, text);
			if (g->writes && choose(g->c, 3) == 0)
				kit_buf_printf(out, choose(g->c, 2) ? "%s.delete();\n" : "%s.poke();\n", text);
			gen_block(g, depth - 1);
			g->n = n;
			kit_buf_add_str(out, "}\n");
			return;
		case 8:
			kit_buf_printf(out, "for (int k%d = 0; k%d < %d; k%d++) {\n", name, name, 1 + (int) choose(g->c, 4), name);
			snprintf(text, sizeof(text), "k%d", name);
			gen_add(g, text, GEN_INT, false);
			g->loops++;
			gen_block(g, depth - 1);
			g->loops--;
			g->n = n;
			kit_buf_add_str(out, "}\n");
			return;
		case 9:
			if (!g->sees_document)
				break;
			kit_buf_printf(out, "foreach (r%d in ", name);
			gen_query(g, 3);
			kit_buf_add_str(out, ") {\n");
			snprintf(text, sizeof(text), "r%d", name);
			gen_row_fields(g, text);
			g->loops++;
			gen_block(g, depth - 1);
			g->loops--;
			g->n = n;
			kit_buf_add_str(out, "}\n");
			return;
		case 10:
			kit_buf_add_str(out, "switch (");
			gen_expr(g, GEN_INT, 2);
			kit_buf_printf(out, ") {\ncase %d:\n", (int) choose(g->c, 3));
			gen_block(g, depth - 1);
			kit_buf_add_str(out, choose(g->c, 2) ? "break;\ncase 5:\n" : "case 5:\n");
			gen_block(g, depth - 1);
			kit_buf_add_str(out, "default:\n");
			gen_block(g, depth - 1);
			kit_buf_add_str(out, "}\n");
			return;
		case 11:
		case 12:
			if (!g->writes)
				break;
			kit_buf_add_str(out, "rows <- ");
			gen_object(g, 2);
			kit_buf_printf(out, " as v%d;\n", name);
			snprintf(text, sizeof(text), "v%d", name);
			gen_add(g, text, GEN_INT, false);
			return;
		case 13:
			if (!g->writes)
				break;
			gen_query(g, 2);
			v = (int) choose(g->c, (uint32_t) g->n_row + 1);
			if (v == g->n_row)
				kit_buf_add_str(out, choose(g->c, 3) ? ".poke();\n" : ".delete();\n");
			else
			{
				kit_buf_printf(out, ".f%d = ", v);
				gen_expr(g, g->row_types[v], 2);
				kit_buf_add_str(out, ";\n");
			}
			return;
		case 14:
			if (!gen_call(g, -1, 2))
				break;
			kit_buf_add_str(out, ";\n");
			return;
		case 15:
			if (!g->may_abort)
				break;
			kit_buf_add_str(out, "if (");
			gen_expr(g, GEN_BOOL, 2);
			kit_buf_add_str(out, ") { abort; }\n");
			return;
		case 16:
			if (g->loops == 0)
				break;
			kit_buf_add_str(out, "if (");
			gen_expr(g, GEN_BOOL, 2);
			kit_buf_add_str(out, choose(g->c, 2) ? ") { break; }\n" : ") { continue; }\n");
			return;
		case 20:
			kit_buf_add_str(out, "log ");
			if (g->sees_document && choose(g->c, 3) == 0)
				kit_buf_add_str(out, choose(g->c, 2) ? "rows" : "iterate rows");
			else
				gen_expr(g, gen_any_type(g, true, true), 3);
			kit_buf_add_str(out, ";\n");
			return;
		case 21:
			if (!g->writes || !g->sees_document)
				break;
			gen_effect(g, 2);
			return;
		case 18:
			if (!g->writes || !g->has_fill)
				break;
			/* a message of one's own, a table of them */
			kit_buf_printf(out, "Fill v%d = ", name);
			gen_fill(g, 2);
			kit_buf_printf(out, ";\ntable<Fill> t%d;\nt%d <- v%d;\nt%d <- ", name, name, name, name);
			gen_fill(g, 2);
			if (choose(g->c, 2))
			{
				kit_buf_printf(out, ";\n(iterate t%d shuffle limit (", name);
				gen_expr(g, GEN_INT, 2);
				kit_buf_add_str(out, ")).delete()");
			}
			kit_buf_printf(out, ";\nforeach (q%d in iterate t%d) { rows <- q%d; }\nrows <- [v%d, v%d] as ids%d;\n", name, name, name, name, name, name);
			return;
		case 19:
			if (!g->writes || !g->has_fill)
				break;
			kit_buf_printf(out, "foreach (v%d in @convert<Fill>(", name);
			gen_query(g, 2);
			kit_buf_printf(out, " limit 3)) { rows <- v%d; }\n", name);
			return;
		case 17:
			type = gen_any_type(g, false, false);
			kit_buf_printf(out, "%s[] v%d = [", gen_types[type].name, name);
			gen_expr(g, type, 2);
			kit_buf_add_str(out, ", ");
			gen_expr(g, type, 2);
			kit_buf_printf(out, "];\nforeach (e%d in v%d) {\n", name, name);
			snprintf(text, sizeof(text), "e%d", name);
			gen_add(g, text, type, false);
			g->loops++;
			gen_block(g, depth - 1);
			g->loops--;
			g->n = n;
			kit_buf_add_str(out, "}\n");
			return;
	}
	kit_buf_add_str(out, ";\n");
}

static void
gen_block(Gen *g, int depth)
{
	int			n = g->n;

	for (uint32_t i = choose(g->c, 4); i > 0 && g->budget > 0; i--)
		gen_statement(g, depth);
	g->n = n;
}

#endif
