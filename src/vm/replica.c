/*
 * replica.c
 *	  Which replicas of a document may have changed, and their values.
 *
 * The journal knows what changed, each unit what it reads, so nothing is kept per replica:
 *
 *		fields of any object	one walk over the journal collects the fields that changed in whatever object, as bits (vm/watch.h says what is a change
 *								of which field).  A replication that reads one of them is evaluated: of the document, or of each row of its record.
 *		a row and its own		from the root down along what is touched, only where rows with replications can be: rows that came, rows that went with
 *								all that was in them, and rows of which a field changed that the replication reads of its own row.
 *
 * What is found is put into order and evaluated.  A machine that may not write does that; it remembers formulas, so what several replications share is
 * computed once.
 */
#include <string.h>

#include "vm/machine.h"
#include "vm/replica.h"
#include "vm/state_internal.h"

/* ---- what the program publishes ---- */

/* Of one structure. */
typedef struct Publisher
{
	const LangReplication **items;
	int			n;
	int		   *routes;			/* slots in which there are rows with replications, however deep */
	int			n_routes;
	bool	   *is_route;		/* by slot */
	bool		holds;			/* it has replications or routes */
} Publisher;

typedef struct VmPublishing
{
	Publisher  *publishers;		/* by LangStruct.index */
	uint32_t   *ranks;			/* by LangReplication.index: how many have a name that comes before its */
	int			n_words;		/* of the bits of fields */
} VmPublishing;

/* What objects there are in a slot of the type, or NULL. */
static const LangStruct *
held_by(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_RECORD:
		case LANG_MAP:
			return type->structure;
		case LANG_TABLE:
		case LANG_MAYBE:
			return type->a->kind == LANG_RECORD ? type->a->structure : NULL;
		default:
			return NULL;
	}
}

static bool
is_in_documents(const LangStruct *s)
{
	return s->kind == LANG_STRUCT_ROOT || s->kind == LANG_STRUCT_RECORD || s->kind == LANG_STRUCT_ENTRY;
}

/* True when it was not known yet that the structure holds any. */
static bool
spread(const VmProgram *program, Publisher *publishers, const LangStruct *s)
{
	Publisher  *p = &publishers[s->index];

	for (int i = 0; i < s->n_fields && !p->holds; i++)
	{
		const LangStruct *held = s->fields[i]->slot >= 0 ? held_by(s->fields[i]->type) : NULL;

		if (held != NULL && publishers[held->index].holds)
			return p->holds = true;
	}
	return false;
}

static void
find_routes(VmProgram *program, Publisher *publishers, const LangStruct *s)
{
	Publisher  *p = &publishers[s->index];

	p->routes = KIT_NEW_N(program->arena, int, s->n_slots + 1);
	p->is_route = KIT_NEW_N(program->arena, bool, s->n_slots + 1);
	for (int i = 0; i < s->n_fields; i++)
	{
		int			slot = s->fields[i]->slot;
		const LangStruct *held = slot >= 0 ? held_by(s->fields[i]->type) : NULL;

		if (held == NULL || !publishers[held->index].holds)
			continue;
		p->routes[p->n_routes++] = slot;
		p->is_route[slot] = true;
	}
}

