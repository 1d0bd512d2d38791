/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/stream.c - streams and events: work is done at once, or as late as
 * allowed.
 *
 * A late device does what is waited for, what that depends on, and nothing else for a while.
 * Streams that are in no order with each other so run in the order that harms a caller who forgot
 * to wait.
 */
#include "tests/emulated/nv/core.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct emu_stream {
	struct emu_handle handle;
	struct emu_context *context;
	bool blocking; /* in order with the default stream */
};

struct emu_event {
	struct emu_handle handle;
	struct emu_context *context;
	uint64_t number; /* 0: never recorded */
};

struct operation {
	struct operation *next;
	uint64_t number;
	struct emu_stream *stream;
	void (*run)(void *argument);
	void *argument;
	struct timespec due;
	bool wanted, running;
};

struct emu_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct operation *first; /* in the order submitted; an operation leaves when it is done */
	uint64_t last_number;
	pthread_t worker;
	bool started, stop;
};

void emu_stream_open_queue(struct emu_context *context)
{
	struct emu_queue *queue = calloc(1, sizeof(*queue));
	pthread_condattr_t attributes;

	EMU_REQUIRE(queue, "the host is out of memory");
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	context->queue = queue;
	context->default_stream =
		emu_handle_new(EMU_STREAM, sizeof(*context->default_stream), context);
	context->default_stream->context = context;
	context->default_stream->blocking = true;
}

void emu_stream_close_queue(struct emu_context *context)
{
	struct emu_queue *queue = context->queue;

	emu_stream_wait_all(context);
	pthread_mutex_lock(&queue->lock);
	queue->stop = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	if (queue->started)
		pthread_join(queue->worker, NULL);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
	context->queue = NULL;
	emu_handle_end(context->default_stream);
}

/* Is @p later to wait for @p earlier? */
static bool ordered(const struct operation *earlier, const struct operation *later)
{
	const struct emu_stream *a = earlier->stream, *b = later->stream;
	const struct emu_stream *legacy = a->context->default_stream;

	return a == b || (a->blocking && b->blocking && (a == legacy || b == legacy));
}

static bool runnable(const struct emu_queue *queue, const struct operation *operation)
{
	for (const struct operation *o = queue->first; o != operation; o = o->next)
		if (ordered(o, operation))
			return false;
	return !operation->running;
}

/* Want operation @p number and, with it, all that it waits for. */
static void want(struct emu_queue *queue, struct operation *operation)
{
	operation->wanted = true;
	for (struct operation *o = queue->first; o != operation; o = o->next)
		if (!o->wanted && ordered(o, operation))
			want(queue, o);
}

static bool due(const struct operation *operation, const struct timespec *now)
{
	return operation->wanted || now->tv_sec > operation->due.tv_sec ||
	       (now->tv_sec == operation->due.tv_sec && now->tv_nsec >= operation->due.tv_nsec);
}

static struct operation *choose(const struct emu_queue *queue)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (struct operation *o = queue->first; o; o = o->next)
		if (due(o, &now) && runnable(queue, o))
			return o;
	return NULL;
}

static void done(struct emu_queue *queue, struct operation *operation)
{
	struct operation **link = &queue->first;

	while (*link != operation)
		link = &(*link)->next;
	*link = operation->next;
	free(operation);
	pthread_cond_broadcast(&queue->changed);
}

