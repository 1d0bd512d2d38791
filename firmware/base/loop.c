/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/loop.c - see loop.h.
 *
 * Watches and timers that are removed while a turn runs are only marked and freed at its end, since
 * the turn may still hold an event of theirs.
 */
#include "firmware/base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_A_TURN 128

struct tess_watch {
	struct tess_loop *loop;
	struct tess_watch *next;
	int fd;
	bool removed;
	tess_watch_handler *handler;
	void *arg;
};

struct tess_timer {
	struct tess_loop *loop;
	struct tess_timer *next;
	int64_t due_us; /* INT64_MAX: not started */
	bool removed;
	tess_timer_handler *handler;
	void *arg;
};

struct call {
	struct call *next;
	void (*call)(void *arg);
	void *arg;
};

struct tess_loop {
	int epoll_fd, wake_fd, signal_fd;
	atomic_bool stop;
	int64_t now_us;
	struct tess_watch *watches;
	struct tess_timer *timers;
	bool swept; /* something is marked as removed */
	struct tess_watch *wake_watch, *signal_watch;
	tess_signal_handler *signal_handler;
	void *signal_arg;
	pthread_mutex_t lock; /* calls only */
	struct call *calls, **calls_end;
};

static int64_t monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wake(struct tess_loop *loop)
{
	uint64_t one = 1;

	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		return; /* full means that it is awake */
}

static void on_wake(void *arg, uint32_t events)
{
	struct tess_loop *loop = arg;
	struct call *calls;
	uint64_t count;

	(void)events;
	if (read(loop->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&loop->lock);
	calls = loop->calls;
	loop->calls = NULL;
	loop->calls_end = &loop->calls;
	pthread_mutex_unlock(&loop->lock);
	while (calls) {
		struct call *call = calls;

		calls = call->next;
		call->call(call->arg);
		free(call);
	}
}

static void on_signal(void *arg, uint32_t events)
{
	struct signalfd_siginfo info;
	struct tess_loop *loop = arg;

	(void)events;
	while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->signal_handler(loop->signal_arg, (int)info.ssi_signo);
}

int tess_loop_alloc(struct tess_loop **loopp)
{
	struct tess_loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;
	pthread_mutex_init(&loop->lock, NULL);
	loop->calls_end = &loop->calls;
	loop->signal_fd = -1;
	loop->now_us = monotonic_us();
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0) {
		err = -errno;
		goto fail;
	}
	err = tess_watch_add(&loop->wake_watch, loop, loop->wake_fd, EPOLLIN, on_wake, loop);
	if (err)
		goto fail;
	*loopp = loop;
	return 0;
fail:
	tess_loop_free(loop);
	return err;
}

static void sweep(struct tess_loop *loop)
{
	struct tess_watch **watchp = &loop->watches;
	struct tess_timer **timerp = &loop->timers;

	loop->swept = false;
	while (*watchp) {
		struct tess_watch *watch = *watchp;

		if (watch->removed) {
			*watchp = watch->next;
			free(watch);
		} else {
			watchp = &watch->next;
		}
	}
	while (*timerp) {
		struct tess_timer *timer = *timerp;

		if (timer->removed) {
			*timerp = timer->next;
			free(timer);
		} else {
			timerp = &timer->next;
		}
	}
}

