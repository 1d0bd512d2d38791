/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/mix.c - the clock of a mix: fixed rate, late ticks, an encoder that
 * hangs or fails, and what a change of parameters opens anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/media/canvas.h"
#include "firmware/media/mix.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define START_US INT64_C(1000000000)

static const struct tess_desired_mix basic = {
	.id = 1,
	.epoch = 1,
	.room = "1/number/1",
	.stream = "s",
	.has_video = true,
	.video = {.width = 320,
		  .height = 180,
		  .frame_rate = 20,
		  .gop_frames = 60,
		  .bitrate_bps = 500000},
	.audio = {.sample_rate = 48000, .channels = 2, .bitrate_bps = 64000},
	.layout = {.layout = TESS_LAYOUT_GRID, .render = TESS_RENDER_CROP},
};

struct fixture {
	struct fake_engine fake;       /* software */
	struct fake_engine devices[2]; /* none, unless the test says so */
	struct tess_clock_virtual clock;
	struct tess_executor *executor;
	struct tess_engines *engines;
	struct tess_media_context context;
	struct tess_mix *mix;
	struct tess_ring_reader *ring;
	int64_t now_us;
	/* of the access units read */
	unsigned pictures, keys, gaps, sounds;
};

static void open_fixture_on(struct fixture *fixture, unsigned threads, unsigned devices)
{
	int memfd, eventfd;

	memset(fixture, 0, sizeof(*fixture));
	tess_log_init("test", TESS_LOG_ERROR);
	fake_engine_init(&fixture->fake);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_init(&fixture->devices[i]);
	tess_clock_virtual_init(&fixture->clock, START_US, START_US);
	assert_int_equal(tess_executor_alloc(&fixture->executor, threads), 0);
	fixture->engines = fake_engines_open(fixture->devices, devices, &fixture->fake, "auto",
					     &fixture->clock.clock);
	fixture->now_us = START_US;
	fixture->context = (struct tess_media_context){
		.clock = &fixture->clock.clock,
		.engines = fixture->engines,
		.audio = &tess_audio_soft,
		.executor = fixture->executor,
		.jitter_us = 100000,
		.pcm = calloc(TESS_AUDIO_MAX_FRAMES * TESS_AUDIO_CHANNELS, sizeof(float)),
	};
	assert_int_equal(tess_mix_open(&fixture->mix, &fixture->context, &basic, START_US), 0);
	assert_int_equal(tess_mix_seat(fixture->mix, NULL, 0), 0);
	tess_mix_descriptors(fixture->mix, &memfd, &eventfd);
	assert_int_equal(tess_ring_reader_alloc(&fixture->ring, memfd), 0);
}

static void open_fixture(struct fixture *fixture, unsigned threads)
{
	open_fixture_on(fixture, threads, 0);
}

static void close_fixture(struct fixture *fixture)
{
	tess_mix_close(fixture->mix);
	tess_ring_reader_free(fixture->ring);
	tess_executor_free(fixture->executor);
	tess_engines_close(fixture->engines);
	free(fixture->context.pcm);
	fake_engine_done(&fixture->fake);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_done(&fixture->devices[i]);
}

static void read_ring(struct fixture *fixture)
{
	uint8_t buffer[8192];
	struct tess_au au;
	size_t needed;

	while (!tess_ring_read(fixture->ring, &au, buffer, sizeof(buffer), &needed)) {
		if (au.track == TESS_TRACK_AUDIO) {
			fixture->sounds++;
			continue;
		}
		fixture->pictures++;
		fixture->keys += au.key;
		fixture->gaps += au.discontinuity;
	}
}

/* As its room does. */
static void move(struct fixture *fixture)
{
	if (!tess_mix_must_move(fixture->mix))
		return;
	tess_mix_move(fixture->mix);
	assert_int_equal(tess_mix_seat(fixture->mix, NULL, 0), 0);
}

/* Step as often as the mix asks for it. */
static void run_until(struct fixture *fixture, int64_t until_us)
{
	for (;;) {
		int64_t next_us;

		move(fixture);
		next_us = tess_mix_step(fixture->mix, fixture->now_us);

		read_ring(fixture);
		assert_true(next_us > fixture->now_us);
		if (next_us > until_us)
			break;
		fixture->now_us = next_us;
		fixture->clock.clock.advance_to(&fixture->clock.clock, next_us);
	}
}

static struct tess_mix_facts facts_of(const struct fixture *fixture)
{
	struct tess_mix_facts facts = {0};

	tess_mix_facts(fixture->mix, &facts);
	return facts;
}

