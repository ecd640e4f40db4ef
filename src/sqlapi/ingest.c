/*
 * ingest.c
 *	  adama.ingest: many messages to many documents in one call.
 *
 * Messages are grouped by document, each document's in the order in which they were given, documents in the order of their keys (so that two calls
 * never wait for each other in a circle).  A group is one lock, one log entry, one write of the row; that is how one document takes more
 * messages per second than the disk takes commits.  Very large groups are cut into several entries.
 *
 * Messages may be of different principals, when the caller may act as others: those to one document are still one entry.
 *
 * A message that destroys the document is answered with that; those behind it come too late.
 *
 * Each message succeeds or fails alone and is answered by a row.  What fails the whole call: lists of different lengths, a space that is not there
 * or not the caller's to use, and what would fail any statement (cancel, serialization failure, a damaged document).  What a target of a replication refuses is
 * the message's own failure.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "sqlapi/internal.h"
#include "worker/worker.h"

#define ENTRY_MAX_EVENTS 4096
#define ENTRY_MAX_BYTES (4 * 1024 * 1024)

PG_FUNCTION_INFO_V1(adama_sql_ingest);

/* One message as given, and its answer. */
typedef struct Message
{
	int			ord;			/* from 0 */
	VmText		key;
	VmText		channel;
	VmText		json;
	VmText		dedupe;
	SqlCaller	caller;			/* whose it is */
	int64		seq;			/* 0: it failed */
	const char *sqlstate;
	char	   *error;
} Message;

typedef struct KnownChannel
{
	const LangChannel *channel;
	bool		may_send;
} KnownChannel;

typedef struct Ingest
{
	Oid			schema;
	StoreSpace *space;
	const LangProgram *program;
	Message    *items;
	int			n;
	KnownChannel *channels;		/* those that were used so far */
	int			n_channels;
} Ingest;

static void
fail(Message *item, const KitDiag *diag)
{
	item->sqlstate = kit_error_sqlstate(diag->code);
	item->error = sqlapi_error_text(diag);
}

/* Whose the message is: the caller's, or of whom the arrays say. */
static void
read_principal(Message *item, const SqlArray *agents, const SqlArray *authorities, const SqlArray *ips, const SqlArray *origins, const SqlCaller *caller)
{
	VmText		agent = sqlapi_array_text(agents, item->ord);
	VmText		authority = sqlapi_array_text(authorities, item->ord);
	KitDiag		diag;

	item->caller = *caller;
	if (agents->elements == NULL && authorities->elements == NULL)
		return;
	item->caller = (SqlCaller) {agent, authority, false, sqlapi_array_text(origins, item->ord), sqlapi_array_text(ips, item->ord)};
	if (item->caller.ip.str == NULL)
		item->caller.ip = (VmText) {"", 0};
	if (!sqlapi_principal_is_valid(agent, authority, &diag))
		fail(item, &diag);
}

