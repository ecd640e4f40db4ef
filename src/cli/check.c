/*
 * check.c
 *	  adama check: what is wrong with programs, as text or as JSON, and the code that they become.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

typedef struct Wanted
{
	bool		json;
	bool		bytecode;
} Wanted;

static CliStatus
check_file(const char *path, Wanted wanted)
{
	CliSource	source;
	KitBuf		out;
	CliStatus	status;

	if (!cli_source_open(&source, path))
	{
		cli_source_close(&source);
		return CLI_MISUSED;
	}
	kit_buf_init(&out, source.arena);
	kit_buf_reserve(&out, 1);
	if (wanted.json)
		cli_source_json(&source, &out);
	else
		cli_source_text(&source, &out);
	if (!wanted.json && source.diags.n_errors > source.diags.n)
		kit_buf_printf(&out, "%s: %d errors in all\n", path, source.diags.n_errors);
	if (wanted.bytecode && source.program != NULL)
		vm_program_disassemble(source.program, &out);
	fwrite(out.data, 1, out.len, stdout);
	status = source.program != NULL ? CLI_GOOD : CLI_WRONG;
	cli_source_close(&source);
	return status;
}

CliStatus
cli_check(int argc, char **argv)
{
	Wanted		wanted = {0};
	CliStatus	status = CLI_GOOD;
	bool		is_option = true;
	int			n = 0;

	for (int i = 0; i < argc; i++)
	{
		if (!is_option || argv[i][0] != '-' || strcmp(argv[i], "-") == 0)
			argv[n++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			is_option = false;
		else if (strcmp(argv[i], "--json") == 0)
			wanted.json = true;
		else if (strcmp(argv[i], "--bytecode") == 0)
			wanted.bytecode = true;
		else
		{
			cli_complain("check has no option \"%s\"; see adama help check", argv[i]);
			return CLI_MISUSED;
		}
	}
	if (n == 0)
	{
		cli_complain("no file is given; see adama help check");
		return CLI_MISUSED;
	}
	for (int i = 0; i < n; i++)
	{
		CliStatus	one = check_file(argv[i], wanted);

		if (one > status)
			status = one;
	}
	return status;
}
