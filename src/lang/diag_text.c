/*
 * diag_text.c
 *	  Collecting diagnostics, and showing them with the line that they are about.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/parse.h"

const char *
lang_op_text(LangOp op)
{
	static const char *const texts[] = {
#define LANG_OP(name, text) text,
#include "lang/ops.def"
#undef LANG_OP
	};

	return texts[op];
}

void
lang_diags_init(LangDiags *diags, KitArena *arena)
{
	memset(diags, 0, sizeof(*diags));
	diags->arena = arena;
	diags->items = KIT_NEW_N(arena, KitDiag *, LANG_MAX_DIAGS);
}

KitDiag *
lang_diags_add(LangDiags *diags, KitError code, LangPos pos, const char *format,...)
{
	KitDiag    *diag = KIT_NEW(diags->arena, KitDiag);
	va_list		args;

	diag->code = code;
	diag->severity = code == KIT_WARNING ? KIT_SEVERITY_WARNING : KIT_SEVERITY_ERROR;
	va_start(args, format);
	vsnprintf(diag->message, sizeof(diag->message), format, args);
	va_end(args);
	kit_diag_at(diag, pos.line, pos.column, pos.length < 1 ? 1 : pos.length);
	if (diag->severity == KIT_SEVERITY_ERROR)
		diags->n_errors++;
	if (diags->n < LANG_MAX_DIAGS)
		diags->items[diags->n++] = diag;
	return diag;
}

/* The beginning and the length of a line, from 1; an empty one when there is none of that number. */
static const char *
find_line(const char *source, size_t len, int line, size_t *line_len)
{
	const char *end = source + len;
	const char *newline;

	while (--line > 0 && source < end)
	{
		newline = memchr(source, '\n', (size_t) (end - source));
		source = newline == NULL ? end : newline + 1;
	}
	newline = memchr(source, '\n', (size_t) (end - source));
	*line_len = (size_t) ((newline == NULL ? end : newline) - source);
	if (*line_len > 0 && source[*line_len - 1] == '\r')
		--*line_len;
	return source;
}

/* The line, and below it a caret and tildes; tabs stay tabs so that the caret stands where it should. */
static void
render_place(const KitDiag *diag, const char *source, size_t len, KitBuf *out)
{
	size_t		line_len;
	const char *line = find_line(source, len, diag->line, &line_len);
	int			column = 1;
	size_t		i = 0;

	kit_buf_printf(out, "%5d | ", diag->line);
	kit_buf_add(out, line, line_len);
	kit_buf_add_str(out, "\n      | ");
	for (; i < line_len && column < diag->column; i++)
	{
		if (((unsigned char) line[i] & 0xc0) == 0x80)
			continue;
		kit_buf_add_char(out, line[i] == '\t' ? '\t' : ' ');
		column++;
	}
	kit_buf_add_char(out, '^');
	for (int n = 1; n < diag->length && i + 1 < line_len; n++)
	{
		do
			i++;
		while (i < line_len && ((unsigned char) line[i] & 0xc0) == 0x80);
		if (i < line_len)
			kit_buf_add_char(out, '~');
	}
	kit_buf_add_char(out, '\n');
}

void
lang_diag_render(const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out)
{
	if (file != NULL)
		kit_buf_printf(out, "%s:", file);
	if (diag->line > 0)
		kit_buf_printf(out, "%d:%d: ", diag->line, diag->column);
	kit_buf_add_str(out, diag->severity == KIT_SEVERITY_WARNING ? "warning: " : "error: ");
	kit_buf_add_str(out, diag->message);
	kit_buf_add_char(out, '\n');
	if (diag->line > 0)
		render_place(diag, source, len, out);
	if (diag->detail[0] != '\0')
		kit_buf_printf(out, "      = %s\n", diag->detail);
	if (diag->hint[0] != '\0')
		kit_buf_printf(out, "      = hint: %s\n", diag->hint);
}
