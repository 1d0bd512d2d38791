/* SPDX-License-Identifier: GPL-3.0-or-later
 * The encoder: what comes out decodes to what went in, at once, at the rate and in the order asked
 * for.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264.h"

#define WIDTH  640
#define HEIGHT 360

static const struct tess_engine_driver *driver = &tess_engine_soft;

static int setup(void **state)
{
	return driver->open((struct tess_engine **)state, &(struct tess_engine_config){0});
}

static int teardown(void **state)
{
	struct tess_engine_stats stats;
	driver->stats(*state, &stats);
	driver->close(*state);
	return stats.surfaces_live == 0 ? 0 : -1;
}

static int64_t time_of(unsigned n)
{
	return 777000000000 + (int64_t)n * 1000000 / 15;
}

static struct tess_surface *pattern(struct tess_engine *engine, int width, int height,
				    unsigned number)
{
	struct tess_surface *surface = surface_solid(engine, width, height, 0, 128, 128);
	pattern_draw(((struct soft_surface *)surface)->pooled.frame, number);
	return surface;
}

/* a picture that costs bits: noise that changes each time */
static struct tess_surface *noise(struct tess_engine *engine, unsigned number)
{
	struct tess_surface *surface = pattern(engine, WIDTH, HEIGHT, number);
	AVFrame *frame = ((struct soft_surface *)surface)->pooled.frame;
	unsigned seed = number;
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			seed = seed * 1664525 + 1013904223;
			frame->data[0][y * frame->linesize[0] + x] += (seed >> 28);
		}
	return surface;
}

/* types of the NAL units of an Annex B picture, as a string of letters: S(PS), P(PS), I(DR),
 * n(on-IDR), e(SEI) */
static void nal_types(const uint8_t *data, size_t length, char *types)
{
	size_t n = 0;
	for (size_t i = 0; i + 3 < length && n < 31; i++)
		if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
			unsigned type = data[i + 3] & 31;
			types[n++] = type == 7	 ? 'S'
				     : type == 8 ? 'P'
				     : type == 5 ? 'I'
				     : type == 1 ? 'n'
				     : type == 6 ? 'e'
						 : '?';
		}
	types[n] = 0;
}

static void every_picture_at_once(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 20, 1000000, 0};
	struct tess_encoder *encoder;
	struct tess_decoder *decoder;
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	assert_int_equal(driver->decoder_open(&decoder, engine, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < 60; i++) {
		struct tess_surface *surface = pattern(engine, WIDTH, HEIGHT, i), *decoded;
		struct tess_encoded encoded;
		char types[32];
		assert_int_equal(
			driver->encoder_encode(encoder, surface, time_of(i), i == 7, &encoded), 0);
		assert_true(encoded.length > 0);
		assert_int_equal(encoded.pts_us, time_of(i));
		assert_int_equal(encoded.dts_us, time_of(i));
		/* at 7 by force, which begins the count of 20 anew */
		bool key = i == 0 || i == 7 || i == 27 || i == 47;
		assert_int_equal(encoded.key, key);
		nal_types(encoded.data, encoded.length, types);
		assert_string_equal(types, i == 0 ? "SPeI" : key ? "SPI" : "n");
		assert_int_equal(driver->decoder_decode(decoder, encoded.data, encoded.length,
							encoded.pts_us, &decoded),
				 0);
		assert_non_null(decoded);
		assert_int_equal(decoded->capture_us, time_of(i));
		uint8_t *in = surface_i420(engine, surface), *out = surface_i420(engine, decoded);
		assert_true(psnr(in, out, WIDTH * HEIGHT) > 36);
		assert_true(psnr(in + WIDTH * HEIGHT, out + WIDTH * HEIGHT, WIDTH * HEIGHT / 2) >
			    36);
		free(in);
		free(out);
		tess_surface_unref(decoded);
		tess_surface_unref(surface);
	}
	struct tess_engine_stats stats;
	driver->stats(engine, &stats);
	assert_int_equal(stats.encoded, 60);
	driver->encoder_close(encoder);
	driver->decoder_close(decoder);
}

