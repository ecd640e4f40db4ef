/*
 * test_programs.c
 *	  The machine with programs that nobody would write.
 *
 *		expressions		random ones with effects, against a walk over their tree
 *		mutations		programs of the language cases with tokens changed at random: whatever still compiles is run, with random messages; nothing
 *						may crash, and what must hold for every event holds
 */
#include <dirent.h>

#include "live/live.h"
#include "run_program.h"

/* ---- expressions: random ones, against an evaluation of the tree from left to right ---- */

typedef struct Node
{
	char		kind;			/* see show_node */
	int			number;			/* constant, or variable */
	struct Node *parts[3];
} Node;

#define N_LOCALS 3
#define N_FIELDS 3

/* Locals, then fields of the document, then fields of a row. */
typedef struct Variables
{
	int32_t		values[N_LOCALS + 2 * N_FIELDS];
} Variables;

static Node *
random_node(UnitRandom *random, KitArena *arena, int depth, bool is_bool, bool has_effects)
{
	static const char int_kinds[] = "nvvv+-*?ipPqQm=cCr";
	static const char bool_kinds[] = "t<>LGEN&|!XRw";
	Node	   *n = KIT_NEW(arena, Node);

	do
		n->kind = depth <= 0 ? (is_bool ? 't' : "nv"[unit_below(random, 2)]) :
			is_bool ? bool_kinds[unit_below(random, sizeof(bool_kinds) - 1)] : int_kinds[unit_below(random, sizeof(int_kinds) - 1)];
	while (!has_effects && strchr("pPqQ=c", n->kind) != NULL);
	n->number = n->kind == 'n' ? (int) unit_below(random, 5) * (unit_below(random, 5) == 0 ? 100000007 : 1) : (int) unit_below(random, N_LOCALS + 2 * N_FIELDS);
	for (int i = 0; i < 3; i++)
	{
		bool		wants_bool = strchr("&|!X", n->kind) != NULL || (strchr("?", n->kind) != NULL && i == 0);

		if (strchr("ntvpPqQ", n->kind) == NULL)
			n->parts[i] = random_node(random, arena, depth - 1, wants_bool, has_effects);
	}
	return n;
}

static void
show_variable(int number, KitBuf *out)
{
	if (number < N_LOCALS)
		kit_buf_add_char(out, (char) ('a' + number));
	else if (number < N_LOCALS + N_FIELDS)
		kit_buf_add_char(out, (char) ('x' + number - N_LOCALS));
	else
		kit_buf_printf(out, "row.%c", 'f' + number - N_LOCALS - N_FIELDS);
}

static void
show_node(const Node *n, KitBuf *out)
{
	static const char *const operators[] = {"+ + ", "- - ", "* * ", "< < ", "> > ", "L <=", "G >=", "E ==", "N !=", "& &&", "| ||", "X ^^"};

	kit_buf_add_char(out, '(');
	switch (n->kind)
	{
		case 'n':
			kit_buf_add_int(out, n->number);
			break;
		case 't':
			kit_buf_add_str(out, n->number & 1 ? "true" : "false");
			break;
		case 'v':
			show_variable(n->number, out);
			break;
		case '?':
			show_node(n->parts[0], out);
			kit_buf_add_str(out, " ? ");
			show_node(n->parts[1], out);
			kit_buf_add_str(out, " : ");
			show_node(n->parts[2], out);
			break;
		case 'i':				/* minus */
			kit_buf_add_str(out, "-");
			show_node(n->parts[0], out);
			break;
		case '!':
			kit_buf_add_str(out, "!");
			show_node(n->parts[0], out);
			break;
		case 'p':
		case 'P':
			show_variable(n->number, out);
			kit_buf_add_str(out, n->kind == 'p' ? "++" : "--");
			break;
		case 'q':
		case 'Q':
			kit_buf_add_str(out, n->kind == 'q' ? "++" : "--");
			show_variable(n->number, out);
			break;
		case 'm':				/* a remainder, which is a maybe */
			show_node(n->parts[0], out);
			kit_buf_add_str(out, " % ");
			show_node(n->parts[1], out);
			kit_buf_add_str(out, ").getOrDefaultTo(");
			show_node(n->parts[2], out);
			break;
		case '=':
			show_variable(n->number, out);
			kit_buf_add_str(out, " += ");
			show_node(n->parts[0], out);
			break;
		case 'c':				/* a procedure that changes x */
		case 'C':				/* a function */
			kit_buf_add_str(out, n->kind == 'c' ? "bump(" : "mix(");
			show_node(n->parts[0], out);
			kit_buf_add_str(out, ", ");
			show_node(n->parts[1], out);
			kit_buf_add_str(out, ")");
			break;
		case 'r':				/* rows whose number is less: a query with the rest of the expression in its condition */
			kit_buf_add_str(out, "(iterate numbers where k < ");
			show_node(n->parts[0], out);
			kit_buf_add_str(out, ").size()");
			break;
		case 'R':
			show_node(n->parts[0], out);
			kit_buf_add_str(out, " < ");
			show_node(n->parts[1], out);
			kit_buf_add_str(out, " <= ");
			show_node(n->parts[2], out);
			break;
		case 'w':				/* a maybe of bool */
			kit_buf_add_str(out, "flag(");
			show_node(n->parts[0], out);
			kit_buf_add_str(out, ") && true");
			break;
		default:
			show_node(n->parts[0], out);
			for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
				if (operators[i][0] == n->kind)
					kit_buf_printf(out, " %s ", operators[i] + 2);
			show_node(n->parts[1], out);
			break;
	}
	kit_buf_add_char(out, ')');
}

