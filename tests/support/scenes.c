/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/scenes.c - random scenes and their painter.
 */
#include "tests/support/scenes.h"

#include <libyuv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TILES 16

/* a picture: the engine's surface, and what it looks like */
struct picture {
	unsigned references;
	struct tess_surface *surface;
	int width, height;
	bool alpha;
	uint8_t *rgba;
	uint8_t *planes[5]; /* Y U V, A, A of chroma */
};

struct tess_scenes {
	const struct tess_engine_driver *driver;
	struct tess_engine *engine;
	int width, height;
	unsigned max_tiles;
	uint32_t random;
	int64_t time_us;
	struct picture *pictures[MAX_TILES], *backdrop;
	struct tess_tile tiles[MAX_TILES];
	struct tess_scene scene;
};

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "scenes: out of memory\n");
		abort();
	}
	return memory;
}

/* 0 .. below - 1 */
static int draw_lot(struct tess_scenes *scenes, int below)
{
	scenes->random ^= scenes->random << 13;
	scenes->random ^= scenes->random >> 17;
	scenes->random ^= scenes->random << 5;
	return (int)(scenes->random % (uint32_t)below);
}

/* even, 2 .. most */
static int even_size(struct tess_scenes *scenes, int most)
{
	return 2 + draw_lot(scenes, most / 2) * 2;
}

static uint8_t sample(double value)
{
	return (uint8_t)floor(value + 0.5);
}

/* limited range BT.601 (ITU-R BT.601-7 §2.5.1, §3), with the 16-bit fractions of the product */
static void to_yuv(const double rgb[3], uint8_t yuv[3])
{
	yuv[0] = sample((16829 * rgb[0] + 33039 * rgb[1] + 6416 * rgb[2]) / 65536 + 16);
	yuv[1] = sample((-9714 * rgb[0] - 19071 * rgb[1] + 28785 * rgb[2]) / 65536 + 128);
	yuv[2] = sample((28785 * rgb[0] - 24104 * rgb[1] - 4681 * rgb[2]) / 65536 + 128);
}

static void color_of(uint32_t rgb, uint8_t yuv[3])
{
	to_yuv((const double[]){rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255}, yuv);
}

static void convert(struct picture *picture)
{
	int width = picture->width, height = picture->height;
	size_t luma = (size_t)width * height;
	for (int i = 0; i < 5; i++)
		picture->planes[i] = need(malloc(i == 0 || i == 3 ? luma : luma / 4));
	for (size_t i = 0; i < luma; i++) {
		const uint8_t *pixel = picture->rgba + 4 * i;
		uint8_t yuv[3];
		to_yuv((const double[]){pixel[0], pixel[1], pixel[2]}, yuv);
		picture->planes[0][i] = yuv[0];
		picture->planes[3][i] = pixel[3];
	}
	for (int y = 0; y < height; y += 2)
		for (int x = 0; x < width; x += 2) {
			double mean[4];
			uint8_t yuv[3];
			size_t at = (size_t)(y / 2) * (width / 2) + x / 2;
			for (int k = 0; k < 4; k++) {
				const uint8_t *p = picture->rgba + 4 * ((size_t)y * width + x) + k;
				mean[k] = sample((p[0] + p[4] + p[4 * width] + p[4 * width + 4]) /
						 4.0);
			}
			to_yuv(mean, yuv);
			picture->planes[1][at] = yuv[1];
			picture->planes[2][at] = yuv[2];
			picture->planes[4][at] = (uint8_t)mean[3];
		}
}

/* a slope of colours, with noise in a part of the pictures; alpha has all values, and much of 0
 * and 255 */
static void draw_rgba(struct tess_scenes *scenes, struct picture *picture)
{
	int base[4], across[4], down[4], noise = draw_lot(scenes, 3) ? 8 : 120;
	for (int k = 0; k < 4; k++) {
		base[k] = draw_lot(scenes, 256);
		across[k] = draw_lot(scenes, 512) - 256;
		down[k] = draw_lot(scenes, 512) - 256;
	}
	uint8_t *to = picture->rgba;
	for (int y = 0; y < picture->height; y++)
		for (int x = 0; x < picture->width; x++)
			for (int k = 0; k < 4; k++) {
				int value = base[k] + across[k] * x / picture->width +
					    down[k] * y / picture->height + draw_lot(scenes, noise);
				*to++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
			}
}

