/*
 * replica_write.c
 *	  How rows of the table replica are written, all those of one document and entry at once.
 *
 * The table as deploy makes it is written directly; nothing that changes is indexed, so updates are HOT.  So are a few rows of one that somebody gave an index.  One with a trigger, a rule, a constraint
 * or a column of theirs is written by one DELETE, one UPDATE and one INSERT for all rows, so that statement triggers see them together in their transition tables.  All that is the user's runs as
 * the owner of the space, and with a search_path that nobody else decides.
 *
 * A transaction may send many messages to one document, and make a version of a row with each.  Nothing here may look at all of them each time.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "rewrite/prs2lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/internal.h"

/* What goes makes room first, for unique indexes of the user's. */
static const StoreReplicaChangeKind in_order[STORE_REPLICA_N_KINDS] = {STORE_REPLICA_DELETE, STORE_REPLICA_UPDATE, STORE_REPLICA_INSERT};

/* ---- the direct way ---- */

#define MAX_DIRECTLY 8			/* rows: of more, a statement writes entries of other indexes faster */

/* Nothing else that wants to know of a row than perhaps indexes. */
static bool
has_nothing_else(Relation rel)
{
	return store_table_asks_indexes_only(rel) && rel->rd_rules == NULL && !rel->rd_rel->relforcerowsecurity &&
		RelationGetNumberOfAttributes(rel) == REPLICA_N_COLUMNS;
}

static void
write_row(StoreTable *table, const StoreReplicaChanges *changes, StoreReplicaChange *change, StoreReplicaChangeKind kind)
{
	if (kind != STORE_REPLICA_INSERT)
		store_row_at(table, &change->tid);
	if (kind == STORE_REPLICA_DELETE)
	{
		store_row_delete(table);
		ItemPointerSetInvalid(&change->tid);
		return;
	}
	store_row_clear(table);
	store_row_set_text(table, REPLICA_NAME, change->name, strlen(change->name));
	store_row_set_text(table, REPLICA_KEY, changes->key, strlen(changes->key));
	store_row_set(table, REPLICA_ROW, Int32GetDatum(change->row));
	store_row_set(table, REPLICA_VALUE, change->value);
	store_row_set(table, REPLICA_HASH, Int64GetDatum(change->hash));
	store_row_set(table, REPLICA_SEQ, Int64GetDatum(change->seq));
	store_row_set(table, REPLICA_AT, TimestampTzGetDatum(change->at));
	if (kind == STORE_REPLICA_INSERT)
		store_row_insert(table);
	else
		store_row_update(table);
	change->tid = table->fresh->tts_tid;
}

static void
write_directly(StoreTable *table, StoreReplicaChanges *changes)
{
	for (int kind = 0; kind < STORE_REPLICA_N_KINDS; kind++)
		for (int i = 0; i < changes->n; i++)
		{
			if (changes->kinds[i] == in_order[kind])
				write_row(table, changes, &changes->rows[i], in_order[kind]);
		}
	CommandCounterIncrement();
}

/* ---- by statements ---- */

#define N_PARAMETERS 8

/*
 * Rows that are there are found by their places.  The primary key's index would lead through all versions that a row has had in this transaction, more with each message to a document.  A place that
 * is not the row's any more is noticed before (are_at_places); then the statement by the key does it.  What RETURNING says is where the rows are afterwards: a trigger may have kept one as it was.
 * Where the table has rules, which may put anything in a statement's place, there is no RETURNING.
 */
typedef enum Statement
{
	INSERT_TOLD,
	UPDATE_AT,
	DELETE_AT,
	INSERT_ANYHOW,
	UPDATE_BY_KEY,
	DELETE_BY_KEY,
	N_STATEMENTS
} Statement;

#define INSERT_TEXT "INSERT INTO %s.replica AS t (name, key, \"row\", value, hash, seq, at) SELECT u.n, $2, u.r, u.v, u.h, $6, $7 " \
	"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) u (n, r, v, h)"
