/*
 * test_places.c
 *	  Types, each in every place where a type may stand: which are allowed there, and that a value goes through all of them.
 *
 *		places		a document's field, a record's, a message's, a viewer's; a variable with and without a value, a parameter of a procedure and of a function,
 *					what is returned; and within maybe, list, array, map, as a key and in a pair, of a document's field, a message's, a parameter
 *		values		sent as JSON, kept in fields of the document, of rows, in maybes, lists and maps, shown to who looks, loaded again: in exactly the forms
 *					of the reference
 */
#include "run_program.h"

#include "live/live.h"

#define WORLD "enum E { A, B:5, @default C } record R { int n; } message M { int n; }\n"

/* ---- which are allowed ---- */

static const char *const places[] = {
	"%s x;", "record Q { %s x; } table<Q> q;", "message Q { %s x; }", "view %s x;", "procedure p(%s a) { %s x = a; }", "procedure p() { %s x; }",
	"procedure p(%s a) { }", "function f(%s a) -> int { return 1; }", "procedure p(%s a) -> %s readonly { return a; }"
};

#define N_PLACES ((int) (sizeof(places) / sizeof(places[0])))

static const char *const containers[] = {"maybe<%s>", "list<%s>", "%s[]", "map<string,%s>", "map<%s,int>", "pair<int,%s>"};
static const int within[] = {0, 2, 6};	/* of places: a document's field, a message's, a parameter */

#define N_CONTAINERS ((int) (sizeof(containers) / sizeof(containers[0])))

/* + where it is allowed; in the order of places, and of within for each container. */
static const struct
{
	const char *type;
	const char *at;
	const char *in[N_CONTAINERS];
}			types[] = {
	{"bool", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"int", "+++++++++", {"+++", "+++", "-++", "+++", "+++", "-++"}},
	{"long", "+++++++++", {"+++", "+++", "-++", "+++", "+++", "-++"}},
	{"double", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"string", "+++++++++", {"+++", "+++", "-++", "+++", "+++", "-++"}},
	{"label", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"principal", "+++++++++", {"+++", "+++", "-++", "+++", "+++", "-++"}},
	{"E", "+++++++++", {"+++", "+++", "-++", "+++", "+++", "-++"}},
	{"complex", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"asset", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"date", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"time", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"datetime", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"timespan", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"dynamic", "+++++++++", {"+++", "+++", "-++", "+++", "---", "-++"}},
	{"json", "--+++++++", {"-++", "-++", "-++", "-++", "---", "-++"}},
	{"text", "++-------", {"---", "---", "---", "---", "---", "---"}},
	{"R", "++--+-+++", {"+-+", "--+", "--+", "+-+", "---", "--+"}},
	{"M", "--+++++++", {"-++", "-++", "-++", "-++", "---", "-++"}},
	{"table<R>", "++----+--", {"---", "---", "---", "---", "---", "---"}},
	{"table<M>", "----+++++", {"---", "---", "---", "---", "---", "---"}},
	{"maybe<int>", "+++++++++", {"---", "+++", "-++", "+++", "---", "-++"}},
	{"maybe<R>", "++--+++++", {"---", "--+", "--+", "--+", "---", "--+"}},
	{"maybe<M>", "--+++++++", {"---", "-++", "-++", "-++", "---", "-++"}},
	{"list<int>", "+++++++++", {"-++", "+++", "-++", "+++", "---", "-++"}},
	{"list<R>", "----+++++", {"--+", "--+", "--+", "--+", "---", "--+"}},
	{"list<M>", "--+++++++", {"-++", "-++", "-++", "-++", "---", "-++"}},
	{"int[]", "--+++++++", {"-++", "-++", "---", "-++", "---", "-++"}},
	{"M[]", "--+++++++", {"-++", "-++", "---", "-++", "---", "-++"}},
	{"map<string,int>", "+++++++++", {"-++", "-++", "-++", "+++", "---", "-++"}},
	{"map<string,R>", "++--+++++", {"--+", "--+", "--+", "+-+", "---", "--+"}},
	{"map<string,M>", "--+++++++", {"-++", "-++", "-++", "-++", "---", "-++"}},
	{"pair<int,string>", "--+++++++", {"-++", "-++", "-++", "-++", "---", "-++"}}
};

