/*
 * connection.c
 *	  Rows of the table connection: who is joined to which document, and which backend listens.
 *
 * A row is written in the transaction that LISTENs, so a committed row means an active listener.  Of a row only the viewer state ever changes.  Rows outlive their backend until the emitter clears them
 * away; id is the notification channel and, since LISTEN has no privileges, the secret.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "store/internal.h"

void
store_connection_insert(StoreSpace *space, const StoreConnection *connection)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, RowExclusiveLock);

	store_row_clear(&table);
	store_row_set_text(&table, CONNECTION_ID, connection->id, strlen(connection->id));
	store_row_set_text(&table, CONNECTION_KEY, connection->key, strlen(connection->key));
	store_row_set_text(&table, CONNECTION_AGENT, connection->agent, strlen(connection->agent));
	store_row_set_text(&table, CONNECTION_AUTHORITY, connection->authority, strlen(connection->authority));
	store_row_set_bytes(&table, CONNECTION_VIEWER, connection->viewer);
	store_row_set(&table, CONNECTION_CREATED, TimestampTzGetDatum(connection->created));
	store_row_set(&table, CONNECTION_PID, Int32GetDatum(connection->pid));
	store_row_set(&table, CONNECTION_BACKEND_START, TimestampTzGetDatum(connection->backend_start));
	store_row_set(&table, CONNECTION_JOINED, TimestampTzGetDatum(GetCurrentTimestamp()));
	if (connection->send_window > 0)
		store_row_set(&table, CONNECTION_SEND_WINDOW, Int32GetDatum(connection->send_window));
	store_row_insert(&table);
	store_table_close(&table);
	store_role_leave(role);
	CommandCounterIncrement();
}

static char *
text_column(TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column - 1] ? pstrdup("") : TextDatumGetCString(slot->tts_values[column - 1]);
}

static void
read_connection(TupleTableSlot *slot, StoreConnection *out)
{
	char	   *id;

	memset(out, 0, sizeof(*out));
	slot_getallattrs(slot);
	id = text_column(slot, CONNECTION_ID);
	strlcpy(out->id, id, sizeof(out->id));
	pfree(id);
	out->key = text_column(slot, CONNECTION_KEY);
	out->agent = text_column(slot, CONNECTION_AGENT);
	out->authority = text_column(slot, CONNECTION_AUTHORITY);
	if (!slot->tts_isnull[CONNECTION_VIEWER - 1])
	{
		DocBytes	bytes = store_datum_bytes(slot->tts_values[CONNECTION_VIEWER - 1]);
		char	   *copy = palloc(bytes.len);

		memcpy(copy, bytes.data, bytes.len);
		out->viewer = (DocBytes) {copy, bytes.len};
	}
	out->created = DatumGetTimestampTz(slot->tts_values[CONNECTION_CREATED - 1]);
	out->pid = DatumGetInt32(slot->tts_values[CONNECTION_PID - 1]);
	out->backend_start = DatumGetTimestampTz(slot->tts_values[CONNECTION_BACKEND_START - 1]);
	out->joined = DatumGetTimestampTz(slot->tts_values[CONNECTION_JOINED - 1]);
	out->send_window = slot->tts_isnull[CONNECTION_SEND_WINDOW - 1] ? 0 : DatumGetInt32(slot->tts_values[CONNECTION_SEND_WINDOW - 1]);
}

bool
store_connection_find(StoreSpace *space, const char *id, Snapshot snapshot, StoreConnection *out)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, AccessShareLock);
	bool		found = store_row_find(&table, id, snapshot);

	if (found)
		read_connection(table.found, out);
	store_table_close(&table);
	store_role_leave(role);
	return found;
}

static bool
same_viewer(TupleTableSlot *slot, DocBytes viewer)
{
	DocBytes	stored;

	if (slot->tts_isnull[CONNECTION_VIEWER - 1])
		return viewer.len == 0;
	stored = store_datum_bytes(slot->tts_values[CONNECTION_VIEWER - 1]);
	return stored.len == viewer.len && memcmp(stored.data, viewer.data, viewer.len) == 0;
}

bool
store_connection_set_viewer(StoreSpace *space, const char *id, DocBytes viewer, bool *is_other)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, RowExclusiveLock);
	bool		found = store_row_lock(&table, id);

	*is_other = false;
	if (found)
	{
		store_row_copy(&table);
		*is_other = !same_viewer(table.found, viewer);
	}
	if (*is_other)
	{
		store_row_set_bytes(&table, CONNECTION_VIEWER, viewer);
		store_row_update(&table);
	}
	store_table_close(&table);
	store_role_leave(role);
	if (*is_other)
		CommandCounterIncrement();
	return found;
}

bool
store_connection_delete(StoreSpace *space, const char *id)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, RowExclusiveLock);
	bool		found = store_row_lock(&table, id);

	if (found)
		store_row_delete(&table);
	store_table_close(&table);
	store_role_leave(role);
	if (found)
		CommandCounterIncrement();
	return found;
}

void
store_connection_scan(StoreSpace *space, Snapshot snapshot, void (*visit) (const StoreConnection *connection, void *arg), void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, AccessShareLock);
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		StoreConnection connection;

		read_connection(table.found, &connection);
		visit(&connection, arg);
	}
	table_endscan(scan);
	store_table_close(&table);
	store_role_leave(role);
}

/* The index whose first column is the document's key. */
static Oid
key_index(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;
	Oid			result = InvalidOid;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indkey.values[0] == CONNECTION_KEY && index->rd_index->indisvalid &&
			RelationGetIndexPredicate(index) == NIL && index->rd_rel->relam == BTREE_AM_OID)
			result = lfirst_oid(lc);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return result;
}

static bool
column_is(TupleTableSlot *slot, int column, const char *str, size_t len)
{
	text	   *value = DatumGetTextPP(slot->tts_values[column - 1]);

	return VARSIZE_ANY_EXHDR(value) == len && memcmp(VARDATA_ANY(value), str, len) == 0;
}

/*
 * Whoever joins or leaves asks this first: is it the principal's first connection, was it its last?  Without the lock two that come, or go, at the
 * same time could both answer yes, or both no.
 */
int
store_connection_count(StoreSpace *space, const char *key, const char *agent, size_t agent_len, const char *authority, size_t authority_len)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table;
	Oid			index;
	Snapshot	snapshot;
	SysScanDesc scan;
	ScanKeyData scankey;
	LOCKTAG		tag;
	int			n = 0;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, space->connection, (uint32) kit_hash(key, strlen(key), 0), 3);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);

	table = store_table_open(space->connection, AccessShareLock);
	index = key_index(table.rel);
	snapshot = store_snapshot_now();
	ScanKeyEntryInitialize(&scankey, 0, CONNECTION_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	scan = systable_beginscan(table.rel, index, OidIsValid(index), snapshot, 1, &scankey);
	while (HeapTupleIsValid(systable_getnext(scan)))
	{
		slot_getallattrs(scan->slot);
		if (column_is(scan->slot, CONNECTION_AGENT, agent, agent_len) && column_is(scan->slot, CONNECTION_AUTHORITY, authority, authority_len))
			n++;
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	store_role_leave(role);
	return n;
}
