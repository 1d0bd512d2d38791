/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/decoder.c - the device's pictures are those of the CPU, and what the
 * device cannot decode the CPU does.
 */
#include "tests/unit/drivers/engine_nv/rig.h"
#include "tests/unit/drivers/engine_soft/h264.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tess_decoder *open_decoder(struct tess_engine *engine, enum tess_codec codec)
{
	struct tess_decoder *decoder;
	assert_int_equal(engine->driver->decoder_open(&decoder, engine, codec), 0);
	return decoder;
}

/* both engines decode the clip. @return how many pictures came out */
static unsigned compare_clip(const struct rig *rig, const char *name)
{
	struct clip clip;
	unsigned pictures = 0;
	clip_load(&clip, name);
	struct tess_decoder *nv = open_decoder(rig->nv, TESS_CODEC_H264);
	struct tess_decoder *soft = open_decoder(rig->soft, TESS_CODEC_H264);
	for (unsigned i = 0; i < clip.count; i++) {
		struct tess_surface *a, *b;
		assert_int_equal(clip_decode(&clip, i, rig->nv, nv, &a), 0);
		assert_int_equal(clip_decode(&clip, i, rig->soft, soft, &b), 0);
		assert_int_equal(!a, !b);
		if (a) {
			rig_assert_same(rig, a, b);
			pictures++;
		}
		tess_surface_unref(a);
		tess_surface_unref(b);
	}
	tess_engine_nv.decoder_close(nv);
	tess_engine_soft.decoder_close(soft);
	clip_free(&clip);
	return pictures;
}

static unsigned compare_clips(const struct rig *rig)
{
	unsigned pictures = 0;
	for (size_t i = 0; i < CLIPS; i++) {
		unsigned count = compare_clip(rig, clip_names[i]);
		/* of 45, all but those still waiting for their turn at the end */
		if (count < 40)
			fail_msg("%s: only %u pictures", clip_names[i], count);
		pictures += count;
	}
	return pictures;
}

static void clips_on_the_device(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	uint64_t decoded = rig_device(&rig).decoded;
	unsigned pictures = compare_clips(&rig);
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_true(stats.decoded >= pictures);
	assert_true(rig_device(&rig).decoded - decoded >= pictures);
	assert_int_equal(stats.fallback_decoded, 0);
	assert_int_equal(stats.uploads, 0);
	assert_int_equal(stats.downloads, pictures);
	assert_int_equal(stats.faults, 0);
	rig_close(&rig);
}

static void clips_without_the_codec(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_engine_info info;
	rig_set("codecs=hevc");
	rig_open(&rig);
	rig_set("codecs=h264");
	tess_engine_nv.info(rig.nv, &info);
	assert_int_equal(info.device_codecs, 1u << TESS_CODEC_H265);
	unsigned pictures = compare_clip(&rig, "high") + compare_clip(&rig, "realtime");
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_true(stats.fallback_decoded >= pictures);
	assert_int_equal(stats.decoded, stats.fallback_decoded);
	assert_true(stats.uploads >= pictures);
	assert_int_equal(stats.faults, 0);
	rig_close(&rig);
}

/* decode all of a stream on both engines. @return how many pictures came out */
static unsigned compare_stream(const struct rig *rig, const struct h264_stream *stream)
{
	struct tess_decoder *nv = open_decoder(rig->nv, TESS_CODEC_H264);
	struct tess_decoder *soft = open_decoder(rig->soft, TESS_CODEC_H264);
	unsigned pictures = 0;
	for (unsigned i = 0; i < stream->count; i++) {
		const struct h264_unit *unit = &stream->units[i];
		struct tess_surface *a, *b;
		assert_int_equal(tess_engine_nv.decoder_decode(nv, unit->data, unit->length, i, &a),
				 0);
		assert_int_equal(
			tess_engine_soft.decoder_decode(soft, unit->data, unit->length, i, &b), 0);
		assert_non_null(a);
		assert_non_null(b);
		rig_assert_same(rig, a, b);
		tess_surface_unref(a);
		tess_surface_unref(b);
		pictures++;
	}
	tess_engine_nv.decoder_close(nv);
	tess_engine_soft.decoder_close(soft);
	return pictures;
}

/* a stream of what the device may lack. @return how much of it the CPU decoded */
static unsigned decoded_by_cpu(const struct rig *rig, int format, int width, int height,
			       const char *options)
{
	struct h264_stream stream;
	unsigned before = (unsigned)rig_stats(rig).fallback_decoded;
	h264_encode(&stream, format, width, height, 8, options);
	assert_int_equal(compare_stream(rig, &stream), 8);
	h264_free(&stream);
	return (unsigned)rig_stats(rig).fallback_decoded - before;
}

