/*
 * replica.c
 *	  What documents publish: the rows of the table replica, which are at each commit exactly what the documents' programs say.
 *
 * A replication of a program (vm/replica.h) stands for one row per document, or per record in it.  Its row is found by name, document and id of the record.
 *
 *		look	before anything is written, while the journal is open: expressions are evaluated, and may fail; then nothing has happened yet
 *		write	after the entry of the log and the document's row, so that triggers here find the document as it is now; then on to the targets (target.c)
 *
 * What is looked at.  An entry of events: only what its changes can have changed; mostly nothing, and then no table is opened.  A creation, an upgrade, a rewind, an
 * import: all that the document publishes, against all rows that it has, value by value.  After events, a value with the hash of the row's is left alone.
 *
 * Rows of a document are touched under the lock of its row only.  So they are looked up as of now under every isolation level; whoever saw an older document has failed to
 * lock it before.
 *
 * How rows are written is in replica_write.c.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "kit/hash.h"
#include "port/pgcompat.h"
#include "store/internal.h"
#include "vm/replica.h"

/* ---- what a document publishes ---- */

typedef struct Replica
{
	const char *name;
	int32		row;
	DocBytes	value;			/* len 0: it is not published (any more) */
	int64		hash;
} Replica;

struct StoreReplicas
{
	KitArena   *arena;
	Replica    *items;			/* by name and row, as the program's are visited */
	int			n;
	int			capacity;
	bool		is_all;			/* rows under these names that are not among the items go */
	const char **names;
	int			n_names;
};

static StoreReplicas *
replicas_new(KitArena *arena, bool is_all)
{
	StoreReplicas *replicas = KIT_NEW(arena, StoreReplicas);

	replicas->arena = arena;
	replicas->is_all = is_all;
	return replicas;
}

