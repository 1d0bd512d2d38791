/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/mux/hls_live: the playlist byte for byte, what is in parts and segments, and
 * what is held.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/fmp4.h"
#include "pipeline/mux/hls_live.h"
#include "tests/unit/firmware/egress/flv_play.h"

/* 2023-11-14T22:13:20Z at media time 0 */
#define OFFSET_US 1700000000000000
#define LIMIT	  (UINT64_C(100) << 20)

#define HEAD(target, sequence, discontinuities)                                  \
	"#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:" target               \
	"\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.990000\n" \
	"#EXT-X-PART-INF:PART-TARGET=0.330000\n#EXT-X-MEDIA-SEQUENCE:" sequence  \
	"\n#EXT-X-DISCONTINUITY-SEQUENCE:" discontinuities "\n"
#define PART(name, length, more) \
	"#EXT-X-PART:DURATION=" length ",URI=\"show/" name ".m4s?a=b\"" more "\n"

static uint64_t account;
static struct tess_hls_live *hls;
static struct tess_stream_info info;
static uint8_t data[UNIT_MAX];

static void begin(uint64_t limit)
{
	account = 0;
	info = unit_info;
	info.frame_rate = 10;
	assert_int_equal(tess_hls_live_alloc(&hls, 7, &account, limit), 0);
	tess_hls_live_begin(hls, &info);
}

static void finish(void)
{
	tess_hls_live_free(hls);
	assert_int_equal(account, 0);
}

static int video(uint32_t ms, bool key)
{
	struct tess_au au = unit_video(data, ms, 50, key, false);

	return tess_hls_live_add(hls, &au, OFFSET_US);
}

static int audio(uint32_t ms)
{
	struct tess_au au = unit_audio(data, ms, 20);

	return tess_hls_live_add(hls, &au, OFFSET_US);
}

/** Pictures each 100 ms in [from, to), a key frame each @p group ms, with sound between. */
static void play(uint32_t from, uint32_t to, uint32_t group)
{
	for (uint32_t ms = from; ms < to; ms += 100) {
		assert_in_range(video(ms, ms % group == 0), 0, 1);
		assert_int_equal(audio(ms + 50), 0);
	}
}

static void assert_playlist(const char *want)
{
	struct tess_bytes out = {0};

	tess_hls_live_put_playlist(hls, "show", "?a=b", &out);
	tess_put_u8(&out, 0);
	assert_false(out.failed);
	assert_string_equal((const char *)out.data, want);
	tess_bytes_free(&out);
}

static void test_playlist(void **state)
{
	(void)state;
	begin(LIMIT);
	/* nothing before the first key frame, and no playlist without a part */
	assert_int_equal(audio(3900), -EAGAIN);
	assert_int_equal(video(3950, false), -EAGAIN);
	assert_int_equal(video(4000, true), 0);
	assert_false(tess_hls_live_settle(hls));
	play(4100, 6500, 2000);
	assert_true(tess_hls_live_settle(hls));
	assert_int_equal(tess_hls_live_target_s(hls), 2);
	assert_playlist(HEAD(
		"2", "7",
		"7") "#EXT-X-MAP:URI=\"show/init-7.mp4?a=b\"\n"
		     "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n" PART(
			     "7.0", "0.300000", ",INDEPENDENT=YES") PART("7.1", "0.300000", "")
				PART("7.2", "0.300000", "") PART("7.3", "0.300000", "") PART(
					"7.4", "0.300000", "") PART("7.5", "0.300000", "")
					PART("7.6", "0.200000",
					     "") "#EXTINF:2.000000,\nshow/7.m4s?a=b\n"
						 "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26."
						 "000Z\n" PART(
							 "8.0", "0.300000",
							 ",INDEPENDENT=YES") "#EXT-X-PRELOAD-HINT:"
									     "TYPE=PART,URI=\"show/"
									     "8.1.m4s?a=b\"\n");
	/* a part was completed, and the address that was promised is its own */
	assert_true(tess_hls_live_is_hinted(hls, 8, 1));
	assert_null(tess_hls_live_part(hls, 8, 1));
	assert_int_equal(video(6500, false), 0);
	assert_int_equal(video(6600, false), 1);
	assert_non_null(tess_hls_live_part(hls, 8, 1));
	assert_false(tess_hls_live_is_hinted(hls, 8, 1));
	/* the end */
	tess_hls_live_end(hls);
	assert_int_equal(video(6700, true), -EAGAIN);
	assert_playlist(HEAD("2", "7", "7") "#EXT-X-MAP:URI=\"show/init-7.mp4?a=b\"\n"
					    "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n"
					    "#EXTINF:2.000000,\nshow/7.m4s?a=b\n"
					    "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26.000Z\n"
					    "#EXTINF:0.700000,\nshow/8.m4s?a=b\n#EXT-X-ENDLIST\n");
	finish();
}