static void
read_arguments(FunctionCallInfo fcinfo, Ingest *ingest)
{
	SqlCaller	caller;
	SqlArray	arrays[8];
	const SqlArray *dedupes = &arrays[3];
	const SqlArray *agents = &arrays[4];
	const SqlArray *authorities = &arrays[5];

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("space must not be null")));
	arrays[0] = sqlapi_array(fcinfo, 1, "keys", TEXTOID, true);
	arrays[1] = sqlapi_array(fcinfo, 2, "channels", TEXTOID, true);
	arrays[2] = sqlapi_array(fcinfo, 3, "messages", JSONOID, true);
	arrays[3] = sqlapi_array(fcinfo, 4, "dedupes", TEXTOID, false);
	arrays[4] = sqlapi_array(fcinfo, 5, "agents", TEXTOID, false);
	arrays[5] = sqlapi_array(fcinfo, 6, "authorities", TEXTOID, false);
	arrays[6] = sqlapi_array(fcinfo, 7, "ips", TEXTOID, false);
	arrays[7] = sqlapi_array(fcinfo, 8, "origins", TEXTOID, false);
	sqlapi_require_same_length(arrays, lengthof(arrays));
	if (agents->elements != NULL || authorities->elements != NULL)
		sqlapi_require_assume();
	else if (arrays[6].elements != NULL || arrays[7].elements != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ips and origins are only given with agents and authorities")));
	caller = sqlapi_caller();

	ingest->n = arrays[0].n;
	ingest->items = palloc_extended(sizeof(Message) * Max(ingest->n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < ingest->n; i++)
	{
		Message    *item = &ingest->items[i];

		item->ord = i;
		item->key = sqlapi_array_text(&arrays[0], i);
		item->channel = sqlapi_array_text(&arrays[1], i);
		item->json = sqlapi_array_text(&arrays[2], i);
		item->dedupe = sqlapi_array_text(dedupes, i);
		item->seq = 0;
		item->sqlstate = NULL;
		item->error = NULL;
		read_principal(item, agents, authorities, &arrays[6], &arrays[7], &caller);
	}
}

static int
compare_items(const void *a, const void *b)
{
	const Message *x = a;
	const Message *y = b;
	int			result = x->key.str == NULL || y->key.str == NULL ? (x->key.str != NULL) - (y->key.str != NULL) :
		memcmp(x->key.str, y->key.str, Min(x->key.len, y->key.len));

	if (result == 0)
		result = (x->key.len > y->key.len) - (x->key.len < y->key.len);
	return result != 0 ? result : x->ord - y->ord;
}

static int
compare_ords(const void *a, const void *b)
{
	return ((const Message *) a)->ord - ((const Message *) b)->ord;
}

static bool
same_key(const Message *a, const Message *b)
{
	return (a->key.str == NULL) == (b->key.str == NULL) && a->key.len == b->key.len && (a->key.len == 0 || memcmp(a->key.str, b->key.str, a->key.len) == 0);
}

/* ---- channels ---- */

/* What is known of the space may be outdated after anything that took a lock. */
static void
look_again(Ingest *ingest)
{
	StoreSpace *space = store_space_by_schema(ingest->schema);
	const LangProgram *program;

	if (space == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the space was dropped meanwhile")));
	ingest->space = space;
	program = vm_program_lang(store_program_current(space)->vm);
	if (program == ingest->program)
		return;
	ingest->program = program;
	ingest->channels = palloc(sizeof(KnownChannel) * (program->n_channels + 1));
	ingest->n_channels = 0;
}

static const LangChannel *
find_channel(Ingest *ingest, VmText name, KitDiag *diag)
{
	KnownChannel *known = NULL;

	if (name.str == NULL)
	{
		kit_fail(diag, KIT_UNKNOWN_CHANNEL, "the channel must not be null");
		return NULL;
	}
	for (int i = 0; i < ingest->n_channels && known == NULL; i++)
	{
		const KitSym *sym = ingest->channels[i].channel->name;

		if (sym->len == name.len && memcmp(sym->text, name.str, name.len) == 0)
			known = &ingest->channels[i];
	}
	if (known == NULL)
	{
		const LangChannel *channel = lang_program_channel(ingest->program, name.str, name.len);

		if (channel == NULL)
		{
			kit_fail(diag, KIT_UNKNOWN_CHANNEL, "space \"%s\" has no channel \"%.*s\"", NameStr(ingest->space->name), (int) Min(name.len, 100), name.str);
			return NULL;
		}
		known = &ingest->channels[ingest->n_channels++];
		known->channel = channel;
		known->may_send = sqlapi_may_execute(ingest->space, channel->name->text);
	}
	if (!known->may_send)
	{
		kit_fail(diag, KIT_DENIED, "permission denied for function %s", known->channel->name->text);
		return NULL;
	}
	return known->channel;
}

/* ---- one document ---- */

/* Encodes the item's message at the end of buf; its bytes move while buf grows, so only *start and *len are told. */
static bool
encode_item(const Message *item, KitBuf *buf, size_t *start, size_t *len, KitDiag *diag)
{
	DocBytes	bytes;

	*start = buf->len;
	if (item->json.str == NULL)
		return kit_fail(diag, KIT_INVALID_MESSAGE, "the message must not be null");
	if (!sqlapi_encode_json(item->json.str, item->json.len, buf, &bytes, diag))
	{
		buf->len = *start;
		return false;
	}
	*len = bytes.len;
	return true;
}

typedef struct Entry
{
	StoreEvent *events;
	Message   **items;			/* of the events */
	size_t	   *starts;
	size_t	   *lens;
	int			n;
	KitArena   *arena;
	KitBuf		buf;
	bool		is_over;		/* a message has destroyed the document */
} Entry;

/* ---- targets that are written at once ---- */

/* What ends the call whoever is to blame: cancel, shutdown, deadlock, lack of memory, damage. */
static bool
ends_all(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return true;
		default:
			return false;
	}
}

/* Events in a subtransaction, which is gone when one of them raises an error; that, or NULL. */
static ErrorData *
reduce_alone(Ingest *ingest, const char *key, StoreEvent *events, int n, bool *is_changed)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*is_changed |= store_reduce(ingest->space, key, events, n);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	/* Not from within the subtransaction: outside of a transaction block, the session would be left in it. */
	if (error != NULL && ends_all(error->sqlerrcode))
		ReThrowError(error);
	look_again(ingest);
	return error;
}