/* what the SPS says: profile, colour, shape, no reordering */
static void parameter_sets(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {1280, 720, 15, 45, 1500000, 0};
	struct tess_encoder *encoder;
	struct tess_encoded encoded;
	struct tess_surface *surface = pattern(engine, 1280, 720, 0);
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	assert_int_equal(driver->encoder_encode(encoder, surface, 0, false, &encoded), 0);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	assert_int_equal(avcodec_open2(codec, NULL, NULL), 0);
	assert_int_equal(av_new_packet(packet, (int)encoded.length), 0);
	memcpy(packet->data, encoded.data, encoded.length);
	assert_int_equal(avcodec_send_packet(codec, packet), 0);
	assert_int_equal(avcodec_receive_frame(codec, frame), 0);
	assert_int_equal(codec->profile, FF_PROFILE_H264_HIGH);
	assert_int_equal(codec->has_b_frames, 0);
	assert_int_equal(codec->framerate.num, 15 * codec->framerate.den);
	assert_int_equal(frame->width, 1280);
	assert_int_equal(frame->height, 720);
	assert_int_equal(frame->sample_aspect_ratio.num, 1);
	assert_int_equal(frame->color_range, AVCOL_RANGE_MPEG);
	assert_int_equal(frame->colorspace, AVCOL_SPC_SMPTE170M);
	assert_int_equal(frame->color_primaries, AVCOL_PRI_SMPTE170M);
	assert_int_equal(frame->color_trc, AVCOL_TRC_BT709);
	avcodec_free_context(&codec);
	av_packet_free(&packet);
	av_frame_free(&frame);
	tess_surface_unref(surface);
	driver->encoder_close(encoder);
}

/* bits a second over pictures [from, to) of noise */
static double rate_of(struct tess_engine *engine, struct tess_encoder *encoder, unsigned from,
		      unsigned to)
{
	double bits = 0;
	for (unsigned i = from; i < to; i++) {
		struct tess_surface *surface = noise(engine, i);
		struct tess_encoded encoded;
		assert_int_equal(
			driver->encoder_encode(encoder, surface, time_of(i), false, &encoded), 0);
		bits += 8.0 * (double)encoded.length;
		tess_surface_unref(surface);
	}
	return bits * 15 / (to - from);
}

static void bit_rate_is_kept_and_changed(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 45, 1000000, 0};
	struct tess_encoder *encoder;
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	assert_in_range((unsigned)rate_of(engine, encoder, 0, 90), 900000, 1150000);
	assert_int_equal(driver->encoder_set_bitrate(encoder, 400000), 0);
	rate_of(engine, encoder, 90, 105);
	assert_in_range((unsigned)rate_of(engine, encoder, 105, 195), 350000, 460000);
	assert_int_equal(driver->encoder_set_bitrate(encoder, 2000000), 0);
	rate_of(engine, encoder, 195, 225);
	assert_in_range((unsigned)rate_of(engine, encoder, 225, 315), 1750000, 2250000);
	assert_int_equal(driver->encoder_set_bitrate(encoder, 0), -EINVAL);
	driver->encoder_close(encoder);
}

static void same_pictures_same_bytes(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 30, 800000, 0};
	struct tess_encoder *encoder[2];
	for (unsigned e = 0; e < 2; e++)
		assert_int_equal(driver->encoder_open(&encoder[e], engine, &config), 0);
	for (unsigned i = 0; i < 40; i++) {
		struct tess_surface *surface = noise(engine, i);
		struct tess_encoded encoded[2];
		for (unsigned e = 0; e < 2; e++)
			assert_int_equal(driver->encoder_encode(encoder[e], surface, time_of(i),
								false, &encoded[e]),
					 0);
		assert_int_equal(encoded[0].length, encoded[1].length);
		assert_memory_equal(encoded[0].data, encoded[1].data, encoded[0].length);
		tess_surface_unref(surface);
	}
	for (unsigned e = 0; e < 2; e++)
		driver->encoder_close(encoder[e]);
}

/* slices side by side: still each picture out of its own call */
static void threads_add_no_delay(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 30, 800000, 2};
	struct tess_encoder *encoder;
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	for (unsigned i = 0; i < 10; i++) {
		struct tess_surface *surface = pattern(engine, WIDTH, HEIGHT, i);
		struct tess_encoded encoded;
		char types[32];
		assert_int_equal(
			driver->encoder_encode(encoder, surface, time_of(i), false, &encoded), 0);
		assert_int_equal(encoded.pts_us, time_of(i));
		nal_types(encoded.data, encoded.length, types);
		assert_string_equal(types, i == 0 ? "SPeII" : "nn");
		tess_surface_unref(surface);
	}
	driver->encoder_close(encoder);
}

