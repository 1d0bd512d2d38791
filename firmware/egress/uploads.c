/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/uploads.c - the orders of uploads.h and the threads that carry them out.
 */
#include "firmware/egress/uploads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/upload_job.h"

/* a list that is done is told again after so long: the last message may have been lost */
#define LIST_AGAIN_US 2000000

enum progress { QUEUED = 1, RUNNING, OVER };

struct order {
	struct order *next;
	enum progress progress;
	bool dropped;	 /* it runs, and nobody wants to hear of it */
	int64_t list_us; /* a list: when that may be told */
	struct tess_upload_job job;
};

struct tess_uploads {
	struct tess_loop *loop;
	struct tess_watch *watch;
	int event;
	const char *record_dir, *ca_file;
	void (*changed)(void *arg);
	void *arg;
	pthread_t threads[TESS_UPLOADS_AT_ONCE];
	unsigned started;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t wake;
	bool stop;
	struct order *orders; /* in the order in which they came */
};

static void order_free(struct order *order)
{
	tess_upload_job_free(&order->job);
	free(order);
}

static struct order *next_queued(struct tess_uploads *uploads)
{
	struct order *order = uploads->orders;

	while (order && order->progress != QUEUED)
		order = order->next;
	return order;
}

static void forget(struct tess_uploads *uploads, struct order *order)
{
	struct order **at = &uploads->orders;

	while (*at && *at != order)
		at = &(*at)->next;
	if (*at)
		*at = order->next;
	order_free(order);
}

static void *thread_main(void *arg)
{
	struct tess_uploads *uploads = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&uploads->lock);
	while (!uploads->stop) {
		struct order *order = next_queued(uploads);

		if (!order) {
			(void)pthread_cond_wait(&uploads->wake, &uploads->lock);
			continue;
		}
		order->progress = RUNNING;
		pthread_mutex_unlock(&uploads->lock);
		tess_upload_job_run(&order->job, uploads->record_dir, uploads->ca_file);
		pthread_mutex_lock(&uploads->lock);
		order->progress = OVER;
		if (order->dropped)
			forget(uploads, order);
		else if (write(uploads->event, &one, sizeof(one)) < 0)
			continue; /* full: the loop is awake anyway */
	}
	pthread_mutex_unlock(&uploads->lock);
	return NULL;
}

static void on_event(void *arg, uint32_t events)
{
	struct tess_uploads *uploads = arg;
	uint64_t count;

	(void)events;
	if (read(uploads->event, &count, sizeof(count)) > 0)
		uploads->changed(uploads->arg);
}

int tess_uploads_alloc(struct tess_uploads **uploadsp, struct tess_loop *loop,
		       const char *record_dir, const char *ca_file, void (*changed)(void *arg),
		       void *arg)
{
	struct tess_uploads *uploads = calloc(1, sizeof(*uploads));
	int rc = 0;

	if (!uploads)
		return -ENOMEM;
	uploads->loop = loop;
	uploads->record_dir = record_dir;
	uploads->ca_file = ca_file;
	uploads->changed = changed;
	uploads->arg = arg;
	(void)pthread_mutex_init(&uploads->lock, NULL);
	(void)pthread_cond_init(&uploads->wake, NULL);
	uploads->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uploads->event < 0)
		rc = -errno;
	if (!rc)
		rc = tess_watch_add(&uploads->watch, loop, uploads->event, EPOLLIN, on_event,
				    uploads);
	while (!rc && uploads->started < TESS_UPLOADS_AT_ONCE) {
		rc = -pthread_create(&uploads->threads[uploads->started], NULL, thread_main,
				     uploads);
		uploads->started += !rc;
	}
	if (rc) {
		tess_uploads_free(uploads);
		return rc;
	}
	*uploadsp = uploads;
	return 0;
}

void tess_uploads_free(struct tess_uploads *uploads)
{
	if (!uploads)
		return;
	pthread_mutex_lock(&uploads->lock);
	uploads->stop = true;
	for (struct order *order = uploads->orders; order; order = order->next)
		tess_upload_job_cancel(&order->job);
	pthread_cond_broadcast(&uploads->wake);
	pthread_mutex_unlock(&uploads->lock);
	for (unsigned i = 0; i < uploads->started; i++)
		(void)pthread_join(uploads->threads[i], NULL);
	while (uploads->orders)
		forget(uploads, uploads->orders);
	tess_watch_remove(uploads->watch);
	if (uploads->event >= 0)
		(void)close(uploads->event);
	(void)pthread_cond_destroy(&uploads->wake);
	(void)pthread_mutex_destroy(&uploads->lock);
	free(uploads);
}

