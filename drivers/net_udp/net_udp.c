/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_udp/net_udp.c - opening, flows and waiting.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/net_udp/internal.h"
#include "drivers/net_udp/net_udp.h"

/* Asked for; the kernel gives what net.core.rmem_max allows. Rides out a stall of about 1 s. */
#define SOCKET_BUFFER_BYTES (1 << 20)
/* Packets to send: a queue that waits for its flush and as much again three times being filled. */
#define TX_PACKETS (4 * TESS_NET_BURST)
#define EVENTS	   64

static int parse_spec(union tess_addr *local, const char *spec)
{
	static const char scheme[] = "udp:";
	char text[INET6_ADDRSTRLEN];
	size_t length;

	memset(local, 0, sizeof(*local));
	if (strncmp(spec, scheme, sizeof(scheme) - 1) != 0)
		return -EINVAL;
	spec += sizeof(scheme) - 1;
	if (spec[0] != '[') {
		local->in.sin_family = AF_INET;
		return inet_pton(AF_INET, spec, &local->in.sin_addr) == 1 ? 0 : -EINVAL;
	}
	length = strlen(++spec);
	if (length < 2 || spec[--length] != ']' || length >= sizeof(text))
		return -EINVAL;
	memcpy(text, spec, length);
	text[length] = '\0';
	local->in6.sin6_family = AF_INET6;
	return inet_pton(AF_INET6, text, &local->in6.sin6_addr) == 1 ? 0 : -EINVAL;
}

static void udp_close(struct tess_net *net)
{
	struct udp_net *udp = (struct udp_net *)net;

	if (!udp)
		return;
	udp_flush(net);
	for (unsigned port = 0; udp->flows && port < UDP_PORTS; port++) {
		if (!udp->flows[port])
			continue;
		close(udp->flows[port]->fd);
		free(udp->flows[port]);
	}
	free(udp->flows);
	udp_rx_close(&udp->rx);
	tess_packet_pool_close(udp->rx_pool);
	tess_packet_pool_close(udp->tx_pool);
	if (udp->epoll_fd >= 0)
		close(udp->epoll_fd);
	if (udp->wake_fd >= 0)
		close(udp->wake_fd);
	free(udp);
}

static int open_descriptors(struct udp_net *udp)
{
	struct epoll_event event = {.events = EPOLLIN}; /* data.ptr NULL: the wake descriptor */

	udp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	udp->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (udp->epoll_fd < 0 || udp->wake_fd < 0 ||
	    epoll_ctl(udp->epoll_fd, EPOLL_CTL_ADD, udp->wake_fd, &event))
		return -errno;
	return 0;
}

static int udp_open(struct tess_net **netp, const struct tess_net_config *config)
{
	struct udp_net *udp = calloc(1, sizeof(*udp));
	int error;

	if (!udp)
		return -ENOMEM;
	udp->net.driver = &tess_net_udp;
	udp->clock = config->clock;
	udp->kernel_times = !config->clock->advance_to;
	udp->segmentation = true;
	udp->epoll_fd = udp->wake_fd = -1;
	udp->ready_end = &udp->ready;
	udp_rx_init(&udp->rx);
	error = parse_spec(&udp->local, config->spec);
	if (!error)
		error = tess_packet_pool_open(&udp->rx_pool, config->packets);
	if (!error)
		error = tess_packet_pool_open(&udp->tx_pool, TX_PACKETS);
	if (!error)
		error = open_descriptors(udp);
	/* pages of ports that no flow uses are never touched */
	if (!error && !(udp->flows = calloc(UDP_PORTS, sizeof(struct udp_flow *))))
		error = -ENOMEM;
	if (error) {
		udp_close(&udp->net);
		return error;
	}
	*netp = &udp->net;
	return 0;
}