/*
 * Where messages write to tables of others (adama.replicate, mode sync), one may fail for a reason that lies there.  It must not take the others along, so when all
 * together fail, each is tried alone.
 */
static bool
reduce_guarded(Ingest *ingest, const char *key, StoreEvent *events, Message **items, int n)
{
	bool		is_changed = false;
	ErrorData  *error = reduce_alone(ingest, key, events, n, &is_changed);

	for (int i = 0; error != NULL && i < n; i++)
	{
		ErrorData  *own = n == 1 ? error : reduce_alone(ingest, key, &events[i], 1, &is_changed);

		if (own == NULL)
			continue;
		items[i]->sqlstate = pstrdup(unpack_sql_state(own->sqlerrcode));
		items[i]->error = own->detail != NULL ? psprintf("%s (%s)", own->message, own->detail) : pstrdup(own->message);
	}
	return is_changed;
}

/* Reduces what was gathered, and answers. */
static void
flush(Ingest *ingest, const char *key, Entry *entry)
{
	StoreMembers *members = NULL;
	bool		is_changed = false;
	int			n = 0;

	for (int i = 0; i < entry->n; i++)
	{
		StoreEvent *event = &entry->events[n];
		const LangChannel *channel = lang_program_channel(ingest->program, entry->items[i]->channel.str, entry->items[i]->channel.len);
		KitDiag		diag;

		diag.code = KIT_OK;
		diag.detail[0] = '\0';
		sqlapi_event(event, VM_EVENT_SEND, ingest->space, key, &entry->items[i]->caller);
		event->event.channel = entry->items[i]->channel;
		event->event.dedupe = entry->items[i]->dedupe;
		if (channel == NULL)
		{
			kit_fail(&diag, KIT_UNKNOWN_CHANNEL, "the channel is gone with a new program");
			fail(entry->items[i], &diag);
		}
		else if (sqlapi_event_message(event, (DocBytes) {entry->buf.data + entry->starts[i], entry->lens[i]}, &diag) &&
			sqlapi_may_send_among(ingest->space, channel, event, &entry->items[i]->caller, &members, &diag))
			entry->items[n++] = entry->items[i];
		else
			fail(entry->items[i], &diag);
	}
	if (members != NULL)
		store_members_end(members);
	if (n > 0)
	{
		if (store_targets_are_sync(ingest->space))
			is_changed = reduce_guarded(ingest, key, entry->events, entry->items, n);
		else
			is_changed = store_reduce(ingest->space, key, entry->events, n);
		look_again(ingest);
	}
	for (int i = 0; i < n; i++)
	{
		if (entry->items[i]->error != NULL)
			continue;
		entry->is_over |= entry->events[i].has_destroyed;
		if (entry->events[i].is_ok && !entry->events[i].has_destroyed)
			entry->items[i]->seq = entry->events[i].seq;
		else
			fail(entry->items[i], &entry->events[i].diag);
	}
	if (is_changed)
		worker_document_changed(ingest->space->schema, key);
	entry->n = 0;
	kit_arena_reset(entry->arena);
	kit_buf_init(&entry->buf, entry->arena);
}

