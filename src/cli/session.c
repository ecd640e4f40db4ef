/*
 * session.c
 *	  One document, led through a script's events as the server would.
 *
 * An event is reduced as the store reduces it: its time is never before that of the one before, a failed one leaves no trace, a good one makes seq one more.
 * Then what the document publishes is told, where that is new; what the event says beside (vm/state.h) is told to the views that are meant, each view is
 * computed, and what changed is told, in the order in which they were connected.  Views that the document disconnects end; then @disconnected runs, and all
 * that again.  With the last view goes the document, if its program says so.  Policies are asked as for a SQL role that was granted everything: what a program does not declare (@static, @connected, @delete) is allowed.
 *
 * Output, a JSON object a line:
 *		{"event":n,"log":"…"}							a line that the program logs; comes before what comes of the event
 *		{"event":n,"seq":s}								n counts the commands but dump, from 1
 *		{"event":n,"error":{"code":c,"message":m}}		what failed, with its SQLSTATE
 *		{"replica":"name","row":r,"value":{…}}			what the document, or a row of it, publishes now; null: nothing any more
 *		{"view":"v1","payload":{…}}						the envelope, for each view that is sent something
 *		{"dump":{…}}									the state; null when there is no document
 */
#include <string.h>

#include "cli/session.h"

CliSession *
cli_session_new(const VmProgram *program, VmText space, VmText key, bool shows_place)
{
	KitArena   *arena = kit_arena_new("session");
	CliSession *s = KIT_NEW(arena, CliSession);

	s->arena = arena;
	s->scratch = kit_arena_new("command");
	s->program = program;
	s->space = space;
	s->key = key;
	s->shows_place = shows_place;
	s->past = cli_past_new();
	s->replicas = cli_replicas_new();
	s->shown = live_document_new(program, false);
	live_document_remember(s->shown);
	return s;
}

/* ---- what comes of an event ---- */

static bool
succeeded(CliSession *s, KitBuf *out)
{
	kit_buf_add_str(out, "{\"event\":");
	kit_buf_add_int(out, s->n_events);
	kit_buf_add_str(out, ",\"seq\":");
	kit_buf_add_int(out, s->seq);
	kit_buf_add_str(out, "}\n");
	return true;
}

static void
add_place(const KitDiag *diag, KitBuf *out)
{
	if (diag->line > 0)
		kit_buf_printf(out, ",\"line\":%d,\"col\":%d", diag->line, diag->column);
	if (diag->file[0] != '\0')
	{
		kit_buf_add_str(out, ",\"file\":");
		doc_json_string(diag->file, strlen(diag->file), DOC_JSON_TEXT, out);
	}
	if (diag->detail[0] != '\0')
	{
		kit_buf_add_str(out, ",\"detail\":");
		doc_json_string(diag->detail, strlen(diag->detail), DOC_JSON_TEXT, out);
	}
	if (diag->hint[0] != '\0')
	{
		kit_buf_add_str(out, ",\"hint\":");
		doc_json_string(diag->hint, strlen(diag->hint), DOC_JSON_TEXT, out);
	}
}

static bool
failed(CliSession *s, const KitDiag *diag, KitBuf *out)
{
	kit_buf_add_str(out, "{\"event\":");
	kit_buf_add_int(out, s->n_events);
	kit_buf_printf(out, ",\"error\":{\"code\":\"%s\",\"message\":", kit_error_sqlstate(diag->code));
	doc_json_string(diag->message, strlen(diag->message), DOC_JSON_TEXT, out);
	if (s->shows_place)
		add_place(diag, out);
	kit_buf_add_str(out, "}}\n");
	return false;
}

/* ---- events ---- */

static void
write_log(void *arg, const VmEvent *event, const char *text, size_t len)
{
	CliSession *s = arg;

	kit_buf_add_str(s->out, "{\"event\":");
	kit_buf_add_int(s->out, s->n_events);
	kit_buf_add_str(s->out, ",\"log\":");
	doc_json_string(text, len, DOC_JSON_TEXT, s->out);
	kit_buf_add_str(s->out, "}\n");
}

