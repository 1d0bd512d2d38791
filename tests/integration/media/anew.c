/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/anew.c - a sender that is gone without a word and started anew, from
 * other ports with another SSRC, numbers and time stamps: all that can be decoded of what it sends
 * is in the user's own stream, when it was captured, sound and picture together, and nothing steps
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define STOP_S	    3.0 /* of the first */
#define FRAME_RATE  15
#define WINDOW	    4800 /* 0.1 s of sound */
#define MAX_FLASHES 32
#define MAX_RINGS   4
/* What a picture may be off the time of its capture: its clock's step, and packets' pace. */
#define OFF_US (TESS_TEST_PATTERN_UNIT_US + 5000)

struct restart {
	double gap_s;		 /* nobody sends */
	double video_s, audio_s; /* how much later the one or the other begins */
	double first_report_s;	 /* as of the capture */
	double wall_clock_ms;	 /* how much its wall clock is ahead of the first one's */
	double sent_from_s;	 /* so much is not sent in the beginning, a key frame with it */
	double length_s;	 /* of the second */
};

struct watch {
	const struct restart *restart;
	double video_s, audio_s; /* when the second begins to send what can be decoded */
	struct judge *judges[MAX_RINGS];
	uint64_t epochs[MAX_RINGS];
	unsigned rings;
	int64_t last_us[2]; /* dts of the last sound, picture */
	unsigned pictures;  /* of the second */
	int64_t captured_us, furthest_us;
	bool flashing;
	int64_t flashes_us[MAX_FLASHES], beeps_us[MAX_FLASHES];
	unsigned flash_count, beep_count;
	struct tess_tone_detector detector;
	float pcm[WINDOW];
	unsigned frames;
	int64_t window_us;
	unsigned heard; /* windows with the second's tone */
	int64_t now_us;
};

static void on_beep(void *arg, int64_t pts_us)
{
	struct watch *watch = arg;

	assert_true(watch->beep_count < MAX_FLASHES);
	watch->beeps_us[watch->beep_count++] = pts_us - TESS_MEDIA_REPLAY_START_US;
}

static void hear(struct watch *watch)
{
	double level = tess_tone_level(watch->pcm, WINDOW, 1, 0, 48000, scenario_tone_hz(1));

	if ((double)watch->window_us >= watch->audio_s * 1e6 - 50000 && level > 0.025)
		watch->heard++;
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watch *watch = arg;

	(void)right;
	tess_tone_detector_feed(&watch->detector, pts_us, left, frames);
	pts_us -= TESS_MEDIA_REPLAY_START_US;
	if (llabs(pts_us - watch->window_us - watch->frames * INT64_C(1000000) / 48000) > 1000)
		watch->frames = 0;
	for (unsigned i = 0; i < frames; i++) {
		if (!watch->frames)
			watch->window_us = pts_us + i * INT64_C(1000000) / 48000;
		watch->pcm[watch->frames++] = left[i];
		if (watch->frames == WINDOW) {
			hear(watch);
			watch->frames = 0;
		}
	}
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect all = {0, 0, (int32_t)picture->width, (int32_t)picture->height};
	struct watch *watch = arg;
	struct tess_test_pattern pattern;
	int64_t off_us;

	pts_us -= TESS_MEDIA_REPLAY_START_US;
	assert_int_equal(tess_test_pattern_read(&pattern, picture, &all, TESS_RENDER_CROP,
						picture->width, picture->height),
			 0);
	if ((double)pattern.time_us < watch->video_s * 1e6 - TESS_TEST_PATTERN_UNIT_US) {
		assert_true((double)pattern.time_us <= STOP_S * 1e6);
		return;
	}
	/* each in its turn */
	if (watch->pictures++)
		assert_in_range(pattern.time_us - watch->captured_us,
				1000000 / FRAME_RATE - TESS_TEST_PATTERN_UNIT_US,
				1000000 / FRAME_RATE + TESS_TEST_PATTERN_UNIT_US);
	watch->captured_us = pattern.time_us;
	off_us = pts_us - pattern.time_us;
	if (llabs(off_us) > llabs(watch->furthest_us))
		watch->furthest_us = off_us;
	if (pattern.flash && !watch->flashing) {
		assert_true(watch->flash_count < MAX_FLASHES);
		watch->flashes_us[watch->flash_count++] = pts_us;
	}
	watch->flashing = pattern.flash;
}

