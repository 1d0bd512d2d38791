/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/publisher_decode.c - a publisher's decoders, which run only while
 * somebody looks: catching up, what is left out, and what becomes of errors.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <time.h>

#include "drivers/clock/clock.h"
#include "tests/unit/firmware/media/publisher_fixture.h"

static void decodes_only_while_somebody_looks(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoders_opened, 0);
	/* what came since the key frame, at once */
	look(&fixture, true);
	assert_int_equal(fixture.fake.decoded, 2);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 3);
	assert_int_equal(facts_of(&fixture).video.width, 64);
	look(&fixture, false);
	assert_int_equal(fixture.fake.decoders_open, 0);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 3);
	close_fixture(&fixture);
}

static void without_a_key_frame_nothing_is_decoded(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	look(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoders_opened, 0);
	assert_int_equal(facts_of(&fixture).video.counters.waiting_for_key, 2);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 2);
	close_fixture(&fixture);
}

static void a_new_decoder_catches_up(void **state)
{
	struct tess_surface *surface;
	struct fixture fixture;
	int64_t begun_us, next_us;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 59; i++)
		send_picture(&fixture, false); /* a key frame every 4 s */
	look(&fixture, true);
	/* never more at once than its queue holds */
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS);
	begun_us = fixture.now_us;
	while (fixture.fake.decoded < 60 && fixture.now_us < begun_us + 1000000) {
		next_us = tess_publisher_step(fixture.publisher, fixture.now_us);
		assert_true(next_us > fixture.now_us);
		fixture.now_us = next_us;
	}
	assert_int_equal(fixture.fake.decoded, 60);
	assert_true(fixture.now_us - begun_us <= 60000);
	/* of old pictures the tile has heard nothing: within 250 ms of the last there are four */
	surface = tess_video_source_pick(fixture.tile->pictures, INT64_MAX);
	assert_non_null(surface);
	assert_int_equal(tess_video_source_skipped(fixture.tile->pictures), 3);
	/* then it goes on as ever */
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 61);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

/* Until the next picture is in the tile, which comes when a thread has just gone to sleep. */
static int64_t decoding_us(struct fixture *fixture)
{
	const struct tess_surface *before =
		tess_video_source_pick(fixture->tile->pictures, INT64_MAX);
	int64_t begun_us;

	(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	begun_us = tess_clock_now_us(tess_clock_system());
	send_picture(fixture, !before);
	while (tess_video_source_pick(fixture->tile->pictures, INT64_MAX) == before)
		(void)sched_yield();
	(void)tess_publisher_step(fixture->publisher, fixture->now_us);
	return tess_clock_now_us(tess_clock_system()) - begun_us;
}

static void who_is_late_is_decoded_at_once(void **state)
{
	int64_t in_time_us = 0, late_us = INT64_MAX;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	tess_executor_free(fixture.executor);
	assert_int_equal(tess_executor_alloc(&fixture.executor, 1), 0);
	fixture.context.executor = fixture.executor;
	open_publisher(&fixture);
	look(&fixture, true);
	(void)decoding_us(&fixture);
	for (unsigned turn = 0; turn < 5; turn++) {
		int64_t us;

		/* it is to be drawn 140 ms after it was captured */
		fixture.clock.clock.advance_to(&fixture.clock.clock, fixture.now_us + 50000);
		us = decoding_us(&fixture);
		in_time_us = us > in_time_us ? us : in_time_us;
		fixture.clock.clock.advance_to(&fixture.clock.clock, fixture.now_us + 61000);
		us = decoding_us(&fixture);
		late_us = us < late_us ? us : late_us;
	}
	assert_true(in_time_us >= TESS_EXECUTOR_GATHER_US / 2);
	assert_true(late_us < TESS_EXECUTOR_GATHER_US / 2);
	close_fixture(&fixture);
}

static void what_comes_at_once_after_a_pause_finds_room(void **state)
{
	static const uint8_t other[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	/* 60 a second, held up for 200 ms; the room's thread finds them in one look */
	for (unsigned i = 0; i < 12; i++)
		tess_rtp_sender_h264(&fixture.sender, fixture.now_us + i * 16667, other,
				     sizeof(other));
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	assert_int_equal(fixture.fake.decoded, 13);
	close_fixture(&fixture);
}

static void a_key_frame_ends_catching_up(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 29; i++)
		send_picture(&fixture, false);
	look(&fixture, true);
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS);
	/* the queue is full: it is kept, and 14 pictures that it makes useless are left out */
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS + 3);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

