/*
 * vacuum.c
 *	  Vacuum of a table that is appended to and emptied all the time.
 *
 * The table replica_change has a row for each change that goes to a queue or a foreign table, and loses it again a moment later; what a worker looks for stands behind all that is gone.  Autovacuum comes by once a minute, when
 * there may be half a million.  So who takes them out asks for a vacuum when it has taken out as many as the table holds: it then stays as small as that, but while somebody's snapshot keeps all rows
 * alive, where asking more often would be in vain.
 *
 * The end of the file is given back when it has become long, after an outage, and there is little to do: that takes a moment in which nobody else is at the table.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/vacuum.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "utils/memutils.h"

#include "adama.h"
#include "worker/internal.h"

#define GONE_MIN 5000
#define GONE_PER_PAGE 100		/* about what a page has */
#define MANY_PAGES 1000

static bool
is_long(const WorkerEmptied *changes)
{
	return changes->n_pages >= MANY_PAGES && changes->n_read < changes->n_pages / 10;
}

static bool
is_worth_it(const WorkerEmptied *changes)
{
	return changes->n_gone >= GONE_MIN && (changes->n_gone >= (int64) changes->n_pages * GONE_PER_PAGE || is_long(changes));
}

static DefElem *
option(const char *name, const char *value)
{
	return makeDefElem(pstrdup(name), (Node *) makeString(pstrdup(value)), -1);
}

/* Nobody is waited for; but for the end of a long file, nobody waits. */
static void
vacuum_table(Oid table, bool truncates)
{
	VacuumStmt *statement = makeNode(VacuumStmt);

	statement->is_vacuumcmd = true;
	statement->rels = list_make1(makeVacuumRelation(NULL, table, NIL));
	statement->options = list_make2(option("skip_locked", "true"), option("truncate", truncates ? "true" : "false"));
	ExecVacuum(make_parsestate(NULL), statement, true);
}

static void
run(const WorkerEmptied *changes)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "adama vacuum", ALLOCSET_DEFAULT_SIZES);
	MemoryContext portal = PortalContext;

	PG_TRY();
	{
		if (worker_transaction_begin())
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			/* It has transactions of its own, across which it keeps what it works with there. */
			PortalContext = context;
			worker_deadline(adama_replication_timeout);
			vacuum_table(changes->table, is_long(changes));
			worker_deadline(0);
			MemoryContextSwitchTo(old);
			worker_transaction_end();
		}
	}
	PG_CATCH();
	{
		/* It is a matter of speed only; autovacuum will come. */
		MemoryContextSwitchTo(context);
		EmitErrorReport();
		worker_transaction_abort();
	}
	PG_END_TRY();
	PortalContext = portal;
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextDelete(context);
}

void
worker_vacuum(WorkerEmptied *changes)
{
	if (!is_worth_it(changes))
		return;
	run(changes);
	changes->n_gone = 0;
}
