/*
 * test_map.c
 *	  Maps: the structure against a plain array, documents with maps and maybes of records through random histories, damaged ones, and programs of map
 *	  operations against a model.
 */
#include "run_program.h"

#include "kit/hash.h"
#include "vm/map.h"
#include "vm/state_internal.h"

static KitArena *arena;			/* of one round */

static KitBuf *
new_buf(void)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	return buf;
}

static DocBytes
save(const VmDoc *doc)
{
	return vm_doc_save(doc, new_buf());
}

static const char *
json(DocBytes bytes, DocClass class)
{
	KitBuf	   *buf = new_buf();
	KitDiag		diag = {0};

	return doc_to_json(bytes, class, DOC_JSON_TEXT, buf, &diag) ? buf->data : kit_arena_printf(arena, "%s", diag.message);
}

static bool
same_bytes(DocBytes a, DocBytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* ---- the structure ---- */

#define N_KEYS 1500

static void
check_structure(const VmMap *map, const bool *there, const int64_t *values, uint64_t seed)
{
	VmMapAt		at = {0, 0};
	VmMapAt		back = {map->n_parts, 0};
	const VmPair *entry;
	int			last = -1;
	uint32_t	n = 0;

	for (uint32_t i = 0; i < map->n_parts; i++)
		UNIT_TRY(map->parts[i].n > 0 && map->parts[i].n <= map->parts[i].cap && map->parts[i].cap <= VM_MAP_PART, "part at seed %llu", (unsigned long long) seed);
	while ((entry = vm_map_next(map, &at)) != NULL)
	{
		UNIT_TRY(entry->key.i > last && entry->key.i < N_KEYS && there[entry->key.i] && values[entry->key.i] == entry->value.i, "entry at seed %llu",
				 (unsigned long long) seed);
		last = (int) entry->key.i;
		n++;
	}
	UNIT_TRY(n == map->n, "number at seed %llu", (unsigned long long) seed);
	for (; (entry = vm_map_before(map, &back)) != NULL; n--)
	{
		UNIT_TRY(entry->key.i == last || n < map->n, "backwards at seed %llu", (unsigned long long) seed);
		UNIT_TRY(entry->key.i <= last, "order backwards at seed %llu", (unsigned long long) seed);
		last = (int) entry->key.i;
	}
	UNIT_TRY(n == 0, "number backwards at seed %llu", (unsigned long long) seed);
}

static void
test_structure(const LangStruct *pair)
{
	uint64_t	seed = unit_seed();

	for (int round = 0; round < unit_rounds(40); round++, seed++)
	{
		UnitRandom	r = {seed};
		KitHeap    *heap = kit_heap_new("map");
		VmMapMemory memory = {.heap = heap};
		static bool there[N_KEYS];
		static int64_t values[N_KEYS];
		uint32_t	n_keys = 1 + unit_below(&r, N_KEYS);
		uint32_t	n = 0;
		VmMap		map;

		memset(there, 0, sizeof(there));
		vm_map_init(&map, pair);
		for (int i = 0; i < 4000; i++)
		{
			/* by turns more are added or more are taken out; some come in order */
			bool		adds = unit_below(&r, 4) != 0 ? (i / 500) % 2 == 0 : (i / 500) % 2 == 1;
			uint32_t	k = round % 3 == 0 ? (uint32_t) i % n_keys : unit_below(&r, n_keys);
			VmMapAt		at;
			VmPair	   *found = vm_map_find(&map, (VmVal) {.i = k}, &at);

			UNIT_TRY((found != NULL) == there[k] && (found == NULL || found->value.i == values[k]), "find at seed %llu", (unsigned long long) seed);
			if (adds && found == NULL)
			{
				values[k] = (int64_t) unit_random(&r);
				vm_map_add(&map, memory, at, (VmVal) {.i = k}, (VmVal) {.i = values[k]});
				n++;
			}
			else if (!adds && found != NULL)
			{
				vm_map_take(&map, memory, at);
				n--;
			}
			there[k] = found == NULL ? adds : adds || false;
			if (i % 250 == 0)
				check_structure(&map, there, values, seed);
		}
		check_structure(&map, there, values, seed);
		UNIT_TRY(map.n == n, "count at seed %llu", (unsigned long long) seed);
		vm_map_release(&map, memory);
		kit_heap_delete(heap);
	}
	UNIT_PROPERTY("a map holds what was put into it, in order");
}

/* ---- documents ---- */

static const char program_text[] =
	"enum Color { Red, Green:5, Blue }\n"
	"record Leaf { int v; string s; }\n"
	"record Row { int n; string s = \"seed\"; Leaf leaf; maybe<Leaf> opt; maybe<int> mi; table<Leaf> leaves; map<string,int> votes; map<int,Leaf> kids; list<int> xs; }\n"
	"map<int,string> mis; map<string,maybe<int>> msm; map<principal,double> mpd; map<long,bool> mlb; map<Color,Leaf> mcl; map<string,Row> msr;\n"
	"map<string,map<int,map<string,int>>> deep; map<int,list<int>> lists; maybe<Row> one; table<Row> rows;\n"
	"formula f = names(); function names() -> map<int,int> { map<int,int> m; return m; }\n";

static VmProgram *program;

static const char *const texts[] = {"", "x", "@o", "@s", "@r", "@@o", "@@@r", "@", "@@", "o", "@ox", "__proto__", "id", "-/", "a-b/c", "\xf0\x9f\x8e\x89", "\xef\xbf\xbd"};
#define N_TEXTS 17

static VmVal
random_text(UnitRandom *r)
{
	const char *text = texts[unit_below(r, N_TEXTS)];

	return (VmVal) {.str = vm_str_new(arena, text, strlen(text))};
}

static VmVal
random_value(UnitRandom *r, const LangType *type)
{
	const char *a = texts[unit_below(r, N_TEXTS)];
	const char *b = texts[unit_below(r, N_TEXTS)];
	VmVal		value = {.i = unit_below(r, 3) == 0 ? (int32_t) unit_random(r) : (int32_t) unit_below(r, 4) - 1};

	switch (type->kind)
	{
		case LANG_INT:
		case LANG_LONG:
			return value;
		case LANG_BOOL:
			return (VmVal) {.i = unit_below(r, 2)};
		case LANG_DOUBLE:
			return (VmVal) {.d = (double) value.i / 4};
		case LANG_ENUM:
			return (VmVal) {.i = type->enumeration->numbers[unit_below(r, (uint32_t) type->enumeration->n)]};
		case LANG_STRING:
			return random_text(r);
		case LANG_PRINCIPAL:
			return (VmVal) {.who = vm_principal_new(arena, a, strlen(a), b, strlen(b))};
		case LANG_MAYBE:
			return (VmVal) {.maybe = unit_below(r, 3) == 0 ? NULL : vm_maybe_new(arena, random_value(r, type->a))};
		case LANG_LIST:
			value.list = vm_list_new(arena, 0);
			for (uint32_t n = unit_below(r, 4); n > 0; n--)
				vm_list_add(arena, value.list, random_value(r, type->a));
			return value;
		default:
			printf("# no random value of type %s\n", type->text);
			exit(1);
	}
}

static VmObj *
random_entry(UnitRandom *r, const VmMap *map)
{
	uint32_t	n = vm_map_size(map);
	VmMapAt		at = {0, 0};
	const VmPair *entry = NULL;

	if (n == 0)
		return NULL;
	for (uint32_t i = 1 + unit_below(r, n); i > 0; i--)
		entry = vm_map_step(map, &at);
	return entry->value.obj;
}

/* An object somewhere in the document. */
static VmObj *
random_object(UnitRandom *r, VmObj *obj)
{
	for (;;)
	{
		const LangField *field = obj->structure->fields[unit_below(r, (uint32_t) obj->structure->n_fields)];
		VmObj	   *inner = NULL;
		VmTable    *table;

		if (field->slot < 0 || unit_below(r, 5) == 0)
			return obj;
		table = vm_slot_table(field->type, obj->slots[field->slot]);
		if (field->type->kind == LANG_RECORD)
			inner = obj->slots[field->slot].obj;
		else if (table == NULL)
			return obj;
		else if (table->map != NULL)
			inner = random_entry(r, table->map);
		else if (table->n_rows > 0)
			inner = table->rows[unit_below(r, table->n_rows)];
		if (inner == NULL || (inner->flags & VM_OBJ_DELETED) != 0)
			return obj;
		obj = inner;
	}
}

static void
set_value(UnitRandom *r, VmDoc *doc, VmObj *obj, const LangField *field)
{
	VmVal		value = random_value(r, field->type);

	/* an entry of nothing is no entry */
	if (obj->structure->kind == LANG_STRUCT_ENTRY && vm_value_is_absent(field->type, value))
		vm_doc_delete(doc, obj);
	else
		vm_doc_set(doc, obj, field->slot, value);
}

static void
change_map(UnitRandom *r, VmDoc *doc, VmMap *map)
{
	VmObj	   *entry = random_entry(r, map);

	if (unit_below(r, 3) == 0 && entry != NULL)
	{
		vm_doc_delete(doc, entry);
		return;
	}
	entry = vm_doc_enter(doc, map, random_value(r, map->pair->fields[0]->type));
	if (entry == NULL)
		UNIT_TRY(false, "no entry could be made");
	else if (entry->structure->kind == LANG_STRUCT_ENTRY && entry->structure->fields[0]->type->kind != LANG_MAP)
		set_value(r, doc, entry, entry->structure->fields[0]);
}

static void
random_change(UnitRandom *r, VmDoc *doc)
{
	VmObj	   *obj = random_object(r, vm_doc_root(doc));
	const LangField *field = obj->structure->fields[unit_below(r, (uint32_t) obj->structure->n_fields)];
	VmTable    *table;

	if (unit_below(r, 10) == 0)
		vm_doc_delete(doc, obj);
	if (field->slot < 0 || field->type->kind == LANG_RECORD)
		return;
	table = vm_slot_table(field->type, obj->slots[field->slot]);
	if (table == NULL)
		set_value(r, doc, obj, field);
	else if (table->map != NULL)
		change_map(r, doc, table->map);
	else if (field->type->kind == LANG_TABLE)
		vm_doc_insert(doc, table);
	else if (unit_below(r, 2) == 0)
		vm_doc_hold(doc, table);
	else if (vm_holder_find(table) != NULL)
		vm_doc_delete(doc, vm_holder_find(table));
}

static void
test_history(void)
{
	uint64_t	seed = unit_seed();

	for (int round = 0; round < unit_rounds(120); round++, seed++)
	{
		UnitRandom	r = {seed};
		VmDoc	   *doc = vm_doc_new(program, 0, false);
		VmDoc	   *copy;
		VmDoc	   *late;
		DocBytes	composed = {0};
		KitDiag		diag = {0};

		copy = vm_doc_load(program, save(doc), false, false, &diag);
		late = vm_doc_load(program, save(doc), false, false, &diag);
		for (int turn = 0; turn < 10; turn++)
		{
			DocBytes	before = save(doc);
			DocBytes	after,
						delta;
			KitBuf	   *folded = new_buf();
			KitBuf	   *diffed = new_buf();
			KitBuf	   *sum = new_buf();
			VmDoc	   *again;
			int			size = 1 << unit_below(&r, 7);

			vm_doc_begin(doc);
			for (int event = 0; event < 3; event++)
			{
				VmMark		mark = vm_doc_mark(doc);
				DocBytes	then = save(doc);
				DocBytes	then_delta = vm_doc_delta(doc, new_buf());

				for (int i = 0; i < size; i++)
					random_change(&r, doc);
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
			UNIT_TRY(same_bytes(before, after) == doc_delta_is_empty(delta), "no change, no delta at seed %llu", (unsigned long long) seed);
			UNIT_TRY(vm_doc_apply(copy, delta, &diag) && same_bytes(after, save(copy)), "copy at seed %llu: %s\n# %s\n# %s\n# %s", (unsigned long long) seed,
					 diag.message, json(after, DOC_DOCUMENT), json(save(copy), DOC_DOCUMENT), json(delta, DOC_DELTA));
			UNIT_TRY(vm_doc_state_size(copy) == after.len, "size of the copy at seed %llu", (unsigned long long) seed);
			UNIT_TRY(doc_apply(arena, before, delta, folded, &diag) && doc_equal(arena, (DocBytes) {folded->data, folded->len}, after),
					 "algebra at seed %llu", (unsigned long long) seed);
			again = vm_doc_load(program, (DocBytes) {folded->data, folded->len}, false, false, &diag);
			UNIT_TRY(again != NULL && same_bytes(after, save(again)), "load at seed %llu: %s", (unsigned long long) seed, diag.message);
			if (again != NULL)
				vm_doc_free(again);
			again = vm_doc_load(program, before, false, false, &diag);
			UNIT_TRY(doc_diff(arena, before, after, diffed, &diag) && vm_doc_apply(again, (DocBytes) {diffed->data, diffed->len}, &diag) &&
					 same_bytes(after, save(again)), "difference at seed %llu: %s", (unsigned long long) seed, diag.message);
			vm_doc_free(again);
			if (composed.len == 0)
				composed = delta;
			else if (UNIT_TRY(doc_compose(arena, composed, delta, sum, &diag), "compose at seed %llu: %s", (unsigned long long) seed, diag.message))
				composed = (DocBytes) {sum->data, sum->len};
		}
		if (composed.len > 0)
			UNIT_TRY(vm_doc_apply(late, composed, &diag) && same_bytes(save(doc), save(late)), "composed at seed %llu: %s\n# %s\n# %s\n# %s",
					 (unsigned long long) seed, diag.message, json(save(doc), DOC_DOCUMENT), json(save(late), DOC_DOCUMENT), json(composed, DOC_DELTA));
		vm_doc_free(doc);
		vm_doc_free(copy);
		vm_doc_free(late);
		kit_arena_reset(arena);
	}
	UNIT_PROPERTY("maps and maybes of records: state, copy, algebra and undo agree");
}

static void
test_damage(void)
{
	UnitRandom	r = {unit_seed()};
	VmDoc	   *doc = vm_doc_new(program, 7, false);
	DocBytes	state,
				delta;

	vm_doc_begin(doc);
	for (int i = 0; i < 120; i++)
		random_change(&r, doc);
	delta = vm_doc_delta(doc, new_buf());
	vm_doc_commit(doc);
	state = save(doc);
	vm_doc_free(doc);
	for (int round = 0; round < unit_rounds(4000); round++)
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
	kit_arena_reset(arena);
	UNIT_PROPERTY("damaged maps are refused or harmless");
}

/* ---- programs of operations ---- */

#define MODEL_KEYS 12

typedef struct Model
{
	bool		there[MODEL_KEYS];
	int32_t		values[MODEL_KEYS];
} Model;

static const char run_program[] =
	"message Op { int o; int k; int v; }\n"
	"record E { int v; }\n"
	"map<int,int> m; map<string,E> e; map<int,map<int,int>> deep; public string out;\n"
	"function total(map<int,int> x) -> int { int t = 0; foreach (p in x) { t = t * 31 + p.key * 7 + p.value; } return t; }\n"
	"procedure put(mutable map<int,int> x, int k, int v) { x[k] = v; }\n"
	"channel run(Op[] ops) {\n"
	"  out = \"\"; map<int,int> n = m; map<int,int> kept = n;\n"
	"  foreach (op in ops) {\n"
	"    int k = op.k; int v = op.v;\n"
	"    switch (op.o) {\n"
	"      case 0: m[k] = v; n[k] = v; e[\"\" + k].v = v; deep[0][k] = v; break;\n"
	"      case 1: m[k] += v; n[k] += v; e[\"\" + k].v += v; deep[0][k] += v; break;\n"
	"      case 2: m[k]++; ++n[k]; e[\"\" + k].v++; deep[0][k]++; break;\n"
	"      case 3: m.remove(k); n.remove(k); e.remove(\"\" + k); deep[0].remove(k); break;\n"
	"      case 4: m[k].delete(); n[k].delete(); e[\"\" + k].delete(); deep[0][k].delete(); break;\n"
	"      case 5: m.clear(); n.clear(); e.clear(); deep.clear(); break;\n"
	"      case 6: put(m, k, v); put(n, k, v); e[\"\" + k] <- {v: v}; put(deep[0], k, v); break;\n"
	"      case 7: { map<int,int> other; other[k] = v; other[v] = k; m.insert(other); n.insert(other); deep[0].insert(other); e[\"\" + k] <- {v: v}; e[\"\" + v].v = k; } break;\n"
	"      case 8: { map<int,int> other = n; other[k] = v; m = other; n = other; deep[0] = other; e[\"\" + k].v = v; } break;\n"
	"      case 9: kept = n; break;\n"
	"      case 10: out += \"\" + (m[k].has() ? 1 : 0) + m[k].getOrDefaultTo(-7) + n[k].getOrDefaultTo(-7) + e[\"\" + k].v.getOrDefaultTo(-7) + deep[0][k].getOrDefaultTo(-7) + (k inside m) + (k outside n) + \",\"; break;\n"
	"      case 11: out += \"\" + m.size() + n.size() + e.size() + \"t\" + (total(m) == total(n)) + kept.size() + \",\"; break;\n"
	"      case 12: if (m.min() as p) { out += \"\" + p.key + p.value; } if (n.max() as p) { out += \"\" + p.key + p.value; } out += \",\"; break;\n"
	"      case 13: abort;\n"
	"    }\n"
	"  }\n"
	"}\n";

static uint32_t
model_size(const Model *m)
{
	uint32_t	n = 0;

	for (int i = 0; i < MODEL_KEYS; i++)
		n += m->there[i];
	return n;
}

static int32_t
model_get(const Model *m, int32_t k)
{
	return m->there[k] ? m->values[k] : -7;
}

static void
model_put(Model *m, int32_t k, int32_t v)
{
	m->there[k] = true;
	m->values[k] = v;
}

static void
model_end(const Model *m, bool last, KitBuf *out)
{
	for (int i = 0; i < MODEL_KEYS; i++)
	{
		int			k = last ? MODEL_KEYS - 1 - i : i;

		if (m->there[k])
		{
			kit_buf_printf(out, "%d%d", k, m->values[k]);
			return;
		}
	}
}

/* False: the operations end with an abort. */
static bool
model_run(Model *m, uint32_t *kept, int o, int32_t k, int32_t v, KitBuf *out)
{
	switch (o)
	{
		case 0:
		case 6:
		case 8:
			model_put(m, k, v);
			break;
		case 1:
			model_put(m, k, (m->there[k] ? m->values[k] : 0) + v);
			break;
		case 2:
			model_put(m, k, (m->there[k] ? m->values[k] : 0) + 1);
			break;
		case 3:
		case 4:
			m->there[k] = false;
			break;
		case 5:
			memset(m, 0, sizeof(*m));
			break;
		case 7:
			model_put(m, k, v);
			model_put(m, v, k);
			break;
		case 9:
			*kept = model_size(m);
			break;
		case 10:
			kit_buf_printf(out, "%d%d%d%d%d%s%s,", m->there[k], model_get(m, k), model_get(m, k), model_get(m, k), model_get(m, k),
						   m->there[k] ? "true" : "false", m->there[k] ? "false" : "true");
			break;
		case 11:
			kit_buf_printf(out, "%u%u%uttrue%u,", model_size(m), model_size(m), model_size(m), *kept);
			break;
		case 12:
			model_end(m, false, out);
			model_end(m, true, out);
			kit_buf_add_char(out, ',');
			break;
		default:
			return false;
	}
	return true;
}

static void
expect_state(const Model *m, const KitBuf *out, const VmDoc *doc, uint64_t seed)
{
	KitBuf	   *text = new_buf();
	const char *state = json(save(doc), DOC_DOCUMENT);
	const char *comma = "";

	kit_buf_add_str(text, "{\"m\":{");
	for (int k = 0; k < MODEL_KEYS; k++)
		if (m->there[k])
		{
			kit_buf_printf(text, "%s\"%d\":%d", comma, k, m->values[k]);
			comma = ",";
		}
	kit_buf_add_str(text, "},\"e\":{");
	UNIT_TRY(strncmp(state, text->data, text->len) == 0, "map at seed %llu:\n# %s\n# %s", (unsigned long long) seed, text->data, state);
	text = new_buf();
	kit_buf_printf(text, "\"out\":\"%s\"", out->len == 0 ? "" : out->data);
	UNIT_TRY(strstr(state, text->data) != NULL, "output at seed %llu:\n# %s\n# %s", (unsigned long long) seed, text->data, state);
}

static void
test_programs(void)
{
	uint64_t	seed = unit_seed();
	VmProgram  *runner = compile(run_program, arena);

	if (!UNIT_TRY(runner != NULL, "the program does not compile"))
		return;
	for (int round = 0; round < unit_rounds(150); round++, seed++)
	{
		UnitRandom	r = {seed};
		VmDoc	   *doc = vm_doc_new(runner, 0, false);
		Model		model = {0};

		for (int turn = 0; turn < 8; turn++)
		{
			Model		next = model;
			KitBuf	   *out = new_buf();
			KitBuf	   *message = new_buf();
			VmEvent		event = event_of(VM_EVENT_SEND, "run");
			DocBytes	before = save(doc);
			uint32_t	kept = model_size(&model);
			KitDiag		diag;
			bool		goes = true;
			bool		ok;

			kit_buf_add_char(message, '[');
			for (int n = (int) unit_below(&r, 30); n > 0 && goes; n--)
			{
				int			o = unit_below(&r, 40) == 0 ? 13 : unit_below(&r, 30) == 0 ? 5 : (int) unit_below(&r, 13);
				int32_t		k = (int32_t) unit_below(&r, MODEL_KEYS);
				int32_t		v = (int32_t) unit_below(&r, MODEL_KEYS);

				if (o == 5 && unit_below(&r, 3) != 0)
					o = 10;
				kit_buf_printf(message, "%s{\"o\":%d,\"k\":%d,\"v\":%d}", message->len > 1 ? "," : "", o, k, v);
				goes = model_run(&next, &kept, o, k, v, out);
			}
			kit_buf_add_char(message, ']');
			event.message = json_item(message->data, arena);
			ok = reduce(doc, event, &vm_default_limits, &diag);
			UNIT_TRY(ok == goes, "outcome at seed %llu: %s", (unsigned long long) seed, diag.message);
			if (goes)
			{
				model = next;
				expect_state(&model, out, doc, seed);
			}
			else
				UNIT_TRY(same_bytes(before, save(doc)), "an abort left something at seed %llu", (unsigned long long) seed);
		}
		vm_doc_free(doc);
		kit_arena_reset(arena);
	}
	vm_program_free(runner);
	UNIT_PROPERTY("programs of map operations do what the model does");
}

/* What a change costs does not grow with the map: entries in no order, one of them changed, the work counted. */
static int64_t
steps_of(VmProgram *runner, VmDoc *doc, const char *message, size_t *delta)
{
	VmEvent		event = event_of(VM_EVENT_SEND, "fill");
	VmLimits	limits = vm_default_limits;
	KitArena   *scratch = kit_arena_new("event");
	int64_t		low = 0;
	int64_t		high = limits.steps;
	KitDiag		diag;

	event.message = json_item(message, arena);
	vm_doc_begin(doc);
	while (low < high)
	{
		VmMark		mark = vm_doc_mark(doc);

		limits.steps = low + (high - low) / 2;
		if (vm_reduce(doc, &event, &limits, scratch, &diag))
			high = limits.steps;
		else
			low = limits.steps + 1;
		vm_doc_undo_to(doc, mark);
		kit_arena_reset(scratch);
	}
	UNIT_TRY(vm_reduce(doc, &event, &vm_default_limits, scratch, &diag), "not reduced: %s", diag.message);
	*delta = vm_doc_delta(doc, new_buf()).len;
	vm_doc_commit(doc);
	kit_arena_delete(scratch);
	return high;
}

static void
test_cost(void)
{
	VmProgram  *runner = compile("map<int,int> m; message M { int from; int to; }\n"
								 "channel fill(M x) { for (int i = x.from; i < x.to; i++) { m[i * 7919] = i; } }", arena);
	VmDoc	   *doc = vm_doc_new(runner, 0, false);
	size_t		delta;
	int64_t		few = steps_of(runner, doc, "{\"from\":1,\"to\":2}", &delta);
	int64_t		many;

	for (int i = 0; i < 20; i++)
		steps_of(runner, doc, kit_arena_printf(arena, "{\"from\":%d,\"to\":%d}", 2 + i * 250, 252 + i * 250), &delta);
	UNIT_TRY(vm_map_size(vm_doc_root(doc)->slots[0].map) == 5001, "%u entries", vm_map_size(vm_doc_root(doc)->slots[0].map));
	many = steps_of(runner, doc, "{\"from\":6000,\"to\":6001}", &delta);
	UNIT_TRY(many <= few && delta < 60, "%lld steps and %zu bytes, among few %lld steps", (long long) many, delta, (long long) few);
	UNIT_PROPERTY("an entry is put among many as among few");
	vm_doc_free(doc);
	vm_program_free(runner);
}

int
main(void)
{
	LangType const *ints;

	arena = kit_arena_new("test");
	program = compile(program_text, arena);
	if (program == NULL)
		return 1;
	ints = lang_struct_field(vm_program_lang(program)->root, "f", 1)->type;
	test_structure(ints->items[0]->structure);
	test_history();
	test_damage();
	test_programs();
	test_cost();
	vm_program_free(program);
	kit_arena_delete(arena);
	return unit_done();
}
