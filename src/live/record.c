/*
 * record.c
 *	  Records and their cells: what of them is different from what was shown.
 *
 * A record that is shown for the first time, or again after it was hidden, has empty cells: what is different is then all of it.  When another record takes its
 * place (a formula yields another row) the cells are compared one by one, as a client's merge patch has it.
 */
#include <string.h>

#include "live/internal.h"
#include "live/parts.h"

/* ---- text ---- */

void
live_cut(KitBuf *out, size_t mark)
{
	out->len = mark;
	if (out->cap > 0)
		out->data[mark] = '\0';
}

void
live_end_object(KitBuf *out)
{
	if (out->data[out->len - 1] == ',')
		live_cut(out, out->len - 1);
	kit_buf_add_char(out, '}');
}

static void
add_key(KitBuf *out, const char *key, size_t len)
{
	doc_json_string(key, len, DOC_JSON_WIRE, out);
	kit_buf_add_char(out, ':');
}

static void
add_null(KitBuf *out, const char *key, size_t len)
{
	add_key(out, key, len);
	kit_buf_add_str(out, "null,");
}

bool
live_has_room(LiveLook *look)
{
	if (kit_heap_size(look->heap) <= look->heap_most && kit_arena_size(look->scratch) <= look->scratch_most)
		return true;
	kit_fail(look->diag, KIT_BUDGET_EXCEEDED, "the view used up its budget of %lld bytes of memory", (long long) look->limits->memory);
	kit_diag_hint(look->diag, "Perhaps a formula of a record shows rows that show it again.");
	return false;
}

bool
live_enter(LiveLook *look)
{
	if (look->depth >= DOC_MAX_DEPTH || port_stack_is_low())
	{
		kit_fail(look->diag, KIT_RUNTIME_ERROR, "the view nests deeper than %d levels", DOC_MAX_DEPTH);
		kit_diag_hint(look->diag, "Perhaps a formula of a record shows rows that show it again.");
		return false;
	}
	port_poll();
	look->depth++;
	return live_has_room(look);
}

/* The cell's records and lists are there by the other part; this one has more members for them. */
static bool
is_overlay(const LiveCellPlan *plan)
{
	return plan->rows != NULL && plan->rows->part == LIVE_PRIVATE;
}

/* ---- values ---- */

static const char *
text_of(const LiveCell *cell)
{
	return cell->len <= LIVE_SHORT ? cell->u.text : cell->u.data;
}

static void
empty_cell(KitHeap *heap, const LiveCellPlan *plan, LiveCell *cell)
{
	switch ((LiveCellKind) cell->kind)
	{
		case LIVE_NOTHING:
			break;
		case LIVE_TEXT:
			if (cell->len > LIVE_SHORT)
				kit_heap_free(heap, cell->u.data, cell->len);
			break;
		case LIVE_TREE:
		case LIVE_COTEXT:
			kit_heap_free(heap, cell->u.data, cell->len);
			break;
		case LIVE_RECORD:
			live_record_free(heap, plan->rows, cell->u.record);
			break;
		case LIVE_LIST:
		case LIVE_COUNT:
			live_list_free(heap, plan->rows, cell->u.list);
			kit_heap_free(heap, cell->u.list, sizeof(LiveList));
			break;
	}
	cell->kind = LIVE_NOTHING;
}

/* It is not shown any more. */
static void
hide_cell(LiveLook *look, const LiveCellPlan *plan, LiveCell *cell)
{
	cell->is_gone |= cell->kind != LIVE_NOTHING && !(cell->kind == LIVE_RECORD && cell->u.record->is_hidden);
	empty_cell(look->heap, plan, cell);
}

static void
set_text(LiveLook *look, LiveCell *cell, const char *text, size_t len)
{
	cell->kind = LIVE_TEXT;
	cell->len = (uint32_t) len;
	if (len > LIVE_SHORT)
		cell->u.data = kit_heap_alloc(look->heap, len);
	memcpy(len > LIVE_SHORT ? cell->u.data : cell->u.text, text, len);
}

