/*
 * target_foreign.c
 *	  What foreign data wrappers ask of a target.
 *
 * Of any: that it can insert, update and delete.  mysql_fdw finds the row to update or delete by the first column of the table alone, whatever the condition says, so that column must be the
 * identity, and its name is written there without quotes; it can't write all types; and unless its server is told otherwise, what is too long is cut off there without a word, and characters beyond the basic plane become
 * question marks.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "nodes/nodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "store/target.h"

static bool
is_handled_by(const ForeignServer *server, const char *name)
{
	const char *handler = get_func_name(GetForeignDataWrapper(server->fdwid)->fdwhandler);

	return handler != NULL && strcmp(handler, name) == 0;
}

static bool
is_mysql(const ForeignServer *server)
{
	return is_handled_by(server, "mysql_fdw_handler");
}

bool
store_target_foreign_is_writable(TargetWork *work)
{
	FdwRoutine *routine = GetFdwRoutineForRelation(work->rel, false);
	int			events = routine->IsForeignRelUpdatable != NULL ? routine->IsForeignRelUpdatable(work->rel) :
		((routine->ExecForeignInsert != NULL) << CMD_INSERT) | ((routine->ExecForeignUpdate != NULL) << CMD_UPDATE) | ((routine->ExecForeignDelete != NULL) << CMD_DELETE);
	int			all = (1 << CMD_INSERT) | (1 << CMD_UPDATE) | (1 << CMD_DELETE);

	if ((events & all) == all)
		return true;
	store_target_problem_is(work, "The foreign table can't be written to");
	return false;
}

/* What MariaDB and MySQL don't take for a name without quotes, as far as columns may be called so. */
static const char *const reserved_there[] = {
	"accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "before", "between", "bigint", "binary", "blob", "both", "by", "call", "cascade", "case", "change",
	"char", "character", "check", "collate", "column", "condition", "constraint", "continue", "convert", "create", "cross", "cube", "cursor", "databases", "dec", "decimal",
	"declare", "default", "delayed", "delete", "desc", "describe", "deterministic", "distinct", "div", "double", "drop", "dual", "each", "else", "empty", "enclosed",
	"escaped", "except", "exists", "exit", "explain", "fetch", "float", "for", "force", "foreign", "from", "fulltext", "function", "grant", "group", "grouping", "groups",
	"having", "if", "ignore", "in", "index", "infile", "inner", "inout", "insert", "int", "integer", "intersect", "interval", "into", "is", "iterate", "join", "key", "keys",
	"kill", "lag", "lateral", "lead", "leading", "leave", "left", "like", "limit", "linear", "lines", "load", "lock", "long", "loop", "match", "maxvalue", "mod", "modifies",
	"natural", "not", "null", "numeric", "of", "offset", "on", "optimize", "option", "or", "order", "out", "outer", "outfile", "over", "partition", "portion", "precision",
	"primary", "procedure", "purge", "range", "rank", "read", "reads", "real", "recursive", "references", "regexp", "release", "rename", "repeat", "replace", "require",
	"restrict", "return", "returning", "revoke", "right", "rlike", "row", "rows", "schema", "schemas", "select", "sensitive", "separator", "set", "show", "signal", "smallint",
	"spatial", "specific", "sql", "ssl", "starting", "stored", "system", "table", "terminated", "then", "tinyint", "to", "trailing", "trigger", "true", "undo", "union",
	"unique", "unlock", "unsigned", "update", "usage", "use", "using", "values", "varbinary", "varchar", "varying", "virtual", "when", "where", "while", "window", "with",
	"write", "xor", "zerofill"
};

static bool
needs_quotes_there(const char *name)
{
	size_t		len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	if (name[len] != '\0' || (name[0] >= '0' && name[0] <= '9'))
		return true;
	for (size_t i = 0; i < lengthof(reserved_there); i++)
	{
		if (pg_strcasecmp(name, reserved_there[i]) == 0)
			return true;
	}
	return false;
}

static void
require_first_column(TargetWork *work)
{
	int			first = 1;

	while (first < work->desc->natts && TupleDescAttr(work->desc, first - 1)->attisdropped)
		first++;
	for (int i = 0; i < work->map->n_columns; i++)
	{
		TargetColumn *column = &work->map->columns[i];

		if (column->is_identity && (column->number != first || work->map->n_identity > 1))
		{
			store_target_problem_is(work, "mysql_fdw finds rows by the table's first column, \"%s\": it alone must say which replica it is, so give it $id%s",
					NameStr(TupleDescAttr(work->desc, first - 1)->attname), work->of_records ? "" : " or $key");
			return;
		}
		if (column->is_identity && needs_quotes_there(column->name))
			store_target_problem_is(work, "mysql_fdw can't find rows by a column that is called \"%s\", for it writes the name without quotes; call it something else in both tables",
									column->name);
	}
}

static void
require_writable_types(TargetWork *work)
{
	for (int i = 0; i < work->map->n_columns; i++)
	{
		TargetColumn *column = &work->map->columns[i];

		if (column->class == TARGET_JSONB || column->class == TARGET_PRINCIPAL || column->class == TARGET_ENUM || column->class == TARGET_INTERVAL)
			store_target_problem_is(work, "mysql_fdw can't write column \"%s\" of type %s; make it %s", column->name, store_target_shown_type(work, column),
									column->class == TARGET_JSONB ? "json" : column->class == TARGET_INTERVAL ? "double precision" : "text");
	}
}

void
store_target_fit_foreign(TargetWork *work)
{
	const ForeignServer *server = GetForeignServer(GetForeignTable(RelationGetRelid(work->rel))->serverid);

	work->map->takes_arrays = is_handled_by(server, "postgres_fdw_handler");
	if (!is_mysql(server))
		return;
	require_first_column(work);
	require_writable_types(work);
}

static const char *
option(const ForeignServer *server, const char *name)
{
	ListCell   *lc;

	foreach(lc, server->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return "";
}

void
store_target_warn_foreign(Oid relation)
{
	ForeignServer *server = GetForeignServer(GetForeignTable(relation)->serverid);

	if (!is_mysql(server))
		return;
	if (strstr(option(server, "sql_mode"), "STRICT") == NULL)
		ereport(WARNING,
				(errmsg("server \"%s\" does not ask MySQL to be strict: what is too long or too large will be changed there without an error", server->servername),
				 errhint("ALTER SERVER %s OPTIONS (ADD sql_mode 'ANSI_QUOTES,STRICT_ALL_TABLES');", quote_identifier(server->servername))));
	if (strcmp(option(server, "character_set"), "utf8mb4") != 0)
		ereport(WARNING,
				(errmsg("server \"%s\" does not set a character set that has all characters: some will become question marks", server->servername),
				 errhint("ALTER SERVER %s OPTIONS (ADD character_set 'utf8mb4');", quote_identifier(server->servername))));
}
