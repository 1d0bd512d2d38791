/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/digest.h - hashes as the cloud API writes them: hexadecimal and base64
 * text.
 */
#ifndef TESS_CLOUD_DIGEST_H
#define TESS_CLOUD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

#define TESS_SHA256_BYTES   32
#define TESS_SHA256_HEX	    (2 * TESS_SHA256_BYTES + 1)
#define TESS_MD5_HEX	    33
#define TESS_BASE64_SIZE(n) (4 * (((n) + 2) / 3) + 1) /* of the text of n bytes, with its end */

enum tess_hmac {
	TESS_HMAC_SHA1 = 1,
	TESS_HMAC_SHA256,
};

/** Lower case hexadecimal; @p text has 2 * length + 1 bytes. */
void tess_hex(char *text, const uint8_t *data, size_t length);
/** SHA-256 of the bytes as lower case hexadecimal. @retval 0, -ENOMEM */
int tess_sha256_hex(char hex[TESS_SHA256_HEX], const void *data, size_t length) TESS_MUST_CHECK;
/** MD5 as lower case hexadecimal, where others' formats ask for it. @retval 0, -ENOMEM */
int tess_md5_hex(char hex[TESS_MD5_HEX], const void *data, size_t length) TESS_MUST_CHECK;
/** @p mac has 32 bytes; *mac_length is 20 or 32. @retval 0, -ENOMEM */
int tess_hmac(uint8_t mac[TESS_SHA256_BYTES], size_t *mac_length, enum tess_hmac hash,
	      const void *key, size_t key_length, const void *data, size_t length) TESS_MUST_CHECK;
/** The HMAC as base64 text. @retval 0, -ENOMEM */
int tess_hmac_base64(char text[TESS_BASE64_SIZE(TESS_SHA256_BYTES)], enum tess_hmac hash,
		     const char *key, const void *data, size_t length) TESS_MUST_CHECK;
/** Standard base64. */
void tess_base64_encode(char *text, const void *data, size_t length); /* TESS_BASE64_SIZE(length) */
/** Are the texts equal? Takes the same time wherever they differ (their lengths are no secret). */
bool tess_equal_secret(const char *a, const char *b);
/**
 * Standard base64 with its padding, nothing else, to bytes; @p data has room for length / 4 * 3.
 * @retval 0, -EBADMSG
 */
int tess_base64_decode(uint8_t *data, size_t *data_length, const char *text,
		       size_t length) TESS_MUST_CHECK;

#endif
