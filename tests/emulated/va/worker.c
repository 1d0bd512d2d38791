/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/worker.c - the thread that is the GPU: it does the pictures in order.
 *
 * With late=yes it begins when somebody waits, when much is queued, or after a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tests/emulated/va/emu.h"

#define LATE_QUEUE 32
#define LATE_NS	   20000000L

static bool idle(struct emu_device *device)
{
	return device->queued == 0 || (device->personality.late && device->waiters == 0 &&
				       !device->stop && device->queued < LATE_QUEUE);
}

static void sleep_until_due(struct emu_device *device)
{
	while (device->queued == 0 && !device->stop)
		pthread_cond_wait(&device->changed, &device->lock);
	struct timespec due;
	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_nsec += LATE_NS;
	if (due.tv_nsec >= 1000000000L) {
		due.tv_nsec -= 1000000000L;
		due.tv_sec++;
	}
	while (idle(device) && !device->stop)
		if (pthread_cond_timedwait(&device->changed, &device->lock, &due) == ETIMEDOUT)
			break;
}

static void finish(struct emu_device *device, struct emu_picture *picture)
{
	picture->context->codec->finish(device, picture);
	for (unsigned i = 0; i < picture->use_count; i++)
		picture->uses[i]->pending--;
	if (picture->coded)
		picture->coded->pending--;
	picture->context->pending--;
	if (picture->waited)
		picture->done = true;
	else
		emu_picture_release(picture);
	pthread_cond_broadcast(&device->changed);
}

static void *run(void *argument)
{
	struct emu_device *device = argument;
	pthread_mutex_lock(&device->lock);
	for (;;) {
		sleep_until_due(device);
		struct emu_picture *picture = device->first;
		if (!picture) {
			if (device->stop)
				break;
			continue;
		}
		device->first = picture->next;
		if (!device->first)
			device->last = NULL;
		device->queued--;
		pthread_mutex_unlock(&device->lock);
		picture->context->codec->execute(picture);
		pthread_mutex_lock(&device->lock);
		finish(device, picture);
	}
	pthread_mutex_unlock(&device->lock);
	return NULL;
}

void emu_worker_start(struct emu_device *device)
{
	device->stop = false;
	if (pthread_create(&device->worker, NULL, run, device) != 0)
		abort();
}

void emu_worker_stop(struct emu_device *device)
{
	device->stop = true;
	pthread_cond_broadcast(&device->changed);
	pthread_mutex_unlock(&device->lock);
	pthread_join(device->worker, NULL);
	pthread_mutex_lock(&device->lock);
}

void emu_worker_submit(struct emu_device *device, struct emu_picture *picture)
{
	for (unsigned i = 0; i < picture->use_count; i++)
		picture->uses[i]->pending++;
	if (picture->coded)
		picture->coded->pending++;
	picture->context->pending++;
	if (device->last)
		device->last->next = picture;
	else
		device->first = picture;
	device->last = picture;
	device->queued++;
	picture->waited = !device->personality.late;
	pthread_cond_broadcast(&device->changed);
	if (!picture->waited)
		return;
	while (!picture->done)
		pthread_cond_wait(&device->changed, &device->lock);
	emu_picture_release(picture);
}

void emu_worker_wait(struct emu_device *device, const unsigned *pending)
{
	device->waiters++;
	pthread_cond_broadcast(&device->changed);
	while (*pending > 0)
		pthread_cond_wait(&device->changed, &device->lock);
	device->waiters--;
}