#define WRAP(x) ((int32_t) (uint32_t) (uint64_t) (x))

static int32_t
evaluate(const Node *n, Variables *v)
{
	int32_t    *variable = &v->values[n->kind == 'n' ? 0 : n->number];
	int64_t		a;
	int64_t		b;
	int64_t		c;

	switch (n->kind)
	{
		case 'n':
			return n->number;
		case 't':
			return n->number & 1;
		case 'v':
			return *variable;
		case '?':
			return evaluate(n->parts[0], v) ? evaluate(n->parts[1], v) : evaluate(n->parts[2], v);
		case '&':
			return evaluate(n->parts[0], v) && evaluate(n->parts[1], v);
		case '|':
			return evaluate(n->parts[0], v) || evaluate(n->parts[1], v);
		case 'p':
		case 'P':
			a = *variable;
			*variable = WRAP(a + (n->kind == 'p' ? 1 : -1));
			return (int32_t) a;
		case 'q':
		case 'Q':
			return *variable = WRAP((int64_t) *variable + (n->kind == 'q' ? 1 : -1));
		case '=':
			a = evaluate(n->parts[0], v);
			return *variable = WRAP(*variable + a);
		default:
			break;
	}
	a = evaluate(n->parts[0], v);
	switch (n->kind)
	{
		case 'i':
			return WRAP(-a);
		case '!':
			return !a;
		case 'r':
			return a < 0 ? 0 : a > 5 ? 5 : (int32_t) a;	/* numbers 0 to 4 */
		case 'w':
			return a > 0 && a % 2 == 1;
		default:
			break;
	}
	b = evaluate(n->parts[1], v);
	switch (n->kind)
	{
		case '+':
			return WRAP(a + b);
		case '-':
			return WRAP(a - b);
		case '*':
			return WRAP(a * b);
		case '<':
			return a < b;
		case '>':
			return a > b;
		case 'L':
			return a <= b;
		case 'G':
			return a >= b;
		case 'E':
			return a == b;
		case 'N':
			return a != b;
		case 'X':
			return a != b;
		case 'c':
			return v->values[N_LOCALS] = WRAP(v->values[N_LOCALS] + a - b);
		case 'C':
			return WRAP(a * 3 + b);
		default:
			break;
	}
	c = evaluate(n->parts[2], v);
	switch (n->kind)
	{
		case 'm':
			return b == 0 ? (int32_t) c : b == -1 ? 0 : (int32_t) (a % b);
		default:				/* R */
			return a < b && b <= c;
	}
}

/* The condition of a query is evaluated for each row, so what is in it may have no effects there. */
static bool
is_calm(const Node *n, bool in_query)
{
	if (n == NULL)
		return true;
	if (in_query && strchr("pPqQ=c", n->kind) != NULL)
		return false;
	for (int i = 0; i < 3; i++)
		if (!is_calm(n->parts[i], in_query || n->kind == 'r'))
			return false;
	return true;
}

