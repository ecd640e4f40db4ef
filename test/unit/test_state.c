/*
 * test_state.c
 *	  Documents in memory: changes, undo, deltas, states, dedupe keys, damage.
 *
 * The property that matters: whatever happens to a document, a copy that is brought forward by its deltas, a copy that is loaded from its state, and
 * the algebra on encoded bytes all come to the same state, in the same bytes.
 */
#include "unit.h"

#include "doc/doc.h"
#include "kit/hash.h"
#include "vm/asset.h"
#include "vm/vm.h"

static const char program_text[] =
	"enum Color { Red, Green:5, @default Blue }\n"
	"record Spot { int x; string tag; }\n"
	"record Kid { string name; maybe<int> age; principal who; table<Kid> kids; }\n"
	"record Row {\n"
	"  int n; long l; double d; string s; bool b; principal p; Color c; maybe<int> mi; maybe<string> ms = \"seed\";\n"
	"  Spot spot; table<Kid> kids; date day; datetime at; timespan span; maybe<time> mt; complex z; maybe<complex> mz; asset file; maybe<asset> mf;\n"
	"}\n"
	"int i; long l; double d = 1.5; string s = \"hi\"; bool b; principal p; Color c;\n"
	"maybe<int> mi; maybe<string> ms = \"seed\"; maybe<principal> mp;\n"
	"Spot spot; table<Row> rows; table<Kid> other;\n";

static const char fresh_state[] =
	"{\"i\":0,\"l\":\"0\",\"d\":1.5,\"s\":\"hi\",\"b\":false,\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,\"ms\":\"seed\","
	"\"spot\":{\"x\":0,\"tag\":\"\"},\"rows\":{},\"other\":{}}";

static VmProgram *program;
static KitArena *arena;			/* of one test or round */

/* ---- words for tests ---- */

static VmProgram *
compile(const char *source)
{
	LangDiags	diags = {.arena = arena};
	VmProgram  *made = vm_program_new(source, strlen(source), &diags);

	if (made == NULL)
	{
		printf("# line %d: %s\n", diags.n > 0 ? diags.items[0]->line : 0, diags.n > 0 ? diags.items[0]->message : "no diagnostic");
		exit(1);
	}
	return made;
}

static KitBuf *
new_buf(void)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	return buf;
}

static const char *
json(DocBytes bytes, DocClass class)
{
	KitBuf	   *buf = new_buf();
	KitDiag		diag = {0};

	return doc_to_json(bytes, class, DOC_JSON_TEXT, buf, &diag) ? buf->data : kit_arena_printf(arena, "%s", diag.message);
}

static DocBytes
save(const VmDoc *doc)
{
	return vm_doc_save(doc, new_buf());
}

static const char *
state_text(const VmDoc *doc)
{
	return json(save(doc), DOC_DOCUMENT);
}

static const char *
delta_text(VmDoc *doc)
{
	return json(vm_doc_delta(doc, new_buf()), DOC_DELTA);
}

static DocBytes
from_json(const char *text, DocClass class)
{
	KitBuf	   *buf = new_buf();
	KitDiag		diag = {0};

	if (!doc_from_json(text, strlen(text), class, buf, &diag))
	{
		printf("# %s: %s\n", text, diag.message);
		exit(1);
	}
	return (DocBytes) {buf->data, buf->len};
}

static VmDoc *
load(const char *text)
{
	KitDiag		diag = {0};
	VmDoc	   *doc = vm_doc_load(program, from_json(text, DOC_DOCUMENT), false, false, &diag);

	if (doc == NULL)
	{
		printf("# %s: %s\n", text, diag.message);
		exit(1);
	}
	return doc;
}

static bool
same_bytes(DocBytes a, DocBytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static const LangField *
field_of(const LangStruct *structure, const char *name)
{
	const LangField *field = lang_struct_field(structure, name, strlen(name));

	if (field == NULL)
	{
		printf("# no field %s\n", name);
		exit(1);
	}
	return field;
}

static int
slot_of(const VmObj *obj, const char *name)
{
	return field_of(obj->structure, name)->slot;
}

static VmVal
slot_value(const VmObj *obj, const char *name)
{
	return obj->slots[slot_of(obj, name)];
}

static void
set(VmDoc *doc, VmObj *obj, const char *name, VmVal value)
{
	vm_doc_set(doc, obj, slot_of(obj, name), value);
}

static void
set_int(VmDoc *doc, VmObj *obj, const char *name, int64_t i)
{
	set(doc, obj, name, (VmVal) {.i = i});
}

static VmVal
str_value(const char *text)
{
	return (VmVal) {.str = vm_str_new(arena, text, strlen(text))};
}

static VmVal
who_value(const char *agent, const char *authority)
{
	return (VmVal) {.who = vm_principal_new(arena, agent, strlen(agent), authority, strlen(authority))};
}

static VmVal
maybe_value(VmVal value)
{
	return (VmVal) {.maybe = vm_maybe_new(arena, value)};
}

static VmTable *
table_of(const VmObj *obj, const char *name)
{
	return slot_value(obj, name).table;
}

/* ---- one thing at a time ---- */

static void
test_fresh(void)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);

	UNIT_TEXT("a new document has its initial values", state_text(doc), fresh_state);
	UNIT_OK("its size is known", vm_doc_state_size(doc) == save(doc).len);
	vm_doc_begin(doc);
	UNIT_OK("nothing has changed yet", !vm_doc_has_changes(doc));
	UNIT_TEXT("no change is an empty delta", delta_text(doc), "{}");
	vm_doc_commit(doc);
	vm_doc_free(doc);
}

