/*
 * builtins.c
 *	  The built-in functions as data, and the names of the standard library that this version knows of but does not have.
 */
#include <string.h>

#include "lang/check_internal.h"

const LangBuiltin lang_builtins[] = {
#define LANG_BUILTIN(id, space, name, signature, reads, doc) [id] = {id, space, name, signature, reads, doc},
#include "lang/builtins.def"
#undef LANG_BUILTIN
};

/* What the language's library has besides lang_builtins: names separated by spaces; "" stands for all, NULL for nothing. */
static const struct
{
	const char *space;
	const char *names;
}			missing[] = {
	{"String", NULL},
	{"Math", NULL},
	{"Statistics", NULL},
	{"Random", "genVec2 genVec3"},
	{"Time", NULL},
	{"Date", NULL},
	{"TimeSpan", NULL},
	{"Principal", NULL},
	{"Dynamic", NULL},
	{"Json", NULL},
	{"Document", NULL},
	{"ViewState", NULL},
	{"Messaging", NULL},
	{"Runtime", "isBeta"},
	{"Token", NULL},
	{"Vector", "length normalize cmult flipToUp"},
	{"Matrix", "inverse to_3 to_4 to_rotation"},
	{"HTML", ""},
	{"Template", ""},
	{"Templates", ""},
	{"Mazes", ""},
	{"table", "to_csv"},
	{"channel", "fetch fetchTimed decide choose enqueue"},
};

#define N_MISSING ((int) (sizeof(missing) / sizeof(missing[0])))

bool
check_is_namespace(const char *name)
{
	for (int i = 0; i < N_MISSING; i++)
		if (missing[i].space[0] < 'a' && strcmp(missing[i].space, name) == 0)
			return true;
	return false;
}

bool
check_builtin_is_missing(const char *space, const char *name)
{
	size_t		len = strlen(name);

	for (int i = 0; i < N_MISSING; i++)
	{
		const char *p = missing[i].names;

		if (p == NULL || strcmp(missing[i].space, space) != 0)
			continue;
		if (*p == '\0')
			return missing[i].space[0] < 'a';
		for (; p != NULL; p = strchr(p, ' '))
		{
			p += *p == ' ';
			if (strncmp(p, name, len) == 0 && (p[len] == ' ' || p[len] == '\0'))
				return true;
		}
	}
	return false;
}

/* Offers all names that space has to a suggestion. */
void
check_suggest_builtins(CheckSuggestion *s, const char *space)
{
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].space, space) == 0)
			check_suggest(s, lang_builtins[i].name);
}

void
check_suggest_namespaces(CheckSuggestion *s)
{
	for (int i = 0; i < N_MISSING; i++)
		if (missing[i].space[0] < 'a')
			check_suggest(s, missing[i].space);
}
