/*
 * driver.c
 *	  Runs language cases: programs with a script in their comments.  cases FILE ... prints TAP, one test for each file.  -a before the files says that they
 *	  are all there are: together they must have run each instruction of the machine and each built-in, also with maybes where it takes them.
 *
 * A case is a program that is compiled as it stands; the lines that tell what happens, and what must come of it, are comments that begin with "// " and one
 * of these words:
 *
 *	what the compiler says		error 3:5 type_error some text		the program is refused with this at line 3, column 5; all errors but not_supported ones
 *								warning 3:5 some text
 *								hint some text							of the error or warning above
 *	what happens				> create {"json"}					by principal system@test
 *								> send alice channel {"json"}
 *								> connect alice		> disconnect alice		> delete alice		> load
 *								> attach alice {"asset"}			> can_attach alice
 *								> static create alice					or invent, send
 *								> test name								runs the program's test block of this name
 *								> open {"json"}						a document of this state, instead of created
 *								> limits steps 1000 memory 10000 document 1000 depth 10		for what follows
 *		options at the end:			at 1000		(ms; default: as before, first 1000)		dedupe KEY		origin TEXT		ip TEXT
 *	what must come of it		error aborted 7:3 some text		the event fails; position and text may be left out
 *								detail some text | hint some text		of the error above
 *								log some text						the next line that was logged, exactly; each one must be told
 *								delta {"json"}						the event's delta, exactly
 *								effects [json]						its effects (vm/state.h)
 *								replicas [json]						what it publishes that was not so before; the value of what is gone is null
 *								state {"json"}						the whole state now
 *								view alice {"json"}					what alice sees now, as people see it
 *								view alice with {"viewer"} gives {"json"}
 *								allowed | refused | undeclared		of a static policy, of @can_attach
 *
 * Principals are agent or agent@authority; the authority is test when none is given.  JSON is compared by value and order of members, not by spaces.
 *
 * After every event the driver also checks what must hold for all of them: a failed event leaves the state as it was; the state before plus the delta
 * is the state after, as documents and when applied to the document in memory; the state survives loading and saving; the size that the
 * document tells is the state's; the same event on the same state gives the same delta again; what was told of replicas is what is published.
 */
#include <stdlib.h>

#include "case.h"
#include "live/live.h"
#include "reach.h"

/* ---- what must hold for every event ---- */

static DocBytes
save(Case *c)
{
	KitBuf	   *out = kit_arena_alloc(c->arena, sizeof(KitBuf));

	kit_buf_init(out, c->arena);
	return vm_doc_save(c->doc, out);
}

