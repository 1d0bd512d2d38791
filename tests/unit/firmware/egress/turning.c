/* SPDX-License-Identifier: GPL-3.0-or-later
 * A loop in a thread.
 */
#include "tests/unit/firmware/egress/turning.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t later_us;

int __real_clock_gettime(clockid_t id, struct timespec *time);
int __wrap_clock_gettime(clockid_t id, struct timespec *time);

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
	int64_t us = atomic_load_explicit(&later_us, memory_order_relaxed);
	int rc = __real_clock_gettime(id, time);

	if (rc || id != CLOCK_MONOTONIC)
		return rc;
	time->tv_nsec += us % 1000000 * 1000;
	time->tv_sec += us / 1000000 + time->tv_nsec / 1000000000;
	time->tv_nsec %= 1000000000;
	return 0;
}

int64_t turning_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct turning {
	struct tess_loop *loop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t done;
};

static void *turn(void *arg)
{
	struct turning *turning = arg;

	if (tess_loop_run(turning->loop))
		abort();
	return NULL;
}

struct turning *turning_start(void)
{
	struct turning *turning = calloc(1, sizeof(*turning));

	if (!turning || tess_loop_alloc(&turning->loop))
		abort();
	pthread_mutex_init(&turning->lock, NULL);
	pthread_cond_init(&turning->done, NULL);
	if (pthread_create(&turning->thread, NULL, turn, turning))
		abort();
	return turning;
}

void turning_stop(struct turning *turning)
{
	tess_loop_stop(turning->loop);
	(void)pthread_join(turning->thread, NULL);
	tess_loop_free(turning->loop);
	pthread_mutex_destroy(&turning->lock);
	pthread_cond_destroy(&turning->done);
	free(turning);
}

struct tess_loop *turning_loop(struct turning *turning)
{
	return turning->loop;
}

struct order {
	struct turning *turning;
	void (*call)(void *arg);
	void *arg;
	bool ran;
};

static void run_order(void *arg)
{
	struct order *order = arg;

	order->call(order->arg);
	pthread_mutex_lock(&order->turning->lock);
	order->ran = true;
	pthread_cond_signal(&order->turning->done);
	pthread_mutex_unlock(&order->turning->lock);
}

void turning_do(struct turning *turning, void (*call)(void *arg), void *arg)
{
	struct order order = {.turning = turning, .call = call, .arg = arg};

	if (tess_loop_call(turning->loop, run_order, &order))
		abort();
	pthread_mutex_lock(&turning->lock);
	while (!order.ran)
		pthread_cond_wait(&turning->done, &turning->lock);
	pthread_mutex_unlock(&turning->lock);
}

struct question {
	bool (*ask)(void *arg);
	void *arg;
	bool answer;
};

static void ask(void *arg)
{
	struct question *question = arg;

	question->answer = question->ask(question->arg);
}

bool turning_until(struct turning *turning, bool (*function)(void *arg), void *arg)
{
	struct question question = {.ask = function, .arg = arg};

	for (unsigned i = 0; i < 6000; i++) {
		turning_do(turning, ask, &question);
		if (question.answer)
			return true;
		usleep(5000);
	}
	return false;
}

static void nothing(void *arg)
{
	(void)arg;
}

void turning_later(struct turning *turning, int64_t us)
{
	atomic_fetch_add(&later_us, us);
	/* the turn that is under way has the time before; the second finds what the first one began
	 */
	for (unsigned i = 0; i < 3; i++)
		turning_do(turning, nothing, NULL);
}