static void
test_set(void)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmObj	   *root = vm_doc_root(doc);
	uint64_t	stamp;

	vm_doc_begin(doc);
	set_int(doc, root, "l", INT64_MIN);
	set_int(doc, root, "i", 5);
	set(doc, root, "d", (VmVal) {.d = 1e300 * 1e300});
	set(doc, root, "s", str_value("\xc3\xa4"));
	set(doc, root, "p", who_value("alice", "test"));
	set(doc, root, "mi", maybe_value((VmVal) {.i = -1}));
	set(doc, root, "ms", (VmVal) {.maybe = NULL});
	set(doc, root, "mp", maybe_value(who_value("", "x")));
	set_int(doc, slot_value(root, "spot").obj, "x", 3);
	UNIT_TEXT("changes come in the order of declaration", delta_text(doc),
			  "{\"i\":5,\"l\":\"-9223372036854775808\",\"d\":\"Infinity\",\"s\":\"\xc3\xa4\",\"p\":{\"agent\":\"alice\",\"authority\":\"test\"},"
			  "\"mi\":-1,\"ms\":null,\"mp\":{\"agent\":\"\",\"authority\":\"x\"},\"spot\":{\"x\":3}}");
	stamp = vm_doc_stamp(doc);
	set_int(doc, root, "i", 5);
	set(doc, root, "s", str_value("\xc3\xa4"));
	UNIT_OK("an equal value is no change", vm_doc_stamp(doc) == stamp);
	set_int(doc, root, "i", 6);
	UNIT_OK("another value is one", vm_doc_stamp(doc) > stamp);
	set_int(doc, root, "i", 0);
	set_int(doc, root, "l", 0);
	set(doc, root, "s", str_value("hi"));
	set(doc, root, "d", (VmVal) {.d = 1.5});
	set(doc, root, "p", (VmVal) {.who = vm_no_one});
	set(doc, root, "mi", (VmVal) {.maybe = NULL});
	set(doc, root, "mp", (VmVal) {.maybe = NULL});
	set_int(doc, slot_value(root, "spot").obj, "x", 0);
	UNIT_TEXT("what ended as it began is not in the delta", delta_text(doc), "{\"ms\":null}");
	vm_doc_commit(doc);
	vm_doc_begin(doc);
	set(doc, root, "d", (VmVal) {.d = -0.0});
	set(doc, root, "d", (VmVal) {.d = 0.0});
	UNIT_TEXT("the delta is that of this journal only", delta_text(doc), "{\"d\":0.0}");
	vm_doc_rollback(doc);
	UNIT_OK("a rollback undoes it", slot_value(root, "d").d == 1.5);
	vm_doc_free(doc);
}

