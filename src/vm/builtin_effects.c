/*
 * builtin_effects.c
 *	  What programs ask for beside changing fields: something said to those who watch, connections that end, another state of the document, its end.
 *
 * What is said is an effect (state.h).  It goes with the journal: an event that fails has said nothing.
 */
#include <string.h>

#include "vm/builtin.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

#define MAX_EFFECTS 1000		/* of one event, */
#define MAX_EFFECTS_SIZE (1024 * 1024)	/* and their bytes */
#define EFFECT_SIZE 100			/* about what one needs beside what it says */

/* ---- effects ---- */

typedef struct Effect
{
	KitBuf		buf;
	DocWriter	w;
} Effect;

static size_t
principal_size(const VmPrincipal *who)
{
	return (size_t) who->agent_len + who->authority_len;
}

static bool
charge_effect(Vm *vm, size_t size)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	size += EFFECT_SIZE;
	if (++vm->n_effects > MAX_EFFECTS)
		return vm_fail(vm, KIT_BUDGET_EXCEEDED, "a message may say at most %d things to viewers", MAX_EFFECTS);
	vm->effects_size += size;
	if (vm->effects_size > MAX_EFFECTS_SIZE)
		return vm_fail(vm, KIT_BUDGET_EXCEEDED, "a message may say at most %d bytes to viewers", MAX_EFFECTS_SIZE);
	return vm_charge(vm, size * 3);
}

static void
write_principal(DocWriter *w, const char *name, const VmPrincipal *who)
{
	doc_write_key_z(w, name);
	doc_write_object_begin(w);
	doc_write_key_z(w, "agent");
	doc_write_string(w, who->text, who->agent_len);
	doc_write_key_z(w, "authority");
	doc_write_string(w, who->text + who->agent_len, who->authority_len);
	doc_write_object_end(w);
}

/* size: of what it will say. */
static bool
begin(Vm *vm, Effect *effect, size_t size)
{
	if (!charge_effect(vm, size))
		return false;
	kit_buf_init(&effect->buf, vm->arena);
	doc_write_begin(&effect->w, &effect->buf, DOC_DOCUMENT);
	doc_write_object_begin(&effect->w);
	doc_write_key_z(&effect->w, "seq");
	doc_write_int(&effect->w, vm->seq);
	return true;
}

static void
end(Vm *vm, Effect *effect)
{
	DocBytes	bytes;

	doc_write_object_end(&effect->w);
	bytes = doc_write_end(&effect->w);
	vm_doc_add_effect(vm->doc, bytes.data + DOC_HEADER_SIZE, bytes.len - DOC_HEADER_SIZE);
}

/* One member of a payload: a string, or a dynamic. */
typedef struct Word
{
	const char *name;
	size_t		name_len;
	const VmStr *value;
	bool		is_string;
} Word;

static Word
word(const char *name, const VmStr *value, bool is_string)
{
	return (Word) {name, strlen(name), value, is_string};
}

/* to NULL: to everybody.  *out says that it was said. */
static bool
say(Vm *vm, const VmPrincipal *to, const Word *words, int n, VmVal *out)
{
	Effect		effect;
	size_t		size = to == NULL ? 0 : principal_size(to);

	out->i = false;
	if (to != NULL && vm_principal_equal(to, vm_no_one))
		return true;			/* as in @load */
	for (int i = 0; i < n; i++)
		size += words[i].name_len + words[i].value->len;
	if (!begin(vm, &effect, size))
		return false;
	if (to != NULL)
		write_principal(&effect.w, "to", to);
	doc_write_key_z(&effect.w, "send");
	doc_write_array_begin(&effect.w);
	for (int i = 0; i < n; i++)
	{
		doc_write_string(&effect.w, words[i].name, words[i].name_len);
		if (words[i].is_string)
			doc_write_string(&effect.w, words[i].value->text, words[i].value->len);
		else
			doc_write_item(&effect.w, vm_dynamic_item(words[i].value));
	}
	doc_write_array_end(&effect.w);
	end(vm, &effect);
	out->i = true;
	return true;
}

/* ---- to the views of who sent the message ---- */

bool
vm_view_state_merge(Vm *vm, const VmVal *args, VmVal *out)
{
	Word		words[] = {word("viewstate", args[0].str, false)};

	out->i = false;
	return vm_dynamic_item(words[0].value).kind != DOC_OBJECT || say(vm, vm->who, words, 1, out);
}

bool
vm_view_state_goto(Vm *vm, const VmVal *args, VmVal *out)
{
	Word		words[] = {word("goto", args[0].str, true)};

	return say(vm, vm->who, words, 1, out);
}

bool
vm_view_state_send(Vm *vm, const VmVal *args, VmVal *out)
{
	Word		words[] = {word("viewport", args[0].str, true), word("message", args[1].str, false)};

	return say(vm, vm->who, words, 2, out);
}

bool
vm_view_state_log(Vm *vm, const VmVal *args, VmVal *out)
{
	Word		words[] = {word("log", args[0].str, true)};

	return say(vm, vm->who, words, 1, out);
}

/* ---- messages under a name of the program's choice ---- */

/* Names that mean something in what viewers are sent. */
static bool
is_taken(const VmStr *name)
{
	static const char *const taken[] = {
		"", "data", "seq", "reset", "outstanding", "blockers", "closed", "failed", "error", "failure", "part", "parts", "text", "viewstate", "goto", "viewport",
		"message", "log", "reload", "view-state-filter", "force-disconnect", "view", "connections", "class"
	};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strlen(taken[i]) == name->len && memcmp(taken[i], name->text, name->len) == 0)
			return true;
	/* "@…" is about lists; what begins with "__" is nobody's to choose, __proto__ above all; clients keep things under "#…" */
	return name->text[0] == '@' || name->text[0] == '#' || (name->text[0] == '_' && name->text[1] == '_');
}

static bool
message(Vm *vm, const VmPrincipal *to, const VmVal *args, VmVal *out)
{
	const VmStr *name = args[0].str;	/* out may be where args are */
	Word		words[] = {{name->text, name->len, args[1].str, false}};

	out->i = false;
	return is_taken(name) || say(vm, to, words, 1, out);
}

bool
vm_messaging_send(Vm *vm, const VmVal *args, VmVal *out)
{
	return message(vm, vm->who, args, out);
}

bool
vm_messaging_broadcast(Vm *vm, const VmVal *args, VmVal *out)
{
	return message(vm, NULL, args, out);
}

/* ---- the document ---- */

bool
vm_document_patch(Vm *vm, const VmVal *args, VmVal *out)
{
	DocItem		patch = vm_dynamic_item(args[0].str);

	out->i = 0;
	return vm_patch_document(vm, patch);
}

bool
vm_document_disconnect(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmPrincipal *who = args[0].who;
	Effect		effect;

	out->i = 0;
	if (!begin(vm, &effect, principal_size(who)))
		return false;
	write_principal(&effect.w, "disconnect", who);
	end(vm, &effect);
	return true;
}

/* Both leave the handler as an error would; what becomes of it is the caller's of vm_reduce. */
bool
vm_document_rewind(Vm *vm, const VmVal *args, VmVal *out)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	vm->doc->rewind_to = args[0].i;
	return vm_fail(vm, KIT_REWOUND, "the message leads the document back to %lld, which cannot be done here", (long long) args[0].i);
}

bool
vm_document_destroy(Vm *vm, const VmVal *args, VmVal *out)
{
	if (!vm->may_write)
		return vm_writes_refused(vm);
	return vm_fail(vm, KIT_DESTROYED, "the document was destroyed");
}
