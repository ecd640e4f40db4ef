/*
 * place.c
 *	  Rows looked for where they were found before.
 *
 * Whoever asks the primary key's index for a row learns the place that the index names: where the chain of the row's versions begins.  As long as updates are HOT, which is what
 * nearly all of them are, every later version is on that page and found from there:
 *
 *		index	->	place, in a buffer		->	versions		->	the one that the snapshot sees
 *					remembered: next time from here
 *
 * A place is a hint.  The buffer may hold another page by now, the row may have moved to one, the place may be another row's: then nothing is found, or what is found is not
 * what was looked for, and the index is asked.  So the caller compares the key.
 *
 * PostgreSQL clears a page of dead versions whenever it comes by to read and the page has less room left than its fillfactor asks for.  In a table whose rows are rewritten all
 * the time that is each time: each update would clear what the one before it left.  Here it is left until there is no room for a few more.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "catalog/pg_am.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "port/pgcompat.h"
#include "store/internal.h"

#define ROOM_MINIMUM (BLCKSZ / 20)	/* on a page, or that for two more versions of the row */

void
store_place_note(StoreTable *table, ItemPointer root)
{
	if (table->rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		return;
	table->place.root = *root;
	table->place.buffer = ((BufferHeapTupleTableSlot *) table->found)->buffer;
	table->place.size = (uint16) ((HeapTupleTableSlot *) table->found)->tuple->t_len;
}

void
store_place_expect(const StorePlace *place)
{
	Page		page;

	if (place->buffer <= 0)
		return;
	page = BufferGetPage(place->buffer);
	__builtin_prefetch(GetBufferDescriptor(place->buffer - 1));
	__builtin_prefetch(page);
	__builtin_prefetch(PageGetItemId(page, ItemPointerGetOffsetNumberNoCheck(&place->root)));
}

bool
store_row_at_place(StoreTable *table, const StorePlace *place, Snapshot snapshot)
{
	Relation	rel = table->rel;
	HeapTuple	tuple = &((BufferHeapTupleTableSlot *) table->found)->base.tupdata;
	ItemPointerData tid = place->root;
	Buffer		buffer = place->buffer;
	Page		page;
	bool		is_there;

	if (!BufferIsValid(buffer) || rel->rd_rel->relam != HEAP_TABLE_AM_OID || !port_read_recent_buffer(rel, ItemPointerGetBlockNumber(&tid), buffer))
		return false;
	ExecClearTuple(table->found);
	page = BufferGetPage(buffer);
	/* A look without a lock, as heap_page_prune_opt itself has it; it locks when there is something to do. */
	if (PageIsFull(page) || PageGetHeapFreeSpace(page) < Max(ROOM_MINIMUM, 2 * (Size) place->size))
		heap_page_prune_opt(rel, buffer);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	is_there = heap_hot_search_buffer(&tid, rel, buffer, snapshot, tuple, NULL, true);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	if (!is_there)
	{
		ReleaseBuffer(buffer);
		return false;
	}
	ExecStorePinnedBufferHeapTuple(tuple, table->found, buffer);
	table->place = *place;
	table->place.size = (uint16) tuple->t_len;
	return true;
}
