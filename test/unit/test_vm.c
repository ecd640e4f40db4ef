/*
 * test_vm.c
 *	  The machine: programs as a whole are tried by the language cases; here is what a case cannot say.
 *
 *		orders			random rows by every kind of key, whole and in part, against a plain stable sort
 *		expressions		random ones with effects, against a walk over their tree
 *		mutations		programs of the language cases with tokens changed at random: whatever still compiles is run, with random messages; nothing
 *						may crash, and what must hold for every event holds
 *		limits			a replay needs exactly the steps and bytes that the first run needed
 *		upgrades		which programs can follow which
 *		readers			fields, formulas and policies one at a time
 */
#include <dirent.h>

#include "live/live.h"
#include "unit.h"
#include "vm/machine.h"
#include "vm/vm.h"

static VmProgram *
compile(const char *source, KitArena *arena)
{
	LangDiags	diags;
	VmProgram  *program;

	lang_diags_init(&diags, arena);
	program = vm_program_new(source, strlen(source), &diags);
	if (program == NULL && diags.n > 0)
		printf("# %d:%d %s\n", diags.items[0]->line, diags.items[0]->column, diags.items[0]->message);
	return program;
}

static VmEvent
event_of(VmEventKind kind, const char *channel)
{
	return (VmEvent) {.kind = kind, .agent = {"alice", 5}, .authority = {"test", 4}, .at = 1000, .space = {"space", 5}, .key = {"key", 3},
		.channel = {channel, (uint32_t) strlen(channel)}};
}

static DocItem
json_item(const char *json, KitArena *arena)
{
	KitBuf	   *bytes = kit_arena_alloc(arena, sizeof(KitBuf));
	DocItem		item = {.kind = DOC_NULL};
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &item, &diag))
		printf("# %s: %s\n", json, diag.message);
	return item;
}

static bool
reduce(VmDoc *doc, VmEvent event, const VmLimits *limits, KitDiag *diag)
{
	KitArena   *scratch = kit_arena_new("event");
	bool		ok;

	memset(diag, 0, sizeof(*diag));
	vm_doc_begin(doc);
	ok = vm_reduce(doc, &event, limits, scratch, diag);
	vm_doc_commit(doc);
	kit_arena_delete(scratch);
	return ok;
}

/* ---- orders ---- */

static const char order_program[] =
"record R { int i; long l; double d; string s; bool b; maybe<int> m; maybe<string> t; public formula f = i * 3 - 1; }\n"
"table<R> rows;\n"
"message Add { int i; long l; double d; string s; bool b; maybe<int> m; maybe<string> t; }\n"
"channel add(Add a) { rows <- a; }\n"
"view int from;\n"
"view int count;\n"
"bubble o0 = (iterate rows order by i asc).id;\n"
"bubble o1 = (iterate rows order by i desc).id;\n"
"bubble o2 = (iterate rows order by l desc, s asc).id;\n"
"bubble o3 = (iterate rows order by s asc insensitive, b desc).id;\n"
"bubble o4 = (iterate rows order by m asc, d desc).id;\n"
"bubble o5 = (iterate rows order by m desc, t asc).id;\n"
"bubble o6 = (iterate rows order by f desc, t desc insensitive).id;\n"
"bubble o7 = (iterate rows order by d asc, i desc, id desc).id;\n"
"bubble p0 = (iterate rows order by i asc offset @viewer.from limit @viewer.count).id;\n"
"bubble p1 = (iterate rows order by i desc offset @viewer.from limit @viewer.count).id;\n"
"bubble p2 = (iterate rows order by l desc, s asc offset @viewer.from limit @viewer.count).id;\n"
"bubble p3 = (iterate rows order by s asc insensitive, b desc offset @viewer.from limit @viewer.count).id;\n"
"bubble p4 = (iterate rows order by m asc, d desc offset @viewer.from limit @viewer.count).id;\n"
"bubble p5 = (iterate rows order by m desc, t asc offset @viewer.from limit @viewer.count).id;\n"
"bubble p6 = (iterate rows order by f desc, t desc insensitive offset @viewer.from limit @viewer.count).id;\n"
"bubble p7 = (iterate rows order by d asc, i desc, id desc offset @viewer.from limit @viewer.count).id;\n";

