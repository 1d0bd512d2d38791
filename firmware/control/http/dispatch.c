/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/dispatch.c - see dispatch.h.
 */
#include "firmware/control/http/dispatch.h"

#include <errno.h>
#include <string.h>

#include "firmware/control/api/backend.h"
#include "firmware/control/api/objects.h"
#include "firmware/control/api/router.h"
#include "firmware/control/http/static.h"

static bool is_admin(const char *path)
{
	return !strncmp(path, "/api/", 5) || !strcmp(path, "/metrics");
}

/* Pictures come in with a POST to the list of them. */
static bool takes_pictures(const char *path)
{
	static const char end[] = "/pictures";
	size_t length = strlen(path);

	return length >= sizeof(end) && !strcmp(path + length - (sizeof(end) - 1), end);
}

size_t tess_dispatch_max_body(const char *path)
{
	if (!strcmp(path, "/"))
		return TESS_CLOUD_MAX_BODY_BYTES;
	return takes_pictures(path) ? TESS_HTTP_MAX_PICTURE_BYTES : TESS_HTTP_MAX_ADMIN_BYTES;
}

static void refuse(const struct tess_request *request, struct tess_response *response,
		   unsigned status, const char *code, const char *message)
{
	if (tess_response_error(response, status, code, "", message))
		tess_router_failed(request, response, -ENOMEM);
}

static void admin(struct tess_control *control, const struct tess_request *request,
		  struct tess_response *response)
{
	if (!strcmp(request->path, "/metrics"))
		control->http.metrics++;
	else
		control->http.admin++;
	if (request->body_length > tess_dispatch_max_body(request->path))
		refuse(request, response, 413, "too_large",
		       takes_pictures(request->path) ? "The body is larger than 3 MiB."
						     : "The body is larger than 1 MiB.");
	else
		tess_router_handle(control, request, response);
}

void tess_dispatch(struct tess_control *control, const struct tess_request *request,
		   struct tess_response *response)
{
	bool get = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");

	if (!strcmp(request->path, "/") && tess_backend_is_asked(request)) {
		tess_backend_handle(control, request, response);
	} else if (is_admin(request->path)) {
		admin(control, request, response);
	} else if (get && tess_objects_is_asked(request)) {
		control->http.web++;
		tess_objects_handle(control, request, response);
	} else if (get) {
		control->http.web++;
		tess_static_handle(control, request, response);
	} else {
		refuse(request, response, 405, "method_not_allowed", "Use GET here.");
	}
	if (response->status / 100 < 6)
		control->http.by_class[response->status / 100]++;
	/* when there is no memory for these, there is none for an answer either */
	if (tess_response_header(response, "X-Content-Type-Options", "nosniff") ||
	    /* the player is to be shown within other pages */
	    (strcmp(request->path, TESS_STATIC_PLAYER) != 0 &&
	     tess_response_header(response, "X-Frame-Options", "DENY")) ||
	    tess_response_header(response, "Referrer-Policy", "same-origin") ||
	    tess_response_header(response, "Cross-Origin-Opener-Policy", "same-origin"))
		tess_router_failed(request, response, -ENOMEM);
}
