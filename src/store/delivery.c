/*
 * delivery.c
 *	  What is to be brought to a target now, and what becomes of it: the worker's side of the table replica_change.
 *
 * A change says only that a replica (name, key, row) is another.  It is read together with the replica as it is now, in one snapshot:
 *
 *		replica_change of one target			replica, the same snapshot		what is brought
 *		k 0, k 0, k 3, a 0, k 0			->		a 0: {…}					->	a 0 upsert
 *												k 0: {…}						k 0 upsert
 *																				k 3 delete: it is gone
 *
 * so that a burst is one, the last value.  In the transaction that brings them, exactly the changes that were read are deleted: those that were committed since stay.  Nobody else
 * deletes changes of a target as long as its row of the table replication is locked.
 *
 * What the target refuses is kept in the outbox with the error and a time, and is brought when that has come, or with the next change of it: always as it is by then
 * (outbox.c).  When a target is new, what is published already is brought in the order of keys and rows; what changes meanwhile is brought as a change.
 *
 * What goes to a table of this database is found in the table replica itself (pages.c); of that, replica_change has only what is gone.
 *
 * Reading begins where the table does, with the oldest changes, and ends with so many replicas; they are brought in the order of key and row, like everything.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "store/delivery.h"
#include "store/pages.h"

#define READ_MAX 20000			/* changes at a time */
#define COMPACT_REPLICAS 1000000	/* that are told apart when changes are compacted: some 40 MB */
#define BYTES_MAX (8 * 1024 * 1024)	/* of values at a time, about */

static const char *const lock_sql =
	"SELECT r.name, r.filled, r.fill_key, r.fill_row, r.fill_total, r.fill_done, r.failures, r.retry_at, r.brought, r.brought_in FROM %1$s.replication r WHERE r.id = $1 FOR NO KEY UPDATE";
static const char *const count_sql = "SELECT count(*) FROM %1$s.replica WHERE name = $1";
static const char *const save_sql =
	"UPDATE %1$s.replication SET filled = $2, fill_key = $3, fill_row = $4, fill_total = $5, fill_done = $6, delivered = delivered + $7, "
	"delivered_at = CASE WHEN $7 > 0 THEN clock_timestamp() ELSE delivered_at END, failures = 0, retry_at = NULL, "
	"brought = CASE WHEN $8 IS NULL THEN brought ELSE $8::pg_catalog.pg_snapshot END, brought_in = CASE WHEN $8 IS NULL THEN brought_in ELSE $9 END WHERE id = $1";
static const char *const fail_sql =
	"UPDATE %1$s.replication SET failures = failures + 1, retry_at = $2, last_error = $3, last_error_at = clock_timestamp() WHERE id = $1";
static const char *const error_sql = "UPDATE %1$s.replication SET last_error = $2, last_error_at = clock_timestamp() WHERE id = $1";

static const char *const tidy_sql[] = {
	"DELETE FROM %1$s.replica_change WHERE replication NOT IN (SELECT id FROM %1$s.replication)",
	"DELETE FROM %1$s.outbox WHERE replication NOT IN (SELECT id FROM %1$s.replication)",
};

/* ---- the registration ---- */

static Datum
column(int n, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n, isnull);
}

static char *
column_text(int n, MemoryContext context)
{
	char	   *str = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n);

	return str == NULL ? NULL : MemoryContextStrdup(context, str);
}

bool
store_delivery_begin(StoreSpace *space, const StoreTarget *target, StoreDelivery *delivery)
{
	MemoryContext context = CurrentMemoryContext;
	StoreSession session;
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(target->id)};
	bool		isnull;
	bool		found;
	int			target_id = target->id;

	*delivery = (StoreDelivery) {.schema = space->schema,.id = target->id,.mode = target->mode};
	store_session_begin(&session, space);
	store_session_repeat(&session, lock_sql, 1, types, values, NULL, false);
	found = SPI_processed > 0;
	if (found)
	{
		delivery->name = column_text(1, context);
		delivery->is_filled = DatumGetBool(column(2, &isnull));
		delivery->fill_key = column_text(3, context);
		delivery->fill_row = DatumGetInt32(column(4, &isnull));
		delivery->fill_total = DatumGetInt64(column(5, &isnull));
		if (isnull)
			delivery->fill_total = -1;
		delivery->fill_done = DatumGetInt64(column(6, &isnull));
		delivery->failures = DatumGetInt32(column(7, &isnull));
		delivery->retry_at = DatumGetTimestampTz(column(8, &isnull));
		if (isnull)
			delivery->retry_at = 0;
		if (DatumGetInt64(column(10, &isnull)) == store_pages_server())
			delivery->brought = column_text(9, context);
	}
	store_session_end(&session);
	if (found && delivery->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("registration %d has no name", target_id)));
	return found;
}