/** A part is a fragment whose samples are the units that went in. */
static void assert_part(uint64_t number, uint32_t part, uint64_t first_ms, unsigned pictures,
			bool key)
{
	struct tess_chunk *chunk = tess_hls_live_part(hls, number, part);
	struct tess_moof moof;
	uint64_t end = 0;

	assert_non_null(chunk);
	assert_memory_equal(chunk->data + 4, "moof", 4);
	assert_int_equal(
		tess_moof_parse(&moof, chunk->data, (size_t)chunk->data[2] << 8 | chunk->data[3]),
		0);
	assert_int_equal(moof.total, chunk->length);
	assert_int_equal(moof.runs[0].count, pictures);
	assert_int_equal(moof.runs[0].first_dts, first_ms * 90);
	assert_int_equal(moof.runs[1].count, pictures);
	assert_int_equal(tess_moof_sample(&moof.runs[0], 0).key, key);
	for (unsigned i = 0; i < pictures; i++)
		end += tess_moof_sample(&moof.runs[0], i).duration;
	/* no hole up to the next */
	assert_int_equal(end, (uint64_t)pictures * 9000);
	/* the number in the first picture (flv_play.h) */
	assert_int_equal(chunk->data[moof.runs[0].data_offset + (key ? 38 : 0) + 4],
			 key ? 0x65 : 0x41);
}

static void test_content(void **state)
{
	struct tess_chunk *parts[TESS_HLS_LIVE_PARTS], *init;
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	unsigned count;

	(void)state;
	begin(LIMIT);
	play(4000, 6500, 2000);
	assert_part(7, 0, 0, 3, true);
	assert_part(7, 1, 300, 3, false);
	assert_part(7, 6, 1800, 2, false);
	assert_part(8, 0, 2000, 3, true);
	count = tess_hls_live_segment(hls, 7, parts);
	assert_int_equal(count, 7);
	for (unsigned i = 0; i < count; i++)
		assert_ptr_equal(parts[i], tess_hls_live_part(hls, 7, i));
	/* only whole segments are listed, and had */
	assert_int_equal(tess_hls_live_segment(hls, 8, parts), 0);
	assert_int_equal(tess_hls_live_segment(hls, 9, parts), 0);
	init = tess_hls_live_init(hls, 7);
	assert_non_null(init);
	assert_int_equal(tess_fmp4_head_parse(tracks, init->data, init->length), 0);
	assert_int_equal(tracks[0].timescale, 90000);
	assert_int_equal(tracks[1].timescale, 48000);
	assert_null(tess_hls_live_init(hls, 8));
	finish();
}