#define N_ORDERS 8

static int
sign(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Slots in the order of the record's fields. */
enum
{
	SLOT_I, SLOT_L, SLOT_D, SLOT_S, SLOT_B, SLOT_M, SLOT_T
};

static int
compare_maybe_int(const VmMaybe *a, const VmMaybe *b)
{
	return a == NULL || b == NULL ? (a == NULL) - (b == NULL) : sign(a->value.i, b->value.i);
}

static int
compare_maybe_string(const VmMaybe *a, const VmMaybe *b, bool is_insensitive)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return is_insensitive ? vm_str_compare_insensitive(a->value.str, b->value.str) : vm_str_compare(a->value.str, b->value.str);
}

static int
compare_rows(int order, const VmObj *a, const VmObj *b)
{
	const VmVal *x = a->slots;
	const VmVal *y = b->slots;
	int			doubles = x[SLOT_D].d < y[SLOT_D].d ? -1 : x[SLOT_D].d > y[SLOT_D].d;
	int			c = 0;

	switch (order)
	{
		case 0:
			return sign(x[SLOT_I].i, y[SLOT_I].i);
		case 1:
			return -sign(x[SLOT_I].i, y[SLOT_I].i);
		case 2:
			c = -sign(x[SLOT_L].i, y[SLOT_L].i);
			return c != 0 ? c : vm_str_compare(x[SLOT_S].str, y[SLOT_S].str);
		case 3:
			c = vm_str_compare_insensitive(x[SLOT_S].str, y[SLOT_S].str);
			return c != 0 ? c : -sign(x[SLOT_B].i, y[SLOT_B].i);
		case 4:
			c = compare_maybe_int(x[SLOT_M].maybe, y[SLOT_M].maybe);
			return c != 0 ? c : -doubles;
		case 5:
			c = -compare_maybe_int(x[SLOT_M].maybe, y[SLOT_M].maybe);
			return c != 0 ? c : compare_maybe_string(x[SLOT_T].maybe, y[SLOT_T].maybe, false);
		case 6:
			c = -sign(x[SLOT_I].i, y[SLOT_I].i);
			return c != 0 ? c : -compare_maybe_string(x[SLOT_T].maybe, y[SLOT_T].maybe, true);
		default:
			c = doubles;
			if (c == 0)
				c = -sign(x[SLOT_I].i, y[SLOT_I].i);
			return c != 0 ? c : -sign(a->id, b->id);
	}
}

static void
add_rows(VmDoc *doc, UnitRandom *random, uint32_t n, int shape, KitArena *arena)
{
	static const char *const words[] = {"", "a", "A", "b", "B", "ab", "Ab", "\xc3\xa4", "\xc3\x84", "z", "zz"};
	int64_t		counter = shape == 1 ? 1000 : 0;

	for (uint32_t i = 0; i < n; i++)
	{
		KitDiag		diag;
		VmEvent		event = event_of(VM_EVENT_SEND, "add");
		char		optional[80] = "";
		char		json[300];

		/* rising, falling (both with ties), or anything */
		counter += shape == 0 ? (int64_t) unit_below(random, 2) : shape == 1 ? -(int64_t) unit_below(random, 2) : 0;
		if (shape > 1)
			counter = (int64_t) unit_below(random, 1 + n / 2);
		if (unit_below(random, 3) > 0)
			snprintf(optional, sizeof(optional), ",\"m\":%u,\"t\":\"%s\"", unit_below(random, 5), words[unit_below(random, 11)]);
		snprintf(json, sizeof(json), "{\"i\":%d,\"l\":\"%d\",\"d\":%d.5,\"s\":\"%s\",\"b\":%s%s}", (int) counter, (int) counter / 2, (int) (counter % 7),
				 words[unit_below(random, 11)], unit_below(random, 2) ? "true" : "false", optional);
		event.message = json_item(json, arena);
		if (!reduce(doc, event, &vm_default_limits, &diag))
			UNIT_TRY(false, "%s", diag.message);
	}
}