static void
test_rows(void)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmObj	   *root = vm_doc_root(doc);
	VmTable    *rows = table_of(root, "rows");
	VmObj	   *row,
			   *kid;
	VmMark		mark;

	vm_doc_begin(doc);
	row = vm_doc_insert(doc, rows);
	set_int(doc, row, "n", 7);
	set(doc, row, "ms", (VmVal) {.maybe = NULL});
	kid = vm_doc_insert(doc, table_of(row, "kids"));
	set(doc, kid, "name", str_value("bob"));
	UNIT_TEXT("a new row is written whole", delta_text(doc),
			  "{\"rows\":{\"1\":{\"id\":1,\"n\":7,\"l\":\"0\",\"d\":0.0,\"s\":\"\",\"b\":false,\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,"
			  "\"spot\":{\"x\":0,\"tag\":\"\"},\"kids\":{\"2\":{\"id\":2,\"name\":\"bob\",\"who\":{\"agent\":\"?\",\"authority\":\"?\"},\"kids\":{}}},\"day\":\"1-01-01\",\"at\":\"1900-01-01T00:00Z\",\"span\":0.0,\"z\":{\"r\":0.0,\"i\":0.0},"
			  "\"file\":{\"id\":\"\",\"size\":\"0\",\"name\":\"\",\"type\":\"\",\"md5\":\"\",\"sha384\":\"\",\"@gc\":\"@yes\"}}},"
			  "\"__auto_table_row_id\":2}");
	vm_doc_commit(doc);

	vm_doc_begin(doc);
	set_int(doc, row, "n", 8);
	set(doc, kid, "age", maybe_value((VmVal) {.i = 3}));
	UNIT_TEXT("a row's change names what changed in it", delta_text(doc), "{\"rows\":{\"1\":{\"n\":8,\"kids\":{\"2\":{\"age\":3}}}}}");
	mark = vm_doc_mark(doc);
	vm_doc_delete(doc, row);
	vm_doc_delete(doc, row);
	UNIT_OK("a deleted row is not found", vm_table_find(rows, 1) == NULL && rows->n_live == 0);
	UNIT_OK("but can still be read", slot_value(row, "n").i == 8);
	UNIT_TEXT("a deleted row is null", delta_text(doc), "{\"rows\":{\"1\":null}}");
	vm_doc_undo_to(doc, mark);
	UNIT_OK("and is back after undo", vm_table_find(rows, 1) == row && rows->n_live == 1);
	UNIT_TEXT("with the changes before", delta_text(doc), "{\"rows\":{\"1\":{\"n\":8,\"kids\":{\"2\":{\"age\":3}}}}}");
	vm_doc_delete(doc, kid);
	vm_doc_delete(doc, row);
	vm_doc_commit(doc);
	UNIT_OK("the size is right after deleting", vm_doc_state_size(doc) == save(doc).len);

	vm_doc_begin(doc);
	row = vm_doc_insert(doc, rows);
	vm_doc_delete(doc, row);
	set_int(doc, root, "i", 1);
	UNIT_TEXT("a row made and deleted leaves its id only", delta_text(doc), "{\"i\":1,\"__auto_table_row_id\":3}");
	vm_doc_rollback(doc);
	UNIT_TEXT("a rollback gives the id back", state_text(doc),
			  "{\"i\":0,\"l\":\"0\",\"d\":1.5,\"s\":\"hi\",\"b\":false,\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,\"ms\":\"seed\","
			  "\"spot\":{\"x\":0,\"tag\":\"\"},\"rows\":{},\"other\":{},\"__auto_table_row_id\":2}");
	vm_doc_free(doc);
}

static void
test_limits(void)
{
	VmDoc	   *doc = load("{\"__auto_table_row_id\":2147483646}");
	VmTable    *table = table_of(vm_doc_root(doc), "rows");
	KitDiag		diag = {0};
	DocBytes	state;
	VmDoc	   *copy;
	int			depth = 0;

	vm_doc_begin(doc);
	UNIT_OK("the last id is given out", vm_doc_insert(doc, table) != NULL);
	UNIT_OK("and no other", vm_doc_insert(doc, table) == NULL);
	vm_doc_free(doc);

	doc = vm_doc_new(program, 0, false);
	table = table_of(vm_doc_root(doc), "other");
	vm_doc_begin(doc);
	for (VmObj *row; (row = vm_doc_insert(doc, table)) != NULL; depth++)
		table = table_of(row, "kids");
	vm_doc_commit(doc);
	state = save(doc);
	copy = vm_doc_load(program, state, false, false, &diag);
	UNIT_OK("tables nest as deep as a state can, and not deeper", depth > 50 && doc_validate(state, DOC_DOCUMENT, &diag) && copy != NULL);
	UNIT_OK("such a state is what it was", copy != NULL && same_bytes(state, save(copy)));
	vm_doc_free(copy);
	vm_doc_free(doc);
}

static void
test_random(void)
{
	VmDoc	   *doc = vm_doc_new(program, 42, false);
	VmMark		mark;
	uint64_t	first,
				second;

	vm_doc_begin(doc);
	mark = vm_doc_mark(doc);
	first = vm_doc_random(doc);
	second = vm_doc_random(doc);
	vm_doc_undo_to(doc, mark);
	UNIT_OK("random numbers differ, and are drawn again after undo", first != second && vm_doc_random(doc) == first && vm_doc_random(doc) == second);
	UNIT_TEXT("the generator's state is a long", delta_text(doc), "{\"__entropy\":\"4354685564936845396\"}");
	vm_doc_commit(doc);
	vm_doc_free(doc);
}

