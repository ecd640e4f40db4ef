/*
 * register.c
 *	  Targets come and go: the rows of chat.replication, what fills a target at first, what is asked of it, what a consumer takes off a queue.
 *
 * Locks, in this order: the table program (deploys and registrations of a space take turns), the target against others who register it, or the registration against the worker that may
 * be delivering, and at last, when there is nothing else to wait for, chat.replica against writers (target.c says why).  A target that is written at once is filled here, while
 * nobody can publish; the others are filled by the worker, and what is published meanwhile is found by it or appended for it.
 *
 * Two registrations on one table must never mean one row: unless the identity says of which space, or name, a row is, a table takes one registration.  What somebody else registered, in
 * a space of theirs, counts as well, as long as they may write to the table.
 *
 * The owner of a space can write to its chat.replication what they like, and name tables of others there.  So a row of another space says something only where its owner has what adama.replicate asks
 * for, and could as well have registered: who lets a role write to a table lets it have a say in who else does.  Without those privileges nothing is brought there whatever is registered; where
 * they are lost, others may take the table, and whoever gives them back has two that write.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "port/pgcompat.h"
#include "store/target.h"

static const char *
table_name(Oid relation)
{
	const char *name = get_rel_name(relation);

	return name != NULL ? quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name) : psprintf("%u", relation);
}

/* Something about one registration, whose id is $1. */
static void
run(const StoreSession *session, const char *sql, int id)
{
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(id)};

	store_session_run(session, sql, 1, types, values, NULL, false);
}

/* ---- registering ---- */

/* The space after waiting for a lock, which may have let anything happen. */
static StoreSpace *
space_again(Oid schema)
{
	StoreSpace *space = store_space_by_schema(schema);

	if (space == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the space was dropped meanwhile")));
	return space;
}

/* Deploys, and others who register, wait from here on. */
static StoreSpace *
lock_program(StoreSpace *space)
{
	Oid			schema = space->schema;

	LockRelationOid(space->program, ShareRowExclusiveLock);
	return space_again(schema);
}

/* Messages that publish something wait from here on, and those that did have ended. */
static StoreSpace *
lock_replica(StoreSpace *space)
{
	Oid			schema = space->schema;

	LockRelationOid(space->replica, ShareRowExclusiveLock);
	return space_again(schema);
}

static void
raise_misfit(const StoreSpace *space, const char *name, Oid relation, const char *problems)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("replication \"%s\" of space \"%s\" does not fit table \"%s\"", name, NameStr(space->name), get_rel_name(relation)),
			 errdetail_internal("%s", problems)));
}

/* Whether rows of the new registration could be those of another one. */
static void
require_own_rows(StoreSpace *space, const char *name, Relation rel, Datum columns, Datum identity)
{
	Oid			relation = RelationGetRelid(rel);
	Oid			schema = space->schema;
	ListCell   *lc;

	foreach(lc, store_space_all())
	{
		StoreSpace *other = store_space_by_schema(lfirst_oid(lc));
		ListCell   *cell;

		if (other == NULL || (other->schema != schema && store_target_denied(other, rel) != NULL))
			continue;
		foreach(cell, store_registrations(other, other->schema != schema))
		{
			const TargetRegistration *one = lfirst(cell);
			bool		is_same_space = other->schema == schema;

			if (one->relation != relation)
				continue;
			if (is_same_space && strcmp(one->name, name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_OBJECT),
						 errmsg("replication \"%s\" is brought to table \"%s\" already", name, get_rel_name(relation)),
						 errhint("Call adama.unreplicate before, to do it in another way.")));
			if (is_same_space ? store_target_tells_name(columns, identity) && store_target_tells_name(one->columns, one->identity) :
				store_target_tells_space(columns, identity) && store_target_tells_space(one->columns, one->identity))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("another replication is brought to table \"%s\", and rows of both could be the same", get_rel_name(relation)),
					 is_same_space ? errdetail("It is \"%s\" of this space.", one->name) : errdetail("It is of space \"%s\".", NameStr(other->name)),
					 errhint("Give %s or $id to a column that belongs to the unique index, for both.", is_same_space ? "$name" : "$space")));
		}
	}
	(void) store_space_by_schema(schema);
}

static int
next_id(StoreSpace *space)
{
	List	   *all = store_registrations(space, false);

	return all == NIL ? 1 : ((TargetRegistration *) llast(all))->id + 1;
}

