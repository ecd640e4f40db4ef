/*
 * test_builtins.c
 *	  Every row of the table of built-ins, called as it says it can be, and in all the ways near to that in which it cannot.
 *
 *		accepted	with arguments of the types of its signature; where it takes maybes, with each of them a maybe: the result is a maybe, then
 *		refused		with an argument more or less, with one of another type, with a maybe where none is taken, on a value of another type; by one
 *					error, in the call, that names the function and what is wrong
 *		effects		what reads the document, the time or chance is refused as an initial value, what changes the document in a formula
 *
 * What the built-ins do is tried by the language cases, which must run all of them.
 */
#include "unit.h"

#include "lang/check_internal.h"

#define WORLD \
	"enum E { A, B } message M { int n; } record R { int n; } table<R> rows; text body; map<string,int> scores; maybe<int> perhaps; \n" \
	"procedure p(bool a_bool, int a_int, long a_long, double a_double, string a_string, principal a_principal, complex a_complex, date a_date, time a_time,\n" \
	"datetime a_datetime, timespan a_timespan, dynamic a_dynamic, json a_json, asset a_asset, E a_enum, mutable M a_message, R a_record, list<int> an_int_list, list<long> a_long_list,\n" \
	"list<double> a_double_list, list<string> a_string_list, list<maybe<string>> a_maybe_list, list<maybe<int>> some, list<list<int>> lists, list<int[]> arrays,\n" \
	"int[] ints, string[] strings, map<string,string> words, list<date> dates, label a_label) {\n"
#define FIRST_LINE 6			/* of what is called */

/* How a value is written that a signature wants. */
static const struct
{
	const char *type;
	const char *value;
	const char *maybe;			/* the type of a maybe of it; NULL: there is none */
}			values[] = {
	{"bool", "a_bool", "maybe<bool>"}, {"int", "a_int", "maybe<int>"}, {"long", "a_long", "maybe<long>"}, {"double", "a_double", "maybe<double>"},
	{"string", "a_string", "maybe<string>"}, {"principal", "a_principal", "maybe<principal>"}, {"complex", "a_complex", "maybe<complex>"},
	{"date", "a_date", "maybe<date>"}, {"time", "a_time", "maybe<time>"}, {"datetime", "a_datetime", "maybe<datetime>"},
	{"timespan", "a_timespan", "maybe<timespan>"}, {"dynamic", "a_dynamic", "maybe<dynamic>"}, {"json", "a_json", "maybe<json>"}, {"text", "body", NULL},
	{"asset", "a_asset", "maybe<asset>"},
	{"enum", "a_enum", "maybe<E>"}, {"message", "a_message", "maybe<M>"}, {"record", "a_record", NULL}, {"R", "a_record", NULL}, {"T", "a_int", "maybe<int>"},
	{"K", "a_string", "maybe<string>"}, {"map<K,V>", "scores", "maybe<map<string,int>>"}, {"map<string,string>", "words", "maybe<map<string,string>>"},
	{"table<R>", "rows", NULL}, {"list<T>", "an_int_list", NULL}, {"list<record>", "(iterate rows)", NULL}, {"list<int>", "an_int_list", NULL},
	{"list<long>", "a_long_list", NULL}, {"list<double>", "a_double_list", NULL}, {"list<string>", "a_string_list", NULL}, {"list<date>", "dates", NULL},
	{"list<maybe<string>>", "a_maybe_list", NULL}, {"list<maybe<T>>", "some", NULL}, {"list<list<T>>", "lists", NULL}, {"list<T[]>", "arrays", NULL},
	{"T[]", "ints", NULL}, {"int[]", "ints", NULL}, {"string[]", "strings", NULL}, {"maybe<T>", "perhaps", NULL}, {"maybe<record>", "rows[1]", NULL},
	{"maybe<bool>", "@maybe(a_bool)", NULL}, {"maybe<int>", "@maybe(a_int)", NULL}, {"maybe<double>", "@maybe(a_double)", NULL}
};

#define N_VALUES ((int) (sizeof(values) / sizeof(values[0])))
#define MAX_PARAMS 8

typedef struct Row
{
	const LangBuiltin *builtin;
	int			params[MAX_PARAMS];	/* of values */
	int			n;
	bool		lifts;
	bool		is_method;		/* a method only: its space is a type's */
	bool		is_void;
} Row;

static LangDiags diags;

static void
check_source(KitArena *arena, const char *source)
{
	lang_diags_init(&diags, arena);
	lang_compile(source, strlen(source), arena, &diags);
}

static bool
read_row(const LangBuiltin *builtin, Row *row)
{
	const char *p = builtin->signature;

	memset(row, 0, sizeof(*row));
	row->builtin = builtin;
	row->lifts = *p == '?';
	row->is_method = builtin->space[0] >= 'a';
	for (p += 1 + row->lifts; *p != ')'; p += *p == ',')
	{
		size_t		len = 0;
		int			found = -1;

		for (int depth = 0; depth > 0 || (p[len] != ',' && p[len] != ')'); len++)
			depth += (p[len] == '<') - (p[len] == '>');
		for (int i = 0; i < N_VALUES; i++)
			if (strlen(values[i].type) == len && memcmp(values[i].type, p, len) == 0)
				found = i;
		if (found < 0 || row->n == MAX_PARAMS)
			return false;
		row->params[row->n++] = found;
		p += len;
	}
	row->is_void = strcmp(p + 1, "void") == 0;
	return true;
}

