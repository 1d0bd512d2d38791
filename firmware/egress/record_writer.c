/* SPDX-License-Identifier: GPL-3.0-or-later
 * The thread that waits for the disk.
 */
#include "firmware/egress/record_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct tess_lane {
	struct tess_writer *writer;
	struct tess_lane *next;
	void (*failing)(void *arg, int error);
	void *arg;
	struct tess_writer_job *jobs; /* the first may be running */
	bool running, canceled;
	int64_t retry_at_us; /* 0: at once */
	int error;	     /* of the failure to be told, 0: none */
};

struct tess_writer {
	struct tess_loop *loop;
	struct tess_watch *watch;
	int event;
	int64_t retry_us;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t wake;
	bool stop;
	struct tess_lane *lanes, *turn; /* turn: whose jobs were run last */
	struct tess_writer_job *ended;
	size_t bytes;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void append(struct tess_writer_job **list, struct tess_writer_job *job)
{
	while (*list)
		list = &(*list)->next;
	job->next = NULL;
	*list = job;
}

static void tell_loop(struct tess_writer *writer)
{
	uint64_t one = 1;

	if (write(writer->event, &one, sizeof(one)) < 0)
		return; /* full: the loop is awake anyway */
}

static void end_job(struct tess_writer *writer, struct tess_writer_job *job, int result)
{
	job->result = result;
	writer->bytes -= job->bytes;
	append(&writer->ended, job);
}

/** The lane whose turn it is. *due_us: when there may be one, if there is none now; 0: never */
static struct tess_lane *pick(struct tess_writer *writer, int64_t *due_us)
{
	struct tess_lane *lane = writer->turn, *first = NULL;
	int64_t now = now_us();

