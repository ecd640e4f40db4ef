/*
 * target.c
 *	  Which targets a space's replications have, and the way of a change to them.
 *
 *		chat.replica has been written, and is locked
 *			-> async			the keeper finds what has changed in chat.replica itself (pages.c), but for what is gone
 *			-> async with a foreign table, queue	a row appended to chat.replica_change for each target; the worker brings it there
 *			-> sync				written to the table here and now: what it refuses, the message fails with
 *
 * What is registered (chat.replication) is kept per backend until something says that it may have changed: the space (store_space_changed, which registering and deploying call),
 * one of the tables, or the name of a schema.  Whoever registers locks chat.replica against writers; a writer locks it, too, before it asks for targets, and so takes notice of all that was registered
 * before:
 *
 *		message							adama.replicate
 *		lock chat.replica
 *		write it						lock chat.replica: waits
 *		ask for targets: none
 *		commit							goes on; what was written is there to be filled in
 *										commit
 *		next: lock, hear of the target
 *
 * What belongs to the table, as triggers, defaults and constraints, runs as the owner of the space; but where that is a superuser, and the owner of the table is not, as the latter, who could have
 * a superuser do anything otherwise.  It does so with a search_path that is always the same: were it the one of whoever sends a
 * message, they could put functions of theirs in the way, which then ran as the owner.
 *
 * What goes to which column is worked out at the first row that goes to a target, and again when it was in vain: a privilege may have been granted meanwhile.
 *
 * Statements may run triggers and so anything.  What a target in use consists of stays until its statements are done, even when it is not valid any more.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "port/pgcompat.h"
#include "store/target.h"

void		(*store_targets_appended) (Oid schema, Oid server, bool is_new) = NULL;

/* A target and what it takes to write to it. */
typedef struct KeptTarget
{
	StoreTarget target;			/* first: a StoreTarget * is a KeptTarget * */
	Datum		columns;
	Datum		identity;
	MemoryContext context;		/* of the set, and, while it is ready, of the map */
	MemoryContext map_context;	/* NULL: it is not ready */
	TargetMap	map;
	TargetPlans plans;
	TargetPlaces *places;		/* NULL: none are known.  They outlive the set: that a table was vacuumed is no reason to look for all its rows anew */
} KeptTarget;

typedef struct TargetSet
{
	Oid			schema;			/* hash key */
	Oid			document;		/* whose invalidation stands for the space's */
	bool		is_valid;
	bool		is_complete;	/* false: reading it was interrupted */
	MemoryContext context;
	List	   *targets;		/* of KeptTarget * */
} TargetSet;

static HTAB *sets = NULL;
static List *retired = NIL;		/* memory contexts and plans that may be in use: lists of KeptTarget * */
static int	n_in_use = 0;		/* statements of targets that are running */

void
store_target_announce(Oid schema, Oid server, bool is_new)
{
	if (store_targets_appended != NULL)
		store_targets_appended(schema, server, is_new);
}

const char *
store_target_mode_name(StoreTargetMode mode)
{
	static const char *const names[] = {[STORE_TARGET_SYNC] = "sync", [STORE_TARGET_ASYNC] = "async", [STORE_TARGET_QUEUE] = "queue"};

	return names[mode];
}

Oid
store_target_server(Oid relation)
{
	return OidIsValid(relation) && get_rel_relkind(relation) == RELKIND_FOREIGN_TABLE ? GetForeignTable(relation)->serverid : InvalidOid;
}

List *
store_text_list(Datum array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	List	   *result = NIL;

	if (array == (Datum) 0)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			result = lappend(result, TextDatumGetCString(elements[i]));
	}
	return result;
}

/* ---- what is registered ---- */

static Datum
copied(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
}

static int
compare_ids(const ListCell *a, const ListCell *b)
{
	return ((TargetRegistration *) lfirst(a))->id - ((TargetRegistration *) lfirst(b))->id;
}

