/*
 * run.c
 *	  adama run: a program, a script, and what the views are sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* The name of a file without its folder and its last suffix: what a space would be called. */
static VmText
space_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return (VmText) {name, (uint32_t) (dot != NULL && dot != name ? (size_t) (dot - name) : strlen(name))};
}

static bool
is_blank(const char *line, size_t len)
{
	while (len > 0 && (*line == ' ' || *line == '\t' || *line == '\r'))
	{
		line++;
		len--;
	}
	return len == 0 || *line == '#' || (len >= 2 && line[0] == '/' && line[1] == '/');
}

/* Runs a line at a time, so that a script that comes through a pipe is answered while it is written. */
static CliStatus
run_script(CliSession *session, const char *path, FILE *file)
{
	KitArena   *arena = kit_arena_new("line");
	CliStatus	status = CLI_GOOD;
	int			number = 0;
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;

	while ((len = getline(&line, &size, file)) >= 0)
	{
		KitBuf		out;
		CliCommand	command;
		KitDiag		diag = {0};

		kit_arena_reset(arena);
		kit_buf_init(&out, arena);
		number++;
		if (len > 0 && line[len - 1] == '\n')
			len--;
		if (is_blank(line, (size_t) len))
			continue;
		if (!cli_command_read(line, (size_t) len, arena, &command, &diag))
		{
			cli_complain("%s:%d: %s%s%s", path, number, diag.message, diag.detail[0] != '\0' ? ": " : "", diag.detail);
			if (diag.hint[0] != '\0')
				cli_complain("hint: %s", diag.hint);
			status = CLI_MISUSED;
			break;
		}
		cli_session_run(session, &command, &out);
		fwrite(out.data, 1, out.len, stdout);
		if (file == stdin)
			fflush(stdout);
	}
	if (ferror(file))
	{
		cli_complain("%s cannot be read", path);
		status = CLI_MISUSED;
	}
	free(line);
	kit_arena_delete(arena);
	return status;
}

static CliStatus
run_file(const char *path, const char *script, VmText space, VmText key, bool shows_place)
{
	CliSource	source;
	CliStatus	status;
	FILE	   *file;

	if (cli_source_require(&source, path, &status))
	{
		file = strcmp(script, "-") == 0 ? stdin : fopen(script, "rb");
		if (file == NULL)
		{
			cli_complain("%s cannot be opened", script);
			status = CLI_MISUSED;
		}
		else
		{
			CliSession *session = cli_session_new(source.program, space, key, shows_place);

			status = run_script(session, script, file);
			cli_session_free(session);
			if (file != stdin)
				fclose(file);
		}
	}
	cli_source_close(&source);
	return status;
}

static VmText
text_of(const char *str)
{
	return (VmText) {str, (uint32_t) strlen(str)};
}

CliStatus
cli_run(int argc, char **argv)
{
	VmText		space = {NULL, 0};
	VmText		key = text_of("document");
	bool		shows_place = false;
	int			n = 0;

	for (int i = 0; i < argc; i++)
	{
		if (argv[i][0] != '-' || strcmp(argv[i], "-") == 0)
			argv[n++] = argv[i];
		else if (strcmp(argv[i], "--place") == 0)
			shows_place = true;
		else if (strcmp(argv[i], "--space") == 0 && i + 1 < argc)
			space = text_of(argv[++i]);
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			key = text_of(argv[++i]);
		else
		{
			cli_complain("run has no option \"%s\", or it lacks its value; see adama help run", argv[i]);
			return CLI_MISUSED;
		}
	}
	if (n != 2)
	{
		cli_complain("run takes a program and a script; see adama help run");
		return CLI_MISUSED;
	}
	if (strcmp(argv[0], "-") == 0 && strcmp(argv[1], "-") == 0)
	{
		cli_complain("program and script cannot both be read from stdin");
		return CLI_MISUSED;
	}
	return run_file(argv[0], argv[1], space.str != NULL ? space : space_of(argv[0]), key, shows_place);
}
