/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/test_pattern.h - pictures that say who published them and when.
 *
 * In the middle of the picture, 24 black or white blocks (4 columns, 6 rows, on 40 % of the width
 * and 60 % of the height) carry the publisher's number, the time of capture in units of 20 ms and a
 * check; around them is the publisher's colour, or white while it flashes. That survives H.264,
 * scaling down to 160x90, and being cropped to half its width or three quarters of its height.
 */
#ifndef TESS_TESTS_TEST_PATTERN_H
#define TESS_TESTS_TEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/engine.h"

#define TESS_TEST_PATTERN_IDS	  32
#define TESS_TEST_PATTERN_UNIT_US 20000
/** Time wraps around after this: 21.8 minutes. */
#define TESS_TEST_PATTERN_WRAP_US (65536LL * TESS_TEST_PATTERN_UNIT_US)

/** A picture in 4:2:0; the memory is somebody else's. */
struct tess_test_i420 {
	uint8_t *planes[3]; /* Y U V */
	size_t strides[3];
	unsigned width, height;
};

struct tess_test_pattern {
	unsigned id;	 /* the publisher, 0 .. 31 */
	int64_t time_us; /* of capture; read back: rounded down to 20 ms, modulo the wrap */
	bool flash;
	/* read back: the colour around the blocks; draw takes it from the id and flash */
	uint8_t colour[3];
};

/** @p data: tightly packed, width * height * 3 / 2 bytes, both even (what download() writes). */
struct tess_test_i420 tess_test_i420_wrap(uint8_t *data, unsigned width, unsigned height);
/** Fill the whole picture. */
void tess_test_i420_fill(const struct tess_test_i420 *picture, uint8_t y, uint8_t u, uint8_t v);

/** The colour of a publisher that does not flash; differs between all ids; Y is at most 120. */
void tess_test_pattern_colour(uint8_t colour[3], unsigned id);
void tess_test_pattern_draw(const struct tess_test_i420 *picture,
			    const struct tess_test_pattern *pattern);
/**
 * Read a pattern back from the rectangle @p tile of a canvas, where a picture of @p source_width x
 * @p source_height (any size of the same shape) was put by @p render.
 * @retval 0, -ENOENT there is none, or it is damaged
 */
int tess_test_pattern_read(struct tess_test_pattern *pattern, const struct tess_test_i420 *canvas,
			   const struct tess_rect *tile, enum tess_render render,
			   unsigned source_width, unsigned source_height) TESS_MUST_CHECK;
/** The mean Y, U and V of a rectangle of a canvas, e.g. to see that a tile is black. */
void tess_test_i420_mean(uint8_t mean[3], const struct tess_test_i420 *canvas,
			 const struct tess_rect *rect);

#endif