void
vm_program_publish(VmProgram *program)
{
	const LangProgram *lang = program->lang;
	VmPublishing *publishing;
	Publisher  *publishers;
	bool		changed = true;

	if (lang->n_replications == 0)
		return;
	publishing = KIT_NEW(program->arena, VmPublishing);
	publishing->publishers = publishers = KIT_NEW_N(program->arena, Publisher, program->n_structs);
	publishing->ranks = KIT_NEW_N(program->arena, uint32_t, lang->n_replications);
	publishing->n_words = (lang->n_slots + 63) / 64;
	for (int i = 0; i < lang->n_replications; i++)
	{
		const LangReplication *r = lang->replications[i];
		Publisher  *p = &publishers[r->owner->index];

		for (int k = 0; k < lang->n_replications; k++)
			publishing->ranks[i] += strcmp(lang->replications[k]->name->text, r->name->text) < 0;
		if (p->items == NULL)
			p->items = KIT_NEW_N(program->arena, const LangReplication *, lang->n_replications);
		p->items[p->n++] = r;
		p->holds = r->owner->kind == LANG_STRUCT_RECORD;
	}
	while (changed)
	{
		changed = false;
		port_poll();
		for (uint32_t i = program->n_structs; i > 0; i--)
			if (is_in_documents(program->structs[i - 1].structure))
				changed |= spread(program, publishers, program->structs[i - 1].structure);
	}
	for (uint32_t i = 0; i < program->n_structs; i++)
		if (is_in_documents(program->structs[i].structure))
			find_routes(program, publishers, program->structs[i].structure);
	program->publishing = publishing;
}

/* ---- finding ---- */

typedef struct Found
{
	uint64_t	order;			/* the rank of the name, then the row */
	const LangReplication *of;
	VmObj	   *obj;			/* NULL: it is gone */
} Found;

typedef struct Search
{
	VmDoc	   *doc;
	const VmPublishing *publishing;
	KitArena   *arena;
	const bool *is_affected;	/* by LangReplication.index: all of them are wanted; NULL: of all replications */
	Found	   *items;
	uint32_t	n;
	uint32_t	cap;
} Search;

static void
add(Search *s, const LangReplication *of, int32_t row, VmObj *obj)
{
	if (s->n == s->cap)
	{
		uint32_t	cap = s->cap == 0 ? 8 : s->cap * 2;
		Found	   *items = kit_arena_alloc(s->arena, cap * sizeof(Found));

		if (s->n > 0)
			memcpy(items, s->items, s->n * sizeof(Found));
		s->items = items;
		s->cap = cap;
	}
	s->items[s->n++] = (Found) {(uint64_t) s->publishing->ranks[of->index] << 32 | (uint32_t) row, of, obj};
}

static const Publisher *
publisher_of(const Search *s, const VmObj *obj)
{
	return &s->publishing->publishers[obj->structure->index];
}

static bool
is_row_of_table(const VmObj *obj)
{
	return obj->table != NULL && obj->table->type->kind == LANG_TABLE;
}

/* The container in a slot that is a route; NULL: the slot has a nested record. */
static VmTable *
container_at(const Search *s, const VmObj *obj, int slot)
{
	return vm_slot_table(vm_shape_of(s->doc, obj->structure)->slots[slot].type, obj->slots[slot]);
}

/* Rows with a replication that is wanted of all, obj and what is in it. */
static void
find_all(Search *s, VmObj *obj)
{
	const Publisher *p = publisher_of(s, obj);

	for (int i = 0; is_row_of_table(obj) && i < p->n; i++)
		if (s->is_affected == NULL || s->is_affected[p->items[i]->index])
			add(s, p->items[i], obj->id, obj);
	for (int i = 0; i < p->n_routes; i++)
	{
		VmTable    *table = container_at(s, obj, p->routes[i]);
		VmMapAt		at = {0, 0};
		const VmPair *entry;

		if (table == NULL)
			find_all(s, obj->slots[p->routes[i]].obj);
		else if (table->map != NULL)
			while ((entry = vm_map_step(table->map, &at)) != NULL)
				find_all(s, entry->value.obj);
		else
			for (uint32_t k = 0; k < table->n_rows; k++)
				if ((table->rows[k]->flags & VM_OBJ_DELETED) == 0)
					find_all(s, table->rows[k]);
	}
}

static void find_gone(Search *s, const VmObj *obj);

