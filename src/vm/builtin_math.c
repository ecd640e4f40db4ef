/*
 * builtin_math.c
 *	  The library of numbers, complex ones too.  Nothing here depends on the machine: kit/real.h has the elementary functions; of the C library only what is
 *	  exact is used.
 */
#include <math.h>
#include <string.h>

#include "kit/real.h"
#include "vm/builtin.h"

#define INT32(x) ((int32_t) (uint32_t) (x))

/* ---- whole numbers and comparisons ---- */

bool
vm_math_abs_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i < 0 ? INT32(0 - (uint64_t) args[0].i) : args[0].i;
	return true;
}

bool
vm_math_abs_long(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i < 0 ? (int64_t) (0 - (uint64_t) args[0].i) : args[0].i;
	return true;
}

bool
vm_math_abs_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = fabs(args[0].d);
	return true;
}

bool
vm_math_min_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i < args[1].i ? args[0].i : args[1].i;
	return true;
}

bool
vm_math_max_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i > args[1].i ? args[0].i : args[1].i;
	return true;
}

/* What is not a number stays so. */
static double
smaller(double a, double b)
{
	if (a != a)
		return a;
	return a < b ? a : b;
}

static double
larger(double a, double b)
{
	if (a != a)
		return a;
	return a > b ? a : b;
}

bool
vm_math_min_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = smaller(args[0].d, args[1].d);
	return true;
}

bool
vm_math_max_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = larger(args[0].d, args[1].d);
	return true;
}

bool
vm_math_clamp_int(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		x = args[0].i;

	if (x < args[1].i)
		x = args[1].i;
	out->i = x > args[2].i ? args[2].i : x;
	return true;
}

bool
vm_math_clamp_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = smaller(larger(args[0].d, args[1].d), args[2].d);
	return true;
}

bool
vm_math_sign_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = (args[0].i > 0) - (args[0].i < 0);
	return true;
}

bool
vm_math_sign_double(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = args[0].d;

	out->i = (d > 0) - (d < 0);
	return true;
}

bool
vm_math_floor(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = floor(args[0].d);
	return true;
}

bool
vm_math_ceil(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = ceil(args[0].d);
	return true;
}

/* As Java's (int) Math.floor(x + 0.5): what is too large becomes the largest, what is no number 0. */
bool
vm_math_round(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = floor(args[0].d + 0.5);

	if (d != d)
		out->i = 0;
	else if (d >= INT32_MAX)
		out->i = INT32_MAX;
	else if (d <= INT32_MIN)
		out->i = INT32_MIN;
	else
		out->i = (int32_t) d;
	return true;
}

/* ---- rounding ---- */

bool
vm_math_signum(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = args[0].d;

	out->d = d > 0 ? 1 : d < 0 ? -1 : d;
	return true;
}

bool
vm_math_floor_to(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = floor(args[0].d / args[1].d) * args[1].d;
	return true;
}

bool
vm_math_ceil_to(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = ceil(args[0].d / args[1].d) * args[1].d;
	return true;
}

/* floor(x + 0.5), but for 0.49999999999999994, where the sum would be rounded up to 1, and for what is whole already. */
static double
rounded(double x)
{
	double		below = floor(x);

	return x - below < 0.5 ? below : below + 1;
}

bool
vm_math_round_to_multiple(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = rounded(args[0].d / args[1].d) * args[1].d;
	return true;
}

/* Where the power of ten overflows or vanishes, all digits that x has are kept, or none. */
bool
vm_math_round_to(Vm *vm, const VmVal *args, VmVal *out)
{
	double		x = args[0].d;
	double		power = kit_pow(10, (double) args[1].i);

	if (power == 0)
		out->d = x - x == 0 ? 0 : x;
	else if (power * x - power * x != 0)
		out->d = x;
	else
		out->d = rounded(x * power) / power;
	return vm_charge_steps(vm, VM_REAL_STEPS);
}

bool
vm_math_int_of(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = trunc(args[0].d);

	if (d >= INT32_MIN && d <= INT32_MAX)
		return vm_make_maybe(vm, (VmVal) {.i = (int64_t) d}, out);
	out->maybe = NULL;
	return true;
}

