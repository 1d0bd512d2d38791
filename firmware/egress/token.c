/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/token.c - signatures of recording links.
 */
#include "firmware/egress/token.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

int tess_token_key(uint8_t key[TESS_TOKEN_KEY_SIZE], const char *hex)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(hex) != 2 * TESS_TOKEN_KEY_SIZE ||
	    strspn(hex, "0123456789abcdef") != 2 * TESS_TOKEN_KEY_SIZE)
		return -EINVAL;
	for (unsigned i = 0; i < TESS_TOKEN_KEY_SIZE; i++)
		key[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
				   (strchr(digits, hex[2 * i + 1]) - digits));
	return 0;
}

int tess_token_sign(char sign[TESS_TOKEN_SIGN_SIZE], const uint8_t key[TESS_TOKEN_KEY_SIZE],
		    int64_t id, const char *expires)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	char text[64];
	int text_length = snprintf(text, sizeof(text), "%" PRId64 ":%s", id, expires);

	if (!HMAC(EVP_sha256(), key, TESS_TOKEN_KEY_SIZE, (const uint8_t *)text,
		  (size_t)text_length, mac, &length) ||
	    2 * length != TESS_TOKEN_SIGN_SIZE - 1)
		return -EIO;
	for (unsigned i = 0; i < length; i++)
		(void)snprintf(sign + 2 * (size_t)i, 3, "%02x", mac[i]);
	return 0;
}

int tess_token_check(const uint8_t key[TESS_TOKEN_KEY_SIZE], int64_t id, const char *expires,
		     const char *sign, int64_t utc_us)
{
	char right[TESS_TOKEN_SIGN_SIZE];
	int64_t until_s = 0;

	if (!expires || !sign || strlen(sign) != sizeof(right) - 1)
		return -EACCES;
	/* 11 digits last until the year 5138; the text is signed as it was written */
	if (!*expires || strlen(expires) > 11 || strspn(expires, "0123456789") != strlen(expires))
		return -EACCES;
	for (const char *at = expires; *at; at++)
		until_s = until_s * 10 + (*at - '0');
	if (tess_token_sign(right, key, id, expires) ||
	    CRYPTO_memcmp(right, sign, sizeof(right) - 1) != 0)
		return -EACCES;
	return utc_us / 1000000 > until_s ? -EACCES : 0;
}
