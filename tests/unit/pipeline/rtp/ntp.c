/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/ntp.c
 */
#include "pipeline/rtp/ntp.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/pipeline/rtp/support.h"

#define NTP_US INT64_C(3900000000000000)

/* RTP time of a sampling clock that runs at 48000 (1 + ppm) */
static int64_t ticks(int64_t wall_us, double ppm)
{
	return 1000 + llround((double)wall_us * 0.048 * (1 + ppm * 1e-6));
}

static void units(void **state)
{
	(void)state;
	assert_true(tess_rtp_ntp_us(0x0000000180000000) == 1500000);
	assert_true(tess_rtp_ntp_us(0xffffffff00000000) == INT64_C(4294967295000000));
}

static void finds_the_rate(void **state)
{
	(void)state;
	for (double ppm = -200; ppm <= 200; ppm += 200) {
		struct tess_rtp_ntp ntp;

		tess_rtp_ntp_init(&ntp, 48000);
		for (int64_t t = 0; t <= 600000000; t += 5000000) {
			assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, ppm), NTP_US + t),
					 TESS_RTP_NTP_USED);
			/* half a report ahead */
			int64_t ahead = t + 2500000;
			int64_t error = tess_rtp_ntp_map(&ntp, ticks(ahead, ppm)) - NTP_US - ahead;

			assert_true(llabs(error) <= (t < 20000000 ? 3000 : 50));
		}
	}
}

/* Reports that are off by up to 5 ms, as of senders that note the time late. */
static void evens_out_noise(void **state)
{
	struct tess_rtp_ntp ntp;
	uint64_t seed = 3;

	(void)state;
	tess_rtp_ntp_init(&ntp, 48000);
	for (int64_t t = 0; t <= 600000000; t += 5000000) {
		int64_t noise = (int64_t)(next_random(&seed) % 10000) - 5000;

		assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 100), NTP_US + t + noise),
				 TESS_RTP_NTP_USED);
		assert_true(llabs(tess_rtp_ntp_map(&ntp, ticks(t, 100)) - NTP_US - t) <= 5500);
		if (t > 80000000)
			assert_true(llabs(tess_rtp_ntp_map(&ntp, ticks(t, 100)) - NTP_US - t) <=
				    4000);
	}
}

static void stray_reports(void **state)
{
	struct tess_rtp_ntp ntp;

	(void)state;
	tess_rtp_ntp_init(&ntp, 48000);
	(void)tess_rtp_ntp_add(&ntp, ticks(0, 0), NTP_US);
	for (int64_t t = 1000000; t <= 60000000; t += 1000000) {
		/* never three that agree */
		if (t % 3000000 != 0) {
			int64_t stray = t % 2000000 ? 3600000000 : -50000;

			assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t + stray),
					 TESS_RTP_NTP_LEFT_OUT);
		} else {
			assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t),
					 TESS_RTP_NTP_USED);
		}
		assert_true(llabs(tess_rtp_ntp_map(&ntp, ticks(t, 0)) - NTP_US - t) <= 10);
	}
}

static void clock_is_set(void **state)
{
	struct tess_rtp_ntp ntp;
	int64_t t = 0;

	(void)state;
	tess_rtp_ntp_init(&ntp, 48000);
	for (; t < 50000000; t += 5000000)
		(void)tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t);
	assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t - 70000000),
			 TESS_RTP_NTP_LEFT_OUT);
	t += 5000000;
	assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t - 70000000),
			 TESS_RTP_NTP_LEFT_OUT);
	t += 5000000;
	assert_int_equal(tess_rtp_ntp_add(&ntp, ticks(t, 0), NTP_US + t - 70000000),
			 TESS_RTP_NTP_STEPPED);
	assert_true(llabs(tess_rtp_ntp_map(&ntp, ticks(t, 0)) - (NTP_US + t - 70000000)) <= 10);
}

/* All reports at one RTP time must not divide by zero, nor any rate be believed. */
static void degenerate(void **state)
{
	struct tess_rtp_ntp ntp;

	(void)state;
	tess_rtp_ntp_init(&ntp, 48000);
	for (int i = 0; i < 40; i++)
		(void)tess_rtp_ntp_add(&ntp, 5000, NTP_US + i);
	assert_true(llabs(tess_rtp_ntp_map(&ntp, 5000 + 48000) - NTP_US - 1000000) < 100);
	tess_rtp_ntp_init(&ntp, 48000);
	for (int64_t t = 0; t < 200000000; t += 5000000)
		(void)tess_rtp_ntp_add(&ntp, ticks(t, 3000), NTP_US + t);
	assert_true(fabs(ntp.slope / ntp.nominal - 1) <= 1.0001e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),	   cmocka_unit_test(finds_the_rate),
		cmocka_unit_test(evens_out_noise), cmocka_unit_test(stray_reports),
		cmocka_unit_test(clock_is_set),	   cmocka_unit_test(degenerate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