static void *work(void *argument)
{
	struct emu_queue *queue = argument;
	struct operation *operation;

	pthread_mutex_lock(&queue->lock);
	while (!queue->stop) {
		operation = choose(queue);
		if (operation) {
			operation->running = true;
			pthread_mutex_unlock(&queue->lock);
			operation->run(operation->argument);
			pthread_mutex_lock(&queue->lock);
			done(queue, operation);
		} else if (queue->first) {
			struct timespec until = queue->first->due;

			pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
		} else {
			pthread_cond_wait(&queue->changed, &queue->lock);
		}
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

uint64_t emu_stream_submit(struct emu_stream *stream, void (*run)(void *), void *argument)
{
	struct emu_queue *queue = stream->context->queue;
	struct operation *operation, **link;

	unsigned late_ms = stream->context->device->late_ms;

	if (!late_ms) {
		run(argument);
		return 0;
	}
	operation = calloc(1, sizeof(*operation));
	EMU_REQUIRE(operation, "the host is out of memory");
	operation->stream = stream;
	operation->run = run;
	operation->argument = argument;
	clock_gettime(CLOCK_MONOTONIC, &operation->due);
	operation->due.tv_nsec += late_ms % 1000 * 1000000L;
	operation->due.tv_sec += late_ms / 1000 + operation->due.tv_nsec / 1000000000;
	operation->due.tv_nsec %= 1000000000;
	pthread_mutex_lock(&queue->lock);
	uint64_t number = operation->number = ++queue->last_number;

	for (link = &queue->first; *link; link = &(*link)->next)
		;
	*link = operation;
	if (!queue->started)
		EMU_REQUIRE(!pthread_create(&queue->worker, NULL, work, queue), "no thread");
	queue->started = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return number;
}

static struct operation *find(const struct emu_queue *queue, uint64_t number)
{
	struct operation *o = queue->first;

	while (o && o->number != number)
		o = o->next;
	return o;
}

void emu_stream_wait_for(struct emu_context *context, uint64_t number)
{
	struct emu_queue *queue = context->queue;
	struct operation *operation;

	pthread_mutex_lock(&queue->lock);
	while ((operation = find(queue, number))) {
		want(queue, operation);
		pthread_cond_broadcast(&queue->changed);
		pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
}

bool emu_stream_done(struct emu_context *context, uint64_t number)
{
	pthread_mutex_lock(&context->queue->lock);
	bool is_done = !find(context->queue, number);

	pthread_mutex_unlock(&context->queue->lock);
	return is_done;
}

static void nothing(void *argument)
{
	(void)argument;
}

void emu_stream_wait(struct emu_stream *stream)
{
	emu_stream_wait_for(stream->context, emu_stream_submit(stream, nothing, NULL));
}

void emu_stream_wait_all(struct emu_context *context)
{
	struct emu_queue *queue = context->queue;

	pthread_mutex_lock(&queue->lock);
	while (queue->first) {
		for (struct operation *o = queue->first; o; o = o->next)
			o->wanted = true;
		pthread_cond_broadcast(&queue->changed);
		pthread_cond_wait(&queue->changed, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
}

struct emu_stream *emu_stream(struct emu_context *context, CUstream handle, const char *op)
{
	struct emu_stream *stream;

	if (!handle)
		return context->default_stream;
	stream = emu_handle(handle, EMU_STREAM, op);
	EMU_REQUIRE(stream->context == context, "%s: the stream is another context's", op);
	return stream;
}

EMU_EXPORT tcuStreamCreate cuStreamCreate;
CUresult cuStreamCreate(CUstream *streamp, unsigned flags)
{
	EMU_ENTER(context, "cuStreamCreate");
	EMU_REQUIRE(!(flags & ~(unsigned)CU_STREAM_NON_BLOCKING), "cuStreamCreate: flags %u",
		    flags);
	struct emu_stream *stream = emu_handle_new(EMU_STREAM, sizeof(*stream), context);

	stream->context = context;
	stream->blocking = !(flags & CU_STREAM_NON_BLOCKING);
	*streamp = (CUstream)stream;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuStreamDestroy_v2 cuStreamDestroy_v2;
CUresult cuStreamDestroy_v2(CUstream handle)
{
	struct emu_context *context = emu_current("cuStreamDestroy");

	EMU_REQUIRE(handle, "cuStreamDestroy: of the default stream");
	struct emu_stream *stream = emu_stream(context, handle, "cuStreamDestroy");

	emu_stream_wait(stream);
	emu_handle_end(stream);
	return emu_cuda_gate(context->device, "cuStreamDestroy");
}

EMU_EXPORT tcuStreamQuery cuStreamQuery;
CUresult cuStreamQuery(CUstream handle)
{
	EMU_ENTER(context, "cuStreamQuery");
	struct emu_stream *stream = emu_stream(context, handle, "cuStreamQuery");

	pthread_mutex_lock(&context->queue->lock);
	const struct operation *o = context->queue->first;

	while (o && o->stream != stream)
		o = o->next;
	pthread_mutex_unlock(&context->queue->lock);
	return o ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

EMU_EXPORT tcuStreamSynchronize cuStreamSynchronize;
CUresult cuStreamSynchronize(CUstream handle)
{
	EMU_ENTER(context, "cuStreamSynchronize");
	emu_stream_wait(emu_stream(context, handle, "cuStreamSynchronize"));
	return CUDA_SUCCESS;
}

struct callback {
	CUstream stream;
	CUstreamCallback *function;
	void *user;
};

static void run_callback(void *argument)
{
	struct callback *callback = argument;

	emu_context_in_callback(true);
	callback->function(callback->stream, CUDA_SUCCESS, callback->user);
	emu_context_in_callback(false);
	free(callback);
}

EMU_EXPORT tcuStreamAddCallback cuStreamAddCallback;
CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback *function, void *user,
			     unsigned flags)
{
	EMU_ENTER(context, "cuStreamAddCallback");
	struct emu_stream *stream = emu_stream(context, handle, "cuStreamAddCallback");
	struct callback *callback = malloc(sizeof(*callback));

	EMU_REQUIRE(function && !flags, "cuStreamAddCallback: flags %u", flags);
	EMU_REQUIRE(callback, "the host is out of memory");
	*callback = (struct callback){handle, function, user};
	emu_stream_submit(stream, run_callback, callback);
	return CUDA_SUCCESS;
}

static struct emu_event *event_of(struct emu_context *context, CUevent handle, const char *op)
{
	struct emu_event *event = emu_handle(handle, EMU_EVENT, op);

	EMU_REQUIRE(event->context == context, "%s: the event is another context's", op);
	return event;
}

/* Of an event that was never recorded CUDA says that it is done: a caller never means that. */
static uint64_t recorded(struct emu_context *context, CUevent handle, const char *op)
{
	const struct emu_event *event = event_of(context, handle, op);

	EMU_REQUIRE(event->number, "%s: the event was never recorded", op);
	return event->number;
}

EMU_EXPORT tcuEventCreate cuEventCreate;
CUresult cuEventCreate(CUevent *eventp, unsigned flags)
{
	EMU_ENTER(context, "cuEventCreate");
	EMU_REQUIRE(flags <= (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING),
		    "cuEventCreate: flags %u", flags);
	struct emu_event *event = emu_handle_new(EMU_EVENT, sizeof(*event), context);

	event->context = context;
	*eventp = (CUevent)event;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuEventDestroy_v2 cuEventDestroy_v2;
CUresult cuEventDestroy_v2(CUevent handle)
{
	struct emu_context *context = emu_current("cuEventDestroy");

	emu_handle_end(event_of(context, handle, "cuEventDestroy"));
	return emu_cuda_gate(context->device, "cuEventDestroy");
}

EMU_EXPORT tcuEventRecord cuEventRecord;
CUresult cuEventRecord(CUevent handle, CUstream stream)
{
	EMU_ENTER(context, "cuEventRecord");
	struct emu_event *event = event_of(context, handle, "cuEventRecord");
	uint64_t number =
		emu_stream_submit(emu_stream(context, stream, "cuEventRecord"), nothing, NULL);

	event->number = number ? number : UINT64_MAX; /* done at once */
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuEventQuery cuEventQuery;
CUresult cuEventQuery(CUevent handle)
{
	EMU_ENTER(context, "cuEventQuery");
	uint64_t number = recorded(context, handle, "cuEventQuery");

	return emu_stream_done(context, number) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

EMU_EXPORT tcuEventSynchronize cuEventSynchronize;
CUresult cuEventSynchronize(CUevent handle)
{
	EMU_ENTER(context, "cuEventSynchronize");
	emu_stream_wait_for(context, recorded(context, handle, "cuEventSynchronize"));
	return CUDA_SUCCESS;
}
