/*
 * presence.c
 *	  Who comes to a document and who goes: connections that begin or end together, as few entries of its log.
 *
 * What the program hears of are principals, not connections: @connected runs with a principal's first connection to the document, @disconnected with its
 * last.  In a batch the same holds as if its connections had come, or gone, one after the other: a principal that comes twice comes with the first of
 * the two, one that goes twice goes with the second.  The events of a batch are reduced together, in that order, under one lock of the row;
 * a very large batch is cut.
 *
 * When the program says so (delete_on_close), the document goes with its last connection, behind @disconnected.  Whoever comes at the same time waits for the lock: it has come
 * before, and the document stays, or it finds none.
 *
 * Lock order: the number of the document's connections (store_connection_lock), the connections' rows, the document's row.  Whoever removes a row runs the event,
 * in the same transaction, so each departure is told once: neither a disconnect and the emitter, nor two emitters, can both do it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/snapmgr.h"

#include "store/internal.h"

#define ENTRY_MAX_EVENTS 1024

/* A batch at work. */
typedef struct Batch
{
	Oid			schema;
	StoreSpace *space;			/* valid until something runs SQL: then looked up anew */
	const char *key;
	StorePresence *visits;
	int			n;
	VmEventKind kind;
	int		   *news;			/* visits with which a principal comes or goes, in order */
	int			n_news;
	bool		is_changed;
	bool		is_over;		/* an event has destroyed the document: the others are of no concern to anybody */
} Batch;

