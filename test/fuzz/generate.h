/*
 * generate.h
 *	  Random programs that are right: written from choices, by the tables of operators and built-ins that the checker has, so that what they can do
 *	  grows with the language.  Here: types, variables, expressions.
 *
 *		generate_query.h		queries, and what is made of them
 *		generate_store.h		maps, lists, texts, records, messages: as values, and changing them
 *		generate_statement.h	statements
 *		generate_program.h		declarations, whole programs
 *		generate_message.h		messages in JSON
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
	bool		is_ordered;		/* rows are ordered by it, and told apart, and grouped, and found */
	bool		is_told_apart;
	bool		is_key;
	bool		is_indexed;
} GenType;

/* maybe<T> is behind T, at + GEN_MAYBE. */
#define GEN_N_PLAIN 15
#define GEN_MAYBE GEN_N_PLAIN

static GenType gen_types[2 * GEN_N_PLAIN] = {
	{"bool", {"true", "false"}}, {"int", {"3", "0", "2147483647"}}, {"long", {"5000000000L", "2L", "0L"}}, {"double", {"2.5", "0.0", "1.e9"}},
	{"string", {"\"a b\"", "\"\"", "\"\\u00e9x\""}}, {"principal", {"@no_one"}}, {"E", {"E::A", "E::B", "E::C"}}, {"complex", {"(1.0 + 2 * @i)", "(0 * @i)"}},
	{"date", {"(@date 2024/2/29)", "(@date 1999/12/31)"}}, {"time", {"(@time 4:30)", "(@time 23:59)"}},
	{"datetime", {"(@datetime \"2024-02-29T12:00:00Z\")", "(@datetime \"1969-12-31T23:59:59.999-08:00\")"}}, {"timespan", {"(@timespan 90 sec)", "(@timespan 2 day)"}},
	{"dynamic", {"@null"}}, {"asset", {"@nothing"}}, {"label", {"#a", "#bc"}},
};

#define GEN_BOOL 0
#define GEN_INT 1
#define GEN_LONG 2
#define GEN_DOUBLE 3
#define GEN_STRING 4
#define GEN_PRINCIPAL 5
#define GEN_ENUM 6
#define GEN_ASSET 13
#define GEN_LABEL 14
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
	bool		has_store;		/* the document has maps, texts and the like */
	bool		publishes;		/* it has replications */
	bool		has_fill;		/* there is a message Fill with the fields of Row */
	bool		has_views;		/* it has view fields, policies and filters */
	int			formula_type;	/* of Row's formula fo */
	int			loops;
} Gen;

static void gen_expr(Gen *g, int type, int depth);
static bool gen_of_query(Gen *g, int type, int depth);	/* generate_query.h */
static bool gen_of_store(Gen *g, int type, int depth);	/* generate_store.h */

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
		if (!t->is_stored)
			continue;
		snprintf(source, sizeof(source), "enum E { A, B, C } record R { %s f; } table<R> t; public formula x = iterate t order by f;", t->name);
		t->is_ordered = gen_compiles(source);
		snprintf(source, sizeof(source), "enum E { A, B, C } record R { %s f; } table<R> t; public formula x = iterate t unique first f;", t->name);
		t->is_told_apart = gen_compiles(source);
		snprintf(source, sizeof(source), "enum E { A, B, C } record R { %s f; } table<R> t; public formula x = iterate t reduce on f;", t->name);
		t->is_key = gen_compiles(source);
		snprintf(source, sizeof(source), "enum E { A, B, C } record R { %s f; index f; } table<R> t;", t->name);
		t->is_indexed = gen_compiles(source);
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

static void
gen_expr(Gen *g, int type, int depth)
{
	bool		is_maybe = type >= GEN_MAYBE;

	if (depth <= 0 || --g->budget < 0)
	{
		gen_leaf(g, type);
		return;
	}
	switch (choose(g->c, 14))
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
			if (gen_of_query(g, type, depth))
				return;
			break;
		case 8:
			if (gen_of_store(g, type, depth))
				return;
			break;
		case 9:
		case 10:
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

#endif
