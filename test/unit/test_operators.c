/*
 * test_operators.c
 *	  Operators, from the table of the reference (operators.tsv): every pair of types with every operator.
 *
 *		types		what is in the table compiles and has the type that it says; all else is refused, by one error at the operator
 *		values		the samples of the table, with operands that are constants, parameters, fields and variables
 *
 * What the checker says it does not support yet is counted; the count has a limit that only ever goes down.
 */
#include "run_program.h"

#include "lang/check_internal.h"

/* Legal combinations that may still be refused as not supported. */
#define MAX_UNSUPPORTED 59
#define MAX_UNSUPPORTED_TYPES 12

/* ---- the table ---- */

typedef struct Sample
{
	char	   *left;
	char	   *right;
	char	   *value;
} Sample;

typedef struct Row
{
	char	   *left;
	char	   *op;
	char	   *right;			/* "": prefix operator */
	char	   *result;
	Sample		samples[16];
	int			n;
} Row;

static Row	rows[1000];
static int	n_rows;

/* Cuts the line at its tabs; missing columns are "". */
static void
cut(char *line, char **columns, int n)
{
	for (int i = 0; i < n; i++)
	{
		columns[i] = line;
		line += strcspn(line, "\t");
		if (*line != '\0')
			*line++ = '\0';
	}
}

static bool
read_table(const char *path)
{
	FILE	   *file = fopen(path, "r");
	char		line[1000];

	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		char	   *text;
		char	   *c[4];

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		text = strdup(line);	/* for ever */
		cut(text, c, 4);
		if (c[0][0] != '\0')
			rows[n_rows++] = (Row) {c[0], c[1], c[2], c[3]};
		else
			rows[n_rows - 1].samples[rows[n_rows - 1].n++] = (Sample) {c[1], c[2], c[3]};
	}
	fclose(file);
	return true;
}

/* The table says enum where a program has the name of one. */
static bool
is_of(const char *type, const char *in_table)
{
	if (strcmp(type, "E") == 0)
		return strcmp(in_table, "enum") == 0;
	if (strcmp(type, "maybe<E>") == 0)
		return strcmp(in_table, "maybe<enum>") == 0;
	return strcmp(type, in_table) == 0;
}

static const char *
concrete(const char *type)
{
	return strcmp(type, "enum") == 0 ? "E" : strcmp(type, "maybe<enum>") == 0 ? "maybe<E>" : type;
}

/* The row for operands of these types; form is "%s", "r<%s>", "list<r<%s>>" for the left one. */
static const Row *
find_row(const char *form, const char *left, const char *op, const char *right)
{
	for (int i = 0; i < n_rows; i++)
	{
		char		inner[60];
		size_t		before = strcspn(form, "%");
		size_t		after = strlen(form) - before - 2;
		size_t		len = strlen(rows[i].left);

		if (strcmp(rows[i].op, op) != 0 || !is_of(right, rows[i].right) || len <= before + after ||
			strncmp(rows[i].left, form, before) != 0 || strcmp(rows[i].left + len - after, form + before + 2) != 0)
			continue;
		snprintf(inner, sizeof(inner), "%.*s", (int) (len - before - after), rows[i].left + before);
		if (is_of(left, inner))
			return &rows[i];
	}
	return NULL;
}

/* ---- types: programs with one statement on each line ---- */

static const char *const types[] = {
	"bool", "int", "long", "double", "complex", "string", "label", "principal", "secure<principal>", "date", "time", "datetime", "timespan", "dynamic",
	"json", "asset", "text", "E", "F", "Row", "M", "maybe<bool>", "maybe<int>", "maybe<long>", "maybe<double>", "maybe<complex>", "maybe<string>",
	"maybe<label>", "maybe<principal>", "maybe<date>", "maybe<time>", "maybe<datetime>", "maybe<timespan>", "maybe<E>", "maybe<F>", "maybe<Row>",
	"maybe<M>", "maybe<dynamic>", "maybe<asset>", "list<int>", "list<long>", "list<double>", "list<bool>", "list<string>", "list<Row>", "int[]", "M[]",
	"map<int,int>", "map<long,int>", "map<string,int>", "map<principal,int>", "pair<int,int>", "table<Row>", "table<M>", "tuple<int,int>", "vec2", "vec3",
	"vec4", "matrix2", "matrix3", "matrix4", "matrixh4", "holder<M>", "future<M>", "grid<int,int>"
};