static struct picture *picture_new(struct tess_scenes *scenes, int width, int height, bool alpha)
{
	struct picture *picture = need(calloc(1, sizeof(*picture)));
	picture->references = 1;
	picture->width = width;
	picture->height = height;
	picture->alpha = alpha;
	picture->rgba = need(malloc(4 * (size_t)width * height));
	draw_rgba(scenes, picture);
	convert(picture);
	const struct tess_image image = {.width = (uint16_t)width,
					 .height = (uint16_t)height,
					 .rgba = picture->rgba,
					 .stride = 4 * (size_t)width,
					 .alpha = alpha};
	int err = scenes->driver->upload(scenes->engine, &image, &picture->surface);
	if (err) {
		fprintf(stderr, "scenes: upload: %s\n", strerror(-err));
		abort();
	}
	picture->surface->capture_us = scenes->time_us += 1000;
	return picture;
}

static void picture_unref(struct picture *picture)
{
	if (!picture || --picture->references > 0)
		return;
	tess_surface_unref(picture->surface);
	for (int i = 0; i < 5; i++)
		free(picture->planes[i]);
	free(picture->rgba);
	free(picture);
}

static void show(struct tess_scenes *scenes, unsigned tile, struct picture *picture)
{
	picture_unref(scenes->pictures[tile]);
	scenes->pictures[tile] = picture;
	scenes->tiles[tile].surface = picture ? picture->surface : NULL;
}

/* a picture for a tile: any size, or one that scales by what scalers treat apart */
static struct picture *picture_for(struct tess_scenes *scenes, const struct tess_rect *rect)
{
	static const int ratios[][2] = {{1, 1}, {2, 1}, {4, 1}, {4, 3}, {8, 3}, {1, 2}, {3, 1}};
	int width, height;
	if (draw_lot(scenes, 2)) {
		const int *ratio = ratios[draw_lot(scenes, 7)];
		width = rect->width * ratio[0] / ratio[1] & ~1;
		height = rect->height * ratio[0] / ratio[1] & ~1;
	} else {
		width = even_size(scenes, scenes->width * 2);
		height = even_size(scenes, scenes->height * 2);
	}
	struct picture *picture =
		picture_new(scenes, width < 2 ? 2 : width, height < 2 ? 2 : height, false);
	if (draw_lot(scenes, 4) == 0) {
		picture->surface->sar_num = (uint16_t)(1 + draw_lot(scenes, 20));
		picture->surface->sar_den = (uint16_t)(1 + draw_lot(scenes, 20));
	}
	return picture;
}

static struct tess_rect random_rect(struct tess_scenes *scenes)
{
	int width = even_size(scenes, scenes->width), height = even_size(scenes, scenes->height);
	return (struct tess_rect){
		.x = draw_lot(scenes, (scenes->width - width) / 2 + 1) * 2,
		.y = draw_lot(scenes, (scenes->height - height) / 2 + 1) * 2,
		.width = width,
		.height = height,
	};
}

static bool is_alpha(const struct tess_scenes *scenes, unsigned tile)
{
	return scenes->pictures[tile] && scenes->pictures[tile]->alpha;
}

static void decorate(struct tess_scenes *scenes, struct tess_tile *tile)
{
	tile->render = (enum tess_render)(TESS_RENDER_CROP + draw_lot(scenes, 4));
	tile->border = (uint16_t)(draw_lot(scenes, 2) ? 0 : draw_lot(scenes, 6) * 2);
	tile->border_color = (uint32_t)draw_lot(scenes, 1 << 24);
}

static void watermark(struct tess_scenes *scenes, unsigned i)
{
	struct tess_tile *tile = &scenes->tiles[i];
	tile->render = TESS_RENDER_STRETCH;
	tile->border = 0;
	show(scenes, i, picture_new(scenes, tile->rect.width, tile->rect.height, true));
}

static void fill_tile(struct tess_scenes *scenes, unsigned i, const struct tess_rect *rect)
{
	struct tess_tile *tile = &scenes->tiles[i];
	int lot = draw_lot(scenes, 10);
	tile->rect = *rect;
	decorate(scenes, tile);
	if (lot < 2)
		watermark(scenes, i);
	else if (lot < 3)
		show(scenes, i, NULL);
	else
		show(scenes, i, picture_for(scenes, rect));
}

static void drop_tiles(struct tess_scenes *scenes)
{
	for (unsigned i = 0; i < MAX_TILES; i++)
		show(scenes, i, NULL);
}