static void on_au(void *arg, const char *stream, uint64_t epoch,
		  const struct tess_stream_info *info, const struct tess_au *au)
{
	const struct judge_handlers handlers = {
		.picture = on_picture, .sound = on_sound, .arg = arg};
	struct watch *watch = arg;
	unsigned track = au->track == TESS_TRACK_VIDEO;

	assert_string_equal(stream, "user-100");
	if (!watch->rings || watch->epochs[watch->rings - 1] != epoch) {
		assert_true(watch->rings < MAX_RINGS);
		watch->epochs[watch->rings] = epoch;
		watch->judges[watch->rings++] = judge_open(&handlers);
	}
	/* a recording drops what steps back, and pictures after a hole up to a key frame */
	if (watch->last_us[track])
		assert_true(au->dts_us > watch->last_us[track]);
	watch->last_us[track] = au->dts_us;
	/* nothing of long ago: it would be a file of its own where a break ends one */
	assert_true(au->dts_us > watch->now_us - 1500000);
	assert_true(!au->discontinuity || au->key);
	judge_au(watch->judges[watch->rings - 1], info, au);
}

/* Once a second. */
static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	struct watch *watch = arg;

	(void)facts;
	watch->now_us = now_us;
}

static void add(struct tess_test_publisher senders[4], const struct restart *restart)
{
	const double begin_s = STOP_S + restart->gap_s;

	for (unsigned i = 0; i < 4; i++) {
		struct tess_test_publisher *sender = &senders[i];
		bool second = i >= 2, video = i % 2;

		*sender = scenario_publisher(0);
		*(video ? &sender->audio_port : &sender->video_port) = 0;
		sender->flash_every_s = 1;
		if (!second) {
			sender->stop_s = STOP_S;
			continue;
		}
		sender->life = 1;
		sender->start_s = begin_s + (video ? restart->video_s : restart->audio_s);
		sender->tone_hz = scenario_tone_hz(1);
		sender->first_report_s = restart->first_report_s;
		sender->wall_clock_ms = restart->wall_clock_ms;
		if (video)
			sender->sent_from_s = sender->start_s + restart->sent_from_s;
	}
}

static void run(struct watch *watch, double end_s)
{
	struct tess_test_publisher senders[4];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = 4, .duration_s = end_s, .seed = 3};
	const struct tess_media_replay_handlers handlers = {
		.au = on_au, .facts = on_facts, .arg = watch};
	char path[] = "/tmp/tessera-test-XXXXXX", error[256];
	json_t *scenario = scenario_new(), *publisher = scenario_desired_publisher(0, 1);
	int fd = mkstemp(path);

	tess_log_init("test", TESS_LOG_WARN);
	assert_true(fd >= 0);
	(void)close(fd);
	add(senders, watch->restart);
	assert_int_equal(json_object_set_new(publisher, "stream", json_string("user-100")), 0);
	scenario_step(scenario, 0, scenario_desired(json_pack("[o]", publisher), json_array()));
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	if (tess_media_replay(path, scenario, &handlers, error, sizeof(error)))
		fail_msg("%s", error);
	(void)unlink(path);
	json_decref(scenario);
	for (unsigned i = 0; i < watch->rings; i++)
		judge_close(watch->judges[i]);
}

