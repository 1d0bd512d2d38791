/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/faults.c - all kinds of bad publishers at once: the files' pictures are
 * exactly on the grid of the frame rate with none missing, the sound has no hole, and after each
 * event the tile is right again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/files/box.h"

#define FRAME_RATE 15
#define DURATION_S 12
#define EVENT_S	   6
#define REMOVED_MS 9030 /* no picture is composed just then */
#define RATE	   48000
#define HALF_US	   (INT64_C(500000) / FRAME_RATE)
/* Without faults: half an interval, the burnt-in clock's step, the path, FLV's milliseconds. */
#define FRESH_US (HALF_US + TESS_TEST_PATTERN_UNIT_US + 2000)
/* What jitter and reordering of up to 55 ms may add while the time line is still being learnt. */
#define LEARNT_US INT64_C(60000)
/* A lost packet damages the picture until the next key frame, one a second, which may be hit too.
 */
#define REPAIRED_US INT64_C(3200000)

/* Their place in the grid of nine; the last one holds up the count only. */
enum { GOOD, LOSSY, REORDERED, JITTERY, STOPS, RESIZES, RESHAPES, CHANGES_SSRC, LATE_COMER, COUNT };

struct shown {
	unsigned count;	   /* pictures in which it could be read */
	int64_t clock_us;  /* what its clock says */
	int64_t oldest_us; /* the largest age that its clock had */
};

struct watch {
	unsigned pictures;
	int64_t first_us;
	uint64_t samples;
	int64_t sound_us;
	bool milliseconds; /* all that FLV has */
	struct shown shown[COUNT];
};

/* Three columns of 212x120 on 640x360. */
static struct tess_rect tile_of(unsigned slot)
{
	return (struct tess_rect){(int32_t)(slot % 3) * 212, (int32_t)(slot / 3) * 120, 212, 120};
}

/* The next ones move up when somebody leaves. */
static unsigned slot_of(unsigned id, bool removed)
{
	return removed && id > STOPS ? id - 1 : id;
}

static bool read_tile(struct watch *watch, unsigned id, int64_t pts_us, bool removed,
		      const struct tess_test_i420 *picture)
{
	struct tess_rect tile = tile_of(slot_of(id, removed));
	struct shown *shown = &watch->shown[id];
	struct tess_test_pattern pattern;
	/* the wrong shape would find something else in the right picture */
	bool reshaped = id == RESHAPES && pts_us >= EVENT_S * INT64_C(1000000);

	if (tess_test_pattern_read(&pattern, picture, &tile, TESS_RENDER_CROP, 160,
				   reshaped ? 120 : 90))
		return false;
	assert_int_equal(pattern.id, id);
	shown->count++;
	shown->clock_us = pattern.time_us;
	if (pts_us - pattern.time_us > shown->oldest_us)
		shown->oldest_us = pts_us - pattern.time_us;
	/* nothing is shown before its time */
	assert_true(pattern.time_us <= pts_us + FRESH_US + LEARNT_US);
	return true;
}

/* What must be seen of each at this time. */
static void check_tile(struct watch *watch, unsigned id, int64_t pts_us, bool removed,
		       const struct tess_test_i420 *picture)
{
	const int64_t event_us = EVENT_S * INT64_C(1000000);
	bool after_event = pts_us >= event_us - HALF_US && pts_us < event_us + 500000;
	bool seen;
	int64_t age_us;

	if (id == LATE_COMER && pts_us < event_us + 300000)
		return;
	if (id == RESHAPES && after_event)
		return;
	seen = read_tile(watch, id, pts_us, removed, picture);
	age_us = pts_us - watch->shown[id].clock_us;
	switch (id) {
	case STOPS:
		assert_true(seen); /* its last picture stays */
		if (pts_us >= event_us)
			assert_in_range(watch->shown[id].clock_us, event_us - 100000, event_us);
		break;
	case LOSSY:
		assert_true(age_us <= REPAIRED_US);
		break;
	case CHANGES_SSRC:
		assert_true(age_us <= (after_event ? 500000 : FRESH_US));
		break;
	case REORDERED:
	case JITTERY:
		assert_true(seen);
		assert_true(age_us <= FRESH_US + LEARNT_US);
		break;
	default:
		if (!seen || age_us > FRESH_US)
			fail_msg("%s of %u, %lld us old at %lld us", seen ? "picture" : "nothing",
				 id, (long long)age_us, (long long)pts_us);
	}
}

