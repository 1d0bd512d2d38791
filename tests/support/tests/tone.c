/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/tone.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tests/support/tone.h"

#define RATE 48000

static float pcm[RATE * 2 * 2];

static void level_is_the_amplitude(void **state)
{
	(void)state;
	for (double hz = 100; hz < 12000; hz *= 1.37) {
		memset(pcm, 0, sizeof(pcm));
		tess_tone_add(pcm, RATE, 2, RATE, 0.3, hz, 0.25);
		assert_true(fabs(tess_tone_db(tess_tone_level(pcm, RATE, 2, 1, RATE, hz), 0.25)) <
			    0.01);
		assert_true(tess_tone_level(pcm, RATE, 2, 0, RATE, hz + 50) < 0.0001);
	}
	assert_true(fabs(tess_tone_db(0.5, 1.0) + 6.0206) < 0.001);
}

static void sixteen_are_told_apart(void **state)
{
	(void)state;
	memset(pcm, 0, sizeof(pcm));
	for (unsigned i = 0; i < 16; i++)
		tess_tone_add(pcm, RATE / 5, 1, RATE, 0, 300 + 100 * i, 0.01 * (i + 1));
	for (unsigned i = 0; i < 16; i++)
		assert_true(
			fabs(tess_tone_db(tess_tone_level(pcm, RATE / 5, 1, 0, RATE, 300 + 100 * i),
					  0.01 * (i + 1))) < 0.1);
}

static void phase_goes_on_from_piece_to_piece(void **state)
{
	static float pieces[9600];

	(void)state;
	memset(pcm, 0, sizeof(pcm));
	tess_tone_add(pcm, 9600, 1, RATE, 7.5, 441, 0.5);
	for (unsigned i = 0; i < 10; i++)
		tess_tone_add(pieces + 960 * i, 960, 1, RATE, 7.5 + 0.02 * i, 441, 0.5);
	for (unsigned i = 0; i < 9600; i++)
		assert_true(fabsf(pcm[i] - pieces[i]) < 1e-4f);
}

struct onsets {
	int64_t pts_us[8];
	unsigned count;
};

static void on_onset(void *arg, int64_t pts_us)
{
	struct onsets *onsets = arg;

	if (onsets->count < 8)
		onsets->pts_us[onsets->count] = pts_us;
	onsets->count++;
}

static void onsets_are_found(void **state)
{
	static const double begin_s[] = {0.1, 0.75, 1.5103};
	struct tess_tone_detector detector;
	struct onsets onsets = {0};

	(void)state;
	memset(pcm, 0, sizeof(pcm));
	tess_tone_add(pcm, 2 * RATE, 2, RATE, 0, 440, 0.2); /* another tone all the time */
	for (unsigned i = 0; i < 3; i++)
		tess_tone_add(pcm + (size_t)(begin_s[i] * RATE) * 2, RATE / 10, 2, RATE, 0, 1000,
			      0.5);
	tess_tone_detector_init(&detector, RATE, 2, 1000, 0.25, on_onset, &onsets);
	for (size_t at = 0; at + 1024 <= 2 * RATE; at += 1024) /* rounded to ms, as FLV does */
		tess_tone_detector_feed(&detector, 5000000 + (int64_t)(at * 1000 / RATE) * 1000,
					pcm + at * 2, 1024);
	assert_int_equal(onsets.count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(fabs((double)(onsets.pts_us[i] - 5000000) - begin_s[i] * 1e6) < 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_is_the_amplitude),
		cmocka_unit_test(sixteen_are_told_apart),
		cmocka_unit_test(phase_goes_on_from_piece_to_piece),
		cmocka_unit_test(onsets_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