/* A value that is not taken apart: it stands in out already, from mark on, and its key before it, from start on. */
static void
update_text(LiveLook *look, const LiveCellPlan *plan, LiveCell *cell, size_t start, size_t mark)
{
	KitBuf	   *out = look->out;
	const char *text = out->data + mark;
	size_t		len = out->len - mark;

	if (cell->kind == LIVE_TEXT && cell->len == len && memcmp(text_of(cell), text, len) == 0)
	{
		live_cut(out, start);
		return;
	}
	empty_cell(look->heap, plan, cell);
	set_text(look, cell, text, len);
	kit_buf_add_char(out, ',');
}

static DocBytes
bytes_of(const LiveCell *cell)
{
	size_t		head = cell->kind == LIVE_COTEXT ? sizeof(uint64_t) : 0;

	return (DocBytes) {cell->u.data + head, cell->len - head};
}

static bool
read_tree(LiveLook *look, const LiveCell *cell, DocNode **tree)
{
	DocItem		item;

	*tree = NULL;
	return (cell->kind != LIVE_TREE && cell->kind != LIVE_COTEXT) ||
		(doc_open(bytes_of(cell), DOC_DOCUMENT, &item, look->diag) && doc_node_from_item(look->scratch, item, tree, look->diag));
}

static void
set_tree(LiveLook *look, const LiveCellPlan *plan, LiveCell *cell, const DocNode *now, LiveCellKind kind, uint64_t where)
{
	size_t		head = kind == LIVE_COTEXT ? sizeof(where) : 0;
	DocWriter	w;
	KitBuf		buf;
	DocBytes	bytes;

	kit_buf_init(&buf, look->scratch);
	doc_write_begin(&w, &buf, DOC_DOCUMENT);
	doc_node_write(now, &w);
	bytes = doc_write_end(&w);
	empty_cell(look->heap, plan, cell);
	cell->kind = kind;
	cell->len = (uint32_t) (head + bytes.len);
	cell->u.data = kit_heap_alloc(look->heap, cell->len);
	memcpy(cell->u.data, &where, head);
	memcpy(cell->u.data + head, bytes.data, bytes.len);
}

/* ---- texts that several people write ---- */

