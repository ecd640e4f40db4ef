/*
 * deploy.c
 *	  How a space is made and brought to a new program: the only DDL.
 *
 * A space is a schema with ten tables, one view, and a function for each entry of its program.  There is no other trace of it, so DROP SCHEMA … CASCADE
 * removes it whole, and a dump holds it whole.
 *
 * Who acts:
 *		CREATE SCHEMA						the caller, who needs CREATE on the database
 *		tables, view, comments, privileges	the owner of the schema, whom the caller must be (a member of)
 *		functions							the bootstrap superuser, since C functions can't be made by others; they then go to the owner
 *
 * What runs as superuser is text made here from quoted identifiers, quoted literals and qualified types, with a search_path of pg_catalog
 * alone: no object of the schema's owner is ever named by it but the generated functions themselves.
 *
 * A generated function is recognised by its language and library; only a superuser could forge one.  It finds its space and its entry by its own name,
 * so it never changes with the program but for its signature.  On a new deploy each is made under a passing name and compared: where nothing differs the old
 * one stays, with its oid and all that depends on it; else the new one takes its place and its grants.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "port/pgcompat.h"
#include "store/internal.h"

#ifdef USE_LZ4
#define COMPRESSED " COMPRESSION lz4"
#else
#define COMPRESSED ""
#endif

/* In each statement %1$s is the schema, as a quoted identifier.  The order of the columns is that of internal.h. */
static const char *const space_ddl[] = {
	"CREATE TABLE %1$s.document ("
	"key pg_catalog.text COLLATE pg_catalog.\"C\" PRIMARY KEY, "
	"seq pg_catalog.int8 NOT NULL, "
	"updated pg_catalog.timestamptz NOT NULL, "
	"state_seq pg_catalog.int8 NOT NULL, "
	"program pg_catalog.int4 NOT NULL, "
	"due pg_catalog.timestamptz, "
	"created pg_catalog.timestamptz NOT NULL, "
	"log_size pg_catalog.int8 NOT NULL, "
	"log_from pg_catalog.int8 NOT NULL, "
	"log_gone pg_catalog.int8 NOT NULL, "
	/* The last: of an update in place the WAL has what is between the first and the last column that changed, and this one seldom does. */
	"state adama.document" COMPRESSED " NOT NULL) "
	/* The table is small, but what is asked of each of its documents is not. */
	"WITH (parallel_workers = 4, fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05, "
	"autovacuum_analyze_scale_factor = 0.5, toast.autovacuum_vacuum_scale_factor = 0.05)",
	"CREATE TABLE %1$s.log ("
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"seq pg_catalog.int8 NOT NULL, "
	"events pg_catalog.int4 NOT NULL, "
	"at pg_catalog.timestamptz NOT NULL, "
	"event pg_catalog.text NOT NULL, "
	"agent pg_catalog.text, "
	"authority pg_catalog.text, "
	"channel pg_catalog.text, "
	"message adama.document" COMPRESSED ", "
	"dedupe pg_catalog.text, "
	"delta adama.delta" COMPRESSED " NOT NULL, "
	"origin pg_catalog.text, "
	"ip pg_catalog.text, "
	"program pg_catalog.int4 NOT NULL, "
	"state adama.document" COMPRESSED ", "
	"effects adama.document" COMPRESSED ", "
	"PRIMARY KEY (key, seq))",
	"CREATE TABLE %1$s.program ("
	"version pg_catalog.int4 PRIMARY KEY, "
	"source pg_catalog.text NOT NULL, "
	"deployed pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), "
	"deployer pg_catalog.name NOT NULL DEFAULT CURRENT_USER, "
	"sources adama.document" COMPRESSED ", "
	"keep_age pg_catalog.\"interval\", "
	"keep_size pg_catalog.int8)",
	"CREATE TABLE %1$s.connection ("
	"id pg_catalog.text COLLATE pg_catalog.\"C\" PRIMARY KEY, "
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"agent pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"authority pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"viewer adama.document, "
	"created pg_catalog.timestamptz NOT NULL, "
	"pid pg_catalog.int4 NOT NULL, "
	"backend_start pg_catalog.timestamptz NOT NULL, "
	"joined pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), "
	"send_window pg_catalog.int4, "
	"listener pg_catalog.text COLLATE pg_catalog.\"C\", "
	"number pg_catalog.int8, "
	"since pg_catalog.int8, "
	"seq pg_catalog.int8 NOT NULL)",
	"CREATE TABLE %1$s.task ("
	"task pg_catalog.text COLLATE pg_catalog.\"C\" PRIMARY KEY, "
	"version pg_catalog.int4, "
	"total pg_catalog.int8, "
	"done pg_catalog.int8 NOT NULL DEFAULT 0, "
	"failed pg_catalog.int8 NOT NULL DEFAULT 0, "
	"reached pg_catalog.text COLLATE pg_catalog.\"C\", "
	"is_through pg_catalog.bool NOT NULL DEFAULT false, "
	"started pg_catalog.timestamptz NOT NULL, "
	"finished pg_catalog.timestamptz, "
	"error pg_catalog.text) WITH (fillfactor = 20)",
	"CREATE TABLE %1$s.task_document ("
	"task pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"sqlstate pg_catalog.text NOT NULL, "
	"error pg_catalog.text NOT NULL, "
	"attempts pg_catalog.int4 NOT NULL DEFAULT 1, "
	"at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), "
	"retry_at pg_catalog.timestamptz, "
	"PRIMARY KEY (task, key))",
	"CREATE INDEX connection_key ON %1$s.connection (key, agent, authority)",
	/* Nothing that changes is indexed, and there is room in each page: updates are HOT. */
	"CREATE TABLE %1$s.replica ("
	"name pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"\"row\" pg_catalog.int4 NOT NULL, "
	"value pg_catalog.jsonb" COMPRESSED " NOT NULL, "
	"hash pg_catalog.int8 NOT NULL, "
	"seq pg_catalog.int8 NOT NULL, "
	"at pg_catalog.timestamptz NOT NULL, "
	"PRIMARY KEY (name, key, \"row\")) "
	"WITH (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05)",
	"CREATE TABLE %1$s.replication ("
	"id pg_catalog.int4 PRIMARY KEY, "
	"name pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"target pg_catalog.regclass, "
	"mode pg_catalog.text NOT NULL, "
	"columns pg_catalog.jsonb, "
	"identity pg_catalog.text[], "
	"created pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), "
	"filled pg_catalog.bool NOT NULL DEFAULT false, "
	"fill_name pg_catalog.text COLLATE pg_catalog.\"C\", "
	"fill_key pg_catalog.text COLLATE pg_catalog.\"C\", "
	"fill_row pg_catalog.int4, "
	"fill_total pg_catalog.int8, "
	"fill_done pg_catalog.int8 NOT NULL DEFAULT 0, "
	"delivered pg_catalog.int8 NOT NULL DEFAULT 0, "
	"delivered_at pg_catalog.timestamptz, "
	"failures pg_catalog.int4 NOT NULL DEFAULT 0, "
	"retry_at pg_catalog.timestamptz, "
	"last_error pg_catalog.text, "
	"last_error_at pg_catalog.timestamptz, "
	"brought pg_catalog.pg_snapshot, "
	"brought_in pg_catalog.int8)",
	"CREATE TABLE %1$s.replica_change ("
	"replication pg_catalog.int4 NOT NULL, "
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"\"row\" pg_catalog.int4 NOT NULL, "
	"at pg_catalog.timestamptz NOT NULL, "
	"place pg_catalog.tid) "
	/* Who empties it sees to it (worker/vacuum.c).  Nobody asks for its statistics, and collecting them would keep rows alive. */
	"WITH (autovacuum_vacuum_threshold = 100000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_threshold = 2147483647)",
	/* It has no key: without this, nothing could be deleted from it where everything is published. */
	"ALTER TABLE %1$s.replica_change REPLICA IDENTITY FULL",
	"CREATE TABLE %1$s.outbox ("
	"replication pg_catalog.int4 NOT NULL, "
	"key pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
	"\"row\" pg_catalog.int4 NOT NULL, "
	"value pg_catalog.jsonb" COMPRESSED ", "
	"hash pg_catalog.int8, "
	"seq pg_catalog.int8, "
	"since pg_catalog.timestamptz NOT NULL, "
	"attempts pg_catalog.int4 NOT NULL DEFAULT 0, "
	"retry_at pg_catalog.timestamptz, "
	"error pg_catalog.text, "
	"alone pg_catalog.bool NOT NULL DEFAULT false, "
	"PRIMARY KEY (replication, key, \"row\")) "
	"WITH (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05)",
	"CREATE INDEX outbox_since ON %1$s.outbox (replication, since)",
	/* Nobody asks for all documents that equal one; to find out which values are frequent, analyze would compare them for half a minute, while its snapshot keeps old rows. */
	"ALTER TABLE %1$s.document ALTER state SET STATISTICS 0",
	"ALTER TABLE %1$s.log ALTER message SET STATISTICS 0, ALTER delta SET STATISTICS 0, ALTER state SET STATISTICS 0, ALTER effects SET STATISTICS 0",
	"CREATE VIEW %1$s.documents AS SELECT d.key, d.seq, "
	"adama.fold(d.state, ARRAY(SELECT l.delta FROM %1$s.log l WHERE l.key OPERATOR(pg_catalog.=) d.key "
	"AND l.seq OPERATOR(pg_catalog.>) d.state_seq ORDER BY l.seq)) AS state FROM %1$s.document d",
	"REVOKE ALL ON SCHEMA %1$s FROM PUBLIC",
	"REVOKE ALL ON ALL TABLES IN SCHEMA %1$s FROM PUBLIC",
};

