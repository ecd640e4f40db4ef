/*
 * program.c
 *	  The program versions of a space, compiled once per backend.
 *
 * A version never changes once it is deployed, so a compiled program is valid for ever, and the cache needs no invalidation, only bounds: of
 * the programs that neither a cached document nor a space holds (use_count), the PROGRAMS_KEPT most recently used stay.  A version may vanish with an aborted deploy and be given
 * out again with another source; the row's xmin and place tell.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "lang/sources.h"
#include "store/internal.h"

#define PROGRAMS_KEPT 16

typedef struct CachedProgram
{
	StoreProgram program;		/* first: a StoreProgram * is a CachedProgram * */
	TransactionId xmin;
	ItemPointerData tid;
	dlist_node	link;
} CachedProgram;

static dlist_head programs = DLIST_STATIC_INIT(programs);	/* most recently used first */

static void
drop(CachedProgram *cached)
{
	dlist_delete(&cached->link);
	vm_program_free(cached->program.vm);
	pfree(cached);
}

static void
trim(void)
{
	dlist_mutable_iter iter;
	int			n = 0;

	dlist_foreach_modify(iter, &programs)
	{
		CachedProgram *cached = dlist_container(CachedProgram, link, iter.cur);

		if (++n > PROGRAMS_KEPT && cached->program.use_count == 0)
			drop(cached);
	}
}

void
store_program_release(StoreProgram *program)
{
	program->use_count--;
}

static CachedProgram *
compile(StoreSpace *space, int version, HeapTuple tuple, Relation rel)
{
	CachedProgram *cached;
	KitArena   *arena = kit_arena_new("adama compile");
	LangDiags	diags;
	VmProgram  *vm;
	char	   *source;
	bool		isnull;
	Datum		datum = heap_getattr(tuple, PROGRAM_SOURCE, RelationGetDescr(rel), &isnull);
	LangGiven	given = {{NULL}};
	DocItem		object;

	source = isnull ? pstrdup("") : TextDatumGetCString(datum);
	datum = heap_getattr(tuple, PROGRAM_SOURCES, RelationGetDescr(rel), &isnull);
	if (!isnull)
	{
		KitDiag		diag = {0};

		if (!doc_open(store_datum_bytes(datum), DOC_DOCUMENT, &object, &diag))
			store_raise(&diag);
		lang_sources_of(&given, object);
	}
	lang_diags_init(&diags, arena);
	vm = vm_program_build(source, strlen(source), isnull ? NULL : &given.sources, &diags);
	if (vm == NULL)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_DAMAGED, "version %d of the program of space \"%s\" does not compile", version, NameStr(space->name));
		if (diags.n > 0)
			kit_diag_detail(&diag, "%s", diags.items[0]->message);
		store_raise(&diag);
	}
	kit_arena_delete(arena);
	pfree(source);

	cached = MemoryContextAllocZero(TopMemoryContext, sizeof(CachedProgram));
	vm_program_keep(vm);
	cached->program.relation = space->program;
	cached->program.version = version;
	cached->program.vm = vm;
	cached->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	cached->tid = tuple->t_self;
	dlist_push_head(&programs, &cached->link);
	trim();
	return cached;
}

/* The row of a version, for as long as it is looked at. */
typedef struct Lookup
{
	StoreRole	role;
	Relation	rel;
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	tuple;			/* NULL when there is no such version */
} Lookup;

static void
lookup_begin(Lookup *l, StoreSpace *space, int version)
{
	ScanKeyData key;

	l->role = store_role_enter(space);
	l->rel = table_open(space->program, AccessShareLock);
	l->snapshot = store_snapshot_now();
	ScanKeyInit(&key, PROGRAM_VERSION, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(version));
	l->scan = systable_beginscan(l->rel, RelationGetPrimaryKeyIndex(l->rel), true, l->snapshot, 1, &key);
	l->tuple = systable_getnext(l->scan);
}

static void
lookup_end(Lookup *l)
{
	systable_endscan(l->scan);
	UnregisterSnapshot(l->snapshot);
	table_close(l->rel, AccessShareLock);
	store_role_leave(l->role);
}