#define N_TYPES ((int) (sizeof(types) / sizeof(types[0])))

/* The pattern with the type in it, which may stand twice. */
static void
fill(char *out, size_t size, const char *pattern, const char *type)
{
	const char *first = strstr(pattern, "%s");
	const char *second = strstr(first + 2, "%s");

	if (second == NULL)
		snprintf(out, size, "%.*s%s%s", (int) (first - pattern), pattern, type, first + 2);
	else
		snprintf(out, size, "%.*s%s%.*s%s%s", (int) (first - pattern), pattern, type, (int) (second - first - 2), first + 2, type, second + 2);
}

static void
try_place(KitArena *arena, const char *pattern, const char *type, bool is_allowed)
{
	char		source[600] = WORLD;
	LangDiags	diags;

	fill(source + strlen(WORLD), sizeof(source) - strlen(WORLD), pattern, type);
	lang_diags_init(&diags, arena);
	lang_compile(source, strlen(source), arena, &diags);
	if (is_allowed)
		UNIT_TRY(diags.n_errors == 0, "%s must be allowed: %s", source + strlen(WORLD), diags.n == 0 ? "" : diags.items[0]->message);
	else
	{
		UNIT_TRY(diags.n_errors > 0, "%s must be refused", source + strlen(WORLD));
		for (int i = 0; i < diags.n; i++)
			UNIT_TRY(diags.items[i]->code == KIT_WARNING || diags.items[i]->line == 2, "%s: %d: %s", source + strlen(WORLD), diags.items[i]->line, diags.items[i]->message);
		if (diags.n_errors > 0)
			UNIT_TRY(diags.items[0]->code == KIT_TYPE_ERROR || diags.items[0]->code == KIT_SYNTAX_ERROR, "%s: %s", source + strlen(WORLD), diags.items[0]->message);
	}
	kit_arena_reset(arena);
}

static void
test_places(void)
{
	KitArena   *arena = kit_arena_new("test");

	for (int i = 0; i < N_TYPES; i++)
	{
		for (int k = 0; k < N_PLACES; k++)
			try_place(arena, places[k], types[i].type, types[i].at[k] == '+');
		for (int k = 0; k < N_CONTAINERS; k++)
			for (int w = 0; w < 3; w++)
			{
				char		type[100];

				fill(type, sizeof(type), containers[k], types[i].type);
				try_place(arena, places[within[w]], type, types[i].in[k][w] == '+');
			}
	}
	UNIT_PROPERTY("each type may stand where the manual says, and nowhere else");
	kit_arena_delete(arena);
}

/* ---- values on their way ---- */