static VmEvent
event_of(CliSession *s, VmEventKind kind, VmText agent, VmText authority)
{
	return (VmEvent) {
		.kind = kind, .agent = agent, .authority = authority,
		.at = s->doc == NULL ? s->at : vm_program_time(s->program, s->updated, s->at),
		.seq = s->seq + 1, .space = s->space, .key = s->key, .message = {.kind = DOC_NULL}, .origin = {"", 0}, .ip = {"", 0},
		.log = {write_log, s}
	};
}

/*
 * Runs @load, when the document has not had it since it was loaded, in the open journal of the event that it comes before.  It is an event of its own, if it
 * does anything: then *n_events is 1.
 */
static bool
run_load(CliSession *s, int64_t at, int *n_events, KitDiag *diag)
{
	VmEvent		load = event_of(s, VM_EVENT_LOAD, (VmText) {NULL, 0}, (VmText) {NULL, 0});
	KitBuf		delta;

	*n_events = 0;
	if (!s->is_loaded || !vm_program_handles(s->program, VM_EVENT_LOAD))
		return true;
	load.at = at;
	if (!vm_reduce(s->doc, &load, &vm_default_limits, s->scratch, diag))
		return false;
	kit_buf_init(&delta, s->scratch);
	*n_events = !doc_delta_is_empty(vm_doc_delta(s->doc, &delta)) || vm_doc_effects_size(s->doc) > 0;
	return true;
}

/* The document has come one further, as it is now, also within a journal. */
static void
remember(CliSession *s)
{
	KitBuf		state;

	if (!vm_program_lang(s->program)->rewinds)
		return;
	kit_buf_init(&state, s->scratch);
	cli_past_add(s->past, vm_doc_save(s->doc, &state));
}

/* What the events of the journal did beside. */
static void
keep_effects(CliSession *s)
{
	KitBuf	   *bytes = KIT_NEW(s->scratch, KitBuf);
	DocBytes	effects;

	kit_buf_init(bytes, s->scratch);
	effects = vm_doc_effects(s->doc, bytes);
	if (effects.len > 0)
		kit_buf_add(&s->effects, &effects, sizeof(effects));
}

/* What the document publishes after the events of the journal, or all of it, belongs to them: when it can't be computed they fail. */
static bool
publish(CliSession *s, VmDoc *doc, bool is_whole, KitDiag *diag)
{
	return cli_replicas_note(s->replicas, doc, is_whole, s->space, s->key, s->scratch, diag);
}

/* Ends the journal in which so many events were reduced. */
static bool
end_events(CliSession *s, bool ok, int64_t n_events, int64_t at, KitDiag *diag)
{
	if (!ok || !publish(s, s->doc, s->seq == 0, diag))
	{
		cli_past_cut(s->past, s->seq);
		vm_doc_rollback(s->doc);
		return false;
	}
	keep_effects(s);
	vm_doc_commit(s->doc);
	s->is_loaded = false;
	s->seq += n_events;
	if (n_events > 0)
		s->updated = at;
	return true;
}

/* What comes without an event of its own finds the document as @load leaves it. */
static bool
wake(CliSession *s, int64_t at, KitDiag *diag)
{
	int			n_loads;
	bool		ok;

	vm_doc_begin(s->doc);
	ok = run_load(s, at, &n_loads, diag);
	if (ok && n_loads > 0)
		remember(s);
	return end_events(s, ok, n_loads, at, diag);
}

static void
drop_document(CliSession *s)
{
	vm_doc_free(s->doc);
	s->doc = NULL;
	cli_past_cut(s->past, 0);
	cli_replicas_drop(s->replicas);
}

