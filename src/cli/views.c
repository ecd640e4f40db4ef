/*
 * views.c
 *	  Who watches the document of a session: views, what they are sent, and their viewer states.
 *
 * A view is computed when something has happened, and what is new in it is told.  It ends when its script line says so, when the document goes, or when the
 * document disconnects it.
 */
#include <string.h>

#include "cli/session.h"

/* ---- views ---- */

static void
free_view(CliView *view)
{
	if (view->live != NULL)
		live_view_free(view->live);
	kit_arena_delete(view->arena);
}

CliView **
cli_view_find(CliSession *s, VmText name)
{
	CliView	  **link = &s->views;

	while (*link != NULL && ((*link)->name.len != name.len || memcmp((*link)->name.str, name.str, name.len) != 0))
		link = &(*link)->next;
	return link;
}

bool
cli_text_is_same(VmText a, VmText b)
{
	return a.len == b.len && memcmp(a.str, b.str, a.len) == 0;
}

bool
cli_view_is_connected(const CliSession *s, VmText agent, VmText authority)
{
	for (const CliView *view = s->views; view != NULL; view = view->next)
		if (cli_text_is_same(view->agent, agent) && cli_text_is_same(view->authority, authority))
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

void
cli_view_add(CliSession *s, const CliCommand *command)
{
	CliView	   *view = KIT_NEW(s->arena, CliView);

	view->name = keep_text(s->arena, command->name);
	view->agent = keep_text(s->arena, command->agent);
	view->authority = keep_text(s->arena, command->authority);
	view->arena = kit_arena_new("viewer state");
	if (command->object.kind == DOC_OBJECT)
		view->state = keep_state(view->arena, command->object);
	*cli_view_find(s, command->name) = view;
}

void
cli_view_remove(CliView **link)
{
	CliView	   *view = *link;

	*link = view->next;
	free_view(view);
}

static LiveViewer
viewer_of(const CliView *view)
{
	return (LiveViewer) {view->agent, view->authority, view->state};
}

static void
begin_payload(const CliView *view, KitBuf *out)
{
	kit_buf_add_str(out, "{\"view\":");
	doc_json_string(view->name.str, view->name.len, DOC_JSON_TEXT, out);
	kit_buf_add_str(out, ",\"payload\":");
}

static void
tell_failure(CliView *view, const KitDiag *diag, KitBuf *out)
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
tell_change(CliSession *s, CliView *view, const KitBuf *data, bool is_whole, KitBuf *out)
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
update_view(CliSession *s, CliView *view, LiveTurn *turn, const KitDiag *failure, KitBuf *out)
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

void
cli_views_update(CliSession *s, KitBuf *out)
{
	KitDiag		diag = {0};
	LiveTurn   *turn;

	if (s->doc == NULL || s->views == NULL)
		return;
	turn = begin_turn(s, &diag);
	for (CliView *view = s->views; view != NULL; view = view->next)
		update_view(s, view, turn, &diag, out);
}

void
cli_views_close(CliSession *s, KitBuf *out)
{
	for (CliView *view = s->views; view != NULL; view = view->next)
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

/* ---- what events did beside ---- */

static void
tell_effect(CliSession *s, const VmEffect *effect, KitBuf *out)
{
	for (CliView *view = s->views; view != NULL; view = view->next)
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
static CliGone *
end_views(CliSession *s, KitBuf *out)
{
	CliGone	   *gone = NULL;
	CliGone	  **end = &gone;

	for (CliView **link = &s->views; *link != NULL;)
	{
		CliView	   *view = *link;

		if (!view->is_ended)
		{
			link = &view->next;
			continue;
		}
		begin_payload(view, out);
		kit_buf_add_str(out, "{\"closed\":\"disconnected\"}}\n");
		*end = KIT_NEW(s->scratch, CliGone);
		**end = (CliGone) {view->agent, view->authority, NULL};	/* they live as long as the session */
		end = &(*end)->next;
		cli_view_remove(link);
	}
	return gone;
}

CliGone *
cli_views_tell_effects(CliSession *s, KitBuf *out)
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

bool
cli_view_unknown(const CliCommand *command, KitDiag *diag)
{
	return kit_fail(diag, KIT_UNKNOWN_CONNECTION, "there is no view \"%.*s\"", (int) command->name.len, command->name.str);
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

bool
cli_view_change(CliSession *s, const CliCommand *command, KitDiag *diag)
{
	CliView	   *view = *cli_view_find(s, command->name);
	KitArena   *arena;
	DocBytes	state;
	VmObj	   *decoded;
	DocItem		item;

	if (view == NULL)
		return cli_view_unknown(command, diag);
	arena = kit_arena_new("viewer state");
	state = merge_state(view->state, command->object, arena, diag);
	if (!doc_open(state, DOC_DOCUMENT, &item, diag) || !vm_viewer_decode(s->program, item, s->scratch, &decoded, diag) ||
		(view->live != NULL && !live_view_look_with(view->live, state, diag)))
	{
		kit_arena_delete(arena);
		return false;
	}
	kit_arena_delete(view->arena);
	view->arena = arena;
	view->state = state;
	return true;
}

void
cli_view_update(CliSession *s, VmText name, KitBuf *out)
{
	KitDiag		diag = {0};
	LiveTurn   *turn = begin_turn(s, &diag);

	update_view(s, *cli_view_find(s, name), turn, &diag, out);
}