void
store_delivery_lock(const StoreTarget *target)
{
	if (OidIsValid(target->relation) && !ConditionalLockRelationOid(target->relation, RowExclusiveLock))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("a transaction that has not ended holds the table")));
}

/* ---- what changed ---- */

/* One change that was read. */
typedef struct Change
{
	const char *key;
	int32		row;
	TimestampTz at;
	ItemPointerData tid;
	ItemPointerData place;		/* of the replica's row then; may be invalid */
} Change;

static int
compare_changes(const void *a, const void *b)
{
	const Change *x = a;
	const Change *y = b;
	int			order = strcmp(x->key, y->key);

	if (order != 0)
		return order;
	return x->row != y->row ? (x->row < y->row ? -1 : 1) : ItemPointerCompare((ItemPointer) &x->tid, (ItemPointer) &y->tid);
}

static bool
is_same(const Change *a, const Change *b)
{
	return a->row == b->row && strcmp(a->key, b->key) == 0;
}

/* Whether it has not been seen before; two that have one hash are taken for one, which only lets more be read. */
static bool
is_another(HTAB *seen, const Change *change)
{
	uint64		hash = kit_hash(change->key, strlen(change->key), (uint64) (uint32) change->row);
	bool		found;

	(void) hash_search(seen, &hash, HASH_ENTER, &found);
	return !found;
}

/* The table has no key, and its owner may have altered it. */
static void
require_whole(const StoreTable *table)
{
	for (int i = 0; i < REPLICA_CHANGE_N_COLUMNS; i++)
		if (table->found->tts_isnull[i] && i + 1 != REPLICA_CHANGE_PLACE)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("column %d of a row of the table \"replica_change\" is null", i + 1),
					 errhint("Delete the row.")));
}