static int64_t
number_of(const DocNode *text, const char *key)
{
	const DocNode *number = doc_node_get(text, key, 2);

	return number != NULL && number->kind == DOC_INT ? number->u.i : -1;
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

/* Texts within other values are told whole, not member by member. */
static DocNode *
tell_texts(DocNode *delta, const DocNode *to)
{
	if (to == NULL || delta->kind != DOC_OBJECT || to->kind != DOC_OBJECT)
		return delta;
	if (live_is_text(to))
		return (DocNode *) to;
	for (uint32_t i = 0; i < delta->u.object.n; i++)
	{
		DocMember  *member = &delta->u.object.members[i];

		member->value = tell_texts(member->value, doc_node_get(to, member->key, member->key_len));
	}
	return delta;
}

static bool
update_cotext(LiveLook *look, const LiveCellPlan *plan, LiveCell *cell, VmObj *obj, const LiveText *now)
{
	const KitSym *name = plan->field->name;
	uint64_t	where = plan->field->kind == LANG_STORED_FIELD ? live_text_where(obj, plan->field) : 0;
	uint64_t	was = 0;
	const DocNode *delta = &now->node;
	DocNode    *before;

	if (!read_tree(look, cell, &before))
		return false;
	if (before != NULL)
	{
		memcpy(&was, cell->u.data, sizeof(was));
		if (was == where && doc_node_equal(before, &now->node))
			return true;
		if (was == where && where != 0 && number_of(before, "$g") == now->text->gen && number_of(before, "$s") >= (int64_t) now->text->seq)
			delta = changes_since(look->scratch, number_of(before, "$s"), now->text);
		look->tells_text = true;
	}
	add_key(look->out, name->text, name->len);
	doc_node_to_json(delta, DOC_JSON_WIRE, look->out);
	kit_buf_add_char(look->out, ',');
	set_tree(look, plan, cell, &now->node, LIVE_COTEXT, where);
	return true;
}

/*
 * Adama's clients take an object that comes where they have an array for a change of its elements.  They must be told first that the array is gone: null
 * for each such array.
 */
static DocNode *
lost_arrays(KitArena *scratch, const DocNode *from, const DocNode *to)
{
	DocNode    *lost = NULL;

	if (to->kind != DOC_OBJECT || from == to)
		return NULL;
	if (from->kind == DOC_ARRAY)
		return doc_node_new(scratch, DOC_NULL);
	for (uint32_t i = 0; from->kind == DOC_OBJECT && i < to->u.object.n; i++)
	{
		const DocMember *member = &to->u.object.members[i];
		const DocNode *old = doc_node_get(from, member->key, member->key_len);
		DocNode    *inside = old == NULL ? NULL : lost_arrays(scratch, old, member->value);

		if (inside == NULL)
			continue;
		if (lost == NULL)
			lost = doc_node_new(scratch, DOC_OBJECT);
		doc_node_add(scratch, lost, member->key, member->key_len, inside);
	}
	return lost;
}

/* Notes what is lost in the cell of that name, from the root of the view on. */
static void
note_lost(LiveLook *look, const KitSym *name, DocNode *lost)
{
	DocNode    *inside = doc_node_new(look->scratch, DOC_OBJECT);

	doc_node_add(look->scratch, inside, name->text, name->len, lost);
	for (const LivePath *at = look->path; at != NULL; at = at->up)
	{
		DocNode    *around = doc_node_new(look->scratch, DOC_OBJECT);

		doc_node_add(look->scratch, around, kit_arena_strdup(look->scratch, at->key, at->len), at->len, inside);
		inside = around;
	}
	look->before = look->before == NULL ? inside : live_parts_join(look->scratch, look->before, inside);
}

static bool
update_tree(LiveLook *look, const LiveCellPlan *plan, LiveCell *cell, const DocNode *now)
{
	const KitSym *name = plan->field->name;
	DocNode    *before;
	DocNode    *delta;

	if (!read_tree(look, cell, &before))
		return false;
	delta = doc_node_diff(look->scratch, before, now);
	if (delta == NULL)
		return true;
	if (before != NULL)
	{
		DocNode    *lost = lost_arrays(look->scratch, before, now);

		if (lost != NULL)
			note_lost(look, name, lost);
		delta = tell_texts(delta, now);
	}
	add_key(look->out, name->text, name->len);
	doc_node_to_json(delta, DOC_JSON_WIRE, look->out);
	kit_buf_add_char(look->out, ',');
	set_tree(look, plan, cell, now, LIVE_TREE, 0);
	return true;
}

/* Appends values whose JSON is known at once; false: it is none of these. */
static bool
write_simple(KitBuf *out, const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_INT:
		case LANG_ENUM:
			kit_buf_add_int(out, value.i);
			return true;
		case LANG_LONG:
			kit_buf_add_char(out, '"');
			kit_buf_add_int(out, value.i);
			kit_buf_add_char(out, '"');
			return true;
		case LANG_BOOL:
			kit_buf_add_str(out, value.i != 0 ? "true" : "false");
			return true;
		case LANG_STRING:
			doc_json_string(value.str->text, value.str->len, DOC_JSON_WIRE, out);
			return true;
		default:
			return false;
	}
}