/* A picture to which others refer, and one to which none does, 30 a second. */
static void send_pair(struct fixture *fixture)
{
	static const uint8_t referred[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};
	static const uint8_t disposable[] = {0, 0, 0, 1, 0x01, 0x9a, 0x02, 0x33};

	send_access_unit(fixture, referred, sizeof(referred), 33333);
	send_access_unit(fixture, disposable, sizeof(disposable), 33334);
}

static void show_at(struct fixture *fixture, unsigned count, const uint16_t *frame_rates)
{
	struct tess_tap taps[2];

	for (unsigned i = 0; i < count; i++)
		taps[i] = (struct tess_tap){.tile = fixture->tile, .frame_rate = frame_rates[i]};
	tess_publisher_set_taps(fixture->publisher, taps, count);
}

static void what_nobody_needs_is_left_out(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	show_at(&fixture, 1, (const uint16_t[]){15});
	send_picture(&fixture, true);
	/* it takes a second to know */
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_in_range(facts_of(&fixture).video.counters.left_out, 4, 5);
	assert_int_equal(fixture.fake.decoded + facts_of(&fixture).video.counters.left_out, 41);
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_in_range(facts_of(&fixture).video.counters.left_out, 24, 25);
	assert_int_equal(fixture.fake.decoded + facts_of(&fixture).video.counters.left_out, 81);
	/* one mix of two shows all */
	show_at(&fixture, 2, (const uint16_t[]){15, 30});
	fixture.fake.decoded = 0;
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 40);
	/* 20 a second are more than the 15 that remain */
	show_at(&fixture, 1, (const uint16_t[]){20});
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 80);
	show_at(&fixture, 2, (const uint16_t[]){5, 10});
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 100);
	assert_int_equal(facts_of(&fixture).video.counters.waiting_for_key, 0);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

static void a_new_decoder_passes_over_what_nothing_refers_to(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 30; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 0);
	show_at(&fixture, 1, (const uint16_t[]){30});
	for (unsigned i = 0; i < 50; i++) {
		fixture.now_us += 1000;
		(void)tess_publisher_step(fixture.publisher, fixture.now_us);
	}
	/* the key frame, 30, and of the others those of the last 250 ms */
	assert_int_equal(fixture.fake.decoded, 31 + 4);
	close_fixture(&fixture);
}

static void it_knows_how_large_it_is_drawn(void **state)
{
	struct tess_tap taps[3];
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	assert_int_equal(facts_of(&fixture).video.tile_width, 0);
	assert_int_equal(facts_of(&fixture).video.decoders, 0);
	taps[0] = (struct tess_tap){.tile = fixture.tile, .width = 320, .height = 180};
	taps[1] = (struct tess_tap){.tile = fixture.tile, .width = 240, .height = 240};
	taps[2] = (struct tess_tap){.width = 1920, .height = 1080}; /* nobody sees it */
	tess_publisher_set_taps(fixture.publisher, taps, 3);
	assert_int_equal(facts_of(&fixture).video.tile_width, 320);
	assert_int_equal(facts_of(&fixture).video.tile_height, 240);
	/* three mixes, one decoder */
	assert_int_equal(facts_of(&fixture).video.decoders, 1);
	assert_int_equal(fixture.fake.decoders_opened, 1);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 2);
	tess_publisher_set_taps(fixture.publisher, &taps[2], 1);
	assert_int_equal(facts_of(&fixture).video.tile_width, 0);
	assert_int_equal(facts_of(&fixture).video.decoders, 0);
	close_fixture(&fixture);
}

