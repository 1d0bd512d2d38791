/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/tc3.c - the signature TC3-HMAC-SHA256.
 */
#include "firmware/control/cloud/tc3.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "firmware/control/cloud/host.h"

#define ALGORITHM  "TC3-HMAC-SHA256"
#define TERMINATOR "tc3_request"

/* Copies a part that must be neither empty nor too long nor hold anything but visible ASCII. */
static int copy_part(char *to, size_t size, const char *from, size_t length)
{
	if (!length || length >= size)
		return -EBADMSG;
	for (size_t i = 0; i < length; i++) {
		if (from[i] <= ' ' || from[i] > '~')
			return -EBADMSG;
	}
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

/* ID/DATE/SERVICE/tc3_request */
static int parse_credential(struct tess_tc3_authorization *authorization, const char *text,
			    size_t length)
{
	static const char date_form[] = "0000-00-00";
	const char *end = text + length, *id_end, *date, *service, *service_end;

	id_end = memchr(text, '/', length);
	if (!id_end)
		return -EBADMSG;
	date = id_end + 1;
	if ((size_t)(end - date) < sizeof(date_form))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(date_form) - 1; i++) {
		if (date_form[i] == '0' ? !isdigit((unsigned char)date[i]) : date[i] != '-')
			return -EBADMSG;
	}
	if (date[sizeof(date_form) - 1] != '/')
		return -EBADMSG;
	service = date + sizeof(date_form);
	service_end = memchr(service, '/', (size_t)(end - service));
	if (!service_end || (size_t)(end - service_end - 1) != strlen(TERMINATOR) ||
	    memcmp(service_end + 1, TERMINATOR, strlen(TERMINATOR)) != 0)
		return -EBADMSG;
	if (copy_part(authorization->secret_id, sizeof(authorization->secret_id), text,
		      (size_t)(id_end - text)) ||
	    copy_part(authorization->date, sizeof(authorization->date), date,
		      sizeof(date_form) - 1) ||
	    copy_part(authorization->service, sizeof(authorization->service), service,
		      (size_t)(service_end - service)))
		return -EBADMSG;
	return 0;
}

/* One name of the list; *list moves behind it. */
static bool next_header(char *name, size_t size, const char **list)
{
	size_t length = strcspn(*list, ";");

	if (!length || length >= size)
		return false;
	memcpy(name, *list, length);
	name[length] = '\0';
	*list += length + ((*list)[length] == ';');
	return true;
}

static int check_signed_headers(const char *list)
{
	bool host = false, content_type = false;
	char name[64];

	if (list[strlen(list) - 1] == ';')
		return -EBADMSG;
	while (*list) {
		if (!next_header(name, sizeof(name), &list))
			return -EBADMSG;
		for (const char *p = name; *p; p++) {
			/* RFC 9110 §5.6.2 token */
			if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p))
				return -EBADMSG;
		}
		host = host || !strcasecmp(name, "host");
		content_type = content_type || !strcasecmp(name, "content-type");
	}
	return host && content_type ? 0 : -EBADMSG;
}

static int parse_field(struct tess_tc3_authorization *authorization, const char *field,
		       size_t length)
{
	const char *value = memchr(field, '=', length);
	size_t name_length, value_length;

	if (!value)
		return -EBADMSG;
	name_length = (size_t)(value - field);
	value++;
	value_length = length - name_length - 1;
	if (name_length == 10 && !memcmp(field, "Credential", 10) && !authorization->secret_id[0])
		return parse_credential(authorization, value, value_length);
	if (name_length == 13 && !memcmp(field, "SignedHeaders", 13) &&
	    !authorization->signed_headers[0])
		return copy_part(authorization->signed_headers,
				 sizeof(authorization->signed_headers), value, value_length);
	if (name_length == 9 && !memcmp(field, "Signature", 9) && !authorization->signature[0])
		return copy_part(authorization->signature, sizeof(authorization->signature), value,
				 value_length);
	return -EBADMSG;
}

int tess_tc3_parse(struct tess_tc3_authorization *authorization, const char *value)
{
	size_t length;
	int err;

	memset(authorization, 0, sizeof(*authorization));
	value = tess_header_trim(value, &length);
	if (strncmp(value, ALGORITHM, strlen(ALGORITHM)) != 0 || value[strlen(ALGORITHM)] != ' ')
		return -EBADMSG;
	value += strlen(ALGORITHM);
	for (;;) {
		value += strspn(value, " \t");
		length = strcspn(value, ", \t");
		err = parse_field(authorization, value, length);
		if (err)
			return err;
		value += length;
		value += strspn(value, " \t");
		if (!*value)
			break;
		if (*value != ',')
			return -EBADMSG;
		value++;
	}
	if (!authorization->secret_id[0] || !authorization->signed_headers[0] ||
	    !authorization->signature[0])
		return -EBADMSG;
	return check_signed_headers(authorization->signed_headers);
}

bool tess_tc3_date_matches(const struct tess_tc3_authorization *authorization, int64_t utc_s)
{
	time_t time = (time_t)utc_s;
	char date[64];
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(date, sizeof(date), "%Y-%m-%d", &tm))
		return false;
	return !strcmp(date, authorization->date);
}

