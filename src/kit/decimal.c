/*
 * decimal.c
 *	  Doubles to and from decimal text.
 *
 * Both ways need powers of ten to 126 bits.  power_of(n) is 10^n scaled by a power of two to lie in [2^125, 2^126) and cut to an integer; the
 * table is computed with plain long arithmetic at the first use: upwards by multiplying 1 by ten, downwards by dividing a large power of two by ten
 * (cutting after each step gives the same digits as cutting once).
 *
 * Printing scales the double and the two ends of the interval that rounds to it to integers of the unit 10^k, where k is such that the interval holds
 * at least one multiple of that unit, and looks for a multiple of ten units first: that one is shorter.  126 bits are enough
 * for the comparisons to come out exactly (R. Giulietti, "The Schubfach way to render doubles").
 *
 * Reading takes the first 19 digits times the power of ten as an interval: the power is cut, and so may be the digits.  When both
 * ends of the interval round to the same double, that is it.  Else (very rarely) the text is compared exactly, in long arithmetic, with the number
 * halfway between the two candidates.
 */
#include "kit/decimal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "port/port.h"

typedef unsigned __int128 Wide;

#define MIN_POWER (-343)
#define MAX_POWER 325
#define POWER_BITS 126

/* ---- long arithmetic, enough for 800 digits times 2^1200 ---- */

#define LONG_WORDS 160

typedef struct Long
{
	int			n;				/* words in use, little end first; the last is not 0 */
	uint32_t	words[LONG_WORDS];
} Long;

static void
long_multiply(Long *a, uint32_t factor, uint32_t carry_in)
{
	uint64_t	carry = carry_in;

	for (int i = 0; i < a->n; i++)
	{
		carry += (uint64_t) a->words[i] * factor;
		a->words[i] = (uint32_t) carry;
		carry >>= 32;
	}
	if (carry != 0)
		a->words[a->n++] = (uint32_t) carry;
}

static void
long_divide(Long *a, uint32_t divisor)
{
	uint64_t	rest = 0;

	for (int i = a->n - 1; i >= 0; i--)
	{
		rest = rest << 32 | a->words[i];
		a->words[i] = (uint32_t) (rest / divisor);
		rest %= divisor;
	}
	while (a->n > 0 && a->words[a->n - 1] == 0)
		a->n--;
}

static void
long_shift(Long *a, int bits)
{
	int			words = bits / 32;
	int			rest = bits % 32;

	if (a->n == 0)
		return;
	if (rest != 0)
		long_multiply(a, UINT32_C(1) << rest, 0);
	memmove(a->words + words, a->words, (size_t) a->n * sizeof(uint32_t));
	memset(a->words, 0, (size_t) words * sizeof(uint32_t));
	a->n += words;
}

static void
long_multiply_power_of_ten(Long *a, int power)
{
	for (; power >= 9; power -= 9)
		long_multiply(a, 1000000000, 0);
	for (; power > 0; power--)
		long_multiply(a, 10, 0);
}

static int
long_compare(const Long *a, const Long *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (int i = a->n - 1; i >= 0; i--)
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	return 0;
}

/* ---- powers of ten ---- */

static Wide powers[MAX_POWER - MIN_POWER + 1];
static bool powers_are_made;

/* The highest 126 bits; fewer are shifted up. */
static Wide
long_top(const Long *a)
{
	Wide		top = 0;
	int			bits = 0;
	int			i = a->n - 1;

	for (; i >= 0 && bits <= POWER_BITS - 32; i--, bits += 32)
		top = top << 32 | a->words[i];
	/* Up to 126 bits are taken now; the leading zeros of the first word and the rest of the last are made up for. */
	if (i >= 0)
	{
		int			lead = __builtin_clz(a->words[a->n - 1]);
		int			missing = POWER_BITS - (bits - lead);
		Wide		low = i >= 1 ? (Wide) a->words[i] << 32 | a->words[i - 1] : (Wide) a->words[i] << 32;

		return top << missing | low >> (64 - missing);
	}
	while (top >> (POWER_BITS - 1) == 0)
		top <<= 1;
	return top;
}

