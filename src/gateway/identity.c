/*
 * identity.c
 *	  Verifying JSON Web Tokens (RFC 7519, signatures of RFC 7518 and RFC 8037) with OpenSSL.
 *
 * Every request carries an identity, mostly the same one: what was verified is kept for a while, by the token's bytes, and dropped when keys change.
 * Only algorithms with public keys are accepted, and each key only for its own: a token cannot choose.
 */
#include "gateway/identity.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <uthash.h>

#include "doc/doc.h"
#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/memory.h"

#define TOKEN_MAX_LEN 8192
#define MAX_KEYS 16				/* of one authority */
#define KNOWN_SIZE 4096			/* tokens that are kept */

typedef enum Algorithm
{
	ES256,
	RS256,
	EDDSA,
	N_ALGORITHMS
} Algorithm;

static const char *const algorithm_names[] = {"ES256", "RS256", "EdDSA"};

typedef struct Authority
{
	UT_hash_handle hh;
	int			n;
	Algorithm	algorithms[MAX_KEYS];
	EVP_PKEY   *keys[MAX_KEYS];
	char		name[];
} Authority;

typedef struct Known
{
	char	   *token;			/* NULL: free */
	Principal  *principal;
	int64_t		from;			/* seconds since 1970 */
	int64_t		until;
} Known;

static Authority *authorities;
static Authority *next_authorities;
static Known known[KNOWN_SIZE];

/* ---- principals ---- */

Principal *
principal_new(const char *agent, size_t agent_len, const char *authority, size_t authority_len)
{
	Principal  *principal = GATEWAY_NEW(Principal);

	principal->n_refs = 1;
	principal->agent = gateway_copy(agent, agent_len);
	principal->authority = gateway_copy(authority, authority_len);
	return principal;
}

Principal *
principal_hold(Principal *principal)
{
	principal->n_refs++;
	return principal;
}

void
principal_drop(Principal *principal)
{
	if (principal == NULL || --principal->n_refs > 0)
		return;
	free(principal->agent);
	free(principal->authority);
	free(principal);
}

bool
principal_is(const Principal *principal, const char *name)
{
	const char *at = strrchr(name, '@');

	return at != NULL && strcmp(at + 1, principal->authority) == 0 && strlen(principal->agent) == (size_t) (at - name) &&
		memcmp(principal->agent, name, (size_t) (at - name)) == 0;
}

/* ---- base64 ---- */

static int
digit_of(char c, bool is_url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (is_url ? '-' : '+'))
		return 62;
	if (c == (is_url ? '_' : '/'))
		return 63;
	return -1;
}

/* Without padding, or with.  -1: it is not base64. */
static int
decode(const char *text, size_t len, bool is_url, uint8_t *out)
{
	uint32_t	bits = 0;
	int			n_bits = 0;
	int			n = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		int			digit = digit_of(text[i], is_url);

		if (digit < 0)
			return -1;
		bits = (bits << 6 | (uint32_t) digit) & 0xffffff;
		n_bits += 6;
		if (n_bits >= 8)
		{
			n_bits -= 8;
			out[n++] = (uint8_t) (bits >> n_bits);
		}
	}
	return n;
}

/* ---- keys ---- */

static bool
member(DocItem object, const char *name, DocItem *out)
{
	return object.kind == DOC_OBJECT && doc_find_member(object, name, strlen(name), out);
}

static bool
text_member(DocItem object, const char *name, DocItem *out)
{
	return member(object, name, out) && out->kind == DOC_STRING;
}

static bool
is_text(DocItem item, const char *text)
{
	return item.kind == DOC_STRING && item.len == strlen(text) && memcmp(item.str, text, item.len) == 0;
}

/* A number or a point of a key: at most 1,024 bytes.  -1: it is not there. */
static int
bytes_member(DocItem object, const char *name, uint8_t *out)
{
	DocItem		item;

	return text_member(object, name, &item) && item.len <= 1365 ? decode(item.str, item.len, true, out) : -1;
}

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY   *key = NULL;

	if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) > 0)
		(void) EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *
