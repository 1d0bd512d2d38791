/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thread.c - a room worker's thread.
 */
#include "firmware/media/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "drivers/net.h"
#include "firmware/base/log.h"

/* Received packets at once: the jitter buffers of a few hundred publishers. */
#define NET_PACKETS 4096
/* The longest sleep while packets may come; below the margins of firmware/media/mix.h. */
#define NAP_US INT64_C(10000)
/* The longest sleep otherwise. */
#define IDLE_US INT64_C(1000000)

struct tess_media_thread {
	struct tess_clock *clock;
	struct tess_net *net;
	struct tess_media_worker *worker;
	pthread_t thread;
	atomic_bool stop;
};

static void nap(int64_t until_us)
{
	const struct timespec until = {.tv_sec = until_us / 1000000,
				       .tv_nsec = until_us % 1000000 * 1000};

	/* a signal that ends it early does no harm */
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void *run(void *arg)
{
	struct tess_media_thread *thread = arg;

	while (!atomic_load(&thread->stop)) {
		int64_t now_us = tess_clock_now_us(thread->clock);
		int64_t next_us = tess_media_worker_step(thread->worker, now_us);

		if (!tess_media_worker_is_active(thread->worker)) {
			int64_t until_us = now_us + IDLE_US;

			(void)thread->net->driver->wait(thread->net,
							next_us < until_us ? next_us : until_us);
		} else {
			int64_t until_us = now_us + NAP_US;

			nap(next_us < until_us ? next_us : until_us);
		}
	}
	return NULL;
}

int tess_media_thread_start(struct tess_media_thread **threadp, const char *net_spec,
			    const struct tess_media_worker_config *config)
{
	const struct tess_net_driver *driver = tess_net_driver_find(net_spec);
	struct tess_media_worker_config own = *config;
	struct tess_media_thread *thread;
	int error;

	if (!driver)
		return -EINVAL;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	thread->clock = config->clock;
	error = driver->open(&thread->net, net_spec, NET_PACKETS, config->clock);
	if (error)
		goto no_net;
	own.net = thread->net;
	error = tess_media_worker_alloc(&thread->worker, &own);
	if (error)
		goto no_worker;
	error = -pthread_create(&thread->thread, NULL, run, thread);
	if (error)
		goto no_thread;
	*threadp = thread;
	return 0;
no_thread:
	tess_media_worker_free(thread->worker);
no_worker:
	driver->close(thread->net);
no_net:
	free(thread);
	return error;
}

void tess_media_thread_stop(struct tess_media_thread *thread)
{
	if (!thread)
		return;
	atomic_store(&thread->stop, true);
	thread->net->driver->wake(thread->net);
	pthread_join(thread->thread, NULL);
	tess_media_worker_free(thread->worker);
	thread->net->driver->close(thread->net);
	free(thread);
}

struct tess_media_worker *tess_media_thread_worker(const struct tess_media_thread *thread)
{
	return thread->worker;
}
