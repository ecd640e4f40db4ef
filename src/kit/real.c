/*
 * real.c
 *	  Elementary functions, computed with pairs of doubles.
 *
 * A Pair is the unevaluated sum of two doubles, hi being the double nearest to it: about 106 bits.  The sum and the product of two doubles are such pairs
 * exactly (Knuth, Dekker); everything here is made of additions, multiplications, divisions and square roots, which IEEE 754 defines to the
 * last bit.  The compiler must not fuse a multiplication with an addition: -ffp-contract=off, in every makefile.
 *
 * The series are Taylor's, after the argument was made small: exp by halving it eight times, log by taking the power of two out, sin and cos by the
 * quadrant, atan by halving the angle three times.  Of the arguments of sin and cos the quadrant is found with as many bits of 2/pi as it takes
 * (Payne and Hanek), so sin(1e300) is right, too.
 */
#include "kit/real.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 Wide;

typedef struct Pair
{
	double		hi;
	double		lo;
} Pair;

static const Pair one = {1, 0};
static const Pair half_pi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
static const Pair ln_2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const Pair ln_10 = {0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53};

/* ---- arithmetic ---- */

static inline Pair
normal(double hi, double lo)
{
	double		s = hi + lo;

	return (Pair) {s, lo - (s - hi)};
}

/* The exact sum. */
static inline Pair
sum(double a, double b)
{
	double		s = a + b;
	double		t = s - a;

	return (Pair) {s, (a - (s - t)) + (b - t)};
}

