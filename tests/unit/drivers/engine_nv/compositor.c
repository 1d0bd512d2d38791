/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/compositor.c - canvases are those of the software engine, sample by
 * sample.
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

#include "tests/support/scenes.h"

static const struct tess_engine_driver *nv = &tess_engine_nv;

static struct tess_compositor *open_compositor(struct tess_engine *engine, int width, int height)
{
	struct tess_compositor *compositor;
	assert_int_equal(engine->driver->compositor_open(&compositor, engine, (uint16_t)width,
							 (uint16_t)height),
			 0);
	return compositor;
}

static struct tess_surface *draw(const struct tess_engine *engine,
				 struct tess_compositor *compositor, const struct tess_scene *scene)
{
	struct tess_surface *canvas;
	assert_int_equal(engine->driver->compositor_draw(compositor, scene, &canvas), 0);
	return canvas;
}

/* one change at a time, against a painter that draws everything each time with libyuv: the same,
 * also where pictures are enlarged */
static void run_scenes(unsigned seed, int width, int height, unsigned max_tiles, int steps)
{
	struct rig rig;
	struct tess_surface *held = NULL;
	size_t bytes = (size_t)width * height * 3 / 2;
	uint8_t *want = malloc(bytes), *kept = malloc(bytes);
	assert_true(want && kept);
	rig_open(&rig);
	struct tess_compositor *compositor = open_compositor(rig.nv, width, height);
	struct tess_scenes *scenes = tess_scenes_new(
		nv, rig.nv,
		&(struct tess_scenes_config){(uint16_t)width, (uint16_t)height, max_tiles, seed});
	for (int step = 0; step < steps; step++) {
		const struct tess_scene *scene = tess_scenes_step(scenes);
		struct tess_surface *canvas = draw(rig.nv, compositor, scene);
		tess_scenes_paint(scenes, want, NULL);
		uint8_t *got = rig_i420(rig.nv, canvas);
		assert_memory_equal(got, want, bytes);
		free(got);
		if (held) { /* a canvas that somebody looks at stays what it was */
			got = rig_i420(rig.nv, held);
			assert_memory_equal(got, kept, bytes);
			free(got);
			tess_surface_unref(held);
			held = NULL;
		}
		if (step % 3 == 0) {
			held = canvas;
			memcpy(kept, want, bytes);
		} else {
			tess_surface_unref(canvas);
		}
	}
	tess_surface_unref(held);
	tess_scenes_free(scenes);
	nv->compositor_close(compositor);
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_int_equal(stats.composed, steps);
	assert_true(stats.tiles_drawn > 0);
	assert_int_equal(stats.faults, 0);
	rig_close(&rig);
	free(want);
	free(kept);
}

static void random_scenes(void **state)
{
	(void)state;
	run_scenes(1, 320, 180, 16, 120);
	run_scenes(2, 320, 180, 16, 120);
	run_scenes(3, 190, 94, 4, 200);
	run_scenes(4, 64, 64, 1, 100);
}

/* decoded pictures, of full range too, cropped and scaled */
static void decoded_pictures(void **state)
{
	(void)state;
	struct rig rig;
	struct h264_stream streams[2];
	struct tess_tile tiles[2][6];
	rig_open(&rig);
	struct tess_engine *engines[2] = {rig.nv, rig.soft};
	h264_encode(&streams[0], AV_PIX_FMT_YUVJ420P, 318, 178, 1, "bf=0");
	h264_encode(&streams[1], AV_PIX_FMT_YUV420P, 640, 360, 1, "bf=0");
	struct tess_surface *pictures[2][2], *canvases[2];
	struct tess_compositor *compositors[2];
	for (int e = 0; e < 2; e++) {
		const struct tess_engine_driver *driver = engines[e]->driver;
		for (int s = 0; s < 2; s++) {
			struct tess_decoder *decoder;
			assert_int_equal(
				driver->decoder_open(&decoder, engines[e], TESS_CODEC_H264), 0);
			assert_int_equal(driver->decoder_decode(decoder, streams[s].units[0].data,
								streams[s].units[0].length, 5,
								&pictures[e][s]),
					 0);
			assert_non_null(pictures[e][s]);
			driver->decoder_close(decoder);
		}
		for (int i = 0; i < 6; i++)
			tiles[e][i] = (struct tess_tile){
				.rect = {i % 3 * 106, i / 3 * 90, 106, 90},
				.render = TESS_RENDER_CROP + (unsigned)(i / 2) % 3,
				.surface = pictures[e][i % 2],
			};
		const struct tess_scene scene = {
			.background = 0x204060, .tiles = tiles[e], .count = 6};
		compositors[e] = open_compositor(engines[e], 320, 180);
		canvases[e] = draw(engines[e], compositors[e], &scene);
	}
	assert_int_equal(canvases[0]->capture_us, 5);
	rig_assert_same(&rig, canvases[0], canvases[1]);
	for (int e = 0; e < 2; e++) {
		tess_surface_unref(canvases[e]);
		tess_surface_unref(pictures[e][0]);
		tess_surface_unref(pictures[e][1]);
		engines[e]->driver->compositor_close(compositors[e]);
		h264_free(&streams[e]);
	}
	assert_int_equal(rig_stats(&rig).uploads, 0);
	rig_close(&rig);
}

