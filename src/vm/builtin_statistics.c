/*
 * builtin_statistics.c
 *	  Statistics of lists of numbers, and tokens: lists in order, each element once.
 *
 * A list that is empty has no statistics: empty maybes.  What is not a number is the largest in order, as in Java.  Sums of ints and longs wrap around, but
 * the half of a sum of two that median takes does not.
 */
#include <math.h>
#include <string.h>

#include "vm/builtin.h"
#include "vm/string.h"

#define LIST_STEP 8				/* elements of a list that are looked at in one step */

typedef enum Number
{
	NUMBER_INT,
	NUMBER_LONG,
	NUMBER_DOUBLE,
	NUMBER_TEXT					/* not a number: a token */
} Number;

/* ---- order ---- */

static int64_t
double_rank(double d)
{
	int64_t		bits;

	if (d != d)
		return INT64_MAX;
	memcpy(&bits, &d, sizeof(bits));
	return bits < 0 ? INT64_MIN - bits - 1 : bits;
}

static int
compare(Number kind, VmVal a, VmVal b)
{
	int64_t		x = a.i;
	int64_t		y = b.i;

	if (kind == NUMBER_TEXT)
		return vm_str_compare(a.str, b.str);
	if (kind == NUMBER_DOUBLE)
	{
		x = double_rank(a.d);
		y = double_rank(b.d);
	}
	return (x > y) - (x < y);
}

/* A sorted copy: merging from the bottom up. */
static bool
sorted(Vm *vm, Number kind, const VmList *list, VmList **out)
{
	uint64_t	n = list->n;
	VmList	   *from;
	VmList	   *to;
	VmVal		copy;

	if (!vm_list_copy(vm, list, &copy) || !vm_new_list(vm, n, &to))
		return false;
	from = copy.list;
	for (uint64_t width = 1; width < n; width *= 2)
	{
		VmList	   *other = from;

		if (!vm_charge_steps(vm, n / 2 + 1))
			return false;
		for (uint64_t start = 0; start < n; start += 2 * width)
		{
			uint64_t	left = start;
			uint64_t	middle = start + width < n ? start + width : n;
			uint64_t	right = middle;
			uint64_t	end = middle + width < n ? middle + width : n;

			for (uint64_t i = start; i < end; i++)
			{
				if (kind == NUMBER_TEXT && left < middle && right < end && !vm_charge_steps(vm, from->items[left].str->len / 16))
					return false;
				if (left < middle && (right == end || compare(kind, from->items[left], from->items[right]) <= 0))
					to->items[i] = from->items[left++];
				else
					to->items[i] = from->items[right++];
			}
		}
		from = to;
		to = other;
	}
	from->n = (uint32_t) n;
	*out = from;
	return true;
}

/* ---- statistics ---- */

static double
as_double(Number kind, VmVal value)
{
	return kind == NUMBER_DOUBLE ? value.d : (double) value.i;
}

static bool
nothing(VmVal *out)
{
	out->maybe = NULL;
	return true;
}

static VmVal
fit(Number kind, VmVal value)
{
	if (kind == NUMBER_INT)
		value.i = (int32_t) (uint32_t) value.i;
	return value;
}

static bool
sum(Vm *vm, Number kind, const VmList *list, VmVal *out)
{
	VmVal		total = {.i = 0};
	double		d = 0;

	if (!vm_charge_steps(vm, list->n / LIST_STEP))
		return false;
	if (list->n == 0)
		return nothing(out);
	for (uint32_t i = 0; i < list->n; i++)
		if (kind == NUMBER_DOUBLE)
			d += list->items[i].d;
		else
			total.i = (int64_t) ((uint64_t) total.i + (uint64_t) list->items[i].i);
	if (kind == NUMBER_DOUBLE)
		total.d = d;
	return vm_make_maybe(vm, fit(kind, total), out);
}

/* The first of those that no other is beyond; doubles as Java's < sees them. */
static bool
extreme(Vm *vm, Number kind, const VmList *list, int sign, VmVal *out)
{
	VmVal		best;

	if (!vm_charge_steps(vm, list->n / LIST_STEP))
		return false;
	if (list->n == 0)
		return nothing(out);
	best = list->items[0];
	for (uint32_t i = 1; i < list->n; i++)
	{
		VmVal		one = list->items[i];

		if (kind == NUMBER_DOUBLE ? (sign > 0 ? one.d > best.d : one.d < best.d) : (sign > 0 ? one.i > best.i : one.i < best.i))
			best = one;
	}
	return vm_make_maybe(vm, best, out);
}

static bool
range(Vm *vm, Number kind, const VmList *list, VmVal *out)
{
	VmVal		low;
	VmVal		high;
	VmVal		difference;

	if (!extreme(vm, kind, list, -1, &low) || !extreme(vm, kind, list, 1, &high))
		return false;
	if (low.maybe == NULL)
		return nothing(out);
	if (kind == NUMBER_DOUBLE)
		difference.d = high.maybe->value.d - low.maybe->value.d;
	else
		difference.i = (int64_t) ((uint64_t) high.maybe->value.i - (uint64_t) low.maybe->value.i);
	return vm_make_maybe(vm, fit(kind, difference), out);
}

