/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/mux/flv: byte for byte, and by ffprobe on real media.
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

#include "pipeline/mux/flv.h"
#include "tests/unit/pipeline/mux/media.h"

static void test_header(void **state)
{
	static const uint8_t both[] = "FLV\1\5\0\0\0\11\0\0\0\0";
	static const uint8_t sound[] = "FLV\1\4\0\0\0\11\0\0\0\0";
	uint8_t out[TESS_FLV_HEADER_SIZE];

	(void)state;
	tess_flv_header(out, true, true);
	assert_memory_equal(out, both, sizeof(out));
	tess_flv_header(out, false, true);
	assert_memory_equal(out, sound, sizeof(out));
}

static void test_tag_header(void **state)
{
	/* the time's highest byte comes last */
	static const uint8_t want[] = {9, 0x01, 0x02, 0x03, 0xbb, 0xcc, 0xdd, 0xaa, 0, 0, 0};
	uint8_t out[TESS_FLV_TAG_HEADER_SIZE];

	(void)state;
	tess_flv_tag_header(out, TESS_FLV_VIDEO, 0x010203, 0xaabbccdd);
	assert_memory_equal(out, want, sizeof(want));
}

static void expect_body(const struct tess_au *au, const uint8_t *want, size_t want_length)
{
	uint8_t out[64];

	memset(out, 0xee, sizeof(out));
	assert_int_equal(tess_flv_body_bytes(au) + TESS_FLV_TRAILER_SIZE, want_length);
	assert_int_equal(tess_flv_put_au(out, au), 0);
	assert_memory_equal(out, want, want_length);
	assert_int_equal(out[want_length], 0xee);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void test_bodies(void **state)
{
	static const uint8_t data[] = {0, 0, 0, 1, 0x65};
	struct tess_au au = {.data = data,
			     .length = 5,
			     .pts_us = 66667,
			     .dts_us = 0,
			     .track = TESS_TRACK_VIDEO,
			     .key = true};

	(void)state;
	expect_body(&au, BYTES(0x17, 1, 0, 0, 66, 0, 0, 0, 1, 0x65, 0, 0, 0, 21));
	au.key = false;
	au.pts_us = -2000; /* decoded after it is shown: nonsense, but it is 24 bits signed */
	expect_body(&au, BYTES(0x27, 1, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 0x65, 0, 0, 0, 21));
	au.pts_us = INT64_MAX; /* held at what fits */
	expect_body(&au, BYTES(0x27, 1, 0x7f, 0xff, 0xff, 0, 0, 0, 1, 0x65, 0, 0, 0, 21));
	au = (struct tess_au){.data = data, .length = 2, .track = TESS_TRACK_AUDIO, .key = true};
	expect_body(&au, BYTES(0xaf, 1, 0, 0, 0, 0, 0, 15));
	au.length = TESS_FLV_MAX_BODY - 1;
	assert_int_equal(tess_flv_put_au(NULL, &au), -EMSGSIZE);
	au.length = SIZE_MAX;
	assert_int_equal(tess_flv_put_au(NULL, &au), -EMSGSIZE);
}

static void test_configs(void **state)
{
	static const uint8_t audio_want[] = {0xaf, 0, 0x11, 0x90, 0, 0, 0, 15};
	static const uint8_t video_want[] = {0x17, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 19};
	struct tess_stream_info info = {
		.has_audio = true, .audio_config_length = 2, .audio_config = {0x11, 0x90}};
	struct tess_h264_config config = {.avcc = {1, 2, 3}, .avcc_length = 3};
	uint8_t out[TESS_FLV_CONFIG_SIZE];

	(void)state;
	assert_int_equal(tess_flv_put_audio_config(out, &info), 4);
	assert_memory_equal(out, audio_want, sizeof(audio_want));
	assert_int_equal(tess_flv_put_video_config(out, &config), 8);
	assert_memory_equal(out, video_want, sizeof(video_want));
}

static void test_metadata(void **state)
{
	static const uint8_t begin[] = "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x09"
				       "\x00\x05width\x00\x40\x94\x00\x00\x00\x00\x00\x00";
	static const uint8_t end[] = "\x00\x06stereo\x01\x01\x00\x00\x09";
	struct tess_stream_info info = {.has_video = true,
					.has_audio = true,
					.width = 1280,
					.height = 720,
					.frame_rate = 15,
					.audio_rate = 48000,
					.audio_channels = 2};
	uint8_t out[TESS_FLV_CONFIG_SIZE];
	size_t length;

	(void)state;
	length = tess_flv_put_metadata(out, &info);
	assert_true(length + TESS_FLV_TRAILER_SIZE <= sizeof(out));
	assert_memory_equal(out, begin, sizeof(begin) - 1);
	assert_memory_equal(out + length - (sizeof(end) - 1), end, sizeof(end) - 1);
	assert_int_equal(out[length + 2] << 8 | out[length + 3], length + TESS_FLV_TAG_HEADER_SIZE);
}

static void write_tag(FILE *file, enum tess_flv_type type, const uint8_t *body, size_t length,
		      uint32_t time_ms)
{
	uint8_t header[TESS_FLV_TAG_HEADER_SIZE];

	tess_flv_tag_header(header, type, (uint32_t)length, time_ms);
	assert_int_equal(fwrite(header, sizeof(header), 1, file), 1);
	assert_int_equal(fwrite(body, length + TESS_FLV_TRAILER_SIZE, 1, file), 1);
}

static void write_file(const char *path, const struct media *media)
{
	FILE *file = fopen(path, "wb");
	struct tess_stream_info info = {.has_video = true,
					.has_audio = true,
					.width = 160,
					.height = 120,
					.frame_rate = 15,
					.audio_rate = media->audio_rate,
					.audio_channels = 2,
					.audio_config_length = 2};
	uint8_t small[TESS_FLV_CONFIG_SIZE];
	struct tess_h264_config config;

	assert_non_null(file);
	memcpy(info.audio_config, media->audio_config, 2);
	assert_int_equal(media->units[0].track, TESS_TRACK_VIDEO);
	assert_int_equal(
		tess_h264_config_from_au(&config, media->units[0].data, media->units[0].length), 0);
	tess_flv_header(small, true, true);
	assert_int_equal(fwrite(small, TESS_FLV_HEADER_SIZE, 1, file), 1);
	write_tag(file, TESS_FLV_SCRIPT, small, tess_flv_put_metadata(small, &info), 0);
	write_tag(file, TESS_FLV_VIDEO, small, tess_flv_put_video_config(small, &config), 0);
	write_tag(file, TESS_FLV_AUDIO, small, tess_flv_put_audio_config(small, &info), 0);
	for (size_t i = 0; i < media->count; i++) {
		const struct tess_au *au = &media->units[i];
		size_t length = tess_flv_body_bytes(au);
		uint8_t *body = malloc(length + TESS_FLV_TRAILER_SIZE);

		assert_int_equal(tess_flv_put_au(body, au), 0);
		write_tag(file, au->track == TESS_TRACK_VIDEO ? TESS_FLV_VIDEO : TESS_FLV_AUDIO,
			  body, length, (uint32_t)(au->dts_us / 1000));
		free(body);
	}
	assert_int_equal(fclose(file), 0);
}

static void test_ffprobe(void **state)
{
	char dir[256], path[300], *said, *at;
	struct media media = {0};
	size_t packets = 0;

	(void)state;
	media_make_dir(dir, sizeof(dir));
	media_encode(dir, 3);
	(void)snprintf(path, sizeof(path), "%s/a.h264", dir);
	media_add_video(&media, path, 15, 0);
	(void)snprintf(path, sizeof(path), "%s/a.aac", dir);
	media_add_audio(&media, path, 0);
	media_sort(&media);
	(void)snprintf(path, sizeof(path), "%s/out.flv", dir);
	write_file(path, &media);

	/* every picture and frame is there, at its time */
	said = media_must_run(
		"ffprobe -v error -show_entries packet=codec_type,dts_time -of csv=p=0 %s", path);
	at = said;
	for (size_t i = 0; i < media.count; i++) {
		char kind[16];
		double time_s;
		int used = 0;

		assert_int_equal(sscanf(at, "%15[^,],%lf%n", kind, &time_s, &used), 2);
		assert_string_equal(kind,
				    media.units[i].track == TESS_TRACK_VIDEO ? "video" : "audio");
		assert_true(time_s * 1000 - (double)(media.units[i].dts_us / 1000) < 0.5 &&
			    time_s * 1000 - (double)(media.units[i].dts_us / 1000) > -0.5);
		at += used;
		at += strspn(at, ",\r\n");
		packets++;
	}
	assert_int_equal(*at, 0);
	free(said);
	/* and all of it decodes without a word */
	said = media_must_run("ffmpeg -v warning -i %s -f null - 2>&1", path);
	assert_string_equal(said, "");
	free(said);
	said = media_must_run("ffprobe -v error -show_entries stream=codec_name,width,height,"
			      "sample_rate,channels -of csv=p=0 %s",
			      path);
	assert_string_equal(said, "h264,160,120\naac,48000,2\n");
	free(said);
	assert_true(packets > 100);
	media_free(&media);
	media_remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	 cmocka_unit_test(test_tag_header),
		cmocka_unit_test(test_bodies),	 cmocka_unit_test(test_configs),
		cmocka_unit_test(test_metadata), cmocka_unit_test(test_ffprobe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