static void formats(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUV420P, 160, 96, "bf=0"), 0);
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUVJ420P, 160, 96, "bf=0"), 0);
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUV422P, 160, 96, "bf=0"), 8);
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUV420P10, 160, 96, "bf=0"), 8);
	/* smaller and larger than the device takes */
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUV420P, 32, 16, "bf=0"), 8);
	assert_int_equal(rig_stats(&rig).faults, 0);
	rig_close(&rig);
	rig_set("max_width=300");
	rig_open(&rig);
	rig_set("max_width=4096");
	assert_int_equal(decoded_by_cpu(&rig, AV_PIX_FMT_YUV420P, 320, 96, "bf=0"), 8);
	rig_close(&rig);
}

/* cut at all four sides: what is left is the same part as on the CPU */
static void crop(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream stream;
	struct tess_surface *surface;
	rig_open(&rig);
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 160, 96, 8,
		    "bf=0:x264-params=crop-rect=6\\,10\\,4\\,2");
	compare_stream(&rig, &stream);
	struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
	assert_int_equal(tess_engine_nv.decoder_decode(decoder, stream.units[0].data,
						       stream.units[0].length, 0, &surface),
			 0);
	assert_int_equal(surface->width, 150);
	assert_int_equal(surface->height, 84);
	tess_surface_unref(surface);
	tess_engine_nv.decoder_close(decoder);
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	h264_free(&stream);
	rig_close(&rig);
}

/* a publisher changes its size: the decoder goes on, and pictures of the old size stay */
static void size_changes(void **state)
{
	(void)state;
	static const int sizes[][2] = {{160, 96}, {320, 180}, {160, 96}, {96, 160}};
	struct rig rig;
	struct h264_stream stream;
	struct tess_surface *a[4], *b[4];
	rig_open(&rig);
	struct tess_decoder *nv = open_decoder(rig.nv, TESS_CODEC_H264);
	struct tess_decoder *soft = open_decoder(rig.soft, TESS_CODEC_H264);
	for (int i = 0; i < 4; i++) {
		h264_encode(&stream, AV_PIX_FMT_YUV420P, sizes[i][0], sizes[i][1], 1, "bf=0");
		const struct h264_unit *unit = &stream.units[0];
		assert_int_equal(
			tess_engine_nv.decoder_decode(nv, unit->data, unit->length, i, &a[i]), 0);
		assert_int_equal(
			tess_engine_soft.decoder_decode(soft, unit->data, unit->length, i, &b[i]),
			0);
		assert_non_null(a[i]);
		h264_free(&stream);
	}
	for (int i = 0; i < 4; i++) {
		rig_assert_same(&rig, a[i], b[i]);
		tess_surface_unref(a[i]);
		tess_surface_unref(b[i]);
	}
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	tess_engine_nv.decoder_close(nv);
	tess_engine_soft.decoder_close(soft);
	rig_close(&rig);
}

static void too_large(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream stream;
	struct tess_surface *surface;
	rig_open(&rig);
	struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 4112, 16, 1, "bf=0");
	assert_int_equal(tess_engine_nv.decoder_decode(decoder, stream.units[0].data,
						       stream.units[0].length, 0, &surface),
			 -ENOTSUP);
	assert_null(surface);
	assert_int_equal(rig_stats(&rig).refused, 1);
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	h264_free(&stream);
	tess_engine_nv.decoder_close(decoder);
	assert_int_equal(tess_engine_nv.decoder_open(&decoder, rig.nv, TESS_CODEC_OPUS), -ENOTSUP);
	rig_close(&rig);
}

/* as many as are promised may be held; more give an error, and the stream goes on at a key frame */
static void held_pictures(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct tess_surface *held[64];
	unsigned count = 0, i;
	int err = 0;
	rig_open(&rig);
	clip_load(&clip, "realtime"); /* key frames at 0, 20 and 40 */
	struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
	for (i = 0; i < 19 && !err; i++) {
		err = clip_decode(&clip, i, rig.nv, decoder, &held[count]);
		count += err == 0;
	}
	assert_int_equal(err, -ENOTSUP);
	assert_true(count >= TESS_ENGINE_NV_HELD && count <= 32);
	assert_int_equal(rig_stats(&rig).refused, 1);
	while (count > 0)
		tess_surface_unref(held[--count]);
	struct tess_surface *surface;
	for (; i < 20; i++) {
		clip_decode(&clip, i, rig.nv, decoder, &surface);
		assert_null(surface);
	}
	for (; i < clip.count; i++) {
		assert_int_equal(clip_decode(&clip, i, rig.nv, decoder, &surface), 0);
		assert_non_null(surface);
		tess_surface_unref(surface);
	}
	assert_int_equal(rig_stats(&rig).faults, 0);
	tess_engine_nv.decoder_close(decoder);
	clip_free(&clip);
	rig_close(&rig);
}

/* a picture outlives its decoder */
static void picture_after_its_decoder(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct tess_surface *a, *b;
	rig_open(&rig);
	clip_load(&clip, "realtime");
	struct tess_decoder *nv = open_decoder(rig.nv, TESS_CODEC_H264);
	struct tess_decoder *soft = open_decoder(rig.soft, TESS_CODEC_H264);
	assert_int_equal(clip_decode(&clip, 0, rig.nv, nv, &a), 0);
	assert_int_equal(clip_decode(&clip, 0, rig.soft, soft, &b), 0);
	tess_engine_nv.decoder_close(nv);
	tess_engine_soft.decoder_close(soft);
	rig_assert_same(&rig, a, b);
	tess_surface_unref(a);
	tess_surface_unref(b);
	clip_free(&clip);
	rig_close(&rig);
}