static void
make_powers(void)
{
	Long		a;

	memset(&a, 0, sizeof(a));
	a.n = 1;
	a.words[0] = 1;
	for (int n = 0; n <= MAX_POWER; n++)
	{
		powers[n - MIN_POWER] = long_top(&a);
		long_multiply(&a, 10, 0);
	}
	memset(&a, 0, sizeof(a));
	a.n = 1;
	a.words[0] = 1;
	long_shift(&a, 1344);		/* 10^343 < 2^1140: 204 bits at least remain */
	for (int n = 1; n <= -MIN_POWER; n++)
	{
		long_divide(&a, 10);
		powers[-n - MIN_POWER] = long_top(&a);
	}
	powers_are_made = true;
}

static Wide
power_of(int n)
{
	if (!powers_are_made)
		make_powers();
	return powers[n - MIN_POWER];
}

/* floor(log2(10^n)), floor(log10(2^n)), floor(log10(3/4 * 2^n)); the constants are exact to far beyond the exponents of doubles. */
static inline int
log2_of_power(int n)
{
	return (int) ((int64_t) n * INT64_C(913124641741) >> 38);
}

static inline int
log10_of_2_to(int n)
{
	return (int) ((int64_t) n * INT64_C(661971961083) >> 41);
}

static inline int
log10_of_three_quarters_2_to(int n)
{
	return (int) (((int64_t) n * INT64_C(661971961083) - INT64_C(274743187321)) >> 41);
}

/* ---- printing ---- */

/* g * cp / 2^127 with the lowest bit set when it was not exact. */
static inline uint64_t
scale(Wide g, uint64_t cp)
{
	uint64_t	high = (uint64_t) (g >> 63);
	uint64_t	low = (uint64_t) g & INT64_MAX;
	uint64_t	x1 = (uint64_t) ((Wide) low * cp >> 64);
	Wide		y = (Wide) high * cp;
	uint64_t	z = ((uint64_t) y >> 1) + x1;
	uint64_t	w = (uint64_t) (y >> 64) + (z >> 63);

	return w | (((z & INT64_MAX) + INT64_MAX) >> 63);
}

/* The decimal of shortest length, or of two digits, for c * 2^q: the result times 10^*exponent. */
static uint64_t
shortest(int q, uint64_t c, int *exponent)
{
	bool		is_even = (c & 1) == 0;
	uint64_t	out = is_even ? 0 : 1;
	bool		is_regular = c != UINT64_C(1) << 52 || q == -1074;
	uint64_t	middle = c << 2;
	uint64_t	left = middle - (is_regular ? 2 : 1);
	uint64_t	right = middle + 2;
	int			k = is_regular ? log10_of_2_to(q) : log10_of_three_quarters_2_to(q);
	int			h = q + log2_of_power(-k) + 2;
	Wide		g = power_of(-k) + 1;
	uint64_t	v = scale(g, middle << h);
	uint64_t	v_left = scale(g, left << h);
	uint64_t	v_right = scale(g, right << h);
	uint64_t	s = v >> 2;
	bool		lower_fits,
				upper_fits;
	int64_t		to_middle;

	*exponent = k;
	if (s >= 100)
	{
		uint64_t	ten_lower = s / 10 * 10;
		uint64_t	ten_upper = ten_lower + 10;

		lower_fits = v_left + out <= ten_lower << 2;
		upper_fits = (ten_upper << 2) + out <= v_right;
		if (lower_fits != upper_fits)
			return lower_fits ? ten_lower : ten_upper;
	}
	lower_fits = v_left + out <= s << 2;
	upper_fits = ((s + 1) << 2) + out <= v_right;
	if (lower_fits != upper_fits)
		return lower_fits ? s : s + 1;
	to_middle = (int64_t) (v - ((s + s + 1) << 1));
	return to_middle < 0 || (to_middle == 0 && (s & 1) == 0) ? s : s + 1;
}

