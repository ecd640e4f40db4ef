/*
 * hash.c
 *	  The 64-bit hash and CRC-32C.
 *
 * The hash folds 16 bytes at a time by a 64 x 64 -> 128 bit product, whose two halves are xored; the factors are offset by odd constants, so that
 * zeros do not stick.  Its values are stored (content hashes): the constants and the order of the steps are part of the format.
 *
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) goes eight bytes a step over eight tables, which are computed at the first use.
 */
#include "kit/hash.h"

#include <stdbool.h>
#include <string.h>

#define SALT_0 UINT64_C(0x9e3779b97f4a7c15)
#define SALT_1 UINT64_C(0xc2b2ae3d27d4eb4f)
#define SALT_2 UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t	value;

	memcpy(&value, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static inline uint64_t
load32(const uint8_t *p)
{
	uint32_t	value;

	memcpy(&value, p, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap32(value);
#endif
	return value;
}

static inline uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

uint64_t
kit_hash(const void *data, size_t len, uint64_t seed)
{
	const uint8_t *p = data;
	uint64_t	state = seed ^ SALT_0;
	uint64_t	a,
				b;
	size_t		rest = len;

	while (rest > 16)
	{
		state = fold(load64(p) ^ SALT_1 ^ state, load64(p + 8) ^ SALT_2);
		p += 16;
		rest -= 16;
	}
	if (rest >= 8)
	{
		a = load64(p);
		b = load64(p + rest - 8);
	}
	else if (rest >= 4)
	{
		a = load32(p);
		b = load32(p + rest - 4);
	}
	else if (rest > 0)
	{
		a = (uint64_t) p[0] << 16 | (uint64_t) p[rest / 2] << 8 | p[rest - 1];
		b = 0;
	}
	else
		a = b = 0;
	state = fold(a ^ SALT_1 ^ state, b ^ SALT_2 ^ (uint64_t) len);
	return fold(state ^ SALT_0, (uint64_t) len ^ SALT_1);
}

uint64_t
kit_hash_mix(uint64_t a, uint64_t b)
{
	return fold(fold(a ^ SALT_1, b ^ SALT_2) ^ SALT_0, b ^ SALT_1);
}

static uint32_t crc_table[8][256];
static bool crc_table_is_made;

static void
make_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++)
	{
		uint32_t	crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ UINT32_C(0x82f63b78) : crc >> 1;
		crc_table[0][i] = crc;
	}
	for (int slice = 1; slice < 8; slice++)
		for (int i = 0; i < 256; i++)
		{
			uint32_t	crc = crc_table[slice - 1][i];

			crc_table[slice][i] = crc >> 8 ^ crc_table[0][crc & 0xff];
		}
	crc_table_is_made = true;
}

static uint32_t
crc_by_table(const uint8_t *p, size_t len)
{
	uint32_t	crc = UINT32_C(0xffffffff);

	if (!crc_table_is_made)
		make_crc_table();
	while (len >= 8)
	{
		uint64_t	chunk = load64(p) ^ crc;

		crc = crc_table[7][chunk & 0xff] ^ crc_table[6][chunk >> 8 & 0xff] ^
			crc_table[5][chunk >> 16 & 0xff] ^ crc_table[4][chunk >> 24 & 0xff] ^
			crc_table[3][chunk >> 32 & 0xff] ^ crc_table[2][chunk >> 40 & 0xff] ^
			crc_table[1][chunk >> 48 & 0xff] ^ crc_table[0][chunk >> 56];
		p += 8;
		len -= 8;
	}
	while (len-- > 0)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__) && defined(__GNUC__)

/* The processor has an instruction for it, several times as fast as the tables; every message and every load passes here. */
__attribute__((target("sse4.2")))
static uint32_t
crc_by_instruction(const uint8_t *p, size_t len)
{
	uint64_t	crc = UINT32_C(0xffffffff);

	for (; len >= 8; p += 8, len -= 8)
		crc = __builtin_ia32_crc32di(crc, load64(p));
	for (; len > 0; p++, len--)
		crc = __builtin_ia32_crc32qi((uint32_t) crc, *p);
	return ~(uint32_t) crc;
}

uint32_t
kit_crc32c(const void *data, size_t len)
{
	return __builtin_cpu_supports("sse4.2") ? crc_by_instruction(data, len) : crc_by_table(data, len);
}

#else

uint32_t
kit_crc32c(const void *data, size_t len)
{
	return crc_by_table(data, len);
}

#endif