/* Changes of the target, the oldest first: of max replicas at most.  Sorted. */
static Change *
read_changes(StoreDelivery *delivery, StoreTable *table, int max, Snapshot snapshot, int *n)
{
	HASHCTL		ctl = {.keysize = sizeof(uint64),.entrysize = sizeof(uint64),.hcxt = CurrentMemoryContext};
	HTAB	   *seen = hash_create("adama changes", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	int			capacity = 256;
	Change	   *changes = palloc(sizeof(Change) * capacity);
	int			n_replicas = 0;
	ScanKeyData key;
	TableScanDesc scan;

	*n = 0;
	ScanKeyInit(&key, REPLICA_CHANGE_REPLICATION, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(delivery->id));
	scan = table_beginscan(table->rel, snapshot, 1, &key);
	while (*n < READ_MAX && table_scan_getnextslot(scan, ForwardScanDirection, table->found))
	{
		Change	   *change;

		CHECK_FOR_INTERRUPTS();
		if (*n == capacity)
			changes = repalloc_huge(changes, sizeof(Change) * (capacity *= 2));
		slot_getallattrs(table->found);
		require_whole(table);
		change = &changes[*n];
		change->key = TextDatumGetCString(table->found->tts_values[REPLICA_CHANGE_KEY - 1]);
		change->row = DatumGetInt32(table->found->tts_values[REPLICA_CHANGE_ROW - 1]);
		change->at = DatumGetTimestampTz(table->found->tts_values[REPLICA_CHANGE_AT - 1]);
		change->tid = table->found->tts_tid;
		if (table->found->tts_isnull[REPLICA_CHANGE_PLACE - 1])
			ItemPointerSetInvalid(&change->place);
		else
			change->place = *(ItemPointer) DatumGetPointer(table->found->tts_values[REPLICA_CHANGE_PLACE - 1]);
		if (is_another(seen, change) && ++n_replicas > max)
		{
			delivery->has_more = true;
			break;
		}
		(*n)++;
	}
	delivery->has_more |= *n == READ_MAX;
	table_endscan(scan);
	hash_destroy(seen);
	if (*n > 1)
		qsort(changes, *n, sizeof(Change), compare_changes);
	return changes;
}

static void
delete_change(StoreTable *table, ItemPointer tid, Snapshot snapshot)
{
	if (table->rel->trigdesc == NULL)
	{
		CheckCmdReplicaIdentity(table->rel, CMD_DELETE);
		simple_table_tuple_delete(table->rel, tid, snapshot);
		return;
	}
	if (!table_tuple_fetch_row_version(table->rel, tid, snapshot, table->found))
		elog(ERROR, "a change of a replica went");
	store_row_delete(table);
}

/* ---- replicas as they are ---- */

/* A walk over the table replica, by the primary key. */
typedef struct Walk
{
	StoreTable	table;
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData keys[3];		/* name, key, row */
	int			n_keys;
	BlockNumber n_blocks;		/* of the table, at least */
} Walk;

static void
walk_begin(Walk *walk, StoreSpace *space, int n_keys, Snapshot snapshot)
{
	walk->table = store_table_open(space->replica, AccessShareLock);
	walk->index = index_open(RelationGetPrimaryKeyIndex(walk->table.rel), AccessShareLock);
	walk->scan = port_index_beginscan(walk->table.rel, walk->index, snapshot, n_keys, 0);
	walk->n_keys = n_keys;
	walk->n_blocks = RelationGetNumberOfBlocks(walk->table.rel);
}

static void
walk_end(Walk *walk)
{
	index_endscan(walk->scan);
	index_close(walk->index, AccessShareLock);
	store_table_close(&walk->table);
}

static StoreDeliveryRow *
add_row(StoreDelivery *delivery)
{
	if (delivery->n == delivery->capacity)
	{
		delivery->capacity = Max(256, delivery->capacity * 2);
		delivery->rows = delivery->rows == NULL ? palloc(sizeof(StoreDeliveryRow) * delivery->capacity) :
			repalloc_huge(delivery->rows, sizeof(StoreDeliveryRow) * delivery->capacity);
	}
	memset(&delivery->rows[delivery->n], 0, sizeof(StoreDeliveryRow));
	return &delivery->rows[delivery->n++];
}

/* The replica that was found. */
static void
fill_in(StoreDelivery *delivery, StoreDeliveryRow *row, TupleTableSlot *found)
{
	slot_getallattrs(found);
	for (int i = 0; i < REPLICA_N_COLUMNS; i++)
		if (found->tts_isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("column %d of a row of the table \"replica\" is null", i + 1)));
	row->it.value = PointerGetDatum(PG_DETOAST_DATUM_COPY(found->tts_values[REPLICA_VALUE - 1]));
	row->it.hash = DatumGetInt64(found->tts_values[REPLICA_HASH - 1]);
	row->it.seq = DatumGetInt64(found->tts_values[REPLICA_SEQ - 1]);
	row->it.at = DatumGetTimestampTz(found->tts_values[REPLICA_AT - 1]);
	delivery->size += VARSIZE_ANY(DatumGetPointer(row->it.value));
}

/* Whether the version that the last change left is the one that the snapshot sees; then nobody need be asked where the row is. */
static bool
is_at_place(StoreDelivery *delivery, Walk *walk, StoreDeliveryRow *row)
{
	TupleTableSlot *found = walk->table.found;

	if (!ItemPointerIsValid(&row->place) || ItemPointerGetBlockNumber(&row->place) >= walk->n_blocks ||
		!table_tuple_fetch_row_version(walk->table.rel, &row->place, walk->scan->xs_snapshot, found))
		return false;
	slot_getallattrs(found);
	return !found->tts_isnull[REPLICA_NAME - 1] && store_datum_is_text(found->tts_values[REPLICA_NAME - 1], delivery->name) &&
		!found->tts_isnull[REPLICA_KEY - 1] && store_datum_is_text(found->tts_values[REPLICA_KEY - 1], row->it.key) &&
		!found->tts_isnull[REPLICA_ROW - 1] && DatumGetInt32(found->tts_values[REPLICA_ROW - 1]) == row->it.row;
}

