/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a request: what is taken has a safe path, and is taken the same when it comes in
 * pieces; what of it goes on in a playlist cannot end a line or a quoted text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/egress/http_request.h"
#include "firmware/egress/live_hls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_path(const char *path)
{
	check(*path == '/' || !strcmp(path, "*"));
	check(strlen(path) < TESS_HTTP_MAX_PATH);
	check(!strstr(path, "/../"));
	check(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
	for (; *path; path++)
		check((unsigned char)*path >= 0x20 && *path != 0x7f);
}

static void check_hls(const struct tess_http_request *request)
{
	static struct tess_hls_ask ask;
	static char name[TESS_HTTP_MAX_PATH];
	int rc = tess_hls_ask_read(&ask, name, request);

	check(rc == 0 || rc == -ENOENT || rc == -EINVAL);
	if (rc)
		return;
	check(*name && !strchr(name, '/'));
	check(!*ask.query || *ask.query == '?');
	check(strlen(ask.query) < sizeof(ask.query));
	for (const char *at = ask.query; *at; at++)
		check(*at > 0x20 && *at < 0x7f && *at != '"' && *at != '<' && *at != '>');
	check(!strstr(ask.query, "&_HLS_") && strncmp(ask.query, "?_HLS_", 6) != 0);
	check(tess_hls_session(-1, request, &ask) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tess_http_request whole, pieces;
	uint64_t first = 0, last = 0;
	size_t used = 0, used_pieces = 0;
	char value[32];
	int rc = tess_http_parse(&whole, data, size, &used), rc_pieces = -EAGAIN;

	check(rc == 0 || rc == -EAGAIN || rc == -EBADMSG || rc == -EMSGSIZE || rc == -EOPNOTSUPP);
	check(rc != -EAGAIN || size < TESS_HTTP_MAX_HEAD);
	for (size_t length = 1; length <= size && rc_pieces == -EAGAIN; length += 1 + length / 8)
		rc_pieces = tess_http_parse(&pieces, data, length, &used_pieces);
	if (rc_pieces == -EAGAIN)
		rc_pieces = tess_http_parse(&pieces, data, size, &used_pieces);
	check(rc == rc_pieces);
	if (rc)
		return 0;
	check(used <= size && used == used_pieces);
	check_path(whole.path);
	check_hls(&whole);
	if (!tess_http_query(value, sizeof(value), whole.query, "sign"))
		check(strlen(value) < sizeof(value));
	for (uint64_t length = 0; length < 3; length++) {
		rc = tess_http_range_apply(&whole.range, length * 1000, &first, &last);
		check(rc == 0 || rc == 1 || rc == -ERANGE);
		if (rc == 1)
			check(first <= last && last < length * 1000);
	}
	return 0;
}
