/*
 * event.c
 *	  From what a caller said to an event, through the store, and to the emitter: what sending and creating have in common, whichever function
 *	  was called.
 *
 * Two questions stand before an event.  May this caller call this at all?  That is asked of PostgreSQL's privileges, by the SQL functions.  Does the program let
 * this principal?  That is asked here (@static) or by the event itself (@connected, @delete, requires<…>).  A program that has no such policy
 * leaves it to the privileges for roles, and denies it to everybody else.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "adama.h"
#include "sqlapi/internal.h"
#include "worker/worker.h"

void
sqlapi_event(StoreEvent *event, VmEventKind kind, StoreSpace *space, const char *key, const SqlCaller *caller)
{
	/* The texts of the diag are long and filled in only on failure. */
	memset(event, 0, offsetof(StoreEvent, diag));
	event->event.kind = kind;
	event->event.agent = caller->agent;
	event->event.authority = caller->authority;
	event->event.space = (VmText) {NameStr(space->name), (uint32) strlen(NameStr(space->name))};
	event->event.key = (VmText) {key, (uint32) strlen(key)};
	event->event.message.kind = DOC_NULL;
	event->event.origin = event->event.ip = (VmText) {"", 0};
	if (vm_program_lang(store_program_current(space)->vm)->reads_origin)
	{
		event->event.ip = caller->ip.str != NULL ? caller->ip : sqlapi_client_ip();
		if (caller->origin.str != NULL)
			event->event.origin = caller->origin;
	}
}

DocItem
sqlapi_fresh_item(DocBytes bytes)
{
	const uint8_t *start = (const uint8_t *) bytes.data;
	DocCursor	cursor = {start + DOC_HEADER_SIZE, start + bytes.len, false};
	DocItem		item = {0};

	if (!doc_next_element(&cursor, &item))
		elog(ERROR, "an encoded value can't be read back");
	return item;
}

bool
sqlapi_event_message(StoreEvent *event, DocBytes bytes, KitDiag *diag)
{
	if (bytes.len > (size_t) adama_max_message_size * 1024)
	{
		kit_fail(diag, KIT_MESSAGE_TOO_LARGE, "the message exceeds adama.max_message_size (%d kB)", adama_max_message_size);
		kit_diag_detail(diag, "It has %zu bytes.", bytes.len);
		return false;
	}
	event->message = bytes;
	event->event.message = sqlapi_fresh_item(bytes);
	return true;
}

bool
sqlapi_encode_json(const char *json, size_t len, KitBuf *buf, DocBytes *bytes, KitDiag *diag)
{
	size_t		start = buf->len;

	if (!doc_from_json(json, len, DOC_DOCUMENT, buf, diag))
		return false;
	*bytes = (DocBytes) {buf->data + start, buf->len - start};
	return true;
}

/* ---- policies that have no document ---- */

static VmVerdict
ask(const VmProgram *program, VmStatic which, const StoreEvent *event, KitDiag *diag)
{
	VmLimits	limits = store_limits();
	KitArena   *scratch = kit_arena_new("adama policy");
	VmEvent		asked = event->event;
	VmVerdict	verdict = VM_REFUSED;

	asked.at = sqlapi_milliseconds(GetCurrentTimestamp());
	asked.log = store_event_log();
	if (!vm_static_policy(program, which, &asked, &limits, scratch, &verdict, diag))
		verdict = VM_REFUSED;
	kit_arena_delete(scratch);
	return verdict;
}

static bool
has_connection(StoreSpace *space, const VmEvent *event, StoreMembers **members)
{
	if (*members == NULL)
		*members = store_members_begin(space, event->key.str);
	return store_members_has(*members, event->agent, event->authority, 0);
}

bool
sqlapi_may_send_among(StoreSpace *space, const LangChannel *channel, const StoreEvent *event, const SqlCaller *caller, StoreMembers **members,
					  KitDiag *diag)
{
	const VmProgram *program = store_program_current(space)->vm;
	bool		is_declared = vm_program_lang(program)->n_static_sends > 0;

	if ((channel != NULL && channel->is_open) || (!is_declared && caller->is_role) || has_connection(space, &event->event, members))
		return true;
	if (is_declared && ask(program, VM_STATIC_SEND, event, diag) == VM_ALLOWED)
		return true;
	if (diag->code != KIT_OK)
		return false;
	kit_fail(diag, KIT_DENIED, "%s to document \"%.*s\" is denied by the program", channel != NULL ? "sending" : "attaching", (int) event->event.key.len,
			 event->event.key.str);
	kit_diag_hint(diag, "Connect to the document first.");
	return false;
}