static void
look_again(Batch *batch)
{
	batch->space = store_space_by_schema(batch->schema);
	if (batch->space == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the space was dropped meanwhile")));
}

static VmText
text_of(const char *str)
{
	return (VmText) {str, (uint32) strlen(str)};
}

/* ---- principals ---- */

static int
compare_principals(const StorePresence *a, const StorePresence *b)
{
	int			result = strcmp(a->row->authority, b->row->authority);

	return result != 0 ? result : strcmp(a->row->agent, b->row->agent);
}

/* By principal, then by place. */
static int
compare_visits(const void *a, const void *b, void *arg)
{
	const StorePresence *visits = arg;
	int			i = *(const int *) a;
	int			k = *(const int *) b;
	int			result = compare_principals(&visits[i], &visits[k]);

	return result != 0 ? result : i - k;
}

static int
compare_places(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

/* The visits that take part, principal by principal. */
static int *
sort_visits(const Batch *batch, bool only_done, int *n)
{
	int		   *sorted = palloc(sizeof(int) * (batch->n + 1));

	*n = 0;
	for (int i = 0; i < batch->n; i++)
		if (!only_done || batch->visits[i].is_done)
			sorted[(*n)++] = i;
	qsort_arg(sorted, *n, sizeof(int), compare_visits, batch->visits);
	return sorted;
}

static bool
same_principal(const Batch *batch, int i, int k)
{
	return compare_principals(&batch->visits[i], &batch->visits[k]) == 0;
}

/* Of each principal without another connection, its first visit, or its last. */
static void
find_news(Batch *batch, const int *sorted, int n, bool wants_last)
{
	StoreMembers *members = store_members_begin(batch->space, batch->key);

	batch->news = palloc(sizeof(int) * (n + 1));
	for (int i = 0, end; i < n; i = end)
	{
		const StoreConnection *row = batch->visits[sorted[i]].row;

		for (end = i + 1; end < n && same_principal(batch, sorted[i], sorted[end]); end++)
			;
		CHECK_FOR_INTERRUPTS();
		if (!store_members_has(members, text_of(row->agent), text_of(row->authority), row->created))
			batch->news[batch->n_news++] = sorted[wants_last ? end - 1 : i];
	}
	store_members_end(members);
	qsort(batch->news, batch->n_news, sizeof(int), compare_places);
}

/* ---- events ---- */

static const KitDiag *
keep_diag(const KitDiag *diag)
{
	KitDiag    *copy = palloc(sizeof(KitDiag));

	*copy = *diag;
	return copy;
}

static void
make_event(const Batch *batch, const StorePresence *visit, StoreEvent *event)
{
	memset(event, 0, offsetof(StoreEvent, diag));
	event->event.kind = batch->kind;
	event->event.agent = text_of(visit->row->agent);
	event->event.authority = text_of(visit->row->authority);
	event->event.space = text_of(NameStr(batch->space->name));
	event->event.key = text_of(batch->key);
	event->event.message.kind = DOC_NULL;
	event->event.origin = visit->origin.str != NULL ? visit->origin : text_of("");
	event->event.ip = visit->ip.str != NULL ? visit->ip : text_of("");
}

static void
reduce_some(Batch *batch, const int *news, int n, StoreEvent *events)
{
	for (int i = 0; i < n; i++)
		make_event(batch, &batch->visits[news[i]], &events[i]);
	batch->is_changed |= store_reduce(batch->space, batch->key, events, n);
	look_again(batch);
	for (int i = 0; i < n; i++)
	{
		if (!events[i].is_ok && !batch->is_over)
			batch->visits[news[i]].diag = keep_diag(&events[i].diag);
		batch->is_over |= events[i].has_destroyed;
	}
}

static void
reduce_news(Batch *batch)
{
	StoreEvent *events;

	if (batch->n_news == 0)
		return;
	events = palloc(sizeof(StoreEvent) * Min(batch->n_news, ENTRY_MAX_EVENTS));
	for (int i = 0; i < batch->n_news && !batch->is_over; i += ENTRY_MAX_EVENTS)
		reduce_some(batch, &batch->news[i], Min(batch->n_news - i, ENTRY_MAX_EVENTS), events);
	pfree(events);
}

/* ---- coming ---- */

/* @load runs for who looks, too, when no event of this session's has seen to that yet. */
static void
wake(Batch *batch)
{
	const StoreCopy *copy;
	bool		is_asleep;

	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	copy = store_document_read(batch->space, batch->key);
	is_asleep = copy != NULL && (copy->is_loaded || copy->program->version < batch->space->version);
	PopActiveSnapshot();
	if (is_asleep)
	{
		batch->is_changed |= store_reduce(batch->space, batch->key, NULL, 0);
		look_again(batch);
	}
}

/* Who is refused is so with all connections of the batch. */
static void
spread_refusals(Batch *batch, const int *sorted, int n)
{
	for (int i = 1; i < n; i++)
		if (batch->visits[sorted[i - 1]].diag != NULL && same_principal(batch, sorted[i - 1], sorted[i]))
			batch->visits[sorted[i]].diag = batch->visits[sorted[i - 1]].diag;
}

/* How far the document has come: from there on its log concerns those who come. */
static int64
seq_now(const Batch *batch)
{
	const StoreCopy *copy;
	int64		result;

	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	copy = store_document_read(batch->space, batch->key);
	result = copy != NULL ? copy->seq : 0;
	PopActiveSnapshot();
	return result;
}

static void
insert_rows(Batch *batch)
{
	int64		seq = seq_now(batch);
	StoreRole	role = store_role_enter(batch->space);
	StoreTable	table = store_table_open(batch->space->connection, RowExclusiveLock);

	for (int i = 0; i < batch->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (batch->visits[i].diag != NULL)
			continue;
		batch->visits[i].row->seq = seq;
		store_connection_insert(&table, batch->visits[i].row);
		batch->visits[i].is_done = true;
	}
	store_table_close(&table);
	store_role_leave(role);
	CommandCounterIncrement();
}

bool
store_presence_join(StoreSpace *space, const char *key, StorePresence *visits, int n)
{
	const VmProgram *program = store_program_current(space)->vm;
	Batch		batch = {.schema = space->schema,.space = space,.key = key,.visits = visits,.n = n,.kind = VM_EVENT_CONNECT};
	int			n_sorted = 0;
	int		   *sorted = NULL;
	bool		has_load = vm_program_handles(program, VM_EVENT_LOAD);

	for (int i = 0; i < n; i++)
	{
		visits[i].is_done = false;
		visits[i].diag = NULL;
	}
	store_connection_lock(space, key);
	if (vm_program_handles(program, VM_EVENT_CONNECT))
	{
		sorted = sort_visits(&batch, false, &n_sorted);
		find_news(&batch, sorted, n_sorted, false);
		reduce_news(&batch);
		spread_refusals(&batch, sorted, n_sorted);
	}
	if (batch.n_news == 0 && has_load)
		wake(&batch);
	insert_rows(&batch);
	return batch.is_changed;
}

/* ---- going ---- */

static void
delete_rows(Batch *batch)
{
	StoreRole	role = store_role_enter(batch->space);
	StoreTable	table = store_table_open(batch->space->connection, RowExclusiveLock);

	for (int i = 0; i < batch->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		batch->visits[i].diag = NULL;
		batch->visits[i].is_done = store_connection_delete(&table, batch->visits[i].row->id);
	}
	store_table_close(&table);
	store_role_leave(role);
	CommandCounterIncrement();
}

/*
 * The principal's other connections, too, where that is wanted.  Whoever has come since is not held to be new, and was not asked for a permission; whoever comes
 * waits for the lock, and then is.
 */
static void
delete_others(Batch *batch)
{
	StoreRole	role = store_role_enter(batch->space);
	StoreTable	table = store_table_open(batch->space->connection, RowExclusiveLock);

	for (int i = 0; i < batch->n; i++)
	{
		StorePresence *visit = &batch->visits[i];
		StoreMembers *members;
		ListCell   *lc;

		visit->others = NIL;
		if (!visit->takes_others || !visit->is_done)
			continue;
		members = store_members_begin(batch->space, batch->key);
		visit->others = store_members_list(members, text_of(visit->row->agent), text_of(visit->row->authority));
		store_members_end(members);
		foreach(lc, visit->others)
			(void) store_connection_delete(&table, ((StoreConnection *) lfirst(lc))->id);
		CommandCounterIncrement();
	}
	store_table_close(&table);
	store_role_leave(role);
}

/* When the document that is there now was made; 0: there is none. */
static TimestampTz
created_now(const Batch *batch)
{
	const StoreCopy *copy;
	TimestampTz result;

	/* The statement's own snapshot may be older than what this call waited for. */
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	copy = store_document_read(batch->space, batch->key);
	result = copy != NULL ? copy->created : 0;
	PopActiveSnapshot();
	return result;
}

/* Connections to an earlier document of the key are not this one's. */
static int
keep_living(Batch *batch, int *sorted, int n)
{
	TimestampTz created = created_now(batch);
	int			n_kept = 0;

	for (int i = 0; i < n; i++)
		if (created != 0 && batch->visits[sorted[i]].row->created == created)
			sorted[n_kept++] = sorted[i];
	return n_kept;
}

/* Whether those who left were the last of a document that goes with them. */
static bool
closes(const Batch *batch)
{
	TimestampTz created;
	bool		has_left = false;

	if (batch->is_over || !vm_program_lang(store_program_current(batch->space)->vm)->settings.delete_on_close)
		return false;
	created = created_now(batch);
	for (int i = 0; i < batch->n && !has_left; i++)
		has_left = batch->visits[i].is_done && batch->visits[i].row->created == created;
	return created != 0 && has_left && !store_connection_any(batch->space, batch->key, created);
}

bool
store_presence_leave(StoreSpace *space, const char *key, StorePresence *visits, int n, bool is_quiet)
{
	Batch		batch = {.schema = space->schema,.space = space,.key = key,.visits = visits,.n = n,.kind = VM_EVENT_DISCONNECT};

	store_connection_lock(space, key);
	delete_rows(&batch);
	look_again(&batch);
	delete_others(&batch);
	if (is_quiet)
		return false;
	look_again(&batch);
	if (vm_program_handles(store_program_current(batch.space)->vm, VM_EVENT_DISCONNECT))
	{
		int			n_sorted;
		int		   *sorted = sort_visits(&batch, true, &n_sorted);

		n_sorted = keep_living(&batch, sorted, n_sorted);
		find_news(&batch, sorted, n_sorted, true);
		reduce_news(&batch);
	}
	if (closes(&batch))
	{
		store_delete(batch.space, key, NULL);
		batch.is_changed = true;
	}
	return batch.is_changed;
}