/* As it is sent, as it is stored, as who looks is told; and the same for a field that nobody has set. */
static const struct
{
	const char *type;
	const char *sent;
	const char *stored;
	const char *shown;
	const char *stored_at_first;
	const char *shown_at_first;
}			values[] = {
	{"bool", "true", "true", "true", "false", "false"},
	{"int", "-2147483648", "-2147483648", "-2147483648", "0", "0"},
	{"long", "\"5000000000000\"", "\"5000000000000\"", "\"5000000000000\"", "\"0\"", "\"0\""},
	{"long", "-7", "\"-7\"", "\"-7\"", "\"0\"", "\"0\""},
	{"double", "1e7", "1.0E7", "1.0E7", "0.0", "0.0"},
	{"double", "3", "3.0", "3.0", "0.0", "0.0"},
	{"string", "\"\\u00e9\\n\\\"q\\\"\"", "\"\\u00e9\\n\\\"q\\\"\"", "\"\\u00e9\\n\\\"q\\\"\"", "\"\"", "\"\""},
	{"label", "\"foo\"", "\"foo\"", "\"foo\"", "\"\"", "\"\""},
	{"principal", "{\"agent\":\"alice\",\"authority\":\"test\"}", "{\"agent\":\"alice\",\"authority\":\"test\"}",
		"{\"@t\":1,\"agent\":\"alice\",\"authority\":\"test\"}", "{\"agent\":\"?\",\"authority\":\"?\"}", "{\"@t\":1,\"agent\":\"?\",\"authority\":\"?\"}"},
	{"E", "5", "5", "5", "6", "6"},
	{"complex", "{\"r\":1.5,\"i\":1}", "{\"r\":1.5,\"i\":1.0}", "{\"r\":1.5,\"i\":1.0}", "{\"r\":0.0,\"i\":0.0}", "{\"r\":0.0,\"i\":0.0}"},
	{"date", "\"2023-11-14\"", "\"2023-11-14\"", "\"2023-11-14\"", "\"1-01-01\"", "\"1-01-01\""},
	{"time", "\"22:13\"", "\"22:13\"", "\"22:13\"", "\"00:00\"", "\"00:00\""},
	{"datetime", "\"2023-11-14T22:13:20.123Z[UTC]\"", "\"2023-11-14T22:13:20.123Z[UTC]\"", "\"2023-11-14T22:13:20.123Z[UTC]\"", "\"1900-01-01T00:00Z\"", "\"1900-01-01T00:00Z\""},
	{"timespan", "300", "300.0", "300.0", "0.0", "0.0"},
	{"dynamic", "{\"b\":[1,2],\"a\":1}", "{\"a\":1,\"b\":[1,2]}", "{\"a\":1,\"b\":[1,2]}", NULL, NULL},
	{"asset", "{\"id\":\"f\",\"name\":\"n\",\"size\":\"3\",\"type\":\"t\",\"md5\":\"m\",\"sha384\":\"s\"}",
		"{\"id\":\"f\",\"size\":\"3\",\"name\":\"n\",\"type\":\"t\",\"md5\":\"m\",\"sha384\":\"s\",\"@gc\":\"@yes\"}",
		"{\"id\":\"f\",\"size\":\"3\",\"type\":\"t\",\"md5\":\"m\",\"sha384\":\"s\"}",
		"{\"id\":\"\",\"size\":\"0\",\"name\":\"\",\"type\":\"\",\"md5\":\"\",\"sha384\":\"\",\"@gc\":\"@yes\"}",
		"{\"id\":\"\",\"size\":\"0\",\"type\":\"\",\"md5\":\"\",\"sha384\":\"\"}"}
};

static DocBytes
bytes_of(const char *json, KitArena *arena)
{
	KitBuf	   *bytes = kit_arena_alloc(arena, sizeof(KitBuf));
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, bytes, &diag))
		printf("# %s: %s\n", json, diag.message);
	return (DocBytes) {bytes->data, bytes->len};
}

static bool
is_json(DocBytes got, const char *expected, const char *what, KitArena *arena)
{
	KitBuf		text;
	bool		ok = doc_equal(arena, got, bytes_of(expected, arena));

	kit_buf_init(&text, arena);
	doc_to_json(got, DOC_DOCUMENT, DOC_JSON_TEXT, &text, NULL);
	return UNIT_TRY(ok, "%s\n#   got       %s\n#   expected  %s", what, text.data, expected);
}

static DocBytes
state_of(VmDoc *doc, KitArena *arena)
{
	KitBuf	   *bytes = kit_arena_alloc(arena, sizeof(KitBuf));

	kit_buf_init(bytes, arena);
	return vm_doc_save(doc, bytes);
}

static DocBytes
view_of(VmDoc *doc, KitArena *arena)
{
	static const LiveViewer who = {.agent = {"a", 1}, .authority = {"t", 1}};
	KitBuf		json;
	DocNode    *tree = NULL;
	KitDiag		diag = {0};

	kit_buf_init(&json, arena);
	if (!live_view_tree(doc, &who, 0, 0, (VmText) {"s", 1}, (VmText) {"k", 1}, &vm_default_limits, arena, &tree, &diag))
		return bytes_of("{\"failed\":true}", arena);
	doc_node_to_json(tree, DOC_JSON_WIRE, &json);
	return bytes_of(json.data, arena);
}

/* "name":value, or nothing when there is none. */
static const char *
member(KitArena *arena, const char *name, const char *value)
{
	return value == NULL ? "" : kit_arena_printf(arena, "\"%s\":%s,", name, value);
}

