/*
 * connection.c
 *	  Rows of the table connection: who is joined to which document, and which backend listens.
 *
 * A row is written in the transaction that LISTENs, so a committed row means an active listener.  Rows outlive their backend until the emitter clears them
 * away; id is the notification channel and, since LISTEN has no privileges, the secret.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

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
