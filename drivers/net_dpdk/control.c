/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/control.c - see control.h.
 */
#include "drivers/net_dpdk/control.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/net_dpdk/kernel.h"
#include "drivers/net_dpdk/neighbours.h"
#include "drivers/net_dpdk/station.h"

#define LINK_MS 500
/* Frames that wait for the control thread, or for the poller to send them. */
#define FRAMES 128

struct dpdk_control {
	struct tess_clock *clock;
	uint16_t port;
	struct dpdk_pool *pool;
	struct dpdk_neighbours *neighbours[DPDK_MAX_QUEUES]; /* by worker */
	unsigned workers;
	struct dpdk_kernel *kernel;   /* of a port that is shared with it */
	struct dpdk_station *station; /* of one that is not */
	struct rte_ring *in, *out;    /* with the station only */
	pthread_t thread;
	bool running;
	int event_fd;
	atomic_bool stop;
	_Atomic enum dpdk_link link;
};

static void ring_bell(struct dpdk_control *control)
{
	static const uint64_t one = 1;

	/* can only fail when the counter is full, and then the bell rings already */
	if (write(control->event_fd, &one, sizeof(one)) < 0)
		return;
}

static void send_frame(struct dpdk_control *control, const uint8_t *frame, size_t length)
{
	struct rte_mbuf *mbuf = length ? dpdk_pool_frame(control->pool, frame, length) : NULL;

	if (mbuf && rte_ring_sp_enqueue(control->out, mbuf))
		rte_pktmbuf_free(mbuf);
}

static void answer(struct dpdk_control *control, struct dpdk_neighbours *neighbours,
		   const union tess_addr *destination)
{
	struct dpdk_answer answer = {.destination = *destination};
	uint8_t request[DPDK_STATION_FRAME];
	size_t length = 0;

	if (control->kernel) {
		answer.known =
			dpdk_kernel_find(control->kernel, &answer.destination, &answer.route);
	} else {
		answer.known = dpdk_station_find(control->station, &answer.destination,
						 tess_clock_now_us(control->clock), &answer.route,
						 request, &length);
		send_frame(control, request, length);
	}
	dpdk_neighbours_put_answer(neighbours, &answer);
}

static void receive(struct dpdk_control *control)
{
	uint8_t reply[DPDK_STATION_FRAME];
	void *item;

	while (control->in && !rte_ring_sc_dequeue(control->in, &item)) {
		struct rte_mbuf *mbuf = item;

		send_frame(control, reply,
			   dpdk_station_receive(control->station, rte_pktmbuf_mtod(mbuf, uint8_t *),
						rte_pktmbuf_data_len(mbuf),
						tess_clock_now_us(control->clock), reply));
		rte_pktmbuf_free(mbuf);
	}
}

static void look_at_link(struct dpdk_control *control)
{
	struct rte_eth_link link;
	int error;

	if (control->kernel) {
		error = dpdk_kernel_link(control->kernel);
	} else if (!rte_eth_dev_is_valid_port(control->port)) {
		error = -ENODEV;
	} else {
		error = rte_eth_link_get_nowait(control->port, &link);
		error = !error && link.link_status == RTE_ETH_LINK_DOWN ? -ENETDOWN : error;
	}
	if (error == -ENODEV)
		atomic_store(&control->link, DPDK_LINK_GONE);
	else if (atomic_load(&control->link) != DPDK_LINK_GONE)
		atomic_store(&control->link, error == -ENETDOWN ? DPDK_LINK_DOWN : DPDK_LINK_UP);
}