#define UPDATE_TEXT "UPDATE %s.replica t SET value = u.v, hash = u.h, seq = $6, at = $7 " \
	"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($8)) u (n, r, v, h, c) WHERE " KEY_TEXT
#define DELETE_TEXT "DELETE FROM %s.replica t USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3), pg_catalog.unnest($8)) u (n, r, c) WHERE " KEY_TEXT
#define KEY_TEXT "t.name OPERATOR(pg_catalog.=) u.n AND t.key OPERATOR(pg_catalog.=) $2 AND t.\"row\" OPERATOR(pg_catalog.=) u.r"
#define AT_TEXT " AND t.ctid OPERATOR(pg_catalog.=) u.c"
#define TOLD_TEXT " RETURNING t.name, t.\"row\", t.ctid"

/* $1 names, $2 document, $3 rows, $4 values, $5 hashes, $6 seq, $7 at, $8 places; %s is the schema. */
static const char *const statements[N_STATEMENTS] = {
	[INSERT_TOLD] = INSERT_TEXT TOLD_TEXT,
	[UPDATE_AT] = UPDATE_TEXT AT_TEXT TOLD_TEXT,
	[DELETE_AT] = DELETE_TEXT AT_TEXT,
	[INSERT_ANYHOW] = INSERT_TEXT,
	[UPDATE_BY_KEY] = UPDATE_TEXT,
	[DELETE_BY_KEY] = DELETE_TEXT,
};

typedef struct Plans
{
	Oid			relation;		/* the table replica */
	NameData	schema;			/* as it was called when they were made */
	SPIPlanPtr	plans[N_STATEMENTS];
} Plans;

static HTAB *all_plans = NULL;
static int	n_running = 0;		/* statements: triggers may send messages to other documents, and so come here again */
static List *retired = NIL;		/* plans that may be of those */

/* Whoever runs it still reads it when its triggers have returned. */
static void
let_go(SPIPlanPtr plan)
{
	MemoryContext old;

	if (n_running == 0)
	{
		SPI_freeplan(plan);
		return;
	}
	old = MemoryContextSwitchTo(TopMemoryContext);
	retired = lappend(retired, plan);
	MemoryContextSwitchTo(old);
}

static void
free_retired(void)
{
	if (n_running > 0)
		return;
	while (retired != NIL)
	{
		SPIPlanPtr	plan = llast(retired);

		retired = list_delete_last(retired);
		SPI_freeplan(plan);
	}
}

static Plans *
find_plans(const StoreSpace *space)
{
	Plans	   *plans;
	bool		found;

	free_retired();
	if (all_plans == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Plans), .hcxt = TopMemoryContext};

		all_plans = hash_create("adama statements for replicas", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	plans = hash_search(all_plans, &space->replica, HASH_ENTER, &found);
	if (!found)
		memset(plans->plans, 0, sizeof(plans->plans));
	else if (strcmp(NameStr(plans->schema), NameStr(space->name)) != 0)
		for (int i = 0; i < N_STATEMENTS; i++)
		{
			SPIPlanPtr	plan = plans->plans[i];

			plans->plans[i] = NULL;
			if (plan != NULL)
				let_go(plan);
		}
	plans->schema = space->name;
	return plans;
}

/*
 * Rows are found by their places or the primary key, however small the table is when the plan is made.  The triggers that run later shall not be planned that way; so this is done now.
 */
static void
make_plan(SPIPlanPtr plan, Statement statement)
{
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_indexscan", "enable_bitmapscan"};
	int			n_off = statement == UPDATE_AT || statement == DELETE_AT ? lengthof(off) : 3;
	int			guc_level = NewGUCNestLevel();

	for (int i = 0; i < n_off; i++)
		(void) set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_tidscan", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ReleaseCachedPlan(SPI_plan_get_cached_plan(plan), CurrentResourceOwner);
	AtEOXact_GUC(true, guc_level);
}

