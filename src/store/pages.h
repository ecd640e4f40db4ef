/*
 * pages.h
 *	  Which rows of the table replica have changed, for who brings them to a table of this database (pages.c).
 */
#ifndef ADAMA_STORE_PAGES_H
#define ADAMA_STORE_PAGES_H

#include "postgres.h"

#include "utils/snapshot.h"

#include "store/internal.h"

/*
 * The next rows under the name that the snapshot sees and that have not been brought: each to visit, in table->found, which returns false when there were enough.  The snapshot is older than the call.
 * brought: what a call before this returned, for when nothing is remembered; NULL: nobody knows what has been brought.
 * Returns what the registration is to keep when the rows have been brought; NULL: there is more to be read first.
 */
extern char *store_pages_read(StorePages *pages, StoreTable *table, const char *name, Snapshot snapshot, const char *brought, bool (*visit) (StoreTable *table, void *arg), void *arg);

#endif
