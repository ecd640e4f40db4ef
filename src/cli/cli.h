/*
 * cli.h
 *	  What the files of the command line share.
 */
#ifndef ADAMA_CLI_CLI_H
#define ADAMA_CLI_CLI_H

#include "doc/doc.h"
#include "lang/parse.h"
#include "vm/vm.h"

/* Exit status of every command. */
typedef enum CliStatus
{
	CLI_GOOD = 0,
	CLI_WRONG = 1,				/* the program has errors, or a test failed */
	CLI_MISUSED = 2				/* the call: an option, a file that is not there, a script that makes no sense */
} CliStatus;

/* ---- main.c ---- */

/* "adama: message" to stderr. */
extern void cli_complain(const char *format,...) __attribute__((format(printf, 1, 2)));

/* ---- source.c ---- */

/* A program's text, and what was said about it. */
typedef struct CliSource
{
	const char *path;
	KitArena   *arena;
	char	   *text;
	size_t		len;
	LangDiags	diags;
	VmProgram  *program;		/* NULL: it has errors */
} CliSource;

/* The whole file, "-" for stdin, with a zero behind it.  False: it has complained. */
extern bool cli_read(const char *path, KitArena *arena, char **text, size_t *len);
/* Reads and compiles; the source is to be closed in any case.  False: the file cannot be read. */
extern bool cli_source_open(CliSource *source, const char *path);
extern void cli_source_close(CliSource *source);
/* Shows one diagnostic with its line. */
extern void cli_source_show(const CliSource *source, const KitDiag *diag, KitBuf *out);
/* Adds diagnostics as people read them, or one JSON object a line. */
extern void cli_source_text(const CliSource *source, KitBuf *out);
extern void cli_source_json(const CliSource *source, KitBuf *out);
/* For commands that need a program: false when there is none; stderr says why, and *status is set. */
extern bool cli_source_require(CliSource *source, const char *path, CliStatus *status);

/* ---- script.c ---- */

typedef enum CliVerb
{
	CLI_CREATE,
	CLI_CONNECT,
	CLI_SEND,
	CLI_ATTACH,
	CLI_UPDATE,
	CLI_DISCONNECT,
	CLI_DELETE,
	CLI_RELOAD,
	CLI_TICK,
	CLI_DUMP
} CliVerb;

/* One line of a script.  Text points into the arena that it was read with. */
typedef struct CliCommand
{
	CliVerb		verb;
	VmText		agent;			/* who creates, connects, sends, attaches, deletes */
	VmText		authority;
	VmText		name;			/* of the channel or the view */
	DocItem		object;			/* argument, message, asset or viewer state; kind DOC_NULL: none */
	VmText		dedupe;			/* str NULL: none */
	uint64_t	entropy;
	bool		has_at;
	int64_t		at;
} CliCommand;

/* False: the line is no command, diag says why. */
extern bool cli_command_read(const char *line, size_t len, KitArena *arena, CliCommand *command, KitDiag *diag);

/* ---- session.c ---- */

typedef struct CliSession CliSession;

extern CliSession *cli_session_new(const VmProgram *program, VmText space, VmText key, bool shows_place);
extern void cli_session_free(CliSession *session);
/* Runs one command and appends what comes of it, JSON objects, each in a line. */
extern void cli_session_run(CliSession *session, const CliCommand *command, KitBuf *out);

/* ---- past.c ---- */

typedef struct CliPast CliPast;

extern CliPast *cli_past_new(void);
extern void cli_past_free(CliPast *past);
/* The document has come to the next seq, from 1 on. */
extern void cli_past_add(CliPast *past, DocBytes state);
extern void cli_past_cut(CliPast *past, int64_t seq);	/* what was after that has not happened */
extern bool cli_past_find(const CliPast *past, int64_t seq, DocBytes *state);

/* ---- replicas.c ---- */

typedef struct CliReplicas CliReplicas;

extern CliReplicas *cli_replicas_new(void);
extern void cli_replicas_free(CliReplicas *replicas);
/* What the document publishes now: all of it, or what the events of the open journal may have changed. */
extern bool cli_replicas_note(CliReplicas *replicas, VmDoc *doc, bool is_whole, VmText space, VmText key, KitArena *scratch, KitDiag *diag);
extern void cli_replicas_drop(CliReplicas *replicas);	/* there is no document any more */
/* Tells what is another than it was when told last, by name and row; scratch is the arena that it was noted with. */
extern void cli_replicas_tell(CliReplicas *replicas, KitArena *scratch, KitBuf *out);

/* ---- commands ---- */

/* Arguments without the program's and the command's name. */
extern CliStatus cli_check(int argc, char **argv);
extern CliStatus cli_run(int argc, char **argv);
extern CliStatus cli_test(int argc, char **argv);
extern CliStatus cli_fmt(int argc, char **argv);

#endif
