/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/loop.h - an epoll loop with timers and signals, for one thread.
 *
 * A handler may remove any watch or timer, its own included. Threads: only tess_loop_stop() and
 * tess_loop_call() may come from another thread.
 */
#ifndef TESS_BASE_LOOP_H
#define TESS_BASE_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "hal/net.h"

struct tess_loop;
struct tess_watch;
struct tess_timer;

typedef void tess_watch_handler(void *arg, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, ... */
typedef void tess_timer_handler(void *arg);
typedef void tess_signal_handler(void *arg, int signal_number);

int tess_loop_alloc(struct tess_loop **loopp) TESS_MUST_CHECK; /* -ENOMEM, -EMFILE */
void tess_loop_free(struct tess_loop *loop); /* with its watches and timers; accepts NULL */
/** Runs until stopped, which is for good. @retval 0, or a negative errno of epoll */
int tess_loop_run(struct tess_loop *loop);
void tess_loop_stop(struct tess_loop *loop);
/** Monotonic microseconds at the start of this turn of the loop. */
int64_t tess_loop_now_us(const struct tess_loop *loop);

/** Watch a descriptor (it stays the caller's). @retval 0, -ENOMEM, -EEXIST, ... */
int tess_watch_add(struct tess_watch **watchp, struct tess_loop *loop, int fd, uint32_t events,
		   tess_watch_handler *handler, void *arg) TESS_MUST_CHECK;
int tess_watch_set(struct tess_watch *watch, uint32_t events);
/** Before the descriptor is closed; accepts NULL. */
void tess_watch_remove(struct tess_watch *watch);

/** A timer, not yet started. */
int tess_timer_alloc(struct tess_timer **timerp, struct tess_loop *loop,
		     tess_timer_handler *handler, void *arg) TESS_MUST_CHECK;
void tess_timer_free(struct tess_timer *timer); /* accepts NULL */
/** It fires once; starting again moves it. */
void tess_timer_start(struct tess_timer *timer, int64_t after_us);
void tess_timer_stop(struct tess_timer *timer);

/**
 * Handle these signals (they are blocked and come through a signalfd); the list ends with a 0.
 * Once a loop, before there are other threads.
 */
int tess_loop_signals(struct tess_loop *loop, const int *signals, tess_signal_handler *handler,
		      void *arg) TESS_MUST_CHECK;
/** Run @p call in the loop's thread, soon. From any thread. @retval 0, -ENOMEM */
int tess_loop_call(struct tess_loop *loop, void (*call)(void *arg), void *arg) TESS_MUST_CHECK;

#endif
