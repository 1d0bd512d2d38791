/* SPDX-License-Identifier: GPL-3.0-or-later
 * Decoding by the CPU: what a frame says of itself, in each codec. What H.264 alone can do is
 * tested through the software engine.
 */
#include "drivers/decode_soft/decode_soft.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/drivers/engine_soft/h264.h"

/* the H.265 encoder that makes the input leaks when it is closed; read by the leak sanitizer */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libx265.so";
}

/* nor does it wait in ways that the thread sanitizer sees: it is not built with it */
const char *__tsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void)
{
	return "race:libx265.so";
}

static const struct {
	enum tess_codec codec;
	const char *encoder, *options;
} codecs[] = {
	{TESS_CODEC_H264, "libx264", "preset=veryfast:tune=zerolatency"},
	{TESS_CODEC_H265, "libx265",
	 "preset=ultrafast:tune=zerolatency:x265-params=log-level=none"},
	{TESS_CODEC_VP8, "libvpx", "deadline=realtime:cpu-used=8:b=20M"},
	{TESS_CODEC_VP9, "libvpx-vp9", "deadline=realtime:cpu-used=8:b=20M"},
};
#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

static void encode(struct h264_stream *stream, size_t codec, int width, int height,
		   unsigned pictures)
{
	video_encode(stream, codecs[codec].encoder, AV_PIX_FMT_YUV420P, width, height, pictures,
		     codecs[codec].options);
}

static struct tess_decode_soft *decoder_of(size_t codec)
{
	struct tess_decode_soft *decoder = NULL;
	assert_int_equal(tess_decode_soft_open(&decoder, codecs[codec].codec), 0);
	return decoder;
}

static int decode(struct tess_decode_soft *decoder, const struct h264_unit *unit,
		  int64_t capture_us, AVFrame *frame)
{
	return tess_decode_soft_decode(decoder, unit->data, unit->length, capture_us, frame);
}

static void assert_pattern(const AVFrame *frame, unsigned number, int width, int height)
{
	assert_int_equal(frame->format, AV_PIX_FMT_YUV420P);
	assert_int_equal(frame->width, width);
	assert_int_equal(frame->height, height);
	uint8_t want[4096], u_want[4096];
	for (int y = 0; y < height; y += 7) {
		const uint8_t *u = frame->data[1] + (ptrdiff_t)(y / 2) * frame->linesize[1];
		const uint8_t *v = frame->data[2] + (ptrdiff_t)(y / 2) * frame->linesize[2];
		for (int x = 0; x < width; x++)
			want[x] = pattern_luma(number, x, y, width, height);
		for (int x = 0; x < width / 2; x++)
			u_want[x] = (uint8_t)(90 + 60 * x / (width / 2));
		assert_true(psnr(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], want,
				 (size_t)width) > 28);
		assert_true(psnr(u, u_want, (size_t)width / 2) > 30);
		assert_in_range(v[0], 150 - 60 * y / height, 170 - 60 * y / height);
	}
}

static void every_codec_gives_its_pictures(void **state)
{
	(void)state;
	for (size_t c = 0; c < CODECS; c++) {
		struct tess_decode_soft *decoder = decoder_of(c);
		struct h264_stream stream;
		AVFrame *frame = av_frame_alloc();
		encode(&stream, c, 320, 180, 20);
		for (unsigned i = 0; i < stream.count; i++) {
			int64_t time = 7000000000 + i * 66667;
			assert_int_equal(decode(decoder, &stream.units[i], time, frame), 1);
			assert_pattern(frame, i, 320, 180);
			assert_int_equal(frame->pts, time);
			assert_int_equal(frame->color_range, AVCOL_RANGE_MPEG);
			assert_int_equal(frame->sample_aspect_ratio.num, 1);
			assert_int_equal(frame->sample_aspect_ratio.den, 1);
			av_frame_unref(frame);
		}
		av_frame_free(&frame);
		h264_free(&stream);
		tess_decode_soft_close(decoder);
	}
}

static void sizes_may_change(void **state)
{
	(void)state;
	static const int sizes[][2] = {{320, 180}, {190, 94}, {640, 360}, {322, 182}};
	for (size_t c = 0; c < CODECS; c++) {
		struct tess_decode_soft *decoder = decoder_of(c);
		AVFrame *frame = av_frame_alloc();
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct h264_stream stream;
			encode(&stream, c, sizes[s][0], sizes[s][1], 3);
			for (unsigned i = 0; i < 3; i++) {
				assert_int_equal(decode(decoder, &stream.units[i], i, frame), 1);
				assert_pattern(frame, i, sizes[s][0], sizes[s][1]);
				av_frame_unref(frame);
			}
			h264_free(&stream);
		}
		av_frame_free(&frame);
		tess_decode_soft_close(decoder);
	}
}

/* too large in either direction or in all; a picture of a size that is taken decodes after it */
static void oversize_is_refused(void **state)
{
	(void)state;
	static const int sizes[][2] = {{4112, 64}, {64, 4112}, {4096, 2320}};
	for (size_t c = 0; c < CODECS; c++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct tess_decode_soft *decoder = decoder_of(c);
			AVFrame *frame = av_frame_alloc();
			struct h264_stream large, small;
			encode(&large, c, sizes[s][0], sizes[s][1], 2);
			encode(&small, c, 320, 180, 1);
			for (unsigned i = 0; i < 2; i++) {
				int err = decode(decoder, &large.units[i], i, frame);
				assert_true(err == -ENOTSUP || (i == 1 && err == -EBADMSG));
				assert_null(frame->buf[0]);
			}
			assert_int_equal(decode(decoder, &small.units[0], 0, frame), 1);
			assert_pattern(frame, 0, 320, 180);
			h264_free(&large);
			h264_free(&small);
			av_frame_free(&frame);
			tess_decode_soft_close(decoder);
		}
}

