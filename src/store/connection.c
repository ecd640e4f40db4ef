/*
 * connection.c
 *	  Rows of the table connection: who is joined to which document, and which backend listens.
 *
 * A row is written in the transaction that LISTENs, so a committed row means an active listener.  Of a row only the viewer state ever changes.  Rows
 * outlive their backend until the emitter clears them away.  There are two kinds:
 *
 *		a session's own			id is random: it is the notification channel and, since LISTEN has no privileges, the secret
 *		a gateway's				listener is the channel, number the gateway's name for it, and id is made of both
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
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "store/internal.h"

void
store_connection_number_id(const char *listener, int64 number, char id[STORE_CONNECTION_ID_LEN + 1])
{
	snprintf(id, STORE_CONNECTION_ID_LEN + 1, "adama_%016llx%016llx", (unsigned long long) kit_hash(listener, strlen(listener), 0),
			 (unsigned long long) number);
}

void
store_connection_insert(StoreTable *table, StoreConnection *connection)
{
	connection->joined = GetCurrentTimestamp();
	store_row_clear(table);
	store_row_set_text(table, CONNECTION_ID, connection->id, strlen(connection->id));
	store_row_set_text(table, CONNECTION_KEY, connection->key, strlen(connection->key));
	store_row_set_text(table, CONNECTION_AGENT, connection->agent, strlen(connection->agent));
	store_row_set_text(table, CONNECTION_AUTHORITY, connection->authority, strlen(connection->authority));
	store_row_set_bytes(table, CONNECTION_VIEWER, connection->viewer);
	store_row_set(table, CONNECTION_CREATED, TimestampTzGetDatum(connection->created));
	store_row_set(table, CONNECTION_PID, Int32GetDatum(connection->pid));
	store_row_set(table, CONNECTION_BACKEND_START, TimestampTzGetDatum(connection->backend_start));
	store_row_set(table, CONNECTION_JOINED, TimestampTzGetDatum(connection->joined));
	if (connection->send_window > 0)
		store_row_set(table, CONNECTION_SEND_WINDOW, Int32GetDatum(connection->send_window));
	if (connection->listener != NULL)
	{
		store_row_set_text(table, CONNECTION_LISTENER, connection->listener, strlen(connection->listener));
		store_row_set(table, CONNECTION_NUMBER, Int64GetDatum(connection->number));
	}
	if (connection->since > 0)
		store_row_set(table, CONNECTION_SINCE, Int64GetDatum(connection->since));
	store_row_set(table, CONNECTION_SEQ, Int64GetDatum(connection->seq));
	store_row_insert(table);
}

static char *
text_column(TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column - 1] ? pstrdup("") : TextDatumGetCString(slot->tts_values[column - 1]);
}

static int64
number_column(TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column - 1] ? 0 : DatumGetInt64(slot->tts_values[column - 1]);
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
	out->seq = DatumGetInt64(slot->tts_values[CONNECTION_SEQ - 1]);
	out->send_window = slot->tts_isnull[CONNECTION_SEND_WINDOW - 1] ? 0 : DatumGetInt32(slot->tts_values[CONNECTION_SEND_WINDOW - 1]);
	if (!slot->tts_isnull[CONNECTION_LISTENER - 1])
		out->listener = text_column(slot, CONNECTION_LISTENER);
	out->number = number_column(slot, CONNECTION_NUMBER);
	out->since = number_column(slot, CONNECTION_SINCE);
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

bool
store_connection_delete(StoreTable *table, const char *id)
{
	bool		found = store_row_lock(table, id, NULL);

	if (found)
		store_row_delete(table);
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
	bool		found = store_row_lock(&table, id, NULL);

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

void
store_connection_scan(StoreSpace *space, Snapshot snapshot, void (*visit) (const StoreConnection *connection, void *arg), void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, AccessShareLock);
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "adama connection", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	while (table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		StoreConnection connection;

		MemoryContextSwitchTo(each);
		read_connection(table.found, &connection);
		visit(&connection, arg);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
	}
	MemoryContextDelete(each);
	table_endscan(scan);
	store_table_close(&table);
	store_role_leave(role);
}

void
store_connection_range(StoreSpace *space, const char *from, const char *to, Snapshot snapshot,
					   void (*visit) (const StoreConnection *connection, void *arg), void *arg)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "adama connection", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	ScanKeyEntryInitialize(&keys[0], 0, CONNECTION_ID, BTGreaterEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GE, CStringGetTextDatum(from));
	ScanKeyEntryInitialize(&keys[1], 0, CONNECTION_ID, BTLessEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_LE, CStringGetTextDatum(to));
	scan = systable_beginscan_ordered(table.rel, index, snapshot, 2, keys);
	while (HeapTupleIsValid(systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		StoreConnection connection;

		MemoryContextSwitchTo(each);
		read_connection(scan->slot, &connection);
		visit(&connection, arg);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
	}
	systable_endscan_ordered(scan);
	MemoryContextDelete(each);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
}

/* ---- whose they are ---- */