static void test_what_may_be_waited_for(void **state)
{
	(void)state;
	begin(LIMIT);
	play(4000, 6500, 2000); /* 7 is whole, 8 has one part */
	assert_true(tess_hls_live_settle(hls));
	assert_int_equal(tess_hls_live_has(hls, 3, UINT32_MAX), 1);
	assert_int_equal(tess_hls_live_has(hls, 7, UINT32_MAX), 1);
	assert_int_equal(tess_hls_live_has(hls, 8, UINT32_MAX), 0);
	assert_int_equal(tess_hls_live_has(hls, 9, UINT32_MAX), 0);
	assert_int_equal(tess_hls_live_has(hls, 10, UINT32_MAX), -EINVAL);
	assert_int_equal(tess_hls_live_has(hls, 7, 6), 1);
	assert_int_equal(tess_hls_live_has(hls, 7, 7), 1); /* is 8.0 */
	assert_int_equal(tess_hls_live_has(hls, 8, 0), 1);
	assert_int_equal(tess_hls_live_has(hls, 8, 1), 0);
	assert_int_equal(tess_hls_live_has(hls, 8, 1 + 10), 0); /* 3 s of parts ahead */
	assert_int_equal(tess_hls_live_has(hls, 8, 1 + 11), -EINVAL);
	assert_int_equal(tess_hls_live_has(hls, 9, 0), 0);
	assert_int_equal(tess_hls_live_has(hls, UINT64_MAX, 0), -EINVAL);
	tess_hls_live_end(hls);
	assert_int_equal(tess_hls_live_has(hls, 9, 0), 1);
	finish();
}

static void test_gap_and_other_parameters(void **state)
{
	struct tess_au au;

	(void)state;
	begin(LIMIT);
	play(4000, 5500, 2000);
	/* units are missing: on with a key frame, told as a gap; the picture is another one too */
	au = unit_video(data, 7000, 50, false, false);
	au.discontinuity = true;
	assert_int_equal(tess_hls_live_add(hls, &au, OFFSET_US), -EAGAIN);
	au = unit_video(data, 7100, 50, true, true);
	assert_int_equal(tess_hls_live_add(hls, &au, OFFSET_US), 1);
	assert_int_equal(video(7200, false), 0);
	/* a key frame without parameter sets of its own */
	au = unit_video(data, 7300, 50, true, false);
	data[4] = 0x68;						     /* no SPS any more */
	assert_int_equal(tess_hls_live_add(hls, &au, OFFSET_US), 1); /* goes by those before */
	assert_true(tess_hls_live_settle(hls));
	/* the stream is another one, without sound */
	info.has_audio = false;
	tess_hls_live_begin(hls, &info);
	assert_int_equal(audio(7350), -EAGAIN);
	assert_int_equal(video(9000, true), 1);
	assert_int_equal(video(9100, false), 0);
	assert_int_equal(video(9200, false), 0);
	assert_int_equal(video(9300, false), 1);
	assert_playlist(HEAD(
		"2", "7",
		"7") "#EXT-X-MAP:URI=\"show/init-7.mp4?a=b\"\n"
		     "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n" PART(
			     "7.0", "0.300000",
			     ",INDEPENDENT=YES") PART("7.1", "0.300000",
						      "") PART("7.2", "0.300000",
							       "") PART("7.3", "0.300000", "")
				PART("7.4", "0.300000",
				     "") "#EXTINF:1.500000,\nshow/7.m4s?a=b\n"
					 "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"show/"
					 "init-8.mp4?a=b\"\n"
					 "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:27.100Z\n" PART(
						 "8.0", "0.200000", ",INDEPENDENT=YES")
						 PART("8.1", "0.100000",
						      ",INDEPENDENT=YES") "#EXTINF:0.300000,\nshow/"
									  "8.m4s?a=b\n"
									  "#EXT-X-DISCONTINUITY\n#"
									  "EXT-X-MAP:URI=\"show/"
									  "init-9.mp4?a=b\"\n"
									  "#EXT-X-PROGRAM-DATE-"
									  "TIME:2023-11-14T22:13:"
									  "29.000Z\n" PART(
										  "9.0", "0.300000",
										  ",INDEPENDENT="
										  "YES") "#EXT-X-"
											 "PRELOAD-"
											 "HINT:"
											 "TYPE="
											 "PART,URI="
											 "\"show/"
											 "9.1.m4s?"
											 "a=b\"\n");
	finish();
}

/** What is listed, and held for those that are behind; the discontinuities that went are counted.
 */
