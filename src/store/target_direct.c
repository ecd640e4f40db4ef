/*
 * target_direct.c
 *	  Rows of a plain local table brought up to date without a statement.
 *
 * Nearly all that a replication does to a table is to give a row that is there other values.  A statement for that costs several times what the change itself does: a message with
 * a synchronous target would spend more on it than on all the rest.  Where nothing of the user's would run, and nobody but the table would be asked, the row is found by the
 * identity's index and updated here:
 *
 *		not there			left to the statement, which knows of defaults and of others who insert the same
 *		the same			left alone
 *		another				updated
 *		changed meanwhile, or would break a constraint	left to the statement, which goes on from the newest, or says what is wrong
 *
 * Where a row was is remembered, by the replica that is brought there (TargetPlaces), and is a hint: what is there must have the identity that is looked for, or the index is asked.
 *
 *		place				where the index found it (place.c)
 *		own					where this transaction wrote it last: one that changes a row many times would walk through all the versions that it made, more each time.  What is there must
 *							be a version of this transaction's that still is the newest; then no other can be
 *
 * Privileges have been asked for (target.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/proc.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "store/target.h"

/* ---- whether it can be ---- */

/* Another index that runs nothing of the user's, and can't be in the way of a new value. */
static bool
is_harmless(Relation index)
{
	return !index->rd_index->indisunique && !index->rd_index->indisexclusion && heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) && index->rd_rel->relam < FirstNormalObjectId;
}

static bool
has_harmless_indexes(Relation rel, Oid identity)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;
	bool		result = true;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		result &= lfirst_oid(lc) == identity ? index->rd_rel->relam == BTREE_AM_OID : is_harmless(index);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return result;
}

/* The value is stored as it comes: of a type of the server's own, and without bounds that the statement would apply. */
static bool
takes_value(Relation rel, const TargetColumn *column)
{
	return column->type < FirstNormalObjectId && !column->is_domain && TupleDescAttr(RelationGetDescr(rel), column->number - 1)->atttypmod < 0;
}

bool
store_target_is_direct(const TargetMap *map, Relation rel)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	if (!OidIsValid(map->index) || rel->rd_rel->relkind != RELKIND_RELATION || rel->rd_rel->relam != HEAP_TABLE_AM_OID || rel->rd_rel->relispartition ||
		rel->rd_rel->relrowsecurity || rel->trigdesc != NULL || (constraints != NULL && (constraints->num_check > 0 || constraints->has_generated_stored)))
		return false;
	for (int i = 0; i < map->n_columns; i++)
	{
		if (!takes_value(rel, &map->columns[i]))
			return false;
	}
	return has_harmless_indexes(rel, map->index);
}

/* ---- where rows were ---- */

#define PLACES_MIN 32
#define PLACES_MAX 32768		/* 2 MB */

typedef struct Hint
{
	uint32		hash;			/* of the replica */
	LocalTransactionId transaction;	/* of this backend, that wrote own */
	ItemPointerData own;
	StorePlace	place;
} Hint;

/* Two replicas, the one used last first, for each hash: a third takes the second's place.  When that happens often there are soon more. */
typedef struct Pair
{
	Hint		hints[2];
} Pair;

struct TargetPlaces
{
	MemoryContext context;
	Pair	   *pairs;
	uint32		n;				/* a power of two */
	uint32		n_gone;			/* places of replicas that others took */
};

TargetPlaces *
store_target_places(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "adama places", ALLOCSET_SMALL_SIZES);
	TargetPlaces *places = MemoryContextAlloc(context, sizeof(TargetPlaces));

	*places = (TargetPlaces) {context, MemoryContextAllocZero(context, sizeof(Pair) * PLACES_MIN), PLACES_MIN};
	return places;
}

void
store_target_places_free(TargetPlaces *places)
{
	MemoryContextDelete(places->context);
}

static Hint *
place_for(TargetPlaces *places, uint32 hash)
{
	Pair	   *pair = &places->pairs[hash & (places->n - 1)];

	if (pair->hints[0].hash == hash)
		return &pair->hints[0];
	if (pair->hints[1].hash == hash)
	{
		Hint		first = pair->hints[0];

		pair->hints[0] = pair->hints[1];
		pair->hints[1] = first;
		return &pair->hints[0];
	}
	places->n_gone += BufferIsValid(pair->hints[1].place.buffer);
	pair->hints[1] = pair->hints[0];
	pair->hints[0] = (Hint) {.hash = hash};
	return &pair->hints[0];
}

static void
grow(TargetPlaces *places)
{
	Pair	   *before = places->pairs;
	uint32		n = places->n;

	places->n *= 2;
	places->pairs = MemoryContextAllocZero(places->context, sizeof(Pair) * places->n);
	for (uint32 i = 0; i < n; i++)
		for (int k = 1; k >= 0; k--)
		{
			const Hint *hint = &before[i].hints[k];

			if (hint->hash != 0)
				*place_for(places, hint->hash) = *hint;
		}
	places->n_gone = 0;
	pfree(before);
}

static Hint *
find_hint(TargetPlaces *places, const StoreTargetRow *row)
{
	if (places->n_gone > places->n && places->n < PLACES_MAX)
		grow(places);
	return place_for(places, (uint32) kit_hash(row->key, strlen(row->key), (uint64) (uint32) row->row));
}

/* ---- a row ---- */

/* The table, and values of its columns by their numbers. */
typedef struct Direct
{
	const TargetMap *map;
	StoreTable	table;
	Relation	index;
	IndexScanDesc scan;			/* NULL: the index has not been asked yet */
	Snapshot	snapshot;
	ScanKeyData keys[INDEX_MAX_KEYS];
	Datum	   *values;
	bool	   *isnull;
	MemoryContext context;		/* of all rows */
} Direct;

