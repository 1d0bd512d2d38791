/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/engine/measure.c - how much an engine can do.
 */
#include "firmware/engine/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/engine/picture.h"

#define WIDTH	    1280
#define HEIGHT	    720
#define TILE_WIDTH  (WIDTH / 2)
#define TILE_HEIGHT (HEIGHT / 2)
#define TILES	    4
/* two moments of each tile's picture, which take turns; larger than the tile, as they come */
#define MOMENTS	       2
#define PICTURE_WIDTH  960
#define PICTURE_HEIGHT 540
#define RATE	       15
/* for each kind of work, and so often: others on the machine slow some of it down, the best counts
 */
#define TRIES	   3
#define BUDGET_US  INT64_C(30000)
#define MIN_ROUNDS 4
#define MAX_ROUNDS 512
/* that are not counted: what a codec sets up at its beginning */
#define WARM_UP 2
/* what was encoded and is to be decoded */
#define MAX_UNITS   32
#define MAX_BYTES   (8u << 20)
#define BITRATE_BPS 1500000

struct unit {
	size_t at, length;
};

struct trial {
	struct tess_engine *engine;
	const struct tess_engine_driver *driver;
	const struct tess_clock *clock;
	const char *what;
	struct tess_surface *pictures[MOMENTS][TILES];
	struct tess_compositor *compositors[MOMENTS];
	struct tess_surface *canvases[MOMENTS];
	unsigned moment; /* on the first canvas */
	struct tess_encoder *encoder;
	struct tess_decoder *decoder;
	int64_t pts_us;
	uint8_t *bytes;
	size_t length;
	struct unit units[MAX_UNITS];
	unsigned unit_count;
};

/* Do @p round for one picture after the other until the budget is spent. */
static int repeat(struct trial *trial, int (*round)(struct trial *trial, unsigned number),
		  int64_t *spent_us, unsigned *rounds)
{
	int64_t begun_us = tess_clock_now_us(trial->clock);

	*spent_us = 0;
	for (*rounds = 0; *rounds < MIN_ROUNDS || (*rounds < MAX_ROUNDS && *spent_us < BUDGET_US);
	     ++*rounds) {
		int error = round(trial, *rounds);

		if (error)
			return error;
		*spent_us = tess_clock_now_us(trial->clock) - begun_us;
	}
	return 0;
}

static double megapixels(unsigned rounds, int64_t spent_us)
{
	return (double)rounds * WIDTH * HEIGHT / (double)(spent_us > 0 ? spent_us : 1);
}

static int upload(struct trial *trial)
{
	uint8_t *rgba = malloc((size_t)PICTURE_WIDTH * PICTURE_HEIGHT * 4);
	int error = rgba ? 0 : -ENOMEM;

	trial->what = "upload";
	for (unsigned i = 0; i < MOMENTS * TILES && !error; i++) {
		const struct tess_image image = tess_engine_picture(
			rgba, PICTURE_WIDTH, PICTURE_HEIGHT, i / MOMENTS, i % MOMENTS);

		error = trial->driver->upload(trial->engine, &image,
					      &trial->pictures[i % MOMENTS][i / MOMENTS]);
		if (error)
			trial->pictures[i % MOMENTS][i / MOMENTS] = NULL;
	}
	free(rgba);
	return error;
}

static int draw(struct trial *trial, struct tess_compositor *compositor, unsigned moment,
		struct tess_surface **surfacep)
{
	struct tess_tile tiles[TILES];
	const struct tess_scene scene = {.tiles = tiles, .count = TILES};

	for (unsigned i = 0; i < TILES; i++) {
		tiles[i] = (struct tess_tile){
			.rect = {(int32_t)(i % 2) * TILE_WIDTH, (int32_t)(i / 2) * TILE_HEIGHT,
				 TILE_WIDTH, TILE_HEIGHT},
			.render = TESS_RENDER_CROP,
			.surface = trial->pictures[moment][i],
		};
	}
	return trial->driver->compositor_draw(compositor, &scene, surfacep);
}

static int draw_next(struct trial *trial, struct tess_surface **surfacep)
{
	trial->moment = (trial->moment + 1) % MOMENTS;
	return draw(trial, trial->compositors[0], trial->moment, surfacep);
}

static int compose(struct trial *trial, unsigned number)
{
	struct tess_surface *canvas;
	int error = draw_next(trial, &canvas);

	(void)number;
	if (!error)
		tess_surface_unref(canvas);
	return error;
}

static int encode(struct trial *trial, unsigned number)
{
	struct tess_encoded encoded;
	int error;

	trial->pts_us += 1000000 / RATE;
	error = trial->driver->encoder_encode(trial->encoder, trial->canvases[number % MOMENTS],
					      trial->pts_us, false, &encoded);
	if (error || !encoded.length)
		return error;
	if (trial->unit_count < MAX_UNITS && encoded.length <= MAX_BYTES - trial->length) {
		memcpy(trial->bytes + trial->length, encoded.data, encoded.length);
		trial->units[trial->unit_count++] = (struct unit){trial->length, encoded.length};
		trial->length += encoded.length;
	}
	return 0;
}

