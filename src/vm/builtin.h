/*
 * builtin.h
 *	  The built-ins that live in files of their own, for the table in builtin.c.
 */
#ifndef ADAMA_VM_BUILTIN_H
#define ADAMA_VM_BUILTIN_H

#include "vm/machine.h"

#define VM_BUILTIN_FUNCTION(name) extern bool name(Vm *vm, const VmVal *args, VmVal *out)

/* builtin_string.c */
VM_BUILTIN_FUNCTION(vm_string_length);
VM_BUILTIN_FUNCTION(vm_string_is_empty);
VM_BUILTIN_FUNCTION(vm_string_is_blank);
VM_BUILTIN_FUNCTION(vm_string_trim);
VM_BUILTIN_FUNCTION(vm_string_trim_left);
VM_BUILTIN_FUNCTION(vm_string_trim_right);
VM_BUILTIN_FUNCTION(vm_string_upper);
VM_BUILTIN_FUNCTION(vm_string_lower);
VM_BUILTIN_FUNCTION(vm_string_contains);
VM_BUILTIN_FUNCTION(vm_string_starts_with);
VM_BUILTIN_FUNCTION(vm_string_ends_with);
VM_BUILTIN_FUNCTION(vm_string_index_of);
VM_BUILTIN_FUNCTION(vm_string_index_of_from);
VM_BUILTIN_FUNCTION(vm_string_last_index_of);
VM_BUILTIN_FUNCTION(vm_string_left);
VM_BUILTIN_FUNCTION(vm_string_right);
VM_BUILTIN_FUNCTION(vm_string_mid);
VM_BUILTIN_FUNCTION(vm_string_substr);
VM_BUILTIN_FUNCTION(vm_string_replace_all);
VM_BUILTIN_FUNCTION(vm_string_compare);
VM_BUILTIN_FUNCTION(vm_string_equality);
VM_BUILTIN_FUNCTION(vm_string_of_bool);
VM_BUILTIN_FUNCTION(vm_string_of_int);
VM_BUILTIN_FUNCTION(vm_string_of_double);

#endif
