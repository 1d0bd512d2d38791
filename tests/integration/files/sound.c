/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/sound.c - the sound of the recording and of http-flv: each publisher's
 * tone at its level, and sixteen at full scale without a harsh sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/files/box.h"
#include "tests/support/tone.h"

#define RATE	   48000
#define PUBLISHERS 16
#define FROM_US	   INT64_C(2000000)
#define FRAMES	   (2 * RATE)
#define DURATION_S 4.5
/* Above all tones by an octave's half: what is heard there, nobody sent. */
#define HIGH_HZ 3000
#define TAPS	401

struct listener {
	size_t frames;
	float pcm[FRAMES * 2];
	void (*judge)(const struct listener *listener, const char *name);
};

static void hear(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate)
{
	struct listener *listener = arg;
	size_t left = FRAMES - listener->frames;

	assert_int_equal(rate, RATE);
	if (pts_us < FROM_US)
		return;
	if (frames < left)
		left = frames;
	memcpy(listener->pcm + 2 * listener->frames, pcm, left * 2 * sizeof(float));
	listener->frames += left;
}

static void begin(void *arg, const char *name)
{
	struct listener *listener = arg;

	(void)name;
	listener->frames = 0;
}

static void end(void *arg, const char *name)
{
	const struct listener *listener = arg;

	assert_int_equal(listener->frames, FRAMES);
	listener->judge(listener, name);
}

static void publish(const struct tess_test_publisher *publishers, unsigned bitrate_kbps,
		    void (*judge)(const struct listener *listener, const char *name))
{
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = PUBLISHERS, .duration_s = DURATION_S, .seed = 3};
	struct listener *listener = calloc(1, sizeof(*listener));
	const struct box_watcher watcher = {
		.handlers = {.sound = hear}, .begin = begin, .end = end, .arg = listener};
	json_t *mix = scenario_desired_mix(320, 180);
	struct box_files files;

	assert_non_null(listener);
	listener->judge = judge;
	json_object_set_new(json_object_get(mix, "audio"), "bitrate_kbps",
			    json_integer(bitrate_kbps));
	box_run_all(&files, &capture, mix);
	box_watch(&files, &watcher);
	box_files_remove(&files);
	free(listener);
}

static double quiet_level(unsigned id)
{
	return 0.02 + 0.003 * id;
}

static void judge_levels(const struct listener *listener, const char *name)
{
	double most = 0;

	for (unsigned i = 0; i < 2 * PUBLISHERS; i++) {
		unsigned id = i / 2, channel = i % 2;
		double level = tess_tone_level(listener->pcm, FRAMES, 2, channel, RATE,
					       scenario_tone_hz(id));
		double off_db = fabs(tess_tone_db(level, quiet_level(id)));

		if (off_db > 1)
			fail_msg("%s: tone %u is %.2f dB off", name, id, off_db);
		most = off_db > most ? off_db : most;
	}
	/* and nothing where nobody sends */
	assert_true(tess_tone_level(listener->pcm, FRAMES, 2, 0, RATE,
				    scenario_tone_hz(PUBLISHERS)) < quiet_level(0) / 10);
	print_message("%s: levels are at most %.2f dB off\n", name, most);
}

static void each_tone_is_at_its_level(void **state)
{
	struct tess_test_publisher publishers[PUBLISHERS];

	(void)state;
	for (unsigned id = 0; id < PUBLISHERS; id++) {
		publishers[id] = scenario_publisher(id);
		publishers[id].tone_level = quiet_level(id);
	}
	publish(publishers, 128, judge_levels);
	publish(publishers, 64, judge_levels);
}

/* What one channel has above HIGH_HZ against all of it, in dB: 400 taps of a windowed sinc let
 * nothing through of the tones (-74 dB, from 660 Hz below on). */