/* Only binding must work; the rest makes the socket better where the kernel can. */
static int open_socket(const struct udp_net *udp, uint16_t port)
{
	static const int on = 1, off = 0, buffer_bytes = SOCKET_BUFFER_BYTES;
	union tess_addr local = udp->local;
	socklen_t length = sizeof(local.in);
	int fd, error;

	fd = socket(local.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	if (local.sa.sa_family == AF_INET6) {
		length = sizeof(local.in6);
		local.in6.sin6_port = htons(port);
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	} else {
		local.in.sin_port = htons(port);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (udp->kernel_times)
		(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (bind(fd, &local.sa, length)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static int udp_flow_add(struct tess_net *net, uint16_t port, void *tag)
{
	struct udp_net *udp = (struct udp_net *)net;
	struct epoll_event event = {.events = EPOLLIN};
	struct udp_flow *flow;
	int error;

	if (port == 0)
		return -EINVAL;
	if (udp->flows[port])
		return -EADDRINUSE;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return -ENOMEM;
	flow->port = port;
	flow->tag = tag;
	flow->fd = open_socket(udp, port);
	if (flow->fd < 0) {
		error = flow->fd;
		free(flow);
		return error;
	}
	event.data.ptr = flow;
	if (epoll_ctl(udp->epoll_fd, EPOLL_CTL_ADD, flow->fd, &event)) {
		error = -errno;
		close(flow->fd);
		free(flow);
		return error;
	}
	udp->flows[port] = flow;
	return 0;
}

static void udp_flow_remove(struct tess_net *net, uint16_t port)
{
	struct udp_net *udp = (struct udp_net *)net;
	struct udp_flow *flow = udp->flows[port];

	if (!flow)
		return;
	udp_flush(net); /* what is queued leaves from the socket that goes now */
	udp_ready_remove(udp, flow);
	udp->flows[port] = NULL;
	close(flow->fd); /* leaves epoll by that */
	free(flow);
}

void udp_ready_push(struct udp_net *udp, struct udp_flow *flow)
{
	flow->ready = true;
	flow->next_ready = NULL;
	*udp->ready_end = flow;
	udp->ready_end = &flow->next_ready;
	udp->ready_count++;
}

void udp_ready_remove(struct udp_net *udp, struct udp_flow *flow)
{
	struct udp_flow **link = &udp->ready;

	if (!flow->ready)
		return;
	while (*link != flow)
		link = &(*link)->next_ready;
	*link = flow->next_ready;
	if (!*link)
		udp->ready_end = link;
	flow->ready = false;
	udp->ready_count--;
}

int udp_harvest(struct udp_net *udp, const struct timespec *timeout)
{
	struct epoll_event events[EVENTS];
	uint64_t wakes;
	int count = epoll_pwait2(udp->epoll_fd, events, EVENTS, timeout, NULL);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		struct udp_flow *flow = events[i].data.ptr;

		if (flow) {
			if (!flow->ready)
				udp_ready_push(udp, flow);
			continue;
		}
		if (read(udp->wake_fd, &wakes, sizeof(wakes)) == (ssize_t)sizeof(wakes))
			udp->woken = true;
	}
	return 0;
}

static int udp_wait(struct tess_net *net, int64_t until_us)
{
	struct udp_net *udp = (struct udp_net *)net;
	struct timespec timeout = {0};
	int64_t left_us = 0;
	int error;

	if (!udp->woken && !udp->ready)
		left_us = until_us == INT64_MAX ? INT64_MAX
						: until_us - tess_clock_now_us(udp->clock);
	if (left_us > 0) {
		timeout.tv_sec = left_us / 1000000;
		timeout.tv_nsec = left_us % 1000000 * 1000;
	}
	error = udp_harvest(udp, left_us == INT64_MAX ? NULL : &timeout);
	udp->woken = false;
	udp->harvested = udp->ready != NULL;
	return error;
}

static void udp_wake(struct tess_net *net)
{
	static const uint64_t one = 1;
	struct udp_net *udp = (struct udp_net *)net;

	/* can only fail when the counter is full, and then the owner is awake already */
	if (write(udp->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static struct tess_packet *udp_tx_alloc(struct tess_net *net)
{
	return tess_packet_pool_alloc(((struct udp_net *)net)->tx_pool);
}

static void udp_stats(const struct tess_net *net, struct tess_net_stats *stats)
{
	*stats = ((const struct udp_net *)net)->stats;
}

const struct tess_net_driver tess_net_udp = {
	.size = sizeof(struct tess_net_driver),
	.name = "udp",
	.open = udp_open,
	.close = udp_close,
	.flow_add = udp_flow_add,
	.flow_remove = udp_flow_remove,
	.rx_burst = udp_rx_burst,
	.tx_alloc = udp_tx_alloc,
	.tx_burst = udp_tx_burst,
	.flush = udp_flush,
	.wait = udp_wait,
	.wake = udp_wake,
	.stats = udp_stats,
};
