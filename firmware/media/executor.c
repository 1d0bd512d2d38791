/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/executor.c - strands over a pool of threads.
 *
 * One lock guards all queues. It is held for a few instructions a job, some hundred times a second
 * a room; a job takes milliseconds.
 */
#include "firmware/media/executor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define GATHER_NS (TESS_EXECUTOR_GATHER_US * 1000L)
/* A thread that works for longer without a pause gets help, if there is more to do. */
#define ALONE_US INT64_C(10000)

struct tess_strand {
	struct tess_executor *executor;
	struct tess_strand *next_ready;
	struct tess_job *head, **tail;
	bool urgent;
	bool active;   /* in a ready queue, or a job of it runs */
	bool gathered; /* in a ready queue, and no thread was woken for it */
	bool closed;
};

struct ready_queue {
	struct tess_strand *head, **tail;
};

struct tess_executor {
	pthread_mutex_t lock;
	pthread_cond_t work;	/* a strand became ready, or stop */
	pthread_cond_t drained; /* the last strand has ended */
	struct ready_queue urgent, normal;
	unsigned idle, strands, thread_count;
	bool looking; /* one of the idle threads looks by itself after GATHER_NS */
	bool stop;
	pthread_t threads[];
};

static void ready_push(struct tess_executor *executor, struct tess_strand *strand)
{
	struct ready_queue *queue = strand->urgent ? &executor->urgent : &executor->normal;

	strand->next_ready = NULL;
	*queue->tail = strand;
	queue->tail = &strand->next_ready;
}

static struct tess_strand *queue_pop(struct ready_queue *queue)
{
	struct tess_strand *strand = queue->head;

	if (strand) {
		queue->head = strand->next_ready;
		if (!queue->head)
			queue->tail = &queue->head;
	}
	return strand;
}

static struct tess_strand *ready_pop(struct tess_executor *executor)
{
	struct tess_strand *strand = queue_pop(&executor->urgent);

	return strand ? strand : queue_pop(&executor->normal);
}

/* Run the first job of a strand; the lock is held before and after, not meanwhile. */
static void run_one(struct tess_executor *executor, struct tess_strand *strand)
{
	struct tess_job *job = strand->head;

	strand->head = job->next;
	if (!strand->head)
		strand->tail = &strand->head;
	pthread_mutex_unlock(&executor->lock);
	job->run(job);
	pthread_mutex_lock(&executor->lock);
}

static void strand_end(struct tess_strand *strand)
{
	struct tess_executor *executor = strand->executor;

	free(strand);
	if (--executor->strands == 0)
		pthread_cond_broadcast(&executor->drained);
}

/* Until there may be work. While there are strands, one idle thread at a time looks by itself. */
static void wait_for_work(struct tess_executor *executor)
{
	struct timespec until;

	executor->idle++;
	if (executor->strands && !executor->looking) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += GATHER_NS;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		executor->looking = true;
		pthread_cond_clockwait(&executor->work, &executor->lock, CLOCK_MONOTONIC, &until);
		executor->looking = false;
	} else {
		pthread_cond_wait(&executor->work, &executor->lock);
	}
	executor->idle--;
}

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *pool_thread(void *arg)
{
	struct tess_executor *executor = arg;
	int64_t since_us = now_us();

	pthread_mutex_lock(&executor->lock);
	for (;;) {
		struct tess_strand *strand = ready_pop(executor);

		if (!strand) {
			if (executor->stop)
				break;
			wait_for_work(executor);
			since_us = now_us();
			continue;
		}
		strand->gathered = false;
		if (executor->idle && executor->normal.head && now_us() - since_us > ALONE_US)
			pthread_cond_signal(&executor->work);
		run_one(executor, strand);
		if (strand->head)
			ready_push(executor, strand);
		else if (strand->closed)
			strand_end(strand);
		else
			strand->active = false;
	}
	pthread_mutex_unlock(&executor->lock);
	return NULL;
}

int tess_executor_alloc(struct tess_executor **executorp, unsigned threads)
{
	struct tess_executor *executor =
		calloc(1, sizeof(*executor) + threads * sizeof(executor->threads[0]));

	if (!executor)
		return -ENOMEM;
	pthread_mutex_init(&executor->lock, NULL);
	pthread_cond_init(&executor->work, NULL);
	pthread_cond_init(&executor->drained, NULL);
	executor->urgent.tail = &executor->urgent.head;
	executor->normal.tail = &executor->normal.head;
	while (executor->thread_count < threads) {
		if (pthread_create(&executor->threads[executor->thread_count], NULL, pool_thread,
				   executor)) {
			tess_executor_free(executor);
			return -EAGAIN;
		}
		executor->thread_count++;
	}
	*executorp = executor;
	return 0;
}

void tess_executor_free(struct tess_executor *executor)
{
	if (!executor)
		return;
	pthread_mutex_lock(&executor->lock);
	while (executor->strands)
		pthread_cond_wait(&executor->drained, &executor->lock);
	executor->stop = true;
	pthread_cond_broadcast(&executor->work);
	pthread_mutex_unlock(&executor->lock);
	for (unsigned i = 0; i < executor->thread_count; i++)
		pthread_join(executor->threads[i], NULL);
	pthread_cond_destroy(&executor->drained);
	pthread_cond_destroy(&executor->work);
	pthread_mutex_destroy(&executor->lock);
	free(executor);
}

int tess_strand_alloc(struct tess_strand **strandp, struct tess_executor *executor, bool urgent)
{
	struct tess_strand *strand = calloc(1, sizeof(*strand));

	if (!strand)
		return -ENOMEM;
	strand->executor = executor;
	strand->tail = &strand->head;
	strand->urgent = urgent;
	pthread_mutex_lock(&executor->lock);
	executor->strands++;
	pthread_mutex_unlock(&executor->lock);
	*strandp = strand;
	return 0;
}

/* Queue a job and see that somebody runs it, @p soon or when there is company. */
static void enqueue(struct tess_strand *strand, struct tess_job *job, bool last, bool soon)
{
	struct tess_executor *executor = strand->executor;

	pthread_mutex_lock(&executor->lock);
	job->next = NULL;
	*strand->tail = job;
	strand->tail = &job->next;
	strand->closed = last;
	if (strand->active) {
		/* whoever runs it goes on with this one, who must not wait for company now */
		if (soon && strand->gathered) {
			strand->gathered = false;
			pthread_cond_signal(&executor->work);
		}
	} else if (executor->thread_count) {
		strand->active = true;
		ready_push(executor, strand);
		strand->gathered = executor->idle && executor->looking && !soon;
		if (executor->idle && !strand->gathered)
			pthread_cond_signal(&executor->work);
	} else {
		strand->active = true;
		while (strand->head)
			run_one(executor, strand);
		strand->active = false;
		if (strand->closed)
			strand_end(strand);
	}
	pthread_mutex_unlock(&executor->lock);
}

void tess_strand_post(struct tess_strand *strand, struct tess_job *job)
{
	enqueue(strand, job, false, true);
}

void tess_strand_post_gathered(struct tess_strand *strand, struct tess_job *job)
{
	enqueue(strand, job, false, false);
}

void tess_strand_close(struct tess_strand *strand, struct tess_job *last)
{
	enqueue(strand, last, true, strand->urgent);
}
