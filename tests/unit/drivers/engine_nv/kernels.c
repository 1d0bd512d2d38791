/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/kernels.c - the kernels, as functions of the host, against libyuv
 * and the arithmetic of drivers/compose.
 *
 * usage: kernels LIBRARY, a host build of kernels.cu or of kernels.ptx
 */
#include <dlfcn.h>
#include <libyuv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/compose/color.h"
#include "drivers/engine_nv/gpu.h"
#include "drivers/engine_nv/scale.h"

/* a picture of noise; rows are followed by padding, which no kernel may touch */
struct picture {
	int width, height, pitch;
	uint8_t *nv12, *i420;
};

#define PADDING	   14
#define PADDING_IS 0xa5

#define EXPORTED __attribute__((visibility("default"))) /* for the library */
EXPORTED _Thread_local struct tess_gpu_dimension tess_gpu_tid, tess_gpu_ntid, tess_gpu_ctaid;

static void *kernels;

/* what the kernel at hand may read and write */
static const struct picture *source, *target;
static const uint8_t *alpha;
static size_t alpha_bytes;

static bool inside(const uint8_t *at, const struct picture *picture)
{
	return picture && at >= picture->nv12 &&
	       at < picture->nv12 + picture->pitch * picture->height * 3 / 2 &&
	       (at - picture->nv12) % picture->pitch < picture->width;
}

EXPORTED unsigned char *tess_gpu_host_address(unsigned long long address, long long offset,
					      int write)
{
	unsigned char *at = (unsigned char *)(uintptr_t)(address + (unsigned long long)offset);
	if (!inside(at, target) &&
	    (write || (!inside(at, source) && !(at >= alpha && at < alpha + alpha_bytes))))
		fail_msg("a kernel %s outside its pictures", write ? "writes" : "reads");
	return at;
}

/* a block that divides few sizes, so that threads outside are there */
static void launch(const char *kernel, void *arg, int width, int height)
{
	void (*thread)(void **) = (void (*)(void **))dlsym(kernels, kernel);
	assert_non_null(thread);
	void *parameters[] = {arg};
	struct tess_gpu_dimension *block = &tess_gpu_ctaid, *at = &tess_gpu_tid;
	tess_gpu_ntid = (struct tess_gpu_dimension){8, 4, 1};
	for (block->y = 0; block->y < (unsigned)(height / 2 + 3) / 4; block->y++)
		for (block->x = 0; block->x < (unsigned)(width / 2 + 7) / 8; block->x++)
			for (at->y = 0; at->y < 4; at->y++)
				for (at->x = 0; at->x < 8; at->x++)
					thread(parameters);
}

static void to_i420(struct picture *picture)
{
	int width = picture->width, height = picture->height;
	uint8_t *u = picture->i420 + width * height, *v = u + width * height / 4;
	NV12ToI420(picture->nv12, picture->pitch, picture->nv12 + picture->pitch * height,
		   picture->pitch, picture->i420, width, u, width / 2, v, width / 2, width, height);
}

static struct picture picture_new(int width, int height)
{
	struct picture picture = {.width = width, .height = height, .pitch = width + PADDING};
	size_t bytes = (size_t)picture.pitch * height * 3 / 2;
	picture.nv12 = malloc(bytes);
	picture.i420 = malloc((size_t)width * height * 3 / 2);
	assert_non_null(picture.nv12);
	assert_non_null(picture.i420);
	memset(picture.nv12, PADDING_IS, bytes);
	for (int row = 0; row < height * 3 / 2; row++)
		for (int x = 0; x < width; x++)
			picture.nv12[row * picture.pitch + x] = (uint8_t)rand();
	to_i420(&picture);
	return picture;
}

static void picture_free(struct picture *picture)
{
	free(picture->nv12);
	free(picture->i420);
}

static int even(int least, int most)
{
	return least + rand() % ((most - least) / 2 + 1) * 2;
}

static struct nv_picture_arg picture_arg(const struct picture *from, const struct picture *to)
{
	return (struct nv_picture_arg){
		.from_luma = (uintptr_t)from->nv12,
		.from_chroma = (uintptr_t)from->nv12 + (unsigned)(from->pitch * from->height),
		.to_luma = (uintptr_t)to->nv12,
		.to_chroma = (uintptr_t)to->nv12 + (unsigned)(to->pitch * to->height),
		.from_pitch = from->pitch,
		.to_pitch = to->pitch,
		.width = to->width,
		.height = to->height,
		.luma = nv_scale_choose(from->width, from->height, to->width, to->height),
		.chroma = nv_scale_choose(from->width / 2, from->height / 2, to->width / 2,
					  to->height / 2),
	};
}

