/*
 * diag.h
 *	  What went wrong, as data.  Pure rooms return a status and fill a KitDiag; sqlapi turns it into an ereport, the command line into text.
 *
 * Codes are names of our own error class; errors.def lists them all with the SQLSTATE each becomes.  message follows PostgreSQL's style:
 * lower case, no period, factual; hint is a sentence, and only there when the user can act.
 */
#ifndef ADAMA_KIT_DIAG_H
#define ADAMA_KIT_DIAG_H

#include "kit/arena.h"

typedef enum KitError
{
	KIT_OK = 0,
#define KIT_ERROR(name, sqlstate, doc) name,
#include "kit/errors.def"
#undef KIT_ERROR
	KIT_N_ERRORS
} KitError;

typedef enum KitSeverity
{
	KIT_SEVERITY_ERROR,
	KIT_SEVERITY_WARNING
} KitSeverity;

#define KIT_MAX_FILE 128		/* bytes of the name of a source, with its zero */

typedef struct KitDiag
{
	KitError	code;			/* KIT_OK when nothing is wrong */
	KitSeverity severity;
	int			line;			/* of the program, from 1; 0 when there is no position */
	int			column;			/* from 1, in characters (code points) of the line */
	int			length;			/* characters that the caret underlines, at least 1 */
	char		file[KIT_MAX_FILE]; /* the source that line and column are of; "" for the program itself */
	char		message[512];
	char		detail[512];	/* "" or a sentence */
	char		hint[512];		/* "" or a sentence */
} KitDiag;

/* Fills diag (which may be NULL) and returns false, so that a caller can write: return kit_fail(diag, …); */
extern bool kit_fail(KitDiag *diag, KitError code, const char *format,...) __attribute__((format(printf, 3, 4)));
extern void kit_diag_hint(KitDiag *diag, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void kit_diag_detail(KitDiag *diag, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void kit_diag_at(KitDiag *diag, int line, int column, int length);
extern void kit_diag_in(KitDiag *diag, const char *file);	/* NULL: the program itself; a name that is too long is cut */

extern const char *kit_error_name(KitError code);		/* "syntax_error" */
extern const char *kit_error_sqlstate(KitError code);	/* "YA001" */
extern const char *kit_error_doc(KitError code);

#endif