static void
look_up(StoreDelivery *delivery, Walk *walk, StoreDeliveryRow *row)
{
	if (is_at_place(delivery, walk, row))
	{
		fill_in(delivery, row, walk->table.found);
		return;
	}
	ScanKeyEntryInitialize(&walk->keys[0], 0, REPLICA_NAME, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(delivery->name));
	ScanKeyEntryInitialize(&walk->keys[1], 0, REPLICA_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(row->it.key));
	ScanKeyEntryInitialize(&walk->keys[2], 0, REPLICA_ROW, BTEqualStrategyNumber, InvalidOid, InvalidOid, F_INT4EQ, Int32GetDatum(row->it.row));
	index_rescan(walk->scan, walk->keys, 3, NULL, 0);
	row->it.is_gone = !index_getnext_slot(walk->scan, ForwardScanDirection, walk->table.found);
	if (!row->it.is_gone)
		fill_in(delivery, row, walk->table.found);
}

/* ---- what is to be brought ---- */

/* Remembers which changes it is about, to delete them. */
static void
take_changes(StoreDelivery *delivery, Change *changes, int n)
{
	TimestampTz last = 0;

	delivery->tids = palloc_extended(sizeof(ItemPointerData) * Max(n, 1), MCXT_ALLOC_HUGE);
	delivery->of = palloc_extended(sizeof(int) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		StoreDeliveryRow *row;

		if (i == 0 || !is_same(&changes[i - 1], &changes[i]))
		{
			row = add_row(delivery);
			row->it.key = changes[i].key;
			row->it.row = changes[i].row;
			row->since = last = changes[i].at;
			row->place = changes[i].place;
		}
		row = &delivery->rows[delivery->n - 1];
		row->since = Min(row->since, changes[i].at);
		if (changes[i].at >= last)
		{
			last = changes[i].at;
			row->place = changes[i].place;
		}
		delivery->tids[i] = changes[i].tid;
		delivery->of[i] = delivery->n - 1;
	}
	delivery->n_changes = n;
}

static void
look_up_all(StoreDelivery *delivery, StoreSpace *space, Snapshot snapshot)
{
	Walk		walk;

	if (delivery->n == 0)
		return;
	walk_begin(&walk, space, 3, snapshot);
	for (int i = 0; i < delivery->n; i++)
	{
		look_up(delivery, &walk, &delivery->rows[i]);
		if (delivery->size > BYTES_MAX && i + 1 < delivery->n)
		{
			/* The rest is read again next time. */
			delivery->n = i + 1;
			while (delivery->n_changes > 0 && delivery->of[delivery->n_changes - 1] >= delivery->n)
				delivery->n_changes--;
			delivery->has_more = true;
		}
	}
	walk_end(&walk);
}

/* ---- what is found in the table replica itself ---- */

typedef struct Finding
{
	StoreDelivery *delivery;
	int			max;
} Finding;

static bool
take_found(StoreTable *table, void *arg)
{
	Finding    *finding = arg;
	StoreDelivery *delivery = finding->delivery;
	StoreDeliveryRow *row = add_row(delivery);

	fill_in(delivery, row, table->found);
	row->it.key = TextDatumGetCString(table->found->tts_values[REPLICA_KEY - 1]);
	row->it.row = DatumGetInt32(table->found->tts_values[REPLICA_ROW - 1]);
	row->since = row->it.at;
	return delivery->n < finding->max && delivery->size <= BYTES_MAX;
}

static int
compare_rows(const void *a, const void *b)
{
	const StoreDeliveryRow *x = a;
	const StoreDeliveryRow *y = b;
	int			order = strcmp(x->it.key, y->it.key);

	return order != 0 ? order : (x->it.row > y->it.row) - (x->it.row < y->it.row);
}

