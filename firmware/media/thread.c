/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thread.c - a room worker's thread.
 */
#include "firmware/media/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "drivers/net.h"
#include "firmware/base/log.h"
#include "firmware/media/context.h"

/* Received packets at once: the jitter buffers of a few hundred publishers. */
#define NET_PACKETS 4096
/* The longest sleep otherwise. */
#define IDLE_US INT64_C(1000000)

struct tess_media_thread {
	struct tess_clock *clock;
	struct tess_net *net;
	const char *net_spec;
	struct tess_media_worker *worker;
	void (*notify)(void *arg);
	void *notify_arg;
	pthread_t thread;
	atomic_bool stop, lost;
};

static void nap(int64_t until_us)
{
	const struct timespec until = {.tv_sec = until_us / 1000000,
				       .tv_nsec = until_us % 1000000 * 1000};

	/* a signal that ends it early does no harm */
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Sleep until the time has come, or a reason for the next step. @return as wait() */
static int rest(struct tess_media_thread *thread, int64_t now_us, int64_t next_us)
{
	const struct tess_net_driver *driver = thread->net->driver;
	bool active = tess_media_worker_is_active(thread->worker);
	int64_t until_us = now_us + (active ? TESS_MEDIA_NAP_US : IDLE_US);

	until_us = next_us < until_us ? next_us : until_us;
	if (!active)
		return driver->wait(thread->net, until_us);
	if (driver->gather)
		return driver->gather(thread->net, until_us);
	nap(until_us);
	return 0;
}

static void *run(void *arg)
{
	struct tess_media_thread *thread = arg;

	while (!atomic_load(&thread->stop)) {
		int64_t now_us = tess_clock_now_us(thread->clock);
		int64_t next_us = tess_media_worker_step(thread->worker, now_us);

		if (rest(thread, now_us, next_us) == -ENODEV) {
			atomic_store(&thread->lost, true);
			if (thread->notify)
				thread->notify(thread->notify_arg);
			break;
		}
	}
	return NULL;
}

int tess_media_thread_start(struct tess_media_thread **threadp, const struct tess_net_config *net,
			    const struct tess_media_worker_config *config)
{
	const struct tess_net_driver *driver = tess_net_driver_find(net->spec);
	struct tess_media_worker_config own = *config;
	struct tess_net_config own_net = *net;
	struct tess_media_thread *thread;
	int error;

	if (!driver) {
		const char *missing = dlerror();

		(void)snprintf(net->reason, net->reason_size, "%s", missing ? missing : "");
		return -ENOENT;
	}
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	thread->clock = config->clock;
	thread->net_spec = net->spec;
	thread->notify = config->notify;
	thread->notify_arg = config->notify_arg;
	own_net.packets = NET_PACKETS;
	own_net.clock = config->clock;
	error = driver->open(&thread->net, &own_net);
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

const char *tess_media_thread_net(const struct tess_media_thread *thread)
{
	return thread->net_spec;
}

int64_t tess_media_thread_cpu_us(const struct tess_media_thread *thread)
{
	struct timespec used = {0};
	clockid_t clock;

	if (!pthread_getcpuclockid(thread->thread, &clock))
		(void)clock_gettime(clock, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

bool tess_media_thread_is_lost(const struct tess_media_thread *thread)
{
	return atomic_load(&thread->lost);
}
