/*
 * replica_write.c
 *	  How rows of the table replica are written, all those of one document and entry at once.
 *
 * The table as deploy makes it is written directly; nothing that changes is indexed, so updates are HOT.  One that somebody gave a trigger, an index, a rule, a constraint
 * or a column is written by one DELETE, one UPDATE and one INSERT for all rows, so that statement triggers see them together in their transition tables.  Those run as
 * the owner of the space, and with a search_path that nobody else decides.
 */
#include "postgres.h"

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
#include "utils/timestamp.h"

#include "store/internal.h"

/* ---- the direct way ---- */

static bool
is_as_made(Relation rel)
{
	return store_table_is_plain(rel) && rel->rd_rules == NULL && !rel->rd_rel->relforcerowsecurity && RelationGetNumberOfAttributes(rel) == REPLICA_N_COLUMNS;
}

static void
write_directly(StoreTable *table, StoreReplicaChanges *changes)
{
	for (int i = 0; i < changes->n; i++)
	{
		StoreReplicaChange *change = &changes->rows[i];

		if (changes->kinds[i] != STORE_REPLICA_INSERT)
			store_row_at(table, &change->tid);
		if (changes->kinds[i] == STORE_REPLICA_DELETE)
		{
			store_row_delete(table);
			ItemPointerSetInvalid(&change->tid);
			continue;
		}
		store_row_clear(table);
		store_row_set_text(table, REPLICA_NAME, change->name, strlen(change->name));
		store_row_set_text(table, REPLICA_KEY, changes->key, strlen(changes->key));
		store_row_set(table, REPLICA_ROW, Int32GetDatum(change->row));
		store_row_set(table, REPLICA_VALUE, change->value);
		store_row_set(table, REPLICA_HASH, Int64GetDatum(change->hash));
		store_row_set(table, REPLICA_SEQ, Int64GetDatum(change->seq));
		store_row_set(table, REPLICA_AT, TimestampTzGetDatum(change->at));
		if (changes->kinds[i] == STORE_REPLICA_INSERT)
			store_row_insert(table);
		else
			store_row_update(table);
		change->tid = table->fresh->tts_tid;
	}
	CommandCounterIncrement();
}

/* ---- by statements ---- */

#define N_PARAMETERS 7

/* $1 names, $2 document, $3 rows, $4 values, $5 hashes, $6 seq, $7 at; %s is the schema. */
static const char *const statements[STORE_REPLICA_N_KINDS] = {
	[STORE_REPLICA_INSERT] = "INSERT INTO %s.replica (name, key, \"row\", value, hash, seq, at) SELECT u.n, $2, u.r, u.v, u.h, $6, $7 "
	"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) u (n, r, v, h)",
	[STORE_REPLICA_UPDATE] = "UPDATE %s.replica t SET value = u.v, hash = u.h, seq = $6, at = $7 "
	"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) u (n, r, v, h) WHERE t.name OPERATOR(pg_catalog.=) u.n AND t.key OPERATOR(pg_catalog.=) $2 "
	"AND t.\"row\" OPERATOR(pg_catalog.=) u.r",
	[STORE_REPLICA_DELETE] = "DELETE FROM %s.replica t USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) u (n, r) WHERE t.name OPERATOR(pg_catalog.=) u.n "
	"AND t.key OPERATOR(pg_catalog.=) $2 AND t.\"row\" OPERATOR(pg_catalog.=) u.r",
};

typedef struct Plans
{
	Oid			relation;		/* the table replica */
	NameData	schema;			/* as it was called when they were made */
	SPIPlanPtr	plans[STORE_REPLICA_N_KINDS];
} Plans;

static HTAB *all_plans = NULL;

static Plans *
find_plans(const StoreSpace *space)
{
	Plans	   *plans;
	bool		found;

	if (all_plans == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Plans), .hcxt = TopMemoryContext};

		all_plans = hash_create("adama statements for replicas", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	plans = hash_search(all_plans, &space->replica, HASH_ENTER, &found);
	if (!found)
		memset(plans->plans, 0, sizeof(plans->plans));
	else if (strcmp(NameStr(plans->schema), NameStr(space->name)) != 0)
		for (int kind = 0; kind < STORE_REPLICA_N_KINDS; kind++)
		{
			if (plans->plans[kind] != NULL)
				SPI_freeplan(plans->plans[kind]);
			plans->plans[kind] = NULL;
		}
	plans->schema = space->name;
	return plans;
}

