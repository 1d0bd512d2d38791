/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/engine/measure.c - measuring an engine: figures that can be, in bounded time,
 * with nothing left behind, and the step that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "drivers/engine_soft/engine_soft.h"
#include "firmware/engine/measure.h"
#include "firmware/engine/picture.h"

static struct tess_engine *open_engine(void)
{
	struct tess_engine *engine;

	assert_int_equal(tess_engine_soft.open(&engine, &(struct tess_engine_config){0}), 0);
	return engine;
}

static struct tess_engine_stats stats_of(const struct tess_engine *engine)
{
	struct tess_engine_stats stats;

	tess_engine_soft.stats(engine, &stats);
	return stats;
}

static void assert_plausible(double megapixels)
{
	/* from a sanitizer's crawl to more than any machine does */
	assert_true(megapixels > 0.5 && megapixels < 100000);
}

static void software(void **state)
{
	struct tess_engine *engine = open_engine();
	struct tess_work capacity = {0};
	const char *what = NULL;
	int64_t begun_us = tess_clock_now_us(tess_clock_thread());
	struct tess_engine_stats stats;

	(void)state;
	assert_int_equal(tess_engine_measure(engine, tess_clock_thread(), &capacity, &what), 0);
	assert_plausible(capacity.decode);
	assert_plausible(capacity.compose);
	assert_plausible(capacity.encode);
	/* the three take very different times, whatever the machine */
	assert_true(capacity.compose > capacity.encode);
	assert_true(tess_clock_now_us(tess_clock_thread()) - begun_us < 20000000);
	stats = stats_of(engine);
	assert_int_equal(stats.uploads, 8);
	assert_int_equal(stats.downloads, 0);
	assert_int_equal(stats.damaged, 0);
	assert_int_equal(stats.surfaces_live, 0);
	assert_true(stats.decoded >= 4 && stats.encoded >= 4 && stats.composed >= 4);
	/* each picture drew all of its tiles */
	assert_int_equal(stats.tiles_kept, 0);
	tess_engine_soft.close(engine);
}

/* Software, of which one call fails. */
static struct tess_engine_driver broken;

static int no_decoder(struct tess_decoder **decoderp, struct tess_engine *engine,
		      enum tess_codec codec)
{
	(void)engine;
	(void)codec;
	*decoderp = (struct tess_decoder *)1; /* of no meaning */
	return -ENOTSUP;
}

static int no_encoder(struct tess_encoder **encoderp, struct tess_engine *engine,
		      const struct tess_encoder_config *config)
{
	(void)engine;
	(void)config;
	*encoderp = (struct tess_encoder *)1;
	return -EBUSY;
}

static int no_upload(struct tess_engine *engine, const struct tess_image *image,
		     struct tess_surface **surfacep)
{
	(void)engine;
	(void)image;
	*surfacep = (struct tess_surface *)1;
	return -ENODEV;
}

static void expect_failure(int error, const char *step)
{
	struct tess_engine *engine = open_engine();
	struct tess_work capacity = {1, 2, 3};
	const char *what = "";

	engine->driver = &broken;
	assert_int_equal(tess_engine_measure(engine, tess_clock_thread(), &capacity, &what), error);
	assert_string_equal(what, step);
	assert_true(capacity.encode > 2.9 && capacity.encode < 3.1); /* left as it was */
	assert_int_equal(stats_of(engine).surfaces_live, 0);
	tess_engine_soft.close(engine);
}

static void the_step_that_failed(void **state)
{
	(void)state;
	broken = tess_engine_soft;
	broken.upload = no_upload;
	expect_failure(-ENODEV, "upload");
	broken = tess_engine_soft;
	broken.encoder_open = no_encoder;
	expect_failure(-EBUSY, "encode");
	broken = tess_engine_soft;
	broken.decoder_open = no_decoder;
	expect_failure(-ENOTSUP, "decode");
}

static void pictures_are_the_same_everywhere(void **state)
{
	static uint8_t a[64 * 32 * 4], b[64 * 32 * 4];
	struct tess_image image;
	unsigned differences = 0;

	(void)state;
	image = tess_engine_picture(a, 64, 32, 1, 2);
	(void)tess_engine_picture(b, 64, 32, 1, 2);
	assert_int_equal(image.width, 64);
	assert_int_equal(image.height, 32);
	assert_int_equal(image.stride, 256);
	assert_memory_equal(a, b, sizeof(a));
	/* the next one is two pixels further on, but for its noise */
	(void)tess_engine_picture(b, 64, 32, 1, 3);
	for (unsigned i = 0; i < sizeof(a) - 8; i++) {
		if (i % 256 < 248)
			differences += abs(a[i + 8] - b[i]) > 8;
	}
	assert_int_equal(differences, 0);
	assert_true(memcmp(a, b, sizeof(a)) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software),
		cmocka_unit_test(the_step_that_failed),
		cmocka_unit_test(pictures_are_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