static void
test_dedupe(void)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	const VmPrincipal *alice = who_value("a/l-ice", "test").who;
	const VmPrincipal *other = who_value("a", "l-ice/test").who;
	VmMark		mark;
	KitDiag		diag = {0};
	VmDoc	   *copy = vm_doc_new(program, 0, false);
	DocBytes	delta;

	vm_doc_begin(doc);
	UNIT_OK("a key is new once", vm_doc_dedupe(doc, alice, "k", 1, 1000) && !vm_doc_dedupe(doc, alice, "k", 1, 2000));
	UNIT_OK("for each principal", vm_doc_dedupe(doc, other, "k", 1, 1000));
	mark = vm_doc_mark(doc);
	UNIT_OK("another key is new", vm_doc_dedupe(doc, alice, "l", 1, 3000));
	vm_doc_undo_to(doc, mark);
	UNIT_TEXT("keys are escaped, and in order of their time", delta_text(doc),
			  "{\"__dedupe\":{\"a-/l--ice/test/k\":\"1000\",\"a/l--ice-/test/k\":\"1000\"}}");
	UNIT_OK("a copy takes them from the delta", vm_doc_apply(copy, vm_doc_delta(doc, new_buf()), &diag) && same_bytes(save(copy), save(doc)));
	vm_doc_commit(doc);
	vm_doc_begin(doc);
	mark = vm_doc_mark(doc);
	UNIT_OK("after ten minutes a key is new again", vm_doc_dedupe(doc, alice, "k", 1, 1000 + VM_DEDUPE_MS));
	vm_doc_undo_to(doc, mark);
	UNIT_TEXT("undo remembers what was forgotten", delta_text(doc), "{}");
	UNIT_OK("in its old place", same_bytes(save(copy), save(doc)));
	UNIT_OK("just before it is not", !vm_doc_dedupe(doc, alice, "k", 1, 999 + VM_DEDUPE_MS));
	UNIT_OK("once more", vm_doc_dedupe(doc, alice, "k", 1, 1000 + VM_DEDUPE_MS));
	delta = vm_doc_delta(doc, new_buf());
	UNIT_TEXT("old keys leave in the delta", json(delta, DOC_DELTA),
			  "{\"__dedupe\":{\"a/l--ice-/test/k\":null,\"a-/l--ice/test/k\":\"601000\"}}");
	UNIT_OK("and in the copy", vm_doc_apply(copy, delta, &diag) && same_bytes(save(copy), save(doc)));
	vm_doc_commit(doc);
	UNIT_OK("the size counts them", vm_doc_state_size(doc) == save(doc).len);
	vm_doc_free(doc);
	vm_doc_free(copy);
}

/* ---- states and deltas from elsewhere ---- */

typedef struct Refused
{
	const char *state;
	const char *message;
} Refused;

static const Refused refused_states[] = {
	{"[]", "not an object"},
	{"{\"nope\":1}", "stored member \"nope\" is not known to the program"},
	{"{\"i\":1.0}", "stored member \"i\" is not an int"},
	{"{\"i\":2147483648}", "stored member \"i\" is not an int"},
	{"{\"l\":1}", "stored member \"l\" is not a long"},
	{"{\"l\":\"9223372036854775808\"}", "stored member \"l\" is not a long"},
	{"{\"d\":1}", "stored member \"d\" is not a double"},
	{"{\"s\":1}", "stored member \"s\" is not a string"},
	{"{\"b\":0}", "stored member \"b\" is not a bool"},
	{"{\"p\":{\"agent\":\"x\"}}", "stored member \"p\" is not a principal"},
	{"{\"p\":\"x\"}", "stored member \"p\" is not a principal"},
	{"{\"c\":1}", "stored member \"c\" is not a number of its enum"},
	{"{\"mi\":\"x\"}", "stored member \"mi\" is not an int"},
	{"{\"spot\":{\"y\":1}}", "stored member \"spot.y\" is not known to the program"},
	{"{\"spot\":{\"id\":1}}", "stored member \"spot.id\" is not known to the program"},
	{"{\"spot\":[]}", "stored member \"spot\" is not a record"},
	{"{\"rows\":[]}", "stored member \"rows\" is not a table"},
	{"{\"rows\":{\"1\":5},\"__auto_table_row_id\":1}", "stored member \"rows.1\" is not a row"},
	{"{\"rows\":{\"01\":{}},\"__auto_table_row_id\":1}", "stored member \"rows.01\" is not at the id of a row"},
	{"{\"rows\":{\"0\":{}},\"__auto_table_row_id\":1}", "stored member \"rows.0\" is not at the id of a row"},
	{"{\"rows\":{\"2147483648\":{}},\"__auto_table_row_id\":1}", "stored member \"rows.2147483648\" is not at the id of a row"},
	{"{\"rows\":{\"1\":{\"id\":2}},\"__auto_table_row_id\":1}", "stored member \"rows.1.id\" is not the row's id"},
	{"{\"rows\":{\"1\":{\"kids\":{\"2\":{\"age\":true}}}},\"__auto_table_row_id\":2}", "stored member \"rows.1.kids.2.age\" is not an int"},
	{"{\"rows\":{\"3\":{}},\"__auto_table_row_id\":2}", "row 3 is beyond the last row id of the document, 2"},
	{"{\"__auto_table_row_id\":-1}", "stored member \"__auto_table_row_id\" is not a row id"},
	{"{\"__entropy\":7}", "stored member \"__entropy\" is not a long"},
	{"{\"__dedupe\":{\"a/b/c\":7}}", "stored member \"__dedupe\" is not an object of longs"},
};