void tess_loop_free(struct tess_loop *loop)
{
	if (!loop)
		return;
	for (struct tess_watch *watch = loop->watches; watch; watch = watch->next)
		watch->removed = true;
	for (struct tess_timer *timer = loop->timers; timer; timer = timer->next)
		timer->removed = true;
	sweep(loop);
	while (loop->calls) {
		struct call *call = loop->calls;

		loop->calls = call->next;
		free(call);
	}
	if (loop->epoll_fd >= 0)
		(void)close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	if (loop->signal_fd >= 0)
		(void)close(loop->signal_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

static int64_t next_due(const struct tess_loop *loop)
{
	int64_t due = INT64_MAX;

	for (struct tess_timer *timer = loop->timers; timer; timer = timer->next) {
		if (!timer->removed && timer->due_us < due)
			due = timer->due_us;
	}
	return due;
}

static void run_timers(struct tess_loop *loop)
{
	/* a timer that a handler adds stands at the head and waits for the next turn */
	for (struct tess_timer *timer = loop->timers; timer; timer = timer->next) {
		if (timer->removed || timer->due_us > loop->now_us)
			continue;
		timer->due_us = INT64_MAX;
		timer->handler(timer->arg);
	}
}

int tess_loop_run(struct tess_loop *loop)
{
	struct epoll_event events[EVENTS_A_TURN];

	while (!atomic_load(&loop->stop)) {
		int64_t due = next_due(loop);
		struct timespec wait, *waitp = NULL;
		int n;

		if (due != INT64_MAX) {
			int64_t left = due - monotonic_us();

			if (left < 0)
				left = 0;
			wait.tv_sec = left / 1000000;
			wait.tv_nsec = left % 1000000 * 1000;
			waitp = &wait;
		}
		n = epoll_pwait2(loop->epoll_fd, events, EVENTS_A_TURN, waitp, NULL);
		if (n < 0 && errno != EINTR)
			return -errno;
		loop->now_us = monotonic_us();
		for (int i = 0; i < n; i++) {
			struct tess_watch *watch = events[i].data.ptr;

			if (!watch->removed)
				watch->handler(watch->arg, events[i].events);
		}
		run_timers(loop);
		if (loop->swept)
			sweep(loop);
	}
	return 0;
}

void tess_loop_stop(struct tess_loop *loop)
{
	atomic_store(&loop->stop, true);
	wake(loop);
}

int64_t tess_loop_now_us(const struct tess_loop *loop)
{
	return loop->now_us;
}

int tess_watch_add(struct tess_watch **watchp, struct tess_loop *loop, int fd, uint32_t events,
		   tess_watch_handler *handler, void *arg)
{
	struct tess_watch *watch = calloc(1, sizeof(*watch));
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (!watch)
		return -ENOMEM;
	watch->loop = loop;
	watch->fd = fd;
	watch->handler = handler;
	watch->arg = arg;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int err = -errno;

		free(watch);
		return err;
	}
	watch->next = loop->watches;
	loop->watches = watch;
	*watchp = watch;
	return 0;
}

int tess_watch_set(struct tess_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void tess_watch_remove(struct tess_watch *watch)
{
	if (!watch)
		return;
	(void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->removed = true;
	watch->loop->swept = true;
}

int tess_timer_alloc(struct tess_timer **timerp, struct tess_loop *loop,
		     tess_timer_handler *handler, void *arg)
{
	struct tess_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return -ENOMEM;
	timer->loop = loop;
	timer->due_us = INT64_MAX;
	timer->handler = handler;
	timer->arg = arg;
	timer->next = loop->timers;
	loop->timers = timer;
	*timerp = timer;
	return 0;
}

void tess_timer_free(struct tess_timer *timer)
{
	if (!timer)
		return;
	timer->due_us = INT64_MAX;
	timer->removed = true;
	timer->loop->swept = true;
}

void tess_timer_start(struct tess_timer *timer, int64_t after_us)
{
	timer->due_us = monotonic_us() + after_us;
}

void tess_timer_stop(struct tess_timer *timer)
{
	timer->due_us = INT64_MAX;
}

int tess_loop_signals(struct tess_loop *loop, const int *signals, tess_signal_handler *handler,
		      void *arg)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	err = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (err)
		return -err;
	loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return -errno;
	loop->signal_handler = handler;
	loop->signal_arg = arg;
	return tess_watch_add(&loop->signal_watch, loop, loop->signal_fd, EPOLLIN, on_signal, loop);
}

int tess_loop_call(struct tess_loop *loop, void (*function)(void *arg), void *arg)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->call = function;
	call->arg = arg;
	pthread_mutex_lock(&loop->lock);
	*loop->calls_end = call;
	loop->calls_end = &call->next;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
	return 0;
}
