/*
 * state_dedupe.c
 *	  The dedupe keys that a document remembers: found by hash, kept in the order of their time, so that the old ones go first.
 *
 * A key is the text agent/authority/key; a '-' or '/' within one of the three is written "--" or "-/", so no two of them are the
 * same text. Keys of one time are in the order of their text: the order never depends on how the document came to its state.
 */
#include "kit/hash.h"
#include "vm/state_internal.h"

#define FIRST_BUCKETS 16

static uint32_t
hash_of(const VmDoc *doc, const char *text, size_t len)
{
	return (uint32_t) kit_hash(text, len, (uint64_t) (uintptr_t) doc);
}

static VmDedupeKey *
find(const VmDoc *doc, const char *text, size_t len, uint32_t hash)
{
	const VmDedupe *d = &doc->dedupe;
	VmDedupeKey *key = d->n_buckets == 0 ? NULL : d->buckets[hash & (d->n_buckets - 1)];

	while (key != NULL && !(key->hash == hash && key->len == len && memcmp(key->text, text, len) == 0))
		key = key->next;
	return key;
}

VmDedupeKey *
vm_dedupe_find(const VmDoc *doc, const char *text, size_t len)
{
	return find(doc, text, len, hash_of(doc, text, len));
}

static void
put_into_bucket(VmDedupe *d, VmDedupeKey *key)
{
	VmDedupeKey **bucket = &d->buckets[key->hash & (d->n_buckets - 1)];

	key->next = *bucket;
	*bucket = key;
}

static void
grow(VmDoc *doc)
{
	VmDedupe   *d = &doc->dedupe;
	uint32_t	n_buckets = d->n_buckets == 0 ? FIRST_BUCKETS : d->n_buckets * 2;

	kit_heap_free(doc->heap, d->buckets, d->n_buckets * sizeof(VmDedupeKey *));
	d->buckets = kit_heap_zalloc(doc->heap, n_buckets * sizeof(VmDedupeKey *));
	d->n_buckets = n_buckets;
	for (VmDedupeKey *key = d->first; key != NULL; key = key->after)
		put_into_bucket(d, key);
}

static bool
comes_after(const VmDedupeKey *a, const VmDedupeKey *b)
{
	uint32_t	shorter = a->len < b->len ? a->len : b->len;
	int			order;

	if (a->ms != b->ms)
		return a->ms > b->ms;
	order = memcmp(a->text, b->text, shorter);
	return order != 0 ? order > 0 : a->len > b->len;
}

/* Links the key in between before and after, which are its neighbours. */
static void
link_key(VmDoc *doc, VmDedupeKey *key)
{
	VmDedupe   *d = &doc->dedupe;

	if (key->before != NULL)
		key->before->after = key;
	else
		d->first = key;
	if (key->after != NULL)
		key->after->before = key;
	else
		d->last = key;
	d->n++;
	d->size += vm_dedupe_key_size(key);
	key->is_in = true;
}

bool
vm_dedupe_put(VmDoc *doc, const char *text, size_t len, int64_t ms, VmDedupeKey **made)
{
	uint32_t	hash = hash_of(doc, text, len);
	VmDedupeKey *key;

	if (find(doc, text, len, hash) != NULL)
		return false;
	key = kit_heap_zalloc(doc->heap, sizeof(VmDedupeKey) + len);
	key->ms = ms;
	key->hash = hash;
	key->len = (uint32_t) len;
	memcpy(key->text, text, len);
	if (doc->dedupe.n >= doc->dedupe.n_buckets)
		grow(doc);
	key->before = doc->dedupe.last;
	while (key->before != NULL && comes_after(key->before, key))
		key->before = key->before->before;
	key->after = key->before == NULL ? doc->dedupe.first : key->before->after;
	link_key(doc, key);
	put_into_bucket(&doc->dedupe, key);
	*made = key;
	return true;
}

void
vm_dedupe_take_out(VmDoc *doc, VmDedupeKey *key)
{
	VmDedupe   *d = &doc->dedupe;
	VmDedupeKey **at = &d->buckets[key->hash & (d->n_buckets - 1)];

	while (*at != key)
		at = &(*at)->next;
	*at = key->next;
	if (key->before != NULL)
		key->before->after = key->after;
	else
		d->first = key->after;
	if (key->after != NULL)
		key->after->before = key->before;
	else
		d->last = key->before;
	d->n--;
	d->size -= vm_dedupe_key_size(key);
	key->is_in = false;
}

void
vm_dedupe_put_back(VmDoc *doc, VmDedupeKey *key)
{
	link_key(doc, key);
	put_into_bucket(&doc->dedupe, key);
}

void
vm_dedupe_free(VmDoc *doc, VmDedupeKey *key)
{
	kit_heap_free(doc->heap, key, sizeof(VmDedupeKey) + key->len);
}

void
vm_dedupe_clear(VmDoc *doc)
{
	VmDedupeKey *next;

	for (VmDedupeKey *key = doc->dedupe.first; key != NULL; key = next)
	{
		next = key->after;
		vm_dedupe_free(doc, key);
	}
	kit_heap_free(doc->heap, doc->dedupe.buckets, doc->dedupe.n_buckets * sizeof(VmDedupeKey *));
	doc->dedupe = (VmDedupe) {0};
}

/* ---- the key of a message ---- */

static size_t
escape(char *to, const char *text, size_t len)
{
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '-' || text[i] == '/')
			to[n++] = '-';
		to[n++] = text[i];
	}
	return n;
}

bool
vm_doc_dedupe(VmDoc *doc, const VmPrincipal *who, const char *key, size_t len, int64_t at)
{
	size_t		room = 2 * ((size_t) who->agent_len + who->authority_len + len) + 2;
	char	   *text = kit_heap_alloc(doc->heap, room);
	size_t		n;
	VmDedupeKey *made;
	bool		is_new;

	while (doc->dedupe.first != NULL && doc->dedupe.first->ms <= at - VM_DEDUPE_MS)
	{
		VmDedupeKey *old = doc->dedupe.first;

		vm_dedupe_take_out(doc, old);
		vm_change_dedupe(doc, VM_CHANGE_FORGET, old);
	}
	n = escape(text, who->text, who->agent_len);
	text[n++] = '/';
	n += escape(text + n, who->text + who->agent_len, who->authority_len);
	text[n++] = '/';
	n += escape(text + n, key, len);
	is_new = vm_dedupe_put(doc, text, n, at, &made);
	if (is_new)
	{
		made->is_new = true;
		vm_change_dedupe(doc, VM_CHANGE_REMEMBER, made);
	}
	kit_heap_free(doc->heap, text, room);
	return is_new;
}
