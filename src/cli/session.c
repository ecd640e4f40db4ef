/*
 * session.c
 *	  One document and those who watch it, led through a script's events as the server would.
 *
 * An event is reduced as the store reduces it: its time is never before that of the one before, a failed one leaves no trace, a good one makes seq one more.
 * Then what the event says beside (vm/state.h) is told to the views that are meant, each view is computed, and what changed is told, in the order in which they were
 * connected.  Views that the document disconnects end; then @disconnected runs, and all that again.  Policies are asked as for a SQL role that was granted
 * everything: what a program does not declare (@static, @connected, @delete) is allowed.
 *
 * Output, a JSON object a line:
 *		{"event":n,"log":"…"}							a line that the program logs; comes before what comes of the event
 *		{"event":n,"seq":s}								n counts the commands but dump, from 1
 *		{"event":n,"error":{"code":c,"message":m}}		what failed, with its SQLSTATE
 *		{"view":"v1","payload":{…}}						the envelope, for each view that is sent something
 *		{"dump":{…}}									the state; null when there is no document
 */
#include <string.h>

#include "cli/cli.h"
#include "live/live.h"

typedef struct View
{
	VmText		name;
	VmText		agent;
	VmText		authority;
	KitArena   *arena;			/* of the state; a new one when it changes */
	DocBytes	state;			/* the viewer's */
	LiveView   *live;			/* NULL: nothing was sent yet, or the last attempt failed */
	bool		knows_failure;
	bool		is_ended;		/* the document has disconnected it */
	struct View *next;			/* in the order in which they were connected */
} View;

struct CliSession
{
	KitArena   *arena;
	KitArena   *scratch;		/* of the command at hand */
	const VmProgram *program;
	VmText		space;
	VmText		key;
	bool		shows_place;
	VmDoc	   *doc;			/* NULL: there is none */
	LiveDocument *shown;		/* what all views share */
	bool		is_loaded;		/* it was loaded, and has not had @load since */
	int64_t		seq;
	int64_t		at;				/* of the script: what "at" said last */
	int64_t		updated;		/* of the document: when its last event was */
	int64_t		n_events;
	KitBuf	   *out;			/* of the command at hand */
	View	   *views;
	CliPast    *past;			/* empty when nobody asks for it, or there is no document */
	KitBuf		effects;		/* of the events that were reduced since they were told last: DocBytes after DocBytes, in scratch */
};

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
	s->shown = live_document_new(program, false);
	live_document_remember(s->shown);
	return s;
}

/* ---- views ---- */

static void
free_view(View *view)
{
	if (view->live != NULL)
		live_view_free(view->live);
	kit_arena_delete(view->arena);
}

static View **
find_view(CliSession *s, VmText name)
{
	View	  **link = &s->views;

	while (*link != NULL && ((*link)->name.len != name.len || memcmp((*link)->name.str, name.str, name.len) != 0))
		link = &(*link)->next;
	return link;
}

static bool
is_same(VmText a, VmText b)
{
	return a.len == b.len && memcmp(a.str, b.str, a.len) == 0;
}

static bool
is_connected(const CliSession *s, VmText agent, VmText authority)
{
	for (const View *view = s->views; view != NULL; view = view->next)
		if (is_same(view->agent, agent) && is_same(view->authority, authority))
			return true;
	return false;
}

static VmText
keep_text(KitArena *arena, VmText text)
{
	return (VmText) {kit_arena_strdup(arena, text.str, text.len), text.len};
}

static DocBytes
keep_state(KitArena *arena, DocItem state)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocWriter	w;

	kit_buf_init(buf, arena);
	doc_write_begin(&w, buf, DOC_DOCUMENT);
	doc_write_item(&w, state);
	return doc_write_end(&w);
}

static LiveViewer
viewer_of(const View *view)
{
	return (LiveViewer) {view->agent, view->authority, view->state};
}