static void
check_order(VmReader *reader, VmDoc *doc, int order, bool in_part, uint32_t from, uint32_t count, const char *what)
{
	const VmTable *table = vm_doc_root(doc)->slots[0].table;
	VmObj	  **rows = malloc(sizeof(VmObj *) * (table->n_rows + 1));
	char		name[3] = {in_part ? 'p' : 'o', (char) ('0' + order), '\0'};
	const LangField *field = lang_struct_field(vm_doc_root(doc)->structure, name, 2);
	uint32_t	n = 0;
	uint32_t	begin = in_part ? from : 0;
	uint32_t	end;
	KitDiag		diag = {0};
	VmVal		value;
	bool		is_equal;

	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		uint32_t	at = n;

		for (; at > 0 && compare_rows(order, rows[at - 1], table->rows[i]) > 0; at--)
			rows[at] = rows[at - 1];
		rows[at] = table->rows[i];
		n++;
	}
	begin = begin < n ? begin : n;
	end = in_part && count < n - begin ? begin + count : n;
	if (!vm_reader_field(reader, vm_doc_root(doc), field, &value, &diag))
	{
		UNIT_TRY(false, "%s: %s", name, diag.message);
		free(rows);
		return;
	}
	is_equal = value.list->n == end - begin;
	for (uint32_t i = 0; i < value.list->n && is_equal; i++)
		is_equal = value.list->items[i].i == rows[begin + i]->id;
	UNIT_TRY(is_equal, "%s of %u rows, offset %u, limit %u: %s", name, n, from, count, what);
	free(rows);
}

