/*
 * arith.h
 *	  Arithmetic and comparison of numbers and maybes that take more than the line of an instruction (interp.c).
 *
 * What makes a value may run out of budget, and returns false then.
 */
#ifndef ADAMA_VM_ARITH_H
#define ADAMA_VM_ARITH_H

#include "vm/machine.h"

static inline bool
vm_near(double a, double b)
{
	double		d = a - b;

	return d < 1e-8 && d > -1e-8;
}

static inline bool
vm_same_maybe_string(const VmMaybe *a, const VmMaybe *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return vm_str_equal(a->value.str, b->value.str);
}

static inline bool
vm_same_maybe_int(const VmMaybe *a, const VmMaybe *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->value.i == b->value.i;
}

static inline bool
vm_same_maybe_near(const VmMaybe *a, const VmMaybe *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return vm_near(a->value.d, b->value.d);
}

static inline bool
vm_make_maybe_finite(Vm *vm, double d, VmVal *out)
{
	if (!(d - d == 0))
	{
		out->maybe = NULL;
		return true;
	}
	return vm_make_maybe(vm, (VmVal) {.d = d}, out);
}

/* Arithmetic of maybe doubles. */
static inline bool
vm_maybe_double(Vm *vm, uint16_t op, const VmMaybe *a, const VmMaybe *b, VmVal *out)
{
	double		d;

	if (a == NULL || b == NULL)
	{
		out->maybe = NULL;
		return true;
	}
	switch (op)
	{
		case VM_MAYBE_ADD_DOUBLE:
			d = a->value.d + b->value.d;
			break;
		case VM_MAYBE_SUB_DOUBLE:
			d = a->value.d - b->value.d;
			break;
		case VM_MAYBE_MUL_DOUBLE:
			d = a->value.d * b->value.d;
			break;
		default:
			return vm_make_maybe_finite(vm, a->value.d / b->value.d, out);
	}
	return vm_make_maybe(vm, (VmVal) {.d = d}, out);
}

/* The remainder with the sign of the dividend. */
static inline bool
vm_make_remainder(Vm *vm, int64_t a, int64_t b, VmVal *out)
{
	if (b == 0)
	{
		out->maybe = NULL;
		return true;
	}
	return vm_make_maybe(vm, (VmVal) {.i = b == -1 ? 0 : a % b}, out);
}

#endif
