/*
 * reduce.c
 *	  One event, from what was sent to the changes in the journal.
 *
 *		mark		what the journal holds now
 *		dedupe		a key that was seen in the last minutes ends a send
 *		decode		the message, strictly by its type
 *		@parsed		the message's own code
 *		requires	policies of the channel
 *		run			the handler; for some kinds of events several units, in the order of the program
 *		stamp		@bump and @updated fields of what changed
 *		size		the document may not have grown beyond its limit
 *
 * Whatever fails, the document is brought back to the mark: a failed event leaves nothing, not even a dedupe key.
 */
#include <string.h>

#include "vm/asset.h"
#include "vm/machine.h"
#include "vm/state_internal.h"

typedef struct Event
{
	Vm			vm;
	const VmEvent *event;
	const LangProgram *lang;
	KitDiag		diag;
} Event;

static const VmCode *
code_of(const Event *e, const LangUnit *unit)
{
	return e->vm.program->codes[unit->index];
}

static bool
run_unit(Event *e, const LangUnit *unit, VmObj *self, const VmVal *args, VmVal *out)
{
	return vm_run(&e->vm, code_of(e, unit), self, args, out);
}

/* A unit of the document itself, which takes nothing. */
static bool
run_plain(Event *e, const LangUnit *unit, VmVal *out)
{
	out->i = 0;
	return run_unit(e, unit, e->vm.root, NULL, out);
}

/* False: nobody can have such a name. */
static bool
begin_event(Event *e, const VmProgram *program, const VmEvent *event, const VmLimits *limits, KitArena *scratch)
{
	/* not the whole of it: it is filled when something fails */
	e->diag.code = KIT_OK;
	e->diag.line = 0;
	e->diag.message[0] = e->diag.detail[0] = e->diag.hint[0] = '\0';
	vm_machine_init(&e->vm, program, scratch, limits, &e->diag);
	e->event = event;
	e->lang = program->lang;
	if (event->agent.len > UINT16_MAX || event->authority.len > UINT16_MAX)
		return vm_fail(&e->vm, KIT_RUNTIME_ERROR, "the name of a principal has more than %d bytes", UINT16_MAX);
	if (event->agent.str != NULL)
		e->vm.who = vm_principal_new(scratch, event->agent.str, event->agent.len, event->authority.str, event->authority.len);
	e->vm.now = event->at;
	e->vm.seq = event->seq;
	e->vm.log = event->log;
	e->vm.log_event = event;
	e->vm.context[LANG_CONTEXT_KEY] = event->key;
	e->vm.context[LANG_CONTEXT_SPACE] = event->space;
	e->vm.context[LANG_CONTEXT_ORIGIN] = event->origin;
	e->vm.context[LANG_CONTEXT_IP] = event->ip;
	return true;
}

/* ---- messages ---- */

/* Memory that decoding takes is the event's, too: about four times the encoding, and the defaults of what is left out. */
static bool
charge_message(Event *e, const LangStruct *type, uint32_t n)
{
	return vm_charge(&e->vm, (size_t) e->event->message.raw_len * 4 + (size_t) n * e->vm.program->structs[type->index].message_size);
}

static bool
decode_one(Event *e, const LangStruct *type, DocItem item, VmVal *out)
{
	VmObj	   *message;
	VmVal		ignored;

	if (!vm_message_decode(e->vm.program, type, item, e->vm.arena, &message, &e->diag))
		return false;
	out->obj = message;
	return type->parsed == NULL || run_unit(e, type->parsed, message, NULL, &ignored);
}

static const char *
kind_word(DocKind kind)
{
	switch (kind)
	{
		case DOC_NULL:
			return "nothing";
		case DOC_ARRAY:
			return "an array";
		case DOC_OBJECT:
			return "an object";
		case DOC_STRING:
			return "a string";
		case DOC_BOOL:
			return "a boolean";
		default:
			return "a number";
	}
}

