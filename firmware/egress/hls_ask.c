/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/hls_ask.c - the addresses of live HLS and the directives in them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/sha.h>

#include "firmware/egress/live_hls.h"

/** @retval 0, -EINVAL not a number, or larger than @p max */
static int read_number(uint64_t *number, const char *text, size_t length, uint64_t max)
{
	*number = 0;
	if (!length || length > 18)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	return *number <= max ? 0 : -EINVAL;
}

/** init-N.mp4, N.m4s or N.P.m4s. @retval 0, -ENOENT */
static int read_file(struct tess_hls_ask *ask, const char *file)
{
	const char *dot = strchr(file, '.');
	uint64_t part;
	size_t length;

	if (!dot)
		return -ENOENT;
	if (!strncmp(file, "init-", 5) && !strcmp(dot, ".mp4")) {
		ask->kind = TESS_HLS_INIT;
		file += 5;
	} else if (!strcmp(dot, ".m4s")) {
		ask->kind = TESS_HLS_SEGMENT;
	} else {
		length = strcspn(dot + 1, ".");
		if (strcmp(dot + 1 + length, ".m4s") != 0 ||
		    read_number(&part, dot + 1, length, UINT32_MAX - 1))
			return -ENOENT;
		ask->kind = TESS_HLS_PART;
		ask->part = (uint32_t)part;
	}
	return read_number(&ask->number, file, (size_t)(dot - file), UINT64_MAX) ? -ENOENT : 0;
}

/** @retval 0, -EINVAL */
static int read_directives(struct tess_hls_ask *ask, const char *query)
{
	char text[32];
	uint64_t part;
	int rc = tess_http_query(text, sizeof(text), query, "_HLS_msn");

	if (!rc) {
		if (read_number(&ask->number, text, strlen(text), UINT64_MAX))
			return -EINVAL;
		ask->blocking = true;
	} else if (rc != -ENOENT) {
		return -EINVAL;
	}
	rc = tess_http_query(text, sizeof(text), query, "_HLS_part");
	if (rc == -ENOENT)
		return 0;
	/* a part is one of a segment (rfc8216bis §6.2.5.2) */
	if (rc || !ask->blocking || read_number(&part, text, strlen(text), UINT32_MAX - 1))
		return -EINVAL;
	ask->part = (uint32_t)part;
	return 0;
}

/** What RFC 3986 §3.4 has in a query, and the percent sign, as it is; everything else encoded. */
static size_t put_encoded(char *to, unsigned char c)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~!$&'()*+,;=:@/?%";

	if (c && strchr(plain, c)) {
		*to = (char)c;
		return 1;
	}
	(void)snprintf(to, 4, "%%%02X", c);
	return 3;
}

/** The members that are not HLS' own go on. @retval 0, -EINVAL too long */
static int keep_query(struct tess_hls_ask *ask, const char *query)
{
	size_t used = 0;

	while (*query) {
		size_t length = strcspn(query, "&");

		if (length && strncmp(query, "_HLS_", 5) != 0) {
			ask->query[used] = used ? '&' : '?';
			used++;
			for (size_t i = 0; i < length; i++) {
				if (used + 4 >= sizeof(ask->query))
					return -EINVAL;
				used += put_encoded(ask->query + used, (unsigned char)query[i]);
			}
		}
		query += length + (query[length] != 0);
	}
	ask->query[used] = 0;
	return 0;
}

int tess_hls_ask_read(struct tess_hls_ask *ask, char *name, const struct tess_http_request *request)
{
	static const char prefix[] = "/live/", playlist[] = ".m3u8";
	const char *at = request->path + strlen(prefix), *slash;
	size_t length;

	*ask = (struct tess_hls_ask){.kind = TESS_HLS_PLAYLIST, .part = UINT32_MAX};
	if (strncmp(request->path, prefix, strlen(prefix)) != 0)
		return -ENOENT;
	length = strlen(at);
	slash = strchr(at, '/');
	if (slash) {
		length = (size_t)(slash - at);
		if (read_file(ask, slash + 1))
			return -ENOENT;
	} else if (length > strlen(playlist) && !strcmp(at + length - strlen(playlist), playlist)) {
		length -= strlen(playlist);
	} else {
		return -ENOENT;
	}
	if (!length)
		return -ENOENT;
	memcpy(name, at, length);
	name[length] = 0;
	if (ask->kind == TESS_HLS_PLAYLIST && read_directives(ask, request->query))
		return -EINVAL;
	return keep_query(ask, request->query);
}

uint64_t tess_hls_session(int fd, const struct tess_http_request *request,
			  const struct tess_hls_ask *ask)
{
	union tess_addr peer;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	socklen_t size = sizeof(peer);
	char text[sizeof(peer) + sizeof(request->user_agent) + sizeof(ask->query)] = {0};
	size_t length = sizeof(peer);
	uint64_t session;

	memset(&peer, 0, sizeof(peer)); /* all of it is in the number */
	(void)getpeername(fd, &peer.sa, &size);
	/* each of its connections has a port of its own */
	if (peer.sa.sa_family == AF_INET6)
		peer.in6.sin6_port = 0;
	else
		peer.in.sin_port = 0;
	memcpy(text, &peer, sizeof(peer));
	length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n%s",
				   request->user_agent, ask->query);
	(void)SHA256((const uint8_t *)text, length, hash);
	memcpy(&session, hash, sizeof(session));
	return session | 1;
}

void tess_hls_headers(char *headers, size_t size, const struct tess_hls_ask *ask, size_t length)
{
	bool playlist = ask->kind == TESS_HLS_PLAYLIST;

	/* a playlist is another one each time, everything else never changes */
	(void)snprintf(headers, size,
		       "Content-Type: %s\r\nCache-Control: %s\r\nContent-Length: %zu\r\n",
		       playlist ? "application/vnd.apple.mpegurl" : "video/mp4",
		       playlist ? "no-store" : "max-age=3600", length);
}
