/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/password.c - see password.h.
 */
#include "firmware/control/api/password.h"

#include <argon2.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "firmware/control/cloud/digest.h"

/* the first choice of the OWASP password storage recommendations for argon2id */
#define PASSES	   2
#define MEMORY_KIB (19 * 1024)
#define LANES	   1
#define SALT_BYTES 16
#define HASH_BYTES 32
#define MAX_RANDOM 64

static int random_bytes(uint8_t *data, size_t length)
{
	/* at most 256 bytes come whole or not at all: getrandom(2) */
	return getrandom(data, length, 0) == (ssize_t)length ? 0 : -EIO;
}

int tess_password_hash(char hash[TESS_PASSWORD_HASH_MAX], const char *password)
{
	uint8_t salt[SALT_BYTES];
	int rc = random_bytes(salt, sizeof(salt));

	if (rc)
		return rc;
	rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt,
				   sizeof(salt), HASH_BYTES, hash, TESS_PASSWORD_HASH_MAX);
	return rc == ARGON2_OK ? 0 : -ENOMEM;
}

bool tess_password_verify(const char *hash, const char *password)
{
	return argon2id_verify(hash, password, strlen(password)) == ARGON2_OK;
}

int tess_random_hex(char *text, size_t bytes)
{
	uint8_t data[MAX_RANDOM];

	if (bytes > sizeof(data) || random_bytes(data, bytes))
		return -EIO;
	tess_hex(text, data, bytes);
	return 0;
}

int tess_random_text(char *text, size_t length)
{
	/* 32 of them: no bias */
	static const char letters[33] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	uint8_t data[MAX_RANDOM];

	if (length > sizeof(data) || random_bytes(data, length))
		return -EIO;
	for (size_t i = 0; i < length; i++)
		text[i] = letters[data[i] % 32];
	text[length] = 0;
	return 0;
}