/* Rows of changes, of which there are so many, and rows that were found, into one order; what a replica is was read by the same snapshot for both. */
static void
join_found(StoreDelivery *delivery, int n_before)
{
	StoreDeliveryRow *rows = delivery->rows;
	StoreDeliveryRow *all;
	int		   *places;
	int			n = 0;
	int			i = 0;
	int			k = n_before;

	if (delivery->n - n_before > 1)
		qsort(rows + n_before, delivery->n - n_before, sizeof(StoreDeliveryRow), compare_rows);
	if (n_before == 0 || n_before == delivery->n)
		return;
	all = palloc_extended(sizeof(StoreDeliveryRow) * delivery->n, MCXT_ALLOC_HUGE);
	places = palloc_extended(sizeof(int) * n_before, MCXT_ALLOC_HUGE);
	while (i < n_before || k < delivery->n)
	{
		int			order = i == n_before ? 1 : k == delivery->n ? -1 : compare_rows(&rows[i], &rows[k]);

		all[n] = order <= 0 ? rows[i] : rows[k];
		if (order == 0)
			all[n].since = Min(rows[i].since, rows[k].since);
		if (order <= 0)
			places[i++] = n;
		k += order >= 0;
		n++;
	}
	for (int c = 0; c < delivery->n_changes; c++)
		delivery->of[c] = places[delivery->of[c]];
	delivery->rows = all;
	delivery->n = n;
}

static void
find(StoreSpace *space, StoreDelivery *delivery, StorePages *pages, int max, Snapshot snapshot)
{
	Finding		finding = {delivery, max};
	StoreTable	table;
	int			n_before = delivery->n;

	/* Its changes fill the delivery; the pages have their turn after them. */
	if (delivery->has_more)
		return;
	table = store_table_open(space->replica, AccessShareLock);
	delivery->brings = store_pages_read(pages, &table, delivery->name, snapshot, delivery->brought, take_found, &finding);
	delivery->has_more = delivery->brings == NULL;
	delivery->is_found = true;
	store_table_close(&table);
	join_found(delivery, n_before);
}

void
store_delivery_read(StoreSpace *space, StoreDelivery *delivery, StorePages *pages, int max)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->replica_change, RowExclusiveLock);
	Snapshot	snapshot = store_snapshot_now();
	Change	   *changes;
	int			n;

	delivery->n_pages = RelationGetNumberOfBlocks(table.rel);
	changes = read_changes(delivery, &table, max, snapshot, &n);
	take_changes(delivery, changes, n);
	pfree(changes);
	look_up_all(delivery, space, snapshot);
	if (pages != NULL)
		find(space, delivery, pages, max, snapshot);
	store_outbox_join(space, delivery, 0, false);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	store_role_leave(role);
}

void
store_delivery_retry(StoreSpace *space, StoreDelivery *delivery, int max, bool alone)
{
	StoreRole	role = store_role_enter(space);
	Snapshot	snapshot;

	store_outbox_join(space, delivery, max, alone);
	snapshot = store_snapshot_now();
	if (delivery->n > 0)
		look_up_all(delivery, space, snapshot);
	UnregisterSnapshot(snapshot);
	store_role_leave(role);
}

static void
count(StoreSpace *space, StoreDelivery *delivery)
{
	StoreSession session;
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(delivery->name)};
	bool		isnull;

	store_session_begin(&session, space);
	store_session_run(&session, count_sql, 1, types, values, NULL, true);
	delivery->fill_total = DatumGetInt64(column(1, &isnull));
	store_session_end(&session);
}