/* The flashes of the second that have a beep, and the furthest that one is from it. */
static unsigned pairs(const struct watch *watch, int64_t *apart_us)
{
	double from_s = (watch->video_s > watch->audio_s ? watch->video_s : watch->audio_s) + 0.1;
	unsigned count = 0;

	*apart_us = 0;
	for (unsigned i = 0; i < watch->flash_count; i++) {
		int64_t nearest_us = INT64_MAX;

		if ((double)watch->flashes_us[i] < from_s * 1e6)
			continue;
		for (unsigned j = 0; j < watch->beep_count; j++) {
			int64_t us = llabs(watch->flashes_us[i] - watch->beeps_us[j]);

			nearest_us = us < nearest_us ? us : nearest_us;
		}
		*apart_us = nearest_us > *apart_us ? nearest_us : *apart_us;
		count++;
	}
	return count;
}

static void check(const struct restart *restart)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	const double begin_s = STOP_S + restart->gap_s, end_s = begin_s + restart->length_s;
	unsigned sent, tenths, count;
	int64_t apart_us;

	assert_non_null(watch);
	watch->restart = restart;
	/* a key frame each second from its begin on */
	watch->video_s = begin_s + restart->video_s + ceil(restart->sent_from_s);
	watch->audio_s = begin_s + restart->audio_s;
	tess_tone_detector_init(&watch->detector, 48000, 1, 1000, 0.25, on_beep, watch);
	run(watch, end_s);
	sent = (unsigned)ceil((end_s - watch->video_s) * FRAME_RATE - 1e-6);
	tenths = (unsigned)((end_s - watch->audio_s) * 10 + 1e-6);
	count = pairs(watch, &apart_us);
	print_message("%.1f s, picture +%.1f s, from %.1f s, sound +%.1f s, report %+.1f s, wall "
		      "clock %+.0f ms: at most %lld us off, %lld us apart\n",
		      restart->gap_s, restart->video_s, restart->sent_from_s, restart->audio_s,
		      restart->first_report_s, restart->wall_clock_ms,
		      (long long)watch->furthest_us, (long long)apart_us);
	assert_int_equal(watch->pictures, sent);
	assert_in_range(watch->furthest_us + OFF_US, 0, 2 * OFF_US);
	/* but for the first and the last, which other things are in as well */
	assert_in_range(watch->heard, tenths - 2, tenths);
	assert_true(count >= 2);
	assert_in_range(apart_us, 0, 40000);
	assert_int_equal(watch->rings, 1);
	free(watch);
}

#define EARLY (-1e-9) /* a report before the first packet */

static void short_form(void **state)
{
	static const struct restart restarts[] = {
		/* the first one's sound has not been replaced yet, and its clock is another */
		{.gap_s = 0.4, .audio_s = 0.2, .first_report_s = EARLY, .wall_clock_ms = -1500},
		{.gap_s = 0, .first_report_s = 2, .wall_clock_ms = 1500},
		{.gap_s = 0.4, .video_s = 1, .first_report_s = EARLY, .wall_clock_ms = -700},
		{.gap_s = 2, .sent_from_s = 0.6, .first_report_s = 2, .wall_clock_ms = -5000},
		/* the ring and its encoder have been quiet; sound alone does not make another */
		{.gap_s = 10, .video_s = 0.2, .first_report_s = EARLY},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		struct restart restart = restarts[i];

		restart.length_s = 4;
		check(&restart);
	}
}

static void all_of_them(void **state)
{
	static const double gaps[] = {0, 0.4, 2, 10},
			    firsts[][2] = {{0, 0}, {0.2, 0}, {1, 0}, {0, 0.2}, {0, 1}};
	static const double reports[] = {EARLY, 0.2, 5},
			    walls[] = {0, -700, 700, -1500, 1500, -5000, 5000};

	(void)state;
	if (!getenv("TESSERA_LONG"))
		skip();
	for (unsigned i = 0; i < 4 * 5 * 3 * 7 * 2; i++) {
		const double *first = firsts[i / 4 % 5];
		const struct restart restart = {
			.gap_s = gaps[i % 4],
			.video_s = first[0],
			.audio_s = first[1],
			.first_report_s = reports[i / 20 % 3],
			.wall_clock_ms = walls[i / 60 % 7],
			.sent_from_s = i / 420 ? 0.6 : 0,
			.length_s = 8,
		};

		check(&restart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_form),
		cmocka_unit_test(all_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
