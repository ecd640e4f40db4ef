/*
 * letters.h
 *	  What a code point is: upper or lower case, white space.
 *
 * Case is known for the scripts of Europe that have it (Latin, Greek, Cyrillic, Armenian) and full width Latin, one code point to one; every
 * other code point is its own upper and lower case.  The tables are ours, so that a program yields the same under every locale.
 */
#ifndef ADAMA_VM_LETTERS_H
#define ADAMA_VM_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

extern uint32_t vm_letter_lower(uint32_t code);
extern uint32_t vm_letter_upper(uint32_t code);
extern bool vm_letter_is_letter(uint32_t code);	/* of any script: all that is not punctuation, a symbol, a mark or white space */
extern bool vm_letter_is_space(uint32_t code);	/* as Java's Character.isWhitespace */

#endif