static bool
median(Vm *vm, Number kind, const VmList *list, VmVal *out)
{
	uint32_t	middle = list->n / 2;
	VmList	   *in_order;
	VmVal		value;

	if (list->n == 0)
		return nothing(out);
	if (!sorted(vm, kind, list, &in_order))
		return false;
	value = in_order->items[middle];
	if (list->n % 2 == 0 && kind == NUMBER_DOUBLE)
		value.d = (value.d + in_order->items[middle - 1].d) / 2;
	else if (list->n % 2 == 0)
		value.i = (int64_t) (((__int128) value.i + in_order->items[middle - 1].i) / 2);
	return vm_make_maybe(vm, value, out);
}

static bool
percentile(Vm *vm, Number kind, const VmVal *args, VmVal *out)
{
	const VmList *list = args[0].list;
	uint32_t	at;
	VmList	   *in_order;

	if (list->n == 0 || !(args[1].d >= 0 && args[1].d <= 1))
		return nothing(out);
	at = (uint32_t) (list->n * args[1].d);
	if (at == list->n)
		at--;
	return sorted(vm, kind, list, &in_order) && vm_make_maybe(vm, in_order->items[at], out);
}

static double
mean_of(Number kind, const VmList *list)
{
	double		total = 0;

	for (uint32_t i = 0; i < list->n; i++)
		total += as_double(kind, list->items[i]);
	return total / list->n;
}

/* power: 1 for the average, 2 for the variance; is_root for its root. */
static bool
moment(Vm *vm, Number kind, const VmList *list, int power, bool is_root, VmVal *out)
{
	VmVal		value;

	if (!vm_charge_steps(vm, list->n / LIST_STEP * (uint64_t) power))
		return false;
	if (list->n == 0)
		return nothing(out);
	value.d = mean_of(kind, list);
	if (power == 2)
	{
		double		mean = value.d;
		double		total = 0;

		for (uint32_t i = 0; i < list->n; i++)
		{
			double		off = as_double(kind, list->items[i]) - mean;

			total += off * off;
		}
		value.d = is_root ? sqrt(total / list->n) : total / list->n;
	}
	return vm_make_maybe(vm, value, out);
}

#define OF_EACH_KIND(name, call) \
	bool vm_statistics_##name##_int(Vm *vm, const VmVal *args, VmVal *out) { const Number kind = NUMBER_INT; return call; } \
	bool vm_statistics_##name##_long(Vm *vm, const VmVal *args, VmVal *out) { const Number kind = NUMBER_LONG; return call; } \
	bool vm_statistics_##name##_double(Vm *vm, const VmVal *args, VmVal *out) { const Number kind = NUMBER_DOUBLE; return call; }

OF_EACH_KIND(sum, sum(vm, kind, args[0].list, out))
OF_EACH_KIND(minimum, extreme(vm, kind, args[0].list, -1, out))
OF_EACH_KIND(maximum, extreme(vm, kind, args[0].list, 1, out))
OF_EACH_KIND(range, range(vm, kind, args[0].list, out))
OF_EACH_KIND(median, median(vm, kind, args[0].list, out))
OF_EACH_KIND(percentile, percentile(vm, kind, args, out))
OF_EACH_KIND(average, moment(vm, kind, args[0].list, 1, false, out))
OF_EACH_KIND(variance, moment(vm, kind, args[0].list, 2, false, out))
OF_EACH_KIND(stddev, moment(vm, kind, args[0].list, 2, true, out))

/* ---- tokens ---- */

static bool
sorted_once(Vm *vm, Number kind, const VmList *list, VmVal *out)
{
	VmList	   *in_order;
	uint32_t	n = 0;

	if (!sorted(vm, kind, list, &in_order))
		return false;
	for (uint32_t i = 0; i < in_order->n; i++)
		if (n == 0 || compare(kind, in_order->items[i], in_order->items[n - 1]) != 0)
			in_order->items[n++] = in_order->items[i];
	in_order->n = n;
	out->list = in_order;
	return true;
}

bool
vm_token_ints(Vm *vm, const VmVal *args, VmVal *out)
{
	return sorted_once(vm, NUMBER_INT, args[0].list, out);
}

bool
vm_token_strings(Vm *vm, const VmVal *args, VmVal *out)
{
	VmList	   *words;

	if (!vm_new_list(vm, args[0].list->n, &words))
		return false;
	for (uint32_t i = 0; i < args[0].list->n; i++)
	{
		VmVal		word;

		if (!vm_string_trim(vm, &args[0].list->items[i], &word) || !vm_change_case(vm, word.str, false, &word))
			return false;
		if (word.str->len > 0)
			words->items[words->n++] = word;
	}
	return sorted_once(vm, NUMBER_TEXT, words, out);
}

static bool
intersect(Vm *vm, Number kind, const VmList *a, const VmList *b, VmVal *out)
{
	uint32_t	i = 0;
	uint32_t	j = 0;
	VmList	   *both;

	if (!vm_charge_steps(vm, a->n + b->n) || !vm_new_list(vm, 0, &both))
		return false;
	while (i < a->n && j < b->n)
	{
		int			order = compare(kind, a->items[i], b->items[j]);

		if (kind == NUMBER_TEXT && !vm_charge_steps(vm, a->items[i].str->len / 16))
			return false;
		if (order == 0 && !vm_list_append(vm, both, a->items[i]))
			return false;
		i += order <= 0;
		j += order >= 0;
	}
	out->list = both;
	return true;
}

bool
vm_token_intersect_ints(Vm *vm, const VmVal *args, VmVal *out)
{
	return intersect(vm, NUMBER_INT, args[0].list, args[1].list, out);
}

bool
vm_token_intersect_strings(Vm *vm, const VmVal *args, VmVal *out)
{
	return intersect(vm, NUMBER_TEXT, args[0].list, args[1].list, out);
}
