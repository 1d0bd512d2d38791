/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/sync_check.c - finds flashes and beeps in what came out of the box.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/files/sync.h"
#include "tests/support/tone.h"

#define RATE	    48000
#define TILE_WIDTH  160
#define TILE_HEIGHT 90
#define MAX_EVENTS  160
#define BEEP_LEVEL  0.4
#define BEFORE_S    0.4 /* of a beep, it is listened for it */
/* Whatever happens to the clocks, the box's time goes on as the capture's: a quarter of a second
 * would be seen as the delay of a mix that grows. */
#define MAX_SHIFT_US INT64_C(60000)

struct ear {
	struct watch *watch;
	struct tess_tone_detector detector;
	unsigned count;
	int64_t beeps_us[MAX_EVENTS];
};

struct eye {
	bool flash;
	unsigned count;
	int64_t flashes_us[MAX_EVENTS];
};

struct watch {
	const struct tess_test_publisher *publishers;
	unsigned count;
	unsigned expected; /* flashes of each publisher */
	struct ear ears[SYNC_MAX_PUBLISHERS];
	struct eye eyes[SYNC_MAX_PUBLISHERS];
};

struct tess_test_publisher sync_publisher(unsigned id, double flash_every_s)
{
	struct tess_test_publisher publisher = scenario_publisher(id);

	publisher.tone_level = 0;
	publisher.flash_every_s = flash_every_s;
	publisher.beep_hz = 1000 + 700 * id;
	publisher.beep_level = BEEP_LEVEL;
	return publisher;
}

static void on_beep(void *arg, int64_t pts_us)
{
	struct ear *ear = arg;

	assert_true(ear->count < MAX_EVENTS);
	ear->beeps_us[ear->count++] = pts_us;
}

static void hear(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate)
{
	struct watch *watch = arg;

	assert_int_equal(rate, RATE);
	/* between the beeps there is nothing to be heard, and listening is not cheap */
	if (fmod((double)pts_us / 1e6 + BEFORE_S, watch->publishers[0].flash_every_s) >
	    2 * BEFORE_S)
		return;
	for (unsigned i = 0; i < watch->count; i++)
		tess_tone_detector_feed(&watch->ears[i].detector, pts_us, pcm, frames);
}

static void see(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watch *watch = arg;

	for (unsigned i = 0; i < watch->count; i++) {
		const struct tess_rect tile = {
			.x = (int32_t)i * TILE_WIDTH, .width = TILE_WIDTH, .height = TILE_HEIGHT};
		struct eye *eye = &watch->eyes[i];
		struct tess_test_pattern pattern;

		if (tess_test_pattern_read(&pattern, picture, &tile, TESS_RENDER_CROP, 160, 90))
			continue; /* nothing came yet */
		assert_int_equal(pattern.id, watch->publishers[i].id);
		if (pattern.flash && !eye->flash) {
			assert_true(eye->count < MAX_EVENTS);
			eye->flashes_us[eye->count++] = pts_us;
		}
		eye->flash = pattern.flash;
	}
}

static void begin(void *arg, const char *name)
{
	struct watch *watch = arg;

	(void)name;
	memset(watch->eyes, 0, sizeof(watch->eyes));
	for (unsigned i = 0; i < watch->count; i++) {
		struct ear *ear = &watch->ears[i];

		ear->count = 0;
		tess_tone_detector_init(&ear->detector, RATE, 2, watch->publishers[i].beep_hz,
					BEEP_LEVEL / 2, on_beep, ear);
	}
}

static int64_t larger(int64_t most, int64_t value)
{
	value = value < 0 ? -value : value;
	return value > most ? value : most;
}

/* What was found in a file. */
struct result {
	int64_t own_us;	   /* a flash and its own beep: at most so far apart */
	int64_t others_us; /* a flash and the beep of another */
	int64_t shift_us;  /* flash or beep and their true time */
};

static void check_pair(struct result *result, const struct watch *watch, unsigned seen,
		       unsigned heard, unsigned number)
{
	int64_t flash_us = watch->eyes[seen].flashes_us[number] -
			   tess_test_flash_time_us(&watch->publishers[seen], number + 1);
	int64_t beep_us = watch->ears[heard].beeps_us[number] -
			  tess_test_flash_time_us(&watch->publishers[heard], number + 1);

	if (seen == heard)
		result->own_us = larger(result->own_us, flash_us - beep_us);
	else
		result->others_us = larger(result->others_us, flash_us - beep_us);
	result->shift_us = larger(larger(result->shift_us, flash_us), beep_us);
	if (result->own_us > SYNC_MAX_US || result->others_us > SYNC_MAX_US ||
	    result->shift_us > MAX_SHIFT_US)
		fail_msg("number %u: flash of %u %lld us late, beep of %u %lld us late", number + 1,
			 seen, (long long)flash_us, heard, (long long)beep_us);
}

static void end(void *arg, const char *name)
{
	const struct watch *watch = arg;
	struct result result = {0};

	for (unsigned i = 0; i < watch->count; i++) {
		assert_int_equal(watch->eyes[i].count, watch->expected);
		assert_int_equal(watch->ears[i].count, watch->expected);
	}
	for (unsigned number = 0; number < watch->expected; number++) {
		for (unsigned i = 0; i < watch->count * watch->count; i++)
			check_pair(&result, watch, i / watch->count, i % watch->count, number);
	}
	print_message("%s: %u times, at most %.1f ms apart (of others: %.1f), %.1f ms off\n", name,
		      watch->expected, (double)result.own_us / 1000,
		      (double)result.others_us / 1000, (double)result.shift_us / 1000);
}

void sync_check(const struct tess_test_publisher *publishers, unsigned count, double duration_s)
{
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = count, .duration_s = duration_s, .seed = 11};
	struct watch *watch = calloc(1, sizeof(*watch));
	const struct box_watcher watcher = {.handlers = {.picture = see, .sound = hear},
					    .begin = begin,
					    .end = end,
					    .arg = watch};
	json_t *mix = scenario_desired_mix(count * TILE_WIDTH, TILE_HEIGHT);
	json_t *video = json_object_get(mix, "video"), *audio = json_object_get(mix, "audio");
	struct box_files files;

	/* ten minutes shall not take long */
	json_object_set_new(video, "bitrate_kbps", json_integer(200));
	json_object_set_new(audio, "bitrate_kbps", json_integer(64));
	json_object_set_new(audio, "channels", json_integer(1));
	assert_non_null(watch);
	assert_in_range(count, 1, SYNC_MAX_PUBLISHERS);
	watch->publishers = publishers;
	watch->count = count;
	watch->expected = (unsigned)(duration_s / publishers[0].flash_every_s);
	box_run_all(&files, &capture, mix);
	box_watch(&files, &watcher);
	box_files_remove(&files);
	free(watch);
}