static struct order *find(struct tess_uploads *uploads, const char *id)
{
	struct order *order = uploads->orders;

	while (order && (order->dropped || strcmp(order->job.id, id) != 0))
		order = order->next;
	return order;
}

static bool is_listed(const json_t *orders, const char *id)
{
	const json_t *item;
	size_t i;

	json_array_foreach(orders, i, item)
	{
		const char *listed = json_string_value(json_object_get(item, "id"));

		if (listed && !strcmp(listed, id))
			return true;
	}
	return false;
}

static void drop_others(struct tess_uploads *uploads, const json_t *orders)
{
	struct order *next;

	for (struct order *order = uploads->orders; order; order = next) {
		next = order->next;
		if (order->dropped || is_listed(orders, order->job.id))
			continue;
		if (order->progress == RUNNING) {
			tess_upload_job_cancel(&order->job);
			order->dropped = true;
		} else {
			forget(uploads, order);
		}
	}
}

static void add(struct tess_uploads *uploads, const json_t *item)
{
	const char *id = json_string_value(json_object_get(item, "id"));
	struct order *order, **at = &uploads->orders;

	if (!id || find(uploads, id))
		return;
	order = calloc(1, sizeof(*order));
	if (!order)
		return; /* control will say it again */
	order->progress = QUEUED;
	if (tess_upload_job_read(&order->job, item)) {
		TESS_ERROR("upload.bad_order", "id=\"%.40s\"", id);
		order_free(order);
		return;
	}
	while (*at)
		at = &(*at)->next;
	*at = order;
}

void tess_uploads_set_desired(struct tess_uploads *uploads, const json_t *orders)
{
	const json_t *item;
	size_t i;

	pthread_mutex_lock(&uploads->lock);
	drop_others(uploads, orders);
	json_array_foreach(orders, i, item)
	{
		add(uploads, item);
	}
	pthread_cond_broadcast(&uploads->wake);
	pthread_mutex_unlock(&uploads->lock);
}

/* @return a descriptor, or a negative errno */
static int memory_of(const struct tess_bytes *bytes)
{
	int fd = memfd_create("key frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (write(fd, bytes->data, bytes->length) == (ssize_t)bytes->length)
		return fd;
	(void)close(fd);
	return -ENOSPC;
}

int tess_uploads_take_frame(struct tess_uploads *uploads, char id[64], int *fdp)
{
	struct order *order;
	int rc = 0;

	pthread_mutex_lock(&uploads->lock);
	order = uploads->orders;
	while (order && (order->dropped || order->progress != OVER || !order->job.frame.length))
		order = order->next;
	if (order) {
		memcpy(id, order->job.id, sizeof(order->job.id));
		rc = memory_of(&order->job.frame);
		*fdp = rc;
		tess_bytes_free(&order->job.frame);
	}
	pthread_mutex_unlock(&uploads->lock);
	return order && rc >= 0 ? 1 : rc;
}

/* Lists are long: one goes with a message, and not with each. */
static bool tell_over(struct order *order, int64_t now_us, bool *listed)
{
	if (order->progress != OVER)
		return false;
	if (!order->job.list || !order->job.done)
		return true;
	if (*listed || now_us < order->list_us)
		return false;
	*listed = true;
	order->list_us = now_us + LIST_AGAIN_US;
	return true;
}

json_t *tess_uploads_facts(struct tess_uploads *uploads)
{
	int64_t now_us = tess_loop_now_us(uploads->loop);
	json_t *facts = json_array();
	bool listed = false;

	pthread_mutex_lock(&uploads->lock);
	for (struct order *order = uploads->orders; facts && order; order = order->next) {
		if (order->dropped)
			continue;
		if (json_array_append_new(
			    facts, tess_upload_job_facts(&order->job,
							 tell_over(order, now_us, &listed)))) {
			json_decref(facts);
			facts = NULL;
		}
	}
	pthread_mutex_unlock(&uploads->lock);
	return facts;
}