static bool
update_value(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell)
{
	const LangField *field = plan->field;
	KitBuf	   *out = look->out;
	size_t		start = out->len;
	size_t		mark;
	DocNode    *node;
	VmVal		value = {.i = obj->id};

	if (!field->is_id && !vm_reader_field(look->reader, obj, field, &value, look->diag))
		return false;
	add_key(out, field->name->text, field->name->len);
	mark = out->len;
	if (!write_simple(out, field->type, value))
	{
		live_cut(out, start);
		if (!live_build_value(look->reader, look->limits, look->scratch, look->depth, field->type, value, &node, look->diag))
			return false;
		if (node == NULL)
		{
			hide_cell(look, plan, cell);
			return true;
		}
		if (live_is_text(node))
			return update_cotext(look, plan, cell, obj, (const LiveText *) node);
		if (node->kind == DOC_OBJECT || node->kind == DOC_ARRAY)
			return update_tree(look, plan, cell, node);
		add_key(out, field->name->text, field->name->len);
		doc_node_to_json(node, DOC_JSON_WIRE, out);
	}
	update_text(look, plan, cell, start, mark);
	return true;
}

VmText
live_cell_text(const LiveCell *cell)
{
	return cell->kind == LIVE_TEXT ? (VmText) {text_of(cell), cell->len} : (VmText) {0};
}

bool
live_renew_text(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool *is_changed, VmText *before)
{
	const LangField *field = plan->field;
	KitBuf	   *out = look->out;
	size_t		mark = out->len;
	size_t		len;
	DocNode    *node;
	VmVal		value = {.i = obj->id};
	VmText		old = live_cell_text(cell);

	if (!field->is_id && !vm_reader_field(look->reader, obj, field, &value, look->diag))
		return false;
	if (!write_simple(out, field->type, value))
	{
		if (!live_build_value(look->reader, look->limits, look->scratch, look->depth, field->type, value, &node, look->diag))
			return false;
		if (node != NULL)
			doc_node_to_json(node, DOC_JSON_WIRE, out);
	}
	len = out->len - mark;
	*is_changed = len != old.len || (len > 0 && memcmp(out->data + mark, old.str, len) != 0);
	if (*is_changed)
	{
		*before = (VmText) {kit_arena_strdup(look->scratch, old.str, old.len), old.len};
		empty_cell(look->heap, plan, cell);
		if (len > 0)
			set_text(look, cell, out->data + mark, len);
	}
	live_cut(out, mark);
	return true;
}

/* ---- records in cells ---- */

static bool
update_record_cell(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool all, bool is_stale)
{
	const KitSym *name = plan->field->name;
	VmObj	   *now;
	VmVal		value;
	LiveRecord *record = cell->kind == LIVE_RECORD ? cell->u.record : NULL;
	LiveShowing showing;

	if (!is_stale)
	{
		if (record == NULL)
			return true;
		now = record->obj;
	}
	else
	{
		if (!vm_reader_field(look->reader, obj, plan->field, &value, look->diag))
			return false;
		if (plan->field->type->kind == LANG_MAYBE)
			now = value.maybe == NULL ? NULL : value.maybe->value.obj;
		else
			now = value.obj;
	}
	if (now == NULL || (now->flags & VM_OBJ_DELETED) != 0)
	{
		hide_cell(look, plan, cell);
		return true;
	}
	if (!live_show_record(look, plan->rows, &record, now, name->text, name->len, all || (is_stale && !live_is_row(now)), false, &showing))
		return false;
	cell->kind = LIVE_RECORD;
	cell->u.record = record;
	cell->is_gone |= showing == LIVE_VANISHED;
	return true;
}