static bool
keep_replica(const VmReplica *replica, void *arg)
{
	StoreReplicas *replicas = arg;

	if (replicas->n == replicas->capacity)
	{
		int			capacity = Max(8, replicas->capacity * 2);
		Replica    *items = KIT_NEW_N(replicas->arena, Replica, capacity);

		if (replicas->n > 0)
			memcpy(items, replicas->items, sizeof(Replica) * replicas->n);
		replicas->items = items;
		replicas->capacity = capacity;
	}
	replicas->items[replicas->n++] = (Replica) {replica->of->name->text, replica->row, replica->value, replica->hash};
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
add_names(StoreReplicas *replicas, const char *const *more, int n_more)
{
	const char **names = KIT_NEW_N(replicas->arena, const char *, replicas->n_names + n_more);
	int			n = 0;

	if (replicas->n_names > 0)
		memcpy(names, replicas->names, sizeof(char *) * replicas->n_names);
	for (int i = 0; i < n_more; i++)
		names[replicas->n_names++] = kit_arena_strdup(replicas->arena, more[i], strlen(more[i]));
	qsort(names, replicas->n_names, sizeof(char *), compare_names);
	for (int i = 0; i < replicas->n_names; i++)
		if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
			names[n++] = names[i];
	replicas->names = names;
	replicas->n_names = n;
}

void
store_replicas_add_names(StoreReplicas *replicas, const VmProgram *program)
{
	const LangProgram *lang = vm_program_lang(program);
	const char **names;

	if (lang->n_replications == 0)
		return;
	names = KIT_NEW_N(replicas->arena, const char *, lang->n_replications);
	for (int i = 0; i < lang->n_replications; i++)
		names[i] = lang->replications[i]->name->text;
	add_names(replicas, names, lang->n_replications);
}

static bool
look(StoreReplicas *replicas, StoreSpace *space, const char *key, VmDoc *doc, const VmLimits *limits, KitDiag *diag)
{
	VmReplicaContext context = {
		.space = {NameStr(space->name), (uint32) strlen(NameStr(space->name))},
		.key = {key, (uint32) strlen(key)}
	};

	if (replicas->is_all)
		return vm_replicas_all(doc, &context, limits, replicas->arena, keep_replica, replicas, diag);
	return vm_replicas_changed(doc, &context, limits, replicas->arena, keep_replica, replicas, diag);
}

StoreReplicas *
store_replicas_changed(StoreSpace *space, const char *key, VmDoc *doc, KitArena *arena, KitDiag *diag)
{
	StoreReplicas *replicas = replicas_new(arena, false);
	VmLimits	limits = store_limits();

	if (vm_program_replicates(vm_doc_program(doc)) && !look(replicas, space, key, doc, &limits, diag))
		return NULL;
	return replicas;
}

StoreReplicas *
store_replicas_all(StoreSpace *space, const char *key, VmDoc *doc, const VmLimits *limits, KitArena *arena, KitDiag *diag)
{
	StoreReplicas *replicas = replicas_new(arena, true);

	store_replicas_add_names(replicas, vm_doc_program(doc));
	if (replicas->n_names > 0 && !look(replicas, space, key, doc, limits, diag))
		return NULL;
	return replicas;
}

StoreReplicas *
store_replicas_none(const VmProgram *program, KitArena *arena)
{
	StoreReplicas *replicas = replicas_new(arena, true);

	store_replicas_add_names(replicas, program);
	return replicas;
}

/* ---- the rows that are there ---- */

/* A walk over rows of a document. */
typedef struct Rows
{
	StoreTable	table;
	Snapshot	snapshot;		/* NULL: of now, as soon as one is needed */
	Relation	index;			/* NULL: nothing has been looked for yet */
	IndexScanDesc scan;
	int			n_keys;
	ScanKeyData keys[3];		/* name, document, row */
	const char *key;
	StoreCacheEntry *entry;		/* of the document, which knows where some rows are; NULL: nobody does */
	bool		owns_snapshot;
} Rows;

static void
rows_begin(Rows *rows, StoreSpace *space, const char *key, LOCKMODE lock, int n_keys, Snapshot snapshot)
{
	*rows = (Rows) {store_table_open(space->replica, lock), snapshot, .n_keys = n_keys, .key = key};
}

static void
begin_scan(Rows *rows)
{
	if (rows->snapshot == NULL)
	{
		rows->snapshot = store_snapshot_now();
		rows->owns_snapshot = true;
	}
	rows->index = index_open(RelationGetPrimaryKeyIndex(rows->table.rel), AccessShareLock);
	rows->scan = port_index_beginscan(rows->table.rel, rows->index, rows->snapshot, rows->n_keys, 0);
	ScanKeyEntryInitialize(&rows->keys[0], 0, REPLICA_NAME, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, (Datum) 0);
	ScanKeyEntryInitialize(&rows->keys[1], 0, REPLICA_KEY, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(rows->key));
	ScanKeyEntryInitialize(&rows->keys[2], 0, REPLICA_ROW, BTEqualStrategyNumber, InvalidOid, InvalidOid, F_INT4EQ, (Datum) 0);
}

/* row is of concern only to a walk by all three keys. */
static void
rows_seek(Rows *rows, const char *name, int32 row)
{
	if (rows->index == NULL)
		begin_scan(rows);
	rows->keys[0].sk_argument = CStringGetTextDatum(name);
	rows->keys[2].sk_argument = Int32GetDatum(row);
	index_rescan(rows->scan, rows->keys, rows->n_keys, NULL, 0);
}

void
store_replica_check(StoreTable *table)
{
	slot_getallattrs(table->found);
	for (int i = 0; i < REPLICA_N_COLUMNS; i++)
		if (table->found->tts_isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("column %d of a row of \"%s\" is null", i + 1, RelationGetRelationName(table->rel))));
}

static bool
rows_next(Rows *rows)
{
	CHECK_FOR_INTERRUPTS();
	if (!store_row_next(&rows->table, rows->scan, ForwardScanDirection, NULL))
		return false;
	store_replica_check(&rows->table);
	return true;
}

static int32
rows_row(const Rows *rows)
{
	return DatumGetInt32(rows->table.found->tts_values[REPLICA_ROW - 1]);
}

static int64
rows_hash(const Rows *rows)
{
	return DatumGetInt64(rows->table.found->tts_values[REPLICA_HASH - 1]);
}

static void
rows_end_scan(Rows *rows)
{
	if (rows->index != NULL)
	{
		index_endscan(rows->scan);
		index_close(rows->index, AccessShareLock);
	}
	if (rows->owns_snapshot)
		UnregisterSnapshot(rows->snapshot);
}

/* ---- rows whose place is remembered ---- */

#define MAX_PLACES 64

/* Of a row, and of others: what is there is believed only when it is that row.  NULL: nothing is remembered. */
static StoreReplicaPlace *
place_of(const StoreCacheEntry *entry, const char *name, int32 row)
{
	uint64		hash;

	if (entry == NULL || entry->n_replicas == 0)
		return NULL;
	hash = kit_hash(name, strlen(name), 0) + (uint32) row;
	return &entry->replicas[hash & (uint64) (entry->n_replicas - 1)];
}

