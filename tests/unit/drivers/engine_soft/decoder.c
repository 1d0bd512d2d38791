/* SPDX-License-Identifier: GPL-3.0-or-later
 * The decoder: content, times, formats, and what strangers may send.
 */
#include <errno.h>
#include <libavutil/pixfmt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/decode_soft/decode_soft.h"
#include "h264.h"

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

static struct tess_decoder *decoder_of(struct tess_engine *engine)
{
	struct tess_decoder *decoder = NULL;
	assert_int_equal(driver->decoder_open(&decoder, engine, TESS_CODEC_H264), 0);
	return decoder;
}

/* media time of picture n */
static int64_t time_of(int64_t n)
{
	return 5000000000 + n * 66667;
}

static void assert_pattern(struct tess_engine *engine, struct tess_surface *surface, int64_t number,
			   int width, int height)
{
	assert_int_equal(surface->width, width);
	assert_int_equal(surface->height, height);
	uint8_t *i420 = surface_i420(engine, surface);
	uint8_t *want = malloc((size_t)width * height);
	assert_non_null(want);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			want[y * width + x] = pattern_luma((unsigned)number, x, y, width, height);
	assert_true(psnr(i420, want, (size_t)width * height) > 38);
	/* colour: right edge of U, bottom of V, within a few steps */
	const uint8_t *u = i420 + (size_t)width * height, *v = u + (size_t)width / 2 * (height / 2);
	assert_in_range(u[width / 2 - 1], 140, 156);
	assert_in_range(u[0], 84, 98);
	assert_in_range(v[0], 152, 166);
	assert_in_range(v[(size_t)width / 2 * (height / 2) - 1], 94, 110);
	free(want);
	free(i420);
}

static void each_unit_gives_its_picture(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 180, 20, "tune=zerolatency");
	uint64_t last_serial = 0;
	for (unsigned i = 0; i < stream.count; i++) {
		struct tess_surface *surface;
		assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
							stream.units[i].length, time_of(i),
							&surface),
				 0);
		assert_non_null(surface);
		assert_int_equal(surface->capture_us, time_of(i));
		assert_int_equal(surface->sar_num, surface->sar_den);
		assert_true(surface->serial > last_serial);
		last_serial = surface->serial;
		assert_pattern(engine, surface, i, 320, 180);
		tess_surface_unref(surface);
	}
	struct tess_engine_stats stats;
	driver->stats(engine, &stats);
	assert_int_equal(stats.decoded, 20);
	assert_int_equal(stats.downloads, 20);
	assert_int_equal(stats.damaged, 0);
	h264_free(&stream);
	driver->decoder_close(decoder);
}

/* B-frames: pictures come later, but in order of presentation and with their own times */
static void reordered_pictures_keep_their_times(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 180, 40,
		    "bf=3:b-pyramid=normal:b_strategy=0");
	int64_t shown = 0;
	bool reordered = false;
	for (unsigned i = 0; i < stream.count; i++) {
		struct tess_surface *surface;
		reordered |= i > 0 && stream.units[i].pts < stream.units[i - 1].pts;
		assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
							stream.units[i].length,
							time_of(stream.units[i].pts), &surface),
				 0);
		if (!surface)
			continue;
		assert_int_equal(surface->capture_us, time_of(shown));
		assert_pattern(engine, surface, shown, 320, 180);
		shown++;
		tess_surface_unref(surface);
	}
	assert_true(reordered);
	assert_in_range(shown, 36, 40); /* the rest waits for pictures that do not come */
	h264_free(&stream);
	driver->decoder_close(decoder);
}

static void crop_and_size_changes(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	static const int sizes[][2] = {{320, 180}, {190, 94}, {640, 360}, {16, 16}, {322, 182}};
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct h264_stream stream;
		h264_encode(&stream, AV_PIX_FMT_YUV420P, sizes[s][0], sizes[s][1], 3,
			    "tune=zerolatency");
		for (unsigned i = 0; i < 3; i++) {
			struct tess_surface *surface;
			assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
								stream.units[i].length, time_of(i),
								&surface),
					 0);
			assert_non_null(surface);
			if (sizes[s][0] > 16)
				assert_pattern(engine, surface, i, sizes[s][0], sizes[s][1]);
			else
				assert_int_equal(surface->width, 16);
			tess_surface_unref(surface);
		}
		h264_free(&stream);
	}
	driver->decoder_close(decoder);
}