/* The event has asked for an earlier state; diag says where. */
static bool
lead_back(CliSession *s, const VmEvent *event, KitDiag *diag)
{
	int64_t		seq = vm_rewind_seq(s->doc);
	KitDiag		why = {0};
	DocBytes	state;
	VmDoc	   *earlier;
	KitBuf		delta;
	bool		ok;

	if (!wake(s, event->at, diag))
		return false;
	if (!cli_past_find(s->past, seq, &state))
	{
		kit_fail(&why, KIT_UNKNOWN_SEQ, "document \"%.*s\" of space \"%.*s\" has no sequence number %lld in its log", (int) s->key.len, s->key.str,
				 (int) s->space.len, s->space.str, (long long) seq);
		kit_diag_detail(&why, "The document is at %lld, and its log reaches back to 1.", (long long) s->seq);
		kit_diag_at(&why, diag->line, diag->column, diag->length);
		kit_diag_in(&why, diag->file);
		*diag = why;
		return false;
	}
	kit_buf_init(&delta, s->scratch);
	earlier = vm_doc_load(s->program, state, false, false, diag);
	ok = earlier != NULL && vm_rewind_delta(s->doc, earlier, event, s->scratch, &delta, diag) && publish(s, earlier, true, diag) &&
		vm_doc_apply(s->doc, (DocBytes) {delta.data, delta.len}, diag);
	if (earlier != NULL)
		vm_doc_free(earlier);
	if (!ok)
		return false;
	s->seq++;
	s->updated = event->at;
	remember(s);
	return true;
}

/* True also when the event has destroyed the document. */
static bool
reduce(CliSession *s, const VmEvent *event, KitDiag *diag)
{
	VmEvent		now = *event;
	int			n_loads;
	bool		ok;

	vm_doc_begin(s->doc);
	ok = run_load(s, event->at, &n_loads, diag);
	if (ok && n_loads > 0)
		remember(s);
	now.seq = s->seq + n_loads + 1;
	ok = ok && vm_reduce(s->doc, &now, &vm_default_limits, s->scratch, diag);
	if (ok)
		remember(s);
	if (end_events(s, ok, n_loads + 1, event->at, diag))
		return true;
	if (diag->code == KIT_REWOUND)
		return lead_back(s, event, diag);
	if (diag->code != KIT_DESTROYED)
		return false;
	s->seq += n_loads + 1;
	drop_document(s);
	return true;
}

/* Whether the policy says yes, or otherwise when it is not declared. */
static bool
ask(CliSession *s, VmStatic which, const VmEvent *event, bool otherwise, const char *what, KitDiag *diag)
{
	VmVerdict	verdict;

	if (!vm_static_policy(s->program, which, event, &vm_default_limits, s->scratch, &verdict, diag))
		return false;
	if (verdict == VM_ALLOWED || (verdict == VM_UNDECLARED && otherwise))
		return true;
	return kit_fail(diag, KIT_DENIED, "%s is denied by the program", what);
}

static bool
require_document(const CliSession *s, KitDiag *diag)
{
	return s->doc != NULL || kit_fail(diag, KIT_UNKNOWN_DOCUMENT, "document \"%.*s\" of space \"%.*s\" does not exist", (int) s->key.len, s->key.str,
									  (int) s->space.len, s->space.str);
}

static bool
make_document(CliSession *s, VmEvent *event, uint64_t entropy, KitDiag *diag)
{
	event->kind = VM_EVENT_CREATE;
	s->doc = vm_doc_new(s->program, entropy, false);
	s->is_loaded = false;
	s->seq = 0;
	if (reduce(s, event, diag))
		return true;
	drop_document(s);
	return false;
}

static bool
create(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	VmEvent		event = event_of(s, VM_EVENT_CREATE, command->agent, command->authority);

	if (s->doc != NULL)
		return kit_fail(diag, KIT_DUPLICATE_DOCUMENT, "document \"%.*s\" of space \"%.*s\" exists already", (int) s->key.len, s->key.str,
						(int) s->space.len, s->space.str);
	event.message = command->object;
	return ask(s, VM_STATIC_CREATE, &event, true, "creating a document", diag) && make_document(s, &event, command->entropy, diag);
}

/* Makes the document for who connects to it, if the program invents documents. */
static bool
invent(CliSession *s, VmEvent event, KitDiag *diag)
{
	const LangProgram *lang = vm_program_lang(s->program);

	if (s->doc != NULL || lang->n_static_invents == 0 || lang->construct_message != NULL)
		return require_document(s, diag);
	return ask(s, VM_STATIC_INVENT, &event, false, "making a document by connecting to it", diag) && make_document(s, &event, 0, diag);
}

