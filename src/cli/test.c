/*
 * test.c
 *	  adama test: the test blocks of programs, as TAP.
 *
 * A program that has errors is one test that fails.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

typedef struct Tally
{
	int			n;
	int			n_failed;
} Tally;

/* The lines of text, as comments. */
static void
show_comment(const char *text)
{
	while (*text != '\0')
	{
		size_t		len = strcspn(text, "\n");

		printf("# %.*s\n", (int) len, text);
		text += len + (text[len] == '\n');
	}
}

static void
report(Tally *tally, bool ok, const char *path, const char *name)
{
	tally->n++;
	tally->n_failed += !ok;
	printf("%s %d - %s%s%s\n", ok ? "ok" : "not ok", tally->n, path, name[0] != '\0' ? ": " : "", name);
}

/* A line that the test, or an event in it, logs. */
static void
write_log(void *arg, const VmEvent *event, const char *text, size_t len)
{
	KitBuf	   *logged = arg;

	kit_buf_add_str(logged, "log: ");
	kit_buf_add(logged, text, len);
	kit_buf_add_char(logged, '\n');
}

static void
run_test(const CliSource *source, const LangUnit *test, Tally *tally)
{
	KitDiag		diag = {0};
	KitBuf		logged;
	KitBuf		said;
	bool		ok;

	kit_buf_init(&logged, source->arena);
	ok = vm_test_run(source->program, test, &vm_default_limits, (VmLog) {write_log, &logged}, &diag);
	report(tally, ok, source->path, test->name->text);
	if (logged.len > 0)
		show_comment(logged.data);
	if (ok)
		return;
	kit_buf_init(&said, source->arena);
	cli_source_show(source, &diag, &said);
	show_comment(said.data);
}

static bool
run_file(const char *path, Tally *tally)
{
	CliSource	source;
	bool		is_read = cli_source_open(&source, path);

	if (is_read && source.program == NULL)
	{
		KitBuf		said;

		kit_buf_init(&said, source.arena);
		cli_source_text(&source, &said);
		report(tally, false, path, "the program has errors");
		show_comment(said.data);
	}
	else if (is_read)
	{
		const LangProgram *lang = vm_program_lang(source.program);

		for (int i = 0; i < lang->n_tests; i++)
			run_test(&source, lang->tests[i], tally);
	}
	cli_source_close(&source);
	return is_read;
}

CliStatus
cli_test(int argc, char **argv)
{
	Tally		tally = {0};
	bool		are_read = true;

	for (int i = 0; i < argc; i++)
		if (argv[i][0] == '-' && argv[i][1] != '\0')
		{
			cli_complain("test has no option \"%s\"; see adama help test", argv[i]);
			return CLI_MISUSED;
		}
	if (argc == 0)
	{
		cli_complain("no file is given; see adama help test");
		return CLI_MISUSED;
	}
	for (int i = 0; i < argc; i++)
		are_read &= run_file(argv[i], &tally);
	printf("1..%d%s\n", tally.n, tally.n == 0 ? " # SKIP there is no test" : "");
	if (tally.n_failed > 0)
		printf("# %d of %d failed\n", tally.n_failed, tally.n);
	return !are_read ? CLI_MISUSED : tally.n_failed > 0 ? CLI_WRONG : CLI_GOOD;
}
