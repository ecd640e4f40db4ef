/*
 * diag_text.c
 *	  Diagnostics: collecting them, and showing one with the line it is about.
 *
 *		3:9: error: expected ";", found "y"
 *		    3 |   int x y;
 *		      |         ^
 *		      = hint: ...
 *
 * The first LANG_MAX_DIAGS are kept; one more slot takes what comes after them, so that callers need not care.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kit/utf8.h"
#include "lang/parse.h"

/* What is shown of a line, in characters; the caret is within it. */
#define SHOWN_WIDTH 120
#define SHOWN_BEFORE 80

static const char *const op_texts[LANG_N_OPS] = {
#define LANG_OP(name, text) [name] = text,
#include "lang/ops.def"
#undef LANG_OP
};

const char *
lang_op_text(LangOp op)
{
	return (unsigned) op < LANG_N_OPS ? op_texts[op] : "";
}

/* ---- collecting ---- */

void
lang_diags_init(LangDiags *diags, KitArena *arena)
{
	diags->arena = arena;
	diags->items = KIT_NEW_N(arena, KitDiag *, LANG_MAX_DIAGS + 1);
	diags->n = 0;
	diags->n_errors = 0;
	diags->sources = NULL;
	diags->n_sources = 0;
	diags->file = 0;
}

/* Takes out the last warning: an error must not be lost because of warnings.  False when there is none. */
static bool
drop_warning(LangDiags *diags)
{
	for (int i = diags->n - 1; i >= 0; i--)
		if (diags->items[i]->severity == KIT_SEVERITY_WARNING)
		{
			KitDiag    *dropped = diags->items[i];

			memmove(&diags->items[i], &diags->items[i + 1], sizeof(KitDiag *) * (size_t) (diags->n - 1 - i));
			diags->items[diags->n - 1] = dropped;
			diags->n--;
			return true;
		}
	return false;
}

KitDiag *
lang_diags_add(LangDiags *diags, KitError code, LangPos pos, const char *format,...)
{
	bool		is_warning = code == KIT_WARNING;
	bool		is_kept;
	KitDiag    *diag;
	char		text[1024];
	va_list		args;

	is_kept = diags->n < LANG_MAX_DIAGS || (!is_warning && diags->n_errors < LANG_MAX_DIAGS && drop_warning(diags));
	if (diags->items[diags->n] == NULL)
		diags->items[diags->n] = KIT_NEW(diags->arena, KitDiag);
	diag = diags->items[diags->n];
	diags->n += is_kept;
	diags->n_errors += !is_warning;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kit_fail(diag, code, "%s", text);
	diag->severity = is_warning ? KIT_SEVERITY_WARNING : KIT_SEVERITY_ERROR;
	kit_diag_at(diag, pos.line, pos.column, pos.length);
	if (pos.file == 0)
		pos.file = diags->file;
	if (pos.file < diags->n_sources)
		kit_diag_in(diag, diags->sources[pos.file].label);
	return diag;
}

/* ---- showing ---- */

/* The bytes of a line, counted from 1, without its end; false when there is none. */
static bool
find_line(const char *source, size_t len, int line, const char **start, const char **end)
{
	const char *at = source;
	const char *stop = source + len;

	if (line < 1 || source == NULL)
		return false;
	if (len >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (--line > 0)
	{
		at = memchr(at, '\n', (size_t) (stop - at));
		if (at == NULL)
			return false;
		at++;
	}
	*start = at;
	*end = memchr(at, '\n', (size_t) (stop - at));
	if (*end == NULL)
		*end = stop;
	if (*end > at && (*end)[-1] == '\r')
		(*end)--;
	return true;
}

/* One character of the line: its length in bytes.  What is not UTF-8 counts as one character per byte. */
static int
char_length(const char *at, const char *end)
{
	uint32_t	code;
	int			n = kit_utf8_read((const uint8_t *) at, (const uint8_t *) end, &code);

	return n == 0 ? 1 : n;
}

static int
count_chars(const char *at, const char *end)
{
	int			n = 0;

	for (; at < end; at += char_length(at, end))
		n++;
	return n;
}

/* Adds a character as it can be shown; is_mark: a blank that is as wide instead. */
static void
add_shown(KitBuf *out, const char *at, const char *end, bool is_mark)
{
	int			n = char_length(at, end);
	unsigned char c = (unsigned char) *at;

	if (c == '\t')
		kit_buf_add_char(out, '\t');
	else if (is_mark)
		kit_buf_add_char(out, ' ');
	else if (n == 1 && (c < 0x20 || c >= 0x7f))
		kit_buf_add_char(out, '?');
	else
		kit_buf_add(out, at, (size_t) n);
}

static void
show_line(const KitDiag *diag, const char *start, const char *end, KitBuf *out)
{
	int			n_chars = count_chars(start, end);
	int			column = diag->column < 1 ? 1 : diag->column > n_chars + 1 ? n_chars + 1 : diag->column;
	int			first = column > SHOWN_BEFORE + 1 ? column - SHOWN_BEFORE : 1;
	int			last = first + SHOWN_WIDTH - 1;
	int			mark_end = column + (diag->length < 1 ? 1 : diag->length) - 1;
	const char *from = start;

	for (int i = 1; i < first; i++)
		from += char_length(from, end);
	kit_buf_printf(out, "%5d | %s", diag->line, first > 1 ? "..." : "");
	start = from;
	for (int i = first; i <= last && start < end; i++)
	{
		add_shown(out, start, end, false);
		start += char_length(start, end);
	}
	kit_buf_printf(out, "%s\n      | %s", start < end ? "..." : "", first > 1 ? "   " : "");
	for (int i = first; i < column; i++)
	{
		add_shown(out, from, end, true);
		from += char_length(from, end);
	}
	kit_buf_add_char(out, '^');
	for (int i = column + 1; i <= mark_end && i <= n_chars && i <= last; i++)
		kit_buf_add_char(out, '~');
	kit_buf_add_char(out, '\n');
}

void
lang_diag_render(const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out)
{
	const char *start;
	const char *end;

	if (file != NULL)
		kit_buf_printf(out, "%s:", file);
	if (diag->line > 0)
		kit_buf_printf(out, "%d:%d:", diag->line, diag->column);
	kit_buf_printf(out, "%s%s: %s\n", file != NULL || diag->line > 0 ? " " : "",
				   diag->severity == KIT_SEVERITY_WARNING ? "warning" : "error", diag->message);
	if (find_line(source, len, diag->line, &start, &end))
		show_line(diag, start, end, out);
	if (diag->detail[0] != '\0')
		kit_buf_printf(out, "      = %s\n", diag->detail);
	if (diag->hint[0] != '\0')
		kit_buf_printf(out, "      = hint: %s\n", diag->hint);
}

void
lang_diags_render(const LangDiags *diags, const KitDiag *diag, const char *file, const char *source, size_t len, KitBuf *out)
{
	for (int i = 1; i < diags->n_sources && diag->file[0] != '\0'; i++)
		if (strcmp(diags->sources[i].label, diag->file) == 0)
		{
			lang_diag_render(diag, diag->file, diags->sources[i].text, diags->sources[i].len, out);
			return;
		}
	lang_diag_render(diag, file, source, len, out);
}
