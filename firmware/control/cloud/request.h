/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/request.h - one HTTP request to the cloud API, as it was received, and the
 * answer to it. All pointers of the request are borrowed for the call.
 */
#ifndef TESS_CLOUD_REQUEST_H
#define TESS_CLOUD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

/** The most that any request may carry; the HTTP server need not read more. */
#define TESS_CLOUD_MAX_BODY_BYTES (10u << 20)

struct tess_cloud_request {
	const char *method; /* "GET", "POST" */
	const char *query;  /* the text after '?' exactly as received, not decoded; NULL or "" when
			       none */
	/** Value of a header (any case of the name) as received, NULL when absent; stays valid for
	 * the call. */
	const char *(*get_header)(void *header_arg, const char *name);
	void *header_arg;
	const void *body;
	size_t body_length;
	int64_t now_utc_s;
	/** Accept X-TC-Content-SHA256: UNSIGNED-PAYLOAD (removes the body's integrity; normally
	 * false). */
	bool allow_unsigned_payload;
};

/** Sent with HTTP status 200 (the SDKs lose the error otherwise) and Content-Type application/json.
 */
struct tess_cloud_response {
	char *body; /* JSON text, freed by tess_cloud_response_free() */
	size_t body_length;
	/* for the log and the metrics; nothing here is secret */
	char request_id[37];
	char action[64];	   /* "" before it is known to be one of ours */
	char ignored[64];	   /* a parameter that the action does not know, or "" */
	enum tess_cloud_code code; /* TESS_CLOUD_CODE_BEFORE_FIRST: success */
};

#define TESS_CLOUD_CONTENT_TYPE "application/json"

#endif