static bool
update_list_cell(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool all, bool is_stale)
{
	const KitSym *name = plan->field->name;
	bool		is_new = cell->kind == LIVE_NOTHING;
	KitBuf	   *out = look->out;
	size_t		start = out->len;
	size_t		mark;
	LivePath	here = {look->path, name->text, name->len};

	if (is_new)
	{
		/* hidden, and nothing has changed about that */
		if (!is_stale)
			return true;
		cell->u.list = kit_heap_zalloc(look->heap, sizeof(LiveList));
		cell->kind = LIVE_LIST;
	}
	add_key(out, name->text, name->len);
	kit_buf_add_char(out, '{');
	mark = out->len;
	look->path = &here;
	if (!live_enter(look) || !live_update_list(look, plan, cell->u.list, obj, all || is_new, is_new))
		return false;
	look->path = here.up;
	look->depth--;
	if (out->len == mark && (!is_new || is_overlay(plan)))
		live_cut(out, start);
	else
	{
		live_end_object(out);
		kit_buf_add_char(out, ',');
	}
	return true;
}

static bool
update_count_cell(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool all, bool is_stale)
{
	const KitSym *name = plan->field->name;
	bool		is_new = cell->kind == LIVE_NOTHING;

	if (is_new)
	{
		if (!is_stale)
			return true;
		cell->u.list = kit_heap_zalloc(look->heap, sizeof(LiveList));
		cell->kind = LIVE_COUNT;
	}
	if (!live_update_count(look, plan, cell->u.list, obj, all || is_new))
		return false;
	if (!is_new && cell->u.list->n == cell->len)
		return true;
	cell->len = cell->u.list->n;
	add_key(look->out, name->text, name->len);
	kit_buf_add_int(look->out, cell->len);
	kit_buf_add_char(look->out, ',');
	return true;
}

static bool
update_cell(LiveLook *look, const LiveCellPlan *plan, VmObj *obj, LiveCell *cell, bool all)
{
	bool		is_stale = all || live_is_newer(look, &plan->value, obj);
	bool		may = true;

	if (is_stale && plan->is_guarded && !vm_reader_may_see(look->reader, obj, plan->field, &may, look->diag))
		return false;
	if (!may)
	{
		hide_cell(look, plan, cell);
		return true;
	}
	switch (plan->form)
	{
		case LIVE_FORM_VALUE:
			return !is_stale || update_value(look, plan, obj, cell);
		case LIVE_FORM_RECORD:
			return update_record_cell(look, plan, obj, cell, all, is_stale);
		case LIVE_FORM_LIST:
		case LIVE_FORM_KEPT:
		case LIVE_FORM_VALUES:
			return update_list_cell(look, plan, obj, cell, all, is_stale);
		case LIVE_FORM_COUNT:
			return update_count_cell(look, plan, obj, cell, all, is_stale);
	}
	return false;
}

/* ---- records ---- */

bool
live_update_cells(LiveLook *look, const LivePlan *plan, LiveRecord *record, bool all)
{
	bool		has_gone = false;

	for (int i = 0; i < plan->n_cells; i++)
	{
		const LiveCellPlan *cell = &plan->cells[i];

		if (!all && !live_is_newer(look, &cell->shown, record->obj))
			continue;
		if (!update_cell(look, cell, record->obj, &record->cells[i], all))
			return false;
		has_gone |= record->cells[i].is_gone;
	}
	for (int i = 0; has_gone && i < plan->n_cells; i++)
	{
		LiveCell   *cell = &record->cells[i];
		const KitSym *name = plan->cells[i].field->name;

		/* of a record that is mixed in, the other part says that it is gone */
		if (cell->is_gone && !is_overlay(&plan->cells[i]))
			add_null(look->out, name->text, name->len);
		cell->is_gone = false;
	}
	return true;
}

LiveRecord *
live_record_new(KitHeap *heap, const LivePlan *plan)
{
	return kit_heap_zalloc(heap, sizeof(LiveRecord) + (size_t) plan->n_cells * sizeof(LiveCell));
}

static void
empty_record(KitHeap *heap, const LivePlan *plan, LiveRecord *record)
{
	for (int i = 0; i < plan->n_cells; i++)
		empty_cell(heap, &plan->cells[i], &record->cells[i]);
}