static void other_formats_become_i420(void **state)
{
	struct tess_engine *engine = *state;
	static const int formats[] = {
		AV_PIX_FMT_YUV422P,   AV_PIX_FMT_YUV444P,   AV_PIX_FMT_YUV420P10,
		AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P10, AV_PIX_FMT_YUVJ420P,
		AV_PIX_FMT_YUVJ422P,  AV_PIX_FMT_YUVJ444P,
	};
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		struct tess_decoder *decoder = decoder_of(engine);
		struct h264_stream stream;
		h264_encode(&stream, formats[f], 320, 180, 3, "tune=zerolatency");
		for (unsigned i = 0; i < 3; i++) {
			struct tess_surface *surface;
			assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
								stream.units[i].length, time_of(i),
								&surface),
					 0);
			assert_non_null(surface);
			assert_pattern(engine, surface, i, 320, 180);
			assert_int_equal(((struct soft_surface *)surface)->full_range, f >= 5);
			assert_int_equal(surface->capture_us, time_of(i));
			tess_surface_unref(surface);
		}
		h264_free(&stream);
		driver->decoder_close(decoder);
	}
}

static void gray_gets_neutral_colour(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	struct tess_surface *surface;
	h264_encode(&stream, AV_PIX_FMT_GRAY8, 320, 180, 1, "tune=zerolatency");
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, 0, &surface),
			 0);
	assert_non_null(surface);
	uint8_t *i420 = surface_i420(engine, surface);
	for (size_t i = 320 * 180; i < 320 * 180 * 3 / 2; i++)
		assert_int_equal(i420[i], 128);
	free(i420);
	tess_surface_unref(surface);
	h264_free(&stream);
	driver->decoder_close(decoder);
}

static void lossless_rgb_is_refused(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = NULL;
	struct h264_stream stream;
	assert_int_equal(driver->decoder_open(&decoder, engine, TESS_CODEC_OPUS), -ENOTSUP);
	decoder = decoder_of(engine);
	/* High 4:4:4 with the identity matrix decodes to GBR planes */
	h264_encode(&stream, AV_PIX_FMT_YUV444P, 64, 64, 2, "tune=zerolatency:colorspace=rgb");
	struct tess_surface *surface;
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, 0, &surface),
			 -ENOTSUP);
	assert_null(surface);
	h264_free(&stream);
	driver->decoder_close(decoder);
}

static void sample_aspect_ratio_is_told(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	struct tess_surface *surface;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 720, 576, 1, "tune=zerolatency:aspect=64/45");
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, 0, &surface),
			 0);
	assert_non_null(surface);
	assert_int_equal(surface->sar_num, 64);
	assert_int_equal(surface->sar_den, 45);
	tess_surface_unref(surface);
	h264_free(&stream);
	driver->decoder_close(decoder);
}

/* sides, area, and both beyond what libavcodec itself takes; nothing of it is logged */
static void oversize_is_refused(void **state)
{
	struct tess_engine *engine = *state;
	static const int sizes[][2] = {{4112, 32}, {32, 4112}, {4096, 2320}, {4112, 4112}};
	struct tess_decoder *decoder = decoder_of(engine);
	int real_stderr = dup(STDERR_FILENO);
	FILE *log = tmpfile();
	assert_non_null(log);
	assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
	for (size_t s = 0; s < 4; s++) {
		struct h264_stream stream;
		struct tess_surface *surface;
		h264_encode(&stream, AV_PIX_FMT_YUV420P, sizes[s][0], sizes[s][1], 1,
			    "tune=zerolatency");
		for (unsigned times = 0; times < 2; times++) {
			assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
								stream.units[0].length, 0,
								&surface),
					 -ENOTSUP);
			assert_null(surface);
		}
		h264_free(&stream);
	}
	/* profile, constraints, level 5.1; 100000 x 100000 macroblocks: not even libavcodec asks */
	static const uint8_t endless[] = {0,	0,    0,    1,	  0x67, 0x42, 0xc0,
					  0x33, 0xda, 0x00, 0x00, 0x61, 0xa8, 0x10,
					  0x00, 0x06, 0x1a, 0x81, 0x00, 0x80};
	struct tess_surface *surface;
	(void)driver->decoder_decode(decoder, endless, sizeof(endless), 0, &surface);
	assert_null(surface);
	assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	close(real_stderr);
	assert_int_equal(fseek(log, 0, SEEK_END), 0);
	assert_int_equal(ftell(log), 0);
	assert_int_equal(fclose(log), 0);
	driver->decoder_close(decoder);
	struct tess_engine_stats stats;
	driver->stats(engine, &stats);
	assert_int_equal(stats.refused, 8);
	assert_int_equal(stats.decoded, 0);
}