static void ten_bits_and_full_range(void **state)
{
	(void)state;
	static const struct {
		const char *encoder, *options;
		enum tess_codec codec;
		int format;
		enum AVColorRange range;
	} cases[] = {
		{"libx265", "preset=ultrafast:tune=zerolatency:x265-params=log-level=none",
		 TESS_CODEC_H265, AV_PIX_FMT_YUV420P10, AVCOL_RANGE_MPEG},
		{"libx265",
		 "preset=ultrafast:tune=zerolatency:color_range=pc:x265-params=log-level=none",
		 TESS_CODEC_H265, AV_PIX_FMT_YUV420P, AVCOL_RANGE_JPEG},
		{"libvpx-vp9", "deadline=realtime:cpu-used=8:b=20M", TESS_CODEC_VP9,
		 AV_PIX_FMT_YUV444P, AVCOL_RANGE_MPEG},
		{"libx264", "preset=veryfast:tune=zerolatency", TESS_CODEC_H264,
		 AV_PIX_FMT_YUVJ420P, AVCOL_RANGE_JPEG},
	};
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct tess_decode_soft *decoder;
		struct h264_stream stream;
		AVFrame *frame = av_frame_alloc();
		video_encode(&stream, cases[c].encoder, cases[c].format, 320, 180, 2,
			     cases[c].options);
		assert_int_equal(tess_decode_soft_open(&decoder, cases[c].codec), 0);
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(decode(decoder, &stream.units[i], i, frame), 1);
			assert_pattern(frame, i, 320, 180);
			assert_int_equal(frame->color_range, cases[c].range);
			assert_int_equal(frame->pts, i);
			if (i == 0)
				av_frame_unref(frame);
		}
		tess_decode_soft_close(decoder);
		assert_pattern(frame, 1, 320, 180); /* it outlives its decoder */
		av_frame_free(&frame);
		h264_free(&stream);
	}
}

/* bits flipped and ends cut: any result but a crash, a hang or a leak; the next whole key frame
 * decodes */
static void damage_is_survived(void **state)
{
	(void)state;
	unsigned seed = 7, failed = 0;
	for (size_t c = 0; c < CODECS; c++) {
		struct tess_decode_soft *decoder = decoder_of(c);
		struct h264_stream stream;
		AVFrame *frame = av_frame_alloc();
		encode(&stream, c, 160, 96, 40);
		for (unsigned i = 0; i < 5 * stream.count; i++) {
			const struct h264_unit *unit = &stream.units[i % stream.count];
			uint8_t *copy = malloc(unit->length);
			assert_non_null(copy);
			memcpy(copy, unit->data, unit->length);
			seed = seed * 1664525 + 1013904223;
			for (unsigned k = 0; k < (seed >> 8) % 6; k++) {
				seed = seed * 1664525 + 1013904223;
				copy[(seed >> 8) % unit->length] ^= 1 << (seed & 7);
			}
			size_t length =
				seed >> 28 == 0 ? 1 + (seed >> 8) % unit->length : unit->length;
			int got = tess_decode_soft_decode(decoder, copy, length, i, frame);
			assert_true(got >= 0 || got == -EBADMSG || got == -ENOTSUP);
			assert_int_equal(got > 0, frame->buf[0] != NULL);
			failed += got < 0;
			av_frame_unref(frame);
			free(copy);
		}
		h264_free(&stream);
		encode(&stream, c, 320, 180, 2);
		for (unsigned i = 0; i < 2; i++) {
			av_frame_unref(frame);
			assert_true(decode(decoder, &stream.units[i], i, frame) >= 1);
		}
		assert_pattern(frame, 1, 320, 180);
		h264_free(&stream);
		av_frame_free(&frame);
		tess_decode_soft_close(decoder);
	}
	assert_true(failed > 0);
}

static void other_codecs_and_nothing(void **state)
{
	(void)state;
	struct tess_decode_soft *decoder = NULL;
	AVFrame *frame = av_frame_alloc();
	assert_int_equal(tess_decode_soft_open(&decoder, TESS_CODEC_OPUS), -ENOTSUP);
	assert_int_equal(tess_decode_soft_open(&decoder, (enum tess_codec)0), -ENOTSUP);
	assert_null(decoder);
	tess_decode_soft_close(NULL);
	for (size_t c = 0; c < CODECS; c++) {
		assert_true(TESS_DECODE_SOFT_CODECS >> codecs[c].codec & 1);
		decoder = decoder_of(c);
		assert_int_equal(tess_decode_soft_decode(decoder, (const uint8_t *)"", 0, 0, frame),
				 -EBADMSG);
		tess_decode_soft_close(decoder);
	}
	av_frame_free(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_codec_gives_its_pictures),
		cmocka_unit_test(sizes_may_change),
		cmocka_unit_test(oversize_is_refused),
		cmocka_unit_test(ten_bits_and_full_range),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(other_codecs_and_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
