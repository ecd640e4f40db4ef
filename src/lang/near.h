/*
 * near.h
 *	  How much two names look alike: for "did you mean".
 */
#ifndef ADAMA_LANG_NEAR_H
#define ADAMA_LANG_NEAR_H

#define LANG_NEAR_MAX 40		/* longer names are not compared */

/*
 * Letters that must be changed, added, left out or swapped to make one of the other, upper and lower case being equal; limit + 1 for
 * more than limit.  Neither is longer than LANG_NEAR_MAX.
 */
extern int	lang_near(const char *a, const char *b, int limit);

/* From this distance on, names of this length are no longer alike. */
extern int	lang_near_limit(const char *wanted);

#endif