static void
make_keys(Direct *direct)
{
	for (int i = 0; i < direct->map->n_identity; i++)
	{
		Oid			type = direct->index->rd_opcintype[i];
		Oid			equal = get_opfamily_member(direct->index->rd_opfamily[i], type, type, BTEqualStrategyNumber);

		ScanKeyEntryInitialize(&direct->keys[i], 0, (AttrNumber) (i + 1), BTEqualStrategyNumber, InvalidOid, direct->index->rd_indcollation[i], get_opcode(equal),
							   (Datum) 0);
	}
}

static void
begin_scan(Direct *direct)
{
	if (direct->scan != NULL)
		return;
	direct->index = index_open(direct->map->index, AccessShareLock);
	direct->scan = port_index_beginscan(direct->table.rel, direct->index, direct->snapshot, direct->map->n_identity, 0);
	make_keys(direct);
}

static bool
ask_index(Direct *direct)
{
	MemoryContext row;
	bool		found;

	/* What the scan allocates by the way stays with it. */
	row = MemoryContextSwitchTo(direct->context);
	begin_scan(direct);
	MemoryContextSwitchTo(row);
	for (int i = 0; i < direct->map->n_identity; i++)
	{
		int			number = direct->index->rd_index->indkey.values[i];

		if (direct->isnull[number - 1])
			return false;
		direct->keys[i].sk_argument = direct->values[number - 1];
	}
	row = MemoryContextSwitchTo(direct->context);
	index_rescan(direct->scan, direct->keys, direct->map->n_identity, NULL, 0);
	found = store_row_next(&direct->table, direct->scan, ForwardScanDirection, NULL);
	MemoryContextSwitchTo(row);
	return found;
}

/* The columns of the identity, or the others: byte by byte, as the statement compares. */
static bool
is_same(const Direct *direct, bool identity)
{
	TupleTableSlot *found = direct->table.found;

	slot_getallattrs(found);
	for (int i = 0; i < direct->map->n_columns; i++)
	{
		const TargetColumn *column = &direct->map->columns[i];
		int			at = column->number - 1;

		if (column->is_identity != identity)
			continue;
		if (found->tts_isnull[at] != direct->isnull[at] ||
			(!direct->isnull[at] && !datum_image_eq(found->tts_values[at], direct->values[at], column->by_value, column->len)))
			return false;
	}
	return true;
}

static bool
find(Direct *direct, Hint *hint)
{
	StoreTable *table = &direct->table;

	if (hint->transaction == port_local_transaction() && store_row_own(table, &hint->own) && is_same(direct, true))
		return true;
	if (store_row_at_place(table, &hint->place, direct->snapshot) && is_same(direct, true))
		return true;
	if (!ask_index(direct))
		return false;
	hint->place = table->place;
	return true;
}

static bool
fits(const Direct *direct)
{
	TupleDesc	desc = RelationGetDescr(direct->table.rel);

	for (int i = 0; i < direct->map->n_columns; i++)
	{
		int			at = direct->map->columns[i].number - 1;

		if (direct->isnull[at] && TupleDescAttr(desc, at)->attnotnull)
			return false;
	}
	return true;
}

static bool
update(Direct *direct, Hint *hint)
{
	StoreTable *table = &direct->table;

	store_row_copy(table);
	for (int i = 0; i < direct->map->n_columns; i++)
	{
		const TargetColumn *column = &direct->map->columns[i];
		int			at = column->number - 1;

		if (column->is_identity)
			continue;
		table->fresh->tts_values[at] = direct->values[at];
		table->fresh->tts_isnull[at] = direct->isnull[at];
	}
	if (!store_row_update_newest(table))
		return false;
	hint->own = table->fresh->tts_tid;
	hint->transaction = port_local_transaction();
	return true;
}

/* False: the statement shall do it. */
static bool
bring(Direct *direct, const StoreTargetRow *row)
{
	Hint		nothing = {0};
	Hint	   *hint;

	if (row->is_gone)
		return false;
	for (int i = 0; i < direct->map->n_columns; i++)
	{
		TargetColumn *column = &direct->map->columns[i];
		int			at = column->number - 1;

		direct->values[at] = store_target_value(direct->map, column, row, &direct->isnull[at]);
	}
	hint = direct->map->places != NULL ? find_hint(direct->map->places, row) : &nothing;
	return find(direct, hint) && (is_same(direct, false) || (fits(direct) && update(direct, hint)));
}

/* ---- all of them ---- */

int
store_target_bring_directly(const TargetMap *map, const StoreTargetRow *rows, int n, StoreTargetRow *left)
{
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "adama target row", ALLOCSET_SMALL_SIZES);
	Direct		direct = {map, store_table_open(map->relation, RowExclusiveLock)};
	int			natts = RelationGetDescr(direct.table.rel)->natts;
	int			n_left = 0;

	direct.context = CurrentMemoryContext;
	direct.values = palloc(sizeof(Datum) * (Size) natts);
	direct.isnull = palloc(sizeof(bool) * (Size) natts);
	direct.snapshot = store_snapshot_now();
	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(each);

		CHECK_FOR_INTERRUPTS();
		if (!bring(&direct, &rows[i]))
			left[n_left++] = rows[i];
		MemoryContextSwitchTo(old);
		ExecClearTuple(direct.table.fresh);
		MemoryContextReset(each);
	}
	if (direct.scan != NULL)
	{
		index_endscan(direct.scan);
		index_close(direct.index, AccessShareLock);
	}
	UnregisterSnapshot(direct.snapshot);
	store_table_close(&direct.table);
	MemoryContextDelete(each);
	CommandCounterIncrement();
	return n_left;
}