/* Of what lies within an object that went, what was there at begin has gone, too. */
static void
find_gone_in(Search *s, const VmTable *table)
{
	VmMapAt		at = {0, 0};
	const VmPair *entry;

	if (table->map != NULL)
	{
		while ((entry = vm_map_next(table->map, &at)) != NULL)
			if ((entry->value.obj->flags & VM_OBJ_NEW) == 0)
				find_gone(s, entry->value.obj);
		return;
	}
	for (uint32_t i = 0; i < table->n_rows; i++)
	{
		const VmObj *row = table->rows[i];

		/* one that is deleted and not touched went before the journal began, and holds its place only */
		if ((row->flags & VM_OBJ_NEW) == 0 && (row->flags & (VM_OBJ_DELETED | VM_OBJ_TOUCHED)) != VM_OBJ_DELETED)
			find_gone(s, row);
	}
	for (const VmObj *row = table->touched; row != NULL; row = row->next_touched)
		if ((row->flags & (VM_OBJ_NEW | VM_OBJ_AWAY)) == VM_OBJ_AWAY)
			find_gone(s, row);
}

static void
find_gone(Search *s, const VmObj *obj)
{
	const Publisher *p = publisher_of(s, obj);

	for (int i = 0; is_row_of_table(obj) && i < p->n; i++)
		add(s, p->items[i], obj->id, NULL);
	for (int i = 0; i < p->n_routes; i++)
	{
		const VmTable *table = container_at(s, obj, p->routes[i]);

		if (table == NULL)
			find_gone(s, obj->slots[p->routes[i]].obj);
		else
			find_gone_in(s, table);
	}
}

/* Whether a field of the object that the unit reads of its self has changed, or something within it. */
static bool
reads_changed(const VmDoc *doc, const LangUnit *unit, const VmObj *obj)
{
	for (uint32_t i = obj->changes; i != 0; i = doc->changes[i - 1].previous)
	{
		int			bit = obj->structure->first_slot + doc->changes[i - 1].slot;

		if (unit->own_fields[bit / 64] >> bit % 64 & 1)
			return true;
	}
	return false;
}

static void find_touched_in(Search *s, VmObj *obj);

static void
find_touched(Search *s, VmObj *obj)
{
	const Publisher *p = publisher_of(s, obj);

	if (obj->flags & VM_OBJ_DELETED)
	{
		if ((obj->flags & VM_OBJ_NEW) == 0)
			find_gone(s, obj);
		return;
	}
	for (int i = 0; is_row_of_table(obj) && i < p->n; i++)
		if (!s->is_affected[p->items[i]->index] && ((obj->flags & VM_OBJ_NEW) != 0 || reads_changed(s->doc, p->items[i]->unit, obj)))
			add(s, p->items[i], obj->id, obj);
	find_touched_in(s, obj);
}

static void
find_touched_in(Search *s, VmObj *obj)
{
	const Publisher *p = publisher_of(s, obj);

	for (uint32_t i = p->n_routes > 0 ? obj->changes : 0; i != 0; i = s->doc->changes[i - 1].previous)
	{
		const VmChange *change = &s->doc->changes[i - 1];
		VmTable    *table;

		if (change->kind != VM_CHANGE_CHILD || !p->is_route[change->slot])
			continue;
		table = container_at(s, obj, change->slot);
		if (table == NULL)
			find_touched_in(s, obj->slots[change->slot].obj);
		else
			for (VmObj *row = table->touched; row != NULL; row = row->next_touched)
				find_touched(s, row);
	}
}

/* ---- what changed in whatever object ---- */