static bool
decode_array(Event *e, const LangChannel *channel, VmVal *out)
{
	DocItem		message = e->event->message;
	VmList	   *list;
	DocItem		item;
	VmVal		one;

	if (message.kind != DOC_ARRAY)
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "channel \"%s\" takes an array of %s, not %s", channel->name->text, channel->message->type->text,
					   kind_word(message.kind));
	if (!vm_new_list(&e->vm, 0, &list))
		return false;
	while (doc_next_element(&message.body, &item))
	{
		if (item.kind != DOC_OBJECT)
			return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "element %u of the message must be %s, an object, not %s", list->n, channel->message->type->text,
						   kind_word(item.kind));
		if (!vm_charge(&e->vm, e->vm.program->structs[channel->message->index].message_size) || !decode_one(e, channel->message, item, &one) ||
			!vm_list_append(&e->vm, list, one))
			return false;
	}
	out->list = list;
	return true;
}

static bool
decode_message(Event *e, const LangChannel *channel, VmVal *out)
{
	DocItem		message = e->event->message;

	if (!charge_message(e, channel->message, 1))
		return false;
	if (channel->is_array)
		return decode_array(e, channel, out);
	if (message.kind != DOC_OBJECT)
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "channel \"%s\" takes %s, an object, not %s", channel->name->text, channel->message->type->text,
					   kind_word(message.kind));
	return decode_one(e, channel->message, message, out);
}

/* ---- kinds of events ---- */

static bool
reduce_send(Event *e)
{
	const VmEvent *event = e->event;
	const LangChannel *channel = lang_program_channel(e->lang, event->channel.str, event->channel.len);
	VmVal		message;
	VmVal		result;

	if (e->lang->settings.is_readonly)
		return vm_fail(&e->vm, KIT_DENIED, "the program declares its documents readonly");
	if (channel == NULL || channel->unit == NULL)
		return vm_fail(&e->vm, KIT_UNKNOWN_CHANNEL, "the program has no channel \"%.*s\"", (int) (event->channel.len < 100 ? event->channel.len : 100),
					   event->channel.str);
	if (event->dedupe.str != NULL && !vm_doc_dedupe(e->vm.doc, e->vm.who, event->dedupe.str, event->dedupe.len, event->at))
		return vm_fail(&e->vm, KIT_DUPLICATE_MESSAGE, "a message with this dedupe key was reduced already");
	if (!decode_message(e, channel, &message))
		return false;
	for (int i = 0; i < channel->n_policies; i++)
	{
		if (!run_plain(e, channel->policies[i], &result))
			return false;
		if (result.i == 0)
			return vm_fail(&e->vm, KIT_DENIED, "policy \"%s\" does not let you send to channel \"%s\"", channel->policies[i]->name->text, channel->name->text);
	}
	return run_unit(e, channel->unit, e->vm.root, &message, &result);
}

/* Nothing, or an object without members. */
static bool
is_empty_argument(DocItem item)
{
	DocKey		key;
	DocItem		value;

	return item.kind == DOC_NULL || (item.kind == DOC_OBJECT && !doc_next_member(&item.body, &key, &value));
}

static bool
reduce_create(Event *e)
{
	DocItem		argument = e->event->message;
	LangStruct *type = e->lang->construct_message;
	VmVal		message = {.p = NULL};
	VmVal		result;

	if (type == NULL && !is_empty_argument(argument))
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "the program's documents are created without an argument");
	if (type != NULL)
	{
		if (!charge_message(e, type, 1))
			return false;
		if (argument.kind == DOC_NULL)
		{
			/* all fields at their initial values */
			VmVal		ignored;

			message.obj = vm_message_new(e->vm.program, type, e->vm.arena);
			if (type->parsed != NULL && !run_unit(e, type->parsed, message.obj, NULL, &ignored))
				return false;
		}
		else if (argument.kind != DOC_OBJECT)
			return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "documents are created from %s, an object, not %s", type->type->text, kind_word(argument.kind));
		else if (!decode_one(e, type, argument, &message))
			return false;
	}
	for (int i = 0; i < e->lang->n_constructs; i++)
		if (!run_unit(e, e->lang->constructs[i], e->vm.root, &message, &result))
			return false;
	return true;
}

