/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/encoder.c - what comes out decodes to what went in, at once, with
 * key frames where they shall be, at the rate asked for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <cmocka.h>

#define WIDTH  640
#define HEIGHT 360

static const struct tess_engine_driver *const driver = &tess_engine_vaapi;

/* pictures to encode: those of a clip */
struct source {
	struct clip clip;
	struct tess_decoder *decoder;
	struct tess_compositor *compositor;
	unsigned next;
};

static void source_open(struct source *source, const struct rig *rig, uint16_t width,
			uint16_t height)
{
	*source = (struct source){0};
	clip_load(&source->clip, "realtime");
	assert_int_equal(driver->decoder_open(&source->decoder, rig->vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(driver->compositor_open(&source->compositor, rig->vaapi, width, height),
			 0);
}

static void source_close(struct source *source)
{
	driver->decoder_close(source->decoder);
	driver->compositor_close(source->compositor);
	clip_free(&source->clip);
}

/* the next picture on a canvas; width and height: the canvas's */
static struct tess_surface *source_next(struct source *source, const struct rig *rig, int width,
					int height)
{
	struct tess_surface *picture, *canvas;
	assert_int_equal(clip_decode(&source->clip, source->next++ % source->clip.count, rig->vaapi,
				     source->decoder, &picture),
			 0);
	assert_non_null(picture);
	const struct tess_tile tile = {
		.rect = {0, 0, width, height}, .render = TESS_RENDER_CROP, .surface = picture};
	const struct tess_scene scene = {.tiles = &tile, .count = 1};
	assert_int_equal(driver->compositor_draw(source->compositor, &scene, &canvas), 0);
	tess_surface_unref(picture);
	return canvas;
}

/* types of the NAL units of a picture, as letters: S(PS), P(PS), I(DR), n(on-IDR) */
static void nal_types(const struct tess_encoded *encoded, char types[32])
{
	size_t n = 0;
	const uint8_t *data = encoded->data;
	for (size_t i = 0; i + 3 < encoded->length && n < 31; i++)
		if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
			static const char letters[] = "?n???IeSPa";
			unsigned type = data[i + 3] & 31;
			types[n++] = type < sizeof(letters) - 1 ? letters[type] : '?';
		}
	types[n] = 0;
}

static void check_picture(const struct rig *rig, struct tess_decoder *judge,
			  struct tess_surface *canvas, const struct tess_encoded *encoded)
{
	struct tess_surface *decoded;
	assert_int_equal(tess_engine_soft.decoder_decode(judge, encoded->data, encoded->length,
							 encoded->pts_us, &decoded),
			 0);
	assert_non_null(decoded);
	assert_int_equal(decoded->capture_us, encoded->pts_us);
	assert_int_equal(decoded->width, canvas->width);
	assert_int_equal(decoded->height, canvas->height);
	uint8_t *in = rig_i420(rig->vaapi, canvas), *out = rig_i420(rig->soft, decoded);
	size_t luma = (size_t)canvas->width * canvas->height;
	assert_true(rig_psnr(in, out, luma) > 30);
	assert_true(rig_psnr(in + luma, out + luma, luma / 2) > 30);
	free(in);
	free(out);
	tess_surface_unref(decoded);
}

/* @p first_types: of the first key frame */
static void every_picture_at_once(const char *personality, const char *first_types)
{
	struct rig rig;
	struct source source;
	struct tess_encoder *encoder;
	struct tess_decoder *judge;
	const struct tess_encoder_config config = {WIDTH, HEIGHT, 30, 20, 2000000, 0};
	rig_open(&rig, personality);
	source_open(&source, &rig, WIDTH, HEIGHT);
	assert_int_equal(driver->encoder_open(&encoder, rig.vaapi, &config), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&judge, rig.soft, TESS_CODEC_H264), 0);
	size_t bytes = 0;
	for (unsigned i = 0; i < 60; i++) {
		struct tess_surface *canvas = source_next(&source, &rig, WIDTH, HEIGHT);
		struct tess_encoded encoded;
		char types[32];
		int64_t pts_us = 777000000000 + i * 33333LL;
		assert_int_equal(driver->encoder_encode(encoder, canvas, pts_us, i == 7, &encoded),
				 0);
		assert_true(encoded.length > 0);
		assert_int_equal(encoded.pts_us, pts_us);
		assert_int_equal(encoded.dts_us, pts_us);
		/* at 7 by force, which begins the count of 20 anew */
		bool key = i == 0 || i == 7 || i == 27 || i == 47;
		assert_int_equal(encoded.key, key);
		nal_types(&encoded, types);
		assert_string_equal(types, i == 0 ? first_types : key ? "SPI" : "n");
		check_picture(&rig, judge, canvas, &encoded);
		bytes += encoded.length;
		tess_surface_unref(canvas);
	}
	double rate = (double)bytes * 8 / 2; /* of 2 s */
	assert_true(rate > 0.7 * config.bitrate_bps && rate < 1.3 * config.bitrate_bps);
	assert_int_equal(rig_stats(&rig).encoded, 60);
	driver->encoder_close(encoder);
	tess_engine_soft.decoder_close(judge);
	source_close(&source);
	rig_close(&rig);
}