static void
begin_payload(const View *view, KitBuf *out)
{
	kit_buf_add_str(out, "{\"view\":");
	doc_json_string(view->name.str, view->name.len, DOC_JSON_TEXT, out);
	kit_buf_add_str(out, ",\"payload\":");
}

static void
tell_failure(View *view, const KitDiag *diag, KitBuf *out)
{
	if (view->live != NULL)
		live_view_free(view->live);
	view->live = NULL;
	if (view->knows_failure)
		return;
	view->knows_failure = true;
	begin_payload(view, out);
	kit_buf_printf(out, "{\"failed\":\"%s\",\"message\":", kit_error_sqlstate(diag->code));
	doc_json_string(diag->message, strlen(diag->message), DOC_JSON_TEXT, out);
	kit_buf_add_str(out, "}}\n");
}

static void
tell_change(CliSession *s, View *view, const KitBuf *data, bool is_whole, KitBuf *out)
{
	view->knows_failure = false;
	begin_payload(view, out);
	live_envelope(out, data->data, data->len, is_whole, s->seq);
	kit_buf_add_str(out, "}\n");
}

/* The turn in which views are updated now; NULL when what they share can't be computed. */
static LiveTurn *
begin_turn(CliSession *s, KitDiag *diag)
{
	return live_turn_begin(s->shown, s->doc, s->updated, s->seq, s->space, s->key, &vm_default_limits, s->scratch, diag);
}

/* Computes the view of now and tells what is new; failure: why there is no turn. */
static void
update_view(CliSession *s, View *view, LiveTurn *turn, const KitDiag *failure, KitBuf *out)
{
	LiveViewer	viewer = viewer_of(view);
	LiveOutcome outcome;
	KitBuf		data;
	KitDiag		diag = {0};

	if (turn == NULL)
	{
		tell_failure(view, failure, out);
		return;
	}
	kit_buf_init(&data, s->scratch);
	if (view->live == NULL)
		view->live = live_view_new(s->shown, &viewer, &diag);
	outcome = view->live == NULL ? LIVE_FAILED : live_view_update(view->live, turn, &data, &diag);
	if (outcome == LIVE_FAILED)
		tell_failure(view, &diag, out);
	else if (outcome != LIVE_UNCHANGED)
	{
		VmText		before = live_view_before(view->live);

		if (before.len > 0)
			tell_change(s, view, &(KitBuf) {.data = (char *) before.str, .len = before.len}, false, out);
		tell_change(s, view, &data, outcome == LIVE_WHOLE, out);
	}
}

