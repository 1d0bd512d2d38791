/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/selftest_side.c - the same pictures and scenes on each engine.
 */
#include "firmware/cli/selftest_side.h"

#include <errno.h>
#include <stdlib.h>

#include "firmware/engine/picture.h"

int selftest_side_download(const struct selftest_side *side, struct tess_surface *surface,
			   uint8_t *i420)
{
	return side->driver->download(side->engine, surface, i420);
}

int selftest_side_upload(struct selftest_side *side)
{
	uint8_t *rgba = malloc((size_t)SELFTEST_PICTURE_WIDTH * SELFTEST_PICTURE_HEIGHT * 4);
	int error = rgba ? 0 : -ENOMEM;
	struct tess_image image;

	for (unsigned i = 0; i < SELFTEST_PICTURES && !error; i++) {
		image = tess_engine_picture(rgba, SELFTEST_PICTURE_WIDTH, SELFTEST_PICTURE_HEIGHT,
					    i, 0);
		error = side->driver->upload(side->engine, &image, &side->pictures[i]);
		if (error)
			side->pictures[i] = NULL;
	}
	if (!error) {
		image = tess_engine_picture(rgba, 160, 90, 7, 0);
		image.alpha = true;
		for (unsigned i = 0; i < 160 * 90; i++)
			rgba[4 * i + 3] = (uint8_t)(i % 256);
		error = side->driver->upload(side->engine, &image, &side->logo);
		if (error)
			side->logo = NULL;
	}
	free(rgba);
	return error;
}

static struct tess_tile tile(int32_t x, int32_t y, int32_t width, int32_t height,
			     enum tess_render render, struct tess_surface *surface)
{
	return (struct tess_tile){
		.rect = {x, y, width, height}, .render = render, .surface = surface};
}

/* @return how many tiles */
static unsigned fill_scene(enum selftest_scene kind, const struct selftest_side *side,
			   struct tess_tile *tiles, struct tess_scene *scene)
{
	struct tess_surface *const *pictures = side->pictures;

	*scene = (struct tess_scene){.background = 0x204060, .tiles = tiles};
	switch (kind) {
	case SELFTEST_AS_THEY_ARE:
	case SELFTEST_DECORATED:
		for (int i = 0; i < 4; i++)
			tiles[i] = tile(i % 2 * 640, i / 2 * 360, 640, 360, TESS_RENDER_CROP,
					pictures[i]);
		if (kind == SELFTEST_AS_THEY_ARE)
			return 4;
		for (int i = 0; i < 4; i++) {
			tiles[i].border = 4;
			tiles[i].border_color = 0xffcc00;
		}
		tiles[4] = tile(1080, 30, 160, 90, TESS_RENDER_STRETCH, side->logo);
		return 5;
	case SELFTEST_SMALLER:
		for (int i = 0; i < 16; i++)
			tiles[i] = tile(i % 4 * 320, i / 4 * 180, 320, 180, TESS_RENDER_CROP,
					pictures[i % SELFTEST_PICTURES]);
		return 16;
	case SELFTEST_LARGER:
		tiles[0] = tile(0, 0, 1280, 720, TESS_RENDER_STRETCH, pictures[0]);
		return 1;
	case SELFTEST_CROPPED:
		tiles[0] = tile(0, 0, 420, 720, TESS_RENDER_CROP, pictures[0]);
		tiles[1] = tile(420, 0, 860, 238, TESS_RENDER_CROP, pictures[1]);
		tiles[2] = tile(420, 238, 860, 482, TESS_RENDER_CROP, pictures[2]);
		return 3;
	case SELFTEST_BESIDE:
		scene->backdrop = pictures[3];
		tiles[0] = tile(0, 0, 300, 700, TESS_RENDER_FIT, pictures[0]);
		tiles[1] = tile(320, 20, 900, 200, TESS_RENDER_FIT_BLACK, pictures[1]);
		tiles[2] = tile(320, 240, 500, 400, TESS_RENDER_FIT, NULL);
		return 3;
	}
	return 0;
}

int selftest_side_draw(const struct selftest_side *side, struct tess_compositor *compositor,
		       enum selftest_scene kind, struct tess_surface **canvas)
{
	struct tess_tile tiles[TESS_ENGINE_MAX_TILES];
	struct tess_scene scene;

	scene.count = 0;
	scene.count = fill_scene(kind, side, tiles, &scene);
	return side->driver->compositor_draw(compositor, &scene, canvas);
}

void selftest_side_drop(struct selftest_side *side)
{
	for (unsigned i = 0; i < SELFTEST_PICTURES; i++)
		tess_surface_unref(side->pictures[i]);
	tess_surface_unref(side->logo);
}