void
store_connection_lock(StoreSpace *space, const char *key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, space->connection, (uint32) kit_hash(key, strlen(key), 0), 3);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

/* The index whose columns are the document's key, the agent and the authority. */
static Oid
member_index(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;
	Oid			result = InvalidOid;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		const int16 *columns = index->rd_index->indkey.values;

		if (IndexRelationGetNumberOfKeyAttributes(index) >= 3 && columns[0] == CONNECTION_KEY && columns[1] == CONNECTION_AGENT &&
			columns[2] == CONNECTION_AUTHORITY && index->rd_index->indisvalid && RelationGetIndexPredicate(index) == NIL &&
			index->rd_rel->relam == BTREE_AM_OID)
			result = lfirst_oid(lc);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return result;
}

struct StoreMembers
{
	Oid			owner;			/* whose code an index may run */
	StoreTable	table;
	Relation	index;
	IndexScanDesc scan;
	Snapshot	snapshot;
	ScanKeyData keys[3];
};

/* As the space's owner from here to the end of the look. */
static StoreRole
enter(const StoreMembers *members)
{
	StoreSpace	owner = {.owner = members->owner};

	return store_role_enter(&owner);
}

/* A table without such an index can't be asked whose connections there are. */
static Oid
find_member_index(Relation rel, const char *space)
{
	Oid			index = member_index(rel);

	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of space \"%s\" has no index on key, agent and authority", RelationGetRelationName(rel), space),
				 errhint("CREATE INDEX ON %s (key, agent, authority).", quote_qualified_identifier(space, RelationGetRelationName(rel)))));
	return index;
}

StoreMembers *
store_members_begin(StoreSpace *space, const char *key)
{
	StoreMembers *members = palloc0(sizeof(StoreMembers));
	Oid			index;

	members->owner = space->owner;
	members->table = store_table_open(space->connection, AccessShareLock);
	index = find_member_index(members->table.rel, NameStr(space->name));
	members->index = index_open(index, AccessShareLock);
	members->snapshot = store_snapshot_now();
	members->scan = port_index_beginscan(members->table.rel, members->index, members->snapshot, 3, 0);
	for (int i = 0; i < 3; i++)
		ScanKeyEntryInitialize(&members->keys[i], 0, (AttrNumber) (i + 1), BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, (Datum) 0);
	members->keys[0].sk_argument = CStringGetTextDatum(key);
	return members;
}

/* The scan is at the principal's connections then. */
static void
look_for(StoreMembers *members, VmText agent, VmText authority)
{
	members->keys[1].sk_argument = PointerGetDatum(cstring_to_text_with_len(agent.str, (int) agent.len));
	members->keys[2].sk_argument = PointerGetDatum(cstring_to_text_with_len(authority.str, (int) authority.len));
	index_rescan(members->scan, members->keys, 3, NULL, 0);
}

static void
forget_it(StoreMembers *members)
{
	pfree(DatumGetPointer(members->keys[1].sk_argument));
	pfree(DatumGetPointer(members->keys[2].sk_argument));
}

bool
store_members_has(StoreMembers *members, VmText agent, VmText authority, TimestampTz created)
{
	StoreRole	role = enter(members);
	TupleTableSlot *slot = members->table.found;
	bool		found = false;

	look_for(members, agent, authority);
	while (!found && index_getnext_slot(members->scan, ForwardScanDirection, slot))
	{
		slot_getallattrs(slot);
		found = created == 0 || DatumGetTimestampTz(slot->tts_values[CONNECTION_CREATED - 1]) == created;
	}
	forget_it(members);
	store_role_leave(role);
	return found;
}

List *
store_members_list(StoreMembers *members, VmText agent, VmText authority)
{
	StoreRole	role = enter(members);
	List	   *rows = NIL;

	look_for(members, agent, authority);
	while (index_getnext_slot(members->scan, ForwardScanDirection, members->table.found))
	{
		StoreConnection *row = palloc(sizeof(StoreConnection));

		read_connection(members->table.found, row);
		rows = lappend(rows, row);
	}
	forget_it(members);
	store_role_leave(role);
	return rows;
}

void
store_members_end(StoreMembers *members)
{
	index_endscan(members->scan);
	UnregisterSnapshot(members->snapshot);
	index_close(members->index, AccessShareLock);
	store_table_close(&members->table);
	pfree(members);
}

bool
store_connection_any(StoreSpace *space, const char *key, TimestampTz created)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->connection, AccessShareLock);
	Relation	index = index_open(find_member_index(table.rel, NameStr(space->name)), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	IndexScanDesc scan = port_index_beginscan(table.rel, index, snapshot, 1, 0);
	ScanKeyData wanted;
	bool		found = false;

	ScanKeyEntryInitialize(&wanted, 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(key));
	index_rescan(scan, &wanted, 1, NULL, 0);
	while (!found && index_getnext_slot(scan, ForwardScanDirection, table.found))
	{
		slot_getallattrs(table.found);
		found = DatumGetTimestampTz(table.found->tts_values[CONNECTION_CREATED - 1]) == created;
	}
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	store_role_leave(role);
	return found;
}