/* False: it is damaged.  Whoever owns the space may have written the row, so nothing that is needed is taken for granted. */
static bool
read_registration(TargetRegistration *one, TupleTableSlot *found)
{
	char	   *mode;

	if (found->tts_isnull[REPLICATION_ID - 1] || found->tts_isnull[REPLICATION_NAME - 1] || found->tts_isnull[REPLICATION_MODE - 1])
		return false;
	one->id = DatumGetInt32(found->tts_values[REPLICATION_ID - 1]);
	one->name = TextDatumGetCString(found->tts_values[REPLICATION_NAME - 1]);
	one->relation = found->tts_isnull[REPLICATION_TARGET - 1] ? InvalidOid : DatumGetObjectId(found->tts_values[REPLICATION_TARGET - 1]);
	mode = TextDatumGetCString(found->tts_values[REPLICATION_MODE - 1]);
	one->mode = strcmp(mode, "sync") == 0 ? STORE_TARGET_SYNC : strcmp(mode, "async") == 0 ? STORE_TARGET_ASYNC : STORE_TARGET_QUEUE;
	one->columns = copied(found, REPLICATION_COLUMNS);
	one->identity = copied(found, REPLICATION_IDENTITY);
	if (one->mode == STORE_TARGET_QUEUE)
		return !OidIsValid(one->relation);
	return OidIsValid(one->relation) && one->columns != (Datum) 0 && JB_ROOT_IS_OBJECT(DatumGetJsonbP(one->columns));
}

List *
store_registrations(StoreSpace *space, bool is_others)
{
	StoreTable	table = store_table_open(space->replication, AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);
	List	   *result = NIL;

	while (table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		TargetRegistration *one = palloc0(sizeof(TargetRegistration));

		slot_getallattrs(table.found);
		if (read_registration(one, table.found))
			result = lappend(result, one);
		else if (!is_others)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("a row of table \"replication\" of space \"%s\" does not say what is brought where", NameStr(space->name)),
					 errdetail("Only adama.replicate and its like write to that table."),
					 errhint("Delete the row, and register anew.")));
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	list_sort(result, compare_ids);
	return result;
}

/* ---- kept per backend ---- */

static void
forget_relation(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS scan;
	TargetSet  *set;

	hash_seq_init(&scan, sets);
	while ((set = hash_seq_search(&scan)) != NULL)
	{
		ListCell   *lc;

		if (!OidIsValid(relation) || relation == set->document)
			set->is_valid = false;
		foreach(lc, set->targets)
		{
			if (((KeptTarget *) lfirst(lc))->target.relation == relation)
				set->is_valid = false;
		}
	}
}

/* Schemas have other names, those of spaces or of targets. */
static void
forget_all(Datum arg, int cache, uint32 hash)
{
	forget_relation(arg, InvalidOid);
}

static void
free_targets(List *targets)
{
	ListCell   *lc;
	MemoryContext context = NULL;

	foreach(lc, targets)
	{
		KeptTarget *kept = lfirst(lc);

		store_target_plans_free(&kept->plans);
		if (kept->places != NULL)
			store_target_places_free(kept->places);
		context = kept->context;
	}
	if (context != NULL)
		MemoryContextDelete(context);
}

/* What nobody uses any more. */
static void
free_retired(void)
{
	ListCell   *lc;

	if (n_in_use > 0)
		return;
	foreach(lc, retired)
		free_targets(lfirst(lc));
	list_free(retired);
	retired = NIL;
}

/* An error that ended statements has not counted them. */
static void
at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		n_in_use = 0;
}

static void
make_hash(void)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(TargetSet), .hcxt = TopMemoryContext};

	sets = hash_create("adama targets", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
	RegisterXactCallback(at_end, NULL);
}

/* Of the same target as it was. */
static TargetPlaces *
take_places(List *targets, const StoreTarget *target)
{
	TargetPlaces *places = NULL;
	ListCell   *lc;

	foreach(lc, targets)
	{
		KeptTarget *before = lfirst(lc);

		if (before->target.id != target->id || before->target.relation != target->relation)
			continue;
		places = before->places;
		before->places = NULL;
	}
	return places;
}