static void
test_orders(void)
{
	KitArena   *arena = kit_arena_new("orders");
	VmProgram  *program = compile(order_program, arena);
	uint64_t	seed = unit_seed();

	if (!UNIT_OK("the program of orders compiles", program != NULL))
		return;
	for (int round = 0; round < unit_rounds(40); round++)
	{
		UnitRandom	random = {seed + (uint64_t) round};
		KitArena   *scratch = kit_arena_new("round");
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		uint32_t	n = unit_below(&random, round % 8 == 7 ? 300 : 30);
		uint32_t	from = unit_below(&random, 4);
		uint32_t	count = unit_below(&random, 8);
		char		json[80];
		char		what[60];
		VmObj	   *viewer;
		KitDiag		diag = {0};
		VmReader   *reader;

		add_rows(doc, &random, n, round % 4, scratch);
		snprintf(json, sizeof(json), "{\"from\":%u,\"count\":%u}", from, count);
		snprintf(what, sizeof(what), "seed %llu", (unsigned long long) (seed + (uint64_t) round));
		if (!vm_viewer_decode(program, json_item(json, scratch), scratch, &viewer, &diag))
			UNIT_TRY(false, "%s", diag.message);
		reader = vm_reader_new(doc, scratch, vm_no_one, viewer, 0, (VmText) {"s", 1}, (VmText) {"k", 1}, &vm_default_limits);
		for (int order = 0; order < N_ORDERS; order++)
		{
			check_order(reader, doc, order, false, 0, 0, what);
			check_order(reader, doc, order, true, from, count, what);
		}
		vm_doc_free(doc);
		kit_arena_delete(scratch);
	}
	UNIT_PROPERTY("orders are those of a plain stable sort");
	vm_program_free(program);
	kit_arena_delete(arena);
}

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

	for (int round = 0; round < unit_rounds(250); round++)
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

		if (len < 7 || strcmp(entry->d_name + len - 6, ".adama") != 0)
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
	for (uint32_t times = 1 + unit_below(random, 3); times > 0 && n > 8; times--)
	{
		int			at = (int) unit_below(random, (uint32_t) n);
		int			other = (int) unit_below(random, (uint32_t) n);
		const Source *from = unit_below(random, 4) == 0 ? &sources[unit_below(random, (uint32_t) n_sources)] : s;
		Token		kept = tokens[at];

		switch (unit_below(random, 5))
		{
			case 0:
				tokens[at] = from->tokens[unit_below(random, (uint32_t) from->n)];
				break;
			case 1:
				/* of the same kind, so that it may well compile */
				for (int tries = 0; tries < 50; tries++)
				{
					Token		t = from->tokens[unit_below(random, (uint32_t) from->n)];

					if (is_word(t.text[0]) == is_word(kept.text[0]) && (t.text[0] >= '0' && t.text[0] <= '9') == (kept.text[0] >= '0' && kept.text[0] <= '9'))
					{
						tokens[at] = t;
						break;
					}
				}
				break;
			case 2:
				memmove(&tokens[at], &tokens[at + 1], sizeof(Token) * (size_t) (n - at - 1));
				n--;
				break;
			case 3:
				tokens[at] = tokens[other];
				tokens[other] = kept;
				break;
			default:
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
		kit_buf_clear(&json);
		kit_buf_add_str(&json, channel->is_array ? "[" : "");
		random_message(channel->message, random, &json, 0);
		kit_buf_add_str(&json, channel->is_array ? "]" : "");
		event.message = json_item(json.data, arena);
		try_event(doc, &event, &limits, source, seed);
		kit_buf_init(&out, arena);
		live_view_plain(doc, &viewer, event.at, event.space, event.key, &limits, arena, &out, &diag);
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
	for (int round = 0; round < unit_rounds(300); round++)
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

/* ---- limits ---- */

static void
test_limits(void)
{
	static const char source[] =
	"public string s; record R { public int n; } table<R> t; message M { int k; }\n"
	"channel go(M m) { for (int i = 0; i < m.k; i++) { t <- {n: (m.k - i) * 7919}; s += i; } foreach (r in iterate t order by n) { s += r.n; } }";
	KitArena   *arena = kit_arena_new("limits");
	VmProgram  *program = compile(source, arena);
	VmEvent		event = event_of(VM_EVENT_SEND, "go");
	int64_t		low = 0;
	int64_t		high = 1000000;
	VmLimits	limits = vm_default_limits;
	KitDiag		diag;
	bool		ok = true;

	event.message = json_item("{\"k\":50}", arena);
	/* the fewest steps that are enough */
	while (low < high)
	{
		VmDoc	   *doc = vm_doc_new(program, 0, false);

		limits.steps = low + (high - low) / 2;
		if (reduce(doc, event, &limits, &diag))
			high = limits.steps;
		else
		{
			low = limits.steps + 1;
			ok = ok && diag.code == KIT_BUDGET_EXCEEDED && diag.line > 0;
		}
		vm_doc_free(doc);
	}
	UNIT_OK("a run needs a number of steps", low > 500 && low < 1000000);
	UNIT_OK("with fewer it fails as out of budget, at a line", ok);
	for (int i = 0; i < 2; i++)
	{
		VmDoc	   *doc = vm_doc_new(program, 0, false);

		limits.steps = low - i;
		UNIT_OK(i == 0 ? "as many are enough again" : "one less is not", reduce(doc, event, &limits, &diag) == (i == 0));
		vm_doc_free(doc);
	}
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- upgrades ---- */

static void
check_upgrade(const char *what, const char *from, const char *to, const char *message)
{
	KitArena   *arena = kit_arena_new("upgrade");
	VmProgram  *a = compile(from, arena);
	VmProgram  *b = compile(to, arena);
	KitDiag		diag = {0};
	bool		ok = vm_program_upgrades(a, b, &diag);

	if (message == NULL)
		UNIT_OK(what, ok);
	else
	{
		UNIT_OK(what, !ok && strstr(diag.message, message) != NULL && diag.line > 0);
		if (ok || strstr(diag.message, message) == NULL)
			printf("# %s\n", diag.message);
	}
	vm_program_free(a);
	vm_program_free(b);
	kit_arena_delete(arena);
}

static void
test_upgrades(void)
{
	check_upgrade("the same program follows", "public int x;", "public int x;", NULL);
	check_upgrade("fields may come, go and be computed", "public int x; int y; string z;", "int x = 5; double w; public formula z = x;", NULL);
	check_upgrade("a field may not change its type", "public int x;", "public string x;", "field \"x\" was int in the documents that there are, and cannot become string");
	check_upgrade("not even to a wider one", "int x;", "long x;", "\"x\"");
	check_upgrade("nor to a maybe", "int x;", "maybe<int> x;", "\"x\"");
	check_upgrade("records are compared by their fields", "record R { int a; } table<R> t;", "record S { int a; string b; } table<S> t;", NULL);
	check_upgrade("at any depth", "record Q { int v; } record R { Q q; table<Q> qs; } table<R> t;", "record Q { bool v; } record R { Q q; table<Q> qs; } table<R> t;",
				  "field \"v\" of Q was int");
	check_upgrade("recursive ones too", "record R { int v; table<R> rs; } table<R> t;", "record R { int v; table<R> rs; } table<R> t;", NULL);
	check_upgrade("an enumeration may get values", "enum E { A, B } E e;", "enum E { C, B, A } E e;", NULL);
	check_upgrade("but not lose them", "enum E { A, B } E e;", "enum E { A } E e;", "\"e\" was E");
}

/* ---- readers ---- */

static void
test_readers(void)
{
	static const char source[] =
	"public int a = 3; private int b; public principal owner; viewer_is<owner> int c = 9; use_policy<odd> int d = 1; policy odd { return a % 2 == 1; }\n"
	"public formula twice = slow() * 2; procedure slow() -> int readonly { int n = 0; while (n < 1000) { n++; } return n + a; }\n"
	"public formula r1 = Random.genLong(); public formula r2 = Random.genLong() + 0L;\n"
	"message M { } channel go(M m) { a++; owner = @who; } channel nothing(M m) { } @construct { }";
	KitArena   *arena = kit_arena_new("readers");
	VmProgram  *program = compile(source, arena);
	const LangStruct *root = vm_program_lang(program)->root;
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmLimits	limits = vm_default_limits;
	VmReader   *reader;
	KitDiag		diag = {0};
	VmVal		value;
	VmVal		again;
	bool		may;
	uint64_t	stamp = vm_doc_stamp(doc);
	const VmPrincipal *alice = vm_principal_new(arena, "alice", 5, "test", 4);

#define FIELD(name) lang_struct_field(root, name, strlen(name))
	limits.steps = 10000;
	reader = vm_reader_new(doc, arena, alice, NULL, 5, (VmText) {"s", 1}, (VmText) {"k", 1}, &limits);
	UNIT_OK("a stored field", vm_reader_field(reader, vm_doc_root(doc), FIELD("a"), &value, &diag) && value.i == 3);
	UNIT_OK("a formula", vm_reader_field(reader, vm_doc_root(doc), FIELD("twice"), &value, &diag) && value.i == 2006);
	for (int i = 0; i < 100; i++)
		UNIT_TRY(vm_reader_field(reader, vm_doc_root(doc), FIELD("twice"), &value, &diag) && value.i == 2006, "%s", diag.message);
	UNIT_PROPERTY("a formula is remembered: asking again costs no steps");
	vm_reader_field(reader, vm_doc_root(doc), FIELD("r1"), &value, &diag);
	vm_reader_field(reader, vm_doc_root(doc), FIELD("r1"), &again, &diag);
	UNIT_OK("randomness is remembered, too", value.i == again.i);
	UNIT_OK("but differs from formula to formula", vm_reader_field(reader, vm_doc_root(doc), FIELD("r2"), &again, &diag) && value.i != again.i);
	UNIT_OK("and reading leaves the document alone", vm_doc_stamp(doc) == stamp);
	UNIT_OK("a private field is hidden", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("b"), &may, &diag) && !may);
	UNIT_OK("a public one is not", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("a"), &may, &diag) && may);
	UNIT_OK("viewer_is hides from others", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("c"), &may, &diag) && !may);
	UNIT_OK("a policy that says yes shows", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("d"), &may, &diag) && may);
	UNIT_OK("an event changes the document", reduce(doc, (VmEvent) {.kind = VM_EVENT_SEND, .agent = {"alice", 5}, .authority = {"test", 4},
					.channel = {"go", 2}, .message = json_item("{}", arena)}, &vm_default_limits, &diag));
	UNIT_OK("then the formula is computed again", vm_reader_field(reader, vm_doc_root(doc), FIELD("twice"), &value, &diag) && value.i == 2008);
	UNIT_OK("viewer_is shows to the one", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("c"), &may, &diag) && may);
	UNIT_OK("a policy that says no hides", vm_reader_may_see(reader, vm_doc_root(doc), FIELD("d"), &may, &diag) && !may);
	limits.steps = 100;
	reader = vm_reader_new(doc, arena, alice, NULL, 5, (VmText) {"s", 1}, (VmText) {"k", 1}, &limits);
	UNIT_OK("a reader has a budget", !vm_reader_field(reader, vm_doc_root(doc), FIELD("twice"), &value, &diag) && diag.code == KIT_BUDGET_EXCEEDED && diag.line == 2);
	UNIT_OK("connecting is not handled", !vm_program_handles(program, VM_EVENT_CONNECT) && vm_program_handles(program, VM_EVENT_SEND));
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- initial values ---- */

