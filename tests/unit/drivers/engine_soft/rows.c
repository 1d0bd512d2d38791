/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures scaled row by row while they are decoded: when they are, and that the result is what
 * scaling the whole picture gives, however the stream is cut, damaged or reordered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode_soft/decode_soft.h"
#include "drivers/engine_soft/ahead.h"
#include "drivers/engine_soft/area.h"
#include "h264.h"

#define PICTURES 24

struct world {
	struct tess_decode_soft *decoder;
	struct soft_ahead ahead;
	unsigned pictures, by_rows; /* came out; were whole before they did */
};

static void open_world(struct world *world)
{
	*world = (struct world){0};
	assert_int_equal(tess_decode_soft_open(&world->decoder, TESS_CODEC_H264), 0);
	assert_int_equal(soft_ahead_open(&world->ahead), 0);
	tess_decode_soft_watch(world->decoder, soft_ahead_rows, &world->ahead);
}

static void close_world(struct world *world)
{
	tess_decode_soft_close(world->decoder);
	soft_ahead_close(&world->ahead);
}

/* What the decoder's pictures are drawn as from now on. */
static void draw_as(struct world *world, struct tess_rect source, int width, int height)
{
	const struct soft_surface drawn = {.view = world->ahead.view};
	(void)soft_scaled_ahead(&drawn, &source, width, height);
}

static void assert_plane_equal(const AVFrame *a, const AVFrame *b, int plane)
{
	int shift = plane > 0;
	for (int y = 0; y < a->height >> shift; y++)
		assert_memory_equal(a->data[plane] + (ptrdiff_t)y * a->linesize[plane],
				    b->data[plane] + (ptrdiff_t)y * b->linesize[plane],
				    (size_t)(a->width >> shift));
}

/* What was scaled of the picture is what scaling it now gives. */
static void assert_same(const AVFrame *picture, const AVFrame *scaled,
			const struct tess_rect *source)
{
	const struct tess_rect whole = {0, 0, scaled->width, scaled->height};
	struct tess_frame_pool pool = {0};
	AVFrame *want = av_frame_alloc();
	assert_non_null(want);
	assert_int_equal(tess_frame_pool_get(&pool, want, scaled->width, scaled->height), 0);
	assert_int_equal(soft_scale(picture, source, want, &whole), 0);
	for (int plane = 0; plane < 3; plane++)
		assert_plane_equal(scaled, want, plane);
	av_frame_free(&want);
	tess_frame_pool_close(&pool);
}

static void decode(struct world *world, const uint8_t *data, size_t length)
{
	struct soft_surface surface = {.pooled.frame = av_frame_alloc()};
	struct soft_ahead *ahead = &world->ahead;
	assert_non_null(surface.pooled.frame);
	if (tess_decode_soft_decode(world->decoder, data, length, 0, surface.pooled.frame) > 0) {
		const AVFrame *before = ahead->frame;
		bool whole = before && ahead->done == ahead->source.height;
		soft_ahead_finish(ahead, &surface);
		world->pictures++;
		world->by_rows += whole && surface.ahead == before;
		if (surface.ahead)
			assert_same(surface.pooled.frame, surface.ahead, &surface.ahead_source);
		av_frame_free(&surface.ahead);
		soft_view_unref(surface.view);
	}
	av_frame_free(&surface.pooled.frame);
}

struct form {
	const char *options;
	int width, height;	 /* of the stream */
	struct tess_rect source; /* what is drawn of it */
	int to_width, to_height;
	bool by_rows;
};

static const struct form forms[] = {
	{"tune=zerolatency", 640, 360, {0, 0, 640, 360}, 320, 180, true},
	{"tune=zerolatency", 1280, 720, {0, 0, 1280, 720}, 320, 180, true},
	{"tune=zerolatency", 960, 540, {0, 0, 960, 540}, 320, 180, true},
	{"tune=zerolatency:slices=5", 640, 360, {0, 0, 640, 360}, 320, 180, true},
	{"tune=zerolatency:flags=-loop", 640, 360, {0, 0, 640, 360}, 160, 90, true},
	{"tune=zerolatency", 638, 358, {0, 0, 638, 356}, 300, 178, true},   /* cropped */
	{"tune=zerolatency", 640, 360, {140, 36, 360, 324}, 90, 162, true}, /* a part */
	{"tune=zerolatency", 640, 360, {0, 0, 640, 360}, 426, 240, false},  /* 3 to 2 */
	{"tune=zerolatency:x264-params=interlaced=1", 640, 384, {0, 0, 640, 384}, 320, 192, true},
	{"bf=2", 640, 360, {0, 0, 640, 360}, 320, 180, false},
};

static void gives_what_scaling_the_whole_gives(void **state)
{
	(void)state;
	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		const struct form *form = &forms[f];
		struct h264_stream stream;
		struct world world;
		open_world(&world);
		draw_as(&world, form->source, form->to_width, form->to_height);
		h264_encode(&stream, AV_PIX_FMT_YUV420P, form->width, form->height, PICTURES,
			    form->options);
		for (unsigned i = 0; i < stream.count; i++)
			decode(&world, stream.units[i].data, stream.units[i].length);
		assert_in_range(world.pictures, PICTURES - 3, PICTURES);
		if (form->by_rows)
			assert_int_equal(world.by_rows, world.pictures);
		h264_free(&stream);
		close_world(&world);
	}
}

/* bytes that are other ones, units that end too soon, and slices that are missing */
static void damage(uint8_t *data, size_t *length)
{
	switch (rand() % 3) {
	case 0:
		for (int i = rand() % 4; i >= 0; i--)
			data[(size_t)rand() % *length] ^= (uint8_t)(1 + rand() % 255);
		break;
	case 1:
		*length -= (size_t)rand() % (*length / 2);
		break;
	default: {
		size_t from = *length / 4 + (size_t)rand() % (*length / 2);
		size_t gone = (size_t)rand() % (*length / 4);
		memmove(data + from, data + from + gone, *length - from - gone);
		*length -= gone;
	}
	}
}

static void damaged_pictures(void **state)
{
	static const char *const options[] = {"tune=zerolatency:g=6",
					      "tune=zerolatency:g=6:slices=6",
					      "tune=zerolatency:g=6:slices=3:flags=-loop"};
	(void)state;
	srand(7);
	for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
		struct h264_stream stream;
		struct world world;
		open_world(&world);
		draw_as(&world, (struct tess_rect){0, 0, 320, 192}, 160, 96);
		h264_encode(&stream, AV_PIX_FMT_YUV420P, 320, 192, 200, options[o]);
		for (unsigned i = 0; i < stream.count; i++) {
			size_t length = stream.units[i].length;
			if (rand() % 2)
				damage(stream.units[i].data, &length);
			decode(&world, stream.units[i].data, length);
		}
		assert_in_range(world.pictures, 100, 200);
		assert_in_range(world.by_rows, 20, world.pictures);
		h264_free(&stream);
		close_world(&world);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_what_scaling_the_whole_gives),
		cmocka_unit_test(damaged_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