static void
test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused_states) / sizeof(refused_states[0]); i++)
	{
		const Refused *r = &refused_states[i];
		KitDiag		diag = {0};
		VmDoc	   *doc = vm_doc_load(program, from_json(r->state, DOC_DOCUMENT), false, false, &diag);

		UNIT_TRY(doc == NULL && diag.code == KIT_DAMAGED && strstr(diag.message, r->message) != NULL,
				 "%s: %s", r->state, doc == NULL ? diag.message : "accepted");
		if (doc != NULL)
			vm_doc_free(doc);
		if (r->state[0] == '[')
			continue;
		doc = vm_doc_new(program, 0, false);
		diag = (KitDiag) {0};
		if (strstr(r->state, "\"x\"}}") == NULL)
			UNIT_TRY(!vm_doc_apply(doc, from_json(r->state, DOC_DELTA), &diag) && diag.code == KIT_DAMAGED && strstr(diag.message, r->message) != NULL,
					 "as a delta, %s: %s", r->state, diag.message);
		vm_doc_free(doc);
	}
	UNIT_PROPERTY("what does not fit the program is damage");
}

static void
test_upgrade(void)
{
	KitDiag		diag = {0};
	VmDoc	   *doc = vm_doc_load(program, from_json("{\"gone\":[1],\"i\":4,\"c\":1,\"rows\":{\"7\":{\"id\":7,\"old\":true,\"c\":99}},\"__auto_table_row_id\":9}",
													  DOC_DOCUMENT), true, false, &diag);

	UNIT_OK("a state of an older program is loaded", doc != NULL);
	if (doc == NULL)
		return;
	UNIT_TEXT("without what is gone, with what is new", state_text(doc),
			  "{\"i\":4,\"l\":\"0\",\"d\":1.5,\"s\":\"hi\",\"b\":false,\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,"
			  "\"spot\":{\"x\":0,\"tag\":\"\"},\"rows\":{\"7\":{\"id\":7,\"n\":0,\"l\":\"0\",\"d\":0.0,\"s\":\"\",\"b\":false,"
			  "\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,\"spot\":{\"x\":0,\"tag\":\"\"},\"kids\":{},\"day\":\"1-01-01\",\"at\":\"1900-01-01T00:00Z\",\"span\":0.0,\"z\":{\"r\":0.0,\"i\":0.0},"
			  "\"file\":{\"id\":\"\",\"size\":\"0\",\"name\":\"\",\"type\":\"\",\"md5\":\"\",\"sha384\":\"\",\"@gc\":\"@yes\"}}},\"other\":{},\"__auto_table_row_id\":9}");
	vm_doc_free(doc);
	diag = (KitDiag) {0};
	UNIT_OK("but not one of other types", vm_doc_load(program, from_json("{\"i\":\"4\"}", DOC_DOCUMENT), true, false, &diag) == NULL && diag.code == KIT_DAMAGED);
}

/* ---- many things at once ---- */

static const char *const texts[] = {"", "x", "hello", "\xf0\x9f\x8e\x89 party", "a text that is somewhat longer than the others, as payloads are"};
static const double doubles[] = {0.0, -0.0, 1.5, 1e20, -1.0 / 3};

