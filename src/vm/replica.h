/*
 * replica.h
 *	  What a document publishes: the values of its program's replications, and which of them may have changed.
 *
 * A replica is known by the name of its replication, the document's key and its row: 0 for the document itself, otherwise the row's id.  (A structure has
 * at most one replication of a name, and ids are unique in the document, so no two replicas are known by the same.)  Its value is an object in the storage
 * form of state.h, but for longs, which are integers here, however deep, so that SQL can compare and add them.  An empty maybe is absent, in an array null.
 *
 * Whoever keeps replicas elsewhere takes the changed ones before the journal is closed; for a document that was just made, loaded under another
 * program, or changed by deltas, all of them, and compares.  A value that is as it was has the hash that it had: the hash is of the content, and the
 * same for ever and everywhere.
 */
#ifndef ADAMA_VM_REPLICA_H
#define ADAMA_VM_REPLICA_H

#include "vm/vm.h"

typedef struct VmReplica
{
	const LangReplication *of;
	int32_t		row;
	DocBytes	value;			/* class DOC_DOCUMENT; len 0: there is none, or none any more */
	int64_t		hash;			/* of the value (doc_hash); 0 when there is none */
} VmReplica;

/* What expressions may ask about the document beside what is in it. */
typedef struct VmReplicaContext
{
	VmText		space;
	VmText		key;
} VmReplicaContext;

/* False: it wants no more of them.  The replica is the visitor's during the call, its value as long as the arena. */
typedef bool (*VmReplicaVisit) (const VmReplica *replica, void *arg);

/* Whether documents of the program publish anything: if not, the functions below need not be called (and do nothing). */
static inline bool
vm_program_replicates(const VmProgram *program)
{
	return vm_program_lang(program)->n_replications > 0;
}

/*
 * Between begin and commit: visits the replicas whose value may be another than at begin, in the order of the bytes of their names, then of rows, each
 * once.  These are those of which something that their expression reads was changed; those of rows that came, if they have a value; and, without one,
 * those of rows that went, also with a row around them.  A row that both came and went is not visited.  Costs follow the journal, and the rows of
 * a record whose replication reads something besides its row that has changed: all these are evaluated.
 *
 * The limits hold for all expressions together.  False, and diag is filled, when one fails.
 */
extern bool vm_replicas_changed(VmDoc *doc, const VmReplicaContext *context, const VmLimits *limits, KitArena *arena, VmReplicaVisit visit, void *arg,
								KitDiag *diag);
/*
 * All replicas of the document as it is, whether a journal is open or not, in the same order; those without a value are not visited.  The limits hold for
 * each expression.
 */
extern bool vm_replicas_all(VmDoc *doc, const VmReplicaContext *context, const VmLimits *limits, KitArena *arena, VmReplicaVisit visit, void *arg, KitDiag *diag);

#endif
