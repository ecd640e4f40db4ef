/*
 * fmt.c
 *	  adama fmt: programs in their canonical layout, to stdout, into their files, or just compared.
 *
 * A file is replaced by a new one, so that one that cannot be written whole stays as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lang/format.h"

typedef enum Mode
{
	MODE_PRINT,
	MODE_REPLACE,
	MODE_CHECK
} Mode;

static bool
replace(const char *path, const KitBuf *text, KitArena *arena)
{
	const char *fresh = kit_arena_printf(arena, "%s.fmt-%ld", path, (long) getpid());
	struct stat status;
	FILE	   *file = fopen(fresh, "wb");
	bool		ok = file != NULL && fwrite(text->data, 1, text->len, file) == text->len;

	if (file != NULL)
		ok = (fclose(file) == 0) && ok;
	if (ok && stat(path, &status) == 0)
		ok = chmod(fresh, status.st_mode & 07777) == 0;
	ok = ok && rename(fresh, path) == 0;
	if (!ok)
	{
		cli_complain("%s cannot be written: %s", path, strerror(errno));
		unlink(fresh);
	}
	return ok;
}

static CliStatus
format_file(const char *path, Mode mode)
{
	CliSource	source = {.path = path, .arena = kit_arena_new("fmt")};
	KitBuf		out;
	CliStatus	status = CLI_GOOD;
	bool		is_same;

	lang_diags_init(&source.diags, source.arena);
	kit_buf_init(&out, source.arena);
	if (!cli_read(path, source.arena, &source.text, &source.len))
		status = CLI_MISUSED;
	else if (!lang_format(source.text, source.len, source.arena, &out, &source.diags))
	{
		KitBuf		said;

		kit_buf_init(&said, source.arena);
		cli_source_text(&source, &said);
		fwrite(said.data, 1, said.len, stderr);
		status = CLI_WRONG;
	}
	else
	{
		is_same = out.len == source.len && (out.len == 0 || memcmp(out.data, source.text, out.len) == 0);
		if (mode == MODE_PRINT)
			fwrite(out.data, 1, out.len, stdout);
		else if (mode == MODE_CHECK && !is_same)
		{
			printf("%s\n", path);
			status = CLI_WRONG;
		}
		else if (mode == MODE_REPLACE && !is_same && !replace(path, &out, source.arena))
			status = CLI_MISUSED;
	}
	kit_arena_delete(source.arena);
	return status;
}

CliStatus
cli_fmt(int argc, char **argv)
{
	Mode		mode = MODE_PRINT;
	CliStatus	status = CLI_GOOD;
	int			n = 0;

	for (int i = 0; i < argc; i++)
	{
		if (argv[i][0] != '-' || strcmp(argv[i], "-") == 0)
			argv[n++] = argv[i];
		else if (strcmp(argv[i], "-i") == 0 && mode != MODE_CHECK)
			mode = MODE_REPLACE;
		else if (strcmp(argv[i], "--check") == 0 && mode != MODE_REPLACE)
			mode = MODE_CHECK;
		else
		{
			cli_complain("fmt has no option \"%s\", or not beside the one before; see adama help fmt", argv[i]);
			return CLI_MISUSED;
		}
	}
	if (n == 0)
	{
		cli_complain("no file is given; see adama help fmt");
		return CLI_MISUSED;
	}
	for (int i = 0; i < n; i++)
	{
		CliStatus	one;

		if (mode == MODE_REPLACE && strcmp(argv[i], "-") == 0)
		{
			cli_complain("stdin cannot be written into");
			return CLI_MISUSED;
		}
		one = format_file(argv[i], mode);
		status = one > status ? one : status;
	}
	return status;
}
