/*
 * generate_query.h
 *	  Queries of the table rows, with all clauses, and expressions that are made of them.
 */
#ifndef ADAMA_FUZZ_GENERATE_QUERY_H
#define ADAMA_FUZZ_GENERATE_QUERY_H

#include "generate.h"

/* The fields of a row, by bare names or those of a variable. */
static void
gen_add_fields(Gen *g, const char *name)
{
	for (int i = 0; i < g->n_row; i++)
	{
		char		field[60];

		snprintf(field, sizeof(field), "%s%sf%d", name, name[0] != '\0' ? "." : "", i);
		gen_add(g, field, g->row_types[i], false);
	}
}

/* A field of Row for which the condition holds; -1: there is none. */
#define GEN_FIELD(g, condition, found) \
	do { \
		int			first_ = (int) choose((g)->c, (uint32_t) (g)->n_row); \
		(found) = -1; \
		for (int i_ = 0; i_ < (g)->n_row && (found) < 0; i_++) \
		{ \
			int			at_ = (first_ + i_) % (g)->n_row; \
			const GenType *of = &gen_types[(g)->row_types[at_]]; \
			if (condition) \
				(found) = at_; \
		} \
	} while (0)

static void
gen_where(Gen *g, int depth)
{
	int			n = g->n;
	bool		is_named = choose(g->c, 3) == 0;
	char		name[40];
	int			field;

	snprintf(name, sizeof(name), "w%d", g->names++);
	kit_buf_printf(g->out, is_named ? " where_as %s: " : " where ", name);
	GEN_FIELD(g, of->is_indexed, field);
	if (field >= 0 && choose(g->c, 2))
	{
		/* a bound that an index or an order may find */
		static const char *const ops[] = {"==", "<", "<=", ">", ">="};
		bool		is_equal = g->row_types[field] == GEN_ENUM || g->row_types[field] == GEN_BOOL || g->row_types[field] == GEN_PRINCIPAL || g->row_types[field] == GEN_LABEL ||
			g->row_types[field] >= GEN_MAYBE;

		kit_buf_printf(g->out, "(%s%sf%d %s ", is_named ? name : "", is_named ? "." : "", field, is_equal ? "==" : ops[choose(g->c, 5)]);
		if (g->row_types[field] >= GEN_MAYBE)
			gen_leaf(g, g->row_types[field] - GEN_MAYBE);
		else
			gen_leaf(g, g->row_types[field]);
		kit_buf_add_char(g->out, ')');
		if (choose(g->c, 2))
			return;
		kit_buf_add_str(g->out, " && ");
	}
	gen_add_fields(g, is_named ? name : "");
	kit_buf_add_char(g->out, '(');
	gen_expr(g, GEN_BOOL, depth - 1);
	kit_buf_add_char(g->out, ')');
	g->n = n;
}

static void
gen_clause(Gen *g, int depth)
{
	int			field;
	int			n = g->n;
	int			name = g->names++;
	char		text[40];

	switch (choose(g->c, 12))
	{
		default:
			gen_where(g, depth);
			return;
		case 4:
		case 5:
			GEN_FIELD(g, of->is_ordered, field);
			if (field < 0)
				return;
			kit_buf_printf(g->out, " order by f%d %s", field, choose(g->c, 2) ? "desc" : "asc");
			if (g->row_types[field] == GEN_STRING && choose(g->c, 2))
				kit_buf_add_str(g->out, " insensitive");
			if (choose(g->c, 3) == 0)
				kit_buf_printf(g->out, choose(g->c, 2) ? ", id desc" : ", id");
			if (choose(g->c, 4) == 0 && gen_types[g->formula_type].is_ordered)
				kit_buf_printf(g->out, choose(g->c, 2) ? ", fo desc" : ", fo");
			return;
		case 6:
			kit_buf_add_str(g->out, choose(g->c, 2) ? " limit (" : " offset (");
			gen_expr(g, GEN_INT, depth - 1);
			kit_buf_add_char(g->out, ')');
			return;
		case 7:
			GEN_FIELD(g, of->is_told_apart, field);
			if (field >= 0)
				kit_buf_printf(g->out, " unique %s f%d", choose(g->c, 2) ? "first" : "last", field);
			else
				kit_buf_add_str(g->out, " unique");
			return;
		case 8:
			kit_buf_add_str(g->out, " traverse near");
			return;
		case 9:
			snprintf(text, sizeof(text), "w%d", name);
			kit_buf_printf(g->out, " rank %s: (", text);
			gen_add_fields(g, text);
			gen_expr(g, GEN_DOUBLE, depth - 1);
			g->n = n;
			kit_buf_add_char(g->out, ')');
			if (choose(g->c, 2))
				kit_buf_add_str(g->out, choose(g->c, 2) ? " threshold 0.5" : " threshold 3");
			return;
		case 10:
			kit_buf_add_str(g->out, " materialize");
			return;
		case 11:
			if (g->writes)
				kit_buf_add_str(g->out, " shuffle");
			return;
	}
}

