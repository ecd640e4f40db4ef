/*
 * test_log.c
 *	  What programs log: who is given the lines, how long they are, and that it makes no difference whether anybody listens.
 */
#include "run_program.h"

typedef struct Heard
{
	KitBuf		text;
	int			n;
	int64_t		seq;			/* of the event that logged last */
} Heard;

static void
hear(void *arg, const VmEvent *event, const char *text, size_t len)
{
	Heard	   *heard = arg;

	heard->n++;
	heard->seq = event->seq;
	kit_buf_clear(&heard->text);
	kit_buf_add(&heard->text, text, len);
}

static bool
send(const VmProgram *program, const char *channel, const char *json, int64_t steps, Heard *heard, KitArena *arena)
{
	VmDoc	   *doc = vm_doc_new(program, 0, false);
	VmEvent		event = event_of(VM_EVENT_SEND, channel);
	VmLimits	limits = vm_default_limits;
	KitDiag		diag;
	bool		ok;

	event.message = json_item(json, arena);
	event.seq = 7;
	limits.steps = steps;
	if (heard != NULL)
	{
		heard->n = 0;
		event.log = (VmLog) {hear, heard};
	}
	ok = reduce(doc, event, &limits, &diag);
	vm_doc_free(doc);
	return ok;
}

/* The fewest steps that the event can do with. */
static int64_t
steps_of(const VmProgram *program, const char *channel, const char *json, Heard *heard, KitArena *arena)
{
	int64_t		low = 0;
	int64_t		high = vm_default_limits.steps;

	while (low < high)
	{
		int64_t		middle = low + (high - low) / 2;

		if (send(program, channel, json, middle, heard, arena))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int
main(void)
{
	static const char source[] =
	"record R { int n; string s; } table<R> t; message M { int n; string s; }\n"
	"channel say(M m) { log m.s * m.n; }\n"
	"channel rows(M m) { for (int i = 0; i < m.n; i++) { t <- {n: i, s: m.s}; } log iterate t; log t; log m; }\n"
	"channel lost(M m) { log \"before\"; log m.n / 0; abort; }\n";
	KitArena   *arena = kit_arena_new("log");
	VmProgram  *program = compile(source, arena);
	Heard		heard = {0};
	int64_t		steps;

	kit_buf_init(&heard.text, arena);
	UNIT_OK("a line is heard, with the event that it comes from",
			send(program, "say", "{\"n\":2,\"s\":\"ab\"}", 20000000, &heard, arena) && heard.n == 1 && heard.seq == 7 && strcmp(heard.text.data, "abab") == 0);
	UNIT_OK("one of 8192 bytes is whole", send(program, "say", "{\"n\":4096,\"s\":\"ab\"}", 20000000, &heard, arena) && heard.text.len == 8192);
	UNIT_OK("one more, and the rest is cut off",
			send(program, "say", "{\"n\":8193,\"s\":\"a\"}", 20000000, &heard, arena) && heard.text.len == 8196 &&
			strcmp(heard.text.data + 8190, "aa ...") == 0);
	UNIT_OK("between characters",
			send(program, "say", "{\"n\":3000,\"s\":\"\xe2\x82\xac\"}", 20000000, &heard, arena) && heard.text.len == 8190 + 4 &&
			memcmp(heard.text.data + 8187, "\xe2\x82\xac ...", 7) == 0);
	UNIT_OK("JSON, too", send(program, "rows", "{\"n\":500,\"s\":\"\\u0001\"}", 20000000, &heard, arena) && heard.n == 3);
	UNIT_OK("what an aborted event logged was heard", !send(program, "lost", "{}", 20000000, &heard, arena) && heard.n == 2 && strcmp(heard.text.data, "empty") == 0);
	UNIT_OK("nobody needs to listen", send(program, "rows", "{\"n\":5}", 20000000, NULL, arena));
	steps = steps_of(program, "rows", "{\"n\":40,\"s\":\"x\"}", &heard, arena);
	UNIT_OK("lines cost something", steps > 3 * 2000);
	UNIT_OK("and the same when nobody listens", steps_of(program, "rows", "{\"n\":40,\"s\":\"x\"}", NULL, arena) == steps);
	UNIT_OK("longer lines cost more", steps_of(program, "rows", "{\"n\":40,\"s\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}", NULL, arena) > steps + 1000);
	vm_program_free(program);
	kit_arena_delete(arena);
	return unit_done();
}
