/*
 * view.c
 *	  View classes: who sees the same, the tree that was last sent, and the change since.
 *
 * A view has two arenas.  One holds the tree that was sent last; the next tree is built in the other, compared with it, and,
 * when all went well, takes its place.  An interrupt that does not come back leaves the tree that was sent.
 */
#include <string.h>

#include "live/internal.h"

struct LiveView
{
	const VmProgram *program;
	KitArena   *arena;			/* of this and of who looks */
	const VmPrincipal *who;
	VmObj	   *viewer;			/* NULL: the initial values */
	KitArena   *trees[2];
	int			current;		/* which of them holds tree */
	DocNode    *tree;			/* NULL: nothing was sent yet */
	bool		has_json;		/* something of the program is JSON: arrays may become objects */
	bool		has_texts;		/* that several people write */
	VmText		before;			/* what goes before the last change; in the arena of tree */
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

/* ---- arrays that become objects ---- */

static bool
holds(const LangType *type, LangTypeKind kind)
{
	return type->kind == kind || (type->a != NULL && holds(type->a, kind)) || (type->b != NULL && holds(type->b, kind));
}

static bool
struct_holds(const LangStruct *structure, LangTypeKind kind)
{
	for (int i = 0; i < structure->n_fields; i++)
		if (holds(structure->fields[i]->type, kind))
			return true;
	return false;
}

static bool
program_holds(const LangProgram *program, LangTypeKind kind)
{
	for (int i = 0; i < program->n_structs; i++)
		if (struct_holds(program->structs[i], kind))
			return true;
	return struct_holds(program->root, kind);
}

/*
 * Adama's clients take an object that comes where they have an array for a change of its elements.  They must be told first that the array is gone: an
 * object with null for each such array, or NULL when there is none.
 */
static DocNode *
lost_arrays(KitArena *scratch, const DocNode *from, const DocNode *to)
{
	DocNode    *lost = NULL;

	for (uint32_t i = 0; i < to->u.object.n; i++)
	{
		const DocMember *member = &to->u.object.members[i];
		const DocNode *old = doc_node_get(from, member->key, member->key_len);
		DocNode    *inside = NULL;

		if (old == NULL || old == member->value || member->value->kind != DOC_OBJECT)
			continue;
		if (old->kind == DOC_ARRAY)
			inside = doc_node_new(scratch, DOC_NULL);
		else if (old->kind == DOC_OBJECT)
			inside = lost_arrays(scratch, old, member->value);
		if (inside == NULL)
			continue;
		if (lost == NULL)
			lost = doc_node_new(scratch, DOC_OBJECT);
		doc_node_add(scratch, lost, member->key, member->key_len, inside);
	}
	return lost;
}

static void
note_lost_arrays(LiveView *view, KitArena *scratch, const DocNode *tree, KitArena *arena)
{
	DocNode    *lost = view->has_json && view->tree != NULL ? lost_arrays(scratch, view->tree, tree) : NULL;
	KitBuf		json;

	view->before = (VmText) {0};
	if (lost == NULL)
		return;
	kit_buf_init(&json, arena);
	doc_node_to_json(lost, DOC_JSON_WIRE, &json);
	view->before = (VmText) {json.data, (uint32_t) json.len};
}

/* ---- texts ---- */

static int64_t
number_of(const DocNode *text, const char *key)
{
	return doc_node_get(text, key, 2)->u.i;
}

static bool
knows_earlier(const DocNode *from, const LiveText *to)
{
	const LiveText *old = (const LiveText *) from;

	return live_is_text(from) && to->where != 0 && old->where == to->where && number_of(from, "$g") == to->text->gen && number_of(from, "$s") >= to->text->seq;
}

/* What happened to a text since: the changes, as JSON in strings. */
static DocNode *
changes_since(KitArena *scratch, int64_t since, const VmCoText *text)
{
	DocNode    *changes = doc_node_new(scratch, DOC_OBJECT);
	int64_t		end = (int64_t) text->seq + text->n_changes;

	for (; since < end; since++)
	{
		char	   *key = kit_arena_printf(scratch, "%lld", (long long) since);
		KitBuf		json;

		kit_buf_init(&json, scratch);
		doc_item_to_json(vm_cotext_change(text, since), DOC_JSON_TEXT, &json);
		doc_node_add(scratch, changes, key, strlen(key), doc_node_string(scratch, json.data, json.len));
	}
	doc_node_add(scratch, changes, "$s", 2, doc_node_int(scratch, end));
	return changes;
}

/* Puts the changes of texts, or whole ones, in place of what compares their members. */
static DocNode *
tell_texts(KitArena *scratch, DocNode *delta, const DocNode *from, const DocNode *to)
{
	if (from == NULL || to == NULL || delta->kind != DOC_OBJECT || from->kind != DOC_OBJECT || to->kind != DOC_OBJECT)
		return delta;
	if (live_is_text(to))
	{
		const LiveText *text = (const LiveText *) to;

		return knows_earlier(from, text) ? changes_since(scratch, number_of(from, "$s"), text->text) : (DocNode *) to;
	}
	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		DocMember  *member = &delta->u.object.members[i];

		member->value = tell_texts(scratch, member->value, doc_node_get(from, member->key, member->key_len), doc_node_get(to, member->key, member->key_len));
	}
	return delta;
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
live_view_new(const VmProgram *program, const LiveViewer *viewer, bool keep, KitDiag *diag)
{
	KitArena   *arena = new_arena("adama view", keep);
	LiveView   *view = KIT_NEW(arena, LiveView);

	view->program = program;
	view->arena = arena;
	view->has_json = program_holds(vm_program_lang(program), LANG_DYNAMIC) || program_holds(vm_program_lang(program), LANG_JSON);
	view->has_texts = program_holds(vm_program_lang(program), LANG_TEXT);
	if (!make_who(viewer, arena, &view->who, diag) || !decode_viewer(program, viewer->viewer, arena, &view->viewer, diag))
	{
		kit_arena_delete(arena);
		return NULL;
	}
	view->trees[0] = new_arena("adama view tree", keep);
	view->trees[1] = new_arena("adama view tree", keep);
	return view;
}

void
live_view_free(LiveView *view)
{
	kit_arena_delete(view->trees[0]);
	kit_arena_delete(view->trees[1]);
	kit_arena_delete(view->arena);
}

size_t
live_view_memory(const LiveView *view)
{
	return kit_arena_size(view->arena) + kit_arena_size(view->trees[0]) + kit_arena_size(view->trees[1]);
}

void
live_view_forget(LiveView *view)
{
	view->tree = NULL;
	view->before = (VmText) {0};
	kit_arena_reset(view->trees[0]);
	kit_arena_reset(view->trees[1]);
}

/* The reader, and all that formulas make, lie in scratch; the tree in arena. */
static bool
build(VmDoc *doc, const VmPrincipal *who, VmObj *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits, KitArena *scratch,
	  KitArena *arena, DocNode **tree, KitDiag *diag)
{
	VmReader   *reader = vm_reader_new(doc, scratch, who, viewer, now, space, key, limits);

	return live_build(reader, doc, limits, arena, tree, diag);
}

bool
live_view_update(LiveView *view, VmDoc *doc, int64_t now, VmText space, VmText key, const VmLimits *limits, KitBuf *out, bool *changed, KitDiag *diag)
{
	KitArena   *scratch = kit_arena_new("adama view update");
	KitArena   *next = view->trees[1 - view->current];
	DocNode    *tree;
	DocNode    *delta;
	bool		is_built;

	ADAMA_ASSERT(vm_doc_program(doc) == view->program);
	*changed = false;
	kit_arena_reset(next);
	is_built = build(doc, view->who, view->viewer, now, space, key, limits, scratch, next, &tree, diag);
	if (is_built)
	{
		note_lost_arrays(view, scratch, tree, next);
		delta = view->tree == NULL ? tree : doc_node_diff(scratch, view->tree, tree);
		*changed = delta != NULL;
		if (delta != NULL && view->tree != NULL && view->has_texts)
			delta = tell_texts(scratch, delta, view->tree, tree);
		if (delta != NULL)
			doc_node_to_json(delta, DOC_JSON_WIRE, out);
		view->tree = tree;
		view->current = 1 - view->current;
	}
	else
		live_view_forget(view);
	kit_arena_delete(scratch);
	return is_built;
}

VmText
live_view_before(const LiveView *view)
{
	return view->before;
}

void
live_view_whole(const LiveView *view, KitBuf *out)
{
	if (view->tree != NULL)
		doc_node_to_json(view->tree, DOC_JSON_WIRE, out);
}

/* ---- once ---- */

bool
live_view_tree(VmDoc *doc, const LiveViewer *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits, KitArena *arena,
			   DocNode **tree, KitDiag *diag)
{
	const VmPrincipal *who = NULL;
	VmObj	   *object = NULL;

	return make_who(viewer, arena, &who, diag) && decode_viewer(vm_doc_program(doc), viewer->viewer, arena, &object, diag) &&
		build(doc, who, object, now, space, key, limits, arena, arena, tree, diag);
}

bool
live_view_plain(VmDoc *doc, const LiveViewer *viewer, int64_t now, VmText space, VmText key, const VmLimits *limits, KitArena *arena, KitBuf *out,
				KitDiag *diag)
{
	DocNode    *tree;
	KitBuf		bytes;
	DocWriter	w;

	if (!live_view_tree(doc, viewer, now, space, key, limits, arena, &tree, diag))
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
