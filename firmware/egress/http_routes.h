/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_routes.h - what the paths of requests stand for.
 */
#ifndef TESS_EGRESS_HTTP_ROUTES_H
#define TESS_EGRESS_HTTP_ROUTES_H

#include "firmware/egress/http_request.h"

const char *tess_http_reason(int status);

/** NAME of PREFIX NAME SUFFIX, a part without a slash; false: it is another path. */
bool tess_http_route(char *name, size_t size, const char *path, const char *prefix,
		     const char *suffix);

/** A file of a recording. */
struct tess_record_address {
	int64_t id;
	const char *file; /* as it was asked for; NULL: the first MP4 */
	char name[TESS_HTTP_MAX_PATH];
	char expires[32], sign[80];
	bool by_key; /* of a play domain: the right is in the query, the two above are empty */
};

/**
 * /record/ID.mp4?expires=UNIX&sign=HEX, /record/ID/UNIX/HEX/NAME or
 * /record/ID/NAME?txSecret=HEX&txTime=TIME; false: it is another path.
 */
bool tess_http_record_route(struct tess_record_address *address,
			    const struct tess_http_request *request);

#endif