static void
update_views(CliSession *s, KitBuf *out)
{
	KitDiag		diag = {0};
	LiveTurn   *turn;

	if (s->doc == NULL || s->views == NULL)
		return;
	turn = begin_turn(s, &diag);
	for (View *view = s->views; view != NULL; view = view->next)
		update_view(s, view, turn, &diag, out);
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

/* Ends the journal in which so many events were reduced. */
static bool
end_events(CliSession *s, bool ok, int64_t n_events, int64_t at)
{
	if (!ok)
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
	return end_events(s, ok, n_loads, at);
}

static void
drop_document(CliSession *s)
{
	vm_doc_free(s->doc);
	s->doc = NULL;
	cli_past_cut(s->past, 0);
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
	ok = earlier != NULL && vm_rewind_delta(s->doc, earlier, event, s->scratch, &delta, diag) &&
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
	if (end_events(s, ok, n_loads + 1, event->at))
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
	View	  **end = find_view(s, command->name);
	bool		had_document = s->doc != NULL;
	VmObj	   *state;
	View	   *view;

	if (*end != NULL)
		return kit_fail(diag, KIT_INVALID_NAME, "view \"%.*s\" is connected already", (int) command->name.len, command->name.str);
	if (command->object.kind == DOC_OBJECT && !vm_viewer_decode(s->program, command->object, s->scratch, &state, diag))
		return false;
	if (!invent(s, event, diag))
		return false;
	if (vm_program_handles(s->program, VM_EVENT_CONNECT) && !is_connected(s, command->agent, command->authority) ? !reduce(s, &event, diag) :
		!wake(s, event.at, diag))
	{
		/* What was made for the one who may not connect goes with the transaction. */
		if (!had_document)
			drop_document(s);
		return false;
	}
	view = KIT_NEW(s->arena, View);
	view->name = keep_text(s->arena, command->name);
	view->agent = keep_text(s->arena, command->agent);
	view->authority = keep_text(s->arena, command->authority);
	view->arena = kit_arena_new("viewer state");
	if (command->object.kind == DOC_OBJECT)
		view->state = keep_state(view->arena, command->object);
	*end = view;
	return true;
}

static bool
unknown_view(const CliCommand *command, KitDiag *diag)
{
	return kit_fail(diag, KIT_UNKNOWN_CONNECTION, "there is no view \"%.*s\"", (int) command->name.len, command->name.str);
}

/* The view is gone whatever @disconnected does. */
static bool
disconnect(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	View	  **link = find_view(s, command->name);
	View	   *view = *link;
	VmEvent		event;

	if (view == NULL)
		return unknown_view(command, diag);
	event = event_of(s, VM_EVENT_DISCONNECT, view->agent, view->authority);
	*link = view->next;
	free_view(view);
	return s->doc == NULL || is_connected(s, event.agent, event.authority) || !vm_program_handles(s->program, VM_EVENT_DISCONNECT) ||
		reduce(s, &event, diag);
}

static bool
may_send(CliSession *s, const VmEvent *event, const char *what, KitDiag *diag)
{
	return vm_program_lang(s->program)->n_static_sends == 0 || is_connected(s, event->agent, event->authority) ||
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

static void
close_views(CliSession *s, KitBuf *out)
{
	for (View *view = s->views; view != NULL; view = view->next)
	{
		if (out != NULL)
		{
			begin_payload(view, out);
			kit_buf_add_str(out, "{\"closed\":\"deleted\"}}\n");
		}
		free_view(view);
	}
	s->views = NULL;
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

/* ---- what events did beside ---- */

/* A principal whose views have ended. */
typedef struct Gone
{
	VmText		agent;
	VmText		authority;
	struct Gone *next;
} Gone;

static void
tell_effect(CliSession *s, const VmEffect *effect, KitBuf *out)
{
	for (View *view = s->views; view != NULL; view = view->next)
	{
		if (view->is_ended || !vm_effect_concerns(effect, view->agent, view->authority))
			continue;
		if (effect->disconnects)
			view->is_ended = true;
		else if (view->live != NULL)
		{
			begin_payload(view, out);
			vm_effect_payload(effect, out);
			kit_buf_add_str(out, "}\n");
		}
	}
}

/* Ends the views that the document has disconnected; whose they were. */
static Gone *
end_views(CliSession *s, KitBuf *out)
{
	Gone	   *gone = NULL;
	Gone	  **end = &gone;

	for (View **link = &s->views; *link != NULL;)
	{
		View	   *view = *link;

		if (!view->is_ended)
		{
			link = &view->next;
			continue;
		}
		begin_payload(view, out);
		kit_buf_add_str(out, "{\"closed\":\"disconnected\"}}\n");
		*end = KIT_NEW(s->scratch, Gone);
		**end = (Gone) {view->agent, view->authority, NULL};	/* they live as long as the session */
		end = &(*end)->next;
		*link = view->next;
		free_view(view);
	}
	return gone;
}

static Gone *
tell_effects(CliSession *s, KitBuf *out)
{
	for (size_t at = 0; at < s->effects.len; at += sizeof(DocBytes))
	{
		DocBytes	bytes;
		DocItem		root;
		KitDiag		diag = {0};
		VmEffect	effect;

		memcpy(&bytes, s->effects.data + at, sizeof(bytes));
		if (doc_open(bytes, DOC_DOCUMENT, &root, &diag))
			while (vm_effect_next(&root.body, &effect))
				tell_effect(s, &effect, out);
	}
	kit_buf_clear(&s->effects);
	return end_views(s, out);
}

/* @disconnected, for one whose last view has ended. */
static void
has_gone(CliSession *s, const Gone *gone, KitBuf *out)
{
	VmEvent		event = event_of(s, VM_EVENT_DISCONNECT, gone->agent, gone->authority);
	KitDiag		diag = {0};

	for (const Gone *later = gone->next; later != NULL; later = later->next)
		if (is_same(later->agent, gone->agent) && is_same(later->authority, gone->authority))
			return;
	if (s->doc != NULL && !is_connected(s, gone->agent, gone->authority) && vm_program_handles(s->program, VM_EVENT_DISCONNECT) && !reduce(s, &event, &diag))
		failed(s, &diag, out);
}

/* All that comes of what was reduced. */
static void
settle(CliSession *s, KitBuf *out)
{
	bool		has_changed;

	do
	{
		Gone	   *gone = tell_effects(s, out);

		if (s->doc == NULL)
			close_views(s, out);
		else
			update_views(s, out);
		has_changed = gone != NULL;
		for (; gone != NULL; gone = gone->next)
			has_gone(s, gone, out);
	} while (has_changed);
}

/* ---- a new viewer state ---- */

/* The members that are given replace those of before; the others stay. */
static DocBytes
merge_state(DocBytes before, DocItem given, KitArena *arena, KitDiag *diag)
{
	DocNode    *merged = doc_node_new(arena, DOC_OBJECT);
	DocItem		items[2] = {{.kind = DOC_NULL}, given};
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocWriter	w;

	if (before.len > 0)
		doc_open(before, DOC_DOCUMENT, &items[0], diag);
	for (int i = 0; i < 2; i++)
	{
		DocKey		key;
		DocItem		value;
		DocNode    *node;

		if (items[i].kind != DOC_OBJECT)
			continue;
		while (doc_next_member(&items[i].body, &key, &value) && doc_node_from_item(arena, value, &node, diag))
			doc_node_set(arena, merged, key.str, key.len, node);
	}
	kit_buf_init(buf, arena);
	doc_write_begin(&w, buf, DOC_DOCUMENT);
	doc_node_write(merged, &w);
	return doc_write_end(&w);
}

static void
update_viewer(CliSession *s, const CliCommand *command, KitBuf *out)
{
	View	   *view = *find_view(s, command->name);
	KitArena   *arena;
	DocBytes	state;
	VmObj	   *decoded;
	DocItem		item;
	LiveTurn   *turn;
	KitDiag		diag = {0};

	if (view == NULL)
	{
		unknown_view(command, &diag);
		failed(s, &diag, out);
		return;
	}
	arena = kit_arena_new("viewer state");
	state = merge_state(view->state, command->object, arena, &diag);
	if (!doc_open(state, DOC_DOCUMENT, &item, &diag) || !vm_viewer_decode(s->program, item, s->scratch, &decoded, &diag) ||
		(view->live != NULL && !live_view_look_with(view->live, state, &diag)))
	{
		kit_arena_delete(arena);
		failed(s, &diag, out);
		return;
	}
	kit_arena_delete(view->arena);
	view->arena = arena;
	view->state = state;
	succeeded(s, out);
	turn = begin_turn(s, &diag);
	update_view(s, view, turn, &diag, out);
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
			update_viewer(s, command, out);
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
	close_views(s, NULL);
	live_document_free(s->shown);
	if (s->doc != NULL)
		drop_document(s);
	cli_past_free(s->past);
	kit_arena_delete(s->scratch);
	kit_arena_delete(s->arena);
}
