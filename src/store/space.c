/*
 * space.c
 *	  Which schemas are spaces, and as whom their rows are touched.
 *
 * A space is recognised by its tables, so that DROP SCHEMA, ALTER SCHEMA RENAME and pg_dump need not tell us anything.  What was found is kept per
 * backend; relcache invalidations of any of its tables, and of namespaces, make it look again.  Deploy sends such an invalidation for the table
 * document when it adds a program version.
 *
 * The check of the columns, and of the primary keys, is what makes it safe to read, find and write rows by column number afterwards: whoever owns the schema
 * could have put anything under these names.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "store/internal.h"

/* A column that a table of a space must have; type_name is a type of schema adama, else type is set. */
typedef struct ColumnShape
{
	const char *name;
	Oid			type;
	const char *type_name;
} ColumnShape;

static const ColumnShape document_shape[] = {
	{"key", TEXTOID}, {"seq", INT8OID}, {"updated", TIMESTAMPTZOID}, {"state_seq", INT8OID},
	{"program", INT4OID}, {"due", TIMESTAMPTZOID}, {"created", TIMESTAMPTZOID}, {"log_size", INT8OID},
	{"log_from", INT8OID}, {"log_gone", INT8OID}, {"state", InvalidOid, "document"}
};
static const ColumnShape log_shape[] = {
	{"key", TEXTOID}, {"seq", INT8OID}, {"events", INT4OID}, {"at", TIMESTAMPTZOID}, {"event", TEXTOID}, {"agent", TEXTOID},
	{"authority", TEXTOID}, {"channel", TEXTOID}, {"message", InvalidOid, "document"}, {"dedupe", TEXTOID}, {"delta", InvalidOid, "delta"},
	{"origin", TEXTOID}, {"ip", TEXTOID}, {"program", INT4OID}, {"state", InvalidOid, "document"},
	{"effects", InvalidOid, "document"}
};
static const ColumnShape program_shape[] = {
	{"version", INT4OID}, {"source", TEXTOID}, {"deployed", TIMESTAMPTZOID}, {"deployer", NAMEOID},
	{"sources", InvalidOid, "document"}, {"keep_age", INTERVALOID}, {"keep_size", INT8OID}
};
static const ColumnShape connection_shape[] = {
	{"id", TEXTOID}, {"key", TEXTOID}, {"agent", TEXTOID}, {"authority", TEXTOID}, {"viewer", InvalidOid, "document"}, {"created", TIMESTAMPTZOID},
	{"pid", INT4OID}, {"backend_start", TIMESTAMPTZOID}, {"joined", TIMESTAMPTZOID}, {"send_window", INT4OID},
	{"listener", TEXTOID}, {"number", INT8OID}, {"since", INT8OID}, {"seq", INT8OID}
};
static const ColumnShape replica_shape[] = {
	{"name", TEXTOID}, {"key", TEXTOID}, {"row", INT4OID}, {"value", JSONBOID}, {"hash", INT8OID}, {"seq", INT8OID}, {"at", TIMESTAMPTZOID}
};
static const ColumnShape replication_shape[] = {
	{"id", INT4OID}, {"name", TEXTOID}, {"target", REGCLASSOID}, {"mode", TEXTOID}, {"columns", JSONBOID}, {"identity", TEXTARRAYOID},
	{"created", TIMESTAMPTZOID}, {"filled", BOOLOID}, {"fill_name", TEXTOID}, {"fill_key", TEXTOID}, {"fill_row", INT4OID}, {"fill_total", INT8OID},
	{"fill_done", INT8OID}, {"delivered", INT8OID}, {"delivered_at", TIMESTAMPTZOID}, {"failures", INT4OID}, {"retry_at", TIMESTAMPTZOID},
	{"last_error", TEXTOID}, {"last_error_at", TIMESTAMPTZOID}, {"brought", PG_SNAPSHOTOID}, {"brought_in", INT8OID}
};
static const ColumnShape replica_change_shape[] = {
	{"replication", INT4OID}, {"key", TEXTOID}, {"row", INT4OID}, {"at", TIMESTAMPTZOID}, {"place", TIDOID}
};
static const ColumnShape outbox_shape[] = {
	{"replication", INT4OID}, {"key", TEXTOID}, {"row", INT4OID}, {"value", JSONBOID}, {"hash", INT8OID}, {"seq", INT8OID}, {"since", TIMESTAMPTZOID},
	{"attempts", INT4OID}, {"retry_at", TIMESTAMPTZOID}, {"error", TEXTOID}
};

