/*
 * test_include.c
 *	  Programs of several sources: what is found where, what is said about which source, and what a run-time error names.
 */
#include "unit.h"

#include "lang/sources.h"
#include "vm/vm.h"

typedef struct Text
{
	const char *name;
	const char *text;
} Text;

/* Sources out of an array that ends with a NULL. */
static bool
find(void *arg, const char *name, KitArena *arena, LangSource *source)
{
	for (const Text *t = arg; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
		{
			source->text = kit_arena_strdup(arena, t->text, strlen(t->text));
			source->len = strlen(t->text);
			return true;
		}
	return false;
}

static void
each(void *arg, void (*visit) (const char *name, void *visit_arg), void *visit_arg)
{
	for (const Text *t = arg; t->name != NULL; t++)
		visit(t->name, visit_arg);
}

static KitArena *arena;
static LangDiags diags;

static LangProgram *
compile(const char *source, const Text *texts)
{
	LangSources sources = {find, each, (void *) texts};

	lang_diags_init(&diags, arena);
	return lang_compile_all(source, strlen(source), texts == NULL ? NULL : &sources, arena, &diags);
}

/* Whether a diagnostic of that source and place says all that. */
static bool
says(const char *file, int line, int column, const char *message, const char *detail, const char *hint)
{
	for (int i = 0; i < diags.n; i++)
	{
		const KitDiag *d = diags.items[i];

		if (strcmp(d->file, file) == 0 && d->line == line && d->column == column && strstr(d->message, message) != NULL &&
			strstr(d->detail, detail) != NULL && strstr(d->hint, hint) != NULL)
			return true;
	}
	for (int i = 0; i < diags.n; i++)
		printf("# it says %s:%d:%d %s | %s | %s\n", diags.items[i]->file, diags.items[i]->line, diags.items[i]->column, diags.items[i]->message,
			   diags.items[i]->detail, diags.items[i]->hint);
	return false;
}

static void
test_found(void)
{
	static const Text texts[] = {
		{"lib/cards", "@include suit; @include util; record Card { public Suit suit; public int rank = top(); }"},
		{"lib/suit", "enum Suit { Hearts, Spades }"},
		{"suit", "this is not what lib/cards means"},
		{"util", "function top() -> int { return 14; }"},
		{NULL}
	};
	LangProgram *program = compile("public int x; @import lib/cards; @include util;\ntable<Card> cards; @include lib/suit; public Suit led;", texts);

	UNIT_OK("a program of four sources", program != NULL && diags.n == 0);
	if (program == NULL)
		return (void) says("", 0, 0, "", "", "");
	UNIT_OK("each is parsed once", diags.n_sources == 4 && program->n_labels == 4);
	UNIT_OK("declarations stand where they are included", strcmp(program->root->fields[0]->name->text, "x") == 0 &&
			strcmp(program->root->fields[1]->name->text, "cards") == 0);
	UNIT_OK("the folder of the source comes first", strcmp(diags.sources[2].name, "lib/suit") == 0 && strcmp(diags.sources[3].name, "util") == 0);
	UNIT_OK("the types are there", lang_struct_field(program->root, "led", 3)->type->kind == LANG_ENUM);
}

static void
test_refused(void)
{
	static const Text texts[] = {
		{"a", "@include b;\npublic int a;"}, {"b", "public int b;\n@include c;"}, {"c", "\n  @include a;"},
		{"self", "@include self;"},
		{"lib/cards", "public int cards\npublic int x = \"one\";\npublic int two;"},
		{"lib/wrong", "\n\npublic formula f = nix;\npublic int two; function g() -> int { return two; }"},
		{"lib/deep", "@include card;"},
		{NULL}
	};

	UNIT_OK("a circle", compile("@include a;", texts) == NULL && says("c", 2, 12, "source \"a\" includes itself", "\"a\" -> \"b\" -> \"c\" -> \"a\".", ""));
	UNIT_OK("a source that includes itself", compile("@include self;", texts) == NULL &&
			says("self", 1, 10, "source \"self\" includes itself", "\"self\" -> \"self\".", ""));
	UNIT_OK("what is missing", compile("public int x;\n@include lib/card;", texts) == NULL &&
			says("", 2, 10, "there is no source \"lib/card\"", "", "Did you mean \"lib/cards\"?"));
	UNIT_OK("what is missing in a folder", compile("@include lib/deep;", texts) == NULL &&
			says("lib/deep", 1, 10, "there is no source \"card\"", "Neither \"lib/card\" nor \"card\" is there.", "Did you mean \"lib/cards\"?"));
	UNIT_OK("nothing is given", compile("@include lib/cards;", NULL) == NULL &&
			says("", 1, 10, "there is no source \"lib/cards\"", "", "Sources are given together with the program."));
	UNIT_OK("errors of the syntax name the source", compile("@include lib/cards;\npublic int y", texts) == NULL &&
			says("lib/cards", 1, 17, "expected \";\"", "", "") && says("", 2, 13, "expected \";\"", "", ""));
	UNIT_OK("errors of types name the source", compile("@include lib/wrong;\npublic int two;", texts) == NULL &&
			says("lib/wrong", 3, 20, "no variable or field \"nix\"", "", "") &&
			says("", 2, 12, "field \"two\" is declared twice", "It is declared at line 4 of \"lib/wrong\", too.", ""));
}

static void
test_shown(void)
{
	static const Text texts[] = {{"lib/wrong", "public int a;\npublic formula f = nix;"}, {NULL}};
	static const char main_text[] = "@include lib/wrong;\npublic int a;";
	KitBuf		out;

	kit_buf_init(&out, arena);
	compile(main_text, texts);
	for (int i = 0; i < diags.n; i++)
		lang_diags_render(&diags, diags.items[i], "main.adama", main_text, strlen(main_text), &out);
	UNIT_OK("an included line is shown", strstr(out.data, "lib/wrong:2:20: error:") != NULL &&
			strstr(out.data, "    2 | public formula f = nix;\n      |                    ^~~\n") != NULL);
	UNIT_OK("a line of the program is shown", strstr(out.data, "main.adama:2:12: error:") != NULL && strstr(out.data, "    2 | public int a;\n") != NULL);
}

static void
test_limits(void)
{
	enum
	{
		N = LANG_MAX_SOURCES + 5
	};
	Text	   *texts = kit_arena_zalloc(arena, sizeof(Text) * (N + 1));
	KitBuf		main_text;
	char	   *large = kit_arena_alloc(arena, LANG_MAX_SOURCE);

	kit_buf_init(&main_text, arena);
	for (int i = 0; i < N; i++)
	{
		texts[i] = (Text) {kit_arena_printf(arena, "s%d", i), kit_arena_printf(arena, "public int x%d;", i)};
		kit_buf_printf(&main_text, "@include s%d;\n", i);
	}
	UNIT_OK("too many sources", compile(main_text.data, texts) == NULL && says("", LANG_MAX_SOURCES, 10, "more than 1000 sources", "", ""));
	for (int i = 0; i < N; i++)
		texts[i].text = kit_arena_printf(arena, "public int x%d; @include s%d;", i, i + 1);
	compile("@include s0;", texts);
	UNIT_OK("a chain of sources ends", diags.n_errors > 0);
	memset(large, ' ', LANG_MAX_SOURCE - 1);
	large[LANG_MAX_SOURCE - 1] = '\0';
	texts[0] = (Text) {"large", large};
	texts[1] = (Text) {NULL, NULL};
	UNIT_OK("too much in all", compile("@include large;", texts) == NULL && says("", 1, 10, "exceeds 1048576 bytes", "", ""));
	texts[0] = (Text) {kit_arena_printf(arena, "%.*s/%.*s", 100, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjj",
										40, "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"), ""};
	UNIT_OK("too long a name", compile(kit_arena_printf(arena, "@include %s;", texts[0].name), texts) == NULL &&
			says("", 1, 10, "the name of a source has at most 127 bytes", "", ""));
}

static void
test_object(void)
{
	static const char json[] = "{\"lib/a\":\"public int a;\\n@include b;\",\"lib/b\":\"message M { } channel go(M m) {\\n  while (true) { a++; } }\",\"unused\":\"?\"}";
	static const char program_text[] = "@include lib/a;";
	KitBuf		bytes;
	KitBuf		used;
	KitBuf		text;
	DocItem		object;
	LangGiven	given;
	VmProgram  *program;
	VmDoc	   *doc;
	VmEvent		event = {.kind = VM_EVENT_SEND, .channel = {"go", 2}, .message = {.kind = DOC_OBJECT}};
	VmLimits	limits = vm_default_limits;
	KitDiag		diag = {0};
	DocBytes	included;

	kit_buf_init(&bytes, arena);
	kit_buf_init(&used, arena);
	kit_buf_init(&text, arena);
	if (!UNIT_OK("the object is read", doc_from_json(json, strlen(json), DOC_DOCUMENT, &bytes, &diag) &&
				 doc_open((DocBytes) {bytes.data, bytes.len}, DOC_DOCUMENT, &object, &diag)))
		return;
	lang_sources_of(&given, object);
	lang_diags_init(&diags, arena);
	program = vm_program_build(program_text, strlen(program_text), &given.sources, &diags);
	if (!UNIT_OK("sources out of an object", program != NULL))
		return (void) says("", 0, 0, "", "", "");
	included = lang_sources_used(&diags, &used);
	UNIT_OK("what was used", doc_to_json(included, DOC_DOCUMENT, DOC_JSON_TEXT, &text, &diag) && strstr(text.data, "\"lib/b\":") != NULL &&
			strstr(text.data, "unused") == NULL);
	doc = vm_doc_new(program, 0, false);
	limits.steps = 1000;
	vm_doc_begin(doc);
	UNIT_OK("a run-time error names the source", !vm_reduce(doc, &event, &limits, arena, &diag) && diag.code == KIT_BUDGET_EXCEEDED &&
			strcmp(diag.file, "lib/b") == 0 && diag.line == 2);
	vm_doc_rollback(doc);
	vm_doc_free(doc);
	vm_program_free(program);
	lang_diags_init(&diags, arena);
	program = vm_program_build("public int x;", 13, &given.sources, &diags);
	used.len = 0;
	UNIT_OK("nothing was used", program != NULL && lang_sources_used(&diags, &used).len == 0);
	vm_program_free(program);
}

int
main(void)
{
	arena = kit_arena_new("include");
	test_found();
	test_refused();
	test_shown();
	test_limits();
	test_object();
	kit_arena_delete(arena);
	return unit_done();
}