/* What is said about %1$s, and the text; a column when there is a second dot. */
static const char *const space_comments[][2] = {
	{"SCHEMA %1$s", "the documents of an Adama program"},
	{"TABLE %1$s.document", "documents: one row each, which every message moves forward"},
	{"COLUMN %1$s.document.key", "name of the document"},
	{"COLUMN %1$s.document.seq", "sequence number: how many events have been reduced into it"},
	{"COLUMN %1$s.document.updated", "time of the last event; it never goes back"},
	{"COLUMN %1$s.document.state", "the document as of state_seq; see the view documents for the state of now"},
	{"COLUMN %1$s.document.state_seq", "sequence number that state belongs to; the log holds what came later"},
	{"COLUMN %1$s.document.program", "version of the program that the document runs"},
	{"COLUMN %1$s.document.due", "when the document next wants to be woken"},
	{"COLUMN %1$s.document.created", "when it was made; tells two documents apart that had the same key one after the other"},
	{"COLUMN %1$s.document.log_size", "bytes of all deltas that were ever appended to its log"},
	{"COLUMN %1$s.document.log_from", "sequence number that the log reaches back to: 1, until maximum_history or adama.retain lets go of something"},
	{"COLUMN %1$s.document.log_gone", "bytes of the deltas that the log does not have any more"},
	{"TABLE %1$s.log", "what happened to the documents: an entry for each event, or for several that were reduced together"},
	{"COLUMN %1$s.log.key", "the document"},
	{"COLUMN %1$s.log.seq", "sequence number of the document after the entry"},
	{"COLUMN %1$s.log.events", "how many events it stands for: they have the numbers seq - events + 1 to seq"},
	{"COLUMN %1$s.log.at", "when it happened: what Time.now() was"},
	{"COLUMN %1$s.log.event", "create, send, connect, disconnect, load, batch (several), upgrade or rewind"},
	{"COLUMN %1$s.log.agent", "who did it"},
	{"COLUMN %1$s.log.authority", "who vouches for the agent"},
	{"COLUMN %1$s.log.channel", "the channel that a message came through"},
	{"COLUMN %1$s.log.message", "what was sent; for a batch an array of what was sent"},
	{"COLUMN %1$s.log.dedupe", "the key by which a message that is sent twice is known"},
	{"COLUMN %1$s.log.delta", "what it changed"},
	{"COLUMN %1$s.log.origin", "@context.origin: where the request came from; only when the program asks for it"},
	{"COLUMN %1$s.log.ip", "@context.ip: the address it came from; only when the program asks for it"},
	{"COLUMN %1$s.log.program", "version of the program that did it"},
	{"COLUMN %1$s.log.state", "the document after it; kept now and then, so that no state of the past is far from one"},
	{"COLUMN %1$s.log.effects", "what it did beside: what was said to viewers, whose connections ended; null: nothing"},
	{"TABLE %1$s.program", "versions of the program"},
	{"COLUMN %1$s.program.version", "number of the version, from 1"},
	{"COLUMN %1$s.program.source", "the program's text"},
	{"COLUMN %1$s.program.deployed", "when it was deployed"},
	{"COLUMN %1$s.program.deployer", "who deployed it"},
	{"COLUMN %1$s.program.sources", "what it includes: texts by name; null when it includes nothing"},
	{"COLUMN %1$s.program.keep_age", "adama.retain: logs keep what is younger; that of the newest version counts"},
	{"COLUMN %1$s.program.keep_size", "adama.retain: logs keep the last deltas of so many bytes; that of the newest version counts"},
	{"TABLE %1$s.connection", "who is joined to which document; rows go when their session ends"},
	{"COLUMN %1$s.connection.id", "name of the connection; of a session's own, also of the notification channel, and a secret"},
	{"COLUMN %1$s.connection.key", "the document"},
	{"COLUMN %1$s.connection.agent", "who looks"},
	{"COLUMN %1$s.connection.authority", "who vouches for the agent"},
	{"COLUMN %1$s.connection.viewer", "viewer state"},
	{"COLUMN %1$s.connection.created", "when the document was made that it was joined to"},
	{"COLUMN %1$s.connection.pid", "process id of the session that listens"},
	{"COLUMN %1$s.connection.backend_start", "when that session began"},
	{"COLUMN %1$s.connection.joined", "when it was joined"},
	{"COLUMN %1$s.connection.send_window", "how many changes it is sent at most without acknowledging one; null: any number"},
	{"COLUMN %1$s.connection.listener", "name of the notification channel of a gateway's connection, and a secret; null: id is"},
	{"COLUMN %1$s.connection.number", "the gateway's number of it"},
	{"COLUMN %1$s.connection.since", "sequence number of the document as the client had it when it came back"},
	{"COLUMN %1$s.connection.seq", "sequence number of the document when it was joined"},
	{"TABLE %1$s.task", "what is done in the background for all documents: a row for each kind; the view adama.tasks shows it"},
	{"COLUMN %1$s.task.task", "upgrade or trim"},
	{"COLUMN %1$s.task.version", "version of the program that documents are moved to; null: it has not begun"},
	{"COLUMN %1$s.task.total", "documents that it was about when it began"},
	{"COLUMN %1$s.task.done", "documents that were dealt with"},
	{"COLUMN %1$s.task.failed", "documents that can't be"},
	{"COLUMN %1$s.task.reached", "documents up to this key have had their turn"},
	{"COLUMN %1$s.task.is_through", "all documents have had their turn; some may be put off"},
	{"COLUMN %1$s.task.started", "when it was asked for"},
	{"COLUMN %1$s.task.finished", "when it was done; null: it goes on"},
	{"COLUMN %1$s.task.error", "the last error"},
	{"TABLE %1$s.task_document", "documents that tasks had to leave"},
	{"COLUMN %1$s.task_document.task", "the task"},
	{"COLUMN %1$s.task_document.key", "the document"},
	{"COLUMN %1$s.task_document.sqlstate", "of the error"},
	{"COLUMN %1$s.task_document.error", "why"},
	{"COLUMN %1$s.task_document.attempts", "how many times it was tried"},
	{"COLUMN %1$s.task_document.at", "when it was tried last"},
	{"COLUMN %1$s.task_document.retry_at", "when it is tried again; null: it is not"},
	{"INDEX %1$s.connection_key", "finds the connections of a document, and of a principal to it"},
	{"TABLE %1$s.replica", "what documents publish by replication<…> now: a row each, written with the message that changes it, and only then"},
	{"COLUMN %1$s.replica.name", "name of the replication in the program"},
	{"COLUMN %1$s.replica.key", "the document"},
	{"COLUMN %1$s.replica.row", "id of the record in the document that publishes it; 0: the document itself"},
	{"COLUMN %1$s.replica.value", "what is published"},
	{"COLUMN %1$s.replica.hash", "hash of the value's content: what has the same is the same"},
	{"COLUMN %1$s.replica.seq", "sequence number of the document when the value became this"},
	{"COLUMN %1$s.replica.at", "when that was: what Time.now() was"},
	{"TABLE %1$s.replication", "where replicas are brought: a row for each target or queue of adama.replicate, adama.replicate_queue"},
	{"COLUMN %1$s.replication.id", "number of the registration"},
	{"COLUMN %1$s.replication.name", "name of the replication in the program"},
	{"COLUMN %1$s.replication.target", "the table that is kept in step; null: a queue"},
	{"COLUMN %1$s.replication.mode", "sync (in the message's transaction), async (afterwards), or queue (whoever calls adama.dequeue)"},
	{"COLUMN %1$s.replication.columns", "an object: for each column of the target what is written there"},
	{"COLUMN %1$s.replication.identity", "columns of the target by which a replica is found there"},
	{"COLUMN %1$s.replication.created", "when it was registered"},
	{"COLUMN %1$s.replication.filled", "whether all that was there before has been brought over"},
	{"COLUMN %1$s.replication.fill_name", "how far that has come: name of the last replica brought over"},
	{"COLUMN %1$s.replication.fill_key", "its document"},
	{"COLUMN %1$s.replication.fill_row", "its row"},
	{"COLUMN %1$s.replication.fill_total", "how many there were when it was registered"},
	{"COLUMN %1$s.replication.fill_done", "how many have been brought over"},
	{"COLUMN %1$s.replication.delivered", "how many changes have been delivered"},
	{"COLUMN %1$s.replication.delivered_at", "when the last of them was"},
	{"COLUMN %1$s.replication.failures", "how often in a row the target could not be reached"},
	{"COLUMN %1$s.replication.retry_at", "when it is tried again; null: it is not waiting"},
	{"COLUMN %1$s.replication.last_error", "what the last failure said"},
	{"COLUMN %1$s.replication.last_error_at", "when that was"},
	{"COLUMN %1$s.replication.brought", "of a table of this database: what the transactions changed that this snapshot saw has been brought"},
	{"COLUMN %1$s.replication.brought_in", "the server and the database in which that holds"},
	{"TABLE %1$s.replica_change", "which replicas changed, or are gone, and have not been brought to a target yet; appended to with the message, emptied by the worker. What changed and goes to a table of this database is not here"},
	{"COLUMN %1$s.replica_change.replication", "the registration it is for"},
	{"COLUMN %1$s.replica_change.key", "the document"},
	{"COLUMN %1$s.replica_change.row", "id of the record in the document; 0: the document itself"},
	{"COLUMN %1$s.replica_change.at", "when it changed"},
	{"COLUMN %1$s.replica_change.place", "where the row of %1$s.replica was then, a hint; null: not known, or it is gone"},
	{"TABLE %1$s.outbox", "what consumers of queues have to fetch, and what a target refused and is tried again"},
	{"COLUMN %1$s.outbox.replication", "the registration it is for"},
	{"COLUMN %1$s.outbox.key", "the document"},
	{"COLUMN %1$s.outbox.row", "id of the record in the document; 0: the document itself"},
	{"COLUMN %1$s.outbox.value", "what is to be written; null: it is to be deleted"},
	{"COLUMN %1$s.outbox.hash", "hash of the value's content"},
	{"COLUMN %1$s.outbox.seq", "sequence number of the document when the value became this"},
	{"COLUMN %1$s.outbox.since", "when the oldest change that waits here was made"},
	{"COLUMN %1$s.outbox.attempts", "how often it was tried"},
	{"COLUMN %1$s.outbox.retry_at", "when it is tried again"},
	{"COLUMN %1$s.outbox.error", "why it could not be delivered"},
	{"COLUMN %1$s.outbox.alone", "it was too slow, and is brought with no others"},
	{"INDEX %1$s.outbox_since", "finds what has waited longest"},
	{"VIEW %1$s.documents", "documents with their state of now"},
	{"COLUMN %1$s.documents.key", "name of the document"},
	{"COLUMN %1$s.documents.seq", "sequence number: how many events have been reduced into it"},
	{"COLUMN %1$s.documents.state", "the state; adama.plain shows its lists as arrays"},
};

