/*
 * fuzz_source.c
 *	  The front end and the lowering: any text is refused with reasons, or is a program; and always the same one.
 *
 * The corpus are the language cases and the examples.  A custom mutator works on tokens: it exchanges words by words, signs by signs, moves and
 * repeats statements, and takes words of the language that are not there yet.  What follows @@@ are sources that can be included.
 */
#define _GNU_SOURCE				/* memmem */

#include "fuzz.h"

#include "vm/vm.h"

static const char *const words[] = {
	"record", "message", "channel", "function", "procedure", "method", "policy", "filter", "view", "bubble", "formula", "public", "private", "readonly",
	"viewer_is", "use_policy", "require", "requires", "open", "index", "ingested", "@parsed", "dispatch", "enum", "@default", "table", "maybe", "list",
	"map", "pair", "int", "long", "double", "bool", "string", "principal", "complex", "date", "time", "datetime", "timespan", "dynamic", "label", "text",
	"json", "asset", "tuple", "future", "if", "else", "while", "do", "for", "foreach", "in", "switch", "case", "default", "break", "continue", "abort",
	"return", "let", "iterate", "where", "where_as", "order", "by", "desc", "asc", "insensitive", "limit", "offset", "shuffle", "reduce", "on", "via",
	"unique", "first", "last", "rank", "materialize", "as", "inside", "outside", "@who", "@no_one", "@viewer", "@maybe", "@construct", "@connected",
	"@disconnected", "@delete", "@load", "@static", "create", "invent", "send", "@lambda", "@empty", "@pair", "@null", "@nothing", "@date", "@time",
	"@datetime", "@timespan", "@i", "@pi", "@self", "@context", "@vec", "@include", "@@@", "a", "b", "lib/c", "transition", "invoke", "preempt", "block", "#a", "true",
	"false", "0", "1", "7L", "2.5", "2147483647", "\"\"", "\"a\"", "(", ")", "{", "}", "[", "]", "<", ">", "<-", "->", "::", ";", ",", ".", "=", "==", "!=", "<=", ">=", "=?", "+",
	"-", "*", "/", "%", "&&", "||", "^^", "!", "++", "--", "+=", "-=", "*=", "?", ":"
};

typedef struct Token
{
	const uint8_t *text;
	size_t		len;
} Token;

#define MAX_TOKENS 8000

static bool
is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '@' || c == '#';
}