int
kit_double_digits(double d, char digits[KIT_DECIMAL_DIGITS], int *exp10)
{
	uint64_t	bits;
	uint64_t	fraction;
	int			biased;
	uint64_t	decimal;
	int			exponent;
	int			n = 0;
	char		reversed[24];

	memcpy(&bits, &d, sizeof(bits));
	fraction = bits & ((UINT64_C(1) << 52) - 1);
	biased = (int) (bits >> 52 & 0x7ff);
	if (biased == 0 && fraction == 0)
	{
		digits[0] = '0';
		*exp10 = 1;
		return 1;
	}
	if (biased == 0)
	{
		/* The two smallest doubles have less than two digits of precision: take them tenfold. */
		bool		is_tiny = fraction < 3;

		decimal = shortest(-1074, is_tiny ? fraction * 10 : fraction, &exponent);
		exponent -= is_tiny ? 1 : 0;
	}
	else
		decimal = shortest(biased - 1075, fraction | UINT64_C(1) << 52, &exponent);

	while (decimal % 10 == 0)
	{
		decimal /= 10;
		exponent++;
	}
	for (; decimal != 0; decimal /= 10)
		reversed[n++] = (char) ('0' + decimal % 10);
	for (int i = 0; i < n; i++)
		digits[i] = reversed[n - 1 - i];
	*exp10 = exponent + n;
	return n;
}

/* ---- reading ---- */

/* A decimal as it was found in the text. */
typedef struct Decimal
{
	uint64_t	digits;			/* the first 19 significant digits */
	int			n_digits;		/* how many are in digits */
	bool		is_cut;			/* there are more, not all zero */
	int64_t		exponent;		/* value = digits * 10^exponent, but for what was cut */
	const char *first;			/* the first significant digit, for the exact way */
	const char *end;			/* of the mantissa */
	int64_t		point_exponent; /* value = all mantissa digits as an integer * 10^point_exponent */
} Decimal;

static inline double
make_double(uint64_t mantissa, int exponent)
{
	/* mantissa < 2^53 and its place: 2^52 at least, unless subnormal with exponent -1074 */
	uint64_t	bits;
	double		d;

	if (mantissa < UINT64_C(1) << 52)
		bits = mantissa;
	else
		bits = (uint64_t) (exponent + 1075) << 52 | (mantissa & ((UINT64_C(1) << 52) - 1));
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/*
 * Cuts m * 2^e, with an m of 120 bits at least, to a double's precision.  Yields mantissa and exponent; what is cut off is compared with a half: *half is -1, 0 or 1.  An exponent
 * that is too large for a double is yielded as it is.
 */
static void
cut(Wide m, int e, uint64_t *mantissa, int *exponent, int *half)
{
	uint64_t	high = (uint64_t) (m >> 64);
	int			width = high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t) m);
	int			drop = width - 53;
	Wide		rest;
	Wide		middle;

	if (e + drop < -1074)
		drop = -1074 - e;
	ADAMA_ASSERT(drop > 0);
	if (drop > 127)
	{
		*mantissa = 0;
		*exponent = -1074;
		*half = -1;
		return;
	}
	*mantissa = (uint64_t) (m >> drop);
	*exponent = e + drop;
	rest = m & (((Wide) 1 << drop) - 1);
	middle = (Wide) 1 << (drop - 1);
	*half = rest < middle ? -1 : rest > middle;
}

/* Compares the decimal with (2 * mantissa + 1) * 2^(exponent - 1), exactly. */
static int
compare_with_half(const Decimal *decimal, uint64_t mantissa, int exponent)
{
	Long		left;
	Long		right;
	int			n = 0;
	int64_t		power = decimal->point_exponent;
	int			shift = exponent - 1;
	const char *p;
	bool		has_rest = false;

	memset(&left, 0, sizeof(left));
	memset(&right, 0, sizeof(right));
	/* No halfway number has more than 770 digits: of what follows it matters only whether it is all zero. */
	for (p = decimal->first; p < decimal->end; p++)
	{
		if (*p == '.')
			continue;
		if (n < 800)
		{
			long_multiply(&left, 10, (uint32_t) (*p - '0'));
			n++;
		}
		else
		{
			has_rest |= *p != '0';
			power++;
		}
	}
	right.n = 2;
	right.words[0] = (uint32_t) (2 * mantissa + 1);
	right.words[1] = (uint32_t) ((2 * mantissa + 1) >> 32);
	if (right.words[1] == 0)
		right.n = 1;
	if (power >= 0)
		long_multiply_power_of_ten(&left, (int) power);
	else
		long_multiply_power_of_ten(&right, (int) -power);
	if (shift >= 0)
		long_shift(&right, shift);
	else
		long_shift(&left, -shift);
	n = long_compare(&left, &right);
	return n == 0 && has_rest ? 1 : n;
}

