/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/endurance.c - a room of sixteen in which somebody joins, leaves, mutes,
 * turns the camera off or on, shares a screen, or the layout changes, every second: pictures and
 * sound come without a hole, what is seen and what is heard stay within 40 ms, and memory and
 * surfaces do not grow.
 *
 * Pictures are few and small, and the mix's sound is narrow, so that a day takes half an hour: what
 * comes and goes is the same. The mix's rate is what the 40 ms ask for.
 *
 * Two minutes of virtual time, or as many hours as TESSERA_ENDURANCE_HOURS says. Every twenty
 * seconds (long: ten minutes) all come together again in a grid for six seconds, and what is in use
 * then is held against the first times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "drivers/engines.h"
#include "firmware/base/log.h"
#include "firmware/media/worker.h"
#include "pipeline/stream/ring.h"
#include "tests/integration/media/crowd.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define PEOPLE	   20
#define SCREENS	   4 /* the last are screens of the second, third ...; every second has no sound */
#define WIDTH	   160
#define HEIGHT	   90
#define RATE	   8000
#define STEP_US	   INT64_C(10000)
#define SECOND_US  INT64_C(1000000)
#define TOGETHER_S 6
/* The specification's */
#define MAX_OFFSET_US INT64_C(40000)
/* Nobody is left out of these first: caches, pools and the encoders' own fill up. */
#define WARM_UPS    3
#define SLACK_BYTES (INT64_C(1) << 20)
#define SLACK_RSS   (INT64_C(8) << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct use {
	int64_t heap, rss, surfaces;
};

struct room {
	int64_t duration_s, together_every_s;
	struct tess_clock_virtual clock;
	struct tess_net *net;
	struct tess_engines *engines;
	struct tess_executor *executor;
	struct tess_media_worker *worker;
	struct tess_ring_reader *ring;
	struct judge *judge;
	uint8_t buffer[1 << 18];

	uint64_t random;
	bool in[PEOPLE], camera[PEOPLE], voice[PEOPLE];
	json_t *layout;
	int epoch;
	uint64_t late, busy, draw_errors, sound_errors;

	uint64_t pictures, changes, flashes;
	int64_t last_picture_us, last_sound_us;
	bool flashing;
	int64_t flash_us, beep_us; /* the last seen and heard; 0: none, or held together already */
	int64_t worst_us;
	struct use highest, last; /* of the warm-ups; and the newest */
	unsigned uses;
};

static uint64_t below(struct room *room, uint64_t limit)
{
	room->random = room->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (room->random >> 33) % limit;
}

/* ---- what is wanted ---- */

static json_t *publisher(const struct room *room, unsigned i)
{
	json_t *json = scenario_desired_publisher(i, i + 1);

	if (i >= PEOPLE - SCREENS) {
		char user[16];

		(void)snprintf(user, sizeof(user), "u%u", i - (PEOPLE - SCREENS) + 1);
		json_object_set_new(json, "user", json_string(user));
		json_object_set_new(json, "stream_type", json_string("aux"));
	}
	if (!room->camera[i])
		json_object_set_new(json, "video", json_null());
	if (!room->voice[i] || i % 2 || i >= PEOPLE - SCREENS)
		json_object_set_new(json, "audio", json_null());
	return json;
}

static void want(struct room *room)
{
	json_t *publishers = json_array(), *mix = scenario_desired_mix(WIDTH, HEIGHT), *desired;
	static const char *const frozen[] = {"keep", "dim", "avatar"};
	struct tess_desired *parsed;
	char error[256];

	for (unsigned i = 0; i < PEOPLE; i++)
		if (room->in[i])
			json_array_append_new(publishers, publisher(room, i));
	json_object_set_new(
		mix, "audio",
		json_pack("{s:i,s:i,s:i}", "sample_rate", RATE, "bitrate_kbps", 64, "channels", 1));
	json_object_set_new(mix, "epoch", json_integer(++room->epoch));
	json_object_set_new(mix, "frozen", json_string(frozen[below(room, 3)]));
	json_object_update(json_object_get(mix, "layout"), room->layout);
	desired = scenario_desired(publishers, json_pack("[o]", mix));
	if (tess_desired_parse(&parsed, desired, 0, 1, error, sizeof(error)))
		fail_msg("%s", error);
	json_decref(desired);
	tess_media_worker_apply(room->worker, parsed);
}

