/* SPDX-License-Identifier: GPL-3.0-or-later
 * Still pictures: brought to the engine, as backdrops and watermarks, and what is refused of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode_soft/decode_soft.h"
#include "h264.h"

#define WIDTH  64
#define HEIGHT 36
#define LUMA   (WIDTH * HEIGHT)

static const struct tess_engine_driver *driver = &tess_engine_soft;

struct fixture {
	struct tess_engine *engine;
	struct tess_compositor *compositor;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	*state = fixture;
	if (!fixture || driver->open(&fixture->engine, &(struct tess_engine_config){0}) != 0)
		return -1;
	return driver->compositor_open(&fixture->compositor, fixture->engine, WIDTH, HEIGHT);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine_stats stats;
	driver->compositor_close(fixture->compositor);
	driver->stats(fixture->engine, &stats);
	driver->close(fixture->engine);
	free(fixture);
	return stats.surfaces_live == 0 ? 0 : -1;
}

/* width x height of one colour 0xRRGGBBAA */
static struct tess_surface *image(struct fixture *fixture, int width, int height, uint32_t rgba,
				  bool alpha)
{
	uint8_t *pixels = malloc((size_t)width * height * 4);
	struct tess_surface *surface = NULL;
	assert_non_null(pixels);
	for (int i = 0; i < width * height * 4; i++)
		pixels[i] = (uint8_t)(rgba >> (24 - i % 4 * 8));
	const struct tess_image still = {.width = (uint16_t)width,
					 .height = (uint16_t)height,
					 .rgba = pixels,
					 .stride = (size_t)width * 4,
					 .alpha = alpha};
	assert_int_equal(driver->upload(fixture->engine, &still, &surface), 0);
	free(pixels); /* the engine has its own */
	assert_int_equal(surface->width, width);
	assert_int_equal(surface->height, height);
	assert_int_equal(surface->sar_num, 1);
	assert_int_equal(surface->sar_den, 1);
	return surface;
}

static int draw(struct fixture *fixture, const struct tess_scene *scene, uint8_t *i420)
{
	struct tess_surface *canvas;
	int err = driver->compositor_draw(fixture->compositor, scene, &canvas);
	if (!err) {
		driver->download(fixture->engine, canvas, i420);
		tess_surface_unref(canvas);
	}
	return err;
}

static void uploaded_pictures(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine_stats stats;
	uint8_t rgba[20 * 2] = {255, 0, 0, 0, 255, 0, 0, 9, 0, 0, 0, 0, 1, 1, 1, 1, 9, 9, 9, 9};
	struct tess_image still = {.width = 4, .height = 2, .rgba = rgba, .stride = 20};
	struct tess_surface *surface;
	assert_int_equal(driver->upload(fixture->engine, &still, &surface), 0);
	uint8_t *i420 = surface_i420(fixture->engine, surface);
	assert_int_equal(i420[0], 81);
	assert_int_equal(i420[1], 81);
	assert_int_equal(i420[2], 16);
	assert_int_equal(i420[3], 17);
	assert_int_equal(i420[4], 16);
	assert_int_equal(i420[9], 128); /* black and nearly black */
	free(i420);
	tess_surface_unref(surface);
	driver->stats(fixture->engine, &stats);
	assert_int_equal(stats.uploads, 1);
	assert_int_equal(stats.surfaces_live, 0);
	still.width = 3;
	surface = NULL;
	assert_int_equal(driver->upload(fixture->engine, &still, &surface), -EINVAL);
	still.width = 4098;
	still.stride = 4098 * 4;
	assert_int_equal(driver->upload(fixture->engine, &still, &surface), -EINVAL);
	assert_null(surface);
	driver->stats(fixture->engine, &stats);
	assert_int_equal(stats.uploads, 1);
}

/* alpha 0 keeps what is below, 255 hides it, 128 is half of each */
static void watermarks(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		uint8_t alpha, y, u, v;
	} cases[] = {{0, 235, 128, 128}, {255, 81, 90, 240}, {128, 158, 109, 184}};
	uint8_t i420[LUMA * 3 / 2] = {0};
	for (size_t c = 0; c < 3; c++) {
		struct tess_surface *mark =
			image(fixture, 20, 10, 0xff000000u | cases[c].alpha, true);
		struct tess_tile tile = {
			.rect = {4, 6, 20, 10}, .render = TESS_RENDER_STRETCH, .surface = mark};
		const struct tess_scene scene = {
			.background = 0xffffff, .tiles = &tile, .count = 1};
		assert_int_equal(draw(fixture, &scene, i420), 0);
		assert_int_equal(i420[6 * WIDTH + 3], 235);
		assert_int_equal(i420[5 * WIDTH + 4], 235);
		assert_int_equal(i420[6 * WIDTH + 4], cases[c].y);
		assert_int_equal(i420[15 * WIDTH + 23], cases[c].y);
		assert_int_equal(i420[15 * WIDTH + 24], 235);
		assert_int_equal(i420[LUMA + 3 * WIDTH / 2 + 2], cases[c].u);
		assert_int_equal(i420[LUMA * 5 / 4 + 7 * WIDTH / 2 + 11], cases[c].v);
		assert_int_equal(i420[LUMA * 5 / 4 + 8 * WIDTH / 2 + 11], 128);
		tess_surface_unref(mark);
	}
}