static void
ingest_document(Ingest *ingest, Message *items, int n, Entry *entry)
{
	KitDiag		diag;
	char	   *key = NULL;

	memset(&diag, 0, sizeof(diag));
	if (items[0].key.str == NULL)
		kit_fail(&diag, KIT_INVALID_NAME, "the key of a document must not be null");
	else if (sqlapi_key_is_valid(items[0].key.str, items[0].key.len, &diag))
	{
		key = pnstrdup(items[0].key.str, items[0].key.len);
		if (!store_document_exists(ingest->space, key))
			kit_fail(&diag, KIT_UNKNOWN_DOCUMENT, "document \"%s\" of space \"%s\" does not exist", key, NameStr(ingest->space->name));
	}
	if (diag.code != KIT_OK)
	{
		for (int i = 0; i < n; i++)
			if (items[i].error == NULL)
				fail(&items[i], &diag);
		return;
	}
	entry->is_over = false;
	for (int i = 0; i < n; i++)
	{
		if (items[i].error != NULL)
			continue;
		diag.code = KIT_OK;
		diag.detail[0] = '\0';
		if (entry->is_over)
		{
			store_unknown_document(&diag, ingest->space, key);
			fail(&items[i], &diag);
			continue;
		}
		if (find_channel(ingest, items[i].channel, &diag) == NULL ||
			!encode_item(&items[i], &entry->buf, &entry->starts[entry->n], &entry->lens[entry->n], &diag))
		{
			fail(&items[i], &diag);
			continue;
		}
		entry->items[entry->n++] = &items[i];
		if (entry->n == ENTRY_MAX_EVENTS || entry->buf.len >= ENTRY_MAX_BYTES)
			flush(ingest, key, entry);
	}
	flush(ingest, key, entry);
}

static void
answer(ReturnSetInfo *result, const Ingest *ingest)
{
	for (int i = 0; i < ingest->n; i++)
	{
		const Message *item = &ingest->items[i];
		bool		is_ok = item->error == NULL;
		bool		nulls[4] = {false, !is_ok, is_ok, is_ok};
		Datum		values[4] = {Int32GetDatum(item->ord + 1), Int64GetDatum(item->seq)};

		if (!is_ok)
		{
			values[2] = CStringGetTextDatum(item->sqlstate);
			values[3] = CStringGetTextDatum(item->error);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

Datum
adama_sql_ingest(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Ingest		ingest = {0};
	Entry		entry = {0};
	int			room;

	read_arguments(fcinfo, &ingest);
	InitMaterializedSRF(fcinfo, 0);
	ingest.space = sqlapi_space(PG_GETARG_DATUM(0));
	ingest.schema = ingest.space->schema;
	look_again(&ingest);
	sqlapi_begin_write("adama.ingest()");
	if (ingest.n > 1)
		qsort(ingest.items, ingest.n, sizeof(Message), compare_items);

	room = Min(ingest.n, ENTRY_MAX_EVENTS) + 1;
	entry.events = palloc(sizeof(StoreEvent) * room);
	entry.items = palloc(sizeof(Message *) * room);
	entry.starts = palloc(sizeof(size_t) * room);
	entry.lens = palloc(sizeof(size_t) * room);
	entry.arena = kit_arena_new("adama ingest");
	kit_buf_init(&entry.buf, entry.arena);
	for (int i = 0; i < ingest.n;)
	{
		int			end = i + 1;

		while (end < ingest.n && same_key(&ingest.items[i], &ingest.items[end]))
			end++;
		CHECK_FOR_INTERRUPTS();
		ingest_document(&ingest, &ingest.items[i], end - i, &entry);
		i = end;
	}
	kit_arena_delete(entry.arena);
	if (ingest.n > 1)
		qsort(ingest.items, ingest.n, sizeof(Message), compare_ords);
	answer(result, &ingest);
	return (Datum) 0;
}