/* side x side tiles that cover the canvas as far as the even grid goes */
static void grid(struct tess_scenes *scenes, int side)
{
	int width = scenes->width / side & ~1, height = scenes->height / side & ~1;
	scenes->scene.count = (unsigned)(side * side);
	for (int i = 0; i < side * side; i++)
		fill_tile(scenes, (unsigned)i,
			  &(struct tess_rect){i % side * width, i / side * height, width, height});
}

static void new_layout(struct tess_scenes *scenes)
{
	int side = 1;
	drop_tiles(scenes);
	while ((unsigned)((side + 1) * (side + 1)) <= scenes->max_tiles)
		side++;
	if (draw_lot(scenes, 2)) {
		grid(scenes, 1 + draw_lot(scenes, side));
		return;
	}
	scenes->scene.count = 1 + (unsigned)draw_lot(scenes, (int)scenes->max_tiles);
	for (unsigned i = 0; i < scenes->scene.count; i++) {
		struct tess_rect rect = random_rect(scenes);
		fill_tile(scenes, i, &rect);
	}
}

static void swap_tiles(struct tess_scenes *scenes, unsigned a, unsigned b)
{
	struct tess_tile tile = scenes->tiles[a];
	struct picture *picture = scenes->pictures[a];
	scenes->tiles[a] = scenes->tiles[b];
	scenes->pictures[a] = scenes->pictures[b];
	scenes->tiles[b] = tile;
	scenes->pictures[b] = picture;
}

static void next_picture(struct tess_scenes *scenes, unsigned i)
{
	struct picture *old = scenes->pictures[i];
	if (!old) {
		show(scenes, i, picture_for(scenes, &scenes->tiles[i].rect));
		return;
	}
	struct picture *picture = picture_new(scenes, old->width, old->height, old->alpha);
	picture->surface->sar_num = old->surface->sar_num;
	picture->surface->sar_den = old->surface->sar_den;
	show(scenes, i, picture);
}

static void change_backdrop(struct tess_scenes *scenes)
{
	picture_unref(scenes->backdrop);
	scenes->backdrop = NULL;
	if (draw_lot(scenes, 4))
		scenes->backdrop = picture_new(scenes, even_size(scenes, scenes->width * 2),
					       even_size(scenes, scenes->height * 2), false);
	scenes->scene.backdrop = scenes->backdrop ? scenes->backdrop->surface : NULL;
}

static void change_background(struct tess_scenes *scenes)
{
	scenes->scene.background = draw_lot(scenes, 3) ? (uint32_t)draw_lot(scenes, 1 << 24) : 0;
}

static void change_tile(struct tess_scenes *scenes, unsigned i)
{
	struct tess_tile *tile = &scenes->tiles[i];
	struct tess_rect rect;
	switch (draw_lot(scenes, 6)) {
	case 0:
		rect = random_rect(scenes);
		fill_tile(scenes, i, &rect);
		return;
	case 1:
		if (!is_alpha(scenes, i))
			decorate(scenes, tile);
		return;
	case 2:
		show(scenes, i, NULL);
		return;
	case 3:
		watermark(scenes, i);
		return;
	case 4: /* what another tile shows too */
		for (unsigned j = 0; j < scenes->scene.count; j++)
			if (j != i && scenes->pictures[j] && !is_alpha(scenes, j)) {
				scenes->pictures[j]->references++;
				show(scenes, i, scenes->pictures[j]);
				return;
			}
		return;
	default:
		show(scenes, i, picture_for(scenes, &tile->rect));
	}
}

const struct tess_scene *tess_scenes_step(struct tess_scenes *scenes)
{
	int lot = draw_lot(scenes, 100), count = (int)scenes->scene.count;
	unsigned i = (unsigned)draw_lot(scenes, count), j = (unsigned)draw_lot(scenes, count);
	if (lot < 55)
		next_picture(scenes, i);
	else if (lot < 80)
		change_tile(scenes, i);
	else if (lot < 84)
		swap_tiles(scenes, i, j);
	else if (lot < 88)
		change_background(scenes);
	else if (lot < 92)
		change_backdrop(scenes);
	else if (lot < 96)
		new_layout(scenes);
	return &scenes->scene;
}

