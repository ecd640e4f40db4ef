/*
 * raise.c
 *	  From a KitDiag to an ereport: the one place where errors of the pure rooms become PostgreSQL's; and what programs log.
 */
#include "postgres.h"

#include "store/store.h"

void
store_raise(const KitDiag *diag)
{
	const char *state = kit_error_sqlstate(diag->code);

	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg("%s", diag->message),
			 diag->detail[0] != '\0' ? errdetail("%s", diag->detail) : 0,
			 diag->hint[0] != '\0' ? errhint("%s", diag->hint) : 0,
			 diag->line > 0 ? errcontext("line %d, column %d of %s", diag->line, diag->column,
										 diag->file[0] != '\0' ? psprintf("\"%s\"", diag->file) : "the program") : 0));
	pg_unreachable();
}

void
store_unknown_document(KitDiag *diag, const StoreSpace *space, const char *key)
{
	kit_fail(diag, KIT_UNKNOWN_DOCUMENT, "document \"%s\" of space \"%s\" does not exist", key, NameStr(space->name));
}

void
store_raise_unknown_document(const StoreSpace *space, const char *key)
{
	KitDiag		diag = {0};

	store_unknown_document(&diag, space, key);
	store_raise(&diag);
}

void
store_raise_duplicate_document(const StoreSpace *space, const char *key)
{
	KitDiag		diag = {0};

	kit_fail(&diag, KIT_DUPLICATE_DOCUMENT, "document \"%s\" of space \"%s\" exists already", key, NameStr(space->name));
	store_raise(&diag);
}

/* Goes to the server's log alone: who sent the message has no business with it. */
static void
write_log(void *arg, const VmEvent *event, const char *line, size_t len)
{
	char	   *what = event->kind == VM_EVENT_SEND ? psprintf("channel \"%.*s\"", (int) event->channel.len, event->channel.str) :
		pstrdup(vm_event_name(event->kind));

	ereport(LOG_SERVER_ONLY,
			(errmsg("document \"%.*s\" of space \"%.*s\", %s: %.*s", (int) event->key.len, event->key.str, (int) event->space.len, event->space.str, what,
					(int) len, line),
			 errhidestmt(true), errhidecontext(true)));
	pfree(what);
}

VmLog
store_event_log(void)
{
	return (VmLog) {write_log, NULL};
}
