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
#define ExceptionalCondition(condition, file, line) ExceptionalCondition((condition), "FailedAssertion", (file), (line))
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

#endif
