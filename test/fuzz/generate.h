/*
 * generate.h
 *	  Random programs that are right: written from choices, by the tables of operators and built-ins that the checker has, so that what they can do
 *	  grows with the language.
 */
#ifndef ADAMA_FUZZ_GENERATE_H
#define ADAMA_FUZZ_GENERATE_H

#include "fuzz.h"
#include "lang/check_internal.h"
#include "vm/vm.h"

typedef struct GenType
{
	const char *name;
	const char *literals[3];	/* NULL: fewer */
	bool		is_there;		/* the checker supports it */
	bool		is_stored;
	bool		is_sent;
} GenType;

/* maybe<T> is behind T, at + GEN_MAYBE. */
#define GEN_N_PLAIN 14
#define GEN_MAYBE GEN_N_PLAIN

static GenType gen_types[2 * GEN_N_PLAIN] = {
	{"bool", {"true", "false"}}, {"int", {"3", "0", "2147483647"}}, {"long", {"5000000000L", "2L", "0L"}}, {"double", {"2.5", "0.0", "1.e9"}},
	{"string", {"\"a b\"", "\"\"", "\"\\u00e9x\""}}, {"principal", {"@no_one"}}, {"E", {"E::A", "E::B", "E::C"}}, {"complex", {"(1.0 + 2 * @i)", "(0 * @i)"}},
	{"date", {"(@date 2024/2/29)", "(@date 1999/12/31)"}}, {"time", {"(@time 4:30)", "(@time 23:59)"}},
	{"datetime", {"(@datetime \"2024-02-29T12:00:00Z\")", "(@datetime \"1969-12-31T23:59:59.999-08:00\")"}}, {"timespan", {"(@timespan 90 sec)", "(@timespan 2 day)"}},
	{"dynamic", {"@null"}}, {"asset", {"@nothing"}},
};

#define GEN_BOOL 0
#define GEN_INT 1
#define GEN_STRING 4
#define GEN_ENUM 6
#define GEN_MAX_VARIABLES 200

typedef struct GenVariable
{
	char		name[60];
	int			type;
	bool		is_place;
} GenVariable;

typedef struct GenFunction
{
	char		name[12];
	int			params[3];
	int			n;
	int			result;			/* -1: a procedure */
} GenFunction;

typedef struct Gen
{
	Choices    *c;
	KitBuf	   *out;
	GenVariable variables[GEN_MAX_VARIABLES];
	int			n;
	GenFunction functions[12];
	int			n_functions;
	int			row_types[8];	/* fields f0, f1, … of Row */
	int			n_row;
	int			names;			/* given out so far */
	int			budget;			/* of nodes */
	bool		sees_document;
	bool		sees_who;
	bool		writes;			/* may change the document */
	bool		may_abort;
	int			loops;
} Gen;

static void gen_expr(Gen *g, int type, int depth);
static void gen_block(Gen *g, int depth);

static bool
gen_compiles(const char *source)
{
	KitArena   *arena = kit_arena_new("probe");
	LangDiags	diags;
	bool		ok;

	lang_diags_init(&diags, arena);
	ok = lang_compile(source, strlen(source), arena, &diags) != NULL;
	kit_arena_delete(arena);
	return ok;
}

/* Asks the checker which types it has. */
static void
gen_init(void)
{
	static char names[GEN_N_PLAIN][30];
	static char literals[GEN_N_PLAIN][2][60];
	char		source[400];

	if (gen_types[0].is_there)
		return;
	for (int i = 0; i < 2 * GEN_N_PLAIN; i++)
	{
		GenType    *t = &gen_types[i];

		if (i >= GEN_MAYBE)
		{
			const GenType *plain = &gen_types[i - GEN_MAYBE];

			snprintf(names[i - GEN_MAYBE], sizeof(names[0]), "maybe<%s>", plain->name);
			snprintf(literals[i - GEN_MAYBE][0], sizeof(literals[0][0]), "@maybe<%s>", plain->name);
			snprintf(literals[i - GEN_MAYBE][1], sizeof(literals[0][0]), "@maybe(%s)", plain->literals[0]);
			t->name = names[i - GEN_MAYBE];
			t->literals[0] = literals[i - GEN_MAYBE][0];
			t->literals[1] = literals[i - GEN_MAYBE][1];
		}
		snprintf(source, sizeof(source), "enum E { A, B, C } procedure p(%s a) { %s b = %s; a = b; }", t->name, t->name, t->literals[0]);
		t->is_there = gen_compiles(source);
		snprintf(source, sizeof(source), "enum E { A, B, C } %s a; public formula b = a;", t->name);
		t->is_stored = t->is_there && gen_compiles(source);
		snprintf(source, sizeof(source), "enum E { A, B, C } message M { %s a; }", t->name);
		t->is_sent = t->is_there && gen_compiles(source);
	}
}

