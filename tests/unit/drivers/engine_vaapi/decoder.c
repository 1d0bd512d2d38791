/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/decoder.c - the device's pictures are those of the CPU.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/drivers/engine_soft/h264.h"
#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <cmocka.h>

/* the H.265 encoder that makes input leaks when it is closed; read by the leak sanitizer */
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

static const struct tess_engine_driver *const driver = &tess_engine_vaapi;

static const char *const clips[] = {
	"baseline", "main",	"high",	 "cavlc", "temporal",	"slices", "matrices",
	"refresh",  "open_gop", "refs8", "crop",  "interlaced", "fade",	  "realtime",
};
#define CLIPS (sizeof(clips) / sizeof(clips[0]))

static void assert_same(const struct rig *rig, struct tess_surface *device,
			struct tess_surface *cpu)
{
	assert_int_equal(device->width, cpu->width);
	assert_int_equal(device->height, cpu->height);
	assert_int_equal(device->sar_num, cpu->sar_num);
	assert_int_equal(device->sar_den, cpu->sar_den);
	assert_int_equal(device->capture_us, cpu->capture_us);
	uint8_t *a = rig_i420(rig->vaapi, device), *b = rig_i420(rig->soft, cpu);
	assert_memory_equal(a, b, (size_t)cpu->width * cpu->height * 3 / 2);
	free(a);
	free(b);
}

static unsigned compare_clip(const struct rig *rig, const char *name)
{
	struct clip clip;
	struct tess_decoder *device, *cpu;
	unsigned pictures = 0;
	clip_load(&clip, name);
	assert_int_equal(driver->decoder_open(&device, rig->vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&cpu, rig->soft, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < clip.count; i++) {
		struct tess_surface *a, *b;
		assert_int_equal(clip_decode(&clip, i, rig->vaapi, device, &a), 0);
		assert_int_equal(clip_decode(&clip, i, rig->soft, cpu, &b), 0);
		assert_int_equal(!a, !b);
		if (a) {
			assert_same(rig, a, b);
			pictures++;
		}
		tess_surface_unref(a);
		tess_surface_unref(b);
	}
	driver->decoder_close(device);
	tess_engine_soft.decoder_close(cpu);
	clip_free(&clip);
	return pictures;
}

static void test_clips(void **state)
{
	(void)state;
	struct rig rig;
	uint64_t pictures = 0;
	rig_open(&rig, NULL);
	for (size_t i = 0; i < CLIPS; i++) {
		unsigned count = compare_clip(&rig, clips[i]);
		/* of 45, all but those still waiting for their turn at the end */
		if (count < 40)
			fail_msg("%s: only %u pictures", clips[i], count);
		pictures += count;
	}
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_true(stats.decoded >= pictures);
	assert_int_equal(stats.fallback_decoded, 0);
	assert_int_equal(stats.downloads, pictures);
	assert_int_equal(stats.faults, 0);
	assert_int_equal(rig.faults, 0);
	rig_close(&rig);
}

static int decode_unit(const struct tess_engine *engine, struct tess_decoder *decoder,
		       const struct h264_unit *unit, struct tess_surface **surfacep)
{
	return engine->driver->decoder_decode(decoder, unit->data, unit->length, 1000 * unit->pts,
					      surfacep);
}

/* decode a stream by the device's engine and by the CPU's; the pictures are the same */
static void compare_stream(const struct rig *rig, enum tess_codec codec,
			   const struct h264_stream *stream)
{
	struct tess_decoder *device, *cpu;
	unsigned pictures = 0;
	assert_int_equal(driver->decoder_open(&device, rig->vaapi, codec), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&cpu, rig->soft, codec), 0);
	for (unsigned i = 0; i < stream->count; i++) {
		struct tess_surface *a, *b;
		assert_int_equal(decode_unit(rig->vaapi, device, &stream->units[i], &a), 0);
		assert_int_equal(decode_unit(rig->soft, cpu, &stream->units[i], &b), 0);
		assert_int_equal(!a, !b);
		if (a) {
			assert_same(rig, a, b);
			pictures++;
		}
		tess_surface_unref(a);
		tess_surface_unref(b);
	}
	assert_int_equal(pictures, stream->count);
	driver->decoder_close(device);
	tess_engine_soft.decoder_close(cpu);
}

#define PICTURES 12