static void
add_changed(const VmDoc *doc, const VmChange *change, uint64_t *bits)
{
	const LangStruct *owner;
	int			bit;

	switch ((VmChangeKind) change->kind)
	{
		case VM_CHANGE_SET:
			owner = change->obj->structure;
			bit = change->slot;
			break;
		case VM_CHANGE_CHILD:
			/* whatever happens within a map, or to who is in a maybe, is a change of the field */
			owner = change->obj->structure;
			bit = change->slot;
			if (vm_shape_of(doc, owner)->slots[bit].type->kind != LANG_MAP && vm_shape_of(doc, owner)->slots[bit].type->kind != LANG_MAYBE)
				return;
			break;
		case VM_CHANGE_INSERT:
		case VM_CHANGE_DELETE:
			if (change->obj->table->type->kind != LANG_TABLE)
				return;
			owner = change->obj->table->owner->structure;
			bit = change->obj->table->slot;
			break;
		default:
			/* a row that was touched tells so by its changes, an entry that came back by its map */
			return;
	}
	/* the entry of a map is told by the field that holds the map */
	if (owner->first_slot < 0)
		return;
	bit += owner->first_slot;
	bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* By LangReplication.index: which are to be evaluated wherever they are. */
static bool *
find_affected(const VmDoc *doc, const VmPublishing *publishing, KitArena *arena, bool *any)
{
	const LangProgram *lang = vm_program_lang(doc->program);
	uint64_t   *bits = kit_arena_zalloc(arena, (size_t) (publishing->n_words + 1) * sizeof(uint64_t));
	bool	   *affected = kit_arena_alloc(arena, (size_t) lang->n_replications * sizeof(bool));

	for (uint32_t i = 0; i < doc->n_changes; i++)
		add_changed(doc, &doc->changes[i], bits);
	for (int i = 0; i < lang->n_replications; i++)
	{
		const uint64_t *fields = lang->replications[i]->unit->fields;

		/* any time of the document may read its zone */
		affected[i] = fields == NULL || doc->zone != doc->begin.zone;
		for (int k = 0; k < publishing->n_words && !affected[i]; k++)
			affected[i] = (fields[k] & bits[k]) != 0;
		if (affected[i] && lang->replications[i]->owner->kind == LANG_STRUCT_RECORD)
			*any = true;
	}
	return affected;
}

/* ---- order ---- */

/* Few, or in order already, as a rule: rows come in order of their ids, or in the opposite one. */
static Found *
sort_found(Found *items, uint32_t n, KitArena *arena)
{
	Found	   *from = items;
	Found	   *to;
	bool		is_sorted = true;

	for (uint32_t i = 1; i < n && is_sorted; i++)
		is_sorted = items[i - 1].order < items[i].order;
	if (is_sorted)
		return items;
	to = kit_arena_alloc(arena, n * sizeof(Found));
	for (uint32_t width = 1; width < n; width *= 2)
	{
		Found	   *merged = to;

		for (uint32_t start = 0; start < n; start += 2 * width)
		{
			uint32_t	i = start;
			uint32_t	i_end = n - start < width ? n : start + width;
			uint32_t	j = i_end;
			uint32_t	j_end = n - i_end < width ? n : i_end + width;

			for (uint32_t k = start; k < j_end; k++)
				to[k] = j >= j_end || (i < i_end && from[i].order < from[j].order) ? from[i++] : from[j++];
		}
		to = from;
		from = merged;
	}
	return from;
}

/* ---- values ---- */

static bool
failed(Vm *vm, const LangReplication *of)
{
	if (vm->diag != NULL && vm->diag->detail[0] == '\0')
		kit_diag_detail(vm->diag, "It happened while replication \"%s\" was computed.", of->status->text);
	return false;
}

/* The value of obj's replication; len stays 0 when there is none. */
static bool
compute(Vm *vm, VmObj *obj, VmReplica *replica)
{
	const LangReplication *of = replica->of;
	const LangType *type = of->message->type;
	VmVal		value = {.i = 0};
	DocWriter	w;
	KitBuf		out;
	size_t		size;

	if (!vm_run(vm, vm->program->codes[of->unit->index], obj, NULL, &value))
		return failed(vm, of);
	if (of->is_maybe)
	{
		if (value.maybe == NULL)
			return true;
		value = value.maybe->value;
	}
	size = DOC_HEADER_SIZE + vm_value_size(type, value);
	if (!vm_charge(vm, size))
		return failed(vm, of);
	kit_buf_init(&out, vm->arena);
	kit_buf_reserve(&out, size);
	doc_write_begin(&w, &out, DOC_DOCUMENT);
	w.has_plain_longs = true;
	vm_value_encode(&w, type, value);
	replica->value = doc_write_end(&w);
	if (w.is_too_deep)
	{
		vm_fail(vm, KIT_RUNTIME_ERROR, "the value of replication \"%s\" is nested more than %d deep", of->status->text, DOC_MAX_DEPTH);
		return failed(vm, of);
	}
	replica->hash = (int64_t) doc_hash(replica->value);
	return true;
}

typedef struct Visit
{
	const VmReplicaContext *context;
	const VmLimits *limits;
	VmReplicaVisit visit;
	void	   *arg;
	bool		is_of_all;
} Visit;

#define POLL_EVERY 4096

static bool
visit_found(const Search *s, const Visit *v, KitDiag *diag)
{
	Vm			vm;
	KitDiag		unheard;
	Found	   *found;

	if (s->n == 0)
		return true;
	found = sort_found(s->items, s->n, s->arena);
	vm_machine_init(&vm, s->doc->program, s->arena, v->limits, diag != NULL ? diag : &unheard);
	vm.doc = s->doc;
	vm.root = s->doc->root;
	vm.context[LANG_CONTEXT_SPACE] = v->context->space;
	vm.context[LANG_CONTEXT_KEY] = v->context->key;
	for (uint32_t i = 0; i < s->n; i++)
	{
		VmReplica	replica = {.of = found[i].of, .row = (int32_t) found[i].order};

		/* expressions may be so simple that they do not ask */
		if (i % POLL_EVERY == POLL_EVERY - 1)
			port_poll();
		if (found[i].obj != NULL)
		{
			if (v->is_of_all)
			{
				vm.steps = v->limits->steps;
				vm.memory = v->limits->memory;
			}
			if (!compute(&vm, found[i].obj, &replica))
				return false;
			/* nothing was there, and nothing is */
			if (replica.value.len == 0 && (v->is_of_all || (found[i].obj->flags & VM_OBJ_NEW) != 0))
				continue;
		}
		if (!v->visit(&replica, v->arg))
			break;
	}
	return true;
}

bool
vm_replicas_changed(VmDoc *doc, const VmReplicaContext *context, const VmLimits *limits, KitArena *arena, VmReplicaVisit visit, void *arg, KitDiag *diag)
{
	const VmPublishing *publishing = doc->program->publishing;
	Search		s = {.doc = doc, .publishing = publishing, .arena = arena};
	Visit		v = {context, limits, visit, arg, false};
	const Publisher *root;
	bool		any = false;

	ADAMA_ASSERT(doc->is_open);
	if (publishing == NULL || (doc->n_changes == 0 && doc->zone == doc->begin.zone))
		return true;
	s.is_affected = find_affected(doc, publishing, arena, &any);
	root = publisher_of(&s, doc->root);
	for (int i = 0; i < root->n; i++)
		if (s.is_affected[root->items[i]->index])
			add(&s, root->items[i], 0, doc->root);
	if (any)
		find_all(&s, doc->root);
	find_touched_in(&s, doc->root);
	return visit_found(&s, &v, diag);
}

bool
vm_replicas_all(VmDoc *doc, const VmReplicaContext *context, const VmLimits *limits, KitArena *arena, VmReplicaVisit visit, void *arg, KitDiag *diag)
{
	const VmPublishing *publishing = doc->program->publishing;
	Search		s = {.doc = doc, .publishing = publishing, .arena = arena};
	Visit		v = {context, limits, visit, arg, true};
	const Publisher *root;

	if (publishing == NULL)
		return true;
	root = publisher_of(&s, doc->root);
	for (int i = 0; i < root->n; i++)
		add(&s, root->items[i], 0, doc->root);
	find_all(&s, doc->root);
	return visit_found(&s, &v, diag);
}