bool
sqlapi_may_send(StoreSpace *space, const LangChannel *channel, const StoreEvent *event, const SqlCaller *caller, KitDiag *diag)
{
	StoreMembers *members = NULL;
	bool		may = sqlapi_may_send_among(space, channel, event, caller, &members, diag);

	if (members != NULL)
		store_members_end(members);
	return may;
}

void
sqlapi_require_look(const VmProgram *program, const SqlCaller *caller, const char *key)
{
	if (!caller->is_role && !vm_program_handles(program, VM_EVENT_CONNECT))
		sqlapi_denied("connecting to document \"%s\" is denied by the program", key);
}

/* ---- channels ---- */

const LangChannel *
sqlapi_channel(StoreSpace *space, const char *name, size_t len)
{
	const LangProgram *program = vm_program_lang(store_program_current(space)->vm);
	const LangChannel *channel = lang_program_channel(program, name, len);
	StringInfoData names;
	KitDiag		diag = {0};

	if (channel != NULL)
		return channel;
	kit_fail(&diag, KIT_UNKNOWN_CHANNEL, "space \"%s\" has no channel \"%.*s\"", NameStr(space->name), (int) len, name);
	initStringInfo(&names);
	for (int i = 0; i < program->n_channels && names.len < 300; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", program->channels[i]->name->text);
	if (names.len > 0)
		kit_diag_hint(&diag, "Its channels are: %s.", names.data);
	store_raise(&diag);
}

/* ---- events ---- */

void
sqlapi_begin_write(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	PreventCommandDuringRecovery(function);
	worker_ensure();
}

int64
sqlapi_reduce(StoreSpace *space, const char *key, StoreEvent *event)
{
	Oid			schema = space->schema;

	store_reduce(space, key, event, 1);
	if (!event->is_ok)
		store_raise(&event->diag);
	worker_document_changed(schema, key);
	return event->seq;
}

int64
sqlapi_send(StoreSpace *space, const char *key, const LangChannel *channel, DocBytes message, VmText dedupe)
{
	SqlCaller	caller = sqlapi_caller();
	StoreEvent *event = palloc(sizeof(StoreEvent));
	KitDiag		diag = {0};
	int64		seq;

	sqlapi_begin_write("adama.send()");
	sqlapi_event(event, VM_EVENT_SEND, space, key, &caller);
	event->event.channel = (VmText) {channel->name->text, channel->name->len};
	event->event.dedupe = dedupe;
	if (!sqlapi_event_message(event, message, &diag) || !sqlapi_may_send(space, channel, event, &caller, &diag))
		store_raise(&diag);
	seq = sqlapi_reduce(space, key, event);
	pfree(event);
	return seq;
}

/* An argument that is an empty object is none when the program's constructors take none. */
int64
sqlapi_create(StoreSpace *space, const char *key, DocBytes argument)
{
	SqlCaller	caller = sqlapi_caller();
	const VmProgram *program = store_program_current(space)->vm;
	StoreEvent *event = palloc(sizeof(StoreEvent));
	Oid			schema = space->schema;
	KitDiag		diag = {0};
	int64		seq;

	sqlapi_begin_write("adama.create()");
	sqlapi_event(event, VM_EVENT_CREATE, space, key, &caller);
	if (argument.len > 0)
	{
		if (!sqlapi_event_message(event, argument, &diag))
			store_raise(&diag);
		if (vm_program_lang(program)->construct_message == NULL && event->event.message.kind == DOC_OBJECT &&
			event->event.message.body.p == event->event.message.body.end)
		{
			event->message = SQLAPI_NO_BYTES;
			event->event.message = (DocItem) {.kind = DOC_NULL};
		}
	}
	switch (ask(program, VM_STATIC_CREATE, event, &diag))
	{
		case VM_ALLOWED:
			break;
		case VM_UNDECLARED:
			if (caller.is_role)
				break;
			/* FALLTHROUGH */
		case VM_REFUSED:
			if (diag.code != KIT_OK)
				store_raise(&diag);
			sqlapi_denied("creating a document in space \"%s\" is denied by the program", NameStr(space->name));
	}
	seq = store_create(space, key, event);
	worker_document_changed(schema, key);
	pfree(event);
	return seq;
}