/* The first one always has the upper left corner. */
static json_t *any_layout(struct room *room)
{
	unsigned template = (unsigned)below(room, 5);
	json_t *layout = json_pack("{s:i}", "template", template), *presets, *users;

	if (template == 1)
		return layout;
	json_object_set_new(layout, "big",
			    json_pack("{s:s,s:s}", "user", "u0", "stream_type", "main"));
	if (template == 0) {
		/* rows of small ones grow upwards: with the screens, twelve do not reach the corner
		 */
		users = json_array();
		for (unsigned i = 0; i < 12 - SCREENS; i++) {
			char user[16];

			(void)snprintf(user, sizeof(user), "u%u", i);
			json_array_append_new(users, json_string(user));
		}
		json_object_set_new(layout, "users", users);
	} else if (template == 3) {
		json_object_set_new(
			layout, "small",
			json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", "u1",
				  "stream_type", below(room, 2) ? "main" : "aux", "x", WIDTH / 2,
				  "y", HEIGHT / 2, "width", (int)below(room, WIDTH / 2), "height",
				  (int)below(room, HEIGHT / 2), "z", 1, "render", 0, "input", 0));
	} else if (template == 4) {
		presets = json_pack("[{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}]", "user", "u0",
				    "stream_type", "main", "x", 0, "y", 0, "width", WIDTH / 2,
				    "height", HEIGHT / 2, "z", 0, "render", 0, "input", 0);
		for (unsigned i = 1; i < 16; i++) {
			int x = (int)below(room, WIDTH - 20),
			    y = 10 + (int)below(room, HEIGHT - 20);

			/* some wholly over others, some of no size */
			json_array_append_new(
				presets,
				json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", "",
					  "stream_type", "main", "x", x, "y", y, "width",
					  (int)below(room, (uint64_t)(WIDTH - x)), "height",
					  (int)below(room, (uint64_t)(HEIGHT - y)), "z",
					  (int)below(room, 4), "render", (int)below(room, 3),
					  "input", (int)below(room, 3)));
		}
		json_object_set_new(layout, "presets", presets);
	}
	return layout;
}

static void come_together(struct room *room)
{
	for (unsigned i = 0; i < PEOPLE; i++)
		room->in[i] = room->camera[i] = room->voice[i] = i < PEOPLE - SCREENS;
	json_decref(room->layout);
	room->layout = json_pack("{s:i}", "template", 1);
	want(room);
}

static void change(struct room *room)
{
	unsigned who = 1 + (unsigned)below(room, PEOPLE - 1);

	switch (below(room, 5)) {
	case 0:
	case 1:
		room->in[who] = !room->in[who];
		room->camera[who] = room->voice[who] = true;
		break;
	case 2:
		room->camera[who] = !room->camera[who];
		break;
	case 3:
		room->voice[who] = !room->voice[who];
		break;
	default:
		json_decref(room->layout);
		room->layout = any_layout(room);
	}
	room->changes++;
	want(room);
}

/* ---- what is seen and heard ---- */

/* A flash and a beep that belong together are known when both are there. */
static void hold_together(struct room *room)
{
	int64_t offset_us = room->flash_us - room->beep_us;

	if (!room->flash_us || !room->beep_us)
		return;
	if (llabs(offset_us) > MAX_OFFSET_US)
		fail_msg("after %llu flashes: %lld us apart", (unsigned long long)room->flashes,
			 (long long)offset_us);
	if (llabs(offset_us) > llabs(room->worst_us))
		room->worst_us = offset_us;
	room->flash_us = room->beep_us = 0;
	room->flashes++;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect corner = {0, 0, 20, 4};
	struct room *room = arg;
	bool flashing;
	uint8_t mean[3];

	if (room->pictures++)
		assert_in_range(pts_us - room->last_picture_us, 66666, 66667);
	room->last_picture_us = pts_us;
	tess_test_i420_mean(mean, picture, &corner);
	flashing = mean[0] > 190;
	if (flashing && !room->flashing) {
		assert_int_equal(room->flash_us, 0);
		room->flash_us = pts_us;
		hold_together(room);
	}
	room->flashing = flashing;
}

