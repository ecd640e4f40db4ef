/*
 * builtin_password.c
 *	  Passwords: hashed by scrypt, and compared with what was hashed.
 *
 * The form is one that other programs know, too: "$s0$e0801$" and, in base 64, 16 bytes of salt and 32 bytes of key, with a "$" between.  e0801 are the
 * parameters: log2 N = 14 (e), r = 8, p = 1.
 *
 * The salt comes from the document's random numbers, so that a replay hashes to the same; but as their digest, since from the numbers themselves whoever
 * sees a hash could reckon what the document draws next.
 */
#include <string.h>

#include "vm/builtin.h"

#define PREFIX "$s0$e0801$"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define SALT_LEN 16
#define KEY_LEN 32
#define SALT_TEXT 24			/* in base 64 */
#define KEY_TEXT 44
#define HASH_LEN (PREFIX_LEN + SALT_TEXT + 1 + KEY_TEXT)

/*
 * What hashing costs: some 50 ms, however long the password.  Steps are cheaper than that for most of what they stand for; with these, an event can hash
 * twice within the default budget, which a change of password takes.  The memory is free again afterwards: it must be left, but is not used up.
 */
#define HASH_STEPS 4000000
#define HASH_MEMORY ((size_t) 128 * PORT_SCRYPT_N * PORT_SCRYPT_R)

static bool
hash(Vm *vm, const VmStr *password, const unsigned char salt[SALT_LEN], unsigned char key[KEY_LEN])
{
	if (vm->memory < HASH_MEMORY)
	{
		vm_fail(vm, KIT_BUDGET_EXCEEDED, "hashing a password takes %zu bytes of memory, of the program's budget of %zu are %zu left", HASH_MEMORY,
				vm->limits.memory, vm->memory);
		return false;
	}
	if (!vm_charge_steps(vm, (uint64_t) HASH_STEPS + password->len / 16))
		return false;
	port_poll();
	return port_scrypt(password->text, password->len, salt, SALT_LEN, key, KEY_LEN) ||
		vm_fail(vm, KIT_RUNTIME_ERROR, "the library for cryptography refuses to hash passwords by scrypt");
}

bool
vm_string_password_hash(Vm *vm, const VmVal *args, VmVal *out)
{
	unsigned char seed[16];
	unsigned char digest[32];
	unsigned char key[KEY_LEN];
	char		text[HASH_LEN];

	for (size_t i = 0; i < sizeof(seed); i += 8)
	{
		uint64_t	random = vm_random(vm);

		for (size_t k = 0; k < 8; k++)
			seed[i + k] = (unsigned char) (random >> k * 8);
	}
	if (!port_sha256(seed, sizeof(seed), digest))
		return vm_fail(vm, KIT_RUNTIME_ERROR, "the library for cryptography refuses to compute a SHA-256");
	if (!hash(vm, args[0].str, digest, key))
		return false;
	memcpy(text, PREFIX, PREFIX_LEN);
	vm_base64_write(digest, SALT_LEN, text + PREFIX_LEN);
	text[PREFIX_LEN + SALT_TEXT] = '$';
	vm_base64_write(key, KEY_LEN, text + PREFIX_LEN + SALT_TEXT + 1);
	return vm_make_string(vm, text, HASH_LEN, out);
}

/* What is no such hash is no password's. */
bool
vm_string_password_check(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *hashed = args[0].str;
	const char *salt_text = hashed->text + PREFIX_LEN;
	const char *key_text = salt_text + SALT_TEXT + 1;
	unsigned char salt[SALT_LEN + 2];
	unsigned char expected[KEY_LEN + 2];
	unsigned char key[KEY_LEN];

	out->i = 0;
	if (hashed->len != HASH_LEN || memcmp(hashed->text, PREFIX, PREFIX_LEN) != 0 || salt_text[SALT_TEXT] != '$' ||
		vm_base64_read(salt_text, SALT_TEXT, salt) != SALT_LEN || vm_base64_read(key_text, KEY_TEXT, expected) != KEY_LEN)
		return true;
	if (!hash(vm, args[1].str, salt, key))
		return false;
	out->i = port_same_secret(key, expected, KEY_LEN);
	return true;
}
