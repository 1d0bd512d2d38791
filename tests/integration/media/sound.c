/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/sound.c - each publisher is heard at its level, and together with its
 * picture.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define RATE 48000

/* One channel each, of [begin, end) on the capture's time line. */
struct listener {
	int64_t begin_us, end_us;
	float *left, *right;
	size_t frames, capacity;
	float peak;
};

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct listener *listener = arg;

	if (pts_us < listener->begin_us || pts_us >= listener->end_us)
		return;
	for (unsigned i = 0; i < frames && listener->frames < listener->capacity; i++) {
		listener->left[listener->frames] = left[i];
		listener->right[listener->frames] = right[i];
		listener->frames++;
		if (fabsf(left[i]) > listener->peak)
			listener->peak = fabsf(left[i]);
	}
}

static void listener_init(struct listener *listener, int64_t begin_us, int64_t end_us)
{
	*listener = (struct listener){.begin_us = begin_us, .end_us = end_us};
	listener->capacity = (size_t)((end_us - begin_us) * RATE / 1000000) + 2048;
	listener->left = calloc(listener->capacity, sizeof(float));
	listener->right = calloc(listener->capacity, sizeof(float));
	assert_non_null(listener->left);
	assert_non_null(listener->right);
}

static void listener_free(struct listener *listener)
{
	free(listener->left);
	free(listener->right);
}

/* @p count publishers, all desired from the beginning, in a small mix. */
static struct scenario_result hear_room(struct listener *listener,
					const struct tess_test_publisher *publishers,
					unsigned count, double duration_s)
{
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = count, .duration_s = duration_s, .seed = 3};
	const struct judge_handlers handlers = {.sound = on_sound, .arg = listener};
	json_t *scenario = scenario_new(), *desired = json_array(), *mixes = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(desired, scenario_desired_publisher(publishers[i].id, i + 1));
	json_array_append_new(mixes, scenario_desired_mix(320, 180));
	scenario_step(scenario, 0, scenario_desired(desired, mixes));
	return scenario_run(&capture, scenario, &handlers);
}

static double heard(const struct listener *listener, const float *channel, double frequency_hz)
{
	return tess_tone_level(channel, listener->frames, 1, 0, RATE, frequency_hz);
}

static void each_tone_is_in_the_mix_at_its_level(void **state)
{
	struct tess_test_publisher publishers[16];
	struct listener listener;
	struct scenario_result result;

	(void)state;
	for (unsigned id = 0; id < 16; id++) {
		publishers[id] = scenario_publisher(id);
		publishers[id].tone_level = 0.02 + 0.003 * id;
	}
	listener_init(&listener, 2000000, 4000000);
	result = hear_room(&listener, publishers, 16, 4.5);
	assert_true(listener.frames > RATE);
	for (unsigned id = 0; id < 16; id++) {
		double level = publishers[id].tone_level, hz = scenario_tone_hz(id);

		assert_true(fabs(tess_tone_db(heard(&listener, listener.left, hz), level)) <= 1);
		assert_true(fabs(tess_tone_db(heard(&listener, listener.right, hz), level)) <= 1);
	}
	/* and nothing where nobody sends */
	assert_true(heard(&listener, listener.left, 400 + 110 * 16) < 0.001);
	json_decref(result.facts);
	listener_free(&listener);
}

static void sixteen_at_full_scale_do_not_clip(void **state)
{
	struct tess_test_publisher publishers[16];
	struct listener listener;
	struct scenario_result result;
	double least = 10, most = 0;

	(void)state;
	for (unsigned id = 0; id < 16; id++) {
		publishers[id] = scenario_publisher(id);
		publishers[id].tone_level = 0.99;
	}
	listener_init(&listener, 2000000, 4000000);
	result = hear_room(&listener, publishers, 16, 4.5);
	/* the limiter keeps full scale; a little more is the AAC decoder's */
	assert_true(listener.peak < 1.1F);
	for (unsigned id = 0; id < 16; id++) {
		double level = heard(&listener, listener.left, scenario_tone_hz(id));

		least = level < least ? level : least;
		most = level > most ? level : most;
	}
	assert_true(least > 0.03);
	assert_true(tess_tone_db(most, least) <= 2);
	/* hard clipping would spread over the spectrum: what is beside the tones stays 30 dB below
	 */
	for (double hz = 3055; hz < 9000; hz += 440)
		assert_true(tess_tone_db(heard(&listener, listener.left, hz), least) < -30);
	json_decref(result.facts);
	listener_free(&listener);
}

