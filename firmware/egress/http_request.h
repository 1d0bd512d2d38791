/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_request.h - the head of an HTTP/1.x request (RFC 9112), parsed strictly.
 *
 * Only what players and downloads need: GET, HEAD and OPTIONS without a body. Whatever could be
 * read in two ways is refused. No allocation, no state: the caller keeps the bytes and tries again
 * with more.
 */
#ifndef TESS_EGRESS_HTTP_REQUEST_H
#define TESS_EGRESS_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

/** Request line and headers together. */
#define TESS_HTTP_MAX_HEAD 8192
#define TESS_HTTP_MAX_PATH 1024

enum tess_http_method {
	TESS_HTTP_GET = 1,
	TESS_HTTP_HEAD,
	TESS_HTTP_OPTIONS,
};

/** One byte range (RFC 9110 §14.1.2); several in one request are ignored, as §14.2 allows. */
struct tess_http_range {
	bool present;
	bool suffix;	/* the last `first` bytes */
	uint64_t first; /* or the length of a suffix */
	uint64_t last;	/* UINT64_MAX: to the end */
};

struct tess_http_request {
	enum tess_http_method method;
	bool keep_alive;
	char path[TESS_HTTP_MAX_PATH];	/* decoded; no "..", no control characters */
	char query[TESS_HTTP_MAX_PATH]; /* as received */
	struct tess_http_range range;
	char host[256]; /* as received, a name or address with or without a port; "" = other */
	char if_none_match[128]; /* "" when absent */
	char if_range[128];
	char referrer[256]; /* its begin, when it is longer */
	char origin[256];
	char user_agent[128]; /* its beginning */
};

/**
 * Parse the head at the beginning of @p data.
 * @retval 0 *used bytes were the head
 * @retval -EAGAIN it is not complete yet
 * @retval -EBADMSG malformed (400), or with a body
 * @retval -EMSGSIZE longer than TESS_HTTP_MAX_HEAD (431), path longer than its limit
 * @retval -EOPNOTSUPP another method (405)
 */
int tess_http_parse(struct tess_http_request *request, const uint8_t *data, size_t length,
		    size_t *used) TESS_MUST_CHECK;
/**
 * The decoded value of a query parameter, the first of that name.
 * @retval 0, -ENOENT, -EBADMSG bad escape, -EMSGSIZE does not fit
 */
int tess_http_query(char *value, size_t size, const char *query, const char *name) TESS_MUST_CHECK;
/**
 * Apply a range to a body of @p size bytes.
 * @retval 1 *first and *last (inclusive) are to be sent (206), 0 all of it, -ERANGE (416)
 */
int tess_http_range_apply(const struct tess_http_range *range, uint64_t size, uint64_t *first,
			  uint64_t *last) TESS_MUST_CHECK;

#endif