/* Sixteen references of the largest picture would be 300 MB: refused before the first one. */
static void too_many_references_are_refused(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct tess_engine_stats stats;
	struct tess_surface *surface;
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 4096, 2304, 2, "tune=zerolatency:refs=16");
	for (unsigned i = 0; i < stream.count; i++) {
		assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
							stream.units[i].length, i, &surface),
				 -ENOTSUP);
		assert_null(surface);
	}
	h264_free(&stream);
	driver->stats(engine, &stats);
	assert_int_equal(stats.refused, 2);
	/* the same decoder takes the same number of a size that people send */
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 1920, 1080, 18, "tune=zerolatency:refs=16");
	for (unsigned i = 0; i < stream.count; i++) {
		assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
							stream.units[i].length, time_of(i),
							&surface),
				 0);
		assert_non_null(surface);
		tess_surface_unref(surface);
	}
	h264_free(&stream);
	driver->decoder_close(decoder);
}

/* What tiles hold counts until it is let go. A decoder that spent its share says so, and goes on
 * with a key frame. */
static void held_pictures_are_bounded(void **state)
{
	enum { PICTURES = 9, PICTURE_BYTES = 4096 * 2304 * 3 / 2 };
	const unsigned most = (unsigned)(TESS_DECODE_SOFT_BYTES / PICTURE_BYTES);
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct tess_surface *surface, *held[PICTURES] = {NULL};
	struct h264_stream stream;
	unsigned count = 0;
	int err;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 4096, 2304, PICTURES, "tune=zerolatency:refs=1");
	while ((err = driver->decoder_decode(decoder, stream.units[count].data,
					     stream.units[count].length, count, &held[count])) ==
	       0) {
		assert_non_null(held[count]);
		assert_true(++count < PICTURES);
	}
	assert_int_equal(err, -ENOTSUP);
	assert_in_range(count, 5, most);
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, 0, &surface),
			 -ENOTSUP);
	for (unsigned i = 0; i < count; i++)
		tess_surface_unref(held[i]);
	for (unsigned i = 0; i < PICTURES; i++) {
		assert_int_equal(driver->decoder_decode(decoder, stream.units[i].data,
							stream.units[i].length, i, &surface),
				 0);
		assert_non_null(surface);
		if (i < PICTURES - 1)
			tess_surface_unref(surface);
	}
	struct tess_engine_stats stats;
	driver->stats(engine, &stats);
	assert_int_equal(stats.refused, 2);
	driver->decoder_close(decoder);
	tess_surface_unref(surface); /* after its decoder */
	h264_free(&stream);
}

static void nonsense_is_damage(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct tess_surface *surface = NULL;
	static const uint8_t slice_without_sps[] = {0, 0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x10};
	static const uint8_t short_sps[] = {0, 0, 0, 1, 0x67, 0x42};
	assert_int_equal(driver->decoder_decode(decoder, slice_without_sps, 0, 0, &surface),
			 -EBADMSG);
	assert_int_equal(driver->decoder_decode(decoder, slice_without_sps,
						sizeof(slice_without_sps), 0, &surface),
			 -EBADMSG);
	assert_null(surface);
	driver->decoder_decode(decoder, short_sps, sizeof(short_sps), 0, &surface);
	assert_null(surface);
	/* a key frame after that decodes */
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 180, 1, "tune=zerolatency");
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, time_of(0), &surface),
			 0);
	assert_non_null(surface);
	assert_pattern(engine, surface, 0, 320, 180);
	tess_surface_unref(surface);
	h264_free(&stream);
	driver->decoder_close(decoder);
	driver->decoder_close(NULL);
}

/* a decoder that starts between key frames shows nothing before it can */
static void nothing_before_the_first_key_frame(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 180, 20, "tune=zerolatency:g=10");
	for (unsigned i = 3; i < 20; i++) {
		struct tess_surface *surface;
		driver->decoder_decode(decoder, stream.units[i].data, stream.units[i].length,
				       time_of(i), &surface);
		assert_int_equal(surface != NULL, i >= 10);
		if (surface)
			assert_pattern(engine, surface, i, 320, 180);
		tess_surface_unref(surface);
	}
	h264_free(&stream);
	driver->decoder_close(decoder);
}