/* Cuts at least roughly; blanks and comments are left out. */
static int
cut(const uint8_t *data, size_t size, Token *tokens)
{
	const uint8_t *p = data;
	const uint8_t *end = data + size;
	int			n = 0;

	while (p < end && n < MAX_TOKENS)
	{
		const uint8_t *start = p;

		if (*p == ' ' || *p == '\n' || *p == '\t')
		{
			p++;
			continue;
		}
		if (p + 1 < end && p[0] == '/' && p[1] == '/')
		{
			while (p < end && *p != '\n')
				p++;
			continue;
		}
		if (*p == '"')
		{
			for (p++; p < end && *p != '"'; p++)
				if (*p == '\\' && p + 1 < end)
					p++;
			p += p < end;
		}
		else if (is_word(*p))
			while (p < end && is_word(*p))
				p++;
		else if (p + 1 < end && memchr("+-=!<>&|^:", p[0], 10) != NULL && memchr("+-=&|^:?", p[1], 8) != NULL)
			p += 2;
		else
			p++;
		tokens[n++] = (Token) {start, (size_t) (p - start)};
	}
	return n;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static Token tokens[MAX_TOKENS + 100];
	static uint8_t copy[65536];
	uint64_t	random = seed;
	int			n;
	size_t		len = 0;

	if (size > sizeof(copy) || fuzz_random(&random, 16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(copy, data, size);
	n = cut(copy, size, tokens);
	for (uint32_t times = 1 + fuzz_random(&random, 3); times > 0 && n > 4; times--)
	{
		int			at = (int) fuzz_random(&random, (uint32_t) n);
		int			other = (int) fuzz_random(&random, (uint32_t) n);
		int			count = 1 + (int) fuzz_random(&random, 20);
		Token		kept = tokens[at];

		switch (fuzz_random(&random, 6))
		{
			case 0:
				{
					const char *word = words[fuzz_random(&random, sizeof(words) / sizeof(words[0]))];

					tokens[at] = (Token) {(const uint8_t *) word, strlen(word)};
				}
				break;
			case 1:				/* one of the same kind */
				for (int tries = 0; tries < 30; tries++)
				{
					Token		t = tokens[fuzz_random(&random, (uint32_t) n)];

					if (is_word(t.text[0]) == is_word(kept.text[0]))
					{
						tokens[at] = t;
						break;
					}
				}
				break;
			case 2:
				tokens[at] = tokens[other];
				tokens[other] = kept;
				break;
			case 3:				/* leave out */
				if (at + count < n)
				{
					memmove(&tokens[at], &tokens[at + count], sizeof(Token) * (size_t) (n - at - count));
					n -= count;
				}
				break;
			case 4:				/* repeat elsewhere */
				if (at + count <= n && n + count < MAX_TOKENS)
				{
					Token		piece[20];

					memcpy(piece, &tokens[at], sizeof(Token) * (size_t) count);
					memmove(&tokens[other + count], &tokens[other], sizeof(Token) * (size_t) (n - other));
					memcpy(&tokens[other], piece, sizeof(Token) * (size_t) count);
					n += count;
				}
				break;
			default:			/* a word more */
				{
					const char *word = words[fuzz_random(&random, sizeof(words) / sizeof(words[0]))];

					memmove(&tokens[at + 1], &tokens[at], sizeof(Token) * (size_t) (n - at));
					tokens[at] = (Token) {(const uint8_t *) word, strlen(word)};
					n++;
				}
				break;
		}
	}
	for (int i = 0; i < n && len + tokens[i].len + 1 < max_size; i++)
	{
		memcpy(data + len, tokens[i].text, tokens[i].len);
		len += tokens[i].len;
		data[len++] = ' ';
	}
	return len;
}

/* ---- what is included: parts of the input ---- */

static const char *const names[] = {"a", "b", "lib/c"};

#define N_PARTS 4				/* the program, and what it can include */

typedef struct Part
{
	const char *text;
	size_t		len;
} Part;

/* Parts are separated by @@@. */
static void
divide(const uint8_t *data, size_t size, Part parts[N_PARTS])
{
	const char *p = (const char *) data;
	const char *end = p + size;

	for (int i = 0; i < N_PARTS; i++)
	{
		const char *stop = i + 1 < N_PARTS ? memmem(p, (size_t) (end - p), "@@@", 3) : NULL;

		parts[i] = (Part) {p, (size_t) ((stop != NULL ? stop : end) - p)};
		p = stop != NULL ? stop + 3 : end;
	}
}

static bool
find_part(void *arg, const char *name, KitArena *arena, LangSource *source)
{
	const Part *parts = arg;

	for (int i = 1; i < N_PARTS; i++)
		if (strcmp(names[i - 1], name) == 0 && parts[i].len > 0)
		{
			source->text = kit_arena_strdup(arena, parts[i].text, parts[i].len);
			source->len = parts[i].len;
			return true;
		}
	return false;
}

static void
each_part(void *arg, void (*visit) (const char *name, void *visit_arg), void *visit_arg)
{
	for (int i = 1; i < N_PARTS; i++)
		visit(names[i - 1], visit_arg);
}

static VmProgram *
compile(Part parts[N_PARTS], KitArena *arena, LangDiags *diags)
{
	LangSources sources = {find_part, each_part, parts};
	VmProgram  *program;

	lang_diags_init(diags, arena);
	program = vm_program_build(parts[0].text, parts[0].len, &sources, diags);
	FUZZ_CHECK((program != NULL) == (diags->n_errors == 0), "%d errors", diags->n_errors);
	return program;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KitArena   *arena = kit_arena_new("fuzz");
	LangDiags	diags;
	LangDiags	again;
	KitBuf		out;
	Part		parts[N_PARTS];
	VmProgram  *program;

	divide(data, size, parts);
	program = compile(parts, arena, &diags);
	kit_buf_init(&out, arena);
	for (int i = 0; i < diags.n; i++)
	{
		FUZZ_CHECK(diags.items[i]->code != KIT_OK && diags.items[i]->message[0] != '\0', "message %d is empty", i);
		FUZZ_CHECK(diags.items[i]->line > 0 && diags.items[i]->column > 0, "%s has no place", diags.items[i]->message);
		lang_diag_render(diags.items[i], "fuzz", parts[0].text, parts[0].len, &out);
	}
	if (program != NULL)
	{
		VmProgram  *other = compile(parts, arena, &again);
		KitBuf		code;
		KitBuf		other_code;
		KitDiag		diag = {0};

		kit_buf_init(&code, arena);
		kit_buf_init(&other_code, arena);
		vm_program_disassemble(program, &code);
		vm_program_disassemble(other, &other_code);
		FUZZ_CHECK(code.len == other_code.len && (code.len == 0 || memcmp(code.data, other_code.data, code.len) == 0), "the code differs");
		FUZZ_CHECK(vm_program_upgrades(program, other, &diag), "it does not follow itself: %s", diag.message);
		vm_doc_free(vm_doc_new(program, 1, false));
		vm_program_free(other);
		vm_program_free(program);
	}
	kit_arena_delete(arena);
	return 0;
}
