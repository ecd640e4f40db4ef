/*
 * main.c
 *	  adama COMMAND …: which command is meant, and help.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#ifndef ADAMA_VERSION
#define ADAMA_VERSION "unknown"
#endif

typedef struct Command
{
	const char *name;
	CliStatus	(*run) (int argc, char **argv);
	const char *usage;
	const char *what;
	const char *options;		/* lines of help, or "" */
} Command;

static const Command commands[] = {
	{"check", cli_check, "check [--json] [--bytecode] [--explain] FILE...", "says what is wrong with programs",
		"  --json       one JSON object a line for each diagnostic\n"
		"  --bytecode   shows the code that a program has become\n"
		"  --explain    shows what viewers share, and how each part of a view is kept up to date\n"
		"Exit status: 0 no errors, 1 errors, 2 a file cannot be read.\n"},
	{"run", cli_run, "run [--space NAME] [--key KEY] [--place] FILE SCRIPT", "runs a program against a script of events",
		"  --space NAME the name of the space (default: the file's name)\n"
		"  --key KEY    the key of the document (default: document)\n"
		"  --place      errors say line, column and hint, too\n"
		"SCRIPT (- for stdin) has one JSON object a line:\n"
		"  {\"create\":{ARGUMENT},\"who\":\"alice\",\"entropy\":\"0\",\"at\":MS}\n"
		"  {\"connect\":\"alice\",\"view\":\"v1\",\"viewer\":{STATE},\"at\":MS}\n"
		"  {\"send\":\"CHANNEL\",\"who\":\"alice\",\"message\":{MESSAGE},\"dedupe\":\"KEY\",\"at\":MS}\n"
		"  {\"attach\":{ASSET},\"who\":\"alice\",\"at\":MS}\n"
		"  {\"update\":\"v1\",\"viewer\":{STATE}}\n"
		"  {\"disconnect\":\"v1\",\"at\":MS}\n"
		"  {\"delete\":true,\"who\":\"alice\",\"at\":MS}\n"
		"  {\"reload\":true,\"at\":MS}\n"
		"  {\"tick\":true,\"at\":MS}\n"
		"  {\"dump\":true}\n"
		"\"alice\" is agent alice of authority test, \"a@b\" is a of b.\n"
		"Exit status: 0 the script was run, 1 the program has errors, 2 a line of the script is not understood.\n"},
	{"test", cli_test, "test FILE...", "runs the test blocks of programs",
		"Each runs on a fresh document of its own.  The output is TAP: a line for each test, and why it failed.\n"
		"Exit status: 0 all passed, 1 a test failed or a program has errors, 2 a file cannot be read.\n"},
	{"fmt", cli_fmt, "fmt [-i | --check] FILE...", "lays programs out",
		"Prints the program in its canonical layout; comments are kept, and nothing but white space changes.\n"
		"  -i           writes it into the file instead\n"
		"  --check      names the files that are laid out otherwise\n"
		"Exit status: 0 good, 1 a program has syntax errors, or (--check) another layout, 2 a file cannot be read or written.\n"},
};

#define N_COMMANDS ((int) (sizeof(commands) / sizeof(commands[0])))

void
cli_complain(const char *format,...)
{
	va_list		args;

	fflush(stdout);
	fputs("adama: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void
show_usage(FILE *to)
{
	fputs("adama: programs for documents that reduce messages, without a server\n\n", to);
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  adama %-55s %s\n", commands[i].usage, commands[i].what);
	fputs("\n\"adama help COMMAND\" says more; \"adama --version\" which one this is.\n", to);
}

static const Command *
find_command(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void
show_help(const Command *command)
{
	printf("usage: adama %s\n%c%s.\n%s", command->usage, command->what[0] - 'a' + 'A', command->what + 1, command->options);
}

static bool
is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int
main(int argc, char **argv)
{
	const Command *command;
	CliStatus	status;

	if (argc < 2)
	{
		show_usage(stderr);
		return CLI_MISUSED;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
	{
		puts("adama " ADAMA_VERSION);
		return CLI_GOOD;
	}
	if (is_help(argv[1]))
	{
		command = argc > 2 ? find_command(argv[2]) : NULL;
		if (argc > 2 && command == NULL)
			cli_complain("there is no command \"%s\"", argv[2]);
		else if (command != NULL)
			show_help(command);
		else
			show_usage(stdout);
		return argc > 2 && command == NULL ? CLI_MISUSED : CLI_GOOD;
	}
	command = find_command(argv[1]);
	if (command == NULL)
	{
		cli_complain("there is no command \"%s\"", argv[1]);
		show_usage(stderr);
		return CLI_MISUSED;
	}
	if (argc > 2 && is_help(argv[2]) && argv[2][0] == '-')
	{
		show_help(command);
		return CLI_GOOD;
	}
	status = command->run(argc - 2, argv + 2);
	/* What was not written was not said: a full disk is no success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_GOOD)
	{
		cli_complain("the output cannot be written");
		status = CLI_MISUSED;
	}
	return status;
}