StoreProgram *
store_program(StoreSpace *space, int version)
{
	Lookup		l;
	CachedProgram *result = NULL;
	dlist_iter	iter;

	lookup_begin(&l, space, version);
	if (l.tuple == NULL)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_DAMAGED, "space \"%s\" has no version %d of its program", NameStr(space->name), version);
		store_raise(&diag);
	}
	dlist_foreach(iter, &programs)
	{
		CachedProgram *cached = dlist_container(CachedProgram, link, iter.cur);

		if (cached->program.relation == space->program && cached->program.version == version &&
			cached->xmin == HeapTupleHeaderGetRawXmin(l.tuple->t_data) && ItemPointerEquals(&cached->tid, &l.tuple->t_self))
		{
			result = cached;
			dlist_move_head(&programs, &cached->link);
			break;
		}
	}
	if (result == NULL)
		result = compile(space, version, l.tuple, l.rel);
	lookup_end(&l);
	return &result->program;
}

bool
store_program_exists(StoreSpace *space, int version)
{
	Lookup		l;
	bool		found;

	lookup_begin(&l, space, version);
	found = l.tuple != NULL;
	lookup_end(&l);
	return found;
}

bool
store_program_source(StoreSpace *space, int version, char **source, DocBytes *sources)
{
	Lookup		l;
	bool		found;
	bool		isnull;

	lookup_begin(&l, space, version);
	found = l.tuple != NULL;
	if (found)
	{
		Datum		datum = heap_getattr(l.tuple, PROGRAM_SOURCE, RelationGetDescr(l.rel), &isnull);

		*source = isnull ? pstrdup("") : TextDatumGetCString(datum);
		datum = heap_getattr(l.tuple, PROGRAM_SOURCES, RelationGetDescr(l.rel), &isnull);
		*sources = isnull ? (DocBytes) {NULL, 0} : store_datum_bytes(PointerGetDatum(PG_DETOAST_DATUM_COPY(datum)));
	}
	lookup_end(&l);
	return found;
}

StoreProgram *
store_program_current(StoreSpace *space)
{
	if (space->current == NULL)
	{
		space->current = store_program(space, space->version);
		space->current->use_count++;
	}
	return space->current;
}

int
store_program_insert(StoreSpace *space, VmText source, DocBytes sources)
{
	StoreTable	table = store_table_open(space->program, RowExclusiveLock);
	int			version = space->version + 1;
	NameData	deployer;

	namestrcpy(&deployer, GetUserNameFromId(GetOuterUserId(), false));
	store_row_clear(&table);
	store_row_set(&table, PROGRAM_VERSION, Int32GetDatum(version));
	store_row_set_text(&table, PROGRAM_SOURCE, source.str, source.len);
	store_row_set(&table, PROGRAM_DEPLOYED, TimestampTzGetDatum(GetCurrentTimestamp()));
	store_row_set(&table, PROGRAM_DEPLOYER, NameGetDatum(&deployer));
	store_row_set_bytes(&table, PROGRAM_SOURCES, sources);
	if (space->keep_age.month != 0 || space->keep_age.day != 0 || space->keep_age.time != 0)
		store_row_set(&table, PROGRAM_KEEP_AGE, IntervalPGetDatum(&space->keep_age));
	if (space->keep_size > 0)
		store_row_set(&table, PROGRAM_KEEP_SIZE, Int64GetDatum(space->keep_size));
	store_row_insert(&table);
	store_table_close(&table);
	store_space_changed(space);
	CommandCounterIncrement();
	return version;
}

List *
store_documents_behind(StoreSpace *space, int max)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	Snapshot	snapshot = store_snapshot_now();
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);
	List	   *keys = NIL;

	while (list_length(keys) < max && table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		StoreRow	row;

		CHECK_FOR_INTERRUPTS();
		store_row_of_document(&table, &row);
		if (row.program < space->version)
			keys = lappend(keys, TextDatumGetCString(table.found->tts_values[DOCUMENT_KEY - 1]));
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	store_table_close(&table);
	store_role_leave(role);
	return keys;
}