/* a whole path twice: decode, compose, encode */
static void same_streams_same_bytes(void **state)
{
	struct tess_engine *engine = *state;
	static uint8_t bytes[2][400000];
	size_t length[2] = {0, 0};
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 180, 30, "tune=zerolatency");
	for (unsigned run = 0; run < 2; run++) {
		struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 30, 800000, 0};
		struct tess_encoder *encoder;
		struct tess_decoder *decoder;
		struct tess_compositor *compositor;
		assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
		assert_int_equal(driver->decoder_open(&decoder, engine, TESS_CODEC_H264), 0);
		assert_int_equal(driver->compositor_open(&compositor, engine, WIDTH, HEIGHT), 0);
		for (unsigned i = 0; i < stream.count; i++) {
			struct tess_surface *surface, *canvas;
			struct tess_encoded encoded;
			assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
								stream.units[i].length, time_of(i),
								&surface),
					 0);
			struct tess_tile tiles[] = {
				{.rect = {0, 0, 426, 240},
				 .render = TESS_RENDER_CROP,
				 .surface = surface},
				{.rect = {426, 0, 214, 360},
				 .render = TESS_RENDER_FIT,
				 .surface = surface},
			};
			const struct tess_scene scene = {
				.background = 0x204060, .tiles = tiles, .count = 2};
			assert_int_equal(driver->compositor_draw(compositor, &scene, &canvas), 0);
			assert_int_equal(driver->encoder_encode(encoder, canvas, time_of(i), false,
								&encoded),
					 0);
			assert_true(length[run] + encoded.length <= sizeof(bytes[0]));
			memcpy(bytes[run] + length[run], encoded.data, encoded.length);
			length[run] += encoded.length;
			tess_surface_unref(canvas);
			tess_surface_unref(surface);
		}
		driver->encoder_close(encoder);
		driver->decoder_close(decoder);
		driver->compositor_close(compositor);
	}
	assert_int_equal(length[0], length[1]);
	assert_memory_equal(bytes[0], bytes[1], length[0]);
	h264_free(&stream);
}

/* ticks may be missing when the box is late; time goes on */
static void missing_ticks(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 45, 1000000, 0};
	struct tess_encoder *encoder;
	struct tess_surface *surface = pattern(engine, WIDTH, HEIGHT, 0);
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	for (unsigned i = 0; i < 100; i += 1 + i % 7) {
		struct tess_encoded encoded;
		assert_int_equal(
			driver->encoder_encode(encoder, surface, time_of(i), false, &encoded), 0);
		assert_int_equal(encoded.pts_us, time_of(i));
		assert_int_equal(encoded.dts_us, time_of(i));
	}
	tess_surface_unref(surface);
	driver->encoder_close(encoder);
}

static void refuses(void **state)
{
	struct tess_engine *engine = *state;
	static const struct tess_encoder_config bad[] = {
		{641, 360, 15, 45, 1000000, 0}, {640, 0, 15, 45, 1000000, 0},
		{640, 360, 0, 45, 1000000, 0},	{640, 360, 15, 0, 1000000, 0},
		{640, 360, 15, 45, 0, 0},	{4098, 360, 15, 45, 1000000, 0},
	};
	struct tess_encoder *encoder;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(driver->encoder_open(&encoder, engine, &bad[i]), -EINVAL);
	struct tess_encoder_config config = {WIDTH, HEIGHT, 15, 45, 1000000, 0};
	struct tess_encoded encoded;
	struct tess_surface *small = pattern(engine, 320, 180, 0);
	assert_int_equal(driver->encoder_open(&encoder, engine, &config), 0);
	assert_int_equal(driver->encoder_encode(encoder, small, 0, false, &encoded), -EINVAL);
	assert_int_equal(encoded.length, 0);
	tess_surface_unref(small);
	driver->encoder_close(encoder);
	driver->encoder_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_picture_at_once),
		TEST(parameter_sets),
		TEST(bit_rate_is_kept_and_changed),
		TEST(same_pictures_same_bytes),
		TEST(threads_add_no_delay),
		TEST(same_streams_same_bytes),
		TEST(missing_ticks),
		TEST(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