static void run(const char *format,...) pg_attribute_printf(1, 2);

static void
run(const char *format,...)
{
	StringInfoData sql;
	int			result;

	initStringInfo(&sql);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&sql, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&sql, needed);
	}
	result = SPI_execute(sql.data, false, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql.data, SPI_result_code_string(result));
	pfree(sql.data);
}

/* Runs a query with one oid as $1. */
static void
query(const char *sql, Oid oid)
{
	Oid			types[1] = {OIDOID};
	Datum		values[1] = {ObjectIdGetDatum(oid)};
	int			result = SPI_execute_with_args(sql, 1, types, values, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(result));
}

/* The column of a row of the last query as text, in the current memory context; NULL for null. */
static char *
result_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

static Oid
result_oid(uint64 row, int column)
{
	bool		isnull;

	return DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull));
}

/* ---- the schema ---- */

static Oid
schema_owner(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The schema of a name, made when it is not there.  An existing one must be the caller's, and a space or empty. */
static Oid
find_schema(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);

	if (!OidIsValid(schema))
	{
		run("CREATE SCHEMA %s", quote_identifier(name));
		return get_namespace_oid(name, false);
	}
	if (!object_ownercheck(NamespaceRelationId, schema, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
	if (store_space_by_schema(schema) == NULL)
	{
		query("SELECT FROM pg_catalog.pg_depend WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass "
			  "AND refobjid OPERATOR(pg_catalog.=) $1 LIMIT 1", schema);
		if (SPI_processed > 0)
		{
			KitDiag		diag = {0};

			kit_fail(&diag, KIT_INVALID_NAME, "schema \"%s\" exists and is no space", name);
			kit_diag_hint(&diag, "Choose another name, or empty the schema.");
			store_raise(&diag);
		}
	}
	return schema;
}

static void
make_tables(const char *schema)
{
	for (size_t i = 0; i < lengthof(space_ddl); i++)
		run(space_ddl[i], schema);
	for (size_t i = 0; i < lengthof(space_comments); i++)
	{
		char	   *object = psprintf(space_comments[i][0], schema);

		run("COMMENT ON %s IS %s", object, quote_literal_cstr(space_comments[i][1]));
		pfree(object);
	}
	CommandCounterIncrement();
}

/* Without this, DROP EXTENSION … CASCADE would take the columns of our types out of the tables and leave a ruin. */
static void
depend_on_extension(Oid schema)
{
	ObjectAddress dependent;
	ObjectAddress extension;

	query("SELECT FROM pg_catalog.pg_depend WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass "
		  "AND objid OPERATOR(pg_catalog.=) $1 AND refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass", schema);
	if (SPI_processed > 0)
		return;
	ObjectAddressSet(dependent, NamespaceRelationId, schema);
	ObjectAddressSet(extension, ExtensionRelationId, get_extension_oid("adama", false));
	recordDependencyOn(&dependent, &extension, DEPENDENCY_NORMAL);
}

/* ---- the program ---- */

/* Whether the newest version has this text, and includes these sources. */
static bool
is_newest(StoreSpace *space, const char *schema, VmText source, DocBytes sources)
{
	char	   *newest;
	Datum		datum;
	bool		isnull;
	DocBytes	included = {NULL, 0};

	run("SELECT source, sources FROM %s.program WHERE version OPERATOR(pg_catalog.=) %d", schema, space->version);
	newest = SPI_processed == 1 ? result_text(0, 1) : NULL;
	if (newest == NULL || strlen(newest) != source.len || memcmp(newest, source.str, source.len) != 0)
		return false;
	datum = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	if (!isnull)
		included = store_datum_bytes(datum);
	return included.len == sources.len && (sources.len == 0 || memcmp(included.data, sources.data, sources.len) == 0);
}

/* Inserts the program as a new version, unless it is the newest one already. */
static int
add_version(StoreSpace *space, const char *schema, VmText source, DocBytes sources, const VmProgram *program)
{
	KitDiag		diag = {0};

	if (space->version > 0)
	{
		int		   *versions;
		int			n;

		if (is_newest(space, schema, source, sources))
			return space->version;
		/* Documents move from whatever version they run to the newest at once. */
		run("SELECT version FROM %1$s.program WHERE version OPERATOR(pg_catalog.=) %2$d "
			"OR version OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT program FROM %1$s.document)) ORDER BY version DESC", schema, space->version);
		n = (int) SPI_processed;
		versions = palloc(sizeof(int) * n);
		for (int i = 0; i < n; i++)
			versions[i] = pg_strtoint32(result_text(i, 1));
		for (int i = 0; i < n; i++)
		{
			if (!vm_program_upgrades(store_program(space, versions[i])->vm, program, &diag))
				store_raise(&diag);
		}
		store_targets_check(space, vm_program_lang(program));
	}
	return store_program_insert(space, source, sources);
}

/* ---- functions ---- */

#define GENERATED "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang " \
	"WHERE p.pronamespace OPERATOR(pg_catalog.=) $1 AND l.lanname OPERATOR(pg_catalog.=) 'c' " \
	"AND p.probin OPERATOR(pg_catalog.=) '" STORE_LIBRARY "'"

typedef struct OldFunction
{
	Oid			oid;
	char	   *name;
	bool		stays;
} OldFunction;

/*
 * The functions that were generated before; an array in the current memory context.  What somebody moved here who does not own the schema is dropped, lest
 * its grants be carried over.
 */
static OldFunction *
old_functions(Oid schema, int *n)
{
	OldFunction *olds;
	List	   *strangers = NIL;
	ListCell   *lc;

	query("SELECT p.oid, p.proname, p.proowner " GENERATED " ORDER BY p.oid", schema);
	*n = 0;
	olds = palloc0(sizeof(OldFunction) * (SPI_processed + 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		if (!object_ownercheck(NamespaceRelationId, schema, result_oid(i, 3)))
		{
			strangers = lappend_oid(strangers, result_oid(i, 1));
			continue;
		}
		olds[*n].oid = result_oid(i, 1);
		olds[*n].name = result_text(i, 2);
		(*n)++;
	}
	foreach(lc, strangers)
		run("DROP FUNCTION %s", format_procedure_qualified(lfirst_oid(lc)));
	return olds;
}

static Oid
function_oid(Oid schema, const char *name)
{
	query("SELECT p.oid, p.proname " GENERATED, schema);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		if (strcmp(result_text(i, 2), name) == 0)
			return result_oid(i, 1);
	}
	elog(ERROR, "function \"%s\" was not made", name);
}

/* Whether two functions look the same to whoever calls them. */
static bool
same_signature(Oid a, Oid b)
{
	run("SELECT FROM pg_catalog.pg_proc a JOIN pg_catalog.pg_proc b ON a.prosrc OPERATOR(pg_catalog.=) b.prosrc "
		"AND a.provolatile OPERATOR(pg_catalog.=) b.provolatile AND a.proparallel OPERATOR(pg_catalog.=) b.proparallel "
		"AND pg_catalog.pg_get_function_arguments(a.oid) OPERATOR(pg_catalog.=) pg_catalog.pg_get_function_arguments(b.oid) "
		"AND pg_catalog.pg_get_function_result(a.oid) OPERATOR(pg_catalog.=) pg_catalog.pg_get_function_result(b.oid) "
		"WHERE a.oid OPERATOR(pg_catalog.=) %u AND b.oid OPERATOR(pg_catalog.=) %u", a, b);
	return SPI_processed == 1;
}

static void
make_function(const char *schema, const char *name, const StoreFunction *f)
{
	run("CREATE FUNCTION %s.%s (%s) RETURNS %s LANGUAGE c %s AS '" STORE_LIBRARY "', %s",
		schema, quote_identifier(name), f->arguments, f->returns, f->attributes, quote_literal_cstr(f->symbol));
}

/* Whom a function is granted to: the ends of GRANT statements. */
static List *
grants_of(Oid function, Oid owner)
{
	List	   *result = NIL;

	query("SELECT x.grantee, x.is_grantable FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x WHERE p.oid OPERATOR(pg_catalog.=) $1", function);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Oid			grantee = result_oid(i, 1);
		bool		is_grantable = strcmp(result_text(i, 2), "t") == 0;

		if (grantee != owner)
			result = lappend(result, psprintf("%s%s", OidIsValid(grantee) ? quote_identifier(GetUserNameFromId(grantee, false)) : "PUBLIC",
											  is_grantable ? " WITH GRANT OPTION" : ""));
	}
	return result;
}

static void
adopt_function(Oid function, Oid owner, const char *comment)
{
	char	   *signature = format_procedure_qualified(function);

	run("ALTER FUNCTION %s OWNER TO %s", signature, quote_identifier(GetUserNameFromId(owner, false)));
	run("REVOKE ALL ON FUNCTION %s FROM PUBLIC", signature);
	run("COMMENT ON FUNCTION %s IS %s", signature, quote_literal_cstr(comment));
}

/* Puts f in the place of the old function of its name. */
static void
replace_function(Oid schema_oid, const char *schema, Oid owner, OldFunction *old, const StoreFunction *f)
{
	static const char passing[] = "adama new";	/* no channel can have this name */
	Oid			fresh;
	List	   *grants;
	ListCell   *lc;

	make_function(schema, passing, f);
	fresh = function_oid(schema_oid, passing);
	if (same_signature(old->oid, fresh))
	{
		run("DROP FUNCTION %s", format_procedure_qualified(fresh));
		run("ALTER FUNCTION %s OWNER TO %s", format_procedure_qualified(old->oid), quote_identifier(GetUserNameFromId(owner, false)));
		run("COMMENT ON FUNCTION %s IS %s", format_procedure_qualified(old->oid), quote_literal_cstr(f->comment));
		return;
	}
	grants = grants_of(old->oid, owner);
	run("DROP FUNCTION %s", format_procedure_qualified(old->oid));
	run("ALTER FUNCTION %s RENAME TO %s", format_procedure_qualified(fresh), quote_identifier(f->name));
	adopt_function(fresh, owner, f->comment);
	foreach(lc, grants)
		run("GRANT EXECUTE ON FUNCTION %s TO %s", format_procedure_qualified(fresh), (char *) lfirst(lc));
}

static void
make_functions(Oid schema_oid, const char *schema, Oid owner, const StoreFunction *functions, int n)
{
	int			n_olds;
	OldFunction *olds = old_functions(schema_oid, &n_olds);

	for (int i = 0; i < n; i++)
	{
		const StoreFunction *f = &functions[i];
		OldFunction *old = NULL;

		for (int j = 0; j < n_olds && old == NULL; j++)
		{
			if (!olds[j].stays && strcmp(olds[j].name, f->name) == 0)
				old = &olds[j];
		}
		if (old != NULL)
		{
			old->stays = true;
			replace_function(schema_oid, schema, owner, old, f);
		}
		else
		{
			make_function(schema, f->name, f);
			adopt_function(function_oid(schema_oid, f->name), owner, f->comment);
		}
	}
	for (int i = 0; i < n_olds; i++)
	{
		if (!olds[i].stays)
			run("DROP FUNCTION %s", format_procedure_qualified(olds[i].oid));
	}
}

/* ---- all of it ---- */

int
store_deploy(const char *name, VmText source, DocBytes sources, const VmProgram *program, const StoreFunction *functions, int n)
{
	const char *schema;
	Oid			schema_oid;
	StoreSpace *space;
	Oid			owner;
	Oid			user;
	int			context;
	int			guc_level = NewGUCNestLevel();
	int			version;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the server programming interface");
	GetUserIdAndSecContext(&user, &context);
	schema = quote_identifier(name);

	schema_oid = find_schema(name);
	space = store_space_by_schema(schema_oid);
	owner = space != NULL ? space->owner : schema_owner(schema_oid);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	if (space == NULL)
		make_tables(schema);
	else
	{
		/* Deploys of one space take turns; the second sees the first's version. */
		LockRelationOid(space->program, ShareRowExclusiveLock);
	}
	space = store_space_by_schema(schema_oid);
	if (space == NULL)
		elog(ERROR, "schema \"%s\" is no space after it was made one", name);
	version = add_version(space, schema, source, sources, program);

	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
	make_functions(schema_oid, schema, owner, functions, n);
	depend_on_extension(schema_oid);
	SetUserIdAndSecContext(user, context);

	SPI_finish();
	AtEOXact_GUC(true, guc_level);
	return version;
}