/* The call with argument k replaced; -1: as it should be.  n: how many arguments are given. */
static void
write_call(KitBuf *out, const Row *row, bool as_method, int n, int k, const char *instead)
{
	const char *arg[MAX_PARAMS + 1];

	for (int i = 0; i < n; i++)
		arg[i] = i == k ? instead : i < row->n ? values[row->params[i]].value : "a_label";
	if (as_method)
		kit_buf_printf(out, "%s.%s(", arg[0], row->builtin->name);
	else
		kit_buf_printf(out, "%s.%s(", row->builtin->space, row->builtin->name);
	for (int i = as_method; i < n; i++)
		kit_buf_printf(out, "%s%s", i > as_method ? ", " : "", arg[i]);
	kit_buf_add_char(out, ')');
}

static void
write_statement(KitBuf *out, const Row *row, bool as_method, int n, int k, const char *instead)
{
	if (!row->is_void)
		kit_buf_add_str(out, "let x = ");
	write_call(out, row, as_method, n, k, instead);
	kit_buf_add_str(out, "; }\n");
}

static const KitDiag *
only_error(void)
{
	const KitDiag *error = NULL;

	for (int i = 0; i < diags.n; i++)
		if (diags.items[i]->code != KIT_WARNING)
		{
			if (error != NULL)
				return NULL;
			error = diags.items[i];
		}
	return error;
}

static const char *
first_message(void)
{
	return diags.n_errors == 0 ? "nothing is said" : diags.items[0]->message;
}

static void
accepts(KitArena *arena, const Row *row, bool as_method, int k, const char *instead)
{
	KitBuf		source;

	kit_buf_init(&source, arena);
	kit_buf_add_str(&source, WORLD);
	write_statement(&source, row, as_method, row->n, k, instead);
	check_source(arena, source.data);
	UNIT_TRY(diags.n_errors == 0, "%s must be allowed: %s", source.data + strlen(WORLD), first_message());
	kit_arena_reset(arena);
}

/* word: what the message must have besides the function's name. */
static void
refuses(KitArena *arena, const Row *row, bool as_method, int n, int k, const char *instead, const char *word)
{
	KitBuf		source;
	const KitDiag *error;
	const char *statement;

	kit_buf_init(&source, arena);
	kit_buf_add_str(&source, WORLD);
	write_statement(&source, row, as_method, n, k, instead);
	check_source(arena, source.data);
	statement = source.data + strlen(WORLD);
	error = only_error();
	if (UNIT_TRY(error != NULL, "%s must be refused by one error, not %d: %s", statement, diags.n_errors, first_message()))
		UNIT_TRY(error->code == KIT_TYPE_ERROR && error->line == FIRST_LINE && error->column < (int) strlen(statement) &&
				 strstr(error->message, row->builtin->name) != NULL && strstr(error->message, word) != NULL, "%s: %d:%d %s", statement, error->line, error->column,
				 error->message);
	kit_arena_reset(arena);
}

/* Whether a function of that name takes so many arguments. */
static bool
is_taken(const LangBuiltin *builtin, int n)
{
	for (int i = 0; i < LANG_N_BUILTINS; i++)
	{
		Row			other;

		if (strcmp(lang_builtins[i].space, builtin->space) == 0 && strcmp(lang_builtins[i].name, builtin->name) == 0 && read_row(&lang_builtins[i], &other) &&
			other.n == n)
			return true;
	}
	return false;
}

/* The functions of a library are methods of its types. */
static bool
is_also_method(const Row *row)
{
	static const char *const libraries[][2] = {
		{"bool", "Math String Dynamic"}, {"int", "Math String Dynamic"}, {"long", "Math String Dynamic"}, {"double", "Math String Dynamic"},
		{"complex", "Math"}, {"date", "Date"}, {"datetime", "Date"}, {"time", "Time"}, {"timespan", "TimeSpan"}, {"string", "String Dynamic"},
		{"principal", "Principal"}, {"dynamic", "Dynamic"}, {"list", "Statistics String Token"}, {"int[]", "Token"}, {"string[]", "String Token"}
	};
	const char *type = row->n == 0 ? "" : values[row->params[0]].type;

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (strncmp(type, libraries[i][0], strcspn(type, "<")) == 0 && strlen(libraries[i][0]) == strcspn(type, "<"))
			return strstr(libraries[i][1], row->builtin->space) != NULL;
	return false;
}

