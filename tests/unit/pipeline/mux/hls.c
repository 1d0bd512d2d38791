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
						   .seen = true,
						   .first_us = begin_us,
						   .shown_us = end_us,
						   .key = key,
						   .gap = gap,
						   .other_init = other_init};

	return tess_hls_add(hls, &fragment, "f");
}

/** Sound alone in a recording with pictures. */
static struct tess_hls_fragment sound(int64_t begin_us, int64_t end_us, bool gap)
{
	return (struct tess_hls_fragment){.begin_us = begin_us, .end_us = end_us, .gap = gap};
}

static bool add_sound(struct tess_hls *hls, int64_t begin_us, int64_t end_us, bool gap)
{
	const struct tess_hls_fragment fragment = sound(begin_us, end_us, gap);

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
	/* a break, but nothing is missing */
	assert_true(add(&hls, 10 * S - 1000, 11 * S, true, true, true));
	assert_int_equal(hls.inits, 2);
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:1.000000,\nf/00001.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXTINF:0.999000,\nf/00002.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"f/init-2.mp4\"\n"
			"#EXTINF:1.001000,\nf/00003.m4s\n#EXT-X-ENDLIST\n");
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

/** After a break sound comes first, then pictures of another size: one segment, and one break. */
static void pictures_that_come_later(void **state)
{
	struct tess_hls hls = {0};

	(void)state;
	assert_false(add(&hls, 0, 2 * S, true, false, true));
	assert_true(add_sound(&hls, 5 * S, 6 * S, true));
	/* to which they had a break of their own, but the sound was there */
	assert_false(add(&hls, 6 * S - 1000, 7 * S, true, true, true));
	assert_int_equal(hls.inits, 2);
	assert_false(add(&hls, 7 * S, 10 * S, false, false, false));
	assert_true(add(&hls, 10 * S, 11 * S, true, false, false));
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:2.000000,\nf/00001.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"f/init-2.mp4\"\n"
			"#EXTINF:5.000000,\nf/00002.m4s\n"
			"#EXTINF:1.000000,\nf/00003.m4s\n#EXT-X-ENDLIST\n");
	tess_hls_free(&hls);
}

/** The same in the middle, where nothing is missing; a picture that is only late changes nothing.
 */
static void pictures_that_stop(void **state)
{
	struct tess_hls hls = {0};

	(void)state;
	assert_false(add(&hls, 0, S, true, false, true));
	assert_false(add_sound(&hls, S, S + S / 4, false)); /* late */
	assert_false(add(&hls, S + S / 4, 2 * S, false, false, false));
	assert_true(add_sound(&hls, 2 * S, 3 * S, false));
	for (int at = 3; at < 9; at++)
		assert_false(add_sound(&hls, at * S, (at + 1) * S, false));
	assert_false(add(&hls, 9 * S, 10 * S, true, false, false));
	assert_true(add_sound(&hls, 10 * S, 11 * S, false));
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:2.000000,\nf/00001.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXTINF:8.000000,\nf/00002.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXTINF:1.000000,\nf/00003.m4s\n"
			"#EXT-X-ENDLIST\n");
	tess_hls_free(&hls);
}

/** Where no picture comes for longer than a segment may be, stills stand for them. */
static void stills(void **state)
{
	struct tess_hls_fragment next = sound(14 * S, 15 * S, false);
	struct tess_hls hls = {0}, other = {0};
	int64_t until_us = 0;

	(void)state;
	assert_false(add(&hls, 0, 2 * S, true, false, true));
	next = sound(2 * S, 3 * S, false);
	assert_false(tess_hls_holds(&hls, &next, &until_us)); /* that segment has pictures */
	for (int at = 2; at < 14; at++) {
		next = sound(at * S, (at + 1) * S, false);
		assert_false(tess_hls_holds(&hls, &next, &until_us));
		(void)tess_hls_add(&hls, &next, "f");
	}
	next = sound(14 * S, 15 * S, false);
	assert_true(tess_hls_holds(&hls, &next, &until_us));
	assert_int_equal(hls.begin_us, 2 * S);
	assert_int_equal(until_us, 14 * S);
	other = hls;
	other.lines = (struct tess_bytes){0};
	assert_true(tess_hls_add(&hls, &next, "f"));
	/* the next pictures are later than the sound of their fragment; the still goes on until
	 * then */
	next = (struct tess_hls_fragment){.begin_us = 15 * S,
					  .end_us = 16 * S,
					  .seen = true,
					  .first_us = 15 * S + 500000,
					  .shown_us = 16 * S,
					  .key = true};
	assert_true(tess_hls_holds(&hls, &next, &until_us));
	assert_int_equal(hls.begin_us, 14 * S);
	assert_int_equal(until_us, 15 * S + 500000);
	assert_true(tess_hls_add(&hls, &next, "f"));
	assert_playlist(&hls, true,
			"#EXT-X-MAP:URI=\"f/init-1.mp4\"\n#EXTINF:2.000000,\nf/00001.m4s\n"
			"#EXT-X-DISCONTINUITY\n#EXTINF:12.000000,\nf/00002.m4s\n"
			"#EXTINF:1.000000,\nf/00003.m4s\n"
			"#EXTINF:1.000000,\nf/00004.m4s\n#EXT-X-ENDLIST\n");
	/* pictures that refer to others: none before them, or a break after those that there are */
	next.begin_us = next.first_us = 14 * S;
	next.key = false;
	assert_false(tess_hls_holds(&other, &next, &until_us));
	assert_true(tess_hls_add(&other, &next, "f"));
	assert_false(other.discontinuity);
	assert_true(add_sound(&other, 17 * S, 18 * S, true));
	next = sound(19 * S, 20 * S, true);
	assert_true(tess_hls_holds(&other, &next, &until_us));
	assert_int_equal(until_us, 18 * S);
	assert_true(tess_hls_add(&other, &next, "f"));
	next = (struct tess_hls_fragment){.begin_us = 32 * S, .end_us = 33 * S, .seen = true};
	assert_true(tess_hls_add(&other, &next, "f"));
	assert_true(other.discontinuity);
	tess_hls_free(&other);
	tess_hls_free(&hls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments),	      cmocka_unit_test(gaps_and_other_parameters),
		cmocka_unit_test(without_key_frames), cmocka_unit_test(pictures_that_come_later),
		cmocka_unit_test(pictures_that_stop), cmocka_unit_test(stills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