#define N_TYPES ((int) (sizeof(types) / sizeof(types[0])))

static const char *const binary_ops[] = {
	"+", "-", "*", "/", "%", "==", "!=", "=?", "<", ">", "<=", ">=", "&&", "||", "^^", "inside", "outside"
};
static const char *const assigning_ops[] = {"+=", "-=", "*="};
static const char *const prefix_ops[] = {"-", "!", "++", "--"};

#define N(array) ((int) (sizeof(array) / sizeof((array)[0])))

static bool is_parameter[N_TYPES];	/* else an operand is a field */
static bool is_stored[N_TYPES];
static int	n_unsupported;

/* What a program says, parsed and checked; diagnostics by line. */
static LangDiags diags;
static LangTree tree;

static void
check_source(KitArena *arena, const char *source)
{
	lang_diags_init(&diags, arena);
	if (lang_parse(source, strlen(source), arena, kit_sym_table_new(arena), &tree, &diags))
		lang_check(&tree, &diags);
}

static bool
is_accepted(const char *format, const char *type)
{
	KitArena   *arena = kit_arena_new("test");
	char		source[500];
	bool		ok;

	snprintf(source, sizeof(source), format, type);
	check_source(arena, source);
	ok = diags.n_errors == 0;
	kit_arena_delete(arena);
	return ok;
}

#define WORLD "enum E { A, B } enum F { C, D } message M { int m; } record Row { int n; } "

typedef struct Line
{
	const Row  *row;			/* NULL: must be refused */
	const char *op;
	int			column;			/* of the operator */
	bool		is_free;		/* either is right */
} Line;

typedef struct Source
{
	KitBuf		text;
	Line		lines[100];
	int			n;
} Source;

static void
add_line(Source *s, const char *before, const char *op, const char *after, const Row *row)
{
	size_t		column = strlen(before) + (before[0] != '\0' && after[0] != '\0' ? 2 : 1);

	kit_buf_printf(&s->text, "%s%s%s%s%s;\n", before, column > strlen(before) + 1 ? " " : "", op, column > strlen(before) + 1 ? " " : "", after);
	s->lines[s->n++] = (Line) {row, op, (int) column};
}

/* Line k of the statements is line k + 3 of the program. */
static void
begin(Source *s, KitArena *arena, int left, int right)
{
	kit_buf_init(&s->text, arena);
	s->n = 0;
	kit_buf_printf(&s->text, "%s", WORLD);
	if (is_stored[left])
		kit_buf_printf(&s->text, "%s fa; record Holder { %s f; } table<Holder> holders;", types[left], types[left]);
	if (right >= 0 && !is_parameter[right])
		kit_buf_printf(&s->text, "%s b;", types[right]);
	kit_buf_printf(&s->text, "\nprocedure p(");
	if (is_parameter[left])
		kit_buf_printf(&s->text, "%s a%s", types[left], right >= 0 && is_parameter[right] ? ", " : "");
	if (right >= 0 && is_parameter[right])
		kit_buf_printf(&s->text, "%s b", types[right]);
	kit_buf_printf(&s->text, ") {\n");
}

/* Whether a combination that the table does not list may be allowed all the same. */
static bool
is_free(const char *left, const char *op, const char *right)
{
	/* the reference speaks of maps only; an int is a long where a long is wanted, and a secure principal is a principal */
	return (strcmp(op, "inside") == 0 || strcmp(op, "outside") == 0) &&
		(strncmp(right, "list<", 5) == 0 || strchr(right, '[') != NULL || (strcmp(left, "int") == 0 && strcmp(right, "map<long,int>") == 0) ||
		 (strcmp(left, "secure<principal>") == 0 && strcmp(right, "map<principal,int>") == 0));
}