static void
set_number(StoreTable *table, int column, int64 number)
{
	if (number >= 0)
		store_row_set(table, column, Int64GetDatum(number));
}

/* total: of what has been brought there already; -1: the worker is to do it. */
static int
insert_registration(StoreSpace *space, const char *name, StoreTargetMode mode, const TargetMap *map, int64 total)
{
	int			id = next_id(space);
	const char *mode_name = store_target_mode_name(mode);
	StoreTable	table = store_table_open(space->replication, RowExclusiveLock);
	Snapshot	snapshot;

	store_row_clear(&table);
	store_row_set(&table, REPLICATION_ID, Int32GetDatum(id));
	store_row_set_text(&table, REPLICATION_NAME, name, strlen(name));
	store_row_set_text(&table, REPLICATION_MODE, mode_name, strlen(mode_name));
	if (map != NULL)
	{
		store_row_set(&table, REPLICATION_TARGET, ObjectIdGetDatum(map->relation));
		store_row_set(&table, REPLICATION_COLUMNS, store_target_columns(map));
		store_row_set(&table, REPLICATION_IDENTITY, store_target_identity(map));
	}
	store_row_set(&table, REPLICATION_CREATED, TimestampTzGetDatum(GetCurrentTimestamp()));
	store_row_set(&table, REPLICATION_FILLED, BoolGetDatum(total >= 0));
	set_number(&table, REPLICATION_FILL_TOTAL, total);
	store_row_set(&table, REPLICATION_FILL_DONE, Int64GetDatum(Max(total, 0)));
	store_row_set(&table, REPLICATION_DELIVERED, Int64GetDatum(0));
	store_row_set(&table, REPLICATION_FAILURES, Int32GetDatum(0));
	/* Nobody else writes replicas now, so what others will have changed is later than this. */
	snapshot = store_snapshot_now();
	store_row_set(&table, REPLICATION_BROUGHT, DirectFunctionCall1(pg_snapshot_in, CStringGetDatum(store_pages_horizon(snapshot))));
	store_row_set(&table, REPLICATION_BROUGHT_IN, Int64GetDatum(store_pages_server()));
	UnregisterSnapshot(snapshot);
	store_row_insert(&table);
	store_table_close(&table);
	store_space_changed(space);
	CommandCounterIncrement();
	return id;
}

/* All that is published under the name, in the order of keys and rows; how much it was. */
static int64
fill(StoreSpace *space, const TargetMap *map)
{
	StoreTable	table = store_table_open(space->replica, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	IndexScanDesc scan = port_index_beginscan(table.rel, index, snapshot, 1, 0);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "adama fill", ALLOCSET_DEFAULT_SIZES);
	StoreTargetRow *rows = palloc(sizeof(StoreTargetRow) * STORE_TARGET_BATCH);
	TargetPlans plans = {NULL};
	ScanKeyData key;
	bool		more = true;
	int64		n_all = 0;

	ScanKeyEntryInitialize(&key, 0, REPLICA_NAME, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(map->name));
	index_rescan(scan, &key, 1, NULL, 0);
	while (more)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		int			n = 0;
		Size		size = 0;

		while (n < STORE_TARGET_BATCH && size < STORE_TARGET_BATCH_BYTES && more)
		{
			Datum	   *values;

			CHECK_FOR_INTERRUPTS();
			/* What the scan allocates by the way stays with it. */
			MemoryContextSwitchTo(old);
			more = index_getnext_slot(scan, ForwardScanDirection, table.found);
			MemoryContextSwitchTo(context);
			if (!more)
				break;
			store_replica_check(&table);
			values = table.found->tts_values;
			rows[n++] = (StoreTargetRow) {
				.key = TextDatumGetCString(values[REPLICA_KEY - 1]), .row = DatumGetInt32(values[REPLICA_ROW - 1]),
				.value = PointerGetDatum(PG_DETOAST_DATUM_COPY(values[REPLICA_VALUE - 1])), .hash = DatumGetInt64(values[REPLICA_HASH - 1]),
				.seq = DatumGetInt64(values[REPLICA_SEQ - 1]), .at = DatumGetTimestampTz(values[REPLICA_AT - 1])
			};
			size += VARSIZE_ANY(DatumGetPointer(rows[n - 1].value));
		}
		if (n > 0)
			store_target_write_described(map, &plans, rows, n);
		n_all += n;
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	store_target_plans_free(&plans);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	store_table_close(&table);
	MemoryContextDelete(context);
	return n_all;
}