static void
fill_set(TargetSet *set, StoreSpace *space)
{
	List	   *before = set->targets;
	MemoryContext old;
	ListCell   *lc;

	if (set->targets != NIL)
	{
		old = MemoryContextSwitchTo(TopMemoryContext);
		retired = lappend(retired, set->targets);
		MemoryContextSwitchTo(old);
	}
	else if (set->context != NULL)
		MemoryContextDelete(set->context);
	set->targets = NIL;
	set->context = NULL;

	set->context = AllocSetContextCreate(CacheMemoryContext, "adama targets", ALLOCSET_SMALL_SIZES);
	set->document = space->document;
	set->is_complete = false;
	/* Before it is read: what changes meanwhile must not be missed. */
	set->is_valid = true;
	old = MemoryContextSwitchTo(set->context);
	foreach(lc, store_registrations(space, false))
	{
		TargetRegistration *one = lfirst(lc);
		KeptTarget *kept = palloc0(sizeof(KeptTarget));

		kept->target.id = one->id;
		kept->target.name = one->name;
		kept->target.mode = one->mode;
		kept->target.relation = one->relation;
		kept->target.server = store_target_server(one->relation);
		kept->columns = one->columns;
		kept->identity = one->identity;
		kept->context = set->context;
		set->targets = lappend(set->targets, kept);
	}
	MemoryContextSwitchTo(old);
	foreach(lc, set->targets)
	{
		KeptTarget *kept = lfirst(lc);

		kept->places = take_places(before, &kept->target);
	}
	set->is_complete = true;
	free_retired();
}

/* Sets stay where they are once they are made. */
static TargetSet *
find_set(Oid schema)
{
	TargetSet  *set;
	bool		found;

	if (sets == NULL)
		make_hash();
	set = hash_search(sets, &schema, HASH_ENTER, &found);
	if (!found)
		*set = (TargetSet) {.schema = schema};
	return set;
}

List *
store_targets_of(StoreSpace *space)
{
	TargetSet  *set = space->targets;

	if (set == NULL)
		set = space->targets = find_set(space->schema);
	if (!set->is_valid || !set->is_complete)
		fill_set(set, space);
	return set->targets;
}

StoreTarget *
store_target_find(StoreSpace *space, int id)
{
	ListCell   *lc;

	foreach(lc, store_targets_of(space))
	{
		StoreTarget *target = lfirst(lc);

		if (target->id == id)
			return target;
	}
	return NULL;
}

bool
store_targets_are_sync(StoreSpace *space)
{
	ListCell   *lc;

	foreach(lc, store_targets_of(space))
	{
		if (((StoreTarget *) lfirst(lc))->mode == STORE_TARGET_SYNC)
			return true;
	}
	return false;
}

/* ---- what goes where ---- */

/* Works it out if need be.  NULL, or what is in the way, in the current memory context. */
static const char *
make_ready(StoreSpace *space, KeptTarget *kept)
{
	MemoryContext context;
	MemoryContext old;
	Relation	rel;
	StringInfoData problems;
	const char *denied;
	bool		fits = false;

	if (kept->target.mode == STORE_TARGET_QUEUE)
		return NULL;
	rel = try_relation_open(kept->target.relation, AccessShareLock);
	if (rel == NULL)
		return psprintf("The table of OID %u does not exist any more.", kept->target.relation);
	initStringInfo(&problems);
	/* Of privileges, those on the schema for one, nobody tells. */
	denied = store_target_denied(space, rel);
	if (denied != NULL)
		appendStringInfo(&problems, "The %s.", denied);
	else if (kept->map_context != NULL)
		fits = true;
	else
	{
		const LangProgram *program = vm_program_lang(store_program_current(space)->vm);
		List	   *identity = store_text_list(kept->identity);

		context = AllocSetContextCreate(kept->context, "adama target", ALLOCSET_SMALL_SIZES);
		old = MemoryContextSwitchTo(context);
		fits = store_target_map(space, program, kept->target.name, rel, kept->columns, true, identity, &kept->map, &problems);
		MemoryContextSwitchTo(old);
		if (fits)
			kept->map_context = context;
		else
			MemoryContextDelete(context);
	}
	/* Who is a superuser may have changed. */
	kept->map.writer = store_target_writer(space, rel);
	if (fits && kept->map.is_direct)
	{
		if (kept->places == NULL)
			kept->places = store_target_places();
		kept->map.places = kept->places;
	}
	relation_close(rel, AccessShareLock);
	return fits ? NULL : problems.data;
}

