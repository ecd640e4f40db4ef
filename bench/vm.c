/*
 * vm.c
 *	  Messages per second of the machine alone: no server, no storage; documents in memory, messages encoded as a batch hands them over.
 *
 *		vm bank [SECONDS]		examples/bank.adama with 100,000 accounts: transfers between two of them
 *		vm pubsub [SECONDS]		examples/pubsub.adama at its cap of 100 rows
 *		vm rows [SECONDS]		the same program with a cap of 100,000 rows
 *		vm bank N, vm pubsub N with -n	reduces N messages and ends: for callgrind and perf stat
 *
 * The journal is opened and committed for each 1,000 messages, and its delta is encoded, as adama.ingest does.  Prints messages per second of
 * CPU time: others may use the machine, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vm/vm.h"

#define BATCH 1000
#define ACCOUNTS 100000
#define MESSAGES 4096			/* different ones, sent in turns */

static KitArena *arena;

static void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static char *
read_file(const char *name, size_t *len)
{
	FILE	   *file = fopen(name, "rb");
	char	   *text = kit_arena_alloc(arena, 65536);

	if (file == NULL)
		fail(name);
	*len = fread(text, 1, 65535, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}

static VmProgram *
compile(const char *source, size_t len)
{
	LangDiags	diags;
	VmProgram  *program;

	lang_diags_init(&diags, arena);
	program = vm_program_new(source, len, &diags);
	if (program == NULL)
		fail(diags.items[0]->message);
	return program;
}

static DocItem
message_of(const char *json)
{
	KitBuf	   *bytes = KIT_NEW(arena, KitBuf);
	DocItem		item;
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &item, &diag))
		fail(diag.message);
	return item;
}

static uint32_t
draw(uint32_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (state >> 33) % n;
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static VmEvent
event_on(const char *channel)
{
	return (VmEvent) {.kind = VM_EVENT_SEND, .agent = {"alice", 5}, .authority = {"postgres", 8}, .at = 1700000000000, .space = {"space", 5}, .key = {"key", 3},
		.channel = {channel, (uint32_t) strlen(channel)}};
}

/* Reduces a batch; returns how many messages were refused. */
static int
reduce_batch(VmDoc *doc, const VmEvent *events, int n, int from, int64_t at)
{
	static KitArena *scratch,
			   *delta;
	KitBuf		out;
	KitDiag		diag;
	int			n_refused = 0;

	if (scratch == NULL)
	{
		scratch = kit_arena_new("event");
		delta = kit_arena_new("delta");
	}
	vm_doc_begin(doc);
	for (int i = 0; i < n; i++)
	{
		VmEvent		event = events[(from + i) % MESSAGES];

		event.at = at + i;
		if (!vm_reduce(doc, &event, &vm_default_limits, scratch, &diag) && n_refused++ == 0)
			fprintf(stderr, "%s\n", diag.message);
		kit_arena_reset(scratch);
	}
	kit_buf_init(&out, delta);
	vm_doc_delta(doc, &out);
	vm_doc_commit(doc);
	kit_arena_reset(delta);
	return n_refused;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool		is_counted = argc > 2 && strcmp(argv[2], "-n") == 0;
	double		amount = argc > 2 + is_counted ? atof(argv[2 + is_counted]) : 2;
	VmProgram  *program;
	VmDoc	   *doc;
	VmEvent    *events;
	char	   *source;
	size_t		len;
	double		start;
	double		elapsed;
	long		n = 0;
	long		n_refused = 0;
	int64_t		at = 1700000000000;
	bool		is_bank = strcmp(what, "bank") == 0;

	arena = kit_arena_new("bench");
	if (!is_bank && strcmp(what, "pubsub") != 0 && strcmp(what, "rows") != 0)
		fail("usage: vm bank|pubsub|rows [-n] [SECONDS or MESSAGES]");
	source = read_file(is_bank ? "examples/bank.adama" : "examples/pubsub.adama", &len);
	if (strcmp(what, "rows") == 0)
	{
		/* at its cap of 100,000: the time passes so slowly that nothing gets old */
		strcpy(strstr(source, "offset 100)"), "offset 100000).delete();\n}\n");
		len = strlen(source);
	}
	program = compile(source, len);
	doc = vm_doc_new(program, 0, false);
	events = kit_arena_alloc(arena, MESSAGES * sizeof(VmEvent));
	for (int i = 0; i < MESSAGES; i++)
	{
		char		json[200];

		if (is_bank)
		{
			uint32_t	from = draw(ACCOUNTS);

			snprintf(json, sizeof(json), "{\"from\":%u,\"to\":%u,\"amount\":%u}", from + 1, (from + 1 + draw(ACCOUNTS - 1)) % ACCOUNTS + 1, 1 + draw(100));
		}
		else
			snprintf(json, sizeof(json), "{\"payload\":\"hello world, this is a message of ordinary length\"}");
		events[i] = event_on(is_bank ? "transfer" : "publish");
		events[i].message = message_of(json);
	}
	if (is_bank)
	{
		VmEvent		create = event_on("");
		VmLimits	limits = vm_default_limits;
		KitDiag		diag;

		create.kind = VM_EVENT_CREATE;
		create.message = message_of("{\"accounts\":100000,\"balance\":1000000000}");
		limits.document = 100000000;
		vm_doc_begin(doc);
		if (!vm_reduce(doc, &create, &limits, arena, &diag))
			fail(diag.message);
		vm_doc_commit(doc);
	}
	else
		for (int i = 0; i < (strcmp(what, "rows") == 0 ? 100000 : 1000); i += BATCH)
			reduce_batch(doc, events, BATCH, 0, at);
	start = cpu_seconds();
	do
	{
		n_refused += reduce_batch(doc, events, BATCH, (int) (n % MESSAGES), at);
		n += BATCH;
		at += 1;
		elapsed = cpu_seconds() - start;
	} while (is_counted ? (double) n < amount : elapsed < amount);
	if (n_refused > 0)
		fail("messages were refused");
	printf("%.0f\n", (double) n / elapsed);
	return 0;
}