/* What the target's triggers may do must not change what is being brought. */
static int64
fill_alone(StoreSpace *space, const TargetMap *map)
{
	StoreBringing bringing = {space->schema, .name = map->name};
	int64		total;

	store_bringing_begin(&bringing);
	PG_TRY();
	{
		total = fill(space, map);
	}
	PG_CATCH();
	{
		store_bringing_end(&bringing);
		PG_RE_THROW();
	}
	PG_END_TRY();
	store_bringing_end(&bringing);
	return total;
}

int
store_replicate(StoreSpace *space, const char *name, Oid relation, Datum columns, bool has_columns, StoreTargetMode mode)
{
	Oid			schema = space->schema;
	StoreRole	role = store_role_enter(space);
	StringInfoData problems;
	const char *denied;
	TargetMap	map;
	Relation	rel;
	int64		total = -1;
	int			id;

	/* Where the snapshot is older than the lock, what was published in between could not be seen. */
	if (mode == STORE_TARGET_SYNC && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("adama.replicate() with mode sync must run in a READ COMMITTED transaction")));
	space = lock_program(space);
	LockDatabaseObject(RelationRelationId, relation, 0, ExclusiveLock);
	rel = relation_open(relation, mode == STORE_TARGET_SYNC ? RowExclusiveLock : AccessShareLock);
	if (mode == STORE_TARGET_SYNC && rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a foreign table, and can't be written to by messages themselves", RelationGetRelationName(rel)),
				 errdetail("Documents would stand still with the remote."),
				 errhint("Use mode async.")));
	denied = store_target_denied(space, rel);
	if (denied != NULL)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("%s", denied)));
	initStringInfo(&problems);
	if (!store_target_map(space, vm_program_lang(store_program_current(space)->vm), name, rel, columns, has_columns, NIL, &map, &problems))
		raise_misfit(space, name, relation, problems.data);
	require_own_rows(space, name, rel, store_target_columns(&map), store_target_identity(&map));
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED)
		ereport(WARNING,
				(errmsg("table \"%s\" is unlogged: after a crash of the server it is empty, and only what changes then comes back", RelationGetRelationName(rel)),
				 errhint("ALTER TABLE %s SET LOGGED; or register it anew after a crash.", table_name(relation))));
	relation_close(rel, NoLock);
	if (map.is_foreign)
		store_target_warn_foreign(relation);
	space = lock_replica(space);
	if (mode == STORE_TARGET_SYNC)
	{
		total = fill_alone(space, &map);
		/* The target may have triggers. */
		space = space_again(schema);
	}
	id = insert_registration(space, name, mode, &map, total);
	if (mode != STORE_TARGET_SYNC)
		store_target_announce(schema, store_target_server(relation), true);
	store_role_leave(role);
	return id;
}

int
store_replicate_queue(StoreSpace *space, const char *name)
{
	Oid			schema = space->schema;
	StoreRole	role = store_role_enter(space);
	StringInfoData problems;
	ListCell   *lc;
	int			id;

	space = lock_program(space);
	initStringInfo(&problems);
	if (!store_target_is_published(vm_program_lang(store_program_current(space)->vm), name, &problems))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("replication \"%s\" of space \"%s\" does not exist", name, NameStr(space->name)),
				 errdetail_internal("%s", problems.data)));
	foreach(lc, store_registrations(space, false))
	{
		const TargetRegistration *one = lfirst(lc);

		if (one->mode == STORE_TARGET_QUEUE && strcmp(one->name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("replication \"%s\" of space \"%s\" has a queue already", name, NameStr(space->name))));
	}
	space = lock_replica(space);
	id = insert_registration(space, name, STORE_TARGET_QUEUE, NULL, -1);
	store_target_announce(schema, InvalidOid, true);
	store_role_leave(role);
	return id;
}

/* ---- what is registered ---- */

/* Says what there is instead.  any: neither a table nor a queue was meant. */
static void
raise_unknown(const StoreSpace *space, const char *name, Oid relation, bool any, List *registrations)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, registrations)
	{
		const TargetRegistration *one = lfirst(lc);

		if (strcmp(one->name, name) == 0)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", OidIsValid(one->relation) ? psprintf("table %s", table_name(one->relation)) : "a queue");
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 OidIsValid(relation) ? errmsg("replication \"%s\" of space \"%s\" is not brought to table %s", name, NameStr(space->name), table_name(relation)) :
			 any ? errmsg("replication \"%s\" of space \"%s\" is brought nowhere", name, NameStr(space->name)) :
			 errmsg("replication \"%s\" of space \"%s\" has no queue", name, NameStr(space->name)),
			 list.len > 0 ? errdetail_internal("It is brought to %s.", list.data) : any ? 0 : errdetail("It is brought nowhere.")));
}