/* Over and over: what was encoded begins with a key frame. */
static int decode(struct trial *trial, unsigned number)
{
	const struct unit *unit = &trial->units[number % trial->unit_count];
	struct tess_surface *surface;
	int error = trial->driver->decoder_decode(trial->decoder, trial->bytes + unit->at,
						  unit->length, number, &surface);

	if (!error)
		tess_surface_unref(surface);
	return error;
}

static int open_canvases(struct trial *trial)
{
	trial->what = "compose";
	for (unsigned i = 0; i < MOMENTS; i++) {
		int error = trial->driver->compositor_open(&trial->compositors[i], trial->engine,
							   WIDTH, HEIGHT);

		if (error) {
			trial->compositors[i] = NULL;
			return error;
		}
	}
	return 0;
}

/* The first one then shows moment 0. */
static int draw_canvases(struct trial *trial)
{
	for (unsigned i = 0; i < MOMENTS; i++) {
		int error = draw(trial, trial->compositors[i], i, &trial->canvases[i]);

		if (error) {
			trial->canvases[i] = NULL;
			return error;
		}
	}
	return 0;
}

static int open_encoder(struct trial *trial)
{
	const struct tess_encoder_config config = {
		.width = WIDTH,
		.height = HEIGHT,
		.frame_rate = RATE,
		.gop_frames = 3 * RATE,
		.bitrate_bps = BITRATE_BPS,
		.threads = 1,
	};
	int error;

	trial->what = "encode";
	trial->bytes = malloc(MAX_BYTES);
	if (!trial->bytes)
		return -ENOMEM;
	error = trial->driver->encoder_open(&trial->encoder, trial->engine, &config);
	if (error)
		trial->encoder = NULL;
	return error;
}

static int open_decoder(struct trial *trial)
{
	int error;

	trial->what = "decode";
	if (!trial->unit_count)
		return -EIO;
	error = trial->driver->decoder_open(&trial->decoder, trial->engine, TESS_CODEC_H264);
	if (error)
		trial->decoder = NULL;
	return error;
}

static void take_best(double *best, double megapixels_a_second)
{
	if (megapixels_a_second > *best)
		*best = megapixels_a_second;
}

/* The best of some tries, after what a codec sets up at its beginning. */
static int measure_codec(struct trial *trial, int (*round)(struct trial *trial, unsigned number),
			 double *capacity)
{
	int error = 0;

	for (unsigned i = 0; i < WARM_UP && !error; i++)
		error = round(trial, i);
	for (unsigned i = 0; i < TRIES && !error; i++) {
		int64_t spent_us;
		unsigned rounds;

		error = repeat(trial, round, &spent_us, &rounds);
		if (!error)
			take_best(capacity, megapixels(rounds, spent_us));
	}
	return error;
}

/* A device may still draw when the call has come back: it is done when the last one is encoded. */
static int try_compose(struct trial *trial, int64_t encode_us, double *capacity)
{
	int64_t begun_us = tess_clock_now_us(trial->clock), spent_us;
	unsigned rounds;
	int error = repeat(trial, compose, &spent_us, &rounds);

	if (error)
		return error;
	error = draw_next(trial, &trial->canvases[0]);
	if (error) {
		trial->canvases[0] = NULL;
		return error;
	}
	error = encode(trial, 0);
	spent_us = tess_clock_now_us(trial->clock) - begun_us;
	/* at least half of it was drawing */
	spent_us -= encode_us < spent_us / 2 ? encode_us : spent_us / 2;
	take_best(capacity, megapixels(rounds + 1, spent_us));
	return error;
}

static void drop_canvases(struct trial *trial)
{
	for (unsigned i = 0; i < MOMENTS; i++) {
		tess_surface_unref(trial->canvases[i]);
		trial->canvases[i] = NULL;
	}
}

static int measure_compose(struct trial *trial, double encode, double *capacity)
{
	int64_t encode_us = (int64_t)(WIDTH * HEIGHT / encode);
	int error = 0;

	trial->what = "compose";
	for (unsigned i = 0; i < TRIES && !error; i++) {
		error = try_compose(trial, encode_us, capacity);
		drop_canvases(trial);
	}
	return error;
}

static int measure(struct trial *trial, struct tess_work *capacity)
{
	int error = upload(trial);

	if (!error)
		error = open_canvases(trial);
	if (!error)
		error = draw_canvases(trial);
	if (!error)
		error = open_encoder(trial);
	if (!error)
		error = measure_codec(trial, encode, &capacity->encode);
	drop_canvases(trial);
	if (!error)
		error = measure_compose(trial, capacity->encode, &capacity->compose);
	if (!error)
		error = open_decoder(trial);
	return error ? error : measure_codec(trial, decode, &capacity->decode);
}

int tess_engine_measure(struct tess_engine *engine, const struct tess_clock *clock,
			struct tess_work *capacity, const char **what)
{
	struct trial trial = {.engine = engine, .driver = engine->driver, .clock = clock};
	struct tess_work measured = {0};
	int error = measure(&trial, &measured);

	*what = trial.what;
	trial.driver->decoder_close(trial.decoder);
	trial.driver->encoder_close(trial.encoder);
	drop_canvases(&trial);
	for (unsigned i = 0; i < MOMENTS; i++) {
		trial.driver->compositor_close(trial.compositors[i]);
		for (unsigned j = 0; j < TILES; j++)
			tess_surface_unref(trial.pictures[i][j]);
	}
	free(trial.bytes);
	if (!error)
		*capacity = measured;
	return error;
}