static void each_device_has_a_decoder(void **state)
{
	struct fake_engine devices[2];
	struct tess_placement placements[2];
	struct tess_tile_source *tiles[3];
	struct tess_engines *engines;
	struct tess_tap taps[3];
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_init(&devices[i]);
	tess_tile_source_unref(fixture.tile);
	tess_placement_leave(&fixture.placement);
	tess_engines_close(fixture.engines);
	engines = fake_engines_open(devices, 2, &fixture.fake, "auto", tess_clock_system());
	fixture.context.engines = fixture.engines = engines;
	for (unsigned i = 0; i < 3; i++) {
		if (i < 2)
			placements[i] = fake_engines_place(engines);
		assert_int_equal(tess_tile_source_alloc(&tiles[i], placements[i % 2].device), 0);
		taps[i] = (struct tess_tap){.tile = tiles[i]};
	}
	assert_ptr_not_equal(placements[0].device, placements[1].device);
	fixture.tile = tess_tile_source_ref(tiles[0]);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	tess_publisher_set_taps(fixture.publisher, taps, 3);
	send_picture(&fixture, false);
	/* three tiles, two decoders */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(devices[i].decoders_opened, 1);
		assert_int_equal(devices[i].decoded, 2);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(tess_video_source_pick(tiles[i]->pictures, INT64_MAX));
	/* one of them goes, the other is left as it is */
	tess_publisher_set_taps(fixture.publisher, &taps[1], 1);
	send_picture(&fixture, false);
	assert_int_equal(devices[0].decoders_open, 0);
	assert_int_equal(devices[1].decoders_opened, 1);
	assert_int_equal(devices[1].decoded, 3);
	for (unsigned i = 0; i < 3; i++) {
		tess_tile_source_unref(tiles[i]);
		if (i < 2)
			tess_placement_leave(&placements[i]);
	}
	close_fixture(&fixture);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_done(&devices[i]);
}

static void a_decode_error_asks_for_a_key_frame_and_goes_on(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	fixture.fake.decode_error = -EBADMSG;
	send_picture(&fixture, false);
	fixture.fake.decode_error = 0;
	fixture.now_us += 600000; /* at most one PLI in 500 ms */
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).video.counters.decode_errors, 1);
	assert_true(sent_rtcp(&fixture, 206, 1));
	assert_int_equal(fixture.fake.decoded, 4);
	close_fixture(&fixture);
}

static void a_format_that_cannot_be_decoded_is_told(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	fixture.fake.decode_error = -ENOTSUP;
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_RECEIVING);
	assert_int_equal(facts_of(&fixture).error, -ENOTSUP);
	fixture.fake.decode_error = 0;
	send_picture(&fixture, false); /* of no use without its key frame */
	assert_int_equal(facts_of(&fixture).error, -ENOTSUP);
	send_picture(&fixture, true);
	assert_int_equal(facts_of(&fixture).error, 0);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_only_while_somebody_looks),
		cmocka_unit_test(without_a_key_frame_nothing_is_decoded),
		cmocka_unit_test(a_new_decoder_catches_up),
		cmocka_unit_test(who_is_late_is_decoded_at_once),
		cmocka_unit_test(what_comes_at_once_after_a_pause_finds_room),
		cmocka_unit_test(a_key_frame_ends_catching_up),
		cmocka_unit_test(what_nobody_needs_is_left_out),
		cmocka_unit_test(a_new_decoder_passes_over_what_nothing_refers_to),
		cmocka_unit_test(it_knows_how_large_it_is_drawn),
		cmocka_unit_test(each_device_has_a_decoder),
		cmocka_unit_test(a_decode_error_asks_for_a_key_frame_and_goes_on),
		cmocka_unit_test(a_format_that_cannot_be_decoded_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
