/*
 * holds.h
 *	  What must hold for every event, whatever the program, the document and the message are.
 *
 *		a failed event says why, and leaves no trace
 *		the state before and the delta make the state after, as bytes and in the memory of another who applies it
 *		the size that the document tells is the state's; the state survives saving and loading
 *		the same event on the same state gives the same delta; undone, it leaves the state that was
 *		what is told of replicas adds up to what there is, also in the memory of another who applies the delta
 *		the event's memory stays within its budget, and so does what the document grows by
 */
#ifndef ADAMA_HOLDS_H
#define ADAMA_HOLDS_H

#include "published.h"
#include "vm/vm.h"

/* Blocks of an arena grow by doubling, so half of them may be unused; and an event holds what does not grow with it: frames, the first block. */
#define HOLDS_MEMORY_SLACK (256 * 1024)
#define HOLDS_MEMORY(budget) (2 * (budget) + HOLDS_MEMORY_SLACK)

static inline bool
holds_same(DocBytes a, DocBytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static inline DocBytes
holds_save(const VmDoc *doc, KitArena *arena)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);

	kit_buf_init(buf, arena);
	return vm_doc_save(doc, buf);
}

/* Reduces the event on a copy and undoes it: its delta; data is NULL when it failed. */
static inline DocBytes
holds_again(VmDoc *copy, const VmEvent *event, const VmLimits *limits, KitDiag *diag, KitArena *arena)
{
	KitArena   *scratch = kit_arena_new("event");
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocBytes	delta = {NULL, 0};

	kit_buf_init(buf, arena);
	vm_doc_begin(copy);
	if (vm_reduce(copy, event, limits, scratch, diag))
		delta = vm_doc_delta(copy, buf);
	vm_doc_rollback(copy);
	kit_arena_delete(scratch);
	return delta;
}

static const VmLimits holds_plenty = {.steps = 10000000, .memory = 50000000, .document = 10000000, .depth = 200};

/* What was published and what was told must be what is published.  Whatever cannot be computed is not compared. */
static inline const char *
holds_published(Replicas *was, const Replicas *told, VmDoc *doc, VmDoc *copy, KitArena *arena)
{
	Replicas	is;
	Replicas	other;
	KitDiag		diag = {0};
	const char *differs;

	if (was->fault != NULL || told->fault != NULL)
		return was->fault != NULL ? was->fault : told->fault;
	if (!find_replicas(doc, true, &holds_plenty, arena, &is, &diag) || !find_replicas(copy, true, &holds_plenty, arena, &other, &diag))
		return diag.code == KIT_BUDGET_EXCEEDED ? NULL : kit_arena_printf(arena, "a replica cannot be computed: %s", diag.message);
	merge_replicas(was, told);
	differs = differing_replica(was, &is);
	if (differs != NULL)
		return kit_arena_printf(arena, "what was told of replicas is not what there is: %s", differs);
	differs = differing_replica(&other, &is);
	return differs == NULL ? NULL : kit_arena_printf(arena, "another publishes something else: %s", differs);
}

/*
 * Reduces the event into doc and tries all of that; says what does not hold, or NULL.  *ok: whether the event succeeded; the answer and
 * *delta (may be NULL) lie in arena.
 */
static inline const char *
holds_event(VmDoc *doc, const VmEvent *event, const VmLimits *limits, KitArena *arena, bool *ok, DocBytes *delta)
{
	const VmProgram *program = vm_doc_program(doc);
	bool		is_create = event->kind == VM_EVENT_CREATE;
	KitArena   *scratch = kit_arena_new("event");
	KitBuf		change;
	KitBuf		sum;
	DocBytes	before = holds_save(doc, arena);
	DocBytes	after;
	DocBytes	made;
	DocBytes	again;
	KitDiag		diag = {0};
	KitDiag		other = {0};
	VmDoc	   *copy;
	size_t		held = vm_doc_memory(doc);
	Replicas	was = {0};
	Replicas	told = {0};
	bool		publishes = vm_program_replicates(program) && find_replicas(doc, true, &holds_plenty, arena, &was, &other);
	const char *wrong = NULL;

	kit_buf_init(&change, arena);
	kit_buf_init(&sum, arena);
	vm_doc_begin(doc);
	*ok = vm_reduce(doc, event, limits, scratch, &diag);
	if (kit_arena_size(scratch) > HOLDS_MEMORY(limits->memory))
		wrong = kit_arena_printf(arena, "%zu bytes of memory, where %zu are the budget", kit_arena_size(scratch), limits->memory);
	if (vm_doc_memory(doc) > held + HOLDS_MEMORY(limits->memory))
		wrong = kit_arena_printf(arena, "the document grows from %zu to %zu bytes of memory, where %zu are the budget", held, vm_doc_memory(doc), limits->memory);
	publishes = publishes && find_replicas(doc, false, &holds_plenty, arena, &told, &other);
	made = vm_doc_delta(doc, &change);
	vm_doc_commit(doc);
	kit_arena_delete(scratch);
	if (delta != NULL)
		*delta = made;
	after = holds_save(doc, arena);
	if (wrong != NULL)
		return wrong;
	if (!*ok && (diag.code == KIT_OK || diag.message[0] == '\0'))
		return "it failed without a word";
	if (!*ok && (!doc_delta_is_empty(made) || !holds_same(before, after)))
		return kit_arena_printf(arena, "it failed and left changes: %s", diag.message);
	if (after.len != vm_doc_state_size(doc))
		return kit_arena_printf(arena, "the state has %zu bytes, the document says %zu", after.len, vm_doc_state_size(doc));
	if (!doc_apply(arena, before, made, &sum, &other) || !doc_equal(arena, (DocBytes) {sum.data, sum.len}, after))
		return kit_arena_printf(arena, "state and delta do not make the state after: %s", other.message);
	copy = vm_doc_load(program, before, false, false, &other);
	if (copy == NULL)
		return kit_arena_printf(arena, "the state before cannot be loaded: %s", other.message);
	if (!holds_same(before, holds_save(copy, arena)))
		wrong = "the state before changes by loading it";
	if (wrong == NULL && !is_create)
	{
		again = holds_again(copy, event, limits, &other, arena);
		if ((again.data != NULL) != *ok)
			wrong = kit_arena_printf(arena, "the same event on the same state comes out otherwise: \"%s\" and \"%s\" (%d:%d)", diag.message, other.message,
									 diag.line, diag.column);
		else if (!*ok && (diag.code != other.code || diag.line != other.line || strcmp(diag.message, other.message) != 0))
			wrong = kit_arena_printf(arena, "the same event on the same state fails otherwise: \"%s\" (%d:%d) and \"%s\" (%d:%d)", diag.message,
									 diag.line, diag.column, other.message, other.line, other.column);
		else if (*ok && !holds_same(again, made))
			wrong = "the same event on the same state gives another delta";
		else if (!holds_same(before, holds_save(copy, arena)))
			wrong = "undone, it leaves another state";
	}
	if (wrong == NULL && !vm_doc_apply(copy, made, &other))
		wrong = kit_arena_printf(arena, "the delta does not fit the document it is of: %s", other.message);
	if (wrong == NULL && !holds_same(after, holds_save(copy, arena)))
		wrong = "the delta applied in memory gives another state";
	if (wrong == NULL && publishes)
		wrong = holds_published(&was, &told, doc, copy, arena);
	vm_doc_free(copy);
	return wrong;
}

#endif
