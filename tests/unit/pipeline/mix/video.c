/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pick rule, and that every reference is given back exactly once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "pipeline/mix/video.h"

static atomic_int live;

static void destroy(struct tess_surface *surface)
{
	atomic_fetch_sub(&live, 1);
	free(surface);
}

static struct tess_surface *picture(int64_t capture_us)
{
	struct tess_surface *surface = calloc(1, sizeof(*surface));
	assert_non_null(surface);
	surface->references = 1;
	surface->capture_us = capture_us;
	surface->destroy = destroy;
	atomic_fetch_add(&live, 1);
	return surface;
}

static int setup(void **state)
{
	struct tess_video_source *source;
	live = 0;
	if (tess_video_source_alloc(&source) != 0)
		return -1;
	*state = source;
	return 0;
}

static int teardown(void **state)
{
	tess_video_source_free(*state);
	return live == 0 ? 0 : -1;
}

static void assert_shows(struct tess_video_source *source, int64_t media_us, int64_t capture_us)
{
	struct tess_surface *surface = tess_video_source_pick(source, media_us);
	assert_non_null(surface);
	assert_int_equal(surface->capture_us, capture_us);
}

static void newest_due_wins(void **state)
{
	struct tess_video_source *source = *state;
	assert_null(tess_video_source_pick(source, 1000));
	for (int64_t t = 100; t <= 500; t += 100)
		tess_video_source_push(source, picture(t));
	assert_null(tess_video_source_pick(source, 99));
	assert_shows(source, 100, 100);
	assert_int_equal(tess_video_source_skipped(source), 0);
	assert_shows(source, 399, 300);
	assert_int_equal(tess_video_source_skipped(source), 1);
	assert_int_equal(live, 3); /* 300 shown, 400 and 500 wait */
	assert_shows(source, 399, 300);
	assert_shows(source, 1000000, 500);
	assert_int_equal(tess_video_source_skipped(source), 2);
	/* a publisher that stopped: its last picture stays */
	assert_shows(source, 90000000, 500);
	assert_int_equal(live, 1);
}

static void full_queue_keeps_next_due(void **state)
{
	struct tess_video_source *source = *state;
	for (int64_t t = 1; t <= 12; t++)
		tess_video_source_push(source, picture(t * 1000));
	assert_int_equal(tess_video_source_skipped(source), 4);
	assert_int_equal(live, 8);
	assert_shows(source, 1000, 1000);
	/* 2 to 5 gave way */
	assert_shows(source, 5999, 1000);
	assert_shows(source, 6000, 6000);
	assert_shows(source, 12000, 12000);
	assert_int_equal(tess_video_source_skipped(source), 4 + 5);
}

static struct tess_surface *large_picture(int64_t capture_us, uint16_t width, uint16_t height)
{
	struct tess_surface *surface = picture(capture_us);
	surface->width = width;
	surface->height = height;
	return surface;
}

/* the queue is bounded in memory as well */
static void large_pictures_wait_in_smaller_number(void **state)
{
	struct tess_video_source *source = *state;
	for (int64_t t = 1; t <= 8; t++)
		tess_video_source_push(source, large_picture(t, 1920, 1080));
	assert_int_equal(live, 8);
	assert_int_equal(tess_video_source_skipped(source), 0);
	/* one of the largest makes room for itself at once, behind the next to become due */
	tess_video_source_push(source, large_picture(9, 4096, 2304));
	assert_int_equal(live, 4);
	assert_int_equal(tess_video_source_skipped(source), 5);
	assert_shows(source, 8, 8);
	tess_video_source_push(source, large_picture(10, 4096, 2304));
	assert_int_equal(tess_video_source_skipped(source), 5 + 2);
	for (int64_t t = 11; t <= 20; t++)
		tess_video_source_push(source, large_picture(t, 4096, 4096));
	assert_int_equal(live, 3); /* the one shown and two */
	assert_shows(source, 9, 9);
	assert_shows(source, 20, 20);
	assert_int_equal(live, 1);
}

/* pictures that always come earlier than the queue is long are still shown, only fewer of them */
static void early_publisher_does_not_freeze(void **state)
{
	struct tess_video_source *source = *state;
	int64_t last = -1;
	unsigned changes = 0;
	for (int64_t tick = 0; tick < 100; tick++) {
		tess_video_source_push(source, picture(tick + 20));
		struct tess_surface *surface = tess_video_source_pick(source, tick);
		if (surface && surface->capture_us != last) {
			assert_true(surface->capture_us > last);
			last = surface->capture_us;
			changes++;
		}
	}
	assert_true(changes >= 5);
	assert_true(last >= 70);
}

static void time_line_jumps_back(void **state)
{
	struct tess_video_source *source = *state;
	tess_video_source_push(source, picture(5000));
	assert_shows(source, 6000, 5000);
	tess_video_source_push(source, picture(900000)); /* of the old time line, never due */
	tess_video_source_push(source, picture(100));
	assert_shows(source, 6100, 100);
	assert_int_equal(tess_video_source_skipped(source), 1);
	assert_int_equal(live, 1);
}

static void clear_makes_black(void **state)
{
	struct tess_video_source *source = *state;
	tess_video_source_push(source, picture(1));
	tess_video_source_push(source, picture(2));
	assert_shows(source, 1, 1);
	tess_video_source_clear(source);
	assert_int_equal(live, 0);
	assert_null(tess_video_source_pick(source, 100));
}

#define PUSHED 20000

static void *push_many(void *arg)
{
	for (int64_t t = 1; t <= PUSHED; t++)
		tess_video_source_push(arg, picture(t));
	return NULL;
}

static void push_from_another_thread(void **state)
{
	struct tess_video_source *source = *state;
	pthread_t thread;
	int64_t last = 0;
	assert_int_equal(pthread_create(&thread, NULL, push_many, source), 0);
	while (last < PUSHED) {
		struct tess_surface *surface = tess_video_source_pick(source, PUSHED);
		if (!surface)
			continue;
		assert_true(surface->capture_us >= last);
		last = surface->capture_us;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(live, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_due_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(full_queue_keeps_next_due, setup, teardown),
		cmocka_unit_test_setup_teardown(large_pictures_wait_in_smaller_number, setup,
						teardown),
		cmocka_unit_test_setup_teardown(early_publisher_does_not_freeze, setup, teardown),
		cmocka_unit_test_setup_teardown(time_line_jumps_back, setup, teardown),
		cmocka_unit_test_setup_teardown(clear_makes_black, setup, teardown),
		cmocka_unit_test_setup_teardown(push_from_another_thread, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
