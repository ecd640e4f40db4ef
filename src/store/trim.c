/*
 * trim.c
 *	  Taking out what a log need not keep: @static { maximum_history = n; } of the program, and what adama.retain says of the space.
 *
 *		1  2  3 ... [400] 401 ... [800] 801 ... 1205		at least the last 500 are wanted: 706 to 1205
 *		\__________/
 *		    goes
 *
 * What stays begins with an entry that keeps the state after it (reduce.c), so the document can be shown and run again from there on.  That is looked at
 * whenever another state is kept, so the log is longer than wanted by what lies between two of them, and each event pays for one that goes.  A log that has just got a
 * bound is brought there step by step, oldest entries first.  A document that rests keeps no more states, so adama.trim lends its row's state to the entry that it is of.
 *
 * Bounds by age and by size are of the space: they lie in the row of its newest program, and a new version takes them over.  Sizes are those of deltas: the row counts
 * what was appended (log_size) and what went (log_gone).
 *
 * The document's row is locked: nobody else reads the log in order to bring a copy to now.  Who reads an older version of the row, by a snapshot, also sees the entries
 * that went since.
 */
#include "postgres.h"

#include <limits.h>

#include "access/detoast.h"
#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/internal.h"

#define TRIM_MAX 4096			/* entries that one event takes out */
#define LOOK_MAX 64				/* entries within the bounds, for the time when they will not be */

bool
store_retains_by_age(const StoreSpace *space)
{
	const Interval *age = &space->keep_age;

	return age->month != 0 || age->day != 0 || age->time != 0;
}

bool
store_trim_bounds(StoreTrim *trim, const StoreSpace *space, const StoreProgram *program, int64 seq)
{
	int64		wanted = vm_program_lang(program->vm)->settings.maximum_history;
	const Interval *age = &space->keep_age;
	bool		has_age = store_retains_by_age(space);

	memset(trim, 0, sizeof(*trim));
	trim->seq = wanted > 0 ? seq - wanted : -1;
	trim->size = space->keep_size > 0 ? space->keep_size : -1;
	if (has_age)
		trim->at = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTimestamp()), IntervalPGetDatum(age)));
	else
		TIMESTAMP_NOBEGIN(trim->at);
	return wanted > 0 || has_age || space->keep_size > 0;
}

/* The document's entries up to seq, the oldest first. */
static IndexScanDesc
scan_begin(StoreTable *table, Relation index, const char *key, int64 seq, Snapshot snapshot)
{
	IndexScanDesc scan = port_index_beginscan(table->rel, index, snapshot, 2, 0);
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], 0, LOG_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	ScanKeyEntryInitialize(&keys[1], 0, LOG_SEQ, BTLessEqualStrategyNumber, InvalidOid, InvalidOid, F_INT8LE, Int64GetDatum(seq));
	index_rescan(scan, keys, 2, NULL, 0);
	return scan;
}

/* The entry that was found. */
static int64
found_seq(StoreTable *table)
{
	bool		isnull;

	return DatumGetInt64(slot_getattr(table->found, LOG_SEQ, &isnull));
}

static TimestampTz
found_at(StoreTable *table)
{
	bool		isnull;

	return DatumGetTimestampTz(slot_getattr(table->found, LOG_AT, &isnull));
}

/* Bytes of its delta, as the row counts them; it is not fetched. */
static int64
found_size(StoreTable *table)
{
	bool		isnull;
	Datum		delta = slot_getattr(table->found, LOG_DELTA, &isnull);

	return isnull ? 0 : (int64) toast_raw_datum_size(delta) - VARHDRSZ;
}

/*
 * Seq of the entry that the log is to begin with: the last one that keeps a state, or can be given one, and lies beyond a bound; 0: none.  What is far beyond the bounds is
 * not looked at to its end.  *next: the time of the entry that it can't begin with as long as that is within the bounds; DT_NOEND: there is none yet.
 */
static int64
find_first(StoreTable *table, Relation index, const char *key, const StoreTrim *trim, Snapshot snapshot, TimestampTz *next)
{
	IndexScanDesc scan = scan_begin(table, index, key, trim->state_seq, snapshot);
	int64		after = trim->log_size - trim->log_gone;	/* bytes that follow the entry */
	int64		first = 0;
	int			n_within = 0;	/* entries that are within the bounds */
	StoreRoom	room = {0};

	TIMESTAMP_NOEND(*next);
	/* This comes by what the trim before took out; nobody else does. */
	for (int n = 0; (first == 0 || n < TRIM_MAX) && store_row_next(table, scan, ForwardScanDirection, &room); n++)
	{
		int64		seq = found_seq(table);
		bool		has_state = !slot_attisnull(table->found, LOG_STATE) || (seq == trim->state_seq && trim->state != (Datum) 0);

		CHECK_FOR_INTERRUPTS();
		after -= found_size(table);
		if (seq > trim->seq && found_at(table) > trim->at && (trim->size < 0 || after < trim->size))
			n_within++;
		else if (n_within > 0)
			break;
		else if (has_state)
			first = seq;
		/* The first entry with a state, or one from before that, when they are many. */
		if (n_within > 0 && ((has_state && n > 0) || n_within == LOOK_MAX))
		{
			*next = found_at(table);
			break;
		}
	}
	index_endscan(scan);
	store_room_end(table, &room);
	return first;
}