static VmVal
random_value(UnitRandom *r, const LangType *type)
{
	switch (type->kind)
	{
		case LANG_BOOL:
			return (VmVal) {.i = unit_below(r, 2)};
		case LANG_INT:
			return (VmVal) {.i = unit_below(r, 3) == 0 ? (int32_t) unit_random(r) : (int32_t) unit_below(r, 3)};
		case LANG_LONG:
			return (VmVal) {.i = unit_below(r, 3) == 0 ? (int64_t) unit_random(r) : (int64_t) unit_below(r, 3)};
		case LANG_DOUBLE:
			return (VmVal) {.d = unit_below(r, 9) == 0 ? 1e300 * 1e300 - (unit_below(r, 2) ? 1e300 * 1e300 : 0) : doubles[unit_below(r, 5)]};
		case LANG_DATE:
			return (VmVal) {.i = KIT_DATE_MIN + unit_below(r, (uint32_t) (KIT_DATE_MAX - KIT_DATE_MIN + 1))};
		case LANG_TIME:
			return (VmVal) {.i = unit_below(r, KIT_DAY_MINUTES)};
		case LANG_DATETIME:
			return (VmVal) {.i = kit_datetime((int64_t) (unit_random(r) >> 20) - (INT64_C(1) << 43), (int) unit_below(r, KIT_ZONE_UTC + 5))};
		case LANG_COMPLEX:
			{
				VmComplex  *number = KIT_NEW(arena, VmComplex);

				*number = (VmComplex) {doubles[unit_below(r, 5)], unit_below(r, 9) == 0 ? 1e300 * 1e300 : doubles[unit_below(r, 5)]};
				return (VmVal) {.complex = number};
			}
		case LANG_ASSET:
			{
				VmAssetParts parts = {.size = (int64_t) unit_random(r) >> unit_below(r, 64)};

				for (int i = 0; i < VM_ASSET_N_TEXTS; i++)
				{
					parts.texts[i] = texts[unit_below(r, 5)];
					parts.lens[i] = (uint32_t) strlen(parts.texts[i]);
				}
				return (VmVal) {.asset = unit_below(r, 3) == 0 ? &vm_nothing : vm_asset_new(NULL, arena, &parts)};
			}
		case LANG_TIMESPAN:
			return (VmVal) {.d = doubles[unit_below(r, 5)]};
		case LANG_ENUM:
			return (VmVal) {.i = type->enumeration->numbers[unit_below(r, (uint32_t) type->enumeration->n)]};
		case LANG_STRING:
			return str_value(texts[unit_below(r, 5)]);
		case LANG_PRINCIPAL:
			return unit_below(r, 3) == 0 ? (VmVal) {.who = vm_no_one} : who_value(texts[unit_below(r, 5)], texts[unit_below(r, 3)]);
		case LANG_MAYBE:
			return unit_below(r, 3) == 0 ? (VmVal) {.maybe = NULL} : maybe_value(random_value(r, type->a));
		default:
			printf("# no random value of type %s\n", type->text);
			exit(1);
	}
}

static VmObj *
random_object(UnitRandom *r, VmObj *obj)
{
	for (;;)
	{
		const LangField *field = obj->structure->fields[unit_below(r, (uint32_t) obj->structure->n_fields)];

		if (unit_below(r, 3) == 0 || field->slot < 0)
			return obj;
		if (field->type->kind == LANG_RECORD)
			obj = obj->slots[field->slot].obj;
		else if (field->type->kind == LANG_TABLE)
		{
			VmTable    *table = obj->slots[field->slot].table;
			uint32_t	n = table->n_rows;

			if (n == 0)
				return obj;
			obj = table->rows[unit_below(r, n)];
			if (obj->flags & VM_OBJ_DELETED)
				return table->owner;
		}
	}
}

static void
random_change(UnitRandom *r, VmDoc *doc, int64_t *at)
{
	VmObj	   *obj = random_object(r, vm_doc_root(doc));
	const LangField *field = obj->structure->fields[unit_below(r, (uint32_t) obj->structure->n_fields)];
	char		key[4] = {(char) ('a' + unit_below(r, 26)), '/', '-', 0};

	switch (unit_below(r, 24))
	{
		case 0:
			vm_doc_random(doc);
			return;
		case 1:
			*at += unit_below(r, 4) * (VM_DEDUPE_MS / 6);
			vm_doc_dedupe(doc, who_value("alice", "-/").who, key, 1 + unit_below(r, 3), *at);
			return;
		case 2:
		case 3:
			vm_doc_delete(doc, obj);
			return;
	}
	if (field->slot < 0 || field->type->kind == LANG_RECORD)
		return;
	if (field->type->kind != LANG_TABLE)
		vm_doc_set(doc, obj, field->slot, random_value(r, field->type));
	else if (vm_doc_insert(doc, obj->slots[field->slot].table) == NULL)
		UNIT_TRY(false, "no row could be made");
}

/* A row's own view of the table it is in: ids ascend, live rows are counted. */
static bool
is_sound(const VmTable *table)
{
	uint32_t	n_live = 0;

	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		n_live += (table->rows[i]->flags & VM_OBJ_DELETED) == 0;
		if (i > 0 && table->rows[i - 1]->id >= table->rows[i]->id)
			return false;
		if ((table->rows[i]->flags & VM_OBJ_DELETED) == 0 && vm_table_find(table, table->rows[i]->id) != table->rows[i])
			return false;
	}
	return n_live == table->n_live;
}

