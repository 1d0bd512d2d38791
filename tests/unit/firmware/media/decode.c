/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/decode.c - a publication's decoder: its bounded queue, its pictures,
 * its errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <cmocka.h>
#include <sched.h>
#include <time.h>

#include "drivers/clock/clock.h"
#include "firmware/media/decode.h"
#include "tests/unit/firmware/media/fake_engine.h"

static const uint8_t au[4] = {0, 0, 0, 1};

struct fixture {
	struct fake_engine fake;
	struct tess_engines *engines;
	struct tess_placement placement;
	struct tess_executor *executor;
	struct tess_decode *decode;
	struct tess_tile_source *tile;
};

static void open_fixture(struct fixture *fixture, unsigned threads)
{
	fake_engine_init(&fixture->fake);
	fixture->engines = fake_engines_open(NULL, 0, &fixture->fake, "soft", tess_clock_system());
	fixture->placement = fake_engines_place(fixture->engines);
	assert_int_equal(tess_executor_alloc(&fixture->executor, threads), 0);
	assert_int_equal(tess_decode_alloc(&fixture->decode, fixture->executor,
					   fixture->placement.device, TESS_CODEC_H264),
			 0);
	assert_int_equal(tess_tile_source_alloc(&fixture->tile, fixture->placement.device), 0);
}

static void close_engines(struct fixture *fixture)
{
	tess_executor_free(fixture->executor);
	tess_placement_leave(&fixture->placement);
	tess_engines_close(fixture->engines);
	fake_engine_done(&fixture->fake);
}

static void close_fixture(struct fixture *fixture)
{
	tess_tile_source_unref(fixture->tile);
	tess_decode_close(fixture->decode);
	close_engines(fixture);
}

static int submit_when(struct fixture *fixture, int64_t capture_us, bool soon)
{
	struct tess_unit *unit;
	int error;

	assert_int_equal(tess_unit_alloc(&unit, au, sizeof(au), capture_us, false), 0);
	error = tess_decode_submit(fixture->decode, unit, &fixture->tile, 1, soon);
	tess_unit_unref(unit);
	return error;
}

static int submit(struct fixture *fixture, int64_t capture_us)
{
	return submit_when(fixture, capture_us, true);
}

static void a_picture_goes_to_its_tiles(void **state)
{
	struct tess_decode_result result;
	struct fixture fixture;
	struct tess_surface *surface;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(fixture.fake.decoders_opened, 0); /* not before there is something */
	assert_false(tess_decode_reap(fixture.decode, &result));
	assert_int_equal(submit(&fixture, 5000), 0);
	assert_true(tess_decode_reap(fixture.decode, &result));
	assert_int_equal(result.error, 0);
	assert_true(result.picture);
	assert_int_equal(result.width, 64);
	assert_int_equal(result.height, 32);
	assert_false(tess_decode_reap(fixture.decode, &result));
	assert_null(tess_video_source_pick(fixture.tile->pictures, 4999));
	surface = tess_video_source_pick(fixture.tile->pictures, 5000);
	assert_non_null(surface);
	assert_int_equal(surface->capture_us, 5000);
	close_fixture(&fixture);
}

static void a_full_queue_says_so_and_waits_for_nobody(void **state)
{
	struct tess_decode_result result;
	struct fixture fixture;
	unsigned reaped = 0;

	(void)state;
	open_fixture(&fixture, 1);
	fixture.fake.hang = true;
	for (unsigned i = 0; i < TESS_DECODE_SLOTS; i++)
		assert_int_equal(submit(&fixture, i), 0);
	(void)sem_wait(&fixture.fake.entered);
	assert_int_equal(submit(&fixture, 100), -EBUSY);
	assert_false(tess_decode_reap(fixture.decode, &result));
	fixture.fake.hang = false;
	(void)sem_post(&fixture.fake.release);
	while (reaped < TESS_DECODE_SLOTS)
		reaped += tess_decode_reap(fixture.decode, &result);
	assert_int_equal(submit(&fixture, 101), 0);
	close_fixture(&fixture);
}

static void reap_all(struct fixture *fixture)
{
	struct tess_decode_result result;

	while (!tess_decode_is_idle(fixture->decode)) {
		if (!tess_decode_reap(fixture->decode, &result))
			(void)sched_yield();
	}
}

