/*
 * session.h
 *	  A session from within: its document, and the views of it.
 */
#ifndef ADAMA_CLI_SESSION_H
#define ADAMA_CLI_SESSION_H

#include "cli/cli.h"
#include "live/live.h"

typedef struct CliView
{
	VmText		name;
	VmText		agent;
	VmText		authority;
	KitArena   *arena;			/* of the state; a new one when it changes */
	DocBytes	state;			/* the viewer's */
	LiveView   *live;			/* NULL: nothing was sent yet, or the last attempt failed */
	bool		knows_failure;
	bool		is_ended;		/* the document has disconnected it */
	struct CliView *next;		/* in the order in which they were connected */
} CliView;

struct CliSession
{
	KitArena   *arena;
	KitArena   *scratch;		/* of the command at hand */
	const VmProgram *program;
	VmText		space;
	VmText		key;
	bool		shows_place;
	VmDoc	   *doc;			/* NULL: there is none */
	LiveDocument *shown;		/* what all views share */
	bool		is_loaded;		/* it was loaded, and has not had @load since */
	int64_t		seq;
	int64_t		at;				/* of the script: what "at" said last */
	int64_t		updated;		/* of the document: when its last event was */
	int64_t		n_events;
	KitBuf	   *out;			/* of the command at hand */
	CliView	   *views;
	CliPast    *past;			/* empty when nobody asks for it, or there is no document */
	CliReplicas *replicas;		/* what the document publishes */
	KitBuf		effects;		/* of the events that were reduced since they were told last: DocBytes after DocBytes, in scratch */
};

extern bool cli_text_is_same(VmText a, VmText b);

/* ---- views.c ---- */

extern CliView **cli_view_find(CliSession *s, VmText name);	/* where it hangs, or would: points to NULL when there is none */
extern bool cli_view_unknown(const CliCommand *command, KitDiag *diag);	/* false, and says so */
extern bool cli_view_is_connected(const CliSession *s, VmText agent, VmText authority);
extern void cli_view_add(CliSession *s, const CliCommand *command);	/* last, by the command's name, which is not taken */
extern void cli_view_remove(CliView **link);
extern bool cli_view_change(CliSession *s, const CliCommand *command, KitDiag *diag);	/* its viewer state */
/* Computes the view of now, and tells what is new; all of them in the order in which they were connected. */
extern void cli_view_update(CliSession *s, VmText name, KitBuf *out);
extern void cli_views_update(CliSession *s, KitBuf *out);
extern void cli_views_close(CliSession *s, KitBuf *out);	/* the document is gone; out NULL: nobody is told */

/* A principal whose views have ended. */
typedef struct CliGone
{
	VmText		agent;
	VmText		authority;
	struct CliGone *next;
} CliGone;

/* Tells what events did beside; returns, in scratch, whose views the document has ended by it. */
extern CliGone *cli_views_tell_effects(CliSession *s, KitBuf *out);

#endif
