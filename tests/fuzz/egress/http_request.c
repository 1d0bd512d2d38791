/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as a request: what is taken has a safe path, and is taken the same when it comes in
 * pieces; what of it goes on in a playlist cannot end a line or a quoted text. Nobody guesses his
 * right to watch, and nothing of what he sends is in the headers that he gets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/egress/guard.h"
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

static int64_t now_us(const struct tess_clock *clock)
{
	(void)clock;
	return 1700000000000000;
}

static const struct tess_clock fixed = {.now_us = now_us, .utc_us = now_us};

/* Application 1 wants a key that nobody has; 2 has rules that this address is good for. */
static struct tess_guard *make_guard(void)
{
	json_t *rules = json_loads(
		"{\"play\":{\"x\":{\"app\":1,\"enable\":true,\"key\":\"d3c1b9e7a5\"}},\"apps\":{"
		"\"1\":{\"referrer_mode\":\"deny\",\"referrer_empty\":true,\"referrers\":[\"*.b\"]}"
		","
		"\"2\":{\"ip_allow\":\"192.0.2.0/24\",\"origins\":[\"http://a\"]}}}",
		0, NULL);
	struct tess_guard *guard = NULL;

	check(rules && !tess_guard_alloc(&guard, &fixed));
	tess_guard_apply(guard, rules);
	json_decref(rules);
	tess_log_init("fuzz", TESS_LOG_ERROR);
	return guard;
}

static void check_guard(const struct tess_http_request *request)
{
	static struct tess_guard *guard;
	struct tess_play play = {.host = request->host,
				 .stream = request->path,
				 .query = request->query,
				 .referrer = request->referrer};
	char headers[320];
	int rc;

	if (!guard)
		guard = make_guard();
	play.address.in =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207)};
	rc = tess_play_check(guard, 1, &play);
	check(rc == -EACCES);
	rc = tess_play_check(guard, 2, &play);
	check(rc == 0 || rc == -ENOENT);
	tess_guard_cors(guard, 2, request->origin, headers, sizeof(headers));
	check(!strcmp(headers, "Vary: Origin\r\n") ||
	      !strcmp(headers, "Vary: Origin\r\nAccess-Control-Allow-Origin: http://a\r\n"));
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
	check_guard(&whole);
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
