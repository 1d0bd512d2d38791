/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/neighbours.c - see neighbours.h.
 */
#include "drivers/net_dpdk/neighbours.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS  4096 /* a power of two */
#define PROBES 8
#define QUEUED 256 /* a power of two */
#define HASH   UINT64_C(0x9e3779b97f4a7c15)
#define SHIFT  (64 - 12) /* SLOTS is 2^12 */
#define NEVER  INT64_MIN
/* How long an answer is trusted before it is asked again; the old one serves meanwhile. */
#define FRESH_US INT64_C(1000000)
/* How soon to ask again for what was not known: ARP takes its time. */
#define AGAIN_US INT64_C(20000)

struct slot {
	union tess_addr destination; /* sa_family 0: empty */
	struct dpdk_route route;
	bool known;
	int64_t asked_us, used_us;
};

/* One writer, one reader. */
struct queue {
	_Alignas(64) atomic_uint head; /* next to be read */
	_Alignas(64) atomic_uint tail; /* next to be written */
	struct dpdk_answer items[QUEUED];
};

struct dpdk_neighbours {
	struct queue asks, answers;
	struct slot slots[SLOTS];
};

static bool put(struct queue *queue, const struct dpdk_answer *item)
{
	unsigned tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);

	if (tail - atomic_load_explicit(&queue->head, memory_order_acquire) == QUEUED)
		return false;
	queue->items[tail % QUEUED] = *item;
	atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
	return true;
}

static bool take(struct queue *queue, struct dpdk_answer *item)
{
	unsigned head = atomic_load_explicit(&queue->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&queue->tail, memory_order_acquire))
		return false;
	*item = queue->items[head % QUEUED];
	atomic_store_explicit(&queue->head, head + 1, memory_order_release);
	return true;
}

int dpdk_neighbours_alloc(struct dpdk_neighbours **neighboursp)
{
	struct dpdk_neighbours *neighbours =
		aligned_alloc(_Alignof(struct dpdk_neighbours), sizeof(*neighbours));

	if (!neighbours)
		return -ENOMEM;
	memset(neighbours, 0, sizeof(*neighbours));
	*neighboursp = neighbours;
	return 0;
}

void dpdk_neighbours_free(struct dpdk_neighbours *neighbours)
{
	free(neighbours);
}

static bool same(const union tess_addr *a, const union tess_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	return a->sa.sa_family == AF_INET
		       ? a->in.sin_addr.s_addr == b->in.sin_addr.s_addr
		       : !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

static unsigned home(const union tess_addr *address)
{
	uint64_t words[2] = {0, 0};

	if (address->sa.sa_family == AF_INET)
		words[0] = address->in.sin_addr.s_addr;
	else
		memcpy(words, &address->in6.sin6_addr, sizeof(words));
	return (unsigned)(((words[0] * HASH) ^ words[1]) * HASH >> SHIFT);
}

/* The slot of @destination, or the one that it may have: empty, or unused for longest. */
static struct slot *locate(struct dpdk_neighbours *neighbours, const union tess_addr *destination)
{
	unsigned first = home(destination);
	struct slot *oldest = &neighbours->slots[first];

	for (unsigned i = 0; i < PROBES; i++) {
		struct slot *slot = &neighbours->slots[(first + i) % SLOTS];

		if (slot->destination.sa.sa_family == 0 || same(&slot->destination, destination))
			return slot;
		if (slot->used_us < oldest->used_us)
			oldest = slot;
	}
	return oldest;
}

const struct dpdk_route *dpdk_neighbours_find(struct dpdk_neighbours *neighbours,
					      const union tess_addr *destination, int64_t now_us,
					      bool *asked)
{
	struct slot *slot = locate(neighbours, destination);

	if (!same(&slot->destination, destination))
		*slot = (struct slot){.destination = *destination, .asked_us = NEVER};
	slot->used_us = now_us;
	if (slot->asked_us == NEVER ||
	    now_us - slot->asked_us >= (slot->known ? FRESH_US : AGAIN_US)) {
		struct dpdk_answer ask = {.destination = *destination};

		slot->asked_us = now_us;
		if (put(&neighbours->asks, &ask))
			*asked = true;
	}
	return slot->known ? &slot->route : NULL;
}

void dpdk_neighbours_update(struct dpdk_neighbours *neighbours)
{
	struct dpdk_answer answer;

	while (take(&neighbours->answers, &answer)) {
		struct slot *slot = locate(neighbours, &answer.destination);

		/* gone meanwhile: it gave its place to another */
		if (!same(&slot->destination, &answer.destination))
			continue;
		slot->known = answer.known;
		slot->route = answer.route;
	}
}

bool dpdk_neighbours_take_ask(struct dpdk_neighbours *neighbours, union tess_addr *destination)
{
	struct dpdk_answer ask;

	if (!take(&neighbours->asks, &ask))
		return false;
	*destination = ask.destination;
	return true;
}

void dpdk_neighbours_put_answer(struct dpdk_neighbours *neighbours,
				const struct dpdk_answer *answer)
{
	(void)put(&neighbours->answers, answer);
}
