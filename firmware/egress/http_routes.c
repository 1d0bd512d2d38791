/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_routes.c - paths of requests.
 */
#include "firmware/egress/http_routes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tess_http_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 204:
		return "No Content";
	case 206:
		return "Partial Content";
	case 302:
		return "Found";
	case 304:
		return "Not Modified";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 416:
		return "Range Not Satisfiable";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

bool tess_http_route(char *name, size_t size, const char *path, const char *prefix,
		     const char *suffix)
{
	size_t length = strlen(path), before = strlen(prefix), after = strlen(suffix);

	if (length <= before + after || strncmp(path, prefix, before) != 0 ||
	    strcmp(path + length - after, suffix) != 0)
		return false;
	length -= before + after;
	if (length >= size || memchr(path + before, '/', length))
		return false;
	memcpy(name, path + before, length);
	name[length] = 0;
	return true;
}

static bool read_id(struct tess_record_address *address, const char *text, size_t length)
{
	if (!length || length > 18 || strspn(text, "0123456789") < length)
		return false;
	address->id = strtoll(text, NULL, 10); /* ends at the slash or the dot */
	return true;
}

/** The next part of a path, which ends with a slash; false: there is none, or it is too long. */
static bool take_part(const char **path, char *part, size_t size)
{
	size_t length = strcspn(*path, "/");

	if (!(*path)[length] || length >= size)
		return false;
	memcpy(part, *path, length);
	part[length] = 0;
	*path += length + 1;
	return true;
}

bool tess_http_record_route(struct tess_record_address *address,
			    const struct tess_http_request *request)
{
	static const char prefix[] = "/record/";
	const char *at = request->path;
	char id[24], secret[4];

	*address = (struct tess_record_address){0};
	if (tess_http_route(address->name, sizeof(address->name), at, prefix, ".mp4") &&
	    read_id(address, address->name, strlen(address->name))) {
		/* without them it is a wrong signature */
		if (tess_http_query(address->expires, sizeof(address->expires), request->query,
				    "expires") ||
		    tess_http_query(address->sign, sizeof(address->sign), request->query, "sign"))
			address->sign[0] = 0;
		(void)snprintf(address->name, sizeof(address->name), "%" PRId64 ".mp4",
			       address->id);
		return true;
	}
	if (strncmp(at, prefix, strlen(prefix)) != 0)
		return false;
	at += strlen(prefix);
	if (!take_part(&at, id, sizeof(id)) || !read_id(address, id, strlen(id)))
		return false;
	if (*at && !strchr(at, '/')) {
		address->by_key = true;
		address->file = at;
		(void)snprintf(address->name, sizeof(address->name), "%s", at);
		return tess_http_query(secret, sizeof(secret), request->query, "txSecret") !=
		       -ENOENT;
	}
	if (!take_part(&at, address->expires, sizeof(address->expires)) ||
	    !take_part(&at, address->sign, sizeof(address->sign)) || !*at)
		return false;
	address->file = at;
	at = strrchr(at, '/') ? strrchr(at, '/') + 1 : at;
	(void)snprintf(address->name, sizeof(address->name), "%s", at);
	return true;
}
