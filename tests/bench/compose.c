/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-compose WIDTH HEIGHT [ROUNDS]: what the software compositor costs for 16 tiles of 640x360
 * on a canvas, in a grid of 4 x 4. Three things take turns in each round, and each round gives one
 * ratio of each; printed are the medians:
 *   libyuv  I420Scale of the sixteen pictures into a canvas: what cannot be avoided
 *   all     the compositor, all tiles new
 *   one     the compositor, one tile of sixteen new
 * Each tile goes through several pictures, so that none is in a cache from its last use. Times are
 * CPU time of the process.
 */
#include <libyuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/decode_soft/frame_pool.h"
#include "drivers/engine_soft/soft.h"

#define TILES	    16
#define SIDE	    4
#define GENERATIONS 6
#define PICTURE_W   640
#define PICTURE_H   360
#define DRAWS	    4 /* of everything in one round */
#define MAX_ROUNDS  4096

static const struct tess_engine_driver *driver = &tess_engine_soft;

struct bench {
	struct tess_engine *engine;
	struct tess_compositor *compositor;
	struct tess_surface *pictures[TILES][GENERATIONS];
	struct tess_tile tiles[TILES];
	struct tess_scene scene;
	AVFrame *canvas; /* libyuv's */
	int width, height;
	unsigned generation;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-compose: %s\n", what);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* a picture like a decoder's: rows begin on cache lines */
static struct tess_surface *picture(struct bench *bench, struct tess_frame_pool *pool,
				    unsigned seed)
{
	struct soft_surface *surface = soft_surface_new((struct soft_engine *)bench->engine);
	if (!surface || tess_frame_pool_get(pool, surface->pooled.frame, PICTURE_W, PICTURE_H) != 0)
		die("out of memory");
	for (int i = 0; i < 3; i++) {
		size_t bytes = (size_t)surface->pooled.frame->linesize[i] * (PICTURE_H >> (i > 0));
		for (size_t k = 0; k < bytes; k++) {
			seed = seed * 1664525 + 1013904223;
			surface->pooled.frame->data[i][k] = (uint8_t)(16 + (seed >> 24) * 7 / 8);
		}
	}
	surface->pooled.base.width = PICTURE_W;
	surface->pooled.base.height = PICTURE_H;
	surface->pooled.base.capture_us = seed;
	return &surface->pooled.base;
}

static void prepare(struct bench *bench)
{
	struct tess_frame_pool pictures = {0}, canvases = {0};
	bench->canvas = av_frame_alloc();
	if (driver->open(&bench->engine, &(struct tess_engine_config){0}) != 0 ||
	    driver->compositor_open(&bench->compositor, bench->engine, (uint16_t)bench->width,
				    (uint16_t)bench->height) != 0 ||
	    !bench->canvas ||
	    tess_frame_pool_get(&canvases, bench->canvas, bench->width, bench->height) != 0)
		die("cannot open the engine");
	int width = bench->width / SIDE & ~1, height = bench->height / SIDE & ~1;
	for (int i = 0; i < TILES; i++) {
		bench->tiles[i].rect =
			(struct tess_rect){i % SIDE * width, i / SIDE * height, width, height};
		bench->tiles[i].render = TESS_RENDER_CROP;
		for (unsigned k = 0; k < GENERATIONS; k++)
			bench->pictures[i][k] =
				picture(bench, &pictures, (unsigned)i * GENERATIONS + k);
		bench->tiles[i].surface = bench->pictures[i][0];
	}
	bench->scene = (struct tess_scene){.tiles = bench->tiles, .count = TILES};
}

static void next(struct bench *bench, unsigned tile)
{
	bench->tiles[tile].surface = bench->pictures[tile][bench->generation % GENERATIONS];
}

static struct tess_surface *draw(struct bench *bench)
{
	struct tess_surface *canvas;
	if (driver->compositor_draw(bench->compositor, &bench->scene, &canvas) != 0)
		die("cannot draw");
	return canvas;
}

static void scale_all(struct bench *bench)
{
	const AVFrame *to = bench->canvas;
	bench->generation++;
	for (unsigned i = 0; i < TILES; i++) {
		next(bench, i);
		const AVFrame *from =
			((struct soft_surface *)bench->tiles[i].surface)->pooled.frame;
		const struct tess_rect *rect = &bench->tiles[i].rect;
		ptrdiff_t luma = (ptrdiff_t)rect->y * to->linesize[0] + rect->x;
		ptrdiff_t chroma = (ptrdiff_t)(rect->y / 2) * to->linesize[1] + rect->x / 2;
		I420Scale(from->data[0], from->linesize[0], from->data[1], from->linesize[1],
			  from->data[2], from->linesize[2], PICTURE_W, PICTURE_H,
			  to->data[0] + luma, to->linesize[0], to->data[1] + chroma,
			  to->linesize[1], to->data[2] + chroma, to->linesize[2], rect->width,
			  rect->height, kFilterBilinear);
	}
}

static void draw_all(struct bench *bench)
{
	bench->generation++;
	for (unsigned i = 0; i < TILES; i++)
		next(bench, i);
	tess_surface_unref(draw(bench));
}

/* as many draws as tiles, each with another tile new */
static void draw_each(struct bench *bench)
{
	bench->generation++;
	for (unsigned i = 0; i < TILES; i++) {
		next(bench, i);
		tess_surface_unref(draw(bench));
	}
}

/* nanoseconds of one call */
static double measure(struct bench *bench, void (*work)(struct bench *bench))
{
	double begin = cpu_ns();
	for (int i = 0; i < DRAWS; i++)
		work(bench);
	return (cpu_ns() - begin) / DRAWS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

/* the compositor must have drawn what libyuv draws */
static void check(struct bench *bench)
{
	draw_all(bench);
	bench->generation--;
	scale_all(bench);
	struct tess_surface *canvas = draw(bench);
	const AVFrame *got = ((struct soft_surface *)canvas)->pooled.frame, *want = bench->canvas;
	for (int i = 0; i < 3; i++)
		for (int y = 0; y < bench->height >> (i > 0); y++)
			if (memcmp(got->data[i] + (ptrdiff_t)y * got->linesize[i],
				   want->data[i] + (ptrdiff_t)y * want->linesize[i],
				   (size_t)(bench->width >> (i > 0))) != 0)
				die("the canvases differ");
	tess_surface_unref(canvas);
}

int main(int argc, char **argv)
{
	static double libyuv[MAX_ROUNDS], all[MAX_ROUNDS], one[MAX_ROUNDS], all_ratio[MAX_ROUNDS],
		one_ratio[MAX_ROUNDS];
	if (argc < 3)
		die("usage: bench-compose WIDTH HEIGHT [ROUNDS]");
	struct bench bench = {.width = atoi(argv[1]), .height = atoi(argv[2])};
	int rounds = argc > 3 ? atoi(argv[3]) : 300;
	if (rounds < 1 || rounds > MAX_ROUNDS)
		die("too few or too many rounds");
	prepare(&bench);
	check(&bench);
	for (int i = 0; i < rounds; i++) {
		libyuv[i] = measure(&bench, scale_all);
		all[i] = measure(&bench, draw_all);
		one[i] = measure(&bench, draw_each) / TILES;
		all_ratio[i] = all[i] / libyuv[i];
		one_ratio[i] = one[i] / all[i];
	}
	double pixels = (double)bench.width * bench.height;
	printf("libyuv=%.4f all=%.4f one=%.4f all_to_libyuv=%.4f one_to_all=%.5f\n",
	       median(libyuv, rounds) / pixels, median(all, rounds) / pixels,
	       median(one, rounds) / pixels, median(all_ratio, rounds), median(one_ratio, rounds));
	driver->compositor_close(bench.compositor);
	for (int i = 0; i < TILES; i++)
		for (int k = 0; k < GENERATIONS; k++)
			tess_surface_unref(bench.pictures[i][k]);
	driver->close(bench.engine);
	av_frame_free(&bench.canvas);
	return 0;
}
