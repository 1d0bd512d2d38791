/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/mix.c - what a mix does with the engine: decode streams, draw them
 * in a grid, encode the canvas; in steady running, with failing calls, and on a device that is
 * lost.
 */
#include "tests/unit/drivers/engine_nv/rig.h"
#include "tests/unit/drivers/engine_soft/h264.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_STREAMS 16
/* pictures that a tile keeps: a queue of 8, and the one shown */
#define HELD 9

static const struct tess_engine_driver *nv = &tess_engine_nv;

struct mixer {
	struct rig *rig;
	const struct h264_stream *source; /* what all of them send, over and over */
	unsigned streams, tick;
	int width, height;
	struct tess_decoder *decoders[MAX_STREAMS];
	struct tess_surface *held[MAX_STREAMS][HELD];
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	/* of the last tick */
	unsigned pictures; /* decoded */
	int decode_error;  /* of the last stream that had one */
	int draw_error, encode_error;
	size_t bytes;
};

/* @retval 0, or what could not be opened said; close it in any case */
static int mixer_open(struct mixer *mixer, struct rig *rig, const struct h264_stream *source,
		      unsigned streams, int width, int height)
{
	*mixer = (struct mixer){
		.rig = rig,
		.source = source,
		.streams = streams,
		.width = width,
		.height = height,
	};
	const struct tess_encoder_config config = {
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.frame_rate = 30,
		.gop_frames = 60,
		.bitrate_bps = 2000000,
	};
	int err = 0;
	for (unsigned i = 0; i < streams && !err; i++)
		err = nv->decoder_open(&mixer->decoders[i], rig->nv, TESS_CODEC_H264);
	if (!err)
		err = nv->compositor_open(&mixer->compositor, rig->nv, config.width, config.height);
	if (!err)
		err = nv->encoder_open(&mixer->encoder, rig->nv, &config);
	return err;
}

static void mixer_close(struct mixer *mixer)
{
	for (unsigned i = 0; i < mixer->streams; i++) {
		for (unsigned k = 0; k < HELD; k++)
			tess_surface_unref(mixer->held[i][k]);
		nv->decoder_close(mixer->decoders[i]);
	}
	nv->compositor_close(mixer->compositor);
	nv->encoder_close(mixer->encoder);
}

static void decode(struct mixer *mixer, unsigned stream)
{
	const struct h264_unit *unit = &mixer->source->units[mixer->tick % mixer->source->count];
	struct tess_surface *surface, **held = mixer->held[stream];
	int err = nv->decoder_decode(mixer->decoders[stream], unit->data, unit->length,
				     mixer->tick * 33333LL, &surface);
	if (err)
		mixer->decode_error = err;
	if (!surface)
		return;
	assert_int_equal(err, 0);
	mixer->pictures++;
	tess_surface_unref(held[HELD - 1]);
	memmove(held + 1, held, (HELD - 1) * sizeof(held[0]));
	held[0] = surface;
}

static struct tess_surface *draw(struct mixer *mixer)
{
	struct tess_tile tiles[MAX_STREAMS];
	struct tess_surface *canvas = NULL;
	int across = 1;
	while (across * across < (int)mixer->streams)
		across++;
	int width = mixer->width / across & ~1, height = mixer->height / across & ~1;
	for (int i = 0; i < (int)mixer->streams; i++)
		tiles[i] = (struct tess_tile){
			.rect = {i % across * width, i / across * height, width, height},
			.render = TESS_RENDER_CROP,
			.surface = mixer->held[i][0],
		};
	const struct tess_scene scene = {
		.background = 0x202020, .tiles = tiles, .count = mixer->streams};
	mixer->draw_error = nv->compositor_draw(mixer->compositor, &scene, &canvas);
	return mixer->draw_error ? NULL : canvas;
}

/* one picture; what fails is noted */
static void mixer_run(struct mixer *mixer)
{
	struct tess_encoded encoded = {0};
	mixer->pictures = 0;
	mixer->decode_error = mixer->encode_error = 0;
	for (unsigned i = 0; i < mixer->streams; i++)
		decode(mixer, i);
	struct tess_surface *canvas = draw(mixer);
	if (canvas)
		mixer->encode_error = nv->encoder_encode(mixer->encoder, canvas,
							 mixer->tick * 33333LL, false, &encoded);
	tess_surface_unref(canvas);
	mixer->bytes = encoded.length;
	mixer->tick++;
}