static void test_old_segments_go(void **state)
{
	struct tess_chunk *parts[TESS_HLS_LIVE_PARTS];
	struct tess_bytes out = {0};
	unsigned listed = 0;

	(void)state;
	begin(LIMIT);
	play(4000, 6000, 2000);
	assert_int_equal(video(8500, true), 1); /* after a silence */
	play(8600, 10000, 10000);
	assert_true(tess_hls_live_settle(hls));
	play(10000, 60000, 2000);
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	assert_non_null(strstr((char *)out.data, "#EXT-X-DISCONTINUITY-SEQUENCE:8\n"));
	for (const char *at = (char *)out.data; (at = strstr(at, "#EXTINF:2.0")); at++)
		listed++;
	/* 58 s to 60 s is not whole yet: 33; 4 targets before it are listed, 5 more are held */
	assert_int_equal(listed, 4);
	assert_non_null(strstr((char *)out.data, "#EXT-X-MEDIA-SEQUENCE:29\n"));
	assert_non_null(strstr((char *)out.data, "#EXT-X-MAP:URI=\"show/init-7.mp4\"\n"));
	assert_int_equal(tess_hls_live_segment(hls, 32, parts), 7);
	assert_int_equal(tess_hls_live_segment(hls, 24, parts), 7);
	assert_int_equal(tess_hls_live_segment(hls, 23, parts), 0);
	tess_bytes_free(&out);
	finish();
}

/** Without key frames no segment is longer than was promised. */
static void test_no_key_frames(void **state)
{
	struct tess_bytes out = {0};

	(void)state;
	begin(LIMIT);
	assert_int_equal(video(4000, true), 0);
	play(4100, 7000, 100000);
	assert_true(tess_hls_live_settle(hls));
	assert_int_equal(tess_hls_live_target_s(hls), 6);
	play(7000, 30000, 100000);
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	for (const char *at = (const char *)out.data; (at = strstr(at, "#EXTINF:")); at++)
		assert_true(strtod(at + 8, NULL) < 6.5);
	/* and they are no entry points */
	assert_non_null(strstr((char *)out.data, "URI=\"show/8.0.m4s\"\n"));
	tess_bytes_free(&out);
	finish();
}

/** The first group of pictures is not over yet: what there is of it is a segment, so that players
 * which do not begin with parts alone need not wait for the next key frame. */
static void test_young(void **state)
{
	(void)state;
	begin(LIMIT);
	assert_int_equal(video(4000, true), 0);
	assert_int_equal(audio(4050), 0);
	play(4100, 5300, 100000); /* four parts, and a picture of the next */
	assert_true(tess_hls_live_settle(hls));
	assert_true(tess_hls_live_settle(hls)); /* once is enough */
	assert_playlist(HEAD(
		"6", "7", "7") "#EXT-X-MAP:URI=\"show/init-7.mp4?a=b\"\n"
			       "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n" PART(
				       "7.0", "0.300000", ",INDEPENDENT=YES")
				       PART("7.1", "0.300000", "") PART("7.2", "0.300000", "")
					       PART("7.3", "0.300000",
						    "") "#EXTINF:1.200000,\nshow/7.m4s?a=b\n"
							"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"show/"
							"8.0.m4s?a=b\"\n");
	/* and it goes on without a hole */
	assert_true(tess_hls_live_is_hinted(hls, 8, 0));
	assert_int_equal(tess_hls_live_has(hls, 8, 0), 0);
	assert_int_equal(video(5300, false), 0);
	assert_int_equal(audio(5350), 0);
	assert_int_equal(video(5400, false), 0);
	assert_int_equal(audio(5450), 0);
	assert_int_equal(video(5500, false), 1);
	assert_part(8, 0, 5200 - 4000, 3, false);
	finish();
}

/** A picture is late, and no gap yet: the segment before it is not longer than was promised. */
static void test_late_picture(void **state)
{
	struct tess_bytes out = {0};

	(void)state;
	begin(LIMIT);
	for (uint32_t ms = 4000; ms < 7900; ms += 100)
		assert_in_range(video(ms, ms % 2000 == 0), 0, 1);
	assert_true(tess_hls_live_settle(hls));
	assert_int_equal(tess_hls_live_target_s(hls), 2);
	assert_int_equal(video(9600, true), 1);
	play(9700, 10100, 2000);
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	assert_non_null(strstr((char *)out.data, "#EXTINF:1.900000,\nshow/8.m4s\n"
						 "#EXT-X-DISCONTINUITY\n"));
	assert_non_null(strstr((char *)out.data, "T22:13:29.600Z\n"));
	tess_bytes_free(&out);
	finish();
}

