/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures that their decoder scales: when it does, and that a canvas looks the same either way.
 */
#include "drivers/engine_soft/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "h264.h"

#define WIDTH	   640
#define HEIGHT	   360
#define I420_BYTES ((size_t)WIDTH * HEIGHT * 3 / 2)

static const struct tess_engine_driver *driver = &tess_engine_soft;

static struct tess_engine *engine;
static struct tess_decoder *decoder;
static struct tess_compositor *canvas;
static struct h264_stream stream;
static unsigned next;

static int setup(void **state)
{
	(void)state;
	next = 0;
	if (driver->open(&engine, &(struct tess_engine_config){0}) != 0 ||
	    driver->decoder_open(&decoder, engine, TESS_CODEC_H264) != 0)
		return -1;
	h264_encode(&stream, AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, 12, "tune=zerolatency");
	return driver->compositor_open(&canvas, engine, WIDTH, HEIGHT);
}

static int teardown(void **state)
{
	struct tess_engine_stats stats;
	(void)state;
	h264_free(&stream);
	driver->compositor_close(canvas);
	driver->decoder_close(decoder);
	driver->stats(engine, &stats);
	driver->close(engine);
	return stats.surfaces_live == 0 ? 0 : -1;
}

static struct tess_surface *decode(const struct h264_unit *unit)
{
	struct tess_surface *surface;
	assert_int_equal(driver->decoder_decode(decoder, unit->data, unit->length, next, &surface),
			 0);
	assert_non_null(surface);
	return surface;
}

static struct tess_surface *decode_next(void)
{
	return decode(&stream.units[next++]);
}

static const AVFrame *ahead_of(const struct tess_surface *surface)
{
	return ((const struct soft_surface *)surface)->ahead;
}

/* Draw on @p compositor; what its canvas shows then. */
static uint8_t *draw_on(struct tess_compositor *compositor, struct tess_surface *picture,
			struct tess_rect rect, enum tess_render render)
{
	const struct tess_tile tile = {.rect = rect, .render = render, .surface = picture};
	struct tess_surface *drawn;
	assert_int_equal(driver->compositor_draw(compositor,
						 &(struct tess_scene){.tiles = &tile, .count = 1},
						 &drawn),
			 0);
	uint8_t *i420 = surface_i420(engine, drawn);
	tess_surface_unref(drawn);
	return i420;
}

/* Draw, and compare with a canvas that gets a copy of the picture which no decoder scaled. */
static void draw(struct tess_surface *picture, struct tess_rect rect, enum tess_render render)
{
	struct soft_surface *copy = soft_surface_new((struct soft_engine *)engine);
	struct tess_compositor *fresh;
	assert_non_null(copy);
	assert_int_equal(av_frame_ref(copy->pooled.frame,
				      ((const struct soft_surface *)picture)->pooled.frame),
			 0);
	copy->pooled.base.width = picture->width;
	copy->pooled.base.height = picture->height;
	assert_int_equal(driver->compositor_open(&fresh, engine, WIDTH, HEIGHT), 0);
	uint8_t *got = draw_on(canvas, picture, rect, render);
	uint8_t *want = draw_on(fresh, &copy->pooled.base, rect, render);
	assert_memory_equal(got, want, I420_BYTES);
	free(got);
	free(want);
	driver->compositor_close(fresh);
	tess_surface_unref(&copy->pooled.base);
}

/* A picture drawn at @p rect; the next one is scaled already, as large as @p width x @p height. */
static void assert_followed(struct tess_rect rect, enum tess_render render, int width, int height)
{
	struct tess_surface *first = decode_next();
	draw(first, rect, render);
	tess_surface_unref(first);
	struct tess_surface *second = decode_next();
	assert_non_null(ahead_of(second));
	assert_int_equal(ahead_of(second)->width, width);
	assert_int_equal(ahead_of(second)->height, height);
	draw(second, rect, render);
	tess_surface_unref(second);
}

static void follows_what_is_drawn(void **state)
{
	(void)state;
	struct tess_surface *first = decode_next();
	assert_null(ahead_of(first)); /* nobody has drawn one yet */
	tess_surface_unref(first);
	assert_followed((struct tess_rect){10, 20, 320, 180}, TESS_RENDER_FIT, 320, 180);
	assert_followed((struct tess_rect){40, 0, 80, 160}, TESS_RENDER_CROP, 80, 160);
	assert_followed((struct tess_rect){0, 0, 100, 200}, TESS_RENDER_FIT, 100, 56);
	assert_followed((struct tess_rect){6, 6, 212, 142}, TESS_RENDER_STRETCH, 212, 142);
}

static void scales_for_itself_what_was_drawn_otherwise(void **state)
{
	(void)state;
	struct tess_surface *picture = decode_next();
	draw(picture, (struct tess_rect){0, 0, 320, 180}, TESS_RENDER_FIT);
	tess_surface_unref(picture);
	picture = decode_next();
	assert_non_null(ahead_of(picture));
	draw(picture, (struct tess_rect){0, 0, 200, 112}, TESS_RENDER_CROP);
	draw(picture, (struct tess_rect){0, 0, 640, 360}, TESS_RENDER_CROP);
	tess_surface_unref(picture);
	picture = decode_next();
	assert_null(ahead_of(picture)); /* it would be a copy of the whole picture */
	draw(picture, (struct tess_rect){0, 0, 640, 360}, TESS_RENDER_CROP);
	tess_surface_unref(picture);
}

static void picture_of_another_size(void **state)
{
	(void)state;
	struct tess_rect rect = {0, 0, 160, 90};
	struct h264_stream smaller;
	struct tess_surface *picture = decode_next();
	draw(picture, rect, TESS_RENDER_CROP);
	tess_surface_unref(picture);
	h264_encode(&smaller, AV_PIX_FMT_YUV420P, 320, 240, 2, "tune=zerolatency");
	picture = decode(&smaller.units[0]);
	assert_null(ahead_of(picture)); /* what was drawn of a larger one is not in it */
	draw(picture, rect, TESS_RENDER_CROP);
	tess_surface_unref(picture);
	picture = decode(&smaller.units[1]);
	assert_non_null(ahead_of(picture));
	draw(picture, rect, TESS_RENDER_CROP);
	tess_surface_unref(picture);
	h264_free(&smaller);
}

static void outlives_its_decoder(void **state)
{
	(void)state;
	struct tess_rect rect = {0, 0, 320, 180};
	struct tess_surface *picture = decode_next();
	draw(picture, rect, TESS_RENDER_FIT);
	tess_surface_unref(picture);
	picture = decode_next();
	assert_non_null(ahead_of(picture));
	driver->decoder_close(decoder);
	decoder = NULL;
	draw(picture, rect, TESS_RENDER_FIT);
	tess_surface_unref(picture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_what_is_drawn, setup, teardown),
		cmocka_unit_test_setup_teardown(scales_for_itself_what_was_drawn_otherwise, setup,
						teardown),
		cmocka_unit_test_setup_teardown(picture_of_another_size, setup, teardown),
		cmocka_unit_test_setup_teardown(outlives_its_decoder, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
