/*
 * words.h
 *	  A line of a case's script: its words, JSON, and positions in the source.  What takes something moves *p behind it.
 */
#ifndef ADAMA_CASES_WORDS_H
#define ADAMA_CASES_WORDS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *
skip_spaces(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* Takes the word at *p; false at the end of the line. */
static bool
take_word(const char **p, char *word, size_t size)
{
	size_t		n = 0;

	*p = skip_spaces(*p);
	while (**p != '\0' && **p != ' ')
	{
		if (n + 1 < size)
			word[n++] = **p;
		(*p)++;
	}
	word[n] = '\0';
	return n > 0;
}

static bool
take(const char **p, const char *word)
{
	const char *at = skip_spaces(*p);
	size_t		n = strlen(word);

	if (strncmp(at, word, n) != 0 || (at[n] != '\0' && at[n] != ' '))
		return false;
	*p = at + n;
	return true;
}

/* The JSON value at *p: up to where its brackets are closed. */
static bool
take_json(const char **p, const char **json, size_t *len)
{
	const char *at = skip_spaces(*p);
	const char *start = at;
	int			depth = 0;
	bool		in_string = false;

	if (*at != '{' && *at != '[')
		return false;
	for (; *at != '\0'; at++)
	{
		if (in_string)
		{
			if (*at == '\\' && at[1] != '\0')
				at++;
			else if (*at == '"')
				in_string = false;
		}
		else if (*at == '"')
			in_string = true;
		else if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && --depth == 0)
		{
			at++;
			break;
		}
	}
	*json = start;
	*len = (size_t) (at - start);
	*p = at;
	return true;
}

static bool
take_position(const char **p, int *line, int *column)
{
	const char *at = skip_spaces(*p);
	int			n = 0;

	if (sscanf(at, "%d:%d%n", line, column, &n) != 2)
		return false;
	*p = at + n;
	return true;
}

#endif
