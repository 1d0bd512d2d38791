/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/sync.c - a flash and a beep published together are within 40 ms of each
 * other in the recording and on http-flv.
 *
 * Built twice: for 11 s of virtual time, and (SYNC_LONG) for 10 minutes, in which clocks that are
 * 200 ppm apart would part by 120 ms if nothing were done about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/integration/files/sync.h"

#ifdef SYNC_LONG
#define DURATION_S 600.5
#define EVERY_S	   5.0
#else
#define DURATION_S 11.5
#define EVERY_S	   1.0
#endif

static void clocks_that_are_right(void **state)
{
	struct tess_test_publisher publisher = sync_publisher(0, EVERY_S);

	(void)state;
	sync_check(&publisher, 1, DURATION_S);
}

/* Their wall clocks are right: the sender reports tell how far the sampling clocks are off. */
static void a_fast_and_a_slow_sender(void **state)
{
	struct tess_test_publisher publishers[2] = {sync_publisher(0, EVERY_S),
						    sync_publisher(1, EVERY_S)};

	(void)state;
	publishers[0].audio_ppm = publishers[0].video_ppm = 200;
	publishers[1].audio_ppm = publishers[1].video_ppm = -200;
	sync_check(publishers, 2, DURATION_S);
}

/* All clocks of a sender are driven by one crystal: only the packets' arrival tells of it. */
static void a_fast_and_a_slow_crystal(void **state)
{
	struct tess_test_publisher publishers[2] = {sync_publisher(0, EVERY_S),
						    sync_publisher(1, EVERY_S)};

	(void)state;
	publishers[0].audio_ppm = publishers[0].video_ppm = publishers[0].wall_clock_ppm = 200;
	publishers[1].audio_ppm = publishers[1].video_ppm = publishers[1].wall_clock_ppm = -200;
	publishers[0].wall_clock_ms = -3000;
	sync_check(publishers, 2, DURATION_S);
}

/* Within a sender, sound and picture have clocks of their own. */
static void sound_and_picture_that_drift_apart(void **state)
{
	struct tess_test_publisher publishers[2] = {sync_publisher(0, EVERY_S),
						    sync_publisher(1, EVERY_S)};

	(void)state;
	publishers[0].audio_ppm = 200;
	publishers[1].audio_ppm = -100;
	publishers[1].video_ppm = 100;
	sync_check(publishers, 2, DURATION_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_that_are_right),
		cmocka_unit_test(a_fast_and_a_slow_sender),
		cmocka_unit_test(a_fast_and_a_slow_crystal),
		cmocka_unit_test(sound_and_picture_that_drift_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