/* whatever comes in, the decoder neither crashes nor breaks a rule of the device, and goes on with
 * what is whole */
static void damage(void **state)
{
	(void)state;
	struct rig rig;
	unsigned damaged = 0;
	rig_open(&rig);
	srand(6);
	for (size_t c = 0; c < CLIPS; c++) {
		struct clip clip;
		struct tess_surface *surface;
		clip_load(&clip, clip_names[c]);
		struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
		for (unsigned i = 0; i < clip.count; i++) {
			uint8_t *unit = clip.data + clip.offsets[i];
			size_t length = clip.offsets[i + 1] - clip.offsets[i];
			unsigned what = (unsigned)rand() % 4;
			if (what == 0)
				continue; /* lost */
			if (what == 1)
				unit[(size_t)rand() % length] ^= (uint8_t)(1 << rand() % 8);
			if (what == 2)
				length = 1 + (size_t)rand() % length;
			int err = tess_engine_nv.decoder_decode(decoder, unit, length, i, &surface);
			assert_true(err == 0 || err == -EBADMSG || err == -ENOTSUP);
			assert_true(!err || !surface);
			damaged += err == -EBADMSG;
			tess_surface_unref(surface);
		}
		clip_free(&clip);
		clip_load(&clip, "realtime");
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(clip_decode(&clip, i, rig.nv, decoder, &surface), 0);
			assert_non_null(surface);
			tess_surface_unref(surface);
		}
		clip_free(&clip);
		tess_engine_nv.decoder_close(decoder);
	}
	assert_true(damaged > 0);
	assert_int_equal(rig_stats(&rig).damaged, damaged);
	assert_int_equal(rig_stats(&rig).faults, 0);
	rig_close(&rig);
}

/* a call fails at access unit 12: that picture is missing, the stream goes on at 20 */
static void fault_costs_pictures_until_a_key_frame(void **state)
{
	(void)state;
	static const struct {
		const char *call, *personality, *words;
	} faults[] = {
		{"cuvidDecodePicture", "fail=cuvidDecodePicture:1:999", "CUDA_ERROR_UNKNOWN"},
		{"cuvidMapVideoFrame", "fail=cuvidMapVideoFrame:1:2", "CUDA_ERROR_OUT_OF_MEMORY"},
	};
	for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		struct rig rig;
		struct clip clip;
		struct tess_surface *surface;
		unsigned pictures = 0;
		rig_open(&rig);
		clip_load(&clip, "realtime");
		struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
		for (unsigned i = 0; i < clip.count; i++) {
			if (i == 12)
				rig_set(faults[f].personality);
			int err = clip_decode(&clip, i, rig.nv, decoder, &surface);
			assert_int_equal(surface != NULL, i < 12 || i >= 20);
			if (i == 12)
				assert_int_equal(err, -EBADMSG);
			else if (surface)
				assert_int_equal(err, 0);
			pictures += surface != NULL;
			tess_surface_unref(surface);
		}
		assert_int_equal(pictures, 12 + 25);
		assert_int_equal(rig.faults, 1);
		assert_string_equal(rig.call, faults[f].call);
		assert_non_null(strstr(rig.error, faults[f].words));
		assert_int_equal(rig_stats(&rig).faults, 1);
		assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
		tess_engine_nv.decoder_close(decoder);
		clip_free(&clip);
		rig_close(&rig);
	}
}

/* no decoder is made: that is not a reason to think that the device cannot decode this */
static void fault_at_the_beginning(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct tess_surface *surface;
	rig_open(&rig);
	clip_load(&clip, "realtime");
	struct tess_decoder *decoder = open_decoder(rig.nv, TESS_CODEC_H264);
	rig_set("fail=cuvidCreateDecoder:1:2");
	assert_int_equal(clip_decode(&clip, 0, rig.nv, decoder, &surface), -EBADMSG);
	assert_string_equal(rig.call, "cuvidCreateDecoder");
	for (unsigned i = 20; i < clip.count; i++) {
		assert_int_equal(clip_decode(&clip, i, rig.nv, decoder, &surface), 0);
		assert_non_null(surface);
		tess_surface_unref(surface);
	}
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	tess_engine_nv.decoder_close(decoder);
	clip_free(&clip);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clips_on_the_device),
		cmocka_unit_test(clips_without_the_codec),
		cmocka_unit_test(formats),
		cmocka_unit_test(crop),
		cmocka_unit_test(size_changes),
		cmocka_unit_test(too_large),
		cmocka_unit_test(held_pictures),
		cmocka_unit_test(picture_after_its_decoder),
		cmocka_unit_test(damage),
		cmocka_unit_test(fault_costs_pictures_until_a_key_frame),
		cmocka_unit_test(fault_at_the_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
