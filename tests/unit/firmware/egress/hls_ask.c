/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of the addresses of live HLS: firmware/egress/hls_ask.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/egress/live_hls.h"

static struct tess_hls_ask ask;
static char name[TESS_HTTP_MAX_PATH];

static int ask_for(const char *path, const char *query)
{
	struct tess_http_request request = {.method = TESS_HTTP_GET};

	(void)snprintf(request.path, sizeof(request.path), "%s", path);
	(void)snprintf(request.query, sizeof(request.query), "%s", query);
	return tess_hls_ask_read(&ask, name, &request);
}

static void test_files(void **state)
{
	static const char *const others[] = {
		"/live/.m3u8",
		"/live/a/b.m3u8",
		"/live/a.flv",
		"/live/a",
		"/lives/a.m3u8",
		"/",
		"/live/a/",
		"/live/a/.m4s",
		"/live/a/1.2.3.m4s",
		"/live/a/1..m4s",
		"/live/a/-1.m4s",
		"/live/a/1x.m4s",
		"/live/a/1.mp4",
		"/live/a/init-.mp4",
		"/live/a/init-x.mp4",
		"/live/a/init-1.m4s",
		"/live//1.m4s",
		"/live/a/b/1.m4s",
		"/live/a/1.4294967295.m4s",
		"/live/a/1234567890123456789.m4s",
	};

	(void)state;
	assert_int_equal(ask_for("/live/a b.m3u8", ""), 0);
	assert_string_equal(name, "a b");
	assert_int_equal(ask.kind, TESS_HLS_PLAYLIST);
	assert_false(ask.blocking);
	assert_string_equal(ask.query, "");
	assert_int_equal(ask_for("/live/a/init-3.mp4", ""), 0);
	assert_string_equal(name, "a");
	assert_int_equal(ask.kind, TESS_HLS_INIT);
	assert_int_equal(ask.number, 3);
	assert_int_equal(ask_for("/live/x.m3u8/1700000000.m4s", ""), 0);
	assert_string_equal(name, "x.m3u8");
	assert_int_equal(ask.kind, TESS_HLS_SEGMENT);
	assert_int_equal(ask.number, 1700000000);
	assert_int_equal(ask_for("/live/a/8.12.m4s", "_HLS_msn=x"), 0);
	assert_int_equal(ask.kind, TESS_HLS_PART);
	assert_int_equal(ask.number, 8);
	assert_int_equal(ask.part, 12);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(ask_for(others[i], ""), -ENOENT);
}

static void test_directives(void **state)
{
	static const char *const wrong[] = {
		"_HLS_msn=",
		"_HLS_msn=x",
		"_HLS_msn=-1",
		"_HLS_msn=1.5",
		"_HLS_part=3",
		"_HLS_msn=1&_HLS_part=x",
		"_HLS_msn=%zz",
		"_HLS_msn=1&_HLS_part=4294967295",
		"_HLS_msn=99999999999999999999999999999999999999",
	};

	(void)state;
	assert_int_equal(ask_for("/live/a.m3u8", "_HLS_msn=17&_HLS_part=4&_HLS_skip=YES"), 0);
	assert_true(ask.blocking);
	assert_int_equal(ask.number, 17);
	assert_int_equal(ask.part, 4);
	assert_string_equal(ask.query, "");
	assert_int_equal(ask_for("/live/a.m3u8", "_HLS_msn=17"), 0);
	assert_true(ask.blocking);
	assert_int_equal(ask.part, UINT32_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ask_for("/live/a.m3u8", wrong[i]), -EINVAL);
}

/** What goes on with the addresses in the playlist cannot end a line or a quoted text. */
static void test_query(void **state)
{
	char longest[TESS_HTTP_MAX_PATH];

	(void)state;
	assert_int_equal(ask_for("/live/a.m3u8", "_HLS_msn=1&txSecret=0a&_HLS_part=1&&txTime=5F"),
			 0);
	assert_string_equal(ask.query, "?txSecret=0a&txTime=5F");
	assert_int_equal(ask_for("/live/a.m3u8", "a=\"\n\r,b=%22&c= <\xc3\xa4>#"), 0);
	assert_string_equal(ask.query, "?a=%22%0A%0D,b=%22&c=%20%3C%C3%A4%3E%23");
	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(ask_for("/live/a.m3u8", longest), -EINVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	assert_int_equal(ask_for("/live/a.m3u8", longest), -EINVAL);
	longest[sizeof(longest) - 5] = 0;
	assert_int_equal(ask_for("/live/a.m3u8", longest), 0);
	assert_int_equal(strlen(ask.query), sizeof(longest) - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_directives),
		cmocka_unit_test(test_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