static double harshness_db(const float *pcm, unsigned channels)
{
	double taps[TAPS], all = 0, high = 0;

	for (int i = 0; i < TAPS; i++) {
		double t = i - TAPS / 2, turn = 2 * M_PI * i / (TAPS - 1);
		double low = t == 0 ? 2.0 * HIGH_HZ / RATE
				    : sin(2 * M_PI * HIGH_HZ / RATE * t) / (M_PI * t);
		double window = 0.42 - 0.5 * cos(turn) + 0.08 * cos(2 * turn);

		taps[i] = ((t == 0) - low) * window;
	}
	for (size_t n = TAPS; n < FRAMES; n++) {
		double sum = 0;

		for (size_t i = 0; i < TAPS; i++)
			sum += taps[i] * (double)pcm[(n - i) * channels];
		high += sum * sum;
		all += (double)pcm[n * channels] * (double)pcm[n * channels];
	}
	return 10 * log10(high / all);
}

static float largest_step(const float *pcm, unsigned channels)
{
	float most = 0;

	for (size_t i = 1; i < FRAMES; i++)
		most = fmaxf(most, fabsf(pcm[i * channels] - pcm[(i - 1) * channels]));
	return most;
}

#define LOUD 0.99

/* How harsh it would be if the sum were just cut off at full scale. */
static double clipped_db(void)
{
	float *pcm = calloc(FRAMES, sizeof(float));
	double db;

	assert_non_null(pcm);
	for (unsigned id = 0; id < PUBLISHERS; id++)
		tess_tone_add(pcm, FRAMES, 1, RATE, 0, scenario_tone_hz(id), LOUD);
	for (size_t i = 0; i < FRAMES; i++)
		pcm[i] = fminf(fmaxf(pcm[i], -1), 1);
	db = harshness_db(pcm, 1);
	free(pcm);
	return db;
}

/*
 * The limiter may turn the sum down, but slowly. So
 * - samples stay within full scale, but for what AAC's quantisation adds (1 dB);
 * - a sum that lies within full scale and has nothing above f changes by no more than 2 pi f / rate
 *   from sample to sample (Bernstein); as much again for AAC. A sum that wraps around steps by 2;
 * - hardly anything is above the tones, where clipping puts its harmonics: 30 dB less than the same
 *   sum has that is cut off;
 * - and all tones are turned down alike.
 */
static void judge_loud(const struct listener *listener, const char *name)
{
	double highest_hz = scenario_tone_hz(PUBLISHERS - 1), least = 10, most = 0;
	double step = (double)largest_step(listener->pcm, 2);
	double harsh_db = harshness_db(listener->pcm, 2);
	float peak = 0;

	for (size_t i = 0; i < 2 * FRAMES; i++)
		peak = fmaxf(peak, fabsf(listener->pcm[i]));
	for (unsigned id = 0; id < PUBLISHERS; id++) {
		double level =
			tess_tone_level(listener->pcm, FRAMES, 2, 0, RATE, scenario_tone_hz(id));

		least = fmin(least, level);
		most = fmax(most, level);
	}
	print_message("%s: peak %.3f, steps of %.3f, %.1f dB above the tones (cut off: %.1f), "
		      "levels %.3f to %.3f\n",
		      name, (double)peak, step, harsh_db, clipped_db(), least, most);
	assert_true(peak <= 1.122F);
	assert_true(peak >= 0.8F); /* nor more than needed */
	assert_true(step <= 2 * 2 * M_PI * highest_hz / RATE);
	assert_true(harsh_db <= clipped_db() - 30);
	assert_true(least >= 1.0 / PUBLISHERS / 2);
	assert_true(tess_tone_db(most, least) <= 1);
}

static void sixteen_at_full_scale_are_not_harsh(void **state)
{
	struct tess_test_publisher publishers[PUBLISHERS];

	(void)state;
	for (unsigned id = 0; id < PUBLISHERS; id++) {
		publishers[id] = scenario_publisher(id);
		publishers[id].tone_level = LOUD;
	}
	publish(publishers, 128, judge_loud);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tone_is_at_its_level),
		cmocka_unit_test(sixteen_at_full_scale_are_not_harsh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