static void
check_lines(Source *s, KitArena *arena, const char *left, const char *right)
{
	LangStmt   *body;

	kit_buf_add_str(&s->text, "}");
	check_source(arena, s->text.data);
	if (tree.n == 0)
	{
		UNIT_TRY(false, "%s and %s: %s", left, right, diags.items[0]->message);
		return;
	}
	for (int i = 0; i < diags.n; i++)
		UNIT_TRY(diags.items[i]->code == KIT_WARNING || (diags.items[i]->line > 2 && diags.items[i]->code != KIT_SYNTAX_ERROR), "%s and %s: %d:%d %s", left, right,
				 diags.items[i]->line, diags.items[i]->column, diags.items[i]->message);
	body = tree.items[tree.n - 1]->body;
	for (int k = 0; k < s->n; k++)
	{
		const Line *line = &s->lines[k];
		const KitDiag *error = NULL;
		int			n_errors = 0;

		for (int i = 0; i < diags.n; i++)
			if (diags.items[i]->code != KIT_WARNING && diags.items[i]->line == k + 3)
			{
				error = diags.items[i];
				n_errors++;
			}
		if (line->is_free)
			continue;
		if (line->row == NULL)
			UNIT_TRY(n_errors == 1 && error->code == KIT_TYPE_ERROR && error->column == line->column, "%s %s %s must be refused at column %d: %d errors, %d:%d %s",
					 left, line->op, right, line->column, n_errors, error == NULL ? 0 : error->line, error == NULL ? 0 : error->column,
					 error == NULL ? "" : error->message);
		else if (n_errors == 1 && error->code == KIT_NOT_SUPPORTED)
			n_unsupported++;
		else if (UNIT_TRY(n_errors == 0, "%s %s %s must be allowed (%s): %s", left, line->op, right, line->row->left, error == NULL ? "" : error->message))
		{
			const LangType *type = body->u.block.items[k]->u.expr->type;

			UNIT_TRY(type != NULL && strcmp(type->text, concrete(line->row->result)) == 0, "%s %s %s yields %s instead of %s", left, line->op, right,
					 type == NULL ? "nothing" : type->text, line->row->result);
		}
	}
}

/* The types that a program can have an operand of. */
static void
find_types(void)
{
	int			n_missing = 0;

	for (int i = 0; i < N_TYPES; i++)
	{
		is_parameter[i] = is_accepted(WORLD "procedure p(%s a) { }", types[i]);
		is_stored[i] = is_accepted(WORLD "%s a;", types[i]);
		if (!is_parameter[i] && !is_stored[i])
			n_missing++;
	}
	printf("# %d of %d types are not supported yet\n", n_missing, N_TYPES);
	UNIT_OK("no type is missing that was there", n_missing <= MAX_UNSUPPORTED_TYPES);
}

static void
test_pairs(void)
{
	KitArena   *arena = kit_arena_new("test");
	Source		source;

	for (int l = 0; l < N_TYPES; l++)
		for (int r = 0; r < N_TYPES; r++)
		{
			const char *left = types[l];
			const char *right = types[r];
			const char *a = is_parameter[l] ? "a" : "fa";
			const char *in_parentheses = is_parameter[l] ? "(a)" : "(fa)";

			/* F is there to be another enumeration than E */
			if (!(is_parameter[l] || is_stored[l]) || !(is_parameter[r] || is_stored[r]) || is_of(left, "F") || is_of(left, "maybe<F>"))
				continue;
			begin(&source, arena, l, r);
			for (int i = 0; i < N(binary_ops); i++)
			{
				/* a word after a name would begin a declaration */
				add_line(&source, strchr(binary_ops[i], 'i') != NULL || strchr(binary_ops[i], 'o') != NULL ? in_parentheses : a, binary_ops[i], "b", find_row("%s", left, binary_ops[i], right));
				source.lines[source.n - 1].is_free = is_free(left, binary_ops[i], right);
			}
			for (int i = 0; i < N(assigning_ops); i++)
			{
				if (is_parameter[l])
					add_line(&source, "a", assigning_ops[i], "b", find_row("%s", left, assigning_ops[i], right));
				if (is_stored[l])
				{
					add_line(&source, "fa", assigning_ops[i], "b", find_row("r<%s>", left, assigning_ops[i], right));
					if (strncmp(left, "table", 5) != 0)
						add_line(&source, "(iterate holders).f", assigning_ops[i], "b", find_row("list<r<%s>>", left, assigning_ops[i], right));
				}
			}
			check_lines(&source, arena, left, right);
			kit_arena_reset(arena);
		}
	UNIT_PROPERTY("pairs of operands: what the table has is allowed, all else is refused at the operator");
	kit_arena_delete(arena);
}

