/*
 * document.c
 *	  What all viewers of a document share: its memory, the turn that brings it up to date, and its last changes.
 *
 * Versions.  The shared part has a version, which each change of it moves by one.  A view that knows the version before a turn continues with the change of that
 * turn.  One that has stayed away longer gets the remembered changes composed (trail.c), or starts over.
 */
#include <string.h>

#include "live/internal.h"
#include "live/parts.h"

LiveDocument *
live_document_new(const VmProgram *program, bool keep)
{
	KitHeap    *heap = kit_heap_new("adama view");
	LiveDocument *document;

	if (keep)
		kit_heap_keep(heap);
	document = kit_heap_zalloc(heap, sizeof(LiveDocument));
	document->heap = heap;
	document->trail.heap = heap;
	document->keep = keep;
	document->program = program;
	document->plans = live_plans(program);
	document->shared.plan = document->plans->root[LIVE_SHARED];
	document->shared.keep = keep;
	document->version = 1;
	return document;
}

void
live_document_free(LiveDocument *document)
{
	live_memory_forget(&document->shared);
	kit_heap_delete(document->heap);
}

size_t
live_document_memory(const LiveDocument *document)
{
	return kit_heap_size(document->heap) + live_memory_size(&document->shared);
}

void
live_document_remember(LiveDocument *document)
{
	document->remembers = true;
}

bool
live_document_since(LiveDocument *document, uint64_t version, KitArena *scratch, KitBuf *out)
{
	return live_trail_since(&document->trail, version, document->version, scratch, out);
}

/* ---- turns ---- */

uint64_t
live_deps_stamp(LiveTurn *turn, const LiveDeps *deps)
{
	uint64_t	latest = 0;

	if (turn->serial == 0)
		return 0;
	if (turn->stamps[deps->index] != 0)
		return turn->stamps[deps->index] - 1;
	for (int i = 0; i < deps->n_bits; i++)
	{
		uint64_t	stamp = vm_watch_field_stamp(turn->doc, deps->bits[i]);

		if (stamp > latest)
			latest = stamp;
	}
	turn->stamps[deps->index] = latest + 1;
	return latest;
}

LiveTurn *
live_turn_begin(LiveDocument *document, VmDoc *doc, int64_t now, int64_t seq, VmText space, VmText key, const VmLimits *limits, KitArena *scratch,
				KitDiag *diag)
{
	LiveTurn   *turn = KIT_NEW(scratch, LiveTurn);
	bool		is_first;

	if (document->shared.root != NULL && !document->shared.is_sound)
	{
		/* the last turn was interrupted: who was here starts over */
		document->version++;
		live_trail_clear(&document->trail);
		live_memory_forget(&document->shared);
	}
	is_first = document->shared.root == NULL;
	ADAMA_ASSERT(vm_doc_program(doc) == document->program);
	turn->document = document;
	turn->doc = doc;
	turn->now = now;
	turn->seq = seq;
	turn->space = space;
	turn->key = key;
	turn->limits = *limits;
	turn->scratch = scratch;
	turn->serial = vm_watch_serial(doc);
	turn->stamp = vm_doc_stamp(doc);
	turn->stamps = KIT_NEW_N(scratch, uint64_t, document->plans->n_deps + 1);
	turn->reader = vm_reader_new(doc, scratch, vm_no_one, NULL, now, seq, space, key, limits);
	kit_buf_init(&turn->change, scratch);
	if (document->shared.plan == NULL)
		return turn;
	if (!live_memory_update(&document->shared, turn, NULL, scratch, &turn->change, diag))
	{
		document->version++;
		live_trail_clear(&document->trail);
		return NULL;
	}
	if (is_first || turn->change.len > 2)
	{
		document->version++;
		if (is_first || document->shared.is_alone)
		{
			if (is_first)
				document->whole_len = turn->change.len;
			/* who was not here starts over */
			live_trail_clear(&document->trail);
		}
		else if (document->remembers)
			live_trail_add(&document->trail, document->version, turn->change.data, turn->change.len, document->whole_len);
	}
	return turn;
}

/* ---- two parts of one change ---- */

/*
 * Both have what is in either.  Where both say something about one member they agree on what it is, and each tells other members of it; what one says is
 * gone is gone.
 */
DocNode *
live_parts_join(KitArena *arena, const DocNode *shared, const DocNode *private)
{
	DocNode    *both;

	if (shared->kind != DOC_OBJECT || private->kind != DOC_OBJECT)
		return (DocNode *) shared;
	both = doc_node_new(arena, DOC_OBJECT);
	for (uint32_t i = 0; i < shared->u.object.n; i++)
	{
		const DocMember *member = &shared->u.object.members[i];
		const DocNode *more = doc_node_get(private, member->key, member->key_len);

		doc_node_add(arena, both, member->key, member->key_len, more == NULL ? member->value : live_parts_join(arena, member->value, more));
	}
	for (uint32_t i = 0; i < private->u.object.n; i++)
	{
		const DocMember *member = &private->u.object.members[i];

		if (doc_node_get(shared, member->key, member->key_len) == NULL)
			doc_node_add(arena, both, member->key, member->key_len, member->value);
	}
	return both;
}
