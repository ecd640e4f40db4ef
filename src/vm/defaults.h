/*
 * defaults.h
 *	  What a new object starts with.
 *
 * Initial values are constant expressions: the compiler of the program evaluates them once, so that a new row or message is a copy of an array.
 */
#ifndef ADAMA_VM_DEFAULTS_H
#define ADAMA_VM_DEFAULTS_H

#include "vm/value.h"

/*
 * The initial values of the structure's slots (structure->n_slots), all static: strings, principals, maybes and lists live as long as the
 * program and are never changed.  The slots of tables, nested records and nested messages hold NULL: whoever makes the object makes them.
 */
extern const VmVal *vm_program_defaults(const VmProgram *program, const LangStruct *structure);

/* A message (or viewer object, or anonymous object) with its initial values, nested messages included. */
extern VmObj *vm_message_new(const VmProgram *program, const LangStruct *structure, KitArena *arena);

#endif