/* All are run; one that says yes is enough. */
static bool
run_and_ask(Event *e, LangUnit **units, int n, const char *what)
{
	bool		is_allowed = n == 0;

	for (int i = 0; i < n; i++)
	{
		VmVal		result;

		if (!run_plain(e, units[i], &result))
			return false;
		is_allowed |= result.i != 0;
	}
	return is_allowed || vm_fail(&e->vm, KIT_DENIED, "the program does not let you %s", what);
}

/* Nobody may attach anything unless the program says who may. */
static bool
ask_attach(Event *e, bool *may)
{
	*may = false;
	for (int i = 0; i < e->lang->n_can_attach; i++)
	{
		VmVal		result;

		if (!run_plain(e, e->lang->can_attach[i], &result))
			return false;
		*may |= result.i != 0;
	}
	return true;
}

static bool
decode_asset(Event *e, VmVal *out)
{
	DocItem		item = e->event->message;
	VmAssetParts parts;
	const char *problem;

	if (item.kind != DOC_OBJECT)
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "what is attached must be an asset, an object, not %s", kind_word(item.kind));
	problem = vm_asset_decode(item, &parts);
	if (problem != NULL)
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "what is attached must be an asset, found %s", problem);
	if (parts.lens[VM_ASSET_ID] == 0)
		return vm_fail(&e->vm, KIT_INVALID_MESSAGE, "what is attached must be an asset, found @nothing");
	if (!vm_charge(&e->vm, (size_t) item.raw_len + sizeof(VmAsset)))
		return false;
	out->asset = vm_asset_new(NULL, e->vm.arena, &parts);
	return true;
}

static bool
reduce_attach(Event *e)
{
	VmVal		asset;
	VmVal		result;
	bool		may;

	if (e->lang->settings.is_readonly)
		return vm_fail(&e->vm, KIT_DENIED, "the program declares its documents readonly");
	if (!ask_attach(e, &may))
		return false;
	if (!may)
		return vm_fail(&e->vm, KIT_DENIED, "the program does not let you attach anything");
	if (!decode_asset(e, &asset))
		return false;
	for (int i = 0; i < e->lang->n_attached; i++)
		if (!run_unit(e, e->lang->attached[i], e->vm.root, &asset, &result))
			return false;
	return true;
}

static bool
run_all(Event *e, LangUnit **units, int n)
{
	VmVal		result;

	for (int i = 0; i < n; i++)
		if (!run_plain(e, units[i], &result))
			return false;
	return true;
}

static bool
reduce_kind(Event *e)
{
	switch (e->event->kind)
	{
		case VM_EVENT_CREATE:
			return reduce_create(e);
		case VM_EVENT_SEND:
			return reduce_send(e);
		case VM_EVENT_CONNECT:
			return run_and_ask(e, e->lang->connected, e->lang->n_connected, "connect");
		case VM_EVENT_DISCONNECT:
			return run_all(e, e->lang->disconnected, e->lang->n_disconnected);
		case VM_EVENT_DELETE:
			return run_and_ask(e, e->lang->deletes, e->lang->n_deletes, "delete the document");
		case VM_EVENT_ATTACH:
			return reduce_attach(e);
		case VM_EVENT_LOAD:
			return run_all(e, e->lang->loads, e->lang->n_loads);
	}
	return false;
}

static bool
has_changed_since(VmDoc *doc, VmMark mark)
{
	VmMark		now = vm_doc_mark(doc);

	return now.n_changes != mark.n_changes || now.entropy != mark.entropy || now.last_row_id != mark.last_row_id;
}

