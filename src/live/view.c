/*
 * view.c
 *	  View classes: who sees the same, what they were sent last, and what is different since.
 *
 * A view has the private part; the shared one is its document's.  What a class is sent is both in one object.  They have no member in common but mixed ones
 * (plan.h), whose deltas are put together member by member.
 */
#include <string.h>

#include "live/internal.h"
#include "live/parts.h"

struct LiveView
{
	LiveDocument *document;
	const VmProgram *program;
	KitArena   *arena;			/* of this and of who looks */
	const VmPrincipal *who;
	KitArena   *viewer_arenas[2];	/* one of them holds viewer; NULL: not made yet */
	int			current;
	VmObj	   *viewer;			/* NULL: the initial values */
	bool	   *viewer_changed; /* by slot of the viewer's structure: what is different since the last update */
	bool		has_viewer_changed;
	LiveMemory	private;
	uint64_t	version;		/* of the shared part, as it was sent; 0: nothing was */
	VmText		before;			/* what goes before the last change */
	bool		is_alone;		/* the last change can't be composed with others */
};

static int
root_reads(const VmProgram *program)
{
	return vm_program_lang(program)->root->reads;
}

/* The viewer state as an object of the program, when the view depends on it at all. */
static bool
decode_viewer(const VmProgram *program, DocBytes bytes, KitArena *arena, VmObj **viewer, KitDiag *diag)
{
	DocItem		item;

	*viewer = NULL;
	if (bytes.len == 0 || (root_reads(program) & LANG_READS_VIEWER) == 0)
		return true;
	return doc_open(bytes, DOC_DOCUMENT, &item, diag) && vm_viewer_decode(program, item, arena, viewer, diag);
}

static bool
make_who(const LiveViewer *viewer, KitArena *arena, const VmPrincipal **who, KitDiag *diag)
{
	if (viewer->agent.len > UINT16_MAX || viewer->authority.len > UINT16_MAX)
		return kit_fail(diag, KIT_INVALID_VIEWER, "a principal cannot have more than %d bytes", UINT16_MAX);
	*who = vm_principal_new(arena, viewer->agent.str, viewer->agent.len, viewer->authority.str, viewer->authority.len);
	return true;
}

/* ---- classes ---- */

static void
add_part(KitBuf *name, VmText part)
{
	kit_buf_printf(name, "%u:", part.len);
	kit_buf_add(name, part.str, part.len);
}

/* Viewer states that mean the same look the same: all declared fields, in their order, those left out with their initial values. */
static void
add_viewer_state(KitBuf *name, const VmProgram *program, const LiveViewer *viewer, KitArena *arena)
{
	const LangStruct *view = vm_program_lang(program)->view;
	VmObj	   *object = NULL;
	KitDiag		diag;
	KitBuf		bytes;
	DocWriter	w;

	if (viewer->viewer.len > 0 && !decode_viewer(program, viewer->viewer, arena, &object, &diag))
	{
		kit_buf_add_char(name, '!');
		return;
	}
	kit_buf_init(&bytes, arena);
	if (object == NULL && !vm_viewer_decode(program, (DocItem) {.kind = DOC_OBJECT}, arena, &object, &diag))
		return;
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	vm_value_encode(&w, view->type, (VmVal) {.obj = object});
	doc_to_json(doc_write_end(&w), DOC_DOCUMENT, DOC_JSON_TEXT, name, &diag);
}

VmText
live_class_name(const VmProgram *program, const LiveViewer *viewer, KitArena *arena)
{
	int			reads = root_reads(program);
	KitBuf		name;

	kit_buf_init(&name, arena);
	if (reads & LANG_READS_WHO)
	{
		add_part(&name, viewer->agent);
		add_part(&name, viewer->authority);
	}
	if (reads & LANG_READS_VIEWER)
		add_viewer_state(&name, program, viewer, arena);
	return (VmText) {name.data, (uint32_t) name.len};
}

/* ---- views ---- */

static KitArena *
new_arena(const char *name, bool keep)
{
	KitArena   *arena = kit_arena_new(name);

	if (keep)
		kit_arena_keep(arena);
	return arena;
}

LiveView *
live_view_new(LiveDocument *document, const LiveViewer *viewer, KitDiag *diag)
{
	KitArena   *arena = new_arena("adama view", document->keep);
	LiveView   *view = KIT_NEW(arena, LiveView);

	view->document = document;
	view->program = document->program;
	view->arena = arena;
	if (!make_who(viewer, arena, &view->who, diag) || !decode_viewer(view->program, viewer->viewer, arena, &view->viewer, diag))
	{
		kit_arena_delete(arena);
		return NULL;
	}
	view->private.plan = document->plans->root[LIVE_PRIVATE];
	view->private.keep = document->keep;
	view->viewer_changed = KIT_NEW_N(arena, bool, vm_program_lang(view->program)->view->n_slots + 1);
	return view;
}