read_ec(DocItem jwk)
{
	uint8_t		point[2 + 2048];
	DocItem		curve;
	OSSL_PARAM_BLD *builder;
	EVP_PKEY   *key;

	if (!text_member(jwk, "crv", &curve) || !is_text(curve, "P-256") || bytes_member(jwk, "x", point + 1) != 32 || bytes_member(jwk, "y", point + 33) != 32)
		return NULL;
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65);
	key = make_key("EC", builder);
	OSSL_PARAM_BLD_free(builder);
	return key;
}

static EVP_PKEY *
read_rsa(DocItem jwk)
{
	uint8_t		bytes[2][1024];
	int			n_len = bytes_member(jwk, "n", bytes[0]);
	int			e_len = bytes_member(jwk, "e", bytes[1]);
	OSSL_PARAM_BLD *builder;
	BIGNUM	   *n;
	BIGNUM	   *e;
	EVP_PKEY   *key;

	if (n_len < 256 || e_len <= 0)
		return NULL;			/* 2,048 bits at least, as RFC 7518 demands */
	builder = OSSL_PARAM_BLD_new();
	n = BN_bin2bn(bytes[0], n_len, NULL);
	e = BN_bin2bn(bytes[1], e_len, NULL);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
	key = make_key("RSA", builder);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *
read_okp(DocItem jwk)
{
	uint8_t		point[1024];
	DocItem		curve;

	if (!text_member(jwk, "crv", &curve) || !is_text(curve, "Ed25519") || bytes_member(jwk, "x", point) != 32)
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, 32);
}

