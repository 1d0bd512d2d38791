/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/rtmp_url.c - see rtmp_url.h.
 */
#include "firmware/base/rtmp_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
			return false;
	}
	return true;
}

static bool is_host(const char *text, bool bracketed)
{
	if (!*text)
		return false;
	for (; *text; text++) {
		bool good = bracketed ? isxdigit((unsigned char)*text) || strchr(":.", *text)
				      : isalnum((unsigned char)*text) || strchr("-._", *text);

		if (!good)
			return false;
	}
	return true;
}

/** A part of the text, copied. False: empty or too long. */
static bool take(char *to, size_t size, const char *from, size_t length)
{
	if (!length || length >= size)
		return false;
	memcpy(to, from, length);
	to[length] = 0;
	return true;
}

/** "host", "host:port" or "[v6]:port" of @p length bytes. */
static bool take_host(struct tess_rtmp_url *url, const char *text, size_t length)
{
	bool bracketed = *text == '[';
	const char *end = text + length, *host_end, *port;
	unsigned long number;
	char digits[8];

	if (bracketed) {
		host_end = memchr(text, ']', length);
		if (!host_end ||
		    !take(url->host, sizeof(url->host), text + 1, (size_t)(host_end - text) - 1))
			return false;
		port = host_end + 1;
	} else {
		host_end = memchr(text, ':', length);
		port = host_end ? host_end : end;
		if (!take(url->host, sizeof(url->host), text, (size_t)(port - text)))
			return false;
	}
	if (!is_host(url->host, bracketed))
		return false;
	url->port = url->tls ? 443 : 1935;
	if (port == end)
		return true;
	if (*port != ':' || !take(digits, sizeof(digits), port + 1, (size_t)(end - port) - 1) ||
	    strspn(digits, "0123456789") != strlen(digits))
		return false;
	number = strtoul(digits, NULL, 10);
	url->port = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX;
}

int tess_rtmp_url_parse(struct tess_rtmp_url *url, const char *text, const char **error)
{
	const char *host, *path, *query, *slash;
	size_t scheme = !strncasecmp(text, "rtmp://", 7)    ? 7
			: !strncasecmp(text, "rtmps://", 8) ? 8
							    : 0;

	*url = (struct tess_rtmp_url){.tls = scheme == 8};
	*error = "An address like rtmp://host/app/key or rtmps://host/app/key is expected.";
	if (!scheme)
		return -EINVAL;
	*error = "The address is too long, or has blanks or other characters that it cannot have.";
	if (strlen(text) >= TESS_RTMP_URL_SIZE || !is_printable(text))
		return -EINVAL;
	*error = "The address has a name and a password in its host, which is not supported.";
	host = text + scheme;
	path = strchr(host, '/');
	if (memchr(host, '@', path ? (size_t)(path - host) : strlen(host)))
		return -EINVAL;
	*error = "The address has no good host or port.";
	if (!path || !take_host(url, host, (size_t)(path - host)))
		return -EINVAL;
	*error = "The address needs an application and a key: rtmp://host/app/key.";
	path++;
	query = strchr(path, '?');
	slash = query ? memrchr(path, '/', (size_t)(query - path)) : strrchr(path, '/');
	if (!slash || !take(url->app, sizeof(url->app), path, (size_t)(slash - path)) ||
	    !take(url->key, sizeof(url->key), slash + 1, strlen(slash + 1)))
		return -EINVAL;
	if (!take(url->tc_url, sizeof(url->tc_url), text, (size_t)(slash - text)))
		return -EINVAL;
	return 0;
}

void tess_rtmp_url_mask(char *masked, size_t size, const char *text)
{
	struct tess_rtmp_url url;
	const char *unused;

	*masked = 0;
	if (!tess_rtmp_url_parse(&url, text, &unused))
		(void)snprintf(masked, size, "%s/***", url.tc_url);
}
