/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/mix.c - decode, compose and encode stay on the device, and make
 * nothing on it once they run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/drivers/engine_vaapi/mixer.h"

#include <cmocka.h>

#define WARM_UP 40
#define TICKS	60

static void run(struct mixer *mixer, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		mixer_run(mixer);
		assert_true(mixer_good(mixer));
	}
}

static void mix_steadily(const char *personality, unsigned passes)
{
	struct rig rig;
	struct clip clip;
	struct mixer mixer;
	clip_load(&clip, "realtime");
	rig_open(&rig, personality);
	mixer_open(&mixer, &rig, &clip, MIXER_STREAMS, 1280, 720);
	run(&mixer, WARM_UP);

	struct emu_va_stats before = rig_device(&rig);
	struct tess_engine_stats engine_before = rig_stats(&rig);
	rig_mark(&rig);
	run(&mixer, TICKS);
	struct emu_va_stats after = rig_device(&rig);
	struct tess_engine_stats engine_after = rig_stats(&rig);

	assert_int_equal(after.decoded - before.decoded, TICKS * MIXER_STREAMS);
	assert_int_equal(after.passes - before.passes, TICKS * passes);
	assert_int_equal(after.layers - before.layers, TICKS * MIXER_STREAMS);
	assert_int_equal(after.encoded - before.encoded, TICKS);
	assert_int_equal(after.downloads - before.downloads, 0);
	assert_int_equal(after.uploads - before.uploads, 0);
	assert_int_equal(after.made.surfaces, 0);
	assert_int_equal(after.made.contexts, 0);
	assert_int_equal(after.made.configs, 0);
	assert_int_equal(after.made.images, 0);
	assert_int_equal(after.made.coded_buffers, 0);
	assert_int_equal(engine_after.allocations, engine_before.allocations);
	assert_int_equal(engine_after.uploads, 0);
	assert_int_equal(engine_after.downloads, 0);
	assert_int_equal(engine_after.fallback_decoded, 0);
	assert_int_equal(engine_after.faults, 0);
	assert_int_equal(engine_after.composed, WARM_UP + TICKS);
	assert_int_equal(engine_after.encoded, WARM_UP + TICKS);
	/* parameters do not pile up either */
	assert_int_equal(after.live.buffers, before.live.buffers);

	mixer_close(&mixer);
	rig_close(&rig);
	clip_free(&clip);
}

static void test_sixteen_streams(void **state)
{
	(void)state;
	mix_steadily("max_layers=16\n", 1);
}

static void test_two_passes(void **state)
{
	(void)state;
	mix_steadily("max_layers=8\n", 2);
}

/* the device is left as it was found, though surfaces outlive what made them */
static void test_all_is_given_back(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct mixer mixer;
	clip_load(&clip, "baseline");
	rig_open(&rig, NULL);
	struct emu_va_objects idle = rig_device(&rig).live;
	mixer_open(&mixer, &rig, &clip, 4, 640, 360);
	run(&mixer, 5);
	struct tess_surface *kept = tess_surface_ref(mixer.held[0][0]);
	mixer_close(&mixer);
	uint8_t *i420 = rig_i420(rig.vaapi, kept);
	free(i420);
	tess_surface_unref(kept);
	struct emu_va_objects left = rig_device(&rig).live;
	assert_int_equal(left.surfaces, idle.surfaces);
	assert_int_equal(left.contexts, idle.contexts);
	assert_int_equal(left.configs, idle.configs);
	assert_int_equal(left.images, idle.images);
	assert_int_equal(left.buffers, idle.buffers);
	assert_int_equal(left.coded_buffers, idle.coded_buffers);
	rig_close(&rig);
	clip_free(&clip);
}

#define THREADS 4

/* a stream that is decoded on a thread of its own */
struct feeder {
	pthread_t thread;
	pthread_mutex_t lock; /* of newest */
	struct tess_surface *newest;
	const struct rig *rig;
	const struct clip *clip;
	unsigned pictures, errors;
	bool done;
};