static bool hash_text(EVP_MD_CTX *hash, const char *text)
{
	return EVP_DigestUpdate(hash, text, strlen(text));
}

/* name ":" value "\n" */
static int hash_header(EVP_MD_CTX *hash, const char *name, const struct tess_tc3_request *request,
		       const char *host)
{
	const char *value;
	size_t length;
	bool ok;

	value = strcasecmp(name, "host") ? request->get_header(request->header_arg, name) : host;
	if (!value)
		return -EBADMSG;
	value = tess_header_trim(value, &length);
	ok = hash_text(hash, name) && hash_text(hash, ":");
	if (!strcasecmp(name, "host") || !strcasecmp(name, "content-type")) {
		ok = ok && EVP_DigestUpdate(hash, value, length);
	} else {
		for (size_t i = 0; ok && i < length; i++) {
			char c = value[i];

			if (c >= 'A' && c <= 'Z')
				c = (char)(c - 'A' + 'a');
			ok = EVP_DigestUpdate(hash, &c, 1);
		}
	}
	return ok && hash_text(hash, "\n") ? 0 : -ENOMEM;
}

/* The hash of the canonical request. */
static int hash_request(char hex[TESS_SHA256_HEX],
			const struct tess_tc3_authorization *authorization,
			const struct tess_tc3_request *request, const char *host)
{
	const char *list = authorization->signed_headers;
	uint8_t digest[TESS_SHA256_BYTES];
	EVP_MD_CTX *hash;
	int err = 0;
	char name[64];

	hash = EVP_MD_CTX_new();
	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL) ||
	    !hash_text(hash, request->method) || !hash_text(hash, "\n/\n") ||
	    !hash_text(hash, request->query) || !hash_text(hash, "\n"))
		err = -ENOMEM;
	while (!err && next_header(name, sizeof(name), &list))
		err = hash_header(hash, name, request, host);
	if (!err && (!hash_text(hash, "\n") || !hash_text(hash, authorization->signed_headers) ||
		     !hash_text(hash, "\n") || !hash_text(hash, request->payload_hash) ||
		     !EVP_DigestFinal_ex(hash, digest, NULL)))
		err = -ENOMEM;
	EVP_MD_CTX_free(hash);
	if (!err)
		tess_hex(hex, digest, sizeof(digest));
	return err;
}

/* kSigning of this day and service */
static int derive_key(uint8_t key[TESS_SHA256_BYTES],
		      const struct tess_tc3_authorization *authorization, const char *secret_key)
{
	const char *const parts[] = {authorization->date, authorization->service, TERMINATOR};
	char first[4 + 256];
	size_t length;
	int n, err;

	n = snprintf(first, sizeof(first), "TC3%s", secret_key);
	if (n < 0 || (size_t)n >= sizeof(first))
		return -ENOMEM;
	err = tess_hmac(key, &length, TESS_HMAC_SHA256, first, (size_t)n, parts[0],
			strlen(parts[0]));
	for (size_t i = 1; !err && i < 3; i++) {
		uint8_t next[TESS_SHA256_BYTES];

		err = tess_hmac(next, &length, TESS_HMAC_SHA256, key, length, parts[i],
				strlen(parts[i]));
		if (!err)
			memcpy(key, next, sizeof(next));
		OPENSSL_cleanse(next, sizeof(next));
	}
	OPENSSL_cleanse(first, sizeof(first));
	return err;
}

int tess_tc3_sign(char signature[TESS_SHA256_HEX],
		  const struct tess_tc3_authorization *authorization,
		  const struct tess_tc3_request *request, const char *host, const char *secret_key)
{
	char request_hash[TESS_SHA256_HEX], text[1024];
	uint8_t key[TESS_SHA256_BYTES], mac[TESS_SHA256_BYTES];
	size_t length;
	int n, err;

	err = hash_request(request_hash, authorization, request, host);
	if (err)
		return err;
	n = snprintf(text, sizeof(text), ALGORITHM "\n%s\n%s/%s/" TERMINATOR "\n%s",
		     request->timestamp, authorization->date, authorization->service, request_hash);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -EBADMSG;
	err = derive_key(key, authorization, secret_key);
	if (!err)
		err = tess_hmac(mac, &length, TESS_HMAC_SHA256, key, sizeof(key), text, (size_t)n);
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		tess_hex(signature, mac, sizeof(mac));
	return err;
}

int tess_tc3_verify(const struct tess_tc3_authorization *authorization,
		    const struct tess_tc3_request *request, const char *secret_key)
{
	const char *received = request->get_header(request->header_arg, "host");
	char host[TESS_HOST_MAX], signature[TESS_SHA256_HEX];
	bool equal = false;
	int err;

	for (unsigned form = 0; received && tess_host_form(host, received, form); form++) {
		err = tess_tc3_sign(signature, authorization, request, host, secret_key);
		if (err)
			return err == -EBADMSG ? -EKEYREJECTED : err;
		equal = tess_equal_secret(signature, authorization->signature) || equal;
	}
	OPENSSL_cleanse(signature, sizeof(signature));
	return equal ? 0 : -EKEYREJECTED;
}
