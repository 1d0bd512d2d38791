/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/usersig.c - UserSig, the ticket with which a user enters a room.
 */
#include "firmware/control/cloud/usersig.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "firmware/control/cloud/digest.h"

#define VERSION	       "2.0"
#define MAX_DOCUMENT   8192
#define MAX_USER       32
#define MAX_AHEAD_S    300
#define SIGNATURE_SIZE TESS_BASE64_SIZE(TESS_SHA256_BYTES)
#define MAX_DEFLATED   (TESS_USERSIG_MAX / 4 * 3)

bool tess_user_id_valid(const char *user_id)
{
	size_t length = strspn(user_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789_-");

	return length && length <= MAX_USER && !user_id[length];
}

struct ticket {
	const char *user_id, *user_buffer, *signature; /* of document */
	json_int_t sdk_app_id, time, expire;
	json_t *document;
};

/* The HMAC over the members in their order. */
static int sign(char signature[SIGNATURE_SIZE], const struct ticket *ticket, const char *key)
{
	char content[MAX_DOCUMENT];
	int n;

	n = snprintf(content, sizeof(content),
		     "TLS.identifier:%s\nTLS.sdkappid:%" JSON_INTEGER_FORMAT
		     "\nTLS.time:%" JSON_INTEGER_FORMAT "\nTLS.expire:%" JSON_INTEGER_FORMAT "\n",
		     ticket->user_id, ticket->sdk_app_id, ticket->time, ticket->expire);
	if (n >= 0 && (size_t)n < sizeof(content) && ticket->user_buffer) {
		size_t room = sizeof(content) - (size_t)n;
		int more = snprintf(content + n, room, "TLS.userbuf:%s\n", ticket->user_buffer);

		n = more < 0 ? more : n + more;
	}
	if (n < 0 || (size_t)n >= sizeof(content))
		return -EBADMSG;
	return tess_hmac_base64(signature, TESS_HMAC_SHA256, key, content, (size_t)n);
}

/* The JSON text inside; its length is bounded whatever the deflated data say. */
static int unpack(char document[MAX_DOCUMENT], size_t *document_length, const char *usersig)
{
	uint8_t deflated[MAX_DEFLATED];
	char text[TESS_USERSIG_MAX];
	size_t length, deflated_length;
	uLongf inflated = MAX_DOCUMENT;

	length = strlen(usersig);
	if (length >= sizeof(text))
		return -EBADMSG;
	for (size_t i = 0; i < length; i++) {
		switch (usersig[i]) {
		case '*':
			text[i] = '+';
			break;
		case '-':
			text[i] = '/';
			break;
		case '_':
			text[i] = '=';
			break;
		case '+':
		case '/':
		case '=':
			return -EBADMSG;
		default:
			text[i] = usersig[i];
		}
	}
	if (tess_base64_decode(deflated, &deflated_length, text, length))
		return -EBADMSG;
	switch (uncompress((Bytef *)document, &inflated, deflated, deflated_length)) {
	case Z_OK:
		*document_length = inflated;
		return 0;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static int parse(struct ticket *ticket, const char *usersig)
{
	const char *version, *user_buffer = NULL;
	char document[MAX_DOCUMENT];
	size_t length;
	int err;

	memset(ticket, 0, sizeof(*ticket));
	err = unpack(document, &length, usersig);
	if (err)
		return err;
	ticket->document = json_loadb(document, length, JSON_REJECT_DUPLICATES, NULL);
	if (!ticket->document ||
	    json_unpack(ticket->document, "{s:s,s:s,s:I,s:I,s:I,s:s,s?:s}", "TLS.ver", &version,
			"TLS.identifier", &ticket->user_id, "TLS.sdkappid", &ticket->sdk_app_id,
			"TLS.time", &ticket->time, "TLS.expire", &ticket->expire, "TLS.sig",
			&ticket->signature, "TLS.userbuf", &user_buffer) ||
	    strcmp(version, VERSION) != 0) {
		json_decref(ticket->document);
		return -EBADMSG;
	}
	ticket->user_buffer = user_buffer;
	return 0;
}

static int judge(const struct ticket *ticket, const char *key, uint32_t sdk_app_id,
		 const char *user_id, int64_t now_utc_s)
{
	char signature[SIGNATURE_SIZE];
	int64_t end_s;
	int err;

	err = sign(signature, ticket, key);
	if (err)
		return err;
	if (!tess_equal_secret(signature, ticket->signature))
		return -EKEYREJECTED;
	if (ticket->sdk_app_id != (json_int_t)sdk_app_id || strcmp(ticket->user_id, user_id) != 0)
		return -EPERM;
	if (ticket->expire <= 0 || ticket->time > now_utc_s + MAX_AHEAD_S)
		return -EKEYEXPIRED;
	if (!__builtin_add_overflow((int64_t)ticket->time, (int64_t)ticket->expire, &end_s) &&
	    end_s <= now_utc_s)
		return -EKEYEXPIRED;
	return 0;
}

int tess_usersig_verify(const char *usersig, const char *key, uint32_t sdk_app_id,
			const char *user_id, int64_t now_utc_s)
{
	struct ticket ticket;
	int err;

	err = parse(&ticket, usersig);
	if (err)
		return err;
	err = judge(&ticket, key, sdk_app_id, user_id, now_utc_s);
	json_decref(ticket.document);
	return err;
}

/* Deflate, base64, and the three other letters. */
static int pack(char *usersig, size_t size, const char *document, size_t length)
{
	uint8_t deflated[1024];
	uLongf deflated_length = sizeof(deflated);

	if (compress2(deflated, &deflated_length, (const Bytef *)document, length,
		      Z_BEST_COMPRESSION) != Z_OK)
		return -ENOMEM;
	if (size < TESS_BASE64_SIZE(deflated_length))
		return -ENOSPC;
	(void)EVP_EncodeBlock((unsigned char *)usersig, deflated, (int)deflated_length);
	for (char *p = usersig; *p; p++) {
		if (*p == '+')
			*p = '*';
		else if (*p == '/')
			*p = '-';
		else if (*p == '=')
			*p = '_';
	}
	return 0;
}

int tess_usersig_generate(char *usersig, size_t size, const char *key, uint32_t sdk_app_id,
			  const char *user_id, int64_t now_utc_s, int64_t expire_s)
{
	struct ticket ticket = {
		.user_id = user_id,
		.sdk_app_id = sdk_app_id,
		.time = now_utc_s,
		.expire = expire_s,
	};
	char signature[SIGNATURE_SIZE], document[512];
	int n, err;

	if (!tess_user_id_valid(user_id) || expire_s <= 0)
		return -EINVAL;
	err = sign(signature, &ticket, key);
	if (err)
		return err;
	/* a user id has nothing that JSON would escape */
	n = snprintf(document, sizeof(document),
		     "{\"TLS.ver\":\"" VERSION
		     "\",\"TLS.identifier\":\"%s\",\"TLS.sdkappid\":%" PRIu32
		     ",\"TLS.time\":%" PRId64 ",\"TLS.expire\":%" PRId64 ",\"TLS.sig\":\"%s\"}",
		     user_id, sdk_app_id, now_utc_s, expire_s, signature);
	if (n < 0 || (size_t)n >= sizeof(document))
		return -ENOSPC;
	return pack(usersig, size, document, (size_t)n);
}