static void
test_expressions(void)
{
	uint64_t	seed = unit_seed();

	for (int round = 0; round < unit_rounds(400); round++)
	{
		UnitRandom	random = {seed + (uint64_t) round};
		KitArena   *arena = kit_arena_new("round");
		Variables	v;
		KitBuf		text;
		Node	   *nodes[4];
		VmProgram  *program;
		KitDiag		diag = {0};

		kit_buf_init(&text, arena);
		for (int i = 0; i < 4; i++)
			do
				nodes[i] = random_node(&random, arena, 1 + (int) unit_below(&random, 5), i == 1, true);
			while (!is_calm(nodes[i], false));
		kit_buf_add_str(&text, "record Row { int f = 7; int g = 8; int h = 9; } table<Row> rows; record Number { int k; } table<Number> numbers;\n"
						"int x = 4; int y = 5; int z = 6; int r0; bool r1; int r2; int r3; int l0; int l1; int l2; message M { }\n"
						"procedure bump(int p, int q) -> int { x = x + p - q; return x; }\n"
						"function mix(int p, int q) -> int { return p * 3 + q; }\n"
						"function flag(int p) -> maybe<bool> { if (p > 0) { return p % 2 == 1; } return @maybe<bool>; }\n"
						"@construct { rows <- {}; for (int i = 0; i < 5; i++) { numbers <- {k: i}; } }\n"
						"channel go(M m) { int a = 1; int b = 2; int c = 3; if (rows[1] as row) {\n  r0 = ");
		show_node(nodes[0], &text);
		kit_buf_add_str(&text, ";\n  if (");
		show_node(nodes[1], &text);
		kit_buf_add_str(&text, ") { r1 = true; }\n  c = ");
		show_node(nodes[2], &text);
		kit_buf_add_str(&text, ";\n  r3 = ");
		show_node(nodes[3], &text);
		kit_buf_add_str(&text, ";\n  l0 = a; l1 = b; l2 = c; } }");
		program = compile(text.data, arena);
		UNIT_TRY(program != NULL, "seed %llu: does not compile: %s", (unsigned long long) (seed + (uint64_t) round), text.data);
		if (program != NULL)
		{
			VmDoc	   *doc = vm_doc_new(program, 0, false);
			VmVal	   *slots = vm_doc_root(doc)->slots;
			VmEvent		event = event_of(VM_EVENT_SEND, "go");
			int32_t		expected[4];
			bool		ok;

			for (int i = 0; i < N_LOCALS + 2 * N_FIELDS; i++)
				v.values[i] = i + 1;
			for (int i = 0; i < 4; i++)
			{
				expected[i] = evaluate(nodes[i], &v);
				if (i == 2)
					v.values[2] = expected[2];
			}
			event.message = json_item("{}", arena);
			ok = reduce(doc, event_of(VM_EVENT_CREATE, ""), &vm_default_limits, &diag) && reduce(doc, event, &vm_default_limits, &diag);
			UNIT_TRY(ok && slots[2].i == v.values[3] && slots[3].i == v.values[4] && slots[4].i == v.values[5] && slots[5].i == expected[0] &&
					 slots[6].i == expected[1] && slots[8].i == expected[3] && slots[9].i == v.values[0] && slots[10].i == v.values[1] &&
					 slots[11].i == v.values[2] && slots[0].table->rows[0]->slots[0].i == v.values[6],
					 "seed %llu: %s\n#   r0 %d r1 %d r3 %d l2 %d expected %d %d %d %d: %s", (unsigned long long) (seed + (uint64_t) round), diag.message,
					 (int) slots[5].i, (int) slots[6].i, (int) slots[8].i, (int) slots[11].i, expected[0], expected[1], expected[3], v.values[2], text.data);
			vm_doc_free(doc);
			vm_program_free(program);
		}
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("expressions are evaluated from left to right");
}

/* ---- mutations ---- */

typedef struct Token
{
	const char *text;
	int			len;
} Token;

typedef struct Source
{
	char	   *text;
	Token	   *tokens;
	int			n;
} Source;

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '@' || c == '#';
}

