/*
 * check.c
 *	  adama check: what is wrong with programs, as text or as JSON, the code that they become, and what their views cost.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/live.h"

typedef struct Wanted
{
	bool		json;
	bool		bytecode;
	bool		explain;
} Wanted;

static void
explain(const CliSource *source, KitBuf *out)
{
	LiveExplained *parts;
	int			n = live_explain(source->program, source->arena, &parts);
	int			width = 4;

	for (int i = 0; i < n; i++)
		if ((int) strlen(parts[i].part) > width)
			width = (int) strlen(parts[i].part);
	for (int i = 0; i < n; i++)
	{
		const LiveExplained *p = &parts[i];

		kit_buf_printf(out, "%-*s  %-7s  %-7s  %-10s", width, p->part, p->kind, p->is_shared ? "shared" : "private", p->upkeep);
		if (strcmp(p->upkeep, "recomputed") == 0)
			kit_buf_printf(out, "  line %d: %s", p->line, p->how);
		else if (p->how[0] != '\0')
			kit_buf_printf(out, "  %s", p->how);
		while (out->data[out->len - 1] == ' ')
			out->len--;
		if (!p->is_shared)
			kit_buf_printf(out, "\n%*s  private: %s", width, "", p->private_because);
		if (p->reads[0] != '\0')
			kit_buf_printf(out, "\n%*s  reads: %s", width, "", p->reads);
		kit_buf_add_char(out, '\n');
	}
}

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
	if (wanted.explain && source.program != NULL)
		explain(&source, &out);
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
		else if (strcmp(argv[i], "--explain") == 0)
			wanted.explain = true;
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