void
store_delivery_fill(StoreSpace *space, StoreDelivery *delivery, int max)
{
	StoreRole	role = store_role_enter(space);
	Snapshot	snapshot;
	Walk		walk;
	bool		is_through = false;

	if (delivery->fill_total < 0)
		count(space, delivery);
	snapshot = store_snapshot_now();
	/* What comes after (key, row): the other rows of the key, then the other keys. */
	for (int part = delivery->fill_key != NULL ? 0 : 1; part < 2 && delivery->n < max && delivery->size <= BYTES_MAX; part++)
	{
		const char *key = delivery->fill_key != NULL ? delivery->fill_key : "";
		int			n_keys = part == 0 ? 3 : 2;
		bool		is_end = false;

		walk_begin(&walk, space, n_keys, snapshot);
		ScanKeyEntryInitialize(&walk.keys[0], 0, REPLICA_NAME, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(delivery->name));
		if (part == 0)
			ScanKeyEntryInitialize(&walk.keys[1], 0, REPLICA_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
		else
			ScanKeyEntryInitialize(&walk.keys[1], 0, REPLICA_KEY, BTGreaterStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GT, CStringGetTextDatum(key));
		ScanKeyEntryInitialize(&walk.keys[2], 0, REPLICA_ROW, BTGreaterStrategyNumber, InvalidOid, InvalidOid, F_INT4GT, Int32GetDatum(delivery->fill_row));
		index_rescan(walk.scan, walk.keys, n_keys, NULL, 0);
		while (delivery->n < max && delivery->size <= BYTES_MAX && !is_end)
		{
			StoreDeliveryRow *row;

			CHECK_FOR_INTERRUPTS();
			is_end = !index_getnext_slot(walk.scan, ForwardScanDirection, walk.table.found);
			if (is_end)
				break;
			row = add_row(delivery);
			fill_in(delivery, row, walk.table.found);
			row->it.key = TextDatumGetCString(walk.table.found->tts_values[REPLICA_KEY - 1]);
			row->it.row = DatumGetInt32(walk.table.found->tts_values[REPLICA_ROW - 1]);
			row->since = row->it.at;
		}
		walk_end(&walk);
		is_through = is_end && part == 1;
	}
	UnregisterSnapshot(snapshot);
	delivery->is_fill = true;
	delivery->has_more |= !is_through;
	store_outbox_join(space, delivery, 0, false);
	store_role_leave(role);
}

/* ---- what became of it ---- */

/* How far the target is filled now: up to the first that is left, for that is to be read again. */
static void
note_filled(StoreDelivery *delivery)
{
	int			n = 0;

	while (n < delivery->n && !delivery->rows[n].is_left)
		n++;
	if (n > 0)
	{
		delivery->fill_key = delivery->rows[n - 1].it.key;
		delivery->fill_row = delivery->rows[n - 1].it.row;
		delivery->fill_done += n;
	}
	delivery->is_filled = n == delivery->n && !delivery->has_more;
}

void
store_delivery_end(StoreSpace *space, StoreDelivery *delivery)
{
	StoreSession session;
	Oid			types[9] = {INT4OID, BOOLOID, TEXTOID, INT4OID, INT8OID, INT8OID, INT8OID, TEXTOID, INT8OID};
	Datum		values[9] = {Int32GetDatum(delivery->id)};
	char		nulls[10] = "         ";
	int64		n_brought = 0;

	if (delivery->n_changes > 0)
	{
		StoreRole	role = store_role_enter(space);
		StoreTable	table = store_table_open(space->replica_change, RowExclusiveLock);
		Snapshot	snapshot = store_snapshot_now();

		/* Of those that are left the oldest stays. */
		for (int i = 0; i < delivery->n_changes; i++)
			if (!delivery->rows[delivery->of[i]].is_left || (i > 0 && delivery->of[i - 1] == delivery->of[i]))
				delete_change(&table, &delivery->tids[i], snapshot);
		UnregisterSnapshot(snapshot);
		store_table_close(&table);
		store_role_leave(role);
	}
	for (int i = 0; i < delivery->n; i++)
		n_brought += !delivery->rows[i].is_left && !delivery->rows[i].is_parked;
	store_outbox_settle(space, delivery);
	if (delivery->is_fill)
		note_filled(delivery);
	values[1] = BoolGetDatum(delivery->is_filled);
	values[2] = delivery->fill_key != NULL ? CStringGetTextDatum(delivery->fill_key) : (Datum) 0;
	nulls[2] = delivery->fill_key != NULL ? ' ' : 'n';
	values[3] = Int32GetDatum(delivery->fill_row);
	nulls[3] = nulls[2];
	values[4] = Int64GetDatum(delivery->fill_total);
	nulls[4] = delivery->fill_total >= 0 ? ' ' : 'n';
	values[5] = Int64GetDatum(delivery->fill_done);
	values[6] = Int64GetDatum(n_brought);
	values[7] = delivery->brings != NULL ? CStringGetTextDatum(delivery->brings) : (Datum) 0;
	nulls[7] = delivery->brings != NULL ? ' ' : 'n';
	values[8] = Int64GetDatum(store_pages_server());
	store_session_begin(&session, space);
	store_session_repeat(&session, save_sql, 9, types, values, nulls, false);
	store_session_end(&session);
}

void
store_delivery_failed(StoreSpace *space, int id, const char *error, TimestampTz retry_at)
{
	StoreSession session;
	Oid			types[3] = {INT4OID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[3] = {Int32GetDatum(id), TimestampTzGetDatum(retry_at), CStringGetTextDatum(error)};

	store_session_begin(&session, space);
	store_session_run(&session, fail_sql, 3, types, values, NULL, false);
	store_session_end(&session);
}

void
store_deliveries_tidy(StoreSpace *space)
{
	StoreSession session;

	store_session_begin(&session, space);
	for (size_t i = 0; i < lengthof(tidy_sql); i++)
		store_session_run(&session, tidy_sql[i], 0, NULL, NULL, NULL, false);
	store_session_end(&session);
}

void
store_delivery_note(StoreSpace *space, int id, const char *error)
{
	StoreSession session;
	Oid			types[2] = {INT4OID, TEXTOID};
	Datum		values[2] = {Int32GetDatum(id), CStringGetTextDatum(error)};

	store_session_begin(&session, space);
	store_session_run(&session, error_sql, 2, types, values, NULL, false);
	store_session_end(&session);
}

/* Whether one of the same replica came before it, among those that are remembered. */
static bool
has_come(HTAB *seen, const uint64 seeds[2], const StoreTable *table)
{
	Datum		key = PointerGetDatum(PG_DETOAST_DATUM_PACKED(table->found->tts_values[REPLICA_CHANGE_KEY - 1]));
	uint64		row = (uint32) DatumGetInt32(table->found->tts_values[REPLICA_CHANGE_ROW - 1]);
	uint64		hash[2];
	bool		found;

	/* A change that is taken for another's would be lost: 128 bits, with seeds that nobody knows before. */
	for (int i = 0; i < 2; i++)
		hash[i] = kit_hash(VARDATA_ANY(DatumGetPointer(key)), VARSIZE_ANY_EXHDR(DatumGetPointer(key)), kit_hash_mix(seeds[i], row));
	(void) hash_search(seen, hash, hash_get_num_entries(seen) < COMPACT_REPLICAS ? HASH_ENTER : HASH_FIND, &found);
	return found;
}

int
store_delivery_compact(StoreSpace *space, StoreDelivery *delivery, int max)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->replica_change, RowExclusiveLock);
	Snapshot	snapshot = store_snapshot_now();
	HASHCTL		ctl = {.keysize = 2 * sizeof(uint64),.entrysize = 2 * sizeof(uint64),.hcxt = CurrentMemoryContext};
	HTAB	   *seen = hash_create("adama changes", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	uint64		seeds[2];
	ScanKeyData key;
	TableScanDesc scan;
	int			n_gone = 0;

	if (!pg_strong_random(seeds, sizeof(seeds)))
		elog(ERROR, "could not generate random bytes");
	ScanKeyInit(&key, REPLICA_CHANGE_REPLICATION, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(delivery->id));
	scan = table_beginscan(table.rel, snapshot, 1, &key);
	while (n_gone < max && table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(table.found);
		require_whole(&table);
		if (has_come(seen, seeds, &table))
		{
			ItemPointerData tid = table.found->tts_tid;

			delete_change(&table, &tid, snapshot);
			n_gone++;
		}
	}
	table_endscan(scan);
	hash_destroy(seen);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	store_role_leave(role);
	return n_gone;
}