static void on_beep(void *arg, int64_t pts_us)
{
	struct room *room = arg;

	assert_int_equal(room->beep_us, 0);
	room->beep_us = pts_us;
	hold_together(room);
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct tess_tone_detector *detector = arg;

	(void)right;
	tess_tone_detector_feed(detector, pts_us, left, frames);
}

struct watch {
	struct room *room;
	struct tess_tone_detector detector;
};

static void see(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	on_picture(((struct watch *)arg)->room, pts_us, picture);
}

static void hear(void *arg, int64_t pts_us, const float *left, const float *right, unsigned frames)
{
	struct watch *watch = arg;

	if (watch->room->last_sound_us)
		assert_int_equal(pts_us - watch->room->last_sound_us, 1024 * SECOND_US / RATE);
	watch->room->last_sound_us = pts_us;
	on_sound(&watch->detector, pts_us, left, right, frames);
}

/* ---- the process ---- */

static void collect(struct room *room)
{
	struct tess_media_facts *facts = tess_media_worker_take_facts(room->worker);
	struct tess_stream_event *event;
	struct tess_au au;
	size_t needed;

	if (facts && facts->mix_count) {
		const struct tess_mix_facts *mix = &facts->mixes[0];

		room->late = mix->counters.late_ticks;
		room->busy = mix->counters.encoder_busy;
		room->draw_errors = mix->counters.draw_errors;
		room->sound_errors = mix->counters.sound_errors + mix->counters.sound_overflow +
				     mix->counters.sound_jumps;
	}
	tess_media_facts_free(facts);
	while ((event = tess_media_worker_take_event(room->worker))) {
		assert_null(room->ring); /* one stream, from the begin to the end */
		assert_int_equal(tess_ring_reader_alloc(&room->ring, event->memfd), 0);
		tess_ring_seek_oldest(room->ring);
		tess_stream_event_free(event);
	}
	while (room->ring &&
	       !tess_ring_read(room->ring, &au, room->buffer, sizeof(room->buffer), &needed))
		judge_au(room->judge, tess_ring_reader_info(room->ring), &au);
}

static void run_until(struct room *room, int64_t until_us)
{
	for (;;) {
		int64_t now_us = tess_clock_now_us(&room->clock.clock), due_us;

		tess_engines_step(room->engines);
		due_us = tess_media_worker_step(room->worker, now_us);
		collect(room);
		if (now_us >= until_us)
			return;
		due_us = due_us < now_us + STEP_US ? due_us : now_us + STEP_US;
		assert_int_equal(
			room->net->driver->wait(room->net, due_us < until_us ? due_us : until_us),
			0);
	}
}

static int64_t surfaces(const struct room *room)
{
	struct tess_engine_facts facts[TESS_ENGINES_MAX];

	assert_int_equal(tess_engines_facts(room->engines, facts), 1);
	return (int64_t)facts[0].stats.surfaces_live;
}

