/* SPDX-License-Identifier: GPL-3.0-or-later
 * Thumbnails: the JPEG shows what the key frame does.
 */
#include "drivers/cover_soft/cover_soft.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/image_soft/image_soft.h"
#include "tests/unit/drivers/engine_soft/h264.h"

static void encode(struct h264_stream *stream, int width, int height, unsigned pictures)
{
	video_encode(stream, "libx264", AV_PIX_FMT_YUV420P, width, height, pictures,
		     "preset=veryfast:tune=zerolatency");
}

/* As a player sees it: BT.601 in video range, what the pattern is drawn in. */
static uint8_t luma_of(const uint8_t *rgb)
{
	return (uint8_t)(16.5 + (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) * 219 / 255);
}

static void assert_shows(const uint8_t *jpeg, size_t size, unsigned width, unsigned height,
			 int times)
{
	struct tess_image_rgba image;
	uint8_t got[TESS_COVER_SIDE], want[TESS_COVER_SIDE];

	assert_int_equal(tess_image_decode(&image, jpeg, size), 0);
	assert_int_equal(image.width, width);
	assert_int_equal(image.height, height);
	for (unsigned y = 0; y < height; y += 7) {
		for (unsigned x = 0; x < width; x++) {
			got[x] = luma_of(image.pixels + ((size_t)y * width + x) * 4);
			want[x] = pattern_luma(0, (int)x * times + times / 2,
					       (int)y * times + times / 2, (int)width * times,
					       (int)height * times);
		}
		assert_true(psnr(got, want, width) > 26);
	}
	tess_image_free(&image);
}

/* A stream with B pictures: its decoder gives the first picture out after others. */
static void test_reordered(void **state)
{
	struct h264_stream stream;
	uint8_t *jpeg;
	size_t size;

	(void)state;
	video_encode(&stream, "libx264", AV_PIX_FMT_YUV420P, 320, 180, 12, "preset=veryfast:bf=3");
	assert_int_equal(
		tess_cover_make(&jpeg, &size, stream.units[0].data, stream.units[0].length), 0);
	assert_shows(jpeg, size, 320, 180, 1);
	free(jpeg);
	h264_free(&stream);
}

static void test_pictures(void **state)
{
	static const struct {
		int width, height;
		unsigned to_width, to_height;
	} sizes[] = {{320, 180, 320, 180},
		     {1280, 720, 320, 180},
		     {360, 640, 180, 320},
		     {160, 120, 160, 120}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct h264_stream stream;
		uint8_t *jpeg;
		size_t size;

		encode(&stream, sizes[i].width, sizes[i].height, 1);
		assert_int_equal(
			tess_cover_make(&jpeg, &size, stream.units[0].data, stream.units[0].length),
			0);
		assert_true(size < 65536);
		assert_shows(jpeg, size, sizes[i].to_width, sizes[i].to_height,
			     sizes[i].width / (int)sizes[i].to_width);
		free(jpeg);
		h264_free(&stream);
	}
}

/* What is no key frame, cut, or garbage, gives an error and nothing else. */
static void test_hostile(void **state)
{
	struct h264_stream stream;
	uint8_t garbage[2000], *jpeg = NULL;
	size_t size;
	uint32_t seed = 1;

	(void)state;
	encode(&stream, 320, 180, 2);
	assert_true(tess_cover_make(&jpeg, &size, stream.units[1].data, stream.units[1].length) <
		    0);
	assert_true(tess_cover_make(&jpeg, &size, stream.units[0].data, 20) < 0);
	for (unsigned i = 0; i < 200; i++) {
		for (size_t k = 0; k < sizeof(garbage); k++) {
			seed = seed * 1664525 + 1013904223;
			garbage[k] = (uint8_t)(seed >> 24);
		}
		/* behind good parameter sets */
		memcpy(garbage, stream.units[0].data, i % 2 ? 60 : 0);
		if (tess_cover_make(&jpeg, &size, garbage, sizeof(garbage)) == 0)
			free(jpeg);
	}
	assert_true(tess_cover_make(&jpeg, &size, garbage, 0) < 0);
	h264_free(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_reordered),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