/* codecs and formats that the device does not know */
static void test_fallback(void **state)
{
	(void)state;
	static const struct {
		enum tess_codec codec;
		const char *encoder;
		int format;
		const char *options;
	} streams[] = {
		{TESS_CODEC_VP8, "libvpx", AV_PIX_FMT_YUV420P, "deadline=realtime:cpu-used=8"},
		{TESS_CODEC_VP9, "libvpx-vp9", AV_PIX_FMT_YUV420P, "deadline=realtime:cpu-used=8"},
		{TESS_CODEC_H265, "libx265", AV_PIX_FMT_YUV420P,
		 "preset=ultrafast:tune=zerolatency:x265-params=log-level=none"},
		{TESS_CODEC_H264, "libx264", AV_PIX_FMT_YUV422P, "tune=zerolatency"},
		{TESS_CODEC_H264, "libx264", AV_PIX_FMT_YUV420P10, "tune=zerolatency"},
	};
	struct rig rig;
	rig_open(&rig, NULL);
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct h264_stream stream;
		video_encode(&stream, streams[i].encoder, streams[i].format, 322, 178, PICTURES,
			     streams[i].options);
		compare_stream(&rig, streams[i].codec, &stream);
		struct tess_engine_stats stats = rig_stats(&rig);
		assert_int_equal(stats.fallback_decoded, (i + 1) * PICTURES);
		assert_int_equal(stats.decoded, stats.fallback_decoded);
		assert_int_equal(stats.uploads, stats.fallback_decoded);
		assert_int_equal(stats.faults, 0);
		h264_free(&stream);
	}
	assert_int_equal(rig_device(&rig).decoded, 0);
	struct tess_decoder *decoder;
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_OPUS), -ENOTSUP);
	rig_close(&rig);
}

static void test_vp9_on_the_device(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream stream;
	rig_open(&rig, "vp9=yes\n");
	video_encode(&stream, "libvpx-vp9", AV_PIX_FMT_YUV420P, 320, 180, PICTURES,
		     "deadline=realtime:cpu-used=8");
	compare_stream(&rig, TESS_CODEC_VP9, &stream);
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	assert_int_equal(rig_device(&rig).decoded, PICTURES);
	h264_free(&stream);
	rig_close(&rig);
}

/* another size in the same stream, and then a format for the CPU */
static void test_changes_in_a_stream(void **state)
{
	(void)state;
	static const struct {
		int format, width, height;
	} parts[] = {{AV_PIX_FMT_YUV420P, 320, 180},
		     {AV_PIX_FMT_YUV420P, 160, 90},
		     {AV_PIX_FMT_YUVJ420P, 640, 360},
		     {AV_PIX_FMT_YUV422P, 320, 180}};
	struct rig rig;
	struct tess_decoder *device, *cpu;
	rig_open(&rig, NULL);
	assert_int_equal(driver->decoder_open(&device, rig.vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&cpu, rig.soft, TESS_CODEC_H264), 0);
	for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
		struct h264_stream stream;
		h264_encode(&stream, parts[part].format, parts[part].width, parts[part].height, 5,
			    "tune=zerolatency");
		for (unsigned i = 0; i < stream.count; i++) {
			struct tess_surface *a, *b;
			assert_int_equal(decode_unit(rig.vaapi, device, &stream.units[i], &a), 0);
			assert_int_equal(decode_unit(rig.soft, cpu, &stream.units[i], &b), 0);
			assert_true(a && b);
			assert_same(&rig, a, b);
			tess_surface_unref(a);
			tess_surface_unref(b);
		}
		h264_free(&stream);
	}
	assert_int_equal(rig_stats(&rig).fallback_decoded, 5);
	driver->decoder_close(device);
	tess_engine_soft.decoder_close(cpu);
	rig_close(&rig);
}