static int
gen_type_of(const char *text, size_t len)
{
	if (len == 4 && memcmp(text, "enum", 4) == 0)
		return GEN_ENUM;
	if (len == 11 && memcmp(text, "maybe<enum>", 11) == 0)
		return GEN_ENUM + GEN_MAYBE;
	for (int i = 0; i < 2 * GEN_N_PLAIN; i++)
		if (gen_types[i].is_there && strlen(gen_types[i].name) == len && memcmp(gen_types[i].name, text, len) == 0)
			return i;
	return -1;
}

static int
gen_any_type(Gen *g, bool stored, bool sent)
{
	int			first = (int) choose(g->c, 2 * GEN_N_PLAIN);

	for (int i = 0; i < 2 * GEN_N_PLAIN; i++)
	{
		int			type = (first + i) % (2 * GEN_N_PLAIN);

		if (gen_types[type].is_there && (!stored || gen_types[type].is_stored) && (!sent || gen_types[type].is_sent))
			return type;
	}
	return GEN_INT;
}

static void
gen_add(Gen *g, const char *name, int type, bool is_place)
{
	if (g->n == GEN_MAX_VARIABLES)
		return;
	snprintf(g->variables[g->n].name, sizeof(g->variables[0].name), "%s", name);
	g->variables[g->n].type = type;
	g->variables[g->n++].is_place = is_place;
}

/* One of the variables of the type; -1: there is none. */
static int
gen_variable(Gen *g, int type, bool as_place)
{
	int			first = g->n == 0 ? 0 : (int) choose(g->c, (uint32_t) g->n);

	for (int i = 0; i < g->n; i++)
	{
		const GenVariable *v = &g->variables[(first + i) % g->n];

		if ((type < 0 || v->type == type) && (!as_place || v->is_place))
			return (first + i) % g->n;
	}
	return -1;
}

static void
gen_leaf(Gen *g, int type)
{
	int			v = choose(g->c, 4) > 0 ? gen_variable(g, type, false) : -1;
	int			n = 0;

	if (v >= 0)
	{
		kit_buf_add_str(g->out, g->variables[v].name);
		return;
	}
	if (strcmp(gen_types[type].name, "principal") == 0 && g->sees_who && choose(g->c, 2) == 0)
	{
		kit_buf_add_str(g->out, "@who");
		return;
	}
	while (n < 3 && gen_types[type].literals[n] != NULL)
		n++;
	kit_buf_add_str(g->out, gen_types[type].literals[choose(g->c, (uint32_t) n)]);
}

