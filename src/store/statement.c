/*
 * statement.c
 *	  SQL statements of our own in a space: what is too rare to be done row by row.
 *
 * They run as the space's owner, security restricted, with a search_path of pg_catalog alone.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "store/internal.h"

void
store_session_begin(StoreSession *session, const StoreSpace *space)
{
	session->role = store_role_enter(space);
	session->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", STORE_SEARCH_PATH, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
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