const char *
store_target_problem(StoreSpace *space, StoreTarget *target)
{
	return make_ready(space, (KeptTarget *) target);
}

/* ---- writing ---- */

/* What is being written, for the context of errors. */
typedef struct Writing
{
	const char *space;
	const char *name;
	const char *table;
	const char *search_path;
	const StoreTargetRow *rows;
	int			n;
} Writing;

static void
describe(void *arg)
{
	Writing    *writing = arg;

	if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION)
		errcontext("functions and triggers of the table run with the search_path \"%s\"", writing->search_path);
	if (writing->n == 1 && writing->rows->row != 0)
		errcontext("replication \"%s\" of row %d of document \"%s\" of space \"%s\" to table %s", writing->name, writing->rows->row, writing->rows->key,
				   writing->space, writing->table);
	else if (writing->n == 1)
		errcontext("replication \"%s\" of document \"%s\" of space \"%s\" to table %s", writing->name, writing->rows->key, writing->space, writing->table);
	else
		errcontext("replication \"%s\" of space \"%s\" to table %s", writing->name, writing->space, writing->table);
}

static void
write_by_statements(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n)
{
	StoreRole	role = store_role_enter_as(map->writer);
	int			guc_level = NewGUCNestLevel();

	/* Triggers of the table run as the owner: where they look for what they name must not be up to whoever sent the message. */
	(void) set_config_option("search_path", map->search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
	store_target_write(map, plans, rows, n);
	SPI_finish();
	AtEOXact_GUC(true, guc_level);
	store_role_leave(role);
}

void
store_target_write_described(const TargetMap *map, TargetPlans *plans, const StoreTargetRow *rows, int n)
{
	Writing		writing = {map->space, map->name, map->table, map->search_path, rows, n};
	ErrorContextCallback callback = {error_context_stack, describe, &writing};
	StoreTargetRow *left = NULL;

	error_context_stack = &callback;
	n_in_use++;
	if (map->is_direct && !IsolationUsesXactSnapshot() && ExecutorCheckPerms_hook == NULL)
	{
		left = palloc(sizeof(StoreTargetRow) * (Size) n);
		writing.n = n = store_target_bring_directly(map, rows, n, left);
		writing.rows = rows = left;
	}
	if (n > 0)
		write_by_statements(map, plans, rows, n);
	n_in_use--;
	error_context_stack = callback.previous;
	if (left != NULL)
		pfree(left);
}

/* Of the space, so that the table can be told even when it is gone. */
static void
cannot_write(const StoreSpace *space, const StoreTarget *target, const char *why)
{
	const char *table = get_rel_name(target->relation);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 table != NULL ? errmsg("replication \"%s\" of space \"%s\" can't be brought to table \"%s\"", target->name, NameStr(space->name), table) :
			 errmsg("replication \"%s\" of space \"%s\" can't be brought to its table, which does not exist any more", target->name, NameStr(space->name)),
			 errdetail_internal("%s", why),
			 errhint("%s adama.unreplicate(%s, %s, %s).", table != NULL ? "Make the table fit, or call" : "Call",
					 quote_literal_cstr(NameStr(space->name)), quote_literal_cstr(target->name),
					 table != NULL ? psprintf("'%s'", quote_qualified_identifier(get_namespace_name(get_rel_namespace(target->relation)), table)) :
					 psprintf("%u", target->relation))));
}

