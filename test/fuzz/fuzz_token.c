/*
 * fuzz_token.c
 *	  Tokens that were signed and then changed: nobody is somebody whom no key has signed for, within the time that was signed.
 *
 * The input are choices: claims, an algorithm, a key, and what is done to the token.
 */
#include "gateway.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gateway/identity.h"

#define NOW 1800000000

static EVP_PKEY *keys[3];		/* ES256, RS256, EdDSA */
static const char *const names[] = {"ES256", "RS256", "EdDSA", "none", "HS256", "es256"};

static size_t
encode(const uint8_t *data, size_t len, bool is_url, char *out)
{
	static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char basic[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *digits = is_url ? url : basic;
	uint32_t	bits = 0;
	int			n_bits = 0;
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		bits = bits << 8 | data[i];
		for (n_bits += 8; n_bits >= 6; n_bits -= 6)
			out[n++] = digits[bits >> (n_bits - 6) & 63];
	}
	if (n_bits > 0)
		out[n++] = digits[bits << (6 - n_bits) & 63];
	out[n] = '\0';
	return n;
}

static void
set_keys(void)
{
	static const uint8_t seed[32] = "a key for nobody but the fuzzer";
	char		set[4000];
	size_t		len = 1;

	keys[0] = EVP_EC_gen("P-256");
	keys[1] = EVP_RSA_gen(2048);
	keys[2] = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	set[0] = '{';
	for (int i = 0; i < 3; i++)
	{
		uint8_t    *der = NULL;
		int			der_len = i2d_PUBKEY(keys[i], &der);
		char		text[1000];

		FUZZ_CHECK(der_len > 0 && der_len < 700, "no key");
		encode(der, (size_t) der_len, false, text);
		len += (size_t) sprintf(set + len, "%s\"%d\":{\"algo\":\"x\",\"bytes64\":\"%s\"}", i > 0 ? "," : "", i, text);
		OPENSSL_free(der);
	}
	set[len++] = '}';
	identity_keys_begin();
	identity_keys("acme", set, len);
	identity_keys("broken", "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"\"},{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"\"},{},7]}", 85);
	identity_keys_end();
}

static size_t
sign_with(int key, const char *text, size_t len, uint8_t *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t		out_len = 512;

	FUZZ_CHECK(EVP_DigestSignInit(context, NULL, key == 2 ? NULL : EVP_sha256(), NULL, keys[key]) > 0 &&
			   EVP_DigestSign(context, out, &out_len, (const uint8_t *) text, len) > 0, "not signed");
	EVP_MD_CTX_free(context);
	if (key == 0)
	{
		const uint8_t *p = out;
		ECDSA_SIG  *pair = d2i_ECDSA_SIG(NULL, &p, (long) out_len);

		BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
		ECDSA_SIG_free(pair);
		out_len = 64;
	}
	return out_len;
}

/* A claim about time, and whether now is within it. */
static bool
add_time(char *claims, const char *name, bool is_end, uint32_t choice)
{
	static const char *const past[] = {"1", "1799999999", "1.5e9", "-5"};
	static const char *const future[] = {"1800000001", "1.9e9", "9223372036854775807", "1.0E14"};
	static const char *const wrong[] = {"\"soon\"", "true", "[]", "1e300"};

	if (choice < 4)
		return true;
	sprintf(claims + strlen(claims), ",\"%s\":%s", name, choice < 8 ? past[choice - 4] : choice < 12 ? future[choice - 8] : wrong[choice - 12]);
	return choice < 12 && (choice < 8) != is_end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Choices		c = {data, size, 0};
	char		token[4000];
	char		original[4000];
	char		claims[600];
	char		header[200];
	uint8_t		signature[512];
	const char *why = "";
	const char *second_dot;
	const char *original_dot;
	size_t		signed_len;
	size_t		len;
	uint32_t	key = choose(&c, 3);
	uint32_t	algorithm = choose(&c, 4) == 0 ? choose(&c, 6) : key;
	uint32_t	who = choose(&c, 6);
	bool		is_good = algorithm == key && who < 4;
	Principal  *principal;

	configure();
	if (keys[0] == NULL)
		set_keys();
	sprintf(header, "{\"alg\":\"%s\"%s}", names[algorithm], choose(&c, 8) == 0 ? is_good = false, ",\"crit\":[\"b64\"]" : "");
	sprintf(claims, "{\"sub\":\"%s\",\"iss\":\"%s\"", choose(&c, 2) ? "ann" : "~?>\xc3\xbf", who < 4 ? "acme" : who == 4 ? "broken" : "nobody");
	is_good &= add_time(claims, "exp", true, choose(&c, 16));
	is_good &= add_time(claims, "nbf", false, choose(&c, 16));
	strcat(claims, "}");
	signed_len = encode((const uint8_t *) header, strlen(header), true, token);
	token[signed_len++] = '.';
	signed_len += encode((const uint8_t *) claims, strlen(claims), true, token + signed_len);
	len = sign_with((int) key, token, signed_len, signature);
	token[signed_len] = '.';
	len = signed_len + 1 + encode(signature, len, true, token + signed_len + 1);
	memcpy(original, token, len + 1);

	principal = identity_verify(token, len, NOW, &why);
	FUZZ_CHECK((principal != NULL) == is_good, "%s %s: %s", header, claims, why);
	if (principal != NULL)
		FUZZ_CHECK(strcmp(principal->authority, "acme") == 0, "%s", principal->authority);
	principal_drop(principal);

	/* Then it is changed. */
	for (uint32_t times = 1 + choose(&c, 3); times > 0 && len > 0; times--)
	{
		size_t		at = choose(&c, 65536) % len;

		switch (choose(&c, 5))
		{
			case 0:
				token[at] = (char) choose(&c, 256);
				break;
			case 1:
				memmove(token + at, token + at + 1, len - at - 1);
				len--;
				break;
			case 2:
				memmove(token + at + 1, token + at, len - at);
				token[at] = "ABCxyz019-_.=+/"[choose(&c, 15)];
				len++;
				break;
			case 3:
				len = at;
				break;
			default:
				{
					const char *piece = (const char *[]) {".", "..", "=", "AAAA", "eyJ", "anonymous:"}[choose(&c, 6)];

					memcpy(token + len, piece, strlen(piece));
					len += strlen(piece);
				}
				break;
		}
	}
	{
		char	   *exact = malloc(len + 1);

		memcpy(exact, token, len);
		exact = realloc(exact, len > 0 ? len : 1);
		principal = identity_verify(exact, len, NOW, &why);
		free(exact);
	}
	if (principal == NULL || strcmp(principal->authority, "anonymous") == 0)
	{
		principal_drop(principal);
		return 0;
	}
	principal_drop(principal);
	/* The last bits of a signature's text say nothing: another text may be the same signature.  What is signed must be the same to the last letter. */
	original_dot = strrchr(original, '.');
	second_dot = memchr(token, '.', len);
	second_dot = memchr(second_dot + 1, '.', len - (size_t) (second_dot + 1 - token));
	FUZZ_CHECK(is_good && second_dot - token == original_dot - original && memcmp(token, original, (size_t) (second_dot - token)) == 0, "%.*s is taken for %s", (int) len, token,
			   original);
	return 0;
}