static bool
same_bytes(DocBytes a, DocBytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static DocBytes
delta_of(Case *c, VmDoc *doc)
{
	KitBuf	   *out = kit_arena_alloc(c->arena, sizeof(KitBuf));

	kit_buf_init(out, c->arena);
	return vm_doc_delta(doc, out);
}

static DocBytes
effects_of(Case *c, VmDoc *doc)
{
	KitBuf	   *out = kit_arena_alloc(c->arena, sizeof(KitBuf));

	kit_buf_init(out, c->arena);
	return vm_doc_effects(doc, out);
}

static bool
find_published(Case *c, VmDoc *doc, bool is_whole, Replicas *found, KitDiag *diag)
{
	if (!find_replicas(doc, is_whole, &c->limits, c->arena, found, diag))
		return false;
	if (found->fault != NULL)
		complain(c, "%s", found->fault);
	return true;
}

static void
check_published(Case *c, VmDoc *doc, const char *what)
{
	Replicas	all;
	KitDiag		diag = {0};
	const char *differs;

	if (!vm_program_replicates(c->program))
		return;
	if (!find_published(c, doc, true, &all, &diag))
		complain(c, "%s cannot publish: %s", what, diag.message);
	else if ((differs = differing_replica(&all, &c->published)) != NULL)
		complain(c, "%s publishes what was not told: %s", what, differs);
}

/* Takes what the event publishes, before its journal is closed; it fails when that does. */
static void
publish(Case *c, const VmEvent *event)
{
	Replicas	found;

	c->news = (Replicas) {.arena = c->arena};
	if (!vm_program_replicates(c->program) || c->failed)
		return;
	if (event->kind == VM_EVENT_CREATE)
		c->published = (Replicas) {.arena = c->arena};
	if (find_published(c, c->doc, event->kind == VM_EVENT_CREATE, &found, &c->diag))
	{
		c->news = merge_replicas(&c->published, &found);
		return;
	}
	c->failed = true;
	vm_doc_rollback(c->doc);
	vm_doc_begin(c->doc);
}

/* The event, done again to a copy, tells the same. */
static void
check_told_again(Case *c, VmDoc *copy, const Replicas *before)
{
	Replicas	published = *before;
	Replicas	told;
	KitDiag		diag = {0};
	const char *differs;

	if (!vm_program_replicates(c->program))
		return;
	if (!find_published(c, copy, false, &told, &diag))
		complain(c, "a replica fails when the event is replayed: %s", diag.message);
	merge_replicas(&published, &told);
	if ((differs = differing_replica(&published, &c->published)) != NULL)
		complain(c, "other replicas are told when the event is replayed: %s", differs);
}

static void
check_success(Case *c, DocBytes before, const Replicas *published, const VmEvent *event)
{
	DocBytes	after = save(c);
	KitBuf		sum;
	KitDiag		diag = {0};
	VmDoc	   *copy;
	KitBuf		saved;

	if (after.len != vm_doc_state_size(c->doc))
		complain(c, "the state has %zu bytes, the document says %zu", after.len, vm_doc_state_size(c->doc));
	kit_buf_init(&sum, c->arena);
	if (before.len == 0)
		return;
	if (!doc_apply(c->arena, before, c->delta, &sum, &diag))
		complain(c, "the delta cannot be applied: %s", diag.message);
	else if (!doc_equal(c->arena, (DocBytes) {sum.data, sum.len}, after))
		complain(c, "state plus delta is not the state after\n#   sum    %s\n#   after  %s", bytes_json(c, (DocBytes) {sum.data, sum.len}, DOC_DOCUMENT),
				 bytes_json(c, after, DOC_DOCUMENT));
	/* the log's way: a document of the state before, the delta applied */
	copy = vm_doc_load(c->program, before, false, false, &diag);
	if (copy == NULL)
	{
		complain(c, "the state before cannot be loaded: %s", diag.message);
		return;
	}
	kit_buf_init(&saved, c->arena);
	if (!vm_doc_apply(copy, c->delta, &diag))
		complain(c, "the delta cannot be applied to the document: %s", diag.message);
	else if (!same_bytes(vm_doc_save(copy, &saved), after))
		complain(c, "the delta applied in memory gives another state");
	vm_doc_free(copy);
	/* the same again */
	copy = vm_doc_load(c->program, before, false, false, &diag);
	vm_doc_begin(copy);
	if (event->kind != VM_EVENT_CREATE)
	{
		KitArena   *scratch = kit_arena_new("replay");
		VmEvent		again = *event;

		again.log = (VmLog) {0};
		if (!vm_reduce(copy, &again, &c->limits, scratch, &diag))
			complain(c, "the event fails when it is replayed: %s", diag.message);
		else if (!same_bytes(delta_of(c, copy), c->delta))
			complain(c, "the event gives another delta when it is replayed");
		else if (!same_bytes(effects_of(c, copy), c->effects))
			complain(c, "the event has other effects when it is replayed");
		else
			check_told_again(c, copy, published);
		kit_arena_delete(scratch);
	}
	vm_doc_rollback(copy);
	vm_doc_free(copy);
	/* loading and saving */
	copy = vm_doc_load(c->program, after, false, false, &diag);
	if (copy == NULL)
		complain(c, "the state cannot be loaded: %s", diag.message);
	else
	{
		kit_buf_init(&saved, c->arena);
		if (!same_bytes(vm_doc_save(copy, &saved), after))
			complain(c, "the state changes when it is loaded and saved");
		check_published(c, copy, "a document that was loaded");
		vm_doc_free(copy);
	}
}

/* A failure that nobody expected is told before the next thing happens. */
static void
settle(Case *c)
{
	if (c->logged.len > c->log_read)
		complain(c, "it logged: %s", c->logged.data + c->log_read);
	kit_buf_clear(&c->logged);
	c->log_read = 0;
	if (c->has_event && c->failed && !c->is_expected)
		complain(c, "failed: %s at %d:%d: %s", kit_error_name(c->diag.code), c->diag.line, c->diag.column, c->diag.message);
	c->has_event = false;
	c->failed = false;
	c->is_expected = false;
}

static void
run_event(Case *c, VmEvent *event)
{
	KitArena   *scratch = kit_arena_new("event");
	DocBytes	before = {NULL, 0};
	Replicas	published = c->published;
	uint64_t	size;

	if (event->kind == VM_EVENT_CREATE)
	{
		if (c->doc != NULL)
			vm_doc_free(c->doc);
		c->doc = vm_doc_new(c->program, 0, false);
	}
	else if (c->doc == NULL)
	{
		complain(c, "there is no document yet: begin with > create");
		kit_arena_delete(scratch);
		return;
	}
	else
		before = save(c);
	size = vm_doc_state_size(c->doc);
	vm_doc_begin(c->doc);
	memset(&c->diag, 0, sizeof(c->diag));
	c->has_event = true;
	c->failed = !vm_reduce(c->doc, event, &c->limits, scratch, &c->diag);
	publish(c, event);
	c->delta = delta_of(c, c->doc);
	c->effects = effects_of(c, c->doc);
	if (c->failed)
	{
		if (c->effects.len > 0)
			complain(c, "a failed event left effects: %s", bytes_json(c, c->effects, DOC_DOCUMENT));
		if (vm_doc_has_changes(c->doc) || !doc_delta_is_empty(c->delta))
			complain(c, "a failed event left changes: %s", bytes_json(c, c->delta, DOC_DELTA));
		if (c->diag.code == KIT_OK || c->diag.message[0] == '\0')
			complain(c, "failed without a word");
		if (vm_doc_state_size(c->doc) != size)
			complain(c, "a failed event changed the size of the state");
	}
	vm_doc_commit(c->doc);
	if (c->failed && before.len > 0 && !same_bytes(before, save(c)))
		complain(c, "a failed event changed the state");
	if (!c->failed)
	{
		/* a @load that changes nothing is no event */
		if (event->kind != VM_EVENT_LOAD || !doc_delta_is_empty(c->delta))
			c->seq = event->seq;
		check_published(c, c->doc, "the document");
		check_success(c, before, &published, event);
	}
	kit_arena_delete(scratch);
}

/* ---- the script ---- */

static void
take_options(Case *c, const char **p, VmEvent *event)
{
	char		word[200];

	for (;;)
	{
		if (take(p, "at"))
		{
			take_word(p, word, sizeof(word));
			c->at = strtoll(word, NULL, 10);
		}
		else if (take(p, "dedupe"))
		{
			take_word(p, word, sizeof(word));
			event->dedupe = text_of(c, word);
		}
		else if (take(p, "origin"))
		{
			take_word(p, word, sizeof(word));
			event->origin = text_of(c, word);
		}
		else if (take(p, "ip"))
		{
			take_word(p, word, sizeof(word));
			event->ip = text_of(c, word);
		}
		else if (take_word(p, word, sizeof(word)))
		{
			complain(c, "what does \"%s\" mean here?", word);
			return;
		}
		else
			break;
	}
	event->at = c->at;
	event->seq = event->kind == VM_EVENT_CREATE ? 1 : c->seq + 1;
}

static void
take_message(Case *c, const char **p, VmEvent *event)
{
	const char *json;
	size_t		len;
	KitBuf	   *bytes = kit_arena_alloc(c->arena, sizeof(KitBuf));
	KitDiag		diag = {0};

	if (!take_json(p, &json, &len))
		return;
	kit_buf_init(bytes, c->arena);
	if (!doc_from_json(json, len, DOC_DOCUMENT, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &event->message, &diag))
		complain(c, "the message is not JSON: %s", diag.message);
}

static void
open_state(Case *c, const char **p)
{
	VmEvent		state = {0};
	KitBuf	   *bytes = kit_arena_alloc(c->arena, sizeof(KitBuf));
	const char *json;
	size_t		len;

	if (!take_json(p, &json, &len))
	{
		complain(c, "a state is missing");
		return;
	}
	kit_buf_init(bytes, c->arena);
	memset(&c->diag, 0, sizeof(c->diag));
	if (c->doc != NULL)
		vm_doc_free(c->doc);
	c->doc = NULL;
	c->has_event = true;
	if (doc_from_json(json, len, DOC_DOCUMENT, bytes, &c->diag))
		c->doc = vm_doc_load(c->program, (DocBytes) {bytes->data, bytes->len}, false, false, &c->diag);
	c->failed = c->doc == NULL || !find_published(c, c->doc, true, &c->published, &c->diag);
	c->news = c->published;
	take_options(c, p, &state);
}

static void
write_log(void *arg, const VmEvent *event, const char *text, size_t len)
{
	KitBuf	   *logged = arg;

	kit_buf_add(logged, text, len);
	kit_buf_add_char(logged, '\0');
}

static void
run_test(Case *c, const char *p)
{
	const LangProgram *lang = vm_program_lang(c->program);
	char		name[100];

	take_word(&p, name, sizeof(name));
	memset(&c->diag, 0, sizeof(c->diag));
	c->has_event = true;
	for (int i = 0; i < lang->n_tests; i++)
		if (strcmp(lang->tests[i]->name->text, name) == 0)
		{
			c->failed = !vm_test_run(c->program, lang->tests[i], &c->limits, (VmLog) {write_log, &c->logged}, &c->diag);
			return;
		}
	complain(c, "there is no test \"%s\"", name);
}

static void
happen(Case *c, const char *p)
{
	VmEvent		event = {.space = text_of(c, "space"), .key = text_of(c, "key"), .agent = text_of(c, "system"), .authority = text_of(c, "test"), .log = {write_log, &c->logged}};
	char		word[200] = "";
	bool		is_attach;

	settle(c);
	if (take(&p, "limits"))
	{
		while (take_word(&p, word, sizeof(word)))
		{
			char		number[40];

			take_word(&p, number, sizeof(number));
			if (strcmp(word, "steps") == 0)
				c->limits.steps = atoll(number);
			else if (strcmp(word, "memory") == 0)
				c->limits.memory = (size_t) atoll(number);
			else if (strcmp(word, "document") == 0)
				c->limits.document = (size_t) atoll(number);
			else if (strcmp(word, "depth") == 0)
				c->limits.depth = atoi(number);
			else
				complain(c, "there is no limit \"%s\"", word);
		}
		return;
	}
	is_attach = take(&p, "can_attach");
	if (is_attach || take(&p, "static"))
	{
		KitArena   *scratch = kit_arena_new("policy");
		VmStatic	which = VM_STATIC_CREATE;
		bool		may = false;

		if (!is_attach)
			take_word(&p, word, sizeof(word));
		which = strcmp(word, "invent") == 0 ? VM_STATIC_INVENT : strcmp(word, "send") == 0 ? VM_STATIC_SEND : VM_STATIC_CREATE;
		take_principal(c, &p, &event.agent, &event.authority);
		take_options(c, &p, &event);
		memset(&c->diag, 0, sizeof(c->diag));
		c->has_event = true;
		c->failed = !(is_attach ? vm_may_attach(c->doc, &event, &c->limits, scratch, &may, &c->diag) :
					  vm_static_policy(c->program, which, &event, &c->limits, scratch, &c->verdict, &c->diag));
		if (is_attach)
			c->verdict = may ? VM_ALLOWED : VM_REFUSED;
		kit_arena_delete(scratch);
		return;
	}
	take_word(&p, word, sizeof(word));
	if (strcmp(word, "test") == 0)
	{
		run_test(c, p);
		return;
	}
	if (strcmp(word, "open") == 0)
	{
		open_state(c, &p);
		return;
	}
	if (strcmp(word, "create") == 0)
		event.kind = VM_EVENT_CREATE;
	else if (strcmp(word, "send") == 0)
	{
		event.kind = VM_EVENT_SEND;
		take_principal(c, &p, &event.agent, &event.authority);
		take_word(&p, word, sizeof(word));
		event.channel = text_of(c, word);
	}
	else if (strcmp(word, "attach") == 0)
	{
		event.kind = VM_EVENT_ATTACH;
		take_principal(c, &p, &event.agent, &event.authority);
	}
	else if (strcmp(word, "load") == 0)
	{
		event.kind = VM_EVENT_LOAD;
		event.agent = event.authority = (VmText) {NULL, 0};
	}
	else if (strcmp(word, "connect") == 0 || strcmp(word, "disconnect") == 0 || strcmp(word, "delete") == 0)
	{
		event.kind = word[0] == 'c' ? VM_EVENT_CONNECT : word[1] == 'i' ? VM_EVENT_DISCONNECT : VM_EVENT_DELETE;
		take_principal(c, &p, &event.agent, &event.authority);
	}
	else
	{
		complain(c, "nobody knows how to \"%s\"", word);
		return;
	}
	take_message(c, &p, &event);
	take_options(c, &p, &event);
	run_event(c, &event);
}

/* Code as in "aborted", position, text. */
static void
expect_error(Case *c, const char *p)
{
	char		code[100];
	int			line;
	int			column;

	take_word(&p, code, sizeof(code));
	if (!c->has_event || !c->failed)
	{
		complain(c, "it should have failed: %s", code);
		return;
	}
	c->is_expected = true;
	if (strcmp(kit_error_name(c->diag.code), code) != 0)
		complain(c, "the error is %s (%s), expected %s", kit_error_name(c->diag.code), c->diag.message, code);
	if (take_position(&p, &line, &column) && (line != c->diag.line || column != c->diag.column))
		complain(c, "the error is at %d:%d, expected %d:%d", c->diag.line, c->diag.column, line, column);
	p = skip_spaces(p);
	if (strstr(c->diag.message, p) == NULL)
		complain(c, "the error says \"%s\", expected \"%s\"", c->diag.message, p);
}

/* More of what the error says that was expected last. */
static void
expect_more(Case *c, const char *what, const char *text, const char *p)
{
	p = skip_spaces(p);
	if (!c->is_expected)
		complain(c, "no error has this %s", what);
	else if (strstr(text, p) == NULL)
		complain(c, "the error's %s is \"%s\", expected \"%s\"", what, text, p);
}

static void
expect_view(Case *c, const char *p)
{
	LiveViewer	viewer = {0};
	KitArena   *scratch = kit_arena_new("view");
	const char *json;
	size_t		len;
	KitBuf		bytes;
	KitBuf		out;
	KitDiag		diag = {0};

	take_principal(c, &p, &viewer.agent, &viewer.authority);
	kit_buf_init(&bytes, c->arena);
	kit_buf_init(&out, c->arena);
	if (take(&p, "with"))
	{
		if (!take_json(&p, &json, &len) || !doc_from_json(json, len, DOC_DOCUMENT, &bytes, &diag))
			complain(c, "the viewer state is not JSON");
		viewer.viewer = (DocBytes) {bytes.data, bytes.len};
		take(&p, "gives");
	}
	if (c->doc == NULL)
		complain(c, "there is no document yet");
	else if (!live_view_plain(c->doc, &viewer, c->at, c->seq, text_of(c, "space"), text_of(c, "key"), &c->limits, scratch, &out, &diag))
	{
		c->diag = diag;
		c->has_event = c->failed = true;
		c->is_expected = false;
		if (*skip_spaces(p) == '{')
			complain(c, "the view fails: %s", diag.message);
	}
	else
		compare_json(c, "view", normal_json(c, out.data, out.len), p);
	kit_arena_delete(scratch);
}

static void
expect_log(Case *c, const char *p)
{
	const char *line = c->logged.data + c->log_read;

	if (c->logged.len <= c->log_read)
		complain(c, "it did not log \"%s\"", skip_spaces(p));
	else if (strcmp(line, skip_spaces(p)) != 0)
		complain(c, "it logged \"%s\", expected \"%s\"", line, skip_spaces(p));
	if (c->logged.len > c->log_read)
		c->log_read += strlen(line) + 1;
}

static void
expect_verdict(Case *c, VmVerdict verdict)
{
	static const char *const words[] = {"undeclared", "allowed", "refused"};

	if (!c->has_event || c->failed)
		complain(c, "no policy was asked");
	else if (c->verdict != verdict)
		complain(c, "%s, expected %s", words[c->verdict], words[verdict]);
}

static void
script_line(Case *c, const char *p)
{
	if (take(&p, ">"))
		happen(c, p);
	else if (take(&p, "error"))
		expect_error(c, p);
	else if (take(&p, "detail"))
		expect_more(c, "detail", c->diag.detail, p);
	else if (take(&p, "hint"))
		expect_more(c, "hint", c->diag.hint, p);
	else if (take(&p, "log"))
		expect_log(c, p);
	else if (take(&p, "delta"))
		compare_json(c, "delta", bytes_json(c, c->delta, DOC_DELTA), p);
	else if (take(&p, "effects"))
		compare_json(c, "effects", c->effects.len > 0 ? bytes_json(c, c->effects, DOC_DOCUMENT) : "[]", p);
	else if (take(&p, "replicas"))
	{
		const char *told = replicas_json(&c->news);

		compare_json(c, "replicas", normal_json(c, told, strlen(told)), p);
	}
	else if (take(&p, "state"))
	{
		if (c->doc != NULL)
			compare_json(c, "state", bytes_json(c, save(c), DOC_DOCUMENT), p);
	}
	else if (take(&p, "view"))
		expect_view(c, p);
	else if (take(&p, "allowed"))
		expect_verdict(c, VM_ALLOWED);
	else if (take(&p, "refused"))
		expect_verdict(c, VM_REFUSED);
	else if (take(&p, "undeclared"))
		expect_verdict(c, VM_UNDECLARED);
}

/* ---- what the compiler says ---- */

static void
show_diags(const LangDiags *diags)
{
	for (int i = 0; i < diags->n; i++)
		printf("#   it says %d:%d %s %s\n", diags->items[i]->line, diags->items[i]->column, kit_error_name(diags->items[i]->code), diags->items[i]->message);
}

static int
count_errors(const LangDiags *diags)
{
	int			n = 0;

	for (int i = 0; i < diags->n; i++)
		n += diags->items[i]->code != KIT_WARNING && diags->items[i]->code != KIT_NOT_SUPPORTED;
	return n;
}

/* The diagnostics that the case expects, in its lines before the first ">".  last: the one before.  Returns how many errors are expected. */
static bool
expect_diagnostics(Case *c, const char *p, LangDiags *diags, bool *is_diagnostic, const KitDiag **last)
{
	bool		is_warning = false;
	char		code[100] = "warning";
	int			line;
	int			column;

	*is_diagnostic = true;
	if (*last != NULL && take(&p, "hint"))
	{
		if (strstr((*last)->hint, skip_spaces(p)) == NULL)
			complain(c, "the hint of %d:%d is \"%s\", expected \"%s\"", (*last)->line, (*last)->column, (*last)->hint, skip_spaces(p));
		return true;
	}
	*last = NULL;
	if (take(&p, "warning"))
		is_warning = true;
	else if (!take(&p, "error"))
	{
		*is_diagnostic = false;
		return true;
	}
	if (!take_position(&p, &line, &column))
	{
		*is_diagnostic = false;
		return true;
	}
	if (!is_warning)
		take_word(&p, code, sizeof(code));
	p = skip_spaces(p);
	for (int i = 0; i < diags->n; i++)
	{
		const KitDiag *d = diags->items[i];

		if (d->line == line && d->column == column && strcmp(kit_error_name(d->code), code) == 0 && strstr(d->message, p) != NULL)
		{
			*last = d;
			return !is_warning;
		}
	}
	complain(c, "the compiler does not say: %d:%d %s %s", line, column, code, p);
	show_diags(diags);
	return true;
}

/* Calls visit for the text of each comment line. */
static void
each_line(Case *c, void (*visit) (Case *c, const char *text, void *arg), void *arg)
{
	char	   *p = c->source;

	c->line = 0;
	while (*p != '\0')
	{
		char	   *end = strchr(p, '\n');
		char		kept = end != NULL ? *end : '\0';

		if (end == NULL)
			end = p + strlen(p);
		c->line++;
		*end = '\0';
		if (strncmp(p, "// ", 3) == 0)
			visit(c, p + 3, arg);
		*end = kept;
		p = kept == '\0' ? end : end + 1;
	}
}

typedef struct Expected
{
	LangDiags  *diags;
	const KitDiag *last;
	bool		script_begun;
	int			n_errors;
	int			n_supported;	/* those that are not about what is not supported yet */
} Expected;

static void
visit_diagnostic(Case *c, const char *text, void *arg)
{
	Expected   *e = arg;
	bool		is_diagnostic;

	if (text[0] == '>')
		e->script_begun = true;
	if (e->script_begun)
		return;
	if (strncmp(text, "error ", 6) == 0)
	{
		e->n_errors++;
		e->n_supported += strstr(text, " not_supported") == NULL;
	}
	expect_diagnostics(c, text, e->diags, &is_diagnostic, &e->last);
}

static void
visit_script(Case *c, const char *text, void *arg)
{
	bool	   *begun = arg;

	if (text[0] == '>')
		*begun = true;
	if (*begun)
		script_line(c, text);
}

static char *
read_file(const char *name, size_t *len)
{
	FILE	   *f = fopen(name, "rb");
	char	   *text = NULL;

	*len = 0;
	if (f == NULL)
		return NULL;
	for (size_t cap = 0;;)
	{
		size_t		n;

		if (*len + 65536 > cap)
			text = realloc(text, cap = *len + 65536 + 1);
		n = fread(text + *len, 1, 65536, f);
		*len += n;
		if (n == 0)
			break;
	}
	fclose(f);
	text[*len] = '\0';
	return text;
}

static bool
run_case(const char *file, bool shows_code)
{
	Case		c = {.file = file, .limits = vm_default_limits, .at = 1000};
	LangDiags	diags;
	Expected	expected = {.diags = &diags};
	bool		begun = false;

	c.source = read_file(file, &c.len);
	if (c.source == NULL)
	{
		complain(&c, "cannot be read");
		return false;
	}
	c.arena = kit_arena_new("case");
	kit_buf_init(&c.logged, c.arena);
	lang_diags_init(&diags, c.arena);
	c.program = vm_program_new(c.source, c.len, &diags);
	each_line(&c, visit_diagnostic, &expected);
	if (c.program == NULL && expected.n_errors == 0)
	{
		complain(&c, "the program is refused");
		show_diags(&diags);
	}
	else if (c.program != NULL && expected.n_errors > 0)
		complain(&c, "the program should have been refused");
	else if (count_errors(&diags) != expected.n_supported)
	{
		complain(&c, "the compiler has %d errors, expected %d", count_errors(&diags), expected.n_supported);
		show_diags(&diags);
	}
	if (c.program != NULL)
	{
		KitBuf		code;

		kit_buf_init(&code, c.arena);
		vm_program_disassemble(c.program, &code);
		if (shows_code)
			fputs(code.data, stdout);
		each_line(&c, visit_script, &begun);
		settle(&c);
		if (c.doc != NULL)
			vm_doc_free(c.doc);
		vm_program_free(c.program);
	}
	kit_arena_delete(c.arena);
	free(c.source);
	return c.n_failures == 0;
}

int
main(int argc, char **argv)
{
	bool		shows_code = false;
	bool		are_all = false;
	int			n = 0;
	int			n_failed = 0;

	for (int i = 1; i < argc; i++)
	{
		const char *slash = strrchr(argv[i], '/');
		const char *name = slash != NULL ? slash + 1 : argv[i];
		bool		ok;

		if (strcmp(argv[i], "-c") == 0)
		{
			shows_code = true;
			continue;
		}
		if (strcmp(argv[i], "-a") == 0)
		{
			are_all = true;
			continue;
		}
		ok = run_case(argv[i], shows_code);
		n++;
		n_failed += !ok;
		printf("%s %d - %.*s\n", ok ? "ok" : "not ok", n, (int) (strlen(name) > 6 ? strlen(name) - 6 : strlen(name)), name);
		fflush(stdout);
	}
	if (are_all)
		n_failed += reach_report(&n);
	printf("1..%d\n", n);
	return n_failed > 0;
}