static void
test_history(void)
{
	uint64_t	seed = unit_seed();

	for (int round = 0; round < unit_rounds(150); round++, seed++)
	{
		UnitRandom	r = {seed};
		VmDoc	   *doc = vm_doc_new(program, seed % 3, false);
		VmDoc	   *copy;
		KitDiag		diag = {0};
		int64_t		at = 0;

		copy = vm_doc_load(program, save(doc), false, false, &diag);
		for (int turn = 0; turn < 12; turn++)
		{
			DocBytes	before = save(doc);
			DocBytes	after,
						delta,
						diff;
			KitBuf	   *folded = new_buf();
			KitBuf	   *diffed = new_buf();
			VmDoc	   *again;
			int			n_events = 1 + (int) unit_below(&r, 3);
			int			size = 1 << unit_below(&r, 6);

			vm_doc_begin(doc);
			for (int event = 0; event < n_events; event++)
			{
				VmMark		mark = vm_doc_mark(doc);
				DocBytes	then = save(doc);
				DocBytes	then_delta = vm_doc_delta(doc, new_buf());

				for (int i = 0; i < size; i++)
					random_change(&r, doc, &at);
				UNIT_TRY(vm_doc_state_size(doc) == save(doc).len, "size at seed %llu", (unsigned long long) seed);
				if (unit_below(&r, 3) == 0)
				{
					vm_doc_undo_to(doc, mark);
					UNIT_TRY(same_bytes(then, save(doc)), "state after undo at seed %llu", (unsigned long long) seed);
					UNIT_TRY(same_bytes(then_delta, vm_doc_delta(doc, new_buf())), "delta after undo at seed %llu", (unsigned long long) seed);
				}
			}
			delta = vm_doc_delta(doc, new_buf());
			after = save(doc);
			if (unit_below(&r, 6) == 0)
			{
				vm_doc_rollback(doc);
				UNIT_TRY(same_bytes(before, save(doc)), "rollback at seed %llu", (unsigned long long) seed);
				continue;
			}
			vm_doc_commit(doc);
			UNIT_TRY(same_bytes(after, save(doc)), "commit at seed %llu", (unsigned long long) seed);
			UNIT_TRY(vm_doc_state_size(doc) == after.len, "size after commit at seed %llu", (unsigned long long) seed);
			UNIT_TRY(is_sound(table_of(vm_doc_root(doc), "rows")), "table at seed %llu", (unsigned long long) seed);
			UNIT_TRY(same_bytes(before, after) == doc_delta_is_empty(delta), "no change, no delta at seed %llu", (unsigned long long) seed);

			UNIT_TRY(vm_doc_apply(copy, delta, &diag), "apply at seed %llu: %s", (unsigned long long) seed, diag.message);
			UNIT_TRY(same_bytes(after, save(copy)), "copy at seed %llu:\n# %s\n# %s\n# %s", (unsigned long long) seed,
					 json(after, DOC_DOCUMENT), state_text(copy), json(delta, DOC_DELTA));
			UNIT_TRY(vm_doc_state_size(copy) == after.len, "size of the copy at seed %llu", (unsigned long long) seed);
			UNIT_TRY(is_sound(table_of(vm_doc_root(copy), "rows")), "table of the copy at seed %llu", (unsigned long long) seed);

			UNIT_TRY(doc_apply(arena, before, delta, folded, &diag) && doc_equal(arena, (DocBytes) {folded->data, folded->len}, after),
					 "algebra at seed %llu", (unsigned long long) seed);
			again = vm_doc_load(program, (DocBytes) {folded->data, folded->len}, false, false, &diag);
			UNIT_TRY(again != NULL && same_bytes(after, save(again)), "load at seed %llu: %s", (unsigned long long) seed, diag.message);
			if (again != NULL)
				vm_doc_free(again);

			/* any delta that leads there will do, also one that names parts of a value */
			again = vm_doc_load(program, before, false, false, &diag);
			UNIT_TRY(doc_diff(arena, before, after, diffed, &diag), "diff at seed %llu", (unsigned long long) seed);
			diff = (DocBytes) {diffed->data, diffed->len};
			UNIT_TRY(vm_doc_apply(again, diff, &diag) && same_bytes(after, save(again)), "difference at seed %llu: %s\n# %s", (unsigned long long) seed,
					 diag.message, json(diff, DOC_DELTA));
			vm_doc_free(again);
		}
		vm_doc_free(doc);
		vm_doc_free(copy);
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("state, copy, algebra and undo agree");
}

/* Deltas composed by the algebra lead to the same state. */
static void
test_composed(void)
{
	uint64_t	seed = unit_seed();

	for (int round = 0; round < unit_rounds(60); round++, seed++)
	{
		UnitRandom	r = {seed};
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		VmDoc	   *copy;
		KitDiag		diag = {0};
		DocBytes	composed = from_json("{}", DOC_DELTA);
		int64_t		at = 0;

		copy = vm_doc_load(program, save(doc), false, false, &diag);
		for (int turn = 0; turn < 6; turn++)
		{
			KitBuf	   *buf = new_buf();

			vm_doc_begin(doc);
			for (int i = 0; i < 12; i++)
				random_change(&r, doc, &at);
			UNIT_TRY(doc_compose(arena, composed, vm_doc_delta(doc, new_buf()), buf, &diag), "compose at seed %llu: %s",
					 (unsigned long long) seed, diag.message);
			composed = (DocBytes) {buf->data, buf->len};
			vm_doc_commit(doc);
		}
		UNIT_TRY(vm_doc_apply(copy, composed, &diag), "apply at seed %llu: %s", (unsigned long long) seed, diag.message);
		UNIT_TRY(same_bytes(save(doc), save(copy)), "state at seed %llu:\n# %s\n# %s\n# %s", (unsigned long long) seed,
				 state_text(doc), state_text(copy), json(composed, DOC_DELTA));
		UNIT_TRY(vm_doc_state_size(copy) == save(copy).len, "size at seed %llu", (unsigned long long) seed);
		vm_doc_free(doc);
		vm_doc_free(copy);
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("composed deltas lead to the same state");
}

/* Rows come at the end and go at the front: neither memory nor time may grow with the number of messages. */
static void
test_queue(void)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmTable    *table = table_of(vm_doc_root(doc), "other");
	size_t		early = 0;
	uint32_t	most = 0;

	for (int i = 0; i < 20000; i++)
	{
		VmObj	   *row;
		uint32_t	k = 0;

		vm_doc_begin(doc);
		row = vm_doc_insert(doc, table);
		set(doc, row, "name", str_value(texts[i % 5]));
		if (table->n_live > 100)
		{
			while (table->rows[k]->flags & VM_OBJ_DELETED)
				k++;
			vm_doc_delete(doc, table->rows[k]);
		}
		vm_doc_commit(doc);
		if (table->n_rows > most)
			most = table->n_rows;
		if (i == 1000)
			early = vm_doc_memory(doc);
		if (i % 64 == 0)
			kit_arena_reset(arena);
	}
	UNIT_OK("a queue keeps its size", table->n_live == 100 && most < 140 && vm_doc_memory(doc) == early);
	vm_doc_free(doc);
}

/* Bytes that are damaged but have a right checksum are refused or read, and nothing worse. */
static void
test_damage(void)
{
	UnitRandom	r = {unit_seed()};
	VmDoc	   *doc = vm_doc_new(program, 7, false);
	int64_t		at = 0;
	DocBytes	state,
				delta;

	vm_doc_begin(doc);
	for (int i = 0; i < 60; i++)
		random_change(&r, doc, &at);
	delta = vm_doc_delta(doc, new_buf());
	vm_doc_commit(doc);
	state = save(doc);
	vm_doc_free(doc);
	for (int round = 0; round < unit_rounds(3000); round++)
	{
		bool		is_state = unit_below(&r, 2) == 0;
		DocBytes	bytes = is_state ? state : delta;
		char	   *copy = malloc(bytes.len);
		uint32_t	crc;
		KitDiag		diag = {0};
		VmDoc	   *loaded;

		memcpy(copy, bytes.data, bytes.len);
		for (uint32_t n = 1 + unit_below(&r, 3); n > 0; n--)
			copy[DOC_HEADER_SIZE + unit_below(&r, (uint32_t) bytes.len - DOC_HEADER_SIZE)] = (char) unit_random(&r);
		crc = kit_crc32c(copy + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE);
		for (int i = 0; i < 4; i++)
			copy[4 + i] = (char) (crc >> 8 * i);
		loaded = is_state ? vm_doc_load(program, (DocBytes) {copy, bytes.len}, unit_below(&r, 2) == 0, false, &diag) : vm_doc_new(program, 0, false);
		if (!is_state && !vm_doc_apply(loaded, (DocBytes) {copy, bytes.len}, &diag))
		{
			vm_doc_free(loaded);
			loaded = NULL;
		}
		UNIT_TRY(loaded != NULL || diag.code == KIT_DAMAGED, "refused as %s", kit_error_name(diag.code));
		if (loaded != NULL)
		{
			UNIT_TRY(vm_doc_state_size(loaded) == save(loaded).len, "size");
			vm_doc_free(loaded);
		}
		free(copy);
	}
	UNIT_PROPERTY("damaged bytes are refused or harmless");
}

int
main(void)
{
	arena = kit_arena_new("test");
	program = compile(program_text);
	test_fresh();
	test_set();
	test_rows();
	test_limits();
	test_random();
	test_dedupe();
	test_refused();
	test_upgrade();
	test_history();
	test_composed();
	test_queue();
	test_damage();
	vm_program_free(program);
	kit_arena_delete(arena);
	return unit_done();
}