struct tess_scenes *tess_scenes_new(const struct tess_engine_driver *driver,
				    struct tess_engine *engine,
				    const struct tess_scenes_config *config)
{
	struct tess_scenes *scenes = need(calloc(1, sizeof(*scenes)));
	scenes->driver = driver;
	scenes->engine = engine;
	scenes->width = config->width;
	scenes->height = config->height;
	scenes->max_tiles = config->max_tiles < MAX_TILES ? config->max_tiles : MAX_TILES;
	scenes->random = config->seed * 2654435761u | 1;
	scenes->scene.tiles = scenes->tiles;
	new_layout(scenes);
	return scenes;
}

void tess_scenes_free(struct tess_scenes *scenes)
{
	if (!scenes)
		return;
	drop_tiles(scenes);
	picture_unref(scenes->backdrop);
	free(scenes);
}

/* the canvas while it is painted */
struct paint {
	uint8_t *planes[3];
	uint8_t *scale; /* may be NULL */
	int width, height;
};

static void paint_scale(const struct paint *paint, const struct tess_rect *rect, int scale)
{
	for (int y = rect->y; paint->scale && y < rect->y + rect->height; y++)
		memset(paint->scale + (size_t)y * paint->width + rect->x, scale,
		       (size_t)rect->width);
}

static void paint_color(const struct paint *paint, const struct tess_rect *rect,
			const uint8_t yuv[3])
{
	for (int k = 0; k < 3; k++) {
		int shift = k > 0;
		for (int y = rect->y >> shift; y < (rect->y + rect->height) >> shift; y++)
			memset(paint->planes[k] + (size_t)y * (paint->width >> shift) +
				       (rect->x >> shift),
			       yuv[k], (size_t)(rect->width >> shift));
	}
	paint_scale(paint, rect, TESS_SCENES_AS_IT_IS);
}

/* put planes of rect's size on it, but only what is inside clip */
static void paint_planes(const struct paint *paint, uint8_t *const planes[3],
			 const struct tess_rect *rect, const struct tess_rect *clip)
{
	for (int k = 0; k < 3; k++) {
		int shift = k > 0, width = rect->width >> shift;
		for (int y = clip->y >> shift; y < (clip->y + clip->height) >> shift; y++)
			memcpy(paint->planes[k] + (size_t)y * (paint->width >> shift) +
				       (clip->x >> shift),
			       planes[k] + (size_t)(y - (rect->y >> shift)) * width +
				       ((clip->x - rect->x) >> shift),
			       (size_t)(clip->width >> shift));
	}
}

/* of num / den; what lies in the middle of two goes up */
static int nearest_even(long long num, long long den, int most)
{
	int even = (int)((num + den) / (2 * den)) * 2;
	return even < 2 ? 2 : even > most ? most : even;
}

/* which part of the picture goes where */
static void place(const struct picture *picture, const struct tess_rect *rect,
		  enum tess_render render, struct tess_rect *source, struct tess_rect *target)
{
	/* the sides that the picture is shown with, and the tile's */
	long long across = (long long)picture->width * picture->surface->sar_num;
	long long down = (long long)picture->height * picture->surface->sar_den;
	long long width = rect->width, height = rect->height;
	bool crop = render == TESS_RENDER_CROP, wide = across * height > down * width;
	*source = (struct tess_rect){0, 0, picture->width, picture->height};
	*target = *rect;
	if (render == TESS_RENDER_STRETCH)
		return;
	if (crop && wide) {
		source->width = nearest_even(down * width, height * picture->surface->sar_num,
					     picture->width);
		source->x = (picture->width - source->width) / 4 * 2;
	} else if (crop) {
		source->height = nearest_even(across * height, width * picture->surface->sar_den,
					      picture->height);
		source->y = (picture->height - source->height) / 4 * 2;
	} else if (wide) {
		target->height = nearest_even(width * down, across, rect->height);
		target->y += (rect->height - target->height) / 4 * 2;
	} else {
		target->width = nearest_even(height * across, down, rect->width);
		target->x += (rect->width - target->width) / 4 * 2;
	}
}

static int scale_of(const struct tess_rect *source, const struct tess_rect *target)
{
	if (target->width > source->width || target->height > source->height)
		return TESS_SCENES_ENLARGED;
	if (target->width < source->width || target->height < source->height)
		return TESS_SCENES_REDUCED;
	return TESS_SCENES_AS_IT_IS;
}

