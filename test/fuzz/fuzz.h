/*
 * fuzz.h
 *	  What a fuzzer is written with.  A target takes bytes and must come back; whatever must hold is said by FUZZ_CHECK, which ends the process.
 *
 * The same target is linked with libFuzzer, which searches for new paths as long as one likes ("make fuzz"), and with alone.c, which changes the
 * inputs of the corpus at random from a fixed seed for a moment ("make test").
 */
#ifndef ADAMA_FUZZ_H
#define ADAMA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target may know better how to change its input. */
extern size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) __attribute__((weak));
/* Changes bytes; given by whoever the target is linked with. */
extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define FUZZ_CHECK(condition, ...) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__); \
			fprintf(stderr, "\n"); \
			abort(); \
		} \
	} while (0)

/* ---- decisions: the input as a stream of choices; when it is used up, all are 0 ---- */

typedef struct Choices
{
	const uint8_t *data;
	size_t		size;
	size_t		at;
} Choices;

static inline uint32_t
choose(Choices *c, uint32_t n)
{
	uint32_t	value = c->at < c->size ? c->data[c->at++] : 0;

	if (n > 256)
		value = value << 8 | (c->at < c->size ? c->data[c->at++] : 0);
	return n == 0 ? 0 : value % n;
}

/* Random numbers for mutators. */
static inline uint32_t
fuzz_random(uint64_t *state, uint32_t n)
{
	uint64_t	z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t) ((z ^ z >> 31) % n);
}

#endif
