/*
 * near.c
 *	  How much two names look alike: edit distance with transpositions.
 */
#include <stdbool.h>
#include <string.h>

#include "lang/near.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
}

int
lang_near(const char *a, const char *b, int limit)
{
	int			rows[3][LANG_NEAR_MAX + 1];
	int			n = (int) strlen(a);
	int			m = (int) strlen(b);
	int		   *before = rows[0],
			   *last = rows[1],
			   *now = rows[2];

	if (n - m > limit || m - n > limit)
		return limit + 1;
	for (int j = 0; j <= m; j++)
		last[j] = j;
	for (int i = 1; i <= n; i++)
	{
		int		   *oldest = before;
		int			least = now[0] = i;

		for (int j = 1; j <= m; j++)
		{
			bool		same = lower(a[i - 1]) == lower(b[j - 1]);
			int			best = last[j - 1] + (same ? 0 : 1);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
			if (best < least)
				least = best;
		}
		if (least > limit)
			return limit + 1;
		before = last;
		last = now;
		now = oldest;
	}
	return last[m];
}

int
lang_near_limit(const char *wanted)
{
	size_t		len = strlen(wanted);

	return len <= 1 ? 1 : len <= 4 ? 2 : len <= 8 ? 3 : 4;
}