/*
 * Rows are found by the primary key, however small the table is when the plan is made.  The triggers that run later shall not be planned that way; so this is done now.
 */
static void
make_plan(SPIPlanPtr plan)
{
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin"};
	int			guc_level = NewGUCNestLevel();

	for (size_t i = 0; i < lengthof(off); i++)
		(void) set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ReleaseCachedPlan(SPI_plan_get_cached_plan(plan), CurrentResourceOwner);
	AtEOXact_GUC(true, guc_level);
}

static SPIPlanPtr
find_plan(const StoreSpace *space, StoreReplicaChangeKind kind)
{
	static Oid	types[N_PARAMETERS] = {TEXTARRAYOID, TEXTOID, INT4ARRAYOID, JSONBARRAYOID, INT8ARRAYOID, INT8OID, TIMESTAMPTZOID};
	Plans	   *plans = find_plans(space);

	SPIPlanPtr	plan = plans->plans[kind];

	if (plan == NULL)
	{
		char	   *sql = psprintf(statements[kind], quote_identifier(NameStr(space->name)));

		plan = SPI_prepare_cursor(sql, N_PARAMETERS, types, CURSOR_OPT_GENERIC_PLAN);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
		plans->plans[kind] = plan;
		make_plan(plan);
	}
	else if (!SPI_plan_is_valid(plan))
		make_plan(plan);
	return plan;
}

static void
write_kind(const StoreSpace *space, const StoreReplicaChanges *changes, StoreReplicaChangeKind kind)
{
	Datum	   *columns[4];		/* names, rows, values, hashes */
	int			n = 0;
	Datum		values[N_PARAMETERS];
	int			result;

	for (int k = 0; k < 4; k++)
		columns[k] = palloc(sizeof(Datum) * changes->n);
	for (int i = 0; i < changes->n; i++)
	{
		const StoreReplicaChange *change = &changes->rows[i];

		if (changes->kinds[i] != kind)
			continue;
		columns[0][n] = CStringGetTextDatum(change->name);
		columns[1][n] = Int32GetDatum(change->row);
		columns[2][n] = change->value;
		columns[3][n++] = Int64GetDatum(change->hash);
	}
	if (n == 0)
		return;
	values[0] = PointerGetDatum(construct_array(columns[0], n, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = CStringGetTextDatum(changes->key);
	values[2] = PointerGetDatum(construct_array(columns[1], n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	values[3] = PointerGetDatum(construct_array(columns[2], kind == STORE_REPLICA_DELETE ? 0 : n, JSONBOID, -1, false, TYPALIGN_INT));
	values[4] = PointerGetDatum(construct_array(columns[3], n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[5] = Int64GetDatum(changes->seq);
	values[6] = TimestampTzGetDatum(changes->at);
	result = SPI_execute_plan(find_plan(space, kind), values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "could not write replicas: %s", SPI_result_code_string(result));
}

static void
add_context(void *unused)
{
	errcontext("triggers and rules of the table replica run with the search_path \"%s\"", STORE_SEARCH_PATH);
}

static void
write_by_statements(const StoreSpace *space, StoreReplicaChanges *changes)
{
	int			guc_level = NewGUCNestLevel();
	ErrorContextCallback context = {error_context_stack, add_context, NULL};

	(void) set_config_option("search_path", STORE_SEARCH_PATH, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
	error_context_stack = &context;
	/* What goes makes room first, for unique indexes of the user's. */
	write_kind(space, changes, STORE_REPLICA_DELETE);
	write_kind(space, changes, STORE_REPLICA_UPDATE);
	write_kind(space, changes, STORE_REPLICA_INSERT);
	error_context_stack = context.previous;
	SPI_finish();
	AtEOXact_GUC(true, guc_level);
	for (int i = 0; i < changes->n; i++)
		ItemPointerSetInvalid(&changes->rows[i].tid);
}

void
store_replica_changes_write(const StoreSpace *space, StoreTable *table, StoreReplicaChanges *changes)
{
	if (is_as_made(table->rel))
		write_directly(table, changes);
	else
		write_by_statements(space, changes);
}