static void change(struct fixture *fixture, const struct tess_desired_mix *desired)
{
	assert_true(tess_mix_can_become(fixture->mix, desired));
	tess_mix_update(fixture->mix, desired, fixture->now_us);
	assert_int_equal(tess_mix_seat(fixture->mix, NULL, 0), 0);
}

static void a_fixed_rate(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(tess_mix_state(fixture.mix), TESS_MIX_STARTING);
	run_until(&fixture, START_US + 2000000);
	assert_int_equal(tess_mix_state(fixture.mix), TESS_MIX_RUNNING);
	assert_int_equal(fixture.pictures, 41); /* the first at once */
	assert_int_equal(fixture.keys, 1);
	assert_in_range(fixture.sounds, 91, 95); /* 1024 samples each, and the encoder's delay */
	/* drawn 140 ms after the capture, and half an interval taken off */
	assert_int_equal(fixture.fake.last_pts_us, START_US + 2000000 - 140000 - 25000);
	close_fixture(&fixture);
}

/* What is due waits for a picture, so that a room has few reasons to wake; without one, 60 ms. */
static void sound_is_mixed_with_the_pictures(void **state)
{
	struct tess_desired_mix slow = basic;
	struct fixture fixture;
	unsigned steps = 0;

	(void)state;
	open_fixture(&fixture, 0);
	run_until(&fixture, START_US + 1000000);
	fixture.sounds = 0;
	for (int64_t next_us = fixture.now_us; next_us <= START_US + 2000000; steps++) {
		fixture.now_us = next_us;
		next_us = tess_mix_step(fixture.mix, fixture.now_us);
		read_ring(&fixture);
	}
	assert_int_equal(steps, 21); /* 20 pictures a second */
	assert_in_range(fixture.sounds, 45, 49);
	slow.video.frame_rate = 1;
	change(&fixture, &slow);
	run_until(&fixture, START_US + 4000000);
	fixture.sounds = steps = 0;
	for (int64_t next_us = fixture.now_us; next_us <= START_US + 6000000; steps++) {
		fixture.now_us = next_us;
		next_us = tess_mix_step(fixture.mix, fixture.now_us);
		read_ring(&fixture);
	}
	assert_in_range(steps, 24, 36);
	assert_in_range(fixture.sounds, 89, 97);
	close_fixture(&fixture);
}

static void a_late_thread_leaves_ticks_out(void **state)
{
	struct fixture fixture;
	int64_t before_us;

	(void)state;
	open_fixture(&fixture, 0);
	run_until(&fixture, START_US + 1000000);
	before_us = fixture.fake.last_pts_us;
	fixture.pictures = fixture.sounds = 0;
	fixture.now_us += 510000;
	(void)tess_mix_step(fixture.mix, fixture.now_us);
	read_ring(&fixture);
	/* one picture, on the grid of the clock; all of the sound */
	assert_int_equal(fixture.pictures, 1);
	assert_int_equal(fixture.fake.last_pts_us, before_us + 10 * 50000);
	assert_int_equal(facts_of(&fixture).counters.late_ticks, 9);
	assert_in_range(fixture.sounds, 23, 25);
	assert_int_equal(facts_of(&fixture).counters.sound_jumps, 0);
	close_fixture(&fixture);
}

static void a_long_standstill_is_not_caught_up(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	run_until(&fixture, START_US + 1000000);
	fixture.sounds = 0;
	fixture.now_us += 60000000;
	(void)tess_mix_step(fixture.mix, fixture.now_us);
	read_ring(&fixture);
	assert_int_equal(facts_of(&fixture).counters.sound_jumps, 1);
	assert_in_range(fixture.sounds, 0, 3);
	assert_true(fixture.fake.last_pts_us > fixture.now_us - 250000);
	close_fixture(&fixture);
}

static void an_encoder_that_hangs_holds_nobody_up(void **state)
{
	struct tess_mix_facts facts;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 1);
	fixture.fake.hang = true;
	(void)tess_mix_step(fixture.mix, fixture.now_us);
	(void)sem_wait(&fixture.fake.entered);
	/* this would never come back if a step waited for the encoder */
	run_until(&fixture, START_US + 1000000);
	facts = facts_of(&fixture);
	assert_int_equal(facts.state, TESS_MIX_STARTING);
	assert_int_equal(facts.counters.encoder_busy,
			 21 - TESS_CANVAS_PICTURES); /* of 21, two are under way */
	/* 51 times 20 ms: one before the picture, 16 wait */
	assert_int_equal(facts.counters.sound_overflow, 51 - 1 - TESS_CANVAS_SOUNDS);
	fixture.fake.hang = false;
	(void)sem_post(&fixture.fake.release);
	while (tess_mix_state(fixture.mix) != TESS_MIX_RUNNING) {
		(void)sched_yield();
		(void)tess_mix_step(fixture.mix, fixture.now_us);
	}
	close_fixture(&fixture);
}

