/* SPDX-License-Identifier: GPL-3.0-or-later
 * Addresses of SRT servers: what is taken, what is refused, what is shown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/srt_url.h"

static void test_good(void **state)
{
	struct tess_srt_url url;
	const char *error;

	(void)state;
	assert_int_equal(tess_srt_url_parse(&url, "srt://cdn.example:9000", &error), 0);
	assert_string_equal(url.host, "cdn.example");
	assert_int_equal(url.port, 9000);
	assert_string_equal(url.stream_id, "");
	assert_int_equal(url.latency_ms, 0);
	assert_int_equal(tess_srt_url_parse(&url,
					    "SRT://[2001:db8::1]:65535/?streamid=%23!::r=live/a,m="
					    "publish&passphrase=0123456789&pbkeylen=32&latency="
					    "400&mode=caller",
					    &error),
			 0);
	assert_string_equal(url.host, "2001:db8::1");
	assert_int_equal(url.port, 65535);
	assert_string_equal(url.stream_id, "#!::r=live/a,m=publish");
	assert_string_equal(url.passphrase, "0123456789");
	assert_int_equal(url.key_bytes, 32);
	assert_int_equal(url.latency_ms, 400);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"http://a:1",
		"srt://",
		"srt://a",
		"srt://:9000",
		"srt://a:0",
		"srt://a:65536",
		"srt://a:123456",
		"srt://a:9000/path",
		"srt://a:9000#x",
		"srt://u@a:9000",
		"srt://[::1:9000",
		"srt://a b:9000",
		"srt://a:9000?",
		"srt://a:9000?streamid",
		"srt://a:9000?streamid=%",
		"srt://a:9000?streamid=%4",
		"srt://a:9000?streamid=%4g",
		"srt://a:9000?streamid=%00",
		"srt://a:9000?passphrase=short",
		"srt://a:9000?pbkeylen=8",
		"srt://a:9000?latency=19",
		"srt://a:9000?latency=8001",
		"srt://a:9000?latency=1e3",
		"srt://a:9000?mode=listener",
		"srt://a:9000?linger=5",
		"srt://a:9000?latency=0123456789012345678",
		"srt://a:9000?streamid=x&",
	};
	char text[1200] = "srt://a:9000?streamid=";
	struct tess_srt_url url;
	const char *error;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error = NULL;
		assert_int_equal(tess_srt_url_parse(&url, bad[i], &error), -EINVAL);
		assert_non_null(error);
		assert_null(strstr(error, "9000"));
	}
	memset(text + strlen(text), 'x', 513);
	assert_int_equal(tess_srt_url_parse(&url, text, &error), -EINVAL);
	text[22 + 512] = 0;
	assert_int_equal(tess_srt_url_parse(&url, text, &error), 0);
	/* nor a passphrase of 80 */
	(void)stpcpy(text, "srt://a:9000?passphrase=");
	memset(text + strlen(text), 'x', 80);
	text[24 + 80] = 0;
	assert_int_equal(tess_srt_url_parse(&url, text, &error), -EINVAL);
	text[24 + 79] = 0;
	assert_int_equal(tess_srt_url_parse(&url, text, &error), 0);
}

static void shown(const char *url, const char *want)
{
	char masked[TESS_SRT_URL_SIZE + 8];

	tess_relay_url_mask(masked, sizeof(masked), url);
	assert_string_equal(masked, want);
}

static void test_any(void **state)
{
	const char *error;

	(void)state;
	assert_int_equal(tess_relay_url_check("srt://a:9000", &error), 0);
	assert_int_equal(tess_relay_url_check("rtmp://a/b/c", &error), 0);
	assert_int_equal(tess_relay_url_check("rtmp://a/b", &error), -EINVAL);
	assert_non_null(strstr(error, "needs an application"));
	assert_int_equal(tess_relay_url_check("http://a", &error), -EINVAL);
	assert_non_null(strstr(error, "srt://host:port"));
	shown("srt://cdn.example:9000?streamid=x&passphrase=0123456789",
	      "srt://cdn.example:9000?***");
	shown("srt://cdn.example:9000", "srt://cdn.example:9000");
	shown("rtmp://cdn.example/live/KEY", "rtmp://cdn.example/live/***");
	shown("srt://cdn.example?streamid=x", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
