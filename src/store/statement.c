/*
 * statement.c
 *	  SQL statements of our own in a space: what is too rare to be done row by row.
 *
 * They run as the space's owner, security restricted, with a search_path of pg_catalog alone.  Those that a worker repeats all the time are planned once.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "store/internal.h"

void
store_session_begin(StoreSession *session, const StoreSpace *space)
{
	session->role = store_role_enter(space);
	session->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", STORE_SEARCH_PATH, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
	session->space = space->schema;
	session->name = space->name;
	session->schema = quote_identifier(pstrdup(NameStr(space->name)));
}

void
store_session_end(StoreSession *session)
{
	SPI_finish();
	AtEOXact_GUC(true, session->guc_level);
	store_role_leave(session->role);
}

void
store_session_run(const StoreSession *session, const char *sql, int n, Oid *types, Datum *values, const char *nulls, bool is_read_only)
{
	char	   *statement = psprintf(sql, session->schema);
	int			result = SPI_execute_with_args(statement, n, types, values, nulls, is_read_only, 0);

	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	pfree(statement);
}

/* ---- what is repeated ---- */

typedef struct RepeatedKey
{
	const char *sql;			/* the text itself, which is static */
	uint64		space;			/* as wide as the pointer: keys are compared byte by byte */
} RepeatedKey;

typedef struct Repeated
{
	RepeatedKey		key;
	NameData	schema;			/* as it was called when it was planned */
	SPIPlanPtr	plan;
} Repeated;

static HTAB *repeated = NULL;

static SPIPlanPtr
find_plan(const StoreSession *session, const char *sql, int n, Oid *types)
{
	RepeatedKey		key = {sql, session->space};
	Repeated	   *entry;
	bool		found;

	if (repeated == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(RepeatedKey), .entrysize = sizeof(Repeated), .hcxt = TopMemoryContext};

		repeated = hash_create("adama statements", 32, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(repeated, &key, HASH_ENTER, &found);
	if (!found)
		entry->plan = NULL;
	if (entry->plan != NULL && strcmp(NameStr(entry->schema), NameStr(session->name)) != 0)
	{
		SPI_freeplan(entry->plan);
		entry->plan = NULL;
	}
	if (entry->plan == NULL)
	{
		char	   *statement = psprintf(sql, session->schema);
		SPIPlanPtr	plan = SPI_prepare_cursor(statement, n, types, CURSOR_OPT_GENERIC_PLAN);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare \"%s\": %s", statement, SPI_result_code_string(SPI_result));
		entry->plan = plan;
		entry->schema = session->name;
		pfree(statement);
	}
	return entry->plan;
}

void
store_session_repeat(const StoreSession *session, const char *sql, int n, Oid *types, Datum *values, const char *nulls, bool is_read_only)
{
	int			result = SPI_execute_plan(find_plan(session, sql, n, types), values, nulls, is_read_only, 0);

	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(result));
}