/* the first picture of a stream on a canvas, by the device and by the CPU, is the same */
static void compare_canvas(const struct rig *rig, const struct h264_stream *stream, int width,
			   int height)
{
	uint8_t *canvases[2];
	struct tess_engine *const engines[] = {rig->vaapi, rig->soft};
	for (int i = 0; i < 2; i++) {
		const struct tess_engine_driver *each = engines[i]->driver;
		struct tess_decoder *decoder;
		struct tess_compositor *compositor;
		struct tess_surface *picture, *canvas;
		assert_int_equal(each->decoder_open(&decoder, engines[i], TESS_CODEC_H264), 0);
		assert_int_equal(each->compositor_open(&compositor, engines[i], (uint16_t)width,
						       (uint16_t)height),
				 0);
		assert_int_equal(decode_unit(engines[i], decoder, &stream->units[0], &picture), 0);
		assert_int_equal(picture->width, width);
		assert_int_equal(picture->height, height);
		const struct tess_tile tile = {.rect = {0, 0, width, height},
					       .render = TESS_RENDER_CROP,
					       .surface = picture};
		const struct tess_scene scene = {.tiles = &tile, .count = 1};
		assert_int_equal(each->compositor_draw(compositor, &scene, &canvas), 0);
		canvases[i] = rig_i420(engines[i], canvas);
		tess_surface_unref(canvas);
		tess_surface_unref(picture);
		each->compositor_close(compositor);
		each->decoder_close(decoder);
	}
	assert_memory_equal(canvases[0], canvases[1], (size_t)width * height * 3 / 2);
	free(canvases[0]);
	free(canvases[1]);
}

/* a full-range picture becomes limited range on a canvas */
static void test_full_range(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream stream;
	rig_open(&rig, NULL);
	h264_encode(&stream, AV_PIX_FMT_YUVJ420P, 320, 180, 1, "tune=zerolatency:crf=1");
	compare_canvas(&rig, &stream, 320, 180);
	h264_free(&stream);
	rig_close(&rig);
}

/* what is visible need not begin in the corner */
static void test_crop_on_all_sides(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream stream;
	rig_open(&rig, NULL);
	h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 192, 3,
		    "tune=zerolatency:x264-params=crop-rect=18,6,10,4");
	compare_stream(&rig, TESS_CODEC_H264, &stream);
	compare_canvas(&rig, &stream, 320 - 28, 192 - 10);
	/* an encoder would read from the corner */
	struct tess_decoder *decoder;
	struct tess_encoder *encoder;
	struct tess_surface *picture;
	struct tess_encoded encoded;
	const struct tess_encoder_config config = {320 - 28, 192 - 10, 30, 60, 1000000, 0};
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(driver->encoder_open(&encoder, rig.vaapi, &config), 0);
	assert_int_equal(decode_unit(rig.vaapi, decoder, &stream.units[0], &picture), 0);
	assert_int_equal(driver->encoder_encode(encoder, picture, 0, false, &encoded), -EINVAL);
	tess_surface_unref(picture);
	driver->encoder_close(encoder);
	driver->decoder_close(decoder);
	h264_free(&stream);
	rig_close(&rig);
}

static void test_begins_with_a_key_frame(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip; /* a key frame each 15 */
	struct tess_decoder *decoder;
	struct tess_surface *surface;
	clip_load(&clip, "baseline");
	rig_open(&rig, NULL);
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_H264), 0);
	for (unsigned i = 10; i < 20; i++) {
		int err = clip_decode(&clip, i, rig.vaapi, decoder, &surface);
		assert_int_equal(err, i < 15 ? -EBADMSG : 0);
		assert_int_equal(!surface, i < 15);
		tess_surface_unref(surface);
	}
	assert_int_equal(rig_device(&rig).decoded, 5);
	assert_int_equal(rig_stats(&rig).damaged, 5);
	assert_int_equal(driver->decoder_decode(decoder, clip.data, 0, 0, &surface), -EBADMSG);
	driver->decoder_close(decoder);
	rig_close(&rig);
	clip_free(&clip);
}

/* who keeps every picture gets no more of them, until he lets go */
static void test_pictures_held(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct tess_decoder *decoder;
	struct tess_surface *surface, *held[45];
	unsigned count = 0;
	int err = 0;
	clip_load(&clip, "realtime"); /* a key frame each 30, one reference */
	rig_open(&rig, NULL);
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < clip.count && !err; i++) {
		err = clip_decode(&clip, i, rig.vaapi, decoder, &surface);
		if (surface)
			held[count++] = surface;
	}
	assert_int_equal(err, -ENOTSUP);
	assert_true(count >= TESS_ENGINE_VAAPI_HELD);
	assert_int_equal(rig_stats(&rig).refused, 1);
	while (count)
		tess_surface_unref(held[--count]);
	assert_int_equal(clip_decode(&clip, 1, rig.vaapi, decoder, &surface), -EBADMSG);
	assert_int_equal(clip_decode(&clip, 0, rig.vaapi, decoder, &surface), 0);
	assert_non_null(surface);
	tess_surface_unref(surface);
	assert_int_equal(rig_stats(&rig).faults, 0);
	driver->decoder_close(decoder);
	rig_close(&rig);
	clip_free(&clip);
}