/* The rows of the operator table (kind 0) or the built-ins (kind 1) that yield the type: picks one of n. */
static bool
gen_operator(Gen *g, int type, int depth)
{
	int			first = (int) choose(g->c, (uint32_t) lang_n_op_rows);

	for (int i = 0; i < lang_n_op_rows; i++)
	{
		const LangOpRow *row = &lang_op_rows[(first + i) % lang_n_op_rows];
		int			left = gen_type_of(row->left, strlen(row->left));
		int			right = row->right[0] == '\0' ? -2 : gen_type_of(row->right, strlen(row->right));

		if (row->code[0] == '\0' || left < 0 || right == -1 || gen_type_of(row->result, strlen(row->result)) != type || row->op == LANG_OP_ADD_ASSIGN ||
			row->op == LANG_OP_SUB_ASSIGN || row->op == LANG_OP_MUL_ASSIGN || row->op == LANG_OP_INCREMENT || row->op == LANG_OP_DECREMENT)
			continue;
		kit_buf_add_str(g->out, right == -2 ? lang_op_text(row->op) : "");
		kit_buf_add_char(g->out, '(');
		gen_expr(g, left, depth - 1);
		if (right >= 0)
		{
			kit_buf_printf(g->out, " %s ", lang_op_text(row->op));
			gen_expr(g, right, depth - 1);
		}
		kit_buf_add_char(g->out, ')');
		return true;
	}
	return false;
}

static bool
gen_builtin(Gen *g, int type, int depth)
{
	int			first = (int) choose(g->c, LANG_N_BUILTINS);

	for (int i = 0; i < LANG_N_BUILTINS; i++)
	{
		const LangBuiltin *b = &lang_builtins[(first + i) % LANG_N_BUILTINS];
		const char *p = strchr(b->signature, '(') + 1;
		const char *end = strchr(p, ')');
		int			params[8];
		int			n = 0;
		bool		fits = b->space[0] >= 'A' && b->space[0] <= 'Z' && gen_type_of(end + 1, strlen(end + 1)) == type;

		if ((b->reads & ~(g->writes ? LANG_READS_TIME | LANG_READS_RANDOM : 0)) != 0)
			continue;
		for (; fits && p < end; p += p < end)
		{
			size_t		len = strcspn(p, ",)");

			params[n] = n < 7 ? gen_type_of(p, len) : -1;
			fits = params[n++] >= 0;
			p += len;
		}
		if (!fits)
			continue;
		kit_buf_printf(g->out, "%s.%s(", b->space, b->name);
		for (int k = 0; k < n; k++)
		{
			kit_buf_add_str(g->out, k == 0 ? "" : ", ");
			gen_expr(g, params[k], depth - 1);
		}
		kit_buf_add_char(g->out, ')');
		return true;
	}
	return false;
}

static bool
gen_call(Gen *g, int type, int depth)
{
	int			first = g->n_functions == 0 ? 0 : (int) choose(g->c, (uint32_t) g->n_functions);

	for (int i = 0; i < g->n_functions; i++)
	{
		const GenFunction *f = &g->functions[(first + i) % g->n_functions];

		if (f->result != type || (type < 0 && !g->writes))
			continue;
		kit_buf_printf(g->out, "%s(", f->name);
		for (int k = 0; k < f->n; k++)
		{
			kit_buf_add_str(g->out, k == 0 ? "" : ", ");
			gen_expr(g, f->params[k], depth - 1);
		}
		kit_buf_add_char(g->out, ')');
		return true;
	}
	return false;
}

/* iterate rows with clauses. */
static void
gen_query(Gen *g, int depth)
{
	int			n = g->n;

	kit_buf_add_str(g->out, "(iterate rows");
	if (choose(g->c, 3) > 0)
	{
		bool		is_named = choose(g->c, 3) == 0;
		char		name[40];

		snprintf(name, sizeof(name), "w%d", g->names++);
		kit_buf_printf(g->out, is_named ? " where_as %s: " : " where ", name);
		for (int i = 0; i < g->n_row; i++)
		{
			char		field[60];

			snprintf(field, sizeof(field), "%s%sf%d", is_named ? name : "", is_named ? "." : "", i);
			gen_add(g, field, g->row_types[i], false);
		}
		gen_expr(g, GEN_BOOL, depth - 1);
		g->n = n;
	}
	if (choose(g->c, 3) == 0)
		for (int i = 0; i < g->n_row; i++)
			if (g->row_types[i] % GEN_MAYBE <= GEN_STRING)
			{
				kit_buf_printf(g->out, " order by f%d %s", i, choose(g->c, 2) ? "desc" : "asc");
				break;
			}
	if (choose(g->c, 4) == 0)
	{
		kit_buf_add_str(g->out, choose(g->c, 2) ? " limit (" : " offset (");
		gen_expr(g, GEN_INT, depth - 1);
		kit_buf_add_char(g->out, ')');
	}
	kit_buf_add_char(g->out, ')');
}

