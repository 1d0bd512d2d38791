/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/router.c - see router.h.
 */
#include "firmware/control/api/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/log.h"
#include "firmware/control/api/auth.h"
#include "firmware/control/text.h"

#define MAX_PATH_BYTES 1024
#define MAX_PARTS      10
#define ALLOWED_BYTES  64

struct parts {
	char text[MAX_PATH_BYTES];
	const char *part[MAX_PARTS];
	unsigned count;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; a path has no '+' for a blank. */
static int percent_decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '%') {
			int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);

			if (low < 0 || !(high | low))
				return -EINVAL;
			*to++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
	return 0;
}

/* Split at the slashes first: an encoded one belongs to its part. */
static int split(struct parts *parts, const char *path)
{
	char *rest = parts->text, *part;

	if (*path != '/' || strlen(path) > sizeof(parts->text))
		return -EINVAL;
	tess_text_copy(parts->text, sizeof(parts->text), path + 1);
	parts->count = 0;
	while ((part = strsep(&rest, "/"))) {
		if (parts->count == MAX_PARTS || percent_decode(part))
			return -EINVAL;
		parts->part[parts->count++] = part;
	}
	return 0;
}

static bool matches(const struct tess_route *route, const struct parts *parts,
		    const char *params[TESS_CALL_MAX_PARAMS])
{
	const char *at = route->path;
	unsigned param = 0;

	for (unsigned i = 0; i < parts->count; i++) {
		size_t length;

		if (*at++ != '/')
			return false;
		length = strcspn(at, "/");
		if (*at == '{') {
			if (!*parts->part[i])
				return false;
			params[param++] = parts->part[i];
		} else if (strlen(parts->part[i]) != length ||
			   memcmp(parts->part[i], at, length) != 0) {
			return false;
		}
		at += length;
	}
	return !*at;
}

static const struct tess_route *find(struct tess_call *call, const struct parts *parts,
				     char allowed[ALLOWED_BYTES])
{
	const char *method = call->request->method;
	const struct tess_route *routes;
	size_t count, length;

	allowed[0] = 0;
	routes = tess_routes(&count);
	for (size_t i = 0; i < count; i++) {
		if (!matches(&routes[i], parts, call->params))
			continue;
		if (!strcmp(routes[i].method, method) ||
		    (!strcmp(routes[i].method, "GET") && !strcmp(method, "HEAD")))
			return &routes[i];
		length = strlen(allowed);
		snprintf(allowed + length, ALLOWED_BYTES - length, "%s%s", length ? ", " : "",
			 routes[i].method);
	}
	return NULL;
}

static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";

	return content_type && !strncasecmp(content_type, json, sizeof(json) - 1) &&
	       (!content_type[sizeof(json) - 1] || strchr("; \t", content_type[sizeof(json) - 1]));
}

static const char *header(const struct tess_call *call, const char *name)
{
	return call->request->get_header(call->request->header_arg, name);
}

/* A browser sends the cookie along with whatever a foreign page makes it send; but that page cannot
 * set this header or this type without asking first. */
static bool may_be_forged(const struct tess_call *call, const struct tess_route *route)
{
	return call->identity.via == TESS_VIA_SESSION && strcmp(route->method, "GET") != 0 &&
	       !header(call, "X-Tessera") && !is_json(header(call, "Content-Type"));
}

/* @retval 1 go on, 0 refused and answered, or an error */
static int admit(struct tess_call *call, const struct tess_route *route)
{
	int rc = tess_auth_identify(call);

	if (rc)
		return rc;
	if (route->access == TESS_ACCESS_OPEN)
		return 1;
	if (call->identity.via == TESS_VIA_NONE)
		return tess_call_error(call, 401, "unauthorized", "", "Log in first.");
	if (route->access == TESS_ACCESS_ADMIN && !call->identity.admin)
		return tess_call_error(call, 403, "forbidden", "", "This token may only read.");
	if (may_be_forged(call, route))
		return tess_call_error(call, 403, "forbidden", "",
				       "Send X-Tessera: 1 or Content-Type: application/json.");
	return 1;
}

static int parse_query(struct tess_call *call)
{
	struct tess_cloud_error error;
	int rc;

	rc = tess_form_parse(&call->query, call->request->query, strlen(call->request->query),
			     &error);
	if (rc == -EINVAL)
		return tess_call_invalid(call, "", "%s", error.message);
	return rc ? rc : 1;
}

static int parse_body(struct tess_call *call)
{
	const struct tess_request *request = call->request;
	json_error_t error;

	if (!request->body_length) {
		call->body = json_object();
		return call->body ? 1 : -ENOMEM;
	}
	if (!is_json(header(call, "Content-Type")))
		return tess_call_error(call, 415, "unsupported_media_type", "",
				       "Send Content-Type: application/json.");
	call->body =
		json_loadb(request->body, request->body_length, JSON_REJECT_DUPLICATES, &error);
	if (!call->body)
		return tess_call_error(call, 400, "invalid_json", "", "Line %d: %s", error.line,
				       error.text);
	if (!json_is_object(call->body))
		return tess_call_error(call, 400, "invalid_json", "",
				       "The body must be an object.");
	return 1;
}

static int handle(struct tess_call *call)
{
	const struct tess_route *route;
	struct parts parts;
	char allowed[ALLOWED_BYTES];
	int rc;

	if (split(&parts, call->request->path))
		return tess_call_missing(call, "path");
	route = find(call, &parts, allowed);
	if (!route && !*allowed)
		return tess_call_missing(call, "path");
	if (!route) {
		rc = tess_response_header(call->response, "Allow", "%s", allowed);
		return rc ? rc
			  : tess_call_error(call, 405, "method_not_allowed", "", "Use %s here.",
					    allowed);
	}
	rc = admit(call, route);
	if (rc == 1)
		rc = parse_query(call);
	if (rc == 1)
		rc = parse_body(call);
	return rc == 1 ? route->handler(call) : rc;
}

void tess_router_failed(const struct tess_request *request, struct tess_response *response, int rc)
{
	TESS_ERROR("api.failed", "method=%s path=\"%s\" error=\"%s\"", request->method,
		   request->path, strerror(-rc));
	tess_response_fini(response);
	tess_response_init(response);
	if (tess_response_error(response, rc == -ENOSPC ? 507 : 500, "internal", "",
				rc == -ENOSPC ? "The disk is full."
					      : "The box failed; see its log."))
		response->status = 500;
}

void tess_router_handle(struct tess_control *control, const struct tess_request *request,
			struct tess_response *response)
{
	struct tess_call call = {
		.control = control,
		.request = request,
		.response = response,
		.identity = {.via = TESS_VIA_NONE},
	};
	int rc = handle(&call);

	tess_form_free(&call.query);
	json_decref(call.body);
	if (rc)
		tess_router_failed(request, response, rc);
	/* answers of an API are of the moment and may be secret */
	else if (tess_response_header(response, "Cache-Control", "no-store"))
		tess_router_failed(request, response, -ENOMEM);
}
