/*
 * tally.h
 *	  What of the machine was used: counted only where VM_TALLY is defined, for the driver of the language cases, which asks whether they reach all of it.
 */
#ifndef ADAMA_VM_TALLY_H
#define ADAMA_VM_TALLY_H

#include "vm/code.h"

#ifdef VM_TALLY
typedef struct VmTally
{
	uint64_t	ops[VM_N_OPS];				/* instructions run */
	uint64_t	builtins[LANG_N_BUILTINS];	/* run; those that are not functions of the machine: lowered */
	uint64_t	lifted[LANG_N_BUILTINS];	/* lowered with an argument that is a maybe */
} VmTally;

extern VmTally vm_tally;

#define VM_COUNT(what, id) (vm_tally.what[id]++)
#else
#define VM_COUNT(what, id) ((void) 0)
#endif

#endif