/* The tables of a space: where their oids go, and their shapes. */
typedef struct TableShape
{
	const char *name;
	size_t		oid;			/* offset in StoreSpace */
	const ColumnShape *columns;
	int			n_columns;
	int			n_key;			/* so many columns, from the first on, are the primary key */
} TableShape;

#define TABLE_SHAPE(name, n_key) {#name, offsetof(StoreSpace, name), name##_shape, lengthof(name##_shape), n_key}

static const TableShape tables[] = {
	TABLE_SHAPE(document, 1), TABLE_SHAPE(log, 2), TABLE_SHAPE(program, 1), TABLE_SHAPE(connection, 1),
	TABLE_SHAPE(replica, 3), TABLE_SHAPE(replication, 1), TABLE_SHAPE(replica_change, 0), TABLE_SHAPE(outbox, 3)
};

static Oid *
table_oid(StoreSpace *space, const TableShape *shape)
{
	return (Oid *) ((char *) space + shape->oid);
}

/* ---- what is known of them ---- */

typedef struct SpaceEntry
{
	Oid			schema;			/* hash key */
	StoreSpace	space;
} SpaceEntry;

static HTAB *spaces = NULL;

static void
forget_relation(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS scan;
	SpaceEntry *entry;

	hash_seq_init(&scan, spaces);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		for (size_t i = 0; i < lengthof(tables); i++)
			if (!OidIsValid(relation) || relation == *table_oid(&entry->space, &tables[i]))
				entry->space.is_valid = false;
	}
}

static void
forget_all(Datum arg, int cache, uint32 hash)
{
	forget_relation(arg, InvalidOid);
}

static void
make_hash(void)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SpaceEntry), .hcxt = TopMemoryContext};

	spaces = hash_create("adama spaces", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

/* Whether the table is found by its first n columns. */
static bool
has_key(Relation rel, int n)
{
	Oid			oid = n > 0 ? RelationGetPrimaryKeyIndex(rel) : InvalidOid;
	Relation	index;
	bool		fits;

	if (!OidIsValid(oid))
		return n == 0;
	index = index_open(oid, AccessShareLock);
	fits = IndexRelationGetNumberOfKeyAttributes(index) == n;
	for (int i = 0; fits && i < n; i++)
		fits = index->rd_index->indkey.values[i] == i + 1;
	index_close(index, AccessShareLock);
	return fits;
}

/* The table's oid when it is there and in shape; its owner in *owner. */
static Oid
find_table(Oid schema, const TableShape *shape, Oid *owner)
{
	Oid			relation = get_relname_relid(shape->name, schema);
	Oid			types = get_namespace_oid("adama", true);
	Relation	rel;
	bool		fits;

	if (!OidIsValid(relation) || get_rel_relkind(relation) != RELKIND_RELATION || !OidIsValid(types))
		return InvalidOid;
	rel = table_open(relation, AccessShareLock);
	fits = RelationGetNumberOfAttributes(rel) >= shape->n_columns && has_key(rel, shape->n_key);
	for (int i = 0; fits && i < shape->n_columns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		const ColumnShape *column = &shape->columns[i];
		Oid			type = column->type;

		if (!OidIsValid(type))
			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(column->type_name), ObjectIdGetDatum(types));
		fits = !att->attisdropped && att->atttypid == type && strcmp(NameStr(att->attname), column->name) == 0;
	}
	*owner = rel->rd_rel->relowner;
	table_close(rel, AccessShareLock);
	return fits ? relation : InvalidOid;
}