	*due_us = 0;
	for (;;) {
		lane = lane && lane->next ? lane->next : writer->lanes;
		if (!lane || lane == first)
			return NULL;
		if (!first)
			first = lane;
		if (!lane->jobs)
			continue;
		if (!lane->retry_at_us || (!writer->stop && lane->retry_at_us <= now))
			return lane;
		if (!*due_us || lane->retry_at_us < *due_us)
			*due_us = lane->retry_at_us;
	}
}

static void run_first(struct tess_writer *writer, struct tess_lane *lane)
{
	struct tess_writer_job *job = lane->jobs;
	int result;

	lane->running = true;
	writer->turn = lane;
	job->repeat = false;
	pthread_mutex_unlock(&writer->lock);
	result = job->run(job);
	pthread_mutex_lock(&writer->lock);
	lane->running = false;
	if (job->repeat && !lane->canceled) {
		lane->retry_at_us = now_us() + writer->retry_us;
		lane->error = result;
	} else {
		lane->jobs = job->next;
		lane->retry_at_us = 0;
		end_job(writer, job, lane->canceled ? -ECANCELED : result);
	}
	lane->canceled = false;
	tell_loop(writer);
}

static void *writer_main(void *arg)
{
	struct tess_writer *writer = arg;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		int64_t due_us;
		struct tess_lane *lane = pick(writer, &due_us);

		if (lane) {
			run_first(writer, lane);
		} else if (writer->stop) {
			break;
		} else if (due_us) {
			struct timespec due = {due_us / 1000000, due_us % 1000000 * 1000};

			(void)pthread_cond_timedwait(&writer->wake, &writer->lock, &due);
		} else {
			(void)pthread_cond_wait(&writer->wake, &writer->lock);
		}
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

static bool tell_failure(struct tess_writer *writer)
{
	void (*failing)(void *arg, int error) = NULL;
	struct tess_lane *lane;
	void *arg = NULL;
	int error = 0;

	pthread_mutex_lock(&writer->lock);
	for (lane = writer->lanes; lane && !error; lane = lane->next) {
		error = lane->error;
		failing = lane->failing;
		arg = lane->arg;
		lane->error = 0;
	}
	pthread_mutex_unlock(&writer->lock);
	if (error)
		failing(arg, error);
	return error != 0;
}

static void deliver(struct tess_writer *writer)
{
	struct tess_writer_job *ended;

	while (tell_failure(writer))
		;
	pthread_mutex_lock(&writer->lock);
	ended = writer->ended;
	writer->ended = NULL;
	pthread_mutex_unlock(&writer->lock);
	while (ended) {
		struct tess_writer_job *job = ended;

		ended = job->next;
		job->done(job, job->result);
	}
}

static void on_event(void *arg, uint32_t events)
{
	struct tess_writer *writer = arg;
	uint64_t count;

	(void)events;
	if (read(writer->event, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	deliver(writer);
}

int tess_writer_alloc(struct tess_writer **writerp, struct tess_loop *loop, int64_t retry_us)
{
	struct tess_writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t attr;
	int error;

	if (!writer)
		return -ENOMEM;
	writer->loop = loop;
	writer->retry_us = retry_us;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->wake, &attr);
	pthread_condattr_destroy(&attr);
	writer->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	error = writer->event < 0 ? -errno : 0;
	if (!error)
		error = tess_watch_add(&writer->watch, loop, writer->event, EPOLLIN, on_event,
				       writer);
	if (!error) {
		error = -pthread_create(&writer->thread, NULL, writer_main, writer);
		writer->started = !error;
	}
	if (error) {
		tess_writer_free(writer);
		return error;
	}
	*writerp = writer;
	return 0;
}

void tess_writer_stop(struct tess_writer *writer)
{
	if (!writer->started)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	writer->started = false;
	for (struct tess_lane *lane = writer->lanes; lane; lane = lane->next) {
		while (lane->jobs) {
			struct tess_writer_job *job = lane->jobs;

			lane->jobs = job->next;
			end_job(writer, job, -ECANCELED);
		}
	}
	deliver(writer);
}

void tess_writer_free(struct tess_writer *writer)
{
	if (!writer)
		return;
	tess_writer_stop(writer);
	tess_watch_remove(writer->watch);
	if (writer->event >= 0)
		(void)close(writer->event);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

size_t tess_writer_bytes(struct tess_writer *writer)
{
	size_t bytes;

	pthread_mutex_lock(&writer->lock);
	bytes = writer->bytes;
	pthread_mutex_unlock(&writer->lock);
	return bytes;
}

int tess_lane_alloc(struct tess_lane **lanep, struct tess_writer *writer,
		    void (*failing)(void *arg, int error), void *arg)
{
	struct tess_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return -ENOMEM;
	lane->writer = writer;
	lane->failing = failing;
	lane->arg = arg;
	pthread_mutex_lock(&writer->lock);
	lane->next = writer->lanes;
	writer->lanes = lane;
	pthread_mutex_unlock(&writer->lock);
	*lanep = lane;
	return 0;
}

void tess_lane_free(struct tess_lane *lane)
{
	struct tess_writer *writer;

	if (!lane)
		return;
	writer = lane->writer;
	pthread_mutex_lock(&writer->lock);
	for (struct tess_lane **at = &writer->lanes; *at; at = &(*at)->next) {
		if (*at == lane) {
			*at = lane->next;
			break;
		}
	}
	if (writer->turn == lane)
		writer->turn = NULL;
	pthread_mutex_unlock(&writer->lock);
	free(lane);
}

void tess_lane_submit(struct tess_lane *lane, struct tess_writer_job *job)
{
	struct tess_writer *writer = lane->writer;

	pthread_mutex_lock(&writer->lock);
	append(&lane->jobs, job);
	writer->bytes += job->bytes;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
}

void tess_lane_cancel(struct tess_lane *lane)
{
	struct tess_writer *writer = lane->writer;
	struct tess_writer_job **from, *job;

	pthread_mutex_lock(&writer->lock);
	lane->canceled = lane->running;
	from = lane->running ? &lane->jobs->next : &lane->jobs;
	while ((job = *from)) {
		*from = job->next;
		end_job(writer, job, -ECANCELED);
	}
	lane->retry_at_us = 0;
	lane->error = 0;
	tell_loop(writer);
	pthread_mutex_unlock(&writer->lock);
}
