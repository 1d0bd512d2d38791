/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/encoder.c - what comes out decodes to what went in, at once, at the
 * rate and in the order asked for.
 */
#include "tests/unit/drivers/engine_nv/rig.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH  640
#define HEIGHT 360

static const struct tess_engine_driver *nv = &tess_engine_nv, *soft = &tess_engine_soft;

static const struct tess_encoder_config usual = {
	.width = WIDTH,
	.height = HEIGHT,
	.frame_rate = 15,
	.gop_frames = 20,
	.bitrate_bps = 1000000,
};

static int64_t time_of(unsigned n)
{
	return 777000000000 + (int64_t)n * 1000000 / 15;
}

static struct tess_encoder *open_encoder(const struct rig *rig,
					 const struct tess_encoder_config *config)
{
	struct tess_encoder *encoder;
	assert_int_equal(nv->encoder_open(&encoder, rig->nv, config), 0);
	return encoder;
}

/* types of the NAL units of an Annex B picture, as a string of letters: S(PS), P(PS), I(DR),
 * n(on-IDR); SEI is left out */
static void nal_types(const struct tess_encoded *encoded, char *types)
{
	size_t n = 0;
	const uint8_t *data = encoded->data;
	for (size_t i = 0; i + 3 < encoded->length && n < 31; i++) {
		if (data[i] || data[i + 1] || data[i + 2] != 1)
			continue;
		unsigned type = data[i + 3] & 31;
		if (type != 6)
			types[n++] = type == 7 ? 'S' : type == 8 ? 'P' : type == 5 ? 'I' : 'n';
	}
	types[n] = 0;
}

/* encode one picture, and look at its outside */
static struct tess_encoded encode(struct tess_encoder *encoder, struct tess_surface *surface,
				  unsigned number, bool force_key)
{
	struct tess_encoded encoded;
	char types[32];
	assert_int_equal(nv->encoder_encode(encoder, surface, time_of(number), force_key, &encoded),
			 0);
	assert_true(encoded.length > 0);
	assert_int_equal(encoded.pts_us, time_of(number));
	assert_int_equal(encoded.dts_us, time_of(number));
	nal_types(&encoded, types);
	assert_string_equal(types, encoded.key ? "SPI" : "n");
	return encoded;
}

static void assert_alike(const struct rig *rig, struct tess_surface *in, struct tess_surface *out,
			 double least_db)
{
	size_t luma = (size_t)in->width * in->height;
	assert_int_equal(in->width, out->width);
	assert_int_equal(in->height, out->height);
	uint8_t *a = rig_i420(rig->nv, in), *b = rig_i420(rig->soft, out);
	assert_true(rig_psnr(a, b, luma) > least_db);
	assert_true(rig_psnr(a + luma, b + luma, luma / 2) > least_db);
	free(a);
	free(b);
}

