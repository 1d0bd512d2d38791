/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/packet_pool.c - the packets of a network driver.
 *
 * Two lists: `home` is the owner's alone; `returned` is a stack that any thread pushes on and that
 * the owner only ever takes as a whole, so there is no ABA problem and no lock. On close a mark is
 * left on `returned`; who releases a packet after that counts it, and the last one frees the pool.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/packet_pool.h"

#define MAX_PACKETS (1U << 20)
#define CACHE_LINE  64

struct pool_packet {
	struct tess_packet packet;
	struct pool_packet *next;
};

struct tess_packet_pool {
	struct pool_packet *home;
	struct pool_packet *packets;
	uint8_t *data;
	unsigned count;
	struct pool_packet closed_mark;
	_Atomic(struct pool_packet *) returned; /* or &closed_mark */
	atomic_int outstanding;			/* counts only once closed */
};

static void pool_free(struct tess_packet_pool *pool)
{
	free(pool->data);
	free(pool->packets);
	free(pool);
}

static void pool_release(struct tess_packet *packet)
{
	struct tess_packet_pool *pool = packet->driver_private;
	struct pool_packet *own = (struct pool_packet *)packet;
	struct pool_packet *top = atomic_load_explicit(&pool->returned, memory_order_relaxed);

	do {
		if (top == &pool->closed_mark) {
			if (atomic_fetch_sub_explicit(&pool->outstanding, 1,
						      memory_order_acq_rel) == 1)
				pool_free(pool);
			return;
		}
		own->next = top;
	} while (!atomic_compare_exchange_weak_explicit(
		&pool->returned, &top, own, memory_order_release, memory_order_relaxed));
}

int tess_packet_pool_open(struct tess_packet_pool **poolp, unsigned packets)
{
	struct tess_packet_pool *pool;

	if (packets == 0 || packets > MAX_PACKETS)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pool->count = packets;
	pool->packets = calloc(packets, sizeof(*pool->packets));
	pool->data = aligned_alloc(CACHE_LINE, (size_t)packets * TESS_PACKET_SIZE);
	if (!pool->packets || !pool->data) {
		pool_free(pool);
		return -ENOMEM;
	}
	for (unsigned i = packets; i-- > 0;) {
		pool->packets[i].packet.data = pool->data + (size_t)i * TESS_PACKET_SIZE;
		pool->packets[i].packet.release = pool_release;
		pool->packets[i].packet.driver_private = pool;
		pool->packets[i].next = pool->home;
		pool->home = &pool->packets[i];
	}
	atomic_init(&pool->returned, NULL);
	atomic_init(&pool->outstanding, 0);
	*poolp = pool;
	return 0;
}

void tess_packet_pool_close(struct tess_packet_pool *pool)
{
	int out;

	if (!pool)
		return;
	out = (int)pool->count;
	for (struct pool_packet *own = pool->home; own; own = own->next)
		out--;
	for (struct pool_packet *own = atomic_exchange_explicit(&pool->returned, &pool->closed_mark,
								memory_order_acq_rel);
	     own; own = own->next)
		out--;
	/* releases since the exchange have already taken theirs off */
	if (atomic_fetch_add_explicit(&pool->outstanding, out, memory_order_acq_rel) + out == 0)
		pool_free(pool);
}

struct tess_packet *tess_packet_pool_alloc(struct tess_packet_pool *pool)
{
	struct pool_packet *own = pool->home;
	struct tess_packet *packet;

	if (!own) {
		own = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
		if (!own)
			return NULL;
	}
	pool->home = own->next;
	packet = &own->packet;
	/* the holder may have moved data, e.g. past a header */
	packet->data = pool->data + (size_t)(own - pool->packets) * TESS_PACKET_SIZE;
	packet->capacity = TESS_PACKET_SIZE;
	packet->length = 0;
	packet->arrival_us = 0;
	packet->tag = NULL;
	packet->local_port = 0;
	memset(&packet->remote, 0, sizeof(packet->remote));
	return packet;
}
