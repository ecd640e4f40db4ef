/*
 * builtin_regex.c
 *	  Regular expressions: String.matches.
 *
 * A pattern is compiled into instructions of an automaton, which reads the text once and is in all its states at the same time.  So a match takes at
 * most the length of the text times the number of instructions, whatever the pattern is, and each visit of an instruction is a step of the budget.
 *
 *	x  .  [a-z]  [^a-z]  \d \D \w \W \s \S  \p{L} \p{Lu} \p{Ll}  \t \n \r \f \xhh \uhhhh  \ before what is special
 *	xy  x|y  (x) (?:x) (?<name>x)  x* x+ x? x{n} x{n,} x{n,m}, also with ? behind  ^ $ \b \B  (?i) (?s) at the beginning
 *
 * What cannot be done in such an automaton (references to groups, looking ahead or behind, possessive repetition) is refused, as is what is malformed.
 * \d, \w and \s are ASCII, as in Java; (?i) knows all letters that have case.
 *
 * Jumps are relative, so that an instruction can be put before what has been compiled.  What is repeated a number of times is compiled that often, from
 * its place in the pattern.
 */
#include <string.h>

#include "vm/builtin.h"
#include "vm/letters.h"
#include "vm/string.h"

#define MAX_INS 10000
#define MAX_RANGES 20000
#define MAX_NESTING 100
#define MAX_REPEAT 1000

typedef enum RegexOp
{
	REGEX_CHAR,
	REGEX_ANY,					/* but the end of a line */
	REGEX_ALL,
	REGEX_CLASS,				/* ranges from x up to y */
	REGEX_NO_CLASS,
	REGEX_SPLIT,				/* goes on at x and at y */
	REGEX_JUMP,					/* goes on at x */
	REGEX_START,
	REGEX_END,
	REGEX_BOUNDARY,				/* between a character of a word and none */
	REGEX_NO_BOUNDARY,
	REGEX_MATCH
} RegexOp;

typedef struct RegexIns
{
	RegexOp		op;
	int32_t		x;
	int32_t		y;
} RegexIns;

/* Letters by kind, where a range says so. */
#define KIND_LETTER 0xfffffff0u
#define KIND_UPPER 0xfffffff1u
#define KIND_LOWER 0xfffffff2u

typedef struct RegexRange
{
	uint32_t	first;			/* or a kind */
	uint32_t	last;			/* of a kind: 1 when it is what is not of the kind */
} RegexRange;

typedef struct Regex
{
	Vm		   *vm;
	const uint8_t *start;		/* the pattern */
	const uint8_t *p;
	const uint8_t *end;
	RegexIns   *ins;
	int			n_ins;
	int			ins_cap;
	RegexRange *ranges;
	int			n_ranges;
	int			ranges_cap;
	bool		ignores_case;
	bool		any_is_all;
	int			depth;
} Regex;

static bool
refuse(Regex *r, const char *what)
{
	return vm_fail(r->vm, KIT_RUNTIME_ERROR, "the regular expression has %s at character %d", what,
				   (int) vm_str_units(r->start, r->p) + 1);
}

/* ---- what is compiled ---- */

static bool
grow(Regex *r, void **items, int n, int *cap, size_t size)
{
	int			new_cap = *cap == 0 ? 32 : *cap * 2;
	void	   *made;

	if (n < *cap)
		return true;
	if (!vm_charge(r->vm, (size_t) new_cap * size))
		return false;
	made = kit_arena_alloc(r->vm->arena, (size_t) new_cap * size);
	if (n > 0)
		memcpy(made, *items, (size_t) n * size);
	*items = made;
	*cap = new_cap;
	return true;
}

/* Puts an instruction before the one at the place; what follows has only jumps among itself. */
static bool
insert(Regex *r, int at, RegexOp op, int32_t x, int32_t y)
{
	if (r->n_ins >= MAX_INS)
		return refuse(r, "more than " "10000" " instructions");
	if (!grow(r, (void **) &r->ins, r->n_ins, &r->ins_cap, sizeof(RegexIns)) || !vm_charge_steps(r->vm, (uint64_t) (r->n_ins - at) / 16))
		return false;
	memmove(r->ins + at + 1, r->ins + at, (size_t) (r->n_ins - at) * sizeof(RegexIns));
	r->ins[at] = (RegexIns) {op, x, y};
	r->n_ins++;
	return true;
}

static bool
emit(Regex *r, RegexOp op, int32_t x, int32_t y)
{
	return insert(r, r->n_ins, op, x, y);
}