static struct use measure(const struct room *room)
{
	struct mallinfo2 heap = mallinfo2();
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	(void)fclose(file);
	return (struct use){
		.heap = (int64_t)(heap.uordblks + heap.hblkhd),
		.rss = (int64_t)pages * sysconf(_SC_PAGESIZE),
		.surfaces = surfaces(room),
	};
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void hold_against_the_first(struct room *room)
{
	struct use now = measure(room);

	room->last = now;
	if (room->uses++ < WARM_UPS) {
		room->highest.heap = larger(room->highest.heap, now.heap);
		room->highest.rss = larger(room->highest.rss, now.rss);
		room->highest.surfaces = larger(room->highest.surfaces, now.surfaces);
		return;
	}
	/* each of the sixteen may have some pictures in its queue: as many as ever */
	assert_true(now.surfaces <= room->highest.surfaces + 4);
	if (SANITIZED)
		return;
	if (now.heap > room->highest.heap + SLACK_BYTES)
		fail_msg("%lld bytes in use, at first %lld", (long long)now.heap,
			 (long long)room->highest.heap);
	if (now.rss > room->highest.rss + SLACK_RSS)
		fail_msg("%lld bytes resident, at first %lld", (long long)now.rss,
			 (long long)room->highest.rss);
}

static void open_room(struct room *room)
{
	const struct tess_engines_config engines = {
		.clock = &room->clock.clock,
		.drivers = tess_engine_drivers(),
		.engine = "soft",
		.threads = 1,
	};
	struct tess_media_worker_config config = {
		.clock = &room->clock.clock,
		.audio = &tess_audio_soft,
		.jitter_us = SCENARIO_JITTER_MS * 1000,
	};

	tess_clock_virtual_init(&room->clock, TESS_MEDIA_REPLAY_START_US, TESS_MEDIA_REPLAY_UTC_US);
	room->net = crowd_open(PEOPLE, &room->clock.clock);
	assert_int_equal(tess_engines_open(&room->engines, &engines), 0);
	assert_int_equal(tess_executor_alloc(&room->executor, 0), 0);
	config.net = room->net;
	config.engines = room->engines;
	config.executor = room->executor;
	assert_int_equal(tess_media_worker_alloc(&room->worker, &config), 0);
	room->random = 1;
}

static void close_room(struct room *room)
{
	tess_ring_reader_free(room->ring);
	tess_media_worker_free(room->worker);
	tess_executor_free(room->executor);
	assert_int_equal(surfaces(room), 0);
	tess_engines_close(room->engines);
	crowd_close(room->net);
	json_decref(room->layout);
}

static void tell(const struct room *room, int64_t seconds, time_t begun)
{
	printf("%lld s in %lld s: %llu changes, %llu flashes at most %lld us from their beeps; "
	       "%lld "
	       "surfaces (at first %lld), %lld KiB of heap (%lld), %lld KiB resident (%lld)\n",
	       (long long)seconds, (long long)(time(NULL) - begun),
	       (unsigned long long)room->changes, (unsigned long long)room->flashes,
	       (long long)room->worst_us, (long long)room->last.surfaces,
	       (long long)room->highest.surfaces, (long long)room->last.heap / 1024,
	       (long long)room->highest.heap / 1024, (long long)room->last.rss / 1024,
	       (long long)room->highest.rss / 1024);
	(void)fflush(stdout);
}

static void live(struct room *room)
{
	time_t begun = time(NULL);

	for (int64_t second = 0; second < room->duration_s; second++) {
		int64_t in_turn = second % room->together_every_s;

		if (in_turn == 0)
			come_together(room);
		else if (in_turn >= TOGETHER_S)
			change(room);
		run_until(room, TESS_MEDIA_REPLAY_START_US + (second + 1) * SECOND_US);
		if (in_turn != TOGETHER_S - 1)
			continue;
		hold_against_the_first(room);
		tell(room, second + 1, begun);
	}
	tell(room, room->duration_s, begun);
}

static void every_second_something_else(void **state)
{
	const char *hours = getenv("TESSERA_ENDURANCE_HOURS");
	struct room *room = calloc(1, sizeof(*room));
	struct watch watch = {.room = room};
	const struct judge_handlers handlers = {.picture = see, .sound = hear, .arg = &watch};

	(void)state;
	assert_non_null(room);
	tess_log_init("test", TESS_LOG_WARN);
	room->duration_s = SANITIZED ? 50 : 120;
	room->together_every_s = SANITIZED ? 10 : 20;
	if (hours) {
		room->duration_s = (int64_t)(strtod(hours, NULL) * 3600);
		room->together_every_s = 600;
	}
	open_room(room);
	room->judge = judge_open(&handlers);
	tess_tone_detector_init(&watch.detector, RATE, 1, CROWD_BEEP_HZ, 0.25, on_beep, room);
	live(room);
	/* 15 a second, the first at once; each flash was seen and heard, but for one at the end */
	assert_int_equal(room->pictures, room->duration_s * 15 + 1);
	assert_true(room->flashes >= (uint64_t)room->duration_s / 4 - 1);
	assert_int_equal(room->late + room->busy + room->draw_errors + room->sound_errors, 0);
	judge_close(room->judge);
	close_room(room);
	free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_second_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
