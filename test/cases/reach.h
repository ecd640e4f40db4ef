/*
 * reach.h
 *	  Whether the cases that ran reach all of the machine: each instruction, each built-in, and each built-in with maybes that takes them.
 */
#ifndef ADAMA_CASES_REACH_H
#define ADAMA_CASES_REACH_H

#include <stdio.h>

#include "vm/tally.h"

static const char *
reach_op(int i)
{
	return vm_op_name((VmOp) i);
}

static const char *
reach_builtin(int i)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s.%s%s", lang_builtins[i].space, lang_builtins[i].name, lang_builtins[i].signature);
	return text;
}

static bool
reach_takes_maybes(int i)
{
	return lang_builtins[i].signature[0] == '?';
}

/* A test that fails when one that counts was never counted. */
static bool
reach_all(const char *what, const uint64_t *counts, int n, const char *(*name) (int), bool (*is_wanted) (int), int number)
{
	bool		ok = true;

	for (int i = 0; i < n; i++)
		if (counts[i] == 0 && (is_wanted == NULL || is_wanted(i)))
		{
			printf("# never: %s\n", name(i));
			ok = false;
		}
	printf("%s %d - %s\n", ok ? "ok" : "not ok", number, what);
	return ok;
}

/* A test each, counted in *n.  Returns how many failed. */
static int
reach_report(int *n)
{
	int			n_failed = 0;

	n_failed += !reach_all("the cases run each instruction", vm_tally.ops, VM_N_OPS, reach_op, NULL, ++*n);
	n_failed += !reach_all("the cases run each built-in", vm_tally.builtins, LANG_N_BUILTINS, reach_builtin, NULL, ++*n);
	n_failed += !reach_all("the cases call each built-in with maybes that takes them", vm_tally.lifted, LANG_N_BUILTINS, reach_builtin, reach_takes_maybes, ++*n);
	return n_failed;
}

#endif