static void every_picture_at_once(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_decoder *decoder;
	struct clip clip;
	rig_open(&rig);
	clip_load(&clip, "realtime"); /* as large as the encoder's pictures */
	struct tess_encoder *encoder = open_encoder(&rig, &usual);
	assert_int_equal(soft->decoder_open(&decoder, rig.soft, TESS_CODEC_H264), 0);
	struct tess_decoder *source;
	assert_int_equal(nv->decoder_open(&source, rig.nv, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < clip.count; i++) {
		struct tess_surface *surface, *decoded;
		assert_int_equal(clip_decode(&clip, i, rig.nv, source, &surface), 0);
		struct tess_encoded encoded = encode(encoder, surface, i, i == 7);
		/* at 7 by force, which begins the count of 20 anew */
		assert_int_equal(encoded.key, i == 0 || i == 7 || i == 27);
		assert_int_equal(soft->decoder_decode(decoder, encoded.data, encoded.length,
						      encoded.pts_us, &decoded),
				 0);
		assert_non_null(decoded);
		assert_int_equal(decoded->capture_us, time_of(i));
		assert_alike(&rig, surface, decoded, 25);
		tess_surface_unref(decoded);
		tess_surface_unref(surface);
	}
	assert_int_equal(rig_stats(&rig).encoded, clip.count);
	assert_int_equal(rig_stats(&rig).faults, 0);
	nv->decoder_close(source);
	soft->decoder_close(decoder);
	nv->encoder_close(encoder);
	clip_free(&clip);
	rig_close(&rig);
}

static void color_is_told(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct tess_surface *surface = rig_still(rig.nv, WIDTH, HEIGHT, 1);
	struct tess_encoder *encoder = open_encoder(&rig, &usual);
	struct tess_encoded encoded = encode(encoder, surface, 0, false);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder_by_name("h264"));
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	assert_int_equal(avcodec_open2(codec, NULL, NULL), 0);
	assert_int_equal(av_new_packet(packet, (int)encoded.length), 0);
	memcpy(packet->data, encoded.data, encoded.length);
	assert_int_equal(avcodec_send_packet(codec, packet), 0);
	assert_int_equal(avcodec_send_packet(codec, NULL), 0);
	assert_int_equal(avcodec_receive_frame(codec, frame), 0);
	assert_int_equal(frame->color_range, AVCOL_RANGE_MPEG);
	assert_int_equal(frame->colorspace, AVCOL_SPC_SMPTE170M);
	assert_int_equal(frame->color_primaries, AVCOL_PRI_SMPTE170M);
	assert_int_equal(frame->color_trc, AVCOL_TRC_BT709);
	assert_int_equal(frame->sample_aspect_ratio.num, frame->sample_aspect_ratio.den);
	av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&codec);
	nv->encoder_close(encoder);
	tess_surface_unref(surface);
	rig_close(&rig);
}

/* bits a second over @p count pictures of noise */
static double rate(const struct rig *rig, struct tess_encoder *encoder, unsigned first,
		   unsigned count)
{
	size_t bytes = 0;
	for (unsigned i = first; i < first + count; i++) {
		struct tess_surface *surface = rig_still(rig->nv, WIDTH, HEIGHT, i);
		bytes += encode(encoder, surface, i, false).length;
		tess_surface_unref(surface);
	}
	return (double)bytes * 8 * 15 / count;
}

static void bitrate_in_flight(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct tess_encoder *encoder = open_encoder(&rig, &usual);
	double at_first = rate(&rig, encoder, 0, 45);
	assert_int_equal(nv->encoder_set_bitrate(encoder, 3000000), 0);
	rig_mark();
	double later = rate(&rig, encoder, 45, 45);
	struct emu_nv_stats device = rig_device(&rig);
	assert_int_equal(device.sessions, 1); /* the same one */
	assert_true(at_first > 600000 && at_first < 1500000);
	assert_true(later > 2000000 && later < 4500000);
	assert_int_equal(nv->encoder_set_bitrate(encoder, 0), -EINVAL);
	assert_int_equal(rig_stats(&rig).faults, 0);
	nv->encoder_close(encoder);
	rig_close(&rig);
}

/* pictures that are no canvases of this size, and those of a pool that has gone since */
static void whose_pictures(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_decoder *decoder;
	struct tess_surface *decoded;
	rig_open(&rig);
	struct tess_surface *small = rig_still(rig.nv, 320, 180, 1);
	struct tess_surface *strange = rig_still(rig.soft, WIDTH, HEIGHT, 1);
	struct tess_surface *early = rig_still(rig.nv, WIDTH, HEIGHT, 2);
	struct tess_encoder *encoder = open_encoder(&rig, &usual);
	struct tess_encoded encoded;
	assert_int_equal(nv->encoder_encode(encoder, small, 0, false, &encoded), -EINVAL);
	assert_int_equal(nv->encoder_encode(encoder, strange, 0, false, &encoded), -EINVAL);
	assert_int_equal(encoded.length, 0);
	rig_mark();
	encoded = encode(encoder, early, 1, false);
	assert_int_equal(rig_device(&rig).copies, 2); /* luma and chroma */
	assert_int_equal(soft->decoder_open(&decoder, rig.soft, TESS_CODEC_H264), 0);
	assert_int_equal(soft->decoder_decode(decoder, encoded.data, encoded.length, 0, &decoded),
			 0);
	assert_alike(&rig, early, decoded, 15);
	tess_surface_unref(decoded);
	tess_surface_unref(early);
	/* the size changes: another encoder */
	nv->encoder_close(encoder);
	struct tess_encoder_config config = usual;
	config.width = 320;
	config.height = 180;
	encoder = open_encoder(&rig, &config);
	encoded = encode(encoder, small, 2, false);
	assert_true(encoded.key);
	assert_int_equal(soft->decoder_decode(decoder, encoded.data, encoded.length, 0, &decoded),
			 0);
	assert_alike(&rig, small, decoded, 15);
	tess_surface_unref(decoded);
	tess_surface_unref(small);
	tess_surface_unref(strange);
	soft->decoder_close(decoder);
	nv->encoder_close(encoder);
	rig_close(&rig);
}