#define MAX_EVENTS 400

/* Flashes seen and beeps heard. */
struct events {
	int64_t flashes_us[MAX_EVENTS], beeps_us[MAX_EVENTS];
	unsigned flashes, beeps;
	bool was_flash;
	struct tess_tone_detector detector;
};

static void see_flash(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect tile = {0, 0, 320, 180};
	struct events *events = arg;
	struct tess_test_pattern pattern;

	if (tess_test_pattern_read(&pattern, picture, &tile, TESS_RENDER_CROP, 160, 90))
		return;
	if (pattern.flash && !events->was_flash) {
		assert_true(events->flashes < MAX_EVENTS);
		events->flashes_us[events->flashes++] = pts_us;
	}
	events->was_flash = pattern.flash;
}

static void on_beep(void *arg, int64_t pts_us)
{
	struct events *events = arg;

	assert_true(events->beeps < MAX_EVENTS);
	events->beeps_us[events->beeps++] = pts_us;
}

static void hear_beep(void *arg, int64_t pts_us, const float *left, const float *right,
		      unsigned frames)
{
	struct events *events = arg;

	(void)right;
	tess_tone_detector_feed(&events->detector, pts_us, left, frames);
}

/* A flash and a beep published together come out within 40 ms of each other. */
static void check_sync(struct tess_test_publisher publisher, double duration_s)
{
	const struct tess_test_capture capture = {
		.publishers = &publisher, .count = 1, .duration_s = duration_s, .seed = 11};
	struct events *events = calloc(1, sizeof(*events));
	const struct judge_handlers handlers = {
		.picture = see_flash, .sound = hear_beep, .arg = events};
	json_t *scenario = scenario_new(), *publishers = json_array(), *mixes = json_array();
	struct scenario_result result;
	unsigned expected = (unsigned)((duration_s - 0.5) / publisher.flash_every_s);
	int64_t worst_us = 0;

	assert_non_null(events);
	tess_tone_detector_init(&events->detector, RATE, 1, 1000, 0.25, on_beep, events);
	json_array_append_new(publishers, scenario_desired_publisher(publisher.id, 1));
	json_array_append_new(mixes, scenario_desired_mix(320, 180));
	scenario_step(scenario, 0, scenario_desired(publishers, mixes));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(events->flashes, expected);
	assert_int_equal(events->beeps, expected);
	for (unsigned i = 0; i < expected; i++) {
		int64_t apart_us = events->flashes_us[i] - events->beeps_us[i];

		if (apart_us > 40000 || apart_us < -40000)
			fail_msg("flash %u at %lld us, beep at %lld us", i + 1,
				 (long long)events->flashes_us[i], (long long)events->beeps_us[i]);
		worst_us = llabs(apart_us) > worst_us ? llabs(apart_us) : worst_us;
	}
	print_message("%u flashes, at most %lld us from their beeps\n", expected,
		      (long long)worst_us);
	json_decref(result.facts);
	free(events);
}

static void flash_and_beep_meet(void **state)
{
	struct tess_test_publisher publisher = scenario_publisher(0);

	(void)state;
	publisher.tone_level = 0;
	publisher.flash_every_s = 1;
	check_sync(publisher, 15);
	/* between two ticks of the mix */
	publisher.send_delay_ms = 33;
	check_sync(publisher, 15);
}

static void flash_and_beep_meet_on_a_bad_path(void **state)
{
	struct tess_test_publisher publisher = scenario_publisher(0);

	(void)state;
	publisher.tone_level = 0;
	publisher.flash_every_s = 1;
	publisher.jitter_ms = 30;
	publisher.reorder_percent = 5;
	publisher.wall_clock_ms = -5000;
	check_sync(publisher, 15);
}

/* Ten minutes with clocks 200 ppm apart: 120 ms, if nothing were done about it. */
static void flash_and_beep_meet_after_ten_minutes(void **state)
{
	struct tess_test_publisher publisher = scenario_publisher(0);

	(void)state;
	publisher.tone_level = 0;
	publisher.flash_every_s = 5;
	publisher.audio_ppm = 100;
	publisher.video_ppm = -100;
	check_sync(publisher, 605);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tone_is_in_the_mix_at_its_level),
		cmocka_unit_test(sixteen_at_full_scale_do_not_clip),
		cmocka_unit_test(flash_and_beep_meet),
		cmocka_unit_test(flash_and_beep_meet_on_a_bad_path),
		cmocka_unit_test(flash_and_beep_meet_after_ten_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