/* Cuts a program into tokens, roughly; comments are left out. */
static void
cut_tokens(Source *s)
{
	const char *p = s->text;

	s->tokens = malloc(sizeof(Token) * (strlen(p) + 1));
	s->n = 0;
	while (*p != '\0')
	{
		const char *start = p;

		if (*p == ' ' || *p == '\n' || *p == '\t')
		{
			p++;
			continue;
		}
		if (p[0] == '/' && p[1] == '/')
		{
			while (*p != '\0' && *p != '\n')
				p++;
			continue;
		}
		if (*p == '"')
		{
			for (p++; *p != '\0' && *p != '"'; p++)
				if (*p == '\\' && p[1] != '\0')
					p++;
			p += *p == '"';
		}
		else if (is_word(*p))
			while (is_word(*p))
				p++;
		else if (p[0] != '\0' && strchr("+-=!<>&|^:", p[0]) != NULL && p[1] != '\0' && strchr("+-=&|^:?", p[1]) != NULL)
			p += 2;
		else
			p++;
		s->tokens[s->n++] = (Token) {start, (int) (p - start)};
	}
}

static char *
read_file(const char *name)
{
	FILE	   *f = fopen(name, "rb");
	char	   *text = NULL;
	long		len;

	if (f == NULL)
		return NULL;
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	text = malloc((size_t) len + 1);
	len = (long) fread(text, 1, (size_t) len, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

#define MAX_SOURCES 200

static int
read_sources(Source *sources)
{
	DIR		   *dir = opendir("test/cases");
	struct dirent *entry;
	int			n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL && n < MAX_SOURCES)
	{
		char		name[400];
		size_t		len = strlen(entry->d_name);

		/* what is refused already has little to give */
		if (len < 7 || strcmp(entry->d_name + len - 6, ".adama") != 0 || strncmp(entry->d_name, "errors_", 7) == 0)
			continue;
		snprintf(name, sizeof(name), "test/cases/%s", entry->d_name);
		sources[n].text = read_file(name);
		if (sources[n].text == NULL)
			continue;
		cut_tokens(&sources[n]);
		n++;
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* One program with some tokens replaced, repeated, left out or exchanged. */
static void
mutate(const Source *sources, int n_sources, UnitRandom *random, KitBuf *out)
{
	const Source *s = &sources[unit_below(random, (uint32_t) n_sources)];
	Token	   *tokens = malloc(sizeof(Token) * (size_t) (s->n + 64));
	int			n = s->n;

	memcpy(tokens, s->tokens, sizeof(Token) * (size_t) n);
	for (uint32_t times = 1 + unit_below(random, 3) / 2; times > 0 && n > 8; times--)
	{
		int			at = (int) unit_below(random, (uint32_t) n);
		int			other = (int) unit_below(random, (uint32_t) n);
		const Source *from = unit_below(random, 4) == 0 ? &sources[unit_below(random, (uint32_t) n_sources)] : s;
		Token		kept = tokens[at];

		switch (unit_below(random, 9))
		{
			case 0:
				tokens[at] = from->tokens[unit_below(random, (uint32_t) from->n)];
				break;
			default:
				/* of the same kind, so that it may well compile */
				for (int tries = 0; tries < 50; tries++)
				{
					Token		t = from->tokens[unit_below(random, (uint32_t) from->n)];

					if (t.len > 0 && is_word(t.text[0]) == is_word(kept.text[0]) && (t.text[0] >= '0' && t.text[0] <= '9') == (kept.text[0] >= '0' && kept.text[0] <= '9'))
					{
						tokens[at] = t;
						break;
					}
				}
				break;
			case 1:
				memmove(&tokens[at], &tokens[at + 1], sizeof(Token) * (size_t) (n - at - 1));
				n--;
				break;
			case 2:
				tokens[at] = tokens[other];
				tokens[other] = kept;
				break;
			case 3:
				{
					/* a statement or two again, elsewhere */
					int			len = 1 + (int) unit_below(random, 20);

					if (at + len > n || len > 20 || n + len > s->n + 60)
						break;
					while (other > 0 && tokens[other - 1].text[0] != ';' && tokens[other - 1].text[0] != '{')
						other--;
					while (at > 0 && tokens[at - 1].text[0] != ';' && tokens[at - 1].text[0] != '{')
						at--;
					for (len = 1; at + len < n && tokens[at + len - 1].text[0] != ';' && len < 40; len++)
						;
					if (n + len > s->n + 60 || other > n)
						break;
					{
						Token		copy[40];

						memcpy(copy, &tokens[at], sizeof(Token) * (size_t) len);
						memmove(&tokens[other + len], &tokens[other], sizeof(Token) * (size_t) (n - other));
						memcpy(&tokens[other], copy, sizeof(Token) * (size_t) len);
						n += len;
					}
				}
		}
	}
	for (int i = 0; i < n; i++)
	{
		kit_buf_add(out, tokens[i].text, (size_t) tokens[i].len);
		kit_buf_add_char(out, ' ');
	}
	free(tokens);
}

static void random_value(const LangType *type, UnitRandom *random, KitBuf *out, int depth);

static void
random_message(const LangStruct *structure, UnitRandom *random, KitBuf *out, int depth)
{
	bool		is_first = true;

	kit_buf_add_char(out, '{');
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot < 0 || unit_below(random, 4) == 0 || depth > 4)
			continue;
		kit_buf_printf(out, "%s\"%s\":", is_first ? "" : ",", field->name->text);
		is_first = false;
		random_value(field->type, random, out, depth + 1);
	}
	kit_buf_add_char(out, '}');
}

static void
random_value(const LangType *type, UnitRandom *random, KitBuf *out, int depth)
{
	static const int32_t ints[] = {0, 1, 2, 3, 5, -1, 100, INT32_MAX, INT32_MIN};
	static const char *const strings[] = {"\"\"", "\"a\"", "\" A b \"", "\"\xc3\xa4\xf0\x9f\x98\x80x\"", "\"ab\""};

	switch (type->kind)
	{
		case LANG_BOOL:
			kit_buf_add_str(out, unit_below(random, 2) ? "true" : "false");
			break;
		case LANG_INT:
		case LANG_LONG:
			kit_buf_add_int(out, ints[unit_below(random, 9)]);
			break;
		case LANG_DOUBLE:
			kit_buf_printf(out, "%d.25", (int) unit_below(random, 100));
			break;
		case LANG_STRING:
			kit_buf_add_str(out, strings[unit_below(random, 5)]);
			break;
		case LANG_DATE:
			kit_buf_add_str(out, unit_below(random, 2) ? "\"2024-02-29\"" : "\"-1-12-31\"");
			break;
		case LANG_TIME:
			kit_buf_add_str(out, "\"12:34\"");
			break;
		case LANG_DATETIME:
			kit_buf_add_str(out, unit_below(random, 2) ? "\"2023-11-14T22:13:20.123Z[UTC]\"" : "\"1900-01-01T00:00+18:00\"");
			break;
		case LANG_COMPLEX:
			kit_buf_printf(out, "{\"i\":%d.5,\"r\":%d}", (int) unit_below(random, 9) - 5, (int) unit_below(random, 9) - 5);
			break;
		case LANG_ASSET:
			kit_buf_printf(out, "{\"id\":\"f\",\"size\":%d,\"type\":\"t\",\"md5\":\"\",\"sha384\":\"\"}", (int) unit_below(random, 9));
			break;
		case LANG_TIMESPAN:
			kit_buf_printf(out, "%d.5", (int) unit_below(random, 100) - 50);
			break;
		case LANG_PRINCIPAL:
			kit_buf_add_str(out, "{\"agent\":\"bob\",\"authority\":\"test\"}");
			break;
		case LANG_ENUM:
			kit_buf_add_int(out, type->enumeration->numbers[unit_below(random, (uint32_t) type->enumeration->n)]);
			break;
		case LANG_MAYBE:
			random_value(type->a, random, out, depth);
			break;
		case LANG_MESSAGE:
			random_message(type->structure, random, out, depth);
			break;
		case LANG_ARRAY:
		case LANG_LIST:
			kit_buf_add_char(out, '[');
			for (uint32_t n = unit_below(random, 3); n > 0; n--)
			{
				random_value(type->a, random, out, depth + 1);
				if (n > 1)
					kit_buf_add_char(out, ',');
			}
			kit_buf_add_char(out, ']');
			break;
		default:
			kit_buf_add_str(out, "null");
	}
}

/* What must hold for an event, whatever the program. */
static void
try_event(VmDoc *doc, VmEvent *event, const VmLimits *limits, const char *source, uint64_t seed)
{
	KitArena   *arena = kit_arena_new("event");
	KitBuf		before;
	KitBuf		delta;
	KitBuf		sum;
	KitBuf		after;
	DocBytes	old;
	DocBytes	change;
	DocBytes	new;
	KitDiag		diag = {0};
	bool		ok;

	kit_buf_init(&before, arena);
	kit_buf_init(&delta, arena);
	kit_buf_init(&sum, arena);
	kit_buf_init(&after, arena);
	old = vm_doc_save(doc, &before);
	vm_doc_begin(doc);
	ok = vm_reduce(doc, event, limits, arena, &diag);
	change = vm_doc_delta(doc, &delta);
	vm_doc_commit(doc);
	new = vm_doc_save(doc, &after);
	UNIT_TRY(ok || diag.code != KIT_OK, "seed %llu: failed without a word: %s", (unsigned long long) seed, source);
	UNIT_TRY(ok || doc_delta_is_empty(change), "seed %llu: a failed event left changes (%s): %s", (unsigned long long) seed, diag.message, source);
	UNIT_TRY(new.len == vm_doc_state_size(doc), "seed %llu: size of state %zu, not %zu: %s", (unsigned long long) seed, vm_doc_state_size(doc), new.len, source);
	ok = doc_apply(arena, old, change, &sum, &diag);
	UNIT_TRY(ok && doc_equal(arena, (DocBytes) {sum.data, sum.len}, new), "seed %llu: state and delta do not add up: %s", (unsigned long long) seed, source);
	kit_arena_delete(arena);
}

static void
run_mutant(const VmProgram *program, const char *source, UnitRandom *random, uint64_t seed)
{
	static const VmLimits limits = {.steps = 20000, .memory = 500000, .document = 20000, .depth = 50};
	const LangProgram *lang = vm_program_lang(program);
	KitArena   *arena = kit_arena_new("mutant");
	VmDoc	   *doc = vm_doc_new(program, 7, false);
	VmEvent		event = event_of(VM_EVENT_CREATE, "");
	KitBuf		json;
	KitDiag		diag = {0};
	LiveViewer	viewer = {.agent = {"bob", 3}, .authority = {"test", 4}};

	kit_buf_init(&json, arena);
	if (lang->construct_message != NULL)
	{
		random_message(lang->construct_message, random, &json, 0);
		event.message = json_item(json.data, arena);
	}
	try_event(doc, &event, &limits, source, seed);
	for (int i = 0; i < lang->n_channels * 3; i++)
	{
		const LangChannel *channel = lang->channels[unit_below(random, (uint32_t) lang->n_channels)];
		KitBuf		out;

		event = event_of(VM_EVENT_SEND, channel->name->text);
		event.at = 1000 + i * 30000;
		event.seq = i + 2;
		kit_buf_clear(&json);
		kit_buf_add_str(&json, channel->is_array ? "[" : "");
		random_message(channel->message, random, &json, 0);
		kit_buf_add_str(&json, channel->is_array ? "]" : "");
		event.message = json_item(json.data, arena);
		try_event(doc, &event, &limits, source, seed);
		kit_buf_init(&out, arena);
		live_view_plain(doc, &viewer, event.at, event.seq, event.space, event.key, &limits, arena, &out, &diag);
	}
	vm_doc_free(doc);
	kit_arena_delete(arena);
}

static void
test_mutations(void)
{
	static Source sources[MAX_SOURCES];
	int			n = read_sources(sources);
	int			n_compiled = 0;
	uint64_t	seed = unit_seed();

	if (!UNIT_OK("there are programs to change", n > 0))
		return;
	for (int round = 0; round < unit_rounds(1000); round++)
	{
		UnitRandom	random = {seed + (uint64_t) round};
		KitArena   *arena = kit_arena_new("round");
		KitBuf		text;
		LangDiags	diags;
		VmProgram  *program;

		kit_buf_init(&text, arena);
		mutate(sources, n, &random, &text);
		lang_diags_init(&diags, arena);
		program = vm_program_new(text.data, text.len, &diags);
		UNIT_TRY(program != NULL || diags.n_errors > 0, "seed %llu: refused without a word: %s", (unsigned long long) random.state, text.data);
		if (program != NULL)
		{
			n_compiled++;
			run_mutant(program, text.data, &random, seed + (uint64_t) round);
			vm_program_free(program);
		}
		kit_arena_delete(arena);
	}
	UNIT_PROPERTY("changed programs run or fail in order");
	printf("# %d of them compiled\n", n_compiled);
	for (int i = 0; i < n; i++)
	{
		free(sources[i].text);
		free(sources[i].tokens);
	}
}

int
main(void)
{
	test_expressions();
	test_mutations();
	return unit_done();
}