bool
vm_reduce(VmDoc *doc, const VmEvent *event, const VmLimits *limits, KitArena *scratch, KitDiag *diag)
{
	Event		e;
	VmMark		mark = vm_doc_mark(doc);
	size_t		size = vm_doc_state_size(doc);
	bool		ok;

	ok = begin_event(&e, vm_doc_program(doc), event, limits, scratch);
	e.vm.doc = doc;
	e.vm.root = vm_doc_root(doc);
	e.vm.may_write = true;
	e.vm.event = vm_doc_stamp(doc);
	ok = ok && reduce_kind(&e) && (e.vm.n_stamped == 0 || vm_stamp_changed(&e.vm));
	if (ok && e.lang->settings.is_readonly && event->kind != VM_EVENT_CREATE && event->kind != VM_EVENT_DELETE && has_changed_since(doc, mark))
		ok = vm_fail(&e.vm, KIT_DENIED, "the program declares its documents readonly, but its @%s changes them",
					 event->kind == VM_EVENT_LOAD ? "load" : event->kind == VM_EVENT_CONNECT ? "connected" : "disconnected");
	if (ok && vm_doc_state_size(doc) > limits->document && vm_doc_state_size(doc) > size)
	{
		/* one that is too large already, under an older limit, may still shrink */
		ok = vm_fail(&e.vm, KIT_DOCUMENT_TOO_LARGE, "the document would have %zu bytes, the limit is %zu", vm_doc_state_size(doc), limits->document);
	}
	if (!ok)
	{
		vm_doc_undo_to(doc, mark);
		if (diag != NULL)
			*diag = e.diag;
	}
	return ok;
}

int64_t
vm_rewind_seq(const VmDoc *doc)
{
	return doc->rewind_to;
}

bool
vm_rewind_delta(const VmDoc *doc, VmDoc *earlier, const VmEvent *event, KitArena *arena, KitBuf *delta, KitDiag *diag)
{
	KitBuf		now;
	KitBuf		then;

	if (event->dedupe.str != NULL)
	{
		const VmPrincipal *who = vm_principal_new(arena, event->agent.str, event->agent.len, event->authority.str, event->authority.len);

		vm_doc_begin(earlier);
		(void) vm_doc_dedupe(earlier, who, event->dedupe.str, event->dedupe.len, event->at);
		vm_doc_commit(earlier);
	}
	kit_buf_init(&now, arena);
	kit_buf_init(&then, arena);
	return doc_diff(arena, vm_doc_save(doc, &now), vm_doc_save(earlier, &then), delta, diag);
}

bool
vm_may_attach(VmDoc *doc, const VmEvent *event, const VmLimits *limits, KitArena *scratch, bool *may, KitDiag *diag)
{
	Event		e;
	bool		ok = begin_event(&e, vm_doc_program(doc), event, limits, scratch);

	e.vm.doc = doc;
	e.vm.root = vm_doc_root(doc);
	*may = false;
	ok = ok && ask_attach(&e, may);
	*may = *may && ok && !e.lang->settings.is_readonly;
	if (!ok && diag != NULL)
		*diag = e.diag;
	return ok;
}

bool
vm_static_policy(const VmProgram *program, VmStatic which, const VmEvent *event, const VmLimits *limits, KitArena *scratch, VmVerdict *verdict,
				 KitDiag *diag)
{
	const LangProgram *lang = program->lang;
	LangUnit  **units = which == VM_STATIC_CREATE ? lang->static_creates : which == VM_STATIC_INVENT ? lang->static_invents : lang->static_sends;
	int			n = which == VM_STATIC_CREATE ? lang->n_static_creates : which == VM_STATIC_INVENT ? lang->n_static_invents : lang->n_static_sends;
	Event		e;
	bool		ok;

	*verdict = n == 0 ? VM_UNDECLARED : VM_ALLOWED;
	ok = begin_event(&e, program, event, limits, scratch);
	for (int i = 0; i < n && ok && *verdict == VM_ALLOWED; i++)
	{
		VmVal		result;

		ok = run_plain(&e, units[i], &result);
		if (ok && result.i == 0)
			*verdict = VM_REFUSED;
	}
	if (!ok && diag != NULL)
		*diag = e.diag;
	return ok;
}