/* nothing is launched for a scene that is on the canvas, and the canvas is the same */
static void unchanged_scene(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct tess_compositor *compositor = open_compositor(rig.nv, 320, 180);
	struct tess_tile tile = {
		.rect = {0, 0, 160, 90},
		.render = TESS_RENDER_CROP,
		.surface = rig_still(rig.nv, 64, 36, 1),
	};
	const struct tess_scene scene = {.background = 0x123456, .tiles = &tile, .count = 1};
	struct tess_surface *first = draw(rig.nv, compositor, &scene);
	uint64_t serial = first->serial;
	rig_mark();
	struct tess_surface *again = draw(rig.nv, compositor, &scene);
	assert_ptr_equal(first, again);
	assert_int_equal(again->serial, serial);
	assert_int_equal(rig_device(&rig).kernels, 0);
	assert_int_equal(rig_stats(&rig).composed, 2);
	assert_int_equal(rig_stats(&rig).tiles_kept, 1);
	tess_surface_unref(first);
	tess_surface_unref(again);
	tile.render = TESS_RENDER_FIT_BLACK;
	again = draw(rig.nv, compositor, &scene);
	assert_true(again->serial != serial);
	tess_surface_unref(again);
	tess_surface_unref(tile.surface);
	nv->compositor_close(compositor);
	rig_close(&rig);
}

static void refused(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_surface *canvas;
	struct tess_compositor *compositor;
	rig_open(&rig);
	assert_int_equal(nv->compositor_open(&compositor, rig.nv, 321, 180), -EINVAL);
	assert_int_equal(nv->compositor_open(&compositor, rig.nv, 4098, 180), -EINVAL);
	compositor = open_compositor(rig.nv, 320, 180);
	struct tess_surface *strange = rig_still(rig.soft, 64, 36, 1);
	struct tess_tile tile = {
		.rect = {0, 0, 160, 90}, .render = TESS_RENDER_CROP, .surface = strange};
	struct tess_scene scene = {.tiles = &tile, .count = 1};
	assert_int_equal(nv->compositor_draw(compositor, &scene, &canvas), -EINVAL);
	tile.surface = NULL;
	tile.rect.x = 162;
	assert_int_equal(nv->compositor_draw(compositor, &scene, &canvas), -EINVAL);
	tile.rect.x = 160;
	canvas = draw(rig.nv, compositor, &scene);
	tess_surface_unref(canvas);
	tess_surface_unref(strange);
	struct tess_image image = {.width = 3, .height = 2, .rgba = (uint8_t[24]){0}, .stride = 12};
	assert_int_equal(nv->upload(rig.nv, &image, &canvas), -EINVAL);
	nv->compositor_close(compositor);
	rig_close(&rig);
}

/* a picture is missing, the next is whole */
static void faults(void **state)
{
	(void)state;
	static const struct {
		const char *call, *personality;
		int err;
	} faults[] = {
		{"cuLaunchKernel", "fail=cuLaunchKernel:2:1", -EIO},
		{"cuMemAlloc", "fail=cuMemAlloc:1:2", -ENOMEM},
	};
	for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		struct rig rig;
		struct tess_surface *canvas;
		rig_open(&rig);
		struct tess_compositor *compositor = open_compositor(rig.nv, 320, 180);
		struct tess_tile tile = {
			.rect = {0, 0, 160, 90},
			.render = TESS_RENDER_CROP,
			.surface = rig_still(rig.nv, 64, 36, 1),
		};
		const struct tess_scene scene = {.background = 99, .tiles = &tile, .count = 1};
		rig_set(faults[f].personality);
		assert_int_equal(nv->compositor_draw(compositor, &scene, &canvas), faults[f].err);
		assert_int_equal(rig.faults, 1);
		assert_string_equal(rig.call, faults[f].call);
		assert_non_null(strstr(rig.error, "CUDA_ERROR_"));
		canvas = draw(rig.nv, compositor, &scene);
		uint8_t *i420 = rig_i420(rig.nv, canvas);
		struct tess_compositor *fresh = open_compositor(rig.nv, 320, 180);
		struct tess_surface *other = draw(rig.nv, fresh, &scene);
		uint8_t *want = rig_i420(rig.nv, other);
		assert_memory_equal(i420, want, 320 * 180 * 3 / 2);
		free(i420);
		free(want);
		tess_surface_unref(canvas);
		tess_surface_unref(other);
		tess_surface_unref(tile.surface);
		nv->compositor_close(compositor);
		nv->compositor_close(fresh);
		rig_close(&rig);
	}
}

static void fault_of_an_upload(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_surface *surface = NULL;
	struct tess_image image = {
		.width = 2, .height = 2, .rgba = (uint8_t[16]){0}, .stride = 8, .alpha = true};
	rig_open(&rig);
	for (unsigned n = 1; n <= 3; n++) { /* luma, chroma, alpha */
		char personality[64];
		rig_forget(&rig);
		snprintf(personality, sizeof(personality), "fail=cuMemcpy2DAsync:%u:999", n);
		rig_set(personality);
		assert_int_equal(nv->upload(rig.nv, &image, &surface), -EIO);
		assert_null(surface);
		assert_int_equal(rig.faults, 1);
		assert_string_equal(rig.call, "cuMemcpy2DAsync");
	}
	assert_int_equal(nv->upload(rig.nv, &image, &surface), 0);
	tess_surface_unref(surface);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_scenes),   cmocka_unit_test(decoded_pictures),
		cmocka_unit_test(unchanged_scene), cmocka_unit_test(refused),
		cmocka_unit_test(faults),	   cmocka_unit_test(fault_of_an_upload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