static void *feed(void *arg)
{
	struct feeder *feeder = arg;
	struct tess_decoder *decoder;
	if (tess_engine_vaapi.decoder_open(&decoder, feeder->rig->vaapi, TESS_CODEC_H264) != 0) {
		feeder->errors++;
		return NULL;
	}
	for (unsigned i = 0; i < 2 * feeder->clip->count; i++) {
		struct tess_surface *surface;
		if (clip_decode(feeder->clip, i % feeder->clip->count, feeder->rig->vaapi, decoder,
				&surface) != 0)
			feeder->errors++;
		if (!surface)
			continue;
		feeder->pictures++;
		pthread_mutex_lock(&feeder->lock);
		struct tess_surface *old = feeder->newest;
		feeder->newest = surface;
		pthread_mutex_unlock(&feeder->lock);
		tess_surface_unref(old);
	}
	tess_engine_vaapi.decoder_close(decoder);
	pthread_mutex_lock(&feeder->lock);
	feeder->done = true;
	pthread_mutex_unlock(&feeder->lock);
	return NULL;
}

/* @return whether a stream still runs */
static bool take_newest(struct feeder *feeders, struct tess_tile *tiles)
{
	bool running = false;
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_mutex_lock(&feeders[i].lock);
		running |= !feeders[i].done;
		tiles[i] = (struct tess_tile){
			.rect = {(int)(i % 2) * 320, (int)(i / 2) * 180, 320, 180},
			.render = TESS_RENDER_CROP,
			.surface = feeders[i].newest ? tess_surface_ref(feeders[i].newest) : NULL,
		};
		pthread_mutex_unlock(&feeders[i].lock);
	}
	return running;
}

/* one engine, many threads; the device is as late as it may be */
static void test_threads(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct feeder feeders[THREADS];
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	struct tess_tile tiles[THREADS];
	struct tess_surface *canvas;
	struct tess_encoded encoded;
	const struct tess_encoder_config config = {640, 360, 30, 60, 1000000, 0};
	int64_t pts_us = 0;
	clip_load(&clip, "baseline");
	rig_open(&rig, "late=yes\n");
	assert_int_equal(tess_engine_vaapi.compositor_open(&compositor, rig.vaapi, 640, 360), 0);
	assert_int_equal(tess_engine_vaapi.encoder_open(&encoder, rig.vaapi, &config), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		feeders[i] = (struct feeder){
			.lock = PTHREAD_MUTEX_INITIALIZER, .rig = &rig, .clip = &clip};
		assert_int_equal(pthread_create(&feeders[i].thread, NULL, feed, &feeders[i]), 0);
	}
	bool running;
	do {
		running = take_newest(feeders, tiles);
		const struct tess_scene scene = {.tiles = tiles, .count = THREADS};
		assert_int_equal(tess_engine_vaapi.compositor_draw(compositor, &scene, &canvas), 0);
		assert_int_equal(tess_engine_vaapi.encoder_encode(encoder, canvas, pts_us++, false,
								  &encoded),
				 0);
		assert_true(encoded.length > 0);
		tess_surface_unref(canvas);
		for (unsigned i = 0; i < THREADS; i++)
			tess_surface_unref(tiles[i].surface);
	} while (running);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(feeders[i].thread, NULL);
		assert_int_equal(feeders[i].errors, 0);
		assert_int_equal(feeders[i].pictures, 2 * clip.count);
		tess_surface_unref(feeders[i].newest);
	}
	assert_int_equal(rig_stats(&rig).decoded, 2 * THREADS * clip.count);
	assert_int_equal(rig_stats(&rig).faults, 0);
	tess_engine_vaapi.compositor_close(compositor);
	tess_engine_vaapi.encoder_close(encoder);
	rig_close(&rig);
	clip_free(&clip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sixteen_streams),
		cmocka_unit_test(test_two_passes),
		cmocka_unit_test(test_all_is_given_back),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