/* The exact product, of numbers below 2^970. */
static inline Pair
product(double a, double b)
{
	double		p = a * b;
	double		t = 134217729.0 * a;
	double		a_hi = t - (t - a);
	double		a_lo = a - a_hi;
	double		b_hi,
				b_lo;

	t = 134217729.0 * b;
	b_hi = t - (t - b);
	b_lo = b - b_hi;
	return (Pair) {p, ((a_hi * b_hi - p) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
}

static inline Pair
add(Pair a, Pair b)
{
	Pair		s = sum(a.hi, b.hi);
	Pair		t = sum(a.lo, b.lo);

	s = normal(s.hi, s.lo + t.hi);
	return normal(s.hi, s.lo + t.lo);
}

static inline Pair
negative(Pair a)
{
	return (Pair) {-a.hi, -a.lo};
}

static inline Pair
multiply(Pair a, Pair b)
{
	Pair		p = product(a.hi, b.hi);

	return normal(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static inline Pair
multiply_by(Pair a, double b)
{
	Pair		p = product(a.hi, b);

	return normal(p.hi, p.lo + a.lo * b);
}

static Pair
divide(Pair a, Pair b)
{
	double		q1 = a.hi / b.hi;
	Pair		rest = add(a, negative(multiply_by(b, q1)));
	double		q2 = rest.hi / b.hi;
	double		q3;

	rest = add(rest, negative(multiply_by(b, q2)));
	q3 = rest.hi / b.hi;
	return add(normal(q1, q2), (Pair) {q3, 0});
}

static inline Pair
divide_by(Pair a, double b)
{
	double		q = a.hi / b;
	Pair		p = product(q, b);

	return normal(q, ((a.hi - p.hi) - p.lo + a.lo) / b);
}

static Pair
root(Pair a)
{
	double		x;
	Pair		rest;

	if (a.hi <= 0)
		return (Pair) {0, 0};
	x = sqrt(a.hi);
	rest = add(a, negative(product(x, x)));
	return normal(x, rest.hi / (2 * x));
}

/* Times a power of two. */
static Pair
scaled(Pair a, int exponent)
{
	return (Pair) {ldexp(a.hi, exponent), ldexp(a.lo, exponent)};
}

static inline double
rounded(Pair a)
{
	return a.hi + a.lo;
}

/* ---- exponential function and logarithm ---- */

/* exp(x) - 1 for |x| < 0.4. */
static Pair
small_expm1(Pair x)
{
	Pair		r = scaled(x, -8);
	Pair		e = {0, 0};

	/* r + r^2/2! + …; (0.4/256)^12 / 12! is below 2^-140 of r */
	for (int n = 11; n >= 1; n--)
		e = multiply(divide_by(r, n), add(one, e));
	for (int i = 0; i < 8; i++)
		e = add(scaled(e, 1), multiply(e, e));	/* (1 + e)^2 - 1 */
	return e;
}

/* x as k ln 2 + rest, |rest| < 0.35. */
static Pair
take_ln_2(Pair x, int *k)
{
	*k = (int) floor(x.hi / ln_2.hi + 0.5);
	return add(x, negative(multiply_by(ln_2, *k)));
}

/* exp of a pair between -800 and 800, times 2^-*k. */
static Pair
pair_exp(Pair x, int *k)
{
	Pair		rest = take_ln_2(x, k);

	return add(one, small_expm1(rest));
}

static Pair
pair_expm1(Pair x)
{
	int			k;
	Pair		e;

	if (fabs(x.hi) < 0.3)
		return small_expm1(x);
	e = pair_exp(x, &k);
	return add(scaled(e, k), (Pair) {-1, 0});
}

double
kit_exp(double x)
{
	int			k;
	Pair		e;

	if (!(x > -750 && x < 710))
		return x != x ? x : x < 0 ? 0 : INFINITY;
	e = pair_exp((Pair) {x, 0}, &k);
	return ldexp(rounded(e), k);
}

double
kit_expm1(double x)
{
	if (!(x > -60 && x < 710))
		return x != x ? x : x < 0 ? -1 : INFINITY;
	if (fabs(x) < 0x1p-60)
		return x;
	return rounded(pair_expm1((Pair) {x, 0}));
}

/* 2 atanh(s) = log((1 + s) / (1 - s)) for |s| < 0.18. */
static Pair
log_of_ratio(Pair s)
{
	Pair		s2 = multiply(s, s);
	Pair		t = divide_by(one, 43);

	for (int n = 41; n >= 1; n -= 2)
		t = add(divide_by(one, n), multiply(s2, t));
	return scaled(multiply(s, t), 1);
}

/* log of a positive, finite, normal pair. */
static Pair
pair_log(Pair x)
{
	int			k;
	double		m = frexp(x.hi, &k);	/* 0.5 to 1 */
	Pair		y;
	Pair		log;

	if (m < 0.70710678)
		k--;
	y = scaled(x, -k);
	log = log_of_ratio(divide(add(y, (Pair) {-1, 0}), add(y, one)));
	return k == 0 ? log : add(multiply_by(ln_2, k), log);
}

/* log(1 + x) for x > -1: without losing what is small about it. */
static Pair
pair_log1p(Pair x)
{
	if (fabs(x.hi) < 0.25)
		return log_of_ratio(divide(x, add((Pair) {2, 0}, x)));
	return pair_log(add(one, x));
}

/* Of a positive, finite number, divided by log(base). */
static double
log_to_base(double x, const Pair *base)
{
	int			k = 0;
	Pair		log;

	if (x != x || x == INFINITY)
		return x;
	if (x <= 0)
		return x == 0 ? -INFINITY : NAN;
	if (x < 0x1p-1000)
	{
		k = -100;
		x *= 0x1p100;
	}
	log = pair_log((Pair) {x, 0});
	if (k != 0)
		log = add(log, multiply_by(ln_2, k));
	return rounded(base == NULL ? log : divide(log, *base));
}

double
kit_log(double x)
{
	return log_to_base(x, NULL);
}

double
kit_log2(double x)
{
	return log_to_base(x, &ln_2);
}

double
kit_log10(double x)
{
	return log_to_base(x, &ln_10);
}

double
kit_log1p(double x)
{
	if (x != x || x == INFINITY || fabs(x) < 0x1p-60)
		return x;
	if (x <= -1)
		return x == -1 ? -INFINITY : NAN;
	if (x > 0x1p500)
		return kit_log(x);
	return rounded(pair_log1p((Pair) {x, 0}));
}

static int
parity(double y)
{
	if (floor(y) != y)
		return -1;				/* no whole number */
	return fmod(y, 2) != 0;
}

double
kit_pow(double x, double y)
{
	double		size = fabs(x);
	double		sign = x < 0 && parity(y) == 1 ? -1 : 1;
	int			k;
	Pair		power;

	if (y == 0)
		return 1;
	if (x != x || y != y)
		return NAN;
	if (fabs(y) == INFINITY)
		return size == 1 ? NAN : (size > 1) == (y > 0) ? INFINITY : 0;
	if (size == 0 || size == INFINITY)
	{
		if (signbit(x) && parity(y) == 1)
			sign = -1;
		return (size == 0) == (y < 0) ? sign * INFINITY : sign * 0.0;
	}
	if (x < 0 && parity(y) < 0)
		return NAN;
	if (size == 1)
		return sign;
	if (y == 1)
		return x;
	if (size < 0x1p-1000)
		power = add(pair_log((Pair) {size * 0x1p100, 0}), multiply_by(ln_2, -100));
	else
		power = pair_log((Pair) {size, 0});
	if (fabs(y) > 0x1p80 || fabs(power.hi * y) > 800)
		return (power.hi > 0) == (y > 0) ? sign * INFINITY : sign * 0.0;
	power = pair_exp(multiply_by(power, y), &k);
	return sign * ldexp(rounded(power), k);
}

double
kit_cbrt(double x)
{
	int			k;
	double		m;
	Pair		cube_root;

	if (x == 0 || x != x || fabs(x) == INFINITY)
		return x;
	m = frexp(fabs(x), &k);
	while (k % 3 != 0)
	{
		m *= 0.5;
		k++;
	}
	cube_root = pair_log((Pair) {m, 0});
	{
		int			n;

		cube_root = pair_exp(divide_by(cube_root, 3), &n);
		return copysign(ldexp(rounded(cube_root), n + k / 3), x);
	}
}

double
kit_hypot(double x, double y)
{
	double		larger = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
	int			k;
	Pair		squares;

	if (fabs(x) == INFINITY || fabs(y) == INFINITY)
		return INFINITY;
	if (x != x || y != y)
		return NAN;
	if (larger == 0)
		return 0;
	frexp(larger, &k);
	x = ldexp(x, -k);
	y = ldexp(y, -k);
	squares = add(product(x, x), product(y, y));
	return ldexp(rounded(root(squares)), k);
}

/* ---- circles ---- */

/* Bits of 2/pi after the point. */
static const uint64_t two_over_pi[] = {
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
	0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
	0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab
};

#define N_TWO_OVER_PI ((int) (sizeof(two_over_pi) / sizeof(two_over_pi[0])))

/* 64 bits of it from bit number first on, where 1 is the first after the point. */
static uint64_t
bits_from(int first)
{
	int			at = first - 1;
	int			word = at >= 0 ? at / 64 : -((63 - at) / 64);
	int			shift = at - word * 64;
	uint64_t	high = word >= 0 && word < N_TWO_OVER_PI ? two_over_pi[word] : 0;
	uint64_t	low = word + 1 >= 0 && word + 1 < N_TWO_OVER_PI ? two_over_pi[word + 1] : 0;

	return shift == 0 ? high : high << shift | low >> (64 - shift);
}

/*
 * A finite x as quadrant * pi/2 + rest, |rest| <= pi/4.  With x = m 2^e, m whole: bits of 2/pi before number e - 1 add multiples of 4 to x * 2/pi; of the 192 bits
 * from there on, times m, the two highest are the quadrant and the others a fraction of it.
 */
static Pair
take_quadrant(double x, int *quadrant)
{
	double		size = fabs(x);
	int			e;
	uint64_t	m;
	uint64_t	w[3];			/* high end first */
	Wide		p;
	bool		is_upper;
	Pair		fraction;

	if (size <= 0.7853981633974483)
	{
		*quadrant = 0;
		return (Pair) {x, 0};
	}
	m = (uint64_t) ldexp(frexp(size, &e), 53);
	e -= 53;
	for (int i = 0; i < 3; i++)
		w[i] = bits_from(e - 1 + 64 * i);
	p = (Wide) w[2] * m;
	w[2] = (uint64_t) p;
	p = (Wide) w[1] * m + (uint64_t) (p >> 64);
	w[1] = (uint64_t) p;
	w[0] = w[0] * m + (uint64_t) (p >> 64);
	*quadrant = (int) (w[0] >> 62);
	w[0] &= UINT64_C(0x3fffffffffffffff);
	is_upper = w[0] >> 61 != 0;
	if (is_upper)
	{
		/* from the next quadrant backwards: 2^190 - w */
		w[2] = -w[2];
		w[1] = ~w[1] + (w[2] == 0);
		w[0] = (UINT64_C(0x3fffffffffffffff) - w[0]) + (w[1] == 0 && w[2] == 0);
		(*quadrant)++;
	}
	fraction = (Pair) {0, 0};
	for (int i = 0; i < 3; i++)
	{
		/* halves of 32 bits are doubles exactly */
		fraction = add(fraction, (Pair) {ldexp((double) (w[i] >> 32), -30 - 64 * i), 0});
		fraction = add(fraction, (Pair) {ldexp((double) (w[i] & 0xffffffff), -62 - 64 * i), 0});
	}
	fraction = multiply(fraction, half_pi);
	if (is_upper)
		fraction = negative(fraction);
	if (x < 0)
	{
		fraction = negative(fraction);
		*quadrant = -*quadrant;
	}
	*quadrant &= 3;
	return fraction;
}

/* Both for |x| <= pi/4. */
static Pair
small_sin(Pair x)
{
	Pair		x2 = negative(multiply(x, x));
	Pair		s = one;

	for (int n = 27; n >= 3; n -= 2)
		s = add(one, multiply(divide_by(x2, n * (n - 1)), s));
	return multiply(x, s);
}

static Pair
small_cos(Pair x)
{
	Pair		x2 = negative(multiply(x, x));
	Pair		c = one;

	for (int n = 28; n >= 2; n -= 2)
		c = add(one, multiply(divide_by(x2, n * (n - 1)), c));
	return c;
}

static Pair
pair_sin(double x, int ahead)
{
	int			quadrant;
	Pair		rest = take_quadrant(x, &quadrant);
	Pair		s;

	quadrant = (quadrant + ahead) & 3;
	s = quadrant & 1 ? small_cos(rest) : small_sin(rest);
	return quadrant & 2 ? negative(s) : s;
}

#define IS_FINITE(x) ((x) - (x) == 0)
#define TINY 0x1p-200			/* below, the last bits of a pair would get lost */

double
kit_sin(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? x : rounded(pair_sin(x, 0));
}

double
kit_cos(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? 1 : rounded(pair_sin(x, 1));
}

double
kit_tan(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? x : rounded(divide(pair_sin(x, 0), pair_sin(x, 1)));
}

double
kit_sec(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? 1 : rounded(divide(one, pair_sin(x, 1)));
}

double
kit_csc(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? 1 / x : rounded(divide(one, pair_sin(x, 0)));
}

double
kit_cot(double x)
{
	if (!IS_FINITE(x))
		return NAN;
	return fabs(x) < TINY ? 1 / x : rounded(divide(pair_sin(x, 1), pair_sin(x, 0)));
}

/* For 0 <= t <= 1. */
static Pair
small_atan(Pair t)
{
	Pair		t2;
	Pair		a;

	/* tan(a/2) = t / (1 + sqrt(1 + t^2)) */
	for (int i = 0; i < 3; i++)
		t = divide(t, add(one, root(add(one, multiply(t, t)))));
	t2 = negative(multiply(t, t));
	a = divide_by(one, 35);
	for (int n = 33; n >= 1; n -= 2)
		a = add(divide_by(one, n), multiply(t2, a));
	return scaled(multiply(t, a), 3);
}

/* The angle of a point, of which neither part is negative nor far from 1. */
static Pair
pair_atan2(Pair y, Pair x)
{
	if (y.hi <= x.hi)
		return small_atan(divide(y, x));
	return add(half_pi, negative(small_atan(divide(x, y))));
}

double
kit_atan2(double y, double x)
{
	double		y_size = fabs(y);
	double		x_size = fabs(x);
	Pair		angle;
	int			k;

	if (x != x || y != y)
		return NAN;
	if (y_size == INFINITY && x_size == INFINITY)
		x_size = y_size = 1;
	if (y_size == 0 || x_size == INFINITY)
		angle = (Pair) {0, 0};
	else if (x_size == 0 || y_size == INFINITY)
		angle = half_pi;
	else
	{
		int			k_y;

		frexp(x_size, &k);
		frexp(y_size, &k_y);
		if (k_y - k > 150)
			angle = half_pi;
		else if (k_y - k < -150)
		{
			if (!signbit(x))
				return y / x;
			angle = (Pair) {0, 0};
		}
		else
			angle = pair_atan2((Pair) {ldexp(y_size, -k), 0}, (Pair) {ldexp(x_size, -k), 0});
	}
	if (signbit(x))
		angle = add(scaled(half_pi, 1), negative(angle));
	return copysign(rounded(angle), y);
}

double
kit_atan(double x)
{
	return kit_atan2(x, 1);
}

/* sqrt(1 - x^2) */
static Pair
other_leg(double x)
{
	return root(multiply(sum(1, -x), sum(1, x)));
}

double
kit_asin(double x)
{
	double		size = fabs(x);

	if (!(size <= 1))
		return NAN;
	if (size < 0x1p-60)
		return x;
	return copysign(rounded(pair_atan2((Pair) {size, 0}, other_leg(size))), x);
}

double
kit_acos(double x)
{
	double		size = fabs(x);
	Pair		angle;

	if (!(size <= 1))
		return NAN;
	angle = pair_atan2(other_leg(size), (Pair) {size, 0});
	return rounded(x < 0 ? add(scaled(half_pi, 1), negative(angle)) : angle);
}

/* ---- hyperbolas ---- */

double
kit_sinh(double x)
{
	double		size = fabs(x);
	Pair		e;
	int			k;

	if (!(size < 711))
		return x != x ? x : copysign(INFINITY, x);
	if (size < 0x1p-60)
		return x;
	if (size > 40)
	{
		e = pair_exp((Pair) {size, 0}, &k);
		return copysign(ldexp(rounded(e), k - 1), x);
	}
	e = pair_expm1((Pair) {size, 0});
	return copysign(rounded(scaled(add(e, divide(e, add(one, e))), -1)), x);
}

double
kit_cosh(double x)
{
	double		size = fabs(x);
	Pair		e;
	int			k;

	if (!(size < 711))
		return x != x ? x : INFINITY;
	e = pair_exp((Pair) {size, 0}, &k);
	if (size > 40)
		return ldexp(rounded(e), k - 1);
	e = scaled(e, k);
	return rounded(scaled(add(e, divide(one, e)), -1));
}

double
kit_tanh(double x)
{
	double		size = fabs(x);
	Pair		e;

	if (!(size < 30))
		return x != x ? x : copysign(1, x);
	if (size < 0x1p-60)
		return x;
	e = pair_expm1((Pair) {2 * size, 0});
	return copysign(rounded(divide(e, add(e, (Pair) {2, 0}))), x);
}

double
kit_asinh(double x)
{
	double		size = fabs(x);
	Pair		square;

	if (!IS_FINITE(x) || size < 0x1p-60)
		return x;
	if (size > 0x1p60)
		return copysign(rounded(add(ln_2, pair_log((Pair) {size, 0}))), x);
	/* log(x + sqrt(1 + x^2)) = log1p(x + x^2 / (1 + sqrt(1 + x^2))) */
	square = product(size, size);
	return copysign(rounded(pair_log1p(add((Pair) {size, 0}, divide(square, add(one, root(add(one, square))))))), x);
}

double
kit_acosh(double x)
{
	Pair		t;

	if (!(x >= 1))
		return NAN;
	if (x == INFINITY)
		return x;
	if (x > 0x1p60)
		return rounded(add(ln_2, pair_log((Pair) {x, 0})));
	/* with t = x - 1: log1p(t + sqrt(t (2 + t))) */
	t = sum(x, -1);
	return rounded(pair_log1p(add(t, root(multiply(t, add((Pair) {2, 0}, t))))));
}

double
kit_atanh(double x)
{
	double		size = fabs(x);

	if (!(size <= 1))
		return NAN;
	if (size == 1)
		return copysign(INFINITY, x);
	if (size < 0x1p-60)
		return x;
	return copysign(rounded(scaled(pair_log1p(divide(product(2, size), sum(1, -size))), -1)), x);
}