void
live_record_free(KitHeap *heap, const LivePlan *plan, LiveRecord *record)
{
	empty_record(heap, plan, record);
	kit_heap_free(heap, record, sizeof(LiveRecord) + (size_t) plan->n_cells * sizeof(LiveCell));
}

bool
live_show_record(LiveLook *look, const LivePlan *plan, LiveRecord **place, VmObj *obj, const char *key, size_t key_len, bool all, bool is_allowed,
				 LiveShowing *showing)
{
	LiveRecord *record = *place;
	bool		was_shown = record != NULL && !record->is_hidden;
	bool		may = true;
	KitBuf	   *out = look->out;
	size_t		start = out->len;
	size_t		mark;
	LivePath	here = {look->path, key, key_len};

	*showing = LIVE_SAME;
	if (record == NULL)
	{
		record = *place = live_record_new(look->heap, plan);
		record->is_hidden = true;
		all = true;
	}
	else if (record->obj != obj || record->id != obj->id)
		all = true;
	record->obj = obj;
	record->id = obj->id;
	if (!all && obj->stamp <= look->since && !live_is_newer(look, &plan->inside, obj))
		return true;
	if (obj->structure->n_requires > 0 && !is_allowed)
	{
		if (!all && !live_is_newer(look, &plan->guard, obj))
			may = !record->is_hidden;
		else if (!vm_reader_may_see_record(look->reader, obj, &may, look->diag))
			return false;
	}
	if (!may)
	{
		empty_record(look->heap, plan, record);
		record->is_hidden = true;
		if (was_shown)
			*showing = LIVE_VANISHED;
		return true;
	}
	record->is_hidden = false;
	add_key(out, key, key_len);
	kit_buf_add_char(out, '{');
	mark = out->len;
	look->path = &here;
	if (!live_enter(look) || !live_update_cells(look, plan, record, all || !was_shown))
		return false;
	look->path = here.up;
	look->depth--;
	if (out->len == mark && (was_shown || plan->part == LIVE_PRIVATE))
	{
		live_cut(out, start);
		return true;
	}
	live_end_object(out);
	kit_buf_add_char(out, ',');
	*showing = LIVE_CHANGED;
	return true;
}

/* ---- whole ---- */

static void
write_cell(const LiveCellPlan *plan, const LiveCell *cell, KitBuf *out)
{
	const KitSym *name = plan->field->name;
	size_t		start = out->len;
	size_t		mark;
	DocItem		item;

	if (cell->kind == LIVE_NOTHING || (cell->kind == LIVE_RECORD && cell->u.record->is_hidden))
		return;
	add_key(out, name->text, name->len);
	switch ((LiveCellKind) cell->kind)
	{
		case LIVE_NOTHING:
			break;
		case LIVE_TEXT:
			kit_buf_add(out, text_of(cell), cell->len);
			break;
		case LIVE_TREE:
		case LIVE_COTEXT:
			if (doc_open(bytes_of(cell), DOC_DOCUMENT, &item, NULL))
				doc_item_to_json(item, DOC_JSON_WIRE, out);
			break;
		case LIVE_COUNT:
			kit_buf_add_int(out, cell->len);
			break;
		case LIVE_RECORD:
		case LIVE_LIST:
			kit_buf_add_char(out, '{');
			mark = out->len;
			if (cell->kind == LIVE_RECORD)
				live_record_write(plan->rows, cell->u.record, out);
			else
				live_list_write(plan->rows, cell->u.list, out);
			if (out->len == mark && is_overlay(plan))
			{
				live_cut(out, start);
				return;
			}
			live_end_object(out);
			break;
	}
	kit_buf_add_char(out, ',');
}

/* Its members, without braces. */
void
live_record_write(const LivePlan *plan, const LiveRecord *record, KitBuf *out)
{
	for (int i = 0; i < plan->n_cells; i++)
		write_cell(&plan->cells[i], &record->cells[i], out);
}
