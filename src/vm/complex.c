/*
 * complex.c
 *	  Complex numbers: arithmetic, comparison, text.
 */
#include <math.h>

#include "doc/doc.h"
#include "vm/machine.h"

bool
vm_make_complex(Vm *vm, double re, double im, VmVal *out)
{
	VmComplex  *number;

	if (!vm_charge(vm, sizeof(VmComplex)))
		return false;
	number = kit_arena_alloc(vm->arena, sizeof(VmComplex));
	*number = (VmComplex) {re + 0.0, im + 0.0};	/* no zero is negative */
	out->complex = number;
	return true;
}

/* Scales both parts by a power of two, which changes no digit, so that the larger is about 1. */
static VmComplex
scaled(const VmComplex *a, int *exponent)
{
	double		larger = fabs(a->re) > fabs(a->im) ? fabs(a->re) : fabs(a->im);

	*exponent = 0;
	if (larger - larger == 0)
		frexp(larger, exponent);
	return (VmComplex) {ldexp(a->re, -*exponent), ldexp(a->im, -*exponent)};
}

static bool
quotient(Vm *vm, const VmComplex *a, const VmComplex *b, VmVal *out)
{
	int			a_exponent;
	int			b_exponent;
	VmComplex	x = scaled(a, &a_exponent);
	VmComplex	y = scaled(b, &b_exponent);
	double		square = y.re * y.re + y.im * y.im;
	double		re = ldexp((x.re * y.re + x.im * y.im) / square, a_exponent - b_exponent);
	double		im = ldexp((x.im * y.re - x.re * y.im) / square, a_exponent - b_exponent);

	if (!(re - re == 0) || !(im - im == 0))
	{
		out->maybe = NULL;
		return true;
	}
	return vm_make_complex(vm, re, im, out) && vm_make_maybe(vm, *out, out);
}

static bool
arithmetic(Vm *vm, VmOp op, const VmComplex *a, const VmComplex *b, VmVal *out)
{
	switch (op)
	{
		case VM_ADD_COMPLEX:
			return vm_make_complex(vm, a->re + b->re, a->im + b->im, out);
		case VM_SUB_COMPLEX:
			return vm_make_complex(vm, a->re - b->re, a->im - b->im, out);
		case VM_MUL_COMPLEX:
			return vm_make_complex(vm, a->re * b->re - a->im * b->im, a->re * b->im + a->im * b->re, out);
		case VM_NEG_COMPLEX:
			return vm_make_complex(vm, -a->re, -a->im, out);
		default:
			return quotient(vm, a, b, out);
	}
}

/* Empty in, empty out. */
static bool
maybe_arithmetic(Vm *vm, VmOp op, const VmMaybe *a, const VmMaybe *b, VmVal *out)
{
	if (a == NULL || b == NULL)
	{
		out->maybe = NULL;
		return true;
	}
	if (op == VM_DIV_COMPLEX)
		return quotient(vm, a->value.complex, b->value.complex, out);
	return arithmetic(vm, op, a->value.complex, b->value.complex, out) && vm_make_maybe(vm, *out, out);
}

bool
vm_complex_near(const VmComplex *a, const VmComplex *b)
{
	return fabs(a->re - b->re) < 1e-8 && fabs(a->im - b->im) < 1e-8;
}

static bool
maybe_near(const VmMaybe *a, const VmMaybe *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return vm_complex_near(a->value.complex, b->value.complex);
}

bool
vm_complex_operation(Vm *vm, uint16_t op, VmVal b, VmVal c, VmVal *a)
{
	switch ((VmOp) op)
	{
		case VM_MAYBE_ADD_COMPLEX:
			return maybe_arithmetic(vm, VM_ADD_COMPLEX, b.maybe, c.maybe, a);
		case VM_MAYBE_SUB_COMPLEX:
			return maybe_arithmetic(vm, VM_SUB_COMPLEX, b.maybe, c.maybe, a);
		case VM_MAYBE_MUL_COMPLEX:
			return maybe_arithmetic(vm, VM_MUL_COMPLEX, b.maybe, c.maybe, a);
		case VM_MAYBE_DIV_COMPLEX:
			return maybe_arithmetic(vm, VM_DIV_COMPLEX, b.maybe, c.maybe, a);
		case VM_MAYBE_NEG_COMPLEX:
			return maybe_arithmetic(vm, VM_NEG_COMPLEX, b.maybe, b.maybe, a);
		case VM_EQ_COMPLEX:
			a->i = vm_complex_near(b.complex, c.complex);
			return true;
		case VM_NE_COMPLEX:
			a->i = !vm_complex_near(b.complex, c.complex);
			return true;
		case VM_EQ_MAYBE_COMPLEX:
			a->i = maybe_near(b.maybe, c.maybe);
			return true;
		case VM_NE_MAYBE_COMPLEX:
			a->i = !maybe_near(b.maybe, c.maybe);
			return true;
		default:
			return arithmetic(vm, (VmOp) op, b.complex, c.complex, a);
	}
}

/* As the original writes them: 1.5 2.0i, 1.5 -2.0i. */
bool
vm_complex_string(Vm *vm, const VmComplex *a, VmVal *out)
{
	KitBuf		text;

	if (!vm_charge(vm, 64))
		return false;
	kit_buf_init(&text, vm->arena);
	doc_double_text(a->re, &text);
	kit_buf_add_char(&text, ' ');
	doc_double_text(a->im, &text);
	kit_buf_add_char(&text, 'i');
	return vm_make_string(vm, text.data, text.len, out);
}
