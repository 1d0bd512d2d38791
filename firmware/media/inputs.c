/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/inputs.c - see inputs.h.
 */
#include "firmware/media/inputs.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct ring {
	int64_t publisher;
	uint64_t epoch;
	int memfd;
};

struct tess_inputs {
	pthread_mutex_t lock;
	struct ring rings[TESS_INPUTS_MAX]; /* in no order */
	unsigned count;
	atomic_uint version;
};

int tess_inputs_alloc(struct tess_inputs **inputsp)
{
	struct tess_inputs *inputs = calloc(1, sizeof(*inputs));

	if (!inputs)
		return -ENOMEM;
	pthread_mutex_init(&inputs->lock, NULL);
	*inputsp = inputs;
	return 0;
}

void tess_inputs_free(struct tess_inputs *inputs)
{
	if (!inputs)
		return;
	tess_inputs_clear(inputs);
	pthread_mutex_destroy(&inputs->lock);
	free(inputs);
}

static struct ring *find(struct tess_inputs *inputs, int64_t publisher)
{
	for (unsigned i = 0; i < inputs->count; i++) {
		if (inputs->rings[i].publisher == publisher)
			return &inputs->rings[i];
	}
	return NULL;
}

/* With the lock held. */
static int put(struct tess_inputs *inputs, const struct ring *offered)
{
	struct ring *ring = find(inputs, offered->publisher);

	if (ring && offered->epoch < ring->epoch)
		return -ESTALE;
	if (!ring && inputs->count == TESS_INPUTS_MAX)
		return -ENOSPC;
	if (ring)
		(void)close(ring->memfd);
	else
		ring = &inputs->rings[inputs->count++];
	*ring = *offered;
	return 0;
}

int tess_inputs_offer(struct tess_inputs *inputs, int64_t publisher, uint64_t epoch, int memfd)
{
	const struct ring offered = {.publisher = publisher, .epoch = epoch, .memfd = memfd};
	int rc;

	pthread_mutex_lock(&inputs->lock);
	rc = put(inputs, &offered);
	pthread_mutex_unlock(&inputs->lock);
	if (rc)
		(void)close(memfd);
	else
		atomic_fetch_add(&inputs->version, 1);
	return rc;
}

void tess_inputs_end(struct tess_inputs *inputs, int64_t publisher, uint64_t epoch)
{
	struct ring *ring;

	pthread_mutex_lock(&inputs->lock);
	ring = find(inputs, publisher);
	if (ring && ring->epoch <= epoch) {
		(void)close(ring->memfd);
		*ring = inputs->rings[--inputs->count];
	}
	pthread_mutex_unlock(&inputs->lock);
	atomic_fetch_add(&inputs->version, 1);
}

void tess_inputs_clear(struct tess_inputs *inputs)
{
	pthread_mutex_lock(&inputs->lock);
	while (inputs->count)
		(void)close(inputs->rings[--inputs->count].memfd);
	pthread_mutex_unlock(&inputs->lock);
	atomic_fetch_add(&inputs->version, 1);
}

unsigned tess_inputs_version(const struct tess_inputs *inputs)
{
	return atomic_load(&inputs->version);
}

int tess_inputs_open(struct tess_inputs *inputs, int64_t publisher, uint64_t *epoch,
		     struct tess_ring_reader **readerp)
{
	const struct ring *ring;
	int rc;

	pthread_mutex_lock(&inputs->lock);
	ring = find(inputs, publisher);
	if (!ring) {
		rc = -ENOENT;
	} else if (ring->epoch == *epoch) {
		rc = -EALREADY;
	} else {
		*epoch = ring->epoch;
		rc = tess_ring_reader_alloc(readerp, ring->memfd);
	}
	pthread_mutex_unlock(&inputs->lock);
	return rc;
}