/* How many of the rows are written at once: arrays of their values must not become very large. */
static int
portion(const StoreTargetRow *rows, int n)
{
	Size		size = 0;
	int			some = 0;

	while (some < n && some < STORE_TARGET_BATCH && size < STORE_TARGET_BATCH_BYTES)
	{
		if (!rows[some].is_gone)
			size += VARSIZE_ANY(DatumGetPointer(rows[some].value));
		some++;
	}
	return some;
}

void
store_target_apply(StoreSpace *space, StoreTarget *target, const StoreTargetRow *rows, int n)
{
	Oid			schema = space->schema;
	StoreRole	role = store_role_enter(space);
	int			id = target->id;
	const char *why;
	KeptTarget *kept;

	/* Whoever alters the table waits from here on; what was altered before is heard of now. */
	LockRelationOid(target->relation, RowExclusiveLock);
	space = store_space_by_schema(schema);
	target = space != NULL ? store_target_find(space, id) : NULL;
	if (target == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("registration %d of a replication is gone", id)));
	why = make_ready(space, (KeptTarget *) target);
	if (why != NULL)
		cannot_write(space, target, why);
	kept = (KeptTarget *) target;
	while (n > 0)
	{
		int			some = portion(rows, n);

		store_target_write_described(&kept->map, &kept->plans, rows, some);
		rows += some;
		n -= some;
	}
	store_role_leave(role);
}

/* ---- changes ---- */

/* As deploy makes it, the table has nothing that wants to know of a row. */
static bool
takes_rows_as_they_are(Relation rel)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	return rel->trigdesc == NULL && !rel->rd_rel->relhasindex && !rel->rd_rel->relispartition &&
		(constraints == NULL || (constraints->num_check == 0 && !constraints->has_generated_stored));
}

static void
append_change(StoreTable *table, bool is_plain, int id, const char *key, const StoreReplicaChange *change)
{
	store_row_clear(table);
	store_row_set(table, REPLICA_CHANGE_REPLICATION, Int32GetDatum(id));
	store_row_set_text(table, REPLICA_CHANGE_KEY, key, strlen(key));
	store_row_set(table, REPLICA_CHANGE_ROW, Int32GetDatum(change->row));
	store_row_set(table, REPLICA_CHANGE_AT, TimestampTzGetDatum(change->at));
	if (ItemPointerIsValid(&change->tid))
		store_row_set(table, REPLICA_CHANGE_PLACE, PointerGetDatum(&change->tid));
	if (is_plain)
	{
		ExecStoreVirtualTuple(table->fresh);
		table_tuple_insert(table->rel, table->fresh, GetCurrentCommandId(true), 0, NULL);
	}
	else
		store_row_insert(table);
}

bool
store_target_is_found(const StoreTarget *target)
{
	return target->mode == STORE_TARGET_ASYNC && !OidIsValid(target->server);
}

/* For the worker: of each target that is not written at once, the changes of its name. */
static void
append_changes(StoreSpace *space, Relation replica, List *targets, const char *key, StoreReplicaChange *changes, int n)
{
	Oid			schema = space->schema;
	StoreTable	table = {NULL};
	bool		is_plain = false;
	ListCell   *lc;

	foreach(lc, targets)
	{
		const StoreTarget *target = lfirst(lc);
		bool		has_any = false;

		if (target->mode == STORE_TARGET_SYNC)
			continue;
		for (int i = 0; i < n; i++)
		{
			if (strcmp(changes[i].name, target->name) != 0)
				continue;
			has_any = true;
			if (store_target_is_found(target) && !changes[i].is_gone && store_page_changed(replica, &changes[i].tid))
				continue;
			if (table.rel == NULL)
			{
				table = store_table_open(space->replica_change, RowExclusiveLock);
				is_plain = takes_rows_as_they_are(table.rel);
			}
			append_change(&table, is_plain, target->id, key, &changes[i]);
		}
		if (has_any)
			store_target_announce(schema, target->server, false);
	}
	if (table.rel != NULL)
		store_table_close(&table);
}

