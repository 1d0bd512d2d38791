/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/vpp.c - what the emulated video processor computes.
 */
#include <libyuv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/emulated/va/tests/rig.h"

#define SIDE 128

struct scene {
	struct rig rig;
	struct rig_context context;
	VASurfaceID canvas, picture, other;
};

static const VARectangle whole = {0, 0, SIDE, SIDE};

static void open_scene(struct scene *scene, const char *personality)
{
	rig_open(&scene->rig, personality);
	scene->context = rig_context(&scene->rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
				     SIDE, SIDE, NULL, 0);
	scene->canvas = rig_surface(&scene->rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene->picture = rig_surface(&scene->rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene->other = rig_surface(&scene->rig, VA_FOURCC_NV12, SIDE, SIDE);
	rig_upload(&scene->rig, scene->picture, VA_FOURCC_NV12, SIDE, SIDE, 1);
	rig_upload(&scene->rig, scene->other, VA_FOURCC_NV12, SIDE, SIDE, 2);
}

static void close_scene(struct scene *scene)
{
	rig_destroy_surface(&scene->rig, scene->canvas);
	rig_destroy_surface(&scene->rig, scene->picture);
	rig_destroy_surface(&scene->rig, scene->other);
	rig_destroy_context(&scene->rig, &scene->context);
	rig_close(&scene->rig);
	rig_remove(&scene->rig);
}

static uint8_t *luma(uint8_t *nv12, int x, int y)
{
	return nv12 + (ptrdiff_t)y * SIDE + x;
}

static uint8_t *chroma(uint8_t *nv12, int x, int y)
{
	return nv12 + SIDE * SIDE + (ptrdiff_t)(y / 2) * SIDE + x / 2 * 2;
}

/* an independent way to what I420Scale makes: whole I420 planes of everything */
struct i420 {
	uint8_t y[SIDE * SIDE], u[SIDE * SIDE / 4], v[SIDE * SIDE / 4];
};

static void to_i420(struct i420 *to, uint8_t *nv12)
{
	memcpy(to->y, nv12, sizeof(to->y));
	for (size_t i = 0; i < sizeof(to->u); i++) {
		to->u[i] = nv12[SIDE * SIDE + 2 * i];
		to->v[i] = nv12[SIDE * SIDE + 2 * i + 1];
	}
}

static void draw(struct i420 *canvas, const struct i420 *picture, const VARectangle *from,
		 const VARectangle *to)
{
	int half = SIDE / 2;
	assert_int_equal(I420Scale(picture->y + from->y * SIDE + from->x, SIDE,
				   picture->u + from->y / 2 * half + from->x / 2, half,
				   picture->v + from->y / 2 * half + from->x / 2, half, from->width,
				   from->height, canvas->y + to->y * SIDE + to->x, SIDE,
				   canvas->u + to->y / 2 * half + to->x / 2, half,
				   canvas->v + to->y / 2 * half + to->x / 2, half, to->width,
				   to->height, kFilterBilinear),
			 0);
}

static void assert_canvas(uint8_t *nv12, const struct i420 *wanted)
{
	struct i420 got;
	to_i420(&got, nv12);
	assert_memory_equal(got.y, wanted->y, sizeof(got.y));
	assert_memory_equal(got.u, wanted->u, sizeof(got.u));
	assert_memory_equal(got.v, wanted->v, sizeof(got.v));
}

static void tiles_are_scaled_as_libyuv_does(void **state)
{
	static const struct {
		VARectangle from, to;
	} tiles[] = {
		{{0, 0, 128, 128}, {0, 0, 64, 64}},   {{0, 0, 128, 72}, {64, 0, 48, 28}},
		{{16, 8, 40, 30}, {0, 64, 40, 30}},   {{2, 2, 30, 20}, {40, 64, 88, 64}},
		{{0, 0, 128, 128}, {100, 30, 18, 2}}, {{0, 0, 2, 2}, {64, 30, 32, 30}},
	};
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct scene scene;
		struct i420 wanted, picture;
		VAProcPipelineParameterBuffer layers[6];
		open_scene(&scene, late ? "late=yes\n" : "");
		uint8_t *pattern = rig_pattern(VA_FOURCC_NV12, SIDE, SIDE, 1);
		to_i420(&picture, pattern);
		/* 0xff204080: red 32, green 64, blue 128 */
		memset(wanted.y, (16829 * 32 + 33039 * 64 + 6416 * 128 + (16 << 16) + 32768) >> 16,
		       sizeof(wanted.y));
		memset(wanted.u,
		       (-9714 * 32 - 19071 * 64 + 28785 * 128 + (128 << 16) + 32768) >> 16,
		       sizeof(wanted.u));
		memset(wanted.v, (28785 * 32 - 24104 * 64 - 4681 * 128 + (128 << 16) + 32768) >> 16,
		       sizeof(wanted.v));
		for (unsigned i = 0; i < 6; i++) {
			layers[i] = rig_layer(scene.picture, &tiles[i].from, &tiles[i].to);
			draw(&wanted, &picture, &tiles[i].from, &tiles[i].to);
		}
		layers[0].output_background_color = 0xff204080;
		rig_pass(&scene.rig, scene.context.id, scene.canvas, layers, 6);
		uint8_t *got = rig_download(&scene.rig, scene.canvas, SIDE, SIDE);
		assert_canvas(got, &wanted);
		free(got);

		/* without a background the canvas keeps what is there */
		VAProcPipelineParameterBuffer again =
			rig_layer(scene.other, &tiles[2].from, &tiles[0].to);
		free(pattern);
		pattern = rig_pattern(VA_FOURCC_NV12, SIDE, SIDE, 2);
		to_i420(&picture, pattern);
		draw(&wanted, &picture, &tiles[2].from, &tiles[0].to);
		rig_pass(&scene.rig, scene.context.id, scene.canvas, &again, 1);
		got = rig_download(&scene.rig, scene.canvas, SIDE, SIDE);
		assert_canvas(got, &wanted);
		free(got);
		free(pattern);
		close_scene(&scene);
	}
}

static void no_regions_mean_all(void **state)
{
	(void)state;
	struct scene scene;
	open_scene(&scene, "");
	VAProcPipelineParameterBuffer layer = rig_layer(scene.picture, NULL, NULL);
	rig_pass(&scene.rig, scene.context.id, scene.canvas, &layer, 1);
	uint8_t *got = rig_download(&scene.rig, scene.canvas, SIDE, SIDE);
	uint8_t *wanted = rig_pattern(VA_FOURCC_NV12, SIDE, SIDE, 1);
	assert_memory_equal(got, wanted, SIDE * SIDE * 3 / 2);
	free(got);
	free(wanted);
	close_scene(&scene);
}

static void full_range_is_compressed(void **state)
{
	(void)state;
	struct scene scene;
	open_scene(&scene, "");
	VAProcPipelineParameterBuffer layer = rig_layer(scene.picture, &whole, &whole);
	layer.input_color_properties.color_range = VA_SOURCE_RANGE_FULL;
	layer.output_color_properties.color_range = VA_SOURCE_RANGE_REDUCED;
	rig_pass(&scene.rig, scene.context.id, scene.canvas, &layer, 1);
	uint8_t *got = rig_download(&scene.rig, scene.canvas, SIDE, SIDE);
	uint8_t *source = rig_pattern(VA_FOURCC_NV12, SIDE, SIDE, 1);
	for (int i = 0; i < SIDE * SIDE * 3 / 2; i++) {
		unsigned span = i < SIDE * SIDE ? 219 : 224;
		unsigned scale = (span * 65536 + 127) / 255;
		assert_int_equal(got[i], 16 + ((source[i] * scale + 32768) >> 16));
	}
	free(got);
	free(source);
	close_scene(&scene);
}

/* the formula of emu_va.h, in floating point where it can be, so that it is not the same code */
static int rounded(double value)
{
	return (int)(value + 0.5);
}

static void rgb_is_blended(void **state)
{
	(void)state;
	static const struct {
		uint32_t fourcc;
		int b, g, r, a;
	} formats[] = {{VA_FOURCC_BGRA, 0, 1, 2, 3}, {VA_FOURCC_ARGB, 3, 2, 1, 0}};
	const VARectangle from = {2, 4, 32, 16}, to = {20, 60, 32, 16};
	for (unsigned f = 0; f < 2; f++) {
		struct scene scene;
		open_scene(&scene, "");
		VASurfaceID logo = rig_surface(&scene.rig, formats[f].fourcc, 64, 64);
		rig_upload(&scene.rig, logo, formats[f].fourcc, 64, 64, 7);
		uint8_t *rgb = rig_pattern(formats[f].fourcc, 64, 64, 7);
		uint8_t *wanted = rig_pattern(VA_FOURCC_NV12, SIDE, SIDE, 1);
		const VABlendState straight = {0};
		VAProcPipelineParameterBuffer layers[2] = {rig_layer(scene.picture, &whole, &whole),
							   rig_layer(logo, &from, &to)};
		if (f == 1)
			layers[1].blend_state = &straight; /* the same as none */
		rig_pass(&scene.rig, scene.context.id, scene.canvas, layers, 2);
		uint8_t *got = rig_download(&scene.rig, scene.canvas, SIDE, SIDE);
		for (int y = 0; y < to.height; y++)
			for (int x = 0; x < to.width; x++) {
				const uint8_t *p = rgb + 4 * ((from.y + y) * 64 + from.x + x);
				int over = (16829 * p[formats[f].r] + 33039 * p[formats[f].g] +
					    6416 * p[formats[f].b] + (16 << 16) + 32768) >>
					   16;
				uint8_t *under = luma(wanted, to.x + x, to.y + y);
				int a = p[formats[f].a];
				*under = (uint8_t)((*under * (255 - a) + over * a + 127) / 255);
			}
		for (int y = 0; y < to.height; y += 2)
			for (int x = 0; x < to.width; x += 2) {
				int sum[4] = {0};
				for (int i = 0; i < 4; i++)
					for (int c = 0; c < 4; c++)
						sum[c] += rgb[4 * ((from.y + y + i / 2) * 64 +
								   from.x + x + i % 2) +
							      c];
				int r = rounded(sum[formats[f].r] / 4.0);
				int g = rounded(sum[formats[f].g] / 4.0);
				int b = rounded(sum[formats[f].b] / 4.0);
				int a = rounded(sum[formats[f].a] / 4.0);
				int u = (-9714 * r - 19071 * g + 28785 * b + (128 << 16) + 32768) >>
					16;
				int v = (28785 * r - 24104 * g - 4681 * b + (128 << 16) + 32768) >>
					16;
				uint8_t *under = chroma(wanted, to.x + x, to.y + y);
				under[0] = (uint8_t)((under[0] * (255 - a) + u * a + 127) / 255);
				under[1] = (uint8_t)((under[1] * (255 - a) + v * a + 127) / 255);
			}
		assert_memory_equal(got, wanted, SIDE * SIDE * 3 / 2);
		free(got);
		free(wanted);
		free(rgb);
		rig_destroy_surface(&scene.rig, logo);
		close_scene(&scene);
	}
}

static VAStatus pass_of(struct scene *scene, unsigned count, bool each, VAStatus *end)
{
	VABufferID ids[32];
	VAStatus status = VA_STATUS_SUCCESS;
	VAProcPipelineParameterBuffer layer = rig_layer(scene->picture, &whole, &whole);
	VA_OK(vaBeginPicture(scene->rig.display, scene->context.id, scene->canvas));
	for (unsigned i = 0; i < count; i++)
		ids[i] = rig_buffer(&scene->rig, scene->context.id,
				    VAProcPipelineParameterBufferType, &layer, sizeof(layer));
	for (unsigned i = 0; i < count && each && status == VA_STATUS_SUCCESS; i++)
		status = vaRenderPicture(scene->rig.display, scene->context.id, &ids[i], 1);
	if (!each)
		status = vaRenderPicture(scene->rig.display, scene->context.id, ids, (int)count);
	*end = vaEndPicture(scene->rig.display, scene->context.id);
	for (unsigned i = 0; i < count; i++)
		VA_OK(vaDestroyBuffer(scene->rig.display, ids[i]));
	return status;
}

static void layers_are_limited(void **state)
{
	(void)state;
	struct scene scene;
	VAStatus end;
	open_scene(&scene, "max_layers=8\n");
	for (int each = 0; each < 2; each++) {
		assert_int_equal(pass_of(&scene, 8, each, &end), VA_STATUS_SUCCESS);
		assert_int_equal(end, VA_STATUS_SUCCESS);
		assert_int_equal(pass_of(&scene, 9, each, &end), VA_STATUS_ERROR_INVALID_PARAMETER);
		assert_int_equal(end, VA_STATUS_ERROR_OPERATION_FAILED);
	}
	struct emu_va_stats stats = rig_stats(&scene.rig);
	assert_int_equal(stats.passes, 2);
	assert_int_equal(stats.layers, 16);
	close_scene(&scene);
}

static void what_is_not_offered_is_refused(void **state)
{
	(void)state;
	struct scene scene;
	open_scene(&scene, "");
	const VABlendState half = {.flags = VA_BLEND_GLOBAL_ALPHA, .global_alpha = 0.5f};
	for (int i = 0; i < 4; i++) {
		VAProcPipelineParameterBuffer layer = rig_layer(scene.picture, &whole, &whole);
		if (i == 0)
			layer.rotation_state = VA_ROTATION_90;
		if (i == 1)
			layer.blend_state = &half;
		if (i == 2)
			layer.output_color_properties.color_range = VA_SOURCE_RANGE_FULL;
		if (i == 3)
			layer.num_filters = 1;
		VABufferID id =
			rig_buffer(&scene.rig, scene.context.id, VAProcPipelineParameterBufferType,
				   &layer, sizeof(layer));
		VA_OK(vaBeginPicture(scene.rig.display, scene.context.id, scene.canvas));
		rig_render(&scene.rig, scene.context.id, id);
		assert_int_equal(vaEndPicture(scene.rig.display, scene.context.id),
				 i == 3 ? VA_STATUS_ERROR_UNSUPPORTED_FILTER
					: VA_STATUS_ERROR_INVALID_PARAMETER);
		VA_OK(vaDestroyBuffer(scene.rig.display, id));
	}
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_are_scaled_as_libyuv_does),
		cmocka_unit_test(no_regions_mean_all),
		cmocka_unit_test(full_range_is_compressed),
		cmocka_unit_test(rgb_is_blended),
		cmocka_unit_test(layers_are_limited),
		cmocka_unit_test(what_is_not_offered_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