void
live_view_free(LiveView *view)
{
	live_memory_forget(&view->private);
	for (int i = 0; i < 2; i++)
		if (view->viewer_arenas[i] != NULL)
			kit_arena_delete(view->viewer_arenas[i]);
	kit_arena_delete(view->arena);
}

size_t
live_view_memory(const LiveView *view)
{
	return kit_arena_size(view->arena) + live_memory_size(&view->private);
}

void
live_view_forget(LiveView *view)
{
	view->version = 0;
	live_memory_forget(&view->private);
}

bool
live_view_look_with(LiveView *view, DocBytes viewer, KitDiag *diag)
{
	const LangStruct *structure = vm_program_lang(view->program)->view;
	int			next = 1 - view->current;
	VmObj	   *before = view->viewer;
	VmObj	   *now;

	if (view->viewer_arenas[next] == NULL)
		view->viewer_arenas[next] = new_arena("adama viewer", view->document->keep);
	kit_arena_reset(view->viewer_arenas[next]);
	if (!decode_viewer(view->program, viewer, view->viewer_arenas[next], &now, diag))
		return false;
	if (before == NULL && now != NULL && !vm_viewer_decode(view->program, (DocItem) {.kind = DOC_NULL}, view->viewer_arenas[next], &before, diag))
		return false;
	if (now == NULL && before != NULL && !vm_viewer_decode(view->program, (DocItem) {.kind = DOC_NULL}, view->viewer_arenas[next], &now, diag))
		return false;
	for (int i = 0; now != NULL && i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];

		if (field->slot >= 0 && !vm_value_same(field->type, before->slots[field->slot], now->slots[field->slot]))
			view->viewer_changed[field->slot] = view->has_viewer_changed = true;
	}
	view->viewer = now;
	view->current = next;
	return true;
}

/* Two objects as text, in one. */
static bool
join(const LiveView *view, KitArena *scratch, const KitBuf *shared, const KitBuf *private, KitBuf *out, KitDiag *diag)
{
	DocNode    *a;
	DocNode    *b;

	if (shared->len <= 2 || private->len <= 2)
	{
		const KitBuf *one = shared->len > 2 ? shared : private;

		kit_buf_add(out, one->data, one->len);
		return true;
	}
	if (!view->document->plans->is_mixed)
	{
		kit_buf_add(out, shared->data, shared->len - 1);
		kit_buf_add_char(out, ',');
		kit_buf_add(out, private->data + 1, private->len - 1);
		return true;
	}
	if (!live_text_tree(scratch, shared->data, shared->len, &a, diag) || !live_text_tree(scratch, private->data, private->len, &b, diag))
		return false;
	doc_node_to_json(live_parts_join(scratch, a, b), DOC_JSON_WIRE, out);
	return true;
}

static bool
update_private(LiveView *view, LiveTurn *turn, KitBuf *out, KitDiag *diag)
{
	const bool *changed = view->has_viewer_changed ? view->viewer_changed : NULL;
	const LivePlan *plan = view->private.plan;
	LiveLook	look = {.turn = turn, .since = view->private.stamp, .viewer_changed = changed};

	live_look_at_clocks(&look, &view->private);

	if (plan == NULL)
		return true;
	/* most of the time, nothing that is private has changed: then nothing of this viewer is looked at */
	if (view->private.is_sound && turn->serial != 0 && view->private.serial == turn->serial && vm_watch_all_stamp(turn->doc) <= look.since &&
		!view->document->plans->is_unknown && !live_is_newer(&look, &plan->inside, vm_doc_root(turn->doc)))
	{
		view->private.stamp = turn->stamp;
		view->private.now = turn->now;
		view->private.seq = turn->seq;
		return true;
	}
	vm_reader_look(turn->reader, view->who, view->viewer);
	return live_memory_update(&view->private, turn, changed, out->arena, out, diag);
}

/* What goes before the change, of both parts. */
static void
note_before(LiveView *view, const DocNode *shared, KitArena *arena)
{
	const DocNode *private = view->private.plan == NULL ? NULL : view->private.before;
	KitBuf		json;

	if (shared == NULL && private == NULL)
		return;
	kit_buf_init(&json, arena);
	doc_node_to_json(shared == NULL ? private : private == NULL ? shared : live_parts_join(arena, shared, private), DOC_JSON_WIRE, &json);
	view->before = (VmText) {json.data, (uint32_t) json.len};
}

VmText
live_view_before(const LiveView *view)
{
	return view->before;
}

bool
live_view_is_alone(const LiveView *view)
{
	return view->is_alone;
}

