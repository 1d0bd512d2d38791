/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/frozen.c - what is shown of a user whose picture stands still.
 *
 * Both pictures are made of a few shapes around the middle of the tile, in units of the shorter
 * side; an edge's pixels are looked at in four places.
 */
#include "firmware/media/frozen.h"

#include <errno.h>
#include <stdlib.h>

#define DIM_ALPHA 150
#define WHITE	  235

uint32_t tess_frozen_color(const char *user)
{
	/* of one brightness, well apart from each other */
	static const uint32_t colors[] = {0x5b6f8f, 0x8f5b6f, 0x6f8f5b, 0x8a6f45,
					  0x4f8585, 0x7a5b95, 0x95604f, 0x557a4f};
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*user)
		hash = (hash ^ (uint8_t)*user++) * 16777619u;
	return colors[hash % (sizeof(colors) / sizeof(colors[0]))];
}

/* A pause sign in a ring. */
static bool in_sign(double x, double y)
{
	double distance2 = x * x + y * y, side = x < 0 ? -x : x;

	if (distance2 > 0.15 * 0.15)
		return false;
	if (distance2 > 0.12 * 0.12)
		return true;
	return side > 0.02 && side < 0.055 && y > -0.065 && y < 0.065;
}

/* A head and shoulders. */
static bool in_silhouette(double x, double y)
{
	double head = x * x + (y + 0.1) * (y + 0.1), shoulders;

	if (head < 0.16 * 0.16)
		return true;
	shoulders = x * x / (0.28 * 0.28) + (y - 0.36) * (y - 0.36) / (0.26 * 0.26);
	return shoulders < 1 && y < 0.36;
}

static double weight(const struct tess_image *image, bool (*inside)(double x, double y),
		     unsigned column, unsigned row)
{
	double side = image->width < image->height ? image->width : image->height;
	unsigned hits = 0;

	for (unsigned i = 0; i < 4; i++) {
		double x = column + (i & 1 ? 0.75 : 0.25) - image->width / 2.0;
		double y = row + (i & 2 ? 0.75 : 0.25) - image->height / 2.0;

		hits += inside(x / side, y / side);
	}
	return hits / 4.0;
}

static uint8_t between(unsigned from, unsigned to, double share)
{
	return (uint8_t)(from * (1 - share) + to * share + 0.5);
}

static void paint(const struct tess_image *image, uint8_t *rgba,
		  const struct tess_frozen_mark *mark)
{
	bool dim = mark->how == TESS_FROZEN_DIM;
	uint32_t ground = dim ? 0 : mark->color;

	for (unsigned row = 0; row < image->height; row++) {
		for (unsigned column = 0; column < image->width; column++, rgba += 4) {
			double white = weight(image, dim ? in_sign : in_silhouette, column, row);

			rgba[0] = between(ground >> 16 & 0xff, WHITE, white);
			rgba[1] = between(ground >> 8 & 0xff, WHITE, white);
			rgba[2] = between(ground & 0xff, WHITE, white);
			rgba[3] = dim ? between(DIM_ALPHA, 255, white) : 255;
		}
	}
}

static int upload(struct tess_engine *engine, const struct tess_frozen_mark *mark,
		  const struct tess_rect *rect, struct tess_surface **surfacep)
{
	struct tess_image image = {
		.stride = (size_t)rect->width * 4,
		.width = (uint16_t)rect->width,
		.height = (uint16_t)rect->height,
		.alpha = mark->how == TESS_FROZEN_DIM,
	};
	uint8_t *rgba = malloc(image.stride * image.height);
	int error;

	if (!rgba)
		return -ENOMEM;
	paint(&image, rgba, mark);
	image.rgba = rgba;
	error = engine->driver->upload(engine, &image, surfacep);
	free(rgba);
	return error;
}

static bool is_of(const struct tess_frozen_picture *picture, const struct tess_frozen_mark *mark,
		  const struct tess_rect *rect)
{
	return picture->mark.how == mark->how && picture->mark.color == mark->color &&
	       picture->surface->width == rect->width && picture->surface->height == rect->height;
}

static void give_up_unshown(struct tess_frozen_pictures *frozen)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < frozen->count; i++) {
		if (frozen->pictures[i].shown)
			frozen->pictures[kept++] = frozen->pictures[i];
		else
			tess_surface_unref(frozen->pictures[i].surface);
	}
	frozen->count = kept;
}

/* Which of those that are there are shown again? */
static void look_up(struct tess_frozen_pictures *frozen, const struct tess_tile *tiles,
		    const struct tess_frozen_mark *marks, unsigned count)
{
	for (unsigned k = 0; k < frozen->count; k++) {
		frozen->pictures[k].shown = false;
		for (unsigned i = 0; i < count; i++)
			frozen->pictures[k].shown =
				frozen->pictures[k].shown ||
				is_of(&frozen->pictures[k], &marks[i], &tiles[i].rect);
	}
}

/* *surfacep stays the pictures'. @retval 0, or an error of the upload */
static int find(struct tess_frozen_pictures *frozen, struct tess_engine *engine,
		const struct tess_frozen_mark *mark, const struct tess_rect *rect,
		struct tess_surface **surfacep)
{
	struct tess_frozen_picture *picture = &frozen->pictures[frozen->count];
	int error;

	for (unsigned i = 0; i < frozen->count; i++) {
		if (is_of(&frozen->pictures[i], mark, rect)) {
			*surfacep = frozen->pictures[i].surface;
			return 0;
		}
	}
	error = upload(engine, mark, rect, surfacep);
	if (!error) {
		*picture = (struct tess_frozen_picture){.mark = *mark, .surface = *surfacep};
		frozen->count++;
	}
	return error;
}

int tess_frozen_dress(struct tess_frozen_pictures *frozen, struct tess_engine *engine,
		      const struct tess_tile *tiles, const struct tess_frozen_mark *marks,
		      unsigned count, struct tess_tile *dressed)
{
	int dressed_count = 0;

	/* first, so that there is room for one a tile */
	look_up(frozen, tiles, marks, count);
	give_up_unshown(frozen);
	for (unsigned i = 0; i < count; i++) {
		struct tess_surface *surface;
		struct tess_tile *tile = &dressed[dressed_count++];
		int error;

		*tile = tiles[i];
		if (!marks[i].how || marks[i].how == TESS_FROZEN_KEEP)
			continue;
		error = find(frozen, engine, &marks[i], &tiles[i].rect, &surface);
		if (error == -ENODEV)
			return error;
		if (error)
			continue;
		if (marks[i].how == TESS_FROZEN_DIM)
			tile = &dressed[dressed_count++];
		*tile = (struct tess_tile){
			.rect = tiles[i].rect, .render = TESS_RENDER_STRETCH, .surface = surface};
	}
	return dressed_count;
}

void tess_frozen_clear(struct tess_frozen_pictures *frozen)
{
	for (unsigned i = 0; i < frozen->count; i++)
		tess_surface_unref(frozen->pictures[i].surface);
	frozen->count = 0;
}
