/*
 * replay.c
 *	  An entry of the log run again, on the document before it.
 *
 * An entry says everything that its events depend on: who, when, which message, which program; the creation also the seed of the randomness.  So
 * running it must give the delta that it holds, to the byte.  Budgets are not asked then: what is in the log has been within them.  Under another program they are.
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#include "store/internal.h"

/* PostgreSQL's epoch is 2000, the programs' 1970. */
#define EPOCH_MS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400000)

const VmLimits store_no_limits = {.steps = INT64_MAX / 2, .memory = SIZE_MAX / 2, .document = SIZE_MAX / 2, .depth = 1000};

static bool
find_kind(VmText name, VmEventKind *kind)
{
	for (int i = VM_EVENT_CREATE; i <= VM_EVENT_LOAD; i++)
	{
		if (store_is_word(name, vm_event_name((VmEventKind) i)))
		{
			*kind = (VmEventKind) i;
			return true;
		}
	}
	return false;
}

/* The event as the program is given it. */
static bool
event_of(const StoreReplay *replay, const StoreHistory *event, VmEvent *out, KitDiag *diag)
{
	VmEventKind kind;

	if (store_is_word(event->event, "rewind"))
		return kit_fail(diag, KIT_NOT_SUPPORTED, "a rewind can't be tried");
	if (!find_kind(event->event, &kind))
		return kit_fail(diag, KIT_DAMAGED, "there is no event \"%.*s\"", (int) Min(event->event.len, 40), event->event.str);
	*out = (VmEvent) {
		.kind = kind, .agent = event->agent, .authority = event->authority, .at = event->at / 1000 + EPOCH_MS, .seq = event->seq,
		.space = {NameStr(replay->space->name), (uint32) strlen(NameStr(replay->space->name))}, .key = {replay->key, (uint32) strlen(replay->key)},
		.channel = event->channel, .message = event->message, .dedupe = event->dedupe, .origin = event->origin, .ip = event->ip, .log = {0}
	};
	if (!event->has_message)
		out->message.kind = DOC_NULL;
	if ((out->agent.str == NULL || out->authority.str == NULL) && out->kind != VM_EVENT_LOAD)
		return kit_fail(diag, KIT_DAMAGED, "the event is nobody's");
	return true;
}

static bool
reduce(StoreReplay *replay, VmEvent *event, const VmLimits *limits, KitDiag *diag)
{
	instr_time	start,
				now;
	bool		ok;

	if (!replay->is_timed)
		return vm_reduce(replay->doc, event, limits, replay->scratch, diag);
	INSTR_TIME_SET_CURRENT(start);
	ok = vm_reduce(replay->doc, event, limits, replay->scratch, diag);
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	replay->us += INSTR_TIME_GET_DOUBLE(now) * 1e6;
	replay->n_events++;
	return ok;
}

/* The creation: makes the document.  Its message is {"arg", "entropy"}. */
static bool
make_document(StoreReplay *replay, VmEvent *event, KitDiag *diag)
{
	DocItem		item;
	int64		entropy;

	if (replay->doc != NULL)
		return kit_fail(diag, KIT_DAMAGED, "the document is created twice");
	if (event->message.kind != DOC_OBJECT || !doc_find_member(event->message, "entropy", strlen("entropy"), &item) || item.kind != DOC_STRING ||
		!doc_parse_int(item.str, item.len, &entropy))
		return kit_fail(diag, KIT_DAMAGED, "the creation has no entropy");
	replay->doc = vm_doc_new(replay->program, (uint64) entropy, false);
	if (!doc_find_member(event->message, "arg", strlen("arg"), &event->message))
		event->message.kind = DOC_NULL;
	return true;
}

