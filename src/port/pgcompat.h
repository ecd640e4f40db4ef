/*
 * pgcompat.h
 *	  The differences between PostgreSQL 15, 16, 17 and 18.  The only file that tests PG_VERSION_NUM.
 *
 * Code is written against the newest API; what an older server lacks is made up for here.  Included after postgres.h, by the server's rooms
 * only (port, store, worker, sqlapi and adama.c).
 */
#ifndef ADAMA_PGCOMPAT_H
#define ADAMA_PGCOMPAT_H

#if PG_VERSION_NUM < 150000
#error "adama needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM < 160000
/* Before 16 it took the kind of the failure as well. */
#define port_assertion_failed(condition, file, line) ExceptionalCondition((condition), "FailedAssertion", (file), (line))
#else
#define port_assertion_failed(condition, file, line) ExceptionalCondition((condition), (file), (line))
#endif

/* 18 added a place for instrumentation. */
#if PG_VERSION_NUM < 180000
#define port_index_beginscan(rel, index, snapshot, nkeys, norderbys) index_beginscan((rel), (index), (snapshot), (nkeys), (norderbys))
#else
#define port_index_beginscan(rel, index, snapshot, nkeys, norderbys) index_beginscan((rel), (index), (snapshot), NULL, (nkeys), (norderbys))
#endif

/* 16 added the list of result relations. */
#if PG_VERSION_NUM < 160000
#define port_eval_plan_qual_init(epq, estate) EvalPlanQualInit((epq), (estate), NULL, NIL, -1)
#else
#define port_eval_plan_qual_init(epq, estate) EvalPlanQualInit((epq), (estate), NULL, NIL, -1, NIL)
#endif

/* 16 renamed it. */
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index) pgstat_fetch_stat_local_beentry(index)
#endif

/* 17 has named shared memory that can be made at any time; before, the reserve of the main shared memory serves. */
#if PG_VERSION_NUM >= 170000
#define PORT_HAS_DSM_REGISTRY
#endif

/* 17 lets extensions name what their processes wait for. */
#if PG_VERSION_NUM < 170000
#define WaitEventExtensionNew(name) PG_WAIT_EXTENSION
#endif

/* 16 asks for privileges on all kinds of objects by one function, given the catalog. */
#if PG_VERSION_NUM < 160000
#define object_aclcheck(catalog, object, role, mode) \
	((catalog) == NamespaceRelationId ? pg_namespace_aclcheck((object), (role), (mode)) : pg_proc_aclcheck((object), (role), (mode)))
#define object_ownercheck(catalog, object, role) (AssertMacro((catalog) == NamespaceRelationId), pg_namespace_ownercheck((object), (role)))
#endif

/* 16 renamed what says where a relation's file is. */
#if PG_VERSION_NUM < 160000
#define port_read_recent_buffer(rel, block, buffer) ReadRecentBuffer((rel)->rd_node, MAIN_FORKNUM, (block), (buffer))
#define port_file_number(rel) ((rel)->rd_node.relNode)
typedef Oid RelFileNumber;
#else
#define port_read_recent_buffer(rel, block, buffer) ReadRecentBuffer((rel)->rd_locator, MAIN_FORKNUM, (block), (buffer))
#define port_file_number(rel) ((rel)->rd_locator.relNumber)
#endif

/* 17 moved the number of this backend's transaction. */
#if PG_VERSION_NUM < 170000
#define port_local_transaction() (MyProc->lxid)
#else
#define port_local_transaction() (MyProc->vxid.lxid)
#endif

/* 16 lets input functions report an error without throwing it. */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy, ...) ereport(ERROR, __VA_ARGS__)
#endif

/* 16 says which indexes want an entry after an update: all of them, or only those that summarise. */
#if PG_VERSION_NUM < 160000
typedef bool PortUpdateIndexes;
#define port_update_wants_indexes(indexes) (indexes)
#define port_update_wants_some(indexes) (indexes)
#define port_insert_index_tuples(target, slot, estate, indexes) ExecInsertIndexTuples((target), (slot), (estate), true, false, NULL, NIL)
#else
typedef TU_UpdateIndexes PortUpdateIndexes;
#define port_update_wants_indexes(indexes) ((indexes) == TU_All)
#define port_update_wants_some(indexes) ((indexes) != TU_None)
#define port_insert_index_tuples(target, slot, estate, indexes) \
	ExecInsertIndexTuples((target), (slot), (estate), true, false, NULL, NIL, (indexes) == TU_Summarizing)
#endif

#endif