static const TargetRegistration *
find_registration(StoreSpace *space, const char *name, Oid relation)
{
	List	   *all = store_registrations(space, false);
	ListCell   *lc;

	foreach(lc, all)
	{
		const TargetRegistration *one = lfirst(lc);

		if (one->relation == relation && strcmp(one->name, name) == 0)
			return one;
	}
	raise_unknown(space, name, relation, false, all);
	return NULL;
}

void
store_unreplicate(StoreSpace *space, const char *name, Oid relation)
{
	Oid			schema = space->schema;
	StoreSession session;
	int			id;

	space = lock_program(space);
	id = find_registration(space, name, relation)->id;
	store_session_begin(&session, space);
	/* From here on no worker brings anything; waiting for one, or for consumers, and taking out what is much, is done while messages still go on. */
	run(&session, "SELECT FROM %1$s.replication WHERE id = $1 FOR UPDATE", id);
	run(&session, "DELETE FROM %1$s.outbox WHERE replication = $1", id);
	run(&session, "DELETE FROM %1$s.replica_change WHERE replication = $1", id);
	(void) lock_replica(space);
	run(&session, "DELETE FROM %1$s.replication WHERE id = $1", id);
	run(&session, "DELETE FROM %1$s.replica_change WHERE replication = $1", id);
	store_session_end(&session);
	space = store_space_by_schema(schema);
	if (space != NULL)
		store_space_changed(space);
	CommandCounterIncrement();
}

void
store_replication_retry(StoreSpace *space, const char *name, Oid relation)
{
	Oid			schema = space->schema;
	List	   *all = store_registrations(space, false);
	bool		found = false;
	StoreSession session;
	ListCell   *lc;

	if (OidIsValid(relation))
		(void) find_registration(space, name, relation);
	store_session_begin(&session, space);
	foreach(lc, all)
	{
		const TargetRegistration *one = lfirst(lc);

		if (strcmp(one->name, name) != 0 || (OidIsValid(relation) && one->relation != relation))
			continue;
		found = true;
		run(&session, "UPDATE %1$s.replication SET retry_at = clock_timestamp() WHERE id = $1 AND retry_at IS NOT NULL", one->id);
		run(&session, "UPDATE %1$s.outbox SET retry_at = clock_timestamp() WHERE replication = $1 AND retry_at IS NOT NULL", one->id);
		store_target_announce(schema, store_target_server(one->relation), true);
	}
	store_session_end(&session);
	if (!found)
		raise_unknown(space, name, InvalidOid, true, all);
}

/* ---- queues ---- */

/*
 * The rows are locked before they are deleted, and those that somebody else has locked are passed over.  They are found again by their place, which cannot change while they are locked; what
 * changed before the lock is looked at anew.
 */
#define DEQUEUE "WITH taken AS (DELETE FROM %1$s.outbox AS o WHERE o.ctid = ANY (ARRAY(" \
	"SELECT q.ctid FROM %1$s.outbox AS q WHERE q.replication = $1 ORDER BY q.since, q.key, q.\"row\" LIMIT $2 FOR UPDATE SKIP LOCKED)) " \
	"RETURNING o.key, o.\"row\", o.value, o.hash, o.seq, o.since, o.attempts) SELECT * FROM taken ORDER BY since, key, \"row\""

void
store_dequeue(StoreSpace *space, const char *name, int max, void (*visit) (const StoreDequeued *item, void *arg), void *arg)
{
	Oid			types[2] = {INT4OID, INT4OID};
	Datum		values[2] = {Int32GetDatum(find_registration(space, name, InvalidOid)->id), Int32GetDatum(max)};
	StoreSession session;

	store_session_begin(&session, space);
	store_session_run(&session, DEQUEUE, 2, types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		StoreDequeued item;
		bool		isnull;

		item.key = SPI_getvalue(tuple, desc, 1);
		item.row = DatumGetInt32(SPI_getbinval(tuple, desc, 2, &isnull));
		item.value = SPI_getbinval(tuple, desc, 3, &item.is_gone);
		item.hash = DatumGetInt64(SPI_getbinval(tuple, desc, 4, &isnull));
		item.seq = DatumGetInt64(SPI_getbinval(tuple, desc, 5, &isnull));
		item.since = DatumGetTimestampTz(SPI_getbinval(tuple, desc, 6, &isnull));
		item.attempts = DatumGetInt32(SPI_getbinval(tuple, desc, 7, &isnull));
		visit(&item, arg);
	}
	store_session_end(&session);
}