bool
vm_math_long_of(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = trunc(args[0].d);

	if (d >= -0x1p63 && d < 0x1p63)
		return vm_make_maybe(vm, (VmVal) {.i = (int64_t) d}, out);
	out->maybe = NULL;
	return true;
}

bool
vm_math_clamp_int_of(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = args[0].d;

	out->i = d != d ? 0 : d >= INT32_MAX ? INT32_MAX : d <= INT32_MIN ? INT32_MIN : (int32_t) d;
	return true;
}

/* ---- division of whole numbers ---- */

static bool
refuse_zero(Vm *vm, const char *name)
{
	vm_fail(vm, KIT_RUNTIME_ERROR, "Math.%s by 0", name);
	kit_diag_hint(vm->diag, "Ask first, or use / or %%, which yield a maybe.");
	return false;
}

/* The smallest long divided by -1 wraps. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t		q;

	if (b == -1)
		return (int64_t) (0 - (uint64_t) a);
	q = a / b;
	return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

bool
vm_math_floor_div_int(Vm *vm, const VmVal *args, VmVal *out)
{
	if (args[1].i == 0)
		return refuse_zero(vm, "floorDiv");
	out->i = INT32(floor_div(args[0].i, args[1].i));
	return true;
}

bool
vm_math_floor_div_long(Vm *vm, const VmVal *args, VmVal *out)
{
	if (args[1].i == 0)
		return refuse_zero(vm, "floorDiv");
	out->i = floor_div(args[0].i, args[1].i);
	return true;
}

bool
vm_math_floor_mod(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		a = args[0].i;
	int64_t		b = args[1].i;
	int64_t		rest;

	if (b == 0)
		return refuse_zero(vm, "floorMod");
	rest = b == -1 ? 0 : a % b;
	out->i = rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
	return true;
}

static int64_t
gcd(int64_t a, int64_t b)
{
	a = a < 0 ? -a : a;
	b = b < 0 ? -b : b;
	while (b != 0)
	{
		int64_t		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool
vm_math_gcd(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = INT32(gcd(args[0].i, args[1].i));
	return true;
}

bool
vm_math_lcm(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		divisor = gcd(args[0].i, args[1].i);
	int64_t		multiple = divisor == 0 ? 0 : args[0].i / divisor * args[1].i;

	out->i = INT32(multiple < 0 ? -multiple : multiple);
	return true;
}

/* ---- elementary functions ---- */

#define ELEMENTARY(name) \
bool \
vm_math_##name(Vm *vm, const VmVal *args, VmVal *out) \
{ \
	out->d = kit_##name(args[0].d); \
	return vm_charge_steps(vm, VM_REAL_STEPS); \
}

ELEMENTARY(cbrt)
ELEMENTARY(exp)
ELEMENTARY(expm1)
ELEMENTARY(log)
ELEMENTARY(log10)
ELEMENTARY(log1p)
ELEMENTARY(log2)
ELEMENTARY(sin)
ELEMENTARY(cos)
ELEMENTARY(tan)
ELEMENTARY(asin)
ELEMENTARY(acos)
ELEMENTARY(atan)
ELEMENTARY(sinh)
ELEMENTARY(cosh)
ELEMENTARY(tanh)
ELEMENTARY(asinh)
ELEMENTARY(acosh)
ELEMENTARY(atanh)
ELEMENTARY(sec)
ELEMENTARY(csc)
ELEMENTARY(cot)

#define ELEMENTARY_OF_TWO(name) \
bool \
vm_math_##name(Vm *vm, const VmVal *args, VmVal *out) \
{ \
	out->d = kit_##name(args[0].d, args[1].d); \
	return vm_charge_steps(vm, VM_REAL_STEPS); \
}

ELEMENTARY_OF_TWO(atan2)
ELEMENTARY_OF_TWO(hypot)
ELEMENTARY_OF_TWO(pow)

bool
vm_math_pi(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = 0x1.921fb54442d18p+1;
	return true;
}

bool
vm_math_e(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = 0x1.5bf0a8b145769p+1;
	return true;
}

bool
vm_math_radians(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d * 0x1.1df46a2529d39p-6;	/* pi / 180 */
	return true;
}