static bool mixer_good(const struct mixer *mixer)
{
	return mixer->pictures == mixer->streams && !mixer->decode_error && !mixer->draw_error &&
	       !mixer->encode_error && mixer->bytes > 0;
}

static void make_source(struct h264_stream *source, int width, int height)
{
	h264_encode(source, AV_PIX_FMT_YUV420P, width, height, 20, "bf=0:g=5:sc_threshold=0");
}

/* sixteen streams: nothing crosses between host and device, nothing is allocated */
static void steady(void **state)
{
	(void)state;
	struct rig rig;
	struct mixer mixer;
	struct h264_stream source;
	rig_open(&rig);
	make_source(&source, 320, 180);
	assert_int_equal(mixer_open(&mixer, &rig, &source, 16, 640, 360), 0);
	for (int i = 0; i < 15; i++)
		mixer_run(&mixer);
	struct tess_engine_stats before = rig_stats(&rig), after;
	rig_mark();
	for (int i = 0; i < 60; i++) {
		mixer_run(&mixer);
		assert_true(mixer_good(&mixer));
	}
	struct emu_nv_stats device = rig_device(&rig);
	after = rig_stats(&rig);
	assert_int_equal(device.decoded, 60 * 16);
	assert_int_equal(device.encoded, 60);
	assert_true(device.kernels >= 60 * 16 && device.kernels <= 60 * 17);
	assert_int_equal(device.uploads, 0);
	assert_int_equal(device.downloads, 0);
	assert_int_equal(device.copies, 0);
	assert_int_equal(device.allocated, 0);
	assert_int_equal(device.refused, 0);
	assert_int_equal(after.decoded - before.decoded, 60 * 16);
	assert_int_equal(after.composed - before.composed, 60);
	assert_int_equal(after.encoded - before.encoded, 60);
	assert_int_equal(after.allocations, before.allocations);
	assert_int_equal(after.uploads, 0);
	assert_int_equal(after.downloads, 0);
	assert_int_equal(after.fallback_decoded, 0);
	assert_int_equal(after.faults, 0);
	mixer_close(&mixer);
	h264_free(&source);
	rig_close(&rig);
}

struct worker {
	pthread_t thread;
	struct mixer mixer;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	for (int i = 0; i < 40; i++) {
		mixer_run(&worker->mixer);
		if (!mixer_good(&worker->mixer))
			return arg;
	}
	return NULL;
}

/* an engine is used from any thread */
static void three_mixes_on_three_threads(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream source;
	struct worker workers[3];
	rig_open(&rig);
	make_source(&source, 160, 96);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mixer_open(&workers[i].mixer, &rig, &source, 3, 192, 96 + 16 * i),
				 0);
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		void *failed;
		assert_int_equal(pthread_join(workers[i].thread, &failed), 0);
		assert_null(failed);
		mixer_close(&workers[i].mixer);
	}
	assert_int_equal(rig_stats(&rig).faults, 0);
	h264_free(&source);
	rig_close(&rig);
}

