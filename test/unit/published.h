/*
 * published.h
 *	  For tests: what a document publishes, kept as the server keeps it: by what events tell of it.
 *
 * After each event all that was told must add up to all that the document publishes.
 */
#ifndef ADAMA_PUBLISHED_H
#define ADAMA_PUBLISHED_H

#include <string.h>

#include "vm/replica.h"

typedef struct Replica
{
	const char *name;
	int32_t		row;
	int64_t		hash;
	const char *json;			/* NULL: it is gone */
} Replica;

/* By name, then row. */
typedef struct Replicas
{
	KitArena   *arena;
	Replica    *items;
	int			n;
	int			cap;
	const char *fault;			/* what is wrong with how it was told; NULL: nothing */
} Replicas;

static inline int
compare_replicas(const Replica *a, const Replica *b)
{
	int			order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static inline bool
take_replica(const VmReplica *replica, void *arg)
{
	Replicas   *all = arg;
	Replica		taken = {replica->of->name->text, replica->row, replica->hash, NULL};
	KitBuf		json;
	KitDiag		diag = {0};

	if (all->n > 0 && compare_replicas(&all->items[all->n - 1], &taken) >= 0)
		all->fault = "replicas are not told in order";
	if (replica->value.len > 0)
	{
		kit_buf_init(&json, all->arena);
		if (!doc_validate(replica->value, DOC_DOCUMENT, &diag) || !doc_to_json(replica->value, DOC_DOCUMENT, DOC_JSON_TEXT, &json, &diag))
			all->fault = "a replica cannot be read";
		taken.json = json.data;
		if (replica->hash != (int64_t) doc_hash(replica->value))
			all->fault = "a replica has the hash of something else";
	}
	if (all->n == all->cap)
	{
		int			cap = all->cap == 0 ? 8 : all->cap * 2;
		Replica    *items = KIT_NEW_N(all->arena, Replica, cap);

		if (all->n > 0)
			memcpy(items, all->items, sizeof(Replica) * (size_t) all->n);
		all->items = items;
		all->cap = cap;
	}
	all->items[all->n++] = taken;
	return true;
}

/* What of told is another than in known; known becomes what it is then. */
static inline Replicas
merge_replicas(Replicas *known, const Replicas *told)
{
	Replicas	merged = {.arena = known->arena, .items = KIT_NEW_N(known->arena, Replica, known->n + told->n + 1)};
	Replicas	news = {.arena = known->arena, .items = KIT_NEW_N(known->arena, Replica, told->n + 1)};

	for (int i = 0, k = 0; i < known->n || k < told->n;)
	{
		int			order = i == known->n ? 1 : k == told->n ? -1 : compare_replicas(&known->items[i], &told->items[k]);
		const Replica *was = order <= 0 ? &known->items[i++] : NULL;
		const Replica *is = order >= 0 ? &told->items[k++] : was;

		if (is->json != NULL)
			merged.items[merged.n++] = *is;
		if (is != was && (was == NULL ? is->json != NULL : is->json == NULL || is->hash != was->hash))
			news.items[news.n++] = *is;
	}
	*known = merged;
	return news;
}

/* The first difference, or NULL. */
static inline const char *
differing_replica(const Replicas *a, const Replicas *b)
{
	for (int i = 0; i < a->n || i < b->n; i++)
		if (i >= a->n || i >= b->n || compare_replicas(&a->items[i], &b->items[i]) != 0 || a->items[i].hash != b->items[i].hash ||
			strcmp(a->items[i].json, b->items[i].json) != 0)
			return kit_arena_printf(a->arena, "%s/%d %s, not %s/%d %s", i < a->n ? a->items[i].name : "nothing", i < a->n ? a->items[i].row : 0,
									i < a->n ? a->items[i].json : "", i < b->n ? b->items[i].name : "nothing", i < b->n ? b->items[i].row : 0,
									i < b->n ? b->items[i].json : "");
	return NULL;
}

/* What the events of the open journal may have changed, or (is_whole) all that the document publishes; false when something cannot be computed. */
static inline bool
find_replicas(VmDoc *doc, bool is_whole, const VmLimits *limits, KitArena *arena, Replicas *found, KitDiag *diag)
{
	VmReplicaContext context = {{"space", 5}, {"key", 3}};

	*found = (Replicas) {.arena = arena};
	return is_whole ? vm_replicas_all(doc, &context, limits, arena, take_replica, found, diag) :
		vm_replicas_changed(doc, &context, limits, arena, take_replica, found, diag);
}

/* [{"replica":name,"row":n,"value":{…}},…]; the value of what is gone is null */
static inline const char *
replicas_json(const Replicas *all)
{
	KitBuf		out;

	kit_buf_init(&out, all->arena);
	kit_buf_add_char(&out, '[');
	for (int i = 0; i < all->n; i++)
	{
		kit_buf_printf(&out, "%s{\"replica\":\"%s\",\"row\":%d,\"value\":", i > 0 ? "," : "", all->items[i].name, all->items[i].row);
		kit_buf_add_str(&out, all->items[i].json == NULL ? "null" : all->items[i].json);
		kit_buf_add_char(&out, '}');
	}
	kit_buf_add_char(&out, ']');
	return out.data;
}

#endif
