/*
 * delivery.h
 *	  A delivery, as delivery.c and outbox.c share it.
 */
#ifndef ADAMA_STORE_DELIVERY_H
#define ADAMA_STORE_DELIVERY_H

#include "postgres.h"

#include "store/internal.h"

/* ---- outbox.c ---- */

/*
 * Marks those among the rows that the target has refused before; and adds at most so many of those whose time has come; alone: of those that were too slow, else of the others.  Rows stay in the order of
 * key and row.  Nothing for queues.
 */
extern void store_outbox_join(StoreSpace *space, StoreDelivery *delivery, int brings, bool alone);
/* What was refused before and has been brought now is not kept any longer. */
extern void store_outbox_settle(StoreSpace *space, StoreDelivery *delivery);

#endif
