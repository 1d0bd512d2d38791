/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/base/loop.c and log.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/base/loop.h"

struct fixture {
	struct tess_loop *loop;
	struct tess_watch *a, *b;
	struct tess_timer *timer, *other_timer;
	int calls, order[8];
	int64_t started_us;
};

static void stop(void *arg)
{
	struct fixture *f = arg;

	f->order[f->calls++] = 9;
	tess_loop_stop(f->loop);
}

static void second(void *arg)
{
	((struct fixture *)arg)->order[((struct fixture *)arg)->calls++] = 2;
}

static void test_timers_in_time(void **state)
{
	struct fixture f = {0};
	struct tess_timer *late, *early, *never;

	(void)state;
	assert_int_equal(tess_loop_alloc(&f.loop), 0);
	assert_int_equal(tess_timer_alloc(&late, f.loop, stop, &f), 0);
	assert_int_equal(tess_timer_alloc(&early, f.loop, second, &f), 0);
	assert_int_equal(tess_timer_alloc(&never, f.loop, second, &f), 0);
	f.started_us = tess_loop_now_us(f.loop);
	tess_timer_start(late, 30000);
	tess_timer_start(early, 10000);
	tess_timer_start(never, 5000);
	tess_timer_stop(never);
	assert_int_equal(tess_loop_run(f.loop), 0);
	assert_int_equal(f.calls, 2);
	assert_int_equal(f.order[0], 2);
	assert_int_equal(f.order[1], 9);
	assert_true(tess_loop_now_us(f.loop) - f.started_us >= 30000);
	assert_true(tess_loop_now_us(f.loop) - f.started_us < 10000000);
	tess_loop_free(f.loop);
}

static void remove_both(void *arg, uint32_t events)
{
	struct fixture *f = arg;

	(void)events;
	f->calls++;
	tess_watch_remove(f->a);
	tess_watch_remove(f->b);
	f->a = f->b = NULL;
	tess_loop_stop(f->loop);
}

/* Both are ready in the same turn; whichever comes first removes both: the other must not be
 * called. */
static void test_removed_in_the_same_turn(void **state)
{
	struct fixture f = {0};
	int fds[2] = {eventfd(1, 0), eventfd(1, 0)};

	(void)state;
	assert_int_equal(tess_loop_alloc(&f.loop), 0);
	assert_int_equal(tess_watch_add(&f.a, f.loop, fds[0], EPOLLIN, remove_both, &f), 0);
	assert_int_equal(tess_watch_add(&f.b, f.loop, fds[1], EPOLLIN, remove_both, &f), 0);
	assert_int_equal(tess_loop_run(f.loop), 0);
	assert_int_equal(f.calls, 1);
	tess_loop_free(f.loop);
	close(fds[0]);
	close(fds[1]);
}

static void free_both_timers(void *arg)
{
	struct fixture *f = arg;

	f->calls++;
	tess_timer_free(f->timer);
	tess_timer_free(f->other_timer);
	f->timer = f->other_timer = NULL;
}

/* Two timers are due in one turn; whichever comes first frees both: the other must not be called.
 */
static void test_timers_freed_in_the_same_turn(void **state)
{
	struct fixture f = {0};
	struct tess_timer *end;

	(void)state;
	assert_int_equal(tess_loop_alloc(&f.loop), 0);
	assert_int_equal(tess_timer_alloc(&end, f.loop, stop, &f), 0);
	assert_int_equal(tess_timer_alloc(&f.timer, f.loop, free_both_timers, &f), 0);
	assert_int_equal(tess_timer_alloc(&f.other_timer, f.loop, free_both_timers, &f), 0);
	tess_timer_start(f.timer, 0);
	tess_timer_start(f.other_timer, 0);
	tess_timer_start(end, 20000);
	assert_int_equal(tess_loop_run(f.loop), 0);
	assert_int_equal(f.calls, 2); /* with the end */
	tess_loop_free(f.loop);
}

static void *other_thread(void *arg)
{
	struct fixture *f = arg;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(tess_loop_call(f->loop, i == 999 ? stop : (void (*)(void *))free,
						i == 999 ? arg : malloc(1)),
				 0);
	return NULL;
}

static void test_calls_from_another_thread(void **state)
{
	struct fixture f = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(tess_loop_alloc(&f.loop), 0);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &f), 0);
	assert_int_equal(tess_loop_run(f.loop), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(f.calls, 1);
	tess_loop_free(f.loop);
}

static void on_signal(void *arg, int number)
{
	struct fixture *f = arg;

	f->order[f->calls++] = number;
	tess_loop_stop(f->loop);
}

static void test_signals(void **state)
{
	static const int signals[] = {SIGUSR1, 0};
	struct fixture f = {0};

	(void)state;
	assert_int_equal(tess_loop_alloc(&f.loop), 0);
	assert_int_equal(tess_loop_signals(f.loop, signals, on_signal, &f), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(tess_loop_run(f.loop), 0);
	assert_int_equal(f.order[0], SIGUSR1);
	tess_loop_free(f.loop);
}

static void test_log_limit(void **state)
{
	struct tess_log_limit limit = {0};
	uint64_t suppressed = 99;

	(void)state;
	assert_true(tess_log_allowed(&limit, 1000000, &suppressed));
	assert_int_equal(suppressed, 0);
	assert_false(tess_log_allowed(&limit, 1500000, &suppressed));
	assert_false(tess_log_allowed(&limit, 1999999, &suppressed));
	assert_true(tess_log_allowed(&limit, 2000000, &suppressed));
	assert_int_equal(suppressed, 2);
}

/* A value must not forge a second line, nor steer a terminal that shows the log. */
static void test_log_line(void **state)
{
	static const char user[] = "a\nfake\x7f\xc2\x9b[2J \xc3\xa9";
	int pipes[2], saved;
	char text[256];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	tess_log_init("test", TESS_LOG_INFO);
	TESS_DEBUG("hidden", "x=%d", 1);
	errno = ENOTTY;
	TESS_INFO("user.entered", "user=%s", user);
	assert_int_equal(errno, ENOTTY);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipes[0], text, sizeof(text) - 1);
	assert_true(n > 25);
	text[n] = '\0';
	assert_string_equal(text + 24, " info test user.entered user=a fake   [2J \xc3\xa9\n");
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_in_time),
		cmocka_unit_test(test_removed_in_the_same_turn),
		cmocka_unit_test(test_timers_freed_in_the_same_turn),
		cmocka_unit_test(test_calls_from_another_thread),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_log_limit),
		cmocka_unit_test(test_log_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
