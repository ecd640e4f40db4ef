/*
 * case.h
 *	  For the driver: a case while it is run, and what is said of it.
 */
#ifndef ADAMA_CASES_CASE_H
#define ADAMA_CASES_CASE_H

#include <stdarg.h>

#include "published.h"
#include "vm/vm.h"
#include "words.h"

typedef struct Case
{
	const char *file;
	char	   *source;
	size_t		len;
	KitArena   *arena;
	VmProgram  *program;
	VmDoc	   *doc;
	VmLimits	limits;
	int64_t		at;
	int64_t		seq;			/* of the document */
	int			line;			/* of the script */
	int			n_failures;
	/* the last event */
	bool		has_event;		/* something happened whose outcome nobody has asked for */
	bool		failed;
	bool		is_expected;	/* the failure was */
	KitDiag		diag;
	DocBytes	delta;
	DocBytes	effects;		/* len 0: none */
	Replicas	news;			/* what it publishes that was not so before */
	Replicas	published;		/* by the document */
	VmVerdict	verdict;
	KitBuf		logged;			/* lines, each ended by a zero */
	size_t		log_read;		/* so much of it was expected */
} Case;

__attribute__((format(printf, 2, 3)))
static void
complain(Case *c, const char *format,...)
{
	va_list		args;

	c->n_failures++;
	printf("# %s:%d: ", c->file, c->line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

__attribute__((unused))
static VmText
text_of(Case *c, const char *str)
{
	return (VmText) {kit_arena_strdup(c->arena, str, strlen(str)), (uint32_t) strlen(str)};
}

__attribute__((unused))
static void
take_principal(Case *c, const char **p, VmText *agent, VmText *authority)
{
	char		word[200];
	char	   *at;

	if (!take_word(p, word, sizeof(word)))
		complain(c, "a principal is missing");
	at = strchr(word, '@');
	if (at != NULL)
		*at = '\0';
	*agent = text_of(c, word);
	*authority = text_of(c, at != NULL ? at + 1 : "test");
}

/* JSON as this driver compares it: re-rendered without spaces. */
__attribute__((unused))
static const char *
normal_json(Case *c, const char *json, size_t len)
{
	KitBuf		bytes;
	KitBuf		text;
	KitDiag		diag = {0};

	kit_buf_init(&bytes, c->arena);
	kit_buf_init(&text, c->arena);
	if (!doc_from_json(json, len, DOC_DELTA, &bytes, &diag) ||
		!doc_to_json((DocBytes) {bytes.data, bytes.len}, DOC_DELTA, DOC_JSON_TEXT, &text, &diag))
	{
		complain(c, "not JSON: %.*s: %s", (int) len, json, diag.message);
		return "";
	}
	return text.data;
}

__attribute__((unused))
static const char *
bytes_json(Case *c, DocBytes bytes, DocClass class)
{
	KitBuf		text;
	KitDiag		diag = {0};

	kit_buf_init(&text, c->arena);
	if (!doc_to_json(bytes, class, DOC_JSON_TEXT, &text, &diag))
		complain(c, "cannot be read: %s", diag.message);
	return text.data == NULL ? "" : text.data;
}

__attribute__((unused))
static void
compare_json(Case *c, const char *what, const char *got, const char *rest)
{
	const char *expected;
	const char *json;
	size_t		len;

	if (!take_json(&rest, &json, &len))
	{
		complain(c, "%s: JSON is missing", what);
		return;
	}
	expected = normal_json(c, json, len);
	if (strcmp(got, expected) != 0)
		complain(c, "%s\n#   got       %s\n#   expected  %s", what, got, expected);
}

#endif