/* bits flipped, ends cut, units lost or sent twice: any result but a crash, a hang or a leak, and
 * after the next whole key frame the pictures are right again */
static void damage_is_survived(void **state)
{
	struct tess_engine *engine = *state;
	static const char *const options[] = {
		"tune=zerolatency:g=12:slices=3",
		"bf=2:g=12:weightp=smart:flags=+ildct+ilme",
		"tune=zerolatency:g=12:intra-refresh=1:coder=cavlc",
	};
	unsigned seed = 99;
	for (size_t o = 0; o < 3; o++) {
		struct tess_decoder *decoder = decoder_of(engine);
		struct h264_stream stream, clean;
		h264_encode(&stream, AV_PIX_FMT_YUV420P, 160, 96, 100, options[o]);
		for (unsigned round = 0; round < 4; round++)
			for (unsigned i = 0; i < stream.count; i++) {
				struct h264_unit *unit = &stream.units[i];
				uint8_t *copy = malloc(unit->length + 1);
				struct tess_surface *surface;
				size_t length = unit->length;
				assert_non_null(copy);
				memcpy(copy, unit->data, length);
				seed = seed * 1664525 + 1013904223;
				for (unsigned k = 0; k < (seed >> 8) % 6; k++) {
					seed = seed * 1664525 + 1013904223;
					copy[(seed >> 8) % length] ^= 1 << (seed & 7);
				}
				if (seed >> 28 == 0)
					length = 1 + (seed >> 8) % length;
				int err =
					driver->decoder_decode(decoder, copy, length, i, &surface);
				assert_true(err == 0 || err == -EBADMSG || err == -ENOTSUP);
				assert_true(!err || !surface);
				assert_true(!surface ||
					    (surface->width <= 4096 && surface->height <= 4096));
				tess_surface_unref(surface);
				free(copy);
			}
		h264_free(&stream);
		h264_encode(&clean, AV_PIX_FMT_YUV420P, 320, 180, 4, "tune=zerolatency");
		struct tess_surface *surface = NULL;
		for (unsigned i = 0; i < 4; i++) {
			tess_surface_unref(surface);
			assert_int_equal(driver->decoder_decode(decoder, clean.units[i].data,
								clean.units[i].length, time_of(i),
								&surface),
					 0);
		}
		assert_non_null(surface);
		uint64_t serial = surface->serial;
		assert_true(serial > 0);
		assert_pattern(engine, surface, (surface->capture_us - time_of(0)) / 66667, 320,
			       180);
		tess_surface_unref(surface);
		h264_free(&clean);
		driver->decoder_close(decoder);
	}
}

/* surfaces outlive their decoder, as a tile may still show the last picture */
static void surface_outlives_decoder(void **state)
{
	struct tess_engine *engine = *state;
	struct tess_decoder *decoder = decoder_of(engine);
	struct h264_stream stream;
	struct tess_surface *surface;
	h264_encode(&stream, AV_PIX_FMT_YUV422P, 320, 180, 1, "tune=zerolatency");
	assert_int_equal(driver->decoder_decode(decoder, stream.units[0].data,
						stream.units[0].length, 0, &surface),
			 0);
	driver->decoder_close(decoder);
	assert_pattern(engine, surface, 0, 320, 180);
	tess_surface_unref(surface);
	h264_free(&stream);
}

static void only_the_cpu_is_there(void **state)
{
	struct tess_engine *engine;
	(void)state;
	assert_int_equal(
		driver->open(&engine,
			     &(struct tess_engine_config){.device = "/dev/dri/renderD128"}),
		-ENODEV);
	assert_int_equal(driver->open(&engine, &(struct tess_engine_config){.device = "cpu"}), 0);
	assert_ptr_equal(engine->driver, driver);
	driver->close(engine);
	driver->close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_unit_gives_its_picture),
		TEST(reordered_pictures_keep_their_times),
		TEST(crop_and_size_changes),
		TEST(other_formats_become_i420),
		TEST(gray_gets_neutral_colour),
		TEST(lossless_rgb_is_refused),
		TEST(sample_aspect_ratio_is_told),
		TEST(oversize_is_refused),
		TEST(too_many_references_are_refused),
		TEST(held_pictures_are_bounded),
		TEST(nonsense_is_damage),
		TEST(nothing_before_the_first_key_frame),
		TEST(damage_is_survived),
		TEST(surface_outlives_decoder),
		cmocka_unit_test(only_the_cpu_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
