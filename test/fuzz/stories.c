/*
 * stories.c
 *	  Random programs, the versions that follow them, and what is sent to them, in writing: for tests that run them in the server.
 *
 *		stories SEED [N [MESSAGES]]		N stories, with so many messages for each version
 *
 * A story is a line, one JSON object: {"versions": [{"program": text, "constructs": [argument, …], "attaches": whether files can be
 * attached to it, "sends": [[channel, message], …]}, …]}. Arguments and messages are JSON in strings.  A version can follow the one before it: it begins like that, with choices that part
 * somewhere.  The same seed tells the same stories.
 */
#include "generate_message.h"
#include "generate_program.h"

#define N_CHOICES 3000
#define N_VERSIONS 3
#define TRIES 40

typedef struct Story
{
	KitBuf		source;
	VmProgram  *program;
} Story;

static void
fill(uint8_t *bytes, size_t from, uint64_t *state)
{
	for (size_t i = from; i < N_CHOICES; i++)
		bytes[i] = (uint8_t) fuzz_random(state, 256);
}

static VmProgram *
compile(const KitBuf *source, bool publishes, KitArena *arena)
{
	LangDiags	diags;
	VmProgram  *program;

	lang_diags_init(&diags, arena);
	program = vm_program_new(source->data, source->len, &diags);
	if (program == NULL && publishes && gen_must_not_publish(&diags))
		return NULL;
	for (int i = 0; program == NULL && i < diags.n; i++)
		FUZZ_CHECK(diags.items[i]->code == KIT_WARNING || diags.items[i]->code == KIT_NOT_SUPPORTED || diags.items[i]->code == KIT_PROGRAM_LIMIT,
				   "a program that is right is refused: %d:%d %s\n%s", diags.items[i]->line, diags.items[i]->column, diags.items[i]->message, source->data);
	return program;
}

/*
 * The program of the choices; false when there is none, for it is too large, has what is not supported, or publishes what it must not.  Everybody may make documents, send to them, and look,
 * not only roles; so it has the policies that are asked for that.
 */
static bool
make(Story *story, const uint8_t *bytes, uint64_t *state, KitArena *arena)
{
	static Gen	gen;
	Choices		c = {bytes, N_CHOICES, 0};
	bool		publishes = choose(&c, 3) == 0;

	kit_buf_init(&story->source, arena);
	gen_program(&gen, &c, publishes, &story->source);
	kit_buf_add_str(&story->source, "@static {\ncreate { return true; }\nsend { return true; }\n");
	if (fuzz_random(state, 3) == 0)
		kit_buf_printf(&story->source, "maximum_history = %d;\n", (int) (1 + fuzz_random(state, 60)));
	if (fuzz_random(state, 6) == 0)
		kit_buf_add_str(&story->source, "delete_on_close = true;\n");
	kit_buf_add_str(&story->source, "}\n");
	story->program = compile(&story->source, publishes, arena);
	if (story->program == NULL || vm_program_lang(story->program)->n_connected > 0)
		return story->program != NULL;
	vm_program_free(story->program);
	kit_buf_add_str(&story->source, "@connected { return true; }\n");
	story->program = compile(&story->source, publishes, arena);
	return story->program != NULL;
}

static void
add_string(KitBuf *out, const KitBuf *text)
{
	doc_json_string(text->data, text->len, DOC_JSON_WIRE, out);
}

static void
write_version(const Story *story, uint32_t n_messages, uint64_t *state, KitBuf *out, KitArena *arena)
{
	const LangProgram *lang = vm_program_lang(story->program);
	uint8_t		bytes[N_CHOICES];
	KitBuf		json;

	kit_buf_init(&json, arena);
	kit_buf_add_str(out, "{\"program\":");
	add_string(out, &story->source);
	kit_buf_printf(out, ",\"attaches\":%s,\"constructs\":[", lang->n_attached > 0 ? "true" : "false");
	for (int i = 0; i < 4; i++)
	{
		Choices		c = {bytes, N_CHOICES, 0};

		fill(bytes, 0, state);
		kit_buf_clear(&json);
		if (lang->construct_message != NULL)
			gen_sent(lang->construct_message, false, &c, &json);
		else
			kit_buf_add_str(&json, "{}");
		kit_buf_add_str(out, i > 0 ? "," : "");
		add_string(out, &json);
	}
	kit_buf_add_str(out, "],\"sends\":[");
	for (uint32_t i = 0; i < n_messages; i++)
	{
		const LangChannel *channel = lang->channels[fuzz_random(state, (uint32_t) lang->n_channels)];
		Choices		c = {bytes, N_CHOICES, 0};

		fill(bytes, 0, state);
		kit_buf_clear(&json);
		gen_sent(channel->message, channel->is_array, &c, &json);
		kit_buf_printf(out, "%s[\"%s\",", i > 0 ? "," : "", channel->name->text);
		add_string(out, &json);
		kit_buf_add_char(out, ']');
	}
	kit_buf_add_str(out, "]}");
}

/* Finds the next version: what has other choices from somewhere on, and can follow. */
static bool
follow(const Story *before, Story *after, uint8_t *bytes, uint64_t *state, KitArena *arena)
{
	for (int i = 0; i < TRIES; i++)
	{
		uint8_t		other[N_CHOICES];
		KitDiag		diag = {0};

		memcpy(other, bytes, N_CHOICES);
		fill(other, fuzz_random(state, 800), state);
		if (!make(after, other, state, arena))
			continue;
		if (vm_program_upgrades(before->program, after->program, &diag) && strcmp(before->source.data, after->source.data) != 0)
		{
			memcpy(bytes, other, N_CHOICES);
			return true;
		}
		vm_program_free(after->program);
	}
	return false;
}

static void
tell(uint64_t seed, uint32_t n_messages)
{
	KitArena   *arena = kit_arena_new("story");
	uint64_t	state = seed;
	uint8_t		bytes[N_CHOICES];
	Story		versions[N_VERSIONS];
	int			n = 1;
	KitBuf		out;

	do
		fill(bytes, 0, &state);
	while (!make(&versions[0], bytes, &state, arena));
	while (n < N_VERSIONS && follow(&versions[n - 1], &versions[n], bytes, &state, arena))
		n++;
	kit_buf_init(&out, arena);
	kit_buf_add_str(&out, "{\"versions\":[");
	for (int i = 0; i < n; i++)
	{
		kit_buf_add_str(&out, i > 0 ? "," : "");
		write_version(&versions[i], n_messages, &state, &out, arena);
		vm_program_free(versions[i].program);
	}
	kit_buf_add_str(&out, "]}\n");
	fwrite(out.data, 1, out.len, stdout);
	kit_arena_delete(arena);
}

int
main(int argc, char **argv)
{
	uint64_t	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint32_t	n = argc > 2 ? (uint32_t) atoi(argv[2]) : 1;
	uint32_t	n_messages = argc > 3 ? (uint32_t) atoi(argv[3]) : 50;

	for (uint32_t i = 0; i < n; i++)
		tell(seed * 1000 + i, n_messages);
	return 0;
}