static bool
connect(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	VmEvent		event = event_of(s, VM_EVENT_CONNECT, command->agent, command->authority);
	CliView	  **end = cli_view_find(s, command->name);
	bool		had_document = s->doc != NULL;
	VmObj	   *state;

	if (*end != NULL)
		return kit_fail(diag, KIT_INVALID_NAME, "view \"%.*s\" is connected already", (int) command->name.len, command->name.str);
	if (command->object.kind == DOC_OBJECT && !vm_viewer_decode(s->program, command->object, s->scratch, &state, diag))
		return false;
	if (!invent(s, event, diag))
		return false;
	if (vm_program_handles(s->program, VM_EVENT_CONNECT) && !cli_view_is_connected(s, command->agent, command->authority) ? !reduce(s, &event, diag) :
		!wake(s, event.at, diag))
	{
		/* What was made for the one who may not connect goes with the transaction. */
		if (!had_document)
			drop_document(s);
		return false;
	}
	cli_view_add(s, command);
	return true;
}

/* The last view has ended: then the document goes, too, when the program says so. */
static void
close_document(CliSession *s)
{
	if (s->doc != NULL && s->views == NULL && vm_program_lang(s->program)->settings.delete_on_close)
		drop_document(s);
}

/* The view is gone whatever @disconnected does. */
static bool
disconnect(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	CliView	  **link = cli_view_find(s, command->name);
	VmEvent		event;
	bool		ok;

	if (*link == NULL)
		return cli_view_unknown(command, diag);
	event = event_of(s, VM_EVENT_DISCONNECT, (*link)->agent, (*link)->authority);	/* they live as long as the session */
	cli_view_remove(link);
	ok = s->doc == NULL || cli_view_is_connected(s, event.agent, event.authority) || !vm_program_handles(s->program, VM_EVENT_DISCONNECT) ||
		reduce(s, &event, diag);
	close_document(s);
	return ok;
}

static bool
may_send(CliSession *s, const VmEvent *event, const char *what, KitDiag *diag)
{
	return vm_program_lang(s->program)->n_static_sends == 0 || cli_view_is_connected(s, event->agent, event->authority) ||
		ask(s, VM_STATIC_SEND, event, false, what, diag);
}

static bool
send(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	const LangProgram *lang = vm_program_lang(s->program);
	const LangChannel *channel = lang_program_channel(lang, command->name.str, command->name.len);
	VmEvent		event = event_of(s, VM_EVENT_SEND, command->agent, command->authority);

	if (!require_document(s, diag))
		return false;
	event.channel = command->name;
	event.message = command->object;
	event.dedupe = command->dedupe;
	if (command->object.kind == DOC_NULL)
		event.message.kind = channel != NULL && channel->is_array ? DOC_ARRAY : DOC_OBJECT;
	if (channel != NULL && !channel->is_open && !may_send(s, &event, "sending without being connected", diag))
		return false;
	return reduce(s, &event, diag);
}

static bool
attach(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	VmEvent		event = event_of(s, VM_EVENT_ATTACH, command->agent, command->authority);

	event.message = command->object;
	return require_document(s, diag) && may_send(s, &event, "attaching without being connected", diag) && reduce(s, &event, diag);
}

/* What @delete changes is undone. */
static bool
delete_document(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	VmEvent		event = event_of(s, VM_EVENT_DELETE, command->agent, command->authority);
	int			n_loads = 0;
	bool		ok;

	if (!require_document(s, diag))
		return false;
	vm_doc_begin(s->doc);
	ok = !vm_program_handles(s->program, VM_EVENT_DELETE) || run_load(s, event.at, &n_loads, diag);
	event.seq += n_loads;
	ok = ok && vm_reduce(s->doc, &event, &vm_default_limits, s->scratch, diag);
	vm_doc_rollback(s->doc);
	if (ok)
		drop_document(s);
	return ok;
}

/* As when a server that has it no longer in memory needs it again. */
static bool
reload(CliSession *s, KitDiag *diag)
{
	KitBuf		bytes;
	VmDoc	   *doc;

	if (!require_document(s, diag))
		return false;
	kit_buf_init(&bytes, s->scratch);
	doc = vm_doc_load(s->program, vm_doc_save(s->doc, &bytes), false, false, diag);
	if (doc == NULL)
		return false;
	vm_doc_free(s->doc);
	s->doc = doc;
	s->is_loaded = true;
	return true;
}

