/*
 * password.c
 *	  Hashing passwords, by OpenSSL's libcrypto, which a PostgreSQL of any distribution is linked with already.
 *
 * One source for the server and for stand-alone programs: nothing of either is needed.  What comes out is defined by RFC 7914 and FIPS 180-4, so it is the
 * same everywhere.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "port/port.h"

bool
port_scrypt(const char *password, size_t len, const unsigned char *salt, size_t salt_len, unsigned char *key, size_t key_len)
{
	return EVP_PBE_scrypt(password, len, salt, salt_len, PORT_SCRYPT_N, PORT_SCRYPT_R, PORT_SCRYPT_P, 0, key, key_len) == 1;
}

bool
port_sha256(const void *data, size_t len, unsigned char digest[32])
{
	return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1;
}

bool
port_same_secret(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
