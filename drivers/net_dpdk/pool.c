/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/pool.c - see pool.h.
 */
#include "drivers/net_dpdk/pool.h"

#include <errno.h>
#include <pthread.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/headers.h"

#define MAX_MBUFS (1U << 21)
#define ROOM	  (RTE_PKTMBUF_HEADROOM + RTE_ALIGN_CEIL(DPDK_MAX_HEADERS, 64) + TESS_PACKET_SIZE)

struct dpdk_pool {
	struct rte_mempool *mempool;
	struct dpdk_pool *next_closed;
};

/*
 * Pools with packets out after their port has closed. They are the EAL's memory, of which there is
 * one in a process, so this list is the process's as well.
 */
static struct dpdk_pool *closed;
static unsigned opened; /* for names */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void release(struct tess_packet *packet)
{
	rte_pktmbuf_free(packet->driver_private);
}

static void init_packet(struct rte_mempool *mempool, void *arg, void *object, unsigned index)
{
	struct rte_mbuf *mbuf = object;
	struct tess_packet *packet = rte_mbuf_to_priv(mbuf);

	(void)mempool;
	(void)arg;
	(void)index;
	memset(packet, 0, sizeof(*packet));
	packet->release = release;
	packet->driver_private = mbuf;
}

/*
 * As rte_pktmbuf_pool_create() makes it, but for packing: without huge pages that would give each
 * mbuf a page of its own, and AF_XDP's driver, which reckons with mbufs side by side, would tell
 * the kernel of the first half only.
 */
static int create(struct rte_mempool **mempoolp, const char *name, unsigned mbufs, int node,
		  bool dma)
{
	struct rte_pktmbuf_pool_private sizes = {
		.mbuf_data_room_size = ROOM,
		.mbuf_priv_size = RTE_ALIGN_CEIL(sizeof(struct tess_packet), RTE_MBUF_PRIV_ALIGN),
	};
	/* no caches: they are of the EAL's own threads, and ours are not */
	struct rte_mempool *mempool = rte_mempool_create_empty(
		name, mbufs, (unsigned)sizeof(struct rte_mbuf) + sizes.mbuf_priv_size + ROOM, 0,
		sizeof(sizes), node, dma ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	int error;

	if (!mempool)
		return rte_errno ? -rte_errno : -ENOMEM;
	error = rte_mempool_set_ops_byname(mempool, rte_mbuf_best_mempool_ops(), NULL);
	if (!error) {
		rte_pktmbuf_pool_init(mempool, &sizes);
		error = rte_mempool_populate_default(mempool);
	}
	if (error < 0) {
		rte_mempool_free(mempool);
		return error;
	}
	rte_mempool_obj_iter(mempool, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(mempool, init_packet, NULL);
	*mempoolp = mempool;
	return 0;
}

int dpdk_pool_open(struct dpdk_pool **poolp, unsigned mbufs, int node, bool dma)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct dpdk_pool *pool;
	int error;

	if (mbufs == 0 || mbufs > MAX_MBUFS)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	(void)snprintf(name, sizeof(name), "tess_%u", opened++);
	pthread_mutex_unlock(&lock);
	error = create(&pool->mempool, name, mbufs, node, dma);
	if (error && node != SOCKET_ID_ANY)
		error = create(&pool->mempool, name, mbufs, SOCKET_ID_ANY, dma);
	if (error) {
		free(pool);
		return error;
	}
	*poolp = pool;
	return 0;
}

void dpdk_pool_close(struct dpdk_pool *pool)
{
	struct dpdk_pool **link = &closed;

	if (!pool)
		return;
	pthread_mutex_lock(&lock);
	pool->next_closed = closed;
	closed = pool;
	while ((pool = *link)) {
		if (!rte_mempool_full(pool->mempool)) {
			link = &pool->next_closed;
			continue;
		}
		*link = pool->next_closed;
		rte_mempool_free(pool->mempool);
		free(pool);
	}
	pthread_mutex_unlock(&lock);
}

struct rte_mempool *dpdk_pool_mempool(const struct dpdk_pool *pool)
{
	return pool->mempool;
}

struct tess_packet *dpdk_packet_take(struct rte_mbuf *mbuf, uint16_t offset, uint16_t length)
{
	struct tess_packet *packet = rte_mbuf_to_priv(mbuf);

	packet->data = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, offset);
	packet->length = length;
	packet->capacity =
		(uint32_t)(mbuf->buf_len - (size_t)(packet->data - (uint8_t *)mbuf->buf_addr));
	return packet;
}

struct rte_mbuf *dpdk_packet_give(struct tess_packet *packet, size_t headers)
{
	struct rte_mbuf *mbuf = packet->driver_private, *carrier = mbuf->next ? mbuf->next : mbuf;

	/* whoever held it may have moved the data */
	carrier->data_off = (uint16_t)(packet->data - (uint8_t *)carrier->buf_addr);
	carrier->data_len = (uint16_t)packet->length;
	mbuf->data_off = (uint16_t)(mbuf->data_off - headers);
	mbuf->data_len = (uint16_t)(headers + (mbuf->next ? 0 : packet->length));
	mbuf->pkt_len = (uint32_t)(headers + packet->length);
	mbuf->ol_flags = 0;
	return mbuf;
}

struct tess_packet *dpdk_pool_packet(struct dpdk_pool *pool)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool->mempool);
	struct tess_packet *packet;

	if (!mbuf)
		return NULL;
	mbuf->data_off = (uint16_t)(mbuf->buf_len - TESS_PACKET_SIZE);
	packet = dpdk_packet_take(mbuf, 0, 0);
	packet->arrival_us = 0;
	packet->tag = NULL;
	packet->local_port = 0;
	memset(&packet->remote, 0, sizeof(packet->remote));
	return packet;
}

struct tess_packet *dpdk_pool_share(struct dpdk_pool *pool, const struct tess_packet *payload)
{
	struct rte_mbuf *from = payload->driver_private;
	struct tess_packet *packet = dpdk_pool_packet(pool);
	struct rte_mbuf *carrier = packet ? rte_pktmbuf_alloc(pool->mempool) : NULL, *head;

	if (!carrier) {
		if (packet)
			tess_packet_release(packet);
		return NULL;
	}
	rte_pktmbuf_attach(carrier, from->next ? from->next : from);
	carrier->next = NULL;
	carrier->nb_segs = 1;
	head = packet->driver_private;
	head->next = carrier;
	head->nb_segs = 2;
	packet->data = payload->data;
	packet->length = packet->capacity = payload->length;
	return packet;
}

struct rte_mbuf *dpdk_pool_frame(struct dpdk_pool *pool, const uint8_t *data, size_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool->mempool);
	char *room = mbuf ? rte_pktmbuf_append(mbuf, (uint16_t)length) : NULL;

	if (room)
		memcpy(room, data, length);
	else
		rte_pktmbuf_free(mbuf); /* accepts NULL */
	return room ? mbuf : NULL;
}