static void
try_value(KitArena *arena, int i)
{
	const char *t = values[i].type;
	const char *source = kit_arena_printf(arena, WORLD "record Q { public %s v; } message N { %s v; } message S { %s v; maybe<%s> m; %s[] a; N n; list<%s> l; }\n"
										  "public %s v; public maybe<%s> m; public list<%s> l; public map<string,%s> k; table<Q> q; public formula g = v; public formula rows = iterate q;\n"
										  "procedure same(%s x) -> %s readonly { %s y = x; return y; }\n"
										  "channel c(S s) { v = same(s.v); m = s.m; l = s.l; k[\"x\"] = s.n.v; foreach (x in s.a) { q <- {v: x}; } }\n",
										  t, t, t, t, t, t, t, t, t, t, t, t, t);
	const char *sent = values[i].sent;
	VmProgram  *program = compile(source, arena);
	VmDoc	   *doc;
	KitDiag		diag = {0};
	VmEvent		event = event_of(VM_EVENT_CREATE, "");
	VmDoc	   *copy;

	if (!UNIT_TRY(program != NULL, "%s", source))
		return;
	doc = vm_doc_new(program, 0, false);
	UNIT_TRY(reduce(doc, event, &vm_default_limits, &diag), "%s", diag.message);
	is_json(state_of(doc, arena), kit_arena_printf(arena, "{%s\"l\":[],\"k\":{},\"q\":{}}", member(arena, "v", values[i].stored_at_first)), t, arena);
	is_json(view_of(doc, arena), kit_arena_printf(arena, "{%s\"l\":{\"@s\":0},\"k\":{},%s\"rows\":{\"@o\":[]}}", member(arena, "v", values[i].shown_at_first),
												  member(arena, "g", values[i].shown_at_first)), t, arena);
	event = event_of(VM_EVENT_SEND, "c");
	event.message = json_item(kit_arena_printf(arena, "{\"v\":%s,\"m\":%s,\"a\":[%s],\"n\":{\"v\":%s},\"l\":[%s]}", sent, sent, sent, sent, sent), arena);
	UNIT_TRY(reduce(doc, event, &vm_default_limits, &diag), "%s %s: %s", t, sent, diag.message);
	is_json(state_of(doc, arena), kit_arena_printf(arena, "{\"v\":%s,\"m\":%s,\"l\":[%s],\"k\":{\"x\":%s},\"q\":{\"1\":{\"id\":1,\"v\":%s}},\"__auto_table_row_id\":1}", values[i].stored,
												   values[i].stored, values[i].stored, values[i].stored, values[i].stored), t, arena);
	is_json(view_of(doc, arena), kit_arena_printf(arena, "{\"v\":%s,\"m\":%s,\"l\":{\"0\":%s,\"@s\":1},\"k\":{\"x\":%s},\"g\":%s,\"rows\":{\"1\":{\"v\":%s},\"@o\":[1]}}", values[i].shown,
												  values[i].shown, values[i].shown, values[i].shown, values[i].shown, values[i].shown), t, arena);
	copy = vm_doc_load(program, state_of(doc, arena), false, false, &diag);
	if (UNIT_TRY(copy != NULL, "%s: %s", t, diag.message))
	{
		UNIT_TRY(doc_equal(arena, state_of(copy, arena), state_of(doc, arena)), "%s: loaded and saved it is something else", t);
		vm_doc_free(copy);
	}
	/* given as what the type has at first, it is as if nothing had been given */
	event.message = json_item("{}", arena);
	UNIT_TRY(reduce(doc, event, &vm_default_limits, &diag), "%s: %s", t, diag.message);
	vm_doc_free(doc);
	vm_program_free(program);
}

static void
test_values(void)
{
	KitArena   *arena = kit_arena_new("test");

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		try_value(arena, (int) i);
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("a value of each type is sent, kept, shown and loaded in the form of the reference");
	kit_arena_delete(arena);
}

/* ---- what is no value of a type ---- */