/* A list of rows. */
static void
gen_query(Gen *g, int depth)
{
	kit_buf_add_str(g->out, "(iterate rows");
	for (uint32_t i = choose(g->c, 4); i > 0 && depth > 0; i--)
		gen_clause(g, depth);
	if (depth > 0 && choose(g->c, 8) == 0)
	{
		/* last, for all that follows belongs to the string */
		kit_buf_add_str(g->out, " order_dyn (");
		gen_expr(g, GEN_STRING, depth - 1);
		kit_buf_printf(g->out, " + \",-f%d,+f%d\")", (int) choose(g->c, (uint32_t) g->n_row), (int) choose(g->c, (uint32_t) g->n_row));
	}
	kit_buf_add_char(g->out, ')');
}

/* ((query) map @lambda w: e): a list of the type. */
static void
gen_mapped(Gen *g, int type, int depth)
{
	int			n = g->n;
	char		name[40];

	snprintf(name, sizeof(name), "w%d", g->names++);
	kit_buf_add_char(g->out, '(');
	gen_query(g, depth - 1);
	kit_buf_printf(g->out, " map @lambda %s: (", name);
	gen_add_fields(g, name);
	gen_expr(g, type, depth - 1);
	g->n = n;
	kit_buf_add_str(g->out, "))");
}

/* An expression of the type that asks a query for something. */
static bool
gen_of_query(Gen *g, int type, int depth)
{
	int			field;

	if (!g->sees_document)
		return false;
	if (type == GEN_INT)
	{
		GEN_FIELD(g, of->is_key, field);
		switch (choose(g->c, 4))
		{
			case 0:
				gen_mapped(g, gen_any_type(g, false, false), depth - 1);
				break;
			case 1:
				if (field >= 0)
				{
					kit_buf_add_char(g->out, '(');
					gen_query(g, depth - 1);
					kit_buf_printf(g->out, choose(g->c, 2) ? " reduce on f%d)" : " reduce on f%d via @lambda l: l.size())", field);
					break;
				}
				/* fall through */
			default:
				gen_query(g, depth - 1);
				break;
		}
		kit_buf_add_str(g->out, ".size()");
		return true;
	}
	if (type < GEN_MAYBE)
		return false;
	if ((type - GEN_MAYBE == GEN_INT || type - GEN_MAYBE == GEN_LONG || type - GEN_MAYBE == GEN_DOUBLE) && choose(g->c, 2))
	{
		static const char *const statistics[] = {"sum()", "minimum()", "maximum()", "median()", "range()", "percentile(0.5)"};

		GEN_FIELD(g, of == &gen_types[type - GEN_MAYBE], field);
		if (field < 0)
			return false;
		gen_query(g, depth - 1);
		kit_buf_printf(g->out, ".f%d.%s", field, type - GEN_MAYBE == GEN_DOUBLE && choose(g->c, 3) == 0 ? "average()" : statistics[choose(g->c, 6)]);
		return true;
	}
	kit_buf_add_char(g->out, '(');
	GEN_FIELD(g, of == &gen_types[type - GEN_MAYBE] || of == &gen_types[type], field);
	if (field >= 0 && choose(g->c, 2))
	{
		gen_query(g, depth - 1);
		kit_buf_printf(g->out, ".f%d", field);
	}
	else
		gen_mapped(g, type - GEN_MAYBE, depth - 1);
	kit_buf_add_str(g->out, choose(g->c, 3) == 0 ? ".reverse()" : "");
	kit_buf_add_str(g->out, ")[");
	gen_expr(g, GEN_INT, depth - 1);
	kit_buf_add_char(g->out, ']');
	return true;
}

#endif