bool
store_replay_entry(StoreReplay *replay, const StoreEntry *entry, int64 upto, KitBuf *delta, KitBuf *effects, KitDiag *diag)
{
	StoreEntryEvents events;
	StoreHistory history;
	VmEvent		event;
	bool		is_creation = store_is_word(entry->event, vm_event_name(VM_EVENT_CREATE));
	bool		has_begun = false;

	store_entry_events(&events, entry, false);
	while (events.seq < upto && store_entry_next_event(&events, &history, diag))
	{
		bool		ok = event_of(replay, &history, &event, diag) && (!is_creation || make_document(replay, &event, diag));

		if (ok && replay->doc == NULL)
			ok = kit_fail(diag, KIT_DAMAGED, "the log does not begin with the creation");
		if (ok && !has_begun)
		{
			vm_doc_begin(replay->doc);
			has_begun = true;
		}
		ok = ok && reduce(replay, &event, &store_no_limits, diag);
		kit_arena_reset(replay->scratch);
		if (!ok)
			break;
	}
	if (diag->code != KIT_OK)
	{
		if (has_begun)
			vm_doc_rollback(replay->doc);
		return false;
	}
	if (!has_begun)
		return true;
	if (!is_creation)
		(void) vm_doc_delta(replay->doc, delta);
	(void) vm_doc_effects(replay->doc, effects);
	vm_doc_commit(replay->doc);
	if (is_creation)
	{
		KitBuf		state;

		kit_buf_init(&state, replay->scratch);
		(void) store_state_as_delta(delta, vm_doc_save(replay->doc, &state));
		kit_arena_reset(replay->scratch);
	}
	return true;
}

bool
store_replay_rewind(StoreReplay *replay, const StoreEntry *entry, int64 *seq, VmEvent *by, KitDiag *diag)
{
	DocItem		item;
	StoreHistory event = {
		.seq = entry->seq, .at = entry->at, .agent = entry->agent, .authority = entry->authority, .channel = entry->channel, .dedupe = entry->dedupe,
		.origin = entry->origin, .ip = entry->ip
	};
	bool		is_back;

	if (!entry->has_message || entry->message.kind != DOC_OBJECT || !doc_find_member(entry->message, "seq", strlen("seq"), &item) || item.kind != DOC_INT ||
		item.i < 1 || item.i >= entry->seq)
		return kit_fail(diag, KIT_DAMAGED, "the rewind does not say where to");
	*seq = item.i;
	memset(by, 0, sizeof(*by));
	if (!doc_find_member(entry->message, "event", strlen("event"), &item))
		return true;
	if (item.kind == DOC_STRING)
		event.event = (VmText) {item.str, item.len};
	event.has_message = doc_find_member(entry->message, "message", strlen("message"), &event.message);
	if (!event_of(replay, &event, by, diag))
		return false;
	vm_doc_begin(replay->doc);
	is_back = !vm_reduce(replay->doc, by, &store_no_limits, replay->scratch, diag) && diag->code == KIT_REWOUND && vm_rewind_seq(replay->doc) == *seq;
	vm_doc_rollback(replay->doc);
	kit_arena_reset(replay->scratch);
	if (is_back)
		diag->code = KIT_OK;
	else if (diag->code == KIT_OK || diag->code == KIT_REWOUND)
		kit_fail(diag, KIT_DAMAGED, "the program does not lead back to %lld", (long long) *seq);
	return is_back;
}

bool
store_replay_event(StoreReplay *replay, const StoreHistory *history, KitDiag *diag)
{
	VmEvent		event;
	VmLimits	limits = store_limits();
	bool		ok = event_of(replay, history, &event, diag);

	if (ok && event.kind == VM_EVENT_CREATE)
	{
		ok = make_document(replay, &event, diag);
		if (ok)
			vm_doc_begin(replay->doc);
	}
	if (ok && replay->doc == NULL)
		ok = kit_fail(diag, KIT_DAMAGED, "the log does not begin with the creation");
	ok = ok && reduce(replay, &event, &limits, diag);
	kit_arena_reset(replay->scratch);
	return ok;
}