static void
gen_expr(Gen *g, int type, int depth)
{
	bool		is_maybe = type >= GEN_MAYBE;

	if (depth <= 0 || --g->budget < 0)
	{
		gen_leaf(g, type);
		return;
	}
	switch (choose(g->c, 12))
	{
		case 0:
			kit_buf_add_char(g->out, '(');
			gen_expr(g, GEN_BOOL, depth - 1);
			kit_buf_add_str(g->out, " ? ");
			gen_expr(g, type, depth - 1);
			kit_buf_add_str(g->out, " : ");
			gen_expr(g, type, depth - 1);
			kit_buf_add_char(g->out, ')');
			return;
		case 1:
			if (!is_maybe && gen_types[type + GEN_MAYBE].is_there)
			{
				kit_buf_add_char(g->out, '(');
				gen_expr(g, type + GEN_MAYBE, depth - 1);
				kit_buf_add_str(g->out, ").getOrDefaultTo(");
				gen_expr(g, type, depth - 1);
				kit_buf_add_char(g->out, ')');
				return;
			}
			break;
		case 2:
			if (is_maybe)
			{
				kit_buf_add_str(g->out, "@maybe(");
				gen_expr(g, type - GEN_MAYBE, depth - 1);
				kit_buf_add_char(g->out, ')');
				return;
			}
			break;
		case 3:
			if (is_maybe && g->sees_document)
				for (int i = 0; i < g->n_row; i++)
					if (g->row_types[i] % GEN_MAYBE == type % GEN_MAYBE)
					{
						kit_buf_add_str(g->out, "rows[");
						gen_expr(g, GEN_INT, depth - 1);
						kit_buf_printf(g->out, "].f%d", i);
						return;
					}
			break;
		case 4:
			if (type == GEN_INT && g->sees_document)
			{
				gen_query(g, depth - 1);
				kit_buf_add_str(g->out, ".size()");
				return;
			}
			if (type == GEN_BOOL)
			{
				int			inner = GEN_MAYBE + (int) choose(g->c, GEN_N_PLAIN);

				if (gen_types[inner].is_there)
				{
					kit_buf_add_char(g->out, '(');
					gen_expr(g, inner, depth - 1);
					kit_buf_add_str(g->out, ").has()");
					return;
				}
			}
			break;
		case 5:
			if (type == GEN_BOOL)
			{
				kit_buf_add_char(g->out, '(');
				gen_expr(g, GEN_INT, depth - 1);
				kit_buf_add_str(g->out, choose(g->c, 2) ? " < " : " <= ");
				gen_expr(g, GEN_INT, depth - 1);
				kit_buf_add_str(g->out, " < ");
				gen_expr(g, GEN_INT, depth - 1);
				kit_buf_add_char(g->out, ')');
				return;
			}
			if (type == GEN_INT)
			{
				kit_buf_add_char(g->out, '(');
				gen_expr(g, GEN_ENUM, depth - 1);
				kit_buf_add_str(g->out, ").to_int()");
				return;
			}
			break;
		case 6:
			if (gen_call(g, type, depth))
				return;
			break;
		case 7:
		case 8:
			if (gen_builtin(g, type, depth))
				return;
			break;
		default:
			if (gen_operator(g, type, depth))
				return;
			break;
	}
	gen_leaf(g, type);
}

/* ---- statements ---- */

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