/* Of one target; the changes of a name lie together. */
static void
write_changes(StoreSpace *space, int id, const char *key, const StoreReplicaChange *changes, int n)
{
	StoreTarget *target = store_target_find(space, id);
	StoreTargetRow *rows = palloc(sizeof(StoreTargetRow) * n);
	int			n_rows = 0;

	if (target == NULL)
		return;
	for (int i = 0; i < n; i++)
	{
		const StoreReplicaChange *change = &changes[i];

		if (strcmp(change->name, target->name) == 0)
			rows[n_rows++] = (StoreTargetRow) {key, change->row, change->is_gone, change->value, change->hash, change->seq, change->at};
	}
	if (n_rows > 0)
		store_target_apply(space, target, rows, n_rows);
	pfree(rows);
}

void
store_targets_changed(StoreSpace *space, Relation replica, const char *key, StoreReplicaChange *changes, int n)
{
	Oid			schema = space->schema;
	List	   *targets = store_targets_of(space);
	List	   *syncs = NIL;
	ListCell   *lc;

	if (targets == NIL || n == 0)
		return;
	foreach(lc, targets)
	{
		if (((StoreTarget *) lfirst(lc))->mode == STORE_TARGET_SYNC)
			syncs = lappend_int(syncs, ((StoreTarget *) lfirst(lc))->id);
	}
	n_in_use++;
	append_changes(space, replica, targets, key, changes, n);
	n_in_use--;
	/* Each may run triggers, after which nothing that was known need be so. */
	foreach(lc, syncs)
	{
		space = store_space_by_schema(schema);
		if (space != NULL)
			write_changes(space, lfirst_int(lc), key, changes, n);
	}
	list_free(syncs);
}

/* ---- another program ---- */

/* What speaks against the program, of one target; NULL: nothing.  What is wrong under the present program, too, is not this one's fault. */
static const char *
misfit(StoreSpace *space, const LangProgram *program, const TargetRegistration *one, Relation rel)
{
	List	   *identity = store_text_list(one->identity);
	StringInfoData problems;
	StringInfoData before;
	TargetMap	map;

	initStringInfo(&problems);
	initStringInfo(&before);
	if (!store_target_is_published(program, one->name, &problems))
		return problems.data;
	if (rel == NULL || store_target_map(space, program, one->name, rel, one->columns, true, identity, &map, &problems) ||
		!store_target_map(space, vm_program_lang(store_program_current(space)->vm), one->name, rel, one->columns, true, identity, &map, &before))
		return NULL;
	return problems.data;
}

void
store_targets_check(StoreSpace *space, const LangProgram *program)
{
	StringInfoData all;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&all);
	foreach(lc, store_registrations(space, false))
	{
		const TargetRegistration *one = lfirst(lc);
		Relation	rel = OidIsValid(one->relation) ? try_relation_open(one->relation, AccessShareLock) : NULL;
		const char *problems = misfit(space, program, one, rel);

		if (problems != NULL)
			appendStringInfo(&all, "%sReplication \"%s\" to %s: %s", n++ > 0 ? "\n" : "", one->name,
							 rel != NULL ? psprintf("table \"%s\"", RelationGetRelationName(rel)) : OidIsValid(one->relation) ? "a table that is gone" : "a queue",
							 problems);
		if (rel != NULL)
			relation_close(rel, NoLock);
	}
	if (n > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("the program does not fit what its replications are brought to"),
				 errdetail_internal("%s", all.data),
				 errhint("Change the program or the table, or call adama.unreplicate before: what is in the table stays.")));
	pfree(all.data);
}