bool
vm_math_degrees(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d * 0x1.ca5dc1a63c1f8p+5;	/* 180 / pi */
	return true;
}

bool
vm_math_ulp(Vm *vm, const VmVal *args, VmVal *out)
{
	double		size = fabs(args[0].d);
	uint64_t	bits;
	double		next;

	if (!(size - size == 0))
	{
		out->d = size;
		return true;
	}
	if (size == 0x1.fffffffffffffp+1023)
	{
		out->d = 0x1p971;		/* the next one is not finite */
		return true;
	}
	memcpy(&bits, &size, sizeof(bits));
	bits++;
	memcpy(&next, &bits, sizeof(bits));
	out->d = next - size;
	return true;
}

bool
vm_math_get_exponent(Vm *vm, const VmVal *args, VmVal *out)
{
	uint64_t	bits;

	memcpy(&bits, &args[0].d, sizeof(bits));
	out->d = (double) ((int) (bits >> 52 & 0x7ff) - 1023);
	return true;
}

bool
vm_math_ieee_remainder(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = remainder(args[0].d, args[1].d);
	return vm_charge_steps(vm, VM_REAL_STEPS);
}

bool
vm_math_copy_sign(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = copysign(args[0].d, args[1].d);
	return true;
}

bool
vm_math_lerp(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].d + (args[1].d - args[0].d) * args[2].d;
	return true;
}

/* ---- questions ---- */

bool
vm_math_is_nan(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d != args[0].d;
	return true;
}

bool
vm_math_is_nan_maybe(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].maybe == NULL || args[0].maybe->value.d != args[0].maybe->value.d;
	return true;
}

bool
vm_math_is_infinite(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = fabs(args[0].d) == INFINITY;
	return true;
}

bool
vm_math_is_infinite_maybe(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].maybe != NULL && fabs(args[0].maybe->value.d) == INFINITY;
	return true;
}

bool
vm_math_valid(Vm *vm, const VmVal *args, VmVal *out)
{
	if (args[0].d - args[0].d == 0)
		return vm_make_maybe(vm, args[0], out);
	out->maybe = NULL;
	return true;
}

bool
vm_math_near(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = fabs(args[0].d - args[1].d) < 1e-8;
	return true;
}

bool
vm_math_near_complex(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm_complex_near(args[0].complex, args[1].complex);
	return true;
}

bool
vm_math_xor(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i != args[1].i;
	return true;
}

bool
vm_math_is_true(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].maybe != NULL && args[0].maybe->value.i != 0;
	return true;
}

bool
vm_math_force_id(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].maybe == NULL ? 0 : args[0].maybe->value.i;
	return true;
}

bool
vm_math_intersects_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].i <= args[1].i && args[2].i <= args[3].i && args[0].i <= args[3].i && args[2].i <= args[1].i;
	return true;
}

bool
vm_math_intersects_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d <= args[1].d && args[2].d <= args[3].d && args[0].d <= args[3].d && args[2].d <= args[1].d;
	return true;
}

bool
vm_math_range_ii(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d <= args[1].d && args[1].d <= args[2].d;
	return true;
}

bool
vm_math_range_ie(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d <= args[1].d && args[1].d < args[2].d;
	return true;
}

bool
vm_math_range_ei(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d < args[1].d && args[1].d <= args[2].d;
	return true;
}

bool
vm_math_range_ee(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = args[0].d < args[1].d && args[1].d < args[2].d;
	return true;
}

/* ---- complex numbers ---- */

bool
vm_math_sqrt(Vm *vm, const VmVal *args, VmVal *out)
{
	double		d = args[0].d;

	return d < 0 ? vm_make_complex(vm, 0, sqrt(-d), out) : vm_make_complex(vm, sqrt(d), 0, out);
}

bool
vm_math_length(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = kit_hypot(args[0].complex->re, args[0].complex->im);
	return vm_charge_steps(vm, VM_REAL_STEPS);
}

bool
vm_math_conj(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_make_complex(vm, args[0].complex->re, -args[0].complex->im, out);
}

bool
vm_complex_re(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].complex->re;
	return true;
}

bool
vm_complex_im(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = args[0].complex->im;
	return true;
}