/* Whether there is an entry before seq `first`. */
static bool
has_before(StoreTable *table, Relation index, const char *key, int64 first, Snapshot snapshot)
{
	IndexScanDesc scan = scan_begin(table, index, key, first, snapshot);
	bool		found = index_getnext_slot(scan, ForwardScanDirection, table->found) && found_seq(table) < first;

	index_endscan(scan);
	return found;
}

/* The log is about to begin with this entry. */
static void
lend_state(StoreTable *table, Relation index, const char *key, int64 first, Datum state, Snapshot snapshot)
{
	IndexScanDesc scan = scan_begin(table, index, key, first, snapshot);

	if (index_getnext_slot(scan, BackwardScanDirection, table->found) && slot_attisnull(table->found, LOG_STATE))
	{
		store_row_copy(table);
		store_row_set(table, LOG_STATE, state);
		store_row_update(table);
	}
	index_endscan(scan);
}

/* Columns whose values may lie out of line. */
static const int large[] = {LOG_MESSAGE, LOG_DELTA, LOG_STATE, LOG_EFFECTS};

int
store_log_trim(StoreSpace *space, const char *key, StoreTrim *trim)
{
	StoreTable	table = store_table_open(space->log, RowExclusiveLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), RowExclusiveLock);
	Snapshot	snapshot = store_snapshot_now();
	TimestampTz next;
	int64		first = find_first(&table, index, key, trim, snapshot, &next);
	int			n = 0;

	if (first > 0 && has_before(&table, index, key, first, snapshot))
	{
		IndexScanDesc scan;

		store_room_collect(&table);
		if (trim->state != (Datum) 0)
			lend_state(&table, index, key, first, trim->state, snapshot);
		scan = scan_begin(&table, index, key, first - 1, snapshot);
		for (; n < TRIM_MAX && index_getnext_slot(scan, ForwardScanDirection, table.found); n++)
		{
			trim->log_gone += found_size(&table);
			for (int i = 0; i < (int) lengthof(large); i++)
				store_room_leave(&table, large[i]);
			store_row_delete(&table);
		}
		index_endscan(scan);
		trim->log_from = Max(trim->log_from, first);
	}
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	store_table_close(&table);
	return n;
}

/* ---- documents that nobody touches ---- */

int
store_trim_document(StoreSpace *space, const char *key, bool *has_more)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, RowExclusiveLock);
	StoreRow	row;
	StoreTrim	trim;
	int			n = 0;

	if (store_row_lock(&table, key, NULL))
	{
		store_row_of_document(&table, &row);
		if (store_trim_bounds(&trim, space, store_program(space, row.program), row.seq))
		{
			trim.log_size = row.log_size;
			trim.log_from = row.log_from;
			trim.log_gone = row.log_gone;
			trim.state_seq = row.state_seq;
			trim.state = row.state;
			n = store_log_trim(space, key, &trim);
		}
		if (n > 0)
		{
			store_row_copy(&table);
			store_row_set(&table, DOCUMENT_LOG_FROM, Int64GetDatum(trim.log_from));
			store_row_set(&table, DOCUMENT_LOG_GONE, Int64GetDatum(trim.log_gone));
			store_row_update(&table);
		}
	}
	store_table_close(&table);
	CommandCounterIncrement();
	store_role_leave(role);
	*has_more = n == TRIM_MAX;
	return n;
}

bool
store_retains(StoreSpace *space)
{
	StoreTrim	trim;

	return store_trim_bounds(&trim, space, store_program_current(space), 0);
}

TimestampTz
store_retention_end(const StoreSpace *space, TimestampTz time)
{
	if (!store_retains_by_age(space))
		return DT_NOEND;
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(time), IntervalPGetDatum(&space->keep_age)));
}

