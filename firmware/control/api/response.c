/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/response.c - filling an answer, see request.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/control/api/request.h"

void tess_response_init(struct tess_response *response)
{
	memset(response, 0, sizeof(*response));
	response->file = -1;
}

static void drop_body(struct tess_response *response)
{
	free(response->body);
	response->body = NULL;
	response->body_length = 0;
	if (response->file >= 0)
		close(response->file);
	response->file = -1;
}

void tess_response_fini(struct tess_response *response)
{
	drop_body(response);
	for (unsigned i = 0; i < response->header_count; i++)
		free(response->headers[i].value);
	response->header_count = 0;
}

int tess_response_header(struct tess_response *response, const char *name, const char *format, ...)
{
	char *value;
	va_list args;
	int length;

	if (response->header_count == TESS_RESPONSE_MAX_HEADERS)
		return -ENOMEM;
	va_start(args, format);
	length = vasprintf(&value, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	response->headers[response->header_count].name = name;
	response->headers[response->header_count].value = value;
	response->header_count++;
	return 0;
}

const char *tess_response_get(const struct tess_response *response, const char *name)
{
	for (unsigned i = 0; i < response->header_count; i++)
		if (!strcasecmp(response->headers[i].name, name))
			return response->headers[i].value;
	return NULL;
}

int tess_response_text(struct tess_response *response, unsigned status, const char *type,
		       const char *text, size_t length)
{
	char *body = malloc(length + 1);

	if (!body)
		return -ENOMEM;
	memcpy(body, text, length);
	body[length] = 0;
	drop_body(response);
	response->status = status;
	response->body = body;
	response->body_length = length;
	return tess_response_header(response, "Content-Type", "%s", type);
}

int tess_response_json(struct tess_response *response, unsigned status, json_t *json)
{
	char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!body)
		return -ENOMEM;
	drop_body(response);
	response->status = status;
	response->body = body;
	response->body_length = strlen(body);
	return tess_response_header(response, "Content-Type", "application/json");
}

int tess_response_list(struct tess_response *response, const char *name, json_t *list, int rc)
{
	if (!rc)
		return tess_response_json(response, 200, json_pack("{so}", name, list));
	json_decref(list);
	return rc;
}

int tess_response_error(struct tess_response *response, unsigned status, const char *code,
			const char *field, const char *message)
{
	return tess_response_json(response, status,
				  json_pack("{s{ss ss ss}}", "error", "code", code, "message",
					    message, "field", field));
}
