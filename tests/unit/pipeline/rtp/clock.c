/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/clock.c - the mapping of one track; two tracks together: sync.c
 */
#include "pipeline/rtp/clock.h"

#include <stdlib.h>

#include "tests/unit/pipeline/rtp/support.h"

#define RATE   48000
#define FRAME  960
#define US(n)  ((int64_t)(n)*20000) /* of n frames */
#define NTP_US INT64_C(3900000000000000)

struct fixture {
	struct tess_rtp_source *source;
	struct tess_rtp_clock clock;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(tess_rtp_source_alloc(&f->source), 0);
	tess_rtp_clock_init(&f->clock, f->source, RATE);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tess_rtp_clock_clear(&f->clock);
	tess_rtp_source_free(f->source);
	free(f);
	return 0;
}

/* A packet that arrives and is mapped at once. */
static int64_t packet(struct fixture *f, uint32_t timestamp, int64_t arrival_us)
{
	tess_rtp_clock_arrival(&f->clock, timestamp, arrival_us);
	return tess_rtp_clock_map(&f->clock, timestamp, arrival_us);
}

static void anchored_at_once_and_across_wrap(void **state)
{
	struct fixture *f = *state;
	uint32_t first = 0xfffff000;

	for (int i = 0; i < 100; i++)
		assert_true(packet(f, first + (uint32_t)i * FRAME, 5000000 + US(i)) ==
			    5000000 + US(i));
}

/* Pictures come in decoding order: P at +3 before B at +1 and +2. */
static void out_of_display_order(void **state)
{
	struct fixture *f = *state;
	int64_t p, b1, b2;

	(void)packet(f, 0, 0);
	p = packet(f, 3 * FRAME, 20000);
	b1 = packet(f, FRAME, 40000);
	b2 = packet(f, 2 * FRAME, 60000);
	assert_true(b1 < b2 && b2 < p);
	assert_in_range(b2 - b1, 19000, 21000);
}

static void never_backward(void **state)
{
	struct fixture *f = *state;
	int64_t last = INT64_MIN, arrival = 0;
	uint64_t seed = 5;

	for (int i = 0; i < 5000; i++) {
		/* bursts after stalls pull the mapping about */
		int64_t at = 9000000 + US(i) + next_random(&seed) % 1500000;
		int64_t media;

		arrival = at > arrival ? at : arrival;
		media = packet(f, (uint32_t)i * FRAME, arrival);
		assert_true(media > last);
		assert_true(media <= arrival + TESS_RTP_STEP_US);
		last = media;
	}
}

static void stray_timestamp(void **state)
{
	static const uint32_t strays[] = {0x80000000, 0x7fffffff, 480000000, 0xf0000000, 200000};
	struct fixture *f = *state;
	int i = 0;

	for (unsigned s = 0; s < sizeof(strays) / sizeof(strays[0]); s++) {
		int64_t media;

		for (; i < 50 + (int)s * 50; i++)
			assert_true(packet(f, (uint32_t)i * FRAME, US(i)) == US(i));
		/* it gets the time when it came, and spoils nothing */
		media = packet(f, (uint32_t)i * FRAME + strays[s], US(i) - 10000);
		assert_true(media == US(i) - 10000);
	}
	for (; i < 1000; i++)
		assert_true(packet(f, (uint32_t)i * FRAME, US(i)) == US(i));
}

/* The sender's timestamps begin anew, the packets go on: media time goes on with them. */
static void new_time_line(struct fixture *f, uint32_t jump)
{
	int64_t last = -1;

	for (int i = 0; i < 500; i++) {
		uint32_t timestamp = (uint32_t)i * FRAME + (i < 200 ? 0 : jump);
		int64_t media = packet(f, timestamp, US(i));

		assert_true(media > last);
		assert_true(llabs(media - US(i)) <= 1);
		last = media;
	}
}

static void new_time_line_ahead(void **state)
{
	new_time_line(*state, 0x30000000);
}

static void new_time_line_behind(void **state)
{
	new_time_line(*state, 0xd0000000);
}

static void restart(void **state)
{
	struct fixture *f = *state;

	(void)packet(f, 0, 0);
	assert_true(tess_rtp_clock_report(&f->clock, 0, NTP_US, 0));
	tess_rtp_clock_restart(&f->clock);
	assert_null(f->clock.base);
	assert_true(packet(f, 0xabcdef00, 700000) == 700000);
	assert_true(packet(f, 0xabcdef00 + FRAME, 720000) == 720000);
}

/* More wall clocks than there is room for leave the last tracks at arrival. */
static void many_unrelated_clocks(void **state)
{
	struct fixture *f = *state;
	struct tess_rtp_clock more[6];

	(void)packet(f, 0, 0);
	assert_true(tess_rtp_clock_report(&f->clock, 0, NTP_US, 0));
	for (unsigned i = 0; i < 6; i++) {
		tess_rtp_clock_init(&more[i], f->source, RATE);
		tess_rtp_clock_arrival(&more[i], 1000, 5000);
		assert_true(
			tess_rtp_clock_report(&more[i], 1000, NTP_US + (i + 1) * US(50000), 5000));
		assert_int_equal(more[i].base != NULL, i < 3);
		assert_true(tess_rtp_clock_map(&more[i], 1000, 5000) == 5000);
	}
	/* leaving in the middle frees the place */
	tess_rtp_clock_clear(&more[1]);
	assert_true(tess_rtp_clock_report(&more[5], 1000 + FRAME, NTP_US + 6 * US(50000) + 20000,
					  25000));
	assert_non_null(more[5].base);
	for (unsigned i = 0; i < 6; i++) {
		if (i != 1)
			tess_rtp_clock_clear(&more[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(anchored_at_once_and_across_wrap),
		TEST(out_of_display_order),
		TEST(never_backward),
		TEST(stray_timestamp),
		TEST(new_time_line_ahead),
		TEST(new_time_line_behind),
		TEST(restart),
		TEST(many_unrelated_clocks),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