static void see(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watch *watch = arg;
	int64_t composed_us = pts_us + HALF_US + SCENARIO_DELAY_MS * 1000;
	bool removed = composed_us >= REMOVED_MS * INT64_C(1000);
	int64_t since_us;

	if (!watch->pictures)
		watch->first_us = pts_us;
	/* n / 15 s after the first one, to what the container can tell */
	since_us = pts_us - watch->first_us;
	if (watch->milliseconds)
		assert_in_range(since_us - watch->pictures * INT64_C(1000000) / FRAME_RATE + 1000,
				0, 2000);
	else
		assert_int_equal(since_us, (watch->pictures * INT64_C(1000000) + FRAME_RATE / 2) /
						   FRAME_RATE);
	watch->pictures++;
	if (pts_us < 200000)
		return;
	for (unsigned id = 0; id < COUNT; id++) {
		if (id != STOPS || !removed)
			check_tile(watch, id, pts_us, removed, picture);
	}
}

static void hear(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate)
{
	struct watch *watch = arg;

	(void)pcm;
	assert_int_equal(rate, RATE);
	/* each frame begins where the last one ended */
	if (watch->samples)
		assert_in_range(pts_us - watch->sound_us + 1000, 0, 2000);
	watch->sound_us = pts_us + frames * INT64_C(1000000) / RATE;
	watch->samples += frames;
}

static void begin(void *arg, const char *name)
{
	struct watch *watch = arg;

	memset(watch, 0, sizeof(*watch));
	watch->milliseconds = strcmp(name, "flv") == 0;
}

static void end(void *arg, const char *name)
{
	const struct watch *watch = arg;

	/* the first at once; nothing missing at the end */
	assert_int_equal(watch->pictures, DURATION_S * FRAME_RATE + 1);
	assert_true(watch->samples > (DURATION_S - 0.5) * RATE);
	for (unsigned id = 0; id < COUNT; id++)
		print_message("%s: %u was seen %u times, at most %lld ms old\n", name, id,
			      watch->shown[id].count, (long long)watch->shown[id].oldest_us / 1000);
	/* it is seen, not only now and then */
	assert_true(watch->shown[LOSSY].count > DURATION_S * FRAME_RATE / 3);
}

static void make_publishers(struct tess_test_publisher publishers[COUNT])
{
	for (unsigned id = 0; id < COUNT; id++)
		publishers[id] = scenario_publisher(id);
	publishers[LOSSY].loss_percent = 10;
	publishers[REORDERED].reorder_percent = 20;
	publishers[REORDERED].duplicate_percent = 10;
	publishers[JITTERY].jitter_ms = 30;
	publishers[STOPS].stop_s = EVENT_S;
	publishers[RESIZES].resize_at_s = EVENT_S;
	publishers[RESIZES].resize_width = 320;
	publishers[RESIZES].resize_height = 180;
	publishers[RESHAPES].resize_at_s = EVENT_S;
	publishers[RESHAPES].resize_width = 320;
	publishers[RESHAPES].resize_height = 240;
	publishers[CHANGES_SSRC].ssrc_change_at_s = EVENT_S;
	publishers[LATE_COMER].start_s = EVENT_S;
}

static json_t *desired(bool removed)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < COUNT; id++) {
		if (id != STOPS || !removed)
			json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	}
	return scenario_desired(publishers, json_pack("[o]", scenario_desired_mix(640, 360)));
}

static void the_canvas_goes_on(void **state)
{
	struct tess_test_publisher publishers[COUNT];
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = COUNT, .duration_s = DURATION_S, .seed = 5};
	struct watch watch;
	const struct box_watcher watcher = {.handlers = {.picture = see, .sound = hear},
					    .begin = begin,
					    .end = end,
					    .arg = &watch};
	json_t *scenario = scenario_new();
	struct box_files files;

	(void)state;
	make_publishers(publishers);
	scenario_step(scenario, 0, desired(false));
	scenario_step(scenario, REMOVED_MS, desired(true));
	json_object_set_new(scenario, "end_ms", json_integer(DURATION_S * 1000));
	box_run(&files, &capture, scenario);
	box_watch(&files, &watcher);
	box_files_remove(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_canvas_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