/* ---- what comes after an event ---- */

/* @disconnected, for one whose last view has ended. */
static void
has_gone(CliSession *s, const CliGone *gone, KitBuf *out)
{
	VmEvent		event = event_of(s, VM_EVENT_DISCONNECT, gone->agent, gone->authority);
	KitDiag		diag = {0};

	for (const CliGone *later = gone->next; later != NULL; later = later->next)
		if (cli_text_is_same(later->agent, gone->agent) && cli_text_is_same(later->authority, gone->authority))
			return;
	if (s->doc != NULL && !cli_view_is_connected(s, gone->agent, gone->authority) && vm_program_handles(s->program, VM_EVENT_DISCONNECT) && !reduce(s, &event, &diag))
		failed(s, &diag, out);
}

/* All that comes of what was reduced. */
static void
settle(CliSession *s, KitBuf *out)
{
	bool		has_changed;

	do
	{
		CliGone	   *gone;

		cli_replicas_tell(s->replicas, s->scratch, out);
		gone = cli_views_tell_effects(s, out);
		if (s->doc == NULL)
			cli_views_close(s, out);
		else
			cli_views_update(s, out);
		has_changed = gone != NULL;
		for (; gone != NULL; gone = gone->next)
			has_gone(s, gone, out);
		if (has_changed)
			close_document(s);
	} while (has_changed);
}

/* ---- commands ---- */

static void
dump(CliSession *s, KitBuf *out)
{
	KitBuf		bytes;
	KitDiag		diag;

	kit_buf_init(&bytes, s->scratch);
	kit_buf_add_str(out, "{\"dump\":");
	if (s->doc == NULL)
		kit_buf_add_str(out, "null");
	else
		doc_to_json(vm_doc_save(s->doc, &bytes), DOC_DOCUMENT, DOC_JSON_TEXT, out, &diag);
	kit_buf_add_str(out, "}\n");
}

void
cli_session_run(CliSession *s, const CliCommand *command, KitBuf *out)
{
	KitDiag		diag = {0};
	bool		ok = true;

	kit_buf_init(&s->effects, s->scratch);
	if (command->has_at && command->at > s->at)
		s->at = command->at;
	s->n_events += command->verb != CLI_DUMP;
	s->out = out;
	switch (command->verb)
	{
		case CLI_CREATE:
			ok = create(s, command, &diag);
			break;
		case CLI_CONNECT:
			ok = connect(s, command, &diag);
			break;
		case CLI_SEND:
			ok = send(s, command, &diag);
			break;
		case CLI_ATTACH:
			ok = attach(s, command, &diag);
			break;
		case CLI_DISCONNECT:
			ok = disconnect(s, command, &diag);
			break;
		case CLI_DELETE:
			ok = delete_document(s, command, &diag);
			break;
		case CLI_RELOAD:
			ok = reload(s, &diag);
			break;
		case CLI_TICK:
			ok = require_document(s, &diag);
			break;
		case CLI_UPDATE:
			ok = cli_view_change(s, command, &diag);
			if (ok)
			{
				succeeded(s, out);
				cli_view_update(s, command->name, out);
			}
			else
				failed(s, &diag, out);
			break;
		case CLI_DUMP:
			dump(s, out);
			break;
	}
	if (command->verb == CLI_UPDATE && s->effects.len > 0)
		settle(s, out);			/* of @load */
	if (command->verb != CLI_UPDATE && command->verb != CLI_DUMP)
	{
		if (ok)
			succeeded(s, out);
		else
		{
			kit_buf_clear(&s->effects);
			failed(s, &diag, out);
		}
		settle(s, out);
	}
	kit_arena_reset(s->scratch);
}

void
cli_session_free(CliSession *s)
{
	cli_views_close(s, NULL);
	live_document_free(s->shown);
	if (s->doc != NULL)
		drop_document(s);
	cli_past_free(s->past);
	cli_replicas_free(s->replicas);
	kit_arena_delete(s->scratch);
	kit_arena_delete(s->arena);
}
