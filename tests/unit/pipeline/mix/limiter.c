/* SPDX-License-Identifier: GPL-3.0-or-later
 * The limiter: transparent below full scale, never over it, no steps, no distortion of steady
 * tones.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "pipeline/mix/limiter.h"

#define RATE  48000
#define BLOCK 960

/* run n stereo frames through a new limiter, in blocks */
static void limit(const float *in, float *out, unsigned n)
{
	struct tess_limiter *limiter = malloc(sizeof(*limiter));
	assert_non_null(limiter);
	tess_limiter_init(limiter);
	for (unsigned i = 0; i < n; i += BLOCK)
		tess_limiter_run(limiter, in + 2 * i, out + 2 * i, n - i < BLOCK ? n - i : BLOCK);
	free(limiter);
}

static float *stereo(unsigned frames)
{
	float *pcm = calloc(frames, 2 * sizeof(float));
	assert_non_null(pcm);
	return pcm;
}

static double goertzel(const float *pcm, unsigned frames, double hz)
{
	double re = 0, im = 0;
	for (unsigned i = 0; i < frames; i++) {
		re += pcm[2 * i] * cos(2 * M_PI * hz * i / RATE);
		im += pcm[2 * i] * sin(2 * M_PI * hz * i / RATE);
	}
	return 2 * sqrt(re * re + im * im) / frames;
}

static void exact_up_to_full_scale(void **state)
{
	(void)state;
	unsigned n = RATE;
	float *in = stereo(n), *out = stereo(n);
	unsigned seed = 1;
	for (unsigned i = 0; i < 2 * n; i++) {
		seed = seed * 1664525 + 1013904223;
		in[i] = (float)((int32_t)seed / 2147483648.0);
	}
	in[1000] = 1.0f;
	in[2001] = -1.0f;
	limit(in, out, n);
	for (unsigned i = 0; i < 2 * TESS_LIMITER_DELAY; i++)
		assert_true(out[i] == 0);
	assert_memory_equal(out + 2 * TESS_LIMITER_DELAY, in,
			    2 * (n - TESS_LIMITER_DELAY) * sizeof(float));
	free(in);
	free(out);
}

static void steady_tone_keeps_its_shape(void **state)
{
	(void)state;
	static const double tones[] = {60, 100, 440, 1000, 3000};
	unsigned n = 2 * RATE;
	float *in = stereo(n), *out = stereo(n);
	for (size_t t = 0; t < sizeof(tones) / sizeof(tones[0]); t++) {
		for (unsigned i = 0; i < n; i++)
			in[2 * i] = in[2 * i + 1] =
				(float)(1.8 * sin(2 * M_PI * tones[t] * i / RATE));
		limit(in, out, n);
		const float *settled = out + 2 * RATE; /* a whole second, so whole periods */
		double fundamental = goertzel(settled, RATE, tones[t]), harmonics = 0;
		assert_true(fundamental > 0.97 && fundamental <= 1.0001);
		for (unsigned k = 2; k <= 7; k++)
			harmonics += pow(goertzel(settled, RATE, k * tones[t]), 2);
		/* total harmonic distortion under -80 dB */
		assert_true(sqrt(harmonics) < 1e-4 * fundamental);
	}
	free(in);
	free(out);
}

/* the gain, seen on a constant left channel while the right one bursts: smooth, and back at exactly
 * 1 */
static void gain_is_smooth_and_comes_back(void **state)
{
	(void)state;
	unsigned n = 6 * RATE, burst = RATE, length = RATE / 10;
	float *in = stereo(n), *out = stereo(n);
	for (unsigned i = 0; i < n; i++) {
		in[2 * i] = 0.25f;
		if (i >= burst && i < burst + length)
			in[2 * i + 1] = 8.0f * (i / 24 % 2 ? 1 : -1);
	}
	limit(in, out, n);
	double lowest = 1;
	for (unsigned i = TESS_LIMITER_DELAY + 1; i < n; i++) {
		double gain = out[2 * i] / 0.25, before = out[2 * i - 2] / 0.25;
		assert_true(fabsf(out[2 * i + 1]) <= 1.0f);
		/* from 1 to 1/8 in 240 frames */
		assert_true(fabs(gain - before) < 1.0 / TESS_LIMITER_DELAY);
		lowest = gain < lowest ? gain : lowest;
	}
	assert_true(fabs(lowest - 1.0 / 8) < 1e-3);
	/* nothing before the look-ahead, and all of it back after the release */
	for (unsigned i = TESS_LIMITER_DELAY; i < burst; i++)
		assert_true(out[2 * i] == 0.25f);
	for (unsigned i = burst + 4 * RATE; i < n; i++)
		assert_true(out[2 * i] == 0.25f);
	free(in);
	free(out);
}

static void block_size_does_not_matter(void **state)
{
	(void)state;
	unsigned n = RATE, done = 0, seed = 7;
	float *in = stereo(n), *whole = stereo(n), *parts = stereo(n);
	for (unsigned i = 0; i < n; i++)
		in[2 * i] = in[2 * i + 1] = (float)(2 * sin(i * 0.05) * sin(i * 0.0003));
	limit(in, whole, n);
	struct tess_limiter *limiter = malloc(sizeof(*limiter));
	assert_non_null(limiter);
	tess_limiter_init(limiter);
	while (done < n) {
		seed = seed * 1664525 + 1013904223;
		unsigned run = 1 + seed % BLOCK;
		run = run > n - done ? n - done : run;
		tess_limiter_run(limiter, in + 2 * done, parts + 2 * done, run);
		done += run;
	}
	for (unsigned i = 0; i < 2 * n; i++)
		assert_true(fabsf(whole[i] - parts[i]) < 1e-6f);
	free(limiter);
	free(in);
	free(whole);
	free(parts);
}

static void peak_of_numbers_and_of_none(void **state)
{
	(void)state;
	float samples[5] = {0.25f, -0.75f, 0.5f, -0.0f, 0.1f};
	assert_true(tess_peak(samples, 5) == 0.75f);
	assert_true(tess_peak(samples, 0) == 0);
	samples[3] = NAN;
	assert_false(tess_peak(samples, 5) <= 8.0f);
	samples[3] = -INFINITY;
	assert_false(tess_peak(samples, 5) <= 8.0f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_up_to_full_scale),
		cmocka_unit_test(steady_tone_keeps_its_shape),
		cmocka_unit_test(gain_is_smooth_and_comes_back),
		cmocka_unit_test(block_size_does_not_matter),
		cmocka_unit_test(peak_of_numbers_and_of_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
