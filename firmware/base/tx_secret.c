/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/tx_secret.c - see tx_secret.h.
 */
#include "firmware/base/tx_secret.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* of hexadecimal digits; enough for millions of years */
#define MAX_TIME 12
#define MD5_SIZE 16

int tess_tx_secret(char secret[TESS_TX_SECRET_SIZE], const char *key, const char *stream,
		   const char *time)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned length = 0;
	bool done = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) &&
		    EVP_DigestUpdate(context, key, strlen(key)) &&
		    EVP_DigestUpdate(context, stream, strlen(stream)) &&
		    EVP_DigestUpdate(context, time, strlen(time)) &&
		    EVP_DigestFinal_ex(context, digest, &length) && length == MD5_SIZE;

	EVP_MD_CTX_free(context);
	if (!done)
		return -EIO;
	for (size_t i = 0; i < MD5_SIZE; i++)
		(void)snprintf(secret + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

int tess_tx_query(char query[TESS_TX_QUERY_SIZE], const char *key, const char *stream,
		  int64_t until_s)
{
	char secret[TESS_TX_SECRET_SIZE], time[20];
	int rc;

	(void)snprintf(time, sizeof(time), "%" PRIX64, (uint64_t)until_s);
	rc = tess_tx_secret(secret, key, stream, time);
	if (!rc)
		(void)snprintf(query, TESS_TX_QUERY_SIZE, "txSecret=%s&txTime=%s", secret, time);
	return rc;
}

/** The first member of this name. @return its length, 0: it is empty, not there or too long */
static size_t member(char *value, size_t size, const char *query, const char *name)
{
	size_t name_length = strlen(name);

	while (*query) {
		size_t length = strcspn(query, "&");

		if (length > name_length && query[name_length] == '=' &&
		    !memcmp(query, name, name_length)) {
			length -= name_length + 1;
			if (length >= size)
				return 0;
			memcpy(value, query + name_length + 1, length);
			value[length] = 0;
			return length;
		}
		query += length;
		query += *query == '&';
	}
	return 0;
}

/** @return seconds, or -1: no time */
static int64_t parse_time(const char *text, size_t length)
{
	bool decimal = length == 10 && *text == '1' && strspn(text, "0123456789") == length;
	int64_t time = 0;

	for (; *text; text++) {
		int digit = *text >= '0' && *text <= '9'   ? *text - '0'
			    : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10
			    : *text >= 'A' && *text <= 'F' ? *text - 'A' + 10
							   : -1;

		if (digit < 0)
			return -1;
		time = time * (decimal ? 10 : 16) + digit;
	}
	return time;
}

/** Both keys are tried in any case, so that the time taken tells nothing. */
static bool is_signed(const char *const keys[2], const char *stream, const char *secret,
		      const char *time)
{
	char want[TESS_TX_SECRET_SIZE];
	bool good = false;

	for (unsigned i = 0; i < 2; i++) {
		if (tess_tx_secret(want, keys[i], stream, time))
			return false;
		good |= *keys[i] && !CRYPTO_memcmp(want, secret, sizeof(want) - 1);
	}
	return good;
}

int tess_tx_check(const char *key, const char *back_key, const char *stream, const char *query,
		  int64_t delta_s, int64_t utc_us)
{
	const char *const keys[2] = {key, back_key};
	char secret[TESS_TX_SECRET_SIZE], time[MAX_TIME + 1];
	size_t length = member(time, sizeof(time), query, "txTime");
	int64_t until_s;

	if (!length || member(secret, sizeof(secret), query, "txSecret") != sizeof(secret) - 1)
		return -EACCES;
	until_s = parse_time(time, length);
	if (until_s < 0 || !is_signed(keys, stream, secret, time))
		return -EACCES;
	return utc_us / 1000000 > until_s + delta_s ? -EACCES : 0;
}