static void a_failed_encoder_is_opened_again(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	run_until(&fixture, START_US + 500000);
	fixture.fake.encode_error = -ENODEV;
	run_until(&fixture, START_US + 600000);
	assert_int_equal(tess_mix_state(fixture.mix), TESS_MIX_ERROR);
	assert_int_equal(facts_of(&fixture).error, -ENODEV);
	assert_int_equal(fixture.fake.encoders_open, 0);
	fixture.fake.encode_error = 0;
	fixture.pictures = fixture.keys = 0;
	/* left alone for a second */
	run_until(&fixture, START_US + 1500000);
	assert_int_equal(fixture.fake.encoders_opened, 1);
	run_until(&fixture, START_US + 2000000);
	assert_int_equal(fixture.fake.encoders_opened, 2);
	assert_int_equal(tess_mix_state(fixture.mix), TESS_MIX_RUNNING);
	assert_true(fixture.pictures > 5);
	assert_int_equal(fixture.keys, 1); /* a new start, marked for the readers */
	assert_int_equal(fixture.gaps, 1);
	assert_true(facts_of(&fixture).counters.draw_errors > 10);
	close_fixture(&fixture);
}

static void a_lost_device_is_left_and_the_stream_goes_on(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture_on(&fixture, 0, 2);
	run_until(&fixture, START_US + 500000);
	assert_int_equal(tess_mix_engine(fixture.mix), 0);
	assert_int_equal(fixture.pictures, 11);
	fixture.devices[0].gone = true;
	run_until(&fixture, START_US + 1000000);
	assert_int_equal(tess_mix_engine(fixture.mix), 1);
	/* of the ten pictures since, the one that found out is missing */
	assert_int_equal(fixture.pictures, 20);
	assert_int_equal(fixture.keys, 2);
	assert_int_equal(fixture.gaps, 0); /* too short to be told */
	assert_int_equal(facts_of(&fixture).counters.draw_errors, 1);
	assert_int_equal(facts_of(&fixture).state, TESS_MIX_RUNNING);
	assert_int_equal(facts_of(&fixture).engine, 1);
	/* nothing is left on it, so it is closed */
	assert_int_equal(fixture.devices[0].encoders_open, 0);
	assert_int_equal(fixture.devices[0].compositors_open, 0);
	tess_engines_step(fixture.engines);
	assert_int_equal(fixture.devices[0].open, 0);
	/* then the other one too: software is left */
	fixture.devices[1].gone = true;
	run_until(&fixture, START_US + 1500000);
	assert_int_equal(tess_mix_engine(fixture.mix), 2);
	assert_int_equal(fixture.pictures, 29);
	assert_int_equal(fixture.keys, 3);
	/* it is there again, and the mix stays where it is */
	fixture.devices[0].gone = fixture.devices[1].gone = false;
	fixture.now_us += 20000000;
	fixture.clock.clock.advance_to(&fixture.clock.clock, fixture.now_us);
	tess_engines_step(fixture.engines);
	assert_int_equal(fixture.devices[0].open, 1);
	run_until(&fixture, fixture.now_us + 500000);
	assert_int_equal(tess_mix_engine(fixture.mix), 2);
	assert_int_equal(fixture.devices[0].encoders_opened, 1);
	close_fixture(&fixture);
}

static void with_threads_a_lost_device_is_left_too(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture_on(&fixture, 2, 1);
	fixture.devices[0].hang = true;
	(void)tess_mix_step(fixture.mix, fixture.now_us);
	(void)sem_wait(&fixture.devices[0].entered);
	/* it is lost with a picture on its way and another one that waits */
	run_until(&fixture, START_US + 200000);
	fixture.devices[0].gone = true;
	fixture.devices[0].hang = false;
	(void)sem_post(&fixture.devices[0].release);
	while (tess_mix_state(fixture.mix) != TESS_MIX_RUNNING) {
		(void)sched_yield();
		fixture.now_us += 10000;
		fixture.clock.clock.advance_to(&fixture.clock.clock, fixture.now_us);
		move(&fixture);
		(void)tess_mix_step(fixture.mix, fixture.now_us);
	}
	assert_int_equal(tess_mix_engine(fixture.mix), 1);
	close_fixture(&fixture);
}