static bool
add_range(Regex *r, uint32_t first, uint32_t last)
{
	if (r->n_ranges >= MAX_RANGES)
		return refuse(r, "more than 20000 ranges of characters");
	if (!grow(r, (void **) &r->ranges, r->n_ranges, &r->ranges_cap, sizeof(RegexRange)))
		return false;
	r->ranges[r->n_ranges++] = (RegexRange) {first, last};
	return true;
}

/* ---- the pattern ---- */

static bool compile_alternatives(Regex *r);

static bool
next_is(const Regex *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static bool
take(Regex *r, const char *text)
{
	size_t		len = strlen(text);

	if ((size_t) (r->end - r->p) < len || memcmp(r->p, text, len) != 0)
		return false;
	r->p += len;
	return true;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The ranges of \d and the like; what is written in upper case is the opposite. */
static bool
add_shorthand(Regex *r, char c)
{
	switch (c)
	{
		case 'd':
			return add_range(r, '0', '9');
		case 'D':
			return add_range(r, 0, '0' - 1) && add_range(r, '9' + 1, 0x10ffff);
		case 'w':
			return add_range(r, '0', '9') && add_range(r, 'A', 'Z') && add_range(r, '_', '_') && add_range(r, 'a', 'z');
		case 'W':
			return add_range(r, 0, '0' - 1) && add_range(r, '9' + 1, 'A' - 1) && add_range(r, 'Z' + 1, '_' - 1) && add_range(r, '_' + 1, 'a' - 1) &&
				add_range(r, 'z' + 1, 0x10ffff);
		case 's':
			return add_range(r, '\t', '\r') && add_range(r, ' ', ' ');
		default:
			return add_range(r, 0, '\t' - 1) && add_range(r, '\r' + 1, ' ' - 1) && add_range(r, ' ' + 1, 0x10ffff);
	}
}

/* \p{L}: p stands behind the p. */
static bool
add_property(Regex *r, bool is_opposite)
{
	uint32_t	kind;

	if (take(r, "{L}"))
		kind = KIND_LETTER;
	else if (take(r, "{Lu}"))
		kind = KIND_UPPER;
	else if (take(r, "{Ll}"))
		kind = KIND_LOWER;
	else
		return refuse(r, "an unknown property (there are L, Lu and Ll)");
	return add_range(r, kind, is_opposite);
}

/* Behind a backslash: a character in *code, or ranges (*is_class). */
static bool
compile_escape(Regex *r, uint32_t *code, bool *is_class)
{
	int			n_digits = 0;
	uint8_t		c;

	*is_class = false;
	if (r->p == r->end)
		return refuse(r, "a backslash");
	c = *r->p;
	if (c < 0x80)
		r->p++;
	switch (c)
	{
		case 'd': case 'D': case 'w': case 'W': case 's': case 'S':
			*is_class = true;
			return add_shorthand(r, (char) c);
		case 'p': case 'P':
			*is_class = true;
			return add_property(r, c == 'P');
		case 't':
			*code = '\t';
			return true;
		case 'n':
			*code = '\n';
			return true;
		case 'r':
			*code = '\r';
			return true;
		case 'f':
			*code = '\f';
			return true;
		case 'x':
			n_digits = 2;
			break;
		case 'u':
			n_digits = 4;
			break;
		default:
			if (c >= 0x80)
			{
				r->p = vm_str_next(r->p, r->end, code);
				return true;
			}
			if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			{
				r->p--;
				return refuse(r, c >= '1' && c <= '9' ? "a reference to a group" : "an unknown character behind a backslash");
			}
			*code = c;
			return true;
	}
	*code = 0;
	for (; n_digits > 0; n_digits--, r->p++)
	{
		int			digit = r->p < r->end ? hex_digit(*r->p) : -1;

		if (digit < 0)
			return refuse(r, "no hexadecimal digit");
		*code = *code << 4 | (uint32_t) digit;
	}
	return true;
}

static bool
compile_class(Regex *r)
{
	bool		is_opposite = take(r, "^");
	int			first_range = r->n_ranges;
	bool		is_first = true;

	for (; is_first || !next_is(r, ']'); is_first = false)
	{
		uint32_t	first;
		uint32_t	last;
		bool		is_class = false;

		if (r->p == r->end)
			return refuse(r, "no ] for a [");
		if (next_is(r, '[') || (r->end - r->p > 1 && r->p[0] == '&' && r->p[1] == '&'))
			return refuse(r, "a class of characters in another");
		if (take(r, "\\"))
		{
			if (!compile_escape(r, &first, &is_class))
				return false;
		}
		else
			r->p = vm_str_next(r->p, r->end, &first);
		if (is_class)
			continue;
		last = first;
		if (next_is(r, '-') && r->end - r->p > 1 && r->p[1] != ']')
		{
			r->p++;
			if (next_is(r, '['))
				return refuse(r, "a class of characters in another");
			if (take(r, "\\"))
			{
				if (!compile_escape(r, &last, &is_class))
					return false;
			}
			else
				r->p = vm_str_next(r->p, r->end, &last);
			if (is_class || last < first)
				return refuse(r, "a range that ends before it begins");
		}
		if (!add_range(r, first, last))
			return false;
	}
	r->p++;
	return emit(r, is_opposite ? REGEX_NO_CLASS : REGEX_CLASS, first_range, r->n_ranges);
}

static bool
compile_group(Regex *r)
{
	const uint8_t *open = r->p - 1;

	if (take(r, "?"))
	{
		if (next_is(r, '=') || next_is(r, '!') || (next_is(r, '<') && r->end - r->p > 1 && (r->p[1] == '=' || r->p[1] == '!')))
			return refuse(r, "a look ahead or behind");
		if (take(r, "<"))
		{
			while (r->p < r->end && *r->p != '>')
				r->p++;
			if (!take(r, ">"))
				return refuse(r, "a name that does not end");
		}
		else if (!take(r, ":"))
			return refuse(r, "a kind of group that is not supported");
	}
	if (++r->depth > MAX_NESTING)
		return refuse(r, "groups nested more than 100 deep");
	if (!compile_alternatives(r))
		return false;
	r->depth--;
	if (take(r, ")"))
		return true;
	r->p = open;
	return refuse(r, "no ) for a (");
}

static bool
compile_atom(Regex *r)
{
	uint32_t	code;
	int			first_range = r->n_ranges;
	bool		is_class;

	if (!vm_charge_steps(r->vm, 1))
		return false;
	switch (*r->p)
	{
		case '(':
			r->p++;
			return compile_group(r);
		case '[':
			r->p++;
			return compile_class(r);
		case '.':
			r->p++;
			return emit(r, r->any_is_all ? REGEX_ALL : REGEX_ANY, 0, 0);
		case '^':
			r->p++;
			return emit(r, REGEX_START, 0, 0);
		case '$':
			r->p++;
			return emit(r, REGEX_END, 0, 0);
		case '*': case '+': case '?':
			return refuse(r, "nothing to repeat");
		case '\\':
			r->p++;
			if (next_is(r, 'b') || next_is(r, 'B'))
				return emit(r, *r->p++ == 'b' ? REGEX_BOUNDARY : REGEX_NO_BOUNDARY, 0, 0);
			if (!compile_escape(r, &code, &is_class))
				return false;
			if (is_class)
				return emit(r, REGEX_CLASS, first_range, r->n_ranges);
			break;
		default:
			r->p = vm_str_next(r->p, r->end, &code);
			break;
	}
	return emit(r, REGEX_CHAR, (int32_t) (r->ignores_case ? vm_letter_lower(code) : code), 0);
}

/* {n}, {n,}, {n,m}; max is -1 without a bound.  False in *is_there when a brace begins something else. */
static bool
read_counts(Regex *r, int *min, int *max, bool *is_there)
{
	const uint8_t *start = r->p;
	int			counts[2] = {0, -1};
	int			n = 0;

	*is_there = false;
	if (!take(r, "{"))
		return true;
	for (; n < 2; n++)
	{
		bool		has_digit = false;

		for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
		{
			counts[n] = (counts[n] < 0 ? 0 : counts[n]) * 10 + (*r->p - '0');
			has_digit = true;
			if (counts[n] > MAX_REPEAT)
				return refuse(r, "more than 1000 repetitions");
		}
		if (n == 0 && !has_digit)
			break;
		if (n == 0 && next_is(r, '}'))
			counts[1] = counts[0];
		if (n == 0 && !take(r, ","))
			break;
	}
	if (!take(r, "}") || r->p[-2] == '{' || (counts[1] >= 0 && counts[1] < counts[0]))
	{
		r->p = start;
		return refuse(r, "a malformed number of repetitions");
	}
	*min = counts[0];
	*max = counts[1];
	*is_there = true;
	return true;
}

static bool
compile_repeated(Regex *r)
{
	const uint8_t *atom = r->p;
	const uint8_t *behind;
	int			start = r->n_ins;
	int			depth = r->depth;
	int			min = 1;
	int			max = 1;
	bool		has_counts = false;

	if (!compile_atom(r))
		return false;
	if (take(r, "*"))
		min = 0, max = -1;
	else if (take(r, "+"))
		max = -1;
	else if (take(r, "?"))
		min = 0;
	else
	{
		if (!read_counts(r, &min, &max, &has_counts))
			return false;
		if (!has_counts)
			return true;
	}
	if (next_is(r, '+'))
		return refuse(r, "a possessive repetition");
	take(r, "?");				/* what is preferred does not matter when all must match */
	if (next_is(r, '*') || next_is(r, '+') || next_is(r, '?') || next_is(r, '{'))
		return refuse(r, "nothing to repeat");
	behind = r->p;
	if (max == 0)
	{
		r->n_ins = start;
		return true;
	}
	for (int n = 1;; n++)
	{
		int			len = r->n_ins - start;
		bool		is_last = n == (max < 0 ? (min < 1 ? 1 : min) : max);

		if (is_last && max < 0 && !(min == 0 ? insert(r, start, REGEX_SPLIT, 1, len + 2) && emit(r, REGEX_JUMP, -len - 1, 0)
									: emit(r, REGEX_SPLIT, -len, 1)))
			return false;
		if (max >= 0 && n > min && !insert(r, start, REGEX_SPLIT, 1, len + 1))
			return false;
		if (is_last)
			break;
		start = r->n_ins;
		r->p = atom;
		r->depth = depth;
		if (!compile_atom(r))
			return false;
	}
	r->p = behind;
	return true;
}

static bool
compile_alternatives(Regex *r)
{
	int			jumps = -1;		/* to the end, chained by x */

	for (;;)
	{
		int			start = r->n_ins;

		while (r->p < r->end && *r->p != '|' && *r->p != ')')
			if (!compile_repeated(r))
				return false;
		if (!take(r, "|"))
			break;
		if (!insert(r, start, REGEX_SPLIT, 1, r->n_ins - start + 2) || !emit(r, REGEX_JUMP, jumps, 0))
			return false;
		jumps = r->n_ins - 1;
	}
	while (jumps >= 0)
	{
		int			before = r->ins[jumps].x;

		r->ins[jumps].x = r->n_ins - jumps;
		jumps = before;
	}
	return true;
}

static bool
compile(Regex *r)
{
	while (r->end - r->p > 3 && r->p[0] == '(' && r->p[1] == '?' && (r->p[2] == 'i' || r->p[2] == 's'))
	{
		for (r->p += 2; next_is(r, 'i') || next_is(r, 's'); r->p++)
			*(*r->p == 'i' ? &r->ignores_case : &r->any_is_all) = true;
		if (!take(r, ")"))
			return refuse(r, "an unknown flag");
	}
	if (!compile_alternatives(r))
		return false;
	if (r->p < r->end)
		return refuse(r, "a ) too many");
	return emit(r, REGEX_MATCH, 0, 0);
}

/* ---- the automaton ---- */

/* Instructions that wait for a character, each once. */
typedef struct States
{
	int		   *items;
	int			n;
} States;

typedef struct Running
{
	const Regex *r;
	const uint8_t *start;
	const uint8_t *end;
	uint32_t   *seen;			/* by instruction: the turn in which it was visited last */
	uint32_t	turn;
	int		   *stack;
	bool		matches;		/* the end of the pattern was reached */
} Running;

static bool
is_word(uint32_t code)
{
	return code < 0x80 && ((code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z') || code == '_');
}

static bool
at_boundary(const Running *run, const uint8_t *p)
{
	bool		before = p > run->start && is_word(p[-1]);
	bool		after = p < run->end && is_word(*p);

	return before != after;
}

/* Visits an instruction and all that it leads to without reading; those that read become states. */
static bool
enter(Running *run, int first, const uint8_t *p, States *states)
{
	const Regex *r = run->r;
	int			n = 0;
	uint64_t	n_visits = 0;

	run->stack[n++] = first;
	while (n > 0)
	{
		int			at = run->stack[--n];
		const RegexIns *ins = &r->ins[at];
		bool		goes_on = false;

		if (run->seen[at] == run->turn)
			continue;
		run->seen[at] = run->turn;
		n_visits++;
		switch (ins->op)
		{
			case REGEX_SPLIT:
				run->stack[n++] = at + ins->y;
				run->stack[n++] = at + ins->x;
				break;
			case REGEX_JUMP:
				run->stack[n++] = at + ins->x;
				break;
			case REGEX_START:
				goes_on = p == run->start;
				break;
			case REGEX_END:
				goes_on = p == run->end;
				break;
			case REGEX_BOUNDARY:
				goes_on = at_boundary(run, p);
				break;
			case REGEX_NO_BOUNDARY:
				goes_on = !at_boundary(run, p);
				break;
			case REGEX_MATCH:
				run->matches = true;
				break;
			default:
				states->items[states->n++] = at;
				break;
		}
		if (goes_on)
			run->stack[n++] = at + 1;
	}
	return vm_charge_steps(r->vm, n_visits);
}

static bool
range_has(const RegexRange *range, uint32_t code)
{
	switch (range->first)
	{
		case KIND_LETTER:
			return vm_letter_is_letter(code) != (range->last == 1);
		case KIND_UPPER:
			return (vm_letter_lower(code) != code) != (range->last == 1);
		case KIND_LOWER:
			return (vm_letter_is_letter(code) && vm_letter_upper(code) != code) != (range->last == 1);
		default:
			return code >= range->first && code <= range->last;
	}
}

static bool
class_has(const Regex *r, const RegexIns *ins, uint32_t code)
{
	for (int i = ins->x; i < ins->y; i++)
		if (range_has(&r->ranges[i], code) ||
			(r->ignores_case && (range_has(&r->ranges[i], vm_letter_lower(code)) || range_has(&r->ranges[i], vm_letter_upper(code)))))
			return true;
	return false;
}

static bool
reads(const Regex *r, const RegexIns *ins, uint32_t code)
{
	switch (ins->op)
	{
		case REGEX_CHAR:
			return (uint32_t) ins->x == (r->ignores_case ? vm_letter_lower(code) : code);
		case REGEX_ANY:
			return code != '\n' && code != '\r' && code != 0x85 && code != 0x2028 && code != 0x2029;
		case REGEX_CLASS:
			return class_has(r, ins, code);
		case REGEX_NO_CLASS:
			return !class_has(r, ins, code);
		default:
			return true;
	}
}

static bool
run_regex(const Regex *r, const VmStr *s, bool *matches)
{
	Running		run = {.r = r, .start = vm_str_begin(s), .end = vm_str_end(s), .turn = 1};
	States		now = {0};
	States		next = {0};
	size_t		n = (size_t) r->n_ins;
	const uint8_t *p = run.start;

	if (!vm_charge(r->vm, n * (sizeof(uint32_t) + 4 * sizeof(int)) + 1))
		return false;
	run.seen = kit_arena_zalloc(r->vm->arena, n * sizeof(uint32_t));
	run.stack = kit_arena_alloc(r->vm->arena, (2 * n + 2) * sizeof(int));
	now.items = kit_arena_alloc(r->vm->arena, n * sizeof(int));
	next.items = kit_arena_alloc(r->vm->arena, n * sizeof(int));
	if (!enter(&run, 0, p, &now))
		return false;
	while (p < run.end && now.n > 0)
	{
		States		other = now;
		uint64_t	n_looks = 0;
		uint32_t	code;

		p = vm_str_next(p, run.end, &code);
		run.turn++;
		run.matches = false;
		next.n = 0;
		for (int i = 0; i < now.n; i++)
		{
			const RegexIns *ins = &r->ins[now.items[i]];

			n_looks += 1 + (ins->op == REGEX_CLASS || ins->op == REGEX_NO_CLASS ? (uint64_t) (ins->y - ins->x) / 4 : 0);
			if (reads(r, ins, code) && !enter(&run, now.items[i] + 1, p, &next))
				return false;
		}
		if (!vm_charge_steps(r->vm, n_looks))
			return false;
		now = next;
		next = other;
	}
	*matches = p == run.end && run.matches;
	return true;
}

bool
vm_string_matches(Vm *vm, const VmVal *args, VmVal *out)
{
	Regex		r = {.vm = vm, .start = vm_str_begin(args[1].str), .p = vm_str_begin(args[1].str), .end = vm_str_end(args[1].str)};
	bool		matches = false;

	if (!vm_charge_steps(vm, 1 + args[1].str->len / 16) || !compile(&r) || !run_regex(&r, args[0].str, &matches))
		return false;
	out->i = matches;
	return true;
}
