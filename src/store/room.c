/*
 * room.c
 *	  Room that rows have left, given to the next ones at once.
 *
 * A log that is trimmed loses as many rows as it gets, thousands a second on a busy day, and states that are written anew leave their old chunks in a toast table.  An
 * insert knows of that room when vacuum has been there; until then the tables grow, by what is written in a minute or more.  So who takes rows out does some of its work:
 *
 *		next trim				comes by what the one before took out, for the index still has entries for that: their pages are cleared of what nobody can see any more, and
 *								the room is written down where inserts look for it
 *		value of a row gone		is remembered here, by the session; when nobody can see it any more, its chunks are looked for, and that is coming by
 *
 * What is written down is a hint, which may be wrong or lost; vacuum does the rest, and takes out the entries of the indexes.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_internals.h"
#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "port/pgcompat.h"
#include "store/internal.h"

#define ROOM_MINIMUM (BLCKSZ / 16)	/* what is less is not worth a look */
#define GONE_MAX 512

/* A value out of line that a row had which this session updated or deleted. */
typedef struct Gone
{
	Oid			toast;
	Oid			value;
	TransactionId by;
} Gone;

static Gone gone[GONE_MAX];
static int	n_gone;

static bool
is_heap(Relation rel)
{
	return rel->rd_rel->relam == HEAP_TABLE_AM_OID;
}

/* ---- pages ---- */

static void
note_page(StoreRoom *room, BlockNumber block)
{
	if (room->n > 0 && room->pages[room->n - 1] == block)
		return;
	if (room->n == room->max)
	{
		room->max = Max(64, room->max * 2);
		room->pages = room->pages == NULL ? palloc(room->max * sizeof(BlockNumber)) : repalloc(room->pages, room->max * sizeof(BlockNumber));
	}
	room->pages[room->n++] = block;
}

/* Clears the page, when nobody else is at it, and tells of its room. */
static bool
tell_page(Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Size		size;

	/* PostgreSQL clears pages by the way, but only those that are nearly full or say so. */
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	PageSetFull(BufferGetPage(buffer));
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	heap_page_prune_opt(rel, buffer);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	size = PageGetHeapFreeSpace(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	if (size < ROOM_MINIMUM)
		return false;
	RecordPageWithFreeSpace(rel, block, size);
	return true;
}

static void
tell_pages(Relation rel, StoreRoom *room)
{
	BlockNumber first = InvalidBlockNumber;
	BlockNumber last = 0;

	for (int i = 0; i < room->n; i++)
	{
		BlockNumber block = room->pages[i];

		if (!tell_page(rel, block))
			continue;
		first = Min(first, block);
		last = Max(last, block);
	}
	/* Inserts look from the top of the tree. */
	if (first != InvalidBlockNumber)
		FreeSpaceMapVacuumRange(rel, first, last + 1);
	if (room->pages != NULL)
		pfree(room->pages);
	*room = (StoreRoom) {0};
}

/* index_getnext_slot, which tells the place that the index names; room NULL: nothing is noted. */
static bool
next(TupleTableSlot *slot, IndexScanDesc scan, ScanDirection direction, StoreRoom *room, ItemPointer root)
{
	ItemPointer tid;

	while ((tid = index_getnext_tid(scan, direction)) != NULL)
	{
		*root = *tid;
		if (index_fetch_heap(scan, slot))
			return true;
		/* dead to all, not only to this snapshot */
		if (scan->kill_prior_tuple && room != NULL)
			note_page(room, ItemPointerGetBlockNumber(root));
	}
	return false;
}

bool
store_row_next(StoreTable *table, IndexScanDesc scan, ScanDirection direction, StoreRoom *room)
{
	ItemPointerData root;

	/* who only reads the table changes nothing of it */
	if (!next(table->found, scan, direction, table->fresh != NULL && is_heap(table->rel) ? room : NULL, &root))
		return false;
	store_place_note(table, &root);
	return true;
}

void
store_room_end(StoreTable *table, StoreRoom *room)
{
	tell_pages(table->rel, room);
}

/* ---- values out of line ---- */

void
store_room_leave(StoreTable *table, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(table->found, column, &isnull);
	struct varatt_external pointer;

	if (isnull || !VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
		return;
	VARATT_EXTERNAL_GET_POINTER(pointer, (struct varlena *) DatumGetPointer(value));
	if (n_gone == GONE_MAX)
	{
		/* the older half is left to vacuum */
		n_gone /= 2;
		memmove(gone, gone + n_gone, sizeof(Gone) * n_gone);
	}
	gone[n_gone++] = (Gone) {pointer.va_toastrelid, pointer.va_valueid, GetTopTransactionId()};
}

/* Comes by the chunks of a value. */
static void
visit(Relation toast, Relation index, TupleTableSlot *slot, Oid value, Snapshot snapshot, StoreRoom *room)
{
	IndexScanDesc scan = port_index_beginscan(toast, index, snapshot, 1, 0);
	ScanKeyData key;
	ItemPointerData root;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	index_rescan(scan, &key, 1, NULL, 0);
	while (next(slot, scan, ForwardScanDirection, room, &root))
		;
	index_endscan(scan);
}

/* Whether it can be that nobody sees it any more; of this table, if so. */
static bool
is_past(const Gone *g, Oid toast)
{
	return g->toast == toast && TransactionIdPrecedes(g->by, RecentXmin);
}

void
store_room_collect(StoreTable *table)
{
	Oid			oid = table->rel->rd_rel->reltoastrelid;
	bool		any = false;
	Relation	toast;
	Relation   *indexes;
	int			n_indexes;
	int			valid;
	int			n = 0;
	TupleTableSlot *slot;
	Snapshot	snapshot;
	StoreRoom	room = {0};

	for (int i = 0; i < n_gone && !any; i++)
		any = is_past(&gone[i], oid);
	if (!any)
		return;
	toast = table_open(oid, RowExclusiveLock);
	valid = toast_open_indexes(toast, RowExclusiveLock, &indexes, &n_indexes);
	slot = table_slot_create(toast, NULL);
	snapshot = store_snapshot_now();
	for (int i = 0; i < n_gone; i++)
	{
		if (!is_past(&gone[i], oid))
			gone[n++] = gone[i];
		else if (is_heap(toast))
			visit(toast, indexes[valid], slot, gone[i].value, snapshot, &room);
	}
	n_gone = n;
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	tell_pages(toast, &room);
	toast_close_indexes(indexes, n_indexes, NoLock);
	table_close(toast, NoLock);
}