/* A rule made nothing of the statement; nobody tells when the rule goes. */
static bool
is_nothing(SPIPlanPtr plan)
{
	return ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->query_list == NIL;
}

static SPIPlanPtr
find_plan(const StoreSpace *space, Statement statement)
{
	static Oid	types[N_PARAMETERS] = {TEXTARRAYOID, TEXTOID, INT4ARRAYOID, JSONBARRAYOID, INT8ARRAYOID, INT8OID, TIMESTAMPTZOID, TIDARRAYOID};
	Plans	   *plans = find_plans(space);
	SPIPlanPtr	plan = plans->plans[statement];

	if (plan != NULL && is_nothing(plan))
	{
		plans->plans[statement] = NULL;
		let_go(plan);
		plan = NULL;
	}
	if (plan == NULL)
	{
		char	   *sql = psprintf(statements[statement], quote_identifier(NameStr(space->name)));

		plan = SPI_prepare_cursor(sql, N_PARAMETERS, types, CURSOR_OPT_GENERIC_PLAN);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
		plans->plans[statement] = plan;
		make_plan(plan, statement);
	}
	else if (!SPI_plan_is_valid(plan))
		make_plan(plan, statement);
	return plan;
}

/* Whether the snapshot sees all rows where they were found: triggers of the statement before, or somebody who writes by hand, may have written new versions. */
static bool
are_at_places(StoreTable *table, const StoreReplicaChanges *changes, StoreReplicaChangeKind kind, Snapshot snapshot)
{
	TupleTableSlot *found = table->found;
	bool		result = true;

	for (int i = 0; result && i < changes->n; i++)
	{
		StoreReplicaChange *change = &changes->rows[i];

		if (changes->kinds[i] != kind)
			continue;
		result = ItemPointerIsValid(&change->tid) && table_tuple_fetch_row_version(table->rel, &change->tid, snapshot, found);
		if (result)
		{
			store_replica_check(table);
			result = DatumGetInt32(found->tts_values[REPLICA_ROW - 1]) == change->row && store_datum_is_text(found->tts_values[REPLICA_NAME - 1], change->name) &&
				store_datum_is_text(found->tts_values[REPLICA_KEY - 1], changes->key);
		}
	}
	ExecClearTuple(found);
	return result;
}

static Statement
choose_statement(StoreTable *table, const StoreReplicaChanges *changes, StoreReplicaChangeKind kind, Snapshot snapshot)
{
	bool		has_rules = table->rel->rd_rules != NULL;

	/* RETURNING asks policies whether the row may be seen. */
	if (kind == STORE_REPLICA_INSERT)
		return has_rules || table->rel->rd_rel->relforcerowsecurity ? INSERT_ANYHOW : INSERT_TOLD;
	if (has_rules || !are_at_places(table, changes, kind, snapshot))
		return kind == STORE_REPLICA_UPDATE ? UPDATE_BY_KEY : DELETE_BY_KEY;
	return kind == STORE_REPLICA_UPDATE ? UPDATE_AT : DELETE_AT;
}

/* What RETURNING said, in the order of the changes; of those that it did not name, the places are not known. */
static void
note_places(StoreReplicaChanges *changes, StoreReplicaChangeKind kind)
{
	int			i = 0;

	for (uint64 k = 0; SPI_tuptable != NULL && k < SPI_processed; k++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[k];
		bool		isnull;
		Datum		name = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull);
		int32		row = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &isnull));

		while (i < changes->n && (changes->kinds[i] != kind || changes->rows[i].row != row || !store_datum_is_text(name, changes->rows[i].name)))
			i++;
		if (i == changes->n)
			break;
		changes->rows[i++].tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 3, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