static bool
is_row(Rows *rows, const char *name, int32 row)
{
	const Datum *values = rows->table.found->tts_values;

	store_replica_check(&rows->table);
	return rows_row(rows) == row && store_datum_is_text(values[REPLICA_NAME - 1], name) && store_datum_is_text(values[REPLICA_KEY - 1], rows->key);
}

/* The row without a look at the index, nor at all its versions that this transaction made. */
static bool
rows_remembered(Rows *rows, const char *name, int32 row)
{
	StoreReplicaPlace *place = place_of(rows->entry, name, row);

	if (place == NULL)
		return false;
	if (store_row_own(&rows->table, &place->own))
		return is_row(rows, name, row);
	/* The document is locked, so no other version is on its way, and the newest is the one to be seen: that needs no snapshot. */
	return store_row_at_place(&rows->table, &place->place, SnapshotSelf) && is_row(rows, name, row);
}

#define EXPECTED_MAX 4

void
store_replicas_expect(const StoreCacheEntry *entry)
{
	for (int i = 0; i < Min(entry->n_replicas, EXPECTED_MAX); i++)
		store_place_expect(&entry->replicas[i].place);
}

static void
make_places(StoreCacheEntry *entry, int n)
{
	if (entry->replicas != NULL)
		pfree(entry->replicas);
	entry->replicas = NULL;
	entry->n_replicas = 0;
	entry->replicas = MemoryContextAllocZero(TopMemoryContext, sizeof(StoreReplicaPlace) * (size_t) n);
	entry->n_replicas = n;
}

/* As many places as rows are in use, about: where two rows meet, they become more. */
static void
remember_place(Rows *rows, const char *name, int32 row)
{
	StoreCacheEntry *entry = rows->entry;
	StoreReplicaPlace *place;

	if (entry == NULL)
		return;
	if (entry->n_replicas == 0)
		make_places(entry, 1);
	place = place_of(entry, name, row);
	if (BufferIsValid(place->place.buffer) && !ItemPointerEquals(&place->place.root, &rows->table.place.root) && entry->n_replicas < MAX_PLACES)
	{
		make_places(entry, entry->n_replicas * 2);
		place = place_of(entry, name, row);
	}
	place->place = rows->table.place;
}

static void
remember_own(const StoreCacheEntry *entry, const StoreReplicaChanges *changes)
{
	for (int i = 0; entry != NULL && entry->touched != 0 && i < changes->n; i++)
	{
		StoreReplicaPlace *place = place_of(entry, changes->rows[i].name, changes->rows[i].row);

		if (place != NULL)
			place->own = changes->rows[i].tid;
	}
}

/* ---- what is to be written ---- */

static Datum
jsonb_of(DocBytes value, KitArena *arena)
{
	DocItem		root;
	KitDiag		diag = {0};

	if (!doc_open(value, DOC_DOCUMENT, &root, &diag))
		store_raise(&diag);
	return store_jsonb_of_item(root, arena);
}

static void
add_change(StoreReplicaChanges *changes, StoreReplicaChangeKind kind, const char *name, int32 row, ItemPointer tid, const Replica *replica, KitArena *arena)
{
	StoreReplicaChange *change;

	if (changes->n == changes->capacity)
	{
		changes->capacity = changes->capacity == 0 ? 8 : changes->capacity * 2;
#define GROW(array) changes->array = changes->array == NULL ? palloc(sizeof(*changes->array) * changes->capacity) : \
	repalloc_huge(changes->array, sizeof(*changes->array) * changes->capacity)
		GROW(rows);
		GROW(kinds);
#undef GROW
	}
	change = &changes->rows[changes->n];
	*change = (StoreReplicaChange) {.name = name, .row = row, .is_gone = kind == STORE_REPLICA_DELETE, .seq = changes->seq, .at = changes->at};
	if (kind != STORE_REPLICA_DELETE)
	{
		change->value = jsonb_of(replica->value, arena);
		change->hash = replica->hash;
	}
	if (tid != NULL)
		change->tid = *tid;
	else
		ItemPointerSetInvalid(&change->tid);
	changes->kinds[changes->n++] = kind;
}

static bool
has_value(const Rows *rows, const Replica *replica, KitArena *arena)
{
	Jsonb	   *there = DatumGetJsonbP(rows->table.found->tts_values[REPLICA_VALUE - 1]);
	Jsonb	   *wanted = DatumGetJsonbP(jsonb_of(replica->value, arena));

	return compareJsonbContainers(&there->root, &wanted->root) == 0;
}

