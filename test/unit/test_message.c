/*
 * test_message.c
 *	  Messages and viewer states: what is taken, what is refused, and how it is said.
 */
#include "unit.h"

#include "doc/doc.h"
#include "vm/vm.h"

static const char program_text[] =
	"enum Color { Red, Green:5, @default Blue }\n"
	"message Item { int n; maybe<string> tag; }\n"
	"message Msg {\n"
	"  int n; long l; double d; string s; bool b; principal p; Color c; maybe<int> mi;\n"
	"  Item item; Item[] items; int[] ns; maybe<Item> maybe_item;\n"
	"}\n"
	"view int limit;\n";

static VmProgram *program;
static KitArena *arena;

static KitBuf *
new_buf(void)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	return buf;
}

static const LangStruct *
message_type(const char *name)
{
	const LangProgram *lang = vm_program_lang(program);

	for (int i = 0; i < lang->n_structs; i++)
		if (lang->structs[i]->name != NULL && strcmp(lang->structs[i]->name->text, name) == 0)
			return lang->structs[i];
	printf("# no message %s\n", name);
	exit(1);
}

static DocItem
item_of(const char *text)
{
	KitBuf	   *buf = new_buf();
	DocItem		item;
	KitDiag		diag = {0};

	if (!doc_from_json(text, strlen(text), DOC_DOCUMENT, buf, &diag) ||
		!doc_open((DocBytes) {buf->data, buf->len}, DOC_DOCUMENT, &item, &diag))
	{
		printf("# %s: %s\n", text, diag.message);
		exit(1);
	}
	return item;
}

/* The message in storage form, or the error. */
static const char *
decoded(const char *text)
{
	const LangStruct *type = message_type("Msg");
	VmObj	   *message;
	KitDiag		diag = {0};
	DocWriter	w;
	KitBuf	   *out = new_buf();

	if (!vm_message_decode(program, type, item_of(text), arena, &message, &diag))
		return kit_arena_printf(arena, "%s: %s", kit_error_name(diag.code), diag.message);
	doc_write_begin(&w, new_buf(), DOC_DOCUMENT);
	vm_value_encode(&w, type->type, (VmVal) {.obj = message});
	return doc_to_json(doc_write_end(&w), DOC_DOCUMENT, DOC_JSON_TEXT, out, &diag) ? out->data : kit_arena_printf(arena, "%s", diag.message);
}

typedef struct Decoded
{
	const char *text;
	const char *expected;
} Decoded;

static const Decoded decoded_messages[] = {
	{"{}", "{\"n\":0,\"l\":\"0\",\"d\":0.0,\"s\":\"\",\"b\":false,\"p\":{\"agent\":\"?\",\"authority\":\"?\"},\"c\":6,\"item\":{\"n\":0},\"items\":[],\"ns\":[]}"},
	{"{\"l\":5,\"n\":-2147483648,\"d\":2,\"b\":true,\"s\":\"\\u00e4\",\"p\":{\"@t\":1,\"authority\":\"t\",\"agent\":\"a\"},\"c\":5,\"mi\":3,"
		"\"item\":{\"tag\":\"x\"},\"items\":[{\"n\":1},{}],\"ns\":[1,2],\"maybe_item\":{\"n\":9}}",
		"{\"n\":-2147483648,\"l\":\"5\",\"d\":2.0,\"s\":\"\xc3\xa4\",\"b\":true,\"p\":{\"agent\":\"a\",\"authority\":\"t\"},\"c\":5,\"mi\":3,"
		"\"item\":{\"n\":0,\"tag\":\"x\"},\"items\":[{\"n\":1},{\"n\":0}],\"ns\":[1,2],\"maybe_item\":{\"n\":9}}"},
	{"{\"m\":1}", "unknown_field: message \"Msg\" has no field \"m\""},
	{"{\"items\":[{},{\"x\":1}]}", "unknown_field: message \"Item\" has no field \"x\""},
	{"5", "invalid_message: message \"Msg\" must be an object, found int"},
	{"{\"n\":\"5\"}", "invalid_message: field \"n\" of message \"Msg\" expects int, found string"},
	{"{\"n\":5.0}", "invalid_message: field \"n\" of message \"Msg\" expects int, found double"},
	{"{\"n\":2147483648}", "invalid_message: field \"n\" of message \"Msg\" expects int, found 2147483648, which only a long can hold"},
	{"{\"l\":\"05\"}", "invalid_message: field \"l\" of message \"Msg\" expects long, found a string that is no decimal number of 64 bits"},
	{"{\"l\":\"-9223372036854775808\",\"s\":1}", "invalid_message: field \"s\" of message \"Msg\" expects string, found int"},
	{"{\"d\":\"1\"}", "invalid_message: field \"d\" of message \"Msg\" expects double, found string"},
	{"{\"b\":0}", "invalid_message: field \"b\" of message \"Msg\" expects bool, found int"},
	{"{\"p\":\"alice\"}", "invalid_message: field \"p\" of message \"Msg\" expects principal, found string"},
	{"{\"p\":{\"agent\":\"a\"}}",
		"invalid_message: field \"p\" of message \"Msg\" expects principal, found an object without the strings \"agent\" and \"authority\""},
	{"{\"c\":1}", "invalid_message: field \"c\" of message \"Msg\" expects Color, found 1, which is none of its numbers"},
	{"{\"mi\":\"1\"}", "invalid_message: field \"mi\" of message \"Msg\" expects int, found string"},
	{"{\"ns\":[1,null]}", "invalid_message: field \"ns[1]\" of message \"Msg\" expects int, found null"},
	{"{\"items\":{}}", "invalid_message: field \"items\" of message \"Msg\" expects Item[], found object"},
	{"{\"items\":[{\"tag\":3}]}", "invalid_message: field \"items[0].tag\" of message \"Msg\" expects string, found int"},
	{"{\"item\":[]}", "invalid_message: field \"item\" of message \"Msg\" expects Item, found array"},
};

static void
test_messages(void)
{
	const LangStruct *view = vm_program_lang(program)->view;
	VmObj	   *viewer;
	KitDiag		diag = {0};

	for (size_t i = 0; i < sizeof(decoded_messages) / sizeof(decoded_messages[0]); i++)
	{
		const char *got = decoded(decoded_messages[i].text);

		UNIT_TRY(strcmp(got, decoded_messages[i].expected) == 0, "%s\n# got:      %s\n# expected: %s", decoded_messages[i].text, got,
				 decoded_messages[i].expected);
	}
	UNIT_PROPERTY("messages are decoded, or refused with the way to the mistake");
	UNIT_OK("a viewer state may have more than the program declares",
			vm_message_decode(program, view, item_of("{\"x\":1,\"limit\":4}"), arena, &viewer, &diag) && viewer->slots[0].i == 4);
	UNIT_OK("but nothing of a wrong type",
			!vm_message_decode(program, view, item_of("{\"limit\":\"4\"}"), arena, &viewer, &diag) && diag.code == KIT_INVALID_VIEWER);
	UNIT_TEXT("and says so", diag.message, "field \"limit\" of the viewer state expects int, found string");
}

int
main(void)
{
	LangDiags	diags;

	arena = kit_arena_new("test");
	lang_diags_init(&diags, arena);
	program = vm_program_new(program_text, strlen(program_text), &diags);
	if (program == NULL)
	{
		printf("# line %d: %s\n", diags.items[0]->line, diags.items[0]->message);
		return 1;
	}
	test_messages();
	vm_program_free(program);
	kit_arena_delete(arena);
	return unit_done();
}