static void *run(void *arg)
{
	struct dpdk_control *control = arg;
	int64_t link_us = 0;

	while (!atomic_load(&control->stop)) {
		struct pollfd event = {.fd = control->event_fd, .events = POLLIN};
		int64_t now_us = tess_clock_now_us(control->clock);
		union tess_addr destination;
		uint64_t rings;

		if (now_us - link_us >= LINK_MS * 1000) {
			look_at_link(control);
			link_us = now_us;
		}
		receive(control);
		for (unsigned i = 0; i < control->workers; i++)
			while (dpdk_neighbours_take_ask(control->neighbours[i], &destination))
				answer(control, control->neighbours[i], &destination);
		if (poll(&event, 1, LINK_MS) > 0 &&
		    read(control->event_fd, &rings, sizeof(rings)) < 0)
			break;
	}
	return NULL;
}

static int open_parts(struct dpdk_control *control, const struct dpdk_control_config *config)
{
	char name[RTE_RING_NAMESIZE];
	unsigned ifindex;
	int error;

	control->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (control->event_fd < 0)
		return -errno;
	while (control->workers < config->workers) {
		error = dpdk_neighbours_alloc(&control->neighbours[control->workers]);
		if (error)
			return error;
		control->workers++;
	}
	if (dpdk_spec_is_shared(config->spec)) {
		ifindex = if_nametoindex(config->spec->iface);
		return ifindex ? dpdk_kernel_open(&control->kernel, ifindex) : -errno;
	}
	error = dpdk_station_alloc(&control->station, &config->spec->identity, config->mac);
	if (error)
		return error;
	(void)snprintf(name, sizeof(name), "tess_in_%u", config->port);
	control->in = rte_ring_create(name, FRAMES, SOCKET_ID_ANY, RING_F_SC_DEQ);
	(void)snprintf(name, sizeof(name), "tess_out_%u", config->port);
	control->out = rte_ring_create(name, FRAMES, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return control->in && control->out ? 0 : -ENOMEM;
}

int dpdk_control_open(struct dpdk_control **controlp, const struct dpdk_control_config *config)
{
	struct dpdk_control *control = calloc(1, sizeof(*control));
	int error;

	if (!control)
		return -ENOMEM;
	control->clock = config->clock;
	control->port = config->port;
	control->pool = config->pool;
	error = open_parts(control, config);
	if (!error)
		error = -pthread_create(&control->thread, NULL, run, control);
	if (error) {
		dpdk_control_close(control);
		return error;
	}
	control->running = true;
	*controlp = control;
	return 0;
}

static void free_ring(struct rte_ring *ring)
{
	void *mbuf;

	while (ring && !rte_ring_sc_dequeue(ring, &mbuf))
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

void dpdk_control_close(struct dpdk_control *control)
{
	if (!control)
		return;
	if (control->running) {
		atomic_store(&control->stop, true);
		ring_bell(control);
		pthread_join(control->thread, NULL);
	}
	free_ring(control->in);
	free_ring(control->out);
	dpdk_kernel_close(control->kernel);
	dpdk_station_free(control->station);
	for (unsigned i = 0; i < control->workers; i++)
		dpdk_neighbours_free(control->neighbours[i]);
	if (control->event_fd >= 0)
		(void)close(control->event_fd);
	free(control);
}

const struct dpdk_route *dpdk_control_route(struct dpdk_control *control, unsigned worker,
					    const union tess_addr *destination, int64_t now_us)
{
	const struct dpdk_route *route;
	bool asked = false;

	dpdk_neighbours_update(control->neighbours[worker]);
	route = dpdk_neighbours_find(control->neighbours[worker], destination, now_us, &asked);
	if (asked)
		ring_bell(control);
	return route;
}

bool dpdk_control_give(struct dpdk_control *control, struct rte_mbuf *frame)
{
	if (!control->in || rte_ring_mp_enqueue(control->in, frame))
		return false;
	ring_bell(control);
	return true;
}

unsigned dpdk_control_take(struct dpdk_control *control, struct rte_mbuf **frames, unsigned count)
{
	return control->out ? rte_ring_sc_dequeue_burst(control->out, (void **)frames, count, NULL)
			    : 0;
}

enum dpdk_link dpdk_control_link(const struct dpdk_control *control)
{
	return atomic_load(&control->link);
}