/* Adama's form: {"algo":"ES256","bytes64":"…"}, the bytes of an X.509 SubjectPublicKeyInfo. */
static EVP_PKEY *
read_stored(DocItem item, Algorithm *algorithm)
{
	uint8_t		bytes[1024];
	const uint8_t *p = bytes;
	DocItem		text;
	int			len;
	EVP_PKEY   *key;

	if (!text_member(item, "bytes64", &text) || text.len > 1365 || (len = decode(text.str, text.len, false, bytes)) <= 0)
		return NULL;
	key = d2i_PUBKEY(NULL, &p, len);
	if (key == NULL)
		return NULL;
	switch (EVP_PKEY_get_base_id(key))
	{
		case EVP_PKEY_EC:
			*algorithm = ES256;
			if (EVP_PKEY_get_bits(key) == 256)
				return key;
			break;
		case EVP_PKEY_RSA:
			*algorithm = RS256;
			if (EVP_PKEY_get_bits(key) >= 2048)
				return key;
			break;
		case EVP_PKEY_ED25519:
			*algorithm = EDDSA;
			return key;
		default:
			break;
	}
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *
read_key(DocItem item, Algorithm *algorithm)
{
	DocItem		type;

	if (!text_member(item, "kty", &type))
		return read_stored(item, algorithm);
	if (is_text(type, "EC"))
	{
		*algorithm = ES256;
		return read_ec(item);
	}
	if (is_text(type, "RSA"))
	{
		*algorithm = RS256;
		return read_rsa(item);
	}
	*algorithm = EDDSA;
	return is_text(type, "OKP") ? read_okp(item) : NULL;
}

static void
add_key(Authority *authority, DocItem item)
{
	Algorithm	algorithm = ES256;
	EVP_PKEY   *key = authority->n < MAX_KEYS ? read_key(item, &algorithm) : NULL;

	if (key == NULL)
	{
		gateway_log(GATEWAY_WARNING, "key", "authority=\"%s\" problem=\"%s\"", authority->name, authority->n < MAX_KEYS ? "not a key that is understood" : "too many keys");
		return;
	}
	authority->algorithms[authority->n] = algorithm;
	authority->keys[authority->n++] = key;
}

static void
free_authorities(Authority *list)
{
	Authority  *authority;
	Authority  *next;

	HASH_ITER(hh, list, authority, next)
	{
		HASH_DEL(list, authority);
		for (int i = 0; i < authority->n; i++)
			EVP_PKEY_free(authority->keys[i]);
		free(authority);
	}
}

void
identity_keys_begin(void)
{
	free_authorities(next_authorities);
	next_authorities = NULL;
}

void
identity_keys(const char *name, const char *jwks, size_t len)
{
	KitArena   *arena = kit_arena_new("adama gateway keys");
	KitBuf		buf;
	DocItem		root;
	DocItem		keys;
	DocItem		item;
	DocKey		key;
	KitDiag		diag = {0};
	size_t		name_len = strlen(name);
	Authority  *authority = gateway_alloc(sizeof(Authority) + name_len + 1);

	memcpy(authority->name, name, name_len);
	kit_buf_init(&buf, arena);
	if (!doc_from_json(jwks, len, DOC_DOCUMENT, &buf, &diag) || !doc_open((DocBytes) {buf.data, buf.len}, DOC_DOCUMENT, &root, &diag) || root.kind != DOC_OBJECT)
		gateway_log(GATEWAY_WARNING, "key", "authority=\"%s\" problem=\"not a set of keys\"", name);
	else if (member(root, "keys", &keys) && keys.kind == DOC_ARRAY)
	{
		while (doc_next_element(&keys.body, &item))
			add_key(authority, item);
	}
	else
	{
		while (doc_next_member(&root.body, &key, &item))
			add_key(authority, item);
	}
	HASH_ADD_KEYPTR(hh, next_authorities, authority->name, name_len, authority);
	kit_arena_delete(arena);
}

static void
forget(Known *entry)
{
	free(entry->token);
	principal_drop(entry->principal);
	*entry = (Known) {0};
}

void
identity_keys_end(void)
{
	free_authorities(authorities);
	authorities = next_authorities;
	next_authorities = NULL;
	for (int i = 0; i < KNOWN_SIZE; i++)
		forget(&known[i]);
	gateway_log(GATEWAY_INFO, "keys", "authorities=%u", HASH_COUNT(authorities));
}

/* ---- tokens ---- */

static bool
check_signature(EVP_PKEY *key, Algorithm algorithm, const char *text, size_t len, const uint8_t *signature, int signature_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t		der[80];
	bool		is_good = false;

	/* The signature of ES256 is two numbers of 32 bytes; OpenSSL wants them in DER. */
	if (algorithm == ES256)
	{
		ECDSA_SIG  *pair = ECDSA_SIG_new();
		uint8_t    *p = der;

		if (signature_len == 64 && ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)))
			signature_len = i2d_ECDSA_SIG(pair, &p);
		else
			signature_len = 0;
		signature = der;
		ECDSA_SIG_free(pair);
	}
	if (signature_len > 0 && EVP_DigestVerifyInit(context, NULL, algorithm == EDDSA ? NULL : EVP_sha256(), NULL, key) > 0)
		is_good = EVP_DigestVerify(context, signature, (size_t) signature_len, (const uint8_t *) text, len) == 1;
	EVP_MD_CTX_free(context);
	return is_good;
}

static bool
parse_part(KitArena *arena, const char *text, size_t len, DocItem *root)
{
	uint8_t    *bytes = kit_arena_alloc(arena, len + 4);
	int			n = decode(text, len, true, bytes);
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	return n > 0 && doc_from_json((const char *) bytes, (size_t) n, DOC_DOCUMENT, buf, &diag) &&
		doc_open((DocBytes) {buf->data, buf->len}, DOC_DOCUMENT, root, &diag) && root->kind == DOC_OBJECT;
}

/* A time of the token in seconds, or what is said when it has none.  False: it is no number. */
static bool
time_claim(DocItem payload, const char *name, int64_t otherwise, int64_t *out)
{
	DocItem		item;

	*out = otherwise;
	if (!member(payload, name, &item))
		return true;
	if (item.kind == DOC_INT)
		*out = item.i;
	else if (item.kind == DOC_DOUBLE && item.d > -1e15 && item.d < 1e15)
		*out = (int64_t) item.d;
	else
		return false;
	return true;
}