/* the middle of the backdrop, in limited range even if it came in full, also after what was over
 * it went away */
static void backdrops(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *backdrop = surface_solid(fixture->engine, 128, 36, 255, 255, 0);
	((struct soft_surface *)backdrop)->full_range = true;
	AVFrame *frame = ((struct soft_surface *)backdrop)->pooled.frame;
	for (int y = 0; y < 36; y++) /* its sides are not seen */
		memset(frame->data[0] + y * frame->linesize[0], 0, 32);
	struct tess_surface *tall = image(fixture, 18, 36, 0xff0000ff, false);
	struct tess_tile tile = {.rect = {8, 0, 48, 36}, .render = TESS_RENDER_STRETCH};
	const struct tess_scene scene = {
		.background = 0xff, .backdrop = backdrop, .tiles = &tile, .count = 1};
	uint8_t i420[LUMA * 3 / 2] = {0};
	assert_int_equal(draw(fixture, &scene, i420), 0);
	assert_int_equal(i420[0], 235);
	assert_int_equal(i420[8], 16);
	tile.render = TESS_RENDER_FIT;
	tile.surface = tall;
	for (int round = 0; round < 2; round++) { /* as a whole, then its bars alone */
		assert_int_equal(draw(fixture, &scene, i420), 0);
		for (int y = 0; y < HEIGHT; y++)
			for (int x = 0; x < WIDTH; x++) {
				bool inside = x >= 22 && x < 40;
				size_t chroma = (size_t)(y / 2) * (WIDTH / 2) + (size_t)x / 2;
				assert_int_equal(i420[y * WIDTH + x], inside ? 81 : 235);
				assert_int_equal(i420[LUMA + chroma], inside ? 90 : 240);
				assert_int_equal(i420[LUMA * 5 / 4 + chroma], inside ? 240 : 16);
			}
		tile.surface = NULL;
		assert_int_equal(draw(fixture, &scene, i420), 0);
		assert_int_equal(i420[12], 16);
		tile.surface = tall;
	}
	tess_surface_unref(backdrop);
	tess_surface_unref(tall);
}

static void borders(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *red = image(fixture, 64, 36, 0xff0000ff, false);
	struct tess_tile tile = {.rect = {4, 4, 40, 20},
				 .render = TESS_RENDER_CROP,
				 .surface = red,
				 .border = 2,
				 .border_color = 0x0000ff};
	const struct tess_scene scene = {.background = 0xffffff, .tiles = &tile, .count = 1};
	uint8_t i420[LUMA * 3 / 2] = {0};
	assert_int_equal(draw(fixture, &scene, i420), 0);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			bool in_tile = x >= 4 && x < 44 && y >= 4 && y < 24;
			bool in_picture = x >= 6 && x < 42 && y >= 6 && y < 22;
			assert_int_equal(i420[y * WIDTH + x], in_picture ? 81 : in_tile ? 41 : 235);
		}
	tess_surface_unref(red);
}

static void refused_scenes(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine *other;
	assert_int_equal(driver->open(&other, &(struct tess_engine_config){0}), 0);
	struct tess_surface *mark = image(fixture, 20, 10, 0xff000080, true);
	struct tess_surface *foreign = surface_solid(other, 64, 36, 1, 1, 1);
	const struct tess_tile good = {
		.rect = {4, 6, 20, 10}, .render = TESS_RENDER_STRETCH, .surface = mark};
	struct tess_tile bad[3] = {good, good, good};
	uint8_t i420[LUMA * 3 / 2] = {0};
	bad[0].rect.width = 22;
	bad[1].render = TESS_RENDER_FIT;
	bad[2].border = 2;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			draw(fixture, &(struct tess_scene){.tiles = &bad[i], .count = 1}, i420),
			-EINVAL);
	assert_int_equal(draw(fixture, &(struct tess_scene){.backdrop = mark}, i420), -EINVAL);
	assert_int_equal(draw(fixture, &(struct tess_scene){.backdrop = foreign}, i420), -EINVAL);
	assert_int_equal(draw(fixture, &(struct tess_scene){.tiles = &good, .count = 1}, i420), 0);
	tess_surface_unref(mark);
	tess_surface_unref(foreign);
	driver->close(other);
}

static void what_the_engine_is(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine_info info;
	driver->info(fixture->engine, &info);
	assert_string_equal(info.device, "cpu");
	assert_int_equal(info.device_codecs, 1u << TESS_CODEC_H264 | 1u << TESS_CODEC_H265 |
						     1u << TESS_CODEC_VP8 | 1u << TESS_CODEC_VP9);
	assert_int_equal(info.max_side, TESS_DECODE_SOFT_MAX_SIDE);
	for (int codec = TESS_CODEC_H264; codec <= TESS_CODEC_AAC; codec++) {
		struct tess_decoder *decoder = NULL;
		int err = driver->decoder_open(&decoder, fixture->engine, (enum tess_codec)codec);
		assert_int_equal(err, info.device_codecs >> codec & 1 ? 0 : -ENOTSUP);
		driver->decoder_close(decoder);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uploaded_pictures), TEST(watermarks),     TEST(backdrops),
		TEST(borders),		 TEST(refused_scenes), TEST(what_the_engine_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