static double
round_decimal(const Decimal *decimal)
{
	static const double exact_powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	int64_t		e10 = decimal->exponent;
	uint64_t	digits = decimal->digits;
	Wide		power;
	Wide		low;
	Wide		high;
	uint64_t	mantissa,
				high_mantissa;
	int			exponent,
				high_exponent;
	int			half,
				high_half;
	int			e2;
	int			shift;

	if (digits == 0)
		return 0;
	if (!decimal->is_cut && digits <= UINT64_C(1) << 53 && e10 >= -22 && e10 <= 22)
		return e10 < 0 ? (double) digits / exact_powers[-e10] : (double) digits * exact_powers[e10];
	if (e10 + decimal->n_digits > 310)
		return HUGE_VAL;
	if (e10 + decimal->n_digits < -323)
		return 0;

	/*
	 * digits * power is below 2^190: keep the upper 128 bits.  The value lies in [low, high] * 2^e2: one is added for the bits that are cut from
	 * the product, one digit's worth for the power's, and one digit for the digits that were cut from the text.
	 */
	shift = __builtin_clzll(digits);
	power = power_of((int) e10);
	{
		uint64_t	d = digits << shift;
		Wide		upper = (Wide) (uint64_t) (power >> 64) * d;
		Wide		lower = (Wide) (uint64_t) power * d;

		low = upper + (lower >> 64);
		high = low + 2;
		if (decimal->is_cut)
			high += (power >> 64 << shift) + ((Wide) 1 << shift);
		e2 = log2_of_power((int) e10) - (POWER_BITS - 1) - shift + 64;
	}
	cut(low, e2, &mantissa, &exponent, &half);
	cut(high, e2, &high_mantissa, &high_exponent, &high_half);
	if (mantissa != high_mantissa || exponent != high_exponent || half != high_half || half == 0)
	{
		/* The ends lie on both sides of the halfway number, or of a double: the exact comparison decides.  They are closer than half a step. */
		half = compare_with_half(decimal, mantissa, exponent);
	}
	if (half > 0 || (half == 0 && (mantissa & 1) != 0))
	{
		if (++mantissa == UINT64_C(1) << 53)
		{
			mantissa >>= 1;
			exponent++;
		}
	}
	if (exponent > 971)
		return HUGE_VAL;
	return make_double(mantissa, exponent);
}

bool
kit_double_parse(const char *text, size_t len, double *value)
{
	const char *p = text;
	const char *end = text + len;
	bool		is_negative = false;
	bool		has_digit = false;
	const char *point = NULL;
	int64_t		written_exponent = 0;
	Decimal		decimal = {0};

	if (p < end && *p == '-')
	{
		is_negative = true;
		p++;
	}
	for (; p < end; p++)
	{
		if (*p == '.' && point == NULL)
			point = p;
		else if (*p >= '0' && *p <= '9')
		{
			has_digit = true;
			if (decimal.n_digits == 0 && *p == '0')
			{
				if (point != NULL)
					decimal.exponent--;
				continue;
			}
			if (decimal.n_digits == 0)
				decimal.first = p;
			if (decimal.n_digits < 19)
			{
				decimal.digits = decimal.digits * 10 + (uint64_t) (*p - '0');
				decimal.n_digits++;
				if (point != NULL)
					decimal.exponent--;
			}
			else
			{
				decimal.is_cut |= *p != '0';
				if (point == NULL)
					decimal.exponent++;
			}
		}
		else
			break;
	}
	if (!has_digit)
		return false;
	decimal.end = p;
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		bool		is_below = false;

		p++;
		if (p < end && (*p == '+' || *p == '-'))
			is_below = *p++ == '-';
		if (p == end)
			return false;
		for (; p < end && *p >= '0' && *p <= '9'; p++)
			if (written_exponent < INT64_C(1000000000000))
				written_exponent = written_exponent * 10 + (*p - '0');
		if (is_below)
			written_exponent = -written_exponent;
	}
	if (p != end)
		return false;
	decimal.exponent += written_exponent;
	decimal.point_exponent = written_exponent - (point != NULL ? decimal.end - point - 1 : 0);
	*value = round_decimal(&decimal);
	if (is_negative)
		*value = -*value;
	return true;
}