/* I420 of the picture scaled by libyuv; free() it */
static uint8_t *scaled_by_libyuv(const struct picture *from, int width, int height)
{
	int pixels = from->width * from->height;
	const uint8_t *u = from->i420 + pixels, *v = u + pixels / 4;
	uint8_t *to = malloc((size_t)width * height * 3 / 2);
	assert_non_null(to);
	uint8_t *to_u = to + width * height, *to_v = to_u + width * height / 4;
	assert_int_equal(I420Scale(from->i420, from->width, u, from->width / 2, v, from->width / 2,
				   from->width, from->height, to, width, to_u, width / 2, to_v,
				   width / 2, width, height, kFilterBilinear),
			 0);
	return to;
}

static int modes[NV_SCALE_TWICE + 1]; /* how often each was met, in luma or chroma */

/* identical to libyuv's, whatever the ratio */
static void check(int from_width, int from_height, int to_width, int to_height)
{
	struct picture from = picture_new(from_width, from_height);
	struct picture to = picture_new(to_width, to_height);
	struct nv_picture_arg arg = picture_arg(&from, &to);
	uint8_t *want = scaled_by_libyuv(&from, to_width, to_height);
	source = &from;
	target = &to;
	launch("tess_gpu_launch_nv_picture", &arg, to_width, to_height);
	to_i420(&to);
	if (memcmp(to.i420, want, (size_t)to_width * to_height * 3 / 2) != 0)
		fail_msg("%dx%d to %dx%d, luma by way %d, chroma by %d", from_width, from_height,
			 to_width, to_height, arg.luma.mode, arg.chroma.mode);
	modes[arg.luma.mode]++;
	modes[arg.chroma.mode]++;
	free(want);
	picture_free(&from);
	picture_free(&to);
}

static void scales_as_libyuv(void **state)
{
	(void)state;
	srand(1);
	memset(modes, 0, sizeof(modes));
	/* what mixes do */
	check(640, 360, 426, 240);
	check(1280, 720, 318, 178);
	check(320, 180, 426, 240);
	for (int i = 0; i < 150; i++) {
		check(even(2, 300), even(2, 200), even(2, 300), even(2, 200));
		check(even(2, 24), even(2, 24), even(2, 24), even(2, 24));
		int k = 1 + rand() % 40, l = 1 + rand() % 20;
		/* the exact ratios that libyuv has own ways for */
		check(8 * k, 8 * l, 6 * k, 6 * l);
		check(16 * k, 16 * l, 6 * k, 6 * l);
		check(4 * k, 4 * l, 2 * k, 2 * l);
		check(8 * k, 8 * l, 2 * k, 2 * l);
		check(6 * k, 6 * l, 2 * k, 2 * l);
		check(2 * k, 2 * l, 4 * k, 4 * l);
		check(2 * k, 2 * l, 2 * k, 2 * l);
		/* chroma doubles to an odd size, luma does not */
		check(2 * k + 2, 2 * l + 2, 4 * k + 2, 4 * l + 2);
		/* one direction is special, or a plane is one sample wide or high */
		check(2 * k, 2 * l, 4 * k, 2 * l);
		check(6 * k, 2 * l, 2 * k, 2 * l);
		check(2 * k, 6 * l, 2 * k, 2 * l);
		check(2 * k, 6 * l, 4 * k, 2 * l);
		check(2 * k, 2 * l, 2 * k, even(2, 80));
		check(2 * k, 2 * l, even(2, 80), 2 * l);
		check(2, 2 * l, 2 * k, even(2, 80));
		check(2 * k, 2, 4 * k, even(2, 80));
	}
	for (int mode = NV_SCALE_COPY; mode <= NV_SCALE_TWICE; mode++)
		assert_true(modes[mode] > 100);
}

/* a part of the scaled image is the same as that part of all of it */
static void window_of_an_image(void **state)
{
	(void)state;
	srand(2);
	for (int i = 0; i < 40; i++) {
		struct picture from = picture_new(even(2, 120), even(2, 80));
		int width = even(2, 200), height = even(2, 120);
		uint8_t *whole = scaled_by_libyuv(&from, width, height);
		int x = even(0, width - 2), y = even(0, height - 2);
		struct picture to = picture_new(even(2, width - x), even(2, height - y));
		struct nv_picture_arg arg = picture_arg(&from, &to);
		arg.luma = nv_scale_choose(from.width, from.height, width, height);
		arg.chroma =
			nv_scale_choose(from.width / 2, from.height / 2, width / 2, height / 2);
		arg.x = x;
		arg.y = y;
		source = &from;
		target = &to;
		launch("tess_gpu_launch_nv_picture", &arg, to.width, to.height);
		to_i420(&to);
		for (int row = 0; row < to.height; row++)
			assert_memory_equal(to.i420 + row * to.width, whole + (y + row) * width + x,
					    (size_t)to.width);
		for (int row = 0; row < to.height / 2 * 2; row++) { /* u, then v */
			int plane = row / (to.height / 2), line = row % (to.height / 2);
			assert_memory_equal(to.i420 + to.width * to.height + row * to.width / 2,
					    whole + width * height + plane * width * height / 4 +
						    (y / 2 + line) * width / 2 + x / 2,
					    (size_t)to.width / 2);
		}
		free(whole);
		picture_free(&from);
		picture_free(&to);
	}
}