static void sessions_are_limited(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_encoder *encoders[3];
	rig_set("sessions=2");
	rig_open(&rig);
	encoders[0] = open_encoder(&rig, &usual);
	encoders[1] = open_encoder(&rig, &usual);
	assert_int_equal(nv->encoder_open(&encoders[2], rig.nv, &usual), -EBUSY);
	assert_int_equal(rig_stats(&rig).faults, 0);
	assert_int_equal(rig.faults, 0);
	nv->encoder_close(encoders[0]);
	encoders[0] = open_encoder(&rig, &usual);
	nv->encoder_close(encoders[0]);
	nv->encoder_close(encoders[1]);
	rig_close(&rig);
	rig_set("sessions=32");
}

static void refused_configurations(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_encoder *encoder;
	rig_open(&rig);
	static const struct tess_encoder_config configs[] = {
		{0, 360, 15, 20, 1000000, 0},	 {640, 361, 15, 20, 1000000, 0},
		{5000, 360, 15, 20, 1000000, 0}, {640, 360, 0, 20, 1000000, 0},
		{640, 360, 15, 0, 1000000, 0},	 {640, 360, 15, 20, 0, 0},
	};
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		assert_int_equal(nv->encoder_open(&encoder, rig.nv, &configs[i]), -EINVAL);
	rig_close(&rig);
}

/* one picture is missing, the next is a key frame of a new session */
static void faults(void **state)
{
	(void)state;
	static const char *const calls[] = {
		"nvEncRegisterResource", "nvEncMapInputResource", "nvEncEncodePicture",
		"nvEncLockBitstream",	 "nvEncUnlockBitstream",  "nvEncUnmapInputResource",
	};
	for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
		struct rig rig;
		char personality[64];
		struct tess_encoded encoded;
		rig_open(&rig);
		struct tess_encoder *encoder = open_encoder(&rig, &usual);
		struct tess_surface *surface = rig_still(rig.nv, WIDTH, HEIGHT, 1);
		struct tess_surface *other = rig_still(rig.nv, WIDTH, HEIGHT, 2);
		encode(encoder, surface, 0, false);
		snprintf(personality, sizeof(personality), "fail=%s:1:20", calls[c]);
		rig_set(personality);
		/* another picture's memory, so that it is registered */
		assert_int_equal(nv->encoder_encode(encoder, other, time_of(1), false, &encoded),
				 -EIO);
		assert_int_equal(encoded.length, 0);
		assert_int_equal(rig.faults, 1);
		assert_string_equal(rig.call, calls[c]);
		assert_true(strlen(rig.error) > 0);
		assert_true(encode(encoder, surface, 2, false).key);
		assert_false(encode(encoder, surface, 3, false).key);
		assert_int_equal(rig_device(&rig).sessions, 1);
		tess_surface_unref(surface);
		tess_surface_unref(other);
		nv->encoder_close(encoder);
		rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_picture_at_once),
		cmocka_unit_test(color_is_told),
		cmocka_unit_test(bitrate_in_flight),
		cmocka_unit_test(whose_pictures),
		cmocka_unit_test(sessions_are_limited),
		cmocka_unit_test(refused_configurations),
		cmocka_unit_test(faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
