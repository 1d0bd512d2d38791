/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/digest.c - hashes as the cloud API writes them, by OpenSSL.
 */
#include "firmware/control/cloud/digest.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void tess_hex(char *text, const uint8_t *data, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 15];
	}
	*text = '\0';
}

int tess_sha256_hex(char hex[TESS_SHA256_HEX], const void *data, size_t length)
{
	uint8_t hash[TESS_SHA256_BYTES];

	/* a body of no bytes may come as a null pointer */
	if (!EVP_Digest(length ? data : "", length, hash, NULL, EVP_sha256(), NULL))
		return -ENOMEM;
	tess_hex(hex, hash, sizeof(hash));
	return 0;
}

int tess_md5_hex(char hex[TESS_MD5_HEX], const void *data, size_t length)
{
	uint8_t hash[16];

	if (!EVP_Digest(length ? data : "", length, hash, NULL, EVP_md5(), NULL))
		return -ENOMEM;
	tess_hex(hex, hash, sizeof(hash));
	return 0;
}

int tess_hmac(uint8_t mac[TESS_SHA256_BYTES], size_t *mac_length, enum tess_hmac hash,
	      const void *key, size_t key_length, const void *data, size_t length)
{
	const EVP_MD *md = hash == TESS_HMAC_SHA1 ? EVP_sha1() : EVP_sha256();
	unsigned bytes = 0;

	if (key_length > INT_MAX || !HMAC(md, key, (int)key_length, data, length, mac, &bytes))
		return -ENOMEM;
	*mac_length = bytes;
	return 0;
}

int tess_hmac_base64(char text[TESS_BASE64_SIZE(TESS_SHA256_BYTES)], enum tess_hmac hash,
		     const char *key, const void *data, size_t length)
{
	uint8_t mac[TESS_SHA256_BYTES];
	size_t mac_length;
	int err;

	err = tess_hmac(mac, &mac_length, hash, key, strlen(key), data, length);
	if (err)
		return err;
	(void)EVP_EncodeBlock((unsigned char *)text, mac, (int)mac_length);
	return 0;
}

void tess_base64_encode(char *text, const void *data, size_t length)
{
	(void)EVP_EncodeBlock((unsigned char *)text, data, (int)length);
}

bool tess_equal_secret(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

int tess_base64_decode(uint8_t *data, size_t *data_length, const char *text, size_t length)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t padding = 0;
	int bytes;

	if (!length || length % 4 || length > INT_MAX)
		return -EBADMSG;
	while (padding < 2 && text[length - 1 - padding] == '=')
		padding++;
	/* EVP_DecodeBlock() alone would forgive blanks around the text and padding inside it */
	for (size_t i = 0; i < length - padding; i++) {
		if (!memchr(alphabet, text[i], sizeof(alphabet) - 1))
			return -EBADMSG;
	}
	bytes = EVP_DecodeBlock(data, (const unsigned char *)text, (int)length);
	if (bytes < (int)padding)
		return -EBADMSG;
	*data_length = (size_t)bytes - padding;
	return 0;
}
