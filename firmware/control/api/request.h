/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/request.h - one HTTP request and its answer, without a socket: what the HTTP
 * server hands in and the tests make by hand.
 */
#ifndef TESS_CONTROL_API_REQUEST_H
#define TESS_CONTROL_API_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TESS_RESPONSE_MAX_HEADERS 12

/** All is borrowed for the call. */
struct tess_request {
	const char *method;
	const char *path;  /* as received, percent-encoded, without the query */
	const char *query; /* after '?', as received; "" when none */
	/** Value of a header (any case of the name), NULL when it is absent. */
	const char *(*get_header)(void *header_arg, const char *name);
	void *header_arg;
	const char *body;
	size_t body_length;
	const char *address; /* of the client, text */
	bool loopback;	     /* it is on this machine */
};

struct tess_response {
	unsigned status;
	char *body; /* NULL = none */
	size_t body_length;
	int file; /* instead of a body: a descriptor, closed by who sends it; -1 = none */
	size_t file_length;
	struct {
		const char *name;
		char *value;
	} headers[TESS_RESPONSE_MAX_HEADERS];
	unsigned header_count;
};

void tess_response_init(struct tess_response *response);
/** Frees what is in it, and closes the file. */
void tess_response_fini(struct tess_response *response);
/** A header; @p name is static, the value is copied. One that does not fit, or no memory: -ENOMEM.
 */
int tess_response_header(struct tess_response *response, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** The value of a header that was set, NULL when it was not. */
const char *tess_response_get(const struct tess_response *response, const char *name);
/** Status and JSON; takes the reference. @retval 0, -ENOMEM */
int tess_response_json(struct tess_response *response, unsigned status, json_t *json);
/** 200 and {"name": list}, whose reference it takes. @p rc of filling it, returned if not 0 */
int tess_response_list(struct tess_response *response, const char *name, json_t *list, int rc);
/** Status and text of this type, copied. @retval 0, -ENOMEM */
int tess_response_text(struct tess_response *response, unsigned status, const char *type,
		       const char *text, size_t length);
/** Status and {"error":{...}}. @retval 0, -ENOMEM */
int tess_response_error(struct tess_response *response, unsigned status, const char *code,
			const char *field, const char *message);

#endif