/* A replica against its row. */
static void
compare(StoreReplicaChanges *changes, const Rows *rows, bool is_there, const Replica *replica, KitArena *arena)
{
	ItemPointer tid = is_there ? &rows->table.found->tts_tid : NULL;

	if (replica->value.len == 0)
	{
		if (is_there)
			add_change(changes, STORE_REPLICA_DELETE, replica->name, replica->row, tid, NULL, arena);
	}
	else if (!is_there)
		add_change(changes, STORE_REPLICA_INSERT, replica->name, replica->row, NULL, replica, arena);
	else if (rows_hash(rows) != replica->hash || (changes->doubts && !has_value(rows, replica, arena)))
		add_change(changes, STORE_REPLICA_UPDATE, replica->name, replica->row, tid, replica, arena);
}

/* All rows under the name against the replicas under it, both by row; where these end in the array. */
static int
compare_all(StoreReplicaChanges *changes, Rows *rows, const StoreReplicas *replicas, int i, const char *name)
{
	bool		is_there;

	rows_seek(rows, name, 0);
	is_there = rows_next(rows);
	for (;;)
	{
		const Replica *replica = i < replicas->n && strcmp(replicas->items[i].name, name) == 0 ? &replicas->items[i] : NULL;

		if (is_there && (replica == NULL || rows_row(rows) < replica->row))
		{
			add_change(changes, STORE_REPLICA_DELETE, name, rows_row(rows), &rows->table.found->tts_tid, NULL, replicas->arena);
			is_there = rows_next(rows);
		}
		else if (replica == NULL)
			return i;
		else
		{
			bool		fits = is_there && rows_row(rows) == replica->row;

			compare(changes, rows, fits, replica, replicas->arena);
			if (fits)
				is_there = rows_next(rows);
			i++;
		}
	}
}

static void
find_changes(StoreReplicaChanges *changes, Rows *rows, const StoreReplicas *replicas)
{
	int			i = 0;

	if (replicas->is_all)
		for (int k = 0; k < replicas->n_names; k++)
			i = compare_all(changes, rows, replicas, i, replicas->names[k]);
	else
		for (; i < replicas->n; i++)
		{
			const Replica *replica = &replicas->items[i];
			bool		is_there = rows_remembered(rows, replica->name, replica->row);

			if (!is_there)
			{
				rows_seek(rows, replica->name, replica->row);
				is_there = rows_next(rows);
				if (is_there)
					remember_place(rows, replica->name, replica->row);
			}
			compare(changes, rows, is_there, replica, replicas->arena);
		}
}

/* ---- what is being written to tables ---- */

static StoreBringing *innermost = NULL;

void
store_bringing_begin(StoreBringing *bringing)
{
	bringing->outer = innermost;
	innermost = bringing;
}

void
store_bringing_end(StoreBringing *bringing)
{
	innermost = bringing->outer;
}

static void
require_not_brought(Oid schema, const StoreReplicaChanges *changes)
{
	for (const StoreBringing *b = innermost; b != NULL; b = b->outer)
		for (int i = 0; i < changes->n && b->schema == schema && (b->key == NULL || strcmp(b->key, changes->key) == 0); i++)
			if (b->name == NULL || strcmp(b->name, changes->rows[i].name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_IN_USE),
						 errmsg("replica \"%s\" of document \"%s\" is being brought to a table", changes->rows[i].name, changes->key),
						 errdetail("A trigger on that table cannot change what is brought there.")));
}

/* ---- all of it ---- */

static void
add_context(void *key)
{
	errcontext("replicas of document \"%s\"", (char *) key);
}

