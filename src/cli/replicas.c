/*
 * replicas.c
 *	  What a session's document publishes, as it was told last, and what is new in it.
 *
 * Replicas are known by name and row.  Events note the value of now; it is told later, if it is another than what was told last, as the server writes a
 * row only then.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kit/hash.h"
#include "vm/replica.h"

typedef struct Entry
{
	const KitSym *name;
	int32_t		row;
	bool		is_there;		/* it has a value */
	bool		was_there;		/* when it was told last */
	int64_t		hash;
	int64_t		told_hash;
	const char *json;			/* of the value, while it is to be told; in the command's arena */
	uint32_t	round;			/* in which all replicas were noted and it was among them */
} Entry;

struct CliReplicas
{
	KitArena   *arena;
	Entry	  **slots;			/* open addressing */
	uint32_t	n_slots;		/* a power of two */
	uint32_t	n;
	uint32_t	round;
};

CliReplicas *
cli_replicas_new(void)
{
	KitArena   *arena = kit_arena_new("replicas");
	CliReplicas *r = KIT_NEW(arena, CliReplicas);

	r->arena = arena;
	r->n_slots = 64;
	r->slots = KIT_NEW_N(arena, Entry *, r->n_slots);
	return r;
}

void
cli_replicas_free(CliReplicas *r)
{
	kit_arena_delete(r->arena);
}

static Entry **
slot_of(const CliReplicas *r, const KitSym *name, int32_t row)
{
	uint64_t	h = kit_hash_mix(kit_hash(name->text, name->len, 0), (uint64_t) row);

	while (r->slots[h & (r->n_slots - 1)] != NULL &&
		   (r->slots[h & (r->n_slots - 1)]->name != name || r->slots[h & (r->n_slots - 1)]->row != row))
		h++;
	return &r->slots[h & (r->n_slots - 1)];
}

static Entry *
entry_of(CliReplicas *r, const KitSym *name, int32_t row)
{
	Entry	  **slot = slot_of(r, name, row);

	if (*slot != NULL)
		return *slot;
	if (r->n >= r->n_slots / 2)
	{
		Entry	  **old = r->slots;
		uint32_t	n_old = r->n_slots;

		r->n_slots *= 2;
		r->slots = KIT_NEW_N(r->arena, Entry *, r->n_slots);
		for (uint32_t i = 0; i < n_old; i++)
			if (old[i] != NULL)
				*slot_of(r, old[i]->name, old[i]->row) = old[i];
		slot = slot_of(r, name, row);
	}
	r->n++;
	*slot = KIT_NEW(r->arena, Entry);
	(*slot)->name = name;
	(*slot)->row = row;
	return *slot;
}

/* What was visited, kept until it is certain that nothing fails. */
typedef struct Noted
{
	KitArena   *arena;
	VmReplica  *items;
	uint32_t	n;
	uint32_t	cap;
} Noted;

static bool
note(const VmReplica *replica, void *arg)
{
	Noted	   *noted = arg;

	if (noted->n == noted->cap)
	{
		uint32_t	cap = noted->cap == 0 ? 8 : noted->cap * 2;
		VmReplica  *items = KIT_NEW_N(noted->arena, VmReplica, cap);

		if (noted->n > 0)
			memcpy(items, noted->items, noted->n * sizeof(VmReplica));
		noted->items = items;
		noted->cap = cap;
	}
	noted->items[noted->n++] = *replica;
	return true;
}

static void
has_gone(Entry *entry)
{
	entry->is_there = false;
	entry->hash = 0;
	entry->json = NULL;
}

static void
put(CliReplicas *r, const VmReplica *replica, KitArena *scratch)
{
	Entry	   *entry = entry_of(r, replica->of->name, replica->row);
	KitBuf		json;
	KitDiag		diag;

	entry->round = r->round;
	if (replica->value.len == 0)
	{
		has_gone(entry);
		return;
	}
	entry->is_there = true;
	entry->hash = replica->hash;
	kit_buf_init(&json, scratch);
	doc_to_json(replica->value, DOC_DOCUMENT, DOC_JSON_TEXT, &json, &diag);
	entry->json = json.data;
}

bool
cli_replicas_note(CliReplicas *r, VmDoc *doc, bool is_whole, VmText space, VmText key, KitArena *scratch, KitDiag *diag)
{
	VmReplicaContext context = {space, key};
	Noted		noted = {.arena = scratch};

	if (!vm_program_replicates(vm_doc_program(doc)))
		return true;
	if (is_whole ? !vm_replicas_all(doc, &context, &vm_default_limits, scratch, note, &noted, diag) :
		!vm_replicas_changed(doc, &context, &vm_default_limits, scratch, note, &noted, diag))
		return false;
	if (is_whole)
		r->round++;
	for (uint32_t i = 0; i < noted.n; i++)
		put(r, &noted.items[i], scratch);
	for (uint32_t i = 0; is_whole && i < r->n_slots; i++)
		if (r->slots[i] != NULL && r->slots[i]->round != r->round)
			has_gone(r->slots[i]);
	return true;
}

void
cli_replicas_drop(CliReplicas *r)
{
	for (uint32_t i = 0; i < r->n_slots; i++)
		if (r->slots[i] != NULL)
			has_gone(r->slots[i]);
}

static int
compare(const void *a, const void *b)
{
	const Entry *x = *(Entry *const *) a;
	const Entry *y = *(Entry *const *) b;
	int			order = strcmp(x->name->text, y->name->text);

	return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

void
cli_replicas_tell(CliReplicas *r, KitArena *scratch, KitBuf *out)
{
	Entry	  **news;
	uint32_t	n = 0;

	if (r->n == 0)
		return;
	news = KIT_NEW_N(scratch, Entry *, r->n);
	for (uint32_t i = 0; i < r->n_slots; i++)
	{
		Entry	   *entry = r->slots[i];

		if (entry != NULL && (entry->is_there != entry->was_there || (entry->is_there && entry->hash != entry->told_hash)))
			news[n++] = entry;
	}
	qsort(news, n, sizeof(Entry *), compare);
	for (uint32_t i = 0; i < n; i++)
	{
		kit_buf_add_str(out, "{\"replica\":");
		doc_json_string(news[i]->name->text, news[i]->name->len, DOC_JSON_TEXT, out);
		kit_buf_printf(out, ",\"row\":%d,\"value\":", news[i]->row);
		kit_buf_add_str(out, news[i]->is_there ? news[i]->json : "null");
		kit_buf_add_str(out, "}\n");
		news[i]->was_there = news[i]->is_there;
		news[i]->told_hash = news[i]->hash;
		news[i]->json = NULL;
	}
}