static bool
read_token(KitArena *arena, const char *token, size_t len, Known *out, const char **why)
{
	const char *dot1 = memchr(token, '.', len);
	const char *dot2 = dot1 == NULL ? NULL : memchr(dot1 + 1, '.', len - (size_t) (dot1 + 1 - token));
	DocItem		header;
	DocItem		payload;
	DocItem		item;
	DocItem		agent;
	DocItem		issuer;
	uint8_t    *signature;
	int			signature_len;
	Authority  *authority;
	bool		is_signed = false;

	*why = "not a token";
	if (dot2 == NULL || !parse_part(arena, token, (size_t) (dot1 - token), &header) || !parse_part(arena, dot1 + 1, (size_t) (dot2 - dot1 - 1), &payload))
		return false;
	signature = kit_arena_alloc(arena, len);
	signature_len = decode(dot2 + 1, len - (size_t) (dot2 + 1 - token), true, signature);
	if (signature_len <= 0 || !text_member(payload, "sub", &agent) || !text_member(payload, "iss", &issuer))
		return false;
	*why = "it has extensions that must be understood";
	if (member(header, "crit", &item))
		return false;
	*why = "its times are not numbers";
	if (!time_claim(payload, "nbf", INT64_MIN, &out->from) || !time_claim(payload, "exp", INT64_MAX, &out->until))
		return false;
	*why = "unknown authority";
	HASH_FIND(hh, authorities, issuer.str, issuer.len, authority);
	if (authority == NULL)
		return false;
	*why = "no key of the authority has signed it";
	if (!text_member(header, "alg", &item))
		return false;
	for (int i = 0; i < authority->n && !is_signed; i++)
		is_signed = is_text(item, algorithm_names[authority->algorithms[i]]) &&
			check_signature(authority->keys[i], authority->algorithms[i], token, (size_t) (dot2 - token), signature, signature_len);
	if (!is_signed)
		return false;
	out->principal = principal_new(agent.str, agent.len, issuer.str, issuer.len);
	return true;
}

static Principal *
verify_token(const char *token, size_t len, int64_t now, const char **why)
{
	unsigned	hash;
	Known	   *entry;

	*why = "too long";
	if (len > TOKEN_MAX_LEN)
		return NULL;
	HASH_JEN(token, len, hash);
	entry = &known[hash % KNOWN_SIZE];
	if (entry->token == NULL || strlen(entry->token) != len || memcmp(entry->token, token, len) != 0)
	{
		KitArena   *arena = kit_arena_new("adama gateway token");
		Known		fresh = {0};
		bool		is_good = read_token(arena, token, len, &fresh, why);

		kit_arena_delete(arena);
		if (!is_good)
			return NULL;
		forget(entry);
		*entry = fresh;
		entry->token = gateway_copy(token, len);
	}
	*why = now >= entry->until ? "expired" : "not valid yet";
	return now < entry->from || now >= entry->until ? NULL : principal_hold(entry->principal);
}

Principal *
identity_verify(const char *identity, size_t len, int64_t now, const char **why)
{
	static const char anonymous[] = "anonymous:";
	size_t		prefix = sizeof(anonymous) - 1;

	if (len >= prefix && memcmp(identity, anonymous, prefix) == 0)
		return principal_new(identity + prefix, len - prefix, anonymous, prefix - 1);
	return verify_token(identity, len, now, why);
}

bool
identity_is_allowed(const Principal *principal, const char *space_name)
{
	const ConfigSpace *space = config_space(space_name);

	if (strcmp(principal->authority, "anonymous") == 0)
		return space != NULL && space->has_anonymous ? space->anonymous : config.anonymous;
	return space == NULL || space->authorities.n == 0 || config_list_has(&space->authorities, principal->authority);
}