static void
test_accepted(void)
{
	KitArena   *arena = kit_arena_new("test");
	Row			row;

	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (UNIT_TRY(read_row(&lang_builtins[i], &row), "%s%s has a type that this test does not know", lang_builtins[i].name, lang_builtins[i].signature))
		{
			if (!row.is_method)
				accepts(arena, &row, false, -1, NULL);
			for (int k = 0; k < row.n && row.lifts; k++)
				if (values[row.params[k]].maybe != NULL)
				{
					KitBuf		maybe;

					kit_buf_init(&maybe, arena);
					if (row.is_method && k == 0)
						kit_buf_printf(&maybe, "@maybe<%s>", values[row.params[k]].type);
					else
						kit_buf_printf(&maybe, "@maybe(%s)", values[row.params[k]].value);
					if (!row.is_method)
						accepts(arena, &row, false, k, maybe.data);
				}
			if (row.is_method)
				accepts(arena, &row, true, -1, NULL);
		}
	UNIT_PROPERTY("each built-in takes what its signature says, and maybes where it says so");
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row) && is_also_method(&row))
			accepts(arena, &row, true, -1, NULL);
	UNIT_PROPERTY("the functions of a library are methods of its types, too");
	kit_arena_delete(arena);
}

static void
test_refused(void)
{
	KitArena   *arena = kit_arena_new("test");
	Row			row;

	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row))
		{
			if (!is_taken(row.builtin, row.n + 1))
				refuses(arena, &row, row.is_method, row.n + 1, -1, NULL, "argument");
			if (row.n > row.is_method && !is_taken(row.builtin, row.n - 1))
				refuses(arena, &row, row.is_method, row.n - 1, -1, NULL, "argument");
		}
	UNIT_PROPERTY("each built-in refuses an argument more or less");
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row))
			for (int k = row.is_method; k < row.n; k++)
				refuses(arena, &row, row.is_method, row.n, k, "a_label", "label");
	UNIT_PROPERTY("each built-in refuses an argument of another type");
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row) && row.n > 0)
			refuses(arena, &row, true, row.n, 0, "a_label", "label has no method");
	UNIT_PROPERTY("no built-in is a method of a type that it is not for");
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row) && !row.lifts && !row.is_method)
			for (int k = 0; k < row.n; k++)
				if (values[row.params[k]].maybe != NULL && strncmp(values[row.params[k]].type, "maybe<", 6) != 0)
				{
					char		maybe[100];
					bool		is_lifted = false;

					/* an overload may take it */
					for (int j = 0; j < LANG_N_BUILTINS; j++)
						is_lifted = is_lifted || (strcmp(lang_builtins[j].name, row.builtin->name) == 0 && strcmp(lang_builtins[j].space, row.builtin->space) == 0 &&
												  (lang_builtins[j].signature[0] == '?' || strncmp(lang_builtins[j].signature, "(maybe<", 7) == 0));
					snprintf(maybe, sizeof(maybe), "@maybe(%s)", values[row.params[k]].value);
					if (!is_lifted)
						refuses(arena, &row, false, row.n, k, maybe, "maybe<");
				}
	UNIT_PROPERTY("what takes no maybes refuses them");
	kit_arena_delete(arena);
}

/* A value that is constant. */
static const char *
literal(int value)
{
	static const char *const literals[][2] = {{"int", "1"}, {"long", "1L"}, {"string", "\"a\""}, {"dynamic", "@null"}, {"principal", "@no_one"}};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++)
		if (strcmp(literals[i][0], values[value].type) == 0)
			return literals[i][1];
	return "@nothing";
}

static void
test_effects(void)
{
	KitArena   *arena = kit_arena_new("test");
	Row			row;

	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (read_row(&lang_builtins[i], &row) && !row.is_method && row.builtin->reads != 0)
		{
			KitBuf		source;
			const KitDiag *error;
			const char *result = strchr(row.builtin->signature, ')') + 1;

			kit_buf_init(&source, arena);
			kit_buf_printf(&source, "string a_string; principal a_principal; int a_int;\n");
			if (row.is_void)
				kit_buf_add_str(&source, "procedure f() readonly { ");
			else if (row.builtin->reads & LANG_WRITES)
				kit_buf_add_str(&source, "formula f = ");
			else
				kit_buf_printf(&source, "%s f = ", result);
			kit_buf_printf(&source, "%s.%s(", row.builtin->space, row.builtin->name);
			for (int k = 0; k < row.n; k++)
				kit_buf_printf(&source, "%s%s", k > 0 ? ", " : "", literal(row.params[k]));
			kit_buf_add_str(&source, row.is_void ? "); }" : ");");
			check_source(arena, source.data);
			error = only_error();
			UNIT_TRY(error != NULL && error->line == 2 && strstr(error->message, row.builtin->name) != NULL &&
					 strstr(error->message, row.builtin->reads & LANG_WRITES ? "may not change the document" : "must be constant") != NULL, "%s: %s", source.data, first_message());
			kit_arena_reset(arena);
		}
	UNIT_PROPERTY("what looks at the document, the time or chance is no initial value, what changes the document no formula");
	kit_arena_delete(arena);
}

int
main(void)
{
	test_accepted();
	test_refused();
	test_effects();
	return unit_done();
}