void
store_replicas_write(StoreSpace *space, const char *key, StoreCacheEntry *entry, const StoreReplicas *replicas, int64 seq, TimestampTz at)
{
	ErrorContextCallback context = {error_context_stack, add_context, (void *) key};
	StoreReplicaChanges changes = {key, seq, at, .doubts = replicas->is_all};
	MemoryContext here;
	MemoryContext caller;
	Rows		rows;

	if (replicas->n == 0 && replicas->n_names == 0)
		return;
	here = AllocSetContextCreate(CurrentMemoryContext, "adama replicas", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(here);
	error_context_stack = &context;
	rows_begin(&rows, space, key, RowExclusiveLock, replicas->is_all ? 2 : 3, NULL);
	rows.entry = entry;
	find_changes(&changes, &rows, replicas);
	rows_end_scan(&rows);
	if (changes.n > 0)
	{
		StoreBringing bringing = {space->schema, key};

		require_not_brought(space->schema, &changes);
		store_bringing_begin(&bringing);
		PG_TRY();
		{
			store_replica_changes_write(space, &rows.table, &changes);
			remember_own(entry, &changes);
			store_targets_changed(space, rows.table.rel, key, changes.rows, changes.n);
		}
		PG_CATCH();
		{
			store_bringing_end(&bringing);
			PG_RE_THROW();
		}
		PG_END_TRY();
		store_bringing_end(&bringing);
	}
	store_table_close(&rows.table);
	error_context_stack = context.previous;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(here);
}

/* ---- proof ---- */

/* Names under which anybody in the space publishes something, and which the program of this document may not have; there are few. */
static void
add_all_names(StoreReplicas *replicas, StoreSpace *space, Snapshot snapshot)
{
	StoreTable	table = store_table_open(space->replica, AccessShareLock);
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table.rel), AccessShareLock);
	IndexScanDesc scan = port_index_beginscan(table.rel, index, snapshot, 1, 0);
	ScanKeyData key;
	Datum		last = CStringGetTextDatum("");
	bool		isnull;

	ScanKeyEntryInitialize(&key, 0, REPLICA_NAME, BTGreaterStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXT_GT, (Datum) 0);
	for (;;)
	{
		char	   *name;

		CHECK_FOR_INTERRUPTS();
		key.sk_argument = last;
		index_rescan(scan, &key, 1, NULL, 0);
		if (!index_getnext_slot(scan, ForwardScanDirection, table.found))
			break;
		name = TextDatumGetCString(slot_getattr(table.found, REPLICA_NAME, &isnull));
		last = CStringGetTextDatum(name);
		add_names(replicas, &(const char *) {name}, 1);
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
	store_table_close(&table);
}

static DocBytes
stored_value(Rows *rows, const ItemPointerData *tid, KitArena *arena)
{
	KitBuf		buf;
	KitDiag		diag = {0};
	bool		isnull;
	Jsonb	   *value;
	char	   *json;

	if (!table_tuple_fetch_row_version(rows->table.rel, (ItemPointer) tid, rows->snapshot, rows->table.found))
		return (DocBytes) {NULL, 0};
	value = DatumGetJsonbP(slot_getattr(rows->table.found, REPLICA_VALUE, &isnull));
	json = JsonbToCString(NULL, &value->root, VARSIZE(value));
	kit_buf_init(&buf, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, &buf, &diag))
		return (DocBytes) {NULL, 0};
	return (DocBytes) {buf.data, buf.len};
}

static void
tell(StoreDivergence *divergence, const StoreReplicaChanges *changes, Rows *rows, const StoreReplicas *replicas)
{
	static const char *const problems[STORE_REPLICA_N_KINDS] = {
		[STORE_REPLICA_INSERT] = "is missing",
		[STORE_REPLICA_UPDATE] = "is another than the document says",
		[STORE_REPLICA_DELETE] = "is there, though the document does not say so",
	};
	const StoreReplicaChange *change = &changes->rows[0];
	char		of[40] = "the document";

	if (change->row != 0)
		snprintf(of, sizeof(of), "row %d", change->row);
	snprintf(divergence->problem, sizeof(divergence->problem), "replica \"%s\" of %s %s", change->name, of, problems[changes->kinds[0]]);
	if (changes->kinds[0] != STORE_REPLICA_INSERT)
		divergence->expected = stored_value(rows, &change->tid, replicas->arena);
	for (int i = 0; i < replicas->n; i++)
		if (replicas->items[i].row == change->row && strcmp(replicas->items[i].name, change->name) == 0)
			divergence->found = replicas->items[i].value;
}

bool
store_verify_replicas(StoreSpace *space, const char *key, Snapshot snapshot, const StorePast *past, KitArena *arena, StoreDivergence *divergence)
{
	StoreRole	role = store_role_enter(space);
	StoreReplicaChanges changes = {key, .doubts = true};
	KitDiag		diag = {0};
	StoreReplicas *replicas = store_replicas_all(space, key, past->doc, &store_no_limits, arena, &diag);

	memset(divergence, 0, sizeof(*divergence));
	divergence->seq = past->seq;
	if (replicas == NULL)
		snprintf(divergence->problem, sizeof(divergence->problem), "what it publishes can't be computed: %s", diag.message);
	else
	{
		Rows		rows;

		add_all_names(replicas, space, snapshot);
		rows_begin(&rows, space, key, AccessShareLock, 2, snapshot);
		find_changes(&changes, &rows, replicas);
		rows_end_scan(&rows);
		if (changes.n > 0)
			tell(divergence, &changes, &rows, replicas);
		store_table_close(&rows.table);
	}
	store_role_leave(role);
	return replicas != NULL && changes.n == 0;
}