static void
test_initial_values(void)
{
	KitArena   *arena = kit_arena_new("initial");
	LangDiags	diags;
	static const char endless[] = "public int y;\nfunction f(int n) -> int { return f(n + 1); }\npublic int x = f(1);";
	VmProgram  *program;

	lang_diags_init(&diags, arena);
	program = vm_program_new(endless, strlen(endless), &diags);
	UNIT_OK("an initial value that cannot be computed refuses the program", program == NULL && diags.n_errors > 0 && diags.items[0]->line == 3);
	if (program != NULL)
		vm_program_free(program);
	kit_arena_delete(arena);
}

/* ---- the tables that the checker and the machine share ---- */

static void
test_tables(void)
{
	static const LangBuiltinId inlined[] = {LANG_BUILTIN_TIME_NOW, LANG_BUILTIN_TABLE_SIZE, LANG_BUILTIN_TABLE_DELETE, LANG_BUILTIN_LIST_SIZE,
		LANG_BUILTIN_LIST_DELETE, LANG_BUILTIN_LIST_TO_ARRAY, LANG_BUILTIN_LIST_SKIP, LANG_BUILTIN_ARRAY_SIZE, LANG_BUILTIN_MAYBE_HAS,
		LANG_BUILTIN_MAYBE_GET_OR_DEFAULT_TO, LANG_BUILTIN_MAYBE_DELETE, LANG_BUILTIN_MAYBE_RECORD_DELETE, LANG_BUILTIN_ENUM_TO_INT,
		LANG_BUILTIN_RECORD_DELETE, LANG_BUILTIN_DOCUMENT_KEY, LANG_BUILTIN_DOCUMENT_SPACE};

	for (int i = 0; i < lang_n_op_rows; i++)
	{
		const char *code = lang_op_rows[i].code;

		UNIT_TRY(code[0] == '\0' || strcmp(code, "and") == 0 || strcmp(code, "or") == 0 || vm_op_of_code(code) < VM_N_OPS, "operation %s", code);
	}
	UNIT_PROPERTY("every operation of the operator table is an instruction");
	for (int id = 0; id < LANG_N_BUILTINS; id++)
	{
		bool		is_inlined = false;

		for (size_t k = 0; k < sizeof(inlined) / sizeof(inlined[0]); k++)
			is_inlined |= (int) inlined[k] == id;
		UNIT_TRY(is_inlined != (vm_builtins[id] != NULL), "%s.%s", lang_builtins[id].space, lang_builtins[id].name);
	}
	UNIT_PROPERTY("every built-in is a function or lowered to instructions");
	for (int op = 0; op < VM_N_OPS; op++)
	{
		const char *form = vm_op_form(op);

		UNIT_TRY(strspn(form, "drunfyq-IKSJ+=") == strlen(form) && strlen(form) >= 2, "%s: %s", vm_op_name(op), form);
	}
	UNIT_PROPERTY("the forms of instructions are known letters");
}

int
main(void)
{
	test_tables();
	test_orders();
	test_limits();
	test_upgrades();
	test_readers();
	test_initial_values();
	test_expressions();
	test_mutations();
	return unit_done();
}
