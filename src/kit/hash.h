/*
 * hash.h
 *	  Hashes: a fast 64-bit one for tables and content, CRC-32C for damage.
 *
 * kit_hash is stable across versions and machines (little and big endian): content hashes are stored.  It is not keyed: tables whose keys a
 * user chooses must mix in a seed of their own.
 */
#ifndef ADAMA_KIT_HASH_H
#define ADAMA_KIT_HASH_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t kit_hash(const void *data, size_t len, uint64_t seed);
extern uint64_t kit_hash_mix(uint64_t a, uint64_t b);
extern uint32_t kit_crc32c(const void *data, size_t len);

#endif
