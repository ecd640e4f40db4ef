/*
 * string.h
 *	  What the built-ins that work on strings share: walking through UTF-8, searching, making strings piece by piece.
 *
 * Whoever walks through a string charges for it first: vm_charge_steps(vm, len / 16), or vm_charge_search.
 */
#ifndef ADAMA_VM_STRING_H
#define ADAMA_VM_STRING_H

#include "kit/utf8.h"
#include "vm/machine.h"

#define VM_MAX_STRING ((size_t) 1 << 30)

static inline const uint8_t *
vm_str_begin(const VmStr *s)
{
	return (const uint8_t *) s->text;
}

static inline const uint8_t *
vm_str_end(const VmStr *s)
{
	return (const uint8_t *) s->text + s->len;
}

/* The code point at p, and where the next one begins. */
static inline const uint8_t *
vm_str_next(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
	int			len;

	if (*p < 0x80)
	{
		*code = *p;
		return p + 1;
	}
	len = kit_utf8_read(p, end, code);
	if (len > 0)
		return p + len;
	*code = *p;					/* strings are valid: it does not happen */
	return p + 1;
}

/* Where the n-th unit of UTF-16 begins.  In the middle of a character: where that ends, or (back) where it begins. */
extern const uint8_t *vm_str_unit(const VmStr *s, int64_t n, bool back);
extern int64_t vm_str_units(const uint8_t *p, const uint8_t *end);	/* how many units lie between */
/* The first occurrence of needle in what lies between p and end, or NULL. */
extern const uint8_t *vm_str_find(const uint8_t *p, const uint8_t *end, const VmStr *needle);
extern const uint8_t *vm_skip_space(const uint8_t *p, const uint8_t *end);
extern const uint8_t *vm_skip_space_back(const uint8_t *start, const uint8_t *p);

/* Steps of a search: each position may cost a comparison. */
extern bool vm_charge_search(Vm *vm, const VmStr *text, const VmStr *needle);
extern bool vm_new_string(Vm *vm, size_t len, VmStr **out);	/* to be filled by the caller; zero-terminated */
extern bool vm_change_case(Vm *vm, const VmStr *s, bool to_upper, VmVal *out);
extern bool vm_maybe_string(Vm *vm, const char *text, size_t len, VmVal *out);
extern bool vm_maybe_int(Vm *vm, int64_t value, VmVal *out);
extern bool vm_read_double(const VmStr *s, double *value);	/* as Java reads one, but decimal only */

/* A string that is made piece by piece.  What it grows by is charged. */
typedef struct VmPieces
{
	Vm		   *vm;
	char	   *data;
	size_t		len;
	size_t		cap;
} VmPieces;

extern void vm_pieces_init(VmPieces *pieces, Vm *vm);
extern bool vm_pieces_add(VmPieces *pieces, const void *data, size_t len);
extern bool vm_pieces_add_code(VmPieces *pieces, uint32_t code);
extern bool vm_pieces_string(VmPieces *pieces, VmVal *out);

#endif