static void what_a_device_refuses_goes_elsewhere(void **state)
{
	struct tess_engine_facts facts[TESS_ENGINES_MAX];
	struct tess_desired_mix changed = basic;
	struct fixture fixture;

	(void)state;
	open_fixture_on(&fixture, 0, 2);
	run_until(&fixture, START_US + 500000);
	/* too small for it, say; or no session is left */
	fixture.devices[0].open_error = fixture.devices[1].open_error = -EINVAL;
	changed.epoch = 2;
	changed.video.width = 16;
	change(&fixture, &changed);
	run_until(&fixture, START_US + 1000000);
	assert_int_equal(tess_mix_engine(fixture.mix), 2);
	assert_int_equal(fixture.pictures, 21 - 2);
	assert_int_equal(facts_of(&fixture).state, TESS_MIX_RUNNING);
	/* nobody else has to suffer for it */
	(void)tess_engines_facts(fixture.engines, facts);
	assert_int_equal(facts[0].state, TESS_ENGINE_OK);
	assert_int_equal(facts[1].state, TESS_ENGINE_OK);
	close_fixture(&fixture);
}

static void a_picture_that_fails_is_left_out(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture_on(&fixture, 0, 1);
	run_until(&fixture, START_US + 500000);
	/* twice is an accident */
	fixture.devices[0].encode_error = -EIO;
	run_until(&fixture, START_US + 600000);
	fixture.devices[0].encode_error = 0;
	run_until(&fixture, START_US + 1000000);
	assert_int_equal(tess_mix_engine(fixture.mix), 0);
	assert_int_equal(fixture.pictures, 21 - 2);
	assert_int_equal(fixture.devices[0].encoders_opened, 1);
	assert_int_equal(fixture.devices[0].forced_keys, 1);
	assert_int_equal(facts_of(&fixture).state, TESS_MIX_RUNNING);
	/* three times is not */
	fixture.devices[0].encode_error = -EIO;
	run_until(&fixture, START_US + 1500000);
	assert_int_equal(tess_mix_engine(fixture.mix), 1);
	assert_int_equal(fixture.pictures, 31 - 2 - 3);
	assert_int_equal(fixture.gaps, 0);
	close_fixture(&fixture);
}

static void a_mix_without_a_picture_has_no_place(void **state)
{
	struct tess_desired_mix sound = basic;
	struct fixture fixture;
	struct tess_mix *mix;

	(void)state;
	open_fixture_on(&fixture, 0, 1);
	sound.has_video = false;
	assert_int_equal(tess_mix_open(&mix, &fixture.context, &sound, START_US), 0);
	assert_int_equal(tess_mix_seat(mix, NULL, 0), 0);
	assert_int_equal(tess_mix_engine(mix), -1);
	assert_false(tess_mix_must_move(mix));
	tess_mix_measure(mix, START_US + 1000000);
	tess_mix_close(mix);
	close_fixture(&fixture);
}

static void changes_open_anew_what_they_must(void **state)
{
	struct tess_desired_mix changed = basic;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	run_until(&fixture, START_US + 200000);
	changed.epoch = 2;
	changed.video.bitrate_bps = 900000;
	change(&fixture, &changed);
	run_until(&fixture, START_US + 400000);
	assert_int_equal(fixture.fake.bitrate_changes, 1);
	assert_int_equal(fixture.fake.encoders_opened, 1);
	changed.video.background = 0x112233;
	change(&fixture, &changed);
	run_until(&fixture, START_US + 600000);
	assert_int_equal(fixture.fake.compositors_opened, 1);
	assert_int_equal(fixture.fake.last_background, 0x112233);
	assert_int_equal(fixture.fake.encoders_opened, 1);
	changed.video.gop_frames = 20;
	change(&fixture, &changed);
	run_until(&fixture, START_US + 800000);
	assert_int_equal(fixture.fake.compositors_opened, 1);
	assert_int_equal(fixture.fake.encoders_opened, 2);
	changed.video.width = 640;
	change(&fixture, &changed);
	run_until(&fixture, START_US + 1000000);
	assert_int_equal(fixture.fake.compositors_opened, 2);
	assert_int_equal(fixture.fake.encoders_opened, 3);
	assert_int_equal(fixture.fake.last_width, 640);
	/* sound stays as it runs */
	changed.audio.bitrate_bps = 32000;
	changed.audio.sample_rate = 16000;
	change(&fixture, &changed);
	assert_int_equal(tess_mix_desired(fixture.mix)->audio.sample_rate, 48000);
	assert_int_equal(fixture.pictures, 21);
	assert_int_equal(fixture.gaps, 0);
	/* not in place: another stream, another room, picture or not */
	changed = basic;
	changed.has_video = false;
	assert_false(tess_mix_can_become(fixture.mix, &changed));
	changed = basic;
	changed.stream[0] = 'x';
	assert_false(tess_mix_can_become(fixture.mix, &changed));
	changed = basic;
	changed.room[0] = '2';
	assert_false(tess_mix_can_become(fixture.mix, &changed));
	close_fixture(&fixture);
}

