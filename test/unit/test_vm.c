/*
 * test_vm.c
 *	  The machine: programs as a whole are tried by the language cases; here is what a case cannot say.
 *
 *		orders			random rows by every kind of key, whole and in part, against a plain stable sort
 *		limits			a replay needs exactly the steps and bytes that the first run needed
 *		upgrades		which programs can follow which
 *		readers			fields, formulas and policies one at a time
 */
#include "run_program.h"

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
		reader = vm_reader_new(doc, scratch, vm_no_one, viewer, 0, 1, (VmText) {"s", 1}, (VmText) {"k", 1}, &vm_default_limits);
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
	check_upgrade("but to a wider one", "int x; int y; enum E { A } E e;", "long x; double y; int e;", NULL);
	check_upgrade("or to a maybe", "int x; record R { int a; } R r;", "maybe<long> x; record R { int a; } maybe<R> r;", NULL);
	check_upgrade("not to a narrower one", "long x;", "int x;", "\"x\"");
	check_upgrade("nor from a maybe", "maybe<int> x;", "int x;", "\"x\"");
	check_upgrade("records are compared by their fields", "record R { int a; } table<R> t;", "record S { int a; string b; } table<S> t;", NULL);
	check_upgrade("at any depth", "record Q { int v; } record R { Q q; table<Q> qs; } table<R> t;", "record Q { bool v; } record R { Q q; table<Q> qs; } table<R> t;",
				  "field \"v\" of Q was int");
	check_upgrade("recursive ones too", "record R { int v; table<R> rs; } table<R> t;", "record R { int v; table<R> rs; } table<R> t;", NULL);
	check_upgrade("an enumeration may get values", "enum E { A, B } E e;", "enum E { C, B, A } E e;", NULL);
	check_upgrade("a field that has another name keeps its type", "record R { string a; } int x; table<R> r;", "record R { string (was = a) b; } long (was = x) y; table<R>(was = r) rs;", NULL);
	check_upgrade("or not", "record R { string a; } int x; table<R> r;", "record R { int (was = a) b; } int (was = x) y; table<R>(was = r) rs;", "field \"b\" of R was string");
	check_upgrade("the name that it has counts first", "string x; int y;", "int (was = x) y;", NULL);
	check_upgrade("then the latest that it had", "string a; int b;", "int (was = b, was = a) c;", NULL);
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
	reader = vm_reader_new(doc, arena, alice, NULL, 5, 1, (VmText) {"s", 1}, (VmText) {"k", 1}, &limits);
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
	reader = vm_reader_new(doc, arena, alice, NULL, 5, 1, (VmText) {"s", 1}, (VmText) {"k", 1}, &limits);
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

		UNIT_TRY(strspn(form, "drunfyqothg-IKSTJ+=~") == strlen(form) && strlen(form) >= 2, "%s: %s", vm_op_name(op), form);
	}
	UNIT_PROPERTY("the forms of instructions are known letters");
}

/* The least number of steps that the event takes. */
static int64_t
least_steps(VmDoc *doc, VmEvent event)
{
	int64_t		low = 0;
	int64_t		high = 100000;

	while (low < high)
	{
		KitArena   *scratch = kit_arena_new("steps");
		VmLimits	limits = vm_default_limits;
		KitDiag		diag = {0};

		limits.steps = low + (high - low) / 2;
		vm_doc_begin(doc);
		if (vm_reduce(doc, &event, &limits, scratch, &diag))
			high = limits.steps;
		else
			low = limits.steps + 1;
		vm_doc_rollback(doc);
		kit_arena_delete(scratch);
	}
	return low;
}

/* A text that was written here costs what one costs that was loaded. */
static void
test_texts(void)
{
	KitArena   *arena = kit_arena_new("texts");
	VmProgram  *program = compile("text t; int n; message M { int at; dynamic change; } @construct { t = \"hello\"; }\n"
								  "channel edit(M m) { if (!t.append(m.at, m.change)) { abort; } }\n"
								  "channel look(M m) { n = t.get().length(); }", arena);
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmDoc	   *loaded;
	VmEvent		event = event_of(VM_EVENT_SEND, "edit");
	VmEvent		look = event_of(VM_EVENT_SEND, "look");
	KitBuf		state;
	KitDiag		diag;
	bool		ok = reduce(doc, event_of(VM_EVENT_CREATE, ""), &vm_default_limits, &diag);

	for (int i = 0; i < 20; i++)
	{
		event.message = json_item(kit_arena_printf(arena, "{\"at\":%d,\"change\":{\"changes\":[[0,\"a whole lot of text\"],%d]}}", i, 5 + 19 * i), arena);
		ok &= reduce(doc, event, &vm_default_limits, &diag);
	}
	UNIT_OK("a text is written", ok);
	kit_buf_init(&state, arena);
	loaded = vm_doc_load(program, vm_doc_save(doc, &state), false, false, &diag);
	look.message = json_item("{}", arena);
	UNIT_OK("and costs the same when it was loaded", loaded != NULL && least_steps(doc, look) == least_steps(loaded, look));
	event.message = json_item("{\"at\":20,\"change\":{\"changes\":[[0,\"x\"],385]}}", arena);
	UNIT_OK("also to write on", least_steps(doc, event) == least_steps(loaded, event));
	vm_doc_free(loaded);
	vm_doc_free(doc);
	vm_program_free(program);
	kit_arena_delete(arena);
}

int
main(void)
{
	test_tables();
	test_texts();
	test_orders();
	test_limits();
	test_upgrades();
	test_readers();
	test_initial_values();
	return unit_done();
}