static void
gen_statement(Gen *g, int depth)
{
	KitBuf	   *out = g->out;
	int			n = g->n;
	int			name = g->names++;
	int			type;
	int			v;
	char		text[40];

	switch (depth <= 0 ? choose(g->c, 5) : choose(g->c, 19))
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
		case 18:
			kit_buf_add_str(out, "log ");
			if (g->sees_document && choose(g->c, 3) == 0)
				kit_buf_add_str(out, choose(g->c, 2) ? "rows" : "iterate rows");
			else
				gen_expr(g, gen_any_type(g, true, true), 3);
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

/* ---- declarations ---- */

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

/* A whole program. */
static void
gen_program(Gen *g, Choices *c, KitBuf *out)
{
	int			n_root;
	int			n_channels = 1 + (int) choose(c, 3);
	char		name[40];

	memset(g, 0, sizeof(*g));
	gen_init();
	g->c = c;
	g->out = out;
	g->budget = 400;
	kit_buf_add_str(out, "enum E { A, B:5, @default C }\n");
	for (int i = (int) choose(c, 3); i > 0; i--)
		gen_function(g, false);
	kit_buf_add_str(out, "record Row {\npublic int id;\n");
	g->n_row = 2 + (int) choose(c, 5);
	for (int i = 0; i < g->n_row; i++)
	{
		g->row_types[i] = gen_any_type(g, true, false);
		kit_buf_printf(out, "public %s f%d;\n", gen_types[g->row_types[i]].name, i);
	}
	for (int i = 0; i < g->n_row; i++)
	{
		snprintf(name, sizeof(name), "f%d", i);
		gen_add(g, name, g->row_types[i], false);
	}
	kit_buf_add_str(out, "public formula fo = ");
	gen_expr(g, gen_any_type(g, true, false), 3);
	kit_buf_add_str(out, ";\nint changes @bump;\nmethod poke() {\n");
	for (int i = 0; i < g->n; i++)
		g->variables[i].is_place = true;
	g->writes = true;
	gen_statement(g, 0);
	g->writes = false;
	g->n = g->n_row;
	for (int i = 0; i < g->n; i++)
		g->variables[i].is_place = false;
	kit_buf_add_str(out, "}\n");
	if (choose(c, 2))
	{
		kit_buf_add_str(out, "policy seen { return ");
		g->sees_who = true;
		gen_expr(g, GEN_BOOL, 2);
		g->sees_who = false;
		kit_buf_add_str(out, "; }\nrequire seen;\n");
	}
	kit_buf_add_str(out, "}\ntable<Row> rows;\n");
	g->n = 0;
	n_root = 2 + (int) choose(c, 6);
	for (int i = 0; i < n_root; i++)
	{
		int			type = gen_any_type(g, true, false);

		kit_buf_printf(out, "%s%s x%d;\n", choose(c, 4) ? "public " : "", gen_types[type].name, i);
		snprintf(name, sizeof(name), "x%d", i);
		gen_add(g, name, type, true);
	}
	g->sees_document = true;
	for (int i = (int) choose(c, 4); i > 0; i--)
	{
		int			type = gen_any_type(g, true, false);

		kit_buf_printf(out, "public formula y%d = ", i);
		gen_expr(g, type, 4);
		kit_buf_add_str(out, ";\n");
		snprintf(name, sizeof(name), "y%d", i);
		gen_add(g, name, type, false);
	}
	kit_buf_add_str(out, "public formula all = ");
	gen_query(g, 3);
	kit_buf_add_str(out, ";\n");
	if (choose(c, 2))
	{
		g->sees_who = true;
		kit_buf_add_str(out, "bubble mine = ");
		gen_query(g, 3);
		kit_buf_add_str(out, ";\n");
		g->sees_who = false;
	}
	for (int i = (int) choose(c, 3); i > 0; i--)
		gen_function(g, true);
	for (int k = 0; k < n_channels; k++)
	{
		int			n = g->n;
		int			n_fields = 1 + (int) choose(c, 5);

		kit_buf_printf(out, "message M%d {\n", k);
		for (int i = 0; i < n_fields; i++)
		{
			int			type = gen_any_type(g, false, true);

			kit_buf_printf(out, "%s m%d;\n", gen_types[type].name, i);
			snprintf(name, sizeof(name), "m.m%d", i);
			gen_add(g, name, type, false);
		}
		kit_buf_printf(out, "}\nchannel c%d(M%d m) {\n", k, k);
		g->sees_document = g->sees_who = g->writes = g->may_abort = true;
		g->budget = 300;
		for (uint32_t i = 2 + choose(c, 6); i > 0; i--)
			gen_statement(g, 3);
		kit_buf_add_str(out, "}\n");
		g->n = n;
		g->sees_who = g->may_abort = false;
	}
	kit_buf_add_str(out, "@construct { rows <- {}; }\n");
}

/* ---- messages ---- */

static void gen_value(const LangType *type, Choices *c, KitBuf *out, int depth);

static void
gen_message(const LangStruct *structure, Choices *c, KitBuf *out, int depth)
{
	bool		is_first = true;

	kit_buf_add_char(out, '{');
	for (int i = 0; i < structure->n_fields && depth < 4; i++)
		if (structure->fields[i]->slot >= 0 && choose(c, 5) > 0)
		{
			kit_buf_printf(out, "%s\"%s\":", is_first ? "" : ",", structure->fields[i]->name->text);
			is_first = false;
			gen_value(structure->fields[i]->type, c, out, depth + 1);
		}
	kit_buf_add_char(out, '}');
}

static void
gen_value(const LangType *type, Choices *c, KitBuf *out, int depth)
{
	static const char *const values[LANG_N_TYPES][4] = {
		[LANG_BOOL] = {"true", "false", "true", "false"}, [LANG_INT] = {"1", "0", "-2147483648", "7"}, [LANG_LONG] = {"1", "\"-9223372036854775808\"", "3", "0"},
		[LANG_DOUBLE] = {"0.5", "-1.25", "1e300", "3"}, [LANG_STRING] = {"\"\"", "\"a b\"", "\"\xc3\xa4\xf0\x9f\x98\x80x\"", "\"12\""},
		[LANG_PRINCIPAL] = {"{\"agent\":\"a\",\"authority\":\"t\"}", "{\"agent\":\"?\",\"authority\":\"?\"}", "{\"agent\":\"b/-\",\"authority\":\"\"}", "{\"agent\":\"a\",\"authority\":\"t\"}"},
		[LANG_COMPLEX] = {"{\"r\":1,\"i\":0.5}", "{\"r\":0,\"i\":0}", "{\"r\":-1,\"i\":2}", "{\"r\":1,\"i\":1}"},
		[LANG_DATE] = {"\"2024-02-29\"", "\"1-01-01\"", "\"1999-12-31\"", "\"2023-06-30\""}, [LANG_TIME] = {"\"00:00\"", "\"23:59\"", "\"12:30\"", "\"04:05\""},
		[LANG_DATETIME] = {"\"2023-11-14T22:13:20.123Z[UTC]\"", "\"1900-01-01T00:00Z\"", "\"2024-02-29T12:00:00+02:00\"", "\"1969-12-31T23:59:59Z\""},
		[LANG_TIMESPAN] = {"0", "1.5", "-3.25", "86400"}, [LANG_DYNAMIC] = {"null", "1", "{\"a\":[1,\"x\"]}", "\"s\""}, [LANG_LABEL] = {"\"\"", "\"a\"", "\"\"", "\"a\""},
	};

	switch (type->kind)
	{
		case LANG_ENUM:
			kit_buf_add_int(out, type->enumeration->numbers[choose(c, (uint32_t) type->enumeration->n)]);
			break;
		case LANG_MAYBE:
			if (choose(c, 3) == 0)
				kit_buf_add_str(out, "null");
			else
				gen_value(type->a, c, out, depth);
			break;
		case LANG_MESSAGE:
			gen_message(type->structure, c, out, depth);
			break;
		case LANG_ARRAY:
			kit_buf_add_char(out, '[');
			for (uint32_t n = choose(c, 3); n > 0; n--)
			{
				gen_value(type->a, c, out, depth + 1);
				kit_buf_add_str(out, n > 1 ? "," : "");
			}
			kit_buf_add_char(out, ']');
			break;
		default:
			kit_buf_add_str(out, values[type->kind][0] == NULL ? "null" : values[type->kind][choose(c, 4)]);
			break;
	}
}

#endif