static const struct
{
	const char *type;
	const char *sent[14];
}			wrong[] = {
	{"bool", {"1", "0", "\"true\"", "{}", "[]"}}, {"int", {"\"41\"", "3.5", "true", "2147483648", "-2147483649", "{}", "[]", "1e3"}},
	{"long", {"\"x\"", "\"\"", "\"9223372036854775808\"", "1.5", "true", "\"1.0\"", "\" 1\"", "{}"}}, {"double", {"\"1.5\"", "true", "{}", "[1]"}},
	{"string", {"1", "true", "{}", "[]"}}, {"label", {"1", "{}"}}, {"principal", {"\"alice\"", "{}", "{\"agent\":\"a\"}", "{\"agent\":1,\"authority\":\"t\"}", "{\"agent\":\"a\",\"authority\":\"t\",\"x\":1}", "[]"}},
	{"E", {"1", "\"A\"", "true", "5.5", "{}"}}, {"complex", {"1", "\"1\"", "{\"r\":1}", "{\"r\":1,\"i\":\"2\"}", "[1,2]"}},
	{"date", {"20231114", "\"2023-02-29\"", "\"2023-13-01\"", "\"14.11.2023\"", "\"\"", "{}"}}, {"time", {"\"24:00\"", "\"9\"", "930", "\"12:60\"", "{}"}},
	{"datetime", {"\"2023-11-14\"", "\"2023-11-14T25:00Z\"", "1699999999", "\"2023-11-14T22:13:20\"", "\"2023-11-14T22:13+01:00[Europe/Berlin]\""}},
	{"timespan", {"\"300\"", "true", "{}"}}, {"asset", {"\"f\"", "1", "[]"}}, {"int[]", {"1", "{}", "[\"1\"]", "[1,null]"}}, {"list<string>", {"\"a\"", "[1]", "{}"}},
	{"M", {"1", "[]", "\"x\"", "{\"n\":\"1\"}", "{\"o\":1}"}}, {"maybe<int>", {"\"1\"", "{}", "1.5"}}, {"map<string,int>", {"[]", "{\"a\":\"b\"}", "1"}}, {"map<int,int>", {"{\"a\":1}", "{\"1.5\":1}"}},
	{"map<principal,int>", {"{\"a\":1}"}}, {"pair<int,string>", {"{\"key\":\"a\",\"value\":\"b\"}", "[]", "{\"x\":1}"}}, {"M[]", {"{}", "[1]", "[{\"n\":true}]"}}
};

static void
test_wrong(void)
{
	KitArena   *arena = kit_arena_new("test");

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		const char *source = kit_arena_printf(arena, WORLD "message S { %s v; } public int n; channel c(S s) { n++; }", wrong[i].type);
		VmProgram  *program = compile(source, arena);
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		VmEvent		event = event_of(VM_EVENT_SEND, "c");
		KitDiag		diag = {0};

		for (int k = 0; k < 14 && wrong[i].sent[k] != NULL; k++)
		{
			event.message = json_item(kit_arena_printf(arena, "{\"v\":%s}", wrong[i].sent[k]), arena);
			if (UNIT_TRY(!reduce(doc, event, &vm_default_limits, &diag), "%s must refuse %s", wrong[i].type, wrong[i].sent[k]))
				UNIT_TRY((diag.code == KIT_INVALID_MESSAGE && strstr(diag.message, "\"v") != NULL) ||
						 (diag.code == KIT_UNKNOWN_FIELD && strstr(diag.message, "has no field") != NULL), "%s refuses %s: %s", wrong[i].type,
						 wrong[i].sent[k], diag.message);
		}
		/* what is not given, or null, is the initial value */
		for (int k = 0; k < 2; k++)
		{
			event.message = json_item(k == 0 ? "{}" : "{\"v\":null}", arena);
			UNIT_TRY(reduce(doc, event, &vm_default_limits, &diag), "%s: %s", wrong[i].type, diag.message);
		}
		vm_doc_free(doc);
		vm_program_free(program);
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("a message of the wrong type is refused, and what is wrong is named; what is missing or null is the initial value");
	kit_arena_delete(arena);
}

int
main(void)
{
	test_places();
	test_values();
	test_wrong();
	return unit_done();
}
