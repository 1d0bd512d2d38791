/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/bridge.c - lines to publishers of other rooms, with a thread at each
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/media/bridge.h"
#include "hal/audio.h"

static float pcm[TESS_AUDIO_MAX_FRAMES * TESS_AUDIO_CHANNELS];

static void what_is_wanted_is_found(void **state)
{
	struct tess_branches branches = {0};
	struct tess_bridge *bridge;
	struct tess_line *line, *other;
	unsigned version;

	(void)state;
	assert_int_equal(tess_bridge_alloc(&bridge), 0);
	assert_int_equal(tess_line_open(&line, bridge, 7), 0);
	assert_int_equal(tess_line_open(&other, bridge, 8), 0);
	version = tess_bridge_version(bridge);
	assert_false(tess_branches_find(&branches, bridge, 7, TESS_MAX_TAPS));
	assert_int_equal(branches.count, 0);
	tess_line_want(line, NULL, 0, true);
	assert_int_not_equal(tess_bridge_version(bridge), version);
	version = tess_bridge_version(bridge);
	tess_line_want(line, NULL, 0, true); /* as before */
	assert_int_equal(tess_bridge_version(bridge), version);
	assert_false(tess_branches_find(&branches, bridge, 7, 0));
	assert_true(tess_branches_find(&branches, bridge, 7, TESS_MAX_TAPS));
	assert_int_equal(branches.count, 1);
	assert_ptr_equal(branches.list[0].line, line);
	assert_true(branches.list[0].sound);
	assert_null(branches.list[0].tile);
	tess_branches_set_price(&branches, 3.5);
	assert_true(tess_line_price(line) == 3.5);
	assert_true(tess_line_price(other) == 0);
	/* the line goes while the other end still has it */
	tess_line_close(line);
	assert_int_not_equal(tess_bridge_version(bridge), version);
	assert_int_equal(tess_branches_push(&branches, pcm, 960, 5), 0);
	assert_false(tess_branches_find(&branches, bridge, 7, TESS_MAX_TAPS));
	assert_int_equal(branches.count, 0);
	tess_line_close(other);
	tess_line_close(NULL);
	tess_bridge_free(bridge);
	tess_bridge_free(NULL);
	/* nowhere to go */
	assert_int_equal(tess_line_open(&line, NULL, 7), -EINVAL);
	assert_false(tess_branches_find(&branches, NULL, 7, TESS_MAX_TAPS));
}

/* A bridge with one line that wants sound. */
static struct tess_line *open_line(struct tess_bridge **bridgep, struct tess_branches *branches)
{
	struct tess_line *line;

	assert_int_equal(tess_bridge_alloc(bridgep), 0);
	assert_int_equal(tess_line_open(&line, *bridgep, 7), 0);
	tess_line_want(line, NULL, 0, true);
	assert_true(tess_branches_find(branches, *bridgep, 7, TESS_MAX_TAPS));
	return line;
}

static void a_full_line_takes_no_more(void **state)
{
	struct tess_branches branches = {0};
	struct tess_bridge *bridge;
	struct tess_line *line = open_line(&bridge, &branches);
	int64_t media_us;
	unsigned pushed = 0;

	(void)state;
	while (!tess_branches_push(&branches, pcm, 960, pushed))
		pushed++;
	assert_int_equal(pushed, 65536 / 960);
	assert_int_equal(tess_branches_push(&branches, pcm, 960, 0), 1);
	for (unsigned i = 0; i < pushed; i++) {
		assert_int_equal(tess_line_take(line, pcm, &media_us), 960);
		assert_int_equal(media_us, i);
	}
	assert_int_equal(tess_line_take(line, pcm, &media_us), 0);
	/* short packets: their number is limited too */
	pushed = 0;
	while (!tess_branches_push(&branches, pcm, 120, pushed))
		pushed++;
	assert_int_equal(pushed, 128);
	tess_branches_release(&branches);
	tess_line_close(line);
	tess_bridge_free(bridge);
}

#define PACKETS 20000

static void *talk(void *arg)
{
	static float own[2 * 480];
	struct tess_branches *branches = arg;

	for (unsigned n = 0; n < PACKETS;) {
		unsigned frames = 120 + n % 361;

		for (unsigned i = 0; i < 2 * frames; i++)
			own[i] = (float)(n + i);
		if (!tess_branches_push(branches, own, frames, n))
			n++;
	}
	return NULL;
}

static void sound_comes_through_whole(void **state)
{
	struct tess_branches branches = {0};
	struct tess_bridge *bridge;
	struct tess_line *line = open_line(&bridge, &branches);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, talk, &branches), 0);
	for (unsigned n = 0; n < PACKETS;) {
		int64_t media_us;
		unsigned frames = tess_line_take(line, pcm, &media_us);

		if (!frames)
			continue;
		assert_int_equal(media_us, n);
		assert_int_equal(frames, 120 + n % 361);
		for (unsigned i = 0; i < 2 * frames; i++) {
			if (pcm[i] != (float)(n + i))
				fail_msg("packet %u at %u", n, i);
		}
		n++;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	tess_branches_release(&branches);
	tess_line_close(line);
	tess_bridge_free(bridge);
}

static void *come_and_go(void *arg)
{
	for (unsigned n = 0; n < 300; n++) {
		struct tess_line *line;

		if (tess_line_open(&line, arg, 7))
			abort();
		tess_line_want(line, NULL, 0, true);
		tess_line_close(line);
	}
	return NULL;
}

static void lines_come_and_go_while_they_are_fed(void **state)
{
	struct tess_branches branches = {0};
	struct tess_bridge *bridge;
	pthread_t threads[2];

	(void)state;
	assert_int_equal(tess_bridge_alloc(&bridge), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, bridge), 0);
	while (tess_bridge_version(bridge) != 2 * 300 * 2) {
		(void)tess_branches_find(&branches, bridge, 7, TESS_MAX_TAPS);
		/* nobody takes it: a line that is there for long is full */
		(void)tess_branches_push(&branches, pcm, 960, 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	(void)tess_branches_find(&branches, bridge, 7, TESS_MAX_TAPS);
	assert_int_equal(branches.count, 0);
	tess_bridge_free(bridge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wanted_is_found),
		cmocka_unit_test(a_full_line_takes_no_more),
		cmocka_unit_test(sound_comes_through_whole),
		cmocka_unit_test(lines_come_and_go_while_they_are_fed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