/* the calls of the loop, and how often each is made in a round of five pictures at least */
static const struct {
	const char *call;
	unsigned often;
	bool told; /* libavcodec tells, or we do */
} calls[] = {
	{"cuvidDecodePicture", 10, true},     {"cuvidMapVideoFrame", 10, true},
	{"cuvidUnmapVideoFrame", 10, true},   {"cuLaunchKernel", 10, true},
	{"nvEncMapInputResource", 5, true},   {"nvEncEncodePicture", 5, true},
	{"nvEncLockBitstream", 5, true},      {"nvEncUnlockBitstream", 5, true},
	{"nvEncUnmapInputResource", 5, true},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* a random call of the loop fails: it is told, and five pictures later, at a key frame of the
 * streams, all goes on */
static void one_fault(struct mixer *mixer, unsigned which, unsigned n)
{
	struct rig *rig = mixer->rig;
	char personality[96];
	rig_forget(rig);
	rig_mark();
	/* the codes of CUDA are 999: unknown, of NVENC 20: generic */
	snprintf(personality, sizeof(personality), "0.fail=%s:%u:%d", calls[which].call, n,
		 calls[which].call[0] == 'c' ? 999 : 20);
	rig_set(personality);
	for (int i = 0; i < 20 && rig_device(rig).failed == 0; i++)
		mixer_run(mixer);
	assert_int_equal(rig_device(rig).failed, 1);
	assert_int_equal(rig->faults, 1);
	assert_string_equal(rig->call, calls[which].call);
	assert_true(strlen(rig->error) > 0);
	for (int i = 0; i < 6; i++)
		mixer_run(mixer);
	assert_true(mixer_good(mixer));
	assert_int_equal(rig->faults, 1);
}

static void two_hundred_faults(void **state)
{
	(void)state;
	struct rig rig;
	struct mixer mixer;
	struct h264_stream source;
	rig_open(&rig);
	make_source(&source, 160, 96);
	assert_int_equal(mixer_open(&mixer, &rig, &source, 2, 192, 96), 0);
	for (int i = 0; i < 15; i++)
		mixer_run(&mixer);
	srand(8);
	for (unsigned i = 0; i < 200; i++)
		one_fault(&mixer, i % CALLS, 1 + (unsigned)rand() % calls[i % CALLS].often);
	assert_int_equal(rig_stats(&rig).faults, 200);
	mixer_close(&mixer);
	h264_free(&source);
	rig_close(&rig);
}

/* open all, run a little, close all. @return whether a fault is still to come */
static bool round_of_all(const struct h264_stream *source)
{
	struct rig rig = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct mixer mixer;
	uint64_t failed = rig_device(&rig).failed;
	int err = nv->open(&rig.nv, &(struct tess_engine_config){0});
	if (!err) {
		err = mixer_open(&mixer, &rig, source, 2, 192, 96);
		for (int i = 0; i < 6 && !err; i++)
			mixer_run(&mixer);
		if (!err && failed)
			assert_true(mixer_good(&mixer));
		mixer_close(&mixer);
		nv->close(rig.nv);
	}
	struct emu_nv_stats device = rig_device(&rig);
	assert_int_equal(device.contexts, 0);
	assert_int_equal(device.allocations, 0);
	assert_true(!err || device.failed > failed);
	return device.failed == 0;
}

/* what fails while all is opened: an error, and then it can be opened */
static void faults_while_opening(void **state)
{
	(void)state;
	static const char *const opening[] = {
		"cuCtxCreate",
		"cuDeviceGet",
		"cuModuleLoadData",
		"cuModuleGetFunction",
		"cuMemAlloc",
		"cuvidCreateDecoder",
		"cuvidGetDecoderCaps",
		"nvEncOpenEncodeSessionEx",
		"nvEncInitializeEncoder",
		"nvEncCreateBitstreamBuffer",
		"nvEncRegisterResource",
		"nvEncGetEncodeCaps",
		"nvEncGetEncodePresetConfigEx",
	};
	struct h264_stream source;
	make_source(&source, 160, 96);
	for (size_t c = 0; c < sizeof(opening) / sizeof(opening[0]); c++)
		for (unsigned n = 1; n <= 3; n++) {
			char personality[96];
			snprintf(personality, sizeof(personality), "0.fail=%s:%u:%d", opening[c], n,
				 opening[c][0] == 'c' ? 999 : 20);
			rig_mark();
			rig_set(personality);
			unsigned rounds = 0;
			while (round_of_all(&source))
				assert_true(++rounds < 4);
			assert_false(round_of_all(&source));
		}
	h264_free(&source);
}

/* the device is gone after n more calls: all say so, and can be closed */
static void lost(struct rig *rig, const struct h264_stream *source, unsigned n)
{
	struct mixer mixer;
	char personality[32];
	struct tess_surface *surface;
	struct tess_image image = {.width = 2, .height = 2, .rgba = (uint8_t[16]){0}, .stride = 8};
	assert_int_equal(mixer_open(&mixer, rig, source, 2, 192, 96), 0);
	for (int i = 0; i < 15; i++)
		mixer_run(&mixer);
	assert_true(mixer_good(&mixer));
	struct tess_surface *canvas = draw(&mixer);
	snprintf(personality, sizeof(personality), "%d.lost_after=%u", rig->ordinal, n);
	rig_set(personality);
	for (int i = 0; i < 12; i++)
		mixer_run(&mixer);
	assert_true(rig->faults > 0);
	assert_int_equal(mixer.decode_error, -ENODEV);
	assert_int_equal(mixer.draw_error, -ENODEV);
	struct tess_encoded encoded;
	uint8_t i420[160 * 96 * 3 / 2];
	assert_int_equal(mixer.held[0][0]->width, 160);
	assert_int_equal(nv->download(rig->nv, mixer.held[0][0], i420), -ENODEV);
	assert_int_equal(nv->upload(rig->nv, &image, &surface), -ENODEV);
	assert_int_equal(nv->encoder_encode(mixer.encoder, canvas, 1LL << 40, false, &encoded),
			 -ENODEV);
	tess_surface_unref(canvas);
	struct tess_decoder *decoder;
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	struct tess_encoder_config config = {192, 96, 30, 60, 1000000, 0};
	assert_int_equal(nv->decoder_open(&decoder, rig->nv, TESS_CODEC_H264), -ENODEV);
	assert_int_equal(nv->compositor_open(&compositor, rig->nv, 192, 96), -ENODEV);
	assert_int_equal(nv->encoder_open(&encoder, rig->nv, &config), -ENODEV);
	mixer_close(&mixer);
}

static void lost_devices(void **state)
{
	(void)state;
	struct h264_stream source;
	make_source(&source, 160, 96);
	for (int device = 1; device < 8; device++) {
		struct rig rig;
		rig_open_on(&rig, device);
		lost(&rig, &source, (unsigned)(device - 1) * 3);
		rig_close(&rig);
	}
	/* the others work on */
	struct rig rig;
	struct mixer mixer;
	rig_open(&rig);
	assert_int_equal(mixer_open(&mixer, &rig, &source, 2, 192, 96), 0);
	mixer_run(&mixer);
	assert_true(mixer_good(&mixer));
	mixer_close(&mixer);
	h264_free(&source);
	rig_close(&rig);
}

static void devices(void **state)
{
	(void)state;
	char names[16][TESS_ENGINE_DEVICE_MAX];
	struct tess_engine *engine;
	struct tess_engine_info info;
	assert_int_equal(nv->devices(names, 16), 8);
	assert_string_equal(names[0], "0");
	assert_string_equal(names[7], "7");
	assert_int_equal(nv->devices(names, 3), 3);
	assert_int_equal(nv->devices(names, 0), 0);
	static const char *const strange[] = {"8", "-1", "", "00", "cpu", "/dev/dri/renderD128"};
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		assert_int_equal(
			nv->open(&engine, &(struct tess_engine_config){.device = strange[i]}),
			-ENODEV);
	assert_int_equal(nv->open(&engine, &(struct tess_engine_config){.device = "3"}), 0);
	nv->info(engine, &info);
	assert_string_equal(info.device, "3");
	assert_non_null(strstr(info.vendor, "Emulated NVIDIA device"));
	assert_int_equal(info.device_codecs, 1u << TESS_CODEC_H264);
	assert_int_equal(info.max_side, 4096);
	assert_int_equal(info.encoders, 0);
	assert_false(info.shared_units);
	nv->close(engine);
	nv->close(NULL);
	rig_set("devices=0"); /* cuInit says that there is none */
	assert_int_equal(nv->devices(names, 16), 0);
	assert_int_equal(nv->open(&engine, &(struct tess_engine_config){0}), -ENODEV);
	rig_set("devices=8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices),
		cmocka_unit_test(steady),
		cmocka_unit_test(three_mixes_on_three_threads),
		cmocka_unit_test(two_hundred_faults),
		cmocka_unit_test(faults_while_opening),
		cmocka_unit_test(lost_devices),
	};
	rig_set("devices=8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
