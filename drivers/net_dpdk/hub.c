/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/hub.c - see hub.h.
 */
#include "drivers/net_dpdk/hub.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/net_dpdk/eal.h"

/* Between two workers: 17 ms of 60,000 packets a second. */
#define RING 1024

/* DPDK's ports are the process's; so must be what knows who uses them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct dpdk_hub *hubs;

static void free_rings(struct dpdk_hub *hub)
{
	for (unsigned from = 0; from < hub->worker_count; from++)
		for (unsigned to = 0; to < hub->worker_count; to++) {
			struct rte_ring *ring = hub->rings[from][to];
			void *packet;

			while (ring && !rte_ring_sc_dequeue(ring, &packet))
				tess_packet_release(packet);
			rte_ring_free(ring); /* accepts NULL */
		}
}

static void destroy(struct dpdk_hub *hub)
{
	free_rings(hub);
	dpdk_control_close(hub->control);
	dpdk_port_close(&hub->port);
	for (unsigned i = 0; i < DPDK_MAX_QUEUES; i++) {
		if (hub->bells[i] >= 0)
			(void)close(hub->bells[i]);
		pthread_mutex_destroy(&hub->tx_locks[i]);
	}
	free(hub->flows);
	free(hub);
}

static int open_rings(struct dpdk_hub *hub)
{
	char name[RTE_RING_NAMESIZE];

	for (unsigned from = 0; from < hub->worker_count; from++)
		for (unsigned to = 0; to < hub->worker_count; to++) {
			if (from == to)
				continue;
			(void)snprintf(name, sizeof(name), "tess_%x_%x_%x", hub->port.id & 0xffff,
				       from & 0xf, to & 0xf);
			hub->rings[from][to] = rte_ring_create(name, RING, SOCKET_ID_ANY,
							       RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!hub->rings[from][to])
				return -ENOMEM;
		}
	return 0;
}

static int open_control(struct dpdk_hub *hub, struct tess_clock *clock, char *reason,
			size_t reason_size)
{
	const struct dpdk_control_config config = {
		.spec = &hub->spec,
		.clock = clock,
		.port = hub->port.id,
		.pool = hub->port.tx_pool,
		.mac = hub->port.mac,
		.workers = hub->worker_count,
	};
	int error = dpdk_control_open(&hub->control, &config);

	if (error)
		(void)snprintf(reason, reason_size, "no control thread: %s",
			       strerrordesc_np(-error));
	return error;
}

static int fill(struct dpdk_hub *hub, const struct tess_net_config *config, char *reason,
		size_t reason_size)
{
	int error;

	for (unsigned i = 0; i < hub->worker_count; i++) {
		hub->bells[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (hub->bells[i] < 0)
			return -errno;
	}
	/* pages of ports that no flow uses are never touched */
	hub->flows = calloc(DPDK_PORTS, sizeof(*hub->flows));
	if (!hub->flows)
		return -ENOMEM;
	error = dpdk_eal_start(&hub->spec, hub->worker_count, reason, reason_size);
	if (!error)
		error = dpdk_port_open(&hub->port, &hub->spec, config, reason, reason_size);
	if (!error)
		error = open_rings(hub);
	return error ? error : open_control(hub, config->clock, reason, reason_size);
}

static int create(struct dpdk_hub **hubp, const struct dpdk_spec *spec,
		  const struct tess_net_config *config, unsigned workers, char *reason,
		  size_t reason_size)
{
	struct dpdk_hub *hub = calloc(1, sizeof(*hub));
	int error;

	if (!hub)
		return -ENOMEM;
	hub->spec = *spec;
	hub->port_min = config->port_min;
	hub->port_max = config->port_max;
	hub->worker_count = workers;
	for (unsigned i = 0; i < DPDK_MAX_QUEUES; i++) {
		hub->bells[i] = -1;
		pthread_mutex_init(&hub->tx_locks[i], NULL);
	}
	error = fill(hub, config, reason, reason_size);
	if (error) {
		destroy(hub);
		return error;
	}
	hub->next = hubs;
	hubs = hub;
	*hubp = hub;
	return 0;
}

int dpdk_hub_open(struct dpdk_hub **hubp, const struct dpdk_spec *spec,
		  const struct tess_net_config *config, char *reason, size_t reason_size)
{
	unsigned workers = config->workers ? config->workers : 1;
	struct dpdk_hub *hub;
	int error = 0;

	if (workers > DPDK_MAX_QUEUES) {
		(void)snprintf(reason, reason_size, "a port has no more than %d workers",
			       DPDK_MAX_QUEUES);
		return -EINVAL;
	}
	pthread_mutex_lock(&lock);
	hub = hubs;
	while (hub && strcmp(hub->spec.name, spec->name) != 0)
		hub = hub->next;
	if (!hub) {
		error = create(&hub, spec, config, workers, reason, reason_size);
	} else if (hub->worker_count != workers || hub->is_used[config->worker]) {
		(void)snprintf(reason, reason_size, "%s is in use already", spec->name);
		error = -EBUSY;
	}
	if (!error) {
		hub->is_used[config->worker] = true;
		hub->users++;
		*hubp = hub;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

void dpdk_hub_close(struct dpdk_hub *hub, unsigned worker)
{
	struct dpdk_hub **link = &hubs;

	if (!hub)
		return;
	pthread_mutex_lock(&lock);
	hub->is_used[worker] = false;
	if (--hub->users == 0) {
		while (*link != hub)
			link = &(*link)->next;
		*link = hub->next;
		destroy(hub);
	}
	pthread_mutex_unlock(&lock);
}

bool dpdk_hub_give(struct dpdk_hub *hub, unsigned from, unsigned to, struct tess_packet *packet)
{
	return rte_ring_sp_enqueue(hub->rings[from][to], packet) == 0;
}

void dpdk_hub_call(struct dpdk_hub *hub, unsigned worker)
{
	static const uint64_t one = 1;

	/* what was given, before the look whether it sleeps; see sleep_or_nap() */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&hub->asleep[worker]) && atomic_exchange(&hub->asleep[worker], false))
		/* can only fail when the counter is full, and then the bell rings already */
		(void)!write(hub->bells[worker], &one, sizeof(one));
}

unsigned dpdk_hub_take(struct dpdk_hub *hub, unsigned worker, struct tess_packet **packets,
		       unsigned count)
{
	unsigned got = 0;

	for (unsigned from = 0; from < hub->worker_count && got < count; from++)
		if (from != worker)
			got += rte_ring_sc_dequeue_burst(hub->rings[from][worker],
							 (void **)(packets + got), count - got,
							 NULL);
	return got;
}

bool dpdk_hub_has(const struct dpdk_hub *hub, unsigned worker)
{
	for (unsigned from = 0; from < hub->worker_count; from++) {
		const struct rte_ring *ring = hub->rings[from][worker];

		/* as rte_ring_empty(), but in terms of C11 */
		if (ring && __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE) != ring->cons.tail)
			return true;
	}
	return false;
}

unsigned dpdk_hub_send(struct dpdk_hub *hub, unsigned worker, struct rte_mbuf **frames,
		       unsigned count)
{
	unsigned queue = worker % hub->port.tx_queues;
	bool shared = hub->worker_count > hub->port.tx_queues;
	unsigned sent;

	if (shared)
		pthread_mutex_lock(&hub->tx_locks[queue]);
	sent = rte_eth_tx_burst(hub->port.id, (uint16_t)queue, frames, (uint16_t)count);
	if (shared)
		pthread_mutex_unlock(&hub->tx_locks[queue]);
	return sent;
}