static void
test_prefixes(void)
{
	KitArena   *arena = kit_arena_new("test");
	Source		source;

	for (int l = 0; l < N_TYPES; l++)
	{
		const char *a = is_parameter[l] ? "a" : "fa";

		if (!is_parameter[l] && !is_stored[l])
			continue;
		begin(&source, arena, l, -1);
		for (int i = 0; i < N(prefix_ops); i++)
		{
			const Row  *row = find_row("%s", types[l], prefix_ops[i], "");

			add_line(&source, "", prefix_ops[i], a, row);
			if (strlen(prefix_ops[i]) == 2)
			{
				add_line(&source, a, prefix_ops[i], "", row);
				if (is_stored[l])
					add_line(&source, "fa", prefix_ops[i], "", row);
				if (is_stored[l] && strncmp(types[l], "table", 5) != 0)
					add_line(&source, "(iterate holders).f", prefix_ops[i], "", find_row("list<r<%s>>", types[l], prefix_ops[i], ""));
			}
		}
		check_lines(&source, arena, types[l], "");
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("the same for one operand");
	kit_arena_delete(arena);
}

/* The implementation's own table names only operations that there are. */
static void
test_codes(void)
{
	for (int i = 0; i < lang_n_op_rows; i++)
		UNIT_TRY(lang_op_rows[i].code[0] == '\0' || lang_op_code(lang_op_rows[i].code) != NULL, "row %s %s %s has an unknown code %s",
				 lang_op_rows[i].left, lang_op_text(lang_op_rows[i].op), lang_op_rows[i].right, lang_op_rows[i].code);
	UNIT_PROPERTY("every row of operators.def has an operation that there is");
}

/* ---- values ---- */

/* The type inside of r<…>, list<r<…>>, secure<…>; others as they are. */
static const char *
inner_type(const char *type, char out[60])
{
	const char *prefix = strncmp(type, "list<r<", 7) == 0 ? "list<r<" : strncmp(type, "r<", 2) == 0 ? "r<" : "";
	size_t		n = strlen(prefix);

	snprintf(out, 60, "%.*s", (int) (strlen(type) - n - (n == 7 ? 2 : n == 2 ? 1 : 0)), type + n);
	if (strcmp(out, "secure<principal>") == 0)
		snprintf(out, 60, "principal");
	return concrete(out);
}

typedef struct Names
{
	char		member[4][8];	/* members of the state that must have the sample's value */
	int			n;
} Names;

static const char *
result_field(Names *names, char kind, int k)
{
	snprintf(names->member[names->n], sizeof(names->member[0]), "%c%d", kind, k);
	return names->member[names->n++];
}

/* A program that computes all samples of the row into fields. */
static void
write_samples(KitBuf *out, const Row *row, Names *names)
{
	char		left_text[60];
	char		right_text[60];
	const char *left = inner_type(row->left, left_text);
	const char *right = inner_type(row->right, right_text);
	bool		is_bulk = strncmp(row->left, "list<r<", 7) == 0;
	bool		is_step = strcmp(row->op, "++") == 0 || strcmp(row->op, "--") == 0;
	bool		is_prefix = row->right[0] == '\0' && !is_step;
	bool		assigns = is_step || strcmp(row->op + strlen(row->op) - 1, "=") == 0;
	const char *type = assigns ? left : concrete(row->result);
	KitBuf		body;

	if (strcmp(row->op, "==") == 0 || strcmp(row->op, "!=") == 0 || strcmp(row->op, "<=") == 0 || strcmp(row->op, ">=") == 0)
		assigns = false, type = "bool";
	kit_buf_init(&body, out->arena);
	kit_buf_printf(out, "enum E { A, B }\n");
	kit_buf_printf(out, "%s left_;\n%s right_;\n", left, right[0] == '\0' ? "int" : right);
	if (is_bulk)
		kit_buf_printf(out, "record Holder { %s f; }\ntable<Holder> holders;\nint count;\n", left);
	else if (is_prefix)
		kit_buf_printf(out, "function apply(%s a) -> %s { return %sa; }\n", concrete(row->left), type, row->op);
	else if (!assigns)
		kit_buf_printf(out, "function apply(%s a, %s b) -> %s { return a %s b; }\n", concrete(row->left), concrete(row->right), type, row->op);
	for (int k = 0; k < row->n; k++)
	{
		const Sample *s = &row->samples[k];

		names[k].n = 0;
		if (is_bulk)
		{
			kit_buf_printf(out, "%s %s;\n", type, result_field(&names[k], 'x', k));
			kit_buf_printf(&body, "  holders.delete();\n  holders <- {f: %s};\n  holders <- {f: %s};\n", s->left, s->left);
			kit_buf_printf(&body, "  count += ((iterate holders).f%s%s%s);\n", row->op, is_step ? "" : " ", s->right);
			kit_buf_printf(&body, "  if ((iterate holders)[1] as last) { x%d = last.f; }\n", k);
			continue;
		}
		kit_buf_printf(out, "%s %s;\n%s fa%d;\n", type, result_field(&names[k], 'c', k), left, k);
		if (!is_step && !is_prefix)
			kit_buf_printf(out, "%s fb%d;\n", right, k);
		kit_buf_printf(&body, "  fa%d = %s;\n  %s a%d = %s;\n", k, s->left, left, k, s->left);
		if (!is_step && !is_prefix)
			kit_buf_printf(&body, "  fb%d = %s;\n  %s b%d = %s;\n", k, s->right, right, k, s->right);
		if (is_step)
		{
			kit_buf_printf(out, "%s %s;\n", type, result_field(&names[k], 'v', k));
			kit_buf_printf(&body, "  fa%d%s;\n  c%d = fa%d;\n  v%d = %sa%d;\n", k, row->op, k, k, k, row->op, k);
			continue;
		}
		if (assigns)
		{
			/* as a field, or as a variable, of which not all can */
			if (row->left[1] == '<')
				kit_buf_printf(&body, "  c%d = (fa%d %s (%s));\n  fb%d = fb%d;\n", k, k, row->op, s->right, k, k);
			else
				kit_buf_printf(&body, "  c%d = (a%d %s b%d);\n", k, k, row->op, k);
			kit_buf_printf(out, "%s %s;\n", type, result_field(&names[k], 'v', k));
			kit_buf_printf(&body, row->left[1] == '<' ? "  v%d = fa%d;\n" : "  v%d = a%d;\n", k, k);
			continue;
		}
		kit_buf_printf(out, "%s %s;\n%s %s;\n", type, result_field(&names[k], 'p', k), type, result_field(&names[k], 'f', k));
		kit_buf_printf(out, "%s %s;\n", type, result_field(&names[k], 'v', k));
		if (is_prefix)
			kit_buf_printf(&body, "  c%d = %s(%s);\n  p%d = apply(%s);\n  f%d = %sfa%d;\n  v%d = %sa%d;\n", k, row->op, s->left, k, s->left, k, row->op, k, k,
						   row->op, k);
		else
			kit_buf_printf(&body, "  c%d = (%s) %s (%s);\n  p%d = apply(%s, %s);\n  f%d = fa%d %s fb%d;\n  v%d = a%d %s b%d;\n", k, s->left, row->op, s->right, k,
						   s->left, s->right, k, k, row->op, k, k, k, row->op, k);
	}
	kit_buf_printf(out, "@construct {\n%s}\n", body.len > 0 ? body.data : "");
}

static void
compare_state(const Row *row, const Names *names, DocItem state, KitArena *arena)
{
	for (int k = 0; k < row->n; k++)
	{
		const Sample *s = &row->samples[k];
		char		json[300];
		DocItem		wanted = {.kind = DOC_NULL};
		bool		is_empty = strcmp(s->value, "null") == 0;

		snprintf(json, sizeof(json), "{\"v\":%s}", s->value);
		doc_find_member(json_item(json, arena), "v", 1, &wanted);
		for (int i = 0; i < names[k].n; i++)
		{
			DocItem		got = {.kind = DOC_NULL};
			bool		is_there = doc_find_member(state, names[k].member[i], strlen(names[k].member[i]), &got);
			DocNode    *a = NULL;
			DocNode    *b = NULL;
			KitBuf		text;

			kit_buf_init(&text, arena);
			if (is_there)
				doc_item_to_json(got, DOC_JSON_TEXT, &text);
			else
				kit_buf_add_str(&text, "null");
			UNIT_TRY(is_there == !is_empty && (is_empty || (doc_node_from_item(arena, wanted, &a, NULL) && doc_node_from_item(arena, got, &b, NULL) && doc_node_equal(a, b))),
					 "%s %s %s: %s %s %s is %s (%s) instead of %s", row->left, row->op, row->right, s->left, row->op, s->right, text.data, names[k].member[i],
					 s->value);
		}
	}
}

static void
run_samples(const Row *row, KitArena *arena)
{
	Names		names[16];
	KitBuf		source;
	KitBuf		state;
	LangDiags	said;
	VmProgram  *program;
	VmDoc	   *doc;
	KitDiag		diag;

	kit_buf_init(&source, arena);
	kit_buf_init(&state, arena);
	write_samples(&source, row, names);
	lang_diags_init(&said, arena);
	program = vm_program_new(source.data, source.len, &said);
	if (program == NULL)
	{
		bool		is_unsupported = true;

		for (int i = 0; i < said.n; i++)
			is_unsupported = is_unsupported && (said.items[i]->code == KIT_NOT_SUPPORTED || said.items[i]->code == KIT_WARNING);
		for (int i = 0; i < said.n && !is_unsupported; i++)
			if (said.items[i]->code != KIT_NOT_SUPPORTED && said.items[i]->code != KIT_WARNING)
			{
				UNIT_TRY(false, "%s %s %s: %d:%d %s", row->left, row->op, row->right, said.items[i]->line, said.items[i]->column, said.items[i]->message);
				break;
			}
		n_unsupported += is_unsupported;
		return;
	}
	UNIT_TRY(row->n > 0 || strstr(row->op, "side") != NULL, "%s %s %s has no samples", row->left, row->op, row->right);
	doc = vm_doc_new(program, 0, false);
	if (UNIT_TRY(reduce(doc, event_of(VM_EVENT_CREATE, ""), &vm_default_limits, &diag), "%s %s %s: %s", row->left, row->op, row->right, diag.message))
	{
		DocBytes	bytes = vm_doc_save(doc, &state);
		DocItem		root;

		if (UNIT_TRY(doc_open(bytes, DOC_DOCUMENT, &root, &diag), "%s", diag.message))
			compare_state(row, names, root, arena);
	}
	vm_doc_free(doc);
	vm_program_free(program);
}

static void
test_values(void)
{
	KitArena   *arena = kit_arena_new("test");

	n_unsupported = 0;
	for (int i = 0; i < n_rows; i++)
	{
		run_samples(&rows[i], arena);
		kit_arena_reset(arena);
	}
	printf("# samples of %d combinations cannot run yet\n", n_unsupported);
	UNIT_PROPERTY("the samples of the table");
	UNIT_OK("no sample is refused that was not", n_unsupported <= MAX_UNSUPPORTED);
	kit_arena_delete(arena);
}

int
main(void)
{
	if (!UNIT_OK("the table is there", read_table("test/unit/operators.tsv") && n_rows > 500))
		return unit_done();
	find_types();
	test_codes();
	test_pairs();
	test_prefixes();
	printf("# %d combinations are not supported yet\n", n_unsupported);
	UNIT_OK("no combination is refused that was not", n_unsupported <= MAX_UNSUPPORTED);
	test_values();
	return unit_done();
}