/* The highest version in the table program, and what goes with it; 0 when it is empty. */
static void
read_newest(StoreSpace *space)
{
	Relation	rel = table_open(space->program, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(rel), AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	SysScanDesc scan = systable_beginscan_ordered(rel, index, snapshot, 0, NULL);
	HeapTuple	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	int			version = 0;

	if (tuple != NULL)
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, PROGRAM_KEEP_AGE, RelationGetDescr(rel), &isnull);

		if (!isnull)
			space->keep_age = *DatumGetIntervalP(value);
		value = heap_getattr(tuple, PROGRAM_KEEP_SIZE, RelationGetDescr(rel), &isnull);
		space->keep_size = isnull ? 0 : DatumGetInt64(value);
		version = DatumGetInt32(heap_getattr(tuple, PROGRAM_VERSION, RelationGetDescr(rel), &isnull));
	}
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	space->version = version;
}

static bool
look_up(Oid schema, StoreSpace *space)
{
	char	   *name = get_namespace_name(schema);

	if (space->current != NULL)
		store_program_release(space->current);
	memset(space, 0, sizeof(*space));
	if (name == NULL)
		return false;
	space->schema = schema;
	namestrcpy(&space->name, name);
	pfree(name);
	for (size_t i = 0; i < lengthof(tables); i++)
	{
		Oid			owner;
		Oid			oid = find_table(schema, &tables[i], &owner);

		if (!OidIsValid(oid))
			return false;
		*table_oid(space, &tables[i]) = oid;
		if (oid == space->document)
			space->owner = owner;
	}
	/* Set before the scan: an invalidation that arrives meanwhile must not be lost. */
	space->is_valid = true;
	read_newest(space);
	return true;
}

StoreSpace *
store_space_by_schema(Oid schema)
{
	SpaceEntry *entry;
	bool		found;

	if (spaces == NULL)
		make_hash();
	entry = hash_search(spaces, &schema, HASH_FIND, NULL);
	/* Version 0: nothing is deployed yet, or the last look was interrupted by an error. */
	if (entry != NULL && entry->space.is_valid && entry->space.version > 0)
		return &entry->space;

	entry = hash_search(spaces, &schema, HASH_ENTER, &found);
	if (!found)
		memset(&entry->space, 0, sizeof(StoreSpace));
	if (look_up(schema, &entry->space))
		return &entry->space;
	hash_search(spaces, &schema, HASH_REMOVE, NULL);
	return NULL;
}

StoreSpace *
store_space_by_name(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);
	StoreSpace *space = OidIsValid(schema) ? store_space_by_schema(schema) : NULL;

	if (space == NULL)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_UNKNOWN_SPACE, "space \"%s\" does not exist", name);
		if (OidIsValid(schema))
			kit_diag_detail(&diag, "There is a schema \"%s\", but adama.deploy has not made it a space.", name);
		else
			kit_diag_hint(&diag, "Use adama.deploy to make it from a program.");
		store_raise(&diag);
	}
	return space;
}

/* Spaces are schemas with a table "document" that has a column of type adama.document; look_up then decides. */
List *
store_space_all(void)
{
	List	   *result = NIL;
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *schemas = NIL;
	ListCell   *lc;

	ScanKeyInit(&key, Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("document"));
	scan = systable_beginscan(rel, ClassNameNspIndexId, true, NULL, 1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
		schemas = lappend_oid(schemas, ((Form_pg_class) GETSTRUCT(tuple))->relnamespace);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	foreach(lc, schemas)
	{
		if (store_space_by_schema(lfirst_oid(lc)) != NULL)
			result = lappend_oid(result, lfirst_oid(lc));
	}
	list_free(schemas);
	return result;
}

void
store_space_changed(const StoreSpace *space)
{
	CacheInvalidateRelcacheByRelid(space->document);
}

StoreRole
store_role_enter_as(Oid user)
{
	StoreRole	role;

	GetUserIdAndSecContext(&role.user, &role.context);
	SetUserIdAndSecContext(user, role.context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	return role;
}

StoreRole
store_role_enter(const StoreSpace *space)
{
	return store_role_enter_as(space->owner);
}

void
store_role_leave(StoreRole role)
{
	SetUserIdAndSecContext(role.user, role.context);
}