LiveOutcome
live_view_update(LiveView *view, LiveTurn *turn, KitBuf *out, KitDiag *diag)
{
	LiveDocument *document = view->document;
	uint64_t	version = view->version;
	bool		is_first = version == 0 || (view->private.plan != NULL && !view->private.is_sound);
	const DocNode *before = NULL;
	KitBuf		shared;
	KitBuf		private;

	view->before = (VmText) {0};
	view->private.before = NULL;
	view->private.is_alone = false;
	view->is_alone = false;
	kit_buf_init(&shared, out->arena);
	kit_buf_init(&private, out->arena);
	/* if it is interrupted, nothing was sent */
	view->version = 0;
	if (!is_first && version + 1 == document->version && turn->change.len > 2)
	{
		shared = turn->change;
		before = document->shared.before;
		view->is_alone = document->shared.is_alone;
	}
	else if (!is_first && !live_document_since(document, version, out->arena, &shared))
		is_first = true;
	if (is_first)
		live_view_forget(view);
	if (!update_private(view, turn, &private, diag))
	{
		live_view_forget(view);
		return LIVE_FAILED;
	}
	memset(view->viewer_changed, 0, sizeof(bool) * (size_t) vm_program_lang(view->program)->view->n_slots);
	view->has_viewer_changed = false;
	if (is_first && document->shared.plan != NULL)
		live_memory_whole(&document->shared, &shared);
	view->is_alone |= view->private.is_alone;
	if (!is_first && shared.len <= 2 && private.len <= 2)
	{
		view->version = document->version;
		return LIVE_UNCHANGED;
	}
	if (!join(view, out->arena, &shared, &private, out, diag))
	{
		live_view_forget(view);
		return LIVE_FAILED;
	}
	if (out->len == 0)
		kit_buf_add_str(out, "{}");
	if (!is_first)
		note_before(view, before, out->arena);
	view->version = document->version;
	return is_first ? LIVE_WHOLE : LIVE_DELTA;
}

void
live_view_whole(const LiveView *view, KitBuf *out)
{
	KitArena   *scratch;
	KitBuf		shared;
	KitBuf		private;
	size_t		mark = out->len;

	if (view->version == 0 || view->version != view->document->version)
		return;
	scratch = kit_arena_new("adama view whole");
	kit_buf_init(&shared, scratch);
	kit_buf_init(&private, scratch);
	if (view->document->shared.plan != NULL)
		live_memory_whole(&view->document->shared, &shared);
	if (view->private.plan != NULL)
		live_memory_whole(&view->private, &private);
	(void) join(view, scratch, &shared, &private, out, NULL);
	if (out->len == mark)
		kit_buf_add_str(out, "{}");
	kit_arena_delete(scratch);
}

/* ---- once ---- */

/* The reader, and all that formulas make, lie in scratch; the tree in arena. */
static bool
build(VmDoc *doc, const VmPrincipal *who, VmObj *viewer, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits,
	  KitArena *scratch, KitArena *arena, DocNode **tree, KitDiag *diag)
{
	VmReader   *reader = vm_reader_new(doc, scratch, who, viewer, now, seq, space, key, limits);

	return live_build(reader, doc, limits, arena, tree, diag);
}

bool
live_view_tree(VmDoc *doc, const LiveViewer *viewer, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits, KitArena *arena,
			   DocNode **tree, KitDiag *diag)
{
	const VmPrincipal *who = NULL;
	VmObj	   *object = NULL;

	return make_who(viewer, arena, &who, diag) && decode_viewer(vm_doc_program(doc), viewer->viewer, arena, &object, diag) &&
		build(doc, who, object, now, seq, space, key, limits, arena, arena, tree, diag);
}

bool
live_view_plain(VmDoc *doc, const LiveViewer *viewer, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits, KitArena *arena,
				KitBuf *out, KitDiag *diag)
{
	DocNode    *tree;
	KitBuf		bytes;
	DocWriter	w;

	if (!live_view_tree(doc, viewer, now, seq, space, key, limits, arena, &tree, diag))
		return false;
	kit_buf_init(&bytes, arena);
	doc_write_begin(&w, &bytes, DOC_DOCUMENT);
	doc_node_write(tree, &w);
	return doc_to_plain_json(doc_write_end(&w), out, diag);
}

void
live_envelope(KitBuf *out, const char *data, size_t data_len, bool is_reset, int64_t seq)
{
	kit_buf_add_char(out, '{');
	if (data_len > 0)
	{
		kit_buf_add_str(out, "\"data\":");
		kit_buf_add(out, data, data_len);
		kit_buf_add_char(out, ',');
	}
	if (is_reset)
		kit_buf_add_str(out, "\"reset\":true,");
	kit_buf_add_str(out, "\"seq\":");
	kit_buf_add_int(out, seq);
	kit_buf_add_char(out, '}');
}