/* Whether anything of the document's log would go; its row is not locked.  Else *due becomes the time when that may be, when it is earlier. */
static bool
is_too_long(StoreSpace *space, StoreTable *log, Relation index, const char *key, const StoreRow *row, Snapshot snapshot, TimestampTz *due)
{
	StoreTrim	trim;
	TimestampTz next;
	int64		first;

	/* Of one entry nothing can go. */
	if (row->log_from >= row->seq || !store_trim_bounds(&trim, space, store_program(space, row->program), row->seq))
		return false;
	trim.log_size = row->log_size;
	trim.log_gone = row->log_gone;
	trim.state_seq = row->state_seq;
	trim.state = row->state;
	first = find_first(log, index, key, &trim, snapshot, &next);
	if (first > 0 && has_before(log, index, key, first, snapshot))
		return true;
	if (!TIMESTAMP_IS_NOEND(next))
		*due = Min(*due, store_retention_end(space, next));
	return false;
}

List *
store_logs_too_long(StoreSpace *space, const char *after, int max, int max_looked, char **last, TimestampTz *due)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	Relation	documents = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	StoreTable	log = store_table_open(space->log, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(log.rel), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	IndexScanDesc scan = port_index_beginscan(table.rel, documents, snapshot, 1, 0);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext each = AllocSetContextCreate(caller, "adama trim", ALLOCSET_DEFAULT_SIZES);
	ScanKeyData scankey;
	List	   *keys = NIL;
	StringInfoData looked;
	bool		is_end = false;

	initStringInfo(&looked);
	ScanKeyEntryInitialize(&scankey, 0, DOCUMENT_KEY, BTGreaterStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GT, CStringGetTextDatum(after));
	index_rescan(scan, &scankey, 1, NULL, 0);
	for (int n = 0; n < max_looked && list_length(keys) < max && !is_end; n++)
	{
		is_end = !index_getnext_slot(scan, ForwardScanDirection, table.found);
		if (!is_end)
		{
			StoreRow	row;

			CHECK_FOR_INTERRUPTS();
			MemoryContextSwitchTo(each);
			store_row_of_document(&table, &row);
			resetStringInfo(&looked);
			appendStringInfoString(&looked, TextDatumGetCString(table.found->tts_values[DOCUMENT_KEY - 1]));
			if (is_too_long(space, &log, index, looked.data, &row, snapshot, due))
			{
				MemoryContextSwitchTo(caller);
				keys = lappend(keys, pstrdup(looked.data));
			}
			MemoryContextSwitchTo(caller);
			MemoryContextReset(each);
		}
	}
	*last = is_end ? NULL : looked.data;
	MemoryContextDelete(each);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	store_table_close(&log);
	index_close(documents, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
	return keys;
}

int
store_trim_documents(StoreSpace *space, int max)
{
	Oid			schema = space->schema;
	char	   *last;
	TimestampTz due = DT_NOEND;
	List	   *keys = store_logs_too_long(space, "", max, INT_MAX, &last, &due);
	ListCell   *cell;
	int			n = 0;

	foreach(cell, keys)
	{
		bool		has_more;

		CHECK_FOR_INTERRUPTS();
		/* Triggers may run. */
		space = store_space_by_schema(schema);
		if (space != NULL && store_trim_document(space, lfirst(cell), &has_more) > 0)
			n++;
	}
	return n;
}

/* ---- bounds of a space ---- */

void
store_retain(StoreSpace *space, const Interval *age, int64 size)
{
	StoreRole	role = store_role_enter(space);
	Oid			schema = space->schema;
	StoreTable	table;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;

	/* Like a deploy: one after the other, of the newest version. */
	LockRelationOid(space->program, ShareRowExclusiveLock);
	space = store_space_by_schema(schema);
	if (space == NULL)
		elog(ERROR, "the space is gone");
	table = store_table_open(space->program, RowExclusiveLock);
	index = index_open(RelationGetPrimaryKeyIndex(table.rel), RowExclusiveLock);
	snapshot = store_snapshot_now();
	scan = port_index_beginscan(table.rel, index, snapshot, 0, 0);
	index_rescan(scan, NULL, 0, NULL, 0);
	if (index_getnext_slot(scan, BackwardScanDirection, table.found))
	{
		store_row_copy(&table);
		table.fresh->tts_isnull[PROGRAM_KEEP_AGE - 1] = age == NULL;
		table.fresh->tts_values[PROGRAM_KEEP_AGE - 1] = IntervalPGetDatum(age);
		table.fresh->tts_isnull[PROGRAM_KEEP_SIZE - 1] = size == 0;
		table.fresh->tts_values[PROGRAM_KEEP_SIZE - 1] = Int64GetDatum(size);
		store_row_update(&table);
	}
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	store_table_close(&table);
	store_space_changed(space);
	CommandCounterIncrement();
	store_role_leave(role);
}
