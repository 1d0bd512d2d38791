/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/mux/hls: where segments begin, and the playlist's text (RFC 8216).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/hls.h"

#define S 1000000ll

static bool add(struct tess_hls *hls, int64_t begin_us, int64_t end_us, bool key, bool gap,
		bool other_init)
{
	const struct tess_hls_fragment fragment = {.begin_us = begin_us,
						   .end_us = end_us,
						   .key = key,
						   .gap = gap,
						   .other_init = other_init};

	return tess_hls_add(hls, &fragment, "f");
}

static void assert_playlist(const struct tess_hls *hls, bool ended, const char *rest)
{
	struct tess_bytes out = {0};
	char expected[1024];

	(void)snprintf(expected, sizeof(expected),
		       "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:12\n"
		       "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:%s\n%s",
		       ended ? "VOD" : "EVENT", rest);
	tess_hls_put_playlist(hls, ended, "f", &out);
	tess_put_u8(&out, 0);
	assert_false(out.failed);
	assert_string_equal((const char *)out.data, expected);
	tess_bytes_free(&out);
}

/** A segment is listed when the next one begins, and lasts until then. */
static void segments(void **state)
{
	struct tess_hls hls = {0};

	(void)state;
	assert_false(add(&hls, 0, 2 * S, true, false, true));
	assert_playlist(&hls, false, "");
	assert_false(add(&hls, 2 * S, 4 * S - 100, true, false, false)); /* too early for another */
	assert_true(add(&hls, 4 * S, 5 * S, true, false, false));
	assert_playlist(&hls, false,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:4.000000,\nf/00001.m4s\n");
	assert_false(add(&hls, 5 * S, 6 * S, false, false, false));
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:4.000000,\nf/00001.m4s\n"
			"#EXTINF:2.000000,\nf/00002.m4s\n#EXT-X-ENDLIST\n");
	tess_hls_free(&hls);
}

static void gaps_and_other_parameters(void **state)
{
	struct tess_hls hls = {0};

	(void)state;
	assert_false(add(&hls, 0, S, true, false, true));
	/* its end is what it has, not where the next begins */
	assert_true(add(&hls, 9 * S, 10 * S, true, true, false));
	assert_true(add(&hls, 10 * S, 11 * S, true, false, true));
	assert_int_equal(hls.inits, 2);
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:1.000000,\nf/00001.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXTINF:1.000000,\nf/00002.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"f/init-2.mp4\"\n"
			"#EXTINF:1.000000,\nf/00003.m4s\n#EXT-X-ENDLIST\n");
	tess_hls_free(&hls);
}

/** No segment is longer than the target that was promised (RFC 8216 §4.3.3.1). */
static void without_key_frames(void **state)
{
	struct tess_hls hls = {0};
	struct tess_bytes out = {0};

	(void)state;
	for (int64_t at = 0; at < 100; at++)
		(void)add(&hls, at * S, (at + 1) * S, at == 0, false, at == 0);
	tess_hls_put_playlist(&hls, true, "f", &out);
	tess_put_u8(&out, 0);
	for (const char *at = (const char *)out.data; (at = strstr(at, "#EXTINF:")); at++)
		assert_in_range(strtol(at + 8, NULL, 10), 1, TESS_HLS_TARGET_S);
	assert_int_equal(hls.segments, 9);
	tess_bytes_free(&out);
	tess_hls_free(&hls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments),
		cmocka_unit_test(gaps_and_other_parameters),
		cmocka_unit_test(without_key_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