/* ---- how they are doing ---- */

#define STATUS "SELECT r.id, r.filled, r.fill_done, r.fill_total, r.delivered, r.failures, r.retry_at, r.last_error, r.last_error_at, " \
	"c.n, c.oldest, o.n, o.parked, o.oldest, r.brought, r.brought_in FROM %1$s.replication AS r " \
	"LEFT JOIN (SELECT replication, count(*) AS n, min(at) AS oldest FROM %1$s.replica_change GROUP BY replication) AS c ON c.replication = r.id " \
	"LEFT JOIN (SELECT replication, count(*) FILTER (WHERE error IS NULL) AS n, count(error) AS parked, min(since) FILTER (WHERE error IS NULL) AS oldest " \
	"FROM %1$s.outbox GROUP BY replication) AS o ON o.replication = r.id ORDER BY r.id"

static int64
number_at(HeapTuple tuple, TupleDesc desc, int column, int64 otherwise)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? otherwise : DatumGetInt64(value);
}

static TimestampTz
older(TimestampTz a, TimestampTz b)
{
	return a == 0 ? b : b == 0 ? a : Min(a, b);
}

/* What is found by its page (pages.c). */
static void
add_found(StoreSpace *space, const StoreTarget *target, HeapTuple tuple, TupleDesc desc, StoreTargetStatus *status)
{
	bool		is_here = number_at(tuple, desc, 16, 0) == store_pages_server();
	TimestampTz oldest = 0;

	status->pending += store_pages_pending(space, target->name, is_here ? SPI_getvalue(tuple, desc, 15) : NULL, &oldest);
	status->oldest = older(status->oldest, oldest);
}

static void
read_status(HeapTuple tuple, TupleDesc desc, StoreTargetStatus *status)
{
	bool		isnull;
	int64		oldest_change = number_at(tuple, desc, 11, 0);
	int64		oldest_waiting = number_at(tuple, desc, 14, 0);

	status->is_filled = DatumGetBool(SPI_getbinval(tuple, desc, 2, &isnull));
	status->fill_done = number_at(tuple, desc, 3, 0);
	status->fill_total = number_at(tuple, desc, 4, -1);
	status->delivered = number_at(tuple, desc, 5, 0);
	status->failures = DatumGetInt32(SPI_getbinval(tuple, desc, 6, &isnull));
	status->retry_at = number_at(tuple, desc, 7, 0);
	status->last_error = SPI_getvalue(tuple, desc, 8);
	status->last_error_at = number_at(tuple, desc, 9, 0);
	status->pending = number_at(tuple, desc, 10, 0) + number_at(tuple, desc, 12, 0);
	status->parked = number_at(tuple, desc, 13, 0);
	status->oldest = older(oldest_change, oldest_waiting);
}

static int
result_id(uint64 row)
{
	bool		isnull;

	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &isnull));
}

void
store_targets_status(StoreSpace *space, void (*visit) (const StoreTargetStatus *status, void *arg), void *arg)
{
	Oid			schema = space->schema;
	StoreSession session;

	store_session_begin(&session, space);
	store_session_run(&session, STATUS, 0, NULL, NULL, NULL, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StoreTarget *target;
		StoreTargetStatus status;

		space = store_space_by_schema(schema);
		target = space == NULL ? NULL : store_target_find(space, result_id(i));
		/* Newer than the snapshot, or older. */
		if (target == NULL)
			continue;
		status.name = pstrdup(target->name);
		status.relation = target->relation;
		status.mode = target->mode;
		status.problem = NULL;
		/* Who looks does not wait for those who alter the table. */
		if (OidIsValid(status.relation) && ConditionalLockRelationOid(status.relation, AccessShareLock))
		{
			space = store_space_by_schema(schema);
			target = space == NULL ? NULL : store_target_find(space, result_id(i));
			if (target != NULL)
				status.problem = store_target_problem(space, target);
		}
		read_status(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &status);
		space = store_space_by_schema(schema);
		target = space == NULL ? NULL : store_target_find(space, result_id(i));
		if (target != NULL && store_target_is_found(target))
			add_found(space, target, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &status);
		visit(&status, arg);
	}
	store_session_end(&session);
}
