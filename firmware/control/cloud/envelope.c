/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/envelope.c - the JSON around every answer.
 */
#include "firmware/control/cloud/envelope.h"

#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "firmware/control/cloud/digest.h"

int tess_request_id(char id[37])
{
	uint8_t bytes[16];
	char hex[2 * sizeof(bytes) + 1], *to = id;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	tess_hex(hex, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(hex) - 1; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*to++ = '-';
		*to++ = hex[i];
	}
	*to = '\0';
	return 0;
}

/* Takes the reference to inner. */
static int write_response(struct tess_cloud_response *response, json_t *inner)
{
	json_t *outer;

	outer = json_pack("{s:o}", "Response", inner);
	if (!outer)
		return -ENOMEM;
	response->body = json_dumps(outer, JSON_COMPACT);
	json_decref(outer);
	if (!response->body)
		return -ENOMEM;
	response->body_length = strlen(response->body);
	return 0;
}

int tess_envelope_write(struct tess_cloud_response *response, const json_t *fields)
{
	json_t *inner = json_copy((json_t *)fields);

	if (!inner || json_object_set_new(inner, "RequestId", json_string(response->request_id))) {
		json_decref(inner);
		return -ENOMEM;
	}
	return write_response(response, inner);
}

int tess_envelope_write_error(struct tess_cloud_response *response,
			      const struct tess_cloud_error *error, bool chinese)
{
	const char *message = chinese && error->message_zh ? error->message_zh : error->message;
	json_t *inner;

	inner = json_pack("{s:{s:s,s:s},s:s}", "Error", "Code", tess_cloud_code_text(error->code),
			  "Message", message, "RequestId", response->request_id);
	return inner ? write_response(response, inner) : -ENOMEM;
}