static int64_t elapsed_us(void)
{
	return tess_clock_now_us(tess_clock_system());
}

/* The shortest and the longest time until @p count access units are decoded, when the thread has
 * just gone to sleep: it looks by itself after TESS_EXECUTOR_GATHER_US. */
static void time_decoding(struct fixture *fixture, unsigned count, bool soon, int64_t *shortest_us,
			  int64_t *longest_us)
{
	*shortest_us = INT64_MAX;
	*longest_us = 0;
	for (unsigned turn = 0; turn < 5; turn++) {
		int64_t begun_us;

		assert_int_equal(submit(fixture, 0), 0);
		reap_all(fixture);
		(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
		begun_us = elapsed_us();
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(submit_when(fixture, i, soon), 0);
		reap_all(fixture);
		begun_us = elapsed_us() - begun_us;
		*shortest_us = begun_us < *shortest_us ? begun_us : *shortest_us;
		*longest_us = begun_us > *longest_us ? begun_us : *longest_us;
	}
}

static void two_wait_for_company(void **state)
{
	int64_t shortest_us, longest_us;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 1);
	time_decoding(&fixture, 2, false, &shortest_us, &longest_us);
	assert_true(longest_us >= TESS_EXECUTOR_GATHER_US / 2);
	/* a third would be one too many; and who is in a hurry does not wait */
	time_decoding(&fixture, 3, false, &shortest_us, &longest_us);
	assert_true(shortest_us < TESS_EXECUTOR_GATHER_US / 2);
	time_decoding(&fixture, 1, true, &shortest_us, &longest_us);
	assert_true(shortest_us < TESS_EXECUTOR_GATHER_US / 2);
	close_fixture(&fixture);
}

static void closing_leaves_nothing_behind(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 1);
	fixture.fake.hang = true;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(submit(&fixture, i), 0);
	(void)sem_wait(&fixture.fake.entered);
	/* the decoder hangs; the room's thread closes it and its tile, and goes on */
	tess_decode_close(fixture.decode);
	tess_tile_source_unref(fixture.tile);
	fixture.fake.hang = false;
	(void)sem_post(&fixture.fake.release);
	close_engines(&fixture);
	assert_int_equal(fixture.fake.decoded, 4);
}

static void errors_are_told_and_the_last_picture_stays(void **state)
{
	struct tess_decode_result result;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(submit(&fixture, 1), 0);
	fixture.fake.decode_error = -EBADMSG;
	assert_int_equal(submit(&fixture, 2), 0);
	assert_true(tess_decode_reap(fixture.decode, &result));
	assert_true(tess_decode_reap(fixture.decode, &result));
	assert_int_equal(result.error, -EBADMSG);
	assert_false(result.picture);
	assert_int_equal(fixture.fake.decoders_opened, 1); /* it goes on with the same one */
	assert_int_equal(tess_video_source_pick(fixture.tile->pictures, 10)->capture_us, 1);
	close_fixture(&fixture);
}

static void a_lost_device_gets_a_new_decoder(void **state)
{
	struct tess_decode_result result;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(submit(&fixture, 1), 0);
	fixture.fake.decode_error = -ENODEV;
	assert_int_equal(submit(&fixture, 2), 0);
	assert_int_equal(fixture.fake.decoders_open, 0);
	fixture.fake.decode_error = 0;
	fixture.fake.open_error = -ENODEV;
	assert_int_equal(submit(&fixture, 3), 0);
	fixture.fake.open_error = 0;
	assert_int_equal(submit(&fixture, 4), 0);
	assert_int_equal(fixture.fake.decoders_opened, 2);
	for (unsigned i = 1; i <= 4; i++) {
		assert_true(tess_decode_reap(fixture.decode, &result));
		assert_int_equal(result.error, i == 2 || i == 3 ? -ENODEV : 0);
	}
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_goes_to_its_tiles),
		cmocka_unit_test(a_full_queue_says_so_and_waits_for_nobody),
		cmocka_unit_test(two_wait_for_company),
		cmocka_unit_test(closing_leaves_nothing_behind),
		cmocka_unit_test(errors_are_told_and_the_last_picture_stays),
		cmocka_unit_test(a_lost_device_gets_a_new_decoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