static void test_size_limit(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct tess_decoder *decoder;
	struct tess_surface *surface;
	clip_load(&clip, "baseline"); /* 320x180 */
	rig_open(&rig, "max_width=256\nmax_height=256\n");
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(clip_decode(&clip, 15 * i, rig.vaapi, decoder, &surface),
				 -ENOTSUP);
	assert_int_equal(rig_stats(&rig).refused, 3);
	driver->decoder_close(decoder);
	rig_close(&rig);
	clip_free(&clip);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* change bytes, but no header: those are for libavcodec, and its tests */
static void damage(struct clip *clip, unsigned *seed)
{
	enum { HEADERS = 64, CHANGES = 40 };
	for (unsigned i = 0; i < CHANGES; i++) {
		size_t at = next_random(seed) % clip->offsets[clip->count];
		uint8_t changed = clip->data[at] ^ (uint8_t)(1u << next_random(seed) % 8);
		bool inside = at >= HEADERS && changed > 3;
		for (size_t k = 0; inside && k < HEADERS; k++)
			inside = clip->data[at - k] || clip->data[at - k - 1];
		if (inside)
			clip->data[at] = changed;
	}
}

/* slices damaged and access units lost: no crash, no hang, and a key frame puts all right */
static void suffer(const struct rig *rig, struct clip *clip, unsigned *seed)
{
	size_t bytes = clip->offsets[clip->count];
	struct tess_decoder *decoder;
	struct tess_surface *surface;
	uint8_t *whole = malloc(bytes);
	assert_non_null(whole);
	memcpy(whole, clip->data, bytes);
	assert_int_equal(driver->decoder_open(&decoder, rig->vaapi, TESS_CODEC_H264), 0);
	for (unsigned round = 0; round < 8; round++) {
		damage(clip, seed);
		for (unsigned i = 0; i < clip->count; i++) {
			if (next_random(seed) % 16 == 0)
				continue; /* lost */
			int err = clip_decode(clip, i, rig->vaapi, decoder, &surface);
			assert_true(!err || err == -EBADMSG || err == -ENOTSUP);
			assert_true(!err || !surface);
			tess_surface_unref(surface);
		}
		memcpy(clip->data, whole, bytes);
	}
	unsigned pictures = 0;
	for (unsigned i = 0; i < clip->count; i++) {
		assert_int_equal(clip_decode(clip, i, rig->vaapi, decoder, &surface), 0);
		pictures += surface != NULL;
		tess_surface_unref(surface);
	}
	assert_true(pictures >= 40);
	driver->decoder_close(decoder);
	free(whole);
}

static void test_damaged_streams(void **state)
{
	(void)state;
	static const char *const damaged[] = {"baseline", "slices", "realtime", "interlaced"};
	unsigned seed = 3;
	struct rig rig;
	rig_open(&rig, "damaged=yes\n");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct clip clip;
		clip_load(&clip, damaged[i]);
		suffer(&rig, &clip, &seed);
		clip_free(&clip);
	}
	assert_true(rig_device(&rig).damaged > 20);
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	rig_close(&rig);
}

static void test_info(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_engine_info info;
	rig_open(&rig, "vendor=Emulated GPU 9000\nvp9=yes\nmax_width=2000\n");
	driver->info(rig.vaapi, &info);
	assert_string_equal(info.device, rig.device);
	assert_string_equal(info.vendor, "Emulated GPU 9000");
	assert_int_equal(info.device_codecs, 1u << TESS_CODEC_H264 | 1u << TESS_CODEC_VP9);
	assert_int_equal(info.max_side, 2000);
	assert_int_equal(info.encoders, 0);
	assert_false(info.shared_units);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clips),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_vp9_on_the_device),
		cmocka_unit_test(test_changes_in_a_stream),
		cmocka_unit_test(test_full_range),
		cmocka_unit_test(test_crop_on_all_sides),
		cmocka_unit_test(test_begins_with_a_key_frame),
		cmocka_unit_test(test_pictures_held),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_damaged_streams),
		cmocka_unit_test(test_info),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
