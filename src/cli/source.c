/*
 * source.c
 *	  Files in, programs and diagnostics out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

bool
cli_read(const char *path, KitArena *arena, char **text, size_t *len)
{
	bool		is_stdin = strcmp(path, "-") == 0;
	FILE	   *file = is_stdin ? stdin : fopen(path, "rb");
	KitBuf		buf;
	bool		ok;

	if (file == NULL)
	{
		cli_complain("%s: %s", path, strerror(errno));
		return false;
	}
	kit_buf_init(&buf, arena);
	for (;;)
	{
		size_t		n;

		kit_buf_reserve(&buf, 65536);
		n = fread(buf.data + buf.len, 1, 65536, file);
		buf.len += n;
		if (n == 0)
			break;
	}
	buf.data[buf.len] = '\0';
	ok = !ferror(file);
	if (!ok)
		cli_complain("%s: %s", path, strerror(errno));
	if (!is_stdin)
		fclose(file);
	*text = buf.data;
	*len = buf.len;
	return ok;
}

/* ---- what a program includes ---- */

/* The folder of the program, with its slash; "" for the current one. */
static int
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || strcmp(path, "-") == 0 ? 0 : (int) (slash + 1 - path);
}

/* a/b is the file a/b.adama, or else a/b, from the program's folder on. */
static bool
find_source(void *arg, const char *name, KitArena *arena, LangSource *found)
{
	const CliSource *source = arg;
	static const char *const endings[] = {".adama", ""};

	for (int i = 0; i < 2; i++)
	{
		const char *path = kit_arena_printf(arena, "%.*s%s%s", folder_len(source->path), source->path, name, endings[i]);
		FILE	   *file = fopen(path, "rb");
		char	   *text;

		if (file == NULL)
			continue;
		fclose(file);
		if (!cli_read(path, arena, &text, &found->len))
			return false;
		found->text = text;
		found->label = path;
		return true;
	}
	return false;
}

bool
cli_source_open(CliSource *source, const char *path)
{
	memset(source, 0, sizeof(*source));
	source->path = path;
	source->arena = kit_arena_new("source");
	lang_diags_init(&source->diags, source->arena);
	if (!cli_read(path, source->arena, &source->text, &source->len))
		return false;
	source->program = vm_program_build(source->text, source->len, &(LangSources) {find_source, NULL, source}, &source->diags);
	return true;
}

void
cli_source_close(CliSource *source)
{
	if (source->program != NULL)
		vm_program_free(source->program);
	kit_arena_delete(source->arena);
}

void
cli_source_show(const CliSource *source, const KitDiag *diag, KitBuf *out)
{
	lang_diags_render(&source->diags, diag, source->path, source->text, source->len, out);
}

void
cli_source_text(const CliSource *source, KitBuf *out)
{
	for (int i = 0; i < source->diags.n; i++)
		cli_source_show(source, source->diags.items[i], out);
}

static void
add_text(KitBuf *out, const char *name, const char *text)
{
	kit_buf_printf(out, ",\"%s\":", name);
	if (text[0] == '\0')
		kit_buf_add_str(out, "null");
	else
		doc_json_string(text, strlen(text), DOC_JSON_TEXT, out);
}

/* The members are the columns of adama.check, and where the text is longer than its first character, its length. */
void
cli_source_json(const CliSource *source, KitBuf *out)
{
	for (int i = 0; i < source->diags.n; i++)
	{
		const KitDiag *diag = source->diags.items[i];

		kit_buf_add_str(out, "{\"file\":");
		doc_json_string(diag->file[0] != '\0' ? diag->file : source->path, strlen(diag->file[0] != '\0' ? diag->file : source->path), DOC_JSON_TEXT, out);
		if (diag->line > 0)
			kit_buf_printf(out, ",\"line\":%d,\"col\":%d,\"length\":%d", diag->line, diag->column, diag->length);
		else
			kit_buf_add_str(out, ",\"line\":null,\"col\":null,\"length\":null");
		add_text(out, "severity", diag->severity == KIT_SEVERITY_WARNING ? "warning" : "error");
		add_text(out, "code", kit_error_name(diag->code));
		add_text(out, "sqlstate", kit_error_sqlstate(diag->code));
		add_text(out, "message", diag->message);
		add_text(out, "detail", diag->detail);
		add_text(out, "hint", diag->hint);
		kit_buf_add_str(out, "}\n");
	}
}

bool
cli_source_require(CliSource *source, const char *path, CliStatus *status)
{
	KitBuf		said;

	*status = CLI_MISUSED;
	if (!cli_source_open(source, path))
		return false;
	*status = source->program != NULL ? CLI_GOOD : CLI_WRONG;
	if (source->program != NULL)
		return true;
	kit_buf_init(&said, source->arena);
	cli_source_text(source, &said);
	fwrite(said.data, 1, said.len, stderr);
	return false;
}