/* MP3 is one more stream of the same sound, at the same times; the mix's own is what it was. */
static void sound_as_mp3(void **state)
{
	static uint8_t sound[2][200000];
	size_t length[2] = {0};
	unsigned frames = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct tess_desired_mix desired = basic;
		struct tess_ring_reader *mp3 = NULL;
		struct fixture fixture;
		int memfd = -1, eventfd;
		uint8_t buffer[8192];
		struct tess_au au;
		size_t needed;
		int64_t last_us = 0;

		open_fixture(&fixture, 0);
		tess_mix_close(fixture.mix);
		tess_ring_reader_free(fixture.ring);
		desired.has_video = false;
		if (i)
			(void)strcpy(desired.mp3_stream, "s-mp3");
		assert_int_equal(tess_mix_open(&fixture.mix, &fixture.context, &desired, START_US),
				 0);
		assert_int_equal(tess_mix_seat(fixture.mix, NULL, 0), 0);
		assert_int_equal(tess_mix_can_become(fixture.mix, &basic), false);
		tess_mix_descriptors(fixture.mix, &memfd, &eventfd);
		assert_int_equal(tess_ring_reader_alloc(&fixture.ring, memfd), 0);
		assert_int_equal(tess_mix_mp3_descriptors(fixture.mix, &memfd, &eventfd), i == 1);
		if (i)
			assert_int_equal(tess_ring_reader_alloc(&mp3, memfd), 0);
		for (int64_t now_us = START_US; now_us < START_US + 2000000; now_us += 10000) {
			fixture.clock.clock.advance_to(&fixture.clock.clock, now_us);
			(void)tess_mix_step(fixture.mix, now_us);
		}
		while (!tess_ring_read(fixture.ring, &au, buffer, sizeof(buffer), &needed)) {
			assert_true(length[i] + au.length <= sizeof(sound[i]));
			memcpy(sound[i] + length[i], au.data, au.length);
			length[i] += au.length;
		}
		while (i && !tess_ring_read(mp3, &au, buffer, sizeof(buffer), &needed)) {
			/* 64 kbit/s at 48 kHz: 192 bytes each 24 ms */
			assert_int_equal(au.length, 192);
			assert_int_equal(au.data[0], 0xff);
			if (frames++)
				assert_int_equal(au.dts_us - last_us, 24000);
			last_us = au.dts_us;
		}
		if (i) {
			const struct tess_stream_info *info = tess_ring_reader_info(mp3);

			assert_int_equal(info->audio_codec, TESS_CODEC_MP3);
			assert_false(info->has_video);
			/* the encoder holds some tens of milliseconds */
			assert_in_range(last_us, START_US + 1700000, START_US + 1900000);
			assert_int_equal(tess_ring_reader_epoch(mp3),
					 tess_ring_reader_epoch(fixture.ring));
		}
		tess_ring_reader_free(mp3);
		close_fixture(&fixture);
	}
	assert_in_range(frames, 78, 85);
	assert_true(length[0] > 0);
	assert_int_equal(length[0], length[1]);
	assert_memory_equal(sound[0], sound[1], length[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_rate),
		cmocka_unit_test(sound_is_mixed_with_the_pictures),
		cmocka_unit_test(sound_as_mp3),
		cmocka_unit_test(a_late_thread_leaves_ticks_out),
		cmocka_unit_test(a_long_standstill_is_not_caught_up),
		cmocka_unit_test(an_encoder_that_hangs_holds_nobody_up),
		cmocka_unit_test(a_failed_encoder_is_opened_again),
		cmocka_unit_test(a_lost_device_is_left_and_the_stream_goes_on),
		cmocka_unit_test(with_threads_a_lost_device_is_left_too),
		cmocka_unit_test(what_a_device_refuses_goes_elsewhere),
		cmocka_unit_test(a_picture_that_fails_is_left_out),
		cmocka_unit_test(a_mix_without_a_picture_has_no_place),
		cmocka_unit_test(changes_open_anew_what_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