static void test_every_picture_at_once(void **state)
{
	(void)state;
	every_picture_at_once(NULL, "SPI");
}

static void test_headers_of_the_device(void **state)
{
	(void)state;
	every_picture_at_once("packed_headers=no\n", "SPeI"); /* its x264 signs the first */
}

/* bytes of one second at a bit rate and size, from a new encoder */
static size_t encode_second(const struct rig *rig, uint16_t width, uint16_t height, uint32_t rate)
{
	struct source source;
	struct tess_encoder *encoder;
	struct tess_decoder *judge;
	const struct tess_encoder_config config = {width, height, 30, 60, rate, 0};
	size_t bytes = 0;
	source_open(&source, rig, width, height);
	assert_int_equal(driver->encoder_open(&encoder, rig->vaapi, &config), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&judge, rig->soft, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < 30; i++) {
		struct tess_surface *canvas = source_next(&source, rig, width, height);
		struct tess_encoded encoded;
		assert_int_equal(
			driver->encoder_encode(encoder, canvas, i * 33333LL, false, &encoded), 0);
		assert_int_equal(encoded.key, i == 0);
		bytes += encoded.length;
		struct tess_surface *decoded;
		assert_int_equal(tess_engine_soft.decoder_decode(judge, encoded.data,
								 encoded.length, 0, &decoded),
				 0);
		assert_non_null(decoded);
		assert_int_equal(decoded->width, width);
		assert_int_equal(decoded->height, height);
		tess_surface_unref(decoded);
		tess_surface_unref(canvas);
	}
	driver->encoder_close(encoder);
	tess_engine_soft.decoder_close(judge);
	source_close(&source);
	return bytes;
}

static void test_rate_and_size_by_reopening(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, NULL);
	assert_null(driver->encoder_set_bitrate);
	double fast = (double)encode_second(&rig, WIDTH, HEIGHT, 3000000) * 8;
	double slow = (double)encode_second(&rig, WIDTH, HEIGHT, 1000000) * 8;
	assert_true(fast > 0.65 * 3000000 && fast < 1.35 * 3000000);
	assert_true(slow > 0.65 * 1000000 && slow < 1.35 * 1000000);
	encode_second(&rig, 854, 480, 2000000); /* no multiple of 16 */
	rig_close(&rig);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_encoder *encoder;
	struct tess_engine_info info;
	rig_open(&rig, "max_width=2048\nmax_height=1088\n");
	driver->info(rig.vaapi, &info);
	assert_int_equal(info.max_side, 1088);
	static const struct tess_encoder_config wrong[] = {
		{0, HEIGHT, 30, 60, 1000000, 0},      {WIDTH, HEIGHT - 1, 30, 60, 1000000, 0},
		{1920, HEIGHT, 30, 60, 1000000, 0},   {WIDTH, HEIGHT, 0, 60, 1000000, 0},
		{WIDTH, HEIGHT, 30, 0, 1000000, 0},   {WIDTH, HEIGHT, 30, 60, 999, 0},
		{WIDTH, HEIGHT, 30, 60, 1u << 31, 0},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(driver->encoder_open(&encoder, rig.vaapi, &wrong[i]), -EINVAL);
	/* a picture of another size, or another engine's */
	struct source source;
	struct tess_encoded encoded;
	const struct tess_encoder_config config = {WIDTH, HEIGHT, 30, 60, 1000000, 0};
	assert_int_equal(driver->encoder_open(&encoder, rig.vaapi, &config), 0);
	source_open(&source, &rig, 320, 180);
	struct tess_surface *canvas = source_next(&source, &rig, 320, 180);
	assert_int_equal(driver->encoder_encode(encoder, canvas, 0, false, &encoded), -EINVAL);
	assert_int_equal(encoded.length, 0);
	tess_surface_unref(canvas);
	source_close(&source);
	driver->encoder_close(encoder);
	rig_close(&rig);
}

static void test_no_session_left(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_encoder *first, *second = NULL;
	const struct tess_encoder_config config = {WIDTH, HEIGHT, 30, 60, 1000000, 0};
	rig_open(&rig, "encoders=1\n");
	assert_int_equal(driver->encoder_open(&first, rig.vaapi, &config), 0);
	assert_int_equal(driver->encoder_open(&second, rig.vaapi, &config), -EBUSY);
	assert_null(second);
	assert_int_equal(rig.faults, 1);
	assert_string_equal(rig.call, "vaCreateContext");
	driver->encoder_close(first);
	assert_int_equal(driver->encoder_open(&second, rig.vaapi, &config), 0);
	driver->encoder_close(second);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_picture_at_once),
		cmocka_unit_test(test_headers_of_the_device),
		cmocka_unit_test(test_rate_and_size_by_reopening),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_no_session_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
