/*
 * diag.c
 *	  Filling a diagnostic, and the names of the errors.
 */
#include "kit/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct ErrorEntry
{
	const char *symbol;			/* "KIT_SYNTAX_ERROR" */
	const char *sqlstate;
	const char *doc;
} ErrorEntry;

static const ErrorEntry errors[KIT_N_ERRORS] = {
	[KIT_OK] = {"KIT_OK", "00000", "nothing is wrong"},
#define KIT_ERROR(name, sqlstate, doc) [name] = {#name, sqlstate, doc},
#include "kit/errors.def"
#undef KIT_ERROR
};

static void __attribute__((format(printf, 2, 0)))
format_text(char text[512], const char *format, va_list args)
{
	int			len = vsnprintf(text, 512, format, args);

	if (len < 0)
		text[0] = '\0';
	else if (len >= 512)
	{
		/* What is cut must not end within a character: step back over it, as far as the text is UTF-8. */
		size_t		end = 511;

		while (end > 0 && ((unsigned char) text[end - 1] & 0xc0) == 0x80)
			end--;
		if (end > 0 && (unsigned char) text[end - 1] >= 0xc0)
			end--;
		text[end] = '\0';
	}
}

bool
kit_fail(KitDiag *diag, KitError code, const char *format,...)
{
	va_list		args;

	if (diag == NULL)
		return false;
	diag->code = code;
	diag->severity = KIT_SEVERITY_ERROR;
	diag->line = 0;
	diag->column = 0;
	diag->length = 1;
	diag->file[0] = '\0';
	diag->detail[0] = '\0';
	diag->hint[0] = '\0';
	va_start(args, format);
	format_text(diag->message, format, args);
	va_end(args);
	return false;
}

void
kit_diag_hint(KitDiag *diag, const char *format,...)
{
	va_list		args;

	if (diag == NULL)
		return;
	va_start(args, format);
	format_text(diag->hint, format, args);
	va_end(args);
}

void
kit_diag_detail(KitDiag *diag, const char *format,...)
{
	va_list		args;

	if (diag == NULL)
		return;
	va_start(args, format);
	format_text(diag->detail, format, args);
	va_end(args);
}

void
kit_diag_at(KitDiag *diag, int line, int column, int length)
{
	if (diag == NULL)
		return;
	diag->line = line;
	diag->column = column;
	diag->length = length < 1 ? 1 : length;
}

void
kit_diag_in(KitDiag *diag, const char *file)
{
	if (diag != NULL)
		snprintf(diag->file, sizeof(diag->file), "%s", file == NULL ? "" : file);
}

const char *
kit_error_name(KitError code)
{
	static char names[KIT_N_ERRORS][32];
	char	   *name;

	if ((unsigned) code >= KIT_N_ERRORS)
		return "unknown";
	name = names[code];
	if (name[0] == '\0')
	{
		const char *symbol = errors[code].symbol + strlen("KIT_");
		size_t		i;

		for (i = 0; symbol[i] != '\0' && i < sizeof(names[0]) - 1; i++)
			name[i] = symbol[i] >= 'A' && symbol[i] <= 'Z' ? (char) (symbol[i] - 'A' + 'a') : symbol[i];
		name[i] = '\0';
	}
	return name;
}

const char *
kit_error_sqlstate(KitError code)
{
	return (unsigned) code < KIT_N_ERRORS ? errors[code].sqlstate : "XX000";
}

const char *
kit_error_doc(KitError code)
{
	return (unsigned) code < KIT_N_ERRORS ? errors[code].doc : "";
}