/* scale a picture to target, and put on the canvas what of that is inside clip */
static void paint_picture(const struct paint *paint, const struct picture *picture,
			  const struct tess_rect *source, const struct tess_rect *target,
			  const struct tess_rect *clip)
{
	size_t luma = (size_t)target->width * target->height;
	uint8_t *scaled = need(malloc(luma * 3 / 2));
	uint8_t *const planes[3] = {scaled, scaled + luma, scaled + luma * 5 / 4};
	int half = picture->width / 2, target_half = target->width / 2;
	size_t chroma = (size_t)(source->y / 2) * half + source->x / 2;
	if (I420Scale(picture->planes[0] + (size_t)source->y * picture->width + source->x,
		      picture->width, picture->planes[1] + chroma, half,
		      picture->planes[2] + chroma, half, source->width, source->height, planes[0],
		      target->width, planes[1], target_half, planes[2], target_half, target->width,
		      target->height, kFilterBilinear) != 0)
		need(NULL);
	paint_planes(paint, planes, target, clip);
	paint_scale(paint, clip, scale_of(source, target));
	free(scaled);
}

static void paint_ground(const struct tess_scenes *scenes, const struct paint *paint,
			 const struct tess_rect *rect)
{
	if (scenes->backdrop) {
		const struct tess_rect canvas = {0, 0, paint->width, paint->height};
		struct tess_rect source, target;
		place(scenes->backdrop, &canvas, TESS_RENDER_CROP, &source, &target);
		paint_picture(paint, scenes->backdrop, &source, &target, rect);
	} else {
		uint8_t yuv[3];
		color_of(scenes->scene.background, yuv);
		paint_color(paint, rect, yuv);
	}
}

static void paint_watermark(const struct paint *paint, const struct picture *picture,
			    const struct tess_rect *rect)
{
	for (int k = 0; k < 3; k++) {
		int shift = k > 0, width = rect->width >> shift;
		for (int y = 0; y < rect->height >> shift; y++)
			for (int x = 0; x < width; x++) {
				uint8_t *to =
					paint->planes[k] +
					(size_t)(y + (rect->y >> shift)) * (paint->width >> shift) +
					x + (rect->x >> shift);
				int alpha = picture->planes[k ? 4 : 3][y * width + x];
				int above = picture->planes[k][y * width + x];
				*to = (uint8_t)((*to * (255 - alpha) + above * alpha + 127) / 255);
			}
	}
}

static bool on_border(const struct tess_rect *rect, int border, int x, int y)
{
	return x < rect->x + border || y < rect->y + border ||
	       x >= rect->x + rect->width - border || y >= rect->y + rect->height - border;
}

static void paint_border(const struct paint *paint, const struct tess_tile *tile)
{
	const struct tess_rect *rect = &tile->rect;
	uint8_t yuv[3];
	color_of(tile->border_color, yuv);
	for (int y = rect->y; y < rect->y + rect->height; y += 2)
		for (int x = rect->x; x < rect->x + rect->width; x += 2)
			if (on_border(rect, tile->border, x, y))
				paint_color(paint, &(struct tess_rect){x, y, 2, 2}, yuv);
}

static void paint_tile(const struct tess_scenes *scenes, const struct paint *paint, unsigned i)
{
	static const uint8_t black[3] = {16, 128, 128};
	const struct tess_tile *tile = &scenes->tiles[i];
	const struct picture *picture = scenes->pictures[i];
	if (is_alpha(scenes, i)) {
		paint_watermark(paint, picture, &tile->rect);
		return;
	}
	if (picture && tile->render == TESS_RENDER_FIT)
		paint_ground(scenes, paint, &tile->rect);
	else
		paint_color(paint, &tile->rect, black);
	if (picture) {
		struct tess_rect source, target;
		place(picture, &tile->rect, tile->render, &source, &target);
		paint_picture(paint, picture, &source, &target, &target);
	}
	paint_border(paint, tile);
}

void tess_scenes_paint(const struct tess_scenes *scenes, uint8_t *i420, uint8_t *scale)
{
	size_t luma = (size_t)scenes->width * scenes->height;
	const struct paint paint = {
		.planes = {i420, i420 + luma, i420 + luma * 5 / 4},
		.scale = scale,
		.width = scenes->width,
		.height = scenes->height,
	};
	paint_ground(scenes, &paint, &(struct tess_rect){0, 0, paint.width, paint.height});
	for (unsigned i = 0; i < scenes->scene.count; i++)
		paint_tile(scenes, &paint, i);
}