/** Before a gap the last picture lasts as long as the one before it, but not into what comes next.
 */
static void test_gap_after_a_late_picture(void **state)
{
	struct tess_bytes out = {0};
	struct tess_au au;

	(void)state;
	begin(LIMIT);
	for (uint32_t ms = 4000; ms <= 5000; ms += 100)
		assert_in_range(video(ms, ms == 4000), 0, 1);
	assert_int_equal(video(6700, false), 1);
	au = unit_video(data, 6800, 50, true, false);
	au.discontinuity = true;
	assert_int_equal(tess_hls_live_add(hls, &au, OFFSET_US), 1);
	play(6900, 7400, 2000);
	assert_true(tess_hls_live_settle(hls));
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	assert_non_null(strstr((char *)out.data, "#EXTINF:2.800000,\nshow/7.m4s\n"));
	tess_bytes_free(&out);
	finish();
}

static void test_sound_alone(void **state)
{
	struct tess_bytes out = {0};
	unsigned parts = 0;

	(void)state;
	begin(LIMIT);
	tess_hls_live_free(hls);
	assert_int_equal(tess_hls_live_alloc(&hls, 7, &account, LIMIT), 0);
	info.has_video = false;
	tess_hls_live_begin(hls, &info);
	for (uint32_t ms = 1000; ms < 6000; ms += 20)
		assert_in_range(audio(ms), 0, 1);
	assert_true(tess_hls_live_settle(hls));
	assert_int_equal(tess_hls_live_target_s(hls), 2);
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	assert_non_null(strstr((char *)out.data, "#EXTINF:2.000000,\nshow/7.m4s\n"));
	assert_non_null(strstr((char *)out.data, "#EXTINF:2.000000,\nshow/8.m4s\n"));
	for (const char *at = (char *)out.data; (at = strstr(at, "m4s\",INDEPENDENT=YES\n")); at++)
		parts++;
	assert_true(parts >= 14);
	tess_bytes_free(&out);
	finish();
}

/** The picture stops, the sound goes on: so does the stream. */
static void test_picture_stops(void **state)
{
	struct tess_bytes out = {0};

	(void)state;
	begin(LIMIT);
	play(4000, 6100, 2000);
	assert_true(tess_hls_live_settle(hls)); /* to 8 s, without a key frame to 8.5 s */
	assert_int_equal(tess_hls_live_target_s(hls), 2);
	play(6100, 8300, 10000);
	for (uint32_t ms = 8300; ms < 12000; ms += 20)
		assert_in_range(audio(ms), 0, 1);
	assert_non_null(tess_hls_live_part(hls, 8, 0));
	assert_in_range(video(12000, true), 0, 1);
	/* nothing is missing */
	tess_hls_live_put_playlist(hls, "show", "", &out);
	tess_put_u8(&out, 0);
	assert_null(strstr((char *)out.data, "#EXT-X-DISCONTINUITY\n"));
	tess_bytes_free(&out);
	finish();
}

static void test_memory(void **state)
{
	struct tess_chunk *parts[TESS_HLS_LIVE_PARTS];

	(void)state;
	begin(12000);
	play(4000, 40000, 2000);
	/* a segment takes some 4 KiB: two are held however little there may be */
	assert_true(account < 16000);
	assert_int_equal(tess_hls_live_segment(hls, 23, parts), 7);
	assert_int_equal(tess_hls_live_segment(hls, 20, parts), 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_playlist),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_what_may_be_waited_for),
		cmocka_unit_test(test_gap_and_other_parameters),
		cmocka_unit_test(test_old_segments_go),
		cmocka_unit_test(test_no_key_frames),
		cmocka_unit_test(test_young),
		cmocka_unit_test(test_late_picture),
		cmocka_unit_test(test_gap_after_a_late_picture),
		cmocka_unit_test(test_sound_alone),
		cmocka_unit_test(test_picture_stops),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