static void full_range_becomes_limited(void **state)
{
	(void)state;
	srand(3);
	struct picture from = picture_new(64, 48), to = picture_new(64, 48);
	struct nv_picture_arg arg = picture_arg(&from, &to);
	arg.full_range = 1;
	source = &from;
	target = &to;
	launch("tess_gpu_launch_nv_picture", &arg, 64, 48);
	to_i420(&to);
	for (int i = 0; i < 64 * 48 * 3 / 2; i++)
		assert_int_equal(
			to.i420[i],
			tess_compose_limited(from.i420[i], i < 64 * 48 ? TESS_COMPOSE_LUMA_SPAN
								       : TESS_COMPOSE_CHROMA_SPAN));
	picture_free(&from);
	picture_free(&to);
}

static void fill(void **state)
{
	(void)state;
	srand(4);
	struct picture to = picture_new(70, 30);
	struct nv_fill_arg arg = {
		.to_luma = (uintptr_t)to.nv12,
		.to_chroma = (uintptr_t)to.nv12 + (unsigned)(to.pitch * to.height),
		.pitch = to.pitch,
		.width = to.width,
		.height = to.height,
		.y = 60,
		.u = 70,
		.v = 80,
	};
	source = NULL;
	target = &to;
	launch("tess_gpu_launch_nv_fill", &arg, to.width, to.height);
	to_i420(&to);
	for (int i = 0; i < 70 * 30 * 3 / 2; i++)
		assert_int_equal(to.i420[i], i < 70 * 30 ? 60 : i < 70 * 30 * 5 / 4 ? 70 : 80);
	picture_free(&to);
}

static void blend(void **state)
{
	(void)state;
	srand(5);
	enum { WIDTH = 70, HEIGHT = 30, PIXELS = WIDTH * HEIGHT };
	struct picture from = picture_new(WIDTH, HEIGHT), to = picture_new(WIDTH, HEIGHT);
	uint8_t planes[PIXELS * 5 / 4], below[PIXELS * 3 / 2];
	for (int i = 0; i < PIXELS * 5 / 4; i++)
		planes[i] = (uint8_t)(i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : rand());
	memcpy(below, to.i420, sizeof(below));
	struct nv_blend_arg arg = {
		.from_luma = (uintptr_t)from.nv12,
		.from_chroma = (uintptr_t)from.nv12 + (unsigned)(from.pitch * HEIGHT),
		.alpha = (uintptr_t)planes,
		.chroma_alpha = (uintptr_t)planes + PIXELS,
		.to_luma = (uintptr_t)to.nv12,
		.to_chroma = (uintptr_t)to.nv12 + (unsigned)(to.pitch * HEIGHT),
		.from_pitch = from.pitch,
		.alpha_pitch = WIDTH,
		.to_pitch = to.pitch,
		.width = WIDTH,
		.height = HEIGHT,
	};
	source = &from;
	target = &to;
	alpha = planes;
	alpha_bytes = sizeof(planes);
	launch("tess_gpu_launch_nv_blend", &arg, WIDTH, HEIGHT);
	alpha = NULL;
	alpha_bytes = 0;
	to_i420(&to);
	for (int i = 0; i < PIXELS * 3 / 2; i++) {
		uint8_t above = i < PIXELS * 5 / 4 ? planes[i] : planes[i - PIXELS / 4];
		assert_int_equal(to.i420[i], tess_compose_blend(below[i], from.i420[i], above));
	}
	picture_free(&from);
	picture_free(&to);
}

int main(int argc, char **argv)
{
	kernels = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (!kernels) {
		fprintf(stderr, "usage: %s LIBRARY\n", argv[0]);
		return 2;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scales_as_libyuv),
		cmocka_unit_test(window_of_an_image),
		cmocka_unit_test(full_range_becomes_limited),
		cmocka_unit_test(fill),
		cmocka_unit_test(blend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
