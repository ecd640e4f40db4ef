/*
 * authority.c
 *	  The table adama.authorities: whose signatures gateways accept.
 *
 * It belongs to the extension; privileges are asked before, by sqlapi.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/internal.h"

enum
{
	AUTHORITY_NAME = 1, AUTHORITY_JWKS, AUTHORITY_CHANGED
};

static Oid
authorities(void)
{
	Oid			relation = get_relname_relid("authorities", get_namespace_oid("adama", false));

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"adama.authorities\" does not exist")));
	return relation;
}

bool
store_authority_set(const char *name, Datum jwks, bool isnull)
{
	/* Of two that name a new authority at once, the second waits for the first, and finds it. */
	StoreTable	table = store_table_open(authorities(), ShareRowExclusiveLock);
	bool		found = store_row_lock(&table, name, NULL);

	if (isnull && found)
		store_row_delete(&table);
	else if (!isnull)
	{
		store_row_clear(&table);
		store_row_set_text(&table, AUTHORITY_NAME, name, strlen(name));
		store_row_set(&table, AUTHORITY_JWKS, jwks);
		store_row_set(&table, AUTHORITY_CHANGED, TimestampTzGetDatum(GetCurrentTimestamp()));
		if (found)
			store_row_update(&table);
		else
			store_row_insert(&table);
	}
	store_table_close(&table);
	CommandCounterIncrement();
	return found;
}

void
store_authorities(Snapshot snapshot, void (*visit) (Datum name, Datum jwks, void *arg), void *arg)
{
	StoreTable	table = store_table_open(authorities(), AccessShareLock);
	TableScanDesc scan = table_beginscan(table.rel, snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, table.found))
	{
		slot_getallattrs(table.found);
		visit(table.found->tts_values[AUTHORITY_NAME - 1], table.found->tts_values[AUTHORITY_JWKS - 1], arg);
	}
	table_endscan(scan);
	store_table_close(&table);
}