static int
execute(SPIPlanPtr plan, Datum *values, Snapshot snapshot)
{
	int			result = 0;

	n_running++;
	PG_TRY();
	{
		result = SPI_execute_snapshot(plan, values, NULL, snapshot, InvalidSnapshot, false, true, 0);
	}
	PG_FINALLY();
	{
		n_running--;
	}
	PG_END_TRY();
	if (result < 0)
		elog(ERROR, "could not write replicas: %s", SPI_result_code_string(result));
	return result;
}

static void
write_kind(const StoreSpace *space, StoreTable *table, StoreReplicaChanges *changes, StoreReplicaChangeKind kind)
{
	Datum	   *columns[5];		/* names, rows, values, hashes, places */
	int			n = 0;
	Datum		values[N_PARAMETERS];
	Snapshot	snapshot;
	SPIPlanPtr	plan;
	int			result;

	for (int i = 0; i < changes->n; i++)
		n += changes->kinds[i] == kind;
	if (n == 0)
		return;
	/* The statement must see what has been looked at here, so it gets the snapshot. */
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	plan = find_plan(space, choose_statement(table, changes, kind, snapshot));
	for (size_t k = 0; k < lengthof(columns); k++)
		columns[k] = palloc(sizeof(Datum) * (Size) n);
	n = 0;
	for (int i = 0; i < changes->n; i++)
	{
		StoreReplicaChange *change = &changes->rows[i];

		if (changes->kinds[i] != kind)
			continue;
		columns[0][n] = CStringGetTextDatum(change->name);
		columns[1][n] = Int32GetDatum(change->row);
		columns[2][n] = change->value;
		columns[3][n] = Int64GetDatum(change->hash);
		columns[4][n++] = PointerGetDatum(&change->tid);
	}
	values[0] = PointerGetDatum(construct_array(columns[0], n, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = CStringGetTextDatum(changes->key);
	values[2] = PointerGetDatum(construct_array(columns[1], n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	values[3] = PointerGetDatum(construct_array(columns[2], kind == STORE_REPLICA_DELETE ? 0 : n, JSONBOID, -1, false, TYPALIGN_INT));
	values[4] = PointerGetDatum(construct_array(columns[3], n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[5] = Int64GetDatum(changes->seq);
	values[6] = TimestampTzGetDatum(changes->at);
	values[7] = PointerGetDatum(construct_array(columns[4], kind == STORE_REPLICA_INSERT ? 0 : n, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT));
	for (int i = 0; i < changes->n; i++)
	{
		if (changes->kinds[i] == kind)
			ItemPointerSetInvalid(&changes->rows[i].tid);
	}
	result = execute(plan, values, snapshot);
	UnregisterSnapshot(snapshot);
	if (result == SPI_OK_INSERT_RETURNING || result == SPI_OK_UPDATE_RETURNING)
		note_places(changes, kind);
}

static void
write_by_statements(const StoreSpace *space, StoreTable *table, StoreReplicaChanges *changes)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
	for (int kind = 0; kind < STORE_REPLICA_N_KINDS; kind++)
		write_kind(space, table, changes, in_order[kind]);
	SPI_finish();
}

/* ---- either ---- */

static void
add_context(void *unused)
{
	errcontext("triggers, rules and indexes of the table replica run with the search_path \"%s\"", STORE_SEARCH_PATH);
}

void
store_replica_changes_write(const StoreSpace *space, StoreTable *table, StoreReplicaChanges *changes)
{
	ErrorContextCallback context = {error_context_stack, add_context, NULL};
	bool		is_plain = store_table_is_plain(table->rel);
	bool		is_direct = has_nothing_else(table->rel) && (is_plain || changes->n <= MAX_DIRECTLY);
	int			guc_level;

	if (is_plain && is_direct)
	{
		write_directly(table, changes);
		return;
	}
	/* Of triggers, rules, and functions that indexes are of. */
	guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", STORE_SEARCH_PATH, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	error_context_stack = &context;
	if (is_direct)
		write_directly(table, changes);
	else
		write_by_statements(space, table, changes);
	error_context_stack = context.previous;
	AtEOXact_GUC(true, guc_level);
}
