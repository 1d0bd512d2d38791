/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/router.h - from a request to the handler of its route, with the checks that
 * all routes share: method, login, scope, forged requests, the body's form.
 */
#ifndef TESS_CONTROL_API_ROUTER_H
#define TESS_CONTROL_API_ROUTER_H

#include "firmware/control/api/call.h"

enum tess_access {
	TESS_ACCESS_OPEN = 1, /* anybody; the handler sees who calls */
	TESS_ACCESS_READ,     /* who has logged in, or has any token */
	TESS_ACCESS_ADMIN,    /* a session, or a token of scope admin */
};

struct tess_route {
	const char *method;
	const char *path; /* "/api/v1/applications/{application}": {} is one part of the path */
	enum tess_access access;
	int (*handler)(struct tess_call *call);
};

/** All routes of the admin API, and how many. */
const struct tess_route *tess_routes(size_t *count);
/** Answer a request for /api/ or /metrics. @p response was initialised and is always filled. */
void tess_router_handle(struct tess_control *control, const struct tess_request *request,
			struct tess_response *response);
/** Answer with 500, or with less when there is no memory for that. */
void tess_router_failed(const struct tess_request *request, struct tess_response *response, int rc);

#endif
