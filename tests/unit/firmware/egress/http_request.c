/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/http_request.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/egress/http_request.h"

static struct tess_http_request request;

static int parse(const char *text)
{
	size_t used = 0;
	int rc = tess_http_parse(&request, (const uint8_t *)text, strlen(text), &used);

	if (!rc)
		assert_int_equal(used, strlen(text));
	return rc;
}

/* A request with these headers behind the Host. */
static int parse_headers(const char *headers)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "GET /a HTTP/1.1\r\nHost: b\r\n%s\r\n", headers);
	return parse(text);
}

static void test_good(void **state)
{
	static const char two[] = "GET /a HTTP/1.1\r\nHost: b\r\n\r\nGET /second";
	size_t used;

	(void)state;
	assert_int_equal(parse("GET /live/a%20b%2Fc.flv?x=1&y HTTP/1.1\r\nHost: h\r\n"
			       "User-Agent:x\r\nIf-None-Match:  \"e\" \r\n\r\n"),
			 0);
	assert_int_equal(request.method, TESS_HTTP_GET);
	assert_string_equal(request.path, "/live/a b/c.flv");
	assert_string_equal(request.query, "x=1&y");
	assert_string_equal(request.if_none_match, "\"e\"");
	assert_true(request.keep_alive);
	assert_false(request.range.present);
	assert_int_equal(
		parse("HEAD http://h:8/x HTTP/1.1\r\nhost: h\r\nConnection: Close\r\n\r\n"), 0);
	assert_int_equal(request.method, TESS_HTTP_HEAD);
	assert_string_equal(request.path, "/x");
	assert_false(request.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n"), 0);
	assert_false(request.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
	assert_true(request.keep_alive);
	assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
	assert_int_equal(parse_headers("Content-Length: 0\r\n"), 0);
	/* what comes behind the head is not touched */
	assert_int_equal(tess_http_parse(&request, (const uint8_t *)two, strlen(two), &used), 0);
	assert_int_equal(used, strlen(two) - strlen("GET /second"));
}

static void test_incomplete(void **state)
{
	static const char text[] = "GET /a?b HTTP/1.1\r\nHost: h\r\nRange: bytes=0-\r\n\r\n";
	size_t used;

	(void)state;
	for (size_t length = 0; length < strlen(text); length++)
		assert_int_equal(tess_http_parse(&request, (const uint8_t *)text, length, &used),
				 -EAGAIN);
	assert_int_equal(parse(text), 0);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"GET /a HTTP/1.1\nHost: b\n\n",	       /* bare LF */
		"GET /a HTTP/1.1\r\n\r\n",	       /* no Host */
		"GET /a HTTP/2.0\r\nHost: b\r\n\r\n",  /* another version */
		"GET  /a HTTP/1.1\r\nHost: b\r\n\r\n", /* two blanks */
		"GET /a\r\nHost: b\r\n\r\n",	       /* no version */
		"GET a HTTP/1.1\r\nHost: b\r\n\r\n",   /* no slash */
		"GET http://h HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: b\r\n\r\n",
		"G(T /a HTTP/1.1\r\nHost: b\r\n\r\n",
		" /a HTTP/1.1\r\nHost: b\r\n\r\n",
		"\r\nGET /a HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /../etc/passwd HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a/.. HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /%2e%2E/a HTTP/1.1\r\nHost: b\r\n\r\n", /* hidden by escapes */
		"GET /a%2f..%2fb HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a%00.flv HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a%0d%0aX HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a%4 HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a% HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET /a%g0 HTTP/1.1\r\nHost: b\r\n\r\n",
	};
	static const char *const bad_headers[] = {
		"Host: c\r\n",	       /* a second Host */
		"X : 1\r\n",	       /* blank before the colon: smuggling */
		"X: 1\r\n folded\r\n", /* obs-fold */
		": 1\r\n",
		"X\r\n",
		"X: \x01\r\n",
		"Transfer-Encoding: chunked\r\n", /* a body */
		"Content-Length: 5\r\n",
		"Content-Length: -0\r\n",
		"Content-Length: 99999999999999999999\r\n",
		"Content-Length:\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	for (size_t i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]); i++)
		if (parse_headers(bad_headers[i]) != -EBADMSG)
			fail_msg("taken: %s", bad_headers[i]);
	/* two dots inside a name are no step up */
	assert_int_equal(parse("GET /a..b/..c/d.. HTTP/1.1\r\nHost: b\r\n\r\n"), 0);
	assert_int_equal(parse("POST /a HTTP/1.1\r\nHost: b\r\n\r\n"), -EOPNOTSUPP);
	assert_int_equal(parse("get /a HTTP/1.1\r\nHost: b\r\n\r\n"), -EOPNOTSUPP);
}

static void test_too_long(void **state)
{
	char text[TESS_HTTP_MAX_HEAD + 100];
	size_t used;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(tess_http_parse(&request, (uint8_t *)text, TESS_HTTP_MAX_HEAD - 1, &used),
			 -EAGAIN);
	assert_int_equal(tess_http_parse(&request, (uint8_t *)text, TESS_HTTP_MAX_HEAD, &used),
			 -EMSGSIZE);
	/* the path has a limit of its own */
	memcpy(text + 5 + TESS_HTTP_MAX_PATH - 2, " HTTP/1.1\r\nHost: b\r\n\r\n", 23);
	assert_int_equal(tess_http_parse(&request, (uint8_t *)text, 2000, &used), 0);
	assert_int_equal(strlen(request.path), TESS_HTTP_MAX_PATH - 1);
	memset(text + 5, 'a', 2000);
	memcpy(text + 5 + TESS_HTTP_MAX_PATH - 1, " HTTP/1.1\r\nHost: b\r\n\r\n", 23);
	assert_int_equal(tess_http_parse(&request, (uint8_t *)text, 2000, &used), -EMSGSIZE);
}

static void expect_range(const char *value, uint64_t size, int rc, uint64_t first, uint64_t last)
{
	uint64_t got_first, got_last;
	char header[100];

	(void)snprintf(header, sizeof(header), "Range: %s\r\n", value);
	assert_int_equal(parse_headers(header), 0);
	assert_int_equal(tess_http_range_apply(&request.range, size, &got_first, &got_last), rc);
	if (rc >= 0) {
		assert_int_equal(got_first, first);
		assert_int_equal(got_last, last);
	}
}

static void test_ranges(void **state)
{
	(void)state;
	expect_range("bytes=0-", 100, 1, 0, 99);
	expect_range("bytes=10-19", 100, 1, 10, 19);
	expect_range("bytes=99-99", 100, 1, 99, 99);
	expect_range("bytes=90-1000", 100, 1, 90, 99);
	expect_range("bytes=-1", 100, 1, 99, 99);
	expect_range("bytes=-1000", 100, 1, 0, 99);
	expect_range("bytes=100-", 100, -ERANGE, 0, 0);
	expect_range("bytes=-0", 100, -ERANGE, 0, 0);
	expect_range("bytes=0-", 0, -ERANGE, 0, 0);
	expect_range("bytes=-5", 0, -ERANGE, 0, 0);
	/* not understood, so all of it */
	expect_range("bytes=0-1,5-6", 100, 0, 0, 99);
	expect_range("bytes=9-5", 100, 0, 0, 99);
	expect_range("bytes=-", 100, 0, 0, 99);
	expect_range("bytes=a-b", 100, 0, 0, 99);
	expect_range("lines=1-2", 100, 0, 0, 99);
	expect_range("bytes=99999999999999999999-", 100, 0, 0, 99);
}

static void test_query(void **state)
{
	char value[8];

	(void)state;
	assert_int_equal(tess_http_query(value, 8, "a=1&bb=%32x&b=3&b=4&c", "b"), 0);
	assert_string_equal(value, "3");
	assert_int_equal(tess_http_query(value, 8, "a=1&bb=%32x&b=3", "bb"), 0);
	assert_string_equal(value, "2x");
	assert_int_equal(tess_http_query(value, 8, "a=", "a"), 0);
	assert_string_equal(value, "");
	assert_int_equal(tess_http_query(value, 8, "a&&b=1", "a"), -ENOENT);
	assert_int_equal(tess_http_query(value, 8, "", "a"), -ENOENT);
	assert_int_equal(tess_http_query(value, 8, "a=12345678", "a"), -EMSGSIZE);
	assert_int_equal(tess_http_query(value, 8, "a=%zz", "a"), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_bad),    cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
